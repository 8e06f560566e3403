#include "node/store.h"
#include "tests/lib/test.h"
#include <stdio.h>
#include <string.h>

/* One street root, one village officer and seat, writing by hand what a driver would write. */
#define VILLAGE UINT64_C(500118003001)
#define GROUP   UINT64_C(500118003001004)

struct author {
    struct cr_identity id;
    struct sc_log_key key;
    struct cr_hash log_id;
    struct sc_link link;
};

struct world {
    struct sc_genesis genesis;
    struct cr_hash net;
    struct author root, officer, seat, street;
    uint64_t lamport;
};

static void author_start(const struct world *w, struct author *a, uint8_t seed, uint64_t scope)
{
    uint8_t bytes[32] = {seed};
    cr_identity_from_seed(bytes, &a->id);
    a->key = (struct sc_log_key){.author = a->id.sign_pk, .scope = scope, .incarnation = 7};
    sc_log_id(&w->net, &a->key, &a->log_id);
    sc_link_start(&a->log_id, &a->link);
}

static void world_start(struct world *w)
{
    struct cr_buf b;
    memset(w, 0, sizeof *w);
    uint8_t seed[32] = {1};
    struct cr_identity root;
    cr_identity_from_seed(seed, &root);
    w->genesis.root = root.sign_pk;
    w->genesis.street = UINT64_C(500118003);
    memcpy(w->genesis.name, "t", 2);
    cr_buf_init(&b, SC_GENESIS_BYTES_MAX);
    ts_assert_ok(sc_genesis_encode(&w->genesis, &b));
    sc_genesis_net(cr_buf_span(&b), &w->net);
    cr_buf_release(&b);
    author_start(w, &w->root, 1, SC_SCOPE_PUBLIC);
    author_start(w, &w->officer, 2, VILLAGE);
    author_start(w, &w->seat, 3, VILLAGE);
    author_start(w, &w->street, 4, VILLAGE);
}

/* Writes one entry as a transaction; returns its short id. */
static struct sc_id put(struct nd_store *s, struct world *w, struct author *a, uint64_t type,
                        const struct sc_id *subject, const struct sc_id *parents,
                        size_t parent_count, struct cr_span body)
{
    struct cr_buf payload;
    struct st_err err = {.msg = ""};
    cr_buf_init(&payload, SC_PAYLOAD_MAX);
    struct sc_payload p = {.type = type,
                           .schema_version = 1,
                           .parents = parents,
                           .parent_count = parent_count,
                           .body = body};
    if (subject != NULL) {
        p.has_subject = true;
        p.subject = *subject;
    }
    ts_assert_ok(sc_payload_encode(&p, &payload));
    static struct sc_run run;
    struct sc_header h;
    struct cr_hash hash;
    memset(&run, 0, sizeof run);
    struct cr_hash before = a->link.chain;
    run.first_seq = a->link.seq_next;
    run.count = 1;
    run.e[0].lamport = ++w->lamport;
    run.e[0].wall_ms = 1700000000000 + w->lamport;
    run.e[0].payload = cr_buf_span(&payload);
    run.e[0].payload_bytes = payload.n;
    sc_payload_hash(run.e[0].payload, &hash);
    ts_assert_ok(sc_link_extend(&a->link, w->lamport, run.e[0].wall_ms, &hash, payload.n, &h));
    sc_checkpoint_sign(&a->id.sign_sk, &w->net, &a->log_id, run.first_seq, &a->link.chain,
                       &run.sig);
    struct nd_run r = {.run = &run,
                       .key = a->key,
                       .log_id = a->log_id,
                       .before = before,
                       .chains = &a->link.chain,
                       .received_ms = 5};
    ts_assert_ok(nd_store_begin(s, &err));
    if (nd_store_apply(s, &r, NULL, &err) != ST_OK || nd_store_commit(s, &err) != ST_OK)
        ts_fail("%s", err.msg);
    cr_buf_release(&payload);
    return sc_id_of(&a->link.chain);
}

static struct sc_id put_body(struct nd_store *s, struct world *w, struct author *a, uint64_t type,
                             const struct sc_id *subject, const struct sc_id *parents, size_t n,
                             struct sc_body *body)
{
    struct cr_buf b;
    struct st_err err = {.msg = ""};
    cr_buf_init(&b, SC_PAYLOAD_MAX);
    body->rec = sc_record_find(type);
    if (sc_body_encode(body, subject == NULL, &b, &err) != ST_OK)
        ts_fail("%s", err.msg);
    struct sc_id id = put(s, w, a, type, subject, parents, n, cr_buf_span(&b));
    cr_buf_release(&b);
    return id;
}

static void certify(struct nd_store *s, struct world *w, const struct author *who, uint64_t rank,
                    uint64_t roles, uint64_t prefix)
{
    struct sc_cert c = {.subject = who->id.sign_pk,
                        .kx_pk = who->id.kx_pk,
                        .kind = SC_CERT_NODE,
                        .rank = rank,
                        .roles = roles,
                        .prefix_count = 1};
    c.prefixes[0] = prefix;
    cr_person_id(&who->id.sign_pk, c.person.b);
    memcpy(c.name, "x", 2);
    struct cr_buf b;
    cr_buf_init(&b, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_cert_encode(&c, &b));
    put(s, w, &w->root, SC_R_CERT, NULL, NULL, 0, cr_buf_span(&b));
    cr_buf_release(&b);
}

