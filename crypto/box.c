#include "crypto/box.h"

#include "crypto/aead.h"
#include "crypto/base/assert.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(CR_BOX_SLOT_BYTES == sizeof(struct cr_stream_key) + CR_AEAD_TAG_BYTES, "a slot");
_Static_assert(CR_AEAD_KEY_BYTES == CR_HASH_BYTES, "a hash is the slot's key");

static const struct cr_span no_ad = {NULL, 0};

/* The key of one slot; false when the other side's key is of low order. */
static bool slot_key(const uint8_t secret[static CR_KX_BYTES],
                     const uint8_t other[static CR_KX_BYTES],
                     const uint8_t ephemeral[static CR_KX_BYTES], const struct cr_kx_pk *recipient,
                     struct cr_hash *key)
{
    uint8_t shared[CR_KX_BYTES], names[2 * CR_KX_BYTES];

    if (crypto_scalarmult(shared, secret, other) != 0)
        return false;
    memcpy(names, ephemeral, CR_KX_BYTES);
    memcpy(names + CR_KX_BYTES, recipient->b, CR_KX_BYTES);
    cr_hash2(CR_TAG_BOX, cr_span_of(shared, sizeof shared), cr_span_of(names, sizeof names), key);
    sodium_memzero(shared, sizeof shared);
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, CR_BOX_SLOT_BYTES);
}

int cr_box_seal(const struct cr_stream_key *key, const struct cr_kx_pk *to, size_t count,
                size_t *bad, struct cr_buf *out)
{
    uint8_t secret[CR_KX_BYTES];
    size_t before = out->n;
    uint8_t *at;
    int rc;

    CR_ASSERT(count > 0 && count <= CR_BOX_RECIPIENTS_MAX);
    rc = cr_buf_extend(out, CR_BOX_BYTES(count), &at);
    if (rc != ST_OK)
        return rc;
    cr_random(secret, sizeof secret);
    rc = crypto_scalarmult_base(at, secret);
    CR_ASSERT(rc == 0);
    for (size_t i = 0; i < count; i++) {
        struct cr_hash k;

        if (!slot_key(secret, to[i].b, at, &to[i], &k)) {
            if (bad != NULL)
                *bad = i;
            out->n = before;
            sodium_memzero(secret, sizeof secret);
            return ST_RANGE;
        }
        cr_aead_seal(k.b, 0, no_ad, cr_span_of(key->b, sizeof key->b),
                     at + CR_KX_BYTES + i * CR_BOX_SLOT_BYTES);
        sodium_memzero(&k, sizeof k);
    }
    sodium_memzero(secret, sizeof secret);
    qsort(at + CR_KX_BYTES, count, CR_BOX_SLOT_BYTES, by_bytes); /* the order tells nothing */
    return ST_OK;
}

int cr_box_open(struct cr_span box, const struct cr_kx_pk *pk, const struct cr_kx_sk *sk,
                struct cr_stream_key *key)
{
    struct cr_hash k;
    size_t count;
    int rc = ST_DENIED;

    if (box.n < CR_BOX_BYTES(1) || (box.n - CR_KX_BYTES) % CR_BOX_SLOT_BYTES != 0)
        return ST_MALFORMED;
    count = (box.n - CR_KX_BYTES) / CR_BOX_SLOT_BYTES;
    if (count > CR_BOX_RECIPIENTS_MAX || !slot_key(sk->b, box.p, box.p, pk, &k))
        return ST_MALFORMED;
    for (size_t i = 0; i < count && rc != ST_OK; i++) {
        struct cr_span slot = {box.p + CR_KX_BYTES + i * CR_BOX_SLOT_BYTES, CR_BOX_SLOT_BYTES};
        struct cr_stream_key found;

        if (cr_aead_open(k.b, 0, no_ad, slot, found.b) == ST_OK) {
            *key = found;
            rc = ST_OK;
        }
        sodium_memzero(&found, sizeof found);
    }
    sodium_memzero(&k, sizeof k);
    return rc;
}
