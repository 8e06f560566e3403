/* The three-level picture: declared grids joined with their counters, summed upwards. */
#include "node/store_int.h"

#include "crypto/base/assert.h"
#include <stdlib.h>
#include <string.h>

struct grids {
    struct nd_grid_row *row;
    char (*name)[SC_NAME_MAX + 1];
    size_t n, cap;
};

static bool grow(struct grids *g)
{
    if (g->n < g->cap)
        return true;
    size_t cap = g->cap == 0 ? 512 : g->cap * 2;
    struct nd_grid_row *row = (struct nd_grid_row *)realloc(g->row, cap * sizeof *row);
    if (row != NULL)
        g->row = row;
    char(*name)[SC_NAME_MAX + 1] = (char(*)[SC_NAME_MAX + 1]) realloc(g->name, cap * sizeof *name);
    if (name != NULL)
        g->name = name;
    if (row == NULL || name == NULL)
        return false;
    g->cap = cap;
    return true;
}

static int add(struct grids *g, const struct nd_grid_row *row, struct cr_span name)
{
    if (!grow(g))
        return ST_NOMEM;
    size_t n = name.n <= SC_NAME_MAX ? name.n : 0;
    if (n > 0)
        memcpy(g->name[g->n], name.p, n);
    g->name[g->n][n] = '\0';
    g->row[g->n] = *row;
    g->row[g->n].next_deadline_ms = row->next_deadline_ms;
    g->row[g->n].name = NULL;
    g->n++;
    return ST_OK;
}

static int take_declared(void *arg, const struct nd_record_row *r)
{
    struct nd_grid_row row = {.code = r->grid, .declared = true};
    const struct sc_field *f = sc_field_by_name(r->body->rec, "synthetic");
    row.synthetic = f != NULL && sc_body_get(r->body, f->key)->u != 0;
    return sc_grid_level(row.code) == 0
               ? ST_OK
               : add((struct grids *)arg, &row, sc_body_get(r->body, SC_K_NAME)->s);
}

