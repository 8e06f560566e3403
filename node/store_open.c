/* Opening and closing.
 *
 * Happy path: lock the directory, open the file, bring its schema up to date, find the clean mark
 * and the anchor as they were left, take the mark away and set a new anchor, read certificates and
 * counters. A close that ends well puts the mark back.
 *
 * The anchor (anchor.h) is new at every open: a store put back from a copy, with or without the
 * file beside it, or standing elsewhere, no longer agrees with it. Then, and after a stop without
 * the mark, entries may be known elsewhere that this store has lost, so that going on in the old
 * logs could fork them: a new incarnation is drawn.
 *
 * Failure: nothing is left behind but the lock file; a newer schema is refused before anything is
 * written. */
#include "node/anchor.h"
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define QUICK_CHECK_BYTES_MAX (16u << 20)

#define KEY_GENESIS "@genesis"
#define KEY_OPEN    "@open" /* 1 byte: 0 closed well */
#define KEY_ANCHOR  "@anchor"
#define KEY_INC     "@incarnation"
#define KEY_SCOPES  "@scopes"

static const char *const migrations[ND_SCHEMA_VERSION] = {
    ND_MIGRATION_1 "PRAGMA application_id = 1179869001; PRAGMA user_version = 1;",
    ND_MIGRATION_2 "PRAGMA user_version = 2;",
};

/* ---- named values ---- */

int nd_meta_get(struct nd_store *s, const char *key, struct cr_buf *out, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_META_GET, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_text(q, ":key", key);
    rc = nd_sql_step(s, q, err);
    if (rc == ND_ROW) {
        struct cr_span v = nd_col_span(q, 0);

        rc = cr_buf_append(out, v.p, v.n);
        nd_sql_done(q);
        return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "value of %s", key);
    }
    return rc == ST_OK ? st_fail(err, ST_NOTFOUND, "%s is not set", key) : rc;
}

int nd_meta_put(struct nd_store *s, const char *key, struct cr_span value, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_META_PUT, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_text(q, ":key", key);
    nd_bind_blob(q, ":value", value.p, value.n);
    return nd_sql_run(s, q, err);
}

int nd_store_meta_get(struct nd_store *s, const char *key, struct cr_buf *out)
{
    CR_ASSERT(key[0] != '@');
    return nd_meta_get(s, key, out, NULL);
}

int nd_store_meta_put(struct nd_store *s, const char *key, struct cr_span value, struct st_err *err)
{
    struct nd_write w;
    int rc;

    CR_ASSERT(key[0] != '@');
    rc = nd_write_enter(s, false, &w, err);
    if (rc == ST_OK)
        rc = nd_write_leave(s, &w, nd_meta_put(s, key, value, err), err);
    return rc;
}

/* A value of exactly n bytes. */
static int meta_fixed(struct nd_store *s, const char *key, void *out, size_t n, struct st_err *err)
{
    struct cr_buf b;
    int rc;

    cr_buf_init(&b, 4096);
    rc = nd_meta_get(s, key, &b, err);
    if (rc == ST_OK && b.n != n)
        rc = st_fail(err, ST_CORRUPT, "value of %s has %zu bytes", key, b.n);
    if (rc == ST_OK)
        memcpy(out, b.p, n);
    cr_buf_release(&b);
    return rc;
}

size_t nd_store_scopes(const struct nd_store *s, uint64_t out[static SC_SCOPES_MAX])
{
    memcpy(out, s->scopes, s->scope_count * sizeof *out);
    return s->scope_count;
}

