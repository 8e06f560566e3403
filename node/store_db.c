/* The connection: statements prepared once, bound by name, idle again in the function that stepped
 * them; errors; transactions.
 *
 * Failure: every SQLite error becomes a status with SQLite's own sentence. A write that fails
 * leaves the transaction to be rolled back by who began it; SQLite may have rolled back by itself,
 * which nd_store_rollback allows for. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <errno.h>
#include <string.h>

static const char *const texts[ND_SQL_COUNT] = {
#define ND_SQL_TEXT_(name, text) text,
    ND_SQL_MAP(ND_SQL_TEXT_)
#undef ND_SQL_TEXT_
};

int nd_sql_status(int sqlite_rc)
{
    switch (sqlite_rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE: return ST_OK;
    case SQLITE_NOMEM: return ST_NOMEM;
    case SQLITE_FULL: return ST_FULL;
    case SQLITE_READONLY: return ST_READONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ST_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ST_BUSY;
    case SQLITE_TOOBIG: return ST_OVERSIZE;
    default: return ST_IO;
    }
}

/* What the system said last, of the connection or one of its files: SQLite does not carry it over
 * from a failed commit. */
static int last_errno(sqlite3 *db)
{
    sqlite3_file *wal = NULL;
    int os = sqlite3_system_errno(db);

    if (os == 0)
        (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &os);
    if (os == 0 &&
        sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) == SQLITE_OK &&
        wal != NULL && wal->pMethods != NULL)
        (void)wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &os);
    return os;
}

int nd_sql_fail(struct nd_store *s, int sqlite_rc, const char *what, struct st_err *err)
{
    int rc = nd_sql_status(sqlite_rc);
    int os = rc == ST_IO && s->db != NULL ? last_errno(s->db) : 0;

    /* A limit on file sizes or a quota is a full disk to us. */
    if (rc == ST_IO && (os == ENOSPC || os == EFBIG || os == EDQUOT))
        rc = ST_FULL;
    if (rc == ST_IO && os == EROFS)
        rc = ST_READONLY;
    return st_fail(err, (enum st_code)rc, "%s: %s", what,
                   s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(sqlite_rc));
}

static int harden(struct nd_store *s)
{
    int on = 0;
    int rc = sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, &on);

    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, &on);
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 1 << 20);
    sqlite3_limit(s->db, SQLITE_LIMIT_SQL_LENGTH, 1 << 16);
    sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_extended_result_codes(s->db, 1);
    return rc;
}

int nd_sql_open(struct nd_store *s, const char *name, int flags, struct st_err *err)
{
    int rc = sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

    if (rc == SQLITE_OK)
        rc = harden(s);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(s->db, 2000);
    if (rc != SQLITE_OK) {
        rc = nd_sql_fail(s, rc, name, err);
        nd_sql_close(s);
        return rc;
    }
    rc = nd_sql_exec(s,
                     "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA cache_size = -2048;"
                     "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST",
                     err);
    if (rc != ST_OK)
        nd_sql_close(s);
    return rc;
}

void nd_sql_close(struct nd_store *s)
{
    for (size_t i = 0; i < ND_SQL_COUNT; i++) {
        CR_ASSERT(s->st[i] == NULL || !sqlite3_stmt_busy(s->st[i]));
        sqlite3_finalize(s->st[i]);
        s->st[i] = NULL;
    }
    if (s->db == NULL)
        return;
    CR_ASSERT(sqlite3_next_stmt(s->db, NULL) == NULL);
    (void)sqlite3_close(s->db);
    s->db = NULL;
}

int nd_sql_exec(struct nd_store *s, const char *text, struct st_err *err)
{
    int rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);

    return rc == SQLITE_OK ? ST_OK : nd_sql_fail(s, rc, "store", err);
}

int nd_sql(struct nd_store *s, enum nd_sql which, sqlite3_stmt **out, struct st_err *err)
{
    const char *tail = NULL;
    int rc;

    if (s->st[which] == NULL) {
        rc = sqlite3_prepare_v3(s->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, &s->st[which],
                                &tail);
        if (rc != SQLITE_OK)
            return nd_sql_fail(s, rc, "prepare", err);
        CR_ASSERT(*tail == '\0');
    }
    CR_ASSERT(!sqlite3_stmt_busy(s->st[which]));
    *out = s->st[which];
    return ST_OK;
}

void nd_sql_done(sqlite3_stmt *q)
{
    (void)sqlite3_reset(q);
    (void)sqlite3_clear_bindings(q);
}

