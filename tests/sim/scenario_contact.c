/* Meeting, parting, meeting again. */
#include "tests/sim/scenario.h"

#include <stdio.h>

static bool knows_everyone(struct sim *s, size_t node)
{
    struct sc_certs *certs = nd_store_certs(s->node[node].store);

    for (size_t i = 1; i < SIM_PERSON_ANON; i++)
        if (s->person[i].certified && sc_certs_find(certs, &s->person[i].id.sign_pk) == NULL)
            return false;
    return true;
}

static uint64_t bytes_moved(struct sim *s, size_t node)
{
    struct nd_driver_counters c;

    nd_driver_counters(s->node[node].driver, &c);
    return c.bytes_in + c.bytes_out;
}

/* Thirteen empty villages meet the street: within seconds they hold the public log, later reports
 * travel on the open sessions within a second, and a node that comes back with everything costs a
 * few hundred bytes. */
bool scenario_first_contact(void)
{
    struct sim *s = scenario_world(11);
    uint64_t took;

    for (size_t i = 1; i < s->node_count && !s->failed; i++)
        SC_CHECK(s, knows_everyone(s, i));
    SC_CHECK(s, s->now_ms <= 20000);
    for (size_t i = 1; i < s->node_count && !s->failed; i++)
        (void)scenario_report(s, i, 2);
    took = scenario_settle(s, 30000);
    SC_CHECK(s, took <= 3000);
    if (!s->failed) {
        sim_node_stop(&s->node[3]);
        (void)sim_run_until(s, s->now_ms + 5000);
        sim_node_boot(&s->node[3]);
        (void)sim_run_until(s, s->now_ms + 30000);
    }
    took = scenario_settle(s, 10000);
    if (!s->failed) {
        uint64_t bytes = bytes_moved(s, 3);

        (void)printf("a converged node came back for %llu bytes\n", (unsigned long long)bytes);
        SC_CHECK(s, bytes <= 2500); /* one session with the street, two with neighbours */
    }
    return scenario_end(s);
}

static void split(struct sim *s, bool cut)
{
    for (size_t a = 0; a < s->node_count; a++)
        for (size_t b = 0; b < s->node_count; b++)
            if ((a < 7) != (b < 7))
                sim_cut(s, a, b, cut);
}

/* Seven nodes here, seven there, for ten minutes. The village closes a hazard, the street, which
 * cannot see that, escalates it; another one is closed on one side and reopened on the other. Both
 * are open afterwards, everywhere. */
bool scenario_partition(void)
{
    struct sim *s = scenario_world(12);
    struct sc_id a = scenario_report(s, 9, 2), b = scenario_report(s, 9, 2);
    size_t v = s->node[9].village;

    SC_CHECK(s, scenario_event(s, 9, sim_person_of(v, 2), &a, SC_R_HAZARD_FIX, 0) == ST_OK);
    SC_CHECK(s, scenario_event(s, 9, sim_person_of(v, 2), &b, SC_R_HAZARD_FIX, 0) == ST_OK);
    (void)scenario_settle(s, 30000);
    split(s, true);
    (void)sim_run_until(s, s->now_ms + 60000);
    if (!s->failed) {
        SC_CHECK(s, scenario_event(s, 9, sim_person_of(v, 1), &a, SC_R_HAZARD_PASS, 0) == ST_OK);
        SC_CHECK(s, scenario_event(s, 9, sim_person_of(v, 1), &b, SC_R_HAZARD_PASS, 0) == ST_OK);
        SC_CHECK(s, scenario_state(s, 9, &a, NULL) == SC_HS_CLOSED);
        SC_CHECK(s, scenario_event(s, 0, 1, &a, SC_R_HAZARD_ESCALATE, SC_LV_STREET) == ST_OK);
        SC_CHECK(s, scenario_event(s, 0, 1, &b, SC_R_HAZARD_REOPEN, 0) == ST_OK);
    }
    (void)sim_run_until(s, s->now_ms + 600000);
    SC_CHECK(s, !sim_converged(s));
    split(s, false);
    (void)scenario_settle(s, 600000);
    for (size_t i = 0; i < 10 && !s->failed; i += 9) {
        uint32_t flags;

        SC_CHECK(s, scenario_state(s, i, &a, &flags) == SC_HS_FIX_CLAIMED);
        SC_CHECK(s, (flags & SC_HF_CONFLICT) != 0);
        SC_CHECK(s, scenario_state(s, i, &b, &flags) < SC_HS_CLOSED);
        SC_CHECK(s, (flags & SC_HF_CONFLICT) != 0);
    }
    return scenario_end(s);
}

/* One village goes dark and stays so. Everyone else goes on and agrees; the street can tell that it
 * has not heard of that village since. */
bool scenario_dark_village(void)
{
    struct sim *s = scenario_world(13);
    uint64_t dark_since;
    struct nd_fresh dark, lit;

    for (size_t i = 1; i < s->node_count && !s->failed; i++)
        (void)scenario_report(s, i, 2);
    (void)scenario_settle(s, 30000);
    s->faults |= SIM_F_SILENT;
    s->node[5].stay_down = true;
    sim_node_kill(&s->node[5], true);
    dark_since = SIM_WALL_MS + s->now_ms;
    (void)sim_run_until(s, s->now_ms + 3600000);
    for (size_t i = 1; i < s->node_count && !s->failed; i++)
        if (i != 5)
            (void)scenario_report(s, i, 3);
    (void)scenario_settle(s, 60000);
    (void)sim_run_until(s, s->now_ms + 10000);
    if (!s->failed) {
        SC_CHECK(s, nd_store_fresh(s->node[0].store, sim_village_code(4), &dark) == ST_OK);
        SC_CHECK(s, nd_store_fresh(s->node[0].store, sim_village_code(5), &lit) == ST_OK);
        /* what was under way when it went dark still arrives */
        SC_CHECK(s, dark.newest_received_ms <= dark_since + 1000);
        SC_CHECK(s, dark.synced_ms <= dark_since + 1000);
        SC_CHECK(s, lit.newest_received_ms > dark_since + 3000000);
    }
    return scenario_end(s);
}
