/* policy, role: who may write, clear and certify what, as the street has set it. */
#include "node/cmd.h"
#include "node/store_preview.h"

#include "schema/record_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EFFECTS_SHOWN 50

static struct sc_policy *policy(struct nd_cmd *c)
{
    return nd_store_policy(c->app->store);
}

/* ---- one value ---- */

/* The value by its name, the nearest one offered when there is none. */
static int find_item(struct nd_cmd *c, const char *name, size_t *out)
{
    char near[SC_POLICY_NAME_MAX + 1] = "";
    size_t distance = SIZE_MAX;
    struct sc_policy_item item;

    *out = sc_policy_item_find(cr_span_text(name));
    if (*out != SIZE_MAX)
        return ST_OK;
    for (size_t i = 0; i < sc_policy_items(); i++) {
        const char *best = NULL;

        sc_policy_item(i, &item);
        nd_nearer(name, item.name, &best, &distance);
        if (best != NULL)
            memcpy(near, item.name, sizeof near);
    }
    return nd_usage(c, nd_tr(c, "没有这项参数", "no such value"), name,
                    near[0] != '\0' ? near : NULL);
}

static const char *giver_text(struct nd_cmd *c, uint64_t giver)
{
    const struct sc_choice *ch = sc_choice_by_value(sc_choices_giver, giver);

    return ch == NULL ? "" : nd_tr(c, ch->zh, ch->en);
}

/* The value for people. */
static void in_words(struct nd_cmd *c, const struct sc_policy_value *v, char *out, size_t bytes)
{
    struct sc_label level = sc_level_label((enum sc_level)v->level);
    struct sc_policy_item item;
    char roles[512];

    sc_policy_item(v->item, &item);
    switch (item.kind) {
    case SC_PK_ROLE:
        (void)snprintf(out, bytes, nd_tr(c, "%s（%s，%s），由%s授予", "%s (%s, %s), given by: %s"),
                       nd_tr(c, v->zh, v->en), nd_tr(c, v->en, v->zh), v->abbr,
                       giver_text(c, v->number));
        break;
    case SC_PK_WRITE: (void)nd_roles_text(c, v->roles, out, bytes); break;
    case SC_PK_CLEAR:
        (void)snprintf(out, bytes, nd_tr(c, "%s；至少 %s", "%s; at least %s"),
                       nd_roles_text(c, v->roles, roles, sizeof roles),
                       nd_tr(c, level.zh, level.en));
        break;
    case SC_PK_NUMBER: (void)snprintf(out, bytes, "%llu", (unsigned long long)v->number); break;
    }
}

/* {"value": as it is typed, and its parts by name}; o: added to. */
static void put_value(json_t *o, const struct sc_policy_value *v)
{
    const struct sc_choice *giver = sc_choice_by_value(sc_choices_giver, v->number);
    char text[SC_POLICY_TEXT_MAX];
    struct sc_policy_item item;

    sc_policy_item(v->item, &item);
    sc_policy_value_text(v, text);
    (void)json_object_set_new(o, "value", json_string(text));
    if (item.kind == SC_PK_WRITE || item.kind == SC_PK_CLEAR)
        (void)json_object_set_new(o, "roles", nd_json_roles(v->roles));
    if (item.kind == SC_PK_CLEAR)
        (void)json_object_set_new(o, "level",
                                  json_string(sc_level_label((enum sc_level)v->level).name));
    if (item.kind == SC_PK_NUMBER)
        (void)json_object_set_new(o, "number", json_integer((json_int_t)v->number));
    if (item.kind != SC_PK_ROLE)
        return;
    (void)json_object_set_new(o, "label_zh", json_string(v->zh));
    (void)json_object_set_new(o, "label_en", json_string(v->en));
    (void)json_object_set_new(o, "abbr", json_string(v->abbr));
    (void)json_object_set_new(o, "giver", json_string(giver == NULL ? "" : giver->name));
}

