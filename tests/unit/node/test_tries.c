#include "crypto/keys.h"
#include "node/tries.h"

#include "tests/lib/mutate.h"
#include "tests/lib/tmpdir.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MINUTE UINT64_C(60000)

struct bench {
    struct ts_tmpdir dir;
    char key[TS_PATH_BYTES], tries[TS_PATH_BYTES];
    struct nd_tries_now now;
};

static int setup(void **state)
{
    static struct bench b;

    memset(&b, 0, sizeof b);
    ts_tmpdir_init(&b.dir);
    (void)ts_tmpdir_path(&b.dir, "zhang.key", b.key);
    (void)ts_tmpdir_path(&b.dir, "zhang.key.tries", b.tries);
    b.now = (struct nd_tries_now){.wall_ms = UINT64_C(1800000000000), .up_ms = 1000, .boot = {1}};
    *state = &b;
    return cr_init(NULL) == ST_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct bench *b = *state;

    ts_tmpdir_release(&b->dir);
    return 0;
}

static void pass(struct bench *b, uint64_t ms)
{
    b->now.wall_ms += ms;
    b->now.up_ms += ms;
}

static uint64_t left(struct bench *b)
{
    struct nd_tries t;

    assert_int_equal(nd_tries_look(b->key, &b->now, &t, NULL), ST_OK);
    return t.left_ms;
}

static int charge(struct bench *b)
{
    struct nd_tries t;

    return nd_tries_charge(b->key, &b->now, &t, NULL);
}

static void wrong(struct bench *b, int times)
{
    while (times-- > 0)
        assert_int_equal(charge(b), ST_OK);
}

