/* What goes out: batches of runs under credit, and what the peer says about them.
 *
 * Happy path: the queues name the logs of which the peer lacks something, by class; pump reads run
 * after run, packs them into batches of at most SY_BATCH_RAW bytes and sends while the peer's
 * credit lasts; an ack gives credit back. Nothing is remembered about sent bytes: after a cut the
 * next session starts from what the peer says it holds. Failure: an ack for more than was sent ends
 * the session. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* The branch may go on now: the peer lacks something of it, and will know where it belongs. */
static int may_send(struct sy_engine *e, struct sy_session *s, const struct sy_slot *slot,
                    bool *may)
{
    bool waits = false;
    int rc = ST_OK;

    *may = (slot->flags & SY_SF_KNOWN) != 0 &&
           slot->sent_next < e->f.log[slot->log].l.link.seq_next &&
           !sy_spine_holds(e, s, slot->log);
    if (*may)
        rc = sy_branch_waits(e, s, slot, &waits);
    *may = *may && !waits;
    return rc;
}

/* The first of the queue leaves it. */
static void leave_queue(struct sy_session *s, size_t rank)
{
    struct sy_slot *slot = &s->slot[s->queue_head[rank] - 1];

    slot->flags &= ~((uint32_t)SY_SF_QUEUED | (uint32_t)SY_SF_CHECK);
    s->queue_head[rank] = slot->queue_next;
    if (slot->queue_next == 0)
        s->queue_tail[rank] = 0;
}

/* The first slot in line, SY_NONE when there is none; those that need nothing any more leave (what
 * they wait for puts them into the queue again). */
static int next_slot(struct sy_engine *e, struct sy_session *s, uint32_t *out)
{
    *out = SY_NONE;
    for (size_t rank = 0; rank < SY_CLASSES; rank++) {
        while (s->queue_head[rank] != 0) {
            uint32_t at = s->queue_head[rank] - 1;
            struct sy_slot *slot = &s->slot[at];
            bool may;
            int rc = may_send(e, s, slot, &may);

            if (rc != ST_OK)
                return SY_GIVE_UP(e, s, rc, "compare branches: %s", st_text((enum st_code)rc));
            if (may) {
                *out = at;
                return ST_OK;
            }
            leave_queue(s, rank);
        }
    }
    return ST_OK;
}

static int name_log(struct sy_session *s, uint32_t at)
{
    if (s->out_count == s->out_cap) {
        uint32_t cap = s->out_cap == 0 ? 16 : s->out_cap * 2;
        uint32_t *out_slot = realloc(s->out_slot, cap * sizeof *out_slot);

        if (out_slot == NULL)
            return ST_NOMEM;
        s->out_slot = out_slot;
        s->out_cap = cap;
    }
    s->slot[at].flags |= SY_SF_OUT_REF;
    s->slot[at].out_ref = s->out_count;
    s->out_slot[s->out_count++] = at;
    return ST_OK;
}

/* What the view gave has to be what was asked for: the store is ours, but it reads a disk. */
bool sy_run_plausible(const struct sc_run *run, uint64_t from, uint64_t end)
{
    size_t total = 0;

    if (run->first_seq != from || run->count == 0 || run->count > SC_RUN_ENTRIES_MAX ||
        run->count > end - from)
        return false;
    for (size_t i = 0; i < run->count; i++) {
        const struct sc_wire_entry *w = &run->e[i];
        size_t n = w->pruned ? (size_t)w->payload_bytes : w->payload.n;

        if (n == 0 || n > SC_PAYLOAD_MAX || w->wall_ms > SC_WALL_MS_MAX ||
            w->lamport <= (i > 0 ? run->e[i - 1].lamport : 0))
            return false;
        total += w->pruned ? 0 : n;
    }
    return total <= SC_RUN_BYTES_MAX;
}

/* A run that does not go on where the one before it ended says what comes before it, when the log
 * has more than one path here or there. */
