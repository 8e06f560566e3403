#include "tests/unit/crypto/support.h"

#include "crypto/kat_vectors.h"

/* The tagged hash equals that of another implementation, in one part and in two. */
static void test_hash__known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kat_hash); i++) {
        uint8_t ab[512], wanted[CR_HASH_BYTES];
        struct cr_span a = unhex(kat_hash[i].a, ab, sizeof ab);
        struct cr_span b = unhex(kat_hash[i].b, ab + a.n, sizeof ab - a.n);
        struct cr_hash h;

        unhex_exact(kat_hash[i].hash, wanted, sizeof wanted);
        cr_hash2(kat_hash[i].tag, a, b, &h);
        if (memcmp(h.b, wanted, sizeof wanted) != 0)
            fail_msg("%s: two parts differ", kat_hash[i].name);
        cr_hash1(kat_hash[i].tag, cr_span_of(ab, a.n + b.n), &h);
        if (memcmp(h.b, wanted, sizeof wanted) != 0)
            fail_msg("%s: one part differs", kat_hash[i].name);
    }
}

/* The same bytes under two tags never give the same hash. */
static void test_hash__tags_separate(void **state)
{
    static const enum cr_tag tags[] = {
#define ROW(name, text) name,
        CR_TAG_MAP(ROW)
#undef ROW
    };
    struct cr_hash h[COUNT(tags)];

    (void)state;
    for (size_t i = 0; i < COUNT(tags); i++) {
        cr_hash1(tags[i], cr_span_text("same"), &h[i]);
        for (size_t j = 0; j < i; j++)
            assert_false(cr_hash_equal(&h[i], &h[j]));
    }
}

/* The order is that of the bytes from the first, and equality agrees with it. */
static void test_hash__order(void **state)
{
    struct cr_hash low = {{0}}, high = {{0}};

    (void)state;
    low.b[31] = 0xff;
    high.b[0] = 1;
    assert_true(cr_hash_cmp(&low, &high) < 0);
    assert_true(cr_hash_cmp(&high, &low) > 0);
    assert_int_equal(cr_hash_cmp(&low, &low), 0);
    assert_true(cr_hash_equal(&low, &low));
    assert_false(cr_hash_equal(&low, &high));
}

/* Addition carries through all 256 bits and wraps; subtraction borrows back. */
static void test_hash__carry_and_borrow(void **state)
{
    struct cr_hash one = {{1}}, zero = {{0}}, sum;

    (void)state;
    memset(sum.b, 0xff, sizeof sum.b);
    cr_hash_add(&sum, &one);
    assert_true(cr_hash_equal(&sum, &zero));
    cr_hash_sub(&sum, &one);
    for (size_t i = 0; i < sizeof sum.b; i++)
        assert_int_equal(sum.b[i], 0xff);
    for (size_t bytes = 1; bytes < sizeof sum.b; bytes++) { /* a carry that stops inside */
        struct cr_hash wanted = {{0}};

        memset(sum.b, 0, sizeof sum.b);
        memset(sum.b, 0xff, bytes);
        wanted.b[bytes] = 1;
        cr_hash_add(&sum, &one);
        assert_true(cr_hash_equal(&sum, &wanted));
        cr_hash_sub(&sum, &one);
        assert_true(sum.b[bytes] == 0 && sum.b[0] == 0xff && sum.b[bytes - 1] == 0xff);
    }
}

/* Sums agree with schoolbook addition, byte by byte, on 10,000 pairs. */
static void test_hash__sum_equals_a_slow_model(void **state)
{
    struct cr_hash a, b;

    (void)state;
    cr_hash1(CR_TAG_TEST, cr_span_text("a"), &a);
    cr_hash1(CR_TAG_TEST, cr_span_text("b"), &b);
    for (int round = 0; round < 10000; round++) {
        struct cr_hash sum = a, wanted;
        unsigned carry = 0;

        for (size_t i = 0; i < sizeof a.b; i++) {
            carry += (unsigned)a.b[i] + b.b[i];
            wanted.b[i] = (uint8_t)carry;
            carry >>= 8;
        }
        cr_hash_add(&sum, &b);
        assert_true(cr_hash_equal(&sum, &wanted));
        cr_hash_sub(&sum, &b);
        assert_true(cr_hash_equal(&sum, &a));
        cr_hash1(CR_TAG_TEST, cr_hash_span(&b), &a);
        cr_hash1(CR_TAG_TEST, cr_hash_span(&a), &b);
    }
}

/* A set has one sum, in whatever order its items come and whatever came and went between. */
static void test_hash__sum_is_independent_of_order(void **state)
{
    enum { ITEMS = 50 };
    struct cr_hash item[ITEMS], forward = {{0}}, backward = {{0}}, empty = {{0}};

    (void)state;
    for (size_t i = 0; i < ITEMS; i++)
        cr_hash1(CR_TAG_TEST, cr_span_of(&i, sizeof i), &item[i]);
    for (size_t i = 0; i < ITEMS; i++) {
        cr_hash_add(&forward, &item[i]);
        cr_hash_add(&backward, &item[ITEMS - 1 - i]);
        cr_hash_add(&backward, &item[0]);
        cr_hash_sub(&backward, &item[0]);
    }
    assert_true(cr_hash_equal(&forward, &backward));
    for (size_t i = 0; i < ITEMS; i++)
        cr_hash_sub(&forward, &item[i]);
    assert_true(cr_hash_equal(&forward, &empty));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash__known_answers),
        cmocka_unit_test(test_hash__tags_separate),
        cmocka_unit_test(test_hash__order),
        cmocka_unit_test(test_hash__carry_and_borrow),
        cmocka_unit_test(test_hash__sum_equals_a_slow_model),
        cmocka_unit_test(test_hash__sum_is_independent_of_order),
    };

    return cmocka_run_group_tests_name("hash", tests, support_init, NULL);
}
