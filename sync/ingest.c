/* What comes in: batches of runs, verified before anything else sees them, and the store's answers.
 *
 * Happy path of a run: it continues the verified head; leaves and chain are recomputed; one
 * signature at its end vouches for all; it goes to the store (PERSIST) and the head moves; when the
 * store answers, the durable head follows, other sessions hear of it, and the peer gets its credit
 * back (ACK). Several runs may be with the store at once, also of one log.
 * Failure: what does not verify ends the session and reaches nobody. What overlaps is skipped; a
 * signed overlap that differs is a fork and stops only its log. When the store refuses a run, all
 * sessions with runs of that log under way end without blame and the log falls back to what is
 * durable. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

struct verified { /* lives until the next step */
    struct sc_run run;
    struct cr_hash chains[SC_RUN_ENTRIES_MAX];
};

int sy_link_entry(struct sc_link *link, const struct sc_wire_entry *w)
{
    struct cr_hash hash = w->payload_hash;
    struct sc_header header;

    if (!w->pruned)
        sc_payload_hash(w->payload, &hash);
    return sc_link_extend(link, w->lamport, w->wall_ms, &hash,
                          w->pruned ? w->payload_bytes : w->payload.n, &header);
}

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

void sy_ops_drop(struct sy_engine *e)
{
    while (e->op_count > e->op_head && e->op[e->op_count - 1].token >= e->step_token) {
        struct sy_op *op = &e->op[--e->op_count];

        if (op->kind == SY_OP_RUN && !op->lost)
            sy_frontier_rewind(&e->f, op->log);
        for (size_t i = e->op_head; op->kind == SY_OP_RUN && i < e->op_count; i++)
            e->op[i].lost = e->op[i].lost || e->op[i].log == op->log;
        op_release(e, op);
    }
}

static int name_log(struct sy_session *s, uint32_t slot)
{
    if (s->in_count == s->in_cap) {
        uint32_t cap = s->in_cap == 0 ? 16 : s->in_cap * 2;
        struct sy_in *in = realloc(s->in, cap * sizeof *in);

        if (in == NULL)
            return ST_NOMEM;
        s->in = in;
        s->in_cap = cap;
    }
    s->in[s->in_count++] = (struct sy_in){.slot = slot};
    return ST_OK;
}

static uint64_t count_strangers(struct sy_engine *e)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < e->f.count; i++) {
        if (!e->view->certified(e->view->arg, &e->f.log[i].l.key.author))
            n++;
    }
    return n;
}

bool sy_stranger_may(struct sy_engine *e, const struct sy_session *s, const struct sc_log_key *key,
                     uint32_t log, uint64_t next)
{
    if (e->view->certified(e->view->arg, &key->author))
        return true;
    if (log != SY_NONE)
        return next <= SY_UNKNOWN_ENTRIES_MAX;
    if (!e->strangers_counted || (e->stranger_logs >= SY_STRANGER_LOGS_MAX && s->in_stopped == 0)) {
        e->stranger_logs = count_strangers(e);
        e->strangers_counted = true;
    }
    return e->stranger_logs < SY_STRANGER_LOGS_MAX && next <= SY_UNKNOWN_ENTRIES_MAX;
}

/* A log the peer names for the first time: into *slot, SY_NONE when it is not taken. */
static int first_mention(struct sy_engine *e, struct sy_session *s, const struct sc_run *run,
                         uint32_t *slot_at)
{
    struct cr_hash id;
    struct sy_slot *slot;
    uint32_t log;
    uint64_t base;

    *slot_at = SY_NONE;
    if ((sy_frontier_mask(&e->f, &run->key.scope, 1) & s->mask) == 0)
        return SY_BLAME(e, s, ST_DENIED, "run: scope %llu is not shared",
                        (unsigned long long)run->key.scope);
    sc_log_id(&e->cfg.net, &run->key, &id);
    log = sy_frontier_find(&e->f, &id);
    if (log == SY_NONE) {
        if (!sy_stranger_may(e, s, &run->key, SY_NONE, run->count)) {
            sy_trace(e, s, "stop: log of an unknown author, too many of them");
            return ++s->in_stopped > SY_STOPPED_REFS_MAX
                       ? SY_BLAME(e, s, ST_FULL, "run: too many logs of unknown authors")
                       : ST_OK;
        }
        if (run->first_seq != 0)
            return SY_BLAME(e, s, ST_MALFORMED, "run: a new log starts at %llu",
                            (unsigned long long)run->first_seq);
        if (sy_frontier_add(&e->f, &run->key, &id, &log) != ST_OK)
            return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a log");
        if (e->strangers_counted && !e->view->certified(e->view->arg, &run->key.author))
            e->stranger_logs++;
    }
    /* Without a slot the peer is taken to hold what we hold, once heads have been compared. */
    base = s->phase >= SY_S_STREAM ? e->f.log[log].l.link.seq_next : 0;
    if (sy_slot_make(s, log, base, s->phase >= SY_S_STREAM ? SY_SF_KNOWN : 0, &slot) != ST_OK)
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a log");
    if ((slot->flags & SY_SF_IN_REF) != 0)
        return SY_BLAME(e, s, ST_MALFORMED, "run: a log named twice");
    slot->flags |= SY_SF_IN_REF;
    *slot_at = (uint32_t)(slot - s->slot);
    return ST_OK;
}

