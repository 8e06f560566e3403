/* What the engine reads; see sync/view.h. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* What of a log may be passed on. After a REVOKE that is what lies on named paths, so that nodes
 * which hold more and nodes which refused it offer the same. */
struct offer {
    uint64_t end;   /* of the row: entries before it */
    uint64_t first; /* where the path leaves a branch that is offered, too */
    bool listed;
};

/* A row whose entries all lie on the way of a listed branch that hangs off it is not listed: that
 * branch takes its place. Children come after parents. */
static void choose(const struct nd_logs *logs, struct offer *o)
{
    for (size_t i = logs->count; i-- > 0;) {
        uint32_t at = nd_log_parent(logs, &logs->e[i]);

        if (!o[i].listed)
            continue;
        while (at != SC_AUTH_NONE && o[at].listed && o[i].first >= o[at].end) {
            o[at].listed = false;
            o[i].first = logs->e[at].first_seq;
            at = nd_log_parent(logs, &logs->e[at]);
        }
    }
}

/* The row's link where what may be passed on ends. */
static int cut_link(struct nd_store *s, const struct nd_log *l, uint64_t end, struct sc_link *out)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_ENTRY_GET, &q, NULL);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", nd_entry_no(l->handle, end - 1));
    rc = nd_sql_step(s, q, NULL);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    out->seq_next = end;
    out->lamport = nd_col_u64(q, 1);
    rc = nd_col_fixed(q, 4, out->chain.b, sizeof out->chain.b) ? ST_OK : ST_CORRUPT;
    nd_sql_done(q);
    return rc;
}

/* Where what may be passed on of a row ends. What lies behind has no part in it, so it has to end
 * at a checkpoint that was kept: the named entry itself may have had one that was given up when the
 * log went on. Whoever still has it can show it (nd_store_apply takes it). */
static int offered_end(struct nd_store *s, const struct nd_log *l, uint64_t *end)
{
    sqlite3_stmt *q;
    uint64_t relay;
    int rc;

    nd_auth_settle(s);
    relay = sc_authority_relay(s->auth, &l->key, l->branch);
    *end = l->link.seq_next;
    if (relay >= l->link.seq_next)
        return ST_OK;
    *end = l->first_seq;
    if (relay <= l->first_seq)
        return ST_OK;
    rc = nd_sql(s, ND_SQL_CKPT_LAST, &q, NULL);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(l->handle, l->first_seq));
    nd_bind_i64(q, ":to", nd_entry_no(l->handle, relay - 1));
    rc = nd_sql_step(s, q, NULL);
    if (rc != ND_ROW)
        return rc;
    *end = nd_entry_seq(sqlite3_column_int64(q, 0)) + 1;
    nd_sql_done(q);
    return ST_OK;
}

static int offer_log(struct nd_store *s, const struct nd_logs *logs, struct offer *o,
                     int (*cb)(void *cb_arg, const struct sy_log *log), void *cb_arg)
{
    struct sy_log log;
    int rc = ST_OK;

    for (size_t i = 0; i < logs->count; i++) {
        const struct nd_log *l = &logs->e[i];

        rc = offered_end(s, l, &o[i].end);
        if (rc != ST_OK)
            return rc;
        o[i].first = l->first_seq;
        o[i].listed = o[i].end > l->first_seq;
    }
    choose(logs, o);
    for (size_t i = 0; rc == ST_OK && i < logs->count; i++) {
        if (!o[i].listed)
            continue;
        nd_to_sy_log(&logs->e[i], &log);
        log.first_seq = o[i].first;
        if (o[i].end < log.link.seq_next)
            rc = cut_link(s, &logs->e[i], o[i].end, &log.link);
        if (rc == ST_OK)
            rc = cb(cb_arg, &log);
    }
    return rc;
}

