#!/bin/sh
# Every test that crypto/THREATS.md names exists: functions of tests/unit, planted faults, and the
# tests of the suite by ctest's own lists.
# usage: threats.sh ROOT BUILD
set -eu
root=$1
build=$2
list=$(find "$build" -name CTestTestfile.cmake -exec sed -n 's/^add_test([["=]*\([A-Za-z0-9_.-]*\).*/\1/p' {} +)
bad=0
for name in $(grep -o '`[a-zA-Z0-9_.-]*`' "$root/crypto/THREATS.md" | tr -d '`' | sort -u); do
    case $name in
    test_*)
        grep -rqw "static void $name" "$root/tests/unit" && continue ;;
    invariant_*)
        grep -rqw "void $name" "$root/tests/sim" && continue ;;
    *.mutant)
        [ -f "$root/tests/mutants/$name" ] && continue ;;
    byz_* | sim_* | integration_* | fuzz_* | lint_*)
        printf '%s\n' "$list" | grep -qx "\(asan\.\)\{0,1\}$name" && continue ;;
    *) continue ;; # no test
    esac
    echo "crypto/THREATS.md: $name: there is no such test"
    bad=1
done
exit "$bad"
