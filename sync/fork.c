/* Two branches of one log. The author (or a copy of it) signed both; this node keeps its own
 * branch, shows the evidence, and lets the log rest in this session. Everything else goes on; the
 * two sides then stay unequal, which is how it is.
 *
 * Who notices: the side whose log is at least as long as the head the other claims. It shows its
 * own branch from the aligned entry before that head; the other side finds that this is signed and
 * not its own (proof), reports it, and returns both checkpoints in a FORK frame, which proves it to
 * the first. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <string.h>

void sy_stop(struct sy_session *s, struct sy_slot *slot)
{
    (void)s;
    slot->flags |= SY_SF_STOPPED;
}

void sy_fork_suspect(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot, uint64_t next)
{
    CR_ASSERT(next > 0);
    if ((slot->flags & ((uint32_t)SY_SF_STOPPED | (uint32_t)SY_SF_OVERLAP)) != 0)
        return;
    slot->flags |= SY_SF_OVERLAP;
    slot->sent_next = (next - 1) / SC_CKPT_ALIGN * SC_CKPT_ALIGN;
    slot->overlap_end = next;
    sy_trace(e, s, "fork suspected: log %02x%02x, entry %llu", e->f.log[slot->log].l.id.b[0],
             e->f.log[slot->log].l.id.b[1], (unsigned long long)(next - 1));
}

/* Reports the evidence and rests the log; with tell, the peer gets it too. */
static int report(struct sy_engine *e, struct sy_session *s, uint32_t log, const struct sc_fork *f,
                  bool tell)
{
    struct sc_fork *fork = sy_temp(e, sizeof *fork);
    struct sy_slot *slot;
    struct cr_buf out;
    int rc;

    if (fork == NULL || sy_slot_make(s, log, 0, 0, &slot) != ST_OK)
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a fork");
    sy_stop(s, slot);
    if ((slot->flags & SY_SF_FORKED) != 0)
        return ST_OK;
    slot->flags |= SY_SF_FORKED;
    *fork = *f;
    sy_push(e, SY_UP_FORK, s)->fork = fork;
    sy_trace(e, s, "fork proven: log %02x%02x, entries %llu and %llu", e->f.log[log].l.id.b[0],
             e->f.log[log].l.id.b[1], (unsigned long long)f->side[0].seq,
             (unsigned long long)f->side[1].seq);
    if (!tell || s->phase == SY_S_HELLO)
        return ST_OK;
    cr_buf_init(&out, SC_FRAME_MAX);
    rc = sc_fork_encode(fork, &out);
    if (rc == ST_OK)
        rc = sy_send_buf(e, s, &out);
    cr_buf_release(&out);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "tell a fork: no memory");
    return ST_OK;
}

static int prove(struct sy_engine *e, struct sy_session *s, uint32_t index, uint64_t seq,
                 const struct cr_hash *chain, const struct cr_sig *sig, bool tell)
{
    const struct sy_log *log = &e->f.log[index].l;
    uint64_t from = seq < log->link.seq_next ? seq : log->link.seq_next - 1;
    struct sc_fork f;
    size_t ours;
    int rc;

    CR_ASSERT(log->link.seq_next > 0);
    memset(&f, 0, sizeof f);
    f.key = log->key;
    f.side[0].seq = seq;
    f.side[0].chain = *chain;
    f.side[0].sig = *sig;
    rc = e->view->checkpoint_at(e->view->arg, log->handle, from, &f.side[1].seq, &f.side[1].chain,
                                &f.side[1].sig);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "read a checkpoint: %s", st_text((enum st_code)rc));
    /* Both sides put it down the same way: the lower entry first. */
    ours = f.side[1].seq < seq || (f.side[1].seq == seq && cr_hash_cmp(&f.side[1].chain, chain) < 0)
               ? 0
               : 1;
    if (ours == 0) {
        struct sc_fork swap = f;

        f.side[0] = swap.side[1];
        f.side[1] = swap.side[0];
    }
    return report(e, s, index, &f, tell);
}

int sy_fork_proven(struct sy_engine *e, struct sy_session *s, uint32_t log, uint64_t seq,
                   const struct cr_hash *chain, const struct cr_sig *sig)
{
    return prove(e, s, log, seq, chain, sig, true);
}

/* *differs: this signed place is not on our branch. */
static int on_our_branch(struct sy_engine *e, struct sy_session *s, const struct sy_log *log,
                         uint64_t seq, const struct cr_hash *chain, bool *differs)
{
    struct cr_hash ours;
    int rc;

    *differs = false;
    if (seq >= log->link.seq_next)
        return ST_OK;
    rc = e->view->chain_at(e->view->arg, log->handle, seq, &ours);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "read a chain value: %s", st_text((enum st_code)rc));
    *differs = !cr_hash_equal(&ours, chain);
    return ST_OK;
}

int sy_fork_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body)
{
    struct sc_fork f;
    struct st_err err = {ST_OK, ""};
    struct cr_hash id;
    uint32_t log;
    int rc = sc_fork_decode(body, &f, &err);

    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "%s", err.msg);
    if (++s->fork_frames > SY_FORK_FRAMES_MAX)
        return SY_BLAME(e, s, ST_MALFORMED, "fork: more than %d frames", SY_FORK_FRAMES_MAX);
    if ((sy_frontier_mask(&e->f, &f.key.scope, 1) & s->mask) == 0)
        return SY_BLAME(e, s, ST_DENIED, "fork: scope %llu is not shared",
                        (unsigned long long)f.key.scope);
    sc_log_id(&e->cfg.net, &f.key, &id);
    for (size_t i = 0; i < 2; i++) {
        if (sc_checkpoint_verify(&f.key.author, &e->cfg.net, &id, f.side[i].seq, &f.side[i].chain,
                                 &f.side[i].sig) != ST_OK)
            return SY_BLAME(e, s, ST_FORGED, "fork: signature %zu does not verify", i);
    }
    log = sy_frontier_find(&e->f, &id);
    if (log == SY_NONE || e->f.log[log].l.link.seq_next == 0)
        return ST_OK; /* nothing of it is here to be in doubt */
    for (size_t i = 0; i < 2; i++) {
        bool differs;

        if (on_our_branch(e, s, &e->f.log[log].l, f.side[i].seq, &f.side[i].chain, &differs) !=
            ST_OK)
            return ST_STATE;
        if (differs)
            return prove(e, s, log, f.side[i].seq, &f.side[i].chain, &f.side[i].sig, false);
    }
    if (f.side[0].seq == f.side[1].seq && !cr_hash_equal(&f.side[0].chain, &f.side[1].chain))
        return report(e, s, log, &f, false);
    return ST_OK; /* signed twice, no contradiction that we can see */
}
