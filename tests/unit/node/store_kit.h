/* Histories for tests of the store: entries of several authors, made once in memory, and then
 * delivered to stores in any interleaving of their logs and cut into any runs. */
#ifndef TESTS_UNIT_NODE_STORE_KIT_H
#define TESTS_UNIT_NODE_STORE_KIT_H

#include "tests/lib/prng.h"
#include "tests/lib/test.h"
#include "tests/lib/tmpdir.h"

#include "node/store.h"

#define KIT_STREET  UINT64_C(500118003)
#define KIT_VILLAGE UINT64_C(500118003206)
#define KIT_GROUP   UINT64_C(500118003206004)
#define KIT_OTHER   UINT64_C(500118003206005) /* another group of the village */
#define KIT_LOGS    8
#define KIT_ENTRIES 2048 /* of one log */
#define KIT_WALL    UINT64_C(1700000000000)

enum kit_who {              /* logs; all but ROOT and CLERK write in the village's scope */
               KIT_ROOT,    /* certificates */
               KIT_CLERK,   /* street office, in street/public */
               KIT_OFFICER, /* certificate for KIT_GROUP only */
               KIT_CHIEF,
               KIT_HEAD, /* village */
               KIT_STREET_HERE,
               KIT_STRANGER, /* no certificate */
               KIT_SECOND,   /* another chief */
};

struct kit_entry {
    uint64_t lamport, wall_ms;
    uint8_t other_suite;    /* as in sc_wire_entry */
    struct cr_span payload; /* owned */
    struct cr_hash chain;
};

struct kit_log {
    struct cr_identity id;
    struct sc_log_key key;
    struct cr_hash log_id;
    struct sc_link link;
    size_t count;
    struct kit_entry e[KIT_ENTRIES];
};

struct kit {
    struct sc_genesis genesis;
    struct cr_hash net;
    uint64_t lamport;
    uint8_t other_suite; /* of what is made from now on */
    struct kit_log log[KIT_LOGS];
};

struct kit *kit_new(void); /* with no entries */
void kit_free(struct kit *k);

/* Appends an entry and returns its id. subject NULL: creates one. */
struct sc_id kit_put(struct kit *k, enum kit_who who, uint64_t type, const struct sc_id *subject,
                     const struct sc_id *parents, size_t parent_count, struct cr_span body);
/* One whose payload is these bytes, whatever they say. */
struct sc_id kit_bytes(struct kit *k, enum kit_who who, struct cr_span payload);
/* The same with a body of the named values; unset ones are left out. */
struct kit_body {
    uint64_t grid, severity, deadline_ms, kind, when_ms;
    const char *text, *name, *code, *ext, *assignee;
    bool evidence;
    const struct sc_id *member;
};
struct sc_id kit_record(struct kit *k, enum kit_who who, uint64_t type, const struct sc_id *subject,
                        const struct sc_id *parent, const struct kit_body *b);
/* Certificate by the root. */
void kit_certify(struct kit *k, enum kit_who who, uint64_t rank, uint64_t roles, uint64_t prefix);
void kit_certify_within(struct kit *k, enum kit_who who, uint64_t rank, uint64_t roles,
                        uint64_t prefix, uint64_t from_ms, uint64_t to_ms);
/* All the usual ones: street, village head, chiefs, officer. */
void kit_certify_all(struct kit *k);
/* The root cuts a log: of its author's key, or (FORK) of its incarnation, it counts up to at. */
void kit_cut(struct kit *k, const struct kit_log *l, size_t at, enum sc_cut_mode mode);
/* A hazard from report to clearance, by officer and chief; returns its id. */
struct sc_id kit_hazard(struct kit *k, const struct kit_body *report);

/* Applies entries [from, from + count) of a log as one run, inside the open transaction. */
int kit_apply(struct kit *k, struct nd_store *s, enum kit_who who, size_t from, size_t count,
              bool urgent, struct st_err *err);
/* The same as a transaction of its own; must succeed. */
void kit_deliver(struct kit *k, struct nd_store *s, enum kit_who who, size_t from, size_t count);
/* Everything, log by log. */
void kit_deliver_all(struct kit *k, struct nd_store *s);
/* Everything in runs of a few entries from any log, some transactions rolled back and tried again;
 * after each that stays, then() may bring something else, knowing how far each log is. */
void kit_deliver_mixed(struct kit *k, struct nd_store *s, struct ts_prng *r,
                       void (*then)(struct kit *k, struct nd_store *s, struct ts_prng *r,
                                    const size_t at[static KIT_LOGS])); /* may be NULL */
/* One entry ahead of its log, as a transaction; must succeed. */
void kit_urgent(struct kit *k, struct nd_store *s, enum kit_who who, size_t at);

struct nd_store *kit_open_dir(const struct kit *k, const char *dir); /* creates */
struct nd_store *kit_open_mem(const struct kit *k, const char *name);
/* Fails the test unless verify finds nothing. */
void kit_verify(struct nd_store *s);
struct cr_hash kit_fold_hash(struct nd_store *s);
struct nd_store_stats kit_stats(struct nd_store *s);

#endif
