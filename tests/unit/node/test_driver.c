/* The driver between engine, store and connections. Production engine and store; the network, the
 * clock and the moments of commits are the test's. */
#include "tests/lib/test.h"

#include "tests/unit/node/drivernet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VILLAGE UINT64_C(500118003206)
#define OTHER   UINT64_C(500118003205)

static const uint64_t street_scopes[] = {SC_SCOPE_PUBLIC, SC_SCOPE_INTERNAL, OTHER, VILLAGE};
static const uint64_t village_scopes[] = {SC_SCOPE_PUBLIC, VILLAGE};

/* ---- the moments of transactions, by --wrap ---- */
static bool txn_open;

int __real_nd_store_begin(struct nd_store *s, struct st_err *err);
int __real_nd_store_commit(struct nd_store *s, struct st_err *err);
void __real_nd_store_rollback(struct nd_store *s);
int __wrap_nd_store_begin(struct nd_store *s, struct st_err *err);
int __wrap_nd_store_commit(struct nd_store *s, struct st_err *err);
void __wrap_nd_store_rollback(struct nd_store *s);

int __wrap_nd_store_begin(struct nd_store *s, struct st_err *err)
{
    int rc = __real_nd_store_begin(s, err);

    txn_open = rc == ST_OK;
    return rc;
}

int __wrap_nd_store_commit(struct nd_store *s, struct st_err *err)
{
    txn_open = false;
    return __real_nd_store_commit(s, err);
}

void __wrap_nd_store_rollback(struct nd_store *s)
{
    txn_open = false;
    __real_nd_store_rollback(s);
}

/* ---- a street and a village that knows it ---- */

static struct dn *start_two(bool plain)
{
    struct dn *net = calloc(1, sizeof *net);

    assert_non_null(net);
    dn_start(net);
    dn_open_store(net, 0, street_scopes, 4);
    dn_open_driver(net, 0, NULL, true, plain);
    dn_certify(net, 0, SC_ROLE_STREET | SC_ROLE_NODE, net->genesis.street, "street");
    dn_certify(net, 1, SC_ROLE_VILLAGE | SC_ROLE_NODE, VILLAGE, "village");
    dn_open_store(net, 1, village_scopes, 2);
    dn_know(net, 1, 0);
    dn_open_driver(net, 1, NULL, true, plain);
    return net;
}

static void stop(struct dn *net)
{
    dn_stop(net);
    free(net);
}

/* A village that knows only the street's keys gets the certificates, then the sessions open up to
 * its own scope and what it writes reaches the street; both ways, and live. */
static void test_driver__two_nodes_sync(void **state)
{
    struct sc_id id, id2;
    struct dn *net;

    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        net = start_two(plain != 0);
        dn_advance(net, 10000);
        assert_int_equal(dn_sessions(net, 0), 1);
        assert_int_equal(dn_sessions(net, 1), 1);
        assert_non_null(
            sc_certs_find(nd_store_certs(net->host[1].store), &net->host[1].id.sign_pk));
        dn_report(net, 1, VILLAGE, &id);
        dn_settle(net);
        assert_int_equal(dn_hazards(net, 0), 1);
        dn_report(net, 0, VILLAGE, &id2);
        dn_settle(net);
        assert_int_equal(dn_hazards(net, 1), 2);
        stop(net);
    }
}

/* What another village wrote is never given to this one. */
static void test_driver__scopes_are_kept_apart(void **state)
{
    struct sc_id id;
    struct dn *net = start_two(true);

    (void)state;
    dn_report(net, 0, OTHER, &id);
    dn_report(net, 0, VILLAGE, &id);
    dn_advance(net, 10000);
    assert_int_equal(dn_hazards(net, 0), 2);
    assert_int_equal(dn_hazards(net, 1), 1);
    stop(net);
}

static size_t acks;

/* Plain links only: an acknowledgement that names entries is no sign of life but a promise. */
static void watch_acks(struct dn *net, struct dn_host *from, size_t nth, struct cr_span bytes)
{
    struct sc_ack ack;

    (void)net;
    (void)from;
    if (nth == 0 || bytes.n < 4 || bytes.p[2] != SC_FT_ACK)
        return;
    ts_assert_ok(sc_ack_decode((struct cr_span){bytes.p + 3, bytes.n - 3 - CR_CHANNEL_TAG_BYTES},
                               &ack, NULL));
    if (ack.count == 0)
        return;
    acks++;
    assert_false(txn_open);
}

/* Nothing that depends on stored entries is sent before the transaction with them is committed. */
static void test_driver__persists_before_it_sends(void **state)
{
    struct sc_id id;
    struct dn *net = start_two(true);

    (void)state;
    acks = 0;
    net->watch = watch_acks;
    for (int i = 0; i < 50; i++)
        dn_report(net, 0, VILLAGE, &id);
    dn_advance(net, 10000);
    for (int i = 0; i < 50; i++)
        dn_report(net, 1, VILLAGE, &id);
    dn_advance(net, 10000);
    assert_int_equal(dn_hazards(net, 0), 100);
    assert_int_equal(dn_hazards(net, 1), 100);
    assert_true(acks > 1);
    stop(net);
}

