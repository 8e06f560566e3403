#!/bin/sh
# The table of the plan's duties in schema/README.md has its 97 rows, in order; every test that it names
# exists, every record is in the catalogue, every command is one; a row that names no test says "not
# yet".
# usage: requirements.sh ROOT BUILD FENGSUI
set -eu
root=$1
build=$2
fengsui=$3
[ -x "$fengsui" ] || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LANG=en
list=$(find "$build" -name CTestTestfile.cmake -exec sed -n 's/^add_test([["=]*\([A-Za-z0-9_.-]*\).*/\1/p' {} +)
"$fengsui" record types | awk '{print $2}' >"$work/records"
sed -n 's/^| \(R[0-9][0-9]\) | .*/\1/p' "$root/schema/README.md" >"$work/rows"
seq -f 'R%02g' 1 97 | diff "$work/rows" - >&2 || {
    echo "schema/README.md: the rows R01 to R97 are not all there, once and in order"
    exit 1
}
bad=0
complain() {
    echo "schema/README.md: $*"
    bad=1
}

# row COLUMN: a column of the line in $line
column() { printf '%s\n' "$line" | awk -F ' [|] ' -v n="$1" '{sub(/ *[|]$/, ""); print $n}'; }

grep '^| R[0-9][0-9] |' "$root/schema/README.md" >"$work/lines"
while IFS= read -r line; do
    id=$(printf '%s' "$line" | cut -c3-5)
    tests=$(column 4 | grep -o '`[^`]*`' | tr -d '`') || tests=
    printf '%s\n' "$line" | grep -q 'not yet: ' || [ -n "$tests" ] || complain "$id: neither shown nor open"
    for name in $tests; do
        case $name in
        test_*__*) grep -rqw "static void $name" "$root/tests/unit" || complain "$id: no test $name" ;;
        *) printf '%s\n' "$list" | grep -qx "\(asan\.\)\{0,1\}$name" || complain "$id: no test $name" ;;
        esac
    done
    column 3 | grep -o '`[^`]*`' | tr -d '`' >"$work/names" || true
    while IFS= read -r name; do
        grep -qx "$name" "$work/records" || # shellcheck disable=SC2086
            "$fengsui" $name --help >/dev/null 2>&1 || complain "$id: '$name' is neither record nor command"
    done <"$work/names"
done <"$work/lines"
exit "$bad"
