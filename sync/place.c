/* Where a run of the peer belongs among the branches here, and how much of it is held already. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <string.h>

int sy_run_check(struct sy_engine *e, uint32_t b, const struct sc_run *run,
                 const struct cr_hash *chain)
{
    const struct sy_log *log = &e->f.log[b].l;

    return sc_checkpoint_verify(&log->key.author, &e->cfg.net, &log->id,
                                run->first_seq + run->count - 1, chain, &run->sig);
}

/* The branch is held, or runs of it are with the store. */
static bool lives(const struct sy_engine *e, uint32_t b)
{
    return e->f.log[b].l.link.seq_next > 0 || e->f.log[b].pend > 0;
}

uint32_t sy_branch_any(const struct sy_engine *e, uint32_t lead)
{
    for (uint32_t b = lead; b != SY_NONE; b = e->f.log[b].next) {
        if (lives(e, b))
            return b;
    }
    return SY_NONE;
}

/* The only branch of the log; SY_NONE when there are more. The lead when there is nothing of it. */
static uint32_t only_branch(const struct sy_engine *e, uint32_t lead)
{
    uint32_t found = SY_NONE;

    for (uint32_t b = lead; b != SY_NONE; b = e->f.log[b].next) {
        if (!lives(e, b))
            continue;
        if (found != SY_NONE)
            return SY_NONE;
        found = b;
    }
    return found == SY_NONE ? lead : found;
}

/* A verified head that is at seq_next and starts with the n bytes of chain. */
static bool at_head(struct sy_engine *e, uint32_t lead, uint64_t seq_next, const uint8_t *chain,
                    size_t n, struct sy_place *out)
{
    for (uint32_t b = lead; b != SY_NONE; b = e->f.log[b].next) {
        const struct sc_link *link = sy_frontier_verified(&e->f, b);

        if (lives(e, b) && link->seq_next == seq_next && memcmp(link->chain.b, chain, n) == 0) {
            *out = (struct sy_place){.kind = SY_PLACE_HEAD, .branch = b, .link = *link};
            return true;
        }
    }
    return false;
}

/* Inside branch b, before first_seq. The lamport there is not known. */
static int inside(struct sy_engine *e, uint32_t b, const struct sc_run *run, struct sy_place *out)
{
    const struct sy_log *l = &e->f.log[b].l;
    int rc = ST_OK;

    *out = (struct sy_place){.kind = SY_PLACE_INSIDE, .branch = b};
    sc_link_start(&l->id, &out->link);
    if (run->first_seq == 0)
        return ST_OK;
    out->link.seq_next = run->first_seq;
    out->link.lamport = run->e[0].lamport - 1;
    rc = e->view->chain_at(e->view->arg, l->handle, run->first_seq - 1, &out->link.chain);
    return rc;
}

/* The place with this chain value before it. */
static int by_chain(struct sy_engine *e, uint32_t lead, const struct sc_run *run,
                    const uint8_t *chain, size_t n, struct sy_place *out)
{
    uint32_t b;
    int rc;

    out->kind = SY_PLACE_NONE;
    if (at_head(e, lead, run->first_seq, chain, n, out))
        return ST_OK;
    rc = sy_branch_find(e, lead, run->first_seq - 1, chain, n, &b);
    if (rc == ST_OK && b != SY_NONE)
        rc = inside(e, b, run, out);
    return rc;
}

int sy_place_find(struct sy_engine *e, const struct sy_in *in, const struct sc_run *run,
                  struct sy_place *out)
{
    uint32_t b = only_branch(e, in->lead);
    bool goes_on = in->at_ok && in->at.seq_next == run->first_seq;
    int rc;

    if (run->first_seq > 0 && run->has_before) {
        goes_on = goes_on && memcmp(in->at.chain.b, run->before8, sizeof run->before8) == 0;
        if (!goes_on)
            return by_chain(e, in->lead, run, run->before8, sizeof run->before8, out);
    }
    if (run->first_seq > 0 && goes_on) {
        rc = by_chain(e, in->lead, run, in->at.chain.b, CR_HASH_BYTES, out);
        if (rc == ST_OK && out->kind == SY_PLACE_NONE && sy_frontier_busy(&e->f, in->lead))
            *out = (struct sy_place){.kind = SY_PLACE_LATER, .branch = SY_NONE, .link = in->at};
        return rc;
    }
    if (run->first_seq == 0) {
        uint32_t any = sy_branch_any(e, in->lead);

        if (any != SY_NONE)
            return inside(e, any, run, out);
        *out = (struct sy_place){.kind = SY_PLACE_HEAD, .branch = in->lead};
        sc_link_start(&e->f.log[in->lead].l.id, &out->link);
        return ST_OK;
    }
    *out = (struct sy_place){.kind = SY_PLACE_NONE};
    if (b == SY_NONE || in->lost)
        return ST_OK;
    *out = (struct sy_place){
        .kind = SY_PLACE_HEAD, .branch = b, .link = *sy_frontier_verified(&e->f, b)};
    if (run->first_seq > out->link.seq_next)
        out->kind = SY_PLACE_GAP;
    if (run->first_seq >= out->link.seq_next)
        return ST_OK;
    if (run->first_seq < e->f.log[b].l.link.seq_next)
        return inside(e, b, run, out);
    out->kind = SY_PLACE_NONE; /* beside what is with the store */
    return ST_OK;
}