static json_t *item_json(const struct sc_policy_item *item)
{
    static const char *const kinds[] = {[SC_PK_ROLE] = "role",
                                        [SC_PK_WRITE] = "write",
                                        [SC_PK_CLEAR] = "clear",
                                        [SC_PK_NUMBER] = "number"};

    return json_pack("{s:s, s:s, s:s, s:s}", "name", item->name, "kind", kinds[item->kind], "zh",
                     item->zh, "en", item->en);
}

/* ---- list ---- */

static void list_json(struct nd_cmd *c, const struct sc_policy_item *item,
                      const struct sc_policy_value *v, const struct sc_policy_entry *e)
{
    json_t *o = item_json(item);

    put_value(o, v);
    (void)json_object_set_new(o, "default", json_boolean(e == NULL));
    if (e != NULL) {
        (void)json_object_set_new(o, "from_ms", json_integer((json_int_t)sc_policy_from(e)));
        (void)json_object_set_new(o, "by", json_string(nd_signer_text(c, &e->author)));
    }
    nd_out_json(c, o);
}

static void list_text(struct nd_cmd *c, const struct sc_policy_item *item,
                      const struct sc_policy_value *v, const struct sc_policy_entry *e)
{
    char name[128], title[256], words[1024], when[ND_TIME_TEXT_MAX];

    in_words(c, v, words, sizeof words);
    nd_pad(item->name, 26, name, sizeof name);
    nd_pad(nd_tr(c, item->zh, item->en), 30, title, sizeof title);
    nd_out(c, "%s  %s  %s", name, title, words);
    if (e != NULL) {
        nd_time_text(sc_policy_from(e), when);
        nd_out(c, nd_tr(c, "  【%s 起，%s】", "  [from %s, by %s]"), when,
               nd_signer_text(c, &e->author));
    }
    nd_out(c, "\n");
}

static void list_values(struct nd_cmd *c, uint64_t at_ms)
{
    for (size_t i = 0; i < sc_policy_items(); i++) {
        const struct sc_policy_entry *e = sc_policy_find(policy(c), i, at_ms);
        struct sc_policy_item item;
        struct sc_policy_value v;

        sc_policy_item(i, &item);
        sc_policy_value_at(policy(c), i, at_ms, &v);
        if (c->json)
            list_json(c, &item, &v, e);
        else
            list_text(c, &item, &v, e);
    }
}

int nd_cmd_policy_list(struct nd_cmd *c)
{
    uint64_t at_ms = nd_app_wall_ms(c->app);
    struct st_err err = {0};

    if (c->arg_count != 0)
        return nd_fail(c, ST_USAGE, "policy list");
    if (nd_opt_date(c, "at", &at_ms, &err) != ST_OK)
        return nd_fail_err(c, &err);
    list_values(c, at_ms);
    return ND_EX_OK;
}

int nd_cmd_role_list(struct nd_cmd *c)
{
    if (c->arg_count != 0)
        return nd_fail(c, ST_USAGE, "role list");
    for (size_t i = 0; i < sc_policy_items(); i++) {
        struct sc_policy_item item;
        struct sc_policy_value v;
        char name[64], abbr[64], label[256];

        sc_policy_item(i, &item);
        if (item.kind != SC_PK_ROLE)
            continue;
        sc_policy_value_at(policy(c), i, nd_app_wall_ms(c->app), &v);
        if (c->json) {
            json_t *o = json_pack("{s:s}", "name", sc_choices_role[item.at].name);

            put_value(o, &v);
            nd_out_json(c, o);
            continue;
        }
        nd_pad(sc_choices_role[item.at].name, 10, name, sizeof name);
        nd_pad(v.abbr, 5, abbr, sizeof abbr);
        nd_pad(nd_tr(c, v.zh, v.en), 26, label, sizeof label);
        nd_out(c, nd_tr(c, "%s %s %s %s  由%s授予\n", "%s %s %s %s  given by: %s\n"), name, abbr,
               label, nd_tr(c, v.en, v.zh), giver_text(c, v.number));
    }
    return ND_EX_OK;
}