static int say_before(struct sy_engine *e, struct sy_session *s, const struct sy_slot *slot)
{
    uint32_t lead = e->f.log[slot->log].lead;
    const struct sy_slot *about = sy_slot_get(s, lead);
    struct cr_hash chain;
    int rc;

    e->run->has_before = false;
    if (slot->sent_next == 0 ||
        ((slot->flags & SY_SF_OUT_REF) != 0 && slot->out_next == slot->sent_next) ||
        ((about == NULL || (about->flags & SY_SF_SPINED) == 0) &&
         sy_frontier_branches(&e->f, lead) == 1))
        return ST_OK;
    rc = e->view->chain_at(e->view->arg, e->f.log[slot->log].l.handle, slot->sent_next - 1, &chain);
    if (rc != ST_OK)
        return rc;
    e->run->has_before = true;
    memcpy(e->run->before8, chain.b, sizeof e->run->before8);
    return ST_OK;
}

/* Reads and encodes the next run of a slot into e->runs (cleared). *later: what the view gives goes
 * beyond what is durable, because more of the branch is with the store. */
static int encode_run(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot, bool *later)
{
    const struct sy_log *log = &e->f.log[slot->log].l;
    int rc;

    if ((slot->flags & SY_SF_ALIGN) != 0)
        slot->sent_next -= slot->sent_next % SC_CKPT_ALIGN;
    slot->flags &= ~(uint32_t)SY_SF_ALIGN;
    rc = e->view->read_run(e->view->arg, log->handle, slot->sent_next, e->run, &e->read);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "read entries from %llu: %s",
                          (unsigned long long)slot->sent_next, st_text((enum st_code)rc));
    *later = e->f.log[slot->log].pend > 0 && e->run->count > log->link.seq_next - slot->sent_next;
    if (*later)
        return ST_OK;
    if (!sy_run_plausible(e->run, slot->sent_next, log->link.seq_next))
        return SY_GIVE_UP(e, s, ST_CORRUPT, "read entries from %llu: not a run",
                          (unsigned long long)slot->sent_next);
    e->run->has_key = (slot->flags & SY_SF_OUT_REF) == 0;
    e->run->key = log->key;
    e->run->log_ref = e->run->has_key ? 0 : slot->out_ref;
    cr_buf_clear(&e->runs);
    rc = say_before(e, s, slot);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "read a chain value: %s", st_text((enum st_code)rc));
    rc = sc_run_encode(e->run, &e->runs);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "make a run: %s", st_text((enum st_code)rc));
    return ST_OK;
}

/* Sends the runs in e->batch as one frame. */
static int send_batch(struct sy_engine *e, struct sy_session *s, uint64_t runs, uint64_t entries)
{
    const uint8_t type = SC_FT_BATCH;
    struct cr_buf head, out;
    int rc;

    if (runs == 0)
        return ST_OK;
    if (s->pack == NULL)
        s->pack = sc_pack_new(e->cfg.zstd_level);
    cr_buf_init(&head, SC_BATCH_RAW_MAX);
    cr_buf_init(&out, SC_FRAME_MAX);
    rc = s->pack == NULL ? ST_NOMEM : sc_batch_head(runs, &head);
    if (rc == ST_OK)
        rc = cr_buf_append(&head, e->batch.p, e->batch.n);
    if (rc == ST_OK)
        rc = cr_buf_append(&out, &type, 1);
    if (rc == ST_OK)
        rc = sc_pack_flush(s->pack, cr_buf_span(&head), &out);
    if (rc == ST_OK) {
        s->out_bytes += head.n;
        s->sent_entries += entries;
        s->sent_any = true;
        s->quiet_since_ms = e->now_ms;
        sy_trace(e, s, "batch out: %llu runs, %llu entries", (unsigned long long)runs,
                 (unsigned long long)entries);
        rc = sy_send_buf(e, s, &out);
    }
    cr_buf_release(&head);
    cr_buf_release(&out);
    cr_buf_clear(&e->batch);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "make a batch: %s", st_text((enum st_code)rc));
    CR_ASSERT(s->out_bytes <= SY_CREDIT_BYTES + SY_URGENT_CREDIT);
    return ST_OK;
}

static bool has_credit(const struct sy_session *s)
{
    return s->out_bytes + SY_BATCH_RAW <= SY_CREDIT_BYTES;
}

