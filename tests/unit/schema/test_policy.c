/* Values of policy: defaults, limits, and the value of a moment against a plain look through. */
#include "tests/unit/schema/support.h"

#include "tests/lib/mutate.h"
#include "tests/lib/oom.h"
#include "tests/lib/prng.h"

#include "schema/record_table.h"
#include "schema/why.h"

#include <stdio.h>
#include <string.h>

#define SEEDS   400
#define ENTRIES 24

static size_t item_of(const char *name)
{
    size_t i = sc_policy_item_find(cr_span_text(name));

    if (i == SIZE_MAX)
        ts_fail("no value %s", name);
    return i;
}

static void body_of(const struct sc_policy_value *v, struct cr_buf *out)
{
    struct sc_policy_item item;
    struct sc_body body;
    struct st_err err = {0};

    sc_policy_body(v, &item, &body);
    if (sc_body_encode(&body, true, out, &err) != ST_OK)
        ts_fail("%s: %s", item.name, err.msg);
}

/* Each value has a name of its own, a default that would be accepted, and texts in both languages;
 * rules of defaults are what NULL stands for. */
static void test_policy__items(void **state)
{
    struct sc_policy_item item;
    struct sc_policy_value v, again;
    struct sc_rules rules;
    struct sc_body body;
    struct st_err err = {0};

    (void)state;
    for (size_t i = 0; i < sc_policy_items(); i++) {
        sc_policy_default(i, &v);
        sc_policy_body(&v, &item, &body);
        assert_int_equal(sc_policy_item_find(cr_span_text(item.name)), i);
        assert_true(item.zh[0] != '\0' && item.en[0] != '\0');
        assert_true((item.roles & item.must) == item.must);
        assert_true((item.roles & ~item.may) == 0);
        if (sc_policy_decode(&body, &again, &err) != ST_OK)
            ts_fail("%s", err.msg);
        assert_memory_equal(&v, &again, sizeof v);
    }
    assert_int_equal(sc_policy_item_find(cr_span_text("write.cert")), SIZE_MAX);
    assert_int_equal(sc_policy_item_find(cr_span_text("write.policy")), SIZE_MAX);
    sc_rules_default(&rules);
    for (uint32_t roles = 0; roles <= SC_ROLES_ALL; roles++) {
        enum sc_level level = sc_level_of_roles(roles);

        for (int max = 1; max <= 5; max++) {
            enum sc_clear first = max == 5 ? SC_CL_HANDBACK : SC_CL_PASS;

            assert_int_equal(sc_rules_power(NULL, first, (uint8_t)max, roles),
                             (int)level < max ? (int)level : max);
            assert_int_equal(sc_rules_power(&rules, first, (uint8_t)max, roles),
                             (int)level < max ? (int)level : max);
        }
        assert_int_equal(sc_rules_may_clear(&rules, SC_CL_EMERGENCY, roles), level >= 4);
        assert_int_equal(sc_rules_may_clear(NULL, SC_CL_EXTEND, roles), level >= 2);
    }
    for (uint8_t n = 1; n <= 4; n++) {
        assert_int_equal(sc_rules_level(NULL, SC_CL_VOID, n), n);
        assert_int_equal(sc_rules_level(&rules, SC_CL_VOID, n), n);
    }
}

struct refused {
    const char *name, *why;
    uint32_t roles;
    uint8_t level;
    uint64_t number;
};

