/* ChaCha20-Poly1305 (RFC 8439) as Noise uses it: nonce = 4 zero bytes ‖ counter (LE). For
 * handshake.c, channel.c and box.c only. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "crypto/base/bytes.h"

#define CR_AEAD_KEY_BYTES 32
#define CR_AEAD_TAG_BYTES 16

/* out holds plain.n + 16 bytes. Cannot fail. */
void cr_aead_seal(const uint8_t key[static CR_AEAD_KEY_BYTES], uint64_t n, struct cr_span ad,
                  struct cr_span plain, uint8_t *out);
/* sealed.n >= 16; out holds sealed.n - 16 bytes (may be NULL when that is none) and is zeroed when
 * the tag does not verify. ST_OK or ST_FORGED. */
int cr_aead_open(const uint8_t key[static CR_AEAD_KEY_BYTES], uint64_t n, struct cr_span ad,
                 struct cr_span sealed, uint8_t *out) ST_MUST;
/* Noise Rekey(): key = first 32 bytes of the encryption of 32 zero bytes at n = 2^64 - 1. */
void cr_aead_rekey(uint8_t key[static CR_AEAD_KEY_BYTES]);

#endif