static int offer_logs(struct nd_store *s, const struct nd_logs *logs,
                      int (*cb)(void *cb_arg, const struct sy_log *log), void *cb_arg)
{
    struct offer one, *o = &one;
    int rc;

    if (logs->count == 0)
        return ST_OK;
    if (logs->count > 1)
        o = calloc(logs->count, sizeof *o);
    if (o == NULL)
        return ST_NOMEM;
    rc = offer_log(s, logs, o, cb, cb_arg);
    if (o != &one)
        free(o);
    return rc;
}

static int each_log(void *arg, int (*cb)(void *cb_arg, const struct sy_log *log), void *cb_arg)
{
    struct nd_store *s = arg;
    struct nd_logs logs = {0};
    struct nd_log l;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_EACH, &q, NULL);

    if (rc != ST_OK)
        return rc;
    nd_auth_settle(s);
    while ((rc = nd_sql_step(s, q, NULL)) == ND_ROW) {
        rc = nd_log_row(q, &l);
        if (rc == ST_OK && l.branch == 0) {
            rc = offer_logs(s, &logs, cb, cb_arg);
            logs.count = 0;
        }
        if (rc == ST_OK)
            rc = nd_logs_push(&logs, &l);
        if (rc != ST_OK) {
            nd_sql_done(q);
            break;
        }
    }
    if (rc == ST_OK)
        rc = offer_logs(s, &logs, cb, cb_arg);
    nd_logs_release(&logs);
    return rc;
}

/* One entry onto the run; spans of payloads are set when all bytes are there. */
static int take_entry(sqlite3_stmt *q, struct sc_run *run, struct cr_buf *bytes)
{
    struct cr_span payload = nd_col_span(q, 6);
    struct sc_wire_entry *e = &run->e[run->count];

    memset(e, 0, sizeof *e);
    e->lamport = nd_col_u64(q, 2);
    e->wall_ms = nd_col_u64(q, 3);
    e->pruned = (nd_col_u64(q, 1) & ND_EF_PRUNED) != 0;
    e->other_suite = nd_other_suite(nd_col_u64(q, 1));
    run->count++;
    if (e->pruned) {
        if (payload.n != CR_HASH_BYTES + 8)
            return ST_CORRUPT;
        memcpy(e->payload_hash.b, payload.p, CR_HASH_BYTES);
        e->payload_bytes = cr_load_be64(payload.p + CR_HASH_BYTES);
        return ST_OK;
    }
    e->payload.n = payload.n;
    return cr_buf_append(bytes, payload.p, payload.n);
}

static void set_spans(struct sc_run *run, const struct cr_buf *bytes)
{
    size_t at = 0;

    for (size_t i = 0; i < run->count; i++) {
        if (run->e[i].pruned)
            continue;
        run->e[i].payload.p = bytes->p + at;
        at += run->e[i].payload.n;
    }
    CR_ASSERT(at == bytes->n);
}

/* ---- along a path ---- */

static int path_chain(struct nd_store *s, const struct nd_path *path, uint64_t seq,
                      struct cr_hash *out)
{
    const struct nd_seg *seg = nd_path_at(path, seq);

    return seg != NULL ? nd_entry_chain(s, seg->handle, seq, out, NULL) : ST_NOTFOUND;
}

/* Kept checkpoints of the path from a seq on, then the head's. */
struct ends {
    struct nd_store *s;
    const struct nd_path *path;
    size_t seg; /* at work, or next */
    uint64_t from;
    sqlite3_stmt *q; /* NULL: no segment is at work */
    uint64_t end;    /* nothing at or behind it */
    bool head_given;
};

/* Of a row of which nothing of its own is offered, all may be read: others hang off it. */
static int ends_init(struct ends *e, struct nd_store *s, const struct nd_path *path, uint64_t from)
{
    int rc;

    *e = (struct ends){.s = s, .path = path, .from = from};
    rc = offered_end(s, &path->head, &e->end);
    if (rc == ST_OK && (e->end <= path->head.first_seq || from >= e->end))
        e->end = path->head.link.seq_next;
    return rc;
}

