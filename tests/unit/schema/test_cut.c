#include "tests/unit/schema/support.h"

#include "tests/lib/oom.h"

#include "schema/cut.h"

#define SUBJECT "1111111111111111111111111111111111111111111111111111111111111111"
#define ID_A    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCOPE   "0000007475a09a86" /* 500118003206 */
#define PUBLIC  "0000000000000001"
#define INC_1   "0000000000000001"
#define SEQ_5   "0000000000000005"
#define SEQ_9   "0000000000000009"
#define HEAD_A  PUBLIC INC_1 SEQ_5 ID_A
#define HEAD_B  PUBLIC INC_1 SEQ_9 ID_B
#define KEY     "20 c420" SUBJECT

static void lists(struct cr_buf *heads, struct cr_buf *deps)
{
    struct sc_cut_head h = {.scope = SC_SCOPE_PUBLIC, .incarnation = 1, .seq = 5};
    struct sc_cut_dep d = {.seq = 9};

    cr_buf_init(heads, 4096);
    cr_buf_init(deps, 4096);
    unhex_to(ID_A, h.entry_id.b, 32);
    unhex_to(ID_B, d.log_id.b, 32);
    unhex_to(ID_A, d.entry_id.b, 32);
    ts_assert_ok(sc_cut_put_head(heads, &h));
    h.scope = UINT64_C(500118003206);
    unhex_to(ID_B, h.entry_id.b, 32);
    ts_assert_ok(sc_cut_put_head(heads, &h));
    ts_assert_ok(sc_cut_put_dep(deps, &d));
}

static int cut_again(struct cr_span in, struct cr_buf *again)
{
    struct sc_cut c;
    int rc = sc_cut_decode(in, &c, NULL);

    if (rc == ST_OK)
        ts_assert_ok(sc_cut_encode(&c, again, NULL));
    return rc;
}

static int adopt_again(struct cr_span in, struct cr_buf *again)
{
    struct sc_adopt a;
    int rc = sc_adopt_decode(in, &a, NULL);

    if (rc == ST_OK)
        ts_assert_ok(sc_adopt_encode(&a, again, NULL));
    return rc;
}

/* What was put in comes out again, item by item, and one cut has one spelling. */
static void test_cut__round_trip(void **state)
{
    static const enum sc_cut_mode modes[] = {SC_CUT_REVOKE, SC_CUT_FORK, SC_CUT_RETIRE};
    struct cr_buf heads, deps, body;

    (void)state;
    lists(&heads, &deps);
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct sc_cut c = {.mode = modes[i]}, back;
        struct sc_cut_head h;
        struct sc_cut_dep d;

        unhex_to(SUBJECT, c.subject.b, 32);
        c.incarnation = c.mode == SC_CUT_FORK ? 1 : 0;
        if (c.mode != SC_CUT_RETIRE) {
            c.heads = cr_buf_span(&heads);
            c.deps = cr_buf_span(&deps);
            c.text = cr_span_text("手机丢失");
        }
        cr_buf_init(&body, SC_PAYLOAD_MAX);
        ts_assert_ok(sc_cut_encode(&c, &body, NULL));
        ts_assert_ok(sc_cut_decode(cr_buf_span(&body), &back, NULL));
        assert_int_equal(back.mode, c.mode);
        assert_int_equal(back.incarnation, c.incarnation);
        assert_true(cr_sign_pk_equal(&back.subject, &c.subject));
        assert_true(cr_span_equal(back.text, c.text));
        assert_int_equal(sc_cut_head_count(back.heads), c.mode != SC_CUT_RETIRE ? 2 : 0);
        if (c.mode != SC_CUT_RETIRE) {
            sc_cut_head_at(back.heads, 1, &h);
            assert_int_equal(h.scope, UINT64_C(500118003206));
            assert_int_equal(h.incarnation, 1);
            assert_int_equal(h.seq, 5);
            assert_int_equal(h.entry_id.b[31], 0xbb);
            sc_cut_dep_at(back.deps, 0, &d);
            assert_int_equal(d.log_id.b[0], 0xbb);
            assert_int_equal(d.seq, 9);
            assert_int_equal(d.entry_id.b[0], 0xaa);
        }
        check_strict("cut", cr_buf_span(&body), cut_again);
        cr_buf_release(&body);
    }
    cr_buf_release(&heads);
    cr_buf_release(&deps);
}

