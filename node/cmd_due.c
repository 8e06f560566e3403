/* due: what has to be done now, and by whom. */
#include "node/cmd_record.h"
#include "node/store_due.h"

#include "schema/record_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct one {
    struct nd_cmd *c;
    const struct nd_due_row *row;
    uint64_t now_ms;
};

static int due_json(struct one *o, const struct nd_hazard_row *hazard)
{
    const struct nd_due_row *r = o->row;
    struct sc_id id;
    json_t *j = nd_json_hazard(hazard);

    sc_due_id(&r->hazard, r->due.rule, r->due.base_ms, &id);
    (void)json_object_set_new(
        j, "due",
        json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:b}", "id", nd_json_id(&id), "rule",
                  sc_due_label(r->due.rule).name, "level", sc_level_label(r->due.level).name,
                  "at_ms", (json_int_t)r->due.at_ms, "base_ms", (json_int_t)r->due.base_ms,
                  "deadline_ms", (json_int_t)r->deadline_ms, "reached",
                  (int)(r->due.at_ms <= o->now_ms)));
    nd_out_json(o->c, j);
    return 0;
}

static int due_line(void *arg, const struct nd_hazard_row *hazard)
{
    struct one *o = arg;
    struct nd_cmd *c = o->c;
    const struct nd_due_row *r = o->row;
    const struct sc_hazard *h = &hazard->h;
    struct sc_label rule = sc_due_label(r->due.rule), level = sc_level_label(r->due.level);
    char hex[2 * SC_ID_BYTES + 1], what[96], who[64], when[ND_TIME_TEXT_MAX], text[161];

    if (c->json)
        return due_json(o, hazard);
    cr_hex(r->hazard.b, sizeof r->hazard.b, hex);
    nd_time_text(r->due.at_ms, when);
    nd_pad(nd_tr(c, rule.zh, rule.en), c->zh ? 18 : 42, what, sizeof what);
    nd_pad(nd_tr(c, level.zh, level.en), c->zh ? 10 : 20, who, sizeof who);
    nd_line_text(h->text, text, sizeof text);
    nd_out(c, "%s%s  %s  %s  %.12s  %-15llu %.*s  %llu  %s\n",
           r->due.at_ms > o->now_ms ? nd_tr(c, "将到 ", "soon ") : "", when, what, who, hex,
           (unsigned long long)h->grid, h->code.n > 0 ? (int)h->code.n : 3,
           h->code.n > 0 ? (const char *)h->code.p : "  -", (unsigned long long)h->severity, text);
    return 0;
}

static int read_query(struct nd_cmd *c, struct nd_due_query *q)
{
    const char *level = nd_opt(c, "level");
    const struct sc_choice *choice;
    struct st_err err = {0};

    q->now_ms = nd_app_wall_ms(c->app);
    q->every = nd_opt(c, "every") != NULL;
    if (nd_opt_grid(c, &q->grid_prefix) != ST_OK)
        return ND_EX_USAGE;
    if (nd_opt_date(c, "at", &q->now_ms, &err) != ST_OK)
        return nd_fail_err(c, &err);
    if (nd_opt_span(c, "soon", 0, &q->soon_ms) != ST_OK)
        return ND_EX_USAGE;
    if (level == NULL)
        return ND_EX_OK;
    choice = sc_choice_by_name(sc_choices_level, level);
    if (choice == NULL)
        return nd_fail(c, ST_USAGE, "--level '%s': officer, chief, village, street", level);
    q->level = (enum sc_level)choice->value;
    return ND_EX_OK;
}

int nd_cmd_due(struct nd_cmd *c)
{
    struct nd_due_query q = {0};
    uint64_t offset, limit;
    struct nd_due_row *rows = NULL;
    struct st_err err = {0};
    size_t count = 0, end;
    int rc, code = read_query(c, &q);

    if (code != ND_EX_OK)
        return code;
    if (nd_opt_page(c, &offset, &limit) != ST_OK)
        return ND_EX_USAGE;
    rc = nd_store_due(c->app->store, &q, &rows, &count, &err);
    end = limit == 0 || limit > count - (offset < count ? offset : count) ? count : offset + limit;
    for (size_t i = (size_t)offset; rc == ST_OK && i < end; i++) {
        struct one o = {c, &rows[i], q.now_ms};

        rc = nd_store_hazard(c->app->store, &rows[i].hazard, due_line, &o, &err);
    }
    free(rows);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (!c->json)
        nd_say(c, nd_tr(c, "共 %zu 条\n", "%zu in all\n"), count);
    return ND_EX_OK;
}
