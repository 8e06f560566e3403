#!/bin/sh
# The page's port under attack, on a real node: slow and endless requests, a thousand connections that ask
# for nothing, paths that climb, names and origins that are not ours, JSON that is nearly right. It goes on
# serving, answers in the known ways only, and what it stores stays whole.
. "$(dirname "$0")/lib.sh"
hostile=$2

new_street
pins 749203
fs street key new wang --pin-file "$pins" >/dev/null
fs street cert issue --key wang --name 王建国 --role village,officer --grid 500118003206 --as root --pin-file "$pins" >/dev/null
log=$work/street.run.log
"$fengsui" --data "$work/street" run --listen 127.0.0.1:0 --http 127.0.0.1:0 >"$log" 2>&1 &
pid=$!
pids="$pids $pid"
until_true 10 grep -q 'page http://' "$log"
port=$(sed -n 's/^page http:.*:\([0-9]*\)\/$/\1/p' "$log")
base=http://127.0.0.1:$port
json='Content-Type: application/json'
ours='X-Fengsui: en'

ask() { # ask STATUS CURL-ARG...
    want=$1
    shift
    got=$(curl -s -o "$work/out" -w '%{http_code}' --max-time 20 "$@") || fail "curl: $*"
    [ "$got" = "$want" ] || fail "status $got, not $want: $* : $(head -c 400 "$work/out")"
}

# Slow ones begin, and are looked at again at the end. The headers never end; the body trickles.
printf 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: %s' "$(printf 'a%.0s' $(seq 900))" >"$work/headers"
printf 'POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\nContent-Length: 900\r\n\r\n' "$json" >"$work/body"
"$hostile" slow "$port" "$work/headers" >"$work/slow.headers" &
slow_headers=$!
"$hostile" slow "$port" "$work/body" >"$work/slow.body" &
slow_body=$!
pids="$pids $slow_headers $slow_body"

ask 200 -H "$json" -H "$ours" -d '{"key":"wang","pin":"749203"}' "$base/api/v1/login"
token=$(field token <"$work/out")
auth="Authorization: Bearer $token"
ask 200 -H "$auth" -H "$json" -H "$ours" -d '{"grid":"500118003206","code":"A01"}' "$base/api/v1/hazards"
id=$(field id <"$work/out")

# nothing outside of the page is reachable, however it is written
for path in ../fengsui.db ../../etc/passwd ..%2f..%2fetc%2fpasswd %2e%2e/%2e%2e/etc/passwd ....//etc/passwd \
    '..\..\etc\passwd' ..%5c..%5cetc%5cpasswd %2fetc%2fpasswd /etc/passwd keys/wang.key index.html/../../keys \
    ..%00/index.html %c0%ae%c0%ae/passwd .; do
    got=$(curl -s -o "$work/out" -w '%{http_code}' --path-as-is --max-time 20 "$base/$path") || fail "curl: $path"
    case $got in 400 | 404) ;; *) fail "$path is answered by $got: $(head -c 100 "$work/out")" ;; esac
    got=$(curl -s -o "$work/out" -w '%{http_code}' --path-as-is --max-time 20 -H "$auth" "$base/api/v1/hazards/$path")
    case $got in 400 | 404 | 405 | 422) ;; *) fail "hazards/$path is answered by $got: $(head -c 100 "$work/out")" ;; esac
done

for query in tree?grid=x tree?level=9 tree?level=-1 tree?grid=--help hazards?code=%27 hazards?offset=99999999999 \
    hazards?state=open%00 held?limit=x records/place?grid=1; do
    got=$(curl -s -o "$work/out" -w '%{http_code}' --max-time 20 -H "$auth" "$base/api/v1/$query") || fail "curl: $query"
    case $got in 200 | 400 | 422) ;; *) fail "$query is answered by $got: $(head -c 200 "$work/out")" ;; esac
done

# a name that was rebound to this machine, for reading and writing, with a session and without
for host in evil.example "evil.example:$port" 127.0.0.1.evil.example localhost.evil.example 10.0.0.1 '[::2]' 0.0.0.0 ''; do
    for path in / index.js healthz api/v1/me api/v1/hazards; do
        got=$(curl -s -o "$work/out" -w '%{http_code}' --max-time 20 -H "Host: $host" -H "$auth" "$base/$path")
        case $got in 400 | 421) ;; *) fail "Host '$host' $path is answered by $got" ;; esac
    done
    got=$(curl -s -o "$work/out" -w '%{http_code}' --max-time 20 -H "Host: $host" -H "$auth" -H "$json" -H "$ours" \
        -d '{"grid":"500118003206","code":"A01"}' "$base/api/v1/hazards")
    case $got in 400 | 421) ;; *) fail "Host '$host' may write: $got" ;; esac
