/* Records from JSON: what nd_json_body prints is read back as the same bytes, for every record of
 * the catalogue; what is wrong is named. */
#include "tests/lib/test.h"

#include "node/cmd.h"
#include "node/json_body.h"

#include <stdio.h>
#include <string.h>

#define ARENA 262144

static const char *hex_of(size_t n)
{
    static char hex[2 * CR_SIG_BYTES + 1];

    memset(hex, 'a', 2 * n);
    hex[2 * n] = '\0';
    return hex;
}

/* A value that the field takes. */
static json_t *sample(const struct sc_field *f)
{
    switch (f->kind) {
    case SC_F_U64: return json_integer(f->choices != NULL ? (json_int_t)f->choices[0].value : 1);
    case SC_F_I64: return json_integer(-7);
    case SC_F_BOOL: return json_true();
    case SC_F_TEXT: return json_string("楼道\n堆物 \"<b>=1+1");
    case SC_F_BYTES: return json_string(hex_of(2));
    case SC_F_ENUM: return json_string(f->choices[0].name);
    case SC_F_ID: return json_string(hex_of(SC_ID_BYTES));
    case SC_F_GRID: return json_string("500118003206001");
    case SC_F_CODE: return json_string("A01");
    case SC_F_TIME: return json_integer(1764000000123);
    case SC_F_KEY: return json_string(hex_of(32));
    case SC_F_IDS: return json_pack("[s]", hex_of(SC_ID_BYTES));
    case SC_F_TEXTS:
        return (f->flags & SC_FF_CODES) != 0 ? json_pack("[s, s]", "A01", "Z99")
                                             : json_pack("[s, s]", "一", "二,三");
    case SC_F_U64S:
        return f->choices != NULL              ? json_pack("[s]", f->choices[0].name)
               : (f->flags & SC_FF_GRIDS) != 0 ? json_pack("[s, s]", "500118003", "500118003206")
                                               : json_pack("[i, i]", 1, 2);
    case SC_F_ANSWERS: return json_pack("[[s, s, s]]", "出口", f->choices[1].name, "锁闭");
    }
    return NULL;
}

/* What is printed reads back as the same body, whichever record it is. */
static void test_json_body__every_record_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; sc_record_at(i) != NULL; i++) {
        const struct sc_record *rec = sc_record_at(i);
        json_t *in, *out;
        struct cr_buf arena, arena2, bytes, bytes2;
        struct sc_body body, again;
        struct st_err err = {0};

        if (rec->fold == SC_FOLD_CERT || rec->fold == SC_FOLD_NONE)
            continue; /* written by code, not out of forms */
        in = json_object();
        for (size_t k = 0; k < rec->field_count; k++)
            assert_int_equal(json_object_set_new(in, rec->fields[k].name, sample(&rec->fields[k])),
                             0);
        cr_buf_init(&arena, ARENA);
        cr_buf_init(&arena2, ARENA);
        cr_buf_init(&bytes, SC_PAYLOAD_MAX);
        cr_buf_init(&bytes2, SC_PAYLOAD_MAX);
        if (nd_body_from_json(in, rec, &arena, &body, &err) != ST_OK)
            ts_fail("%s: %s", rec->name, err.msg);
        if (sc_body_encode(&body, true, &bytes, &err) != ST_OK)
            ts_fail("%s: %s", rec->name, err.msg);
        out = nd_json_body(&body);
        assert_int_equal(json_object_size(out), rec->field_count);
        if (nd_body_from_json(out, rec, &arena2, &again, &err) != ST_OK)
            ts_fail("%s: what was printed: %s", rec->name, err.msg);
        ts_assert_ok(sc_body_encode(&again, true, &bytes2, &err));
        assert_int_equal(bytes.n, bytes2.n);
        assert_memory_equal(bytes.p, bytes2.p, bytes.n);
        cr_buf_release(&bytes2);
        cr_buf_release(&bytes);
        cr_buf_release(&arena2);
        cr_buf_release(&arena);
        json_decref(out);
        json_decref(in);
    }
}