/* What no policy may do is refused, and the reason names the invariant. */
static void test_policy__limits(void **state)
{
    static const uint32_t s = SC_ROLE_STREET;
    static const struct refused rows[] = {
        {"write.hazard-report", "danger-freely", SC_ROLE_STREET, 0, 0},
        {"write.hazard-emergency", "danger-freely", SC_ROLES_ALL ^ SC_ROLE_PUBLIC, 0, 0},
        {"write.hazard-reopen", "danger-freely", SC_ROLES_ALL ^ SC_ROLE_OWNER, 0, 0},
        {"write.hazard-fail", "danger-freely", SC_ROLE_STREET | SC_ROLE_VILLAGE, 0, 0},
        {"write.hazard-progress", "danger-freely", SC_ROLES_ALL ^ SC_ROLE_OFFICER, 0, 0},
        {"write.hazard-pass", "clearance-strictly", s | SC_ROLE_PUBLIC, 0, 0},
        {"write.hazard-void", "clearance-strictly", s | SC_ROLE_OWNER, 0, 0},
        {"write.hazard-downgrade", "clearance-strictly", s | SC_ROLE_POLICE, 0, 0},
        {"write.hazard-pass", "nobody-could", SC_ROLE_OFFICER, 0, 0},
        {"write.hazard-handback", "nobody-could", 0, 0, 0},
        {"write.notice", "nobody-could", SC_ROLE_VILLAGE, 0, 0},
        {"clear.pass.1", "clearance-strictly", s | SC_ROLE_PUBLIC, 1, 0},
        {"clear.alone", "clearance-strictly", s | SC_ROLE_OWNER, 1, 0},
        {"clear.pass.1", "clearance-strictly", s, 0, 0},
        {"clear.pass.3", "clearance-strictly", s, 1, 0},
        {"clear.void.4", "clearance-strictly", s, 2, 0},
        {"clear.emergency", "clearance-strictly", s, 2, 0},
        {"clear.pass.2", "nobody-could", SC_ROLE_VILLAGE | SC_ROLE_CHIEF, 2, 0},
        {"clear.pass.4", "nobody-could", SC_ROLE_DISTRICT, 4, 0},
        {"clear.pass.4", "nobody-could", s | SC_ROLE_DISTRICT, 5, 0},
        {"second-from", "second-person", 0, 0, 3},
        {"second-from", "second-person", 0, 0, 0},
        {"severity-new", "clearance-strictly", 0, 0, 1},
        {"role.street", "giver", 0, 0, SC_GV_VILLAGE},
        {"role.police", "giver", 0, 0, SC_GV_VILLAGE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sc_policy_value v, out;
        struct sc_policy_item item;
        struct sc_body body;
        struct st_err err = {0};
        char wanted[100];

        sc_policy_default(item_of(rows[i].name), &v);
        v.roles = rows[i].roles;
        v.level = rows[i].level;
        v.number = rows[i].number;
        sc_policy_body(&v, &item, &body);
        (void)snprintf(wanted, sizeof wanted, "policy %s: %s:", rows[i].name, rows[i].why);
        if (sc_policy_decode(&body, &out, &err) != ST_MALFORMED ||
            strncmp(err.msg, wanted, strlen(wanted)) != 0)
            ts_fail("%s: '%s' instead of '%s'", rows[i].name, err.msg, wanted);
        assert_int_equal(sc_policy_check(&body, 1, NULL), ST_MALFORMED);
    }
}

/* A value has the fields of its kind, no others; an unknown name is refused from this version on
 * and kept from a later one. */
static void test_policy__form(void **state)
{
    static const char *const names[] = {"role.officer", "write.place", "clear.pass.2",
                                        "second-from"};
    static const uint8_t keys[] = {SC_K_LEVEL,        SC_K_POLICY_ROLES, SC_K_POLICY_NUMBER,
                                   SC_K_POLICY_GIVER, SC_K_POLICY_ZH,    SC_K_POLICY_EN,
                                   SC_K_POLICY_ABBR};
    struct sc_policy_value v, out;
    struct sc_policy_item item;
    struct sc_body body;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        sc_policy_default(item_of(names[i]), &v);
        for (size_t k = 0; k < COUNT(keys); k++) {
            struct sc_value *field;

            sc_policy_body(&v, &item, &body);
            field = &body.v[sc_field_index(body.rec, keys[k])];
            field->present = !field->present;
            if (field->s.p == NULL)
                field->s = cr_span_text("x");
            assert_int_equal(sc_policy_decode(&body, &out, NULL), ST_MALFORMED);
        }
    }
    sc_policy_body(&v, &item, &body);
    body.v[sc_field_index(body.rec, SC_K_NAME)].s = cr_span_text("write.drone");
    assert_int_equal(sc_policy_check(&body, body.rec->version, NULL), ST_MALFORMED);
    ts_assert_ok(sc_policy_check(&body, body.rec->version + 1, NULL));
}

