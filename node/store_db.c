/* Statements and errors: the only place that prepares, and the translation of SQLite's codes. */
#include "node/store_int.h"

#include "crypto/base/assert.h"
#include <string.h>

static const char *const sql_text[ND_SQL_COUNT] = {
#define ND_SQL_TEXT_(name, text) [ND_SQL_##name] = text,
    ND_SQL_MAP(ND_SQL_TEXT_)
#undef ND_SQL_TEXT_
};

static enum st_code code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM: return ST_NOMEM;
    case SQLITE_FULL: return ST_FULL;
    case SQLITE_READONLY: return ST_READONLY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ST_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ST_CORRUPT;
    case SQLITE_CANTOPEN: return ST_NOTFOUND;
    case SQLITE_CONSTRAINT: return ST_CONFLICT;
    default: return ST_IO;
    }
}

int nd_sql_status(struct nd_store *s, struct st_err *err, const char *doing)
{
    int rc = s->db == NULL ? SQLITE_NOMEM : sqlite3_extended_errcode(s->db);
    return st_fail(err, code_of(rc), "store: %s: %s", doing, sqlite3_errstr(rc));
}

int nd_corrupt(struct st_err *err, const char *what)
{
    return st_fail(err, ST_CORRUPT, "store: %s", what);
}

int nd_sql_exec(struct nd_store *s, const char *sql, struct st_err *err)
{
    if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return nd_sql_status(s, err, "set up");
    return ST_OK;
}

sqlite3_stmt *nd_sql(struct nd_store *s, enum nd_sql q, struct st_err *err)
{
    if (s->stmt[q] == NULL) {
        const char *tail = NULL;
        if (sqlite3_prepare_v3(s->db, sql_text[q], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[q],
                               &tail) != SQLITE_OK) {
            (void)nd_sql_status(s, err, "prepare");
            return NULL;
        }
        CR_ASSERT(*tail == '\0');
    }
    CR_ASSERT(!sqlite3_stmt_busy(s->stmt[q]));
    return s->stmt[q];
}

void nd_sql_done(sqlite3_stmt *st)
{
    if (st != NULL) {
        (void)sqlite3_reset(st);
        (void)sqlite3_clear_bindings(st);
    }
}

int nd_sql_row(struct nd_store *s, sqlite3_stmt *st, struct st_err *err)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return ST_OK;
    int status = ST_NOTFOUND;
    if (rc != SQLITE_DONE)
        status = nd_sql_status(s, err, "read or write");
    nd_sql_done(st);
    return status;
}

int nd_sql_run(struct nd_store *s, sqlite3_stmt *st, struct st_err *err)
{
    int rc = nd_sql_row(s, st, err);
    if (rc == ST_OK)
        nd_sql_done(st);
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

static int parameter(sqlite3_stmt *st, const char *name)
{
    int i = sqlite3_bind_parameter_index(st, name);
    CR_ASSERT(i > 0);
    return i;
}

void nd_bind_u64(sqlite3_stmt *st, const char *name, uint64_t v)
{
    int64_t i;
    memcpy(&i, &v, sizeof i);
    int rc = sqlite3_bind_int64(st, parameter(st, name), i);
    CR_ASSERT(rc == SQLITE_OK);
}

/* Bound bytes are the caller's until the statement is done. */
void nd_bind_blob(sqlite3_stmt *st, const char *name, const void *p, size_t n)
{
    int rc = p == NULL ? sqlite3_bind_null(st, parameter(st, name))
                       : sqlite3_bind_blob64(st, parameter(st, name), p, n, SQLITE_STATIC);
    CR_ASSERT(rc == SQLITE_OK || rc == SQLITE_TOOBIG);
}

void nd_bind_text(sqlite3_stmt *st, const char *name, const char *text)
{
    int rc = sqlite3_bind_text(st, parameter(st, name), text, -1, SQLITE_STATIC);
    CR_ASSERT(rc == SQLITE_OK);
}

uint64_t nd_col_u64(sqlite3_stmt *st, int i)
{
    int64_t v = sqlite3_column_int64(st, i);
    uint64_t u;
    memcpy(&u, &v, sizeof u);
    return u;
}

struct cr_span nd_col_blob(sqlite3_stmt *st, int i)
{
    const void *p = sqlite3_column_blob(st, i);
    return cr_span_of(p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(st, i));
}

bool nd_col_fixed(sqlite3_stmt *st, int i, void *out, size_t n)
{
    struct cr_span b = nd_col_blob(st, i);
    if (b.n != n)
        return false;
    memcpy(out, b.p, n);
    return true;
}
