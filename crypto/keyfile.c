/* Key files of both kinds (CRYPTO.md, section 4): in the clear, and sealed by a pass phrase. The
 * checksum is looked at before anything else, so that damage is told apart from a wrong pass
 * phrase; the public keys of a sealed file are bound to its secrets by the AEAD and computed anew
 * after opening. */
#include "crypto/base/assert.h"
#include "crypto/file.h"
#include "crypto/keys.h"

#include <sodium.h>
#include <string.h>

#define MAGIC        "FSK1"
#define MAGIC_BYTES  4
#define KIND_PLAIN   1
#define KIND_SEALED  2
#define SUM_BYTES    16
#define SECRET_BYTES (CR_SIGN_SEED_BYTES + CR_KX_BYTES)
#define PLAIN_BYTES  (MAGIC_BYTES + 1 + SECRET_BYTES + SUM_BYTES)

/* a sealed file */
#define AT_PASS      (MAGIC_BYTES + 1)
#define AT_SIGN_PK   (AT_PASS + CR_PASS_HEADER_BYTES)
#define AT_KX_PK     (AT_SIGN_PK + CR_SIGN_PK_BYTES)
#define AT_NONCE     (AT_KX_PK + CR_KX_BYTES) /* all before it is authenticated */
#define NONCE_BYTES  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define AT_BOX       (AT_NONCE + NONCE_BYTES)
#define BOX_BYTES    (SECRET_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define SEALED_BYTES (AT_BOX + BOX_BYTES + SUM_BYTES)

