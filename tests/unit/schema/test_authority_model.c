/* The evaluation of authority against its slow model: whole histories, wild sets of records, and
 * the mutants that have to be seen. FENGSUI_SEEDS raises the number of histories. */
#include "tests/unit/schema/authority_kit.h"
#include "tests/unit/schema/authority_world.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct am_rule proposed = {.name = "proposed"};

static uint64_t seeds(uint64_t usual)
{
    const char *text = getenv("FENGSUI_SEEDS");
    uint64_t n;

    if (text == NULL || cr_parse_u64(text, strlen(text), 1000000000, &n) != ST_OK)
        return usual;
    return usual * n / 2000 > usual ? usual * n / 2000 : usual;
}

/* ---- histories ---- */

struct history {
    struct aw *w;
    struct ak k;
    struct ak_store live[AW_REPS]; /* fed entry by entry, as they come */
    struct ak_store fresh;
    struct ts_prng r;
    uint64_t compared, entries, offers;
    char text[120];
};

static void on_reset(void *ctx, int rep)
{
    struct history *h = ctx;

    ak_close(&h->live[rep]);
    ak_open(&h->live[rep], &h->k);
}

static void on_stored(void *ctx, int rep, int op)
{
    struct history *h = ctx;

    ak_put(&h->live[rep], op);
}

static void compare(struct history *h, int rep, struct ak_store *s, const char *what)
{
    const char *why =
        ak_differs(s, h->w->reps[rep].has, aw_seats(h->w, rep), aw_view(h->w, rep), h->text);

    h->compared++;
    if (why != NULL)
        ts_fail("step %d, replica %d, %s: %s", h->w->now, rep, what, why);
}

struct awaited {
    const struct sc_auth_at *at;
    bool any;
};

static int awaits(void *arg, const struct sc_auth_at *wanted)
{
    struct awaited *w = arg;

    w->any =
        w->any || (cr_sign_pk_equal(&wanted->key.author, &w->at->key.author) &&
                   wanted->key.scope == w->at->key.scope &&
                   wanted->key.incarnation == w->at->key.incarnation && wanted->seq >= w->at->seq);
    return 0;
}

/* The decision about an entry offered to a replica. The model knows every path, a node only those
 * whose end it holds: it keeps more while a named entry of that log has not arrived. */
static void on_offered(void *ctx, int rep, int op, bool named, int siblings, bool admitted)
{
    struct history *h = ctx;
    struct ak_store *s = &h->live[rep];
    struct sc_auth_offer offer = {.branch = SC_AUTH_NONE, .bytes = 100, .on_named_path = named};
    struct sc_auth_use use = {.siblings = (uint64_t)siblings};
    enum sc_admission said;
    struct sc_auth_at at;
    struct awaited wait = {.at = &at};

    if (!ts_prng_chance(&h->r, 1, 16))
        return;
    (void)sc_authority_settle(s->a);
    ak_at(s, op, &at);
    offer.key = at.key;
    offer.seq = at.seq;
    offer.entry_id = at.entry_id;
    said = sc_authority_admit(s->a, &offer, &use);
    h->offers++;
    (void)sc_authority_each_wanted(s->a, awaits, &wait);
    if (admitted != (said <= SC_ADMIT_NAMED) && (admitted || !wait.any))
        ts_fail("step %d, replica %d: entry %d, admission %d", h->w->now, rep, op, (int)said);
}

static void on_stepped(void *ctx, int step)
{
    struct history *h = ctx;
    bool last = step == 90;

    for (int rep = 0; rep < AW_THIEF; rep++) {
        struct ak_store *s = &h->live[rep];

        if (!h->w->reps[rep].alive || (!last && !ts_prng_chance(&h->r, 1, 30)))
            continue;
        (void)sc_authority_settle(s->a);
        compare(h, rep, s, "as it came");
        if (!ts_prng_chance(&h->r, 1, 4))
            continue;
        ak_open(&h->fresh, &h->k);
        ak_put_all(&h->fresh, h->w->reps[rep].has, &h->r);
        compare(h, rep, &h->fresh, "in another order");
        ak_close(&h->fresh);
    }
}

