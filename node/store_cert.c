/* Which subjects a new certificate touches. Authority is evaluated over the whole set
 * (schema/cert.h); here only its effect is spread: each log remembers the sum of the certificates
 * under which its subjects were folded, and where the sum has changed they are folded again. */
#include "node/store_int.h"

#include <stdlib.h>
#include <string.h>

static int take_cert(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                     const struct cr_hash *entry_id)
{
    (void)issuer;
    struct nd_store *s = (struct nd_store *)arg;
    if (s->cert_sum_count == s->cert_sum_cap) {
        size_t cap = s->cert_sum_cap == 0 ? 64 : s->cert_sum_cap * 2;
        struct nd_cert_sum *grown = (struct nd_cert_sum *)realloc(s->cert_sum, cap * sizeof *grown);
        if (grown == NULL)
            return ST_NOMEM;
        s->cert_sum = grown;
        s->cert_sum_cap = cap;
    }
    s->cert_sum[s->cert_sum_count++] = (struct nd_cert_sum){.author = c->subject, .sum = *entry_id};
    return ST_OK;
}

static int by_author(const void *a, const void *b)
{
    const struct nd_cert_sum *x = (const struct nd_cert_sum *)a, *y = (const struct nd_cert_sum *)b;
    return memcmp(x->author.b, y->author.b, CR_SIGN_PK_BYTES);
}

/* One row an author, its certificates added up. */
static int build(struct nd_store *s)
{
    s->cert_sum_count = 0;
    int rc = sc_certs_each(s->certs, take_cert, s);
    if (rc != ST_OK)
        return rc;
    if (s->cert_sum_count > 0)
        qsort(s->cert_sum, s->cert_sum_count, sizeof *s->cert_sum, by_author);
    size_t n = 0;
    for (size_t i = 0; i < s->cert_sum_count; i++) {
        if (n > 0 && by_author(&s->cert_sum[n - 1], &s->cert_sum[i]) == 0)
            cr_hash_add(&s->cert_sum[n - 1].sum, &s->cert_sum[i].sum);
        else
            s->cert_sum[n++] = s->cert_sum[i];
    }
    s->cert_sum_count = n;
    s->cert_sums_valid = true;
    return ST_OK;
}

int nd_cert_sum(struct nd_store *s, const struct cr_sign_pk *author, struct cr_hash *out)
{
    memset(out, 0, sizeof *out);
    if (!s->cert_sums_valid) {
        int rc = build(s);
        if (rc != ST_OK)
            return rc;
    }
    struct nd_cert_sum key = {.author = *author};
    const struct nd_cert_sum *found =
        s->cert_sum_count == 0 ? NULL
                               : (const struct nd_cert_sum *)bsearch(
                                     &key, s->cert_sum, s->cert_sum_count, sizeof key, by_author);
    if (found != NULL)
        *out = found->sum;
    return ST_OK;
}

struct changed {
    uint64_t log;
    struct cr_sign_pk author;
    struct cr_hash sum;
};

static int list_changed(struct nd_store *s, struct changed **out, size_t *n, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_CERT, err);
    if (st == NULL)
        return ST_IO;
    struct changed *list = NULL;
    size_t cap = 0;
    int rc;
    *n = 0;
    while ((rc = nd_sql_row(s, st, err)) == ST_OK) {
        struct changed c = {.log = nd_col_u64(st, 0)};
        struct cr_hash stored;
        if (!nd_col_fixed(st, 1, c.author.b, CR_SIGN_PK_BYTES) ||
            nd_cert_sum(s, &c.author, &c.sum) != ST_OK)
            continue;
        if (nd_col_fixed(st, 2, stored.b, CR_HASH_BYTES) && cr_hash_equal(&stored, &c.sum))
            continue;
        if (*n == cap) {
            cap = cap == 0 ? 64 : cap * 2;
            struct changed *grown = (struct changed *)realloc(list, cap * sizeof *grown);
            if (grown == NULL) {
                nd_sql_done(st);
                free(list);
                return st_fail(err, ST_NOMEM, "store: out of memory");
            }
            list = grown;
        }
        list[(*n)++] = c;
    }
    *out = list;
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

/* Marks the subjects that a statement lists. */
static int mark(struct nd_store *s, sqlite3_stmt *st, struct st_err *err)
{
    int rc;
    while ((rc = nd_sql_row(s, st, err)) == ST_OK)
        if (nd_dirty_add(&s->dirty, sqlite3_column_int64(st, 0)) != ST_OK) {
            nd_sql_done(st);
            return st_fail(err, ST_NOMEM, "store: out of memory");
        }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

static int spread_one(struct nd_store *s, const struct changed *c, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LOG_CERT_PUT, err);
    if (st == NULL)
        return ST_IO;
    nd_bind_u64(st, ":id", c->log);
    nd_bind_blob(st, ":cert", c->sum.b, CR_HASH_BYTES);
    int rc = nd_sql_run(s, st, err);
    if (rc != ST_OK || (st = nd_sql(s, ND_SQL_ENTRY_SUBJECTS, err)) == NULL)
        return rc != ST_OK ? rc : ST_IO;
    nd_bind_u64(st, ":log", c->log);
    return mark(s, st, err);
}

/* Provisional entries have no log yet: those of every certified author are looked at. */
static int spread_provisional(struct nd_store *s, struct st_err *err)
{
    for (size_t i = 0; i < s->cert_sum_count; i++) {
        sqlite3_stmt *st = nd_sql(s, ND_SQL_PROV_SUBJECTS, err);
        if (st == NULL)
            return ST_IO;
        nd_bind_blob(st, ":author", s->cert_sum[i].author.b, CR_SIGN_PK_BYTES);
        int rc = mark(s, st, err);
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

int nd_certs_spread(struct nd_store *s, struct st_err *err)
{
    struct changed *list = NULL;
    size_t n = 0;
    int rc = list_changed(s, &list, &n, err);
    for (size_t i = 0; rc == ST_OK && i < n; i++)
        rc = spread_one(s, &list[i], err);
    free(list);
    return rc == ST_OK ? spread_provisional(s, err) : rc;
}