/* The same of an adoption. */
static void test_cut__adopt_round_trip(void **state)
{
    struct sc_adopt_entry e = {.seq = 3}, back_e;
    struct sc_adopt a = {.scope = UINT64_C(500118003206), .incarnation = UINT64_MAX}, back;
    struct cr_buf entries, body;

    (void)state;
    cr_buf_init(&entries, 4096);
    cr_buf_init(&body, 4096);
    unhex_to(SUBJECT, a.subject.b, 32);
    unhex_to(ID_B, e.entry_id.b, 32);
    ts_assert_ok(sc_adopt_put(&entries, &e));
    e.seq = 4;
    unhex_to(ID_A, e.entry_id.b, 32);
    ts_assert_ok(sc_adopt_put(&entries, &e));
    a.entries = cr_buf_span(&entries);
    ts_assert_ok(sc_adopt_encode(&a, &body, NULL));
    ts_assert_ok(sc_adopt_decode(cr_buf_span(&body), &back, NULL));
    assert_int_equal(back.scope, a.scope);
    assert_int_equal(back.incarnation, UINT64_MAX);
    assert_int_equal(sc_adopt_count(back.entries), 2);
    sc_adopt_at(back.entries, 1, &back_e);
    assert_int_equal(back_e.seq, 4);
    assert_true(cr_hash_equal(&back_e.entry_id, &e.entry_id));
    check_strict("adopt", cr_buf_span(&body), adopt_again);
    cr_buf_release(&entries);
    cr_buf_release(&body);
}

