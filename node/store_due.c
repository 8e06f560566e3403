#include "node/store_due.h"

#include <stdlib.h>
#include <string.h>

struct gather {
    const struct nd_due_query *q;
    struct nd_store *s;
    struct sc_calendar calendar;
    struct nd_due_row *e;
    size_t n, cap;
    bool lost;
};

/* ---- calendar ---- */

static int take_year(void *arg, const struct nd_record_row *row)
{
    struct sc_calendar_year y;

    if (sc_calendar_decode(row->body, &y, NULL) == ST_OK)
        sc_calendar_add(arg, &y);
    return 0;
}

int nd_store_calendar(struct nd_store *s, struct sc_calendar *out, struct st_err *err)
{
    memset(out, 0, sizeof *out);
    return nd_store_records(s, SC_R_CALENDAR, 0, 0, 0, take_year, out, NULL, err);
}

/* ---- the list ---- */

uint16_t nd_store_days(struct nd_store *s, const struct sc_hazard *h)
{
    struct sc_code code;

    return sc_tables_code(nd_store_tables(s), h->code, h->reported_ms, &code)
               ? sc_limit_days(code.limit)
               : SC_DAYS_PLAN;
}

static void put(struct gather *g, const struct nd_hazard_row *row, uint64_t deadline_ms,
                const struct sc_due *due)
{
    if (g->n == g->cap) {
        size_t cap = g->cap == 0 ? 64 : g->cap * 2;
        struct nd_due_row *e = realloc(g->e, cap * sizeof *e);

        if (e == NULL) {
            g->lost = true;
            return;
        }
        g->e = e;
        g->cap = cap;
    }
    g->e[g->n++] = (struct nd_due_row){.hazard = row->subject,
                                       .scope = row->scope,
                                       .grid = row->h.grid,
                                       .deadline_ms = deadline_ms,
                                       .due = *due};
}

static int take_hazard(void *arg, const struct nd_hazard_row *row)
{
    struct gather *g = arg;
    struct sc_clock c = {.h = &row->h,
                         .days = nd_store_days(g->s, &row->h),
                         .rules = sc_policy_at(nd_store_policy(g->s), g->q->now_ms),
                         .calendar = &g->calendar};
    struct sc_due moments[SC_DUE_MAX];
    const struct sc_due *last = NULL, *next = NULL;
    size_t n = row->unverified_only ? 0 : sc_clock_moments(&c, moments);
    uint64_t deadline = sc_clock_deadline(&c);

    for (size_t i = 0; i < n; i++) {
        const struct sc_due *d = &moments[i];

        if (g->q->level != SC_LV_NONE && d->level != g->q->level)
            continue;
        if (d->at_ms > g->q->now_ms) {
            next = next == NULL ? d : next;
            continue;
        }
        last = d;
        if (g->q->every)
            put(g, row, deadline, d);
    }
    if (!g->q->every && last != NULL)
        put(g, row, deadline, last);
    else if (last == NULL && next != NULL && next->at_ms - g->q->now_ms <= g->q->soon_ms)
        put(g, row, deadline, next);
    return g->lost ? 1 : 0;
}

static int by_moment(const void *a, const void *b)
{
    const struct nd_due_row *x = a, *y = b;
    int order;

    if (x->due.at_ms != y->due.at_ms)
        return x->due.at_ms < y->due.at_ms ? -1 : 1;
    order = memcmp(x->hazard.b, y->hazard.b, sizeof x->hazard.b);
    return order != 0 ? order : (int)x->due.rule - (int)y->due.rule;
}

int nd_store_due(struct nd_store *s, const struct nd_due_query *q, struct nd_due_row **out,
                 size_t *count, struct st_err *err)
{
    struct nd_hazard_query open = {.grid_prefix = q->grid_prefix, .state = ND_HZ_OPEN};
    struct gather g = {.q = q, .s = s};
    int rc = nd_store_calendar(s, &g.calendar, err);

    *out = NULL;
    *count = 0;
    if (rc == ST_OK)
        rc = nd_store_hazards(s, &open, take_hazard, &g, NULL, err);
    if (rc == ST_OK && g.lost)
        rc = st_fail(err, ST_NOMEM, "list what is due: %s", st_text(ST_NOMEM));
    if (rc != ST_OK) {
        free(g.e);
        return rc;
    }
    if (g.n > 1)
        qsort(g.e, g.n, sizeof *g.e, by_moment);
    *out = g.e;
    *count = g.n;
    return ST_OK;
}

/* ---- what is on record ---- */

bool nd_due_of_row(const struct sc_id *hazard, const struct nd_history_row *row, struct sc_id *out)
{
    const struct sc_record *rec = sc_record_find(SC_R_HAZARD_DUE);
    struct sc_body body;
    struct sc_due due;

    if (row->fact.type != SC_R_HAZARD_DUE || row->fact.pruned ||
        sc_body_decode(rec, row->fact.schema_version, false, row->fact.body, &body, NULL) != ST_OK)
        return false;
    sc_due_read(&body, &due);
    sc_due_id(hazard, due.rule, due.base_ms, out);
    return true;
}

struct search {
    const struct sc_id *hazard, *due;
    bool found;
};

static int compare(void *arg, const struct nd_history_row *row)
{
    struct search *f = arg;
    struct sc_id id;

    f->found =
        f->found || (!row->held && nd_due_of_row(f->hazard, row, &id) && sc_id_equal(&id, f->due));
    return 0;
}

int nd_store_due_known(struct nd_store *s, const struct sc_id *hazard, const struct sc_id *due,
                       bool *known, struct st_err *err)
{
    struct search f = {hazard, due, false};
    int rc = nd_store_history(s, hazard, compare, &f, err);

    *known = f.found;
    return rc;
}
