/* Lists and single subjects for people: filtered by the projections, folded when shown. */
#include "node/store_int.h"

#include "crypto/base/assert.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void bind_grid(sqlite3_stmt *st, uint64_t prefix)
{
    uint64_t low = prefix, high = prefix == 0 ? INT64_MAX : prefix;
    static const char *const names[3][2] = {{":g1", ":h1"}, {":g2", ":h2"}, {":g3", ":h3"}};
    for (int i = 0; i < 3; i++) {
        nd_bind_u64(st, names[i][0], low);
        nd_bind_u64(st, names[i][1], high);
        if (prefix != 0 && high < INT64_MAX / 1000 - 1) {
            low *= 1000;
            high = high * 1000 + 999;
        }
    }
}

/* Row numbers of a page, read before anything is folded: callbacks may ask the store again. */
struct page {
    int64_t *row;
    size_t n, cap;
};

static int read_page(struct nd_store *s, sqlite3_stmt *st, struct page *p, struct st_err *err)
{
    int rc;
    while ((rc = nd_sql_row(s, st, err)) == ST_OK) {
        if (p->n == p->cap) {
            size_t cap = p->cap == 0 ? 64 : p->cap * 2;
            int64_t *row = (int64_t *)realloc(p->row, cap * sizeof *row);
            if (row == NULL) {
                nd_sql_done(st);
                return st_fail(err, ST_NOMEM, "store: out of memory");
            }
            p->row = row;
            p->cap = cap;
        }
        p->row[p->n++] = sqlite3_column_int64(st, 0);
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

static void bind_page(sqlite3_stmt *st, size_t offset, size_t limit)
{
    nd_bind_u64(st, ":limit", limit == 0 ? INT64_MAX : limit);
    nd_bind_u64(st, ":offset", offset);
}

static int read_count(struct nd_store *s, sqlite3_stmt *st, uint64_t *total, struct st_err *err)
{
    int rc = nd_sql_row(s, st, err);
    if (rc != ST_OK)
        return rc;
    *total = nd_col_u64(st, 0);
    nd_sql_done(st);
    return ST_OK;
}

/* ---- hazards ---- */

static int canonical(struct nd_store *s, const struct sc_id *id, struct sc_id *out,
                     struct st_err *err)
{
    *out = *id;
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LINK_GROUP, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":a", id->b, SC_ID_BYTES);
    int rc = nd_sql_row(s, st, err);
    if (rc != ST_OK)
        return rc;
    (void)nd_col_fixed(st, 0, out->b, SC_ID_BYTES);
    nd_sql_done(st);
    return ST_OK;
}

static int show_hazard(struct nd_store *s, const struct nd_subject *subj, nd_hazard_cb *cb,
                       void *arg, struct st_err *err)
{
    struct nd_hazard_row row = {.subject = subj->id, .scope = subj->scope};
    struct sc_fact *facts = NULL;
    size_t n = 0;
    int rc = nd_load_facts(s, subj, &facts, &n, err);
    if (rc == ST_OK)
        rc = sc_hazard_fold(facts, n, &row.h);
    if (rc == ST_OK && row.h.exists) {
        row.canonical = row.subject;
        if ((row.h.flags & SC_HF_LINKED) != 0)
            rc = canonical(s, &subj->id, &row.canonical, err);
        if (rc == ST_OK)
            rc = cb(arg, &row);
    } else if (rc == ST_OK) {
        rc = ST_NOTFOUND;
    }
    free(facts);
    return rc;
}

static void bind_hazards(sqlite3_stmt *st, const struct nd_hazard_query *q)
{
    bind_grid(st, q->grid_prefix);
    nd_bind_u64(st, ":state", (uint64_t)q->state);
    nd_bind_u64(st, ":severity", q->severity_min);
    nd_bind_u64(st, ":flags", q->flags);
    nd_bind_u64(st, ":due", q->overdue_at_ms);
    if (q->code != NULL)
        nd_bind_text(st, ":code", q->code);
}

int nd_store_hazards(struct nd_store *s, const struct nd_hazard_query *q, nd_hazard_cb *cb,
                     void *arg, uint64_t *total, struct st_err *err)
{
    sqlite3_stmt *st;
    if (total != NULL) {
        if ((st = nd_sql(s, ND_SQL_HAZARD_COUNT, err)) == NULL)
            return ST_IO;
        bind_hazards(st, q);
        int rc = read_count(s, st, total, err);
        if (rc != ST_OK)
            return rc;
    }
    if ((st = nd_sql(s, ND_SQL_HAZARD_LIST, err)) == NULL)
        return ST_IO;
    bind_hazards(st, q);
    bind_page(st, q->offset, q->limit);
    struct page page = {.row = NULL};
    int rc = read_page(s, st, &page, err);
    for (size_t i = 0; rc == ST_OK && i < page.n; i++) {
        struct nd_subject subj;
        rc = nd_subject_get(s, page.row[i], &subj, err);
        if (rc == ST_OK)
            rc = show_hazard(s, &subj, cb, arg, err);
    }
    free(page.row);
    return rc;
}

/* The subject of this id in whatever scope; the smallest scope when two have one of that id. */
static int find_id(struct nd_store *s, const struct sc_id *id, struct nd_subject *out,
                   struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_SUBJECT_BY_SID, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":sid", id->b, SC_ID_BYTES);
    int rc = nd_sql_row(s, st, err);
    if (rc == ST_NOTFOUND)
        return st_fail(err, ST_NOTFOUND, "no such record here");
    if (rc != ST_OK)
        return rc;
    *out = (struct nd_subject){.row = sqlite3_column_int64(st, 0),
                               .id = *id,
                               .scope = nd_col_u64(st, 1),
                               .type = nd_col_u64(st, 2)};
    nd_sql_done(st);
    return ST_OK;
}

