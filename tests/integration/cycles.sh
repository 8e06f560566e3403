#!/bin/bash
# Kill, restore, copy: a street and a village that write and sync on the loopback go through cycles,
# each one of
#   kill      either node is killed with -9 while the village writes
#   restore   the village's directory is destroyed; an older backup goes into a new directory
#   twins     the village's directory is copied with cp -a; both write, one after the other or at the
#             same time, with the street reachable or not; then one of them is destroyed
#   image     the same with a disk image that nothing tells from its original (fengsui_image): the
#             second one writes after it has met the street, which knows what the first one wrote; or
#             both write while neither reaches anybody, so that their log forks when they do
# After each: the street has every hazard whose id was printed, and no log is forked but by images
# that wrote out of reach. Those are told what to do, and adopt what the fork holds.
# FENGSUI_CYCLES: how many (default 24); FENGSUI_SEED: the choices; FENGSUI_KINDS: of these kinds only.
# usage: cycles.sh FENGSUI FENGSUI_IMAGE
. "$(dirname "$0")/lib.sh"
image=$2
real=$fengsui

cycles=${FENGSUI_CYCLES:-24}
RANDOM=${FENGSUI_SEED:-$$}
seed=${FENGSUI_SEED:-$$}
read -r -a kinds <<<"${FENGSUI_KINDS:-kill kill restore twins twins image}"
(umask 077 && echo 'a pass phrase of cycles' >"$work/pass")
: >"$work/ids"
declare -A done_of=([kill]=0 [restore]=0 [twins]=0 [image]=0)
unclean=0

hard() { # hard PID: kill -9
    kill -9 "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    pids=$(printf '%s' "$pids" | sed "s/ $1\b//")
}

# up NODE [ADDR]: as start, but over a store that a killed writer still holds
up() {
    local tries=0 n
    while :; do
        log=$work/$1.run.log
        : >"$log"
        "$fengsui" --data "$work/$1" run --listen "${2:-127.0.0.1:0}" --log warning >>"$log" 2>&1 &
        pid=$!
        n=0
        while [ "$n" -lt 400 ] && kill -0 "$pid" 2>/dev/null; do
            if grep -q 'listening on' "$log"; then
                pids="$pids $pid"
                return
            fi
            n=$((n + 1))
            sleep 0.02
        done
        wait "$pid" 2>/dev/null || true
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || fail "node $1 does not start again: $(cat "$log")"
        sleep 0.05
    done
}

# report NODE N: N hazards; those acknowledged are remembered
report() {
    local n=0 id
    while [ "$n" -lt "$2" ]; do
        n=$((n + 1))
        id=$("$fengsui" --data "$work/$1" hazard report --grid 500118003206 --code A01 \
            --text "$1 $cycle.$n" 2>>"$work/report.err") || continue
        [ ${#id} -eq 32 ] && echo "$id" >>"$work/ids"
    done
}

# heal NODE: every hazard that was acknowledged is at the street. A running node pushes what it has by
# itself; after a while it is asked to.
heal() {
    local tries=0
    [ ! -S "$work/$1/control.sock" ] || while [ "$tries" -lt 12 ]; do
        ! all_at_street || return 0
        tries=$((tries + 1))
        sleep 0.05
    done
    until_true 60 "$fengsui" --data "$work/$1" sync --timeout 20s
}

all_at_street() {
    have street >"$work/street.have"
    sort "$work/ids" | comm -23 - "$work/street.have" >"$work/lost"
    [ ! -s "$work/lost" ]
}

forks() {
    "$fengsui" --data "$work/$1" --json status | field forks
}

have() {
    "$fengsui" --data "$work/$1" --json list hazards --state all --limit 0 |
        sed 's/.*"id":"\([0-9a-f]*\)".*/\1/' | sort
}

check_street() {
    all_at_street ||
        fail "cycle $cycle ($kind, seed $seed): lost: $(wc -l <"$work/lost"): $(head -n 3 "$work/lost")"
    for node in street "$village"; do
        [ "$(forks "$node")" -le "$apart" ] ||
            fail "cycle $cycle ($kind, seed $seed): $node sees $(forks "$node") forks, $apart are due"
    done
}

# end: the village's node goes, cleanly or not
end_village() {
    if [ $((RANDOM % 2)) -eq 0 ]; then
        stop "$village_pid"
    else
        hard "$village_pid"
        unclean=$((unclean + 1))
    fi
}

do_kill() {
    report "$village" 12 &
    local writer=$!
    sleep "0.$(printf %03d $((RANDOM % 150)))"
    if [ $((RANDOM % 2)) -eq 0 ]; then
        hard "$village_pid"
        up "$village"
        village_pid=$pid
    else
        hard "$street_pid"
        up street "$street_addr"
        street_pid=$pid
    fi
    wait "$writer" || true
    heal "$village"
}

# The machine is lost with what is on it, so what it had acknowledged has to be at the street before:
# that is what the link is for. What the older backup lacks comes back from there.
do_restore() {
    report "$village" 3
    heal "$village"
    end_village
    rm -rf "${work:?}/$village"
    generation=$((generation + 1))
    village=village$generation
    "$fengsui" --data "$work/$village" restore "$backup" --passphrase-file "$work/pass" \
        >"$work/restore.log" 2>&1 || fail "restore: $(cat "$work/restore.log")"
    if [ $((RANDOM % 2)) -eq 0 ]; then
        report "$village" 2 # before it met anybody
    else
        heal "$village"
    fi
    up "$village"
    village_pid=$pid
    report "$village" 2
    heal "$village"
    backup=$work/backup.$generation
    report "$village" 4 & # the backup does not hold the node up
    local writer=$!
    "$fengsui" --data "$work/$village" backup create "$backup" --passphrase-file "$work/pass" \
        >"$work/backup.log" 2>&1 || fail "backup: $(cat "$work/backup.log")"
    wait "$writer"
    heal "$village"
}

# Which of the two goes on: the other is destroyed.
keep_one() { # keep_one COPY
    if [ $((RANDOM % 2)) -eq 0 ]; then
        rm -rf "${work:?}/$village"
        village=$1
    else
        rm -rf "${work:?}/$1"
    fi
}

do_twins() {
    local copy
    generation=$((generation + 1))
    copy=village$generation
    end_village
    cp -a "$work/$village" "$work/$copy"
    case $((RANDOM % 3)) in
    0) # offline, one after the other
        report "$village" 2
        report "$copy" 2
        report "$village" 1
        ;;
    1) # online, one after the other
        report "$village" 2
        heal "$village"
        report "$copy" 2
        heal "$copy"
        report "$village" 1
        ;;
    2) # both at the same time, with the street in reach
        up "$village"
        village_pid=$pid
        up "$copy"
        report "$village" 3 &
        local writer=$!
        report "$copy" 3
        wait "$writer"
        stop "$pid"
        stop "$village_pid"
        ;;
    esac
    heal "$village"
    heal "$copy"
    keep_one "$copy"
    up "$village"
    village_pid=$pid
    heal "$village"
}

