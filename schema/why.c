#include "schema/why.h"

#include "crypto/base/assert.h"

static const struct sc_label labels[SC_WHY_END] = {
    [SC_WHY_COUNTS] = {"counts", "计入", "counts"},
    [SC_WHY_UNCERTIFIED] = {"uncertified", "填写人没有上岗证", "its signer has no certificate"},
    [SC_WHY_GRID] = {"grid", "填写人的上岗证不管此网格", "outside the grids of its signer"},
    [SC_WHY_WINDOW] = {"window", "当时上岗证尚未生效或已过期",
                       "the signer's certificate was not valid at that time"},
    [SC_WHY_ROLE] = {"role", "填写人的职务不能办这一项", "no role of its signer may do this"},
    [SC_WHY_GIVER] = {"giver", "填写人的职务不是由有权的人授予",
                      "its signer's role was given by one who may not give it"},
    [SC_WHY_FORK] = {"fork", "同一日志有两个版本，尚未处理",
                     "its log is forked, nobody has settled it yet"},
    [SC_WHY_CUT] = {"cut", "已被吊销或封存，不在有效部分",
                    "outside of what the revocation of its signer's key lets stand"},
    [SC_WHY_AWAITED] = {"awaited", "吊销记录指明的末条尚未到达",
                        "an entry that the revocation names has not arrived"},
    [SC_WHY_RETIRED] = {"retired", "填写人已结束此日志", "its signer had ended this log"},
    [SC_WHY_SCOPE] = {"scope", "这种记录不应写在此范围",
                      "such a record does not belong in this scope"},
    [SC_WHY_QUARANTINE] = {"quarantine", "内容不合规，已隔离", "breaks the catalogue"},
    [SC_WHY_SUITE] = {"suite", "由更新版本写成，升级后显示",
                      "written with a newer suite; shown after an upgrade"},
};

struct sc_label sc_why_label(enum sc_why why)
{
    CR_ASSERT(why < SC_WHY_END);
    return labels[why];
}

struct sc_label sc_why_title(enum sc_why why, const struct sc_record *rec)
{
    static const struct sc_label held = {"held", "不计入", "does not count"},
                                 write = {"may-not-write", "无权填写", "may not write this"},
                                 close = {"may-not-close", "无权销案", "may not close it"};

    if (why < SC_WHY_UNCERTIFIED || why > SC_WHY_GIVER)
        return held;
    return rec != NULL && rec->klass == SC_CLEARANCE ? close : write;
}

enum sc_why sc_why_standing(enum sc_standing standing)
{
    switch (standing) {
    case SC_COUNTS:
    case SC_ADOPTED: return SC_WHY_COUNTS;
    case SC_HELD_UNKNOWN: return SC_WHY_UNCERTIFIED;
    case SC_HELD_FORK: return SC_WHY_FORK;
    case SC_HELD_CUT: return SC_WHY_CUT;
    case SC_HELD_AWAITED: return SC_WHY_AWAITED;
    case SC_HELD_RETIRED: return SC_WHY_RETIRED;
    }
    return SC_WHY_COUNTS;
}

enum sc_why sc_why_roles(const struct sc_fact *f, const struct sc_record *rec,
                         enum sc_no_roles none)
{
    if (sc_fact_may_write(f, rec))
        return SC_WHY_COUNTS;
    if (f->roles != 0)
        return (f->roles & sc_rules_writers(f->rules, rec)) != 0 ? SC_WHY_GIVER : SC_WHY_ROLE;
    switch (none) {
    case SC_NR_NONE:
    case SC_NR_UNKNOWN: return SC_WHY_UNCERTIFIED;
    case SC_NR_GRID: return SC_WHY_GRID;
    case SC_NR_WINDOW: return SC_WHY_WINDOW;
    }
    return SC_WHY_UNCERTIFIED;
}