/* A stranger without the space's gate is answered by silence, after a while, and counted. */
static void test_driver__refuses_another_gate(void **state)
{
    struct cr_gate other = {{9}};
    struct nd_driver_counters n;
    struct dn *net = start_two(false);

    (void)state;
    dn_open_store(net, 2, village_scopes, 2);
    dn_know(net, 2, 0);
    dn_open_driver(net, 2, &other, true, false);
    dn_advance(net, 1000);
    nd_driver_counters(net->host[0].driver, &n);
    assert_true(n.refused_gate >= 1);
    assert_int_equal(n.refused_auth, 0);
    assert_int_equal(dn_sessions(net, 2), 0);
    assert_true(net->host[0].last_delay_ms > 0);
    stop(net);
}

/* So is a member's machine that holds no certificate. */
static void test_driver__refuses_unknown_key(void **state)
{
    struct nd_driver_counters n;
    struct dn *net = start_two(false);

    (void)state;
    dn_open_store(net, 2, village_scopes, 2);
    dn_know(net, 2, 0);
    dn_open_driver(net, 2, NULL, true, false);
    dn_advance(net, 1000);
    nd_driver_counters(net->host[0].driver, &n);
    assert_true(n.refused_auth >= 1);
    assert_int_equal(n.refused_gate, 0);
    assert_int_equal(dn_sessions(net, 2), 0);
    stop(net);
}

/* Bytes that are no handshake at all cost nothing and are counted. */
static void test_driver__refuses_junk(void **state)
{
    static const uint8_t junk[] = "GET / HTTP/1.1\r\n\r\n";
    struct nd_driver_counters n;
    struct dn *net = start_two(false);

    (void)state;
    net->conn[200] = (struct dn_conn){.used = true, .end = {&net->host[3], &net->host[0]}};
    net->conn[200].open[1] = true;
    cr_buf_init(&net->conn[200].in[0], 100);
    cr_buf_init(&net->conn[200].in[1], 100);
    ts_assert_ok(nd_driver_accepted(net->host[0].driver, 201, "10.0.0.9:4"));
    nd_driver_bytes(net->host[0].driver, 201, cr_span_of(junk, sizeof junk - 1));
    nd_driver_bytes(net->host[0].driver, 201, cr_span_of(junk, sizeof junk - 1));
    dn_advance(net, ND_HALF_OPEN_MS + 100);
    nd_driver_counters(net->host[0].driver, &n);
    assert_int_equal(n.refused_gate, 1);
    stop(net);
}

/* Half-open connections of one address, and in all, are bounded. */
static void test_driver__half_open_caps(void **state)
{
    struct dn *net = start_two(false);
    char addr[32];
    uint32_t conn = 100;
    int of_one = 0, in_all = 0;

    (void)state;
    for (int i = 0; i < 20; i++)
        of_one += nd_driver_accepted(net->host[0].driver, conn++, "10.0.0.1:9") == ST_OK;
    assert_int_equal(of_one, 8);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(addr, sizeof addr, "10.0.1.%d:9", i);
        in_all += nd_driver_accepted(net->host[0].driver, conn++, addr) == ST_OK;
    }
    assert_int_equal(of_one + in_all, ND_HALF_OPEN_MAX);
    for (uint32_t i = 100; i < conn; i++)
        nd_driver_disconnected(net->host[0].driver, i, ST_UNREACHABLE);
    stop(net);
}

/* ---- dialling ---- */

/* A peer that does not answer is dialled later and later, at most every five minutes. */
static void test_driver__backs_off(void **state)
{
    struct dn *net = calloc(1, sizeof *net);
    uint64_t before = 0;

    (void)state;
    assert_non_null(net);
    dn_start(net);
    dn_open_store(net, 1, village_scopes, 2);
    dn_know(net, 1, 0); /* host 0 does not run */
    dn_open_driver(net, 1, NULL, true, false);
    dn_advance(net, 3600000);
    assert_in_range(net->host[1].dials, 12, 24);
    for (size_t i = 1; i < net->host[1].dials; i++) {
        uint64_t gap = net->host[1].dial_ms[i] - net->host[1].dial_ms[i - 1];

        assert_true(gap >= before);
        assert_in_range(gap, ND_DIAL_MIN_MS * 3 / 4, ND_DIAL_MAX_MS * 5 / 4);
        before = gap;
    }
    assert_true(before >= ND_DIAL_MAX_MS * 3 / 4);
    stop(net);
}

/* Two nodes that dial each other at the same moment end with one session, and keep it. */
static void test_driver__simultaneous_dial(void **state)
{
    struct nd_driver_counters a, b;
    struct dn *net = start_two(false);

    (void)state;
    dn_know(net, 0, 1);
    dn_advance(net, 30000);
    assert_int_equal(dn_sessions(net, 0), 1);
    assert_int_equal(dn_sessions(net, 1), 1);
    nd_driver_counters(net->host[0].driver, &a);
    nd_driver_counters(net->host[1].driver, &b);
    assert_true(a.sessions <= 4);
    assert_true(b.sessions <= 4);
    dn_advance(net, 600000);
    nd_driver_counters(net->host[0].driver, &b);
    assert_int_equal(a.sessions, b.sessions);
    stop(net);
}

