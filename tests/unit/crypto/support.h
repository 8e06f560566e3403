/* What the tests of crypto/ share: hex, exact copies, children that must abort, Noise transcripts.
 */
#ifndef TESTS_UNIT_CRYPTO_SUPPORT_H
#define TESTS_UNIT_CRYPTO_SUPPORT_H

#include "crypto/base/buf.h"
#include "crypto/channel.h"
#include "crypto/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* For cmocka_run_group_tests. */
static inline int support_init(void **state)
{
    struct st_err err = {0};

    (void)state;
    if (cr_init(&err) == ST_OK)
        return 0;
    print_error("cr_init: %s\n", err.msg);
    return -1;
}

/* The bytes of hex text, at most max of them. */
static inline struct cr_span unhex(const char *hex, uint8_t *out, size_t max)
{
    size_t n = strlen(hex) / 2;

    if (n > max || cr_unhex(hex, strlen(hex), out, n) != ST_OK)
        fail_msg("bad hex in a test: %s", hex);
    return cr_span_of(out, n);
}

/* Exactly n bytes. */
static inline void unhex_exact(const char *hex, uint8_t *out, size_t n)
{
    if (cr_unhex(hex, strlen(hex), out, n) != ST_OK)
        fail_msg("bad hex in a test: %s", hex);
}

/* A heap copy of exactly this size, so that a byte read too far is seen by the sanitizer and by
 * valgrind. Freed by the caller. */
static inline uint8_t *exact_copy(struct cr_span s)
{
    uint8_t *p = malloc(s.n > 0 ? s.n : 1);

    assert_non_null(p);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return p;
}

/* All bytes zero. */
static inline bool is_wiped(const void *p, size_t n)
{
    const uint8_t *b = p;

    for (size_t i = 0; i < n; i++) {
        if (b[i] != 0)
            return false;
    }
    return true;
}

#endif
