/* Happy path: init loads and sorts once; add inserts an index into the order (4 bytes a log move);
 * set takes the old item out of the scope's sum and puts the new one in. */
#include "sync/frontier.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

static uint8_t scope_index(const struct sy_frontier *f, uint64_t scope)
{
    for (size_t i = 0; i < f->scope_count; i++) {
        if (f->scopes[i] == scope)
            return (uint8_t)i;
    }
    return SY_NO_SCOPE;
}

uint64_t sy_frontier_mask(const struct sy_frontier *f, const uint64_t *scopes, size_t n)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < n; i++) {
        uint8_t index = scope_index(f, scopes[i]);

        if (index != SY_NO_SCOPE)
            mask |= UINT64_C(1) << index;
    }
    return mask;
}

bool sy_frontier_in(const struct sy_frontier *f, uint32_t log, uint64_t mask)
{
    return f->log[log].l.link.seq_next > 0 && sy_frontier_scope_in(f, log, mask);
}

bool sy_frontier_scope_in(const struct sy_frontier *f, uint32_t lead, uint64_t mask)
{
    return f->log[lead].scope != SY_NO_SCOPE && ((mask >> f->log[lead].scope) & 1) != 0;
}

bool sy_frontier_shared(const struct sy_frontier *f, uint32_t lead, uint64_t mask)
{
    return sy_frontier_scope_in(f, lead, mask) && sy_frontier_branches(f, lead) > 0;
}

static int grow(struct sy_frontier *f)
{
    uint32_t cap = f->cap == 0 ? 64 : f->cap * 2;
    struct sy_flog *log;
    uint32_t *order;

    if (f->count < f->cap)
        return ST_OK;
    if (cap <= f->cap || cap > UINT32_MAX / 2)
        return ST_NOMEM;
    log = realloc(f->log, cap * sizeof *log);
    if (log == NULL)
        return ST_NOMEM;
    f->log = log;
    order = realloc(f->order, cap * sizeof *order);
    if (order == NULL)
        return ST_NOMEM;
    f->order = order;
    f->cap = cap;
    return ST_OK;
}

static void item_of(const struct sy_flog *l, struct cr_hash *out)
{
    sc_head_item(&l->l.id, l->l.link.seq_next - 1, &l->l.link.chain, out);
}

static void sum_in(struct sy_frontier *f, uint32_t log)
{
    struct sy_flog *l = &f->log[log];
    struct cr_hash item;

    if (l->l.link.seq_next == 0 || l->scope == SY_NO_SCOPE)
        return;
    item_of(l, &item);
    cr_hash_add(&f->scope[l->scope].sum, &item);
    f->scope[l->scope].count++;
}

static void sum_out(struct sy_frontier *f, uint32_t log)
{
    struct sy_flog *l = &f->log[log];
    struct cr_hash item;

    if (l->l.link.seq_next == 0 || l->scope == SY_NO_SCOPE)
        return;
    item_of(l, &item);
    cr_hash_sub(&f->scope[l->scope].sum, &item);
    f->scope[l->scope].count--;
}

static int load_log(void *arg, const struct sy_log *log)
{
    struct sy_frontier *f = arg;
    int rc = grow(f);

    if (rc != ST_OK)
        return rc;
    f->log[f->count] = (struct sy_flog){
        .l = *log, .lead = f->count, .next = SY_NONE, .scope = scope_index(f, log->key.scope)};
    f->order[f->count] = f->count;
    f->count++;
    sum_in(f, f->count - 1);
    return ST_OK;
}

static int cmp_at(const struct sy_frontier *f, uint32_t a, uint32_t b)
{
    int order = cr_hash_cmp(&f->log[a].l.id, &f->log[b].l.id);

    if (order == 0)
        return a < b ? -1 : 1;
    return order;
}

/* Joins the branches of each log; ST_CORRUPT when one head is there twice. */
static int chain_up(struct sy_frontier *f)
{
    for (uint32_t at = 1; at < f->count; at++) {
        uint32_t index = f->order[at], before = f->order[at - 1];
        struct sy_flog *l = &f->log[index];

        if (!cr_hash_equal(&f->log[before].l.id, &l->l.id))
            continue;
        l->lead = f->log[before].lead;
        f->log[before].next = index;
        for (uint32_t b = l->lead; b != index; b = f->log[b].next) {
            if (f->log[b].l.link.seq_next == l->l.link.seq_next &&
                cr_hash_equal(&f->log[b].l.link.chain, &l->l.link.chain))
                return ST_CORRUPT;
        }
    }
    return ST_OK;
}

/* Merges the sorted halves [lo, mid) and [mid, hi) of from into to. */
static void merge(const struct sy_frontier *f, const uint32_t *from, uint32_t *to, uint32_t lo,
                  uint32_t mid, uint32_t hi)
{
    uint32_t a = lo, b = mid;

    for (uint32_t i = lo; i < hi; i++) {
        if (a < mid && (b >= hi || cmp_at(f, from[a], from[b]) <= 0))
            to[i] = from[a++];
        else
            to[i] = from[b++];
    }
}

