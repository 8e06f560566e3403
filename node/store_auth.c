/* Who counts: the evaluation of authority (authority.h) over what is stored, and what it refuses to
 * store. What a change of it makes fold again: store_spread.c.
 *
 * It is built from the rows of log and auth at opening and told of every branch and entry as they
 * are applied. Settling gives changes; they are remembered until the transaction commits, which
 * folds the subjects of the entries they name again: a reader never sees the one without the other.
 * What of a branch is held is counted when entries come, and counted again when a change names the
 * branch, so that quotas are answered without looking at entries.
 *
 * Failure: the transaction is rolled back, and the evaluation is built again. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <string.h>

/* ---- building ---- */

static int locate(void *arg, const struct cr_hash *log_id, uint64_t seq,
                  const struct cr_hash *entry_id, uint32_t *branch)
{
    uint64_t handle;

    return nd_entry_locate(arg, log_id, seq, entry_id, branch, &handle, NULL);
}

static bool acts(uint64_t type)
{
    return type == SC_R_CERT || type == SC_R_CUT || type == SC_R_ADOPT;
}

static int tell_branch(struct sc_authority *a, const struct nd_logs *logs, const struct nd_log *l)
{
    return sc_authority_branch(a, &l->key, l->branch, nd_log_parent(logs, l), l->first_seq);
}

static int load_branches(struct nd_store *s, struct sc_authority *a, struct st_err *err)
{
    struct nd_logs logs = {0}; /* of the log at work */
    struct nd_log l;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_EACH, &q, err);

    if (rc != ST_OK)
        return rc;
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = nd_log_row(q, &l);
        if (rc == ST_OK && l.branch == 0)
            logs.count = 0;
        if (rc == ST_OK)
            rc = tell_branch(a, &logs, &l);
        if (rc == ST_OK)
            rc = nd_logs_push(&logs, &l);
        if (rc != ST_OK) {
            nd_sql_done(q);
            rc = st_fail(err, rc == ST_NOMEM ? ST_NOMEM : ST_CORRUPT, "load branches: %s",
                         st_text((enum st_code)rc));
            break;
        }
    }
    nd_logs_release(&logs);
    return rc;
}

/* One entry that is a record of authority; columns of chain and payload. */
static int load_record(struct nd_store *s, struct sc_authority *a, sqlite3_stmt *q, int64_t no,
                       int chain, struct st_err *err)
{
    const struct nd_log_slot *slot;
    struct sc_auth_at at;
    struct sc_payload p;
    int rc = nd_log_slot(s, nd_entry_log(no), &slot, err);

    if (rc != ST_OK)
        return rc;
    at.key = slot->key;
    at.branch = slot->branch;
    at.seq = nd_entry_seq(no);
    if (!nd_col_fixed(q, chain, at.entry_id.b, sizeof at.entry_id.b))
        return st_fail(err, ST_CORRUPT, "a record of authority is damaged");
    rc = sc_payload_decode(nd_col_span(q, chain + 1), &p, err);
    if (rc == ST_OK && acts(p.type))
        rc = sc_authority_record(a, &at, p.type, p.body, err);
    if (rc == ST_OK || rc == ST_NOMEM)
        return rc;
    return st_fail(err, rc == ST_IO || rc == ST_BUSY ? (enum st_code)rc : ST_CORRUPT,
                   "a stored record of authority does not decode");
}

static int load_records(struct nd_store *s, struct sc_authority *a, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_AUTH_EACH, &q, err);

    while (rc == ST_OK && (rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = load_record(s, a, q, sqlite3_column_int64(q, 0), 2, err);
        if (rc != ST_OK)
            nd_sql_done(q);
    }
    return rc;
}

