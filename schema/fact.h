/* An entry as folds see it: decoded, with what the evaluation of authority says about its author.
 * Folds are pure functions of the set of facts: any order, duplicates allowed, same result. */
#ifndef SCHEMA_FACT_H
#define SCHEMA_FACT_H

#include "schema/policy.h"

struct sc_fact {
    struct cr_hash entry_id;
    struct cr_sign_pk author;
    struct sc_id person; /* human behind the author key */
    uint32_t roles;      /* effective roles (cert.h) for this scope and grid at the claimed time;
                            0: no valid certificate */
    uint32_t barred;     /* of these, such as count for dangers only (sc_rules_barred) */
    const struct sc_rules *rules; /* policy at the claimed time; NULL: the defaults */
    uint64_t lamport, wall_ms;
    uint64_t type, schema_version;
    size_t parent_count;
    const struct sc_id *parents;
    struct cr_span body; /* canonical; checked on admission */
    bool pruned;         /* payload erased: type and body unknown. Parents too, unless the node that
                            erased it kept them, which keeps what they prove (hazard.h) */
    bool creates;        /* this entry created the subject: its id is the subject's */
    uint8_t code_severity; /* of its hazard code by the street's table at the claimed time; 0: as
                              shipped */
    bool misplaced;        /* of a record that does not live in this scope (sc_record_lives) */
};

/* Roles that count for whatever is not a danger. */
static inline uint32_t sc_fact_roles(const struct sc_fact *f)
{
    return f->roles & ~f->barred;
}
/* The author may write this record, or anybody may. */
bool sc_fact_may_write(const struct sc_fact *f, const struct sc_record *rec);

/* Order used wherever ties must break: (lamport, author, entry id). */
int sc_fact_cmp(const struct sc_fact *a, const struct sc_fact *b);

/* Causality inside one subject. Distinct facts are numbered by rank, their place in the order of
 * sc_fact_cmp; rank order extends causal order, so of any set of facts the one of highest rank is
 * causally maximal, and is the winner wherever the rule says "latest, ties by sc_fact_cmp".
 *
 * An edge goes from a fact to each parent that is in the set and has a smaller lamport; a parent
 * whose lamport is not smaller is no edge (causality never contradicts lamport), so cycles cannot
 * be built. A parent that is not in the set, or whose short id fits two different facts, makes the
 * fact and all that descend from it pending. */
#define SC_DAG_SMALL 64 /* up to here nothing is allocated */
struct sc_dag {
    size_t n;             /* distinct facts, at most SC_FOLD_EVENTS_MAX */
    size_t words;         /* 64-bit words a row */
    uint64_t *past;       /* n rows: ranks reachable over edges, the fact itself excluded */
    uint32_t *order;      /* rank -> index into facts */
    bool *pending;        /* by rank */
    uint32_t *edge_first; /* n + 1: edges of rank r are edge[edge_first[r] .. edge_first[r + 1]) */
    uint16_t *edge;       /* ranks; only those not implied by others (transitive reduction) */
    bool any_pending;
    bool overflow; /* more than SC_FOLD_EVENTS_MAX facts: the last in order were left out */
    void *heap;    /* owned; NULL when the small arrays serve */
    uint64_t small_past[SC_DAG_SMALL];
    uint32_t small_order[SC_DAG_SMALL];
    uint32_t small_edge_first[SC_DAG_SMALL + 1];
    uint16_t small_edge[SC_DAG_SMALL * SC_DAG_SMALL / 4]; /* no reduction of 64 ranks has more */
    bool small_pending[SC_DAG_SMALL];
};
/* facts is borrowed for the call only. The dag may point into itself: it is not to be copied.
 * ST_NOMEM: nothing to release. */
int sc_dag_init(struct sc_dag *d, const struct sc_fact *facts, size_t n) ST_MUST;
void sc_dag_release(struct sc_dag *d); /* accepts a zeroed or released dag */
static inline const uint64_t *sc_dag_past(const struct sc_dag *d, size_t rank)
{
    return d->past + rank * d->words;
}
static inline bool sc_dag_in_past(const struct sc_dag *d, size_t of, size_t x)
{
    return (sc_dag_past(d, of)[x / 64] >> (x % 64)) & 1;
}

/* The parents that a new entry of this subject must name: the causally maximal facts among those
 * that are not pending, ascending by id. Pending facts are never named: their ancestors have not
 * been seen, and an entry would otherwise vouch for dangers its author does not know. When there
 * are more than SC_PARENTS_MAX, the first in order are named: the rest stays unseen (a later entry
 * takes it up). Reports of the clock (HAZARD_DUE) are not named and hide nothing: what a machine
 * said is no part of what a person has to have seen, and an entry does not rest on its key.
 * *lamport_min (may be NULL): the new entry's lamport must be greater. ST_NOMEM. */
int sc_fact_parents(const struct sc_fact *facts, size_t n, struct sc_id out[static SC_PARENTS_MAX],
                    size_t *count, uint64_t *lamport_min) ST_MUST;

/* Last-writer-wins per field (places, visits, all that is no hazard): per field the causally latest
 * value; ties by sc_fact_cmp. Only facts of rec's type whose roles meet its writers (policy.h)
 * count, and (open_report) any author's; pruned and misplaced ones and bodies that do not decode do
 * not. Pending facts count: a field shows what is known. *body's spans borrow from the facts'
 * bodies. winner[i] = index into facts of the one that gave field i, SIZE_MAX when absent.
 * contested: a field had concurrent different values. All versions stay in the log; nothing here
 * deletes one. */
struct sc_lww {
    struct sc_body body;
    size_t winner[SC_BODY_FIELDS_MAX];
    bool contested;
    bool any; /* at least one fact counted */
};
int sc_lww_fold(const struct sc_record *rec, const struct sc_fact *facts, size_t n,
                struct sc_lww *out) ST_MUST; /* ST_NOMEM */

#endif
