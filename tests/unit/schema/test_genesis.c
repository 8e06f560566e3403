#include "tests/unit/schema/support.h"

static void fill_genesis(struct sc_genesis *g)
{
    struct cr_sign_pk next;

    *g = (struct sc_genesis){.street = 500118003, .name = "南大街街道"};
    unhex_to(golden_root_pk, g->root.b, sizeof g->root.b);
    unhex_to(golden_author_pk, next.b, sizeof next.b);
    cr_hash1(CR_TAG_NEXT_ROOT, cr_span_of(next.b, sizeof next.b), &g->next_root);
}

static int roundtrip(struct cr_span in, struct cr_buf *again)
{
    struct st_err err = {0};
    struct sc_genesis g;
    int status = sc_genesis_decode(in, &g, &err);

    assert_int_equal(status, err.code);
    if (status == ST_OK)
        ts_assert_ok(sc_genesis_encode(&g, again));
    return status;
}

/* The genesis of a space has the pinned bytes, and its hash names the space. */
static void test_genesis__pinned(void **state)
{
    struct sc_genesis g;
    struct cr_hash net;
    struct cr_buf out;

    (void)state;
    fill_genesis(&g);
    cr_buf_init(&out, SC_GENESIS_BYTES_MAX);
    ts_assert_ok(sc_genesis_encode(&g, &out));
    ts_assert_hex(out.p, out.n, golden_genesis);
    sc_genesis_net(cr_buf_span(&out), &net);
    ts_assert_hex(net.b, sizeof net.b, golden_net);
    check_strict("genesis", cr_buf_span(&out), roundtrip);
    cr_buf_release(&out);
}

/* The longest name fits; what is no street or no name is refused by both sides. */
static void test_genesis__bounds(void **state)
{
    struct sc_genesis g;
    struct cr_buf out;

    (void)state;
    fill_genesis(&g);
    cr_buf_init(&out, SC_GENESIS_BYTES_MAX);
    memset(g.name, 'n', SC_NAME_MAX);
    ts_assert_ok(sc_genesis_encode(&g, &out));
    ts_assert_ok(sc_genesis_decode(cr_buf_span(&out), &g, NULL));
    out.p[1] = 2;
    ts_assert_status(sc_genesis_decode(cr_buf_span(&out), &g, NULL), ST_VERSION);
    cr_buf_clear(&out);
    g.name[0] = '\0';
    ts_assert_status(sc_genesis_encode(&g, &out), ST_MALFORMED);
    fill_genesis(&g);
    g.street = 500118003206;
    ts_assert_status(sc_genesis_encode(&g, &out), ST_RANGE);
    assert_int_equal(out.n, 0);
    cr_buf_release(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_genesis__pinned),
        cmocka_unit_test(test_genesis__bounds),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
