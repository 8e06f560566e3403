/* Where two branches part. A head that lies on none of our paths says only that they part below it;
 * so both sides tell places they hold: each head, and places below it at distances that grow. The
 * highest place of the peer on one of our paths is where sending of it begins. It lies at most as
 * far below the parting as the peer's branch reaches beyond it (times a power of two when a log has
 * many branches), and entries sent twice are skipped.
 *
 * Happy path: WANT (heads disagree, or a run had no place here) → the frame goes out once nothing
 * of the log is with the store → the peer answers with its own → both begin anew from what they
 * know now. Until then nothing of the log is sent. Two that ask at once have answered each other.
 * Failure: a side that has asked often enough about one log lets it rest until both are equal or
 * the session ends; a peer that goes on is at fault. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <string.h>

#define POINTS_OWN 512 /* places of our own in one frame; beside them stand those we recognised */

int sy_spine_want(struct sy_engine *e, struct sy_session *s, uint32_t lead)
{
    struct sy_slot *slot;
    int rc = sy_slot_lead(e, s, lead, &slot);

    if (rc != ST_OK)
        return rc;
    if ((slot->flags & ((uint32_t)SY_SF_DUE | (uint32_t)SY_SF_ASKED)) != 0)
        return ST_OK;
    if (slot->asks == SY_SPINE_ASKS_MAX) {
        sy_trace(e, s, "log %02x%02x rests: asked often enough", e->f.log[lead].l.id.b[0],
                 e->f.log[lead].l.id.b[1]);
        return ST_OK;
    }
    slot->asks++;
    slot->flags |= SY_SF_DUE;
    s->spine_due = true;
    s->spines_open++;
    return ST_OK;
}

bool sy_spine_holds(const struct sy_engine *e, const struct sy_session *s, uint32_t b)
{
    const struct sy_slot *slot = s->spines_open > 0 ? sy_slot_get(s, e->f.log[b].lead) : NULL;

    return slot != NULL && (slot->flags & ((uint32_t)SY_SF_DUE | (uint32_t)SY_SF_ASKED)) != 0;
}

/* Puts a place into the list, which ascends; no place twice. */
static void add_point(struct sc_spine *m, uint64_t next, const struct cr_hash *chain)
{
    struct sc_point p = {.seq_next = next};
    size_t at = m->count;

    memcpy(p.chain8, chain->b, sizeof p.chain8);
    while (at > 0 && sc_point_cmp(&m->at[at - 1], &p) > 0)
        at--;
    if (m->count == SC_SPINE_POINTS_MAX || (at > 0 && sc_point_cmp(&m->at[at - 1], &p) == 0))
        return;
    memmove(&m->at[at + 1], &m->at[at], (m->count - at) * sizeof m->at[0]);
    m->at[at] = p;
    m->count++;
}

static int add_place(struct sy_engine *e, struct sc_spine *m, uint32_t b, uint64_t next)
{
    const struct sy_log *l = &e->f.log[b].l;
    struct cr_hash chain = l->link.chain;
    int rc = ST_OK;

    CR_ASSERT(next > 0);
    if (next < l->link.seq_next)
        rc = e->view->chain_at(e->view->arg, l->handle, next - 1, &chain);
    if (rc == ST_OK)
        add_point(m, next, &chain);
    return rc;
}

/* The head, and places below it at distances 1, 2^shift, 2^2shift, … */
static int add_branch(struct sy_engine *e, struct sc_spine *m, uint32_t b, unsigned points)
{
    uint64_t head = e->f.log[b].l.link.seq_next;
    unsigned shift = 1;
    uint64_t back = 1;
    int rc = add_place(e, m, b, head);

    while ((points - 2) * shift < 63 && head >> ((points - 2) * shift) > 0)
        shift++;
    for (; rc == ST_OK && back < head; back <<= shift) {
        rc = add_place(e, m, b, head - back);
        if (back > SC_SEQ_MAX)
            break;
    }
    return rc;
}

/* Our places, of at most SY_SPINE_BRANCHES branches: others at each turn. */
static int add_own(struct sy_engine *e, struct sc_spine *m, uint32_t lead, uint32_t turn)
{
    uint32_t n = sy_frontier_branches(&e->f, lead);
    uint32_t told = n < SY_SPINE_BRANCHES ? n : SY_SPINE_BRANCHES;
    uint32_t first = n > told ? turn * told % n : 0, at = 0;
    unsigned points = told > 0 ? POINTS_OWN / told : 0;
    int rc = ST_OK;

    points = points < 42 ? points : 42;
    for (uint32_t b = lead; rc == ST_OK && b != SY_NONE; b = e->f.log[b].next) {
        if (e->f.log[b].l.link.seq_next == 0)
            continue;
        if ((at + n - first) % n < told)
            rc = add_branch(e, m, b, points);
        at++;
    }
    return rc;
}

static int send_spine(struct sy_engine *e, struct sy_session *s, const struct sc_spine *m)
{
    struct cr_buf out;
    int rc;

    cr_buf_init(&out, SC_FRAME_MAX);
    rc = sc_spine_encode(m, &out);
    if (rc == ST_OK)
        rc = sy_send_buf(e, s, &out);
    cr_buf_release(&out);
    if (rc == ST_OK)
        sy_trace(e, s, "spine out: log %02x%02x, %zu places", m->log_id.b[0], m->log_id.b[1],
                 m->count);
    return rc;
}

static int ask(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot)
{
    struct sc_spine *m = sy_temp(e, sizeof *m);
    int rc = m == NULL ? ST_NOMEM : ST_OK;

    if (rc == ST_OK) {
        m->log_id = e->f.log[slot->log].l.id;
        m->count = 0;
        rc = add_own(e, m, slot->log, slot->asks);
    }
    if (rc == ST_OK)
        rc = send_spine(e, s, m);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "tell places: %s", st_text((enum st_code)rc));
    slot->flags &= ~(uint32_t)SY_SF_DUE;
    slot->flags |= SY_SF_ASKED;
    return ST_OK;
}

