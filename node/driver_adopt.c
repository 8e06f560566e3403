/* Two copies of this node's directory that wrote without knowing of each other have forked its log:
 * what both wrote from there on counts nowhere until somebody says so. It was written with this
 * node's key by this node's people, so the node says so itself, in an incarnation of its own: once
 * for each entry, soon after it came. Persons' keys stay untouched (held adopt), and so does what a
 * superior has spoken about: a cut in force is not answered.
 *
 * Bounded: ND_ADOPT_RUN_MAX records at a time, then a pause. An adoption that has no effect ends it
 * for this run of the program: it is not repeated. */
#include "node/driver_int.h"
#include "node/store_held.h"

static int revokes(void *arg, const struct sc_auth_cut *cut)
{
    (void)arg;
    return cut->in_force && cut->cut->mode == SC_CUT_REVOKE ? 1 : 0;
}

static bool may_adopt(struct nd_driver *d)
{
    const struct cr_sign_pk *self = &d->o.identity->sign_pk;
    const struct sc_cert *cert = sc_certs_find(nd_store_certs(d->o.store), self);

    return cert != NULL && cert->kind == SC_CERT_NODE &&
           sc_authority_each_cut(nd_store_authority(d->o.store), self, revokes, NULL) == 0;
}

static int write_adopt(struct nd_driver *d, const struct sc_log_key *log, struct cr_span entries,
                       struct st_err *err)
{
    struct sc_adopt adopt = {.subject = log->author,
                             .scope = log->scope,
                             .incarnation = log->incarnation,
                             .entries = entries};
    struct nd_draft draft = {.type = SC_R_ADOPT};
    struct cr_buf body;
    struct sc_id id;
    int rc;

    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_adopt_encode(&adopt, &body, err);
    draft.body = cr_buf_span(&body);
    /* An adoption says nothing in the incarnation that it is about. */
    if (rc == ST_OK && log->incarnation == nd_store_incarnation(d->o.store))
        rc = nd_store_renew_incarnation(d->o.store, err);
    if (rc == ST_OK)
        rc = nd_driver_write(d, d->o.identity, SC_SCOPE_PUBLIC, &draft, 1, &id, err);
    cr_buf_release(&body);
    return rc;
}

/* One record. ST_NOTFOUND: nothing is left to adopt; ST_STATE: what was written has no effect. */
static int adopt_some(struct nd_driver *d, size_t *count, struct st_err *err)
{
    const struct cr_sign_pk *self = &d->o.identity->sign_pk;
    struct cr_buf entries, left;
    struct sc_log_key log, next;
    int rc;

    cr_buf_init(&entries, SC_ADOPT_ENTRIES_MAX * SC_ADOPT_ENTRY_BYTES);
    cr_buf_init(&left, SC_ADOPT_ENTRIES_MAX * SC_ADOPT_ENTRY_BYTES);
    rc = nd_store_forked(d->o.store, self, &log, &entries, err);
    if (rc == ST_OK)
        rc = write_adopt(d, &log, cr_buf_span(&entries), err);
    if (rc == ST_OK) {
        *count += sc_adopt_count(cr_buf_span(&entries));
        rc = nd_store_forked(d->o.store, self, &next, &left, err);
        if (rc == ST_OK && memcmp(left.p, entries.p, SC_ADOPT_ENTRY_BYTES) == 0)
            rc = st_fail(err, ST_STATE, "an adoption of own entries has no effect");
    }
    cr_buf_release(&entries);
    cr_buf_release(&left);
    return rc;
}

void nd_adopt_soon(struct nd_driver *d)
{
    if (d->adopt_ms == UINT64_MAX && !d->adopt_given_up)
        d->adopt_ms = nd_now(d) + ND_ADOPT_MS;
}

void nd_adopt_tick(struct nd_driver *d)
{
    struct st_err err = {0};
    size_t count = 0;
    int rc = ST_OK;

    if (nd_now(d) < d->adopt_ms)
        return;
    d->adopt_ms = UINT64_MAX;
    if (!may_adopt(d))
        return;
    for (size_t i = 0; rc == ST_OK && i < ND_ADOPT_RUN_MAX; i++)
        rc = adopt_some(d, &count, &err);
    if (count > 0)
        nd_log(d, ND_LOG_WARN,
               "another copy of this node has written too: adopted %zu entries of this node's"
               " forked log%s",
               count, rc == ST_OK ? ", more follow" : "");
    if (rc == ST_OK) {
        nd_adopt_soon(d);
    } else if (rc != ST_NOTFOUND) {
        d->adopt_given_up = rc == ST_STATE || rc == ST_DENIED;
        nd_log(d, ND_LOG_ERROR, "adopt own entries: %s", err.msg);
    }
}
