#!/usr/bin/env bash
# Bytes of no protocol at all thrown at a node's port: it stays up, answers nothing, counts them, and
# still serves a peer.
. "$(dirname "$0")/lib.sh"

new_street
start street
street_pid=$pid street_addr=$addr
port=${street_addr##*:}

throw() { # throw SECONDS: standard input to the port; prints what comes back
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    cat >&3 2>/dev/null || true
    timeout "$1" cat <&3 2>/dev/null || true
    exec 3>&- 3<&-
}

[ -z "$(printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' | throw 4)" ] || fail "answered HTTP"
[ -z "$(head -c 70000 /dev/urandom | throw 4)" ] || fail "answered noise"
[ -z "$(printf '\377\377' | throw 4)" ] || fail "answered a length"
[ -z "$(printf '\000\000' | throw 4)" ] || fail "answered nothing"
[ -z "$({ printf '\000\200'; head -c 128 /dev/urandom; } | throw 4)" ] || fail "answered a message"
kill -0 "$street_pid" || fail "the node died"
refused=$(fs street --json status | sed -n 's/.*"refused_gate":\([0-9]*\).*/\1/p')
[ "$refused" -ge 4 ] || fail "counted $refused"
fs street status | grep -q 'not of this space' || fail "status does not say it"

invite=$(fs street invite --grid 500118003206 --addr "$street_addr")
fs village join "$invite" --name v >/dev/null
[ "$(fs village --json status | field roles)" -ne 0 ] || fail "no certificate"
stop "$street_pid"
