/* Tables that the street can extend: what is shipped is whole, what applies at a moment is what a
 * plain look through all rows says, in whatever order they came. */
#include "tests/unit/schema/support.h"

#include "schema/clock.h"
#include "schema/codes.h"
#include "tests/lib/oom.h"

#define ROWS  12
#define SEEDS 400

/* Seventy codes ascend in one walk, every kind of place has a checklist, and every item of the nine
 * lists names codes that there are. */
static void test_codes__what_is_shipped(void **state)
{
    struct sc_place_kind kind = {.number = 0};
    struct sc_checklist list = {.number = 0};
    struct sc_code code = {.code = ""}, found;
    size_t codes = 0, kinds = 0, lists = 0, items = 0;

    (void)state;
    while (sc_tables_next_code(NULL, 0, &code)) {
        assert_string_equal(code.code, sc_hazard_code_at(codes)->code);
        assert_int_equal(sc_limit_days(code.limit), sc_hazard_code_at(codes)->days);
        assert_true(code.row.shipped && !code.row.withdrawn);
        codes++;
    }
    assert_int_equal(codes, 69);
    while (sc_tables_next_kind(NULL, 0, &kind)) {
        assert_int_equal(kind.number, ++kinds);
        assert_true(sc_shipped_list(kind.list, &list));
        assert_true(kind.period_days >= 7 && kind.period_days <= 180);
    }
    assert_int_equal(kinds, 16);
    list.number = 0;
    while (sc_tables_next_list(NULL, 0, &list)) {
        assert_int_equal(list.number, ++lists);
        assert_int_equal(list.version, 1);
        assert_true(list.count >= 8 && list.count <= 14);
        for (size_t i = 0; i < list.count; i++) {
            const struct sc_list_item *it = &list.item[i];

            assert_ptr_equal(sc_checklist_item(&list, it->key), it); /* unique */
            assert_true(it->zh.n > 0 && it->en.n > 0);
            for (size_t at = 0; at < it->codes.n; at += 4)
                assert_true(sc_tables_code(NULL, cr_span_of(it->codes.p + at, 3), 0, &found));
            items++;
        }
        assert_true(sc_tables_list_version(NULL, list.number, 1, &list));
        assert_false(sc_tables_list_version(NULL, list.number, 2, &list));
    }
    assert_int_equal(lists, 9);
    assert_int_equal(items, 107);
    assert_false(sc_tables_code(NULL, cr_span_text("A08"), 0, &found));
    assert_false(sc_tables_code(NULL, cr_span_text("A0"), 0, &found));
    assert_false(sc_tables_kind(NULL, 0, 0, &kind));
    assert_false(sc_tables_kind(NULL, 17, 0, &kind));
    assert_false(sc_tables_list(NULL, UINT64_MAX, 0, &list));
}

static uint64_t usual(enum sc_limit limit, uint64_t found_ms)
{
    return sc_clock_usual(NULL, sc_limit_days(limit), found_ms);
}

/* On the spot, which is a matter of hours, some days, or no day at all. */
static void test_codes__time_limits(void **state)
{
    (void)state;
    assert_int_equal(usual(SC_T0, 1000), 1000 + 2 * 3600000);
    assert_int_equal(usual(SC_T1, 1000), 1000 + 86400000);
    assert_int_equal(usual(SC_T30, 0), UINT64_C(30) * 86400000);
    assert_int_equal(usual(SC_TM, 1000), 0);
    assert_int_equal(usual(SC_TX, 1000), 0);
    for (int l = SC_T0; l <= SC_TX; l++)
        assert_int_equal(sc_limit_of_days(sc_limit_days((enum sc_limit)l)), l);
}

/* ---- rows of the street ---- */

struct said {
    struct sc_table_entry e;
    char code[4];
    uint64_t severity, from_ms;
    struct cr_buf body;
};