done

# what a page of another site can make a browser send changes nothing, at any address that changes
for path in login logout hazards emergencies "hazards/$id/fix" records/place "records/place/$id" sync; do
    url=$base/api/v1/$path
    body='{"grid":"500118003206","code":"A01","name":"x","kind":"shop","key":"wang","pin":"749203"}'
    for origin in http://evil.example "http://127.0.0.1:1" null "http://127.0.0.1:$port.evil.example" "file://"; do
        ask 403 -H "$auth" -H "$json" -H "$ours" -H "Origin: $origin" -d "$body" "$url"
    done
    for site in cross-site same-site; do
        ask 403 -H "$auth" -H "$json" -H "$ours" -H "Sec-Fetch-Site: $site" -d "$body" "$url"
    done
    for type in text/plain application/x-www-form-urlencoded 'multipart/form-data; boundary=x'; do
        ask 415 -H "$auth" -H "$ours" -H "Content-Type: $type" -d "$body" "$url"
    done
    ask 405 -X PUT -H "$auth" -H "$json" -H "$ours" -d "$body" "$url"
    ask 405 -X OPTIONS -H "Origin: http://evil.example" -H 'Access-Control-Request-Method: POST' "$url"
    curl -s -D - -o /dev/null --max-time 20 -H "Origin: http://evil.example" "$url" | grep -qi 'access-control' &&
        fail "$path answers CORS"
done
# without our own header nothing is written
for path in hazards emergencies "hazards/$id/fix" records/place "records/place/$id"; do
    got=$(curl -s -o "$work/out" -w '%{http_code}' --max-time 20 -H "$auth" -H "$json" \
        -d '{"grid":"500118003206","code":"A01","name":"x","kind":"shop"}' "$base/api/v1/$path")
    case $got in 404 | 422) ;; *) fail "$path without X-Fengsui: $got" ;; esac
done
[ "$(hazards street)" -eq 1 ] || fail "something was written"

# too much
head -c 70000 /dev/zero | tr '\0' ' ' >"$work/large"
ask 413 -H "$auth" -H "$json" -H "$ours" --data-binary "@$work/large" "$base/api/v1/hazards"
ask 413 -H "$auth" -H "$json" -H "$ours" -H 'Transfer-Encoding: chunked' --data-binary "@$work/large" "$base/api/v1/hazards"
ask 413 -H "$json" -H "$ours" --data-binary "@$work/large" "$base/api/v1/login"
tr ' ' a <"$work/large" >"$work/name"
got=$(curl -s -o /dev/null -w '%{http_code}' --max-time 20 -H "X-A: $(cat "$work/name")" "$base/healthz") || got=cut
case $got in 400 | 413 | 431 | 000 | cut) ;; *) fail "70,000 bytes of a header: $got" ;; esac
got=$(curl -s -o /dev/null -w '%{http_code}' --max-time 20 "$base/$(head -c 30000 "$work/name")") || got=cut
case $got in 400 | 404 | 414 | 431 | 000 | cut) ;; *) fail "30,000 bytes of an address: $got" ;; esac
for length in -1 18446744073709551616 1e3 0x10 '5,5'; do
    got=$(curl -s -o "$work/out" -w '%{http_code}' --max-time 20 -H "$auth" -H "$json" -H "$ours" -H "Content-Length: $length" \
        -d '{}' "$base/api/v1/hazards") || got=cut
    case $got in 400 | 413 | 000 | cut) ;; *) fail "Content-Length $length: $got" ;; esac
done
{ printf '{"grid":'; head -c 30000 /dev/zero | tr '\0' '['; } >"$work/deep"
ask 422 -H "$auth" -H "$json" -H "$ours" --data-binary "@$work/deep" "$base/api/v1/hazards"
printf '{"grid":"500118003206","code":"A01","text":"\377\376"}' >"$work/utf8"
ask 422 -H "$auth" -H "$json" -H "$ours" --data-binary "@$work/utf8" "$base/api/v1/hazards"
printf '{"grid":"500118003206","code":"A01","text":"a\\u0000b"}' >"$work/nul"
ask 422 -H "$auth" -H "$json" -H "$ours" --data-binary "@$work/nul" "$base/api/v1/hazards"
[ "$(hazards street)" -eq 1 ] || fail "something was written"

