/* What can be set, with defaults and limits, and the rules they make.
 *
 * Roles, clearances and numbers are the tables below; who may write a record is the catalogue's own
 * column (record_table.c), guarded by what the record can do: a danger never gets fewer writers, a
 * clearance never one without a level. The street always stays able to do what it can by default,
 * so that no value, nor two of them together, leaves hazards that nobody can close. */
#include "schema/policy.h"

#include "crypto/base/assert.h"
#include "schema/record_table.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

/* Roles that have a level. */
#define LEVELLED \
    (SC_ROLE_OFFICER | SC_ROLE_CHIEF | SC_ROLE_VILLAGE | SC_ROLE_STREET | SC_ROLE_DISTRICT)

static const struct {
    const char *abbr;
    uint8_t giver;
} roles[SC_ROLE_COUNT] = {
    {"S", SC_GV_STREET},  {"V", SC_GV_VILLAGE}, {"C", SC_GV_VILLAGE},
    {"O", SC_GV_VILLAGE}, {"B", SC_GV_VILLAGE}, {"P", SC_GV_VILLAGE},
    {"D", SC_GV_STREET},  {"Po", SC_GV_STREET}, {"N", SC_GV_VILLAGE},
};

/* count n: first + 1 .. first + n, whose default level is their number; 0: first alone. */
static const struct clear_row {
    uint8_t first, count, level;
    const char *name, *zh, *en;
} clears[] = {
    {SC_CL_PASS, 4, 0, "pass", "复查通过销案，等级", "close after a check, severity"},
    {SC_CL_VOID, 4, 0, "void", "误报作废，等级", "void a false report, severity"},
    {SC_CL_DOWNGRADE, 4, 0, "downgrade", "降级，原等级", "downgrade, from severity"},
    {SC_CL_HANDBACK, 5, 0, "handback", "退回下级，原上报层级", "hand back, from level"},
    {SC_CL_ALONE, 0, SC_LV_OFFICER, "alone", "轻微隐患当场整改，一人销案",
     "close a minor hazard alone, fixed on the spot"},
    {SC_CL_EMERGENCY, 0, SC_LV_STREET, "emergency", "确认紧急报告", "acknowledge an emergency"},
    {SC_CL_EXTERNAL, 0, SC_LV_STREET, "external", "转达区级处理结果",
     "bring the district's result"},
    {SC_CL_EXTEND, 0, SC_LV_CHIEF, "extend", "延长整改时限", "extend a deadline"},
};

static const struct {
    uint64_t value, min, max;
    const char *name, *zh, *en, *floor;
} numbers[SC_PN_END] = {
    {2, 1, 2, "second-from", "从此等级起须两人销案", "from this severity two persons close",
     "second-person"},
    {2, 2, 4, "severity-new", "代码不明的隐患等级", "severity when the code is not known",
     "clearance-strictly"},
    {2, 0, 24, "clock.on-spot", "当场整改时限（小时）", "hours to correct what is done on the spot",
     "value"},
    {50, 1, 99, "clock.remind-first", "首次催办（整改时限的百分比）",
     "first reminder, per cent of the time limit", "value"},
    {80, 1, 99, "clock.remind-second", "再次催办（整改时限的百分比）",
     "second reminder, per cent of the time limit", "value"},
    {1, 1, 30, "clock.unassigned", "未交办报网格长（工作日）",
     "working days until an unassigned hazard goes to the chief", "value"},
    {3, 1, 90, "clock.overdue-street", "超期报街道（天）", "days overdue until the street is told",
     "value"},
    {7, 1, 180, "clock.overdue-decide", "超期由街道研究移送（天）",
     "days overdue until the street decides on a transfer", "value"},
    {3, 1, 30, "clock.recheck", "申报整改后复查（工作日）", "working days for the check of a fix",
     "value"},
    {15, 1, 1440, "clock.emergency", "紧急报告签收（分钟）", "minutes to take up an emergency",
     "value"},
};

enum sc_level sc_level_of_roles(uint32_t r)
{
    if (r & SC_ROLE_DISTRICT)
        return SC_LV_DISTRICT;
    if (r & SC_ROLE_STREET)
        return SC_LV_STREET;
    if (r & SC_ROLE_VILLAGE)
        return SC_LV_VILLAGE;
    if (r & SC_ROLE_CHIEF)
        return SC_LV_CHIEF;
    return r & SC_ROLE_OFFICER ? SC_LV_OFFICER : SC_LV_NONE;
}

