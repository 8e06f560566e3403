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
