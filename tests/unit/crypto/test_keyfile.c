#include "tests/unit/crypto/support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES   85
#define SEALED_BYTES 209

/* The system call that fails, on which of its calls (0 = never) and how. A "short" write or read
 * moves one byte. */
static struct {
    const char *name;
    int on_call, error, calls;
    bool transfer_one;
} fault;

static bool fault_link; /* the file system has no hard links at all */

static bool strikes(const char *name)
{
    if (fault.name == NULL || strcmp(fault.name, name) != 0 || ++fault.calls != fault.on_call)
        return false;
    errno = fault.error;
    return true;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    bool bad = strikes("close");
    int error = errno, rc = __real_close(fd);

    errno = bad ? error : errno;
    return bad ? -1 : rc;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return strikes("fsync") ? -1 : __real_fsync(fd);
}

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to)
{
    if (fault_link) {
        errno = EPERM;
        return -1;
    }
    return strikes("link") ? -1 : __real_link(from, to);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode)
{
    return strikes("open") ? -1 : __real_open(path, flags, mode);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return strikes("rename") ? -1 : __real_rename(from, to);
}

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n)
{
    if (!strikes("read"))
        return __real_read(fd, p, n);
    return fault.transfer_one ? __real_read(fd, p, 1) : -1;
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    if (!strikes("write"))
        return __real_write(fd, p, n);
    if (fault.transfer_one)
        return __real_write(fd, p, 1);
    return fault.error == 0 ? 0 : -1;
}

static void arm(const char *name, int on_call, int error, bool transfer_one)
{
    fault.name = name;
    fault.on_call = on_call;
    fault.error = error;
    fault.calls = 0;
    fault.transfer_one = transfer_one;
}

