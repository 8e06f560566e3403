#include "tests/unit/schema/authority_world.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define STEPS   90
#define DEVICES 5
#define FAKE    16
static const int devices[DEVICES] = {8, 9, 10, 11, 12};

struct aw *aw_new(void)
{
    struct aw *w = calloc(1, sizeof *w);

    if (w == NULL)
        return NULL;
    w->book = calloc(1, sizeof *w->book);
    if (w->book == NULL) {
        free(w);
        return NULL;
    }
    return w;
}

void aw_free(struct aw *w)
{
    if (w != NULL)
        free(w->book);
    free(w);
}

static int below(struct aw *w, int bound)
{
    return (int)ts_prng_below(&w->r, (uint64_t)bound);
}

static int range(struct aw *w, int lo, int hi)
{
    return lo + below(w, hi - lo + 1);
}

static bool percent(struct aw *w, int p)
{
    return below(w, 100) < p;
}

static bool is_inspector(int d)
{
    return d == 9 || d == 12;
}

static bool of_authority(int who)
{
    return who < AM_DEVICE;
}

int aw_scope(const struct aw *w, int who)
{
    if (who >= FAKE)
        return aw_scope(w, w->village);
    if (who >= AM_DEVICE)
        return who <= 10 ? 1 : 2;
    return who >= 2 ? 1 + (who & 1) : 0;
}

static bool proposed(const struct am_rule *r)
{
    return !r->seq_first_seen && !r->refuse_known && !r->by_time && !r->truncate;
}

/* ---- replicas ---- */

static void put(struct aw *w, int rep, int n)
{
    struct aw_rep *r = &w->reps[rep];

    if (am_has(r->has, n))
        return;
    am_put(r->has, n);
    r->view_known = false;
    if (of_authority(w->book->ops[n].author))
        r->seats_known = false;
    if (w->hooks != NULL && w->hooks->stored != NULL && rep != AW_THIEF)
        w->hooks->stored(w->hooks->ctx, rep, n);
}

static void reset(struct aw *w, int rep)
{
    memset(&w->reps[rep], 0, sizeof w->reps[rep]);
    w->reps[rep].alive = true;
    if (w->hooks != NULL && w->hooks->reset != NULL && rep != AW_THIEF)
        w->hooks->reset(w->hooks->ctx, rep);
}

const struct am_seats *aw_seats(struct aw *w, int rep)
{
    struct aw_rep *r = &w->reps[rep];

    if (!r->seats_known || w->rule->clock) /* clocks differ by up to 30 steps */
        am_seats(w->book, r->has, w->rule, w->now + rep * 6 - 30, &r->seats);
    r->seats_known = true;
    return &r->seats;
}

const struct am_view *aw_view(struct aw *w, int rep)
{
    struct aw_rep *r = &w->reps[rep];
    const struct am_seats *s = aw_seats(w, rep);

    if (!r->view_known || w->rule->clock)
        am_view(w->book, r->has, w->rule, s, &r->view);
    r->view_known = true;
    return &r->view;
}

static int siblings(const struct aw *w, int rep, const struct am_op *o)
{
    const struct am_book *b = w->book;
    int count = 0;

    for (int i = 0; i < b->author_count[o->author]; i++) {
        int n = b->by_author[o->author][i];

        count += b->ops[n].scope == o->scope && b->ops[n].inc == o->inc &&
                         b->ops[n].seq == o->seq && am_has(w->reps[rep].has, n)
                     ? 1
                     : 0;
    }
    return count;
}

/* On the path to an entry that a binding cut or an adoption names. */
static bool is_named(const struct aw *w, const struct am_seats *s, int n)
{
    const struct am_book *b = w->book;
    const struct am_op *o = &b->ops[n];

    for (int i = 0; i < s->cut_count; i++) {
        const struct am_op *c = &b->ops[s->cuts[i]];

        for (int h = 0; h < c->head_count && c->subject == o->author; h++) {
            if (am_has(b->path[c->heads[h].op], n) ||
                (w->rule->seq_only && c->heads[h].inc == o->inc && c->heads[h].scope == o->scope &&
                 o->seq <= c->heads[h].seq))
                return true;
        }
    }
    for (int i = 0; i < s->adopt_count; i++) {
        if (am_has(b->path[b->ops[s->adopts[i]].heads[0].op], n))
            return true;
    }
    return false;
}

