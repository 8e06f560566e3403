/* What a cut needs to know of the stored logs. */
#include "node/store_int.h"

/* First entry of the part of a path that arrived at or after the time; its end when there is none.
 */
static int first_after(struct nd_store *s, const struct nd_seg *seg, uint64_t ms, uint64_t *out,
                       struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_ENTRY_AFTER, &q, err);

    *out = seg->end;
    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":from", nd_entry_no(seg->handle, seg->first));
    nd_bind_i64(q, ":to", nd_entry_no(seg->handle, seg->end) - 1);
    nd_bind_u64(q, ":ms", ms);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc;
    *out = nd_entry_seq(sqlite3_column_int64(q, 0));
    nd_sql_done(q);
    return ST_OK;
}

int nd_store_arrived(struct nd_store *s, uint64_t handle, uint64_t before_ms, uint64_t *end,
                     struct st_err *err)
{
    struct nd_path path;
    int rc = nd_path(s, handle, &path, err);

    *end = 0;
    for (size_t i = 0; rc == ST_OK && i < path.count; i++) {
        rc = first_after(s, &path.seg[i], before_ms, end, err);
        if (*end < path.seg[i].end)
            break;
    }
    if (rc == ST_OK)
        nd_path_release(&path);
    return rc;
}
