/* The fold against the slow model over random histories: officers at replicas that meet now and
 * then, with wrong clocks, wrong roles and missing entries. One seed makes one history.
 *
 * FENGSUI_SEEDS=n runs n histories (10,000 otherwise), FENGSUI_SEED=s only that one. */
#include "tests/lib/prng.h"
#include "tests/unit/schema/hazard_model.h"

#include <stdlib.h>
#include <string.h>

#define REPLICAS     5
#define SEEDS        10000
#define MUTANT_SEEDS 1000
#define NOTES        70 /* more than SC_DAG_SMALL */
#define BLOCK_BITS   9  /* the tenth, overflow, has its own test */
#define FLAG_BITS    10

struct history {
    struct ts_prng rng;
    struct kit_act acts[KIT_ACTS_MAX];
    size_t n;
    bool known[REPLICAS][KIT_ACTS_MAX];
    size_t home[KIT_WHO_COUNT];
    int64_t skew[REPLICAS];
    struct kit_change changes[KIT_CHANGES_MAX];
    struct model_policy policy;
};

struct tally {
    uint64_t first_seed, seeds, folds, existing, closed, voided;
    uint64_t blocks[BLOCK_BITS], flags[FLAG_BITS], severity[5];
    uint64_t different, order_dependent, over_unseen, large_different;
    uint64_t closings, closed_by_others, vanished;
    uint64_t caught[MODEL_MUTANTS];
};

static bool chance(struct history *h, uint64_t percent)
{
    return ts_prng_chance(&h->rng, percent, 100);
}

/* The entries of one author reach another replica in their order, all or the first few. */
static void meet(struct history *h)
{
    size_t from = ts_prng_below(&h->rng, REPLICAS);
    size_t to = ts_prng_below(&h->rng, REPLICAS);
    for (size_t who = 0; who < KIT_WHO_COUNT; who++) {
        uint64_t most = chance(h, 80) ? KIT_ACTS_MAX : ts_prng_below(&h->rng, 4);
        for (size_t i = 0; i < h->n; i++)
            if (h->acts[i].who == who && h->known[from][i] && most-- > 0)
                h->known[to][i] = true;
            else if (most == 0)
                break;
    }
}

static bool pending_at(const struct history *h, const bool *known, size_t i)
{
    for (size_t p = 0; p < h->acts[i].parent_count; p++) {
        size_t parent = h->acts[i].parents[p];
        if (parent == KIT_NOWHERE || !known[parent])
            return true;
        if (h->acts[parent].lamport < h->acts[i].lamport && pending_at(h, known, parent))
            return true;
    }
    return false;
}

static bool is_head(const struct history *h, const bool *whole, size_t i)
{
    for (size_t j = 0; j < h->n; j++)
        if (whole[j] && model_reaches(h->acts, whole, j, i))
            return false;
    return whole[i];
}

/* What an honest tool writes: all heads that are whole. A few tools are broken or hostile. */
static void choose_parents(struct history *h, const bool *known, struct kit_act *a)
{
    bool whole[KIT_ACTS_MAX] = {false};
    for (size_t i = 0; i < h->n; i++)
        whole[i] = known[i] && !pending_at(h, known, i);
    a->lamport = 1;
    for (size_t i = 0; i < h->n && a->parent_count < KIT_PARENTS_MAX - 1; i++) {
        if (!is_head(h, whole, i) || chance(h, 2))
            continue;
        a->parents[a->parent_count++] = (uint8_t)i;
        if (a->lamport <= h->acts[i].lamport && !chance(h, 1))
            a->lamport = h->acts[i].lamport + 1;
    }
    if (chance(h, 1))
        a->parents[a->parent_count++] = KIT_NOWHERE;
    if (chance(h, 2))
        a->lamport += ts_prng_below(&h->rng, 6);
    /* a hostile author may name what it never saw, even what is no ancestor by lamport */
    if (a->parent_count < KIT_PARENTS_MAX && h->n > 0 && chance(h, 1))
        a->parents[a->parent_count++] = (uint8_t)ts_prng_below(&h->rng, h->n);
}

