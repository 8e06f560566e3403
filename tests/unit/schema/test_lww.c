#include "schema/fact.h"
#include "tests/lib/oom.h"
#include "tests/lib/prng.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#define WRITES_MAX 8
#define GRID       UINT64_C(500118003202001)

/* One write of a place: which fields, by whom, after which writes. */
struct write {
    uint64_t lamport;
    uint32_t roles;
    const char *after;
    const char *name; /* NULL: not named */
    uint64_t floors;  /* 0: not named */
    const char *address;
};

struct lww_kit {
    struct sc_fact facts[WRITES_MAX];
    struct sc_id parents[WRITES_MAX][WRITES_MAX];
    struct cr_buf body[WRITES_MAX];
    size_t n;
};

static struct sc_value *value(struct sc_body *b, const char *field)
{
    const struct sc_field *f = sc_field_by_name(b->rec, field);
    struct sc_value *v = &b->v[sc_field_index(b->rec, f->key)];
    v->present = true;
    return v;
}

static void fill(struct lww_kit *k, const struct write *w, bool creates)
{
    struct sc_body b = {.rec = sc_record_find(SC_R_PLACE)};
    struct sc_fact *f = &k->facts[k->n];
    cr_buf_init(&k->body[k->n], 4096);
    if (creates) {
        value(&b, "grid")->u = GRID;
        value(&b, "kind")->u = 1;
    }
    if (w->name != NULL)
        value(&b, "name")->s = cr_span_text(w->name);
    if (w->address != NULL)
        value(&b, "address")->s = cr_span_text(w->address);
    if (w->floors != 0)
        value(&b, "floors")->u = w->floors;
    ts_assert_ok(sc_body_encode(&b, creates, &k->body[k->n], NULL));
    *f = (struct sc_fact){.type = SC_R_PLACE, .roles = w->roles, .lamport = w->lamport};
    f->schema_version = 1;
    f->creates = creates;
    f->entry_id.b[0] = f->author.b[0] = (uint8_t)(k->n + 1);
    f->body = cr_buf_span(&k->body[k->n]);
    f->parents = k->parents[k->n];
    for (const char *c = w->after; *c != '\0'; c++)
        k->parents[k->n][f->parent_count++].b[0] = (uint8_t)(*c - '0' + 1);
    k->n++;
}

static void kit_make(struct lww_kit *k, const struct write *w)
{
    memset(k, 0, sizeof(*k));
    for (size_t i = 0; i < WRITES_MAX && w[i].lamport != 0; i++)
        fill(k, &w[i], i == 0);
}

static void kit_drop(struct lww_kit *k)
{
    for (size_t i = 0; i < k->n; i++)
        cr_buf_release(&k->body[i]);
}

#define V SC_ROLE_VILLAGE
#define O SC_ROLE_OFFICER

static const struct row {
    const char *label;
    struct write writes[WRITES_MAX];
    const char *name;
    uint64_t floors;
    const char *address; /* NULL: absent */
    bool contested;
} rows[] = {
    {"one write", {{1, O, "", "shop", 2, NULL}}, "shop", 2, NULL, false},
    {"a later write of one field keeps the others",
     {{1, O, "", "shop", 2, "road 1"}, {2, V, "0", NULL, 3, NULL}},
     "shop",
     3,
     "road 1",
     false},
    {"cause beats lamport of what it replaced",
     {{1, O, "", "shop", 2, NULL}, {9, O, "0", "a", 0, NULL}, {10, V, "1", "b", 0, NULL}},
     "b",
     2,
     NULL,
     false},
    {"concurrent different values: the later in order shows, contested",
     {{1, O, "", "shop", 2, NULL}, {2, O, "0", "a", 0, NULL}, {3, V, "0", "b", 0, NULL}},
     "b",
     2,
     NULL,
     true},
    {"concurrent equal values are not contested",
     {{1, O, "", "shop", 2, NULL}, {2, O, "0", "a", 0, NULL}, {3, V, "0", "a", 0, NULL}},
     "a",
     2,
     NULL,
     false},
    {"concurrent writes of different fields both show",
     {{1, O, "", "shop", 2, NULL}, {2, O, "0", "a", 0, NULL}, {2, V, "0", NULL, 7, "road 2"}},
     "a",
     7,
     "road 2",
     false},
    {"a contest ends when somebody who saw both decides",
     {{1, O, "", "shop", 2, NULL},
      {2, O, "0", "a", 0, NULL},
      {3, V, "0", "b", 0, NULL},
      {4, V, "12", "a", 0, NULL}},
     "a",
     2,
     NULL,
     false},
    {"ties of lamport by author",
     {{1, O, "", "shop", 2, NULL}, {2, V, "0", "a", 0, NULL}, {2, O, "0", "b", 0, NULL}},
     "b",
     2,
     NULL,
     true},
    {"roles that may not write do not count",
     {{1, O, "", "shop", 2, NULL}, {2, SC_ROLE_OWNER, "0", "a", 0, NULL}, {3, 0, "0", "b", 9, "x"}},
     "shop",
     2,
     NULL,
     false},
    {"a write whose ancestors are missing shows",
     {{1, O, "", "shop", 2, NULL}, {2, V, "9", "a", 0, NULL}},
     "a",
     2,
     NULL,
     true},
};

