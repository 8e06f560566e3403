/* Sets of ranks as bits: 64 a word. Internal to the folds. */
#ifndef SCHEMA_BITS_H
#define SCHEMA_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SC_BITS_NONE SIZE_MAX

static inline bool sc_bit(const uint64_t *set, size_t i)
{
    return (set[i / 64] >> (i % 64)) & 1;
}

static inline void sc_bit_set(uint64_t *set, size_t i)
{
    set[i / 64] |= UINT64_C(1) << (i % 64);
}

static inline void sc_bit_clear(uint64_t *set, size_t i)
{
    set[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

static inline void sc_bits_zero(uint64_t *set, size_t words)
{
    for (size_t w = 0; w < words; w++)
        set[w] = 0;
}

static inline void sc_bits_or(uint64_t *set, const uint64_t *more, size_t words)
{
    for (size_t w = 0; w < words; w++)
        set[w] |= more[w];
}

/* set |= a & b */
static inline void sc_bits_or_and(uint64_t *set, const uint64_t *a, const uint64_t *b, size_t words)
{
    for (size_t w = 0; w < words; w++)
        set[w] |= a[w] & b[w];
}

static inline bool sc_bits_any(const uint64_t *set, size_t words)
{
    for (size_t w = 0; w < words; w++)
        if (set[w] != 0)
            return true;
    return false;
}

/* a and b have a common member. */
static inline bool sc_bits_meet(const uint64_t *a, const uint64_t *b, size_t words)
{
    for (size_t w = 0; w < words; w++)
        if ((a[w] & b[w]) != 0)
            return true;
    return false;
}

/* Every member of a is in b. */
static inline bool sc_bits_within(const uint64_t *a, const uint64_t *b, size_t words)
{
    for (size_t w = 0; w < words; w++)
        if ((a[w] & ~b[w]) != 0)
            return false;
    return true;
}

static inline size_t sc_bits_count(const uint64_t *set, size_t words)
{
    size_t n = 0;
    for (size_t w = 0; w < words; w++)
        for (uint64_t rest = set[w]; rest != 0; rest &= rest - 1)
            n++;
    return n;
}

/* Greatest member below limit, or SC_BITS_NONE. Descending walk:
 *   for (size_t i = sc_bits_below(s, n); i != SC_BITS_NONE; i = sc_bits_below(s, i)) */
static inline size_t sc_bits_below(const uint64_t *set, size_t limit)
{
    size_t w = limit / 64;
    uint64_t rest = limit % 64 != 0 ? set[w] & ((UINT64_C(1) << (limit % 64)) - 1) : 0;
    for (;;) {
        if (rest != 0)
            return w * 64 + 63 - (size_t)__builtin_clzll(rest);
        if (w == 0)
            return SC_BITS_NONE;
        rest = set[--w];
    }
}

/* Smallest member at or above start, or SC_BITS_NONE. */
static inline size_t sc_bits_from(const uint64_t *set, size_t start, size_t words)
{
    size_t w = start / 64;
    if (w >= words)
        return SC_BITS_NONE;
    uint64_t rest = set[w] & (~UINT64_C(0) << (start % 64));
    for (;;) {
        if (rest != 0)
            return w * 64 + (size_t)__builtin_ctzll(rest);
        if (++w >= words)
            return SC_BITS_NONE;
        rest = set[w];
    }
}

#endif
