#!/bin/sh
# What the street may set: shown before it is written, refused by name where no policy may go, judged by
# the time of each entry, and the same on a node that hears of it late.
. "$(dirname "$0")/lib.sh"

grid=500118003206
group=500118003206001
value() { fs "$1" --json policy show "$2" | sed -n 's/,"default".*//; s/.*"value":"\([^"]*\)".*/\1/p'; }
state() { fs "$1" --json show "$2" | field state; }
fold() { fs "$1" --json status | tr '{' '\n' | grep "\"scope\":\"$grid\"" | field fold; }
sync() { fs village sync --timeout 20s >/dev/null; }

# refused NAME VALUE LIMIT: no policy may say this, and the limit is named
refused() {
    expect 7 fs street policy set "$1" "$2" --yes
    grep -q "$3" "$work/err" || fail "$1 $2: does not name $3: $(cat "$work/err")"
}

# wrong NAME VALUE WORD: a value that cannot be read; the word is named
wrong() {
    expect 2 fs street policy set "$1" "$2" --yes
    grep -q -e "$3" "$work/err" || fail "$1 $2: does not name '$3': $(cat "$work/err")"
}

# closed_by_chief: a hazard of severity 2, reported and fixed by the officer, passed by the chief
closed_by_chief() {
    id=$(fs village hazard report --grid "$group" --code A03 --severity 2 --as li)
    fs village hazard fix "$id" --text 已整改 --as li >/dev/null
    fs village hazard pass "$id" --text 合格 --as wang >/dev/null
    [ "$(state village "$id")" = closed ] || fail "not closed at the village: $(fs village show "$id")"
}

new_street
start street
street_pid=$pid
fs village join "$(fs street invite --grid "$grid" --addr "$addr")" --name 黄瓜山村 >/dev/null
for key in li wang zhao; do
    fs village key new "$key" --no-pin >/dev/null
done
fs village cert issue --key li --name 李四 --role officer --grid "$grid" >/dev/null
fs village cert issue --key wang --name 王五 --role chief --grid "$grid" >/dev/null

# list and names
fs street policy list >"$work/list"
grep -q '^clear.pass.2 .*Grid chief' "$work/list" || fail "list: $(cat "$work/list")"
fs street --lang zh policy list >"$work/list"
grep -q '复查通过销案' "$work/list" || fail "list is not Chinese"
fs street --json policy list >"$work/list"
grep -q '"name":"second-from".*"number":2.*"default":true' "$work/list" || fail "list as JSON"
fs street role list | grep -q '^officer  *O  *Grid officer' || fail "roles"
expect 2 fs street policy show clear.pas.2
grep -q "did you mean 'clear.pass.2'" "$work/err" || fail "no nearest name: $(cat "$work/err")"
expect 2 fs street policy show "$(printf '%0500d' 0)"
expect 2 fs street policy set clear.pass.2
expect 2 fs street policy list --at yesterday

# what cannot be read, and what no policy may say
wrong clear.pass.2 '' role
wrong clear.pass.2 street,mayor mayor
wrong clear.pass.2 'street:%s%n' '%s%n'
wrong second-from -1 -1
wrong role.officer "$(printf '\033[2J')" control
wrong role.officer "$(printf '%070d' 0)" 'at most 64'
wrong role.officer a/b/c/d/e GIVER
refused write.hazard-report street danger-freely
refused clear.pass.3 street:officer clearance-strictly
refused clear.pass.1 street,public:officer clearance-strictly
refused clear.pass.2 chief:chief nobody-could
refused clear.pass.2 street:district nobody-could
refused second-from 3 second-person
refused role.street ///village giver
refused write.place officer nobody-could
expect 7 fs village policy set second-from 1
grep -q 'seat of the street' "$work/err" || fail "who may set: $(cat "$work/err")"
expect 7 fs village policy set second-from 1 --as wang --yes
[ "$(fs street --json policy show clear.pass.2 | grep -c '"history":\[\]')" = 1 ] || fail "something was written"

