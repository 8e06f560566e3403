#!/bin/sh
# Enrolment with no network: a village by request file and answer file, an officer by a request; what
# is damaged, of another machine or of another street is named and changes nothing; a join that was
# killed goes on; invitations are listed, revoked, and may be used by file.
. "$(dirname "$0")/lib.sh"

new_street
print_of() { sed -n 's/^fingerprint *//p' "$1" | head -n 1; }

# the village asks; asking again gives the same file
expect 2 fs village join --request "$work/v.req"
expect 0 fs village join --request "$work/v.req" --name 黄瓜山村 --grid 500118003206
print_v=$(print_of "$work/out")
[ "${#print_v}" -eq 35 ] || fail "not six groups of digits: '$print_v'"
expect 0 fs village join --request "$work/v.req" --name 黄瓜山村 --grid 500118003206
expect 10 fs village join --request "$work/v.req" --name 别的名字
expect 0 fs village join --request "$work/v2.req" --name 黄瓜山村 --grid 500118003206
cmp -s "$work/v.req" "$work/v2.req" || fail "a second request differs"
[ ! -e "$work/village/fengsui.db" ] || fail "a request made a store"
expect 3 fs village status

# the street looks first, writes only when told to
expect 12 fs street invite answer "$work/v.req" --out "$work/v.ans" </dev/null
grep -q 黄瓜山村 "$work/err" || fail "does not show who asks"
grep -q "$print_v" "$work/err" || fail "does not show the fingerprint: $(cat "$work/err")"
grep -q 500118003206 "$work/err" || fail "does not show the grid"
space=$(sed -n 's/^this street *//p' "$work/err")
[ ! -e "$work/v.ans" ] || fail "an answer before it was agreed to"
[ "$(fs street cert list | grep -c 黄瓜山村)" = 0 ] || fail "a certificate before it was agreed to"
expect 0 fs street invite answer "$work/v.req" -o "$work/v.ans" --addr 127.0.0.1:1 --yes
[ "$(fs street cert list | grep -c 黄瓜山村)" = 1 ] || fail "no certificate"

# answered again: the same certificate; other rights: a renewed one
expect 0 fs street invite answer "$work/v.req" --out "$work/v2.ans" --yes
[ "$(fs street cert list | grep -c 黄瓜山村)" = 1 ] || fail "a second certificate for nothing"

# damaged requests
head -c 100 "$work/v.req" >"$work/cut.req"
expect 1 fs street invite answer "$work/cut.req" --out "$work/x.ans" --yes
grep -q -i request "$work/err" || fail "does not name the request: $(cat "$work/err")"
flip "$work/v.req" 60 >"$work/flip.req"
expect 6 fs street invite answer "$work/flip.req" --out "$work/x.ans" --yes
expect 1 fs street invite answer "$work/villages.csv" --out "$work/x.ans" --yes
expect 3 fs street invite answer "$work/none.req" --out "$work/x.ans" --yes
[ ! -e "$work/x.ans" ] || fail "an answer to a damaged request"

# damaged and strange answers change nothing
n=$(wc -c <"$work/v.ans")
for keep in 0 3 40 $((n / 2)) $((n - 1)); do
    head -c "$keep" "$work/v.ans" >"$work/cut.ans"
    expect 1 fs village join --answer "$work/cut.ans" --yes
    grep -q -i answer "$work/err" || fail "does not name the answer: $(cat "$work/err")"
done
for at in 60 $((n / 2)) $((n - 80)); do
    flip "$work/v.ans" "$at" >"$work/flip.ans"
    got=0
    fs village join --answer "$work/flip.ans" --yes >/dev/null 2>"$work/err" || got=$?
    [ "$got" -eq 6 ] || [ "$got" -eq 1 ] || fail "flip at $at: exit $got"
done
expect 3 fs fresh join --answer "$work/v.ans" --yes
grep -q -- --request "$work/err" || fail "does not say what comes first"
fs other join --request "$work/o.req" --name 代家店村 --grid 500118003205 >"$work/o.out" 2>/dev/null
expect 10 fs other join --answer "$work/v.ans" --yes
grep -q "$print_v" "$work/err" || fail "does not say whose answer it is: $(cat "$work/err")"
grep -q "$(print_of "$work/o.out")" "$work/err" || fail "does not say what was asked here"
for node in village other fresh; do
    [ ! -e "$work/$node/fengsui.db" ] || fail "$node has half a store"