# JSON that is nearly right, at each kind of address: refused, or, where it is still right, written
mutate() { # mutate PATH BODY
    printf '%s' "$2" >"$work/json"
    "$hostile" mutate "$port" "/api/v1/$1" "$token" "$work/json" >"$work/counts" || fail "mutate $1"
    for count in $(cat "$work/counts"); do
        case $count in 200:* | 400:* | 403:* | 404:* | 409:* | 422:*) ;; *) fail "$1: $(cat "$work/counts")" ;; esac
    done
    grep -q 422: "$work/counts" || fail "$1 refuses nothing: $(cat "$work/counts")"
}
mutate hazards '{"grid":"500118003206","code":"A01","severity":"serious","text":"x","evidence":["y"],"when":1700000000000}'
mutate "hazards/$id/deadline" '{"deadline":1900000000000,"text":"x"}'
mutate records/visit '{"grid":"500118003206","when":1700000000000,"purposes":["check"]}'
printf '{"key":"nobody","pin":"0"}' >"$work/json" # not wang: wrong PINs are counted
"$hostile" mutate "$port" /api/v1/login '' "$work/json" >"$work/counts"
for count in $(cat "$work/counts"); do
    case $count in 401:* | 422:* | 429:*) ;; *) fail "login: $(cat "$work/counts")" ;; esac
done

# a thousand connections that ask for nothing, from many addresses: everybody else is served at once
mkfifo "$work/hold"
"$hostile" idle "$port" 1000 <"$work/hold" >"$work/idle" &
idle=$!
pids="$pids $idle"
exec 9>"$work/hold"
until_true 30 grep -q open "$work/idle"
n=0
while [ "$n" -lt 10 ]; do
    curl -s -o "$work/out" --max-time 5 "$base/healthz" || fail "not served beside a thousand idle connections"
    curl -s -o "$work/out" --max-time 5 -H "$auth" "$base/api/v1/tree" || fail "no tree beside a thousand idle connections"
    n=$((n + 1))
done
exec 9>&-
wait "$idle"

wait "$slow_headers" || fail "headers that never end are waited for"
wait "$slow_body" || fail "a body that trickles is waited for"
[ "$(cat "$work/slow.headers")" -le 30 ] || fail "headers were waited for $(cat "$work/slow.headers") s"
[ "$(cat "$work/slow.body")" -le 60 ] || fail "a body was waited for $(cat "$work/slow.body") s"

# the first run: on the loopback only, nothing without the code of its terminal, and not twice
expect 7 fs empty run --setup --listen 127.0.0.1:0 --http 0.0.0.0:0
expect 7 fs empty run --setup --listen 127.0.0.1:0 --http-lan
expect 3 fs empty run --listen 127.0.0.1:0 --http off
"$fengsui" --data "$work/empty" run --setup --listen 127.0.0.1:0 --http 127.0.0.1:0 >"$work/empty.run.log" 2>&1 &
setup=$!
pids="$pids $setup"
until_true 10 grep -q 'setup code' "$work/empty.run.log"
code=$(sed -n 's/^setup code \([0-9a-f]*\) .*/\1/p' "$work/empty.run.log")
new=$(sed -n 's/^\(http:.*\)\/#.*/\1/p' "$work/empty.run.log")
body='{"name":"x","street":"500118003","invite":"fs1-x","grid":"500118003206","file":"/x","phrase":"x","pin":"749203"}'
for step in street join request answer restore officer skip; do
    url=$new/api/v1/setup/$step
    ask 401 -H "$json" -H "$ours" -d "$body" "$url"
    ask 401 -H "$json" -H "$ours" -H "Authorization: Bearer $(printf '%s' "$code" | tr 0-9a-f 1-9a-f0)" -d "$body" "$url"
    ask 401 -H "$json" -H "$ours" -H "Authorization: Bearer ${code%??}" -d "$body" "$url"
    ask 403 -H "$json" -H "Authorization: Bearer $code" -d "$body" "$url"
    ask 403 -H "$json" -H "$ours" -H "Authorization: Bearer $code" -H 'Origin: http://evil.example' -d "$body" "$url"
    ask 421 -H "$json" -H "$ours" -H "Authorization: Bearer $code" -H 'Host: evil.example' -d "$body" "$url"
done
ask 409 -H "$json" -H "$ours" -H "Authorization: Bearer $code" -d "$body" "$new/api/v1/setup/officer" # no space yet
for bad in '' '{' '[]' '{}' '{"name":"x"}' '{"name":"x","street":"1"}' '{"name":"x","street":"500118003","grids":"500118003206"}' \
    '{"name":"x","street":"500118003","street":"500118004"}' '{"name":1,"street":2}'; do
    got=$(curl -s -o "$work/out" -w '%{http_code}' --max-time 20 -H "$json" -H "$ours" -H "Authorization: Bearer $code" -d "$bad" "$new/api/v1/setup/street")
    case $got in 400 | 422) ;; *) fail "setup with '$bad': $got $(cat "$work/out")" ;; esac
done
stop "$setup"
rm -rf "$work/empty"

kill -0 "$pid" || fail "the node died"
ask 200 -H "$auth" "$base/api/v1/hazards/$id"
stop "$pid"
expect 0 fs street verify