int sy_spine_flush(struct sy_engine *e, struct sy_session *s)
{
    bool left = false;

    if (!s->spine_due || s->phase == SY_S_HELLO)
        return ST_OK;
    for (uint32_t i = 0; i < s->slot_count; i++) {
        if ((s->slot[i].flags & SY_SF_DUE) == 0)
            continue;
        if (sy_frontier_busy(&e->f, s->slot[i].log))
            left = true; /* what is durable is about to change */
        else if (ask(e, s, &s->slot[i]) != ST_OK)
            return ST_STATE;
    }
    s->spine_due = left;
    return ST_OK;
}

/* The highest place of the peer on a branch of ours. */
static int highest(struct sy_engine *e, uint32_t b, const struct sc_spine *m, uint64_t *known)
{
    uint64_t end = e->f.log[b].l.link.seq_next;

    *known = 0;
    for (size_t i = m->count; *known == 0 && i-- > 0;) {
        bool on;
        int rc;

        if (m->at[i].seq_next > end)
            continue;
        rc = sy_branch_on(e, b, m->at[i].seq_next - 1, m->at[i].chain8, 8, &on);
        if (rc != ST_OK)
            return rc;
        if (on)
            *known = m->at[i].seq_next;
    }
    return ST_OK;
}

/* Begins anew from what the peer's places say; answer: what of them was recognised (may be NULL).
 */
static int apply(struct sy_engine *e, struct sy_session *s, uint32_t lead, const struct sc_spine *m,
                 struct sc_spine *answer)
{
    int rc = ST_OK;

    for (uint32_t b = lead; rc == ST_OK && b != SY_NONE; b = e->f.log[b].next) {
        struct sy_slot *slot;
        uint64_t known;

        if (e->f.log[b].l.link.seq_next == 0)
            continue;
        rc = highest(e, b, m, &known);
        if (rc == ST_OK && answer != NULL && known > 0)
            rc = add_place(e, answer, b, known);
        if (rc == ST_OK)
            rc = sy_slot_make(s, b, known, 0, &slot);
        if (rc != ST_OK)
            return rc;
        slot->flags |= SY_SF_KNOWN;
        slot->flags &= ~(uint32_t)SY_SF_ASSUMED;
        slot->sent_next = slot->acked_next = known;
        slot->flags |= SY_SF_ALIGN;
    }
    for (uint32_t b = lead; rc == ST_OK && b != SY_NONE; b = e->f.log[b].next) {
        if (e->f.log[b].l.link.seq_next > 0)
            rc = sy_peer_has(e, s, b, sy_slot_get(s, b)->acked_next);
    }
    return rc;
}

/* The peer asks, or answers what was asked. */
static int take(struct sy_engine *e, struct sy_session *s, uint32_t lead, const struct sc_spine *m)
{
    struct sc_spine *answer = NULL;
    struct sy_slot *slot;
    bool asked;
    int rc = sy_slot_lead(e, s, lead, &slot);

    if (rc != ST_OK)
        return rc;
    if (++slot->spines > SY_SPINES_MAX)
        return SY_BLAME(e, s, ST_MALFORMED, "spine: more than %d of one log", SY_SPINES_MAX);
    asked = (slot->flags & SY_SF_ASKED) != 0;
    if ((slot->flags & ((uint32_t)SY_SF_DUE | (uint32_t)SY_SF_ASKED)) != 0)
        s->spines_open--;
    slot->flags &= ~((uint32_t)SY_SF_DUE | (uint32_t)SY_SF_ASKED);
    slot->flags |= SY_SF_SPINED;
    if (!asked) {
        answer = sy_temp(e, sizeof *answer);
        if (answer == NULL)
            return ST_NOMEM;
        answer->log_id = m->log_id;
        answer->count = 0;
        rc = add_own(e, answer, lead, slot->spines);
    }
    if (rc == ST_OK)
        rc = apply(e, s, lead, m, answer);
    if (rc == ST_OK && !s->dead && answer != NULL)
        rc = send_spine(e, s, answer);
    return rc;
}

int sy_spine_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body)
{
    struct sc_spine *m = sy_temp(e, sizeof *m);
    struct st_err err = {ST_OK, ""};
    uint32_t lead;
    int rc;

    if (m == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "read places: no memory");
    rc = sc_spine_decode(body, m, &err);
    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "%s", err.msg);
    sy_trace(e, s, "spine in: log %02x%02x, %zu places", m->log_id.b[0], m->log_id.b[1], m->count);
    lead = sy_frontier_find(&e->f, &m->log_id);
    if (lead == SY_NONE) { /* a log of no scope that is shared, or one that is not here any more */
        if (++s->lost_spines > SY_SPINES_MAX)
            return SY_BLAME(e, s, ST_MALFORMED, "spine: more than %d of unknown logs",
                            SY_SPINES_MAX);
        m->count = 0;
        rc = send_spine(e, s, m);
    } else if ((sy_frontier_mask(&e->f, &e->f.log[lead].l.key.scope, 1) & s->mask) == 0) {
        return SY_BLAME(e, s, ST_DENIED, "spine: scope %llu is not shared",
                        (unsigned long long)e->f.log[lead].l.key.scope);
    } else {
        rc = take(e, s, lead, m);
    }
    if (rc != ST_OK && !s->dead)
        return SY_GIVE_UP(e, s, rc, "find where branches part: %s", st_text((enum st_code)rc));
    return s->dead ? ST_STATE : ST_OK;
}
