/* What has no effect, and why.
 *
 * A held entry is one of the facts of its subject, whose row counts how many there are; so a page
 * of the list passes over whole subjects without reading them. */
#include "node/store_held.h"

#include "node/store_int.h"

#include <stdlib.h>
#include <string.h>

void nd_history_row(const struct nd_facts *f, size_t i, struct nd_history_row *row)
{
    const struct nd_fact_src *src = &f->src[i];

    *row = (struct nd_history_row){.fact = f->fact[i],
                                   .log = src->log,
                                   .seq = src->seq,
                                   .received_ms = src->received_ms,
                                   .held = src->held != SC_WHY_COUNTS,
                                   .urgent = (src->flags & ND_EF_URGENT) != 0,
                                   .provisional = src->entry < 0,
                                   .standing = src->standing,
                                   .why = src->held};
}

/* ---- the list ---- */

struct listing {
    const struct nd_held_query *q;
    uint64_t skip, left; /* rows to pass over, and to show then */
    nd_held_cb *cb;
    void *arg;
};

static bool wanted(const struct listing *l, const struct cr_sign_pk *author)
{
    return l->q->author == NULL || cr_sign_pk_equal(l->q->author, author);
}

/* Which cut or fork. */
static void name_holder(struct nd_store *s, uint32_t branch, struct nd_held_row *row)
{
    struct sc_auth_at at = {.key = row->entry.log,
                            .branch = branch,
                            .seq = row->entry.seq,
                            .entry_id = row->entry.fact.entry_id};
    struct sc_auth_cut cut;

    row->fork_seq =
        row->entry.why == SC_WHY_FORK ? sc_authority_fork(s->auth, &at.key) : UINT64_MAX;
    row->has_cut = (row->entry.why == SC_WHY_CUT || row->entry.why == SC_WHY_AWAITED) &&
                   sc_authority_holder(s->auth, &at, &cut);
    if (!row->has_cut)
        return;
    row->cut = cut.at.entry_id;
    row->cut_author = cut.at.key.author;
}

static int show(struct listing *l, const struct nd_held_row *row)
{
    if (l->skip > 0) {
        l->skip--;
        return ST_OK;
    }
    l->left--;
    return l->cb(l->arg, row);
}

/* The held ones of the loaded facts, which are taken out of the store meanwhile. */
static int show_subject(struct nd_store *s, const struct sc_id *sid, struct listing *l)
{
    struct nd_facts own = s->facts;
    struct nd_held_row row;
    int rc = ST_OK;

    memset(&s->facts, 0, sizeof s->facts);
    nd_facts_init(s);
    for (size_t i = 0; rc == ST_OK && l->left > 0 && i < own.count; i++) {
        if (own.src[i].held == SC_WHY_COUNTS || !wanted(l, &own.fact[i].author))
            continue;
        memset(&row, 0, sizeof row);
        nd_history_row(&own, i, &row.entry);
        row.subject = *sid;
        if (l->skip == 0)
            name_holder(s, own.src[i].branch, &row);
        rc = show(l, &row);
    }
    nd_facts_release(s);
    s->facts = own;
    return rc;
}

struct held_subject {
    int64_t id;
    uint64_t held;
};

static int held_ids(struct nd_store *s, struct cr_buf *out, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_SUBJECT_HELD, &q, err);

    while (rc == ST_OK && (rc = nd_sql_step(s, q, err)) == ND_ROW) {
        struct held_subject h = {sqlite3_column_int64(q, 0), nd_col_u64(q, 1)};

        rc = cr_buf_append(out, &h, sizeof h);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return st_fail(err, (enum st_code)rc, "list of what is held");
        }
    }
    return rc;
}

static int show_subjects(struct nd_store *s, struct listing *l, uint64_t *total, struct st_err *err)
{
    struct nd_subject row;
    struct cr_buf ids;
    int rc;

    cr_buf_init(&ids, UINT32_MAX);
    rc = held_ids(s, &ids, err);
    for (size_t at = 0; rc == ST_OK && at < ids.n; at += sizeof(struct held_subject)) {
        struct held_subject h;

        memcpy(&h, ids.p + at, sizeof h);
        *total += h.held;
        if (l->left == 0)
            continue;
        if (l->q->author == NULL && l->skip >= h.held) {
            l->skip -= h.held;
            continue;
        }
        rc = nd_subject_get(s, h.id, &row, err);
        if (rc == ST_OK)
            rc = nd_facts_load(s, &row, err);
        if (rc == ST_OK)
            rc = show_subject(s, &row.sid, l);
    }
    cr_buf_release(&ids);
    return rc;
}

/* ---- quarantine ---- */

