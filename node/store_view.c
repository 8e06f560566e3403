/* The engine's window on the tables (sync/view.h). */
#include "node/store_int.h"

#include "crypto/base/assert.h"
#include <string.h>

int nd_read_log(sqlite3_stmt *st, struct sy_log *out)
{
    memset(out, 0, sizeof *out);
    out->handle = nd_col_u64(st, 0);
    out->key.scope = nd_col_u64(st, 3);
    out->key.incarnation = nd_col_u64(st, 4);
    out->link.seq_next = nd_col_u64(st, 5) + 1;
    out->link.lamport = nd_col_u64(st, 7);
    return nd_col_fixed(st, 1, out->id.b, CR_HASH_BYTES) &&
                   nd_col_fixed(st, 2, out->key.author.b, CR_SIGN_PK_BYTES) &&
                   nd_col_fixed(st, 6, out->link.chain.b, CR_HASH_BYTES)
               ? ST_OK
               : ST_CORRUPT;
}

static int each_log(void *arg, int (*cb)(void *cb_arg, const struct sy_log *log), void *cb_arg)
{
    struct nd_store *s = (struct nd_store *)arg;
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_ALL, NULL);
    if (st == NULL)
        return ST_IO;
    int rc;
    while ((rc = nd_sql_row(s, st, NULL)) == ST_OK) {
        struct sy_log log;
        rc = nd_read_log(st, &log);
        if (rc == ST_OK)
            rc = cb(cb_arg, &log);
        if (rc != ST_OK) {
            nd_sql_done(st);
            return rc;
        }
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

/* Seqs at which a checkpoint is held, ascending, with their signatures, as far as one run may
 * reach. */
struct marks {
    size_t n;
    uint64_t seq[SC_RUN_ENTRIES_MAX];
    struct cr_sig sig[SC_RUN_ENTRIES_MAX];
};

static int read_marks(struct nd_store *s, uint64_t log, uint64_t from, struct marks *m)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_CKPT_FROM, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", log);
    nd_bind_u64(st, ":seq", from);
    int rc = ST_OK;
    m->n = 0;
    while (m->n < SC_RUN_ENTRIES_MAX && (rc = nd_sql_row(s, st, NULL)) == ST_OK) {
        m->seq[m->n] = nd_col_u64(st, 0);
        if (m->seq[m->n] - from >= SC_RUN_ENTRIES_MAX)
            break;
        if (!nd_col_fixed(st, 2, m->sig[m->n++].b, CR_SIG_BYTES)) {
            nd_sql_done(st);
            return ST_CORRUPT;
        }
    }
    if (rc == ST_OK)
        nd_sql_done(st);
    return rc == ST_OK || rc == ST_NOTFOUND ? (m->n > 0 ? ST_OK : ST_NOTFOUND) : rc;
}

static int read_entry(sqlite3_stmt *st, struct sc_wire_entry *e)
{
    e->lamport = nd_col_u64(st, 2);
    e->wall_ms = nd_col_u64(st, 3);
    e->payload = nd_col_blob(st, 8);
    e->pruned = e->payload.n == 0;
    e->payload_bytes = e->pruned ? nd_col_u64(st, 10) : e->payload.n;
    return !e->pruned || nd_col_fixed(st, 9, e->payload_hash.b, CR_HASH_BYTES) ? ST_OK : ST_CORRUPT;
}

/* Reads entries up to the last checkpoint within the limits; always at least the first span. */
static int read_entries(struct nd_store *s, uint64_t log, const struct marks *m, struct sc_run *run,
                        struct cr_buf *bytes, size_t *offset, size_t *mark)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_ENTRY_RANGE, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", log);
    nd_bind_u64(st, ":seq", run->first_seq);
    int rc = ST_OK;
    size_t next = 0; /* the mark that is ahead */
    while (next < m->n && (rc = nd_sql_row(s, st, NULL)) == ST_OK) {
        struct sc_wire_entry *e = &run->e[run->count];
        rc = nd_col_u64(st, 1) == run->first_seq + run->count ? read_entry(st, e) : ST_CORRUPT;
        if (rc != ST_OK || (next > 0 && bytes->n + e->payload.n > SC_RUN_BYTES_MAX))
            break;
        offset[run->count] = bytes->n;
        rc = cr_buf_append(bytes, e->payload.p, e->payload.n);
        if (rc != ST_OK)
            break;
        run->count++;
        if (m->seq[next] == run->first_seq + run->count - 1)
            *mark = next++;
    }
    nd_sql_done(st);
    if (rc != ST_OK && rc != ST_NOTFOUND)
        return rc;
    return next > 0 ? ST_OK : ST_CORRUPT;
}

