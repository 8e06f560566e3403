/* Backups of real data directories: beside a node that writes, on a full disk, broken off, and back
 * into a new directory that begins a new incarnation. */
#include "tests/unit/node/store_kit.h"

#include "node/backup_dir.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct kit_body report = {.grid = KIT_GROUP, .code = "A03", .text = "楼道堆放杂物"};

struct place {
    struct ts_tmpdir dir;
    char data[TS_PATH_BYTES], file[TS_PATH_BYTES], back[TS_PATH_BYTES];
    struct kit *k;
};

/* A directory with a store of some hazards, a node's key, a person's key and a root key. */
static struct nd_store *place_init(struct place *p)
{
    static const char *const keys[] = {"node.key", "root.key", "keys/李四.key"};
    struct cr_identity id;
    struct nd_store *s;

    ts_tmpdir_init(&p->dir);
    ts_tmpdir_path(&p->dir, "data", p->data);
    ts_tmpdir_path(&p->dir, "file", p->file);
    ts_tmpdir_path(&p->dir, "back", p->back);
    p->k = kit_new();
    kit_certify_all(p->k);
    for (size_t i = 0; i < 40; i++)
        kit_hazard(p->k, &report);
    s = kit_open_dir(p->k, p->data);
    kit_deliver(p->k, s, KIT_ROOT, 0, p->k->log[KIT_ROOT].count);
    kit_deliver(p->k, s, KIT_OFFICER, 0, 20);
    kit_deliver(p->k, s, KIT_CHIEF, 0, 20);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char path[TS_PATH_BYTES + 40];

        (void)snprintf(path, sizeof path, "%s/keys", p->data);
        (void)mkdir(path, 0700);
        (void)snprintf(path, sizeof path, "%s/%s", p->data, keys[i]);
        cr_identity_generate(&id);
        ts_assert_ok(cr_identity_save(path, &id, NULL));
    }
    return s;
}

static void place_release(struct place *p)
{
    kit_free(p->k);
    ts_tmpdir_release(&p->dir);
}

static int make(const struct place *p, bool root, struct nd_backup_manifest *m, struct st_err *err)
{
    struct nd_backup_job job = {.dir = p->data,
                                .file = p->file,
                                .with_root = root,
                                .pass = cr_span_text("pass phrase"),
                                .preset = CR_PASS_SMALL,
                                .now_ms = KIT_WALL};
    uint64_t bytes;

    return nd_backup_make(&job, m, &bytes, err);
}

static int restore(const struct place *p, const char *pass, struct st_err *err)
{
    struct nd_backup_input in;
    struct nd_backup_reader *r = NULL;
    int rc = nd_backup_input_open(&in, p->file, &r, err);

    if (rc == ST_OK)
        rc = nd_backup_unlock(r, cr_span_text(pass), err);
    if (rc == ST_OK)
        rc = nd_backup_restore(r, p->back, KIT_WALL + 1, err);
    nd_backup_reader_free(r);
    nd_backup_input_close(&in);
    return rc;
}

static bool there(const char *dir, const char *name)
{
    char path[TS_PATH_BYTES + 64];
    struct stat st;

    (void)snprintf(path, sizeof path, "%s%s", dir, name);
    return lstat(path, &st) == 0;
}

/* Everything comes back, equal, except what tied the store to its old directory; only the owner can
 * read it; root keys only when asked for. */
