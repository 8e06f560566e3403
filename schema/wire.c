/* Reader: scan() turns the next bytes into one token or refuses them; every sc_read_… takes a token
 * of its kind, checks its bounds, then moves on. Nothing is consumed by a read that fails, so that
 * the offset names the culprit. Writer: msgpack-c, whose packing functions choose the smallest
 * form; this is the only file that knows it. */
#include "schema/wire.h"

#include "crypto/base/assert.h"

#include <msgpack/pack.h>
#include <string.h>

#define KEY_MAX 255

struct token {
    enum sc_kind_peek kind;
    uint64_t u;          /* value, length or count */
    int64_t i;           /* value of a negative integer */
    const uint8_t *next; /* behind the head; the content of texts and bins starts here */
};

/* First bytes 0xc0 to 0xdf: kind, bytes of the argument, and the smallest argument that a shorter
 * form could not have held. Floats and extensions are SC_PEEK_BAD. */
static const struct form {
    uint8_t kind, width;
    uint64_t least;
} forms[32] = {
    [0x00] = {SC_PEEK_NIL, 0, 0},        [0x01] = {SC_PEEK_BAD, 0, 0},
    [0x02] = {SC_PEEK_BOOL, 0, 0},       [0x03] = {SC_PEEK_BOOL, 0, 0},
    [0x04] = {SC_PEEK_BIN, 1, 0},        [0x05] = {SC_PEEK_BIN, 2, 0x100},
    [0x06] = {SC_PEEK_BIN, 4, 0x10000},  [0x07] = {SC_PEEK_BAD, 0, 0},
    [0x08] = {SC_PEEK_BAD, 0, 0},        [0x09] = {SC_PEEK_BAD, 0, 0},
    [0x0a] = {SC_PEEK_BAD, 0, 0},        [0x0b] = {SC_PEEK_BAD, 0, 0},
    [0x0c] = {SC_PEEK_UINT, 1, 0x80},    [0x0d] = {SC_PEEK_UINT, 2, 0x100},
    [0x0e] = {SC_PEEK_UINT, 4, 0x10000}, [0x0f] = {SC_PEEK_UINT, 8, 0x100000000},
    [0x10] = {SC_PEEK_INT, 1, 0x20},     [0x11] = {SC_PEEK_INT, 2, 0x80},
    [0x12] = {SC_PEEK_INT, 4, 0x8000},   [0x13] = {SC_PEEK_INT, 8, 0x80000000},
    [0x14] = {SC_PEEK_BAD, 0, 0},        [0x15] = {SC_PEEK_BAD, 0, 0},
    [0x16] = {SC_PEEK_BAD, 0, 0},        [0x17] = {SC_PEEK_BAD, 0, 0},
    [0x18] = {SC_PEEK_BAD, 0, 0},        [0x19] = {SC_PEEK_TEXT, 1, 0x20},
    [0x1a] = {SC_PEEK_TEXT, 2, 0x100},   [0x1b] = {SC_PEEK_TEXT, 4, 0x10000},
    [0x1c] = {SC_PEEK_ARRAY, 2, 0x10},   [0x1d] = {SC_PEEK_ARRAY, 4, 0x10000},
    [0x1e] = {SC_PEEK_MAP, 2, 0x10},     [0x1f] = {SC_PEEK_MAP, 4, 0x10000},
};

/* Negative integer of `width` bytes in two's complement; a value that is not negative, or not below
 * -least, had a shorter form. */
static int signed_value(uint64_t raw, unsigned width, uint64_t least, int64_t *out)
{
    uint64_t sign = UINT64_C(1) << (8 * width - 1);
    uint64_t below; /* -1 - value */

    if ((raw & sign) == 0)
        return ST_MALFORMED;
    below = ~raw & (sign - 1);
    if (below < least)
        return ST_MALFORMED;
    *out = -1 - (int64_t)below;
    return ST_OK;
}

/* Token of a first byte 0xc0 to 0xdf. */
static int scan_form(const uint8_t *p, const uint8_t *end, struct token *t)
{
    const struct form *f = &forms[*p - 0xc0];
    uint64_t raw = 0;

    if (f->kind == SC_PEEK_BAD)
        return ST_MALFORMED;
    if (f->width > (size_t)(end - p) - 1)
        return ST_TRUNCATED;
    for (unsigned k = 0; k < f->width; k++)
        raw = raw << 8 | p[1 + k];
    t->kind = (enum sc_kind_peek)f->kind;
    t->next = p + 1 + f->width;
    if (f->kind == SC_PEEK_INT)
        return signed_value(raw, f->width, f->least, &t->i);
    if (raw < f->least)
        return ST_MALFORMED;
    t->u = f->kind == SC_PEEK_BOOL ? *p & 1 : raw;
    return ST_OK;
}

