/* What the files of the catalogue (record_*.c) are made of: the list of its records, and macros for
 * rows. One row is one field: key, flags, limit, name, labels in Chinese and English, and what its
 * kind needs besides. Included by these files only. */
#ifndef SCHEMA_RECORD_ROWS_H
#define SCHEMA_RECORD_ROWS_H

#include "schema/record_table.h"

/* Every record, ascending by type; sc_row_NAME is defined in the file of its area. */
/* clang-format off */
#define SC_RECORDS(X)                                                                             \
    /* record_trust.c */                                                                          \
    X(cert) X(cut) X(adopt) X(incarnation) X(policy)                                              \
    /* record_code.c */                                                                           \
    X(code) X(place_kind) X(checklist)                                                            \
    /* record_office.c */                                                                         \
    X(calendar)                                                                                   \
    /* record_grid.c */                                                                           \
    X(grid) X(place) X(visit) X(notice) X(person) X(appointment) X(household) X(building)         \
    X(key_point) X(facility)                                                                      \
    /* record_patrol.c */                                                                         \
    X(patrol_plan) X(task) X(duty_day) X(duty_check) X(self_check) X(education)                   \
    X(knowledge_check) X(learning) X(dissuasion) X(emergency_measure) X(situation_note)           \
    /* record_hazard.c */                                                                         \
    X(hazard_report) X(hazard_assess) X(hazard_accept) X(hazard_assign) X(hazard_deadline)        \
    X(hazard_progress) X(hazard_remind) X(hazard_escalate) X(hazard_handback) X(hazard_downgrade) \
    X(hazard_emergency) X(hazard_fix) X(hazard_pass) X(hazard_fail) X(hazard_reopen)              \
    X(hazard_void) X(hazard_transfer) X(hazard_external) X(hazard_link) X(hazard_unlink)          \
    X(hazard_recur) X(hazard_edit) X(hazard_due) X(dossier) X(fire)                               \
    /* record_public.c */                                                                         \
    X(policy_doc) X(doc_ack) X(doc_file) X(notice_receipt) X(opinion) X(complaint) X(board)       \
    X(poster) X(contact_card) X(building_notice)                                                  \
    /* record_office.c */                                                                         \
    X(leading_group) X(instruction) X(instruction_reply) X(phase_plan) X(phase_report)            \
    X(campaign) X(decision) X(major_matter) X(meeting) X(training) X(attendance) X(supervision)   \
    X(assessment) X(award) X(personnel_action) X(discipline) X(access_log)
/* clang-format on */

#define SC_DECLARE_ROW(name) extern const struct sc_record sc_row_##name;
SC_RECORDS(SC_DECLARE_ROW)
#undef SC_DECLARE_ROW

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

#define REQ  SC_FF_REQUIRED
#define FILL (SC_FF_REQUIRED | SC_FF_FILLED)
#define PII  SC_FF_PERSONAL
#define FTS  SC_FF_SEARCH

#define ROLES_VS    (SC_ROLE_VILLAGE | SC_ROLE_STREET)
#define ROLES_CVS   (SC_ROLE_CHIEF | ROLES_VS)
#define ROLES_OCV   (SC_ROLE_OFFICER | SC_ROLE_CHIEF | SC_ROLE_VILLAGE)
#define ROLES_OCVS  (SC_ROLE_OFFICER | ROLES_CVS)
#define ROLES_OCVSB (ROLES_OCVS | SC_ROLE_OWNER)

/* ---- rows by kind ---- */
#define ROW_(key, kind, flags, max, name, zh, en, unit, choices, targets) \
    {                                                                     \
        key, kind, flags, max, name, zh, en, unit, choices, targets       \
    }
#define U64_(key, flags, max, name, zh, en, unit) \
    ROW_(key, SC_F_U64, flags, max, name, zh, en, unit, NULL, NULL)
#define I64_(key, flags, max, name, zh, en, unit) \
    ROW_(key, SC_F_I64, flags, max, name, zh, en, unit, NULL, NULL)
#define BITS_(key, flags, max, name, zh, en, choices) \
    ROW_(key, SC_F_U64, (flags) | SC_FF_BITS, max, name, zh, en, NULL, choices, NULL)
