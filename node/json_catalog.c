#include "node/json_catalog.h"

#include "node/cmd.h"
#include "schema/record_table.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

const char *nd_kind_name(enum sc_field_kind k)
{
    static const char *const names[] = {
        [SC_F_U64] = "u64",     [SC_F_I64] = "i64",     [SC_F_BOOL] = "bool",
        [SC_F_TEXT] = "text",   [SC_F_BYTES] = "bytes", [SC_F_ENUM] = "enum",
        [SC_F_ID] = "id",       [SC_F_GRID] = "grid",   [SC_F_CODE] = "code",
        [SC_F_TIME] = "time",   [SC_F_KEY] = "key",     [SC_F_IDS] = "ids",
        [SC_F_TEXTS] = "texts", [SC_F_U64S] = "u64s",   [SC_F_ANSWERS] = "answers"};

    return (size_t)k < sizeof names / sizeof names[0] && names[k] != NULL ? names[k] : "";
}

const char *nd_where_name(enum sc_where where)
{
    switch (where) {
    case SC_IN_ANY: return "any";
    case SC_IN_AREA: return "area";
    case SC_IN_VILLAGE: return "village";
    case SC_IN_PUBLIC: return "public";
    case SC_IN_INTERNAL: return "internal";
    }
    return "";
}

/* ---- JSON ---- */

static json_t *choices_json(const struct sc_choice *ch)
{
    json_t *list;

    if (ch == NULL)
        return json_null();
    list = json_array();
    for (; ch->name != NULL; ch++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I}", "name", ch->name, "zh",
                                                    ch->zh, "en", ch->en, "value",
                                                    (json_int_t)ch->value));
    return list;
}

static json_t *targets_json(const struct sc_field *f)
{
    json_t *list;

    if (f->targets == NULL)
        return json_null();
    list = json_array();
    for (const uint16_t *t = f->targets; *t != 0; t++)
        (void)json_array_append_new(list, json_string(sc_record_find(*t)->name));
    return list;
}

static json_t *field_json(const struct sc_field *f)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:s?, s:o}", "name", f->name, "zh",
                          f->zh, "en", f->en, "kind", nd_kind_name(f->kind), "required",
                          (int)((f->flags & SC_FF_REQUIRED) != 0), "personal",
                          (int)((f->flags & SC_FF_PERSONAL) != 0), "max", (json_int_t)f->max,
                          "unit", f->unit, "choices", choices_json(f->choices));

    (void)json_object_update_new(o, json_pack("{s:i, s:b, s:o}", "key", (int)f->key, "open",
                                              (int)((f->flags & SC_FF_OPEN) != 0), "targets",
                                              targets_json(f)));
    return o;
}

json_t *nd_json_record_type(const struct sc_record *rec, const struct sc_rules *rules)
{
    static const char *const folds[] = {"none", "cert", "lww", "hazard"};
    static const char *const classes[] = {"neutral", "danger", "clearance"};
    json_t *fields = json_array(), *o;

    for (size_t i = 0; i < rec->field_count; i++)
        (void)json_array_append_new(fields, field_json(&rec->fields[i]));
    o = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:b, s:o, s:b, s:b, s:o}", "name", rec->name,
                  "zh", rec->zh, "en", rec->en, "type", (json_int_t)rec->type, "fold",
                  (size_t)rec->fold < 4 ? folds[rec->fold] : "none", "klass",
                  (size_t)rec->klass < 3 ? classes[rec->klass] : "neutral", "creates",
                  (int)(rec->subject != SC_SUBJ_NEEDS), "writers",
                  nd_json_roles(sc_rules_writers(rules, rec)), "open_report", (int)rec->open_report,
                  "public", (int)(rec->where == SC_IN_PUBLIC), "fields", fields);
    (void)json_object_update_new(
        o, json_pack("{s:I, s:s, s:b}", "version", (json_int_t)rec->version, "where",
                     nd_where_name(rec->where), "once", (int)(rec->subject == SC_SUBJ_CREATES)));
    return o;
}

/* ---- words for a field ---- */

struct text {
    char s[4096];
    size_t n;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(t->s + t->n, sizeof t->s - t->n, fmt, ap);
    va_end(ap);
    if (n > 0)
        t->n = t->n + (size_t)n < sizeof t->s ? t->n + (size_t)n : sizeof t->s - 1;
}

