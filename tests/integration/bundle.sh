#!/bin/sh
# Two nodes that never meet on a network once they have joined: everything goes by files, both ways.
# A certificate goes down, hazards come up; again adds nothing; cut and damaged files give what
# stands before the fault; a receipt makes the next file small; files in the wrong order say what is
# missing; a courier without keys sees only the outside.
. "$(dirname "$0")/lib.sh"

# imported NODE FILE... : new entries of an import that must succeed
imported() {
    fs "$@" | grep '"hazards_new"' | field entries
}
bundle_in() {
    node=$1
    shift
    imported "$node" --json bundle import "$@"
}
# entries_of NODE ARG...: entries written by an export
entries_of() {
    fs "$@" | field entries
}

new_street
start street
fs village join "$(fs street invite --grid 500118003206 --addr "$addr")" --name 黄瓜山村 >/dev/null
fs other join "$(fs street invite --grid 500118003205 --addr "$addr")" --name 代家店村 >/dev/null
stop "$pid"

# the village reports offline; a stick carries it up
for n in 1 2 3 4 5; do
    id=$(fs village hazard report --grid 500118003206001 --code A01 --text "楼道堆放杂物 $n")
done
fs village hazard emergency "$id" --text 起火 >/dev/null
# (what else it carries depends on whether the session of the join ended equal)
planned=$(fs village --json bundle plan --for 南大街街道 | field entries)
[ "$planned" -ge 6 ] || fail "plan"
[ "$(entries_of village --json bundle export "$work/up1.fsb")" -eq "$planned" ] || fail "export"
expect 10 fs village bundle export "$work/up1.fsb"
grep -q 'nothing is overwritten' "$work/err" || fail "no word about overwriting"
[ ! -e "$work/up1.fsb.part" ] || fail "half a file was left"
expect 2 fs village bundle export "$work/up:1.fsb"

# a courier without any key sees the outside, and nothing of the inside
"$fengsui" --data "$work/nobody" bundle info "$work/up1.fsb" >"$work/out"
grep -q '1 nodes can open it' "$work/out" || fail "info"
grep -q 黄瓜山村 "$work/out" && fail "the outside names the sender"
grep -q 楼道 "$work/up1.fsb" && fail "the text is readable in the file"
cp "$work/up1.fsb" "$work/carried.fsb"

# it is not for the other village, and another street's is known as such
expect 7 fs other bundle import "$work/carried.fsb"
grep -q 'sealed for 1 other node' "$work/err" || fail "no word about the recipients"
fs foreign init --name 北街街道 --street 500118004 >/dev/null 2>&1
expect 10 fs foreign bundle import "$work/carried.fsb"
grep -q 'another street' "$work/err" || fail "no word about the street"

# preview writes nothing
fs street --json bundle import --dry-run "$work/carried.fsb" | grep -q '"hazards_new":5' ||
    fail "preview"
has_hazards street 0 || fail "the preview wrote"
fs street bundle import "$work/carried.fsb" >"$work/out"
grep -q '6 new entries: 5 new hazards, 0 hazards changed' "$work/out" || fail "report: $(cat "$work/out")"
grep -q '黄瓜山村: 6' "$work/out" || fail "of whom"
has_hazards street 5 || fail "hazards did not arrive"
fs street show "$id" | grep -q 起火 || fail "the emergency did not arrive"

# again adds nothing
[ "$(bundle_in street "$work/carried.fsb")" -eq 0 ] || fail "a second import added something"

# the way back: the street knows what the village holds by its own bundle, and carries what is new:
# a certificate, and an answer
[ "$(fs street --json bundle plan --for 500118003206 | field entries)" -eq 1 ] ||
    fail "the street would carry more than the other village's certificate"
fs street key new chief >/dev/null
fs street cert issue --key chief --name 王所 --role chief --grid 500118003206 >/dev/null
fs street hazard accept "$id" --text 收到 >/dev/null
[ "$(entries_of street --json bundle export "$work/down1.fsb" --for 黄瓜山村)" -eq 3 ] ||
    fail "the way back carries more than is lacking"
[ "$(bundle_in village "$work/down1.fsb")" -eq 3 ] || fail "the way back"
fs village cert list | grep -q 王所 || fail "the certificate did not arrive"
fs --lang zh village show "$id" 2>/dev/null | grep -q 收到 || fs village show "$id" | grep -q 收到 ||
    fail "the answer did not arrive"

# equal now: both by plan and by the fold of the scope
fold() {
    fs "$1" --json status | sed -n 's/.*"scope":"500118003206"[^}]*"fold":"\([0-9a-f]*\)".*/\1/p'
}
[ -n "$(fold street)" ] || fail "no fold"
[ "$(fold street)" = "$(fold village)" ] || fail "the two differ"