/* Each test gets an empty directory of its own as *state. */
static int make_directory(void **state)
{
    char *dir = malloc(64);

    if (dir == NULL)
        return -1;
    memcpy(dir, "/tmp/fengsui-keyfile-XXXXXX", sizeof "/tmp/fengsui-keyfile-XXXXXX");
    *state = dir;
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static size_t each_name(const char *dir, bool remove_them)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    size_t n = 0;

    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n++;
        if (remove_them)
            (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    (void)closedir(d);
    return n;
}

static int remove_directory(void **state)
{
    char *dir = *state;

    (void)each_name(dir, true);
    (void)rmdir(dir);
    free(dir);
    return 0;
}

struct path {
    char text[128];
};

static struct path in(void **state, const char *name)
{
    struct path p;

    (void)snprintf(p.text, sizeof p.text, "%s/%s", (const char *)*state, name);
    return p;
}

static void write_file(const char *path, const uint8_t *p, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static size_t read_file(const char *path, uint8_t *p, size_t max)
{
    int fd = open(path, O_RDONLY);
    ssize_t n;

    assert_true(fd >= 0);
    n = read(fd, p, max);
    assert_true(n >= 0);
    (void)close(fd);
    return (size_t)n;
}

/* load must fail with rc and leave a wiped identity and a text. */
static void refuse(const char *name, const char *path, int rc)
{
    struct cr_identity id;
    struct st_err err = {0};
    int got;

    memset(&id, 0x77, sizeof id);
    got = cr_identity_load(path, &id, &err);
    if (got != rc || (int)err.code != rc || err.msg[0] == '\0')
        fail_msg("%s: %s instead of %s (%s)", name, st_name((enum st_code)got),
                 st_name((enum st_code)rc), err.msg);
    if (!is_wiped(&id, sizeof id))
        fail_msg("%s: the identity is not wiped", name);
}

/* What is saved is loaded again, readable by its owner only, with nothing left beside it. */
static void test_keyfile__round_trip(void **state)
{
    struct path key = in(state, "node.key");
    struct cr_identity saved, loaded;
    struct stat st;

    cr_identity_generate(&saved);
    assert_int_equal(cr_identity_save(key.text, &saved, NULL), ST_OK);
    assert_int_equal(stat(key.text, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(st.st_size, FILE_BYTES);
    assert_int_equal(cr_identity_load(key.text, &loaded, NULL), ST_OK);
    assert_memory_equal(&saved, &loaded, sizeof saved);
    assert_int_equal(each_name(*state, false), 1);
}

/* The bytes of the file are pinned: the checksum comes from another implementation. */
static void test_keyfile__format_is_pinned(void **state)
{
    struct path key = in(state, "node.key");
    uint8_t seed[32], file[FILE_BYTES + 1], wanted[FILE_BYTES];
    struct cr_identity id;

    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    cr_identity_from_seed(seed, &id);
    assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_OK);
    assert_int_equal(read_file(key.text, file, sizeof file), FILE_BYTES);
    unhex_exact("46534b3101"
                "470adf98748840ac912333c13893b7ecbf7093c41dff644ac09c21eb3ae76f19"
                "8a58ed3e9e0e3096f61c139d5bed0dbe86e31e15a80cab6eee693b14f4d71189"
                "888c65d2cc5e98dff618c4c445656dc2",
                wanted, sizeof wanted);
    assert_memory_equal(file, wanted, sizeof wanted);
}

/* A key is never overwritten, whatever stands in its place, and the refusal leaves no trace. */
static void test_keyfile__save_never_overwrites(void **state)
{
    struct path key = in(state, "node.key"), dangling = in(state, "link.key");
    struct cr_identity first, second, loaded;
    struct st_err err = {0};

    cr_identity_generate(&first);
    cr_identity_generate(&second);
    assert_int_equal(cr_identity_save(key.text, &first, NULL), ST_OK);
    assert_int_equal(cr_identity_save(key.text, &second, &err), ST_EXISTS);
    assert_non_null(strstr(err.msg, "node.key"));
    assert_int_equal(cr_identity_load(key.text, &loaded, NULL), ST_OK);
    assert_memory_equal(&first, &loaded, sizeof first);
    assert_int_equal(symlink("nowhere", dangling.text), 0);
    assert_int_equal(cr_identity_save(dangling.text, &second, NULL), ST_EXISTS);
    assert_int_equal(each_name(*state, false), 2);
}

/* A place that cannot hold a key is named as such. */
static void test_keyfile__save_into_nowhere(void **state)
{
    struct path inside = in(state, "missing/node.key");
    struct cr_identity id;
    struct st_err err = {0};
    char *endless = malloc(10000);

    assert_non_null(endless);
    memset(endless, 'x', 9999);
    endless[9999] = '\0';
    cr_identity_generate(&id);
    assert_int_equal(cr_identity_save(inside.text, &id, &err), ST_NOTFOUND);
    assert_int_equal(cr_identity_save(endless, &id, &err), ST_RANGE);
    assert_int_equal(each_name(*state, false), 0);
    free(endless);
}

/* A write that fails half-way is reported and leaves nothing behind. */
static void test_keyfile__failed_write_leaves_nothing(void **state)
{
    struct path key = in(state, "node.key");
    struct rlimit before, tiny;
    struct cr_identity id;
    struct st_err err = {0};

    cr_identity_generate(&id);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tiny = before;
    tiny.rlim_cur = 10;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    assert_int_equal(cr_identity_save(key.text, &id, &err), ST_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(each_name(*state, false), 0);
    assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_OK);
}

/* Whichever step of saving fails, its error is told, nothing is left behind, and the next attempt
 * succeeds. */
static void test_keyfile__save_survives_each_failing_call(void **state)
{
    static const struct {
        const char *call;
        int on_call, error, rc;
    } cases[] = {
        {"open", 1, EACCES, ST_DENIED}, {"open", 1, EROFS, ST_READONLY},
        {"open", 1, ENOSPC, ST_FULL},   {"open", 1, EMFILE, ST_IO},
        {"open", 1, ENOMEM, ST_NOMEM},  {"write", 1, ENOSPC, ST_FULL},
        {"write", 1, EDQUOT, ST_FULL},  {"write", 1, EIO, ST_IO},
        {"write", 1, 0, ST_IO}, /* takes nothing */
        {"fsync", 1, EIO, ST_IO},       {"close", 1, EIO, ST_IO},
        {"link", 1, EEXIST, ST_EXISTS}, {"open", 2, EACCES, ST_DENIED}, /* the directory */
        {"fsync", 2, EIO, ST_IO},
    };
    struct path key = in(state, "node.key");
    struct cr_identity id;

    cr_identity_generate(&id);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct st_err err = {0};
        int rc;

        arm(cases[i].call, cases[i].on_call, cases[i].error, false);
        rc = cr_identity_save(key.text, &id, &err);
        arm(NULL, 0, 0, false);
        if (rc != cases[i].rc || (int)err.code != rc)
            fail_msg("%s number %d fails: %s instead of %s", cases[i].call, cases[i].on_call,
                     st_name((enum st_code)rc), st_name((enum st_code)cases[i].rc));
        if (each_name(*state, false) != 0)
            fail_msg("%s number %d fails: a file is left", cases[i].call, cases[i].on_call);
    }
    assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_OK);
}

/* Interrupted, short, or without hard links (a USB stick) or syncable directories: the key is saved
 * and loaded all the same. */
static void test_keyfile__harmless_troubles_are_mastered(void **state)
{
    static const struct {
        const char *call;
        int on_call, error;
        bool transfer_one;
    } cases[] = {
        {"write", 1, EINTR, false},  {"write", 1, 0, true},     {"read", 1, EINTR, false},
        {"read", 1, 0, true},        {"link", 1, EPERM, false}, {"link", 1, EOPNOTSUPP, false},
        {"fsync", 2, EINVAL, false},
    };
    struct path key = in(state, "node.key");
    struct cr_identity id, loaded;

    cr_identity_generate(&id);
    for (size_t i = 0; i < COUNT(cases); i++) {
        arm(cases[i].call, cases[i].on_call, cases[i].error, cases[i].transfer_one);
        if (cr_identity_save(key.text, &id, NULL) != ST_OK)
            fail_msg("%s: save fails", cases[i].call);
        if (cr_identity_load(key.text, &loaded, NULL) != ST_OK)
            fail_msg("%s: load fails", cases[i].call);
        arm(NULL, 0, 0, false);
        assert_memory_equal(&id, &loaded, sizeof id);
        assert_int_equal(each_name(*state, true), 1);
    }
}

/* Without hard links the last step is a rename; when that fails too, nothing is left. A read error
 * is told and gives no key. */
static void test_keyfile__rename_and_read_errors(void **state)
{
    struct path key = in(state, "node.key"), elsewhere = in(state, "missing/node.key");
    struct cr_identity id;

    cr_identity_generate(&id);
    arm("open", 1, ENOTDIR, false);
    assert_int_equal(cr_identity_save(elsewhere.text, &id, NULL), ST_NOTFOUND);
    arm("rename", 1, EIO, false);
    fault_link = true;
    assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_IO);
    fault_link = false;
    arm(NULL, 0, 0, false);
    assert_int_equal(each_name(*state, false), 0);
    assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_OK);
    arm("read", 1, EIO, false);
    refuse("read error", key.text, ST_IO);
    arm(NULL, 0, 0, false);
}

