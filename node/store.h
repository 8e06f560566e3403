/* The store: entries, logs, certificates, projections, peers, on SQLite (store_*.c). This header
 * has no sqlite in it: the driver and the simulator see only this. One writer, one thread.
 *
 * Every apply recomputes, in the same transaction, the projections of the subjects it touched and
 * the counters of their grids: a reader never sees entries without their effect. */
#ifndef NODE_STORE_H
#define NODE_STORE_H

#include "schema/authority.h"
#include "schema/codes.h"
#include "schema/hazard.h"
#include "schema/invite.h"
#include "schema/why.h"
#include "sync/engine.h"

struct nd_store;
struct nd_anchor_port;

struct nd_store_options {
    const char *dir; /* data directory: DIR/fengsui.db, DIR/anchor; or NULL with uri */
    const char *uri; /* SQLite URI, for tests ("file:/x?vfs=memdb"); no anchor file */
    bool create;     /* make it when missing (with genesis) */
    const struct sc_genesis *genesis;    /* create: the space */
    bool read_only;                      /* for list and show beside a running node */
    const struct nd_anchor_port *anchor; /* NULL: this machine's (anchor.h) */
};

/* ST_NOTFOUND (no store there), ST_EXISTS (create over another space), ST_VERSION (newer schema),
 * ST_CORRUPT, ST_LOCKED (another process writes), ST_IO, ST_FULL, ST_READONLY. */
int nd_store_open(const struct nd_store_options *o, struct nd_store **out,
                  struct st_err *err) ST_MUST;
/* Clean close: marks the store clean. kill: as a crash (simulator), without the mark. */
void nd_store_close(struct nd_store *s);
void nd_store_kill(struct nd_store *s);

const struct sc_genesis *nd_store_genesis(const struct nd_store *s);
const struct cr_hash *nd_store_net(const struct nd_store *s);
/* Who counts (authority.h), and its certificates: of what is committed, or, in a transaction, of
 * what was applied. The pointers are good until the next call that changes something: ask again, do
 * not keep. */
struct sc_authority *nd_store_authority(struct nd_store *s);
struct sc_certs *nd_store_certs(struct nd_store *s);
/* What the street has set; of what is committed. Good as long as nd_store_certs. */
struct sc_policy *nd_store_policy(struct nd_store *s);
/* Its tables of codes, kinds of places and checklists; good as long. */
const struct sc_tables *nd_store_tables(struct nd_store *s);
/* Grows with every commit that changed what authority says. */
uint64_t nd_store_authority_serial(const struct nd_store *s);
/* Draws a new incarnation for local authors, durable with the transaction if one is open. */
int nd_store_renew_incarnation(struct nd_store *s, struct st_err *err) ST_MUST;
const struct sy_view *nd_store_view(struct nd_store *s);
/* Incarnation for local authors: kept from the last clean close, a new random one after an unclean
 * start or a changed anchor. */
uint64_t nd_store_incarnation(const struct nd_store *s);
bool nd_store_was_unclean(const struct nd_store *s);

/* Scopes this node holds (from init or join; ascending). */
size_t nd_store_scopes(const struct nd_store *s, uint64_t out[static SC_SCOPES_MAX]);
int nd_store_set_scopes(struct nd_store *s, const uint64_t *scopes, size_t n,
                        struct st_err *err) ST_MUST;

/* ---- Entries ---- */

struct nd_run { /* consecutive entries of one log, verified by the engine or made here */
    const struct sc_run *run; /* key irrelevant: */
    struct sc_log_key key;
    struct cr_hash log_id;
    struct cr_hash before; /* chain value before the first entry; the log id at seq 0 */
    const struct cr_hash *chains;
    uint64_t received_ms; /* local wall clock, for display */
    bool own;             /* written here */
    bool urgent;          /* the run's last entry is urgent (local emergency): only that one has a
                             checkpoint of its own. An SC_R_HAZARD_EMERGENCY that ends a run is
                             taken as urgent without being told */
};
/* begin … apply* … commit: one durable transaction (FULL). A payload that breaks the catalogue is
 * quarantined: stored, shown, never folded. One of a suite that is not known is not looked at: it
 * is shown and counted with these, and read when a program that knows the suite opens the store.
 * apply: ST_DENIED when authority refuses the run
 * (revoked, or a quota of what is held) and ST_CONFLICT when it is stored already or follows
 * nothing that is stored: nothing was written, the transaction may go on. ST_FULL, ST_IO, ST_NOMEM
 * and the rest, and any error of commit: the caller rolls back and nothing of the transaction is
 * there. handle (may be NULL): of the branch. An urgent entry that authority refuses is not stored
 * and not an error. */
