/* What every test includes first: cmocka with the headers it forgets to include, and assertions on
 * statuses. A test program is `int main(void)` around cmocka_run_group_tests; its functions are
 * called test_<module>__<behaviour>, each with a sentence above it saying what must hold. */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/base/status.h"

/* Fails the test, naming both statuses, unless the expression gives the expected one. */
#define ts_assert_status(expression, expected) \
    ts_assert_status_at((expression), (expected), #expression, __FILE__, __LINE__)
#define ts_assert_ok(expression) ts_assert_status((expression), ST_OK)

void ts_assert_status_at(int got, int expected, const char *expression, const char *file, int line);

/* Fails the running test with a message; for table tests, so that the message names the row. */
#define ts_fail(...) ts_fail_at(__FILE__, __LINE__, __VA_ARGS__)

_Noreturn void ts_fail_at(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
