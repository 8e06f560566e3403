#!/bin/sh
# From an empty directory to the stolen laptop, with no network at all: the street is founded, a village
# and its officer are enrolled by files, their entries are carried back by files and seen signed by the
# right persons; the laptop is stolen, what the thief writes and what it sends before anybody knows
# counts nowhere once it is revoked, and every honest hazard is still there, on every node.
. "$(dirname "$0")/lib.sh"

grid=500118003206
# carry FROM TO: everything that TO may lack, as a file
carry() {
    rm -f "$work/$1-$2.fsb"
    case $1 in
    street) set -- "$@" --for 黄瓜山村新机 ;;
    *) set -- "$@" --for 南大街街道 ;;
    esac
    [ "$2" != fresh ] || set -- "$1" "$2" --for 黄瓜山村新机
    fs "$1" bundle export "$work/$1-$2.fsb" --all "$3" "$4" >/dev/null
    fs "$2" bundle import "$work/$1-$2.fsb" >"$work/import.log" 2>&1 || true
}
state_of() { # state_of NODE HAZARD
    fs "$1" --json show "$2" | field state
}
fold() {
    fs "$1" --json status | sed -n "s/.*\"scope\":\"$grid\"[^}]*\"fold\":\"\([0-9a-f]*\)\".*/\1/p"
}
# enrol NODE NAME: a node of the village, by request and answer file
enrol() {
    fs "$1" join --request "$work/$1.req" --name "$2" --grid $grid >/dev/null 2>&1
    fs street invite answer "$work/$1.req" --out "$work/$1.ans" --yes >/dev/null 2>&1
    fs "$1" join --answer "$work/$1.ans" --yes >/dev/null 2>&1
}

new_street
enrol village 黄瓜山村
fs village key new li --no-pin >/dev/null 2>&1
fs village key new wang --no-pin >/dev/null 2>&1
for who in li:李四 wang:王五; do
    fs village key request "${who%%:*}" -o "$work/p.req" --name "${who##*:}" --role officer --grid $grid >/dev/null
    fs village cert answer "$work/p.req" --yes >/dev/null 2>&1
    rm -f "$work/p.req"
done

# honest work, carried up by stick
a=$(fs village hazard report --grid $grid --code A01 --text 楼道堆物 --as li)
b=$(fs village hazard report --grid $grid --code C02 --text 电线老化 --as wang)
c=$(fs village hazard report --grid $grid --code B02 --text 灭火器过期 --as li)
fs village hazard fix "$c" --text 已更换 --as wang >/dev/null
carry village street
for id in "$a" "$b" "$c"; do
    fs street show "$id" >/dev/null || fail "an entry did not arrive"
done
fs street --json show "$a" | grep -q '"signer":"李四"' || fail "not signed by the right person"
fs street --json show "$b" | grep -q '"signer":"王五"' || fail "not signed by the right person"
fs street --json show "$a" | grep -q '"verified":true' || fail "not verified"

# stolen, with all its keys open; the thief goes on before anybody knows, and gets it to the street
sleep 1
stolen=$(TZ=Asia/Shanghai date '+%Y-%m-%d %H:%M:%S')
sleep 1
cp -a "$work/village" "$work/thief"
rm -rf "$work/village"
t1=$(fs thief hazard report --grid $grid --code A02 --text 假隐患一 --as li)
fs thief hazard fix "$a" --text 假整改 --as wang >/dev/null
fs thief hazard pass "$a" --text 假复查 >/dev/null
fs thief hazard pass "$c" --text 假复查 >/dev/null
fs thief key new mallory --no-pin >/dev/null 2>&1
fs thief cert issue --key mallory --name 假网格员 --role officer --grid $grid >/dev/null 2>&1
t2=$(fs thief hazard report --grid $grid --code A03 --text 假隐患二 --as mallory)
carry thief street
[ "$(state_of street "$a")" = closed ] || fail "the thief could not even close: $(state_of street "$a")"

# the office above: a new laptop with a new seat; what the old one had certified before the theft is
# stated again, the thief's own officer is not; then the old seat and the officers' keys of the stolen
# laptop are closed as of the theft
enrol fresh 黄瓜山村新机
fs fresh key new li --no-pin >/dev/null 2>&1
carry street fresh
expect 0 fs street --json cert restate 黄瓜山村 --before "$stolen" --as root
grep -q '"restated":2,"written":false' "$work/out" || fail "restate: $(cat "$work/out")"
expect 0 fs street --json cert restate 黄瓜山村 --before "$stolen" --as root --yes
expect 0 fs street --json person lost 黄瓜山村 --since "$stolen" --to 黄瓜山村新机 --as root
grep -q '"written":false' "$work/out" || fail "wrote without being told to"
for who in 李四 王五; do
    fs street person lost "$who" --since "$stolen" --reason 电脑被盗 --yes >/dev/null
done
expect 0 fs street person lost 黄瓜山村 --since "$stolen" --to 黄瓜山村新机 --as root --reason 电脑被盗 --yes
fs fresh key request li -o "$work/li2.req" --name 李四 --role officer --grid $grid >/dev/null
expect 0 fs fresh cert answer "$work/li2.req" --yes
carry street fresh
carry fresh street

check() { # check NODE: nothing of the thief counts, everything honest is there
    [ "$(state_of "$1" "$a")" = reported ] || fail "$1: $a is $(state_of "$1" "$a")"
    [ "$(state_of "$1" "$b")" = reported ] || fail "$1: $b is $(state_of "$1" "$b")"
    [ "$(state_of "$1" "$c")" = fix-claimed ] || fail "$1: $c is $(state_of "$1" "$c")"
    fs "$1" --json show "$a" | grep -q '"signer":"李四"' || fail "$1: the honest signer is gone"
    fs "$1" cert list | grep -q 假网格员 && fail "$1: the thief's certificate counts"
    fs "$1" verify >/dev/null || fail "$1: verify"
}
check street
check fresh

# what the thief goes on writing, rewritten and in new logs, is taken by nobody
fs thief hazard pass "$b" --text 假复查 >/dev/null
fs thief hazard report --grid $grid --code A05 --text 假隐患三 --as li >/dev/null
entries=$(fs street --json status | field entries)
carry thief street
carry street fresh
check street
check fresh
[ "$(fs street --json status | field entries)" = "$entries" ] || fail "entries beyond a revocation were stored"
[ "$(fold street)" = "$(fold fresh)" ] || fail "the nodes differ"
fs street --json held list --limit 0 >"$work/held"
grep -q '"why":"cut"' "$work/held" || fail "what the thief got in is not shown as held: $(cat "$work/held")"
fs street --json list hazards --state all --limit 0 >"$work/list"
grep "$t1" "$work/list" | grep -q '"unverified":1' || fail "a held report is not shown as unverified"
# a report by a key that nobody certified any more is as good as a stranger's: unconfirmed
grep "$t2" "$work/list" | grep -q unconfirmed || fail "the report of a stranger is not marked"

# the officer goes on with the new key, as the same person
fs fresh hazard fix "$a" --text 已清理 --as li >/dev/null
carry fresh street
[ "$(state_of street "$a")" = fix-claimed ] || fail "the new key does not count"
[ "$(fs street --json show "$a" | grep -o '"signer":"李四"' | wc -l)" -eq 2 ] || fail "not one person"
