/* The projections are a function of the set of entries: not of the order in which logs came, of
 * the runs they were cut into, of what overtook, or of transactions that failed in between. */
#include "tests/unit/node/store_kit.h"

#include <stdio.h>
#include <string.h>

#define HAZARDS 6
#define EVENTS  70

static const uint64_t kinds[] = {
    SC_R_HAZARD_ASSESS,   SC_R_HAZARD_ACCEPT, SC_R_HAZARD_ASSIGN,    SC_R_HAZARD_DEADLINE,
    SC_R_HAZARD_PROGRESS, SC_R_HAZARD_REMIND, SC_R_HAZARD_DOWNGRADE, SC_R_HAZARD_EMERGENCY,
    SC_R_HAZARD_FIX,      SC_R_HAZARD_PASS,   SC_R_HAZARD_FAIL,      SC_R_HAZARD_REOPEN,
    SC_R_HAZARD_VOID,     SC_R_HAZARD_LINK,   SC_R_HAZARD_UNLINK,    SC_R_HAZARD_EDIT,
};

static void event(struct kit *k, struct ts_prng *r, struct sc_id subject[HAZARDS],
                  struct sc_id last[HAZARDS])
{
    enum kit_who who = KIT_OFFICER + (enum kit_who)ts_prng_below(r, KIT_LOGS - KIT_OFFICER);
    uint64_t type = kinds[ts_prng_below(r, sizeof kinds / sizeof kinds[0])];
    size_t at = (size_t)ts_prng_below(r, HAZARDS), other = (size_t)ts_prng_below(r, HAZARDS);
    struct kit_body b = {0};
    switch (type) {
    case SC_R_HAZARD_ASSESS:
    case SC_R_HAZARD_DOWNGRADE:
        b.severity = 1 + ts_prng_below(r, 4);
        b.text = "why";
        break;
    case SC_R_HAZARD_ASSIGN: b.assignee = ts_prng_chance(r, 1, 2) ? "w" : "l"; break;
    case SC_R_HAZARD_DEADLINE:
        b.deadline_ms = KIT_WALL + ts_prng_below(r, 1000000);
        b.text = "why";
        break;
    case SC_R_HAZARD_VOID: b.text = "why"; break;
    case SC_R_HAZARD_FIX:
    case SC_R_HAZARD_PASS: b.evidence = true; break;
    case SC_R_HAZARD_LINK:
    case SC_R_HAZARD_UNLINK: b.member = &subject[other]; break;
    case SC_R_HAZARD_EDIT:
        b.grid = ts_prng_chance(r, 1, 2) ? KIT_OTHER : KIT_GROUP;
        b.ext = ts_prng_chance(r, 1, 3) ? "ext-2" : NULL;
        break;
    default: break;
    }
    /* Sometimes its author has not seen the latest. */
    struct sc_id id = kit_record(k, who, type, &subject[at],
                                 ts_prng_chance(r, 3, 4) ? &last[at] : &subject[at], &b);
    if (ts_prng_chance(r, 3, 4))
        last[at] = id;
}

static void records(struct kit *k, struct ts_prng *r)
{
    struct kit_body grid = {.grid = KIT_GROUP, .name = "group"};
    struct sc_id id = kit_record(k, KIT_CLERK, SC_R_GRID, NULL, NULL, &grid);
    grid.name = "renamed";
    kit_record(k, KIT_CLERK, SC_R_GRID, &id, &id, &grid);
    for (size_t i = 0; i < 6; i++) {
        struct kit_body place = {.grid = ts_prng_chance(r, 1, 2) ? KIT_GROUP : KIT_OTHER,
                                 .name = "shop",
                                 .kind = 1,
                                 .ext = "shop-1"};
        struct kit_body visit = {.grid = place.grid, .when_ms = KIT_WALL + ts_prng_below(r, 99999)};
        id = kit_record(k, KIT_CHIEF, SC_R_PLACE, NULL, NULL, &place);
        place.name = "old shop";
        kit_record(k, KIT_SECOND, SC_R_PLACE, &id, &id, &place);
        place.name = "new shop";
        kit_record(k, KIT_OFFICER, SC_R_PLACE, &id, &id, &place);
        kit_record(k, ts_prng_chance(r, 1, 2) ? KIT_OFFICER : KIT_STRANGER, SC_R_VISIT, NULL, NULL,
                   &visit);
    }
}

static struct kit *history(struct ts_prng *r)
{
    struct kit *k = kit_new();
    struct sc_id subject[HAZARDS], last[HAZARDS];
    kit_certify_all(k);
    for (size_t i = 0; i < HAZARDS; i++) {
        struct kit_body b = {.grid = ts_prng_chance(r, 1, 2) ? KIT_GROUP : KIT_OTHER,
                             .code = "A03",
                             .ext = i % 2 == 0 ? "ext-1" : NULL};
        subject[i] = last[i] = kit_record(k, ts_prng_chance(r, 1, 4) ? KIT_STRANGER : KIT_OFFICER,
                                          SC_R_HAZARD_REPORT, NULL, NULL, &b);
    }
    records(k, r);
    for (size_t i = 0; i < EVENTS; i++)
        event(k, r, subject, last);
    return k;
}