static bool shows(const struct sc_lww *out, const char *field, const char *wanted)
{
    const struct sc_field *f = sc_field_by_name(out->body.rec, field);
    size_t i = sc_field_index(out->body.rec, f->key);
    const struct sc_value *v = &out->body.v[i];
    if (wanted == NULL)
        return !v->present && out->winner[i] == SIZE_MAX;
    return v->present && cr_span_equal(v->s, cr_span_text(wanted)) && out->winner[i] < WRITES_MAX;
}

static void check(const struct row *r, const struct sc_lww *out)
{
    size_t floors = sc_field_index(out->body.rec, 32);
    if (!out->any || !shows(out, "name", r->name) || !shows(out, "address", r->address) ||
        out->body.v[floors].u != r->floors || out->contested != r->contested)
        ts_fail("%s", r->label);
}

/* What each set of writes shows, forwards, backwards and with copies. */
static void test_lww__table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lww_kit k;
        struct sc_lww out;
        struct sc_fact turned[2 * WRITES_MAX];
        kit_make(&k, rows[i].writes);
        ts_assert_ok(sc_lww_fold(sc_record_find(SC_R_PLACE), k.facts, k.n, &out));
        check(&rows[i], &out);
        for (size_t j = 0; j < 2 * k.n; j++)
            turned[j] = k.facts[k.n - 1 - j % k.n];
        ts_assert_ok(sc_lww_fold(sc_record_find(SC_R_PLACE), turned, 2 * k.n, &out));
        for (size_t f = 0; f < SC_BODY_FIELDS_MAX; f++)
            if (out.winner[f] != SIZE_MAX)
                out.winner[f] %= k.n;
        check(&rows[i], &out);
        kit_drop(&k);
    }
}

/* Other types, erased payloads and bodies that do not decode count for nothing. */
static void test_lww__nothing_counts(void **state)
{
    static const struct write one[] = {{1, O, "", "shop", 2, NULL}, {.lamport = 0}};
    struct lww_kit k;
    struct sc_lww out;
    (void)state;
    kit_make(&k, one);
    ts_assert_ok(sc_lww_fold(sc_record_find(SC_R_VISIT), k.facts, k.n, &out));
    assert_false(out.any);
    k.facts[0].pruned = true;
    ts_assert_ok(sc_lww_fold(sc_record_find(SC_R_PLACE), k.facts, k.n, &out));
    assert_false(out.any);
    k.facts[0].pruned = false;
    k.facts[0].body.n--;
    ts_assert_ok(sc_lww_fold(sc_record_find(SC_R_PLACE), k.facts, k.n, &out));
    assert_false(out.any);
    assert_int_equal(out.winner[0], SIZE_MAX);
    kit_drop(&k);
}

struct many {
    struct sc_fact *facts;
    size_t n;
};

static int fold_many(void *ctx)
{
    const struct many *m = ctx;
    struct sc_lww out;
    return sc_lww_fold(sc_record_find(SC_R_PLACE), m->facts, m->n, &out);
}

/* Many writers of one place: the last in order shows; memory may fail at each allocation. */
static void test_lww__many(void **state)
{
    static const struct write one[] = {{1, O, "", "shop", 2, NULL}, {.lamport = 0}};
    struct lww_kit k;
    struct sc_lww out;
    struct many m = {calloc(500, sizeof(struct sc_fact)), 500};
    (void)state;
    assert_non_null(m.facts);
    kit_make(&k, one);
    for (size_t i = 0; i < m.n; i++) {
        m.facts[i] = k.facts[0];
        cr_store_be64(m.facts[i].entry_id.b, i);
        m.facts[i].lamport = 1 + (i * 7) % 500;
    }
    ts_assert_ok(sc_lww_fold(sc_record_find(SC_R_PLACE), m.facts, m.n, &out));
    assert_int_equal(m.facts[out.winner[0]].lamport, 500);
    assert_false(out.contested);
    assert_true(ts_oom_sweep(fold_many, &m) >= 4);
    kit_drop(&k);
    free(m.facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lww__table),
        cmocka_unit_test(test_lww__nothing_counts),
        cmocka_unit_test(test_lww__many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
