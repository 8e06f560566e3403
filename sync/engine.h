/* The sync engine: one per node, sessions inside it. Sans-I/O: events in, ordered updates out, time
 * as an argument, next deadline as a result; no clock, random source, file, socket or thread.
 * PROTOCOL.md describes what goes over the wire and why it ends.
 *
 * Happy path of a session:
 *   DIAL → SEND hello (goes into handshake message 1, urgent entries with it)
 *   ACCEPT + FRAME(hello) → SEND hello (handshake message 2) [+ batches at once]
 *   each side now knows the other's heads (equal fingerprints; common frontier + changed heads; or
 *   rounds of RANGES) → BATCH… under credit, ACK as they are persisted → SYNCED both ways; equal
 *   fingerprints → COMMON update (remembered frontier) → the session stays live: LOCAL and
 * PERSISTED events push new entries at once. Failure: whatever a peer sends that is malformed,
 * forged, out of order or over a limit ends that session with CLOSE(status, text, blame) and
 * changes nothing stored. */
#ifndef SYNC_ENGINE_H
#define SYNC_ENGINE_H

#include "sync/view.h"

#define SY_SESSIONS_MAX 64
#define SY_CREDIT_BYTES \
    (UINT64_C(1) << 20)        /* raw bytes a peer may send beyond what is acknowledged */
#define SY_IDLE_MS      120000 /* a session without a frame for so long is closed */
#define SY_HANDSHAKE_MS 10000  /* hello must be answered within */
#define SY_KEEPALIVE_MS 45000  /* a live, silent session sends an empty ack */
#define SY_PROOF_MS                                                                              \
    1000                             /* a caller with nothing to say sends it so soon: the first \
                                        message alone may be a replay, the second frame cannot */
#define SY_PART_MS             60000 /* two that stay unequal in silence part so late, to compare anew … */
#define SY_PART_MAX_MS         1800000 /* … and the next time after twice as long, up to this */
#define SY_UNKNOWN_ENTRIES_MAX 4096    /* entries held of one author without certificate */

struct sy_engine;

struct sy_config {
    struct cr_hash net;
    struct cr_sign_pk self;
    size_t scope_count; /* scopes this node holds, ascending */
    uint64_t scopes[SC_SCOPES_MAX];
    int zstd_level; /* 0: default (3) */
    /* Optional trace, one line a fact, for golden tests; text valid during the call. */
    void (*trace)(void *arg, const char *line);
    void *trace_arg;
};

enum sy_event_type {
    SY_EV_DIAL,      /* session, peer, scopes the peer may read: make the first hello */
    SY_EV_ACCEPT,    /* same, for the responder; the next FRAME is the initiator's hello */
    SY_EV_FRAME,     /* one decrypted frame (type byte first) of session */
    SY_EV_CLOSED,    /* the transport of session is gone */
    SY_EV_PERSISTED, /* answer to SY_UP_PERSIST / PERSIST_URGENT: token, status */
    SY_EV_LOCAL,     /* entries written here are durable: log (its new link) and, if urgent, seq */
    SY_EV_AUTHORITY, /* what may be passed on may have changed (sc_authority_settle had changes):
                        the engine reads each_log again. To be given directly after the commit and
                        before its answers, while nothing uncommitted can be read through the view.
                      */
    SY_EV_TICK,      /* time has passed */
    SY_EV_FILE,      /* session, peer (who made the file; zero: not known), scopes to take: opens a
                        session that is fed with the BATCH and URGENT frames of a file (FRAME) and
                        ends by CLOSED. Nothing is ever sent in it. One at a time. The driver lets
                        the store answer before the credit (SY_CREDIT_BYTES) is used up */
};

struct sy_event {
    enum sy_event_type type;
    uint64_t now_ms;  /* monotonic; never smaller than before (asserted) */
    uint32_t session; /* the driver's number; unique among open sessions */
    struct cr_sign_pk peer;
    size_t scope_count; /* DIAL, ACCEPT: ascending; what the peer's certificates let it read */
    const uint64_t *scopes;
    bool offer_urgent; /* DIAL: put urgent entries into the hello */
    struct cr_span frame;
    uint64_t token;
    /* PERSISTED: ST_OK; ST_DENIED (authority does not admit it; nothing of the run was stored, the
     * transaction goes on, nobody is to blame) or ST_CONFLICT behind a denied run of the same
     * branch; else why the store failed (ST_FULL, ST_IO, …). */
    int status;
    uint64_t handle;   /* PERSISTED, ST_OK: the store's handle of the branch the run went to */
    struct sy_log log; /* LOCAL */
    bool urgent;       /* LOCAL: the entry at urgent_seq overtakes */
    uint64_t urgent_seq;
};