/* ---- rules ---- */

static uint8_t clear_level(const struct clear_row *row, uint8_t n)
{
    return row->count > 0 ? n : row->level;
}

void sc_rules_default(struct sc_rules *out)
{
    const struct sc_record *rec;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; (rec = sc_record_at(i)) != NULL; i++)
        out->writers[i] = rec->writers;
    for (size_t i = 0; i < SC_CL_END; i++)
        out->clear[i] = sc_rules_clear(NULL, (enum sc_clear)i);
    for (size_t i = 0; i < SC_ROLE_COUNT; i++)
        out->giver[i] = roles[i].giver;
    for (size_t i = 0; i < SC_PN_END; i++)
        out->number[i] = numbers[i].value;
}

uint32_t sc_rules_writers(const struct sc_rules *r, const struct sc_record *rec)
{
    return r == NULL ? rec->writers : r->writers[sc_record_index(rec)];
}

uint32_t sc_rules_writers_of(const struct sc_rules *r, const struct sc_body *body,
                             const struct cr_sign_pk *author)
{
    const struct sc_record *rec = body->rec;

    return rec->writers_of != NULL ? rec->writers_of(body, author) : sc_rules_writers(r, rec);
}

struct sc_clear_rule sc_rules_clear(const struct sc_rules *r, enum sc_clear c)
{
    if (r != NULL)
        return r->clear[c];
    for (size_t i = 0; i < COUNT_OF(clears); i++) {
        const struct clear_row *row = &clears[i];

        if (row->count > 0 ? c > row->first && c <= row->first + row->count : c == row->first)
            return (struct sc_clear_rule){LEVELLED, clear_level(row, (uint8_t)(c - row->first))};
    }
    return (struct sc_clear_rule){0, SC_LV_DISTRICT};
}

bool sc_rules_may_clear(const struct sc_rules *r, enum sc_clear c, uint32_t held)
{
    struct sc_clear_rule rule = sc_rules_clear(r, c);

    return (held & rule.roles) != 0 && sc_level_of_roles(held) >= rule.level;
}

uint8_t sc_rules_power(const struct sc_rules *r, enum sc_clear first, uint8_t max, uint32_t held)
{
    uint8_t n = 0;

    if (r == NULL) { /* the default level of each is its number */
        n = (uint8_t)sc_level_of_roles(held);
        return n < max ? n : max;
    }
    while (n < max && sc_rules_may_clear(r, (enum sc_clear)(first + n + 1), held))
        n++;
    return n;
}

/* Least level of those who satisfy the rule. */
static enum sc_level rule_level(const struct sc_clear_rule *rule)
{
    enum sc_level least = SC_LV_DISTRICT;

    for (uint32_t bit = 1; bit <= SC_ROLES_ALL; bit <<= 1) {
        enum sc_level level = sc_level_of_roles(rule->roles & bit);

        if (level >= rule->level && level > SC_LV_NONE && level < least)
            least = level;
    }
    return least;
}

enum sc_level sc_rules_level(const struct sc_rules *r, enum sc_clear first, uint8_t n)
{
    enum sc_level level = SC_LV_NONE;

    if (r == NULL)
        return (enum sc_level)n;
    for (uint8_t i = 1; i <= n; i++) {
        enum sc_level one = rule_level(&r->clear[first + i]);

        level = one > level ? one : level;
    }
    return level;
}

enum sc_level sc_rules_level_of(const struct sc_rules *r, enum sc_clear c)
{
    struct sc_clear_rule rule = sc_rules_clear(r, c);

    return rule_level(&rule);
}

uint64_t sc_rules_number(const struct sc_rules *r, enum sc_policy_number n)
{
    return r == NULL ? numbers[n].value : r->number[n];
}

uint32_t sc_rules_barred(const struct sc_rules *r, const uint32_t by[static SC_GIVERS])
{
    uint32_t held = 0, given = 0;

    if (r == NULL)
        return 0; /* what is accepted was given by who may by default */
    for (size_t g = SC_GV_ROOT; g < SC_GIVERS; g++) {
        held |= by[g];
        for (size_t bit = 0; bit < SC_ROLE_COUNT; bit++)
            if (g <= r->giver[bit])
                given |= by[g] & 1u << bit;
    }
    return held & SC_ROLES_ALL & ~given;
}

