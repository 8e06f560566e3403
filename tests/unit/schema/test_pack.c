#include "tests/unit/schema/support.h"

#include "tests/lib/oom.h"

#define BLOCKS  40
#define RAW_MAX SC_BATCH_RAW_MAX

/* Some text that compresses, different each time. */
static void make_block(struct ts_prng *r, struct cr_buf *out)
{
    static const char *const words[] = {"安全出口", "堵塞", "灭火器", "过期",
                                        "整改",     "复查", "电动车"};
    size_t count = (size_t)ts_prng_range(r, 1, 4000);

    cr_buf_clear(out);
    for (size_t i = 0; i < count; i++) {
        const char *word = words[ts_prng_below(r, COUNT(words))];
        uint8_t noise = (uint8_t)ts_prng_below(r, 256);

        ts_assert_ok(cr_buf_append(out, word, strlen(word)));
        ts_assert_ok(cr_buf_append(out, &noise, 1));
    }
}

struct stream {
    struct sc_pack *p;
    struct sc_unpack *u;
    struct cr_buf raw, packed, out;
};

static void stream_init(struct stream *s)
{
    s->p = sc_pack_new(3);
    s->u = sc_unpack_new();
    assert_non_null(s->p);
    assert_non_null(s->u);
    cr_buf_init(&s->raw, 1 << 20);
    cr_buf_init(&s->packed, 1 << 20);
    cr_buf_init(&s->out, 1 << 20);
}

static void stream_release(struct stream *s)
{
    sc_pack_free(s->p);
    sc_unpack_free(s->u);
    cr_buf_release(&s->raw);
    cr_buf_release(&s->packed);
    cr_buf_release(&s->out);
}

/* Block after block comes out as it went in, and later ones profit from earlier ones. */
static void test_pack__stream(void **state)
{
    struct stream s;
    struct ts_prng r;
    size_t first = 0, second = 0;

    (void)state;
    ts_prng_init(&r, 7);
    stream_init(&s);
    for (size_t i = 0; i < BLOCKS; i++) {
        make_block(&r, &s.raw);
        cr_buf_clear(&s.packed);
        cr_buf_clear(&s.out);
        ts_assert_ok(sc_pack_flush(s.p, cr_buf_span(&s.raw), &s.packed));
        ts_assert_ok(sc_unpack_block(s.u, cr_buf_span(&s.packed), s.raw.n, &s.out));
        assert_true(cr_span_equal(cr_buf_span(&s.raw), cr_buf_span(&s.out)));
    }
    for (size_t i = 0; i < 2; i++) { /* the same block twice: the second is nearly free */
        cr_buf_clear(&s.packed);
        ts_assert_ok(sc_pack_flush(s.p, cr_buf_span(&s.raw), &s.packed));
        *(i == 0 ? &first : &second) = s.packed.n;
    }
    assert_true(second < 100);
    stream_release(&s);
}

/* One byte too many is refused, nothing of it stays, and the stream is dead. */
static void test_pack__expands_no_further(void **state)
{
    struct stream s;

    (void)state;
    stream_init(&s);
    for (size_t i = 0; i < RAW_MAX + 1; i++)
        ts_assert_ok(cr_buf_append(&s.raw, "x", 1));
    ts_assert_ok(sc_pack_flush(s.p, cr_buf_span(&s.raw), &s.packed));
    assert_true(s.packed.n < 200);
    ts_assert_status(sc_unpack_block(s.u, cr_buf_span(&s.packed), RAW_MAX, &s.out), ST_OVERSIZE);
    assert_int_equal(s.out.n, 0);
    ts_assert_status(sc_unpack_block(s.u, cr_buf_span(&s.packed), RAW_MAX, &s.out), ST_STATE);
    stream_release(&s);
}

/* A buffer that is too small on the sender's side ends its stream. */
static void test_pack__sender_full(void **state)
{
    struct stream s;
    struct ts_prng r;
    struct cr_buf small;

    (void)state;
    ts_prng_init(&r, 8);
    stream_init(&s);
    make_block(&r, &s.raw);
    cr_buf_init(&small, 10);
    ts_assert_status(sc_pack_flush(s.p, cr_buf_span(&s.raw), &small), ST_OVERSIZE);
    assert_int_equal(small.n, 0);
    ts_assert_status(sc_pack_flush(s.p, cr_buf_span(&s.raw), &s.packed), ST_STATE);
    cr_buf_release(&small);
    stream_release(&s);
}

