/* Codes of the street in the store: a report has the severity that the table said when it was
 * claimed to be written, whatever arrived first; rows by others do not count. */
#include "tests/unit/node/store_kit.h"

#include <stdio.h>

static void set(struct sc_body *b, uint8_t key, struct sc_value v)
{
    v.present = true;
    b->v[sc_field_index(b->rec, key)] = v;
}

static struct sc_id put_code(struct kit *k, enum kit_who who, const char *code, uint64_t severity,
                             uint64_t from_ms)
{
    struct sc_body b = {.rec = sc_record_find(SC_R_CODE)};
    struct cr_buf bytes;
    struct sc_id id;

    set(&b, SC_K_CODE, (struct sc_value){.s = cr_span_text(code)});
    set(&b, SC_K_SEVERITY, (struct sc_value){.u = severity});
    set(&b, SC_K_TABLE_FROM, (struct sc_value){.u = from_ms});
    set(&b, SC_K_TABLE_LIMIT, (struct sc_value){.u = SC_T3});
    set(&b, SC_K_TABLE_ZH, (struct sc_value){.s = cr_span_text("甲")});
    set(&b, SC_K_TABLE_EN, (struct sc_value){.s = cr_span_text("A")});
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_body_encode(&b, true, &bytes, NULL));
    id = kit_put(k, who, SC_R_CODE, NULL, NULL, 0, cr_buf_span(&bytes));
    cr_buf_release(&bytes);
    return id;
}

static int take_severity(void *arg, const struct nd_hazard_row *row)
{
    *(uint64_t *)arg = row->h.severity;
    return 0;
}

static uint64_t severity(struct nd_store *s, const struct sc_id *id)
{
    uint64_t v = 0;

    ts_assert_ok(nd_store_hazard(s, id, take_severity, &v, NULL));
    return v;
}

/* The row raises what is reported after it, not what was before; a new code has the severity the
 * street gave it, an unknown one that of the policy. Any order of arrival gives one fold. */
static void test_store_tables__severity_of_its_time(void **state)
{
    const struct kit_body a03 = {.grid = KIT_GROUP, .code = "A03"},
                          a08 = {.grid = KIT_GROUP, .code = "A08"},
                          z99 = {.grid = KIT_GROUP, .code = "Z99"};
    struct kit *k = kit_new();
    struct sc_id before, after, fresh, unknown;
    struct cr_hash fold = {{0}}, now;
    struct ts_prng r;

    (void)state;
    ts_prng_init(&r, 11);
    kit_certify_all(k);
    before = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &a03);
    (void)put_code(k, KIT_CLERK, "A03", 3, 0);
    (void)put_code(k, KIT_CLERK, "A08", 4, 0);
    after = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &a03);
    fresh = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &a08);
    unknown = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &z99);
    for (int round = 0; round < 8; round++) {
        struct nd_store *s = kit_open_mem(k, round % 2 == 0 ? "a" : "b");

        if (round == 0)
            kit_deliver_all(k, s);
        else
            kit_deliver_mixed(k, s, &r, NULL);
        assert_int_equal(severity(s, &before), 2);
        assert_int_equal(severity(s, &after), 3);
        assert_int_equal(severity(s, &fresh), 4);
        assert_int_equal(severity(s, &unknown), 2);
        now = kit_fold_hash(s);
        if (round == 0)
            fold = now;
        assert_true(cr_hash_equal(&fold, &now));
        kit_verify(s);
        nd_store_close(s);
    }
    kit_free(k);
}

/* The row arrives last, in a transaction of its own: what was reported meanwhile is folded anew
 * with it. And it is there again when the store is opened again. */
static void test_store_tables__late_row(void **state)
{
    const struct kit_body a03 = {.grid = KIT_GROUP, .code = "A03"};
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    char path[TS_PATH_BYTES];
    struct nd_store *s;
    struct sc_code row;
    struct sc_id id;

    (void)state;
    ts_tmpdir_init(&dir);
    kit_certify_all(k);
    (void)put_code(k, KIT_CLERK, "A03", 4, 0);
    id = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &a03);
    s = kit_open_dir(k, ts_tmpdir_path(&dir, "store", path));
    kit_deliver(k, s, KIT_ROOT, 0, k->log[KIT_ROOT].count);
    kit_deliver(k, s, KIT_OFFICER, 0, k->log[KIT_OFFICER].count);
    assert_int_equal(severity(s, &id), 2);
    kit_deliver(k, s, KIT_CLERK, 0, k->log[KIT_CLERK].count);
    assert_int_equal(severity(s, &id), 4);
    nd_store_close(s);
    s = kit_open_dir(k, path);
    assert_int_equal(severity(s, &id), 4);
    assert_true(sc_tables_code(nd_store_tables(s), cr_span_text("A03"), UINT64_MAX, &row));
    assert_false(row.row.shipped);
    kit_verify(s);
    nd_store_close(s);
    ts_tmpdir_release(&dir);
    kit_free(k);
}

/* Whoever is no seat of the street sets nothing, nor does the street in another scope. */
static void test_store_tables__who_may(void **state)
{
    static const enum kit_who others[] = {KIT_HEAD, KIT_STREET_HERE, KIT_STRANGER};
    const struct kit_body a03 = {.grid = KIT_GROUP, .code = "A03"};
    struct kit *k = kit_new();
    struct nd_store *s;
    struct sc_code row;
    struct sc_id id;

    (void)state;
    kit_certify_all(k);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        (void)put_code(k, others[i], "A03", 4, 0);
    id = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &a03);
    s = kit_open_mem(k, "who");
    kit_deliver_all(k, s);
    assert_int_equal(severity(s, &id), 2);
    assert_true(sc_tables_code(nd_store_tables(s), cr_span_text("A03"), UINT64_MAX, &row));
    assert_true(row.row.shipped);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_tables__severity_of_its_time),
        cmocka_unit_test(test_store_tables__late_row),
        cmocka_unit_test(test_store_tables__who_may),
    };

    ts_assert_ok(cr_init(NULL));
    return cmocka_run_group_tests_name("store_tables", tests, NULL, NULL);
}
