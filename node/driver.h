/* The driver joins engine, store and connections: it persists before it sends, keeps timers and
 * retries, runs the handshake of each connection (link.h) and answers joins. It knows neither libuv
 * nor SQLite; the simulator runs it unchanged. Not thread-safe: one loop. */
#ifndef NODE_DRIVER_H
#define NODE_DRIVER_H

#include "node/ports.h"
#include "node/store.h"
#include "schema/why.h"

#define ND_DIAL_MIN_MS   2000 /* back-off of a peer: doubled a failure, with jitter */
#define ND_DIAL_MAX_MS   300000
#define ND_HALF_OPEN_MAX 64 /* connections before authentication */
#define ND_HALF_OPEN_MS  10000
#define ND_CONNS_MAX     128

struct nd_driver;
struct nd_preview; /* store_preview.h */

struct nd_driver_options {
    struct nd_store *store; /* borrowed */
    struct nd_ports ports;
    const struct cr_identity *identity; /* this node's; borrowed */
    const struct cr_identity *issuer;   /* certifies joiners: the root key when it lives here;
                                           borrowed; NULL: identity */
    struct cr_gate gate;
    bool dial;  /* false: never dials by itself (tests) */
    bool clock; /* puts on record what is due (schema/clock.h), by the wall clock */
    bool plain; /* simulator only: links without encryption */
};

/* ST_NOMEM or a status of the store or the engine. */
int nd_driver_new(const struct nd_driver_options *o, struct nd_driver **out,
                  struct st_err *err) ST_MUST;
/* Closes every connection through the ports; what is not committed is lost as in a crash (call
 * nd_driver_flush before). NULL is allowed. */
void nd_driver_free(struct nd_driver *d);

/* Events from the transport. */
int nd_driver_accepted(struct nd_driver *d, uint32_t conn,
                       const char *addr) ST_MUST;             /* ST_FULL: refuse */
void nd_driver_connected(struct nd_driver *d, uint32_t conn); /* a dial succeeded */
void nd_driver_bytes(struct nd_driver *d, uint32_t conn, struct cr_span bytes);
void nd_driver_disconnected(struct nd_driver *d, uint32_t conn, int status);
/* Everything read so far has been given: flushes the open transaction and sends what waited for it.
 * The transport calls it once a loop iteration; cheap when there is nothing. */
void nd_driver_flush(struct nd_driver *d);
void nd_driver_tick(struct nd_driver *d);
uint64_t nd_driver_deadline(const struct nd_driver *d); /* ms, UINT64_MAX none */

/* ---- Writing ---- */
struct nd_draft {
    uint64_t type;
    const struct sc_id *subject; /* NULL: creates its subject */
    struct cr_span body;         /* canonical, from sc_body_encode */
    uint64_t wall_ms;            /* 0: now */
    bool urgent;
};
/* May this author write a record that says this, about this grid (0: the scope's own)? ST_OK or
 * ST_DENIED; filled in either case. */
struct nd_rights {
    uint32_t roles;  /* that the author has there and then */
    uint32_t wanted; /* those that may */
    enum sc_why why; /* SC_WHY_COUNTS: it may */
};
int nd_write_rights(struct nd_store *s, const struct cr_sign_pk *author, uint64_t scope,
                    const struct sc_body *body, uint64_t grid, uint64_t wall_ms,
                    struct nd_rights *out) ST_MUST;
/* Signs and stores the drafts of one author in one scope as one durable transaction, in order, then
 * pushes them to live sessions. Parents are the subject's current tips. A draft whose subject is
 * &ids[k] of an earlier draft of this call refers to it. ids[i] = subject of draft i.
 * Refuses what the catalogue or the author's roles would not let count (ST_DENIED, with the
 * reason), unless the record is an open report. On success everything is durable; on error nothing
 * is. */
int nd_driver_write(struct nd_driver *d, const struct cr_identity *author, uint64_t scope,
                    const struct nd_draft *drafts, size_t n, struct sc_id *ids,
                    struct st_err *err) ST_MUST;

/* Who certifies joiners from now on; borrowed. */
void nd_driver_set_issuer(struct nd_driver *d, const struct cr_identity *issuer);

/* Certifies a key that showed a signed request. cert: subject, exchange key, kind, roles, grids,
 * window and name are given; rank and person are filled here. invite (may be NULL) is marked used
 * and a node is put among the peers in the same durable step. *id: the certificate's subject id; of
 * the one that says the same already when there is one, and nothing is written then. ST_DENIED:
 * the issuer may not give it, or the key was revoked; nothing is written. Else errors as
 * nd_driver_write. */
int nd_driver_certify(struct nd_driver *d, const struct cr_identity *issuer, struct sc_cert *cert,
                      const struct nd_invite_row *invite, struct sc_id *id,
                      struct st_err *err) ST_MUST;

/* What writing them would change (nd_store_preview): everything as in nd_driver_write, refusals
 * too, but nothing is stored or sent. */