static void add_act(struct history *h, uint64_t type, enum kit_who who)
{
    struct kit_act *a = &h->acts[h->n];
    size_t home = h->home[who];
    *a = (struct kit_act){.type = type, .who = who};
    choose_parents(h, h->known[home], a);
    a->wall_ms = (uint64_t)(INT64_C(1700000000000) + (int64_t)h->n * 60000 + h->skew[home]);
    a->reason = chance(h, 70);
    switch (type) {
    case SC_R_HAZARD_REPORT:
    case SC_R_HAZARD_EDIT:
        a->has_position = chance(h, 50);
        a->lat_e7 = 293500000 + (chance(h, 30) ? 9000 : 0);
        a->lon_e7 = 1059000000 + (chance(h, 30) ? 1500 : 0);
        break;
    case SC_R_HAZARD_ASSIGN: a->assignee = (uint8_t)ts_prng_range(&h->rng, 1, 4); break;
    case SC_R_HAZARD_DEADLINE: a->deadline = ts_prng_range(&h->rng, 1, 9) * 1000; break;
    case SC_R_HAZARD_ESCALATE: a->level = (uint8_t)ts_prng_range(&h->rng, 2, 5); break;
    case SC_R_HAZARD_ASSESS:
    case SC_R_HAZARD_DOWNGRADE: a->severity = (uint8_t)ts_prng_range(&h->rng, 1, 4); break;
    case SC_R_HAZARD_LINK:
    case SC_R_HAZARD_UNLINK: a->member = (uint8_t)ts_prng_range(&h->rng, 1, 2); break;
    case SC_R_HAZARD_PROGRESS: a->danger = chance(h, 40); break;
    case SC_R_HAZARD_FIX: a->evidence = chance(h, 40); break;
    case SC_R_HAZARD_EXTERNAL: a->document = chance(h, 70); break;
    case SC_R_HAZARD_PASS:
    case SC_R_HAZARD_VOID:
        a->evidence = chance(h, 50);
        a->document = chance(h, 50);
        break;
    default: break;
    }
    h->known[home][h->n++] = true;
}

static void random_act(struct history *h)
{
    /* often what closes, seldom what cannot be closed */
    static const uint8_t weights[] = {
        [SC_R_HAZARD_ASSESS - SC_R_HAZARD_REPORT] = 4,
        [SC_R_HAZARD_ACCEPT - SC_R_HAZARD_REPORT] = 6,
        [SC_R_HAZARD_ASSIGN - SC_R_HAZARD_REPORT] = 6,
        [SC_R_HAZARD_DEADLINE - SC_R_HAZARD_REPORT] = 7,
        [SC_R_HAZARD_PROGRESS - SC_R_HAZARD_REPORT] = 6,
        [SC_R_HAZARD_REMIND - SC_R_HAZARD_REPORT] = 3,
        [SC_R_HAZARD_ESCALATE - SC_R_HAZARD_REPORT] = 3,
        [SC_R_HAZARD_HANDBACK - SC_R_HAZARD_REPORT] = 5,
        [SC_R_HAZARD_DOWNGRADE - SC_R_HAZARD_REPORT] = 7,
        [SC_R_HAZARD_EMERGENCY - SC_R_HAZARD_REPORT] = 2,
        [SC_R_HAZARD_FIX - SC_R_HAZARD_REPORT] = 18,
        [SC_R_HAZARD_PASS - SC_R_HAZARD_REPORT] = 26,
        [SC_R_HAZARD_FAIL - SC_R_HAZARD_REPORT] = 3,
        [SC_R_HAZARD_REOPEN - SC_R_HAZARD_REPORT] = 3,
        [SC_R_HAZARD_VOID - SC_R_HAZARD_REPORT] = 8,
        [SC_R_HAZARD_TRANSFER - SC_R_HAZARD_REPORT] = 1,
        [SC_R_HAZARD_EXTERNAL - SC_R_HAZARD_REPORT] = 3,
        [SC_R_HAZARD_LINK - SC_R_HAZARD_REPORT] = 2,
        [SC_R_HAZARD_UNLINK - SC_R_HAZARD_REPORT] = 2,
        [SC_R_HAZARD_RECUR - SC_R_HAZARD_REPORT] = 1,
        [SC_R_HAZARD_EDIT - SC_R_HAZARD_REPORT] = 4,
    };
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof(weights); i++)
        sum += weights[i];
    uint64_t pick = ts_prng_below(&h->rng, sum);
    uint64_t type = SC_R_HAZARD_REPORT;
    for (; pick >= weights[type - SC_R_HAZARD_REPORT]; type++)
        pick -= weights[type - SC_R_HAZARD_REPORT];
    enum kit_who who = (enum kit_who)ts_prng_below(&h->rng, KIT_WHO_COUNT);
    if (kit_actors[who].roles == 0 && chance(h, 60))
        who = (enum kit_who)ts_prng_range(&h->rng, KIT_C1, KIT_S2);
    if (chance(h, 10) && (type == SC_R_HAZARD_FIX || type == SC_R_HAZARD_VOID))
        who = KIT_V1; /* and often his other key */
    else if (chance(h, 15) && (type == SC_R_HAZARD_PASS || type == SC_R_HAZARD_VOID))
        who = KIT_V1B;
    add_act(h, type, who);
}

