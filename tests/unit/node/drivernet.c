#include "tests/unit/node/drivernet.h"

#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

static uint64_t port_now(void *arg)
{
    return ((struct dn_host *)arg)->net->now_ms;
}

static uint64_t port_wall(void *arg)
{
    const struct dn_host *h = arg;

    return h->wall_ms + h->net->now_ms;
}

static size_t end_of(const struct dn_conn *c, const struct dn_host *h)
{
    return c->end[0] == h ? 0 : 1;
}

static int port_write(void *arg, uint32_t conn, struct cr_span bytes, size_t *queued)
{
    struct dn_host *h = arg;
    struct dn_conn *c = &h->net->conn[conn - 1];
    size_t k = end_of(c, h);

    assert_true(c->used && c->open[k]);
    if (queued != NULL)
        *queued = 0;
    if (h->net->watch != NULL)
        h->net->watch(h->net, h, c->writes[k], bytes);
    c->writes[k]++;
    if (c->open[1 - k])
        ts_assert_ok(cr_buf_append(&c->in[1 - k], bytes.p, bytes.n));
    return ST_OK;
}

static void port_close(void *arg, uint32_t conn, bool flush, uint32_t delay_ms)
{
    struct dn_host *h = arg;
    struct dn_conn *c = &h->net->conn[conn - 1];

    (void)flush;
    c->open[end_of(c, h)] = false;
    h->last_delay_ms = delay_ms;
    h->closes++;
}

static int port_dial(void *arg, const char *addr, uint32_t *conn)
{
    struct dn_host *h = arg;
    struct dn *net = h->net;
    size_t i = 0;

    while (net->conn[i].used)
        assert_true(++i < DN_CONNS);
    net->conn[i] = (struct dn_conn){.used = true, .starting = true, .end = {h, NULL}};
    net->conn[i].open[0] = true;
    cr_buf_init(&net->conn[i].in[0], 1u << 24);
    cr_buf_init(&net->conn[i].in[1], 1u << 24);
    for (size_t k = 0; k < DN_HOSTS; k++)
        if (strcmp(net->host[k].addr, addr) == 0 && net->host[k].driver != NULL) {
            net->conn[i].end[1] = &net->host[k];
            net->conn[i].reachable = true;
        }
    *conn = (uint32_t)i + 1;
    if (h->dials < sizeof h->dial_ms / sizeof h->dial_ms[0])
        h->dial_ms[h->dials] = net->now_ms;
    h->dials++;
    return ST_OK;
}

static uint32_t port_jitter(void *arg, uint32_t n)
{
    (void)arg;
    return n / 2;
}

void dn_start(struct dn *net)
{
    uint8_t seed[32] = {200};
    struct cr_identity next;

    memset(net, 0, sizeof *net);
    net->now_ms = 1000;
    cr_identity_from_seed(seed, &net->root);
    seed[0] = 201;
    cr_identity_from_seed(seed, &next);
    net->genesis.root = net->root.sign_pk;
    net->genesis.street = 500118003;
    (void)snprintf(net->genesis.name, sizeof net->genesis.name, "street");
    cr_hash1(CR_TAG_NEXT_ROOT, cr_span_of(next.sign_pk.b, 32), &net->genesis.next_root);
    memset(&net->gate, 5, sizeof net->gate);
    for (size_t i = 0; i < DN_HOSTS; i++) {
        struct dn_host *h = &net->host[i];

        h->net = net;
        h->index = i;
        h->wall_ms = UINT64_C(1790000000000);
        (void)snprintf(h->addr, sizeof h->addr, "host%zu:1", i);
        seed[0] = (uint8_t)(i + 1);
        cr_identity_from_seed(seed, &h->id);
        h->ports = (struct nd_ports){.arg = h,
                                     .now_ms = port_now,
                                     .wall_ms = port_wall,
                                     .conn_write = port_write,
                                     .conn_close = port_close,
                                     .dial = port_dial,
                                     .jitter = port_jitter};
    }
}

void dn_stop(struct dn *net)
{
    for (size_t i = 0; i < DN_HOSTS; i++) {
        nd_driver_free(net->host[i].driver);
        nd_join_free(net->host[i].join);
        if (net->host[i].store != NULL)
            nd_store_close(net->host[i].store);
    }
    for (size_t i = 0; i < DN_CONNS; i++) {
        cr_buf_release(&net->conn[i].in[0]);
        cr_buf_release(&net->conn[i].in[1]);
    }
}

