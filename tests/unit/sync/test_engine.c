/* Two engines that speak to each other: what they end with and what it costs. */
#include "tests/unit/sync/support.h"

#include <stdio.h>
#include <string.h>

/* The two hellos make the sides equal; a second later, with nothing to say, the caller proves by
 * one more frame that it is there. Nothing else is sent. */
static void say_hello_and_be_equal(struct kit *k, size_t link)
{
    uint64_t before = k->pump.frames;
    uint64_t synced[2] = {k->pump.node[0].synced, k->pump.node[1].synced};

    assert_true(ts_pump_deliver(&k->pump, link, 0));
    assert_true(ts_pump_deliver(&k->pump, link, 1));
    assert_int_equal(k->pump.frames, before + 2);
    assert_int_equal(k->pump.node[0].synced, synced[0] + 1);
    assert_int_equal(k->pump.node[1].synced, synced[1] + 1);
    kit_run(k);
    assert_int_equal(k->pump.frames, before + 3);
}

/* Two empty nodes are equal after one round trip and stay so. */
static void test_engine__empty_nodes_are_equal(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 2);
    say_hello_and_be_equal(&k, ts_pump_link(&k.pump, 0, 1, NULL, 0));
    assert_int_equal(k.pump.node[0].synced, 1);
    assert_int_equal(k.pump.node[1].synced, 1);
    kit_release(&k);
}

/* A first sync of an empty node brings everything, in both roles. */
static void test_engine__first_sync(void **state)
{
    (void)state;
    for (size_t full = 0; full < 2; full++) {
        struct kit k;

        kit_init(&k, 2);
        kit_write(&k, full, 0, VILLAGE, 300, false);
        kit_write(&k, full, 1, VILLAGE, 3, false);
        kit_write(&k, full, 2, SC_SCOPE_PUBLIC, 5, false);
        ts_pump_link(&k.pump, 0, 1, NULL, 0);
        kit_run(&k);
        kit_assert_equal(&k, 0, 1);
        assert_int_equal(k.mem[1 - full].entries, 308);
        assert_int_equal(k.pump.node[0].commons, 1);
        assert_int_equal(k.pump.node[1].commons, 1);
        assert_int_equal(k.pump.node[0].blames + k.pump.node[1].blames, 0);
        kit_release(&k);
    }
}

/* Converged nodes that remember their common frontier: one round trip, at most 300 bytes on the
 * wire with the handshake. */
static void test_engine__converged_resync_is_one_round_trip(void **state)
{
    struct kit k;
    size_t link;

    (void)state;
    kit_init(&k, 2);
    for (size_t i = 0; i < AUTHORS; i++)
        kit_write(&k, 0, i, VILLAGE, 20, false);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    ts_pump_cut(&k.pump, link);
    k.pump.frames = 0;
    link = ts_pump_link(&k.pump, 1, 0, NULL, 0);
    say_hello_and_be_equal(&k, link);
    if (ts_pump_wire_bytes(&k.pump, link) > 300)
        ts_fail("%llu bytes", (unsigned long long)ts_pump_wire_bytes(&k.pump, link));
    assert_int_equal(k.pump.node[0].synced, 2);
    assert_int_equal(k.pump.node[0].commons, 1);
    kit_release(&k);
}

/* With a remembered common frontier both sides stream what is new behind the hellos. */
static void test_engine__delta_with_common(void **state)
{
    struct kit k;
    size_t link;

    (void)state;
    kit_init(&k, 2);
    for (size_t i = 0; i < AUTHORS; i++)
        kit_write(&k, 0, i, VILLAGE, 20, false);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    ts_pump_cut(&k.pump, link);
    kit_write(&k, 0, 0, VILLAGE, 10, false);
    kit_write(&k, 1, 3, VILLAGE, 7, false);
    kit_write(&k, 1, 3, VILLAGE2, 7, false);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    assert_int_equal(k.mem[0].entries, AUTHORS * 20 + 24);
    kit_release(&k);
}

/* Without one, and with too many logs to list, rounds of ranges find the differences. */
static void test_engine__no_common_many_logs(void **state)
{
    struct kit k;
    struct sy_session_info info;
    size_t link;

    (void)state;
    kit_init(&k, 2);
    for (uint64_t inc = 2; inc < 302; inc++) {
        uint8_t payload[8] = {1};

        for (size_t node = 0; node < 2; node++) {
            cr_store_be64(payload, inc);
            if (inc % 7 != node)
                (void)ts_mem_write(&k.mem[node], &k.author[0], VILLAGE, inc, 0, 1,
                                   cr_span_of(payload, 8), false);
            if (inc % 7 != node && inc % 11 == node)
                (void)ts_mem_write(&k.mem[node], &k.author[0], VILLAGE, inc, 0, 2,
                                   cr_span_of(payload, 8), false);
        }
    }
    ts_pump_restart(&k.pump, 0);
    ts_pump_restart(&k.pump, 1);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    assert_true(sy_engine_session(k.pump.node[0].engine, k.pump.link[link].number[0], &info));
    assert_true(info.rounds > 1 && info.rounds < 12);
    assert_true(info.synced);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engine__empty_nodes_are_equal),
        cmocka_unit_test(test_engine__first_sync),
        cmocka_unit_test(test_engine__converged_resync_is_one_round_trip),
        cmocka_unit_test(test_engine__delta_with_common),
        cmocka_unit_test(test_engine__no_common_many_logs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
