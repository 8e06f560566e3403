/* What one transaction touches. Subjects are looked up once and folded once, at commit (or before,
 * when a reader comes or the set is full); counters are summed up and written once.
 *
 * Failure: no memory, or the database; the caller rolls back, which empties everything here. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define NONE        UINT32_MAX
#define SLOTS_FIRST 256u

/* ---- subjects ---- */

/* Ids are hashes that authors could choose to collide in a few bits; the set is bounded, and a
 * chain of it costs comparisons only. */
static uint32_t slot_of(const struct nd_dirty_set *d, const struct sc_id *sid)
{
    return (uint32_t)cr_load_le64(sid->b) & (d->slots - 1);
}

static int grow(struct nd_dirty_set *d)
{
    uint32_t cap = d->cap > 0 ? d->cap * 2 : SLOTS_FIRST / 2;
    struct nd_dirty *e = realloc(d->e, cap * sizeof *e);
    uint32_t *slot;

    if (e == NULL)
        return ST_NOMEM;
    d->e = e;
    slot = realloc(d->slot, 2 * (size_t)cap * sizeof *slot);
    if (slot == NULL)
        return ST_NOMEM;
    d->slot = slot;
    d->cap = cap;
    d->slots = 2 * cap;
    memset(slot, 0xff, d->slots * sizeof *slot);
    for (uint32_t i = 0; i < d->count; i++) {
        uint32_t at = slot_of(d, &e[i].row.sid);

        e[i].next = slot[at];
        slot[at] = i;
    }
    return ST_OK;
}

static uint32_t find(const struct nd_dirty_set *d, const struct sc_id *sid, const uint64_t *scope)
{
    uint32_t i = d->count > 0 ? d->slot[slot_of(d, sid)] : NONE;

    while (i != NONE &&
           (!sc_id_equal(&d->e[i].row.sid, sid) || (scope != NULL && d->e[i].row.scope != *scope)))
        i = d->e[i].next;
    return i;
}

const struct nd_subject *nd_dirty_find(const struct nd_store *s, const struct sc_id *sid)
{
    uint32_t i = find(&s->dirty, sid, NULL);

    return i != NONE ? &s->dirty.e[i].row : NULL;
}

static int insert(struct nd_store *s, const struct nd_subject *row, bool stored, uint32_t *index,
                  struct st_err *err)
{
    struct nd_dirty_set *d = &s->dirty;
    uint32_t at;

    if (d->count == d->cap && grow(d) != ST_OK)
        return st_fail(err, ST_NOMEM, "remember a subject");
    at = slot_of(d, &row->sid);
    d->e[d->count] = (struct nd_dirty){.row = *row, .stored = stored, .next = d->slot[at]};
    d->slot[at] = d->count;
    *index = d->count++;
    return ST_OK;
}

static void mark(struct nd_dirty_set *d, uint32_t index)
{
    if (!d->e[index].dirty) {
        d->e[index].dirty = true;
        d->pending++;
    }
}

/* Makes room: with so many, they are folded now, and looked up again when touched again. */
static int bound(struct nd_store *s, struct st_err *err)
{
    int rc = ST_OK;

    if (s->dirty.count >= ND_DIRTY_MAX) {
        rc = nd_dirty_fold(s, err);
        nd_dirty_forget(s);
    }
    return rc;
}

int nd_subject_in(struct nd_store *s, const struct sc_id *sid, uint64_t scope,
                  struct nd_subject *out, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_SUBJECT_BY_K, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":k", (int64_t)cr_load_be64(sid->b));
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        nd_subject_row(q, out);
        if (sc_id_equal(&out->sid, sid) && out->scope == scope) {
            nd_sql_done(q);
            return ST_OK;
        }
    }
    return rc == ST_OK ? ST_NOTFOUND : rc;
}

int nd_dirty_subject(struct nd_store *s, const struct sc_id *sid, uint64_t scope, uint32_t *index,
                     struct st_err *err)
{
    struct nd_subject row;
    int rc = bound(s, err);

    if (rc != ST_OK)
        return rc;
    *index = find(&s->dirty, sid, &scope);
    if (*index == NONE) {
        rc = nd_subject_in(s, sid, scope, &row, err);
        if (rc == ST_NOTFOUND) {
            memset(&row, 0, sizeof row);
            row.id = s->subject_next++;
            row.sid = *sid;
            row.scope = scope;
            rc = insert(s, &row, false, index, err);
        } else if (rc == ST_OK) {
            rc = insert(s, &row, true, index, err);
        }
    }
    if (rc == ST_OK)
        mark(&s->dirty, *index);
    return rc;
}

