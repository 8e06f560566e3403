/* What a hostile certified author, or a careless table of imports, can put into one subject:
 * floods, junk bodies, contradictory parents. Nothing crashes, nothing takes long, nothing is
 * closed that should not be. */
#include "tests/lib/guard.h"
#include "tests/lib/oom.h"
#include "tests/lib/prng.h"
#include "tests/unit/schema/hazard_kit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MANY (SC_FOLD_EVENTS_MAX + 100)

/* Seconds of processor time that one fold of 8192 entries may take: 1 on an idle machine.
 * Sanitizers and a crowded machine are given more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FOLD_SECONDS 20
#else
#define FOLD_SECONDS 3
#endif

struct flood {
    size_t n;
    struct sc_fact *facts;
    struct sc_id (*parents)[SC_PARENTS_MAX];
};

static void flood_init(struct flood *f)
{
    f->n = 0;
    f->facts = calloc(MANY, sizeof(*f->facts));
    f->parents = calloc(MANY, sizeof(*f->parents));
    assert_non_null(f->facts);
    assert_non_null(f->parents);
}

static void flood_release(struct flood *f)
{
    free(f->parents);
    free(f->facts);
}

static struct sc_fact *flood_add(struct flood *f, uint64_t type, uint32_t roles, uint64_t lamport)
{
    struct sc_fact *fact = &f->facts[f->n];
    *fact = (struct sc_fact){.type = type, .roles = roles, .lamport = lamport, .schema_version = 1};
    cr_store_be64(fact->entry_id.b, f->n);
    fact->parents = f->parents[f->n];
    fact->person.b[0] = (uint8_t)(f->n % 5);
    fact->creates = type == SC_R_HAZARD_REPORT;
    f->n++;
    return fact;
}

static void flood_parent(struct flood *f, size_t parent)
{
    struct sc_fact *fact = &f->facts[f->n - 1];
    f->parents[f->n - 1][fact->parent_count++] = sc_id_of(&f->facts[parent].entry_id);
}

static void timed_fold(const char *name, const struct flood *f, struct sc_hazard *h)
{
    clock_t start = clock();
    kit_fold(f->facts, f->n, h);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("%s: %zu entries, %.0f ms\n", name, f->n, seconds * 1000);
    if (seconds > FOLD_SECONDS)
        ts_fail("%s took %.1f s", name, seconds);
}

/* 8192 entries in layers of 256, each naming the whole layer before: the most edges there can be,
 * of the types that make the fold work hardest. */
static void test_hazard_hostile__layers(void **state)
{
    static const uint64_t types[] = {
        SC_R_HAZARD_PASS, SC_R_HAZARD_DOWNGRADE, SC_R_HAZARD_ESCALATE, SC_R_HAZARD_HANDBACK,
        SC_R_HAZARD_FIX,  SC_R_HAZARD_ACCEPT,    SC_R_HAZARD_FAIL,     SC_R_HAZARD_EMERGENCY};
    struct flood f;
    struct sc_hazard h;
    (void)state;
    flood_init(&f);
    flood_add(&f, SC_R_HAZARD_REPORT, SC_ROLE_OFFICER, 1);
    while (f.n < SC_FOLD_EVENTS_MAX) {
        size_t layer = f.n / SC_PARENTS_MAX;
        size_t first = (layer - 1) * SC_PARENTS_MAX;
        flood_add(&f, types[f.n % 8], SC_ROLE_STREET, layer + 1);
        for (size_t p = 0; layer > 0 && p < SC_PARENTS_MAX; p++)
            flood_parent(&f, first + p);
    }
    timed_fold("layers", &f, &h);
    assert_true(h.state < SC_HS_CLOSED);
    flood_release(&f);
}

/* Thousands of clearances, none of which may: nothing is closed, whatever their number. */
static void test_hazard_hostile__clearances(void **state)
{
    struct flood f;
    struct sc_hazard h;
    (void)state;
    flood_init(&f);
    flood_add(&f, SC_R_HAZARD_REPORT, SC_ROLE_OFFICER, 1);
    flood_add(&f, SC_R_HAZARD_ESCALATE, SC_ROLE_OFFICER, 2);
    flood_parent(&f, 0);
    while (f.n < SC_FOLD_EVENTS_MAX) {
        static const uint64_t types[] = {SC_R_HAZARD_FIX, SC_R_HAZARD_PASS, SC_R_HAZARD_VOID};
        flood_add(&f, types[f.n % 3], f.n % 7 == 0 ? 0 : SC_ROLE_OFFICER, f.n);
        flood_parent(&f, f.n - 2);
        flood_parent(&f, f.n / 2);
    }
    timed_fold("clearances", &f, &h);
    assert_true(h.state < SC_HS_CLOSED);
    assert_true(h.blocks & SC_HB_AUTHORITY);
    flood_release(&f);
}

