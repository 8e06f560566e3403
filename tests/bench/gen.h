/* A street in small and what its people write, for measurements: the same seed gives the same keys,
 * certificates, grids and hazard histories, byte for byte (salts excepted).
 *
 * The space: a root key, a street office with two nodes, `villages` villages (at most 13) of 26
 * groups with a node each; two officers and a chief in each village. With 13 villages: 54 authors.
 *
 * A village's time goes on by 1 to 60 minutes an entry. Up to 24 hazards are under way in it, each
 * goes report → assign → progress → fix → pass; one in twelve stays open after its progress. Report
 * and fix are the officer's, the assignment is the chief's, who also passes; at severity 3 and
 * above the village seat does. A report holds grid, text, code, address, source, and in half of the
 * cases a position; texts are put together out of phrases and, in every record but the assignment,
 * a clause of words at random (gen_text.c): 60 to 250 bytes in a report, 20 to 120 in the others.
 * Every author goes on in a new incarnation after `rotate` entries. Entries are signed in runs as
 * the wire has them: up to the aligned seq, 256 entries or the bytes of a run. */
#ifndef TESTS_BENCH_GEN_H
#define TESTS_BENCH_GEN_H

#include "node/store.h"
#include "tests/lib/prng.h"

#define BG_SEED         20261
#define BG_STREET       UINT64_C(500118003)
#define BG_VILLAGES_MAX 13
#define BG_GROUPS       26
#define BG_PERSONS      3 /* of a village: officer, officer, chief */
#define BG_START_MS     UINT64_C(1704067200000)

/* Takes a finished run; spans are valid during the call. Not ST_OK: stops and is returned. */
struct bg_sink {
    int (*run)(void *arg, const struct nd_run *r);
    void *arg;
};

struct bg_gen;

/* Aborts when memory is short; so do all of these. */
struct bg_gen *bg_new(uint64_t seed, size_t villages, uint64_t rotate);
void bg_free(struct bg_gen *g);

const struct sc_genesis *bg_genesis(const struct bg_gen *g);
const struct cr_gate *bg_gate(const struct bg_gen *g);
/* 0, 1: the street office's two nodes; 2 + v: the node of village v. */
const struct cr_identity *bg_node(const struct bg_gen *g, size_t i);
const struct cr_identity *bg_person(const struct bg_gen *g, size_t village, size_t k);
uint64_t bg_village(size_t v); /* code of a village */
/* public and every village, ascending. */
size_t bg_scopes(const struct bg_gen *g, uint64_t out[static SC_SCOPES_MAX]);

/* Certificates and grids. */
int bg_public(struct bg_gen *g, const struct bg_sink *sink);
/* n hazard entries of all villages, or of one (village < villages); full runs go out. */
#define BG_ALL SIZE_MAX
int bg_hazards(struct bg_gen *g, uint64_t n, size_t village, const struct bg_sink *sink);
/* The runs under construction go out. */
int bg_finish(struct bg_gen *g, const struct bg_sink *sink);

/* Body of one report of a village, for writing through the driver. out is cleared first. */
void bg_report_body(struct bg_gen *g, size_t village, struct cr_buf *out);
void bg_emergency_body(struct bg_gen *g, size_t village, struct cr_buf *out);

/* Texts (gen_text.c): NUL-terminated, at most n bytes with the NUL. */
void bg_address(struct ts_prng *r, char *out, size_t n);
void bg_text(struct ts_prng *r, uint64_t type, const char *address, char *out, size_t n);
const char *bg_name(struct ts_prng *r);

#endif
