/* Machines that fail: crashes at every effect, wrong clocks, full disks, old backups. */
#include "tests/sim/scenario.h"

#include <stdio.h>

#define CRASH_POINTS 60

/* The village writes while the street does too; one of them dies at its k-th effect. */
static bool crash_at(size_t node, uint64_t k, bool *reached)
{
    struct sim *s = scenario_world(21);
    struct sc_id id = {{0}};

    if (s->failed)
        return scenario_end(s);
    s->node[node].effects_left = k;
    id = scenario_report(s, 2, 2);
    if (s->node[2].state == SIM_UP)
        (void)scenario_event(s, 2, sim_person_of(1, 2), &id, SC_R_HAZARD_FIX, 0);
    (void)sim_run_until(s, s->now_ms + 200);
    for (size_t i = 0; i < 4 && s->node[0].state == SIM_UP && !s->failed; i++)
        (void)scenario_report(s, 0, 2);
    (void)sim_run_until(s, s->now_ms + 60000);
    *reached = s->node[node].state == SIM_DOWN;
    s->node[node].effects_left = 0;
    sim_node_boot(&s->node[node]);
    (void)scenario_settle(s, 600000);
    return scenario_end(s);
}

/* Whatever the effect behind which a node dies (a row, a commit, a write to a connection), after
 * its restart nothing promised is missing and all agree. */
bool scenario_crash_points(void)
{
    bool reached = true, ok = true;

    for (size_t node = 0; node <= 2; node += 2)
        for (uint64_t k = 1; ok && k <= CRASH_POINTS; k++) {
            ok = crash_at(node, k, &reached);
            if (!ok)
                (void)printf("node %zu died at effect %llu\n", node, (unsigned long long)k);
            if (!reached)
                break;
        }
    return ok;
}

static void story(struct sim *s, enum sc_hazard_state *out, bool steps)
{
    struct sc_id id[3];
    size_t v = s->node[4].village;

    for (size_t i = 0; i < 3 && !s->failed; i++) {
        if (steps)
            s->node[4].skew_ms = i % 2 == 0 ? INT64_C(946080000000) : INT64_C(-946080000000);
        id[i] = scenario_report(s, 4, 2);
        SC_CHECK(s, scenario_event(s, 4, sim_person_of(v, 2), &id[i], SC_R_HAZARD_FIX, 0) == ST_OK);
        (void)sim_run_until(s, s->now_ms + 3000);
        if (i > 0)
            SC_CHECK(s, scenario_event(s, 4, sim_person_of(v, 1), &id[i], SC_R_HAZARD_PASS, 0) ==
                            ST_OK);
        (void)sim_run_until(s, s->now_ms + 3000);
        if (i == 2)
            SC_CHECK(s, scenario_event(s, 0, 1, &id[i], SC_R_HAZARD_REOPEN, 0) == ST_OK);
    }
    (void)scenario_settle(s, 600000);
    for (size_t i = 0; i < 3 && !s->failed; i++)
        out[i] = scenario_state(s, 0, &id[i], NULL);
}

/* Clocks that jump by thirty years to and fro change what is displayed and nothing that is decided.
 */
bool scenario_clock_step(void)
{
    enum sc_hazard_state right[3] = {0}, wrong[3] = {0};
    struct sim *s = scenario_world(22);

    story(s, right, false);
    if (!scenario_end(s))
        return false;
    s = scenario_world(22);
    story(s, wrong, true);
    for (size_t i = 0; i < 3; i++)
        SC_CHECK(s, right[i] == wrong[i]);
    SC_CHECK(s, right[0] == SC_HS_FIX_CLAIMED);
    SC_CHECK(s, right[1] == SC_HS_CLOSED);
    SC_CHECK(s, right[2] < SC_HS_FIX_CLAIMED);
    return scenario_end(s);
}

/* The street's disk is full for five minutes: its own writes are refused in words, nothing that the
 * villages write meanwhile is lost, and with room all is as if nothing had been. */
bool scenario_disk_full(void)
{
    struct sim *s = scenario_world(23);
    struct sim_draft d = {.type = SC_R_HAZARD_REPORT, .grid = sim_village_code(0), .number = 2};
    unsigned refused = 0;
    struct sc_id id;

    s->node[0].disk_full = true;
    for (size_t i = 1; i < s->node_count && !s->failed; i++) {
        (void)scenario_report(s, i, 2);
        if (sim_write(s, &s->node[0], 1, d.grid, &d, &id) == ST_FULL)
            refused++;
        (void)sim_run_until(s, s->now_ms + 20000);
    }
    SC_CHECK(s, refused > 0);
    s->node[0].disk_full = false;
    (void)scenario_settle(s, 600000);
    return scenario_end(s);
}

/* The street's machine comes back from last week's backup: it learns everything again, its own
 * writing goes on in a new incarnation, and nobody sees a fork. */
bool scenario_stale_restore(void)
{
    struct sim *s = scenario_world(24);
    struct sim_node *street = &s->node[0];
    uint64_t before = 0;

    if (!s->failed) {
        before = nd_store_incarnation(street->store);
        (void)scenario_report(s, 0, 2);
    }
    (void)scenario_settle(s, 30000);
    sim_node_backup(street);
    for (size_t i = 0; i < 5 && !s->failed; i++) {
        struct sim_draft d = {.type = SC_R_HAZARD_REPORT, .grid = sim_village_code(i), .number = 2};
        struct sc_id id;

        SC_CHECK(s, sim_write(s, street, 1, d.grid, &d, &id) == ST_OK);
        (void)scenario_report(s, i + 1, 2);
    }
    (void)scenario_settle(s, 30000);
    sim_node_kill(street, true);
    sim_node_restore(street);
    sim_node_boot(street);
    if (!s->failed) {
        struct sim_draft d = {.type = SC_R_HAZARD_REPORT, .grid = sim_village_code(0), .number = 2};
        struct sc_id id;

        SC_CHECK(s, nd_store_incarnation(street->store) != before);
        SC_CHECK(s, sim_write(s, street, 1, d.grid, &d, &id) == ST_OK);
    }
    (void)scenario_settle(s, 600000);
    return scenario_end(s);
}
