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

static void count(struct sim_heads *l, const struct sim_head *h, bool add)
{
    struct cr_hash item;

    sc_head_item(&h->log_id, h->seq, &h->chain, &item);
    if (add)
        cr_hash_add(&l->sum, &item);
    else
        cr_hash_sub(&l->sum, &item);
}

void sim_heads_append(struct sim_heads *l, const struct sim_head *h)
{
    l->h = sim_grow(l->h, &l->cap, l->n, sizeof *l->h);
    l->h[l->n++] = *h;
    count(l, h, true);
}

void sim_heads_put(struct sim_heads *l, const struct sim_head *h)
{
    struct sim_head *old = sim_heads_find(l, &h->log_id);

    if (old == NULL) {
        sim_heads_append(l, h);
        return;
    }
    count(l, old, false);
    *old = *h;
    count(l, h, true);
}

void sim_heads_clear(struct sim_heads *l)
{
    l->n = 0;
    memset(&l->sum, 0, sizeof l->sum);
}

void sim_heads_copy(struct sim_heads *to, const struct sim_heads *from)
{
    sim_heads_clear(to);
    for (size_t i = 0; i < from->n; i++)
        sim_heads_append(to, &from->h[i]);
}

void sim_heads_release(struct sim_heads *l)
{
    free(l->h);
    *l = (struct sim_heads){0};
}

struct sc_id sim_heads_fingerprint(const struct sim_heads *l)
{
    return sc_fingerprint(&l->sum, l->n);
}
