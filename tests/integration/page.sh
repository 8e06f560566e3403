#!/bin/sh
# The page's API on a real node: who is not logged in reads nothing; a report is durable when it is
# answered, signed by the officer, and seen by a page that listens; hostile text and requests.
. "$(dirname "$0")/lib.sh"

json='Content-Type: application/json'
ours='X-Fengsui: en'

new_street
pins 749203
fs street key new wang --pin-file "$pins" >/dev/null
fs street cert issue --key wang --name 王建国 --role village,officer --grid 500118003206 --as root --pin-file "$pins" >/dev/null
fs street key new open --no-pin >/dev/null 2>&1
# two entries that are held: of a lost key
fs street key new zhao --no-pin >/dev/null 2>&1
fs street cert issue --key zhao --name 赵强 --role officer --grid 500118003205 --as root >/dev/null
lost=$(fs street hazard report --grid 500118003205001 --code A01 --as zhao)
fs street hazard fix "$lost" --text x --as zhao >/dev/null
fs street person lost 赵强 --since 2020-01-01 --yes >/dev/null

log=$work/street.run.log
# serve ARG...: runs the street's node with its page; sets $pid, $port, $base. The log of a run before
# is emptied here, not by the process that starts later, for else its line would be read.
serve() {
    : >"$log"
    "$fengsui" --data "$work/street" run --listen 127.0.0.1:0 "$@" >>"$log" 2>&1 &
    pid=$!
    pids="$pids $pid"
    until_true 10 grep -q 'page http://' "$log"
    port=$(sed -n 's/^page http:.*:\([0-9]*\)\/$/\1/p' "$log")
    base=http://127.0.0.1:$port
}

serve --http 127.0.0.1:0

# ask STATUS CURL-ARG...: the body is left in $work/out
ask() {
    want=$1
    shift
    got=$(curl -s -o "$work/out" -w '%{http_code}' --max-time 20 "$@") || fail "curl: $*"
    [ "$got" = "$want" ] || fail "status $got, not $want: $* : $(head -c 400 "$work/out")"
}

login='{"key":"wang","pin":"749203"}'

# without a session
ask 200 "$base/healthz"
ask 200 --compressed "$base/"
grep -q 'id="app"' "$work/out" || fail "no page"
etag=$(curl -s -D - -o /dev/null "$base/index.js" | sed -n 's/^ETag: \(.*\)\r$/\1/p')
ask 304 -H "If-None-Match: $etag" "$base/index.js"
ask 404 "$base/fengsui.db"
ask 404 --path-as-is "$base/../fengsui.db"
ask 404 --path-as-is "$base/..%2fnode.key"
ask 200 "$base/api/v1/me"
grep -q '"key":"wang"' "$work/out" || fail "no officer to log in as: $(cat "$work/out")"
for path in tree hazards records/place sync held events hazards/0000; do
    ask 401 "$base/api/v1/$path"
done
ask 401 -H "$json" -H "$ours" -d '{"grid":"500118003206","code":"A01"}' "$base/api/v1/hazards"
ask 401 -H 'Authorization: Bearer 00' "$base/api/v1/tree"
ask 422 -H "$json" -H "$ours" -d '{"key":"../../x","pin":"1"}' "$base/api/v1/login"
ask 401 -H "$json" -H "$ours" -d '{"key":"nobody","pin":"1"}' "$base/api/v1/login"
ask 415 -H "$ours" -d '{"key":"wang","pin":""}' "$base/api/v1/login"
ask 403 -H "$json" -H "$ours" -H 'Origin: http://evil.example' -d '{"key":"wang","pin":""}' "$base/api/v1/login"
ask 422 -H "$json" -d '{"key":"wang","pin":""}' "$base/api/v1/login" # not by our page

ask 200 -H "$json" -H "$ours" -d "$login" "$base/api/v1/login"
token=$(field token <"$work/out")
auth="Authorization: Bearer $token"

