/* Inside of the store; included by store_*.c only. What is where:
 *   store_db     the connection: statements, binding, errors, transactions
 *   store_open   opening, migrations, lock, clean mark and anchor; close
 *   store_apply  entries in: runs, kept checkpoints, urgent entries ahead of their log
 *   store_dirty  what one transaction touches: subjects, grids, scopes
 *   store_fold   the facts of a subject, its fold, its row
 *   store_branch logs as trees: rows, paths, where a run goes
 *   store_auth   who counts: the evaluation, admission, what a change makes fold again
 *   store_policy what the street has set, and the subjects that a change concerns
 *   store_view   what the engine reads
 *   store_held   what does not count, and why
 *   store_query, store_list, store_peer, store_verify   the rest of store.h */
#ifndef NODE_STORE_INT_H
#define NODE_STORE_INT_H

#include "node/store_types.h"

/* ---- store_db ---- */
int nd_sql_status(int sqlite_rc);
/* Records the connection's last failure. */
int nd_sql_fail(struct nd_store *s, int sqlite_rc, const char *what, struct st_err *err);
int nd_sql_open(struct nd_store *s, const char *name, int flags, struct st_err *err) ST_MUST;
void nd_sql_close(struct nd_store *s);
int nd_sql_exec(struct nd_store *s, const char *text, struct st_err *err) ST_MUST;
/* The statement, prepared at first use and kept. It must be idle. */
int nd_sql(struct nd_store *s, enum nd_sql which, sqlite3_stmt **out, struct st_err *err) ST_MUST;
#define ND_ROW 1
/* ND_ROW, ST_OK at the end, or a status. After all but ND_ROW the statement is idle again. */
int nd_sql_step(struct nd_store *s, sqlite3_stmt *q, struct st_err *err) ST_MUST;
/* Runs to the end; rows are ignored. */
int nd_sql_run(struct nd_store *s, sqlite3_stmt *q, struct st_err *err) ST_MUST;
void nd_sql_done(sqlite3_stmt *q);
void nd_bind_u64(sqlite3_stmt *q, const char *name, uint64_t v);
void nd_bind_i64(sqlite3_stmt *q, const char *name, int64_t v);
void nd_bind_blob(sqlite3_stmt *q, const char *name, const void *p, size_t n); /* borrowed */
void nd_bind_text(sqlite3_stmt *q, const char *name, const char *text);        /* borrowed */
static inline uint64_t nd_col_u64(sqlite3_stmt *q, int column)
{
    return (uint64_t)sqlite3_column_int64(q, column);
}
/* Exactly n bytes; false when the column holds something else. */
bool nd_col_fixed(sqlite3_stmt *q, int column, void *out, size_t n);
struct cr_span nd_col_span(sqlite3_stmt *q, int column); /* until the next step */
void nd_col_text(sqlite3_stmt *q, int column, char *out, size_t out_bytes);

#define nd_txn_begin(s, err) nd_txn_begin_at((s), __FILE__, __LINE__, (err))
int nd_txn_begin_at(struct nd_store *s, const char *file, int line, struct st_err *err) ST_MUST;
/* Writes outside of entries: join the open transaction, or make one of their own. hint: losing it
 * at a power cut does no harm, so it is not synced to disk. leave returns rc, or why the commit
 * failed. */
struct nd_write {
    bool own, hint;
};
int nd_write_enter(struct nd_store *s, bool hint, struct nd_write *w, struct st_err *err) ST_MUST;
int nd_write_leave(struct nd_store *s, struct nd_write *w, int rc, struct st_err *err) ST_MUST;
/* Readers see one state, with the effect of everything applied; they may nest. */
int nd_read_enter(struct nd_store *s, struct st_err *err) ST_MUST;
void nd_read_leave(struct nd_store *s);

/* ---- store_open ---- */
int nd_meta_get(struct nd_store *s, const char *key, struct cr_buf *out,
                struct st_err *err) ST_MUST;
int nd_meta_put(struct nd_store *s, const char *key, struct cr_span value,
                struct st_err *err) ST_MUST;
