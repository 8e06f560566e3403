/* Opening and closing: lock, database, migrations, anchor, what is loaded. */
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

#define ANCHOR_BYTES 16
#define STR_(x)      #x
#define STR(x)       STR_(x)

static int lock_dir(struct nd_store *s, struct st_err *err)
{
    char path[480];
    (void)snprintf(path, sizeof path, "%s/lock", s->dir);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock_fd < 0)
        return st_fail(err, errno == EROFS || errno == EACCES ? ST_READONLY : ST_IO, "%s: %s", path,
                       strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return st_fail(err, ST_LOCKED, "%s is in use by another process", s->dir);
    return ST_OK;
}

static int open_db(struct nd_store *s, const struct nd_store_options *o, struct st_err *err)
{
    char path[480];
    if (o->uri != NULL)
        (void)snprintf(path, sizeof path, "%s", o->uri);
    else
        (void)snprintf(path, sizeof path, "%s/fengsui.db", s->dir);
    int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                SQLITE_OPEN_EXRESCODE |
                (o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
                (o->create ? SQLITE_OPEN_CREATE : 0);
    if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK)
        return nd_sql_status(s, err, "open");
    (void)sqlite3_busy_timeout(s->db, 5000);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 4 << 20);
    const char *pragmas =
        o->read_only
            ? "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA cache_size = -4096;"
            : "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;"
              "PRAGMA mmap_size = 0; PRAGMA cache_size = -6144; PRAGMA wal_autocheckpoint = 2000;"
              "PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY;";
    return nd_sql_exec(s, pragmas, err);
}

static int user_version(struct nd_store *s, uint64_t *out, struct st_err *err)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &st, NULL) != SQLITE_OK)
        return nd_sql_status(s, err, "open");
    int rc = sqlite3_step(st);
    *out = rc == SQLITE_ROW ? nd_col_u64(st, 0) : 0;
    if (rc != SQLITE_ROW)
        rc = nd_sql_status(s, err, "open");
    else
        rc = ST_OK;
    (void)sqlite3_finalize(st);
    return rc;
}

static int migrate(struct nd_store *s, const struct nd_store_options *o, struct st_err *err)
{
    uint64_t version = 0;
    int rc = user_version(s, &version, err);
    if (rc != ST_OK)
        return rc;
    if (version > ND_SCHEMA_VERSION)
        return st_fail(err, ST_VERSION,
                       "store: made by a newer program (schema %llu, this one knows %d)",
                       (unsigned long long)version, ND_SCHEMA_VERSION);
    if (version == ND_SCHEMA_VERSION)
        return ST_OK;
    if (!o->create)
        return st_fail(err, ST_NOTFOUND, "store: nothing there yet");
    return nd_sql_exec(s,
                       "BEGIN IMMEDIATE;" ND_SQL_SCHEMA_1
                       "PRAGMA user_version = " STR(ND_SCHEMA_VERSION) "; COMMIT;",
                       err);
}

/* ---- genesis ---- */

static int load_genesis(struct nd_store *s, const struct nd_store_options *o, struct st_err *err)
{
    struct cr_buf have, want;
    cr_buf_init(&have, SC_GENESIS_BYTES_MAX);
    cr_buf_init(&want, SC_GENESIS_BYTES_MAX);
    int rc = nd_store_meta_get(s, "genesis", &have);
    if (rc == ST_NOTFOUND && o->create) {
        CR_ASSERT(o->genesis != NULL);
        rc = sc_genesis_encode(o->genesis, &have);
        if (rc == ST_OK)
            rc = nd_store_meta_put(s, "genesis", cr_buf_span(&have), err);
    } else if (rc == ST_OK && o->create && o->genesis != NULL) {
        rc = sc_genesis_encode(o->genesis, &want);
        if (rc == ST_OK && !cr_span_equal(cr_buf_span(&have), cr_buf_span(&want)))
            rc = st_fail(err, ST_EXISTS, "store: holds another space already");
    } else if (rc == ST_NOTFOUND) {
        rc = nd_corrupt(err, "no genesis");
    }
    if (rc == ST_OK)
        rc = sc_genesis_decode(cr_buf_span(&have), &s->genesis, err);
    if (rc == ST_OK)
        sc_genesis_net(cr_buf_span(&have), &s->net);
    cr_buf_release(&have);
    cr_buf_release(&want);
    return rc;
}

/* ---- incarnation ---- */

static void anchor_path(const struct nd_store *s, char *out, size_t n, const char *tail)
{
    (void)snprintf(out, n, "%s/anchor%s", s->dir, tail);
}