/* "text, at most 128 bytes", "id of place, household". */
static void add_kind(struct text *t, const struct sc_field *f)
{
    unsigned long long max = sc_field_max(f);

    switch (f->kind) {
    case SC_F_U64:
        if ((f->flags & SC_FF_BITS) != 0)
            add(t, "choices");
        else if (max == UINT64_MAX)
            add(t, "number");
        else
            add(t, "number 0–%llu", max);
        break;
    case SC_F_I64: add(t, "number ±%llu", max); break;
    case SC_F_BOOL: add(t, "yes/no"); break;
    case SC_F_TEXT: add(t, "text ≤ %llu B", max); break;
    case SC_F_BYTES: add(t, "bytes ≤ %llu", max); break;
    case SC_F_ENUM: add(t, (f->flags & SC_FF_OPEN) != 0 ? "choice 1–%llu" : "choice", max); break;
    case SC_F_ID: add(t, "id"); break;
    case SC_F_GRID: add(t, "grid"); break;
    case SC_F_CODE: add(t, "hazard code"); break;
    case SC_F_TIME: add(t, "time"); break;
    case SC_F_KEY: add(t, "key"); break;
    case SC_F_IDS: add(t, "≤ %llu ids", max); break;
    case SC_F_TEXTS:
        add(t, (f->flags & SC_FF_CODES) != 0 ? "≤ %llu hazard codes" : "≤ %llu texts", max);
        break;
    case SC_F_U64S:
        add(t,
            (f->flags & SC_FF_GRIDS) != 0 ? "≤ %llu grids"
            : f->choices != NULL          ? "≤ %llu choices"
                                          : "≤ %llu numbers",
            max);
        break;
    case SC_F_ANSWERS: add(t, "≤ %llu answers", max); break;
    }
    for (const uint16_t *id = f->targets; id != NULL && *id != 0; id++)
        add(t, "%s%s", id == f->targets ? " → " : ", ", sc_record_find(*id)->name);
    if (f->unit != NULL && strcmp(f->unit, "ms") != 0)
        add(t, ", %s", f->unit);
}

static void add_choices(struct text *t, const struct sc_field *f)
{
    for (const struct sc_choice *c = f->choices; c != NULL && c->name != NULL; c++)
        add(t, "%s%s=%s/%s", c == f->choices ? " [" : ", ", c->name, c->zh, c->en);
    if (f->choices != NULL)
        add(t, "]");
}

/* ---- template ---- */

/* What is required shows that it is; nothing that could be sent by mistake. */
static json_t *example(const struct sc_field *f)
{
    if ((f->flags & SC_FF_REQUIRED) == 0)
        return json_null();
    switch (f->kind) {
    case SC_F_TEXTS:
    case SC_F_IDS:
    case SC_F_U64S:
    case SC_F_ANSWERS: return json_array();
    case SC_F_TEXT:
    case SC_F_ENUM:
    case SC_F_ID:
    case SC_F_GRID:
    case SC_F_CODE:
    case SC_F_KEY:
    case SC_F_BYTES: return json_string("");
    case SC_F_BOOL:
    case SC_F_U64:
    case SC_F_I64:
    case SC_F_TIME: break;
    }
    return json_null();
}

json_t *nd_json_template(const struct sc_record *rec)
{
    json_t *o = json_object();
    struct text t;
    char name[64];

    t.n = 0;
    add(&t, "%s / %s; * 必填 required; fengsui record add %s%s --file FILE", rec->zh, rec->en,
        rec->name, rec->subject == SC_SUBJ_NEEDS ? "/ID" : "");
    (void)json_object_set_new(o, "//", json_string(t.s));
    for (size_t i = 0; i < rec->field_count; i++) {
        const struct sc_field *f = &rec->fields[i];

        t.n = 0;
        add(&t, "%s%s / %s: ", (f->flags & SC_FF_REQUIRED) != 0 ? "* " : "", f->zh, f->en);
        add_kind(&t, f);
        if (f->kind == SC_F_TIME)
            add(&t, " (Unix ms, or \"YYYY-MM-DD HH:MM\")");
        add_choices(&t, f);
        (void)snprintf(name, sizeof name, "//%s", f->name);
        (void)json_object_set_new(o, name, json_string(t.s));
        (void)json_object_set_new(o, f->name, example(f));
    }
    return o;
}

