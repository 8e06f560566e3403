/* The canonical reader: whatever sc_read_any accepts must be what the writer writes for it. */
#include "crypto/base/assert.h"
#include "schema/wire.h"
#include "tests/fuzz/fuzz.h"

static void copy(struct sc_reader *r, struct sc_writer *w);

static void copy_number(struct sc_reader *r, struct sc_writer *w)
{
    uint64_t u;
    int64_t i;

    if (sc_peek(r) == SC_PEEK_UINT) {
        (void)sc_read_u64(r, UINT64_MAX, &u);
        sc_write_u64(w, u);
    } else {
        (void)sc_read_i64(r, INT64_MIN, -1, &i);
        sc_write_i64(w, i);
    }
}

static void copy_bytes(struct sc_reader *r, struct sc_writer *w)
{
    struct cr_span s;

    if (sc_peek(r) == SC_PEEK_TEXT) {
        (void)sc_read_text(r, SIZE_MAX, &s);
        sc_write_text(w, s);
    } else {
        (void)sc_read_bin(r, SIZE_MAX, &s);
        sc_write_bin(w, s);
    }
}

static void copy_container(struct sc_reader *r, struct sc_writer *w)
{
    uint64_t count;
    int key = -1;

    if (sc_peek(r) == SC_PEEK_ARRAY) {
        (void)sc_read_array(r, UINT64_MAX, &count);
        sc_write_array(w, count);
        for (uint64_t k = 0; k < count && r->status == ST_OK; k++)
            copy(r, w);
        return;
    }
    (void)sc_read_map(r, UINT64_MAX, &count);
    sc_write_map(w, count);
    for (uint64_t k = 0; k < count && sc_read_key(r, &key) == ST_OK; k++) {
        sc_write_u64(w, (uint64_t)key);
        copy(r, w);
    }
}

static void copy(struct sc_reader *r, struct sc_writer *w)
{
    bool yes;

    switch (sc_peek(r)) {
    case SC_PEEK_UINT:
    case SC_PEEK_INT: copy_number(r, w); break;
    case SC_PEEK_TEXT:
    case SC_PEEK_BIN: copy_bytes(r, w); break;
    case SC_PEEK_ARRAY:
    case SC_PEEK_MAP: copy_container(r, w); break;
    case SC_PEEK_BOOL:
        (void)sc_read_bool(r, &yes);
        sc_write_bool(w, yes);
        break;
    case SC_PEEK_NIL:
        (void)sc_read_nil(r);
        sc_write_nil(w);
        break;
    case SC_PEEK_END:
    case SC_PEEK_BAD: (void)sc_reader_fail(r, ST_MALFORMED); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cr_span in = cr_span_of(p, n), whole;
    struct sc_reader r;
    struct sc_writer w;
    struct cr_buf out;

    sc_reader_init(&r, in);
    (void)sc_read_any(&r, &whole);
    if (sc_reader_finish(&r) != ST_OK)
        return 0;
    CR_ASSERT(whole.n == n);
    cr_buf_init(&out, n + 16);
    sc_reader_init(&r, in);
    sc_writer_init(&w, &out);
    copy(&r, &w);
    CR_ASSERT(sc_reader_finish(&r) == ST_OK);
    CR_ASSERT(w.status == ST_OK);
    CR_ASSERT(cr_span_equal(in, cr_buf_span(&out)));
    cr_buf_release(&out);
    return 0;
}