# Both have written where nobody heard of the other; then both meet the street.
meet_apart() { # meet_apart COPY
    apart=$((apart + 1))
    report "$village" 3
    report "$1" 3
    heal "$village"
    heal "$1"
    told "$1"
    heal "$village"
    told "$village"
    report "$1" 1
    report "$village" 1
    heal "$1"
    heal "$village"
    [ $((RANDOM % 2)) -eq 0 ] || settle
}

# The one line that the operator gets.
told() {
    "$fengsui" --data "$work/$1" status >"$work/status.log" || fail "status of $1"
    grep -q "^! .*fengsui cut fork '黄瓜山村' --yes" "$work/status.log" ||
        fail "cycle $cycle ($kind, seed $seed): $1 does not say what to do: $(cat "$work/status.log")"
}

settle() {
    "$real" --data "$work/street" cut fork 黄瓜山村 --yes >"$work/cut.log" 2>&1 ||
        fail "cycle $cycle ($kind, seed $seed): cut fork: $(cat "$work/cut.log")"
}

do_image() {
    local copy
    generation=$((generation + 1))
    copy=village$generation
    stop "$village_pid"
    fengsui=$image
    report "$village" 1 # closed by this program: the image will not notice
    cp -a "$work/$village" "$work/$copy"
    if [ $((RANDOM % 2)) -eq 0 ]; then
        meet_apart "$copy"
    else
        report "$village" 3
        heal "$village"
        heal "$copy" # it hears what its twin wrote
        report "$copy" 3
        heal "$copy"
        report "$village" 1
        heal "$village"
    fi
    fengsui=$real
    keep_one "$copy"
    up "$village"
    village_pid=$pid
    heal "$village"
}

nothing_held() {
    [ "$("$fengsui" --data "$work/street" --json status | field held)" -eq 0 ]
}

cycle=0 generation=0 apart=0 kind=start village=village0
new_street
start street
street_pid=$pid street_addr=$addr
invite=$(fs street invite --grid 500118003206 --addr "$street_addr")
fs village0 join "$invite" --name 黄瓜山村 >/dev/null
up village0
village_pid=$pid
report village0 2
heal village0
backup=$work/backup.0
fs village0 backup create "$backup" --passphrase-file "$work/pass" >/dev/null
fs village0 backup check "$backup" --passphrase-file "$work/pass" >/dev/null

limit=$((SECONDS + ${FENGSUI_SECONDS:-100000}))
while [ "$cycle" -lt "$cycles" ] && [ "$SECONDS" -lt "$limit" ]; do
    cycle=$((cycle + 1))
    kind=${kinds[RANDOM % ${#kinds[@]}]}
    "do_$kind"
    done_of[$kind]=$((done_of[$kind] + 1))
    check_street
    rm -f "$work"/village*.run.log
done
heal "$village"
until_true 60 nothing_held || fail "the street still holds what images wrote apart"
stop "$village_pid"
stop "$street_pid"
for node in street "$village"; do
    fs "$node" verify >"$work/verify.log" 2>&1 || fail "$node: $(cat "$work/verify.log")"
done
have "$village" >"$work/village.have"
cmp "$work/village.have" "$work/street.have" || fail "the two differ"
count=$(wc -l <"$work/ids" | tr -d ' ')
echo "seed $seed: $cycle cycles (kill ${done_of[kill]}, restore ${done_of[restore]}," \
    "twins ${done_of[twins]}, image ${done_of[image]}; $unclean of them after kill -9):" \
    "$count acknowledged, 0 lost, $apart own forks, all of images that wrote apart," \
    "$(fs street --json status | field logs) logs"
