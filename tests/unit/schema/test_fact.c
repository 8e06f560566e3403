#include "schema/fact.h"
#include "tests/lib/oom.h"
#include "tests/lib/prng.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#define FEW  12
#define MANY 300

/* A fact with its parents; id and author are the number. */
struct plain {
    struct sc_fact f;
    struct sc_id parents[FEW];
};

static struct cr_hash numbered(uint64_t n)
{
    struct cr_hash h = {{0}};
    cr_store_be64(h.b, n);
    return h;
}

static void make(struct plain *p, uint64_t number, uint64_t lamport)
{
    memset(p, 0, sizeof(*p));
    p->f.entry_id = numbered(number);
    p->f.author.b[0] = (uint8_t)(number % 3);
    p->f.lamport = lamport;
    p->f.parents = p->parents;
}

static void add_parent(struct plain *p, uint64_t number)
{
    struct cr_hash h = numbered(number);
    p->parents[p->f.parent_count++] = sc_id_of(&h);
}

static size_t gather(const struct plain *p, size_t n, struct sc_fact *facts)
{
    for (size_t i = 0; i < n; i++)
        facts[i] = p[i].f;
    return n;
}

static size_t rank_of(const struct sc_dag *d, const struct sc_fact *facts, uint64_t number)
{
    for (size_t r = 0; r < d->n; r++)
        if (cr_load_be64(facts[d->order[r]].entry_id.b) == number)
            return r;
    ts_fail("fact %d has no rank", (int)number);
}

/* Lamport first, then author, then entry id. */
static void test_fact__order(void **state)
{
    struct plain a;
    struct plain b;
    (void)state;
    make(&a, 3, 1);
    make(&b, 6, 2);
    assert_true(sc_fact_cmp(&a.f, &b.f) < 0);
    b.f.lamport = 1;
    assert_true(sc_fact_cmp(&a.f, &b.f) < 0);
    a.f.author.b[31] = 1;
    assert_true(sc_fact_cmp(&a.f, &b.f) > 0);
    assert_int_equal(sc_fact_cmp(&a.f, &a.f), 0);
}

/* The past is what parents reach; edges that others imply are dropped. */
static void test_fact__past(void **state)
{
    struct plain p[4];
    struct sc_fact facts[4];
    struct sc_dag d;
    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        make(&p[i], 10 + i, 1 + i);
    add_parent(&p[1], 10);
    add_parent(&p[3], 11);
    add_parent(&p[3], 10); /* implied */
    ts_assert_ok(sc_dag_init(&d, facts, gather(p, 4, facts)));
    assert_int_equal(d.n, 4);
    assert_true(sc_dag_in_past(&d, 3, 1));
    assert_true(sc_dag_in_past(&d, 3, 0));
    assert_false(sc_dag_in_past(&d, 3, 2));
    assert_false(sc_dag_in_past(&d, 1, 1));
    assert_false(sc_dag_in_past(&d, 0, 3));
    assert_int_equal(d.edge_first[4] - d.edge_first[3], 1);
    assert_false(d.any_pending);
    sc_dag_release(&d);
    sc_dag_release(&d);
}

/* Copies count once, and of two copies the one with its payload is taken. */
static void test_fact__copies(void **state)
{
    struct plain p[3];
    struct sc_fact facts[3];
    struct sc_dag d;
    (void)state;
    for (size_t i = 0; i < 3; i++)
        make(&p[i], 1, 1);
    p[0].f.pruned = p[2].f.pruned = true;
    ts_assert_ok(sc_dag_init(&d, facts, gather(p, 3, facts)));
    assert_int_equal(d.n, 1);
    assert_int_equal(d.order[0], 1);
    sc_dag_release(&d);
}