int nd_store_set_scopes(struct nd_store *s, const uint64_t *scopes, size_t n, struct st_err *err)
{
    uint8_t bytes[SC_SCOPES_MAX * 8];
    struct nd_write w;
    int rc;

    if (n > SC_SCOPES_MAX)
        return st_fail(err, ST_RANGE, "%zu scopes; at most %d", n, SC_SCOPES_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!sc_scope_valid(scopes[i]) || (i > 0 && scopes[i] <= scopes[i - 1]))
            return st_fail(err, ST_RANGE, "scope %llu is not valid or not in order",
                           (unsigned long long)scopes[i]);
        cr_store_be64(bytes + 8 * i, scopes[i]);
    }
    rc = nd_write_enter(s, false, &w, err);
    if (rc == ST_OK)
        rc = nd_write_leave(s, &w, nd_meta_put(s, KEY_SCOPES, cr_span_of(bytes, 8 * n), err), err);
    if (rc == ST_OK) {
        s->scope_count = n;
        for (size_t i = 0; i < n; i++)
            s->scopes[i] = scopes[i];
    }
    return rc;
}

static int load_scopes(struct nd_store *s, struct st_err *err)
{
    struct cr_buf b;
    int rc;

    cr_buf_init(&b, SC_SCOPES_MAX * 8);
    rc = nd_meta_get(s, KEY_SCOPES, &b, err);
    s->scope_count = 0;
    for (size_t i = 0; rc == ST_OK && i < b.n / 8; i++)
        s->scopes[s->scope_count++] = cr_load_be64(b.p + 8 * i);
    cr_buf_release(&b);
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

/* ---- the directory ---- */

static int in_dir(const struct nd_store *s, const char *name, char *out, size_t n,
                  struct st_err *err)
{
    int len = snprintf(out, n, "%s/%s", s->dir, name);

    if (len < 0 || (size_t)len >= n)
        return st_fail(err, ST_OVERSIZE, "the path of the data directory is too long");
    return ST_OK;
}

static int os_fail(struct st_err *err, const char *what, const char *path)
{
    enum st_code code = ST_IO;

    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        code = ST_FULL;
    else if (errno == EROFS || errno == EACCES || errno == EPERM)
        code = ST_READONLY;
    else if (errno == ENOENT)
        code = ST_NOTFOUND;
    return st_fail(err, code, "%s %s: %s", what, path, strerror(errno));
}

static int take_lock(struct nd_store *s, struct st_err *err)
{
    char path[4096];
    int rc = in_dir(s, "lock", path, sizeof path, err);

    if (rc != ST_OK)
        return rc;
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0)
        return os_fail(err, "open", path);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return ST_OK;
    rc = errno == EWOULDBLOCK ? st_fail(err, ST_LOCKED, "%s is in use by another process", s->dir)
                              : os_fail(err, "lock", path);
    (void)close(s->lock_fd);
    s->lock_fd = -1;
    return rc;
}

/* ---- schema ---- */

static int user_version(struct nd_store *s, int *out, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_USER_VERSION, &q, err);

    if (rc == ST_OK)
        rc = nd_sql_step(s, q, err);
    if (rc == ND_ROW) {
        *out = sqlite3_column_int(q, 0);
        nd_sql_done(q);
        return ST_OK;
    }
    return rc == ST_OK ? st_fail(err, ST_CORRUPT, "no schema version") : rc;
}

static int migrate(struct nd_store *s, int from, const struct sc_genesis *genesis,
                   struct st_err *err)
{
    struct cr_buf bytes;
    struct nd_write w;
    int rc = nd_write_enter(s, false, &w, err);

    if (rc != ST_OK)
        return rc;
    cr_buf_init(&bytes, SC_GENESIS_BYTES_MAX);
    for (int i = from; rc == ST_OK && i < ND_SCHEMA_VERSION; i++) {
        rc = nd_sql_exec(s, migrations[i], err);
        if (rc != ST_OK)
            rc = st_wrap(err, rc, "migration %d", i + 1);
    }
    if (rc == ST_OK && from == 0) {
        rc = sc_genesis_encode(genesis, &bytes);
        if (rc == ST_OK)
            rc = nd_meta_put(s, KEY_GENESIS, cr_buf_span(&bytes), err);
        if (rc == ST_OK)
            rc = nd_meta_put(s, KEY_OPEN, cr_span_of("", 1), err);
    }
    cr_buf_release(&bytes);
    return nd_write_leave(s, &w, rc, err);
}