/* Missing, open to others, a link, a directory, a pipe: each refused for its own reason, and a pipe
 * does not hang the start. */
static void test_keyfile__load_refuses_wrong_places(void **state)
{
    struct path key = in(state, "node.key"), link_path = in(state, "link"), fifo = in(state, "f");
    struct cr_identity id;
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666};

    refuse("missing", key.text, ST_NOTFOUND);
    cr_identity_generate(&id);
    assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_OK);
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(key.text, modes[i]), 0);
        refuse("open to others", key.text, ST_DENIED);
    }
    assert_int_equal(chmod(key.text, 0400), 0);
    assert_int_equal(cr_identity_load(key.text, &id, NULL), ST_OK);
    assert_int_equal(symlink("node.key", link_path.text), 0);
    refuse("symbolic link", link_path.text, ST_DENIED);
    refuse("directory", *state, ST_DENIED);
    assert_int_equal(mkfifo(fifo.text, 0600), 0);
    refuse("pipe", fifo.text, ST_DENIED);
}

/* No prefix of a key file is a key file, and nothing may follow it. */
static void test_keyfile__load_refuses_every_prefix_and_a_tail(void **state)
{
    struct path key = in(state, "node.key"), bad = in(state, "bad.key");
    uint8_t file[FILE_BYTES + 5000];
    struct cr_identity id;

    cr_identity_generate(&id);
    memset(file, 0, sizeof file);
    assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_OK);
    assert_int_equal(read_file(key.text, file, sizeof file), FILE_BYTES);
    for (size_t n = 0; n < FILE_BYTES; n++) {
        write_file(bad.text, file, n, 0600);
        refuse("prefix", bad.text, ST_MALFORMED);
    }
    write_file(bad.text, file, FILE_BYTES + 1, 0600);
    refuse("one byte more", bad.text, ST_MALFORMED);
    write_file(bad.text, file, sizeof file, 0600);
    refuse("much more", bad.text, ST_MALFORMED);
    write_file(bad.text, file, FILE_BYTES, 0600);
    assert_int_equal(cr_identity_load(bad.text, &id, NULL), ST_OK);
}

