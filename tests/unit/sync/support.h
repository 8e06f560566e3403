/* What the tests of sync/ share: nodes with seeded authors, short ways to write and to compare. */
#ifndef TESTS_UNIT_SYNC_SUPPORT_H
#define TESTS_UNIT_SYNC_SUPPORT_H

#include "tests/lib/prng.h"
#include "tests/lib/pump.h"
#include "tests/lib/test.h"

#define VILLAGE  UINT64_C(500118003206)
#define VILLAGE2 UINT64_C(500118003001)
#define AUTHORS  9

struct kit {
    struct ts_pump pump;
    struct ts_mem mem[TS_NODES_MAX];
    struct cr_identity author[AUTHORS];
    struct sy_config cfg;
};

/* count nodes that hold public and two villages. */
void kit_init(struct kit *k, size_t count);
void kit_release(struct kit *k);
/* Writes n entries at a node; with tell, its engine hears of each. */
struct ts_mem_log *kit_write(struct kit *k, size_t node, size_t author, uint64_t scope, size_t n,
                             bool tell);
struct ts_mem_log *kit_urgent(struct kit *k, size_t node, size_t author, uint64_t scope, bool tell);
/* Runs until quiet and asserts that nodes a and b are equal. */
void kit_run(struct kit *k);
void kit_assert_equal(struct kit *k, size_t a, size_t b);
/* Copies node a's memory into node b and starts b again. */
void kit_clone(struct kit *k, size_t from, size_t to);

#endif
