/* The entries of the model as real records for schema/authority: keys, ids, bodies, and a store
 * that keeps branches as a node would. */
#ifndef TESTS_UNIT_SCHEMA_AUTHORITY_KIT_H
#define TESTS_UNIT_SCHEMA_AUTHORITY_KIT_H

#include "schema/authority.h"
#include "tests/lib/prng.h"
#include "tests/lib/test.h"
#include "tests/unit/schema/authority_model.h"

#define AK_BRANCHES 256
#define AK_LOGS     (AM_PRINCIPALS * AM_SCOPES * AM_INCS)

/* What all stores of one history share. */
struct ak {
    const struct am_book *book;
    struct ts_prng r;
    struct cr_sign_pk keys[AM_PRINCIPALS];
    struct sc_genesis genesis;
    struct cr_hash net;
    int known; /* ops with an id */
    struct cr_hash ids[AM_OPS];
    struct cr_buf bodies[AM_OPS]; /* made at first use */
};

struct ak_store {
    struct ak *k;
    struct sc_authority *a;
    int16_t branch_of[AM_OPS]; /* -1: not stored */
    int16_t branch_count[AK_LOGS];
    int16_t heads[AK_LOGS][AK_BRANCHES];
};

/* Begins a history: new keys, no ids. k is zeroed before the first. */
void ak_begin(struct ak *k, const struct am_book *book, uint64_t seed);
/* Makes genesis and net anew, after keys were set. */
void ak_found(struct ak *k);
void ak_end(struct ak *k);
/* Body of a CERT, CUT or ADOPT; the ids of what it names are known, or made here. */
struct cr_span ak_body(struct ak *k, int op);

void ak_open(struct ak_store *s, struct ak *k);
void ak_close(struct ak_store *s);
/* Stores one entry, whose path is stored. */
void ak_put(struct ak_store *s, int op);
/* Stores them all, in a random order that puts paths first; settles now and then. */
void ak_put_all(struct ak_store *s, const uint64_t *has, struct ts_prng *r);
void ak_at(const struct ak_store *s, int op, struct sc_auth_at *at);
uint64_t ak_scope(int scope);
/* The entry counts, by its log or by adoption. */
bool ak_counts(const struct ak_store *s, int op);

/* NULL, or what differs between the settled evaluation and the model's: entries, cuts, roles. The
 * text is valid until the next call with the same buffer. */
const char *ak_differs(const struct ak_store *s, const uint64_t *has, const struct am_seats *seats,
                       const struct am_view *view, char text[static 120]);

#endif
