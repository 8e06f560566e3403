/* The urgent lane: an emergency overtakes its log.
 *
 * Happy path out: the hello carries the newest urgent entries the peer may lack; later, when a
 * backlog is in the way, they go ahead of it as frames of their own. Each travels with the chain
 * value before it and its own checkpoint, so it verifies alone.
 * Happy path in: verified, given to the store as provisional, and once that is durable passed on to
 * the other sessions, at most once while it is ahead of its log (no circles).
 * Failure: a signature that does not verify ends the session; another chain value than ours at a
 * place we hold is a fork. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define READS_MAX 256 /* looks for urgent entries a step and session */

static bool plausible(const struct sc_urgent *u, const struct sy_log *log, uint64_t from)
{
    return u->seq >= from && u->seq < log->link.seq_next && !u->e.pruned && u->e.payload.n > 0 &&
           u->e.payload.n <= SC_PAYLOAD_MAX && u->e.wall_ms <= SC_WALL_MS_MAX && u->e.lamport > 0;
}

/* The first urgent entry of a log from `from` on; ST_NOTFOUND. The payload lives in e->read. */
static int read_urgent(struct sy_engine *e, const struct sy_log *log, uint64_t from,
                       struct sc_urgent *u)
{
    int rc = e->view->read_urgent(e->view->arg, log->handle, from, u, &e->read);

    if (rc != ST_OK)
        return rc;
    if (!plausible(u, log, from))
        return ST_CORRUPT;
    u->key = log->key;
    return ST_OK;
}

/* ---- Hello ---- */

struct candidate {
    struct sc_urgent u;
    uint32_t log;
};

struct choice { /* the newest, newest first */
    size_t count, reads;
    struct candidate c[SC_HELLO_URGENT_MAX];
};

/* What the peer is taken to hold of a branch, before the hellos are done; entries that lie on
 * another branch, too, are that one's. */
static int base_of(struct sy_engine *e, struct sy_session *s, uint32_t b, uint64_t *out)
{
    const struct sy_log *l = &e->f.log[b].l;
    const struct sy_slot *slot = sy_slot_get(s, b);
    size_t lo = 0, hi = s->common_count;

    *out = l->first_seq;
    if (slot != NULL && (slot->flags & SY_SF_KNOWN) != 0)
        *out = slot->sent_next > *out ? slot->sent_next : *out;
    else if (s->peer_known)
        *out = l->link.seq_next;
    if ((slot != NULL && (slot->flags & SY_SF_KNOWN) != 0) || s->peer_known)
        return ST_OK;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (cr_hash_cmp(&s->common[mid].log_id, &l->id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < s->common_count && cr_hash_equal(&s->common[lo].log_id, &l->id); lo++) {
        bool on;
        int rc = sy_branch_on(e, b, s->common[lo].seq, s->common[lo].chain8, 8, &on);

        if (rc != ST_OK)
            return rc;
        if (on && s->common[lo].seq + 1 > *out)
            *out = s->common[lo].seq + 1;
    }
    return ST_OK;
}

/* Keeps u when it is among the newest; its payload is copied. */
static int consider(struct sy_engine *e, struct choice *best, const struct sc_urgent *u,
                    uint32_t log)
{
    size_t at = best->count;
    uint8_t *payload;

    while (at > 0 && best->c[at - 1].u.e.lamport < u->e.lamport)
        at--;
    if (at == SC_HELLO_URGENT_MAX || u->e.payload.n > SY_HELLO_URGENT_BYTES)
        return ST_OK;
    payload = sy_temp(e, u->e.payload.n);
    if (payload == NULL)
        return ST_NOMEM;
    memcpy(payload, u->e.payload.p, u->e.payload.n);
    if (best->count < SC_HELLO_URGENT_MAX)
        best->count++;
    memmove(&best->c[at + 1], &best->c[at], (best->count - 1 - at) * sizeof best->c[0]);
    best->c[at] = (struct candidate){*u, log};
    best->c[at].u.e.payload.p = payload;
    return ST_OK;
}

static int choose(struct sy_engine *e, struct sy_session *s, struct choice *best)
{
    for (uint32_t at = 0; at < e->f.count && best->reads < SY_HELLO_SCAN_MAX; at++) {
        uint32_t log = e->f.order[at];
        uint64_t from;
        int rc;

        if (!sy_frontier_in(&e->f, log, s->mask))
            continue;
        rc = base_of(e, s, log, &from);
        if (rc != ST_OK)
            return rc;
        for (int i = 0; i < SY_URGENT_LOG_MAX && from < e->f.log[log].l.link.seq_next; i++) {
            struct sc_urgent u;

            rc = read_urgent(e, &e->f.log[log].l, from, &u);

            best->reads++;
            if (rc == ST_NOTFOUND)
                break;
            if (rc == ST_OK)
                rc = consider(e, best, &u, log);
            if (rc != ST_OK)
                return rc;
            from = u.seq + 1;
        }
    }
    return ST_OK;
}

int sy_urgent_hello(struct sy_engine *e, struct sy_session *s, struct sc_hello *h)
{
    struct choice *best = sy_temp(e, sizeof *best);
    size_t left = SY_HELLO_URGENT_BYTES;
    int rc;

    if (best == NULL)
        return ST_NOMEM;
    best->count = best->reads = 0;
    rc = choose(e, s, best);
    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < best->count; i++) {
        const struct candidate *c = &best->c[i];

        if (c->u.e.payload.n > left)
            continue;
        left -= c->u.e.payload.n;
        h->urgents[h->urgent_count++] = c->u;
        s->hello_urgent[s->hello_urgent_count].log = c->log;
        s->hello_urgent[s->hello_urgent_count++].seq = c->u.seq;
    }
    return ST_OK;
}

