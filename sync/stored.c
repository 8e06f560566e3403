/* The store's answers, and what follows from them: heads move, credit goes back (ACK), other
 * sessions hear of it. A run that authority refuses rests with those behind it, without blame. When
 * the store itself fails, all sessions with runs of that branch under way end and the branch falls
 * back to what is durable. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

struct sy_op *sy_op_new(struct sy_engine *e, struct sy_session *s, enum sy_op_kind kind)
{
    struct sy_op *op;

    if (e->op_head > 0 && e->op_count == e->op_cap) {
        memmove(e->op, e->op + e->op_head, (e->op_count - e->op_head) * sizeof *e->op);
        e->op_count -= e->op_head;
        e->op_head = 0;
    }
    if (e->op_count == e->op_cap) {
        size_t cap = e->op_cap == 0 ? 32 : e->op_cap * 2;

        op = realloc(e->op, cap * sizeof *op);
        if (op == NULL)
            return NULL;
        e->op = op;
        e->op_cap = cap;
    }
    op = &e->op[e->op_count++];
    *op = (struct sy_op){.kind = kind, .session = s->id, .token = ++e->next_token};
    s->ops++;
    return op;
}

static void op_release(struct sy_engine *e, struct sy_op *op)
{
    struct sy_session *s = sy_session_by_id(e, op->session);

    if (s != NULL)
        s->ops--;
    free(op->frame);
    op->frame = NULL;
}

void sy_op_undo(struct sy_engine *e)
{
    op_release(e, &e->op[--e->op_count]);
}

void sy_ops_drop(struct sy_engine *e)
{
    while (e->op_count > e->op_head && e->op[e->op_count - 1].token >= e->step_token) {
        struct sy_op *op = &e->op[--e->op_count];

        if (op->kind == SY_OP_RUN && !op->lost)
            sy_frontier_rewind(&e->f, op->log);
        for (size_t i = e->op_head; op->kind == SY_OP_RUN && i < e->op_count; i++)
            e->op[i].lost =
                e->op[i].lost || (e->op[i].kind == SY_OP_RUN && e->op[i].log == op->log);
        op_release(e, op);
    }
}

int sy_ack_flush(struct sy_engine *e, struct sy_session *s)
{
    struct sc_ack ack;
    struct cr_buf out;
    int rc;

    if (s->credit_due == 0 && s->dirty_count == 0)
        return ST_OK;
    if (s->ops > 0 && s->credit_due < SY_ACK_BYTES && s->dirty_count < SC_ACK_MAX)
        return ST_OK;
    ack.credit_bytes = s->credit_due;
    ack.count = s->dirty_count;
    for (uint32_t i = 0; i < s->dirty_count; i++) {
        struct sy_in *in = &s->in[s->dirty[i]];

        ack.at[i].log_ref = s->dirty[i];
        ack.at[i].seq = in->ack_seq;
        in->dirty = false;
    }
    s->dirty_count = 0;
    CR_ASSERT(s->credit_due <= s->in_bytes);
    s->in_bytes -= s->credit_due;
    s->credit_due = 0;
    cr_buf_init(&out, SC_FRAME_MAX);
    rc = sc_ack_encode(&ack, &out);
    if (rc == ST_OK)
        rc = sy_send_buf(e, s, &out);
    cr_buf_release(&out);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "make an ack: %s", st_text((enum st_code)rc));
    sy_trace(e, s, "ack out: %llu bytes, %zu logs", (unsigned long long)ack.credit_bytes,
             ack.count);
    return ST_OK;
}

static void note_ack(struct sy_engine *e, struct sy_session *s, const struct sy_op *op)
{
    struct sy_in *in = &s->in[op->in_ref];

    if (in->ack_seq < op->last_seq)
        in->ack_seq = op->last_seq;
    if (in->dirty)
        return;
    if (s->dirty_count == SC_ACK_MAX && sy_ack_flush(e, s) != ST_OK)
        return; /* closed */
    in->dirty = true;
    s->dirty[s->dirty_count++] = op->in_ref;
}

/* The operation is done and durable. */
static void op_done(struct sy_engine *e, struct sy_op *op)
{
    struct sy_session *s = sy_session_by_id(e, op->session);

    if (s == NULL)
        return;
    s->credit_due += op->raw_bytes;
    if (op->kind != SY_OP_URGENT)
        note_ack(e, s, op);
}

/* The store failed: whoever has runs of this branch under way ends, and it falls back. */
static void run_lost(struct sy_engine *e, struct sy_op *op, int status)
{
    if (!op->lost)
        sy_frontier_rewind(&e->f, op->log);
    for (size_t i = e->op_head; i < e->op_count; i++) {
        struct sy_op *other = &e->op[i];
        struct sy_session *s = sy_session_by_id(e, other->session);

        if (other->kind == SY_OP_URGENT ||
            other->log != (other->kind == SY_OP_RUN ? op->log : e->f.log[op->log].lead))
            continue;
        other->lost = other->kind == SY_OP_RUN;
        if (s != NULL)
            (void)SY_GIVE_UP(e, s, status, "store a run: %s", st_text((enum st_code)status));
    }
}