/* Entries of the run, from its first on, that lie on the durable part of branch b. */
static int match_durable(struct sy_engine *e, uint32_t b, const struct sy_verified *v, size_t *out)
{
    uint64_t first = v->run.first_seq, end = e->f.log[b].l.link.seq_next;
    size_t lo = 0, hi = v->run.count;

    if (end <= first)
        hi = 0;
    else if (end - first < hi)
        hi = (size_t)(end - first);
    for (int probe = 0; lo < hi; probe++) { /* most often all or nothing */
        size_t mid = probe == 0 ? hi : probe == 1 ? lo + 1 : lo + (hi - lo + 1) / 2;
        bool on;
        int rc = sy_branch_on(e, b, first + mid - 1, v->chains[mid - 1].b, CR_HASH_BYTES, &on);

        if (rc != ST_OK)
            return rc;
        if (on)
            lo = mid;
        else
            hi = mid - 1;
    }
    *out = lo;
    return ST_OK;
}

/* The run goes through the verified head of b: entries up to there, else 0. */
static size_t match_verified(const struct sy_engine *e, uint32_t b, const struct sy_verified *v)
{
    const struct sc_link *link = sy_frontier_verified(&e->f, b);
    uint64_t first = v->run.first_seq;

    if (!lives(e, b) || link->seq_next <= first || link->seq_next - first > v->run.count ||
        !cr_hash_equal(&link->chain, &v->chains[link->seq_next - first - 1]))
        return 0;
    return (size_t)(link->seq_next - first);
}

/* What is with the store goes on where the run leaves what is durable: it may be the same. */
static bool beside_pending(const struct sy_engine *e, uint32_t lead, const struct sc_link *at)
{
    for (uint32_t b = lead; b != SY_NONE; b = e->f.log[b].next) {
        const struct sy_pend *p = e->f.log[b].pend > 0 ? &e->f.pend[e->f.log[b].pend - 1] : NULL;
        const struct sc_link *base = p == NULL ? NULL : &p->base;

        if (p != NULL && e->f.log[b].l.link.seq_next > 0)
            base = &e->f.log[b].l.link;
        if (p != NULL && base->seq_next == at->seq_next && cr_hash_equal(&base->chain, &at->chain))
            return true;
    }
    return false;
}

/* Where nothing of a run that starts inside is held, the entry before it gives the lamport. */
static int lamport_before(struct sy_engine *e, const struct sy_place *p, const struct sc_run *run,
                          uint64_t *out)
{
    int rc = e->view->read_run(e->view->arg, e->f.log[p->branch].l.handle, run->first_seq - 1,
                               e->run, &e->read);

    if (rc == ST_OK && e->run->count == 0)
        rc = ST_CORRUPT;
    if (rc == ST_OK)
        *out = e->run->e[0].lamport;
    return rc;
}

int sy_place_overlap(struct sy_engine *e, uint32_t lead, const struct sy_place *p,
                     const struct sy_verified *v, struct sy_overlap *out)
{
    bool through = false;
    int rc = ST_OK;

    *out = (struct sy_overlap){.grows = SY_NONE, .base = p->link, .in_step = true};
    for (uint32_t b = lead; rc == ST_OK && b != SY_NONE; b = e->f.log[b].next) {
        size_t n = match_verified(e, b, v);
        bool whole = n > 0;

        if (!whole)
            rc = match_durable(e, b, v, &n);
        if (rc == ST_OK && n > out->known) {
            out->known = n;
            through = whole;
            out->grows = whole ? b : SY_NONE;
        }
    }
    if (rc != ST_OK)
        return rc;
    if (out->known > 0) {
        out->base = (struct sc_link){.seq_next = v->run.first_seq + out->known,
                                     .lamport = v->run.e[out->known - 1].lamport,
                                     .chain = v->chains[out->known - 1]};
    } else if (p->kind == SY_PLACE_INSIDE && v->run.first_seq > 0) {
        rc = lamport_before(e, p, &v->run, &out->base.lamport);
        out->in_step = rc == ST_OK && v->run.e[0].lamport > out->base.lamport &&
                       v->run.e[0].lamport - out->base.lamport <= SC_LAMPORT_STEP_MAX;
    }
    out->unsure = !through && out->known < v->run.count &&
                  (p->kind == SY_PLACE_LATER || beside_pending(e, lead, &out->base));
    return rc;
}
