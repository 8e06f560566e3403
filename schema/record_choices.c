/* Choices and targets that records of several areas share. */
#include "schema/policy.h"
#include "schema/record_rows.h"

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

const struct sc_choice sc_choices_giver[] = {
    {SC_GV_ROOT, "root", "街道根钥匙", "Root key"},
    {SC_GV_STREET, "street", "街道", "Street"},
    {SC_GV_VILLAGE, "village", "村(社区)", "Village or community"},
    {0, NULL, NULL, NULL},
};

const struct sc_choice sc_choices_crs[] = {
    {1, "cgcs2000", "CGCS2000", "CGCS2000"},
    {2, "wgs84", "WGS-84", "WGS 84"},
    {3, "gcj02", "GCJ-02", "GCJ-02"},
    {0, NULL, NULL, NULL},
};

const struct sc_choice sc_choices_severity[] = {
    {1, "minor", "轻微", "Minor"},
    {2, "general", "一般", "General"},
    {3, "serious", "较大", "Serious"},
    {4, "major", "疑似重大", "Suspected major"},
    {0, NULL, NULL, NULL},
};

const struct sc_choice sc_choices_level[] = {
    {1, "officer", "网格员", "Grid officer"},
    {2, "chief", "网格长", "Grid chief"},
    {3, "village", "村(社区)", "Village or community"},
    {4, "street", "街道", "Street"},
    {5, "district", "区级", "District"},
    {0, NULL, NULL, NULL},
};

const struct sc_choice sc_choices_answer[] = {
    {1, "ok", "合格", "OK"},
    {2, "bad", "不合格", "Bad"},
    {3, "na", "不适用", "Not applicable"},
    {4, "not-seen", "未查看", "Not seen"},
    {0, NULL, NULL, NULL},
};

const struct sc_choice sc_choices_posted[] = {
    {1, "ok", "完好", "Intact"},
    {2, "damaged", "损坏", "Damaged"},
    {3, "outdated", "内容过期", "Out of date"},
    {4, "missing", "缺失", "Missing"},
    {0, NULL, NULL, NULL},
};

const struct sc_choice sc_choices_handled[] = {
    {1, "open", "未办结", "Open"}, {2, "doing", "办理中", "In hand"},
    {3, "done", "已办结", "Done"}, {4, "dropped", "不予办理", "Not taken up"},
    {0, NULL, NULL, NULL},
};

const uint16_t sc_to_site[] = {SC_R_PLACE,     SC_R_HOUSEHOLD, SC_R_BUILDING,
                               SC_R_KEY_POINT, SC_R_FACILITY,  0};
const uint16_t sc_to_place[] = {SC_R_PLACE, 0};
const uint16_t sc_to_building[] = {SC_R_BUILDING, 0};
const uint16_t sc_to_household[] = {SC_R_HOUSEHOLD, 0};
const uint16_t sc_to_hazard[] = {SC_R_HAZARD_REPORT, 0};
const uint16_t sc_to_visit[] = {SC_R_VISIT, 0};
const uint16_t sc_to_person[] = {SC_R_PERSON, 0};
const uint16_t sc_to_campaign[] = {SC_R_CAMPAIGN, 0};
const uint16_t sc_to_meeting[] = {SC_R_MEETING, SC_R_TRAINING, 0};
const uint16_t sc_to_task[] = {SC_R_TASK, 0};
const uint16_t sc_to_duty_day[] = {SC_R_DUTY_DAY, 0};
const uint16_t sc_to_notice[] = {SC_R_NOTICE, 0};
const uint16_t sc_to_policy_doc[] = {SC_R_POLICY_DOC, 0};
const uint16_t sc_to_instruction[] = {SC_R_INSTRUCTION, 0};
const uint16_t sc_to_phase_plan[] = {SC_R_PHASE_PLAN, 0};

int sc_check_span(const struct sc_body *body, uint64_t schema_version, struct st_err *err)
{
    const struct sc_value *from = sc_body_get(body, SC_K_FROM), *to = sc_body_get(body, SC_K_TO);

    (void)schema_version;
    if (!from->present || !to->present || from->u <= to->u)
        return ST_OK;
    return st_fail(err, ST_MALFORMED, "%s.to: before its beginning", body->rec->name);
}