static int read_run(void *arg, uint64_t handle, uint64_t from_seq, struct sc_run *run,
                    struct cr_buf *bytes)
{
    struct nd_store *s = (struct nd_store *)arg;
    struct marks m;
    size_t offset[SC_RUN_ENTRIES_MAX], mark = 0;
    cr_buf_clear(bytes);
    run->first_seq = from_seq;
    run->count = 0;
    int rc = read_marks(s, handle, from_seq, &m);
    if (rc == ST_OK)
        rc = read_entries(s, handle, &m, run, bytes, offset, &mark);
    if (rc != ST_OK)
        return rc;
    run->count = (size_t)(m.seq[mark] - from_seq) + 1;
    run->sig = m.sig[mark];
    for (size_t i = 0; i < run->count; i++)
        if (!run->e[i].pruned)
            run->e[i].payload.p = bytes->p + offset[i];
    return ST_OK;
}

static int log_row(struct nd_store *s, uint64_t handle, struct sy_log *out)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_AT, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":id", handle);
    int rc = nd_sql_row(s, st, NULL);
    if (rc == ST_OK) {
        rc = nd_read_log(st, out);
        nd_sql_done(st);
    }
    return rc;
}

static int chain_at(void *arg, uint64_t handle, uint64_t seq, struct cr_hash *out)
{
    struct nd_store *s = (struct nd_store *)arg;
    sqlite3_stmt *st = nd_sql(s, ND_SQL_CHAIN_AT, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", handle);
    nd_bind_u64(st, ":seq", seq);
    int rc = nd_sql_row(s, st, NULL);
    if (rc == ST_OK) {
        rc = nd_col_fixed(st, 0, out->b, CR_HASH_BYTES) ? ST_OK : ST_CORRUPT;
        nd_sql_done(st);
    }
    return rc;
}

static int read_urgent(void *arg, uint64_t handle, uint64_t from_seq, struct sc_urgent *out,
                       struct cr_buf *bytes)
{
    struct nd_store *s = (struct nd_store *)arg;
    struct sy_log log;
    sqlite3_stmt *st = nd_sql(s, ND_SQL_URGENT_FROM, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", handle);
    nd_bind_u64(st, ":seq", from_seq);
    int rc = nd_sql_row(s, st, NULL);
    if (rc != ST_OK)
        return rc;
    out->seq = nd_col_u64(st, 0);
    rc = nd_col_fixed(st, 1, out->sig.b, CR_SIG_BYTES) ? ST_OK : ST_CORRUPT;
    nd_sql_done(st);
    if (rc == ST_OK)
        rc = log_row(s, handle, &log);
    if (rc != ST_OK)
        return rc;
    out->key = log.key;
    if (out->seq == 0)
        out->chain_before = log.id;
    else if ((rc = chain_at(s, handle, out->seq - 1, &out->chain_before)) != ST_OK)
        return rc;
    if ((st = nd_sql(s, ND_SQL_ENTRY_RANGE, NULL)) == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", handle);
    nd_bind_u64(st, ":seq", out->seq);
    rc = nd_sql_row(s, st, NULL);
    if (rc != ST_OK)
        return rc;
    cr_buf_clear(bytes);
    rc = read_entry(st, &out->e);
    if (rc == ST_OK && !out->e.pruned) {
        rc = cr_buf_append(bytes, out->e.payload.p, out->e.payload.n);
        out->e.payload = cr_buf_span(bytes);
    }
    nd_sql_done(st);
    if (rc == ST_OK && out->e.pruned) /* an erased emergency does not overtake: the next one may */
        return read_urgent(arg, handle, out->seq + 1, out, bytes);
    return rc;
}

static int checkpoint_at(void *arg, uint64_t handle, uint64_t from_seq, uint64_t *seq,
                         struct cr_hash *chain, struct cr_sig *sig)
{
    struct nd_store *s = (struct nd_store *)arg;
    sqlite3_stmt *st = nd_sql(s, ND_SQL_CKPT_FROM, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", handle);
    nd_bind_u64(st, ":seq", from_seq);
    int rc = nd_sql_row(s, st, NULL);
    if (rc != ST_OK)
        return rc;
    *seq = nd_col_u64(st, 0);
    rc = nd_col_fixed(st, 1, chain->b, CR_HASH_BYTES) && nd_col_fixed(st, 2, sig->b, CR_SIG_BYTES)
             ? ST_OK
             : ST_CORRUPT;
    nd_sql_done(st);
    return rc;
}

static int each_common(void *arg, const struct cr_sign_pk *peer,
                       int (*cb)(void *cb_arg, const struct sy_common *c), void *cb_arg)
{
    struct nd_store *s = (struct nd_store *)arg;
    sqlite3_stmt *st = nd_sql(s, ND_SQL_COMMON_ALL, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":peer", peer->b, CR_SIGN_PK_BYTES);
    int rc;
    while ((rc = nd_sql_row(s, st, NULL)) == ST_OK) {
        struct sy_common c = {.seq = nd_col_u64(st, 1)};
        rc = nd_col_fixed(st, 0, c.log_id.b, CR_HASH_BYTES) &&
                     nd_col_fixed(st, 2, c.chain8, sizeof c.chain8)
                 ? cb(cb_arg, &c)
                 : ST_CORRUPT;
        if (rc != ST_OK) {
            nd_sql_done(st);
            return rc;
        }
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

static bool certified(void *arg, const struct cr_sign_pk *author)
{
    struct nd_store *s = (struct nd_store *)arg;
    return sc_certs_find(s->certs, author) != NULL ||
           memcmp(author->b, s->genesis.root.b, CR_SIGN_PK_BYTES) == 0;
}

static unsigned priority(void *arg, const struct sy_log *log)
{
    struct nd_store *s = (struct nd_store *)arg;
    if (log->key.scope != SC_SCOPE_PUBLIC)
        return 2;
    const struct sc_cert *c = sc_certs_find(s->certs, &log->key.author);
    bool authority = memcmp(log->key.author.b, s->genesis.root.b, CR_SIGN_PK_BYTES) == 0 ||
                     (c != NULL && c->rank == 1);
    return authority ? 0 : 1;
}

void nd_view_init(struct nd_store *s)
{
    s->view = (struct sy_view){
        .arg = s,
        .each_log = each_log,
        .read_run = read_run,
        .read_urgent = read_urgent,
        .chain_at = chain_at,
        .checkpoint_at = checkpoint_at,
        .each_common = each_common,
        .certified = certified,
        .priority = priority,
    };
}

int nd_store_log(struct nd_store *s, const struct sc_log_key *key, struct sy_log *out)
{
    struct cr_hash id;
    sc_log_id(&s->net, key, &id);
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_BY_ID, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":log_id", id.b, CR_HASH_BYTES);
    int rc = nd_sql_row(s, st, NULL);
    if (rc == ST_OK) {
        rc = nd_read_log(st, out);
        nd_sql_done(st);
    }
    return rc;
}

int nd_store_last_log(struct nd_store *s, const struct cr_sign_pk *author, uint64_t scope,
                      struct sy_log *out)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_LAST, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":author", author->b, CR_SIGN_PK_BYTES);
    nd_bind_u64(st, ":scope", scope);
    int rc = nd_sql_row(s, st, NULL);
    if (rc == ST_OK) {
        rc = nd_read_log(st, out);
        nd_sql_done(st);
    }
    return rc;
}