int nd_store_hazard(struct nd_store *s, const struct sc_id *subject, nd_hazard_cb *cb, void *arg,
                    struct st_err *err)
{
    struct nd_subject subj;
    int rc = find_id(s, subject, &subj, err);
    if (rc == ST_OK && subj.type != 0 && !sc_type_is_hazard(subj.type))
        return st_fail(err, ST_NOTFOUND, "the record is not a hazard");
    return rc == ST_OK ? show_hazard(s, &subj, cb, arg, err) : rc;
}

int nd_store_find_subject(struct nd_store *s, const char *hex, struct sc_id *out,
                          struct st_err *err)
{
    char low[2 * SC_ID_BYTES + 1], high[2 * SC_ID_BYTES + 1];
    uint8_t a[SC_ID_BYTES], b[SC_ID_BYTES];
    size_t n = strlen(hex);
    if (n < 4 || n > 2 * SC_ID_BYTES)
        return st_fail(err, ST_USAGE, "\"%.40s\" is not 4 to 32 hex digits of an id", hex);
    memset(low, '0', sizeof low);
    memset(high, 'f', sizeof high);
    memcpy(low, hex, n);
    memcpy(high, hex, n);
    if (cr_unhex(low, 2 * SC_ID_BYTES, a, SC_ID_BYTES) != ST_OK ||
        cr_unhex(high, 2 * SC_ID_BYTES, b, SC_ID_BYTES) != ST_OK)
        return st_fail(err, ST_USAGE, "\"%.40s\" is not 4 to 32 hex digits of an id", hex);
    sqlite3_stmt *st = nd_sql(s, ND_SQL_SUBJECT_PREFIX, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":low", a, sizeof a);
    nd_bind_blob(st, ":high", b, sizeof b);
    int rc = nd_sql_row(s, st, err);
    if (rc == ST_NOTFOUND)
        return st_fail(err, ST_NOTFOUND, "no record here begins with %s", hex);
    if (rc != ST_OK)
        return rc;
    bool good = nd_col_fixed(st, 0, out->b, SC_ID_BYTES);
    rc = nd_sql_row(s, st, err);
    if (rc == ST_OK) {
        nd_sql_done(st);
        return st_fail(err, ST_CONFLICT, "more than one record begins with %s: give more digits",
                       hex);
    }
    if (rc != ST_NOTFOUND)
        return rc;
    return good ? ST_OK : nd_corrupt(err, "a subject is damaged");
}

int nd_store_by_ext(struct nd_store *s, uint64_t scope, struct cr_span ext, struct sc_id *out)
{
    char text[SC_TEXT_MAX + 1];
    if (ext.n > SC_TEXT_MAX)
        return ST_NOTFOUND;
    if (ext.n > 0)
        memcpy(text, ext.p, ext.n);
    text[ext.n] = '\0';
    sqlite3_stmt *st = nd_sql(s, ND_SQL_EXT_GET, NULL);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":scope", scope);
    nd_bind_text(st, ":ext", text);
    int rc = nd_sql_row(s, st, NULL);
    if (rc == ST_OK) {
        rc = nd_col_fixed(st, 0, out->b, SC_ID_BYTES) ? ST_OK : ST_CORRUPT;
        nd_sql_done(st);
    }
    return rc;
}

int nd_store_subject(struct nd_store *s, const struct sc_id *subject, uint64_t *scope,
                     uint64_t *grid)
{
    struct nd_subject subj;
    struct sc_fact *facts = NULL;
    size_t n = 0;
    int rc = find_id(s, subject, &subj, NULL);
    if (rc == ST_OK)
        rc = nd_load_facts(s, &subj, &facts, &n, NULL);
    if (rc != ST_OK)
        return rc;
    *scope = subj.scope;
    *grid = nd_facts_grid(facts, n);
    free(facts);
    return ST_OK;
}