static int load_genesis(struct nd_store *s, const struct sc_genesis *wanted, struct st_err *err)
{
    struct cr_buf b, other;
    struct cr_hash net;
    int rc;

    cr_buf_init(&b, SC_GENESIS_BYTES_MAX);
    cr_buf_init(&other, SC_GENESIS_BYTES_MAX);
    rc = nd_meta_get(s, KEY_GENESIS, &b, err);
    if (rc == ST_OK)
        rc = sc_genesis_decode(cr_buf_span(&b), &s->genesis, err);
    if (rc == ST_OK) {
        sc_genesis_net(cr_buf_span(&b), &s->net);
        if (wanted != NULL) {
            rc = sc_genesis_encode(wanted, &other);
            sc_genesis_net(cr_buf_span(&other), &net);
            if (rc == ST_OK && !cr_hash_equal(&net, &s->net))
                rc = st_fail(err, ST_EXISTS, "a store of the space \"%s\" is there already",
                             s->genesis.name);
        }
    } else if (rc == ST_NOTFOUND) {
        rc = st_fail(err, ST_CORRUPT, "the store has no genesis");
    }
    cr_buf_release(&b);
    cr_buf_release(&other);
    return rc;
}

/* ---- start and end ---- */

static int quick_check(struct nd_store *s, struct st_err *err)
{
    struct nd_store_stats stats;
    sqlite3_stmt *q;
    char text[200];
    int rc = nd_store_stats(s, &stats);

    if (rc != ST_OK || stats.file_bytes > QUICK_CHECK_BYTES_MAX)
        return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "read the store");
    rc = nd_sql(s, ND_SQL_QUICK_CHECK, &q, err);
    if (rc == ST_OK)
        rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc;
    nd_col_text(q, 0, text, sizeof text);
    nd_sql_done(q);
    return strcmp(text, "ok") == 0 ? ST_OK : st_fail(err, ST_CORRUPT, "quick check: %s", text);
}

/* Whether the store is in other hands or another place than those that closed it last. */
static int was_left(struct nd_store *s, const struct nd_anchor_port *port, bool *out,
                    struct st_err *err)
{
    struct nd_anchor kept;
    uint8_t open = 0;
    int rc = meta_fixed(s, KEY_OPEN, &open, 1, err);

    if (rc != ST_OK)
        return rc;
    *out = open == 0;
    rc = meta_fixed(s, KEY_ANCHOR, kept.b, sizeof kept.b, err);
    if (rc == ST_NOTFOUND) /* new, or made from a backup */
        return ST_OK;
    if (rc == ST_OK && s->dir != NULL && !nd_anchor_holds(port, s->dir, &kept))
        *out = false;
    return rc;
}

/* Takes the clean mark away and settles the incarnation. The file of the anchor comes first: what
 * the store keeps is made from it. */
static int mark_start(struct nd_store *s, const struct nd_anchor_port *port, struct st_err *err)
{
    struct nd_anchor anchor;
    struct nd_write w;
    uint8_t inc[8];
    bool left = false;
    int rc = was_left(s, port, &left, err);

    if (rc != ST_OK)
        return rc;
    s->unclean = !left;
    rc = left ? meta_fixed(s, KEY_INC, inc, sizeof inc, err) : ST_NOTFOUND;
    if (rc == ST_NOTFOUND) /* left, but not found: the store is new */
        cr_random(inc, sizeof inc);
    else if (rc != ST_OK)
        return rc;
    s->incarnation = cr_load_be64(inc);
    if (s->dir == NULL)
        cr_random(anchor.b, sizeof anchor.b);
    rc = s->dir == NULL ? ST_OK : nd_anchor_renew(port, s->dir, &anchor, err);
    if (rc == ST_OK)
        rc = nd_write_enter(s, false, &w, err);
    if (rc != ST_OK)
        return rc;
    rc = nd_meta_put(s, KEY_OPEN, cr_span_of("\1", 1), err);
    if (rc == ST_OK)
        rc = nd_meta_put(s, KEY_INC, cr_span_of(inc, sizeof inc), err);
    if (rc == ST_OK)
        rc = nd_meta_put(s, KEY_ANCHOR, cr_span_of(anchor.b, sizeof anchor.b), err);
    return nd_write_leave(s, &w, rc, err);
}

