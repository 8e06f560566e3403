/* Every field of every record of the catalogue: what is just within its limits is taken, what is
 * just beyond or of another kind is refused, and the message names record and field. */
#include "tests/unit/schema/support.h"

#include "schema/record_table.h"
#include "schema/value.h"

#define VALUE_BYTES 40000

/* ---- values in wire form ---- */

static void write_item(struct sc_writer *w, const struct sc_field *f, uint64_t i)
{
    static const uint8_t id[SC_ID_BYTES] = {1};

    switch ((int)f->kind) {
    case SC_F_IDS: sc_write_bin(w, cr_span_of(id, sizeof id)); break;
    case SC_F_TEXTS:
        sc_write_text(w, cr_span_text((f->flags & SC_FF_CODES) != 0 ? "A01" : "x"));
        break;
    case SC_F_U64S:
        sc_write_u64(w, (f->flags & SC_FF_GRIDS) != 0 ? UINT64_C(500118003000) + i
                        : f->choices != NULL          ? f->choices[0].value
                                                      : i);
        break;
    default:
        sc_write_array(w, 3);
        sc_write_text(w, cr_span_text("1"));
        sc_write_u64(w, 1);
        sc_write_text(w, cr_span_text(""));
    }
}

static void write_list(struct sc_writer *w, const struct sc_field *f, uint64_t n)
{
    sc_write_array(w, n);
    for (uint64_t i = 0; i < n; i++)
        write_item(w, f, i);
}

/* A plain value that the field takes. */
static void write_plain(struct sc_writer *w, const struct sc_field *f)
{
    static const uint8_t bytes[CR_SIG_BYTES] = {2};

    switch (f->kind) {
    case SC_F_U64: sc_write_u64(w, f->choices != NULL ? f->choices[0].value : 0); break;
    case SC_F_ENUM: sc_write_u64(w, f->choices[0].value); break;
    case SC_F_TIME: sc_write_u64(w, 1764000000000); break;
    case SC_F_GRID: sc_write_u64(w, 500118003206012); break;
    case SC_F_I64: sc_write_i64(w, -7); break;
    case SC_F_BOOL: sc_write_bool(w, true); break;
    case SC_F_TEXT: sc_write_text(w, cr_span_text("=1+1")); break; /* a text, never a formula */
    case SC_F_CODE: sc_write_text(w, cr_span_text("A03")); break;
    case SC_F_BYTES: sc_write_bin(w, cr_span_of(bytes, 1)); break;
    case SC_F_ID: sc_write_bin(w, cr_span_of(bytes, SC_ID_BYTES)); break;
    case SC_F_KEY: sc_write_bin(w, cr_span_of(bytes, CR_SIGN_PK_BYTES)); break;
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS: write_list(w, f, 1); break;
    }
}

/* ---- bodies ---- */

struct probe {
    const struct sc_record *rec;
    const struct sc_field *f;
    struct cr_buf value, body;
};

static void probe_init(struct probe *p, const struct sc_record *rec, const struct sc_field *f)
{
    *p = (struct probe){.rec = rec, .f = f};
    cr_buf_init(&p->value, VALUE_BYTES);
    cr_buf_init(&p->body, 2 * VALUE_BYTES);
}

static void probe_release(struct probe *p)
{
    cr_buf_release(&p->value);
    cr_buf_release(&p->body);
}

/* The record with its required fields, and with what stands in p->value for p->f (nothing: without
 * it). */
static int decode(struct probe *p, struct sc_body *out, struct st_err *err)
{
    struct sc_writer w;
    uint64_t pairs = 0;

    cr_buf_clear(&p->body);
    sc_writer_init(&w, &p->body);
    for (size_t i = 0; i < p->rec->field_count; i++)
        pairs += &p->rec->fields[i] == p->f ? p->value.n > 0
                                            : (p->rec->fields[i].flags & SC_FF_REQUIRED) != 0;
    sc_write_map(&w, pairs);
    for (size_t i = 0; i < p->rec->field_count; i++) {
        const struct sc_field *f = &p->rec->fields[i];

        if (f == p->f ? p->value.n == 0 : (f->flags & SC_FF_REQUIRED) == 0)
            continue;
        sc_write_u64(&w, f->key);
        if (f == p->f)
            sc_write_raw(&w, cr_buf_span(&p->value));
        else
            write_plain(&w, f);
    }
    ts_assert_ok(w.status);
    return sc_body_decode(p->rec, p->rec->version, true, cr_buf_span(&p->body), out, err);
}

