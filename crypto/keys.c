#include "crypto/keys.h"

#include "crypto/base/assert.h"
#include "crypto/kat.h"

#include <sodium.h>
#include <string.h>

_Static_assert(crypto_sign_PUBLICKEYBYTES == CR_SIGN_PK_BYTES, "Ed25519 public key");
_Static_assert(crypto_sign_SECRETKEYBYTES == sizeof(struct cr_sign_sk), "seed and public key");
_Static_assert(crypto_sign_SEEDBYTES == CR_SIGN_SEED_BYTES, "Ed25519 seed");
_Static_assert(crypto_sign_BYTES == CR_SIG_BYTES, "Ed25519 signature");
_Static_assert(crypto_scalarmult_BYTES == CR_KX_BYTES, "X25519 point");
_Static_assert(crypto_scalarmult_SCALARBYTES == CR_KX_BYTES, "X25519 scalar");
_Static_assert(crypto_kdf_KEYBYTES == 32, "seed of an identity");

/* Sub-keys of a seed: BLAKE2b-256 keyed by the seed, salt = number (LE), personalisation = this. */
#define IDENTITY_KDF_CONTEXT "fsident1"
enum { SUBKEY_SIGN = 1, SUBKEY_KX = 2, SUBKEY_SHEET_KX = 3 };

int cr_init(struct st_err *err)
{
    if (sodium_init() < 0)
        return st_fail(err, ST_DRIFT, "libsodium cannot be initialised");
    return cr_kat_run(err);
}

void cr_random(void *p, size_t n)
{
    randombytes_buf(p, n);
}

void cr_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

bool cr_secret_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

bool cr_sign_pk_equal(const struct cr_sign_pk *a, const struct cr_sign_pk *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool cr_kx_pk_equal(const struct cr_kx_pk *a, const struct cr_kx_pk *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

void cr_identity_from_secrets(const uint8_t sign_seed[static CR_SIGN_SEED_BYTES],
                              const uint8_t kx_sk[static CR_KX_BYTES], struct cr_identity *id)
{
    int rc = crypto_sign_seed_keypair(id->sign_pk.b, id->sign_sk.b, sign_seed);

    CR_ASSERT(rc == 0);
    memcpy(id->kx_sk.b, kx_sk, sizeof id->kx_sk.b);
    rc = crypto_scalarmult_base(id->kx_pk.b, id->kx_sk.b);
    CR_ASSERT(rc == 0);
}

void cr_identity_from_seed(const uint8_t seed[static 32], struct cr_identity *id)
{
    uint8_t sign_seed[CR_SIGN_SEED_BYTES];
    uint8_t kx_sk[CR_KX_BYTES];
    int rc = crypto_kdf_derive_from_key(sign_seed, sizeof sign_seed, SUBKEY_SIGN,
                                        IDENTITY_KDF_CONTEXT, seed);

    CR_ASSERT(rc == 0);
    rc = crypto_kdf_derive_from_key(kx_sk, sizeof kx_sk, SUBKEY_KX, IDENTITY_KDF_CONTEXT, seed);
    CR_ASSERT(rc == 0);
    cr_identity_from_secrets(sign_seed, kx_sk, id);
    cr_wipe(sign_seed, sizeof sign_seed);
    cr_wipe(kx_sk, sizeof kx_sk);
}

void cr_identity_generate(struct cr_identity *id)
{
    uint8_t seed[32];

    cr_random(seed, sizeof seed);
    cr_identity_from_seed(seed, id);
    cr_wipe(seed, sizeof seed);
}

void cr_identity_from_sign_seed(const uint8_t sign_seed[static CR_SIGN_SEED_BYTES],
                                struct cr_identity *id)
{
    uint8_t kx[CR_KX_BYTES];
    int rc =
        crypto_kdf_derive_from_key(kx, sizeof kx, SUBKEY_SHEET_KX, IDENTITY_KDF_CONTEXT, sign_seed);

    CR_ASSERT(rc == 0);
    cr_identity_from_secrets(sign_seed, kx, id);
    cr_wipe(kx, sizeof kx);
}

void cr_identity_wipe(struct cr_identity *id)
{
    cr_wipe(id, sizeof *id);
}

void cr_person_id(const struct cr_sign_pk *pk, uint8_t out[static 16])
{
    struct cr_hash h;

    cr_hash1(CR_TAG_PERSON, cr_span_of(pk->b, sizeof pk->b), &h);
    memcpy(out, h.b, 16);
}

void *cr_secret_new(size_t n, bool *locked)
{
    void *p = sodium_malloc(n); /* locks it, but does not tell when it could not */
    bool good;

    if (p == NULL)
        return NULL;
    good = sodium_mlock(p, n) == 0;
    memset(p, 0, n);
    if (locked != NULL)
        *locked = good;
    return p;
}

void cr_secret_free(void *p)
{
    sodium_free(p);
}
