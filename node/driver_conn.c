/* Connections: from accepted or dialled to a session of the engine.
 *
 *   ours    DIALLING --connected: hello out (message 1)--> HANDSHAKE --message 2--> SESSION
 *   theirs  HANDSHAKE --message 1 of a certified node: hello out (message 2)--> SESSION
 *
 * Whoever is not let in gets silence: the connection stays open, unread, for 0..2 s and is closed
 * without a byte, so that a scanner cannot tell this port from a dead one.
 *
 * Two nodes that dial each other at the same time keep the connection that the smaller key dialled;
 * otherwise a newer session replaces the older one (the peer restarted). Message 1 may be a replay
 * of an old one: it ends no other connection and is no sign of life. What answers ours does, and
 * is. */
#include "node/driver_int.h"

#include <stdio.h>

struct nd_conn *nd_conn_find(struct nd_driver *d, uint32_t id)
{
    for (size_t i = 0; i < d->conn_count; i++)
        if (d->conn[i]->id == id)
            return d->conn[i];
    return NULL;
}

int nd_conn_add(struct nd_driver *d, uint32_t id, bool ours, const char *addr, struct nd_conn **out)
{
    struct nd_conn *c;

    CR_ASSERT(nd_conn_find(d, id) == NULL);
    if (d->conn_count == ND_CONNS_MAX)
        return ST_FULL;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return ST_NOMEM;
    c->id = id;
    c->ours = ours;
    c->state = ours ? ND_C_DIALLING : ND_C_HANDSHAKE;
    c->since_ms = nd_now(d);
    (void)snprintf(c->addr, sizeof c->addr, "%s", addr);
    d->conn[d->conn_count++] = c;
    *out = c;
    return ST_OK;
}

void nd_conn_drop(struct nd_driver *d, struct nd_conn *c)
{
    size_t i = 0;

    if (c->engine) {
        struct sy_session_info info;

        if (sy_engine_session(d->engine, c->id, &info))
            d->n.entries_out += info.sent_entries;
        c->engine = false;
        nd_engine_closed(d, c->id);
    }
    while (i < d->conn_count && d->conn[i] != c)
        i++;
    CR_ASSERT(i < d->conn_count);
    d->conn[i] = d->conn[--d->conn_count];
    nd_link_free(c->link);
    free(c);
}

void nd_conn_end(struct nd_driver *d, struct nd_conn *c, bool flush)
{
    uint32_t id = c->id;

    nd_conn_drop(d, c);
    d->o.ports.conn_close(d->o.ports.arg, id, flush, 0);
}

void nd_conn_refuse(struct nd_driver *d, struct nd_conn *c, enum nd_refusal why, const char *text)
{
    uint32_t id = c->id;

    nd_log(d, ND_LOG_INFO, "refused %s: %s", c->addr, text);
    if (why == ND_REFUSE_GATE)
        d->n.refused_gate++;
    else if (why == ND_REFUSE_AUTH)
        d->n.refused_auth++;
    nd_conn_drop(d, c);
    d->o.ports.conn_close(d->o.ports.arg, id, false, nd_jitter(d, ND_SILENCE_MS));
}

bool nd_conn_send(struct nd_driver *d, struct nd_conn *c, struct cr_span frame)
{
    int rc;

    cr_buf_clear(&d->wire);
    rc = nd_link_send(c->link, frame, &d->wire);
    if (rc == ST_OK)
        rc = d->o.ports.conn_write(d->o.ports.arg, c->id, cr_buf_span(&d->wire), NULL);
    if (rc == ST_OK) {
        d->n.bytes_out += d->wire.n;
        return true;
    }
    nd_log(d, ND_LOG_WARN, "connection with %s: cannot send: %s", c->addr,
           st_text((enum st_code)rc));
    nd_peers_ended(d, c);
    nd_conn_end(d, c, false);
    return false;
}

/* A configured peer whose certificate has not arrived yet may read what every certified node may:
 * that is how a node that has just joined gets the certificates themselves. */
void nd_conn_scopes(struct nd_driver *d, const struct cr_sign_pk *remote, size_t *n,
                    uint64_t *scopes)
{
    uint64_t own[SC_SCOPES_MAX];
    size_t own_count = nd_store_scopes(d->o.store, own);
    struct sc_authority *authority = nd_store_authority(d->o.store);

    *n = 0;
    for (size_t i = 0; i < own_count; i++)
        if (own[i] == SC_SCOPE_PUBLIC || sc_authority_may_read(authority, remote, own[i]))
            scopes[(*n)++] = own[i];
}

