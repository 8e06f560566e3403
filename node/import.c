#include "node/import.h"

#include "crypto/base/assert.h"
#include "node/csv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_ITEMS     128
#define DRAFTS_PER_ITEM 2 /* visit and report; the other steps write one */
#define TEXT_BYTES      512
#define EXT_BYTES       160
#define PROGRESS_ROWS   500

/* What is still to be written for a row, in this order; each step of a batch is one transaction. */
enum step {
    STEP_REPORT = 1u << 0, /* with the visit, by the officer */
    STEP_ASSIGN = 1u << 1, /* by the verifier */
    STEP_FIX = 1u << 2,    /* by the officer */
    STEP_PASS = 1u << 3,   /* by the verifier, who thereby has seen all before */
};

struct item {
    uint64_t line, scope, grid, opened_ms, closed_ms; /* closed_ms 0: open */
    char code[4], text[TEXT_BYTES], address[TEXT_BYTES], ext[EXT_BYTES], visit_ext[EXT_BYTES];
    unsigned steps; /* enum step */
    struct sc_id subject;
};

struct import {
    const struct nd_import_options *o;
    struct nd_import_result *result;
    struct st_err *err;
    size_t at[ND_MC_COUNT]; /* column of each; SIZE_MAX: not in this table */
    bool header_seen;
    uint64_t bytes;
    size_t count;
    struct item item[BATCH_ITEMS];
    struct cr_buf arena; /* bodies of one write */
    struct nd_draft draft[BATCH_ITEMS * DRAFTS_PER_ITEM];
    size_t body_at[BATCH_ITEMS * DRAFTS_PER_ITEM], body_end[BATCH_ITEMS * DRAFTS_PER_ITEM];
    struct sc_id ids[BATCH_ITEMS * DRAFTS_PER_ITEM];
    size_t draft_count;
};

/* ---- bodies ---- */

static void set_u64(struct sc_body *b, uint8_t key, uint64_t v)
{
    size_t i = sc_field_index(b->rec, key);
    CR_ASSERT(i != SIZE_MAX);
    b->v[i] = (struct sc_value){.present = true, .u = v};
}

static void set_text(struct sc_body *b, uint8_t key, const char *text)
{
    size_t i = sc_field_index(b->rec, key);
    CR_ASSERT(i != SIZE_MAX);
    if (text[0] != '\0')
        b->v[i] = (struct sc_value){.present = true, .s = cr_span_text(text)};
}

static struct sc_body body_of(uint64_t type)
{
    struct sc_body b = {.rec = sc_record_find(type)};
    CR_ASSERT(b.rec != NULL);
    return b;
}

static int add_draft(struct import *m, uint64_t type, const struct sc_id *subject,
                     const struct sc_body *b)
{
    size_t k = m->draft_count, from = m->arena.n;
    int rc = sc_body_encode(b, subject == NULL, &m->arena, m->err);
    if (rc != ST_OK)
        return rc;
    m->draft[k] = (struct nd_draft){.type = type, .subject = subject};
    m->body_at[k] = from;
    m->body_end[k] = m->arena.n;
    m->draft_count++;
    return ST_OK;
}

static int write_drafts(struct import *m, const struct cr_identity *author, uint64_t scope)
{
    if (m->draft_count == 0)
        return ST_OK;
    for (size_t k = 0; k < m->draft_count; k++)
        m->draft[k].body = cr_span_of(m->arena.p + m->body_at[k], m->body_end[k] - m->body_at[k]);
    int rc = nd_driver_write(m->o->driver, author, scope, m->draft, m->draft_count, m->ids, m->err);
    m->draft_count = 0;
    cr_buf_clear(&m->arena);
    return rc;
}

/* ---- one scope of a batch ---- */

static bool visit_needed(struct import *m, size_t i)
{
    const struct item *it = &m->item[i];
    struct sc_id found;
    if (it->visit_ext[0] == '\0' ||
        nd_store_by_ext(m->o->store, it->scope, cr_span_text(it->visit_ext), &found) == ST_OK)
        return false;
    for (size_t k = 0; k < i; k++)
        if (m->item[k].scope == it->scope && (m->item[k].steps & STEP_REPORT) != 0 &&
            strcmp(m->item[k].visit_ext, it->visit_ext) == 0)
            return false;
    return true;
}