int nd_driver_preview(struct nd_driver *d, const struct cr_identity *author, uint64_t scope,
                      const struct nd_draft *drafts, size_t n, struct nd_preview *p,
                      struct st_err *err) ST_MUST;

/* Whether a certificate by this issuer would be accepted beside those that are (tried in a set of
 * its own), whether a REVOKE in force would make it worth nothing (sc_authority_revoked), and
 * whether the policy of now lets the issuer give its roles. ST_DENIED naming the cut, or the role
 * and who may give it; ST_NOMEM. */
int nd_driver_may_issue(struct nd_driver *d, const struct cr_identity *issuer,
                        const struct sc_cert *cert, struct st_err *err) ST_MUST;

/* Sync now with one peer or all (resets back-off). */
void nd_driver_dial_now(struct nd_driver *d, const struct cr_kx_pk *kx_or_null);
/* Peers were added, removed, enabled or disabled in the store. */
void nd_driver_peers_changed(struct nd_driver *d);
/* The scopes of the store changed: ends all sessions and starts the engine anew. ST_NOMEM or a
 * status of the store; the driver then keeps its old engine. */
int nd_driver_scopes_changed(struct nd_driver *d, struct st_err *err) ST_MUST;

struct nd_peer_status {
    struct nd_peer peer;
    char name[SC_NAME_MAX + 1];
    bool connected;
    bool proven;                    /* it answered: message 1 alone may be a replay */
    struct sy_session_info session; /* when connected */
    uint64_t next_dial_ms;          /* on the ports' monotonic clock; UINT64_MAX: not dialled */
};
int nd_driver_peers(struct nd_driver *d, int (*cb)(void *arg, const struct nd_peer_status *p),
                    void *arg) ST_MUST;
struct nd_driver_counters {
    uint64_t bytes_in, bytes_out, entries_in, entries_out, sessions, refused_gate, refused_auth,
        refused_protocol, joins;
};
void nd_driver_counters(const struct nd_driver *d, struct nd_driver_counters *out);
struct sy_engine *nd_driver_engine(struct nd_driver *d); /* tests */

/* ---- Files ---- (driver_file.c)
 * Entries from a file go through a session of the engine like those of a peer: the same checks, the
 * same transaction, and live sessions hear of what is new. One file at a time. */
struct nd_file_sink {
    void *arg;
    /* A run that was applied (not durable before the next nd_driver_file_commit), or the urgent
     * entry that is ahead of its log (run NULL). Spans are valid during the call. */
    void (*stored)(void *arg, const struct sc_log_key *key, const struct sc_run *run,
                   const struct cr_hash *entry_ids, const struct sc_urgent *urgent);
};
/* sender: who made the file, NULL when that is not sure. ST_STATE when a file is open; ST_BUSY,
 * ST_NOMEM. */
int nd_driver_file_open(struct nd_driver *d, const struct cr_sign_pk *sender,
                        const struct nd_file_sink *sink, struct st_err *err) ST_MUST;
/* One BATCH or URGENT frame. Any failure ends the file: ST_MALFORMED, ST_FORGED and their
 * neighbours (the frame), ST_FULL, ST_IO, ST_NOMEM (this node). What was stored before stays. */
int nd_driver_file_frame(struct nd_driver *d, struct cr_span frame, struct st_err *err) ST_MUST;
/* Everything given so far is durable when this returns ST_OK. */
int nd_driver_file_commit(struct nd_driver *d, struct st_err *err) ST_MUST;
/* What was passed over; valid until the next file. */
const struct sy_file_info *nd_driver_file_info(const struct nd_driver *d);
/* Whether a node with this key may read the scope, by what a session with it would share. */
bool nd_driver_may_read(struct nd_driver *d, const struct cr_sign_pk *node, uint64_t scope);
/* Commits and ends the session, if there is one. */
void nd_driver_file_close(struct nd_driver *d);

/* First join: dials an inviter with an invitation, over the same ports, one address of it after the
 * other. done is called once, never from inside nd_join_start: genesis of the space and the
 * inviter's signing key, or an error. Needs no store; the caller keeps the time and gives up by
 * nd_join_free, which must not be called from inside done. */
struct nd_join;
typedef void nd_join_done(void *arg, int status, const char *text, const struct sc_genesis *genesis,
                          struct cr_span genesis_bytes, const struct cr_sign_pk *inviter);
int nd_join_start(const struct sc_invite *invite, const struct cr_identity *identity,
                  const char *name, const struct nd_ports *ports, nd_join_done *done, void *arg,
                  struct nd_join **out, struct st_err *err) ST_MUST;
void nd_join_connected(struct nd_join *j, uint32_t conn);
void nd_join_bytes(struct nd_join *j, uint32_t conn, struct cr_span bytes);
void nd_join_disconnected(struct nd_join *j, uint32_t conn, int status);
/* The address that is being tried, or answered. */
const char *nd_join_addr(const struct nd_join *j);
void nd_join_free(struct nd_join *j);

#endif
