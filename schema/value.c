#include "schema/value.h"

#include "crypto/base/assert.h"

uint64_t sc_field_max(const struct sc_field *f)
{
    uint64_t own = 0;

    switch (f->kind) {
    case SC_F_U64:
    case SC_F_ENUM:
    case SC_F_GRID: own = UINT64_MAX; break;
    case SC_F_BOOL: own = 1; break;
    case SC_F_I64: own = INT64_MAX; break;
    case SC_F_TIME: own = SC_WALL_MS_MAX; break;
    case SC_F_TEXT: own = SC_TEXT_MAX; break;
    case SC_F_BYTES: own = f->max > 0 ? SC_PAYLOAD_MAX : SC_TEXT_MAX; break;
    case SC_F_ID: own = SC_ID_BYTES; break;
    case SC_F_CODE: own = 3; break;
    case SC_F_KEY: own = CR_SIGN_PK_BYTES; break;
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS: own = SC_LIST_MAX; break;
    }
    return f->max > 0 && f->max < own ? f->max : own;
}

static int read_number(struct sc_reader *r, const struct sc_field *f, struct sc_value *v)
{
    if (sc_read_u64(r, UINT64_MAX, &v->u) != ST_OK)
        return r->status;
    return v->u <= sc_field_max(f) ? ST_OK : ST_RANGE;
}

/* A number out of choices. An unknown one makes the value absent when the payload is newer. */
static int read_choice(struct sc_reader *r, const struct sc_field *f, bool newer,
                       struct sc_value *v)
{
    if (sc_read_u64(r, UINT64_MAX, &v->u) != ST_OK)
        return r->status;
    if (sc_choice_by_value(f->choices, v->u) != NULL ||
        ((f->flags & SC_FF_OPEN) != 0 && v->u >= 1 && v->u <= f->max))
        return ST_OK;
    v->present = false;
    return newer ? ST_OK : ST_RANGE;
}

static int read_bin_of(struct sc_reader *r, size_t n, struct sc_value *v)
{
    if (sc_read_bin(r, n, &v->s) != ST_OK)
        return r->status;
    return v->s.n == n ? ST_OK : ST_MALFORMED;
}

bool sc_code_shape(struct cr_span s)
{
    return s.n == 3 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= '0' && s.p[1] <= '9' &&
           s.p[2] >= '0' && s.p[2] <= '9';
}

static int read_code(struct sc_reader *r, struct sc_value *v)
{
    if (sc_read_text(r, 3, &v->s) != ST_OK)
        return r->status;
    return sc_code_shape(v->s) ? ST_OK : ST_MALFORMED;
}

static int read_list_number(struct sc_reader *r, const struct sc_field *f, bool newer,
                            uint64_t *before, struct sc_value *v)
{
    if (sc_read_u64(r, UINT64_MAX, &v->u) != ST_OK)
        return r->status;
    if ((f->flags & SC_FF_GRIDS) != 0 && (sc_grid_level(v->u) == 0 || v->u <= *before))
        return ST_RANGE;
    if (f->choices != NULL && !newer && sc_choice_by_value(f->choices, v->u) == NULL)
        return ST_RANGE;
    *before = v->u;
    return ST_OK;
}

static int read_list_text(struct sc_reader *r, const struct sc_field *f)
{
    struct cr_span text;

    if (sc_read_text(r, SC_LIST_TEXT_MAX, &text) != ST_OK)
        return r->status;
    return (f->flags & SC_FF_CODES) == 0 || sc_code_shape(text) ? ST_OK : ST_MALFORMED;
}

static int read_answer(struct sc_reader *r, const struct sc_field *f, bool newer,
                       struct sc_value *v)
{
    struct cr_span text;
    uint64_t count;

    if (sc_read_array(r, 3, &count) != ST_OK)
        return r->status;
    if (count != 3)
        return ST_MALFORMED;
    sc_read_text(r, SC_LIST_TEXT_MAX, &text);
    sc_read_u64(r, UINT64_MAX, &v->u);
    if (sc_read_text(r, SC_LIST_TEXT_MAX, &text) != ST_OK)
        return r->status;
    return newer || sc_choice_by_value(f->choices, v->u) != NULL ? ST_OK : ST_RANGE;
}

static int read_list(struct sc_reader *r, const struct sc_field *f, bool newer, struct sc_value *v)
{
    const uint8_t *from = r->p;
    uint64_t count, before = 0;
    uint8_t id[SC_ID_BYTES];

    if (sc_read_array(r, sc_field_max(f), &count) != ST_OK)
        return r->status;
    if (count == 0 && (f->flags & SC_FF_FILLED) != 0)
        return ST_MALFORMED;
    for (uint64_t i = 0; i < count; i++) {
        int status;

        if (f->kind == SC_F_IDS)
            status = sc_read_fixed(r, sizeof id, id);
        else if (f->kind == SC_F_TEXTS)
            status = read_list_text(r, f);
        else if (f->kind == SC_F_U64S)
            status = read_list_number(r, f, newer, &before, v);
        else
            status = read_answer(r, f, newer, v);
        if (status != ST_OK)
            return status;
    }
    v->u = count;
    v->s = cr_span_of(from, (size_t)(r->p - from));
    return ST_OK;
}

int sc_value_read(struct sc_reader *r, const struct sc_field *f, bool newer, struct sc_value *v)
{
    int64_t limit;
    bool yes;

    v->present = true;
    switch (f->kind) {
    case SC_F_U64:
    case SC_F_TIME: return read_number(r, f, v);
    case SC_F_GRID:
        if (sc_read_u64(r, UINT64_MAX, &v->u) != ST_OK)
            return r->status;
        return sc_grid_level(v->u) != 0 ? ST_OK : ST_RANGE;
    case SC_F_I64: limit = (int64_t)sc_field_max(f); return sc_read_i64(r, -limit, limit, &v->i);
    case SC_F_BOOL:
        if (sc_read_bool(r, &yes) != ST_OK)
            return r->status;
        v->u = yes ? 1 : 0;
        return ST_OK;
    case SC_F_TEXT:
        if (sc_read_text(r, (size_t)sc_field_max(f), &v->s) != ST_OK)
            return r->status;
        return v->s.n > 0 || (f->flags & SC_FF_FILLED) == 0 ? ST_OK : ST_MALFORMED;
    case SC_F_BYTES: return sc_read_bin(r, (size_t)sc_field_max(f), &v->s);
    case SC_F_ENUM: return read_choice(r, f, newer, v);
    case SC_F_ID: return read_bin_of(r, SC_ID_BYTES, v);
    case SC_F_KEY: return read_bin_of(r, CR_SIGN_PK_BYTES, v);
    case SC_F_CODE: return read_code(r, v);
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS: return read_list(r, f, newer, v);
    }
    return ST_MALFORMED;
}

void sc_value_write(struct sc_writer *w, const struct sc_field *f, const struct sc_value *v)
{
    switch (f->kind) {
    case SC_F_U64:
    case SC_F_TIME:
    case SC_F_ENUM:
    case SC_F_GRID: sc_write_u64(w, v->u); break;
    case SC_F_BOOL: sc_write_bool(w, v->u != 0); break;
    case SC_F_I64: sc_write_i64(w, v->i); break;
    case SC_F_TEXT:
    case SC_F_CODE: sc_write_text(w, v->s); break;
    case SC_F_BYTES:
    case SC_F_ID:
    case SC_F_KEY: sc_write_bin(w, v->s); break;
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS: sc_write_raw(w, v->s); break;
    }
}