static bool anchor_matches(struct nd_store *s, struct cr_span stored)
{
    if (s->dir[0] == '\0')
        return true;
    char path[480];
    uint8_t have[ANCHOR_BYTES + 1];
    anchor_path(s, path, sizeof path, "");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, have, sizeof have);
    (void)close(fd);
    return n == ANCHOR_BYTES && stored.n == ANCHOR_BYTES &&
           memcmp(have, stored.p, ANCHOR_BYTES) == 0;
}

static int anchor_write(struct nd_store *s, const uint8_t anchor[static ANCHOR_BYTES],
                        struct st_err *err)
{
    char path[480], temp[480];
    anchor_path(s, path, sizeof path, "");
    anchor_path(s, temp, sizeof temp, ".new");
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && write(fd, anchor, ANCHOR_BYTES) == ANCHOR_BYTES && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    if (!ok || rename(temp, path) != 0)
        return st_fail(err, errno == ENOSPC ? ST_FULL : ST_IO, "%s: %s", path, strerror(errno));
    return ST_OK;
}

/* Keeps the incarnation when the last writer closed cleanly and the anchor beside the store is the
 * one in it; else starts a new one: a restored backup, a copied image and a lying disk are one
 * case. */
static int settle_incarnation(struct nd_store *s, struct st_err *err)
{
    struct cr_buf inc, clean, anchor;
    cr_buf_init(&inc, 64);
    cr_buf_init(&clean, 64);
    cr_buf_init(&anchor, 64);
    bool have = nd_store_meta_get(s, "incarnation", &inc) == ST_OK && inc.n == 8;
    bool was_clean =
        nd_store_meta_get(s, "clean", &clean) == ST_OK && clean.n == 1 && clean.p[0] == 1;
    bool anchored =
        nd_store_meta_get(s, "anchor", &anchor) == ST_OK && anchor_matches(s, cr_buf_span(&anchor));
    int rc = ST_OK;
    if (have && was_clean && anchored) {
        s->incarnation = cr_load_be64(inc.p);
    } else if (s->read_only) {
        s->was_unclean = have;
        s->incarnation = have ? cr_load_be64(inc.p) : 0;
    } else {
        uint8_t fresh[8 + ANCHOR_BYTES];
        cr_random(fresh, sizeof fresh);
        s->was_unclean = have;
        s->incarnation = cr_load_be64(fresh);
        rc = nd_store_begin(s, err);
        if (rc == ST_OK && s->dir[0] != '\0')
            rc = anchor_write(s, fresh + 8, err);
        if (rc == ST_OK)
            rc = nd_store_meta_put(s, "incarnation", cr_span_of(fresh, 8), err);
        if (rc == ST_OK)
            rc = nd_store_meta_put(s, "anchor", cr_span_of(fresh + 8, ANCHOR_BYTES), err);
        if (rc == ST_OK)
            rc = nd_store_commit(s, err);
        else
            nd_store_rollback(s);
    }
    cr_buf_release(&inc);
    cr_buf_release(&clean);
    cr_buf_release(&anchor);
    return rc;
}

/* ---- certificates, clock ---- */

