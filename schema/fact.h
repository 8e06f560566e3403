/* An entry as folds see it: decoded, with what the evaluation of authority says about its author.
 * Folds are pure functions of the set of facts: any order, duplicates allowed, same result. */
#ifndef SCHEMA_FACT_H
#define SCHEMA_FACT_H

#include "schema/record.h"

struct sc_fact {
    struct cr_hash entry_id;
    struct cr_sign_pk author;
    struct sc_id person; /* human behind the author key */
    uint32_t roles;      /* effective roles (cert.h) for this scope and grid at the claimed time;
                            0: no valid certificate */
    uint64_t lamport, wall_ms;
    uint64_t type, schema_version;
    size_t parent_count;
    const struct sc_id *parents;
    struct cr_span body; /* canonical; checked on admission */
    bool pruned;         /* payload erased: type and parents unknown, position only */
};

/* Order used wherever ties must break: (lamport, author, entry id). */
int sc_fact_cmp(const struct sc_fact *a, const struct sc_fact *b);

/* Causality inside one subject. past(i) = facts reachable from i over parents, i excluded. */
struct sc_dag {
    size_t n;
    size_t words;    /* 64-bit words a row */
    uint64_t *past;  /* n rows */
    bool *pending;   /* fact has an ancestor that is not in the set */
    uint32_t *order; /* facts in (lamport, author, entry id) order, duplicates dropped */
    size_t order_count;
    bool overflow;   /* more than SC_FOLD_EVENTS_MAX facts: the last in order were left out */
};
/* facts is borrowed; the dag's indices are those of facts. A parent whose lamport is not smaller
 * than its child's is no edge (causality never contradicts lamport). ST_NOMEM. */
int sc_dag_init(struct sc_dag *d, const struct sc_fact *facts, size_t n) ST_MUST;
void sc_dag_release(struct sc_dag *d);
static inline bool sc_dag_in_past(const struct sc_dag *d, size_t of, size_t x)
{
    return (d->past[of * d->words + x / 64] >> (x % 64)) & 1;
}

/* Last-writer-wins per field (grid, place, visit, notice): per field the causally latest value; ties
 * by sc_fact_cmp. Only facts whose roles meet the record's writers count. *body's spans borrow from
 * the facts' bodies. winner[i] (may be NULL) = fact index that gave field i, SIZE_MAX when absent.
 * contested: a field had concurrent different values. */
struct sc_lww {
    struct sc_body body;
    size_t winner[SC_BODY_FIELDS_MAX];
    bool contested;
    bool any; /* at least one fact counted */
};
int sc_lww_fold(const struct sc_record *rec, const struct sc_fact *facts, size_t n,
                struct sc_lww *out) ST_MUST; /* ST_NOMEM */

#endif