/* Every flipped bit is noticed; in the kind byte it means a newer version. */
static void test_keyfile__load_notices_every_bit(void **state)
{
    struct path key = in(state, "node.key"), bad = in(state, "bad.key");
    uint8_t file[FILE_BYTES];
    struct cr_identity id;

    cr_identity_generate(&id);
    assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_OK);
    assert_int_equal(read_file(key.text, file, sizeof file), FILE_BYTES);
    for (size_t bit = 0; bit < 8 * FILE_BYTES; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_file(bad.text, file, sizeof file, 0600);
        refuse("flipped bit", bad.text, bit / 8 == 4 ? ST_VERSION : ST_MALFORMED);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* ---- sealed ---- */

static const struct cr_pass_params smallest = {.ops = 1, .mib = 8, .salt = {7}};

static struct cr_span pin(const char *text)
{
    return cr_span_text(text);
}

static void save_sealed(const char *path, const char *text, struct cr_identity *id)
{
    cr_identity_generate(id);
    assert_int_equal(cr_identity_save_sealed(path, id, pin(text), &smallest, NULL), ST_OK);
}

/* load_sealed must fail with rc and leave a wiped identity and a text. */
static void refuse_sealed(const char *name, const char *path, const char *text, int rc)
{
    struct cr_identity id;
    struct st_err err = {0};
    int got;

    memset(&id, 0x77, sizeof id);
    got = cr_identity_load_sealed(path, pin(text), &id, &err);
    if (got != rc || (int)err.code != rc || err.msg[0] == '\0')
        fail_msg("%s: %s instead of %s (%s)", name, st_name((enum st_code)got),
                 st_name((enum st_code)rc), err.msg);
    if (!is_wiped(&id, sizeof id))
        fail_msg("%s: the identity is not wiped", name);
}

/* What is sealed opens with its PIN only; a wrong PIN is told as such and changes nothing. */
static void test_keyfile__sealed_round_trip(void **state)
{
    struct path key = in(state, "zhang.key"), plain = in(state, "plain.key");
    uint8_t before[SEALED_BYTES + 1], after[SEALED_BYTES + 1];
    struct cr_identity saved, loaded;
    struct stat st;

    save_sealed(key.text, "k3-烽火", &saved);
    assert_int_equal(stat(key.text, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, SEALED_BYTES);
    assert_int_equal(read_file(key.text, before, sizeof before), SEALED_BYTES);
    for (size_t i = 0; i + 32 <= SEALED_BYTES; i++) {
        assert_memory_not_equal(before + i, saved.sign_sk.b, 32);
        assert_memory_not_equal(before + i, saved.kx_sk.b, 32);
    }
    refuse("sealed", key.text, ST_SEALED);
    refuse_sealed("wrong PIN", key.text, "k3-烽火 ", ST_PIN);
    refuse_sealed("no PIN", key.text, "", ST_RANGE);
    assert_int_equal(read_file(key.text, after, sizeof after), SEALED_BYTES);
    assert_memory_equal(before, after, SEALED_BYTES);
    assert_int_equal(cr_identity_load_sealed(key.text, pin("k3-烽火"), &loaded, NULL), ST_OK);
    assert_memory_equal(&saved, &loaded, sizeof saved);
    assert_int_equal(cr_identity_save(plain.text, &saved, NULL), ST_OK);
    refuse_sealed("in the clear", plain.text, "k3-烽火", ST_STATE);
    assert_int_equal(cr_identity_save_sealed(plain.text, &saved, pin("x"), &smallest, NULL),
                     ST_EXISTS);
    assert_int_equal(each_name(*state, false), 2);
}

/* A file of another implementation: header, nonce and box were made with OpenSSL. */
static void test_keyfile__sealed_format_is_pinned(void **state)
{
    struct path key = in(state, "node.key");
    struct cr_identity id, wanted;
    uint8_t file[SEALED_BYTES], seed[32];

    unhex_exact("46534b310201020008000102030405060708090a0b0c0d0e0fd545e98f73ac98"
                "1a396380284af2282d0b59a2807f8a5804cb91665e9aa9de7d17919a1efb4d42"
                "ba1c6576e6d24e07c2888c0d4ac3e1617af1f4cf2cbedcf96d40414243444546"
                "4748494a4b4c4d4e4f5051525354555657c4b1509208f8a52c4dbfa3a8d7f809"
                "2ef6887d9738ffca92ebc0bfca6d283e0a24a380f44fe6998b9f7a57727322c0"
                "0c71b2f0ac0efaa611e01e84a8ce6ec8ea293be87adb6f124382d1b46b48cb29"
                "92b8cef33a80751495d5ec0c8448d27c5f",
                file, sizeof file);
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    cr_identity_from_seed(seed, &wanted);
    write_file(key.text, file, sizeof file, 0600);
    assert_int_equal(cr_identity_load_sealed(key.text, pin("烽火连三月"), &id, NULL), ST_OK);
    assert_memory_equal(&id, &wanted, sizeof id);
}

/* A locked file shows its public keys, an open one too. */
static void test_keyfile__look_needs_no_pin(void **state)
{
    struct path key = in(state, "zhang.key"), plain = in(state, "plain.key");
    struct cr_identity id;
    struct cr_identity_public seen;

    save_sealed(key.text, "123abc", &id);
    assert_int_equal(cr_identity_look(key.text, &seen, NULL), ST_OK);
    assert_true(seen.sealed);
    assert_true(cr_sign_pk_equal(&seen.sign_pk, &id.sign_pk));
    assert_true(cr_kx_pk_equal(&seen.kx_pk, &id.kx_pk));
    assert_int_equal(cr_identity_save(plain.text, &id, NULL), ST_OK);
    memset(&seen, 0, sizeof seen);
    seen.sealed = true;
    assert_int_equal(cr_identity_look(plain.text, &seen, NULL), ST_OK);
    assert_false(seen.sealed);
    assert_true(cr_sign_pk_equal(&seen.sign_pk, &id.sign_pk));
    assert_true(cr_kx_pk_equal(&seen.kx_pk, &id.kx_pk));
}

static void write_sum(uint8_t *file, size_t n)
{
    static const unsigned char personal[16] = "fengsui/keyfile";

    (void)crypto_generichash_blake2b_salt_personal(file + n - 16, 16, file, n - 16, NULL, 0, NULL,
                                                   personal);
}

/* Damage is told as damage, bit by bit and prefix by prefix, before any PIN is tried; and what
 * somebody changed on purpose, checksum included, does not open. */
static void test_keyfile__sealed_notices_every_change(void **state)
{
    struct path key = in(state, "node.key"), bad = in(state, "bad.key");
    uint8_t file[SEALED_BYTES + 1] = {0};
    struct cr_identity id;

    save_sealed(key.text, "123abc", &id);
    assert_int_equal(read_file(key.text, file, sizeof file), SEALED_BYTES);
    for (size_t bit = 0; bit < (size_t)8 * SEALED_BYTES; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_file(bad.text, file, SEALED_BYTES, 0600);
        refuse_sealed("flipped bit", bad.text, "123abc", bit / 8 == 4 ? ST_VERSION : ST_MALFORMED);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < SEALED_BYTES; n++) {
        write_file(bad.text, file, n, 0600);
        refuse_sealed("prefix", bad.text, "123abc", ST_MALFORMED);
    }
    write_file(bad.text, file, SEALED_BYTES + 1, 0600);
    refuse_sealed("one byte more", bad.text, "123abc", ST_MALFORMED);
    for (size_t i = 9; i < SEALED_BYTES - 16; i += 3) { /* salt, public keys, nonce, box */
        file[i] ^= 1;
        write_sum(file, SEALED_BYTES);
        write_file(bad.text, file, SEALED_BYTES, 0600);
        refuse_sealed("forged", bad.text, "123abc", ST_PIN);
        file[i] ^= 1;
    }
    file[7] = 0xff; /* memory beyond the bounds */
    write_sum(file, SEALED_BYTES);
    write_file(bad.text, file, SEALED_BYTES, 0600);
    refuse_sealed("64 GiB", bad.text, "123abc", ST_RANGE);
}

/* Another PIN, the first PIN, no PIN any more: always the same key, and the old PIN is over. */
static void test_keyfile__reseal(void **state)
{
    struct path key = in(state, "zhang.key");
    struct cr_identity id, other, loaded;

    cr_identity_generate(&id);
    cr_identity_generate(&other);
    assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_OK);
    assert_int_equal(cr_identity_reseal(key.text, &id, pin("first1"), &smallest, NULL), ST_OK);
    assert_int_equal(cr_identity_reseal(key.text, &id, pin("second"), &smallest, NULL), ST_OK);
    refuse_sealed("old PIN", key.text, "first1", ST_PIN);
    assert_int_equal(cr_identity_load_sealed(key.text, pin("second"), &loaded, NULL), ST_OK);
    assert_memory_equal(&loaded, &id, sizeof id);
    assert_int_equal(cr_identity_reseal(key.text, &other, pin("x"), &smallest, NULL), ST_EXISTS);
    assert_int_equal(cr_identity_reseal(key.text, &id, pin(""), NULL, NULL), ST_OK);
    assert_int_equal(cr_identity_load(key.text, &loaded, NULL), ST_OK);
    assert_memory_equal(&loaded, &id, sizeof id);
    assert_int_equal(each_name(*state, false), 1);
}

/* Whichever step of sealing an existing key fails, the key is still there: as it was, or, when only
 * the last step failed, in its new dress. */
static void test_keyfile__reseal_survives_each_failing_call(void **state)
{
    static const struct {
        const char *call;
        int on_call, error, rc;
        bool new_dress;
    } cases[] = {
        {"open", 2, EACCES, ST_DENIED, false}, {"open", 2, ENOSPC, ST_FULL, false},
        {"write", 1, ENOSPC, ST_FULL, false},  {"fsync", 1, EIO, ST_IO, false},
        {"close", 2, EIO, ST_IO, false},       {"rename", 1, EROFS, ST_READONLY, false},
        {"open", 3, EACCES, ST_DENIED, true},  {"fsync", 2, EIO, ST_IO, true},
    };
    struct path key = in(state, "node.key");
    struct cr_identity id, loaded;

    cr_identity_generate(&id);
    for (size_t i = 0; i < COUNT(cases); i++) {
        int rc;

        assert_int_equal(cr_identity_save(key.text, &id, NULL), ST_OK);
        arm(cases[i].call, cases[i].on_call, cases[i].error, false);
        rc = cr_identity_reseal(key.text, &id, pin("123abc"), &smallest, NULL);
        arm(NULL, 0, 0, false);
        if (rc != cases[i].rc)
            fail_msg("%s number %d fails: %s", cases[i].call, cases[i].on_call,
                     st_name((enum st_code)rc));
        rc = cases[i].new_dress ? cr_identity_load_sealed(key.text, pin("123abc"), &loaded, NULL)
                                : cr_identity_load(key.text, &loaded, NULL);
        if (rc != ST_OK || memcmp(&loaded, &id, sizeof id) != 0)
            fail_msg("%s number %d fails: the key is lost", cases[i].call, cases[i].on_call);
        if (each_name(*state, true) != 1)
            fail_msg("%s number %d fails: a file is left", cases[i].call, cases[i].on_call);
    }
}

/* Memory for secrets is zeroed and can be written and given back. */
static void test_keyfile__secret_memory(void **state)
{
    bool locked = false;
    uint8_t *p = cr_secret_new(1000, &locked);

    (void)state;
    assert_non_null(p);
    assert_true(is_wiped(p, 1000));
    memset(p, 1, 1000);
    cr_secret_free(p);
    cr_secret_free(NULL);
    assert_null(cr_secret_new(SIZE_MAX - 4096, NULL));
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        ROW(test_keyfile__round_trip),
        ROW(test_keyfile__format_is_pinned),
        ROW(test_keyfile__save_never_overwrites),
        ROW(test_keyfile__save_into_nowhere),
        ROW(test_keyfile__failed_write_leaves_nothing),
        ROW(test_keyfile__save_survives_each_failing_call),
        ROW(test_keyfile__harmless_troubles_are_mastered),
        ROW(test_keyfile__rename_and_read_errors),
        ROW(test_keyfile__load_refuses_wrong_places),
        ROW(test_keyfile__load_refuses_every_prefix_and_a_tail),
        ROW(test_keyfile__load_notices_every_bit),
        ROW(test_keyfile__sealed_round_trip),
        ROW(test_keyfile__sealed_format_is_pinned),
        ROW(test_keyfile__look_needs_no_pin),
        ROW(test_keyfile__sealed_notices_every_change),
        ROW(test_keyfile__reseal),
        ROW(test_keyfile__reseal_survives_each_failing_call),
        ROW(test_keyfile__secret_memory),
    };
#undef ROW

    return cmocka_run_group_tests_name("keyfile", tests, support_init, NULL);
}
