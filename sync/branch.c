/* The branches of a log, as far as what both sides hold is concerned: a log is a tree, each branch
 * the whole path to one head, and a chain value at a place fixes the path to it. So whoever holds a
 * branch up to a place holds every other branch as far as the two are one. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <string.h>

int sy_branch_on(struct sy_engine *e, uint32_t b, uint64_t seq, const uint8_t *chain, size_t n,
                 bool *on)
{
    const struct sy_log *l = &e->f.log[b].l;
    struct cr_hash ours = l->link.chain;
    int rc = ST_OK;

    *on = false;
    if (seq >= l->link.seq_next)
        return ST_OK;
    if (seq + 1 < l->link.seq_next)
        rc = e->view->chain_at(e->view->arg, l->handle, seq, &ours);
    *on = rc == ST_OK && memcmp(ours.b, chain, n) == 0;
    return rc;
}

int sy_branch_find(struct sy_engine *e, uint32_t lead, uint64_t seq, const uint8_t *chain, size_t n,
                   uint32_t *out)
{
    *out = SY_NONE;
    for (uint32_t b = lead; b != SY_NONE; b = e->f.log[b].next) {
        bool on;
        int rc = sy_branch_on(e, b, seq, chain, n, &on);

        if (rc != ST_OK)
            return rc;
        if (on) {
            *out = b;
            return ST_OK;
        }
    }
    return ST_OK;
}

/* The two paths have the same entry at seq, which both hold. */
static int same_at(struct sy_engine *e, uint32_t a, uint32_t b, uint64_t seq, bool *same)
{
    const struct sy_log *l = &e->f.log[a].l;
    struct cr_hash chain = l->link.chain;
    int rc = ST_OK;

    if (seq + 1 < l->link.seq_next)
        rc = e->view->chain_at(e->view->arg, l->handle, seq, &chain);
    if (rc == ST_OK)
        rc = sy_branch_on(e, b, seq, chain.b, sizeof chain.b, same);
    return rc;
}

int sy_branch_common(struct sy_engine *e, uint32_t a, uint32_t b, uint64_t from, uint64_t *out)
{
    uint64_t na = e->f.log[a].l.link.seq_next, nb = e->f.log[b].l.link.seq_next;
    uint64_t lo = from, hi = na < nb ? na : nb;
    uint64_t mid = lo + 1; /* most often there is nothing more */

    while (lo < hi) {
        bool same;
        int rc = same_at(e, a, b, mid - 1, &same);

        if (rc != ST_OK)
            return rc;
        if (same)
            lo = mid;
        else
            hi = mid - 1;
        mid = lo + (hi - lo + 1) / 2;
    }
    *out = lo;
    return ST_OK;
}

/* Raises what the peer is known to hold. */
static void raise_slot(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot,
                       uint64_t next)
{
    slot->flags |= SY_SF_KNOWN;
    slot->sent_next = slot->sent_next > next ? slot->sent_next : next;
    slot->acked_next = slot->acked_next > next ? slot->acked_next : next;
    sy_enqueue(e, s, slot);
}

/* The peer holds path b up to next: what that says about another branch. */
static int lift_one(struct sy_engine *e, struct sy_session *s, uint32_t b, uint64_t next,
                    uint32_t other)
{
    struct sy_slot *slot = sy_slot_get(s, other);
    uint64_t common, end = e->f.log[other].l.link.seq_next;
    int rc;

    if (slot == NULL || other == b || end == 0)
        return ST_OK;
    if ((slot->flags & SY_SF_ASSUMED) != 0) {
        rc = sy_branch_common(e, b, other, 0, &common);
        if (rc != ST_OK)
            return rc;
        if (common < next && common < end) { /* so it was b that the peer meant */
            slot->flags &= ~(uint32_t)SY_SF_ASSUMED;
            slot->sent_next = slot->acked_next = common;
            slot->flags |= SY_SF_ALIGN;
            sy_enqueue(e, s, slot);
        }
        return ST_OK;
    }
    if (slot->acked_next >= end || slot->acked_next >= next)
        return ST_OK;
    /* What it is known to hold of the other is not always on b. */
    rc = sy_branch_common(e, b, other, 0, &common);
    if (rc != ST_OK)
        return rc;
    common = common < next ? common : next;
    if (common > slot->sent_next)
        slot->flags |= SY_SF_ALIGN;
    if (common > slot->acked_next)
        raise_slot(e, s, slot, common);
    return ST_OK;
}

int sy_peer_has(struct sy_engine *e, struct sy_session *s, uint32_t b, uint64_t next)
{
    uint64_t end = e->f.log[b].l.link.seq_next;
    bool live = s->phase >= SY_S_STREAM;
    struct sy_slot *slot;
    int rc = sy_slot_make(s, b, live ? end : 0, live ? SY_SF_KNOWN : 0, &slot);

    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "no memory for a log");
    slot->flags &= ~(uint32_t)SY_SF_ASSUMED;
    raise_slot(e, s, slot, next);
    for (uint32_t o = e->f.log[b].lead; rc == ST_OK && o != SY_NONE; o = e->f.log[o].next)
        rc = lift_one(e, s, b, next < end ? next : end, o);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "compare branches: %s", st_text((enum st_code)rc));
    return ST_OK;
}

