/* Field values from text as a person types it on the command line, in a form or in a table. Parsed
 * values are put through the reader of the wire wherever they have a canonical form, so that there
 * is one judge of what a field may hold. */
#include "crypto/base/assert.h"
#include "schema/calendar.h"
#include "schema/value.h"

#include <inttypes.h>
#include <string.h>

#define UTC_OFFSET_MIN (8 * 60) /* dates are typed in China's time */
#define DEGREE_UNIT    "1e-7 deg"

static int expected(struct st_err *err, const struct sc_field *f, int status, const char *what)
{
    return st_fail(err, (enum st_code)status, "%s: expected %s", f->name, what);
}

/* Spans into the arena must stay: it gets all its memory at once. */
static int settle_arena(struct cr_buf *arena)
{
    uint8_t *at;
    int rc;

    if (arena->cap == arena->max)
        return ST_OK;
    CR_ASSERT(arena->n == 0);
    rc = cr_buf_extend(arena, arena->max, &at);
    if (rc == ST_OK)
        cr_buf_clear(arena);
    return rc;
}

static int keep(struct cr_buf *arena, const char *p, size_t n, struct cr_span *out)
{
    size_t before = arena->n;
    int rc = cr_buf_append(arena, p, n);

    if (rc == ST_OK)
        *out = cr_span_of(arena->p + before, n);
    return rc;
}

static int keep_hex(struct cr_buf *arena, const char *text, size_t n, struct cr_span *out)
{
    size_t before = arena->n;
    uint8_t *at;
    int rc = cr_buf_extend(arena, n, &at);

    if (rc != ST_OK)
        return rc;
    rc = cr_unhex(text, strlen(text), at, n);
    if (rc != ST_OK)
        arena->n = before;
    else
        *out = cr_span_of(at, n);
    return rc;
}

/* Exactly n digits at *p, moving it behind them. */
static bool digits(const char **p, unsigned n, unsigned *out)
{
    unsigned v = 0;

    for (unsigned k = 0; k < n; k++) {
        char c = (*p)[k];

        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (unsigned)(c - '0');
    }
    *p += n;
    *out = v;
    return true;
}

/* YYYY-MM-DD, and no more of the text. */
static bool read_day(const char **p, int64_t *days)
{
    unsigned year, month, day;

    if (!digits(p, 4, &year) || *(*p)++ != '-' || !digits(p, 2, &month) || *(*p)++ != '-' ||
        !digits(p, 2, &day))
        return false;
    return sc_civil_day(year, month, day, days);
}

int sc_date_parse(const char *p, int utc_offset_min, uint64_t *out)
{
    unsigned hour = 0, minute = 0, second = 0;
    int64_t days, ms;

    if (!read_day(&p, &days))
        return ST_MALFORMED;
    if (*p != '\0') {
        if ((*p != ' ' && *p != 'T') || (p++, !digits(&p, 2, &hour)) || *p++ != ':' ||
            !digits(&p, 2, &minute))
            return ST_MALFORMED;
        if (*p != '\0' && (*p++ != ':' || !digits(&p, 2, &second)))
            return ST_MALFORMED;
    }
    if (*p != '\0' || hour > 23 || minute > 59 || second > 59)
        return ST_MALFORMED;
    ms = days * INT64_C(86400000) + (int64_t)(hour * 3600 + minute * 60 + second) * 1000 -
         (int64_t)utc_offset_min * 60000;
    if (ms < 0)
        return ST_MALFORMED;
    *out = (uint64_t)ms;
    return ST_OK;
}

static int parse_time(const struct sc_field *f, const char *text, struct sc_value *v,
                      struct st_err *err)
{
    if (text[0] == '@')
        return cr_parse_u64(text + 1, strlen(text + 1), sc_field_max(f), &v->u) == ST_OK
                   ? ST_OK
                   : expected(err, f, ST_MALFORMED, "@ and milliseconds since 1970");
    if (sc_date_parse(text, UTC_OFFSET_MIN, &v->u) != ST_OK)
        return expected(err, f, ST_MALFORMED, "a date YYYY-MM-DD [HH:MM[:SS]]");
    return v->u <= sc_field_max(f) ? ST_OK : expected(err, f, ST_RANGE, "an earlier date");
}

/* Degrees with a decimal point, in units of 1e-7. */
static bool parse_degrees(const char *text, const char *point, uint64_t *out)
{
    size_t decimals = strlen(point + 1);
    uint64_t whole, part;

    if (decimals == 0 || decimals > 7 ||
        cr_parse_u64(text, (size_t)(point - text), 180, &whole) != ST_OK)
        return false;
    part = 0;
    for (size_t k = 0; k < 7; k++) {
        char c = k < decimals ? point[1 + k] : '0';

        if (c < '0' || c > '9')
            return false;
        part = part * 10 + (uint64_t)(c - '0');
    }
    *out = whole * 10000000 + part;
    return true;
}