/* What the binding cuts say of the entry: bit 0 some bind, bit 1 a REVOKE does, bit 2 its number is
 * above all that they name, bit 3 its claimed time is not before one of them. */
static int cut_word(const struct aw *w, const struct am_seats *s, const struct am_op *o)
{
    const struct am_book *b = w->book;
    int word = 0;
    bool beyond_all = true;

    for (int i = 0; i < s->cut_count; i++) {
        const struct am_op *c = &b->ops[s->cuts[i]];
        int top = -1;

        int scope = o->scope == 0 ? aw_scope(w, o->author) : o->scope; /* one area each */

        if (c->subject != o->author || !am_binds(b, s, s->cuts[i], scope) ||
            (c->mode == AM_FORK && c->cut_inc != o->inc))
            continue;
        for (int h = 0; h < c->head_count; h++) {
            if (c->heads[h].inc == o->inc && c->heads[h].scope == o->scope && c->heads[h].seq > top)
                top = c->heads[h].seq;
        }
        word |= 1 | (c->mode == AM_REVOKE ? 2 : 0) | (o->ts >= c->ts ? 8 : 0);
        beyond_all = beyond_all && o->seq > top;
    }
    return word | (beyond_all && word != 0 ? 4 : 0);
}

static bool allowed(struct aw *w, int rep, int n, bool *named, int *twins)
{
    const struct am_rule *rule = w->rule;
    const struct am_op *o = &w->book->ops[n];
    const struct am_seats *s = aw_seats(w, rep);
    int word = cut_word(w, s, o);
    bool known = (word & 1) != 0;

    *twins = siblings(w, rep, o);
    *named = is_named(w, s, n);
    if ((rule->refuse_known && known) || (rule->seq_first_seen && *twins > 0)) {
        am_put(w->reps[rep].refused, n);
        return false;
    }
    if ((rule->seq_first_seen && (word & 4) != 0) || (rule->by_time && (word & 8) != 0) ||
        (rule->truncate && known && !*named))
        return false;
    if (!proposed(rule))
        return true;
    if ((word & 2) != 0 && !*named)
        return false;
    return *named || s->level[o->author] < 3 || rule->no_quota ||
           *twins < (rule->one_branch ? 1 : 2);
}

static bool admit(struct aw *w, int rep, int n)
{
    struct aw_rep *r = &w->reps[rep];
    const struct am_op *o = &w->book->ops[n];
    bool named, ok;
    int twins;

    if (am_has(r->has, n))
        return true;
    if ((o->prev >= 0 && !am_has(r->has, o->prev)) || am_has(r->refused, n))
        return false;
    ok = allowed(w, rep, n, &named, &twins);
    if (w->hooks != NULL && w->hooks->offered != NULL)
        w->hooks->offered(w->hooks->ctx, rep, n, named, twins, ok);
    if (ok)
        put(w, rep, n);
    if (ok && !named && twins >= 2 && o->author >= AM_DEVICE)
        w->result.flooded = true;
    return ok;
}

static int rank_of(int who)
{
    return who <= AM_NEXT ? 0 : of_authority(who) ? 1 : 2;
}

/* The root's entries first, then the seats', then the rest; all of it, or a part from the front. */
static bool transfer(struct aw *w, int from, int to, bool whole)
{
    uint64_t has[AM_WORDS];
    int left = 0;
    bool any = false;

    memcpy(has, w->reps[from].has, sizeof has);
    for (int i = 0; i < AM_WORDS; i++)
        left += __builtin_popcountll(has[i]);
    left = whole ? left : below(w, left + 1);
    for (int rank = 0; rank < 3; rank++) {
        for (int n = 0; n < w->book->count && left > 0; n++) {
            if (!am_has(has, n) || rank_of(w->book->ops[n].author) != rank)
                continue;
            left--;
            if (!am_has(w->reps[to].has, n) && admit(w, to, n))
                any = true;
        }
    }
    return any;
}

/* ---- writing ---- */

static int emit(struct aw *w, int rep, struct am_op op, int *head)
{
    int n;

    op.seq = *head >= 0 ? w->book->ops[*head].seq + 1 : 0;
    op.prev = *head;
    n = am_write(w->book, &op);
    *head = n;
    put(w, rep, n);
    return n;
}

static int emit_own(struct aw *w, struct am_op op)
{
    op.ts = op.ts != 0 ? op.ts : w->now;
    return emit(w, op.author, op, &w->head[op.author][op.scope][op.inc]);
}

