#!/bin/sh
# Functions stay under 70 lines; .c files at most 1000 lines (600 is worth a look), .h files 300
# (vector tables aside).
# usage: length.sh ROOT METER
set -eu
root=$1
. "$(dirname "$0")/lib.sh"

measured=$(measure "$2" crypto schema sync node tests)
printf '%s\n' "$measured" | awk -F '\t' '
$1 == "L" && $2 ~ /\.c$/ && $3 > 600 && $3 <= 1000 { printf "note: %s has %d lines\n", $2, $3 }' >&2
printf '%s\n' "$measured" | awk -F '\t' '
$1 == "F" && $4 >= 70 { printf "%s:%s: %s has %d lines, 69 are allowed\n", $2, $3, $5, $4 }
$1 == "L" && $2 ~ /\.c$/ && $3 > 1000 { printf "%s: %d lines, 1000 are allowed\n", $2, $3 }
$1 == "L" && $2 ~ /\.h$/ && $2 !~ /vectors\.h$/ && $3 > 300 {
    printf "%s: %d lines, 300 are allowed\n", $2, $3
}' | report length
