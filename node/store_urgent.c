/* Urgent entries ahead of their log: kept apart until it arrives (store_apply.c joins them). */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <string.h>

bool nd_payload_urgent(struct cr_span payload)
{
    struct sc_reader r;
    uint64_t count, type = 0;

    sc_reader_init(&r, payload);
    return sc_read_array(&r, 16, &count) == ST_OK && sc_read_u64(&r, UINT64_MAX, &type) == ST_OK &&
           type == SC_R_HAZARD_EMERGENCY;
}

/* ST_OK when it is there already. */
static int prov_at(struct nd_store *s, const struct cr_hash *log_id, uint64_t seq,
                   const struct cr_hash *chain, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_PROV_AT, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":log_id", log_id->b, sizeof log_id->b);
    nd_bind_u64(q, ":seq", seq);
    nd_bind_blob(q, ":chain", chain->b, sizeof chain->b);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    nd_sql_done(q);
    return ST_OK;
}

static int prov_of_log(struct nd_store *s, const struct cr_hash *log_id, uint64_t *count,
                       struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_PROV_OF_LOG, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":log_id", log_id->b, sizeof log_id->b);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    *count = nd_col_u64(q, 0);
    nd_sql_done(q);
    return ST_OK;
}

struct urgent {
    const struct sc_urgent *u;
    const struct cr_hash *log_id, *id;
    uint64_t received_ms;
    uint32_t flags;
};

static int add_prov(struct nd_store *s, const struct urgent *w, int64_t *id, struct st_err *err)
{
    const struct sc_urgent *u = w->u;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_PROV_ADD, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":log_id", w->log_id->b, sizeof w->log_id->b);
    nd_bind_blob(q, ":author", u->key.author.b, sizeof u->key.author.b);
    nd_bind_u64(q, ":scope", u->key.scope);
    nd_bind_u64(q, ":inc", u->key.incarnation);
    nd_bind_u64(q, ":seq", u->seq);
    nd_bind_u64(q, ":flags", w->flags);
    nd_bind_u64(q, ":lamport", u->e.lamport);
    nd_bind_u64(q, ":wall", u->e.wall_ms);
    nd_bind_i64(q, ":age", (int64_t)(w->received_ms - u->e.wall_ms));
    nd_bind_blob(q, ":before", u->chain_before.b, sizeof u->chain_before.b);
    nd_bind_blob(q, ":chain", w->id->b, sizeof w->id->b);
    nd_bind_blob(q, ":payload", u->e.payload.p, u->e.payload.n);
    nd_bind_blob(q, ":sig", u->sig.b, sizeof u->sig.b);
    nd_bind_i64(q, ":subject", 0);
    rc = nd_sql_run(s, q, err);
    *id = sqlite3_last_insert_rowid(s->db);
    return rc;
}

int nd_prov_settle(struct nd_store *s, int64_t id, const struct nd_admit *a, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_PROV_SET, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", id);
    nd_bind_i64(q, ":subject", a->subject);
    nd_bind_u64(q, ":flags", a->flags);
    return nd_sql_run(s, q, err);
}

/* Branches of the log reach the entry or beyond: it is one of theirs (*known), or a fork. */
static int compare_held(struct nd_store *s, const struct nd_logs *logs, struct urgent *w,
                        bool *known, struct st_err *err)
{
    struct sc_fork f = {.key = w->u->key};
    const struct nd_log *l = NULL;
    uint64_t handle;
    uint32_t branch;
    int rc = nd_entry_locate(s, w->log_id, w->u->seq, w->id, &branch, &handle, err);

    *known = rc == ST_OK;
    if (rc != ST_NOTFOUND)
        return rc;
    for (size_t i = 0; i < logs->count && l == NULL; i++)
        if (w->u->seq < logs->e[i].link.seq_next)
            l = &logs->e[i];
    if (l == NULL)
        return ST_OK;
    f.side[0].seq = w->u->seq;
    f.side[0].chain = *w->id;
    f.side[0].sig = w->u->sig;
    rc = s->view.checkpoint_at(s, l->handle, w->u->seq, &f.side[1].seq, &f.side[1].chain,
                               &f.side[1].sig);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "read checkpoint");
    w->flags |= ND_EF_FORKED;
    return nd_store_put_fork(s, &f, err);
}

int nd_store_apply_urgent(struct nd_store *s, const struct sc_urgent *u,
                          const struct cr_hash *log_id, const struct cr_hash *entry_id,
                          uint64_t received_ms, struct st_err *err)
{
    struct urgent w = {u, log_id, entry_id, received_ms,
                       ND_EF_URGENT | nd_suite_flags(u->e.other_suite)};
    uint64_t count = 0;
    bool known = false;
    struct nd_logs *logs = &s->logs;
    int64_t id = 0;
    int rc;

    if (!s->in_txn)
        return st_fail(err, ST_STATE, "no transaction is open");
    CR_ASSERT(!u->e.pruned);
    rc = nd_log_find(s, log_id, logs, err);
    if (rc == ST_OK && logs->count > 0)
        rc = compare_held(s, logs, &w, &known, err);
    if (rc != ST_OK || known || nd_auth_refuses_ahead(s, &u->key, u->seq, entry_id))
        return rc;
    rc = prov_at(s, log_id, u->seq, entry_id, err);
    if (rc != ST_NOTFOUND)
        return rc;
    rc = prov_of_log(s, log_id, &count, err);
    if (rc != ST_OK || count >= ND_PROV_PER_LOG)
        return rc; /* the rest comes with its log */
    rc = add_prov(s, &w, &id, err);
    if (rc == ST_OK) {
        struct nd_admit a = {
            .no = -id, .key = &u->key, .id = entry_id, .payload = u->e.payload, .flags = w.flags};

        s->prov_count++;
        rc = nd_admit(s, &a, err);
        if (rc == ST_OK)
            rc = nd_prov_settle(s, id, &a, err);
    }
    if (rc == ST_OK && u->e.lamport > s->lamport)
        s->lamport = u->e.lamport;
    return rc;
}