static void takes(struct probe *p, const char *what)
{
    struct sc_body b;
    struct st_err err = {0};

    if (decode(p, &b, &err) != ST_OK)
        ts_fail("%s.%s: %s is refused: %s", p->rec->name, p->f->name, what, err.msg);
    assert_true(b.v[sc_field_index(p->rec, p->f->key)].present);
}

static void refuses(struct probe *p, const char *what)
{
    char names[128];
    struct sc_body b;
    struct st_err err = {0};

    (void)snprintf(names, sizeof names, "%s.%s: ", p->rec->name, p->f->name);
    if (decode(p, &b, &err) == ST_OK)
        ts_fail("%s%s is taken", names, what);
    if (strncmp(err.msg, names, strlen(names)) != 0)
        ts_fail("%s%s: the message is '%s'", names, what, err.msg);
}

static struct sc_writer value(struct probe *p)
{
    struct sc_writer w;

    cr_buf_clear(&p->value);
    sc_writer_init(&w, &p->value);
    return w;
}

/* ---- limits by kind ---- */

static void try_u64(struct probe *p, uint64_t v, bool good)
{
    struct sc_writer w = value(p);

    sc_write_u64(&w, v);
    if (good)
        takes(p, "a number");
    else
        refuses(p, "a number beyond");
}

static void try_i64(struct probe *p, int64_t v, bool good)
{
    struct sc_writer w = value(p);

    sc_write_i64(&w, v);
    if (good)
        takes(p, "a number");
    else
        refuses(p, "a number beyond");
}

static void try_text(struct probe *p, size_t n, bool good)
{
    static char text[SC_TEXT_MAX + 8];
    struct sc_writer w = value(p);

    memset(text, 'x', sizeof text);
    sc_write_text(&w, cr_span_of(text, n));
    if (good)
        takes(p, "a text");
    else
        refuses(p, "a longer text");
}

static void try_bin(struct probe *p, size_t n, bool good)
{
    static const uint8_t bytes[SC_PAYLOAD_MAX + 1];
    struct sc_writer w = value(p);

    sc_write_bin(&w, cr_span_of(bytes, n));
    if (good)
        takes(p, "bytes");
    else
        refuses(p, "bytes of another number");
}

static void try_list(struct probe *p, uint64_t n, bool good)
{
    struct sc_writer w = value(p);

    write_list(&w, p->f, n);
    if (good)
        takes(p, "a list");
    else
        refuses(p, "a list of another length");
}

static void try_choices(struct probe *p)
{
    uint64_t greatest = 0;

    for (const struct sc_choice *c = p->f->choices; c->name != NULL; c++) {
        try_u64(p, c->value, true);
        greatest = c->value > greatest ? c->value : greatest;
    }
    if ((p->f->flags & SC_FF_OPEN) != 0)
        greatest = p->f->max;
    try_u64(p, greatest, true);
    try_u64(p, greatest + 1, false);
    try_u64(p, UINT64_MAX, false);
}

static void try_raw(struct probe *p, const char *hex)
{
    uint8_t buf[GOLDEN_BYTES];
    struct cr_span s = unhex(hex, buf);

    cr_buf_clear(&p->value);
    ts_assert_ok(cr_buf_append(&p->value, s.p, s.n));
    refuses(p, hex);
}

