/* A record counts in the scope where its kind lives, and nowhere else; what stands elsewhere is
 * held with the reason, on every node alike. */
#include "tests/unit/node/store_kit.h"

struct seen {
    size_t count;
    char name[64];
};

static int take_record(void *arg, const struct nd_record_row *row)
{
    struct cr_span name = sc_body_get(row->body, SC_K_NAME)->s;
    struct seen *seen = arg;

    seen->count++;
    assert_true(name.n < sizeof seen->name);
    memcpy(seen->name, name.p, name.n);
    seen->name[name.n] = '\0';
    return 0;
}

static struct seen records(struct nd_store *s, uint64_t type)
{
    struct seen seen = {0};
    uint64_t total = 0;

    ts_assert_ok(nd_store_records(s, type, 0, 0, 0, take_record, &seen, &total, NULL));
    assert_int_equal(total, seen.count);
    return seen;
}

static int take_why(void *arg, const struct nd_history_row *row)
{
    if (row->held)
        *(enum sc_why *)arg = row->why;
    return 0;
}

static enum sc_why why(struct nd_store *s, const struct sc_id *id)
{
    enum sc_why why = SC_WHY_COUNTS;

    ts_assert_ok(nd_store_history(s, id, take_why, &why, NULL));
    return why;
}

/* Homes in the village's scope, decisions in street/public; the other way round they are held. */
static void test_store_scope__kinds_have_their_place(void **state)
{
    const struct kit_body home = {.grid = KIT_GROUP, .name = "1号"},
                          decision = {.grid = KIT_GROUP,
                                      .name = "决定",
                                      .text = "整治",
                                      .when_ms = KIT_WALL};
    struct kit *k = kit_new();
    struct sc_id good, bad, decided, stray;
    struct nd_store *s;

    (void)state;
    kit_certify_all(k);
    good = kit_record(k, KIT_HEAD, SC_R_HOUSEHOLD, NULL, NULL, &home);
    bad = kit_record(k, KIT_CLERK, SC_R_HOUSEHOLD, NULL, NULL, &home);
    decided = kit_record(k, KIT_CLERK, SC_R_DECISION, NULL, NULL, &decision);
    stray = kit_record(k, KIT_STREET_HERE, SC_R_DECISION, NULL, NULL, &decision);
    s = kit_open_mem(k, "places");
    kit_deliver_all(k, s);
    assert_int_equal(records(s, SC_R_HOUSEHOLD).count, 1);
    assert_int_equal(records(s, SC_R_DECISION).count, 1);
    assert_int_equal(why(s, &good), SC_WHY_COUNTS);
    assert_int_equal(why(s, &decided), SC_WHY_COUNTS);
    assert_int_equal(why(s, &bad), SC_WHY_SCOPE);
    assert_int_equal(why(s, &stray), SC_WHY_SCOPE);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
}

/* A change that would carry a record off to another village's grid is held; the record stays as it
 * was, whatever the order of arrival. */
static void test_store_scope__no_change_leaves_the_scope(void **state)
{
    const struct kit_body made = {.grid = KIT_GROUP, .name = "甲", .kind = 1},
                          named = {.name = "乙"}, moved = {.grid = KIT_OTHER, .name = "丙"},
                          gone = {.grid = UINT64_C(500118003205001), .name = "丁"};
    struct kit *k = kit_new();
    struct cr_hash fold = {{0}}, now;
    struct ts_prng r;
    struct sc_id id, last;
    enum sc_why held;

    (void)state;
    ts_prng_init(&r, 3);
    kit_certify_all(k);
    id = kit_record(k, KIT_HEAD, SC_R_BUILDING, NULL, NULL, &made);
    last = kit_record(k, KIT_CHIEF, SC_R_BUILDING, &id, &id, &named);
    last = kit_record(k, KIT_HEAD, SC_R_BUILDING, &id, &last, &moved);
    kit_record(k, KIT_CHIEF, SC_R_BUILDING, &id, &last, &gone);
    for (int round = 0; round < 6; round++) {
        struct nd_store *s = kit_open_mem(k, round % 2 == 0 ? "a" : "b");
        struct seen seen;

        if (round == 0)
            kit_deliver_all(k, s);
        else
            kit_deliver_mixed(k, s, &r, NULL);
        seen = records(s, SC_R_BUILDING);
        assert_int_equal(seen.count, 1);
        assert_string_equal(seen.name, "丙");
        held = why(s, &id);
        assert_int_equal(held, SC_WHY_SCOPE);
        now = kit_fold_hash(s);
        if (round == 0)
            fold = now;
        assert_true(cr_hash_equal(&fold, &now));
        kit_verify(s);
        nd_store_close(s);
    }
    kit_free(k);
}

/* What a subject is; nothing that is not held is of any kind. */
static void test_store_scope__kind_of_a_subject(void **state)
{
    const struct kit_body report = {.grid = KIT_GROUP, .code = "A01"},
                          shop = {.grid = KIT_GROUP, .name = "店", .kind = 1};
    struct sc_id hazard, place, nobody = {{9}};
    struct kit *k = kit_new();
    struct nd_store *s;
    uint64_t type = 1;

    (void)state;
    kit_certify_all(k);
    hazard = kit_hazard(k, &report);
    place = kit_record(k, KIT_OFFICER, SC_R_PLACE, NULL, NULL, &shop);
    s = kit_open_mem(k, "kind");
    kit_deliver_all(k, s);
    ts_assert_ok(nd_store_kind(s, &nobody, &type));
    assert_int_equal(type, 0);
    ts_assert_ok(nd_store_kind(s, &hazard, &type));
    assert_int_equal(type, SC_R_HAZARD_REPORT);
    ts_assert_ok(nd_store_kind(s, &place, &type));
    assert_int_equal(type, SC_R_PLACE);
    nd_store_close(s);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_scope__kinds_have_their_place),
        cmocka_unit_test(test_store_scope__no_change_leaves_the_scope),
        cmocka_unit_test(test_store_scope__kind_of_a_subject),
    };

    ts_assert_ok(cr_init(NULL));
    return cmocka_run_group_tests_name("store_scope", tests, NULL, NULL);
}