/* ---- accepting ---- */

static bool same_host(const char *a, const char *b)
{
    const char *a_end = strrchr(a, ':'), *b_end = strrchr(b, ':');
    size_t a_n = a_end != NULL ? (size_t)(a_end - a) : strlen(a);
    size_t b_n = b_end != NULL ? (size_t)(b_end - b) : strlen(b);

    return a_n == b_n && memcmp(a, b, a_n) == 0;
}

int nd_driver_accepted(struct nd_driver *d, uint32_t conn, const char *addr)
{
    size_t half_open = 0, of_host = 0;
    struct nd_conn *c;
    int rc;

    for (size_t i = 0; i < d->conn_count; i++) {
        if (d->conn[i]->ours || d->conn[i]->state != ND_C_HANDSHAKE)
            continue;
        half_open++;
        if (same_host(d->conn[i]->addr, addr))
            of_host++;
    }
    if (half_open >= ND_HALF_OPEN_MAX || of_host >= ND_HALF_OPEN_ADDR_MAX)
        return ST_FULL;
    rc = nd_conn_add(d, conn, false, addr, &c);
    if (rc != ST_OK)
        return rc;
    c->link = nd_link_responder((struct cr_span){d->prologue, sizeof d->prologue}, &d->o.gate,
                                d->o.identity, d->o.plain);
    if (c->link == NULL) {
        nd_conn_drop(d, c);
        return ST_NOMEM;
    }
    return ST_OK;
}

/* Tokens are milliseconds: a handshake costs 1000 / rate. */
static bool take_handshake(struct nd_driver *d)
{
    const uint64_t cost = 1000u / ND_HANDSHAKE_PER_S;
    uint64_t now = nd_now(d);

    d->tokens_ms += now - d->tokens_at_ms;
    d->tokens_at_ms = now;
    if (d->tokens_ms > ND_HANDSHAKE_BURST * cost)
        d->tokens_ms = ND_HANDSHAKE_BURST * cost;
    if (d->tokens_ms < cost)
        return false;
    d->tokens_ms -= cost;
    return true;
}

/* The signing key behind an exchange key: out of its certificate, or for a peer that was configured
 * (the node that invited this one) out of the list of peers. */
static bool identify(struct nd_driver *d, const struct cr_kx_pk *kx, struct cr_sign_pk *out)
{
    const struct sc_cert *cert = sc_certs_find_kx(nd_store_certs(d->o.store), kx);
    struct nd_dial *peer = nd_peers_find(d, kx);

    if (peer != NULL && !peer->p.enabled)
        return false; /* paused */
    if (cert == NULL && (peer == NULL || peer->p.addr[0] == '\0'))
        return false;
    *out = cert != NULL ? cert->subject : peer->p.sign_pk;
    return true;
}

static bool same_peer(const struct nd_conn *a, const struct nd_conn *b)
{
    return a != b && cr_kx_pk_equal(&a->kx, &b->kx) && (a->ours || a->state == ND_C_SESSION);
}

/* Whether c, about to be a session, gives way to another connection that the two nodes began at the
 * same time from the other side. */
static bool gives_way(struct nd_driver *d, const struct nd_conn *c)
{
    bool self_smaller = memcmp(d->o.identity->kx_pk.b, c->kx.b, CR_KX_BYTES) < 0;

    for (size_t i = 0; i < d->conn_count; i++) {
        const struct nd_conn *other = d->conn[i];

        if (same_peer(other, c) && other->ours != c->ours && other->state != ND_C_DIALLING &&
            nd_now(d) - other->since_ms < ND_SIMULTANEOUS_MS && other->ours == self_smaller)
            return true;
    }
    return false;
}

void nd_conn_prove(struct nd_driver *d, struct nd_conn *c)
{
    struct sy_session_info info;

    if (c->proven)
        return;
    c->proven = true;
    for (size_t i = 0; i < d->conn_count;) {
        struct nd_conn *other = d->conn[i++];

        if (!same_peer(other, c))
            continue;
        nd_log(d, ND_LOG_DEBUG, "connection with %s replaced", other->addr);
        nd_conn_end(d, other, false);
        i = 0; /* the list has moved */
    }
    nd_peers_well(d, c);
    if (c->engine && sy_engine_session(d->engine, c->id, &info) && info.synced)
        nd_peers_synced(d, c);
}

/* ---- becoming a session ---- */

