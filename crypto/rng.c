/* The one place with mutable file-scope state: libsodium keeps one process-wide source of random
 * bytes and gives its callbacks no context. */
#include "crypto/rng.h"

#include "crypto/base/assert.h"
#include "crypto/base/bytes.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

/* Draw number n is the ChaCha20 key stream under (key from the seed, nonce n). */
static struct {
    uint8_t key[crypto_stream_chacha20_KEYBYTES];
    uint64_t draw;
    bool installed;
} stream;

_Static_assert(crypto_stream_chacha20_NONCEBYTES == 8, "a nonce holds the draw number");

static const char *seeded_name(void)
{
    return "fengsui-seeded";
}

static void seeded_buf(void *const out, const size_t n)
{
    uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];

    cr_store_le64(nonce, stream.draw++);
    (void)crypto_stream_chacha20(out, n, nonce, stream.key);
}

static uint32_t seeded_random(void)
{
    uint8_t b[4];

    seeded_buf(b, sizeof b);
    return cr_load_be32(b);
}

/* libsodium stirs at start and after a change of source; the stream must not notice. */
static void seeded_stir(void)
{
}

static int seeded_close(void)
{
    return 0;
}

/* Not const in libsodium's prototype. */
static struct randombytes_implementation seeded = {
    .implementation_name = seeded_name,
    .random = seeded_random,
    .stir = seeded_stir,
    .uniform = NULL,
    .buf = seeded_buf,
    .close = seeded_close,
};

static void start_at(uint64_t seed)
{
    memset(stream.key, 0, sizeof stream.key);
    cr_store_le64(stream.key, seed);
    stream.draw = 0;
}

void cr_rng_use_seeded(uint64_t seed)
{
    int rc = randombytes_set_implementation(&seeded);

    CR_ASSERT(rc == 0);
    stream.installed = true;
    start_at(seed);
}

void cr_rng_reseed(uint64_t seed)
{
    CR_ASSERT(stream.installed);
    start_at(seed);
}