static inline int scan(const uint8_t *p, const uint8_t *end, struct token *t)
{
    uint8_t c;

    if (p == end)
        return ST_TRUNCATED;
    c = *p;
    t->next = p + 1;
    if (c < 0x80) {
        t->kind = SC_PEEK_UINT;
        t->u = c;
    } else if (c < 0x90) {
        t->kind = SC_PEEK_MAP;
        t->u = c & 0x0f;
    } else if (c < 0xa0) {
        t->kind = SC_PEEK_ARRAY;
        t->u = c & 0x0f;
    } else if (c < 0xc0) {
        t->kind = SC_PEEK_TEXT;
        t->u = c & 0x1f;
    } else if (c >= 0xe0) {
        t->kind = SC_PEEK_INT;
        t->i = (int64_t)c - 0x100;
    } else {
        return scan_form(p, end, t);
    }
    return ST_OK;
}

void sc_reader_init(struct sc_reader *r, struct cr_span bytes)
{
    r->start = r->p = bytes.p;
    r->end = bytes.n > 0 ? bytes.p + bytes.n : bytes.p;
    r->status = ST_OK;
    r->checked = false;
    r->depth = 0;
}

void sc_reader_init_checked(struct sc_reader *r, struct cr_span bytes)
{
    sc_reader_init(r, bytes);
    r->checked = true;
}

int sc_reader_fail(struct sc_reader *r, int status)
{
    if (r->status == ST_OK)
        r->status = status;
    return r->status;
}

/* Closes every container that owes nothing more. */
static inline void close_complete(struct sc_reader *r)
{
    while (r->depth > 0 && r->left[r->depth - 1] == 0)
        r->depth--;
}

/* The value that ends at next has been read. */
static inline void consume(struct sc_reader *r, const uint8_t *next)
{
    r->p = next;
    if (r->depth > 0) {
        r->left[r->depth - 1]--;
        close_complete(r);
    }
}

/* Token of the wanted kind, not yet taken; otherwise the sticky failure. */
static inline int take(struct sc_reader *r, enum sc_kind_peek kind, struct token *t)
{
    int status;

    if (r->status != ST_OK)
        return r->status;
    status = scan(r->p, r->end, t);
    if (status != ST_OK)
        return sc_reader_fail(r, status);
    return t->kind == kind ? ST_OK : sc_reader_fail(r, ST_MALFORMED);
}

enum sc_kind_peek sc_peek(const struct sc_reader *r)
{
    struct token t;

    if (r->status != ST_OK)
        return SC_PEEK_BAD;
    if (r->p == r->end)
        return SC_PEEK_END;
    return scan(r->p, r->end, &t) == ST_OK ? t.kind : SC_PEEK_BAD;
}

int sc_reader_finish(struct sc_reader *r)
{
    if (r->status == ST_OK && r->depth > 0)
        return sc_reader_fail(r, r->p == r->end ? ST_TRUNCATED : ST_MALFORMED);
    if (r->status == ST_OK && r->p != r->end)
        return sc_reader_fail(r, ST_MALFORMED);
    return r->status;
}

size_t sc_reader_offset(const struct sc_reader *r)
{
    return (size_t)(r->p - r->start);
}

int sc_read_u64(struct sc_reader *r, uint64_t max, uint64_t *out)
{
    struct token t;

    *out = 0;
    if (take(r, SC_PEEK_UINT, &t) != ST_OK)
        return r->status;
    if (t.u > max)
        return sc_reader_fail(r, ST_RANGE);
    consume(r, t.next);
    *out = t.u;
    return ST_OK;
}

int sc_read_i64(struct sc_reader *r, int64_t min, int64_t max, int64_t *out)
{
    struct token t;
    int64_t v;
    int status;

    *out = 0;
    if (r->status != ST_OK)
        return r->status;
    status = scan(r->p, r->end, &t);
    if (status != ST_OK)
        return sc_reader_fail(r, status);
    if (t.kind == SC_PEEK_INT)
        v = t.i;
    else if (t.kind != SC_PEEK_UINT)
        return sc_reader_fail(r, ST_MALFORMED);
    else if (t.u > INT64_MAX)
        return sc_reader_fail(r, ST_RANGE);
    else
        v = (int64_t)t.u;
    if (v < min || v > max)
        return sc_reader_fail(r, ST_RANGE);
    consume(r, t.next);
    *out = v;
    return ST_OK;
}

