/* The catalogue of record types as one declarative table (record_*.c, by area). Decoding,
 * validation, projection, JSON, CSV columns, forms and documentation read it; a new field is one
 * line there. */
#ifndef SCHEMA_RECORD_H
#define SCHEMA_RECORD_H

#include "schema/cert.h"

/* Type numbers; part of the format. 9 and gaps are reserved, 54..63 for hazards. */
enum sc_type {
    SC_R_CERT = 1,
    SC_R_CUT = 2, /* cut.h */
    SC_R_ADOPT = 3,
    SC_R_INCARNATION = 4, /* first entry of a log that continues an earlier incarnation */
    SC_R_POLICY = 5,      /* 制度参数, policy.h */
    SC_R_CODE = 6,        /* rows of the street's tables, codes.h */
    SC_R_PLACE_KIND = 7,
    SC_R_CHECKLIST = 8,
    SC_R_CALENDAR = 9, /* 工作日历 of one year, calendar.h */
    SC_R_GRID = 10,
    SC_R_PLACE = 11,
    SC_R_VISIT = 12,
    SC_R_NOTICE = 13,
    SC_R_PERSON = 14,
    SC_R_APPOINTMENT = 15, /* 任职（四定） */
    SC_R_HOUSEHOLD = 16,
    SC_R_BUILDING = 17,
    SC_R_KEY_POINT = 18,
    SC_R_FACILITY = 19, /* fire facility or water source */
    SC_R_PATROL_PLAN = 20,
    SC_R_TASK = 21,
    SC_R_DUTY_DAY = 22,   /* 工作日志 */
    SC_R_DUTY_CHECK = 23, /* its countersignature after a spot check */
    SC_R_SELF_CHECK = 24, /* 商户自查 */
    SC_R_EDUCATION = 25,
    SC_R_KNOWLEDGE_CHECK = 26, /* 一懂三会 */
    SC_R_LEARNING = 27,
    SC_R_DISSUASION = 28, /* 劝导制止 */
    SC_R_EMERGENCY_MEASURE = 29,
    SC_R_SITUATION_NOTE = 30,
    SC_R_HAZARD_REPORT = 32, /* 上报 creates the hazard */
    SC_R_HAZARD_ASSESS = 33, /* 定级 sets or raises severity */
    SC_R_HAZARD_ACCEPT = 34, /* 受理: this level has taken notice */
    SC_R_HAZARD_ASSIGN = 35, /* 交办 */
    SC_R_HAZARD_DEADLINE = 36,
    SC_R_HAZARD_PROGRESS = 37, /* 整改进展; tagged "still dangerous" it is a danger */
    SC_R_HAZARD_REMIND = 38,   /* 催办 */
    SC_R_HAZARD_ESCALATE = 39, /* 上报上级 */
    SC_R_HAZARD_HANDBACK = 40, /* 退回下级 */
    SC_R_HAZARD_DOWNGRADE = 41,
    SC_R_HAZARD_EMERGENCY = 42, /* 紧急报告 */
    SC_R_HAZARD_FIX = 43,       /* 整改完成申报 (fix claim) */
    SC_R_HAZARD_PASS = 44,      /* 复查通过 → 销案 */
    SC_R_HAZARD_FAIL = 45,      /* 复查不通过 */
    SC_R_HAZARD_REOPEN = 46,
    SC_R_HAZARD_VOID = 47,     /* 误报作废 */
    SC_R_HAZARD_TRANSFER = 48, /* 移送 */
    SC_R_HAZARD_EXTERNAL = 49, /* 外部处理结果 */
    SC_R_HAZARD_LINK = 50,     /* 重复归并 */
    SC_R_HAZARD_UNLINK = 51,
    SC_R_HAZARD_RECUR = 52, /* 复发 */
    SC_R_HAZARD_EDIT = 53,  /* description, address, position, grid, code: display fields */
    SC_R_HAZARD_DUE = 60, /* 到期上报: written by a node about a hazard, no part of its fold */
    SC_R_DOSSIER = 64,    /* 移送案卷 with receipt and result */
    SC_R_FIRE = 65,       /* 火情 */
    SC_R_POLICY_DOC = 70, /* 街道文件 */
    SC_R_DOC_ACK = 71,
    SC_R_DOC_FILE = 72,
    SC_R_NOTICE_RECEIPT = 73,
    SC_R_OPINION = 74,
    SC_R_COMPLAINT = 75,
    SC_R_BOARD = 76,
    SC_R_POSTER = 77,
    SC_R_CONTACT_CARD = 78,
    SC_R_BUILDING_NOTICE = 79,
    SC_R_LEADING_GROUP = 80,
    SC_R_INSTRUCTION = 81,
    SC_R_INSTRUCTION_REPLY = 82,
    SC_R_PHASE_PLAN = 83, /* a milestone */
    SC_R_PHASE_REPORT = 84,
    SC_R_CAMPAIGN = 85,
    SC_R_DECISION = 86,
    SC_R_MAJOR_MATTER = 87,
    SC_R_MEETING = 88,
    SC_R_TRAINING = 89,
    SC_R_ATTENDANCE = 90,
    SC_R_SUPERVISION = 91,
    SC_R_ASSESSMENT = 92,
    SC_R_AWARD = 93,
    SC_R_PERSONNEL_ACTION = 94,
    SC_R_DISCIPLINE = 95,
    SC_R_ACCESS_LOG = 96,
};
static inline bool sc_type_is_hazard(uint64_t type)
{
    return type >= SC_R_HAZARD_REPORT && type <= SC_R_HAZARD_EDIT;
}
/* Says what the street sets from a moment on: counts when a root or a seat of the street wrote it.
 */
