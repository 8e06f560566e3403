#!/bin/sh
# What the street's plan asks for, as far as records and lists show it (schema/README.md names the
# requirements): a street and two villages, written apart, carried together by synchronisation.
. "$(dirname "$0")/lib.sh"

grid=500118003206
group=500118003206001
sync() { fs village sync --timeout 20s >/dev/null; }
add() { # add NODE TYPE ARG...: adds a record, its id in $id
    node=$1
    shift
    expect 0 fs "$node" record add "$@"
    id=$(cat "$work/out")
}
count() { # count N NODE TYPE ARG...: so many are listed
    rows=$1
    node=$2
    shift 2
    expect 0 fs "$node" --json record list "$@" --all
    [ "$(wc -l <"$work/out")" -eq "$rows" ] || fail "$* at $node: $(cat "$work/out")"
}

new_street
start street
street_pid=$pid
fs village join "$(fs street invite --grid "$grid" --addr "$addr")" --name 黄瓜山村 >/dev/null
fs other join "$(fs street invite --grid 500118003205 --addr "$addr")" --name 代家店村 >/dev/null

# R06 R12 R23 R24 R91: persons and posts; a volunteer goes along; a change of secretary keeps history
add village person --grid "$grid" --name 王书记
secretary=$id
add village person --grid "$grid" --name 李志愿
volunteer=$id
add village appointment --grid "$grid" --kind secretary --person "$secretary" --from 2021-01-01 \
    --duties 第一责任人
post=$id
add village appointment --grid "$grid" --kind volunteer --person "$volunteer" --from 2026-01-01
add village appointment --grid "$grid" --kind staff --person "$volunteer" --from 2026-01-01
count 1 village appointment --kind staff --duties - # staff without a duty
expect 0 fs village record edit "appointment/$post" --to 2026-03-01 --state ended
expect 0 fs village show "$post"
grep -q 'State:Ended' "$work/out" || fail "post: not ended"
[ "$(grep -c 'Appointment' "$work/out")" -eq 3 ] || fail "post: history: $(cat "$work/out")"

# R05 R46 R90: a place, then seen by the street; one visit with several duties and a volunteer
add village place --grid "$group" --name 小卖部 --kind shop --street-front yes
shop=$id
count 1 village place --owner - # names no responsible person
expect 0 fs village record edit "place/$shop" --owner 张三
count 0 village place --owner -
add village visit --grid "$group" --place "$shop" --purposes routine,education --duties 环保,综治 \
    --companions "$volunteer" --list 1 --answers 01=bad,05=bad
count 1 village visit --companions "$volunteer" --duties 环保

# R08: the leading group, also as it was; only the street writes it
add street leading-group --name 书记 --post leader --from 2021-01-01
add street leading-group --name 主任 --post first-deputy --from 2021-01-01
expect 7 fs village record add leading-group --name x --post member --from 2021-01-01

count 2 street leading-group --at 2021-06-01
add street leading-group --name 前任书记 --post leader --from 2019-01-01 --to 2020-12-31
count 1 street leading-group --at 2020-06-01
expect 2 fs street record list place --at 2020-06-01
says 'no beginning and end'

# lacks N NODE TYPE ARG...: so many grids have none of these; the names in $work/out
lacks() {
    rows=$1
    node=$2
    shift 2
    expect 0 fs "$node" record missing "$@"
    [ "$(wc -l <"$work/out")" -eq "$rows" ] || fail "missing $* at $node: $(cat "$work/out")"
}

# R01 R09 R16 R18 R55 R60: down and up again, with an offline spell between
add street policy-doc --name 实施方案 --doc 南大街办发〔2021〕1号 --issuer 南大街街道办事处 --when 2021-01-01
doc=$id
add street instruction --grid "$grid" --name 督办 --text 三日内整改 --kind instruction
order=$id
add street instruction --grid "$grid" --name 意见 --text 网格建设意见 --kind guidance
add street task --grid "$group" --name 检查门面 --kind ordered --deadline 2026-12-01 --state open \
    --targets "$shop"
task=$id
add street notice --name 大风橙色预警 --text 注意用火 --level orange
notice=$id
count 0 village instruction
sync
count 2 village instruction
count 1 village instruction --kind guidance
count 1 village task --state open
add village doc-ack --grid "$grid" --document "$doc" --ack read
add village doc-file --grid "$grid" --name 实施细则 --kind rules --when 2026-01-05 --document "$doc"
add village instruction-reply --grid "$grid" --instruction "$order" --text 已整改 --state done
add village notice-receipt --grid "$grid" --notice "$notice" --receipt passed-on
expect 0 fs village record edit "task/$task" --state done --outcome 已检查 --done 2026-11-25
expect 1 fs village record add doc-ack --grid "$grid" --document "$notice" --ack read
says 'doc-ack.document: .* policy-doc'
count 0 street doc-ack
lacks 2 street doc-ack --document "$doc"
sync
lacks 1 street doc-ack --document "$doc"
grep -q '^500118003205 *代家店村' "$work/out" || fail "who has not acknowledged: $(cat "$work/out")"
says 'of 2 grids 1 have none'
lacks 1 street doc-file --kind rules
lacks 1 street notice-receipt --notice "$notice"
lacks 2 street notice-receipt --notice "$doc"
lacks 0 village appointment --kind secretary --at 2026-01-01
lacks 1 village appointment --kind secretary --at 2026-06-01 # a vacancy
lacks 0 village doc-ack --document "$doc" # of the other nothing is known here
count 1 street doc-ack --document "$doc"
count 1 street doc-file --kind rules
count 1 street instruction-reply --instruction "$order" --state done
count 1 street notice-receipt --notice "$notice"
count 1 street task --state done
count 1 street place --name 小卖部
count 1 street visit