/* Extends link by the entries from index `from` on; chain values into chains[0 …]. */
static int extend(const struct sc_run *run, size_t from, struct sc_link *link,
                  struct cr_hash *chains)
{
    for (size_t i = from; i < run->count; i++) {
        int rc = sy_link_entry(link, &run->e[i]);

        if (rc != ST_OK)
            return rc;
        chains[i - from] = link->chain;
    }
    return ST_OK;
}

static int check_signature(struct sy_engine *e, const struct sy_log *log, const struct sc_run *run,
                           const struct cr_hash *chain)
{
    return sc_checkpoint_verify(&log->key.author, &e->cfg.net, &log->id,
                                run->first_seq + run->count - 1, chain, &run->sig);
}

/* Does a run that starts inside what is durable lead to another branch? Recomputes it from our
 * chain value before its start. *same: as far as it reaches, it is ours. *fork: its signature
 * proves another branch; neither: it proves nothing. */
static int compare_overlap(struct sy_engine *e, struct sy_session *s, uint32_t index,
                           struct verified *v, bool *same, bool *fork)
{
    const struct sy_log *log = &e->f.log[index].l;
    const struct sc_run *run = &v->run;
    uint64_t last = run->first_seq + run->count - 1;
    struct sc_link link;
    struct cr_hash ours = log->link.chain;
    uint64_t reached = log->link.seq_next - 1; /* last place that both know */
    int rc = ST_OK;

    *same = *fork = false;
    if (run->first_seq >= log->link.seq_next)
        return ST_OK; /* beside what is not durable yet: the next session will tell */
    sc_link_start(&log->id, &link);
    if (run->first_seq > 0) {
        link.seq_next = run->first_seq;
        link.lamport = run->e[0].lamport - 1; /* what came before is not known here */
        rc = e->view->chain_at(e->view->arg, log->handle, run->first_seq - 1, &link.chain);
    }
    if (last < reached)
        reached = last;
    if (rc == ST_OK && reached == last)
        rc = e->view->chain_at(e->view->arg, log->handle, last, &ours);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "read a chain value: %s", st_text((enum st_code)rc));
    if (extend(run, 0, &link, v->chains) != ST_OK)
        return ST_OK;
    if (!cr_hash_equal(&ours, &v->chains[reached - run->first_seq]))
        *fork = check_signature(e, log, run, &link.chain) == ST_OK;
    else
        *same = reached == last;
    return ST_OK;
}