static void certify(struct aw *w, int issuer, int subject, int rank)
{
    int scope = aw_scope(w, subject);

    (void)emit_own(w, (struct am_op){.author = issuer,
                                     .kind = AM_CERT,
                                     .subject = subject,
                                     .rank = rank,
                                     .mask = 1 << scope,
                                     .inspector = is_inspector(subject)});
}

static void add_head(const struct aw *w, struct am_op *cut, int n)
{
    const struct am_op *o;

    if (n < 0)
        return;
    CR_ASSERT(cut->head_count < AM_HEADS);
    o = &w->book->ops[n];
    cut->heads[cut->head_count++] =
        (struct am_head){.op = n, .scope = o->scope, .inc = o->inc, .seq = o->seq};
}

static struct am_op close_of(struct aw *w, int who, const uint64_t *has, int count)
{
    struct am_op op = {.author = who, .scope = aw_scope(w, who), .kind = AM_CLOSE};
    int raises[AM_OPS], n = 0;

    for (int i = 0; i < w->book->count; i++) {
        if (am_has(has, i) && w->book->ops[i].kind == AM_RAISE)
            raises[n++] = i;
    }
    for (int i = 0; i < count && n > 0; i++)
        op.observed[op.observed_count++] = (int16_t)raises[below(w, n)];
    return op;
}

/* An honest officer reports, or closes a hazard it sees open with all reports of it. */
static void act(struct aw *w, int d)
{
    struct am_op op = {.author = d, .scope = aw_scope(w, d), .inc = w->inc_now[d]};
    int open[AM_OPS], n = 0, hazard;

    for (int i = 0; is_inspector(d) && i < w->hazards; i++) {
        if (am_has(aw_view(w, d)->open, i))
            open[n++] = i;
    }
    if (n == 0 || percent(w, 50)) {
        op.kind = AM_RAISE;
        op.hazard = w->hazards++;
        (void)emit_own(w, op);
        return;
    }
    hazard = open[below(w, n)];
    op.kind = AM_CLOSE;
    for (int i = 0; i < w->book->count && op.observed_count < AM_OBSERVED; i++) {
        if (am_has(w->reps[d].has, i) && w->book->ops[i].kind == AM_RAISE &&
            w->book->ops[i].hazard == hazard)
            op.observed[op.observed_count++] = (int16_t)i;
    }
    (void)emit_own(w, op);
}

/* The last entry of incarnation 0 that a replica holds of a log. */
static int last_held(const struct aw *w, int rep, int who, int scope, bool thief_only)
{
    int best = -1;

    for (int n = 0; n < w->book->count; n++) {
        const struct am_op *o = &w->book->ops[n];

        if (o->author == who && o->scope == scope && o->inc == 0 && am_has(w->reps[rep].has, n) &&
            (!thief_only || o->thief) && (best < 0 || o->seq > w->book->ops[best].seq))
            best = n;
    }
    return best;
}

/* ---- the thief of a device ---- */

static int *thief_place(struct aw *w, int *inc)
{
    int m = below(w, 100), n = 0, chain[AM_OPS];

    *inc = 0;
    if (m < 35) {
        if (w->thief_ext < 0)
            w->thief_ext = w->stolen_head;
        return &w->thief_ext;
    }
    if (m < 80) {
        for (int x = w->stolen_head; x >= 0; x = w->book->ops[x].prev)
            chain[n++] = x;
        chain[n++] = -1;
        w->thief_fork = chain[below(w, n)];
        return &w->thief_fork;
    }
    *inc = range(w, 1, 3);
    return &w->thief_inc[*inc];
}

static void thief_writes(struct aw *w)
{
    const uint64_t *has = w->reps[AW_THIEF].has;
    int inc, *head = thief_place(w, &inc), count = range(w, 1, 4);

    for (int i = 0; i < count; i++) {
        struct am_op op = {.author = w->stolen, .scope = aw_scope(w, w->stolen)};

        if (percent(w, 60))
            op = close_of(w, w->stolen, has, 3);
        if (op.kind != AM_CLOSE || op.observed_count == 0) {
            op.kind = AM_RAISE;
            op.hazard = w->hazards++;
        }
        op.inc = inc;
        op.thief = true;
        op.ts = below(w, w->t_theft + 1);
        (void)emit(w, AW_THIEF, op, head);
    }
}

