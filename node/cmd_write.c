/* Commands that write records: hazard acts and the other records of the catalogue, with every field
 * of the catalogue as an option. */
#include "node/cmd_record.h"
#include "node/json_body.h"
#include "node/json_catalog.h"
#include "node/tables.h"

#include <stdio.h>
#include <string.h>

#define ARENA_BYTES 131072
#define JSON_BYTES  131072 /* of a record in a file */
#define ID_TEXT     (2 * SC_ID_BYTES + 1)

/* The root's key: given by --root-key, or kept here, sealed or not. */
static int root_key(struct nd_cmd *c, struct cr_identity *out, struct st_err *err)
{
    char path[ND_PATH_MAX];
    struct cr_identity_public seen;
    int rc;

    if (c->root_key == NULL && c->app->has_root) {
        *out = c->app->root;
        return ST_OK;
    }
    if (c->root_key != NULL)
        nd_arg_path(c, c->root_key, path, sizeof path);
    else
        nd_app_path(c->app->dir, "root.key", path);
    rc = cr_identity_look(path, &seen, err);
    if (rc == ST_NOTFOUND && c->root_key == NULL)
        return st_fail(
            err, ST_NOTFOUND, "%s",
            nd_tr(c, "这一步要用根钥匙，本机没有保存：请插入 U 盘，加上 --root-key 文件",
                  "this needs the root key, which is not kept here: plug in the stick and "
                  "add --root-key FILE"));
    if (rc == ST_OK && sc_certs_root(nd_store_certs(c->app->store), &seen.sign_pk) == SC_ROOT_NONE)
        rc = st_fail(
            err, ST_DENIED,
            nd_tr(c, "'%.200s' 不是本空间的根钥匙", "'%.200s' is not the root key of this space"),
            path);
    if (rc == ST_OK && nd_app_root_replaced(c->app, &seen.sign_pk))
        rc = st_fail(err, ST_DENIED, "%s",
                     nd_tr(c, "这把根钥匙已被下一把取代，请用 --root-key 指明新的根钥匙文件",
                           "this root key was replaced by its successor: name that one's file by "
                           "--root-key"));
    return rc == ST_OK ? nd_open_key(c, "root", path, out, err) : rc;
}

int nd_key_named(struct nd_cmd *c, const char *name, struct cr_identity *out, struct st_err *err)
{
    char path[ND_PATH_MAX];
    int rc;

    if (strcmp(name, "node") == 0) {
        *out = c->app->node;
        return ST_OK;
    }
    if (strcmp(name, "root") == 0)
        return root_key(c, out, err);
    rc = nd_keyring_get(c->app->keyring, name, c->app->ports.now_ms(c->app->ports.arg), out);
    if (rc == ST_OK)
        return rc;
    rc = nd_key_path(c, name, path, err);
    return rc == ST_OK ? nd_open_key(c, name, path, out, err) : rc;
}

int nd_author(struct nd_cmd *c, struct cr_identity *out, struct st_err *err)
{
    const char *name = nd_opt(c, "as");

    return nd_key_named(c, name == NULL ? "node" : name, out, err);
}

int nd_subject(struct nd_cmd *c, const char *text, struct sc_id *out, struct st_err *err)
{
    return nd_store_find_subject(c->app->store, text, out, err);
}

int nd_write_body(struct nd_cmd *c, const struct cr_identity *author, uint64_t scope,
                  const struct sc_id *subject, const struct sc_body *body, bool urgent,
                  struct sc_id *id, struct st_err *err)
{
    struct nd_draft draft = {.type = body->rec->type, .subject = subject, .urgent = urgent};
    struct cr_buf bytes;
    int rc;

    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    rc = sc_body_encode(body, subject == NULL, &bytes, err);
    draft.body = cr_buf_span(&bytes);
    if (rc == ST_OK)
        rc = nd_driver_write(c->app->driver, author, scope, &draft, 1, id, err);
    cr_buf_release(&bytes);
    return rc;
}

/* ---- fields ---- */

/* One id: its digits, a part of them, or TYPE/ID. */
static int expand_id(struct nd_cmd *c, const char *text, size_t n, char out[static ID_TEXT],
                     struct st_err *err)
{
    char word[ID_TEXT] = "";
    struct sc_id id;
    int rc;

