/* Stories with a script instead of a seed. Each builds a calm world, breaks one thing on purpose
 * and says what must hold; the checks of every step run as well. */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include "tests/sim/sim.h"

/* Fails the world with the place unless cond holds; the scenario goes on to its end. */
#define SC_CHECK(s, cond)                                          \
    do {                                                           \
        if (!(cond))                                               \
            sim_fail((s), "%s:%d: %s", __FILE__, __LINE__, #cond); \
    } while (0)

/* A calm world in which every village has met the street. */
struct sim *scenario_world(uint64_t seed);
/* Until all agree; fails the world when that takes longer. Returns the milliseconds it took. */
uint64_t scenario_settle(struct sim *s, uint64_t at_most_ms);
/* A hazard of this severity, reported by the village's first officer at that node; at the street by
 * its seat, in the first village. */
struct sc_id scenario_report(struct sim *s, size_t node, uint64_t severity);
/* A hazard event by a person of the village; the result. */
int scenario_event(struct sim *s, size_t node, size_t person, const struct sc_id *hazard,
                   uint64_t type, uint64_t number);
/* State of a hazard at a node; 0 when it is not listed. */
enum sc_hazard_state scenario_state(struct sim *s, size_t node, const struct sc_id *id,
                                    uint32_t *flags);
/* Final checks; prints the failure; frees. */
bool scenario_end(struct sim *s);

bool scenario_first_contact(void);
bool scenario_partition(void);
bool scenario_dark_village(void);
bool scenario_crash_points(void);
bool scenario_clock_step(void);
bool scenario_disk_full(void);
bool scenario_stale_restore(void);
bool scenario_urgent(void);

#endif
