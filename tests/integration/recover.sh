#!/bin/sh
# A person and a lost machine: the key typed back from its sheet on another node, then a new key from
# the office above. Each time it is the same person with one history.
. "$(dirname "$0")/lib.sh"

grid=500118003206
new_street
start street
street_pid=$pid street_addr=$addr
for n in village spare; do
    fs street invite --grid $grid --addr "$street_addr" --file "$work/$n.invite" >/dev/null
    expect 0 fs $n join "$work/$n.invite" --name "黄瓜山村-$n"
done

one_person() { # one_person NODE KEYS: 王建国 is one person there, with so many keys
    [ "$(fs "$1" --json person list | grep -c '"name":"王建国"')" = 1 ] || fail "$1: not one person"
    [ "$(fs "$1" --json person list | grep '"name":"王建国"' | grep -o '"key":' | wc -l)" = "$2" ] ||
        fail "$1: not $2 keys: $(fs "$1" --json person list | grep 王建国)"
}
person_id() {
    fs "$1" --json person list | grep '"name":"王建国"' | field person
}

# on paper, then the machine is lost
pins 749203
expect 0 fs village key new wang --pin-file "$pins"
key=$(cut -d ' ' -f 2 "$work/out")
expect 0 fs village cert issue --key wang --name 王建国 --role officer --grid ${grid}001 --pin-file "$pins"
a=$(fs village hazard report --grid ${grid}001 --code A01 --as wang --pin-file "$pins")
expect 0 fs village sync --timeout 20s
expect 0 fs village key sheet wang --to "$work/sheet.txt" --pin-file "$pins"
until_true 10 has_hazards street 1
person=$(person_id street)
[ "${#person}" -eq 32 ] || fail "no person: $person"
rm -rf "$work/village"

# typed back on another node of the village: a log of its own, the same person
expect 0 fs spare sync --timeout 20s
# the words are meant to be split
# shellcheck disable=SC2046
pins $(grep -o '[0-9][0-9]=[0-9A-Z]*' "$work/sheet.txt") 860314
expect 0 fs spare key recover wang --pin-file "$pins"
[ "$(cut -d ' ' -f 2 "$work/out")" = "$key" ] || fail "another key came back"
pins 860314
b=$(fs spare hazard report --grid ${grid}001 --code A02 --as wang --pin-file "$pins")
expect 0 fs spare hazard fix "$a" --text 已清理 --as wang --pin-file "$pins"
expect 0 fs spare sync --timeout 20s
until_true 10 has_hazards street 2
for n in street spare; do
    one_person $n 1
    [ "$(person_id $n)" = "$person" ] || fail "$n: another person"
    for id in "$a" "$b"; do
        fs $n --json show "$id" | grep -q "\"signer\":\"王建国\",\"author\":\"$key\"" || fail "$n: the signer of $id"
        fs $n --json show "$id" | grep -q '"held":true' && fail "$n: an entry of $id is held"
    done
    fs $n --json show "$a" | grep -q '"state":"fix-claimed"' || fail "$n: the act of the recovered key has no effect"
    fs $n --json person show 王建国 >"$work/person"
    grep -q '"total":4,' "$work/person" || fail "$n: not report, incarnation, report, claim: $(cat "$work/person")"
    grep -q "\"keys\":\[{\"key\":\"$key\",\"state\":\"counts\"}\]" "$work/person" || fail "$n: the state of the key"
    # both logs begin at 0: incarnations apart
    [ "$(grep -o '"seq":0' "$work/person" | wc -l)" = 2 ] || fail "$n: not two logs"
done
[ "$(fs street --json status | field forks)" = 0 ] || fail "a log is forked"

# nothing is left of the key: the office above gives another one to the same person
expect 0 fs spare key new wang2 --no-pin
expect 0 fs spare --json cert renew 王建国 --key wang2
[ "$(field person <"$work/out")" = "$person" ] || fail "renewed for another person: $(cat "$work/out")"
c=$(fs spare hazard report --grid ${grid}001 --code A03 --as wang2)
expect 0 fs spare sync --timeout 20s
until_true 10 has_hazards street 3
for n in street spare; do
    one_person $n 2
    [ "$(person_id $n)" = "$person" ] || fail "$n: another person after the renewal"
    fs $n --json show "$c" | grep -q '"signer":"王建国"' || fail "$n: the name of the new key"
done

# the history is one, newest first, in pages
fs street person show 王建国 >"$work/person" 2>"$work/err"
grep -q '^5 in all' "$work/err" || fail "not five entries: $(cat "$work/err")"
[ "$(grep -c "  ${grid}  " "$work/person")" = 5 ] || fail "the entries: $(cat "$work/person")"
fs street --lang zh person show 王建国 2>&1 | grep -q '共 5 条' || fail "not in Chinese"
fs street --lang zh person show 王建国 2>&1 | grep -q 上报 || fail "records not in Chinese"
fs street --json person show "$person" --limit 1 | grep -q "\"subject\":\"$c\"" || fail "the newest is not the first"
fs street --json person show 王建国 --limit 3 --offset 3 | grep -o '"subject":"[0-9a-f]*"' | grep -q "$a" || fail "the oldest is not the last"
expect 3 fs street person show 无此人
expect 2 fs street person show
expect 2 fs street person show 王建国 --limit 1001
expect 0 fs street person dismiss 王建国 --reason 离职 --yes
fs street --json person show 王建国 >"$work/person"
[ "$(grep -o '"state":"revoked"' "$work/person" | wc -l)" = 2 ] || fail "not both keys revoked"
[ "$(grep -o '"why":"counts"' "$work/person" | wc -l)" = 5 ] || fail "a dismissal holds entries"
stop "$street_pid"
fs street verify >/dev/null
