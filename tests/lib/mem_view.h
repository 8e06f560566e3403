/* A store in memory for the tests of the engine: real entries and signatures, the view the engine
 * reads, and the application of its PERSIST updates. It keeps what a store keeps: the checkpoints
 * at the head, at every 256th entry, of urgent entries, and where a longer gap would not fit a run.
 */
#ifndef TESTS_LIB_MEM_VIEW_H
#define TESTS_LIB_MEM_VIEW_H

#include "sync/engine.h"

struct ts_mem_entry {
    uint64_t lamport, wall_ms;
    uint8_t other_suite; /* as in sc_wire_entry */
    bool pruned, urgent, has_sig;
    uint8_t *payload; /* owned; NULL when pruned */
    size_t payload_bytes;
    struct cr_hash payload_hash, chain;
    struct cr_sig sig;
};

struct ts_mem_log { /* a branch: its whole path is kept, what it shares with others too */
    struct sy_log l;
    struct ts_mem_entry *e;
    size_t cap;
    uint64_t relay_next; /* entries from here on are not passed on; UINT64_MAX: all are */
};

struct ts_mem_urgent { /* provisional */
    struct cr_hash log_id;
    uint64_t seq;
    struct cr_hash id;
    struct sc_urgent u; /* its payload is owned */
};

struct ts_mem_peer {
    struct cr_sign_pk peer;
    struct sy_common *common;
    size_t count;
};

struct ts_mem {
    struct sy_view view; /* view.arg is this */
    struct cr_hash net;
    struct ts_mem_log **log;
    size_t log_count, log_cap;
    struct ts_mem_peer peer[8];
    size_t peer_count;
    struct ts_mem_urgent urgent[256];
    size_t urgent_count;
    struct sc_fork fork[64];
    size_t fork_count;
    struct cr_sign_pk stranger[4]; /* authors without certificate */
    size_t stranger_count;
    uint8_t other_suite; /* of what is written from now on, as in sc_wire_entry */
    uint64_t entries, reads;
    struct cr_hash deny_log; /* runs of this log that reach deny_from are refused */
    uint64_t deny_from;      /* 0: nothing is */
    int fail_reads;          /* status of every read from now on; 0: none */
};

void ts_mem_init(struct ts_mem *m, const char *net_name);
void ts_mem_release(struct ts_mem *m);
/* A copy with everything in it: what a crash finds again. */
void ts_mem_copy(struct ts_mem *to, const struct ts_mem *from);

/* Its first branch; NULL when nothing of it is stored. */
struct ts_mem_log *ts_mem_log(const struct ts_mem *m, const struct sc_log_key *key);
/* Writes one signed entry at the end of a log; lamport 0: the one before plus 1. */
struct ts_mem_log *ts_mem_write(struct ts_mem *m, const struct cr_identity *author, uint64_t scope,
                                uint64_t incarnation, uint64_t lamport, uint64_t wall_ms,
                                struct cr_span payload, bool urgent);
/* Writes one signed entry that follows entry seq_next - 1 of this branch: beside what follows it
 * already, so that a branch begins. */
struct ts_mem_log *ts_mem_fork(struct ts_mem *m, const struct cr_identity *author,
                               const struct ts_mem_log *log, uint64_t seq_next, uint64_t wall_ms,
                               struct cr_span payload);
/* Writes one signed entry at the end of a branch. */
void ts_mem_extend(struct ts_mem *m, const struct cr_identity *author, struct ts_mem_log *log,
                   uint64_t lamport, uint64_t wall_ms, struct cr_span payload, bool urgent);
/* Branches of the log. */
size_t ts_mem_branches(const struct ts_mem *m, const struct sc_log_key *key);
/* Erases a payload; hash and size stay. */
void ts_mem_prune(struct ts_mem_log *log, uint64_t seq);
/* Takes the last entries away (a restore from backup). */
void ts_mem_cut(struct ts_mem *m, struct ts_mem_log *log, uint64_t seq_next);

/* Applies one update of the engine; *handle for the answer. Checks that a run has the chain values
 * it claims, is new and is signed (aborts: the engine must never hand over less). It grows the
 * branch whose head is before it or begins one; ST_CONFLICT when what is before it is not stored,
 * ST_DENIED when it ends in an entry beyond what may be stored (see deny). */
int ts_mem_apply(struct ts_mem *m, const struct sy_update *u, uint64_t *handle);
bool ts_mem_has_urgent(const struct ts_mem *m, const struct cr_hash *id);

#endif
