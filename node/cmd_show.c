/* show: one record, where it stands, what is missing, and who did what. */
#include "node/cmd_cut.h"
#include "node/cmd_record.h"
#include "node/store_due.h"

#include <stdio.h>
#include <string.h>

#define ND_DUES_SHOWN 64

struct show {
    struct nd_cmd *c;
    const struct sc_id *subject;
    json_t *o; /* the JSON under construction; NULL for text */
    json_t *history;
    bool found;
    struct sc_id due[ND_DUES_SHOWN]; /* reports of the clock that were shown */
    size_t due_count;
};

/* 上报 → 受理 → 交办 → 整改 → 复查 → 销案 */
static void step_bar(struct nd_cmd *c, enum sc_hazard_state state)
{
    static const struct {
        const char *zh, *en;
    } steps[] = {{"上报", "reported"},   {"受理", "accepted"}, {"交办", "assigned"},
                 {"整改", "rectifying"}, {"复查", "check"},    {"销案", "closed"}};

    if (state == SC_HS_VOID) {
        nd_out(c, "  %s\n", nd_tr(c, "误报作废", "false report"));
        return;
    }
    nd_out(c, "  ");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        nd_out(c, "%s%s%s", i > 0 ? " → " : "", i + 1 <= (size_t)state ? "●" : "○",
               nd_tr(c, steps[i].zh, steps[i].en));
    nd_out(c, "\n");
}

static void label_line(struct nd_cmd *c, const char *title, uint32_t bits,
                       struct sc_label (*label)(uint32_t))
{
    bool first = true;

    if (bits == 0)
        return;
    nd_out(c, "  %s", title);
    for (uint32_t bit = 1; bit != 0 && bit <= bits; bit <<= 1) {
        if ((bits & bit) == 0)
            continue;
        nd_out(c, "%s%s", first ? "" : nd_tr(c, "；", "; "),
               nd_tr(c, label(bit).zh, label(bit).en));
        first = false;
    }
    nd_out(c, "\n");
}

/* The time limit of its code, as the table said when it was reported. */
static bool code_limit(struct nd_cmd *c, const struct sc_hazard *h, struct sc_code *code,
                       uint64_t *due_ms)
{
    struct nd_store *store = c->app->store;

    if (!sc_tables_code(nd_store_tables(store), h->code, h->reported_ms, code))
        return false;
    *due_ms = sc_clock_usual(sc_policy_at(nd_store_policy(store), nd_app_wall_ms(c->app)),
                             sc_limit_days(code->limit), h->reported_ms);
    return true;
}

static void limit_json(struct show *s, const struct sc_hazard *h)
{
    uint64_t due_ms = 0;
    struct sc_code code;

    if (code_limit(s->c, h, &code, &due_ms))
        (void)json_object_set_new(s->o, "limit",
                                  json_pack("{s:s, s:I}", "class",
                                            sc_choice_by_value(sc_choices_limit, code.limit)->name,
                                            "due_ms", (json_int_t)due_ms));
}

/* What the code means, and until when such a hazard is usually put right; nobody has set this. */
static void limit_line(struct nd_cmd *c, const struct sc_hazard *h)
{
    const struct sc_choice *limit;
    char when[ND_TIME_TEXT_MAX];
    uint64_t due_ms = 0;
    struct sc_code code;

    if (!code_limit(c, h, &code, &due_ms))
        return;
    limit = sc_choice_by_value(sc_choices_limit, code.limit);
    nd_time_text(due_ms, when);
    nd_out(c, nd_tr(c, "  %.*s，参考时限：%s", "  %.*s; usual time limit: %s"),
           (int)(c->zh ? code.row.zh.n : code.row.en.n),
           (const char *)(c->zh ? code.row.zh.p : code.row.en.p), nd_tr(c, limit->zh, limit->en));
    if (due_ms != 0)
        nd_out(c, nd_tr(c, "（%s 前）", " (by %s)"), when);
    nd_out(c, "\n");
}

