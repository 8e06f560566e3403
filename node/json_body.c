/* Scalars that are strings go the way of the command line's words; numbers and lists are written in
 * canonical form and read back by the reader of the wire. */
#include "node/json_body.h"

#include "schema/value.h"

#include <string.h>

static int wanted(struct st_err *err, const struct sc_field *f, const char *what)
{
    return st_fail(err, ST_MALFORMED, "%s: %s is wanted", f->name, what);
}

/* The bytes that were appended to the arena since before are one value of the field. */
static int judge(const struct sc_field *f, struct cr_buf *arena, size_t before,
                 struct sc_value *out, struct st_err *err)
{
    struct sc_reader r;
    int rc;

    sc_reader_init(&r, cr_span_of(arena->p + before, arena->n - before));
    rc = sc_value_read(&r, f, false, out);
    if (rc == ST_OK)
        rc = sc_reader_finish(&r);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "%s: %s", f->name, st_text((enum st_code)rc));
    return ST_OK;
}

static int from_number(const json_t *j, const struct sc_field *f, struct cr_buf *arena,
                       struct sc_value *out, struct st_err *err)
{
    json_int_t n = json_integer_value(j);
    size_t before = arena->n;
    struct sc_writer w;

    if (!json_is_integer(j))
        return wanted(err, f, "a whole number");
    if (n < 0 && f->kind != SC_F_I64)
        return st_fail(err, ST_RANGE, "%s: a negative number", f->name);
    sc_writer_init(&w, arena);
    if (f->kind == SC_F_I64)
        sc_write_i64(&w, n);
    else
        sc_write_u64(&w, (uint64_t)n);
    return w.status != ST_OK ? st_fail(err, (enum st_code)w.status, "%s", f->name)
                             : judge(f, arena, before, out, err);
}

static int from_bool(const json_t *j, const struct sc_field *f, struct sc_value *out,
                     struct st_err *err)
{
    if (!json_is_boolean(j))
        return wanted(err, f, "true or false");
    *out = (struct sc_value){.present = true, .u = json_is_true(j)};
    return ST_OK;
}

static int write_hex(struct sc_writer *w, const struct sc_field *f, const json_t *j, size_t n,
                     struct st_err *err)
{
    const char *text = json_string_value(j);
    uint8_t bytes[CR_SIG_BYTES];

    if (text == NULL || cr_unhex(text, strlen(text), bytes, n) != ST_OK)
        return wanted(err, f, "a list of ids");
    sc_write_bin(w, cr_span_of(bytes, n));
    return ST_OK;
}

static int write_number(struct sc_writer *w, const struct sc_field *f, const json_t *j,
                        struct st_err *err)
{
    const char *text = json_string_value(j);
    const struct sc_choice *ch = NULL;
    uint64_t v = 0;

    if (text != NULL && f->choices != NULL)
        ch = sc_choice_by_name(f->choices, text);
    if (ch != NULL)
        v = ch->value;
    else if (text != NULL ? cr_parse_u64(text, strlen(text), UINT64_MAX, &v) != ST_OK
                          : !json_is_integer(j) || json_integer_value(j) < 0)
        return wanted(err, f, f->choices != NULL ? "a list of its choices" : "a list of numbers");
    if (text == NULL)
        v = (uint64_t)json_integer_value(j);
    sc_write_u64(w, v);
    return ST_OK;
}

static int write_text(struct sc_writer *w, const struct sc_field *f, const json_t *j,
                      struct st_err *err)
{
    if (!json_is_string(j))
        return wanted(err, f, "a list of texts");
    sc_write_text(w, cr_span_of(json_string_value(j), json_string_length(j)));
    return ST_OK;
}

static int write_answer(struct sc_writer *w, const struct sc_field *f, const json_t *j,
                        struct st_err *err)
{
    const json_t *item = json_array_get(j, 0), *result = json_array_get(j, 1);
    const json_t *note = json_array_get(j, 2);
    const struct sc_choice *ch;