/* A parent that is missing, or whose short id fits two facts, makes all descendants pending. */
static void test_fact__pending(void **state)
{
    struct plain p[5];
    struct sc_fact facts[5];
    struct sc_dag d;
    (void)state;
    for (uint64_t i = 0; i < 5; i++)
        make(&p[i], 10 + i, 1 + i);
    add_parent(&p[1], 99);
    add_parent(&p[2], 11);
    add_parent(&p[3], 10);
    ts_assert_ok(sc_dag_init(&d, facts, gather(p, 5, facts)));
    assert_true(d.pending[1] && d.pending[2] && d.any_pending);
    assert_false(d.pending[0] || d.pending[3] || d.pending[4]);
    sc_dag_release(&d);

    facts[4].entry_id = facts[0].entry_id; /* same first 16 bytes, another entry */
    facts[4].entry_id.b[31] = 1;
    ts_assert_ok(sc_dag_init(&d, facts, 5));
    assert_int_equal(d.n, 5);
    assert_true(d.pending[3]);
    assert_false(sc_dag_in_past(&d, 3, 0));
    sc_dag_release(&d);
}

/* Cycles, selves and parents of no smaller lamport are no edges, and nothing is pending for them.
 */
static void test_fact__no_cycles(void **state)
{
    struct plain p[3];
    struct sc_fact facts[3];
    struct sc_dag d;
    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        make(&p[i], i, 5 + i / 2);
        for (uint64_t j = 0; j < 3; j++)
            add_parent(&p[i], j);
    }
    ts_assert_ok(sc_dag_init(&d, facts, gather(p, 3, facts)));
    assert_true(sc_dag_in_past(&d, 2, 0) && sc_dag_in_past(&d, 2, 1));
    assert_false(sc_dag_in_past(&d, 0, 1) || sc_dag_in_past(&d, 1, 0));
    assert_false(sc_dag_in_past(&d, 0, 0) || sc_dag_in_past(&d, 0, 2));
    assert_false(d.any_pending);
    sc_dag_release(&d);
}

static void random_plain(struct ts_prng *r, struct plain *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        make(&p[i], i, ts_prng_below(r, n / 2 + 1));
        for (size_t j = ts_prng_below(r, 4); j > 0; j--)
            add_parent(&p[i], ts_prng_below(r, n));
    }
}

/* Is b reached from a, asked by walking. */
static bool reaches(const struct plain *p, size_t a, size_t b, bool *visited)
{
    for (size_t i = 0; i < p[a].f.parent_count; i++) {
        size_t parent = (size_t)cr_load_be64(p[a].parents[i].b);
        if (p[parent].f.lamport >= p[a].f.lamport || visited[parent])
            continue;
        visited[parent] = true;
        if (parent == b || reaches(p, parent, b, visited))
            return true;
    }
    return false;
}

static void check_random(struct ts_prng *r, uint64_t seed, void *ctx)
{
    size_t n = seed % 2 == 0 ? FEW : SC_DAG_SMALL + ts_prng_below(r, MANY - SC_DAG_SMALL);
    struct plain *p = malloc(n * sizeof(*p));
    struct sc_fact *facts = malloc(n * sizeof(*facts));
    struct sc_dag d;
    (void)ctx;
    assert_non_null(p);
    assert_non_null(facts);
    random_plain(r, p, n);
    gather(p, n, facts);
    ts_assert_ok(sc_dag_init(&d, facts, n));
    for (size_t q = 0; q < 500; q++) {
        bool visited[MANY] = {false};
        size_t a = ts_prng_below(r, n);
        size_t b = ts_prng_below(r, n);
        bool wanted = reaches(p, a, b, visited);
        assert_int_equal(sc_dag_in_past(&d, rank_of(&d, facts, a), rank_of(&d, facts, b)), wanted);
    }
    for (size_t i = 1; i < d.n; i++)
        assert_true(sc_fact_cmp(&facts[d.order[i - 1]], &facts[d.order[i]]) < 0);
    sc_dag_release(&d);
    free(facts);
    free(p);
}

/* On random graphs, small and large, the rows say what walking says. */
static void test_fact__past_is_reachability(void **state)
{
    (void)state;
    ts_each_seed(1, 60, check_random, NULL);
}

/* A new entry names the heads of what is whole, none that is pending, and outlasts their lamports.
 */
