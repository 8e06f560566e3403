/* All branches of all logs of the node in memory: an array that only grows (an index names a branch
 * for ever), an order by log id and index, and per scope the sum of head items, so that a
 * fingerprint costs one hash. The branches of a log form a chain, which begins with its lead: the
 * lowest index, which names the log. Beside the durable head of a branch stands the head that is
 * verified but not yet durable. */
#ifndef SYNC_FRONTIER_H
#define SYNC_FRONTIER_H

#include "sync/view.h"

#define SY_NONE     UINT32_MAX
#define SY_NO_SCOPE 0xff

struct sy_flog {     /* a branch */
    struct sy_log l; /* link: durable; seq_next 0: nothing stored yet, or not to be passed on now */
    uint32_t lead;   /* first branch of the log */
    uint32_t next;   /* next branch of the log; SY_NONE: last */
    uint32_t pend;   /* 1 + index into frontier.pend; 0: nothing outstanding */
    uint8_t scope;   /* index into the node's scopes, or SY_NO_SCOPE */
    bool wavered;    /* lead: heads of the log have moved back */
};

/* A branch with runs handed to the store and not yet answered. */
struct sy_pend {
    uint32_t log;
    uint32_t outstanding;
    struct sc_link base; /* before the first of them */
    struct sc_link link; /* behind the last verified entry */
};

struct sy_frontier {
    struct sy_flog *log;
    uint32_t count, cap;
    uint32_t *order; /* cap entries, count in use: indices by ascending log id */
    struct sy_pend *pend;
    uint32_t pend_count, pend_cap;
    size_t scope_count;
    uint64_t scopes[SC_SCOPES_MAX];
    struct {
        struct cr_hash sum;
        uint64_t count;
    } scope[SC_SCOPES_MAX];
    uint64_t changes; /* counts every change of a durable head */
};

/* Loads every branch of the view. ST_NOMEM, ST_CORRUPT (the same head twice) or the view's status;
 * then there is nothing to release. */
int sy_frontier_init(struct sy_frontier *f, const struct sy_view *view, const uint64_t *scopes,
                     size_t scope_count, struct st_err *err) ST_MUST;
void sy_frontier_release(struct sy_frontier *f);

/* Bit set of those scopes that the node holds. */
uint64_t sy_frontier_mask(const struct sy_frontier *f, const uint64_t *scopes, size_t n);
/* The branch is held (at least one durable entry) and its scope is in mask. */
bool sy_frontier_in(const struct sy_frontier *f, uint32_t log, uint64_t mask);

/* The same for the log of a lead: some branch of it is held. And for its scope alone. */
bool sy_frontier_shared(const struct sy_frontier *f, uint32_t lead, uint64_t mask);
bool sy_frontier_scope_in(const struct sy_frontier *f, uint32_t lead, uint64_t mask);

/* Lead of the log; SY_NONE. */
uint32_t sy_frontier_find(const struct sy_frontier *f, const struct cr_hash *id);
/* Lead of the only held log of mask whose id starts so; SY_NONE when there is none or more than
 * one.
 */
uint32_t sy_frontier_find8(const struct sy_frontier *f, const uint8_t id8[static 8], uint64_t mask);
/* First position in order whose id is not below the bound; n == 0: count (no bound). */
uint32_t sy_frontier_bound(const struct sy_frontier *f, const uint8_t *bound, size_t n);

/* The branch of the log with this handle and something durable; SY_NONE. */
uint32_t sy_frontier_handle(const struct sy_frontier *f, uint32_t lead, uint64_t handle);
/* Held branches of the log. */
uint32_t sy_frontier_branches(const struct sy_frontier *f, uint32_t lead);
/* A run of some branch of the log is with the store. */
bool sy_frontier_busy(const struct sy_frontier *f, uint32_t lead);

/* Adds a branch with nothing in it: the first of its log, or one more. ST_NOMEM. */
int sy_frontier_add(struct sy_frontier *f, const struct sc_log_key *key, const struct cr_hash *id,
                    uint32_t *out) ST_MUST;
/* Takes the last branch out again, when nothing of it was ever verified. */
void sy_frontier_undo(struct sy_frontier *f, uint32_t log);
/* The durable head has moved. */
void sy_frontier_set(struct sy_frontier *f, uint32_t log, const struct sc_link *link,
                     uint64_t handle);
/* Nothing of the branch may be passed on any more. */
void sy_frontier_hide(struct sy_frontier *f, uint32_t log);

/* Head including what is verified but not durable. */
const struct sc_link *sy_frontier_verified(const struct sy_frontier *f, uint32_t log);
/* A run from base (the verified head, or where a new branch begins) to link was handed to the
 * store. ST_NOMEM: nothing changed. */
int sy_frontier_push(struct sy_frontier *f, uint32_t log, const struct sc_link *base,
                     const struct sc_link *link) ST_MUST;
/* One run of the branch was answered. */
void sy_frontier_pop(struct sy_frontier *f, uint32_t log);
/* The outstanding runs of the branch will never count: back to the durable head. */
void sy_frontier_rewind(struct sy_frontier *f, uint32_t log);

/* Fingerprint and number of the heads of mask; and the same for positions lo <= p < hi. */
struct sc_id sy_frontier_fingerprint(const struct sy_frontier *f, uint64_t mask, uint64_t *count);
struct sc_id sy_frontier_range(const struct sy_frontier *f, uint64_t mask, uint32_t lo, uint32_t hi,
                               uint64_t *count);
/* Sum behind the fingerprint of mask. */
void sy_frontier_sum(const struct sy_frontier *f, uint64_t mask, struct cr_hash *sum,
                     uint64_t *count);

#endif