static void set(struct sc_body *b, uint8_t key, struct sc_value v)
{
    v.present = true;
    b->v[sc_field_index(b->rec, key)] = v;
}

static void code_body(struct said *s)
{
    struct sc_body b = {.rec = sc_record_find(SC_R_CODE)};

    set(&b, SC_K_CODE, (struct sc_value){.s = cr_span_text(s->code)});
    set(&b, SC_K_SEVERITY, (struct sc_value){.u = s->severity});
    set(&b, SC_K_TABLE_FROM, (struct sc_value){.u = s->from_ms});
    set(&b, SC_K_TABLE_LIMIT, (struct sc_value){.u = SC_T3});
    set(&b, SC_K_TABLE_ZH, (struct sc_value){.s = cr_span_text("甲")});
    set(&b, SC_K_TABLE_EN, (struct sc_value){.s = cr_span_text("A")});
    cr_buf_init(&s->body, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_body_encode(&b, true, &s->body, NULL));
}

static int add(struct sc_tables *t, const struct said *s, uint64_t type)
{
    const struct sc_payload p = {.type = type, .schema_version = 1, .body = cr_buf_span(&s->body)};

    return sc_tables_add(t, &s->e, &p);
}

static void random_row(struct ts_prng *r, size_t i, struct said *s)
{
    static const char *const codes[] = {"A03", "A08", "Z99"};

    memset(s, 0, sizeof *s);
    s->e.entry_id.b[0] = (uint8_t)(i + 1);
    s->e.author.b[0] = (uint8_t)ts_prng_below(r, 2);
    s->e.lamport = ts_prng_below(r, 4);
    s->e.wall_ms = ts_prng_below(r, 6) * 10;
    s->e.counts = ts_prng_chance(r, 80, 100);
    s->from_ms = ts_prng_below(r, 10) * 10;
    s->severity = ts_prng_range(r, 2, 4);
    (void)snprintf(s->code, sizeof s->code, "%s", codes[ts_prng_below(r, COUNT(codes))]);
    code_body(s);
}

static uint64_t moment(const struct said *s)
{
    return s->from_ms > s->e.wall_ms ? s->from_ms : s->e.wall_ms;
}

static bool later(const struct said *a, const struct said *b)
{
    if (moment(a) != moment(b))
        return moment(a) > moment(b);
    if (a->e.lamport != b->e.lamport)
        return a->e.lamport > b->e.lamport;
    if (memcmp(a->e.author.b, b->e.author.b, sizeof a->e.author.b) != 0)
        return memcmp(a->e.author.b, b->e.author.b, sizeof a->e.author.b) > 0;
    return a->e.entry_id.b[0] > b->e.entry_id.b[0];
}

/* The slow look: the latest of those that count and apply. */
static const struct said *look(const struct said *rows, const char *code, uint64_t wall_ms)
{
    const struct said *best = NULL;

    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].e.counts && strcmp(rows[i].code, code) == 0 && moment(&rows[i]) <= wall_ms &&
            (best == NULL || later(&rows[i], best)))
            best = &rows[i];
    return best;
}

static void check_against(const struct sc_tables *t, const struct said *rows, uint64_t seed)
{
    static const char *const codes[] = {"A03", "A08", "Z99", "A01"};

    for (uint64_t wall = 0; wall <= 110; wall += 5)
        for (size_t c = 0; c < COUNT(codes); c++) {
            const struct said *best = look(rows, codes[c], wall);
            struct cr_span text = cr_span_text(codes[c]);
            struct sc_code row;
            bool known = sc_tables_code(t, text, wall, &row);

            if (known != (best != NULL || sc_hazard_code_find(text) != NULL) ||
                (best != NULL && (row.severity != best->severity || row.row.shipped ||
                                  !cr_hash_equal(&row.row.entry_id, &best->e.entry_id))) ||
                sc_tables_severity(t, text, wall) != (best != NULL ? best->severity : 0))
                ts_fail("seed %d: %s at %d", (int)seed, codes[c], (int)wall);
        }
}

