/* From facts to projections: every subject that a transaction touched is folded again, once, before
 * the commit; what changed in its row goes into the counters of its grid and the sum of its scope.
 */
#include "node/store_int.h"

#include "crypto/base/assert.h"
#include <stdlib.h>
#include <string.h>

/* ---- dirty set ---- */

static void place(int64_t *slot, size_t cap, int64_t row)
{
    size_t i = (size_t)((uint64_t)row * UINT64_C(0x9e3779b97f4a7c15)) & (cap - 1);
    while (slot[i] != 0 && slot[i] != row)
        i = (i + 1) & (cap - 1);
    slot[i] = row;
}

int nd_dirty_add(struct nd_dirty *d, int64_t row)
{
    CR_ASSERT(row > 0);
    if (d->count * 2 >= d->cap) {
        size_t cap = d->cap == 0 ? 256 : d->cap * 2;
        int64_t *slot = (int64_t *)calloc(cap, sizeof *slot);
        if (slot == NULL)
            return ST_NOMEM;
        for (size_t i = 0; i < d->cap; i++)
            if (d->slot[i] != 0)
                place(slot, cap, d->slot[i]);
        free(d->slot);
        d->slot = slot;
        d->cap = cap;
    }
    size_t i = (size_t)((uint64_t)row * UINT64_C(0x9e3779b97f4a7c15)) & (d->cap - 1);
    while (d->slot[i] != 0 && d->slot[i] != row)
        i = (i + 1) & (d->cap - 1);
    d->count += d->slot[i] == 0;
    d->slot[i] = row;
    return ST_OK;
}

void nd_dirty_clear(struct nd_dirty *d)
{
    if (d->count > 0)
        memset(d->slot, 0, d->cap * sizeof *d->slot);
    d->count = 0;
}

/* ---- facts ---- */

int nd_subject_get(struct nd_store *s, int64_t row, struct nd_subject *out, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_SUBJECT_ROW, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":id", (uint64_t)row);
    int rc = nd_sql_row(s, st, err);
    if (rc != ST_OK)
        return rc;
    out->row = row;
    out->scope = nd_col_u64(st, 1);
    out->type = nd_col_u64(st, 2);
    bool good = nd_col_fixed(st, 0, out->id.b, SC_ID_BYTES);
    nd_sql_done(st);
    return good ? ST_OK : nd_corrupt(err, "a subject is damaged");
}

struct loading {
    struct sc_fact *fact;
    size_t *at, *bytes; /* payload of each in s->facts */
    size_t n, cap;
};

static bool grow(struct loading *l)
{
    if (l->n < l->cap)
        return true;
    size_t cap = l->cap == 0 ? 16 : l->cap * 2;
    struct sc_fact *fact = (struct sc_fact *)realloc(l->fact, cap * sizeof *fact);
    if (fact != NULL)
        l->fact = fact;
    size_t *at = (size_t *)realloc(l->at, cap * sizeof *at);
    if (at != NULL)
        l->at = at;
    size_t *bytes = (size_t *)realloc(l->bytes, cap * sizeof *bytes);
    if (bytes != NULL)
        l->bytes = bytes;
    if (fact == NULL || at == NULL || bytes == NULL)
        return false;
    l->cap = cap;
    return true;
}

