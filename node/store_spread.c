/* What a change of authority makes fold again: the subjects of the entries it names are marked, and
 * what of a branch is held is counted again. Before the commit, in the same transaction. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <string.h>

#define SAME_AUTHOR_BACK 32 /* changes looked through for the same author */

static int mark_entry(struct nd_store *s, sqlite3_stmt *q, int chain, uint64_t scope,
                      struct st_err *err)
{
    struct sc_payload p;
    struct cr_hash id;
    struct sc_id sid;
    uint32_t index;
    int rc = sc_payload_decode(nd_col_span(q, chain + 1), &p, err);

    if (rc != ST_OK || !nd_col_fixed(q, chain, id.b, sizeof id.b))
        return st_fail(err, ST_CORRUPT, "a stored entry does not decode");
    sid = p.has_subject ? p.subject : sc_id_of(&id);
    return nd_dirty_subject(s, &sid, scope, &index, err);
}

/* Subjects of the row's entries from..to - 1. */
static int mark_range(struct nd_store *s, const struct nd_log *l, uint64_t from, uint64_t to,
                      struct st_err *err)
{
    sqlite3_stmt *q;
    int rc;

    if (from >= SC_SEQ_MAX || from >= to)
        return ST_OK;
    rc = nd_sql(s, ND_SQL_ENTRY_RANGE, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(l->handle, from));
    nd_bind_i64(q, ":to", nd_entry_no(l->handle, to < SC_SEQ_MAX ? to - 1 : SC_SEQ_MAX - 1));
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        if ((nd_col_u64(q, 1) & ND_EF_MUTE) != 0)
            continue;
        rc = mark_entry(s, q, 5, l->key.scope, err);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return rc;
        }
    }
    return rc;
}

static int spread_log(struct nd_store *s, const struct sc_auth_change *c, struct st_err *err)
{
    struct nd_logs *logs = &s->logs;
    struct cr_hash id;
    int rc;

    sc_log_id(&s->net, &c->key, &id);
    rc = nd_log_find(s, &id, logs, err);
    if (rc != ST_OK || c->branch >= logs->count)
        return rc;
    rc = mark_range(s, &logs->e[c->branch], c->from_seq, c->to_seq, err);
    return rc == ST_OK ? nd_log_recount(s, &logs->e[c->branch], false, err) : rc;
}

static int spread_entries(struct nd_store *s, const struct sc_auth_change *c, struct st_err *err)
{
    struct nd_log l = {.key = c->key};
    struct sc_adopt_entry e;
    uint32_t branch;
    struct cr_hash id;
    int rc = ST_OK;

    sc_log_id(&s->net, &c->key, &id);
    for (size_t i = 0; rc == ST_OK && i < sc_adopt_count(c->entries); i++) {
        sc_adopt_at(c->entries, i, &e);
        rc = nd_entry_locate(s, &id, e.seq, &e.entry_id, &branch, &l.handle, err);
        if (rc == ST_OK)
            rc = mark_range(s, &l, e.seq, e.seq + 1, err);
        else if (rc == ST_NOTFOUND)
            rc = ST_OK;
    }
    return rc;
}

static int spread_author(struct nd_store *s, const struct cr_sign_pk *author, struct st_err *err)
{
    struct nd_log l = {0};
    sqlite3_stmt *q;
    int rc;

    for (;;) {
        rc = nd_sql(s, ND_SQL_LOG_OF_AUTHOR, &q, err);
        if (rc != ST_OK)
            return rc;
        nd_bind_blob(q, ":author", author->b, sizeof author->b);
        nd_bind_u64(q, ":id", l.handle);
        rc = nd_sql_step(s, q, err);
        if (rc != ND_ROW)
            return rc;
        rc = nd_log_row(q, &l);
        nd_sql_done(q);
        if (rc == ST_OK)
            rc = mark_range(s, &l, l.first_seq, l.link.seq_next, err);
        if (rc != ST_OK)
            return rc;
    }
}

/* Entries ahead of their log are few: all their subjects. */
int nd_mark_provs(struct nd_store *s, struct st_err *err)
{
    struct nd_subject row;
    struct nd_prov p;
    sqlite3_stmt *q;
    int64_t after = 0;
    int rc = ST_OK;

    while (rc == ST_OK && s->prov_count > 0) {
        rc = nd_sql(s, ND_SQL_PROV_EACH, &q, err);
        if (rc != ST_OK)
            return rc;
        nd_bind_i64(q, ":id", after);
        rc = nd_sql_step(s, q, err);
        if (rc != ND_ROW)
            return rc;
        rc = nd_prov_row(q, &p);
        nd_sql_done(q);
        after = p.id;
        if (rc != ST_OK || p.subject == 0)
            continue;
        rc = nd_subject_get(s, p.subject, &row, err);
        if (rc == ST_OK)
            rc = nd_dirty_row(s, &row, err);
        else if (rc == ST_NOTFOUND)
            rc = ST_OK; /* new in this transaction, dirty already */
    }
    return rc;
}

static bool just_done(const struct nd_store *s, size_t at, const struct cr_sign_pk *author)
{
    struct sc_auth_change c;

    for (size_t back = 0; back < SAME_AUTHOR_BACK && at >= sizeof c; back++) {
        at -= sizeof c;
        memcpy(&c, s->changed.p + at, sizeof c);
        if (c.kind == SC_AUTH_AUTHOR && cr_sign_pk_equal(&c.key.author, author))
            return true;
    }
    return false;
}

static int spread_change(struct nd_store *s, size_t at, struct st_err *err)
{
    struct sc_auth_change c;

    memcpy(&c, s->changed.p + at, sizeof c);
    switch (c.kind) {
    case SC_AUTH_LOG: return spread_log(s, &c, err);
    case SC_AUTH_ENTRIES: return spread_entries(s, &c, err);
    case SC_AUTH_AUTHOR: break;
    }
    return just_done(s, at, &c.key.author) ? ST_OK : spread_author(s, &c.key.author, err);
}

int nd_auth_spread(struct nd_store *s, struct st_err *err)
{
    int rc = ST_OK;

    nd_auth_settle(s);
    if (s->changed_lost)
        return st_fail(err, ST_NOMEM, "authority: out of memory");
    for (size_t at = 0; rc == ST_OK && at < s->changed.n; at += sizeof(struct sc_auth_change))
        rc = spread_change(s, at, err);
    if (rc == ST_OK && s->auth_news)
        rc = nd_mark_provs(s, err);
    if (rc == ST_OK)
        cr_buf_clear(&s->changed);
    return rc != ST_OK ? st_wrap(err, rc, "authority") : ST_OK;
}