int nd_sql_step(struct nd_store *s, sqlite3_stmt *q, struct st_err *err)
{
    int rc = sqlite3_step(q);

    if (rc == SQLITE_ROW)
        return ND_ROW;
    rc = rc == SQLITE_DONE ? ST_OK : nd_sql_fail(s, rc, "store", err);
    nd_sql_done(q);
    return rc;
}

int nd_sql_run(struct nd_store *s, sqlite3_stmt *q, struct st_err *err)
{
    int rc;

    do {
        rc = nd_sql_step(s, q, err);
    } while (rc == ND_ROW);
    return rc;
}

static int parameter(sqlite3_stmt *q, const char *name)
{
    int i = sqlite3_bind_parameter_index(q, name);

    CR_ASSERT(i > 0);
    return i;
}

void nd_bind_i64(sqlite3_stmt *q, const char *name, int64_t v)
{
    int rc = sqlite3_bind_int64(q, parameter(q, name), v);

    CR_ASSERT(rc == SQLITE_OK);
}

void nd_bind_u64(sqlite3_stmt *q, const char *name, uint64_t v)
{
    nd_bind_i64(q, name, (int64_t)v);
}

void nd_bind_blob(sqlite3_stmt *q, const char *name, const void *p, size_t n)
{
    int rc = sqlite3_bind_blob64(q, parameter(q, name), n > 0 ? p : "", n, SQLITE_STATIC);

    CR_ASSERT(rc == SQLITE_OK);
}

void nd_bind_text(sqlite3_stmt *q, const char *name, const char *text)
{
    int rc = text == NULL ? sqlite3_bind_null(q, parameter(q, name))
                          : sqlite3_bind_text(q, parameter(q, name), text, -1, SQLITE_STATIC);

    CR_ASSERT(rc == SQLITE_OK);
}

struct cr_span nd_col_span(sqlite3_stmt *q, int column)
{
    const void *p = sqlite3_column_blob(q, column);
    int n = sqlite3_column_bytes(q, column);

    return cr_span_of(p, p != NULL && n > 0 ? (size_t)n : 0);
}

bool nd_col_fixed(sqlite3_stmt *q, int column, void *out, size_t n)
{
    struct cr_span v = nd_col_span(q, column);

    if (v.n != n)
        return false;
    memcpy(out, v.p, n);
    return true;
}

void nd_col_text(sqlite3_stmt *q, int column, char *out, size_t out_bytes)
{
    struct cr_span v = nd_col_span(q, column);
    size_t n = v.n < out_bytes ? v.n : out_bytes - 1;

    if (n > 0)
        memcpy(out, v.p, n);
    out[n] = '\0';
}

/* ---- transactions ---- */

int nd_txn_begin_at(struct nd_store *s, const char *file, int line, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc;

    if (s->read_only)
        return st_fail(err, ST_READONLY, "the store is open for reading only");
    if (s->in_txn || s->readers > 0)
        return st_fail(err, ST_STATE, "a transaction is open since %s:%d",
                       s->txn_file != NULL ? s->txn_file : "a reader", s->txn_line);
    rc = s->auth_stale ? nd_store_load(s, true, err) : ST_OK;
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_BEGIN, &q, err);
    if (rc == ST_OK)
        rc = nd_sql_run(s, q, err);
    if (rc != ST_OK)
        return rc;
    s->in_txn = true;
    s->auth_touched = s->auth_news = s->policy_touched = false;
    s->txn_file = file;
    s->txn_line = line;
    return ST_OK;
}

int nd_store_begin(struct nd_store *s, struct st_err *err)
{
    return nd_txn_begin(s, err);
}

/* Leaves no transaction open and nothing of it in memory. */
void nd_store_rollback(struct nd_store *s)
{
    sqlite3_stmt *q;

    if (!s->in_txn)
        return;
    s->in_txn = false;
    s->txn_file = NULL;
    nd_preview_end(s);
    nd_dirty_clear(s);
    cr_buf_clear(&s->changed);
    if (!sqlite3_get_autocommit(s->db) && nd_sql(s, ND_SQL_ROLLBACK, &q, NULL) == ST_OK) {
        int rc = nd_sql_run(s, q, NULL);

        CR_ASSERT(rc == ST_OK || sqlite3_get_autocommit(s->db));
    }
    /* What memory holds came from the database, or must come from it again. If it cannot be read
     * now, it is before the next transaction or reading, or these fail. */
    s->auth_stale = s->auth_stale || s->auth_touched || s->policy_touched;
    if (nd_store_load(s, s->auth_stale, NULL) != ST_OK)
        s->auth_stale = true;
}