    for (size_t i = n; i > 0; i--)
        if (text[i - 1] == '/') {
            text += i;
            n -= i;
            break;
        }
    if (n >= sizeof word)
        return st_fail(err, ST_MALFORMED, "'%.*s'", (int)n, text);
    memcpy(word, text, n);
    if (n == ID_TEXT - 1 || c->app == NULL) {
        memcpy(out, word, sizeof word);
        return ST_OK;
    }
    rc = nd_subject(c, word, &id, err);
    if (rc == ST_OK)
        cr_hex(id.b, sizeof id.b, out);
    return rc;
}

/* The text with all its ids whole. */
static int expand_ids(struct nd_cmd *c, const struct sc_field *f, const char *text,
                      struct cr_buf *out, struct st_err *err)
{
    char id[ID_TEXT];
    int rc = ST_OK;

    for (const char *at = text; rc == ST_OK && *at != '\0';) {
        size_t n = f->kind == SC_F_IDS ? strcspn(at, ",") : strlen(at);

        rc = expand_id(c, at, n, id, err);
        if (rc == ST_OK && out->n > 0)
            rc = cr_buf_append(out, ",", 1);
        if (rc == ST_OK)
            rc = cr_buf_append(out, id, strlen(id));
        at += n + (at[n] == ',');
    }
    if (rc == ST_OK)
        rc = cr_buf_append(out, "", 1);
    return rc == ST_OK || err->code != ST_OK
               ? rc
               : st_fail(err, (enum st_code)rc, "%s: too many ids", f->name);
}

/* A kind of place that the street has added, by its name or label. */
static bool street_kind(struct nd_cmd *c, const char *text, uint64_t *out)
{
    struct sc_place_kind row = {.number = 0};

    while (c->app != NULL &&
           sc_tables_next_kind(nd_store_tables(c->app->store), nd_app_wall_ms(c->app), &row))
        if (!row.row.shipped && (cr_span_equal(row.name, cr_span_text(text)) ||
                                 cr_span_equal(row.row.zh, cr_span_text(text)))) {
            *out = row.number;
            return true;
        }
    return false;
}

int nd_parse_field(struct nd_cmd *c, const struct sc_field *f, const char *text,
                   struct cr_buf *arena, struct sc_value *out, struct st_err *err)
{
    struct cr_buf whole;
    uint64_t kind;
    int rc;

    if ((f->flags & SC_FF_OPEN) != 0 && street_kind(c, text, &kind)) {
        *out = (struct sc_value){.present = true, .u = kind};
        return ST_OK;
    }
    if ((f->kind != SC_F_ID && f->kind != SC_F_IDS) || text[0] == '\0')
        return sc_value_parse(f, text, arena, out, err);
    cr_buf_init(&whole, SC_LIST_MAX * ID_TEXT + 1);
    rc = expand_ids(c, f, text, &whole, err);
    if (rc == ST_OK)
        rc = sc_value_parse(f, (const char *)whole.p, arena, out, err);
    else
        (void)st_wrap(err, rc, "%s", f->name);
    cr_buf_release(&whole);
    return rc;
}