/* Reads into memory what the connection keeps there (authority, scopes, greatest numbers). */
int nd_store_load(struct nd_store *s, bool authority, struct st_err *err) ST_MUST;

/* ---- store_branch ---- */
/* All rows of a log, none when nothing is stored of it. */
int nd_log_find(struct nd_store *s, const struct cr_hash *log_id, struct nd_logs *out,
                struct st_err *err) ST_MUST;
int nd_logs_push(struct nd_logs *l, const struct nd_log *row) ST_MUST; /* ST_NOMEM */
void nd_logs_release(struct nd_logs *l);
/* ST_NOTFOUND when there is none. */
int nd_log_get(struct nd_store *s, uint64_t handle, struct nd_log *out, struct st_err *err) ST_MUST;
int nd_log_row(sqlite3_stmt *q, struct nd_log *out) ST_MUST;
/* Every row, one read at a time and nothing open meanwhile, until fn gives something else than
 * ST_OK; gives that. */
int nd_log_each(struct nd_store *s,
                int (*fn)(void *arg, const struct nd_log *l, struct st_err *err), void *arg,
                struct st_err *err) ST_MUST;
/* Key and branch of a row, through a cache; the pointer is good until the next call. */
int nd_log_slot(struct nd_store *s, uint64_t handle, const struct nd_log_slot **out,
                struct st_err *err) ST_MUST;
void nd_to_sy_log(const struct nd_log *l, struct sy_log *out);
/* *row: the one of the log's rows in which the entry at this position has this chain value; NULL.
 */
int nd_log_at(struct nd_store *s, const struct nd_logs *logs, uint64_t seq,
              const struct cr_hash *chain, const struct nd_log **row, struct st_err *err) ST_MUST;
/* Row that the run extends, or the one it would open (handle 0), with the log's rows in s->logs.
 * ST_CONFLICT: stored already, or follows nothing that is stored. */
int nd_log_place(struct nd_store *s, const struct nd_run *r, struct nd_log *out,
                 struct st_err *err) ST_MUST;
int nd_log_add(struct nd_store *s, struct nd_log *l, struct st_err *err) ST_MUST;
int nd_log_put(struct nd_store *s, const struct nd_log *l, struct st_err *err) ST_MUST;
/* Writes again what of the row is held, by what authority says now; whole: bytes, too. */
int nd_log_recount(struct nd_store *s, const struct nd_log *l, bool whole,
                   struct st_err *err) ST_MUST;
int nd_entry_sum(struct nd_store *s, uint64_t handle, uint64_t from, uint64_t to, uint64_t *count,
                 uint64_t *bytes, struct st_err *err) ST_MUST;
/* Number of the row's parent; SC_AUTH_NONE. */
uint32_t nd_log_parent(const struct nd_logs *logs, const struct nd_log *l);
/* Chain value of an entry; ST_NOTFOUND. */
int nd_entry_chain(struct nd_store *s, uint64_t handle, uint64_t seq, struct cr_hash *out,
                   struct st_err *err) ST_MUST;
/* Where an entry is stored; ST_NOTFOUND. */
int nd_entry_locate(struct nd_store *s, const struct cr_hash *log_id, uint64_t seq,
                    const struct cr_hash *chain, uint32_t *branch, uint64_t *handle,
                    struct st_err *err) ST_MUST;
/* To be released. ST_NOTFOUND. */
int nd_path(struct nd_store *s, uint64_t handle, struct nd_path *out, struct st_err *err) ST_MUST;
void nd_path_release(struct nd_path *p);
const struct nd_seg *nd_path_at(const struct nd_path *p, uint64_t seq); /* NULL past the head */

/* ---- store_apply ---- */
int nd_prov_row(sqlite3_stmt *q, struct nd_prov *out) ST_MUST;
/* Makes the entry a fact of its subject, or puts it into quarantine (reason filled, *flags). Used
 * at admission and by a rebuild. */
