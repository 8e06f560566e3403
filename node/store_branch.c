/* Logs as trees: a row is a branch, a path goes from the log id over rows to a head. A log that
 * nobody forked has one row, and all that is here then costs one look-up.
 *
 * A new branch hangs off the entry before its first one, which may lie in any row; numbers are
 * dense, parents come first (authority.h). Rows never shrink, so an entry stays where it is. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

int nd_log_row(sqlite3_stmt *q, struct nd_log *out)
{
    bool good;

    memset(out, 0, sizeof *out);
    out->handle = nd_col_u64(q, 0);
    good = nd_col_fixed(q, 1, out->id.b, sizeof out->id.b) &&
           nd_col_fixed(q, 2, out->key.author.b, sizeof out->key.author.b);
    out->key.scope = nd_col_u64(q, 3);
    out->key.incarnation = nd_col_u64(q, 4);
    out->link.seq_next = nd_col_u64(q, 5);
    out->link.lamport = nd_col_u64(q, 6);
    good = good && nd_col_fixed(q, 7, out->link.chain.b, sizeof out->link.chain.b);
    out->first_seq = nd_col_u64(q, 13);
    if (out->link.seq_next > out->first_seq)
        good = good && nd_col_fixed(q, 8, out->sig.b, sizeof out->sig.b);
    out->kept_next = nd_col_u64(q, 9);
    out->kept_bytes = nd_col_u64(q, 10);
    out->branch = (uint32_t)nd_col_u64(q, 11);
    out->parent = nd_col_u64(q, 12);
    out->flags = (uint32_t)nd_col_u64(q, 14);
    out->bytes = nd_col_u64(q, 15);
    out->held = nd_col_u64(q, 16);
    out->held_bytes = nd_col_u64(q, 17);
    return good ? ST_OK : ST_CORRUPT;
}

/* One row of a bound statement. */
static int one_log(struct nd_store *s, sqlite3_stmt *q, struct nd_log *out, struct st_err *err)
{
    int rc = nd_sql_step(s, q, err);

    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    rc = nd_log_row(q, out);
    nd_sql_done(q);
    return rc == ST_OK ? ST_OK : st_fail(err, ST_CORRUPT, "a row of the table of logs is damaged");
}

int nd_log_get(struct nd_store *s, uint64_t handle, struct nd_log *out, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_BY_HANDLE, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":id", handle);
    return one_log(s, q, out, err);
}

int nd_log_each(struct nd_store *s,
                int (*fn)(void *arg, const struct nd_log *l, struct st_err *err), void *arg,
                struct st_err *err)
{
    struct cr_buf ids = {0};
    struct nd_log l;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_EACH, &q, err);

    if (rc == ST_OK)
        rc = nd_collect(s, q, &ids, err);
    for (size_t at = 0; rc == ST_OK && at < ids.n; at += sizeof(int64_t)) {
        int64_t handle;

        memcpy(&handle, ids.p + at, sizeof handle);
        rc = nd_log_get(s, (uint64_t)handle, &l, err);
        if (rc == ST_OK)
            rc = fn(arg, &l, err);
    }
    cr_buf_release(&ids);
    return rc;
}

int nd_logs_push(struct nd_logs *l, const struct nd_log *row)
{
    if (l->count == l->cap) {
        size_t cap = l->cap > 0 ? l->cap * 2 : 4;
        struct nd_log *e = realloc(l->e, cap * sizeof *e);

        if (e == NULL)
            return ST_NOMEM;
        l->e = e;
        l->cap = cap;
    }
    l->e[l->count++] = *row;
    return ST_OK;
}

void nd_logs_release(struct nd_logs *l)
{
    free(l->e);
    *l = (struct nd_logs){0};
}

int nd_log_find(struct nd_store *s, const struct cr_hash *log_id, struct nd_logs *out,
                struct st_err *err)
{
    struct nd_log row;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_BY_ID, &q, err);

    out->count = 0;
    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":log_id", log_id->b, sizeof log_id->b);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = nd_log_row(q, &row);
        if (rc == ST_OK && row.branch != out->count)
            rc = ST_CORRUPT;
        if (rc == ST_OK)
            rc = nd_logs_push(out, &row);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return st_fail(err, (enum st_code)rc, "a row of the table of logs: %s",
                           st_text((enum st_code)rc));
        }
    }
    return rc;
}

int nd_log_slot(struct nd_store *s, uint64_t handle, const struct nd_log_slot **out,
                struct st_err *err)
{
    struct nd_log_slot *slot = &s->log_cache[handle % ND_LOG_CACHE];
    struct nd_log l;
    int rc;

