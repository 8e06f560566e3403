/* What other nodes are known to hold: heads out of their receipts and bundles, kept in the store,
 * and the common frontier remembered from the wire. A node only ever speaks for itself, so a false
 * word costs its speaker what it then does not get, and nobody else. */
#ifndef NODE_BUNDLE_KNOWN_H
#define NODE_BUNDLE_KNOWN_H

#include "node/store.h"
#include "sync/export.h"

struct nd_known {
    uint64_t created_ms;  /* of the newest word; 0: none */
    struct sc_head *head; /* owned; ascending id8 */
    size_t head_count;
};

/* Remembers the heads of a node over these scopes, unless a newer word is there. What an earlier
 * word said about other scopes stays. ST_NOMEM, or a status of the store. */
int nd_known_put(struct nd_store *s, const struct cr_sign_pk *node, uint64_t created_ms,
                 const uint64_t *scopes, size_t scope_count, const struct sc_head *heads,
                 size_t head_count, struct st_err *err) ST_MUST;
/* Everything known of it; common: with the frontier that a session with it ended equal at. An empty
 * answer is no error. ST_NOMEM, or a status of the store. */
int nd_known_get(struct nd_store *s, const struct cr_sign_pk *node, bool common,
                 struct nd_known *out, struct st_err *err) ST_MUST;
void nd_known_release(struct nd_known *k); /* accepts a zeroed one */

#endif