/* More entries than are folded: listed, open, and it says why, even when those that are left out
 * are the report or a proper clearance is among those that are not. */
static void test_hazard_hostile__overflow(void **state)
{
    struct flood f;
    struct sc_hazard h;
    (void)state;
    flood_init(&f);
    flood_add(&f, SC_R_HAZARD_REPORT, SC_ROLE_OFFICER, 1);
    flood_add(&f, SC_R_HAZARD_FIX, SC_ROLE_OFFICER, 2);
    flood_parent(&f, 0);
    flood_add(&f, SC_R_HAZARD_PASS, SC_ROLE_STREET, 3);
    flood_parent(&f, 1);
    kit_fold(f.facts, f.n, &h);
    assert_int_equal(h.state, SC_HS_CLOSED);
    while (f.n < SC_FOLD_EVENTS_MAX)
        flood_add(&f, SC_R_HAZARD_REMIND, SC_ROLE_OFFICER, 4);
    timed_fold("full", &f, &h);
    assert_int_equal(h.state, SC_HS_CLOSED);
    flood_add(&f, SC_R_HAZARD_REMIND, SC_ROLE_OFFICER, 4);
    kit_fold(f.facts, f.n, &h);
    assert_int_equal(h.state, SC_HS_FIX_CLAIMED);
    assert_true(h.exists);
    assert_true(h.blocks & SC_HB_OVERFLOW);
    assert_true(h.flags & SC_HF_OVERFLOW);
    f.facts[0].lamport = 99; /* now the report is left out */
    kit_fold(f.facts, f.n, &h);
    assert_true(h.exists);
    assert_true(h.state < SC_HS_CLOSED);
    assert_true(h.blocks & SC_HB_OVERFLOW);
    flood_release(&f);
}

/* Assignees and links beyond the room: the smallest, ascending, whatever the order. */
static void test_hazard_hostile__many_assignees(void **state)
{
    static const char names[] = "abcdefghijklmnopqrstuvwxyz";
    uint8_t bodies[26][4];
    struct flood f;
    struct sc_hazard h;
    (void)state;
    flood_init(&f);
    flood_add(&f, SC_R_HAZARD_REPORT, SC_ROLE_OFFICER, 1);
    for (size_t i = 0; i < 26; i++) {
        const uint8_t body[4] = {0x81, SC_K_ASSIGNEE, 0xa1, (uint8_t)names[(i * 7) % 26]};
        memcpy(bodies[i], body, sizeof(body));
        flood_add(&f, SC_R_HAZARD_ASSIGN, SC_ROLE_CHIEF, 2);
        flood_parent(&f, 0);
        f.facts[f.n - 1].body = cr_span_of(bodies[i], sizeof(bodies[i]));
    }
    kit_fold(f.facts, f.n, &h);
    assert_int_equal(h.assignee_count, SC_HAZARD_ASSIGNEES_MAX);
    for (size_t i = 0; i < h.assignee_count; i++)
        assert_int_equal(h.assignees[i].p[0], names[i]);
    assert_true(h.flags & SC_HF_CONFLICT);
    flood_release(&f);
}

/* A hazard is not made of clearances, notes, unknown types or nothing. */
static void test_hazard_hostile__no_danger(void **state)
{
    struct flood f;
    struct sc_hazard h;
    (void)state;
    flood_init(&f);
    kit_fold(f.facts, 0, &h);
    assert_false(h.exists);
    assert_int_equal(h.blocks, 0);
    flood_add(&f, SC_R_HAZARD_PASS, SC_ROLE_STREET, 1);
    flood_add(&f, SC_R_HAZARD_EDIT, SC_ROLE_STREET, 1)->creates = true;
    flood_add(&f, 999, SC_ROLE_STREET, 1)->creates = true;
    flood_add(&f, SC_R_PLACE, SC_ROLE_STREET, 1)->creates = true;
    kit_fold(f.facts, f.n, &h);
    assert_false(h.exists);
    assert_true(h.state < SC_HS_CLOSED);
    flood_release(&f);
}

/* Random types, roles, lamports, parents and bodies that are no bodies, at the edge of readable
 * memory: no crash, and every open hazard says why. */