/* What its rank does not allow: certificates, cuts, adoption of its own held entries. */
static void thief_oversteps(struct aw *w)
{
    int which = below(w, 2), target = -1;
    struct am_op op = {.author = w->stolen, .inc = which, .thief = true, .ts = 1};

    for (int n = 0; n < w->book->count; n++) {
        if (w->book->ops[n].author == w->stolen && w->book->ops[n].kind >= AM_RAISE &&
            (target < 0 || percent(w, 20)))
            target = n;
    }
    op.kind = (enum am_kind)below(w, 3);
    op.subject = op.kind == AM_ADOPT ? w->stolen : devices[below(w, DEVICES)];
    op.rank = range(w, 1, 2);
    op.mask = 1 << aw_scope(w, w->stolen);
    op.inspector = true;
    op.mode = AM_REVOKE;
    if (op.kind == AM_ADOPT) {
        if (target < 0)
            return;
        add_head(w, &op, target);
    }
    (void)emit(w, AW_THIEF, op, &w->thief_own[which]);
}

static void step_theft(struct aw *w)
{
    if (w->now == w->t_theft) {
        int scope = aw_scope(w, w->stolen);

        w->stolen_head = w->head[w->stolen][scope][0];
        for (int n = 0; n < w->book->count; n++) {
            if (am_has(w->reps[w->stolen].has, n))
                put(w, AW_THIEF, n);
        }
        w->receipt = last_held(w, w->home[w->stolen], w->stolen, scope, false);
        w->root_receipt = last_held(w, AM_ROOT, w->stolen, scope, false);
    }
    if (w->now >= w->t_theft && percent(w, 60))
        thief_writes(w);
    if (w->now >= w->t_theft && percent(w, 8))
        thief_oversteps(w);
}

static void revoke(struct aw *w, int issuer, int head)
{
    struct am_op op = {.author = issuer,
                       .kind = AM_CUT,
                       .subject = w->stolen,
                       .mode = AM_REVOKE,
                       .ts = w->t_theft};

    add_head(w, &op, head);
    (void)emit_own(w, op);
}

static void step_cut(struct aw *w)
{
    int wrong;

    if (w->now < w->t_cut || w->cut_done)
        return;
    w->cut_done = true;
    if (w->root_cuts && percent(w, 50)) { /* the village errs and names what the thief made */
        wrong = last_held(w, w->home[w->stolen], w->stolen, aw_scope(w, w->stolen), true);
        if (wrong >= 0) {
            w->receipt = wrong;
            w->village_erred = true;
        }
    }
    revoke(w, w->home[w->stolen], w->receipt);
    if (w->root_cuts)
        revoke(w, AM_ROOT, w->root_receipt);
}

/* ---- the thief of a village ---- */

static void village_thief_writes(struct aw *w)
{
    int *head = &w->village_thief[below(w, 3)], fake = below(w, 4), victim;
    struct am_op op = {.author = w->village, .kind = AM_CERT, .thief = true, .ts = w->now};

    if (*head < 0)
        *head = w->village_head;
    op.subject = FAKE + fake;
    op.rank = 2;
    op.mask = 1 << aw_scope(w, w->village);
    op.inspector = true;
    (void)emit(w, AW_THIEF, op, head);
    if (percent(w, 40)) {
        do
            victim = devices[below(w, DEVICES)];
        while (aw_scope(w, victim) != aw_scope(w, w->village));
        op.kind = AM_CUT;
        op.subject = victim;
        op.mode = AM_REVOKE;
        (void)emit(w, AW_THIEF, op, head);
    }
    op = close_of(w, FAKE + fake, w->reps[AW_THIEF].has, 5);
    op.thief = true;
    op.ts = w->now;
    if (op.observed_count > 0)
        (void)emit(w, AW_THIEF, op, &w->fake_head[fake]);
}

/* The root gives the seat a new key, which states again what the old one had said, and cuts the old
 * one; the cut waits for the restatement. */