static void ends_close(struct ends *e)
{
    if (e->q != NULL)
        nd_sql_done(e->q);
    e->q = NULL;
}

/* Binds the next segment that reaches past from; false past the last. */
static int ends_segment(struct ends *e, bool *more)
{
    int rc;

    while (e->seg < e->path->count && e->path->seg[e->seg].end <= e->from)
        e->seg++;
    *more = e->seg < e->path->count;
    if (!*more)
        return ST_OK;
    rc = nd_sql(e->s, ND_SQL_CKPT_FROM, &e->q, NULL);
    if (rc != ST_OK)
        return rc;
    const struct nd_seg *seg = &e->path->seg[e->seg++];
    nd_bind_i64(e->q, ":from",
                nd_entry_no(seg->handle, seg->first > e->from ? seg->first : e->from));
    nd_bind_i64(e->q, ":to", nd_entry_no(seg->handle, seg->end - 1));
    return ST_OK;
}

/* ST_NOTFOUND past the head. */
static int ends_next(struct ends *e, uint64_t *seq, bool *urgent, struct cr_sig *sig)
{
    const struct nd_log *head = &e->path->head;
    bool more = true;
    int rc;

    while (more) {
        rc = e->q == NULL ? ends_segment(e, &more) : ST_OK;
        if (rc != ST_OK)
            return rc;
        if (!more)
            break;
        rc = nd_sql_step(e->s, e->q, NULL);
        if (rc == ND_ROW) {
            *seq = nd_entry_seq(sqlite3_column_int64(e->q, 0));
            *urgent = sqlite3_column_int(e->q, 1) != 0;
            if (*seq >= e->end)
                return ST_NOTFOUND;
            e->head_given = *seq + 1 == head->link.seq_next;
            return nd_col_fixed(e->q, 2, sig->b, sizeof sig->b) ? ST_OK : ST_CORRUPT;
        }
        e->q = NULL;
        if (rc != ST_OK)
            return rc;
    }
    if (e->head_given || e->end < head->link.seq_next)
        return ST_NOTFOUND;
    e->head_given = true;
    *seq = head->link.seq_next - 1;
    *urgent = false;
    *sig = head->sig;
    return ST_OK;
}

/* Reads the entries of a path one after the other. */
struct steps {
    struct nd_store *s;
    const struct nd_path *path;
    size_t seg;
    sqlite3_stmt *q; /* NULL: no segment is at work */
};

static int steps_next(struct steps *t, uint64_t seq)
{
    int rc;

    for (;;) {
        if (t->q == NULL) {
            while (t->seg < t->path->count && t->path->seg[t->seg].end <= seq)
                t->seg++;
            if (t->seg == t->path->count)
                return ST_CORRUPT;
            rc = nd_sql(t->s, ND_SQL_ENTRY_RANGE, &t->q, NULL);
            if (rc != ST_OK)
                return rc;
            nd_bind_i64(t->q, ":from", nd_entry_no(t->path->seg[t->seg].handle, seq));
            nd_bind_i64(t->q, ":to",
                        nd_entry_no(t->path->seg[t->seg].handle, t->path->seg[t->seg].end - 1));
        }
        rc = nd_sql_step(t->s, t->q, NULL);
        if (rc == ND_ROW) /* fewer entries than the log says would be a gap */
            return nd_entry_seq(sqlite3_column_int64(t->q, 0)) == seq ? ND_ROW : ST_CORRUPT;
        t->q = NULL;
        if (rc != ST_OK || t->path->seg[t->seg].end > seq)
            return rc != ST_OK ? rc : ST_CORRUPT;
    }
}

