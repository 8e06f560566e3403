/* The catalogue. One row is one field: key, kind, flags, limit, name, labels, unit. Keys below 32
 * are the shared ones (enum sc_key_common), from 32 on a record's own. Keys ascend in each list;
 * names and keys are part of the format and never change meaning. A new field or choice raises the
 * record's version. */
#include "schema/record_table.h"

#include "schema/cut.h"
#include "schema/policy.h"

#define REQ            SC_FF_REQUIRED
#define PII            SC_FF_PERSONAL
#define FTS            SC_FF_SEARCH
#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

#define ROLES_CVS   (SC_ROLE_CHIEF | SC_ROLE_VILLAGE | SC_ROLE_STREET)
#define ROLES_OCVS  (SC_ROLE_OFFICER | ROLES_CVS)
#define ROLES_OCVSB (ROLES_OCVS | SC_ROLE_OWNER)
#define ROLES_VS    (SC_ROLE_VILLAGE | SC_ROLE_STREET)

const struct sc_choice sc_choices_role[] = {
    {SC_ROLE_STREET, "street", "街道办", "Street office"},
    {SC_ROLE_VILLAGE, "village", "村(社区)负责人", "Village or community head"},
    {SC_ROLE_CHIEF, "chief", "网格长", "Grid chief"},
    {SC_ROLE_OFFICER, "officer", "网格员", "Grid officer"},
    {SC_ROLE_OWNER, "owner", "场所负责人", "Owner of a place"},
    {SC_ROLE_PUBLIC, "public", "群众", "Public"},
    {SC_ROLE_DISTRICT, "district", "区级部门", "District department"},
    {SC_ROLE_POLICE, "police", "派出所", "Police station"},
    {SC_ROLE_NODE, "node", "节点", "Node"},
    {0, NULL, NULL, NULL},
};

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