static struct cr_buf first_message; /* the last message 1 that host 1 sent */

static void watch_first(struct dn *net, struct dn_host *from, size_t nth, struct cr_span bytes)
{
    (void)net;
    if (from->index != 1 || nth != 0)
        return;
    cr_buf_clear(&first_message);
    ts_assert_ok(cr_buf_append(&first_message, bytes.p, bytes.n));
}

/* Message 1 played again by somebody else neither ends the session that stands nor counts as news
 * of the peer, and its connection is given up in the end. */
static void test_driver__replayed_first_message(void **state)
{
    struct nd_driver_counters n, m;
    struct nd_fresh before, after;
    struct dn *net = start_two(false);
    struct sc_id id;

    (void)state;
    cr_buf_init(&first_message, 65536);
    net->watch = watch_first;
    dn_advance(net, 30000);
    assert_int_equal(dn_sessions(net, 0), 1);
    ts_assert_ok(nd_store_fresh(net->host[0].store, VILLAGE, &before));
    net->conn[200] = (struct dn_conn){.used = true, .end = {&net->host[3], &net->host[0]}};
    net->conn[200].open[0] = true;
    net->conn[200].open[1] = true;
    cr_buf_init(&net->conn[200].in[0], 1u << 20);
    cr_buf_init(&net->conn[200].in[1], 1u << 20);
    ts_assert_ok(nd_driver_accepted(net->host[0].driver, 201, "10.0.0.9:4"));
    nd_driver_counters(net->host[0].driver, &m);
    nd_driver_bytes(net->host[0].driver, 201, cr_buf_span(&first_message));
    dn_settle(net);
    nd_driver_counters(net->host[0].driver, &n);
    assert_int_equal(n.refused_auth, m.refused_auth + 1);
    assert_int_equal(n.sessions, m.sessions);
    ts_assert_ok(nd_store_fresh(net->host[0].store, VILLAGE, &after));
    assert_int_equal(before.synced_ms, after.synced_ms);
    dn_report(net, 1, VILLAGE, &id); /* the session of before still carries */
    dn_settle(net);
    assert_int_equal(dn_hazards(net, 0), 1);
    dn_advance(net, 300000);
    assert_false(net->conn[200].used);
    cr_buf_release(&first_message);
    stop(net);
}

/* A paused peer is neither dialled nor let in; after resuming it catches up. */
static void test_driver__pause_and_resume(void **state)
{
    struct nd_peer p = {.enabled = false};
    struct dn *net = start_two(false);
    struct sc_id id;

    (void)state;
    dn_advance(net, 10000);
    p.sign_pk = net->host[1].id.sign_pk;
    p.kx_pk = net->host[1].id.kx_pk;
    ts_assert_ok(nd_store_put_peer(net->host[0].store, &p, NULL));
    nd_driver_peers_changed(net->host[0].driver);
    dn_advance(net, 10000);
    assert_int_equal(dn_sessions(net, 0), 0);
    dn_report(net, 1, VILLAGE, &id);
    dn_advance(net, 60000);
    assert_int_equal(dn_hazards(net, 0), 0);
    p.enabled = true;
    ts_assert_ok(nd_store_put_peer(net->host[0].store, &p, NULL));
    nd_driver_peers_changed(net->host[0].driver);
    nd_driver_dial_now(net->host[1].driver, NULL);
    dn_advance(net, 10000);
    assert_int_equal(dn_hazards(net, 0), 1);
    stop(net);
}

/* ---- joining ---- */

struct joined {
    int calls, status;
    struct sc_genesis genesis;
    struct cr_sign_pk inviter;
};

static void on_joined(void *arg, int status, const char *text, const struct sc_genesis *genesis,
                      struct cr_span genesis_bytes, const struct cr_sign_pk *inviter)
{
    struct joined *j = arg;

    (void)text;
    (void)genesis_bytes;
    j->calls++;
    j->status = status;
    if (status == ST_OK) {
        j->genesis = *genesis;
        j->inviter = *inviter;
    }
}

static void make_invite(struct dn *net, struct sc_invite *inv, uint8_t tag, uint64_t expires_s)
{
    struct nd_invite_row row = {
        .roles = SC_ROLE_VILLAGE | SC_ROLE_NODE, .grid = VILLAGE, .expires_s = expires_s};

    memset(inv, 0, sizeof *inv);
    inv->net = *nd_store_net(net->host[0].store);
    inv->kx_pk = net->host[0].id.kx_pk;
    inv->gate = net->gate;
    memset(inv->secret, tag, sizeof inv->secret);
    inv->roles = row.roles;
    inv->grid = row.grid;
    inv->expires_s = expires_s;
    inv->addr_count = 2;
    (void)snprintf(inv->addrs[0], sizeof inv->addrs[0], "nobody:1");
    (void)snprintf(inv->addrs[1], sizeof inv->addrs[1], "%s", net->host[0].addr);
    row.id = sc_invite_id(inv->secret);
    memcpy(row.secret, inv->secret, sizeof row.secret);
    ts_assert_ok(nd_store_put_invite(net->host[0].store, &row, NULL));
}

