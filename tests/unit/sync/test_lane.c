/* What the engine does beside the plain exchange: the urgent lane, live pushes, scopes, quotas,
 * forks, timers. */
#include "tests/unit/sync/support.h"

#include <string.h>

static struct sy_session_info info_of(struct kit *k, size_t link, size_t side)
{
    struct sy_session_info info;
    const struct ts_link *l = &k->pump.link[link];

    assert_true(sy_engine_session(k->pump.node[l->node[side]].engine, l->number[side], &info));
    return info;
}

static void assert_no_blame(struct kit *k)
{
    for (size_t i = 0; i < k->pump.node_count; i++) {
        if (k->pump.node[i].blames > 0)
            ts_fail("node %zu: %s", i, k->pump.node[i].close_text);
    }
}

/* An emergency written before the dial is in the first frame and durable half a round trip later,
 * ahead of a backlog of its own log. */
static void test_lane__urgent_is_in_the_hello(void **state)
{
    struct kit k;
    size_t link;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 2000, false);
    kit_urgent(&k, 0, 0, VILLAGE, false);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    assert_true(ts_pump_deliver(&k.pump, link, 0));
    assert_int_equal(k.pump.node[1].urgents, 1);
    assert_int_equal(k.mem[1].entries, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    assert_int_equal(k.pump.node[1].urgents, 1);
    assert_no_blame(&k);
    kit_release(&k);
}

/* An emergency written while a long first sync is under way overtakes what waits. */
static void test_lane__urgent_overtakes_the_backlog(void **state)
{
    struct kit k;
    size_t link;
    uint64_t before;
    struct ts_mem_log *log;

    (void)state;
    kit_init(&k, 2);
    for (size_t i = 0; i < 5; i++)
        kit_write(&k, 0, i, VILLAGE, 9000, false);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    (void)ts_pump_deliver(&k.pump, link, 0);
    (void)ts_pump_deliver(&k.pump, link, 1);
    log = kit_urgent(&k, 0, 4, VILLAGE, true);
    while (k.pump.node[1].urgents == 0)
        assert_true(ts_pump_deliver(&k.pump, link, 0));
    before = k.mem[1].entries;
    assert_true(before < 45001);
    assert_true(ts_mem_has_urgent(&k.mem[1], &log->l.link.chain));
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    assert_no_blame(&k);
    kit_release(&k);
}

static int read_suites(struct kit *k, size_t node, const struct ts_mem_log *of, uint8_t *out)
{
    const struct ts_mem_log *log = ts_mem_log(&k->mem[node], &of->l.key);

    assert_non_null(log);
    for (uint64_t i = 0; i < log->l.link.seq_next; i++)
        out[i] = log->e[i].other_suite;
    return (int)log->l.link.seq_next;
}

/* Entries of a suite that no engine knows go from one to the next like others, in runs and ahead of
 * them. */
static void test_lane__other_suite_is_passed_on(void **state)
{
    uint8_t suites[8];
    struct kit k;
    struct ts_mem_log *log;

    (void)state;
    kit_init(&k, 3);
    ts_pump_link(&k.pump, 1, 2, NULL, 0);
    kit_run(&k);
    kit_write(&k, 0, 0, VILLAGE, 2, false);
    k.mem[0].other_suite = 9;
    kit_write(&k, 0, 0, VILLAGE, 1, false);
    log = kit_urgent(&k, 0, 0, VILLAGE, false);
    k.mem[0].other_suite = 0;
    kit_write(&k, 0, 0, VILLAGE, 1, false);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 2);
    assert_int_equal(k.pump.node[1].urgents, 1);
    assert_int_equal(k.pump.node[2].urgents, 1);
    assert_int_equal(read_suites(&k, 2, log, suites), 5);
    assert_memory_equal(suites, "\0\0\11\11\0", 5);
    assert_no_blame(&k);
    kit_release(&k);
}