static void try_limits(struct probe *p)
{
    uint64_t max = sc_field_max(p->f);
    bool filled = (p->f->flags & SC_FF_FILLED) != 0;

    switch (p->f->kind) {
    case SC_F_U64:
    case SC_F_TIME:
        try_u64(p, max - 1, true);
        try_u64(p, max, true);
        if (max < UINT64_MAX)
            try_u64(p, max + 1, false);
        break;
    case SC_F_I64:
        for (int64_t d = -1; d <= 1; d++) {
            try_i64(p, (int64_t)max + d, d <= 0);
            try_i64(p, -((int64_t)max + d), d <= 0);
        }
        break;
    case SC_F_ENUM: try_choices(p); break;
    case SC_F_GRID:
        try_u64(p, 500118003, true);
        try_u64(p, 500118003206, true);
        try_u64(p, 50011800320, false);
        try_u64(p, 0, false);
        break;
    case SC_F_TEXT:
        try_text(p, 0, !filled);
        try_text(p, max - 1, true);
        try_text(p, max, true);
        try_text(p, max + 1, false);
        break;
    case SC_F_BYTES:
        try_bin(p, max, true);
        try_bin(p, max + 1, false);
        break;
    case SC_F_ID:
    case SC_F_KEY:
        try_bin(p, max - 1, false);
        try_bin(p, max, true);
        try_bin(p, max + 1, false);
        break;
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS:
        try_list(p, 0, !filled);
        try_list(p, max - 1, true);
        try_list(p, max, true);
        try_list(p, max + 1, false);
        break;
    case SC_F_BOOL:
    case SC_F_CODE: break;
    }
}

/* Each field one below its limit, at it, one above. */
static void test_catalogue__limits(void **state)
{
    struct probe p;

    (void)state;
    for (size_t i = 0; sc_record_at(i) != NULL; i++) {
        const struct sc_record *rec = sc_record_at(i);

        for (size_t k = 0; k < rec->field_count; k++) {
            probe_init(&p, rec, &rec->fields[k]);
            try_limits(&p);
            probe_release(&p);
        }
    }
}

/* Values of every other kind, broken texts, lists of the wrong things: named, never taken. */
static void test_catalogue__wrong_kinds(void **state)
{
    static const struct {
        const char *hex;
        uint32_t kinds; /* that take such a value, or may */
    } rows[] = {
        {"c0", 0},                  /* nil */
        {"cb3ff8000000000000", 0},  /* a float */
        {"81 01 02", 0},            /* a map */
        {"d4 01 02", 0},            /* an extension */
        {"a2 fffe", 0},             /* no UTF-8 */
        {"a3 610062", 0},           /* NUL in a text */
        {"a3 eda080", 0},           /* a surrogate */
        {"d9 01 78", 0},            /* not the shortest form */
        {"cc 01", 0},               /* not the smallest form */
        {"91 c0", 0},               /* a list of nil */
        {"91 a2 fffe", 0},          /* a list of what is no UTF-8 */
        {"c3", 1u << SC_F_BOOL},    /* true */
        {"a1 78", 1u << SC_F_TEXT}, /* text */
        {"c4 01 00", 1u << SC_F_BYTES},
        {"07", 1u << SC_F_U64 | 1u << SC_F_I64 | 1u << SC_F_ENUM | 1u << SC_F_TIME},
        {"f9", 1u << SC_F_I64}, /* -7 */
    };
    struct probe p;

    (void)state;
    for (size_t i = 0; sc_record_at(i) != NULL; i++) {
        const struct sc_record *rec = sc_record_at(i);

        for (size_t k = 0; k < rec->field_count; k++) {
            probe_init(&p, rec, &rec->fields[k]);
            for (size_t n = 0; n < COUNT(rows); n++)
                if ((rows[n].kinds >> rec->fields[k].kind & 1) == 0)
                    try_raw(&p, rows[n].hex);
            probe_release(&p);
        }
    }
}

/* What is required is missed by name. */
static void test_catalogue__required(void **state)
{
    struct probe p;

    (void)state;
    for (size_t i = 0; sc_record_at(i) != NULL; i++) {
        const struct sc_record *rec = sc_record_at(i);

        for (size_t k = 0; k < rec->field_count; k++) {
            if ((rec->fields[k].flags & SC_FF_REQUIRED) == 0)
                continue;
            probe_init(&p, rec, &rec->fields[k]);
            refuses(&p, "nothing");
            probe_release(&p);
        }
    }
}

/* No field is called as an option that the command line has for every record: it could not be said.
 */
