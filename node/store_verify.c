/* The full check. First what was signed: every entry links, every kept checkpoint verifies, spans
 * between them fit a run. Then what was made of it: each entry is a fact of its subject or in
 * quarantine for cause, each subject folds to its row, counters and sums are those of the rows.
 * Findings are reported and counted; only failures of reading end the check. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct nd_store *s;
    struct nd_verify v;
    void (*report)(void *arg, const char *line);
    void *arg;
    struct nd_scope *scope; /* recomputed, in the order of s->scope */
    size_t scope_n;
    uint64_t facts;
};

static void finding(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void finding(struct check *c, const char *fmt, ...)
{
    char line[300];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    c->v.findings++;
    if (c->report != NULL)
        c->report(c->arg, line);
}

/* "author/scope/incarnation", shortened. */
static const char *name_of(const struct sc_log_key *key, char out[static 64])
{
    char scope[SC_SCOPE_TEXT_MAX], author[9];

    sc_scope_text(key->scope, scope);
    cr_hex(key->author.b, 4, author);
    (void)snprintf(out, 64, "%s/%s/%016llx", author, scope, (unsigned long long)key->incarnation);
    return out;
}

static int integrity(struct check *c, struct st_err *err)
{
    char line[250];
    sqlite3_stmt *q;
    int rc = nd_sql(c->s, ND_SQL_INTEGRITY, &q, err);

    if (rc != ST_OK)
        return rc;
    while ((rc = nd_sql_step(c->s, q, err)) == ND_ROW) {
        nd_col_text(q, 0, line, sizeof line);
        if (strcmp(line, "ok") != 0)
            finding(c, "database: %s", line);
    }
    return rc;
}

/* ---- entries ---- */

/* One stored entry, its payload out of the statement's way. */
struct stored {
    int64_t no;
    uint32_t flags;
    uint64_t lamport, wall_ms;
    struct cr_hash chain;
    struct cr_buf payload;
};

static int take(sqlite3_stmt *q, struct stored *e)
{
    struct cr_span payload = nd_col_span(q, 6);

    e->no = sqlite3_column_int64(q, 0);
    e->flags = (uint32_t)nd_col_u64(q, 1);
    e->lamport = nd_col_u64(q, 2);
    e->wall_ms = nd_col_u64(q, 3);
    cr_buf_clear(&e->payload);
    if (!nd_col_fixed(q, 5, e->chain.b, sizeof e->chain.b))
        return ST_CORRUPT;
    return cr_buf_append(&e->payload, payload.p, payload.n);
}

static bool links(const struct stored *e, struct sc_link *link)
{
    uint64_t bytes = e->payload.n;
    struct cr_hash hash;
    struct sc_header h;

    if (nd_entry_seq(e->no) != link->seq_next)
        return false;
    if ((e->flags & ND_EF_PRUNED) != 0) {
        if (e->payload.n != CR_HASH_BYTES + 8)
            return false;
        memcpy(hash.b, e->payload.p, CR_HASH_BYTES);
        bytes = cr_load_be64(e->payload.p + CR_HASH_BYTES);
    } else {
        sc_payload_hash(cr_buf_span(&e->payload), &hash);
    }
    return sc_link_extend_as(link, nd_suite_of(e->flags), e->lamport, e->wall_ms, &hash, bytes,
                             &h) == ST_OK &&
           cr_hash_equal(&link->chain, &e->chain);
}

static int has_fact(struct nd_store *s, int64_t subject, int64_t no, bool *out, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_FACT_HAS, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":subject", subject);
    nd_bind_i64(q, ":entry", no);
    rc = nd_sql_step(s, q, err);
    *out = rc == ND_ROW;
    if (rc == ND_ROW) {
        nd_sql_done(q);
        rc = ST_OK;
    }
    return rc;
}