static void join(struct dn *net, size_t i, const struct sc_invite *inv, struct joined *out)
{
    struct dn_host *h = &net->host[i];

    *out = (struct joined){.calls = 0};
    ts_assert_ok(nd_join_start(inv, &h->id, "joiner", &h->ports, on_joined, out, &h->join, NULL));
    dn_settle(net);
    nd_join_free(h->join);
    h->join = NULL;
}

/* An invitation lets one node in, tries its addresses one after the other, gives the same node the
 * same answer again, and nobody else; the joiner is certified and remembered at once. */
static void test_driver__join(void **state)
{
    struct nd_driver_counters n;
    const struct sc_cert *cert;
    struct sc_invite inv;
    struct joined j;
    struct dn *net = start_two(false);

    (void)state;
    make_invite(net, &inv, 7, net->host[0].wall_ms / 1000 + 1000);
    join(net, 2, &inv, &j);
    assert_int_equal(j.calls, 1);
    assert_int_equal(j.status, ST_OK);
    assert_true(cr_sign_pk_equal(&j.genesis.root, &net->root.sign_pk));
    assert_true(cr_sign_pk_equal(&j.inviter, &net->host[0].id.sign_pk));
    cert = sc_certs_find_kx(nd_store_certs(net->host[0].store), &net->host[2].id.kx_pk);
    assert_non_null(cert);
    assert_string_equal(cert->name, "joiner");
    assert_int_equal(cert->roles, SC_ROLE_VILLAGE | SC_ROLE_NODE);
    join(net, 2, &inv, &j);
    assert_int_equal(j.status, ST_OK);
    join(net, 3, &inv, &j);
    assert_int_equal(j.status, ST_UNREACHABLE);
    assert_null(sc_certs_find_kx(nd_store_certs(net->host[0].store), &net->host[3].id.kx_pk));
    nd_driver_counters(net->host[0].driver, &n);
    assert_int_equal(n.joins, 2);
    assert_int_equal(n.refused_auth, 1);
    stop(net);
}

/* An expired invitation, one nobody made, and one for another secret are refused. */
static void test_driver__join_refused(void **state)
{
    struct sc_invite inv;
    struct joined j;
    struct dn *net = start_two(false);

    (void)state;
    make_invite(net, &inv, 8, net->host[0].wall_ms / 1000 - 10);
    join(net, 2, &inv, &j);
    assert_int_equal(j.status, ST_UNREACHABLE);
    memset(inv.secret, 9, sizeof inv.secret);
    join(net, 2, &inv, &j);
    assert_int_equal(j.status, ST_UNREACHABLE);
    assert_null(sc_certs_find_kx(nd_store_certs(net->host[0].store), &net->host[2].id.kx_pk));
    stop(net);
}

/* ---- writing ---- */

/* A write that the author's roles do not cover is refused with the reason and leaves nothing. */
static void test_driver__write_checks_roles(void **state)
{
    struct nd_draft draft = {.type = SC_R_GRID};
    struct sc_body body = {.rec = sc_record_find(SC_R_GRID)};
    struct nd_store_stats before, after;
    struct st_err err = {0};
    struct cr_buf bytes;
    struct sc_id id;
    struct dn *net = start_two(true);

    (void)state;
    dn_advance(net, 10000);
    body.v[sc_field_index(body.rec, SC_K_GRID)] = (struct sc_value){.present = true, .u = VILLAGE};
    body.v[sc_field_index(body.rec, SC_K_NAME)] =
        (struct sc_value){.present = true, .s = cr_span_text("x")};
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_body_encode(&body, true, &bytes, NULL));
    draft.body = cr_buf_span(&bytes);
    ts_assert_ok(nd_store_stats(net->host[1].store, &before));
    ts_assert_status(nd_driver_write(net->host[1].driver, &net->host[1].id, SC_SCOPE_PUBLIC, &draft,
                                     1, &id, &err),
                     ST_DENIED);
    assert_true(strlen(err.msg) > 0);
    ts_assert_ok(nd_store_stats(net->host[1].store, &after));
    assert_int_equal(before.entries, after.entries);
    ts_assert_ok(nd_driver_write(net->host[0].driver, &net->host[0].id, SC_SCOPE_PUBLIC, &draft, 1,
                                 &id, &err));
    cr_buf_release(&bytes);
    stop(net);
}

/* Many drafts in one call are one transaction whose runs end where signatures belong, and a later
 * draft may be about what an earlier one created. */
