# CMake generated Testfile for 
# Source directory: /work/wt/engine/tests/unit/node
# Build directory: /work/wt/engine/asan/tests/unit/node
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
add_test([=[test_link]=] "/work/wt/engine/asan/tests/unit/node/test_link")
set_tests_properties([=[test_link]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/node/CMakeLists.txt;1;fs_unit_test;/work/wt/engine/tests/unit/node/CMakeLists.txt;0;")
