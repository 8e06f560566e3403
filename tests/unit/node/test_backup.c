/* The backup file: what was put in comes out; every cut and flip is refused with a place; wrong
 * pass phrase, newer version and oversize are told apart; a disk that fails leaves nothing half
 * made. */
#include "tests/lib/mutate.h"
#include "tests/unit/node/store_kit.h"

#include "node/backup.h"

#include "schema/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1u << 20)

struct memory {
    uint8_t *p;
    size_t n, at, step; /* step: most that one read gives; 0 no limit */
    size_t fail_at;     /* reads and writes from here on fail */
    int status;
};

static int memory_write(void *arg, struct cr_span bytes, struct st_err *err)
{
    struct memory *m = arg;

    if (m->status != ST_OK && m->n + bytes.n > m->fail_at)
        return st_fail(err, (enum st_code)m->status, "the disk");
    assert_true(m->n + bytes.n <= FILE_MAX);
    if (bytes.n > 0)
        memcpy(m->p + m->n, bytes.p, bytes.n);
    m->n += bytes.n;
    return ST_OK;
}

static int memory_read(void *arg, uint8_t *p, size_t n, size_t *got, struct st_err *err)
{
    struct memory *m = arg;

    if (m->status != ST_OK && m->at + n > m->fail_at)
        return st_fail(err, (enum st_code)m->status, "the disk");
    *got = m->n - m->at < n ? m->n - m->at : n;
    if (m->step > 0 && *got > m->step)
        *got = m->step;
    if (*got > 0)
        memcpy(p, m->p + m->at, *got);
    m->at += *got;
    return ST_OK;
}

static struct nd_backup_lock test_lock(void)
{
    struct nd_backup_lock lock = {.params = {.ops = 1, .mib = 8}};

    memset(lock.params.salt, 7, sizeof lock.params.salt);
    memset(lock.key.b, 9, sizeof lock.key.b);
    return lock;
}

/* A manifest of a store of this size and two small files. */
static struct nd_backup_manifest test_manifest(uint64_t store_bytes)
{
    static const char *const names[] = {"fengsui.db", "keys/王五.key", "node.key"};
    struct nd_backup_manifest m = {
        .space = "南大街街道", .node = "黄瓜山村", .made_ms = KIT_WALL, .schema = 1, .entries = 12};

    memset(m.net.b, 1, sizeof m.net.b);
    memset(m.heads.b, 2, sizeof m.heads.b);
    m.logs = 3;
    m.file_count = 3;
    m.file = calloc(m.file_count, sizeof *m.file);
    assert_non_null(m.file);
    for (size_t i = 0; i < m.file_count; i++) {
        (void)snprintf(m.file[i].name, sizeof m.file[i].name, "%s", names[i]);
        m.file[i].bytes = i == 0 ? store_bytes : 85;
    }
    return m;
}

/* Bytes that do not pack, and some that do. */
static uint8_t *test_content(size_t n)
{
    uint8_t *p = malloc(n);
    struct ts_prng r;

    assert_non_null(p);
    ts_prng_init(&r, 5);
    ts_prng_bytes(&r, p, n);
    memset(p, 'x', n / 2);
    return p;
}

static int write_backup(struct memory *out, size_t store_bytes, struct st_err *err)
{
    const struct nd_backup_sink sink = {.arg = out, .write = memory_write};
    struct nd_backup_lock lock = test_lock();
    struct nd_backup_manifest m = test_manifest(store_bytes);
    size_t n = store_bytes + 2 * 85;
    uint8_t *content = test_content(n);
    struct nd_backup_writer *w = NULL;
    int rc = nd_backup_writer_new(&lock, &m, &sink, &w, err);

    for (size_t at = 0; rc == ST_OK && at < n; at += 1000)
        rc = nd_backup_put(w, cr_span_of(content + at, n - at < 1000 ? n - at : 1000), err);
    if (rc == ST_OK)
        rc = nd_backup_writer_end(w, err);
    nd_backup_writer_free(w);
    nd_backup_manifest_release(&m);
    free(content);
    return rc;
}