static int commit(struct nd_store *s, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_COMMIT, &q, err);

    if (rc == ST_OK)
        rc = nd_sql_run(s, q, err);
    if (rc != ST_OK)
        return rc;
    s->in_txn = false;
    s->txn_file = NULL;
    nd_dirty_clear(s);
    cr_buf_clear(&s->changed);
    s->auth_serial += s->auth_news;
    s->auth_touched = s->auth_news = false;
    return ST_OK;
}

int nd_store_commit(struct nd_store *s, struct st_err *err)
{
    int rc;

    if (!s->in_txn || s->preview != NULL)
        return st_fail(err, ST_STATE, "no transaction is open that can be committed");
    rc = nd_auth_spread(s, err);
    if (rc == ST_OK)
        rc = nd_policy_spread(s, err);
    if (rc == ST_OK)
        rc = nd_dirty_fold(s, err);
    if (rc == ST_OK)
        rc = nd_dirty_flush(s, err);
    if (rc == ST_OK)
        rc = commit(s, err);
    return rc != ST_OK ? st_wrap(err, rc, "commit") : ST_OK;
}

int nd_write_enter(struct nd_store *s, bool hint, struct nd_write *w, struct st_err *err)
{
    int rc = ST_OK;

    *w = (struct nd_write){0};
    if (s->in_txn)
        return ST_OK;
    w->own = true;
    w->hint = hint;
    if (hint && !s->read_only && s->readers == 0)
        rc = nd_sql_exec(s, "PRAGMA synchronous = NORMAL", err);
    if (rc == ST_OK)
        rc = nd_txn_begin(s, err);
    if (rc != ST_OK && hint && sqlite3_get_autocommit(s->db))
        (void)!nd_sql_exec(s, "PRAGMA synchronous = FULL", NULL);
    return rc;
}

int nd_write_leave(struct nd_store *s, struct nd_write *w, int rc, struct st_err *err)
{
    if (!w->own)
        return rc;
    if (rc == ST_OK)
        rc = commit(s, err);
    if (rc != ST_OK)
        nd_store_rollback(s);
    if (w->hint && !s->read_only && sqlite3_get_autocommit(s->db)) {
        int back = nd_sql_exec(s, "PRAGMA synchronous = FULL", rc == ST_OK ? err : NULL);

        rc = rc == ST_OK ? back : rc;
    }
    return rc;
}

/* A reading connection beside a writer loads its memory again when the data has changed. */
static int refresh(struct nd_store *s, struct st_err *err)
{
    sqlite3_stmt *q;
    uint32_t version = 0;
    int rc = nd_sql(s, ND_SQL_DATA_VERSION, &q, err);

    if (rc == ST_OK)
        rc = nd_sql_step(s, q, err);
    if (rc == ND_ROW) {
        version = (uint32_t)nd_col_u64(q, 0);
        nd_sql_done(q);
        rc = ST_OK;
    }
    if (rc == ST_OK && version != s->data_version)
        rc = nd_store_load(s, true, err);
    if (rc == ST_OK)
        s->data_version = version;
    return rc;
}

int nd_read_enter(struct nd_store *s, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc;

    if (s->in_txn) {
        rc = nd_auth_spread(s, err);
        return rc == ST_OK ? nd_dirty_fold(s, err) : rc;
    }
    if (s->auth_stale && s->readers == 0) {
        rc = nd_store_load(s, true, err);
        if (rc != ST_OK)
            return rc;
    }
    if (s->readers == 0) {
        rc = nd_sql(s, ND_SQL_BEGIN_READ, &q, err);
        if (rc == ST_OK)
            rc = nd_sql_run(s, q, err);
        if (rc != ST_OK)
            return rc;
    }
    s->readers++;
    rc = s->read_only && s->readers == 1 ? refresh(s, err) : ST_OK;
    if (rc != ST_OK)
        nd_read_leave(s);
    return rc;
}

void nd_read_leave(struct nd_store *s)
{
    sqlite3_stmt *q;

    if (s->in_txn)
        return;
    CR_ASSERT(s->readers > 0);
    if (--s->readers == 0 && !sqlite3_get_autocommit(s->db) &&
        nd_sql(s, ND_SQL_COMMIT, &q, NULL) == ST_OK)
        (void)!nd_sql_run(s, q, NULL);
}
