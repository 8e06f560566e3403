#!/bin/sh
# Keys: PINs and their counter, keys held open by a running node, sheets and sticks, the root off the
# machine; the same through a running node and without one.
. "$(dirname "$0")/lib.sh"

new_street

# a new key is sealed by a PIN that is not too easy; never from the command line
pins 123456
expect 2 fs street key new zhang --pin-file "$pins"
says 123456
expect 2 fs street --lang zh key new zhang --pin-file "$pins"
says 太容易猜
pins 12345
expect 2 fs street key new zhang --pin-file "$pins"
says 'at least 6'
[ ! -e "$work/street/keys/zhang.key" ] || fail "a refused PIN leaves a key"
pins 749203
chmod 644 "$pins"
expect 7 fs street key new zhang --pin-file "$pins"
says 'open to others'
chmod 600 "$pins"
expect 0 fs street key new zhang --pin-file "$pins"
[ "$(stat -c %a:%s "$work/street/keys/zhang.key")" = 600:209 ] || fail "not a sealed key file"
expect 10 fs street key new zhang --pin-file "$pins"
fs street key list >"$work/list"
grep -q '^zhang .*sealed' "$work/list" || fail "not listed as sealed: $(cat "$work/list")"

# a certificate wants the key's consent, an act wants its signature: both ask for the PIN
expect 11 fs street cert issue --key zhang --name 张三 --role officer --grid 500118003206001
says 'pin-file'
expect 0 fs street cert issue --key zhang --name 张三 --role officer --grid 500118003206001 --pin-file "$pins"
report='hazard report --grid 500118003206001 --code A01 --text 一 --as zhang'
# the words are meant to be split
# shellcheck disable=SC2086
{
    expect 11 fs street $report
    expect 0 fs street $report --pin-file "$pins"
    expect 0 fs street $report --pin-file - <"$pins"
    expect 0 fs street $report --pin-file /dev/fd/3 3<"$pins"
    has_hazards street 3 || fail "three reports"
    fs street --json key list >"$work/list"
    grep -q '"key":"zhang".*"name":"张三".*"grids":\["500118003206001"\].*"sealed":true' "$work/list" ||
        fail "list: $(cat "$work/list")"

    # wrong PINs: said, counted over restarts, never harmful
    pins 111112
    for left in 4 3 2 1; do
        expect 11 fs street $report --pin-file "$pins"
        says "$left attempts are left"
    done
    expect 11 fs street $report --pin-file "$pins"
    says 'in 1 minutes'
    pins 749203
    expect 11 fs street $report --pin-file "$pins"
    says 'wait'
    expect 11 fs street --lang zh $report --pin-file "$pins"
    says '已输错 5 次，请等'
    fs street key list | grep -q '^zhang .*locked for 1 more' || fail "the wait is not listed"
    fs street --json key list | grep -q '"key":"zhang".*"locked_until_ms":1' || fail "nor in JSON"
    rm "$work/street/keys/zhang.key.tries" # the counter is lost: as if nothing had been wrong
    expect 0 fs street $report --pin-file "$pins"
    printf 'damaged' >"$work/street/keys/zhang.key.tries"
    chmod 600 "$work/street/keys/zhang.key.tries"
    expect 11 fs street $report --pin-file "$pins"
    says 'wait'
    rm "$work/street/keys/zhang.key.tries"

    # another PIN: the old one is over
    pins 749203 860314
    expect 0 fs street key pin zhang --pin-file "$pins"
    expect 11 fs street $report --pin-file "$pins"
    pins 860314
    expect 0 fs street $report --pin-file "$pins"
    [ ! -e "$work/street/keys/zhang.key.tries" ] || fail "a right PIN does not forgive"

    # a running node holds the key open
    expect 1 fs street key unlock zhang --pin-file "$pins"
    start street
    expect 11 fs street $report
    expect 0 fs street $report --pin-file "$pins"
    expect 11 fs street key unlock zhang
    expect 0 fs street key unlock zhang --minutes 3 --pin-file "$pins"
    expect 0 fs street $report
    fs street key list | grep -q '^zhang .*open, closes after 3' || fail "not listed as open"
    expect 0 fs street key lock zhang
    expect 11 fs street $report
    expect 2 fs street key unlock zhang --minutes 0 --pin-file "$pins"
    expect 2 fs street key unlock zhang --minutes 721 --pin-file "$pins"
    stop "$pid"
}
grep -rq -e 860314 -e 749203 "$work/street" && fail "a PIN stands in the data directory"
grep -q -e 860314 -e 749203 "$work"/*.log && fail "a PIN stands in a log"

# a sheet of a person, typed back elsewhere: the same person
pins 860314
expect 0 fs street key sheet zhang --to "$work/zhang.txt" --pin-file "$pins"
grep -q '张三' "$work/zhang.txt" || fail "no name on the sheet"
[ "$(wc -L <"$work/zhang.txt")" -le 92 ] || fail "the sheet is too wide"
groups=$(grep -o '[0-9][0-9]=[0-9A-Z]*' "$work/zhang.txt")
[ "$(printf '%s\n' "$groups" | wc -l)" -eq 15 ] || fail "groups of the sheet"
person=$(fs street --json key list | grep '"key":"zhang"' | field sign_pk)
mkdir "$work/other"
# shellcheck disable=SC2086
pins $groups 555777
expect 0 fs other key recover zhang --pin-file "$pins"
[ "$(cut -d ' ' -f 2 "$work/out")" = "$person" ] || fail "another key came back"
expect 10 fs other key recover zhang --pin-file "$pins"
printf '%s\n' "$groups" | sed '7s/=./=?/' | tr -d '?' >"$work/typed" # a character is missing in group 7
pins 555777
expect 1 fs other key recover li --from "$work/typed" --pin-file "$pins"
says 'group 7 '
expect 1 fs other --lang zh key recover li --from "$work/typed" --pin-file "$pins"
says 'group 7 '
expect 0 fs other key recover li --from "$work/zhang.txt" --pin-file "$pins"

# the root: to a stick, read back, off the machine; then day to day without it
expect 0 fs street key export root --paper
cp "$work/out" "$work/root.txt"
pins 'wei shan 119'
expect 0 fs street key export root --to "$work/stick.key" --pin-file "$pins"
expect 10 fs street key export root --to "$work/stick.key" --pin-file "$pins"
expect 3 fs street key remove root --from "$work/nothing.key"
expect 11 fs street key remove root --from "$work/stick.key"
expect 10 fs street key remove root --from "$work/zhang.txt"
says 'nothing was removed'
[ -e "$work/street/root.key" ] || fail "the root went without a check"
start street
expect 0 fs street key remove root --from "$work/stick.key" --pin-file "$pins"
[ ! -e "$work/street/root.key" ] || fail "the root is still here"
for round in running alone; do
    expect 0 fs street key new "li$round" --no-pin
    expect 0 fs street cert issue --key "li$round" --name 李四 --role officer --grid 500118003205
    expect 0 fs street hazard report --grid 500118003205 --code A01 --as "li$round"
    expect 0 fs street invite --grid 500118003205
    expect 0 fs street grid add "50011800320500$([ "$round" = alone ] && echo 1 || echo 2)" 组
    expect 3 fs street cert issue --key "li$round" --name 李四 --role village --grid 500118003205 --as root
    says 'root-key FILE'
    expect 11 fs street cert issue --key "li$round" --name 李四 --role village --grid 500118003205 --as root \
        --root-key "$work/stick.key"
    expect 0 fs street cert issue --key "li$round" --name 李四 --role village --grid 500118003205 --as root \
        --root-key "$work/stick.key" --pin-file "$pins"
    chmod 644 "$work/stick.key" # a stick that knows no owners
    expect 7 fs street cert issue --key "li$round" --name 李四 --role village --grid 500118003205 --as root \
        --root-key "$work/street/keys/zhang.key" --pin-file "$pins"
    [ "$round" = alone ] || stop "$pid"
done
fs street verify >/dev/null

# a village joins a street without its root
start street
fs street invite --grid 500118003206 --addr "$addr" --file "$work/invite.txt"
expect 0 fs village join "$work/invite.txt" --name 黄瓜山村
expect 0 fs village sync
fs village cert list | grep -q 黄瓜山村 || fail "the village has no certificate"
stop "$pid"

# the root comes back from its sheet, sealed
pins 'wei shan 120'
expect 0 fs street key recover root --from "$work/root.txt" --pin-file "$pins"
expect 11 fs street cert issue --key lialone --name 李四 --role officer --grid 500118003205 --as root
expect 0 fs street cert issue --key lialone --name 李四 --role officer --grid 500118003205 --as root --pin-file "$pins"

# the node's own key sealed: typed, or from a file for an unattended start
pins 'a long phrase of ours'
expect 0 fs street key seal node --pin-file "$pins"
expect 11 fs street status
expect 0 fs street status --pin-file "$pins"
expect 0 fs street status --key-passphrase-file "$pins"
mkdir "$work/credentials"
cp "$pins" "$work/credentials/fengsui-key"
CREDENTIALS_DIRECTORY=$work/credentials
export CREDENTIALS_DIRECTORY
start street
expect 0 fs street status
stop "$pid"
expect 11 fs street key unseal node # open in memory is not enough
expect 0 fs street key unseal node --pin-file "$pins"
unset CREDENTIALS_DIRECTORY
expect 0 fs street status

# a node's sheet has both secrets and is not taken for a person's
expect 0 fs village key sheet node --to "$work/node.txt"
pins 'a long phrase of ours'
expect 2 fs other key recover wang --from "$work/node.txt" --pin-file "$pins"
expect 0 fs other key recover node --from "$work/node.txt" --no-pin
cmp -s "$work/other/node.key" "$work/village/node.key" || fail "not the same node key"

# all is lost: the office above gives the person a new key, and the person stays the same
expect 0 fs street key new zhang2 --no-pin
expect 3 fs street cert renew 王五 --key zhang2
expect 0 fs street --json cert renew 张三 --key zhang2
renewed=$(field person <"$work/out")
[ -n "$renewed" ] || fail "no person"
expect 10 fs street cert renew 张三 --key zhang2
expect 0 fs street hazard report --grid 500118003206001 --code A01 --as zhang2
[ "$(fs street cert list | grep -c '^张三 .*500118003206001')" -eq 2 ] || fail "two keys of one person"

# the successor takes the root's place
pins 'wei shan 120'
expect 7 fs street root rotate --next-key "$work/street/root.key" --pin-file "$pins"
cp "$work/street/next-root.key" "$work/next.key"
expect 0 fs street --json root rotate --next-key "$work/next.key" --yes
grep -q '"certificates":[1-9]' "$work/out" || fail "no certificate was stated again"
fs street verify >/dev/null
expect 0 fs street hazard report --grid 500118003205 --code A01
expect 0 fs street cert issue --key zhang2 --name 张三 --role officer --grid 500118003206 --as root \
    --root-key "$work/next.key"