/* Authority does not admit the run: it rests in this session, and so do those behind it. */
static void run_denied(struct sy_engine *e, struct sy_op *op)
{
    struct sy_session *s = sy_session_by_id(e, op->session);

    if (!op->lost)
        sy_frontier_rewind(&e->f, op->log);
    for (size_t i = e->op_head; i < e->op_count; i++) {
        if (e->op[i].kind == SY_OP_RUN && e->op[i].log == op->log)
            e->op[i].lost = e->op[i].denied = true;
    }
    if (s == NULL)
        return;
    sy_trace(e, s, "stop: the store refuses entry %llu", (unsigned long long)op->last_seq);
    s->in[op->in_ref].stopped = s->in[op->in_ref].refused = true;
    s->refused = true;
    if (s->file)
        e->file.skipped[SY_FS_REFUSED] += op->count;
    s->credit_due += op->raw_bytes;
}

/* The index of the branch that the store says the run went to; SY_NONE: no memory. */
static uint32_t branch_of(struct sy_engine *e, const struct sy_op *op, uint64_t handle)
{
    const struct sy_flog *l = &e->f.log[op->log];
    uint32_t b = sy_frontier_handle(&e->f, l->lead, handle);
    uint64_t first_seq = l->l.first_seq;

    if (b != SY_NONE)
        return b;
    if (l->l.link.seq_next == 0)
        return op->log;
    /* It went to another branch: what follows the head here is not to be passed on. */
    return sy_branch_add(e, l->lead, first_seq, &b) == ST_OK ? b : SY_NONE;
}

static void run_stored(struct sy_engine *e, struct sy_op *op, uint64_t handle)
{
    uint32_t b = op->settled ? SY_NONE : branch_of(e, op, handle);
    uint64_t before;

    if (!op->lost)
        sy_frontier_pop(&e->f, op->log);
    if (op->settled)
        return; /* its head was read from the store since */
    if (b == SY_NONE) {
        e->stale = true;
        return;
    }
    before = e->f.log[b].l.link.seq_next;
    if (op->link.seq_next <= before)
        return; /* written here meanwhile */
    sy_frontier_set(&e->f, b, &op->link, handle);
    sy_urgent_filled(e, b);
    sy_log_moved(e, b, before, sy_session_by_id(e, op->session), UINT64_MAX);
}

/* All before it is stored: is the end of the run held now? */
static void wait_over(struct sy_engine *e, struct sy_op *op)
{
    struct sy_session *s = sy_session_by_id(e, op->session);
    uint32_t b;
    int rc;

    if (s == NULL)
        return;
    rc = sy_branch_find(e, op->log, op->last_seq, op->link.chain.b, CR_HASH_BYTES, &b);
    if (rc == ST_OK && b == SY_NONE) {
        s->in[op->in_ref].lost = true;
        s->in[op->in_ref].at_ok = false;
        s->credit_due += op->raw_bytes;
        rc = sy_spine_want(e, s, op->log);
    } else if (rc == ST_OK && sy_peer_has(e, s, b, op->link.seq_next) == ST_OK) {
        op_done(e, op);
    }
    if (rc != ST_OK)
        (void)SY_GIVE_UP(e, s, rc, "look for a run: %s", st_text((enum st_code)rc));
}

/* What could not be sent because more of the branch was with the store may go now. */
static void released(struct sy_engine *e, uint32_t b)
{
    for (size_t i = 0; i < e->session_count; i++) {
        struct sy_slot *slot = sy_slot_get(e->session[i], b);

        if (slot != NULL && !e->session[i]->dead)
            sy_enqueue(e, e->session[i], slot);
    }
}

static void finish(struct sy_engine *e, struct sy_op *op, int status, uint64_t handle)
{
    struct sy_session *s = sy_session_by_id(e, op->session);
    bool denied = op->kind == SY_OP_RUN && (status == ST_DENIED || (status != ST_OK && op->denied));

    if (status != ST_OK && !denied && s != NULL)
        (void)SY_GIVE_UP(e, s, status, "store: %s", st_text((enum st_code)status));
    if (denied)
        run_denied(e, op);
    else if (op->kind == SY_OP_RUN && status != ST_OK)
        run_lost(e, op, status);
    else if (op->kind == SY_OP_RUN)
        run_stored(e, op, handle);
    else if (op->kind == SY_OP_URGENT && status == ST_OK)
        sy_urgent_pass_on(e, s, op);
    else if (op->kind == SY_OP_WAIT)
        wait_over(e, op);
    if (op->kind == SY_OP_RUN)
        released(e, op->log);
    if (status == ST_OK && op->kind != SY_OP_WAIT)
        op_done(e, op);
    op_release(e, op);
    if (s != NULL)
        s->touched = true; /* one thing less to wait for, though no head may have moved */
}