/* Entries up to `end` are added; *over when they pass the limits (the run is then as before). */
static int add_span(struct steps *t, uint64_t end, struct sc_run *run, struct cr_buf *bytes,
                    bool *over)
{
    size_t count = run->count, n = bytes->n;
    int rc = ST_OK;

    *over = false;
    while (rc == ST_OK && run->first_seq + run->count <= end) {
        if (run->count == SC_RUN_ENTRIES_MAX || (bytes->n > SC_RUN_BYTES_MAX && run->count > 1)) {
            *over = true;
            break;
        }
        rc = steps_next(t, run->first_seq + run->count);
        if (rc == ND_ROW)
            rc = take_entry(t->q, run, bytes);
    }
    if (rc == ST_OK && bytes->n > SC_RUN_BYTES_MAX && run->count > 1)
        *over = true;
    if (*over) {
        run->count = count;
        bytes->n = n;
    }
    return rc;
}

/* ST_OVERSIZE: the first span does not fit. */
static int read_path(struct nd_store *s, const struct nd_path *path, uint64_t from_seq,
                     struct sc_run *run, struct cr_buf *bytes)
{
    struct steps steps = {.s = s, .path = path};
    bool over = false, urgent = false;
    struct cr_sig sig;
    struct ends ends;
    uint64_t end;
    int rc = ST_OK;

    cr_buf_clear(bytes);
    run->first_seq = from_seq;
    run->count = 0;
    rc = ends_init(&ends, s, path, from_seq);
    while (rc == ST_OK && !over && !urgent) {
        rc = ends_next(&ends, &end, &urgent, &sig);
        if (rc == ST_OK)
            rc = add_span(&steps, end, run, bytes, &over);
        if (rc == ST_OK && !over)
            run->sig = sig;
    }
    if (steps.q != NULL)
        nd_sql_done(steps.q);
    ends_close(&ends);
    if (rc != ST_NOTFOUND && rc != ST_OK)
        return rc;
    return run->count > 0 ? ST_OK : ST_OVERSIZE;
}

static int read_run(void *arg, uint64_t handle, uint64_t from_seq, struct sc_run *run,
                    struct cr_buf *bytes)
{
    struct nd_store *s = arg;
    struct nd_path path;
    int rc = nd_path(s, handle, &path, NULL);

    if (rc != ST_OK)
        return rc;
    rc = from_seq >= path.head.link.seq_next ? ST_NOTFOUND
                                             : read_path(s, &path, from_seq, run, bytes);
    /* A span over a branch point may be more than a run holds: then on the parent, which has a
     * signature of its own for what comes before. */
    while (rc == ST_OVERSIZE && path.head.parent != 0 && from_seq < path.head.first_seq) {
        uint64_t parent = path.head.parent;

        nd_path_release(&path);
        rc = nd_path(s, parent, &path, NULL);
        if (rc == ST_OK)
            rc = read_path(s, &path, from_seq, run, bytes);
    }
    nd_path_release(&path);
    if (rc == ST_OK)
        set_spans(run, bytes);
    return rc == ST_OVERSIZE ? ST_CORRUPT : rc; /* a span of a row that does not fit cannot be */
}

/* Chain value before seq. */
static int chain_before(struct nd_store *s, const struct nd_path *path, uint64_t seq,
                        struct cr_hash *out)
{
    if (seq == 0) {
        *out = path->head.id;
        return ST_OK;
    }
    return path_chain(s, path, seq - 1, out);
}

/* Its checkpoint on the path, with the seq. */
static int urgent_checkpoint(struct nd_store *s, const struct nd_path *path, uint64_t from,
                             const struct nd_seg **seg, struct sc_urgent *out)
{
    sqlite3_stmt *q;

    for (size_t i = 0; i < path->count; i++) {
        const struct nd_seg *g = &path->seg[i];
        int rc;

        if (g->end <= from)
            continue;
        rc = nd_sql(s, ND_SQL_CKPT_URGENT, &q, NULL);
        if (rc != ST_OK)
            return rc;
        nd_bind_i64(q, ":from", nd_entry_no(g->handle, g->first > from ? g->first : from));
        nd_bind_i64(q, ":to", nd_entry_no(g->handle, g->end - 1));
        rc = nd_sql_step(s, q, NULL);
        if (rc == ST_OK)
            continue;
        if (rc != ND_ROW)
            return rc;
        out->seq = nd_entry_seq(sqlite3_column_int64(q, 0));
        rc = nd_col_fixed(q, 1, out->sig.b, sizeof out->sig.b) ? ST_OK : ST_CORRUPT;
        nd_sql_done(q);
        *seg = g;
        return rc;
    }
    return ST_NOTFOUND;
}

