/* A peer's compressed stream: whatever the blocks hold, no more than the bound comes out, and after
 * an error the stream stays dead. Input: blocks, each behind a 2-byte length. */
#include "crypto/base/assert.h"
#include "schema/pack.h"
#include "tests/fuzz/fuzz.h"

#define RAW_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct sc_unpack *u = sc_unpack_new();
    struct cr_buf out;
    int rc = ST_OK;

    CR_ASSERT(u != NULL);
    cr_buf_init(&out, RAW_MAX);
    while (n >= 2) {
        size_t bytes = cr_load_be16(p) % (n - 1);
        int got;

        cr_buf_clear(&out);
        got = sc_unpack_block(u, cr_span_of(p + 2, bytes), RAW_MAX, &out);
        CR_ASSERT(rc == ST_OK || got == ST_STATE);
        CR_ASSERT(out.n <= RAW_MAX);
        if (got != ST_OK)
            rc = got;
        p += 2 + bytes;
        n -= 2 + bytes;
    }
    cr_buf_clear(&out);
    (void)(sc_unpack_once(cr_span_of(p, n), RAW_MAX, &out) == ST_OK);
    cr_buf_release(&out);
    sc_unpack_free(u);
    return 0;
}