struct nd_admit {
    int64_t no; /* entry number */
    const struct sc_log_key *key;
    const struct cr_hash *id;
    struct cr_span payload;
    uint32_t flags;
    int64_t subject;     /* out, 0 none */
    uint64_t type;       /* out; 0: pruned or in quarantine */
    struct cr_span body; /* out, of payload */
};
int nd_admit(struct nd_store *s, struct nd_admit *a, struct st_err *err) ST_MUST;
/* An entry that overtakes its log by its type. */
bool nd_payload_urgent(struct cr_span payload);
/* Stores what the admission of a provisional entry found. */
int nd_prov_settle(struct nd_store *s, int64_t id, const struct nd_admit *a,
                   struct st_err *err) ST_MUST;

/* ---- store_dirty ---- */
/* Index of the subject in the set, looked up or made; marked dirty. */
int nd_dirty_subject(struct nd_store *s, const struct sc_id *sid, uint64_t scope, uint32_t *index,
                     struct st_err *err) ST_MUST;
int nd_dirty_row(struct nd_store *s, const struct nd_subject *row, struct st_err *err) ST_MUST;
/* Any subject of this id that the transaction knows, NULL when none. */
const struct nd_subject *nd_dirty_find(const struct nd_store *s, const struct sc_id *sid);
/* Folds all dirty subjects; the set then knows only stored rows. */
int nd_dirty_fold(struct nd_store *s, struct st_err *err) ST_MUST;
void nd_dirty_forget(struct nd_store *s); /* the subjects; none is dirty */
void nd_dirty_clear(struct nd_store *s);  /* everything of the transaction */
int nd_grid_delta(struct nd_store *s, uint64_t key, struct nd_grid_delta **out) ST_MUST;
/* Writes deltas, declarations and scopes. */
int nd_dirty_flush(struct nd_store *s, struct st_err *err) ST_MUST;
/* Counters of a scope; made when new. ST_NOMEM. */
int nd_scope_of(struct nd_store *s, uint64_t scope, struct nd_scope **out) ST_MUST;
/* Something written by the scope's own people has come. */
void nd_scope_heard(struct nd_store *s, const struct sc_log_key *key, uint64_t wall_ms,
                    uint64_t received_ms);
/* The stored row; ST_NOTFOUND. */
int nd_subject_in(struct nd_store *s, const struct sc_id *sid, uint64_t scope,
                  struct nd_subject *out, struct st_err *err) ST_MUST;
int nd_scopes_load(struct nd_store *s, struct st_err *err) ST_MUST;
void nd_dirty_release(struct nd_store *s);

/* ---- store_fold ---- */
void nd_subject_row(sqlite3_stmt *q, struct nd_subject *out);
void nd_facts_init(struct nd_store *s);
void nd_facts_release(struct nd_store *s);
/* Loads s->facts: every fact of the subject, decoded, with roles. */
int nd_facts_load(struct nd_store *s, const struct nd_subject *subject, struct st_err *err) ST_MUST;
int nd_project(struct nd_store *s, const struct nd_subject *subject, struct nd_projection *out,
               struct st_err *err) ST_MUST;
/* Folds and writes the row, its indexes and the counters' differences. */
int nd_fold_subject(struct nd_store *s, struct nd_dirty *d, struct st_err *err) ST_MUST;

/* Equal but for the place among subjects. */
bool nd_subject_same(const struct nd_subject *a, const struct nd_subject *b);
/* Adds what the row counts for to s->grids. ST_NOMEM. */
int nd_count_subject(struct nd_store *s, const struct nd_subject *row) ST_MUST;

/* ---- store_auth ---- */
/* Builds the evaluation from what is stored. */
int nd_auth_load(struct nd_store *s, struct st_err *err) ST_MUST;
int nd_auth_build(struct nd_store *s, bool from_entries, struct sc_authority **out,
                  struct st_err *err) ST_MUST;
/* Form of an authority record; ST_OK for other types. ST_NOMEM, else why it goes into quarantine.
 */
int nd_auth_form(uint64_t type, struct cr_span body, struct st_err *err) ST_MUST;
/* Whether the run may be stored where nd_log_place put it: ST_DENIED. */
int nd_auth_run(struct nd_store *s, const struct nd_run *r, const struct nd_log *l,
                const struct nd_logs *logs, uint64_t bytes, struct st_err *err) ST_MUST;