/* A wrong value is refused, with the name of its field. */
static void test_json_body__errors_name_the_field(void **state)
{
    static const struct {
        const char *record, *json, *names;
        int status;
    } bad[] = {
        {"hazard-report", "[]", "hazard-report", ST_MALFORMED},
        {"hazard-report", "{\"gird\": \"500118003206\"}", "gird", ST_MALFORMED},
        {"hazard-report", "{\"grid\": 500118003206}", "grid", ST_MALFORMED},
        {"hazard-report", "{\"grid\": \"12\"}", "grid", ST_MALFORMED},
        {"hazard-report", "{\"severity\": 3}", "severity", ST_MALFORMED},
        {"hazard-report", "{\"severity\": \"awful\"}", "severity", ST_MALFORMED},
        {"hazard-report", "{\"code\": \"q99\"}", "code", ST_MALFORMED},
        {"place", "{\"kind\": 1000}", "kind", ST_RANGE},
        {"building", "{\"kind\": 1}", "kind", ST_MALFORMED},
        {"campaign", "{\"codes\": [\"A1\"]}", "codes", ST_MALFORMED},
        {"person", "{\"name\": \"\"}", "name", ST_MALFORMED},
        {"dossier", "{\"hazards\": []}", "hazards", ST_MALFORMED},
        {"hazard-report", "{\"lat\": \"29\"}", "lat", ST_MALFORMED},
        {"hazard-report", "{\"lat\": 2.5}", "lat", ST_MALFORMED},
        {"hazard-report", "{\"lat\": 1000000000}", "lat", ST_RANGE},
        {"hazard-report", "{\"when\": -1}", "when", ST_RANGE},
        {"hazard-report", "{\"text\": 7}", "text", ST_MALFORMED},
        {"hazard-report", "{\"evidence\": \"a\"}", "evidence", ST_MALFORMED},
        {"hazard-report", "{\"evidence\": [1]}", "evidence", ST_MALFORMED},
        {"hazard-report", "{\"place\": \"abc\"}", "place", ST_MALFORMED},
        {"place", "{\"street-front\": 1}", "street-front", ST_MALFORMED},
        {"place", "{\"floors\": 201}", "floors", ST_RANGE},
        {"visit", "{\"purposes\": [\"sleep\"]}", "purposes", ST_MALFORMED},
        {"visit", "{\"answers\": [[\"a\", \"good\", \"\"]]}", "answers", ST_MALFORMED},
        {"visit", "{\"answers\": [[\"a\", \"ok\"]]}", "answers", ST_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *j = json_loads(bad[i].json, 0, NULL);
        struct st_err err = {0};
        struct cr_buf arena;
        struct sc_body body;
        int rc;

        assert_non_null(j);
        cr_buf_init(&arena, ARENA);
        rc = nd_body_from_json(j, sc_record_by_name(bad[i].record), &arena, &body, &err);
        if (rc == ST_OK || strstr(err.msg, bad[i].names) == NULL)
            ts_fail("%s: %d '%s'", bad[i].json, rc, err.msg);
        if (bad[i].status == ST_RANGE && rc != ST_RANGE)
            ts_fail("%s: %d '%s'", bad[i].json, rc, err.msg);
        cr_buf_release(&arena);
        json_decref(j);
    }
}

/* Too many items, or more text than the arena holds: refused before anything is written. */
static void test_json_body__lists_and_texts_are_bounded(void **state)
{
    const struct sc_record *rec = sc_record_by_name("hazard-report");
    json_t *j = json_object(), *list = json_array();
    struct st_err err = {0};
    struct sc_body body;
    struct cr_buf arena;

    (void)state;
    for (int i = 0; i < 17; i++)
        assert_int_equal(json_array_append_new(list, json_string("x")), 0);
    assert_int_equal(json_object_set_new(j, "evidence", list), 0);
    cr_buf_init(&arena, ARENA);
    ts_assert_status(nd_body_from_json(j, rec, &arena, &body, &err), ST_OVERSIZE);
    cr_buf_release(&arena);
    assert_int_equal(json_object_clear(j), 0);
    assert_int_equal(json_object_set_new(j, "text", json_string("0123456789")), 0);
    cr_buf_init(&arena, 8);
    ts_assert_status(nd_body_from_json(j, rec, &arena, &body, &err), ST_OVERSIZE);
    cr_buf_release(&arena);
    assert_int_equal(json_object_set_new(j, "text", json_null()), 0);
    cr_buf_init(&arena, 8);
    ts_assert_ok(nd_body_from_json(j, rec, &arena, &body, &err));
    assert_false(sc_body_get(&body, SC_K_TEXT)->present);
    cr_buf_release(&arena);
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_body__every_record_comes_back),
        cmocka_unit_test(test_json_body__errors_name_the_field),
        cmocka_unit_test(test_json_body__lists_and_texts_are_bounded),
    };

    return cmocka_run_group_tests_name("json_body", tests, NULL, NULL);
}