/* Some value that no limit forbids. */
static void random_change(struct history *h, struct kit_change *c)
{
    static const uint64_t writable[] = {SC_R_HAZARD_PASS,   SC_R_HAZARD_VOID, SC_R_HAZARD_DOWNGRADE,
                                        SC_R_HAZARD_ASSIGN, SC_R_HAZARD_FIX,  SC_R_HAZARD_EDIT};
    static const uint32_t masks[] = {SC_ROLE_STREET, SC_ROLE_STREET | SC_ROLE_VILLAGE,
                                     SC_ROLE_STREET | SC_ROLE_OFFICER | SC_ROLE_DISTRICT,
                                     SC_ROLE_STREET | SC_ROLE_CHIEF | SC_ROLE_OFFICER |
                                         SC_ROLE_VILLAGE | SC_ROLE_DISTRICT};
    struct sc_policy_item item;
    do
        sc_policy_item(ts_prng_below(&h->rng, sc_policy_items()), &item);
    while (item.kind != SC_PK_CLEAR);
    *c = (struct kit_change){.what = KIT_CLEAR, .at = item.at};
    c->roles = masks[ts_prng_below(&h->rng, 4)];
    c->level = (uint8_t)ts_prng_range(&h->rng, item.level_min,
                                      item.level > SC_LV_STREET ? item.level : SC_LV_STREET);
    if (chance(h, 70))
        return;
    c->what = (enum kit_changed)ts_prng_below(&h->rng, 4);
    switch (c->what) {
    case KIT_WRITERS: c->at = writable[ts_prng_below(&h->rng, 6)]; break;
    case KIT_SECOND_FROM: c->number = ts_prng_range(&h->rng, 1, 2); break;
    case KIT_GIVER:
        c->at = ts_prng_range(&h->rng, 1, 3);
        c->number = ts_prng_range(&h->rng, SC_GV_ROOT, SC_GV_VILLAGE);
        break;
    case KIT_CLEAR: break;
    }
}

/* Half of the streets keep the defaults. Moments lie among those of the acts, some on them. */
static void make_policy(struct history *h)
{
    h->policy.changes = h->changes;
    h->policy.n = chance(h, 50) ? ts_prng_range(&h->rng, 1, KIT_CHANGES_MAX) : 0;
    for (size_t i = 0; i < h->policy.n; i++) {
        struct kit_change *c = &h->changes[i];
        random_change(h, c);
        c->from = h->acts[ts_prng_below(&h->rng, h->n)].wall_ms;
        if (chance(h, 30))
            c->from = ts_prng_range(&h->rng, 1, 3) * 1000;
        c->order = i + 1;
    }
}

