#!/bin/sh
# Which symbols a library needs from outside: only those of its allow-list. Nor may it own writable
# data, since state hangs from a context. This is what keeps a layer free of clock, random source,
# files, sockets and threads, whatever its headers say.
# usage: purity.sh ALLOW-FILE LIBRARY [MEMBER-PATTERN]
#   allow-list: a symbol a line, `name*` for a prefix, # begins a comment
#   with a member pattern (shell style) only these members of the library are looked at
set -eu
allow=$1
library=$2
members=${3:-*}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$library" "$work/library.a"
(cd "$work" && ar x library.a && rm library.a)

# the pattern is meant to be expanded
# shellcheck disable=SC2086
set -- "$work"/$members
if [ ! -e "$1" ]; then
    echo "$library has no member $members" >&2
    exit 1
fi
if nm "$@" | grep -qE '__(asan|tsan|ubsan|msan|gcov|sanitizer)_'; then
    echo "skipped: $library is built with sanitizers or coverage; use a plain build"
    exit 77
fi
nm --defined-only -g "$@" | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"
nm -u "$@" | awk '$1 == "U" { print $2 }' | sort -u | comm -23 - "$work/defined" >"$work/needed"
awk -v allow="$allow" '
BEGIN {
    while ((getline line < allow) > 0) {
        sub(/[ \t]*(#.*)?$/, "", line)
        if (line ~ /\*$/) prefixes[++n] = substr(line, 1, length(line) - 1)
        else if (line != "") allowed[line] = 1
    }
}
{
    ok = $1 in allowed
    for (i = 1; i <= n && !ok; i++) ok = index($1, prefixes[i]) == 1
    if (!ok) print "needs " $1 ", which " allow " does not allow"
}' "$work/needed" >"$work/bad"
size -A "$@" | awk '
/:$/ || /^[^ ]+ +:/ { file = $1 }
$1 ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {
    sub(/.*\//, "", file)
    print file " has " $2 " bytes of writable data in " $1
}' >>"$work/bad"
[ ! -s "$work/bad" ] || {
    cat "$work/bad"
    exit 1
}