/* A window larger than ours, an ended frame and an empty block are refused. */
static void test_pack__refuses(void **state)
{
    struct stream s;
    struct cr_buf once;
    uint8_t window[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x48, 0x01, 0x00, 0x00}; /* 512 KiB */

    (void)state;
    stream_init(&s);
    ts_assert_status(sc_unpack_block(s.u, cr_span_of(window, sizeof window), RAW_MAX, &s.out),
                     ST_MALFORMED);
    stream_release(&s);
    stream_init(&s);
    ts_assert_status(sc_unpack_block(s.u, cr_span_of(window, 0), RAW_MAX, &s.out), ST_MALFORMED);
    stream_release(&s);
    stream_init(&s);
    cr_buf_init(&once, 1000);
    ts_assert_ok(sc_pack_once(3, cr_span_text("hello"), &once));
    ts_assert_status(sc_unpack_block(s.u, cr_buf_span(&once), RAW_MAX, &s.out), ST_MALFORMED);
    cr_buf_release(&once);
    stream_release(&s);
}

static void on_mutant(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct sc_unpack *u = sc_unpack_new();
    struct cr_buf out;

    (void)ctx;
    (void)index;
    assert_non_null(u);
    cr_buf_init(&out, 1 << 16);
    if (sc_unpack_block(u, cr_span_of(p, n), 1 << 14, &out) == ST_OK)
        assert_true(out.n <= 1 << 14);
    else
        assert_int_equal(out.n, 0);
    sc_unpack_free(u);
    cr_buf_release(&out);
}

/* Damaged blocks never crash and never yield more than allowed. */
static void test_pack__mutants(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct cr_span raw = unhex(golden_batch, buf);
    struct stream s;

    (void)state;
    stream_init(&s);
    ts_assert_ok(sc_pack_flush(s.p, raw, &s.packed));
    ts_each_prefix(s.packed.p, s.packed.n, on_mutant, NULL);
    ts_each_bit_flip(s.packed.p, s.packed.n, on_mutant, NULL);
    stream_release(&s);
}

/* One-shot: whole or refused. */
static void test_pack__once(void **state)
{
    struct cr_buf raw, packed, out;
    struct ts_prng r;

    (void)state;
    ts_prng_init(&r, 9);
    cr_buf_init(&raw, 1 << 20);
    cr_buf_init(&packed, 1 << 20);
    cr_buf_init(&out, 1 << 20);
    make_block(&r, &raw);
    ts_assert_ok(sc_pack_once(19, cr_buf_span(&raw), &packed));
    ts_assert_ok(sc_unpack_once(cr_buf_span(&packed), raw.n, &out));
    assert_true(cr_span_equal(cr_buf_span(&raw), cr_buf_span(&out)));
    ts_assert_status(sc_unpack_once(cr_buf_span(&packed), raw.n - 1, &out), ST_OVERSIZE);
    assert_int_equal(out.n, raw.n);
    ts_assert_status(sc_unpack_once(cr_span_of(packed.p, packed.n - 1), raw.n, &out), ST_TRUNCATED);
    ts_assert_ok(cr_buf_append(&packed, "", 1));
    ts_assert_status(sc_unpack_once(cr_buf_span(&packed), raw.n, &out), ST_MALFORMED);
    cr_buf_release(&raw);
    cr_buf_release(&packed);
    cr_buf_release(&out);
}

/* Our own allocations, each failing once (zstd's are in its shared library, out of reach). */
static int use_stream(void *ctx)
{
    struct sc_pack *p = sc_pack_new(1);
    struct sc_unpack *u = sc_unpack_new();
    struct cr_buf out;
    int rc = ST_NOMEM;

    (void)ctx;
    cr_buf_init(&out, 1 << 16);
    if (p != NULL && u != NULL)
        rc = sc_pack_flush(p, cr_span_text("text"), &out);
    sc_pack_free(p);
    sc_unpack_free(u);
    cr_buf_release(&out);
    return rc;
}

static void test_pack__no_memory(void **state)
{
    (void)state;
    assert_true(ts_oom_sweep(use_stream, NULL) >= 3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pack__stream),      cmocka_unit_test(test_pack__expands_no_further),
        cmocka_unit_test(test_pack__sender_full), cmocka_unit_test(test_pack__refuses),
        cmocka_unit_test(test_pack__mutants),     cmocka_unit_test(test_pack__once),
        cmocka_unit_test(test_pack__no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