/* Without the index: every entry of street/public. */
static int scan_records(struct nd_store *s, struct sc_authority *a, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_ENTRY_PUBLIC, &q, err);

    if (rc == ST_OK)
        nd_bind_u64(q, ":scope", SC_SCOPE_PUBLIC);
    while (rc == ST_OK && (rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = ST_OK;
        if ((nd_col_u64(q, 1) & ND_EF_MUTE) == 0)
            rc = load_record(s, a, q, sqlite3_column_int64(q, 0), 2, err);
        if (rc != ST_OK)
            nd_sql_done(q);
    }
    return rc;
}

int nd_auth_build(struct nd_store *s, bool from_entries, struct sc_authority **out,
                  struct st_err *err)
{
    struct sc_auth_source source = {.arg = s, .locate = locate};
    struct sc_authority *a = sc_authority_new(&s->genesis, &s->net, &source);
    int rc = a != NULL ? load_branches(s, a, err) : st_fail(err, ST_NOMEM, "authority");

    if (rc == ST_OK)
        rc = from_entries ? scan_records(s, a, err) : load_records(s, a, err);
    if (rc != ST_OK) {
        sc_authority_free(a);
        return rc;
    }
    (void)sc_authority_settle(a);
    *out = a;
    return ST_OK;
}

int nd_auth_load(struct nd_store *s, struct st_err *err)
{
    struct sc_authority *a;
    int rc = nd_auth_build(s, false, &a, err);

    s->auth_stale = rc != ST_OK;
    if (rc != ST_OK)
        return rc;
    sc_authority_free(s->auth);
    s->auth = a;
    s->auth_open = s->auth_touched = s->auth_news = s->changed_lost = false;
    s->unknown_stale = true;
    s->auth_gen++;
    cr_buf_clear(&s->changed);
    return ST_OK;
}

struct sc_authority *nd_store_authority(struct nd_store *s)
{
    if (s->auth != NULL)
        nd_auth_settle(s);
    return s->auth;
}

struct sc_certs *nd_store_certs(struct nd_store *s)
{
    struct sc_authority *a = nd_store_authority(s);

    return a != NULL ? sc_authority_certs(a) : NULL;
}

uint64_t nd_store_authority_serial(const struct nd_store *s)
{
    return s->auth_serial + nd_passed_serial(s);
}

/* ---- what comes ---- */

int nd_auth_form(uint64_t type, struct cr_span body, struct st_err *err)
{
    struct sc_cert cert;
    struct sc_cut cut;
    struct sc_adopt adopt;

    switch (type) {
    case SC_R_CERT: return sc_cert_decode(body, &cert, err);
    case SC_R_CUT: return sc_cut_decode(body, &cut, err);
    case SC_R_ADOPT: return sc_adopt_decode(body, &adopt, err);
    default: return ST_OK;
    }
}

int nd_auth_branch(struct nd_store *s, const struct nd_log *l, uint32_t parent, struct st_err *err)
{
    int rc;

    s->auth_touched = s->auth_open = true;
    if (l->branch > 0)
        s->auth_news = true;
    rc = sc_authority_branch(s->auth, &l->key, l->branch, parent, l->first_seq);
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "authority: a new branch");
}

static int add_record(struct nd_store *s, const struct nd_admit *a, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_AUTH_ADD, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":entry", a->no);
    nd_bind_u64(q, ":type", a->type);
    return nd_sql_run(s, q, err);
}

int nd_auth_entry(struct nd_store *s, const struct nd_admit *a, uint32_t branch, struct st_err *err)
{
    struct sc_auth_at at = {
        .key = *a->key, .branch = branch, .seq = nd_entry_seq(a->no), .entry_id = *a->id};
    int rc;

    s->auth_touched = s->auth_open = true;
    rc = nd_preview_fresh(s, a->no);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "preview");
    if (!acts(a->type) || a->key->scope != SC_SCOPE_PUBLIC) {
        sc_authority_stored(s->auth, &at);
        return ST_OK;
    }
    s->auth_news = true;
    rc = add_record(s, a, err);
    return rc == ST_OK ? sc_authority_record(s->auth, &at, a->type, a->body, err) : rc;
}