/* One entry ahead of what is held, if there is one. */
static void overtake(struct kit *k, struct nd_store *s, struct ts_prng *r,
                     const size_t at[static KIT_LOGS])
{
    if (!ts_prng_chance(r, 1, 6))
        return;
    enum kit_who who = (enum kit_who)ts_prng_below(r, KIT_LOGS);
    size_t ahead = at[who] + 1 + (size_t)ts_prng_below(r, 5);
    if (who > KIT_CLERK && ahead < k->log[who].count)
        kit_urgent(k, s, who, ahead);
}

static void same_whatever_the_order(struct ts_prng *r, uint64_t seed, void *ctx)
{
    (void)ctx;
    struct kit *k = history(r);
    struct cr_hash first = {{0}};
    for (int i = 0; i < 4; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "order-%llu-%d", (unsigned long long)seed, i);
        struct nd_store *s = kit_open_mem(k, name);
        struct nd_verify v;
        if (i == 0)
            kit_deliver_all(k, s);
        else
            kit_deliver_mixed(k, s, r, overtake);
        kit_verify(s);
        struct cr_hash hash = kit_fold_hash(s);
        if (i == 0)
            first = hash;
        assert_memory_equal(hash.b, first.b, CR_HASH_BYTES);
        assert_int_equal(kit_stats(s).provisional, 0);
        struct nd_store_stats before = kit_stats(s);
        ts_assert_ok(nd_store_verify(s, true, &v, NULL, NULL, NULL)); /* rebuilds */
        hash = kit_fold_hash(s);
        assert_memory_equal(hash.b, first.b, CR_HASH_BYTES);
        struct nd_store_stats after = kit_stats(s);
        before.file_bytes = after.file_bytes = 0;
        assert_memory_equal(&before, &after, sizeof before);
        kit_verify(s);
        nd_store_close(s);
    }
    kit_free(k);
}

/* Whatever the order, cut and failures, the same entries give the same sum, counters that a
 * recount confirms, and a rebuild that changes nothing. */
static void test_store_order__same_whatever_the_order(void **state)
{
    (void)state;
    ts_each_seed(1, 12, same_whatever_the_order, NULL);
}

struct list {
    size_t n;
    struct sc_id id[200];
    bool closed_seen;
};

static int take(void *arg, const struct nd_hazard_row *row)
{
    struct list *l = arg;
    bool closed = row->h.state >= SC_HS_CLOSED;
    assert_true(l->n < 200);
    assert_false(l->closed_seen && !closed); /* open ones first */
    l->closed_seen = closed;
    l->id[l->n++] = row->subject;
    return 0;
}

struct at_step {
    enum sc_hazard_state step;
    size_t n;
};

static int count_step(void *arg, const struct nd_hazard_row *row)
{
    struct at_step *a = arg;
    a->n += row->h.state == a->step;
    return 0;
}

static int sum_grid(void *arg, const struct nd_grid_row *row)
{
    if (row->code == KIT_VILLAGE)
        *(struct nd_grid_row *)arg = *row;
    return 0;
}

/* What is listed by a step is at it, and each is at one. */
static void steps_agree(struct nd_store *s)
{
    uint64_t total;
    size_t steps = 0;
    for (unsigned step = SC_HS_REPORTED; step <= SC_HS_VOID; step++) {
        struct list at = {.n = 0};
        struct at_step want = {.step = (enum sc_hazard_state)step};
        ts_assert_ok(nd_store_hazards(s,
                                      &(struct nd_hazard_query){.step = (enum sc_hazard_state)step},
                                      take, &at, &total, NULL));
        ts_assert_ok(nd_store_hazards(s, &(struct nd_hazard_query){.state = ND_HZ_ALL}, count_step,
                                      &want, NULL, NULL));
        assert_int_equal(total, at.n);
        assert_int_equal(want.n, at.n);
        steps += at.n;
    }
    assert_int_equal(steps, HAZARDS);
}

/* Lists are in the same order on every store, pages join without gaps, filters agree with a look
 * at every row, and totals with the lists. */