_Static_assert(PLAIN_BYTES == 85 && SEALED_BYTES == 209, "the sizes CRYPTO.md states");
_Static_assert(sizeof(struct cr_pass_key) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

static const unsigned char sum_personal[crypto_generichash_blake2b_PERSONALBYTES] =
    "fengsui/keyfile";

/* Guards against damage, not against malice: whoever can write the file can make a new one. */
static void checksum(const uint8_t *body, size_t n, uint8_t out[static SUM_BYTES])
{
    int rc = crypto_generichash_blake2b_salt_personal(out, SUM_BYTES, body, n, NULL, 0, NULL,
                                                      sum_personal);

    CR_ASSERT(rc == 0);
}

static void put_secrets(const struct cr_identity *id, uint8_t out[static SECRET_BYTES])
{
    memcpy(out, id->sign_sk.b, CR_SIGN_SEED_BYTES);
    memcpy(out + CR_SIGN_SEED_BYTES, id->kx_sk.b, CR_KX_BYTES);
}

static void encode_plain(const struct cr_identity *id, uint8_t out[static PLAIN_BYTES])
{
    memcpy(out, MAGIC, MAGIC_BYTES);
    out[MAGIC_BYTES] = KIND_PLAIN;
    put_secrets(id, out + MAGIC_BYTES + 1);
    checksum(out, PLAIN_BYTES - SUM_BYTES, out + PLAIN_BYTES - SUM_BYTES);
}

static int encode_sealed(const struct cr_identity *id, struct cr_span pass,
                         const struct cr_pass_params *params, uint8_t out[static SEALED_BYTES],
                         struct st_err *err)
{
    uint8_t secrets[SECRET_BYTES];
    struct cr_pass_key key;
    int rc = cr_pass_key(pass, params, &key, err);

    if (rc != ST_OK)
        return rc;
    memcpy(out, MAGIC, MAGIC_BYTES);
    out[MAGIC_BYTES] = KIND_SEALED;
    cr_pass_encode(params, out + AT_PASS);
    memcpy(out + AT_SIGN_PK, id->sign_pk.b, CR_SIGN_PK_BYTES);
    memcpy(out + AT_KX_PK, id->kx_pk.b, CR_KX_BYTES);
    cr_random(out + AT_NONCE, NONCE_BYTES);
    put_secrets(id, secrets);
    rc = crypto_aead_xchacha20poly1305_ietf_encrypt(out + AT_BOX, NULL, secrets, sizeof secrets,
                                                    out, AT_NONCE, NULL, out + AT_NONCE, key.b);
    CR_ASSERT(rc == 0);
    cr_wipe(secrets, sizeof secrets);
    cr_wipe(&key, sizeof key);
    checksum(out, SEALED_BYTES - SUM_BYTES, out + SEALED_BYTES - SUM_BYTES);
    return ST_OK;
}

/* ---- reading ---- */

struct key_file {
    uint8_t b[SEALED_BYTES + 1]; /* secret when plain */
    bool sealed;
    struct cr_pass_params params; /* sealed */
};

/* Form and checksum. n bytes were read, at most one more than the longest key file has. */
static int check_form(struct key_file *f, size_t n, const char *path, struct st_err *err)
{
    uint8_t sum[SUM_BYTES];

    if (n < MAGIC_BYTES + 1 || memcmp(f->b, MAGIC, MAGIC_BYTES) != 0)
        return st_fail(err, ST_MALFORMED, "%s is not a key file", path);
    if (f->b[MAGIC_BYTES] != KIND_PLAIN && f->b[MAGIC_BYTES] != KIND_SEALED)
        return st_fail(err, ST_VERSION, "%s is a key file of unknown kind %u", path,
                       (unsigned)f->b[MAGIC_BYTES]);
    f->sealed = f->b[MAGIC_BYTES] == KIND_SEALED;
    if (n != (f->sealed ? SEALED_BYTES : PLAIN_BYTES))
        return st_fail(err, ST_MALFORMED, "%s has the wrong size for a key file", path);
    checksum(f->b, n - SUM_BYTES, sum);
    if (!cr_secret_equal(sum, f->b + n - SUM_BYTES, sizeof sum))
        return st_fail(err, ST_MALFORMED, "%s is damaged: its checksum does not match", path);
    if (f->sealed && cr_pass_decode(f->b + AT_PASS, &f->params, err) != ST_OK)
        return st_wrap(err, ST_MALFORMED, "%s", path);
    return ST_OK;
}

static int read_key_file(const char *path, struct key_file *f, struct st_err *err)
{
    bool others = false;
    size_t n = 0;
    int rc = cr_file_read(path, f->b, sizeof f->b, &n, &others, err);

    if (rc == ST_OK)
        rc = check_form(f, n, path, err);
    /* what is sealed may lie on a stick whose file system knows no owners */
    return rc == ST_OK && others && !f->sealed ? cr_file_refuse_open(path, err) : rc;
}

static int open_box(const struct key_file *f, struct cr_span pass, const char *path,
                    struct cr_identity *id, struct st_err *err)
{
    uint8_t secrets[SECRET_BYTES];
    struct cr_pass_key key;
    int rc = cr_pass_key(pass, &f->params, &key, err);

    if (rc != ST_OK)
        return rc;
    rc = crypto_aead_xchacha20poly1305_ietf_decrypt(secrets, NULL, NULL, f->b + AT_BOX, BOX_BYTES,
                                                    f->b, AT_NONCE, f->b + AT_NONCE, key.b);
    cr_wipe(&key, sizeof key);
    if (rc != 0)
        return st_fail(err, ST_PIN, "%s: wrong PIN or pass phrase", path);
    cr_identity_from_secrets(secrets, secrets + CR_SIGN_SEED_BYTES, id);
    cr_wipe(secrets, sizeof secrets);
    if (memcmp(id->sign_pk.b, f->b + AT_SIGN_PK, CR_SIGN_PK_BYTES) == 0 &&
        memcmp(id->kx_pk.b, f->b + AT_KX_PK, CR_KX_BYTES) == 0)
        return ST_OK;
    cr_identity_wipe(id);
    return st_fail(err, ST_MALFORMED, "%s: its public keys are not those of its secrets", path);
}

int cr_identity_load(const char *path, struct cr_identity *id, struct st_err *err)
{
    struct key_file f;
    int rc;

    cr_identity_wipe(id);
    rc = read_key_file(path, &f, err);
    if (rc == ST_OK && f.sealed)
        rc = st_fail(err, ST_SEALED, "%s is sealed: its PIN or pass phrase is needed", path);
    if (rc == ST_OK)
        cr_identity_from_secrets(f.b + MAGIC_BYTES + 1, f.b + MAGIC_BYTES + 1 + CR_SIGN_SEED_BYTES,
                                 id);
    cr_wipe(&f, sizeof f);
    return rc;
}

int cr_identity_load_sealed(const char *path, struct cr_span pass, struct cr_identity *id,
                            struct st_err *err)
{
    struct key_file f;
    int rc;

    cr_identity_wipe(id);
    rc = read_key_file(path, &f, err);
    if (rc == ST_OK && !f.sealed)
        rc = st_fail(err, ST_STATE, "%s is not sealed", path);
    if (rc == ST_OK)
        rc = open_box(&f, pass, path, id, err);
    cr_wipe(&f, sizeof f);
    return rc;
}

int cr_identity_look(const char *path, struct cr_identity_public *out, struct st_err *err)
{
    struct cr_identity id;
    struct key_file f;
    int rc = read_key_file(path, &f, err);

    if (rc == ST_OK && f.sealed) {
        memcpy(out->sign_pk.b, f.b + AT_SIGN_PK, CR_SIGN_PK_BYTES);
        memcpy(out->kx_pk.b, f.b + AT_KX_PK, CR_KX_BYTES);
    } else if (rc == ST_OK) {
        cr_identity_from_secrets(f.b + MAGIC_BYTES + 1, f.b + MAGIC_BYTES + 1 + CR_SIGN_SEED_BYTES,
                                 &id);
        out->sign_pk = id.sign_pk;
        out->kx_pk = id.kx_pk;
        cr_identity_wipe(&id);
    }
    if (rc == ST_OK)
        out->sealed = f.sealed;
    cr_wipe(&f, sizeof f);
    return rc;
}

/* ---- writing ---- */

int cr_identity_save(const char *path, const struct cr_identity *id, struct st_err *err)
{
    uint8_t file[PLAIN_BYTES];
    int rc;

    encode_plain(id, file);
    rc = cr_file_create(path, cr_span_of(file, sizeof file), err);
    cr_wipe(file, sizeof file);
    return rc;
}

int cr_identity_save_sealed(const char *path, const struct cr_identity *id, struct cr_span pass,
                            const struct cr_pass_params *params, struct st_err *err)
{
    uint8_t file[SEALED_BYTES];
    int rc = encode_sealed(id, pass, params, file, err);

    return rc == ST_OK ? cr_file_create(path, cr_span_of(file, sizeof file), err) : rc;
}

int cr_identity_reseal(const char *path, const struct cr_identity *id, struct cr_span pass,
                       const struct cr_pass_params *params, struct st_err *err)
{
    struct cr_identity_public old;
    uint8_t file[SEALED_BYTES];
    size_t n = params == NULL ? PLAIN_BYTES : SEALED_BYTES;
    int rc = cr_identity_look(path, &old, err);

    if (rc == ST_OK && !cr_sign_pk_equal(&old.sign_pk, &id->sign_pk))
        rc = st_fail(err, ST_EXISTS, "%s holds another key; a key is never overwritten", path);
    if (rc == ST_OK && params == NULL)
        encode_plain(id, file);
    else if (rc == ST_OK)
        rc = encode_sealed(id, pass, params, file, err);
    if (rc == ST_OK)
        rc = cr_file_replace(path, cr_span_of(file, n), err);
    cr_wipe(file, sizeof file);
    return rc;
}
