#!/bin/sh
# A function that other files can see carries its layer in its name; structs have no typedef.
# usage: names.sh ROOT METER
set -eu
root=$1
. "$(dirname "$0")/lib.sh"

measured=$(measure "$2" crypto schema sync node)
printf '%s\n' "$measured" | awk -F '\t' '
BEGIN {
    prefix["crypto"] = "^(cr|st)_"
    prefix["schema"] = "^sc_"
    prefix["sync"] = "^sy_"
    prefix["node"] = "^nd_"
}
{ layer = $2; sub(/\/.*/, "", layer) }
$1 == "F" && ($6 == "extern" || $2 ~ /\.h$/) && $5 !~ prefix[layer] {
    if (!(layer == "node" && $5 == "main"))
        printf "%s:%s: %s does not begin with %s\n", $2, $3, $5, substr(prefix[layer], 2)
}
$1 == "T" { printf "%s:%s: a typedef hides what this is\n", $2, $3 }' | report names
