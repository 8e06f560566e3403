/* Events into the engine, its updates out, and the transaction between the two.
 *
 * Verified runs are applied to one open transaction and answered (SY_EV_PERSISTED) only after it
 * was committed; whatever the engine sends because of that answer therefore follows the disk. A run
 * that authority refuses, or that follows such a one, is answered so, and the transaction goes on.
 * If a run cannot be applied for another reason the transaction is rolled back and all of its runs
 * are answered with the reason: their sessions end and start again from what is stored. */
#include "node/driver_int.h"

int nd_engine_start(struct nd_driver *d, struct sy_engine **out, struct st_err *err)
{
    struct sy_config cfg = {.net = d->net, .self = d->o.identity->sign_pk};

    cfg.scope_count = nd_store_scopes(d->o.store, cfg.scopes);
    return sy_engine_new(&cfg, nd_store_view(d->o.store), out, err);
}

/* ---- the transaction ---- */

static void fail_txn(struct nd_driver *d, int rc, const struct st_err *err)
{
    nd_log(d, ND_LOG_ERROR, "cannot store what was received: %s",
           err->msg[0] != '\0' ? err->msg : st_text((enum st_code)rc));
    nd_store_rollback(d->o.store);
    d->txn_status = rc;
}

static bool txn_open(struct nd_driver *d)
{
    struct st_err err = {0};
    int rc;

    if (d->txn)
        return d->txn_status == ST_OK;
    d->txn = true;
    d->txn_status = ST_OK;
    d->txn_since_ms = nd_now(d);
    d->txn_entries = 0;
    d->txn_bytes = 0;
    rc = nd_store_begin(d->o.store, &err);
    if (rc != ST_OK) {
        nd_log(d, ND_LOG_ERROR, "begin: %s", err.msg);
        d->txn_status = rc;
    }
    return rc == ST_OK;
}

static void add_pending(struct nd_driver *d, const struct sy_update *u, uint64_t handle, int status)
{
    CR_ASSERT(d->pending_count < ND_PENDING_MAX); /* nd_engine_over keeps it far below */
    d->pending[d->pending_count++] = (struct nd_pending){u->session, u->token, handle, status};
}

static struct nd_run run_of(const struct nd_driver *d, const struct sy_update *u)
{
    return (struct nd_run){.run = u->run,
                           .key = u->key,
                           .log_id = u->log_id,
                           .before = u->before,
                           .chains = u->chains,
                           .received_ms = nd_wall(d)};
}

/* What it proves is told to the engine after a transaction, as other news of authority is. */
static void pass_by(struct nd_driver *d, const struct sy_update *u)
{
    struct nd_run r = run_of(d, u);

    nd_store_passed_by(d->o.store, &r);
    if (nd_store_authority_serial(d->o.store) != d->authority_serial)
        (void)txn_open(d);
}

static void persist(struct nd_driver *d, const struct sy_update *u)
{
    struct nd_run r = run_of(d, u);
    struct st_err err = {0};
    uint64_t handle = 0;
    int rc = ST_OK;

    if (txn_open(d)) {
        rc = nd_store_apply(d->o.store, &r, &handle, &err);
        if (rc == ST_DENIED || rc == ST_CONFLICT) {
            /* A conflict is a refusal, too: it follows one that was refused, or is stored already
             * where the engine may not see it (beyond a revocation that came later). */
            rc = ST_DENIED;
            nd_log(d, ND_LOG_INFO, "%s", err.msg);
        } else if (rc != ST_OK) {
            fail_txn(d, rc, &err);
        } else {
            if (u->session == ND_FILE_SESSION)
                nd_file_stored(d, u);
            d->txn_entries += u->run->count;
            if (cr_sign_pk_equal(&u->key.author, &d->o.identity->sign_pk))
                nd_adopt_soon(d);
            for (size_t i = 0; i < u->run->count; i++)
                d->txn_bytes += u->run->e[i].payload.n;
        }
    }
    add_pending(d, u, handle, rc);
}

static void persist_urgent(struct nd_driver *d, const struct sy_update *u)
{
    struct st_err err = {0};

    if (txn_open(d)) {
        int rc = nd_store_apply_urgent(d->o.store, u->urgent, &u->log_id, &u->urgent_id, nd_wall(d),
                                       &err);

        if (rc != ST_OK)
            fail_txn(d, rc, &err);
        else if (u->session == ND_FILE_SESSION)
            nd_file_stored(d, u);
        d->txn_entries++;
        d->txn_bytes += u->urgent->e.payload.n;
    }
    add_pending(d, u, 0, ST_OK);
}

bool nd_engine_over(const struct nd_driver *d)
{
    return d->txn && (d->txn_entries > ND_TXN_ENTRIES_MAX || d->txn_bytes > ND_TXN_BYTES_MAX ||
                      d->pending_count > ND_PENDING_MAX / 2 || d->txn_status != ST_OK ||
                      nd_now(d) - d->txn_since_ms >= ND_TXN_MS);
}

