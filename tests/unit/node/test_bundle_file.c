/* Bundle files on a disk that fails: a stick that is full, pulled out, or read in pieces. Whatever
 * call fails, under the final name there is a whole file or nothing, no rest of it lies about, and
 * the failure is told as what it is; what was read before a fault has been given. */
#include "node/bundle.h"
#include "tests/unit/node/store_kit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORTS 1800 /* more than one run, and more than one piece of reading */

/* ---- the disk ---- */

enum call { WRITE, FSYNC, CLOSE, RENAME, READ, CALLS };
enum way { FAILS, SHORT, NOTHING, INTERRUPTED };

static struct disk {
    bool on;
    size_t seen[CALLS]; /* on descriptors beyond the standard ones */
    enum call call;
    size_t nth; /* this call goes wrong */
    bool sticky;
    enum way way;
    int error;
} disk;

static bool goes_wrong(enum call call)
{
    size_t n = disk.seen[call]++;

    return disk.on && disk.call == call && (n == disk.nth || (disk.sticky && n > disk.nth));
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    if (fd <= 2 || !goes_wrong(WRITE))
        return __real_write(fd, p, n);
    if (disk.way == SHORT)
        return __real_write(fd, p, (n + 1) / 2);
    if (disk.way == NOTHING)
        return 0;
    errno = disk.way == INTERRUPTED ? EINTR : disk.error;
    return -1;
}

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n)
{
    if (fd <= 2 || !goes_wrong(READ))
        return __real_read(fd, p, n);
    if (disk.way == SHORT)
        return __real_read(fd, p, (n + 1) / 2);
    if (disk.way == NOTHING)
        return 0;
    errno = disk.way == INTERRUPTED ? EINTR : disk.error;
    return -1;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (!goes_wrong(FSYNC))
        return __real_fsync(fd);
    errno = disk.error;
    return -1;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    if (!goes_wrong(CLOSE))
        return __real_close(fd);
    (void)__real_close(fd);
    errno = disk.error;
    return -1;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    if (!goes_wrong(RENAME))
        return __real_rename(from, to);
    errno = disk.error;
    return -1;
}

static void disk_fails(enum call call, size_t nth, enum way way, int error)
{
    disk = (struct disk){.on = true, .call = call, .nth = nth, .way = way, .error = error};
}

static void disk_holds(void)
{
    disk = (struct disk){.on = false};
}

/* ---- a store that has something to give, and a node to give it to ---- */

struct bench {
    struct kit *k;
    struct nd_store *s;
    struct cr_identity sender, receiver;
    struct ts_tmpdir dir;
    char path[TS_PATH_BYTES], part[TS_PATH_BYTES];
};

static void bench_init(struct bench *b)
{
    char text[181] = "";
    const struct kit_body report = {.grid = KIT_GROUP, .code = "A03", .text = text};
    struct ts_prng r;

    memset(b, 0, sizeof *b);
    disk_holds();
    b->k = kit_new();
    kit_certify_all(b->k);
    ts_prng_init(&r, 1);
    for (size_t i = 0; i < REPORTS; i++) {
        for (size_t k = 0; k + 1 < sizeof text;
             k++) /* nothing that could be compressed to a line */
            text[k] = (char)ts_prng_range(&r, ' ' + 1, '~');
        (void)kit_record(b->k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report);
    }
    b->s = kit_open_mem(b->k, "bundle");
    kit_deliver_all(b->k, b->s);
    cr_identity_generate(&b->sender);
    cr_identity_generate(&b->receiver);
    ts_tmpdir_init(&b->dir);
    (void)ts_tmpdir_path(&b->dir, "a.fsb", b->path);
    (void)ts_tmpdir_path(&b->dir, "a.fsb.part", b->part);
}

static void bench_free(struct bench *b)
{
    disk_holds();
    nd_store_close(b->s);
    kit_free(b->k);
    ts_tmpdir_release(&b->dir);
}

static int write_bundle(struct bench *b, struct st_err *err)
{
    static const uint64_t scopes[] = {SC_SCOPE_PUBLIC, KIT_VILLAGE};
    struct sy_export_options o = {.view = nd_store_view(b->s), .net = b->k->net, .scope_count = 2};
    struct nd_bundle_spec spec = {.identity = &b->sender,
                                  .net = b->k->net,
                                  .kind = SC_BUNDLE_ENTRIES,
                                  .created_ms = KIT_WALL,
                                  .scope_count = 2,
                                  .scopes = scopes,
                                  .recipient_count = 1,
                                  .recipients = &b->receiver.kx_pk,
                                  .part_bytes_max = ND_BUNDLE_PART_MAX};
    struct nd_bundle_made made;
    struct sy_export *x;
    int rc;

    memcpy(o.scopes, scopes, sizeof scopes);
    ts_assert_ok(sy_export_new(&o, &x, NULL));
    memset(disk.seen, 0, sizeof disk.seen);
    rc = nd_bundle_write(b->path, &spec, x, &made, err);
    sy_export_free(x);
    return rc;
}

