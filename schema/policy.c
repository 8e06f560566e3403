/* The set of POLICY entries, and the rules of each span of claimed time.
 *
 * Entries that count are sorted by (from, lamport, author, id); each distinct moment begins a span
 * whose rules are those before it with the values of that moment laid over, later ones last. So a
 * look-up is a search for a span, and no fold ever looks at an entry. Failure: no memory. */
#include "schema/policy.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

struct sc_policy {
    struct sc_policy_entry *entry;
    size_t count, cap;
    uint32_t *slot;        /* 2 * cap, open addressing by entry id: index + 1, 0 free */
    struct sc_rules *span; /* ascending from_ms; before the first: the defaults */
    size_t span_count, last;
    uint64_t changed_ms; /* since the last settling: earliest moment concerned */
};

struct sc_policy *sc_policy_new(void)
{
    struct sc_policy *p = calloc(1, sizeof *p);

    if (p != NULL)
        p->changed_ms = UINT64_MAX;
    return p;
}

void sc_policy_free(struct sc_policy *p)
{
    if (p == NULL)
        return;
    free(p->entry);
    free(p->slot);
    free(p->span);
    free(p);
}

bool sc_policy_author(struct sc_certs *certs, const struct cr_sign_pk *author, uint64_t wall_ms)
{
    return sc_certs_root(certs, author) != SC_ROOT_NONE ||
           sc_certs_is_street_seat(certs, author, wall_ms);
}

uint64_t sc_policy_from(const struct sc_policy_entry *e)
{
    return e->value.from_ms > e->wall_ms ? e->value.from_ms : e->wall_ms;
}

static void touch(struct sc_policy *p, const struct sc_policy_entry *e)
{
    if (sc_policy_from(e) < p->changed_ms)
        p->changed_ms = sc_policy_from(e);
}

/* Slot of the entry id, or the free one where it belongs. cap is a power of two. */
static uint32_t *slot_of(const struct sc_policy *p, const struct cr_hash *id)
{
    size_t at = (size_t)cr_load_le64(id->b) & (2 * p->cap - 1);

    while (p->slot[at] != 0 && !cr_hash_equal(&p->entry[p->slot[at] - 1].entry_id, id))
        at = (at + 1) & (2 * p->cap - 1);
    return &p->slot[at];
}

/* On failure nothing is lost. */
static int grow(struct sc_policy *p)
{
    size_t cap = p->cap > 0 ? p->cap * 2 : 8;
    struct sc_policy_entry *entry;
    uint32_t *slot;

    if (cap > UINT32_MAX / (2 * sizeof *entry))
        return ST_OVERSIZE;
    slot = calloc(2 * cap, sizeof *slot);
    entry = slot != NULL ? realloc(p->entry, cap * sizeof *entry) : NULL;
    if (entry == NULL) {
        free(slot);
        return ST_NOMEM;
    }
    free(p->slot);
    p->entry = entry;
    p->slot = slot;
    p->cap = cap;
    for (size_t i = 0; i < p->count; i++)
        *slot_of(p, &p->entry[i].entry_id) = (uint32_t)i + 1;
    return ST_OK;
}

int sc_policy_add(struct sc_policy *p, const struct sc_policy_entry *e)
{
    uint32_t *slot;

    CR_ASSERT(e->value.item < sc_policy_items());
    if (p->count == p->cap) {
        int rc = grow(p);

        if (rc != ST_OK)
            return rc;
    }
    slot = slot_of(p, &e->entry_id);
    if (*slot != 0)
        return ST_OK;
    p->entry[p->count++] = *e;
    *slot = (uint32_t)p->count;
    if (e->counts)
        touch(p, e);
    return ST_OK;
}

size_t sc_policy_count(const struct sc_policy *p)
{
    return p->count;
}

const struct sc_policy_entry *sc_policy_entry(const struct sc_policy *p, size_t i)
{
    CR_ASSERT(i < p->count);
    return &p->entry[i];
}

void sc_policy_stand(struct sc_policy *p, size_t i, bool counts)
{
    CR_ASSERT(i < p->count);
    if (p->entry[i].counts == counts)
        return;
    p->entry[i].counts = counts;
    touch(p, &p->entry[i]);
}