/* Nothing of the run is new. */
static int take_known(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot,
                      uint32_t in_ref, struct verified *v)
{
    const struct sy_log *log = &e->f.log[slot->log].l;
    const struct sc_run *run = &v->run;
    uint64_t last = run->first_seq + run->count - 1;
    bool same = true, fork = false;
    struct sy_op *op;

    if (run->first_seq < log->link.seq_next && last < log->link.seq_next &&
        compare_overlap(e, s, slot->log, v, &same, &fork) != ST_OK)
        return ST_STATE;
    if (fork)
        return sy_fork_proven(e, s, slot->log, last, &v->chains[run->count - 1], &run->sig);
    if (!same) {
        sy_stop(s, slot);
        sy_trace(e, s, "stop: a run that is not on our branch and proves nothing");
        return ST_OK;
    }
    op = sy_op_new(e, s, SY_OP_WAIT);
    if (op == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a run");
    op->log = slot->log;
    op->in_ref = in_ref;
    op->last_seq = last;
    return ST_OK;
}

static void raise_slot(struct sy_slot *slot, uint64_t next)
{
    slot->flags |= SY_SF_KNOWN;
    slot->sent_next = slot->sent_next > next ? slot->sent_next : next;
    slot->acked_next = slot->acked_next > next ? slot->acked_next : next;
}

/* The run is verified: to the store with it. chains[0] belongs to the entry at index skip. */
static int hand_over(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot,
                     uint32_t in_ref, struct verified *v, const struct cr_hash *before,
                     const struct sc_link *link)
{
    const struct sy_log *log = &e->f.log[slot->log].l;
    struct sy_op *op = sy_op_new(e, s, SY_OP_RUN);
    struct sy_update *u;

    if (op == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a run");
    op->log = slot->log;
    op->in_ref = in_ref;
    op->last_seq = link->seq_next - 1;
    op->link = *link;
    if (sy_frontier_push(&e->f, slot->log, link) != ST_OK) {
        op_release(e, op);
        e->op_count--;
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a run");
    }
    v->run.key = log->key;
    u = sy_push(e, SY_UP_PERSIST, s);
    u->token = op->token;
    u->run = &v->run;
    u->chains = v->chains;
    u->before = *before;
    u->key = log->key;
    u->log_id = log->id;
    s->received_entries += v->run.count;
    s->idle_frames = 0;
    s->quiet_since_ms = e->now_ms;
    return ST_OK;
}

/* Drops the first skip entries: they are held already. */
static void trim(struct sc_run *run, size_t skip)
{
    if (skip == 0)
        return;
    run->first_seq += skip;
    run->count -= skip;
    memmove(run->e, run->e + skip, run->count * sizeof run->e[0]);
}

/* The run reaches beyond the verified head. */
static int take_new(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot,
                    uint32_t in_ref, struct verified *v)
{
    const struct sy_log *log = &e->f.log[slot->log].l;
    struct sc_link link = *sy_frontier_verified(&e->f, slot->log);
    struct cr_hash before = link.chain;
    size_t skip = (size_t)(link.seq_next - v->run.first_seq);
    bool same, fork = false;
    int rc;

    if (!sy_stranger_may(e, s, &log->key, slot->log, v->run.first_seq + v->run.count)) {
        sy_stop(s, slot);
        s->in_stopped++;
        sy_trace(e, s, "stop: more than %d entries of an unknown author", SY_UNKNOWN_ENTRIES_MAX);
        return ST_OK;
    }
    rc = extend(&v->run, skip, &link, v->chains);
    if (rc == ST_OK)
        rc = check_signature(e, log, &v->run, &link.chain);
    if (rc == ST_OK) {
        trim(&v->run, skip);
        raise_slot(slot, link.seq_next);
        return hand_over(e, s, slot, in_ref, v, &before, &link);
    }
    if (skip == 0) {
        sy_frontier_undo(&e->f, slot->log);
        e->strangers_counted = false;
        return SY_BLAME(e, s, rc == ST_FORGED ? ST_FORGED : ST_MALFORMED,
                        "run: entries from %llu of log %u: %s",
                        (unsigned long long)v->run.first_seq, (unsigned)in_ref,
                        rc == ST_FORGED ? "the signature does not verify" : "lamport out of step");
    }
    /* It does not continue ours though it starts inside it: another branch, if it is signed. */
    if (compare_overlap(e, s, slot->log, v, &same, &fork) != ST_OK)
        return ST_STATE;
    if (fork)
        return sy_fork_proven(e, s, slot->log, v->run.first_seq + v->run.count - 1,
                              &v->chains[v->run.count - 1], &v->run.sig);
    sy_stop(s, slot);
    sy_trace(e, s, "stop: a run that does not continue our branch and proves nothing");
    return ST_OK;
}

static int take_run(struct sy_engine *e, struct sy_session *s, struct verified *v)
{
    const struct sc_run *run = &v->run;
    uint32_t slot_at, in_ref;
    struct sy_slot *slot;
    uint64_t next;

    if (run->has_key) {
        if (first_mention(e, s, run, &slot_at) != ST_OK)
            return ST_STATE;
        in_ref = s->in_count;
        if (name_log(s, slot_at) != ST_OK)
            return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a log");
    } else {
        if (run->log_ref >= s->in_count)
            return SY_BLAME(e, s, ST_MALFORMED, "run: log %llu was not named",
                            (unsigned long long)run->log_ref);
        in_ref = (uint32_t)run->log_ref;
        slot_at = s->in[in_ref].slot;
    }
    if (slot_at == SY_NONE || (s->slot[slot_at].flags & SY_SF_STOPPED) != 0)
        return ST_OK;
    slot = &s->slot[slot_at];
    next = sy_frontier_verified(&e->f, slot->log)->seq_next;
    if (run->first_seq > next)
        return SY_BLAME(e, s, ST_MALFORMED, "run: log %u starts at %llu, held up to %llu",
                        (unsigned)in_ref, (unsigned long long)run->first_seq,
                        (unsigned long long)next);
    if (run->first_seq + run->count > next)
        return take_new(e, s, slot, in_ref, v);
    raise_slot(slot, run->first_seq + run->count);
    return take_known(e, s, slot, in_ref, v);
}

static int read_runs(struct sy_engine *e, struct sy_session *s)
{
    struct st_err err = {ST_OK, ""};
    struct sc_reader r;
    uint64_t run_count;
    int rc = sc_batch_open(cr_buf_span(&e->raw), &r, &run_count);

    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "batch: head: %s", st_text((enum st_code)rc));
    for (uint64_t i = 0; i < run_count; i++) {
        struct verified *v = sy_temp(e, sizeof *v);

        if (v == NULL)
            return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a run");
        rc = sc_run_decode(&r, &v->run, &err);
        if (rc != ST_OK)
            return SY_BLAME(e, s, rc, "%s", err.msg);
        if (take_run(e, s, v) != ST_OK)
            return ST_STATE;
    }
    rc = sc_reader_finish(&r);
    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "batch: bytes after the last run");
    return ST_OK;
}