/* The whole way back; all bytes handed out before a failure are compared. */
static int read_backup(struct memory *in, struct st_err *err)
{
    const struct nd_backup_source source = {.arg = in, .read = memory_read};
    struct nd_backup_lock lock = test_lock();
    struct nd_backup_reader *r = NULL;
    uint8_t part[777], *content = NULL;
    size_t got = 1, done = 0;
    int rc = nd_backup_reader_new(&source, &r, err);

    if (rc == ST_OK)
        rc = nd_backup_unlock_key(r, &lock.key, err);
    if (rc == ST_OK) {
        const struct nd_backup_manifest *m = nd_backup_manifest(r);

        assert_string_equal(m->file[1].name, "keys/王五.key");
        content = test_content(m->file[0].bytes + 170);
    }
    while (rc == ST_OK && got > 0) {
        rc = nd_backup_get(r, part, sizeof part, &got, err);
        if (rc == ST_OK && got > 0)
            assert_memory_equal(part, content + done, got);
        done += rc == ST_OK ? got : 0;
    }
    if (rc == ST_OK)
        rc = nd_backup_reader_end(r, err);
    free(content);
    nd_backup_reader_free(r);
    return rc;
}

static struct memory memory_new(void)
{
    struct memory m = {.p = malloc(FILE_MAX)};

    assert_non_null(m.p);
    return m;
}

/* Sizes around those of blocks and chunks, read in pieces of any size. */
static void test_backup__round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,           1,     65535 - 170, 65536 - 170,
                                   65537 - 170, 65536, 131072,      300000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        static const size_t steps[] = {0, 1, 4096};
        struct memory file = memory_new();

        ts_assert_ok(write_backup(&file, sizes[i], NULL));
        for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
            struct st_err err = {.msg = ""};

            file.at = 0;
            file.step = steps[k];
            if (read_backup(&file, &err) != ST_OK)
                ts_fail("size %zu, step %zu: %s", sizes[i], steps[k], err.msg);
        }
        free(file.p);
    }
}

static void on_mutant(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct memory in = {.p = p, .n = n};
    struct st_err err = {.msg = ""};
    int rc = read_backup(&in, &err);

    (void)ctx;
    if (rc == ST_OK)
        ts_fail("mutant %zu of %zu bytes was taken", index, n);
    assert_int_equal(rc, err.code);
    assert_true(err.msg[0] != '\0');
}

/* Every cut and every flipped bit is refused; what was handed out before is true. */
static void test_backup__damage(void **state)
{
    (void)state;
    struct memory file = memory_new();

    ts_assert_ok(write_backup(&file, 200, NULL));
    ts_each_prefix(file.p, file.n, on_mutant, NULL);
    ts_each_bit_flip(file.p, file.n, on_mutant, NULL);
    free(file.p);
}

/* What is wrong is told apart, and where. */
static void test_backup__says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *name, *says;
        size_t at; /* this byte is changed; from the end when large */
        int status;
    } cases[] = {
        {"magic", "not a backup", 1, ST_MALFORMED},
        {"version", "format 201", 4, ST_VERSION},
        {"salt", "head", 12, ST_CORRUPT},
        {"check", "head", 52, ST_CORRUPT},
        {"first chunk", "between byte 81 and byte 65634", 100, ST_CORRUPT},
        {"second chunk", "between byte 65634 and byte 131187", 65634 + 17, ST_CORRUPT},
        {"last chunk", "damaged, from byte 131187", SIZE_MAX, ST_TRUNCATED},
    };
    struct memory file = memory_new();
    struct nd_backup_reader *r;
    struct nd_backup_lock lock = test_lock();

    ts_assert_ok(write_backup(&file, 300000, NULL));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t at = cases[i].at == SIZE_MAX ? file.n - 5 : cases[i].at;
        struct st_err err = {.msg = ""};

        file.at = 0;
        file.p[at] ^= 200;
        if (read_backup(&file, &err) != cases[i].status || strstr(err.msg, cases[i].says) == NULL)
            ts_fail("%s: %s: %s", cases[i].name, st_name(err.code), err.msg);
        file.p[at] ^= 200;
    }
    file.at = 0;
    ts_assert_ok(nd_backup_reader_new(&(struct nd_backup_source){.arg = &file, .read = memory_read},
                                      &r, NULL));
    lock.key.b[0] ^= 1;
    ts_assert_status(nd_backup_unlock_key(r, &lock.key, NULL), ST_DENIED);
    lock.key.b[0] ^= 1;
    ts_assert_ok(nd_backup_unlock_key(r, &lock.key, NULL)); /* another may be tried */
    nd_backup_reader_free(r);
    file.p[file.n++] = 0; /* something behind the end */
    file.at = 0;
    assert_true(read_backup(&file, NULL) != ST_OK);
    free(file.p);
}