# shown first; nothing is written until told to
closed_by_chief
before=$id
open=$(fs village hazard report --grid "$group" --code A03 --severity 2 --as li)
sync
until_true 10 has_hazards street 2
expect 12 fs street policy set clear.pass.2 street,village:village
grep -q "$(printf %.12s "$open").*grid chief → village" "$work/out" ||
    fail "does not show the open hazard: $(cat "$work/out")"
grep -q "$(printf %.12s "$before")" "$work/out" && fail "shows the closed hazard"
expect 12 fs street --json policy set clear.pass.2 street,village:village
[ "$(field hazards <"$work/out")" = 1 ] || fail "preview: $(cat "$work/out")"
[ "$(value street clear.pass.2)" = street,village,chief,officer,district:chief ] || fail "written unasked"
expect 0 fs street policy set clear.pass.2 street,chief,village,officer,district:chief --yes
grep -q already "$work/out" || fail "the same value: $(cat "$work/out")"

# from now on the village itself; the village's node does not hear of it yet
expect 0 fs street --json policy set clear.pass.2 street,village:village --yes --text '街办〔2026〕7号'
grep -q '"written":true' "$work/out" || fail "not written: $(cat "$work/out")"
fs street policy show clear.pass.2 | grep -q '街办〔2026〕7号' || fail "no basis: $(fs street policy show clear.pass.2)"
closed_by_chief
after=$id
sync
until_true 10 has_hazards street 3
for node in street village; do
    [ "$(value "$node" clear.pass.2)" = street,village:village ] || fail "$node: $(value "$node" clear.pass.2)"
    [ "$(state "$node" "$before")" = closed ] || fail "$node: the past was rewritten"
    [ "$(state "$node" "$after")" = fix-claimed ] || fail "$node: a late policy has no effect"
done
[ -n "$(fold street)" ] && [ "$(fold street)" = "$(fold village)" ] || fail "the nodes differ"
fs village hazard pass "$after" --text 合格 >/dev/null
[ "$(state village "$after")" = closed ] || fail "the village cannot close it"

# who may write a record: the reason in the grid people's words, its name in JSON
expect 0 fs street policy set clear.pass.2 street,village,chief:chief --yes
sync
expect 0 fs street policy set write.hazard-pass street,village --yes
closed_by_chief
third=$id
sync
until_true 10 has_hazards street 4
for node in street village; do
    [ "$(state "$node" "$third")" = fix-claimed ] || fail "$node: $(state "$node" "$third")"
    fs "$node" --lang zh show "$third" | grep -q '【无权销案：填写人的职务不能办这一项】' ||
        fail "no reason: $(fs "$node" --lang zh show "$third")"
    fs "$node" show "$third" | grep -q 'may not close it: no role' || fail "no reason in English"
    fs "$node" --json show "$third" | grep -q '"held_why":"role"' || fail "no reason in JSON"
done
[ "$(fold street)" = "$(fold village)" ] || fail "the nodes differ"
expect 7 fs village hazard pass "$third" --text 合格 --as wang

# who may give a role: refused before it is written; what was given by others no longer clears
expect 0 fs street policy set role.chief ///street --yes
sync
expect 7 fs village cert issue --key zhao --name 赵六 --role chief --grid "$grid"
grep -q chief "$work/err" || fail "does not name the role: $(cat "$work/err")"
expect 0 fs village cert issue --key zhao --name 赵六 --role officer --grid "$grid"
expect 7 fs village hazard downgrade "$third" --severity 1 --text 降级 --as wang

# names of roles
expect 0 fs street policy set role.officer '巡查员/patrol/X' --yes
sync
fs village cert list | grep -q 'patrol' || fail "the new name: $(fs village cert list)"
fs village --lang zh role list | grep -q '^officer  *X  *巡查员' || fail "role list: $(fs village role list)"

# later on
expect 0 fs street policy set second-from 1 --from 2099-01-01 --yes
[ "$(value street second-from)" = 2 ] || fail "applies before its time"
fs street --json policy list --at 2099-01-02 >"$work/list"
grep -q '"name":"second-from".*"number":1' "$work/list" || fail "--at"

stop "$street_pid"
fs street policy list >"$work/list"
grep -q '^role.officer .*patrol' "$work/list" || fail "without a running node"
fs street verify >/dev/null
fs village verify >/dev/null
