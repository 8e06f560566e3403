/* The clock of a hazard: who is to hear of it when (催办, 超期上报). A pure function of the
 * hazard's state, the policy and the calendar: a time is an argument nowhere, the caller compares
 * the moments with its own. It says when people are told; it closes nothing, and raises nobody's
 * authority. */
#ifndef SCHEMA_CLOCK_H
#define SCHEMA_CLOCK_H

#include "schema/calendar.h"
#include "schema/hazard.h"

/* Numbers and names are part of the format (hazard-due.rule). */
enum sc_due_rule {
    SC_DUE_REMIND_FIRST = 1, /* 催办: the time limit is half over */
    SC_DUE_REMIND_SECOND,
    SC_DUE_OVERDUE,        /* to the chief, at the deadline */
    SC_DUE_OVERDUE_STREET, /* to the street, some days later */
    SC_DUE_OVERDUE_DECIDE, /* the street decides about police or district */
    SC_DUE_UNASSIGNED,     /* to the chief: nobody is to do anything about it */
    SC_DUE_RECHECK,        /* a fix was claimed and nobody has checked */
    SC_DUE_EMERGENCY,      /* to the street: the emergency is not taken up */
    SC_DUE_AT_ONCE,        /* to the street: suspected major, or an emergency */
    SC_DUE_END
};
#define SC_DUE_MAX (SC_DUE_END - 1) /* of one hazard */

struct sc_due {
    enum sc_due_rule rule;
    enum sc_level level; /* who is to act */
    uint64_t at_ms;      /* from when on */
    uint64_t base_ms;    /* what it is counted from: the deadline, the report, the claim */
};

/* days: time class of the hazard's code (record.h). rules NULL: the defaults; calendar NULL:
 * weekdays. */
struct sc_clock {
    const struct sc_hazard *h;
    uint16_t days;
    const struct sc_rules *rules;
    const struct sc_calendar *calendar;
};

/* What a code of this time class gives from the report on; 0: no day (by plan, or to be handed
 * over). */
uint64_t sc_clock_usual(const struct sc_rules *rules, uint16_t days, uint64_t reported_ms);
/* The deadline that was set, else that. */
uint64_t sc_clock_deadline(const struct sc_clock *c);
/* All moments of an open hazard, past and to come, ascending (at, rule); none of one that is closed
 * or void. Severity 3 and above halves what is counted after the deadline or the report. */
size_t sc_clock_moments(const struct sc_clock *c, struct sc_due out[static SC_DUE_MAX]);
/* The level is told by a record, beside the listing: what goes upwards. Reminders are not. */
bool sc_due_reported(enum sc_due_rule rule);
/* H(due, hazard ‖ rule ‖ base): the same on every node, so any number of records of it are one. */
void sc_due_id(const struct sc_id *hazard, enum sc_due_rule rule, uint64_t base_ms,
               struct sc_id *out);
struct sc_label sc_due_label(enum sc_due_rule rule); /* never NULL */

/* Body of the record. The encoded form is canonical (record.h). */
void sc_due_body(const struct sc_due *due, struct sc_body *out);
/* From a decoded body of type HAZARD_DUE; at_ms is 0. */
void sc_due_read(const struct sc_body *body, struct sc_due *out);

#endif
