#!/bin/sh
# import: a table becomes hazards, refused rows are named, running again adds nothing, and a danger that
# somebody added since is not closed by the table. With FENGSUI_TABLE=FILE, the municipal table that
# node/maps/toronto-highrise.ini reads goes through 13 nodes and must arrive with its own counts.
# shellcheck disable=SC1091
. "$(dirname "$0")/lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
village=500118003001

fs street init --name 南大街街道 --street 500118003 >"$work/out" 2>&1
printf 'code,name,synthetic\n%s,泸州街社区,0\n%s002,第2组,1\n12,x,0\n%s,again,0\n' \
    $village $village $village >"$work/grids.csv"
fs street import grids "$work/grids.csv" --json >"$work/out" 2>"$work/err"
[ "$(field imported <"$work/out")" = 2 ] || fail "grids imported: $(cat "$work/out")"
[ "$(field known <"$work/out")" = 1 ] || fail "grid twice: $(cat "$work/out")"
grep -q 'line 4 refused: code is not 9, 12 or 15 digits' "$work/err" || fail "grids: $(cat "$work/err")"

# The street's own node may write in a village too: no second node is needed here.
fs street key new officer >/dev/null
fs street cert issue --key officer --name 网格员 --role officer --grid $village >/dev/null
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
1.* = A03
2 = B02
[grid]
w1 = 500118003001
INI
cat >"$work/t.csv" <<'CSV'
id,case,from,to,code,text,where,ward,more
1,a,2024-01-02 03:04:05,2024-02-01,1.1,"堆放, 杂物",一号楼,w1,x
2,a,2024-01-02,,2,灭火器失效,一号楼,w1,x
3,b,2024-01-02,2024-02-01,1.2,三,二号楼,w1,x
4,b,2024-13-02,2024-02-01,1.2,bad date,二号楼,w1,x
5,b,2024-01-02,2024-02-01,9,no such code,二号楼,w1,x
6,b,2024-01-02,2024-02-01,1.2,no such ward,二号楼,w9,x
7,b,2024-01-02
1,a,2024-01-02,2024-02-01,1.1,same id,一号楼,w1,x
8,c,2024-01-02,2024-02-01,1.1,broken "quote",三号楼,w1,x
9,c,2024-01-02,2024-02-01,1.1,last,三号楼,w1,x
CSV
import() { fs street import hazards "$work/$1" --map "$work/map.ini" --as officer --json >"$work/out" 2>"$work/err"; }
hazards() { fs street list hazards --state "$1" --limit 0 --json | wc -l; }

fs street import hazards "$work/t.csv" --map "$work/map.ini" --as officer --dry-run --json >"$work/out" 2>/dev/null
[ "$(hazards all)" = 0 ] || fail "a dry run wrote something"
import t.csv
[ "$(field imported <"$work/out")" = 4 ] || fail "imported: $(cat "$work/out" "$work/err")"
[ "$(field bad <"$work/out")" = 6 ] || fail "bad: $(cat "$work/out" "$work/err")"
[ "$(field visits <"$work/out")" = 3 ] || fail "visits: $(cat "$work/out")"
while read -r line; do
    grep -qF "$line" "$work/err" || fail "not reported: $line; got $(cat "$work/err")"
done <<'WANT'
line 5 refused: opening date is not YYYY-MM-DD
line 6 refused: code is not in the map
line 7 refused: district is not in the map
line 8 refused: fewer columns than the header
line 9 refused: row id occurs twice
line 10 refused: quotes do not match
WANT
[ "$(hazards open)" = 1 ] || fail "open after import: $(hazards open)"
[ "$(hazards closed)" = 3 ] || fail "closed after import: $(hazards closed)"

import t.csv
[ "$(field imported <"$work/out")" = 0 ] || fail "doubles: $(cat "$work/out")"
[ "$(hazards all)" = 4 ] || fail "doubles in the list"

# The open row is closed by a later table; one that an officer reported again stays open.
sed 's/^2,a,2024-01-02,,/2,a,2024-01-02,2024-03-01,/' "$work/t.csv" >"$work/later.csv"
id=$(fs street list hazards --state closed --limit 1 --json | field id)
fs street hazard reopen "$id" --as officer --text 又堆放了 >/dev/null
import later.csv
[ "$(field completed <"$work/out")" = 1 ] || fail "completed: $(cat "$work/out")"
[ "$(hazards open)" = 1 ] || fail "the reopened one is open, nothing else: $(hazards open)"
fs street show "$id" --json | grep -q '"state":"reported"\|"state": "reported"' || fail "reopened: $(fs street show "$id" --json)"

# What is wrong with the call is said before anything is read.
expect 2 fs street import hazards "$work/t.csv"
expect 2 fs street import hazards "$work/t.csv" --map "$work/map.ini"
grep -q 'two persons' "$work/err" || fail "one key for both: $(cat "$work/err")"
expect 3 fs street import hazards "$work/none.csv" --map "$work/map.ini" --as officer
expect 1 fs street import hazards "$work/map.ini" --map "$work/map.ini" --as officer
sed 's/A03/Z99/' "$work/map.ini" >"$work/bad.ini"
expect 1 fs street import hazards "$work/t.csv" --map "$work/bad.ini" --as officer
grep -q 'bad.ini:16: right side is not a hazard code' "$work/err" || fail "map: $(cat "$work/err")"
fs street verify >"$work/out" || fail "verify: $(cat "$work/out")"

[ -n "${FENGSUI_TABLE:-}" ] || { echo "SKIP the municipal table: FENGSUI_TABLE is not set"; exit 0; }
map=$root/node/maps/toronto-highrise.ini
fs big init --name 南大街街道 --street 500118003 >/dev/null 2>&1
sed 's/,[0-9]*$//;s/,groups$//' "$root/node/demo/nandajie.csv" >"$work/villages.csv"
fs big import grids "$work/villages.csv" >/dev/null
start big
for c in $(tail -n +2 "$work/villages.csv" | cut -d, -f1); do
    fs big invite --grid "$c" --addr "$addr" --file "$work/$c.invite" >/dev/null
    fs "$c" join "$work/$c.invite" --name "$c" >/dev/null 2>&1
    fs "$c" key new officer >/dev/null
    fs "$c" cert issue --key officer --name o --role officer --grid "$c" >/dev/null
    fs "$c" import hazards "$FENGSUI_TABLE" --map "$map" --grid "$c" --as officer --json >>"$work/all"
    fs "$c" sync --timeout 60s >/dev/null
done
rows=$(($(wc -l <"$FENGSUI_TABLE") - 1))
got=$(sed 's/.*"imported":\([0-9]*\).*/\1/' "$work/all" | awk '{ n += $1 } END { print n }')
[ "$got" = "$rows" ] || fail "imported $got of $rows rows"
[ "$(fs big list hazards --state closed --limit 0 --json | wc -l)" = "$rows" ] || fail "the street lacks rows"
fs big verify >"$work/out" || fail "verify: $(cat "$work/out")"
echo "$rows rows through 13 nodes"
