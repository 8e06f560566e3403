/* list and tree: what there is, and how the three levels stand. */
#include "node/cmd_record.h"

#include <stdio.h>
#include <string.h>

/* ---- hazards ---- */

static json_t *bits_json(uint32_t bits, struct sc_label (*label)(uint32_t))
{
    json_t *list = json_array();

    for (uint32_t bit = 1; bit != 0 && bit <= bits; bit <<= 1)
        if ((bits & bit) != 0)
            (void)json_array_append_new(list, json_string(label(bit).name));
    return list;
}

json_t *nd_json_hazard(const struct nd_hazard_row *row)
{
    const struct sc_hazard *h = &row->h;
    char scope[SC_SCOPE_TEXT_MAX];
    json_t *assignees = json_array(), *links = json_array(), *o;

    sc_scope_text(row->scope, scope);
    for (size_t i = 0; i < h->assignee_count; i++)
        (void)json_array_append_new(assignees, nd_json_span(h->assignees[i]));
    for (size_t i = 0; i < h->link_count; i++)
        (void)json_array_append_new(links, nd_json_id(&h->links[i]));
    o = json_pack("{s:o, s:s, s:o, s:s, s:I, s:s, s:s, s:o, s:o}", "id", nd_json_id(&row->subject),
                  "scope", scope, "grid", nd_json_grid(h->grid), "state",
                  sc_hazard_state_label(h->state).name, "severity", (json_int_t)h->severity,
                  "required", sc_level_label(h->required).name, "escalated",
                  sc_level_label(h->escalated).name, "flags",
                  bits_json(h->flags, sc_hazard_flag_label), "blocks",
                  bits_json(h->blocks, sc_hazard_block_label));
    (void)json_object_update_new(
        o, json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "code",
                     nd_json_span(h->code), "text", nd_json_span(h->text), "address",
                     nd_json_span(h->address), "ext", nd_json_span(h->ext), "deadline_ms",
                     (json_int_t)h->deadline_ms, "reported_ms", (json_int_t)h->reported_ms,
                     "closed_ms", (json_int_t)h->closed_ms, "last_ms", (json_int_t)h->last_ms,
                     "assignees", assignees, "links", links, "canonical",
                     nd_json_id(&row->canonical)));
    (void)json_object_set_new(o, "unverified", json_integer((json_int_t)row->unverified));
    if (h->has_position)
        (void)json_object_update_new(
            o, json_pack("{s:I, s:I}", "lat", (json_int_t)h->lat_e7, "lon", (json_int_t)h->lon_e7));
    return o;
}

static int hazard_line(void *arg, const struct nd_hazard_row *row)
{
    struct nd_cmd *c = arg;
    const struct sc_hazard *h = &row->h;
    char hex[2 * SC_ID_BYTES + 1], state[64], when[ND_TIME_TEXT_MAX], text[160];
    struct sc_label label = sc_hazard_state_label(h->state);

    if (c->json) {
        nd_out_json(c, nd_json_hazard(row));
        return 0;
    }
    nd_line_text(h->text, text, sizeof text);
    cr_hex(row->subject.b, sizeof row->subject.b, hex);
    nd_pad(nd_tr(c, label.zh, label.en), 12, state, sizeof state);
    nd_time_text(h->deadline_ms, when);
    nd_out(c, "%.12s  %-15llu %.*s  %llu  %s %s%s%s %s\n", hex, (unsigned long long)h->grid,
           h->code.n > 0 ? (int)h->code.n : 3, h->code.n > 0 ? (const char *)h->code.p : "  -",
           (unsigned long long)h->severity, state,
           (h->flags & SC_HF_EMERGENCY) != 0 ? nd_tr(c, "【紧急】", "[EMERGENCY] ") : "",
           h->deadline_ms != 0 ? nd_tr(c, "限期 ", "due ") : "", h->deadline_ms != 0 ? when : "",
           text);
    return 0;
}

static int list_hazards(struct nd_cmd *c, uint64_t prefix, size_t offset, size_t limit)
{
    const char *state = nd_opt(c, "state");
    struct nd_hazard_query q = {.grid_prefix = prefix,
                                .state = ND_HZ_OPEN,
                                .code = nd_opt(c, "code"),
                                .offset = offset,
                                .limit = limit};
    struct st_err err = {0};
    uint64_t total = 0;

    if (state != NULL && strcmp(state, "closed") == 0)
        q.state = ND_HZ_CLOSED;
    else if (state != NULL && strcmp(state, "all") == 0)
        q.state = ND_HZ_ALL;
    else if (state != NULL && strcmp(state, "open") != 0)
        return nd_fail(c, ST_USAGE, "--state '%s': open, closed, all", state);
    if (nd_opt_u64(c, "severity", 4, 0, &q.severity_min) != ST_OK)
        return ND_EX_USAGE;
    if (nd_opt(c, "overdue") != NULL)
        q.overdue_at_ms = nd_app_wall_ms(c->app);
    if (nd_store_hazards(c->app->store, &q, hazard_line, c, &total, &err) != ST_OK)
        return nd_fail_err(c, &err);
    if (!c->json)
        nd_say(c, nd_tr(c, "共 %llu 条\n", "%llu in all\n"), (unsigned long long)total);
    return ND_EX_OK;
}