/* Fills one batch from the queues and sends it. *more: the queues are not empty. */
static int pump_batch(struct sy_engine *e, struct sy_session *s, bool *more)
{
    uint64_t runs = 0, entries = 0;
    uint32_t at;

    cr_buf_clear(&e->batch);
    for (;;) {
        struct sy_slot *slot;
        bool later;

        if (next_slot(e, s, &at) != ST_OK)
            return ST_STATE;
        if (at == SY_NONE || runs == SC_BATCH_RUNS_MAX)
            break;
        slot = &s->slot[at];
        if (encode_run(e, s, slot, &later) != ST_OK)
            return ST_STATE;
        if (later) {
            for (size_t rank = 0; rank < SY_CLASSES; rank++) {
                if (s->queue_head[rank] == at + 1)
                    leave_queue(s, rank); /* the store's answer puts it back */
            }
            continue;
        }
        if (e->batch.n + e->runs.n + 8 > SY_BATCH_RAW)
            break; /* it is read again for the next batch */
        if (cr_buf_append(&e->batch, e->runs.p, e->runs.n) != ST_OK ||
            (e->run->has_key && name_log(s, at) != ST_OK))
            return SY_GIVE_UP(e, s, ST_NOMEM, "make a batch: no memory");
        slot->sent_next += e->run->count;
        slot->out_next = slot->sent_next;
        if (slot->sent_max < slot->sent_next)
            slot->sent_max = slot->sent_next;
        entries += e->run->count;
        runs++;
    }
    *more = at != SY_NONE;
    return send_batch(e, s, runs, entries);
}

int sy_pump(struct sy_engine *e, struct sy_session *s)
{
    bool more = true;

    if (s->phase == SY_S_HELLO)
        return ST_OK;
    if (s->held_due && sy_urgent_held(e, s) != ST_OK)
        return ST_STATE;
    if (s->check_urgent && sy_urgent_pump(e, s) != ST_OK)
        return ST_STATE;
    while (more && has_credit(s)) {
        uint32_t at;

        if (next_slot(e, s, &at) != ST_OK)
            return ST_STATE;
        if (at == SY_NONE)
            break;
        if (pump_batch(e, s, &more) != ST_OK)
            return ST_STATE;
    }
    return ST_OK;
}

int sy_ack_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body)
{
    struct sc_ack *ack = sy_temp(e, sizeof *ack);
    struct st_err err = {ST_OK, ""};
    int rc;

    if (ack == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "read an ack: no memory");
    rc = sc_ack_decode(body, ack, &err);
    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "%s", err.msg);
    if (ack->credit_bytes > s->out_bytes)
        return SY_BLAME(e, s, ST_MALFORMED, "ack: credit %llu, outstanding %llu",
                        (unsigned long long)ack->credit_bytes, (unsigned long long)s->out_bytes);
    if (ack->credit_bytes == 0 && ack->count == 0) { /* silence: its stream starts anew */
        sc_unpack_free(s->unpack);
        s->unpack = NULL;
        return ST_OK;
    }
    for (size_t i = 0; i < ack->count; i++) {
        struct sy_slot *slot;

        if (ack->at[i].log_ref >= s->out_count)
            return SY_BLAME(e, s, ST_MALFORMED, "ack: log %llu was not named",
                            (unsigned long long)ack->at[i].log_ref);
        slot = &s->slot[s->out_slot[ack->at[i].log_ref]];
        if (ack->at[i].seq >= slot->sent_max)
            return SY_BLAME(e, s, ST_MALFORMED, "ack: seq %llu of log %llu was not sent",
                            (unsigned long long)ack->at[i].seq,
                            (unsigned long long)ack->at[i].log_ref);
        if (ack->at[i].seq >= slot->acked_next) {
            if (sy_peer_has(e, s, slot->log, ack->at[i].seq + 1) != ST_OK)
                return ST_STATE;
            s->idle_frames = 0;
        }
    }
    if (ack->credit_bytes > 0)
        s->idle_frames = 0;
    s->out_bytes -= ack->credit_bytes;
    sy_trace(e, s, "ack in: %llu bytes, %zu logs", (unsigned long long)ack->credit_bytes,
             ack->count);
    return ST_OK;
}

int sy_keepalive(struct sy_engine *e, struct sy_session *s)
{
    struct sc_ack ack;
    struct cr_buf out;
    int rc;

    ack.credit_bytes = 0;
    ack.count = 0;
    cr_buf_init(&out, SC_FRAME_MAX);
    rc = sc_ack_encode(&ack, &out);
    if (rc == ST_OK)
        rc = sy_send(e, s, cr_buf_span(&out));
    cr_buf_release(&out);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "keep alive: no memory");
    sc_pack_free(s->pack); /* the peer drops its half on receipt */
    s->pack = NULL;
    sy_trace(e, s, "keep alive");
    return ST_OK;
}