    *out = slot;
    if (slot->handle != handle) {
        slot->handle = 0;
        rc = nd_log_get(s, handle, &l, err);
        if (rc == ST_NOTFOUND)
            return st_fail(err, ST_CORRUPT, "log %llu is missing", (unsigned long long)handle);
        if (rc != ST_OK)
            return rc;
        *slot = (struct nd_log_slot){
            .handle = handle, .gen = UINT64_MAX, .key = l.key, .branch = l.branch};
    }
    return ST_OK;
}

void nd_to_sy_log(const struct nd_log *l, struct sy_log *out)
{
    *out = (struct sy_log){.key = l->key,
                           .id = l->id,
                           .link = l->link,
                           .first_seq = l->first_seq,
                           .handle = l->handle};
}

int nd_store_log(struct nd_store *s, const struct sc_log_key *key, struct sy_log *out)
{
    const struct nd_log *most = NULL;
    struct nd_logs *logs = &s->logs;
    struct cr_hash id;
    bool alien = false;
    int rc;

    sc_log_id(&s->net, key, &id);
    rc = nd_log_find(s, &id, logs, NULL);
    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < logs->count; i++) {
        alien = alien || (logs->e[i].flags & ND_LF_ALIEN) != 0;
        if (most == NULL || logs->e[i].link.seq_next > most->link.seq_next)
            most = &logs->e[i];
    }
    if (most == NULL)
        return ST_NOTFOUND;
    nd_to_sy_log(most, out);
    return logs->count > 1 || alien ? ST_CONFLICT : ST_OK;
}

int nd_store_last_log(struct nd_store *s, const struct cr_sign_pk *author, uint64_t scope,
                      struct sy_log *out)
{
    sqlite3_stmt *q;
    struct nd_log l;
    int rc = nd_sql(s, ND_SQL_LOG_LAST, &q, NULL);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":author", author->b, sizeof author->b);
    nd_bind_u64(q, ":scope", scope);
    rc = one_log(s, q, &l, NULL);
    if (rc == ST_OK)
        nd_to_sy_log(&l, out);
    return rc;
}

/* ---- rows ---- */

int nd_log_add(struct nd_store *s, struct nd_log *l, struct st_err *err)
{
    struct nd_scope *scope;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_ADD, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":log_id", l->id.b, sizeof l->id.b);
    nd_bind_u64(q, ":branch", l->branch);
    nd_bind_u64(q, ":parent", l->parent);
    nd_bind_u64(q, ":first_seq", l->first_seq);
    nd_bind_blob(q, ":author", l->key.author.b, sizeof l->key.author.b);
    nd_bind_u64(q, ":scope", l->key.scope);
    nd_bind_u64(q, ":inc", l->key.incarnation);
    rc = nd_sql_run(s, q, err);
    if (rc != ST_OK)
        return rc;
    l->handle = (uint64_t)sqlite3_last_insert_rowid(s->db);
    if (l->handle >= UINT64_C(1) << (63 - ND_SEQ_BITS))
        return st_fail(err, ST_FULL, "too many logs");
    rc = nd_scope_of(s, l->key.scope, &scope);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "counters of the scope");
    scope->logs++;
    scope->dirty = true;
    return ST_OK;
}

int nd_log_put(struct nd_store *s, const struct nd_log *l, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_SET, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":id", l->handle);
    nd_bind_u64(q, ":seq_next", l->link.seq_next);
    nd_bind_u64(q, ":lamport", l->link.lamport);
    nd_bind_blob(q, ":chain", l->link.chain.b, sizeof l->link.chain.b);
    nd_bind_blob(q, ":sig", l->sig.b, sizeof l->sig.b);
    nd_bind_u64(q, ":kept_next", l->kept_next);
    nd_bind_u64(q, ":kept_bytes", l->kept_bytes);
    nd_bind_u64(q, ":flags", l->flags);
    nd_bind_u64(q, ":bytes", l->bytes);
    nd_bind_u64(q, ":held", l->held);
    nd_bind_u64(q, ":held_bytes", l->held_bytes);
    return nd_sql_run(s, q, err);
}

int nd_entry_sum(struct nd_store *s, uint64_t handle, uint64_t from, uint64_t to, uint64_t *count,
                 uint64_t *bytes, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc;

    *count = *bytes = 0;
    if (from >= to)
        return ST_OK;
    rc = nd_sql(s, ND_SQL_ENTRY_SUM, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(handle, from));
    nd_bind_i64(q, ":to", nd_entry_no(handle, to - 1));
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    *count = nd_col_u64(q, 0);
    *bytes = nd_col_u64(q, 1);
    nd_sql_done(q);
    return ST_OK;
}