/* store_passed.c: the entry is known to lie on the way to one that is named. */
bool nd_passed_named(const struct nd_store *s, const struct cr_hash *log_id, uint64_t seq,
                     const struct cr_hash *chain);
uint64_t nd_passed_serial(const struct nd_store *s); /* grows with what becomes known so */
void nd_passed_free(struct nd_store *s);
/* A row was added (parent: its number), an entry was stored. */
int nd_auth_branch(struct nd_store *s, const struct nd_log *l, uint32_t parent,
                   struct st_err *err) ST_MUST;
int nd_auth_entry(struct nd_store *s, const struct nd_admit *a, uint32_t branch,
                  struct st_err *err) ST_MUST;
/* Answers are up to date afterwards; what changed is remembered until nd_auth_spread. */
void nd_auth_settle(struct nd_store *s);
/* The evaluation against one made from the entries alone; findings to say. */
int nd_check_authority(struct nd_store *s, void (*say)(void *arg, const char *line), void *arg,
                       struct st_err *err) ST_MUST;
/* Of a stored entry, whose row nd_log_slot has just looked up; settled. */
enum sc_standing nd_auth_standing(struct nd_store *s, uint64_t handle, const struct sc_auth_at *at);
/* A revocation binds, and no named path may lead over the entry. */
bool nd_auth_refuses_ahead(struct nd_store *s, const struct sc_log_key *key, uint64_t seq,
                           const struct cr_hash *id);
/* Of an entry ahead of its log. ST_NOMEM and what reading gives. */
int nd_auth_standing_ahead(struct nd_store *s, const struct nd_prov *p, enum sc_standing *out,
                           struct st_err *err) ST_MUST;

/* ---- store_spread ---- */
/* Marks the subjects of what has changed, and counts again what is held. */
int nd_auth_spread(struct nd_store *s, struct st_err *err) ST_MUST;
/* Marks the subjects of all provisional entries. */
int nd_mark_provs(struct nd_store *s, struct st_err *err) ST_MUST;

/* ---- store_policy ---- */
/* After nd_auth_load. */
int nd_policy_load(struct nd_store *s, struct st_err *err) ST_MUST;
void nd_policy_release(struct nd_store *s);
/* A record of type POLICY in street/public, checked. */
int nd_policy_admit(struct nd_store *s, const struct nd_admit *a, struct st_err *err) ST_MUST;
/* After nd_auth_spread: marks what policies and authority of this transaction may change. */
int nd_policy_spread(struct nd_store *s, struct st_err *err) ST_MUST;

/* ---- store_view ---- */
void nd_view_init(struct nd_store *s);

/* ---- store_peer ---- */
int nd_each_common(void *arg, const struct cr_sign_pk *peer,
                   int (*cb)(void *cb_arg, const struct sy_common *c), void *cb_arg) ST_MUST;

/* ---- store_rebuild ---- */
int nd_rebuild(struct nd_store *s, struct st_err *err) ST_MUST;
/* At opening: when another version of the program made the rows. */
int nd_rebuild_if_stale(struct nd_store *s, struct st_err *err) ST_MUST;

/* ---- store_held ---- */
void nd_history_row(const struct nd_facts *f, size_t i, struct nd_history_row *row);

/* ---- store_preview ---- */
void nd_preview_end(struct nd_store *s);
/* The open transaction brought the entry; ST_OK without a preview. */
int nd_preview_fresh(struct nd_store *s, int64_t no) ST_MUST;
/* nd_project, telling what is different from before. */
int nd_preview_subject(struct nd_store *s, const struct nd_subject *subject,
                       struct nd_projection *out, struct st_err *err) ST_MUST;

/* ---- store_query ---- */
/* First column of all rows into *out (initialised here; to be released in any case). */
int nd_collect(struct nd_store *s, sqlite3_stmt *q, struct cr_buf *out, struct st_err *err) ST_MUST;
/* The subject that an id names: known to the transaction or stored, preferring one that shows. */
int nd_subject_find(struct nd_store *s, const struct sc_id *sid, struct nd_subject *out,
                    struct st_err *err) ST_MUST;
int nd_subject_get(struct nd_store *s, int64_t id, struct nd_subject *out,
                   struct st_err *err) ST_MUST;

#endif
