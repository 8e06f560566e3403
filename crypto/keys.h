/* Keys as distinct types, so that the compiler tells a signing key from an exchange key and a
 * secret from a public one. Every secret type has a _wipe; wipe at the last use and on each exit.
 */
#ifndef CRYPTO_KEYS_H
#define CRYPTO_KEYS_H

#include "crypto/base/bytes.h"
#include "crypto/hash.h"
#include "crypto/pass.h"

#define CR_SIGN_PK_BYTES   32
#define CR_SIGN_SEED_BYTES 32
#define CR_SIG_BYTES       64
#define CR_KX_BYTES        32
#define CR_PSK_BYTES       32
#define CR_GATE_BYTES      16

struct cr_sign_pk {
    uint8_t b[CR_SIGN_PK_BYTES];
};
struct cr_sign_sk {
    uint8_t b[64];
}; /* secret: seed followed by the public key (libsodium) */
struct cr_sig {
    uint8_t b[CR_SIG_BYTES];
};
struct cr_kx_pk {
    uint8_t b[CR_KX_BYTES];
};
struct cr_kx_sk {
    uint8_t b[CR_KX_BYTES];
}; /* secret */
struct cr_psk {
    uint8_t b[CR_PSK_BYTES];
}; /* secret */
struct cr_gate {
    uint8_t b[CR_GATE_BYTES];
}; /* the space's discovery secret: keys the MAC before
      handshake message 1; known to members only */

/* A signing pair and an exchange pair that belong together (one person or node). */
struct cr_identity {
    struct cr_sign_pk sign_pk;
    struct cr_sign_sk sign_sk;
    struct cr_kx_pk kx_pk;
    struct cr_kx_sk kx_sk;
};

/* Once per process, before anything else of crypto/: initialises libsodium and runs the known-
 * answer test (kat.h). ST_DRIFT when the library's rule for valid signatures, X25519, the AEAD or
 * the hash is not the pinned one: the program must then not run; ST_NOMEM. May be called again. */
int cr_init(struct st_err *err) ST_MUST;

/* Random bytes from the operating system (or the seeded source, see rng.h). Cannot fail. */
void cr_random(void *p, size_t n);

void cr_identity_generate(struct cr_identity *id);
/* Deterministic, for tests and for recovery from paper: both secrets are derived from the seed. */
void cr_identity_from_seed(const uint8_t seed[static 32], struct cr_identity *id);
/* From the two stored secrets; computes the public keys. */
void cr_identity_from_secrets(const uint8_t sign_seed[static CR_SIGN_SEED_BYTES],
                              const uint8_t kx_sk[static CR_KX_BYTES], struct cr_identity *id);
/* From the signing seed alone, as it stands on a recovery sheet of a person or root; the exchange
 * pair is derived from it and is not the one of before. */
void cr_identity_from_sign_seed(const uint8_t sign_seed[static CR_SIGN_SEED_BYTES],
                                struct cr_identity *id);
void cr_identity_wipe(struct cr_identity *id);

void cr_wipe(void *p, size_t n);
bool cr_sign_pk_equal(const struct cr_sign_pk *a, const struct cr_sign_pk *b);
bool cr_kx_pk_equal(const struct cr_kx_pk *a, const struct cr_kx_pk *b);
/* Constant time. */
bool cr_secret_equal(const void *a, const void *b, size_t n);

/* 16-byte id of the person behind a signing key unless a certificate names another. */
void cr_person_id(const struct cr_sign_pk *pk, uint8_t out[static 16]);

/* Key files (CRYPTO.md, section 4): the two secrets in the clear, or sealed by a PIN or pass
 * phrase, then with the public keys in front so that a locked key can still be listed. Written and
 * read as file.h says.
 *
 * save, save_sealed: a new file. ST_EXISTS when it is there (a key is never overwritten), others as
 *   cr_file_create, save_sealed also as cr_pass_key. An error leaves no file.
 * load: ST_NOTFOUND, ST_DENIED when group or others may read a key in the clear, ST_MALFORMED with
 * the reason (also damage), ST_VERSION for a kind this program does not know, ST_SEALED: a pass
 * phrase is needed. load_sealed: the same; ST_PIN: wrong pass phrase (nothing changes); ST_STATE:
 * not sealed; ST_NOMEM. look: what a file shows without its pass phrase; *out is written only on
 * success. reseal: the same key in another dress, in place: sealed with another pass phrase, sealed
 * for the first time, or (params NULL) in the clear. A crash leaves the old file or the new one.
 * ST_EXISTS when the file holds another key; others as look, cr_pass_key and cr_file_replace. On
 * error *id is wiped. params: cr_pass_new. */
int cr_identity_save(const char *path, const struct cr_identity *id, struct st_err *err) ST_MUST;
int cr_identity_load(const char *path, struct cr_identity *id, struct st_err *err) ST_MUST;
int cr_identity_save_sealed(const char *path, const struct cr_identity *id, struct cr_span pass,
                            const struct cr_pass_params *params, struct st_err *err) ST_MUST;
int cr_identity_load_sealed(const char *path, struct cr_span pass, struct cr_identity *id,
                            struct st_err *err) ST_MUST;
int cr_identity_reseal(const char *path, const struct cr_identity *id, struct cr_span pass,
                       const struct cr_pass_params *params, struct st_err *err) ST_MUST;
struct cr_identity_public {
    struct cr_sign_pk sign_pk;
    struct cr_kx_pk kx_pk;
    bool sealed;
};
int cr_identity_look(const char *path, struct cr_identity_public *out, struct st_err *err) ST_MUST;

/* Memory for secrets that are held for long: zeroed, between guard pages, kept out of core dumps
 * and of the swap. *locked (may be NULL): false when the system did not let it be locked
 * (RLIMIT_MEMLOCK): it is then used all the same, and the caller says so once. NULL: out of memory.
 */
void *cr_secret_new(size_t n, bool *locked);
/* Wipes and frees. NULL is allowed. */
void cr_secret_free(void *p);

#endif
