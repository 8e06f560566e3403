#include "tests/unit/crypto/support.h"

#include "crypto/kat_vectors.h"
#include "crypto/sign.h"

static const char context[] = "fengsui/test/1";

/* The five vectors of RFC 8032 sign to the published bytes and verify. */
static void test_sign__rfc8032(void **state)
{
    (void)state;
    assert_int_equal(COUNT(kat_rfc8032), 5);
    for (size_t i = 0; i < COUNT(kat_rfc8032); i++) {
        uint8_t msg_bytes[1100], sig_bytes[CR_SIG_BYTES];
        struct cr_span msg = unhex(kat_rfc8032[i].msg, msg_bytes, sizeof msg_bytes);
        struct cr_sign_pk pk;
        struct cr_sign_sk sk;
        struct cr_sig sig;

        unhex_exact(kat_rfc8032[i].pk, pk.b, sizeof pk.b);
        unhex_exact(kat_rfc8032[i].seed, sk.b, 32);
        memcpy(sk.b + 32, pk.b, 32);
        unhex_exact(kat_rfc8032[i].sig, sig_bytes, sizeof sig_bytes);
        cr_sign(&sk, "", msg, &sig);
        if (memcmp(sig.b, sig_bytes, sizeof sig_bytes) != 0)
            fail_msg("%s: another signature", kat_rfc8032[i].name);
        if (cr_verify(&pk, "", msg, &sig) != ST_OK)
            fail_msg("%s: refused", kat_rfc8032[i].name);
    }
}

/* Of the twelve edge cases exactly number 3 is valid. */
static void test_sign__speccheck(void **state)
{
    (void)state;
    assert_int_equal(COUNT(kat_speccheck), 12);
    for (size_t i = 0; i < COUNT(kat_speccheck); i++) {
        uint8_t msg_bytes[64];
        struct cr_span msg = unhex(kat_speccheck[i].msg, msg_bytes, sizeof msg_bytes);
        struct cr_sign_pk pk;
        struct cr_sig sig;

        unhex_exact(kat_speccheck[i].pk, pk.b, sizeof pk.b);
        unhex_exact(kat_speccheck[i].sig, sig.b, sizeof sig.b);
        assert_int_equal(kat_speccheck[i].valid, i == 3);
        if ((cr_verify(&pk, "", msg, &sig) == ST_OK) != (i == 3))
            fail_msg("%s: wrong verdict", kat_speccheck[i].name);
    }
}

/* The signature is that of the two parts joined, nothing between. */
static void test_sign__context_is_a_plain_prefix(void **state)
{
    struct cr_identity id;
    struct cr_sig joined, parts;

    (void)state;
    cr_identity_generate(&id);
    cr_sign(&id.sign_sk, "", cr_span_text("fengsui/test/1message"), &joined);
    cr_sign(&id.sign_sk, context, cr_span_text("message"), &parts);
    assert_memory_equal(joined.b, parts.b, sizeof joined.b);
    cr_identity_wipe(&id);
}

/* What was signed for one purpose, by one key, does not verify for another. */
static void test_sign__other_context_or_key_is_forged(void **state)
{
    struct cr_identity id, other;
    struct cr_span msg = cr_span_text("message");
    struct cr_sig sig;

    (void)state;
    cr_identity_generate(&id);
    cr_identity_generate(&other);
    cr_sign(&id.sign_sk, context, msg, &sig);
    assert_int_equal(cr_verify(&id.sign_pk, context, msg, &sig), ST_OK);
    assert_int_equal(cr_verify(&id.sign_pk, "fengsui/test/2", msg, &sig), ST_FORGED);
    assert_int_equal(cr_verify(&other.sign_pk, context, msg, &sig), ST_FORGED);
    assert_int_equal(cr_verify(&id.sign_pk, context, cr_span_text("messag"), &sig), ST_FORGED);
    assert_int_equal(cr_verify(&id.sign_pk, context, cr_span_of(NULL, 0), &sig), ST_FORGED);
    cr_identity_wipe(&id);
    cr_identity_wipe(&other);
}

/* No bit of key, signature or message can change. */
static void test_sign__every_bit_counts(void **state)
{
    struct cr_identity id;
    uint8_t all[CR_SIGN_PK_BYTES + CR_SIG_BYTES + 40];
    struct cr_sig sig;

    (void)state;
    cr_identity_generate(&id);
    memset(all, 0x5a, sizeof all);
    memcpy(all, id.sign_pk.b, CR_SIGN_PK_BYTES);
    cr_sign(&id.sign_sk, context, cr_span_of(all + CR_SIGN_PK_BYTES + CR_SIG_BYTES, 40), &sig);
    memcpy(all + CR_SIGN_PK_BYTES, sig.b, CR_SIG_BYTES);
    for (size_t bit = 0; bit < 8 * sizeof all; bit++) {
        struct cr_sign_pk pk;

        all[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memcpy(pk.b, all, sizeof pk.b);
        memcpy(sig.b, all + CR_SIGN_PK_BYTES, sizeof sig.b);
        if (cr_verify(&pk, context, cr_span_of(all + CR_SIGN_PK_BYTES + CR_SIG_BYTES, 40), &sig) !=
            ST_FORGED)
            fail_msg("bit %u does not count", (unsigned)bit);
        all[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cr_identity_wipe(&id);
}

/* Messages up to the limit sign and verify, the empty one included. */
static void test_sign__message_sizes(void **state)
{
    static const size_t sizes[] = {0, 1, 127, 128, CR_SIGN_MSG_MAX - (sizeof context - 1)};
    struct cr_identity id;
    uint8_t *msg = calloc(1, CR_SIGN_MSG_MAX);

    (void)state;
    assert_non_null(msg);
    cr_identity_generate(&id);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct cr_sig sig;

        cr_sign(&id.sign_sk, context, cr_span_of(msg, sizes[i]), &sig);
        assert_int_equal(cr_verify(&id.sign_pk, context, cr_span_of(msg, sizes[i]), &sig), ST_OK);
    }
    cr_identity_wipe(&id);
    free(msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign__rfc8032),
        cmocka_unit_test(test_sign__speccheck),
        cmocka_unit_test(test_sign__context_is_a_plain_prefix),
        cmocka_unit_test(test_sign__other_context_or_key_is_forged),
        cmocka_unit_test(test_sign__every_bit_counts),
        cmocka_unit_test(test_sign__message_sizes),
    };

    return cmocka_run_group_tests_name("sign", tests, support_init, NULL);
}