/* ---- other records ---- */

int nd_record_line(struct nd_cmd *c, const struct nd_record_row *row)
{
    char hex[2 * SC_ID_BYTES + 1], value[512];
    json_t *o;

    if (c->json) {
        o = nd_json_body(row->body);
        (void)json_object_set_new(o, "id", nd_json_id(&row->subject));
        (void)json_object_set_new(o, "contested", json_boolean(row->contested));
        nd_out_json(c, o);
        return 0;
    }
    cr_hex(row->subject.b, sizeof row->subject.b, hex);
    nd_out(c, "%.12s  %-15llu", hex, (unsigned long long)row->grid);
    for (size_t i = 0; i < row->body->rec->field_count; i++) {
        const struct sc_field *f = &row->body->rec->fields[i];

        if (!row->body->v[i].present || f->key == SC_K_GRID)
            continue;
        nd_value_text(c, f, &row->body->v[i], value, sizeof value);
        nd_out(c, "  %s:%s", nd_tr(c, f->zh, f->en), value);
    }
    nd_out(c, "\n");
    return 0;
}

static int record_line(void *arg, const struct nd_record_row *row)
{
    return nd_record_line(arg, row);
}

int nd_cmd_list(struct nd_cmd *c)
{
    static const struct {
        const char *name;
        uint64_t type;
    } kinds[] = {{"places", SC_R_PLACE}, {"visits", SC_R_VISIT}, {"notices", SC_R_NOTICE}};
    const char *what = c->arg_count > 0 ? c->arg[0] : "hazards";
    uint64_t prefix = 0, offset, limit, total = 0;
    struct st_err err = {0};

    if (c->arg_count > 1)
        return nd_fail(c, ST_USAGE, "list %s", c->verb->usage);
    if (nd_opt_grid(c, &prefix) != ST_OK || nd_opt_page(c, &offset, &limit) != ST_OK)
        return ND_EX_USAGE;
    if (strcmp(what, "hazards") == 0)
        return list_hazards(c, prefix, (size_t)offset, (size_t)limit);
    if (strcmp(what, "grids") == 0)
        return nd_cmd_grid_list(c);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(what, kinds[i].name) != 0)
            continue;
        if (nd_store_records(c->app->store, kinds[i].type, prefix, (size_t)offset, (size_t)limit,
                             record_line, c, &total, &err) != ST_OK)
            return nd_fail_err(c, &err);
        if (!c->json)
            nd_say(c, nd_tr(c, "共 %llu 条\n", "%llu in all\n"), (unsigned long long)total);
        return ND_EX_OK;
    }
    return nd_fail(c, ST_USAGE, "list '%s': %s", what, c->verb->usage);
}

/* ---- tree ---- */

struct tree {
    struct nd_cmd *c;
    uint64_t now_ms, stale_ms;
    uint64_t villages, fresh; /* level-2 rows, and those heard of in time */
    uint64_t own;             /* this node's own seat scope: never stale */
    size_t live_count;        /* villages whose seat is connected and has nothing more to say */
    uint64_t live[SC_SCOPES_MAX];
    json_t *rows;
};

static int take_live(void *arg, const struct nd_peer_status *p)
{
    struct tree *t = arg;
    const struct sc_cert *c = sc_certs_find(nd_store_certs(t->c->app->store), &p->peer.sign_pk);

    if (c == NULL || !p->proven || !p->session.synced)
        return 0;
    for (size_t i = 0; i < c->prefix_count && t->live_count < SC_SCOPES_MAX; i++)
        t->live[t->live_count++] = c->prefixes[i];
    return 0;
}

/* When the last news of this village came: its newest entry here, or the last session in which its
 * seat had nothing more to say. */
static uint64_t heard_ms(struct tree *t, uint64_t scope)
{
    struct nd_fresh f = {0};

    for (size_t i = 0; i < t->live_count; i++)
        if (t->live[i] == scope)
            return t->now_ms;
    if (nd_store_fresh(t->c->app->store, scope, &f) != ST_OK)
        return 0;
    return f.newest_received_ms > f.synced_ms ? f.newest_received_ms : f.synced_ms;
}

