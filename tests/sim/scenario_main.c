/* fs_sim_scenario NAME... (none: all). */
#include "crypto/rng.h"
#include "tests/sim/scenario.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    bool (*run)(void);
} scenarios[] = {
    {"first-contact", scenario_first_contact}, {"partition", scenario_partition},
    {"dark-village", scenario_dark_village},   {"crash-points", scenario_crash_points},
    {"clock-step", scenario_clock_step},       {"disk-full", scenario_disk_full},
    {"stale-restore", scenario_stale_restore}, {"urgent", scenario_urgent},
};
#define SCENARIO_COUNT (sizeof scenarios / sizeof scenarios[0])

struct sim *scenario_world(uint64_t seed)
{
    struct sim_options o = {.seed = seed};
    struct sim *s = sim_new(&o);

    if (s != NULL)
        (void)scenario_settle(s, 60000);
    return s;
}

uint64_t scenario_settle(struct sim *s, uint64_t at_most_ms)
{
    uint64_t since = s->now_ms;
    char text[400];

    if (!sim_run_while(s, sim_converged, since + at_most_ms)) {
        sim_check_differences(s, text, sizeof text);
        sim_fail(s, "no agreement within %llu ms: %s", (unsigned long long)at_most_ms, text);
    }
    return s->now_ms - since;
}

struct sc_id scenario_report(struct sim *s, size_t node, uint64_t severity)
{
    struct sim_node *n = &s->node[node];
    struct sim_draft d = {.type = SC_R_HAZARD_REPORT,
                          .grid = sim_village_code(n->village % SIM_VILLAGES),
                          .number = severity,
                          .text = "exit locked"};
    struct sc_id id = {{0}};
    int rc;

    rc = sim_write(s, n, sim_person_of(n->village, 2), d.grid, &d, &id);
    SC_CHECK(s, rc == ST_OK || n->state != SIM_UP); /* it may have died over it */
    return id;
}

int scenario_event(struct sim *s, size_t node, size_t person, const struct sc_id *hazard,
                   uint64_t type, uint64_t number)
{
    struct sim_draft d = {.type = type, .subject = hazard, .number = number, .text = "event"};
    struct sc_id id;
    uint64_t scope = 0;

    d.urgent = type == SC_R_HAZARD_EMERGENCY;
    for (size_t i = 0; i < s->hazard_n; i++)
        if (sc_id_equal(&s->hazard[i].id, hazard))
            scope = s->hazard[i].scope;
    return sim_write(s, &s->node[node], person, scope, &d, &id);
}

struct look {
    enum sc_hazard_state state;
    uint32_t flags;
};

static int look(void *arg, const struct nd_hazard_row *row)
{
    *(struct look *)arg = (struct look){row->h.state, row->h.flags};
    return 0;
}

enum sc_hazard_state scenario_state(struct sim *s, size_t node, const struct sc_id *id,
                                    uint32_t *flags)
{
    struct look l = {0};
    struct st_err err = {0};

    if (nd_store_hazard(s->node[node].store, id, look, &l, &err) != ST_OK)
        l.state = 0;
    if (flags != NULL)
        *flags = l.flags;
    return l.state;
}

bool scenario_end(struct sim *s)
{
    bool ok;

    if (!s->failed)
        sim_check_end(s);
    ok = !s->failed;
    if (!ok)
        (void)printf("FAILED at %llu ms: %s\n", (unsigned long long)s->now_ms, s->reason);
    sim_free(s);
    return ok;
}

int main(int argc, char **argv)
{
    struct st_err err = {0};
    int failed = 0, ran = 0;

    cr_rng_use_seeded(1);
    if (cr_init(&err) != ST_OK) {
        (void)fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    for (size_t i = 0; i < SCENARIO_COUNT; i++) {
        bool wanted = argc < 2, ok;

        for (int k = 1; k < argc; k++)
            wanted = wanted || strcmp(argv[k], scenarios[i].name) == 0;
        if (!wanted)
            continue;
        ran++;
        ok = scenarios[i].run();
        (void)printf("%s: %s\n", scenarios[i].name, ok ? "ok" : "FAILED");
        failed += !ok;
    }
    return failed == 0 && ran > 0 ? 0 : 1;
}
