/* Checks after a step: of the node that was touched, a few random samples. They read what the store
 * holds through the engine's view and judge it anew, with the records of the seam and of the acts.
 */
#include "tests/sim/sim_invariant.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct logs {
    struct sy_log *l;
    size_t n, cap;
};

static int collect(void *arg, const struct sy_log *log)
{
    struct logs *to = arg;

    to->l = sim_grow(to->l, &to->cap, to->n, sizeof *to->l);
    to->l[to->n++] = *log;
    return 0;
}

static void read_logs(struct sim_node *n, struct logs *out)
{
    const struct sy_view *v = nd_store_view(n->store);

    *out = (struct logs){0};
    if (v->each_log(v->arg, collect, out) != 0)
        sim_fail(n->sim, "node %zu: the logs cannot be read", n->index);
}

/* ---- nothing unsigned ---- */

/* Computes the run's chain and verifies its signature, from what is stored and nothing else. */
static int verify_run(struct sim_node *n, const struct sy_log *log, const struct sc_run *run,
                      const struct cr_hash *before, uint64_t lamport)
{
    struct sc_link link = {.seq_next = run->first_seq, .lamport = lamport, .chain = *before};

    for (size_t i = 0; i < run->count; i++) {
        int rc = sc_link_wire(&link, &run->e[i]);

        if (rc != ST_OK)
            return rc;
    }
    return sim_real_verify(&log->key.author, &n->sim->net, &log->id, link.seq_next - 1, &link.chain,
                           &run->sig);
}

static void check_signed(struct sim_node *n, const struct sy_log *log)
{
    const struct sy_view *v = nd_store_view(n->store);
    struct sc_run *run = calloc(1, sizeof *run);
    struct cr_hash before = log->id;
    struct cr_buf bytes;
    uint64_t from = 0, lamport = 0;
    int rc = ST_OK;

    CR_ASSERT(run != NULL);
    cr_buf_init(&bytes, UINT64_C(64) << 20);
    /* from the start or from the span of kept checkpoints that a random entry lies in */
    from = ts_prng_below(&n->sim->rng, log->link.seq_next) / SC_CKPT_ALIGN * SC_CKPT_ALIGN;
    if (from > 0) {
        rc = v->chain_at(v->arg, log->handle, from - 1, &before);
        if (rc == ST_OK)
            rc = v->read_run(v->arg, log->handle, from - 1, run, &bytes);
        if (rc == ST_OK)
            lamport = run->e[0].lamport;
    }
    if (rc == ST_OK)
        rc = v->read_run(v->arg, log->handle, from, run, &bytes);
    if (rc == ST_OK)
        rc = verify_run(n, log, run, &before, lamport);
    if (rc != ST_OK)
        sim_fail(n->sim, "node %zu holds entries from %llu of scope %llu that do not verify: %s",
                 n->index, (unsigned long long)from, (unsigned long long)log->key.scope,
                 st_name((enum st_code)rc));
    cr_buf_release(&bytes);
    free(run);
}

/* ---- nothing acknowledged is lost ---- */

struct seek {
    struct sim_node *n;
    const struct sim_head *h;
    bool found;
};

static bool lies_on(struct sim_node *n, const struct sy_log *log, const struct sim_head *h)
{
    const struct sy_view *v = nd_store_view(n->store);
    struct cr_hash chain;

    return log->link.seq_next > h->seq &&
           v->chain_at(v->arg, log->handle, h->seq, &chain) == ST_OK &&
           cr_hash_equal(&chain, &h->chain);
}

static int seek_branch(void *arg, const struct sy_log *log)
{
    struct seek *k = arg;

    k->found = k->found || (cr_hash_equal(&log->id, &k->h->log_id) && lies_on(k->n, log, k->h));
    return 0;
}

/* On the longest branch, or on another one. */
bool sim_holds(struct sim_node *n, const struct sim_head *h)
{
    const struct sy_view *v = nd_store_view(n->store);
    struct seek k = {.n = n, .h = h};
    struct sy_log log;
    int rc = nd_store_log(n->store, &h->key, &log);

    if ((rc == ST_OK || rc == ST_CONFLICT) && lies_on(n, &log, h))
        return true;
    return rc == ST_CONFLICT && v->each_log(v->arg, seek_branch, &k) == 0 && k.found;
}

static void check_ack(struct sim_node *n, const struct sim_head *h)
{
    if (!sim_holds(n, h))
        sim_fail(n->sim, "node %zu lost entry %llu that it had promised to keep", n->index,
                 (unsigned long long)h->seq);
}

bool sim_folds(const struct sim_entry *e)
{
    const struct sc_record *rec = sc_record_find(e->type);
    struct sc_payload p;
    struct sc_body body;

    return rec != NULL && rec->type != SC_R_INCARNATION &&
           sc_record_check((struct cr_span){e->payload, e->payload_bytes}, &p, &body, NULL) ==
               ST_OK;
}

