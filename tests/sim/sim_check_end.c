/* After the heal: do all agree, is every hazard listed, are the counters a recount? */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sc_id fingerprint(const struct sim_node *n, uint64_t scope, uint64_t *logs)
{
    return sy_engine_fingerprint(nd_driver_engine(n->driver), &scope, 1, logs);
}

/* The nodes of the scope that are expected to agree. */
static bool takes_part(const struct sim_node *n, uint64_t scope)
{
    return !n->stay_down && sim_node_holds(n, scope);
}

static bool scope_agrees(struct sim *s, uint64_t scope)
{
    struct sc_id first = {{0}};
    uint64_t first_logs = 0;
    bool any = false;

    for (size_t i = 0; i < s->node_count; i++) {
        uint64_t logs;
        struct sc_id fp;

        if (!takes_part(&s->node[i], scope))
            continue;
        if (s->node[i].state != SIM_UP)
            return false;
        fp = fingerprint(&s->node[i], scope, &logs);
        if (any && (logs != first_logs || !sc_id_equal(&fp, &first)))
            return false;
        first = fp;
        first_logs = logs;
        any = true;
    }
    return true;
}

bool sim_converged(struct sim *s)
{
    for (size_t v = 0; v < s->villages; v++)
        if (!scope_agrees(s, sim_village_code(v)))
            return false;
    return scope_agrees(s, SC_SCOPE_PUBLIC);
}

void sim_check_differences(struct sim *s, char *out, size_t n)
{
    size_t at = 0;

    out[0] = '\0';
    if (s->failed)
        return; /* nodes may be half made */
    for (size_t i = 0; i < s->node_count && at < n; i++) {
        struct sim_node *node = &s->node[i];

        if (node->state != SIM_UP) {
            at += (size_t)snprintf(out + at, n - at, "n%zu is down; ", i);
            continue;
        }
        for (size_t k = 0; k < node->scope_count && at < n; k++) {
            uint64_t a, b, scope = node->scopes[k];
            struct sc_id x, y;

            if (scope == SC_SCOPE_INTERNAL || i == 0 || s->node[0].state != SIM_UP)
                continue;
            x = fingerprint(node, scope, &a);
            y = fingerprint(&s->node[0], scope, &b);
            if (a != b || !sc_id_equal(&x, &y))
                at += (size_t)snprintf(
                    out + at, n - at, "n%zu scope %llu: %llu logs, street %llu; ", i,
                    (unsigned long long)scope, (unsigned long long)a, (unsigned long long)b);
        }
    }
}

/* ---- where two nodes differ, for the trace ---- */

struct compare {
    struct sim_node *a, *b;
    char first[2 * SC_ID_BYTES + 1];
};

static void encode_state(const struct sc_hazard *h, struct cr_hash *out)
{
    struct cr_buf b;

    cr_buf_init(&b, 1u << 20);
    if (sc_hazard_encode(h, &b) == ST_OK)
        cr_hash1(CR_TAG_TEST, cr_buf_span(&b), out);
    cr_buf_release(&b);
}

static int take_state(void *arg, const struct nd_hazard_row *row)
{
    encode_state(&row->h, arg);
    return 0;
}

static int tell_fact(void *arg, const struct nd_history_row *row)
{
    struct sim_node *n = arg;

    sim_trace(n->sim, "n%zu   %llu lamport %llu roles %x%s%s seq %llu %s", n->index,
              (unsigned long long)row->fact.type, (unsigned long long)row->fact.lamport,
              row->fact.roles, row->held ? " held" : "", row->provisional ? " provisional" : "",
              (unsigned long long)row->seq, sc_why_label(row->why).en);
    return 0;
}

static int compare_state(void *arg, const struct nd_hazard_row *row)
{
    struct compare *c = arg;
    struct cr_hash here = {{0}}, there = {{0}};
    struct st_err err = {0};
    char hex[2 * SC_ID_BYTES + 1];

    encode_state(&row->h, &here);
    if (nd_store_hazard(c->b->store, &row->subject, take_state, &there, &err) != ST_OK)
        sim_trace(c->a->sim, "hazard: %s", err.msg);
    if (cr_hash_equal(&here, &there))
        return 0;
    cr_hex(row->subject.b, SC_ID_BYTES, hex);
    if (c->first[0] == '\0')
        memcpy(c->first, hex, sizeof hex);
    sim_trace(c->a->sim, "n%zu and n%zu differ in %s", c->a->index, c->b->index, hex);
    if (nd_store_history(c->a->store, &row->subject, tell_fact, c->a, &err) != ST_OK ||
        nd_store_history(c->b->store, &row->subject, tell_fact, c->b, &err) != ST_OK)
        sim_trace(c->a->sim, "history: %s", err.msg);
    return 0;
}

static void folds_differ(struct sim *s, size_t a, size_t b, uint64_t scope)
{
    struct compare c = {.a = &s->node[a], .b = &s->node[b]};
    struct nd_hazard_query q = {.grid_prefix = scope, .state = ND_HZ_ALL};
    struct st_err err = {0};
    uint64_t total = 0;

    if (nd_store_hazards(c.a->store, &q, compare_state, &c, &total, &err) != ST_OK)
        sim_trace(s, "hazards: %s", err.msg);
    sim_fail(s, "nodes %zu and %zu hold the same entries of %llu and show different states of %s",
             a, b, (unsigned long long)scope, c.first[0] != '\0' ? c.first : "something");
}