static void test_fact__parents(void **state)
{
    struct plain p[5];
    struct sc_fact facts[5];
    struct sc_id out[SC_PARENTS_MAX];
    size_t count = 0;
    uint64_t lamport = 0;
    (void)state;
    for (uint64_t i = 0; i < 5; i++)
        make(&p[i], 10 - i, 1 + i);
    add_parent(&p[1], 10);
    add_parent(&p[3], 9);
    add_parent(&p[4], 77);
    add_parent(&p[4], 7);
    ts_assert_ok(sc_fact_parents(facts, gather(p, 5, facts), out, &count, &lamport));
    assert_int_equal(count, 2); /* numbers 8 and 7, not the pending 6 */
    assert_int_equal(cr_load_be64(out[0].b), 7);
    assert_int_equal(cr_load_be64(out[1].b), 8);
    assert_int_equal(lamport, 4);
    for (size_t i = 0; i < 5; i++) /* a report of the clock is not named and hides nothing */
        if (cr_load_be64(facts[i].entry_id.b) == 7)
            facts[i].type = SC_R_HAZARD_DUE;
    ts_assert_ok(sc_fact_parents(facts, 5, out, &count, &lamport));
    assert_int_equal(count, 2);
    assert_int_equal(cr_load_be64(out[0].b), 8);
    assert_int_equal(cr_load_be64(out[1].b), 9);
    assert_int_equal(lamport, 3);
    ts_assert_ok(sc_fact_parents(NULL, 0, out, &count, NULL));
    assert_int_equal(count, 0);
}

/* More heads than fit: the first in order are named, and a second entry takes up the rest. */
static void test_fact__parents_many(void **state)
{
    struct plain *p = malloc(MANY * sizeof(*p));
    struct sc_fact *facts = malloc((MANY + 1) * sizeof(*facts));
    struct sc_id out[SC_PARENTS_MAX];
    struct sc_id rest[SC_PARENTS_MAX];
    size_t count = 0;
    uint64_t lamport = 0;
    (void)state;
    assert_non_null(p);
    assert_non_null(facts);
    for (uint64_t i = 0; i < MANY; i++)
        make(&p[i], i, 1 + i);
    gather(p, MANY, facts);
    ts_assert_ok(sc_fact_parents(facts, MANY, out, &count, &lamport));
    assert_int_equal(count, SC_PARENTS_MAX);
    assert_int_equal(lamport, SC_PARENTS_MAX);
    facts[MANY] = (struct sc_fact){.entry_id = numbered(MANY), .lamport = MANY + 1};
    facts[MANY].parents = out;
    facts[MANY].parent_count = count;
    ts_assert_ok(sc_fact_parents(facts, MANY + 1, rest, &count, &lamport));
    assert_int_equal(count, MANY - SC_PARENTS_MAX + 1);
    free(facts);
    free(p);
}

/* Above the limit the last in order are left out, whatever the order of input. */
static void test_fact__overflow(void **state)
{
    size_t n = SC_FOLD_EVENTS_MAX + 10;
    struct sc_fact *facts = calloc(n, sizeof(*facts));
    struct sc_dag d;
    (void)state;
    assert_non_null(facts);
    for (size_t i = 0; i < n; i++) {
        facts[i].entry_id = numbered(i);
        facts[i].lamport = n - i;
    }
    ts_assert_ok(sc_dag_init(&d, facts, n));
    assert_true(d.overflow);
    assert_int_equal(d.n, SC_FOLD_EVENTS_MAX);
    assert_int_equal(d.order[0], n - 1);
    assert_int_equal(d.order[d.n - 1], 10);
    sc_dag_release(&d);
    free(facts);
}

static int parents_of_many(void *ctx)
{
    struct sc_id out[SC_PARENTS_MAX];
    size_t count;
    return sc_fact_parents(ctx, MANY, out, &count, NULL);
}

/* Each allocation may fail: a status, no leak. */
static void test_fact__out_of_memory(void **state)
{
    struct sc_fact *facts = calloc(MANY, sizeof(*facts));
    (void)state;
    assert_non_null(facts);
    for (size_t i = 0; i < MANY; i++)
        facts[i].entry_id = numbered(i);
    assert_true(ts_oom_sweep(parents_of_many, facts) >= 3);
    free(facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fact__order),     cmocka_unit_test(test_fact__past),
        cmocka_unit_test(test_fact__copies),    cmocka_unit_test(test_fact__pending),
        cmocka_unit_test(test_fact__no_cycles), cmocka_unit_test(test_fact__past_is_reachability),
        cmocka_unit_test(test_fact__parents),   cmocka_unit_test(test_fact__parents_many),
        cmocka_unit_test(test_fact__overflow),  cmocka_unit_test(test_fact__out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