static void mutant(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct sc_policy_value v;
    struct sc_payload payload;
    struct sc_body body;
    struct cr_buf again;
    struct st_err err = {0};

    (void)ctx;
    (void)index;
    if (sc_record_check(cr_span_of(p, n), &payload, &body, &err) != ST_OK || body.rec == NULL ||
        body.rec->type != SC_R_POLICY || payload.schema_version != body.rec->version)
        return;
    cr_buf_init(&again, 4096);
    ts_assert_ok(sc_policy_decode(&body, &v, &err)); /* what was checked decodes */
    body_of(&v, &again);
    cr_buf_release(&again);
}

/* Damaged payloads are refused or decode to a value that could have been written. */
static void test_policy__damage(void **state)
{
    static const char *const names[] = {"role.chief", "write.visit", "clear.void.3", "second-from"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct sc_policy_value v;
        struct sc_payload p = {.type = SC_R_POLICY, .schema_version = 1};
        struct cr_buf body, payload;

        cr_buf_init(&body, 4096);
        cr_buf_init(&payload, 4096);
        sc_policy_default(item_of(names[i]), &v);
        v.from_ms = UINT64_C(1767225600000);
        body_of(&v, &body);
        p.body = cr_buf_span(&body);
        ts_assert_ok(sc_payload_encode(&p, &payload));
        mutant(NULL, payload.p, payload.n, 0);
        ts_each_prefix(payload.p, payload.n, mutant, NULL);
        ts_each_bit_flip(payload.p, payload.n, mutant, NULL);
        cr_buf_release(&payload);
        cr_buf_release(&body);
    }
}

static void random_entry(struct ts_prng *rng, size_t i, struct sc_policy_entry *e)
{
    static const char *const names[] = {"clear.pass.1", "clear.pass.2", "write.place",
                                        "second-from", "role.chief"};
    struct sc_policy_item item;

    memset(e, 0, sizeof *e);
    e->entry_id.b[0] = (uint8_t)(i + 1);
    e->author.b[0] = (uint8_t)ts_prng_below(rng, 2);
    e->lamport = ts_prng_below(rng, 4);
    e->wall_ms = ts_prng_below(rng, 6) * 10;
    e->counts = ts_prng_chance(rng, 80, 100);
    sc_policy_default(item_of(names[ts_prng_below(rng, COUNT(names))]), &e->value);
    e->value.from_ms = ts_prng_below(rng, 10) * 10;
    sc_policy_item(e->value.item, &item);
    e->value.level = (uint8_t)ts_prng_range(rng, item.level_min, 4);
    e->value.roles = SC_ROLE_STREET | 1u << ts_prng_below(rng, 4);
    if (item.max > 0)
        e->value.number = ts_prng_range(rng, item.min, item.max);
}

/* The rules of a moment say what the entry found by looking through all of them says. */
static void check_moment(struct sc_policy *p, uint64_t wall_ms, uint64_t seed)
{
    const struct sc_rules *rules = sc_policy_at(p, wall_ms);
    struct sc_policy_item item;
    struct sc_policy_value v;

    for (size_t i = 0; i < sc_policy_items(); i++) {
        const struct sc_policy_entry *e = sc_policy_find(p, i, wall_ms);
        bool good = false;

        sc_policy_item(i, &item);
        sc_policy_default(i, &v);
        if (e != NULL)
            v = e->value;
        switch (item.kind) {
        case SC_PK_ROLE:
            good = rules == NULL ? e == NULL : rules->giver[item.at] == v.number;
            break;
        case SC_PK_WRITE: good = sc_rules_writers(rules, sc_record_at(item.at)) == v.roles; break;
        case SC_PK_CLEAR:
            good = sc_rules_clear(rules, (enum sc_clear)item.at).roles == v.roles &&
                   sc_rules_clear(rules, (enum sc_clear)item.at).level == v.level;
            break;
        case SC_PK_NUMBER:
            good = sc_rules_number(rules, (enum sc_policy_number)item.at) == v.number;
            break;
        }
        if (!good)
            ts_fail("seed %d: %s at %d", (int)seed, item.name, (int)wall_ms);
    }
}