static void play(struct ts_prng *r, uint64_t seed, void *ctx)
{
    struct history *h = ctx;
    struct aw_hooks hooks = {.ctx = h,
                             .stored = on_stored,
                             .reset = on_reset,
                             .offered = on_offered,
                             .stepped = on_stepped};
    const struct aw_result *res = &h->w->result;

    h->r = *r;
    ak_begin(&h->k, h->w->book, seed);
    aw_run(h->w, seed, &proposed, &hooks);
    h->entries += (uint64_t)h->w->book->count;
    for (int rep = 0; rep < AW_REPS; rep++)
        ak_close(&h->live[rep]);
    if (res->diverged || res->state_diverged)
        ts_fail("I1, I2: replicas with the same entries differ");
    if (res->thief_counts)
        ts_fail("I5, I7: an entry of the thief counts in the end");
    if (res->entry_lost)
        ts_fail("I4: an honest entry does not count in the end");
    if (res->hazard_lost || res->vanished)
        ts_fail("I6: a hazard was lost, or not seen for a while");
    if (res->reaccepted)
        ts_fail("I5: what a revocation excluded came back");
    if (res->flooded)
        ts_fail("I10: more than a fork's proof was held");
}

/* Whole histories: at random steps and at the end each replica's evaluation is the model's, whether
 * fed entry by entry or from nothing in another order (I1, I9); admission refuses nothing that the
 * model keeps; and the invariants hold. */
static void test_authority_model__histories(void **state)
{
    struct history *h = calloc(1, sizeof *h);

    (void)state;
    CR_ASSERT(h != NULL);
    h->w = aw_new();
    CR_ASSERT(h->w != NULL);
    ts_each_seed(0, seeds(2000), play, h);
    print_message("%llu entries, %llu evaluations compared, %llu offers\n",
                  (unsigned long long)h->entries, (unsigned long long)h->compared,
                  (unsigned long long)h->offers);
    assert_true(h->compared > 0 && h->offers > 0);
    ak_end(&h->k);
    aw_free(h->w);
    free(h);
}

/* ---- wild sets ---- */

struct wild {
    struct am_book book;
    struct ak k;
    struct ak_store s, fresh;
    struct am_seats seats;
    struct am_view view;
    uint64_t has[AM_WORDS];
    bool counted[AM_OPS];
    char text[120];
};

static int some_author(struct ts_prng *r)
{
    static const int authors[] = {0, 0, 0, 1, 2, 2, 3, 3, 4, 8, 8, 9, 10};

    return authors[ts_prng_below(r, COUNT(authors))];
}

/* Any entry of the log, or its start; mostly its last. */
static int some_place(struct ts_prng *r, const struct am_book *b, const struct am_op *o)
{
    int last = -1, any = -1, n = 0;

    for (int i = 0; i < b->count; i++) {
        const struct am_op *x = &b->ops[i];

        if (x->author != o->author || x->scope != o->scope || x->inc != o->inc)
            continue;
        last = i;
        if (ts_prng_below(r, (uint64_t)++n + 1) == 0)
            any = i;
    }
    return ts_prng_chance(r, 4, 5) ? last : any;
}

static void name_some(struct ts_prng *r, const struct am_book *b, struct am_op *o, int most)
{
    int count = (int)ts_prng_below(r, (uint64_t)most + 1);

    for (int i = 0; i < b->count && o->head_count < count; i++) {
        int n = (int)ts_prng_below(r, (uint64_t)b->count);
        const struct am_op *x = &b->ops[n];

        if ((x->author != o->subject && !ts_prng_chance(r, 1, 50)) ||
            (o->mode == AM_FORK && x->inc != o->cut_inc))
            continue;
        o->heads[o->head_count++] =
            (struct am_head){.op = n,
                             .scope = x->scope,
                             .inc = x->inc,
                             .seq = x->seq + (ts_prng_chance(r, 1, 20) ? 1 : 0)};
    }
}