int nd_dirty_row(struct nd_store *s, const struct nd_subject *row, struct st_err *err)
{
    uint32_t index;
    int rc = bound(s, err);

    if (rc != ST_OK)
        return rc;
    index = find(&s->dirty, &row->sid, &row->scope);
    if (index == NONE)
        rc = insert(s, row, true, &index, err);
    if (rc == ST_OK)
        mark(&s->dirty, index);
    return rc;
}

int nd_dirty_fold(struct nd_store *s, struct st_err *err)
{
    int rc = ST_OK;

    /* In the order of first touch, which is that of numbers for new ones: rows are appended. */
    for (uint32_t i = 0; rc == ST_OK && s->dirty.pending > 0 && i < s->dirty.count; i++) {
        if (!s->dirty.e[i].dirty)
            continue;
        rc = nd_fold_subject(s, &s->dirty.e[i], err);
        s->dirty.e[i].dirty = false;
        s->dirty.pending--;
    }
    return rc;
}

void nd_dirty_forget(struct nd_store *s)
{
    struct nd_dirty_set *d = &s->dirty;

    d->count = 0;
    d->pending = 0;
    if (d->slots > 0)
        memset(d->slot, 0xff, d->slots * sizeof *d->slot);
}

/* ---- grids ---- */

int nd_grid_delta(struct nd_store *s, uint64_t key, struct nd_grid_delta **out)
{
    struct nd_grid_deltas *g = &s->grids;
    size_t low = 0, high = g->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (g->e[mid].key < key)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == g->count || g->e[low].key != key) {
        if (g->count == g->cap) {
            size_t cap = g->cap > 0 ? g->cap * 2 : 64;
            struct nd_grid_delta *e = realloc(g->e, cap * sizeof *e);

            if (e == NULL)
                return ST_NOMEM;
            g->e = e;
            g->cap = cap;
        }
        memmove(g->e + low + 1, g->e + low, (g->count - low) * sizeof *g->e);
        g->e[low] = (struct nd_grid_delta){.key = key};
        g->count++;
    }
    *out = &g->e[low];
    return ST_OK;
}

static int add_grid(struct nd_store *s, const struct nd_grid_delta *d, struct st_err *err)
{
    static const char *const names[ND_GC_COUNT] = {":open",   ":closed", ":emergency", ":severe",
                                                   ":visits", ":places", ":conflict"};
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_GRID_ADD, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":code", d->key);
    for (size_t i = 0; i < ND_GC_COUNT; i++)
        nd_bind_i64(q, names[i], d->n[i]);
    return nd_sql_run(s, q, err);
}

/* Name and standing of a grid: of the records that declare it, that with the smallest id. */
static int declare(struct nd_store *s, uint64_t key, struct st_err *err)
{
    static const struct nd_subject none;
    char name[SC_NAME_MAX + 1] = "";
    const struct sc_value *v;
    uint64_t synthetic = 0;
    struct nd_subject row = none;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_DECLARED, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":grid", key);
    rc = nd_sql_step(s, q, err);
    if (rc == ND_ROW) {
        int64_t id = sqlite3_column_int64(q, 0);

        nd_sql_done(q);
        rc = nd_subject_get(s, id, &row, err);
        if (rc == ST_OK)
            rc = nd_project(s, &row, &s->projection, err);
    }
    if (rc == ST_OK && row.id != 0) {
        const struct sc_body *body = &s->projection.lww.body;
        const struct sc_field *f = sc_field_by_name(body->rec, "synthetic");

        v = sc_body_get(body, SC_K_NAME);
        if (v->present && v->s.n <= SC_NAME_MAX) {
            memcpy(name, v->s.p, v->s.n);
            name[v->s.n] = '\0';
        }
        synthetic = f != NULL ? sc_body_get(body, f->key)->u : 0;
    }
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_GRID_DECLARE, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":code", key);
    nd_bind_u64(q, ":declared", row.id != 0);
    nd_bind_u64(q, ":synthetic", synthetic);
    nd_bind_text(q, ":name", name);
    return nd_sql_run(s, q, err);
}

/* ---- scopes ---- */