/* The policy of a node to which its changes came in some order, some of them twice. */
static struct sc_policy *policy_of(struct history *h)
{
    struct sc_policy *p = sc_policy_new();
    size_t first = h->policy.n > 0 ? ts_prng_below(&h->rng, h->policy.n) : 0;
    uint64_t from;
    assert_non_null(p);
    for (size_t i = 0; i < 2 * h->policy.n; i++) {
        size_t c = (first + i) % h->policy.n;
        if (i < h->policy.n || chance(h, 30))
            kit_policy_add(p, &h->changes[first % 2 == 0 ? c : h->policy.n - 1 - c]);
        if (chance(h, 30))
            ts_assert_ok(sc_policy_settle(p, &from));
    }
    ts_assert_ok(sc_policy_settle(p, &from));
    return p;
}

static void make_history(struct history *h, uint64_t seed)
{
    static const enum kit_who reporters[] = {KIT_O1, KIT_O2, KIT_C1, KIT_B1, KIT_P1, KIT_X1};
    memset(h, 0, sizeof(*h));
    ts_prng_init(&h->rng, seed);
    for (size_t i = 0; i < KIT_WHO_COUNT; i++)
        h->home[i] = ts_prng_below(&h->rng, REPLICAS);
    for (size_t i = 0; i < REPLICAS; i++)
        h->skew[i] = (int64_t)ts_prng_below(&h->rng, 7) * 60000 - 180000;
    add_act(h, SC_R_HAZARD_REPORT, reporters[ts_prng_below(&h->rng, 6)]);
    h->acts[0].severity = (uint8_t)ts_prng_below(&h->rng, 5);
    if (h->acts[0].severity == 4 && chance(h, 50))
        h->acts[0].severity = 1;
    for (size_t i = 0; i < REPLICAS; i++)
        h->known[i][0] = h->known[i][0] || chance(h, 80);
    size_t length = ts_prng_range(&h->rng, 2, chance(h, 70) ? 12 : KIT_ACTS_MAX - 1);
    uint64_t meetings = ts_prng_below(&h->rng, 4);
    while (h->n < length) {
        for (uint64_t i = 0; i < meetings; i++)
            meet(h);
        random_act(h);
    }
    if (chance(h, 5))
        h->acts[ts_prng_below(&h->rng, h->n)].pruned = true;
    make_policy(h);
}

static uint32_t assigned_of(const struct sc_hazard *f)
{
    uint32_t set = 0;
    for (size_t i = 0; i < f->assignee_count; i++)
        set |= 1u << (f->assignees[i].p[0] - '0');
    return set;
}

static uint32_t linked_of(const struct sc_hazard *f)
{
    uint32_t set = 0;
    for (size_t i = 0; i < f->link_count; i++)
        set |= 1u << f->links[i].b[0];
    return set;
}

static uint32_t set_of(const bool numbers[static 10])
{
    uint32_t set = 0;
    for (uint32_t i = 0; i < 10; i++)
        set |= numbers[i] ? 1u << i : 0;
    return set;
}

/* NULL when they agree, else what differs. */
static const char *difference(const struct sc_hazard *f, const struct model_result *m)
{
    if (f->exists != m->exists)
        return "exists";
    if (f->state != m->state)
        return "state";
    if (f->blocks != m->blocks)
        return "blocks";
    if (f->flags != m->flags)
        return "flags";
    if (f->severity != m->severity)
        return "severity";
    if (f->required != m->required || f->escalated != m->escalated)
        return "level";
    if (f->deadline_ms != m->deadline)
        return "deadline";
    if (f->danger_count != m->danger_count || f->uncovered_count != m->uncovered_count)
        return "dangers";
    if (assigned_of(f) != set_of(m->assigned))
        return "assignees";
    return linked_of(f) != set_of(m->linked) ? "links" : NULL;
}

