/* The anchor: a directory that stays where it is keeps its incarnation; a copy, a move, another
 * machine, another start of it, and whatever cannot be read do not. */
#include "tests/unit/node/store_kit.h"

#include "node/anchor.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A machine that says what the test wants. */
struct fake {
    struct nd_anchor_place place;
    int status;
};

static int fake_place(void *arg, const char *dir, int fd, struct nd_anchor_place *out,
                      struct st_err *err)
{
    const struct fake *f = arg;

    (void)dir;
    assert_true(fd >= 0);
    *out = f->place;
    return f->status == ST_OK ? ST_OK : st_fail(err, (enum st_code)f->status, "no place");
}

static struct fake fake_here(void)
{
    struct fake f = {
        .place = {.device = 1, .inode = 2, .changed_s = 3, .changed_ns = 4},
        .status = ST_OK,
    };

    (void)snprintf(f.place.dir, sizeof f.place.dir, "here");
    (void)snprintf(f.place.machine, sizeof f.place.machine, "machine");
    (void)snprintf(f.place.boot, sizeof f.place.boot, "boot");
    return f;
}

/* Each thing a copy does not keep counts by itself; a machine that tells nothing is held to the
 * same nothing. */
static void test_anchor__every_part_counts(void **state)
{
    (void)state;
    struct ts_tmpdir dir;
    struct fake f = fake_here();
    const struct nd_anchor_port port = {.arg = &f, .place = fake_place};
    struct nd_anchor kept;

    ts_tmpdir_init(&dir);
    ts_assert_ok(nd_anchor_renew(&port, dir.path, &kept, NULL));
    assert_true(nd_anchor_holds(&port, dir.path, &kept));
    for (int part = 0; part < 9; part++) {
        f = fake_here();
        switch (part) {
        case 0: f.place.device++; break;
        case 1: f.place.inode++; break;
        case 2: f.place.changed_s++; break;
        case 3: f.place.changed_ns++; break;
        case 4: f.place.dir[0] = 'H'; break;
        case 5: f.place.machine[0] = 'M'; break;
        case 6: f.place.boot[0] = '\0'; break;
        case 7: /* a byte that moved from one text to the next */
            (void)snprintf(f.place.machine, sizeof f.place.machine, "machineb");
            (void)snprintf(f.place.boot, sizeof f.place.boot, "oot");
            break;
        default: f.status = ST_IO; break;
        }
        if (nd_anchor_holds(&port, dir.path, &kept))
            ts_fail("part %d does not count", part);
    }
    memset(&f, 0, sizeof f);
    ts_assert_ok(nd_anchor_renew(&port, dir.path, &kept, NULL));
    assert_true(nd_anchor_holds(&port, dir.path, &kept));
    ts_tmpdir_release(&dir);
}

/* The file: none, cut, longer, another token, a link to it; and a token is never used twice. */
static void test_anchor__file(void **state)
{
    (void)state;
    char path[TS_PATH_BYTES], other[TS_PATH_BYTES];
    struct ts_tmpdir dir;
    struct fake f = fake_here();
    const struct nd_anchor_port port = {.arg = &f, .place = fake_place};
    struct nd_anchor kept, again;
    uint8_t token[ND_ANCHOR_BYTES + 1] = {0};
    struct stat st;

    ts_tmpdir_init(&dir);
    ts_tmpdir_path(&dir, ND_ANCHOR_NAME, path);
    ts_tmpdir_path(&dir, "other", other);
    memset(&kept, 0, sizeof kept);
    assert_false(nd_anchor_holds(&port, dir.path, &kept));
    ts_assert_ok(nd_anchor_renew(&port, dir.path, &kept, NULL));
    assert_int_equal(ts_file_read(path, token, sizeof token), ND_ANCHOR_BYTES);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    ts_file_write(path, token, ND_ANCHOR_BYTES - 1);
    assert_false(nd_anchor_holds(&port, dir.path, &kept));
    ts_file_write(path, token, ND_ANCHOR_BYTES + 1);
    assert_false(nd_anchor_holds(&port, dir.path, &kept));
    ts_file_write(path, token, ND_ANCHOR_BYTES);
    assert_true(nd_anchor_holds(&port, dir.path, &kept));
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink("other", path), 0);
    assert_false(nd_anchor_holds(&port, dir.path, &kept));
    ts_assert_ok(nd_anchor_renew(&port, dir.path, &again, NULL));
    assert_memory_not_equal(kept.b, again.b, sizeof kept.b);
    f.status = ST_IO;
    ts_assert_status(nd_anchor_renew(&port, dir.path, &again, NULL), ST_IO);
    ts_assert_status(nd_anchor_renew(&port, "/nonexistent/x", &again, NULL), ST_IO);
    ts_tmpdir_release(&dir);
}

