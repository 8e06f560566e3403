#include "crypto/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What is appended is there, in order, and the cap is a hard one: a refused append changes
 * nothing. */
static void test_buf__append_up_to_the_cap(void **state)
{
    struct cr_buf b;

    (void)state;
    cr_buf_init(&b, 10);
    assert_int_equal(cr_buf_append(&b, "abcde", 5), ST_OK);
    assert_int_equal(cr_buf_append(&b, "fghij", 5), ST_OK);
    assert_int_equal(cr_buf_append(&b, "k", 1), ST_OVERSIZE);
    assert_int_equal(b.n, 10);
    assert_memory_equal(b.p, "abcdefghij", 10);
    assert_true(b.cap <= 10);
    cr_buf_release(&b);
}

/* A length near SIZE_MAX is refused, not wrapped around. */
static void test_buf__huge_length_is_refused(void **state)
{
    struct cr_buf b;
    uint8_t *at = NULL;

    (void)state;
    cr_buf_init(&b, 100);
    assert_int_equal(cr_buf_append(&b, "x", 1), ST_OK);
    assert_int_equal(cr_buf_extend(&b, SIZE_MAX, &at), ST_OVERSIZE);
    assert_int_equal(cr_buf_append(&b, "x", SIZE_MAX - 1), ST_OVERSIZE);
    assert_null(at);
    assert_int_equal(b.n, 1);
    cr_buf_release(&b);
}

/* No memory: the buffer keeps what it had. The cap is one that no machine can allocate. */
static void test_buf__no_memory_leaves_it_unchanged(void **state)
{
    struct cr_buf b;
    uint8_t *at = NULL;

    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* ASan stops at such a request instead of failing it */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    skip();
#endif
#endif
    cr_buf_init(&b, SIZE_MAX);
    assert_int_equal(cr_buf_append(&b, "abc", 3), ST_OK);
    assert_int_equal(cr_buf_extend(&b, SIZE_MAX / 2, &at), ST_NOMEM);
    assert_int_equal(b.n, 3);
    assert_memory_equal(b.p, "abc", 3);
    assert_int_equal(cr_buf_append(&b, "d", 1), ST_OK);
    assert_memory_equal(b.p, "abcd", 4);
    cr_buf_release(&b);
}

/* Growth costs few allocations: capacity at least doubles until it meets the cap. */
static void test_buf__growth_doubles(void **state)
{
    struct cr_buf b;
    size_t growths = 0;

    (void)state;
    cr_buf_init(&b, 100000);
    for (size_t i = 0; i < 100000; i++) {
        size_t cap = b.cap;
        uint8_t byte = (uint8_t)i;

        assert_int_equal(cr_buf_append(&b, &byte, 1), ST_OK);
        growths += cap != b.cap;
    }
    assert_true(growths <= 12);
    for (size_t i = 0; i < b.n; i++)
        assert_int_equal(b.p[i], (uint8_t)i);
    cr_buf_release(&b);
}

/* Nothing appended to nothing is nothing: no allocation, no failure, even at the cap. */
static void test_buf__empty_append(void **state)
{
    struct cr_buf b;
    uint8_t *at;

    (void)state;
    cr_buf_init(&b, 1);
    assert_int_equal(cr_buf_append(&b, NULL, 0), ST_OK);
    assert_int_equal(cr_buf_extend(&b, 0, &at), ST_OK);
    assert_null(b.p);
    assert_int_equal(cr_buf_append(&b, "x", 1), ST_OK);
    assert_int_equal(cr_buf_append(&b, NULL, 0), ST_OK);
    assert_int_equal(b.n, 1);
    cr_buf_release(&b);
}

/* extend hands out room at the end, counted at once. */
static void test_buf__extend_counts_at_once(void **state)
{
    struct cr_buf b;
    uint8_t *at;

    (void)state;
    cr_buf_init(&b, 1000);
    assert_int_equal(cr_buf_append(&b, "ab", 2), ST_OK);
    assert_int_equal(cr_buf_extend(&b, 3, &at), ST_OK);
    assert_ptr_equal(at, b.p + 2);
    assert_int_equal(b.n, 5);
    memcpy(at, "cde", 3);
    assert_true(cr_span_equal(cr_buf_span(&b), cr_span_text("abcde")));
    cr_buf_release(&b);
}

/* consume drops from the front: nothing, a part, all. */
static void test_buf__consume(void **state)
{
    struct cr_buf b;

    (void)state;
    cr_buf_init(&b, 16);
    cr_buf_consume(&b, 0);
    assert_int_equal(cr_buf_append(&b, "abcdef", 6), ST_OK);
    cr_buf_consume(&b, 0);
    cr_buf_consume(&b, 2);
    assert_true(cr_span_equal(cr_buf_span(&b), cr_span_text("cdef")));
    cr_buf_consume(&b, 4);
    assert_int_equal(b.n, 0);
    assert_int_equal(cr_buf_append(&b, "gh", 2), ST_OK);
    assert_true(cr_span_equal(cr_buf_span(&b), cr_span_text("gh")));
    cr_buf_release(&b);
}

/* clear keeps the memory, release frees it; both leave a usable buffer with the same cap, and
 * release accepts what is zeroed or released already. */
static void test_buf__clear_and_release(void **state)
{
    struct cr_buf b, zeroed;

    (void)state;
    memset(&zeroed, 0, sizeof zeroed);
    cr_buf_release(&zeroed);
    cr_buf_init(&b, 4);
    assert_int_equal(cr_buf_append(&b, "abcd", 4), ST_OK);
    cr_buf_clear(&b);
    assert_int_equal(b.n, 0);
    assert_non_null(b.p);
    assert_int_equal(cr_buf_append(&b, "efgh", 4), ST_OK);
    cr_buf_release(&b);
    cr_buf_release(&b);
    assert_null(b.p);
    assert_int_equal(cr_buf_append(&b, "ijklm", 5), ST_OVERSIZE);
    assert_int_equal(cr_buf_append(&b, "ijkl", 4), ST_OK);
    cr_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf__append_up_to_the_cap),
        cmocka_unit_test(test_buf__huge_length_is_refused),
        cmocka_unit_test(test_buf__no_memory_leaves_it_unchanged),
        cmocka_unit_test(test_buf__growth_doubles),
        cmocka_unit_test(test_buf__empty_append),
        cmocka_unit_test(test_buf__extend_counts_at_once),
        cmocka_unit_test(test_buf__consume),
        cmocka_unit_test(test_buf__clear_and_release),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
