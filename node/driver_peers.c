/* Peers: whom to dial when, and what is remembered about each.
 *
 * A peer with an address is kept connected: after a good session it is dialled again soon, after a
 * failure later and later (doubling from 2 s to 5 min), each time with jitter, so that thirteen
 * villages do not call the street in step after a power cut. */
#include "node/driver_int.h"

#include <stdio.h>

struct nd_dial *nd_peers_find(struct nd_driver *d, const struct cr_kx_pk *kx)
{
    for (size_t i = 0; i < d->dial_count; i++)
        if (cr_kx_pk_equal(&d->dial[i].p.kx_pk, kx))
            return &d->dial[i];
    return NULL;
}

struct loading {
    struct nd_driver *d;
    const struct nd_dial *old;
    size_t old_count;
};

static int load_one(void *arg, const struct nd_peer *p)
{
    struct loading *l = arg;
    struct nd_dial *e;

    if (l->d->dial_count == ND_PEERS_MAX)
        return ST_OK;
    e = &l->d->dial[l->d->dial_count++];
    *e = (struct nd_dial){.p = *p, .next_ms = nd_now(l->d)};
    for (size_t i = 0; i < l->old_count; i++) {
        if (!cr_kx_pk_equal(&l->old[i].p.kx_pk, &p->kx_pk))
            continue;
        e->synced_ms = l->old[i].synced_ms;
        e->noted_ms = l->old[i].noted_ms;
        if (strcmp(l->old[i].p.addr, p->addr) == 0 && l->old[i].p.enabled == p->enabled)
            e->next_ms = l->old[i].next_ms;
    }
    return ST_OK;
}

int nd_peers_load(struct nd_driver *d)
{
    struct loading l = {.d = d, .old_count = d->dial_count};
    struct nd_dial *old = calloc(ND_PEERS_MAX, sizeof *old);
    int rc;

    if (old == NULL)
        return ST_NOMEM;
    memcpy(old, d->dial, d->dial_count * sizeof *old);
    l.old = old;
    d->dial_count = 0;
    rc = nd_store_peers(d->o.store, load_one, &l);
    free(old);
    return rc;
}

/* Failing to write down what a peer did costs a line of the log, nothing else. */
static void save(struct nd_driver *d, const struct nd_dial *e)
{
    struct st_err err = {0};

    if (nd_store_put_peer(d->o.store, &e->p, &err) != ST_OK)
        nd_log(d, ND_LOG_WARN, "remember peer: %s", err.msg);
}

struct nd_dial *nd_peers_touch(struct nd_driver *d, const struct nd_conn *c)
{
    struct nd_dial *e = nd_peers_find(d, &c->kx);

    if (e != NULL || d->dial_count == ND_PEERS_MAX)
        return e;
    e = &d->dial[d->dial_count++];
    *e = (struct nd_dial){.next_ms = UINT64_MAX};
    e->p.sign_pk = c->sign;
    e->p.kx_pk = c->kx;
    e->p.enabled = true;
    return e;
}

static struct nd_conn *conn_with(const struct nd_driver *d, const struct cr_kx_pk *kx)
{
    for (size_t i = 0; i < d->conn_count; i++) {
        struct nd_conn *c = d->conn[i];

        if (cr_kx_pk_equal(&c->kx, kx) && (c->ours || c->state == ND_C_SESSION))
            return c;
    }
    return NULL;
}

static bool in_session(const struct nd_driver *d, const struct cr_kx_pk *kx)
{
    for (size_t i = 0; i < d->conn_count; i++)
        if (d->conn[i]->state == ND_C_SESSION && cr_kx_pk_equal(&d->conn[i]->kx, kx))
            return true;
    return false;
}

static void schedule(struct nd_driver *d, struct nd_dial *e)
{
    uint64_t wait = ND_DIAL_MIN_MS;

    for (uint64_t i = 1; i < e->p.failures && wait < ND_DIAL_MAX_MS; i++)
        wait *= 2;
    if (wait > ND_DIAL_MAX_MS)
        wait = ND_DIAL_MAX_MS;
    e->next_ms = nd_now(d) + wait * 3 / 4 + nd_jitter(d, (uint32_t)(wait / 2));
}

static void dial(struct nd_driver *d, struct nd_dial *e)
{
    struct nd_conn *c;
    uint32_t id;
    int rc = ST_FULL;

    e->p.last_try_ms = nd_wall(d);
    if (d->conn_count < ND_CONNS_MAX)
        rc = d->o.ports.dial(d->o.ports.arg, e->p.addr, &id);
    if (rc != ST_OK) {
        nd_peers_failed(d, &e->p.kx_pk, st_text((enum st_code)rc));
        return;
    }
    rc = nd_conn_add(d, id, true, e->p.addr, &c);
    if (rc != ST_OK) {
        d->o.ports.conn_close(d->o.ports.arg, id, false, 0);
        schedule(d, e);
        return;
    }
    c->kx = e->p.kx_pk;
    c->sign = e->p.sign_pk;
}

static bool wants_dial(const struct nd_driver *d, const struct nd_dial *e)
{
    return d->o.dial && e->p.enabled && e->p.addr[0] != '\0' && conn_with(d, &e->p.kx_pk) == NULL;
}

void nd_peers_tick(struct nd_driver *d)
{
    uint64_t now = nd_now(d);

    for (size_t i = 0; i < d->dial_count; i++)
        if (d->dial[i].next_ms <= now && wants_dial(d, &d->dial[i]))
            dial(d, &d->dial[i]);
}