static int show_hazard(void *arg, const struct nd_hazard_row *row)
{
    struct show *s = arg;
    struct nd_cmd *c = s->c;
    const struct sc_hazard *h = &row->h;
    struct sc_label state = sc_hazard_state_label(h->state), level = sc_level_label(h->required);
    char hex[2 * SC_ID_BYTES + 1], when[ND_TIME_TEXT_MAX];

    s->found = true;
    if (s->o != NULL) {
        (void)json_object_update_new(s->o, nd_json_hazard(row));
        limit_json(s, h);
        return 0;
    }
    cr_hex(row->subject.b, sizeof row->subject.b, hex);
    nd_out(c, "%s  %s\n", hex, nd_tr(c, state.zh, state.en));
    step_bar(c, h->state);
    nd_out(c,
           nd_tr(c, "  网格 %llu  代码 %.*s  等级 %llu  销案至少需要：%s\n",
                 "  grid %llu  code %.*s  severity %llu  to close it takes: %s\n"),
           (unsigned long long)h->grid, (int)h->code.n,
           h->code.n > 0 ? (const char *)h->code.p : "", (unsigned long long)h->severity,
           nd_tr(c, level.zh, level.en));
    limit_line(c, h);
    if (h->text.n > 0)
        nd_out(c, "  %.*s\n", (int)h->text.n, (const char *)h->text.p);
    if (h->address.n > 0)
        nd_out(c, "  %.*s\n", (int)h->address.n, (const char *)h->address.p);
    nd_time_text(h->reported_ms, when);
    nd_out(c, "  %s %s", nd_tr(c, "上报", "reported"), when);
    if (h->deadline_ms != 0) {
        nd_time_text(h->deadline_ms, when);
        nd_out(c, "  %s %s", nd_tr(c, "限期", "due"), when);
    }
    for (size_t i = 0; i < h->assignee_count; i++)
        nd_out(c, "%s%.*s", i == 0 ? nd_tr(c, "  承办 ", "  assigned to ") : nd_tr(c, "、", ", "),
               (int)h->assignees[i].n, (const char *)h->assignees[i].p);
    nd_out(c, "\n");
    label_line(c, nd_tr(c, "标记：", "flags: "), h->flags, sc_hazard_flag_label);
    label_line(c, nd_tr(c, "尚不能销案：", "not closed because: "), h->blocks,
               sc_hazard_block_label);
    return 0;
}

/* Answers that found something, with the question of the version that the record names. */
static void bad_answers(struct nd_cmd *c, const struct sc_body *body, const struct sc_value *v)
{
    const struct sc_field *list = sc_field_by_name(body->rec, "list"),
                          *version = sc_field_by_name(body->rec, "checklist");
    const struct sc_list_item *item;
    struct cr_span key, note, text;
    struct sc_checklist l;
    struct sc_reader r;
    uint64_t n = 0, three, result;

    if (list == NULL || version == NULL ||
        !sc_tables_list_version(nd_store_tables(c->app->store), sc_body_get(body, list->key)->u,
                                sc_body_get(body, version->key)->u, &l))
        return;
    sc_reader_init(&r, v->s);
    (void)sc_read_array(&r, SC_LIST_MAX, &n);
    while (n-- > 0) {
        (void)sc_read_array(&r, 3, &three);
        (void)sc_read_text(&r, SC_LIST_TEXT_MAX, &key);
        (void)sc_read_u64(&r, UINT64_MAX, &result);
        if (sc_read_text(&r, SC_LIST_TEXT_MAX, &note) != ST_OK)
            return;
        item = result == 2 ? sc_checklist_item(&l, key) : NULL;
        if (item == NULL)
            continue;
        text = c->zh ? item->zh : item->en;
        nd_out(c, nd_tr(c, "    ✗ %.*s %.*s%s%.*s\n", "    ✗ %.*s %.*s%s%.*s\n"), (int)key.n,
               (const char *)key.p, (int)text.n, (const char *)text.p,
               item->codes.n > 0 ? " → " : "", (int)item->codes.n,
               item->codes.n > 0 ? (const char *)item->codes.p : "");
    }
}

/* What the fields of a record say now. */
static int show_record(void *arg, const struct nd_record_row *row)
{
    const struct sc_record *rec = row->body->rec;
    char hex[2 * SC_ID_BYTES + 1], scope[SC_SCOPE_TEXT_MAX], value[SC_TEXT_MAX + 64];
    struct show *s = arg;
    struct nd_cmd *c = s->c;

    s->found = true;
    sc_scope_text(row->scope, scope);
    if (s->o != NULL) {
        (void)json_object_update_new(
            s->o, json_pack("{s:s, s:s, s:b, s:o}", "record", rec->name, "scope", scope,
                            "contested", (int)row->contested, "body", nd_json_body(row->body)));
        return 0;
    }
    cr_hex(row->subject.b, sizeof row->subject.b, hex);
    nd_out(c, "%s  %s (%s)%s\n", hex, nd_tr(c, rec->zh, rec->en), scope,
           row->contested ? nd_tr(c, "  【同时有不同填法】", "  [contested]") : "");
    for (size_t i = 0; i < rec->field_count; i++) {
        if (!row->body->v[i].present)
            continue;
        nd_value_text(c, &rec->fields[i], &row->body->v[i], value, sizeof value);
        nd_out(c, "  %s:%s\n", nd_tr(c, rec->fields[i].zh, rec->fields[i].en), value);
        if (rec->fields[i].kind == SC_F_ANSWERS)
            bad_answers(c, row->body, &row->body->v[i]);
    }
    return 0;
}

/* ---- history ---- */

