/* Proofs: whatever is read is within its bounds, and what is taken has an entry of its subject. */
#include "crypto/base/assert.h"
#include "schema/proof_judge.h"
#include "tests/fuzz/fuzz.h"

static int count(void *arg, const struct sc_proof_entry *e)
{
    size_t *n = arg;

    CR_ASSERT(e->erased || e->payload.n == e->header.payload_bytes);
    (*n)++;
    return ST_OK;
}

static int ask(void *arg, const struct sc_proof_entry *e)
{
    struct sc_auth_cut cut;

    CR_ASSERT(sc_proof_standing(arg, e) != SC_HELD_FORK);
    (void)sc_proof_holder(arg, e, &cut);
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct sc_proof_judge *judge;
    struct sc_proof proof;
    size_t shown = 0;

    if (sc_proof_read(cr_span_of(p, n), &proof, count, &shown, NULL) == ST_OK) {
        CR_ASSERT(proof.records > 0);
        CR_ASSERT(proof.shown == shown);
    }
    if (sc_proof_judge_new(cr_span_of(p, n), &proof, &judge, NULL) == ST_OK) {
        CR_ASSERT(sc_proof_read(cr_span_of(p, n), &proof, ask, judge, NULL) == ST_OK);
        sc_proof_judge_free(judge);
    }
    return 0;
}
