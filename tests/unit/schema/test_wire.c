#include "tests/unit/schema/support.h"

#define WHOLE \
    "9f01e07fccffcdffffceffffffffcfffffffffffffffffd0dfc2c3a3e7a694c4030102038201000201c09100"

static struct cr_span bytes_of(const char *hex)
{
    static uint8_t buf[GOLDEN_BYTES]; /* one thread, one input at a time */

    return unhex(hex, buf);
}

/* Reads any one value and writes it again, value by value. */
static void copy_value(struct sc_reader *r, struct sc_writer *w) /* NOLINT(misc-no-recursion) */
{
    struct cr_span s;
    uint64_t u, count;
    int64_t i;
    bool yes;
    int key = -1;

    switch (sc_peek(r)) {
    case SC_PEEK_UINT:
        sc_read_u64(r, UINT64_MAX, &u);
        sc_write_u64(w, u);
        break;
    case SC_PEEK_INT:
        sc_read_i64(r, INT64_MIN, INT64_MAX, &i);
        sc_write_i64(w, i);
        break;
    case SC_PEEK_NIL:
        sc_read_nil(r);
        sc_write_nil(w);
        break;
    case SC_PEEK_BOOL:
        sc_read_bool(r, &yes);
        sc_write_bool(w, yes);
        break;
    case SC_PEEK_TEXT:
        sc_read_text(r, SIZE_MAX, &s);
        sc_write_text(w, s);
        break;
    case SC_PEEK_BIN:
        sc_read_bin(r, SIZE_MAX, &s);
        sc_write_bin(w, s);
        break;
    case SC_PEEK_ARRAY:
        sc_read_array(r, UINT64_MAX, &count);
        sc_write_array(w, count);
        for (uint64_t k = 0; k < count && r->status == ST_OK; k++)
            copy_value(r, w);
        break;
    case SC_PEEK_MAP:
        sc_read_map(r, UINT64_MAX, &count);
        sc_write_map(w, count);
        for (uint64_t k = 0; k < count && sc_read_key(r, &key) == ST_OK; k++) {
            sc_write_u64(w, (uint64_t)key);
            copy_value(r, w);
        }
        break;
    case SC_PEEK_END:
    case SC_PEEK_BAD: (void)sc_read_any(r, NULL); break;
    }
}

static int roundtrip_any(struct cr_span in, struct cr_buf *again)
{
    struct sc_reader any, r;
    struct sc_writer w;
    int status;

    sc_reader_init(&any, in);
    (void)sc_read_any(&any, NULL);
    status = sc_reader_finish(&any);
    sc_reader_init(&r, in);
    sc_writer_init(&w, again);
    if (sc_peek(&r) == SC_PEEK_END)
        return status;
    copy_value(&r, &w);
    ts_assert_ok(w.status);
    assert_int_equal(sc_reader_finish(&r) == ST_OK, status == ST_OK);
    return status;
}

/* Whatever the walker accepts is what the writer writes; damage is refused. */
static void test_wire__one_value_one_encoding(void **state)
{
    (void)state;
    check_strict("every kind", bytes_of(WHOLE), roundtrip_any);
    check_strict("nested", bytes_of("9191919191919100"), roundtrip_any);
    check_strict(
        "long text",
        bytes_of("92d920616161616161616161616161616161616161616161616161616161616161616100"),
        roundtrip_any);
}

