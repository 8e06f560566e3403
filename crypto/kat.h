/* Known-answer test at start (the rule for valid signatures is pinned, not assumed):
 * RFC 8032 vectors, the twelve ed25519-speccheck cases with libsodium 1.0.18's verdicts, X25519 of
 * RFC 7748 with a low-order point refused, ChaCha20-Poly1305 of RFC 8439, tagged BLAKE2b-256, one
 * Noise IK transcript. About 2 ms. */
#ifndef CRYPTO_KAT_H
#define CRYPTO_KAT_H

#include "crypto/base/status.h"

/* ST_OK; ST_DRIFT, naming the first case that differs; ST_NOMEM. After sodium_init (cr_init calls
 * both). */
int cr_kat_run(struct st_err *err) ST_MUST;

#endif