/* Entry behind a number, its payload in *bytes. */
static int load_entry(struct nd_store *s, int64_t no, struct nd_history_row *row, bool *unread,
                      struct cr_buf *bytes, struct st_err *err)
{
    bool ahead = no < 0;
    uint64_t flags;
    const struct nd_log_slot *slot;
    struct cr_span payload;
    struct nd_prov p;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ahead ? ND_SQL_PROV_GET : ND_SQL_ENTRY_GET, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", ahead ? -no : no);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? st_fail(err, ST_CORRUPT, "a quarantined entry is missing") : rc;
    if (ahead) {
        rc = nd_prov_row(q, &p);
        flags = p.flags;
        row->log = p.key;
        row->seq = p.seq;
        row->fact.lamport = p.lamport;
        row->fact.wall_ms = p.wall_ms;
        row->fact.entry_id = p.chain;
        row->received_ms = p.wall_ms + (uint64_t)p.age_ms;
        payload = p.payload;
    } else {
        flags = nd_col_u64(q, 0);
        row->seq = nd_entry_seq(no);
        row->fact.lamport = nd_col_u64(q, 1);
        row->fact.wall_ms = nd_col_u64(q, 2);
        row->received_ms = row->fact.wall_ms + nd_col_u64(q, 3);
        rc = nd_col_fixed(q, 4, row->fact.entry_id.b, CR_HASH_BYTES) ? ST_OK : ST_CORRUPT;
        payload = nd_col_span(q, 5);
    }
    cr_buf_clear(bytes);
    if (rc == ST_OK)
        rc = cr_buf_append(bytes, payload.p, payload.n);
    nd_sql_done(q);
    if (rc == ST_OK && !ahead) {
        rc = nd_log_slot(s, nd_entry_log(no), &slot, err);
        if (rc == ST_OK)
            row->log = slot->key;
    }
    row->fact.author = row->log.author;
    row->provisional = ahead;
    row->urgent = (flags & ND_EF_URGENT) != 0;
    *unread = (flags & ND_EF_UNREAD) != 0;
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "a quarantined entry");
}

static int show_quarantined(struct nd_store *s, int64_t no, struct listing *l, struct cr_buf *bytes,
                            struct st_err *err)
{
    char reason[ND_REASON_MAX + 1];
    struct nd_held_row row = {
        .entry = {.held = true, .standing = SC_COUNTS, .why = SC_WHY_QUARANTINE, .detail = reason},
        .fork_seq = UINT64_MAX};
    struct sc_fact *fact = &row.entry.fact;
    struct sc_payload p;
    bool unread = false;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_QUARANTINE_GET, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", no);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    nd_col_text(q, 0, reason, sizeof reason);
    nd_sql_done(q);
    rc = load_entry(s, no, &row.entry, &unread, bytes, err);
    if (rc != ST_OK || !wanted(l, &fact->author))
        return rc;
    row.subject = sc_id_of(&fact->entry_id);
    fact->person = sc_certs_person(sc_authority_certs(s->auth), &fact->author);
    if (unread) {
        row.entry.why = SC_WHY_SUITE;
    } else if (sc_payload_decode(cr_buf_span(bytes), &p, NULL) == ST_OK) {
        fact->type = p.type;
        fact->schema_version = p.schema_version;
        fact->body = p.body;
    }
    return show(l, &row);
}

static int show_quarantine(struct nd_store *s, struct listing *l, uint64_t *total,
                           struct st_err *err)
{
    struct cr_buf ids = {0}, bytes;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_QUARANTINE_EACH, &q, err);

    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    if (rc == ST_OK)
        rc = nd_collect(s, q, &ids, err);
    *total += ids.n / sizeof(int64_t);
    for (size_t at = 0; rc == ST_OK && l->left > 0 && at < ids.n; at += sizeof(int64_t)) {
        int64_t no;

        if (l->q->author == NULL && l->skip > 0) {
            l->skip--;
            continue;
        }
        memcpy(&no, ids.p + at, sizeof no);
        rc = show_quarantined(s, no, l, &bytes, err);
    }
    cr_buf_release(&ids);
    cr_buf_release(&bytes);
    return rc;
}

int nd_store_held(struct nd_store *s, const struct nd_held_query *q, nd_held_cb *cb, void *arg,
                  uint64_t *total, struct st_err *err)
{
    struct listing l = {.q = q,
                        .skip = q->offset,
                        .left = q->limit > 0 ? q->limit : UINT64_MAX,
                        .cb = cb,
                        .arg = arg};
    uint64_t sum = 0;
    int rc = nd_read_enter(s, err);

    if (rc != ST_OK)
        return rc;
    rc = show_subjects(s, &l, &sum, err);
    if (rc == ST_OK)
        rc = show_quarantine(s, &l, &sum, err);
    nd_read_leave(s);
    if (rc == ST_OK && total != NULL)
        *total = sum;
    return rc;
}
