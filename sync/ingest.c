/* What comes in: batches of runs, verified before anything else sees them.
 *
 * Happy path of a run: it continues a verified head; leaves and chain are recomputed; one signature
 * at its end vouches for all; it goes to the store (PERSIST) and the head moves. Several runs may
 * be with the store at once, also of one branch (stored.c has its answers). What is held already is
 * skipped. A run that leaves a stored path and is signed begins a branch: both go on, the evidence
 * is reported. Failure: what starts at a verified head and does not verify ends the session and
 * reaches nobody; what starts inside and proves nothing is dropped, and the two sides look for the
 * place where their branches part (spine.c). */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

static int name_branch(struct sy_session *s, uint32_t lead)
{
    if (s->in_count == s->in_cap) {
        uint32_t cap = s->in_cap == 0 ? 16 : s->in_cap * 2;
        struct sy_in *in = realloc(s->in, cap * sizeof *in);

        if (in == NULL)
            return ST_NOMEM;
        s->in = in;
        s->in_cap = cap;
    }
    s->in[s->in_count++] = (struct sy_in){.lead = lead};
    return ST_OK;
}

static uint64_t count_strangers(struct sy_engine *e)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < e->f.count; i++) {
        if (e->f.log[i].lead == i && !e->view->certified(e->view->arg, &e->f.log[i].l.key.author))
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

/* A branch the peer names for the first time: its log into *lead, SY_NONE when it is not taken. */
static int first_mention(struct sy_engine *e, struct sy_session *s, const struct sc_run *run,
                         uint32_t *lead, enum sy_file_skip *why)
{
    struct cr_hash id;
    uint32_t log;

    *lead = SY_NONE;
    *why = SY_FS_REFUSED;
    if (s->in_count >= (s->file ? SY_FILE_REFS_MAX : e->f.count + SY_REFS_EXTRA))
        return SY_BLAME(e, s, ST_MALFORMED, "run: branches named %u times", (unsigned)s->in_count);
    if ((sy_frontier_mask(&e->f, &run->key.scope, 1) & s->mask) == 0 && s->file) {
        *why = SY_FS_SCOPE;
        return ST_OK;
    }
    if ((sy_frontier_mask(&e->f, &run->key.scope, 1) & s->mask) == 0)
        return SY_BLAME(e, s, ST_DENIED, "run: scope %llu is not shared",
                        (unsigned long long)run->key.scope);
    sc_log_id(&e->cfg.net, &run->key, &id);
    log = sy_frontier_find(&e->f, &id);
    if (log == SY_NONE) {
        if (!sy_stranger_may(e, s, &run->key, SY_NONE, run->count)) {
            sy_trace(e, s, "stop: log of an unknown author, too many of them");
            if (s->file)
                return ST_OK;
            return ++s->in_stopped > SY_STOPPED_REFS_MAX
                       ? SY_BLAME(e, s, ST_FULL, "run: too many logs of unknown authors")
                       : ST_OK;
        }
        if (run->first_seq != 0 && s->file) {
            *why = SY_FS_GAP;
            sy_file_gap(e, &run->key, run->first_seq, 0);
            return ST_OK;
        }
        if (run->first_seq != 0)
            return SY_BLAME(e, s, ST_MALFORMED, "run: a new log starts at %llu",
                            (unsigned long long)run->first_seq);
        if (sy_frontier_add(&e->f, &run->key, &id, &log) != ST_OK)
            return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a log");
        if (e->strangers_counted && !e->view->certified(e->view->arg, &run->key.author))
            e->stranger_logs++;
    }
    *lead = log;
    return ST_OK;
}

/* Extends link by the entries from index `from` on; chain values into chains[0 …]. */
static int extend(const struct sc_run *run, size_t from, struct sc_link *link,
                  struct cr_hash *chains)
{
    for (size_t i = from; i < run->count; i++) {
        int rc = sc_link_wire(link, &run->e[i]);

        if (rc != ST_OK)
            return rc;
        chains[i - from] = link->chain;
    }
    return ST_OK;
}

/* The run has no place here, or proves nothing: nothing of its branch is taken until a run says
 * where it belongs, and the two sides look where their branches part. */
static int drop(struct sy_engine *e, struct sy_session *s, struct sy_in *in, const char *why)
{
    int rc;

    in->lost = true;
    in->at_ok = false;
    sy_trace(e, s, "dropped: a run %s", why);
    if (s->file)
        return ST_OK; /* nobody to ask */
    rc = sy_spine_want(e, s, in->lead);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "no memory for a log");
    return ST_OK;
}

