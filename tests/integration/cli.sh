#!/bin/sh
# The command line: exit codes, messages that name what and where, nearest matches, languages, JSON;
# the same through a running node and without one.
. "$(dirname "$0")/lib.sh"

# usage
expect 2 "$fengsui"
expect 0 "$fengsui" --help
grep -q 'exit codes' "$work/out" || fail "help without exit codes"
expect 0 "$fengsui" --lang zh --help
grep -q 退出码 "$work/out" || fail "no Chinese help"
expect 2 "$fengsui" hazrd report
grep -q hazard "$work/err" || fail "no nearest verb: $(cat "$work/err")"
expect 2 "$fengsui" peer lst
grep -q list "$work/err" || fail "no nearest sub-verb"
expect 2 "$fengsui" hazard repot
grep -q report "$work/err" || fail "no nearest act"
expect 2 "$fengsui" hazard report --gird 5
grep -q "'grid'" "$work/err" || fail "no nearest field"
expect 2 "$fengsui" status --verbose
expect 0 "$fengsui" hazard report --help
grep -q severity "$work/out" || fail "no fields in help"
expect 0 "$fengsui" version
expect 3 fs nothing status
grep -q 'fengsui init' "$work/err" || fail "does not say what to do first"
grep -q "$work/nothing" "$work/err" || fail "does not say where"

new_street
expect 10 fs street init --name 又一个 --street 500118003
expect 2 fs other init --name x --street 12

all_of_it() {
    fs street hazard report --grid 500118003206 --code A01 --text 一 >"$work/id"
    id=$(cat "$work/id")
    expect 0 fs street list
    grep -q "$(printf %.12s "$id")" "$work/out" || fail "not in the list"
    expect 0 fs street --json list
    grep -q '"state":"reported"' "$work/out" || fail "JSON of a hazard"
    expect 0 fs street show "$id"
    expect 0 fs street show "$(printf %.10s "$id")"
    expect 3 fs street show 00000000000000000000000000000000
    expect 2 fs street hazard assign "$id"
    expect 1 fs street hazard report --grid 500118003206 --code Q99
    grep -q code "$work/err" || fail "does not name the field"
    expect 2 fs street hazard report --code A01
    expect 0 fs street record add place --grid 500118003206 --name 小卖部 --kind shop
    expect 0 fs street list places
    grep -q 小卖部 "$work/out" || fail "no place"
    expect 0 fs street record add notice --name 大风预警 --text 注意用火 --level orange
    expect 0 fs street list notices
    expect 0 fs street grid add 500118003206001 一组 --synthetic
    expect 0 fs street grid list
    grep -q 一组 "$work/out" || fail "no grid"
    expect 0 fs street --json status
    grep -q '"entries":' "$work/out" || fail "status"
    grep -q '"quarantined":0,"unread":0' "$work/out" || fail "what cannot be read has no count of its own: $(cat "$work/out")"
    expect 0 fs street tree --level 3
    expect 0 fs street cert list
    expect 0 fs street verify
    expect 3 fs street peer pause nobody
    expect 3 fs street sync
    expect 2 fs street list --state maybe
    expect 2 fs street invite --grid 1
    expect 0 fs street --json invite --grid 500118003205 --addr 127.0.0.1:1
    grep -q '"invite":"fs1-' "$work/out" || fail "invitation"
}
all_of_it

# persons: a key, a certificate, an act in its name, and one it may not do
fs street key new zhang >/dev/null
expect 10 fs street key new zhang
expect 0 fs street cert issue --key zhang --name 张三 --role officer --grid 500118003206001
expect 0 fs street hazard report --grid 500118003206001 --code A01 --as zhang
expect 7 fs street grid add 500118003206002 二组 --as zhang
expect 0 fs street hazard report --grid 500118003205 --code A01 --as zhang
expect 3 fs street hazard report --grid 500118003206001 --code A01 --as nobody

# a working node is never made anew: its keys and secrets stay
expect 10 fs street init --name 南大街街道 --street 500118003
expect 10 fs street join anything
[ "$(fs street cert list | grep -c 南大街街道)" = 1 ] || fail "a second seat"

# errors as JSON
expect 3 fs street --json show 00000000000000000000000000000000
grep -q '"code":"ST_NOTFOUND"' "$work/err" || fail "no JSON error"

# the configuration of the node; a fault in it is named with its line
printf 'listen = 127.0.0.1:0\nlgo_level = info\n' >"$work/street/fengsui.ini"
expect 1 fs street run
grep -q 'fengsui.ini. line 2' "$work/err" || fail "no line of the fault: $(cat "$work/err")"
printf '; a comment\nlog_level = info\n' >"$work/street/fengsui.ini"

# the same through a running node
start street
all_of_it
expect 5 fs street run --listen 127.0.0.1:0
fs street invite --grid 500118003205 --file "$work/invite.txt"
grep -q fs1- "$work/invite.txt" || fail "no file"
stop "$pid"
[ ! -S "$work/street/control.sock" ] || fail "the socket stays behind"
expect 0 fs street verify --rebuild
