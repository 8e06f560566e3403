#include "schema/clock.h"

#include "crypto/hash.h"
#include "schema/record_rows.h"

#include <string.h>

#define HOUR_MS   UINT64_C(3600000)
#define DAY_MS    UINT64_C(86400000)
#define MINUTE_MS UINT64_C(60000)

const struct sc_choice sc_choices_due[] = {
    {SC_DUE_REMIND_FIRST, "remind-first", "首次催办", "First reminder"},
    {SC_DUE_REMIND_SECOND, "remind-second", "再次催办", "Second reminder"},
    {SC_DUE_OVERDUE, "overdue", "超过整改时限", "Overdue"},
    {SC_DUE_OVERDUE_STREET, "overdue-street", "超期报街道", "Overdue, to the street"},
    {SC_DUE_OVERDUE_DECIDE, "overdue-decide", "超期待街道研究移送",
     "Overdue, the street decides on a transfer"},
    {SC_DUE_UNASSIGNED, "unassigned", "尚未交办", "Not assigned"},
    {SC_DUE_RECHECK, "recheck", "待复查", "To be checked"},
    {SC_DUE_EMERGENCY, "emergency", "紧急报告未签收", "Emergency not taken up"},
    {SC_DUE_AT_ONCE, "at-once", "立即报街道", "To the street at once"},
    {0, NULL, NULL, NULL},
};

struct list {
    struct sc_due *e;
    size_t n;
};

static void put(struct list *l, enum sc_due_rule rule, enum sc_level level, uint64_t base_ms,
                uint64_t at_ms)
{
    size_t at = l->n++;

    while (at > 0 && (l->e[at - 1].at_ms > at_ms ||
                      (l->e[at - 1].at_ms == at_ms && l->e[at - 1].rule > rule))) {
        l->e[at] = l->e[at - 1];
        at--;
    }
    l->e[at] = (struct sc_due){.rule = rule, .level = level, .at_ms = at_ms, .base_ms = base_ms};
}

static uint64_t number(const struct sc_clock *c, enum sc_policy_number n)
{
    return sc_rules_number(c->rules, n);
}

/* Half of it for what is serious. */
static uint64_t hastened(const struct sc_clock *c, uint64_t from, uint64_t to)
{
    return c->h->severity >= 3 ? from + (to - from) / 2 : to;
}

uint64_t sc_clock_usual(const struct sc_rules *rules, uint16_t days, uint64_t reported_ms)
{
    if (days >= SC_DAYS_TRANSFER) /* or by plan */
        return 0;
    return reported_ms +
           (days == 0 ? sc_rules_number(rules, SC_PN_ON_SPOT) * HOUR_MS : days * DAY_MS);
}

uint64_t sc_clock_deadline(const struct sc_clock *c)
{
    return c->h->deadline_ms != 0 ? c->h->deadline_ms
                                  : sc_clock_usual(c->rules, c->days, c->h->reported_ms);
}

/* While it is to be put right. */
static void limits(const struct sc_clock *c, struct list *l)
{
    uint64_t since = c->h->reported_ms, due = sc_clock_deadline(c);

    if (due == 0)
        return;
    if (due > since) {
        put(l, SC_DUE_REMIND_FIRST, SC_LV_OFFICER, due,
            since + (due - since) / 100 * number(c, SC_PN_REMIND_FIRST));
        put(l, SC_DUE_REMIND_SECOND, SC_LV_OFFICER, due,
            since + (due - since) / 100 * number(c, SC_PN_REMIND_SECOND));
    }
    put(l, SC_DUE_OVERDUE, SC_LV_CHIEF, due, due);
    put(l, SC_DUE_OVERDUE_STREET, SC_LV_STREET, due,
        hastened(c, due, due + number(c, SC_PN_OVERDUE_STREET) * DAY_MS));
    put(l, SC_DUE_OVERDUE_DECIDE, SC_LV_STREET, due,
        hastened(c, due, due + number(c, SC_PN_OVERDUE_DECIDE) * DAY_MS));
}

size_t sc_clock_moments(const struct sc_clock *c, struct sc_due out[static SC_DUE_MAX])
{
    const struct sc_hazard *h = c->h;
    struct list l = {.e = out};
    bool emergency = (h->flags & SC_HF_EMERGENCY) != 0;

    if (!h->exists || h->state >= SC_HS_CLOSED)
        return 0;
    if (h->state < SC_HS_FIX_CLAIMED)
        limits(c, &l);
    else
        put(&l, SC_DUE_RECHECK, h->required, h->last_ms,
            sc_calendar_after(c->calendar, h->last_ms, (unsigned)number(c, SC_PN_RECHECK)));
    if (h->assignee_count == 0 && h->state < SC_HS_ASSIGNED)
        put(&l, SC_DUE_UNASSIGNED, SC_LV_CHIEF, h->reported_ms,
            hastened(c, h->reported_ms,
                     sc_calendar_after(c->calendar, h->reported_ms,
                                       (unsigned)number(c, SC_PN_UNASSIGNED))));
    if (emergency && h->state == SC_HS_REPORTED)
        put(&l, SC_DUE_EMERGENCY, SC_LV_STREET, h->reported_ms,
            h->reported_ms + number(c, SC_PN_EMERGENCY) * MINUTE_MS);
    if (emergency || h->severity >= 4)
        put(&l, SC_DUE_AT_ONCE, SC_LV_STREET, h->reported_ms, h->reported_ms);
    return l.n;
}

bool sc_due_reported(enum sc_due_rule rule)
{
    return rule != SC_DUE_REMIND_FIRST && rule != SC_DUE_REMIND_SECOND && rule != SC_DUE_RECHECK;
}

void sc_due_id(const struct sc_id *hazard, enum sc_due_rule rule, uint64_t base_ms,
               struct sc_id *out)
{
    uint8_t bytes[SC_ID_BYTES + 16];
    struct cr_hash h;

    memcpy(bytes, hazard->b, SC_ID_BYTES);
    cr_store_be64(bytes + SC_ID_BYTES, rule);
    cr_store_be64(bytes + SC_ID_BYTES + 8, base_ms);
    cr_hash1(CR_TAG_DUE, cr_span_of(bytes, sizeof bytes), &h);
    *out = sc_id_of(&h);
}

struct sc_label sc_due_label(enum sc_due_rule rule)
{
    const struct sc_choice *c = sc_choice_by_value(sc_choices_due, rule);

    return c != NULL ? (struct sc_label){c->name, c->zh, c->en} : (struct sc_label){"?", "?", "?"};
}

void sc_due_body(const struct sc_due *due, struct sc_body *out)
{
    *out = (struct sc_body){.rec = &sc_row_hazard_due};
    out->v[sc_field_index(out->rec, SC_K_LEVEL)] =
        (struct sc_value){.present = true, .u = due->level};
    out->v[sc_field_index(out->rec, SC_K_DUE_RULE)] =
        (struct sc_value){.present = true, .u = due->rule};
    out->v[sc_field_index(out->rec, SC_K_DUE_BASE)] =
        (struct sc_value){.present = true, .u = due->base_ms};
}

void sc_due_read(const struct sc_body *body, struct sc_due *out)
{
    *out = (struct sc_due){.rule = (enum sc_due_rule)sc_body_get(body, SC_K_DUE_RULE)->u,
                           .level = (enum sc_level)sc_body_get(body, SC_K_LEVEL)->u,
                           .base_ms = sc_body_get(body, SC_K_DUE_BASE)->u};
}
