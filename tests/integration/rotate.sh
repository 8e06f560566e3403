#!/bin/sh
# The root key leaves the street's machine and the street works day to day without it. Then the root
# is stolen. After the pre-committed successor took its place nothing that the thief signs with it
# counts, at any node, whether it came before the news of the rotation or after; what the root did
# before stands; the new root certifies and cuts.
. "$(dirname "$0")/lib.sh"

yellow=500118003206 daijia=500118003205
new_street
mv "$work/street/next-root.key" "$work/next.key" # kept elsewhere from the first day
cp "$work/street/root.key" "$work/stolen.key"

# off the machine: to a stick and to paper, each of them enough to check before it goes
pins 'wei shan 119'
expect 0 fs street key export root --to "$work/stick.key" --pin-file "$pins"
expect 0 fs street key export root --paper
cp "$work/out" "$work/root.txt"
expect 0 fs street key remove root --from "$work/root.txt"
[ ! -e "$work/street/root.key" ] || fail "the root is still here"
start street
street_pid=$pid street_addr=$addr

# day to day, with the key that the root issued: two villages join, one by a request file
fs street invite --grid "$yellow" --addr "$street_addr" --file "$work/invite.txt" >/dev/null
expect 0 fs yellow join "$work/invite.txt" --name 黄瓜山村
expect 0 fs daijia join --request "$work/daijia.req" --name 代家店村
expect 0 fs street invite answer "$work/daijia.req" --out "$work/daijia.ans" --grid "$daijia" --addr "$street_addr" --yes
expect 0 fs daijia join --answer "$work/daijia.ans" --yes
for key in wang thief; do
    fs street key new "$key" --no-pin >/dev/null 2>&1
done
expect 0 fs street cert issue --key wang --name 王建国 --role officer --grid ${yellow}001
a=$(fs street hazard report --grid ${yellow}001 --code A01 --as wang)
b=$(fs yellow hazard report --grid ${yellow}002 --code A02)
c=$(fs daijia hazard report --grid ${daijia}001 --code A03)
expect 0 fs street grid add ${yellow}002 二组
expect 3 fs street cert issue --key wang --name 王建国 --role village --grid $daijia --as root
expect 0 fs yellow sync --timeout 20s
expect 0 fs daijia sync --timeout 20s
until_true 10 has_hazards street 3
expect 0 fs yellow sync --timeout 20s

# the thief: the root key, and a copy of the street's directory from before the rotation
stop "$street_pid"
cp -r "$work/street" "$work/copy"
rm -f "$work/copy/control.sock"
village_key=$(fs yellow --json key list | grep '"key":"node"' | field sign_pk)
expect 0 fs copy cert issue --key thief --name 假席位 --role village --grid $yellow --as root --root-key "$work/stolen.key"
expect 0 fs copy --json person dismiss 黄瓜山村 --as root --root-key "$work/stolen.key" --yes
grep -q '"written":true' "$work/out" || fail "the thief's cut was not written: $(cat "$work/out")"
d=$(fs copy hazard report --grid ${yellow}003 --code A01 --text 假 --as thief)
expect 0 fs copy hazard fix "$b" --text 假 --as thief

seats() { # seats NODE: whether the thief's seat counts there
    fs "$1" cert list | grep -q 假席位
}
cut_of_yellow() { # whether a cut of the honest village is in force at NODE
    fs "$1" --json cut list | grep "$village_key" | grep -q '"in_force":true'
}
seats copy || fail "the thief's certificate does not even count at the thief's"
cut_of_yellow copy || fail "nor the cut: $(fs copy --json cut list)"

# it reaches one village before the news of the rotation, and counts there for now
start copy
copy_pid=$pid copy_addr=$addr
expect 0 fs yellow peer remove 南大街街道
expect 0 fs yellow peer add "$copy_addr" --name 南大街街道
fs yellow sync --timeout 5s >/dev/null 2>&1 || true # cut, the village gets no more than that
until_true 10 seats yellow
cut_of_yellow yellow || fail "the cut did not arrive"
expect 7 fs yellow hazard report --grid ${yellow}002 --code B01
stop "$copy_pid"

# the successor takes the root's place
pins 'wei shan 119'
expect 7 fs street root rotate --next-key "$work/stick.key" --pin-file "$pins"
start street
street_pid=$pid street_addr=$addr
entries=$(fs street --json status | field entries)
expect 12 fs street root rotate --next-key "$work/next.key"
says -- --yes
[ "$(fs street --json status | field entries)" = "$entries" ] || fail "a preview of the rotation wrote"
expect 0 fs street --json root rotate --next-key "$work/next.key" --yes
grep -q '"certificates":[1-9]' "$work/out" || fail "no certificate was stated again: $(cat "$work/out")"