/* ---- Out, ahead of the batches ---- */

static bool in_hello(const struct sy_session *s, uint32_t log, uint64_t seq)
{
    for (size_t i = 0; i < s->hello_urgent_count; i++) {
        if (s->hello_urgent[i].log == log && s->hello_urgent[i].seq == seq)
            return true;
    }
    return false;
}

static bool has_room(const struct sy_session *s, size_t n)
{
    return s->out_bytes + n <= SY_CREDIT_BYTES + SY_URGENT_CREDIT;
}

/* Sends the urgent entries of one waiting log ahead. *full: no credit for the next one. */
static int send_ahead(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot, int *reads,
                      bool *full)
{
    const struct sy_log *log = &e->f.log[slot->log].l;

    for (int i = 0; i < SY_URGENT_LOG_MAX && !*full; i++) {
        uint64_t from = slot->urgent_next > slot->sent_next ? slot->urgent_next : slot->sent_next;
        struct sc_urgent u;
        struct cr_buf out;
        int rc;

        from = from > log->first_seq ? from : log->first_seq;
        rc = read_urgent(e, log, from, &u);

        ++*reads;
        if (rc == ST_NOTFOUND)
            break;
        cr_buf_init(&out, SC_FRAME_MAX);
        if (rc == ST_OK)
            rc = sc_urgent_encode(&u, &out);
        if (rc == ST_OK && !has_room(s, out.n)) {
            *full = true;
        } else if (rc == ST_OK && in_hello(s, slot->log, u.seq)) {
            slot->urgent_next = u.seq + 1;
        } else if (rc == ST_OK) {
            s->out_bytes += out.n;
            slot->urgent_next = u.seq + 1;
            sy_trace(e, s, "urgent out: seq %llu", (unsigned long long)u.seq);
            rc = sy_send_buf(e, s, &out);
        }
        cr_buf_release(&out);
        if (rc != ST_OK)
            return SY_GIVE_UP(e, s, rc, "send an urgent entry: %s", st_text((enum st_code)rc));
    }
    if (!*full)
        slot->flags &= ~(uint32_t)SY_SF_CHECK;
    return ST_OK;
}