static int load_rows(struct nd_store *s, enum nd_sql q, int64_t subject, struct loading *l,
                     struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, q, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":subject", (uint64_t)subject);
    int rc;
    while ((rc = nd_sql_row(s, st, err)) == ST_OK) {
        struct cr_span payload = nd_col_blob(st, 8);
        if (!grow(l) || cr_buf_append(&s->facts, payload.p, payload.n) != ST_OK) {
            nd_sql_done(st);
            return st_fail(err, ST_NOMEM, "store: out of memory");
        }
        struct sc_fact *f = &l->fact[l->n];
        memset(f, 0, sizeof *f);
        f->lamport = nd_col_u64(st, 2);
        f->wall_ms = nd_col_u64(st, 3);
        f->pruned = payload.n == 0;
        if (!nd_col_fixed(st, 7, f->entry_id.b, CR_HASH_BYTES) ||
            !nd_col_fixed(st, 11, f->author.b, CR_SIGN_PK_BYTES)) {
            nd_sql_done(st);
            return nd_corrupt(err, "an entry is damaged");
        }
        l->bytes[l->n] = payload.n;
        l->at[l->n++] = s->facts.n - payload.n;
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

/* Grid named in a body; 0 when there is none. */
static uint64_t body_grid(struct cr_span body)
{
    struct sc_reader r;
    uint64_t pairs = 0, grid = 0;
    int key = -1;
    sc_reader_init(&r, body);
    if (body.n == 0 || sc_read_map(&r, SC_BODY_FIELDS_MAX, &pairs) != ST_OK)
        return 0;
    for (; pairs > 0 && sc_read_key(&r, &key) == ST_OK && key <= SC_K_GRID; pairs--) {
        if (key == SC_K_GRID)
            return sc_read_u64(&r, UINT64_MAX, &grid) == ST_OK ? grid : 0;
        (void)sc_read_any(&r, NULL);
    }
    return 0;
}

uint64_t nd_facts_grid(const struct sc_fact *facts, size_t n)
{
    uint64_t grid = 0;
    for (size_t i = 0; i < n; i++)
        if (facts[i].creates)
            grid = body_grid(facts[i].body);
    return grid;
}

/* What authority says of each author: about the subject's grid, and about the grid an entry names.
 */
static void fill_roles(struct nd_store *s, const struct nd_subject *subj, struct sc_fact *fact,
                       size_t n)
{
    uint64_t grid = nd_facts_grid(fact, n);
    for (size_t i = 0; i < n; i++) {
        struct sc_fact *f = &fact[i];
        uint64_t own = body_grid(f->body);
        f->person = sc_certs_person(s->certs, &f->author);
        f->roles = sc_certs_roles(s->certs, &f->author, subj->scope, grid, f->wall_ms);
        if (own != 0 && own != grid)
            f->roles |= sc_certs_roles(s->certs, &f->author, subj->scope, own, f->wall_ms);
    }
}

int nd_load_facts(struct nd_store *s, const struct nd_subject *subj, struct sc_fact **facts,
                  size_t *n, struct st_err *err)
{
    struct loading l = {.fact = NULL};
    cr_buf_clear(&s->facts);
    int rc = load_rows(s, ND_SQL_FACTS, subj->row, &l, err);
    if (rc == ST_OK)
        rc = load_rows(s, ND_SQL_PROV_FACTS, subj->row, &l, err);
    for (size_t i = 0; rc == ST_OK && i < l.n; i++) {
        struct sc_fact *f = &l.fact[i];
        struct sc_id id = sc_id_of(&f->entry_id);
        struct sc_payload p;
        f->creates = sc_id_equal(&id, &subj->id);
        if (f->pruned)
            continue;
        if (sc_payload_decode(cr_span_of(s->facts.p + l.at[i], l.bytes[i]), &p, NULL) != ST_OK) {
            rc = nd_corrupt(err, "a stored payload does not decode");
            break;
        }
        f->type = p.type;
        f->schema_version = p.schema_version;
        f->parents = p.parents;
        f->parent_count = p.parent_count;
        f->body = p.body;
    }
    if (rc == ST_OK)
        fill_roles(s, subj, l.fact, l.n);
    free(l.at);
    free(l.bytes);
    if (rc != ST_OK) {
        free(l.fact);
        return rc;
    }
    *facts = l.fact;
    *n = l.n;
    return ST_OK;
}

/* ---- projection ---- */

/* Where a subject is counted: its grid when that lies in its scope, else the scope's own grid. */
static uint64_t counted_grid(const struct nd_store *s, uint64_t scope, uint64_t grid)
{
    uint64_t home = scope <= SC_SCOPE_INTERNAL ? s->genesis.street : scope;
    return sc_grid_level(grid) != 0 && sc_grid_within(grid, home) ? grid : home;
}

static void seal_item(const struct nd_store *s, const struct nd_subject *subj, struct cr_hash *out)
{
    cr_hash2(CR_TAG_FOLD, cr_span_of(subj->id.b, SC_ID_BYTES), cr_buf_span(&s->state), out);
}

static int project_hazard(struct nd_store *s, const struct nd_subject *subj,
                          const struct sc_fact *facts, size_t n, struct nd_proj *out)
{
    struct sc_hazard h;
    int rc = sc_hazard_fold(facts, n, &h);
    if (rc != ST_OK || !h.exists)
        return rc;
    rc = sc_hazard_encode(&h, &s->state);
    out->any = true;
    out->type = SC_R_HAZARD_REPORT;
    out->grid = counted_grid(s, subj->scope, h.grid);
    out->state = (uint64_t)h.state;
    out->severity = h.severity;
    out->flags = h.flags;
    out->deadline_ms = h.deadline_ms;
    out->code = h.code;
    out->ext = h.ext;
    seal_item(s, subj, &out->item);
    return rc;
}

static int project_lww(struct nd_store *s, const struct nd_subject *subj,
                       const struct sc_record *rec, const struct sc_fact *facts, size_t n,
                       struct nd_proj *out)
{
    struct sc_lww lww;
    int rc = sc_lww_fold(rec, facts, n, &lww);
    if (rc != ST_OK || !lww.any)
        return rc;
    struct sc_writer w;
    sc_writer_init(&w, &s->state);
    sc_write_u64(&w, rec->type);
    sc_write_bool(&w, lww.contested);
    rc = w.status == ST_OK ? sc_body_encode(&lww.body, false, &s->state, NULL) : w.status;
    out->any = true;
    out->type = rec->type;
    out->grid = counted_grid(s, subj->scope, sc_body_get(&lww.body, SC_K_GRID)->u);
    out->flags = lww.contested;
    out->ext = sc_body_get(&lww.body, SC_K_EXT)->s;
    seal_item(s, subj, &out->item);
    return rc;
}

int nd_project(struct nd_store *s, const struct nd_subject *subj, const struct sc_fact *facts,
               size_t n, struct nd_proj *out, struct st_err *err)
{
    memset(out, 0, sizeof *out);
    cr_buf_clear(&s->state);
    bool hazard = sc_type_is_hazard(subj->type);
    for (size_t i = 0; subj->type == 0 && i < n && !hazard; i++)
        hazard = sc_type_is_hazard(facts[i].type);
    const struct sc_record *rec = sc_record_find(subj->type);
    int rc = ST_OK;
    if (hazard)
        rc = project_hazard(s, subj, facts, n, out);
    else if (rec != NULL && rec->fold == SC_FOLD_LWW)
        rc = project_lww(s, subj, rec, facts, n, out);
    return rc == ST_OK
               ? ST_OK
               : st_fail(err, (enum st_code)rc, "store: fold: %s", st_text((enum st_code)rc));
}

/* ---- tables ---- */

static int proj_read(struct nd_store *s, const struct nd_subject *subj, bool hazard,
                     struct nd_proj *out, struct st_err *err)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *st = nd_sql(s, hazard ? ND_SQL_HAZARD_GET : ND_SQL_RECORD_GET, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":subject", (uint64_t)subj->row);
    int rc = nd_sql_row(s, st, err);
    if (rc == ST_NOTFOUND)
        return ST_OK;
    if (rc != ST_OK)
        return rc;
    out->any = true;
    if (hazard) {
        out->type = SC_R_HAZARD_REPORT;
        out->grid = nd_col_u64(st, 0);
        out->state = nd_col_u64(st, 1);
        out->severity = nd_col_u64(st, 2);
        out->flags = nd_col_u64(st, 3);
        out->deadline_ms = nd_col_u64(st, 4);
    } else {
        out->type = nd_col_u64(st, 0);
        out->grid = nd_col_u64(st, 1);
        out->flags = nd_col_u64(st, 2);
    }
    bool good = nd_col_fixed(st, hazard ? 6 : 3, out->item.b, CR_HASH_BYTES);
    nd_sql_done(st);
    return good ? ST_OK : nd_corrupt(err, "a projection is damaged");
}