static bool same_rules(const struct sc_rules *a, const struct sc_rules *b)
{
    struct sc_rules none;

    sc_rules_default(&none);
    a = a != NULL ? a : &none;
    b = b != NULL ? b : &none;
    return memcmp(a->writers, b->writers, sizeof a->writers) == 0 &&
           memcmp(a->giver, b->giver, sizeof a->giver) == 0 &&
           memcmp(a->number, b->number, sizeof a->number) == 0 &&
           memcmp(a->clear, b->clear, sizeof a->clear) == 0;
}

/* Any order, any batches, entries that come to count or cease to: the same rules at every moment,
 * and no answer before what settling names has changed. */
static void test_policy__any_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sc_policy *p = sc_policy_new(), *q = sc_policy_new();
        struct sc_policy_entry e[ENTRIES];
        struct ts_prng rng;
        uint64_t from;

        ts_prng_init(&rng, seed);
        assert_true(p != NULL && q != NULL);
        for (size_t i = 0; i < ENTRIES; i++) {
            random_entry(&rng, i, &e[i]);
            ts_assert_ok(sc_policy_add(p, &e[i]));
        }
        ts_assert_ok(sc_policy_settle(p, &from));
        for (size_t i = ENTRIES; i-- > 0;) {
            struct sc_rules before[11];
            size_t at = sc_policy_count(q);

            for (uint64_t t = 0; t <= 10; t++) {
                const struct sc_rules *r = sc_policy_at(q, t * 10);

                if (r != NULL)
                    before[t] = *r;
                else
                    sc_rules_default(&before[t]);
            }
            bool counts = e[i].counts;
            e[i].counts = !counts; /* first wrongly, then as it is */
            ts_assert_ok(sc_policy_add(q, &e[i]));
            e[i].counts = counts;
            ts_assert_ok(sc_policy_add(q, &e[i])); /* again: no effect */
            assert_int_equal(sc_policy_count(q), at + 1);
            if (ts_prng_chance(&rng, 1, 2))
                ts_assert_ok(sc_policy_settle(q, &from));
            sc_policy_stand(q, at, counts);
            uint64_t more;
            ts_assert_ok(sc_policy_settle(q, &more));
            for (uint64_t t = 0; t <= 10; t++)
                if (t * 10 < sc_policy_from(&e[i]))
                    assert_true(same_rules(sc_policy_at(q, t * 10), &before[t]));
            ts_assert_ok(sc_policy_settle(q, &from));
            assert_true(from == UINT64_MAX);
        }
        for (uint64_t t = 0; t < 110; t += 5) {
            check_moment(p, t, seed);
            assert_true(same_rules(sc_policy_at(p, t), sc_policy_at(q, t)));
        }
        sc_policy_free(p);
        sc_policy_free(q);
    }
}

/* A record speaks from its own time on at the earliest, and for ever unless a later one does. */
static void test_policy__moments(void **state)
{
    struct sc_policy *p = sc_policy_new();
    struct sc_policy_entry e = {.wall_ms = 100, .counts = true};
    uint64_t from;

    (void)state;
    assert_null(sc_policy_at(NULL, 5));
    sc_policy_default(item_of("second-from"), &e.value);
    e.value.number = 1;
    e.value.from_ms = 50; /* in the past of its writing: from 100 on */
    ts_assert_ok(sc_policy_add(p, &e));
    ts_assert_ok(sc_policy_settle(p, &from));
    assert_int_equal(from, 100);
    assert_null(sc_policy_at(p, 99));
    assert_int_equal(sc_rules_number(sc_policy_at(p, 100), SC_PN_SECOND_FROM), 1);
    assert_int_equal(sc_rules_number(sc_policy_at(p, UINT64_MAX), SC_PN_SECOND_FROM), 1);
    e.value.number = 2;
    e.value.from_ms = 300;
    e.entry_id.b[0] = 1;
    ts_assert_ok(sc_policy_add(p, &e));
    ts_assert_ok(sc_policy_settle(p, &from));
    assert_int_equal(from, 300);
    assert_int_equal(sc_rules_number(sc_policy_at(p, 299), SC_PN_SECOND_FROM), 1);
    assert_int_equal(sc_rules_number(sc_policy_at(p, 300), SC_PN_SECOND_FROM), 2);
    sc_policy_stand(p, 0, false);
    ts_assert_ok(sc_policy_settle(p, &from));
    assert_int_equal(from, 100);
    assert_null(sc_policy_at(p, 299));
    sc_policy_free(p);
}

