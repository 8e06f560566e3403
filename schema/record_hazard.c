/* Hazards: the report and what is done about it, and beside it the hand-over to another authority
 * and the fire that came nevertheless. */
#include "schema/record_rows.h"

static const struct sc_choice sources[] = {
    {1, "visit", "走访巡查", "Visit"},
    {2, "self-check", "自查", "Self-check"},
    {3, "public", "群众举报", "Public"},
    {4, "other-dept", "其他部门", "Other department"},
    {5, "device", "设备", "Device"},
    {6, "import", "导入", "Import"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice external_results[] = {
    {1, "corrected", "已整改", "Corrected"}, {2, "penalised", "已处罚", "Penalised"},
    {3, "sealed", "已查封", "Sealed"},       {4, "returned", "退回", "Returned"},
    {5, "other", "其他", "Other"},           {0, NULL, NULL, NULL},
};

static const struct sc_choice authorities[] = {
    {1, "police", "派出所", "Police station"},
    {2, "fire-brigade", "消防救援机构", "Fire and rescue"},
    {3, "district", "区级部门", "District department"},
    {4, "emergency-office", "应急管理部门", "Emergency management"},
    {5, "market", "市场监管部门", "Market supervision"},
    {6, "urban", "城市管理部门", "Urban management"},
    {7, "housing", "住房城乡建设部门", "Housing and construction"},
    {8, "other", "其他部门", "Another department"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice dossier_states[] = {
    {1, "prepared", "已整理", "Prepared"},
    {2, "sent", "已移送", "Sent"},
    {3, "received", "已签收", "Received"},
    {4, "answered", "已回复", "Answered"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice fire_causes[] = {
    {1, "electric", "电气", "Electric"},
    {2, "careless", "用火不慎", "Careless use of fire"},
    {3, "smoking", "吸烟", "Smoking"},
    {4, "play", "玩火", "Playing with fire"},
    {5, "e-bike", "电动自行车", "E-bike"},
    {6, "gas", "燃气", "Gas"},
    {7, "production", "生产作业", "Production work"},
    {8, "arson", "放火", "Arson"},
    {9, "spontaneous", "自燃", "Spontaneous"},
    {10, "lightning", "雷击", "Lightning"},
    {11, "ritual", "祭祀、焚烧", "Ritual or field burning"},
    {12, "unknown", "原因不明", "Not known"},
    {13, "other", "其他", "Other"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice known_before[] = {
    {1, "open", "火灾前有未销案隐患", "A hazard was open before"},
    {2, "closed", "火灾前隐患已销案", "A hazard had been closed before"},
    {3, "none", "此前未发现隐患", "None was known"},
    {0, NULL, NULL, NULL},
};

static const struct sc_field report_fields[] = {
    GRID_(REQ), TEXT_(0, "隐患描述"),
    CODE_(REQ), SEVERITY_(0),
    PLACE_(0),  ENUM_(SC_K_SOURCE, 0, "source", "来源", "Source", sources),
    ADDRESS_,   LAT_,
    LON_,       CRS_,
    EXT_,       HAPPENED_,
    EVIDENCE_,  VISIT_,
};

static const struct sc_field emergency_fields[] = {
    GRID_(0),  TEXT_(0, "紧急情况"),
    CODE_(0),  PLACE_(0),
    ADDRESS_,  LAT_,
    LON_,      CRS_,
    EXT_,      HAPPENED_,
    EVIDENCE_,
};

static const struct sc_field edit_fields[] = {
    GRID_(0),  TEXT_(0, "隐患描述"), CODE_(0), PLACE_(0), ADDRESS_, LAT_, LON_, CRS_, EXT_,
    HAPPENED_,
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
    ASSIGNEE_(REQ, "承办人", "Assignee"),
};

static const struct sc_field deadline_fields[] = {
    TEXT_(0, "理由"),
    EXT_,
    HAPPENED_,
    DUE_(REQ, "整改时限", "Deadline"),
};

static const struct sc_field progress_fields[] = {
    TEXT_(0, "进展"),
    EXT_,
    HAPPENED_,
    EVIDENCE_,
    BOOL_(SC_K_DANGER, 0, "danger", "仍有危险", "Still dangerous"),
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
    STR_(32, REQ, 128, "receiver", "接收单位", "Receiver"),
};

static const struct sc_field external_fields[] = {
    TEXT_(0, "处理说明"),
    EXT_,
    HAPPENED_,
    EVIDENCE_,
    DOC_,
    RESULT_(REQ, "处理结果", "Result", external_results),
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

static const struct sc_field due_fields[] = {
    LEVEL_(REQ),
    ENUM_(SC_K_DUE_RULE, REQ, "rule", "事由", "Rule", sc_choices_due),
    TIME_(SC_K_DUE_BASE, REQ, "base", "起算时间", "Counted from"),
};

static const struct sc_field dossier_fields[] = {
    GRID_(REQ),
    TEXT_(0, "移送说明"),
    EXT_,
    WHEN_(0, "移送时间", "Sent"),
    EVIDENCE_,
    DOC_,
    KIND_(REQ, "接收方", "Authority", authorities),
    RESULT_(0, "处理结果", "Result", external_results),
    HAZARDS_(FILL),
    STATE_(0, dossier_states),
    STR_(32, FILL, 128, "receiver", "接收单位", "Receiver"),
    STR_(33, PII, 128, "signed-by", "签收人", "Received by"),
    STR_(34, 0, 128, "receipt", "回执编号", "Receipt number"),
    TIME_(35, 0, "received", "签收时间", "Received"),
    STR_(36, 0, SC_TEXT_MAX, "answer", "处理意见", "Answer"),
    STR_(37, 0, 128, "answer-doc", "回复文号", "Number of the answer"),
    TIME_(38, 0, "answered", "回复时间", "Answered"),
};

static const struct sc_field fire_fields[] = {
    GRID_(REQ),
    TEXT_(0, "经过"),
    PLACE_(0),
    ADDRESS_,
    LAT_,
    LON_,
    CRS_,
    EXT_,
    WHEN_(REQ, "起火时间", "When it began"),
    EVIDENCE_,
    KIND_(REQ, "起火原因", "Cause", fire_causes),
    HAZARDS_(0),
    ENUM_(32, 0, "known", "此前隐患", "Known before", known_before),
    U64_(33, 0, UINT64_C(1000000000000), "loss", "直接财产损失", "Loss", "fen"),
    U64_(34, 0, 10000, "dead", "死亡", "Dead", NULL),
    U64_(35, 0, 10000, "injured", "受伤", "Injured", NULL),
    U64_(36, 0, 1000000, "area", "过火面积", "Burnt area", "m2"),
    TIME_(37, 0, "out", "扑灭时间", "Put out"),
};

#define HAZARD(t, v, k, w, list)                                                                 \
    .type = (t), .version = (v), .fold = SC_FOLD_HAZARD, .klass = (k), .subject = SC_SUBJ_NEEDS, \
    .where = SC_IN_ANY, .writers = (w), FIELDS(list)
#define NEUTRAL(name_, t, w, list, n, z, e)                                            \
    const struct sc_record sc_row_hazard_##name_ = {HAZARD(t, 1, SC_NEUTRAL, w, list), \
                                                    NAMES("hazard-" n, z, e)}
#define DANGER(name_, t, v, w, list, n, z, e, open)  \
    const struct sc_record sc_row_hazard_##name_ = { \
        HAZARD(t, v, SC_DANGER, w, list), NAMES("hazard-" n, z, e), .open_report = (open)}
#define CLEARANCE(name_, t, w, list, n, z, e)                                            \
    const struct sc_record sc_row_hazard_##name_ = {HAZARD(t, 1, SC_CLEARANCE, w, list), \
                                                    NAMES("hazard-" n, z, e)}

const struct sc_record sc_row_hazard_report = {.type = SC_R_HAZARD_REPORT,
                                               .version = 2,
                                               NAMES("hazard-report", "上报", "Report"),
                                               .fold = SC_FOLD_HAZARD,
                                               .klass = SC_DANGER,
                                               .subject = SC_SUBJ_CREATES,
                                               .where = SC_IN_ANY,
                                               .writers = ROLES_OCVSB | SC_ROLE_PUBLIC,
                                               .open_report = true,
                                               FIELDS(report_fields)};
NEUTRAL(assess, SC_R_HAZARD_ASSESS, ROLES_OCVS, assess_fields, "assess", "定级", "Assessment");
NEUTRAL(accept, SC_R_HAZARD_ACCEPT, ROLES_CVS, note_fields, "accept", "受理", "Acceptance");
NEUTRAL(assign, SC_R_HAZARD_ASSIGN, ROLES_CVS, assign_fields, "assign", "交办", "Assignment");
NEUTRAL(deadline, SC_R_HAZARD_DEADLINE, ROLES_CVS, deadline_fields, "deadline", "整改时限",
        "Deadline");
NEUTRAL(progress, SC_R_HAZARD_PROGRESS, ROLES_OCVSB, progress_fields, "progress", "整改进展",
        "Progress");
NEUTRAL(remind, SC_R_HAZARD_REMIND, ROLES_OCVS, note_fields, "remind", "催办", "Reminder");
DANGER(escalate, SC_R_HAZARD_ESCALATE, 1, ROLES_OCVS, escalate_fields, "escalate", "上报上级",
       "Escalation", false);
NEUTRAL(handback, SC_R_HAZARD_HANDBACK, ROLES_VS, handback_fields, "handback", "退回下级",
        "Hand-back");
NEUTRAL(downgrade, SC_R_HAZARD_DOWNGRADE, ROLES_VS, downgrade_fields, "downgrade", "降级",
        "Downgrade");
DANGER(emergency, SC_R_HAZARD_EMERGENCY, 2, ROLES_OCVSB | SC_ROLE_PUBLIC, emergency_fields,
       "emergency", "紧急报告", "Emergency", true);
NEUTRAL(fix, SC_R_HAZARD_FIX, ROLES_OCVSB, evidence_fields, "fix", "整改完成申报", "Fix claim");
CLEARANCE(pass, SC_R_HAZARD_PASS, ROLES_OCVS, pass_fields, "pass", "复查通过", "Check passed");
DANGER(fail, SC_R_HAZARD_FAIL, 1, ROLES_OCVS, evidence_fields, "fail", "复查不通过", "Check failed",
       false);
DANGER(reopen, SC_R_HAZARD_REOPEN, 1, ROLES_OCVSB | SC_ROLE_PUBLIC, evidence_fields, "reopen",
       "重新打开", "Reopening", true);
CLEARANCE(void, SC_R_HAZARD_VOID, ROLES_OCVS, void_fields, "void", "误报作废", "False report");
NEUTRAL(transfer, SC_R_HAZARD_TRANSFER, ROLES_VS, transfer_fields, "transfer", "移送", "Transfer");
NEUTRAL(external, SC_R_HAZARD_EXTERNAL, ROLES_VS, external_fields, "external", "外部处理结果",
        "External result");
NEUTRAL(link, SC_R_HAZARD_LINK, ROLES_OCVS, link_fields, "link", "重复归并", "Link to a duplicate");
NEUTRAL(unlink, SC_R_HAZARD_UNLINK, ROLES_OCVS, link_fields, "unlink", "取消归并", "Unlink");
DANGER(recur, SC_R_HAZARD_RECUR, 1, ROLES_OCVS, recur_fields, "recur", "复发", "Recurrence", false);
NEUTRAL(edit, SC_R_HAZARD_EDIT, ROLES_OCVS, edit_fields, "edit", "修改描述", "Edit");

/* What the clock says (clock.h), put on record by a node: any number of nodes say the same. */
const struct sc_record sc_row_hazard_due = {.type = SC_R_HAZARD_DUE,
                                            .version = 1,
                                            NAMES("hazard-due", "到期上报", "Due report"),
                                            .subject = SC_SUBJ_NEEDS,
                                            .where = SC_IN_ANY,
                                            .writers = SC_ROLE_NODE | ROLES_OCVS,
                                            FIELDS(due_fields)};

const struct sc_record sc_row_dossier = {
    LWW(SC_R_DOSSIER, 1, SC_IN_VILLAGE, ROLES_VS, dossier_fields),
    NAMES("dossier", "移送案卷", "Dossier handed over")};
const struct sc_record sc_row_fire = {LWW(SC_R_FIRE, 1, SC_IN_VILLAGE, ROLES_VS, fire_fields),
                                      NAMES("fire", "火情", "Fire incident")};