static void engine_open(struct nd_driver *d, struct nd_conn *c, enum sy_event_type type)
{
    struct sy_event ev = {.type = type, .session = c->id, .peer = c->sign};

    nd_conn_scopes(d, &c->sign, &c->scope_count, c->scopes);
    ev.scope_count = c->scope_count;
    ev.scopes = c->scopes;
    ev.offer_urgent = true;
    c->engine = true;
    nd_engine_step(d, &ev);
}

static void engine_frame(struct nd_driver *d, uint32_t conn, struct cr_span frame)
{
    struct sy_event ev = {.type = SY_EV_FRAME, .session = conn, .frame = frame};

    nd_engine_step(d, &ev);
}

static void session_stands(struct nd_driver *d, struct nd_conn *c)
{
    c->state = ND_C_SESSION;
    d->n.sessions++;
    nd_log(d, ND_LOG_INFO, "session with %s", c->addr);
}

/* A message 1 that was answered lately is not answered again. */
static bool answered_before(struct nd_driver *d, struct nd_conn *c)
{
    const uint8_t *ephemeral = nd_link_ephemeral(c->link);

    if (ephemeral == NULL || nd_replay_first(&d->replay, ephemeral, nd_now(d)))
        return false;
    nd_conn_refuse(d, c, ND_REFUSE_AUTH, "a first message that was answered before");
    return true;
}

static void on_message1(struct nd_driver *d, struct nd_conn *c, struct cr_span payload)
{
    uint32_t id = c->id;

    if (!take_handshake(d)) {
        nd_conn_refuse(d, c, ND_REFUSE_BUSY, "too many handshakes at once");
        return;
    }
    c->kx = *nd_link_remote(c->link);
    if (nd_link_pattern(c->link) == CR_HS_IKPSK2) {
        if (!answered_before(d, c))
            nd_join_answer(d, c, payload);
        return;
    }
    if (!identify(d, &c->kx, &c->sign)) {
        nd_conn_refuse(d, c, ND_REFUSE_AUTH, "no certificate for this key");
        return;
    }
    if (answered_before(d, c))
        return;
    if (gives_way(d, c)) {
        nd_log(d, ND_LOG_DEBUG, "%s dialled while we were dialling: kept ours", c->addr);
        nd_conn_end(d, c, false);
        return;
    }
    session_stands(d, c);
    engine_open(d, c, SY_EV_ACCEPT);
    if (nd_conn_find(d, id) != NULL)
        engine_frame(d, id, payload);
}

static void on_ready(struct nd_driver *d, struct nd_conn *c, struct cr_span payload)
{
    uint32_t id = c->id;

    if (gives_way(d, c)) {
        nd_conn_end(d, c, false);
        return;
    }
    session_stands(d, c);
    nd_conn_prove(d, c);
    engine_frame(d, id, payload);
}

void nd_driver_connected(struct nd_driver *d, uint32_t conn)
{
    struct nd_conn *c = nd_conn_find(d, conn);

    if (c == NULL)
        return;
    CR_ASSERT(c->ours);
    CR_ASSERT(c->state == ND_C_DIALLING);
    c->link = nd_link_initiator(CR_HS_IK, (struct cr_span){d->prologue, sizeof d->prologue},
                                &d->o.gate, d->o.identity, &c->kx, NULL, d->o.plain);
    if (c->link == NULL) {
        nd_conn_end(d, c, false);
        return;
    }
    c->state = ND_C_HANDSHAKE;
    engine_open(d, c, SY_EV_DIAL);
}

/* ---- bytes ---- */

static void link_failed(struct nd_driver *d, struct nd_conn *c, int rc)
{
    char text[128];

    (void)snprintf(text, sizeof text, "%s", st_text((enum st_code)rc));
    if (c->state == ND_C_SESSION) {
        d->n.refused_protocol++;
        nd_peers_blame(d, c, text);
        nd_peers_ended(d, c);
        nd_conn_end(d, c, false);
    } else if (c->ours) {
        nd_peers_failed(d, &c->kx, text);
        nd_conn_end(d, c, false);
    } else {
        nd_conn_refuse(d, c, rc == ST_FORGED ? ND_REFUSE_AUTH : ND_REFUSE_GATE, text);
    }
}

