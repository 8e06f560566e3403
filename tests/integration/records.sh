#!/bin/sh
# Every record of the catalogue by the command line: template, add, list, show with history and signer,
# edit; and spoilt fields: refused with their names, nothing written. FENGSUI_EVERY=3: every third record.
. "$(dirname "$0")/lib.sh"
sampler=$2

entries() { fs street --json status | field entries; }

# writer WHERE: whose key writes such records
writer() {
    case $1 in
    public | internal) echo node ;;
    *) echo head ;;
    esac
}

new_street
fs street key new head --no-pin >/dev/null
fs street cert issue --key head --name 王书记 --role village --grid 500118003206 >/dev/null

# the catalogue, by name, and what it says of a type
expect 0 "$fengsui" record types
grep -q '^15 *appointment *Appointment *area' "$work/out" || fail "types: $(cat "$work/out")"
expect 0 "$fengsui" --lang zh record types
grep -q '任职（四定）' "$work/out" || fail "types in Chinese"
expect 0 "$fengsui" record types --json
[ "$(wc -l <"$work/out")" -eq 82 ] || fail "types as JSON"
grep -q '"name":"self-check".*"where":"village".*"once":false' "$work/out" || fail "a type as JSON"
grep '"name":"visit"' "$work/out" | grep -q '"targets":\["place","household"' || fail "targets as JSON"
expect 2 "$fengsui" record template
expect 2 "$fengsui" record template plac
says "did you mean 'place'"
expect 2 "$fengsui" record types x

# each of them, by a running node
start street
street_pid=$pid
"$sampler" types >"$work/types"
[ "$(wc -l <"$work/types")" -ge 49 ] || fail "only $(wc -l <"$work/types") types"
turn=0
while read -r type where once; do
    turn=$((turn + 1))
    [ $((turn % ${FENGSUI_EVERY:-1})) -eq 0 ] || continue
    as=$(writer "$where")
    expect 0 "$fengsui" record template "$type"
    grep -q '"//grid"\|"//name"\|"//year"' "$work/out" || fail "template $type: $(cat "$work/out")"
    "$sampler" good "$type" >"$work/good.json"
    expect 0 fs street record add "$type" --file "$work/good.json" --as "$as"
    id=$(cat "$work/out")
    expect 0 fs street --json record list "$type" --all
    grep -q "\"id\":\"$id\"" "$work/out" || fail "$type is not listed"
    [ "$where" = public ] || [ "$where" = internal ] || {
        expect 0 fs street record list "$type" --grid 500118003206
        grep -q "^$(printf %.12s "$id")" "$work/out" || fail "$type is not listed by its grid"
        expect 0 fs street record list "$type" --grid 500118003205
        [ ! -s "$work/out" ] || fail "$type is listed in another village"
    }
    expect 0 fs street --lang zh record show "$type/$(printf %.16s "$id")"
    grep -q '经过' "$work/out" || fail "$type: no history"
    case $as in
    head) grep -q '王书记 ✓' "$work/out" || fail "$type: no signer: $(cat "$work/out")" ;;
    *) grep -q '南大街街道 ✓' "$work/out" || fail "$type: no signer: $(cat "$work/out")" ;;
    esac
    expect 0 fs street --json record show "$type/$id"
    grep -q "\"record\":\"$type\"" "$work/out" || fail "$type as JSON"
    if [ "$once" = once ]; then
        expect 2 fs street record edit "$type/$id" --as "$as"
        says 'not changed once it is written'
    else
        expect 0 fs street record edit "$type/$id" --file "$work/good.json" --as "$as"
        [ "$(cat "$work/out")" = "$id" ] || fail "$type: an edit makes another record"
    fi
    # spoilt
    before=$(entries)
    "$sampler" bad "$type" | tail -n 3 >"$work/bad" # all of them: test_json_body
    while IFS="$(printf '\t')" read -r name json; do
        printf '%s\n' "$json" >"$work/bad.json"
        got=0
        fs street record add "$type" --file "$work/bad.json" --as "$as" >"$work/out" 2>"$work/err" || got=$?
        [ "$got" -eq 1 ] || fail "$type with a bad $name: exit code $got: $(cat "$work/err")"
        says "line 1: $name: "
    done <"$work/bad"
    [ "$(entries)" = "$before" ] || fail "$type: something was written of what was refused"
done <"$work/types"
stop "$street_pid"

# options, standard input, filters, ids in short
place=$(fs street record add place --grid 500118003206 --name 小卖部 --kind shop --floors 2)
expect 0 fs street record add visit --grid 500118003206 --place "$(printf %.10s "$place")" \
    --when 2026-01-02 --purposes routine,education
visit=$(cat "$work/out")
fs street --json record show "visit/$visit" | grep -q "\"place\":\"$place\"" || fail "short id"
printf '{"//":"note","grid":"500118003206","name":"门市","kind":"restaurant"}' |
    fs street record add place --file - >/dev/null || fail "standard input"
expect 0 fs street --json record list place --kind restaurant
[ "$(wc -l <"$work/out")" -eq 1 ] || fail "filter by choice"
expect 0 fs street --json record list place --name 卖
[ "$(wc -l <"$work/out")" -eq 1 ] || fail "filter by text"
expect 0 fs street --json record list visit --purposes education --since 2026-01-01 --until 2026-01-03
[ "$(wc -l <"$work/out")" -eq 1 ] || fail "filter by list and time"
expect 0 fs street --json record list visit --since 2026-01-03 --until 2026-01-04
[ ! -s "$work/out" ] || fail "not within the time"
expect 0 fs street --json record list place --limit 1 --floors 2
[ "$(wc -l <"$work/out")" -eq 1 ] || fail "limit with a filter"
expect 0 fs street record edit "place/$place" --floors 3
fs street --json record show "place/$place" | grep -q '"floors":3' || fail "edit"
fs street show "$place" | grep -c 'Floors:' >"$work/n" # now, before and after
[ "$(cat "$work/n")" -eq 3 ] || fail "both versions are shown: $(fs street show "$place")"

# what is wrong, and where
expect 2 fs street record list place --since 2026-01-01
expect 2 fs street record add cert
says 'cert issue'
expect 2 fs street record list hazard-report
says 'list hazards'
expect 2 fs street record edit place
expect 10 fs street record edit "visit/$place" --result clean
says 'is a record of place'
expect 1 fs street record add visit --grid 500118003206 --place "$visit"
says 'visit.place: .* is a record of visit'
expect 2 fs street record add household --grid 500118003 --name 1号 --as head
says '12 or 15 digits'
printf '{"grid":"500118003206",\n\n"floors":201}' >"$work/f.json"
expect 1 fs street record add place --file "$work/f.json"
says 'line 3: floors'
printf '{"grid":\n  5x}' >"$work/f.json"
expect 1 fs street record add place --file "$work/f.json"
says 'line 2, column '
printf '{"grid":"500118003206","name":"\377","kind":"shop"}' >"$work/f.json"
expect 1 fs street record add place --file "$work/f.json"
says 'line 1, column 31: no JSON: unable to decode byte 0xff'
head -c 140000 /dev/zero | tr '\0' ' ' >"$work/f.json"
expect 1 fs street record add place --file "$work/f.json"
expect 1 fs street record add place --file - <"$work/f.json"
says 'more than 131072 bytes'
expect 2 fs street record add place --file x --body '{}'
expect 3 fs street record add place --file "$work/nothing.json"
expect 7 fs street record add household --grid 500118003206 --name 1号
expect 0 fs street verify