static void print_history(const struct history *h, const bool *present)
{
    for (size_t i = 0; i < h->n; i++) {
        const struct kit_act *a = &h->acts[i];
        print_message("  %2zu%s %-18s %-3s L%-3d", i, present[i] ? " " : "-",
                      a->pruned ? "(erased)" : sc_record_find(a->type)->name,
                      kit_actors[a->who].name, (int)a->lamport);
        for (size_t p = 0; p < a->parent_count; p++)
            print_message(" <%d", a->parents[p]);
        print_message("%s%s%s%s sev %d level %d until %d\n", a->evidence ? " evidence" : "",
                      a->document ? " doc" : "", a->danger ? " danger" : "",
                      a->reason ? " reason" : "", a->severity, a->level, (int)a->deadline);
    }
}

/* Asked of the acts alone: every danger that counts was seen by a certified closer. */
static bool over_unseen(const struct history *h, const bool *present)
{
    for (size_t d = 0; d < h->n; d++) {
        uint64_t t = h->acts[d].type;
        bool certified = kit_actors[h->acts[d].who].roles != 0;
        bool open =
            t == SC_R_HAZARD_REPORT || t == SC_R_HAZARD_REOPEN || t == SC_R_HAZARD_EMERGENCY;
        bool staff = kit_actors[h->acts[d].who].roles &
                     (SC_ROLE_OFFICER | SC_ROLE_CHIEF | SC_ROLE_VILLAGE | SC_ROLE_STREET);
        bool danger = open ||
                      (staff && (t == SC_R_HAZARD_FAIL || t == SC_R_HAZARD_ESCALATE ||
                                 t == SC_R_HAZARD_RECUR)) ||
                      (certified && staff && t == SC_R_HAZARD_PROGRESS && h->acts[d].danger);
        if (!present[d] || !danger)
            continue;
        bool seen = false;
        for (size_t k = 0; k < h->n; k++)
            seen = seen ||
                   (present[k] && !h->acts[k].pruned &&
                    (h->acts[k].type == SC_R_HAZARD_PASS || h->acts[k].type == SC_R_HAZARD_VOID) &&
                    kit_actors[h->acts[k].who].roles != 0 && model_reaches(h->acts, present, k, d));
        if (!seen)
            return true;
    }
    return false;
}

static void check_order(struct history *h, const struct sc_fact *facts, size_t n,
                        const struct sc_hazard *wanted, struct tally *t)
{
    struct sc_fact *mixed = malloc(2 * n * sizeof(*mixed) + 1);
    struct sc_hazard again;
    size_t count = n;
    assert_non_null(mixed);
    memcpy(mixed, facts, n * sizeof(*mixed));
    for (size_t i = 0; i < n; i++)
        if (chance(h, 30))
            mixed[count++] = facts[i];
    /* by hand: a fact is larger than what ts_prng_shuffle takes */
    for (size_t i = count; i > 1; i--) {
        size_t j = ts_prng_below(&h->rng, i);
        struct sc_fact swap = mixed[i - 1];
        mixed[i - 1] = mixed[j];
        mixed[j] = swap;
    }
    kit_fold(mixed, count, &again);
    t->order_dependent += !kit_same(wanted, &again);
    free(mixed);
}

/* The same hazard among so many notes that it takes the path of large folds, at other ranks. */
static void check_large(struct history *h, const struct sc_fact *facts, size_t n,
                        const struct sc_hazard *wanted, struct tally *t)
{
    size_t count = n + NOTES;
    struct sc_fact *all = malloc(count * sizeof(*all));
    struct sc_hazard large;
    assert_non_null(all);
    for (size_t i = 0; i < NOTES; i++) {
        all[i] = (struct sc_fact){.type = SC_R_HAZARD_REMIND, .roles = SC_ROLE_OFFICER};
        all[i].lamport = ts_prng_below(&h->rng, 20);
        ts_prng_bytes(&h->rng, all[i].entry_id.b, sizeof(all[i].entry_id.b));
    }
    memcpy(all + NOTES, facts, n * sizeof(*all));
    kit_fold(all, count, &large);
    assert_int_equal(large.fact_count, count);
    large.fact_count = wanted->fact_count;
    large.last_ms = wanted->last_ms;
    t->large_different += !kit_same(wanted, &large);
    free(all);
}

