/* Branches of a log: many, far apart, refused, taken back; and what they cost. */
#include "tests/unit/sync/support.h"

#include <string.h>

static struct ts_mem_log *fork_at(struct kit *k, size_t node, struct ts_mem_log *log, uint64_t at,
                                  uint8_t mark)
{
    uint8_t payload[8] = {mark};

    log = ts_mem_fork(&k->mem[node], &k->author[0], log, at, 9, cr_span_of(payload, 8));
    ts_pump_restart(&k->pump, node);
    return log;
}

static void assert_calm(struct kit *k)
{
    for (size_t i = 0; i < k->pump.node_count; i++) {
        if (k->pump.node[i].blames > 0)
            ts_fail("node %zu blames: %s", i, k->pump.node[i].close_text);
    }
}

/* Three nodes with a branch each, one of them from the first entry, one from far below the head. */
static void test_branch__three_apart(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 3);
    kit_write(&k, 0, 0, VILLAGE, 1800, false);
    kit_clone(&k, 0, 1);
    kit_clone(&k, 0, 2);
    (void)fork_at(&k, 0, k.mem[0].log[0], 0, 1);
    (void)fork_at(&k, 1, k.mem[1].log[0], 333, 2);
    kit_write(&k, 2, 0, VILLAGE, 40, false);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    ts_pump_link(&k.pump, 1, 2, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    kit_assert_equal(&k, 1, 2);
    assert_int_equal(ts_mem_branches(&k.mem[1], &k.mem[1].log[0]->l.key), 3);
    assert_calm(&k);
    kit_release(&k);
}

/* More branches than a list or a spine names, other ones on each side. */
static void test_branch__more_than_a_list_names(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 200, false);
    kit_clone(&k, 0, 1);
    for (uint64_t at = 0; at < 190; at++)
        (void)fork_at(&k, at % 2, k.mem[at % 2].log[0], at, (uint8_t)(at + 1));
    for (int i = 0; i < 3 && !ts_pump_equal(&k.pump, 0, 1); i++) {
        size_t link = ts_pump_link(&k.pump, 0, 1, NULL, 0);

        kit_run(&k);
        ts_pump_cut(&k.pump, link);
    }
    kit_assert_equal(&k, 0, 1);
    assert_int_equal(ts_mem_branches(&k.mem[1], &k.mem[1].log[0]->l.key), 191);
    assert_calm(&k);
    kit_release(&k);
}

/* Two nodes that remember a forked log as common need two hellos, as for any other. */
static void test_branch__converged_costs_nothing(void **state)
{
    struct kit k;
    size_t link;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 300, false);
    (void)fork_at(&k, 0, k.mem[0].log[0], 100, 1);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    ts_pump_cut(&k.pump, link);
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    assert_true(ts_pump_wire_bytes(&k.pump, link) <= 285);
    kit_release(&k);
}

static void tell_authority(struct kit *k, size_t node)
{
    struct sy_event ev = {.type = SY_EV_AUTHORITY};

    (void)ts_pump_step(&k->pump, node, &ev);
}

/* What the store refuses rests: nobody is blamed, other logs go on. When authority changes, the
 * session ends, and the next one brings it. */
static void test_branch__refused_then_admitted(void **state)
{
    struct kit k;
    uint64_t passed;
    size_t link;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 700, false);
    k.mem[1].deny_log = k.mem[0].log[0]->l.id;
    k.mem[1].deny_from = 300;
    link = ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    assert_int_equal(k.pump.node[1].closes, 0);
    kit_write(&k, 0, 1, VILLAGE, 20, true);
    kit_run(&k);
    assert_int_equal(k.pump.node[1].closes, 0);
    assert_int_equal(k.mem[1].entries, 256 + 20);
    passed = k.pump.node[1].passed;
    kit_write(&k, 0, 0, VILLAGE, 5, true); /* what follows is shown, linked to what was refused */
    kit_run(&k);
    assert_int_equal(k.pump.node[1].passed, passed + 5);
    assert_true(cr_hash_equal(&k.pump.node[1].passed_last, &k.mem[0].log[0]->l.link.chain));
    assert_int_equal(k.pump.node[1].closes, 0);
    k.mem[1].deny_from = 0;
    tell_authority(&k, 1);
    assert_int_equal(k.pump.node[1].close_status, ST_BUSY);
    kit_run(&k);
    if (k.pump.link[link].open)
        ts_pump_cut(&k.pump, link);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    assert_calm(&k);
    kit_release(&k);
}

/* Authority changed by what a session brought is told before that is answered: the two are equal as
 * soon as it is, not only when something else comes. */
static void test_branch__equal_after_authority(void **state)
{
    struct kit k;
    size_t link;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 3, false);
    k.pump.node[1].hold = true;
    link = ts_pump_link(&k.pump, 1, 0, NULL, 0);
    assert_true(ts_pump_deliver(&k.pump, link, 0));
    while (ts_pump_deliver(&k.pump, link, 1))
        ;
    assert_int_equal(k.pump.node[1].answer_count, 1);
    tell_authority(&k, 1);
    ts_pump_commit(&k.pump, 1);
    assert_true(ts_pump_run(&k.pump, 100));
    assert_int_equal(k.pump.node[1].synced, 1);
    assert_int_equal(k.pump.node[0].synced, 1);
    kit_release(&k);
}

/* A revocation takes a branch out of what is passed on, first here, then there: equal again, in the
 * same session; and back. */
static void test_branch__taken_back(void **state)
{
    struct kit k;
    struct sc_id before, now;
    uint64_t count;

    (void)state;
    kit_init(&k, 2);
    kit_write(&k, 0, 0, VILLAGE, 300, false);
    (void)fork_at(&k, 0, k.mem[0].log[0], 255, 1);
    ts_pump_link(&k.pump, 0, 1, NULL, 0);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    before = sy_engine_fingerprint(k.pump.node[0].engine, NULL, 0, &count);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 2; i++) {
            k.mem[i].log[1]->relay_next = round == 0 ? 255 : UINT64_MAX;
            tell_authority(&k, i);
            assert_int_equal(ts_pump_equal(&k.pump, 0, 1), i == 1);
        }
        kit_run(&k);
        assert_true(ts_pump_equal(&k.pump, 0, 1));
        now = sy_engine_fingerprint(k.pump.node[0].engine, NULL, 0, &count);
        assert_int_equal(sc_id_equal(&now, &before), round == 1);
        assert_int_equal(count, round == 0 ? 1 : 2);
    }
    kit_write(&k, 1, 0, VILLAGE, 5, true);
    kit_run(&k);
    kit_assert_equal(&k, 0, 1);
    assert_int_equal(k.pump.node[0].closes + k.pump.node[1].closes, 0);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_branch__three_apart),
        cmocka_unit_test(test_branch__more_than_a_list_names),
        cmocka_unit_test(test_branch__converged_costs_nothing),
        cmocka_unit_test(test_branch__refused_then_admitted),
        cmocka_unit_test(test_branch__equal_after_authority),
        cmocka_unit_test(test_branch__taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
