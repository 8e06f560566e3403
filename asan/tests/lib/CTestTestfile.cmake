# CMake generated Testfile for 
# Source directory: /work/wt/engine/tests/lib
# Build directory: /work/wt/engine/asan/tests/lib
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
add_test([=[test_testlib]=] "/work/wt/engine/asan/tests/lib/test_testlib")
set_tests_properties([=[test_testlib]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/lib/CMakeLists.txt;11;fs_unit_test;/work/wt/engine/tests/lib/CMakeLists.txt;0;")
add_test([=[test_meta_fail]=] "/work/wt/engine/asan/tests/lib/test_meta_fail")
set_tests_properties([=[test_meta_fail]=] PROPERTIES  LABELS "unit" TIMEOUT "300" WILL_FAIL "TRUE" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/lib/CMakeLists.txt;15;fs_unit_test;/work/wt/engine/tests/lib/CMakeLists.txt;0;")
add_test([=[test_meta_fail_words]=] "/work/wt/engine/asan/tests/lib/test_meta_fail")
set_tests_properties([=[test_meta_fail_words]=] PROPERTIES  LABELS "unit" PASS_REGULAR_EXPRESSION "2 FAILED TEST" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/lib/CMakeLists.txt;18;fs_add_test;/work/wt/engine/tests/lib/CMakeLists.txt;21;fs_meta_test;/work/wt/engine/tests/lib/CMakeLists.txt;0;")
add_test([=[test_meta_fail_seed]=] "/work/wt/engine/asan/tests/lib/test_meta_fail")
set_tests_properties([=[test_meta_fail_seed]=] PROPERTIES  LABELS "unit" PASS_REGULAR_EXPRESSION "replay with FS_SEED=12
" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/lib/CMakeLists.txt;18;fs_add_test;/work/wt/engine/tests/lib/CMakeLists.txt;22;fs_meta_test;/work/wt/engine/tests/lib/CMakeLists.txt;0;")
add_test([=[test_meta_fuzz]=] "sh" "-c" "\"\$@\" || echo failed" "sh" "/work/wt/engine/asan/tests/lib/fuzz_meta" "/work/wt/engine/tests/lib/fuzz_meta.c")
set_tests_properties([=[test_meta_fuzz]=] PROPERTIES  LABELS "unit" PASS_REGULAR_EXPRESSION "input: [^
]*fuzz_meta.c, mutation 0, [0-9]+ bytes: 2f2a" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/lib/CMakeLists.txt;18;fs_add_test;/work/wt/engine/tests/lib/CMakeLists.txt;28;fs_meta_test;/work/wt/engine/tests/lib/CMakeLists.txt;0;")