/* Roles that a village gave do not clear when the street keeps the giving to itself. */
static void test_policy__givers(void **state)
{
    struct sc_rules rules;
    uint32_t by[SC_GIVERS] = {0, SC_ROLE_OFFICER, SC_ROLE_CHIEF, SC_ROLE_CHIEF | SC_ROLE_VILLAGE};
    struct sc_fact f = {.roles = SC_ROLE_CHIEF, .barred = SC_ROLE_CHIEF};

    (void)state;
    assert_int_equal(sc_rules_barred(NULL, by), 0);
    sc_rules_default(&rules);
    assert_int_equal(sc_rules_barred(&rules, by), 0);
    rules.giver[1] = SC_GV_STREET;
    rules.giver[2] = SC_GV_STREET;
    assert_int_equal(sc_rules_barred(&rules, by), SC_ROLE_VILLAGE);
    rules.giver[2] = SC_GV_ROOT;
    assert_int_equal(sc_rules_barred(&rules, by), SC_ROLE_VILLAGE | SC_ROLE_CHIEF);
    assert_false(sc_fact_may_write(&f, sc_record_find(SC_R_HAZARD_PASS)));
    assert_false(sc_fact_may_write(&f, sc_record_find(SC_R_PLACE)));
    assert_true(sc_fact_may_write(&f, sc_record_find(SC_R_HAZARD_FAIL)));
    assert_true(sc_fact_may_write(&f, sc_record_find(SC_R_HAZARD_ESCALATE)));
    assert_true(sc_fact_may_write(&f, sc_record_find(SC_R_HAZARD_ASSESS)));
}

/* Anybody ends an own log and adopts own entries; about others only those above write. */
static void test_policy__own_key(void **state)
{
    static const uint32_t above = SC_ROLE_ROOT | SC_ROLE_STREET | SC_ROLE_VILLAGE;
    struct cr_sign_pk own = {{1}}, other = {{2}};
    struct sc_body cut = {.rec = sc_record_find(SC_R_CUT)},
                   adopt = {.rec = sc_record_find(SC_R_ADOPT)};
    struct sc_value *mode = &cut.v[sc_field_index(cut.rec, SC_K_CUT_MODE)];

    (void)state;
    cut.v[sc_field_index(cut.rec, SC_K_CUT_SUBJECT)] =
        (struct sc_value){.present = true, .s = cr_span_of(own.b, sizeof own.b)};
    adopt.v[sc_field_index(adopt.rec, SC_K_ADOPT_SUBJECT)] =
        (struct sc_value){.present = true, .s = cr_span_of(own.b, sizeof own.b)};
    mode->present = true;
    mode->u = 3; /* retire */
    assert_int_equal(sc_rules_writers_of(NULL, &cut, &own), SC_ROLES_ALL | SC_ROLE_ROOT);
    assert_int_equal(sc_rules_writers_of(NULL, &cut, &other), above);
    mode->u = 1; /* revoke */
    assert_int_equal(sc_rules_writers_of(NULL, &cut, &own), 0);
    assert_int_equal(sc_rules_writers_of(NULL, &adopt, &own), SC_ROLES_ALL | SC_ROLE_ROOT);
    assert_int_equal(sc_rules_writers_of(NULL, &adopt, &other), above);
}

