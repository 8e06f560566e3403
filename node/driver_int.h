/* Inside of the driver: shared by driver_*.c only. */
#ifndef NODE_DRIVER_INT_H
#define NODE_DRIVER_INT_H

#include "crypto/base/assert.h"
#include "node/driver.h"
#include "node/driver_replay.h"
#include "node/link.h"

#include <stdlib.h>
#include <string.h>

#define ND_TXN_ENTRIES_MAX    4096 /* what one open transaction collects before it is committed */
#define ND_TXN_BYTES_MAX      (4u << 20)
#define ND_TXN_MS             100
#define ND_PENDING_MAX        8192  /* runs in one transaction */
#define ND_HALF_OPEN_ADDR_MAX 8     /* half-open connections of one address */
#define ND_HANDSHAKE_BURST    40    /* handshakes that may come at once … */
#define ND_HANDSHAKE_PER_S    20    /* … and a second after that */
#define ND_SILENCE_MS         2000  /* a refused connection is closed after 0..this */
#define ND_SIMULTANEOUS_MS    10000 /* two dials within this may be one crossing */
#define ND_RESCOPE_MS         60000 /* so long a session may go on under scopes that have grown */
#define ND_ADOPT_MS           1000 /* own entries that a fork holds are adopted so long after they came */
#define ND_ADOPT_RUN_MAX      8     /* records at a time */
#define ND_DUE_MS             60000 /* so often what is due is looked at */
#define ND_DUE_FIRST_MS       3000  /* after the start */
#define ND_DUE_MORE_MS        1000
#define ND_DUE_WRITE_MAX      64     /* reports at a time */
#define ND_DUE_WAIT_MS        600000 /* who holds several villages speaks so much later */
#define ND_LIVE_NOTE_MS       60000  /* so often a quiet session in sync counts as news */
#define ND_SYNCED_WRITE_MS    1000   /* "equal with this peer" is noted at most so often */
#define ND_PEERS_MAX          1024
#define ND_WIRE_MAX           (2u << 16) /* one frame with its length and tag */

#define ND_FILE_SESSION UINT32_MAX /* no connection has this number */
#define ND_FILE_FRAMES  4          /* so many frames between two answers of the store */

enum nd_conn_state {
    ND_C_DIALLING,  /* ours: not connected yet */
    ND_C_HANDSHAKE, /* ours: message 1 sent; theirs: waiting for message 1 */
    ND_C_SESSION,   /* authenticated, the engine has a session of this number */
};

struct nd_conn {
    uint32_t id;
    enum nd_conn_state state;
    bool ours;
    bool engine; /* the engine knows the session */
    bool proven; /* the remote answered what we sent: message 1 alone may be a replay */
    bool heard;  /* some bytes came */
    struct nd_link *link;
    uint64_t since_ms;
    struct cr_kx_pk kx;     /* remote, once known */
    struct cr_sign_pk sign; /* remote, once known */
    size_t scope_count;
    uint64_t scopes[SC_SCOPES_MAX]; /* what the remote may read here */
    char addr[64];
};

/* A peer of the store with what only this run knows. */
struct nd_dial {
    struct nd_peer p;
    uint64_t next_ms;   /* monotonic; when to dial */
    uint64_t synced_ms; /* monotonic; 0: nothing to note */
    uint64_t noted_ms;  /* monotonic; when it was last noted */
};

struct nd_pending {
    uint32_t session;
    uint64_t token, handle;
    int status;
};

struct nd_driver {
    struct nd_driver_options o;
    struct sy_engine *engine;
    struct cr_hash net;
    uint8_t prologue[CR_HASH_BYTES + 1];
    size_t conn_count;
    struct nd_conn *conn[ND_CONNS_MAX];
    size_t dial_count;
    struct nd_dial *dial; /* ND_PEERS_MAX */
    /* open transaction */
    bool txn;
    int txn_status; /* why it was rolled back; ST_OK while it may be committed */
    uint64_t txn_since_ms;
    size_t txn_entries, txn_bytes;
    size_t pending_count;
    struct nd_pending *pending; /* ND_PENDING_MAX */
    bool in_step;               /* updates of the engine are being carried out */
    size_t closed_count;        /* sessions to report as closed when they have been */
    uint32_t closed[ND_CONNS_MAX];
    uint64_t authority_serial; /* of the store, as far as the engine was told */
    bool certs_changed;        /* authority changed: look at the scopes of sessions again */
    uint64_t certs_changed_ms; /* since when */
    uint64_t adopt_ms;         /* monotonic; when to look for own forked entries, or UINT64_MAX */
    bool adopt_given_up;       /* an adoption had no effect */
    uint64_t due_ms;           /* monotonic; when to look at what is due */
    struct nd_due_state *due;  /* driver_due.c; NULL: not looked yet */
    uint64_t tokens_ms;        /* token bucket of handshakes, in ms of credit */
    uint64_t tokens_at_ms;
    struct nd_replay replay; /* first messages that were answered */
    struct cr_buf wire;      /* scratch of one frame */
    struct cr_buf bytes;     /* scratch of nd_driver_write: payloads of one run */
    struct sc_run *run;      /* scratch of nd_driver_write */
    struct cr_hash *chains;
    struct { /* the file that is being read in, see driver_file.c */
        bool open;
        int status; /* why it ended */
        size_t frames;
        struct nd_file_sink sink;
        struct st_err err;
    } file;
    struct nd_driver_counters n;
};

