/* Reading one subject, and what the whole store adds up to. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

int nd_subject_get(struct nd_store *s, int64_t id, struct nd_subject *out, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_SUBJECT_GET, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", id);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_NOTFOUND : rc;
    nd_subject_row(q, out);
    nd_sql_done(q);
    return ST_OK;
}

int nd_subject_find(struct nd_store *s, const struct sc_id *sid, struct nd_subject *out,
                    struct st_err *err)
{
    const struct nd_subject *known = nd_dirty_find(s, sid);
    bool found = known != NULL;
    struct nd_subject row;
    sqlite3_stmt *q;
    int rc;

    if (known != NULL)
        *out = *known;
    if (known != NULL && known->type != 0)
        return ST_OK;
    rc = nd_sql(s, ND_SQL_SUBJECT_BY_K, &q, err);
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":k", (int64_t)cr_load_be64(sid->b));
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        nd_subject_row(q, &row);
        if (!sc_id_equal(&row.sid, sid) || (found && (out->type != 0 || row.type == 0)))
            continue;
        *out = row;
        found = true;
    }
    if (rc != ST_OK)
        return rc;
    return found ? ST_OK : st_fail(err, ST_NOTFOUND, "no such record");
}

int nd_store_subject(struct nd_store *s, const struct sc_id *subject, uint64_t *scope,
                     uint64_t *grid)
{
    struct nd_subject row;
    int rc = nd_subject_find(s, subject, &row, NULL);

    if (rc == ST_OK)
        rc = nd_facts_load(s, &row, NULL);
    if (rc != ST_OK)
        return rc;
    *scope = row.scope;
    *grid = s->facts.grid_count > 0 ? s->facts.grid[0] : 0;
    return ST_OK;
}

int nd_store_kind(struct nd_store *s, const struct sc_id *subject, uint64_t *type)
{
    struct nd_subject row;
    int rc = nd_subject_find(s, subject, &row, NULL);

    *type = rc == ST_OK ? row.type : 0;
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

int nd_store_tips(struct nd_store *s, const struct sc_id *subject, struct sc_id *out, size_t *n,
                  uint64_t *scope)
{
    struct sc_id tips[SC_PARENTS_MAX];
    struct nd_subject row;
    size_t count = 0;
    int rc = nd_subject_find(s, subject, &row, NULL);

    if (rc == ST_OK)
        rc = nd_facts_load(s, &row, NULL);
    if (rc == ST_OK)
        rc = sc_fact_parents(s->facts.fact, s->facts.folded, tips, &count, NULL);
    if (rc != ST_OK)
        return rc;
    memcpy(out, tips, count * sizeof *out);
    *n = count;
    *scope = row.scope;
    return ST_OK;
}

/* ---- history ---- */

static int by_order(const void *a, const void *b)
{
    const struct sc_fact *const *x = a;
    const struct sc_fact *const *y = b;

    return sc_fact_cmp(*x, *y);
}

/* Shows the loaded facts in order. They are taken out of the store for as long, so that the
 * callback may read other subjects. */
static int show_facts(struct nd_store *s, int (*cb)(void *arg, const struct nd_history_row *row),
                      void *arg, struct st_err *err)
{
    struct nd_facts own = s->facts;
    const struct sc_fact **sorted = calloc(own.count > 0 ? own.count : 1, sizeof *sorted);
    struct nd_history_row row;
    int rc = ST_OK;

    if (sorted == NULL)
        return st_fail(err, ST_NOMEM, "history");
    memset(&s->facts, 0, sizeof s->facts);
    nd_facts_init(s);
    for (size_t i = 0; i < own.count; i++)
        sorted[i] = &own.fact[i];
    if (own.count > 0)
        qsort(sorted, own.count, sizeof *sorted, by_order);
    for (size_t i = 0; rc == ST_OK && i < own.count; i++) {
        nd_history_row(&own, (size_t)(sorted[i] - own.fact), &row);
        rc = cb(arg, &row);
    }
    free(sorted);
    nd_facts_release(s);
    s->facts = own;
    return rc;
}

int nd_store_history(struct nd_store *s, const struct sc_id *subject,
                     int (*cb)(void *arg, const struct nd_history_row *row), void *arg,
                     struct st_err *err)
{
    struct nd_subject row;
    int rc = nd_read_enter(s, err);

    if (rc != ST_OK)
        return rc;
    rc = nd_subject_find(s, subject, &row, err);
    if (rc == ST_OK)
        rc = nd_facts_load(s, &row, err);
    if (rc == ST_OK)
        rc = show_facts(s, cb, arg, err);
    nd_read_leave(s);
    return rc;
}

/* Numbers of one column, read whole, so that nothing is open while callbacks run. */
int nd_collect(struct nd_store *s, sqlite3_stmt *q, struct cr_buf *out, struct st_err *err)
{
    int rc;

    cr_buf_init(out, UINT32_MAX);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        int64_t id = sqlite3_column_int64(q, 0);

        rc = cr_buf_append(out, &id, sizeof id);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return st_fail(err, (enum st_code)rc, "too many rows");
        }
    }
    return rc;
}

/* ---- finding ---- */

static uint64_t half(const char *hex, size_t digits, char fill)
{
    char text[17];
    uint8_t bytes[8];

    memset(text, fill, 16);
    text[16] = '\0';
    memcpy(text, hex, digits < 16 ? digits : 16);
    return cr_unhex(text, 16, bytes, 8) == ST_OK ? cr_load_be64(bytes) : 0;
}

