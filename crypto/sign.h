/* Ed25519 detached signatures (RFC 8032) under libsodium 1.0.18's strict, cofactorless rule:
 * S < L, canonical non-small-order A, non-small-order R. Pinned by kat.h. */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "crypto/keys.h"

/* Signs context ‖ message. context is a constant text such as "fengsui/checkpoint/1" and part of
 * the format; messages of one context are of one fixed form. Cannot fail. context_and_message
 * together at most CR_SIGN_MSG_MAX bytes (asserted: callers bound outside input before). */
#define CR_SIGN_MSG_MAX 4096
void cr_sign(const struct cr_sign_sk *sk, const char *context, struct cr_span message,
             struct cr_sig *out);
/* ST_OK or ST_FORGED. */
int cr_verify(const struct cr_sign_pk *pk, const char *context, struct cr_span message,
              const struct cr_sig *sig) ST_MUST;

#endif