void sy_finish_waits(struct sy_engine *e)
{
    while (e->op_head < e->op_count && e->op[e->op_head].kind == SY_OP_WAIT) {
        struct sy_op op = e->op[e->op_head++];

        finish(e, &op, ST_OK, 0);
    }
    if (e->op_head == e->op_count)
        e->op_head = e->op_count = 0;
}

void sy_persisted(struct sy_engine *e, const struct sy_event *ev)
{
    struct sy_op op;

    CR_ASSERT(e->op_head < e->op_count);
    op = e->op[e->op_head];
    CR_ASSERT(op.token == ev->token);
    e->op_head++;
    finish(e, &op, ev->status, ev->handle);
    sy_finish_waits(e);
}

/* ---- Authority ---- */

struct reload {
    struct sy_engine *e;
    uint8_t *seen; /* by index: the view has named it */
    uint32_t n;    /* branches when it began */
};

/* The branch that a run under way begins, and whose head this is. */
static uint32_t under_way(const struct sy_engine *e, const struct sy_log *log)
{
    for (size_t i = e->op_head; i < e->op_count; i++) {
        const struct sy_op *op = &e->op[i];

        if (op->kind == SY_OP_RUN && !op->lost && op->link.seq_next == log->link.seq_next &&
            cr_hash_equal(&op->link.chain, &log->link.chain) &&
            cr_hash_equal(&e->f.log[op->log].l.id, &log->id) &&
            e->f.log[op->log].l.link.seq_next == 0)
            return op->log;
    }
    return SY_NONE;
}

/* Sessions that brought what is stored now know it. */
static void brought(struct sy_engine *e, uint32_t b)
{
    for (size_t i = e->op_head; i < e->op_count; i++) {
        const struct sy_op *op = &e->op[i];
        struct sy_session *s = sy_session_by_id(e, op->session);

        if (op->kind == SY_OP_RUN && op->log == b && s != NULL &&
            op->link.seq_next <= e->f.log[b].l.link.seq_next &&
            sy_peer_has(e, s, b, op->link.seq_next) != ST_OK)
            continue; /* closed */
    }
}

static int reload_one(void *arg, const struct sy_log *log)
{
    struct reload *r = arg;
    struct sy_engine *e = r->e;
    uint32_t lead = sy_frontier_find(&e->f, &log->id), b = SY_NONE;
    uint64_t before;
    int rc = ST_OK;

    if (lead != SY_NONE)
        b = sy_frontier_handle(&e->f, lead, log->handle);
    if (b == SY_NONE)
        b = under_way(e, log);
    if (b == SY_NONE)
        rc = lead == SY_NONE ? sy_frontier_add(&e->f, &log->key, &log->id, &b)
                             : sy_branch_add(e, lead, log->first_seq, &b);
    if (rc != ST_OK)
        return rc;
    if (b < r->n)
        r->seen[b] = 1;
    before = e->f.log[b].l.link.seq_next;
    e->f.log[b].l.first_seq = log->first_seq;
    if (before == log->link.seq_next && cr_hash_equal(&e->f.log[b].l.link.chain, &log->link.chain))
        return ST_OK;
    sy_frontier_set(&e->f, b, &log->link, log->handle);
    if (log->link.seq_next < before) {
        e->f.log[e->f.log[b].lead].wavered = true;
        return ST_OK;
    }
    sy_urgent_filled(e, b);
    sy_log_moved(e, b, before, NULL, UINT64_MAX);
    brought(e, b);
    return ST_OK;
}

void sy_reload(struct sy_engine *e)
{
    struct reload r = {e, calloc(e->f.count + 1, 1), e->f.count};
    int rc = r.seen == NULL ? ST_NOMEM : e->view->each_log(e->view->arg, reload_one, &r);

    for (uint32_t b = 0; rc == ST_OK && b < r.n; b++) {
        if (r.seen[b] != 0 || e->f.log[b].l.link.seq_next == 0)
            continue;
        sy_frontier_hide(&e->f, b);
        e->f.log[e->f.log[b].lead].wavered = true;
    }
    free(r.seen);
    e->stale = rc != ST_OK; /* then once more */
    for (size_t i = e->op_head; rc == ST_OK && i < e->op_count; i++)
        e->op[i].settled = true;
    e->strangers_counted = false;
}

void sy_authority(struct sy_engine *e)
{
    sy_reload(e);
    for (size_t i = 0; i < e->session_count; i++) {
        struct sy_session *s = e->session[i];

        s->touched = true;
        if (!s->dead && !s->file && (s->refused || s->in_stopped > 0))
            (void)SY_GIVE_UP(e, s, ST_BUSY, "authority changed: what was refused may come again");
    }
}
