#!/bin/sh
# Proofs: a record with its evidence, checked by the program without a data directory and by a second
# checker that was written from crypto/PROOF.md ($2); damage, another street and a missing chain of
# certificates are refused by both.
. "$(dirname "$0")/lib.sh"
checker=$2

# sound FILE: both take it, neither takes a damaged copy
sound() {
    expect 0 env -u FENGSUI_DATA HOME="$work/nobody" "$fengsui" proof check "$work/$1"
    expect 0 "$checker" --damage "$work/$1"
}

new_street
fs village join --request "$work/v.req" --name 黄瓜山村 --grid 500118003206 >/dev/null 2>&1
fs street invite answer "$work/v.req" -o "$work/v.ans" --yes >/dev/null 2>&1
fs village join --answer "$work/v.ans" --yes >/dev/null 2>&1

# one record by the village: root, seat
id=$(fs village hazard report --grid 500118003206 --code A01 --text 楼道堆放杂物)
expect 2 fs village proof export "$id"
expect 3 fs village proof export 00000000000000000000000000000000 -o "$work/none.fsp"
expect 0 fs village proof export "$id" -o "$work/one.fsp"
sound one.fsp
expect 0 "$fengsui" proof check "$work/one.fsp"
grep -q 'record .*hazard-report.*黄瓜山村' "$work/out" || fail "does not say who signed what"
grep -q 'cannot show' "$work/err" || fail "does not say what it cannot show"
space=$(sed -n 's/.*fingerprint \([0-9 ]*[0-9]\).*/\1/p' "$work/err")
expect 0 "$fengsui" proof check "$work/one.fsp" --root "$space"
expect 10 "$fengsui" proof check "$work/one.fsp" --root "11111 11111 11111 11111 11111 11111"
[ ! -e "$work/nobody" ] || fail "a check made a data directory"

# an officer's entries: root, seat, officer; and what follows them in the log as leaves
fs village hazard accept "$id" --text 收到 >/dev/null
fs village key new li >/dev/null 2>&1
fs village cert issue --key li --name 李四 --role officer --grid 500118003206 >/dev/null
id2=$(fs village hazard report --grid 500118003206 --code B02 --text 灭火器过期 --as li)
for n in 1 2 3 4 5; do
    fs village hazard report --grid 500118003206 --code A01 --text "后来的 $n" >/dev/null
done
fs village hazard assign "$id2" --assignee 王五 >/dev/null
expect 0 fs village proof export "$id" -o "$work/two.fsp"
sound two.fsp
expect 0 fs village proof export "$id2" -o "$work/li.fsp"
sound li.fsp
expect 0 "$fengsui" proof check "$work/li.fsp"
grep -q 'record .*hazard-report 李四' "$work/out" || fail "not the officer: $(cat "$work/out")"
grep -q 'record .*hazard-assign 黄瓜山村' "$work/out" || fail "not the village: $(cat "$work/out")"
[ "$(grep -c 'evidence .*cert' "$work/out")" = 2 ] || fail "not both certificates: $(cat "$work/out")"

# one entry of the record
entry=$("$fengsui" --json proof check "$work/two.fsp" 2>/dev/null | grep hazard-accept | field entry)
expect 0 fs village proof export "$id" --entry "$entry" -o "$work/entry.fsp"
sound entry.fsp
expect 0 "$fengsui" --lang zh proof check "$work/entry.fsp"
[ "$(grep -c 记录 "$work/out")" = 1 ] || fail "more than the one entry"
grep -q 不能说明 "$work/err" || fail "no Chinese"

# through a running node, the same bytes
start village
expect 0 fs village proof export "$id2" -o "$work/li2.fsp"
cmp -s "$work/li.fsp" "$work/li2.fsp" || fail "another proof of the same"
stop "$pid"

# damage is named
head -c 200 "$work/li.fsp" >"$work/cut.fsp"
expect 1 "$fengsui" proof check "$work/cut.fsp"
grep -q 'proof: .* at byte' "$work/err" || fail "does not say where: $(cat "$work/err")"
expect 1 "$fengsui" proof check "$work/villages.csv"
expect 3 "$fengsui" proof check "$work/nothing.fsp"