/* Five are free; then 1, 2, 4 … minutes, never more than an hour. */
static void test_tries__wait_grows(void **state)
{
    static const uint64_t minutes[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    struct bench *b = *state;

    for (uint32_t n = 0; n < 5; n++)
        assert_int_equal(nd_tries_wait_ms(n), 0);
    assert_int_equal(nd_tries_wait_ms(UINT32_MAX), 60 * MINUTE);
    assert_int_equal(left(b), 0);
    wrong(b, 5);
    for (size_t i = 0; i < sizeof minutes / sizeof minutes[0]; i++) {
        assert_int_equal(left(b), minutes[i] * MINUTE);
        assert_int_equal(charge(b), ST_WAIT);
        pass(b, minutes[i] * MINUTE - 1);
        assert_int_equal(left(b), 1);
        assert_int_equal(charge(b), ST_WAIT);
        pass(b, 1);
        assert_int_equal(charge(b), ST_OK);
    }
}

/* A right PIN forgets the wrong ones. */
static void test_tries__forgive(void **state)
{
    struct bench *b = *state;

    wrong(b, 5);
    assert_int_equal(nd_tries_forgive(b->key, NULL), ST_OK);
    assert_int_equal(access(b->tries, F_OK), -1);
    assert_int_equal(nd_tries_forgive(b->key, NULL), ST_OK);
    wrong(b, 5);
    assert_int_equal(left(b), MINUTE);
}

/* Within a boot the wall clock may be set anywhere: the wait runs as it did. */
static void test_tries__wall_clock_gains_nothing(void **state)
{
    static const uint64_t walls[] = {0, 1, UINT64_C(946684800000), UINT64_C(4000000000000),
                                     UINT64_MAX};
    struct bench *b = *state;

    wrong(b, 5);
    pass(b, 20000);
    for (size_t i = 0; i < sizeof walls / sizeof walls[0]; i++) {
        b->now.wall_ms = walls[i];
        assert_int_equal(left(b), 40000);
        assert_int_equal(charge(b), ST_WAIT);
    }
    b->now.up_ms += 40000;
    assert_int_equal(charge(b), ST_OK);
}

/* After another boot what counts is the greater of its age and the advance of the wall clock: a
 * clock set back gains nothing, one that ran wild locks nobody out. */
static void test_tries__another_boot(void **state)
{
    struct bench *b = *state;
    uint64_t wall = b->now.wall_ms;

    wrong(b, 5);
    b->now.boot[0] = 2;
    b->now.up_ms = 10000;
    b->now.wall_ms = 0; /* the battery of the clock is empty */
    assert_int_equal(left(b), 50000);
    b->now.up_ms = 60000;
    assert_int_equal(left(b), 0);
    b->now.up_ms = 10000;
    b->now.wall_ms = wall + 30000; /* thirty seconds off */
    assert_int_equal(left(b), 30000);
    b->now.wall_ms = wall + 24 * 60 * MINUTE; /* over night */
    assert_int_equal(left(b), 0);
    b->now.wall_ms = UINT64_MAX; /* attempts made while the clock was wild … */
    wrong(b, 1);
    b->now.boot[0] = 3;
    b->now.wall_ms = wall; /* … and right again */
    b->now.up_ms = 0;
    assert_int_equal(left(b), 2 * MINUTE);
    b->now.up_ms = 2 * MINUTE;
    assert_int_equal(left(b), 0);
}

static void try_file(struct bench *b, const uint8_t *p, size_t n)
{
    ts_file_write(b->tries, p, n);
    assert_int_equal(chmod(b->tries, 0600), 0);
}

static void damaged(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct bench *b = ctx;
    struct nd_tries_now start = b->now;

    try_file(b, p, n);
    if (left(b) > 60 * MINUTE)
        fail_msg("damage %zu locks for longer than an hour", index);
    (void)charge(b);
    pass(b, 60 * MINUTE);
    if (charge(b) != ST_OK)
        fail_msg("damage %zu locks for ever", index);
    b->now = start;
}

/* A damaged counter is five attempts made now, and its wait runs out; no flipped bit locks for
 * longer than an hour. */
static void test_tries__damage_is_safe(void **state)
{
    struct bench *b = *state;
    uint8_t file[41] = {0};

    try_file(b, file, 40);
    assert_int_equal(left(b), MINUTE);
    assert_int_equal(charge(b), ST_WAIT);
    pass(b, MINUTE);
    assert_int_equal(charge(b), ST_OK);
    assert_int_equal(left(b), 2 * MINUTE);
    assert_int_equal(ts_file_read(b->tries, file, sizeof file), 40);
    ts_each_prefix(file, 40, damaged, b);
    ts_each_bit_flip(file, 40, damaged, b);
    damaged(b, file, 41, 0);
}

/* What cannot be counted is not tried. */
static void test_tries__no_place_no_attempt(void **state)
{
    struct bench *b = *state;
    struct st_err err = {0};
    struct nd_tries t;

    (void)snprintf(b->key, sizeof b->key, "%.400s/missing/zhang.key", b->dir.path);
    assert_int_equal(nd_tries_charge(b->key, &b->now, &t, &err), ST_NOTFOUND);
    assert_true(err.msg[0] != '\0');
}

/* The n-th call of one system call fails; all pass when name is NULL. */
static struct {
    const char *name;
    int on_call, error, calls;
} fault;

static bool strikes(const char *name)
{
    if (fault.name == NULL || strcmp(fault.name, name) != 0 || ++fault.calls != fault.on_call)
        return false;
    errno = fault.error;
    return true;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode)
{
    return strikes("open") ? -1 : __real_open(path, flags, mode);
}

ssize_t __real_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n);
ssize_t __wrap_read(int fd, void *p, size_t n)
{
    return strikes("read") ? -1 : __real_read(fd, p, n);
}

ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n)
{
    return strikes("write") ? -1 : __real_write(fd, p, n);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return strikes("fsync") ? -1 : __real_fsync(fd);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return strikes("rename") ? -1 : __real_rename(from, to);
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    return strikes("unlink") ? -1 : __real_unlink(path);
}

static void arm(const char *name, int on_call, int error)
{
    fault.name = name;
    fault.on_call = on_call;
    fault.error = error;
    fault.calls = 0;
}

static uint32_t attempts(struct bench *b)
{
    struct nd_tries t;

    assert_int_equal(nd_tries_look(b->key, &b->now, &t, NULL), ST_OK);
    return t.attempts;
}

/* Whichever step of counting fails: it is told, so that the PIN is not tried; no attempt that was
 * counted is lost, and nothing is left beside the counter. A protected medium does not count. */
