#!/bin/bash
# How fast a node answers its page: a street with the 13 villages and 339 groups of the demo and HAZARDS
# imported hazards, of which two of three are closed. Times of whole requests over loopback, by curl, and,
# where there are Chromium and the packages of the browser tests, the page's first paint with the processor
# slowed six times. Never part of the suite.
# usage: page.sh PROGRAM HAZARDS [MODULES]     MODULES: build/plain/tests/browser/modules
set -euo pipefail
program=$1 count=$2 modules=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
work=$(mktemp -d "${TMPDIR:-/tmp}/fengsui-page.XXXXXX")
pid=
trap '[ -z "$pid" ] || kill "$pid"; wait; rm -rf "$work"' EXIT
export LANG=en
fs() { "$program" --data "$work/street" "$@"; }

{
    echo code,name,synthetic
    while IFS=, read -r code name groups; do
        [ "$code" != code ] || continue
        echo "$code,$name,0"
        for g in $(seq "$groups"); do printf '%s%03d,第%d组,1\n' "$code" "$g" "$g"; done
    done <"$root/node/demo/nandajie.csv"
} >"$work/grids.csv"
fs init --name 南大街街道 --street 500118003 >/dev/null 2>&1
fs import grids "$work/grids.csv" >/dev/null 2>&1
printf '749203\n' >"$work/pin" && chmod 600 "$work/pin"
for who in chen wang; do
    fs key new $who --pin-file "$work/pin" >/dev/null
    fs cert issue --key $who --name $who --role street --grid 500118003 --as root --pin-file "$work/pin" >/dev/null
done
mapfile -t codes < <(tail -n +2 "$root/node/demo/nandajie.csv" | cut -d, -f1)
awk -v n="$count" -v v="${#codes[@]}" 'BEGIN {
    print "id,case,opened,closed,code,text,address,grid"
    for (i = 1; i <= n; i++)
        printf "%d,c%d,2026-%02d-%02d,%s,%d,巡查发现第%d处：楼道堆放杂物，已当面告知,%d号楼%d单元,v%d\n", i, i, i % 10 + 1,
            i % 28 + 1, i % 3 ? sprintf("2026-11-%02d", i % 28 + 1) : "", i % 7, i, i % 97, i % 5, i % v
}' >"$work/hazards.csv"
{
    printf '[source]\nname = bench\nutc_offset = +08:00\ngroups = 20\n[columns]\n'
    for c in id:row case:case opened:opened closed:closed code:code text:text address:address grid:grid; do echo "${c#*:} = ${c%:*}"; done
    printf '[code]\n0 = A01\n1 = A03\n2 = B01\n3 = C02\n4 = D03\n5 = E02\n6 = G02\n[grid]\n'
    for i in "${!codes[@]}"; do echo "v$i = ${codes[$i]}"; done
} >"$work/map.ini"
start=$(date +%s)
printf '749203\n749203\n' >"$work/pins" && chmod 600 "$work/pins"
fs import hazards "$work/hazards.csv" --map "$work/map.ini" --as chen --check-as wang --pin-file "$work/pins" >"$work/import.log" 2>&1
echo "imported in $(($(date +%s) - start)) s: $(tail -n 1 "$work/import.log")"

"$program" --data "$work/street" run --listen 127.0.0.1:0 --http 127.0.0.1:0 >"$work/run.log" 2>&1 &
pid=$!
until grep -q 'page http' "$work/run.log"; do sleep 0.1; done
base=$(sed -n 's/^page \(http:.*\)\/$/\1/p' "$work/run.log")
token=$(curl -s -H 'Content-Type: application/json' -H 'X-Fengsui: en' -d '{"key":"chen","pin":"749203"}' "$base/api/v1/login" |
    sed 's/.*"token":"\([0-9a-f]*\)".*/\1/')
village=${codes[4]}
id=$(curl -s -H "Authorization: Bearer $token" "$base/api/v1/hazards?limit=1" | sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
printf '%-62s %8s %8s\n' 'GET (21 times, one connection)' 'median' 'slowest'
for path in hazards 'hazards?offset=1000' 'hazards?state=all&offset=15000' "hazards?grid=$village" "hazards?grid=$village&state=closed" \
    'hazards?state=fix-claimed' 'hazards?state=reported' 'hazards?overdue=1' 'hazards?due=3' 'hazards?severity=3' 'hazards?code=C02&state=all' \
    "hazards/$id" 'tree?level=3' records/place held sync catalog; do
    printf 'url = "%s/api/v1/%s"\noutput = "/dev/null"\n' "$base" "$path" >"$work/one"
    for _ in $(seq 21); do cat "$work/one"; done >"$work/config"
    curl -s -H "Authorization: Bearer $token" -w '%{time_total}\n' -K "$work/config" | sort -n |
        awk -v p="$path" '{ t[NR] = $1 * 1000 } END { printf "%-62s %5.1f ms %5.1f ms\n", p, t[11], t[NR] }'
done
echo "memory of the node at most: $(awk '/VmHWM/ { print $2 }' "/proc/$pid/status") kB; store: $(du -k "$work/street/fengsui.db" | cut -f1) kB"
echo "load: $(cut -d' ' -f1-3 /proc/loadavg)"
[ -z "$modules" ] || FS_MODULES=$modules node "$here/page_paint.mjs" "$base" 749203