# the news goes round; what the thief brings before, after, and again comes to nothing
nothing_of_the_thief() { # nothing_of_the_thief NODE
    honest=$b # what this node may read
    [ "$1" != daijia ] || honest=$c
    seats "$1" && fail "$1: the thief's seat counts"
    cut_of_yellow "$1" && fail "$1: the thief's cut is in force"
    fs "$1" --json show "$honest" | grep -q '"state":"reported"' || fail "$1: the honest report does not count"
    fs "$1" --json held list | grep -q "\"id\":\"$honest" && fail "$1: an honest report is held"
    for name in 王建国 南大街街道 黄瓜山村 代家店村; do
        fs "$1" cert list | grep -q "^$name " || fail "$1: $name lost the certificate"
    done
    fs "$1" verify >/dev/null || fail "$1: verify"
}
to_street() { # to_street NODE: its peer is the street's own node
    fs "$1" peer remove 南大街街道 >/dev/null
    fs "$1" peer add "$street_addr" --name 南大街街道 >/dev/null
    expect 0 fs "$1" sync --timeout 20s
}
to_street yellow
to_street daijia
for node in street yellow daijia; do
    nothing_of_the_thief "$node"
done
[ "$(fs yellow --json held list | wc -l)" -gt 0 ] || fail "the village does not show what the thief wrote as held"

# … after the rotation: a second certificate and a second cut, written where nobody heard of it
expect 0 fs copy cert issue --key thief --name 假席位 --role street --grid 500118003 --as root --root-key "$work/stolen.key"
expect 0 fs copy person dismiss 代家店村 --as root --root-key "$work/stolen.key" --yes
start copy
copy_pid=$pid copy_addr=$addr
for node in daijia yellow; do
    fs "$node" peer remove 南大街街道 >/dev/null
    fs "$node" peer add "$copy_addr" --name 南大街街道 >/dev/null
    fs "$node" sync --timeout 5s >/dev/null 2>&1 || true # the copy may be refused: as good
done
for node in daijia yellow; do
    nothing_of_the_thief "$node"
done
nothing_of_the_thief copy # the thief's own node has heard of it, too
stop "$copy_pid"

# everybody goes on
to_street daijia
to_street yellow
e=$(fs yellow hazard report --grid ${yellow}002 --code B01)
expect 0 fs yellow sync --timeout 20s
expect 0 fs street hazard accept "$e"
expect 0 fs street hazard fix "$a" --text 已清理 --as wang
nothing_of_the_thief street
fs street --json list hazards --state all | grep "$d" | grep -q '"flags":\["unconfirmed"\]' || fail "the thief's report is lost, or counts as an officer's: $(fs street --json list hazards --state all | grep "$d")"

# the old root is of no use any more, and says so; the new one certifies and cuts
expect 7 fs street cert issue --key wang --name 王建国 --role village --grid $daijia --as root \
    --root-key "$work/stick.key" --pin-file "$pins"
says 'replaced'
expect 0 fs street key recover root --from "$work/root.txt" --no-pin
expect 7 fs street --lang zh cert issue --key wang --name 王建国 --role village --grid $daijia --as root
says 取代
stop "$street_pid"
expect 7 fs street cert issue --key wang --name 王建国 --role village --grid $daijia --as root
start street # with the old root.key in its place: it certifies nobody
street_pid=$pid street_addr=$addr
fs street invite --grid $daijia --addr "$street_addr" --file "$work/invite2.txt" >/dev/null
expect 0 fs daijia2 join "$work/invite2.txt" --name 代家店村二号机
fs street cert list | grep -q '^代家店村二号机 ' || fail "a village that joined after the rotation has no certificate"

fs street key new seat --no-pin >/dev/null 2>&1
expect 0 fs street cert issue --key seat --name 新席位 --role village --grid $daijia --as root --root-key "$work/next.key"
to_street daijia
fs daijia cert list | grep -q '^新席位 ' || fail "the new root's certificate does not count at the village"
expect 0 fs street person dismiss 新席位 --to 代家店村 --as root --root-key "$work/next.key" --yes
expect 0 fs daijia sync --timeout 20s
fs daijia --json cut list | grep 新席位 | grep -q '"in_force":true' || fail "the new root's cut is not in force at the village"
for node in street yellow daijia; do
    nothing_of_the_thief "$node"