void nd_auth_settle(struct nd_store *s)
{
    struct sc_auth_changes changes;

    if (!s->auth_open)
        return;
    s->auth_open = false;
    changes = sc_authority_settle(s->auth);
    if (changes.count == 0)
        return;
    s->auth_gen++;
    s->auth_news = true;
    if (cr_buf_append(&s->changed, changes.c, changes.count * sizeof *changes.c) != ST_OK)
        s->changed_lost = true; /* the commit will say so */
    for (size_t i = 0; i < changes.count; i++)
        s->unknown_stale = s->unknown_stale || changes.c[i].kind == SC_AUTH_AUTHOR;
}

/* ---- admission ---- */

static bool certified(struct nd_store *s, const struct cr_sign_pk *author)
{
    struct sc_certs *certs = sc_authority_certs(s->auth);

    return sc_certs_root(certs, author) != SC_ROOT_NONE || sc_certs_find(certs, author) != NULL;
}

static int count_unknown(struct nd_store *s, struct st_err *err)
{
    struct nd_log l;
    sqlite3_stmt *q;
    int rc;

    if (!s->unknown_stale)
        return ST_OK;
    s->unknown_bytes = 0;
    rc = nd_sql(s, ND_SQL_LOG_EACH, &q, err);
    if (rc != ST_OK)
        return rc;
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        if (nd_log_row(q, &l) != ST_OK) {
            nd_sql_done(q);
            return st_fail(err, ST_CORRUPT, "a row of the table of logs is damaged");
        }
        if (!certified(s, &l.key.author))
            s->unknown_bytes += l.bytes;
    }
    s->unknown_stale = rc != ST_OK;
    return rc;
}

/* What the author has here that is held, whatever of it. */
static int count_use(struct nd_store *s, const struct cr_sign_pk *author, bool known,
                     const struct nd_logs *logs, struct sc_auth_use *use, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LOG_USE, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_blob(q, ":author", author->b, sizeof author->b);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    use->held_entries = nd_col_u64(q, known ? 2 : 0);
    use->held_bytes = nd_col_u64(q, known ? 3 : 1);
    nd_sql_done(q);
    for (size_t i = 0; i < logs->count; i++)
        use->held_in_log += logs->e[i].held;
    rc = known ? ST_OK : count_unknown(s, err);
    use->unknown_bytes = s->unknown_bytes;
    return rc;
}

static uint64_t siblings_at(const struct nd_logs *logs, uint64_t seq)
{
    uint64_t n = 0;

    for (size_t i = 0; i < logs->count; i++)
        n += seq >= logs->e[i].first_seq && seq < logs->e[i].link.seq_next;
    return n;
}

/* Entry by entry, from the last: what leads to a named entry is named itself. One signature covers
 * the run, so it comes whole when its beginning may: what lies behind a named head is held. */
static enum sc_admission judge(struct nd_store *s, const struct nd_run *r,
                               const struct nd_logs *logs, struct sc_auth_offer *o,
                               struct sc_auth_use *use)
{
    enum sc_admission first = SC_ADMIT, quota = SC_ADMIT;
    bool named = false;

    for (size_t i = r->run->count; i-- > 0;) {
        o->seq = r->run->first_seq + i;
        o->entry_id = r->chains[i];
        named = named || nd_passed_named(s, &r->log_id, o->seq, &o->entry_id);
        o->on_named_path = named;
        use->siblings = siblings_at(logs, o->seq);
        first = sc_authority_admit(s->auth, o, use);
        named = named || first == SC_ADMIT_NAMED;
        if (first > SC_REFUSE_REVOKED)
            quota = first;
    }
    if (first > SC_ADMIT_NAMED || named)
        return first;
    return quota;
}

