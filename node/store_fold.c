/* From facts to the row of a subject. The row holds what lists are sorted and filtered by, and a
 * hash that stands for the whole state; the state itself is folded again when it is shown. So a
 * text is stored once, and what is shown is right by definition. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define RANK_NO_EMERGENCY (INT64_C(1) << 61)
#define RANK_SEVERITY     59
#define RANK_SECONDS      24
#define RANK_SECONDS_MAX  ((UINT64_C(1) << 35) - 1)

void nd_subject_row(sqlite3_stmt *q, struct nd_subject *out)
{
    memset(out, 0, sizeof *out);
    out->id = sqlite3_column_int64(q, 0);
    cr_store_be64(out->sid.b, nd_col_u64(q, 1));
    (void)nd_col_fixed(q, 2, out->sid.b + 8, 8);
    out->scope = nd_col_u64(q, 3);
    out->type = nd_col_u64(q, 4);
    out->grid = nd_col_u64(q, 5);
    out->rank = sqlite3_column_int64(q, 6);
    out->tags = sqlite3_column_int64(q, 7);
    nd_col_text(q, 8, out->code, sizeof out->code);
    out->deadline_ms = nd_col_u64(q, 9);
    out->held = nd_col_u64(q, 10);
    out->extra = nd_col_u64(q, 11);
    out->has_item = nd_col_fixed(q, 12, out->item.b, sizeof out->item.b);
}

/* Ties are broken by the subject's id, so that every node lists in the same order. */
static int64_t tie(const struct sc_id *sid)
{
    return (int64_t)(cr_load_be64(sid->b) >> (64 - RANK_SECONDS));
}

static int64_t seconds(uint64_t ms)
{
    uint64_t s = ms / 1000;

    return (int64_t)(s < RANK_SECONDS_MAX ? s : RANK_SECONDS_MAX);
}

/* Open before closed; emergencies first, then by severity and deadline; of the closed the latest
 * first. */
static int64_t hazard_rank(const struct sc_hazard *h, const struct sc_id *sid)
{
    int64_t at;

    if (h->state >= SC_HS_CLOSED)
        return ND_RANK_CLOSED |
               ((int64_t)RANK_SECONDS_MAX - seconds(h->closed_ms)) << RANK_SECONDS | tie(sid);
    at = h->deadline_ms != 0 ? seconds(h->deadline_ms) : (int64_t)RANK_SECONDS_MAX;
    return ((h->flags & SC_HF_EMERGENCY) != 0 ? 0 : RANK_NO_EMERGENCY) |
           (int64_t)(h->severity < 4 ? 4 - h->severity : 0) << RANK_SEVERITY | at << RANK_SECONDS |
           tie(sid);
}

/* Key of a grid that counters know: lists must not lose what names none. */
static uint64_t known_grid(const struct nd_store *s, uint64_t grid, uint64_t scope)
{
    if (sc_grid_level(grid) != 0)
        return nd_grid_key(grid);
    return nd_grid_key(sc_grid_level(scope) != 0 ? scope : s->genesis.street);
}

static void hazard_row(struct nd_store *s, struct nd_projection *p)
{
    const struct sc_hazard *h = &p->hazard;

    p->row.type = SC_R_HAZARD_REPORT;
    p->row.grid = known_grid(s, h->grid, p->row.scope);
    p->row.rank = hazard_rank(h, &p->row.sid);
    p->row.tags = (int64_t)(h->severity << 32 | ND_TAG_STEP(h->state) | h->flags);
    if (h->code.n < sizeof p->row.code && h->code.n > 0)
        memcpy(p->row.code, h->code.p, h->code.n);
    if (h->state < SC_HS_CLOSED)
        p->row.deadline_ms = h->deadline_ms;
}

static void flag_unverified(struct nd_store *s, struct nd_projection *p)
{
    if (s->facts.unverified == 0)
        return;
    p->hazard.flags |= SC_HF_UNVERIFIED;
    p->row.tags |= SC_HF_UNVERIFIED;
}

static int project_hazard(struct nd_store *s, struct nd_projection *p)
{
    struct sc_hazard *h = &p->hazard;
    int rc = sc_hazard_fold(s->facts.fact, s->facts.folded, h);

    if (rc != ST_OK || !h->exists)
        return rc;
    hazard_row(s, p);
    if (h->link_count > 0)
        p->row.extra |= ND_EX_LINKS;
    p->ext = h->ext;
    rc = sc_hazard_encode(h, &s->state);
    flag_unverified(s, p); /* no part of the state: other nodes may hold other reports */
    return rc;
}