static void test_catalogue__fields_can_be_typed(void **state)
{
    static const char *const taken[] = {
        "as",   "all",   "at",     "body",     "data",     "file",  "help",  "json",
        "lang", "limit", "offset", "pin-file", "root-key", "since", "until", "key-passphrase-file"};

    (void)state;
    for (size_t i = 0; sc_record_at(i) != NULL; i++)
        for (size_t n = 0; n < COUNT(taken); n++)
            if (sc_record_at(i)->fold == SC_FOLD_LWW &&
                sc_field_by_name(sc_record_at(i), taken[n]) != NULL)
                ts_fail("%s.%s", sc_record_at(i)->name, taken[n]);
}

/* Names of types, fields and choices are unique where they are looked up, labels are there in both
 * languages, and what a record may name exists. */
static void test_catalogue__names(void **state)
{
    (void)state;
    for (size_t i = 0; sc_record_at(i) != NULL; i++) {
        const struct sc_record *rec = sc_record_at(i);

        assert_int_equal(sc_record_index(rec), i);
        for (size_t k = 0; k < i; k++)
            if (strcmp(rec->name, sc_record_at(k)->name) == 0 ||
                strcmp(rec->zh, sc_record_at(k)->zh) == 0 ||
                strcmp(rec->en, sc_record_at(k)->en) == 0)
                ts_fail("%s and %s: one name", rec->name, sc_record_at(k)->name);
        for (size_t k = 0; k < rec->field_count; k++) {
            const struct sc_field *f = &rec->fields[k];

            if (f->zh[0] == '\0' || (unsigned char)f->zh[0] < 0x80 || f->en[0] == '\0')
                if (strcmp(f->name, "crs") != 0)
                    ts_fail("%s.%s: labels", rec->name, f->name);
            for (const uint16_t *t = f->targets; t != NULL && *t != 0; t++)
                assert_non_null(sc_record_find(*t));
            assert_true(f->targets == NULL || f->kind == SC_F_ID || f->kind == SC_F_IDS);
            for (const struct sc_choice *c = f->choices; c != NULL && c->name != NULL; c++)
                for (const struct sc_choice *d = f->choices; d != c; d++)
                    if (d->value == c->value || strcmp(d->name, c->name) == 0 ||
                        strcmp(d->zh, c->zh) == 0)
                        ts_fail("%s.%s: %s and %s", rec->name, f->name, d->name, c->name);
        }
    }
}

/* The scope of a record is a function of its kind and of the grid that it names. */
static void test_catalogue__scopes(void **state)
{
    static const uint64_t street = 500118003, village = 500118003206, group = 500118003206012;
    static const struct {
        const char *record;
        uint64_t grid, scope; /* scope 0: it cannot be written about this grid */
    } rows[] = {
        {"household", group, 500118003206},
        {"household", village, 500118003206},
        {"household", street, 0},
        {"household", 0, 0},
        {"meeting", street, SC_SCOPE_PUBLIC},
        {"meeting", group, 500118003206},
        {"meeting", 0, 0},
        {"policy-doc", 0, SC_SCOPE_PUBLIC},
        {"decision", group, SC_SCOPE_PUBLIC},
        {"discipline", 0, SC_SCOPE_INTERNAL},
        {"complaint", village, SC_SCOPE_INTERNAL},
        {"hazard-report", group, 500118003206},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct sc_record *rec = sc_record_by_name(rows[i].record);
        uint64_t scope = sc_record_scope(rec, rows[i].grid);

        if (scope != rows[i].scope)
            ts_fail("%s about %llu: %llu", rows[i].record, (unsigned long long)rows[i].grid,
                    (unsigned long long)scope);
        assert_true(scope == 0 || sc_record_lives(rec, scope, rows[i].grid));
        assert_true(rec->where == SC_IN_ANY || scope == SC_SCOPE_INTERNAL ||
                    !sc_record_lives(rec, SC_SCOPE_INTERNAL, rows[i].grid));
        assert_true(rec->where == SC_IN_ANY || scope == UINT64_C(500118003205) ||
                    !sc_record_lives(rec, 500118003205, group));
    }
    /* A change names no grid: it stands where its subject does. */
    assert_true(sc_record_lives(sc_record_by_name("household"), village, 0));
    assert_false(sc_record_lives(sc_record_by_name("household"), SC_SCOPE_PUBLIC, 0));
    assert_true(sc_record_lives(sc_record_by_name("meeting"), SC_SCOPE_PUBLIC, 0));
    assert_false(sc_record_lives(sc_record_by_name("meeting"), SC_SCOPE_INTERNAL, 0));
    assert_true(sc_record_lives(sc_record_by_name("hazard-report"), SC_SCOPE_INTERNAL, group));
}

