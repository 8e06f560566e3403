#include "tests/lib/mutate.h"

#include "tests/lib/guard.h"

void ts_each_prefix(const void *p, size_t n, ts_mutant_fn fn, void *ctx)
{
    struct ts_guard guard;

    ts_guard_init(&guard, n);
    for (size_t length = 0; length < n; length++)
        fn(ctx, ts_guard_put(&guard, p, length), length, length);
    ts_guard_release(&guard);
}

void ts_each_bit_flip(const void *p, size_t n, ts_mutant_fn fn, void *ctx)
{
    struct ts_guard guard;

    ts_guard_init(&guard, n);
    for (size_t bit = 0; bit < n * 8; bit++) {
        uint8_t *copy = ts_guard_put(&guard, p, n);
        copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ (1u << (bit % 8)));
        fn(ctx, copy, n, bit);
    }
    ts_guard_release(&guard);
}