int sy_peer_base(struct sy_engine *e, struct sy_session *s, uint32_t b, uint64_t *out)
{
    *out = 0;
    for (uint32_t o = e->f.log[b].lead; o != SY_NONE; o = e->f.log[o].next) {
        const struct sy_slot *slot = sy_slot_get(s, o);
        uint64_t held = e->f.log[o].l.link.seq_next, common;
        int rc;

        if (o == b || held == 0)
            continue;
        if (slot != NULL && slot->acked_next < held)
            held = slot->acked_next;
        if (held <= *out)
            continue;
        rc = sy_branch_common(e, b, o, 0, &common);
        if (rc != ST_OK)
            return rc;
        common = common < held ? common : held;
        *out = common > *out ? common : *out;
    }
    return ST_OK;
}

/* Branch a comes before b when both would bring the same entries. */
static bool precedes(const struct sy_engine *e, uint32_t a, uint32_t b)
{
    const struct sy_log *la = &e->f.log[a].l, *lb = &e->f.log[b].l;

    return la->first_seq < lb->first_seq || (la->first_seq == lb->first_seq && a < b);
}

int sy_branch_waits(struct sy_engine *e, struct sy_session *s, const struct sy_slot *slot,
                    bool *waits)
{
    const struct sy_flog *l = &e->f.log[slot->log];
    uint64_t at = slot->acked_next;

    *waits = false;
    if (at >= l->l.first_seq || at >= l->l.link.seq_next)
        return ST_OK;
    for (uint32_t o = l->lead; o != SY_NONE && !*waits; o = e->f.log[o].next) {
        const struct sy_slot *other = sy_slot_get(s, o);
        int rc;

        if (other == NULL || o == slot->log || (other->flags & SY_SF_KNOWN) == 0 ||
            other->acked_next > at || e->f.log[o].l.link.seq_next <= at ||
            !precedes(e, o, slot->log))
            continue;
        rc = same_at(e, slot->log, o, at, waits);
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

/* ---- What the peer's heads say ---- */

/* How far each of our branches the claimed heads reach; *placed: every head lies on one of them. */
static int place_heads(struct sy_engine *e, uint32_t b, const struct sc_head *h, size_t n,
                       uint64_t *known, uint64_t *placed)
{
    *known = 0;
    for (size_t i = n; i-- > 0;) {
        bool on;
        int rc = h[i].seq_next > 0 ? sy_branch_on(e, b, h[i].seq_next - 1, h[i].chain8, 8, &on)
                                   : ST_NOTFOUND;

        if (rc == ST_NOTFOUND)
            continue;
        if (rc != ST_OK)
            return rc;
        if (!on)
            continue;
        *placed |= UINT64_C(1) << i;
        if (*known == 0)
            *known = h[i].seq_next;
    }
    return ST_OK;
}

static int set_known(struct sy_engine *e, struct sy_session *s, uint32_t b, uint64_t next)
{
    struct sy_slot *slot;
    bool new_word;
    int rc = sy_slot_make(s, b, next, 0, &slot);

    if (rc != ST_OK)
        return rc;
    new_word = (slot->flags & SY_SF_KNOWN) == 0;
    slot->flags |= SY_SF_KNOWN;
    if (new_word || next > slot->acked_next)
        slot->acked_next = next;
    if (new_word || next > slot->sent_next)
        slot->sent_next = next;
    sy_enqueue(e, s, slot);
    return ST_OK;
}

/* What is known of one branch says something about its neighbours. */
static int lift_all(struct sy_engine *e, struct sy_session *s, uint32_t lead)
{
    for (uint32_t b = lead; b != SY_NONE; b = e->f.log[b].next) {
        const struct sy_slot *slot = sy_slot_get(s, b);

        if (slot == NULL || e->f.log[b].l.link.seq_next == 0)
            continue;
        for (uint32_t o = lead; o != SY_NONE; o = e->f.log[o].next) {
            uint64_t end = e->f.log[b].l.link.seq_next;
            int rc = lift_one(e, s, b, slot->acked_next < end ? slot->acked_next : end, o);

            if (rc != ST_OK)
                return rc;
        }
    }
    return ST_OK;
}

struct claims {
    const struct sc_head *h;
    size_t n;
    uint64_t placed; /* heads that lie on a branch of ours */
    uint64_t low;    /* least that is known of a branch the peer may hold more of */
};

/* A head that lies on none of our branches may share more with one of them than the others do. */
static bool uncertain(const struct claims *c)
{
    if (c->low == UINT64_MAX)
        return false;
    for (size_t i = 0; i < c->n; i++) {
        if (((c->placed >> i) & 1) == 0 && c->h[i].seq_next > c->low)
            return true;
    }
    return c->n >= SY_HEADS_LOG_MAX;
}

/* Happy path: one branch here, at most one there, and its head lies on ours or beyond it. */
static int heads_apply(struct sy_engine *e, struct sy_session *s, uint32_t lead, struct claims *c)
{
    bool alone = c->n <= 1 && sy_frontier_branches(&e->f, lead) == 1;
    int rc = ST_OK;

    for (uint32_t b = lead; rc == ST_OK && b != SY_NONE; b = e->f.log[b].next) {
        uint64_t end = e->f.log[b].l.link.seq_next, known;

        if (end == 0)
            continue;
        rc = place_heads(e, b, c->h, c->n, &known, &c->placed);
        if (rc == ST_OK && alone && c->n == 1 && c->placed == 0 && c->h[0].seq_next > end) {
            rc = set_known(e, s, b, c->h[0].seq_next);
            if (rc == ST_OK)
                sy_slot_get(s, b)->flags |= SY_SF_ASSUMED;
            return rc;
        }
        if (rc == ST_OK)
            rc = set_known(e, s, b, known);
        if (known < end && known < c->low)
            c->low = known;
    }
    if (rc == ST_OK && !alone)
        rc = lift_all(e, s, lead);
    if (rc == ST_OK && uncertain(c))
        rc = sy_spine_want(e, s, lead);
    return rc;
}

int sy_peer_heads(struct sy_engine *e, struct sy_session *s, uint32_t lead, const struct sc_head *h,
                  size_t n)
{
    const struct sy_slot *slot = sy_slot_get(s, lead);
    struct claims c = {.h = h, .n = n < SY_HEADS_LOG_MAX ? n : SY_HEADS_LOG_MAX, .low = UINT64_MAX};
    int rc;

    if (slot != NULL && (slot->flags & SY_SF_SPINED) != 0)
        return ST_OK; /* more is known already */
    if (n == 1 && h[0].seq_next == 0)
        c.n = 0;
    rc = heads_apply(e, s, lead, &c);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "compare heads: %s", st_text((enum st_code)rc));
    return ST_OK;
}

size_t sy_heads_of(const struct sy_engine *e, uint32_t lead, struct sc_head *out)
{
    size_t n = 0;

    for (uint32_t b = lead; b != SY_NONE; b = e->f.log[b].next) {
        const struct sy_log *l = &e->f.log[b].l;
        struct sc_head h = {.seq_next = l->link.seq_next};
        size_t at;

        if (h.seq_next == 0)
            continue;
        memcpy(h.id8, l->id.b, sizeof h.id8);
        memcpy(h.chain8, l->link.chain.b, sizeof h.chain8);
        for (at = n; at > 0 && sc_head_cmp(&out[at - 1], &h) > 0; at--) {
            if (at < SY_HEADS_LOG_MAX)
                out[at] = out[at - 1];
        }
        if (at > 0 && sc_head_cmp(&out[at - 1], &h) == 0)
            continue;
        if (at < SY_HEADS_LOG_MAX)
            out[at] = h;
        n += n < SY_HEADS_LOG_MAX ? 1 : 0;
    }
    return n;
}

bool sy_heads_equal(const struct sc_head *a, size_t na, const struct sc_head *b, size_t nb)
{
    if (na != nb || na >= SY_HEADS_LOG_MAX)
        return false;
    for (size_t i = 0; i < na; i++) {
        if (a[i].seq_next != b[i].seq_next || memcmp(a[i].chain8, b[i].chain8, 8) != 0)
            return false;
    }
    return true;
}

bool sy_heads_ascend(const struct sc_head *h, size_t n)
{
    size_t same = 1;

    for (size_t i = 1; i < n; i++) {
        same = memcmp(h[i - 1].id8, h[i].id8, 8) == 0 ? same + 1 : 1;
        if (sc_head_cmp(&h[i - 1], &h[i]) >= 0 || same > SY_HEADS_LOG_MAX ||
            (same > 1 && h[i - 1].seq_next == 0))
            return false;
    }
    return true;
}

/* ---- New branches ---- */

/* An index of the log that stands for nothing and that nobody speaks of. */
static uint32_t unused(const struct sy_engine *e, uint32_t lead)
{
    for (uint32_t b = e->f.log[lead].next; b != SY_NONE; b = e->f.log[b].next) {
        bool free = e->f.log[b].l.link.seq_next == 0 && e->f.log[b].pend == 0;

        for (size_t i = e->op_head; free && i < e->op_count; i++)
            free = e->op[i].kind != SY_OP_RUN || e->op[i].log != b;
        for (size_t i = 0; free && i < e->session_count; i++) {
            const struct sy_slot *slot = sy_slot_get(e->session[i], b);

            free = slot == NULL || (slot->flags & SY_SF_OUT_REF) == 0;
        }
        if (free)
            return b;
    }
    return SY_NONE;
}

int sy_branch_add(struct sy_engine *e, uint32_t lead, uint64_t first_seq, uint32_t *out)
{
    struct sc_log_key key = e->f.log[lead].l.key;
    struct cr_hash id = e->f.log[lead].l.id;
    int rc = ST_OK;

    *out = unused(e, lead);
    if (*out == SY_NONE)
        rc = sy_frontier_add(&e->f, &key, &id, out);
    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < e->session_count; i++)
        sy_slot_forget(e->session[i], *out);
    e->f.log[*out].l.first_seq = first_seq;
    return ST_OK;
}
