/* Order and causality of the facts of one subject.
 *
 * Ranks are given by sorting; a parent of smaller lamport has a smaller rank, so one pass upwards
 * fills each row from rows that are complete. Up to SC_DAG_SMALL facts nothing is allocated; above,
 * ids are found by binary search (a hash table keyed by ids could be flooded: their authors choose
 * them). Cost is bounded by edges times words: 8192 facts of 256 parents each take some 100 ms.
 * Failure: no memory. */
#include "schema/fact.h"

#include "crypto/base/assert.h"
#include "schema/bits.h"

#include <stdlib.h>
#include <string.h>

static_assert(SC_FOLD_EVENTS_MAX <= UINT16_MAX, "ranks fit the edges");

int sc_fact_cmp(const struct sc_fact *a, const struct sc_fact *b)
{
    if (a->lamport != b->lamport)
        return a->lamport < b->lamport ? -1 : 1;
    int c = memcmp(a->author.b, b->author.b, sizeof(a->author.b));
    if (c != 0)
        return c;
    return memcmp(a->entry_id.b, b->entry_id.b, sizeof(a->entry_id.b));
}

bool sc_fact_may_write(const struct sc_fact *f, const struct sc_record *rec)
{
    uint32_t held = rec->klass == SC_DANGER || rec->type == SC_R_HAZARD_PROGRESS ||
                            rec->type == SC_R_HAZARD_ASSESS
                        ? f->roles
                        : sc_fact_roles(f);

    return rec->open_report || (held & sc_rules_writers(f->rules, rec)) != 0;
}

/* Of two copies of one entry the one that still has its payload is taken. */
static int copy_cmp(const struct sc_fact *a, const struct sc_fact *b)
{
    int c = sc_fact_cmp(a, b);
    return c != 0 ? c : (int)a->pruned - (int)b->pruned;
}

static int by_fact(const void *a, const void *b)
{
    return copy_cmp(*(const struct sc_fact *const *)a, *(const struct sc_fact *const *)b);
}

static size_t drop_copies(const struct sc_fact **sorted, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || sc_fact_cmp(sorted[kept - 1], sorted[i]) != 0)
            sorted[kept++] = sorted[i];
    return kept;
}

static void sort_small(const struct sc_fact **sorted, const struct sc_fact *facts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t j = i;
        for (; j > 0 && copy_cmp(sorted[j - 1], &facts[i]) > 0; j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = &facts[i];
    }
}

/* Where a short id is found: ranks by id. */
struct id_rank {
    struct sc_id id;
    uint32_t rank;
};

static int by_id(const void *a, const void *b)
{
    const struct id_rank *x = a;
    const struct id_rank *y = b;
    return memcmp(x->id.b, y->id.b, SC_ID_BYTES);
}

struct finder {
    const struct sc_fact *const *sorted; /* by rank */
    size_t n;
    const struct id_rank *by_id; /* NULL: search linearly */
    uint64_t head[SC_DAG_SMALL]; /* then: the first bytes of each id */
};

static uint64_t head_of(const uint8_t *id)
{
    uint64_t head;
    memcpy(&head, id, sizeof(head));
    return head;
}

/* Rank of the fact with this id; SIZE_MAX when there is none, or more than one. */
static size_t find_rank(const struct finder *f, const struct sc_id *id)
{
    size_t found = SIZE_MAX;
    if (f->by_id == NULL) {
        uint64_t head = head_of(id->b);
        for (size_t r = 0; r < f->n; r++) {
            if (f->head[r] != head || memcmp(f->sorted[r]->entry_id.b, id->b, SC_ID_BYTES) != 0)
                continue;
            if (found != SIZE_MAX)
                return SIZE_MAX;
            found = r;
        }
        return found;
    }
    size_t low = 0;
    size_t high = f->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(f->by_id[mid].id.b, id->b, SC_ID_BYTES) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == f->n || memcmp(f->by_id[low].id.b, id->b, SC_ID_BYTES) != 0)
        return SIZE_MAX;
    if (low + 1 < f->n && memcmp(f->by_id[low + 1].id.b, id->b, SC_ID_BYTES) == 0)
        return SIZE_MAX;
    return f->by_id[low].rank;
}

/* Ranks of the parents that are edges, as a set; false when one is missing. */
static bool parents_of(const struct finder *f, size_t rank, uint64_t *set)
{
    const struct sc_fact *fact = f->sorted[rank];
    bool complete = fact->parent_count <= SC_PARENTS_MAX;
    size_t count = complete ? fact->parent_count : SC_PARENTS_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t parent = find_rank(f, &fact->parents[i]);
        if (parent == SIZE_MAX)
            complete = false;
        else if (f->sorted[parent]->lamport < fact->lamport)
            sc_bit_set(set, parent);
    }
    return complete;
}

/* Parents are taken from the highest rank down, so one that others imply is met when it already
 * lies in the row. */
static void fill_rows(struct sc_dag *d, const struct finder *f)
{
    uint64_t set[SC_FOLD_EVENTS_MAX / 64];
    uint32_t edges = 0;
    for (size_t r = 0; r < d->n; r++) {
        size_t used = r / 64 + 1;
        uint64_t *row = d->past + r * d->words;
        sc_bits_zero(set, used);
        d->edge_first[r] = edges;
        d->pending[r] = !parents_of(f, r, set);
        for (size_t p = sc_bits_below(set, r); p != SC_BITS_NONE; p = sc_bits_below(set, p)) {
            d->pending[r] = d->pending[r] || d->pending[p];
            if (sc_bit(row, p))
                continue;
            sc_bits_or(row, d->past + p * d->words, p / 64 + 1);
            sc_bit_set(row, p);
            d->edge[edges++] = (uint16_t)p;
        }
        d->any_pending = d->any_pending || d->pending[r];
    }
    d->edge_first[d->n] = edges;
}

