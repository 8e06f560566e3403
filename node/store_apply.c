/* Entries in.
 *
 * A run extends the head of a branch or opens one, passes admission (store_auth.c), is linked again
 * here (a fault of the caller must not reach the disk), stored entry by entry, and its checkpoint
 * becomes the head's. The head's checkpoint before
 * it is kept for ever when the span since the last kept one would otherwise pass what one signature
 * may cover on the wire; so from every entry on, a run within the limits can be read back.
 *
 * An urgent entry ahead of its log lies apart (prov) and is a fact like others. When its log
 * arrives there, it is either the same entry, and the row apart goes away, or proof of a fork, and
 * it stays, marked: what it reports may be a danger.
 *
 * Failure: the caller rolls the transaction back. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <string.h>

#define PRUNED_BYTES (CR_HASH_BYTES + 8)

static int keep_checkpoint(struct nd_store *s, uint64_t handle, uint64_t seq, bool urgent,
                           const struct cr_sig *sig, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_CKPT_ADD, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", nd_entry_no(handle, seq));
    nd_bind_u64(q, ":urgent", urgent);
    nd_bind_blob(q, ":sig", sig->b, sizeof sig->b);
    return nd_sql_run(s, q, err);
}

/* ---- one entry ---- */

static int quarantine(struct nd_store *s, struct nd_admit *a, enum nd_entry_flag kind,
                      const struct st_err *why, struct st_err *err)
{
    char reason[ND_REASON_MAX + 1];
    struct nd_scope *scope;
    size_t n = strlen(why->msg);
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_QUARANTINE_ADD, &q, err);

    if (rc != ST_OK)
        return rc;
    if (n > ND_REASON_MAX)
        n = ND_REASON_MAX;
    while (n > 0 && n < strlen(why->msg) && ((uint8_t)why->msg[n] & 0xc0) == 0x80)
        n--;
    memcpy(reason, why->msg, n);
    reason[n] = '\0';
    nd_bind_i64(q, ":id", a->no);
    nd_bind_text(q, ":reason", reason);
    rc = nd_sql_run(s, q, err);
    if (rc == ST_OK)
        rc = nd_scope_of(s, a->key->scope, &scope);
    if (rc != ST_OK)
        return rc;
    scope->quarantined++;
    scope->dirty = true;
    a->flags |= kind;
    return ST_OK;
}

/* What it says may be anything, a danger, too: it stays in view until a program comes that can
 * read it. Its subject is among what cannot be read, so no record is touched. */
static int set_unread(struct nd_store *s, struct nd_admit *a, struct st_err *err)
{
    struct st_err why = {0};

    (void)st_fail(&why, ST_VERSION, "suite %u is not known to this version",
                  (unsigned)nd_suite_of(a->flags));
    return quarantine(s, a, ND_EF_UNREAD, &why, err);
}

static int add_fact(struct nd_store *s, int64_t subject, int64_t no, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_FACT_ADD, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":subject", subject);
    nd_bind_i64(q, ":entry", no);
    return nd_sql_run(s, q, err);
}

int nd_admit(struct nd_store *s, struct nd_admit *a, struct st_err *err)
{
    struct sc_payload p;
    struct sc_body body;
    struct st_err why = {0};
    struct sc_id sid;
    uint32_t index;
    int rc;

    a->subject = 0;
    a->type = 0;
    if (a->flags & ND_EF_PRUNED)
        return ST_OK; /* its subject is not known; a subject pruned here keeps its facts */
    if (!sc_suite_known(nd_suite_of(a->flags)))
        return set_unread(s, a, err);
    rc = sc_record_check(a->payload, &p, &body, &why);
    if (rc == ST_NOMEM)
        return st_fail(err, ST_NOMEM, "check payload");
    if (rc == ST_OK && a->key->scope == SC_SCOPE_PUBLIC)
        rc = nd_auth_form(p.type, p.body, &why);
    if (rc == ST_NOMEM)
        return st_fail(err, ST_NOMEM, "check record of authority");
    if (rc != ST_OK)
        return quarantine(s, a, ND_EF_QUARANTINE, &why, err);
    if (sc_type_is_setting(p.type) && a->key->scope == SC_SCOPE_PUBLIC) {
        rc = nd_policy_admit(s, a, err);
        if (rc != ST_OK)
            return rc;
    }
    sid = p.has_subject ? p.subject : sc_id_of(a->id);
    rc = nd_dirty_subject(s, &sid, a->key->scope, &index, err);
    if (rc != ST_OK)
        return rc;
    a->subject = s->dirty.e[index].row.id;
    a->type = p.type;
    a->body = p.body;
    return add_fact(s, a->subject, a->no, err);
}