/* Any order, twice, wrongly first: the row of every moment is that of the plain look, and no answer
 * before the moment that settling names has changed. */
static void test_codes__any_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sc_tables *p = sc_tables_new(), *q = sc_tables_new();
        struct said rows[ROWS];
        uint64_t from, before[12];
        struct ts_prng r;

        ts_prng_init(&r, seed);
        assert_true(p != NULL && q != NULL);
        for (size_t i = 0; i < ROWS; i++) {
            random_row(&r, i, &rows[i]);
            ts_assert_ok(add(p, &rows[i], SC_R_CODE));
        }
        ts_assert_ok(sc_tables_settle(p, &from));
        check_against(p, rows, seed);
        for (size_t i = ROWS; i-- > 0;) {
            bool counts = rows[i].e.counts;
            size_t at = sc_tables_count(q);

            for (uint64_t k = 0; k < 12; k++)
                before[k] = sc_tables_severity(q, cr_span_text(rows[i].code), k * 10);
            rows[i].e.counts = !counts;
            ts_assert_ok(add(q, &rows[i], SC_R_CODE));
            rows[i].e.counts = counts;
            ts_assert_ok(add(q, &rows[i], SC_R_CODE));
            assert_int_equal(sc_tables_count(q), at + 1);
            sc_tables_stand(q, at, counts);
            ts_assert_ok(sc_tables_settle(q, &from));
            for (uint64_t k = 0; k < 12; k++)
                if (sc_tables_severity(q, cr_span_text(rows[i].code), k * 10) != before[k] &&
                    k * 10 < from)
                    ts_fail("seed %d: an answer changed before %d", (int)seed, (int)from);
            ts_assert_ok(sc_tables_settle(q, &from));
            assert_true(from == UINT64_MAX);
        }
        check_against(q, rows, seed);
        for (size_t i = 0; i < ROWS; i++)
            cr_buf_release(&rows[i].body);
        sc_tables_free(p);
        sc_tables_free(q);
    }
}

/* A code of the street stands in its place in the walk, and only from its moment on. */
static void test_codes__added_to_the_walk(void **state)
{
    struct said s = {.code = "A08", .severity = 3, .from_ms = 50, .e = {.counts = true}};
    struct sc_tables *t = sc_tables_new();
    struct sc_code row = {.code = "A07"};
    uint64_t from;

    (void)state;
    code_body(&s);
    assert_non_null(t);
    ts_assert_ok(add(t, &s, SC_R_CODE));
    ts_assert_ok(sc_tables_settle(t, &from));
    assert_int_equal(from, 50);
    assert_true(sc_tables_next_code(t, 49, &row));
    assert_string_equal(row.code, "B01");
    (void)snprintf(row.code, sizeof row.code, "A07");
    assert_true(sc_tables_next_code(t, 50, &row));
    assert_string_equal(row.code, "A08");
    assert_true(cr_span_equal(row.row.zh, cr_span_text("甲")));
    assert_true(sc_tables_next_code(t, 50, &row));
    assert_string_equal(row.code, "B01");
    cr_buf_release(&s.body);
    sc_tables_free(t);
}

/* ---- lists and kinds as they are typed ---- */

struct word {
    const char *field, *text;
};

static int typed(uint64_t type, const struct word *words, struct cr_buf *out, struct st_err *err)
{
    struct sc_body b = {.rec = sc_record_find(type)};
    struct cr_buf arena;
    int rc = ST_OK;

    cr_buf_init(&arena, 65536);
    cr_buf_clear(out);
    for (size_t i = 0; rc == ST_OK && words[i].field != NULL; i++) {
        const struct sc_field *f = sc_field_by_name(b.rec, words[i].field);

        assert_non_null(f);
        rc = sc_value_parse(f, words[i].text, &arena, &b.v[sc_field_index(b.rec, f->key)], err);
    }
    if (rc == ST_OK)
        rc = sc_body_encode(&b, true, out, err);
    if (rc == ST_OK)
        rc = sc_body_decode(b.rec, 1, true, cr_buf_span(out), &b, err);
    if (rc == ST_OK)
        rc = b.rec->check(&b, 1, err);
    cr_buf_release(&arena);
    return rc;
}

