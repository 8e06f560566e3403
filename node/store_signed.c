#include "node/store_signed.h"

#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <string.h>

/* Names of the keys in the statements: those that are not bound are NULL and match nothing. */
static void bind_keys(sqlite3_stmt *q, const struct cr_sign_pk *keys, size_t count)
{
    static const char *const name[ND_SIGNED_KEYS_MAX] = {
        ":k0", ":k1", ":k2",  ":k3",  ":k4",  ":k5",  ":k6",  ":k7",
        ":k8", ":k9", ":k10", ":k11", ":k12", ":k13", ":k14", ":k15"};

    for (size_t i = 0; i < count; i++)
        nd_bind_blob(q, name[i], keys[i].b, sizeof keys[i].b);
}

static int read_row(struct nd_store *s, sqlite3_stmt *q, struct nd_signed_row *row,
                    struct st_err *err)
{
    int64_t entry = sqlite3_column_int64(q, 0);
    uint32_t flags = (uint32_t)nd_col_u64(q, 1);
    const struct nd_log_slot *slot;
    enum sc_standing standing;
    struct sc_auth_at at;
    struct sc_payload p;
    int rc = nd_log_slot(s, nd_entry_log(entry), &slot, err);

    if (rc != ST_OK)
        return rc;
    at = (struct sc_auth_at){.key = slot->key, .branch = slot->branch, .seq = nd_entry_seq(entry)};
    if (!nd_col_fixed(q, 4, at.entry_id.b, sizeof at.entry_id.b))
        return st_fail(err, ST_CORRUPT, "entry %lld is damaged", (long long)entry);
    *row = (struct nd_signed_row){.id = sc_id_of(&at.entry_id),
                                  .scope = slot->key.scope,
                                  .incarnation = slot->key.incarnation,
                                  .seq = at.seq,
                                  .wall_ms = nd_col_u64(q, 2),
                                  .received_ms = nd_col_u64(q, 2) + nd_col_u64(q, 3),
                                  .key = slot->key.author};
    standing = nd_auth_standing(s, slot->handle, &at);
    row->why = standing == SC_HELD_UNKNOWN ? SC_WHY_COUNTS : sc_why_standing(standing);
    if ((flags & ND_EF_QUARANTINE) != 0)
        row->why = SC_WHY_QUARANTINE;
    if ((flags & ND_EF_UNREAD) != 0)
        row->why = SC_WHY_SUITE;
    if ((flags & ND_EF_MUTE) != 0 || sc_payload_decode(nd_col_span(q, 5), &p, NULL) != ST_OK)
        return ST_OK;
    row->type = p.type;
    row->subject = p.has_subject ? p.subject : row->id;
    return ST_OK;
}

static int count_all(struct nd_store *s, const struct cr_sign_pk *keys, size_t count,
                     uint64_t *total, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_SIGNED_COUNT, &q, err);

    if (rc != ST_OK)
        return rc;
    bind_keys(q, keys, count);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc;
    *total = nd_col_u64(q, 0);
    nd_sql_done(q);
    return ST_OK;
}

int nd_store_signed(struct nd_store *s, const struct cr_sign_pk *keys, size_t count, size_t offset,
                    size_t limit, int (*cb)(void *arg, const struct nd_signed_row *row), void *arg,
                    uint64_t *total, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc;

    CR_ASSERT(count <= ND_SIGNED_KEYS_MAX);
    rc = total == NULL ? ST_OK : count_all(s, keys, count, total, err);
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_SIGNED, &q, err);
    if (rc != ST_OK)
        return rc;
    bind_keys(q, keys, count);
    nd_bind_u64(q, ":offset", offset);
    nd_bind_u64(q, ":limit", limit);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        struct nd_signed_row row;

        rc = read_row(s, q, &row, err);
        if (rc == ST_OK)
            rc = cb(arg, &row);
        if (rc != ST_OK) {
            nd_sql_done(q);
            return rc;
        }
    }
    return rc;
}
