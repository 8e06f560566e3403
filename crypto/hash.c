#include "crypto/hash.h"

#include "crypto/base/assert.h"

#include <sodium.h>
#include <string.h>

#define TAG_PREFIX     "fengsui/"
#define PERSONAL_BYTES 16

_Static_assert(CR_HASH_BYTES == 32, "the group of fingerprints is 256 bits wide");
_Static_assert(crypto_generichash_blake2b_PERSONALBYTES == PERSONAL_BYTES, "a tag fills it");
#define CR_TAG_FITS_(name, text) \
    _Static_assert(sizeof(TAG_PREFIX text) - 1 <= PERSONAL_BYTES, "tag too long: " text);
CR_TAG_MAP(CR_TAG_FITS_)
#undef CR_TAG_FITS_

/* Zero padded by C's rule for initialisers; a text of 16 bytes loses its NUL, as it should. */
static const struct {
    unsigned char text[PERSONAL_BYTES];
} personal[] = {
#define CR_TAG_TEXT_(name, text) [name] = {TAG_PREFIX text},
    CR_TAG_MAP(CR_TAG_TEXT_)
#undef CR_TAG_TEXT_
};

void cr_hash2(enum cr_tag tag, struct cr_span a, struct cr_span b, struct cr_hash *out)
{
    crypto_generichash_blake2b_state state;
    int rc;

    CR_ASSERT((size_t)tag < sizeof personal / sizeof personal[0]);
    rc = crypto_generichash_blake2b_init_salt_personal(&state, NULL, 0, sizeof out->b, NULL,
                                                       personal[tag].text);
    CR_ASSERT(rc == 0);
    if (a.n > 0)
        (void)crypto_generichash_blake2b_update(&state, a.p, a.n);
    if (b.n > 0)
        (void)crypto_generichash_blake2b_update(&state, b.p, b.n);
    rc = crypto_generichash_blake2b_final(&state, out->b, sizeof out->b);
    CR_ASSERT(rc == 0);
}

void cr_hash1(enum cr_tag tag, struct cr_span a, struct cr_hash *out)
{
    cr_hash2(tag, a, (struct cr_span){NULL, 0}, out);
}

bool cr_hash_equal(const struct cr_hash *a, const struct cr_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int cr_hash_cmp(const struct cr_hash *a, const struct cr_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

void cr_hash_add(struct cr_hash *sum, const struct cr_hash *item)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < sizeof sum->b; i += 8) {
        uint64_t v, w;
        bool over = __builtin_add_overflow(cr_load_le64(sum->b + i), cr_load_le64(item->b + i), &v);

        over |= __builtin_add_overflow(v, carry, &w);
        cr_store_le64(sum->b + i, w);
        carry = over ? 1 : 0;
    }
}

void cr_hash_sub(struct cr_hash *sum, const struct cr_hash *item)
{
    uint64_t borrow = 0;

    for (size_t i = 0; i < sizeof sum->b; i += 8) {
        uint64_t v, w;
        bool under =
            __builtin_sub_overflow(cr_load_le64(sum->b + i), cr_load_le64(item->b + i), &v);

        under |= __builtin_sub_overflow(v, borrow, &w);
        cr_store_le64(sum->b + i, w);
        borrow = under ? 1 : 0;
    }
}