    if (json_array_size(j) != 3 || !json_is_string(item) || !json_is_string(result) ||
        !json_is_string(note))
        return wanted(err, f, "a list of [item, result, note]");
    ch = sc_choice_by_name(f->choices, json_string_value(result));
    if (ch == NULL)
        return st_fail(err, ST_MALFORMED, "%s: '%s' is no result", f->name,
                       json_string_value(result));
    sc_write_array(w, 3);
    sc_write_text(w, cr_span_of(json_string_value(item), json_string_length(item)));
    sc_write_u64(w, ch->value);
    sc_write_text(w, cr_span_of(json_string_value(note), json_string_length(note)));
    return ST_OK;
}

static int write_item(struct sc_writer *w, const struct sc_field *f, const json_t *j,
                      struct st_err *err)
{
    switch ((int)f->kind) {
    case SC_F_IDS: return write_hex(w, f, j, SC_ID_BYTES, err);
    case SC_F_TEXTS: return write_text(w, f, j, err);
    case SC_F_U64S: return write_number(w, f, j, err);
    default: return write_answer(w, f, j, err);
    }
}

static int from_list(const json_t *j, const struct sc_field *f, struct cr_buf *arena,
                     struct sc_value *out, struct st_err *err)
{
    size_t before = arena->n, n = json_array_size(j);
    struct sc_writer w;

    if (!json_is_array(j))
        return wanted(err, f, "a list");
    if (n > sc_field_max(f))
        return st_fail(err, ST_OVERSIZE, "%s: %zu items", f->name, n);
    sc_writer_init(&w, arena);
    sc_write_array(&w, n);
    for (size_t i = 0; i < n; i++) {
        int rc = write_item(&w, f, json_array_get(j, i), err);

        if (rc != ST_OK)
            return rc;
    }
    return w.status != ST_OK ? st_fail(err, (enum st_code)w.status, "%s", f->name)
                             : judge(f, arena, before, out, err);
}

static int from_json(const json_t *j, const struct sc_field *f, struct cr_buf *arena,
                     struct sc_value *out, struct st_err *err)
{
    switch (f->kind) {
    case SC_F_U64:
        if (json_is_string(j) && f->choices != NULL)
            break; /* bits by name */
        return from_number(j, f, arena, out, err);
    case SC_F_I64: return from_number(j, f, arena, out, err);
    case SC_F_TIME:
        if (json_is_string(j))
            break; /* a date as it is typed */
        return from_number(j, f, arena, out, err);
    case SC_F_BOOL: return from_bool(j, f, out, err);
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS: return from_list(j, f, arena, out, err);
    case SC_F_ENUM:
        if (json_is_integer(j) && (f->flags & SC_FF_OPEN) != 0)
            return from_number(j, f, arena, out, err); /* a choice that the street has added */
        break;
    case SC_F_TEXT:
    case SC_F_BYTES:
    case SC_F_ID:
    case SC_F_GRID:
    case SC_F_CODE:
    case SC_F_KEY: break;
    }
    if (!json_is_string(j))
        return wanted(err, f, "a text");
    return sc_value_parse(f, json_string_value(j), arena, out, err);
}

/* Spans into the arena must stay where they are. */
static int settle(struct cr_buf *arena, struct st_err *err)
{
    uint8_t *at;
    int rc = ST_OK;

    if (arena->cap < arena->max)
        rc = cr_buf_extend(arena, arena->max, &at);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "read a record: out of memory");
    cr_buf_clear(arena);
    return ST_OK;
}

int nd_body_from_json(json_t *object, const struct sc_record *rec, struct cr_buf *arena,
                      struct sc_body *out, struct st_err *err)
{
    int rc = settle(arena, err);

    *out = (struct sc_body){.rec = rec};
    if (rc == ST_OK && !json_is_object(object))
        rc = st_fail(err, ST_MALFORMED, "%s: an object of its fields is wanted", rec->name);
    for (void *at = rc == ST_OK ? json_object_iter(object) : NULL; at != NULL && rc == ST_OK;
         at = json_object_iter_next(object, at)) {
        const struct sc_field *f = sc_field_by_name(rec, json_object_iter_key(at));
        const json_t *value = json_object_iter_value(at);

        if (f == NULL)
            rc = st_fail(err, ST_MALFORMED, "%s has no field '%s'", rec->name,
                         json_object_iter_key(at));
        else if (!json_is_null(value))
            rc = from_json(value, f, arena, &out->v[sc_field_index(rec, f->key)], err);
    }
    return rc;
}
