/* The hazard rule by cases, as tables: test_hazard.c reads them. */
#ifndef TESTS_UNIT_SCHEMA_HAZARD_CASES_H
#define TESTS_UNIT_SCHEMA_HAZARD_CASES_H

#include "tests/unit/schema/hazard_kit.h"

#define ROW_ACTS 10
#define OPEN     0 /* any open state */

/* Acts name their parents as "0", "1,3" … by number in the row; 'x' is an entry nobody has. */
struct hazard_act {
    uint64_t type;
    enum kit_who who;
    const char *after;
    struct kit_act with;
};

struct hazard_row {
    const char *name;
    struct hazard_act acts[ROW_ACTS];
    uint64_t state;              /* OPEN or an exact state */
    uint32_t flags, no_flags;    /* must be set, must not be set */
    uint32_t blocks;             /* exact; open hazards only */
    uint64_t severity, deadline; /* 0: not looked at */
    size_t assignees;
};

/* What disconnected acts give, two by two, in the order of the rule's matrix; a row that has two
 * readings comes twice. */
extern const struct hazard_row hazard_matrix[];
extern const size_t hazard_matrix_count;
/* Why hazards stay open, and that the remedy closes them. */
extern const struct hazard_row hazard_cases[];
extern const size_t hazard_cases_count;

#endif