static void hand_over(struct aw *w)
{
    int seat = w->village + 2, last = -1;
    struct am_op cut = {
        .author = AM_ROOT, .kind = AM_CUT, .subject = w->village, .mode = AM_REVOKE};

    reset(w, seat);
    for (int n = 0; n < w->book->count; n++) {
        if (am_has(w->reps[AM_ROOT].has, n))
            put(w, seat, n);
    }
    certify(w, AM_ROOT, seat, 1);
    put(w, seat, w->head[AM_ROOT][0][0]);
    for (int i = 0; i < DEVICES; i++) {
        if (w->home[devices[i]] != w->village)
            continue;
        w->home[devices[i]] = seat;
        certify(w, seat, devices[i], 2);
        last = w->head[seat][0][0];
        w->settled[devices[i]] = false;
    }
    if (w->cut_done && w->home[w->stolen] == seat) {
        revoke(w, seat, w->receipt);
        last = w->head[seat][0][0];
    }
    for (int n = 0; n < w->book->count; n++) {
        if (am_has(w->reps[seat].has, n))
            put(w, AM_ROOT, n);
    }
    add_head(w, &cut, w->village_receipt);
    cut.deps[0] = last;
    cut.dep_count = last >= 0 ? 1 : 0;
    (void)emit_own(w, cut);
    w->village_done = true;
}

static void step_village(struct aw *w)
{
    if (w->village == 0 || !proposed(w->rule))
        return;
    if (w->now == w->t_village) {
        w->village_head = w->head[w->village][0][0];
        w->village_receipt = last_held(w, AM_ROOT, w->village, 0, false);
        for (int n = 0; n < w->book->count; n++) {
            if (am_has(w->reps[w->village].has, n))
                put(w, AW_THIEF, n);
        }
    }
    if (w->now >= w->t_village && percent(w, 50))
        village_thief_writes(w);
    if (w->now >= w->t_village_cut && !w->village_done)
        hand_over(w);
}

/* ---- the restored device, and repair ---- */

static void step_restore(struct aw *w)
{
    int d = w->restored, scope = aw_scope(w, d);

    if (w->now == w->t_snap) {
        memcpy(w->snap, w->reps[d].has, sizeof w->snap);
        w->snap_inc = w->inc_now[d];
        w->snap_head = w->head[d][scope][w->snap_inc];
    }
    if (w->now == w->t_restore) {
        reset(w, d);
        for (int n = 0; n < w->book->count; n++) {
            if (am_has(w->snap, n))
                put(w, d, n);
        }
        w->inc_now[d] = w->snap_inc;
        w->head[d][scope][w->snap_inc] = w->snap_head;
    }
}

/* A village settles the forks it sees in incarnation 0 of its devices by naming all tips. */
static void settle_forks(struct aw *w, int p)
{
    for (int i = 0; i < DEVICES; i++) {
        int d = devices[i], v = w->home[d], seqs[AM_OPS] = {0};
        uint64_t parents[AM_WORDS] = {0};
        struct am_op cut = {.author = v, .kind = AM_CUT, .subject = d, .mode = AM_FORK};
        bool forked = false;

        if (d == w->stolen || w->settled[d])
            continue;
        for (int k = 0; k < w->book->author_count[d]; k++) {
            int n = w->book->by_author[d][k];
            const struct am_op *o = &w->book->ops[n];

            if (o->inc != 0 || !am_has(w->reps[v].has, n))
                continue;
            forked = forked || (o->scope != 0 && seqs[o->seq]++ > 0);
            if (o->prev >= 0)
                am_put(parents, o->prev);
        }
        if (!forked || !percent(w, p))
            continue;
        for (int k = 0; k < w->book->author_count[d]; k++) {
            int n = w->book->by_author[d][k];

            if (w->book->ops[n].inc == 0 && am_has(w->reps[v].has, n) && !am_has(parents, n))
                add_head(w, &cut, n);
        }
        (void)emit_own(w, cut);
        w->settled[d] = true;
    }
}

/* A device that sees its incarnation cut opens the next, and adopts what is held of its own. */
static void adopt_own(struct aw *w)
{
    for (int i = 0; i < DEVICES; i++) {
        int d = devices[i];
        const struct am_seats *s = aw_seats(w, d);
        bool any = false, current = false;
        uint64_t held[AM_WORDS];

        for (int k = 0; k < s->cut_count && d != w->stolen; k++) {
            const struct am_op *c = &w->book->ops[s->cuts[k]];

            any = any || c->subject == d;
            current =
                current || (c->subject == d && c->mode == AM_FORK && c->cut_inc == w->inc_now[d]);
        }
        w->inc_now[d] += current ? 1 : 0;
        CR_ASSERT(w->inc_now[d] < AM_INCS);
        if (!any || w->inc_now[d] == 0)
            continue;
        memcpy(held, aw_view(w, d)->held, sizeof held);
        for (int n = 0; n < w->book->count; n++) {
            struct am_op op = {.author = d, .kind = AM_ADOPT, .inc = w->inc_now[d], .subject = d};

            if (!am_has(held, n) || w->book->ops[n].author != d ||
                w->book->ops[n].kind < AM_RAISE || w->book->ops[n].inc == w->inc_now[d])
                continue;
            add_head(w, &op, n);
            (void)emit_own(w, op);
        }
    }
}

