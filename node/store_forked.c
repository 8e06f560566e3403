/* What of an author a fork holds, for the author to adopt. */
#include "node/store_held.h"

#include "node/store_int.h"

/* Next row of a log of the author after *l. ST_NOTFOUND. */
static int next_log(struct nd_store *s, const struct cr_sign_pk *author, struct nd_log *l,
                    struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_OF_AUTHOR, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":author", author->b, sizeof author->b);
    nd_bind_u64(q, ":id", l->handle);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    rc = nd_log_row(q, l);
    nd_sql_done(q);
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "a row of the table of logs");
}

/* Columns of ENTRY_RANGE. What has lost its payload is no record of authority: those keep theirs.
 */
static bool may_be_adopted(uint64_t scope, sqlite3_stmt *q)
{
    uint64_t flags = nd_col_u64(q, 1);
    struct sc_payload p;

    if ((flags & ND_EF_QUARANTINE) != 0)
        return false;
    if (scope != SC_SCOPE_PUBLIC || (flags & ND_EF_PRUNED) != 0)
        return true;
    return sc_payload_decode(nd_col_span(q, 6), &p, NULL) == ST_OK && p.type != SC_R_CERT &&
           p.type != SC_R_CUT && p.type != SC_R_ADOPT;
}

static int take(struct nd_store *s, const struct nd_log *l, sqlite3_stmt *q, struct cr_buf *entries)
{
    struct sc_auth_at at = {.key = l->key, .branch = l->branch};
    struct sc_adopt_entry e = {.seq = nd_entry_seq(sqlite3_column_int64(q, 0))};

    if (!nd_col_fixed(q, 5, e.entry_id.b, sizeof e.entry_id.b))
        return ST_CORRUPT;
    at.seq = e.seq;
    at.entry_id = e.entry_id;
    if (sc_authority_standing(s->auth, &at) != SC_HELD_FORK || !may_be_adopted(l->key.scope, q))
        return ST_OK;
    return sc_adopt_put(entries, &e);
}

static int of_branch(struct nd_store *s, const struct nd_log *l, struct cr_buf *entries,
                     struct st_err *err)
{
    uint64_t from = sc_authority_limit(s->auth, &l->key, l->branch);
    sqlite3_stmt *q;
    int rc;

    if (from < l->first_seq)
        from = l->first_seq;
    if (from >= l->link.seq_next)
        return ST_OK;
    rc = nd_sql(s, ND_SQL_ENTRY_RANGE, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(l->handle, from));
    nd_bind_i64(q, ":to", nd_entry_no(l->handle, l->link.seq_next - 1));
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = take(s, l, q, entries);
        if (rc != ST_OK || sc_adopt_count(cr_buf_span(entries)) == SC_ADOPT_ENTRIES_MAX) {
            nd_sql_done(q);
            return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "what a fork holds");
        }
    }
    return rc;
}

int nd_store_forked(struct nd_store *s, const struct cr_sign_pk *author, struct sc_log_key *log,
                    struct cr_buf *entries, struct st_err *err)
{
    size_t before = entries->n;
    struct nd_log l = {0};
    int rc = nd_read_enter(s, err);

    if (rc != ST_OK)
        return rc;
    nd_auth_settle(s);
    while (rc == ST_OK && entries->n == before) {
        rc = next_log(s, author, &l, err);
        if (rc == ST_OK && sc_authority_fork(s->auth, &l.key) != UINT64_MAX)
            rc = of_branch(s, &l, entries, err);
    }
    nd_read_leave(s);
    if (rc == ST_OK)
        *log = l.key;
    return rc;
}
