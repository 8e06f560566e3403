/* Admission into the tables: transactions, runs, urgent entries, checkpoints kept. */
#include "node/store_int.h"

#include "crypto/base/assert.h"
#include <stdio.h>
#include <string.h>

int nd_store_begin(struct nd_store *s, struct st_err *err)
{
    CR_ASSERT(!s->in_tx);
    if (s->certs_changed) { /* a rollback could not read them again */
        int again = nd_certs_load(s, err);
        if (again != ST_OK)
            return again;
        s->certs_changed = false;
    }
    sqlite3_stmt *st = nd_sql(s, ND_SQL_BEGIN, err);
    if (st == NULL)
        return ST_IO;
    int rc = nd_sql_run(s, st, err);
    if (rc != ST_OK)
        return rc;
    s->in_tx = true;
    if (s->clean_marked || s->read_only)
        return ST_OK;
    static const uint8_t zero = 0;
    rc = nd_store_meta_put(s, "clean", cr_span_of(&zero, 1), err);
    if (rc != ST_OK)
        nd_store_rollback(s);
    else
        s->clean_marked = true;
    return rc;
}

int nd_store_commit(struct nd_store *s, struct st_err *err)
{
    CR_ASSERT(s->in_tx);
    int rc = nd_fold_dirty(s, err);
    if (rc != ST_OK)
        return rc;
    sqlite3_stmt *st = nd_sql(s, ND_SQL_COMMIT, err);
    if (st == NULL)
        return ST_IO;
    rc = nd_sql_run(s, st, err);
    if (rc == ST_OK) {
        s->in_tx = false;
        s->certs_changed = false;
    }
    return rc;
}

/* Certificates and lamport that a rolled back transaction brought are read anew from the tables. */
static void reload(struct nd_store *s)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LAMPORT, NULL);
    if (st != NULL && nd_sql_row(s, st, NULL) == ST_OK) {
        s->lamport = nd_col_u64(st, 0);
        nd_sql_done(st);
    }
    if (s->certs_changed && nd_certs_load(s, NULL) == ST_OK)
        s->certs_changed = false; /* else the next transaction tries again */
}

void nd_store_rollback(struct nd_store *s)
{
    nd_dirty_clear(&s->dirty);
    if (!s->in_tx)
        return;
    s->in_tx = false;
    s->clean_marked = false;
    if (sqlite3_get_autocommit(s->db) == 0) {
        sqlite3_stmt *st = nd_sql(s, ND_SQL_ROLLBACK, NULL);
        int rc = st != NULL ? nd_sql_run(s, st, NULL) : ST_IO;
        CR_ASSERT(rc == ST_OK || sqlite3_get_autocommit(s->db) != 0);
    }
    reload(s);
}

/* ---- subjects ---- */

static int find_subject(struct nd_store *s, const struct sc_id *sid, uint64_t scope, uint64_t type,
                        int64_t *row, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_SUBJECT_FIND, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":sid", sid->b, sizeof sid->b);
    nd_bind_u64(st, ":scope", scope);
    int rc = nd_sql_row(s, st, err);
    if (rc == ST_OK) {
        *row = sqlite3_column_int64(st, 0);
        uint64_t known = nd_col_u64(st, 1);
        nd_sql_done(st);
        if (known != 0 || type == 0)
            return ST_OK;
        if ((st = nd_sql(s, ND_SQL_SUBJECT_TYPE, err)) == NULL)
            return ST_IO;
        nd_bind_u64(st, ":id", (uint64_t)*row);
        nd_bind_u64(st, ":type", type);
        return nd_sql_run(s, st, err);
    }
    if (rc != ST_NOTFOUND)
        return rc;
    if ((st = nd_sql(s, ND_SQL_SUBJECT_NEW, err)) == NULL)
        return ST_IO;
    nd_bind_blob(st, ":sid", sid->b, sizeof sid->b);
    nd_bind_u64(st, ":scope", scope);
    nd_bind_u64(st, ":type", type);
    rc = nd_sql_run(s, st, err);
    *row = sqlite3_last_insert_rowid(s->db);
    return rc;
}

/* What one payload means for the tables. */
struct meaning {
    int64_t subject; /* 0: not folded */
    uint64_t flags;
    char reason[ST_MSG_MAX]; /* of a quarantine */
};