static void test_tries__each_failing_call(void **state)
{
    static const struct {
        const char *call;
        int on_call, error, rc;
        bool counted;
    } cases[] = {
        {"open", 1, EACCES, ST_DENIED, false}, /* to read it */
        {"read", 1, EIO, ST_IO, false},
        {"open", 2, ENOSPC, ST_FULL, false}, /* the new one */
        {"open", 2, EMFILE, ST_IO, false},
        {"write", 1, ENOSPC, ST_FULL, false},
        {"write", 1, EIO, ST_IO, false},
        {"fsync", 1, EIO, ST_IO, false},
        {"rename", 1, EIO, ST_IO, false},
        {"open", 3, EACCES, ST_DENIED, true}, /* the directory */
        {"fsync", 2, EIO, ST_IO, true},
        {"open", 2, EROFS, ST_OK, false},
    };
    struct bench *b = *state;

    wrong(b, 3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t before = attempts(b);
        int rc;

        arm(cases[i].call, cases[i].on_call, cases[i].error);
        rc = charge(b);
        arm(NULL, 0, 0);
        if (rc != cases[i].rc)
            fail_msg("%s number %d fails: %s", cases[i].call, cases[i].on_call,
                     st_name((enum st_code)rc));
        if (attempts(b) != before + (cases[i].counted ? 1 : 0))
            fail_msg("%s number %d fails: %u attempts", cases[i].call, cases[i].on_call,
                     attempts(b));
        pass(b, 60 * MINUTE);
    }
    assert_int_equal(attempts(b), 5);
    arm("unlink", 1, EIO);
    assert_int_equal(nd_tries_forgive(b->key, NULL), ST_IO);
    arm("unlink", 1, EROFS);
    assert_int_equal(nd_tries_forgive(b->key, NULL), ST_OK);
    arm(NULL, 0, 0);
    assert_int_equal(attempts(b), 5);
    assert_int_equal(nd_tries_forgive(b->key, NULL), ST_OK);
    assert_int_equal(rmdir(b->dir.path), 0); /* nothing else lies there */
    assert_int_equal(mkdir(b->dir.path, 0700), 0);
}

/* What was not tried after all is given back: the number, and the time of the last attempt. */
static void test_tries__refund(void **state)
{
    struct bench *b = *state;
    struct nd_tries t;

    assert_int_equal(nd_tries_charge(b->key, &b->now, &t, NULL), ST_OK);
    assert_int_equal(nd_tries_refund(b->key, &t, NULL), ST_OK);
    assert_int_equal(access(b->tries, F_OK), -1);
    wrong(b, 5);
    pass(b, MINUTE);
    assert_int_equal(nd_tries_charge(b->key, &b->now, &t, NULL), ST_OK);
    arm("rename", 1, EIO);
    assert_int_equal(nd_tries_refund(b->key, &t, NULL), ST_IO);
    arm(NULL, 0, 0);
    assert_int_equal(attempts(b), 6); /* it stays charged */
    assert_int_equal(nd_tries_refund(b->key, &t, NULL), ST_OK);
    assert_int_equal(attempts(b), 5);
    assert_int_equal(left(b), 0);
    assert_int_equal(charge(b), ST_OK);
}

/* The clocks of the machine run. */
static void test_tries__now(void **state)
{
    struct nd_tries_now a, c;

    (void)state;
    nd_tries_now(&a);
    nd_tries_now(&c);
    assert_true(c.up_ms >= a.up_ms && a.wall_ms > UINT64_C(1600000000000));
    assert_memory_equal(a.boot, c.boot, sizeof a.boot);
}

int main(void)
{
#define ROW(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(test_tries__wait_grows),
        ROW(test_tries__forgive),
        ROW(test_tries__wall_clock_gains_nothing),
        ROW(test_tries__another_boot),
        ROW(test_tries__damage_is_safe),
        ROW(test_tries__no_place_no_attempt),
        ROW(test_tries__each_failing_call),
        ROW(test_tries__refund),
        ROW(test_tries__now),
    };
#undef ROW

    return cmocka_run_group_tests_name("tries", tests, NULL, NULL);
}