int nd_scope_of(struct nd_store *s, uint64_t scope, struct nd_scope **out)
{
    for (size_t i = 0; i < s->scope_n; i++) {
        if (s->scope[i].scope == scope) {
            *out = &s->scope[i];
            return ST_OK;
        }
    }
    if (s->scope_n == s->scope_cap) {
        size_t cap = s->scope_cap > 0 ? s->scope_cap * 2 : 16;
        struct nd_scope *p = realloc(s->scope, cap * sizeof *p);

        if (p == NULL)
            return ST_NOMEM;
        s->scope = p;
        s->scope_cap = cap;
    }
    s->scope[s->scope_n] = (struct nd_scope){.scope = scope};
    *out = &s->scope[s->scope_n++];
    return ST_OK;
}

/* Of a village its own people: what the street writes about it does not say that it was heard of.
 */
static bool own_word(struct nd_store *s, const struct sc_log_key *key)
{
    const struct sc_cert *c = sc_certs_find(sc_authority_certs(s->auth), &key->author);

    if (sc_grid_level(key->scope) == 0)
        return sc_certs_root(sc_authority_certs(s->auth), &key->author) != SC_ROOT_NONE ||
               (c != NULL && (c->roles & SC_ROLE_STREET) != 0);
    return c != NULL && (c->roles & SC_ROLE_STREET) == 0;
}

void nd_scope_heard(struct nd_store *s, const struct sc_log_key *key, uint64_t wall_ms,
                    uint64_t received_ms)
{
    if (!own_word(s, key))
        return;
    for (size_t i = 0; i < s->scope_n; i++) {
        struct nd_scope *scope = &s->scope[i];

        if (scope->scope != key->scope)
            continue;
        if (wall_ms > scope->wall_ms)
            scope->wall_ms = wall_ms;
        if (received_ms > scope->received_ms)
            scope->received_ms = received_ms;
        scope->dirty = true;
    }
}

int nd_scopes_load(struct nd_store *s, struct st_err *err)
{
    struct nd_scope *row;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_SCOPE_EACH, &q, err);

    if (rc != ST_OK)
        return rc;
    s->scope_n = 0;
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        if (nd_scope_of(s, nd_col_u64(q, 0), &row) != ST_OK) {
            nd_sql_done(q);
            return st_fail(err, ST_NOMEM, "load scopes");
        }
        row->entries = nd_col_u64(q, 1);
        row->logs = nd_col_u64(q, 2);
        row->subjects = nd_col_u64(q, 3);
        row->hazards = nd_col_u64(q, 4);
        row->held = nd_col_u64(q, 5);
        row->quarantined = nd_col_u64(q, 6);
        row->wall_ms = nd_col_u64(q, 7);
        row->received_ms = nd_col_u64(q, 8);
        if (!nd_col_fixed(q, 9, row->acc.b, sizeof row->acc.b)) {
            nd_sql_done(q);
            return st_fail(err, ST_CORRUPT, "counters of a scope are damaged");
        }
    }
    return rc;
}

static int put_scope(struct nd_store *s, struct nd_scope *row, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_SCOPE_PUT, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":scope", row->scope);
    nd_bind_u64(q, ":entries", row->entries);
    nd_bind_u64(q, ":logs", row->logs);
    nd_bind_u64(q, ":subjects", row->subjects);
    nd_bind_u64(q, ":hazards", row->hazards);
    nd_bind_u64(q, ":held", row->held);
    nd_bind_u64(q, ":quarantined", row->quarantined);
    nd_bind_u64(q, ":wall", row->wall_ms);
    nd_bind_u64(q, ":received", row->received_ms);
    nd_bind_blob(q, ":acc", row->acc.b, sizeof row->acc.b);
    rc = nd_sql_run(s, q, err);
    row->dirty = rc != ST_OK;
    return rc;
}

int nd_dirty_flush(struct nd_store *s, struct st_err *err)
{
    int rc = ST_OK;

    CR_ASSERT(s->dirty.pending == 0);
    for (size_t i = 0; rc == ST_OK && i < s->grids.count; i++) {
        rc = add_grid(s, &s->grids.e[i], err);
        if (rc == ST_OK && s->grids.e[i].declaration)
            rc = declare(s, s->grids.e[i].key, err);
    }
    for (size_t i = 0; rc == ST_OK && i < s->scope_n; i++)
        if (s->scope[i].dirty)
            rc = put_scope(s, &s->scope[i], err);
    s->grids.count = 0;
    return rc;
}

void nd_dirty_clear(struct nd_store *s)
{
    nd_dirty_forget(s);
    s->grids.count = 0;
}

void nd_dirty_release(struct nd_store *s)
{
    free(s->dirty.e);
    free(s->dirty.slot);
    free(s->grids.e);
    memset(&s->dirty, 0, sizeof s->dirty);
    memset(&s->grids, 0, sizeof s->grids);
}
