# CMake generated Testfile for 
# Source directory: /work/wt/engine
# Build directory: /work/wt/engine/asan
# 
# This file includes the relevant testing commands required for 
# testing this directory and lists subdirectories to be tested as well.
subdirs("crypto")
subdirs("schema")
subdirs("sync")
subdirs("node")
subdirs("tests")
