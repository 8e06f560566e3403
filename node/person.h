/* Who a key belongs to, and what a change of personnel takes: the heads a cut names, the open
 * hazards that go over to somebody else. Nothing here writes; cmd_person.c does.
 *
 * A person is known by certificates: one person id, one or more keys (a lost device, a renewed
 * key), and a name, which is for people and not unique. */
#ifndef NODE_PERSON_H
#define NODE_PERSON_H

#include "node/store.h"

#define ND_PERSON_KEYS_MAX  16
#define ND_PERSON_GRIDS_MAX 32
#define ND_HANDOVER_MAX     4096 /* hazards handed over at once */

struct nd_person {
    struct sc_id id;
    char name[SC_NAME_MAX + 1];
    uint64_t kind;  /* enum sc_cert_kind */
    uint64_t rank;  /* the smallest of the certificates' */
    uint32_t roles; /* of any certificate, whatever its window */
    size_t key_count, grid_count;
    struct cr_sign_pk key[ND_PERSON_KEYS_MAX]; /* ascending */
    uint64_t grid[ND_PERSON_GRIDS_MAX];        /* ascending */
};

/* By the exact name, or by at least 8 hex digits that begin a signing key or the person id.
 * ST_NOTFOUND; ST_CONFLICT when several persons answer to it (err names two of them); ST_OVERSIZE
 * when the person has more keys or grids than fit. */
int nd_person_find(struct nd_store *s, const char *text, struct nd_person *out,
                   struct st_err *err) ST_MUST;
/* The person behind a key; ST_NOTFOUND when no certificate names it. */
int nd_person_of(struct nd_store *s, const struct cr_sign_pk *key, struct nd_person *out,
                 struct st_err *err) ST_MUST;

int nd_person_by_id(struct nd_store *s, const struct sc_id *id, struct nd_person *out,
                    struct st_err *err) ST_MUST;

/* What a cut of a key is to name. */
#define ND_CUT_LOGS_MAX 65536 /* branches of one key that are looked at */
struct nd_cut_which {
    uint64_t before_ms;   /* 0: everything stored; else what arrived here before (this node's
                             clock): what came later may be the finder's or the thief's */
    bool one_incarnation; /* only the logs of this one */
    uint64_t incarnation;
};
struct nd_cut_heads {
    struct cr_buf heads; /* packed, see cut.h; the caller's to release */
    size_t named;        /* heads in it */
    size_t closed;       /* branches of which nothing would count any more */
    size_t left_out;     /* heads beyond SC_CUT_HEADS_MAX: their entries have to be adopted */
};
/* The last entry of every stored branch of the key's logs that counts as named; the longest logs
 * when they do not all fit. ST_NOMEM, ST_OVERSIZE or a status of the store; out->heads is then
 * empty. */
int nd_cut_heads(struct nd_store *s, const struct cr_sign_pk *key, const struct nd_cut_which *which,
                 struct nd_cut_heads *out, struct st_err *err) ST_MUST;

/* Open hazards to hand over: those assigned to from (by name), and those within grid that nobody
 * is assigned to. Ascending by scope, so that each scope is one transaction. ids: the caller's to
 * free; ST_OVERSIZE beyond ND_HANDOVER_MAX. */
struct nd_handover_item {
    uint64_t scope;
    struct sc_id subject;
};
struct nd_handover {
    struct nd_handover_item *item;
    size_t count;
};
int nd_handover_find(struct nd_store *s, const struct nd_person *from, const char *to_name,
                     struct nd_handover *out, struct st_err *err) ST_MUST;
void nd_handover_release(struct nd_handover *h);

#endif