/* Entries in the queues, counted up to SY_URGENT_WORTH. */
static uint64_t backlog(struct sy_engine *e, struct sy_session *s)
{
    uint64_t n = 0;

    for (size_t rank = 0; rank < SY_CLASSES; rank++) {
        for (uint32_t at = s->queue_head[rank]; at != 0; at = s->slot[at - 1].queue_next) {
            uint64_t end = e->f.log[s->slot[at - 1].log].l.link.seq_next;

            if (end > s->slot[at - 1].sent_next)
                n += end - s->slot[at - 1].sent_next;
            if (n >= SY_URGENT_WORTH)
                return n;
        }
    }
    return n;
}

int sy_urgent_pump(struct sy_engine *e, struct sy_session *s)
{
    bool worth = s->out_bytes > 0 || backlog(e, s) >= SY_URGENT_WORTH;
    bool full = false;
    int reads = 0;

    for (size_t rank = 0; rank < SY_CLASSES; rank++) {
        for (uint32_t at = s->queue_head[rank]; at != 0; at = s->slot[at - 1].queue_next) {
            struct sy_slot *slot = &s->slot[at - 1];

            if (full || reads >= READS_MAX)
                return ST_OK; /* goes on at the next step */
            if ((slot->flags & SY_SF_CHECK) == 0)
                continue;
            if (!worth || sy_spine_holds(e, s, slot->log))
                slot->flags &= ~(uint32_t)SY_SF_CHECK;
            else if (send_ahead(e, s, slot, &reads, &full) != ST_OK)
                return ST_STATE;
        }
    }
    s->check_urgent = full;
    return ST_OK;
}

/* ---- Out, what is held ahead of its log ---- */

struct held {
    struct sy_engine *e;
    struct sy_session *s;
};

/* Chain value of the entry; false: lamport is out of step. */
static bool chain_of(const struct sc_urgent *u, const struct cr_hash *id, struct cr_hash *out)
{
    struct sc_link link;

    sc_link_start(id, &link);
    if (u->seq > 0) {
        link.seq_next = u->seq;
        link.lamport = u->e.lamport - 1; /* what came before is not known here */
        link.chain = u->chain_before;
    }
    if (sc_link_wire(&link, &u->e) != ST_OK)
        return false;
    *out = link.chain;
    return true;
}

/* The peer holds the log beyond the entry, or the log has brought it here: then a run carries it.
 */
static int is_in_logs(struct sy_engine *e, struct sy_session *s, const struct sc_urgent *u,
                      bool *in)
{
    struct cr_hash id, chain;
    uint32_t lead, b;
    int rc;

    sc_log_id(&e->cfg.net, &u->key, &id);
    lead = sy_frontier_find(&e->f, &id);
    *in = !chain_of(u, &id, &chain);
    if (lead == SY_NONE || *in)
        return ST_OK;
    rc = sy_branch_find(e, lead, u->seq, chain.b, CR_HASH_BYTES, &b);
    *in = b != SY_NONE;
    for (b = lead; b != SY_NONE && !*in; b = e->f.log[b].next) {
        const struct sy_slot *slot = sy_slot_get(s, b);

        *in = slot != NULL && (slot->flags & SY_SF_KNOWN) != 0 && u->seq < slot->sent_next &&
              u->seq >= e->f.log[b].l.link.seq_next;
    }
    return rc;
}

static int offer(void *arg, const struct sc_urgent *u)
{
    struct held *h = arg;
    struct cr_buf out;
    bool in;
    int rc;

    if ((sy_frontier_mask(&h->e->f, &u->key.scope, 1) & h->s->mask) == 0)
        return ST_OK;
    rc = is_in_logs(h->e, h->s, u, &in);
    if (rc != ST_OK || in)
        return rc;
    cr_buf_init(&out, SC_FRAME_MAX);
    rc = sc_urgent_encode(u, &out);
    if (rc == ST_OK && has_room(h->s, out.n)) { /* the rest at the next session */
        h->s->out_bytes += out.n;
        sy_trace(h->e, h->s, "urgent held: seq %llu", (unsigned long long)u->seq);
        rc = sy_send_buf(h->e, h->s, &out);
    }
    cr_buf_release(&out);
    return rc;
}