# R19 R32: a major matter is not closed without an outcome; decisions that are open
add street major-matter --name 老街消防 --text 消防车通道 --when 2026-01-01 --state open
expect 1 fs street record edit "major-matter/$id" --state done
says 'major-matter.outcome'
expect 0 fs street record edit "major-matter/$id" --state done --outcome 已打通
hazard=$(fs village hazard report --grid "$group" --code F01 --place "$shop" --text 住人 --severity 3)
fs village hazard deadline "$hazard" --deadline 2026-12-01 >/dev/null
sync
add street decision --name 集中整治 --text 清退住人 --when 2026-01-02 --assignee 应急办 --codes F01 \
    --hazards "$hazard" --state open
count 1 street decision --state open --hazards "$hazard"
expect 1 fs street record add decision --name x --text x --when 2026-01-02 --codes Q99
says "'Q99' is in no table"

# R34: fronts where persons sleep, with state and deadline
expect 0 fs street list --code F01
grep -q "^$(printf %.12s "$hazard") .*F01 .*due 2026-12-01" "$work/out" || fail "F01: $(cat "$work/out")"

# R36 R37 R44: an opinion with its time of receipt, passed on, answered
add village opinion --grid "$group" --source listening --text 充电桩太少 --when 2026-02-01 --state open
opinion=$id
count 1 village opinion --reply - --state open
expect 0 fs village record edit "opinion/$opinion" --department 社区办 --routed 2026-02-02 --state doing
expect 0 fs village record edit "opinion/$opinion" --reply 已增设 --replied 2026-03-01 --state done \
    --assistance 协助选址
count 0 village opinion --reply -

# R42 R67: a dossier goes to the police with receipt and answer; the hazard stays open
fs village hazard transfer "$hazard" --receiver 派出所 --doc 移字1号 >/dev/null
add village dossier --grid "$group" --kind police --receiver 派出所 --hazards "$hazard" --state sent \
    --evidence 照片1 --when 2026-03-02
expect 0 fs village record edit "dossier/$id" --receipt 收字9号 --received 2026-03-03 --state answered \
    --result penalised --answer 已处罚
[ "$(fs village --json show "$hazard" | field state)" != closed ] || fail "a transfer closed the hazard"
fs village hazard external "$hazard" --result penalised --text 已处罚 >/dev/null
[ "$(fs village --json show "$hazard" | field state)" != closed ] || fail "a result closed the hazard"

# R49: a log that is changed keeps what it said
add village duty-day --grid "$group" --when 2026-11-25 --text 走访三户
day=$id
expect 0 fs village record edit "duty-day/$day" --text 走访四户
fs village show "$day" >"$work/day"
grep -q 走访三户 "$work/day" || fail "the first log is gone"
grep -q 走访四户 "$work/day" || fail "the change is not there"
add village duty-check --grid "$group" --day "$day" --result agrees

# R48 R62 R63: told and not yet acknowledged; refused, so a hazard; a sign that still stands
add village situation-note --grid "$group" --text 灭火器过期 --told 张三 --when 2026-03-01
count 1 village situation-note --read -
expect 1 fs village record add dissuasion --grid "$group" --text 飞线充电 --when 2026-03-01 --result refused
says 'the hazard must be reported'
add village dissuasion --grid "$group" --text 飞线充电 --when 2026-03-01 --result refused --hazard "$hazard"
add village emergency-measure --grid "$group" --kind warning-sign --when 2026-03-01 --hazard "$hazard"
sign=$id
count 1 village emergency-measure --kind warning-sign --removed -
expect 0 fs village record edit "emergency-measure/$sign" --removed 2026-03-05
count 0 village emergency-measure --kind warning-sign --removed -

# R25 R78 R95: homes stay in their village; complaints and discipline in the office
expect 0 fs village key new li --no-pin
fs village cert issue --key li --name 李四 --role officer --grid "$grid" >/dev/null
expect 0 fs village record add household --grid "$group" --name 1号 --risks living-alone --as li
expect 7 fs village record add complaint --text x --source phone --kind attitude --when 2026-01-01
expect 7 fs village record add discipline --text x --result pending --when 2026-01-01
add street complaint --text 不到岗 --source phone --kind absent --when 2026-01-01 --about 李四
add street discipline --text 虚假记录 --result pending --when 2026-01-01
sync
fs other sync --timeout 20s >/dev/null
count 1 street household
count 0 other household
count 0 other visit
for node in village other; do
    count 0 $node complaint
    count 0 $node discipline
done
count 3 other leading-group

# R75 R77 R87: grids and villages without their boards
expect 0 fs street grid add "$group" 一组
sync
lacks 1 village board --kind duty-sign --level 3
add village board --grid "$group" --kind duty-sign --when 2026-01-01 --officer 李四 --phone 023-49800000 \
    --hotline 12345 --state ok
lacks 0 village board --kind duty-sign --level 3
lacks 1 village board --kind plan-map
expect 0 fs village --json record missing board --kind plan-map
grep -q '{"grid":"500118003206","name":"黄瓜山村"}' "$work/out" || fail "missing as JSON: $(cat "$work/out")"

# R84: an award rests on records
expect 1 fs street record add award --grid "$grid" --text 先进 --when 2026-12-01 --kind award --basis ''
says 'basis'
add street award --grid "$grid" --text 先进 --when 2026-12-01 --kind award --basis "$day"

stop "$street_pid"
for node in street village other; do
    expect 0 fs $node verify
done