int nd_log_recount(struct nd_store *s, const struct nd_log *l, bool whole, struct st_err *err)
{
    uint64_t limit = sc_authority_limit(s->auth, &l->key, l->branch), held, held_bytes;
    uint64_t bytes = l->bytes, count;
    sqlite3_stmt *q;
    int rc;

    if (limit < l->first_seq)
        limit = l->first_seq;
    rc = nd_entry_sum(s, l->handle, limit, l->link.seq_next, &held, &held_bytes, err);
    if (rc == ST_OK && whole)
        rc = nd_entry_sum(s, l->handle, l->first_seq, l->link.seq_next, &count, &bytes, err);
    if (rc != ST_OK || (held == l->held && held_bytes == l->held_bytes && bytes == l->bytes))
        return rc;
    rc = nd_sql(s, ND_SQL_LOG_HELD, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":id", l->handle);
    nd_bind_u64(q, ":held", held);
    nd_bind_u64(q, ":held_bytes", held_bytes);
    nd_bind_u64(q, ":bytes", bytes);
    return nd_sql_run(s, q, err);
}

/* ---- entries by position ---- */

int nd_entry_chain(struct nd_store *s, uint64_t handle, uint64_t seq, struct cr_hash *out,
                   struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_ENTRY_CHAIN, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", nd_entry_no(handle, seq));
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    rc = nd_col_fixed(q, 0, out->b, sizeof out->b) ? ST_OK : ST_CORRUPT;
    nd_sql_done(q);
    return rc;
}

int nd_entry_locate(struct nd_store *s, const struct cr_hash *log_id, uint64_t seq,
                    const struct cr_hash *chain, uint32_t *branch, uint64_t *handle,
                    struct st_err *err)
{
    sqlite3_stmt *q;
    int rc;

    if (seq >= SC_SEQ_MAX)
        return ST_NOTFOUND;
    rc = nd_sql(s, ND_SQL_ENTRY_IN, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":log_id", log_id->b, sizeof log_id->b);
    nd_bind_u64(q, ":seq", seq);
    nd_bind_blob(q, ":chain", chain->b, sizeof chain->b);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    *branch = (uint32_t)nd_col_u64(q, 0);
    *handle = nd_col_u64(q, 1);
    nd_sql_done(q);
    return ST_OK;
}

/* One of the log's entries at this position is that one. */
int nd_log_at(struct nd_store *s, const struct nd_logs *logs, uint64_t seq,
              const struct cr_hash *chain, const struct nd_log **row, struct st_err *err)
{
    struct cr_hash at;

    *row = NULL;
    for (size_t i = 0; i < logs->count; i++) {
        const struct nd_log *l = &logs->e[i];
        int rc;

        if (seq < l->first_seq || seq >= l->link.seq_next)
            continue;
        rc = nd_entry_chain(s, l->handle, seq, &at, err);
        if (rc != ST_OK)
            return st_fail(err, rc == ST_NOTFOUND ? ST_CORRUPT : (enum st_code)rc,
                           "an entry of a log is missing");
        if (cr_hash_equal(&at, chain)) {
            *row = l;
            return ST_OK;
        }
    }
    return ST_OK;
}

/* What a new branch takes over: the span since the last kept checkpoint on its path, and the
 * lamport of the entry before it. */
static int hang_off(struct nd_store *s, const struct nd_log *parent, struct nd_log *l,
                    struct st_err *err)
{
    uint64_t count, bytes;
    struct nd_path path;
    sqlite3_stmt *q;
    int rc = nd_path(s, parent->handle, &path, err);

    if (rc != ST_OK)
        return rc;
    for (size_t i = path.count; rc == ST_OK && i > 0 && l->kept_next == 0; i--) {
        const struct nd_seg *seg = &path.seg[i - 1];
        uint64_t end = seg->end < l->first_seq ? seg->end : l->first_seq, from = seg->first;

        rc = nd_sql(s, ND_SQL_CKPT_LAST, &q, err);
        if (rc != ST_OK || end <= seg->first)
            continue;
        nd_bind_i64(q, ":from", nd_entry_no(seg->handle, seg->first));
        nd_bind_i64(q, ":to", nd_entry_no(seg->handle, end - 1));
        rc = nd_sql_step(s, q, err);
        if (rc == ND_ROW) {
            from = nd_entry_seq(sqlite3_column_int64(q, 0)) + 1;
            l->kept_next = from;
            nd_sql_done(q);
            rc = ST_OK;
        }
        if (rc == ST_OK)
            rc = nd_entry_sum(s, seg->handle, from, end, &count, &bytes, err);
        if (rc == ST_OK)
            l->kept_bytes += bytes;
    }
    nd_path_release(&path);
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_ENTRY_GET, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", nd_entry_no(parent->handle, l->first_seq - 1));
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? st_fail(err, ST_CORRUPT, "an entry of a log is missing") : rc;
    l->link.lamport = nd_col_u64(q, 1);
    nd_sql_done(q);
    return ST_OK;
}

