/* The helpers are part of the proof, so they are tested like the rest. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/base/buf.h"
#include "tests/lib/guard.h"
#include "tests/lib/hex.h"
#include "tests/lib/mutate.h"
#include "tests/lib/oom.h"
#include "tests/lib/prng.h"
#include "tests/lib/test.h"
#include "tests/lib/tmpdir.h"

/* Runs fn in a child and tells whether it died there instead of coming back. */
static bool dies(void (*fn)(void *ctx), void *ctx)
{
    int status = 0;
    pid_t child;

    (void)fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGABRT, SIG_DFL);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        fn(ctx);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void read_byte(void *ctx)
{
    volatile const uint8_t *p = ctx;
    (void)*p;
}

/* All bytes of the copy can be read; the one behind them kills the reader. */
static void test_guard__traps_the_first_byte_too_far(void **state)
{
    static const uint8_t text[5] = "abcd";
    struct ts_guard guard;
    uint8_t *p;

    (void)state;
    ts_guard_init(&guard, 10000);
    for (size_t n = 0; n <= sizeof text; n++) {
        p = ts_guard_put(&guard, text, n);
        if (n > 0)
            assert_memory_equal(p, text, n);
        assert_true(dies(read_byte, p + n));
        if (n > 0)
            assert_false(dies(read_byte, p + n - 1));
    }
    ts_guard_release(&guard);
    ts_guard_release(&guard);
}

struct seen {
    size_t calls;
    uint8_t original[3];
};

static void see_prefix(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct seen *seen = ctx;

    assert_int_equal(n, seen->calls);
    assert_int_equal(index, n);
    if (n > 0)
        assert_memory_equal(p, seen->original, n);
    seen->calls++;
}

static void see_flip(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct seen *seen = ctx;
    size_t differing = 0;

    assert_int_equal(n, sizeof seen->original);
    assert_int_equal(index, seen->calls);
    for (size_t i = 0; i < n * 8; i++)
        differing += ((unsigned)(p[i / 8] ^ seen->original[i / 8]) >> (i % 8)) & 1u;
    assert_int_equal(differing, 1);
    assert_int_not_equal(p[index / 8], seen->original[index / 8]);
    seen->calls++;
}

/* Each proper prefix and each one-bit neighbour is shown exactly once. */
static void test_mutate__shows_every_mutant(void **state)
{
    struct seen seen = {0, {0x00, 0xff, 0x5a}};

    (void)state;
    ts_each_prefix(seen.original, sizeof seen.original, see_prefix, &seen);
    assert_int_equal(seen.calls, 3);
    seen.calls = 0;
    ts_each_bit_flip(seen.original, sizeof seen.original, see_flip, &seen);
    assert_int_equal(seen.calls, 24);
}

static int two_allocations(void *ctx)
{
    struct cr_buf a, b;
    int code;

    (void)ctx;
    cr_buf_init(&a, 64);
    cr_buf_init(&b, 64);
    code = cr_buf_append(&a, "x", 1);
    if (code == ST_OK)
        code = cr_buf_append(&b, "y", 1);
    cr_buf_release(&a);
    cr_buf_release(&b);
    return code;
}

/* The sweep counts the allocations of code in other libraries, and makes each fail. */
static void test_oom__reaches_every_allocation(void **state)
{
    (void)state;
    assert_int_equal(ts_oom_sweep(two_allocations, NULL), 2);
    ts_oom_start(1, 0);
    assert_int_equal(two_allocations(NULL), ST_NOMEM);
    assert_int_equal(two_allocations(NULL), ST_OK);
    assert_int_equal(ts_oom_stop(), 4);
}

/* The generators' first values for seed 1, so that a seed printed years ago still replays. */
static void test_prng__is_pinned(void **state)
{
    static const uint64_t first[] = {0xb3f2af6d0fc710c5u, 0x853b559647364ceau, 0x92f89756082a4514u};
    struct ts_prng r;

    (void)state;
    ts_prng_init(&r, 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ts_prng_u64(&r), first[i]);
}

