/* What the store remembers of other nodes: common frontiers, forks proven, peers, invitations. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* ---- common frontier ---- */

/* Number of the peer; made when wanted and new. ST_NOTFOUND. */
static int session_of(struct nd_store *s, const struct cr_sign_pk *peer, bool make, int64_t *out,
                      struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_SESSION_GET, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":peer", peer->b, sizeof peer->b);
    rc = nd_sql_step(s, q, err);
    if (rc == ND_ROW) {
        *out = sqlite3_column_int64(q, 0);
        nd_sql_done(q);
        return ST_OK;
    }
    if (rc != ST_OK || !make)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    rc = nd_sql(s, ND_SQL_SESSION_ADD, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":peer", peer->b, sizeof peer->b);
    rc = nd_sql_run(s, q, err);
    *out = sqlite3_last_insert_rowid(s->db);
    return rc;
}

static int by_number(const void *a, const void *b)
{
    int64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* Removes the heads whose logs are not among the n sorted ones. */
static int drop_common(struct nd_store *s, int64_t session, const int64_t *logs, size_t n,
                       struct st_err *err)
{
    struct cr_buf gone;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_COMMON_LOGS, &q, err);

    if (rc != ST_OK)
        return rc;
    cr_buf_init(&gone, UINT32_MAX);
    nd_bind_i64(q, ":session", session);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        int64_t log = sqlite3_column_int64(q, 0);

        if (n > 0 && bsearch(&log, logs, n, sizeof *logs, by_number) != NULL)
            continue;
        rc = cr_buf_append(&gone, &log, sizeof log);
        if (rc != ST_OK) {
            nd_sql_done(q);
            break;
        }
    }
    for (size_t at = 0; rc == ST_OK && at < gone.n; at += sizeof(int64_t)) {
        int64_t log;

        memcpy(&log, gone.p + at, sizeof log);
        rc = nd_sql(s, ND_SQL_COMMON_DROP, &q, err);
        if (rc != ST_OK)
            break;
        nd_bind_i64(q, ":session", session);
        nd_bind_i64(q, ":log", log);
        rc = nd_sql_run(s, q, err);
    }
    cr_buf_release(&gone);
    return rc;
}

static int put_head(struct nd_store *s, int64_t session, int64_t log, const struct sy_common *c,
                    struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_COMMON_PUT, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":session", session);
    nd_bind_i64(q, ":log", log);
    nd_bind_u64(q, ":seq", c->seq);
    nd_bind_u64(q, ":chain8", cr_load_be64(c->chain8));
    return nd_sql_run(s, q, err);
}

/* The branch whose own entry the head is. */
static int branch_of(struct nd_store *s, const struct sy_common *c, uint64_t *handle,
                     struct st_err *err)
{
    struct nd_logs *logs = &s->logs;
    struct cr_hash chain;
    int rc = nd_log_find(s, &c->log_id, logs, err);

    for (size_t i = 0; rc == ST_OK && i < logs->count; i++) {
        const struct nd_log *l = &logs->e[i];

        *handle = l->handle;
        if (logs->count == 1)
            return ST_OK;
        if (c->seq < l->first_seq || c->seq >= l->link.seq_next)
            continue;
        rc = s->view.chain_at(s, l->handle, c->seq, &chain);
        if (rc != ST_OK)
            return st_fail(err, (enum st_code)rc, "read a head");
        if (memcmp(chain.b, c->chain8, sizeof c->chain8) == 0)
            return ST_OK;
    }
    return rc == ST_OK ? ST_NOTFOUND : rc;
}

static int replace_common(struct nd_store *s, const struct cr_sign_pk *peer,
                          const struct sy_common *c, size_t n, int64_t *logs, struct st_err *err)
{
    int64_t session = 0;
    size_t known = 0;
    uint64_t handle;
    int rc = session_of(s, peer, true, &session, err);

    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        rc = branch_of(s, &c[i], &handle, err);
        if (rc == ST_NOTFOUND) { /* not common, then: the peer will name it again */
            rc = ST_OK;
            continue;
        }
        if (rc != ST_OK)
            break;
        logs[known++] = (int64_t)handle;
        rc = put_head(s, session, (int64_t)handle, &c[i], err);
    }
    if (rc != ST_OK)
        return rc;
    if (known > 0)
        qsort(logs, known, sizeof *logs, by_number);
    return drop_common(s, session, logs, known, err);
}

int nd_store_put_common(struct nd_store *s, const struct cr_sign_pk *peer,
                        const struct sy_common *c, size_t n, struct st_err *err)
{
    int64_t *logs = calloc(n > 0 ? n : 1, sizeof *logs);
    struct nd_write w;
    int rc;

    if (logs == NULL)
        return st_fail(err, ST_NOMEM, "common frontier");
    rc = nd_write_enter(s, true, &w, err);
    if (rc == ST_OK)
        rc = nd_write_leave(s, &w, replace_common(s, peer, c, n, logs, err), err);
    free(logs);
    return rc;
}

