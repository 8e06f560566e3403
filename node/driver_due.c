/* The clock's reports: what the clock says upwards about an open hazard is put on record, signed by
 * this node, so that it reaches those it concerns with the next contact and nobody can say later
 * that it was not told. Nodes that compute it apart write the same report twice: its id is that of
 * what it says, and it counts once.
 *
 * The node of one village speaks first; one that holds several waits, for what comes from there.
 * Bounded: ND_DUE_WRITE_MAX reports at a time. What a wrong clock of this machine makes it say is
 * said about a time, never about the hazard's state. */
#include "node/driver_int.h"
#include "node/store_due.h"

#include <stdlib.h>
#include <string.h>

#define SEEN_MAX 65536 /* reports remembered as on record; more are looked up again */

struct nd_due_state {
    size_t count;
    struct sc_id seen[SEEN_MAX]; /* ascending */
};

static size_t place(const struct nd_due_state *st, const struct sc_id *id)
{
    size_t low = 0, high = st->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (memcmp(st->seen[mid].b, id->b, sizeof id->b) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool seen(const struct nd_due_state *st, const struct sc_id *id)
{
    size_t at = place(st, id);

    return at < st->count && sc_id_equal(&st->seen[at], id);
}

static void remember(struct nd_due_state *st, const struct sc_id *id)
{
    size_t at;

    if (st->count == SEEN_MAX)
        st->count = 0; /* begin anew: what is on record is found there */
    at = place(st, id);
    memmove(&st->seen[at + 1], &st->seen[at], (st->count - at) * sizeof st->seen[0]);
    st->seen[at] = *id;
    st->count++;
}

static int write_due(struct nd_driver *d, const struct nd_due_row *row, struct st_err *err)
{
    struct nd_draft draft = {.type = SC_R_HAZARD_DUE, .subject = &row->hazard};
    struct sc_body body;
    struct cr_buf bytes;
    struct sc_id id;
    int rc;

    sc_due_body(&row->due, &body);
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    rc = sc_body_encode(&body, true, &bytes, err);
    draft.body = cr_buf_span(&bytes);
    if (rc == ST_OK)
        rc = nd_driver_write(d, d->o.identity, row->scope, &draft, 1, &id, err);
    cr_buf_release(&bytes);
    return rc;
}

/* ST_OK: it is on record, or this node has nothing to say there. */
static int report(struct nd_driver *d, const struct nd_due_row *row, size_t *written,
                  struct st_err *err)
{
    struct sc_id id;
    bool known = false;
    int rc;

    sc_due_id(&row->hazard, row->due.rule, row->due.base_ms, &id);
    if (seen(d->due, &id))
        return ST_OK;
    rc = nd_store_due_known(d->o.store, &row->hazard, &id, &known, err);
    if (rc == ST_OK && !known) {
        rc = write_due(d, row, err);
        *written += rc == ST_OK;
        if (rc == ST_DENIED) /* no role there */
            rc = ST_OK;
    }
    if (rc == ST_OK)
        remember(d->due, &id);
    return rc;
}

static bool may_report(const struct nd_driver *d)
{
    const struct sc_cert *cert = sc_certs_find(nd_store_certs(d->o.store), &d->o.identity->sign_pk);

    return cert != NULL && cert->kind == SC_CERT_NODE;
}

static int report_all(struct nd_driver *d, size_t *written, struct st_err *err)
{
    uint64_t scopes[SC_SCOPES_MAX], now = nd_wall(d);
    size_t held = 0, n = nd_store_scopes(d->o.store, scopes), count = 0;
    struct nd_due_query q = {.every = true};
    struct nd_due_row *rows;
    int rc;

    for (size_t i = 0; i < n; i++)
        held += sc_grid_level(scopes[i]) == 2;
    q.now_ms = held > 1 && now > ND_DUE_WAIT_MS ? now - ND_DUE_WAIT_MS : now;
    rc = nd_store_due(d->o.store, &q, &rows, &count, err);
    for (size_t i = 0; rc == ST_OK && i < count && *written < ND_DUE_WRITE_MAX; i++)
        if (sc_due_reported(rows[i].due.rule))
            rc = report(d, &rows[i], written, err);
    free(rows);
    return rc;
}

void nd_due_tick(struct nd_driver *d)
{
    struct st_err err = {0};
    size_t written = 0;
    int rc;

    if (!d->o.clock || nd_now(d) < d->due_ms)
        return;
    d->due_ms = nd_now(d) + ND_DUE_MS;
    if (d->due == NULL)
        d->due = calloc(1, sizeof *d->due);
    if (d->due == NULL || !may_report(d))
        return;
    rc = report_all(d, &written, &err);
    if (written > 0)
        nd_log(d, ND_LOG_INFO, "the clock: %zu reports written", written);
    if (written == ND_DUE_WRITE_MAX)
        d->due_ms = nd_now(d) + ND_DUE_MORE_MS;
    if (rc != ST_OK)
        nd_log(d, ND_LOG_ERROR, "report what is due: %s", err.msg);
}