static inline bool sc_type_is_setting(uint64_t type)
{
    return type >= SC_R_POLICY && type <= SC_R_CHECKLIST;
}

enum sc_field_kind {
    SC_F_U64,
    SC_F_I64,
    SC_F_BOOL,
    SC_F_TEXT,
    SC_F_BYTES,
    SC_F_ENUM,    /* u64 out of field->choices */
    SC_F_ID,      /* 16-byte subject id */
    SC_F_GRID,    /* grid code */
    SC_F_CODE,    /* hazard code, text such as "A01"; the street may have added it */
    SC_F_TIME,    /* Unix ms */
    SC_F_KEY,     /* 32 bytes */
    SC_F_IDS,     /* array of 16-byte ids */
    SC_F_TEXTS,   /* array of texts */
    SC_F_U64S,    /* array of u64 */
    SC_F_ANSWERS, /* array of [item text, result enum, note text] (checklist) */
};

struct sc_choice {
    uint64_t value;
    const char *name; /* identifier of JSON and command line */
    const char *zh, *en;
};

enum sc_field_flag {
    SC_FF_REQUIRED = 1u << 0, /* in the entry that creates the subject, and in every hazard event */
    SC_FF_PERSONAL = 1u << 1, /* personal data: the payload carries a salt */
    SC_FF_SEARCH = 1u << 2,   /* full text */
    SC_FF_BITS = 1u << 3,     /* U64: a sum of choices, each one bit */
    SC_FF_GRIDS = 1u << 4,    /* U64S: grid codes, strictly ascending */
    SC_FF_OPEN = 1u << 5,     /* ENUM: the street may have added choices: any number 1..max */
    SC_FF_FILLED = 1u << 6,   /* a text, list of texts or of ids that is there is not empty */
    SC_FF_CODES = 1u << 7,    /* TEXTS: each a hazard code */
};

struct sc_field {
    uint8_t key;
    enum sc_field_kind kind;
    uint8_t flags;
    uint64_t max; /* greatest number (I64: of either sign), bytes of text, elements of a list; 0:
                     the kind's own limit */
    const char *name, *zh, *en, *unit;
    const struct sc_choice *choices; /* ENUM, ANSWERS, U64 with SC_FF_BITS, U64S of choices; ends
                                        with name == NULL */
    const uint16_t
        *targets; /* ID, IDS: types of the subjects it may name, ends with 0 (HAZARD_REPORT
                     for all hazards); NULL: of any kind. Checked when written, where the
                     subject is held; never on admission: it may arrive later */
};

