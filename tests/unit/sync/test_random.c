/* Random sets, links, cuts and crashes on two to four nodes: every history ends with equal
 * fingerprints within a bounded number of frames, whatever the order of delivery. */
#include "tests/unit/sync/support.h"

#include <string.h>

#define STEPS 400

struct world {
    struct kit k;
    struct ts_prng *r;
    size_t nodes;
    bool forks; /* one author writes at every node, and behind its own back */
    uint64_t incarnation[TS_NODES_MAX];
};

/* Writes at a random node. An author writes at its own node only, so that nothing forks. */
static void act_write(struct world *w)
{
    static const uint64_t scopes[] = {SC_SCOPE_PUBLIC, VILLAGE2, VILLAGE};
    size_t node = ts_prng_below(w->r, w->nodes);
    size_t n =
        ts_prng_chance(w->r, 1, 6) ? ts_prng_range(w->r, 100, 700) : ts_prng_range(w->r, 1, 4);
    uint64_t scope = scopes[ts_prng_below(w->r, 3)];
    bool urgent = ts_prng_chance(w->r, 1, 10);
    struct ts_mem_log *log = NULL;
    size_t room = ts_prng_chance(w->r, 1, 8) ? 3000 : 60;

    if (ts_prng_chance(w->r, 1, 5))
        w->incarnation[node]++;
    for (size_t i = 0; i < n; i++) {
        uint8_t payload[3000];

        ts_prng_bytes(w->r, payload, room);
        log = ts_mem_write(&w->k.mem[node], &w->k.author[node], scope, w->incarnation[node], 0,
                           1700000000000u + i, cr_span_of(payload, ts_prng_range(w->r, 1, room)),
                           urgent && i + 1 == n);
    }
    ts_pump_local(&w->k.pump, node, log, urgent);
}

/* The forking author: goes on at the end of what a node holds, or beside something older. */
static void act_fork(struct world *w)
{
    size_t node = ts_prng_below(w->r, w->nodes);
    struct ts_mem *m = &w->k.mem[node];
    const struct cr_identity *author = &w->k.author[AUTHORS - 1];
    struct sc_log_key key = {author->sign_pk, VILLAGE, 1 + ts_prng_below(w->r, 2)};
    size_t n =
        ts_prng_chance(w->r, 1, 8) ? ts_prng_range(w->r, 300, 1300) : ts_prng_range(w->r, 1, 9);
    struct ts_mem_log *log = ts_mem_log(m, &key);
    uint8_t payload[24];

    ts_prng_bytes(w->r, payload, sizeof payload);
    if (log != NULL && ts_prng_chance(w->r, 1, 3))
        log = ts_mem_fork(m, author, log, ts_prng_below(w->r, log->l.link.seq_next), 5,
                          cr_span_of(payload, sizeof payload));
    for (size_t i = 0; i < n; i++) {
        bool urgent = i + 1 == n && ts_prng_chance(w->r, 1, 4);

        ts_prng_bytes(w->r, payload, 8);
        if (log == NULL)
            log = ts_mem_write(m, author, VILLAGE, key.incarnation, 0, 6,
                               cr_span_of(payload, sizeof payload), urgent);
        else
            ts_mem_extend(m, author, log, 0, 6, cr_span_of(payload, sizeof payload), urgent);
    }
    ts_pump_local(&w->k.pump, node, log, false);
}

static void act_link(struct world *w)
{
    static const uint64_t public[] = {SC_SCOPE_PUBLIC};
    size_t a = ts_prng_below(w->r, w->nodes);
    size_t b = ts_prng_below(w->r, w->nodes);
    size_t open = 0;

    for (size_t i = 0; i < w->k.pump.link_count; i++)
        open += w->k.pump.link[i].open ? 1 : 0;
    if (a == b || open >= TS_LINKS_MAX)
        return;
    if (ts_prng_chance(w->r, 1, 8))
        ts_pump_link(&w->k.pump, a, b, public, 1);
    else
        ts_pump_link(&w->k.pump, a, b, NULL, 0);
}

static void act_cut(struct world *w)
{
    size_t link = w->k.pump.link_count == 0 ? 0 : ts_prng_below(w->r, w->k.pump.link_count);

    if (w->k.pump.link_count > 0 && w->k.pump.link[link].open)
        ts_pump_cut(&w->k.pump, link);
}

static void act(struct world *w)
{
    uint64_t what = ts_prng_below(w->r, 100);
    struct ts_pump *p = &w->k.pump;
    size_t node = ts_prng_below(w->r, w->nodes);

    if (w->forks && what < 3) {
        act_fork(w);
    } else if (what < 8) {
        act_write(w);
    } else if (what < 12) {
        act_link(w);
    } else if (what < 14) {
        act_cut(w);
    } else if (what < 15) {
        ts_pump_restart(p, node);
    } else if (what < 17) {
        p->node[node].hold = !p->node[node].hold;
    } else if (what < 25) {
        ts_pump_commit(p, node);
    } else if (what < 28) {
        p->now_ms += ts_prng_below(w->r, 60000);
        ts_pump_tick(p, node);
    } else if (p->link_count > 0) {
        (void)ts_pump_deliver(p, ts_prng_below(w->r, p->link_count), ts_prng_below(w->r, 2));
    }
}

/* After the storm: fresh links in a row of nodes, everything delivered. */
static void heal(struct world *w)
{
    struct ts_pump *p = &w->k.pump;

    for (size_t i = 0; i < p->link_count; i++) {
        if (p->link[i].open)
            ts_pump_cut(p, i);
    }
    for (size_t i = 0; i + 1 < w->nodes; i++)
        ts_pump_link(p, i, i + 1, NULL, 0);
    if (!ts_pump_settle(p, 60000, 20000))
        ts_fail("no end within 20000 frames");
}

static void one_history(struct ts_prng *r, uint64_t seed, void *ctx)
{
    struct world *w = ctx;
    bool forks = w->forks;

    (void)seed;
    memset(w, 0, sizeof *w);
    w->r = r;
    w->forks = forks;
    w->nodes = forks ? ts_prng_range(r, 3, TS_NODES_MAX) : ts_prng_range(r, 2, 4);
    kit_init(&w->k, w->nodes);
    for (int i = 0; i < STEPS; i++)
        act(w);
    heal(w);
    for (size_t i = 0; i + 1 < w->nodes; i++)
        kit_assert_equal(&w->k, i, i + 1);
    for (size_t i = 0; i < w->nodes; i++) {
        if (w->k.pump.node[i].blames > 0)
            ts_fail("node %zu blames: %s", i, w->k.pump.node[i].close_text);
        if (!forks)
            assert_int_equal(w->k.mem[i].fork_count, 0);
    }
    kit_release(&w->k);
}

static void test_random__histories_converge(void **state)
{
    static struct world w;

    (void)state;
    w.forks = false;
    ts_each_seed(1, 60, one_history, &w);
}

/* The same with an author who forks its logs at will, deep and at the first entry, while they grow
 * everywhere: every branch reaches every node. */
static void test_random__forks_converge(void **state)
{
    static struct world w;

    (void)state;
    w.forks = true;
    ts_each_seed(1, 60, one_history, &w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random__histories_converge),
        cmocka_unit_test(test_random__forks_converge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