static int take_cert(struct nd_store *s, const struct sc_log_key *key, const struct cr_hash *id,
                     const struct sc_payload *p, struct meaning *m, struct st_err *err)
{
    struct sc_cert c;
    struct st_err why = {.msg = ""};
    int rc = key->scope != SC_SCOPE_PUBLIC
                 ? st_fail(&why, ST_MALFORMED, "certificate outside street/public")
                 : sc_cert_decode(p->body, &c, &why);
    if (rc != ST_OK) {
        m->flags |= ND_EF_QUARANTINED;
        (void)snprintf(m->reason, sizeof m->reason, "%s", why.msg);
        return ST_OK;
    }
    s->certs_changed = true;
    s->cert_sums_valid = false;
    rc = sc_certs_add(s->certs, &key->author, id, &c);
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "store: out of memory");
}

static int read_meaning(struct nd_store *s, const struct sc_log_key *key, const struct cr_hash *id,
                        struct cr_span payload, struct meaning *m, struct st_err *err)
{
    struct sc_payload p;
    struct sc_body body;
    struct st_err why = {.msg = ""};
    memset(m, 0, offsetof(struct meaning, reason) + 1);
    if (sc_record_check(payload, &p, &body, &why) != ST_OK) {
        m->flags |= ND_EF_QUARANTINED;
        (void)snprintf(m->reason, sizeof m->reason, "%s", why.msg);
        return ST_OK;
    }
    if (p.type == SC_R_HAZARD_EMERGENCY)
        m->flags |= ND_EF_URGENT;
    if (p.type == SC_R_CERT) {
        int rc = take_cert(s, key, id, &p, m, err);
        if (rc != ST_OK || (m->flags & ND_EF_QUARANTINED) != 0)
            return rc;
    }
    struct sc_id sid = p.has_subject ? p.subject : sc_id_of(id);
    int rc = find_subject(s, &sid, key->scope, p.has_subject ? 0 : p.type, &m->subject, err);
    if (rc == ST_OK && nd_dirty_add(&s->dirty, m->subject) != ST_OK)
        rc = st_fail(err, ST_NOMEM, "store: out of memory");
    return rc;
}

/* ---- one entry ---- */

struct admit {
    struct nd_store *s;
    const struct nd_run *r;
    uint64_t log;
    struct st_err *err;
};

static int put_fact(const struct admit *a, int64_t subject, uint64_t seq)
{
    sqlite3_stmt *st = nd_sql(a->s, ND_SQL_FACT_NEW, a->err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":subject", (uint64_t)subject);
    nd_bind_u64(st, ":log", a->log);
    nd_bind_u64(st, ":seq", seq);
    return nd_sql_run(a->s, st, a->err);
}