/* ---- runs ---- */

/* A provisional entry that this run reaches. */
struct joined {
    int64_t id, subject;
    uint64_t seq, received_ms;
    uint32_t flags;
    struct cr_hash chain;
    struct cr_sig sig;
};

struct joins {
    size_t count;
    struct joined j[ND_PROV_PER_LOG];
};

int nd_prov_row(sqlite3_stmt *q, struct nd_prov *out)
{
    bool good;

    memset(out, 0, sizeof *out);
    out->id = sqlite3_column_int64(q, 0);
    good = nd_col_fixed(q, 1, out->log_id.b, sizeof out->log_id.b) &&
           nd_col_fixed(q, 2, out->key.author.b, sizeof out->key.author.b);
    out->key.scope = nd_col_u64(q, 3);
    out->key.incarnation = nd_col_u64(q, 4);
    out->seq = nd_col_u64(q, 5);
    out->flags = (uint32_t)nd_col_u64(q, 6);
    out->lamport = nd_col_u64(q, 7);
    out->wall_ms = nd_col_u64(q, 8);
    out->age_ms = sqlite3_column_int64(q, 9);
    good = good && nd_col_fixed(q, 10, out->before.b, sizeof out->before.b) &&
           nd_col_fixed(q, 11, out->chain.b, sizeof out->chain.b) &&
           nd_col_fixed(q, 13, out->sig.b, sizeof out->sig.b);
    out->payload = nd_col_span(q, 12);
    out->subject = sqlite3_column_int64(q, 14);
    return good ? ST_OK : ST_CORRUPT;
}

static int find_joins(struct nd_store *s, const struct cr_hash *log_id, uint64_t from, uint64_t to,
                      struct joins *out, struct st_err *err)
{
    struct nd_prov p;
    sqlite3_stmt *q;
    int rc;

    out->count = 0;
    if (s->prov_count == 0)
        return ST_OK;
    rc = nd_sql(s, ND_SQL_PROV_IN, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":log_id", log_id->b, sizeof log_id->b);
    nd_bind_u64(q, ":from", from);
    nd_bind_u64(q, ":to", to);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        if (out->count == ND_PROV_PER_LOG || nd_prov_row(q, &p) != ST_OK) {
            nd_sql_done(q);
            return st_fail(err, ST_CORRUPT, "a provisional entry is damaged");
        }
        out->j[out->count++] = (struct joined){.id = p.id,
                                               .subject = p.subject,
                                               .seq = p.seq,
                                               .received_ms = p.wall_ms + (uint64_t)p.age_ms,
                                               .flags = p.flags,
                                               .chain = p.chain,
                                               .sig = p.sig};
    }
    return rc;
}

static int drop_prov(struct nd_store *s, const struct joined *j, uint64_t scope, struct st_err *err)
{
    struct nd_scope *counters;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_PROV_DROP, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", j->id);
    rc = nd_sql_run(s, q, err);
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_FACT_DROP, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":subject", j->subject);
    nd_bind_i64(q, ":entry", -j->id);
    s->prov_count--;
    rc = nd_sql_run(s, q, err);
    if (rc != ST_OK || (j->flags & ND_EF_FOUND) == 0)
        return rc;
    rc = nd_scope_of(s, scope, &counters);
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_QUARANTINE_DROP, &q, err);
    if (rc != ST_OK)
        return rc;
    counters->quarantined--; /* the entry itself has just been counted */
    nd_bind_i64(q, ":id", -j->id);
    return nd_sql_run(s, q, err);
}

