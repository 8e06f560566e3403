# CMake generated Testfile for 
# Source directory: /work/wt/engine/tests
# Build directory: /work/wt/engine/asan/tests
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
subdirs("lib")
subdirs("unit/base")
subdirs("unit/crypto")
subdirs("unit/schema")
subdirs("unit/sync")
subdirs("unit/node")
subdirs("fuzz")
subdirs("bench")
subdirs("lint")