int nd_store_begin(struct nd_store *s, struct st_err *err) ST_MUST;
int nd_store_apply(struct nd_store *s, const struct nd_run *r, uint64_t *handle,
                   struct st_err *err) ST_MUST;
int nd_store_apply_urgent(struct nd_store *s, const struct sc_urgent *u,
                          const struct cr_hash *log_id, const struct cr_hash *entry_id,
                          uint64_t received_ms, struct st_err *err) ST_MUST;
/* A run that is not offered to the store, as one before it was refused; its chain values were
 * computed from before. apply does the same with what it refuses. What the values prove is
 * remembered in memory, within bounds: when the run holds an entry that a CUT or ADOPT names, what
 * leads there is no longer refused, and nd_store_authority_serial grows: offer it again. */
void nd_store_passed_by(struct nd_store *s, const struct nd_run *r);
int nd_store_commit(struct nd_store *s, struct st_err *err) ST_MUST;
void nd_store_rollback(struct nd_store *s);
int nd_store_put_common(struct nd_store *s, const struct cr_sign_pk *peer,
                        const struct sy_common *c, size_t n, struct st_err *err) ST_MUST;
int nd_store_put_fork(struct nd_store *s, const struct sc_fork *f, struct st_err *err) ST_MUST;
/* The first evidence held of each forked log. */
int nd_store_forks(struct nd_store *s, int (*cb)(void *arg, const struct sc_fork *f), void *arg,
                   struct st_err *err) ST_MUST;
/* The branch of this log with most entries, whole. ST_NOTFOUND when nothing is stored; ST_CONFLICT
 * (*out filled) when nothing may be written to it any more: it is forked, or is of this node's
 * incarnation and a peer brought entries of it (another copy of this node is writing). */
int nd_store_log(struct nd_store *s, const struct sc_log_key *key, struct sy_log *out) ST_MUST;
/* How many entries of the branch, from the beginning of its log, arrived here before this wall time
 * (as this node's clock said then). ST_NOTFOUND (no such branch) or another status of the store. */
int nd_store_arrived(struct nd_store *s, uint64_t handle, uint64_t before_ms, uint64_t *end,
                     struct st_err *err) ST_MUST;
/* Latest log of this author and scope in any incarnation (for the link of a new one). */
int nd_store_last_log(struct nd_store *s, const struct cr_sign_pk *author, uint64_t scope,
                      struct sy_log *out) ST_MUST;
uint64_t nd_store_lamport(const struct nd_store *s); /* greatest seen */
/* Ids of the subject's causally maximal entries (the next entry's parents), ascending, at most
 * SC_PARENTS_MAX; *scope: the scope the subject lives in. ST_NOTFOUND. */
int nd_store_tips(struct nd_store *s, const struct sc_id *subject, struct sc_id *out, size_t *n,
                  uint64_t *scope) ST_MUST;
/* Where a subject lives: the scope, and the grid that its authors' roles are judged by (that of the
 * creating entry; 0: it names none). ST_NOTFOUND. */
int nd_store_subject(struct nd_store *s, const struct sc_id *subject, uint64_t *scope,
                     uint64_t *grid) ST_MUST;
/* What a subject is: a record type, SC_R_HAZARD_REPORT for all hazards; 0: not held, or nothing
 * that counts says so. */
int nd_store_kind(struct nd_store *s, const struct sc_id *subject, uint64_t *type) ST_MUST;

/* ---- Reading (spans valid inside the callback) ---- */
struct nd_hazard_row {
    struct sc_id subject;
    uint64_t scope;
    struct sc_hazard h;
    struct sc_id canonical; /* smallest id of its linked group, itself when alone */
    uint64_t unverified;    /* reports of danger that are held; then SC_HF_UNVERIFIED is set */
    bool unverified_only;   /* there is nothing else: h is what they say */
};
enum nd_hazard_filter_state { ND_HZ_ALL, ND_HZ_OPEN, ND_HZ_CLOSED };
struct nd_hazard_query {
    uint64_t grid_prefix; /* 0: all */
    enum nd_hazard_filter_state state;
    enum sc_hazard_state step; /* 0: any */
    uint64_t severity_min;
    uint32_t flags;         /* all of these set */
    const char *code;       /* NULL: all */
    uint64_t overdue_at_ms; /* 0: no; open with a deadline before … */
    uint64_t due_from_ms;   /* … and not before this; only with overdue_at_ms */
    size_t offset, limit;   /* limit 0: no limit */
};
typedef int nd_hazard_cb(void *arg, const struct nd_hazard_row *row);
int nd_store_hazards(struct nd_store *s, const struct nd_hazard_query *q, nd_hazard_cb *cb,
                     void *arg, uint64_t *total, struct st_err *err) ST_MUST;
