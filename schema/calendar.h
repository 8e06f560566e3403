/* Working days (工作日): Monday to Friday, but for what the street's calendar says: the state's
 * days off, and the weekend days worked instead (调休). They are decided anew for each year, so
 * they are data: CALENDAR records in street/public, each of one year. Days are civil days of
 * Beijing time (UTC+8, no summer time). */
#ifndef SCHEMA_CALENDAR_H
#define SCHEMA_CALENDAR_H

#include "schema/record.h"

#define SC_CALENDAR_YEARS 32 /* kept; of more, the latest */
#define SC_CALENDAR_DAYS  64 /* of each kind, of one year */

struct sc_calendar_year {
    uint16_t year;
    uint8_t off_count, work_count;
    uint32_t off[SC_CALENDAR_DAYS], work[SC_CALENDAR_DAYS]; /* days since 1970-01-01, ascending */
};
struct sc_calendar {
    size_t count;
    struct sc_calendar_year y[SC_CALENDAR_YEARS]; /* ascending */
};

/* From a decoded body of type CALENDAR. ST_MALFORMED naming the day: not a date, of another year,
 * not ascending, a weekend day off, a weekday worked, a day in both lists. */
int sc_calendar_decode(const struct sc_body *body, struct sc_calendar_year *out,
                       struct st_err *err) ST_MUST;
/* Check of the catalogue's row (record.h): sc_calendar_decode. */
int sc_calendar_check(const struct sc_body *body, uint64_t schema_version,
                      struct st_err *err) ST_MUST;
/* Two records of one year are laid together, a day worked by one of them is worked: the result does
 * not depend on the order. */
void sc_calendar_add(struct sc_calendar *c, const struct sc_calendar_year *y);

/* Days from 1970-01-01 to a date of the Gregorian calendar; false: there is no such day since. */
bool sc_civil_day(unsigned year, unsigned month, unsigned day, int64_t *days);
/* Days since 1970-01-01 of the civil day that this moment lies in. */
int64_t sc_calendar_day(uint64_t ms);
/* 1..7, Monday is 1. */
int sc_calendar_weekday(int64_t day);
/* c may be NULL: weekdays alone. */
bool sc_calendar_works(const struct sc_calendar *c, int64_t day);
/* The same time of day, n working days after: n = 1 on Friday is Monday. From a day that is none it
 * counts from the next working day's beginning on. n = 0: ms itself. At most ten years ahead. */
uint64_t sc_calendar_after(const struct sc_calendar *c, uint64_t ms, unsigned n);

#endif
