/* The driver's public face: events of the transport in, timers out.
 *
 * Happy path: accepted/connected → handshake (driver_conn.c) → frames into the engine and its
 * updates carried out (driver_engine.c) → flush commits what the engine asked to persist and then
 * sends what depended on it. Failure of a connection touches that connection only; failure of the
 * store fails the open transaction, whose runs are answered with the status. */
#include "node/driver_int.h"

#include <stdarg.h>
#include <stdio.h>

void nd_log(const struct nd_driver *d, enum nd_log_level level, const char *fmt, ...)
{
    char line[512];
    va_list ap;

    if (d->o.ports.log == NULL)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    d->o.ports.log(d->o.ports.arg, (int)level, line);
}

static int allocate(struct nd_driver *d)
{
    uint8_t *at;
    int rc;

    d->dial = calloc(ND_PEERS_MAX, sizeof *d->dial);
    d->pending = calloc(ND_PENDING_MAX, sizeof *d->pending);
    d->run = calloc(1, sizeof *d->run);
    d->chains = calloc(SC_RUN_ENTRIES_MAX, sizeof *d->chains);
    cr_buf_init(&d->wire, ND_WIRE_MAX);
    cr_buf_init(&d->bytes, SC_RUN_BYTES_MAX + SC_PAYLOAD_MAX);
    if (d->dial == NULL || d->pending == NULL || d->run == NULL || d->chains == NULL)
        return ST_NOMEM;
    /* Payload spans of a run point into this buffer: it must never move. */
    rc = cr_buf_extend(&d->bytes, d->bytes.max, &at);
    cr_buf_clear(&d->bytes);
    return rc;
}

int nd_driver_new(const struct nd_driver_options *o, struct nd_driver **out, struct st_err *err)
{
    struct nd_driver *d;
    int rc;

    CR_ASSERT(o->store != NULL);
    CR_ASSERT(o->identity != NULL);
    d = calloc(1, sizeof *d);
    if (d == NULL)
        return st_fail(err, ST_NOMEM, "start driver: out of memory");
    d->o = *o;
    if (d->o.issuer == NULL)
        d->o.issuer = o->identity;
    d->net = *nd_store_net(o->store);
    d->authority_serial = nd_store_authority_serial(o->store);
    d->adopt_ms = nd_now(d) + ND_ADOPT_MS;
    d->due_ms = nd_now(d) + ND_DUE_FIRST_MS;
    memcpy(d->prologue, d->net.b, CR_HASH_BYTES);
    d->prologue[CR_HASH_BYTES] = SC_PROTOCOL_VERSION;
    d->tokens_at_ms = nd_now(d);
    d->tokens_ms = ND_HANDSHAKE_BURST * (1000u / ND_HANDSHAKE_PER_S);
    rc = allocate(d);
    if (rc == ST_OK)
        rc = nd_peers_load(d);
    if (rc != ST_OK)
        (void)st_fail(err, (enum st_code)rc, "start driver: %s", st_text((enum st_code)rc));
    else
        rc = nd_engine_start(d, &d->engine, err);
    if (rc != ST_OK) {
        nd_driver_free(d);
        return rc;
    }
    *out = d;
    return ST_OK;
}

void nd_driver_free(struct nd_driver *d)
{
    if (d == NULL)
        return;
    if (d->engine != NULL && d->txn_status == ST_OK && !d->txn)
        nd_peers_note(d, true);
    while (d->conn_count > 0) {
        struct nd_conn *c = d->conn[d->conn_count - 1];
        uint32_t id = c->id;

        c->engine = false;
        nd_conn_drop(d, c);
        d->o.ports.conn_close(d->o.ports.arg, id, false, 0);
    }
    if (d->txn && d->txn_status == ST_OK)
        nd_store_rollback(d->o.store);
    if (d->engine != NULL)
        sy_engine_free(d->engine);
    cr_buf_release(&d->wire);
    cr_buf_release(&d->bytes);
    free(d->dial);
    free(d->due);
    free(d->pending);
    free(d->run);
    free(d->chains);
    free(d);
}

void nd_driver_flush(struct nd_driver *d)
{
    nd_engine_settle(d);
    nd_conn_rescope(d);
}

void nd_driver_tick(struct nd_driver *d)
{
    uint64_t now = nd_now(d);

    if (sy_engine_deadline(d->engine) <= now) {
        struct sy_event ev = {.type = SY_EV_TICK};

        nd_engine_step(d, &ev);
    }
    nd_conn_timeouts(d);
    nd_peers_tick(d);
    nd_driver_flush(d);
    nd_adopt_tick(d);
    nd_due_tick(d);
    nd_peers_note(d, false);
}

uint64_t nd_driver_deadline(const struct nd_driver *d)
{
    uint64_t at = sy_engine_deadline(d->engine);
    uint64_t conns = nd_conn_deadline(d);
    uint64_t peers = nd_peers_deadline(d);

    if (d->pending_count > 0 && d->txn_since_ms + ND_TXN_MS < at)
        at = d->txn_since_ms + ND_TXN_MS;
    if (conns < at)
        at = conns;
    if (d->adopt_ms < at)
        at = d->adopt_ms;
    if (d->o.clock && d->due_ms < at)
        at = d->due_ms;
    return peers < at ? peers : at;
}

void nd_driver_set_issuer(struct nd_driver *d, const struct cr_identity *issuer)
{
    d->o.issuer = issuer;
}

int nd_driver_write(struct nd_driver *d, const struct cr_identity *author, uint64_t scope,
                    const struct nd_draft *drafts, size_t n, struct sc_id *ids, struct st_err *err)
{
    return nd_write(d, author, scope, drafts, n, ids, NULL, NULL, err);
}

int nd_driver_scopes_changed(struct nd_driver *d, struct st_err *err)
{
    struct sy_engine *fresh;
    int rc;

    nd_engine_settle(d);
    rc = nd_engine_start(d, &fresh, err);
    if (rc != ST_OK)
        return rc;
    while (d->conn_count > 0)
        nd_conn_end(d, d->conn[d->conn_count - 1], true);
    sy_engine_free(d->engine);
    d->engine = fresh;
    nd_driver_dial_now(d, NULL);
    return ST_OK;
}

void nd_driver_counters(const struct nd_driver *d, struct nd_driver_counters *out)
{
    *out = d->n;
    for (size_t i = 0; i < d->conn_count; i++) {
        struct sy_session_info info;

        if (d->conn[i]->engine && sy_engine_session(d->engine, d->conn[i]->id, &info))
            out->entries_out += info.sent_entries;
    }
}

struct sy_engine *nd_driver_engine(struct nd_driver *d)
{
    return d->engine;
}
