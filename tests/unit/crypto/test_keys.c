#include "tests/unit/crypto/support.h"

/* The same seed gives the same four keys for ever: the values come from another implementation. */
static void test_keys__identity_from_seed_is_pinned(void **state)
{
    uint8_t seed[32], wanted[32];
    struct cr_identity id;

    (void)state;
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    cr_identity_from_seed(seed, &id);
    unhex_exact("470adf98748840ac912333c13893b7ecbf7093c41dff644ac09c21eb3ae76f19", wanted, 32);
    assert_memory_equal(id.sign_sk.b, wanted, 32);
    unhex_exact("d545e98f73ac981a396380284af2282d0b59a2807f8a5804cb91665e9aa9de7d", wanted, 32);
    assert_memory_equal(id.sign_pk.b, wanted, 32);
    assert_memory_equal(id.sign_sk.b + 32, wanted, 32);
    unhex_exact("8a58ed3e9e0e3096f61c139d5bed0dbe86e31e15a80cab6eee693b14f4d71189", wanted, 32);
    assert_memory_equal(id.kx_sk.b, wanted, 32);
    unhex_exact("17919a1efb4d42ba1c6576e6d24e07c2888c0d4ac3e1617af1f4cf2cbedcf96d", wanted, 32);
    assert_memory_equal(id.kx_pk.b, wanted, 32);
    cr_identity_wipe(&id);
}

/* The person behind a key is the first half of its tagged hash: value from another
 * implementation. */
static void test_keys__person_id_is_pinned(void **state)
{
    struct cr_sign_pk pk;
    uint8_t person[16], wanted[16];

    (void)state;
    unhex_exact("d545e98f73ac981a396380284af2282d0b59a2807f8a5804cb91665e9aa9de7d", pk.b, 32);
    unhex_exact("86995a6a922b1ca362a361fa3325ba3f", wanted, 16);
    cr_person_id(&pk, person);
    assert_memory_equal(person, wanted, 16);
}

/* Two generated identities share nothing, and neither do the two secrets of one. */
static void test_keys__generated_identities_differ(void **state)
{
    struct cr_identity a, b;

    (void)state;
    cr_identity_generate(&a);
    cr_identity_generate(&b);
    assert_false(cr_sign_pk_equal(&a.sign_pk, &b.sign_pk));
    assert_false(cr_kx_pk_equal(&a.kx_pk, &b.kx_pk));
    assert_false(cr_secret_equal(a.sign_sk.b, a.kx_sk.b, 32));
    assert_true(cr_sign_pk_equal(&a.sign_pk, &a.sign_pk));
    assert_true(cr_kx_pk_equal(&a.kx_pk, &a.kx_pk));
    cr_identity_wipe(&a);
    cr_identity_wipe(&b);
}

/* Keys rebuilt from the two stored secrets are the same keys. */
static void test_keys__from_secrets_completes(void **state)
{
    struct cr_identity a, b;

    (void)state;
    cr_identity_generate(&a);
    cr_identity_from_secrets(a.sign_sk.b, a.kx_sk.b, &b);
    assert_memory_equal(&a, &b, sizeof a);
    cr_identity_wipe(&a);
    cr_identity_wipe(&b);
}

/* Wiping leaves nothing of any key. */
static void test_keys__wipe_clears_all(void **state)
{
    struct cr_identity id;
    uint8_t secret[7] = {1, 2, 3, 4, 5, 6, 7};

    (void)state;
    cr_identity_generate(&id);
    cr_identity_wipe(&id);
    assert_true(is_wiped(&id, sizeof id));
    cr_wipe(secret, sizeof secret);
    assert_true(is_wiped(secret, sizeof secret));
}

/* Secrets are equal exactly when all bits are. */
static void test_keys__secret_equality_sees_every_bit(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};

    (void)state;
    assert_true(cr_secret_equal(a, b, sizeof a));
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(cr_secret_equal(a, b, sizeof a));
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    b[31] = 1;
    assert_true(cr_secret_equal(a, b, 31));
}

/* Starting twice is as good as starting once, and needs no place for an error. */
static void test_keys__init_may_be_repeated(void **state)
{
    (void)state;
    assert_int_equal(cr_init(NULL), ST_OK);
    assert_int_equal(cr_init(NULL), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys__identity_from_seed_is_pinned),
        cmocka_unit_test(test_keys__person_id_is_pinned),
        cmocka_unit_test(test_keys__generated_identities_differ),
        cmocka_unit_test(test_keys__from_secrets_completes),
        cmocka_unit_test(test_keys__wipe_clears_all),
        cmocka_unit_test(test_keys__secret_equality_sees_every_bit),
        cmocka_unit_test(test_keys__init_may_be_repeated),
    };

    return cmocka_run_group_tests_name("keys", tests, support_init, NULL);
}