/* An emergency that is ahead of its log is passed on at once, and only once. */
static void test_lane__urgent_is_passed_on(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 3);
    ts_pump_link(&k.pump, 1, 2, NULL, 0);
    ts_pump_link(&k.pump, 2, 1, NULL, 0); /* a circle of two sessions */
    kit_run(&k);
    kit_write(&k, 0, 0, VILLAGE, 1000, false);
    kit_urgent(&k, 0, 0, VILLAGE, false);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    assert_true(ts_pump_deliver(&k.pump, 2, 0)); /* the hello only */
    for (int i = 0; i < 8; i++) {
        for (size_t link = 0; link < 2; link++) {
            (void)ts_pump_deliver(&k.pump, link, 0);
            (void)ts_pump_deliver(&k.pump, link, 1);
        }
    }
    assert_int_equal(k.pump.node[2].urgents, 1);
    assert_int_equal(k.mem[2].entries, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 2);
    assert_no_blame(&k);
    kit_release(&k);
}

/* An emergency whose log never came goes to whoever connects later, equal heads or not, and is not
 * offered once the log is there. */
static void test_lane__urgent_held_is_offered_later(void **state)
{
    struct kit k;
    size_t link;

    (void)state;
    kit_init(&k, 3);
    kit_write(&k, 1, 1, VILLAGE, 10, false); /* both others hold this: their heads are equal */
    ts_pump_link(&k.pump, 1, 2, NULL, 0);
    kit_run(&k);
    ts_pump_cut(&k.pump, 0);
    kit_write(&k, 0, 0, VILLAGE, 1000, false);
    kit_urgent(&k, 0, 0, VILLAGE, false);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    assert_true(ts_pump_deliver(&k.pump, link, 0)); /* the hello only; then the line is dead */
    ts_pump_cut(&k.pump, link);
    assert_int_equal(k.pump.node[1].urgents, 1);
    ts_pump_link(&k.pump, 1, 2, NULL, 0);
    kit_run(&k);
    assert_int_equal(k.pump.node[2].urgents, 1);
    assert_int_equal(k.mem[2].entries, 10);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 2);
    ts_pump_link(&k.pump, 2, 0, NULL, 0);
    kit_run(&k);
    assert_int_equal(k.pump.node[0].urgents, 0);
    assert_int_equal(k.pump.node[2].urgents, 1);
    assert_no_blame(&k);
    kit_release(&k);
}

/* What is written in a live session goes to every node at once, and the common frontier stays
 * fresh: the next dial is one round trip. */
static void test_lane__live_push(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 3);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    ts_pump_link(&k.pump, 1, 2, NULL, 0);
    kit_run(&k);
    for (int i = 0; i < 5; i++) {
        kit_write(&k, (size_t)i % 3, (size_t)i % 3, VILLAGE, 1, true);
        assert_true(ts_pump_run(&k.pump, 100));
        kit_assert_equal(&k, 0, 2);
    }
    kit_run(&k);
    assert_true(info_of(&k, 0, 0).synced && info_of(&k, 1, 1).synced);
    assert_int_equal(info_of(&k, 0, 0).backlog_entries, 0);
    ts_pump_cut(&k.pump, 0);
    k.pump.frames = 0;
    ts_pump_link(&k.pump, 1, 0, NULL, 0);
    assert_true(ts_pump_run(&k.pump, 100));
    assert_int_equal(k.pump.frames, 2);
    assert_no_blame(&k);
    kit_release(&k);
}

/* Only scopes that both hold and both let the other read are exchanged; both sides know when they
 * are equal in these. */
static void test_lane__scopes_intersect(void **state)
{
    static const uint64_t some[] = {SC_SCOPE_PUBLIC, VILLAGE};
    struct kit k;
    size_t link;

    (void)state;
    for (size_t dialer = 0; dialer < 2; dialer++) {
        kit_init(&k, 1);
        k.cfg.scope_count = 2;
        k.cfg.scopes[1] = VILLAGE;
        ts_mem_init(&k.mem[1], "test");
        (void)ts_pump_add(&k.pump, &k.mem[1], &k.cfg);
        kit_write(&k, 0, 0, VILLAGE2, 5, false);
        kit_write(&k, 0, 0, VILLAGE, 5, false);
        kit_write(&k, 1, 1, SC_SCOPE_PUBLIC, 5, false);
        link = ts_pump_link(&k.pump, dialer, 1 - dialer, NULL, 0);
        kit_run(&k);
        assert_int_equal(k.mem[0].entries, 15);
        assert_int_equal(k.mem[1].entries, 10);
        assert_true(info_of(&k, link, 0).synced && info_of(&k, link, 1).synced);
        ts_pump_cut(&k.pump, link);
        link = ts_pump_link(&k.pump, dialer, 1 - dialer, some, 1);
        kit_write(&k, 0, 0, VILLAGE, 1, false);
        link = ts_pump_link(&k.pump, dialer, 1 - dialer, some, 1);
        kit_run(&k);
        assert_int_equal(k.mem[1].entries, 10);
        assert_true(info_of(&k, link, 0).synced);
        assert_no_blame(&k);
        kit_release(&k);
    }
}