/* The first urgent entry of the log itself. */
static int urgent_in_log(struct nd_store *s, const struct nd_path *path, uint64_t from,
                         struct sc_urgent *out, struct cr_buf *bytes)
{
    const struct nd_seg *seg = NULL;
    struct cr_span payload;
    sqlite3_stmt *q;
    int rc = urgent_checkpoint(s, path, from, &seg, out);

    if (rc != ST_OK)
        return rc;
    out->key = path->head.key;
    rc = chain_before(s, path, out->seq, &out->chain_before);
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_ENTRY_GET, &q, NULL);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", nd_entry_no(seg->handle, out->seq));
    rc = nd_sql_step(s, q, NULL);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    out->e = (struct sc_wire_entry){.lamport = nd_col_u64(q, 1),
                                    .wall_ms = nd_col_u64(q, 2),
                                    .other_suite = nd_other_suite(nd_col_u64(q, 0))};
    payload = nd_col_span(q, 5);
    rc = (nd_col_u64(q, 0) & ND_EF_PRUNED) != 0 ? ST_NOTFOUND
                                                : cr_buf_append(bytes, payload.p, payload.n);
    nd_sql_done(q);
    out->e.payload = cr_buf_span(bytes);
    return rc;
}

/* Provisional entries that may be passed on ahead: neither forked nor in quarantine. One that
 * cannot be read may be an emergency. */
#define AHEAD_MASK (~(ND_EF_UNREAD | ND_EF_SUITE_MASK))

static struct sc_wire_entry prov_wire(const struct nd_prov *p, struct cr_span payload)
{
    return (struct sc_wire_entry){.lamport = p->lamport,
                                  .wall_ms = p->wall_ms,
                                  .other_suite = nd_other_suite(p->flags),
                                  .payload = payload};
}

/* The first provisional one, for peers that the log has not reached either. */
static int urgent_ahead(struct nd_store *s, const struct nd_log *l, uint64_t from,
                        struct sc_urgent *out, struct cr_buf *bytes)
{
    struct nd_prov p;
    sqlite3_stmt *q;
    int rc = s->prov_count > 0 ? nd_sql(s, ND_SQL_PROV_NEXT, &q, NULL) : ST_NOTFOUND;

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":log_id", l->id.b, sizeof l->id.b);
    nd_bind_u64(q, ":seq", from);
    nd_bind_u64(q, ":mask", AHEAD_MASK);
    nd_bind_u64(q, ":flags", ND_EF_URGENT);
    rc = nd_sql_step(s, q, NULL);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    rc = nd_prov_row(q, &p);
    if (rc == ST_OK)
        rc = cr_buf_append(bytes, p.payload.p, p.payload.n);
    nd_sql_done(q);
    *out = (struct sc_urgent){.key = p.key,
                              .seq = p.seq,
                              .chain_before = p.before,
                              .e = prov_wire(&p, cr_buf_span(bytes)),
                              .sig = p.sig};
    return rc;
}

