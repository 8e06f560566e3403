# CMake generated Testfile for 
# Source directory: /work/wt/engine/tests/fuzz
# Build directory: /work/wt/engine/asan/tests/fuzz
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
add_test([=[fuzz_text]=] "/work/wt/engine/asan/tests/fuzz/fuzz_text" "/work/wt/engine/tests/fuzz/corpus/text")
set_tests_properties([=[fuzz_text]=] PROPERTIES  LABELS "fuzz" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;15;fs_add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;23;fs_fuzz_target;/work/wt/engine/tests/fuzz/CMakeLists.txt;0;")
add_test([=[fuzz_handshake]=] "/work/wt/engine/asan/tests/fuzz/fuzz_handshake" "/work/wt/engine/tests/fuzz/corpus/handshake")
set_tests_properties([=[fuzz_handshake]=] PROPERTIES  LABELS "fuzz" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;15;fs_add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;24;fs_fuzz_target;/work/wt/engine/tests/fuzz/CMakeLists.txt;0;")
add_test([=[fuzz_cert]=] "/work/wt/engine/asan/tests/fuzz/fuzz_cert" "/work/wt/engine/tests/fuzz/corpus/cert")
set_tests_properties([=[fuzz_cert]=] PROPERTIES  LABELS "fuzz" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;15;fs_add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;26;fs_fuzz_target;/work/wt/engine/tests/fuzz/CMakeLists.txt;0;")
add_test([=[fuzz_frame]=] "/work/wt/engine/asan/tests/fuzz/fuzz_frame" "/work/wt/engine/tests/fuzz/corpus/frame")
set_tests_properties([=[fuzz_frame]=] PROPERTIES  LABELS "fuzz" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;15;fs_add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;26;fs_fuzz_target;/work/wt/engine/tests/fuzz/CMakeLists.txt;0;")
add_test([=[fuzz_invite]=] "/work/wt/engine/asan/tests/fuzz/fuzz_invite" "/work/wt/engine/tests/fuzz/corpus/invite")
set_tests_properties([=[fuzz_invite]=] PROPERTIES  LABELS "fuzz" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;15;fs_add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;26;fs_fuzz_target;/work/wt/engine/tests/fuzz/CMakeLists.txt;0;")
add_test([=[fuzz_payload]=] "/work/wt/engine/asan/tests/fuzz/fuzz_payload" "/work/wt/engine/tests/fuzz/corpus/payload")
set_tests_properties([=[fuzz_payload]=] PROPERTIES  LABELS "fuzz" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;15;fs_add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;26;fs_fuzz_target;/work/wt/engine/tests/fuzz/CMakeLists.txt;0;")
add_test([=[fuzz_wire]=] "/work/wt/engine/asan/tests/fuzz/fuzz_wire" "/work/wt/engine/tests/fuzz/corpus/wire")
set_tests_properties([=[fuzz_wire]=] PROPERTIES  LABELS "fuzz" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;15;fs_add_test;/work/wt/engine/tests/fuzz/CMakeLists.txt;26;fs_fuzz_target;/work/wt/engine/tests/fuzz/CMakeLists.txt;0;")