/* ---- items: roles, clearances, numbers, then the records that may be set ---- */

/* Says, or may say, that something is dangerous. */
static bool endangers(const struct sc_record *rec)
{
    return rec->klass == SC_DANGER || rec->type == SC_R_HAZARD_PROGRESS ||
           rec->type == SC_R_HAZARD_ASSESS;
}

static bool lowers(const struct sc_record *rec)
{
    switch (rec->type) {
    case SC_R_HAZARD_DOWNGRADE:
    case SC_R_HAZARD_HANDBACK:
    case SC_R_HAZARD_EXTERNAL:
    case SC_R_HAZARD_UNLINK: return true;
    default: return rec->klass == SC_CLEARANCE;
    }
}

/* Authority records have their own rules (AUTHORITY.md). */
static bool settable(const struct sc_record *rec)
{
    return rec->fold == SC_FOLD_LWW || rec->fold == SC_FOLD_HAZARD;
}

static size_t clear_items(void)
{
    size_t n = 0;

    for (size_t i = 0; i < COUNT_OF(clears); i++)
        n += clears[i].count > 0 ? clears[i].count : 1;
    return n;
}

size_t sc_policy_items(void)
{
    const struct sc_record *rec;
    size_t n = SC_ROLE_COUNT + clear_items() + SC_PN_END;

    for (size_t i = 0; (rec = sc_record_at(i)) != NULL; i++)
        n += settable(rec);
    return n;
}

static void role_item(size_t bit, struct sc_policy_item *out)
{
    const struct sc_choice *c = &sc_choices_role[bit];

    out->kind = SC_PK_ROLE;
    out->at = bit;
    out->number = roles[bit].giver;
    out->min = SC_GV_ROOT;
    out->max = roles[bit].giver;
    out->abbr = roles[bit].abbr;
    out->floor = "giver";
    (void)snprintf(out->name, sizeof out->name, "role.%s", c->name);
    (void)snprintf(out->zh, sizeof out->zh, "%s", c->zh);
    (void)snprintf(out->en, sizeof out->en, "%s", c->en);
}

static void clear_item(size_t i, struct sc_policy_item *out)
{
    const struct clear_row *row = clears;
    unsigned n = 0;

    while (i >= (row->count > 0 ? row->count : 1u)) {
        i -= row->count > 0 ? row->count : 1u;
        row++;
    }
    n = (unsigned)i + 1;
    out->kind = SC_PK_CLEAR;
    out->at = row->count > 0 ? row->first + n : row->first;
    out->roles = LEVELLED;
    out->must = SC_ROLE_STREET;
    out->may = LEVELLED;
    out->level = clear_level(row, (uint8_t)n);
    out->level_min = out->level > SC_LV_OFFICER ? out->level - 1 : SC_LV_OFFICER;
    out->floor = "nobody-could";
    if (row->count > 0) {
        (void)snprintf(out->name, sizeof out->name, "clear.%s.%u", row->name, n);
        (void)snprintf(out->zh, sizeof out->zh, "%s %u", row->zh, n);
        (void)snprintf(out->en, sizeof out->en, "%s %u", row->en, n);
    } else {
        (void)snprintf(out->name, sizeof out->name, "clear.%s", row->name);
        (void)snprintf(out->zh, sizeof out->zh, "%s", row->zh);
        (void)snprintf(out->en, sizeof out->en, "%s", row->en);
    }
}

static void number_item(size_t i, struct sc_policy_item *out)
{
    out->kind = SC_PK_NUMBER;
    out->at = i;
    out->number = numbers[i].value;
    out->min = numbers[i].min;
    out->max = numbers[i].max;
    out->floor = numbers[i].floor;
    (void)snprintf(out->name, sizeof out->name, "%s", numbers[i].name);
    (void)snprintf(out->zh, sizeof out->zh, "%s", numbers[i].zh);
    (void)snprintf(out->en, sizeof out->en, "%s", numbers[i].en);
}

static void write_item(const struct sc_record *rec, struct sc_policy_item *out)
{
    out->kind = SC_PK_WRITE;
    out->at = sc_record_index(rec);
    out->roles = rec->writers;
    out->must = endangers(rec) ? rec->writers : rec->writers & SC_ROLE_STREET;
    out->may = lowers(rec) ? LEVELLED : SC_ROLES_ALL;
    if (rec->where == SC_IN_INTERNAL)
        out->may = SC_ROLE_STREET; /* nobody else has a key to that scope */
    out->floor = endangers(rec) ? "danger-freely" : "nobody-could";
    (void)snprintf(out->name, sizeof out->name, "write.%s", rec->name);
    (void)snprintf(out->zh, sizeof out->zh, "填写%s", rec->zh);
    (void)snprintf(out->en, sizeof out->en, "write: %s", rec->en);
}