/* An entry that cannot be read says that, and nothing else is made of it. */
static bool unread(struct check *c, const struct stored *e, const struct sc_log_key *key)
{
    bool want = !sc_suite_known(nd_suite_of(e->flags)), is = (e->flags & ND_EF_UNREAD) != 0;
    char name[64];

    if (want != is || (want && (e->flags & ND_EF_QUARANTINE) != 0))
        finding(c, "log %s, entry %llu: suite %u is %s", name_of(key, name),
                (unsigned long long)nd_entry_seq(e->no), (unsigned)nd_suite_of(e->flags),
                want ? "taken for one that is known" : "known, the entry is not read");
    return want;
}

/* The entry is where the catalogue puts it. */
static int placed(struct check *c, const struct stored *e, const struct sc_log_key *key,
                  struct st_err *err)
{
    bool there = false, bad = (e->flags & ND_EF_QUARANTINE) != 0;
    struct nd_subject row;
    struct sc_payload p;
    struct sc_body body;
    struct sc_id sid;
    char name[64];
    int rc = sc_record_check(cr_buf_span(&e->payload), &p, &body, NULL);

    if (rc == ST_OK && key->scope == SC_SCOPE_PUBLIC)
        rc = nd_auth_form(p.type, p.body, NULL);
    if (rc == ST_NOMEM)
        return rc;
    if ((rc != ST_OK) != bad)
        finding(c, "log %s, entry %llu: %s", name_of(key, name),
                (unsigned long long)nd_entry_seq(e->no),
                bad ? "in quarantine without a reason" : "breaks the catalogue");
    if (rc != ST_OK || bad)
        return ST_OK;
    sid = p.has_subject ? p.subject : sc_id_of(&e->chain);
    rc = nd_subject_in(c->s, &sid, key->scope, &row, err);
    if (rc == ST_OK)
        rc = has_fact(c->s, row.id, e->no, &there, err);
    if (rc != ST_OK && rc != ST_NOTFOUND)
        return rc;
    if (there)
        c->facts++;
    else
        finding(c, "log %s, entry %llu: not among the facts of its subject", name_of(key, name),
                (unsigned long long)nd_entry_seq(e->no));
    return ST_OK;
}

/* Position before the first entry of the row. */
static int start_link(struct check *c, const struct nd_log *l, struct sc_link *link,
                      struct st_err *err)
{
    char name[64];
    sqlite3_stmt *q;
    int rc;