int sc_policy_entry_cmp(const struct sc_policy_entry *a, const struct sc_policy_entry *b)
{
    uint64_t x = sc_policy_from(a), y = sc_policy_from(b);

    if (x != y)
        return x < y ? -1 : 1;
    if (a->lamport != b->lamport)
        return a->lamport < b->lamport ? -1 : 1;
    int c = memcmp(a->author.b, b->author.b, sizeof a->author.b);
    return c != 0 ? c : cr_hash_cmp(&a->entry_id, &b->entry_id);
}

static int by_entry(const void *a, const void *b)
{
    return sc_policy_entry_cmp(*(const struct sc_policy_entry *const *)a,
                               *(const struct sc_policy_entry *const *)b);
}

static void lay_over(struct sc_rules *r, const struct sc_policy_value *v)
{
    struct sc_policy_item item;

    sc_policy_item(v->item, &item);
    switch (item.kind) {
    case SC_PK_ROLE: r->giver[item.at] = (uint8_t)v->number; break;
    case SC_PK_WRITE: r->writers[item.at] = v->roles; break;
    case SC_PK_CLEAR:
        r->clear[item.at] = (struct sc_clear_rule){.roles = v->roles, .level = v->level};
        break;
    case SC_PK_NUMBER: r->number[item.at] = v->number; break;
    }
}

/* Entries that count, in order, then the spans they begin. */
static size_t fill(const struct sc_policy *p, const struct sc_policy_entry **sorted,
                   struct sc_rules *span)
{
    size_t n = 0, spans = 0;

    for (size_t i = 0; i < p->count; i++)
        if (p->entry[i].counts)
            sorted[n++] = &p->entry[i];
    if (n > 0)
        qsort(sorted, n, sizeof *sorted, by_entry);
    for (size_t i = 0; i < n; i++) {
        uint64_t from_ms = sc_policy_from(sorted[i]);

        if (spans == 0 || span[spans - 1].from_ms != from_ms) {
            if (spans == 0)
                sc_rules_default(&span[0]);
            else
                span[spans] = span[spans - 1];
            span[spans++].from_ms = from_ms;
        }
        lay_over(&span[spans - 1], &sorted[i]->value);
    }
    return spans;
}

int sc_policy_settle(struct sc_policy *p, uint64_t *from_ms)
{
    const struct sc_policy_entry **sorted;
    struct sc_rules *span;

    *from_ms = p->changed_ms;
    if (p->changed_ms == UINT64_MAX)
        return ST_OK;
    sorted = calloc(p->count, sizeof(*sorted));
    span = calloc(p->count, sizeof *span);
    if (sorted == NULL || span == NULL) {
        free(sorted);
        free(span);
        return ST_NOMEM;
    }
    p->span_count = fill(p, sorted, span);
    free(sorted);
    free(p->span);
    p->span = span;
    p->last = 0;
    p->changed_ms = UINT64_MAX;
    return ST_OK;
}

static bool in_span(const struct sc_policy *p, size_t i, uint64_t wall_ms)
{
    return p->span[i].from_ms <= wall_ms &&
           (i + 1 == p->span_count || wall_ms < p->span[i + 1].from_ms);
}

const struct sc_rules *sc_policy_at(struct sc_policy *p, uint64_t wall_ms)
{
    size_t low = 0, high;

    if (p == NULL)
        return NULL;
    CR_ASSERT(p->changed_ms == UINT64_MAX);
    if (p->span_count == 0 || wall_ms < p->span[0].from_ms)
        return NULL;
    if (!in_span(p, p->last, wall_ms)) {
        high = p->span_count;
        while (high - low > 1) {
            size_t mid = low + (high - low) / 2;

            if (p->span[mid].from_ms <= wall_ms)
                low = mid;
            else
                high = mid;
        }
        p->last = low;
    }
    return &p->span[p->last];
}

const struct sc_policy_entry *sc_policy_find(const struct sc_policy *p, size_t item,
                                             uint64_t wall_ms)
{
    const struct sc_policy_entry *best = NULL;

    for (size_t i = 0; p != NULL && i < p->count; i++) {
        const struct sc_policy_entry *e = &p->entry[i];

        if (e->counts && e->value.item == item && sc_policy_from(e) <= wall_ms &&
            (best == NULL || sc_policy_entry_cmp(best, e) < 0))
            best = e;
    }
    return best;
}

void sc_policy_value_at(const struct sc_policy *p, size_t item, uint64_t wall_ms,
                        struct sc_policy_value *out)
{
    const struct sc_policy_entry *e = sc_policy_find(p, item, wall_ms);

    if (e != NULL)
        *out = e->value;
    else
        sc_policy_default(item, out);
}