int nd_store_tips(struct nd_store *s, const struct sc_id *subject, struct sc_id *out, size_t *n,
                  uint64_t *scope)
{
    struct nd_subject subj;
    struct sc_fact *facts = NULL;
    size_t fact_count = 0;
    int rc = find_id(s, subject, &subj, NULL);
    if (rc == ST_OK)
        rc = nd_load_facts(s, &subj, &facts, &fact_count, NULL);
    if (rc == ST_OK)
        rc = sc_fact_parents(facts, fact_count, out, n, NULL);
    if (rc == ST_OK)
        *scope = subj.scope;
    free(facts);
    return rc;
}

/* ---- records ---- */

static int show_record(struct nd_store *s, int64_t row, const struct sc_record *rec,
                       int (*cb)(void *arg, const struct nd_record_row *row), void *arg,
                       struct st_err *err)
{
    struct nd_subject subj;
    struct sc_fact *facts = NULL;
    size_t n = 0;
    struct sc_lww lww;
    int rc = nd_subject_get(s, row, &subj, err);
    if (rc == ST_OK)
        rc = nd_load_facts(s, &subj, &facts, &n, err);
    if (rc == ST_OK)
        rc = sc_lww_fold(rec, facts, n, &lww);
    if (rc == ST_OK && lww.any) {
        struct nd_record_row out = {.subject = subj.id,
                                    .scope = subj.scope,
                                    .grid = sc_body_get(&lww.body, SC_K_GRID)->u,
                                    .body = &lww.body,
                                    .contested = lww.contested};
        rc = cb(arg, &out);
    }
    free(facts);
    return rc;
}

int nd_store_records(struct nd_store *s, uint64_t type, uint64_t grid_prefix, size_t offset,
                     size_t limit, int (*cb)(void *arg, const struct nd_record_row *row), void *arg,
                     uint64_t *total, struct st_err *err)
{
    const struct sc_record *rec = sc_record_find(type);
    CR_ASSERT(rec != NULL);
    sqlite3_stmt *st;
    int rc = ST_OK;
    if (total != NULL) {
        if ((st = nd_sql(s, ND_SQL_RECORD_COUNT, err)) == NULL)
            return ST_IO;
        nd_bind_u64(st, ":type", type);
        bind_grid(st, grid_prefix);
        rc = read_count(s, st, total, err);
    }
    if (rc != ST_OK || (st = nd_sql(s, ND_SQL_RECORD_LIST, err)) == NULL)
        return rc != ST_OK ? rc : ST_IO;
    nd_bind_u64(st, ":type", type);
    bind_grid(st, grid_prefix);
    bind_page(st, offset, limit);
    struct page page = {.row = NULL};
    rc = read_page(s, st, &page, err);
    for (size_t i = 0; rc == ST_OK && i < page.n; i++)
        rc = show_record(s, page.row[i], rec, cb, arg, err);
    free(page.row);
    return rc;
}

/* ---- history ---- */

/* Why an entry has no effect; NULL when it has. */
static const char *held_reason(const struct sc_fact *f)
{
    const struct sc_record *rec = sc_record_find(f->type);
    if (f->pruned)
        return NULL;
    if (rec == NULL)
        return "record type of a newer version";
    if ((f->roles & rec->writers) != 0 || rec->open_report)
        return NULL;
    return f->roles == 0 ? "author has no valid certificate here"
                         : "author's role may not write this";
}

static int by_order(const void *a, const void *b)
{
    return sc_fact_cmp(&((const struct nd_history_row *)a)->fact,
                       &((const struct nd_history_row *)b)->fact);
}

/* The position of each fact, matched by entry id (facts were loaded by the same statements). */
static int locate(struct nd_store *s, enum nd_sql q, int64_t subject, struct nd_history_row *rows,
                  size_t n, size_t *at, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, q, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":subject", (uint64_t)subject);
    int rc;
    while ((rc = nd_sql_row(s, st, err)) == ST_OK && *at < n) {
        struct nd_history_row *r = &rows[(*at)++];
        r->seq = nd_col_u64(st, 1);
        r->received_ms = nd_col_u64(st, 4);
        r->urgent = (nd_col_u64(st, 5) & ND_EF_URGENT) != 0;
        r->provisional = q == ND_SQL_PROV_FACTS;
        r->log.author = r->fact.author;
        r->log.scope = nd_col_u64(st, 12);
        r->log.incarnation = nd_col_u64(st, 13);
    }
    if (rc == ST_OK)
        nd_sql_done(st);
    return rc == ST_NOTFOUND || rc == ST_OK ? ST_OK : rc;
}