    sc_link_start(&l->id, link);
    if (l->parent == 0)
        return ST_OK;
    rc = nd_sql(c->s, ND_SQL_ENTRY_GET, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", nd_entry_no(l->parent, l->first_seq - 1));
    rc = nd_sql_step(c->s, q, err);
    if (rc == ST_OK)
        finding(c, "log %s, branch %u: hangs off nothing", name_of(&l->key, name),
                (unsigned)l->branch);
    if (rc != ND_ROW)
        return rc;
    link->seq_next = l->first_seq;
    link->lamport = nd_col_u64(q, 1);
    (void)nd_col_fixed(q, 4, link->chain.b, sizeof link->chain.b);
    nd_sql_done(q);
    return ST_OK;
}

static int check_entries(struct check *c, const struct nd_log *l, struct st_err *err)
{
    struct sc_link link;
    struct stored e = {0};
    char name[64];
    sqlite3_stmt *q;
    int rc = start_link(c, l, &link, err);

    if (rc == ST_OK)
        rc = nd_sql(c->s, ND_SQL_ENTRY_RANGE, &q, err);
    if (rc != ST_OK)
        return rc;
    cr_buf_init(&e.payload, SC_PAYLOAD_MAX);
    nd_bind_i64(q, ":from", nd_entry_no(l->handle, l->first_seq));
    nd_bind_i64(q, ":to", nd_entry_no(l->handle, SC_SEQ_MAX - 1));
    while ((rc = nd_sql_step(c->s, q, err)) == ND_ROW) {
        c->v.entries++;
        rc = take(q, &e);
        if (rc == ST_OK && !links(&e, &link)) {
            finding(c, "log %s, entry %llu: the chain is broken", name_of(&l->key, name),
                    (unsigned long long)nd_entry_seq(e.no));
            nd_sql_done(q);
            break;
        }
        if (rc == ST_OK && (e.flags & ND_EF_PRUNED) == 0 && !unread(c, &e, &l->key))
            rc = placed(c, &e, &l->key, err);
        if (rc != ST_OK) {
            nd_sql_done(q);
            break;
        }
    }
    cr_buf_release(&e.payload);
    if (rc == ST_OK && (link.seq_next != l->link.seq_next || link.lamport != l->link.lamport ||
                        !cr_hash_equal(&link.chain, &l->link.chain)))
        finding(c, "log %s: the head is not the last entry", name_of(&l->key, name));
    return rc;
}

static int check_checkpoints(struct check *c, const struct nd_log *l, struct st_err *err)
{
    static const struct sc_run none;
    struct sc_run run = none;
    const struct sy_view *view = nd_store_view(c->s);
    uint64_t at = l->first_seq;
    struct cr_buf bytes;
    char name[64];
    int rc = ST_OK;

    cr_buf_init(&bytes, SC_RUN_BYTES_MAX + SC_PAYLOAD_MAX);
    while (rc == ST_OK && at < l->link.seq_next) {
        uint64_t end;
        struct cr_hash chain;
        struct cr_sig sig;

        rc = view->checkpoint_at(c->s, l->handle, at, &end, &chain, &sig);
        if (rc == ST_OK)
            rc = view->read_run(c->s, l->handle, at, &run, &bytes);
        if (rc == ST_CORRUPT || rc == ST_NOTFOUND) {
            finding(c, "log %s: no run from entry %llu on", name_of(&l->key, name),
                    (unsigned long long)at);
            rc = ST_OK;
            break;
        }
        if (rc != ST_OK) {
            rc = st_fail(err, (enum st_code)rc, "read log %s", name_of(&l->key, name));
            break;
        }
        c->v.signatures++;
        if (sc_checkpoint_verify(&l->key.author, &c->s->net, &l->id, end, &chain, &sig) != ST_OK)
            finding(c, "log %s, entry %llu: the checkpoint does not verify", name_of(&l->key, name),
                    (unsigned long long)end);
        at = end + 1;
    }
    cr_buf_release(&bytes);
    return rc;
}

static int check_log(void *arg, const struct nd_log *l, struct st_err *err)
{
    struct check *c = arg;
    int rc = check_entries(c, l, err);

    if (rc == ST_OK)
        rc = check_checkpoints(c, l, err);
    c->v.logs++;
    return rc;
}

/* ---- projections ---- */

static int check_subject(struct check *c, const struct nd_subject *row, struct st_err *err)
{
    struct nd_projection *p = &c->s->projection;
    char id[2 * SC_ID_BYTES + 1];
    struct nd_scope *scope;
    int rc = nd_project(c->s, row, p, err);

    if (rc != ST_OK && rc != ST_CORRUPT)
        return rc;
    c->v.subjects++;
    cr_hex(row->sid.b, SC_ID_BYTES, id);
    if (rc == ST_CORRUPT)
        finding(c, "record %s: an entry of it is damaged", id);
    else if (!nd_subject_same(row, &p->row))
        finding(c, "record %s: its row is not what its entries give", id);
    rc = nd_scope_of(c->s, row->scope, &scope);
    if (rc != ST_OK || (size_t)(scope - c->s->scope) >= c->scope_n)
        return rc;
    scope = &c->scope[scope - c->s->scope];
    scope->subjects++;
    scope->hazards += row->type == SC_R_HAZARD_REPORT;
    scope->held += row->held;
    if (row->has_item)
        cr_hash_add(&scope->acc, &row->item);
    return nd_count_subject(c->s, row);
}

static int check_subjects(struct check *c, struct st_err *err)
{
    struct nd_subject row = {0};
    sqlite3_stmt *q;
    int rc;

    for (;;) {
        rc = nd_sql(c->s, ND_SQL_SUBJECT_NEXT, &q, err);
        if (rc != ST_OK)
            return rc;
        nd_bind_i64(q, ":id", row.id);
        rc = nd_sql_step(c->s, q, err);
        if (rc != ND_ROW)
            return rc;
        nd_subject_row(q, &row);
        nd_sql_done(q);
        rc = check_subject(c, &row, err);
        if (rc != ST_OK)
            return rc;
    }
}

/* Counters of grids against those counted on the way (s->grids). */
static int check_grids(struct check *c, struct st_err *err)
{
    struct nd_grid_delta *d;
    sqlite3_stmt *q;
    int rc = nd_sql(c->s, ND_SQL_GRID_EACH, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":lo", 0);
    nd_bind_i64(q, ":hi", INT64_MAX);
    while ((rc = nd_sql_step(c->s, q, err)) == ND_ROW) {
        rc = nd_grid_delta(c->s, nd_col_u64(q, 0), &d);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return rc;
        }
        for (int i = 0; i < ND_GC_COUNT; i++)
            d->n[i] -= sqlite3_column_int64(q, 1 + i);
    }
    for (size_t i = 0; i < c->s->grids.count; i++)
        for (size_t k = 0; k < ND_GC_COUNT; k++)
            if (c->s->grids.e[i].n[k] != 0) {
                finding(c, "grid %llu: counters are wrong",
                        (unsigned long long)nd_grid_code(c->s->grids.e[i].key));
                break;
            }
    c->s->grids.count = 0;
    return rc;
}

