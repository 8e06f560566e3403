/* Bytes written as hex in tests. */
#ifndef TESTS_LIB_HEX_H
#define TESTS_LIB_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Reads hex digits of either case, ignoring blanks and newlines, into out and returns the number
 * of bytes. Aborts on anything else, on half a byte, or when out_bytes is too small: the text is
 * the test author's. */
size_t ts_unhex(const char *text, uint8_t *out, size_t out_bytes);
/* Fails the running test, printing both as hex, unless the n bytes equal the hex text. */
void ts_assert_hex(const uint8_t *p, size_t n, const char *text);

#endif