void sc_policy_item(size_t i, struct sc_policy_item *out)
{
    const struct sc_record *rec = NULL;

    memset(out, 0, sizeof *out);
    if (i < SC_ROLE_COUNT) {
        role_item(i, out);
        return;
    }
    i -= SC_ROLE_COUNT;
    if (i < clear_items()) {
        clear_item(i, out);
        return;
    }
    i -= clear_items();
    if (i < SC_PN_END) {
        number_item(i, out);
        return;
    }
    i -= SC_PN_END;
    for (size_t k = 0; (rec = sc_record_at(k)) != NULL; k++)
        if (settable(rec) && i-- == 0)
            break;
    CR_ASSERT(rec != NULL);
    write_item(rec, out);
}

size_t sc_policy_item_find(struct cr_span name)
{
    struct sc_policy_item item;
    size_t n = sc_policy_items();

    for (size_t i = 0; i < n; i++) {
        sc_policy_item(i, &item);
        if (cr_span_equal(name, cr_span_text(item.name)))
            return i;
    }
    return SIZE_MAX;
}

/* ---- values ---- */

static void copy_text(struct cr_span s, char *out, size_t max)
{
    CR_ASSERT(s.n <= max);
    if (s.n > 0)
        memcpy(out, s.p, s.n);
    out[s.n] = '\0';
}

void sc_policy_default(size_t at, struct sc_policy_value *out)
{
    struct sc_policy_item item;

    sc_policy_item(at, &item);
    memset(out, 0, sizeof *out);
    out->item = at;
    out->roles = item.roles;
    out->level = item.level;
    out->number = item.number;
    if (item.kind == SC_PK_ROLE) {
        copy_text(cr_span_text(item.zh), out->zh, SC_POLICY_LABEL_MAX);
        copy_text(cr_span_text(item.en), out->en, SC_POLICY_LABEL_MAX);
        copy_text(cr_span_text(item.abbr), out->abbr, SC_POLICY_ABBR_MAX);
    }
}

/* The keys that a kind of value has, all of them. */
static bool has_key(enum sc_policy_kind kind, uint8_t key)
{
    switch (kind) {
    case SC_PK_ROLE:
        return key == SC_K_POLICY_ZH || key == SC_K_POLICY_EN || key == SC_K_POLICY_ABBR ||
               key == SC_K_POLICY_GIVER;
    case SC_PK_WRITE: return key == SC_K_POLICY_ROLES;
    case SC_PK_CLEAR: return key == SC_K_POLICY_ROLES || key == SC_K_LEVEL;
    case SC_PK_NUMBER: return key == SC_K_POLICY_NUMBER;
    }
    return false;
}

static bool fields_fit(const struct sc_policy_item *item, const struct sc_body *b)
{
    static const uint8_t keys[] = {SC_K_LEVEL,        SC_K_POLICY_ROLES, SC_K_POLICY_NUMBER,
                                   SC_K_POLICY_GIVER, SC_K_POLICY_ZH,    SC_K_POLICY_EN,
                                   SC_K_POLICY_ABBR};

    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (sc_body_get(b, keys[i])->present != has_key(item->kind, keys[i]))
            return false;
    return item->kind != SC_PK_ROLE ||
           (sc_body_get(b, SC_K_POLICY_ZH)->s.n > 0 && sc_body_get(b, SC_K_POLICY_EN)->s.n > 0 &&
            sc_body_get(b, SC_K_POLICY_ABBR)->s.n > 0);
}

