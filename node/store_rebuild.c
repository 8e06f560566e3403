/* Everything made of entries, made again from them, in one transaction: facts, authority,
 * quarantine, rows, counters. Used by verify, and at opening when the catalogue has changed, so
 * that entries of types and suites that were unknown come to count. Failure: all is as before. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <string.h>

#define KEY_MADE_BY "@made-by"

/* Raised whenever folds or rows change their meaning. */
#define FOLD_VERSION 3

/* What the rows were made by: this program's catalogue and folds, and the suites it can read. */
static int made_by(struct cr_hash *out)
{
    const struct sc_record *rec;
    struct sc_writer w;
    struct cr_buf b;
    int rc;

    cr_buf_init(&b, 1u << 20);
    sc_writer_init(&w, &b);
    sc_write_u64(&w, FOLD_VERSION);
    for (uint64_t suite = 1; suite <= SC_SUITE_MAX; suite++)
        if (sc_suite_known(suite))
            sc_write_u64(&w, suite);
    for (size_t i = 0; (rec = sc_record_at(i)) != NULL; i++) {
        sc_write_u64(&w, rec->type);
        sc_write_u64(&w, rec->version);
        sc_write_u64(&w, rec->fold);
        sc_write_u64(&w, rec->klass);
        sc_write_u64(&w, rec->where);
        sc_write_u64(&w, rec->writers);
        sc_write_u64(&w, rec->field_count);
    }
    rc = w.status;
    cr_hash1(CR_TAG_FOLD, cr_buf_span(&b), out);
    cr_buf_release(&b);
    return rc;
}

int nd_rebuild_if_stale(struct nd_store *s, struct st_err *err)
{
    struct cr_hash now;
    struct cr_buf was;
    struct nd_write w;
    int rc = made_by(&now);

    if (rc != ST_OK)
        return st_fail(err, ST_NOMEM, "catalogue");
    cr_buf_init(&was, 4096);
    rc = nd_meta_get(s, KEY_MADE_BY, &was, NULL);
    if (rc == ST_OK && cr_span_equal(cr_buf_span(&was), cr_hash_span(&now))) {
        cr_buf_release(&was);
        return ST_OK;
    }
    cr_buf_release(&was);
    if (rc != ST_OK && rc != ST_NOTFOUND)
        return st_fail(err, (enum st_code)rc, "catalogue");
    rc = s->subject_next > 1 ? nd_rebuild(s, err) : ST_OK;
    if (rc == ST_OK)
        rc = nd_write_enter(s, false, &w, err);
    if (rc == ST_OK)
        rc = nd_write_leave(s, &w, nd_meta_put(s, KEY_MADE_BY, cr_hash_span(&now), err), err);
    return rc;
}

static int set_flags(struct nd_store *s, int64_t no, uint32_t flags, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_ENTRY_FLAGS, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", no);
    nd_bind_u64(q, ":flags", flags);
    return nd_sql_run(s, q, err);
}

/* The next entry of the log from a seq on; ST_NOTFOUND past the last. One statement an entry, so
 * that flags may be written in between. */
static int next_entry(struct nd_store *s, uint64_t handle, uint64_t seq, struct nd_admit *a,
                      struct cr_hash *chain, struct cr_buf *payload, struct nd_scope *scope,
                      struct st_err *err)
{
    struct cr_span bytes;
    uint64_t wall_ms, received_ms;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_ENTRY_RANGE, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(handle, seq));
    nd_bind_i64(q, ":to", nd_entry_no(handle, SC_SEQ_MAX - 1));
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    a->no = sqlite3_column_int64(q, 0);
    a->flags = (uint32_t)nd_col_u64(q, 1);
    wall_ms = nd_col_u64(q, 3);
    received_ms = wall_ms + nd_col_u64(q, 4);
    rc = nd_col_fixed(q, 5, chain->b, sizeof chain->b) ? ST_OK : ST_CORRUPT;
    cr_buf_clear(payload);
    bytes = nd_col_span(q, 6);
    if (rc == ST_OK)
        rc = cr_buf_append(payload, bytes.p, bytes.n);
    nd_sql_done(q);
    if (scope != NULL && wall_ms > scope->wall_ms)
        scope->wall_ms = wall_ms;
    if (scope != NULL && received_ms > scope->received_ms)
        scope->received_ms = received_ms;
    return rc;
}