static void count_fold(const struct sc_hazard *f, struct tally *t)
{
    t->folds++;
    t->existing += f->exists;
    t->closed += f->state == SC_HS_CLOSED;
    t->voided += f->state == SC_HS_VOID;
    t->severity[f->severity]++;
    for (size_t b = 0; b < BLOCK_BITS; b++)
        t->blocks[b] += (f->blocks >> b) & 1;
    for (size_t b = 0; b < FLAG_BITS; b++)
        t->flags[b] += (f->flags >> b) & 1;
}

static void compare(struct history *h, const struct kit *k, const bool *present, uint64_t seed,
                    struct tally *t)
{
    struct sc_fact facts[KIT_ACTS_MAX];
    struct sc_hazard fold;
    struct model_result model;
    size_t n = 0;
    for (size_t i = 0; i < h->n; i++)
        if (present[i])
            facts[n++] = k->facts[i];
    kit_fold(facts, n, &fold);
    model_fold(h->acts, h->n, present, &h->policy, MODEL_RIGHT, &model);
    count_fold(&fold, t);
    const char *what = difference(&fold, &model);
    if (what != NULL && t->different++ == 0) {
        print_message("FENGSUI_SEED=%d: %s: fold state %d blocks %x flags %x, model state %d "
                      "blocks %x flags %x\n",
                      (int)seed, what, (int)fold.state, fold.blocks, fold.flags, (int)model.state,
                      model.blocks, model.flags);
        print_history(h, present);
    }
    if (fold.state >= SC_HS_CLOSED && over_unseen(h, present) && t->over_unseen++ == 0) {
        print_message("FENGSUI_SEED=%d: closed over a danger that nobody saw\n", (int)seed);
        print_history(h, present);
    }
    check_order(h, facts, n, &fold, t);
    if (n == h->n)
        check_large(h, facts, n, &fold, t);
    for (int mutant = 1; mutant < MODEL_MUTANTS && seed < t->first_seed + MUTANT_SEEDS; mutant++) {
        model_fold(h->acts, h->n, present, &h->policy, (enum model_mutant)mutant, &model);
        t->caught[mutant] += difference(&fold, &model) != NULL;
    }
}

/* The acts one after the other (parents come before their children): nothing but a clearance
 * closes, and nothing lowers what is listed to what is not. */
static void check_growth(const struct history *h, const struct kit *k, struct tally *t)
{
    struct sc_hazard before = {.state = SC_HS_REPORTED};
    for (size_t n = 1; n <= h->n; n++) {
        struct sc_hazard after;
        uint64_t type = h->acts[n - 1].type;
        bool clearance = type == SC_R_HAZARD_PASS || type == SC_R_HAZARD_VOID;
        kit_fold(k->facts, n, &after);
        if (before.state < SC_HS_CLOSED && after.state >= SC_HS_CLOSED) {
            t->closings++;
            t->closed_by_others += !clearance;
        }
        t->vanished += before.exists && !after.exists;
        before = after;
    }
}