static int draft_report(struct import *m, size_t i)
{
    const struct item *it = &m->item[i];
    if (visit_needed(m, i)) {
        struct sc_body visit = body_of(SC_R_VISIT);
        set_u64(&visit, SC_K_GRID, it->grid);
        set_u64(&visit, SC_K_WHEN, it->opened_ms);
        set_text(&visit, SC_K_EXT, it->visit_ext);
        int rc = add_draft(m, SC_R_VISIT, NULL, &visit);
        if (rc != ST_OK)
            return rc;
        m->result->visits++;
    }
    struct sc_body report = body_of(SC_R_HAZARD_REPORT);
    const struct sc_field *source = sc_field_by_name(report.rec, "source");
    CR_ASSERT(source != NULL);
    const struct sc_choice *import = sc_choice_by_name(source->choices, "import");
    CR_ASSERT(import != NULL);
    set_u64(&report, SC_K_GRID, it->grid);
    set_text(&report, SC_K_CODE, it->code);
    set_text(&report, SC_K_TEXT, it->text);
    set_text(&report, SC_K_ADDRESS, it->address);
    set_text(&report, SC_K_EXT, it->ext);
    set_u64(&report, SC_K_WHEN, it->opened_ms);
    set_u64(&report, SC_K_SOURCE, import->value);
    return add_draft(m, SC_R_HAZARD_REPORT, NULL, &report);
}

static int draft_step(struct import *m, size_t i, enum step step)
{
    const struct item *it = &m->item[i];
    struct sc_body b;
    switch (step) {
    case STEP_REPORT: return draft_report(m, i);
    case STEP_ASSIGN:
        b = body_of(SC_R_HAZARD_ASSIGN);
        set_text(&b, SC_K_ASSIGNEE, m->o->map->assignee);
        break;
    case STEP_FIX:
        b = body_of(SC_R_HAZARD_FIX);
        set_u64(&b, SC_K_WHEN, it->closed_ms);
        break;
    case STEP_PASS:
        b = body_of(SC_R_HAZARD_PASS);
        set_u64(&b, SC_K_WHEN, it->closed_ms);
        break;
    }
    return add_draft(m, b.rec->type, &it->subject, &b);
}

/* One step of all items of a scope: one durable transaction. */
static int write_step(struct import *m, uint64_t scope, enum step step)
{
    size_t draft_of[BATCH_ITEMS];
    for (size_t i = 0; i < m->count; i++) {
        struct item *it = &m->item[i];
        draft_of[i] = SIZE_MAX;
        if (it->scope != scope || (it->steps & step) == 0)
            continue;
        int rc = draft_step(m, i, step);
        if (rc != ST_OK)
            return st_wrap(m->err, rc, "line %llu", (unsigned long long)it->line);
        draft_of[i] = m->draft_count - 1;
    }
    bool officer = step == STEP_REPORT || step == STEP_FIX;
    int rc = write_drafts(m, officer ? m->o->officer : m->o->verifier, scope);
    for (size_t i = 0; rc == ST_OK && step == STEP_REPORT && i < m->count; i++)
        if (draft_of[i] != SIZE_MAX)
            m->item[i].subject = m->ids[draft_of[i]];
    return rc;
}

