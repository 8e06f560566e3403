#include "tests/lib/hex.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/base/assert.h"
#include "crypto/base/bytes.h"
#include "tests/lib/test.h"

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

size_t ts_unhex(const char *text, uint8_t *out, size_t out_bytes)
{
    size_t digits = 0;

    for (; *text != '\0'; text++) {
        int v = digit(*text);
        if (*text == ' ' || *text == '\n' || *text == '\t')
            continue;
        CR_ASSERT(v >= 0);
        CR_ASSERT(digits / 2 < out_bytes);
        if (digits % 2 == 0)
            out[digits / 2] = (uint8_t)(v << 4);
        else
            out[digits / 2] = (uint8_t)(out[digits / 2] | v);
        digits++;
    }
    CR_ASSERT(digits % 2 == 0);
    return digits / 2;
}

void ts_assert_hex(const uint8_t *p, size_t n, const char *text)
{
    size_t room = strlen(text) / 2 + 1;
    uint8_t *want = malloc(room);
    char *got = malloc(2 * n + 1);
    bool same;

    CR_ASSERT(want != NULL);
    CR_ASSERT(got != NULL);
    same = ts_unhex(text, want, room) == n && (n == 0 || memcmp(want, p, n) == 0);
    cr_hex(p, n, got);
    if (!same)
        print_error("got      %s\nexpected %s\n", got, text);
    free(want);
    free(got);
    if (!same)
        ts_fail("the bytes differ");
}
