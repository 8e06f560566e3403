/* fs_sim: runs seeds. Exit 0: nothing was wrong; 1: a seed failed (it is printed with the command
 * that replays it); 2: wrong usage. With --planted: every planted bug must be found. */
#include "crypto/rng.h"
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct args {
    struct sim_options o;
    uint64_t seeds;
    bool twice;   /* each seed twice, equal traces */
    bool planted; /* every bug within `seeds` seeds */
    bool verbose;
    bool minimise;
};

const char *sim_bug_name(enum sim_bug bug)
{
    static const char *const names[SIM_BUG_COUNT] = {
        "none",      "forget-write",  "early-ack", "lose-entry",  "drop-row",
        "skip-fold", "bad-signature", "any-role",  "last-closes",
    };

    return names[bug];
}

static void usage(void)
{
    (void)fprintf(stderr,
                  "usage: fs_sim [--seed N] [--seeds COUNT] [--nodes N] [--minutes M] [--trace]\n"
                  "              [--mask BITS] [--crypto] [--bug NAME] [--twice] [--planted]\n"
                  "              [--verbose] [--minimise]\n");
}

static bool number(const char *text, uint64_t max, uint64_t *out)
{
    return text != NULL && cr_parse_u64(text, strlen(text), max, out) == ST_OK;
}

static bool parse_bug(const char *name, enum sim_bug *out)
{
    for (int b = 0; name != NULL && b < SIM_BUG_COUNT; b++)
        if (strcmp(name, sim_bug_name((enum sim_bug)b)) == 0) {
            *out = (enum sim_bug)b;
            return true;
        }
    return false;
}

static bool flag(const char *arg, struct args *a)
{
    struct {
        const char *name;
        bool *to;
    } flags[] = {{"--trace", &a->o.trace},   {"--crypto", &a->o.crypto},
                 {"--twice", &a->twice},     {"--planted", &a->planted},
                 {"--verbose", &a->verbose}, {"--minimise", &a->minimise}};

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strcmp(arg, flags[i].name) == 0)
            return *flags[i].to = true;
    return false;
}

static bool parse(int argc, char **argv, struct args *a)
{
    const char *from_env = getenv("FENGSUI_SEEDS");
    uint64_t v = 0;

    if (from_env != NULL && number(from_env, UINT64_C(1) << 40, &v))
        a->seeds = v;
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;

        if (flag(argv[i], a))
            continue;
        i++;
        if (strcmp(argv[i - 1], "--bug") == 0 && parse_bug(next, &a->o.bug))
            continue;
        if (!number(next, UINT64_MAX, &v))
            return false;
        if (strcmp(argv[i - 1], "--seed") == 0)
            a->o.seed = v;
        else if (strcmp(argv[i - 1], "--seeds") == 0 && from_env == NULL)
            a->seeds = v;
        else if (strcmp(argv[i - 1], "--seeds") == 0)
            continue;
        else if (strcmp(argv[i - 1], "--nodes") == 0 && v > SIM_VILLAGES && v <= SIM_NODES_MAX)
            a->o.nodes = (size_t)v;
        else if (strcmp(argv[i - 1], "--minutes") == 0)
            a->o.minutes = v;
        else if (strcmp(argv[i - 1], "--mask") == 0)
            a->o.mask = (uint32_t)v;
        else
            return false;
    }
    return true;
}

static void replay_line(const struct args *a)
{
    (void)printf("seed %llu reproduces: fs_sim --seed %llu", (unsigned long long)a->o.seed,
                 (unsigned long long)a->o.seed);
    if (a->o.nodes != 0)
        (void)printf(" --nodes %zu", a->o.nodes);
    if (a->o.minutes != 0)
        (void)printf(" --minutes %llu", (unsigned long long)a->o.minutes);
    if (a->o.mask != 0)
        (void)printf(" --mask %u", a->o.mask);
    if (a->o.crypto)
        (void)printf(" --crypto");
    if (a->o.bug != SIM_BUG_NONE)
        (void)printf(" --bug %s", sim_bug_name(a->o.bug));
    (void)printf(" --trace\n");
}