static void history_json(struct show *s, const struct nd_history_row *row,
                         const struct sc_record *rec, const struct sc_body *body)
{
    struct sc_id id = sc_id_of(&row->fact.entry_id);
    struct sc_label why = sc_why_label(row->why);
    char author[2 * CR_SIGN_PK_BYTES + 1];
    json_t *o;

    cr_hex(row->fact.author.b, sizeof row->fact.author.b, author);
    o = json_pack("{s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:b}", "id",
                  nd_json_id(&id), "record", rec == NULL ? "unknown" : rec->name, "signer",
                  nd_signer_text(s->c, &row->fact.author), "author", author, "roles",
                  (json_int_t)row->fact.roles, "seq", (json_int_t)row->seq, "wall_ms",
                  (json_int_t)row->fact.wall_ms, "received_ms", (json_int_t)row->received_ms,
                  "verified", (int)(!row->provisional && row->fact.roles != 0), "held",
                  (int)row->held, "urgent", (int)row->urgent, "pruned", (int)row->fact.pruned);
    if (row->held) {
        (void)json_object_set_new(o, "held_why", json_string(why.name));
        (void)json_object_set_new(o, "held_reason", json_string(nd_held_reason(s->c, row)));
    }
    if (nd_due_of_row(s->subject, row, &id))
        (void)json_object_set_new(o, "due_id", nd_json_id(&id));
    (void)json_object_set_new(o, "body", body == NULL ? json_null() : nd_json_body(body));
    (void)json_array_append_new(s->history, o);
}

static void history_text(struct show *s, const struct nd_history_row *row,
                         const struct sc_record *rec, const struct sc_body *body)
{
    struct sc_label title = sc_why_title(row->why, rec);
    struct nd_cmd *c = s->c;
    char when[ND_TIME_TEXT_MAX], value[SC_TEXT_MAX + 64];

    nd_time_text(row->fact.wall_ms, when);
    nd_out(c, "  %s  %s  %s %s", when,
           rec == NULL ? nd_tr(c, "（新版本的记录）", "(record of a newer version)")
                       : nd_tr(c, rec->zh, rec->en),
           nd_signer_text(c, &row->fact.author),
           row->fact.roles != 0 && !row->provisional ? "✓" : "?");
    if (row->held)
        nd_out(c, nd_tr(c, "【%s：%s】", " [%s: %s]"), nd_tr(c, title.zh, title.en),
               nd_held_reason(c, row));
    if (row->provisional)
        nd_out(c, "%s", nd_tr(c, "【紧急先到，前文未到】", " [urgent, ahead of its log]"));
    if (row->fact.pruned)
        nd_out(c, "%s", nd_tr(c, "【内容已清除】", " [content erased]"));
    for (size_t i = 0; body != NULL && i < rec->field_count; i++) {
        if (!body->v[i].present)
            continue;
        nd_value_text(c, &rec->fields[i], &body->v[i], value, sizeof value);
        nd_out(c, "  %s:%s", nd_tr(c, rec->fields[i].zh, rec->fields[i].en), value);
    }
    nd_out(c, "\n");
}

/* Another node's record of what the clock said: one for people, each in JSON with its id. */
static bool said_before(struct show *s, const struct nd_history_row *row)
{
    struct sc_id id;

    if (s->history != NULL || row->held || !nd_due_of_row(s->subject, row, &id))
        return false;
    for (size_t i = 0; i < s->due_count; i++)
        if (sc_id_equal(&s->due[i], &id))
            return true;
    if (s->due_count < ND_DUES_SHOWN)
        s->due[s->due_count++] = id;
    return false;
}

static int show_history(void *arg, const struct nd_history_row *row)
{
    struct show *s = arg;
    const struct sc_record *rec = sc_record_find(row->fact.type);
    struct sc_body body;
    bool decoded =
        rec != NULL && !row->fact.pruned &&
        sc_body_decode(rec, row->fact.schema_version, false, row->fact.body, &body, NULL) == ST_OK;

    s->found = true;
    if (said_before(s, row))
        return 0;
    if (s->history != NULL)
        history_json(s, row, rec, decoded ? &body : NULL);
    else
        history_text(s, row, rec, decoded ? &body : NULL);
    return 0;
}

int nd_cmd_show(struct nd_cmd *c)
{
    struct show s = {.c = c};
    struct st_err err = {0};
    struct sc_id subject;
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "%s%s ID", c->verb->name, c->verb->sub != NULL ? " show" : "");
    rc = nd_subject(c, c->arg[0], &subject, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    s.subject = &subject;
    if (c->json) {
        s.o = json_pack("{s:o}", "id", nd_json_id(&subject));
        s.history = json_array();
    }
    rc = nd_store_hazard(c->app->store, &subject, show_hazard, &s, &err);
    if (rc == ST_NOTFOUND) { /* other records have no hazard row */
        err = (struct st_err){0};
        rc = nd_store_record(c->app->store, &subject, show_record, &s, &err);
    }
    if (rc == ST_OK || rc == ST_NOTFOUND) {
        err = (struct st_err){0};
        if (!c->json)
            nd_out(c, "  %s\n", nd_tr(c, "经过：", "history:"));
        rc = nd_store_history(c->app->store, &subject, show_history, &s, &err);
    }
    if (rc == ST_OK && !s.found)
        rc = st_fail(&err, ST_NOTFOUND, "'%s': no such record", c->arg[0]);
    if (rc != ST_OK) {
        json_decref(s.o);
        json_decref(s.history);
        return nd_fail_err(c, &err);
    }
    if (c->json) {
        (void)json_object_set_new(s.o, "history", s.history);
        nd_out_json(c, s.o);
    }
    return ND_EX_OK;
}