#define ENUM_(key, flags, name, zh, en, choices) \
    ROW_(key, SC_F_ENUM, flags, 0, name, zh, en, NULL, choices, NULL)
#define BOOL_(key, flags, name, zh, en) \
    ROW_(key, SC_F_BOOL, flags, 0, name, zh, en, NULL, NULL, NULL)
#define TIME_(key, flags, name, zh, en) \
    ROW_(key, SC_F_TIME, flags, 0, name, zh, en, "ms", NULL, NULL)
#define STR_(key, flags, max, name, zh, en) \
    ROW_(key, SC_F_TEXT, flags, max, name, zh, en, NULL, NULL, NULL)
#define STRS_(key, flags, max, name, zh, en) \
    ROW_(key, SC_F_TEXTS, flags, max, name, zh, en, NULL, NULL, NULL)
#define CODES_(key, flags, max, name, zh, en) \
    ROW_(key, SC_F_TEXTS, (flags) | SC_FF_CODES, max, name, zh, en, NULL, NULL, NULL)
#define NUMS_(key, flags, max, name, zh, en) \
    ROW_(key, SC_F_U64S, flags, max, name, zh, en, NULL, NULL, NULL)
#define MULTI_(key, flags, max, name, zh, en, choices) \
    ROW_(key, SC_F_U64S, flags, max, name, zh, en, NULL, choices, NULL)
#define GRIDS_(key, flags, max, name, zh, en) \
    ROW_(key, SC_F_U64S, (flags) | SC_FF_GRIDS, max, name, zh, en, NULL, NULL, NULL)
#define BYTES_(key, flags, max, name, zh, en) \
    ROW_(key, SC_F_BYTES, flags, max, name, zh, en, NULL, NULL, NULL)
#define KEY_(key, flags, name, zh, en) ROW_(key, SC_F_KEY, flags, 0, name, zh, en, NULL, NULL, NULL)
#define ID_(key, flags, name, zh, en, targets) \
    ROW_(key, SC_F_ID, flags, 0, name, zh, en, NULL, NULL, targets)
#define IDS_(key, flags, max, name, zh, en, targets) \
    ROW_(key, SC_F_IDS, flags, max, name, zh, en, NULL, NULL, targets)
#define ANSWERS_(key, flags, max, name, zh, en) \
    ROW_(key, SC_F_ANSWERS, flags, max, name, zh, en, NULL, sc_choices_answer, NULL)

/* ---- rows that several records share ---- */
#define GRID_(flags)     ROW_(SC_K_GRID, SC_F_GRID, flags, 0, "grid", "网格", "Grid", NULL, NULL, NULL)
#define NAME_(flags)     STR_(SC_K_NAME, flags, SC_NAME_MAX, "name", "名称", "Name")
#define TITLE_(flags)    STR_(SC_K_NAME, (flags) | FTS, SC_NAME_MAX, "name", "标题", "Title")
#define TEXT_(flags, zh) STR_(SC_K_TEXT, (flags) | FTS, SC_TEXT_MAX, "text", zh, "Text")
#define NOTE_            TEXT_(0, "备注")
#define CODE_(flags) \
    ROW_(SC_K_CODE, SC_F_CODE, flags, 0, "code", "隐患代码", "Hazard code", NULL, NULL, NULL)
#define SEVERITY_(flags) \
    ENUM_(SC_K_SEVERITY, flags, "severity", "等级", "Severity", sc_choices_severity)