static int put_mark(const struct admit *a, enum nd_sql q, uint64_t seq, const char *reason)
{
    sqlite3_stmt *st = nd_sql(a->s, q, a->err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", a->log);
    nd_bind_u64(st, ":seq", seq);
    if (reason != NULL)
        nd_bind_text(st, ":reason", reason);
    return nd_sql_run(a->s, st, a->err);
}

static int put_entry(const struct admit *a, size_t i)
{
    const struct sc_wire_entry *e = &a->r->run->e[i];
    uint64_t seq = a->r->run->first_seq + i;
    struct meaning m = {.subject = 0};
    int rc = ST_OK;
    if (!e->pruned)
        rc = read_meaning(a->s, &a->r->key, &a->r->chains[i], e->payload, &m, a->err);
    if (i + 1 < a->r->run->count)
        m.flags &= ~(uint64_t)ND_EF_URGENT; /* no checkpoint of its own: it cannot overtake */
    else if (a->r->urgent)
        m.flags |= ND_EF_URGENT;
    sqlite3_stmt *st = rc == ST_OK ? nd_sql(a->s, ND_SQL_ENTRY_NEW, a->err) : NULL;
    if (st == NULL)
        return rc == ST_OK ? ST_IO : rc;
    nd_bind_u64(st, ":log", a->log);
    nd_bind_u64(st, ":seq", seq);
    nd_bind_u64(st, ":lamport", e->lamport);
    nd_bind_u64(st, ":wall", e->wall_ms);
    nd_bind_u64(st, ":recv", a->r->received_ms);
    nd_bind_u64(st, ":flags", m.flags);
    if (m.subject != 0)
        nd_bind_u64(st, ":subject", (uint64_t)m.subject);
    nd_bind_blob(st, ":chain", a->r->chains[i].b, CR_HASH_BYTES);
    if (e->pruned) {
        nd_bind_blob(st, ":phash", e->payload_hash.b, CR_HASH_BYTES);
        nd_bind_u64(st, ":psize", e->payload_bytes);
    } else {
        nd_bind_blob(st, ":payload", e->payload.p, e->payload.n);
    }
    rc = nd_sql_run(a->s, st, a->err);
    if (rc == ST_OK && m.subject != 0)
        rc = put_fact(a, m.subject, seq);
    if (rc == ST_OK && (m.flags & ND_EF_URGENT) != 0)
        rc = put_mark(a, ND_SQL_URGENT_NEW, seq, NULL);
    if (rc == ST_OK && (m.flags & ND_EF_QUARANTINED) != 0)
        rc = put_mark(a, ND_SQL_QUARANTINE_NEW, seq, m.reason);
    return rc;
}

/* ---- checkpoints ---- */

/* Since the last kept checkpoint. */
struct since {
    uint64_t n, bytes;
};

static int put_checkpoint(const struct admit *a, uint64_t seq, bool kept, const struct cr_sig *sig)
{
    sqlite3_stmt *st = nd_sql(a->s, ND_SQL_CKPT_NEW, a->err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", a->log);
    nd_bind_u64(st, ":seq", seq);
    nd_bind_u64(st, ":kept", kept);
    nd_bind_blob(st, ":sig", sig->b, CR_SIG_BYTES);
    return nd_sql_run(a->s, st, a->err);
}

/* The checkpoint of the head before: kept when the span behind the last kept one would otherwise
 * grow past what one run may carry, dropped else. */
static int settle_previous(const struct admit *a, uint64_t head, struct since *since,
                           uint64_t run_bytes)
{
    uint64_t n = since->n + a->r->run->count;
    uint64_t bytes = since->bytes + run_bytes;
    bool keep = n > SC_RUN_ENTRIES_MAX || (bytes > SC_RUN_BYTES_MAX && since->n > 0);
    int rc = put_mark(a, keep ? ND_SQL_CKPT_KEEP : ND_SQL_CKPT_DROP, head, NULL);
    if (keep)
        *since = (struct since){0, 0};
    return rc;
}

static int put_checkpoints(const struct admit *a, bool had_head, struct since *since)
{
    const struct sc_run *run = a->r->run;
    uint64_t bytes = 0, last = run->first_seq + run->count - 1;
    for (size_t i = 0; i < run->count; i++)
        bytes += run->e[i].pruned ? CR_HASH_BYTES : run->e[i].payload.n;
    int rc = ST_OK;
    if (had_head)
        rc = settle_previous(a, run->first_seq - 1, since, bytes);
    since->n += run->count;
    since->bytes += bytes;
    bool urgent = a->r->urgent;
    if (rc == ST_OK && !urgent && run->count > 0 && !run->e[run->count - 1].pruned) {
        struct sc_payload p;
        urgent = sc_payload_decode(run->e[run->count - 1].payload, &p, NULL) == ST_OK &&
                 p.type == SC_R_HAZARD_EMERGENCY;
    }
    bool kept = last % SC_CKPT_ALIGN == SC_CKPT_ALIGN - 1 || urgent;
    if (kept)
        *since = (struct since){0, 0};
    return rc == ST_OK ? put_checkpoint(a, last, kept, &run->sig) : rc;
}

/* ---- provisional entries meet their log ---- */

/* The entry in its log is known since the provisional one came. */
static int drop_provisional(const struct admit *a, uint64_t seq, uint64_t received_ms)
{
    sqlite3_stmt *st = nd_sql(a->s, ND_SQL_ENTRY_CAME, a->err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":log", a->log);
    nd_bind_u64(st, ":seq", seq);
    nd_bind_u64(st, ":recv", received_ms);
    int rc = nd_sql_run(a->s, st, a->err);
    if (rc != ST_OK)
        return rc;
    st = nd_sql(a->s, ND_SQL_PROV_DROP, a->err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":log_id", a->r->log_id.b, CR_HASH_BYTES);
    nd_bind_u64(st, ":seq", seq);
    return nd_sql_run(a->s, st, a->err);
}

/* An urgent entry that came ahead of its log. */
struct early {
    uint64_t seq, received_ms;
    int64_t subject;
    struct cr_hash chain;
    struct cr_sig sig;
};

/* The first of this log from a seq on, within the run. ST_NOTFOUND. */
static int next_early(const struct admit *a, uint64_t from_seq, struct early *out)
{
    sqlite3_stmt *st = nd_sql(a->s, ND_SQL_PROV_NEXT, a->err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":log_id", a->r->log_id.b, CR_HASH_BYTES);
    nd_bind_u64(st, ":first", from_seq);
    nd_bind_u64(st, ":last", a->r->run->first_seq + a->r->run->count - 1);
    int rc = nd_sql_row(a->s, st, a->err);
    if (rc != ST_OK)
        return rc;
    out->seq = nd_col_u64(st, 0);
    out->subject = sqlite3_column_int64(st, 3);
    out->received_ms = nd_col_u64(st, 4);
    bool good = nd_col_fixed(st, 1, out->chain.b, CR_HASH_BYTES) &&
                nd_col_fixed(st, 2, out->sig.b, CR_SIG_BYTES);
    nd_sql_done(st);
    return good ? ST_OK : nd_corrupt(a->err, "a provisional entry is damaged");
}

static int put_proof(const struct admit *a, const struct early *e)
{
    const struct sc_run *run = a->r->run;
    struct sc_fork f = {.key = a->r->key};
    f.side[0].seq = e->seq;
    f.side[0].chain = e->chain;
    f.side[0].sig = e->sig;
    f.side[1].seq = run->first_seq + run->count - 1;
    f.side[1].chain = a->r->chains[run->count - 1];
    f.side[1].sig = run->sig;
    return nd_store_put_fork(a->s, &f, a->err);
}

/* The same entry came by its log: the provisional one goes, its checkpoint is kept. Another one
 * there: the author forked; both stay, with the proof. */
static int join_provisional(const struct admit *a)
{
    struct early e = {.seq = 0};
    uint64_t from = a->r->run->first_seq;
    int rc;
    while ((rc = next_early(a, from, &e)) == ST_OK) {
        from = e.seq + 1;
        if (e.subject != 0 && nd_dirty_add(&a->s->dirty, e.subject) != ST_OK)
            return st_fail(a->err, ST_NOMEM, "store: out of memory");
        if (!cr_hash_equal(&e.chain, &a->r->chains[e.seq - a->r->run->first_seq])) {
            rc = put_proof(a, &e);
        } else {
            rc = put_checkpoint(a, e.seq, true, &e.sig);
            if (rc == ST_OK)
                rc = put_mark(a, ND_SQL_URGENT_NEW, e.seq, NULL);
            if (rc == ST_OK)
                rc = drop_provisional(a, e.seq, e.received_ms);
        }
        if (rc != ST_OK)
            return rc;
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

/* ---- runs ---- */

static int put_fresh(const struct admit *a)
{
    const struct sc_cert *c = sc_certs_find(a->s->certs, &a->r->key.author);
    if (a->r->key.scope <= SC_SCOPE_INTERNAL || c == NULL || (c->roles & SC_ROLE_STREET) != 0)
        return ST_OK; /* only what the village itself wrote makes its data fresh */
    sqlite3_stmt *st = nd_sql(a->s, ND_SQL_FRESH_PUT, a->err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":scope", a->r->key.scope);
    nd_bind_u64(st, ":wall", a->r->run->e[a->r->run->count - 1].wall_ms);
    nd_bind_u64(st, ":recv", a->r->received_ms);
    nd_bind_u64(st, ":synced", 0);
    return nd_sql_run(a->s, st, a->err);
}

static void bind_head(sqlite3_stmt *st, const struct nd_run *r, const struct since *since)
{
    size_t last = r->run->count - 1;
    nd_bind_u64(st, ":seq", r->run->first_seq + last);
    nd_bind_blob(st, ":chain", r->chains[last].b, CR_HASH_BYTES);
    nd_bind_u64(st, ":lamport", r->run->e[last].lamport);
    nd_bind_u64(st, ":n", since->n);
    nd_bind_u64(st, ":bytes", since->bytes);
}

/* Finds the log and checks that the run extends its head; *row 0: a new log. */
static int find_log(struct nd_store *s, const struct nd_run *r, uint64_t *row, struct since *since,
                    struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_BY_ID, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":log_id", r->log_id.b, CR_HASH_BYTES);
    int rc = nd_sql_row(s, st, err);
    *row = 0;
    *since = (struct since){0, 0};
    uint64_t next = 0;
    if (rc == ST_OK) {
        *row = nd_col_u64(st, 0);
        next = nd_col_u64(st, 5) + 1;
        *since = (struct since){nd_col_u64(st, 8), nd_col_u64(st, 9)};
        nd_sql_done(st);
    } else if (rc != ST_NOTFOUND) {
        return rc;
    }
    if (r->run->first_seq != next)
        return st_fail(err, ST_CONFLICT,
                       "store: entries from %llu on do not follow the head of their log at %llu",
                       (unsigned long long)r->run->first_seq, (unsigned long long)next);
    return ST_OK;
}

static int new_log(struct nd_store *s, const struct nd_run *r, uint64_t *row, struct st_err *err)
{
    static const struct since none = {0, 0};
    struct cr_hash cert;
    int rc = nd_cert_sum(s, &r->key.author, &cert);
    if (rc != ST_OK)
        return st_fail(err, ST_NOMEM, "store: out of memory");
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_NEW, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":log_id", r->log_id.b, CR_HASH_BYTES);
    nd_bind_blob(st, ":author", r->key.author.b, CR_SIGN_PK_BYTES);
    nd_bind_u64(st, ":scope", r->key.scope);
    nd_bind_u64(st, ":inc", r->key.incarnation);
    nd_bind_blob(st, ":cert", cert.b, CR_HASH_BYTES);
    bind_head(st, r, &none);
    rc = nd_sql_run(s, st, err);
    *row = (uint64_t)sqlite3_last_insert_rowid(s->db);
    return rc;
}

int nd_store_apply(struct nd_store *s, const struct nd_run *r, uint64_t *handle, struct st_err *err)
{
    CR_ASSERT(s->in_tx);
    CR_ASSERT(r->run->count > 0);
    struct admit a = {.s = s, .r = r, .err = err};
    struct since since;
    int rc = find_log(s, r, &a.log, &since, err);
    if (rc != ST_OK)
        return rc;
    bool had_head = a.log != 0;
    if (!had_head)
        rc = new_log(s, r, &a.log, err);
    for (size_t i = 0; rc == ST_OK && i < r->run->count; i++)
        rc = put_entry(&a, i);
    if (rc == ST_OK)
        rc = put_checkpoints(&a, had_head, &since);
    if (rc == ST_OK)
        rc = join_provisional(&a);
    if (rc == ST_OK)
        rc = put_fresh(&a);
    sqlite3_stmt *st = rc == ST_OK ? nd_sql(s, ND_SQL_LOG_MOVE, err) : NULL;
    if (st == NULL)
        return rc == ST_OK ? ST_IO : rc;
    nd_bind_u64(st, ":id", a.log);
    bind_head(st, r, &since);
    rc = nd_sql_run(s, st, err);
    uint64_t lamport = r->run->e[r->run->count - 1].lamport;
    if (rc == ST_OK && lamport > s->lamport)
        s->lamport = lamport;
    if (rc == ST_OK && handle != NULL)
        *handle = a.log;
    return rc;
}

int nd_store_apply_urgent(struct nd_store *s, const struct sc_urgent *u,
                          const struct cr_hash *log_id, const struct cr_hash *entry_id,
                          uint64_t received_ms, struct st_err *err)
{
    CR_ASSERT(s->in_tx);
    struct meaning m;
    int rc = read_meaning(s, &u->key, entry_id, u->e.payload, &m, err);
    if (rc != ST_OK)
        return rc;
    if (m.subject == 0)
        return ST_OK; /* unreadable: it will be shown when its log brings it */
    sqlite3_stmt *st = nd_sql(s, ND_SQL_PROV_NEW, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_blob(st, ":log_id", log_id->b, CR_HASH_BYTES);
    nd_bind_u64(st, ":seq", u->seq);
    nd_bind_blob(st, ":author", u->key.author.b, CR_SIGN_PK_BYTES);
    nd_bind_u64(st, ":scope", u->key.scope);
    nd_bind_u64(st, ":inc", u->key.incarnation);
    nd_bind_u64(st, ":lamport", u->e.lamport);
    nd_bind_u64(st, ":wall", u->e.wall_ms);
    nd_bind_u64(st, ":recv", received_ms);
    nd_bind_blob(st, ":chain", entry_id->b, CR_HASH_BYTES);
    nd_bind_blob(st, ":payload", u->e.payload.p, u->e.payload.n);
    nd_bind_blob(st, ":sig", u->sig.b, CR_SIG_BYTES);
    nd_bind_u64(st, ":subject", (uint64_t)m.subject);
    rc = nd_sql_run(s, st, err);
    if (rc == ST_OK && u->e.lamport > s->lamport)
        s->lamport = u->e.lamport; /* who answers it must come after it */
    return rc;
}

int nd_store_put_fork(struct nd_store *s, const struct sc_fork *f, struct st_err *err)
{
    struct cr_hash log_id;
    struct cr_buf bytes;
    sc_log_id(&s->net, &f->key, &log_id);
    cr_buf_init(&bytes, 4096);
    int rc = sc_fork_encode(f, &bytes);
    sqlite3_stmt *st = rc == ST_OK ? nd_sql(s, ND_SQL_FORK_NEW, err) : NULL;
    if (st != NULL) {
        nd_bind_blob(st, ":log_id", log_id.b, CR_HASH_BYTES);
        nd_bind_blob(st, ":evidence", bytes.p, bytes.n);
        rc = nd_sql_run(s, st, err);
    } else if (rc == ST_OK) {
        rc = ST_IO;
    }
    cr_buf_release(&bytes);
    return rc;
}