static void write_cut(struct ts_prng *r, const struct am_book *b, struct am_op *o)
{
    o->mode = (enum am_mode)ts_prng_range(r, AM_REVOKE, AM_RETIRE);
    if (o->mode == AM_RETIRE && ts_prng_chance(r, 4, 5))
        o->mode = AM_REVOKE;
    o->cut_inc = (int)ts_prng_below(r, 3);
    if (o->mode == AM_RETIRE) {
        o->subject = ts_prng_chance(r, 4, 5) ? o->author : o->subject;
        return;
    }
    name_some(r, b, o, 5);
    if (b->count > 0 && ts_prng_chance(r, 1, 4))
        o->deps[o->dep_count++] = (int)ts_prng_below(r, (uint64_t)b->count);
}

static void write_wild(struct ts_prng *r, struct am_book *b)
{
    static const int masks[] = {2, 4, 6, AM_ALL_SCOPES};
    struct am_op o = {.author = some_author(r), .subject = some_author(r)};

    o.kind = (enum am_kind)ts_prng_below(r, 5);
    if (o.author <= AM_NEXT && ts_prng_chance(r, 1, 2))
        o.kind = AM_CERT;
    o.scope = o.kind < AM_RAISE ? 0 : (int)ts_prng_range(r, 1, 2);
    if (ts_prng_chance(r, 1, 30)) /* a record where it does not belong, data in public */
        o.scope = o.kind < AM_RAISE ? 1 : 0;
    o.inc = (int)ts_prng_below(r, 2);
    o.rank = o.author <= AM_NEXT ? (int)ts_prng_range(r, 1, 2) : 2;
    o.mask = masks[ts_prng_below(r, COUNT(masks))];
    o.inspector = ts_prng_chance(r, 1, 2);
    if (o.kind == AM_CUT)
        write_cut(r, b, &o);
    if (o.kind == AM_ADOPT) {
        o.subject = ts_prng_chance(r, 1, 3) ? o.author : o.subject;
        name_some(r, b, &o, 1);
        if (o.head_count == 0)
            o.kind = AM_RAISE;
    }
    o.prev = some_place(r, b, &o);
    o.seq = o.prev >= 0 ? b->ops[o.prev].seq + 1 : 0;
    (void)am_write(b, &o);
}

static bool covered(const struct wild *w, const struct sc_auth_changes *ch, int op)
{
    struct sc_auth_at at;

    ak_at(&w->s, op, &at);
    for (size_t i = 0; i < ch->count; i++) {
        const struct sc_auth_change *c = &ch->c[i];

        if (!cr_sign_pk_equal(&c->key.author, &at.key.author))
            continue;
        if (c->kind == SC_AUTH_AUTHOR)
            return true;
        if (c->key.scope != at.key.scope || c->key.incarnation != at.key.incarnation)
            continue;
        if (c->kind == SC_AUTH_LOG && c->branch == at.branch && at.seq >= c->from_seq &&
            at.seq < c->to_seq)
            return true;
        for (size_t k = 0; c->kind == SC_AUTH_ENTRIES && k < sc_adopt_count(c->entries); k++) {
            struct sc_adopt_entry e;

            sc_adopt_at(c->entries, k, &e);
            if (cr_hash_equal(&e.entry_id, &at.entry_id))
                return true;
        }
    }
    return false;
}

/* Every entry whose standing changed is named by a change; new ones are the caller's to fold. */
static void check_changes(struct wild *w, const struct sc_auth_changes *ch, int fresh)
{
    for (int n = 0; n < w->book.count; n++) {
        bool counts;

        if (!am_has(w->has, n))
            continue;
        counts = ak_counts(&w->s, n);
        if (n != fresh && counts != w->counted[n] && !covered(w, ch, n))
            ts_fail("entry %d changes without being named", n);
        w->counted[n] = counts;
    }
}

