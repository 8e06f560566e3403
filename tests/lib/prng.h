/* Seeded pseudo-random numbers for property tests and the simulator (xoshiro256**, seeded through
 * splitmix64): the same seed gives the same run on every machine. Not for anything secret. */
#ifndef TESTS_LIB_PRNG_H
#define TESTS_LIB_PRNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ts_prng {
    uint64_t s[4];
};

void ts_prng_init(struct ts_prng *r, uint64_t seed);
uint64_t ts_prng_u64(struct ts_prng *r);
/* Uniform in 0 .. bound - 1 (bound > 0), without modulo bias. */
uint64_t ts_prng_below(struct ts_prng *r, uint64_t bound);
/* Uniform in lo .. hi, both included (lo <= hi). */
uint64_t ts_prng_range(struct ts_prng *r, uint64_t lo, uint64_t hi);
/* True in `times` of `of` cases. */
bool ts_prng_chance(struct ts_prng *r, uint64_t times, uint64_t of);
void ts_prng_bytes(struct ts_prng *r, void *p, size_t n);
/* Puts `count` elements of `size` bytes into a random order (size <= 256). */
void ts_prng_shuffle(struct ts_prng *r, void *base, size_t count, size_t size);
/* A new generator, independent of what r gives later. */
void ts_prng_split(struct ts_prng *r, struct ts_prng *out);

/* Runs fn with `count` seeds from first_seed on, or with the one seed in the environment's FS_SEED
 * (decimal) instead. When fn does not come back (a failed assertion), the program says at its end
 * which FS_SEED replays it. */
typedef void (*ts_seed_fn)(struct ts_prng *r, uint64_t seed, void *ctx);
void ts_each_seed(uint64_t first_seed, uint64_t count, ts_seed_fn fn, void *ctx);

#endif