bool nd_engine_authority(struct nd_driver *d)
{
    struct sy_event ev = {.type = SY_EV_AUTHORITY};
    uint64_t serial = nd_store_authority_serial(d->o.store);

    if (serial == d->authority_serial)
        return false;
    d->authority_serial = serial;
    if (!d->certs_changed)
        d->certs_changed_ms = nd_now(d);
    d->certs_changed = true;
    nd_adopt_soon(d);
    nd_engine_step(d, &ev);
    return true;
}

void nd_engine_settle(struct nd_driver *d)
{
    struct sy_event again = {.type = SY_EV_AUTHORITY};
    bool may_come = false;

    CR_ASSERT(!d->in_step);
    while (d->txn) {
        struct st_err err = {0};
        size_t n = d->pending_count;
        bool told = false;
        int rc = d->txn_status;

        if (rc == ST_OK) {
            rc = nd_store_commit(d->o.store, &err);
            if (rc != ST_OK)
                fail_txn(d, rc, &err);
            else
                d->n.entries_in += d->txn_entries;
        }
        d->txn = false;
        if (rc == ST_OK)
            told = nd_engine_authority(d);
        for (size_t i = 0; i < n; i++) {
            struct sy_event ev = {.type = SY_EV_PERSISTED,
                                  .session = d->pending[i].session,
                                  .token = d->pending[i].token,
                                  .status = rc != ST_OK ? rc : d->pending[i].status,
                                  .handle = d->pending[i].handle};

            may_come = may_come || (told && ev.status == ST_DENIED);
            nd_engine_step(d, &ev); /* may open the next transaction and append to pending */
        }
        memmove(d->pending, d->pending + n, (d->pending_count - n) * sizeof *d->pending);
        d->pending_count -= n;
    }
    if (may_come) /* what the same transaction refused and what it learnt may belong together */
        nd_engine_step(d, &again);
}

/* ---- updates ---- */

static void close_session(struct nd_driver *d, const struct sy_update *u)
{
    struct nd_conn *c = nd_conn_find(d, u->session);

    if (u->session == ND_FILE_SESSION)
        nd_file_closed(d, u);
    if (c == NULL)
        return;
    c->engine = false;
    if (u->blame) {
        d->n.refused_protocol++;
        nd_peers_blame(d, c, u->text);
    } else {
        nd_log(d, ND_LOG_INFO, "session with %s closed: %s", c->addr, u->text);
    }
    if (c->state != ND_C_SESSION && c->ours && !u->blame)
        nd_peers_failed(d, &c->kx, u->text);
    else
        nd_peers_ended(d, c);
    nd_conn_end(d, c, true);
}

static void carry_out(struct nd_driver *d, const struct sy_update *u)
{
    struct nd_conn *c;
    struct st_err err = {0};

    switch (u->type) {
    case SY_UP_PERSIST: persist(d, u); break;
    case SY_UP_PASSED: pass_by(d, u); break;
    case SY_UP_PERSIST_URGENT: persist_urgent(d, u); break;
    case SY_UP_SEND:
        c = nd_conn_find(d, u->session);
        if (c != NULL && c->engine)
            (void)nd_conn_send(d, c, u->frame);
        break;
    case SY_UP_CLOSE: close_session(d, u); break;
    case SY_UP_COMMON:
        if (nd_store_put_common(d->o.store, &u->peer, u->common, u->common_count, &err) != ST_OK)
            nd_log(d, ND_LOG_WARN, "remember common frontier: %s", err.msg);
        break;
    case SY_UP_FORK:
        nd_log(d, ND_LOG_WARN, "fork: one author signed two histories");
        if (nd_store_put_fork(d->o.store, u->fork, &err) != ST_OK)
            nd_log(d, ND_LOG_ERROR, "keep fork evidence: %s", err.msg);
        break;
    case SY_UP_SYNCED:
        c = nd_conn_find(d, u->session);
        if (c != NULL && c->proven)
            nd_peers_synced(d, c);
        break;
    }
}

static void step(struct nd_driver *d, struct sy_event *ev)
{
    struct sy_updates up = {0};
    int rc;

    ev->now_ms = nd_now(d);
    d->in_step = true;
    rc = sy_engine_step(d->engine, ev, &up);
    if (rc != ST_OK)
        nd_log(d, ND_LOG_ERROR, "sync engine: %s", st_text((enum st_code)rc));
    for (size_t i = 0; i < up.count; i++)
        carry_out(d, &up.u[i]);
    d->in_step = false;
}

/* Connections that ended while updates were carried out (their memory would not have survived
 * another step) are reported afterwards. */
void nd_engine_step(struct nd_driver *d, struct sy_event *ev)
{
    CR_ASSERT(!d->in_step);
    step(d, ev);
    while (d->closed_count > 0) {
        struct sy_event closed = {.type = SY_EV_CLOSED, .session = d->closed[--d->closed_count]};

        step(d, &closed);
    }
}

void nd_engine_closed(struct nd_driver *d, uint32_t session)
{
    if (d->in_step) {
        CR_ASSERT(d->closed_count < ND_CONNS_MAX);
        d->closed[d->closed_count++] = session;
    } else {
        struct sy_event ev = {.type = SY_EV_CLOSED, .session = session};

        nd_engine_step(d, &ev);
    }
}