void nd_json_drop_notes(json_t *object)
{
    void *at = json_object_iter(object);

    while (at != NULL) {
        const char *name = json_object_iter_key(at);

        if (strncmp(name, "//", 2) == 0) {
            (void)json_object_del(object, name);
            at = json_object_iter(object);
        } else {
            at = json_object_iter_next(object, at);
        }
    }
}

/* ---- Markdown ---- */

struct sink {
    void (*put)(void *arg, const char *text);
    void *arg;
};

static void emit(const struct sink *s, const struct text *t)
{
    s->put(s->arg, t->s);
}

static void add_writers(struct text *t, const struct sc_record *rec)
{
    bool first = true;

    for (const struct sc_choice *c = sc_choices_role; c->name != NULL; c++)
        if ((rec->writers & c->value) != 0) {
            add(t, "%s%s", first ? "" : ", ", c->name);
            first = false;
        }
    if ((rec->writers & SC_ROLE_ROOT) != 0)
        add(t, "%sroot", first ? "" : ", ");
}

static void index_row(const struct sink *s, const struct sc_record *rec)
{
    struct text t;

    t.n = 0;
    add(&t, "| %llu | [%s](#%s) | %s | %s | %s | ", (unsigned long long)rec->type, rec->name,
        rec->name, rec->zh, rec->en, nd_where_name(rec->where));
    add_writers(&t, rec);
    add(&t, " |\n");
    emit(s, &t);
}

static void field_row(const struct sink *s, const struct sc_field *f)
{
    struct text t;

    t.n = 0;
    add(&t, "| %d | `%s`%s%s | %s | %s | ", (int)f->key, f->name,
        (f->flags & SC_FF_REQUIRED) != 0 ? " \\*" : "",
        (f->flags & SC_FF_PERSONAL) != 0 ? " †" : "", f->zh, f->en);
    add_kind(&t, f);
    add(&t, " |\n");
    emit(s, &t);
}

static void record_tables(const struct sink *s, const struct sc_record *rec)
{
    struct text t;

    t.n = 0;
    add(&t, "\n## %s\n\n%s · %s. Type %llu, version %llu, scope %s%s.\n\n", rec->name, rec->zh,
        rec->en, (unsigned long long)rec->type, (unsigned long long)rec->version,
        nd_where_name(rec->where),
        rec->fold == SC_FOLD_HAZARD && rec->subject == SC_SUBJ_NEEDS ? ", an act on a hazard"
        : rec->subject == SC_SUBJ_CREATES                            ? ", written once"
                                                                     : "");
    add(&t, "| key | field | 中文 | English | kind |\n|---|---|---|---|---|\n");
    emit(s, &t);
    for (size_t i = 0; i < rec->field_count; i++)
        field_row(s, &rec->fields[i]);
    for (size_t i = 0; i < rec->field_count; i++) {
        const struct sc_field *f = &rec->fields[i];

        if (f->choices == NULL)
            continue;
        t.n = 0;
        add(&t, "\n`%s`:", f->name);
        for (const struct sc_choice *c = f->choices; c->name != NULL; c++)
            add(&t, "%s %llu `%s` %s %s", c == f->choices ? "" : " ·", (unsigned long long)c->value,
                c->name, c->zh, c->en);
        add(&t, "\n");
        emit(s, &t);
    }
}

void nd_catalog_markdown(void (*put)(void *arg, const char *text), void *arg)
{
    const struct sink s = {put, arg};

    put(arg, "# 记录目录 · Records\n\n"
             "Made by `fengsui record types --markdown` from the catalogue (`record_*.c`); not "
             "edited by\n"
             "hand. \\* 必填 required · † 个人信息 personal data (salted) · writers: the defaults, "
             "which\n"
             "`policy set write.RECORD` changes. Bytes: [FORMAT.md](FORMAT.md).\n\n"
             "| type | record | 中文 | English | scope | writers |\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; sc_record_at(i) != NULL; i++)
        index_row(&s, sc_record_at(i));
    for (size_t i = 0; sc_record_at(i) != NULL; i++)
        record_tables(&s, sc_record_at(i));
}