bool sim_role_reason(struct sim_node *n, const struct sim_entry *e)
{
    const struct sc_record *rec = sc_record_find(e->type);

    if (!sim_folds(e))
        return true; /* nothing that could count */
    return (sc_certs_roles(nd_store_certs(n->store), &e->key.author, e->key.scope, 0, 0) &
            rec->writers) == 0;
}

/* ---- closures ---- */

/* Facts of one hazard, as far as this check needs them. */
struct story {
    struct sim *s;
    uint64_t danger_lamport; /* of the latest certified or open danger */
    uint64_t clear_lamport;  /* of the latest clearance by somebody who may clear */
    uint64_t severity;
    bool clear_by_street, second, danger_held;
    struct sc_id fixer[64];
    size_t fixer_n;
    struct sc_id clearer[64];
    size_t clearer_n;
};

static uint32_t roles_of(const struct sim *s, const struct cr_sign_pk *author)
{
    for (size_t i = 0; i < SIM_PERSONS; i++)
        if (cr_sign_pk_equal(&s->person[i].id.sign_pk, author))
            return s->person[i].roles;
    return 0;
}

static int read_fact(void *arg, const struct nd_history_row *row)
{
    struct story *t = arg;
    const struct sc_fact *f = &row->fact;
    uint32_t roles = roles_of(t->s, &f->author);
    bool clears = !row->held && (f->type == SC_R_HAZARD_PASS || f->type == SC_R_HAZARD_VOID);
    bool danger = f->type == SC_R_HAZARD_REPORT || f->type == SC_R_HAZARD_FAIL ||
                  f->type == SC_R_HAZARD_REOPEN || f->type == SC_R_HAZARD_EMERGENCY;

    if (danger && row->held) /* of a key that was cut: shown, and without effect */
        t->danger_held = true;
    else if (danger && f->lamport > t->danger_lamport)
        t->danger_lamport = f->lamport;
    if (clears && (roles & (SC_ROLE_OFFICER | SC_ROLE_CHIEF | SC_ROLE_VILLAGE | SC_ROLE_STREET))) {
        if (f->lamport > t->clear_lamport)
            t->clear_lamport = f->lamport;
        if (t->clearer_n < 64)
            t->clearer[t->clearer_n++] = f->person;
    }
    if (f->type == SC_R_HAZARD_FIX && t->fixer_n < 64)
        t->fixer[t->fixer_n++] = f->person;
    return 0;
}

static int check_closed(void *arg, const struct nd_hazard_row *row)
{
    struct sim_node *n = arg;
    struct story t = {.s = n->sim};
    struct st_err err = {0};
    char hex[2 * SC_ID_BYTES + 1];

    if (nd_store_history(n->store, &row->subject, read_fact, &t, &err) != ST_OK) {
        sim_fail(n->sim, "node %zu: history: %s", n->index, err.msg);
        return 1;
    }
    cr_hex(row->subject.b, SC_ID_BYTES, hex);
    /* necessary, whatever the graph is: a clearance sees a danger only if it is later in lamport */
    if (t.clearer_n == 0)
        sim_fail(n->sim, "node %zu: %s is closed without a clearance by anyone with the role",
                 n->index, hex);
    else if (t.danger_held && (row->h.flags & SC_HF_UNVERIFIED) == 0)
        sim_fail(n->sim, "node %zu: %s hides a danger that is held", n->index, hex);
    else if (t.clear_lamport < t.danger_lamport)
        sim_fail(n->sim, "node %zu: %s is closed over a danger that no clearance has seen",
                 n->index, hex);
    else if (row->h.uncovered_count != 0)
        sim_fail(n->sim, "node %zu: %s is closed with %zu dangers uncovered", n->index, hex,
                 row->h.uncovered_count);
    return 0;
}

static void check_closures(struct sim_node *n, bool all)
{
    struct nd_hazard_query q = {.state = ND_HZ_CLOSED, .limit = all ? 0 : 1};
    struct st_err err = {0};
    uint64_t total = 0;

    if (!all && n->sim->hazard_n > 0)
        q.offset = (size_t)ts_prng_below(&n->sim->rng, n->sim->hazard_n / 8 + 1);
    if (nd_store_hazards(n->store, &q, check_closed, n, &total, &err) != ST_OK && !n->sim->failed)
        sim_fail(n->sim, "node %zu: list of closed hazards: %s", n->index, err.msg);
}

/* ---- after a step ---- */

static void check_engine(struct sim_node *n)
{
    uint64_t logs, expected = n->durable.n;
    struct sc_id fp = sy_engine_fingerprint(nd_driver_engine(n->driver), NULL, 0, &logs);
    struct sc_id own = sim_heads_fingerprint(&n->durable);

    if (logs != expected || !sc_id_equal(&fp, &own))
        sim_fail(n->sim,
                 "node %zu: the engine's frontier (%llu logs) is not what was committed (%llu)",
                 n->index, (unsigned long long)logs, (unsigned long long)expected);
}

