/* The map of an import: which column means what, and how foreign codes and districts become ours.
 * An INI file, documented in node/maps/README.md. */
#ifndef NODE_CONFIG_MAP_H
#define NODE_CONFIG_MAP_H

#include "schema/id.h"

#define ND_MAP_RULES_MAX 512
#define ND_MAP_NAME_MAX  64

/* What a column may be. */
enum nd_map_column {
    ND_MC_ROW,     /* unique id of a row: external key of its hazard */
    ND_MC_CASE,    /* id of the case: external key of its visit */
    ND_MC_OPENED,  /* date the case was opened */
    ND_MC_CLOSED,  /* date it was closed; empty: still open */
    ND_MC_CODE,    /* foreign code → [code] */
    ND_MC_TEXT,    /* description */
    ND_MC_ADDRESS, /* address; hashed onto a group of the village */
    ND_MC_GRID,    /* foreign district → [grid] */
    ND_MC_COUNT
};

struct nd_map_rule {
    char from[ND_MAP_NAME_MAX]; /* exact text, or a prefix when any_tail */
    bool any_tail;
    char code[4];  /* [code] */
    uint64_t grid; /* [grid] */
};

struct nd_map {
    char source[ND_MAP_NAME_MAX];              /* prefix of external keys */
    int utc_offset_min;                        /* of the dates in the table */
    char column[ND_MC_COUNT][ND_MAP_NAME_MAX]; /* header text of each */
    char assignee[ND_MAP_NAME_MAX];            /* to whom imported hazards were assigned */
    uint64_t groups; /* groups a village has at least, for hashing; 0: no group */
    size_t code_count, grid_count;
    struct nd_map_rule codes[ND_MAP_RULES_MAX], grids[ND_MAP_RULES_MAX];
};

/* Reads and checks a map. ST_NOTFOUND, ST_IO, ST_MALFORMED with file, line and reason (unknown
 * section or key, unknown hazard code, bad grid, a column that is not named). */
int nd_map_load(const char *path, struct nd_map *out, struct st_err *err) ST_MUST;

/* The longest rule that fits, exact before prefix; NULL when none does. */
const struct nd_map_rule *nd_map_code(const struct nd_map *m, struct cr_span foreign);
const struct nd_map_rule *nd_map_grid(const struct nd_map *m, struct cr_span foreign);

/* "YYYY-MM-DD" or "YYYY-MM-DD HH:MM[:SS]" at a UTC offset → Unix ms. ST_MALFORMED. Pure. */
int nd_map_date(struct cr_span text, int utc_offset_min, uint64_t *out) ST_MUST;

#endif
