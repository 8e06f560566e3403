/* The hazard rule by cases: the conflict matrix of disconnected acts, every reason that keeps a
 * hazard open, and over all of these the laws (a) to (d) of the rule. */
#include "tests/unit/schema/hazard_cases.h"
#include "tests/unit/schema/hazard_model.h"

#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define REPORT    SC_R_HAZARD_REPORT
#define ASSESS    SC_R_HAZARD_ASSESS
#define PROGRESS  SC_R_HAZARD_PROGRESS
#define ESCALATE  SC_R_HAZARD_ESCALATE
#define EMERGENCY SC_R_HAZARD_EMERGENCY
#define PASS      SC_R_HAZARD_PASS
#define FAIL      SC_R_HAZARD_FAIL
#define REOPEN    SC_R_HAZARD_REOPEN
#define VOID_     SC_R_HAZARD_VOID
#define RECUR     SC_R_HAZARD_RECUR

static void fill_parents(struct kit_act *a, const char *after)
{
    for (; *after != '\0'; after++)
        if (*after != ',')
            a->parents[a->parent_count++] = *after == 'x' ? KIT_NOWHERE : (uint8_t)(*after - '0');
}

/* The row's acts; of acts that did not see each other, flip makes the last come first in lamport
 * and wall clock, as far as causality lets it. */
static size_t acts_of(const struct hazard_row *row, bool flip, struct kit_act *acts)
{
    size_t n = 0;
    for (; n < ROW_ACTS && row->acts[n].type != 0; n++) {
        struct kit_act *a = &acts[n];
        *a = row->acts[n].with;
        a->type = row->acts[n].type;
        a->who = row->acts[n].who;
        fill_parents(a, row->acts[n].after);
        a->lamport = 1;
        for (size_t p = 0; p < a->parent_count; p++)
            if (a->parents[p] != KIT_NOWHERE && acts[a->parents[p]].lamport >= a->lamport)
                a->lamport = acts[a->parents[p]].lamport + 10;
        a->lamport += flip ? 9 - n : n;
        a->wall_ms = 1000000 + (flip ? 1000 - 10 * n : 10 * n);
    }
    return n;
}

static void check_row(const struct hazard_row *row, const struct sc_hazard *h)
{
    bool open = h->state < SC_HS_CLOSED;
    if (!h->exists)
        ts_fail("%s: is not listed", row->name);
    if (row->state == OPEN ? !open : h->state != row->state)
        ts_fail("%s: state %d", row->name, (int)h->state);
    if ((h->flags & row->flags) != row->flags || (h->flags & row->no_flags) != 0)
        ts_fail("%s: flags %x", row->name, h->flags);
    if (h->blocks != row->blocks)
        ts_fail("%s: blocks %x instead of %x", row->name, h->blocks, row->blocks);
    if (row->severity != 0 && h->severity != row->severity)
        ts_fail("%s: severity %d", row->name, (int)h->severity);
    if (row->deadline != 0 && h->deadline_ms != row->deadline)
        ts_fail("%s: deadline %d", row->name, (int)h->deadline_ms);
    if (h->assignee_count != row->assignees)
        ts_fail("%s: %zu assignees", row->name, h->assignee_count);
}

static void check_rows(const struct hazard_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (int flip = 0; flip < 2; flip++) {
            struct kit_act acts[ROW_ACTS];
            struct kit k;
            struct sc_hazard h;
            size_t n = acts_of(&rows[i], flip, acts);
            kit_init(&k, acts, n, i);
            kit_fold(k.facts, n, &h);
            check_row(&rows[i], &h);
            kit_release(&k);
        }
}

/* Each pair of disconnected acts gives what the matrix says, whichever came first. */
static void test_hazard__matrix(void **state)
{
    (void)state;
    check_rows(hazard_matrix, hazard_matrix_count);
}

/* Each reason keeps a hazard open and is named; what removes the reason closes it. */
static void test_hazard__cases(void **state)
{
    (void)state;
    check_rows(hazard_cases, hazard_cases_count);
}

typedef void (*row_fn)(const struct hazard_row *row, struct kit_act *acts, size_t n);

static void each_row(row_fn fn)
{
    for (size_t i = 0; i < hazard_matrix_count + hazard_cases_count; i++) {
        const struct hazard_row *row =
            i < hazard_matrix_count ? &hazard_matrix[i] : &hazard_cases[i - hazard_matrix_count];
        struct kit_act acts[KIT_ACTS_MAX];
        size_t n = acts_of(row, i % 2 != 0, acts);
        fn(row, acts, n);
    }
}

/* Facts of the subset given by the bits of mask; returns how many. */
static size_t subset(const struct kit *k, size_t n, size_t mask, struct sc_fact *out)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if ((mask >> i) & 1)
            out[count++] = k->facts[i];
    return count;
}

/* (a) and (c) for one row: every subset. */
static void check_subsets(const struct hazard_row *row, struct kit_act *acts, size_t n)
{
    struct kit k;
    kit_init(&k, acts, n, 77);
    for (size_t mask = 0; mask < (size_t)1 << n; mask++) {
        struct sc_fact facts[ROW_ACTS];
        bool present[ROW_ACTS];
        struct sc_hazard h;
        bool report = false;
        for (size_t i = 0; i < n; i++) {
            present[i] = (mask >> i) & 1;
            report = report || (present[i] && acts[i].type == REPORT);
        }
        kit_fold(facts, subset(&k, n, mask, facts), &h);
        if (report && !h.exists)
            ts_fail("%s: a report is not listed", row->name);
        if (h.exists && h.state < SC_HS_CLOSED && h.blocks == 0)
            ts_fail("%s: open without a reason", row->name);
        if (h.state >= SC_HS_CLOSED && (!report || h.blocks != 0))
            ts_fail("%s: closed without a report or with a reason against", row->name);
        for (size_t d = 0; d < n && h.state >= SC_HS_CLOSED; d++) {
            bool danger = present[d] && (acts[d].type == REPORT || acts[d].type == REOPEN ||
                                         acts[d].type == EMERGENCY || acts[d].type == RECUR);
            bool seen = !danger;
            for (size_t c = 0; c < n; c++)
                seen = seen ||
                       (present[c] && (acts[c].type == PASS || acts[c].type == VOID_) &&
                        kit_actors[acts[c].who].roles != 0 && model_reaches(acts, present, c, d));
            if (!seen)
                ts_fail("%s: closed over a danger that no certified closer saw", row->name);
        }
    }
    kit_release(&k);
}