static int flag_prov(struct nd_store *s, int64_t id, uint32_t flags, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_PROV_FLAG, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", id);
    nd_bind_u64(q, ":flags", flags);
    return nd_sql_run(s, q, err);
}

/* The log went on differently from what was signed ahead of it. */
static int join_fork(struct nd_store *s, const struct nd_run *r, const struct joined *j,
                     struct st_err *err)
{
    const struct sc_run *run = r->run;
    struct sc_fork f = {.key = r->key};
    int rc;

    f.side[0].seq = j->seq;
    f.side[0].chain = j->chain;
    f.side[0].sig = j->sig;
    f.side[1].seq = run->first_seq + run->count - 1;
    f.side[1].chain = r->chains[run->count - 1];
    f.side[1].sig = run->sig;
    rc = nd_store_put_fork(s, &f, err);
    return rc == ST_OK ? flag_prov(s, j->id, j->flags | ND_EF_FORKED, err) : rc;
}

static uint64_t wire_bytes(const struct sc_wire_entry *e)
{
    return e->pruned ? PRUNED_BYTES : e->payload.n;
}

static int check_run(struct nd_store *s, const struct nd_run *r, uint64_t *bytes,
                     struct st_err *err)
{
    const struct sc_run *run = r->run;

    if (!s->in_txn)
        return st_fail(err, ST_STATE, "no transaction is open");
    if (run->count == 0 || run->count > SC_RUN_ENTRIES_MAX)
        return st_fail(err, ST_RANGE, "a run of %zu entries", run->count);
    *bytes = 0;
    for (size_t i = 0; i < run->count; i++)
        *bytes += wire_bytes(&run->e[i]);
    if (*bytes > SC_RUN_BYTES_MAX && run->count > 1)
        return st_fail(err, ST_OVERSIZE, "a run of %llu bytes", (unsigned long long)*bytes);
    return ST_OK;
}

/* Keeps the checkpoint of the head that the run goes on from, for ever: a cut may name any head
 * that was one, and who lacks the named entry takes it only under its author's signature. Spans
 * between kept checkpoints of a row therefore always fit one run; that which leads into a new
 * branch may not, and is then read on the branch's parent. */
static int keep_head(struct nd_store *s, struct nd_log *l, struct st_err *err)
{
    int rc;

    if (l->link.seq_next == l->first_seq || l->link.seq_next == l->kept_next)
        return ST_OK;
    rc = keep_checkpoint(s, l->handle, l->link.seq_next - 1, false, &l->sig, err);
    l->kept_next = l->link.seq_next;
    l->kept_bytes = 0;
    return rc;
}

static int put_entry(struct nd_store *s, const struct sc_wire_entry *e, uint64_t received_ms,
                     const struct cr_hash *chain, struct nd_admit *a, struct st_err *err)
{
    uint8_t erased[PRUNED_BYTES];
    sqlite3_stmt *q;
    int rc = nd_admit(s, a, err);

    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_ENTRY_ADD, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", a->no);
    nd_bind_u64(q, ":flags", a->flags);
    nd_bind_u64(q, ":lamport", e->lamport);
    nd_bind_u64(q, ":wall", e->wall_ms);
    nd_bind_i64(q, ":age", (int64_t)(received_ms - e->wall_ms));
    nd_bind_blob(q, ":chain", chain->b, sizeof chain->b);
    if (e->pruned) {
        memcpy(erased, e->payload_hash.b, CR_HASH_BYTES);
        cr_store_be64(erased + CR_HASH_BYTES, e->payload_bytes);
        nd_bind_blob(q, ":payload", erased, sizeof erased);
    } else {
        nd_bind_blob(q, ":payload", e->payload.p, e->payload.n);
    }
    return nd_sql_run(s, q, err);
}

/* Links the entry behind *link and compares with what the caller computed. */
static int relink(const struct sc_wire_entry *e, struct sc_link *link, const struct cr_hash *chain,
                  struct st_err *err)
{
    int rc = sc_link_wire(link, e);

