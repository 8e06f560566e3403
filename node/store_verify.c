/* The full check: the file, every chain and signature, and every projection against its facts. */
#include "node/store_int.h"

#include "crypto/base/assert.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    struct nd_store *s;
    struct nd_verify *out;
    void (*report)(void *arg, const char *line);
    void *arg;
    struct st_err *err;
    bool rebuild;
};

static void finding(struct check *c, const char *what, uint64_t a, uint64_t b)
{
    char line[160];
    c->out->findings++;
    (void)snprintf(line, sizeof line, "%s (%" PRIu64 ", %" PRIu64 ")", what, a, b);
    if (c->report != NULL)
        c->report(c->arg, line);
}

static int check_file(struct check *c)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(c->s->db, "PRAGMA integrity_check(20)", -1, &st, NULL) != SQLITE_OK)
        return nd_sql_status(c->s, c->err, "check");
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(st, 0);
        if (text != NULL && strcmp(text, "ok") != 0) {
            c->out->findings++;
            if (c->report != NULL)
                c->report(c->arg, text);
        }
    }
    (void)sqlite3_finalize(st);
    return ST_OK;
}

/* ---- chains ---- */

static int check_signature(struct check *c, const struct sy_log *log, uint64_t seq,
                           const struct cr_hash *chain, bool *held)
{
    sqlite3_stmt *st = nd_sql(c->s, ND_SQL_CKPT_AT, c->err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", log->handle);
    nd_bind_u64(st, ":seq", seq);
    int rc = nd_sql_row(c->s, st, c->err);
    *held = rc == ST_OK;
    if (rc == ST_NOTFOUND)
        return ST_OK;
    if (rc != ST_OK)
        return rc;
    struct cr_sig sig;
    bool good =
        nd_col_fixed(st, 1, sig.b, CR_SIG_BYTES) &&
        sc_checkpoint_verify(&log->key.author, &c->s->net, &log->id, seq, chain, &sig) == ST_OK;
    nd_sql_done(st);
    c->out->signatures++;
    if (!good)
        finding(c, "signature of a checkpoint does not verify: log, seq", log->handle, seq);
    return ST_OK;
}

/* One stored row extends the chain; false when it does not. */
static bool extends(sqlite3_stmt *st, struct sc_link *link)
{
    struct sc_header h;
    struct cr_hash hash, stored;
    struct cr_span payload = nd_col_blob(st, 8);
    uint64_t bytes = payload.n;
    if (payload.n > 0)
        sc_payload_hash(payload, &hash);
    else if (nd_col_fixed(st, 9, hash.b, CR_HASH_BYTES))
        bytes = nd_col_u64(st, 10);
    else
        return false;
    return nd_col_u64(st, 1) == link->seq_next &&
           sc_link_extend(link, nd_col_u64(st, 2), nd_col_u64(st, 3), &hash, bytes, &h) == ST_OK &&
           nd_col_fixed(st, 7, stored.b, CR_HASH_BYTES) && cr_hash_equal(&stored, &link->chain);
}

static int check_log(struct check *c, const struct sy_log *log)
{
    struct cr_hash id;
    struct sc_link link;
    sc_log_id(&c->s->net, &log->key, &id);
    if (!cr_hash_equal(&id, &log->id))
        finding(c, "id of a log does not fit its author, scope and incarnation: log", log->handle,
                0);
    sc_link_start(&log->id, &link);
    sqlite3_stmt *st = nd_sql(c->s, ND_SQL_LOG_ENTRIES, c->err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", log->handle);
    int rc;
    bool held = false;
    while ((rc = nd_sql_row(c->s, st, c->err)) == ST_OK) {
        if (!extends(st, &link)) {
            finding(c, "chain is broken: log, seq", log->handle, link.seq_next);
            nd_sql_done(st);
            return ST_OK;
        }
        c->out->entries++;
        rc = check_signature(c, log, link.seq_next - 1, &link.chain, &held);
        if (rc != ST_OK) {
            nd_sql_done(st);
            return rc;
        }
    }
    if (rc != ST_NOTFOUND)
        return rc;
    if (link.seq_next != log->link.seq_next || !cr_hash_equal(&link.chain, &log->link.chain) ||
        !held)
        finding(c, "head of a log is not its last entry or is not signed: log, seq", log->handle,
                link.seq_next);
    return ST_OK;
}

/* Logs are read into memory first: checking runs other statements. */
struct logs {
    struct sy_log *log;
    size_t n, cap;
};

static int take_log(void *arg, const struct sy_log *log)
{
    struct logs *l = (struct logs *)arg;
    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 64 : l->cap * 2;
        struct sy_log *grown = (struct sy_log *)realloc(l->log, cap * sizeof *grown);
        if (grown == NULL)
            return ST_NOMEM;
        l->log = grown;
        l->cap = cap;
    }
    l->log[l->n++] = *log;
    return ST_OK;
}

static int check_logs(struct check *c)
{
    struct logs l = {.log = NULL};
    int rc = c->s->view.each_log(c->s, take_log, &l);
    if (rc != ST_OK)
        (void)st_fail(c->err, (enum st_code)rc, "store: the table of logs cannot be read");
    for (size_t i = 0; rc == ST_OK && i < l.n; i++)
        rc = check_log(c, &l.log[i]);
    c->out->logs = l.n;
    free(l.log);
    return rc;
}

/* ---- projections ---- */

/* Everything derived goes, every subject is dirty: the fold of the transaction builds it anew. */
static int clear_derived(struct nd_store *s, struct st_err *err)
{
    int rc =
        nd_sql_exec(s,
                    "DELETE FROM hazard; DELETE FROM record; DELETE FROM link; DELETE FROM ext;"
                    "DELETE FROM grid; DELETE FROM scope;",
                    err);
    sqlite3_stmt *st = rc == ST_OK ? nd_sql(s, ND_SQL_SUBJECT_ALL, err) : NULL;
    if (st == NULL)
        return rc == ST_OK ? ST_IO : rc;
    while ((rc = nd_sql_row(s, st, err)) == ST_OK)
        if (nd_dirty_add(&s->dirty, sqlite3_column_int64(st, 0)) != ST_OK) {
            nd_sql_done(st);
            return st_fail(err, ST_NOMEM, "store: out of memory");
        }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

/* Hash over the rows of everything derived, zero counters left out (a counter that went up and down
 * again leaves its row). */
static int derived_hash(struct nd_store *s, struct cr_hash *out, struct st_err *err)
{
    static const char *const queries[] = {
        "SELECT 'h', subject, grid, state, severity, flags, deadline, code, item FROM hazard ORDER "
        "BY subject",
        "SELECT 'r', subject, type, grid, flags, item FROM record ORDER BY subject",
        "SELECT 'l', a, b, subject FROM link ORDER BY a, b, subject",
        "SELECT 'e', scope, ext, sid FROM ext ORDER BY scope, ext, sid",
        "SELECT 'g', * FROM grid WHERE open OR dated OR closed OR emergency OR severe OR conflict "
        "OR visits"
        " OR places ORDER BY code",
        "SELECT 's', scope, sum FROM scope WHERE sum <> zeroblob(32) ORDER BY scope",
    };
    memset(out, 0, sizeof *out);
    for (size_t q = 0; q < sizeof queries / sizeof queries[0]; q++) {
        sqlite3_stmt *st = NULL;
        if (sqlite3_prepare_v2(s->db, queries[q], -1, &st, NULL) != SQLITE_OK)
            return nd_sql_status(s, err, "check");
        int rc;
        while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(st); i++) {
                struct cr_span v = nd_col_blob(st, i);
                cr_hash2(CR_TAG_FOLD, cr_hash_span(out), v, out);
            }
        }
        (void)sqlite3_finalize(st);
        if (rc != SQLITE_DONE)
            return nd_sql_status(s, err, "check");
    }
    return ST_OK;
}