static int each_provisional(void *arg, int (*cb)(void *cb_arg, const struct sc_urgent *u),
                            void *cb_arg)
{
    struct nd_store *s = arg;
    struct nd_prov p = {.id = 0};
    int rc = ST_OK;

    while (rc == ST_OK && s->prov_count > 0) {
        sqlite3_stmt *q;

        rc = nd_sql(s, ND_SQL_PROV_EACH, &q, NULL);
        if (rc != ST_OK)
            return rc;
        nd_bind_i64(q, ":id", p.id);
        rc = nd_sql_step(s, q, NULL);
        if (rc != ND_ROW)
            return rc;
        rc = nd_prov_row(q, &p);
        if (rc == ST_OK && (p.flags & AHEAD_MASK) == ND_EF_URGENT) {
            struct sc_urgent u = {.key = p.key,
                                  .seq = p.seq,
                                  .chain_before = p.before,
                                  .e = prov_wire(&p, p.payload),
                                  .sig = p.sig};

            rc = cb(cb_arg, &u);
        }
        nd_sql_done(q);
    }
    return rc;
}

static int read_urgent(void *arg, uint64_t handle, uint64_t from_seq, struct sc_urgent *out,
                       struct cr_buf *bytes)
{
    struct nd_store *s = arg;
    struct nd_path path;
    uint64_t next;
    int rc = nd_path(s, handle, &path, NULL);

    if (rc != ST_OK)
        return rc;
    next = path.head.link.seq_next;
    cr_buf_clear(bytes);
    rc = urgent_in_log(s, &path, from_seq, out, bytes);
    if (rc == ST_NOTFOUND) {
        cr_buf_clear(bytes);
        rc = urgent_ahead(s, &path.head, from_seq > next ? from_seq : next, out, bytes);
    }
    nd_path_release(&path);
    return rc;
}

static int chain_at(void *arg, uint64_t handle, uint64_t seq, struct cr_hash *out)
{
    struct nd_store *s = arg;
    struct nd_path path;
    int rc = nd_path(s, handle, &path, NULL);

    if (rc != ST_OK)
        return rc;
    rc = path_chain(s, &path, seq, out);
    nd_path_release(&path);
    return rc;
}

static int checkpoint_at(void *arg, uint64_t handle, uint64_t from_seq, uint64_t *seq,
                         struct cr_hash *chain, struct cr_sig *sig)
{
    struct nd_store *s = arg;
    struct nd_path path;
    struct ends ends;
    bool urgent;
    int rc = nd_path(s, handle, &path, NULL);

    if (rc != ST_OK)
        return rc;
    if (from_seq >= path.head.link.seq_next)
        rc = ST_NOTFOUND;
    if (rc == ST_OK) {
        ends_init(&ends, s, &path, from_seq);
        rc = ends_next(&ends, seq, &urgent, sig);
        ends_close(&ends);
    }
    if (rc == ST_OK)
        rc = path_chain(s, &path, *seq, chain);
    nd_path_release(&path);
    return rc;
}

static bool certified(void *arg, const struct cr_sign_pk *author)
{
    struct nd_store *s = arg;

    return cr_sign_pk_equal(author, &s->genesis.root) ||
           sc_certs_find(nd_store_certs(s), author) != NULL;
}

static unsigned priority(void *arg, const struct sy_log *log)
{
    struct nd_store *s = arg;
    const struct sc_cert *c;

    if (log->key.scope != SC_SCOPE_PUBLIC)
        return 2;
    if (cr_sign_pk_equal(&log->key.author, &s->genesis.root))
        return 0;
    c = sc_certs_find(nd_store_certs(s), &log->key.author);
    return c != NULL && c->rank <= 1 ? 0 : 1;
}

void nd_view_init(struct nd_store *s)
{
    s->view = (struct sy_view){.arg = s,
                               .each_log = each_log,
                               .read_run = read_run,
                               .read_urgent = read_urgent,
                               .each_provisional = each_provisional,
                               .chain_at = chain_at,
                               .checkpoint_at = checkpoint_at,
                               .each_common = nd_each_common,
                               .certified = certified,
                               .priority = priority};
}

const struct sy_view *nd_store_view(struct nd_store *s)
{
    return &s->view;
}