/* The pass phrase itself, with the parameters of the file. */
static void test_backup__pass_phrase(void **state)
{
    (void)state;
    struct memory file = memory_new();
    const struct nd_backup_sink sink = {.arg = &file, .write = memory_write};
    const struct nd_backup_source source = {.arg = &file, .read = memory_read};
    struct nd_backup_manifest m = test_manifest(0);
    struct nd_backup_lock lock;
    struct nd_backup_writer *w;
    struct nd_backup_reader *r;
    uint8_t none[170] = {0};

    ts_assert_status(nd_backup_lock_new(cr_span_text(""), CR_PASS_SMALL, &lock, NULL), ST_RANGE);
    ts_assert_ok(nd_backup_lock_new(cr_span_text("正确的口令"), CR_PASS_SMALL, &lock, NULL));
    ts_assert_ok(nd_backup_writer_new(&lock, &m, &sink, &w, NULL));
    ts_assert_status(nd_backup_writer_end(w, NULL), ST_STATE);
    ts_assert_status(nd_backup_put(w, cr_span_of(file.p, 171), NULL), ST_RANGE);
    ts_assert_ok(nd_backup_put(w, cr_span_of(none, sizeof none), NULL));
    ts_assert_ok(nd_backup_writer_end(w, NULL));
    nd_backup_writer_free(w);
    ts_assert_ok(nd_backup_reader_new(&source, &r, NULL));
    ts_assert_status(nd_backup_unlock(r, cr_span_text("正确的口令 "), NULL), ST_DENIED);
    ts_assert_ok(nd_backup_unlock(r, cr_span_text("正确的口令"), NULL));
    assert_string_equal(nd_backup_manifest(r)->node, "黄瓜山村");
    nd_backup_reader_free(r);
    nd_backup_manifest_release(&m);
    free(file.p);
}

/* Wherever the disk fails, the failure comes out as it is. */
static void test_backup__disk_fails(void **state)
{
    (void)state;
    struct memory file = memory_new(), broken = memory_new();

    ts_assert_ok(write_backup(&file, 150000, NULL));
    for (size_t at = 0; at < file.n; at += 1 + file.n / 40) {
        struct st_err err = {.msg = ""};

        broken.n = 0;
        broken.fail_at = at;
        broken.status = ST_FULL;
        ts_assert_status(write_backup(&broken, 150000, &err), ST_FULL);
        assert_string_equal(err.msg, "the disk");
        file.at = 0;
        file.fail_at = at;
        file.status = ST_IO;
        ts_assert_status(read_backup(&file, &err), ST_IO);
        file.status = ST_OK;
    }
    free(file.p);
    free(broken.p);
}

static void on_manifest(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct nd_backup_manifest m;
    struct cr_buf again;

    (void)ctx;
    (void)index;
    if (nd_backup_manifest_decode(cr_span_of(p, n), &m, NULL) != ST_OK)
        return;
    cr_buf_init(&again, ND_BACKUP_MANIFEST_MAX); /* taken: then it is what it says, exactly */
    ts_assert_ok(nd_backup_manifest_encode(&m, &again));
    assert_int_equal(again.n, n);
    assert_memory_equal(again.p, p, n);
    cr_buf_release(&again);
    nd_backup_manifest_release(&m);
}

static int decode_names(const char *const *names, size_t n)
{
    struct nd_backup_manifest m = test_manifest(10), out;
    struct cr_buf b;
    int rc;

    free(m.file);
    m.file = calloc(n + 1, sizeof *m.file);
    assert_non_null(m.file);
    m.file_count = n;
    for (size_t i = 0; i < n; i++)
        (void)snprintf(m.file[i].name, sizeof m.file[i].name, "%s", names[i]);
    cr_buf_init(&b, ND_BACKUP_MANIFEST_MAX);
    ts_assert_ok(nd_backup_manifest_encode(&m, &b));
    rc = nd_backup_manifest_decode(cr_buf_span(&b), &out, NULL);
    nd_backup_manifest_release(&m);
    if (rc == ST_OK)
        nd_backup_manifest_release(&out);
    cr_buf_release(&b);
    return rc;
}