static int parse_signed(const struct sc_field *f, const char *text, struct sc_value *v,
                        struct st_err *err)
{
    bool minus = text[0] == '-';
    const char *number = minus ? text + 1 : text;
    const char *point = strchr(number, '.');
    uint64_t size = 0;
    int rc = ST_OK;

    if (point != NULL && f->unit != NULL && strcmp(f->unit, DEGREE_UNIT) == 0)
        rc = parse_degrees(number, point, &size) ? ST_OK : ST_MALFORMED;
    else
        rc = cr_parse_u64(number, strlen(number), INT64_MAX, &size);
    if (rc == ST_OK && size > sc_field_max(f))
        rc = ST_RANGE;
    if (rc != ST_OK)
        return expected(err, f, rc, "a number in its range");
    v->i = minus ? -(int64_t)size : (int64_t)size;
    return ST_OK;
}

static int parse_bool(const struct sc_field *f, const char *text, struct sc_value *v,
                      struct st_err *err)
{
    static const char *const yes[] = {"yes", "true", "1", "是"};
    static const char *const no[] = {"no", "false", "0", "否"};

    for (size_t k = 0; k < 4; k++) {
        if (strcmp(text, yes[k]) == 0 || strcmp(text, no[k]) == 0) {
            v->u = strcmp(text, yes[k]) == 0 ? 1 : 0;
            return ST_OK;
        }
    }
    return expected(err, f, ST_MALFORMED, "yes or no");
}

/* A choice by name, Chinese label or number. */
static const struct sc_choice *find_choice(const struct sc_field *f, const char *text)
{
    const struct sc_choice *c = sc_choice_by_name(f->choices, text);
    uint64_t number;

    if (c == NULL && cr_parse_u64(text, strlen(text), UINT64_MAX, &number) == ST_OK)
        c = sc_choice_by_value(f->choices, number);
    return c;
}

/* Cuts the next item off a list: copies it without blanks around it. false at the end of the list;
 * an item longer than a list may hold comes back cut, and too long. */
static bool next_item(const char **list, char item[static SC_LIST_TEXT_MAX + 2])
{
    const char *from = *list;
    const char *end;
    size_t n;

    if (from == NULL)
        return false;
    end = strchr(from, ',');
    n = end != NULL ? (size_t)(end - from) : strlen(from);
    *list = end != NULL ? end + 1 : NULL;
    while (n > 0 && *from == ' ') {
        from++;
        n--;
    }
    while (n > 0 && from[n - 1] == ' ')
        n--;
    if (n > SC_LIST_TEXT_MAX + 1)
        n = SC_LIST_TEXT_MAX + 1;
    memcpy(item, from, n);
    item[n] = '\0';
    return true;
}

static int parse_bits(const struct sc_field *f, const char *text, struct sc_value *v,
                      struct st_err *err)
{
    char item[SC_LIST_TEXT_MAX + 2];

    v->u = 0;
    while (next_item(&text, item)) {
        const struct sc_choice *c = sc_choice_by_name(f->choices, item);

        if (c == NULL)
            return expected(err, f, ST_MALFORMED, "names out of its list, with commas between");
        v->u |= c->value;
    }
    return ST_OK;
}

static int write_answer(struct sc_writer *w, const struct sc_field *f, char *item)
{
    char *result = strchr(item, '=');
    char *note = result != NULL ? strchr(result, ':') : NULL;
    const struct sc_choice *c;

    if (result == NULL)
        return ST_MALFORMED;
    *result++ = '\0';
    if (note != NULL)
        *note++ = '\0';
    c = find_choice(f, result);
    if (c == NULL)
        return ST_MALFORMED;
    sc_write_array(w, 3);
    sc_write_text(w, cr_span_text(item));
    sc_write_u64(w, c->value);
    sc_write_text(w, cr_span_text(note != NULL ? note : ""));
    return w->status;
}

static int write_item(struct sc_writer *w, const struct sc_field *f, char *item)
{
    uint8_t id[SC_ID_BYTES];
    const struct sc_choice *c;
    uint64_t number;
    int rc;

    if (f->kind == SC_F_TEXTS) {
        sc_write_text(w, cr_span_text(item));
    } else if (f->kind == SC_F_IDS) {
        rc = cr_unhex(item, strlen(item), id, sizeof id);
        if (rc != ST_OK)
            return rc;
        sc_write_bin(w, cr_span_of(id, sizeof id));
    } else if (f->kind == SC_F_ANSWERS) {
        return write_answer(w, f, item);
    } else if (f->choices != NULL) {
        c = find_choice(f, item);
        if (c == NULL)
            return ST_MALFORMED;
        sc_write_u64(w, c->value);
    } else {
        rc = cr_parse_u64(item, strlen(item), UINT64_MAX, &number);
        if (rc != ST_OK)
            return rc;
        sc_write_u64(w, number);
    }
    return w->status;
}

static int parse_list(const struct sc_field *f, const char *text, struct cr_buf *arena,
                      struct sc_value *v, struct st_err *err)
{
    char item[SC_LIST_TEXT_MAX + 2];
    const char *rest = text[0] != '\0' ? text : NULL;
    size_t before = arena->n;
    struct sc_writer w;
    struct sc_reader r;
    uint64_t count = 0;
    int rc;