int nd_each_common(void *arg, const struct cr_sign_pk *peer,
                   int (*cb)(void *cb_arg, const struct sy_common *c), void *cb_arg)
{
    struct nd_store *s = arg;
    struct sy_common c;
    int64_t session = 0;
    sqlite3_stmt *q;
    int rc = session_of(s, peer, false, &session, NULL);

    if (rc != ST_OK)
        return rc == ST_NOTFOUND ? ST_OK : rc;
    rc = nd_sql(s, ND_SQL_COMMON_EACH, &q, NULL);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":session", session);
    while ((rc = nd_sql_step(s, q, NULL)) == ND_ROW) {
        rc = nd_col_fixed(q, 0, c.log_id.b, sizeof c.log_id.b) ? ST_OK : ST_CORRUPT;
        c.seq = nd_col_u64(q, 1);
        cr_store_be64(c.chain8, nd_col_u64(q, 2));
        if (rc == ST_OK)
            rc = cb(cb_arg, &c);
        if (rc != 0) {
            nd_sql_done(q);
            return rc;
        }
    }
    return rc;
}

int nd_store_put_synced(struct nd_store *s, const struct cr_sign_pk *peer, uint64_t wall_ms)
{
    int64_t session = 0;
    struct nd_write w;
    sqlite3_stmt *q;
    int rc = nd_write_enter(s, true, &w, NULL);

    if (rc != ST_OK)
        return rc;
    rc = session_of(s, peer, true, &session, NULL);
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_SESSION_SYNCED, &q, NULL);
    if (rc == ST_OK) {
        nd_bind_i64(q, ":id", session);
        nd_bind_u64(q, ":synced", wall_ms);
        rc = nd_sql_run(s, q, NULL);
    }
    return nd_write_leave(s, &w, rc, NULL);
}

/* A node that stands for the scope: its certificate is for just that grid, or for the street. */
static bool stands_for(struct nd_store *s, const struct cr_sign_pk *peer, uint64_t scope)
{
    const struct sc_cert *c = sc_certs_find(sc_authority_certs(s->auth), peer);
    uint64_t seat = sc_grid_level(scope) != 0 ? scope : s->genesis.street;

    for (size_t i = 0; c != NULL && i < c->prefix_count; i++)
        if (c->prefixes[i] == seat)
            return true;
    return false;
}

int nd_store_fresh(struct nd_store *s, uint64_t scope, struct nd_fresh *out)
{
    struct cr_sign_pk peer;
    sqlite3_stmt *q;
    int rc = nd_read_enter(s, NULL);

    if (rc != ST_OK)
        return rc;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < s->scope_n; i++) {
        if (s->scope[i].scope != scope)
            continue;
        out->newest_wall_ms = s->scope[i].wall_ms;
        out->newest_received_ms = s->scope[i].received_ms;
        out->entries = s->scope[i].entries;
        out->logs = s->scope[i].logs;
    }
    rc = nd_sql(s, ND_SQL_SESSION_EACH, &q, NULL);
    while (rc == ST_OK && (rc = nd_sql_step(s, q, NULL)) == ND_ROW) {
        rc = nd_col_fixed(q, 0, peer.b, sizeof peer.b) ? ST_OK : ST_CORRUPT;
        if (rc == ST_OK && nd_col_u64(q, 1) > out->synced_ms && stands_for(s, &peer, scope))
            out->synced_ms = nd_col_u64(q, 1);
        if (rc != ST_OK)
            nd_sql_done(q);
    }
    nd_read_leave(s);
    return rc;
}

/* ---- forks ---- */

int nd_store_put_fork(struct nd_store *s, const struct sc_fork *f, struct st_err *err)
{
    struct cr_hash id;
    struct nd_write w;
    sqlite3_stmt *q;
    int rc = nd_write_enter(s, false, &w, err);

    if (rc != ST_OK)
        return rc;
    sc_log_id(&s->net, &f->key, &id);
    rc = nd_sql(s, ND_SQL_FORK_ADD, &q, err);
    if (rc == ST_OK) {
        nd_bind_blob(q, ":log_id", id.b, sizeof id.b);
        nd_bind_blob(q, ":author", f->key.author.b, sizeof f->key.author.b);
        nd_bind_u64(q, ":scope", f->key.scope);
        nd_bind_u64(q, ":inc", f->key.incarnation);
        nd_bind_u64(q, ":seq_a", f->side[0].seq);
        nd_bind_blob(q, ":chain_a", f->side[0].chain.b, CR_HASH_BYTES);
        nd_bind_blob(q, ":sig_a", f->side[0].sig.b, CR_SIG_BYTES);
        nd_bind_u64(q, ":seq_b", f->side[1].seq);
        nd_bind_blob(q, ":chain_b", f->side[1].chain.b, CR_HASH_BYTES);
        nd_bind_blob(q, ":sig_b", f->side[1].sig.b, CR_SIG_BYTES);
        rc = nd_sql_run(s, q, err);
    }
    return nd_write_leave(s, &w, rc, err);
}

