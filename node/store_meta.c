/* Small tables: named values, scopes, peers, invitations, common frontiers, freshness, sums. */
#include "node/store_int.h"

#include "crypto/base/assert.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int nd_store_meta_get(struct nd_store *s, const char *key, struct cr_buf *out)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_META_GET, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_text(st, ":k", key);
    int rc = nd_sql_row(s, st, NULL);
    if (rc == ST_OK) {
        struct cr_span v = nd_col_blob(st, 0);
        rc = cr_buf_append(out, v.p, v.n);
        nd_sql_done(st);
    }
    return rc;
}

int nd_store_meta_put(struct nd_store *s, const char *key, struct cr_span value, struct st_err *err)
{
    static const uint8_t empty = 0;
    sqlite3_stmt *st = nd_sql(s, ND_SQL_META_PUT, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_text(st, ":k", key);
    nd_bind_blob(st, ":v", value.n == 0 ? &empty : value.p, value.n);
    return nd_sql_run(s, st, err);
}

size_t nd_store_scopes(const struct nd_store *s, uint64_t out[static SC_SCOPES_MAX])
{
    memcpy(out, s->scopes, s->scope_count * sizeof *out);
    return s->scope_count;
}

int nd_scopes_load(struct nd_store *s, struct st_err *err)
{
    struct cr_buf b;
    cr_buf_init(&b, SC_SCOPES_MAX * 8);
    int rc = nd_store_meta_get(s, "scopes", &b);
    s->scope_count = 0;
    if (rc == ST_OK && b.n % 8 == 0)
        for (size_t i = 0; i < b.n / 8; i++)
            s->scopes[s->scope_count++] = cr_load_be64(b.p + i * 8);
    else if (rc == ST_OK)
        rc = nd_corrupt(err, "the list of scopes is damaged");
    cr_buf_release(&b);
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

int nd_store_set_scopes(struct nd_store *s, const uint64_t *scopes, size_t n, struct st_err *err)
{
    uint8_t bytes[SC_SCOPES_MAX * 8];
    CR_ASSERT(n <= SC_SCOPES_MAX);
    for (size_t i = 0; i < n; i++) {
        CR_ASSERT(i == 0 || scopes[i - 1] < scopes[i]);
        cr_store_be64(bytes + i * 8, scopes[i]);
    }
    int rc = nd_store_meta_put(s, "scopes", cr_span_of(bytes, n * 8), err);
    if (rc != ST_OK)
        return rc;
    memcpy(s->scopes, scopes, n * sizeof *scopes);
    s->scope_count = n;
    return ST_OK;
}

/* ---- common frontier ---- */

static int common_write(struct nd_store *s, const struct cr_sign_pk *peer,
                        const struct sy_common *c, size_t n, struct st_err *err)
{
    for (size_t i = 0; i < n; i++) {
        sqlite3_stmt *st = nd_sql(s, ND_SQL_COMMON_PUT, err);
        if (st == NULL)
            return ST_IO;
        nd_bind_blob(st, ":peer", peer->b, CR_SIGN_PK_BYTES);
        nd_bind_blob(st, ":log_id", c[i].log_id.b, CR_HASH_BYTES);
        nd_bind_u64(st, ":seq", c[i].seq);
        nd_bind_blob(st, ":chain8", c[i].chain8, sizeof c[i].chain8);
        int rc = nd_sql_run(s, st, err);
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

static int common_query(struct nd_store *s, enum nd_sql q, const struct cr_sign_pk *peer,
                        uint64_t *count, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, q, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":peer", peer->b, CR_SIGN_PK_BYTES);
    int rc = nd_sql_row(s, st, err);
    if (rc == ST_OK) {
        *count = nd_col_u64(st, 0);
        nd_sql_done(st);
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

int nd_store_put_common(struct nd_store *s, const struct cr_sign_pk *peer,
                        const struct sy_common *c, size_t n, struct st_err *err)
{
    bool own = !s->in_tx;
    uint64_t count = 0;
    int rc = own ? nd_store_begin(s, err) : ST_OK;
    if (rc != ST_OK)
        return rc;
    rc = common_write(s, peer, c, n, err);
    if (rc == ST_OK)
        rc = common_query(s, ND_SQL_COMMON_COUNT, peer, &count, err);
    if (rc == ST_OK && count != n) { /* a log left the frontier */
        rc = common_query(s, ND_SQL_COMMON_CLEAR, peer, &count, err);
        if (rc == ST_OK)
            rc = common_write(s, peer, c, n, err);
    }
    if (rc == ST_OK && own)
        rc = nd_store_commit(s, err);
    if (rc != ST_OK && own)
        nd_store_rollback(s);
    return rc;
}

/* ---- freshness ---- */

int nd_store_fresh(struct nd_store *s, uint64_t scope, struct nd_fresh *out)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *st = nd_sql(s, ND_SQL_FRESH_GET, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":scope", scope);
    int rc = nd_sql_row(s, st, NULL);
    if (rc == ST_OK) {
        out->newest_wall_ms = nd_col_u64(st, 0);
        out->newest_received_ms = nd_col_u64(st, 1);
        out->synced_ms = nd_col_u64(st, 2);
        nd_sql_done(st);
    } else if (rc != ST_NOTFOUND) {
        return rc;
    }
    if ((st = nd_sql(s, ND_SQL_LOG_SUM, NULL)) == NULL)
        return ST_IO;
    nd_bind_u64(st, ":scope", scope);
    rc = nd_sql_row(s, st, NULL);
    if (rc == ST_OK) {
        out->logs = nd_col_u64(st, 0);
        out->entries = nd_col_u64(st, 1);
        nd_sql_done(st);
    }
    return rc;
}

int nd_store_put_synced(struct nd_store *s, const struct cr_sign_pk *peer, uint64_t wall_ms)
{
    const struct sc_cert *c = sc_certs_find(s->certs, peer);
    if (c == NULL)
        return ST_OK;
    int rc = ST_OK;
    for (size_t i = 0; rc == ST_OK && i < c->prefix_count; i++) {
        sqlite3_stmt *st = nd_sql(s, ND_SQL_FRESH_PUT, NULL);
        if (st == NULL)
            return ST_IO;
        nd_bind_u64(st, ":scope", sc_grid_scope(c->prefixes[i]));
        nd_bind_u64(st, ":wall", 0);
        nd_bind_u64(st, ":recv", 0);
        nd_bind_u64(st, ":synced", wall_ms);
        rc = nd_sql_run(s, st, NULL);
    }
    return rc;
}

/* ---- peers and invitations ---- */

int nd_store_peers(struct nd_store *s, int (*cb)(void *arg, const struct nd_peer *p), void *arg)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_PEER_ALL, NULL);
    if (st == NULL)
        return ST_IO;
    int rc;
    while ((rc = nd_sql_row(s, st, NULL)) == ST_OK) {
        struct nd_peer p = {.enabled = nd_col_u64(st, 3) != 0,
                            .last_ok_ms = nd_col_u64(st, 4),
                            .last_try_ms = nd_col_u64(st, 5),
                            .failures = nd_col_u64(st, 6),
                            .refused = nd_col_u64(st, 7)};
        bool good = nd_col_fixed(st, 0, p.kx_pk.b, CR_KX_BYTES) &&
                    nd_col_fixed(st, 1, p.sign_pk.b, CR_SIGN_PK_BYTES);
        (void)snprintf(p.addr, sizeof p.addr, "%s", (const char *)sqlite3_column_text(st, 2));
        (void)snprintf(p.last_error, sizeof p.last_error, "%s",
                       (const char *)sqlite3_column_text(st, 8));
        rc = good ? cb(arg, &p) : ST_CORRUPT;
        if (rc != ST_OK) {
            nd_sql_done(st);
            return rc;
        }
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

int nd_store_put_peer(struct nd_store *s, const struct nd_peer *p, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_PEER_PUT, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":kx", p->kx_pk.b, CR_KX_BYTES);
    nd_bind_blob(st, ":sign", p->sign_pk.b, CR_SIGN_PK_BYTES);
    nd_bind_text(st, ":addr", p->addr);
    nd_bind_u64(st, ":enabled", p->enabled);
    nd_bind_u64(st, ":ok", p->last_ok_ms);
    nd_bind_u64(st, ":tried", p->last_try_ms);
    nd_bind_u64(st, ":failures", p->failures);
    nd_bind_u64(st, ":refused", p->refused);
    nd_bind_text(st, ":error", p->last_error);
    return nd_sql_run(s, st, err);
}

int nd_store_drop_peer(struct nd_store *s, const struct cr_kx_pk *kx, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_PEER_DROP, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":kx", kx->b, CR_KX_BYTES);
    int rc = nd_sql_run(s, st, err);
    return rc == ST_OK && sqlite3_changes(s->db) == 0 ? ST_NOTFOUND : rc;
}

int nd_store_put_invite(struct nd_store *s, const struct nd_invite_row *i, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_INVITE_PUT, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":id", i->id.b, SC_ID_BYTES);
    nd_bind_blob(st, ":secret", i->secret, sizeof i->secret);
    nd_bind_u64(st, ":roles", i->roles);
    nd_bind_u64(st, ":grid", i->grid);
    nd_bind_u64(st, ":expires", i->expires_s);
    nd_bind_u64(st, ":used", i->used);
    return nd_sql_run(s, st, err);
}

int nd_store_invite(struct nd_store *s, const struct sc_id *id, struct nd_invite_row *out)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *st = nd_sql(s, ND_SQL_INVITE_GET, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":id", id->b, SC_ID_BYTES);
    int rc = nd_sql_row(s, st, NULL);
    if (rc != ST_OK)
        return rc;
    out->id = *id;
    bool good = nd_col_fixed(st, 0, out->secret, sizeof out->secret);
    out->roles = nd_col_u64(st, 1);
    out->grid = nd_col_u64(st, 2);
    out->expires_s = nd_col_u64(st, 3);
    out->used = nd_col_u64(st, 4) != 0;
    nd_sql_done(st);
    return good ? ST_OK : ST_CORRUPT;
}