int sy_urgent_held(struct sy_engine *e, struct sy_session *s)
{
    struct held h = {e, s};
    int rc = ST_OK;

    s->held_due = false;
    if (e->view->each_provisional != NULL)
        rc = e->view->each_provisional(e->view->arg, offer, &h);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "offer held entries: %s", st_text((enum st_code)rc));
    return ST_OK;
}

/* ---- In ---- */

static bool seen_before(const struct sy_engine *e, const struct cr_hash *id, uint64_t seq,
                        const struct cr_hash *chain)
{
    for (size_t i = 0; i < e->seen_count; i++) {
        if (e->seen[i].seq == seq && cr_hash_equal(&e->seen[i].log_id, id) &&
            memcmp(e->seen[i].chain8, chain->b, 8) == 0)
            return true;
    }
    return false;
}

static bool remember(struct sy_engine *e, const struct cr_hash *id, uint64_t seq,
                     const struct cr_hash *chain)
{
    struct sy_seen *seen;

    if (e->seen_count == SY_URGENT_SEEN_MAX)
        return false;
    seen = &e->seen[e->seen_count++];
    *seen = (struct sy_seen){.log_id = *id, .seq = seq};
    memcpy(seen->chain8, chain->b, sizeof seen->chain8);
    return true;
}

void sy_urgent_filled(struct sy_engine *e, uint32_t log)
{
    const struct sy_log *l = &e->f.log[log].l;
    size_t kept = 0;

    for (size_t i = 0; i < e->seen_count; i++) {
        if (e->seen[i].seq < l->link.seq_next && cr_hash_equal(&e->seen[i].log_id, &l->id))
            continue;
        e->seen[kept++] = e->seen[i];
    }
    e->seen_count = kept;
}

/* What of it is held already. *known: nothing is to be done; else it is new. One that contradicts
 * every branch here is evidence, and new: its branch has not come yet. */
static int compare_held(struct sy_engine *e, struct sy_session *s, const struct sc_urgent *u,
                        uint32_t lead, const struct cr_hash *chain, bool *known)
{
    uint32_t beside = SY_NONE, b;
    int rc = sy_branch_find(e, lead, u->seq, chain->b, CR_HASH_BYTES, &b);

    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "read a chain value: %s", st_text((enum st_code)rc));
    *known = b != SY_NONE;
    for (b = lead; b != SY_NONE && !*known; b = e->f.log[b].next) {
        if (e->f.log[b].l.link.seq_next > u->seq)
            beside = b;
        else
            *known = u->seq < sy_frontier_verified(&e->f, b)->seq_next;
    }
    if (*known || beside == SY_NONE)
        return ST_OK;
    if (sc_checkpoint_verify(&u->key.author, &e->cfg.net, &e->f.log[lead].l.id, u->seq, chain,
                             &u->sig) != ST_OK)
        return SY_BLAME(e, s, ST_FORGED, "urgent: the signature does not verify");
    return sy_fork_proven(e, s, beside, u->seq, chain, &u->sig);
}

