/* record: the catalogue itself, and records of any of its types: added, changed, listed, shown. */
#include "node/cmd_record.h"
#include "node/json_catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES 65536

/* ---- the catalogue ---- */

static void put_text(void *arg, const char *text)
{
    nd_out(arg, "%s", text);
}

static void type_line(struct nd_cmd *c, const struct sc_record *rec)
{
    char name[64], zh[64], where[32], roles[512];

    nd_pad(rec->name, 20, name, sizeof name);
    nd_pad(nd_tr(c, rec->zh, rec->en), 26, zh, sizeof zh);
    nd_pad(nd_where_name(rec->where), 9, where, sizeof where);
    nd_out(c, "%-3llu %s %s %s %s\n", (unsigned long long)rec->type, name, zh, where,
           nd_roles_text(c, rec->writers, roles, sizeof roles));
}

int nd_cmd_record_types(struct nd_cmd *c)
{
    if (c->arg_count != 0)
        return nd_fail(c, ST_USAGE, "record types");
    if (nd_opt(c, "markdown") != NULL) {
        nd_catalog_markdown(put_text, c);
        return ND_EX_OK;
    }
    for (size_t i = 0; sc_record_at(i) != NULL; i++) {
        if (c->json)
            nd_out_json(c, nd_json_record_type(sc_record_at(i), NULL));
        else
            type_line(c, sc_record_at(i));
    }
    return ND_EX_OK;
}

static int which(struct nd_cmd *c)
{
    return nd_fail(
        c, ST_USAGE, "%s",
        nd_tr(c, "哪一种记录？见 fengsui record types", "which record? see fengsui record types"));
}

int nd_cmd_record_template(struct nd_cmd *c)
{
    json_t *o;
    char *text;

    if (c->rec == NULL)
        return which(c);
    o = nd_json_template(c->rec);
    if (c->json) {
        nd_out_json(c, o);
        return ND_EX_OK;
    }
    text = json_dumps(o, JSON_INDENT(2));
    json_decref(o);
    if (text == NULL)
        return nd_fail(c, ST_NOMEM, "record template");
    nd_out(c, "%s\n", text);
    free(text);
    return ND_EX_OK;
}

/* ---- records that have a command of their own ---- */

/* NULL: this one does. */
static const char *own_command(const struct sc_record *rec, bool listing)
{
    switch (rec->type) {
    case SC_R_CERT: return listing ? "cert list" : "cert issue";
    case SC_R_CUT: return listing ? "cut list" : "person lost, person dismiss, cut fork";
    case SC_R_ADOPT: return listing ? "held list" : "held adopt";
    case SC_R_INCARNATION: return "status";
    case SC_R_POLICY: return listing ? "policy list" : "policy set";
    case SC_R_CODE: return listing ? "code list" : "code set";
    case SC_R_PLACE_KIND: return listing ? "kind list" : "kind set";
    case SC_R_CHECKLIST: return listing ? "checklist list" : "checklist set";
    default: break;
    }
    if (listing)
        return rec->fold == SC_FOLD_HAZARD ? "list hazards" : NULL;
    return NULL;
}

static int refuse(struct nd_cmd *c, const char *command)
{
    return nd_fail(c, ST_USAGE, "'%s': %s fengsui %s", c->rec->name,
                   nd_tr(c, "不用这个命令，请用", "not by this command, but"), command);
}

int nd_cmd_record_add(struct nd_cmd *c)
{
    if (c->rec == NULL)
        return which(c);
    if (own_command(c->rec, false) != NULL)
        return refuse(c, own_command(c->rec, false));
    if (c->rec->type == SC_R_GRID && c->arg_count == 0)
        return refuse(c, "grid add");
    return nd_write_record(c);
}

int nd_cmd_record_edit(struct nd_cmd *c)
{
    if (c->rec == NULL)
        return which(c);
    if (own_command(c->rec, false) != NULL)
        return refuse(c, own_command(c->rec, false));
    if (c->rec->subject == SC_SUBJ_CREATES)
        return nd_fail(c, ST_USAGE, "'%s': %s", c->rec->name,
                       nd_tr(c, "写成后不再修改", "is not changed once it is written"));
    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "record edit %s/ID --FIELD VALUE…", c->rec->name);
    return nd_write_record(c);
}

int nd_cmd_record_show(struct nd_cmd *c)
{
    if (c->rec == NULL)
        return nd_fail(c, ST_USAGE, "record show TYPE/ID");
    return nd_cmd_show(c);
}

/* ---- list ---- */

struct filter {
    const struct sc_field *f;
    bool absent; /* "-": says nothing of it */
    struct sc_value v;
};

struct list {
    struct nd_cmd *c;
    uint64_t since_ms, until_ms, at_ms; /* at_ms 0: not asked */
    size_t skip, limit, shown;          /* by filters; limit 0: none */
    bool filtered, full;
    size_t count;
    struct filter filter[SC_BODY_FIELDS_MAX];
};

static bool contains(struct cr_span all, const uint8_t *part, size_t n)
{
    for (size_t at = 0; n <= all.n && at <= all.n - n; at++)
        if (n == 0 || memcmp(all.p + at, part, n) == 0)
            return true;
    return false;
}