done

# the village takes the answer when the street is the right one
expect 12 fs village join --answer "$work/v.ans" </dev/null
grep -q "$space" "$work/err" || fail "does not show the street's fingerprint"
expect 10 fs village join --answer "$work/v.ans" --space "00000 00000 00000 00000 00000 00000"
[ ! -e "$work/village/fengsui.db" ] || fail "a store before it was agreed to"
expect 0 fs village join --answer "$work/v.ans" --space "$space"
[ "$(fs village --json status | field roles)" -ne 0 ] || fail "the village has no certificate"
expect 10 fs village join --answer "$work/v.ans" --yes
expect 0 fs village verify
fs village peer list | grep -q 127.0.0.1:1 || fail "no address of the street"
fs village grid list | grep -q 代家店村 || fail "no grids from the answer"

# it works at once, with no network
id=$(fs village hazard report --grid 500118003206 --code A01 --text 楼道堆放杂物)
fs village show "$id" | grep -q 黄瓜山村 || fail "not signed by the village"

# an officer: the key is made here, certified here by the village's seat, and works
fs village key new li >/dev/null
expect 0 fs village key request li -o "$work/li.req" --name 李四 --role officer --grid 500118003206
print_li=$(print_of "$work/out")
expect 2 fs village invite answer "$work/li.req" --out "$work/x.ans" --yes
expect 2 fs street cert answer "$work/v.req" --yes
expect 12 fs village cert answer "$work/li.req" </dev/null
grep -q "$print_li" "$work/err" || fail "does not show the officer's fingerprint"
expect 0 fs village cert answer "$work/li.req" --yes
expect 0 fs village cert answer "$work/li.req" --yes
[ "$(fs village cert list | grep -c 李四)" = 1 ] || fail "the officer's certificates"
id2=$(fs village hazard report --grid 500118003206 --code B02 --text 灭火器过期 --as li)
fs village show "$id2" | grep -q 李四 || fail "not signed by the officer"
# who may not give it says so
expect 7 fs village cert answer "$work/li.req" --role street --yes
expect 0 fs village hazard report --grid 500118003206 --code A01 --as li

# a key that was revoked is not certified again, by neither kind of request: the refusal says which
# cut, and what to do
cut_of() { fs "$1" --json cut list | grep "$2" | field id | cut -c 1-12; }
fs village key new zhou --no-pin >/dev/null 2>&1
fs village key request zhou -o "$work/zhou.req" --name 周七 --role officer --grid 500118003206 >/dev/null 2>&1
expect 0 fs village cert answer "$work/zhou.req" --yes
expect 0 fs village person dismiss 周七 --yes
entries=$(fs village --json status | field entries)
expect 7 fs village cert answer "$work/zhou.req" --yes
says "$(cut_of village 周七)"
says 'key new'
expect 7 fs village --lang zh cert answer "$work/zhou.req"
says 已被吊销
[ "$(fs village --json status | field entries)" = "$entries" ] || fail "a certificate for a revoked key"
fs old join --request "$work/old.req" --name 旧机 >/dev/null 2>&1
fs new join --request "$work/new.req" --name 新机 >/dev/null 2>&1
for node in old new; do
    expect 0 fs street invite answer "$work/$node.req" --out "$work/$node.ans" --grid 500118003205 --yes
done
expect 0 fs street person dismiss 旧机 --to 新机 --as root --yes
expect 7 fs street invite answer "$work/old.req" --out "$work/old2.ans" --grid 500118003205 --yes
says "$(cut_of street 旧机)"
says 'join --request'
[ ! -e "$work/old2.ans" ] || fail "an answer for a revoked key"
expect 0 fs street invite answer "$work/new.req" --out "$work/new2.ans" --grid 500118003205 --yes

