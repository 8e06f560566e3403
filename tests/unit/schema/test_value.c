/* Values as persons type them (value_parse.c). */
#include "tests/unit/schema/support.h"

struct row {
    const char *record, *field, *text;
    int status;
    uint64_t u;        /* numbers; for texts and bytes: their length */
    const char *bytes; /* hex of the span, NULL: not looked at */
};

static void check(const struct row *row)
{
    const struct sc_record *rec = sc_record_by_name(row->record);
    const struct sc_field *f = rec != NULL ? sc_field_by_name(rec, row->field) : NULL;
    struct sc_value v = {0};
    struct st_err err = {0};
    struct cr_buf arena;
    int status;

    if (f == NULL)
        ts_fail("%s.%s: no such field", row->record, row->field);
    cr_buf_init(&arena, 4096);
    status = sc_value_parse(f, row->text, &arena, &v, &err);
    if (status != row->status || status != (int)err.code)
        ts_fail("%s = %s: %s: %s", row->field, row->text, st_name((enum st_code)status), err.msg);
    if (status == ST_OK && row->bytes != NULL)
        ts_assert_hex(v.s.p, v.s.n, row->bytes);
    else if (status == ST_OK && f->kind == SC_F_I64)
        assert_true(v.i == (int64_t)row->u);
    else if (status == ST_OK && v.s.n == 0 && v.u != row->u)
        ts_fail("%s = %s: %llu", row->field, row->text, (unsigned long long)v.u);
    if (status != ST_OK && strstr(err.msg, row->field) == NULL)
        ts_fail("%s = %s: the message names no field: %s", row->field, row->text, err.msg);
    cr_buf_release(&arena);
}

#define OK(record, field, text, u)                      \
    {                                                   \
        record, field, text, ST_OK, (uint64_t)(u), NULL \
    }
#define HEX(record, field, text, bytes)      \
    {                                        \
        record, field, text, ST_OK, 0, bytes \
    }
#define BAD(record, field, text, status)     \
    {                                        \
        record, field, text, status, 0, NULL \
    }

