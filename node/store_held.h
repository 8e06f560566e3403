/* What is stored and has no effect. */
#ifndef NODE_STORE_HELD_H
#define NODE_STORE_HELD_H

#include "node/store.h"
#include "schema/cut.h"

/* Held and quarantined entries, a page of them. What its log holds comes first, by subject, and
 * what the catalogue refuses last; the order is this store's own. */
struct nd_held_query {
    const struct cr_sign_pk *author; /* NULL: of all; then the total is of all, too */
    size_t offset, limit;            /* limit 0: no limit */
};
struct nd_held_row {
    struct nd_history_row entry;
    struct sc_id subject; /* of a quarantined entry: its own id */
    bool has_cut;         /* entry.why is SC_WHY_CUT or SC_WHY_AWAITED: */
    struct cr_hash cut;   /* entry id of a CUT that does not let it count, */
    struct cr_sign_pk cut_author;
    uint64_t fork_seq; /* SC_WHY_FORK: first position that is forked; else UINT64_MAX */
};
typedef int nd_held_cb(void *arg, const struct nd_held_row *row);
/* total may be NULL; entries of subjects with too much that is held are counted, not all shown. */
int nd_store_held(struct nd_store *s, const struct nd_held_query *q, nd_held_cb *cb, void *arg,
                  uint64_t *total, struct st_err *err) ST_MUST;
/* Entries of one branch of the author that count nowhere because their log is forked and nobody has
 * settled it, as an ADOPT of the author's own names them: *log and at most SC_ADOPT_ENTRIES_MAX
 * appended to entries (cut.h), the next ones after those have been adopted. Records of authority,
 * which cannot be adopted, and what is quarantined are passed over. ST_NOTFOUND: there are none. */
int nd_store_forked(struct nd_store *s, const struct cr_sign_pk *author, struct sc_log_key *log,
                    struct cr_buf *entries, struct st_err *err) ST_MUST;

#endif