int nd_store_hazard(struct nd_store *s, const struct sc_id *subject, nd_hazard_cb *cb, void *arg,
                    struct st_err *err) ST_MUST;
/* Subject by a prefix (>= 4 hex digits) of its id; ST_NOTFOUND, ST_CONFLICT (ambiguous). */
int nd_store_find_subject(struct nd_store *s, const char *hex, struct sc_id *out,
                          struct st_err *err) ST_MUST;
/* Subject by external key in a scope (rerunnable imports). */
int nd_store_by_ext(struct nd_store *s, uint64_t scope, struct cr_span ext,
                    struct sc_id *out) ST_MUST;

/* Facts of a subject, oldest first in (lamport, author, id) order. */
struct nd_history_row {
    struct sc_fact fact;
    struct sc_log_key log;
    uint64_t seq, received_ms;
    bool held, urgent, provisional; /* held: does not count (yet); provisional: ahead of its log */
    enum sc_standing standing;      /* what its log says of it */
    enum sc_why why;
    const char *detail; /* of what is quarantined or of a newer suite: how, English; else NULL */
};
int nd_store_history(struct nd_store *s, const struct sc_id *subject,
                     int (*cb)(void *arg, const struct nd_history_row *row), void *arg,
                     struct st_err *err) ST_MUST;

/* Last-writer-wins records (grid, place, visit, notice). */
struct nd_record_row {
    struct sc_id subject;
    uint64_t scope, grid;
    const struct sc_body *body;
    bool contested;
};
int nd_store_records(struct nd_store *s, uint64_t type, uint64_t grid_prefix, size_t offset,
                     size_t limit, int (*cb)(void *arg, const struct nd_record_row *row), void *arg,
                     uint64_t *total, struct st_err *err) ST_MUST;
/* One of them, as it stands. ST_NOTFOUND: no such subject, or nothing of this kind that counts. */
int nd_store_record(struct nd_store *s, const struct sc_id *subject,
                    int (*cb)(void *arg, const struct nd_record_row *row), void *arg,
                    struct st_err *err) ST_MUST;

/* Three-level picture: one row per grid (level 1..3) that is declared or has records, in itself or
 * in a grid within it; ascending code as text, so that each stands before those within it. Counters
 * are maintained, not counted on read; only what is overdue at now_ms is (0: not asked). A level-2
 * or 1 row sums what lies below. severe: open with severity 3 or 4; emergency, conflict: open with
 * that flag; groups: declared level-3 grids below. */
struct nd_grid_row {
    uint64_t code;
    const char *name;
    bool declared, synthetic;
    uint64_t open, overdue, closed, emergency, severe, visits, places, groups, conflict;
    uint64_t next_deadline_ms; /* earliest of the open ones; 0 none */
};
typedef int nd_grid_cb(void *arg, const struct nd_grid_row *row);
int nd_store_grids(struct nd_store *s, uint64_t prefix, int level_max, nd_grid_cb *cb, void *arg,
                   struct st_err *err) ST_MUST; /* as at, with now_ms 0 */
int nd_store_grids_at(struct nd_store *s, uint64_t prefix, int level_max, uint64_t now_ms,
                      nd_grid_cb *cb, void *arg, struct st_err *err) ST_MUST;

/* Freshness: for a scope, when its newest entry from its own seat arrived and what that seat
 * claimed, and when a session with the seat last ended equal. */
struct nd_fresh {
    uint64_t newest_wall_ms, newest_received_ms, synced_ms; /* 0 never */
    uint64_t entries, logs;
};
int nd_store_fresh(struct nd_store *s, uint64_t scope, struct nd_fresh *out) ST_MUST;
int nd_store_put_synced(struct nd_store *s, const struct cr_sign_pk *peer,
                        uint64_t wall_ms) ST_MUST;