/* ---- show ---- */

struct change { /* what the log says of an entry */
    enum sc_why why;
    char text[SC_TEXT_MAX + 1];
};

static int look(void *arg, const struct nd_history_row *row)
{
    const struct sc_record *rec = sc_record_find(SC_R_POLICY);
    struct change *change = arg;
    struct cr_span text = {NULL, 0};
    struct sc_body body;

    change->why = row->why;
    if (row->fact.type == SC_R_POLICY && !row->fact.pruned &&
        sc_body_decode(rec, row->fact.schema_version, false, row->fact.body, &body, NULL) == ST_OK)
        text = sc_body_get(&body, SC_K_TEXT)->s;
    if (text.n > 0 && text.n < sizeof change->text)
        memcpy(change->text, text.p, text.n);
    return 0;
}

/* Why it does not count, and its basis. */
static int find_change(struct nd_cmd *c, const struct sc_policy_entry *e, struct change *out,
                       struct st_err *err)
{
    const struct sc_body body = {.rec = sc_record_find(SC_R_POLICY)};
    struct sc_id id = sc_id_of(&e->entry_id);
    struct nd_rights rights;
    int rc;

    memset(out, 0, sizeof *out);
    rc = nd_store_history(c->app->store, &id, look, out, err);
    if (rc == ST_OK && !e->counts && out->why == SC_WHY_COUNTS)
        out->why = nd_write_rights(c->app->store, &e->author, SC_SCOPE_PUBLIC, &body, 0, e->wall_ms,
                                   &rights) == ST_OK
                       ? SC_WHY_ROLE
                       : rights.why;
    return rc;
}

static int by_order(const void *a, const void *b)
{
    return sc_policy_entry_cmp(*(const struct sc_policy_entry *const *)a,
                               *(const struct sc_policy_entry *const *)b);
}

static json_t *change_json(struct nd_cmd *c, const struct sc_policy_entry *e,
                           const struct change *change)
{
    struct sc_id id = sc_id_of(&e->entry_id);
    char author[2 * CR_SIGN_PK_BYTES + 1];
    json_t *o;

    cr_hex(e->author.b, sizeof e->author.b, author);
    o = json_pack("{s:o, s:I, s:I, s:s, s:s, s:b, s:s}", "id", nd_json_id(&id), "from_ms",
                  (json_int_t)sc_policy_from(e), "wall_ms", (json_int_t)e->wall_ms, "by",
                  nd_signer_text(c, &e->author), "author", author, "counts", (int)e->counts, "text",
                  change->text);
    if (!e->counts)
        (void)json_object_set_new(o, "why", json_string(sc_why_label(change->why).name));
    put_value(o, &e->value);
    return o;
}

static void change_text(struct nd_cmd *c, const struct sc_policy_entry *e,
                        const struct change *change)
{
    struct sc_label why = sc_why_label(change->why);
    char from[ND_TIME_TEXT_MAX], written[ND_TIME_TEXT_MAX], value[SC_POLICY_TEXT_MAX];

    nd_time_text(sc_policy_from(e), from);
    nd_time_text(e->wall_ms, written);
    sc_policy_value_text(&e->value, value);
    nd_out(c, nd_tr(c, "  %s 起  %s  %s 于 %s 填写", "  from %s  %s  by %s, written %s"), from,
           value, nd_signer_text(c, &e->author), written);
    if (change->text[0] != '\0')
        nd_out(c, nd_tr(c, "  依据:%s", "  basis:%s"), change->text);
    if (!e->counts)
        nd_out(c, nd_tr(c, "【不计入：%s】", " [does not count: %s]"), nd_tr(c, why.zh, why.en));
    nd_out(c, "\n");
}

