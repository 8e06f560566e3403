# CMake generated Testfile for 
# Source directory: /work/wt/engine/tests/unit/base
# Build directory: /work/wt/engine/asan/tests/unit/base
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
add_test([=[test_assert]=] "/work/wt/engine/asan/tests/unit/base/test_assert")
set_tests_properties([=[test_assert]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;0;")
add_test([=[test_buf]=] "/work/wt/engine/asan/tests/unit/base/test_buf")
set_tests_properties([=[test_buf]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;0;")
add_test([=[test_bytes]=] "/work/wt/engine/asan/tests/unit/base/test_bytes")
set_tests_properties([=[test_bytes]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;0;")
add_test([=[test_status]=] "/work/wt/engine/asan/tests/unit/base/test_status")
set_tests_properties([=[test_status]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;2;fs_unit_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;0;")
add_test([=[test_banned]=] "sh" "/work/wt/engine/tests/unit/base/test_banned.sh" "/usr/bin/cc" "/work/wt/engine/crypto/base/banned.h")
set_tests_properties([=[test_banned]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;6;fs_add_test;/work/wt/engine/tests/unit/base/CMakeLists.txt;0;")