static void test_backup_dir__there_and_back(void **state)
{
    (void)state;
    struct place p;
    struct nd_store *s = place_init(&p), *back;
    struct cr_hash fold = kit_fold_hash(s), heads, heads_back;
    uint64_t inc = nd_store_incarnation(s), logs, logs_back;
    struct nd_store_options o = {.dir = p.back};
    struct nd_backup_manifest m;
    struct cr_buf when;
    struct stat st;

    ts_assert_ok(nd_store_heads(s, &heads, &logs, NULL));
    ts_assert_ok(make(&p, false, &m, NULL)); /* beside the writer */
    assert_int_equal(m.entries, kit_stats(s).entries);
    assert_int_equal(m.file_count, 3);
    assert_string_equal(m.file[1].name, "keys/李四.key");
    nd_backup_manifest_release(&m);
    nd_store_close(s);
    assert_int_equal(stat(p.file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_false(there(p.file, ".part") || there(p.data, "/backup.tmp"));
    ts_assert_status(restore(&p, "pass phrasE", NULL), ST_DENIED);
    assert_false(there(p.back, "") || there(p.back, ".part"));
    ts_assert_ok(restore(&p, "pass phrase", NULL));
    assert_false(there(p.back, ".part") || there(p.back, "/anchor") || there(p.back, "/root.key"));
    assert_true(there(p.back, "/node.key") && there(p.back, "/keys/李四.key"));
    ts_assert_ok(nd_store_open(&o, &back, NULL));
    assert_true(nd_store_was_unclean(back) && nd_store_incarnation(back) != inc);
    ts_assert_ok(nd_store_heads(back, &heads_back, &logs_back, NULL));
    assert_int_equal(logs, logs_back);
    assert_memory_equal(&heads, &heads_back, sizeof heads);
    assert_memory_equal(fold.b, kit_fold_hash(back).b, CR_HASH_BYTES);
    kit_verify(back);
    cr_buf_init(&when, 16);
    ts_assert_ok(nd_store_meta_get(back, ND_BACKUP_RESTORED, &when));
    assert_int_equal(cr_load_be64(when.p), KIT_WALL);
    cr_buf_release(&when);
    nd_store_close(back);
    ts_assert_status(restore(&p, "pass phrase", NULL), ST_EXISTS); /* never over a store */
    assert_int_equal(unlink(p.file), 0);
    ts_assert_ok(make(&p, true, &m, NULL));
    assert_int_equal(m.file_count, 4);
    assert_string_equal(m.file[3].name, "root.key");
    nd_backup_manifest_release(&m);
    ts_assert_status(make(&p, true, &m, NULL), ST_EXISTS); /* nor over a backup */
    place_release(&p);
}

struct writing {
    struct place *p;
    struct nd_store *s;
    size_t at;
};

/* The node commits between the steps of the copy. */
static int write_meanwhile(void *arg, uint64_t done, uint64_t total)
{
    struct writing *w = arg;

    assert_true(done <= total);
    if (w->at + 2 <= w->p->k->log[KIT_OFFICER].count) {
        kit_deliver(w->p->k, w->s, KIT_OFFICER, w->at, 2);
        w->at += 2;
    }
    return ST_OK;
}

static int call_off(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    (void)done;
    (void)total;
    return ST_BUSY;
}

/* The copy is one state however much is written meanwhile, ends although more and more is written,
 * and can be called off. */
static void test_backup_dir__beside_a_writer(void **state)
{
    (void)state;
    struct place p;
    struct writing w = {.p = &p, .at = 20};
    char copy[TS_PATH_BYTES], copy_dir[TS_PATH_BYTES];
    struct nd_store_options reader = {.dir = NULL, .read_only = true}, o = {.dir = copy_dir};
    struct nd_store *r, *c;
    struct cr_hash before, after;
    uint64_t logs;

    w.s = place_init(&p);
    for (size_t i = 0; i < 900; i++) /* several steps long */
        kit_record(p.k, KIT_SECOND, SC_R_HAZARD_REPORT, NULL, NULL, &report);
    kit_deliver(p.k, w.s, KIT_SECOND, 0, 256);
    for (size_t i = 256; i + 200 < 900; i += 200)
        kit_deliver(p.k, w.s, KIT_SECOND, i, 200);
    reader.dir = p.data;
    ts_tmpdir_path(&p.dir, "copy", copy_dir);
    ts_tmpdir_path(&p.dir, "copy/fengsui.db", copy);
    assert_int_equal(mkdir(copy_dir, 0700), 0);
    ts_assert_ok(nd_store_heads(w.s, &before, &logs, NULL));
    ts_assert_ok(nd_store_open(&reader, &r, NULL));
    ts_assert_status(nd_store_copy(r, copy, call_off, NULL, NULL), ST_BUSY);
    assert_false(there(copy, "") || there(copy, ".raw"));
    ts_assert_ok(nd_store_copy(r, copy, write_meanwhile, &w, NULL));
    assert_true(w.at > 20);
    ts_assert_status(nd_store_copy(r, copy, NULL, NULL, NULL), ST_EXISTS);
    nd_store_close(r);
    ts_assert_ok(nd_store_open(&o, &c, NULL));
    ts_assert_ok(nd_store_heads(c, &after, &logs, NULL));
    assert_memory_equal(&before, &after, sizeof before);
    kit_verify(c);
    nd_store_close(c);
    nd_store_close(w.s);
    place_release(&p);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit l;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* A disk that takes no more, at any size: a clear status, nothing left, the store whole; and the
 * same for a restore. */
static void test_backup_dir__full_disk(void **state)
{
    (void)state;
    struct place p;
    struct nd_store *s = place_init(&p);
    struct nd_backup_manifest m;
    struct st_err err = {.msg = ""};
    struct stat st;
    rlim_t at, sizes[3] = {1};

    nd_store_close(s);
    (void)signal(SIGXFSZ, SIG_IGN);
    ts_assert_ok(make(&p, false, &m, NULL));
    sizes[2] = m.file[0].bytes - 4096;
    assert_int_equal(stat(p.file, &st), 0);
    sizes[1] = (rlim_t)st.st_size - 1;
    nd_backup_manifest_release(&m);
    for (size_t i = 0; i < 3; i++) {
        at = sizes[i];
        limit_files(at);
        int rc = restore(&p, "pass phrase", &err);
        limit_files(RLIM_INFINITY);
        ts_assert_status(rc, ST_FULL);
        assert_false(there(p.back, "") || there(p.back, ".part"));
    }
    assert_int_equal(unlink(p.file), 0);
    for (size_t i = 0; i < 3; i++) {
        at = sizes[i];
        limit_files(at);
        int rc = make(&p, false, &m, &err);
        limit_files(RLIM_INFINITY);
        ts_assert_status(rc, ST_FULL);
        assert_false(there(p.file, "") || there(p.file, ".part") || there(p.data, "/backup.tmp"));
    }
    ts_assert_ok(make(&p, false, &m, NULL));
    nd_backup_manifest_release(&m);
    ts_assert_ok(restore(&p, "pass phrase", NULL));
    place_release(&p);
}

/* What an earlier one that died left behind is cleared away, unless something else lies there; a
 * backup of the same directory at the same time is refused; a damaged one restores nothing. */
static void test_backup_dir__left_behind(void **state)
{
    (void)state;
    char part[TS_PATH_BYTES], path[TS_PATH_BYTES], copy_dir[TS_PATH_BYTES];
    struct place p;
    struct nd_backup_manifest m;
    struct st_err err = {.msg = ""};
    struct stat st;
    int fd;

    nd_store_close(place_init(&p));
    ts_tmpdir_path(&p.dir, "data/backup.tmp", copy_dir);
    ts_tmpdir_path(&p.dir, "data/backup.tmp/fengsui.db.raw", path);
    assert_int_equal(mkdir(copy_dir, 0700), 0);
    ts_file_write(path, "x", 1);
    ts_tmpdir_path(&p.dir, "file.part", path);
    ts_file_write(path, "x", 1);
    fd = open(p.data, O_RDONLY | O_DIRECTORY);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    ts_assert_status(make(&p, false, &m, NULL), ST_LOCKED);
    assert_int_equal(close(fd), 0);
    ts_assert_ok(make(&p, false, &m, NULL));
    nd_backup_manifest_release(&m);
    ts_tmpdir_path(&p.dir, "back.part", part);
    ts_tmpdir_path(&p.dir, "back.part/notes.txt", path);
    assert_int_equal(mkdir(part, 0700), 0);
    ts_file_write(path, "x", 1);
    ts_assert_status(restore(&p, "pass phrase", &err), ST_EXISTS);
    assert_non_null(strstr(err.msg, "other files"));
    assert_int_equal(unlink(path), 0);
    ts_tmpdir_path(&p.dir, "back.part/fengsui.db", path);
    ts_file_write(path, "x", 1);
    assert_int_equal(stat(p.file, &st), 0);
    assert_int_equal(truncate(p.file, st.st_size - 1), 0);
    ts_assert_status(restore(&p, "pass phrase", &err), ST_TRUNCATED);
    assert_false(there(p.back, ""));
    assert_int_equal(unlink(p.file), 0);
    ts_assert_ok(make(&p, false, &m, NULL));
    nd_backup_manifest_release(&m);
    ts_assert_ok(restore(&p, "pass phrase", &err)); /* over what was left behind */
    assert_false(there(p.back, ".part"));
    ts_assert_status(
        make(&(struct place){.data = "/nonexistent", .file = "/nonexistent/x"}, false, &m, NULL),
        ST_UNINIT);
    place_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backup_dir__there_and_back),
        cmocka_unit_test(test_backup_dir__beside_a_writer),
        cmocka_unit_test(test_backup_dir__full_disk),
        cmocka_unit_test(test_backup_dir__left_behind),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