static void test_driver__write_many(void **state)
{
    enum { N = 600 };
    struct nd_draft *drafts = calloc(N + 1, sizeof *drafts);
    struct sc_id *ids = calloc(N + 1, sizeof *ids);
    struct sc_body report = {.rec = sc_record_find(SC_R_HAZARD_REPORT)};
    struct sc_body accept = {.rec = sc_record_find(SC_R_HAZARD_ACCEPT)};
    struct nd_verify v = {0};
    struct st_err err = {0};
    struct cr_buf bytes, none;
    struct dn *net = start_two(true);

    (void)state;
    assert_non_null(drafts);
    assert_non_null(ids);
    report.v[sc_field_index(report.rec, SC_K_GRID)] =
        (struct sc_value){.present = true, .u = VILLAGE};
    report.v[sc_field_index(report.rec, SC_K_CODE)] =
        (struct sc_value){.present = true, .s = cr_span_text("A01")};
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    cr_buf_init(&none, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_body_encode(&report, true, &bytes, NULL));
    ts_assert_ok(sc_body_encode(&accept, false, &none, NULL));
    for (size_t i = 0; i < N; i++)
        drafts[i] = (struct nd_draft){.type = SC_R_HAZARD_REPORT, .body = cr_buf_span(&bytes)};
    drafts[N] = (struct nd_draft){
        .type = SC_R_HAZARD_ACCEPT, .subject = &ids[3], .body = cr_buf_span(&none)};
    if (nd_driver_write(net->host[0].driver, &net->host[0].id, VILLAGE, drafts, N + 1, ids, &err) !=
        ST_OK)
        ts_fail("%s", err.msg);
    assert_true(sc_id_equal(&ids[3], &ids[N]));
    dn_advance(net, 20000);
    assert_int_equal(dn_hazards(net, 1), N);
    if (nd_store_verify(net->host[1].store, false, &v, NULL, NULL, &err) != ST_OK)
        ts_fail("%s", err.msg);
    assert_true(v.signatures >= 3);
    cr_buf_release(&bytes);
    cr_buf_release(&none);
    free(drafts);
    free(ids);
    stop(net);
}

/* An acceptance by the street, at a lamport of the test's choice. */
static void put_far_ahead(struct dn_host *h, const struct sc_id *subject, uint64_t lamport)
{
    struct sc_wire_entry at = {.lamport = lamport};

    dn_put(h, VILLAGE, 99, SC_R_HAZARD_ACCEPT, subject, &at);
}

struct last_fix {
    uint64_t lamport, incarnation;
    size_t parents;
};

static int take_fix(void *arg, const struct nd_history_row *row)
{
    if (row->fact.type == SC_R_HAZARD_FIX)
        *(struct last_fix *)arg =
            (struct last_fix){row->fact.lamport, row->log.incarnation, row->fact.parent_count};
    return 0;
}

/* An author who was silent while the others moved on by millions writes after what it answers, in a
 * log that can follow: causality is never lost. */
static void test_driver__silent_author_catches_up(void **state)
{
    static const uint64_t far = 5000000;
    struct dn *net = start_two(true);
    struct dn_host *street = &net->host[0];
    struct sc_body fix = {.rec = sc_record_find(SC_R_HAZARD_FIX)};
    struct nd_draft draft = {.type = SC_R_HAZARD_FIX};
    struct last_fix last = {0};
    struct st_err err = {0};
    struct cr_buf bytes;
    struct sc_id id, same;

    (void)state;
    dn_report(net, 0, VILLAGE, &id);
    put_far_ahead(street, &id, far);
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_body_encode(&fix, false, &bytes, NULL));
    draft.subject = &id;
    draft.body = cr_buf_span(&bytes);
    for (uint64_t i = 1; i < 3; i++) {
        if (nd_driver_write(street->driver, &street->id, VILLAGE, &draft, 1, &same, &err) != ST_OK)
            ts_fail("%s", err.msg);
        ts_assert_ok(nd_store_history(street->store, &id, take_fix, &last, NULL));
        assert_true(last.lamport > far);
        assert_int_equal(last.parents, 1);
        assert_int_equal(last.incarnation, nd_store_incarnation(street->store) + 1);
    }
    cr_buf_release(&bytes);
    stop(net);
}

/* A counter as far ahead as the format lets one log begin stops nobody: whoever has a log and
 * whoever begins one go on writing, and what answers such an entry comes after it. */
static void test_driver__far_counter_stops_nobody(void **state)
{
    struct dn *net = start_two(true);
    struct dn_host *street = &net->host[0];
    struct sc_body fix = {.rec = sc_record_find(SC_R_HAZARD_FIX)};
    struct nd_draft draft = {.type = SC_R_HAZARD_FIX};
    struct last_fix last = {0};
    struct st_err err = {0};
    struct cr_buf bytes;
    struct sc_id id, same;

    (void)state;
    dn_report(net, 0, VILLAGE, &id);
    put_far_ahead(street, &id, SC_LAMPORT_FIRST_MAX);
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_body_encode(&fix, false, &bytes, NULL));
    draft.subject = &id;
    draft.body = cr_buf_span(&bytes);
    for (uint64_t i = 0; i < 3; i++) {
        uint64_t before = last.lamport;

        if (nd_driver_write(street->driver, &street->id, VILLAGE, &draft, 1, &same, &err) != ST_OK)
            ts_fail("%s", err.msg);
        ts_assert_ok(nd_store_history(street->store, &id, take_fix, &last, NULL));
        assert_true(last.lamport > SC_LAMPORT_FIRST_MAX && last.lamport > before);
        dn_report(net, 0, VILLAGE, &same);
    }
    cr_buf_release(&bytes);
    stop(net);
}