/* Nothing that counts says that there is a hazard, but held reports do: it is listed by what they
 * say, as if they counted, and marked. */
static int project_unverified(struct nd_store *s, struct nd_projection *p)
{
    const struct nd_facts *f = &s->facts;
    struct sc_hazard *h = &p->hazard;
    struct sc_fact *said = calloc(f->count > 0 ? f->count : 1, sizeof *said);
    size_t n = 0;
    int rc;

    if (said == NULL)
        return ST_NOMEM;
    for (size_t i = 0; i < f->count; i++) {
        if (!f->src[i].danger)
            continue;
        said[n] = f->fact[i];
        said[n++].roles = SC_ROLES_ALL;
    }
    rc = sc_hazard_fold(said, n, h);
    free(said);
    if (rc != ST_OK)
        return rc;
    if (!h->exists)
        *h = (struct sc_hazard){.exists = true,
                                .state = SC_HS_REPORTED,
                                .blocks = SC_HB_NO_CLEARANCE,
                                .severity = 4,
                                .required = SC_LV_STREET};
    h->flags |= SC_HF_UNCONFIRMED;
    hazard_row(s, p);
    flag_unverified(s, p);
    p->unverified_only = true;
    return ST_OK;
}

static int encode_lww(struct nd_store *s, const struct sc_lww *l)
{
    struct sc_writer w;
    int rc;

    sc_writer_init(&w, &s->state);
    sc_write_u64(&w, l->body.rec->type);
    sc_write_bool(&w, l->contested);
    if (w.status != ST_OK)
        return w.status;
    rc = sc_body_encode(&l->body, false, &s->state, NULL);
    if (rc == ST_OK || rc == ST_NOMEM)
        return rc;
    /* Fields that are valid one by one but not together: the winners stand for them. */
    for (size_t i = 0; i < l->body.rec->field_count; i++) {
        sc_write_u64(&w, l->body.rec->fields[i].key);
        if (l->winner[i] == SIZE_MAX)
            sc_write_nil(&w);
        else
            sc_write_bin(&w, cr_hash_span(&s->facts.fact[l->winner[i]].entry_id));
    }
    return w.status;
}

static int project_lww(struct nd_store *s, struct nd_projection *p)
{
    const struct sc_record *rec = sc_record_find(s->facts.type);
    struct sc_lww *l = &p->lww;
    uint64_t when;
    int rc;

    CR_ASSERT(rec != NULL);
    rc = sc_lww_fold(rec, s->facts.fact, s->facts.folded, l);
    if (rc != ST_OK || !l->any)
        return rc;
    when = sc_body_get(&l->body, SC_K_WHEN)->u;
    p->row.type = rec->type;
    p->row.grid = known_grid(s, sc_body_get(&l->body, SC_K_GRID)->u, p->row.scope);
    if (when != 0)
        p->row.rank = INT64_MAX - (int64_t)when;
    p->ext = sc_body_get(&l->body, SC_K_EXT)->s;
    return encode_lww(s, l);
}

/* So many bytes about one thing that they are not read: nobody can say that it is in order. The
 * same on every node that holds them. */
static int project_overflow(struct nd_store *s, struct nd_projection *p)
{
    p->hazard = (struct sc_hazard){.exists = true,
                                   .state = SC_HS_REPORTED,
                                   .flags = SC_HF_OVERFLOW,
                                   .blocks = SC_HB_NO_CLEARANCE,
                                   .severity = 4,
                                   .required = SC_LV_STREET};
    p->row.type = SC_R_HAZARD_REPORT;
    p->row.grid = known_grid(s, 0, p->row.scope);
    p->row.rank = hazard_rank(&p->hazard, &p->row.sid);
    p->row.tags = (int64_t)(UINT64_C(4) << 32 | ND_TAG_STEP(SC_HS_REPORTED) | SC_HF_OVERFLOW);
    return sc_hazard_encode(&p->hazard, &s->state);
}

int nd_project(struct nd_store *s, const struct nd_subject *subject, struct nd_projection *out,
               struct st_err *err)
{
    int rc = nd_facts_load(s, subject, err);

