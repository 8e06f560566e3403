#include "schema/why.h"

#include "crypto/base/assert.h"

static const struct sc_label labels[SC_WHY_END] = {
    [SC_WHY_COUNTS] = {"counts", "计入", "counts"},
    [SC_WHY_UNCERTIFIED] = {"uncertified", "签名人没有有效证书", "its signer has no certificate"},
    [SC_WHY_GRID] = {"grid", "超出签名人的网格", "outside the grids of its signer"},
    [SC_WHY_WINDOW] = {"window", "当时证书未生效或已过期",
                       "the signer's certificate was not valid at that time"},
    [SC_WHY_ROLE] = {"role", "签名人的角色无权填写", "no role of its signer may write this"},
    [SC_WHY_GIVER] = {"giver", "签名人的角色不是由有权者授予",
                      "its signer's role was given by one who may not give it"},
    [SC_WHY_FORK] = {"fork", "日志分叉，尚未处理", "its log is forked, nobody has settled it yet"},
    [SC_WHY_CUT] = {"cut", "签名人的钥匙已封停，此条不在有效部分",
                    "its signer's key was cut off before this"},
    [SC_WHY_AWAITED] = {"awaited", "等待封停所指的记录到达",
                        "an entry that the cut names has not arrived"},
    [SC_WHY_RETIRED] = {"retired", "日志已由本人结束", "its signer had ended this log"},
};

struct sc_label sc_why_label(enum sc_why why)
{
    CR_ASSERT(why < SC_WHY_END);
    return labels[why];
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