/* Of an author without certificate a log is taken up to its quota, and so are such logs; nobody is
 * blamed and the rest goes on. */
static void test_lane__unknown_authors_have_a_quota(void **state)
{
    struct kit k;
    uint8_t payload[16] = {1};

    (void)state;
    kit_init(&k, 2);
    k.mem[1].stranger[k.mem[1].stranger_count++] = k.author[5].sign_pk;
    kit_write(&k, 0, 5, VILLAGE, SY_UNKNOWN_ENTRIES_MAX + 600, false);
    for (uint64_t inc = 2; inc < 400; inc++)
        (void)ts_mem_write(&k.mem[0], &k.author[5], VILLAGE, inc, 0, 1,
                           cr_span_of(payload, sizeof payload), false);
    kit_write(&k, 0, 1, VILLAGE, 30, false);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    assert_true(k.mem[1].entries <= SY_UNKNOWN_ENTRIES_MAX + 256 + 30);
    assert_true(k.mem[1].entries >= 30 + 200);
    assert_true(k.mem[1].log_count <= 257);
    assert_no_blame(&k);
    kit_release(&k);
}

/* Two branches of one log: both nodes end with both, both have proof, and the session lives. */
static void test_lane__fork(void **state)
{
    static const struct {
        size_t common, a, b;
    } cases[] = {
        {5, 3, 3},      {5, 1, 9},      {5, 9, 1},   {0, 1, 1},
        {300, 20, 400}, {300, 400, 20}, {0, 700, 2}, {40, 1200, 1500},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct kit k;
        struct ts_mem_log *log[2];
        size_t link, all = cases[i].common + cases[i].a + cases[i].b + 4;

        kit_init(&k, 2);
        if (cases[i].common > 0)
            kit_write(&k, 0, 0, VILLAGE, cases[i].common, false);
        kit_clone(&k, 0, 1);
        kit_write(&k, 0, 1, VILLAGE, 4, false); /* shifts the payloads: the branches differ */
        log[0] = kit_write(&k, 0, 0, VILLAGE, cases[i].a, false);
        log[1] = kit_write(&k, 1, 0, VILLAGE, cases[i].b, false);
        link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
        kit_run(&k);
        kit_assert_equal(&k, 0, 1);
        assert_no_blame(&k);
        assert_int_equal(k.pump.node[0].closes + k.pump.node[1].closes, 0);
        if (k.mem[0].fork_count != 1 || k.mem[1].fork_count != 1)
            ts_fail("case %zu: %zu and %zu forks", i, k.mem[0].fork_count, k.mem[1].fork_count);
        assert_int_equal(ts_mem_branches(&k.mem[0], &log[0]->l.key), 2);
        assert_int_equal(ts_mem_branches(&k.mem[1], &log[1]->l.key), 2);
        assert_int_equal(k.mem[1].entries, all);
        assert_true(info_of(&k, link, 0).synced);
        kit_write(&k, 0, 1, VILLAGE, 1, true);
        kit_write(&k, 0, 0, VILLAGE, 1, true);
        kit_write(&k, 1, 0, VILLAGE, 2, true);
        kit_run(&k);
        kit_assert_equal(&k, 0, 1);
        assert_int_equal(k.mem[1].entries, all + 4);
        assert_no_blame(&k);
        kit_release(&k);
    }
}