static bool begins_with(const struct sc_id *id, const char *hex, size_t digits)
{
    char text[2 * SC_ID_BYTES + 1];

    cr_hex(id->b, SC_ID_BYTES, text);
    for (size_t i = 0; i < digits; i++) {
        char c = hex[i] >= 'A' && hex[i] <= 'F' ? (char)(hex[i] - 'A' + 'a') : hex[i];

        if (c != text[i])
            return false;
    }
    return true;
}

int nd_store_find_subject(struct nd_store *s, const char *hex, struct sc_id *out,
                          struct st_err *err)
{
    size_t digits = strlen(hex), found = 0;
    struct sc_id id, first;
    sqlite3_stmt *q;
    int rc;

    if (digits < 4 || digits > 2 * SC_ID_BYTES || strspn(hex, "0123456789abcdefABCDEF") != digits)
        return st_fail(err, ST_MALFORMED, "an id is 4 to 32 hex digits");
    rc = nd_read_enter(s, err);
    if (rc != ST_OK)
        return rc;
    rc = nd_sql(s, ND_SQL_SUBJECT_RANGE, &q, err);
    if (rc == ST_OK) {
        /* The halves are stored as signed numbers; four digits fix the sign. */
        nd_bind_u64(q, ":lo", half(hex, digits, '0'));
        nd_bind_u64(q, ":hi", half(hex, digits, 'f'));
    }
    while (rc == ST_OK && (rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = ST_OK;
        cr_store_be64(id.b, nd_col_u64(q, 0));
        (void)nd_col_fixed(q, 1, id.b + 8, 8);
        if (!begins_with(&id, hex, digits) || (found > 0 && sc_id_equal(&id, &first)))
            continue;
        first = found == 0 ? id : first;
        found++;
        if (found > 1) {
            nd_sql_done(q);
            break;
        }
    }
    nd_read_leave(s);
    if (rc != ST_OK)
        return rc;
    if (found == 0)
        return st_fail(err, ST_NOTFOUND, "no record %s", hex);
    if (found > 1)
        return st_fail(err, ST_CONFLICT, "%s fits more than one record", hex);
    *out = first;
    return ST_OK;
}

int nd_store_by_ext(struct nd_store *s, uint64_t scope, struct cr_span ext, struct sc_id *out)
{
    struct sc_id id, best = {{0}};
    bool found = false;
    sqlite3_stmt *q;
    int rc = nd_read_enter(s, NULL);

    if (rc != ST_OK)
        return rc;
    rc = nd_sql(s, ND_SQL_EXT_GET, &q, NULL);
    if (rc == ST_OK) {
        nd_bind_blob(q, ":key", ext.p, ext.n);
        nd_bind_u64(q, ":scope", scope);
        while ((rc = nd_sql_step(s, q, NULL)) == ND_ROW) {
            cr_store_be64(id.b, nd_col_u64(q, 0));
            (void)nd_col_fixed(q, 1, id.b + 8, 8);
            if (!found || sc_id_cmp(&id, &best) < 0)
                best = id;
            found = true;
        }
    }
    nd_read_leave(s);
    if (rc != ST_OK || !found)
        return rc != ST_OK ? rc : ST_NOTFOUND;
    *out = best;
    return ST_OK;
}

/* ---- sums ---- */

static int one_number(struct nd_store *s, enum nd_sql which, uint64_t *out)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, which, &q, NULL);

    if (rc == ST_OK)
        rc = nd_sql_step(s, q, NULL);
    if (rc != ND_ROW)
        return rc == ST_OK ? ST_CORRUPT : rc;
    *out = nd_col_u64(q, 0);
    nd_sql_done(q);
    return ST_OK;
}

int nd_store_stats(struct nd_store *s, struct nd_store_stats *out)
{
    struct nd_store_stats t = {0};
    uint64_t pages = 0, page_bytes = 0;
    int rc = nd_read_enter(s, NULL);

    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < s->scope_n; i++) {
        t.entries += s->scope[i].entries;
        t.logs += s->scope[i].logs;
        t.subjects += s->scope[i].subjects;
        t.hazards += s->scope[i].hazards;
        t.held += s->scope[i].held;
        t.quarantined += s->scope[i].quarantined;
    }
    t.provisional = s->prov_count;
    rc = one_number(s, ND_SQL_FORK_COUNT, &t.forks);
    if (rc == ST_OK && t.quarantined > 0)
        rc = one_number(s, ND_SQL_UNREAD_COUNT, &t.unread);
    t.quarantined -= t.unread; /* both lie in one table, and the scopes count its rows */
    if (rc == ST_OK)
        rc = one_number(s, ND_SQL_PAGE_COUNT, &pages);
    if (rc == ST_OK)
        rc = one_number(s, ND_SQL_PAGE_SIZE, &page_bytes);
    t.file_bytes = pages * page_bytes;
    nd_read_leave(s);
    if (rc == ST_OK)
        *out = t;
    return rc;
}

int nd_store_fold_hash(struct nd_store *s, const uint64_t *scopes, size_t n, struct cr_hash *out)
{
    struct cr_hash sum = {{0}};
    int rc = nd_read_enter(s, NULL);

    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < s->scope_n; i++) {
        bool wanted = n == 0;

        for (size_t k = 0; k < n; k++)
            wanted = wanted || scopes[k] == s->scope[i].scope;
        if (wanted)
            cr_hash_add(&sum, &s->scope[i].acc);
    }
    nd_read_leave(s);
    *out = sum;
    return ST_OK;
}

uint64_t nd_store_changes(const struct nd_store *s)
{
    return (uint64_t)sqlite3_total_changes64(s->db);
}