static int proj_write(struct nd_store *s, const struct nd_subject *subj, bool hazard,
                      const struct nd_proj *p, struct st_err *err)
{
    enum nd_sql q = p->any ? (hazard ? ND_SQL_HAZARD_PUT : ND_SQL_RECORD_PUT)
                           : (hazard ? ND_SQL_HAZARD_DROP : ND_SQL_RECORD_DROP);
    sqlite3_stmt *st = nd_sql(s, q, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":subject", (uint64_t)subj->row);
    if (!p->any)
        return nd_sql_run(s, st, err);
    char code[4] = "";
    if (hazard) {
        if (p->code.n < sizeof code && p->code.n > 0)
            memcpy(code, p->code.p, p->code.n);
        nd_bind_u64(st, ":state", p->state);
        nd_bind_u64(st, ":severity", p->severity);
        nd_bind_u64(st, ":deadline", p->deadline_ms);
        nd_bind_text(st, ":code", code);
    } else {
        nd_bind_u64(st, ":type", p->type);
    }
    nd_bind_u64(st, ":grid", p->grid);
    nd_bind_u64(st, ":flags", p->flags);
    nd_bind_blob(st, ":item", p->item.b, CR_HASH_BYTES);
    return nd_sql_run(s, st, err);
}

/* What a projection adds to the counters of its grid. */
struct counts {
    int64_t open, dated, closed, emergency, severe, conflict, visits, places;
};