static void check_scopes(struct check *c)
{
    char text[SC_SCOPE_TEXT_MAX];

    for (size_t i = 0; i < c->scope_n; i++) {
        const struct nd_scope *is = &c->s->scope[i], *be = &c->scope[i];

        if (is->subjects == be->subjects && is->hazards == be->hazards && is->held == be->held &&
            cr_hash_equal(&is->acc, &be->acc))
            continue;
        sc_scope_text(is->scope, text);
        finding(c, "scope %s: counters or sum are wrong", text);
    }
}

static int check_facts(struct check *c, struct st_err *err)
{
    uint64_t held = 0;
    sqlite3_stmt *q;
    int rc = nd_sql(c->s, ND_SQL_FACT_COUNT, &q, err);

    if (rc == ST_OK)
        rc = nd_sql_step(c->s, q, err);
    if (rc != ND_ROW)
        return rc;
    held = nd_col_u64(q, 0);
    nd_sql_done(q);
    if (held != c->facts)
        finding(c, "%llu facts of entries, %llu expected", (unsigned long long)held,
                (unsigned long long)c->facts);
    return ST_OK;
}

static void say(void *arg, const char *line)
{
    finding(arg, "%s", line);
}

static int check_all(struct check *c, struct st_err *err)
{
    int rc = integrity(c, err);

    if (rc == ST_OK)
        rc = nd_log_each(c->s, check_log, c, err);
    if (rc == ST_OK)
        rc = nd_check_authority(c->s, say, c, err);
    if (rc == ST_OK)
        rc = check_facts(c, err);
    if (rc == ST_OK)
        rc = check_subjects(c, err);
    if (rc == ST_OK)
        rc = check_grids(c, err);
    if (rc == ST_OK)
        check_scopes(c);
    return rc;
}

int nd_store_verify(struct nd_store *s, bool rebuild, struct nd_verify *out,
                    void (*report)(void *arg, const char *line), void *arg, struct st_err *err)
{
    struct check c = {.s = s, .report = report, .arg = arg};
    int rc;

    if (s->in_txn)
        return st_fail(err, ST_STATE, "a transaction is open");
    rc = nd_read_enter(s, err);
    if (rc != ST_OK)
        return rc;
    c.scope_n = s->scope_n;
    c.scope = calloc(c.scope_n > 0 ? c.scope_n : 1, sizeof *c.scope);
    rc = c.scope != NULL ? check_all(&c, err) : st_fail(err, ST_NOMEM, "verify");
    s->grids.count = 0;
    free(c.scope);
    nd_read_leave(s);
    if (rc == ST_OK && rebuild)
        rc = nd_rebuild(s, err);
    *out = c.v;
    if (rc != ST_OK)
        return st_wrap(err, rc, "verify");
    return c.v.findings > 0
               ? st_fail(err, ST_CORRUPT, "%llu findings", (unsigned long long)c.v.findings)
               : ST_OK;
}