# ---- what a cut lets count ----
# holds FILE CODE: both read it alike. 0: every entry counts; 13 (2 of the second checker): one does not
holds() {
    expect "$2" "$fengsui" --json proof check "$work/$1"
    expect "$([ "$2" = 0 ] && echo 0 || echo 2)" "$checker" "$work/$1"
}
since_of() { TZ=Asia/Shanghai date -d '-1 seconds' '+%Y-%m-%d %H:%M:%S'; }

# an officer's device is lost: what had come before counts, and the proof shows the way to the entry
# that the cut names; what came after does not, and the proof says so
fs village key new zhao --no-pin >/dev/null 2>&1
fs village key new zhao2 --no-pin >/dev/null 2>&1
fs village cert issue --key zhao --name 赵六 --role officer --grid 500118003206 >/dev/null
before=$(fs village hazard report --grid 500118003206 --code A01 --text 之前 --as zhao)
for n in 1 2 3; do
    fs village hazard report --grid 500118003206 --code A01 --text "其间 $n" --as zhao >/dev/null
done
sleep 2
lost=$(since_of)
after=$(fs village hazard report --grid 500118003206 --code A01 --text 之后 --as zhao)
expect 0 fs village proof export "$after" -o "$work/early.fsp"
holds early.fsp 0 # nobody knew
expect 0 fs village person lost 赵六 --since "$lost" --key zhao2 --yes
cut=$(fs village --json cut list | grep 赵六 | field id)
expect 0 fs village proof export "$before" -o "$work/before.fsp"
holds before.fsp 0
expect 0 "$checker" --damage "$work/before.fsp"
expect 0 "$fengsui" proof check "$work/before.fsp"
grep -q 'evidence .*cut' "$work/out" || fail "carries no cut: $(cat "$work/out")"
expect 3 fs village proof export "$after" -o "$work/none.fsp"
expect 0 fs village proof export "$after" --held -o "$work/after.fsp"
holds after.fsp 13
expect 13 "$fengsui" proof check "$work/after.fsp"
grep -q "record .*hazard-report 赵六.*does not count.*$(printf %.12s "$cut")" "$work/out" ||
    fail "does not say by which cut: $(cat "$work/out")"
expect 13 "$fengsui" --lang zh proof check "$work/after.fsp"
grep -q 不计入 "$work/out" || fail "no Chinese: $(cat "$work/out")"
grep -q 已被收回 "$work/err" || fail "no verdict in Chinese: $(cat "$work/err")"
expect 2 "$checker" --damage "$work/after.fsp"

# given back by hand, it counts, and the proof carries the adoption
expect 0 fs village held adopt "$after"
expect 0 fs village proof export "$after" -o "$work/adopted.fsp"
holds adopted.fsp 0
"$fengsui" proof check "$work/adopted.fsp" 2>/dev/null | grep -q 'evidence .*adopt' || fail "carries no adoption"

# a seat goes, with what its successor has restated as a condition; its officers' records still count
for key in seat seat2 qian; do
    fs street key new "$key" --no-pin >/dev/null 2>&1
done
fs street cert issue --key seat --name 旧席位 --role village --grid 500118003205 --as root >/dev/null
fs street cert issue --key qian --name 钱丽 --role officer --grid 500118003205 --as seat >/dev/null
old=$(fs street hazard report --grid 500118003205 --code C01 --as qian)
own=$(fs street hazard report --grid 500118003205 --code C01 --as seat)
fs street cert issue --key seat2 --name 新席位 --role village --grid 500118003205 --as root >/dev/null
expect 0 fs street cert restate 旧席位 --as seat2 --yes
expect 0 fs street person dismiss 旧席位 --to 新席位 --as root --yes
for id in "$old" "$own"; do
    expect 0 fs street proof export "$id" -o "$work/seat.$id.fsp"
    holds "seat.$id.fsp" 0
done
"$fengsui" --json proof check "$work/seat.$old.fsp" 2>/dev/null | grep -q '"kind":"cut"' || fail "carries no cut of the seat"
# and the root itself is replaced
mv "$work/street/next-root.key" "$work/next.key"
expect 0 fs street root rotate --next-key "$work/next.key" --yes
for id in "$old" "$own"; do
    expect 0 fs street proof export "$id" -o "$work/rotated.$id.fsp"
    holds "rotated.$id.fsp" 0
done