uint64_t nd_peers_deadline(const struct nd_driver *d)
{
    uint64_t at = UINT64_MAX;

    for (size_t i = 0; i < d->dial_count; i++) {
        const struct nd_dial *e = &d->dial[i];

        if (e->synced_ms != 0 && e->noted_ms + ND_SYNCED_WRITE_MS < at)
            at = e->noted_ms + ND_SYNCED_WRITE_MS;
        if (e->next_ms < at && wants_dial(d, e))
            at = e->next_ms;
    }
    return at;
}

void nd_peers_failed(struct nd_driver *d, const struct cr_kx_pk *kx, const char *text)
{
    struct nd_dial *e = nd_peers_find(d, kx);

    if (e == NULL || in_session(d, kx)) /* a dial that crossed the one which stands */
        return;
    e->p.failures++;
    (void)snprintf(e->p.last_error, sizeof e->p.last_error, "%s", text);
    schedule(d, e);
    nd_log(d, ND_LOG_INFO, "peer %s: %s", e->p.addr, text);
    save(d, e);
}

void nd_peers_well(struct nd_driver *d, const struct nd_conn *c)
{
    struct nd_dial *e = nd_peers_touch(d, c);

    if (e == NULL)
        return;
    e->p.sign_pk = c->sign;
    e->p.failures = 0;
    e->p.last_error[0] = '\0';
    e->p.last_ok_ms = nd_wall(d);
    save(d, e);
}

void nd_peers_blame(struct nd_driver *d, const struct nd_conn *c, const char *text)
{
    struct nd_dial *e = nd_peers_touch(d, c);

    nd_log(d, ND_LOG_WARN, "peer %s broke the protocol: %s", c->addr, text);
    if (e == NULL)
        return;
    e->p.refused++;
    e->p.failures++;
    (void)snprintf(e->p.last_error, sizeof e->p.last_error, "%s", text);
    save(d, e);
}

void nd_peers_ended(struct nd_driver *d, const struct nd_conn *c)
{
    struct nd_dial *e = nd_peers_find(d, &c->kx);

    if (e == NULL)
        return;
    schedule(d, e);
    if (e->synced_ms != 0)
        e->noted_ms = 0; /* write it now rather than in a second */
}

void nd_peers_synced(struct nd_driver *d, const struct nd_conn *c)
{
    struct nd_dial *e = nd_peers_find(d, &c->kx);

    if (e != NULL)
        e->synced_ms = nd_now(d);
}

void nd_peers_heard(struct nd_driver *d, const struct nd_conn *c)
{
    struct nd_dial *e = nd_peers_find(d, &c->kx);
    struct sy_session_info info;

    if (e != NULL && c->engine && nd_now(d) - e->noted_ms >= ND_LIVE_NOTE_MS &&
        sy_engine_session(d->engine, c->id, &info) && info.synced)
        e->synced_ms = nd_now(d);
}

void nd_peers_note(struct nd_driver *d, bool all)
{
    uint64_t now = nd_now(d);

    for (size_t i = 0; i < d->dial_count; i++) {
        struct nd_dial *e = &d->dial[i];

        if (e->synced_ms == 0 || (!all && e->noted_ms + ND_SYNCED_WRITE_MS > now))
            continue;
        e->p.last_ok_ms = nd_wall(d);
        if (nd_store_put_synced(d->o.store, &e->p.sign_pk, e->p.last_ok_ms) != ST_OK)
            nd_log(d, ND_LOG_WARN, "remember peer: cannot write");
        save(d, e);
        e->noted_ms = now;
        e->synced_ms = 0;
    }
}

/* ---- public ---- */

void nd_driver_dial_now(struct nd_driver *d, const struct cr_kx_pk *kx_or_null)
{
    for (size_t i = 0; i < d->dial_count; i++)
        if (kx_or_null == NULL || cr_kx_pk_equal(&d->dial[i].p.kx_pk, kx_or_null))
            d->dial[i].next_ms = nd_now(d);
}

void nd_driver_peers_changed(struct nd_driver *d)
{
    if (nd_peers_load(d) != ST_OK)
        nd_log(d, ND_LOG_ERROR, "cannot read the list of peers");
    for (size_t i = 0; i < d->conn_count;) {
        struct nd_conn *c = d->conn[i++];
        struct nd_dial *e = nd_peers_find(d, &c->kx);
        bool known = c->ours || c->state == ND_C_SESSION;

        if (!known || (e != NULL && e->p.enabled))
            continue;
        nd_conn_end(d, c, true);
        i = 0; /* the list has moved */
    }
}

int nd_driver_peers(struct nd_driver *d, int (*cb)(void *arg, const struct nd_peer_status *p),
                    void *arg)
{
    for (size_t i = 0; i < d->dial_count; i++) {
        const struct nd_dial *e = &d->dial[i];
        const struct sc_cert *cert = sc_certs_find_kx(nd_store_certs(d->o.store), &e->p.kx_pk);
        struct nd_conn *c = conn_with(d, &e->p.kx_pk);
        struct nd_peer_status s = {.peer = e->p, .next_dial_ms = UINT64_MAX};
        int rc;

        if (cert != NULL)
            (void)snprintf(s.name, sizeof s.name, "%s", cert->name);
        s.connected = c != NULL && c->state == ND_C_SESSION && c->engine &&
                      sy_engine_session(d->engine, c->id, &s.session);
        s.proven = s.connected && c->proven;
        if (wants_dial(d, e))
            s.next_dial_ms = e->next_ms;
        rc = cb(arg, &s);
        if (rc != 0)
            return rc;
    }
    return ST_OK;
}