/* ---- what a record names ---- */

static int write_text(struct dn *net, uint64_t type, const char *const words[][2], struct sc_id *id,
                      struct st_err *err)
{
    struct sc_body body = {.rec = sc_record_find(type)};
    struct nd_draft draft = {.type = type};
    struct cr_buf arena, bytes;
    int rc;

    cr_buf_init(&arena, 4096);
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    for (size_t i = 0; words[i][0] != NULL; i++) {
        const struct sc_field *f = sc_field_by_name(body.rec, words[i][0]);

        assert_non_null(f);
        ts_assert_ok(
            sc_value_parse(f, words[i][1], &arena, &body.v[sc_field_index(body.rec, f->key)], err));
    }
    ts_assert_ok(sc_body_encode(&body, true, &bytes, err));
    draft.body = cr_buf_span(&bytes);
    rc = nd_driver_write(net->host[1].driver, &net->host[1].id, VILLAGE, &draft, 1, id, err);
    cr_buf_release(&bytes);
    cr_buf_release(&arena);
    return rc;
}

/* An id of the wrong kind, and a code that is in no table, are refused by name before anything is
 * written; what is not held here may be named. */
static void test_driver__write_checks_what_is_named(void **state)
{
    char place[2 * SC_ID_BYTES + 1], hazard[2 * SC_ID_BYTES + 1];
    struct dn *net = start_two(true);
    struct st_err err = {0};
    struct sc_id id;

    (void)state;
    dn_advance(net, 10000); /* the village has its certificate */
    dn_report(net, 1, VILLAGE, &id);
    cr_hex(id.b, sizeof id.b, hazard);
    ts_assert_ok(
        write_text(net, SC_R_PLACE,
                   (const char *const[][2]){
                       {"grid", "500118003206"}, {"name", "店"}, {"kind", "shop"}, {NULL, NULL}},
                   &id, &err));
    cr_hex(id.b, sizeof id.b, place);
    ts_assert_ok(write_text(
        net, SC_R_VISIT,
        (const char *const[][2]){
            {"grid", "500118003206"}, {"when", "2026-01-01"}, {"place", place}, {NULL, NULL}},
        &id, &err));
    ts_assert_status(write_text(net, SC_R_VISIT,
                                (const char *const[][2]){{"grid", "500118003206"},
                                                         {"when", "2026-01-01"},
                                                         {"place", hazard},
                                                         {NULL, NULL}},
                                &id, &err),
                     ST_MALFORMED);
    assert_non_null(strstr(err.msg, "visit.place: "));
    assert_non_null(strstr(err.msg, "is a record of hazard-report (上报), place (场所) is wanted"));
    ts_assert_ok(write_text(net, SC_R_VISIT,
                            (const char *const[][2]){{"grid", "500118003206"},
                                                     {"when", "2026-01-01"},
                                                     {"place", "000102030405060708090a0b0c0d0e0f"},
                                                     {NULL, NULL}},
                            &id, &err));
    err = (struct st_err){0};
    ts_assert_status(write_text(net, SC_R_FIRE,
                                (const char *const[][2]){{"grid", "500118003206"},
                                                         {"when", "2026-01-01"},
                                                         {"kind", "gas"},
                                                         {"hazards", place},
                                                         {NULL, NULL}},
                                &id, &err),
                     ST_MALFORMED);
    assert_non_null(strstr(err.msg, "fire.hazards: "));
    err = (struct st_err){0};
    ts_assert_status(write_text(net, SC_R_HAZARD_REPORT,
                                (const char *const[][2]){
                                    {"grid", "500118003206"}, {"code", "Q99"}, {NULL, NULL}},
                                &id, &err),
                     ST_MALFORMED);
    assert_string_equal(err.msg, "hazard-report.code: 'Q99' is in no table of hazard codes");
    assert_int_equal(dn_hazards(net, 1), 1);
    err = (struct st_err){0};
    ts_assert_status(write_text(net, SC_R_DECISION,
                                (const char *const[][2]){{"grid", "500118003206"},
                                                         {"name", "决定"},
                                                         {"text", "整治"},
                                                         {"when", "2026-01-01"},
                                                         {NULL, NULL}},
                                &id, &err),
                     ST_DENIED);
    assert_string_equal(err.msg, "decision is not written in 500118003206");
    stop(net);
}

/* ---- another copy of a node's directory ---- */

/* n reports of danger in a log of the author's, as a copy of its keys would write them; they follow
 * what the store at holds of the branch in *link. */
static void put_twin(struct dn_host *at, const struct cr_identity *author, uint64_t incarnation,
                     struct sc_link *link, size_t n)
{
    static struct sc_run run;
    static struct cr_hash chains[SC_RUN_ENTRIES_MAX];
    struct nd_run r = {.run = &run, .chains = chains};
    struct sc_body body = {.rec = sc_record_find(SC_R_HAZARD_REPORT)};
    struct sc_payload p = {.type = SC_R_HAZARD_REPORT, .schema_version = 1};
    struct cr_buf bytes, payload;
    struct sc_header header;
    struct st_err err = {0};
    struct cr_hash hash;