/* The pinned payloads decode to the values they stand for, and those encode to them again. */
static void test_policy__golden(void **state)
{
    static const struct {
        const char *hex, *name;
        struct sc_policy_value v;
    } rows[] = {
        {golden_policy_clear, "clear.pass.2", {.roles = 0x43, .level = 3}},
        {golden_policy_write, "write.place", {.roles = 0x1f}},
        {golden_policy_number, "second-from", {.number = 1}},
        {golden_policy_role,
         "role.chief",
         {.number = 2, .zh = "片长", .en = "Area chief", .abbr = "AC"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[GOLDEN_BYTES];
        struct cr_span payload = unhex(rows[i].hex, bytes);
        struct sc_policy_value wanted = rows[i].v, v;
        struct sc_payload p;
        struct sc_body body;
        struct cr_buf again;
        struct st_err err = {0};

        wanted.item = item_of(rows[i].name);
        wanted.from_ms = UINT64_C(1735689600000);
        ts_assert_ok(sc_record_check(payload, &p, &body, &err));
        ts_assert_ok(sc_policy_decode(&body, &v, &err));
        assert_memory_equal(&v, &wanted, sizeof v);
        if (i == 0) /* with a basis, which is no part of the value */
            continue;
        cr_buf_init(&again, 4096);
        body_of(&v, &again);
        assert_true(cr_span_equal(cr_buf_span(&again), p.body));
        cr_buf_release(&again);
    }
}

/* Every value and its text stand for each other; what is left out stays; damage is named or parses
 * to something that fits its bounds. */
static void test_policy__text(void **state)
{
    struct sc_policy_value v, again;
    char text[SC_POLICY_TEXT_MAX], other[SC_POLICY_TEXT_MAX];
    struct ts_prng r;

    (void)state;
    ts_prng_init(&r, 5);
    for (size_t i = 0; i < sc_policy_items(); i++) {
        sc_policy_default(i, &v);
        sc_policy_value_text(&v, text);
        memset(&again, 0, sizeof again);
        again.item = i;
        ts_assert_ok(sc_policy_value_parse(text, &again, NULL));
        assert_memory_equal(&again, &v, sizeof v);
        for (size_t n = 0; n < 300; n++) {
            size_t length = strlen(text);

            memcpy(other, text, sizeof other);
            if (ts_prng_chance(&r, 1, 3))
                other[ts_prng_below(&r, length + 1)] = '\0';
            else
                other[ts_prng_below(&r, length)] = (char)(1 + ts_prng_below(&r, 255));
            again = v;
            if (sc_policy_value_parse(other, &again, NULL) != ST_OK)
                continue;
            assert_true((again.roles & ~(uint32_t)SC_ROLES_ALL) == 0);
            assert_true(again.level <= SC_LV_DISTRICT);
            assert_non_null(memchr(again.zh, 0, sizeof again.zh));
            assert_true(cr_utf8_valid((const uint8_t *)again.zh, strlen(again.zh)));
        }
    }
}

static void refused(const char *name, const char *text, const char *what)
{
    struct st_err err = {0};
    struct sc_policy_value v;

    sc_policy_default(item_of(name), &v);
    assert_int_equal(sc_policy_value_parse(text, &v, &err), ST_USAGE);
    if (strstr(err.msg, what) == NULL)
        ts_fail("%s = %s: '%s' does not name '%s'", name, text, err.msg, what);
}

static void test_policy__text_parts(void **state)
{
    char text[SC_POLICY_TEXT_MAX], label[SC_POLICY_LABEL_MAX + 2];
    struct sc_policy_value v;

    (void)state;
    sc_policy_default(item_of("clear.pass.2"), &v);
    ts_assert_ok(sc_policy_value_parse("village,street", &v, NULL));
    sc_policy_value_text(&v, text);
    assert_string_equal(text, "street,village:chief");
    ts_assert_ok(sc_policy_value_parse("street:street", &v, NULL));
    assert_int_equal(v.level, SC_LV_STREET);
    sc_policy_default(item_of("role.chief"), &v);
    ts_assert_ok(sc_policy_value_parse("片长//AC", &v, NULL));
    sc_policy_value_text(&v, text);
    assert_string_equal(text, "片长/Grid chief/AC/village");
    ts_assert_ok(sc_policy_value_parse("///root", &v, NULL));
    assert_int_equal(v.number, SC_GV_ROOT);
    refused("clear.pass.2", "", "role");
    refused("clear.pass.2", "street,", "role ''");
    refused("clear.pass.2", "street,mayor:chief", "mayor");
    refused("clear.pass.2", "street:none", "none");
    refused("clear.pass.2", "street:chief:chief", "chief:chief");
    refused("write.place", "street:chief", "street:chief");
    refused("second-from", "two", "two");
    refused("second-from", "99999999999999999999", "digits");
    refused("role.chief", "a/b/c/root/e", "ZH/EN/ABBR/GIVER");
    refused("role.chief", "a/b/c/mayor", "mayor");
    refused("role.chief", "\033[31m", "control");
    refused("role.chief", "\xff", "UTF-8");
    refused("role.chief", "//12345678901234567", "at most 16");
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    refused("role.chief", label, "at most 64");
}

/* Each reason that an entry can be held for has words, and roles give the nearest one. */
static void test_policy__reasons(void **state)
{
    const struct sc_record *pass = sc_record_find(SC_R_HAZARD_PASS);
    struct sc_fact f = {0};

    (void)state;
    for (int i = 0; i < SC_WHY_END; i++) {
        struct sc_label l = sc_why_label((enum sc_why)i);

        assert_true(l.name[0] != '\0' && l.zh[0] != '\0' && l.en[0] != '\0');
    }
    assert_string_equal(sc_why_title(SC_WHY_ROLE, pass).zh, "无权销案");
    assert_string_equal(sc_why_title(SC_WHY_WINDOW, sc_record_find(SC_R_PLACE)).zh, "无权填写");
    assert_string_equal(sc_why_title(SC_WHY_GRID, NULL).name, "may-not-write");
    assert_string_equal(sc_why_title(SC_WHY_CUT, pass).zh, "不计入");
    assert_string_equal(sc_why_title(SC_WHY_QUARANTINE, pass).zh, "不计入");
    for (int s = SC_COUNTS; s <= SC_HELD_RETIRED; s++)
        assert_int_equal(sc_why_standing((enum sc_standing)s) == SC_WHY_COUNTS,
                         sc_standing_counts((enum sc_standing)s));
    assert_int_equal(sc_why_roles(&f, pass, SC_NR_UNKNOWN), SC_WHY_UNCERTIFIED);
    assert_int_equal(sc_why_roles(&f, pass, SC_NR_GRID), SC_WHY_GRID);
    assert_int_equal(sc_why_roles(&f, pass, SC_NR_WINDOW), SC_WHY_WINDOW);
    f.roles = SC_ROLE_OWNER;
    assert_int_equal(sc_why_roles(&f, pass, SC_NR_NONE), SC_WHY_ROLE);
    f.roles = SC_ROLE_OFFICER;
    assert_int_equal(sc_why_roles(&f, pass, SC_NR_NONE), SC_WHY_COUNTS);
    f.barred = SC_ROLE_OFFICER;
    assert_int_equal(sc_why_roles(&f, pass, SC_NR_NONE), SC_WHY_GIVER);
}

static int work(void *ctx)
{
    struct sc_policy *p = sc_policy_new();
    struct sc_policy_entry e = {.counts = true};
    uint64_t from;
    int rc = p == NULL ? ST_NOMEM : ST_OK;

    (void)ctx;
    sc_policy_default(0, &e.value);
    for (uint8_t i = 0; rc == ST_OK && i < 20; i++) {
        e.entry_id.b[0] = i;
        e.value.from_ms = i;
        rc = sc_policy_add(p, &e);
        if (rc == ST_OK && i % 8 == 0)
            rc = sc_policy_settle(p, &from);
    }
    if (rc == ST_OK)
        rc = sc_policy_settle(p, &from);
    sc_policy_free(p);
    return rc;
}

/* Out of memory anywhere is said, and nothing leaks. */
static void test_policy__no_memory(void **state)
{
    (void)state;
    assert_true(ts_oom_sweep(work, NULL) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy__items),      cmocka_unit_test(test_policy__limits),
        cmocka_unit_test(test_policy__form),       cmocka_unit_test(test_policy__damage),
        cmocka_unit_test(test_policy__any_order),  cmocka_unit_test(test_policy__moments),
        cmocka_unit_test(test_policy__givers),     cmocka_unit_test(test_policy__own_key),
        cmocka_unit_test(test_policy__golden),     cmocka_unit_test(test_policy__reasons),
        cmocka_unit_test(test_policy__no_memory),  cmocka_unit_test(test_policy__text),
        cmocka_unit_test(test_policy__text_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
