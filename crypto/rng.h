/* Replaces the operating system's random source by a seeded one, for tests and the simulator only:
 * the same seed gives the same keys, handshakes and incarnations. Call before cr_init. Process-wide
 * (libsodium keeps one source); not part of the production program. */
#ifndef CRYPTO_RNG_H
#define CRYPTO_RNG_H

#include <stdint.h>

void cr_rng_use_seeded(uint64_t seed);
/* Starts the seeded stream again at this seed; cr_rng_use_seeded must have been called. */
void cr_rng_reseed(uint64_t seed);

#endif