/* I7: each accepted certificate comes from a root, or from a seat whose grids enclose its own. */
static int check_cert(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                      const struct cr_hash *entry_id)
{
    struct sc_certs *certs = arg;

    (void)entry_id;
    if (sc_certs_root(certs, issuer) != SC_ROOT_NONE)
        return 0;
    if (!sc_certs_is_seat(certs, issuer) || c->rank != 2)
        ts_fail("I7: a certificate by one who is no seat");
    for (size_t i = 0; i < c->prefix_count; i++) {
        if (!sc_certs_governs(certs, issuer, sc_grid_scope(c->prefixes[i])))
            ts_fail("I7: a certificate beyond its issuer's grids");
    }
    return 0;
}

static void check_wild(struct wild *w, struct ak_store *s, const char *what)
{
    const char *why = ak_differs(s, w->has, &w->seats, &w->view, w->text);

    if (why != NULL)
        ts_fail("%s: %s", what, why);
}

static void write_book(struct ts_prng *r, struct wild *w)
{
    int count = (int)ts_prng_range(r, 5, 80);

    memset(&w->book, 0, sizeof w->book);
    memset(w->has, 0, sizeof w->has);
    for (int i = 0; i < count; i++)
        write_wild(r, &w->book);
}

/* Stores an entry, the start of its path first, and settles after each. */
static void put_settled(struct wild *w, int op)
{
    while (!am_has(w->has, op)) {
        struct sc_auth_changes ch;
        int first = op;

        while (w->book.ops[first].prev >= 0 && !am_has(w->has, w->book.ops[first].prev))
            first = w->book.ops[first].prev;
        ak_put(&w->s, first);
        am_put(w->has, first);
        ch = sc_authority_settle(w->s.a);
        check_changes(w, &ch, first);
    }
}

static void wild_seed(struct ts_prng *r, uint64_t seed, void *ctx)
{
    struct wild *w = ctx;
    int order[AM_OPS];

    write_book(r, w);
    ak_begin(&w->k, &w->book, seed);
    ak_open(&w->s, &w->k);
    for (int i = 0; i < w->book.count; i++)
        order[i] = i;
    if (ts_prng_chance(r, 1, 2))
        ts_prng_shuffle(r, order, (size_t)w->book.count, sizeof order[0]);
    for (int i = 0; i < w->book.count; i++) {
        put_settled(w, order[i]);
        if (i % 4 != 0 && i + 1 < w->book.count)
            continue;
        am_seats(&w->book, w->has, &proposed, 0, &w->seats);
        am_view(&w->book, w->has, &proposed, &w->seats, &w->view);
        check_wild(w, &w->s, "as it came");
    }
    ak_open(&w->fresh, &w->k);
    ak_put_all(&w->fresh, w->has, r);
    check_wild(w, &w->fresh, "in another order");
    (void)sc_certs_each(sc_authority_certs(w->s.a), check_cert, sc_authority_certs(w->s.a));
    ak_close(&w->fresh);
    ak_close(&w->s);
}

/* Records without sense: anybody certifies, cuts and adopts anybody, logs fork at will, heads lie,
 * the successor acts, seats come and go. Still the model's evaluation, in any order, and every
 * change is told. */
static void test_authority_model__wild(void **state)
{
    struct wild *w = calloc(1, sizeof *w);

    (void)state;
    CR_ASSERT(w != NULL);
    ts_each_seed(0, seeds(3000), wild_seed, w);
    ak_end(&w->k);
    free(w);
}

/* ---- mutants ---- */

/* Which result betrays a spoiled rule, and how many histories may be needed for it. */
enum sign { SIGN_DIVERGED, SIGN_THIEF, SIGN_HAZARD, SIGN_VANISHED, SIGN_BACK, SIGN_FLOODED };

