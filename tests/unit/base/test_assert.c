#include "crypto/base/assert.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int evaluations(int *count, int value)
{
    (*count)++;
    return value;
}

/* A condition that holds is evaluated once and does nothing else, in every build. */
static void test_assert__true_condition_is_evaluated_once(void **state)
{
    int count = 0;

    (void)state;
    CR_ASSERT(evaluations(&count, 1) == 1);
    assert_int_equal(count, 1);
}

/* A condition that does not hold kills the process by SIGABRT and names place and condition. */
static void test_assert__false_condition_aborts_and_says_where(void **state)
{
    char text[256];
    size_t n = 0;
    int pipes[2], status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int zero = 0;

        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(pipes[1], 2);
        CR_ASSERT(zero == 1);
        _exit(0);
    }
    (void)close(pipes[1]);
    for (;;) {
        ssize_t got = read(pipes[0], text + n, sizeof text - 1 - n);

        if (got <= 0)
            break;
        n += (size_t)got;
    }
    text[n] = '\0';
    (void)close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "test_assert.c:"));
    assert_non_null(strstr(text, "zero == 1 does not hold"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assert__true_condition_is_evaluated_once),
        cmocka_unit_test(test_assert__false_condition_aborts_and_says_where),
    };

    return cmocka_run_group_tests_name("assert", tests, NULL, NULL);
}