static int write_scope(struct import *m, uint64_t scope)
{
    static const enum step order[] = {STEP_REPORT, STEP_ASSIGN, STEP_FIX, STEP_PASS};
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
        int rc = write_step(m, scope, order[k]);
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

static int flush(struct import *m)
{
    for (size_t i = 0; i < m->count; i++) {
        bool done = m->o->dry_run;
        for (size_t k = 0; k < i && !done; k++)
            done = m->item[k].scope == m->item[i].scope;
        int rc = done ? ST_OK : write_scope(m, m->item[i].scope);
        if (rc != ST_OK)
            return rc;
    }
    for (size_t i = 0; i < m->count; i++) {
        m->result->imported += (m->item[i].steps & STEP_REPORT) != 0;
        m->result->completed += (m->item[i].steps & STEP_REPORT) == 0;
    }
    m->count = 0;
    return ST_OK;
}

/* ---- rows ---- */

static bool span_text(char *out, size_t out_bytes, struct cr_span s)
{
    if (s.n >= out_bytes)
        return false;
    if (s.n > 0)
        memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return true;
}

static struct cr_span column(const struct import *m, const struct nd_csv_row *row,
                             enum nd_map_column c)
{
    return m->at[c] == SIZE_MAX ? cr_span_of(NULL, 0) : row->field[m->at[c]];
}

/* The group an address falls to: the same address always the same group (FNV-1a). */
static uint64_t group_of(const struct nd_map *map, uint64_t village, struct cr_span address)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < address.n; i++)
        h = (h ^ address.p[i]) * UINT64_C(0x100000001b3);
    return map->groups == 0 || address.n == 0 ? village : village * 1000 + 1 + h % map->groups;
}

static bool ext_key(char *out, const char *source, const char *kind, struct cr_span id)
{
    int n =
        snprintf(out, EXT_BYTES, "%s:%s%.*s", source, kind,
                 (int)(id.n > EXT_BYTES ? EXT_BYTES : id.n), id.n == 0 ? "" : (const char *)id.p);
    return n > 0 && n < EXT_BYTES;
}

static const char *parse_dates(const struct import *m, const struct nd_csv_row *row,
                               struct item *it)
{
    int offset = m->o->map->utc_offset_min;
    if (nd_map_date(column(m, row, ND_MC_OPENED), offset, &it->opened_ms) != ST_OK)
        return "opening date is not YYYY-MM-DD [HH:MM[:SS]]";
    struct cr_span closed = column(m, row, ND_MC_CLOSED);
    if (closed.n == 0)
        return NULL;
    if (nd_map_date(closed, offset, &it->closed_ms) != ST_OK)
        return "closing date is not YYYY-MM-DD [HH:MM[:SS]]";
    return NULL;
}

/* Fills *it; NULL, or why the row is refused. */
static const char *parse_row(const struct import *m, const struct nd_csv_row *row, struct item *it)
{
    const struct nd_map *map = m->o->map;
    memset(it, 0, sizeof *it);
    it->line = row->line;
    for (int c = 0; c < ND_MC_COUNT; c++)
        if (m->at[c] != SIZE_MAX && m->at[c] >= row->count)
            return "fewer columns than the header";
    struct cr_span id = column(m, row, ND_MC_ROW), thread = column(m, row, ND_MC_CASE);
    if (id.n == 0)
        return "no row id";
    if (!ext_key(it->ext, map->source, "", id) ||
        (thread.n > 0 && !ext_key(it->visit_ext, map->source, "case:", thread)))
        return "row or case id too long";
    const struct nd_map_rule *grid = nd_map_grid(map, column(m, row, ND_MC_GRID));
    if (grid == NULL)
        return "district is not in the map";
    const struct nd_map_rule *code = nd_map_code(map, column(m, row, ND_MC_CODE));
    if (code == NULL)
        return "code is not in the map";
    memcpy(it->code, code->code, sizeof it->code);
    struct cr_span address = column(m, row, ND_MC_ADDRESS);
    it->scope = sc_grid_scope(grid->grid);
    it->grid = sc_grid_level(grid->grid) == 3 ? grid->grid : group_of(map, grid->grid, address);
    if (!span_text(it->text, sizeof it->text, column(m, row, ND_MC_TEXT)))
        return "description too long";
    if (!span_text(it->address, sizeof it->address, address))
        return "address too long";
    return parse_dates(m, row, it);
}

/* The steps that follow the report. */
static unsigned later_steps(const struct import *m, const struct item *it)
{
    return (m->o->map->assignee[0] != '\0' ? (unsigned)STEP_ASSIGN : 0) |
           (it->closed_ms != 0 ? (unsigned)STEP_FIX | STEP_PASS : 0);
}

/* Only a hazard that nobody else has touched since is completed: a danger that somebody added must
 * not be closed by a table that does not know it. */
