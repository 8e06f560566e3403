#include "tests/unit/schema/support.h"

#include "schema/record_table.h"

#include <ctype.h>

#define RECORDS 82

static const struct sc_record *record(const char *name)
{
    const struct sc_record *rec = sc_record_by_name(name);

    assert_non_null(rec);
    return rec;
}

static void check_name(const char *name)
{
    assert_non_null(name);
    for (const char *c = name; *c != '\0'; c++)
        assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-');
}

static void check_choices(const struct sc_choice *c)
{
    for (; c->name != NULL; c++) {
        check_name(c->name);
        assert_non_null(c->zh);
        assert_non_null(c->en);
    }
}

static void check_fields(const struct sc_record *rec)
{
    int key = -1;

    assert_true(rec->field_count >= 1 && rec->field_count <= SC_BODY_FIELDS_MAX);
    for (size_t i = 0; i < rec->field_count; i++) {
        const struct sc_field *f = &rec->fields[i];

        if (f->key <= key)
            ts_fail("%s.%s: keys do not ascend", rec->name, f->name);
        key = f->key;
        check_name(f->name);
        assert_non_null(f->zh);
        assert_non_null(f->en);
        if (f->kind == SC_F_ENUM || f->kind == SC_F_ANSWERS || (f->flags & SC_FF_BITS) != 0)
            assert_non_null(f->choices);
        if (f->choices != NULL)
            check_choices(f->choices);
        assert_ptr_equal(sc_field_by_name(rec, f->name), f);
        assert_int_equal(sc_field_index(rec, f->key), i);
    }
    assert_int_equal(sc_field_index(rec, 255), SIZE_MAX);
    assert_null(sc_field_by_name(rec, "no-such-field"));
}

/* Types and keys ascend, names can be typed and are unique, everything has labels. */
static void test_record__table_is_sound(void **state)
{
    const struct sc_record *rec;
    uint64_t type = 0;
    size_t n = 0;

    (void)state;
    for (; (rec = sc_record_at(n)) != NULL; n++) {
        assert_true(rec->type > type);
        type = rec->type;
        check_name(rec->name);
        assert_non_null(rec->zh);
        assert_non_null(rec->en);
        assert_true(rec->version >= 1 && rec->writers != 0);
        assert_ptr_equal(sc_record_find(rec->type), rec);
        assert_ptr_equal(sc_record_by_name(rec->name), rec);
        assert_int_equal(sc_type_is_hazard(rec->type), rec->fold == SC_FOLD_HAZARD);
        check_fields(rec);
    }
    assert_int_equal(n, RECORDS);
    assert_null(sc_record_find(0));
    assert_null(sc_record_find(98));
    assert_null(sc_record_find(UINT64_MAX));
    assert_null(sc_record_by_name("no-such-record"));
}