# when there is a network after all, the street sees both signed by the right one
start street
street_pid=$pid
fs village peer list --json | sed -n 's/.*"kx":"\([0-9a-f]*\)".*/\1/p' >"$work/kx"
fs village peer add "$addr" --kx "$(head -n 1 "$work/kx")" >/dev/null
fs village sync --timeout 20s >/dev/null
until_true 10 has_hazards street 3
fs street show "$id2" | grep -q 李四 || fail "the street does not show the officer"
stop "$street_pid"

# by an invitation, still without a network: the space is vouched for, it is good once, and not after
# it was revoked
fs street invite --grid 500118003205 --addr 10.0.0.1:7119 --file "$work/inv.txt"
expect 0 fs street invite list
grep -q 'open 500118003205 .*10.0.0.1:7119' "$work/out" || fail "invite list: $(cat "$work/out")"
expect 0 fs other join "$work/inv.txt" --request "$work/oi.req" --name 代家店村
expect 0 fs thief join "$work/inv.txt" --request "$work/t.req" --name 贼
expect 0 fs street invite answer "$work/oi.req" --out "$work/oi.ans" --yes
grep -q 500118003205 "$work/err" || fail "not the grid of the invitation"
expect 7 fs street invite answer "$work/t.req" --out "$work/t.ans" --yes
expect 0 fs street invite answer "$work/oi.req" --out "$work/oi2.ans" --yes
fs street invite list | grep -q 'used 500118003205' || fail "not marked as used"
expect 0 fs other join --answer "$work/oi.ans"
[ "$(fs other --json status | field roles)" -ne 0 ] || fail "no certificate by invitation"

# an invitation that is revoked is good for nothing; one of another street is named
fs street --json invite --grid 500118003205 --addr 10.0.0.1:7119 >"$work/inv2.json"
fs late join "$(field invite <"$work/inv2.json")" --request "$work/l.req" --name 迟到 >/dev/null 2>&1
expect 0 fs street invite revoke "$(field id <"$work/inv2.json")"
expect 7 fs street invite answer "$work/l.req" --out "$work/l.ans" --yes
expect 3 fs street invite revoke 00000000
fs street invite list | grep -q revoked || fail "not shown as revoked"
fs street2 init --name 另一街道 --street 500118004 >/dev/null 2>&1
expect 10 fs street2 invite answer "$work/l.req" --out "$work/l.ans" --yes
fs street invite --grid 500118003205 --expires 1s --file "$work/inv3.txt"
sleep 2.1
fs late2 join "$work/inv3.txt" --request "$work/l2.req" --name 迟到 >/dev/null 2>&1
expect 7 fs street invite answer "$work/l2.req" --out "$work/l2.ans" --yes
fs street invite list | grep -q expired || fail "not shown as expired"

# killed at any point of taking the answer, it goes on by the same command
fs k join --request "$work/k.req" --name 黄瓜山村二号 --grid 500118003206 >/dev/null 2>&1
fs street invite answer "$work/k.req" --out "$work/k.ans" --yes >/dev/null 2>&1
rm -rf "$work/k0"
cp -r "$work/k" "$work/k0"
for wait in 0 0.002 0.004 0.006 0.008 0.01 0.013 0.016 0.02 0.03; do
    rm -rf "$work/k"
    cp -r "$work/k0" "$work/k"
    "$fengsui" --data "$work/k" join --answer "$work/k.ans" --yes >/dev/null 2>&1 &
    victim=$!
    sleep "$wait"
    kill -9 "$victim" 2>/dev/null || true
    wait "$victim" 2>/dev/null || true
    got=0
    fs k join --answer "$work/k.ans" --yes >/dev/null 2>"$work/err" || got=$?
    [ "$got" -eq 0 ] || [ "$got" -eq 10 ] || fail "after a kill at $wait s: exit $got: $(cat "$work/err")"
    [ "$(fs k --json status | field roles)" -ne 0 ] || fail "no node after a kill at $wait s"
    fs k verify >/dev/null || fail "verify after a kill at $wait s"
done

# a QR code is the invitation
fs street invite --grid 500118003205 --addr 10.0.0.1:7119 --qr >"$work/qr.txt"
grep -q '█' "$work/qr.txt" || fail "no QR code"
grep -q '^fs1-' "$work/qr.txt" || fail "no text beside the QR code"