    r.key = (struct sc_log_key){
        .author = author->sign_pk, .scope = VILLAGE, .incarnation = incarnation};
    sc_log_id(nd_store_net(at->store), &r.key, &r.log_id);
    if (link->seq_next == 0)
        sc_link_start(&r.log_id, link);
    r.before = link->chain;
    body.v[sc_field_index(body.rec, SC_K_GRID)] = (struct sc_value){.present = true, .u = VILLAGE};
    body.v[sc_field_index(body.rec, SC_K_CODE)] =
        (struct sc_value){.present = true, .s = cr_span_text("A02")};
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    cr_buf_init(&payload, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_body_encode(&body, true, &bytes, NULL));
    p.body = cr_buf_span(&bytes);
    ts_assert_ok(sc_payload_encode(&p, &payload));
    memset(&run, 0, sizeof run);
    run.first_seq = link->seq_next;
    assert_true(n <= SC_RUN_ENTRIES_MAX);
    for (; run.count < n; run.count++) {
        run.e[run.count] = (struct sc_wire_entry){.lamport = link->lamport + 1,
                                                  .wall_ms = at->wall_ms + n,
                                                  .payload = cr_buf_span(&payload)};
        sc_payload_hash(run.e[run.count].payload, &hash);
        ts_assert_ok(
            sc_link_extend(link, link->lamport + 1, at->wall_ms + n, &hash, payload.n, &header));
        chains[run.count] = link->chain;
    }
    sc_checkpoint_sign(&author->sign_sk, nd_store_net(at->store), &r.log_id, link->seq_next - 1,
                       &link->chain, &run.sig);
    ts_assert_ok(nd_store_begin(at->store, NULL));
    if (nd_store_apply(at->store, &r, NULL, &err) != ST_OK)
        ts_fail("%s", err.msg);
    ts_assert_ok(nd_store_commit(at->store, NULL));
    ts_assert_ok(nd_driver_scopes_changed(at->driver, NULL)); /* it reads its logs again */
    cr_buf_release(&bytes);
    cr_buf_release(&payload);
}

static uint64_t held(const struct dn_host *h)
{
    struct nd_store_stats st;

    ts_assert_ok(nd_store_stats(h->store, &st));
    return st.held;
}

/* A peer brings entries of this node's incarnation that it did not write: its next entry stands in
 * a fresh one, and nothing is forked. */
static void test_driver__alien_entries_leave_the_incarnation(void **state)
{
    struct sc_link link = {0};
    struct nd_store_stats st;
    struct dn *net = start_two(true);
    struct sc_id id;
    uint64_t before;

    (void)state;
    before = nd_store_incarnation(net->host[1].store);
    put_twin(&net->host[0], &net->host[1].id, before, &link, 3);
    dn_advance(net, 10000);
    assert_int_equal(dn_hazards(net, 1), 3);
    assert_int_equal(nd_store_incarnation(net->host[1].store), before);
    dn_report(net, 1, VILLAGE, &id);
    dn_settle(net);
    assert_true(nd_store_incarnation(net->host[1].store) != before);
    for (size_t i = 0; i < 2; i++) {
        ts_assert_ok(nd_store_stats(net->host[i].store, &st));
        assert_int_equal(st.forks, 0);
        assert_int_equal(st.held, 0);
        assert_int_equal(dn_hazards(net, i), 4);
    }
    stop(net);
}

/* Two copies wrote the same log while neither reached anybody: the node adopts what the fork holds,
 * of both branches, more than fits one record or the quota of what is held, and each once. */
static void adopts(size_t n, bool goes_on)
{
    struct sc_link link = {0};
    struct nd_store_stats st, later;
    struct nd_verify v = {0};
    struct st_err err = {0};
    struct dn *net = start_two(true);
    struct sc_id id;
    uint64_t before = nd_store_incarnation(net->host[1].store);

    for (size_t i = 0; i < n; i++)
        dn_report(net, 1, VILLAGE, &id);
    put_twin(&net->host[0], &net->host[1].id, before, &link, 2);
    dn_advance(net, 60000);
    assert_true(nd_store_incarnation(net->host[1].store) != before);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(dn_hazards(net, i), n + 2);
        assert_int_equal(held(&net->host[i]), 0);
        if (nd_store_verify(net->host[i].store, false, &v, NULL, NULL, &err) != ST_OK)
            ts_fail("%s", err.msg);
    }
    ts_assert_ok(nd_store_stats(net->host[1].store, &st));
    if (goes_on)
        put_twin(&net->host[0], &net->host[1].id, before, &link, 4);
    dn_advance(net, 600000);
    ts_assert_ok(nd_store_stats(net->host[1].store, &later));
    assert_int_equal(later.entries, st.entries + (goes_on ? 4 + 1 : 0)); /* one adoption */
    assert_int_equal(dn_hazards(net, 1), n + 2 + (goes_on ? 4 : 0));
    assert_int_equal(held(&net->host[0]) + held(&net->host[1]), 0);
    stop(net);
}

