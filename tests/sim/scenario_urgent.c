/* An emergency does not wait in the queue. */
#include "tests/sim/scenario.h"

#include <stdio.h>

#define BACKLOG 20000

static int count_none(void *arg, const struct nd_record_row *row)
{
    (void)arg;
    (void)row;
    return 0;
}

static uint64_t places_at_street(struct sim *s)
{
    struct st_err err = {0};
    uint64_t total = 0;

    if (nd_store_records(s->node[0].store, SC_R_PLACE, 0, 0, 1, count_none, NULL, &total, &err) !=
        ST_OK)
        sim_fail(s, "places: %s", err.msg);
    return total;
}

static bool street_sees(struct sim *s)
{
    uint32_t flags = 0;

    return scenario_state(s, 0, &s->watched, &flags) != 0 && (flags & SC_HF_EMERGENCY) != 0;
}

/* A village with a thin line (64 kbit/s) comes back with 20,000 entries that nobody has, and then
 * someone reports a fire. The street sees it within a second of the connection, while the backlog
 * is still under way. */
bool scenario_urgent(void)
{
    struct sim *s = scenario_world(31);
    struct sim_node *village = &s->node[6];
    uint64_t scope = sim_village_code(village->village), places, since;

    for (size_t i = 0; i < s->node_count; i++) {
        if (i == 6)
            continue;
        sim_cut(s, 6, i, true);
        sim_cut(s, i, 6, true);
    }
    (void)sim_run_until(s, s->now_ms + 300000);
    for (size_t i = 0; i < BACKLOG / 4000 && !s->failed; i++)
        (void)sim_write_places(s, village, sim_person_of(village->village, 2), scope, 4000);
    s->watched = scenario_report(s, 6, 3);
    SC_CHECK(s, scenario_event(s, 6, sim_person_of(village->village, 2), &s->watched,
                               SC_R_HAZARD_EMERGENCY, 0) == ST_OK);
    village->uplink_bytes_s = 8000;
    sim_net_heal(s);
    since = s->now_ms;
    if (!s->failed)
        nd_driver_dial_now(village->driver, NULL);
    sim_node_after(village, true);
    SC_CHECK(s, sim_run_while(s, street_sees, s->now_ms + 30000));
    places = places_at_street(s);
    (void)printf("seen after %llu ms with %llu of %d places there\n",
                 (unsigned long long)(s->now_ms - since), (unsigned long long)places, BACKLOG);
    SC_CHECK(s, s->now_ms - since <= 2000);
    SC_CHECK(s, places < BACKLOG);
    (void)scenario_settle(s, UINT64_C(4) * 3600000);
    SC_CHECK(s, places_at_street(s) == BACKLOG);
    return scenario_end(s);
}