void sim_check_step(struct sim *s, struct sim_node *n, bool settled)
{
    struct logs logs;

    if (s->failed || n->state != SIM_UP)
        return;
    if (!sim_net_caps(s))
        sim_fail(s, "more than %llu bytes under way on one connection",
                 (unsigned long long)SIM_CONN_BYTES_MAX);
    if (!settled || n->txn || n->lazy)
        return;
    if (s->liars == NULL)
        check_engine(n);
    sim_invariants_settled(n);
    if (!ts_prng_chance(&s->rng, 1, 8))
        return;
    s->count.checks++;
    if (n->acks.n > 0)
        check_ack(n, &n->acks.h[ts_prng_below(&s->rng, n->acks.n)]);
    check_closures(n, false);
    read_logs(n, &logs);
    if (logs.n > 0)
        check_signed(n, &logs.l[ts_prng_below(&s->rng, logs.n)]);
    free(logs.l);
}

static int count_entry(void *arg, const struct sy_log *log)
{
    struct sim_node *n = arg;
    struct cr_hash chain;

    if (nd_store_view(n->store)->chain_at(nd_store_view(n->store)->arg, log->handle,
                                          log->link.seq_next - 1, &chain) != ST_OK ||
        sim_book_find(&n->sim->book, &chain) < 0)
        return 1;
    return 0;
}

/* With branches: every head that a node comes back with is an entry that it committed. */
static void check_entries(struct sim_node *n)
{
    const struct sy_view *v = nd_store_view(n->store);

    if (v->each_log(v->arg, count_entry, n) != 0)
        sim_fail(n->sim, "node %zu reopens with an entry that it never committed", n->index);
}

/* What a node finds on its disk after it has died is exactly what was committed: nothing less, and
 * nothing of a transaction that was not. */
void sim_check_reopened(struct sim_node *n)
{
    struct logs logs;

    read_logs(n, &logs);
    if (n->sim->liars != NULL) {
        check_entries(n);
        logs.n = 0;
    } else if (logs.n != n->durable.n)
        sim_fail(n->sim, "node %zu reopens with %zu logs, %zu were committed", n->index, logs.n,
                 n->durable.n);
    for (size_t i = 0; i < logs.n && !n->sim->failed; i++) {
        const struct sim_head *h = sim_heads_find(&n->durable, &logs.l[i].id);

        if (h == NULL || h->seq + 1 != logs.l[i].link.seq_next ||
            !cr_hash_equal(&h->chain, &logs.l[i].link.chain))
            sim_fail(n->sim, "node %zu reopens with a log of %llu entries, %llu were committed",
                     n->index, (unsigned long long)logs.l[i].link.seq_next,
                     h == NULL ? 0ULL : (unsigned long long)h->seq + 1);
    }
    free(logs.l);
    for (size_t i = 0; i < n->acks.n && !n->sim->failed; i++)
        check_ack(n, &n->acks.h[i]);
}

/* ---- at the end, of one node ---- */

static void say(void *arg, const char *line)
{
    struct sim_node *n = arg;

    sim_trace(n->sim, "n%zu verify: %s", n->index, line);
    sim_fail(n->sim, "node %zu: verify: %s", n->index, line);
}

/* There is no dishonest author in this world, and incarnations keep restored nodes apart. */
static void check_forks(struct sim_node *n)
{
    struct nd_store_stats st = {0};

    if (nd_store_stats(n->store, &st) != ST_OK)
        sim_fail(n->sim, "node %zu: no statistics", n->index);
    else if (n->sim->liars == NULL &&
             (st.forks != 0 || (st.provisional != 0 && n->sim->count.restores == 0)))
        sim_fail(n->sim, "node %zu keeps %llu forks and %llu provisional entries at the end",
                 n->index, (unsigned long long)st.forks, (unsigned long long)st.provisional);
}

void sim_check_node(struct sim_node *n, bool whole)
{
    struct nd_verify v = {0};
    struct st_err err = {0};
    struct logs logs;

    for (size_t i = 0; i < n->acks.n && !n->sim->failed; i++)
        check_ack(n, &n->acks.h[i]);
    for (size_t i = 0; i < n->owed.n && !n->sim->failed; i++)
        check_ack(n, &n->owed.h[i]);
    check_forks(n);
    check_closures(n, true);
    read_logs(n, &logs);
    for (size_t i = 0; i < 8 && logs.n > 0 && !n->sim->failed; i++)
        check_signed(n, &logs.l[ts_prng_below(&n->sim->rng, logs.n)]);
    free(logs.l);
    if (whole && !n->sim->failed && nd_store_verify(n->store, false, &v, say, n, &err) != ST_OK)
        sim_fail(n->sim, "node %zu: verify: %s", n->index, err.msg);
}
