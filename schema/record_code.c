/* Rows of the tables that the street can extend (codes.h). */
#include "schema/codes.h"
#include "schema/record_rows.h"

const struct sc_choice sc_choices_limit[] = {
    {SC_T0, "t0", "当场整改", "On the spot"},
    {SC_T1, "t1", "24小时", "24 hours"},
    {SC_T3, "t3", "3天", "3 days"},
    {SC_T7, "t7", "7天", "7 days"},
    {SC_T15, "t15", "15天", "15 days"},
    {SC_T30, "t30", "30天", "30 days"},
    {SC_TM, "tm", "列入街道整治计划", "By the street's plan"},
    {SC_TX, "transfer", "移送有关部门", "Handed over"},
    {0, NULL, NULL, NULL},
};

#define FROM_MOMENT_ TIME_(SC_K_TABLE_FROM, REQ, "from", "生效时间", "Applies from")
#define ZH_          STR_(SC_K_TABLE_ZH, FILL, SC_CODE_LABEL_MAX, "zh", "中文", "Chinese")
#define EN_          STR_(SC_K_TABLE_EN, FILL, SC_CODE_LABEL_MAX, "en", "英文", "English")
#define WITHDRAWN_   BOOL_(SC_K_TABLE_WITHDRAWN, 0, "withdrawn", "停用", "Withdrawn")
#define NUMBER_      U64_(SC_K_TABLE_NUMBER, REQ, SC_TABLE_NUMBER_MAX, "number", "编号", "Number", NULL)

static const struct sc_field code_fields[] = {
    TEXT_(0, "依据"),
    CODE_(REQ),
    SEVERITY_(REQ),
    FROM_MOMENT_,
    ZH_,
    EN_,
    ENUM_(SC_K_TABLE_LIMIT, REQ, "limit", "整改时限", "Time limit", sc_choices_limit),
    WITHDRAWN_,
};

static const struct sc_field place_kind_fields[] = {
    TEXT_(0, "依据"),
    FROM_MOMENT_,
    ZH_,
    EN_,
    WITHDRAWN_,
    NUMBER_,
    STR_(SC_K_TABLE_NAME, FILL, SC_KIND_NAME_MAX, "name", "代号", "Name"),
    U64_(SC_K_TABLE_LIST, REQ, SC_TABLE_NUMBER_MAX, "list", "检查表", "Checklist", NULL),
    U64_(SC_K_TABLE_PERIOD, REQ, 3660, "period", "走访周期", "Visited every", "days"),
};

static const struct sc_field checklist_fields[] = {
    TEXT_(0, "依据"),
    FROM_MOMENT_,
    ZH_,
    EN_,
    WITHDRAWN_,
    NUMBER_,
    U64_(SC_K_TABLE_VERSION, REQ, 65535, "version", "版本", "Version", NULL),
    STRS_(SC_K_TABLE_KEYS, FILL, SC_LIST_ITEMS_MAX, "keys", "检查项编号", "Keys of the items"),
    STRS_(SC_K_TABLE_ITEMS_ZH, FILL, SC_LIST_ITEMS_MAX, "items-zh", "检查项", "Items in Chinese"),
    STRS_(SC_K_TABLE_ITEMS_EN, FILL, SC_LIST_ITEMS_MAX, "items-en", "检查项（英文）",
          "Items in English"),
    STRS_(SC_K_TABLE_CODES, FILL, SC_LIST_ITEMS_MAX, "codes", "隐患代码", "Hazard codes of each"),
};

#define TABLE(t, list)                                                            \
    .type = (t), .version = 1, .subject = SC_SUBJ_CREATES, .where = SC_IN_PUBLIC, \
    .writers = SC_ROLE_ROOT | SC_ROLE_STREET, .check = sc_table_check, FIELDS(list)

const struct sc_record sc_row_code = {TABLE(SC_R_CODE, code_fields),
                                      NAMES("code", "隐患代码表", "Hazard code")};
const struct sc_record sc_row_place_kind = {TABLE(SC_R_PLACE_KIND, place_kind_fields),
                                            NAMES("place-kind", "场所类别表", "Kind of place")};
const struct sc_record sc_row_checklist = {TABLE(SC_R_CHECKLIST, checklist_fields),
                                           NAMES("checklist", "检查表", "Checklist")};
