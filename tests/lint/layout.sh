#!/bin/sh
# The top level holds four layers, the tests, one CMakeLists.txt, one README.md and dotfiles; file
# names have no blanks.
# usage: layout.sh ROOT
set -eu
root=$1
. "$(dirname "$0")/lib.sh"

{
    tree_files -name '*' | sed 's|/.*||' | LC_ALL=C sort -u |
        grep -vxE 'crypto|schema|sync|node|tests|CMakeLists\.txt|README\.md|\..*' |
        sed 's/$/: does not belong to the top level/' || true
    tree_files -name '* *' | sed 's/$/: a blank in a file name/'
} | report layout
