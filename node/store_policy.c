/* What the street sets: records of policy, and rows of its tables (codes, kinds of places,
 * checklists), kept in memory as sc_policy and sc_tables evaluate them, and what a new one may
 * change.
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

/* What is being filled: the store's own, or a new one. No: of each entry in the order of the set.
 */
struct settings {
    struct sc_policy *policy;
    struct sc_tables *tables;
    struct cr_buf *policy_no, *tables_no;
};

/* The entry is now the last of count; before: how many there were. */
static int keep_no(struct cr_buf *no, int64_t entry, size_t before, size_t count)
{
    no->n = before * sizeof entry;
    return count > before ? cr_buf_append(no, &entry, sizeof entry)
                          : ST_OK; /* else known already */
}

static int add_policy(struct settings *t, int64_t entry, struct sc_policy_entry *e,
                      const struct sc_body *body, struct st_err *err)
{
    size_t before = sc_policy_count(t->policy);
    int rc;

    if (sc_policy_item_find(sc_body_get(body, SC_K_NAME)->s) == SIZE_MAX)
        return ST_OK; /* of a later version */
    if (sc_policy_decode(body, &e->value, err) != ST_OK)
        return st_fail(err, ST_CORRUPT, "a stored policy does not decode");
    rc = sc_policy_add(t->policy, e);
    if (rc == ST_OK)
        rc = keep_no(t->policy_no, entry, before, sc_policy_count(t->policy));
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "load policies");
}

static int add_table(struct settings *t, int64_t entry, const struct sc_policy_entry *e,
                     const struct sc_payload *p, struct st_err *err)
{
    const struct sc_table_entry row = {e->entry_id, e->author, e->lamport, e->wall_ms, false};
    size_t before = sc_tables_count(t->tables);
    int rc = sc_tables_add(t->tables, &row, p);

    if (rc == ST_OK)
        rc = keep_no(t->tables_no, entry, before, sc_tables_count(t->tables));
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "load tables of the street");
}

/* The entry in the row; its standing is decided in settle. */
static int add_row(struct nd_store *s, struct settings *t, sqlite3_stmt *q, struct st_err *err)
{
    int64_t entry = sqlite3_column_int64(q, 0);
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
    if (rc != ST_OK || body.rec == NULL)
        return st_fail(err, ST_CORRUPT, "a stored setting does not decode");
    return body.rec->type == SC_R_POLICY ? add_policy(t, entry, &e, &body, err)
                                         : add_table(t, entry, &e, &payload, err);
}

static int add_rows(struct nd_store *s, struct settings *t, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_POLICY_EACH, &q, err);

    while (rc == ST_OK && (rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = add_row(s, t, q, err);
        if (rc != ST_OK)
            nd_sql_done(q);
    }
    return rc;
}

/* Its log lets it stand, and its author may set policies. i: its place in the set, no: its entry.
 */
static int stands(struct nd_store *s, const struct cr_hash *id, const struct cr_sign_pk *author,
                  uint64_t wall_ms, const struct cr_buf *nos, size_t i, bool *out,
                  struct st_err *err)
{
    const struct nd_log_slot *slot;
    struct sc_auth_at at = {.entry_id = *id};
    int64_t no;
    int rc;

    memcpy(&no, nos->p + i * sizeof no, sizeof no);
    rc = nd_log_slot(s, nd_entry_log(no), &slot, err);
    if (rc != ST_OK)
        return rc;
    at.seq = nd_entry_seq(no);
    at.key = slot->key;
    at.branch = slot->branch;
    *out = sc_standing_counts(nd_auth_standing(s, nd_entry_log(no), &at)) &&
           sc_policy_author(sc_authority_certs(s->auth), author, wall_ms);
    return ST_OK;
}

/* Decides anew which records count; *from_ms: earliest claimed time that folds differently. */
static int settle(struct nd_store *s, struct settings *t, uint64_t *from_ms, struct st_err *err)
{
    uint64_t codes_ms = UINT64_MAX;
    bool good = false;
    int rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < sc_policy_count(t->policy); i++) {
        const struct sc_policy_entry *e = sc_policy_entry(t->policy, i);

        rc = stands(s, &e->entry_id, &e->author, e->wall_ms, t->policy_no, i, &good, err);
        if (rc == ST_OK)
            sc_policy_stand(t->policy, i, good);
    }
    for (size_t i = 0; rc == ST_OK && i < sc_tables_count(t->tables); i++) {
        const struct sc_table_entry *e = sc_tables_entry(t->tables, i);

        rc = stands(s, &e->entry_id, &e->author, e->wall_ms, t->tables_no, i, &good, err);
        if (rc == ST_OK)
            sc_tables_stand(t->tables, i, good);
    }
    if (rc != ST_OK)
        return rc;
    if (sc_tables_settle(t->tables, &codes_ms) != ST_OK ||
        sc_policy_settle(t->policy, from_ms) != ST_OK)
        return st_fail(err, ST_NOMEM, "policies");
    *from_ms = codes_ms < *from_ms ? codes_ms : *from_ms;
    return ST_OK;
}

int nd_policy_load(struct nd_store *s, struct st_err *err)
{
    struct cr_buf policy_no, tables_no;
    struct settings t = {sc_policy_new(), sc_tables_new(), &policy_no, &tables_no};
    uint64_t from_ms;
    int rc = ST_OK;

    cr_buf_init(&policy_no, UINT32_MAX);
    cr_buf_init(&tables_no, UINT32_MAX);
    if (t.policy == NULL || t.tables == NULL)
        rc = st_fail(err, ST_NOMEM, "load policies");
    if (rc == ST_OK)
        rc = add_rows(s, &t, err);
    if (rc == ST_OK)
        rc = settle(s, &t, &from_ms, err);
    if (rc != ST_OK) {
        cr_buf_release(&policy_no);
        cr_buf_release(&tables_no);
        sc_policy_free(t.policy);
        sc_tables_free(t.tables);
        return rc;
    }
    nd_policy_release(s);
    s->policy = t.policy;
    s->tables = t.tables;
    s->policy_no = policy_no;
    s->tables_no = tables_no;
    s->policy_touched = false;
    return ST_OK;
}

void nd_policy_release(struct nd_store *s)
{
    sc_policy_free(s->policy);
    sc_tables_free(s->tables);
    cr_buf_release(&s->policy_no);
    cr_buf_release(&s->tables_no);
    s->policy = NULL;
    s->tables = NULL;
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
    struct settings own = {s->policy, s->tables, &s->policy_no, &s->tables_no};
    uint64_t from_ms;
    int rc;

    if (!s->policy_touched && !s->auth_news)
        return ST_OK;
    rc = add_rows(s, &own, err);
    if (rc == ST_OK)
        rc = settle(s, &own, &from_ms, err);
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

const struct sc_tables *nd_store_tables(struct nd_store *s)
{
    return s->tables;
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
