/* The grid's registers: grids, people and their posts, places, homes, buildings, key points and
 * fire facilities; visits and notices, which came first, stand here too. */
#include "schema/record_rows.h"

static const struct sc_choice group_kinds[] = {
    {1, "villager", "村民小组", "Villager group"},
    {2, "resident", "居民小组", "Resident group"},
    {3, "dedicated", "专属网格", "Dedicated grid"},
    {0, NULL, NULL, NULL},
};

const struct sc_choice sc_choices_place_kind[] = {
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

static const struct sc_choice posts[] = {
    {1, "leader", "组长", "Leader"},
    {2, "deputy", "副组长", "Deputy leader"},
    {3, "office", "办公室人员", "Office staff"},
    {4, "secretary", "书记（第一责任人）", "Secretary, first in charge"},
    {5, "staff", "工作人员", "Staff"},
    {6, "chief", "网格长", "Grid chief"},
    {7, "officer", "网格员", "Grid officer"},
    {8, "stand-in", "代班", "Stand-in"},
    {9, "volunteer", "志愿者", "Volunteer"},
    {10, "guide", "网格指导员", "Grid guide"},
    {11, "building-chief", "消防安全楼长", "Fire-safety head of a building"},
    {12, "micro-station", "微型消防站队员", "Member of a micro fire station"},
    {13, "steward", "数据管理员", "Data steward"},
    {14, "unit", "协防单位", "Unit that helps"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice appointment_states[] = {
    {1, "in-post", "在岗", "In post"},
    {2, "away", "离岗", "Away"},
    {3, "ended", "已免职", "Ended"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice home_risks[] = {
    {1, "living-alone", "独居老人", "Elderly living alone"},
    {2, "mobility", "行动不便", "Reduced mobility"},
    {3, "child-alone", "留守儿童", "Child left alone"},
    {4, "bottled-gas", "使用瓶装液化气", "Bottled gas"},
    {5, "e-bike", "电动自行车", "E-bike"},
    {6, "rented", "出租房", "Rented out"},
    {7, "wood-house", "木结构房屋", "Timber house"},
    {8, "straw", "堆放柴草", "Straw or wood stored"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice consents[] = {
    {1, "told", "已告知", "Told"},
    {2, "agreed", "已同意", "Agreed"},
    {3, "refused", "不同意", "Refused"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice building_kinds[] = {
    {1, "dwelling", "住宅楼", "Dwelling"},
    {2, "dwelling-shops", "商住楼", "Dwelling above shops"},
    {3, "self-built", "自建房", "Self-built house"},
    {4, "commercial", "商业楼", "Commercial"},
    {5, "office", "办公楼", "Office"},
    {6, "industrial", "厂房", "Industrial"},
    {7, "warehouse", "仓库", "Warehouse"},
    {8, "public", "公共建筑", "Public"},
    {9, "timber", "木结构建筑", "Timber"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice height_classes[] = {
    {1, "single", "单层", "Single storey"},
    {2, "multi", "多层", "Multi-storey"},
    {3, "high-2", "二类高层", "High-rise, class II"},
    {4, "high-1", "一类高层", "High-rise, class I"},
    {5, "super-high", "超高层", "Super high-rise"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice key_point_kinds[] = {
    {1, "part", "重点部位", "Key part"},
    {2, "place", "重点场所", "Key place"},
    {3, "facility", "重点设施", "Key facility"},
    {4, "person", "重点人员", "Key person"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice facility_kinds[] = {
    {1, "hydrant", "室外消火栓", "Street hydrant"},
    {2, "extinguisher", "灭火器", "Extinguisher"},
    {3, "box", "消火栓箱", "Hydrant box"},
    {4, "pump", "消防泵", "Fire pump"},
    {5, "cistern", "消防水池", "Cistern"},
    {6, "pond", "天然水源", "Pond or river"},
    {7, "micro-station", "微型消防站", "Micro fire station"},
    {8, "alarm", "火灾自动报警系统", "Fire alarm system"},
    {9, "sprinkler", "自动喷水灭火系统", "Sprinkler system"},
    {10, "ladder-pad", "消防登高场地", "Ladder pad"},
    {11, "fire-lane", "消防车通道", "Fire lane"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice facility_states[] = {
    {1, "usable", "完好", "Usable"},
    {2, "faulty", "故障", "Faulty"},
    {3, "blocked", "被占用埋压", "Blocked or buried"},
    {4, "missing", "缺失", "Missing"},
    {5, "removed", "已拆除", "Removed"},
    {0, NULL, NULL, NULL},
};

static const struct sc_choice risk_grades[] = {
    {1, "low", "低风险", "Low"},
    {2, "general", "一般风险", "General"},
    {3, "elevated", "较大风险", "Elevated"},
    {4, "high", "重大风险", "High"},
    {0, NULL, NULL, NULL},
};

static const struct sc_field grid_fields[] = {
    GRID_(REQ),
    NAME_(REQ | FTS),
    EXT_,
    ENUM_(SC_K_KIND, 0, "group-kind", "小组类别", "Kind of group", group_kinds),
    FROM_(0),
    TO_(0),
    U64_(32, 0, 1000000, "households", "户数", "Households", NULL),
    U64_(33, 0, 1000000, "places", "场所数", "Places", NULL),
    BOOL_(34, 0, "synthetic", "示例数据", "Made-up data"),
    U64_(35, 0, 10000000, "persons", "人口", "Persons", NULL),
    U64_(36, 0, UINT64_C(1000000000), "area", "面积", "Area", "m2"),
    STRS_(37, 0, 16, "ext-codes", "综治、141等外部网格编号", "Codes of other grid systems"),
    STR_(38, 0, 512, "roads", "道路走向与四至", "Roads and bounds"),
    STR_(39, 0, SC_TEXT_MAX, "outline", "边界（纬度,经度;…）", "Outline (lat,lon;…)"),
    STR_(40, 0, 512, "exception", "非一组一格的理由", "Why it is not one group, one grid"),
};

static const struct sc_field person_fields[] = {
    GRID_(REQ),
    NAME_(FILL | PII | FTS),
    NOTE_,
    EXT_,
    STR_(32, PII, 32, "phone", "工作电话", "Work phone"),
    STR_(33, PII, 512, "photo", "照片", "Photo"),
    STRS_(34, 0, 16, "posts", "职务", "Posts"),
    ID_(35, 0, "holder", "上岗证上的人员编号", "Person in the certificate", NULL),
    ENUM_(36, 0, "consent", "公示照片的告知", "Told about the photo", consents),
};

static const struct sc_field appointment_fields[] = {
    GRID_(REQ),
    NOTE_,
    EXT_,
    DOC_,
    KIND_(REQ, "任职", "Post", posts),
    PERSON_(REQ, "人员", "Person"),
    FROM_(REQ),
    TO_(0),
    STATE_(0, appointment_states),
    STRS_(32, 0, 32, "duties", "职责（定责）", "Duties"),
    STR_(33, 0, 128, "post", "岗位（定岗）", "Position"),
    STR_(34, 0, 64, "certificate", "上岗证号", "Certificate number"),
    ID_(35, 0, "stands-in-for", "代替何人", "Stands in for", sc_to_person),
};

static const struct sc_field place_fields[] = {
    GRID_(REQ),
    NAME_(REQ | FTS),
    NOTE_,
    ADDRESS_,
    LAT_,
    LON_,
    CRS_,
    EXT_,
    ROW_(SC_K_KIND, SC_F_ENUM, REQ | SC_FF_OPEN, 999, "kind", "场所类别", "Kind", NULL,
         sc_choices_place_kind, NULL),
    U64_(32, 0, 200, "floors", "层数", "Floors", NULL),
    U64_(33, 0, 10000000, "area", "面积", "Area", "m2"),
    U64_(34, 0, 1000000, "occupants", "人数", "Occupants", NULL),
    U64_(35, 0, 100000, "sleeping", "住宿人数", "Persons sleeping", NULL),
    BOOL_(36, 0, "street-front", "临街门面", "Street front"),
    STR_(37, PII, 256, "owner", "责任人", "Responsible person"),
    ENUM_(38, 0, "status", "状态", "State", place_states),
    STR_(39, PII, 32, "phone", "责任人电话", "Phone of the responsible person"),
    STR_(40, 0, 64, "license", "营业执照号", "License number"),
    STR_(41, 0, 64, "house-no", "门牌号", "House number"),
    ENUM_(42, 0, "risk", "风险等级", "Risk grade", risk_grades),
    ID_(43, 0, "building", "所在楼栋", "Building", sc_to_building),
    BOOL_(44, 0, "self-check", "承诺每日自查", "Owner checks daily"),
};

static const struct sc_field visit_fields[] = {
    GRID_(REQ),
    TEXT_(0, "记录"),
    PLACE_(0),
    EXT_,
    WHEN_(REQ, "开始时间", "Start"),
    RESULT_(0, "结果", "Result", visit_results),
    ID_(SC_K_PLAN, 0, "plan", "巡查任务", "Task", sc_to_task),
    CAMPAIGN_,
    TIME_(32, 0, "end", "结束时间", "End"),
    MULTI_(33, 0, 16, "purposes", "目的", "Purposes", visit_purposes),
    U64_(34, 0, 65535, "checklist", "检查表版本", "Checklist version", NULL),
    ANSWERS_(35, 0, 64, "answers", "检查项", "Answers"),
    ENUM_(36, 0, "presence", "到场证明", "Proof of presence", presence_proofs),
    U64_(37, 0, 999, "list", "检查表", "Checklist", NULL),
    IDS_(38, 0, 16, "companions", "同行人员", "Companions", sc_to_person),
    STRS_(39, 0, 16, "duties", "其他职责标签", "Tags of other duties"),
    STR_(40, 0, 512, "action", "当场处理", "Done on the spot"),
    STR_(41, PII, 128, "informed", "已告知何人", "Person informed"),
    TIME_(42, 0, "next", "下次走访", "Next visit"),
};

static const struct sc_field notice_fields[] = {
    STR_(SC_K_NAME, FTS, SC_NAME_MAX, "name", "标题", "Title"),
    TEXT_(REQ, "内容"),
    EXT_,
    ENUM_(SC_K_KIND, REQ, "level", "级别", "Level", notice_levels),
    TIME_(32, 0, "valid-to", "有效期至", "Valid to"),
    GRIDS_(33, 0, 32, "grids", "发送范围", "Grids addressed"),
};

static const struct sc_field household_fields[] = {
    GRID_(REQ),
    STR_(SC_K_NAME, FILL | PII | FTS, SC_NAME_MAX, "name", "门牌", "Door plate"),
    NOTE_,
    EXT_,
    U64_(32, PII, 100, "persons", "常住人数", "Persons", NULL),
    ROW_(33, SC_F_U64S, PII, 16, "risks", "风险标签", "Risks", NULL, home_risks, NULL),
    ENUM_(34, 0, "consent", "告知情况", "Told or agreed", consents),
    ID_(35, 0, "building", "所在楼栋", "Building", sc_to_building),
    STR_(36, PII, 128, "helper", "帮扶人", "Helper"),
    BOOL_(37, 0, "smoke-alarm", "已装独立烟感", "Smoke alarm fitted"),
};

static const struct sc_field building_fields[] = {
    GRID_(REQ),
    NAME_(FILL | FTS),
    NOTE_,
    ADDRESS_,
    LAT_,
    LON_,
    CRS_,
    EXT_,
    KIND_(REQ, "楼栋类别", "Kind", building_kinds),
    U64_(32, 0, 200, "floors", "层数", "Floors", NULL),
    U64_(33, 0, 1000, "units", "单元数", "Units", NULL),
    U64_(34, 0, 10000, "dwellings", "户数", "Dwellings", NULL),
    ENUM_(35, 0, "height", "高度分类", "Height class", height_classes),
    STRS_(36, 0, 32, "equipment", "消防设施", "Fire equipment"),
    STR_(37, 0, 128, "company", "物业单位", "Property company"),
};

static const struct sc_field key_point_fields[] = {
    GRID_(REQ),
    NAME_(FILL | PII | FTS),
    TEXT_(0, "情况"),
    PLACE_(0),
    ADDRESS_,
    EXT_,
    KIND_(REQ, "重点类别", "Kind", key_point_kinds),
    U64_(32, 0, 366, "period", "巡查周期", "Period", "days"),
    STR_(33, PII, 128, "helper", "帮扶人", "Helper"),
};

static const struct sc_field facility_fields[] = {
    GRID_(REQ),
    NAME_(FTS),
    NOTE_,
    PLACE_(0),
    ADDRESS_,
    LAT_,
    LON_,
    CRS_,
    EXT_,
    KIND_(REQ, "设施类别", "Kind", facility_kinds),
    STATE_(REQ, facility_states),
    STR_(32, 0, 64, "number", "编号", "Number"),
    TIME_(33, 0, "tested", "最近检测", "Last test"),
    STR_(34, PII, 128, "keeper", "管护人", "Keeper"),
};

/* One to eleven digits, a point, digits. */
static bool number(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *from = *p;
    size_t points = 0;

    while (*p < end && ((**p >= '0' && **p <= '9') || **p == '.'))
        points += *(*p)++ == '.';
    return *p > from && *p - from <= 12 && points <= 1 && *from != '.';
}

/* At least three points, each "lat,lon", with a semicolon between them. */
static int check_grid(const struct sc_body *body, uint64_t schema_version, struct st_err *err)
{
    struct cr_span s = sc_body_get(body, 39)->s;
    const uint8_t *p = s.p, *end = s.n > 0 ? s.p + s.n : s.p;
    size_t points = 0;

    while (p != end) {
        if (!number(&p, end) || p == end || *p++ != ',' || !number(&p, end) ||
            (p != end && *p++ != ';'))
            return st_fail(err, ST_MALFORMED, "grid.outline: point %zu is no lat,lon", points + 1);
        points++;
    }
    if (points > 0 && points < 3)
        return st_fail(err, ST_MALFORMED, "grid.outline: three points or more");
    return sc_check_span(body, schema_version, err);
}

const struct sc_record sc_row_grid = {LWW(SC_R_GRID, 2, SC_IN_PUBLIC, SC_ROLE_STREET, grid_fields),
                                      NAMES("grid", "网格", "Grid"), .check = check_grid};
const struct sc_record sc_row_place = {LWW(SC_R_PLACE, 2, SC_IN_AREA, ROLES_OCVS, place_fields),
                                       NAMES("place", "场所", "Place")};
const struct sc_record sc_row_visit = {LWW(SC_R_VISIT, 2, SC_IN_AREA, ROLES_OCVSB, visit_fields),
                                       NAMES("visit", "走访巡查", "Visit")};
const struct sc_record sc_row_notice = {
    LWW(SC_R_NOTICE, 1, SC_IN_PUBLIC, SC_ROLE_STREET, notice_fields),
    NAMES("notice", "预警通知", "Notice")};
const struct sc_record sc_row_person = {LWW(SC_R_PERSON, 1, SC_IN_AREA, ROLES_VS, person_fields),
                                        NAMES("person", "人员", "Person")};
const struct sc_record sc_row_appointment = {
    LWW(SC_R_APPOINTMENT, 1, SC_IN_AREA, ROLES_VS, appointment_fields),
    NAMES("appointment", "任职（四定）", "Appointment"), .check = sc_check_span};
const struct sc_record sc_row_household = {
    LWW(SC_R_HOUSEHOLD, 1, SC_IN_VILLAGE, ROLES_OCV, household_fields),
    NAMES("household", "家庭户", "Household")};
const struct sc_record sc_row_building = {
    LWW(SC_R_BUILDING, 1, SC_IN_VILLAGE, ROLES_OCVS, building_fields),
    NAMES("building", "楼栋", "Building")};
const struct sc_record sc_row_key_point = {
    LWW(SC_R_KEY_POINT, 1, SC_IN_VILLAGE, ROLES_CVS, key_point_fields),
    NAMES("key-point", "重点部位", "Key point")};
const struct sc_record sc_row_facility = {
    LWW(SC_R_FACILITY, 1, SC_IN_VILLAGE, ROLES_OCVS, facility_fields),
    NAMES("facility", "消防设施与水源", "Fire facility or water source")};
