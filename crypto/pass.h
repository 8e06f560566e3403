/* A pass phrase or PIN into a key: Argon2id (RFC 9106, version 1.3, one lane), with its parameters
 * in a header of their own that travels in front of what the key seals.
 *
 *   0   1   version, 1
 *   1   1   passes, 1..16
 *   2   2   memory in MiB, BE, 8..1024
 *   4  16   salt
 *
 * The pass phrase is its bytes as they are (1..1024, UTF-8 by convention): no folding, no trimming.
 * A header from outside is bounded before any memory is taken: the worst one costs 1 GiB and 16
 * passes. */
#ifndef CRYPTO_PASS_H
#define CRYPTO_PASS_H

#include "crypto/base/bytes.h"

#define CR_PASS_HEADER_BYTES 20
#define CR_PASS_SALT_BYTES   16
#define CR_PASS_BYTES_MAX    1024
#define CR_PASS_OPS_MIN      1
#define CR_PASS_OPS_MAX      16
#define CR_PASS_MIB_MIN      8
#define CR_PASS_MIB_MAX      1024

/* SMALL: PINs typed often, on a machine with little memory: 3 passes over 64 MiB. STRONG: pass
 * phrases of what lies around for years (exports, backups): 3 passes over 256 MiB. Times:
 * CRYPTO.md. */
enum cr_pass_preset { CR_PASS_SMALL, CR_PASS_STRONG };

struct cr_pass_params {
    unsigned ops, mib;
    uint8_t salt[CR_PASS_SALT_BYTES];
};

struct cr_pass_key {
    uint8_t b[32];
}; /* secret; wipe with cr_wipe */

/* The preset with a fresh random salt. */
void cr_pass_new(enum cr_pass_preset preset, struct cr_pass_params *out);
/* params must be within the bounds (an assertion). */
void cr_pass_encode(const struct cr_pass_params *params, uint8_t out[static CR_PASS_HEADER_BYTES]);
/* ST_VERSION for another version; ST_RANGE, naming the value, beyond the bounds. *out is written
 * only on success. */
int cr_pass_decode(const uint8_t header[static CR_PASS_HEADER_BYTES], struct cr_pass_params *out,
                   struct st_err *err) ST_MUST;
/* The key. ST_RANGE when params or the length of pass are out of bounds, ST_NOMEM when the memory
 * cannot be had; *out is then wiped. Takes the time the parameters ask for. */
int cr_pass_key(struct cr_span pass, const struct cr_pass_params *params, struct cr_pass_key *out,
                struct st_err *err) ST_MUST;

#endif