static void check_folds(struct sim *s, uint64_t scope)
{
    struct cr_hash first = {{0}};
    struct sim_node *with = NULL;

    for (size_t i = 0; i < s->node_count && !s->failed; i++) {
        struct cr_hash h;

        if (!takes_part(&s->node[i], scope))
            continue;
        if (nd_store_fold_hash(s->node[i].store, &scope, 1, &h) != ST_OK)
            sim_fail(s, "node %zu: projections cannot be hashed", i);
        else if (with != NULL && !cr_hash_equal(&h, &first))
            folds_differ(s, with->index, i, scope);
        first = h;
        with = &s->node[i];
    }
}

/* ---- every hazard is listed at the street ---- */

static int seen(void *arg, const struct nd_hazard_row *row)
{
    *(bool *)arg = row->h.exists;
    return 0;
}

static void check_listed(struct sim *s)
{
    for (size_t i = 0; i < s->hazard_n && !s->failed; i++) {
        const struct sim_hazard *h = &s->hazard[i];
        struct st_err err = {0};
        bool found = false;

        if (s->unknown_flood && !sim_certified(s, &h->entry.key.author))
            continue;
        if (h->forgotten || (s->node[h->node].stay_down && s->liars == NULL))
            continue;
        if (nd_store_hazard(s->node[0].store, &h->id, seen, &found, &err) != ST_OK || !found)
            sim_fail(s, "the street does not list hazard %zu, reported at node %zu: %s", i, h->node,
                     err.msg);
    }
}

/* ---- counters ---- */

#define GRIDS_MAX 512

struct recount {
    struct sim *s;
    struct grid_count {
        uint64_t code, open, closed, emergency, severe;
    } g[GRIDS_MAX];
    size_t n;
    size_t compared;
};

static struct grid_count *grid_of(struct recount *r, uint64_t code)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->g[i].code == code)
            return &r->g[i];
    if (r->n == GRIDS_MAX)
        return NULL;
    r->g[r->n] = (struct grid_count){.code = code};
    return &r->g[r->n++];
}

static int count_hazard(void *arg, const struct nd_hazard_row *row)
{
    struct recount *r = arg;
    bool open = row->h.state != SC_HS_CLOSED && row->h.state != SC_HS_VOID;

    for (uint64_t code = row->h.grid; code != 0; code = sc_grid_parent(code)) {
        struct grid_count *g = grid_of(r, code);

        if (g == NULL)
            return 1;
        g->open += open;
        g->closed += !open;
        g->emergency += open && (row->h.flags & SC_HF_EMERGENCY) != 0;
        g->severe += open && row->h.severity >= 3;
    }
    return 0;
}

static int compare_grid(void *arg, const struct nd_grid_row *row)
{
    struct recount *r = arg;
    const struct grid_count *g = grid_of(r, row->code);

    r->compared++;
    if (g != NULL && (g->open != row->open || g->closed != row->closed ||
                      g->emergency != row->emergency || g->severe != row->severe))
        sim_fail(r->s,
                 "counters of grid %llu: open %llu closed %llu emergency %llu severe %llu, "
                 "recounted %llu %llu %llu %llu",
                 (unsigned long long)row->code, (unsigned long long)row->open,
                 (unsigned long long)row->closed, (unsigned long long)row->emergency,
                 (unsigned long long)row->severe, (unsigned long long)g->open,
                 (unsigned long long)g->closed, (unsigned long long)g->emergency,
                 (unsigned long long)g->severe);
    return 0;
}

static void check_counters(struct sim_node *n)
{
    struct recount *r = calloc(1, sizeof *r);
    struct nd_hazard_query q = {.state = ND_HZ_ALL};
    struct st_err err = {0};
    uint64_t total = 0;

    if (r == NULL)
        return;
    r->s = n->sim;
    if (nd_store_hazards(n->store, &q, count_hazard, r, &total, &err) != ST_OK ||
        nd_store_grids(n->store, 0, 3, compare_grid, r, &err) != ST_OK)
        sim_fail(n->sim, "node %zu: lists: %s", n->index, err.msg);
    else if (r->compared == 0)
        sim_fail(n->sim, "node %zu shows no grid at all", n->index);
    free(r);
}

void sim_check_end(struct sim *s)
{
    check_folds(s, SC_SCOPE_PUBLIC);
    for (size_t v = 0; v < s->villages && !s->unknown_flood; v++)
        check_folds(s, sim_village_code(v));
    check_listed(s);
    for (size_t i = 0; i < s->node_count && !s->failed; i++) {
        if (s->node[i].stay_down)
            continue;
        /* equal projections were shown above; a few rebuilds stand for the others */
        sim_check_node(&s->node[i], i == 0 || s->o.seed % 8 == 0 || ts_prng_chance(&s->rng, 1, 6));
        if (!s->failed)
            check_counters(&s->node[i]);
    }
}
