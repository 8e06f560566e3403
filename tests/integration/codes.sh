#!/bin/sh
# Tables of the street: codes, kinds of places and checklists as shipped, added to and changed; what
# they mean for a report, a visit and their time limits; and the same on a village that hears of it.
. "$(dirname "$0")/lib.sh"

grid=500118003206
sync() { fs village sync --timeout 20s >/dev/null; }

new_street
start street
street_pid=$pid
fs village join "$(fs street invite --grid "$grid" --addr "$addr")" --name 黄瓜山村 >/dev/null

# as shipped
expect 0 fs street code list
[ "$(wc -l <"$work/out")" -eq 69 ] || fail "codes: $(wc -l <"$work/out")"
grep -q '^F01  3  3 days .*Persons sleeping in a shop front' "$work/out" || fail "F01"
expect 0 fs street --lang zh code list
grep -q '^F01  3  3天 .*临街门面违规住人' "$work/out" || fail "F01 in Chinese"
expect 0 fs street --json code show X01
grep -q '"code":"X01","severity":3,"limit":"tm","days":null,.*"shipped":true' "$work/out" || fail "X01: $(cat "$work/out")"
expect 0 fs street kind list
[ "$(wc -l <"$work/out")" -eq 16 ] || fail "kinds"
expect 0 fs street checklist list
[ "$(wc -l <"$work/out")" -eq 9 ] || fail "checklists"
expect 0 fs street checklist show 1
[ "$(wc -l <"$work/out")" -eq 15 ] || fail "items of the first"
grep -q '^  01  Does anybody sleep here?  \[F01\]' "$work/out" || fail "an item"

# what cannot be set, and by whom
expect 1 fs street code set M01 --severity 2 --yes
says 'clearance-strictly'
expect 2 fs street code set A08 --severity 3 --yes
says '\-\-zh'
expect 1 fs street code set a08 --zh x --en x --severity 3 --limit t1 --yes
expect 1 fs street code set A08 --zh x --en x --severity 3 --limit soon --yes
says 'limit: soon is not a choice'
expect 7 fs village code set A03 --severity 3 --yes
says 'seat of the street'
expect 3 fs street code show Q99
expect 2 fs street kind show 0
expect 3 fs street checklist show 10
expect 1 fs street hazard report --grid "$grid" --code A08
says "'A08' is in no table"

# shown first, then written; new codes are known from then on, here and there
expect 12 fs street code set A08 --zh 楼梯间封堵 --en 'Stairwell walled up' --severity 3 --limit t1
grep -q 'Time limit:24 hours' "$work/out" || fail "not shown: $(cat "$work/out")"
expect 3 fs street code show A08
expect 0 fs street code set A08 --zh 楼梯间封堵 --en 'Stairwell walled up' --severity 3 --limit t1 --yes
before=$(fs street hazard report --grid "$grid" --code A03)
expect 0 fs street code set A03 --severity 3 --text 街道办〔2026〕1号 --yes
after=$(fs street hazard report --grid "$grid" --code A03)
new=$(fs street hazard report --grid "$grid" --code A08 --text 封堵)
expect 0 fs street kind set 17 --name night-market --zh 夜市 --en 'Night market' --list 1 --period 15 --yes
expect 0 fs street --json code show A03
[ "$(wc -l <"$work/out")" -eq 2 ] || fail "history of A03: $(cat "$work/out")"
expect 0 fs street code set D07 --withdrawn yes --yes
expect 1 fs street record add campaign --grid 500118003 --name 整治 --from 2026-01-01 --codes A01,D07
says 'campaign.codes: D07 .* is withdrawn'
expect 0 fs street hazard report --grid "$grid" --code D07 # a danger is taken in by whatever name
sync
for node in street village; do
    [ "$(fs $node --json show "$before" | field severity)" = 2 ] || fail "$node: A03 before"
    [ "$(fs $node --json show "$after" | field severity)" = 3 ] || fail "$node: A03 after"
    [ "$(fs $node --json show "$new" | field severity)" = 3 ] || fail "$node: A08"
    expect 0 fs $node show "$new"
    grep -q 'Stairwell walled up; usual time limit: 24 hours (by ' "$work/out" || fail "$node: limit: $(cat "$work/out")"
    expect 0 fs $node --lang zh show "$new"
    grep -q '楼梯间封堵，参考时限：24小时（' "$work/out" || fail "$node: limit in Chinese"
    fs $node --json show "$new" | grep -q '"limit":{"class":"t1","due_ms":' || fail "$node: limit as JSON"
    fs $node --json show "$new" | grep -q '"deadline_ms":0' || fail "$node: a deadline was written by machine"
    expect 0 fs $node code list
    [ "$(wc -l <"$work/out")" -eq 70 ] || fail "$node: codes"
    grep -q 'A03 .*from .*by 南大街街道' "$work/out" || fail "$node: who: $(cat "$work/out")"
done
expect 0 fs village record add place --grid "$grid" --name 夜市一号 --kind night-market
expect 0 fs village --lang zh record list place
grep -q '场所类别:夜市' "$work/out" || fail "kind of the street: $(cat "$work/out")"
expect 1 fs village record add place --grid "$grid" --name x --kind 18
says 'is in no table of kinds of places'

# checklists: a visit names list and version, its answers are of that version
expect 0 fs village record add visit --grid "$grid" --list 9 --answers 01=ok,02=bad:压力不足
visit=$(cat "$work/out")
fs village --json record show "visit/$visit" | grep -q '"checklist":1' || fail "version of the list"
expect 0 fs village --lang zh record show "visit/$visit"
grep -q '检查项:01 合格、02 不合格（压力不足）' "$work/out" || fail "answers: $(cat "$work/out")"
grep -q '✗ 02 能否出水、压力是否正常？ → I02' "$work/out" || fail "what a bad answer means"
fs street --json checklist show 9 | sed 's/"keys":\["01",/"keys":["00","01",/; s/"items-zh":\[/&"新增",/; s/"items-en":\[/&"new",/; s/"codes":\[/&"A08",/; s/"by":"[^"]*",*//; s/"number":9,"version":1,//; s/,"shipped".*/}/' >"$work/list.json"
expect 12 fs street checklist set 9 --file "$work/list.json"
expect 0 fs street checklist set 9 --file "$work/list.json" --yes
sync
expect 0 fs village checklist show 9
grep -q '^  00  new  \[A08\]' "$work/out" || fail "new item: $(cat "$work/out")"
expect 0 fs village checklist show 9 --version 1
grep -q '^  00' "$work/out" && fail "version 1 has changed"
expect 0 fs village record add visit --grid "$grid" --list 9 --answers 00=bad
fs village --json record show "visit/$(cat "$work/out")" | grep -q '"checklist":2' || fail "version 2"
expect 1 fs village record add visit --grid "$grid" --list 9 --checklist 1 --answers 01=ok,00=bad
says "answer 2: checklist 9 version 1 has no item '00'"
expect 0 fs village record add visit --grid "$grid" --list 9 --checklist 7 --answers 77=bad # not known here
expect 1 fs village record add visit --grid "$grid" --list 99 --answers 01=ok
says 'there is no checklist 99'
sed 's/"00",/"01",/' "$work/list.json" >"$work/twice.json"
expect 1 fs street checklist set 9 --file "$work/twice.json" --yes
says "'01' twice"

stop "$street_pid"
for node in street village; do
    expect 0 fs $node verify
    expect 0 fs $node verify --rebuild
    [ "$(fs $node --json show "$after" | field severity)" = 3 ] || fail "$node: after a rebuild"
done
