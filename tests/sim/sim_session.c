/* What a node says on a session, against what is on its disk: an acknowledgement may name only
 * entries that were committed before, a run may be answered as stored only after its commit, and a
 * frontier is remembered as common only when it is held. */
#include "schema/pack.h"
#include "tests/sim/sim.h"

#include <stdlib.h>
#include <string.h>

struct token {
    uint64_t token;
    bool urgent;
    struct sim_head head; /* end of the run */
};

struct sim_session {
    uint32_t id;
    struct sc_unpack *unpack; /* reads the peer's batches once more */
    struct cr_hash *ref;      /* log id by the number the peer uses */
    size_t ref_n, ref_cap;
    struct token *token;
    size_t token_n, token_cap;
};

static struct sim_session *find(struct sim_node *n, uint32_t id)
{
    for (size_t i = 0; i < n->session_count; i++)
        if (n->session[i].id == id)
            return &n->session[i];
    return NULL;
}

static void open_session(struct sim_node *n, uint32_t id)
{
    struct sim_session *more;

    if (find(n, id) != NULL)
        return;
    more = realloc(n->session, (n->session_count + 1) * sizeof *more);
    if (more == NULL)
        return;
    n->session = more;
    more[n->session_count++] = (struct sim_session){.id = id};
}

static void release(struct sim_session *x)
{
    sc_unpack_free(x->unpack);
    free(x->ref);
    free(x->token);
}

static void close_session(struct sim_node *n, uint32_t id)
{
    struct sim_session *x = find(n, id);

    if (x == NULL)
        return;
    release(x);
    *x = n->session[--n->session_count];
}

void sim_sessions_release(struct sim_node *n)
{
    for (size_t i = 0; i < n->session_count; i++)
        release(&n->session[i]);
    free(n->session);
    n->session = NULL;
    n->session_count = 0;
}

static bool is_durable(const struct sim_node *n, const struct cr_hash *log_id, uint64_t seq)
{
    const struct sim_head *h = sim_heads_find(&n->durable, log_id);

    if (n->sim->liars != NULL)
        return sim_book_has(n, log_id, seq, NULL);
    return h != NULL && h->seq >= seq;
}

static void answered(struct sim_node *n, const struct sy_event *ev)
{
    struct sim_session *x = find(n, ev->session);

    for (size_t i = 0; x != NULL && i < x->token_n; i++) {
        struct token *t = &x->token[i];

        if (t->token != ev->token)
            continue;
        if (ev->status == ST_OK && !t->urgent && !is_durable(n, &t->head.log_id, t->head.seq))
            sim_fail(n->sim, "node %zu: a run up to %llu is answered as stored before its commit",
                     n->index, (unsigned long long)t->head.seq);
        *t = x->token[--x->token_n];
        return;
    }
}

static void name_logs(struct sim_node *n, struct sim_session *x, struct cr_span raw,
                      struct sc_run *run)
{
    struct sc_reader r;
    uint64_t count = 0;

    if (sc_batch_open(raw, &r, &count) != ST_OK)
        return;
    for (uint64_t i = 0; i < count && sc_run_decode(&r, run, NULL) == ST_OK; i++) {
        if (!run->has_key)
            continue;
        x->ref = sim_grow(x->ref, &x->ref_cap, x->ref_n, sizeof *x->ref);
        sc_log_id(&n->sim->net, &run->key, &x->ref[x->ref_n++]);
    }
}

/* The numbers that acknowledgements will use: a log gets the next one when it is first named. */
static void read_batch(struct sim_node *n, uint32_t session, struct cr_span body)
{
    struct sim_session *x = find(n, session);
    struct sc_run *run;
    struct cr_buf raw;

    if (x == NULL)
        return;
    if (x->unpack == NULL)
        x->unpack = sc_unpack_new();
    run = malloc(sizeof *run);
    cr_buf_init(&raw, SC_BATCH_RAW_MAX);
    if (run != NULL && x->unpack != NULL &&
        sc_unpack_block(x->unpack, body, SC_BATCH_RAW_MAX, &raw) == ST_OK)
        name_logs(n, x, cr_buf_span(&raw), run);
    cr_buf_release(&raw);
    free(run);
}

/* An empty acknowledgement is a sign of life; the sender's stream starts anew behind it. */
static void read_ack(struct sim_node *n, uint32_t session, struct cr_span body)
{
    struct sim_session *x = find(n, session);
    struct sc_ack ack;

    if (x == NULL || sc_ack_decode(body, &ack, NULL) != ST_OK || ack.credit_bytes != 0 ||
        ack.count != 0)
        return;
    sc_unpack_free(x->unpack);
    x->unpack = NULL;
}