static void check_junk(struct ts_prng *r, uint64_t seed, void *ctx)
{
    struct ts_guard *guard = ctx;
    struct flood f;
    struct sc_hazard h;
    uint8_t junk[24];
    flood_init(&f);
    for (size_t n = ts_prng_below(r, 100); n > 0; n--) {
        struct sc_fact *fact =
            flood_add(&f, ts_prng_range(r, SC_R_HAZARD_REPORT - 2, SC_R_HAZARD_EDIT + 2),
                      (uint32_t)ts_prng_below(r, 1024), ts_prng_below(r, 30));
        for (size_t p = ts_prng_below(r, 4); p > 0; p--)
            flood_parent(&f, ts_prng_below(r, f.n + 1));
        fact->pruned = ts_prng_chance(r, 1, 20);
        fact->creates = ts_prng_chance(r, 1, 10);
    }
    /* all share one body: a valid start now and then, then noise */
    size_t bytes = ts_prng_below(r, sizeof(junk));
    ts_prng_bytes(r, junk, sizeof(junk));
    if (seed % 4 != 0) {
        junk[0] = (uint8_t)(0x80 + ts_prng_below(r, 8));
        junk[1] = (uint8_t)ts_prng_below(r, 24);
        junk[2] = (uint8_t)ts_prng_below(r, 256);
    }
    const uint8_t *body = ts_guard_put(guard, junk, bytes);
    for (size_t i = 0; i < f.n; i++)
        f.facts[i].body = cr_span_of(body, bytes);
    kit_fold(f.facts, f.n, &h);
    assert_true(h.severity >= 1 && h.severity <= 4);
    assert_true(!h.exists || h.state >= SC_HS_CLOSED || h.blocks != 0);
    assert_true(h.state < SC_HS_CLOSED || h.uncovered_count == 0);
    flood_release(&f);
}

static void test_hazard_hostile__junk(void **state)
{
    struct ts_guard guard;
    (void)state;
    ts_guard_init(&guard, 4096);
    ts_each_seed(1, 400, check_junk, &guard);
    ts_guard_release(&guard);
}

static int fold_many(void *ctx)
{
    const struct flood *f = ctx;
    struct sc_hazard h;
    return sc_hazard_fold(f->facts, f->n, &h);
}

/* Every allocation may fail; a small fold makes none. */
static void test_hazard_hostile__out_of_memory(void **state)
{
    struct flood f;
    (void)state;
    flood_init(&f);
    flood_add(&f, SC_R_HAZARD_REPORT, SC_ROLE_OFFICER, 1);
    while (f.n < SC_DAG_SMALL)
        flood_add(&f, SC_R_HAZARD_PASS, SC_ROLE_OFFICER, 2);
    assert_int_equal(ts_oom_sweep(fold_many, &f), 0);
    flood_add(&f, SC_R_HAZARD_PASS, SC_ROLE_OFFICER, 2);
    assert_true(ts_oom_sweep(fold_many, &f) >= 5);
    flood_release(&f);
}

/* A group of linked hazards is closed only when all of them are. */
static void test_hazard_hostile__groups(void **state)
{
    static const enum sc_hazard_state open[] = {SC_HS_VOID, SC_HS_FIX_CLAIMED, SC_HS_ASSIGNED,
                                                SC_HS_CLOSED};
    static const enum sc_hazard_state closed[] = {SC_HS_VOID, SC_HS_CLOSED};
    (void)state;
    assert_int_equal(sc_hazard_group_state(open, 4), SC_HS_ASSIGNED);
    assert_int_equal(sc_hazard_group_state(open, 2), SC_HS_FIX_CLAIMED);
    assert_int_equal(sc_hazard_group_state(closed, 2), SC_HS_CLOSED);
    assert_int_equal(sc_hazard_group_state(closed, 1), SC_HS_VOID);
}

/* Every state, flag, level and block has its words; nothing else has. */
static void test_hazard_hostile__labels(void **state)
{
    (void)state;
    for (int s = SC_HS_REPORTED; s <= SC_HS_VOID; s++)
        assert_string_not_equal(sc_hazard_state_label((enum sc_hazard_state)s).name, "unknown");
    for (uint32_t b = 0; b < 10; b++) {
        assert_string_not_equal(sc_hazard_flag_label(1u << b).name, "unknown");
        assert_string_not_equal(sc_hazard_block_label(1u << b).name, "unknown");
    }
    for (int l = SC_LV_NONE; l <= SC_LV_DISTRICT; l++)
        assert_string_not_equal(sc_level_label((enum sc_level)l).name, "unknown");
    assert_string_equal(sc_hazard_state_label((enum sc_hazard_state)0).name, "unknown");
    assert_string_equal(sc_hazard_flag_label(0).name, "unknown");
    assert_string_equal(sc_hazard_block_label(3).name, "unknown");
    assert_string_equal(sc_hazard_block_label(1u << 31).name, "unknown");
    assert_string_equal(sc_level_label((enum sc_level)77).name, "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hazard_hostile__layers),
        cmocka_unit_test(test_hazard_hostile__clearances),
        cmocka_unit_test(test_hazard_hostile__overflow),
        cmocka_unit_test(test_hazard_hostile__many_assignees),
        cmocka_unit_test(test_hazard_hostile__no_danger),
        cmocka_unit_test(test_hazard_hostile__junk),
        cmocka_unit_test(test_hazard_hostile__out_of_memory),
        cmocka_unit_test(test_hazard_hostile__groups),
        cmocka_unit_test(test_hazard_hostile__labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