/* Every entry about the item, in the order in which they apply; list NULL: as text. */
static int show_changes(struct nd_cmd *c, size_t item, json_t *list, struct st_err *err)
{
    const struct sc_policy *p = policy(c);
    const struct sc_policy_entry **sorted = calloc(sc_policy_count(p) + 1, sizeof(*sorted));
    size_t n = 0;
    int rc = ST_OK;

    if (sorted == NULL)
        return st_fail(err, ST_NOMEM, "policy show");
    for (size_t i = 0; i < sc_policy_count(p); i++)
        if (sc_policy_entry(p, i)->value.item == item)
            sorted[n++] = sc_policy_entry(p, i);
    qsort(sorted, n, sizeof *sorted, by_order);
    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        struct change change;

        rc = find_change(c, sorted[i], &change, err);
        if (rc != ST_OK)
            break;
        if (list != NULL)
            (void)json_array_append_new(list, change_json(c, sorted[i], &change));
        else
            change_text(c, sorted[i], &change);
    }
    free(sorted);
    return rc;
}

static void show_head(struct nd_cmd *c, const struct sc_policy_item *item,
                      const struct sc_policy_value *now, const struct sc_policy_value *usual)
{
    char text[SC_POLICY_TEXT_MAX], words[1024];

    nd_out(c, "%s  %s\n", item->name, nd_tr(c, item->zh, item->en));
    sc_policy_value_text(now, text);
    in_words(c, now, words, sizeof words);
    nd_out(c, nd_tr(c, "  现值：%s（%s）\n", "  now: %s (%s)\n"), text, words);
    sc_policy_value_text(usual, text);
    nd_out(c, nd_tr(c, "  默认：%s\n", "  default: %s\n"), text);
}

int nd_cmd_policy_show(struct nd_cmd *c)
{
    struct sc_policy_value now, usual;
    struct sc_policy_item item;
    struct st_err err = {0};
    char text[SC_POLICY_TEXT_MAX];
    json_t *o = NULL, *list = NULL;
    size_t at;
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "policy show NAME");
    if (find_item(c, c->arg[0], &at) != ST_OK)
        return ND_EX_USAGE;
    sc_policy_item(at, &item);
    sc_policy_default(at, &usual);
    sc_policy_value_at(policy(c), at, nd_app_wall_ms(c->app), &now);
    if (c->json) {
        o = item_json(&item);
        put_value(o, &now);
        sc_policy_value_text(&usual, text);
        (void)json_object_set_new(o, "default", json_string(text));
        list = json_array();
    } else {
        show_head(c, &item, &now, &usual);
    }
    rc = show_changes(c, at, list, &err);
    if (rc != ST_OK) {
        json_decref(o);
        json_decref(list);
        return nd_fail_err(c, &err);
    }
    if (c->json) {
        (void)json_object_set_new(o, "history", list);
        nd_out_json(c, o);
    }
    return ND_EX_OK;
}

/* ---- set ---- */

struct setting {
    struct sc_policy_item item;
    struct sc_policy_value before, after;
    struct sc_body body; /* borrows from item, after and the options */
    uint64_t now_ms, from_ms;
};

/* What is to be written, checked against everything that no policy may say. */
static int read_setting(struct nd_cmd *c, size_t at, struct setting *s, struct st_err *err)
{
    const char *text = nd_opt(c, "text");
    int rc;

    s->now_ms = s->from_ms = nd_app_wall_ms(c->app);
    rc = nd_opt_date(c, "from", &s->from_ms, err);
    if (rc != ST_OK)
        return rc;
    if (s->from_ms < s->now_ms)
        s->from_ms = s->now_ms; /* no policy applies before it is written */
    sc_policy_value_at(policy(c), at, s->from_ms, &s->before);
    s->after = s->before;
    s->after.from_ms = s->from_ms;
    rc = sc_policy_value_parse(c->arg[1], &s->after, err);
    if (rc != ST_OK)
        return rc;
    sc_policy_body(&s->after, &s->item, &s->body);
    if (text != NULL)
        s->body.v[sc_field_index(s->body.rec, SC_K_TEXT)] =
            (struct sc_value){.present = true, .s = cr_span_text(text)};
    rc = sc_policy_check(&s->body, s->body.rec->version, err);
    if (rc == ST_MALFORMED)
        err->code = ST_DENIED; /* the words are right, no policy may say this */
    return rc;
}