# who may write what, and what roles are called, by the policy of now
writers() { sed -n 's/.*"name":"hazard-assign".*"writers":\(\[[^]]*\]\).*/\1/p' "$work/catalog"; }
catalog() {
    ask 200 "$base/api/v1/catalog"
    sed 's/{"name":"hazard-/\n&/g' "$work/out" | grep '^{"name":"hazard-assign"' | sed 's/"fields".*//' >"$work/catalog"
}
catalog
case $(writers) in *chief*) ;; *) fail "writers of the defaults: $(cat "$work/catalog")" ;; esac
fs street policy set write.hazard-assign street,village --yes >/dev/null
fs street policy set role.officer 巡查员 --yes >/dev/null
catalog
[ "$(writers)" = '["street","village"]' ] || fail "writers by policy: $(cat "$work/catalog")"
grep -q '"name":"officer","zh":"巡查员"' "$work/out" || fail "the name of a role"
fs street policy set write.hazard-assign street,village,chief,officer --yes >/dev/null

# a page that listens hears of a report by another
curl -sN --max-time 30 -H "$auth" "$base/api/v1/events" >"$work/events" 2>/dev/null &
listener=$!
pids="$pids $listener"
until_true 5 grep -q 'event: changed' "$work/events"
heard=$(grep -c 'event: changed' "$work/events")

ask 200 -H "$auth" -H "$json" -H "$ours" \
    -d '{"grid":"500118003206","code":"E02","text":"=1+1 <script>alert(1)</script>"}' "$base/api/v1/hazards"
id=$(field id <"$work/out")
more_heard() { [ "$(grep -c 'event: changed' "$work/events")" -gt "$heard" ]; }
until_true 5 more_heard
kill -9 "$pid"
wait "$pid" 2>/dev/null || true

# it was on the disk when it was answered
fs street --json show "$id" >"$work/shown" || fail "a report that was answered is lost"
grep -q '"signer":"王建国"' "$work/shown" || fail "not signed by the officer"

serve --http 127.0.0.1:0
ask 401 -H "$auth" "$base/api/v1/tree" # tokens do not outlive the node
ask 200 -H "$json" -H "$ours" -d "$login" "$base/api/v1/login"
token=$(field token <"$work/out")
auth="Authorization: Bearer $token"

# lists, facts, errors that name the field
ask 200 -H "$auth" "$base/api/v1/hazards?state=all&grid=500118003206"
grep -q '"total":1' "$work/out" || fail "not in the list"
ask 200 -H "$auth" "$base/api/v1/hazards?severity=4"
grep -q '"total":0' "$work/out" || fail "severity is not filtered"
for bad in state=x severity=9 'grid=12' offset=-1 limit=201; do
    ask 400 -H "$auth" "$base/api/v1/hazards?$bad"
done
ask 200 -H "$auth" "$base/api/v1/hazards/$id"
ask 404 -H "$auth" "$base/api/v1/hazards/ffffffffffffffffffffffffffffffff"
ask 422 -H "$auth" -H "$json" -H "$ours" -d '{"grid":"500118003206","code":"Q99"}' "$base/api/v1/hazards"
grep -q code "$work/out" || fail "does not name the field"
ask 422 -H "$auth" -H "$json" -H "$ours" -d '{"code":"A01"}' "$base/api/v1/hazards"
ask 422 -H "$auth" -H "$json" -H "$ours" -d '{"grid":"500118003206","code":"A01","grid":"500118003205"}' "$base/api/v1/hazards"
ask 422 -H "$auth" -H "$json" -H "$ours" -d 'not json' "$base/api/v1/hazards"
ask 404 -H "$auth" -H "$json" -H "$ours" -d '{}' "$base/api/v1/hazards/$id/report"
ask 404 -H "$auth" -H "$json" -H "$ours" -d '{}' "$base/api/v1/records/cert"
ask 404 -H "$auth" -H "$json" -H "$ours" -d '{}' "$base/api/v1/hazards/$id/nothing"
head -c 70000 /dev/zero | tr '\0' ' ' >"$work/large"
ask 413 -H "$auth" -H "$json" -H "$ours" --data-binary "@$work/large" "$base/api/v1/hazards"