/* ---- spreading, and what must hold meanwhile ---- */

static int some_rep(struct aw *w)
{
    for (;;) {
        int rep = below(w, AW_THIEF);

        if (w->reps[rep].alive)
            return rep;
    }
}

static void gossip(struct aw *w)
{
    for (int i = 0; i < 4; i++) {
        int a, b;

        if (percent(w, 35))
            continue;
        a = some_rep(w);
        do
            b = some_rep(w);
        while (a == b);
        (void)transfer(w, a, b, !percent(w, 30));
        (void)transfer(w, b, a, !percent(w, 30));
    }
}

/* The thief shows a replica the paths to some of its entries. */
static void thief_feeds(struct aw *w)
{
    int tips[AM_OPS], n = 0, rep = some_rep(w);

    for (int i = 0; i < w->book->count; i++) {
        if (w->book->ops[i].thief)
            tips[n++] = i;
    }
    for (int i = 0; i < 3 && n > 0; i++) {
        int tip = tips[below(w, n)];

        for (int k = 0; k < w->book->count; k++) {
            if (am_has(w->book->path[tip], k))
                (void)admit(w, rep, k);
        }
    }
}

static bool honest_cut(const struct aw *w, const struct am_seats *s)
{
    for (int i = 0; i < s->cut_count; i++) {
        const struct am_op *c = &w->book->ops[s->cuts[i]];

        if (c->subject == w->stolen && c->mode == AM_REVOKE && !c->thief)
            return true;
    }
    return false;
}

static void watch(struct aw *w, int rep)
{
    struct aw_rep *r = &w->reps[rep];
    const struct am_view *v = aw_view(w, rep);
    bool cut = !w->village_erred && honest_cut(w, aw_seats(w, rep));

    for (int n = 0; n < w->book->count; n++) {
        const struct am_op *o = &w->book->ops[n];

        if (am_has(r->excluded, n) && am_has(v->counts, n)) {
            w->result.reaccepted = true;
            am_drop(r->excluded, n);
        }
        if (cut && o->thief && o->author == w->stolen && am_has(r->has, n) && !am_has(v->counts, n))
            am_put(r->excluded, n);
        if (o->kind != AM_RAISE || o->thief)
            continue;
        if (am_has(v->open, o->hazard) || am_has(v->unverified, o->hazard))
            am_put(r->seen, o->hazard);
        else if (am_has(r->seen, o->hazard) && !am_has(v->closed, n))
            w->result.vanished = true;
    }
}

static void quiesce(struct aw *w)
{
    for (int round = 0; round < 40; round++) {
        bool any = false;

        for (int a = 0; a < AW_THIEF; a++) {
            for (int b = 0; b < AW_THIEF; b++) {
                if (a != b && w->reps[a].alive && w->reps[b].alive && transfer(w, a, b, true))
                    any = true;
            }
        }
        if (!any)
            return;
    }
    w->result.diverged = true;
}

/* ---- the end ---- */

static bool owed(const struct aw *w, int n)
{
    const struct am_op *o = &w->book->ops[n];

    if (o->thief || o->kind < AM_RAISE)
        return false;
    if (o->author != w->stolen || !w->cut_done)
        return true;
    if (w->root_cuts && (w->root_receipt < 0 || !am_has(w->book->path[w->root_receipt], n)))
        return false;
    return w->receipt >= 0 && am_has(w->book->path[w->receipt], n);
}

