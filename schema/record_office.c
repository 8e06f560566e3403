/* The office's work: who leads, what is ordered, planned, decided, met about, supervised, assessed
 * and answered for, and who has looked at what. */
#include "schema/calendar.h"
#include "schema/record_rows.h"

static const struct sc_choice group_posts[] = {
    {1, "leader", "组长", "Leader"},
    {2, "first-deputy", "第一副组长", "First deputy leader"},
    {3, "deputy", "副组长", "Deputy leader"},
    {4, "member", "成员", "Member"},
    {5, "office-head", "办公室主任", "Head of the office"},
    {6, "office-staff", "办公室人员", "Office staff"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice instruction_kinds[] = {
    {1, "guidance", "指导意见", "Guidance"},
    {2, "instruction", "督办", "Instruction"},
    {3, "request", "请示", "Request"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice reply_states[] = {
    {1, "received", "已收到", "Received"},
    {2, "doing", "办理中", "In hand"},
    {3, "done", "已办结", "Done"},
    {4, "unable", "无法办理", "Cannot be done"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice campaign_states[] = {
    {1, "running", "进行中", "Running"},
    {2, "finished", "已结束", "Finished"},
    {3, "cancelled", "已取消", "Cancelled"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice meeting_kinds[] = {
    {1, "regular", "工作例会", "Regular meeting"},
    {2, "special", "专题会议", "Special meeting"},
    {3, "mobilising", "动员部署会", "Mobilisation"},
    {4, "listening", "下访座谈", "Listening meeting"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice training_topics[] = {
    {1, "policy", "政策法规", "Policy and law"},
    {2, "business", "业务知识", "Professional knowledge"},
    {3, "ethics", "职业道德", "Professional ethics"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice raters[] = {
    {1, "superior", "上级评价", "By superiors"},
    {2, "internal", "内部评价", "By colleagues"},
    {3, "public", "群众评价", "By the public"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice grades[] = {
    {1, "excellent", "优秀", "Excellent"},
    {2, "competent", "称职", "Competent"},
    {3, "basic", "基本称职", "Barely competent"},
    {4, "incompetent", "不称职", "Not competent"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice award_kinds[] = {
    {1, "award", "奖励", "Award"},
    {2, "commendation", "表彰", "Commendation"},
    {3, "criticism", "通报批评", "Criticism"},
    {4, "penalty", "处罚", "Penalty"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice personnel_kinds[] = {
    {1, "appoint", "任用", "Appointed"},
    {2, "transfer", "转岗", "Moved"},
    {3, "leave", "请假", "Leave"},
    {4, "stand-in", "代班", "Stand-in"},
    {5, "dismiss", "辞退", "Dismissed"},
    {6, "resign", "辞职", "Resigned"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice discipline_results[] = {
    {1, "pending", "核查中", "Under inquiry"},
    {2, "unfounded", "不属实", "Unfounded"},
    {3, "warning", "警告", "Warning"},
    {4, "dismissal", "辞退", "Dismissal"},
    {5, "handed-over", "移交纪检监察", "Handed over to supervision"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice access_reasons[] = {
    {1, "case", "办理隐患", "A case in hand"},
    {2, "emergency", "应急处置", "An emergency"},
    {3, "supervision", "督查", "Supervision"},
    {4, "request", "本人申请", "The person's own request"},
    {5, "audit", "审计", "Audit"},
    {0, NULL, NULL, NULL},
};

static const struct sc_field calendar_fields[] = {
    TEXT_(0, "依据"),
    U64_(SC_K_CALENDAR_YEAR, REQ, 9999, "year", "年份", "Year", NULL),
    NUMS_(SC_K_CALENDAR_OFF, 0, SC_CALENDAR_DAYS, "off", "放假的工作日", "Weekdays off"),
    NUMS_(SC_K_CALENDAR_WORK, 0, SC_CALENDAR_DAYS, "work", "调休上班的休息日",
          "Weekend days worked"),
};

static const struct sc_field leading_group_fields[] = {
    GRID_(0),
    NAME_(FILL),
    NOTE_,
    EXT_,
    DOC_,
    FROM_(REQ),
    TO_(0),
    ENUM_(32, REQ, "post", "领导小组职务", "Post in the group", group_posts),
    STR_(33, 0, 128, "office", "行政职务", "Office held"),
    STR_(34, 0, 32, "phone", "工作电话", "Work phone"),
};

static const struct sc_field instruction_fields[] = {
    GRID_(REQ),
    TITLE_(FILL),
    TEXT_(FILL, "内容"),
    EXT_,
    DUE_(0, "回复期限", "Reply due"),
    DOC_,
    KIND_(REQ, "类别", "Kind", instruction_kinds),
    HAZARDS_(0),
    PERSON_(0, "承办人", "Assignee"),
    CAMPAIGN_,
};

static const struct sc_field instruction_reply_fields[] = {
    GRID_(REQ),
    TEXT_(FILL, "回复内容"),
    EXT_,
    EVIDENCE_,
    STATE_(REQ, reply_states),
    ID_(32, REQ, "instruction", "督办", "Instruction", sc_to_instruction),
};

static const struct sc_field phase_plan_fields[] = {
    GRID_(REQ),
    TITLE_(FILL),
    TEXT_(0, "阶段任务"),
    EXT_,
    DUE_(REQ, "完成期限", "Due"),
    FROM_(0),
    STR_(32, 0, 64, "phase", "阶段", "Phase"),
    GRIDS_(33, 0, 64, "grids", "涉及村（社区）", "Villages concerned"),
};

static const struct sc_field phase_report_fields[] = {
    GRID_(REQ),
    TEXT_(FILL, "完成情况"),
    EXT_,
    WHEN_(0, "完成时间", "Done"),
    EVIDENCE_,
    STATE_(REQ, reply_states),
    ID_(32, REQ, "milestone", "阶段任务", "Milestone", sc_to_phase_plan),
    U64_(33, 0, 100, "percent", "完成率", "Completed", "%"),
};

static const struct sc_field campaign_fields[] = {
    GRID_(REQ),
    TITLE_(FILL),
    TEXT_(0, "方案"),
    EXT_,
    DOC_,
    FROM_(REQ),
    TO_(0),
    STATE_(0, campaign_states),
    CODES_(32, 0, 64, "codes", "整治隐患代码", "Hazard codes"),
    MULTI_(33, 0, 16, "place-kinds", "整治场所类别", "Kinds of places", sc_choices_place_kind),
    BOOL_(34, 0, "street-front", "只查临街门面", "Street fronts only"),
    IDS_(35, 0, SC_LIST_MAX, "targets", "检查对象", "Places to visit", sc_to_site),
    GRIDS_(36, 0, 64, "grids", "实施范围", "Grids"),
};

static const struct sc_field decision_fields[] = {
    GRID_(0),
    TITLE_(FILL),
    TEXT_(FILL, "决定内容"),
    EXT_,
    WHEN_(REQ, "决定日期", "Decided"),
    DUE_(0, "完成期限", "Due"),
    STR_(SC_K_ASSIGNEE, 0, 128, "assignee", "责任部门", "In charge"),
    DOC_,
    HAZARDS_(0),
    STATE_(0, sc_choices_handled),
    ID_(32, 0, "meeting", "会议", "Meeting", sc_to_meeting),
    CODES_(33, 0, 64, "codes", "相关隐患代码", "Hazard codes"),
    STR_(34, 0, SC_TEXT_MAX, "outcome", "落实结果", "Outcome"),
};

static const struct sc_field major_matter_fields[] = {
    GRID_(0),
    TITLE_(FILL),
    TEXT_(FILL, "事项"),
    EXT_,
    WHEN_(REQ, "提出日期", "Raised"),
    DUE_(0, "办结期限", "Due"),
    DOC_,
    HAZARDS_(0),
    STATE_(REQ, sc_choices_handled),
    STRS_(32, 0, 16, "departments", "协调部门", "Departments"),
    STRS_(33, 0, 32, "decisions", "处置决定", "Decisions"),
    STR_(34, 0, SC_TEXT_MAX, "outcome", "办理结果", "Outcome"),
};

static const struct sc_field meeting_fields[] = {
    GRID_(REQ),
    TITLE_(FILL),
    TEXT_(0, "会议纪要"),
    ADDRESS_,
    EXT_,
    WHEN_(REQ, "召开时间", "Held"),
    EVIDENCE_,
    KIND_(REQ, "会议类别", "Kind", meeting_kinds),
    TIME_(32, 0, "planned", "计划时间", "Planned"),
    STRS_(33, 0, 32, "topics", "议题", "Topics"),
    STRS_(34, 0, 32, "decisions", "议定事项", "Decisions"),
    U64_(35, 0, 10000, "attendees", "参会人数", "Attendees", NULL),
    TIME_(36, 0, "next", "下次会议", "Next meeting"),
    BYTES_(37, 0, CR_HASH_BYTES, "minutes", "纪要校验值", "Hash of the minutes"),
};

static const struct sc_field training_fields[] = {
    GRID_(REQ),
    TITLE_(FILL),
    TEXT_(0, "内容"),
    ADDRESS_,
    EXT_,
    WHEN_(REQ, "培训时间", "Held"),
    EVIDENCE_,
    ENUM_(32, REQ, "topic", "专题", "Topic", training_topics),
    TIME_(33, 0, "planned", "计划时间", "Planned"),
    U64_(34, REQ, 1000, "hours", "学时", "Hours", NULL),
    U64_(35, 0, 10000, "attendees", "参训人数", "Attendees", NULL),
    STR_(36, 0, 128, "teacher", "授课人", "Teacher"),
};

static const struct sc_field attendance_fields[] = {
    GRID_(REQ),
    NOTE_,
    EXT_,
    PERSON_(0, "参加人", "Person"),
    ID_(32, REQ, "meeting", "会议或培训", "Meeting or training", sc_to_meeting),
    U64_(33, PII, 100, "score", "测试成绩", "Test result", NULL),
    BOOL_(34, 0, "passed", "测试合格", "Test passed"),
};

static const struct sc_field supervision_fields[] = {
    GRID_(REQ),
    TEXT_(FILL, "督查发现"),
    EXT_,
    WHEN_(REQ, "督查时间", "When"),
    DUE_(0, "整改期限", "Due"),
    EVIDENCE_,
    HAZARDS_(0),
    PERSON_(0, "被督查人", "Person supervised"),
    STRS_(32, 0, 64, "items", "督查项目", "Items"),
    IDS_(33, 0, 64, "tasks", "转为任务", "Tasks made of it", sc_to_task),
    U64_(34, 0, 1000, "sampled", "抽查记录数", "Records sampled", NULL),
    U64_(35, 0, 1000, "differing", "不符数", "Of these differing", NULL),
};

static const struct sc_field assessment_fields[] = {
    GRID_(REQ),
    TEXT_(0, "评语"),
    EXT_,
    DOC_,
    RESULT_(0, "等次", "Grade", grades),
    PERSON_(0, "被考核人", "Person assessed"),
    FROM_(REQ),
    TO_(REQ),
    ENUM_(32, REQ, "rater", "评价主体", "Rated by", raters),
    STRS_(33, 0, 64, "items", "考核项目", "Items"),
    NUMS_(34, 0, 64, "scores", "各项得分", "Scores"),
    U64_(35, 0, 1000, "total", "总分", "Total", NULL),
    IDS_(36, 0, SC_LIST_MAX, "basis", "依据记录", "Records it rests on", NULL),
    STR_(37, 0, 512, "formula", "计分方法", "Formula"),
};

static const struct sc_field award_fields[] = {
    GRID_(REQ),
    TEXT_(FILL, "事由"),
    EXT_,
    WHEN_(REQ, "日期", "Date"),
    DOC_,
    KIND_(REQ, "类别", "Kind", award_kinds),
    PERSON_(0, "对象", "Person"),
    STR_(32, 0, 128, "unit", "单位", "Unit"),
    IDS_(33, FILL, 64, "basis", "依据记录", "Records it rests on", NULL),
};

static const struct sc_field personnel_action_fields[] = {
    GRID_(REQ),
    TEXT_(FILL | PII, "原因"),
    EXT_,
    WHEN_(REQ, "日期", "Date"),
    DOC_,
    KIND_(REQ, "类别", "Kind", personnel_kinds),
    PERSON_(REQ, "人员", "Person"),
    FROM_(0),
    TO_(0),
    ID_(32, 0, "successor", "接手人", "Successor", sc_to_person),
    U64_(33, 0, 1000000, "handed-over", "移交隐患数", "Hazards handed over", NULL),
};

static const struct sc_field discipline_fields[] = {
    GRID_(0),
    TEXT_(FILL | PII, "问题"),
    EXT_,
    WHEN_(REQ, "立案日期", "Opened"),
    EVIDENCE_,
    DOC_,
    RESULT_(REQ, "处理结果", "Result", discipline_results),
    ID_(SC_K_PERSON, PII, "person", "当事人", "Person", sc_to_person),
    STR_(32, PII, SC_TEXT_MAX, "finding", "核查结论", "Finding"),
    IDS_(33, 0, 64, "basis", "依据记录", "Records it rests on", NULL),
};

static const struct sc_field access_log_fields[] = {
    GRID_(REQ),
    TEXT_(0, "说明"),
    WHEN_(REQ, "查阅时间", "When"),
    HAZARD_(0),
    ID_(32, REQ, "subject", "所查记录", "Record read", NULL),
    STR_(33, FILL, 128, "reader", "查阅人", "Reader"),
    ENUM_(34, REQ, "reason", "查阅理由", "Reason", access_reasons),
};

/* Closed only with an outcome (a matter is not done because somebody says so). */
static int check_outcome(const struct sc_body *body, uint64_t schema_version, struct st_err *err)
{
    (void)schema_version;
    if (sc_body_get(body, SC_K_STATE)->u != 3 || sc_body_get(body, 34)->s.n > 0)
        return ST_OK;
    return st_fail(err, ST_MALFORMED, "%s.outcome: missing, it cannot be done without",
                   body->rec->name);
}

static int check_assessment(const struct sc_body *body, uint64_t schema_version, struct st_err *err)
{
    const struct sc_value *items = sc_body_get(body, 33), *scores = sc_body_get(body, 34);

    if ((items->present || scores->present) && items->u != scores->u)
        return st_fail(err, ST_MALFORMED, "assessment.scores: %llu for %llu items",
                       (unsigned long long)scores->u, (unsigned long long)items->u);
    return sc_check_span(body, schema_version, err);
}

static int check_supervision(const struct sc_body *body, uint64_t schema_version,
                             struct st_err *err)
{
    const struct sc_value *all = sc_body_get(body, 34), *differing = sc_body_get(body, 35);

    (void)schema_version;
    if (!all->present || !differing->present || differing->u <= all->u)
        return ST_OK;
    return st_fail(err, ST_MALFORMED, "supervision.differing: more than were sampled");
}

const struct sc_record sc_row_calendar = {
    LWW(SC_R_CALENDAR, 1, SC_IN_PUBLIC, SC_ROLE_STREET, calendar_fields),
    NAMES("calendar", "工作日历", "Calendar of working days"), .check = sc_calendar_check};
const struct sc_record sc_row_leading_group = {
    LWW(SC_R_LEADING_GROUP, 1, SC_IN_PUBLIC, SC_ROLE_STREET, leading_group_fields),
    NAMES("leading-group", "领导小组任职", "Post in the leading group"), .check = sc_check_span};
const struct sc_record sc_row_instruction = {
    LWW(SC_R_INSTRUCTION, 1, SC_IN_AREA, ROLES_CVS, instruction_fields),
    NAMES("instruction", "督办与指导", "Instruction or guidance")};
const struct sc_record sc_row_instruction_reply = {
    LWW(SC_R_INSTRUCTION_REPLY, 1, SC_IN_AREA, ROLES_OCVS, instruction_reply_fields),
    NAMES("instruction-reply", "督办回复", "Reply to an instruction")};
const struct sc_record sc_row_phase_plan = {
    LWW(SC_R_PHASE_PLAN, 1, SC_IN_AREA, ROLES_VS, phase_plan_fields),
    NAMES("phase-plan", "阶段任务", "Milestone")};
const struct sc_record sc_row_phase_report = {
    LWW(SC_R_PHASE_REPORT, 1, SC_IN_AREA, ROLES_CVS, phase_report_fields),
    NAMES("phase-report", "阶段任务完成情况", "Report on a milestone")};
const struct sc_record sc_row_campaign = {
    LWW(SC_R_CAMPAIGN, 1, SC_IN_AREA, ROLES_VS, campaign_fields),
    NAMES("campaign", "专项行动", "Campaign"), .check = sc_check_span};
const struct sc_record sc_row_decision = {
    LWW(SC_R_DECISION, 1, SC_IN_PUBLIC, SC_ROLE_STREET, decision_fields),
    NAMES("decision", "研究决定", "Decision"), .check = check_outcome};
const struct sc_record sc_row_major_matter = {
    LWW(SC_R_MAJOR_MATTER, 1, SC_IN_INTERNAL, SC_ROLE_STREET, major_matter_fields),
    NAMES("major-matter", "重大事项", "Major matter"), .check = check_outcome};
const struct sc_record sc_row_meeting = {
    LWW(SC_R_MEETING, 1, SC_IN_AREA, ROLES_CVS, meeting_fields),
    NAMES("meeting", "会议", "Meeting")};
const struct sc_record sc_row_training = {
    LWW(SC_R_TRAINING, 1, SC_IN_AREA, ROLES_VS, training_fields),
    NAMES("training", "业务培训", "Training")};
const struct sc_record sc_row_attendance = {
    ONCE(SC_R_ATTENDANCE, 1, SC_IN_AREA, ROLES_OCVS, attendance_fields),
    NAMES("attendance", "参会参训确认", "Attended")};
const struct sc_record sc_row_supervision = {
    LWW(SC_R_SUPERVISION, 1, SC_IN_VILLAGE, ROLES_VS, supervision_fields),
    NAMES("supervision", "督查", "Supervision"), .check = check_supervision};
const struct sc_record sc_row_assessment = {
    LWW(SC_R_ASSESSMENT, 1, SC_IN_VILLAGE, ROLES_VS, assessment_fields),
    NAMES("assessment", "考核", "Performance assessment"), .check = check_assessment};
const struct sc_record sc_row_award = {LWW(SC_R_AWARD, 1, SC_IN_AREA, ROLES_VS, award_fields),
                                       NAMES("award", "奖惩", "Award or penalty")};
const struct sc_record sc_row_personnel_action = {
    LWW(SC_R_PERSONNEL_ACTION, 1, SC_IN_VILLAGE, ROLES_VS, personnel_action_fields),
    NAMES("personnel-action", "人事调整", "Personnel action"), .check = sc_check_span};
const struct sc_record sc_row_discipline = {
    LWW(SC_R_DISCIPLINE, 1, SC_IN_INTERNAL, SC_ROLE_STREET, discipline_fields),
    NAMES("discipline", "纪律处理", "Discipline")};
const struct sc_record sc_row_access_log = {
    ONCE(SC_R_ACCESS_LOG, 1, SC_IN_VILLAGE, ROLES_VS | SC_ROLE_NODE, access_log_fields),
    NAMES("access-log", "查阅记录", "Access log")};
