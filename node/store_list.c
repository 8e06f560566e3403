/* Lists: hazards, records, grids. A list finds numbers by its index, then shows the rows; each is
 * folded as it is shown. Nothing of the store is busy while a callback runs, so it may read on. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define GROUP_MAX 64 /* linked hazards looked at */

/* A row being shown: its facts are taken out of the store, their place there is another buffer. */
struct shown {
    struct nd_facts facts;
    struct nd_projection p;
    size_t unverified;
};

static int show(struct nd_store *s, int64_t id, struct shown *out, struct st_err *err)
{
    struct nd_facts swap = out->facts;
    struct nd_subject row;
    int rc = nd_subject_get(s, id, &row, err);

    if (rc == ST_OK)
        rc = nd_project(s, &row, &out->p, err);
    out->unverified = s->facts.unverified;
    out->facts = s->facts;
    s->facts = swap;
    return rc;
}

static struct shown *shown_new(void)
{
    struct shown *w = calloc(1, sizeof *w);

    if (w != NULL)
        cr_buf_init(&w->facts.bytes, ND_FACT_BYTES_MAX + ND_HELD_BYTES_MAX);
    return w;
}

static void shown_free(struct shown *w)
{
    if (w == NULL)
        return;
    free(w->facts.fact);
    free(w->facts.src);
    cr_buf_release(&w->facts.bytes);
    free(w);
}

/* ---- groups of linked hazards ---- */

struct group {
    size_t count;
    struct sc_id id[GROUP_MAX];
};

static void join(struct group *g, const struct sc_id *id)
{
    for (size_t i = 0; i < g->count; i++)
        if (sc_id_equal(&g->id[i], id))
            return;
    if (g->count < GROUP_MAX)
        g->id[g->count++] = *id;
}

static int join_members(struct nd_store *s, struct group *g, int64_t subject, struct st_err *err)
{
    struct sc_id other;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LINK_OF, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":subject", subject);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW)
        if (nd_col_fixed(q, 0, other.b, sizeof other.b))
            join(g, &other);
    return rc;
}

static int join_linkers(struct nd_store *s, struct group *g, const struct sc_id *id,
                        struct st_err *err)
{
    struct nd_subject row;
    struct cr_buf ids = {0};
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LINK_TO, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":other", id->b, sizeof id->b);
    rc = nd_collect(s, q, &ids, err);
    for (size_t at = 0; rc == ST_OK && at < ids.n; at += sizeof(int64_t)) {
        int64_t subject;

        memcpy(&subject, ids.p + at, sizeof subject);
        rc = nd_subject_get(s, subject, &row, err);
        if (rc == ST_OK)
            join(g, &row.sid);
    }
    cr_buf_release(&ids);
    return rc;
}

/* Smallest id of all that links connect with the hazard, both ways. */
static int canonical_of(struct nd_store *s, const struct nd_subject *row, struct sc_id *out,
                        struct st_err *err)
{
    struct group g = {.count = 1, .id = {row->sid}};
    struct nd_subject other;
    int rc = ST_OK;

    *out = row->sid;
    for (size_t i = 0; rc == ST_OK && i < g.count; i++) {
        rc = join_linkers(s, &g, &g.id[i], err);
        if (rc == ST_OK)
            rc = nd_subject_find(s, &g.id[i], &other, NULL);
        if (rc == ST_OK && (other.extra & ND_EX_LINKS) != 0)
            rc = join_members(s, &g, other.id, err);
        if (rc == ST_NOTFOUND)
            rc = ST_OK; /* linked, but not here */
    }
    for (size_t i = 0; i < g.count; i++)
        if (sc_id_cmp(&g.id[i], out) < 0)
            *out = g.id[i];
    return rc;
}

static int show_hazard(struct nd_store *s, int64_t id, struct shown *w, nd_hazard_cb *cb, void *arg,
                       struct st_err *err)
{
    struct nd_hazard_row row;
    int rc = show(s, id, w, err);

    if (rc == ST_OK && w->p.row.type != SC_R_HAZARD_REPORT)
        return st_fail(err, ST_NOTFOUND, "that is no hazard");
    if (rc != ST_OK)
        return rc;
    row.subject = w->p.row.sid;
    row.scope = w->p.row.scope;
    row.h = w->p.hazard;
    row.unverified = w->unverified;
    row.unverified_only = w->p.unverified_only;
    rc = canonical_of(s, &w->p.row, &row.canonical, err);
    return rc == ST_OK ? cb(arg, &row) : rc;
}