int nd_certs_load(struct nd_store *s, struct st_err *err)
{
    sc_certs_free(s->certs);
    s->cert_sums_valid = false;
    s->certs = sc_certs_new(&s->genesis);
    if (s->certs == NULL)
        return st_fail(err, ST_NOMEM, "store: out of memory");
    sqlite3_stmt *st = nd_sql(s, ND_SQL_CERT_ENTRIES, err);
    if (st == NULL)
        return ST_IO;
    int rc;
    while ((rc = nd_sql_row(s, st, err)) == ST_OK) {
        struct sc_payload p;
        struct sc_cert c;
        struct cr_hash id;
        struct cr_sign_pk author;
        struct cr_span payload = nd_col_blob(st, 8);
        if (!nd_col_fixed(st, 7, id.b, sizeof id.b) ||
            !nd_col_fixed(st, 11, author.b, sizeof author.b)) {
            nd_sql_done(st);
            return nd_corrupt(err, "a certificate entry is damaged");
        }
        if (payload.n == 0 || sc_payload_decode(payload, &p, NULL) != ST_OK ||
            p.type != SC_R_CERT || sc_cert_decode(p.body, &c, NULL) != ST_OK)
            continue;
        rc = sc_certs_add(s->certs, &author, &id, &c);
        if (rc != ST_OK) {
            nd_sql_done(st);
            return st_fail(err, (enum st_code)rc, "store: out of memory");
        }
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

static int load_lamport(struct nd_store *s, struct st_err *err)
{
    sqlite3_stmt *st = nd_sql(s, ND_SQL_LAMPORT, err);
    if (st == NULL)
        return ST_IO;
    int rc = nd_sql_row(s, st, err);
    if (rc == ST_OK) {
        s->lamport = nd_col_u64(st, 0);
        nd_sql_done(st);
    }
    return rc;
}

/* ---- open, close ---- */

static void release(struct nd_store *s)
{
    for (int i = 0; i < ND_SQL_COUNT; i++)
        (void)sqlite3_finalize(s->stmt[i]);
    if (s->db != NULL) {
        int rc = sqlite3_close(s->db);
        CR_ASSERT(rc == SQLITE_OK);
    }
    sc_certs_free(s->certs);
    nd_dirty_clear(&s->dirty);
    free(s->dirty.slot);
    cr_buf_release(&s->facts);
    cr_buf_release(&s->state);
    free(s->cert_sum);
    if (s->lock_fd >= 0)
        (void)close(s->lock_fd);
    free(s);
}

int nd_store_open(const struct nd_store_options *o, struct nd_store **out, struct st_err *err)
{
    CR_ASSERT((o->dir == NULL) != (o->uri == NULL));
    struct nd_store *s = (struct nd_store *)calloc(1, sizeof *s);
    if (s == NULL)
        return st_fail(err, ST_NOMEM, "store: out of memory");
    s->lock_fd = -1;
    s->read_only = o->read_only;
    cr_buf_init(&s->facts, (size_t)SC_FOLD_EVENTS_MAX * 4 * SC_PAYLOAD_MAX);
    cr_buf_init(&s->state, (size_t)1 << 20);
    int rc = ST_OK;
    if (o->dir != NULL && strlen(o->dir) >= sizeof s->dir)
        rc = st_fail(err, ST_USAGE, "%s: path too long", o->dir);
    else if (o->dir != NULL)
        memcpy(s->dir, o->dir, strlen(o->dir) + 1);
    if (rc == ST_OK && o->create && o->dir != NULL && mkdir(o->dir, 0700) != 0 && errno != EEXIST)
        rc = st_fail(err, ST_IO, "%s: %s", o->dir, strerror(errno));
    if (rc == ST_OK && !o->create && o->dir != NULL) {
        char path[480];
        (void)snprintf(path, sizeof path, "%s/fengsui.db", s->dir);
        if (access(path, F_OK) != 0)
            rc = st_fail(err, ST_NOTFOUND, "%s: no node there (fengsui init or join makes one)",
                         o->dir);
    }
    if (rc == ST_OK && o->dir != NULL && !o->read_only)
        rc = lock_dir(s, err);
    if (rc == ST_OK)
        rc = open_db(s, o, err);
    if (rc == ST_OK)
        rc = migrate(s, o, err);
    if (rc == ST_OK)
        rc = load_genesis(s, o, err);
    if (rc == ST_OK)
        rc = nd_scopes_load(s, err);
    if (rc == ST_OK)
        rc = nd_certs_load(s, err);
    if (rc == ST_OK)
        rc = load_lamport(s, err);
    if (rc == ST_OK)
        rc = settle_incarnation(s, err);
    if (rc != ST_OK) {
        nd_store_rollback(s);
        release(s);
        return rc;
    }
    nd_view_init(s);
    *out = s;
    return ST_OK;
}

void nd_store_close(struct nd_store *s)
{
    if (s == NULL)
        return;
    nd_store_rollback(s);
    static const uint8_t one = 1;
    if (!s->read_only && nd_store_meta_put(s, "clean", cr_span_of(&one, 1), NULL) != ST_OK)
        s->was_unclean = true; /* no harm: the next start opens a new incarnation */
    release(s);
}

void nd_store_kill(struct nd_store *s)
{
    if (s == NULL)
        return;
    nd_store_rollback(s);
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

struct sc_certs *nd_store_certs(struct nd_store *s)
{
    return s->certs;
}

const struct sy_view *nd_store_view(struct nd_store *s)
{
    return &s->view;
}

uint64_t nd_store_incarnation(const struct nd_store *s)
{
    return s->incarnation;
}

bool nd_store_was_unclean(const struct nd_store *s)
{
    return s->was_unclean;
}

uint64_t nd_store_lamport(const struct nd_store *s)
{
    return s->lamport;
}
