#include "tests/lib/test.h"

/* Must fail: the suite runs this program to see that a failed assertion is reported. */
static void test_meta__fails(void **state)
{
    (void)state;
    ts_assert_status(ST_FORGED, ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_meta__fails)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
