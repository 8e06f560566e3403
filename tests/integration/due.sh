#!/bin/sh
# The clock: what is due is listed without a network; nodes that compute it apart put one report on
# record; a calendar and a policy move the moments; nothing of it closes or hides anything.
. "$(dirname "$0")/lib.sh"

new_street
start street
street=$addr
spid=$pid
invite=$(fs street invite --grid 500118003206 --addr "$street" 2>/dev/null | head -n 1)
fs village join "$invite" --yes >/dev/null 2>"$work/join.log" || fail "join: $(cat "$work/join.log")"
stop "$spid"

# reported long ago: overdue, not assigned, and the street should have been told
old=$(fs village hazard report --grid 500118003206001 --code C01 --when '2026-11-02 09:00' --text 私拉电线)
# reported now: nothing is due yet
new=$(fs village hazard report --grid 500118003206001 --code B06 --text 报警器故障)

fs village due --json --limit 0 >"$work/due"
[ "$(wc -l <"$work/due")" -eq 1 ] || fail "not one is due: $(cat "$work/due")"
grep -q "\"id\":\"$old\"" "$work/due" || fail "not the old one"
grep -q '"rule":"overdue-decide","level":"street"' "$work/due" || fail "not the last moment: $(cat "$work/due")"
fs village due --every --json >"$work/due"
for rule in remind-first remind-second unassigned overdue overdue-street overdue-decide; do
    grep -q "\"rule\":\"$rule\"" "$work/due" || fail "no $rule"
done
fs village due --level chief >"$work/out" 2>/dev/null
grep -q '私拉电线' "$work/out" || fail "no line for the chief: $(cat "$work/out")"
fs village --lang zh due --level chief >"$work/out" 2>/dev/null
grep -q '超过整改时限.*网格长' "$work/out" || fail "no Chinese line: $(cat "$work/out")"
[ "$(fs village due --soon 20d --json | grep -c "\"id\":\"$new\"")" -eq 1 ] || fail "what is due soon is not shown"
[ "$(fs village due --grid 500118003205 --json | wc -l)" -eq 0 ] || fail "of another village"
[ "$(fs village due --at '2026-11-02 10:00' --json | wc -l)" -eq 0 ] || fail "nothing was due then"
expect 2 fs village due --level emperor
says 'officer, chief, village, street'
expect 2 fs village due --grid 12
expect 2 fs village due --at yesterday
expect 2 fs village due --soon 3x

# a holiday moves what is counted in working days (reported on Friday, the next Monday is off)
fri=$(fs village hazard report --grid 500118003206001 --code C01 --when '2026-11-13 09:00')
at_of() { fs village due --every --json --limit 0 --at '2026-11-30' | grep "\"id\":\"$fri\"" | grep unassigned | field at_ms; }
before=$(at_of)
fs street record add calendar --year 2026 --off 20261116 --text 示例 >/dev/null
start street "$street"
spid=$pid
fs village sync --timeout 20s >/dev/null 2>&1 || fail "no sync"
moved() { [ "$(at_of)" -eq "$((before + 86400000))" ]; }
until_true 20 moved
expect 1 fs street record add calendar --year 2026 --off 20260230
says 'calendar.off: 20260230 is no date'
stop "$spid"

# both nodes run apart: each puts it on record
start village
vpid=$pid
on_record() { [ "$(fs "$1" --json show "$old" | grep -o '"due_id"' | wc -l)" -ge "$2" ]; }
until_true 20 on_record village 4
stop "$vpid"
told=$(fs village --json show "$old" | grep -o '"due_id"' | wc -l)
start village # once more: nothing is said twice
vpid=$pid
sleep 4
stop "$vpid"
[ "$(fs village --json show "$old" | grep -o '"due_id"' | wc -l)" -eq "$told" ] || fail "said twice by one node"
start street "$street"
spid=$pid
until_true 20 on_record street 3
stop "$spid"

# they meet: one line each for people, and the hazard stands as before
start street "$street"
spid=$pid
start village
vpid=$pid
fs village sync --timeout 20s >/dev/null 2>&1 || fail "no sync"
until_true 30 on_record village $((told + 3))
stop "$vpid"
stop "$spid"
fs village show "$old" >"$work/shown"
[ "$(grep -c 'Overdue *$\|rule:Overdue$\|Rule:Overdue ' "$work/shown")" -eq 1 ] || fail "not one line: $(cat "$work/shown")"
fs village --json show "$old" >"$work/shown"
grep -q '"state":"reported"' "$work/shown" || fail "the clock changed the state"
fs village verify >/dev/null || fail "verify"
