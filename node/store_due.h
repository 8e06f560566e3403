/* What is due (到期): open hazards whose clock (schema/clock.h) says that somebody is to hear of
 * them. Computed from the store when asked, with no network. */
#ifndef NODE_STORE_DUE_H
#define NODE_STORE_DUE_H

#include "node/store.h"

#include "schema/clock.h"

struct nd_due_row {
    struct sc_id hazard;
    uint64_t scope, grid;
    uint64_t deadline_ms; /* set, or by its code; 0: none */
    struct sc_due due;
};

struct nd_due_query {
    uint64_t grid_prefix; /* 0: all */
    uint64_t now_ms;
    uint64_t soon_ms;    /* also what will be due within this time; 0: only what is */
    enum sc_level level; /* only what is for this level; SC_LV_NONE: all */
    bool every; /* each reached moment of a hazard; else the last one, or the next to come */
};

/* Rows ascending by (moment, hazard, rule). *out is owned by the caller (free). ST_NOMEM and the
 * store's errors; *out is then NULL. */
int nd_store_due(struct nd_store *s, const struct nd_due_query *q, struct nd_due_row **out,
                 size_t *count, struct st_err *err) ST_MUST;

/* Time class of the hazard's code by the tables of when it was reported (record.h). */
uint16_t nd_store_days(struct nd_store *s, const struct sc_hazard *h);

/* Calendar records laid together. Those that say what no calendar says are passed over. */
int nd_store_calendar(struct nd_store *s, struct sc_calendar *out, struct st_err *err) ST_MUST;

/* The hazard's history holds a record of it that counts. */
int nd_store_due_known(struct nd_store *s, const struct sc_id *hazard, const struct sc_id *due,
                       bool *known, struct st_err *err) ST_MUST;

/* Id of a due report from a row of the history; false: it is none. */
bool nd_due_of_row(const struct sc_id *hazard, const struct nd_history_row *row, struct sc_id *out);

#endif