/* Numbers stay in their range, a shuffle keeps the elements, equal seeds give equal bytes. */
static void test_prng__keeps_its_ranges(void **state)
{
    struct ts_prng r, again;
    uint8_t a[37], b[37];
    uint32_t order[100];
    uint32_t sum = 0;

    (void)state;
    ts_prng_init(&r, 7);
    ts_prng_init(&again, 7);
    ts_prng_bytes(&r, a, sizeof a);
    ts_prng_bytes(&again, b, sizeof b);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < 1000; i++) {
        assert_true(ts_prng_below(&r, 3) < 3);
        assert_in_range(ts_prng_range(&r, 5, 9), 5, 9);
        assert_true(ts_prng_chance(&r, 1, 1));
        assert_false(ts_prng_chance(&r, 0, 1));
    }
    for (uint32_t i = 0; i < 100; i++)
        order[i] = i;
    ts_prng_shuffle(&r, order, 100, sizeof order[0]);
    for (size_t i = 0; i < 100; i++)
        sum += order[i];
    assert_int_equal(sum, 4950);
}

static void remember_seed(struct ts_prng *r, uint64_t seed, void *ctx)
{
    struct ts_prng same;
    uint64_t *last = ctx;

    ts_prng_init(&same, seed);
    assert_int_equal(ts_prng_u64(r), ts_prng_u64(&same));
    *last = *last * 100 + seed;
}

/* Seeds run in order; the environment replays a single one. */
static void test_prng__replays_one_seed(void **state)
{
    uint64_t last = 0;

    (void)state;
    assert_int_equal(unsetenv("FS_SEED"), 0);
    ts_each_seed(11, 3, remember_seed, &last);
    assert_int_equal(last, 111213);
    last = 0;
    assert_int_equal(setenv("FS_SEED", "42", 1), 0);
    ts_each_seed(11, 3, remember_seed, &last);
    assert_int_equal(last, 42);
    assert_int_equal(unsetenv("FS_SEED"), 0);
}

/* The directory and all in it are gone afterwards; files come back as they were written. */
static void test_tmpdir__leaves_nothing(void **state)
{
    struct ts_tmpdir dir;
    char path[TS_PATH_BYTES], inner[TS_PATH_BYTES], kept[TS_PATH_BYTES];
    char back[8] = "";
    struct stat st;

    (void)state;
    ts_tmpdir_init(&dir);
    memcpy(kept, dir.path, sizeof kept);
    assert_int_equal(mkdir(ts_tmpdir_path(&dir, "deep", path), 0700), 0);
    ts_file_write(ts_tmpdir_path(&dir, "deep/file", inner), "hello", 5);
    assert_int_equal(symlink("/", ts_tmpdir_path(&dir, "deep/link", path)), 0);
    assert_int_equal(ts_file_read(inner, back, 2), 5);
    assert_string_equal(back, "he");
    ts_tmpdir_release(&dir);
    ts_tmpdir_release(&dir);
    if (getenv("FS_KEEP_TMP") == NULL)
        assert_int_equal(lstat(kept, &st), -1);
}

static void bad_hex(void *ctx)
{
    uint8_t out[8];
    (void)ts_unhex(ctx, out, sizeof out);
}

/* Hex is read with blanks in it, and nonsense is the author's mistake. */
static void test_hex__reads_and_refuses(void **state)
{
    static char odd[] = "abc", wrong[] = "zz", too_long[] = "00112233445566778899";
    uint8_t out[4];

    (void)state;
    assert_int_equal(ts_unhex("01 fF\n3a", out, sizeof out), 3);
    ts_assert_hex(out, 3, "01ff3a");
    assert_true(dies(bad_hex, odd));
    assert_true(dies(bad_hex, wrong));
    assert_true(dies(bad_hex, too_long));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guard__traps_the_first_byte_too_far),
        cmocka_unit_test(test_mutate__shows_every_mutant),
        cmocka_unit_test(test_oom__reaches_every_allocation),
        cmocka_unit_test(test_prng__is_pinned),
        cmocka_unit_test(test_prng__keeps_its_ranges),
        cmocka_unit_test(test_prng__replays_one_seed),
        cmocka_unit_test(test_tmpdir__leaves_nothing),
        cmocka_unit_test(test_hex__reads_and_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