static int read_counters(struct nd_store *s, struct grids *g, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_GRID_ALL, err);
    if (st == NULL)
        return ST_IO;
    int rc;
    while ((rc = nd_sql_row(s, st, err)) == ST_OK) {
        struct nd_grid_row row = {.code = nd_col_u64(st, 0),
                                  .open = nd_col_u64(st, 1),
                                  .closed = nd_col_u64(st, 3),
                                  .emergency = nd_col_u64(st, 4),
                                  .severe = nd_col_u64(st, 5),
                                  .conflict = nd_col_u64(st, 6),
                                  .visits = nd_col_u64(st, 7),
                                  .places = nd_col_u64(st, 8)};
        if (add(g, &row, cr_span_of(NULL, 0)) != ST_OK) {
            nd_sql_done(st);
            return ST_NOMEM;
        }
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

static int read_dates(struct nd_store *s, struct grids *g, uint64_t now_ms, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_GRID_DUE, err);
    int rc = st == NULL ? ST_IO : ST_OK;
    while (rc == ST_OK && (rc = nd_sql_row(s, st, err)) == ST_OK) {
        struct nd_grid_row row = {.code = nd_col_u64(st, 0), .next_deadline_ms = nd_col_u64(st, 1)};
        rc = add(g, &row, cr_span_of(NULL, 0));
        if (rc != ST_OK)
            nd_sql_done(st);
    }
    if (rc != ST_NOTFOUND || now_ms == 0)
        return rc == ST_NOTFOUND ? ST_OK : rc;
    if ((st = nd_sql(s, ND_SQL_HAZARD_DUE, err)) == NULL)
        return ST_IO;
    nd_bind_u64(st, ":now", now_ms);
    while ((rc = nd_sql_row(s, st, err)) == ST_OK) {
        struct nd_grid_row row = {.code = nd_col_u64(st, 0), .overdue = nd_col_u64(st, 1)};
        if (add(g, &row, cr_span_of(NULL, 0)) != ST_OK) {
            nd_sql_done(st);
            return ST_NOMEM;
        }
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

/* A group or village that has records but is not declared still needs its parents in the picture.
 */
static int add_parents(struct grids *g)
{
    size_t n = g->n;
    for (size_t i = 0; i < n; i++) {
        for (uint64_t up = sc_grid_parent(g->row[i].code); up != 0; up = sc_grid_parent(up)) {
            struct nd_grid_row row = {.code = up};
            if (add(g, &row, cr_span_of(NULL, 0)) != ST_OK)
                return ST_NOMEM;
        }
    }
    return ST_OK;
}

/* Levels first: a street before its villages before their groups, so sorting is by the code written
 * as 15 digits, then by level. */
static uint64_t sort_key(uint64_t code)
{
    int level = sc_grid_level(code);
    return level == 1 ? code * 1000000 : level == 2 ? code * 1000 : code;
}

struct keyed {
    uint64_t key;
    int level;
    size_t at;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = (const struct keyed *)a, *y = (const struct keyed *)b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->level != y->level)
        return x->level - y->level;
    return x->at < y->at ? -1 : 1;
}

static void merge(struct nd_grid_row *to, const struct nd_grid_row *from)
{
    to->declared = to->declared || from->declared;
    to->synthetic = to->synthetic || from->synthetic;
    to->open += from->open;
    to->overdue += from->overdue;
    to->closed += from->closed;
    to->emergency += from->emergency;
    to->severe += from->severe;
    to->visits += from->visits;
    to->places += from->places;
    to->groups += from->groups;
    to->conflict += from->conflict;
    if (from->next_deadline_ms != 0 &&
        (to->next_deadline_ms == 0 || from->next_deadline_ms < to->next_deadline_ms))
        to->next_deadline_ms = from->next_deadline_ms;
}

/* Sorted, one row a code; what lies below is added to what lies above. */
static int collapse(struct grids *g)
{
    struct keyed *k = (struct keyed *)malloc((g->n + 1) * sizeof *k);
    struct grids out = {.row = NULL};
    int rc = k == NULL ? ST_NOMEM : ST_OK;
    for (size_t i = 0; rc == ST_OK && i < g->n; i++)
        k[i] = (struct keyed){sort_key(g->row[i].code), sc_grid_level(g->row[i].code), i};
    if (rc == ST_OK && g->n > 0)
        qsort(k, g->n, sizeof *k, by_key);
    for (size_t i = 0; rc == ST_OK && i < g->n; i++) {
        const struct nd_grid_row *row = &g->row[k[i].at];
        const char *name = g->name[k[i].at];
        if (out.n == 0 || out.row[out.n - 1].code != row->code) {
            rc = add(&out, row, cr_span_text(name));
        } else {
            merge(&out.row[out.n - 1], row);
            if (out.name[out.n - 1][0] == '\0')
                memcpy(out.name[out.n - 1], name, sizeof out.name[0]);
        }
    }
    for (size_t i = out.n; rc == ST_OK && i-- > 0;) {
        out.row[i].name = out.name[i];
        out.row[i].groups += sc_grid_level(out.row[i].code) == 3 && out.row[i].declared;
        uint64_t up = sc_grid_parent(out.row[i].code);
        for (size_t j = i; up != 0 && j-- > 0;)
            if (out.row[j].code == up) {
                struct nd_grid_row below = out.row[i];
                below.declared = below.synthetic = false;
                merge(&out.row[j], &below);
                break;
            }
    }
    free(k);
    free(g->row);
    free(g->name);
    *g = out;
    return rc;
}

int nd_store_grids_at(struct nd_store *s, uint64_t prefix, int level_max, uint64_t now_ms,
                      nd_grid_cb *cb, void *arg, struct st_err *err)
{
    struct grids g = {.row = NULL};
    int rc = nd_store_records(s, SC_R_GRID, 0, 0, 0, take_declared, &g, NULL, err);
    if (rc == ST_OK)
        rc = read_counters(s, &g, err);
    if (rc == ST_OK)
        rc = read_dates(s, &g, now_ms, err);
    if (rc == ST_OK)
        rc = add_parents(&g);
    if (rc == ST_OK)
        rc = collapse(&g);
    for (size_t i = 0; rc == ST_OK && i < g.n; i++)
        if (sc_grid_level(g.row[i].code) <= level_max &&
            (prefix == 0 || sc_grid_within(g.row[i].code, prefix)))
            rc = cb(arg, &g.row[i]);
    free(g.row);
    free(g.name);
    return rc;
}

int nd_store_grids(struct nd_store *s, uint64_t prefix, int level_max, nd_grid_cb *cb, void *arg,
                   struct st_err *err)
{
    return nd_store_grids_at(s, prefix, level_max, 0, cb, arg, err);
}