int nd_store_hazard(struct nd_store *s, const struct sc_id *subject, nd_hazard_cb *cb, void *arg,
                    struct st_err *err)
{
    struct shown *w = shown_new();
    struct nd_subject row;
    int rc;

    if (w == NULL)
        return st_fail(err, ST_NOMEM, "hazard");
    rc = nd_read_enter(s, err);
    if (rc == ST_OK) {
        rc = nd_subject_find(s, subject, &row, err);
        if (rc == ST_OK)
            rc = show_hazard(s, row.id, w, cb, arg, err);
        nd_read_leave(s);
    }
    shown_free(w);
    return rc;
}

/* ---- hazards ---- */

static void bind_query(sqlite3_stmt *q, const struct nd_hazard_query *f)
{
    uint64_t lo, hi;

    nd_grid_range(f->grid_prefix, &lo, &hi);
    nd_bind_u64(q, ":grid_lo", lo);
    nd_bind_u64(q, ":grid_hi", hi);
    nd_bind_i64(q, ":rank_lo", f->state == ND_HZ_CLOSED ? ND_RANK_CLOSED : 0);
    nd_bind_i64(q, ":rank_hi", f->state == ND_HZ_OPEN ? ND_RANK_CLOSED - 1 : INT64_MAX);
    nd_bind_u64(q, ":flags", f->flags | (f->step != 0 ? ND_TAG_STEP(f->step) : 0));
    nd_bind_u64(q, ":severity", f->severity_min);
    nd_bind_text(q, ":code", f->code);
    if (f->overdue_at_ms == 0)
        return;
    nd_bind_u64(q, ":due", f->overdue_at_ms);
    nd_bind_u64(q, ":due_from", f->due_from_ms);
}

static int grid_sums(struct nd_store *s, uint64_t prefix, uint64_t sums[static 4],
                     struct st_err *err)
{
    uint64_t lo, hi;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_GRID_SUM, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_grid_range(prefix, &lo, &hi);
    nd_bind_u64(q, ":lo", lo);
    nd_bind_u64(q, ":hi", hi);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    for (int i = 0; i < 4; i++)
        sums[i] = (uint64_t)sqlite3_column_int64(q, i);
    nd_sql_done(q);
    return ST_OK;
}

static uint64_t in_state(const struct nd_hazard_query *f, const uint64_t sums[static 4])
{
    return (f->state != ND_HZ_CLOSED ? sums[0] : 0) + (f->state != ND_HZ_OPEN ? sums[1] : 0);
}

/* As the counters count: by state and grid alone. */
static bool plain(const struct nd_hazard_query *f)
{
    return f->severity_min <= 1 && f->flags == 0 && f->step == 0 && f->code == NULL;
}

/* Number of rows: out of the counters where the question is as plain as they are. */
static int count_hazards(struct nd_store *s, const struct nd_hazard_query *f, uint64_t *out,
                         struct st_err *err)
{
    uint64_t sums[4];
    sqlite3_stmt *q;
    int rc;

    if (plain(f) && f->overdue_at_ms == 0) {
        rc = grid_sums(s, f->grid_prefix, sums, err);
        if (rc == ST_OK)
            *out = in_state(f, sums);
        return rc;
    }
    rc =
        nd_sql(s, f->overdue_at_ms != 0 ? ND_SQL_HAZARDS_DUE_COUNT : ND_SQL_HAZARDS_COUNT, &q, err);
    if (rc != ST_OK)
        return rc;
    bind_query(q, f);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    *out = nd_col_u64(q, 0);
    nd_sql_done(q);
    return ST_OK;
}

/* Rows to look at when those of the state are walked in the order of the list until the page is
 * full, whose rows are taken as evenly spread; a question that is not plain may need them all. */
static uint64_t walk_cost(const struct nd_hazard_query *f, uint64_t here, uint64_t all)
{
    if (!plain(f) || f->limit == 0 || here == 0 || f->limit >= here || f->offset >= here - f->limit)
        return all;
    return (f->offset + f->limit) * (all / here + 1);
}

/* Either the grids asked for are read whole and sorted, or the rows of all grids are walked in the
 * order of the list: whichever looks at fewer. */
