/* Working days and the clock of a hazard. */
#include "tests/lib/test.h"

#include "schema/clock.h"
#include "schema/record_rows.h"

#include <string.h>

#define HOUR UINT64_C(3600000)
#define DAY  UINT64_C(86400000)

static uint64_t at(const char *text)
{
    uint64_t ms = 0;

    ts_assert_ok(sc_date_parse(text, 8 * 60, &ms));
    return ms;
}

/* Body of a calendar from lists as they are typed. */
static int calendar(const char *year, const char *off, const char *work,
                    struct sc_calendar_year *out, struct st_err *err)
{
    struct sc_body body = {.rec = sc_record_find(SC_R_CALENDAR)};
    const char *const texts[][2] = {{"year", year}, {"off", off}, {"work", work}};
    struct cr_buf arena[3];
    int rc = ST_OK;

    for (size_t i = 0; i < 3; i++) {
        const struct sc_field *f = sc_field_by_name(body.rec, texts[i][0]);

        cr_buf_init(&arena[i], 4096);
        if (texts[i][1] != NULL && rc == ST_OK)
            rc = sc_value_parse(f, texts[i][1], &arena[i],
                                &body.v[sc_field_index(body.rec, f->key)], err);
    }
    if (rc == ST_OK)
        rc = sc_calendar_decode(&body, out, err);
    for (size_t i = 0; i < 3; i++)
        cr_buf_release(&arena[i]);
    return rc;
}

static void test_calendar__weekdays(void **state)
{
    (void)state;
    assert_int_equal(sc_calendar_day(at("1970-01-02")), 1);
    assert_int_equal(sc_calendar_weekday(sc_calendar_day(at("2026-11-24"))), 2); /* a Tuesday */
    assert_int_equal(sc_calendar_weekday(sc_calendar_day(at("2024-02-29"))), 4);
    assert_int_equal(sc_calendar_weekday(sc_calendar_day(at("2000-01-01"))), 6);
    for (int64_t d = 0; d < 40000; d++)
        assert_true(sc_calendar_works(NULL, d) == (sc_calendar_weekday(d) <= 5));
}

static void test_calendar__holidays_and_days_worked_instead(void **state)
{
    struct sc_calendar c = {0};
    struct sc_calendar_year y;
    struct st_err err = {0};
    (void)state;

    /* made-up lists: a long holiday from Thursday to Wednesday, the Sunday before it worked */
    ts_assert_ok(
        calendar("2026", "20261001,20261002,20261005,20261006,20261007", "20260927", &y, &err));
    sc_calendar_add(&c, &y);
    assert_true(sc_calendar_works(&c, sc_calendar_day(at("2026-09-27"))));
    assert_false(sc_calendar_works(&c, sc_calendar_day(at("2026-10-03"))));
    assert_false(sc_calendar_works(&c, sc_calendar_day(at("2026-10-07"))));
    assert_true(sc_calendar_works(&c, sc_calendar_day(at("2025-10-01")))); /* of another year */
    assert_int_equal(sc_calendar_after(&c, at("2026-09-30 16:30"), 1), at("2026-10-08 16:30"));
    assert_int_equal(sc_calendar_after(&c, at("2026-09-25 09:00"), 1), at("2026-09-27 09:00"));
    assert_int_equal(sc_calendar_after(&c, at("2026-10-03 22:00"), 1), at("2026-10-09 00:00"));
    assert_int_equal(sc_calendar_after(&c, at("2026-10-08 10:00"), 0), at("2026-10-08 10:00"));
    assert_int_equal(sc_calendar_after(NULL, at("2026-11-27 10:00"), 3), at("2026-12-02 10:00"));
}

static void test_calendar__refuses_by_name(void **state)
{
    static const struct {
        const char *year, *off, *work, *says;
    } bad[] = {
        {"2026", "20250101", NULL, "calendar.off: 20250101 is no day of the year"},
        {"2026", "20260230", NULL, "calendar.off: 20260230 is no date"},
        {"2026", "20261301", NULL, "calendar.off: 20261301 is no date"},
        {"2026", "20260103", NULL, "calendar.off: 20260103 is a weekend day"},
        {"2026", NULL, "20260105", "calendar.work: 20260105 is a weekday"},
        {"2026", "20260102,20260101", NULL, "calendar.off: 20260101 does not come after"},
        {"2026", "20260102,20260102", NULL, "calendar.off: 20260102 does not come after"},
    };
    struct sc_calendar_year y;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct st_err err = {0};

        assert_int_equal(calendar(bad[i].year, bad[i].off, bad[i].work, &y, &err), ST_MALFORMED);
        if (strstr(err.msg, bad[i].says) == NULL)
            ts_fail("%s", err.msg);
    }
}