/* One history, folded whole, with entries withheld, and as one replica knows it. */
static void run_seed(uint64_t seed, struct tally *t)
{
    struct history *h = malloc(sizeof(*h));
    struct kit *k = malloc(sizeof(*k));
    bool present[KIT_ACTS_MAX];
    assert_non_null(h);
    assert_non_null(k);
    make_history(h, seed);
    kit_init(k, h->acts, h->n, seed);
    struct sc_policy *policy = policy_of(h);
    kit_govern(k, h->acts, policy);
    if (seed % 4 == 0 || t->seeds == 1)
        check_growth(h, k, t);
    for (size_t i = 0; i < h->n; i++)
        present[i] = true;
    compare(h, k, present, seed, t);
    for (size_t i = 0; i < h->n; i++)
        present[i] = !chance(h, 10);
    compare(h, k, present, seed, t);
    compare(h, k, h->known[ts_prng_below(&h->rng, REPLICAS)], seed, t);
    kit_release(k);
    sc_policy_free(policy);
    free(k);
    free(h);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t n = otherwise;
    if (text != NULL)
        ts_assert_ok(cr_parse_u64(text, strlen(text), INT32_MAX, &n));
    return n;
}

static void print_tally(const struct tally *t)
{
    print_message("%d histories, %d folds: %d different, %d dependent on order, %d on size, "
                  "%d closed over an unseen danger\n",
                  (int)t->seeds, (int)t->folds, (int)t->different, (int)t->order_dependent,
                  (int)t->large_different, (int)t->over_unseen);
    print_message("%d closings on the way, %d by other acts than clearances, %d vanished\n",
                  (int)t->closings, (int)t->closed_by_others, (int)t->vanished);
    print_message("closed %d, void %d; severity 1-4: %d %d %d %d\nblocks:", (int)t->closed,
                  (int)t->voided, (int)t->severity[1], (int)t->severity[2], (int)t->severity[3],
                  (int)t->severity[4]);
    for (size_t b = 0; b < BLOCK_BITS; b++)
        print_message(" %s %d", sc_hazard_block_label(1u << b).name, (int)t->blocks[b]);
    print_message("\nflags:");
    for (size_t b = 0; b < FLAG_BITS; b++)
        print_message(" %s %d", sc_hazard_flag_label(1u << b).name, (int)t->flags[b]);
    print_message("\nwrong rules noticed:");
    for (size_t i = 1; i < MODEL_MUTANTS; i++)
        print_message(" %d", (int)t->caught[i]);
    print_message("\n");
}

/* The test is no test unless the histories reach what the rule is about. */
static void check_variety(const struct tally *t)
{
    assert_true(t->closed * 100 > t->folds * 5);
    assert_true(t->voided * 1000 > t->folds * 5);
    for (size_t b = 0; b < BLOCK_BITS; b++)
        if (t->blocks[b] * 100 < t->folds)
            ts_fail("block %s is too rare", sc_hazard_block_label(1u << b).name);
    for (size_t b = 0; b < FLAG_BITS; b++)
        if ((1u << b) != SC_HF_OVERFLOW && t->flags[b] * 100 < t->folds)
            ts_fail("flag %s is too rare", sc_hazard_flag_label(1u << b).name);
    for (size_t i = 1; i < MODEL_MUTANTS; i++)
        if (t->caught[i] < 10)
            ts_fail("wrong rule %zu is not noticed", i);
}

/* Fold and model agree on every history; no fold depends on order, copies or size; nothing is
 * closed over a danger that no certified closer had seen, nor by anything but a clearance; and
 * planted wrong rules are noticed. */
static void test_hazard_model__random_histories(void **state)
{
    (void)state;
    struct tally t = {.seeds = number_from("FENGSUI_SEEDS", SEEDS), .first_seed = 1};
    bool one = getenv("FENGSUI_SEED") != NULL;
    if (one) {
        t.first_seed = number_from("FENGSUI_SEED", 1);
        t.seeds = 1;
    }
    for (uint64_t i = 0; i < t.seeds; i++)
        run_seed(t.first_seed + i, &t);
    print_tally(&t);
    assert_int_equal(t.different, 0);
    assert_int_equal(t.order_dependent, 0);
    assert_int_equal(t.large_different, 0);
    assert_int_equal(t.over_unseen, 0);
    assert_int_equal(t.closed_by_others, 0);
    assert_int_equal(t.vanished, 0);
    if (t.seeds >= MUTANT_SEEDS)
        check_variety(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hazard_model__random_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
