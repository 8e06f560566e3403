/* code, kind, checklist: the tables that the street can extend, as they apply, and new rows of
 * them. */
#include "node/cmd_record.h"
#include "node/json_body.h"
#include "node/json_catalog.h"
#include "node/tables.h"

#include "schema/record_table.h"

#include <stdio.h>
#include <string.h>

#define ARENA_BYTES 131072
#define FILE_BYTES  131072

static const struct sc_tables *tables(struct nd_cmd *c)
{
    return nd_store_tables(c->app->store);
}

/* ---- rows for people ---- */

/* Since when and by whom, if it is not as shipped. */
static void row_tail(struct nd_cmd *c, const struct sc_table_row *row)
{
    char when[ND_TIME_TEXT_MAX];

    if (row->withdrawn)
        nd_out(c, "%s", nd_tr(c, "  【停用】", "  [withdrawn]"));
    if (!row->shipped) {
        nd_time_text(row->from_ms, when);
        nd_out(c, nd_tr(c, "  【%s 起，%s】", "  [from %s, by %s]"), when,
               nd_signer_text(c, &row->author));
    }
    nd_out(c, "\n");
}

static int label_n(const struct nd_cmd *c, const struct sc_table_row *row)
{
    return (int)(c->zh ? row->zh.n : row->en.n);
}

static const char *label(const struct nd_cmd *c, const struct sc_table_row *row)
{
    return (const char *)(c->zh ? row->zh.p : row->en.p);
}

static void row_json(struct nd_cmd *c, json_t *o, const struct sc_table_row *row)
{
    nd_json_table_row(o, row);
    if (!row->shipped)
        (void)json_object_set_new(o, "by", json_string(nd_signer_text(c, &row->author)));
    nd_out_json(c, o);
}

static void put_code(struct nd_cmd *c, const struct sc_code *row)
{
    const struct sc_choice *limit = sc_choice_by_value(sc_choices_limit, row->limit);
    char time[64];

    if (c->json) {
        row_json(c, nd_json_code(row), &row->row);
        return;
    }
    nd_pad(nd_tr(c, limit->zh, limit->en), 20, time, sizeof time);
    nd_out(c, "%s  %d  %s %.*s", row->code, (int)row->severity, time, label_n(c, &row->row),
           label(c, &row->row));
    row_tail(c, &row->row);
}

static void put_kind(struct nd_cmd *c, const struct sc_place_kind *row)
{
    if (c->json) {
        row_json(c, nd_json_place_kind(row), &row->row);
        return;
    }
    nd_out(c,
           nd_tr(c, "%-3d %-18.*s 检查表 %-3d 周期 %d 天  %.*s",
                 "%-3d %-18.*s list %-3d every %d days  %.*s"),
           (int)row->number, (int)row->name.n, (const char *)row->name.p, (int)row->list,
           (int)row->period_days, label_n(c, &row->row), label(c, &row->row));
    row_tail(c, &row->row);
}

static void put_list(struct nd_cmd *c, const struct sc_checklist *l, bool items)
{
    if (c->json) {
        row_json(c, nd_json_checklist(l), &l->row);
        return;
    }
    nd_out(c, nd_tr(c, "%-3d 版本 %-3d %2zu 项  %.*s", "%-3d version %-3d %2zu items  %.*s"),
           (int)l->number, (int)l->version, l->count, label_n(c, &l->row), label(c, &l->row));
    row_tail(c, &l->row);
    for (size_t i = 0; items && i < l->count; i++) {
        const struct sc_list_item *it = &l->item[i];
        struct cr_span text = c->zh ? it->zh : it->en;

        nd_out(c, "  %.*s  %.*s%s%.*s%s\n", (int)it->key.n, (const char *)it->key.p, (int)text.n,
               (const char *)text.p, it->codes.n > 0 ? "  [" : "", (int)it->codes.n,
               it->codes.n > 0 ? (const char *)it->codes.p : "", it->codes.n > 0 ? "]" : "");
    }
}

/* ---- list ---- */