/* The run is to be acknowledged once all before it is stored, if its end is then held. */
static int wait_for(struct sy_engine *e, struct sy_session *s, uint32_t in_ref,
                    const struct sc_link *end)
{
    struct sy_op *op = sy_op_new(e, s, SY_OP_WAIT);

    if (op == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a run");
    op->log = s->in[in_ref].lead;
    op->in_ref = in_ref;
    op->last_seq = end->seq_next - 1;
    op->link = *end;
    return ST_OK;
}

/* Drops the first skip entries: they are held already. */
static void trim(struct sy_verified *v, size_t skip)
{
    if (skip == 0)
        return;
    v->run.first_seq += skip;
    v->run.count -= skip;
    memmove(v->run.e, v->run.e + skip, v->run.count * sizeof v->run.e[0]);
    memmove(v->chains, v->chains + skip, v->run.count * sizeof v->chains[0]);
}

/* The run is verified: to the store with it. base: before its first new entry. */
static int hand_over(struct sy_engine *e, struct sy_session *s, uint32_t b, uint32_t in_ref,
                     struct sy_verified *v, const struct sc_link *base, const struct sc_link *link)
{
    struct sy_op *op = sy_op_new(e, s, SY_OP_RUN);
    struct sy_update *u;

    if (op == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a run");
    op->log = b;
    op->in_ref = in_ref;
    op->last_seq = link->seq_next - 1;
    op->count = v->run.count;
    op->link = *link;
    if (sy_frontier_push(&e->f, b, base, link) != ST_OK) {
        sy_op_undo(e);
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a run");
    }
    v->run.key = e->f.log[b].l.key;
    u = sy_push(e, SY_UP_PERSIST, s);
    u->token = op->token;
    u->run = &v->run;
    u->chains = v->chains;
    u->before = base->chain;
    u->key = v->run.key;
    u->log_id = e->f.log[b].l.id;
    s->received_entries += v->run.count;
    s->idle_frames = 0;
    s->quiet_since_ms = e->now_ms;
    return sy_peer_has(e, s, b, link->seq_next);
}

static int refuse(struct sy_engine *e, struct sy_session *s, struct sy_in *in)
{
    in->stopped = true;
    s->in_stopped++;
    sy_trace(e, s, "stop: more than %d entries of an unknown author", SY_UNKNOWN_ENTRIES_MAX);
    return ST_OK;
}

/* The run starts at a verified head (or begins a log): it has to verify. */
static int take_at_head(struct sy_engine *e, struct sy_session *s, uint32_t in_ref,
                        struct sy_verified *v, const struct sy_place *p)
{
    const struct sc_run *run = &v->run;
    struct sc_link link = p->link;
    int rc = extend(run, 0, &link, v->chains);

    if (rc == ST_OK)
        rc = sy_run_check(e, p->branch, run, &link.chain);
    if (rc != ST_OK) {
        sy_frontier_undo(&e->f, p->branch);
        e->strangers_counted = false;
        return SY_BLAME(e, s, rc == ST_FORGED ? ST_FORGED : ST_MALFORMED,
                        "run: entries from %llu of log %u: %s", (unsigned long long)run->first_seq,
                        (unsigned)in_ref,
                        rc == ST_FORGED ? "the signature does not verify" : "lamport out of step");
    }
    s->in[in_ref].at = link;
    return hand_over(e, s, p->branch, in_ref, v, &p->link, &link);
}

/* The new part of a run begins a branch where it leaves what is stored. */
static int begin_branch(struct sy_engine *e, struct sy_session *s, uint32_t in_ref,
                        struct sy_verified *v, const struct sc_link *base,
                        const struct sc_link *link)
{
    uint32_t lead = s->in[in_ref].lead, b, left;
    int rc = sy_branch_find(e, lead, base->seq_next - 1, base->chain.b, CR_HASH_BYTES, &left);

    if (base->seq_next == 0)
        left = sy_branch_any(e, lead);
    if (rc == ST_OK)
        rc = sy_branch_add(e, lead, base->seq_next, &b);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "begin a branch: %s", st_text((enum st_code)rc));
    sy_trace(e, s, "branch: log %02x%02x, from %llu", e->f.log[b].l.id.b[0], e->f.log[b].l.id.b[1],
             (unsigned long long)base->seq_next);
    if (left != SY_NONE && e->f.log[left].l.link.seq_next > base->seq_next &&
        sy_fork_proven(e, s, left, link->seq_next - 1, &link->chain, &v->run.sig) != ST_OK)
        return ST_STATE;
    return hand_over(e, s, b, in_ref, v, base, link);
}

/* The run starts inside what is stored, or with the store. */
static int take_inside(struct sy_engine *e, struct sy_session *s, uint32_t in_ref,
                       struct sy_verified *v, const struct sy_place *p)
{
    struct sy_in *in = &s->in[in_ref];
    struct sc_link link = p->link;
    struct sy_overlap o;
    int rc;

    if (extend(&v->run, 0, &link, v->chains) != ST_OK)
        return drop(e, s, in, "that starts inside and is out of step");
    rc = sy_place_overlap(e, in->lead, p, v, &o);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "compare a run: %s", st_text((enum st_code)rc));
    if (s->file)
        e->file.known_entries += o.unsure ? v->run.count : o.known;
    if (o.unsure || o.known == v->run.count) {
        in->at = link;
        in->at_ok = true;
        return wait_for(e, s, in_ref, &link);
    }
    if (!o.in_step || sy_run_check(e, in->lead, &v->run, &link.chain) != ST_OK)
        return drop(e, s, in, "that starts inside and proves nothing");
    if (!sy_stranger_may(e, s, &e->f.log[in->lead].l.key, in->lead, link.seq_next))
        return refuse(e, s, in);
    in->at = link;
    in->at_ok = true;
    trim(v, o.known);
    if (o.grows != SY_NONE)
        return hand_over(e, s, o.grows, in_ref, v, &o.base, &link);
    return begin_branch(e, s, in_ref, v, &o.base, &link);
}