#define PLACE_(flags)                   ID_(SC_K_PLACE, flags, "place", "场所", "Place", sc_to_site)
#define SHOP_(flags)                    ID_(SC_K_PLACE, flags, "place", "场所", "Place", sc_to_place)
#define ADDRESS_                        STR_(SC_K_ADDRESS, FTS, 512, "address", "地址", "Address")
#define LAT_                            I64_(SC_K_LAT, 0, 900000000, "lat", "纬度", "Latitude", "1e-7 deg")
#define LON_                            I64_(SC_K_LON, 0, 1800000000, "lon", "经度", "Longitude", "1e-7 deg")
#define CRS_                            ENUM_(SC_K_CRS, 0, "crs", "坐标系", "Coordinate system", sc_choices_crs)
#define EXT_                            STR_(SC_K_EXT, 0, 128, "ext", "外部编号", "External key")
#define WHEN_(flags, zh, en)            TIME_(SC_K_WHEN, flags, "when", zh, en)
#define HAPPENED_                       WHEN_(0, "发生时间", "When it happened")
#define DUE_(flags, zh, en)             TIME_(SC_K_DEADLINE, flags, "deadline", zh, en)
#define ASSIGNEE_(flags, zh, en)        STR_(SC_K_ASSIGNEE, (flags) | PII, 128, "assignee", zh, en)
#define EVIDENCE_                       STRS_(SC_K_EVIDENCE, 0, 16, "evidence", "佐证材料", "Evidence")
#define DOC_                            STR_(SC_K_DOC, 0, 128, "doc", "文书编号", "Document number")
#define LEVEL_(flags)                   ENUM_(SC_K_LEVEL, flags, "level", "层级", "Level", sc_choices_level)
#define MEMBER_(flags, zh, en)          ID_(SC_K_MEMBER, flags, "member", zh, en, sc_to_hazard)
#define KIND_(flags, zh, en, choices)   ENUM_(SC_K_KIND, flags, "kind", zh, en, choices)
#define RESULT_(flags, zh, en, choices) ENUM_(SC_K_RESULT, flags, "result", zh, en, choices)
#define VISIT_                          ID_(SC_K_VISIT, 0, "visit", "走访", "Visit", sc_to_visit)
#define HAZARD_(flags)                  ID_(SC_K_HAZARD, flags, "hazard", "隐患", "Hazard", sc_to_hazard)
#define HAZARDS_(flags) \
    IDS_(SC_K_HAZARDS, flags, 64, "hazards", "相关隐患", "Hazards", sc_to_hazard)
#define PERSON_(flags, zh, en) ID_(SC_K_PERSON, flags, "person", zh, en, sc_to_person)
#define FROM_(flags)           TIME_(SC_K_FROM, flags, "from", "起始日期", "From")
#define TO_(flags)             TIME_(SC_K_TO, flags, "to", "终止日期", "To")
#define STATE_(flags, choices) ENUM_(SC_K_STATE, flags, "state", "状态", "State", choices)
#define CAMPAIGN_              ID_(SC_K_CAMPAIGN, 0, "campaign", "专项行动", "Campaign", sc_to_campaign)
/* Something put up in public: when it was seen again, and how it was then. */
#define SET_(flags) WHEN_(flags, "设置时间", "Put up")
#define SEEN_       TIME_(46, 0, "checked", "复查时间", "Seen again")
#define POSTED_     ENUM_(SC_K_STATE, 0, "state", "状态", "State", sc_choices_posted)

/* ---- records ---- */
#define FIELDS(list)   .fields = (list), .field_count = COUNT_OF(list)
#define NAMES(n, z, e) .name = (n), .zh = (z), .en = (e)
/* A record that changes field by field, and one that is written once. */
#define LWW(t, v, place, w, list)                                                                  \
    .type = (t), .version = (v), .fold = SC_FOLD_LWW, .subject = SC_SUBJ_EITHER, .where = (place), \
    .writers = (w), FIELDS(list)
#define ONCE(t, v, place, w, list)                                                \
    .type = (t), .version = (v), .fold = SC_FOLD_LWW, .subject = SC_SUBJ_CREATES, \
    .where = (place), .writers = (w), FIELDS(list)

/* ---- shared choices and targets (record_choices.c) ---- */
extern const struct sc_choice sc_choices_crs[], sc_choices_severity[], sc_choices_posted[],
    sc_choices_handled[], sc_choices_due[];
extern const uint16_t sc_to_site[], sc_to_place[], sc_to_hazard[], sc_to_visit[], sc_to_person[],
    sc_to_campaign[], sc_to_building[], sc_to_household[], sc_to_meeting[], sc_to_task[],
    sc_to_duty_day[], sc_to_notice[], sc_to_policy_doc[], sc_to_instruction[], sc_to_phase_plan[];

/* ---- checks that several records share ---- */
/* from <= to where both are said. */
int sc_check_span(const struct sc_body *body, uint64_t schema_version, struct st_err *err) ST_MUST;

#endif