/* The time asked for. Exit code. */
static int list_time(struct nd_cmd *c, uint64_t *at_ms)
{
    struct st_err err = {0};

    *at_ms = nd_app_wall_ms(c->app);
    if (c->arg_count != 0)
        return nd_fail(c, ST_USAGE, "%s %s", c->verb->name, c->verb->sub);
    return nd_opt_date(c, "at", at_ms, &err) == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

int nd_cmd_code_list(struct nd_cmd *c)
{
    struct sc_code row = {.code = ""};
    uint64_t at_ms;
    int code = list_time(c, &at_ms);

    while (code == ND_EX_OK && sc_tables_next_code(tables(c), at_ms, &row))
        put_code(c, &row);
    return code;
}

int nd_cmd_kind_list(struct nd_cmd *c)
{
    struct sc_place_kind row = {.number = 0};
    uint64_t at_ms;
    int code = list_time(c, &at_ms);

    while (code == ND_EX_OK && sc_tables_next_kind(tables(c), at_ms, &row))
        put_kind(c, &row);
    return code;
}

int nd_cmd_checklist_list(struct nd_cmd *c)
{
    struct sc_checklist row = {.number = 0};
    uint64_t at_ms;
    int code = list_time(c, &at_ms);

    while (code == ND_EX_OK && sc_tables_next_list(tables(c), at_ms, &row))
        put_list(c, &row, false);
    return code;
}

/* ---- show ---- */

static int no_row(struct nd_cmd *c)
{
    return nd_fail(c, ST_NOTFOUND, "'%s': %s", c->arg_count > 0 ? c->arg[0] : "",
                   nd_tr(c, "表中没有", "no table has it"));
}

/* From the row that applies back to the one that is shipped. */
int nd_cmd_code_show(struct nd_cmd *c)
{
    uint64_t at_ms = UINT64_MAX;
    struct sc_code row;
    bool found = false;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "code show CODE");
    while (sc_tables_code(tables(c), cr_span_text(c->arg[0]), at_ms, &row)) {
        put_code(c, &row);
        found = true;
        if (row.row.shipped || row.row.from_ms == 0)
            break;
        at_ms = row.row.from_ms - 1;
    }
    return found ? ND_EX_OK : no_row(c);
}

static int number_arg(struct nd_cmd *c, uint64_t *out)
{
    if (c->arg_count != 1 ||
        cr_parse_u64(c->arg[0], strlen(c->arg[0]), SC_TABLE_NUMBER_MAX, out) != ST_OK || *out == 0)
        return nd_fail(c, ST_USAGE, "%s %s NUMBER (1-%d)", c->verb->name, c->verb->sub,
                       SC_TABLE_NUMBER_MAX);
    return ND_EX_OK;
}

int nd_cmd_kind_show(struct nd_cmd *c)
{
    uint64_t at_ms = UINT64_MAX, number;
    struct sc_place_kind row;
    bool found = false;

    if (number_arg(c, &number) != ND_EX_OK)
        return ND_EX_USAGE;
    while (sc_tables_kind(tables(c), number, at_ms, &row)) {
        put_kind(c, &row);
        found = true;
        if (row.row.shipped || row.row.from_ms == 0)
            break;
        at_ms = row.row.from_ms - 1;
    }
    return found ? ND_EX_OK : no_row(c);
}

int nd_cmd_checklist_show(struct nd_cmd *c)
{
    uint64_t number, version;
    struct sc_checklist row;
    bool found;

    if (number_arg(c, &number) != ND_EX_OK || nd_opt_u64(c, "version", 65535, 0, &version) != ST_OK)
        return ND_EX_USAGE;
    found = version > 0 ? sc_tables_list_version(tables(c), number, version, &row)
                        : sc_tables_list(tables(c), number, nd_app_wall_ms(c->app), &row);
    if (!found)
        return no_row(c);
    put_list(c, &row, true);
    return ND_EX_OK;
}

/* ---- set ---- */

static void put(struct sc_body *b, uint8_t key, struct sc_value v)
{
    v.present = true;
    b->v[sc_field_index(b->rec, key)] = v;
}

