/* Reading a file in: frames into a session of the engine that belongs to no connection. The caller
 * feeds as fast as it reads; every few frames the open transaction is committed and the engine
 * answered, which keeps the engine's credit and the transaction small. */
#include "node/driver_int.h"

void nd_file_stored(struct nd_driver *d, const struct sy_update *u)
{
    if (d->file.sink.stored != NULL)
        d->file.sink.stored(d->file.sink.arg, &u->key, u->run, u->chains, u->urgent);
}

void nd_file_closed(struct nd_driver *d, const struct sy_update *u)
{
    d->file.open = false;
    d->file.status = u->status;
    (void)st_fail(&d->file.err, (enum st_code)u->status, "%s", u->text);
}

/* Why the session is over, or ST_OK. */
static int over(struct nd_driver *d, struct st_err *err)
{
    if (d->file.open)
        return ST_OK;
    if (d->file.status == ST_OK)
        return st_fail(err, ST_STATE, "no file is open");
    if (err != NULL)
        *err = d->file.err;
    return d->file.status;
}

int nd_driver_file_open(struct nd_driver *d, const struct cr_sign_pk *sender,
                        const struct nd_file_sink *sink, struct st_err *err)
{
    uint64_t scopes[SC_SCOPES_MAX];
    struct sy_event ev = {.type = SY_EV_FILE, .session = ND_FILE_SESSION, .scopes = scopes};

    if (d->file.open)
        return st_fail(err, ST_STATE, "another file is being read in");
    if (sender != NULL)
        ev.peer = *sender;
    ev.scope_count = nd_store_scopes(d->o.store, scopes);
    memset(&d->file, 0, sizeof d->file);
    d->file.open = true;
    d->file.sink = *sink;
    nd_engine_step(d, &ev);
    return over(d, err);
}

int nd_driver_file_commit(struct nd_driver *d, struct st_err *err)
{
    d->file.frames = 0;
    nd_engine_settle(d);
    return over(d, err);
}

int nd_driver_file_frame(struct nd_driver *d, struct cr_span frame, struct st_err *err)
{
    struct sy_event ev = {.type = SY_EV_FRAME, .session = ND_FILE_SESSION, .frame = frame};
    int rc = over(d, err);

    if (rc != ST_OK)
        return rc;
    nd_engine_step(d, &ev);
    if (++d->file.frames >= ND_FILE_FRAMES || nd_engine_over(d) || !d->file.open)
        return nd_driver_file_commit(d, err);
    return ST_OK;
}

bool nd_driver_may_read(struct nd_driver *d, const struct cr_sign_pk *node, uint64_t scope)
{
    uint64_t scopes[SC_SCOPES_MAX];
    size_t n;

    nd_conn_scopes(d, node, &n, scopes);
    for (size_t i = 0; i < n; i++)
        if (scopes[i] == scope)
            return true;
    return false;
}

const struct sy_file_info *nd_driver_file_info(const struct nd_driver *d)
{
    return sy_engine_file(d->engine);
}

void nd_driver_file_close(struct nd_driver *d)
{
    struct sy_event ev = {.type = SY_EV_CLOSED, .session = ND_FILE_SESSION};

    nd_driver_flush(d);
    if (d->file.open)
        nd_engine_step(d, &ev);
    d->file.open = false;
    d->file.status = ST_OK;
}