/* The store refused what stands before: it may take that when it sees where it leads, since an
 * entry that authority names vouches for all before it. */
static void pass_by(struct sy_engine *e, struct sy_session *s, struct sy_in *in,
                    struct sy_verified *v)
{
    const struct sc_run *run = &v->run;
    struct cr_hash before = in->at.chain;
    struct sy_update *u;

    in->at_ok = in->at_ok && in->at.seq_next == run->first_seq &&
                (!run->has_before || memcmp(before.b, run->before8, sizeof run->before8) == 0) &&
                extend(run, 0, &in->at, v->chains) == ST_OK;
    if (!in->at_ok)
        return;
    u = sy_push(e, SY_UP_PASSED, s);
    u->run = run;
    u->chains = v->chains;
    u->before = before;
    u->key = v->run.key = e->f.log[in->lead].l.key;
    u->log_id = e->f.log[in->lead].l.id;
}

static int take_run(struct sy_engine *e, struct sy_session *s, struct sy_verified *v)
{
    const struct sc_run *run = &v->run;
    struct sy_place place;
    struct sy_in *in;
    enum sy_file_skip why = SY_FS_REFUSED;
    uint32_t lead, in_ref = (uint32_t)run->log_ref;
    int rc;

    if (run->has_key) {
        if (first_mention(e, s, run, &lead, &why) != ST_OK)
            return ST_STATE;
        in_ref = s->in_count;
        if (name_branch(s, lead) != ST_OK)
            return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for a log");
        s->in[in_ref].why = why;
    } else if (run->log_ref >= s->in_count) {
        return SY_BLAME(e, s, ST_MALFORMED, "run: log %llu was not named",
                        (unsigned long long)run->log_ref);
    }
    in = &s->in[in_ref];
    if (in->lead == SY_NONE || in->stopped) {
        if (s->file)
            e->file.skipped[in->why] += run->count;
        if (in->lead != SY_NONE && in->refused)
            pass_by(e, s, in, v);
        return ST_OK;
    }
    rc = sy_place_find(e, in, run, &place);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "place a run: %s", st_text((enum st_code)rc));
    if (s->file && (place.kind == SY_PLACE_NONE || place.kind == SY_PLACE_GAP))
        return sy_file_stray(e, s, in, run);
    if (place.kind == SY_PLACE_GAP && !in->lost && !e->f.log[in->lead].wavered)
        return SY_BLAME(e, s, ST_MALFORMED, "run: log %u starts at %llu, held up to %llu",
                        (unsigned)in_ref, (unsigned long long)run->first_seq,
                        (unsigned long long)place.link.seq_next);
    if (place.kind == SY_PLACE_NONE || place.kind == SY_PLACE_GAP)
        return drop(e, s, in, "that has no place here");
    in->lost = false;
    if (place.kind != SY_PLACE_HEAD)
        return take_inside(e, s, in_ref, v, &place);
    if (!sy_stranger_may(e, s, &e->f.log[in->lead].l.key, in->lead, run->first_seq + run->count))
        return refuse(e, s, in);
    in->at_ok = true;
    return take_at_head(e, s, in_ref, v, &place);
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
        struct sy_verified *v = sy_temp(e, sizeof *v);

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