    if (rc != ST_OK)
        return rc;
    out->row = (struct nd_subject){.id = subject->id, .sid = subject->sid, .scope = subject->scope};
    out->ext = (struct cr_span){0};
    out->hazard.link_count = 0;
    out->unverified_only = false;
    cr_buf_clear(&s->state);
    if (s->facts.overflow)
        rc = project_overflow(s, out);
    else if (s->facts.type == SC_R_HAZARD_REPORT)
        rc = project_hazard(s, out);
    else if (s->facts.type != 0)
        rc = project_lww(s, out);
    if (rc == ST_OK && out->row.type == 0 && s->facts.unverified > 0 &&
        (s->facts.type == 0 || s->facts.type == SC_R_HAZARD_REPORT))
        rc = project_unverified(s, out);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "fold: %s", st_text((enum st_code)rc));
    for (size_t i = 0; i < s->facts.count && !s->facts.overflow; i++)
        out->row.held += s->facts.src[i].held != SC_WHY_COUNTS;
    out->row.held += s->facts.skipped;
    if (out->row.type == 0 || out->unverified_only)
        return ST_OK;
    if (out->ext.n > 0)
        out->row.extra |= ND_EX_EXT;
    out->row.has_item = true;
    cr_hash2(CR_TAG_FOLD, cr_span_of(subject->sid.b, SC_ID_BYTES), cr_buf_span(&s->state),
             &out->row.item);
    return ST_OK;
}

/* ---- writing ---- */

static void count(struct nd_grid_delta *d, const struct nd_subject *row, int64_t sign)
{
    uint64_t flags = (uint64_t)row->tags & UINT32_MAX;

    if (row->type == SC_R_HAZARD_REPORT) {
        bool open = (row->rank & ND_RANK_CLOSED) == 0;

        d->n[open ? ND_GC_OPEN : ND_GC_CLOSED] += sign;
        if (open && (flags & SC_HF_EMERGENCY) != 0)
            d->n[ND_GC_EMERGENCY] += sign;
        if (open && (row->tags >> 32) >= 3)
            d->n[ND_GC_SEVERE] += sign;
        if (open && (flags & SC_HF_CONFLICT) != 0)
            d->n[ND_GC_CONFLICT] += sign;
    } else if (row->type == SC_R_VISIT) {
        d->n[ND_GC_VISITS] += sign;
    } else if (row->type == SC_R_PLACE) {
        d->n[ND_GC_PLACES] += sign;
    } else if (row->type == SC_R_GRID) {
        d->declaration = true;
    }
}

static bool counted(uint64_t type)
{
    return type == SC_R_HAZARD_REPORT || type == SC_R_VISIT || type == SC_R_PLACE ||
           type == SC_R_GRID;
}

static int add_counts(struct nd_store *s, const struct nd_subject *row, int64_t sign)
{
    struct nd_grid_delta *d;
    int rc;

    if (!counted(row->type))
        return ST_OK;
    rc = nd_grid_delta(s, row->grid, &d);
    if (rc == ST_OK)
        count(d, row, sign);
    return rc;
}

int nd_count_subject(struct nd_store *s, const struct nd_subject *row)
{
    return add_counts(s, row, 1);
}

/* What the row says less, and more, than before. */
static int put_counters(struct nd_store *s, const struct nd_subject *old,
                        const struct nd_subject *row, bool fresh)
{
    struct nd_scope *scope;
    int rc = nd_scope_of(s, row->scope, &scope);

    if (rc == ST_OK)
        rc = add_counts(s, old, -1);
    if (rc == ST_OK)
        rc = add_counts(s, row, 1);
    if (rc != ST_OK)
        return rc;
    scope->subjects += fresh;
    scope->hazards += (uint64_t)(row->type == SC_R_HAZARD_REPORT);
    scope->hazards -= (uint64_t)(old->type == SC_R_HAZARD_REPORT);
    scope->held += row->held;
    scope->held -= old->held;
    if (old->has_item)
        cr_hash_sub(&scope->acc, &old->item);
    if (row->has_item)
        cr_hash_add(&scope->acc, &row->item);
    scope->dirty = true;
    return ST_OK;
}

static void bind_item(sqlite3_stmt *q, const struct nd_subject *row)
{
    nd_bind_i64(q, ":id", row->id);
    nd_bind_u64(q, ":extra", row->extra);
    if (row->has_item)
        nd_bind_blob(q, ":item", row->item.b, sizeof row->item.b);
}

