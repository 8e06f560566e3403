/* Import of a municipal violation table (CSV) through a map: case → visit, row → hazard with report
 * and assignment; a closing date → fix claim by one person and check by another. Rerunnable: every
 * record carries the external key "source:row"; a row already there is completed (report there,
 * closing date new) or left alone, and never touched again once anybody else has written on that
 * hazard. */
#ifndef NODE_IMPORT_H
#define NODE_IMPORT_H

#include "node/config_map.h"
#include "node/driver.h"

struct nd_import_options {
    struct nd_driver *driver;
    struct nd_store *store;
    const struct nd_map *map;
    const struct cr_identity *officer;  /* reports, assigns and claims */
    const struct cr_identity *verifier; /* checks; another person, of village level or above */
    uint64_t grid;                      /* only rows of this village; 0: all this store holds */
    bool dry_run;                       /* read and check only, write nothing */
    void *arg;
    void (*bad)(void *arg, uint64_t line, const char *reason);  /* each refused row */
    void (*progress)(void *arg, uint64_t rows, uint64_t bytes); /* now and then; may be NULL */
};

struct nd_import_result {
    uint64_t rows, bad, other_grid, known, imported, completed, visits;
};

/* On error (ST_MALFORMED: header lacks a column of the map; ST_DENIED: a key may not write there;
 * ST_FULL, ST_IO …) what was imported before stays, durable, and *out tells how far it came;
 * running again goes on from there. */
int nd_import_hazards(const char *csv_path, const struct nd_import_options *o,
                      struct nd_import_result *out, struct st_err *err) ST_MUST;

/* Import of grids: columns code, name and optionally households, places, synthetic (0 or 1), in any
 * order. A grid declared already under this code is left alone. author must be of the street. */
struct nd_import_grids_result {
    uint64_t rows, bad, known, imported;
};
int nd_import_grids(const char *csv_path, struct nd_driver *driver, struct nd_store *store,
                    const struct cr_identity *author, void *arg,
                    void (*bad)(void *arg, uint64_t line, const char *reason),
                    struct nd_import_grids_result *out, struct st_err *err) ST_MUST;

#endif