#define LIST_(keys, zh, codes)                                                        \
    {                                                                                 \
        {"from", "@5"}, {"zh", "甲"}, {"en", "A"}, {"number", "9"}, {"version", "2"}, \
            {"keys", keys}, {"items-zh", zh}, {"items-en", "x,y"}, {"codes", codes},  \
        {                                                                             \
            NULL, NULL                                                                \
        }                                                                             \
    }

/* A second version of a shipped list: both are found by version, the second applies from its
 * moment; answers are looked for by key. */
static void test_codes__versions_of_a_list(void **state)
{
    static const struct word words[] = LIST_("01,02", "一,二", "A01 A02,");
    struct said s = {.e = {.counts = true}};
    struct sc_tables *t = sc_tables_new();
    struct sc_checklist l;
    uint64_t from;

    (void)state;
    assert_non_null(t);
    cr_buf_init(&s.body, SC_PAYLOAD_MAX);
    ts_assert_ok(typed(SC_R_CHECKLIST, words, &s.body, NULL));
    ts_assert_ok(add(t, &s, SC_R_CHECKLIST));
    ts_assert_ok(sc_tables_settle(t, &from));
    assert_true(from == UINT64_MAX); /* nothing folds anew */
    assert_true(sc_tables_list(t, 9, 4, &l));
    assert_int_equal(l.version, 1);
    assert_true(sc_tables_list(t, 9, 5, &l));
    assert_int_equal(l.version, 2);
    assert_int_equal(l.count, 2);
    assert_true(
        cr_span_equal(sc_checklist_item(&l, cr_span_text("01"))->codes, cr_span_text("A01 A02")));
    assert_null(sc_checklist_item(&l, cr_span_text("08")));
    assert_true(sc_tables_list_version(t, 9, 1, &l));
    assert_non_null(sc_checklist_item(&l, cr_span_text("08")));
    assert_true(sc_tables_list_version(t, 9, 2, &l));
    assert_false(sc_tables_list_version(t, 9, 3, &l));
    sc_tables_stand(t, 0, false);
    ts_assert_ok(sc_tables_settle(t, &from));
    assert_false(sc_tables_list_version(t, 9, 2, &l));
    cr_buf_release(&s.body);
    sc_tables_free(t);
}