int nd_log_place(struct nd_store *s, const struct nd_run *r, struct nd_log *out, struct st_err *err)
{
    uint64_t seq = r->run->first_seq;
    const struct nd_log *parent = NULL, *twin = NULL;
    struct nd_logs *logs = &s->logs;
    int rc = nd_log_find(s, &r->log_id, logs, err);

    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < logs->count; i++)
        if (logs->e[i].link.seq_next == seq && cr_hash_equal(&logs->e[i].link.chain, &r->before)) {
            *out = logs->e[i];
            return ST_OK;
        }
    if (seq > 0)
        rc = nd_log_at(s, logs, seq - 1, &r->before, &parent, err);
    if (rc == ST_OK)
        rc = nd_log_at(s, logs, seq, &r->chains[0], &twin, err);
    if (rc != ST_OK)
        return rc;
    if (twin != NULL || (seq > 0 ? parent == NULL : !cr_hash_equal(&r->before, &r->log_id)))
        return st_fail(err, ST_CONFLICT, "the run that begins at %llu %s", (unsigned long long)seq,
                       twin != NULL ? "is stored already" : "follows nothing that is stored");
    *out = (struct nd_log){.key = r->key,
                           .id = r->log_id,
                           .branch = (uint32_t)logs->count,
                           .parent = parent != NULL ? parent->handle : 0,
                           .first_seq = seq};
    out->link = (struct sc_link){.seq_next = seq, .chain = r->before};
    return parent != NULL ? hang_off(s, parent, out, err) : ST_OK;
}

uint32_t nd_log_parent(const struct nd_logs *logs, const struct nd_log *l)
{
    for (size_t i = 0; l->parent != 0 && i < logs->count; i++)
        if (logs->e[i].handle == l->parent)
            return logs->e[i].branch;
    return SC_AUTH_NONE;
}

/* ---- paths ---- */

static int lengthen(struct nd_path *p, size_t *cap, const struct nd_seg *seg)
{
    if (p->count == ND_PATH_MAX)
        return ST_CORRUPT;
    if (p->count == *cap) {
        struct nd_seg *e = realloc(p->seg == p->one ? NULL : p->seg, *cap * 2 * sizeof *e);

        if (e == NULL)
            return ST_NOMEM;
        if (p->seg == p->one)
            memcpy(e, p->one, sizeof p->one);
        p->seg = e;
        *cap *= 2;
    }
    p->seg[p->count++] = *seg;
    return ST_OK;
}

int nd_path(struct nd_store *s, uint64_t handle, struct nd_path *out, struct st_err *err)
{
    size_t cap = sizeof out->one / sizeof out->one[0];
    uint64_t end;
    struct nd_log l;
    int rc = nd_log_get(s, handle, &out->head, err);

    out->count = 0;
    out->seg = out->one;
    l = out->head;
    end = l.link.seq_next;
    while (rc == ST_OK) {
        struct nd_seg seg = {.handle = l.handle, .first = l.first_seq, .end = end};

        rc = lengthen(out, &cap, &seg);
        if (l.parent == 0 || rc != ST_OK)
            break;
        end = l.first_seq;
        rc = nd_log_get(s, l.parent, &l, err);
        if (rc == ST_NOTFOUND || (rc == ST_OK && l.first_seq >= end))
            rc = ST_CORRUPT;
    }
    for (size_t i = 0; rc == ST_OK && i < out->count / 2; i++) {
        struct nd_seg swap = out->seg[i];

        out->seg[i] = out->seg[out->count - 1 - i];
        out->seg[out->count - 1 - i] = swap;
    }
    if (rc != ST_OK)
        nd_path_release(out);
    return rc;
}

void nd_path_release(struct nd_path *p)
{
    if (p->seg != p->one)
        free(p->seg);
    p->seg = p->one;
    p->count = 0;
}

const struct nd_seg *nd_path_at(const struct nd_path *p, uint64_t seq)
{
    for (size_t i = 0; i < p->count; i++)
        if (seq >= p->seg[i].first && seq < p->seg[i].end)
            return &p->seg[i];
    return NULL;
}