/* ---- Peers, invitations, counters ---- */
struct nd_peer {
    char addr[64]; /* "host:port"; "" for a peer that dials us */
    struct cr_sign_pk sign_pk;
    struct cr_kx_pk kx_pk;
    bool enabled;
    uint64_t last_ok_ms, last_try_ms; /* wall clock */
    uint64_t failures;                /* in a row */
    uint64_t refused;                 /* sessions ended for a fault of the peer, ever */
    char last_error[200];
};
int nd_store_peers(struct nd_store *s, int (*cb)(void *arg, const struct nd_peer *p),
                   void *arg) ST_MUST;
int nd_store_put_peer(struct nd_store *s, const struct nd_peer *p,
                      struct st_err *err) ST_MUST; /* by kx_pk */
int nd_store_drop_peer(struct nd_store *s, const struct cr_kx_pk *kx, struct st_err *err) ST_MUST;
struct nd_invite_row {
    struct sc_id id;
    uint8_t secret[SC_INVITE_SECRET_BYTES];
    uint64_t roles, grid, expires_s;
    bool used;                                          /* or revoked: then expires_s is 0 */
    char addrs[SC_INVITE_ADDRS_MAX * SC_ADDR_TEXT_MAX]; /* those it names, with blanks between */
};
int nd_store_put_invite(struct nd_store *s, const struct nd_invite_row *i,
                        struct st_err *err) ST_MUST;
int nd_store_invite(struct nd_store *s, const struct sc_id *id, struct nd_invite_row *out) ST_MUST;
/* All invitations by id. cb's non-zero return stops and is returned. */
int nd_store_invites(struct nd_store *s, int (*cb)(void *arg, const struct nd_invite_row *i),
                     void *arg) ST_MUST;
/* Small named values ("discovery_gate", "node_name"). ST_NOTFOUND. value appended to out. */
int nd_store_meta_get(struct nd_store *s, const char *key, struct cr_buf *out) ST_MUST;
int nd_store_meta_put(struct nd_store *s, const char *key, struct cr_span value,
                      struct st_err *err) ST_MUST;

/* Sum of the head items of every log held, and their number: equal for stores with equal entries.
 */
int nd_store_heads(struct nd_store *s, struct cr_hash *out, uint64_t *logs,
                   struct st_err *err) ST_MUST;
/* Writes a compacted copy of one state of the store to path (no file may be there; beside it,
 * path.raw is used meanwhile), without what ties it to its directory: whoever opens the copy begins
 * a new incarnation. On a read-only store beside a running node this holds nobody up. step is
 * called every few pages with how much is done; what it returns but ST_OK ends the copy. ST_EXISTS,
 * ST_FULL, ST_IO, ST_READONLY, ST_BUSY, ST_CORRUPT; neither file is left then. */
int nd_store_copy(struct nd_store *s, const char *path,
                  int (*step)(void *arg, uint64_t done, uint64_t total), void *arg,
                  struct st_err *err) ST_MUST;
int nd_store_schema(void); /* that this program writes */

struct nd_store_stats {
    uint64_t entries, logs, subjects, hazards, held, provisional, forks, file_bytes;
    uint64_t quarantined; /* break the catalogue */
    uint64_t unread;      /* of a suite that this version cannot read yet; not among those */
};
int nd_store_stats(struct nd_store *s, struct nd_store_stats *out) ST_MUST;
/* Grows with everything this process writes: whoever shows the store looks again when it did. */
uint64_t nd_store_changes(const struct nd_store *s);
/* Sum over all projected subjects of H(fold, subject ‖ canonical state), restricted to these scopes
 * (n == 0: all): equal on nodes with equal entries, whatever the order of arrival. */
int nd_store_fold_hash(struct nd_store *s, const uint64_t *scopes, size_t n,
                       struct cr_hash *out) ST_MUST;

/* Full check: every chain, every kept checkpoint signature, the store's own integrity check, and
 * all projections rebuilt from entries and compared. rebuild: write the rebuilt ones. progress may
 * be NULL. Findings go to report, one line each; ST_CORRUPT when there was one. */
struct nd_verify {
    uint64_t logs, entries, signatures, subjects, findings;
};
int nd_store_verify(struct nd_store *s, bool rebuild, struct nd_verify *out,
                    void (*report)(void *arg, const char *line), void *arg,
                    struct st_err *err) ST_MUST;

#endif