/* Bottom-up merge sort of the order: the view may give logs in any order. */
static int sort_order(struct sy_frontier *f)
{
    uint32_t *spare, *from, *to;

    if (f->count < 2)
        return ST_OK;
    spare = malloc(f->cap * sizeof *spare);
    if (spare == NULL)
        return ST_NOMEM;
    from = f->order;
    to = spare;
    for (uint32_t width = 1; width < f->count; width *= 2) {
        uint32_t *swap = from;

        for (uint32_t lo = 0; lo < f->count; lo += 2 * width) {
            uint32_t mid = f->count - lo > width ? lo + width : f->count;
            uint32_t hi = f->count - lo > 2 * width ? lo + 2 * width : f->count;

            merge(f, from, to, lo, mid, hi);
        }
        from = to;
        to = swap;
    }
    f->order = from;
    free(to);
    return ST_OK;
}

int sy_frontier_init(struct sy_frontier *f, const struct sy_view *view, const uint64_t *scopes,
                     size_t scope_count, struct st_err *err)
{
    int rc;

    CR_ASSERT(scope_count <= SC_SCOPES_MAX);
    *f = (struct sy_frontier){.scope_count = scope_count};
    for (size_t i = 0; i < scope_count; i++) {
        CR_ASSERT(i == 0 || scopes[i - 1] < scopes[i]);
        f->scopes[i] = scopes[i];
    }
    rc = view->each_log(view->arg, load_log, f);
    if (rc == ST_OK)
        rc = sort_order(f);
    if (rc == ST_OK)
        rc = chain_up(f);
    if (rc != ST_OK) {
        sy_frontier_release(f);
        return st_fail(err, (enum st_code)rc, "load the logs: %s", st_text((enum st_code)rc));
    }
    return ST_OK;
}

void sy_frontier_release(struct sy_frontier *f)
{
    free(f->log);
    free(f->order);
    free(f->pend);
    *f = (struct sy_frontier){0};
}

