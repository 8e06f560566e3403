/* Spans, fixed-endian integers, checked arithmetic, strict text forms. Pure; no allocation. */
#ifndef CRYPTO_BASE_BYTES_H
#define CRYPTO_BASE_BYTES_H

#include "crypto/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed bytes: the owner outlives the span. p may be NULL when n == 0. */
struct cr_span {
    const uint8_t *p;
    size_t n;
};

static inline struct cr_span cr_span_of(const void *p, size_t n)
{
    return (struct cr_span){(const uint8_t *)p, n};
}

/* Span of a NUL-terminated string, without the NUL. */
struct cr_span cr_span_text(const char *text);
/* Equal length and bytes. Not for secrets. */
bool cr_span_equal(struct cr_span a, struct cr_span b);

static inline void cr_store_be16(uint8_t p[static 2], uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline uint16_t cr_load_be16(const uint8_t p[static 2])
{
    return (uint16_t)((p[0] << 8) | p[1]);
}
void cr_store_be32(uint8_t p[static 4], uint32_t v);
uint32_t cr_load_be32(const uint8_t p[static 4]);
void cr_store_be64(uint8_t p[static 8], uint64_t v);
uint64_t cr_load_be64(const uint8_t p[static 8]);
void cr_store_le64(uint8_t p[static 8], uint64_t v);
uint64_t cr_load_le64(const uint8_t p[static 8]);

/* a + b, a * b into *out; false (and *out untouched) when the result does not fit. */
bool cr_add_size(size_t a, size_t b, size_t *out) ST_MUST;
bool cr_mul_size(size_t a, size_t b, size_t *out) ST_MUST;
bool cr_add_u64(uint64_t a, uint64_t b, uint64_t *out) ST_MUST;

/* Decimal text to integer: 1..20 ASCII digits, nothing else, no leading zero unless "0", at most
 * max. ST_MALFORMED or ST_RANGE; *out is written only on success. */
int cr_parse_u64(const char *text, size_t n, uint64_t max, uint64_t *out) ST_MUST;

/* Lower-case hex. out holds 2 * n + 1 bytes, NUL-terminated. */
void cr_hex(const uint8_t *p, size_t n, char *out);
/* Exactly 2 * n hex digits of either case into out[n]. ST_MALFORMED otherwise, out undefined. */
int cr_unhex(const char *text, size_t text_bytes, uint8_t *out, size_t n) ST_MUST;

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). */
bool cr_utf8_valid(const uint8_t *p, size_t n);

#endif