/* The manifest writes nowhere outside a data directory, and nothing twice. */
static void test_backup__manifest(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",          "/etc/passwd",  "../node.key",   "keys/../x.key",  "keys/.hidden.key",
        "keys/.key", "keys/a.txt",   "keys/a/b.key",  "anchor",         "control.sock",
        "Node.key",  "keys/a\n.key", "keys/\xff.key", "fengsui.db-wal", "lock"};
    static const char *const good[] = {"root.key", "next-root.key", "fengsui.ini", "keys/a b.key"};
    struct nd_backup_manifest m = test_manifest(1u << 20), out;
    struct cr_buf b;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (nd_backup_name_ok(bad[i]))
            ts_fail("%s was taken", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!nd_backup_name_ok(good[i]))
            ts_fail("%s was refused", good[i]);
    ts_assert_ok(decode_names((const char *const[]){"fengsui.db", "keys/a.key", "node.key"}, 3));
    assert_int_not_equal(decode_names((const char *const[]){"node.key"}, 1), ST_OK);
    assert_int_not_equal(decode_names(NULL, 0), ST_OK);
    assert_int_not_equal(
        decode_names((const char *const[]){"fengsui.db", "node.key", "keys/a.key"}, 3), ST_OK);
    assert_int_not_equal(
        decode_names((const char *const[]){"fengsui.db", "node.key", "node.key"}, 3), ST_OK);
    assert_int_not_equal(decode_names((const char *const[]){"fengsui.db", "fengsui.db"}, 2), ST_OK);
    cr_buf_init(&b, ND_BACKUP_MANIFEST_MAX);
    ts_assert_ok(nd_backup_manifest_encode(&m, &b));
    ts_assert_ok(nd_backup_manifest_decode(cr_buf_span(&b), &out, NULL));
    assert_int_equal(out.made_ms, KIT_WALL);
    nd_backup_manifest_release(&out);
    ts_each_prefix(b.p, b.n, on_manifest, NULL);
    ts_each_bit_flip(b.p, b.n, on_manifest, NULL);
    b.p[2] = 2; /* the manifest's own version */
    ts_assert_status(nd_backup_manifest_decode(cr_buf_span(&b), &out, NULL), ST_VERSION);
    cr_buf_release(&b);
    nd_backup_manifest_release(&m);
}

/* The check value of BACKUP.md: a second implementation meets the same bytes. */
static void test_backup__golden(void **state)
{
    (void)state;
    static const char head[] = "4653424b010101000807070707070707070707070707070707";
    static const char check[] = "39ec981f9c9216b99271880d351229d3";
    struct memory file = memory_new();
    uint8_t want[25];

    ts_assert_ok(write_backup(&file, 10, NULL));
    ts_assert_ok(cr_unhex(head, sizeof head - 1, want, 25));
    assert_memory_equal(file.p, want, 25);
    ts_assert_ok(cr_unhex(check, sizeof check - 1, want, 16));
    assert_memory_equal(file.p + 49, want, 16);
    free(file.p);
}

/* A count of files that nobody has is refused before memory is taken. */
static void test_backup__oversize_manifest(void **state)
{
    (void)state;
    struct nd_backup_manifest m = test_manifest(0), out;
    struct cr_buf b;
    struct sc_writer w;

    cr_buf_init(&b, 1u << 20);
    m.file_count = 0;
    ts_assert_ok(nd_backup_manifest_encode(&m, &b));
    b.n--; /* the empty list, last of all */
    sc_writer_init(&w, &b);
    sc_write_array(&w, ND_BACKUP_FILES_MAX + 1);
    ts_assert_ok(w.status);
    ts_assert_status(nd_backup_manifest_decode(cr_buf_span(&b), &out, NULL), ST_OVERSIZE);
    cr_buf_release(&b);
    nd_backup_manifest_release(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backup__round_trip),
        cmocka_unit_test(test_backup__damage),
        cmocka_unit_test(test_backup__says_what_is_wrong),
        cmocka_unit_test(test_backup__pass_phrase),
        cmocka_unit_test(test_backup__disk_fails),
        cmocka_unit_test(test_backup__manifest),
        cmocka_unit_test(test_backup__golden),
        cmocka_unit_test(test_backup__oversize_manifest),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