static inline uint64_t nd_now(const struct nd_driver *d)
{
    return d->o.ports.now_ms(d->o.ports.arg);
}
static inline uint64_t nd_wall(const struct nd_driver *d)
{
    return d->o.ports.wall_ms(d->o.ports.arg);
}
static inline uint32_t nd_jitter(const struct nd_driver *d, uint32_t n)
{
    return n == 0 ? 0 : d->o.ports.jitter(d->o.ports.arg, n);
}
enum nd_log_level { ND_LOG_ERROR, ND_LOG_WARN, ND_LOG_INFO, ND_LOG_DEBUG };
void nd_log(const struct nd_driver *d, enum nd_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- driver_adopt.c ---- */
void nd_adopt_soon(struct nd_driver *d); /* own entries came, or authority changed */
void nd_adopt_tick(struct nd_driver *d); /* outside of transactions and steps */

/* ---- driver_due.c ---- */
void nd_due_tick(struct nd_driver *d); /* outside of transactions and steps */

/* ---- driver_conn.c ---- */
struct nd_conn *nd_conn_find(struct nd_driver *d, uint32_t id); /* NULL */
/* ST_FULL, ST_NOMEM */
int nd_conn_add(struct nd_driver *d, uint32_t id, bool ours, const char *addr,
                struct nd_conn **out) ST_MUST;
/* Forgets the connection: tells the engine (unless it closed itself), frees. The port's side is the
 * caller's. c is gone afterwards. */
void nd_conn_drop(struct nd_driver *d, struct nd_conn *c);
/* drop, and close the port's side: flush what is queued. */
void nd_conn_end(struct nd_driver *d, struct nd_conn *c, bool flush);
enum nd_refusal { ND_REFUSE_GATE, ND_REFUSE_AUTH, ND_REFUSE_BUSY };
/* drop, and close in silence after a random while. */
void nd_conn_refuse(struct nd_driver *d, struct nd_conn *c, enum nd_refusal why, const char *text);
/* Seals and queues one frame; false when the connection ended over it. */
bool nd_conn_send(struct nd_driver *d, struct nd_conn *c, struct cr_span frame);
/* The remote has answered: older connections with it end, and it counts as heard of. */
void nd_conn_prove(struct nd_driver *d, struct nd_conn *c);
/* What the remote may read here. */
void nd_conn_scopes(struct nd_driver *d, const struct cr_sign_pk *remote, size_t *n,
                    uint64_t *scopes);
void nd_conn_rescope(struct nd_driver *d);
void nd_conn_timeouts(struct nd_driver *d);
uint64_t nd_conn_deadline(const struct nd_driver *d);

/* ---- driver_engine.c ---- */
/* Gives one event to the engine and carries out its updates. ev->now_ms is filled here. */
void nd_engine_step(struct nd_driver *d, struct sy_event *ev);
/* The transport of a session is gone: now, or after the step under way. */
void nd_engine_closed(struct nd_driver *d, uint32_t session);
/* After a commit: tells the engine when authority has changed. */
bool nd_engine_authority(struct nd_driver *d); /* it has changed */
/* Commits the open transaction and answers the engine; again until nothing waits. */
void nd_engine_settle(struct nd_driver *d);
bool nd_engine_over(const struct nd_driver *d); /* the open transaction is large or old */
int nd_engine_start(struct nd_driver *d, struct sy_engine **out, struct st_err *err) ST_MUST;

/* ---- driver_file.c ---- */
/* Updates of the session of a file. */
void nd_file_stored(struct nd_driver *d, const struct sy_update *u);
void nd_file_closed(struct nd_driver *d, const struct sy_update *u);

/* ---- driver_write.c ---- */
typedef int nd_write_also(void *arg, struct st_err *err);
/* nd_driver_write with something more in the same transaction (also may be NULL). */
int nd_write(struct nd_driver *d, const struct cr_identity *author, uint64_t scope,
             const struct nd_draft *drafts, size_t n, struct sc_id *ids, nd_write_also *also,
             void *also_arg, struct st_err *err) ST_MUST;

/* ---- driver_peers.c ---- */
int nd_peers_load(struct nd_driver *d) ST_MUST;
struct nd_dial *nd_peers_find(struct nd_driver *d, const struct cr_kx_pk *kx); /* NULL */
/* Finds or makes the entry of a peer that authenticated; NULL when there are too many. */
struct nd_dial *nd_peers_touch(struct nd_driver *d, const struct nd_conn *c);
void nd_peers_tick(struct nd_driver *d);
uint64_t nd_peers_deadline(const struct nd_driver *d);
/* A dial or an early session failed: back-off. */
void nd_peers_failed(struct nd_driver *d, const struct cr_kx_pk *kx, const char *text);
/* A session stands and the remote has proven itself: no back-off. */
void nd_peers_well(struct nd_driver *d, const struct nd_conn *c);
/* The peer broke the protocol. */
void nd_peers_blame(struct nd_driver *d, const struct nd_conn *c, const char *text);
/* After a session ended: when to dial again. */
void nd_peers_ended(struct nd_driver *d, const struct nd_conn *c);
void nd_peers_synced(struct nd_driver *d, const struct nd_conn *c);
/* A frame came: a quiet session in sync is noted now and then. */
void nd_peers_heard(struct nd_driver *d, const struct nd_conn *c);
void nd_peers_note(struct nd_driver *d, bool all); /* writes what is due */

/* ---- driver_refs.c ---- */
/* Codes and ids that a body names, against what is held here: ST_MALFORMED, err naming the field
 * and what was found. What is not held passes. */
int nd_check_refs(struct nd_store *s, const struct sc_body *body, uint64_t wall_ms,
                  struct st_err *err) ST_MUST;

/* ---- driver_join.c ---- */
/* Answers a join request (payload of message 1 under IKpsk2). c is gone afterwards. */
void nd_join_answer(struct nd_driver *d, struct nd_conn *c, struct cr_span payload);

#endif