static int tree_row(void *arg, const struct nd_grid_row *g)
{
    struct tree *t = arg;
    struct nd_cmd *c = t->c;
    int level = sc_grid_level(g->code);
    char name[256], left[256], age[ND_TIME_TEXT_MAX] = "";
    uint64_t heard = 0;
    bool stale = false;

    if (level == 2) {
        heard = heard_ms(t, g->code);
        stale = g->code != t->own && (heard == 0 || heard + t->stale_ms < t->now_ms);
        t->villages++;
        t->fresh += stale ? 0 : 1;
        nd_age_text(c, heard, t->now_ms, age);
    }
    if (t->rows != NULL) {
        json_t *o =
            json_pack("{s:o, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "grid",
                      nd_json_grid(g->code), "level", level, "name", g->name == NULL ? "" : g->name,
                      "open", (json_int_t)g->open, "overdue", (json_int_t)g->overdue, "closed",
                      (json_int_t)g->closed, "emergency", (json_int_t)g->emergency, "severe",
                      (json_int_t)g->severe, "conflict", (json_int_t)g->conflict, "visits",
                      (json_int_t)g->visits, "places", (json_int_t)g->places, "groups",
                      (json_int_t)g->groups, "next_deadline_ms", (json_int_t)g->next_deadline_ms);

        (void)json_object_update_new(o, json_pack("{s:b, s:b}", "declared", (int)g->declared,
                                                  "synthetic", (int)g->synthetic));

        if (level == 2)
            (void)json_object_update_new(
                o, json_pack("{s:I, s:b}", "heard_ms", (json_int_t)heard, "stale", (int)stale));
        (void)json_array_append_new(t->rows, o);
        return 0;
    }
    (void)snprintf(left, sizeof left, "%*s%s", (level - 1) * 2, "",
                   g->name == NULL || g->name[0] == '\0' ? "?" : g->name);
    nd_pad(left, 28, name, sizeof name);
    nd_out(c,
           nd_tr(c,
                 "%s %-15llu 未销 %-4llu 超期 %-4llu 紧急 %-3llu 较大以上 %-3llu 已销 %-5llu 走访 "
                 "%-5llu %s%s\n",
                 "%s %-15llu open %-4llu overdue %-4llu emergency %-3llu severe %-3llu closed "
                 "%-5llu visits %-5llu "
                 "%s%s\n"),
           name, (unsigned long long)g->code, (unsigned long long)g->open,
           (unsigned long long)g->overdue, (unsigned long long)g->emergency,
           (unsigned long long)g->severe, (unsigned long long)g->closed,
           (unsigned long long)g->visits, age, stale ? nd_tr(c, " 【陈旧】", " [stale]") : "");
    return 0;
}

int nd_cmd_tree(struct nd_cmd *c)
{
    struct tree t = {.c = c, .now_ms = nd_app_wall_ms(c->app)};
    struct st_err err = {0};
    uint64_t level, prefix = 0;
    const struct sc_cert *own;

    if (nd_opt_u64(c, "level", 3, 2, &level) != ST_OK ||
        nd_opt_span(c, "stale", (uint64_t)24 * 3600000, &t.stale_ms) != ST_OK)
        return ND_EX_USAGE;
    if (nd_opt_grid(c, &prefix) != ST_OK)
        return ND_EX_USAGE;
    own = sc_certs_find(nd_store_certs(c->app->store), &c->app->node.sign_pk);
    if (own != NULL && own->prefix_count == 1 && sc_grid_level(own->prefixes[0]) == 2)
        t.own = own->prefixes[0];
    if (nd_driver_peers(c->app->driver, take_live, &t) != ST_OK)
        t.live_count = 0; /* ages are then those of the last news */
    if (c->json)
        t.rows = json_array();
    if (nd_store_grids_at(c->app->store, prefix, (int)level, t.now_ms, tree_row, &t, &err) !=
        ST_OK) {
        json_decref(t.rows);
        return nd_fail_err(c, &err);
    }
    if (c->json) {
        nd_out_json(c, json_pack("{s:I, s:I, s:o}", "villages", (json_int_t)t.villages, "fresh",
                                 (json_int_t)t.fresh, "grids", t.rows));
        return ND_EX_OK;
    }
    nd_out(c,
           nd_tr(c, "%llu/%llu 个村（社区）的数据是新的；陈旧的不能当作没有隐患。\n",
                 "%llu of %llu villages are fresh; what is stale must not be read as zero.\n"),
           (unsigned long long)t.fresh, (unsigned long long)t.villages);
    return ND_EX_OK;
}
