/* Records of authority: certificates, cuts, adoptions, incarnations, policy. */
#include "schema/cut.h"
#include "schema/policy.h"
#include "schema/record_rows.h"

static const struct sc_choice cert_kinds[] = {
    {SC_CERT_PERSON, "person", "人员", "Person"},
    {SC_CERT_NODE, "node", "节点", "Node"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice cut_modes[] = {
    {SC_CUT_REVOKE, "revoke", "吊销", "Revoke the key"},
    {SC_CUT_FORK, "fork", "封存分叉日志", "Settle a forked log"},
    {SC_CUT_RETIRE, "retire", "结束日志", "End of this log"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice incarnation_reasons[] = {
    {1, "unclean", "异常关机", "Unclean stop"},
    {2, "anchor", "数据被替换或恢复", "Store replaced or restored"},
    {3, "peer-ahead", "其他节点的记录更新", "A peer knew a later entry"},
    {4, "asked", "人工指定", "Asked for"},
    {0, NULL, NULL, NULL},
};

static const struct sc_field cert_fields[] = {
    NAME_(REQ | PII),
    KIND_(REQ, "类别", "Kind", cert_kinds),
    KEY_(SC_K_CERT_SUBJECT, REQ, "subject", "签名公钥", "Signing key"),
    KEY_(SC_K_CERT_KX, 0, "kx", "通信公钥", "Exchange key"),
    U64_(SC_K_CERT_RANK, REQ, 255, "rank", "级别", "Rank", NULL),
    BITS_(SC_K_CERT_ROLES, REQ, SC_ROLES_ALL, "roles", "角色", "Roles", sc_choices_role),
    GRIDS_(SC_K_CERT_PREFIXES, REQ, SC_CERT_PREFIXES_MAX, "prefixes", "管辖网格", "Grids"),
    TIME_(SC_K_CERT_FROM, 0, "from", "生效时间", "Valid from"),
    TIME_(SC_K_CERT_TO, 0, "to", "失效时间", "Valid to"),
    ID_(SC_K_CERT_PERSON, REQ, "person", "持证人", "Person", NULL),
    BYTES_(SC_K_CERT_POP, 0, CR_SIG_BYTES, "pop", "本人签名", "Consent"),
};

static const struct sc_field cut_fields[] = {
    TEXT_(0, "原因"),
    KEY_(SC_K_CUT_SUBJECT, REQ, "subject", "签名公钥", "Signing key"),
    ENUM_(SC_K_CUT_MODE, REQ, "mode", "方式", "Mode", cut_modes),
    U64_(SC_K_CUT_INCARNATION, 0, 0, "incarnation", "日志代号", "Incarnation", NULL),
    BYTES_(SC_K_CUT_HEADS, 0, SC_CUT_HEADS_MAX *SC_CUT_HEAD_BYTES, "heads", "仍有效的末条",
           "Heads that count"),
    BYTES_(SC_K_CUT_DEPS, 0, SC_CUT_DEPS_MAX *SC_CUT_DEP_BYTES, "deps", "生效前提",
           "Takes effect after"),
};

static const struct sc_field adopt_fields[] = {
    KEY_(SC_K_ADOPT_SUBJECT, REQ, "subject", "签名公钥", "Signing key"),
    U64_(SC_K_ADOPT_SCOPE, REQ, 0, "scope", "范围", "Scope", NULL),
    U64_(SC_K_ADOPT_INCARNATION, REQ, 0, "incarnation", "日志代号", "Incarnation", NULL),
    BYTES_(SC_K_ADOPT_ENTRIES, REQ, SC_ADOPT_ENTRIES_MAX *SC_ADOPT_ENTRY_BYTES, "entries",
           "采认的记录", "Adopted entries"),
};

static const struct sc_field incarnation_fields[] = {
    U64_(32, REQ, 0, "previous", "前一日志", "Incarnation before", NULL),
    U64_(33, REQ, SC_SEQ_MAX, "seq", "序号", "Last number known", NULL),
    KEY_(34, REQ, "chain", "链值", "Chain value there"),
    ENUM_(35, REQ, "reason", "原因", "Reason", incarnation_reasons),
};

static const struct sc_field policy_fields[] = {
    STR_(SC_K_NAME, REQ | FTS, SC_POLICY_NAME_MAX, "name", "参数", "Value"),
    TEXT_(0, "依据"),
    LEVEL_(0),
    TIME_(SC_K_POLICY_FROM, REQ, "from", "生效时间", "Applies from"),
    BITS_(SC_K_POLICY_ROLES, 0, SC_ROLES_ALL, "roles", "角色", "Roles", sc_choices_role),
    U64_(SC_K_POLICY_NUMBER, 0, 0, "number", "数值", "Number", NULL),
    ENUM_(SC_K_POLICY_GIVER, 0, "giver", "授予者", "Given by", sc_choices_giver),
    STR_(SC_K_POLICY_ZH, 0, SC_POLICY_LABEL_MAX, "zh", "中文名称", "Chinese name"),
    STR_(SC_K_POLICY_EN, 0, SC_POLICY_LABEL_MAX, "en", "英文名称", "English name"),
    STR_(SC_K_POLICY_ABBR, 0, SC_POLICY_ABBR_MAX, "abbr", "简称", "Abbreviation"),
};

static bool about_own_key(const struct sc_body *body, uint8_t key, const struct cr_sign_pk *author)
{
    return cr_span_equal(sc_body_get(body, key)->s, cr_span_of(author->b, CR_SIGN_PK_BYTES));
}

/* Anybody ends an own log; nobody else's but from above. */
static uint32_t cut_writers(const struct sc_body *body, const struct cr_sign_pk *author)
{
    if (about_own_key(body, SC_K_CUT_SUBJECT, author))
        return sc_body_get(body, SC_K_CUT_MODE)->u == SC_CUT_RETIRE ? SC_ROLES_ALL | SC_ROLE_ROOT
                                                                    : 0;
    return SC_ROLE_ROOT | ROLES_VS;
}

/* Anybody adopts entries of the own key, in a later incarnation. */
static uint32_t adopt_writers(const struct sc_body *body, const struct cr_sign_pk *author)
{
    return about_own_key(body, SC_K_ADOPT_SUBJECT, author) ? SC_ROLES_ALL | SC_ROLE_ROOT
                                                           : SC_ROLE_ROOT | ROLES_VS;
}

/* Written by the commands that know what they mean, in street/public. */
#define TRUST(t, v, w, list)                                                        \
    .type = (t), .version = (v), .subject = SC_SUBJ_CREATES, .where = SC_IN_PUBLIC, \
    .writers = (w), FIELDS(list)

const struct sc_record sc_row_cert = {TRUST(SC_R_CERT, 1, SC_ROLE_ROOT | ROLES_VS, cert_fields),
                                      NAMES("cert", "证书", "Certificate"), .fold = SC_FOLD_CERT};
const struct sc_record sc_row_cut = {TRUST(SC_R_CUT, 1, SC_ROLES_ALL | SC_ROLE_ROOT, cut_fields),
                                     NAMES("cut", "封停", "Cut"), .writers_of = cut_writers};
const struct sc_record sc_row_adopt = {
    TRUST(SC_R_ADOPT, 1, SC_ROLES_ALL | SC_ROLE_ROOT, adopt_fields),
    NAMES("adopt", "采认", "Adoption"), .writers_of = adopt_writers};
const struct sc_record sc_row_incarnation = {.type = SC_R_INCARNATION,
                                             .version = 1,
                                             NAMES("incarnation", "新日志", "New incarnation"),
                                             .subject = SC_SUBJ_CREATES,
                                             .where = SC_IN_ANY,
                                             .writers = SC_ROLES_ALL | SC_ROLE_ROOT,
                                             FIELDS(incarnation_fields)};
const struct sc_record sc_row_policy = {
    TRUST(SC_R_POLICY, 2, SC_ROLE_ROOT | SC_ROLE_STREET, policy_fields),
    NAMES("policy", "制度参数", "Policy"), .check = sc_policy_check};
