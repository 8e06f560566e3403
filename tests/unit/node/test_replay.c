#include "node/driver_replay.h"
#include "tests/lib/test.h"

#include <string.h>

static void key_of(uint32_t n, uint8_t out[32])
{
    memset(out, 0, 32);
    memcpy(out + 28, &n, sizeof n);
}

static bool first(struct nd_replay *r, uint32_t n, uint64_t now_ms)
{
    uint8_t key[32];

    key_of(n, key);
    return nd_replay_first(r, key, now_ms);
}

/* A key is new once within ten minutes, however often it is shown, and new again after. */
static void test_replay__once_in_its_time(void **state)
{
    static struct nd_replay r;

    (void)state;
    memset(&r, 0, sizeof r);
    assert_true(first(&r, 1, 1000));
    assert_false(first(&r, 1, 1000));
    assert_true(first(&r, 2, 2000));
    assert_false(first(&r, 1, 1000 + ND_REPLAY_MS));
    assert_true(first(&r, 1, 1001 + ND_REPLAY_MS));
    assert_false(first(&r, 2, 2000 + ND_REPLAY_MS));
}

/* The latest are kept, whatever comes; memory does not grow. */
static void test_replay__bounded(void **state)
{
    static struct nd_replay r;

    (void)state;
    memset(&r, 0, sizeof r);
    for (uint32_t n = 0; n < ND_REPLAY_MAX + 10; n++)
        assert_true(first(&r, n, n));
    assert_int_equal(r.count, ND_REPLAY_MAX);
    assert_false(first(&r, 10, 10000));
    assert_false(first(&r, ND_REPLAY_MAX + 9, 10000));
    assert_true(first(&r, 0, 10000));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay__once_in_its_time),
        cmocka_unit_test(test_replay__bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