enum sy_update_type {
    SY_UP_PERSIST,        /* verified run: store all entries durably in one transaction, then answer
                             SY_EV_PERSISTED with token. Several may be outstanding; they are answered
                             in order. */
    SY_UP_PASSED,         /* run behind one that was refused, to be looked at and not to be stored:
                             run, chains, before, key, log_id as PERSIST; no signature was checked */
    SY_UP_PERSIST_URGENT, /* verified urgent entry ahead of its log: store as provisional */
    SY_UP_SEND,           /* frame for session, in order */
    SY_UP_CLOSE,          /* end session; status, text; blame: the peer broke the protocol */
    SY_UP_COMMON,         /* remember frontier shared with peer (replaces the one before) */
    SY_UP_FORK,           /* proven fork of a log: keep and show the evidence */
    SY_UP_SYNCED,         /* session: both sides equal (first time and after each live change) */
};

struct sy_update {
    enum sy_update_type type;
    uint32_t session;
    uint64_t token;
    /* PERSIST: the run, with the chain values computed on the way. Valid until the next step.
     * Nothing of it is stored yet; the entry before it is, or was handed over: a branch's head (the
     * branch grows) or not (a branch begins). */
    const struct sc_run *run;
    const struct cr_hash *chains; /* run->count values: entry ids */
    struct cr_hash before;        /* chain value before the first entry; the log id at seq 0 */
    struct sc_log_key key;
    struct cr_hash log_id;
    const struct sc_urgent *urgent; /* PERSIST_URGENT */
    struct cr_hash urgent_id;
    struct cr_span frame; /* SEND */
    int status;           /* CLOSE */
    bool blame;
    const char *text;
    struct cr_sign_pk peer;         /* COMMON, SYNCED, CLOSE */
    const struct sy_common *common; /* COMMON: ascending (log id, seq, chain8) */
    size_t common_count;
    const struct sc_fork *fork;
};

/* An ordered list; memory belongs to the engine and is valid until its next step. The driver
 * carries the updates out in order: a PERSIST stands before the ACK that depends on it only through
 * SY_EV_PERSISTED. */
struct sy_updates {
    size_t count;
    const struct sy_update *u;
};

/* view is borrowed and must outlive the engine; all logs are loaded from it. ST_NOMEM or the view's
 * status. */
int sy_engine_new(const struct sy_config *cfg, const struct sy_view *view, struct sy_engine **out,
                  struct st_err *err) ST_MUST;
void sy_engine_free(struct sy_engine *e);
/* Never fails because of what a peer sent or the view answered: those end a session. ST_NOMEM: *up
 * is empty, nothing that was to be stored or sent may be; every session is closed by the next step,
 * and runs handed over before are still to be answered. A LOCAL event should be given again. */
int sy_engine_step(struct sy_engine *e, const struct sy_event *ev, struct sy_updates *up) ST_MUST;
/* Next time at which a TICK is wanted, ms; UINT64_MAX: none. */
uint64_t sy_engine_deadline(const struct sy_engine *e);

enum sy_phase { SY_S_HELLO, SY_S_RECONCILE, SY_S_STREAM, SY_S_LIVE };

/* For status and tests. */
struct sy_session_info {
    struct cr_sign_pk peer;
    enum sy_phase phase;
    uint64_t sent_entries, received_entries, sent_frames, received_frames;
    uint64_t rounds;          /* RANGES frames sent and received */
    uint64_t backlog_entries; /* known to be lacking at the peer, not yet acknowledged */
    bool synced;
};
bool sy_engine_session(const struct sy_engine *e, uint32_t session, struct sy_session_info *out);
/* What a file held that was not taken, and how much of it was here already; of the file session
 * that is open or was the last one. It goes on with the next run after each of these. */
enum sy_file_skip {
    SY_FS_REFUSED, /* another branch of a log, or more of an unknown author than is kept */
    SY_FS_SCOPE,   /* of a scope that is not taken */
    SY_FS_GAP,     /* begins behind what is held: something in between is missing */
    SY_FS_COUNT
};
#define SY_FILE_GAPS_MAX 32
struct sy_file_info {
    uint64_t known_entries;
    uint64_t skipped[SY_FS_COUNT]; /* entries */
    uint64_t gap_count;            /* logs; the first SY_FILE_GAPS_MAX are named */
    struct {
        struct sc_log_key key;
        uint64_t first_seq, held; /* the file begins at; so many are held */
    } gap[SY_FILE_GAPS_MAX];
};
const struct sy_file_info *sy_engine_file(const struct sy_engine *e);
/* Fingerprint over all held logs of these scopes (0: all scopes of the node). */
struct sc_id sy_engine_fingerprint(const struct sy_engine *e, const uint64_t *scopes,
                                   size_t scope_count, uint64_t *log_count);

#endif
