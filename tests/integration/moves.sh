#!/bin/sh
# Changes of personnel: each command first shows what it would do and writes nothing; then does it:
# the hazards go over, the old key is closed, what it wrote stays, what came after a loss does not
# count, and is given its standing back by hand. Only who is above may.
. "$(dirname "$0")/lib.sh"

grid=500118003206
new_street
for k in wang wang2 li zhao seat seat2; do
    fs street key new "$k" --no-pin >/dev/null 2>&1
done
fs street cert issue --key wang --name 王建国 --role officer --grid ${grid}001 >/dev/null
fs street cert issue --key li --name 李梅 --role chief,officer --grid $grid >/dev/null
fs street cert issue --key zhao --name 赵强 --role officer --grid ${grid}002 >/dev/null
fs street cert issue --key seat --name 黄瓜山村席位 --role village --grid $grid --as root >/dev/null

# now MINUTES: that many minutes ago, as the command line takes it
now() {
    TZ=Asia/Shanghai date -d "-$1 seconds" '+%Y-%m-%d %H:%M:%S'
}
count_of() { # count_of NODE WORDS...: lines of a JSON list
    fs "$@" | wc -l | tr -d ' '
}
state_of() {
    fs street --json show "$1" | field state
}

a=$(fs street hazard report --grid ${grid}001 --code A01 --text 楼道堆物 --as wang)
b=$(fs street hazard report --grid ${grid}001 --code B02 --as li)
fs street hazard assign "$a" --assignee 王建国 --as li >/dev/null
fs street hazard fix "$b" --text 已更换 --as wang >/dev/null
[ "$(state_of "$b")" = fix-claimed ] || fail "the claim of an officer"

from=$(TZ=Asia/Shanghai date -d '-4 days' +%Y-%m-%d)
until=$(TZ=Asia/Shanghai date -d '+26 days' +%Y-%m-%d)

# who is meant must be clear
expect 3 fs street person dismiss 无此人
expect 2 fs street person dismiss
expect 2 fs street person lost 王建国
grep -q -- --since "$work/err" || fail "does not say what is missing"
expect 2 fs street person transfer 王建国 --grid ${grid}003
expect 2 fs street person standin 王建国 --by 赵强
expect 2 fs street person lost 王建国 --since gestern

# stand-in: certificate for some days, the hazards go over; nothing without --yes
entries=$(fs street --json status | field entries)
expect 0 fs street --json person standin 王建国 --by 赵强 --from "$from" --until "$until"
grep -q '"written":false' "$work/out" || fail "does not say that nothing was written"
grep -q '"handed_over":2' "$work/out" || fail "hazards to hand over: $(cat "$work/out")"
[ "$(fs street --json status | field entries)" = "$entries" ] || fail "a preview wrote"
expect 0 fs street person standin 王建国 --by 赵强 --from "$from" --until "$until" --yes
fs street --json show "$a" | grep -q '"assignees":\["赵强"\]' || fail "not handed over"
fs street hazard progress "$a" --text 已联系业主 --as zhao >/dev/null
written=$(fs street --json status | field entries)
expect 0 fs street person standin 王建国 --by 赵强 --from "$from" --until "$until" --yes
[ "$(fs street --json status | field entries)" = "$written" ] || fail "done twice"

# a lost device: what arrived before counts, what arrived after does not
sleep 2
lost=$(now 1)
c=$(fs street hazard report --grid ${grid}001 --code A03 --text 拾得者所写 --as wang)
fs street hazard pass "$b" --text 假复查 --as wang >/dev/null
fs street hazard progress "$b" --text 又一条 --as wang >/dev/null
entries=$(fs street --json status | field entries)
expect 0 fs street --json person lost 王建国 --since "$lost" --key wang2 --grid ${grid}001 --to 李梅
grep -q '"stops":3' "$work/out" || fail "entries that stop counting: $(cat "$work/out")"
grep -q '"unverified":1' "$work/out" || fail "dangers among them: $(cat "$work/out")"
[ "$(fs street --json status | field entries)" = "$entries" ] || fail "a preview wrote"
expect 0 fs street --lang zh person lost 王建国 --since "$lost" --key wang2 --grid ${grid}001 --to 李梅
grep -q 待核实 "$work/out" || fail "no word in Chinese: $(cat "$work/out")"
grep -q -- --yes "$work/out" || fail "does not say how to write"
expect 0 fs street person lost 王建国 --since "$lost" --key wang2 --grid ${grid}001 --to 李梅 --reason 手机遗失 --yes
[ "$(count_of street --json held list)" = 3 ] || fail "held: $(fs street held list)"
[ "$(state_of "$a")" != "" ] || fail "an honest report is gone"
[ "$(state_of "$b")" = fix-claimed ] || fail "an honest claim does not count any more"
fs street list hazards --state all | grep -q "$(printf %.12s "$c")" || fail "a held report is hidden"
fs street cut list | grep -q 手机遗失 || fail "no cut in the list"
fs street person list | grep 王建国 | grep -q revoked && fail "the new key is revoked, too"
[ "$(fs street --json person list | grep 王建国 | grep -o '"key"' | wc -l)" = 2 ] || fail "the person has two keys"
expect 7 fs street hazard fix "$a" --text x --as wang
fs street hazard fix "$a" --text 已清理 --as wang2 >/dev/null
fs street --json show "$a" | grep -o '"signer":"王建国"' | wc -l | grep -qx 2 || fail "the history of the person is not one"

