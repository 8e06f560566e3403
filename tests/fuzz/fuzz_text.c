/* The strict text forms: hex, decimal, UTF-8. What is accepted must come out again the same. */
#include <string.h>

#include "crypto/base/assert.h"
#include "crypto/base/bytes.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const char *text = (const char *)p;
    uint8_t bytes[64];
    char hex[2 * sizeof bytes + 1];
    uint64_t value;

    if (n / 2 <= sizeof bytes && cr_unhex(text, n, bytes, n / 2) == ST_OK) {
        cr_hex(bytes, n / 2, hex);
        CR_ASSERT(strlen(hex) == n);
    }
    if (cr_parse_u64(text, n, 1000, &value) == ST_OK)
        CR_ASSERT(value <= 1000);
    if (cr_utf8_valid(p, n) && n > 0)
        CR_ASSERT((p[0] & 0xC0u) != 0x80u);
    return 0;
}