    for (const char *scan = rest; next_item(&scan, item);)
        count++;
    sc_writer_init(&w, arena);
    sc_write_array(&w, count);
    rc = w.status;
    while (rc == ST_OK && next_item(&rest, item))
        rc = write_item(&w, f, item);
    if (rc == ST_OK) {
        sc_reader_init(&r, cr_span_of(arena->p + before, arena->n - before));
        rc = sc_value_read(&r, f, false, v);
    }
    if (rc == ST_OK)
        return ST_OK;
    arena->n = before;
    return expected(err, f, rc,
                    f->kind == SC_F_ANSWERS         ? "item=result[:note],..."
                    : (f->flags & SC_FF_GRIDS) != 0 ? "grid codes in ascending order"
                                                    : "a list with commas between");
}

static int parse_text(const struct sc_field *f, const char *text, struct cr_buf *arena,
                      struct sc_value *v, struct st_err *err)
{
    size_t n = strlen(text);
    int rc = ST_OK;

    if (f->kind == SC_F_CODE && !sc_code_shape(cr_span_of(text, n)))
        return expected(err, f, ST_MALFORMED, "a hazard code such as A01");
    if (n == 0 && (f->flags & SC_FF_FILLED) != 0)
        return expected(err, f, ST_MALFORMED, "some text");
    if (n > sc_field_max(f))
        return st_fail(err, ST_OVERSIZE, "%s: %zu bytes, at most %" PRIu64, f->name, n,
                       sc_field_max(f));
    if (!cr_utf8_valid((const uint8_t *)text, n))
        return expected(err, f, ST_MALFORMED, "UTF-8");
    rc = keep(arena, text, n, &v->s);
    return rc == ST_OK ? ST_OK : expected(err, f, rc, "less text");
}

static int parse_hex(const struct sc_field *f, const char *text, struct cr_buf *arena,
                     struct sc_value *v, struct st_err *err)
{
    size_t n = strlen(text) / 2;
    int rc;

    if (f->kind != SC_F_BYTES && n != sc_field_max(f))
        return expected(err, f, ST_MALFORMED,
                        f->kind == SC_F_ID ? "32 hex digits" : "64 hex digits");
    if (n > sc_field_max(f))
        return expected(err, f, ST_OVERSIZE, "fewer hex digits");
    rc = keep_hex(arena, text, n, &v->s);
    return rc == ST_OK ? ST_OK : expected(err, f, rc, "hex digits");
}

static int parse_number(const struct sc_field *f, const char *text, struct sc_value *v,
                        struct st_err *err)
{
    int rc = cr_parse_u64(text, strlen(text), sc_field_max(f), &v->u);

    if (rc == ST_OK && f->kind == SC_F_GRID && sc_grid_level(v->u) == 0)
        rc = ST_RANGE;
    if (rc != ST_OK && f->kind == SC_F_GRID)
        return expected(err, f, rc, "a grid code of 9, 12 or 15 digits");
    return rc == ST_OK ? ST_OK : expected(err, f, rc, "a whole number in its range");
}

/* One of the choices; what the street has added is known by its number. */
static int parse_choice(const struct sc_field *f, const char *text, struct sc_value *v,
                        struct st_err *err)
{
    const struct sc_choice *c = find_choice(f, text);

    if (c != NULL)
        v->u = c->value;
    else if ((f->flags & SC_FF_OPEN) == 0 ||
             cr_parse_u64(text, strlen(text), f->max, &v->u) != ST_OK || v->u == 0)
        return st_fail(err, ST_MALFORMED, "%s: %s is not a choice", f->name, text);
    return ST_OK;
}

int sc_value_parse(const struct sc_field *f, const char *text, struct cr_buf *arena,
                   struct sc_value *out, struct st_err *err)
{
    struct sc_value v = {.present = true};
    int rc = settle_arena(arena);

    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "%s: out of memory", f->name);
    switch (f->kind) {
    case SC_F_U64:
        rc = (f->flags & SC_FF_BITS) != 0 ? parse_bits(f, text, &v, err)
                                          : parse_number(f, text, &v, err);
        break;
    case SC_F_GRID: rc = parse_number(f, text, &v, err); break;
    case SC_F_I64: rc = parse_signed(f, text, &v, err); break;
    case SC_F_BOOL: rc = parse_bool(f, text, &v, err); break;
    case SC_F_TIME: rc = parse_time(f, text, &v, err); break;
    case SC_F_ENUM: rc = parse_choice(f, text, &v, err); break;
    case SC_F_TEXT:
    case SC_F_CODE: rc = parse_text(f, text, arena, &v, err); break;
    case SC_F_BYTES:
    case SC_F_ID:
    case SC_F_KEY: rc = parse_hex(f, text, arena, &v, err); break;
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS: rc = parse_list(f, text, arena, &v, err); break;
    }
    if (rc == ST_OK)
        *out = v;
    return rc;
}