done
stop "$street_pid"

# Another street learns days later that its root was stolen, and has received in good faith what the
# thief signed: --since takes that back and leaves what had come before.
since_of() { TZ=Asia/Shanghai date -d '-1 seconds' '+%Y-%m-%d %H:%M:%S'; }
expect 0 fs late init --name 二号街道 --street 500118003 --grids "$work/villages.csv"
mv "$work/late/next-root.key" "$work/late-next.key"
cp "$work/late/root.key" "$work/late-stolen.key"
for key in honest lostone after; do
    fs late key new "$key" --no-pin >/dev/null 2>&1
done
expect 0 fs late cert issue --key honest --name 老席位 --role village --grid $yellow --as root
expect 0 fs late cert issue --key lostone --name 早已离职 --role officer --grid $daijia --as root
expect 0 fs late person dismiss 早已离职 --as root --yes
g=$(fs late hazard report --grid ${yellow}002 --code A02 --as honest)
expect 0 fs mole join --request "$work/mole.req" --name 内鬼的节点
expect 0 fs late invite answer "$work/mole.req" --out "$work/mole.ans" --grid $daijia --yes
expect 0 fs mole join --answer "$work/mole.ans" --yes
fs mole key new thief --no-pin >/dev/null 2>&1
sleep 2
stolen=$(since_of)
by_thief="--as root --root-key $work/late-stolen.key"
# shellcheck disable=SC2086
expect 0 fs mole cert issue --key thief --name 假席位 --role village --grid $daijia $by_thief
expect 0 fs mole hazard report --grid ${daijia}001 --code A01 --text 假 --as thief
# shellcheck disable=SC2086
expect 0 fs mole person dismiss 老席位 --to 假席位 $by_thief --yes
expect 0 fs mole bundle export "$work/late.fsb" --all
expect 0 fs late bundle import "$work/late.fsb"
expect 0 fs late cert issue --key after --name 其后席位 --role village --grid $daijia --as root
expect 7 fs late hazard report --grid ${yellow}002 --code B01 --as honest # the thief's cut is in force
fs late cert list | grep -q 假席位 || fail "the thief's certificate did not arrive"

entries=$(fs late --json status | field entries)
expect 2 fs late root rotate --next-key "$work/late-next.key" --since gestern
expect 12 fs late --json root rotate --next-key "$work/late-next.key" --since "$stolen"
for void in '"record":"cert","name":"假席位"' '"record":"cut","name":"老席位"' '"record":"cert","name":"其后席位"'; do
    grep -q "$void" "$work/out" || fail "does not show that it falls away: $void: $(cat "$work/out")"
done
grep -q '"record":"cert","name":"老席位"' "$work/out" && fail "an earlier certificate falls away"
grep -q '"written":false' "$work/out" || fail "does not say that nothing was written"
grep -q "\"id\":\"$g\",\"record\":\"hazard-report\",.*\"begins\":true" "$work/out" ||
    fail "does not show the honest report that counts again: $(cat "$work/out")"
expect 12 fs late --lang zh root rotate --next-key "$work/late-next.key" --since "$stolen"
grep -q '不再有效：证书 其后席位' "$work/out" || fail "no word in Chinese: $(cat "$work/out")"
[ "$(fs late --json status | field entries)" = "$entries" ] || fail "a preview wrote"
expect 0 fs late root rotate --next-key "$work/late-next.key" --since "$stolen" --reason 根钥匙被盗 --yes
fs late cert list >"$work/out"
grep -q 老席位 "$work/out" || fail "an honest seat lost its certificate"
grep -q -e 假席位 -e 其后席位 "$work/out" && fail "a certificate of after the theft counts"
expect 0 fs late hazard report --grid ${yellow}002 --code B01 --as honest # the thief's cut is not
expect 7 fs late hazard report --grid ${daijia}002 --code B01 --as lostone # an old one of the root is
fs late --json show "$g" | grep -q '"state":"reported"' || fail "an honest report does not count"
fs late cut list | grep -q 根钥匙被盗 || fail "no cut of the old root"
expect 0 fs late verify
# once more: nothing is left to do
entries=$(fs late --json status | field entries)
expect 0 fs late root rotate --next-key "$work/late-next.key" --since "$stolen" --yes
[ "$(fs late --json status | field entries)" = "$entries" ] || fail "rotated twice"
expect 0 fs late cert issue --key after --name 其后席位 --role village --grid $daijia --as root --root-key "$work/late-next.key"