int sy_batch_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body)
{
    uint64_t token = e->next_token;
    struct sy_op *last;
    int rc;

    if (s->unpack == NULL)
        s->unpack = sc_unpack_new();
    if (s->unpack == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "read a batch: no memory");
    cr_buf_clear(&e->raw);
    rc = sc_unpack_block(s->unpack, body, SC_BATCH_RAW_MAX, &e->raw);
    if (rc == ST_NOMEM)
        return SY_GIVE_UP(e, s, rc, "read a batch: no memory");
    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "batch: compressed block: %s", st_text((enum st_code)rc));
    s->in_bytes += e->raw.n;
    if (s->in_bytes > SY_CREDIT_BYTES)
        return SY_BLAME(e, s, ST_OVERSIZE, "batch: %llu bytes beyond the credit",
                        (unsigned long long)(s->in_bytes - SY_CREDIT_BYTES));
    if (read_runs(e, s) != ST_OK)
        return ST_STATE;
    sy_trace(e, s, "batch in: %zu bytes, %llu with the store", e->raw.n,
             (unsigned long long)(e->next_token - token));
    /* The batch's credit goes back when its last run is done. */
    last = e->op_count > e->op_head ? &e->op[e->op_count - 1] : NULL;
    if (e->next_token > token && last != NULL)
        last->raw_bytes += e->raw.n;
    else
        s->credit_due += e->raw.n;
    return ST_OK;
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

/* A run was refused: whoever has runs of this log under way ends, and it falls back. */
static void run_lost(struct sy_engine *e, struct sy_op *op, int status)
{
    if (!op->lost)
        sy_frontier_rewind(&e->f, op->log);
    for (size_t i = e->op_head; i < e->op_count; i++) {
        struct sy_op *other = &e->op[i];
        struct sy_session *s = sy_session_by_id(e, other->session);

        if (other->kind == SY_OP_URGENT || other->log != op->log)
            continue;
        other->lost = other->lost || other->kind == SY_OP_RUN;
        if (s != NULL)
            (void)SY_GIVE_UP(e, s, status, "store a run: %s", st_text((enum st_code)status));
    }
}

static void run_stored(struct sy_engine *e, struct sy_op *op, uint64_t handle)
{
    uint64_t before = e->f.log[op->log].l.link.seq_next;

    if (!op->lost)
        sy_frontier_pop(&e->f, op->log);
    if (op->link.seq_next <= before)
        return; /* written here meanwhile */
    sy_frontier_set(&e->f, op->log, &op->link, handle);
    sy_urgent_filled(e, op->log);
    sy_log_moved(e, op->log, before, sy_session_by_id(e, op->session), UINT64_MAX);
}

static void finish(struct sy_engine *e, struct sy_op *op, int status, uint64_t handle)
{
    struct sy_session *s = sy_session_by_id(e, op->session);

    if (status != ST_OK && s != NULL)
        (void)SY_GIVE_UP(e, s, status, "store: %s", st_text((enum st_code)status));
    if (op->kind == SY_OP_RUN && status != ST_OK)
        run_lost(e, op, status);
    else if (op->kind == SY_OP_RUN)
        run_stored(e, op, handle);
    else if (op->kind == SY_OP_URGENT && status == ST_OK)
        sy_urgent_pass_on(e, s, op);
    if (status == ST_OK)
        op_done(e, op);
    op_release(e, op);
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