static int plan(struct nd_store *s, const struct nd_hazard_query *f, enum nd_sql *out,
                struct st_err *err)
{
    uint64_t here[4], all[4];
    int rc;

    *out = ND_SQL_HAZARDS_DUE;
    if (f->overdue_at_ms != 0)
        return ST_OK;
    *out = ND_SQL_HAZARDS_RANK;
    if (f->grid_prefix == 0)
        return ST_OK;
    rc = grid_sums(s, f->grid_prefix, here, err);
    if (rc == ST_OK)
        rc = grid_sums(s, 0, all, err);
    if (rc == ST_OK &&
        here[0] + here[1] + in_state(f, here) < walk_cost(f, in_state(f, here), in_state(f, all)))
        *out = ND_SQL_HAZARDS;
    return rc;
}

/* A row of a list. */
struct place {
    int64_t id, rank;
};

static int collect(struct nd_store *s, sqlite3_stmt *q, struct cr_buf *out, struct st_err *err)
{
    int rc;

    cr_buf_init(out, UINT32_MAX);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        struct place p = {sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1)};

        rc = cr_buf_append(out, &p, sizeof p);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return st_fail(err, (enum st_code)rc, "too many rows");
        }
    }
    return rc;
}

/* Ranks hold the time to a second and some bits of the id, so equal ones are rare; their order is
 * then that of the ids, as on every other node, not that in which they came. */
static int settle_ties(struct nd_store *s, struct place *p, size_t n, struct st_err *err)
{
    for (size_t i = 1; i < n; i++) {
        struct nd_subject a, b;

        for (size_t k = i; k > 0 && p[k].rank == p[k - 1].rank; k--) {
            struct place swap = p[k];
            int rc = nd_subject_get(s, p[k].id, &a, err);

            if (rc == ST_OK)
                rc = nd_subject_get(s, p[k - 1].id, &b, err);
            if (rc != ST_OK)
                return rc;
            if (sc_id_cmp(&a.sid, &b.sid) >= 0)
                break;
            p[k] = p[k - 1];
            p[k - 1] = swap;
        }
    }
    return ST_OK;
}

static int list_hazards(struct nd_store *s, const struct nd_hazard_query *f, struct cr_buf *ids,
                        struct st_err *err)
{
    enum nd_sql which;
    sqlite3_stmt *q;
    int rc = plan(s, f, &which, err);

    if (rc == ST_OK)
        rc = nd_sql(s, which, &q, err);
    if (rc != ST_OK)
        return rc;
    bind_query(q, f);
    nd_bind_i64(q, ":limit", f->limit == 0 || f->limit > INT64_MAX ? -1 : (int64_t)f->limit);
    nd_bind_i64(q, ":offset", f->offset > INT64_MAX ? INT64_MAX : (int64_t)f->offset);
    rc = collect(s, q, ids, err);
    if (rc == ST_OK && ids->n > 0)
        rc = settle_ties(s, (struct place *)(void *)ids->p, ids->n / sizeof(struct place), err);
    return rc;
}

int nd_store_hazards(struct nd_store *s, const struct nd_hazard_query *q, nd_hazard_cb *cb,
                     void *arg, uint64_t *total, struct st_err *err)
{
    struct shown *w = shown_new();
    struct cr_buf ids = {0};
    int rc;

    if (w == NULL)
        return st_fail(err, ST_NOMEM, "hazards");
    rc = nd_read_enter(s, err);
    if (rc != ST_OK) {
        shown_free(w);
        return rc;
    }
    if (total != NULL)
        rc = count_hazards(s, q, total, err);
    if (rc == ST_OK)
        rc = list_hazards(s, q, &ids, err);
    for (size_t at = 0; rc == ST_OK && at < ids.n; at += sizeof(struct place)) {
        struct place p;

        memcpy(&p, ids.p + at, sizeof p);
        rc = show_hazard(s, p.id, w, cb, arg, err);
    }
    nd_read_leave(s);
    cr_buf_release(&ids);
    shown_free(w);
    return rc;
}

/* ---- records ---- */

static int count_records(struct nd_store *s, uint64_t type, uint64_t prefix, uint64_t *out,
                         struct st_err *err)
{
    uint64_t sums[4], lo, hi;
    sqlite3_stmt *q;
    int rc;

