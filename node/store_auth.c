/* Certificates: kept in memory as sc_certs evaluates them, and what a new one may change.
 *
 * A certificate only ever gives: to its subject the roles of its window, and, when its subject can
 * now certify, life to the certificates that the subject signed. So the subjects touched by these
 * authors' entries (within the window, where that is all that changes) are folded again, in the
 * transaction that brought the certificate. Certificates travel first, so mostly there are none.
 *
 * Failure: the transaction is rolled back, and the set is built again from the table. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <string.h>

/* An author whose entries may count for more now. */
struct affected {
    struct cr_sign_pk author;
    uint64_t from_ms, to_ms; /* of entries that may have changed; 0 = open */
    bool seat;               /* what it certified, too */
};

static int add_payload(struct nd_store *s, struct sc_certs *certs, sqlite3_stmt *q,
                       struct st_err *err)
{
    struct cr_sign_pk author;
    struct cr_hash id;
    struct sc_payload p;
    struct sc_cert c;
    int rc;

    (void)s;
    if (!nd_col_fixed(q, 1, author.b, sizeof author.b) || !nd_col_fixed(q, 2, id.b, sizeof id.b))
        return st_fail(err, ST_CORRUPT, "a row of the table of certificates is damaged");
    rc = sc_payload_decode(nd_col_span(q, 3), &p, err);
    if (rc == ST_OK)
        rc = sc_cert_decode(p.body, &c, err);
    if (rc != ST_OK)
        return st_fail(err, ST_CORRUPT, "a stored certificate does not decode");
    rc = sc_certs_add(certs, &author, &id, &c);
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "load certificates");
}

int nd_certs_load(struct nd_store *s, struct st_err *err)
{
    struct sc_certs *certs = sc_certs_new(&s->genesis);
    sqlite3_stmt *q;
    int rc;

    if (certs == NULL)
        return st_fail(err, ST_NOMEM, "load certificates");
    rc = nd_sql(s, ND_SQL_CERT_EACH, &q, err);
    while (rc == ST_OK && (rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = add_payload(s, certs, q, err);
        if (rc != ST_OK)
            nd_sql_done(q);
    }
    if (rc != ST_OK) {
        sc_certs_free(certs);
        return rc;
    }
    sc_certs_free(s->certs);
    s->certs = certs;
    return ST_OK;
}

struct sc_certs *nd_store_certs(struct nd_store *s)
{
    return s->certs;
}

static bool within(const struct sc_cert *c, const struct sc_cert *old)
{
    for (size_t i = 0; i < c->prefix_count; i++) {
        size_t k = 0;

        while (k < old->prefix_count && !sc_grid_within(c->prefixes[i], old->prefixes[k]))
            k++;
        if (k == old->prefix_count)
            return false;
    }
    return true;
}

static int note_affected(struct nd_store *s, const struct sc_cert *c)
{
    const struct sc_cert *old = sc_certs_find(s->certs, &c->subject);
    struct affected a = {.author = c->subject, .seat = c->rank == 1};

    /* The same person as before: only the new window matters. */
    if (old != NULL && sc_id_equal(&old->person, &c->person)) {
        a.from_ms = c->from_ms;
        a.to_ms = c->to_ms;
        /* A seat before, of no less: what it certified has been accepted already. */
        if (old->rank == 1 && (c->roles & ~old->roles) == 0 && within(c, old))
            a.seat = false;
    }
    return cr_buf_append(&s->certified, &a, sizeof a);
}

int nd_certs_admit(struct nd_store *s, const struct nd_admit *a, struct cr_span body,
                   struct st_err *err)
{
    struct sc_cert c;
    sqlite3_stmt *q;
    int rc = sc_cert_decode(body, &c, err);

    if (rc != ST_OK)
        return rc == ST_NOMEM ? rc : ST_MALFORMED;
    if (a->no < 0)
        return ST_OK; /* ahead of its log: counts when that has arrived */
    rc = note_affected(s, &c);
    if (rc != ST_OK)
        return rc;
    s->certs_touched = true;
    rc = sc_certs_add(s->certs, &a->key->author, a->id, &c);
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_CERT_ADD, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":entry", a->no);
    nd_bind_blob(q, ":author", a->key->author.b, sizeof a->key->author.b);
    nd_bind_blob(q, ":subject", c.subject.b, sizeof c.subject.b);
    return nd_sql_run(s, q, err);
}

/* ---- what changes ---- */

static int mark_entry(struct nd_store *s, sqlite3_stmt *q, const struct sc_log_key *key,
                      struct st_err *err)
{
    struct sc_payload p;
    struct cr_hash id;
    struct sc_id sid;
    uint32_t index;
    int rc = sc_payload_decode(nd_col_span(q, 6), &p, err);

