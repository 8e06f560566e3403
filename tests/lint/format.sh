#!/bin/sh
# clang-format 14 has nothing to change (.clang-format). Versions differ in taste, so only that one
# counts.
# usage: format.sh ROOT          to mend: clang-format -i FILE
set -eu
root=$1
. "$(dirname "$0")/lib.sh"

tool=
for candidate in clang-format-14 clang-format; do
    if "$candidate" --version 2>/dev/null | grep -q 'version 14\.'; then
        tool=$candidate
        break
    fi
done
[ -n "$tool" ] || skip "no clang-format 14 here"
files=$(tree_files -name '*.[ch]')
# file names have no blanks here: layout.sh sees to it
# shellcheck disable=SC2086
(cd "$root" && "$tool" --dry-run $files 2>&1) | sed -n 's/^\([^: ]*\):[0-9].*Wclang-format.*/\1/p' |
    LC_ALL=C sort -u | report format