/* Rebuilds in a transaction and compares; kept or rolled back. */
static int check_projections(struct check *c)
{
    struct nd_store *s = c->s;
    struct cr_hash before, after;
    int rc = derived_hash(s, &before, c->err);
    if (rc != ST_OK)
        return rc;
    rc = nd_store_begin(s, c->err);
    if (rc != ST_OK)
        return rc;
    rc = clear_derived(s, c->err);
    c->out->subjects = s->dirty.count;
    if (rc == ST_OK)
        rc = nd_fold_dirty(s, c->err);
    if (rc == ST_OK)
        rc = derived_hash(s, &after, c->err);
    if (rc == ST_OK && !cr_hash_equal(&before, &after))
        finding(c, "projections differ from what the entries give: subjects", c->out->subjects, 0);
    if (rc == ST_OK && c->rebuild)
        rc = nd_store_commit(s, c->err);
    if (rc != ST_OK || !c->rebuild)
        nd_store_rollback(s);
    return rc;
}

int nd_store_verify(struct nd_store *s, bool rebuild, struct nd_verify *out,
                    void (*report)(void *arg, const char *line), void *arg, struct st_err *err)
{
    struct check c = {
        .s = s, .out = out, .report = report, .arg = arg, .err = err, .rebuild = rebuild};
    memset(out, 0, sizeof *out);
    int rc = check_file(&c);
    if (rc == ST_OK)
        rc = check_logs(&c);
    if (rc == ST_OK && !s->read_only)
        rc = check_projections(&c);
    if (rc != ST_OK)
        return rc;
    return out->findings == 0 ? ST_OK
                              : st_fail(err, ST_CORRUPT, "%" PRIu64 " findings", out->findings);
}
