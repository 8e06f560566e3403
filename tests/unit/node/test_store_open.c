/* Opening, closing, dying: locks, versions, the clean mark, the anchor, full disks, damaged files,
 * kill -9 in the middle of commits. */
#include "tests/unit/node/store_kit.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct kit_body report = {.grid = KIT_GROUP, .code = "A03", .text = "t"};

static int try_open(const struct nd_store_options *o, struct nd_store **s)
{
    struct st_err err = {.msg = ""};
    int rc = nd_store_open(o, s, &err);
    if (rc != ST_OK)
        assert_true(err.msg[0] != '\0');
    return rc;
}

static void copy_file(const char *from, const char *to)
{
    static uint8_t bytes[4 << 20];
    size_t n = ts_file_read(from, bytes, sizeof bytes);
    assert_true(n < sizeof bytes);
    ts_file_write(to, bytes, n);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* Who may open what: nothing there, another space, a second writer, a reader, a newer schema. */
static void test_store_open__refusals(void **state)
{
    (void)state;
    char db[TS_PATH_BYTES];
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    struct nd_store *s, *other = NULL;
    ts_tmpdir_init(&dir);
    ts_tmpdir_path(&dir, "fengsui.db", db);
    struct nd_store_options plain = {.dir = dir.path},
                            reader = {.dir = dir.path, .read_only = true};
    ts_assert_status(try_open(&plain, &other), ST_NOTFOUND);
    ts_assert_status(try_open(&reader, &other), ST_NOTFOUND);
    s = kit_open_dir(k, dir.path);
    assert_false(nd_store_was_unclean(s));
    ts_assert_status(try_open(&plain, &other), ST_LOCKED);
    kit_certify_all(k);
    kit_hazard(k, &report);
    kit_deliver_all(k, s);
    ts_assert_ok(try_open(&reader, &other)); /* beside the writer */
    assert_int_equal(kit_stats(other).hazards, 1);
    assert_non_null(sc_certs_find(nd_store_certs(other), &k->log[KIT_HEAD].id.sign_pk));
    kit_hazard(k, &report);
    for (size_t i = 2; i < 4; i++) {
        kit_deliver(k, s, KIT_OFFICER, i, 1);
        kit_deliver(k, s, KIT_CHIEF, i, 1);
    }
    assert_int_equal(kit_stats(other).hazards, 2); /* it follows */
    ts_assert_status(nd_store_begin(other, NULL), ST_READONLY);
    ts_assert_status(nd_store_set_scopes(other, (uint64_t[]){1}, 1, NULL), ST_READONLY);
    nd_store_close(other);
    nd_store_close(s);
    struct sc_genesis genesis = k->genesis;
    genesis.name[0] = 'X';
    struct nd_store_options foreign = {.dir = dir.path, .create = true, .genesis = &genesis};
    ts_assert_status(try_open(&foreign, &other), ST_EXISTS);
    ts_assert_ok(try_open(&plain, &other));
    nd_store_close(other);
    run_sql(db, "PRAGMA user_version = 99");
    ts_assert_status(try_open(&plain, &other), ST_VERSION);
    run_sql(db, "PRAGMA user_version = 1; ALTER TABLE log DROP COLUMN held"); /* an older layout */
    ts_assert_status(try_open(&plain, &other), ST_VERSION);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

/* Scopes and named values last; wrong scopes are refused. */
static void test_store_open__values(void **state)
{
    (void)state;
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    uint64_t scopes[SC_SCOPES_MAX];
    struct cr_buf b;
    ts_tmpdir_init(&dir);
    struct nd_store *s = kit_open_dir(k, dir.path);
    cr_buf_init(&b, 100);
    assert_int_equal(nd_store_scopes(s, scopes), 0);
    ts_assert_ok(nd_store_set_scopes(s, (uint64_t[]){1, KIT_VILLAGE}, 2, NULL));
    ts_assert_status(nd_store_set_scopes(s, (uint64_t[]){KIT_VILLAGE, 1}, 2, NULL), ST_RANGE);
    ts_assert_status(nd_store_set_scopes(s, (uint64_t[]){77}, 1, NULL), ST_RANGE);
    ts_assert_status(nd_store_meta_get(s, "name", &b), ST_NOTFOUND);
    ts_assert_ok(nd_store_meta_put(s, "name", cr_span_text("v1"), NULL));
    ts_assert_ok(nd_store_meta_put(s, "name", cr_span_text("v2"), NULL));
    nd_store_close(s);
    s = kit_open_dir(k, dir.path);
    assert_int_equal(nd_store_scopes(s, scopes), 2);
    assert_int_equal(scopes[1], KIT_VILLAGE);
    ts_assert_ok(nd_store_meta_get(s, "name", &b));
    assert_true(cr_span_equal(cr_buf_span(&b), cr_span_text("v2")));
    cr_buf_release(&b);
    nd_store_close(s);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

/* The incarnation lasts over a clean stop and changes after a crash, a lost anchor, and an older
 * copy put back. */
static void test_store_open__incarnation(void **state)
{
    (void)state;
    char db[TS_PATH_BYTES], anchor[TS_PATH_BYTES], copy[TS_PATH_BYTES];
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    ts_tmpdir_init(&dir);
    ts_tmpdir_path(&dir, "fengsui.db", db);
    ts_tmpdir_path(&dir, "anchor", anchor);
    ts_tmpdir_path(&dir, "copy", copy);
    struct nd_store *s = kit_open_dir(k, dir.path);
    uint64_t first = nd_store_incarnation(s), next;
    nd_store_close(s);
    copy_file(db, copy);
    s = kit_open_dir(k, dir.path);
    assert_true(nd_store_incarnation(s) == first && !nd_store_was_unclean(s));
    nd_store_kill(s);
    s = kit_open_dir(k, dir.path);
    next = nd_store_incarnation(s);
    assert_true(next != first && nd_store_was_unclean(s));
    nd_store_close(s);
    s = kit_open_dir(k, dir.path);
    assert_true(nd_store_incarnation(s) == next && !nd_store_was_unclean(s));
    nd_store_close(s);
    assert_int_equal(unlink(anchor), 0);
    s = kit_open_dir(k, dir.path);
    assert_true(nd_store_incarnation(s) != next && nd_store_was_unclean(s));
    nd_store_close(s);
    copy_file(copy, db); /* a backup over the store, the anchor file still beside it */
    s = kit_open_dir(k, dir.path);
    assert_true(nd_store_incarnation(s) != first && nd_store_was_unclean(s));
    nd_store_close(s);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit l;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* A disk that takes no more: a clear status, the transaction is gone, what was there is whole, and
 * writing goes on when there is room again. */
static void test_store_open__full_disk(void **state)
{
    (void)state;
    char wal[TS_PATH_BYTES];
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    struct st_err err = {.msg = ""};
    struct stat st;
    int refused = 0;
    ts_tmpdir_init(&dir);
    ts_tmpdir_path(&dir, "fengsui.db-wal", wal);
    kit_certify_all(k);
    for (size_t i = 0; i < 300; i++)
        kit_hazard(k, &report);
    struct nd_store *s = kit_open_dir(k, dir.path);
    kit_deliver(k, s, KIT_ROOT, 0, 6);
    kit_deliver(k, s, KIT_CHIEF, 0, 10);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (size_t at = 0; at < 400; at += 40) {
        struct nd_store_stats before = kit_stats(s), after;
        struct cr_hash hash = kit_fold_hash(s);
        assert_int_equal(stat(wal, &st), 0);
        limit_files((rlim_t)st.st_size + 4096 * (at / 40));
        int rc = nd_store_begin(s, &err);
        if (rc == ST_OK)
            rc = kit_apply(k, s, KIT_OFFICER, at, 40, false, &err);
        if (rc == ST_OK)
            rc = nd_store_commit(s, &err);
        limit_files(RLIM_INFINITY);
        if (rc == ST_OK)
            continue;
        refused++;
        ts_assert_status(rc, ST_FULL);
        nd_store_rollback(s);
        after = kit_stats(s);
        assert_int_equal(before.entries, after.entries);
        assert_memory_equal(hash.b, kit_fold_hash(s).b, CR_HASH_BYTES);
        kit_deliver(k, s, KIT_OFFICER, at, 40);
    }
    assert_true(refused > 0);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

static void count_line(void *arg, const char *line)
{
    (void)line;
    ++*(size_t *)arg;
}

/* What was changed behind the store's back is found by verify; projections are mended by a rebuild,
 * signed history is not. */
static void test_store_open__damage_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *name, *sql;
        bool mended;
    } cases[] = {
        {"payload", "UPDATE entry SET payload = x'00' WHERE id = (SELECT max(id) FROM entry)",
         false},
        {"signature", "UPDATE log SET sig = zeroblob(64) WHERE scope > 2", false},
        {"lost entry", "DELETE FROM entry WHERE id = (SELECT max(id) FROM entry)", false},
        {"row", "UPDATE subject SET tags = tags + 1 WHERE type = 32", true},
        {"hash", "UPDATE subject SET item = zeroblob(32) WHERE type = 32", true},
        {"fact", "DELETE FROM fact WHERE entry = (SELECT max(entry) FROM fact)", true},
        {"counter", "UPDATE grid SET open = open + 1", true},
        {"sum", "UPDATE scope SET acc = zeroblob(32)", true},
        {"quarantine", "UPDATE entry SET flags = flags | 4", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char db[TS_PATH_BYTES];
        struct ts_tmpdir dir;
        struct kit *k = kit_new();
        struct nd_verify v;
        size_t lines = 0;
        ts_tmpdir_init(&dir);
        ts_tmpdir_path(&dir, "fengsui.db", db);
        kit_certify_all(k);
        for (size_t n = 0; n < 3; n++)
            kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report);
        struct nd_store *s = kit_open_dir(k, dir.path);
        kit_deliver_all(k, s);
        struct cr_hash hash = kit_fold_hash(s);
        nd_store_close(s);
        run_sql(db, cases[i].sql);
        s = kit_open_dir(k, dir.path);
        if (nd_store_verify(s, cases[i].mended, &v, count_line, &lines, NULL) != ST_CORRUPT)
            ts_fail("%s: not found", cases[i].name);
        assert_int_equal(v.findings, lines);
        if (cases[i].mended) {
            kit_verify(s);
            assert_memory_equal(hash.b, kit_fold_hash(s).b, CR_HASH_BYTES);
        }
        nd_store_close(s);
        kit_free(k);
        ts_tmpdir_release(&dir);
    }
}

/* Copies a file of SQLite's from beside one name to beside another. */
static void copy_beside(const struct ts_tmpdir *dir, const char *from, const char *to)
{
    static uint8_t bytes[1 << 20];
    char path[TS_PATH_BYTES];
    size_t n = ts_file_read(ts_tmpdir_path(dir, from, path), bytes, sizeof bytes);
    assert_in_range(n, 1, sizeof bytes);
    ts_file_write(ts_tmpdir_path(dir, to, path), bytes, n);
}

/* Who is killed while the file is made leaves a journal that is to be rolled back. A reader sees
 * what there was before, here no store at all, and making it goes on. */
static void test_store_open__killed_while_made(void **state)
{
    (void)state;
    char path[TS_PATH_BYTES];
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    struct nd_store *s = NULL;
    sqlite3 *db;
    ts_tmpdir_init(&dir);
    assert_int_equal(sqlite3_open(ts_tmpdir_path(&dir, "half.db", path), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "PRAGMA cache_size = 2; CREATE TABLE t (x);"
                                  "INSERT INTO t VALUES (zeroblob(20000));"
                                  "BEGIN; UPDATE t SET x = zeroblob(100000)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    copy_beside(&dir, "half.db", "fengsui.db");
    copy_beside(&dir, "half.db-journal", "fengsui.db-journal");
    sqlite3_close(db);
    struct nd_store_options o = {.dir = dir.path, .read_only = true};
    ts_assert_status(nd_store_open(&o, &s, NULL), ST_NOTFOUND);
    nd_store_close(kit_open_dir(k, dir.path));
    ts_assert_ok(nd_store_open(&o, &s, NULL));
    nd_store_close(s);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

/* A file that is no store, and one with a page of noise in it: refused or found, never a crash. */
static void test_store_open__corrupt_file(void **state)
{
    (void)state;
    static uint8_t bytes[4 << 20];
    char db[TS_PATH_BYTES];
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    struct nd_store *s = NULL;
    struct ts_prng r;
    ts_tmpdir_init(&dir);
    ts_tmpdir_path(&dir, "fengsui.db", db);
    kit_certify_all(k);
    for (size_t i = 0; i < 60; i++)
        kit_hazard(k, &report);
    s = kit_open_dir(k, dir.path);
    kit_deliver_all(k, s);
    nd_store_close(s);
    size_t n = ts_file_read(db, bytes, sizeof bytes), pages = n / 4096;
    ts_prng_init(&r, 3);
    for (int i = 0; i < 30; i++) {
        struct nd_store_options o = {.dir = dir.path};
        struct nd_verify v;
        size_t page = 1 + (size_t)ts_prng_below(&r, pages - 1);
        uint8_t kept[4096];
        memcpy(kept, bytes + page * 4096, 4096);
        ts_prng_bytes(&r, bytes + page * 4096, 4096);
        ts_file_write(db, bytes, n);
        memcpy(bytes + page * 4096, kept, 4096);
        int rc = try_open(&o, &s);
        if (rc == ST_OK) {
            ts_assert_status(nd_store_verify(s, false, &v, NULL, NULL, NULL), ST_CORRUPT);
            nd_store_close(s);
        } else {
            ts_assert_status(rc, ST_CORRUPT);
        }
    }
    memset(bytes, 'x', 4096);
    ts_file_write(db, bytes, 4096);
    ts_assert_status(try_open(&(struct nd_store_options){.dir = dir.path}, &s), ST_CORRUPT);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

/* A store whose rows another version of the program made has them made anew at opening. */
static void test_store_open__made_by_another(void **state)
{
    (void)state;
    char db[TS_PATH_BYTES];
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    ts_tmpdir_init(&dir);
    ts_tmpdir_path(&dir, "fengsui.db", db);
    kit_certify_all(k);
    kit_hazard(k, &report);
    struct nd_store *s = kit_open_dir(k, dir.path);
    kit_deliver_all(k, s);
    struct cr_hash hash = kit_fold_hash(s);
    nd_store_close(s);
    run_sql(db, "UPDATE meta SET value = x'00' WHERE key = '@made-by';"
                "UPDATE subject SET tags = 0, item = NULL; DELETE FROM grid");
    s = kit_open_dir(k, dir.path);
    kit_verify(s);
    assert_memory_equal(hash.b, kit_fold_hash(s).b, CR_HASH_BYTES);
    nd_store_close(s);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

/* Commits entry by entry and says so, until it is killed. */
static void work(struct kit *k, const char *dir, int out)
{
    struct nd_store *s = kit_open_dir(k, dir);
    struct sy_log log = {.link = {.seq_next = 0}};
    (void)!nd_store_log(s, &k->log[KIT_OFFICER].key, &log);
    for (uint64_t at = log.link.seq_next; at + 3 < k->log[KIT_OFFICER].count; at += 1 + at % 3) {
        kit_deliver(k, s, KIT_OFFICER, at, 1 + at % 3);
        uint64_t done = at + 1 + at % 3;
        if (write(out, &done, sizeof done) != sizeof done)
            break;
    }
    _exit(0);
}

/* Whatever was acknowledged before a kill -9 is there after it. */
static void test_store_open__kill_9(void **state)
{
    (void)state;
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    struct ts_prng r;
    uint64_t acknowledged = 0;
    ts_prng_init(&r, 9);
    ts_tmpdir_init(&dir);
    kit_certify_all(k);
    struct sc_id id = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report),
                 last = id;
    for (size_t i = 0; i + 2 < KIT_ENTRIES; i++)
        last = i % 7 == 0
                   ? (id = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report))
                   : kit_record(k, KIT_OFFICER, SC_R_HAZARD_PROGRESS, &id, &last,
                                &(struct kit_body){0});
    struct nd_store *s = kit_open_dir(k, dir.path);
    kit_deliver(k, s, KIT_ROOT, 0, k->log[KIT_ROOT].count);
    nd_store_close(s);
    for (int cycle = 0; cycle < 24; cycle++) {
        int pipes[2], status;
        uint64_t said;
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(pipes[0]);
            work(k, dir.path, pipes[1]);
        }
        close(pipes[1]);
        for (uint64_t n = ts_prng_below(&r, 12); n > 0; n--) {
            if (read(pipes[0], &said, sizeof said) != sizeof said)
                break;
            acknowledged = said;
        }
        usleep((useconds_t)ts_prng_below(&r, 3000));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        while (read(pipes[0], &said, sizeof said) == sizeof said)
            acknowledged = said;
        close(pipes[0]);
        s = kit_open_dir(k, dir.path);
        struct sy_log log = {.link = {.seq_next = 0}};
        int rc = nd_store_log(s, &k->log[KIT_OFFICER].key, &log);
        assert_true(rc == ST_OK || acknowledged == 0);
        assert_true(log.link.seq_next >= acknowledged);
        kit_verify(s);
        nd_store_close(s);
    }
    assert_true(acknowledged > 24);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

static int take_peer(void *arg, const struct nd_peer *p)
{
    *(struct nd_peer *)arg = *p;
    return 0;
}

static int take_common(void *arg, const struct sy_common *c)
{
    uint64_t *sum = arg;
    *sum = *sum * 100 + c->seq + 1;
    return 0;
}

/* Peers, invitations and common frontiers are kept, replaced and dropped. */
static void test_store_open__peers(void **state)
{
    (void)state;
    struct kit *k = kit_new();
    struct nd_store *s = kit_open_mem(k, "peers");
    struct nd_peer p = {.addr = "10.0.0.1:7"}, got = {.addr = ""};
    struct nd_invite_row i = {.roles = 5, .grid = KIT_VILLAGE}, found;
    struct sy_common c[2] = {{.seq = 3}, {.seq = 4}};
    uint64_t sum = 0;
    p.kx_pk.b[0] = 9;
    p.sign_pk.b[0] = 8;
    i.id.b[0] = 1;
    ts_assert_ok(nd_store_put_peer(s, &p, NULL));
    p.failures = 4;
    ts_assert_ok(nd_store_put_peer(s, &p, NULL));
    ts_assert_ok(nd_store_peers(s, take_peer, &got));
    assert_string_equal(got.addr, "10.0.0.1:7");
    assert_int_equal(got.failures, 4);
    ts_assert_ok(nd_store_drop_peer(s, &p.kx_pk, NULL));
    ts_assert_status(nd_store_drop_peer(s, &p.kx_pk, NULL), ST_NOTFOUND);
    ts_assert_status(nd_store_invite(s, &i.id, &found), ST_NOTFOUND);
    ts_assert_ok(nd_store_put_invite(s, &i, NULL));
    ts_assert_ok(nd_store_invite(s, &i.id, &found));
    assert_int_equal(found.grid, KIT_VILLAGE);
    kit_certify_all(k);
    kit_hazard(k, &report);
    kit_deliver_all(k, s);
    c[0].log_id = k->log[KIT_ROOT].log_id;
    c[1].log_id = k->log[KIT_CHIEF].log_id;
    const struct sy_view *v = nd_store_view(s);
    ts_assert_ok(v->each_common(v->arg, &p.sign_pk, take_common, &sum));
    assert_int_equal(sum, 0);
    ts_assert_ok(nd_store_put_common(s, &p.sign_pk, c, 2, NULL));
    ts_assert_ok(v->each_common(v->arg, &p.sign_pk, take_common, &sum));
    assert_true(sum == 405 || sum == 504);
    c[1].seq = 1;
    sum = 0;
    ts_assert_ok(nd_store_put_common(s, &p.sign_pk, c + 1, 1, NULL));
    ts_assert_ok(v->each_common(v->arg, &p.sign_pk, take_common, &sum));
    assert_int_equal(sum, 2);
    nd_store_close(s);
    kit_free(k);
}

int main(void)
{
    struct st_err err;
    if (cr_init(&err) != ST_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_open__refusals),
        cmocka_unit_test(test_store_open__values),
        cmocka_unit_test(test_store_open__incarnation),
        cmocka_unit_test(test_store_open__full_disk),
        cmocka_unit_test(test_store_open__damage_is_found),
        cmocka_unit_test(test_store_open__killed_while_made),
        cmocka_unit_test(test_store_open__corrupt_file),
        cmocka_unit_test(test_store_open__made_by_another),
        cmocka_unit_test(test_store_open__kill_9),
        cmocka_unit_test(test_store_open__peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