/* The scope that a record is written in; elsewhere it does not count. */
enum sc_where {
    SC_IN_ANY,  /* wherever its subject lives: hazards */
    SC_IN_AREA, /* of the grid it names: the village's, or street/public when that is the street */
    SC_IN_VILLAGE, /* the village's of the grid it names */
    SC_IN_PUBLIC,  /* street/public */
    SC_IN_INTERNAL /* street/internal */
};

enum sc_class { SC_NEUTRAL, SC_DANGER, SC_CLEARANCE };
enum sc_fold { SC_FOLD_NONE, SC_FOLD_CERT, SC_FOLD_LWW, SC_FOLD_HAZARD };
enum sc_subject_rule { SC_SUBJ_CREATES, SC_SUBJ_NEEDS, SC_SUBJ_EITHER };

struct sc_body;
struct sc_record {
    uint64_t type, version;
    const char *name, *zh, *en;
    enum sc_fold fold;
    enum sc_class klass;
    enum sc_subject_rule subject;
    uint32_t writers; /* SC_ROLE_… that may write it, unless the policy says otherwise */
    /* Where that depends on what it says and on whose key it is about: instead of writers. */
    uint32_t (*writers_of)(const struct sc_body *body, const struct cr_sign_pk *author);
    /* What fields say together; ST_MALFORMED. Part of sc_record_check. */
    int (*check)(const struct sc_body *body, uint64_t schema_version, struct st_err *err);
    enum sc_where where;
    bool open_report; /* counts (unconfirmed) even without a valid certificate */
    const struct sc_field *fields;
    size_t field_count;
};

/* Lists in a body are canonical arrays; texts in them have at most SC_LIST_TEXT_MAX bytes. */

/* NULL when the type is not known to this program. */
const struct sc_record *sc_record_find(uint64_t type);
const struct sc_record *sc_record_by_name(const char *name);
const struct sc_record *sc_record_at(size_t index); /* NULL past the end; ascending type */
size_t sc_record_index(const struct sc_record *rec);
/* Scope of a new record about this grid (0: none named); 0 when it needs a grid, or one of a
 * village, and has none. */
uint64_t sc_record_scope(const struct sc_record *rec, uint64_t grid);
/* Records of this kind may stand in this scope. grid: of the body, 0 when it names none. */
bool sc_record_lives(const struct sc_record *rec, uint64_t scope, uint64_t grid);
const struct sc_field *sc_field_by_name(const struct sc_record *r, const char *name);
size_t sc_field_index(const struct sc_record *r, uint8_t key); /* SIZE_MAX when absent */
const struct sc_choice *sc_choice_by_value(const struct sc_choice *c, uint64_t value);
const struct sc_choice *sc_choice_by_name(const struct sc_choice *c, const char *name);

/* Hazard codes as shipped, with default severity and time class. */
struct sc_hazard_code {
    char code[4];
    uint8_t severity; /* 1..4 */
    uint16_t days;    /* 0 on the spot; SC_DAYS_PLAN: by the street's plan; SC_DAYS_TRANSFER */
    const char *zh, *en;
};
#define SC_DAYS_PLAN     0xffff
#define SC_DAYS_TRANSFER 0xfffe
const struct sc_hazard_code *sc_hazard_code_find(struct cr_span code);
const struct sc_hazard_code *sc_hazard_code_at(size_t index); /* NULL past the end */

/* A decoded body. Index = index of the field in rec->fields. Spans borrow from the decoded bytes.
 */
struct sc_value {
    bool present;
    uint64_t u;       /* U64, BOOL, ENUM, GRID, TIME */
    int64_t i;        /* I64 */
    struct cr_span s; /* TEXT, BYTES, CODE, ID, KEY; lists: the canonical array itself */
};
struct sc_body {
    const struct sc_record *rec;
    struct sc_value v[SC_BODY_FIELDS_MAX];
};

