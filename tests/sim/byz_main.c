/* fs_byz: liars in a simulated street. Exit 0: what had to hold did; 1: a seed failed (it is
 * printed with the command that replays it); 2: wrong usage. */
#include "crypto/rng.h"
#include "tests/sim/byz.h"
#include "tests/sim/sim_invariant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct args {
    struct sim_options o;
    uint64_t seeds;
    unsigned from, to; /* numbers of actors, each alone */
    unsigned invariant;
    bool mixtures, list, verbose;
};

static bool number(const char *text, uint64_t max, uint64_t *out)
{
    return text != NULL && cr_parse_u64(text, strlen(text), max, out) == ST_OK;
}

static bool parse(int argc, char **argv, struct args *a)
{
    const char *from_env = getenv("FENGSUI_SEEDS");
    uint64_t v = 0;

    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i];

        if (strcmp(arg, "--mixtures") == 0)
            a->mixtures = true;
        else if (strcmp(arg, "--list") == 0)
            a->list = true;
        else if (strcmp(arg, "--trace") == 0)
            a->o.trace = true;
        else if (strcmp(arg, "--crypto") == 0)
            a->o.crypto = true;
        else if (strcmp(arg, "--verbose") == 0)
            a->verbose = true;
        else if (i + 1 < argc && number(argv[++i], UINT64_MAX, &v)) {
            if (strcmp(arg, "--seed") == 0)
                a->o.seed = v;
            else if (strcmp(arg, "--seeds") == 0)
                a->seeds = v;
            else if (strcmp(arg, "--actor") == 0)
                a->from = a->to = (unsigned)v;
            else if (strcmp(arg, "--invariant") == 0 && v <= SIM_INVARIANTS)
                a->invariant = (unsigned)v;
            else if (strcmp(arg, "--from") == 0)
                a->from = (unsigned)v;
            else if (strcmp(arg, "--to") == 0)
                a->to = (unsigned)v;
            else
                return false;
        } else
            return false;
    }
    if (from_env != NULL && number(from_env, UINT64_C(1) << 40, &v))
        a->seeds = v;
    return a->from >= 1 && a->to <= byz_actor_count && a->from <= a->to;
}

static bool run(const struct args *a, const struct byz_actor *const *actors, size_t n)
{
    char reason[640];
    bool ok = byz_run(&a->o, actors, n, reason, sizeof reason);

    if (ok && !a->verbose)
        return true;
    (void)printf("seed %llu of", (unsigned long long)a->o.seed);
    for (size_t i = 0; i < n; i++)
        (void)printf(" %u %s", actors[i]->number, actors[i]->name);
    (void)printf(": %s%s\n", ok ? "ok" : "FAILED: ", reason);
    if (!ok && n == 1)
        (void)printf("  replay: fs_byz --actor %u --seed %llu --seeds 1 --trace\n",
                     actors[0]->number, (unsigned long long)a->o.seed);
    else if (!ok)
        (void)printf("  replay: fs_byz --mixtures --seed %llu --seeds 1 --trace\n",
                     (unsigned long long)a->o.seed);
    (void)fflush(stdout);
    return ok;
}

/* Two to four of the catalogue, by the seed. */
static bool run_mixture(const struct args *a)
{
    const struct byz_actor *picked[BYZ_PICKED];
    struct ts_prng r;
    size_t n;

    ts_prng_init(&r, a->o.seed ^ UINT64_C(0x313));
    n = (size_t)ts_prng_range(&r, 2, BYZ_PICKED);
    for (size_t i = 0; i < n; i++)
        picked[i] = &byz_actors[ts_prng_below(&r, byz_actor_count)];
    return run(a, picked, n);
}

/* One invariant: it holds in a few worlds, and the bug planted for it is found by its own check. */
static bool run_invariant(const struct args *a)
{
    /* who brings about what the bug needs */
    static const unsigned actors[SIM_INVARIANTS + 1] = {0, 11, 6, 6, 6, 6, 6, 8, 22, 6, 6, 10, 6};
    const struct byz_actor *one = &byz_actors[actors[a->invariant] - 1];
    struct args b = *a;
    char reason[640];
    uint64_t tried = 0;
    bool found = false;

    for (b.o.only = a->invariant; tried < 3; tried++, b.o.seed++)
        if (!run(&b, &one, 1))
            return false;
    b.o.plant = a->invariant;
    for (tried = 0; tried < a->seeds && !found; tried++, b.o.seed++)
        found = !byz_run(&b.o, &one, 1, reason, sizeof reason);
    (void)printf("I%u %s: its bug is %s after %llu seeds%s%s\n", a->invariant,
                 sim_invariant_name(a->invariant), found ? "found" : "NOT FOUND",
                 (unsigned long long)tried, found ? ": " : "", found ? reason : "");
    return found;
}

static uint64_t run_alone(const struct args *a, unsigned number)
{
    const struct byz_actor *one = &byz_actors[number - 1];
    struct args b = *a;
    uint64_t failed = 0;

    for (uint64_t k = 0; k < a->seeds; k++, b.o.seed++)
        failed += !run(&b, &one, 1);
    (void)printf("%2u %-15s %llu seeds, %llu failed\n", number, one->name,
                 (unsigned long long)a->seeds, (unsigned long long)failed);
    (void)fflush(stdout);
    return failed;
}

int main(int argc, char **argv)
{
    struct args a = {.o = {.seed = 1, .villages = BYZ_VILLAGES, .nodes = BYZ_NODES},
                     .seeds = 20,
                     .from = 1,
                     .to = (unsigned)byz_actor_count};
    struct st_err err = {0};
    uint64_t failed = 0;

    if (!parse(argc, argv, &a)) {
        (void)fprintf(stderr, "usage: fs_byz [--actor N | --from N --to N | --mixtures] [--seed N]"
                              " [--seeds COUNT]\n              [--trace] [--crypto] [--verbose] "
                              "[--list]\n");
        return 2;
    }
    for (size_t i = 0; i < byz_actor_count && a.list; i++)
        (void)printf("%2u %-15s %s\n", byz_actors[i].number, byz_actors[i].name,
                     byz_actors[i].must);
    if (a.list)
        return 0;
    cr_rng_use_seeded(a.o.seed);
    if (cr_init(&err) != ST_OK) {
        (void)fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    if (a.invariant != 0)
        return run_invariant(&a) ? 0 : 1;
    for (uint64_t k = 0; k < a.seeds && a.mixtures; k++, a.o.seed++)
        failed += !run_mixture(&a);
    for (unsigned i = a.from; i <= a.to && !a.mixtures; i++)
        failed += run_alone(&a, i);
    (void)printf("%llu failed\n", (unsigned long long)failed);
    return failed == 0 ? 0 : 1;
}