/* A text contains it, a list has one such item, everything else is equal. */
static bool matches(const struct filter *w, const struct sc_value *v)
{
    if (w->absent || !v->present)
        return w->absent && !v->present;
    switch (w->f->kind) {
    case SC_F_I64: return v->i == w->v.i;
    case SC_F_U64:
        if ((w->f->flags & SC_FF_BITS) != 0)
            return (v->u & w->v.u) == w->v.u;
        return v->u == w->v.u;
    case SC_F_BOOL:
    case SC_F_ENUM:
    case SC_F_GRID:
    case SC_F_TIME: return v->u == w->v.u;
    case SC_F_TEXT: return contains(v->s, w->v.s.p, w->v.s.n);
    case SC_F_BYTES:
    case SC_F_ID:
    case SC_F_CODE:
    case SC_F_KEY: return cr_span_equal(v->s, w->v.s);
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS: break;
    }
    /* Both are canonical arrays of short items: what follows the head of the one that is wanted. */
    return w->v.s.n > 1 && contains(v->s, w->v.s.p + 1, w->v.s.n - 1);
}

/* On the day that was asked for. */
static bool in_force(const struct list *l, const struct sc_body *body)
{
    const struct sc_value *from = sc_body_get(body, SC_K_FROM), *to = sc_body_get(body, SC_K_TO);

    return l->at_ms == 0 ||
           ((!from->present || from->u <= l->at_ms) && (!to->present || to->u >= l->at_ms));
}

static bool wanted(const struct list *l, const struct sc_body *body)
{
    uint64_t when = sc_body_get(body, SC_K_WHEN)->u;

    if (when < l->since_ms || when > l->until_ms || !in_force(l, body))
        return false;
    for (size_t i = 0; i < l->count; i++)
        if (!matches(&l->filter[i], &body->v[sc_field_index(body->rec, l->filter[i].f->key)]))
            return false;
    return true;
}

static int list_row(void *arg, const struct nd_record_row *row)
{
    struct list *l = arg;

    if (l->filtered) {
        if (!wanted(l, row->body))
            return 0;
        if (l->skip > 0) {
            l->skip--;
            return 0;
        }
        if (l->limit > 0 && l->shown == l->limit) {
            l->full = true;
            return 1;
        }
    }
    l->shown++;
    return nd_record_line(l->c, row);
}

static int read_filters(struct list *l, struct cr_buf *arena, struct st_err *err)
{
    struct nd_cmd *c = l->c;

    for (size_t i = 0; i < c->opt_count; i++) {
        const struct sc_field *f = sc_field_by_name(c->rec, c->opt[i].name);
        struct filter *w = &l->filter[l->count];
        int rc;

        if (f == NULL || nd_verb_option(c, c->opt[i].name) || l->count == SC_BODY_FIELDS_MAX)
            continue;
        w->f = f;
        w->absent = strcmp(c->opt[i].value, "-") == 0;
        rc = w->absent ? ST_OK : nd_parse_field(c, f, c->opt[i].value, arena, &w->v, err);
        if (rc != ST_OK)
            return rc;
        l->count++;
        l->filtered = true;
    }
    return ST_OK;
}

static int read_times(struct list *l, struct st_err *err)
{
    struct nd_cmd *c = l->c;
    int rc;

    l->until_ms = UINT64_MAX;
    if (nd_opt(c, "at") != NULL) {
        if (sc_field_index(c->rec, SC_K_FROM) == SIZE_MAX)
            return st_fail(err, ST_USAGE, "%s: %s", c->rec->name,
                           nd_tr(c, "这种记录没有起止日期，不能用 --at",
                                 "such a record has no beginning and end: no --at"));
        l->filtered = true;
        rc = nd_opt_date(c, "at", &l->at_ms, err);
        if (rc != ST_OK)
            return rc;
    }
    if (nd_opt(c, "since") == NULL && nd_opt(c, "until") == NULL)
        return ST_OK;
    if (sc_field_index(c->rec, SC_K_WHEN) == SIZE_MAX)
        return st_fail(err, ST_USAGE, "%s: %s", c->rec->name,
                       nd_tr(c, "这种记录没有时间，不能用 --since、--until",
                             "such a record has no time: no --since, no --until"));
    l->filtered = true;
    rc = nd_opt_date(c, "since", &l->since_ms, err);
    return rc == ST_OK ? nd_opt_date(c, "until", &l->until_ms, err) : rc;
}

static int run_list(struct list *l, uint64_t prefix, uint64_t offset, uint64_t limit,
                    struct st_err *err)
{
    struct nd_cmd *c = l->c;
    uint64_t total = 0;
    int rc;

    l->skip = (size_t)offset;
    l->limit = (size_t)limit;
    rc = nd_store_records(c->app->store, c->rec->type, prefix, l->filtered ? 0 : (size_t)offset,
                          l->filtered ? 0 : (size_t)limit, list_row, l, l->filtered ? NULL : &total,
                          err);
    if (rc != ST_OK && !l->full)
        return rc;
    if (c->json)
        return ST_OK;
    if (!l->filtered)
        nd_say(c, nd_tr(c, "共 %llu 条\n", "%llu in all\n"), (unsigned long long)total);
    else
        nd_say(c, nd_tr(c, "列出 %zu 条%s\n", "%zu shown%s\n"), l->shown,
               l->full ? nd_tr(c, "，还有更多", ", there are more") : "");
    return ST_OK;
}