/* Strict: canonical, known keys, kinds, limits, enum values, code table, required fields (when
 * creates). A payload of a higher schema_version may have further keys and enum values: they are
 * ignored. err names record, field and reason: "hazard-report.severity: 9 is not a choice". */
int sc_body_decode(const struct sc_record *rec, uint64_t schema_version, bool creates,
                   struct cr_span bytes, struct sc_body *out, struct st_err *err) ST_MUST;
/* Appends the canonical map of the present values (ascending key). Validates as decode does. */
int sc_body_encode(const struct sc_body *body, bool creates, struct cr_buf *out,
                   struct st_err *err) ST_MUST;
const struct sc_value *sc_body_get(const struct sc_body *b, uint8_t key); /* never NULL */
/* Some present value is personal data: the payload must carry a salt. */
bool sc_body_personal(const struct sc_body *b);

/* One field from text as a person types it: numbers, enum names (or zh label), "a,b" lists, hex
 * ids, yes/no, checklist answers "item=result[:note],…", dates "YYYY-MM-DD[ HH:MM[:SS]]" as UTC+8,
 * or milliseconds after '@'. Bytes are copied into arena, which must outlive the value and is used
 * for nothing else meanwhile: it is allocated whole (arena->max bytes) at first use, so that spans
 * into it stay where they are. ST_MALFORMED, ST_RANGE, ST_OVERSIZE (arena full), ST_NOMEM; err
 * names the field and what was expected. */
int sc_value_parse(const struct sc_field *f, const char *text, struct cr_buf *arena,
                   struct sc_value *out, struct st_err *err) ST_MUST;
/* "YYYY-MM-DD[ HH:MM[:SS]]" (or T between) at an offset from UTC in minutes, not before 1970 → Unix
 * ms. ST_MALFORMED; *out then as it was. */
int sc_date_parse(const char *text, int utc_offset_min, uint64_t *out) ST_MUST;

/* A whole payload against the catalogue: decodes, checks subject rule and body. Unknown type:
 * ST_OK with rec NULL (kept and passed on, folded after an upgrade). */
int sc_record_check(struct cr_span payload, struct sc_payload *p, struct sc_body *body,
                    struct st_err *err) ST_MUST;

/* Keys of the bodies that code reads by name (the table is made of these). */
enum sc_key_common {
    SC_K_GRID = 1,
    SC_K_NAME = 2,
    SC_K_TEXT = 3,
    SC_K_CODE = 4,
    SC_K_SEVERITY = 5,
    SC_K_PLACE = 6,
    SC_K_SOURCE = 7,
    SC_K_ADDRESS = 8,
    SC_K_LAT = 9,
    SC_K_LON = 10,
    SC_K_CRS = 11,
    SC_K_EXT = 12,
    SC_K_WHEN = 13,
    SC_K_DEADLINE = 14,
    SC_K_ASSIGNEE = 15,
    SC_K_LEVEL = 16,
    SC_K_EVIDENCE = 17,
    SC_K_DOC = 18,
    SC_K_DANGER = 19,
    SC_K_MEMBER = 20,
    SC_K_KIND = 21,
    SC_K_RESULT = 22,
    SC_K_VISIT = 23,
    SC_K_HAZARD = 24,
    SC_K_HAZARDS = 25,
    SC_K_PERSON = 26,
    SC_K_FROM = 27,
    SC_K_TO = 28,
    SC_K_STATE = 29,
    SC_K_PLAN = 30,
    SC_K_CAMPAIGN = 31
};
/* SC_K_EXT: external key of an imported record, unique in its scope: makes imports rerunnable.
 * SC_K_WHEN: when it happened by an imported table, if not the entry's wall time.
 * SC_K_ASSIGNEE: text (person or unit). SC_K_LEVEL: authority level, enum sc_level in hazard.h.
 * SC_K_EVIDENCE: list of content hashes as texts or a note that evidence was seen (texts).
 * SC_K_DOC: external document number. SC_K_DANGER: bool, progress "still dangerous".
 * SC_K_MEMBER: other hazard of a link. */

#endif
