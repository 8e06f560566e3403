/* What the engine reads; see sync/view.h. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <string.h>

static int each_log(void *arg, int (*cb)(void *cb_arg, const struct sy_log *log), void *cb_arg)
{
    struct nd_store *s = arg;
    struct nd_log l;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_EACH, &q, NULL);

    if (rc != ST_OK)
        return rc;
    while ((rc = nd_sql_step(s, q, NULL)) == ND_ROW) {
        rc = nd_log_row(q, &l);
        if (rc == ST_OK && l.link.seq_next > 0)
            rc = cb(
                cb_arg,
                &(struct sy_log){
                    .key = l.key, .id = l.id, .link = l.link, .first_seq = 0, .handle = l.handle});
        if (rc != ST_OK) {
            nd_sql_done(q);
            return rc;
        }
    }
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

/* Kept checkpoints from a seq on, then the head's. */
struct ends {
    struct nd_store *s;
    const struct nd_log *l;
    sqlite3_stmt *q; /* NULL: only the head's is left, or none */
    bool head_given;
};

static int ends_open(struct ends *e, struct nd_store *s, const struct nd_log *l, uint64_t from)
{
    int rc = nd_sql(s, ND_SQL_CKPT_FROM, &e->q, NULL);

    e->s = s;
    e->l = l;
    e->head_given = false;
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(e->q, ":from", nd_entry_no(l->handle, from));
    nd_bind_i64(e->q, ":to", nd_entry_no(l->handle, SC_SEQ_MAX - 1));
    return ST_OK;
}

static void ends_close(struct ends *e)
{
    if (e->q != NULL)
        nd_sql_done(e->q);
    e->q = NULL;
}

/* ST_NOTFOUND past the head. */
static int ends_next(struct ends *e, uint64_t *seq, bool *urgent, struct cr_sig *sig)
{
    int rc = e->q != NULL ? nd_sql_step(e->s, e->q, NULL) : ST_OK;

    if (rc == ND_ROW) {
        *seq = nd_entry_seq(sqlite3_column_int64(e->q, 0));
        *urgent = sqlite3_column_int(e->q, 1) != 0;
        e->head_given = *seq + 1 == e->l->link.seq_next;
        return nd_col_fixed(e->q, 2, sig->b, sizeof sig->b) ? ST_OK : ST_CORRUPT;
    }
    e->q = NULL;
    if (rc != ST_OK)
        return rc;
    if (e->head_given)
        return ST_NOTFOUND;
    e->head_given = true;
    *seq = e->l->link.seq_next - 1;
    *urgent = false;
    *sig = e->l->sig;
    return ST_OK;
}

/* Entries up to `end` are added; *over when they pass the limits (the run is then as before). */
static int add_span(sqlite3_stmt *q, struct nd_store *s, uint64_t end, struct sc_run *run,
                    struct cr_buf *bytes, bool *over)
{
    size_t count = run->count, n = bytes->n;
    int rc = ST_OK;

    *over = false;
    while (rc == ST_OK && run->first_seq + run->count <= end) {
        if (run->count == SC_RUN_ENTRIES_MAX || (bytes->n > SC_RUN_BYTES_MAX && run->count > 1)) {
            *over = true;
            break;
        }
        rc = nd_sql_step(s, q, NULL);
        if (rc == ND_ROW)
            rc = take_entry(q, run, bytes);
        else if (rc == ST_OK)
            rc = ST_CORRUPT; /* fewer entries than the log says */
    }
    if (rc == ST_OK && bytes->n > SC_RUN_BYTES_MAX && run->count > 1)
        *over = true;
    if (*over) {
        run->count = count;
        bytes->n = n;
    }
    return rc;
}

static int read_run(void *arg, uint64_t handle, uint64_t from_seq, struct sc_run *run,
                    struct cr_buf *bytes)
{
    struct nd_store *s = arg;
    bool over = false, urgent = false;
    struct cr_sig sig;
    uint64_t end;
    struct ends ends;
    struct nd_log l;
    sqlite3_stmt *q;
    int rc = nd_log_get(s, handle, &l, NULL);

    if (rc == ST_OK && from_seq >= l.link.seq_next)
        rc = ST_NOTFOUND;
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_ENTRY_RANGE, &q, NULL);
    if (rc == ST_OK)
        rc = ends_open(&ends, s, &l, from_seq);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(handle, from_seq));
    nd_bind_i64(q, ":to", nd_entry_no(handle, l.link.seq_next - 1));
    cr_buf_clear(bytes);
    run->first_seq = from_seq;
    run->count = 0;
    while (rc == ST_OK && !over && !urgent) {
        rc = ends_next(&ends, &end, &urgent, &sig);
        if (rc == ST_OK)
            rc = add_span(q, s, end, run, bytes, &over);
        if (rc == ST_OK && !over)
            run->sig = sig;
    }
    nd_sql_done(q);
    ends_close(&ends);
    if (rc == ST_NOTFOUND || rc == ST_OK)
        rc = run->count > 0 ? ST_OK : ST_CORRUPT; /* a span that does not fit cannot be */
    if (rc == ST_OK)
        set_spans(run, bytes);
    return rc;
}