int nd_cmd_record_list(struct nd_cmd *c)
{
    uint64_t prefix = 0, offset, limit;
    struct list l = {.c = c};
    struct st_err err = {0};
    struct cr_buf arena;
    int rc;

    if (c->rec == NULL)
        return which(c);
    if (own_command(c->rec, true) != NULL)
        return refuse(c, own_command(c->rec, true));
    if (c->arg_count != 0)
        return nd_fail(c, ST_USAGE, "record list %s", c->rec->name);
    if (nd_opt_grid(c, &prefix) != ST_OK || nd_opt_page(c, &offset, &limit) != ST_OK)
        return ND_EX_USAGE;
    if (nd_opt(c, "all") != NULL)
        limit = 0;
    cr_buf_init(&arena, ARENA_BYTES);
    rc = read_times(&l, &err);
    if (rc == ST_OK)
        rc = read_filters(&l, &arena, &err);
    if (rc == ST_OK)
        rc = run_list(&l, prefix, offset, limit, &err);
    cr_buf_release(&arena);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

/* ---- missing: what a list cannot show ---- */

struct lacking {
    uint64_t grid;
    char name[SC_NAME_MAX + 1];
    bool has;
};

struct missing {
    struct list l; /* the conditions */
    uint64_t level, held[SC_SCOPES_MAX];
    size_t held_count;
    struct cr_buf grids; /* struct lacking, as the tree lists them */
};

/* Of grids whose records are not held here nothing can be said. */
static bool held(const struct missing *m, uint64_t grid)
{
    for (size_t i = 0; i < m->held_count; i++)
        if (m->held[i] == sc_grid_scope(grid))
            return true;
    return false;
}

static int take_grid(void *arg, const struct nd_grid_row *row)
{
    struct missing *m = arg;
    struct lacking g = {.grid = row->code};

    if ((uint64_t)sc_grid_level(row->code) != m->level || !row->declared || !held(m, row->code))
        return 0;
    (void)snprintf(g.name, sizeof g.name, "%s", row->name == NULL ? "" : row->name);
    return cr_buf_append(&m->grids, &g, sizeof g);
}

static int strike(void *arg, const struct nd_record_row *row)
{
    struct missing *m = arg;
    struct lacking g;

    if (!wanted(&m->l, row->body))
        return 0;
    for (size_t at = 0; at < m->grids.n; at += sizeof g) {
        memcpy(&g, m->grids.p + at, sizeof g);
        g.has = g.has || sc_grid_within(row->grid, g.grid);
        memcpy(m->grids.p + at, &g, sizeof g);
    }
    return 0;
}

static void print_missing(struct nd_cmd *c, const struct missing *m)
{
    size_t lacking = 0;
    struct lacking g;

    for (size_t at = 0; at < m->grids.n; at += sizeof g) {
        memcpy(&g, m->grids.p + at, sizeof g);
        if (g.has)
            continue;
        lacking++;
        if (c->json)
            nd_out_json(c, json_pack("{s:o, s:s}", "grid", nd_json_grid(g.grid), "name", g.name));
        else
            nd_out(c, "%-15llu  %s\n", (unsigned long long)g.grid, g.name);
    }
    if (!c->json)
        nd_say(c, nd_tr(c, "%zu 个网格中 %zu 个没有\n", "of %zu grids %zu have none\n"),
               m->grids.n / sizeof g, lacking);
}

int nd_cmd_record_missing(struct nd_cmd *c)
{
    struct missing m = {.l = {.c = c}};
    struct st_err err = {0};
    struct cr_buf arena;
    uint64_t prefix = 0;
    int rc;

    if (c->rec == NULL)
        return which(c);
    if (own_command(c->rec, true) != NULL)
        return refuse(c, own_command(c->rec, true));
    if (nd_opt_grid(c, &prefix) != ST_OK)
        return ND_EX_USAGE;
    if (nd_opt_u64(c, "level", 3, 2, &m.level) != ST_OK)
        return ND_EX_USAGE;
    m.held_count = nd_store_scopes(c->app->store, m.held);
    cr_buf_init(&m.grids, UINT32_MAX);
    cr_buf_init(&arena, ARENA_BYTES);
    rc = read_times(&m.l, &err);
    if (rc == ST_OK)
        rc = read_filters(&m.l, &arena, &err);
    if (rc == ST_OK)
        rc = nd_store_grids(c->app->store, prefix, (int)m.level, take_grid, &m, &err);
    if (rc == ST_OK)
        rc = nd_store_records(c->app->store, c->rec->type, prefix, 0, 0, strike, &m, NULL, &err);
    if (rc == ST_OK)
        print_missing(c, &m);
    cr_buf_release(&arena);
    cr_buf_release(&m.grids);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}