static bool shows(const struct aw_result *res, enum sign sign)
{
    switch (sign) {
    case SIGN_DIVERGED: return res->diverged || res->state_diverged;
    case SIGN_THIEF: return res->thief_counts;
    case SIGN_HAZARD: return res->hazard_lost;
    case SIGN_VANISHED: return res->vanished;
    case SIGN_BACK: return res->reaccepted;
    case SIGN_FLOODED: return res->flooded;
    }
    return false;
}

/* A rule spoiled in one place breaks the invariant it guards, in histories played by it. */
static void test_authority_model__mutants_break_invariants(void **state)
{
    static const struct {
        struct am_rule rule;
        enum sign sign;
        uint64_t within;
    } rows[] = {
        {{.name = "seq-only cut", .seq_only = true}, SIGN_THIEF, 5},
        {{.name = "first branch seen, by number", .seq_first_seen = true}, SIGN_DIVERGED, 10},
        {{.name = "refuse when known", .refuse_known = true}, SIGN_DIVERGED, 10},
        {{.name = "claimed-time cut", .by_time = true}, SIGN_THIEF, 5},
        {{.name = "truncate at fork", .truncate = true}, SIGN_VANISHED, 5},
        {{.name = "truncate at fork", .truncate = true}, SIGN_HAZARD, 10},
        {{.name = "other incarnations left open", .others_open = true}, SIGN_THIEF, 20},
        {{.name = "one branch per seq", .one_branch = true}, SIGN_DIVERGED, 10},
        {{.name = "union of cuts", .union_of_cuts = true}, SIGN_THIEF, 100},
        {{.name = "no soft cuts", .no_soft = true, .no_await = true}, SIGN_BACK, 1500},
        {{.name = "held raises hidden", .hide_held = true}, SIGN_VANISHED, 5},
        {{.name = "clock in evaluation", .clock = true}, SIGN_DIVERGED, 60},
        {{.name = "no quota", .no_quota = true}, SIGN_FLOODED, 40},
    };
    struct aw *w = aw_new();

    (void)state;
    CR_ASSERT(w != NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t seed = 0;

        do {
            if (seed == rows[i].within)
                ts_fail("%s: not seen in %llu histories", rows[i].rule.name,
                        (unsigned long long)seed);
            aw_run(w, seed++, &rows[i].rule, NULL);
        } while (!shows(&w->result, rows[i].sign));
        print_message("%-30s seen in history %llu\n", rows[i].rule.name,
                      (unsigned long long)seed - 1);
    }
    aw_free(w);
}

struct hunt {
    struct history h;
    const struct am_rule *mutant;
    struct am_seats seats;
    struct am_view view;
    bool seen;
};

static void hunt_stepped(void *ctx, int step)
{
    struct hunt *t = ctx;

    for (int rep = 0; rep < AW_THIEF && !t->seen; rep++) {
        const struct aw_rep *r = &t->h.w->reps[rep];
        struct ak_store *s = &t->h.live[rep];

        if (!r->alive)
            continue;
        (void)sc_authority_settle(s->a);
        am_seats(t->h.w->book, r->has, t->mutant, step + rep * 6 - 30, &t->seats);
        am_view(t->h.w->book, r->has, t->mutant, &t->seats, &t->view);
        t->seen = ak_differs(s, r->has, &t->seats, &t->view, t->h.text) != NULL;
    }
}

static void hunt_reset(void *ctx, int rep)
{
    struct hunt *t = ctx;

    on_reset(&t->h, rep);
}

static void hunt_stored(void *ctx, int rep, int op)
{
    struct hunt *t = ctx;

    on_stored(&t->h, rep, op);
}

/* And the evaluation differs from that of a spoiled model on the same entries: also where the harm
 * is rare (a cut that waits for its hand-over, or for a head). */
