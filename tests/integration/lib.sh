# Shared by the integration tests; sourced. Each test gets the program as $1 and works in a directory
# of its own that is removed at the end, with every process it started.
# shellcheck shell=sh
set -eu
exec </dev/null # nobody is asked for a PIN
fengsui=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/fengsui.XXXXXX")
pids=
LANG=en # the program's words
export LANG
unset LC_ALL LC_MESSAGES FENGSUI_DATA

finish() {
    code=$?
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in $pids; do
        wait "$pid" 2>/dev/null || true
    done
    if [ "$code" -ne 0 ]; then
        for log in "$work"/*.log; do
            [ -s "$log" ] && { echo "--- $(basename "$log")"; tail -n 40 "$log"; }
        done >&2
    fi
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# fs NODE ARG...: the program on the data directory of this node
fs() {
    node=$1
    shift
    "$fengsui" --data "$work/$node" "$@"
}

# expect CODE COMMAND...: the command must end with this exit code; its stderr is kept in $work/err
expect() {
    want=$1
    shift
    got=0
    "$@" >"$work/out" 2>"$work/err" || got=$?
    [ "$got" -eq "$want" ] || {
        cat "$work/out" "$work/err" >&2
        fail "exit code $got, not $want: $*"
    }
}

# pins LINE...: a private file that answers the questions in turn; its name in $pins
pins() {
    pins=$work/pins
    rm -f "$pins"
    (umask 077 && printf '%s\n' "$@" >"$pins")
}

# says TEXT: the last expected failure (or word on stderr) says so
says() {
    grep -q -e "$1" "$work/err" || fail "does not say '$1': $(cat "$work/err")"
}

# flip FILE AT: the file with the byte at this offset changed, whatever it was
flip() {
    head -c "$2" "$1"
    # shellcheck disable=SC2059
    printf "\\$(printf %03o $(($(od -An -tu1 -j "$2" -N 1 "$1") ^ 1)))"
    tail -c +$(($2 + 2)) "$1"
}

# field NAME: the value of a field (text, number, boolean) of the JSON object on standard input
field() {
    sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1
}

# start NODE [ADDR]: runs the node in the background; sets $pid and $addr
start() {
    log=$work/$1.run.log
    : >"$log"
    "$fengsui" --data "$work/$1" run --listen "${2:-127.0.0.1:0}" --log info >>"$log" 2>&1 &
    pid=$!
    pids="$pids $pid"
    n=0
    until addr=$(sed -n 's/.*listening on //p' "$log" | head -n 1) && [ -n "$addr" ]; do
        kill -0 "$pid" 2>/dev/null || fail "node $1 did not start: $(cat "$log")"
        n=$((n + 1))
        [ "$n" -lt 200 ] || fail "node $1 does not listen"
        sleep 0.05
    done
}

# stop PID: ends a node started here and waits for it
stop() {
    kill "$1"
    wait "$1" 2>/dev/null || true
    pids=$(printf '%s' "$pids" | sed "s/ $1\b//")
}

# until_true SECONDS COMMAND...: the command must succeed within the time
until_true() {
    tries=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || fail "not within the time: $*"
        sleep 0.1
    done
}

# new_street: a street node "street" with two villages, not running
new_street() {
    cat >"$work/villages.csv" <<END
code,name
500118003205,代家店村
500118003206,黄瓜山村
END
    fs street init --name 南大街街道 --street 500118003 --grids "$work/villages.csv" \
        >/dev/null 2>"$work/init.log"
}

# hazards NODE: how many it lists, of every state
hazards() {
    fs "$1" --json list hazards --state all --limit 0 | wc -l | tr -d ' '
}

has_hazards() {
    [ "$(hazards "$1")" -eq "$2" ]
}
