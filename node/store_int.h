/* Inner parts of the store. One connection, prepared statements kept for its life; everything is
 * reached through struct nd_store. */
#ifndef NODE_STORE_INT_H
#define NODE_STORE_INT_H

#include "node/store.h"
#include "node/store_sql.h"
#include <sqlite3.h>

enum nd_entry_flag {
    ND_EF_QUARANTINED = 1, /* breaks the catalogue: kept, shown, never folded */
    ND_EF_URGENT = 2,
};

/* Subjects to fold again before the transaction ends: a set of row numbers, open addressing. */
struct nd_dirty {
    int64_t *slot; /* 0: empty (row numbers start at 1) */
    size_t cap, count;
};

/* What the accepted certificates of one author add up to: changes when they do. */
struct nd_cert_sum {
    struct cr_sign_pk author;
    struct cr_hash sum;
};

struct nd_store {
    sqlite3 *db;
    sqlite3_stmt *stmt[ND_SQL_COUNT];
    int lock_fd;
    bool read_only, in_tx, clean_marked, was_unclean;
    char dir[400];
    struct sc_genesis genesis;
    struct cr_hash net;
    struct sc_certs *certs;
    bool certs_changed; /* since the transaction began */
    size_t scope_count;
    uint64_t scopes[SC_SCOPES_MAX];
    uint64_t incarnation;
    uint64_t lamport; /* greatest stored */
    struct sy_view view;
    struct nd_dirty dirty;
    struct cr_buf facts;          /* scratch of folds: payloads of one subject */
    struct cr_buf state;          /* scratch of folds: canonical state */
    struct nd_cert_sum *cert_sum; /* ascending author; valid while cert_sums_valid */
    size_t cert_sum_count, cert_sum_cap;
    bool cert_sums_valid;
};

struct nd_subject {
    int64_t row;
    struct sc_id id;
    uint64_t scope, type; /* type of the creating record, 0 while it has not arrived */
};

/* ---- store_db.c ---- */
/* The prepared statement, reset and unbound. NULL only on failure; err is filled. */
sqlite3_stmt *nd_sql(struct nd_store *s, enum nd_sql q, struct st_err *err);
/* Steps a statement that gives no rows, and resets it. */
int nd_sql_run(struct nd_store *s, sqlite3_stmt *st, struct st_err *err) ST_MUST;
/* Steps: ST_OK with a row, ST_NOTFOUND at the end (reset), else the failure (reset). */
int nd_sql_row(struct nd_store *s, sqlite3_stmt *st, struct st_err *err) ST_MUST;
void nd_sql_done(sqlite3_stmt *st); /* reset and unbind */
int nd_sql_exec(struct nd_store *s, const char *sql, struct st_err *err) ST_MUST;
int nd_sql_status(struct nd_store *s, struct st_err *err, const char *doing);
void nd_bind_u64(sqlite3_stmt *st, const char *name, uint64_t v);
void nd_bind_blob(sqlite3_stmt *st, const char *name, const void *p, size_t n);
void nd_bind_text(sqlite3_stmt *st, const char *name, const char *text);
uint64_t nd_col_u64(sqlite3_stmt *st, int i);
struct cr_span nd_col_blob(sqlite3_stmt *st, int i);
/* Copies exactly n bytes; false when the column holds another number of bytes (damage). */
bool nd_col_fixed(sqlite3_stmt *st, int i, void *out, size_t n);
int nd_corrupt(struct st_err *err, const char *what);

/* ---- store_open.c ---- */
/* Reads all certificates from the entries into a new set. */
int nd_certs_load(struct nd_store *s, struct st_err *err) ST_MUST;

/* ---- store_meta.c ---- */
int nd_scopes_load(struct nd_store *s, struct st_err *err) ST_MUST;

/* ---- store_cert.c ---- */
/* Sum over the entry ids of the author's accepted certificates (zero: none). ST_NOMEM. */
int nd_cert_sum(struct nd_store *s, const struct cr_sign_pk *author, struct cr_hash *out) ST_MUST;
/* After certificates were added: the subjects of every log whose author's certificates changed are
 * marked dirty. */
int nd_certs_spread(struct nd_store *s, struct st_err *err) ST_MUST;

/* ---- store_fold.c ---- */
int nd_dirty_add(struct nd_dirty *d, int64_t row) ST_MUST;
void nd_dirty_clear(struct nd_dirty *d);
/* Folds every dirty subject again and brings projections and counters up to date. */
int nd_fold_dirty(struct nd_store *s, struct st_err *err) ST_MUST;
/* Facts of one subject, spans into s->facts; *facts is owned by the caller (free). */
int nd_load_facts(struct nd_store *s, const struct nd_subject *subj, struct sc_fact **facts,
                  size_t *n, struct st_err *err) ST_MUST;
/* Grid that the creating fact names; 0 when it names none or is not there. */
uint64_t nd_facts_grid(const struct sc_fact *facts, size_t n);
int nd_subject_get(struct nd_store *s, int64_t row, struct nd_subject *out,
                   struct st_err *err) ST_MUST;

/* Projection of one subject, the same whether just folded or read from the tables. */
struct nd_proj {
    bool any;
    uint64_t type, grid, state, severity, flags, deadline_ms;
    struct cr_span code, ext;
    struct cr_hash item; /* H(fold, subject ‖ state) */
};
/* Computes it from facts (spans borrow from them). */
int nd_project(struct nd_store *s, const struct nd_subject *subj, const struct sc_fact *facts,
               size_t n, struct nd_proj *out, struct st_err *err) ST_MUST;

/* ---- store_view.c ---- */
void nd_view_init(struct nd_store *s);
int nd_read_log(sqlite3_stmt *st, struct sy_log *out) ST_MUST; /* columns of ND_SQL_LOG_… */

#endif
