/* The daily round: plans, tasks, days of duty, checks by owners, education, and what is done at
 * once when something is found. */
#include "schema/record_rows.h"

static const struct sc_choice patrol_kinds[] = {
    {1, "routine", "日常巡查", "Routine patrol"},
    {2, "ordered", "重点检查", "Ordered check"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice task_states[] = {
    {1, "open", "待办", "Open"},   {2, "doing", "在办", "In hand"},
    {3, "done", "已完成", "Done"}, {4, "cancelled", "已取消", "Cancelled"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice check_opinions[] = {
    {1, "agrees", "与记录相符", "Agrees with the log"},
    {2, "differs", "与记录不符", "Differs from the log"},
    {3, "incomplete", "记录不完整", "Log is incomplete"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice self_check_results[] = {
    {1, "clean", "未发现隐患", "Nothing found"},
    {2, "fixed", "已自行整改", "Put right by the owner"},
    {3, "found", "发现隐患", "Hazards found"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice self_check_signers[] = {
    {1, "owner", "负责人", "Owner"},
    {2, "staff", "员工", "Staff"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice self_check_channels[] = {
    {1, "phone", "手机填写", "By phone"},
    {2, "paper", "纸卡代录", "Paper card, entered by an officer"},
    {3, "call", "电话口述", "By telephone call"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice five_targets[] = {
    {1, "community", "进社区", "Community"},   {2, "school", "进学校", "School"},
    {3, "enterprise", "进企业", "Enterprise"}, {4, "village", "进农村", "Village"},
    {5, "family", "进家庭", "Family"},         {0, NULL, NULL, NULL},
};

static const struct sc_choice education_modes[] = {
    {1, "gathering", "集中宣传", "Gathering"},
    {2, "loudspeaker", "喊话、广播", "Loudspeaker"},
    {3, "door-to-door", "入户宣传", "Door to door"},
    {4, "poster", "张贴", "Poster"},
    {5, "online", "网络、微信群", "Online"},
    {6, "drill", "演练", "Drill"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice sample_groups[] = {
    {1, "owner", "经营者", "Owner"},
    {2, "staff", "员工", "Staff"},
    {3, "resident", "居民", "Resident"},
    {4, "student", "学生", "Student"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice dissuasion_answers[] = {
    {1, "accepted", "接受", "Accepted"},
    {2, "refused", "拒绝", "Refused"},
    {3, "absent", "不在场", "Absent"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice measure_kinds[] = {
    {1, "evacuate", "疏散人员", "Evacuation"},
    {2, "warning-sign", "设置警示标志", "Warning sign"},
    {3, "cut-power", "断电", "Power cut off"},
    {4, "cut-gas", "断气", "Gas cut off"},
    {5, "cordon", "拉警戒线", "Cordon"},
    {6, "put-out", "扑救初起火灾", "Small fire put out"},
    {7, "other", "其他", "Other"},
    {0, NULL, NULL, NULL},
};

static const struct sc_field patrol_plan_fields[] = {
    GRID_(REQ),
    NAME_(FILL),
    NOTE_,
    EXT_,
    KIND_(REQ, "巡查类别", "Kind", patrol_kinds),
    PERSON_(0, "责任人", "Person in charge"),
    FROM_(0),
    TO_(0),
    U64_(32, REQ, 366, "period", "巡查周期", "Period", "days"),
    IDS_(33, 0, SC_LIST_MAX, "targets", "巡查对象", "Places to visit", sc_to_site),
    MULTI_(34, 0, 16, "place-kinds", "场所类别", "Kinds of places", sc_choices_place_kind),
    STRS_(35, 0, 64, "route", "路线要点", "Points of the route"),
    U64_(36, 0, 999, "list", "检查表", "Checklist", NULL),
};

static const struct sc_field task_fields[] = {
    GRID_(REQ),
    TITLE_(FILL),
    TEXT_(0, "要求"),
    EXT_,
    DUE_(REQ, "完成期限", "Due"),
    KIND_(REQ, "任务类别", "Kind", patrol_kinds),
    HAZARD_(0),
    PERSON_(0, "承办人", "Assignee"),
    STATE_(REQ, task_states),
    CAMPAIGN_,
    IDS_(32, 0, SC_LIST_MAX, "targets", "检查对象", "Places to visit", sc_to_site),
    TIME_(33, 0, "done", "完成时间", "Done"),
    STR_(34, 0, SC_TEXT_MAX, "outcome", "完成情况", "Outcome"),
};

static const struct sc_field duty_day_fields[] = {
    GRID_(REQ),
    TEXT_(FILL, "工作记录"),
    EXT_,
    WHEN_(REQ, "日期", "Day"),
    PERSON_(0, "网格员", "Officer"),
};

static const struct sc_field duty_check_fields[] = {
    GRID_(REQ),
    TEXT_(0, "抽查意见"),
    RESULT_(REQ, "抽查结果", "Result", check_opinions),
    ID_(32, REQ, "day", "工作日志", "Day of duty", sc_to_duty_day),
};

static const struct sc_field self_check_fields[] = {
    GRID_(REQ),
    TEXT_(0, "说明"),
    SHOP_(REQ),
    EXT_,
    WHEN_(REQ, "自查日期", "Day"),
    EVIDENCE_,
    RESULT_(REQ, "自查结果", "Result", self_check_results),
    U64_(32, 0, 999, "list", "检查表", "Checklist", NULL),
    U64_(33, 0, 65535, "checklist", "检查表版本", "Checklist version", NULL),
    ANSWERS_(34, 0, 64, "answers", "检查项", "Answers"),
    ENUM_(35, 0, "signer", "自查人", "Checked by", self_check_signers),
    ENUM_(36, 0, "channel", "填报方式", "How it came", self_check_channels),
};

static const struct sc_field education_fields[] = {
    GRID_(REQ),
    TEXT_(0, "内容"),
    PLACE_(0),
    ADDRESS_,
    EXT_,
    WHEN_(REQ, "时间", "When"),
    EVIDENCE_,
    ENUM_(32, REQ, "target", "五进对象", "Target of the five", five_targets),
    ENUM_(33, REQ, "mode", "宣传方式", "Mode", education_modes),
    U64_(34, 0, 1000000, "people", "受教育人数", "People reached", NULL),
    STRS_(35, 0, 32, "materials", "宣传资料（品名×数量）", "Materials (kind×number)"),
    U64_(36, 0, 1000000, "copies", "发放份数", "Copies handed out", NULL),
};

static const struct sc_field knowledge_check_fields[] = {
    GRID_(REQ),
    NOTE_,
    PLACE_(0),
    EXT_,
    WHEN_(REQ, "抽查时间", "When"),
    ENUM_(32, REQ, "group", "抽查对象", "Who was asked", sample_groups),
    STR_(33, PII, 64, "sample", "被抽查人", "Person asked"),
    BOOL_(34, REQ, "knows-danger", "懂本场所火灾危险性", "Knows the danger of the place"),
    BOOL_(35, REQ, "can-report", "会报火警", "Can report a fire"),
    BOOL_(36, REQ, "can-extinguish", "会扑救初起火灾", "Can put out a small fire"),
    BOOL_(37, REQ, "can-escape", "会组织疏散逃生", "Can escape and lead others out"),
};

static const struct sc_field learning_fields[] = {
    GRID_(REQ),
    TITLE_(FILL),
    NOTE_,
    SHOP_(0),
    EXT_,
    WHEN_(REQ, "完成时间", "Completed"),
    STR_(32, PII, 64, "learner", "学习人", "Learner"),
    U64_(33, 0, 10000, "minutes", "学习时长", "Time spent", "min"),
    BOOL_(34, 0, "passed", "测试合格", "Test passed"),
};

static const struct sc_field dissuasion_fields[] = {
    GRID_(REQ),
    TEXT_(FILL, "劝导制止的行为"),
    PLACE_(0),
    EXT_,
    WHEN_(REQ, "时间", "When"),
    EVIDENCE_,
    RESULT_(REQ, "对方态度", "Answer", dissuasion_answers),
    HAZARD_(0),
    STR_(32, PII, 128, "addressee", "劝导对象", "Person addressed"),
    STR_(33, PII, 128, "witness", "见证人", "Witness"),
};

static const struct sc_field emergency_measure_fields[] = {
    GRID_(REQ),
    TEXT_(0, "处置情况"),
    PLACE_(0),
    ADDRESS_,
    EXT_,
    WHEN_(REQ, "设置时间", "Set up"),
    EVIDENCE_,
    KIND_(REQ, "措施", "Measure", measure_kinds),
    HAZARD_(0),
    U64_(32, 0, 100000, "people", "疏散人数", "People moved", NULL),
    TIME_(33, 0, "removed", "解除时间", "Removed"),
    STR_(34, 0, 512, "removal", "解除情况", "How it was removed"),
};

static const struct sc_field situation_note_fields[] = {
    GRID_(REQ),
    TEXT_(FILL, "情况反馈"),
    SHOP_(0),
    EXT_,
    WHEN_(REQ, "告知时间", "Told"),
    HAZARD_(0),
    STR_(32, FILL | PII, 128, "told", "告知何人", "Person told"),
    STR_(33, 0, 512, "follow-up", "跟进安排", "Follow-up"),
    TIME_(34, 0, "read", "对方确认时间", "Acknowledged"),
};

/* What a person was told to keep out of is a danger as long as it goes on. */
static int check_dissuasion(const struct sc_body *body, uint64_t schema_version, struct st_err *err)
{
    (void)schema_version;
    if (sc_body_get(body, SC_K_RESULT)->u != 2 || sc_body_get(body, SC_K_HAZARD)->present)
        return ST_OK;
    return st_fail(err, ST_MALFORMED, "dissuasion.hazard: refused, so the hazard must be reported");
}

const struct sc_record sc_row_patrol_plan = {
    LWW(SC_R_PATROL_PLAN, 1, SC_IN_AREA, ROLES_CVS, patrol_plan_fields),
    NAMES("patrol-plan", "巡查计划", "Patrol plan"), .check = sc_check_span};
const struct sc_record sc_row_task = {LWW(SC_R_TASK, 1, SC_IN_AREA, ROLES_OCVS, task_fields),
                                      NAMES("task", "工作任务", "Task")};
const struct sc_record sc_row_duty_day = {
    LWW(SC_R_DUTY_DAY, 1, SC_IN_AREA, ROLES_OCVS, duty_day_fields),
    NAMES("duty-day", "工作日志", "Day of duty")};
const struct sc_record sc_row_duty_check = {
    ONCE(SC_R_DUTY_CHECK, 1, SC_IN_AREA, ROLES_CVS, duty_check_fields),
    NAMES("duty-check", "日志抽查签认", "Countersigned log")};
const struct sc_record sc_row_self_check = {
    LWW(SC_R_SELF_CHECK, 1, SC_IN_VILLAGE, ROLES_OCVSB, self_check_fields),
    NAMES("self-check", "商户自查", "Self-check")};
const struct sc_record sc_row_education = {
    LWW(SC_R_EDUCATION, 1, SC_IN_AREA, ROLES_OCVS, education_fields),
    NAMES("education", "宣传教育", "Education")};
const struct sc_record sc_row_knowledge_check = {
    LWW(SC_R_KNOWLEDGE_CHECK, 1, SC_IN_VILLAGE, ROLES_OCVS, knowledge_check_fields),
    NAMES("knowledge-check", "一懂三会抽查", "Knowledge check")};
const struct sc_record sc_row_learning = {
    LWW(SC_R_LEARNING, 1, SC_IN_VILLAGE, ROLES_OCVSB, learning_fields),
    NAMES("learning", "消防安全学习", "Learning")};
const struct sc_record sc_row_dissuasion = {
    LWW(SC_R_DISSUASION, 1, SC_IN_VILLAGE, ROLES_OCVS, dissuasion_fields),
    NAMES("dissuasion", "劝导制止", "Dissuasion"), .check = check_dissuasion};
const struct sc_record sc_row_emergency_measure = {
    LWW(SC_R_EMERGENCY_MEASURE, 1, SC_IN_VILLAGE, ROLES_OCVS, emergency_measure_fields),
    NAMES("emergency-measure", "应急处置", "Emergency measure")};
const struct sc_record sc_row_situation_note = {
    LWW(SC_R_SITUATION_NOTE, 1, SC_IN_VILLAGE, ROLES_OCVS, situation_note_fields),
    NAMES("situation-note", "情况反馈", "Situation note")};