static void base_labels(struct sc_body *b, const struct sc_table_row *row)
{
    put(b, SC_K_TABLE_ZH, (struct sc_value){.s = row->zh});
    put(b, SC_K_TABLE_EN, (struct sc_value){.s = row->en});
    if (row->withdrawn)
        put(b, SC_K_TABLE_WITHDRAWN, (struct sc_value){.u = 1});
}

/* What applies now, which the options change. *found: there is such a row. */
static int base(struct nd_cmd *c, struct sc_body *b, uint64_t now_ms, bool *found)
{
    struct sc_place_kind kind;
    struct sc_checklist list;
    struct sc_code code;
    uint64_t number = 0;

    if (b->rec->type == SC_R_CODE) {
        struct cr_span text = cr_span_text(c->arg[0]);

        put(b, SC_K_CODE, (struct sc_value){.s = text});
        *found = sc_tables_code(tables(c), text, now_ms, &code);
        if (*found) {
            base_labels(b, &code.row);
            put(b, SC_K_SEVERITY, (struct sc_value){.u = code.severity});
            put(b, SC_K_TABLE_LIMIT, (struct sc_value){.u = code.limit});
        }
        return ND_EX_OK;
    }
    if (number_arg(c, &number) != ND_EX_OK)
        return ND_EX_USAGE;
    put(b, SC_K_TABLE_NUMBER, (struct sc_value){.u = number});
    if (b->rec->type == SC_R_PLACE_KIND) {
        *found = sc_tables_kind(tables(c), number, now_ms, &kind);
        if (*found) {
            base_labels(b, &kind.row);
            put(b, SC_K_TABLE_NAME, (struct sc_value){.s = kind.name});
            put(b, SC_K_TABLE_LIST, (struct sc_value){.u = kind.list});
            put(b, SC_K_TABLE_PERIOD, (struct sc_value){.u = kind.period_days});
        }
        return ND_EX_OK;
    }
    *found = sc_tables_list(tables(c), number, UINT64_MAX, &list);
    put(b, SC_K_TABLE_VERSION, (struct sc_value){.u = *found ? list.version + 1u : 1});
    return ND_EX_OK;
}

/* The fields that a file says, over those of the body. */
static int lay_file(struct nd_cmd *c, struct sc_body *b, struct cr_buf *arena, struct st_err *err)
{
    const char *file = nd_opt(c, "file");
    struct sc_body said;
    struct cr_buf text;
    json_error_t at;
    json_t *j;
    int rc;

    if (file == NULL)
        return ST_OK;
    rc = nd_read_file(c, file, FILE_BYTES, &text, err);
    if (rc != ST_OK)
        return rc;
    j = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &at);
    cr_buf_release(&text);
    if (j == NULL)
        return st_fail(err, ST_MALFORMED, "%s: line %d, column %d: %s", file, at.line, at.column,
                       at.text);
    nd_json_drop_notes(j);
    rc = nd_body_from_json(j, b->rec, arena, &said, err);
    json_decref(j);
    for (size_t i = 0; rc == ST_OK && i < b->rec->field_count; i++)
        if (said.v[i].present)
            b->v[i] = said.v[i];
    return rc == ST_OK ? rc : st_wrap(err, rc, "%s", file);
}

static int lay_options(struct nd_cmd *c, struct sc_body *b, struct cr_buf *arena,
                       struct st_err *err)
{
    int rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < c->opt_count; i++) {
        const struct sc_field *f = sc_field_by_name(b->rec, c->opt[i].name);

        if (f != NULL && f->key != SC_K_TABLE_FROM)
            rc = sc_value_parse(f, c->opt[i].value, arena, &b->v[sc_field_index(b->rec, f->key)],
                                err);
    }
    return rc;
}

