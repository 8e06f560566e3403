/* What the engine reads of the stored set: a read-only table of functions, deterministic, each call
 * bounded, used only inside a step. The store implements it on SQLite, tests in memory. */
#ifndef SYNC_VIEW_H
#define SYNC_VIEW_H

#include "schema/frame.h"

/* One branch of a stored log: the whole path from the log id to a head. A log that its author
 * forked has several, with the same key and id; the entries below first_seq lie on another of them,
 * too. */
struct sy_log {
    struct sc_log_key key;
    struct cr_hash id;
    struct sc_link link; /* position after the last entry that may be passed on: seq_next >= 1 */
    uint64_t first_seq;  /* where the path leaves the branch it hangs off; 0: it hangs off none */
    uint64_t handle; /* the store's own number of the branch (not deterministic between nodes) */
};

/* One head of a remembered common frontier; a log has one for each of its branches. */
struct sy_common {
    struct cr_hash log_id;
    uint64_t seq;
    uint8_t chain8[8];
};

struct sy_view {
    void *arg;
    /* Every branch with something to pass on that its parent has not, any order; no two of a log
     * end in the same entry, and none on the way of another. cb's non-zero return stops and is
     * returned.
     */
    int (*each_log)(void *arg, int (*cb)(void *cb_arg, const struct sy_log *log), void *cb_arg);
    /* Fills run->first_seq, count, e[], sig with entries from from_seq on, up to a seq at which a
     * checkpoint is held, within SC_RUN_ENTRIES_MAX and SC_RUN_BYTES_MAX (at least one span between
     * two kept checkpoints). run->key, log_ref, has_key are the caller's. Payload spans point into
     * *bytes (cleared first). handle names the path: from_seq may lie below first_seq, and a run
     * may go on beyond it. ST_NOTFOUND past the head; ST_CORRUPT, ST_IO, ST_NOMEM. */
    int (*read_run)(void *arg, uint64_t handle, uint64_t from_seq, struct sc_run *run,
                    struct cr_buf *bytes);
    /* The first entry flagged urgent with seq >= from_seq, with the chain value before it and its
     * own checkpoint. ST_NOTFOUND when there is none. */
    int (*read_urgent)(void *arg, uint64_t handle, uint64_t from_seq, struct sc_urgent *out,
                       struct cr_buf *bytes);
    /* Every urgent entry held ahead of its log and not disproved by it; payload valid during the
     * call. cb as above. May be NULL: none are held. */
    int (*each_provisional)(void *arg, int (*cb)(void *cb_arg, const struct sc_urgent *u),
                            void *cb_arg);
    /* Chain value after seq on the path (seq <= head). */
    int (*chain_at)(void *arg, uint64_t handle, uint64_t seq, struct cr_hash *out);
    /* The held checkpoint on the path at the smallest seq >= from_seq: its seq, chain, signature
     * (fork evidence). */
    int (*checkpoint_at)(void *arg, uint64_t handle, uint64_t from_seq, uint64_t *seq,
                         struct cr_hash *chain, struct cr_sig *sig);
    /* Remembered common frontier with a peer, ascending (log id, seq, chain8): a forked log has
     * several heads. cb as above. None: no calls. */
    int (*each_common)(void *arg, const struct cr_sign_pk *peer,
                       int (*cb)(void *cb_arg, const struct sy_common *c), void *cb_arg);
    /* True when an author holds an accepted certificate (else its logs fall under the quota of
     * unknown authors). */
    bool (*certified)(void *arg, const struct cr_sign_pk *author);
    /* Transfer class of a log within its scope, smaller goes first: 0 root and seats in public
     * (certificates and revocations), 1 other public, 2 hazards and the rest. */
    unsigned (*priority)(void *arg, const struct sy_log *log);
};

#endif
