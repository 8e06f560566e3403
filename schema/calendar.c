#include "schema/calendar.h"

#include "schema/record_table.h"
#include "schema/wire.h"

#include <string.h>

#define DAY_MS  UINT64_C(86400000)
#define ZONE_MS UINT64_C(28800000) /* UTC+8 */
#define AHEAD   3660               /* days looked through */

static unsigned days_in_month(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

bool sc_civil_day(unsigned year, unsigned month, unsigned day, int64_t *days)
{
    int64_t y = (int64_t)year - 1;

    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *days = y * 365 + y / 4 - y / 100 + y / 400 - 719162 + day - 1;
    for (unsigned m = 1; m < month; m++)
        *days += days_in_month(year, m);
    return true;
}

int64_t sc_calendar_day(uint64_t ms)
{
    return (int64_t)((ms + ZONE_MS) / DAY_MS);
}

int sc_calendar_weekday(int64_t day)
{
    return (int)((day + 3) % 7) + 1; /* 1970-01-01 was a Thursday */
}

/* ---- the record ---- */

static int bad_day(struct st_err *err, const char *list, uint64_t date, const char *why)
{
    return st_fail(err, ST_MALFORMED, "calendar.%s: %llu %s", list, (unsigned long long)date, why);
}

static int read_day(uint64_t date, uint64_t year, bool off, int64_t *day, struct st_err *err)
{
    const char *list = off ? "off" : "work";
    bool weekend;

    if (date / 10000 != year)
        return bad_day(err, list, date, "is no day of the year");
    if (!sc_civil_day((unsigned)year, (unsigned)(date / 100 % 100), (unsigned)(date % 100), day))
        return bad_day(err, list, date, "is no date (yyyymmdd)");
    weekend = sc_calendar_weekday(*day) > 5;
    if (weekend == off)
        return bad_day(err, list, date,
                       off ? "is a weekend day: off in any case"
                           : "is a weekday: worked in any case");
    return ST_OK;
}

static int read_list(const struct sc_value *v, uint64_t year, bool off, uint32_t *out,
                     uint8_t *count, struct st_err *err)
{
    struct sc_reader r;
    uint64_t n = 0, date = 0;
    int64_t day = 0;

    *count = 0;
    if (!v->present)
        return ST_OK;
    sc_reader_init(&r, v->s);
    if (sc_read_array(&r, SC_CALENDAR_DAYS, &n) != ST_OK)
        return st_fail(err, ST_MALFORMED, "calendar.%s: more than %d days", off ? "off" : "work",
                       SC_CALENDAR_DAYS);
    for (uint64_t i = 0; i < n; i++) {
        int rc = sc_read_u64(&r, UINT32_MAX, &date);

        if (rc == ST_OK)
            rc = read_day(date, year, off, &day, err);
        if (rc == ST_OK && i > 0 && day <= (int64_t)out[i - 1])
            rc = bad_day(err, off ? "off" : "work", date, "does not come after the day before it");
        if (rc != ST_OK)
            return rc;
        out[i] = (uint32_t)day;
    }
    *count = (uint8_t)n;
    return ST_OK;
}

int sc_calendar_decode(const struct sc_body *body, struct sc_calendar_year *out, struct st_err *err)
{
    const struct sc_value *year = sc_body_get(body, SC_K_CALENDAR_YEAR);
    int rc;

    memset(out, 0, sizeof *out);
    if (!year->present)
        return ST_OK; /* a change of something else */
    out->year = (uint16_t)year->u;
    rc = read_list(sc_body_get(body, SC_K_CALENDAR_OFF), year->u, true, out->off, &out->off_count,
                   err);
    if (rc == ST_OK)
        rc = read_list(sc_body_get(body, SC_K_CALENDAR_WORK), year->u, false, out->work,
                       &out->work_count, err);
    return rc;
}

int sc_calendar_check(const struct sc_body *body, uint64_t schema_version, struct st_err *err)
{
    struct sc_calendar_year y;

    (void)schema_version;
    return sc_calendar_decode(body, &y, err);
}

/* ---- the set ---- */

static bool in(const uint32_t *list, size_t n, int64_t day)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (list[mid] < day)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && list[low] == day;
}

/* Of more than fit, the first: whatever the order they came in. */
static void join(uint32_t *list, uint8_t *count, const uint32_t *more, size_t more_count)
{
    uint32_t out[SC_CALENDAR_DAYS];
    size_t n = 0, a = 0, b = 0;

    while (n < SC_CALENDAR_DAYS && (a < *count || b < more_count)) {
        uint32_t x = a < *count ? list[a] : UINT32_MAX, y = b < more_count ? more[b] : UINT32_MAX;

        out[n++] = x < y ? x : y;
        a += x <= y;
        b += y <= x;
    }
    memcpy(list, out, n * sizeof out[0]);
    *count = (uint8_t)n;
}

void sc_calendar_add(struct sc_calendar *c, const struct sc_calendar_year *y)
{
    size_t at = 0;

    if (y->year == 0)
        return;
    while (at < c->count && c->y[at].year < y->year)
        at++;
    if (at < c->count && c->y[at].year == y->year) {
        join(c->y[at].off, &c->y[at].off_count, y->off, y->off_count);
        join(c->y[at].work, &c->y[at].work_count, y->work, y->work_count);
        return;
    }
    if (c->count == SC_CALENDAR_YEARS) {
        if (at == 0)
            return; /* earlier than all that are kept */
        memmove(c->y, c->y + 1, (at - 1) * sizeof c->y[0]);
        c->y[at - 1] = *y;
        return;
    }
    memmove(c->y + at + 1, c->y + at, (c->count - at) * sizeof c->y[0]);
    c->y[at] = *y;
    c->count++;
}

/* ---- answers ---- */

bool sc_calendar_works(const struct sc_calendar *c, int64_t day)
{
    bool weekend = sc_calendar_weekday(day) > 5;

    for (size_t i = 0; c != NULL && i < c->count; i++) {
        const struct sc_calendar_year *y = &c->y[i];

        if (weekend ? in(y->work, y->work_count, day) : in(y->off, y->off_count, day))
            return weekend;
    }
    return !weekend;
}

uint64_t sc_calendar_after(const struct sc_calendar *c, uint64_t ms, unsigned n)
{
    int64_t day = sc_calendar_day(ms), start = day;
    uint64_t time = (ms + ZONE_MS) % DAY_MS;

    if (n == 0)
        return ms;
    while (!sc_calendar_works(c, day) && day < start + AHEAD) {
        day++;
        time = 0;
    }
    while (n > 0 && day < start + AHEAD) {
        day++;
        n -= sc_calendar_works(c, day);
    }
    return (uint64_t)day * DAY_MS + time - ZONE_MS;
}