static void judge_end(struct aw *w)
{
    const struct am_view *first = aw_view(w, AM_ROOT);

    for (int rep = 0; rep < AW_THIEF; rep++) {
        const struct am_view *v;

        if (!w->reps[rep].alive)
            continue;
        v = aw_view(w, rep);
        if (memcmp(v->counts, first->counts, sizeof v->counts) != 0)
            w->result.diverged = true;
        if (memcmp(v->open, first->open, sizeof v->open) != 0)
            w->result.state_diverged = true;
        for (int n = 0; n < w->book->count; n++) {
            const struct am_op *o = &w->book->ops[n];
            bool counts = am_has(v->counts, n), exists = false;

            if (o->thief && counts) {
                w->result.thief_counts = true;
                w->result.thief_closes = w->result.thief_closes || o->kind == AM_CLOSE;
            }
            if (!owed(w, n))
                continue;
            if (!counts && o->author != w->restored)
                w->result.entry_lost = true;
            for (int k = 0; k < AW_THIEF && o->kind == AM_RAISE; k++)
                exists = exists || (w->reps[k].alive && am_has(w->reps[k].has, n));
            if (exists && !am_has(v->open, o->hazard) && !am_has(v->unverified, o->hazard) &&
                !am_has(v->closed, n))
                w->result.hazard_lost = true;
        }
    }
}

static void begin(struct aw *w, uint64_t seed, const struct am_rule *rule,
                  const struct aw_hooks *hooks)
{
    struct am_book *book = w->book;

    memset(book, 0, sizeof *book);
    memset(w, 0, sizeof *w);
    w->book = book;
    w->rule = rule;
    w->hooks = hooks;
    ts_prng_init(&w->r, seed);
    memset(w->head, 0xff, sizeof w->head);
    memset(w->thief_inc, 0xff, sizeof w->thief_inc);
    memset(w->thief_own, 0xff, sizeof w->thief_own);
    memset(w->village_thief, 0xff, sizeof w->village_thief);
    memset(w->fake_head, 0xff, sizeof w->fake_head);
    w->stolen_head = w->receipt = w->root_receipt = w->thief_ext = w->thief_fork = w->snap_head =
        w->village_head = w->village_receipt = -1;
    reset(w, AM_ROOT);
    reset(w, AW_THIEF);
    for (int v = 2; v <= 3; v++) {
        reset(w, v);
        certify(w, AM_ROOT, v, 1);
    }
    for (int i = 0; i < DEVICES; i++) {
        w->home[devices[i]] = devices[i] <= 10 ? 2 : 3;
        reset(w, devices[i]);
        certify(w, w->home[devices[i]], devices[i], 2);
    }
}

static void plan(struct aw *w)
{
    w->stolen = devices[below(w, DEVICES)];
    do
        w->restored = devices[below(w, DEVICES)];
    while (w->restored == w->stolen);
    w->t_theft = range(w, 20, 50);
    w->t_cut = w->t_theft + range(w, 1, 25);
    w->t_snap = range(w, 5, 25);
    w->t_restore = w->t_snap + range(w, 5, 30);
    w->village = percent(w, 40) ? range(w, 2, 3) : 0;
    w->t_village = range(w, 25, 60);
    w->t_village_cut = w->t_village + range(w, 3, 25);
    w->root_cuts = percent(w, 25);
}

static void step(struct aw *w)
{
    for (int i = 0; i < DEVICES; i++) {
        if ((devices[i] != w->stolen || w->now < w->t_theft) && percent(w, 35))
            act(w, devices[i]);
    }
    step_restore(w);
    step_theft(w);
    step_cut(w);
    step_village(w);
    if (proposed(w->rule)) {
        settle_forks(w, 30);
        adopt_own(w);
    }
    gossip(w);
    if (w->now >= w->t_theft && percent(w, 70))
        thief_feeds(w);
    for (int rep = 0; rep < AW_THIEF; rep++) {
        if (w->reps[rep].alive)
            watch(w, rep);
    }
    if (w->hooks != NULL && w->hooks->stepped != NULL)
        w->hooks->stepped(w->hooks->ctx, w->now);
}

void aw_run(struct aw *w, uint64_t seed, const struct am_rule *rule, const struct aw_hooks *hooks)
{
    begin(w, seed, rule, hooks);
    plan(w);
    for (w->now = 1; w->now < STEPS; w->now++)
        step(w);
    quiesce(w);
    for (int i = 0; i < 3 && proposed(rule); i++) {
        settle_forks(w, 100);
        quiesce(w);
        adopt_own(w);
        quiesce(w);
    }
    judge_end(w);
    if (hooks != NULL && hooks->stepped != NULL)
        hooks->stepped(hooks->ctx, STEPS);
}