static int check_row(struct nd_cmd *c, const struct sc_body *b, const struct cr_sign_pk *author,
                     uint64_t now_ms, struct st_err *err)
{
    struct nd_rights rights;
    struct sc_label why;
    struct cr_buf bytes;
    int rc;

    for (size_t i = 0; i < b->rec->field_count; i++)
        if ((b->rec->fields[i].flags & SC_FF_REQUIRED) != 0 && !b->v[i].present)
            return st_fail(err, ST_USAGE, "%s: --%s (%s) %s", b->rec->name, b->rec->fields[i].name,
                           nd_tr(c, b->rec->fields[i].zh, b->rec->fields[i].en),
                           nd_tr(c, "必填", "is missing"));
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    rc = sc_body_encode(b, true, &bytes, err);
    cr_buf_release(&bytes);
    if (rc == ST_OK)
        rc = b->rec->check(b, b->rec->version, err);
    if (rc != ST_OK)
        return rc;
    if (nd_write_rights(c->app->store, author, SC_SCOPE_PUBLIC, b, 0, now_ms, &rights) == ST_OK)
        return ST_OK;
    why = sc_why_label(rights.why);
    return st_fail(
        err, ST_DENIED,
        nd_tr(c, "只由街道席位或根钥匙设置：%s", "set by a seat of the street or by the root: %s"),
        nd_tr(c, why.zh, why.en));
}

static void show_body(struct nd_cmd *c, const struct sc_body *b, const struct sc_id *id)
{
    char value[SC_TEXT_MAX + 64];
    json_t *o;

    if (c->json) {
        o = nd_json_body(b);
        (void)json_object_set_new(o, "written", json_boolean(id != NULL));
        if (id != NULL)
            (void)json_object_set_new(o, "id", nd_json_id(id));
        nd_out_json(c, o);
        return;
    }
    for (size_t i = 0; i < b->rec->field_count; i++) {
        if (!b->v[i].present)
            continue;
        nd_value_text(c, &b->rec->fields[i], &b->v[i], value, sizeof value);
        nd_out(c, "  %s:%s\n", nd_tr(c, b->rec->fields[i].zh, b->rec->fields[i].en), value);
    }
}

/* Exit code. */
static int set_row(struct nd_cmd *c, struct sc_body *b, struct cr_buf *arena)
{
    uint64_t now_ms = nd_app_wall_ms(c->app), from_ms = now_ms;
    struct cr_identity author = {0};
    struct st_err err = {0};
    struct sc_id id;
    bool found = false, yes = nd_opt(c, "yes") != NULL;
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "%s %s %s", c->verb->name, c->verb->sub, c->verb->usage);
    if (base(c, b, now_ms, &found) != ND_EX_OK)
        return ND_EX_USAGE;
    rc = nd_opt_date(c, "from", &from_ms, &err);
    put(b, SC_K_TABLE_FROM, (struct sc_value){.u = from_ms > now_ms ? from_ms : now_ms});
    if (rc == ST_OK)
        rc = lay_file(c, b, arena, &err);
    if (rc == ST_OK)
        rc = lay_options(c, b, arena, &err);
    if (rc == ST_OK)
        rc = nd_author(c, &author, &err);
    if (rc == ST_OK)
        rc = check_row(c, b, &author.sign_pk, now_ms, &err);
    if (rc == ST_OK && yes)
        rc = nd_write_body(c, &author, SC_SCOPE_PUBLIC, NULL, b, false, &id, &err);
    cr_identity_wipe(&author);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    show_body(c, b, yes ? &id : NULL);
    if (yes)
        return ND_EX_OK;
    (void)nd_agreed(c, found ? nd_tr(c, "将更新此行；此前填写的记录不受影响。",
                                     "This row will be changed; what was written before stays.")
                             : nd_tr(c, "将新增此行。", "This row will be added."));
    return ND_EX_CONFIRM;
}

static int set(struct nd_cmd *c, uint64_t type)
{
    struct sc_body body = {.rec = sc_record_find(type)};
    struct cr_buf arena;
    int code;

    cr_buf_init(&arena, ARENA_BYTES);
    code = set_row(c, &body, &arena);
    cr_buf_release(&arena);
    return code;
}

int nd_cmd_code_set(struct nd_cmd *c)
{
    return set(c, SC_R_CODE);
}

int nd_cmd_kind_set(struct nd_cmd *c)
{
    return set(c, SC_R_PLACE_KIND);
}

int nd_cmd_checklist_set(struct nd_cmd *c)
{
    return set(c, SC_R_CHECKLIST);
}