/* The options that are fields of the record, into a body whose texts live in arena. */
static int read_fields(struct nd_cmd *c, struct sc_body *body, struct cr_buf *arena,
                       struct st_err *err)
{
    for (size_t i = 0; i < c->opt_count; i++) {
        const struct sc_field *f = sc_field_by_name(c->rec, c->opt[i].name);
        int rc;

        if (f == NULL || nd_verb_option(c, c->opt[i].name))
            continue;
        rc = nd_parse_field(c, f, c->opt[i].value, arena, &body->v[sc_field_index(c->rec, f->key)],
                            err);
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

/* ---- a record as JSON ---- */

/* Line on which a member of this name stands, 0: none. */
static size_t line_of(struct cr_span text, const char *name)
{
    size_t line = 1, n = strlen(name);

    for (size_t i = 0; i + n + 2 <= text.n; i++) {
        line += text.p[i] == '\n';
        if (text.p[i] == '"' && text.p[i + n + 1] == '"' && memcmp(text.p + i + 1, name, n) == 0)
            return line;
    }
    return 0;
}

/* Puts the line before a message that begins with the name of a field. */
static int say_where(struct nd_cmd *c, struct cr_span text, int rc, struct st_err *err)
{
    for (size_t i = 0; i < c->rec->field_count; i++) {
        const char *name = c->rec->fields[i].name;
        size_t n = strlen(name), line = line_of(text, name);
        char where[64];

        if (strncmp(err->msg, name, n) != 0 || err->msg[n] != ':' || line == 0)
            continue;
        (void)snprintf(where, sizeof where, nd_tr(c, "第 %zu 行", "line %zu"), line);
        return st_wrap(err, rc, "%s", where);
    }
    return rc;
}

static int read_json(struct nd_cmd *c, struct cr_span text, struct sc_body *body,
                     struct cr_buf *arena, struct st_err *err)
{
    json_error_t at;
    json_t *j = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &at);
    int rc;

    if (j == NULL)
        return st_fail(
            err, ST_MALFORMED,
            nd_tr(c, "第 %d 行第 %d 列：不是 JSON：%s", "line %d, column %d: no JSON: %s"), at.line,
            at.column, at.text);
    nd_json_drop_notes(j);
    rc = nd_body_from_json(j, c->rec, arena, body, err);
    json_decref(j);
    return rc == ST_OK ? rc : say_where(c, text, rc, err);
}

static int read_file(struct nd_cmd *c, const char *file, struct sc_body *body, struct cr_buf *arena,
                     struct st_err *err)
{
    struct cr_buf text;
    int rc = nd_read_file(c, file, JSON_BYTES, &text, err);

    if (rc != ST_OK)
        return rc;
    rc = read_json(c, cr_buf_span(&text), body, arena, err);
    cr_buf_release(&text);
    return rc == ST_OK ? rc : st_wrap(err, rc, "%s", file);
}

/* A body out of a file or an option, over which the other options are laid. */
static int read_body(struct nd_cmd *c, struct sc_body *body, struct cr_buf *arena,
                     struct st_err *err)
{
    bool takes = nd_verb_option(c, "file");
    const char *file = takes ? nd_opt(c, "file") : NULL, *json = takes ? nd_opt(c, "body") : NULL;
    int rc = ST_OK;

    if (file != NULL && json != NULL)
        return st_fail(err, ST_USAGE, "%s",
                       nd_tr(c, "--file 和 --body 只能用一个", "either --file or --body"));
    if (file != NULL)
        rc = read_file(c, file, body, arena, err);
    else if (json != NULL)
        rc = read_json(c, cr_span_text(json), body, arena, err);
    body->rec = c->rec;
    return rc == ST_OK ? read_fields(c, body, arena, err) : rc;
}

/* ---- where it goes ---- */

/* A change of a record is of the record's own kind. */
static int check_kind(struct nd_cmd *c, const struct sc_id *subject, struct st_err *err)
{
    uint64_t type = 0, own = c->rec->fold == SC_FOLD_HAZARD ? SC_R_HAZARD_REPORT : c->rec->type;
    int rc = nd_store_kind(c->app->store, subject, &type);
    const struct sc_record *is = sc_record_find(type);

    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "'%s'", c->arg[0]);
    if (type == 0 || type == own || is == NULL)
        return ST_OK;
    return st_fail(err, ST_CONFLICT,
                   nd_tr(c, "'%s' 是%s，不是%s", "'%s' is a record of %s, not of %s"), c->arg[0],
                   nd_tr(c, is->zh, is->name), nd_tr(c, c->rec->zh, c->rec->name));
}