/* Numbers, choices, yes and no, grids, positions. */
static void test_value__numbers(void **state)
{
    static const struct row rows[] = {
        OK("place", "floors", "7", 7),
        BAD("place", "floors", "201", ST_RANGE),
        BAD("place", "floors", "-1", ST_MALFORMED),
        BAD("place", "floors", "07", ST_MALFORMED),
        BAD("place", "floors", "", ST_MALFORMED),
        OK("place", "kind", "shop", 1),
        OK("place", "kind", "小作坊", 2),
        OK("place", "kind", "16", 16),
        OK("place", "kind", "17", 17), /* the street may have added it */
        BAD("place", "kind", "0", ST_MALFORMED),
        BAD("place", "kind", "1000", ST_MALFORMED),
        BAD("building", "kind", "17", ST_MALFORMED),
        BAD("place", "kind", "Shop", ST_MALFORMED),
        OK("place", "street-front", "yes", 1),
        OK("place", "street-front", "否", 0),
        BAD("place", "street-front", "maybe", ST_MALFORMED),
        OK("place", "grid", "500118003206012", 500118003206012),
        BAD("place", "grid", "50011800320601", ST_RANGE),
        OK("place", "lat", "29.35", 293500000),
        OK("place", "lat", "-0.0000001", -1),
        OK("place", "lat", "293500000", 293500000),
        OK("place", "lon", "105.9271234", 1059271234),
        BAD("place", "lat", "90.0000001", ST_RANGE),
        BAD("place", "lat", "29.", ST_MALFORMED),
        BAD("place", "lat", "29.12345678", ST_MALFORMED),
        BAD("place", "lat", "29.3x", ST_MALFORMED),
        BAD("place", "lat", "29,3", ST_MALFORMED),
        BAD("place", "lat", "--1", ST_MALFORMED),
        OK("cert", "roles", "officer,node", SC_ROLE_OFFICER | SC_ROLE_NODE),
        OK("cert", "roles", " 网格员 , node ", SC_ROLE_OFFICER | SC_ROLE_NODE),
        BAD("cert", "roles", "root", ST_MALFORMED),
        BAD("cert", "roles", "", ST_MALFORMED),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(&rows[i]);
}

/* Dates are of UTC+8; what is no day is refused. */
static void test_value__times(void **state)
{
    static const struct row rows[] = {
        OK("visit", "when", "1970-01-01 08:00", 0),
        OK("visit", "when", "2025-01-01", 1735660800000),
        OK("visit", "when", "2025-01-01 08:00", 1735689600000),
        OK("visit", "when", "2025-01-01T08:00:01", 1735689601000),
        OK("visit", "when", "2024-02-29 00:00:00", 1709136000000),
        OK("visit", "when", "2000-03-01", 951840000000),
        OK("visit", "when", "@1735689600123", 1735689600123),
        BAD("visit", "when", "1970-01-01", ST_MALFORMED),
        BAD("visit", "when", "2025-02-29", ST_MALFORMED),
        BAD("visit", "when", "2100-02-29", ST_MALFORMED),
        BAD("visit", "when", "2025-13-01", ST_MALFORMED),
        BAD("visit", "when", "2025-00-01", ST_MALFORMED),
        BAD("visit", "when", "2025-01-32", ST_MALFORMED),
        BAD("visit", "when", "2025-1-1", ST_MALFORMED),
        BAD("visit", "when", "2025-01-01 24:00", ST_MALFORMED),
        BAD("visit", "when", "2025-01-01 08:60", ST_MALFORMED),
        BAD("visit", "when", "2025-01-01 08", ST_MALFORMED),
        BAD("visit", "when", "2025-01-01 08:00:00Z", ST_MALFORMED),
        BAD("visit", "when", "2025-01-01 ", ST_MALFORMED),
        BAD("visit", "when", "", ST_MALFORMED),
        BAD("visit", "when", "@", ST_MALFORMED),
        BAD("visit", "when", "@999999999999999", ST_MALFORMED),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(&rows[i]);
}

/* Texts, ids and lists come out in their canonical form. */
static void test_value__bytes_and_lists(void **state)
{
    static const struct row rows[] = {
        HEX("hazard-report", "code", "A03", "413033"),
        OK("hazard-report", "code", "A99", 3),
        BAD("hazard-report", "code", "99A", ST_MALFORMED),
        BAD("hazard-report", "code", "A999", ST_MALFORMED),
        BAD("person", "name", "", ST_MALFORMED),
        HEX("hazard-report", "text", "纸箱", "e7bab8e7aeb1"),
        HEX("hazard-report", "text", "", ""),
        BAD("hazard-report", "text", "\xff", ST_MALFORMED),
        HEX("hazard-report", "place", "000102030405060708090A0b0c0d0e0f",
            "000102030405060708090a0b0c0d0e0f"),
        BAD("hazard-report", "place", "000102030405060708090a0b0c0d0e", ST_MALFORMED),
        BAD("hazard-report", "place", "000102030405060708090a0b0c0d0e0g", ST_MALFORMED),
        HEX("hazard-report", "evidence", "a, b", "92a161a162"),
        HEX("hazard-report", "evidence", "", "90"),
        BAD("hazard-report", "evidence", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", ST_OVERSIZE),
        HEX("visit", "purposes", "routine,宣传教育,3", "93010403"),
        BAD("visit", "purposes", "routine,nothing", ST_MALFORMED),
        HEX("visit", "answers", "A01=bad:locked, A02=ok",
            "9293a341303102a66c6f636b656493a341303201a0"),
        BAD("visit", "answers", "A01", ST_MALFORMED),
        BAD("visit", "answers", "A01=perhaps", ST_MALFORMED),
        HEX("notice", "grids", "500118003,500118003206", "92ce1dcf31f3cf00000074715b1e06"),
        BAD("notice", "grids", "500118003206,500118003", ST_RANGE),
        BAD("notice", "grids", "12", ST_RANGE),
        BAD("notice", "grids", "x", ST_MALFORMED),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check(&rows[i]);
}

/* Values keep their bytes while more are parsed into the same arena, until it is full. */
static void test_value__arena_stays(void **state)
{
    const struct sc_field *text = sc_field_by_name(sc_record_by_name("hazard-report"), "text");
    struct sc_value v[8] = {{0}};
    struct cr_buf arena;

    (void)state;
    cr_buf_init(&arena, 70);
    for (size_t i = 0; i < 7; i++)
        ts_assert_ok(sc_value_parse(text, "0123456789", &arena, &v[i], NULL));
    ts_assert_status(sc_value_parse(text, "0", &arena, &v[7], NULL), ST_OVERSIZE);
    assert_false(v[7].present);
    for (size_t i = 0; i < 7; i++)
        assert_true(cr_span_equal(v[i].s, cr_span_text("0123456789")));
    cr_buf_release(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value__numbers),
        cmocka_unit_test(test_value__times),
        cmocka_unit_test(test_value__bytes_and_lists),
        cmocka_unit_test(test_value__arena_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
