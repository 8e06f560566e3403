/* Every allocation inside a step of the engine fails once, and then all from there on for a while:
 * sessions end, nobody is blamed, nothing unverified is stored, and with memory again the two nodes
 * end equal. */
#include "tests/lib/oom.h"
#include "tests/unit/sync/support.h"

#include <string.h>

struct hunger {
    size_t left;  /* allocations until the one that fails */
    size_t total; /* allocations seen */
    int sticky;
};

static void around(void *arg, bool before)
{
    struct hunger *h = arg;
    size_t seen;

    if (before) {
        ts_oom_start(h->left, h->sticky);
        return;
    }
    seen = ts_oom_stop();
    h->total += seen;
    if (h->left != SIZE_MAX)
        h->left = h->left >= seen ? h->left - seen : (h->sticky && h->total < 400 ? 0 : SIZE_MAX);
}

static void scenario(struct kit *k, struct hunger *h)
{
    size_t link;
    struct ts_mem_log *log;

    kit_init(k, 2);
    kit_write(k, 0, 0, VILLAGE, 30, false);
    kit_urgent(k, 0, 1, VILLAGE, false);
    kit_write(k, 0, 1, VILLAGE, 300, false);
    kit_write(k, 1, 2, VILLAGE2, 5, false);
    for (uint64_t inc = 2; inc < 72; inc++)
        (void)ts_mem_write(&k->mem[inc % 2], &k->author[3], VILLAGE, inc, 0, 1, cr_span_of("x", 1),
                           false);
    ts_pump_restart(&k->pump, 0);
    ts_pump_restart(&k->pump, 1);
    k->pump.check = false; /* it follows whole sessions only */
    k->pump.around = around;
    k->pump.around_arg = h;
    link = ts_pump_link(&k->pump, 0, 1, NULL, 0);
    assert_true(ts_pump_settle(&k->pump, 3000, 10000));
    log = kit_write(k, 0, 0, VILLAGE, 1, true);
    assert_true(ts_pump_settle(&k->pump, 3000, 10000));
    k->pump.around = NULL;
    ts_pump_local(&k->pump, 0, log, false); /* as a driver does that was told ST_NOMEM */
    if (k->pump.link[link].open)
        ts_pump_cut(&k->pump, link);
}

static void test_oom__every_allocation_of_a_step(void **state)
{
    struct kit k;
    struct hunger h = {SIZE_MAX, 0, 0};
    size_t total;

    (void)state;
    scenario(&k, &h);
    kit_assert_equal(&k, 0, 1);
    total = h.total;
    assert_true(total > 50);
    kit_release(&k);
    for (int sticky = 0; sticky < 2; sticky++) {
        for (size_t n = 0; n < total; n++) {
            h = (struct hunger){n, 0, sticky};
            scenario(&k, &h);
            (void)ts_pump_link(&k.pump, 0, 1, NULL, 0);
            kit_run(&k);
            if (!ts_pump_equal(&k.pump, 0, 1))
                ts_fail("allocation %zu of %zu (sticky %d): %s / %s", n, total, sticky,
                        k.pump.node[0].close_text, k.pump.node[1].close_text);
            if (k.pump.node[0].blames + k.pump.node[1].blames > 0)
                ts_fail("allocation %zu (sticky %d): blame: %s / %s", n, sticky,
                        k.pump.node[0].close_text, k.pump.node[1].close_text);
            kit_release(&k);
        }
    }
}

static int make_engine(void *ctx)
{
    struct kit *k = ctx;
    struct sy_engine *e = NULL;
    int rc = sy_engine_new(&k->pump.node[0].cfg, &k->mem[0].view, &e, NULL);

    sy_engine_free(e);
    return rc;
}

/* The constructor leaves nothing behind when it fails. */
static void test_oom__engine_new(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 1);
    for (size_t i = 0; i < AUTHORS; i++)
        kit_write(&k, 0, i, VILLAGE, 2, false);
    assert_true(ts_oom_sweep(make_engine, &k) > 0);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oom__engine_new),
        cmocka_unit_test(test_oom__every_allocation_of_a_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