/* Each of these is no canonical value. */
static void test_wire__refuses(void **state)
{
    static const struct {
        const char *name, *hex;
        int status;
    } rows[] = {
        {"nothing", "", ST_TRUNCATED},
        {"uint8 of 7 bits", "cc7f", ST_MALFORMED},
        {"uint16 of 8 bits", "cd00ff", ST_MALFORMED},
        {"uint32 of 16 bits", "ce0000ffff", ST_MALFORMED},
        {"uint64 of 32 bits", "cf00000000ffffffff", ST_MALFORMED},
        {"int8 not negative", "d000", ST_MALFORMED},
        {"int8 of 5 bits", "d0e0", ST_MALFORMED},
        {"int16 of 8 bits", "d1ff80", ST_MALFORMED},
        {"int32 of 16 bits", "d2ffff8000", ST_MALFORMED},
        {"int64 of 32 bits", "d3ffffffff80000000", ST_MALFORMED},
        {"int64 positive", "d37fffffffffffffff", ST_MALFORMED},
        {"text 8 of 5 bits", "d90161", ST_MALFORMED},
        {"text 16 of 8 bits", "da000161", ST_MALFORMED},
        {"text 32 of 16 bits", "db0000000161", ST_MALFORMED},
        {"bin 16 of 8 bits", "c5000161", ST_MALFORMED},
        {"bin 32 of 16 bits", "c60000000161", ST_MALFORMED},
        {"array 16 of 4 bits", "dc000100", ST_MALFORMED},
        {"array 32 of 16 bits", "dd0000000100", ST_MALFORMED},
        {"map 16 of 4 bits", "de00010000", ST_MALFORMED},
        {"map 32 of 16 bits", "df000000010000", ST_MALFORMED},
        {"float 32", "ca00000000", ST_MALFORMED},
        {"float 64", "cb0000000000000000", ST_MALFORMED},
        {"extension", "d40100", ST_MALFORMED},
        {"extension 8", "c7010100", ST_MALFORMED},
        {"never used", "c1", ST_MALFORMED},
        {"text not UTF-8", "a1ff", ST_MALFORMED},
        {"text with NUL", "a100", ST_MALFORMED},
        {"text overlong", "a2c081", ST_MALFORMED},
        {"text surrogate", "a3eda080", ST_MALFORMED},
        {"map key twice", "8201000100", ST_MALFORMED},
        {"map keys descend", "8202000100", ST_MALFORMED},
        {"map key of 9 bits", "81cd010000", ST_MALFORMED},
        {"map key negative", "81ff00", ST_MALFORMED},
        {"map key text", "81a16100", ST_MALFORMED},
        {"nine deep", "919191919191919100", ST_OK},
        {"ten deep", "91919191919191919100", ST_MALFORMED},
        {"empty one too deep", "919191919191919190", ST_MALFORMED},
        {"two values", "0000", ST_MALFORMED},
        {"array bomb", "ddffffffff", ST_TRUNCATED},
        {"map bomb", "dfffffffff", ST_TRUNCATED},
        {"map of half its bytes", "82000100", ST_TRUNCATED},
        {"text bomb", "dbffffffff", ST_TRUNCATED},
        {"bin bomb", "c6ffffffff", ST_TRUNCATED},
        {"missing item", "9200", ST_TRUNCATED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sc_reader r;
        int status;

        sc_reader_init(&r, bytes_of(rows[i].hex));
        (void)sc_read_any(&r, NULL);
        status = sc_reader_finish(&r);
        if (status != rows[i].status)
            ts_fail("%s: %s, expected %s", rows[i].name, st_name((enum st_code)status),
                    st_name((enum st_code)rows[i].status));
    }
}

/* A count over the caller's maximum is told from one over what is there, before anything is read.
 */
static void test_wire__bounds(void **state)
{
    struct sc_reader r;
    struct cr_span s;
    uint64_t u;
    int64_t i;
    uint8_t four[4];

    (void)state;
    sc_reader_init(&r, bytes_of("ddffffffff"));
    ts_assert_status(sc_read_array(&r, 10, &u), ST_OVERSIZE);
    assert_int_equal(u, 0);
    sc_reader_init(&r, bytes_of("93000000"));
    ts_assert_status(sc_read_array(&r, 2, &u), ST_OVERSIZE);
    sc_reader_init(&r, bytes_of("a3616263"));
    ts_assert_status(sc_read_text(&r, 2, &s), ST_OVERSIZE);
    assert_int_equal(s.n, 0);
    sc_reader_init(&r, bytes_of("0b"));
    ts_assert_status(sc_read_u64(&r, 10, &u), ST_RANGE);
    assert_int_equal(u, 0);
    sc_reader_init(&r, bytes_of("cfffffffffffffffff"));
    ts_assert_status(sc_read_i64(&r, INT64_MIN, INT64_MAX, &i), ST_RANGE);
    sc_reader_init(&r, bytes_of("d38000000000000000"));
    ts_assert_ok(sc_read_i64(&r, INT64_MIN, INT64_MAX, &i));
    assert_true(i == INT64_MIN);
    sc_reader_init(&r, bytes_of("c403010203"));
    ts_assert_status(sc_read_fixed(&r, sizeof four, four), ST_MALFORMED);
}

/* After a failure every read answers the same, yields zeros and stays where it was. */
static void test_wire__sticky(void **state)
{
    struct sc_reader r;
    struct cr_span s;
    uint64_t u = 9;
    int64_t i = 9;
    bool yes = true;
    uint8_t two[2] = {9, 9};
    int key = -1;

    (void)state;
    sc_reader_init(&r, bytes_of("9201c1"));
    ts_assert_ok(sc_read_array(&r, 9, &u));
    ts_assert_ok(sc_read_u64(&r, 9, &u));
    ts_assert_status(sc_read_u64(&r, 9, &u), ST_MALFORMED);
    assert_int_equal(sc_reader_offset(&r), 2);
    ts_assert_status(sc_read_i64(&r, 0, 9, &i), ST_MALFORMED);
    ts_assert_status(sc_read_bool(&r, &yes), ST_MALFORMED);
    ts_assert_status(sc_read_nil(&r), ST_MALFORMED);
    ts_assert_status(sc_read_bin(&r, 9, &s), ST_MALFORMED);
    ts_assert_status(sc_read_fixed(&r, 2, two), ST_MALFORMED);
    ts_assert_status(sc_read_map(&r, 9, &u), ST_MALFORMED);
    ts_assert_status(sc_read_key(&r, &key), ST_MALFORMED);
    ts_assert_status(sc_read_any(&r, &s), ST_MALFORMED);
    ts_assert_status(sc_reader_fail(&r, ST_RANGE), ST_MALFORMED);
    ts_assert_status(sc_reader_finish(&r), ST_MALFORMED);
    assert_int_equal(sc_peek(&r), SC_PEEK_BAD);
    assert_true(u == 0 && i == 0 && !yes && two[0] == 0 && s.n == 0);
    assert_int_equal(sc_reader_offset(&r), 2);
}

/* A random tree as bytes: the writer's form of it is accepted and copied byte for byte. */
static void random_value(struct ts_prng *p, struct sc_writer *w, unsigned depth) /* NOLINT */
{
    uint8_t bytes[300];
    size_t n = (size_t)ts_prng_below(p, ts_prng_chance(p, 1, 8) ? sizeof bytes : 20);
    uint64_t number = ts_prng_u64(p) >> ts_prng_below(p, 64);
    uint64_t key = ts_prng_below(p, 200);

    switch (ts_prng_below(p, depth < SC_DEPTH_MAX ? 8 : 6)) {
    case 0: sc_write_u64(w, number); break;
    case 1: sc_write_i64(w, (int64_t)number); break;
    case 2: sc_write_i64(w, -1 - (int64_t)(number >> 1)); break;
    case 3: sc_write_bool(w, (number & 1) != 0); break;
    case 4:
        memset(bytes, 'a', n);
        sc_write_text(w, cr_span_of(bytes, n));
        break;
    case 5:
        ts_prng_bytes(p, bytes, n);
        sc_write_bin(w, cr_span_of(bytes, n));
        break;
    case 6:
        n = n % 18;
        sc_write_array(w, n);
        for (size_t k = 0; k < n; k++)
            random_value(p, w, depth + 1);
        break;
    default:
        n = n % 18;
        sc_write_map(w, n);
        for (size_t k = 0; k < n; k++) {
            sc_write_u64(w, key++);
            random_value(p, w, depth + 1);
        }
        break;
    }
}

static void one_tree(struct ts_prng *p, uint64_t seed, void *ctx)
{
    struct cr_buf first, second;
    struct sc_writer w;

    (void)seed;
    (void)ctx;
    cr_buf_init(&first, 1 << 20);
    cr_buf_init(&second, 1 << 20);
    sc_writer_init(&w, &first);
    random_value(p, &w, 6);
    ts_assert_ok(w.status);
    ts_assert_ok(roundtrip_any(cr_buf_span(&first), &second));
    assert_true(cr_span_equal(cr_buf_span(&first), cr_buf_span(&second)));
    cr_buf_release(&first);
    cr_buf_release(&second);
}

static void test_wire__writer_is_canonical(void **state)
{
    (void)state;
    ts_each_seed(1, 2000, one_tree, NULL);
}

/* A writer whose buffer is full says so at the end, whatever came after. */
static void test_wire__writer_full(void **state)
{
    struct cr_buf buf;
    struct sc_writer w;

    (void)state;
    cr_buf_init(&buf, 3);
    sc_writer_init(&w, &buf);
    sc_write_u64(&w, 1);
    sc_write_text(&w, cr_span_text("long"));
    sc_write_nil(&w);
    assert_int_equal(w.status, ST_OVERSIZE);
    cr_buf_release(&buf);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire__one_value_one_encoding),
        cmocka_unit_test(test_wire__refuses),
        cmocka_unit_test(test_wire__bounds),
        cmocka_unit_test(test_wire__sticky),
        cmocka_unit_test(test_wire__writer_is_canonical),
        cmocka_unit_test(test_wire__writer_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