# an emergency is a report and that it is one, in one step; on a hazard that is there, the second alone
ask 200 -H "$auth" -H "$json" -H "$ours" -d '{"grid":"500118003206","code":"G02","text":"petrol","ext":"row 7"}' "$base/api/v1/emergencies"
urgent=$(field id <"$work/out")
ask 200 -H "$auth" "$base/api/v1/hazards/$urgent"
grep -q '"flags":\["emergency"' "$work/out" || fail "no emergency: $(cat "$work/out")"
[ "$(grep -o '"urgent":true' "$work/out" | wc -l)" -eq 2 ] || fail "not ahead of the log: $(cat "$work/out")"
[ "$(grep -o '"text":"petrol"' "$work/out" | wc -l)" -eq 3 ] || fail "the emergency does not say what: $(cat "$work/out")"
ask 422 -H "$auth" -H "$json" -H "$ours" -d '{"grid":"500118003206","text":"no code"}' "$base/api/v1/emergencies"
ask 200 -H "$auth" -H "$json" -H "$ours" -d '{"text":"smoke"}' "$base/api/v1/hazards/$id/emergency"
ask 200 -H "$auth" "$base/api/v1/hazards/$id"
grep -q '"urgent":true' "$work/out" || fail "the emergency of a hazard waits for its turn"
ask 200 -H "$auth" -H "$json" -H "$ours" -d '{"grid":"500118003206","code":"E02","text":"y"}' "$base/api/v1/hazards"
id=$(field id <"$work/out")

# the flow to its end, as far as one officer may
ask 200 -H "$auth" -H "$json" -H "$ours" -d '{}' "$base/api/v1/hazards/$id/accept"
ask 200 -H "$auth" -H "$json" -H "$ours" -d '{"text":"done"}' "$base/api/v1/hazards/$id/fix"
ask 200 -H "$auth" -H "$json" -H "$ours" -d '{"text":"seen"}' "$base/api/v1/hazards/$id/pass"
ask 200 -H "$auth" "$base/api/v1/hazards/$id"
grep -q '"state":"fix-claimed"' "$work/out" || fail "closed by one person"
grep -q second-person "$work/out" || fail "does not say why it is open"
ask 200 -H "$auth" -H "$json" -H "$ours" -d '{"grid":"500118003206","name":"小卖部","kind":"shop"}' "$base/api/v1/records/place"
ask 200 -H "$auth" "$base/api/v1/records/place"
grep -q 小卖部 "$work/out" || fail "no place"

# complaints and discipline are the street office's, whoever has a key on this node
complaint=$(fs street record add complaint --text 不到岗 --source phone --kind absent --when 2026-01-01)
for path in records/complaint records/discipline "hazards/$complaint"; do
    ask 403 -H "$auth" "$base/api/v1/$path"
    grep -q 不到岗 "$work/out" && fail "an officer of a village reads it"
done
ask 200 -H "$auth" "$base/api/v1/records/opinion"
fs street key new chen --pin-file "$pins" >/dev/null
fs street cert issue --key chen --name 陈主任 --role street --grid 500118003 --as root --pin-file "$pins" >/dev/null
ask 200 -H "$json" -H "$ours" -d '{"key":"chen","pin":"749203"}' "$base/api/v1/login"
office="Authorization: Bearer $(field token <"$work/out")"
ask 200 -H "$office" "$base/api/v1/records/complaint"
grep -q 不到岗 "$work/out" || fail "the street office cannot read it"
ask 200 -H "$office" "$base/api/v1/hazards/$complaint"

# what is held, and why, in both languages
ask 200 -H "$auth" "$base/api/v1/held"
grep -q '"total":2,"rows":\[' "$work/out" || fail "not two held: $(cat "$work/out")"
grep -q '"record":"hazard-report"' "$work/out" || fail "not the report: $(cat "$work/out")"
grep -q '"signer":"赵强"' "$work/out" || fail "no signer"
grep -q '"grid":"500118003205001"' "$work/out" || fail "no grid"
grep -q "\"subject\":\"$lost\"" "$work/out" || fail "no subject"
grep -q '"reason":"已被吊销' "$work/out" || fail "no reason in Chinese: $(cat "$work/out")"
for key in id author wall_ms; do
    grep -q "\"$key\":" "$work/out" || fail "no $key"