void dn_open_store(struct dn *net, size_t i, const uint64_t *scopes, size_t n)
{
    char uri[64];
    struct nd_store_options o = {.uri = uri, .create = true, .genesis = &net->genesis};
    struct st_err err = {0};

    (void)snprintf(uri, sizeof uri, "file:/drivernet%zu?vfs=memdb", i);
    if (nd_store_open(&o, &net->host[i].store, &err) != ST_OK)
        ts_fail("open store: %s", err.msg);
    ts_assert_ok(nd_store_set_scopes(net->host[i].store, scopes, n, NULL));
}

void dn_open_driver(struct dn *net, size_t i, const struct cr_gate *gate, bool dial, bool plain)
{
    struct dn_host *h = &net->host[i];
    struct nd_driver_options o = {.store = h->store,
                                  .ports = h->ports,
                                  .identity = &h->id,
                                  .issuer = i == 0 ? &net->root : NULL,
                                  .gate = gate == NULL ? net->gate : *gate,
                                  .dial = dial,
                                  .plain = plain};
    struct st_err err = {0};

    if (nd_driver_new(&o, &h->driver, &err) != ST_OK)
        ts_fail("driver: %s", err.msg);
}

void dn_certify(struct dn *net, size_t i, uint64_t roles, uint64_t grid, const char *name)
{
    struct dn_host *h = &net->host[i];
    struct sc_cert c = {.subject = h->id.sign_pk,
                        .kx_pk = h->id.kx_pk,
                        .kind = SC_CERT_NODE,
                        .rank = 1,
                        .roles = roles,
                        .prefix_count = 1,
                        .prefixes = {grid}};
    struct nd_draft draft = {.type = SC_R_CERT};
    struct st_err err = {0};
    struct cr_buf body;
    struct sc_id id;

    cr_person_id(&c.subject, c.person.b);
    (void)snprintf(c.name, sizeof c.name, "%s", name);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_cert_encode(&c, &body));
    draft.body = cr_buf_span(&body);
    if (nd_driver_write(net->host[0].driver, &net->root, SC_SCOPE_PUBLIC, &draft, 1, &id, &err) !=
        ST_OK)
        ts_fail("certify: %s", err.msg);
    cr_buf_release(&body);
}

void dn_know(struct dn *net, size_t a, size_t b)
{
    struct nd_peer p = {
        .sign_pk = net->host[b].id.sign_pk, .kx_pk = net->host[b].id.kx_pk, .enabled = true};

    (void)snprintf(p.addr, sizeof p.addr, "%s", net->host[b].addr);
    ts_assert_ok(nd_store_put_peer(net->host[a].store, &p, NULL));
    if (net->host[a].driver != NULL)
        nd_driver_peers_changed(net->host[a].driver);
}

/* ---- moving ---- */

static void tell_gone(struct dn_host *h, uint32_t conn, int status)
{
    if (h->driver != NULL)
        nd_driver_disconnected(h->driver, conn, status);
    else if (h->join != NULL)
        nd_join_disconnected(h->join, conn, status);
}

static void start_conn(struct dn_conn *c, uint32_t conn)
{
    c->starting = false;
    if (!c->open[0])
        return; /* given up meanwhile */
    if (!c->reachable) {
        c->open[0] = false;
        tell_gone(c->end[0], conn, ST_UNREACHABLE);
        return;
    }
    c->open[1] = nd_driver_accepted(c->end[1]->driver, conn, c->end[0]->addr) == ST_OK;
    if (!c->open[1])
        return;
    if (c->end[0]->driver != NULL)
        nd_driver_connected(c->end[0]->driver, conn);
    else
        nd_join_connected(c->end[0]->join, conn);
}

/* One connection; true when something was delivered. */
static bool move_conn(struct dn_conn *c, uint32_t conn)
{
    bool moved = false;

    if (c->starting) {
        start_conn(c, conn);
        return true;
    }
    for (size_t k = 0; k < 2; k++) {
        struct dn_host *h = c->end[k];

        if (!c->open[k])
            continue;
        if (c->in[k].n > 0) {
            struct cr_buf bytes = c->in[k];

            cr_buf_init(&c->in[k], 1u << 24);
            if (h->driver != NULL)
                nd_driver_bytes(h->driver, conn, cr_buf_span(&bytes));
            else if (h->join != NULL)
                nd_join_bytes(h->join, conn, cr_buf_span(&bytes));
            cr_buf_release(&bytes);
            moved = true;
        } else if (!c->open[1 - k]) {
            c->open[k] = false;
            tell_gone(h, conn, ST_UNREACHABLE);
            moved = true;
        }
    }
    return moved;
}