/* Several records of a year, and more years than are kept, in any order. */
static void test_calendar__order_does_not_matter(void **state)
{
    struct sc_calendar a = {0}, b = {0};
    struct sc_calendar_year y[40];
    struct st_err err = {0};
    (void)state;

    memset(y, 0, sizeof y);
    for (size_t i = 0; i < 40; i++) {
        y[i].year = (uint16_t)(2000 + i * 7 % 37);
        y[i].off_count = 1;
        y[i].off[0] = (uint32_t)(y[i].year * 10000u + 101u + i);
    }
    for (size_t i = 0; i < 40; i++) {
        sc_calendar_add(&a, &y[i]);
        sc_calendar_add(&b, &y[39 - i]);
    }
    assert_int_equal(a.count, SC_CALENDAR_YEARS);
    assert_memory_equal(&a, &b, sizeof a);
    ts_assert_ok(calendar("2040", NULL, NULL, &y[0], &err));
    sc_calendar_add(&a, &y[0]);
    assert_int_equal(a.y[SC_CALENDAR_YEARS - 1].year, 2040);
    assert_true(a.y[0].year > b.y[0].year);
}

/* ---- the clock ---- */

static const struct sc_due *find(const struct sc_due *d, size_t n, enum sc_due_rule rule)
{
    for (size_t i = 0; i < n; i++)
        if (d[i].rule == rule)
            return &d[i];
    return NULL;
}

static void assert_due(const struct sc_clock *c, enum sc_due_rule rule, const char *when,
                       enum sc_level level)
{
    struct sc_due d[SC_DUE_MAX];
    size_t n = sc_clock_moments(c, d);
    const struct sc_due *e = find(d, n, rule);

    for (size_t i = 1; i < n; i++)
        assert_true(d[i - 1].at_ms <= d[i].at_ms);
    if (when == NULL) {
        assert_null(e);
        return;
    }
    assert_non_null(e);
    if (e->at_ms != at(when))
        ts_fail("rule %d: at %llu, not %s", (int)rule, (unsigned long long)e->at_ms, when);
    assert_int_equal(e->level, level);
}

static void test_clock__of_a_general_hazard(void **state)
{
    struct sc_hazard h = {.exists = true,
                          .state = SC_HS_REPORTED,
                          .severity = 2,
                          .required = SC_LV_CHIEF,
                          .reported_ms = at("2026-11-20 10:00")}; /* a Friday */
    struct sc_clock c = {.h = &h, .days = 10};
    struct sc_due d[SC_DUE_MAX];
    (void)state;

    assert_int_equal(sc_clock_deadline(&c), at("2026-11-30 10:00"));
    assert_due(&c, SC_DUE_REMIND_FIRST, "2026-11-25 10:00", SC_LV_OFFICER);
    assert_due(&c, SC_DUE_REMIND_SECOND, "2026-11-28 10:00", SC_LV_OFFICER);
    assert_due(&c, SC_DUE_OVERDUE, "2026-11-30 10:00", SC_LV_CHIEF);
    assert_due(&c, SC_DUE_OVERDUE_STREET, "2026-12-03 10:00", SC_LV_STREET);
    assert_due(&c, SC_DUE_OVERDUE_DECIDE, "2026-12-07 10:00", SC_LV_STREET);
    assert_due(&c, SC_DUE_UNASSIGNED, "2026-11-23 10:00", SC_LV_CHIEF);
    assert_due(&c, SC_DUE_RECHECK, NULL, SC_LV_NONE);
    assert_due(&c, SC_DUE_AT_ONCE, NULL, SC_LV_NONE);
    h.state = SC_HS_ASSIGNED;
    h.assignee_count = 1;
    h.deadline_ms = at("2026-11-22 10:00"); /* set: it goes before the code's */
    assert_due(&c, SC_DUE_UNASSIGNED, NULL, SC_LV_NONE);
    assert_due(&c, SC_DUE_OVERDUE, "2026-11-22 10:00", SC_LV_CHIEF);
    h.state = SC_HS_FIX_CLAIMED;
    h.last_ms = at("2026-11-21 08:00"); /* a Saturday: counted from Monday */
    assert_due(&c, SC_DUE_OVERDUE, NULL, SC_LV_NONE);
    assert_due(&c, SC_DUE_RECHECK, "2026-11-26 00:00", SC_LV_CHIEF);
    h.state = SC_HS_CLOSED;
    assert_int_equal(sc_clock_moments(&c, d), 0);
    h.state = SC_HS_VOID;
    assert_int_equal(sc_clock_moments(&c, d), 0);
}