/* Who may write what is what the domain says; only dangers count without a certificate. */
static void test_record__authority(void **state)
{
    static const uint32_t ocvs = SC_ROLE_OFFICER | SC_ROLE_CHIEF | SC_ROLE_VILLAGE | SC_ROLE_STREET;
    static const struct {
        const char *name;
        uint32_t writers;
        bool open_report;
    } rows[] = {
        {"cert", SC_ROLE_ROOT | SC_ROLE_STREET | SC_ROLE_VILLAGE, false},
        {"grid", SC_ROLE_STREET, false},
        {"place", ocvs, false},
        {"visit", ocvs | SC_ROLE_OWNER, false},
        {"notice", SC_ROLE_STREET, false},
        {"hazard-report", ocvs | SC_ROLE_OWNER | SC_ROLE_PUBLIC, true},
        {"hazard-emergency", ocvs | SC_ROLE_OWNER | SC_ROLE_PUBLIC, true},
        {"hazard-reopen", ocvs | SC_ROLE_OWNER | SC_ROLE_PUBLIC, true},
        {"hazard-fix", ocvs | SC_ROLE_OWNER, false},
        {"hazard-assign", SC_ROLE_CHIEF | SC_ROLE_VILLAGE | SC_ROLE_STREET, false},
        {"hazard-downgrade", SC_ROLE_VILLAGE | SC_ROLE_STREET, false},
        {"hazard-pass", ocvs, false},
        {"hazard-void", ocvs, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct sc_record *rec = record(rows[i].name);

        if (rec->writers != rows[i].writers || rec->open_report != rows[i].open_report)
            ts_fail("%s", rows[i].name);
        assert_true(!rec->open_report || rec->klass == SC_DANGER);
    }
}

/* The codes ascend, each with its severity, and only they are found. */
static void test_record__hazard_codes(void **state)
{
    const struct sc_hazard_code *code;
    char before[4] = "";
    size_t n = 0;

    (void)state;
    for (; (code = sc_hazard_code_at(n)) != NULL; n++) {
        assert_true(strcmp(before, code->code) < 0);
        memcpy(before, code->code, sizeof before);
        assert_true(code->severity >= 1 && code->severity <= 4);
        assert_ptr_equal(sc_hazard_code_find(cr_span_text(code->code)), code);
    }
    assert_int_equal(n, 69);
    assert_null(sc_hazard_code_find(cr_span_text("A00")));
    assert_null(sc_hazard_code_find(cr_span_text("a01")));
    assert_null(sc_hazard_code_find(cr_span_text("A0")));
    assert_null(sc_hazard_code_find(cr_span_text("A011")));
    assert_int_equal(sc_hazard_code_find(cr_span_text("F01"))->days, 3);
}

static int roundtrip_check(struct cr_span in, struct cr_buf *again)
{
    struct st_err err = {0};
    struct cr_buf body;
    struct sc_payload p;
    struct sc_body b;
    int status = sc_record_check(in, &p, &b, &err);

    assert_int_equal(status, err.code);
    if (status != ST_OK)
        return status;
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    if (b.rec != NULL && p.schema_version == b.rec->version) {
        ts_assert_ok(sc_body_encode(&b, !p.has_subject, &body, NULL));
        assert_true(cr_span_equal(cr_buf_span(&body), p.body));
    }
    ts_assert_ok(sc_payload_encode(&p, again));
    cr_buf_release(&body);
    return ST_OK;
}

/* Whatever the catalogue accepts, body included, has one spelling. */
static void test_record__strict(void **state)
{
    uint8_t buf[GOLDEN_BYTES];

    (void)state;
    check_strict("report", unhex(golden_payload0, buf), roundtrip_check);
    check_strict("progress", unhex(golden_payload1, buf), roundtrip_check);
    check_strict("pass", unhex(golden_payload2, buf), roundtrip_check);
    check_strict("unknown type", unhex("96 cd270f 01 c0 c400 c0 82 01 90 02 a161", buf),
                 roundtrip_check);
}

/* The values of the pinned report. */
static void test_record__values(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct sc_payload p;
    struct sc_body b;

    (void)state;
    ts_assert_ok(sc_record_check(unhex(golden_payload0, buf), &p, &b, NULL));
    assert_int_equal(sc_body_get(&b, SC_K_GRID)->u, 500118003206012);
    assert_true(cr_span_equal(sc_body_get(&b, SC_K_CODE)->s, cr_span_text("A03")));
    assert_true(cr_span_equal(sc_body_get(&b, SC_K_TEXT)->s, cr_span_text("楼道堆放纸箱")));
    assert_int_equal(sc_body_get(&b, SC_K_LAT)->i, 293500000);
    assert_false(sc_body_get(&b, SC_K_SEVERITY)->present);
    assert_false(sc_body_get(&b, 200)->present);
    assert_false(sc_body_personal(&b));
}

struct body_row {
    const char *name, *record, *hex;
    uint64_t version;
    bool creates;
    int status;
    const char *message; /* NULL: any */
};

static void check_body(const struct body_row *row)
{
    uint8_t buf[GOLDEN_BYTES];
    struct st_err err = {0};
    struct sc_body b;
    int status = sc_body_decode(record(row->record), row->version, row->creates,
                                unhex(row->hex, buf), &b, &err);

    if (status != row->status || (row->message != NULL && strcmp(err.msg, row->message) != 0))
        ts_fail("%s: %s: %s", row->name, st_name((enum st_code)status), err.msg);
}

#define REPORT "01 cf0001c6dacbed477c 04 a3413033" /* grid and code */

/* Kinds, limits, choices and required fields are enforced, and the message says where. */
static void test_record__body_refuses(void **state)
{
    static const struct body_row rows[] = {
        {"report", "hazard-report", "82" REPORT, 1, true, ST_OK, NULL},
        {"grid missing", "hazard-report", "81 04 a3413033", 1, true, ST_MALFORMED,
         "hazard-report.grid: missing"},
        {"code missing", "hazard-report", "81 01 cf0001c6dacbed477c", 1, true, ST_MALFORMED,
         "hazard-report.code: missing"},
        {"grid of no level", "hazard-report", "82 01 07 04 a3413033", 1, true, ST_RANGE,
         "hazard-report.grid: 7 is out of range"},
        {"code of the street", "hazard-report", "82 01 cf0001c6dacbed477c 04 a3413939", 1, true,
         ST_OK, NULL},
        {"no code", "hazard-report", "82 01 cf0001c6dacbed477c 04 a3393939", 1, true, ST_MALFORMED,
         "hazard-report.code: malformed input"},
        {"kind of the street", "place", "81 15 cd03e7", 1, false, ST_OK, NULL},
        {"no kind", "place", "81 15 cd03e8", 1, false, ST_RANGE,
         "place.kind: 1000 is not a choice"},
        {"kind 0", "place", "81 15 00", 1, false, ST_RANGE, "place.kind: 0 is not a choice"},
        {"empty name", "person", "81 02 a0", 1, false, ST_MALFORMED, NULL},
        {"no hazards", "dossier", "81 19 90", 1, false, ST_MALFORMED, NULL},
        {"codes", "campaign", "81 20 91 a3413031", 1, false, ST_OK, NULL},
        {"no codes", "campaign", "81 20 91 a3613031", 1, false, ST_MALFORMED, NULL},
        {"severity 9", "hazard-report", "83" REPORT "05 09", 1, true, ST_RANGE,
         "hazard-report.severity: 9 is not a choice"},
        {"latitude over the pole", "hazard-report", "83" REPORT "09 ce35a4e901", 1, true, ST_RANGE,
         NULL},
        {"unknown key", "hazard-report", "83" REPORT "7f 00", 1, true, ST_MALFORMED,
         "hazard-report: no field has the key 127"},
        {"keys descend", "hazard-report", "82 04 a3413033 01 cf0001c6dacbed477c", 1, true,
         ST_MALFORMED, NULL},
        {"array", "hazard-report", "90", 1, true, ST_MALFORMED, NULL},
        {"id of 15", "hazard-report", "83" REPORT "06 c40f000102030405060708090a0b0c0d0e", 1, true,
         ST_MALFORMED, NULL},
        {"evidence of texts", "hazard-fix", "81 11 92 a161 a162", 1, false, ST_OK, NULL},
        {"evidence of numbers", "hazard-fix", "81 11 92 01 02", 1, false, ST_MALFORMED, NULL},
        {"evidence of 17", "hazard-fix", "81 11 dc0011 a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0", 1,
         false, ST_OVERSIZE, NULL},
        {"required in events too", "hazard-assign", "80", 1, false, ST_MALFORMED,
         "hazard-assign.assignee: missing"},
        {"place created", "place", "81 02 a178", 1, true, ST_MALFORMED, "place.grid: missing"},
        {"place changed", "place", "81 02 a178", 1, false, ST_OK, NULL},
        {"answer", "visit", "81 23 91 93 a3413031 02 a0", 1, false, ST_OK, NULL},
        {"answer of two", "visit", "81 23 91 92 a3413031 02", 1, false, ST_MALFORMED, NULL},
        {"answer 9", "visit", "81 23 91 93 a3413031 09 a0", 1, false, ST_RANGE,
         "visit.answers: 9 is not a choice"},
        {"purposes", "visit", "81 21 92 01 03", 1, false, ST_OK, NULL},
        {"purpose 99", "visit", "81 21 91 63", 1, false, ST_RANGE, NULL},
        {"grids ascend", "notice", "81 21 92 ce1dcf31f3 ce1dcf31f4", 1, false, ST_OK, NULL},
        {"grids descend", "notice", "81 21 92 ce1dcf31f4 ce1dcf31f3", 1, false, ST_RANGE, NULL},
        {"bool of 1", "hazard-progress", "81 13 01", 1, false, ST_MALFORMED, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_body(&rows[i]);
}

/* What a newer schema adds is stepped over; what it may not change is still refused. */
static void test_record__newer_schema(void **state)
{
    static const struct body_row rows[] = {
        {"new key", "hazard-report", "83" REPORT "7f 93010203", 3, true, ST_OK, NULL},
        {"new choice", "hazard-report", "83" REPORT "05 09", 3, true, ST_OK, NULL},
        {"new code where one is needed", "hazard-report", "82 01 cf0001c6dacbed477c 04 a35a3939", 3,
         true, ST_OK, NULL},
        {"new answer", "visit", "81 23 91 93 a3413031 09 a0", 3, false, ST_OK, NULL},
        {"still missing", "hazard-report", "81 04 a3413033", 3, true, ST_MALFORMED, NULL},
        {"still another kind", "hazard-report", "83" REPORT "05 a0", 3, true, ST_MALFORMED, NULL},
        {"still not canonical", "hazard-report", "83" REPORT "7f cc01", 3, true, ST_MALFORMED,
         NULL},
    };
    uint8_t buf[GOLDEN_BYTES];
    struct sc_body b;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_body(&rows[i]);
    ts_assert_ok(sc_body_decode(record("hazard-report"), 3, true, unhex("83" REPORT "05 09", buf),
                                &b, NULL));
    assert_false(sc_body_get(&b, SC_K_SEVERITY)->present);
}

/* Who creates names no subject, who changes names one. */
static void test_record__subject_rule(void **state)
{
#define SUBJECT "c410000102030405060708090a0b0c0d0e0f"
    static const struct {
        const char *name, *hex;
        int status;
    } rows[] = {
        {"report with a subject", "96 20 01" SUBJECT "c400 c0 82" REPORT, ST_MALFORMED},
        {"report without", "96 20 01 c0 c400 c0 82" REPORT, ST_OK},
        {"fix without", "96 2b 01 c0 c400 c0 80", ST_MALFORMED},
        {"fix with", "96 2b 01" SUBJECT "c400 c0 80", ST_OK},
        {"place changed", "96 0b 01" SUBJECT "c400 c0 80", ST_OK},
        {"place created empty", "96 0b 01 c0 c400 c0 80", ST_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t buf[GOLDEN_BYTES];
        struct sc_payload p;
        struct sc_body b;
        int status = sc_record_check(unhex(rows[i].hex, buf), &p, &b, NULL);

        if (status != rows[i].status)
            ts_fail("%s: %s", rows[i].name, st_name((enum st_code)status));
    }
}

/* A value that names a person makes the payload one that carries a salt. */
static void test_record__personal(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct sc_body b;

    (void)state;
    ts_assert_ok(
        sc_body_decode(record("hazard-assign"), 1, false, unhex("81 0f a178", buf), &b, NULL));
    assert_true(sc_body_personal(&b));
    ts_assert_ok(
        sc_body_decode(record("hazard-fix"), 1, false, unhex("81 03 a178", buf), &b, NULL));
    assert_false(sc_body_personal(&b));
    memset(&b, 0, sizeof b);
    assert_false(sc_body_personal(&b));
}

/* A type that is not known passes as it is, if it is well-formed. */
static void test_record__unknown_type(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct sc_payload p;
    struct sc_body b;

    (void)state;
    ts_assert_ok(sc_record_check(unhex("96 63 01 c0 c400 c0 81 05 9101", buf), &p, &b, NULL));
    assert_null(b.rec);
    assert_int_equal(p.type, 99);
    assert_int_equal(p.body.n, 4);
    assert_false(sc_body_get(&b, 5)->present);
    ts_assert_status(sc_record_check(unhex("96 63 01 c0 c400 c0 81 05 cc01", buf), &p, &b, NULL),
                     ST_MALFORMED);
}

static void random_list(struct ts_prng *r, const struct sc_field *f, struct cr_buf *out)
{
    uint64_t count = 1 + ts_prng_below(r, 5), grid = UINT64_C(500118003000);
    uint8_t id[SC_ID_BYTES];
    struct sc_writer w;

    sc_writer_init(&w, out);
    sc_write_array(&w, count);
    for (uint64_t i = 0; i < count; i++) {
        if (f->kind == SC_F_IDS) {
            ts_prng_bytes(r, id, sizeof id);
            sc_write_bin(&w, cr_span_of(id, sizeof id));
        } else if (f->kind == SC_F_TEXTS) {
            sc_write_text(&w, cr_span_text((f->flags & SC_FF_CODES) != 0 ? "F01" : "照片"));
        } else if (f->kind == SC_F_ANSWERS) {
            sc_write_array(&w, 3);
            sc_write_text(&w, cr_span_text("A01"));
            sc_write_u64(&w, ts_prng_range(r, 1, 4));
            sc_write_text(&w, cr_span_text(""));
        } else {
            sc_write_u64(&w, f->choices != NULL ? 1 : (grid += 1 + ts_prng_below(r, 9)));
        }
    }
    ts_assert_ok(w.status);
}

static void random_value(struct ts_prng *r, const struct sc_field *f, struct cr_buf *store,
                         struct sc_value *v)
{
    static const uint8_t bytes[64] = {7};
    size_t before = store->n, choices = 0;

    v->present = true;
    switch (f->kind) {
    case SC_F_U64: v->u = ts_prng_below(r, f->max > 0 ? f->max + 1 : UINT64_MAX); break;
    case SC_F_I64: v->i = (int64_t)ts_prng_range(r, 0, 2 * f->max) - (int64_t)f->max; break;
    case SC_F_BOOL: v->u = ts_prng_below(r, 2); break;
    case SC_F_TIME: v->u = ts_prng_below(r, SC_WALL_MS_MAX); break;
    case SC_F_GRID: v->u = 500118003206012; break;
    case SC_F_ENUM:
        while (f->choices[choices].name != NULL)
            choices++;
        v->u = f->choices[ts_prng_below(r, choices)].value;
        break;
    case SC_F_TEXT: v->s = cr_span_text("文字 text"); break;
    case SC_F_CODE:
        v->s = cr_span_of(sc_hazard_code_at((size_t)ts_prng_below(r, 69))->code, 3);
        break;
    case SC_F_BYTES:
        v->s = cr_span_of(bytes, (size_t)ts_prng_below(r, f->max > 0 && f->max < 64 ? f->max : 64));
        break;
    case SC_F_ID: v->s = cr_span_of(bytes, SC_ID_BYTES); break;
    case SC_F_KEY: v->s = cr_span_of(bytes, 32); break;
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS:
        random_list(r, f, store);
        v->s = cr_span_of(store->p + before, store->n - before);
        break;
    }
}

static void one_body(struct ts_prng *r, uint64_t seed, void *ctx)
{
    const struct sc_record *rec = sc_record_at((size_t)ts_prng_below(r, RECORDS));
    struct cr_buf store, first, second;
    struct sc_body body = {.rec = rec}, back;
    struct st_err err = {0};
    uint8_t *at;

    (void)seed;
    (void)ctx;
    cr_buf_init(&store, 4096);
    ts_assert_ok(cr_buf_extend(&store, 4096, &at));
    cr_buf_clear(&store); /* all there at once: spans into it stay */
    cr_buf_init(&first, SC_PAYLOAD_MAX);
    cr_buf_init(&second, SC_PAYLOAD_MAX);
    for (size_t i = 0; i < rec->field_count; i++) {
        if ((rec->fields[i].flags & SC_FF_REQUIRED) != 0 || ts_prng_chance(r, 1, 2))
            random_value(r, &rec->fields[i], &store, &body.v[i]);
    }
    if (sc_body_encode(&body, true, &first, &err) != ST_OK)
        ts_fail("%s: %s", rec->name, err.msg);
    ts_assert_ok(sc_body_decode(rec, rec->version, true, cr_buf_span(&first), &back, NULL));
    for (size_t i = 0; i < rec->field_count; i++) {
        const struct sc_value *a = &body.v[i], *b = &back.v[i];

        assert_int_equal(a->present, b->present);
        if (a->s.p == NULL) /* of lists u is the count, which only decoding fills */
            assert_true(a->u == b->u);
        assert_true(a->i == b->i && cr_span_equal(a->s, b->s));
    }
    ts_assert_ok(sc_body_encode(&back, true, &second, NULL));
    assert_true(cr_span_equal(cr_buf_span(&first), cr_buf_span(&second)));
    cr_buf_release(&store);
    cr_buf_release(&first);
    cr_buf_release(&second);
}

/* decode(encode(x)) == x and encode(decode(bytes)) == bytes, for random bodies of every record. */
static void test_record__random_bodies(void **state)
{
    (void)state;
    ts_each_seed(1, 3000, one_body, NULL);
}

/* The encoder refuses what the decoder would, and leaves the buffer as it was. */
static void test_record__encode_refuses(void **state)
{
    struct sc_body body = {.rec = record("hazard-assess")};
    struct st_err err = {0};
    struct cr_buf out;

    (void)state;
    cr_buf_init(&out, 100);
    ts_assert_ok(cr_buf_append(&out, "x", 1));
    ts_assert_status(sc_body_encode(&body, false, &out, &err), ST_MALFORMED);
    assert_string_equal(err.msg, "hazard-assess.severity: missing");
    body.v[sc_field_index(body.rec, SC_K_SEVERITY)] = (struct sc_value){.present = true, .u = 5};
    ts_assert_status(sc_body_encode(&body, false, &out, &err), ST_RANGE);
    assert_int_equal(out.n, 1);
    cr_buf_release(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record__table_is_sound), cmocka_unit_test(test_record__authority),
        cmocka_unit_test(test_record__hazard_codes),   cmocka_unit_test(test_record__strict),
        cmocka_unit_test(test_record__values),         cmocka_unit_test(test_record__body_refuses),
        cmocka_unit_test(test_record__newer_schema),   cmocka_unit_test(test_record__subject_rule),
        cmocka_unit_test(test_record__unknown_type),   cmocka_unit_test(test_record__random_bodies),
        cmocka_unit_test(test_record__encode_refuses), cmocka_unit_test(test_record__personal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
