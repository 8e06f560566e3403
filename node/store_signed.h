/* What a person signed, by keys; included by those who show it. */
#ifndef NODE_STORE_SIGNED_H
#define NODE_STORE_SIGNED_H

#include "node/store.h"

#define ND_SIGNED_KEYS_MAX 16

struct nd_signed_row {
    struct sc_id id, subject; /* subject: all zeros when it cannot be read */
    uint64_t type;            /* of the record; 0 when it cannot be read (erased, quarantined) */
    uint64_t scope, incarnation, seq, wall_ms, received_ms;
    struct cr_sign_pk key;
    enum sc_why why; /* what its log says of it; that a role does not permit it, nd_store_history
                         knows */
};

/* Entries signed by these keys (at most ND_SIGNED_KEYS_MAX), in all logs and incarnations, greatest
 * claimed time first; total (may be NULL): of all, whatever offset and limit. cb's non-zero return
 * stops and is returned. Entries ahead of their logs are not among them. Reads every entry of these
 * keys: for people, not for machines. A status of the store. */
int nd_store_signed(struct nd_store *s, const struct cr_sign_pk *keys, size_t count, size_t offset,
                    size_t limit, int (*cb)(void *arg, const struct nd_signed_row *row), void *arg,
                    uint64_t *total, struct st_err *err) ST_MUST;

#endif
