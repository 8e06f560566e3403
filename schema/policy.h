/* What the street may set: who may write which record, who may give which clearance, what the roles
 * are called and who gives them. Values have defaults (policy_table.c); a POLICY record, written in
 * street/public by a root or a seat of the street, gives one value from one moment on.
 *
 * The value that applies to an entry is the one with the greatest moment not after the entry's
 * claimed wall time, ties by (lamport, author, entry id). A record never applies before its own
 * claimed time. So no clock is read, order of arrival changes nothing, and a change does not
 * rewrite the past.
 *
 * What no policy may do is refused as malformed, by name: see sc_policy_decode. */
#ifndef SCHEMA_POLICY_H
#define SCHEMA_POLICY_H

#include "schema/record.h"

/* Level of authority; a clearance needs at least the level the dangers demand. */
enum sc_level {
    SC_LV_NONE = 0,
    SC_LV_OFFICER = 1,
    SC_LV_CHIEF = 2,
    SC_LV_VILLAGE = 3,
    SC_LV_STREET = 4,
    SC_LV_DISTRICT = 5
};
enum sc_level sc_level_of_roles(uint32_t roles);

/* What clears or lowers, each with its own rule. Numbers are not part of the format, names are. */
enum sc_clear {
    SC_CL_PASS = 0,       /* + severity 1..4: 复查通过 → 销案 */
    SC_CL_VOID = 4,       /* + severity 1..4: 误报作废 */
    SC_CL_DOWNGRADE = 8,  /* + severity 1..4 of the assessment that it lowers */
    SC_CL_HANDBACK = 12,  /* + level 1..5 of the escalation that it hands back */
    SC_CL_ALONE = 18,     /* severity 1, by one person with evidence: 当场整改 */
    SC_CL_EMERGENCY = 19, /* acknowledges an emergency */
    SC_CL_EXTERNAL = 20,  /* brings the district's word */
    SC_CL_EXTEND = 21,    /* extends a deadline */
    SC_CL_END = 22        /* 0 is not used */
};

/* Single numbers. */
enum sc_policy_number {
    SC_PN_SECOND_FROM,  /* least severity that always takes a second person: 1 or 2 */
    SC_PN_SEVERITY_NEW, /* severity of a report whose code is not known: 2..4 */
    /* The clock (clock.h). */
    SC_PN_ON_SPOT,      /* hours for what is to be corrected on the spot */
    SC_PN_REMIND_FIRST, /* per cent of the time limit */
    SC_PN_REMIND_SECOND,
    SC_PN_UNASSIGNED,     /* working days */
    SC_PN_OVERDUE_STREET, /* days after the deadline */
    SC_PN_OVERDUE_DECIDE,
    SC_PN_RECHECK,   /* working days after the claim */
    SC_PN_EMERGENCY, /* minutes */
    SC_PN_END
};

struct sc_clear_rule {
    uint32_t roles; /* one of these */
    uint8_t level;  /* and at least this level */
};

/* Everything as it applies during one span of claimed time. NULL stands for the defaults. */
#define SC_RULES_RECORDS 96
struct sc_rules {
    uint64_t from_ms;                   /* first claimed time, inclusive */
    uint32_t writers[SC_RULES_RECORDS]; /* by sc_record_index */
    struct sc_clear_rule clear[SC_CL_END];
    uint8_t giver[SC_ROLE_COUNT]; /* by bit: enum sc_giver; a role that a lesser one gave does not
                                     clear, lower or write anything but dangers */
    uint64_t number[SC_PN_END];
};
void sc_rules_default(struct sc_rules *out);
uint32_t sc_rules_writers(const struct sc_rules *r, const struct sc_record *rec);
/* The same for a record that says this, by this author (sc_record.writers_of). */
uint32_t sc_rules_writers_of(const struct sc_rules *r, const struct sc_body *body,
                             const struct cr_sign_pk *author);
struct sc_clear_rule sc_rules_clear(const struct sc_rules *r, enum sc_clear c);
bool sc_rules_may_clear(const struct sc_rules *r, enum sc_clear c, uint32_t roles);
/* Greatest n <= max such that first + 1 .. first + n may all be cleared with these roles: who may
 * clear something may clear whatever is less. */
uint8_t sc_rules_power(const struct sc_rules *r, enum sc_clear first, uint8_t max, uint32_t roles);
/* Level that clearing first + n takes, all below it included. */
enum sc_level sc_rules_level(const struct sc_rules *r, enum sc_clear first, uint8_t n);
enum sc_level sc_rules_level_of(const struct sc_rules *r, enum sc_clear c); /* of one rule */
uint64_t sc_rules_number(const struct sc_rules *r, enum sc_policy_number n);
/* Roles that do not count for anything but dangers: of those held (by[g]: by certificates whose
 * giver is g), those that no giver the policy names has given. */
uint32_t sc_rules_barred(const struct sc_rules *r, const uint32_t by[static SC_GIVERS]);

/* ---- Values ---- */
enum sc_policy_kind {
    SC_PK_ROLE,   /* role.officer: zh, en, abbr, giver */
    SC_PK_WRITE,  /* write.place: roles */
    SC_PK_CLEAR,  /* clear.pass.3: roles, level */
    SC_PK_NUMBER, /* second-from: number */
};
#define SC_POLICY_NAME_MAX  48
#define SC_POLICY_LABEL_MAX 64
#define SC_POLICY_ABBR_MAX  16