void sim_session_before(struct sim_node *n, const struct sy_event *ev)
{
    if (ev->type == SY_EV_DIAL || ev->type == SY_EV_ACCEPT)
        open_session(n, ev->session);
    else if (ev->type == SY_EV_PERSISTED && n->state == SIM_UP)
        answered(n, ev);
    else if (ev->type == SY_EV_FRAME && ev->frame.n > 1 && ev->frame.p[0] == SC_FT_BATCH)
        read_batch(n, ev->session, (struct cr_span){ev->frame.p + 1, ev->frame.n - 1});
    else if (ev->type == SY_EV_FRAME && ev->frame.n > 1 && ev->frame.p[0] == SC_FT_ACK)
        read_ack(n, ev->session, (struct cr_span){ev->frame.p + 1, ev->frame.n - 1});
}

static void asked(struct sim_node *n, const struct sy_update *u)
{
    struct sim_session *x = find(n, u->session);
    struct token t = {.token = u->token, .urgent = u->type == SY_UP_PERSIST_URGENT};

    if (x == NULL)
        return;
    if (!t.urgent) {
        t.head.log_id = u->log_id;
        t.head.seq = u->run->first_seq + u->run->count - 1;
    }
    x->token = sim_grow(x->token, &x->token_cap, x->token_n, sizeof *x->token);
    x->token[x->token_n++] = t;
}

static void sent_ack(struct sim_node *n, const struct sy_update *u)
{
    struct sim_session *x = find(n, u->session);
    struct sc_ack ack;
    struct st_err err = {0};

    if (sc_ack_decode((struct cr_span){u->frame.p + 1, u->frame.n - 1}, &ack, &err) != ST_OK) {
        sim_fail(n->sim, "node %zu sends an ack that does not decode: %s", n->index, err.msg);
        return;
    }
    for (size_t i = 0; x != NULL && i < ack.count; i++) {
        uint64_t ref = ack.at[i].log_ref;

        if (ref >= x->ref_n)
            sim_fail(n->sim, "node %zu acknowledges log %llu, which was not named", n->index,
                     (unsigned long long)ref);
        else if (!is_durable(n, &x->ref[ref], ack.at[i].seq))
            sim_fail(n->sim, "node %zu acknowledges %llu of a log before its commit", n->index,
                     (unsigned long long)ack.at[i].seq);
    }
}

static void remembered(struct sim_node *n, const struct sy_update *u)
{
    for (size_t i = 0; i < u->common_count; i++) {
        const struct sim_head *h = sim_heads_find(&n->durable, &u->common[i].log_id);

        if (n->sim->liars != NULL) { /* logs have branches */
            if (!sim_book_has(n, &u->common[i].log_id, u->common[i].seq, u->common[i].chain8))
                sim_fail(n->sim, "node %zu remembers a common head that it does not hold",
                         n->index);
            continue;
        }
        if (h == NULL || h->seq < u->common[i].seq)
            sim_fail(n->sim, "node %zu remembers a common head %llu that it does not hold",
                     n->index, (unsigned long long)u->common[i].seq);
        else if (h->seq == u->common[i].seq && memcmp(h->chain.b, u->common[i].chain8, 8) != 0)
            sim_fail(n->sim, "node %zu remembers a common head of another history", n->index);
    }
}

void sim_session_after(struct sim_node *n, const struct sy_event *ev, const struct sy_updates *up)
{
    if (n->state != SIM_UP)
        return;
    for (size_t i = 0; i < up->count; i++) {
        const struct sy_update *u = &up->u[i];

        if (u->type == SY_UP_PERSIST || u->type == SY_UP_PERSIST_URGENT)
            asked(n, u);
        else if (u->type == SY_UP_SEND && u->frame.n > 1 && u->frame.p[0] == SC_FT_ACK)
            sent_ack(n, u);
        else if (u->type == SY_UP_COMMON)
            remembered(n, u);
        else if (u->type == SY_UP_CLOSE && u->blame && n->sim->o.bug == SIM_BUG_NONE &&
                 n->sim->o.plant == 0 && !sim_net_from_guest(n, u->session) &&
                 (n->sim->faults & (SIM_F_REPLAY | SIM_F_CORRUPT)) == 0)
            sim_fail(n->sim, "node %zu blames an honest peer: %s", n->index, u->text);
        if (u->type == SY_UP_CLOSE)
            close_session(n, u->session);
    }
    if (ev->type == SY_EV_CLOSED)
        close_session(n, ev->session);
}
