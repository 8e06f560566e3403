#include "tests/unit/crypto/support.h"

#include "crypto/box.h"

#include <sodium.h>

static struct cr_identity person(uint8_t n)
{
    uint8_t seed[32] = {0};
    struct cr_identity id;

    seed[0] = n;
    seed[1] = 0xb0;
    cr_identity_from_seed(seed, &id);
    return id;
}

/* Each recipient gets the key, nobody else does, and out grows by the stated size. */
static void test_box__opens_for_its_recipients_only(void **state)
{
    static const size_t counts[] = {1, 2, 14, CR_BOX_RECIPIENTS_MAX};
    struct cr_identity stranger = person(0);
    struct cr_kx_pk *to = calloc(CR_BOX_RECIPIENTS_MAX, sizeof *to);
    struct cr_stream_key key, got;

    (void)state;
    assert_non_null(to);
    cr_random(key.b, sizeof key.b);
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct cr_identity last = person(1);
        struct cr_buf b;

        for (size_t k = 0; k < counts[i]; k++) {
            last = person((uint8_t)(1 + k % 200));
            to[k] = last.kx_pk;
        }
        cr_buf_init(&b, 100 + CR_BOX_BYTES(CR_BOX_RECIPIENTS_MAX));
        assert_int_equal(cr_buf_append(&b, "head", 4), ST_OK);
        assert_int_equal(cr_box_seal(&key, to, counts[i], NULL, &b), ST_OK);
        assert_int_equal(b.n, 4 + CR_BOX_BYTES(counts[i]));
        for (size_t k = 0; k < counts[i] && k < 20; k++) {
            struct cr_identity id = person((uint8_t)(1 + k));

            memset(&got, 0, sizeof got);
            assert_int_equal(cr_box_open(cr_span_of(b.p + 4, b.n - 4), &id.kx_pk, &id.kx_sk, &got),
                             ST_OK);
            assert_memory_equal(&got, &key, sizeof key);
        }
        memset(&got, 7, sizeof got);
        assert_int_equal(
            cr_box_open(cr_span_of(b.p + 4, b.n - 4), &stranger.kx_pk, &stranger.kx_sk, &got),
            ST_DENIED);
        assert_int_equal(got.b[0], 7);
        cr_buf_release(&b);
    }
    free(to);
}

/* Neither the order nor the bytes of the slots tell who they are for, and two boxes for the same
 * people share nothing. */
static void test_box__says_nothing_of_its_recipients(void **state)
{
    struct cr_kx_pk to[30];
    struct cr_stream_key key = {{9}};
    struct cr_buf a, b;

    (void)state;
    for (size_t i = 0; i < COUNT(to); i++)
        to[i] = person((uint8_t)(1 + i)).kx_pk;
    cr_buf_init(&a, CR_BOX_BYTES(COUNT(to)));
    cr_buf_init(&b, CR_BOX_BYTES(COUNT(to)));
    assert_int_equal(cr_box_seal(&key, to, COUNT(to), NULL, &a), ST_OK);
    assert_int_equal(cr_box_seal(&key, to, COUNT(to), NULL, &b), ST_OK);
    assert_memory_not_equal(a.p, b.p, CR_KX_BYTES);
    for (size_t i = 0; i < COUNT(to); i++) {
        const uint8_t *slot = a.p + CR_BOX_BYTES(i);

        if (i > 0)
            assert_true(memcmp(slot - CR_BOX_SLOT_BYTES, slot, CR_BOX_SLOT_BYTES) < 0);
        for (size_t k = 0; k < COUNT(to); k++)
            assert_memory_not_equal(slot, b.p + CR_BOX_BYTES(k), CR_BOX_SLOT_BYTES);
    }
    cr_buf_release(&a);
    cr_buf_release(&b);
}

/* The slot's key is what the header says: computed here by libsodium and the tagged hash. */
static void test_box__format(void **state)
{
    struct cr_identity id = person(3);
    struct cr_stream_key key = {{5, 6}}, got;
    uint8_t joined[96], nonce[12] = {0};
    struct cr_hash k;
    struct cr_buf b;

    (void)state;
    cr_buf_init(&b, CR_BOX_BYTES(1));
    assert_int_equal(cr_box_seal(&key, &id.kx_pk, 1, NULL, &b), ST_OK);
    assert_int_equal(crypto_scalarmult(joined, id.kx_sk.b, b.p), 0);
    memcpy(joined + 32, b.p, 32);
    memcpy(joined + 64, id.kx_pk.b, 32);
    cr_hash1(CR_TAG_BOX, cr_span_of(joined, sizeof joined), &k);
    assert_int_equal(crypto_aead_chacha20poly1305_ietf_decrypt(got.b, NULL, NULL, b.p + 32, 48,
                                                               NULL, 0, nonce, k.b),
                     0);
    assert_memory_equal(got.b, key.b, 32);
    cr_buf_release(&b);
}

/* Wrong sizes and low-order keys are refused as such, every flipped bit as not for me. */
static void test_box__damage(void **state)
{
    static const struct cr_kx_pk zero;
    struct cr_identity id = person(4);
    struct cr_stream_key key = {{5}}, got;
    struct cr_kx_pk to[3] = {id.kx_pk, id.kx_pk, zero};
    size_t bad = 99;
    struct cr_buf b;

    (void)state;
    cr_buf_init(&b, CR_BOX_BYTES(3));
    assert_int_equal(cr_box_seal(&key, to, 3, &bad, &b), ST_RANGE);
    assert_int_equal(bad, 2);
    assert_int_equal(b.n, 0);
    assert_int_equal(cr_box_seal(&key, to, 1, &bad, &b), ST_OK);
    for (size_t n = 0; n < b.n; n++) {
        uint8_t *p = exact_copy(cr_span_of(b.p, n));

        assert_int_equal(cr_box_open(cr_span_of(p, n), &id.kx_pk, &id.kx_sk, &got), ST_MALFORMED);
        free(p);
    }
    for (size_t bit = 0; bit < b.n * 8; bit++) {
        int rc;

        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rc = cr_box_open(cr_buf_span(&b), &id.kx_pk, &id.kx_sk, &got);
        assert_true(rc == ST_DENIED || rc == ST_MALFORMED);
        b.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memset(b.p, 0, 32);
    assert_int_equal(cr_box_open(cr_buf_span(&b), &id.kx_pk, &id.kx_sk, &got), ST_MALFORMED);
    cr_buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_box__opens_for_its_recipients_only),
        cmocka_unit_test(test_box__says_nothing_of_its_recipients),
        cmocka_unit_test(test_box__format),
        cmocka_unit_test(test_box__damage),
    };

    return cmocka_run_group_tests(tests, support_init, NULL);
}