static struct counts counts_of(const struct nd_proj *p, bool hazard)
{
    struct counts c = {0};
    if (!p->any)
        return c;
    if (hazard) {
        bool open = p->state < SC_HS_CLOSED;
        c.open = open;
        c.closed = !open;
        c.dated = open && p->deadline_ms != 0;
        c.emergency = open && (p->flags & SC_HF_EMERGENCY) != 0;
        c.severe = open && p->severity >= 3;
        c.conflict = open && (p->flags & SC_HF_CONFLICT) != 0;
    } else {
        c.visits = p->type == SC_R_VISIT;
        c.places = p->type == SC_R_PLACE;
    }
    return c;
}

static int counters_add(struct nd_store *s, uint64_t grid, const struct counts *c, int64_t sign,
                        struct st_err *err)
{
    static const struct counts none;
    if (memcmp(c, &none, sizeof none) == 0)
        return ST_OK;
    sqlite3_stmt *st = nd_sql(s, ND_SQL_GRID_ADD, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":code", grid);
    nd_bind_u64(st, ":open", (uint64_t)(sign * c->open));
    nd_bind_u64(st, ":dated", (uint64_t)(sign * c->dated));
    nd_bind_u64(st, ":closed", (uint64_t)(sign * c->closed));
    nd_bind_u64(st, ":emergency", (uint64_t)(sign * c->emergency));
    nd_bind_u64(st, ":severe", (uint64_t)(sign * c->severe));
    nd_bind_u64(st, ":conflict", (uint64_t)(sign * c->conflict));
    nd_bind_u64(st, ":visits", (uint64_t)(sign * c->visits));
    nd_bind_u64(st, ":places", (uint64_t)(sign * c->places));
    return nd_sql_run(s, st, err);
}

static int counters_move(struct nd_store *s, const struct nd_proj *was, const struct nd_proj *is,
                         bool hazard, struct st_err *err)
{
    struct counts a = counts_of(was, hazard), b = counts_of(is, hazard);
    if (was->grid == is->grid && memcmp(&a, &b, sizeof a) == 0)
        return ST_OK;
    int rc = counters_add(s, was->grid, &a, -1, err);
    return rc == ST_OK ? counters_add(s, is->grid, &b, 1, err) : rc;
}

static int links_write(struct nd_store *s, const struct nd_subject *subj,
                       const struct sc_fact *facts, size_t n, struct st_err *err)
{
    struct sc_hazard h;
    int rc = sc_hazard_fold(facts, n, &h);
    sqlite3_stmt *st = rc == ST_OK ? nd_sql(s, ND_SQL_LINK_DROP, err) : NULL;
    if (st == NULL)
        return rc == ST_OK ? ST_IO : rc;
    nd_bind_u64(st, ":subject", (uint64_t)subj->row);
    rc = nd_sql_run(s, st, err);
    for (size_t i = 0; rc == ST_OK && i < h.link_count; i++) {
        if ((st = nd_sql(s, ND_SQL_LINK_NEW, err)) == NULL)
            return ST_IO;
        nd_bind_blob(st, ":a", subj->id.b, SC_ID_BYTES);
        nd_bind_blob(st, ":b", h.links[i].b, SC_ID_BYTES);
        nd_bind_u64(st, ":subject", (uint64_t)subj->row);
        rc = nd_sql_run(s, st, err);
    }
    return rc;
}

static int ext_write(struct nd_store *s, const struct nd_subject *subj, struct cr_span ext,
                     struct st_err *err)
{
    char text[SC_TEXT_MAX + 1];
    if (ext.n == 0 || ext.n > SC_TEXT_MAX)
        return ST_OK;
    memcpy(text, ext.p, ext.n);
    text[ext.n] = '\0';
    sqlite3_stmt *st = nd_sql(s, ND_SQL_EXT_NEW, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":scope", subj->scope);
    nd_bind_text(st, ":ext", text);
    nd_bind_blob(st, ":sid", subj->id.b, SC_ID_BYTES);
    return nd_sql_run(s, st, err);
}

/* ---- sums of scopes ---- */

struct sums {
    size_t n;
    struct {
        uint64_t scope;
        struct cr_hash sum;
    } at[SC_SCOPES_MAX];
};