/* Chain value before seq. */
static int chain_before(struct nd_store *s, const struct nd_log *l, uint64_t seq,
                        struct cr_hash *out)
{
    if (seq == 0) {
        *out = l->id;
        return ST_OK;
    }
    return s->view.chain_at(s, l->handle, seq - 1, out);
}

/* The first urgent entry of the log itself. */
static int urgent_in_log(struct nd_store *s, const struct nd_log *l, uint64_t from,
                         struct sc_urgent *out, struct cr_buf *bytes)
{
    struct cr_span payload;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_CKPT_URGENT, &q, NULL);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(l->handle, from));
    nd_bind_i64(q, ":to", nd_entry_no(l->handle, SC_SEQ_MAX - 1));
    rc = nd_sql_step(s, q, NULL);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    out->key = l->key;
    out->seq = nd_entry_seq(sqlite3_column_int64(q, 0));
    rc = nd_col_fixed(q, 1, out->sig.b, sizeof out->sig.b) ? ST_OK : ST_CORRUPT;
    nd_sql_done(q);
    if (rc == ST_OK)
        rc = chain_before(s, l, out->seq, &out->chain_before);
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_ENTRY_GET, &q, NULL);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", nd_entry_no(l->handle, out->seq));
    rc = nd_sql_step(s, q, NULL);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    out->e = (struct sc_wire_entry){.lamport = nd_col_u64(q, 1), .wall_ms = nd_col_u64(q, 2)};
    payload = nd_col_span(q, 5);
    rc = (nd_col_u64(q, 0) & ND_EF_PRUNED) != 0 ? ST_NOTFOUND
                                                : cr_buf_append(bytes, payload.p, payload.n);
    nd_sql_done(q);
    out->e.payload = cr_buf_span(bytes);
    return rc;
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
                              .e = {.lamport = p.lamport, .wall_ms = p.wall_ms},
                              .sig = p.sig};
    out->e.payload = cr_buf_span(bytes);
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
        if (rc == ST_OK && p.flags == ND_EF_URGENT) { /* neither forked nor in quarantine */
            struct sc_urgent u = {.key = p.key,
                                  .seq = p.seq,
                                  .chain_before = p.before,
                                  .e = {.lamport = p.lamport,
                                        .wall_ms = p.wall_ms,
                                        .payload = p.payload,
                                        .payload_bytes = p.payload.n},
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
    struct nd_log l;
    int rc = nd_log_get(s, handle, &l, NULL);

    if (rc != ST_OK)
        return rc;
    cr_buf_clear(bytes);
    rc = urgent_in_log(s, &l, from_seq, out, bytes);
    if (rc != ST_NOTFOUND)
        return rc;
    cr_buf_clear(bytes);
    return urgent_ahead(s, &l, from_seq > l.link.seq_next ? from_seq : l.link.seq_next, out, bytes);
}

static int chain_at(void *arg, uint64_t handle, uint64_t seq, struct cr_hash *out)
{
    struct nd_store *s = arg;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_ENTRY_CHAIN, &q, NULL);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", nd_entry_no(handle, seq));
    rc = nd_sql_step(s, q, NULL);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    rc = nd_col_fixed(q, 0, out->b, sizeof out->b) ? ST_OK : ST_CORRUPT;
    nd_sql_done(q);
    return rc;
}

static int checkpoint_at(void *arg, uint64_t handle, uint64_t from_seq, uint64_t *seq,
                         struct cr_hash *chain, struct cr_sig *sig)
{
    struct nd_store *s = arg;
    bool urgent;
    struct ends ends;
    struct nd_log l;
    int rc = nd_log_get(s, handle, &l, NULL);

    if (rc == ST_OK && from_seq >= l.link.seq_next)
        rc = ST_NOTFOUND;
    if (rc == ST_OK)
        rc = ends_open(&ends, s, &l, from_seq);
    if (rc != ST_OK)
        return rc;
    rc = ends_next(&ends, seq, &urgent, sig);
    ends_close(&ends);
    return rc == ST_OK ? chain_at(s, handle, *seq, chain) : rc;
}

static bool certified(void *arg, const struct cr_sign_pk *author)
{
    struct nd_store *s = arg;

    return cr_sign_pk_equal(author, &s->genesis.root) || sc_certs_find(s->certs, author) != NULL;
}

static unsigned priority(void *arg, const struct sy_log *log)
{
    struct nd_store *s = arg;
    const struct sc_cert *c;

    if (log->key.scope != SC_SCOPE_PUBLIC)
        return 2;
    if (cr_sign_pk_equal(&log->key.author, &s->genesis.root))
        return 0;
    c = sc_certs_find(s->certs, &log->key.author);
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
