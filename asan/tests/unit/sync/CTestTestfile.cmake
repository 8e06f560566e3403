# CMake generated Testfile for 
# Source directory: /work/wt/engine/tests/unit/sync
# Build directory: /work/wt/engine/asan/tests/unit/sync
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
add_test([=[test_sync_cut]=] "/work/wt/engine/asan/tests/unit/sync/test_sync_cut")
set_tests_properties([=[test_sync_cut]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;5;fs_unit_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;0;")
add_test([=[test_sync_engine]=] "/work/wt/engine/asan/tests/unit/sync/test_sync_engine")
set_tests_properties([=[test_sync_engine]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;5;fs_unit_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;0;")
add_test([=[test_sync_hostile]=] "/work/wt/engine/asan/tests/unit/sync/test_sync_hostile")
set_tests_properties([=[test_sync_hostile]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;5;fs_unit_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;0;")
add_test([=[test_sync_lane]=] "/work/wt/engine/asan/tests/unit/sync/test_sync_lane")
set_tests_properties([=[test_sync_lane]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;5;fs_unit_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;0;")
add_test([=[test_sync_random]=] "/work/wt/engine/asan/tests/unit/sync/test_sync_random")
set_tests_properties([=[test_sync_random]=] PROPERTIES  LABELS "unit" TIMEOUT "300" _BACKTRACE_TRIPLES "/work/wt/engine/tests/CMakeLists.txt;15;add_test;/work/wt/engine/tests/CMakeLists.txt;28;fs_add_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;5;fs_unit_test;/work/wt/engine/tests/unit/sync/CMakeLists.txt;0;")