uint32_t sy_frontier_bound(const struct sy_frontier *f, const uint8_t *bound, size_t n)
{
    uint32_t lo = 0, hi = f->count;

    if (n == 0)
        return f->count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (memcmp(f->log[f->order[mid]].l.id.b, bound, n) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint32_t sy_frontier_find(const struct sy_frontier *f, const struct cr_hash *id)
{
    uint32_t at = sy_frontier_bound(f, id->b, CR_HASH_BYTES);

    if (at < f->count && cr_hash_equal(&f->log[f->order[at]].l.id, id))
        return f->order[at];
    return SY_NONE;
}

uint32_t sy_frontier_find8(const struct sy_frontier *f, const uint8_t id8[static 8], uint64_t mask)
{
    uint32_t found = SY_NONE;

    for (uint32_t at = sy_frontier_bound(f, id8, 8); at < f->count; at++) {
        uint32_t log = f->order[at], lead = f->log[log].lead;

        if (memcmp(f->log[log].l.id.b, id8, 8) != 0)
            break;
        if (!sy_frontier_in(f, log, mask))
            continue;
        if (found != SY_NONE && found != lead)
            return SY_NONE;
        found = lead;
    }
    return found;
}

uint32_t sy_frontier_handle(const struct sy_frontier *f, uint32_t lead, uint64_t handle)
{
    for (uint32_t b = lead; b != SY_NONE; b = f->log[b].next) {
        if (f->log[b].l.link.seq_next > 0 && f->log[b].l.handle == handle)
            return b;
    }
    return SY_NONE;
}

uint32_t sy_frontier_branches(const struct sy_frontier *f, uint32_t lead)
{
    uint32_t n = 0;

    for (uint32_t b = lead; b != SY_NONE; b = f->log[b].next)
        n += f->log[b].l.link.seq_next > 0 ? 1 : 0;
    return n;
}

bool sy_frontier_busy(const struct sy_frontier *f, uint32_t lead)
{
    for (uint32_t b = lead; b != SY_NONE; b = f->log[b].next) {
        if (f->log[b].pend > 0)
            return true;
    }
    return false;
}

int sy_frontier_add(struct sy_frontier *f, const struct sc_log_key *key, const struct cr_hash *id,
                    uint32_t *out)
{
    struct sy_flog *l;
    uint32_t at, lead;
    int rc = grow(f);

    if (rc != ST_OK)
        return rc;
    lead = f->count;
    at = sy_frontier_bound(f, id->b, CR_HASH_BYTES);
    for (; at < f->count && cr_hash_equal(&f->log[f->order[at]].l.id, id); at++) {
        lead = f->log[f->order[at]].lead;
        if (f->log[f->order[at]].next == SY_NONE)
            f->log[f->order[at]].next = f->count;
    }
    l = &f->log[f->count];
    *l = (struct sy_flog){.lead = lead, .next = SY_NONE, .scope = scope_index(f, key->scope)};
    l->l.key = *key;
    l->l.id = *id;
    sc_link_start(id, &l->l.link);
    memmove(&f->order[at + 1], &f->order[at], (f->count - at) * sizeof *f->order);
    f->order[at] = f->count;
    *out = f->count++;
    return ST_OK;
}

void sy_frontier_undo(struct sy_frontier *f, uint32_t log)
{
    const struct sy_flog *l = &f->log[log];
    uint32_t at;

    if (log + 1 != f->count || l->l.link.seq_next > 0 || l->pend > 0)
        return;
    at = sy_frontier_bound(f, l->l.id.b, CR_HASH_BYTES);
    while (f->order[at] != log) { /* it is the last of its log */
        if (f->log[f->order[at]].next == log)
            f->log[f->order[at]].next = SY_NONE;
        at++;
        CR_ASSERT(at < f->count);
    }
    f->count--;
    memmove(&f->order[at], &f->order[at + 1], (f->count - at) * sizeof *f->order);
}

void sy_frontier_set(struct sy_frontier *f, uint32_t log, const struct sc_link *link,
                     uint64_t handle)
{
    CR_ASSERT(log < f->count);
    CR_ASSERT(link->seq_next > 0);
    sum_out(f, log);
    f->log[log].l.link = *link;
    f->log[log].l.handle = handle;
    sum_in(f, log);
    f->changes++;
}

void sy_frontier_hide(struct sy_frontier *f, uint32_t log)
{
    CR_ASSERT(log < f->count);
    sum_out(f, log);
    sc_link_start(&f->log[log].l.id, &f->log[log].l.link);
    f->changes++;
}

const struct sc_link *sy_frontier_verified(const struct sy_frontier *f, uint32_t log)
{
    const struct sy_flog *l = &f->log[log];

    return l->pend > 0 ? &f->pend[l->pend - 1].link : &l->l.link;
}

int sy_frontier_push(struct sy_frontier *f, uint32_t log, const struct sc_link *base,
                     const struct sc_link *link)
{
    struct sy_flog *l = &f->log[log];

    if (l->pend == 0) {
        if (f->pend_count == f->pend_cap) {
            uint32_t cap = f->pend_cap == 0 ? 16 : f->pend_cap * 2;
            struct sy_pend *pend = realloc(f->pend, cap * sizeof *pend);

            if (pend == NULL)
                return ST_NOMEM;
            f->pend = pend;
            f->pend_cap = cap;
        }
        f->pend[f->pend_count] = (struct sy_pend){.log = log, .base = *base};
        l->pend = ++f->pend_count;
    }
    f->pend[l->pend - 1].link = *link;
    f->pend[l->pend - 1].outstanding++;
    return ST_OK;
}

static void drop_pend(struct sy_frontier *f, uint32_t log)
{
    uint32_t at = f->log[log].pend - 1;

    f->log[log].pend = 0;
    f->pend_count--;
    if (at != f->pend_count) {
        f->pend[at] = f->pend[f->pend_count];
        f->log[f->pend[at].log].pend = at + 1;
    }
}

void sy_frontier_pop(struct sy_frontier *f, uint32_t log)
{
    uint32_t pend = f->log[log].pend;

    CR_ASSERT(pend > 0);
    CR_ASSERT(f->pend[pend - 1].outstanding > 0);
    if (--f->pend[pend - 1].outstanding == 0)
        drop_pend(f, log);
}

void sy_frontier_rewind(struct sy_frontier *f, uint32_t log)
{
    if (f->log[log].pend > 0)
        drop_pend(f, log);
}

void sy_frontier_sum(const struct sy_frontier *f, uint64_t mask, struct cr_hash *sum,
                     uint64_t *count)
{
    *sum = (struct cr_hash){0};
    *count = 0;
    for (size_t i = 0; i < f->scope_count; i++) {
        if (((mask >> i) & 1) == 0)
            continue;
        cr_hash_add(sum, &f->scope[i].sum);
        *count += f->scope[i].count;
    }
}

struct sc_id sy_frontier_fingerprint(const struct sy_frontier *f, uint64_t mask, uint64_t *count)
{
    struct cr_hash sum;

    sy_frontier_sum(f, mask, &sum, count);
    return sc_fingerprint(&sum, *count);
}

struct sc_id sy_frontier_range(const struct sy_frontier *f, uint64_t mask, uint32_t lo, uint32_t hi,
                               uint64_t *count)
{
    struct cr_hash sum = {0}, item;

    CR_ASSERT(hi <= f->count);
    *count = 0;
    for (uint32_t at = lo; at < hi; at++) {
        if (!sy_frontier_in(f, f->order[at], mask))
            continue;
        item_of(&f->log[f->order[at]], &item);
        cr_hash_add(&sum, &item);
        ++*count;
    }
    return sc_fingerprint(&sum, *count);
}
