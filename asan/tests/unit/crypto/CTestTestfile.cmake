# CMake generated Testfile for 
# Source directory: /work/wt/engine/tests/unit/crypto
# Build directory: /work/wt/engine/asan/tests/unit/crypto
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
add_test([=[test_channel]=] "/work/wt/engine/asan/tests/unit/crypto/test_channel")
set_tests_properties([=[test_channel]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;0;")
add_test([=[test_handshake]=] "/work/wt/engine/asan/tests/unit/crypto/test_handshake")
set_tests_properties([=[test_handshake]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;0;")
add_test([=[test_hash]=] "/work/wt/engine/asan/tests/unit/crypto/test_hash")
set_tests_properties([=[test_hash]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;0;")
add_test([=[test_keyfile]=] "/work/wt/engine/asan/tests/unit/crypto/test_keyfile")
set_tests_properties([=[test_keyfile]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;0;")
add_test([=[test_keys]=] "/work/wt/engine/asan/tests/unit/crypto/test_keys")
set_tests_properties([=[test_keys]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;0;")
add_test([=[test_rng]=] "/work/wt/engine/asan/tests/unit/crypto/test_rng")
set_tests_properties([=[test_rng]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;0;")
add_test([=[test_sign]=] "/work/wt/engine/asan/tests/unit/crypto/test_sign")
set_tests_properties([=[test_sign]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;0;")
add_test([=[test_kat]=] "/work/wt/engine/asan/tests/unit/crypto/test_kat")
set_tests_properties([=[test_kat]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;11;fs_unit_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;0;")
add_test([=[test_vectors]=] "/work/wt/engine/asan/tests/unit/crypto/test_vectors")
set_tests_properties([=[test_vectors]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;20;fs_unit_test;/work/wt/engine/tests/unit/crypto/CMakeLists.txt;0;")
