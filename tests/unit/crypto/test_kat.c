/* Every family of the known-answer test must notice a library that answers otherwise. The lying
 * library is made by the linker (--wrap): each wrapper lies on its chosen call only. */
#include "tests/unit/crypto/support.h"

#include "crypto/kat.h"

/* The wrapped function that lies, and on which call (0 = never). */
static const char *liar;
static int lie_on_call;
static int call;

static int lies(const char *name)
{
    return liar != NULL && strcmp(liar, name) == 0 && ++call == lie_on_call;
}

/* Wrappers need outside linkage; the prototypes are libsodium's. */
int __real_crypto_sign_seed_keypair(unsigned char *pk, unsigned char *sk,
                                    const unsigned char *seed);
int __wrap_crypto_sign_seed_keypair(unsigned char *pk, unsigned char *sk,
                                    const unsigned char *seed);
int __wrap_crypto_sign_seed_keypair(unsigned char *pk, unsigned char *sk, const unsigned char *seed)
{
    int rc = __real_crypto_sign_seed_keypair(pk, sk, seed);

    if (lies("seed_keypair"))
        pk[0] ^= 1;
    return rc;
}

int __real_crypto_sign_detached(unsigned char *sig, unsigned long long *n, const unsigned char *m,
                                unsigned long long mlen, const unsigned char *sk);
int __wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *n, const unsigned char *m,
                                unsigned long long mlen, const unsigned char *sk);
int __wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *n, const unsigned char *m,
                                unsigned long long mlen, const unsigned char *sk)
{
    int rc = __real_crypto_sign_detached(sig, n, m, mlen, sk);

    if (lies("sign"))
        sig[63] ^= 1;
    return rc;
}

int __real_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long mlen, const unsigned char *pk);
int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long mlen, const unsigned char *pk);
int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long mlen, const unsigned char *pk)
{
    int rc = __real_crypto_sign_verify_detached(sig, m, mlen, pk);

    return lies("verify") ? -1 - rc : rc;
}

int __real_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p);
int __wrap_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p);
int __wrap_crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    int rc = __real_crypto_scalarmult(q, n, p);

    if (lies("scalarmult")) {
        q[5] ^= 1;
        return 0;
    }
    return rc;
}

int __real_crypto_aead_chacha20poly1305_ietf_encrypt(
    unsigned char *c, unsigned long long *clen, const unsigned char *m, unsigned long long mlen,
    const unsigned char *ad, unsigned long long adlen, const unsigned char *nsec,
    const unsigned char *npub, const unsigned char *k);
int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(
    unsigned char *c, unsigned long long *clen, const unsigned char *m, unsigned long long mlen,
    const unsigned char *ad, unsigned long long adlen, const unsigned char *nsec,
    const unsigned char *npub, const unsigned char *k);
int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(
    unsigned char *c, unsigned long long *clen, const unsigned char *m, unsigned long long mlen,
    const unsigned char *ad, unsigned long long adlen, const unsigned char *nsec,
    const unsigned char *npub, const unsigned char *k)
{
    int rc = __real_crypto_aead_chacha20poly1305_ietf_encrypt(c, clen, m, mlen, ad, adlen, nsec,
                                                              npub, k);

    if (lies("encrypt"))
        c[0] ^= 1;
    return rc;
}

int __real_crypto_aead_chacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *mlen, unsigned char *nsec, const unsigned char *c,
    unsigned long long clen, const unsigned char *ad, unsigned long long adlen,
    const unsigned char *npub, const unsigned char *k);
int __wrap_crypto_aead_chacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *mlen, unsigned char *nsec, const unsigned char *c,
    unsigned long long clen, const unsigned char *ad, unsigned long long adlen,
    const unsigned char *npub, const unsigned char *k);
int __wrap_crypto_aead_chacha20poly1305_ietf_decrypt(
    unsigned char *m, unsigned long long *mlen, unsigned char *nsec, const unsigned char *c,
    unsigned long long clen, const unsigned char *ad, unsigned long long adlen,
    const unsigned char *npub, const unsigned char *k)
{
    int rc = __real_crypto_aead_chacha20poly1305_ietf_decrypt(m, mlen, nsec, c, clen, ad, adlen,
                                                              npub, k);

    return lies("decrypt") ? -1 - rc : rc;
}

