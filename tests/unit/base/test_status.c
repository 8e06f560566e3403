#include "crypto/base/bytes.h"
#include "crypto/base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Every code has its own name, its own sentence and the number the header gives it. */
static void test_status__every_code_has_name_and_text(void **state)
{
    static const struct {
        enum st_code code;
        int value;
        const char *name, *text;
    } codes[] = {
#define ROW(name, value, text) {name, value, #name, text},
        ST_MAP(ROW)
#undef ROW
    };

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_int_equal((int)codes[i].code, codes[i].value);
        assert_string_equal(st_name(codes[i].code), codes[i].name);
        assert_string_equal(st_text(codes[i].code), codes[i].text);
        for (size_t j = 0; j < i; j++) {
            if (codes[i].value == codes[j].value || strcmp(codes[i].text, codes[j].text) == 0)
                fail_msg("%s and %s are alike", codes[i].name, codes[j].name);
        }
    }
}

/* A number that is no code gives a name all the same, so that a log line never crashes. */
static void test_status__unknown_code_is_named_unknown(void **state)
{
    (void)state;
    assert_string_equal(st_name((enum st_code)1), "ST_UNKNOWN");
    assert_string_equal(st_name((enum st_code) - 999), "ST_UNKNOWN");
    assert_non_null(st_text((enum st_code) - 999));
}

/* st_fail records code and text and returns the code; without a place to record it still returns
 * the code. */
static void test_status__fail_records_and_returns(void **state)
{
    struct st_err err = {0};

    (void)state;
    assert_int_equal(st_fail(&err, ST_FORGED, "entry %d of %s", 7, "log"), ST_FORGED);
    assert_int_equal(err.code, ST_FORGED);
    assert_string_equal(err.msg, "entry 7 of log");
    assert_int_equal(st_fail(NULL, ST_IO, "nowhere %d", 1), ST_IO);
}

/* Wrapping reads from outside in, and the innermost code wins. */
static void test_status__wrap_prepends(void **state)
{
    struct st_err err = {0};

    (void)state;
    (void)st_fail(&err, ST_FULL, "disk full");
    assert_int_equal(st_wrap(&err, ST_IO, "migrate %d", 3), ST_FULL);
    assert_int_equal(st_wrap(&err, ST_IO, "open store"), ST_FULL);
    assert_string_equal(err.msg, "open store: migrate 3: disk full");
    assert_int_equal(st_wrap(NULL, ST_IO, "x"), ST_IO);
}

/* An err that nobody filled takes the code's own sentence. */
static void test_status__wrap_of_an_empty_error_uses_the_code(void **state)
{
    struct st_err err = {0};

    (void)state;
    assert_int_equal(st_wrap(&err, ST_NOMEM, "load"), ST_NOMEM);
    assert_int_equal(err.code, ST_NOMEM);
    assert_string_equal(err.msg, "load: out of memory");
}

/* A message may be built from the one it replaces. */
static void test_status__fail_may_quote_its_own_message(void **state)
{
    struct st_err err = {0};

    (void)state;
    (void)st_fail(&err, ST_IO, "inner");
    (void)st_fail(&err, ST_IO, "outer (%s)", err.msg);
    assert_string_equal(err.msg, "outer (inner)");
}

/* Whatever the length, the text is cut to fit, NUL-terminated, and never inside a character of two,
 * three or four bytes. */
static void test_status__long_text_is_cut_at_a_character(void **state)
{
    static const char *const characters[] = {"x", "\xc3\xa9", "\xe7\x83\x9f", "\xf0\x9f\x94\xa5"};
    char text[ST_MSG_MAX * 2];

    (void)state;
    for (size_t c = 0; c < sizeof characters / sizeof characters[0]; c++) {
        size_t step = strlen(characters[c]);

        for (size_t lead = 0; lead < 5; lead++) {
            struct st_err err = {0};
            size_t n = lead;

            memset(text, 'a', lead);
            while (n + step < sizeof text) {
                memcpy(text + n, characters[c], step);
                n += step;
            }
            text[n] = '\0';
            (void)st_fail(&err, ST_IO, "%s", text);
            n = strlen(err.msg);
            assert_true(n < ST_MSG_MAX && n > ST_MSG_MAX - 1 - step);
            assert_true(cr_utf8_valid((const uint8_t *)err.msg, n));
            assert_memory_equal(err.msg, text, n);

            (void)st_wrap(&err, ST_IO, "abc");
            n = strlen(err.msg);
            assert_true(n < ST_MSG_MAX && n > ST_MSG_MAX - 1 - step);
            assert_true(cr_utf8_valid((const uint8_t *)err.msg, n));
            assert_memory_equal(err.msg, "abc: ", 5);
        }
    }
}

/* A wrapping text that fills the message alone leaves no room and does no harm. */
static void test_status__wrap_with_an_endless_prefix(void **state)
{
    char text[ST_MSG_MAX + 10];

    (void)state;
    memset(text, 'p', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t n = ST_MSG_MAX - 6; n < sizeof text; n++) {
        struct st_err err = {0};

        (void)st_fail(&err, ST_IO, "inner");
        assert_int_equal(st_wrap(&err, ST_IO, "%.*s", (int)n, text), ST_IO);
        assert_true(strlen(err.msg) < ST_MSG_MAX);
        assert_memory_equal(err.msg, text, ST_MSG_MAX - 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status__every_code_has_name_and_text),
        cmocka_unit_test(test_status__unknown_code_is_named_unknown),
        cmocka_unit_test(test_status__fail_records_and_returns),
        cmocka_unit_test(test_status__wrap_prepends),
        cmocka_unit_test(test_status__wrap_of_an_empty_error_uses_the_code),
        cmocka_unit_test(test_status__fail_may_quote_its_own_message),
        cmocka_unit_test(test_status__long_text_is_cut_at_a_character),
        cmocka_unit_test(test_status__wrap_with_an_endless_prefix),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