# what turned out to be honest is adopted, by who may
d=$(fs street --json held list | grep hazard-report | field id)
expect 0 fs street held show "$(printf %.8s "$d")"
grep -q 拾得者所写 "$work/out" || fail "held show: $(cat "$work/out")"
expect 7 fs street held adopt "$d" --as li
expect 0 fs street held adopt "$d"
[ "$(count_of street --json held list)" = 2 ] || fail "not adopted"
expect 3 fs street held show "$(printf %.8s "$d")"
expect 3 fs street held adopt 00000000
expect 2 fs street held adopt xyz

# dismissal: everything written stays; transfer: a new key in another grid
expect 0 fs street person dismiss 赵强 --to 李梅 --reason 离职 --yes
expect 7 fs street hazard progress "$a" --text x --as zhao
fs street --json show "$a" | grep -q 已联系业主 || fail "what a dismissed officer wrote is gone"
[ "$(count_of street --json held list)" = 2 ] || fail "a dismissal held something"
fs street key new li2 --no-pin >/dev/null 2>&1
expect 0 fs street person transfer 李梅 --grid ${grid}003 --key li2 --role officer --yes
expect 7 fs street hazard accept "$a" --as li
e=$(fs street hazard report --grid ${grid}003 --code C01 --as li2)
[ "$(state_of "$e")" = reported ] || fail "the transferred officer cannot report"

# a key that was closed gets no further certificate: the refusal says by which cut, and what to do
cut=$(fs street --json cut list | grep 赵强 | field id)
entries=$(fs street --json status | field entries)
expect 7 fs street cert issue --key zhao --name 赵强 --role officer --grid ${grid}002
says "$(printf %.12s "$cut")"
says 'key new'
expect 7 fs street --lang zh cert issue --key zhao --name 赵强 --role officer --grid 500118003 --as root
says 已被吊销
says "$(printf %.12s "$cut")"
expect 7 fs street person transfer 李梅 --grid ${grid}003 --key zhao --yes
expect 7 fs street person standin 王建国 --by 赵强 --from "$from" --until "$until" --yes
[ "$(fs street --json status | field entries)" = "$entries" ] || fail "something was written for a revoked key"
# of two keys a stand-in gets the certificate for the one that still writes
expect 0 fs street person standin 赵强 --by 王建国 --from "$from" --until "$until" --yes
fs street hazard report --grid ${grid}002 --code A01 --as wang2 >/dev/null || fail "the stand-in has no right"

# a seat is closed by the root, for a successor who has restated
expect 7 fs street person dismiss 黄瓜山村席位 --to 李梅
grep -q root "$work/err" || fail "does not say who may"
expect 2 fs street person dismiss 黄瓜山村席位 --as root
fs street key new qian --no-pin >/dev/null 2>&1
fs street cert issue --key qian --name 钱丽 --role officer --grid ${grid}004 --as seat >/dev/null
fs street cert issue --key seat2 --name 黄瓜山村新席位 --role village --grid $grid --as root >/dev/null
expect 0 fs street --json person dismiss 黄瓜山村席位 --to 黄瓜山村新席位 --as root
expect 0 fs street --json cert restate 黄瓜山村席位 --as seat2 --except 钱丽
grep -q '"restated":0,"written":false' "$work/out" || fail "except: $(cat "$work/out")"
expect 0 fs street --json cert restate 黄瓜山村席位 --as seat2 --yes
grep -q '"restated":1' "$work/out" || fail "restate: $(cat "$work/out")"
expect 0 fs street person dismiss 黄瓜山村席位 --to 黄瓜山村新席位 --as root --yes
expect 7 fs street cert issue --key wang --name 假 --role officer --grid ${grid}005 --as seat
f=$(fs street hazard report --grid ${grid}004 --code C01 --as qian)
fs street hazard fix "$f" --text 已换 --as qian >/dev/null
[ "$(state_of "$f")" = fix-claimed ] || fail "an officer of the old seat lost the certificate"
expect 0 fs street verify
