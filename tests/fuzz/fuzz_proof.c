/* Proofs: whatever is read is within its bounds, and what is taken has an entry of its subject. */
#include "crypto/base/assert.h"
#include "schema/proof.h"
#include "tests/fuzz/fuzz.h"

static int count(void *arg, const struct sc_proof_entry *e)
{
    size_t *n = arg;

    CR_ASSERT(e->erased || e->payload.n == e->header.payload_bytes);
    (*n)++;
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct sc_proof proof;
    size_t shown = 0;

    if (sc_proof_read(cr_span_of(p, n), &proof, count, &shown, NULL) == ST_OK) {
        CR_ASSERT(proof.records > 0);
        CR_ASSERT(proof.shown == shown);
    }
    return 0;
}
