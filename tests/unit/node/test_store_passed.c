/* A branch that a CUT names comes in whatever was stored first: copies of one kit are copies of one
 * key that wrote apart, so their logs of the officer are branches of one log. */
#include "tests/unit/node/store_kit.h"

#include <stdio.h>
#include <string.h>

#define COPIES  4
#define ENTRIES 700
#define COMMON  5 /* entries before the branches part */

struct copies {
    struct kit *k[COPIES];
    struct nd_store *s;
};

/* rank 1: the officer is a seat, of which more is held; 2: an ordinary one. */
static void begin(struct copies *c, uint64_t rank)
{
    struct nd_store_options o = {.uri = "file:/passed?vfs=memdb", .create = true};
    const uint64_t scopes[] = {SC_SCOPE_PUBLIC, KIT_VILLAGE};
    struct st_err err = {0};
    char text[32];

    for (int i = 0; i < COPIES; i++) {
        c->k[i] = kit_new();
        kit_certify(c->k[i], KIT_OFFICER, rank, SC_ROLE_OFFICER, KIT_GROUP);
        for (int n = 0; n < ENTRIES; n++) {
            (void)snprintf(text, sizeof text, "%d %d", n < COMMON ? 0 : i, n);
            kit_record(c->k[i], KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL,
                       &(struct kit_body){.grid = KIT_GROUP, .code = "A03", .text = text});
        }
    }
    o.genesis = &c->k[0]->genesis;
    if (nd_store_open(&o, &c->s, &err) != ST_OK ||
        nd_store_set_scopes(c->s, scopes, 2, &err) != ST_OK)
        ts_fail("%s", err.msg);
    kit_deliver(c->k[0], c->s, KIT_ROOT, 0, c->k[0]->log[KIT_ROOT].count);
    kit_deliver(c->k[0], c->s, KIT_OFFICER, 0, COMMON + 10);
    kit_deliver(c->k[1], c->s, KIT_OFFICER, COMMON, 10);
}

static void end(struct copies *c)
{
    nd_store_close(c->s);
    for (int i = 0; i < COPIES; i++)
        kit_free(c->k[i]);
}

/* The root settles the fork: what copy i wrote up to `at` counts. */
static void settle_for(struct copies *c, int i, size_t at, enum sc_cut_mode mode)
{
    struct kit *k = c->k[0];
    size_t n = k->log[KIT_ROOT].count;

    kit_cut(k, &c->k[i]->log[KIT_OFFICER], at, mode);
    kit_deliver(k, c->s, KIT_ROOT, n, 1);
}

/* Offers entries [from, to) of a copy in runs of n; how many were taken. */
static size_t offer(struct copies *c, int i, size_t from, size_t to, size_t n)
{
    size_t taken = 0;

    for (size_t at = from; at < to; at += n) {
        size_t count = to - at < n ? to - at : n;
        int rc;

        ts_assert_ok(nd_store_begin(c->s, NULL));
        rc = kit_apply(c->k[i], c->s, KIT_OFFICER, at, count, false, NULL);
        assert_true(rc == ST_OK || rc == ST_DENIED || rc == ST_CONFLICT);
        ts_assert_ok(nd_store_commit(c->s, NULL));
        taken += rc == ST_OK ? count : 0;
    }
    return taken;
}

static int ignore(void *arg, const struct nd_hazard_row *row)
{
    (void)arg;
    (void)row;
    return 0;
}

static uint64_t hazards(struct copies *c)
{
    struct nd_hazard_query q = {.state = ND_HZ_ALL, .limit = 1};
    uint64_t total = 0;

    ts_assert_ok(nd_store_hazards(c->s, &q, ignore, NULL, &total, NULL));
    return total;
}

static void check(struct copies *c)
{
    struct nd_verify v = {0};
    struct st_err err = {0};

    if (nd_store_verify(c->s, false, &v, NULL, NULL, &err) != ST_OK)
        ts_fail("%s", err.msg);
}