struct check_row {
    const char *record, *field, *text, *field2, *text2, *message; /* message NULL: taken */
};

static void check_together(const struct check_row *row)
{
    const struct sc_record *rec = sc_record_by_name(row->record);
    const struct sc_field *f = sc_field_by_name(rec, row->field);
    struct sc_body b = {.rec = rec};
    struct st_err err = {0};
    struct cr_buf arena;
    int rc;

    cr_buf_init(&arena, VALUE_BYTES);
    ts_assert_ok(sc_value_parse(f, row->text, &arena, &b.v[sc_field_index(rec, f->key)], &err));
    if (row->field2 != NULL) {
        f = sc_field_by_name(rec, row->field2);
        ts_assert_ok(
            sc_value_parse(f, row->text2, &arena, &b.v[sc_field_index(rec, f->key)], &err));
    }
    assert_non_null(rec->check);
    rc = rec->check(&b, rec->version, &err);
    if ((rc == ST_OK) != (row->message == NULL) ||
        (row->message != NULL && strcmp(err.msg, row->message) != 0))
        ts_fail("%s %s=%s: '%s'", row->record, row->field, row->text, err.msg);
    cr_buf_release(&arena);
}

/* What fields say together. */
static void test_catalogue__checks(void **state)
{
    static const char id[] = "000102030405060708090a0b0c0d0e0f";
    static const struct check_row rows[] = {
        {"appointment", "from", "2026-01-01", "to", "2026-01-01", NULL},
        {"appointment", "from", "2026-01-02", "to", "2026-01-01",
         "appointment.to: before its beginning"},
        {"appointment", "to", "2026-01-01", NULL, NULL, NULL},
        {"grid", "outline", "29.1,105.2;29.2,105.2;29.2,105.3", NULL, NULL, NULL},
        {"grid", "outline", "29.1,105.2;29.2,105.2", NULL, NULL,
         "grid.outline: three points or more"},
        {"grid", "outline", "29.1,105.2;29.2;3,4", NULL, NULL,
         "grid.outline: point 2 is no lat,lon"},
        {"grid", "outline", "29.1.1,105.2;1,2;3,4", NULL, NULL,
         "grid.outline: point 1 is no lat,lon"},
        {"grid", "outline", "1,2;3,4;5,", NULL, NULL, "grid.outline: point 3 is no lat,lon"},
        {"dissuasion", "result", "refused", NULL, NULL,
         "dissuasion.hazard: refused, so the hazard must be reported"},
        {"dissuasion", "result", "refused", "hazard", id, NULL},
        {"dissuasion", "result", "accepted", NULL, NULL, NULL},
        {"major-matter", "state", "done", NULL, NULL,
         "major-matter.outcome: missing, it cannot be done without"},
        {"major-matter", "state", "done", "outcome", "已协调解决", NULL},
        {"decision", "state", "done", "outcome", "",
         "decision.outcome: missing, it cannot be done without"},
        {"decision", "state", "doing", NULL, NULL, NULL},
        {"assessment", "items", "甲,乙", "scores", "90,80", NULL},
        {"assessment", "items", "甲,乙", "scores", "90", "assessment.scores: 1 for 2 items"},
        {"assessment", "items", "甲", NULL, NULL, "assessment.scores: 0 for 1 items"},
        {"supervision", "sampled", "3", "differing", "3", NULL},
        {"supervision", "sampled", "3", "differing", "4",
         "supervision.differing: more than were sampled"},
        {"policy", "name", "write.drone", NULL, NULL, "policy 'write.drone': value: no such value"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_together(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue__limits),
        cmocka_unit_test(test_catalogue__wrong_kinds),
        cmocka_unit_test(test_catalogue__required),
        cmocka_unit_test(test_catalogue__names),
        cmocka_unit_test(test_catalogue__fields_can_be_typed),
        cmocka_unit_test(test_catalogue__scopes),
        cmocka_unit_test(test_catalogue__checks),
    };

    return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
