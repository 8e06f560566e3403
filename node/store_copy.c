/* A copy of the store, for backups.
 *
 * Happy path: a read transaction pins one state, the online backup interface copies its pages in
 * small steps to path.raw, what ties the store to its directory is taken out there, and VACUUM INTO
 * writes path, compacted: what was deleted is not in the copy's free pages. The writer of the store
 * is never waited for and never waits; its log (WAL) only cannot be cut back meanwhile.
 *
 * Failure: both files are removed, the store is as it was. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STEP_PAGES 64
#define BUSY_TRIES 100 /* of 20 ms */

int nd_store_schema(void)
{
    return ND_SCHEMA_VERSION;
}

struct heads {
    struct cr_hash *sum;
    uint64_t *logs;
};

static int add_head(void *arg, const struct nd_log *l, struct st_err *err)
{
    struct heads *h = arg;
    struct cr_hash item;

    (void)err;
    sc_head_item(&l->id, l->link.seq_next - 1, &l->link.chain, &item);
    cr_hash_add(h->sum, &item);
    ++*h->logs;
    return ST_OK;
}

int nd_store_heads(struct nd_store *s, struct cr_hash *out, uint64_t *logs, struct st_err *err)
{
    struct heads h = {.sum = out, .logs = logs};
    int rc = nd_read_enter(s, err);

    if (rc != ST_OK)
        return rc;
    memset(out, 0, sizeof *out);
    *logs = 0;
    rc = nd_log_each(s, add_head, &h, err);
    nd_read_leave(s);
    return rc;
}

/* An error of the copy's own connection. */
static int copy_fail(sqlite3 *db, int sqlite_rc, const char *path, struct st_err *err)
{
    int rc = nd_sql_status(sqlite_rc);
    int os = sqlite3_system_errno(db);

    if (rc == ST_IO && (os == ENOSPC || os == EFBIG || os == EDQUOT))
        rc = ST_FULL;
    return st_fail(err, (enum st_code)rc, "copy the store to %s: %s", path, sqlite3_errmsg(db));
}

static int step_all(sqlite3_backup *b, int (*step)(void *, uint64_t, uint64_t), void *arg)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    int busy = 0;

    for (;;) {
        int rc = sqlite3_backup_step(b, STEP_PAGES);

        if (rc == SQLITE_DONE)
            return SQLITE_OK;
        if ((rc == SQLITE_BUSY || rc == SQLITE_LOCKED) && busy++ < BUSY_TRIES) {
            (void)nanosleep(&pause, NULL);
            continue;
        }
        if (rc != SQLITE_OK)
            return rc;
        if (step != NULL &&
            step(arg, (uint64_t)(sqlite3_backup_pagecount(b) - sqlite3_backup_remaining(b)),
                 (uint64_t)sqlite3_backup_pagecount(b)) != ST_OK)
            return SQLITE_ABORT;
    }
}

/* All pages of the pinned state into raw. */
static int copy_pages(struct nd_store *s, sqlite3 *raw, const char *path,
                      int (*step)(void *, uint64_t, uint64_t), void *arg, struct st_err *err)
{
    sqlite3_backup *b = sqlite3_backup_init(raw, "main", s->db, "main");
    int rc, end;

    if (b == NULL)
        return copy_fail(raw, sqlite3_extended_errcode(raw), path, err);
    rc = step_all(b, step, arg);
    end = sqlite3_backup_finish(b);
    if (rc == SQLITE_ABORT)
        return st_fail(err, ST_BUSY, "the copy was called off");
    if (rc == SQLITE_OK)
        rc = end;
    return rc == SQLITE_OK ? ST_OK : copy_fail(raw, rc, path, err);
}

/* Takes out what belongs to the directory, and writes the compacted copy. */
static int compact(sqlite3 *raw, const char *path, struct st_err *err)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_exec(raw,
                          "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                          "PRAGMA temp_store = FILE; PRAGMA cache_size = -2048;"
                          "DELETE FROM meta WHERE key IN ('@anchor', '@incarnation');"
                          "UPDATE meta SET value = x'01' WHERE key = '@open'",
                          NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(raw, "VACUUM INTO :path", -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(q, 1, path, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(q);
        rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
    }
    if (rc != SQLITE_OK)
        rc = copy_fail(raw, rc, path, err);
    (void)sqlite3_finalize(q);
    return rc;
}

static int sync_file(const char *path, struct st_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int rc = ST_OK;

    if (fd < 0 || fsync(fd) != 0)
        rc = st_fail(err, errno == ENOSPC || errno == EDQUOT ? ST_FULL : ST_IO, "sync %s: %s", path,
                     strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* An empty file that only its owner can read: SQLite goes on with its mode. */
static int make_private(const char *path, struct st_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return st_fail(err,
                       errno == EEXIST                      ? ST_EXISTS
                       : errno == ENOSPC || errno == EDQUOT ? ST_FULL
                       : errno == EROFS || errno == EACCES  ? ST_READONLY
                                                            : ST_IO,
                       "make %s: %s", path, strerror(errno));
    (void)close(fd);
    return ST_OK;
}

static int copy_to(struct nd_store *s, const char *raw_path, const char *path,
                   int (*step)(void *, uint64_t, uint64_t), void *arg, struct st_err *err)
{
    sqlite3 *raw = NULL;
    sqlite3_stmt *q;
    int rc = nd_read_enter(s, err);

    if (rc != ST_OK)
        return rc;
    rc = nd_sql(s, ND_SQL_PAGE_COUNT, &q, err); /* pins the state that is copied */
    if (rc == ST_OK)
        rc = nd_sql_step(s, q, err);
    if (rc == ND_ROW) {
        nd_sql_done(q);
        rc = ST_OK;
    }
    if (rc == ST_OK && sqlite3_open_v2(raw_path, &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                                       NULL) != SQLITE_OK)
        rc = copy_fail(raw, sqlite3_extended_errcode(raw), raw_path, err);
    if (rc == ST_OK)
        rc = copy_pages(s, raw, raw_path, step, arg, err);
    nd_read_leave(s);
    if (rc == ST_OK)
        rc = compact(raw, path, err);
    (void)sqlite3_close(raw);
    return rc == ST_OK ? sync_file(path, err) : rc;
}

int nd_store_copy(struct nd_store *s, const char *path,
                  int (*step)(void *arg, uint64_t done, uint64_t total), void *arg,
                  struct st_err *err)
{
    char raw_path[4096];
    int n = snprintf(raw_path, sizeof raw_path, "%s.raw", path);
    int rc;

    if (n < 0 || (size_t)n >= sizeof raw_path)
        return st_fail(err, ST_OVERSIZE, "the path of the copy is too long");
    if (s->in_txn)
        return st_fail(err, ST_STATE, "a transaction is open");
    rc = make_private(raw_path, err);
    if (rc != ST_OK)
        return rc;
    rc = make_private(path, err);
    if (rc == ST_OK) {
        rc = copy_to(s, raw_path, path, step, arg, err);
        if (rc != ST_OK)
            (void)unlink(path);
    }
    (void)unlink(raw_path);
    return rc;
}