static void test_clock__haste(void **state)
{
    struct sc_hazard h = {.exists = true,
                          .state = SC_HS_REPORTED,
                          .severity = 3,
                          .reported_ms = at("2026-11-20 10:00"),
                          .deadline_ms = at("2026-11-24 10:00")};
    struct sc_clock c = {.h = &h, .days = SC_DAYS_PLAN};
    (void)state;

    assert_due(&c, SC_DUE_OVERDUE_STREET, "2026-11-25 22:00", SC_LV_STREET);
    assert_due(&c, SC_DUE_OVERDUE_DECIDE, "2026-11-27 22:00", SC_LV_STREET);
    assert_due(&c, SC_DUE_UNASSIGNED, "2026-11-21 22:00", SC_LV_CHIEF);
    h.severity = 4;
    assert_due(&c, SC_DUE_AT_ONCE, "2026-11-20 10:00", SC_LV_STREET);
    assert_due(&c, SC_DUE_EMERGENCY, NULL, SC_LV_NONE);
    h.severity = 2;
    h.flags = SC_HF_EMERGENCY;
    assert_due(&c, SC_DUE_AT_ONCE, "2026-11-20 10:00", SC_LV_STREET);
    assert_due(&c, SC_DUE_EMERGENCY, "2026-11-20 10:15", SC_LV_STREET);
    h.state = SC_HS_ACCEPTED;
    assert_due(&c, SC_DUE_EMERGENCY, NULL, SC_LV_NONE);
}

/* By plan there is no deadline; on the spot is hours; the policy's numbers are the ones used. */
static void test_clock__classes_and_policy(void **state)
{
    struct sc_hazard h = {.exists = true,
                          .state = SC_HS_ASSIGNED,
                          .severity = 2,
                          .assignee_count = 1,
                          .reported_ms = at("2026-11-20 10:00")};
    struct sc_clock c = {.h = &h, .days = SC_DAYS_PLAN};
    struct sc_due d[SC_DUE_MAX];
    struct sc_rules rules;
    (void)state;

    assert_int_equal(sc_clock_deadline(&c), 0);
    assert_int_equal(sc_clock_moments(&c, d), 0);
    c.days = SC_DAYS_TRANSFER;
    assert_int_equal(sc_clock_moments(&c, d), 0);
    c.days = 0;
    assert_due(&c, SC_DUE_OVERDUE, "2026-11-20 12:00", SC_LV_CHIEF);
    sc_rules_default(&rules);
    rules.number[SC_PN_ON_SPOT] = 5;
    rules.number[SC_PN_REMIND_SECOND] = 90;
    c.rules = &rules;
    assert_due(&c, SC_DUE_OVERDUE, "2026-11-20 15:00", SC_LV_CHIEF);
    assert_due(&c, SC_DUE_REMIND_SECOND, "2026-11-20 14:30", SC_LV_OFFICER);
    rules.number[SC_PN_ON_SPOT] = 0;
    assert_due(&c, SC_DUE_OVERDUE, "2026-11-20 10:00", SC_LV_CHIEF);
    assert_due(&c, SC_DUE_REMIND_FIRST, NULL, SC_LV_NONE);
}

static void test_clock__record(void **state)
{
    struct sc_due due = {.rule = SC_DUE_OVERDUE, .level = SC_LV_CHIEF, .at_ms = 7, .base_ms = 1234};
    struct sc_due back;
    struct sc_id hazard = {{1, 2, 3}}, a, b;
    struct sc_body body, read;
    struct st_err err = {0};
    struct cr_buf bytes;
    (void)state;

    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    sc_due_body(&due, &body);
    ts_assert_ok(sc_body_encode(&body, true, &bytes, &err));
    ts_assert_ok(sc_body_decode(body.rec, 1, true, cr_buf_span(&bytes), &read, &err));
    sc_due_read(&read, &back);
    assert_int_equal(back.rule, due.rule);
    assert_int_equal(back.level, due.level);
    assert_int_equal(back.base_ms, due.base_ms);
    sc_due_id(&hazard, back.rule, back.base_ms, &a);
    sc_due_id(&hazard, due.rule, due.base_ms, &b);
    assert_true(sc_id_equal(&a, &b));
    sc_due_id(&hazard, due.rule, due.base_ms + 1, &b);
    assert_false(sc_id_equal(&a, &b));
    for (int r = 1; r < SC_DUE_END; r++) {
        assert_string_not_equal(sc_due_label((enum sc_due_rule)r).zh, "?");
        (void)sc_due_reported((enum sc_due_rule)r);
    }
    cr_buf_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar__weekdays),
        cmocka_unit_test(test_calendar__holidays_and_days_worked_instead),
        cmocka_unit_test(test_calendar__refuses_by_name),
        cmocka_unit_test(test_calendar__order_does_not_matter),
        cmocka_unit_test(test_clock__of_a_general_hazard),
        cmocka_unit_test(test_clock__haste),
        cmocka_unit_test(test_clock__classes_and_policy),
        cmocka_unit_test(test_clock__record),
    };

    ts_assert_ok(cr_init(NULL));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