static void test_authority_model__mutants_differ(void **state)
{
    static const struct {
        struct am_rule rule;
        uint64_t within;
    } rows[] = {
        {{.name = "seq-only cut", .seq_only = true}, 5},
        {{.name = "claimed-time cut", .by_time = true}, 5},
        {{.name = "other incarnations left open", .others_open = true}, 20},
        {{.name = "union of cuts", .union_of_cuts = true}, 40},
        {{.name = "no soft cuts", .no_soft = true}, 40},
        {{.name = "no deps", .no_deps = true}, 100},
        {{.name = "clock in evaluation", .clock = true}, 20},
    };
    struct hunt *t = calloc(1, sizeof *t);
    struct aw_hooks hooks = {
        .ctx = t, .stored = hunt_stored, .reset = hunt_reset, .stepped = hunt_stepped};

    (void)state;
    CR_ASSERT(t != NULL);
    t->h.w = aw_new();
    CR_ASSERT(t->h.w != NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t seed = 0;

        t->mutant = &rows[i].rule;
        for (t->seen = false; !t->seen; seed++) {
            if (seed == rows[i].within)
                ts_fail("%s: not seen in %llu histories", rows[i].rule.name,
                        (unsigned long long)seed);
            ak_begin(&t->h.k, t->h.w->book, seed);
            aw_run(t->h.w, seed, &proposed, &hooks);
        }
        print_message("%-34s differs in history %llu\n", rows[i].rule.name,
                      (unsigned long long)seed - 1);
    }
    for (int rep = 0; rep < AW_REPS; rep++)
        ak_close(&t->h.live[rep]);
    ak_end(&t->h.k);
    aw_free(t->h.w);
    free(t);
}

/* Some of each wild set, its paths whole. */
static void take_part(struct ts_prng *r, struct wild *w)
{
    for (int n = 0; n < w->book.count; n++) {
        int prev = w->book.ops[n].prev;

        if ((prev < 0 || am_has(w->has, prev)) && ts_prng_chance(r, 4, 5))
            am_put(w->has, n);
    }
}

/* The same on wild sets, which also have what no plausible history shows. */
static void test_authority_model__mutants_differ_wildly(void **state)
{
    static const struct am_rule rules[] = {
        {.name = "seq-only cut", .seq_only = true},
        {.name = "other incarnations left open", .others_open = true},
        {.name = "union of cuts", .union_of_cuts = true},
        {.name = "no soft cuts", .no_soft = true},
        {.name = "suspended for an absent head", .no_await = true},
        {.name = "no deps", .no_deps = true},
    };
    struct wild *w = calloc(1, sizeof *w);

    (void)state;
    CR_ASSERT(w != NULL);
    for (size_t i = 0; i < COUNT(rules); i++) {
        const char *why = NULL;
        uint64_t seed = 0;

        for (; why == NULL; seed++) {
            struct ts_prng r;

            if (seed == 1000)
                ts_fail("%s: not seen in %llu sets", rules[i].name, (unsigned long long)seed);
            ts_prng_init(&r, seed);
            write_book(&r, w);
            take_part(&r, w);
            ak_begin(&w->k, &w->book, seed);
            ak_open(&w->s, &w->k);
            ak_put_all(&w->s, w->has, &r);
            am_seats(&w->book, w->has, &rules[i], 0, &w->seats);
            am_view(&w->book, w->has, &rules[i], &w->seats, &w->view);
            why = ak_differs(&w->s, w->has, &w->seats, &w->view, w->text);
            ak_close(&w->s);
        }
        print_message("%-30s differs in set %llu\n", rules[i].name, (unsigned long long)seed - 1);
    }
    ak_end(&w->k);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority_model__wild),
        cmocka_unit_test(test_authority_model__histories),
        cmocka_unit_test(test_authority_model__mutants_break_invariants),
        cmocka_unit_test(test_authority_model__mutants_differ),
        cmocka_unit_test(test_authority_model__mutants_differ_wildly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
