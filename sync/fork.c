/* Evidence that an author (or a copy of it) signed two branches of one log: two checkpoints that
 * cannot both be, reported once a log and session, and told to the peer. The branches themselves
 * travel like everything else. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <string.h>

/* Reports the evidence; with tell, the peer gets it too. */
static int report(struct sy_engine *e, struct sy_session *s, uint32_t log, const struct sc_fork *f,
                  bool tell)
{
    struct sc_fork *fork = sy_temp(e, sizeof *fork);
    struct sy_slot *slot;
    struct cr_buf out;
    int rc;

    if (fork == NULL || sy_slot_lead(e, s, log, &slot) != ST_OK)
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a fork");
    if ((slot->flags & SY_SF_FORKED) != 0)
        return ST_OK;
    slot->flags |= SY_SF_FORKED;
    *fork = *f;
    sy_push(e, SY_UP_FORK, s)->fork = fork;
    sy_trace(e, s, "fork proven: log %02x%02x, entries %llu and %llu", e->f.log[log].l.id.b[0],
             e->f.log[log].l.id.b[1], (unsigned long long)f->side[0].seq,
             (unsigned long long)f->side[1].seq);
    if (!tell || s->phase == SY_S_HELLO || s->forks_told == SY_FORK_FRAMES_MAX)
        return ST_OK;
    s->forks_told++;
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

/* A branch of ours that reaches the signed place; *on: it goes through it. SY_NONE: none reaches
 * it.
 */
static int reaches(struct sy_engine *e, uint32_t lead, uint64_t seq, const struct cr_hash *chain,
                   uint32_t *b, bool *on)
{
    int rc = sy_branch_find(e, lead, seq, chain->b, CR_HASH_BYTES, b);

    *on = *b != SY_NONE;
    for (uint32_t o = lead; rc == ST_OK && *b == SY_NONE && o != SY_NONE; o = e->f.log[o].next) {
        if (e->f.log[o].l.link.seq_next > seq)
            *b = o;
    }
    return rc;
}

/* Both sides verify. Do they contradict what is here, or each other? */
static int judge(struct sy_engine *e, struct sy_session *s, uint32_t lead, const struct sc_fork *f)
{
    for (size_t i = 0; i < 2; i++) {
        const struct cr_hash *other = &f->side[1 - i].chain;
        uint32_t b;
        bool on;
        int rc = reaches(e, lead, f->side[i].seq, &f->side[i].chain, &b, &on);

        if (rc == ST_OK && b != SY_NONE && !on)
            return prove(e, s, b, f->side[i].seq, &f->side[i].chain, &f->side[i].sig, false);
        if (rc == ST_OK && on && e->f.log[b].l.link.seq_next > f->side[1 - i].seq) {
            rc = sy_branch_on(e, b, f->side[1 - i].seq, other->b, CR_HASH_BYTES, &on);
            if (rc == ST_OK && !on)
                return report(e, s, lead, f, false);
        }
        if (rc != ST_OK)
            return SY_GIVE_UP(e, s, rc, "read a chain value: %s", st_text((enum st_code)rc));
    }
    if (f->side[0].seq == f->side[1].seq && !cr_hash_equal(&f->side[0].chain, &f->side[1].chain))
        return report(e, s, lead, f, false);
    return ST_OK; /* signed twice, no contradiction that we can see */
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
    if (log == SY_NONE || sy_frontier_branches(&e->f, log) == 0)
        return ST_OK; /* nothing of it is here to be in doubt */
    return judge(e, s, log, &f);
}