/* What can be set, with its default and its limits. */
struct sc_policy_item {
    enum sc_policy_kind kind;
    char name[SC_POLICY_NAME_MAX + 1];
    char zh[2 * SC_POLICY_LABEL_MAX], en[2 * SC_POLICY_LABEL_MAX];
    size_t at;                 /* role bit, sc_record_index, enum sc_clear or sc_policy_number */
    uint32_t roles, must, may; /* default, and what the mask must and may hold */
    uint8_t level, level_min;  /* default and least */
    uint64_t number, min, max; /* NUMBER: default and limits; ROLE: number is the giver, max the
                                  widest */
    const char *abbr;          /* ROLE: default */
    const char *floor;         /* name of the invariant that must guards */
};
size_t sc_policy_items(void);
/* i < sc_policy_items(). */
void sc_policy_item(size_t i, struct sc_policy_item *out);
/* Index of the item, SIZE_MAX when this program knows no such name. */
size_t sc_policy_item_find(struct cr_span name);

struct sc_policy_value {
    size_t item;
    uint64_t from_ms;
    uint32_t roles;
    uint8_t level;
    uint64_t number; /* ROLE: the giver */
    char zh[SC_POLICY_LABEL_MAX + 1], en[SC_POLICY_LABEL_MAX + 1], abbr[SC_POLICY_ABBR_MAX + 1];
};
/* The default of an item, from 0 on. */
void sc_policy_default(size_t item, struct sc_policy_value *out);
/* From a decoded body of type POLICY (of this program's schema version or older). ST_MALFORMED, err
 * then naming the value and the reason:
 *   danger-freely       a danger may be written by fewer than by default
 *   clearance-strictly  an anonymous person, a citizen or an owner could clear; a level more than
 *                       one below its default
 *   nobody-could        the street could not do it any more
 *   second-person       severity 2 and above without a second person
 *   giver               a role could be given by more than by default
 *   value               missing, surplus or out of range; or no such value
 */
int sc_policy_decode(const struct sc_body *body, struct sc_policy_value *out,
                     struct st_err *err) ST_MUST;
/* Body of the value; spans borrow from v and from scratch (the item's name). */
void sc_policy_body(const struct sc_policy_value *v, struct sc_policy_item *scratch,
                    struct sc_body *out);
/* Check of the catalogue's row (record.h): sc_policy_decode. */
int sc_policy_check(const struct sc_body *body, uint64_t schema_version,
                    struct st_err *err) ST_MUST;

/* ---- The set ---- */
struct sc_policy_entry {
    struct cr_hash entry_id;
    struct cr_sign_pk author;
    uint64_t lamport, wall_ms;
    struct sc_policy_value value;
    bool counts; /* authorised and not held: the caller says, see sc_policy_stand */
};
/* A root, or a seat of the street in force at that time: whose policies count. */
bool sc_policy_author(struct sc_certs *certs, const struct cr_sign_pk *author, uint64_t wall_ms);
/* From when the entry applies. */
uint64_t sc_policy_from(const struct sc_policy_entry *e);
/* The order in which entries are laid over each other: (from, lamport, author, entry id). */
int sc_policy_entry_cmp(const struct sc_policy_entry *a, const struct sc_policy_entry *b);

struct sc_policy;
struct sc_policy *sc_policy_new(void); /* NULL: out of memory */
void sc_policy_free(struct sc_policy *p);
/* Idempotent by entry id (counts of the first). Grows with the entries added, which only roots and
 * seats of the street write. ST_NOMEM, ST_OVERSIZE. */
int sc_policy_add(struct sc_policy *p, const struct sc_policy_entry *e) ST_MUST;
size_t sc_policy_count(const struct sc_policy *p);
/* In no particular order; valid until the next addition. i < count. */
const struct sc_policy_entry *sc_policy_entry(const struct sc_policy *p, size_t i);
void sc_policy_stand(struct sc_policy *p, size_t i, bool counts);
/* Brings the answers up to date. *from_ms: claimed time from which some answer may differ from that
 * after the settling before; UINT64_MAX: none. What must be folded again are the subjects of
 * entries with that or a later claimed time. ST_NOMEM: nothing has changed, settle again. */
int sc_policy_settle(struct sc_policy *p, uint64_t *from_ms) ST_MUST;

/* Rules for an entry with this claimed time, NULL the defaults; valid until the next settling. O(1)
 * when the span is that of the call before, else O(log n). p may be NULL: the defaults. */
const struct sc_rules *sc_policy_at(struct sc_policy *p, uint64_t wall_ms);
/* The entry that gives the item's value at this time, NULL: the default does. Looks at all. */
const struct sc_policy_entry *sc_policy_find(const struct sc_policy *p, size_t item,
                                             uint64_t wall_ms);
/* The value it gives, or the default. p may be NULL. */
void sc_policy_value_at(const struct sc_policy *p, size_t item, uint64_t wall_ms,
                        struct sc_policy_value *out);

/* ---- Values as text (policy_text.c) ----
 *
 *   write.*    ROLES             street,village
 *   clear.*    ROLES[:LEVEL]     street,village,chief:chief
 *   number     N                 2
 *   role.*     ZH/EN/ABBR/GIVER  网格员/grid officer/O/village
 *
 * Names of roles, levels and givers are those of the catalogue. */
#define SC_POLICY_TEXT_MAX 256
/* *out holds the value that applies before, its item says the kind: what the text leaves out or
 * leaves empty (a level, parts of a role) stays as it is. Checks the form only, limits are
 * sc_policy_decode's. ST_USAGE naming the word; *out is then undefined. */
int sc_policy_value_parse(const char *text, struct sc_policy_value *out,
                          struct st_err *err) ST_MUST;
/* The text that parses to the value (but for from_ms). */
void sc_policy_value_text(const struct sc_policy_value *v, char out[static SC_POLICY_TEXT_MAX]);

#endif