/* Name of the limit that the value breaks, NULL none; *why in words. */
static const char *broken(const struct sc_policy_item *item, const struct sc_policy_value *v,
                          const char **why)
{
    uint8_t level_max = item->level > SC_LV_STREET ? item->level : SC_LV_STREET;

    *why = "out of range";
    if (item->kind == SC_PK_ROLE || item->kind == SC_PK_NUMBER)
        return v->number < item->min || v->number > item->max ? item->floor : NULL;
    if ((v->roles & ~item->may) != 0) {
        bool strict = item->kind == SC_PK_CLEAR || item->may == LEVELLED;

        *why = strict ? "a role that has no level" : "a role that cannot read that scope";
        return strict ? "clearance-strictly" : "value";
    }
    if ((v->roles & item->must) != item->must) {
        *why = "a role is missing that must stay";
        return item->floor;
    }
    if (item->kind != SC_PK_CLEAR)
        return NULL;
    if (v->level < item->level_min) {
        *why = "the level is too low";
        return "clearance-strictly";
    }
    *why = "the level is too high";
    return v->level > level_max ? "nobody-could" : NULL;
}

int sc_policy_decode(const struct sc_body *b, struct sc_policy_value *out, struct st_err *err)
{
    struct cr_span name = sc_body_get(b, SC_K_NAME)->s;
    struct sc_policy_item item;
    const char *limit, *why;
    size_t at = sc_policy_item_find(name);

    if (at == SIZE_MAX)
        return st_fail(err, ST_MALFORMED, "policy '%.*s': value: no such value", (int)name.n,
                       name.n > 0 ? (const char *)name.p : "");
    sc_policy_item(at, &item);
    if (!fields_fit(&item, b))
        return st_fail(err, ST_MALFORMED, "policy %s: value: fields missing or surplus", item.name);
    memset(out, 0, sizeof *out);
    out->item = at;
    out->from_ms = sc_body_get(b, SC_K_POLICY_FROM)->u;
    out->roles = (uint32_t)sc_body_get(b, SC_K_POLICY_ROLES)->u;
    out->level = (uint8_t)sc_body_get(b, SC_K_LEVEL)->u;
    out->number =
        sc_body_get(b, item.kind == SC_PK_ROLE ? SC_K_POLICY_GIVER : SC_K_POLICY_NUMBER)->u;
    copy_text(sc_body_get(b, SC_K_POLICY_ZH)->s, out->zh, SC_POLICY_LABEL_MAX);
    copy_text(sc_body_get(b, SC_K_POLICY_EN)->s, out->en, SC_POLICY_LABEL_MAX);
    copy_text(sc_body_get(b, SC_K_POLICY_ABBR)->s, out->abbr, SC_POLICY_ABBR_MAX);
    limit = broken(&item, out, &why);
    return limit == NULL ? ST_OK
                         : st_fail(err, ST_MALFORMED, "policy %s: %s: %s", item.name, limit, why);
}

static void put(struct sc_body *b, uint8_t key, struct sc_value v)
{
    v.present = true;
    b->v[sc_field_index(b->rec, key)] = v;
}

void sc_policy_body(const struct sc_policy_value *v, struct sc_policy_item *item,
                    struct sc_body *out)
{
    sc_policy_item(v->item, item);
    memset(out, 0, sizeof *out);
    out->rec = sc_record_find(SC_R_POLICY);
    put(out, SC_K_NAME, (struct sc_value){.s = cr_span_text(item->name)});
    put(out, SC_K_POLICY_FROM, (struct sc_value){.u = v->from_ms});
    if (has_key(item->kind, SC_K_POLICY_ROLES))
        put(out, SC_K_POLICY_ROLES, (struct sc_value){.u = v->roles});
    if (has_key(item->kind, SC_K_LEVEL))
        put(out, SC_K_LEVEL, (struct sc_value){.u = v->level});
    if (has_key(item->kind, SC_K_POLICY_NUMBER))
        put(out, SC_K_POLICY_NUMBER, (struct sc_value){.u = v->number});
    if (item->kind != SC_PK_ROLE)
        return;
    put(out, SC_K_POLICY_GIVER, (struct sc_value){.u = v->number});
    put(out, SC_K_POLICY_ZH, (struct sc_value){.s = cr_span_text(v->zh)});
    put(out, SC_K_POLICY_EN, (struct sc_value){.s = cr_span_text(v->en)});
    put(out, SC_K_POLICY_ABBR, (struct sc_value){.s = cr_span_text(v->abbr)});
}

int sc_policy_check(const struct sc_body *body, uint64_t schema_version, struct st_err *err)
{
    struct sc_policy_value v;

    /* A value of a later version: kept and passed on, without effect until this program knows it.
     */
    if (schema_version > body->rec->version &&
        sc_policy_item_find(sc_body_get(body, SC_K_NAME)->s) == SIZE_MAX)
        return ST_OK;
    return sc_policy_decode(body, &v, err);
}
