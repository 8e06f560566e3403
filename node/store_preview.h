/* What something would change, before it is written. */
#ifndef NODE_STORE_PREVIEW_H
#define NODE_STORE_PREVIEW_H

#include "node/store.h"

/* What would change: as begin, apply, commit, but nothing is ever stored. begin_preview, apply…,
 * then nd_store_preview tells what stops or begins to count and which hazards change, then rollback
 * (commit answers ST_STATE). For showing before a CUT, CERT or ADOPT is written. */
struct nd_preview_entry {
    const struct nd_history_row *entry; /* as it would stand */
    struct sc_id subject;
    enum sc_why before; /* why it has no effect now; SC_WHY_COUNTS: it counts */
};
struct nd_preview_hazard {
    struct sc_id subject;
    uint64_t scope;
    struct {
        bool listed, unverified_only;
        enum sc_hazard_state state;
        uint32_t flags;
        uint64_t severity;
    } before, after;
};
struct nd_preview {
    /* Spans valid inside the callbacks, which must not use the store; may be NULL. Non-zero stops.
     */
    int (*entry)(void *arg, const struct nd_preview_entry *e);
    int (*hazard)(void *arg, const struct nd_preview_hazard *h);
    void *arg;
    uint64_t entries_stop, entries_begin, hazards; /* out */
};
int nd_store_begin_preview(struct nd_store *s, struct nd_preview *p, struct st_err *err) ST_MUST;
int nd_store_preview(struct nd_store *s, struct st_err *err) ST_MUST;

/* What one more policy would change, without writing it: each hazard whose state would be another,
 * and each open one that it takes another level to close from then on. cb's non-zero return stops
 * and is returned. Folds every hazard. */
struct nd_policy_effect {
    struct sc_id subject;
    uint64_t grid, severity;
    enum sc_hazard_state before, after;
    enum sc_level level_before, level_after; /* to close it */
};
int nd_store_policy_preview(struct nd_store *s, const struct sc_policy_entry *e,
                            int (*cb)(void *arg, const struct nd_policy_effect *effect), void *arg,
                            struct st_err *err) ST_MUST;

#endif
