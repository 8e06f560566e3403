/* The three-level picture. Each grid's own counters are kept up to date by folds (store_fold.c);
 * what lies within a grid is summed up here, over some hundred rows. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

struct grid {
    struct nd_grid_row row;
    char name[SC_NAME_MAX + 1];
    size_t parent; /* SIZE_MAX none */
    bool shows;
};

struct grids {
    struct nd_store *s;
    struct grid *g; /* parents before children */
    size_t count, cap;
    uint64_t prefix, now_ms;
};

static int append(struct grids *a, uint64_t code, struct grid **out)
{
    if (a->count == a->cap) {
        size_t cap = a->cap > 0 ? a->cap * 2 : 64;
        struct grid *g = realloc(a->g, cap * sizeof *g);

        if (g == NULL)
            return ST_NOMEM;
        a->g = g;
        a->cap = cap;
    }
    *out = &a->g[a->count++];
    memset(*out, 0, sizeof **out);
    (*out)->row.code = code;
    (*out)->parent = SIZE_MAX;
    return ST_OK;
}

/* The row of the grid; grids around it that have none of their own are made first. Rows come in
 * the order of keys, so an enclosing grid is the last one or encloses that. */
static int grid_at(struct grids *a, uint64_t code, struct grid **out)
{
    uint64_t around = sc_grid_parent(code);
    size_t parent = a->count > 0 ? a->count - 1 : SIZE_MAX;
    struct grid *g;
    int rc;

    while (parent != SIZE_MAX && a->g[parent].row.code != around)
        parent = a->g[parent].parent;
    if (parent == SIZE_MAX && around != 0 &&
        (a->prefix == 0 || sc_grid_within(around, a->prefix))) {
        rc = grid_at(a, around, &g);
        if (rc != ST_OK)
            return rc;
        parent = a->count - 1;
    }
    rc = append(a, code, out);
    if (rc == ST_OK)
        (*out)->parent = parent;
    return rc;
}

static int one_deadline(struct nd_store *s, enum nd_sql which, uint64_t key, uint64_t now_ms,
                        uint64_t *out, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, which, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":code", key);
    if (which == ND_SQL_GRID_OVERDUE)
        nd_bind_u64(q, ":now", now_ms);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    *out = nd_col_u64(q, 0);
    nd_sql_done(q);
    return ST_OK;
}

static int take_grid(struct grids *a, sqlite3_stmt *q, struct st_err *err)
{
    uint64_t key = nd_col_u64(q, 0);
    struct grid *g;
    int rc = grid_at(a, nd_grid_code(key), &g);

    if (rc != ST_OK)
        return st_fail(err, ST_NOMEM, "grids");
    g->row.open = nd_col_u64(q, 1);
    g->row.closed = nd_col_u64(q, 2);
    g->row.emergency = nd_col_u64(q, 3);
    g->row.severe = nd_col_u64(q, 4);
    g->row.visits = nd_col_u64(q, 5);
    g->row.places = nd_col_u64(q, 6);
    g->row.conflict = nd_col_u64(q, 7);
    g->row.declared = nd_col_u64(q, 8) != 0;
    g->row.synthetic = nd_col_u64(q, 9) != 0;
    nd_col_text(q, 10, g->name, sizeof g->name);
    if (g->row.open > 0)
        rc = one_deadline(a->s, ND_SQL_GRID_DUE, key, 0, &g->row.next_deadline_ms, err);
    if (rc == ST_OK && g->row.next_deadline_ms != 0 && g->row.next_deadline_ms < a->now_ms)
        rc = one_deadline(a->s, ND_SQL_GRID_OVERDUE, key, a->now_ms, &g->row.overdue, err);
    return rc;
}

static void add(struct nd_grid_row *to, const struct nd_grid_row *from)
{
    to->open += from->open;
    to->overdue += from->overdue;
    to->closed += from->closed;
    to->emergency += from->emergency;
    to->severe += from->severe;
    to->visits += from->visits;
    to->places += from->places;
    to->conflict += from->conflict;
    to->groups += from->groups + (sc_grid_level(from->code) == 3 && from->declared);
    if (from->next_deadline_ms != 0 &&
        (to->next_deadline_ms == 0 || from->next_deadline_ms < to->next_deadline_ms))
        to->next_deadline_ms = from->next_deadline_ms;
}

static void sum_up(struct grids *a)
{
    for (size_t i = a->count; i-- > 0;) {
        struct grid *g = &a->g[i];

        g->shows = g->shows || g->row.declared || g->row.open + g->row.closed > 0 ||
                   g->row.visits + g->row.places > 0;
        if (g->parent == SIZE_MAX)
            continue;
        add(&a->g[g->parent].row, &g->row);
        a->g[g->parent].shows = a->g[g->parent].shows || g->shows;
    }
}

static int load(struct grids *a, struct st_err *err)
{
    uint64_t lo, hi;
    sqlite3_stmt *q;
    int rc = nd_sql(a->s, ND_SQL_GRID_EACH, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_grid_range(a->prefix, &lo, &hi);
    nd_bind_u64(q, ":lo", lo);
    nd_bind_u64(q, ":hi", hi);
    while ((rc = nd_sql_step(a->s, q, err)) == ND_ROW) {
        rc = take_grid(a, q, err);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return rc;
        }
    }
    return rc;
}

int nd_store_grids_at(struct nd_store *s, uint64_t prefix, int level_max, uint64_t now_ms,
                      nd_grid_cb *cb, void *arg, struct st_err *err)
{
    struct grids a = {.s = s, .prefix = prefix, .now_ms = now_ms};
    int rc = nd_read_enter(s, err);

    if (rc != ST_OK)
        return rc;
    rc = load(&a, err);
    nd_read_leave(s);
    if (rc == ST_OK)
        sum_up(&a);
    for (size_t i = 0; rc == ST_OK && i < a.count; i++) {
        a.g[i].row.name = a.g[i].name;
        if (a.g[i].shows && sc_grid_level(a.g[i].row.code) <= level_max)
            rc = cb(arg, &a.g[i].row);
    }
    free(a.g);
    return rc;
}

int nd_store_grids(struct nd_store *s, uint64_t prefix, int level_max, nd_grid_cb *cb, void *arg,
                   struct st_err *err)
{
    return nd_store_grids_at(s, prefix, level_max, 0, cb, arg, err);
}