static int sums_flush(struct nd_store *s, struct sums *sums, struct st_err *err)
{
    int rc = ST_OK;
    for (size_t i = 0; rc == ST_OK && i < sums->n; i++) {
        sqlite3_stmt *st = nd_sql(s, ND_SQL_SCOPE_PUT, err);
        if (st == NULL)
            return ST_IO;
        nd_bind_u64(st, ":scope", sums->at[i].scope);
        nd_bind_blob(st, ":sum", sums->at[i].sum.b, CR_HASH_BYTES);
        rc = nd_sql_run(s, st, err);
    }
    sums->n = 0;
    return rc;
}

static int sums_find(struct nd_store *s, struct sums *sums, uint64_t scope, struct cr_hash **out,
                     struct st_err *err)
{
    for (size_t i = 0; i < sums->n; i++)
        if (sums->at[i].scope == scope) {
            *out = &sums->at[i].sum;
            return ST_OK;
        }
    int rc = sums->n == SC_SCOPES_MAX ? sums_flush(s, sums, err) : ST_OK;
    sqlite3_stmt *st = rc == ST_OK ? nd_sql(s, ND_SQL_SCOPE_GET, err) : NULL;
    if (st == NULL)
        return rc == ST_OK ? ST_IO : rc;
    nd_bind_u64(st, ":scope", scope);
    sums->at[sums->n].scope = scope;
    memset(&sums->at[sums->n].sum, 0, CR_HASH_BYTES);
    rc = nd_sql_row(s, st, err);
    if (rc == ST_OK) {
        bool good = nd_col_fixed(st, 0, sums->at[sums->n].sum.b, CR_HASH_BYTES);
        nd_sql_done(st);
        if (!good)
            return nd_corrupt(err, "the sum of a scope is damaged");
    } else if (rc != ST_NOTFOUND) {
        return rc;
    }
    *out = &sums->at[sums->n++].sum;
    return ST_OK;
}

/* ---- one subject ---- */

static int settle(struct nd_store *s, const struct nd_subject *subj, const struct sc_fact *facts,
                  size_t n, struct sums *sums, struct st_err *err)
{
    struct nd_proj was, is;
    int rc = nd_project(s, subj, facts, n, &is, err);
    if (rc != ST_OK)
        return rc;
    bool hazard = sc_type_is_hazard(is.any            ? is.type
                                    : subj->type == 0 ? SC_R_HAZARD_REPORT
                                                      : subj->type);
    rc = proj_read(s, subj, hazard, &was, err);
    if (rc != ST_OK || (!was.any && !is.any))
        return rc;
    if (was.any && is.any && cr_hash_equal(&was.item, &is.item))
        return ST_OK;
    rc = proj_write(s, subj, hazard, &is, err);
    if (rc == ST_OK)
        rc = counters_move(s, &was, &is, hazard, err);
    if (rc == ST_OK && hazard && ((was.flags | is.flags) & SC_HF_LINKED) != 0)
        rc = links_write(s, subj, facts, n, err);
    if (rc == ST_OK)
        rc = ext_write(s, subj, is.ext, err);
    struct cr_hash *sum = NULL;
    if (rc == ST_OK)
        rc = sums_find(s, sums, subj->scope, &sum, err);
    if (rc != ST_OK)
        return rc;
    if (was.any)
        cr_hash_sub(sum, &was.item);
    if (is.any)
        cr_hash_add(sum, &is.item);
    return ST_OK;
}

int nd_fold_dirty(struct nd_store *s, struct st_err *err)
{
    if (s->certs_changed) {
        int rc = nd_certs_spread(s, err);
        if (rc != ST_OK)
            return rc;
    }
    struct sums sums = {.n = 0};
    for (size_t i = 0; i < s->dirty.cap && s->dirty.count > 0; i++) {
        if (s->dirty.slot[i] == 0)
            continue;
        struct nd_subject subj;
        struct sc_fact *facts = NULL;
        size_t n = 0;
        int rc = nd_subject_get(s, s->dirty.slot[i], &subj, err);
        if (rc == ST_OK)
            rc = nd_load_facts(s, &subj, &facts, &n, err);
        if (rc == ST_OK)
            rc = settle(s, &subj, facts, n, &sums, err);
        free(facts);
        if (rc != ST_OK)
            return rc;
    }
    nd_dirty_clear(&s->dirty);
    return sums_flush(s, &sums, err);
}