static void init_small(struct sc_dag *d, const struct sc_fact *facts, size_t n)
{
    const struct sc_fact *sorted[SC_DAG_SMALL];
    sort_small(sorted, facts, n);
    d->n = drop_copies(sorted, n);
    d->words = 1;
    d->past = d->small_past;
    d->order = d->small_order;
    d->pending = d->small_pending;
    d->edge_first = d->small_edge_first;
    d->edge = d->small_edge;
    struct finder f;
    f.sorted = sorted;
    f.n = d->n;
    f.by_id = NULL;
    for (size_t r = 0; r < d->n; r++) {
        d->order[r] = (uint32_t)(sorted[r] - facts);
        d->past[r] = 0;
        f.head[r] = head_of(sorted[r]->entry_id.b);
    }
    fill_rows(d, &f);
}

/* Room of every array of a large dag, one after the other, most aligned first. */
static int alloc_large(struct sc_dag *d, const struct sc_fact *const *sorted)
{
    size_t edges = 0;
    for (size_t r = 0; r < d->n; r++)
        edges +=
            sorted[r]->parent_count < SC_PARENTS_MAX ? sorted[r]->parent_count : SC_PARENTS_MAX;
    size_t rows = d->n * d->words * sizeof(uint64_t);
    size_t order = d->n * sizeof(uint32_t);
    size_t first = (d->n + 1) * sizeof(uint32_t);
    size_t edge = edges * sizeof(uint16_t);
    uint8_t *p = calloc(1, rows + order + first + edge + d->n * sizeof(bool));
    if (p == NULL)
        return ST_NOMEM;
    d->heap = p;
    d->past = (uint64_t *)(void *)p;
    d->order = (uint32_t *)(void *)(p + rows);
    d->edge_first = (uint32_t *)(void *)(p + rows + order);
    d->edge = (uint16_t *)(void *)(p + rows + order + first);
    d->pending = (bool *)(void *)(p + rows + order + first + edge);
    return ST_OK;
}

static int init_large(struct sc_dag *d, const struct sc_fact *facts, size_t n)
{
    size_t bytes;
    if (n > UINT32_MAX || !cr_mul_size(n, sizeof(struct sc_fact *), &bytes))
        return ST_NOMEM;
    const struct sc_fact **sorted = malloc(bytes);
    if (sorted == NULL)
        return ST_NOMEM;
    for (size_t i = 0; i < n; i++)
        sorted[i] = &facts[i];
    qsort(sorted, n, sizeof(*sorted), by_fact);
    d->n = drop_copies(sorted, n);
    d->overflow = d->n > SC_FOLD_EVENTS_MAX;
    if (d->overflow)
        d->n = SC_FOLD_EVENTS_MAX;
    d->words = (d->n + 63) / 64;
    int rc = ST_NOMEM;
    struct id_rank *ids = malloc(d->n * sizeof(*ids));
    if (ids == NULL)
        goto err_after_sorted;
    rc = alloc_large(d, sorted);
    if (rc != ST_OK)
        goto err_after_ids;
    for (size_t r = 0; r < d->n; r++) {
        d->order[r] = (uint32_t)(sorted[r] - facts);
        ids[r] = (struct id_rank){sc_id_of(&sorted[r]->entry_id), (uint32_t)r};
    }
    qsort(ids, d->n, sizeof(*ids), by_id);
    fill_rows(d, &(struct finder){.sorted = sorted, .n = d->n, .by_id = ids});
err_after_ids:
    free(ids);
err_after_sorted:
    free(sorted);
    return rc;
}

int sc_dag_init(struct sc_dag *d, const struct sc_fact *facts, size_t n)
{
    CR_ASSERT(d != NULL);
    CR_ASSERT(facts != NULL || n == 0);
    d->heap = NULL;
    d->any_pending = false;
    d->overflow = false;
    if (n <= SC_DAG_SMALL) {
        init_small(d, facts, n);
        return ST_OK;
    }
    return init_large(d, facts, n);
}

void sc_dag_release(struct sc_dag *d)
{
    free(d->heap);
    d->heap = NULL;
    d->n = 0;
}

static int by_short_id(const void *a, const void *b)
{
    return memcmp(a, b, SC_ID_BYTES);
}

int sc_fact_parents(const struct sc_fact *facts, size_t n, struct sc_id out[static SC_PARENTS_MAX],
                    size_t *count, uint64_t *lamport_min)
{
    struct sc_dag d;
    int rc = sc_dag_init(&d, facts, n);
    if (rc != ST_OK)
        return rc;
    uint64_t seen[SC_FOLD_EVENTS_MAX / 64];
    uint64_t heads[SC_FOLD_EVENTS_MAX / 64];
    sc_bits_zero(seen, d.words);
    sc_bits_zero(heads, d.words);
    for (size_t r = d.n; r-- > 0;) {
        if (d.pending[r] || facts[d.order[r]].type == SC_R_HAZARD_DUE)
            continue;
        if (!sc_bit(seen, r))
            sc_bit_set(heads, r);
        sc_bits_or(seen, sc_dag_past(&d, r), d.words);
    }
    uint64_t lamport = 0;
    size_t found = 0;
    for (size_t r = 0; r < d.n && found < SC_PARENTS_MAX; r++) {
        if (!sc_bit(heads, r))
            continue;
        out[found++] = sc_id_of(&facts[d.order[r]].entry_id);
        lamport = facts[d.order[r]].lamport;
    }
    qsort(out, found, sizeof(*out), by_short_id);
    *count = found;
    if (lamport_min != NULL)
        *lamport_min = lamport;
    sc_dag_release(&d);
    return ST_OK;
}