void nd_driver_bytes(struct nd_driver *d, uint32_t conn, struct cr_span bytes)
{
    d->n.bytes_in += bytes.n;
    while (bytes.n > 0) {
        struct nd_conn *c = nd_conn_find(d, conn);
        enum nd_link_event ev;
        struct cr_span frame;
        size_t used;
        int rc;

        if (c == NULL || c->link == NULL)
            return; /* refused or replaced while bytes were under way */
        c->heard = true;
        rc = nd_link_feed(c->link, bytes, &used, &ev, &frame);
        if (rc != ST_OK) {
            link_failed(d, c, rc);
            return;
        }
        bytes = (struct cr_span){bytes.p + used, bytes.n - used};
        switch (ev) {
        case ND_LINK_NONE: CR_ASSERT(bytes.n == 0); break;
        case ND_LINK_MSG1: on_message1(d, c, frame); break;
        case ND_LINK_READY: on_ready(d, c, frame); break;
        case ND_LINK_FRAME:
            nd_conn_prove(d, c);
            engine_frame(d, conn, frame);
            c = nd_conn_find(d, conn);
            if (c != NULL)
                nd_peers_heard(d, c);
            break;
        }
        if (nd_engine_over(d))
            nd_engine_settle(d);
    }
}

void nd_driver_disconnected(struct nd_driver *d, uint32_t conn, int status)
{
    struct nd_conn *c = nd_conn_find(d, conn);
    const char *text = st_text((enum st_code)status);

    if (c == NULL)
        return;
    if (c->state == ND_C_SESSION) {
        nd_log(d, ND_LOG_INFO, "session with %s ended: %s", c->addr, text);
        nd_peers_ended(d, c);
    } else if (c->ours) {
        nd_peers_failed(d, &c->kx, c->state == ND_C_DIALLING ? text : "closed without an answer");
    } else if (c->heard) {
        d->n.refused_gate++; /* bytes that never became a message */
    }
    nd_conn_drop(d, c);
}

/* ---- time ---- */

void nd_conn_timeouts(struct nd_driver *d)
{
    uint64_t now = nd_now(d);

    for (size_t i = 0; i < d->conn_count;) {
        struct nd_conn *c = d->conn[i];

        if (c->state == ND_C_SESSION || now - c->since_ms < ND_HALF_OPEN_MS) {
            i++;
            continue;
        }
        if (c->ours) {
            nd_peers_failed(d, &c->kx,
                            c->state == ND_C_DIALLING ? "no connection in time"
                                                      : "no answer in time");
            nd_conn_end(d, c, false);
        } else {
            if (c->heard)
                d->n.refused_gate++;
            nd_conn_end(d, c, false);
        }
        i = 0; /* the list has moved */
    }
}

uint64_t nd_conn_deadline(const struct nd_driver *d)
{
    uint64_t at = UINT64_MAX;

    for (size_t i = 0; i < d->conn_count; i++)
        if (d->conn[i]->state != ND_C_SESSION && d->conn[i]->since_ms + ND_HALF_OPEN_MS < at)
            at = d->conn[i]->since_ms + ND_HALF_OPEN_MS;
    return at;
}

/* After authority changed, what a connected peer may read can differ from what its session was
 * opened with. Less: the session ends at once. More: it ends when both sides are equal or have
 * had ND_RESCOPE_MS to become so (where a run was refused they never are), and the next one, at
 * once, has the new scopes. */
void nd_conn_rescope(struct nd_driver *d)
{
    bool again = false;

    if (!d->certs_changed)
        return;
    for (size_t i = 0; i < d->conn_count;) {
        struct nd_conn *c = d->conn[i++];
        struct sy_session_info info;
        uint64_t scopes[SC_SCOPES_MAX];
        struct nd_dial *peer;
        size_t n, kept = 0;

        if (!c->engine)
            continue;
        nd_conn_scopes(d, &c->sign, &n, scopes);
        for (size_t a = 0, b = 0; a < c->scope_count && b < n;) {
            if (c->scopes[a] == scopes[b]) {
                kept++, a++, b++;
            } else if (c->scopes[a] < scopes[b]) {
                a++;
            } else {
                b++;
            }
        }
        if (n == c->scope_count && kept == n)
            continue;
        if (kept == c->scope_count && sy_engine_session(d->engine, c->id, &info) && !info.synced &&
            nd_now(d) - d->certs_changed_ms < ND_RESCOPE_MS) {
            again = true;
            continue;
        }
        nd_log(d, ND_LOG_INFO, "certificates changed: new session with %s", c->addr);
        peer = nd_peers_find(d, &c->kx);
        nd_peers_ended(d, c);
        if (peer != NULL && c->ours)
            peer->next_ms = nd_now(d);
        nd_conn_end(d, c, true);
        i = 0;
    }
    d->certs_changed = again;
}