/* What no row may say is refused, and the message says what. */
static void test_codes__checks(void **state)
{
#define CODE_(code, severity)                                                              \
    {                                                                                      \
        {"code", code}, {"severity", severity}, {"from", "@5"}, {"zh", "甲"}, {"en", "A"}, \
            {"limit", "t3"},                                                               \
        {                                                                                  \
            NULL, NULL                                                                     \
        }                                                                                  \
    }
#define KIND_ROW_(number, name)                                                        \
    {                                                                                  \
        {"from", "@5"}, {"zh", "甲"}, {"en", "A"}, {"number", number}, {"name", name}, \
            {"list", "1"}, {"period", "30"},                                           \
        {                                                                              \
            NULL, NULL                                                                 \
        }                                                                              \
    }
    static const struct {
        uint64_t type;
        struct word words[10];
        const char *message; /* NULL: taken */
    } rows[] = {
        {SC_R_CODE, CODE_("A08", "minor"), NULL},
        {SC_R_CODE, CODE_("A01", "general"), NULL},
        {SC_R_CODE, CODE_("A01", "minor"),
         "code.severity: clearance-strictly: A01 is of severity 3"},
        {SC_R_CODE, CODE_("M01", "serious"),
         "code.severity: clearance-strictly: M01 is of severity 4"},
        {SC_R_CODE, CODE_("M01", "major"), NULL},
        {SC_R_PLACE_KIND, KIND_ROW_("17", "night-market"), NULL},
        {SC_R_PLACE_KIND, KIND_ROW_("0", "x"), "place-kind.number: from 1"},
        {SC_R_PLACE_KIND, KIND_ROW_("17", "Night"), "place-kind.name: small letters, digits and -"},
        {SC_R_PLACE_KIND, KIND_ROW_("17", "1a"), "place-kind.name: small letters, digits and -"},
        {SC_R_CHECKLIST, LIST_("a,b", "一,二", "A01,"), NULL},
        {SC_R_CHECKLIST, LIST_("a,b", "一", "A01,"), "checklist.items-zh: 1 for 2 keys"},
        {SC_R_CHECKLIST, LIST_("a,a", "一,二", "A01,"), "checklist.keys: 'a' twice"},
        {SC_R_CHECKLIST, LIST_("a,", "一,二", "A01,"), "checklist.keys: item 2: 1 to 16 bytes"},
        {SC_R_CHECKLIST, LIST_("a,b", "一,二", "A01,a1"),
         "checklist.codes: item 2: codes such as A01 A02"},
        {SC_R_CHECKLIST, LIST_("a,b", "一,二", "A01  A02,"),
         "checklist.codes: item 1: codes such as A01 A02"},
        {SC_R_CHECKLIST, LIST_("a,b", "一,二", "A01A02,"),
         "checklist.codes: item 1: codes such as A01 A02"},
        {SC_R_CHECKLIST, LIST_("a,b", "一,二", "A01"), "checklist.codes: 1 for 2 keys"},
    };
    struct cr_buf out;

    (void)state;
    cr_buf_init(&out, SC_PAYLOAD_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct st_err err = {0};
        int rc = typed(rows[i].type, rows[i].words, &out, &err);

        if ((rc == ST_OK) != (rows[i].message == NULL) ||
            (rows[i].message != NULL && strcmp(err.msg, rows[i].message) != 0))
            ts_fail("row %zu: '%s'", i, err.msg);
    }
    cr_buf_release(&out);
}

static int fill(void *ctx)
{
    struct sc_tables *t = sc_tables_new();
    struct said *rows = ctx;
    uint64_t from;
    int rc = t == NULL ? ST_NOMEM : ST_OK;

    for (size_t i = 0; rc == ST_OK && i < ROWS; i++) {
        rc = add(t, &rows[i], SC_R_CODE);
        if (rc == ST_OK && i % 5 == 0)
            rc = sc_tables_settle(t, &from);
    }
    if (rc == ST_OK)
        rc = sc_tables_settle(t, &from);
    if (t != NULL)
        check_against(t, rows, 0); /* whatever it holds, it answers; see the count below */
    sc_tables_free(t);
    return rc;
}

/* Out of memory at any place: a status, and a set that still answers. */
static void test_codes__no_memory(void **state)
{
    struct said rows[ROWS];
    struct ts_prng r;

    (void)state;
    ts_prng_init(&r, 7);
    for (size_t i = 0; i < ROWS; i++) {
        random_row(&r, i, &rows[i]);
        rows[i].e.counts = false; /* so that all answers are those of an empty set */
    }
    assert_true(ts_oom_sweep(fill, rows) > 10);
    for (size_t i = 0; i < ROWS; i++)
        cr_buf_release(&rows[i].body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes__what_is_shipped),
        cmocka_unit_test(test_codes__time_limits),
        cmocka_unit_test(test_codes__any_order),
        cmocka_unit_test(test_codes__added_to_the_walk),
        cmocka_unit_test(test_codes__versions_of_a_list),
        cmocka_unit_test(test_codes__checks),
        cmocka_unit_test(test_codes__no_memory),
    };

    return cmocka_run_group_tests_name("codes", tests, NULL, NULL);
}