int nd_store_load(struct nd_store *s, bool authority, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = load_scopes(s, err);

    if (rc == ST_OK)
        rc = nd_scopes_load(s, err);
    if (rc == ST_OK)
        rc = nd_sql(s, ND_SQL_MAXIMA, &q, err);
    if (rc == ST_OK)
        rc = nd_sql_step(s, q, err);
    if (rc == ND_ROW) {
        s->lamport = nd_col_u64(q, 0);
        s->subject_next = sqlite3_column_int64(q, 1) + 1;
        s->prov_count = nd_col_u64(q, 2);
        nd_sql_done(q);
        rc = ST_OK;
    }
    memset(s->log_cache, 0, sizeof s->log_cache);
    if (rc == ST_OK && authority)
        rc = nd_auth_load(s, err);
    if (rc == ST_OK && authority)
        rc = nd_policy_load(s, err);
    return rc;
}

static void release(struct nd_store *s)
{
    nd_sql_close(s);
    if (s->lock_fd >= 0)
        (void)close(s->lock_fd);
    sc_authority_free(s->auth);
    nd_passed_free(s);
    nd_policy_release(s);
    nd_logs_release(&s->logs);
    nd_dirty_release(s);
    nd_facts_release(s);
    cr_buf_release(&s->changed);
    cr_buf_release(&s->state);
    free(s->scope);
    free(s->dir);
    free(s);
}

/* Stores made before the first release bear its number, but lack branches. */
static int check_layout(struct nd_store *s, struct st_err *err)
{
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_LAYOUT, &q, err);

    if (rc == ST_OK || rc == ST_NOMEM || rc == ST_CORRUPT || rc == ST_BUSY)
        return rc;
    if (sqlite3_errcode(s->db) != SQLITE_ERROR)
        return rc;
    return st_fail(err, ST_VERSION,
                   "the store was made by an older program than the first release;"
                   " it cannot be read");
}

/* Only while a store is made is there a journal beside it; afterwards there is a WAL. One whose
 * writer was killed has to be rolled back, which a reader cannot do: SQLite does it for any
 * connection that may write, unless the writer lives. When nobody may write here, the reader's own
 * open says so. */
static void roll_back(const char *path)
{
    char journal[4096 + 16];
    sqlite3 *db = NULL;

    (void)snprintf(journal, sizeof journal, "%s-journal", path);
    if (access(journal, F_OK) != 0)
        return;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
        (void)sqlite3_exec(db, "PRAGMA user_version", NULL, NULL, NULL);
    (void)sqlite3_close(db);
}

/* Opens the file or URI and brings the schema up to date. */
static int open_schema(struct nd_store *s, const struct nd_store_options *o, struct st_err *err)
{
    char path[4096];
    int flags = o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int version = 0;
    int rc = ST_OK;

    if (o->create && !o->read_only)
        flags |= SQLITE_OPEN_CREATE;
    if (s->dir != NULL)
        rc = in_dir(s, "fengsui.db", path, sizeof path, err);
    if (rc == ST_OK && s->dir != NULL && !o->create && access(path, F_OK) != 0)
        return st_fail(err, ST_NOTFOUND, "no store in %s", s->dir);
    if (rc == ST_OK && s->dir != NULL && o->read_only)
        roll_back(path);
    if (rc == ST_OK)
        rc = s->dir != NULL ? nd_sql_open(s, path, flags, err)
                            : nd_sql_open(s, o->uri, flags | SQLITE_OPEN_URI, err);
    if (rc == ST_OK && !o->read_only)
        rc = nd_sql_exec(s,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA wal_autocheckpoint = 8192; PRAGMA journal_size_limit = 67108864",
                         err);
    if (rc == ST_OK)
        rc = user_version(s, &version, err);
    if (rc != ST_OK)
        return rc;
    if (version > ND_SCHEMA_VERSION)
        return st_fail(err, ST_VERSION, "the store has schema %d, this program knows %d", version,
                       ND_SCHEMA_VERSION);
    if (version == 0 && (!o->create || o->read_only))
        return st_fail(err, ST_NOTFOUND, "there is no store in this file");
    rc = version > 0 ? check_layout(s, err) : ST_OK;
    if (rc != ST_OK || version == ND_SCHEMA_VERSION)
        return rc;
    if (o->read_only)
        return st_fail(err, ST_READONLY, "the store has the older schema %d", version);
    return migrate(s, version, o->genesis, err);
}

