/* Stores on disk for the measurements: filled fast, copied, opened. Aborts on any failure. */
#ifndef TESTS_BENCH_SPACE_H
#define TESTS_BENCH_SPACE_H

#include "tests/bench/gen.h"
#include "tests/lib/tmpdir.h"

#define BS_TXN_ENTRIES 16384 /* of a fill; the driver's own transactions are smaller */

/* Makes the store, if it is not there, with the space and its scopes. */
struct nd_store *bs_create(struct bg_gen *g, const char *dir);
struct nd_store *bs_open(const char *dir);
/* Takes runs into large transactions; end commits the last one. */
struct bs_fill {
    struct nd_store *store;
    uint64_t in_txn, entries, runs;
    struct cr_buf *payloads; /* may be NULL: collects the payloads, one after the other */
};
struct bg_sink bs_sink(struct bs_fill *f);
void bs_fill_end(struct bs_fill *f);
/* Makes dir with certificates, grids and n hazard entries in it, and closes it. */
void bs_make(struct bg_gen *g, const char *dir, uint64_t n);
/* A copy of a closed store. */
void bs_copy(const char *from, const char *to);
uint64_t bs_bytes(const char *dir); /* the database file */

#endif
