/* Policy: its records kept in memory as sc_policy evaluates them, and what a new one may change.
 *
 * A record counts when its log lets it stand and a root or a seat of the street wrote it. Authority
 * decides both, so it is asked again whenever that changed. When an answer changes from some
 * claimed time on, the subjects of all entries with that or a later claimed time are folded again,
 * in the transaction that brought the change: a policy applies from its writing on, so mostly there
 * are none but what was written offline meanwhile, and a node that was told of the policy in
 * between two transactions would otherwise show, for a while, what no order of arrival gives.
 * Looking for them reads every entry's row once.
 *
 * Failure: the transaction is rolled back, and the set is built again from the table. */
#include "node/store_int.h"
#include "node/store_preview.h"

#include "crypto/base/assert.h"

#include <string.h>

/* The entry in the row; its standing is decided in settle. no: see s->policy_no. */
static int add_row(struct nd_store *s, struct sc_policy *p, struct cr_buf *no, sqlite3_stmt *q,
                   struct st_err *err)
{
    int64_t entry = sqlite3_column_int64(q, 0);
    size_t before = sc_policy_count(p);
    struct sc_policy_entry e = {.lamport = nd_col_u64(q, 1), .wall_ms = nd_col_u64(q, 2)};
    const struct nd_log_slot *slot;
    struct sc_payload payload;
    struct sc_body body;
    int rc;

    if (!nd_col_fixed(q, 3, e.entry_id.b, sizeof e.entry_id.b))
        return st_fail(err, ST_CORRUPT, "a row of the table of policies is damaged");
    rc = nd_log_slot(s, nd_entry_log(entry), &slot, err);
    if (rc != ST_OK)
        return rc;
    e.author = slot->key.author;
    rc = sc_record_check(nd_col_span(q, 4), &payload, &body, err);
    if (rc == ST_OK && sc_policy_item_find(sc_body_get(&body, SC_K_NAME)->s) == SIZE_MAX)
        return ST_OK; /* of a later version */
    if (rc == ST_OK)
        rc = sc_policy_decode(&body, &e.value, err);
    if (rc != ST_OK)
        return st_fail(err, ST_CORRUPT, "a stored policy does not decode");
    rc = cr_buf_append(no, &entry, sizeof entry);
    if (rc == ST_OK)
        rc = sc_policy_add(p, &e);
    if (rc != ST_OK || sc_policy_count(p) == before)
        no->n = before * sizeof entry; /* known already */
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "load policies");
}

static int add_rows(struct nd_store *s, struct sc_policy *p, struct cr_buf *no, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_POLICY_EACH, &q, err);

    while (rc == ST_OK && (rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = add_row(s, p, no, q, err);
        if (rc != ST_OK)
            nd_sql_done(q);
    }
    return rc;
}

/* Its log lets it stand, and its author may set policies. */
static int stands(struct nd_store *s, const struct sc_policy_entry *e, int64_t no, bool *out,
                  struct st_err *err)
{
    const struct nd_log_slot *slot;
    struct sc_auth_at at = {.seq = nd_entry_seq(no), .entry_id = e->entry_id};
    int rc = nd_log_slot(s, nd_entry_log(no), &slot, err);

    if (rc != ST_OK)
        return rc;
    at.key = slot->key;
    at.branch = slot->branch;
    *out = sc_standing_counts(nd_auth_standing(s, nd_entry_log(no), &at)) &&
           sc_policy_author(sc_authority_certs(s->auth), &e->author, e->wall_ms);
    return ST_OK;
}

/* Decides anew which records count; *from_ms as sc_policy_settle. */
static int settle(struct nd_store *s, struct sc_policy *p, const struct cr_buf *no,
                  uint64_t *from_ms, struct st_err *err)
{
    for (size_t i = 0; i < sc_policy_count(p); i++) {
        bool good = false;
        int64_t entry;
        int rc;

        memcpy(&entry, no->p + i * sizeof entry, sizeof entry);
        rc = stands(s, sc_policy_entry(p, i), entry, &good, err);
        if (rc != ST_OK)
            return rc;
        sc_policy_stand(p, i, good);
    }
    return sc_policy_settle(p, from_ms) == ST_OK ? ST_OK : st_fail(err, ST_NOMEM, "policies");
}

