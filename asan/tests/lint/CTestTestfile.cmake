# CMake generated Testfile for 
# Source directory: /work/wt/engine/tests/lint
# Build directory: /work/wt/engine/asan/tests/lint
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