/* Branches that grow on both sides during a live session meet: both go everywhere. */
static void test_lane__fork_while_live(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 5, false);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_write(&k, 0, 1, VILLAGE2, 1, true);
    kit_write(&k, 0, 0, VILLAGE, 2, true);
    kit_write(&k, 1, 0, VILLAGE, 3, true);
    kit_write(&k, 0, 0, VILLAGE, 1, true);
    kit_run(&k);
    assert_true(k.mem[0].fork_count >= 1 && k.mem[1].fork_count >= 1);
    assert_int_equal(k.pump.node[0].closes + k.pump.node[1].closes, 0);
    kit_assert_equal(&k, 0, 1);
    assert_int_equal(k.mem[1].entries, 12);
    kit_release(&k);
}

/* An erased payload travels as hash and size. */
static void test_lane__pruned_payloads(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 20, false);
    ts_mem_prune(k.mem[0].log[0], 3);
    ts_mem_prune(k.mem[0].log[0], 19);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    assert_true(k.mem[1].log[0]->e[3].pruned);
    kit_release(&k);
}

/* A silent session is kept alive; its zstd streams start anew and still carry what comes. */
static void test_lane__keepalive(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 20, false);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    assert_true(ts_pump_settle(&k.pump, 600000, 1000));
    assert_int_equal(k.pump.node[0].closes + k.pump.node[1].closes, 0);
    kit_write(&k, 0, 0, VILLAGE, 1, true);
    kit_write(&k, 1, 1, VILLAGE, 1, true);
    assert_true(ts_pump_settle(&k.pump, 600000, 1000));
    kit_assert_equal(&k, 0, 1);
    assert_int_equal(k.pump.node[0].closes + k.pump.node[1].closes, 0);
    kit_release(&k);
}

/* Nobody answers the hello; nobody is heard any more: both end with a time-out, without blame. */
static void test_lane__timeouts(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 2);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    k.pump.now_ms += SY_HANDSHAKE_MS;
    ts_pump_tick(&k.pump, 0);
    ts_pump_tick(&k.pump, 1);
    assert_int_equal(k.pump.node[0].close_status, ST_TIMEOUT);
    assert_int_equal(k.pump.node[1].close_status, ST_TIMEOUT);
    ts_pump_cut(&k.pump, 0);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    k.pump.now_ms += SY_IDLE_MS;
    ts_pump_tick(&k.pump, 1);
    assert_int_equal(k.pump.node[1].closes, 2);
    assert_int_equal(k.pump.node[1].close_status, ST_TIMEOUT);
    assert_no_blame(&k);
    kit_release(&k);
}

/* A fork of the set of sessions: two sessions between the same two nodes do no harm. */
static void test_lane__two_sessions_with_one_peer(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 500, false);
    kit_write(&k, 1, 1, VILLAGE, 500, false);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    ts_pump_link(&k.pump, 1, 0, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    assert_no_blame(&k);
    kit_release(&k);
}

/* A view that cannot be read ends the session that needs it, and nothing else. */
static void test_lane__view_fails(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 500, false);
    k.mem[0].fail_reads = ST_IO;
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    assert_int_equal(k.pump.node[0].close_status, ST_IO);
    assert_no_blame(&k);
    k.mem[0].fail_reads = 0;
    ts_pump_cut(&k.pump, 0);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lane__urgent_is_in_the_hello),
        cmocka_unit_test(test_lane__urgent_overtakes_the_backlog),
        cmocka_unit_test(test_lane__other_suite_is_passed_on),
        cmocka_unit_test(test_lane__urgent_is_passed_on),
        cmocka_unit_test(test_lane__urgent_held_is_offered_later),
        cmocka_unit_test(test_lane__live_push),
        cmocka_unit_test(test_lane__scopes_intersect),
        cmocka_unit_test(test_lane__unknown_authors_have_a_quota),
        cmocka_unit_test(test_lane__fork),
        cmocka_unit_test(test_lane__fork_while_live),
        cmocka_unit_test(test_lane__pruned_payloads),
        cmocka_unit_test(test_lane__keepalive),
        cmocka_unit_test(test_lane__timeouts),
        cmocka_unit_test(test_lane__two_sessions_with_one_peer),
        cmocka_unit_test(test_lane__view_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