    if (rc == ST_OK && !cr_hash_equal(&link->chain, chain))
        rc = ST_FORGED;
    return rc == ST_OK ? ST_OK
                       : st_fail(err, (enum st_code)rc, "entry %llu does not link",
                                 (unsigned long long)link->seq_next);
}

/* limit: entries from it on are held, as far as is known yet. */
static int put_entries(struct nd_store *s, const struct nd_run *r, struct nd_log *l, uint64_t limit,
                       const struct joins *joins, bool *urgent_end, struct st_err *err)
{
    const struct sc_run *run = r->run;
    int rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < run->count; i++) {
        const struct sc_wire_entry *e = &run->e[i];
        uint64_t seq = run->first_seq + i, received_ms = r->received_ms;
        bool last = i + 1 == run->count;
        struct nd_admit a = {.no = nd_entry_no(l->handle, seq),
                             .key = &l->key,
                             .id = &r->chains[i],
                             .payload = e->payload,
                             .flags =
                                 (e->pruned ? ND_EF_PRUNED : 0) | nd_suite_flags(e->other_suite)};

        if (last && (r->urgent || (!e->pruned && sc_suite_known(sc_wire_suite(e)) &&
                                   nd_payload_urgent(e->payload))))
            a.flags |= ND_EF_URGENT;
        for (size_t k = 0; k < joins->count; k++) {
            if (joins->j[k].seq != seq || !cr_hash_equal(&joins->j[k].chain, &r->chains[i]))
                continue;
            a.flags |= ND_EF_URGENT;
            received_ms = joins->j[k].received_ms; /* known since it came ahead */
        }
        *urgent_end = last && (a.flags & ND_EF_URGENT) != 0;
        rc = relink(e, &l->link, &r->chains[i], err);
        if (rc == ST_OK)
            rc = put_entry(s, e, received_ms, &r->chains[i], &a, err);
        if (rc == ST_OK)
            rc = nd_auth_entry(s, &a, l->branch, err);
        l->bytes += wire_bytes(e);
        if (seq >= limit) {
            l->held++;
            l->held_bytes += wire_bytes(e);
        }
    }
    return rc;
}

static int join_all(struct nd_store *s, const struct nd_run *r, const struct nd_log *l,
                    const struct joins *joins, struct st_err *err)
{
    uint64_t end = r->run->first_seq + r->run->count - 1;
    int rc = ST_OK;

    for (size_t k = 0; rc == ST_OK && k < joins->count; k++) {
        const struct joined *j = &joins->j[k];

        if (!cr_hash_equal(&j->chain, &r->chains[j->seq - r->run->first_seq])) {
            if ((j->flags & ND_EF_FORKED) == 0)
                rc = join_fork(s, r, j, err);
            continue;
        }
        rc = drop_prov(s, j, r->key.scope, err);
        if (rc == ST_OK && j->seq != end) /* a span cut in two fits all the more */
            rc = keep_checkpoint(s, l->handle, j->seq, true, &j->sig, err);
    }
    return rc;
}

static int note_arrival(struct nd_store *s, const struct nd_run *r, struct st_err *err)
{
    struct nd_scope *scope;
    int rc = nd_scope_of(s, r->key.scope, &scope);

    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "counters of the scope");
    scope->entries += r->run->count;
    scope->dirty = true;
    nd_scope_heard(s, &r->key, r->run->e[r->run->count - 1].wall_ms, r->received_ms);
    return ST_OK;
}

/* The row that the run goes to, made when it opens a branch; ST_DENIED: authority refuses it. */
static int open_row(struct nd_store *s, const struct nd_run *r, uint64_t bytes, struct nd_log *l,
                    uint64_t *limit, struct st_err *err)
{
    int rc = nd_log_place(s, r, l, err);

    *limit = UINT64_MAX;
    if (rc == ST_OK)
        rc = nd_auth_run(s, r, l, &s->logs, bytes, err);
    if (rc == ST_DENIED || rc == ST_CONFLICT)
        nd_store_passed_by(s, r);
    if (rc != ST_OK)
        return rc;
    if (l->handle != 0) {
        *limit = sc_authority_limit(s->auth, &l->key, l->branch);
        return ST_OK;
    }
    rc = nd_log_add(s, l, err);
    if (rc == ST_OK)
        rc = nd_auth_branch(s, l, nd_log_parent(&s->logs, l), err);
    return rc;
}

