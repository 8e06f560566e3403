/* Must fail: the suite runs this program to see that failures are reported. */
#include "tests/lib/prng.h"
#include "tests/lib/test.h"

/* A failed assertion. */
static void test_meta__fails(void **state)
{
    (void)state;
    ts_assert_status(ST_FORGED, ST_OK);
}

static void fail_at_12(struct ts_prng *r, uint64_t seed, void *ctx)
{
    (void)r;
    (void)ctx;
    assert_int_not_equal(seed, 12);
}

/* A property that one seed breaks: the program must name the seed. */
static void test_meta__fails_at_a_seed(void **state)
{
    (void)state;
    ts_each_seed(10, 5, fail_at_12, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meta__fails),
        cmocka_unit_test(test_meta__fails_at_a_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
