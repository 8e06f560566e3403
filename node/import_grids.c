#include "crypto/base/assert.h"
#include "node/csv.h"
#include "node/import.h"
#include <stdlib.h>
#include <string.h>

#define BATCH 256

enum column { COL_CODE, COL_NAME, COL_HOUSEHOLDS, COL_PLACES, COL_SYNTHETIC, COL_COUNT };

static const char *const names[COL_COUNT] = {"code", "name", "households", "places", "synthetic"};

struct grids {
    struct nd_driver *driver;
    const struct cr_identity *author;
    void *arg;
    void (*bad)(void *arg, uint64_t line, const char *reason);
    struct nd_import_grids_result *result;
    struct st_err *err;
    bool header_seen;
    size_t at[COL_COUNT];
    uint64_t *known; /* codes declared already or met in this file */
    size_t known_count, known_cap;
    size_t count;
    struct cr_buf arena;
    struct nd_draft draft[BATCH];
    size_t body_at[BATCH], body_end[BATCH];
    struct sc_id ids[BATCH];
};

static int remember(struct grids *g, uint64_t code)
{
    if (g->known_count == g->known_cap) {
        size_t cap = g->known_cap == 0 ? 512 : g->known_cap * 2;
        uint64_t *known = (uint64_t *)realloc(g->known, cap * sizeof *known);
        if (known == NULL)
            return ST_NOMEM;
        g->known = known;
        g->known_cap = cap;
    }
    g->known[g->known_count++] = code;
    return ST_OK;
}

static int take_known(void *arg, const struct nd_grid_row *row)
{
    return row->declared ? remember((struct grids *)arg, row->code) : ST_OK;
}

static bool is_known(const struct grids *g, uint64_t code)
{
    for (size_t i = 0; i < g->known_count; i++)
        if (g->known[i] == code)
            return true;
    return false;
}

static int flush(struct grids *g)
{
    if (g->count == 0)
        return ST_OK;
    for (size_t i = 0; i < g->count; i++)
        g->draft[i].body = cr_span_of(g->arena.p + g->body_at[i], g->body_end[i] - g->body_at[i]);
    int rc =
        nd_driver_write(g->driver, g->author, SC_SCOPE_PUBLIC, g->draft, g->count, g->ids, g->err);
    if (rc == ST_OK)
        g->result->imported += g->count;
    g->count = 0;
    cr_buf_clear(&g->arena);
    return rc;
}

static int take_header(struct grids *g, const struct nd_csv_row *row)
{
    for (int c = 0; c < COL_COUNT; c++) {
        g->at[c] = SIZE_MAX;
        for (size_t i = 0; i < row->count; i++)
            if (cr_span_equal(row->field[i], cr_span_text(names[c])))
                g->at[c] = i;
    }
    if (g->at[COL_CODE] == SIZE_MAX || g->at[COL_NAME] == SIZE_MAX)
        return st_fail(g->err, ST_MALFORMED,
                       "line %llu: the header needs the columns code and name",
                       (unsigned long long)row->line);
    g->header_seen = true;
    return ST_OK;
}

static void set(struct sc_body *b, const char *field, struct sc_value v)
{
    const struct sc_field *f = sc_field_by_name(b->rec, field);
    CR_ASSERT(f != NULL);
    b->v[sc_field_index(b->rec, f->key)] = v;
}

/* NULL, or why the row is refused; *code is set as soon as it is known. */
static const char *fill(const struct grids *g, const struct nd_csv_row *row, struct sc_body *b,
                        uint64_t *code)
{
    for (int c = 0; c < COL_COUNT; c++)
        if (g->at[c] != SIZE_MAX && g->at[c] >= row->count)
            return "fewer columns than the header";
    struct cr_span text = row->field[g->at[COL_CODE]], name = row->field[g->at[COL_NAME]];
    if (cr_parse_u64((const char *)text.p, text.n, UINT64_MAX, code) != ST_OK ||
        sc_grid_level(*code) == 0)
        return "code is not 9, 12 or 15 digits";
    if (name.n == 0 || name.n > SC_NAME_MAX)
        return "name is empty or too long";
    set(b, "grid", (struct sc_value){.present = true, .u = *code});
    set(b, "name", (struct sc_value){.present = true, .s = name});
    for (int c = COL_HOUSEHOLDS; c < COL_COUNT; c++) {
        uint64_t v;
        if (g->at[c] == SIZE_MAX || row->field[g->at[c]].n == 0)
            continue;
        struct cr_span t = row->field[g->at[c]];
        if (cr_parse_u64((const char *)t.p, t.n, c == COL_SYNTHETIC ? 1 : 1000000, &v) != ST_OK)
            return c == COL_SYNTHETIC ? "synthetic is not 0 or 1"
                                      : "households or places is not a number";
        set(b, names[c], (struct sc_value){.present = true, .u = v});
    }
    return NULL;
}

static int take_row(void *arg, const struct nd_csv_row *row)
{
    struct grids *g = (struct grids *)arg;
    if (!g->header_seen)
        return take_header(g, row);
    g->result->rows++;
    struct sc_body body = {.rec = sc_record_find(SC_R_GRID)};
    CR_ASSERT(body.rec != NULL);
    uint64_t code = 0;
    const char *reason = fill(g, row, &body, &code);
    if (reason != NULL) {
        g->result->bad++;
        g->bad(g->arg, row->line, reason);
        return ST_OK;
    }
    if (is_known(g, code)) {
        g->result->known++;
        return ST_OK;
    }
    size_t from = g->arena.n;
    int rc = sc_body_encode(&body, true, &g->arena, g->err);
    if (rc == ST_OK)
        rc = remember(g, code);
    if (rc != ST_OK)
        return st_wrap(g->err, rc, "line %llu", (unsigned long long)row->line);
    g->draft[g->count] = (struct nd_draft){.type = SC_R_GRID};
    g->body_at[g->count] = from;
    g->body_end[g->count++] = g->arena.n;
    return g->count == BATCH ? flush(g) : ST_OK;
}

static void take_bad(void *arg, uint64_t line, const char *reason)
{
    struct grids *g = (struct grids *)arg;
    g->result->rows++;
    g->result->bad++;
    g->bad(g->arg, line, reason);
}

int nd_import_grids(const char *csv_path, struct nd_driver *driver, struct nd_store *store,
                    const struct cr_identity *author, void *arg,
                    void (*bad)(void *arg, uint64_t line, const char *reason),
                    struct nd_import_grids_result *out, struct st_err *err)
{
    memset(out, 0, sizeof *out);
    struct st_err own = {.code = ST_OK, .msg = ""};
    struct grids *g = (struct grids *)calloc(1, sizeof *g);
    if (g == NULL)
        return st_fail(err, ST_NOMEM, "%s: out of memory", csv_path);
    g->driver = driver;
    g->author = author;
    g->arg = arg;
    g->bad = bad;
    g->result = out;
    g->err = err != NULL ? err : &own;
    cr_buf_init(&g->arena, (size_t)BATCH * (SC_NAME_MAX + 128));
    int rc = nd_store_grids(store, 0, 3, take_known, g, g->err);
    struct nd_csv_sink sink = {.arg = g, .row = take_row, .bad = take_bad};
    if (rc == ST_OK)
        rc = nd_csv_read(csv_path, &sink, NULL, g->err);
    if (rc == ST_OK && !g->header_seen)
        rc = st_fail(g->err, ST_MALFORMED, "%s: no header line", csv_path);
    if (rc == ST_OK)
        rc = flush(g);
    cr_buf_release(&g->arena);
    free(g->known);
    free(g);
    return rc;
}
