/* Enrolment files: whatever is taken for a request or an answer is safe to look into. Signatures
 * keep mutated input out, so the parts behind them are read here without them, too. */
#include "crypto/base/assert.h"
#include "schema/enrol.h"
#include "tests/fuzz/fuzz.h"

static int count_run(void *arg, const struct sc_run *run, const struct cr_hash *log_id,
                     const struct cr_hash *before, const struct cr_hash *chains)
{
    size_t *entries = arg;

    (void)log_id;
    (void)before;
    (void)chains;
    *entries += run->count;
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const uint8_t genesis[] = {0x90};
    struct cr_span in = cr_span_of(p, n);
    struct sc_answer_secret secret;
    struct sc_request q;
    struct sc_answer a;
    struct cr_identity id;
    const uint8_t seed[32] = {1};
    struct cr_hash h;
    size_t entries = 0;

    if (sc_request_decode(in, &q, NULL) == ST_OK)
        CR_ASSERT(sc_name_valid(q.name));
    if (sc_answer_decode(in, &a, NULL) == ST_OK)
        CR_ASSERT(a.run_count > 0);
    a = (struct sc_answer){
        .genesis = cr_span_of(genesis, 1), .run_count = n > 0 ? p[0] : 1, .runs = in};
    if (sc_answer_each_run(&a, count_run, &entries, NULL) == ST_OK && a.run_count > 0)
        CR_ASSERT(entries > 0);
    cr_identity_from_seed(seed, &id);
    sc_request_hash(in, &h);
    CR_ASSERT(sc_answer_open(in, &h, &id, &secret, NULL) != ST_OK);
    return 0;
}
