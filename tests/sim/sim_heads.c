/* Lists of heads: what the seam saw committed, what was acknowledged. */
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

struct sim_head *sim_heads_find(const struct sim_heads *l, const struct cr_hash *log_id)
{
    for (size_t i = l->n; i > 0; i--)
        if (cr_hash_equal(&l->h[i - 1].log_id, log_id))
            return &l->h[i - 1];
    return NULL;
}

void sim_heads_append(struct sim_heads *l, const struct sim_head *h)
{
    l->h = sim_grow(l->h, &l->cap, l->n, sizeof *l->h);
    l->h[l->n++] = *h;
}

void sim_heads_put(struct sim_heads *l, const struct sim_head *h)
{
    struct sim_head *old = sim_heads_find(l, &h->log_id);

    if (old != NULL)
        *old = *h;
    else
        sim_heads_append(l, h);
}

void sim_heads_copy(struct sim_heads *to, const struct sim_heads *from)
{
    to->n = 0;
    for (size_t i = 0; i < from->n; i++)
        sim_heads_append(to, &from->h[i]);
}

void sim_heads_release(struct sim_heads *l)
{
    free(l->h);
    *l = (struct sim_heads){0};
}

static bool among(uint64_t scope, const uint64_t *scopes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (scopes[i] == scope)
            return true;
    return false;
}

struct sc_id sim_heads_fingerprint(const struct sim_heads *l, const uint64_t *scopes, size_t n,
                                   uint64_t *count)
{
    struct cr_hash sum = {{0}}, item;

    *count = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (!among(l->h[i].key.scope, scopes, n))
            continue;
        sc_head_item(&l->h[i].log_id, l->h[i].seq, &l->h[i].chain, &item);
        cr_hash_add(&sum, &item);
        (*count)++;
    }
    return sc_fingerprint(&sum, *count);
}