static bool same_keys(const struct nd_subject *a, const struct nd_subject *b)
{
    return a->type == b->type && a->grid == b->grid && a->rank == b->rank && a->tags == b->tags &&
           memcmp(a->code, b->code, sizeof a->code) == 0 && a->deadline_ms == b->deadline_ms &&
           a->held == b->held;
}

bool nd_subject_same(const struct nd_subject *a, const struct nd_subject *b)
{
    return same_keys(a, b) && a->extra == b->extra && a->has_item == b->has_item &&
           cr_hash_equal(&a->item, &b->item);
}

static int put_row(struct nd_store *s, const struct nd_subject *old, const struct nd_subject *row,
                   bool stored, struct st_err *err)
{
    bool keys = !stored || !same_keys(old, row);
    sqlite3_stmt *q;
    int rc = nd_sql(s,
                    !stored ? ND_SQL_SUBJECT_ADD
                    : keys  ? ND_SQL_SUBJECT_SET
                            : ND_SQL_SUBJECT_ITEM,
                    &q, err);

    if (rc != ST_OK)
        return rc;
    bind_item(q, row);
    if (!stored) {
        nd_bind_u64(q, ":k", cr_load_be64(row->sid.b));
        nd_bind_blob(q, ":rest", row->sid.b + 8, 8);
        nd_bind_u64(q, ":scope", row->scope);
    }
    if (keys) {
        nd_bind_u64(q, ":type", row->type);
        nd_bind_u64(q, ":grid", row->grid);
        nd_bind_i64(q, ":rank", row->rank);
        nd_bind_i64(q, ":tags", row->tags);
        nd_bind_text(q, ":code", row->code[0] != '\0' ? row->code : NULL);
        nd_bind_u64(q, ":deadline", row->deadline_ms);
        nd_bind_u64(q, ":held", row->held);
    }
    return nd_sql_run(s, q, err);
}

static int put_ext(struct nd_store *s, const struct nd_projection *p, bool had, struct st_err *err)
{
    bool has = (p->row.extra & ND_EX_EXT) != 0;
    sqlite3_stmt *q;
    int rc;

    if (!has && !had)
        return ST_OK;
    rc = nd_sql(s, has ? ND_SQL_EXT_PUT : ND_SQL_EXT_DROP, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":subject", p->row.id);
    if (has) {
        nd_bind_u64(q, ":scope", p->row.scope);
        nd_bind_blob(q, ":key", p->ext.p, p->ext.n);
    }
    return nd_sql_run(s, q, err);
}

static int put_links(struct nd_store *s, const struct nd_projection *p, bool had,
                     struct st_err *err)
{
    size_t n = (p->row.extra & ND_EX_LINKS) != 0 ? p->hazard.link_count : 0;
    sqlite3_stmt *q;
    int rc = ST_OK;

    if (had) {
        rc = nd_sql(s, ND_SQL_LINK_DROP, &q, err);
        if (rc != ST_OK)
            return rc;
        nd_bind_i64(q, ":subject", p->row.id);
        rc = nd_sql_run(s, q, err);
    }
    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        rc = nd_sql(s, ND_SQL_LINK_ADD, &q, err);
        if (rc != ST_OK)
            return rc;
        nd_bind_i64(q, ":subject", p->row.id);
        nd_bind_blob(q, ":other", p->hazard.links[i].b, SC_ID_BYTES);
        rc = nd_sql_run(s, q, err);
    }
    return rc;
}

int nd_fold_subject(struct nd_store *s, struct nd_dirty *d, struct st_err *err)
{
    struct nd_projection *p = &s->projection;
    const struct nd_subject old = d->row;
    int rc = s->preview != NULL ? nd_preview_subject(s, &old, p, err) : nd_project(s, &old, p, err);

    if (rc != ST_OK)
        return rc;
    if (d->stored && nd_subject_same(&old, &p->row))
        return ST_OK;
    rc = put_row(s, &old, &p->row, d->stored, err);
    if (rc == ST_OK)
        rc = put_ext(s, p, (old.extra & ND_EX_EXT) != 0, err);
    if (rc == ST_OK)
        rc = put_links(s, p, (old.extra & ND_EX_LINKS) != 0, err);
    if (rc == ST_OK)
        rc = put_counters(s, &old, &p->row, !d->stored);
    if (rc != ST_OK)
        return st_wrap(err, rc, "project");
    d->row = p->row;
    d->stored = true;
    return ST_OK;
}
