#!/bin/sh
# Processes killed with -9 in mid-work. The village writes hazards while its node syncs with the
# street's; both nodes are killed at random moments again and again. Whatever was acknowledged to the
# caller (its id was printed) is there at the end, on both, and both verify clean.
# FENGSUI_KILLS: how many cycles (default 20).
. "$(dirname "$0")/lib.sh"

kills=${FENGSUI_KILLS:-20}
new_street
start street
street_pid=$pid street_addr=$addr
invite=$(fs street invite --grid 500118003206 --addr "$street_addr")
fs village join "$invite" --name 黄瓜山村 >/dev/null
start village
village_pid=$pid
: >"$work/ids"

# The writer: through the running village node, or on its store when the node was just killed. It
# runs as a process of its own so that writes are under way when the blow falls.
cat >"$work/writer.sh" <<END
n=0
while [ ! -e '$work/stop' ]; do
    n=\$((n + 1))
    id=\$('$fengsui' --data '$work/village' hazard report --grid 500118003206 --code A01 \
        --text "隐患 \$n" 2>/dev/null) && [ \${#id} -eq 32 ] && echo "\$id" >>'$work/ids'
done
END
sh "$work/writer.sh" &
writer=$!
pids="$pids $writer"

kill_hard() {
    kill -9 "$1"
    wait "$1" 2>/dev/null || true
    pids=$(printf '%s' "$pids" | sed "s/ $1\b//")
}

# The store is free again when the writer's own direct access, if any, has ended.
restart() { # restart NODE ADDR
    tries=0
    while :; do
        log=$work/$1.run.log
        : >"$log"
        "$fengsui" --data "$work/$1" run --listen "$2" --log warning >>"$log" 2>&1 &
        pid=$!
        n=0
        while [ "$n" -lt 100 ] && kill -0 "$pid" 2>/dev/null; do
            if grep -q 'listening on' "$log"; then
                pids="$pids $pid"
                return
            fi
            n=$((n + 1))
            sleep 0.02
        done
        wait "$pid" 2>/dev/null || true
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "node $1 does not start again: $(cat "$log")"
    done
}

cycle=0
while [ "$cycle" -lt "$kills" ]; do
    cycle=$((cycle + 1))
    # 0 to 0.5 s, from the kernel's randomness
    sleep "0.$(od -An -N2 -tu2 /dev/urandom | awk '{ printf "%03d", $1 % 500 }')"
    if [ $((cycle % 2)) -eq 1 ]; then
        kill_hard "$village_pid"
        restart village 127.0.0.1:0
        village_pid=$pid
    else
        kill_hard "$street_pid"
        restart street "$street_addr"
        street_pid=$pid
    fi
done
: >"$work/stop"
wait "$writer" || true

count=$(wc -l <"$work/ids" | tr -d ' ')
[ "$count" -gt 0 ] || fail "nothing was written"
until_true 60 "$fengsui" --data "$work/village" sync --timeout 20s
stop "$village_pid"
stop "$street_pid"
for node in village street; do
    fs "$node" --json list hazards --state all --limit 0 |
        sed 's/.*"id":"\([0-9a-f]*\)".*/\1/' | sort >"$work/$node.have"
    sort "$work/ids" | comm -23 - "$work/$node.have" >"$work/$node.lost"
    [ ! -s "$work/$node.lost" ] || fail "$node lost $(wc -l <"$work/$node.lost") of $count"
    fs "$node" verify >"$work/verify.log" 2>&1 || fail "$node: $(cat "$work/verify.log")"
done
cmp "$work/village.have" "$work/street.have" || fail "the two differ"
echo "$kills kills, $count acknowledged, none lost"