# a receipt makes the next file small although nothing else came back
fs village hazard report --grid 500118003206001 --code B02 --text 灭火器过期 >/dev/null
[ "$(entries_of village --json bundle export "$work/up2.fsb")" -eq 1 ] || fail "up2"
[ "$(entries_of village --json bundle export "$work/all.fsb" --all)" -ge 15 ] || fail "all"
[ "$(bundle_in street "$work/up2.fsb")" -eq 1 ] || fail "up2 in"
fs street bundle receipt "$work/receipt.fsb" --for 黄瓜山村 >/dev/null
fs village hazard report --grid 500118003206001 --code B02 --text 灭火器缺失 >/dev/null
[ "$(entries_of village --json bundle export "$work/up3.fsb" --since-receipt "$work/receipt.fsb")" \
    -eq 1 ] || fail "the receipt does not count"
[ "$(bundle_in village "$work/receipt.fsb")" -eq 0 ] || fail "a receipt brings entries"
[ "$(fs village --json bundle plan --for 南大街街道 | field entries)" -eq 1 ] ||
    fail "a receipt that was read in is not remembered"

# order: up4 rests on up3. Alone it says what is missing; together they go in whatever the order
cp -r "$work/street" "$work/behind"
[ "$(bundle_in street "$work/up3.fsb")" -eq 1 ] || fail "up3"
fs street bundle receipt "$work/newest.fsb" --for 黄瓜山村 >/dev/null
fs village hazard report --grid 500118003206001 --code A01 --text 第四 >/dev/null
[ "$(entries_of village --json bundle export "$work/up4.fsb" --since-receipt "$work/newest.fsb")" \
    -eq 1 ] || fail "up4"
expect 3 fs behind bundle import "$work/up4.fsb"
grep -q 'missing: entries of 黄瓜山村 in 500118003206. This file begins at entry 9, here are 7' \
    "$work/out" || fail "the gap is not named: $(cat "$work/out")"
[ "$(bundle_in behind "$work/up4.fsb" "$work/up3.fsb")" -eq 2 ] || fail "together"
[ "$(bundle_in street "$work/up4.fsb")" -eq 1 ] || fail "up4 in"
[ "$(fold behind)" = "$(fold street)" ] || fail "the copy differs"

# a file that is cut off gives what stands before the cut, and the whole one later gives the rest
cat >"$work/map.ini" <<'INI'
[source]
name = test
utc_offset = +08:00
assignee = 业主
groups = 4
[columns]
row = id
case = case
opened = from
closed = to
code = code
text = text
address = where
grid = ward
[code]
1 = A03
[grid]
w1 = 500118003206
INI
{
    echo id,case,from,to,code,text,where,ward
    i=0
    while [ "$i" -lt 500 ]; do
        i=$((i + 1))
        echo "$i,$i,2024-01-02 03:04:05,,1,$(printf '%s' "$i" | sha512sum | cut -c1-128),$(printf "b%s" "$i" | sha512sum | cut -c1-128),w1"
    done
} >"$work/rows.csv"
fs village key new officer >/dev/null
fs village cert issue --key officer --name 网格员 --role officer --grid 500118003206 >/dev/null
fs village import hazards "$work/rows.csv" --map "$work/map.ini" --as officer >/dev/null 2>"$work/err"
fs village --json bundle export "$work/big.fsb" --for 南大街街道 >"$work/big"
entries=$(field entries <"$work/big")
[ "$entries" -ge 500 ] || fail "big: $(cat "$work/big")"
size=$(wc -c <"$work/big.fsb")
head -c $((size - 100)) "$work/big.fsb" >"$work/cut.fsb"
expect 1 fs street bundle import "$work/cut.fsb"
grep -q 'ends too early near byte' "$work/out" || fail "the cut is not named: $(cat "$work/out")"
some=$(hazards street)
[ "$some" -gt 7 ] || fail "nothing before the cut was taken"
[ "$(bundle_in street "$work/big.fsb")" -lt "$entries" ] || fail "the rest"
[ "$(hazards street)" -eq 508 ] || fail "the whole: $(hazards street)"
[ "$(bundle_in street "$work/big.fsb")" -eq 0 ] || fail "again"

# damage and junk
printf 'x' | dd of="$work/cut.fsb" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
got=0
fs street bundle import "$work/cut.fsb" >/dev/null 2>&1 || got=$?
[ "$got" -eq 1 ] || [ "$got" -eq 6 ] || fail "damage: exit code $got"
echo junk >"$work/junk.fsb"
expect 1 fs street bundle import "$work/junk.fsb"
grep -q 'not a bundle' "$work/err" || fail "junk"
expect 3 fs street bundle import "$work/none.fsb"

# through a running node, too
start street
[ "$(bundle_in street "$work/up4.fsb")" -eq 0 ] || fail "through the node"
[ "$(fs street --json bundle plan --for 代家店村 | field entries)" -ge 1 ] || fail "plan through the node"
stop "$pid"
[ "$(fold street)" = "$(fold village)" ] || fail "the two differ at the end"
for node in street village; do
    fs "$node" verify >/dev/null
done
