#include "crypto/pass.h"

#include "crypto/base/assert.h"
#include "crypto/keys.h"

#include <sodium.h>
#include <string.h>

#define VERSION 1

_Static_assert(CR_PASS_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "salt of Argon2id");

static int check(unsigned ops, unsigned mib, struct st_err *err)
{
    if (ops < CR_PASS_OPS_MIN || ops > CR_PASS_OPS_MAX)
        return st_fail(err, ST_RANGE, "pass phrase header: %u passes, %d..%d are allowed", ops,
                       CR_PASS_OPS_MIN, CR_PASS_OPS_MAX);
    if (mib < CR_PASS_MIB_MIN || mib > CR_PASS_MIB_MAX)
        return st_fail(err, ST_RANGE, "pass phrase header: %u MiB, %d..%d are allowed", mib,
                       CR_PASS_MIB_MIN, CR_PASS_MIB_MAX);
    return ST_OK;
}

void cr_pass_new(enum cr_pass_preset preset, struct cr_pass_params *out)
{
    out->ops = 3;
    out->mib = preset == CR_PASS_STRONG ? 256 : 64;
    cr_random(out->salt, sizeof out->salt);
}

void cr_pass_encode(const struct cr_pass_params *params, uint8_t out[static CR_PASS_HEADER_BYTES])
{
    CR_ASSERT(check(params->ops, params->mib, NULL) == ST_OK);
    out[0] = VERSION;
    out[1] = (uint8_t)params->ops;
    cr_store_be16(out + 2, (uint16_t)params->mib);
    memcpy(out + 4, params->salt, CR_PASS_SALT_BYTES);
}

int cr_pass_decode(const uint8_t header[static CR_PASS_HEADER_BYTES], struct cr_pass_params *out,
                   struct st_err *err)
{
    unsigned ops = header[1], mib = cr_load_be16(header + 2);
    int rc;

    if (header[0] != VERSION)
        return st_fail(err, ST_VERSION, "pass phrase header of unknown version %u",
                       (unsigned)header[0]);
    rc = check(ops, mib, err);
    if (rc != ST_OK)
        return rc;
    out->ops = ops;
    out->mib = mib;
    memcpy(out->salt, header + 4, CR_PASS_SALT_BYTES);
    return ST_OK;
}

int cr_pass_key(struct cr_span pass, const struct cr_pass_params *params, struct cr_pass_key *out,
                struct st_err *err)
{
    int rc = check(params->ops, params->mib, err);

    cr_wipe(out, sizeof *out);
    if (rc != ST_OK)
        return rc;
    if (pass.n == 0 || pass.n > CR_PASS_BYTES_MAX)
        return st_fail(err, ST_RANGE, "a pass phrase has 1 to %d bytes", CR_PASS_BYTES_MAX);
    /* libsodium answers -1 only when the memory cannot be had: the values are within its bounds */
    if (crypto_pwhash_argon2id(out->b, sizeof out->b, (const char *)pass.p, pass.n, params->salt,
                               params->ops, (size_t)params->mib << 20,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
        cr_wipe(out, sizeof *out);
        return st_fail(err, ST_NOMEM, "no memory for the pass phrase: %u MiB are needed",
                       params->mib);
    }
    return ST_OK;
}