int nd_store_history(struct nd_store *s, const struct sc_id *subject,
                     int (*cb)(void *arg, const struct nd_history_row *row), void *arg,
                     struct st_err *err)
{
    struct nd_subject subj;
    struct sc_fact *facts = NULL;
    size_t n = 0, at = 0;
    int rc = find_id(s, subject, &subj, err);
    if (rc == ST_OK)
        rc = nd_load_facts(s, &subj, &facts, &n, err);
    struct nd_history_row *rows =
        rc == ST_OK ? (struct nd_history_row *)calloc(n + 1, sizeof *rows) : NULL;
    if (rc == ST_OK && rows == NULL)
        rc = st_fail(err, ST_NOMEM, "store: out of memory");
    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        rows[i].fact = facts[i];
        rows[i].held_reason = held_reason(&facts[i]);
        rows[i].held = rows[i].held_reason != NULL;
    }
    if (rc == ST_OK)
        rc = locate(s, ND_SQL_FACTS, subj.row, rows, n, &at, err);
    if (rc == ST_OK)
        rc = locate(s, ND_SQL_PROV_FACTS, subj.row, rows, n, &at, err);
    if (rc == ST_OK && n > 0)
        qsort(rows, n, sizeof *rows, by_order);
    for (size_t i = 0; rc == ST_OK && i < n; i++)
        rc = cb(arg, &rows[i]);
    free(rows);
    free(facts);
    return rc;
}

/* One entry of a log as a history row; the payload is read from the statement's own row. */
static int fill_row(sqlite3_stmt *st, struct nd_history_row *row)
{
    struct sc_payload p;
    struct cr_span payload = nd_col_blob(st, 8);
    memset(row, 0, sizeof *row);
    if (!nd_col_fixed(st, 7, row->fact.entry_id.b, CR_HASH_BYTES) ||
        !nd_col_fixed(st, 11, row->log.author.b, CR_SIGN_PK_BYTES))
        return ST_CORRUPT;
    row->fact.author = row->log.author;
    row->log.scope = nd_col_u64(st, 12);
    row->log.incarnation = nd_col_u64(st, 13);
    row->seq = nd_col_u64(st, 1);
    row->fact.lamport = nd_col_u64(st, 2);
    row->fact.wall_ms = nd_col_u64(st, 3);
    row->received_ms = nd_col_u64(st, 4);
    row->held = true;
    row->fact.pruned = payload.n == 0;
    if (payload.n > 0 && sc_payload_decode(payload, &p, NULL) == ST_OK) {
        row->fact.type = p.type;
        row->fact.schema_version = p.schema_version;
        row->fact.body = p.body;
    }
    return ST_OK;
}

typedef int history_cb(void *arg, const struct nd_history_row *row);

static int each_quarantined(struct nd_store *s, history_cb *cb, void *arg, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_QUARANTINED, err);
    if (st == NULL)
        return ST_IO;
    int rc;
    while ((rc = nd_sql_row(s, st, err)) == ST_OK) {
        struct nd_history_row row;
        sqlite3_stmt *why = nd_sql(s, ND_SQL_QUARANTINE_AT, err);
        rc = why == NULL ? ST_IO : fill_row(st, &row);
        if (rc == ST_OK) {
            nd_bind_u64(why, ":log", nd_col_u64(st, 0));
            nd_bind_u64(why, ":seq", row.seq);
            rc = nd_sql_row(s, why, err);
        }
        if (rc == ST_OK) {
            row.held_reason = (const char *)sqlite3_column_text(why, 0);
            rc = cb(arg, &row);
            nd_sql_done(why);
        }
        if (rc != ST_OK) {
            nd_sql_done(st);
            return rc;
        }
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

static int each_uncertified(struct nd_store *s, history_cb *cb, void *arg, struct st_err *err)
{
    sqlite3_stmt *logs = nd_sql(s, ND_SQL_LOG_SUMS, err);
    if (logs == NULL)
        return ST_IO;
    int rc;
    while ((rc = nd_sql_row(s, logs, err)) == ST_OK) {
        struct sy_log log;
        if (nd_read_log(logs, &log) != ST_OK || s->view.certified(s, &log.key.author))
            continue;
        sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_ENTRIES, err);
        if (st == NULL) {
            rc = ST_IO;
            break;
        }
        nd_bind_u64(st, ":log", log.handle);
        while ((rc = nd_sql_row(s, st, err)) == ST_OK) {
            struct nd_history_row row;
            if (fill_row(st, &row) != ST_OK)
                continue;
            row.held_reason = "author has no certificate";
            rc = cb(arg, &row);
            if (rc != ST_OK)
                break;
        }
        nd_sql_done(st);
        if (rc != ST_NOTFOUND)
            break;
    }
    nd_sql_done(logs);
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

int nd_store_held(struct nd_store *s, history_cb *cb, void *arg, struct st_err *err)
{
    int rc = each_quarantined(s, cb, arg, err);
    return rc == ST_OK ? each_uncertified(s, cb, arg, err) : rc;
}
