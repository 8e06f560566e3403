/* Records from JSON: what nd_json_body prints is read back as the same bytes, for every record of
 * the catalogue; what is wrong is named. */
#include "tests/lib/test.h"

#include "node/cmd.h"
#include "node/json_body.h"
#include "node/json_catalog.h"
#include "tests/unit/node/sample_json.h"

#include <stdio.h>
#include <string.h>

#define ARENA 262144

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
        in = sample_body(rec);
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

/* Each field of each record, spoilt in two ways: refused, and the message begins with its name. */
static void test_json_body__every_field_is_judged(void **state)
{
    (void)state;
    for (size_t n = 0; sc_record_at(n / 2) != NULL; n++) {
        const struct sc_record *rec = sc_record_at(n / 2);

        for (size_t k = 0; k < rec->field_count; k++) {
            const struct sc_field *f = &rec->fields[k];
            json_t *j = json_object(), *value = sample_bad(rec, f, n % 2);
            struct st_err err = {0};
            struct cr_buf arena;
            struct sc_body body;
            size_t length = strlen(f->name);

            if (value == NULL || json_object_set_new(j, f->name, value) != 0)
                ts_fail("%s.%s: no sample", rec->name, f->name);
            cr_buf_init(&arena, ARENA);
            if (nd_body_from_json(j, rec, &arena, &body, &err) == ST_OK)
                ts_fail("%s.%s: turn %zu is taken", rec->name, f->name, n % 2);
            if (strncmp(err.msg, f->name, length) != 0 || err.msg[length] != ':')
                ts_fail("%s.%s: '%s'", rec->name, f->name, err.msg);
            cr_buf_release(&arena);
            json_decref(j);
        }
    }
}

/* A template names every field and its labels; without the notes, filled in, it is a record. */
static void test_json_body__templates(void **state)
{
    (void)state;
    for (size_t i = 0; sc_record_at(i) != NULL; i++) {
        const struct sc_record *rec = sc_record_at(i);
        json_t *t = nd_json_template(rec), *full = sample_body(rec);
        struct st_err err = {0};
        struct cr_buf arena, bytes;
        struct sc_body body;

        assert_int_equal(json_object_size(t), 2 * rec->field_count + 1);
        for (size_t k = 0; k < rec->field_count; k++) {
            char note[64];
            const char *text;

            (void)snprintf(note, sizeof note, "//%s", rec->fields[k].name);
            text = json_string_value(json_object_get(t, note));
            assert_non_null(text);
            assert_non_null(strstr(text, rec->fields[k].zh));
            assert_non_null(strstr(text, rec->fields[k].en));
        }
        nd_json_drop_notes(t);
        assert_int_equal(json_object_size(t), rec->field_count);
        assert_int_equal(json_object_update(t, full), 0);
        cr_buf_init(&arena, ARENA);
        cr_buf_init(&bytes, SC_PAYLOAD_MAX);
        if (nd_body_from_json(t, rec, &arena, &body, &err) != ST_OK ||
            sc_body_encode(&body, true, &bytes, &err) != ST_OK)
            ts_fail("%s: %s", rec->name, err.msg);
        cr_buf_release(&bytes);
        cr_buf_release(&arena);
        json_decref(full);
        json_decref(t);
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
        cmocka_unit_test(test_json_body__every_field_is_judged),
        cmocka_unit_test(test_json_body__templates),
        cmocka_unit_test(test_json_body__lists_and_texts_are_bounded),
    };

    return cmocka_run_group_tests_name("json_body", tests, NULL, NULL);
}