struct crypto_generichash_blake2b_state;
int __real_crypto_generichash_blake2b_final(struct crypto_generichash_blake2b_state *state,
                                            unsigned char *out, size_t outlen);
int __wrap_crypto_generichash_blake2b_final(struct crypto_generichash_blake2b_state *state,
                                            unsigned char *out, size_t outlen);
int __wrap_crypto_generichash_blake2b_final(struct crypto_generichash_blake2b_state *state,
                                            unsigned char *out, size_t outlen)
{
    int rc = __real_crypto_generichash_blake2b_final(state, out, outlen);

    if (lies("blake2b"))
        out[0] ^= 1;
    return rc;
}

static int run(const char *name, int on_call, struct st_err *err)
{
    int rc;

    liar = name;
    lie_on_call = on_call;
    call = 0;
    rc = cr_kat_run(err);
    liar = NULL;
    return rc;
}

/* With the installed library the test passes, with or without a place for the error. */
static void test_kat__installed_library_is_the_pinned_one(void **state)
{
    struct st_err err = {0};

    (void)state;
    if (cr_kat_run(&err) != ST_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(cr_kat_run(NULL), ST_OK);
}

/* A single wrong answer, on whichever call, is drift and says in which family. */
static void test_kat__each_single_lie_is_found(void **state)
{
    static const struct {
        const char *name, *part_of_text;
        int calls; /* made by the first families, all of them tried; later ones are Noise's */
    } liars[] = {
        {"seed_keypair", "RFC 8032", 5}, {"sign", "RFC 8032", 5},    {"verify", "RFC 8032", 5},
        {"scalarmult", "X25519", 5},     {"encrypt", "RFC 8439", 1}, {"decrypt", "RFC 8439", 2},
        {"blake2b", "BLAKE2b-256", 4},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(liars); i++) {
        for (int on = 1; on <= liars[i].calls; on++) {
            struct st_err err = {0};

            if (run(liars[i].name, on, &err) != ST_DRIFT)
                fail_msg("%s lies on call %d and is believed", liars[i].name, on);
            if (err.code != ST_DRIFT || strstr(err.msg, liars[i].part_of_text) == NULL)
                fail_msg("%s, call %d: misleading text: %s", liars[i].name, on, err.msg);
        }
    }
}

/* Each of the twelve verdicts on the edge cases is pinned on its own. */
static void test_kat__each_speccheck_verdict_counts(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        struct st_err err = {0};

        assert_int_equal(run("verify", 6 + i, &err), ST_DRIFT);
        assert_non_null(strstr(err.msg, "speccheck"));
    }
    assert_int_equal(run("verify", 18, NULL), ST_OK); /* there are no more calls to lie on */
}

/* A lie that only the handshake meets is found by its transcript. */
static void test_kat__lies_in_the_handshake_are_found(void **state)
{
    static const struct {
        const char *name;
        int first, last;
    } liars[] = {
        {"scalarmult", 6, 13}, {"encrypt", 2, 8}, {"decrypt", 3, 9},
        {"blake2b", 5, 8}, /* 9 and 10 prepare for IKpsk2 and are not used by this transcript */
        {"blake2b", 11, 26},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(liars); i++) {
        for (int on = liars[i].first; on <= liars[i].last; on++) {
            struct st_err err = {0};

            if (run(liars[i].name, on, &err) != ST_DRIFT)
                fail_msg("%s lies on call %d and is believed", liars[i].name, on);
            assert_non_null(strstr(err.msg, "Noise"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kat__installed_library_is_the_pinned_one),
        cmocka_unit_test(test_kat__each_single_lie_is_found),
        cmocka_unit_test(test_kat__each_speccheck_verdict_counts),
        cmocka_unit_test(test_kat__lies_in_the_handshake_are_found),
    };

    return cmocka_run_group_tests_name("kat", tests, support_init, NULL);
}