    if (type == SC_R_VISIT || type == SC_R_PLACE) {
        rc = grid_sums(s, prefix, sums, err);
        *out = sums[type == SC_R_VISIT ? 2 : 3];
        return rc;
    }
    rc = nd_sql(s, ND_SQL_RECORDS_COUNT, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_grid_range(prefix, &lo, &hi);
    nd_bind_u64(q, ":type", type);
    nd_bind_u64(q, ":grid_lo", lo);
    nd_bind_u64(q, ":grid_hi", hi);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    *out = nd_col_u64(q, 0);
    nd_sql_done(q);
    return ST_OK;
}

static int list_records(struct nd_store *s, uint64_t type, uint64_t prefix, size_t offset,
                        size_t limit, struct cr_buf *ids, struct st_err *err)
{
    uint64_t lo, hi;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_RECORDS, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_grid_range(prefix, &lo, &hi);
    nd_bind_u64(q, ":type", type);
    nd_bind_u64(q, ":grid_lo", lo);
    nd_bind_u64(q, ":grid_hi", hi);
    nd_bind_i64(q, ":limit", limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
    nd_bind_i64(q, ":offset", offset > INT64_MAX ? INT64_MAX : (int64_t)offset);
    return nd_collect(s, q, ids, err);
}

/* The record with this number, if it is of the type (0: of any that folds field by field). */
static int show_record(struct nd_store *s, int64_t id, uint64_t type, struct shown *w,
                       int (*cb)(void *arg, const struct nd_record_row *row), void *arg,
                       struct st_err *err)
{
    int rc = show(s, id, w, err);
    const struct sc_record *rec = sc_record_find(w->p.row.type);

    if (rc != ST_OK || w->p.row.type == 0 || rec == NULL || rec->fold != SC_FOLD_LWW ||
        (type != 0 && w->p.row.type != type))
        return rc != ST_OK ? rc : ST_NOTFOUND;
    return cb(arg, &(struct nd_record_row){.subject = w->p.row.sid,
                                           .scope = w->p.row.scope,
                                           .grid = sc_body_get(&w->p.lww.body, SC_K_GRID)->u,
                                           .body = &w->p.lww.body,
                                           .contested = w->p.lww.contested});
}

int nd_store_record(struct nd_store *s, const struct sc_id *subject,
                    int (*cb)(void *arg, const struct nd_record_row *row), void *arg,
                    struct st_err *err)
{
    struct shown *w = shown_new();
    struct nd_subject row;
    int rc;

    if (w == NULL)
        return st_fail(err, ST_NOMEM, "record");
    rc = nd_read_enter(s, err);
    if (rc == ST_OK) {
        rc = nd_subject_find(s, subject, &row, err);
        if (rc == ST_OK)
            rc = show_record(s, row.id, 0, w, cb, arg, err);
        nd_read_leave(s);
    }
    shown_free(w);
    return rc;
}

int nd_store_records(struct nd_store *s, uint64_t type, uint64_t grid_prefix, size_t offset,
                     size_t limit, int (*cb)(void *arg, const struct nd_record_row *row), void *arg,
                     uint64_t *total, struct st_err *err)
{
    const struct sc_record *rec = sc_record_find(type);
    struct shown *w = shown_new();
    struct cr_buf ids = {0};
    int rc;

    if (w == NULL)
        return st_fail(err, ST_NOMEM, "records");
    rc = rec == NULL || rec->fold != SC_FOLD_LWW
             ? st_fail(err, ST_USAGE, "records of this type are not listed")
             : nd_read_enter(s, err);
    if (rc != ST_OK) {
        shown_free(w);
        return rc;
    }
    if (total != NULL)
        rc = count_records(s, type, grid_prefix, total, err);
    if (rc == ST_OK)
        rc = list_records(s, type, grid_prefix, offset, limit, &ids, err);
    for (size_t at = 0; rc == ST_OK && at < ids.n; at += sizeof(int64_t)) {
        int64_t id;

        memcpy(&id, ids.p + at, sizeof id);
        rc = show_record(s, id, type, w, cb, arg, err);
        if (rc == ST_NOTFOUND)
            rc = ST_OK;
    }
    nd_read_leave(s);
    cr_buf_release(&ids);
    shown_free(w);
    return rc;
}
