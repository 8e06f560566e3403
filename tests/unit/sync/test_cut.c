/* Sessions that end in the middle, nodes that crash, stores that refuse: what was durable stays,
 * and the next session ends equal. */
#include "tests/unit/sync/support.h"

#include <stdio.h>
#include <string.h>

/* Both sides have something to send, in several logs, one of them in several runs. */
static void fill(struct kit *k)
{
    kit_write(k, 0, 0, VILLAGE, 40, false);
    kit_clone(k, 0, 1);
    kit_write(k, 0, 0, VILLAGE, 300, false);
    kit_write(k, 0, 1, VILLAGE2, 5, false);
    kit_urgent(k, 0, 1, VILLAGE2, false);
    kit_write(k, 0, 2, SC_SCOPE_PUBLIC, 3, false);
    kit_write(k, 1, 3, VILLAGE, 30, false);
    kit_urgent(k, 1, 4, VILLAGE, false);
    kit_write(k, 1, 4, VILLAGE, 280, false);
}

/* Delivers n frames, round about the two directions. */
static bool deliver(struct kit *k, size_t link, uint64_t n)
{
    while (n > 0) {
        bool any = false;

        for (size_t dir = 0; dir < 2 && n > 0; dir++) {
            if (ts_pump_deliver(&k->pump, link, dir)) {
                any = true;
                n--;
            }
        }
        if (!any)
            return false;
    }
    return true;
}

/* Cut after every number of frames, then a new session: equal, and nothing durable was sent twice
 * beyond what the cut made unknown. */
static void test_cut__after_every_frame_then_resume(void **state)
{
    bool more = true;

    (void)state;
    for (uint64_t n = 0; more; n++) {
        struct kit k;
        size_t link;

        kit_init(&k, 2);
        fill(&k);
        link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
        more = deliver(&k, link, n);
        ts_pump_cut(&k.pump, link);
        ts_pump_link(&k.pump, n % 2, 1 - n % 2, NULL, 0);
        kit_run(&k);
        kit_assert_equal(&k, 0, 1);
        assert_int_equal(k.pump.node[0].blames + k.pump.node[1].blames, 0);
        kit_release(&k);
    }
}

/* One node crashes after every number of frames, with its store's answers still due. */
static void test_cut__crash_after_every_frame(void **state)
{
    bool more = true;

    (void)state;
    for (uint64_t n = 0; more; n++) {
        for (size_t who = 0; who < 2; who++) {
            struct kit k;
            size_t link;

            kit_init(&k, 2);
            fill(&k);
            k.pump.node[who].hold = true;
            link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
            more = deliver(&k, link, n);
            ts_pump_restart(&k.pump, who);
            k.pump.node[who].hold = false;
            ts_pump_link(&k.pump, 0, 1, NULL, 0);
            kit_run(&k);
            kit_assert_equal(&k, 0, 1);
            assert_int_equal(k.pump.node[0].blames + k.pump.node[1].blames, 0);
            kit_release(&k);
        }
    }
}

/* A store that answers late: several runs of one log are with it at once. */
static void test_cut__late_answers(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 2);
    fill(&k);
    k.pump.node[0].hold = k.pump.node[1].hold = true;
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    kit_release(&k);
}

/* A store that is full ends the session without blame; once there is room, the rest comes. */
static void test_cut__store_refuses(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 3);
    fill(&k);
    kit_clone(&k, 0, 2);
    k.pump.node[1].hold = true;
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    ts_pump_link(&k.pump, 2, 1, NULL, 0);
    for (int i = 0; i < 6; i++) {
        (void)ts_pump_deliver(&k.pump, 0, (size_t)i % 2);
        (void)ts_pump_deliver(&k.pump, 1, (size_t)i % 2);
    }
    for (size_t i = 0; i < k.pump.node[1].answer_count; i++)
        k.pump.node[1].answer[i].status = ST_FULL;
    ts_mem_release(&k.mem[1]);
    ts_mem_init(&k.mem[1], "test");
    ts_pump_commit(&k.pump, 1);
    assert_true(k.pump.node[1].closes >= 1);
    assert_int_equal(k.pump.node[1].blames, 0);
    assert_int_equal(k.pump.node[1].close_status, ST_FULL);
    k.pump.node[1].hold = false;
    ts_pump_restart(&k.pump, 1);
    ts_pump_cut(&k.pump, 0);
    ts_pump_cut(&k.pump, 1);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    kit_release(&k);
}

/* Two sessions bring the same entries at the same time: each entry is stored once. */
static void test_cut__two_sessions_bring_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct kit k;
        struct ts_prng r;

        ts_prng_init(&r, seed);
        kit_init(&k, 3);
        fill(&k);
        kit_clone(&k, 0, 2);
        k.pump.node[1].hold = seed % 2 != 0;
        ts_pump_link(&k.pump, 0, 1, NULL, 0);
        ts_pump_link(&k.pump, 1, 2, NULL, 0);
        for (int i = 0; i < 200; i++) {
            (void)ts_pump_deliver(&k.pump, ts_prng_below(&r, 2), ts_prng_below(&r, 2));
            if (ts_prng_chance(&r, 1, 8))
                ts_pump_commit(&k.pump, 1);
        }
        kit_run(&k);
        kit_assert_equal(&k, 0, 1);
        kit_assert_equal(&k, 1, 2);
        assert_int_equal(k.pump.node[1].blames, 0);
        kit_release(&k);
    }
}

/* A node restored from a backup gets back what it had, its own log too. */
static void test_cut__restored_from_backup(void **state)
{
    struct kit k;
    size_t link;

    (void)state;
    kit_init(&k, 2);
    fill(&k);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    ts_pump_cut(&k.pump, link);
    ts_mem_cut(&k.mem[0], k.mem[0].log[0], 256);
    ts_pump_restart(&k.pump, 0);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut__after_every_frame_then_resume),
        cmocka_unit_test(test_cut__crash_after_every_frame),
        cmocka_unit_test(test_cut__late_answers),
        cmocka_unit_test(test_cut__store_refuses),
        cmocka_unit_test(test_cut__two_sessions_bring_the_same),
        cmocka_unit_test(test_cut__restored_from_backup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