struct effects {
    struct nd_cmd *c;
    json_t *list; /* NULL: as text */
    uint64_t count, states;
};

static int show_effect(void *arg, const struct nd_policy_effect *e)
{
    struct sc_label before = sc_hazard_state_label(e->before),
                    after = sc_hazard_state_label(e->after);
    struct sc_label low = sc_level_label(e->level_before), high = sc_level_label(e->level_after);
    struct effects *x = arg;
    struct nd_cmd *c = x->c;
    char hex[2 * SC_ID_BYTES + 1];

    x->states += e->before != e->after;
    if (x->count++ >= EFFECTS_SHOWN)
        return 0;
    if (x->list != NULL) {
        (void)json_array_append_new(
            x->list, json_pack("{s:o, s:o, s:I, s:s, s:s, s:s, s:s}", "id", nd_json_id(&e->subject),
                               "grid", nd_json_grid(e->grid), "severity", (json_int_t)e->severity,
                               "state_before", before.name, "state_after", after.name,
                               "level_before", low.name, "level_after", high.name));
        return 0;
    }
    cr_hex(e->subject.b, sizeof e->subject.b, hex);
    nd_out(c, nd_tr(c, "  %.12s  网格 %llu  等级 %llu  ", "  %.12s  grid %llu  severity %llu  "),
           hex, (unsigned long long)e->grid, (unsigned long long)e->severity);
    if (e->before != e->after)
        nd_out(c, "%s → %s\n", nd_tr(c, before.zh, before.en), nd_tr(c, after.zh, after.en));
    else
        nd_out(c, nd_tr(c, "销案至少需要 %s → %s\n", "to close it takes %s → %s\n"),
               nd_tr(c, low.zh, low.en), nd_tr(c, high.zh, high.en));
    return 0;
}

static int show_effects(struct nd_cmd *c, const struct setting *s, const struct cr_sign_pk *author,
                        struct effects *x, struct st_err *err)
{
    struct sc_policy_entry e = {.author = *author,
                                .lamport = nd_store_lamport(c->app->store) + 1,
                                .wall_ms = s->now_ms,
                                .value = s->after,
                                .counts = true};

    return nd_store_policy_preview(c->app->store, &e, show_effect, x, err);
}

static json_t *setting_json(const struct setting *s, bool written)
{
    char before[SC_POLICY_TEXT_MAX];
    json_t *o = item_json(&s->item);

    sc_policy_value_text(&s->before, before);
    put_value(o, &s->after);
    (void)json_object_set_new(o, "before", json_string(before));
    (void)json_object_set_new(o, "from_ms", json_integer((json_int_t)s->from_ms));
    (void)json_object_set_new(o, "written", json_boolean(written));
    return o;
}

static void setting_text(struct nd_cmd *c, const struct setting *s)
{
    char words[1024], when[ND_TIME_TEXT_MAX];

    nd_out(c, "%s  %s\n", s->item.name, nd_tr(c, s->item.zh, s->item.en));
    in_words(c, &s->before, words, sizeof words);
    nd_out(c, nd_tr(c, "  原为：%s\n", "  was: %s\n"), words);
    in_words(c, &s->after, words, sizeof words);
    nd_time_text(s->from_ms, when);
    nd_out(c,
           nd_tr(c, "  改为：%s\n  %s 起；此前填写的记录不受影响\n",
                 "  will be: %s\n  from %s on; what was written before stays as it is\n"),
           words, when);
}

