#include "crypto/aead.h"

#include "crypto/base/assert.h"

#include <sodium.h>
#include <string.h>

_Static_assert(crypto_aead_chacha20poly1305_ietf_KEYBYTES == CR_AEAD_KEY_BYTES, "key");
_Static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == CR_AEAD_TAG_BYTES, "tag");
_Static_assert(crypto_aead_chacha20poly1305_ietf_NPUBBYTES == 12, "nonce");

static void make_nonce(uint64_t n, uint8_t out[static 12])
{
    memset(out, 0, 4);
    cr_store_le64(out + 4, n);
}

void cr_aead_seal(const uint8_t key[static CR_AEAD_KEY_BYTES], uint64_t n, struct cr_span ad,
                  struct cr_span plain, uint8_t *out)
{
    uint8_t nonce[12];
    int rc;

    make_nonce(n, nonce);
    rc = crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.p, plain.n, ad.p, ad.n, NULL,
                                                   nonce, key);
    CR_ASSERT(rc == 0);
}

int cr_aead_open(const uint8_t key[static CR_AEAD_KEY_BYTES], uint64_t n, struct cr_span ad,
                 struct cr_span sealed, uint8_t *out)
{
    uint8_t nonce[12];

    CR_ASSERT(sealed.n >= CR_AEAD_TAG_BYTES);
    make_nonce(n, nonce);
    return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.p, sealed.n, ad.p,
                                                     ad.n, nonce, key) == 0
               ? ST_OK
               : ST_FORGED;
}

void cr_aead_rekey(uint8_t key[static CR_AEAD_KEY_BYTES])
{
    static const uint8_t zeros[CR_AEAD_KEY_BYTES];
    uint8_t sealed[CR_AEAD_KEY_BYTES + CR_AEAD_TAG_BYTES];

    cr_aead_seal(key, UINT64_MAX, (struct cr_span){NULL, 0}, cr_span_of(zeros, sizeof zeros),
                 sealed);
    memcpy(key, sealed, CR_AEAD_KEY_BYTES);
    sodium_memzero(sealed, sizeof sealed);
}