void dn_settle(struct dn *net)
{
    bool moved = true;

    while (moved) {
        moved = false;
        for (size_t i = 0; i < DN_CONNS; i++) {
            struct dn_conn *c = &net->conn[i];

            if (!c->used)
                continue;
            if (!c->starting && !c->open[0] && !c->open[1]) {
                cr_buf_release(&c->in[0]);
                cr_buf_release(&c->in[1]);
                c->used = false;
                continue;
            }
            if (move_conn(c, (uint32_t)i + 1))
                moved = true;
        }
        for (size_t i = 0; i < DN_HOSTS; i++)
            if (net->host[i].driver != NULL)
                nd_driver_flush(net->host[i].driver);
    }
}

void dn_advance(struct dn *net, uint64_t ms)
{
    uint64_t end = net->now_ms + ms;

    for (;;) {
        uint64_t next = UINT64_MAX;

        for (size_t i = 0; i < DN_HOSTS; i++)
            if (net->host[i].driver != NULL &&
                nd_driver_deadline(net->host[i].driver) <= net->now_ms)
                nd_driver_tick(net->host[i].driver);
        dn_settle(net);
        for (size_t i = 0; i < DN_HOSTS; i++)
            if (net->host[i].driver != NULL && nd_driver_deadline(net->host[i].driver) < next)
                next = nd_driver_deadline(net->host[i].driver);
        if (next > end) {
            net->now_ms = end;
            return;
        }
        net->now_ms = next > net->now_ms ? next : net->now_ms + 1;
    }
}

/* ---- acting and looking ---- */

void dn_report(struct dn *net, size_t i, uint64_t grid, struct sc_id *id)
{
    struct sc_body body = {.rec = sc_record_find(SC_R_HAZARD_REPORT)};
    struct nd_draft draft = {.type = SC_R_HAZARD_REPORT};
    struct st_err err = {0};
    struct cr_buf bytes;

    body.v[sc_field_index(body.rec, SC_K_GRID)] = (struct sc_value){.present = true, .u = grid};
    body.v[sc_field_index(body.rec, SC_K_CODE)] =
        (struct sc_value){.present = true, .s = cr_span_text("A01")};
    body.v[sc_field_index(body.rec, SC_K_TEXT)] =
        (struct sc_value){.present = true, .s = cr_span_text("exit blocked")};
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    if (sc_body_encode(&body, true, &bytes, &err) != ST_OK)
        ts_fail("report: %s", err.msg);
    draft.body = cr_buf_span(&bytes);
    if (nd_driver_write(net->host[i].driver, &net->host[i].id, sc_grid_scope(grid), &draft, 1, id,
                        &err) != ST_OK)
        ts_fail("report: %s", err.msg);
    cr_buf_release(&bytes);
}

static int ignore_row(void *arg, const struct nd_hazard_row *row)
{
    (void)arg;
    (void)row;
    return 0;
}

void dn_put(struct dn_host *h, uint64_t scope, uint64_t incarnation, uint64_t type,
            const struct sc_id *subject, const struct sc_wire_entry *at)
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
        (struct sc_log_key){.author = h->id.sign_pk, .scope = scope, .incarnation = incarnation};
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
    run.e[0] = *at;
    run.e[0].payload = cr_buf_span(&payload);
    ts_assert_ok(sc_link_wire(&link, &run.e[0]));
    sc_checkpoint_sign(&h->id.sign_sk, nd_store_net(h->store), &r.log_id, 0, &link.chain, &run.sig);
    r.chains = &link.chain;
    ts_assert_ok(nd_store_begin(h->store, NULL));
    ts_assert_ok(nd_store_apply(h->store, &r, NULL, NULL));
    ts_assert_ok(nd_store_commit(h->store, NULL));
    cr_buf_release(&bytes);
    cr_buf_release(&payload);
}

size_t dn_hazards(struct dn *net, size_t i)
{
    struct nd_hazard_query q = {.state = ND_HZ_ALL};
    uint64_t total = 0;

    ts_assert_ok(nd_store_hazards(net->host[i].store, &q, ignore_row, NULL, &total, NULL));
    return (size_t)total;
}

static int count_session(void *arg, const struct nd_peer_status *p)
{
    *(size_t *)arg += p->connected ? 1 : 0;
    return 0;
}

size_t dn_sessions(struct dn *net, size_t i)
{
    size_t n = 0;

    ts_assert_ok(nd_driver_peers(net->host[i].driver, count_session, &n));
    return n;
}
