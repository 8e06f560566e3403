#!/bin/sh
# Who may include what: the layers, and one home for each outside library.
#   crypto/base <- crypto <- schema <- sync <- node/driver, node/link <- the rest of node
# usage: layers.sh ROOT METER
set -eu
root=$1
. "$(dirname "$0")/lib.sh"

includes=$(measure "$2" crypto schema sync node tests)
printf '%s\n' "$includes" | awk -F '\t' '
function bad(why) { printf "%s:%s: %s: %s\n", $2, $3, $4, why }
BEGIN {
    # headers of the C library without any I/O, clock or locale: enough for schema, sync, driver
    n = split("assert errno inttypes limits stdalign stdarg stdbool stddef stdint stdlib string", w, " ")
    for (i = 1; i <= n; i++) pure["<" w[i] ".h>"] = 1
    # <stdio.h> for snprintf: purity.sh sees to it that nothing else of it is called
    # outside library -> where it may be included
    home["sodium"] = "^crypto/|^tests/unit/schema/proof_checker[.]c$"
    home["msgpack"] = "^schema/wire"
    home["zstd"] = home["zdict"] = "^schema/pack"
    home["sqlite3"] = "^node/store_"
    home["uv"] = "^node/uv_"
    home["ini"] = "^node/config"
    home["qrencode"] = "^node/qr"
    home["jansson"] = "^node/"
    home["microhttpd"] = "^node/http"
    home["cmocka"] = "^tests/"
}
$1 != "I" { next }
{
    file = $2
    layer = file
    sub(/\/.*/, "", layer)
    pure_part = layer == "schema" || layer == "sync" || file ~ /^node\/(driver|link|ports|store\.h)/
}
$4 ~ /^</ {
    name = $4
    gsub(/[<>]/, "", name)
    sub(/\.h$/, "", name)
    sub(/\/.*/, "", name)
    if (name in home) {
        if (file !~ home[name] && layer != "tests")
            bad("its home is " substr(home[name], 2))
    } else if (pure_part && !($4 in pure) && !(name == "stdio" && layer != "sync"))
        bad("this part has no I/O, clock or outside library")
    next
}
{
    target = $4
    gsub(/"/, "", target)
    if (target !~ /^(crypto|schema|sync|node|tests)\//) {
        bad("include by the path from the root")
        next
    }
    to = target
    sub(/\/.*/, "", to)
    rank["crypto"] = 1; rank["schema"] = 2; rank["sync"] = 3; rank["node"] = 4; rank["tests"] = 5
    if (rank[to] > rank[layer])
        bad(layer " is below " to)
    if (file ~ /^crypto\/base\// && target !~ /^crypto\/base\//)
        bad("crypto/base is the lowest layer")
    if (file ~ /^node\/(driver|link|ports\.h)/ && target ~ /^node\// &&
        target !~ /^node\/(driver[a-z_]*|link[a-z_]*|ports|store(_due|_held|_preview)?)\.h$/)
        bad("driver and link reach the world through ports.h and store*.h only")
    if (file ~ /^node\/store/ && target ~ /^node\/(uv_|http|driver|link)/)
        bad("the store knows neither network nor driver")
    if (file ~ /^node\/uv_/ && target ~ /^node\/store_/)
        bad("main joins network and store")
}' | report layers
