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

/* The street's word about a hazard in suite 9, in a log of its own beside the driver's. */
static void put_unknown(struct dn_host *h, uint64_t type, const struct sc_id *subject,
                        uint64_t incarnation)
{
    static struct sc_run run;
    struct nd_run r = {.run = &run};
    struct sc_body body = {.rec = sc_record_find(type)};
    struct sc_payload p = {.type = type,
                           .schema_version = 1,
                           .has_subject = true,
                           .subject = *subject,
                           .parents = subject,
                           .parent_count = 1};
    struct cr_buf bytes, payload;
    struct sc_link link;

    r.key =
        (struct sc_log_key){.author = h->id.sign_pk, .scope = VILLAGE, .incarnation = incarnation};
    sc_log_id(nd_store_net(h->store), &r.key, &r.log_id);
    r.before = r.log_id;
    sc_link_start(&r.log_id, &link);
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    cr_buf_init(&payload, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_body_encode(&body, false, &bytes, NULL));
    p.body = cr_buf_span(&bytes);
    ts_assert_ok(sc_payload_encode(&p, &payload));
    memset(&run, 0, sizeof run);
    run.count = 1;
    run.e[0] = (struct sc_wire_entry){
        .lamport = 1000, .wall_ms = h->wall_ms, .other_suite = 9, .payload = cr_buf_span(&payload)};
    ts_assert_ok(sc_link_wire(&link, &run.e[0]));
    sc_checkpoint_sign(&h->id.sign_sk, nd_store_net(h->store), &r.log_id, 0, &link.chain, &run.sig);
    r.chains = &link.chain;
    ts_assert_ok(nd_store_begin(h->store, NULL));
    ts_assert_ok(nd_store_apply(h->store, &r, NULL, NULL));
    ts_assert_ok(nd_store_commit(h->store, NULL));
    cr_buf_release(&bytes);
    cr_buf_release(&payload);
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