static int denied(enum sc_admission said, const struct nd_run *r, struct st_err *err)
{
    static const char *const why[] = {
        [SC_REFUSE_REVOKED] = "its author's key is revoked",
        [SC_REFUSE_SIBLINGS] = "two branches of a log prove its fork, more are not kept",
        [SC_REFUSE_HELD] = "too much of its author is held already",
        [SC_REFUSE_UNKNOWN] = "too much of authors without certificate is held already",
    };

    return st_fail(err, ST_DENIED, "the run that begins at %llu is refused: %s",
                   (unsigned long long)r->run->first_seq, why[said]);
}

int nd_auth_run(struct nd_store *s, const struct nd_run *r, const struct nd_log *l,
                const struct nd_logs *logs, uint64_t bytes, struct st_err *err)
{
    size_t n = r->run->count;
    bool opens = l->handle == 0, known;
    struct sc_auth_offer o = {.key = r->key,
                              .branch = opens ? SC_AUTH_NONE : l->branch,
                              .seq = r->run->first_seq + n - 1,
                              .bytes = bytes,
                              .entry_id = r->chains[n - 1]};
    struct sc_auth_use use = {0};
    enum sc_admission said;
    int rc = ST_OK;

    nd_auth_settle(s);
    known = certified(s, &r->key.author);
    if (!known || (opens && logs->count > 0) ||
        (!opens && o.seq >= sc_authority_limit(s->auth, &r->key, l->branch)))
        rc = count_use(s, &r->key.author, known, logs, &use, err);
    if (rc != ST_OK)
        return rc;
    use.held_entries += n - 1; /* as if the others were here */
    use.held_in_log += n - 1;
    said = sc_authority_admit(s->auth, &o, &use);
    if (said != SC_ADMIT || logs->count > 1 || (opens && logs->count > 0))
        said = judge(s, r, logs, &o, &use);
    if (said > SC_ADMIT_NAMED)
        return denied(said, r, err);
    if (!known)
        s->unknown_bytes += bytes;
    return ST_OK;
}

/* ---- standing ---- */

enum sc_standing nd_auth_standing(struct nd_store *s, uint64_t handle, const struct sc_auth_at *at)
{
    struct nd_log_slot *slot = &s->log_cache[handle % ND_LOG_CACHE];

    CR_ASSERT(slot->handle == handle);
    if (slot->gen != s->auth_gen) {
        slot->limit = sc_authority_limit(s->auth, &slot->key, slot->branch);
        slot->known = certified(s, &slot->key.author);
        slot->gen = s->auth_gen;
    }
    if (slot->known && at->seq < slot->limit)
        return SC_COUNTS;
    return sc_authority_standing(s->auth, at);
}

bool nd_auth_refuses_ahead(struct nd_store *s, const struct sc_log_key *key, uint64_t seq,
                           const struct cr_hash *id)
{
    struct sc_auth_offer o = {.key = *key, .branch = SC_AUTH_NONE, .seq = seq, .entry_id = *id};
    struct sc_auth_use use = {0};

    nd_auth_settle(s);
    return sc_authority_admit(s->auth, &o, &use) == SC_REFUSE_REVOKED;
}

int nd_auth_standing_ahead(struct nd_store *s, const struct nd_prov *p, enum sc_standing *out,
                           struct st_err *err)
{
    struct sc_auth_at at = {.key = p->key, .seq = p->seq, .entry_id = p->chain};
    struct nd_logs logs = {0};
    int rc;

    *out = SC_HELD_CUT;
    if (nd_auth_refuses_ahead(s, &p->key, p->seq, &p->chain))
        return ST_OK;
    rc = nd_log_find(s, &p->log_id, &logs, err);
    if (rc == ST_OK)
        *out = sc_authority_standing(s->auth, &at); /* branch 0, or a log not known */
    for (size_t i = 1; rc == ST_OK && !sc_standing_counts(*out) && i < logs.count; i++) {
        at.branch = logs.e[i].branch;
        *out = sc_authority_standing(s->auth, &at);
    }
    nd_logs_release(&logs);
    return rc;
}