static int readmit_log(struct nd_store *s, const struct nd_log *l, struct st_err *err)
{
    struct nd_admit a = {.key = &l->key};
    struct nd_scope *scope, fresh = {0};
    struct cr_hash chain;
    struct cr_buf payload;
    uint64_t seq = l->first_seq;
    int rc = nd_scope_of(s, l->key.scope, &scope);

    if (rc != ST_OK)
        return rc;
    scope->logs++;
    scope->entries += l->link.seq_next - l->first_seq;
    scope->dirty = true;
    cr_buf_init(&payload, SC_PAYLOAD_MAX);
    while (rc == ST_OK) {
        uint32_t before;

        rc = next_entry(s, l->handle, seq, &a, &chain, &payload, &fresh, err);
        if (rc != ST_OK)
            break;
        before = a.flags;
        a.flags &= ~(uint32_t)ND_EF_FOUND;
        a.id = &chain;
        a.payload = cr_buf_span(&payload);
        rc = nd_admit(s, &a, err);
        if (rc == ST_OK && a.flags != before)
            rc = set_flags(s, a.no, a.flags, err);
        if (rc == ST_OK)
            rc = nd_auth_entry(s, &a, l->branch, err);
        seq = nd_entry_seq(a.no) + 1;
    }
    cr_buf_release(&payload);
    if (rc != ST_NOTFOUND)
        return rc;
    nd_scope_heard(s, &l->key, fresh.wall_ms, fresh.received_ms);
    return ST_OK;
}

static int readmit_prov(struct nd_store *s, int64_t *after, struct st_err *err)
{
    struct nd_admit a = {0};
    struct cr_buf payload;
    struct nd_prov p;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_PROV_EACH, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", *after);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    cr_buf_init(&payload, SC_PAYLOAD_MAX);
    rc = nd_prov_row(q, &p);
    if (rc == ST_OK)
        rc = cr_buf_append(&payload, p.payload.p, p.payload.n);
    nd_sql_done(q);
    *after = p.id;
    a.no = -p.id;
    a.key = &p.key;
    a.id = &p.chain;
    a.payload = cr_buf_span(&payload);
    a.flags = p.flags & ~(uint32_t)ND_EF_FOUND;
    if (rc == ST_OK)
        rc = nd_admit(s, &a, err);
    if (rc == ST_OK)
        rc = nd_prov_settle(s, p.id, &a, err);
    cr_buf_release(&payload);
    return rc;
}

static int forget(struct nd_store *s, struct st_err *err)
{
    int rc =
        nd_sql_exec(s,
                    "DELETE FROM fact; DELETE FROM subject; DELETE FROM ext; DELETE FROM link;"
                    "DELETE FROM grid; DELETE FROM scope; DELETE FROM quarantine; DELETE FROM auth;"
                    "DELETE FROM policy",
                    err);

    s->auth_stale = true; /* in case this ends in a rollback */
    if (rc == ST_OK)
        rc = nd_auth_load(s, err); /* the branches */
    if (rc == ST_OK)
        rc = nd_policy_load(s, err); /* none */
    s->auth_touched = s->auth_news = s->policy_touched = true;
    s->scope_n = 0;
    s->subject_next = 1;
    nd_dirty_clear(s);
    return rc;
}

struct pass {
    struct nd_store *s;
    bool public_logs;
};

static int readmit_pass(void *arg, const struct nd_log *l, struct st_err *err)
{
    const struct pass *p = arg;

    return (l->key.scope == SC_SCOPE_PUBLIC) == p->public_logs ? readmit_log(p->s, l, err) : ST_OK;
}

static int recount(void *arg, const struct nd_log *l, struct st_err *err)
{
    return nd_log_recount(arg, l, true, err);
}

static int readmit_all(struct nd_store *s, struct st_err *err)
{
    struct pass p = {.s = s, .public_logs = true};
    int64_t prov = 0;
    int rc = nd_log_each(s, readmit_pass, &p, err); /* certificates first: little folds twice */

    p.public_logs = false;
    if (rc == ST_OK)
        rc = nd_log_each(s, readmit_pass, &p, err);
    if (rc == ST_OK)
        rc = nd_auth_spread(s, err);
    if (rc == ST_OK)
        rc = nd_log_each(s, recount, s, err);
    while (rc == ST_OK)
        rc = readmit_prov(s, &prov, err);
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

int nd_rebuild(struct nd_store *s, struct st_err *err)
{
    int rc = nd_txn_begin(s, err);

    if (rc != ST_OK)
        return rc;
    rc = forget(s, err);
    if (rc == ST_OK)
        rc = readmit_all(s, err);
    if (rc == ST_OK)
        rc = nd_store_commit(s, err);
    if (rc != ST_OK)
        nd_store_rollback(s);
    return rc != ST_OK ? st_wrap(err, rc, "rebuild") : ST_OK;
}
