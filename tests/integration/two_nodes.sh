#!/bin/sh
# Two real nodes on the loopback: init, invite, join; a hazard written at the village while nothing
# runs; sync; the street sees it and answers; the village sees the answer live.
. "$(dirname "$0")/lib.sh"

new_street
start street
street_pid=$pid street_addr=$addr
invite=$(fs street invite --grid 500118003206 --addr "$street_addr")
case $invite in fs1-*) ;; *) fail "not an invitation: $invite" ;; esac
fs village join "$invite" --name 黄瓜山村 >/dev/null
[ "$(fs village --json status | field roles)" -ne 0 ] || fail "the village has no certificate"

# an invitation is good once
expect 4 fs thief join "$invite" --name thief --timeout 5s

# offline work at the village, no node running
id=$(fs village hazard report --grid 500118003206001 --code A01 --text 楼道堆放杂物 --address 3组12号)
[ "${#id}" -eq 32 ] || fail "not an id: $id"
has_hazards street 0 || fail "the street knows too early"
fs village sync --timeout 20s >/dev/null
until_true 10 has_hazards street 1
fs street show "$id" | grep -q 楼道堆放杂物 || fail "the street does not show the text"
fs street show "$id" | grep -q 黄瓜山村 || fail "the street does not show the signer"

# both run: what one writes is at the other at once, through the running nodes
start village
village_pid=$pid
until_true 20 sh -c "'$fengsui' --data '$work/village' --json status | grep -q '\"connected\":true'"
fs street hazard accept "$id" --text 收到 >/dev/null
until_true 10 sh -c "'$fengsui' --data '$work/village' --lang zh show $id | grep -q 收到"
fs village hazard assign "$id" --assignee 李四 >/dev/null
fs village hazard fix "$id" --text 已清理 >/dev/null
until_true 10 sh -c "'$fengsui' --data '$work/street' --json show $id | grep -q fix-claimed"
fs street tree | grep -q 黄瓜山村 || fail "no tree"
fs street --json tree | grep -q '"open":1' || fail "the tree does not count"
fs village sync --timeout 20s --json | grep -q '"synced":true' || fail "sync through the node"

# a restart continues where it was
stop "$village_pid"
id2=$(fs village hazard report --grid 500118003206 --code B02 --text 灭火器过期)
start village
until_true 20 has_hazards street 2
fs street list --grid 500118003206 --state open | grep -q "$(printf %.12s "$id2")" || fail "list"
stop "$pid"
stop "$street_pid"
fs street verify >/dev/null
fs village verify >/dev/null