int sc_read_bool(struct sc_reader *r, bool *out)
{
    struct token t;

    *out = false;
    if (take(r, SC_PEEK_BOOL, &t) != ST_OK)
        return r->status;
    consume(r, t.next);
    *out = t.u != 0;
    return ST_OK;
}

int sc_read_nil(struct sc_reader *r)
{
    struct token t;

    if (take(r, SC_PEEK_NIL, &t) == ST_OK)
        consume(r, t.next);
    return r->status;
}

/* Content of a text or bin token: bounded by max, then by the bytes that are there. */
static int content(struct sc_reader *r, const struct token *t, size_t max, struct cr_span *out)
{
    if (t->u > max)
        return sc_reader_fail(r, ST_OVERSIZE);
    if (t->u > (size_t)(r->end - t->next))
        return sc_reader_fail(r, ST_TRUNCATED);
    *out = cr_span_of(t->next, (size_t)t->u);
    return ST_OK;
}

int sc_read_text(struct sc_reader *r, size_t max, struct cr_span *out)
{
    struct token t;
    struct cr_span s = {NULL, 0};

    *out = cr_span_of(NULL, 0);
    if (take(r, SC_PEEK_TEXT, &t) != ST_OK || content(r, &t, max, &s) != ST_OK)
        return r->status;
    if (s.n > 0 && !r->checked && (memchr(s.p, 0, s.n) != NULL || !cr_utf8_valid(s.p, s.n)))
        return sc_reader_fail(r, ST_MALFORMED);
    consume(r, t.next + s.n);
    *out = s;
    return ST_OK;
}

int sc_read_bin(struct sc_reader *r, size_t max, struct cr_span *out)
{
    struct token t;
    struct cr_span s = {NULL, 0};

    *out = cr_span_of(NULL, 0);
    if (take(r, SC_PEEK_BIN, &t) != ST_OK || content(r, &t, max, &s) != ST_OK)
        return r->status;
    consume(r, t.next + s.n);
    *out = s;
    return ST_OK;
}

int sc_read_fixed(struct sc_reader *r, size_t n, void *out)
{
    struct token t;
    struct cr_span s = {NULL, 0};

    CR_ASSERT(n > 0);
    memset(out, 0, n);
    if (take(r, SC_PEEK_BIN, &t) != ST_OK)
        return r->status;
    if (t.u != n)
        return sc_reader_fail(r, ST_MALFORMED);
    if (content(r, &t, n, &s) != ST_OK)
        return r->status;
    memcpy(out, s.p, n);
    consume(r, t.next + n);
    return ST_OK;
}

/* Opens a container of `items` values, each of at least one byte. */
static int open_container(struct sc_reader *r, const struct token *t, uint64_t max, uint64_t factor)
{
    if (t->u > max)
        return sc_reader_fail(r, ST_OVERSIZE);
    if (t->u > (uint64_t)(r->end - t->next) / factor)
        return sc_reader_fail(r, ST_TRUNCATED);
    if (r->depth == SC_DEPTH_MAX)
        return sc_reader_fail(r, ST_MALFORMED);
    r->p = t->next;
    if (r->depth > 0)
        r->left[r->depth - 1]--;
    if (t->u > 0)
        r->left[r->depth++] = t->u * factor;
    else
        close_complete(r);
    return ST_OK;
}

int sc_read_array(struct sc_reader *r, uint64_t max, uint64_t *count)
{
    struct token t;

    *count = 0;
    if (take(r, SC_PEEK_ARRAY, &t) == ST_OK && open_container(r, &t, max, 1) == ST_OK)
        *count = t.u;
    return r->status;
}

int sc_read_map(struct sc_reader *r, uint64_t max, uint64_t *count)
{
    struct token t;

    *count = 0;
    if (take(r, SC_PEEK_MAP, &t) == ST_OK && open_container(r, &t, max, 2) == ST_OK)
        *count = t.u;
    return r->status;
}

int sc_read_key(struct sc_reader *r, int *previous)
{
    struct token t;

    if (take(r, SC_PEEK_UINT, &t) != ST_OK)
        return r->status;
    if (t.u > KEY_MAX || (int)t.u <= *previous)
        return sc_reader_fail(r, ST_MALFORMED);
    consume(r, t.next);
    *previous = (int)t.u;
    return ST_OK;
}