const struct sc_choice sc_choices_giver[] = {
    {SC_GV_ROOT, "root", "街道根钥匙", "Root key"},
    {SC_GV_STREET, "street", "街道", "Street"},
    {SC_GV_VILLAGE, "village", "村(社区)", "Village or community"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice group_kinds[] = {
    {1, "villager", "村民小组", "Villager group"},
    {2, "resident", "居民小组", "Resident group"},
    {3, "dedicated", "专属网格", "Dedicated grid"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice place_kinds[] = {
    {1, "shop", "小商铺", "Small shop"},
    {2, "workshop", "小作坊", "Workshop"},
    {3, "entertainment", "小娱乐场所", "Small entertainment"},
    {4, "mixed-use", "三合一/多合一", "Mixed use"},
    {5, "household", "家庭户", "Household"},
    {6, "residential", "居民楼院", "Residential building"},
    {7, "enterprise", "企业", "Enterprise"},
    {8, "ebike-point", "电动自行车停放充电点", "E-bike parking or charging"},
    {9, "key-facility", "重点部位/公共消防设施", "Key facility"},
    {10, "rented", "出租/自建房", "Rented or self-built house"},
    {11, "school-care", "学校/幼儿园/养老机构", "School, kindergarten or elder care"},
    {12, "restaurant", "餐饮场所", "Restaurant"},
    {13, "building-site", "工地", "Building site"},
    {14, "market-warehouse", "市场/仓库", "Market or warehouse"},
    {15, "forest-edge", "林缘柴草", "Forest edge or straw stack"},
    {16, "vacant", "空置", "Vacant"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice place_states[] = {
    {1, "operating", "在用", "Operating"},
    {2, "closed", "停业", "Closed"},
    {3, "vacant", "空置", "Vacant"},
    {4, "demolished", "已拆除", "Demolished"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice crs_choices[] = {
    {1, "cgcs2000", "CGCS2000", "CGCS2000"},
    {2, "wgs84", "WGS-84", "WGS 84"},
    {3, "gcj02", "GCJ-02", "GCJ-02"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice visit_purposes[] = {
    {1, "routine", "日常巡查", "Routine patrol"},
    {2, "ordered", "重点检查", "Ordered check"},
    {3, "follow-up", "隐患复查", "Follow-up of a hazard"},
    {4, "education", "宣传教育", "Education"},
    {5, "self-check", "自查指导", "Help with a self-check"},
    {6, "listening", "听取意见", "Listening to residents"},
    {7, "other-duty", "其他网格职责", "Other grid duty"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice presence_proofs[] = {
    {1, "door-code", "门牌动态码", "Door code"},
    {2, "qr", "二维码", "QR code"},
    {3, "owner-sign", "场所签字", "Signed by the owner"},
    {4, "photo", "照片", "Photo"},
    {5, "none", "无", "None"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice visit_results[] = {
    {1, "clean", "未发现隐患", "Nothing found"},   {2, "found", "发现隐患", "Hazards found"},
    {3, "fixed", "当场整改", "Fixed on the spot"}, {4, "refused", "拒绝检查", "Refused"},
    {5, "absent", "无人", "Nobody there"},         {0, NULL, NULL, NULL},
};

static const struct sc_choice notice_levels[] = {
    {1, "red", "红色预警", "Red"},       {2, "orange", "橙色预警", "Orange"},
    {3, "yellow", "黄色预警", "Yellow"}, {4, "blue", "蓝色预警", "Blue"},
    {5, "notice", "通知", "Notice"},     {0, NULL, NULL, NULL},
};

static const struct sc_choice severities[] = {
    {1, "minor", "轻微", "Minor"},
    {2, "general", "一般", "General"},
    {3, "serious", "较大", "Serious"},
    {4, "major", "疑似重大", "Suspected major"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice sources[] = {
    {1, "visit", "走访巡查", "Visit"},
    {2, "self-check", "自查", "Self-check"},
    {3, "public", "群众举报", "Public"},
    {4, "other-dept", "其他部门", "Other department"},
    {5, "device", "设备", "Device"},
    {6, "import", "导入", "Import"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice levels[] = {
    {1, "officer", "网格员", "Grid officer"},
    {2, "chief", "网格长", "Grid chief"},
    {3, "village", "村(社区)", "Village or community"},
    {4, "street", "街道", "Street"},
    {5, "district", "区级", "District"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice external_results[] = {
    {1, "corrected", "已整改", "Corrected"}, {2, "penalised", "已处罚", "Penalised"},
    {3, "sealed", "已查封", "Sealed"},       {4, "returned", "退回", "Returned"},
    {5, "other", "其他", "Other"},           {0, NULL, NULL, NULL},
};

const struct sc_choice sc_choices_answer[] = {
    {1, "ok", "合格", "OK"},
    {2, "bad", "不合格", "Bad"},
    {3, "na", "不适用", "Not applicable"},
    {4, "not-seen", "未查看", "Not seen"},
    {0, NULL, NULL, NULL},
};

/* Rows that several records share. */
#define GRID_(flags)                                                       \
    {                                                                      \
        SC_K_GRID, SC_F_GRID, flags, 0, "grid", "网格", "Grid", NULL, NULL \
    }
#define NAME_(flags)                                                                 \
    {                                                                                \
        SC_K_NAME, SC_F_TEXT, flags, SC_NAME_MAX, "name", "名称", "Name", NULL, NULL \
    }
#define TEXT_(flags, zh)                                                                 \
    {                                                                                    \
        SC_K_TEXT, SC_F_TEXT, (flags) | FTS, SC_TEXT_MAX, "text", zh, "Text", NULL, NULL \
    }
#define CODE_(flags)                                                                  \
    {                                                                                 \
        SC_K_CODE, SC_F_CODE, flags, 0, "code", "隐患代码", "Hazard code", NULL, NULL \
    }
#define SEVERITY_(flags)                                                                     \
    {                                                                                        \
        SC_K_SEVERITY, SC_F_ENUM, flags, 0, "severity", "等级", "Severity", NULL, severities \
    }
#define PLACE_                                                          \
    {                                                                   \
        SC_K_PLACE, SC_F_ID, 0, 0, "place", "场所", "Place", NULL, NULL \
    }
#define ADDRESS_                                                                    \
    {                                                                               \
        SC_K_ADDRESS, SC_F_TEXT, FTS, 512, "address", "地址", "Address", NULL, NULL \
    }
#define LAT_                                                                          \
    {                                                                                 \
        SC_K_LAT, SC_F_I64, 0, 900000000, "lat", "纬度", "Latitude", "1e-7 deg", NULL \
    }
#define LON_                                                                            \
    {                                                                                   \
        SC_K_LON, SC_F_I64, 0, 1800000000, "lon", "经度", "Longitude", "1e-7 deg", NULL \
    }
#define CRS_                                                                               \
    {                                                                                      \
        SC_K_CRS, SC_F_ENUM, 0, 0, "crs", "坐标系", "Coordinate system", NULL, crs_choices \
    }
#define EXT_                                                                       \
    {                                                                              \
        SC_K_EXT, SC_F_TEXT, 0, 128, "ext", "外部编号", "External key", NULL, NULL \
    }
#define WHEN_(flags, zh, en)                                       \
    {                                                              \
        SC_K_WHEN, SC_F_TIME, flags, 0, "when", zh, en, "ms", NULL \
    }
#define HAPPENED_ WHEN_(0, "发生时间", "When it happened")
#define EVIDENCE_                                                                        \
    {                                                                                    \
        SC_K_EVIDENCE, SC_F_TEXTS, 0, 16, "evidence", "佐证材料", "Evidence", NULL, NULL \
    }
#define DOC_                                                                          \
    {                                                                                 \
        SC_K_DOC, SC_F_TEXT, 0, 128, "doc", "文书编号", "Document number", NULL, NULL \
    }
#define LEVEL_(flags)                                                           \
    {                                                                           \
        SC_K_LEVEL, SC_F_ENUM, flags, 0, "level", "层级", "Level", NULL, levels \
    }
#define MEMBER_(flags, zh, en)                                       \
    {                                                                \
        SC_K_MEMBER, SC_F_ID, flags, 0, "member", zh, en, NULL, NULL \
    }

static const struct sc_field cert_fields[] = {
    NAME_(REQ | PII),
    {SC_K_KIND, SC_F_ENUM, REQ, 0, "kind", "类别", "Kind", NULL, cert_kinds},
    {SC_K_CERT_SUBJECT, SC_F_KEY, REQ, 0, "subject", "签名公钥", "Signing key", NULL, NULL},
    {SC_K_CERT_KX, SC_F_KEY, 0, 0, "kx", "通信公钥", "Exchange key", NULL, NULL},
    {SC_K_CERT_RANK, SC_F_U64, REQ, 255, "rank", "级别", "Rank", NULL, NULL},
    {SC_K_CERT_ROLES, SC_F_U64, REQ | SC_FF_BITS, SC_ROLES_ALL, "roles", "角色", "Roles", NULL,
     sc_choices_role},
    {SC_K_CERT_PREFIXES, SC_F_U64S, REQ | SC_FF_GRIDS, SC_CERT_PREFIXES_MAX, "prefixes", "管辖网格",
     "Grids", NULL, NULL},
    {SC_K_CERT_FROM, SC_F_TIME, 0, 0, "from", "生效时间", "Valid from", "ms", NULL},
    {SC_K_CERT_TO, SC_F_TIME, 0, 0, "to", "失效时间", "Valid to", "ms", NULL},
    {SC_K_CERT_PERSON, SC_F_ID, REQ, 0, "person", "持证人", "Person", NULL, NULL},
    {SC_K_CERT_POP, SC_F_BYTES, 0, CR_SIG_BYTES, "pop", "本人签名", "Consent", NULL, NULL},
};

static const struct sc_field cut_fields[] = {
    TEXT_(0, "原因"),
    {SC_K_CUT_SUBJECT, SC_F_KEY, REQ, 0, "subject", "签名公钥", "Signing key", NULL, NULL},
    {SC_K_CUT_MODE, SC_F_ENUM, REQ, 0, "mode", "方式", "Mode", NULL, cut_modes},
    {SC_K_CUT_INCARNATION, SC_F_U64, 0, 0, "incarnation", "日志代号", "Incarnation", NULL, NULL},
    {SC_K_CUT_HEADS, SC_F_BYTES, 0, SC_CUT_HEADS_MAX *SC_CUT_HEAD_BYTES, "heads", "仍有效的末条",
     "Heads that count", NULL, NULL},
    {SC_K_CUT_DEPS, SC_F_BYTES, 0, SC_CUT_DEPS_MAX *SC_CUT_DEP_BYTES, "deps", "生效前提",
     "Takes effect after", NULL, NULL},
};

static const struct sc_field adopt_fields[] = {
    {SC_K_ADOPT_SUBJECT, SC_F_KEY, REQ, 0, "subject", "签名公钥", "Signing key", NULL, NULL},
    {SC_K_ADOPT_SCOPE, SC_F_U64, REQ, 0, "scope", "范围", "Scope", NULL, NULL},
    {SC_K_ADOPT_INCARNATION, SC_F_U64, REQ, 0, "incarnation", "日志代号", "Incarnation", NULL,
     NULL},
    {SC_K_ADOPT_ENTRIES, SC_F_BYTES, REQ, SC_ADOPT_ENTRIES_MAX *SC_ADOPT_ENTRY_BYTES, "entries",
     "采认的记录", "Adopted entries", NULL, NULL},
};

static const struct sc_field incarnation_fields[] = {
    {32, SC_F_U64, REQ, 0, "previous", "前一日志", "Incarnation before", NULL, NULL},
    {33, SC_F_U64, REQ, SC_SEQ_MAX, "seq", "序号", "Last number known", NULL, NULL},
    {34, SC_F_KEY, REQ, 0, "chain", "链值", "Chain value there", NULL, NULL},
    {35, SC_F_ENUM, REQ, 0, "reason", "原因", "Reason", NULL, incarnation_reasons},
};

static const struct sc_field policy_fields[] = {
    {SC_K_NAME, SC_F_TEXT, REQ | FTS, SC_POLICY_NAME_MAX, "name", "参数", "Value", NULL, NULL},
    TEXT_(0, "依据"),
    LEVEL_(0),
    {SC_K_POLICY_FROM, SC_F_TIME, REQ, 0, "from", "生效时间", "Applies from", "ms", NULL},
    {SC_K_POLICY_ROLES, SC_F_U64, SC_FF_BITS, SC_ROLES_ALL, "roles", "角色", "Roles", NULL,
     sc_choices_role},
    {SC_K_POLICY_NUMBER, SC_F_U64, 0, 0, "number", "数值", "Number", NULL, NULL},
    {SC_K_POLICY_GIVER, SC_F_ENUM, 0, 0, "giver", "授予者", "Given by", NULL, sc_choices_giver},
    {SC_K_POLICY_ZH, SC_F_TEXT, 0, SC_POLICY_LABEL_MAX, "zh", "中文名称", "Chinese name", NULL,
     NULL},
    {SC_K_POLICY_EN, SC_F_TEXT, 0, SC_POLICY_LABEL_MAX, "en", "英文名称", "English name", NULL,
     NULL},
    {SC_K_POLICY_ABBR, SC_F_TEXT, 0, SC_POLICY_ABBR_MAX, "abbr", "简称", "Abbreviation", NULL,
     NULL},
};

static const struct sc_field grid_fields[] = {
    GRID_(REQ),
    NAME_(REQ | FTS),
    EXT_,
    {SC_K_KIND, SC_F_ENUM, 0, 0, "group-kind", "小组类别", "Kind of group", NULL, group_kinds},
    {32, SC_F_U64, 0, 1000000, "households", "户数", "Households", NULL, NULL},
    {33, SC_F_U64, 0, 1000000, "places", "场所数", "Places", NULL, NULL},
    {34, SC_F_BOOL, 0, 0, "synthetic", "示例数据", "Made-up data", NULL, NULL},
};

static const struct sc_field place_fields[] = {
    GRID_(REQ),
    NAME_(REQ | FTS),
    TEXT_(0, "备注"),
    ADDRESS_,
    LAT_,
    LON_,
    CRS_,
    EXT_,
    {SC_K_KIND, SC_F_ENUM, REQ, 0, "kind", "场所类别", "Kind", NULL, place_kinds},
    {32, SC_F_U64, 0, 200, "floors", "层数", "Floors", NULL, NULL},
    {33, SC_F_U64, 0, 10000000, "area", "面积", "Area", "m2", NULL},
    {34, SC_F_U64, 0, 1000000, "occupants", "人数", "Occupants", NULL, NULL},
    {35, SC_F_U64, 0, 100000, "sleeping", "住宿人数", "Persons sleeping", NULL, NULL},
    {36, SC_F_BOOL, 0, 0, "street-front", "临街门面", "Street front", NULL, NULL},
    {37, SC_F_TEXT, PII, 256, "owner", "责任人", "Responsible person", NULL, NULL},
    {38, SC_F_ENUM, 0, 0, "status", "状态", "State", NULL, place_states},
};

static const struct sc_field visit_fields[] = {
    GRID_(REQ),
    TEXT_(0, "记录"),
    PLACE_,
    EXT_,
    WHEN_(REQ, "开始时间", "Start"),
    {SC_K_RESULT, SC_F_ENUM, 0, 0, "result", "结果", "Result", NULL, visit_results},
    {32, SC_F_TIME, 0, 0, "end", "结束时间", "End", "ms", NULL},
    {33, SC_F_U64S, 0, 16, "purposes", "目的", "Purposes", NULL, visit_purposes},
    {34, SC_F_U64, 0, 65535, "checklist", "检查表版本", "Checklist version", NULL, NULL},
    {35, SC_F_ANSWERS, 0, 64, "answers", "检查项", "Answers", NULL, sc_choices_answer},
    {36, SC_F_ENUM, 0, 0, "presence", "到场证明", "Proof of presence", NULL, presence_proofs},
};

static const struct sc_field notice_fields[] = {
    {SC_K_NAME, SC_F_TEXT, FTS, SC_NAME_MAX, "name", "标题", "Title", NULL, NULL},
    TEXT_(REQ, "内容"),
    EXT_,
    {SC_K_KIND, SC_F_ENUM, REQ, 0, "level", "级别", "Level", NULL, notice_levels},
    {32, SC_F_TIME, 0, 0, "valid-to", "有效期至", "Valid to", "ms", NULL},
    {33, SC_F_U64S, SC_FF_GRIDS, 32, "grids", "发送范围", "Grids addressed", NULL, NULL},
};

static const struct sc_field report_fields[] = {
    GRID_(REQ), TEXT_(0, "隐患描述"),
    CODE_(REQ), SEVERITY_(0),
    PLACE_,     {SC_K_SOURCE, SC_F_ENUM, 0, 0, "source", "来源", "Source", NULL, sources},
    ADDRESS_,   LAT_,
    LON_,       CRS_,
    EXT_,       HAPPENED_,
    EVIDENCE_,  {SC_K_VISIT, SC_F_ID, 0, 0, "visit", "走访", "Visit", NULL, NULL},
};

static const struct sc_field emergency_fields[] = {
    GRID_(0),  TEXT_(0, "紧急情况"), CODE_(0), PLACE_, ADDRESS_, LAT_, LON_, CRS_, EXT_, HAPPENED_,
    EVIDENCE_,
};

static const struct sc_field edit_fields[] = {
    GRID_(0), TEXT_(0, "隐患描述"), CODE_(0), PLACE_, ADDRESS_, LAT_, LON_, CRS_, EXT_, HAPPENED_,
};

static const struct sc_field assess_fields[] = {
    TEXT_(0, "说明"), SEVERITY_(REQ), EXT_, HAPPENED_, EVIDENCE_,
};

static const struct sc_field downgrade_fields[] = {
    TEXT_(REQ, "降级理由"), SEVERITY_(REQ), EXT_, HAPPENED_, EVIDENCE_,
};

static const struct sc_field note_fields[] = {TEXT_(0, "说明"), EXT_, HAPPENED_};

static const struct sc_field assign_fields[] = {
    TEXT_(0, "要求"),
    EXT_,
    HAPPENED_,
    {SC_K_ASSIGNEE, SC_F_TEXT, REQ | PII, 128, "assignee", "承办人", "Assignee", NULL, NULL},
};

static const struct sc_field deadline_fields[] = {
    TEXT_(0, "理由"),
    EXT_,
    HAPPENED_,
    {SC_K_DEADLINE, SC_F_TIME, REQ, 0, "deadline", "整改时限", "Deadline", "ms", NULL},
};

static const struct sc_field progress_fields[] = {
    TEXT_(0, "进展"),
    EXT_,
    HAPPENED_,
    EVIDENCE_,
    {SC_K_DANGER, SC_F_BOOL, 0, 0, "danger", "仍有危险", "Still dangerous", NULL, NULL},
};

static const struct sc_field escalate_fields[] = {
    TEXT_(0, "理由"),
    EXT_,
    HAPPENED_,
    LEVEL_(REQ),
};

static const struct sc_field handback_fields[] = {
    TEXT_(REQ, "退回理由"),
    EXT_,
    HAPPENED_,
    LEVEL_(0),
};

static const struct sc_field evidence_fields[] = {TEXT_(0, "说明"), EXT_, HAPPENED_, EVIDENCE_};

static const struct sc_field pass_fields[] = {
    TEXT_(0, "复查意见"), EXT_, HAPPENED_, EVIDENCE_, DOC_,
};

static const struct sc_field void_fields[] = {
    TEXT_(REQ, "作废理由"), EXT_, HAPPENED_, EVIDENCE_, DOC_,
};

static const struct sc_field transfer_fields[] = {
    TEXT_(0, "移送说明"),
    EXT_,
    HAPPENED_,
    EVIDENCE_,
    DOC_,
    {32, SC_F_TEXT, REQ, 128, "receiver", "接收单位", "Receiver", NULL, NULL},
};

static const struct sc_field external_fields[] = {
    TEXT_(0, "处理说明"),
    EXT_,
    HAPPENED_,
    EVIDENCE_,
    DOC_,
    {SC_K_RESULT, SC_F_ENUM, REQ, 0, "result", "处理结果", "Result", NULL, external_results},
};

static const struct sc_field link_fields[] = {
    TEXT_(0, "说明"),
    EXT_,
    HAPPENED_,
    MEMBER_(REQ, "另一隐患", "Other hazard"),
};

static const struct sc_field recur_fields[] = {
    TEXT_(0, "说明"), EXT_, HAPPENED_, EVIDENCE_, MEMBER_(0, "此前隐患", "Earlier hazard"),
};

#define FIELDS(list)   .fields = (list), .field_count = COUNT_OF(list)
#define NAMES(n, z, e) .name = (n), .zh = (z), .en = (e)
#define HAZARD(t, k, w, list)                                                                  \
    .type = (t), .version = 1, .fold = SC_FOLD_HAZARD, .klass = (k), .subject = SC_SUBJ_NEEDS, \
    .writers = (w), FIELDS(list)

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

static const struct sc_record records[] = {
    {.type = SC_R_CERT,
     .version = 1,
     NAMES("cert", "证书", "Certificate"),
     .fold = SC_FOLD_CERT,
     .subject = SC_SUBJ_CREATES,
     .writers = SC_ROLE_ROOT | ROLES_VS,
     .public_scope = true,
     FIELDS(cert_fields)},
    {.type = SC_R_CUT,
     .version = 1,
     NAMES("cut", "封停", "Cut"),
     .subject = SC_SUBJ_CREATES,
     .writers = SC_ROLES_ALL | SC_ROLE_ROOT,
     .writers_of = cut_writers,
     .public_scope = true,
     FIELDS(cut_fields)},
    {.type = SC_R_ADOPT,
     .version = 1,
     NAMES("adopt", "采认", "Adoption"),
     .subject = SC_SUBJ_CREATES,
     .writers = SC_ROLES_ALL | SC_ROLE_ROOT,
     .writers_of = adopt_writers,
     .public_scope = true,
     FIELDS(adopt_fields)},
    {.type = SC_R_INCARNATION,
     .version = 1,
     NAMES("incarnation", "新日志", "New incarnation"),
     .subject = SC_SUBJ_CREATES,
     .writers = SC_ROLES_ALL | SC_ROLE_ROOT,
     FIELDS(incarnation_fields)},
    {.type = SC_R_POLICY,
     .version = 1,
     NAMES("policy", "制度参数", "Policy"),
     .subject = SC_SUBJ_CREATES,
     .writers = SC_ROLE_ROOT | SC_ROLE_STREET,
     .check = sc_policy_check,
     .public_scope = true,
     FIELDS(policy_fields)},
    {.type = SC_R_GRID,
     .version = 1,
     NAMES("grid", "网格", "Grid"),
     .fold = SC_FOLD_LWW,
     .subject = SC_SUBJ_EITHER,
     .writers = SC_ROLE_STREET,
     .public_scope = true,
     FIELDS(grid_fields)},
    {.type = SC_R_PLACE,
     .version = 1,
     NAMES("place", "场所", "Place"),
     .fold = SC_FOLD_LWW,
     .subject = SC_SUBJ_EITHER,
     .writers = ROLES_OCVS,
     FIELDS(place_fields)},
    {.type = SC_R_VISIT,
     .version = 1,
     NAMES("visit", "走访巡查", "Visit"),
     .fold = SC_FOLD_LWW,
     .subject = SC_SUBJ_EITHER,
     .writers = ROLES_OCVSB,
     FIELDS(visit_fields)},
    {.type = SC_R_NOTICE,
     .version = 1,
     NAMES("notice", "预警通知", "Notice"),
     .fold = SC_FOLD_LWW,
     .subject = SC_SUBJ_EITHER,
     .writers = SC_ROLE_STREET,
     .public_scope = true,
     FIELDS(notice_fields)},
    {.type = SC_R_HAZARD_REPORT,
     .version = 1,
     NAMES("hazard-report", "上报", "Report"),
     .fold = SC_FOLD_HAZARD,
     .klass = SC_DANGER,
     .subject = SC_SUBJ_CREATES,
     .writers = ROLES_OCVSB | SC_ROLE_PUBLIC,
     .open_report = true,
     FIELDS(report_fields)},
    {HAZARD(SC_R_HAZARD_ASSESS, SC_NEUTRAL, ROLES_OCVS, assess_fields),
     NAMES("hazard-assess", "定级", "Assessment")},
    {HAZARD(SC_R_HAZARD_ACCEPT, SC_NEUTRAL, ROLES_CVS, note_fields),
     NAMES("hazard-accept", "受理", "Acceptance")},
    {HAZARD(SC_R_HAZARD_ASSIGN, SC_NEUTRAL, ROLES_CVS, assign_fields),
     NAMES("hazard-assign", "交办", "Assignment")},
    {HAZARD(SC_R_HAZARD_DEADLINE, SC_NEUTRAL, ROLES_CVS, deadline_fields),
     NAMES("hazard-deadline", "整改时限", "Deadline")},
    {HAZARD(SC_R_HAZARD_PROGRESS, SC_NEUTRAL, ROLES_OCVSB, progress_fields),
     NAMES("hazard-progress", "整改进展", "Progress")},
    {HAZARD(SC_R_HAZARD_REMIND, SC_NEUTRAL, ROLES_OCVS, note_fields),
     NAMES("hazard-remind", "催办", "Reminder")},
    {HAZARD(SC_R_HAZARD_ESCALATE, SC_DANGER, ROLES_OCVS, escalate_fields),
     NAMES("hazard-escalate", "上报上级", "Escalation")},
    {HAZARD(SC_R_HAZARD_HANDBACK, SC_NEUTRAL, ROLES_VS, handback_fields),
     NAMES("hazard-handback", "退回下级", "Hand-back")},
    {HAZARD(SC_R_HAZARD_DOWNGRADE, SC_NEUTRAL, ROLES_VS, downgrade_fields),
     NAMES("hazard-downgrade", "降级", "Downgrade")},
    {HAZARD(SC_R_HAZARD_EMERGENCY, SC_DANGER, ROLES_OCVSB | SC_ROLE_PUBLIC, emergency_fields),
     NAMES("hazard-emergency", "紧急报告", "Emergency"), .open_report = true},
    {HAZARD(SC_R_HAZARD_FIX, SC_NEUTRAL, ROLES_OCVSB, evidence_fields),
     NAMES("hazard-fix", "整改完成申报", "Fix claim")},
    {HAZARD(SC_R_HAZARD_PASS, SC_CLEARANCE, ROLES_OCVS, pass_fields),
     NAMES("hazard-pass", "复查通过", "Check passed")},
    {HAZARD(SC_R_HAZARD_FAIL, SC_DANGER, ROLES_OCVS, evidence_fields),
     NAMES("hazard-fail", "复查不通过", "Check failed")},
    {HAZARD(SC_R_HAZARD_REOPEN, SC_DANGER, ROLES_OCVSB | SC_ROLE_PUBLIC, evidence_fields),
     NAMES("hazard-reopen", "重新打开", "Reopening"), .open_report = true},
    {HAZARD(SC_R_HAZARD_VOID, SC_CLEARANCE, ROLES_OCVS, void_fields),
     NAMES("hazard-void", "误报作废", "False report")},
    {HAZARD(SC_R_HAZARD_TRANSFER, SC_NEUTRAL, ROLES_VS, transfer_fields),
     NAMES("hazard-transfer", "移送", "Transfer")},
    {HAZARD(SC_R_HAZARD_EXTERNAL, SC_NEUTRAL, ROLES_VS, external_fields),
     NAMES("hazard-external", "外部处理结果", "External result")},
    {HAZARD(SC_R_HAZARD_LINK, SC_NEUTRAL, ROLES_OCVS, link_fields),
     NAMES("hazard-link", "重复归并", "Link to a duplicate")},
    {HAZARD(SC_R_HAZARD_UNLINK, SC_NEUTRAL, ROLES_OCVS, link_fields),
     NAMES("hazard-unlink", "取消归并", "Unlink")},
    {HAZARD(SC_R_HAZARD_RECUR, SC_DANGER, ROLES_OCVS, recur_fields),
     NAMES("hazard-recur", "复发", "Recurrence")},
    {HAZARD(SC_R_HAZARD_EDIT, SC_NEUTRAL, ROLES_OCVS, edit_fields),
     NAMES("hazard-edit", "修改描述", "Edit")},
};

const struct sc_record *sc_record_at(size_t index)
{
    return index < COUNT_OF(records) ? &records[index] : NULL;
}

static_assert(COUNT_OF(records) <= SC_RULES_RECORDS, "rules hold every record");

size_t sc_record_index(const struct sc_record *rec)
{
    return (size_t)(rec - records);
}

const struct sc_record *sc_record_find(uint64_t type)
{
    size_t low = 0, high = COUNT_OF(records);

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (records[mid].type == type)
            return &records[mid];
        if (type < records[mid].type)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}
