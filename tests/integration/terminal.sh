#!/bin/sh
# PINs, pass phrases and sheets typed at a terminal: nothing of it is shown, a new one is typed twice,
# a mistyped group is named and typed again, and Ctrl-C leaves the terminal as it was.
. "$(dirname "$0")/lib.sh"
typist=$2
tab=$(printf '\t')

# typed CODE NODE ARG...: the program at a terminal, which is typed at by $work/script, with this exit
# code at the end; what the terminal showed is in $work/screen
typed() {
    want=$1 node=$2
    shift 2
    rm -f "$work/screen"
    got=0
    "$typist" "$work/script" "$work/screen" "$fengsui" --data "$work/$node" "$@" || got=$?
    [ "$got" -eq "$want" ] || fail "exit code $got, not $want: $* : $(cat "$work/screen")"
    cat "$work/screen" >>"$work/screens"
}
# script TEXT ANSWER TEXT ANSWER…
script() {
    : >"$work/script"
    while [ $# -gt 0 ]; do
        printf '%s%s%s\n' "$1" "$tab" "$2" >>"$work/script"
        shift 2
    done
}
shown() {
    grep -q -e "$1" "$work/screen" || fail "the terminal does not show '$1': $(cat "$work/screen")"
}

new_street

# a new one: twice, and again from the start when the two differ; too easy a one is refused
script 'new PIN for key' 749203 'once more' 749204 'new PIN for key' 860314 'once more' 860314
typed 0 street key new wang
shown 'the two differ'
script '的新 PIN' 222222 '再输入一遍' 222222
typed 2 street --lang zh key new li
shown 太容易猜
script 'new PIN for key' 860314 'once more' ^C
typed 11 street key new li
shown 'called off'
[ ! -e "$work/street/keys/li.key" ] || fail "a key without a PIN"

# one that is there: wrong, then right; through a running node as well
issue='cert issue --key wang --name 王建国 --role officer --grid 500118003206'
script 'PIN or pass phrase of key' 111117
# the words are meant to be split
# shellcheck disable=SC2086
{
    typed 11 street $issue
    shown '4 attempts are left'
    script 'PIN or pass phrase of key' ^C
    typed 11 street $issue
    fs street --json key list | grep '"key":"wang"' | grep -q '"wrong":1' || fail "called off is no attempt"
    start street
    script 'PIN or pass phrase of key' 111117
    typed 11 street $issue
    shown '3 attempts are left'
    script 'PIN or pass phrase of key' 860314
    typed 0 street $issue
    stop "$pid"
}

# a sheet, some groups a line, one of them mistyped
pins 860314
expect 0 fs street key sheet wang --to "$work/sheet.txt" --pin-file "$pins"
grep -o '[0-9][0-9]=[0-9A-Z]*' "$work/sheet.txt" | sed 's/.*=//' >"$work/groups"
[ "$(wc -l <"$work/groups")" -eq 15 ] || fail "groups of the sheet"
group() { sed -n "$1p" "$work/groups"; }
mistyped=$(group 3 | tr '0-9A-Z' '1-9A-Z0')
set -- 'from group 1' "$(group 1)" 'from group 2' "$(group 2)" 'from group 3' "$mistyped" \
    'from group 3' "$(group 3) $(group 4) $(group 5)"
g=6
while [ $g -le 15 ]; do
    set -- "$@" "from group $g" "$(group $g)"
    g=$((g + 1))
done
script "$@" 'new PIN for key' 555777 'once more' 555777
mkdir "$work/other"
typed 0 other key recover wang
shown 'group 3 is mistyped'
[ "$(stat -c %s "$work/other/keys/wang.key")" = 209 ] || fail "not sealed"

# the pass phrase of a backup is asked for in the same way
script 'pass phrase of the backup' 'wei shan 119' 'once more' 'wei shan 119'
typed 0 street backup create "$work/backup.fsb"
script 'pass phrase of the backup' 'wei shan 118'
typed 7 street backup check "$work/backup.fsb"
script '备份的口令' 'wei shan 119'
typed 0 street --lang zh backup check "$work/backup.fsb"
script '备份的口令' ^C
typed 11 street --lang zh backup check "$work/backup.fsb"
shown 已取消

# nothing that was typed was shown
for secret in 749203 749204 860314 222222 111117 555777 'wei shan' "$mistyped" $(cat "$work/groups"); do
    grep -q -e "$secret" "$work/screens" && fail "the terminal showed '$secret'"
done
[ "$(wc -l <"$work/screens")" -gt 20 ] || fail "nothing was recorded"