int nd_store_open(const struct nd_store_options *o, struct nd_store **out, struct st_err *err)
{
    struct nd_store *s = calloc(1, sizeof *s);
    int rc = ST_OK;

    CR_ASSERT((o->dir != NULL) != (o->uri != NULL));
    CR_ASSERT(!o->create || o->genesis != NULL);
    if (s == NULL)
        return st_fail(err, ST_NOMEM, "open store");
    s->lock_fd = -1;
    s->read_only = o->read_only;
    cr_buf_init(&s->changed, UINT32_MAX);
    cr_buf_init(&s->policy_no, UINT32_MAX);
    cr_buf_init(&s->tables_no, UINT32_MAX);
    cr_buf_init(&s->state, 1u << 20);
    nd_facts_init(s);
    nd_view_init(s);
    if (o->dir != NULL) {
        s->dir = strdup(o->dir);
        if (s->dir == NULL)
            rc = st_fail(err, ST_NOMEM, "open store");
        else if (o->create && !o->read_only && mkdir(o->dir, 0700) != 0 && errno != EEXIST)
            rc = os_fail(err, "make", o->dir);
        if (rc == ST_OK && !o->read_only)
            rc = take_lock(s, err);
    }
    if (rc == ST_OK)
        rc = open_schema(s, o, err);
    if (rc == ST_OK)
        rc = load_genesis(s, o->create ? o->genesis : NULL, err);
    if (rc == ST_OK && !o->read_only)
        rc = mark_start(s, o->anchor, err);
    if (rc == ST_OK)
        rc = nd_store_load(s, true, err);
    if (rc == ST_OK && s->unclean)
        rc = quick_check(s, err);
    if (rc == ST_OK && !s->read_only)
        rc = nd_rebuild_if_stale(s, err);
    if (rc != ST_OK) {
        release(s);
        return st_wrap(err, rc, "open store");
    }
    *out = s;
    return ST_OK;
}

void nd_store_close(struct nd_store *s)
{
    struct nd_write w;

    if (s == NULL)
        return;
    nd_store_rollback(s);
    if (!s->read_only && nd_write_enter(s, false, &w, NULL) == ST_OK)
        (void)!nd_write_leave(s, &w, nd_meta_put(s, KEY_OPEN, cr_span_of("", 1), NULL), NULL);
    release(s);
}

void nd_store_kill(struct nd_store *s)
{
    int on;

    if (s == NULL)
        return;
    nd_store_rollback(s);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &on);
    release(s);
}

const struct sc_genesis *nd_store_genesis(const struct nd_store *s)
{
    return &s->genesis;
}

const struct cr_hash *nd_store_net(const struct nd_store *s)
{
    return &s->net;
}

int nd_store_renew_incarnation(struct nd_store *s, struct st_err *err)
{
    struct nd_write w;
    uint8_t inc[8];
    int rc = nd_write_enter(s, false, &w, err);

    if (rc != ST_OK)
        return rc;
    cr_random(inc, sizeof inc);
    rc = nd_write_leave(s, &w, nd_meta_put(s, KEY_INC, cr_span_of(inc, sizeof inc), err), err);
    if (rc == ST_OK)
        s->incarnation = cr_load_be64(inc);
    return rc;
}

uint64_t nd_store_incarnation(const struct nd_store *s)
{
    return s->incarnation;
}

bool nd_store_was_unclean(const struct nd_store *s)
{
    return s->unclean;
}

uint64_t nd_store_lamport(const struct nd_store *s)
{
    return s->lamport;
}
