/* The two systematic ways to damage an input. Each damaged copy stands before a closed page
 * (guard.h), so that the callback only has to look at what the decoder answers. */
#ifndef TESTS_LIB_MUTATE_H
#define TESTS_LIB_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* index: the length of the prefix, or the number of the flipped bit (byte * 8 + bit, bit 0 the
 * lowest). The bytes may be written to; they live until the callback returns. */
typedef void (*ts_mutant_fn)(void *ctx, uint8_t *p, size_t n, size_t index);

/* Calls fn for the prefixes of length 0 to n - 1, shortest first. */
void ts_each_prefix(const void *p, size_t n, ts_mutant_fn fn, void *ctx);
/* Calls fn with each of the n * 8 copies that differ from p in one bit. */
void ts_each_bit_flip(const void *p, size_t n, ts_mutant_fn fn, void *ctx);

#endif