static void test_driver__adopts_own_forked_entries(void **state)
{
    (void)state;
    adopts(20, true);
    adopts(600, false);
}

static void cut_by_root(struct dn *net, const struct sc_cut *cut)
{
    struct nd_draft draft = {.type = SC_R_CUT};
    struct st_err err = {0};
    struct cr_buf body;
    struct sc_id id;

    cr_buf_init(&body, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_cut_encode(cut, &body, NULL));
    draft.body = cr_buf_span(&body);
    if (nd_driver_write(net->host[0].driver, &net->root, SC_SCOPE_PUBLIC, &draft, 1, &id, &err) !=
        ST_OK)
        ts_fail("cut: %s", err.msg);
    cr_buf_release(&body);
}

/* Neither what a person wrote nor what a REVOKE binds is adopted. */
static void test_driver__adopts_nothing_else(void **state)
{
    uint8_t seed[32] = {77};
    struct cr_identity person;

    (void)state;
    cr_identity_from_seed(seed, &person);
    for (int revoke = 0; revoke < 2; revoke++) {
        struct dn *net = start_two(true);
        const struct cr_identity *by = revoke != 0 ? &net->host[1].id : &person;
        struct sc_link one = {0}, two = {0};
        struct nd_store_stats st, later;
        struct sc_id id;

        dn_advance(net, 10000);
        put_twin(&net->host[1], by, 5, &one, 3);
        put_twin(&net->host[1], by, 5, &two, 2);
        if (revoke != 0)
            cut_by_root(net, &(struct sc_cut){.subject = by->sign_pk, .mode = SC_CUT_REVOKE});
        else
            dn_report(net, 1, VILLAGE, &id);
        ts_assert_ok(nd_store_stats(net->host[1].store, &st));
        assert_true(st.held > 0);
        dn_advance(net, 60000);
        ts_assert_ok(nd_store_stats(net->host[1].store, &later));
        assert_int_equal(later.entries, st.entries + (uint64_t)revoke); /* the CUT arrives */
        stop(net);
    }
}

/* What of a forked log is held here fills its quota; a branch of many runs that only the peer has
 * is the one that counts. */
static void test_driver__named_branch_comes_in(void **state)
{
    struct dn *net = start_two(true);
    const struct cr_identity *author = &net->host[2].id;
    struct sc_link here[2] = {{0}}, there = {0};
    struct sc_cut cut = {.subject = author->sign_pk, .mode = SC_CUT_FORK, .incarnation = 5};
    struct sc_cut_head head = {.scope = VILLAGE, .incarnation = 5};
    struct nd_verify v = {0};
    struct st_err err = {0};
    struct cr_buf heads;

    (void)state;
    dn_certify(net, 2, SC_ROLE_OFFICER, VILLAGE, "x");
    dn_advance(net, 10000);
    for (size_t i = 0; i < 2; i++)
        put_twin(&net->host[0], author, 5, &here[i], 120 + i);
    for (size_t i = 0; i < 15; i++)
        put_twin(&net->host[1], author, 5, &there, 200 + i);
    head.seq = there.seq_next - 1;
    head.entry_id = there.chain;
    cr_buf_init(&heads, SC_CUT_HEAD_BYTES);
    ts_assert_ok(sc_cut_put_head(&heads, &head));
    cut.heads = cr_buf_span(&heads);
    cut_by_root(net, &cut);
    cr_buf_release(&heads);
    dn_advance(net, 30000);
    for (size_t i = 0; i < 2; i++) {
        assert_true(dn_hazards(net, i) >= there.seq_next);
        if (nd_store_verify(net->host[i].store, false, &v, NULL, NULL, &err) != ST_OK)
            ts_fail("%s", err.msg);
    }
    stop(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_driver__named_branch_comes_in),
        cmocka_unit_test(test_driver__alien_entries_leave_the_incarnation),
        cmocka_unit_test(test_driver__adopts_own_forked_entries),
        cmocka_unit_test(test_driver__adopts_nothing_else),
        cmocka_unit_test(test_driver__two_nodes_sync),
        cmocka_unit_test(test_driver__scopes_are_kept_apart),
        cmocka_unit_test(test_driver__persists_before_it_sends),
        cmocka_unit_test(test_driver__refuses_another_gate),
        cmocka_unit_test(test_driver__refuses_unknown_key),
        cmocka_unit_test(test_driver__refuses_junk),
        cmocka_unit_test(test_driver__half_open_caps),
        cmocka_unit_test(test_driver__backs_off),
        cmocka_unit_test(test_driver__simultaneous_dial),
        cmocka_unit_test(test_driver__replayed_first_message),
        cmocka_unit_test(test_driver__pause_and_resume),
        cmocka_unit_test(test_driver__join),
        cmocka_unit_test(test_driver__join_refused),
        cmocka_unit_test(test_driver__write_checks_roles),
        cmocka_unit_test(test_driver__write_many),
        cmocka_unit_test(test_driver__write_checks_what_is_named),
        cmocka_unit_test(test_driver__silent_author_catches_up),
        cmocka_unit_test(test_driver__far_counter_stops_nobody),
    };

    ts_assert_ok(cr_init(NULL));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
