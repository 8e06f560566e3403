#include "tests/unit/schema/support.h"

/* The number of digits gives the level, and nothing else does. */
static void test_id__level(void **state)
{
    static const struct {
        uint64_t code;
        int level;
        uint64_t parent, scope;
    } rows[] = {
        {0, 0, 0, 0},
        {99999999, 0, 0, 0},
        {100000000, 1, 0, SC_SCOPE_PUBLIC},
        {500118003, 1, 0, SC_SCOPE_PUBLIC},
        {999999999, 1, 0, SC_SCOPE_PUBLIC},
        {1000000000, 0, 0, 0},
        {99999999999, 0, 0, 0},
        {500118003206, 2, 500118003, 500118003206},
        {999999999999, 2, 999999999, 999999999999},
        {1000000000000, 0, 0, 0},
        {500118003206012, 3, 500118003206, 500118003206},
        {999999999999999, 3, 999999999999, 999999999999},
        {1000000000000000, 0, 0, 0},
        {UINT64_MAX, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (sc_grid_level(rows[i].code) != rows[i].level ||
            sc_grid_parent(rows[i].code) != rows[i].parent ||
            sc_grid_scope(rows[i].code) != rows[i].scope)
            ts_fail("row %zu, code %llu", i, (unsigned long long)rows[i].code);
    }
}

/* A code lies in its own prefix and in those above it, never in a neighbour's or one below. */
static void test_id__within(void **state)
{
    static const uint64_t street = 500118003, village = 500118003206, group = 500118003206012;

    (void)state;
    assert_true(sc_grid_within(street, street));
    assert_true(sc_grid_within(village, street));
    assert_true(sc_grid_within(group, street));
    assert_true(sc_grid_within(group, village));
    assert_true(sc_grid_within(group, group));
    assert_false(sc_grid_within(street, village));
    assert_false(sc_grid_within(village, group));
    assert_false(sc_grid_within(group, village + 1));
    assert_false(sc_grid_within(group + 1, group));
    assert_false(sc_grid_within(village, street + 1));
    assert_false(sc_grid_within(5, street));
    assert_false(sc_grid_within(village, 0));
    assert_false(sc_grid_within(0, 0));
}

/* Every valid scope has one text, and only that text gives it. */
static void test_id__scope_text(void **state)
{
    static const uint64_t scopes[] = {SC_SCOPE_PUBLIC, SC_SCOPE_INTERNAL, 500118003206,
                                      100000000000, 999999999999};
    static const char *const wrong[] = {
        "",        "Public",        "public ", "1", "500118003", "0500118003206", "500118003206012",
        "invalid", "+500118003206", "village"};
    char text[SC_SCOPE_TEXT_MAX];
    uint64_t back;

    (void)state;
    for (size_t i = 0; i < COUNT(scopes); i++) {
        assert_true(sc_scope_valid(scopes[i]));
        sc_scope_text(scopes[i], text);
        ts_assert_ok(sc_scope_parse(text, &back));
        assert_int_equal(back, scopes[i]);
    }
    for (size_t i = 0; i < COUNT(wrong); i++)
        ts_assert_status(sc_scope_parse(wrong[i], &back), ST_MALFORMED);
    assert_false(sc_scope_valid(0));
    assert_false(sc_scope_valid(500118003));
    sc_scope_text(UINT64_MAX, text);
    assert_string_equal(text, "invalid");
}

/* A display name is UTF-8 of 1 to SC_NAME_MAX bytes. */
static void test_id__name(void **state)
{
    char name[SC_NAME_MAX + 1];

    (void)state;
    memset(name, 'x', sizeof name);
    assert_false(sc_name_valid(name));
    name[SC_NAME_MAX] = '\0';
    assert_true(sc_name_valid(name));
    name[0] = (char)0xff;
    assert_false(sc_name_valid(name));
    name[0] = '\0';
    assert_false(sc_name_valid(name));
}

/* Ids order as bytes do, and are the front of the entry id. */
static void test_id__order(void **state)
{
    struct cr_hash h = {.b = {1, 2, 3}};
    struct sc_id a = sc_id_of(&h), b = a;

    (void)state;
    assert_memory_equal(a.b, h.b, SC_ID_BYTES);
    assert_true(sc_id_equal(&a, &b));
    b.b[15] = 1;
    assert_false(sc_id_equal(&a, &b));
    assert_true(sc_id_cmp(&a, &b) < 0);
    b.b[0] = 0;
    assert_true(sc_id_cmp(&a, &b) > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id__level),      cmocka_unit_test(test_id__within),
        cmocka_unit_test(test_id__scope_text), cmocka_unit_test(test_id__name),
        cmocka_unit_test(test_id__order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