/* Reads it all; *frames: how many were given. */
static int read_bundle(struct bench *b, size_t *frames, struct st_err *err)
{
    struct nd_bundle_source source;
    struct nd_bundle_in *in = NULL;
    struct sc_bundle_end end;
    struct cr_span frame;
    uint64_t bytes;
    int rc = nd_bundle_file_open(b->path, &source, &bytes, err);

    *frames = 0;
    memset(disk.seen, 0, sizeof disk.seen);
    if (rc != ST_OK)
        return rc;
    rc = nd_bundle_in_new(&source, &in, err);
    if (rc == ST_OK)
        rc = nd_bundle_in_unseal(in, &b->receiver, &b->k->net, err);
    while (rc == ST_OK) {
        rc = nd_bundle_in_next(in, &frame, &end, err);
        *frames += rc == ST_OK;
    }
    nd_bundle_in_free(in);
    nd_bundle_file_close(&source);
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static void whole(struct bench *b, const char *what, size_t nth)
{
    struct st_err err = {0};
    size_t frames;

    disk_holds();
    if (read_bundle(b, &frames, &err) != ST_OK || frames < 3 || is_there(b->part))
        ts_fail("%s %zu: no whole file: %s", what, nth, err.msg);
    assert_int_equal(unlink(b->path), 0);
}

/* Every call that writing makes fails once, in each way it can. */
static void test_bundle_file__writing_fails(void **state)
{
    static const struct {
        const char *name;
        enum call call;
        int error, status;
    } rows[] = {
        {"write ENOSPC", WRITE, ENOSPC, ST_FULL},   {"write EIO", WRITE, EIO, ST_IO},
        {"write EROFS", WRITE, EROFS, ST_READONLY}, {"fsync EIO", FSYNC, EIO, ST_IO},
        {"fsync ENOSPC", FSYNC, ENOSPC, ST_FULL},   {"close EIO", CLOSE, EIO, ST_IO},
        {"rename EIO", RENAME, EIO, ST_IO},         {"rename ENOSPC", RENAME, ENOSPC, ST_FULL},
    };
    struct bench b;

    (void)state;
    bench_init(&b);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t nth = 0, failed = 0;

        for (;; nth++) {
            struct st_err err = {0};
            int rc;

            disk_fails(rows[i].call, nth, FAILS, rows[i].error);
            rc = write_bundle(&b, &err);
            if (rc == ST_OK)
                break;
            failed++;
            if (rc != rows[i].status || err.code != (enum st_code)rc ||
                strstr(err.msg, "a.fsb") == NULL)
                ts_fail("%s %zu: %s '%s'", rows[i].name, nth, st_name((enum st_code)rc), err.msg);
            disk_holds();
            if (is_there(b.path) || is_there(b.part))
                ts_fail("%s %zu: something is left", rows[i].name, nth);
        }
        whole(&b, rows[i].name, nth); /* beyond the calls whose failure matters */
        if (failed == 0 || (rows[i].call == WRITE && failed < 8))
            ts_fail("%s: fails %zu times", rows[i].name, failed);
    }
    bench_free(&b);
}

/* Writes that take less than they were given, or are interrupted, change nothing; one that takes
 * nothing at all is a failure and not an endless loop. */
static void test_bundle_file__short_writes(void **state)
{
    struct bench b;
    struct st_err err = {0};

    (void)state;
    bench_init(&b);
    for (size_t nth = 0; nth < 10; nth++) {
        disk_fails(WRITE, nth, nth % 2 == 0 ? SHORT : INTERRUPTED, 0);
        disk.sticky = nth == 0; /* each of them from here on */
        ts_assert_ok(write_bundle(&b, NULL));
        whole(&b, "short write", nth);
    }
    for (size_t nth = 0; nth < 3; nth++) {
        disk_fails(WRITE, nth, NOTHING, 0);
        disk.sticky = true;
        ts_assert_status(write_bundle(&b, &err), ST_IO);
        assert_non_null(strstr(err.msg, "a.fsb"));
        disk_holds();
        assert_false(is_there(b.path) || is_there(b.part));
    }
    bench_free(&b);
}

/* The system itself says that the file may not grow. */
static void test_bundle_file__no_room(void **state)
{
    struct rlimit before, tiny;
    struct bench b;
    struct st_err err = {0};

    (void)state;
    bench_init(&b);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tiny = before;
    tiny.rlim_cur = 5000;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    ts_assert_status(write_bundle(&b, &err), ST_FULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(is_there(b.path) || is_there(b.part));
    ts_assert_ok(write_bundle(&b, NULL));
    whole(&b, "after the limit", 0);
    bench_free(&b);
}

/* Reading in small pieces gives the same; an error or an early end at any call is told as such, and
 * the frames before it have been given. */
static void test_bundle_file__reading_fails(void **state)
{
    struct bench b;
    size_t all, frames, most = 0;

    (void)state;
    bench_init(&b);
    ts_assert_ok(write_bundle(&b, NULL));
    ts_assert_ok(read_bundle(&b, &all, NULL));
    for (size_t nth = 0; nth < 8; nth++) {
        disk_fails(READ, nth, nth % 2 == 0 ? SHORT : INTERRUPTED, 0);
        disk.sticky = nth % 2 == 0;
        ts_assert_ok(read_bundle(&b, &frames, NULL));
        assert_int_equal(frames, all);
    }
    for (size_t nth = 0;; nth++) {
        struct st_err err = {0};

        disk_fails(READ, nth, FAILS, EIO);
        if (read_bundle(&b, &frames, &err) == ST_OK)
            break;
        if (err.code != ST_IO || err.msg[0] == '\0')
            ts_fail("read error %zu: %s '%s'", nth, st_name(err.code), err.msg);
        assert_true(frames >= most);
        most = frames;
    }
    assert_true(most > 0);
    for (size_t nth = 0; nth < 3; nth++) {
        struct st_err err = {0};

        disk_fails(READ, nth, NOTHING, 0);
        disk.sticky = true;
        ts_assert_status(read_bundle(&b, &frames, &err), nth == 0 ? ST_MALFORMED : ST_TRUNCATED);
    }
    bench_free(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundle_file__writing_fails),
        cmocka_unit_test(test_bundle_file__short_writes),
        cmocka_unit_test(test_bundle_file__no_room),
        cmocka_unit_test(test_bundle_file__reading_fails),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
