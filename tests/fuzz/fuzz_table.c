/* Files of an import: any bytes as a CSV table and as a map. Rows that come out are well-formed
 * UTF-8 within their limits, lines never go back, and a map that loads names only codes and grids
 * that exist. */
#include "crypto/base/assert.h"
#include "node/config_map.h"
#include "node/csv.h"
#include "schema/record.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/tmpdir.h"

#include <stdlib.h>
#include <string.h>

static struct ts_tmpdir dir;

static void clean(void)
{
    ts_tmpdir_release(&dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    ts_tmpdir_init(&dir);
    (void)atexit(clean);
    return 0;
}

struct lines {
    uint64_t last, bad;
};

static int row(void *arg, const struct nd_csv_row *r)
{
    struct lines *l = arg;
    uint64_t ms;

    CR_ASSERT(r->line >= l->last); /* equal: a lone carriage return ends a row, not a line */
    CR_ASSERT(r->count > 0);
    CR_ASSERT(r->count <= ND_CSV_COLUMNS_MAX);
    for (size_t i = 0; i < r->count; i++) {
        CR_ASSERT(r->field[i].n <= ND_CSV_ROW_BYTES_MAX);
        CR_ASSERT(r->field[i].n == 0 || cr_utf8_valid(r->field[i].p, r->field[i].n));
        (void)(nd_map_date(r->field[i], 480, &ms) == ST_OK);
    }
    l->last = r->line;
    return 0;
}

static void bad(void *arg, uint64_t line, const char *reason)
{
    struct lines *l = arg;

    CR_ASSERT(line > 0);
    CR_ASSERT(strlen(reason) > 0);
    l->bad++;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char path[TS_PATH_BYTES];
    struct lines lines = {0};
    struct nd_csv_sink sink = {.arg = &lines, .row = row, .bad = bad};
    struct nd_map *m = malloc(sizeof *m);

    CR_ASSERT(m != NULL);
    ts_file_write(ts_tmpdir_path(&dir, "in", path), p, n);
    CR_ASSERT(nd_csv_read(path, &sink, NULL, NULL) == ST_OK);
    if (nd_map_load(path, m, NULL) == ST_OK) {
        for (size_t i = 0; i < m->code_count; i++)
            CR_ASSERT(sc_hazard_code_find(cr_span_text(m->codes[i].code)) != NULL);
        for (size_t i = 0; i < m->grid_count; i++)
            CR_ASSERT(sc_grid_level(m->grids[i].grid) >= 2);
        (void)nd_map_code(m, cr_span_of(p, n));
    }
    free(m);
    return 0;
}