/* No subset of any history with a report is unlisted; none is closed unless an authorised person
 * had seen each danger; none is open without a reason. */
static void test_hazard__subsets(void **state)
{
    (void)state;
    each_row(check_subsets);
}

/* (b) for one row: each danger, by each author, after each subset of the acts. */
static void check_added(const struct hazard_row *row, struct kit_act *acts, size_t n)
{
    static const struct kit_act dangers[] = {
        {.type = REOPEN},
        {.type = EMERGENCY},
        {.type = FAIL},
        {.type = RECUR},
        {.type = PROGRESS, .danger = true},
        {.type = ESCALATE, .level = 2},
        {.type = ASSESS, .severity = 4},
        {.type = REOPEN, .pruned = true},
    };
    static const enum kit_who authors[] = {KIT_O1, KIT_S1, KIT_X1};
    struct sc_hazard before;
    struct kit k;
    kit_init(&k, acts, n, 78);
    kit_fold(k.facts, n, &before);
    kit_release(&k);
    for (size_t i = 0; i < COUNT(dangers) * COUNT(authors); i++)
        for (size_t mask = 0; mask < (size_t)1 << n; mask++) {
            struct sc_hazard after;
            struct kit_act *a = &acts[n];
            *a = dangers[i % COUNT(dangers)];
            a->who = authors[i / COUNT(dangers)];
            a->lamport = 2; /* often earlier than what it saw: then it did not */
            for (size_t p = 0; p < n; p++) {
                if (!((mask >> p) & 1))
                    continue;
                a->parents[a->parent_count++] = (uint8_t)p;
                if (i % 2 == 0 && a->lamport <= acts[p].lamport)
                    a->lamport = acts[p].lamport + 1;
            }
            kit_init(&k, acts, n + 1, 78);
            kit_fold(k.facts, n + 1, &after);
            kit_release(&k);
            if (before.state < SC_HS_CLOSED && after.state >= SC_HS_CLOSED)
                ts_fail("%s: danger %zu closed it", row->name, i);
            if (after.severity < before.severity || after.required < before.required)
                ts_fail("%s: danger %zu made it lighter", row->name, i);
            bool counts =
                a->pruned || kit_actors[a->who].roles != 0 || sc_record_find(a->type)->open_report;
            if (counts && a->type != ASSESS && after.state >= SC_HS_CLOSED)
                ts_fail("%s: danger %zu did not open it", row->name, i);
        }
}

/* Adding a danger never closes, lowers the severity or the level required; it opens what is closed.
 */
static void test_hazard__danger_never_closes(void **state)
{
    (void)state;
    each_row(check_added);
}

/* (d) for one row: rotations, reversals and copies. */
static void check_orders(const struct hazard_row *row, struct kit_act *acts, size_t n)
{
    struct kit k;
    struct sc_hazard wanted;
    kit_init(&k, acts, n, 79);
    kit_fold(k.facts, n, &wanted);
    for (size_t turn = 0; turn < n; turn++)
        for (int reversed = 0; reversed < 2; reversed++) {
            struct sc_fact facts[2 * ROW_ACTS];
            struct sc_hazard h;
            for (size_t i = 0; i < 2 * n; i++) {
                size_t at = (i + turn) % n;
                facts[i] = k.facts[reversed ? n - 1 - at : at];
            }
            kit_fold(facts, n, &h);
            if (!kit_same(&wanted, &h))
                ts_fail("%s: the order of facts matters", row->name);
            kit_fold(facts, 2 * n, &h);
            if (!kit_same(&wanted, &h))
                ts_fail("%s: copies of facts matter", row->name);
        }
    kit_release(&k);
}

/* Equal sets give equal states, byte by byte. */
static void test_hazard__order_and_copies(void **state)
{
    (void)state;
    each_row(check_orders);
}

/* Clocks are never read: years of skew change neither state nor reasons. */
static void check_clocks(const struct hazard_row *row, struct kit_act *acts, size_t n)
{
    struct sc_hazard before;
    struct sc_hazard after;
    struct kit k;
    kit_init(&k, acts, n, 80);
    kit_fold(k.facts, n, &before);
    kit_release(&k);
    for (size_t i = 0; i < n; i++)
        acts[i].wall_ms = i % 2 == 0 ? 5 : UINT64_C(4000000000000) - i;
    kit_init(&k, acts, n, 80);
    kit_fold(k.facts, n, &after);
    kit_release(&k);
    if (before.state != after.state || before.flags != after.flags ||
        before.blocks != after.blocks || before.deadline_ms != after.deadline_ms)
        ts_fail("%s: the clock matters", row->name);
}

static void test_hazard__clock_skew(void **state)
{
    (void)state;
    each_row(check_clocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hazard__matrix),
        cmocka_unit_test(test_hazard__cases),
        cmocka_unit_test(test_hazard__subsets),
        cmocka_unit_test(test_hazard__danger_never_closes),
        cmocka_unit_test(test_hazard__order_and_copies),
        cmocka_unit_test(test_hazard__clock_skew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