/* Two branches are stored; the third is named, and its named entry lies several runs further on. */
static void test_store_passed__named_branch_comes_in(void **state)
{
    static const struct {
        enum sc_cut_mode mode;
        uint64_t rank;
        size_t at, run;
    } cases[] = {{SC_CUT_FORK, 2, ENTRIES - 1, 100}, {SC_CUT_FORK, 2, 333, 50},
                 {SC_CUT_REVOKE, 2, 600, 256},       {SC_CUT_REVOKE, 2, ENTRIES - 1, 1},
                 {SC_CUT_FORK, 2, COMMON, 1},        {SC_CUT_FORK, 2, 250, 100},
                 {SC_CUT_FORK, 1, ENTRIES - 1, 50},  {SC_CUT_REVOKE, 1, 500, 100}};
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct copies c;
        size_t end_of_run =
            COMMON + (cases[i].at - COMMON) / cases[i].run * cases[i].run + cases[i].run;
        uint64_t serial;
        size_t taken;
        bool first_run = cases[i].at < COMMON + cases[i].run; /* holds it */

        begin(&c, cases[i].rank);
        settle_for(&c, 2, cases[i].at, cases[i].mode);
        serial = nd_store_authority_serial(c.s);
        taken = offer(&c, 2, COMMON, ENTRIES, cases[i].run);
        assert_true(first_run ? taken > 0 : taken <= (cases[i].rank == 1 ? 256 : 0));
        if (!first_run)
            assert_true(nd_store_authority_serial(c.s) > serial); /* offer it again */
        (void)offer(&c, 2, COMMON, ENTRIES, cases[i].run);
        /* all up to the end of the run with the named entry is here, and counts up to that one */
        if (end_of_run > ENTRIES)
            end_of_run = ENTRIES;
        for (size_t at = COMMON; at < end_of_run; at += 50) {
            const struct kit_log *l = &c.k[2]->log[KIT_OFFICER];
            struct sc_id id = sc_id_of(&l->e[at].chain);
            uint64_t scope, grid;

            ts_assert_ok(nd_store_subject(c.s, &id, &scope, &grid));
        }
        assert_true(hazards(&c) >= cases[i].at + 1);
        serial = nd_store_authority_serial(c.s);
        (void)offer(&c, 2, COMMON, ENTRIES, cases[i].run);
        assert_int_equal(nd_store_authority_serial(c.s), serial); /* it comes to an end */
        check(&c);
        end(&c);
    }
}

/* Without a word from above a third branch stays out, and nothing is remembered of it. */
static void test_store_passed__unnamed_stays_out(void **state)
{
    struct copies c;
    uint64_t serial;
    (void)state;

    begin(&c, 2);
    serial = nd_store_authority_serial(c.s);
    for (int i = 0; i < 3; i++)
        assert_int_equal(offer(&c, 2, COMMON, ENTRIES, 100), 0);
    assert_int_equal(nd_store_authority_serial(c.s), serial);
    settle_for(&c, 2, ENTRIES - 1, SC_CUT_FORK);
    for (int i = 0; i < 3; i++) /* another one than the named */
        assert_int_equal(offer(&c, 3, COMMON, ENTRIES, 100), 0);
    assert_true(offer(&c, 2, COMMON, ENTRIES, 100) == 0);
    assert_int_equal(offer(&c, 2, COMMON, ENTRIES, 100), ENTRIES - COMMON);
    check(&c);
    end(&c);
}

/* Runs may be cut otherwise the next time; and who fills the memory with others only delays. */
static void test_store_passed__other_runs_and_floods(void **state)
{
    struct copies c;
    size_t taken = 0;
    int rounds = 0;
    (void)state;

    begin(&c, 2);
    settle_for(&c, 2, ENTRIES - 1, SC_CUT_FORK);
    while (taken < ENTRIES - COMMON) {
        taken += offer(&c, 2, COMMON + taken, ENTRIES, rounds % 2 == 0 ? 100 : 70);
        if (taken < ENTRIES - COMMON)
            for (int i = 0; i < 2; i++) /* 1,390 runs of one entry that lead nowhere */
                assert_int_equal(offer(&c, 3, COMMON, ENTRIES, 1), 0);
        assert_true(++rounds < 20);
    }
    assert_true(rounds > 1);
    check(&c);
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_passed__named_branch_comes_in),
        cmocka_unit_test(test_store_passed__unnamed_stays_out),
        cmocka_unit_test(test_store_passed__other_runs_and_floods),
    };

    ts_assert_ok(cr_init(NULL));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
