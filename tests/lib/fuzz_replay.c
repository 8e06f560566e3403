/* main() of a fuzz target in an ordinary build: replays the files of the corpus folders or files
 * given, and after each file FS_FUZZ_MUTATIONS (default 64) seeded mutations of it, every input in
 * front of a closed page. When an input kills the program, its name, mutation and bytes are said.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/base/assert.h"
#include "crypto/base/bytes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/guard.h"
#include "tests/lib/prng.h"
#include "tests/lib/tmpdir.h"

#define INPUT_BYTES_MAX ((size_t)1 << 20)

extern int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
extern void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

struct replay {
    struct ts_guard guard;
    uint8_t *input; /* owned, INPUT_BYTES_MAX */
    uint64_t mutations;
    size_t files;
};

/* What is under way, for the handlers, which get no context. */
static char running[TS_PATH_BYTES + 64];
static const uint8_t *running_p;
static size_t running_n;

static void say_running(void)
{
    char hex[2 * 32 + 1];
    size_t shown = running_n < 32 ? running_n : 32;

    (void)!write(STDERR_FILENO, running, strlen(running));
    cr_hex(running_p, shown, hex);
    (void)!write(STDERR_FILENO, hex, 2 * shown);
    (void)!write(STDERR_FILENO, running_n > shown ? "...\n" : "\n", running_n > shown ? 4 : 1);
}

static void on_signal(int sig)
{
    say_running();
    (void)signal(sig, SIG_DFL);
    (void)raise(sig);
}

static void run_one(struct replay *r, const char *name, uint64_t mutation, size_t n)
{
    const uint8_t *p = ts_guard_put(&r->guard, r->input, n);

    (void)snprintf(running, sizeof running, "input: %s, mutation %llu, %zu bytes: ", name,
                   (unsigned long long)mutation, n);
    running_p = p;
    running_n = n;
    CR_ASSERT(LLVMFuzzerTestOneInput(p, n) == 0);
}

/* Changes the n bytes of the input a little and returns the new length. */
static size_t mutate(struct replay *r, struct ts_prng *prng, size_t n)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xc0, 0xff};

    for (uint64_t edits = 1 + ts_prng_below(prng, 4); edits > 0; edits--) {
        size_t at = n > 0 ? (size_t)ts_prng_below(prng, n) : 0;
        uint64_t kind = n > 0 ? ts_prng_below(prng, 5) : 4;
        if (kind == 0)
            r->input[at] = (uint8_t)(r->input[at] ^ (1u << ts_prng_below(prng, 8)));
        else if (kind == 1)
            r->input[at] = (uint8_t)ts_prng_u64(prng);
        else if (kind == 2)
            r->input[at] = edges[ts_prng_below(prng, sizeof edges)];
        else if (kind == 3)
            n = at;
        else if (n < INPUT_BYTES_MAX)
            r->input[n++] = (uint8_t)ts_prng_u64(prng);
    }
    return n;
}

static void replay_file(struct replay *r, const char *path)
{
    size_t n = ts_file_read(path, r->input, INPUT_BYTES_MAX);
    struct ts_prng prng;

    CR_ASSERT(n <= INPUT_BYTES_MAX);
    r->files++;
    run_one(r, path, 0, n);
    for (uint64_t i = 1; i <= r->mutations; i++) {
        (void)ts_file_read(path, r->input, INPUT_BYTES_MAX);
        ts_prng_init(&prng, i);
        run_one(r, path, i, mutate(r, &prng, n));
    }
}

static void replay_folder(struct replay *r, const char *folder)
{
    char path[TS_PATH_BYTES];
    struct dirent **names;
    int count = scandir(folder, &names, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        int length = snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        CR_ASSERT(length > 0);
        CR_ASSERT((size_t)length < sizeof path);
        if (names[i]->d_name[0] != '.')
            replay_file(r, path);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
}

static uint64_t mutations_wanted(void)
{
    const char *text = getenv("FS_FUZZ_MUTATIONS");
    uint64_t value = 64;

    if (text != NULL && cr_parse_u64(text, strlen(text), 1000000000, &value) != ST_OK)
        (void)fprintf(stderr, "FS_FUZZ_MUTATIONS is not a number: %s\n", text);
    return value;
}

int main(int argc, char **argv)
{
    struct replay r = {.mutations = mutations_wanted()};
    struct stat st;

    (void)signal(SIGABRT, on_signal);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(say_running);
    else
        (void)signal(SIGSEGV, on_signal);
    if (LLVMFuzzerInitialize != NULL)
        (void)LLVMFuzzerInitialize(&argc, &argv);
    ts_guard_init(&r.guard, INPUT_BYTES_MAX);
    r.input = malloc(INPUT_BYTES_MAX);
    CR_ASSERT(r.input != NULL);
    run_one(&r, "(empty)", 0, 0);
    for (int i = 1; i < argc; i++) {
        if (stat(argv[i], &st) == 0 && S_ISREG(st.st_mode))
            replay_file(&r, argv[i]);
        else
            replay_folder(&r, argv[i]);
    }
    free(r.input);
    ts_guard_release(&r.guard);
    (void)printf("%zu files, %llu mutations each\n", r.files, (unsigned long long)r.mutations);
    if (r.files == 0)
        (void)fprintf(stderr, "no corpus: put at least one valid input into the folder\n");
    return r.files == 0;
}