static void copy_one(const char *from, const char *to)
{
    static uint8_t bytes[4 << 20];
    size_t n = ts_file_read(from, bytes, sizeof bytes);

    assert_true(n < sizeof bytes);
    ts_file_write(to, bytes, n);
}

/* The real machine: reopening in place keeps the incarnation; moved there and back keeps it only
 * when it is back; a whole copy, and the same file written anew in its place, do not. */
static void test_anchor__directory(void **state)
{
    (void)state;
    char here[TS_PATH_BYTES], there[TS_PATH_BYTES], from[TS_PATH_BYTES + 16],
        to[TS_PATH_BYTES + 16];
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    struct nd_store *s;
    uint64_t first;

    ts_tmpdir_init(&dir);
    ts_tmpdir_path(&dir, "here", here);
    ts_tmpdir_path(&dir, "there", there);
    s = kit_open_dir(k, here);
    first = nd_store_incarnation(s);
    nd_store_close(s);
    assert_int_equal(mkdir(there, 0700), 0);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(from, sizeof from, "%s/%s", here, i == 0 ? "fengsui.db" : "anchor");
        (void)snprintf(to, sizeof to, "%s/%s", there, i == 0 ? "fengsui.db" : "anchor");
        copy_one(from, to);
    }
    s = kit_open_dir(k, there); /* the copy */
    assert_true(nd_store_was_unclean(s) && nd_store_incarnation(s) != first);
    nd_store_close(s);
    s = kit_open_dir(k, here); /* the original goes on */
    assert_true(!nd_store_was_unclean(s) && nd_store_incarnation(s) == first);
    nd_store_close(s);
    (void)snprintf(to, sizeof to, "%s.old", there);
    assert_int_equal(rename(there, to), 0);
    assert_int_equal(rename(here, there), 0); /* moved */
    s = kit_open_dir(k, there);
    assert_true(nd_store_was_unclean(s) && nd_store_incarnation(s) != first);
    first = nd_store_incarnation(s);
    nd_store_close(s);
    s = kit_open_dir(k, there);
    assert_true(!nd_store_was_unclean(s) && nd_store_incarnation(s) == first);
    nd_store_close(s);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

/* The same disk in a machine that was started again: a new incarnation for each start, one alone.
 */
static void test_anchor__another_start(void **state)
{
    (void)state;
    struct ts_tmpdir dir;
    struct kit *k = kit_new();
    struct fake f = fake_here();
    const struct nd_anchor_port port = {.arg = &f, .place = fake_place};
    struct nd_store_options o = {.dir = NULL, .anchor = &port};
    struct nd_store *s;
    uint64_t last = 0;

    ts_tmpdir_init(&dir);
    o.dir = dir.path;
    nd_store_close(kit_open_dir(k, dir.path));
    for (int start = 0; start < 3; start++) {
        f.place.boot[0] = (char)('0' + start);
        for (int open = 0; open < 3; open++) {
            ts_assert_ok(nd_store_open(&o, &s, NULL));
            assert_int_equal(nd_store_was_unclean(s), open == 0);
            assert_int_equal(nd_store_incarnation(s) == last, open > 0);
            last = nd_store_incarnation(s);
            nd_store_close(s);
        }
    }
    kit_free(k);
    ts_tmpdir_release(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_anchor__every_part_counts),
        cmocka_unit_test(test_anchor__file),
        cmocka_unit_test(test_anchor__directory),
        cmocka_unit_test(test_anchor__another_start),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