/* ---- sums ---- */

/* Entries of logs whose author has no certificate that reaches their scope. */
static int count_held(struct nd_store *s, uint64_t *out)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_ALL, NULL);
    if (st == NULL)
        return ST_IO;
    int rc;
    *out = 0;
    while ((rc = nd_sql_row(s, st, NULL)) == ST_OK) {
        struct sy_log log;
        if (nd_read_log(st, &log) == ST_OK && !s->view.certified(s, &log.key.author))
            *out += log.link.seq_next;
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

int nd_store_stats(struct nd_store *s, struct nd_store_stats *out)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *st = nd_sql(s, ND_SQL_STATS, NULL);
    if (st == NULL)
        return ST_IO;
    int rc = nd_sql_row(s, st, NULL);
    if (rc != ST_OK)
        return rc;
    out->entries = nd_col_u64(st, 0);
    out->logs = nd_col_u64(st, 1);
    out->subjects = nd_col_u64(st, 2);
    out->hazards = nd_col_u64(st, 3);
    out->quarantined = nd_col_u64(st, 4);
    out->provisional = nd_col_u64(st, 5);
    out->forks = nd_col_u64(st, 6);
    nd_sql_done(st);
    char path[480];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/fengsui.db", s->dir);
    if (s->dir[0] != '\0' && stat(path, &info) == 0)
        out->file_bytes = (uint64_t)info.st_size;
    return count_held(s, &out->held);
}

int nd_store_fold_hash(struct nd_store *s, const uint64_t *scopes, size_t n, struct cr_hash *out)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *st = nd_sql(s, ND_SQL_SCOPE_ALL, NULL);
    if (st == NULL)
        return ST_IO;
    int rc;
    while ((rc = nd_sql_row(s, st, NULL)) == ST_OK) {
        struct cr_hash sum;
        bool wanted = n == 0;
        for (size_t i = 0; i < n; i++)
            wanted = wanted || scopes[i] == nd_col_u64(st, 0);
        if (wanted && nd_col_fixed(st, 1, sum.b, CR_HASH_BYTES))
            cr_hash_add(out, &sum);
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}