static int look_up(void *arg, const struct nd_hazard_row *row)
{
    struct item *it = (struct item *)arg;
    if (row->h.danger_count != 1 || row->h.fact_count > 3 || row->h.state >= SC_HS_CLOSED)
        it->steps = 0;
    if (row->h.assignee_count > 0 || row->h.fact_count > 1)
        it->steps &= ~(unsigned)STEP_ASSIGN;
    if (row->h.state == SC_HS_FIX_CLAIMED)
        it->steps &= ~(unsigned)STEP_FIX;
    return 0;
}

static bool in_batch(const struct import *m, const char *ext)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->item[i].ext, ext) == 0)
            return true;
    return false;
}

static int take_header(struct import *m, const struct nd_csv_row *row)
{
    for (int c = 0; c < ND_MC_COUNT; c++) {
        const char *name = m->o->map->column[c];
        m->at[c] = SIZE_MAX;
        for (size_t i = 0; i < row->count && name[0] != '\0'; i++)
            if (cr_span_equal(row->field[i], cr_span_text(name)))
                m->at[c] = i;
        if (name[0] != '\0' && m->at[c] == SIZE_MAX)
            return st_fail(m->err, ST_MALFORMED, "line %llu: the header has no column \"%s\"",
                           (unsigned long long)row->line, name);
    }
    m->header_seen = true;
    return ST_OK;
}

static void refuse(struct import *m, uint64_t line, const char *reason)
{
    m->result->bad++;
    m->o->bad(m->o->arg, line, reason);
}

static int take_row(void *arg, const struct nd_csv_row *row)
{
    struct import *m = (struct import *)arg;
    if (!m->header_seen)
        return take_header(m, row);
    m->result->rows++;
    if (m->o->progress != NULL && m->result->rows % PROGRESS_ROWS == 0)
        m->o->progress(m->o->arg, m->result->rows, m->bytes);
    struct item *it = &m->item[m->count];
    const char *reason = parse_row(m, row, it);
    if (reason == NULL && in_batch(m, it->ext))
        reason = "row id occurs twice";
    if (reason != NULL) {
        refuse(m, row->line, reason);
        return ST_OK;
    }
    if (m->o->grid != 0 && it->scope != m->o->grid) {
        m->result->other_grid++;
        return ST_OK;
    }
    it->steps = later_steps(m, it);
    if (nd_store_by_ext(m->o->store, it->scope, cr_span_text(it->ext), &it->subject) != ST_OK) {
        it->steps |= STEP_REPORT;
    } else {
        int rc = nd_store_hazard(m->o->store, &it->subject, look_up, it, m->err);
        if (rc != ST_OK)
            return rc;
        if (it->steps == 0) {
            m->result->known++;
            return ST_OK;
        }
    }
    m->count++;
    return m->count == BATCH_ITEMS ? flush(m) : ST_OK;
}

static void take_bad(void *arg, uint64_t line, const char *reason)
{
    struct import *m = (struct import *)arg;
    m->result->rows++;
    refuse(m, line, reason);
}

int nd_import_hazards(const char *csv_path, const struct nd_import_options *o,
                      struct nd_import_result *out, struct st_err *err)
{
    memset(out, 0, sizeof *out);
    struct st_err own = {.code = ST_OK, .msg = ""};
    struct import *m = (struct import *)calloc(1, sizeof *m);
    if (m == NULL)
        return st_fail(err, ST_NOMEM, "%s: out of memory", csv_path);
    m->o = o;
    m->result = out;
    m->err = err != NULL ? err : &own;
    cr_buf_init(&m->arena,
                (size_t)BATCH_ITEMS * DRAFTS_PER_ITEM * (2 * TEXT_BYTES + EXT_BYTES + 64));
    struct nd_csv_sink sink = {.arg = m, .row = take_row, .bad = take_bad};
    int rc = nd_csv_read(csv_path, &sink, &m->bytes, m->err);
    if (rc == ST_OK && !m->header_seen)
        rc = st_fail(m->err, ST_MALFORMED, "%s: no header line", csv_path);
    if (rc == ST_OK)
        rc = flush(m);
    cr_buf_release(&m->arena);
    free(m);
    return rc;
}