/* Runs a->o.seed; prints failures unless a bug is planted. */
static bool run_seed(const struct args *a, uint64_t *hash)
{
    struct sim *s = sim_new(&a->o);
    char weather[400];
    bool ok;

    if (s == NULL)
        return false;
    ok = sim_run_all(s);
    *hash = s->trace_hash;
    sim_fault_describe(s, weather, sizeof weather);
    if (a->verbose || (!ok && !a->planted))
        (void)printf("seed %llu: %s\n  %llu events, %llu s, %llu acts (%llu stored, %llu denied, "
                     "%llu unknown), %llu crashes, %llu restores, %llu stops, %llu full, %llu "
                     "resets, %llu replays, %llu corrupted, %llu late, %llu KiB, %llu checks, %zu "
                     "hazards, trace "
                     "%016llx\n",
                     (unsigned long long)a->o.seed, weather, (unsigned long long)s->steps,
                     (unsigned long long)(s->now_ms / 1000), (unsigned long long)s->count.acts,
                     (unsigned long long)s->count.acked, (unsigned long long)s->count.denied,
                     (unsigned long long)s->count.unknown, (unsigned long long)s->count.crashes,
                     (unsigned long long)s->count.restores, (unsigned long long)s->count.stops,
                     (unsigned long long)s->count.full, (unsigned long long)s->count.resets,
                     (unsigned long long)s->count.replays, (unsigned long long)s->count.corrupted,
                     (unsigned long long)s->count.late, (unsigned long long)(s->count.bytes / 1024),
                     (unsigned long long)s->count.checks, s->hazard_n,
                     (unsigned long long)s->trace_hash);
    if (!ok && (!a->planted || a->verbose))
        (void)printf("FAILED at %llu ms: %s\n", (unsigned long long)s->now_ms, s->reason);
    if (!ok && !a->planted)
        replay_line(a);
    (void)fflush(stdout);
    sim_free(s);
    return ok;
}

/* Takes faults away, then time, as long as the seed still fails. */
static void minimise(struct args a)
{
    uint32_t mask = a.o.mask != 0 ? a.o.mask : SIM_F_ALL;
    uint64_t minutes = a.o.minutes != 0 ? a.o.minutes : 6, hash;

    a.planted = true; /* quiet */
    for (uint32_t bit = 1; bit < SIM_F_ALL; bit <<= 1) {
        a.o.mask = mask & ~bit;
        if (a.o.mask != 0 && !run_seed(&a, &hash))
            mask &= ~bit;
    }
    a.o.mask = mask;
    for (a.o.minutes = minutes; minutes > 1; a.o.minutes = minutes) {
        a.o.minutes = minutes / 2;
        if (run_seed(&a, &hash))
            break;
        minutes /= 2;
    }
    a.o.minutes = minutes;
    (void)printf("smallest found: ");
    replay_line(&a);
}

static bool run_planted(struct args *a)
{
    bool all = true;

    for (int b = SIM_BUG_NONE + 1; b < SIM_BUG_COUNT; b++) {
        uint64_t hash, tried = 0;
        bool found = false;

        a->o.bug = (enum sim_bug)b;
        for (uint64_t i = 0; i < a->seeds && !found; i++, tried++, a->o.seed++)
            found = !run_seed(a, &hash);
        (void)printf("planted %s: %s after %llu seeds\n", sim_bug_name(a->o.bug),
                     found ? "found" : "NOT FOUND", (unsigned long long)tried);
        all = all && found;
    }
    return all;
}

int main(int argc, char **argv)
{
    struct args a = {.o = {.seed = 1, .swarm = true}, .seeds = 1};
    struct st_err err = {0};
    uint64_t failed = 0;

    if (!parse(argc, argv, &a)) {
        usage();
        return 2;
    }
    cr_rng_use_seeded(a.o.seed);
    if (cr_init(&err) != ST_OK) {
        (void)fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    if (a.planted)
        return run_planted(&a) ? 0 : 1;
    for (uint64_t i = 0; i < a.seeds; i++, a.o.seed++) {
        uint64_t one = 0, two = 0;
        bool ok = run_seed(&a, &one);

        if (ok && a.twice) {
            ok = run_seed(&a, &two) && one == two;
            if (one != two)
                (void)printf("seed %llu: two runs differ: %016llx %016llx\n",
                             (unsigned long long)a.o.seed, (unsigned long long)one,
                             (unsigned long long)two);
        }
        failed += !ok;
        if (!ok && a.minimise)
            minimise(a);
    }
    (void)printf("%llu seeds, %llu failed\n", (unsigned long long)a.seeds,
                 (unsigned long long)failed);
    return failed == 0 ? 0 : 1;
}
