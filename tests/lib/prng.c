#include "tests/lib/prng.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base/assert.h"
#include "crypto/base/bytes.h"

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void ts_prng_init(struct ts_prng *r, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++)
        r->s[i] = splitmix64(&seed);
}

static uint64_t rotl(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t ts_prng_u64(struct ts_prng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t ts_prng_below(struct ts_prng *r, uint64_t bound)
{
    uint64_t threshold, x;

    CR_ASSERT(bound > 0);
    threshold = (0 - bound) % bound; /* 2^64 mod bound: the draws below it would be one too many */
    do {
        x = ts_prng_u64(r);
    } while (x < threshold);
    return x % bound;
}

uint64_t ts_prng_range(struct ts_prng *r, uint64_t lo, uint64_t hi)
{
    CR_ASSERT(lo <= hi);
    if (hi - lo == UINT64_MAX)
        return ts_prng_u64(r);
    return lo + ts_prng_below(r, hi - lo + 1);
}

bool ts_prng_chance(struct ts_prng *r, uint64_t times, uint64_t of)
{
    return ts_prng_below(r, of) < times;
}

void ts_prng_bytes(struct ts_prng *r, void *p, size_t n)
{
    uint8_t *at = p;

    while (n > 0) {
        uint8_t word[8];
        size_t take = n < sizeof word ? n : sizeof word;
        uint64_t x = ts_prng_u64(r);
        for (size_t i = 0; i < sizeof word; i++)
            word[i] = (uint8_t)(x >> (8 * i));
        memcpy(at, word, take);
        at += take;
        n -= take;
    }
}

void ts_prng_shuffle(struct ts_prng *r, void *base, size_t count, size_t size)
{
    uint8_t *p = base;
    uint8_t hold[256];

    CR_ASSERT(size <= sizeof hold);
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)ts_prng_below(r, i);
        if (j == i - 1)
            continue;
        memcpy(hold, p + j * size, size);
        memcpy(p + j * size, p + (i - 1) * size, size);
        memcpy(p + (i - 1) * size, hold, size);
    }
}

void ts_prng_split(struct ts_prng *r, struct ts_prng *out)
{
    ts_prng_init(out, ts_prng_u64(r));
}

/* The seed under way, for the handlers below, which get no context. */
static char running[64];

static void say_seed(void)
{
    if (running[0] != '\0')
        (void)!write(STDERR_FILENO, running, strlen(running));
    running[0] = '\0';
}

static void on_abort(int sig)
{
    say_seed();
    (void)signal(sig, SIG_DFL);
    (void)raise(sig);
}

void ts_each_seed(uint64_t first_seed, uint64_t count, ts_seed_fn fn, void *ctx)
{
    static bool hooked;
    const char *only = getenv("FS_SEED");

    if (!hooked) {
        CR_ASSERT(atexit(say_seed) == 0);
        (void)signal(SIGABRT, on_abort);
        hooked = true;
    }
    say_seed();
    if (only != NULL) {
        CR_ASSERT(cr_parse_u64(only, strlen(only), UINT64_MAX, &first_seed) == 0);
        count = 1;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct ts_prng r;
        uint64_t seed = first_seed + i;
        (void)snprintf(running, sizeof running, "replay with FS_SEED=%llu\n",
                       (unsigned long long)seed);
        ts_prng_init(&r, seed);
        fn(&r, seed, ctx);
        running[0] = '\0';
    }
}
