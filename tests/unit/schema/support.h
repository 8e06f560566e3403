/* What the tests of schema/ share: pinned bytes, and the test that every decoder has to pass. */
#ifndef TESTS_UNIT_SCHEMA_SUPPORT_H
#define TESTS_UNIT_SCHEMA_SUPPORT_H

#include "tests/lib/hex.h"
#include "tests/lib/mutate.h"
#include "tests/lib/prng.h"
#include "tests/lib/test.h"
#include "tests/vectors/schema_golden.h"

#include "schema/cert.h"
#include "schema/frame.h"
#include "schema/invite.h"
#include "schema/join.h"
#include "schema/pack.h"
#include "schema/record.h"

#include <string.h>

#define COUNT(a)      (sizeof(a) / sizeof((a)[0]))
#define GOLDEN_BYTES  1024
#define ENCODED_BYTES 200000 /* cap of what tests encode into */
#define SEED_ROOT     "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define SEED_AUTHOR   "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
#define GOLDEN_SCOPE  UINT64_C(500118003206)
#define GOLDEN_INC    UINT64_C(0x0123456789abcdef)

/* Bytes of a hex text that live in the caller's buffer. */
struct cr_span unhex(const char *hex, uint8_t buf[static GOLDEN_BYTES]);
void unhex_to(const char *hex, void *out, size_t n);
/* Identity of a pinned signing seed; its exchange key is not pinned. */
void golden_identity(const char *seed, struct cr_identity *out);
void golden_key(struct sc_log_key *out);
/* The three pinned entries as a run, their payloads in buf. */
void golden_run(struct sc_run *run, uint8_t buf[static 3][GOLDEN_BYTES]);

/* Decodes in; on ST_OK encodes the result again into `again` (empty before). Returns the decoder's
 * status; an encoder that fails fails the test. */
typedef int (*roundtrip_fn)(struct cr_span in, struct cr_buf *again);

/* The valid input comes out again the same; no prefix of it is accepted, nor it with a byte behind;
 * and whatever else is accepted, among all its one-bit changes and seeded damages, comes out again
 * the same too: one value has one spelling. */
void check_strict(const char *name, struct cr_span valid, roundtrip_fn fn);

#endif