static void lists_agree(struct ts_prng *r, uint64_t seed, void *ctx)
{
    (void)ctx;
    (void)seed;
    struct kit *k = history(r);
    struct list all[2] = {{.n = 0}, {.n = 0}}, page = {.n = 0};
    struct nd_store *s[2] = {kit_open_mem(k, "list-a"), kit_open_mem(k, "list-b")};
    uint64_t total = 0;
    kit_deliver_all(k, s[0]);
    kit_deliver_mixed(k, s[1], r, overtake);
    for (int i = 0; i < 2; i++) {
        ts_assert_ok(nd_store_hazards(s[i], &(struct nd_hazard_query){.state = ND_HZ_ALL}, take,
                                      &all[i], &total, NULL));
        assert_int_equal(total, all[i].n);
        assert_int_equal(all[i].n, HAZARDS);
        assert_memory_equal(all[i].id, all[0].id, HAZARDS * sizeof(struct sc_id));
    }
    for (size_t at = 0; at < HAZARDS; at += 2)
        ts_assert_ok(nd_store_hazards(s[0], &(struct nd_hazard_query){.offset = at, .limit = 2},
                                      take, &page, NULL, NULL));
    assert_memory_equal(page.id, all[0].id, HAZARDS * sizeof(struct sc_id));
    struct nd_grid_row village = {.code = 0};
    ts_assert_ok(nd_store_grids_at(s[0], 0, 2, KIT_WALL * 2, sum_grid, &village, NULL));
    for (int state = ND_HZ_ALL; state <= ND_HZ_CLOSED; state++) {
        static const uint64_t prefixes[] = {0, KIT_STREET, KIT_VILLAGE, KIT_GROUP, KIT_OTHER};
        for (size_t p = 0; p < 5; p++) {
            struct nd_hazard_query q = {.state = (enum nd_hazard_filter_state)state,
                                        .grid_prefix = prefixes[p]};
            struct list plain = {.n = 0}, severe = {.n = 0};
            ts_assert_ok(nd_store_hazards(s[0], &q, take, &plain, &total, NULL));
            assert_int_equal(total, plain.n);
            if (p == 2 && state != ND_HZ_ALL)
                assert_int_equal(state == ND_HZ_OPEN ? village.open : village.closed, plain.n);
            q.severity_min = 3;
            ts_assert_ok(nd_store_hazards(s[0], &q, take, &severe, &total, NULL));
            assert_int_equal(total, severe.n);
            if (p == 2 && state == ND_HZ_OPEN)
                assert_int_equal(village.severe, severe.n);
        }
    }
    steps_agree(s[0]);
    struct list due = {.n = 0};
    ts_assert_ok(nd_store_hazards(s[0], &(struct nd_hazard_query){.overdue_at_ms = KIT_WALL * 2},
                                  take, &due, &total, NULL));
    assert_int_equal(total, due.n);
    assert_int_equal(village.overdue, due.n);
    for (uint64_t from = KIT_WALL / 2; from < KIT_WALL * 2; from += KIT_WALL / 8) {
        struct list late = {.n = 0}, soon = {.n = 0};
        ts_assert_ok(nd_store_hazards(s[0], &(struct nd_hazard_query){.overdue_at_ms = from}, take,
                                      &late, NULL, NULL));
        ts_assert_ok(nd_store_hazards(
            s[0], &(struct nd_hazard_query){.overdue_at_ms = KIT_WALL * 2, .due_from_ms = from},
            take, &soon, &total, NULL));
        assert_int_equal(total, soon.n);
        assert_int_equal(late.n + soon.n, due.n);
    }
    nd_store_close(s[0]);
    nd_store_close(s[1]);
    kit_free(k);
}

static void test_store_order__lists_agree(void **state)
{
    (void)state;
    ts_each_seed(50, 8, lists_agree, NULL);
}

static int first_group(void *arg, const struct nd_grid_row *row)
{
    if (row->code == KIT_GROUP) {
        assert_string_equal(row->name, "renamed");
        assert_true(row->declared);
        ++*(size_t *)arg;
    }
    if (row->code == KIT_STREET) {
        assert_int_equal(row->groups, 1);
        assert_int_equal(row->places, 6);
    }
    return 0;
}

static int count_record(void *arg, const struct nd_record_row *row)
{
    assert_non_null(row->body);
    ++*(size_t *)arg;
    return 0;
}

/* Records of the plain kind: the latest name shows, counts go up the levels. */
static void test_store_order__records(void **state)
{
    (void)state;
    struct ts_prng r;
    ts_prng_init(&r, 5);
    struct kit *k = history(&r);
    struct nd_store *s = kit_open_mem(k, "records");
    size_t groups = 0, places = 0, page = 0;
    uint64_t total = 0;
    kit_deliver_all(k, s);
    ts_assert_ok(nd_store_grids(s, 0, 3, first_group, &groups, NULL));
    assert_int_equal(groups, 1);
    ts_assert_ok(
        nd_store_records(s, SC_R_PLACE, KIT_VILLAGE, 0, 0, count_record, &places, &total, NULL));
    assert_int_equal(places, 6);
    assert_int_equal(total, 6);
    ts_assert_ok(nd_store_records(s, SC_R_PLACE, 0, 4, 10, count_record, &page, NULL, NULL));
    assert_int_equal(page, 2);
    ts_assert_status(nd_store_records(s, SC_R_CERT, 0, 0, 0, count_record, &page, NULL, NULL),
                     ST_USAGE);
    nd_store_close(s);
    kit_free(k);
}

int main(void)
{
    struct st_err err;
    if (cr_init(&err) != ST_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_order__same_whatever_the_order),
        cmocka_unit_test(test_store_order__lists_agree),
        cmocka_unit_test(test_store_order__records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
