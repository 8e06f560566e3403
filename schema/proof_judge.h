/* Which entries of a proof count, as far as the evidence in it goes: AUTHORITY.md over what the
 * file covers, and nothing else (PROOF.md, section 5). A cut lets an entry count only where the
 * file shows the way from the entry to one that the cut names. */
#ifndef SCHEMA_PROOF_JUDGE_H
#define SCHEMA_PROOF_JUDGE_H

#include "schema/authority.h"
#include "schema/proof.h"

struct sc_proof_judge;

/* Reads the file as sc_proof_read does and evaluates it; *proof and *out are written on success
 * only, *out is the caller's to free. Errors as sc_proof_read, ST_NOMEM. */
int sc_proof_judge_new(struct cr_span file, struct sc_proof *proof, struct sc_proof_judge **out,
                       struct st_err *err) ST_MUST;
void sc_proof_judge_free(struct sc_proof_judge *j);

/* How a shown entry stands. SC_HELD_AWAITED: a cut names a later entry of its log that the file
 * does not cover. Never SC_HELD_FORK: no proof shows a fork. */
enum sc_standing sc_proof_standing(const struct sc_proof_judge *j, const struct sc_proof_entry *e);
/* The cut that does not let it count (sc_authority_holder). */
bool sc_proof_holder(const struct sc_proof_judge *j, const struct sc_proof_entry *e,
                     struct sc_auth_cut *out);
/* The certificates that are accepted; they belong to j. */
struct sc_certs *sc_proof_certs(struct sc_proof_judge *j);
/* Every cut that is carried (sc_authority_each_cut). */
int sc_proof_each_cut(const struct sc_proof_judge *j,
                      int (*cb)(void *arg, const struct sc_auth_cut *cut), void *arg);

#endif
