#!/bin/sh
# The program does not run on a library whose rule for signatures is another: exit code 6, a text, and
# nothing is written.
. "$(dirname "$0")/lib.sh"
liar=$2

drifted() {
    LD_PRELOAD=$liar "$fengsui" --data "$work/street" "$@"
}

expect 6 drifted init --name 南大街街道 --street 500118003
grep -q speccheck "$work/err" || fail "does not name the case: $(cat "$work/err")"
[ ! -e "$work/street" ] || fail "something was written"
LANG=zh_CN.UTF-8 # the check comes before any argument is read
expect 6 drifted version
grep -q '密码库与本程序要求不符' "$work/err" || fail "no Chinese text"
expect 0 "$fengsui" version
