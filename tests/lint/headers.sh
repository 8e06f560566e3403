#!/bin/sh
# Every header compiles alone, and a second time.
# usage: headers.sh ROOT [COMPILER]
set -eu
root=$1
cc=${2:-cc}
. "$(dirname "$0")/lib.sh"

for header in $(tree_files -name '*.h'); do
    [ "$header" != crypto/base/banned.h ] || continue # force-included, never by hand
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
        "$cc" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -I"$root" -fsyntax-only \
            -x c - 2>&1 | sed "s|^|$header: |"
done | report headers