static int fork_row(sqlite3_stmt *q, struct sc_fork *f)
{
    bool good = nd_col_fixed(q, 0, f->key.author.b, sizeof f->key.author.b);

    f->key.scope = nd_col_u64(q, 1);
    f->key.incarnation = nd_col_u64(q, 2);
    for (int i = 0; i < 2; i++) {
        f->side[i].seq = nd_col_u64(q, 3 + 3 * i);
        good = good && nd_col_fixed(q, 4 + 3 * i, f->side[i].chain.b, CR_HASH_BYTES) &&
               nd_col_fixed(q, 5 + 3 * i, f->side[i].sig.b, CR_SIG_BYTES);
    }
    return good ? ST_OK : ST_CORRUPT;
}

int nd_store_forks(struct nd_store *s, int (*cb)(void *arg, const struct sc_fork *f), void *arg,
                   struct st_err *err)
{
    struct sc_fork f = {0};
    sqlite3_stmt *q;
    int rc = nd_read_enter(s, err);

    if (rc != ST_OK)
        return rc;
    rc = nd_sql(s, ND_SQL_FORK_EACH, &q, err);
    while (rc == ST_OK && (rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = fork_row(q, &f);
        if (rc == ST_OK)
            rc = cb(arg, &f);
        if (rc != ST_OK)
            nd_sql_done(q);
    }
    nd_read_leave(s);
    return rc;
}

/* ---- peers and invitations ---- */

int nd_store_put_peer(struct nd_store *s, const struct nd_peer *p, struct st_err *err)
{
    struct nd_write w;
    sqlite3_stmt *q;
    int rc = nd_write_enter(s, true, &w, err);

    if (rc != ST_OK)
        return rc;
    rc = nd_sql(s, ND_SQL_PEER_PUT, &q, err);
    if (rc == ST_OK) {
        nd_bind_blob(q, ":kx", p->kx_pk.b, sizeof p->kx_pk.b);
        nd_bind_blob(q, ":sign", p->sign_pk.b, sizeof p->sign_pk.b);
        nd_bind_text(q, ":addr", p->addr);
        nd_bind_u64(q, ":enabled", p->enabled);
        nd_bind_u64(q, ":last_ok", p->last_ok_ms);
        nd_bind_u64(q, ":last_try", p->last_try_ms);
        nd_bind_u64(q, ":failures", p->failures);
        nd_bind_u64(q, ":refused", p->refused);
        nd_bind_text(q, ":last_error", p->last_error);
        rc = nd_sql_run(s, q, err);
    }
    return nd_write_leave(s, &w, rc, err);
}

int nd_store_drop_peer(struct nd_store *s, const struct cr_kx_pk *kx, struct st_err *err)
{
    struct nd_write w;
    sqlite3_stmt *q;
    int rc = nd_write_enter(s, false, &w, err);

    if (rc != ST_OK)
        return rc;
    rc = nd_sql(s, ND_SQL_PEER_DROP, &q, err);
    if (rc == ST_OK) {
        nd_bind_blob(q, ":kx", kx->b, sizeof kx->b);
        rc = nd_sql_run(s, q, err);
    }
    if (rc == ST_OK && sqlite3_changes(s->db) == 0)
        rc = st_fail(err, ST_NOTFOUND, "no such peer");
    return nd_write_leave(s, &w, rc, err);
}

/* One at a time: the callback may write peers. */
int nd_store_peers(struct nd_store *s, int (*cb)(void *arg, const struct nd_peer *p), void *arg)
{
    struct cr_kx_pk after = {{0}};
    struct nd_peer p;
    sqlite3_stmt *q;
    bool first = true;
    int rc;

    for (;;) {
        rc = nd_sql(s, ND_SQL_PEER_NEXT, &q, NULL);
        if (rc != ST_OK)
            return rc;
        nd_bind_blob(q, ":kx", after.b, first ? 0 : sizeof after.b);
        rc = nd_sql_step(s, q, NULL);
        if (rc != ND_ROW)
            return rc;
        memset(&p, 0, sizeof p);
        rc = nd_col_fixed(q, 0, p.kx_pk.b, sizeof p.kx_pk.b) &&
                     nd_col_fixed(q, 1, p.sign_pk.b, sizeof p.sign_pk.b)
                 ? ST_OK
                 : ST_CORRUPT;
        nd_col_text(q, 2, p.addr, sizeof p.addr);
        p.enabled = nd_col_u64(q, 3) != 0;
        p.last_ok_ms = nd_col_u64(q, 4);
        p.last_try_ms = nd_col_u64(q, 5);
        p.failures = nd_col_u64(q, 6);
        p.refused = nd_col_u64(q, 7);
        nd_col_text(q, 8, p.last_error, sizeof p.last_error);
        nd_sql_done(q);
        if (rc == ST_OK)
            rc = cb(arg, &p);
        if (rc != ST_OK)
            return rc;
        after = p.kx_pk;
        first = false;
    }
}

/* Addresses of an invitation are a named value of their own. */
#define INVITE_KEY_BYTES (sizeof "invite " + 2 * (size_t)SC_ID_BYTES)

static void invite_key(const struct sc_id *id, char out[static INVITE_KEY_BYTES])
{
    memcpy(out, "invite ", 7);
    cr_hex(id->b, sizeof id->b, out + 7);
}

static int read_invite_addrs(struct nd_store *s, struct nd_invite_row *row)
{
    char key[INVITE_KEY_BYTES];
    struct cr_buf b;
    int rc;

    invite_key(&row->id, key);
    cr_buf_init(&b, sizeof row->addrs - 1);
    rc = nd_store_meta_get(s, key, &b);
    if (rc == ST_OK && b.n > 0)
        memcpy(row->addrs, b.p, b.n);
    cr_buf_release(&b);
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

int nd_store_put_invite(struct nd_store *s, const struct nd_invite_row *i, struct st_err *err)
{
    struct nd_write w;
    sqlite3_stmt *q;
    int rc = nd_write_enter(s, false, &w, err);

    if (rc != ST_OK)
        return rc;
    rc = nd_sql(s, ND_SQL_INVITE_PUT, &q, err);
    if (rc == ST_OK) {
        nd_bind_blob(q, ":id", i->id.b, sizeof i->id.b);
        nd_bind_blob(q, ":secret", i->secret, sizeof i->secret);
        nd_bind_u64(q, ":roles", i->roles);
        nd_bind_u64(q, ":grid", i->grid);
        nd_bind_u64(q, ":expires", i->expires_s);
        nd_bind_u64(q, ":used", i->used);
        rc = nd_sql_run(s, q, err);
    }
    if (rc == ST_OK) {
        char key[INVITE_KEY_BYTES];

        invite_key(&i->id, key);
        rc = nd_store_meta_put(s, key, cr_span_text(i->addrs), err);
    }
    return nd_write_leave(s, &w, rc, err);
}

int nd_store_invite(struct nd_store *s, const struct sc_id *id, struct nd_invite_row *out)
{
    struct nd_invite_row row = {.id = *id};
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_INVITE_GET, &q, NULL);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":id", id->b, sizeof id->b);
    rc = nd_sql_step(s, q, NULL);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    rc = nd_col_fixed(q, 0, row.secret, sizeof row.secret) ? ST_OK : ST_CORRUPT;
    row.roles = nd_col_u64(q, 1);
    row.grid = nd_col_u64(q, 2);
    row.expires_s = nd_col_u64(q, 3);
    row.used = nd_col_u64(q, 4) != 0;
    nd_sql_done(q);
    if (rc == ST_OK)
        rc = read_invite_addrs(s, &row);
    if (rc == ST_OK)
        *out = row;
    return rc;
}

int nd_store_invites(struct nd_store *s, int (*cb)(void *arg, const struct nd_invite_row *i),
                     void *arg)
{
    struct sc_id after = {{0}};
    size_t after_bytes = 0;

    for (;;) {
        struct nd_invite_row row;
        sqlite3_stmt *q;
        int rc = nd_sql(s, ND_SQL_INVITE_NEXT, &q, NULL);

        if (rc != ST_OK)
            return rc;
        nd_bind_blob(q, ":id", after.b, after_bytes);
        rc = nd_sql_step(s, q, NULL);
        if (rc != ND_ROW)
            return rc;
        rc = nd_col_fixed(q, 0, after.b, sizeof after.b) ? ST_OK : ST_CORRUPT;
        after_bytes = sizeof after.b;
        nd_sql_done(q);
        if (rc == ST_OK)
            rc = nd_store_invite(s, &after, &row);
        if (rc == ST_OK)
            rc = cb(arg, &row);
        cr_wipe(&row, sizeof row);
        if (rc != ST_OK)
            return rc;
    }
}