/* The checkpoint of the run: the head's, and kept when it has a place of its own. */
static int close_run(struct nd_store *s, const struct nd_run *r, struct nd_log *l, uint64_t bytes,
                     bool urgent, struct st_err *err)
{
    uint64_t end = l->link.seq_next - 1;
    int rc = ST_OK;

    l->sig = r->run->sig;
    l->kept_bytes += bytes;
    if (urgent || end % SC_CKPT_ALIGN == SC_CKPT_ALIGN - 1) {
        rc = keep_checkpoint(s, l->handle, end, urgent, &l->sig, err);
        l->kept_next = end + 1;
        l->kept_bytes = 0;
    }
    if (!r->own && l->key.incarnation == s->incarnation)
        l->flags |= ND_LF_ALIEN;
    if (rc == ST_OK)
        rc = nd_log_put(s, l, err);
    if (rc == ST_OK && l->link.lamport > s->lamport)
        s->lamport = l->link.lamport;
    return rc;
}

/* A run that is stored already, of a row that is passed on in part only: its checkpoint is worth
 * keeping, since the part has to end at one (store_view.c). *done: that was all. One that ends
 * beyond the part is not there as far as the engine is concerned, and must not become so. */
static int take_again(struct nd_store *s, const struct nd_run *r, uint64_t *handle, bool *done,
                      struct st_err *err)
{
    uint64_t end = r->run->first_seq + r->run->count - 1;
    const struct nd_log *l = NULL;
    sqlite3_stmt *q;
    uint64_t relay;
    int rc = nd_log_find(s, &r->log_id, &s->logs, err);

    *done = false;
    if (rc == ST_OK && s->logs.count > 0)
        rc = nd_log_at(s, &s->logs, end, &r->chains[r->run->count - 1], &l, err);
    if (rc != ST_OK || l == NULL)
        return rc;
    nd_auth_settle(s);
    relay = sc_authority_relay(s->auth, &l->key, l->branch);
    if (relay >= l->link.seq_next || end >= relay)
        return ST_OK;
    *done = true;
    if (handle != NULL)
        *handle = l->handle;
    rc = nd_sql(s, ND_SQL_CKPT_LAST, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(l->handle, end));
    nd_bind_i64(q, ":to", nd_entry_no(l->handle, end));
    rc = nd_sql_step(s, q, err);
    if (rc == ND_ROW)
        nd_sql_done(q);
    return rc == ST_OK ? keep_checkpoint(s, l->handle, end, false, &r->run->sig, err)
                       : (rc == ND_ROW ? ST_OK : rc);
}

int nd_store_apply(struct nd_store *s, const struct nd_run *r, uint64_t *handle, struct st_err *err)
{
    const struct sc_run *run = r->run;
    uint64_t bytes = 0, limit, end;
    bool urgent = false;
    struct joins joins;
    struct nd_log l;
    bool done = false;
    int rc = check_run(s, r, &bytes, err);

    if (rc == ST_OK)
        rc = take_again(s, r, handle, &done, err);
    if (done)
        return rc;
    if (rc == ST_OK)
        rc = open_row(s, r, bytes, &l, &limit, err);
    if (rc != ST_OK)
        return rc;
    end = run->first_seq + run->count - 1;
    rc = keep_head(s, &l, err);
    if (rc == ST_OK)
        rc = find_joins(s, &l.id, run->first_seq, end, &joins, err);
    if (rc == ST_OK)
        rc = put_entries(s, r, &l, limit, &joins, &urgent, err);
    if (rc == ST_OK)
        rc = join_all(s, r, &l, &joins, err);
    if (rc == ST_OK)
        rc = close_run(s, r, &l, bytes, urgent, err);
    if (rc == ST_OK)
        rc = note_arrival(s, r, err);
    if (rc == ST_OK && handle != NULL)
        *handle = l.handle;
    return rc;
}