/* Whatever has a second spelling, or says less than it seems to, is refused. */
static void test_cut__refused(void **state)
{
    static const struct {
        const char *name, *body;
        int status;
    } rows[] = {
        {"plain revoke", "82" KEY "21 01", ST_OK},
        {"fork without incarnation", "82" KEY "21 02", ST_MALFORMED},
        {"revoke with incarnation", "83" KEY "21 01 22 01", ST_MALFORMED},
        {"retire with heads", "83" KEY "21 03 23 c438" HEAD_A, ST_MALFORMED},
        {"unknown mode", "82" KEY "21 04", ST_RANGE},
        {"no mode", "81" KEY, ST_MALFORMED},
        {"no subject", "81 21 01", ST_MALFORMED},
        {"short subject",
         "82 20 c41f" /* 31 bytes: the id's last digits are missing */
         "11111111111111111111111111111111111111111111111111111111111111"
         "21 01",
         ST_MALFORMED},
        {"empty text", "83 03 a0" KEY "21 01", ST_MALFORMED},
        {"empty heads", "83" KEY "21 01 23 c400", ST_MALFORMED},
        {"one head", "83" KEY "21 01 23 c438" HEAD_A, ST_OK},
        {"head cut short",
         "83" KEY "21 01 23 c437" PUBLIC INC_1 SEQ_5
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         ST_MALFORMED},
        {"two heads", "83" KEY "21 01 23 c470" HEAD_A HEAD_B, ST_OK},
        {"heads twice", "83" KEY "21 01 23 c470" HEAD_A HEAD_A, ST_MALFORMED},
        {"heads in disorder", "83" KEY "21 01 23 c470" HEAD_B HEAD_A, ST_MALFORMED},
        {"scope that is none", "83" KEY "21 01 23 c438 0000000000000003" INC_1 SEQ_5 ID_A,
         ST_MALFORMED},
        {"seq out of range", "83" KEY "21 01 23 c438" PUBLIC INC_1 "0000010000000001" ID_A,
         ST_MALFORMED},
        {"fork", "84" KEY "21 02 22 01 23 c438" HEAD_A, ST_OK},
        {"fork naming another incarnation", "84" KEY "21 02 22 02 23 c438" HEAD_A, ST_MALFORMED},
        {"dep", "83" KEY "21 01 24 c448" ID_A SEQ_5 ID_B, ST_OK},
        {"dep out of range", "83" KEY "21 01 24 c448" ID_A "ff00000000000000" ID_B, ST_MALFORMED},
        {"unknown field", "83" KEY "21 01 25 01", ST_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t buf[GOLDEN_BYTES];
        struct sc_cut c;
        int got = sc_cut_decode(unhex(rows[i].body, buf), &c, NULL);

        if (got != rows[i].status)
            ts_fail("%s: %s", rows[i].name, st_name((enum st_code)got));
    }
}

/* The same of an adoption. */
static void test_cut__adopt_refused(void **state)
{
    static const struct {
        const char *name, *body;
        int status;
    } rows[] = {
        {"one", "84" KEY "21 01 22 07 23 c428" SEQ_5 ID_A, ST_OK},
        {"none", "83" KEY "21 01 22 07", ST_MALFORMED},
        {"empty", "84" KEY "21 01 22 07 23 c400", ST_MALFORMED},
        {"disorder", "84" KEY "21 01 22 07 23 c450" SEQ_9 ID_A SEQ_5 ID_A, ST_MALFORMED},
        {"scope", "84" KEY "21 03 22 07 23 c428" SEQ_5 ID_A, ST_RANGE},
        {"seq", "84" KEY "21 01 22 07 23 c428 8000000000000000" ID_A, ST_RANGE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t buf[GOLDEN_BYTES];
        struct sc_adopt a;
        int got = sc_adopt_decode(unhex(rows[i].body, buf), &a, NULL);

        if (got != rows[i].status)
            ts_fail("%s: %s", rows[i].name, st_name((enum st_code)got));
    }
}

static int encode_once(void *ctx)
{
    struct sc_cut c = {.mode = SC_CUT_REVOKE, .text = cr_span_text("x")};
    struct cr_buf body;
    int rc;

    (void)ctx;
    cr_buf_init(&body, 4096);
    rc = sc_cut_encode(&c, &body, NULL);
    if (rc != ST_OK)
        assert_int_equal(body.n, 0);
    cr_buf_release(&body);
    return rc;
}

/* Without memory nothing is appended. */
static void test_cut__out_of_memory(void **state)
{
    (void)state;
    assert_true(ts_oom_sweep(encode_once, NULL) > 0);
}

/* The longest lists fit a payload. */
static void test_cut__longest(void **state)
{
    struct sc_cut c = {.mode = SC_CUT_REVOKE}, back;
    struct sc_cut_head h = {.scope = SC_SCOPE_PUBLIC};
    struct cr_buf heads, body;

    (void)state;
    cr_buf_init(&heads, SC_PAYLOAD_MAX);
    cr_buf_init(&body, SC_PAYLOAD_MAX - 64);
    for (h.seq = 0; h.seq < SC_CUT_HEADS_MAX; h.seq++)
        ts_assert_ok(sc_cut_put_head(&heads, &h));
    c.heads = cr_buf_span(&heads);
    ts_assert_ok(sc_cut_encode(&c, &body, NULL));
    ts_assert_ok(sc_cut_decode(cr_buf_span(&body), &back, NULL));
    ts_assert_ok(sc_cut_put_head(&heads, &h));
    c.heads = cr_buf_span(&heads);
    cr_buf_clear(&body);
    ts_assert_status(sc_cut_encode(&c, &body, NULL), ST_OVERSIZE);
    cr_buf_release(&heads);
    cr_buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut__round_trip), cmocka_unit_test(test_cut__adopt_round_trip),
        cmocka_unit_test(test_cut__refused),    cmocka_unit_test(test_cut__adopt_refused),
        cmocka_unit_test(test_cut__longest),    cmocka_unit_test(test_cut__out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
