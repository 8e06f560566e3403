/* The tables that the street can extend: hazard codes, kinds of places, checklists. What is shipped
 * is compiled in (hazard_codes.c, checklists.c); a CODE, PLACE_KIND or CHECKLIST record, written in
 * street/public by a root or a seat of the street, gives one row from one moment on, exactly as a
 * policy does (policy.h): it applies from the later of its `from` and its own claimed time, to
 * what is claimed to be written then, ties by (lamport, author, entry id). So no clock is read,
 * order of arrival changes nothing, and what was written before keeps the row of its time.
 *
 * A checklist's row names its version; a visit names list and version, and its answers are read by
 * that one. Rows are never refused on admission for what other rows say: a code, kind or list that
 * no table here knows is kept and shown by its code or number. */
#ifndef SCHEMA_CODES_H
#define SCHEMA_CODES_H

#include "schema/record.h"

#define SC_CODE_LABEL_MAX   128 /* bytes of a label */
#define SC_KIND_NAME_MAX    32
#define SC_TABLE_NUMBER_MAX 999
#define SC_LIST_ITEMS_MAX   64
#define SC_ITEM_KEY_MAX     16

/* Keys of the bodies. */
enum sc_key_table {
    SC_K_TABLE_FROM = 32,
    SC_K_TABLE_ZH = 33,
    SC_K_TABLE_EN = 34,
    SC_K_TABLE_LIMIT = 35, /* code: enum sc_limit */
    SC_K_TABLE_WITHDRAWN = 36,
    SC_K_TABLE_NUMBER = 37, /* kind, checklist */
    SC_K_TABLE_NAME = 38,   /* kind */
    SC_K_TABLE_LIST = 39,   /* kind: its checklist */
    SC_K_TABLE_PERIOD = 40, /* kind: days between visits */
    SC_K_TABLE_VERSION = 41,
    SC_K_TABLE_KEYS = 42, /* of the items; the lists below have as many */
    SC_K_TABLE_ITEMS_ZH = 43,
    SC_K_TABLE_ITEMS_EN = 44,
    SC_K_TABLE_CODES = 45, /* of each item, with blanks between; may be empty */
};

/* Time to put a hazard right. Numbers are part of the format. */
enum sc_limit { SC_T0 = 1, SC_T1, SC_T3, SC_T7, SC_T15, SC_T30, SC_TM, SC_TX };
extern const struct sc_choice sc_choices_limit[];
uint16_t sc_limit_days(enum sc_limit limit); /* SC_DAYS_PLAN, SC_DAYS_TRANSFER */
enum sc_limit sc_limit_of_days(uint16_t days);

/* Rows as they apply. Spans borrow from the set, or are static; valid until it is settled anew. */
struct sc_table_row {
    bool shipped; /* as compiled in: no record says otherwise */
    bool withdrawn;
    uint64_t from_ms;        /* 0 when shipped */
    struct cr_hash entry_id; /* of the record; zero when shipped */
    struct cr_sign_pk author;
    struct cr_span zh, en;
};
struct sc_code {
    struct sc_table_row row;
    char code[4];
    uint8_t severity;
    enum sc_limit limit;
};
struct sc_place_kind {
    struct sc_table_row row;
    uint16_t number, list, period_days; /* list 0: none */
    struct cr_span name;
};
struct sc_list_item {
    struct cr_span key, zh, en, codes;
};
struct sc_checklist {
    struct sc_table_row row;
    uint16_t number, version;
    size_t count;
    struct sc_list_item item[SC_LIST_ITEMS_MAX];
};
/* NULL: no such item. */
const struct sc_list_item *sc_checklist_item(const struct sc_checklist *l, struct cr_span key);

/* ---- The set ---- */
struct sc_tables;
struct sc_tables *sc_tables_new(void); /* NULL: out of memory */
void sc_tables_free(struct sc_tables *t);
struct sc_table_entry {
    struct cr_hash entry_id;
    struct cr_sign_pk author;
    uint64_t lamport, wall_ms;
    bool counts; /* authorised and not held: the caller says, see sc_tables_stand */
};
/* A record of one of the three types that sc_record_check took; its body is copied. Idempotent by
 * entry id. ST_NOMEM, ST_OVERSIZE. */
int sc_tables_add(struct sc_tables *t, const struct sc_table_entry *e,
                  const struct sc_payload *p) ST_MUST;
size_t sc_tables_count(const struct sc_tables *t);
const struct sc_table_entry *sc_tables_entry(const struct sc_tables *t, size_t i);
void sc_tables_stand(struct sc_tables *t, size_t i, bool counts);
/* Brings the answers up to date. *from_ms: claimed time from which the severity of some code may
 * differ from that after the settling before; UINT64_MAX: none (then no hazard folds anew).
 * ST_NOMEM: nothing has changed, settle again. */
int sc_tables_settle(struct sc_tables *t, uint64_t *from_ms) ST_MUST;

/* t may be NULL: what is shipped. False: no table knows it at that time. */
bool sc_tables_code(const struct sc_tables *t, struct cr_span code, uint64_t wall_ms,
                    struct sc_code *out);
bool sc_tables_kind(const struct sc_tables *t, uint64_t number, uint64_t wall_ms,
                    struct sc_place_kind *out);
bool sc_tables_list(const struct sc_tables *t, uint64_t number, uint64_t wall_ms,
                    struct sc_checklist *out);
/* That version of it, whenever it applied. */
bool sc_tables_list_version(const struct sc_tables *t, uint64_t number, uint64_t version,
                            struct sc_checklist *out);
/* Severity of a code by a record of the street; 0: as shipped. */
uint8_t sc_tables_severity(const struct sc_tables *t, struct cr_span code, uint64_t wall_ms);
/* The next known after this one: codes as text ("" first), numbers (0 first). False at the end. */
bool sc_tables_next_code(const struct sc_tables *t, uint64_t wall_ms, struct sc_code *io);
bool sc_tables_next_kind(const struct sc_tables *t, uint64_t wall_ms, struct sc_place_kind *io);
bool sc_tables_next_list(const struct sc_tables *t, uint64_t wall_ms, struct sc_checklist *io);

/* ---- What is shipped (checklists.c) ---- */
bool sc_shipped_kind(uint64_t number, struct sc_place_kind *out);
bool sc_shipped_list(uint64_t number, struct sc_checklist *out); /* version 1 */

/* Check of the catalogue's rows (record.h). ST_MALFORMED, err naming what is wrong: a shipped
 * code's severity more than one below the shipped one, or below 4 where that is 4
 * (clearance-strictly); a number 0; lists of items of unequal length, a key twice, a code of no
 * code's shape. */
int sc_table_check(const struct sc_body *body, uint64_t schema_version, struct st_err *err) ST_MUST;

#endif