int nd_policy_load(struct nd_store *s, struct st_err *err)
{
    struct sc_policy *p = sc_policy_new();
    struct cr_buf no;
    uint64_t from_ms;
    int rc;

    cr_buf_init(&no, UINT32_MAX);
    rc = p == NULL ? st_fail(err, ST_NOMEM, "load policies") : add_rows(s, p, &no, err);
    if (rc == ST_OK)
        rc = settle(s, p, &no, &from_ms, err);
    if (rc != ST_OK) {
        cr_buf_release(&no);
        sc_policy_free(p);
        return rc;
    }
    sc_policy_free(s->policy);
    cr_buf_release(&s->policy_no);
    s->policy = p;
    s->policy_no = no;
    s->policy_touched = false;
    return ST_OK;
}

int nd_policy_admit(struct nd_store *s, const struct nd_admit *a, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc;

    if (a->no < 0)
        return ST_OK; /* ahead of its log: counts when that has arrived */
    rc = nd_sql(s, ND_SQL_POLICY_ADD, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":entry", a->no);
    s->policy_touched = true;
    return nd_sql_run(s, q, err);
}

static int mark_entry(struct nd_store *s, sqlite3_stmt *q, struct st_err *err)
{
    const struct nd_log_slot *slot;
    struct sc_payload p;
    struct cr_hash id;
    struct sc_id sid;
    uint32_t index;
    int rc = nd_log_slot(s, nd_entry_log(sqlite3_column_int64(q, 0)), &slot, err);

    if (rc != ST_OK)
        return rc;
    if (sc_payload_decode(nd_col_span(q, 2), &p, NULL) != ST_OK ||
        !nd_col_fixed(q, 1, id.b, sizeof id.b))
        return st_fail(err, ST_CORRUPT, "a stored entry does not decode");
    sid = p.has_subject ? p.subject : sc_id_of(&id);
    return nd_dirty_subject(s, &sid, slot->key.scope, &index, err);
}

/* Erased entries say nothing of their subject, and are judged by no policy. */
static int mark_from(struct nd_store *s, uint64_t from_ms, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_POLICY_ENTRIES, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_u64(q, ":from", from_ms < INT64_MAX ? from_ms : INT64_MAX);
    nd_bind_u64(q, ":skip", ND_EF_MUTE);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = mark_entry(s, q, err);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return rc;
        }
    }
    return rc;
}

int nd_policy_spread(struct nd_store *s, struct st_err *err)
{
    uint64_t from_ms;
    int rc;

    if (!s->policy_touched && !s->auth_news)
        return ST_OK;
    rc = add_rows(s, s->policy, &s->policy_no, err);
    if (rc == ST_OK)
        rc = settle(s, s->policy, &s->policy_no, &from_ms, err);
    if (rc != ST_OK || from_ms == UINT64_MAX)
        return rc != ST_OK ? st_wrap(err, rc, "policies") : ST_OK;
    s->policy_touched = true; /* memory differs from the database until the commit */
    rc = mark_from(s, from_ms, err);
    if (rc == ST_OK && s->prov_count > 0)
        rc = nd_mark_provs(s, err);
    return rc != ST_OK ? st_wrap(err, rc, "policies") : ST_OK;
}

struct sc_policy *nd_store_policy(struct nd_store *s)
{
    return s->policy;
}

/* ---- preview ---- */

struct preview {
    struct sc_policy *now, *then;
    uint64_t from_ms;
};