static struct sc_body report_body(void)
{
    struct sc_body b = {.rec = sc_record_find(SC_R_HAZARD_REPORT)};
    b.v[sc_field_index(b.rec, SC_K_GRID)] = (struct sc_value){.present = true, .u = GROUP};
    b.v[sc_field_index(b.rec, SC_K_CODE)] =
        (struct sc_value){.present = true, .s = cr_span_text("A03")};
    return b;
}

struct got {
    size_t n;
    enum sc_hazard_state state;
    uint32_t flags;
};

static int take(void *arg, const struct nd_hazard_row *row)
{
    struct got *g = (struct got *)arg;
    g->n++;
    g->state = row->h.state;
    g->flags = row->h.flags;
    return 0;
}

static int take_village(void *arg, const struct nd_grid_row *row)
{
    if (row->code == VILLAGE)
        *(struct nd_grid_row *)arg = *row;
    return 0;
}

static struct nd_store *open_mem(const struct world *w, const char *uri)
{
    struct nd_store *s = NULL;
    struct st_err err = {.msg = ""};
    struct nd_store_options o = {.uri = uri, .create = true, .genesis = &w->genesis};
    if (nd_store_open(&o, &s, &err) != ST_OK)
        ts_fail("%s", err.msg);
    return s;
}

static void assert_verified(struct nd_store *s)
{
    struct nd_verify v;
    struct st_err err = {.msg = ""};
    if (nd_store_verify(s, false, &v, NULL, NULL, &err) != ST_OK)
        ts_fail("%s", err.msg);
}

/* A hazard goes from a report by an officer to a check by the seat; list, counters and sum follow,
 * and the projections are what a rebuild gives. */
static void test_store__hazard_to_closed(void **state)
{
    (void)state;
    struct world w;
    world_start(&w);
    struct nd_store *s = open_mem(&w, "file:/t-closed?vfs=memdb");
    certify(s, &w, &w.officer, 1, SC_ROLE_VILLAGE | SC_ROLE_NODE, VILLAGE);
    certify(s, &w, &w.seat, 1, SC_ROLE_VILLAGE | SC_ROLE_NODE, VILLAGE);
    struct sc_body b = report_body(), none = {.rec = NULL};
    struct sc_id report = put_body(s, &w, &w.officer, SC_R_HAZARD_REPORT, NULL, NULL, 0, &b);
    struct nd_hazard_query q = {.grid_prefix = VILLAGE, .limit = 10};
    struct got got = {.n = 0};
    uint64_t total = 0;
    ts_assert_ok(nd_store_hazards(s, &q, take, &got, &total, NULL));
    assert_int_equal(total, 1);
    assert_int_equal(got.state, SC_HS_REPORTED);
    struct nd_grid_row village = {.code = 0};
    ts_assert_ok(nd_store_grids(s, 0, 3, take_village, &village, NULL));
    assert_int_equal(village.open, 1);
    struct sc_id fix = put_body(s, &w, &w.officer, SC_R_HAZARD_FIX, &report, &report, 1, &none);
    put_body(s, &w, &w.seat, SC_R_HAZARD_PASS, &report, &fix, 1, &none);
    ts_assert_ok(nd_store_hazards(s, &q, take, &got, &total, NULL));
    assert_int_equal(got.state, SC_HS_CLOSED);
    ts_assert_ok(nd_store_grids(s, 0, 3, take_village, &village, NULL));
    assert_int_equal(village.open, 0);
    assert_int_equal(village.closed, 1);
    assert_verified(s);
    nd_store_close(s);
}

/* What an author without certificate wrote counts from the moment its certificate is there, as if
 * it had come in that order. */
static void test_store__certificate_comes_later(void **state)
{
    (void)state;
    struct cr_hash sum[2];
    for (int late = 0; late < 2; late++) {
        struct world w;
        world_start(&w);
        struct nd_store *s =
            open_mem(&w, late ? "file:/t-late?vfs=memdb" : "file:/t-early?vfs=memdb");
        uint64_t lamport = 0;
        if (!late) {
            certify(s, &w, &w.officer, 1, SC_ROLE_VILLAGE, VILLAGE);
            lamport = w.lamport;
            w.lamport = 10;
        } else {
            w.lamport = 10;
        }
        struct sc_body b = report_body();
        struct sc_id report = put_body(s, &w, &w.officer, SC_R_HAZARD_REPORT, NULL, NULL, 0, &b);
        struct sc_body none = {.rec = NULL};
        put_body(s, &w, &w.officer, SC_R_HAZARD_FIX, &report, &report, 1, &none);
        struct got got = {.n = 0};
        ts_assert_ok(nd_store_hazard(s, &report, take, &got, NULL));
        assert_int_equal(got.state, late ? SC_HS_REPORTED : SC_HS_FIX_CLAIMED);
        assert_int_equal((got.flags & SC_HF_UNCONFIRMED) != 0, late);
        if (late) {
            w.lamport = lamport;
            certify(s, &w, &w.officer, 1, SC_ROLE_VILLAGE, VILLAGE);
            ts_assert_ok(nd_store_hazard(s, &report, take, &got, NULL));
            assert_int_equal(got.state, SC_HS_FIX_CLAIMED);
        }
        assert_verified(s);
        ts_assert_ok(nd_store_fold_hash(s, NULL, 0, &sum[late]));
        nd_store_close(s);
    }
    assert_true(cr_hash_equal(&sum[0], &sum[1]));
}

int main(void)
{
    struct st_err err;
    if (cr_init(&err) != ST_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store__hazard_to_closed),
        cmocka_unit_test(test_store__certificate_comes_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
