/* An entry of a suite that nobody knows, over three nodes in a row: production engine, driver and
 * store. */
#include "tests/lib/test.h"

#include "node/store_held.h"
#include "tests/unit/node/drivernet.h"

#include <stdlib.h>
#include <string.h>

#define VILLAGE UINT64_C(500118003206)
#define HOSTS   3

static const uint64_t scopes[] = {SC_SCOPE_PUBLIC, VILLAGE};

/* 0 knows 1, 1 knows 2: what 0 writes reaches 2 through 1 only. */
static struct dn *start_row(void)
{
    struct dn *net = calloc(1, sizeof *net);

    assert_non_null(net);
    dn_start(net);
    for (size_t i = 0; i < HOSTS; i++)
        dn_open_store(net, i, scopes, 2);
    dn_open_driver(net, 0, NULL, true, false);
    dn_certify(net, 0, SC_ROLE_STREET | SC_ROLE_NODE, net->genesis.street, "street");
    dn_certify(net, 1, SC_ROLE_VILLAGE | SC_ROLE_NODE, VILLAGE, "village");
    dn_certify(net, 2, SC_ROLE_VILLAGE | SC_ROLE_NODE, VILLAGE, "second");
    dn_know(net, 1, 0);
    dn_know(net, 2, 1);
    for (size_t i = 1; i < HOSTS; i++)
        dn_open_driver(net, i, NULL, true, false);
    dn_advance(net, 60000);
    return net;
}

/* The street's word about a hazard in suite 9. */
static void put_unknown(struct dn_host *h, uint64_t type, const struct sc_id *subject,
                        uint64_t incarnation)
{
    struct sc_wire_entry at = {.lamport = 1000, .wall_ms = h->wall_ms, .other_suite = 9};

    dn_put(h, VILLAGE, incarnation, type, subject, &at);
}

static int take_state(void *arg, const struct nd_hazard_row *row)
{
    *(enum sc_hazard_state *)arg = row->h.state;
    return 0;
}

static int count_unread(void *arg, const struct nd_held_row *row)
{
    *(size_t *)arg += row->entry.why == SC_WHY_SUITE;
    return 0;
}

static void test_driver_suite__travels(void **state)
{
    struct dn *net = start_row();
    struct nd_held_query q = {.limit = 0};
    struct cr_hash fold[HOSTS];
    struct sc_id id;

    (void)state;
    dn_report(net, 0, VILLAGE, &id);
    /* Written while nobody is looking: the engines hear of it when they start again. */
    nd_driver_free(net->host[0].driver);
    net->host[0].driver = NULL;
    put_unknown(&net->host[0], SC_R_HAZARD_PASS, &id, 77);
    put_unknown(&net->host[0], SC_R_HAZARD_REOPEN, &id, 78);
    dn_open_driver(net, 0, NULL, true, false);
    dn_advance(net, 600000);
    for (size_t i = 0; i < HOSTS; i++) {
        struct nd_store *s = net->host[i].store;
        enum sc_hazard_state at = SC_HS_CLOSED;
        struct nd_verify v;
        size_t unread = 0;

        ts_assert_ok(nd_store_held(s, &q, count_unread, &unread, NULL, NULL));
        assert_int_equal(unread, 2);
        ts_assert_ok(nd_store_hazard(s, &id, take_state, &at, NULL));
        assert_int_equal(at, SC_HS_REPORTED);
        ts_assert_ok(nd_store_verify(s, false, &v, NULL, NULL, NULL));
        ts_assert_ok(nd_store_fold_hash(s, NULL, 0, &fold[i]));
        assert_memory_equal(fold[0].b, fold[i].b, sizeof fold[0].b);
    }
    dn_stop(net);
    free(net);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_driver_suite__travels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