/* Which subject, and in which scope it lives. */
static int find_place(struct nd_cmd *c, const struct sc_body *body, struct sc_id *subject,
                      bool *has_subject, uint64_t *scope, struct st_err *err)
{
    struct sc_id tips[SC_PARENTS_MAX];
    size_t n;
    int rc;

    *has_subject = c->arg_count > 0;
    if (c->rec->subject == SC_SUBJ_NEEDS && !*has_subject)
        return st_fail(err, ST_USAGE, "%s: the ID of a record is missing", c->rec->name);
    if (c->arg_count > 1 || (c->rec->subject == SC_SUBJ_CREATES && *has_subject))
        return st_fail(err, ST_USAGE, "%s: '%s' is one argument too many", c->rec->name,
                       c->arg[c->arg_count - 1]);
    if (*has_subject) {
        rc = nd_subject(c, c->arg[0], subject, err);
        if (rc == ST_OK)
            rc = check_kind(c, subject, err);
        if (rc != ST_OK)
            return rc;
        rc = nd_store_tips(c->app->store, subject, tips, &n, scope);
        if (rc != ST_OK)
            return st_fail(err, (enum st_code)rc, "'%s': %s", c->arg[0], st_text((enum st_code)rc));
        return ST_OK;
    }
    *scope = sc_record_scope(c->rec, sc_body_get(body, SC_K_GRID)->u);
    if (sc_scope_valid(*scope))
        return ST_OK;
    if (!sc_body_get(body, SC_K_GRID)->present)
        return st_fail(err, ST_USAGE, "%s: --grid %s", c->rec->name,
                       nd_tr(c, "（网格）必填", "(Grid) is missing"));
    return st_fail(err, ST_USAGE, "%s: --grid %s", c->rec->name,
                   nd_tr(c, "须为村（社区）或小组的网格，12 或 15 位",
                         "must be of a village or group, 12 or 15 digits"));
}

/* A visit began, and a notice begins, now unless told otherwise. */
static void defaults(struct nd_cmd *c, struct sc_body *body, bool creates)
{
    size_t i = sc_field_index(c->rec, SC_K_WHEN);

    if (creates && i != SIZE_MAX && !body->v[i].present &&
        (c->rec->fields[i].flags & SC_FF_REQUIRED) != 0)
        body->v[i] = (struct sc_value){.present = true, .u = nd_app_wall_ms(c->app)};
}

/* Named by option, rather than by the encoder. */
static int check_required(struct nd_cmd *c, const struct sc_body *body, bool creates,
                          struct st_err *err)
{
    if (!creates && c->rec->fold != SC_FOLD_HAZARD)
        return ST_OK;
    for (size_t i = 0; i < c->rec->field_count; i++) {
        const struct sc_field *f = &c->rec->fields[i];

        if ((f->flags & SC_FF_REQUIRED) != 0 && !body->v[i].present)
            return st_fail(err, ST_USAGE, "%s: --%s (%s) is missing", c->rec->name, f->name,
                           nd_tr(c, f->zh, f->en));
    }
    return ST_OK;
}

int nd_write_record(struct nd_cmd *c)
{
    struct sc_body body = {.rec = c->rec};
    struct cr_identity author = {0};
    struct sc_id subject, id;
    struct st_err err = {0};
    bool has_subject = false;
    struct cr_buf arena;
    uint64_t scope = 0;
    int rc;

    cr_buf_init(&arena, ARENA_BYTES);
    rc = read_body(c, &body, &arena, &err);
    if (rc == ST_OK)
        rc = find_place(c, &body, &subject, &has_subject, &scope, &err);
    if (rc == ST_OK) {
        defaults(c, &body, !has_subject);
        nd_default_version(nd_store_tables(c->app->store), nd_app_wall_ms(c->app), &body);
        rc = check_required(c, &body, !has_subject, &err);
    }
    if (rc == ST_OK)
        rc = nd_author(c, &author, &err);
    if (rc == ST_OK) {
        rc = nd_write_body(c, &author, scope, has_subject ? &subject : NULL, &body,
                           c->rec->type == SC_R_HAZARD_EMERGENCY, &id, &err);
    }
    cr_identity_wipe(&author);
    cr_buf_release(&arena);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json) {
        nd_out_json(c, json_pack("{s:s, s:o}", "record", c->rec->name, "id", nd_json_id(&id)));
    } else {
        char hex[2 * SC_ID_BYTES + 1];

        cr_hex(id.b, sizeof id.b, hex);
        nd_out(c, "%s\n", hex);
    }
    return ND_EX_OK;
}

int nd_cmd_hazard(struct nd_cmd *c)
{
    if (c->rec == NULL)
        return nd_fail(
            c, ST_USAGE, "%s",
            nd_tr(c, "要做什么？见 fengsui hazard --help", "do what? see fengsui hazard --help"));
    return nd_write_record(c);
}