static enum sc_level level_to_close(struct sc_policy *p, uint64_t at_ms, const struct sc_hazard *h)
{
    enum sc_level level = sc_rules_level(sc_policy_at(p, at_ms), SC_CL_PASS, (uint8_t)h->severity);

    return h->escalated > level ? h->escalated : level;
}

static int fold_under(struct nd_store *s, struct sc_policy *p, const struct nd_subject *row,
                      struct sc_hazard *out, struct st_err *err)
{
    struct sc_policy *own = s->policy;
    int rc;

    s->policy = p;
    rc = nd_facts_load(s, row, err);
    s->policy = own;
    if (rc == ST_OK && sc_hazard_fold(s->facts.fact, s->facts.count, out) != ST_OK)
        rc = st_fail(err, ST_NOMEM, "fold");
    return rc;
}

static bool concerned(const struct nd_facts *f, uint64_t from_ms)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->fact[i].wall_ms >= from_ms)
            return true;
    return false;
}

static int preview_one(struct nd_store *s, struct preview *p, const struct nd_subject *row,
                       int (*cb)(void *arg, const struct nd_policy_effect *effect), void *arg,
                       struct st_err *err)
{
    struct nd_policy_effect effect = {.subject = row->sid};
    struct sc_hazard h;
    int rc = fold_under(s, p->now, row, &h, err);

    if (rc != ST_OK || s->facts.overflow)
        return rc;
    effect.grid = h.grid;
    effect.severity = h.severity;
    effect.before = effect.after = h.state;
    if (concerned(&s->facts, p->from_ms)) {
        rc = fold_under(s, p->then, row, &h, err);
        effect.after = h.state;
    }
    if (rc != ST_OK)
        return rc;
    effect.level_before = level_to_close(p->now, p->from_ms, &h);
    effect.level_after = level_to_close(p->then, p->from_ms, &h);
    if (effect.before == effect.after &&
        (effect.after >= SC_HS_CLOSED || effect.level_before == effect.level_after))
        return ST_OK;
    return cb(arg, &effect);
}

static int preview_all(struct nd_store *s, struct preview *p,
                       int (*cb)(void *arg, const struct nd_policy_effect *effect), void *arg,
                       struct st_err *err)
{
    struct nd_subject row = {0};
    sqlite3_stmt *q;
    int rc;

    do {
        rc = nd_sql(s, ND_SQL_SUBJECT_NEXT, &q, err);
        if (rc != ST_OK)
            return rc;
        nd_bind_i64(q, ":id", row.id);
        rc = nd_sql_step(s, q, err);
        if (rc != ND_ROW)
            return rc;
        nd_subject_row(q, &row);
        nd_sql_done(q);
        rc = row.type == SC_R_HAZARD_REPORT ? preview_one(s, p, &row, cb, arg, err) : ST_OK;
    } while (rc == ST_OK);
    return rc;
}

int nd_store_policy_preview(struct nd_store *s, const struct sc_policy_entry *e,
                            int (*cb)(void *arg, const struct nd_policy_effect *effect), void *arg,
                            struct st_err *err)
{
    struct preview p = {.now = s->policy, .then = sc_policy_new(), .from_ms = sc_policy_from(e)};
    uint64_t from_ms;
    int rc = p.then == NULL ? ST_NOMEM : ST_OK;

    for (size_t i = 0; rc == ST_OK && i < sc_policy_count(s->policy); i++)
        rc = sc_policy_add(p.then, sc_policy_entry(s->policy, i));
    if (rc == ST_OK)
        rc = sc_policy_add(p.then, e);
    if (rc == ST_OK)
        rc = sc_policy_settle(p.then, &from_ms);
    if (rc != ST_OK)
        (void)st_fail(err, (enum st_code)rc, "preview of a policy");
    else
        rc = nd_read_enter(s, err);
    if (rc == ST_OK) {
        rc = preview_all(s, &p, cb, arg, err);
        nd_read_leave(s);
    }
    sc_policy_free(p.then);
    return rc;
}