    if (rc != ST_OK || !nd_col_fixed(q, 5, id.b, sizeof id.b))
        return st_fail(err, ST_CORRUPT, "a stored entry does not decode");
    sid = p.has_subject ? p.subject : sc_id_of(&id);
    return nd_dirty_subject(s, &sid, key->scope, &index, err);
}

static int mark_log(struct nd_store *s, const struct nd_log *l, const struct affected *a,
                    struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_ENTRY_RANGE, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(l->handle, 0));
    nd_bind_i64(q, ":to", nd_entry_no(l->handle, SC_SEQ_MAX - 1));
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        uint64_t wall_ms = nd_col_u64(q, 3);

        if ((nd_col_u64(q, 1) & (ND_EF_PRUNED | ND_EF_QUARANTINE)) != 0 || wall_ms < a->from_ms ||
            (a->to_ms != 0 && wall_ms > a->to_ms))
            continue;
        rc = mark_entry(s, q, &l->key, err);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return rc;
        }
    }
    return rc;
}

static int mark_author(struct nd_store *s, const struct affected *a, struct st_err *err)
{
    uint64_t after = 0;
    struct nd_log l;
    sqlite3_stmt *q;
    int rc;

    for (;;) {
        rc = nd_sql(s, ND_SQL_LOG_OF_AUTHOR, &q, err);
        if (rc != ST_OK)
            return rc;
        nd_bind_blob(q, ":author", a->author.b, sizeof a->author.b);
        nd_bind_u64(q, ":id", after);
        rc = nd_sql_step(s, q, err);
        if (rc != ND_ROW)
            return rc;
        rc = nd_log_row(q, &l);
        nd_sql_done(q);
        if (rc == ST_OK)
            rc = mark_log(s, &l, a, err);
        if (rc != ST_OK)
            return rc;
        after = l.handle;
    }
}

/* Provisional entries are few: all their subjects. */
static int mark_provs(struct nd_store *s, struct st_err *err)
{
    struct nd_subject row;
    struct nd_prov p;
    sqlite3_stmt *q;
    int64_t after = 0;
    int rc = ST_OK;

    while (rc == ST_OK && s->prov_count > 0) {
        rc = nd_sql(s, ND_SQL_PROV_EACH, &q, err);
        if (rc != ST_OK)
            return rc;
        nd_bind_i64(q, ":id", after);
        rc = nd_sql_step(s, q, err);
        if (rc != ND_ROW)
            return rc;
        rc = nd_prov_row(q, &p);
        nd_sql_done(q);
        after = p.id;
        if (rc != ST_OK || p.subject == 0)
            continue;
        rc = nd_subject_get(s, p.subject, &row, err);
        if (rc == ST_OK)
            rc = nd_dirty_row(s, &row, err);
        else if (rc == ST_NOTFOUND)
            rc = ST_OK; /* new in this transaction, dirty already */
    }
    return rc;
}

static bool queued(const struct nd_store *s, const struct cr_sign_pk *author)
{
    struct affected a;

    for (size_t at = 0; at < s->certified.n; at += sizeof a) {
        memcpy(&a, s->certified.p + at, sizeof a);
        if (a.from_ms == 0 && a.to_ms == 0 && a.seat && cr_sign_pk_equal(&a.author, author))
            return true;
    }
    return false;
}

static int queue_certified(struct nd_store *s, const struct cr_sign_pk *seat, struct st_err *err)
{
    struct affected a = {.seat = true};
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_CERT_BY, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":author", seat->b, sizeof seat->b);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = nd_col_fixed(q, 0, a.author.b, sizeof a.author.b) ? ST_OK : ST_CORRUPT;
        if (rc == ST_OK && !queued(s, &a.author))
            rc = cr_buf_append(&s->certified, &a, sizeof a);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return st_fail(err, (enum st_code)rc, "certificates of a seat");
        }
    }
    return rc;
}

int nd_certs_spread(struct nd_store *s, struct st_err *err)
{
    struct affected a;
    int rc = ST_OK;

    if (s->certified.n == 0)
        return ST_OK;
    for (size_t at = 0; rc == ST_OK && at < s->certified.n; at += sizeof a) {
        memcpy(&a, s->certified.p + at, sizeof a);
        rc = mark_author(s, &a, err);
        if (rc == ST_OK && a.seat)
            rc = queue_certified(s, &a.author, err);
    }
    if (rc == ST_OK)
        rc = mark_provs(s, err);
    cr_buf_clear(&s->certified);
    return rc != ST_OK ? st_wrap(err, rc, "certificates") : ST_OK;
}