/* Verified and new: to the store with it. */
static int hand_over(struct sy_engine *e, struct sy_session *s, const struct sc_urgent *u,
                     const struct cr_hash *id, const struct cr_hash *chain, size_t raw_bytes)
{
    struct sc_urgent *copy = sy_temp(e, sizeof *copy + u->e.payload.n);
    struct sy_op *op = copy == NULL ? NULL : sy_op_new(e, s, SY_OP_URGENT);
    struct cr_buf frame;
    struct sy_update *up;

    if (op == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for an urgent entry");
    *copy = *u;
    memcpy(copy + 1, u->e.payload.p, u->e.payload.n);
    copy->e.payload.p = (const uint8_t *)(copy + 1);
    op->raw_bytes = raw_bytes;
    op->log_id = *id;
    op->scope = u->key.scope;
    op->last_seq = u->seq;
    cr_buf_init(&frame, SC_FRAME_MAX);
    if (remember(e, id, u->seq, chain) && sc_urgent_encode(u, &frame) == ST_OK) {
        op->frame = frame.p;
        op->frame_bytes = frame.n;
    } else {
        cr_buf_release(&frame);
    }
    up = sy_push(e, SY_UP_PERSIST_URGENT, s);
    up->token = op->token;
    up->key = u->key;
    up->log_id = *id;
    up->urgent = copy;
    up->urgent_id = *chain;
    s->received_entries++;
    s->idle_frames = 0;
    sy_trace(e, s, "urgent in: seq %llu", (unsigned long long)u->seq);
    return ST_OK;
}

int sy_urgent_take(struct sy_engine *e, struct sy_session *s, const struct sc_urgent *u,
                   size_t raw_bytes)
{
    struct cr_hash id, chain;
    bool known = false;
    uint32_t log;

    sc_log_id(&e->cfg.net, &u->key, &id);
    if (u->seq == 0 && !cr_hash_equal(&u->chain_before, &id))
        return SY_BLAME(e, s, ST_MALFORMED, "urgent: chain value before the first entry");
    if (!chain_of(u, &id, &chain))
        return SY_BLAME(e, s, ST_MALFORMED, "urgent: lamport out of step");
    log = sy_frontier_find(&e->f, &id);
    if (log != SY_NONE && compare_held(e, s, u, log, &chain, &known) != ST_OK)
        return ST_STATE;
    if (!known && !seen_before(e, &id, u->seq, &chain)) {
        if (sc_checkpoint_verify(&u->key.author, &e->cfg.net, &id, u->seq, &chain, &u->sig) !=
            ST_OK)
            return SY_BLAME(e, s, ST_FORGED, "urgent: the signature does not verify");
        if (e->view->certified(e->view->arg, &u->key.author) ||
            ++s->stranger_urgents <= SY_STRANGER_URGENT_MAX)
            return hand_over(e, s, u, &id, &chain, raw_bytes);
    }
    s->credit_due += raw_bytes;
    return ST_OK;
}

int sy_urgent_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body)
{
    struct sc_urgent u;
    struct st_err err = {ST_OK, ""};
    int rc = sc_urgent_decode(body, &u, &err);

    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "%s", err.msg);
    if ((sy_frontier_mask(&e->f, &u.key.scope, 1) & s->mask) == 0 && s->file) {
        e->file.skipped[SY_FS_SCOPE]++;
        return ST_OK;
    }
    if ((sy_frontier_mask(&e->f, &u.key.scope, 1) & s->mask) == 0)
        return SY_BLAME(e, s, ST_DENIED, "urgent: scope %llu is not shared",
                        (unsigned long long)u.key.scope);
    s->in_bytes += body.n + 1;
    if (s->in_bytes > SY_CREDIT_BYTES + SY_URGENT_CREDIT)
        return SY_BLAME(e, s, ST_OVERSIZE, "urgent: beyond the credit");
    return sy_urgent_take(e, s, &u, body.n + 1);
}

void sy_urgent_pass_on(struct sy_engine *e, const struct sy_session *from, const struct sy_op *op)
{
    uint64_t scope = sy_frontier_mask(&e->f, &op->scope, 1);
    uint32_t log = sy_frontier_find(&e->f, &op->log_id);

    for (uint32_t b = log; b != SY_NONE; b = e->f.log[b].next) {
        if (e->f.log[b].l.link.seq_next > op->last_seq)
            return; /* its log has caught up: it goes with that */
    }
    if (op->frame == NULL)
        return;
    for (size_t i = 0; i < e->session_count; i++) {
        struct sy_session *s = e->session[i];

        if (s->dead || s->file || s->phase == SY_S_HELLO || (s->mask & scope) == 0 ||
            !has_room(s, op->frame_bytes))
            continue;
        if (from != NULL && (s == from || cr_sign_pk_equal(&s->peer, &from->peer)))
            continue;
        s->out_bytes += op->frame_bytes;
        sy_trace(e, s, "urgent passed on: seq %llu", (unsigned long long)op->last_seq);
        if (sy_send(e, s, cr_span_of(op->frame, op->frame_bytes)) != ST_OK)
            (void)SY_GIVE_UP(e, s, ST_NOMEM, "no memory for an urgent entry");
    }
}