/* Shows what would be, and writes nothing. */
static int preview(struct nd_cmd *c, const struct setting *s, const struct cr_sign_pk *author,
                   struct st_err *err)
{
    struct effects x = {.c = c, .list = c->json ? json_array() : NULL};
    json_t *o;
    int rc;

    if (!c->json)
        setting_text(c, s);
    rc = show_effects(c, s, author, &x, err);
    if (rc != ST_OK) {
        json_decref(x.list);
        return rc;
    }
    if (c->json) {
        o = setting_json(s, false);
        (void)json_object_set_new(o, "hazards", json_integer((json_int_t)x.count));
        (void)json_object_set_new(o, "states", json_integer((json_int_t)x.states));
        (void)json_object_set_new(o, "changes", x.list);
        nd_out_json(c, o);
        return ST_OK;
    }
    nd_out(c,
           nd_tr(c, "共 %llu 条隐患受影响，其中 %llu 条状态改变\n",
                 "%llu hazards are concerned, the state of %llu changes\n"),
           (unsigned long long)x.count, (unsigned long long)x.states);
    return ST_OK;
}

static int check_author(struct nd_cmd *c, const struct setting *s, const struct cr_sign_pk *author,
                        struct st_err *err)
{
    struct nd_rights rights;
    struct sc_label why;

    if (nd_write_rights(c->app->store, author, SC_SCOPE_PUBLIC, &s->body, 0, s->now_ms, &rights) ==
        ST_OK)
        return ST_OK;
    why = sc_why_label(rights.why);
    return st_fail(err, ST_DENIED,
                   nd_tr(c, "制度参数只由街道席位或根钥匙设置：%s",
                         "policies are set by a seat of the street or by the root: %s"),
                   nd_tr(c, why.zh, why.en));
}

static bool same_value(const struct setting *s)
{
    char before[SC_POLICY_TEXT_MAX], after[SC_POLICY_TEXT_MAX];

    sc_policy_value_text(&s->before, before);
    sc_policy_value_text(&s->after, after);
    return strcmp(before, after) == 0;
}

/* Exit code. */
static int apply(struct nd_cmd *c, const struct setting *s, const struct cr_identity *author,
                 struct st_err *err)
{
    bool yes = nd_opt(c, "yes") != NULL;
    struct sc_id id;
    int rc = check_author(c, s, &author->sign_pk, err);

    if (rc == ST_OK && same_value(s)) {
        if (c->json)
            nd_out_json(c, setting_json(s, false));
        else
            nd_out(c, "%s", nd_tr(c, "已是此值，不必修改\n", "it has this value already\n"));
        return ND_EX_OK;
    }
    if (rc == ST_OK)
        rc = yes ? nd_write_body(c, author, SC_SCOPE_PUBLIC, NULL, &s->body, false, &id, err)
                 : preview(c, s, &author->sign_pk, err);
    if (rc != ST_OK)
        return nd_fail_err(c, err);
    if (!yes) {
        (void)nd_agreed(c, nd_tr(c, "请核对以上变化。", "Look at these changes."));
        return ND_EX_CONFIRM;
    }
    if (c->json) {
        json_t *o = setting_json(s, true);

        (void)json_object_set_new(o, "id", nd_json_id(&id));
        nd_out_json(c, o);
    } else {
        setting_text(c, s);
    }
    return ND_EX_OK;
}

int nd_cmd_policy_set(struct nd_cmd *c)
{
    struct cr_identity author = {0};
    struct st_err err = {0};
    struct setting s;
    size_t at;
    int rc;

    if (c->arg_count != 2)
        return nd_fail(c, ST_USAGE, "policy set NAME VALUE");
    if (find_item(c, c->arg[0], &at) != ST_OK)
        return ND_EX_USAGE;
    rc = read_setting(c, at, &s, &err);
    if (rc == ST_OK)
        rc = nd_author(c, &author, &err);
    rc = rc == ST_OK ? apply(c, &s, &author, &err) : nd_fail_err(c, &err);
    cr_identity_wipe(&author);
    return rc;
}