done
ask 200 -H "$auth" -H "$ours" "$base/api/v1/held?offset=1&limit=1"
[ "$(grep -o '"record":' "$work/out" | wc -l)" = 1 ] || fail "not a page of one: $(cat "$work/out")"
grep -q '"total":2' "$work/out" || fail "the total is of the page"
grep -q '"reason":"outside of' "$work/out" || fail "no reason in English"
ask 200 -H "$auth" "$base/api/v1/held?offset=2"
grep -q '"rows":\[\]' "$work/out" || fail "rows behind the last"
ask 400 -H "$auth" "$base/api/v1/held?limit=201"
ask 200 -H "$auth" "$base/api/v1/hazards/$lost"
grep -q '"held_reason":"已被吊销' "$work/out" || fail "no reason in the history: $(cat "$work/out")"
ask 200 -H "$auth" -H "$ours" "$base/api/v1/hazards/$lost"
grep -q '"held_reason":"outside of' "$work/out" || fail "no English reason in the history"

# the command line and the page hold the same keys: seen, closed, and not open again by itself
is_open() { fs street --json key list | grep '"key":"wang"' | grep -q '"open_ms":[1-9]'; }
is_open || fail "key list does not see the key that the page opened"
expect 0 fs street hazard report --grid 500118003206 --code A01 --as wang
expect 0 fs street key lock wang
is_open && fail "key lock does not close the key that the page opened"
ask 401 -H "$auth" "$base/api/v1/tree"
expect 0 fs street key unlock wang --pin-file "$pins"
ask 401 -H "$auth" "$base/api/v1/tree"
ask 200 -H "$json" -H "$ours" -d "$login" "$base/api/v1/login"
token=$(field token <"$work/out")
ask 401 -H "$auth" "$base/api/v1/tree" # the session before stays ended
auth="Authorization: Bearer $token"
ask 200 -H "$auth" "$base/api/v1/tree"

ask 200 -X POST -H "$auth" -H "$json" -H "$ours" -d '{}' "$base/api/v1/logout"
ask 401 -H "$auth" "$base/api/v1/tree"
is_open && fail "logging out leaves the key open"

# wrong PINs: the sixth of a minute from one address is not even tried, and the key remembers: also
# across a restart, and at the command line
n=0
while [ "$n" -lt 5 ]; do
    ask 401 -H "$json" -H "$ours" -d '{"key":"wang","pin":"749204"}' "$base/api/v1/login"
    n=$((n + 1))
done
ask 429 -H "$json" -H "$ours" -d "$login" "$base/api/v1/login"
grep -q '"wait_s":[1-9]' "$work/out" || fail "does not say how long: $(cat "$work/out")"
expect 11 fs street key unlock wang --pin-file "$pins"
says 'wait'
stop "$pid"
serve --http-lan --http 0.0.0.0:0
ask 429 -H "$json" -H "$ours" -d "$login" "$base/api/v1/login"
grep -q '"wait_s":[1-9]' "$work/out" || fail "does not say how long: $(cat "$work/out")"
ask 200 "$base/api/v1/me"
grep -q '"key":"wang","name":"王建国","wait_s":[1-9]' "$work/out" || fail "the page does not know: $(cat "$work/out")"
rm "$work/street/keys/wang.key.tries"
ask 200 -H "$json" -H "$ours" -d "$login" "$base/api/v1/login"

# a key without a PIN opens from this machine, and from nowhere else
ask 200 -H "$json" -H "$ours" -d '{"key":"open","pin":""}' "$base/api/v1/login"
lan=$(sed -n 's/^page on the LAN http:\/\/\([0-9.]*\):.*/\1/p' "$log" | head -n 1)
if [ -n "$lan" ]; then # an address of this machine's own: nothing leaves it
    ask 403 -H "$json" -H "$ours" -d '{"key":"open","pin":""}' "http://$lan:$port/api/v1/login"
    grep -q 'no PIN' "$work/out" || fail "does not say why: $(cat "$work/out")"
    ask 200 -H "$json" -H "$ours" -d "$login" "http://$lan:$port/api/v1/login"
else
    echo "no address but loopback: a log-in from elsewhere was not tried"
fi
stop "$pid"
