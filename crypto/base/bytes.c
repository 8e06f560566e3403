#include "crypto/base/bytes.h"

#include "crypto/base/assert.h"

#include <string.h>

struct cr_span cr_span_text(const char *text)
{
    CR_ASSERT(text != NULL);
    return cr_span_of(text, strlen(text));
}

bool cr_span_equal(struct cr_span a, struct cr_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

void cr_store_be32(uint8_t p[static 4], uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

uint32_t cr_load_be32(const uint8_t p[static 4])
{
    uint32_t v = 0;

    for (unsigned i = 0; i < 4; i++)
        v = v << 8 | p[i];
    return v;
}

void cr_store_be64(uint8_t p[static 8], uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (56 - 8 * i));
}

uint64_t cr_load_be64(const uint8_t p[static 8])
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

void cr_store_le64(uint8_t p[static 8], uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

uint64_t cr_load_le64(const uint8_t p[static 8])
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

bool cr_add_size(size_t a, size_t b, size_t *out)
{
    size_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

bool cr_mul_size(size_t a, size_t b, size_t *out)
{
    size_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

bool cr_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

int cr_parse_u64(const char *text, size_t n, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    bool fits = true;

    if (n == 0 || n > 20 || (n > 1 && text[0] == '0'))
        return ST_MALFORMED;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return ST_MALFORMED;
        if (fits && (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
                     __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v)))
            fits = false;
    }
    if (!fits || v > max)
        return ST_RANGE;
    *out = v;
    return ST_OK;
}

void cr_hex(const uint8_t *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

/* 0..15, or -1 for what is not a hex digit. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int cr_unhex(const char *text, size_t text_bytes, uint8_t *out, size_t n)
{
    if (text_bytes % 2 != 0 || text_bytes / 2 != n)
        return ST_MALFORMED;
    for (size_t i = 0; i < n; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return ST_MALFORMED;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return ST_OK;
}

/* Bytes of the well-formed sequence at p (n > 0 bytes left), 0 when there is none. The bounds on
 * the second byte exclude overlong forms, surrogates and what lies above U+10FFFF (RFC 3629 §4). */
static size_t utf8_sequence(const uint8_t *p, size_t n)
{
    uint8_t low = 0x80, high = 0xbf;
    size_t need;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    need = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (n < need || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return need;
}

bool cr_utf8_valid(const uint8_t *p, size_t n)
{
    size_t at = 0;

    while (at < n) {
        size_t step = utf8_sequence(p + at, n - at);

        if (step == 0)
            return false;
        at += step;
    }
    return true;
}