/* Recursion is bounded: containers deeper than SC_DEPTH_MAX are refused before they are entered. */
static void skip_value(struct sc_reader *r) /* NOLINT(misc-no-recursion) */
{
    struct token t;
    struct cr_span ignored;
    uint64_t count;
    int key = -1;
    int status = scan(r->p, r->end, &t);

    if (status != ST_OK) {
        (void)sc_reader_fail(r, status);
        return;
    }
    switch (t.kind) {
    case SC_PEEK_UINT:
    case SC_PEEK_INT:
    case SC_PEEK_NIL:
    case SC_PEEK_BOOL: consume(r, t.next); break;
    case SC_PEEK_TEXT: (void)sc_read_text(r, SIZE_MAX, &ignored); break;
    case SC_PEEK_BIN: (void)sc_read_bin(r, SIZE_MAX, &ignored); break;
    case SC_PEEK_ARRAY:
        (void)sc_read_array(r, UINT64_MAX, &count);
        for (uint64_t k = 0; k < count && r->status == ST_OK; k++)
            skip_value(r);
        break;
    case SC_PEEK_MAP:
        (void)sc_read_map(r, UINT64_MAX, &count);
        for (uint64_t k = 0; k < count && sc_read_key(r, &key) == ST_OK; k++)
            skip_value(r);
        break;
    case SC_PEEK_END:
    case SC_PEEK_BAD: (void)sc_reader_fail(r, ST_MALFORMED); break;
    }
}

int sc_read_any(struct sc_reader *r, struct cr_span *out)
{
    const uint8_t *from = r->p;

    if (out != NULL)
        *out = cr_span_of(NULL, 0);
    if (r->status == ST_OK)
        skip_value(r);
    if (r->status == ST_OK && out != NULL)
        *out = cr_span_of(from, (size_t)(r->p - from));
    return r->status;
}

static int append(void *data, const char *bytes, size_t n)
{
    return cr_buf_append(data, bytes, n);
}

static msgpack_packer packer(struct sc_writer *w)
{
    msgpack_packer pk;

    msgpack_packer_init(&pk, w->out, append);
    return pk;
}

/* Runs one packing call unless an earlier one failed. */
#define PACK(w, call)                      \
    do {                                   \
        if ((w)->status == ST_OK) {        \
            msgpack_packer pk = packer(w); \
            (w)->status = (call);          \
        }                                  \
    } while (0)

void sc_writer_init(struct sc_writer *w, struct cr_buf *out)
{
    w->out = out;
    w->status = ST_OK;
}

void sc_write_u64(struct sc_writer *w, uint64_t v)
{
    PACK(w, msgpack_pack_uint64(&pk, v));
}

void sc_write_i64(struct sc_writer *w, int64_t v)
{
    PACK(w, msgpack_pack_int64(&pk, v));
}

void sc_write_bool(struct sc_writer *w, bool v)
{
    PACK(w, v ? msgpack_pack_true(&pk) : msgpack_pack_false(&pk));
}

void sc_write_nil(struct sc_writer *w)
{
    PACK(w, msgpack_pack_nil(&pk));
}

void sc_write_text(struct sc_writer *w, struct cr_span utf8)
{
    CR_ASSERT(utf8.n <= UINT32_MAX);
    PACK(w, msgpack_pack_str(&pk, utf8.n));
    sc_write_raw(w, utf8);
}

void sc_write_bin(struct sc_writer *w, struct cr_span bytes)
{
    CR_ASSERT(bytes.n <= UINT32_MAX);
    PACK(w, msgpack_pack_bin(&pk, bytes.n));
    sc_write_raw(w, bytes);
}

void sc_write_array(struct sc_writer *w, uint64_t count)
{
    CR_ASSERT(count <= UINT32_MAX);
    PACK(w, msgpack_pack_array(&pk, (size_t)count));
}

void sc_write_map(struct sc_writer *w, uint64_t count)
{
    CR_ASSERT(count <= UINT32_MAX);
    PACK(w, msgpack_pack_map(&pk, (size_t)count));
}

void sc_write_raw(struct sc_writer *w, struct cr_span canonical)
{
    if (w->status == ST_OK && canonical.n > 0)
        w->status = cr_buf_append(w->out, canonical.p, canonical.n);
}
