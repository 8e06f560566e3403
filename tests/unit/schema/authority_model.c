#include "tests/unit/schema/authority_model.h"

#include "crypto/base/assert.h"

#include <string.h>

#define FOREVER (1 << 30)

int am_write(struct am_book *b, const struct am_op *op)
{
    int n = b->count++;

    CR_ASSERT(n < AM_OPS);
    b->ops[n] = *op;
    if (op->prev >= 0)
        memcpy(b->path[n], b->path[op->prev], sizeof b->path[n]);
    else
        memset(b->path[n], 0, sizeof b->path[n]);
    am_put(b->path[n], n);
    b->by_author[op->author][b->author_count[op->author]++] = (int16_t)n;
    b->logs[op->author] |= UINT64_C(1) << (op->scope * AM_INCS + op->inc);
    return n;
}

/* ---- one log ---- */

/* The entries of one log that are stored, in the order they were written. */
struct log {
    int who, scope, inc;
    int count;
    int16_t ops[AM_OPS];
};

static void read_log(const struct am_book *b, const uint64_t *has, int who, int scope, int inc,
                     struct log *l)
{
    l->who = who;
    l->scope = scope;
    l->inc = inc;
    l->count = 0;
    if ((b->logs[who] >> (scope * AM_INCS + inc) & 1) == 0)
        return;
    for (int i = 0; i < b->author_count[who]; i++) {
        int n = b->by_author[who][i];

        if (b->ops[n].scope == scope && b->ops[n].inc == inc && am_has(has, n))
            l->ops[l->count++] = (int16_t)n;
    }
}

static bool names(const struct am_book *b, const struct am_head *h, const struct log *l)
{
    const struct am_op *o = &b->ops[h->op];

    return h->scope == l->scope && h->inc == l->inc && o->scope == l->scope && o->inc == l->inc &&
           o->seq == h->seq && o->author == l->who;
}

static bool governs(const struct am_book *b, const struct am_seats *s, int issuer, int subject,
                    int scope)
{
    if (s->level[issuer] >= s->level[subject])
        return false;
    if (s->level[issuer] <= 1)
        return true;
    for (int i = 0; i < s->cert_count; i++) {
        const struct am_op *c = &b->ops[s->certs[i]];

        if (c->subject == issuer && c->rank == 1 &&
            (scope == 0 ? c->mask == AM_ALL_SCOPES : (c->mask >> scope & 1) != 0))
            return true;
    }
    return false;
}

bool am_binds(const struct am_book *b, const struct am_seats *s, int cut, int scope)
{
    return governs(b, s, b->ops[cut].author, b->ops[cut].subject, scope);
}

/* The cuts in force that close this log, as far as a scope is concerned. */
static int binding(const struct am_book *b, const struct am_seats *s, const struct am_rule *rule,
                   const struct log *l, int who, int scope, int *out)
{
    int count = 0;

    for (int i = 0; i < s->cut_count; i++) {
        const struct am_op *c = &b->ops[s->cuts[i]];
        bool listed = c->mode != AM_REVOKE || !rule->others_open;

        if (c->subject != who || c->mode == AM_RETIRE ||
            (c->mode == AM_FORK && c->cut_inc != l->inc) || !am_binds(b, s, s->cuts[i], scope))
            continue;
        for (int h = 0; h < c->head_count && !listed; h++)
            listed = c->heads[h].inc == l->inc;
        if (listed)
            out[count++] = s->cuts[i];
    }
    return count;
}

/* Union of the paths that one cut names; may: with all up to a named head that is not here. */
static void reach(const struct am_book *b, const uint64_t *has, const struct am_rule *rule,
                  const struct log *l, const struct am_op *c, uint64_t *path, uint64_t *may)
{
    int awaited = -1;

    memset(path, 0, AM_WORDS * sizeof *path);
    for (int h = 0; h < c->head_count; h++) {
        const struct am_head *head = &c->heads[h];

        if (rule->seq_only && head->scope == l->scope && head->inc == l->inc) {
            for (int i = 0; i < l->count; i++) {
                if (b->ops[l->ops[i]].seq <= head->seq)
                    am_put(path, l->ops[i]);
            }
        } else if (names(b, head, l) && am_has(has, head->op)) {
            for (int x = head->op; x >= 0; x = b->ops[x].prev)
                am_put(path, x);
        } else if (head->scope == l->scope && head->inc == l->inc && head->seq > awaited) {
            awaited = head->seq;
        }
    }
    memcpy(may, path, AM_WORDS * sizeof *may);
    for (int i = 0; i < l->count && !rule->no_await; i++) {
        if (b->ops[l->ops[i]].seq <= awaited)
            am_put(may, l->ops[i]);
    }
}

static void merge(uint64_t *all, const uint64_t *one, bool first, bool any)
{
    for (int w = 0; w < AM_WORDS; w++)
        all[w] = first ? one[w] : any ? all[w] | one[w] : all[w] & one[w];
}

/* The first position that two stored entries share. */
static int forked_at(const struct am_book *b, const struct log *l)
{
    int first = FOREVER;
    int seen[AM_OPS];

    memset(seen, 0,
           sizeof seen[0] * (size_t)l->count); /* whole paths: numbers are below the count */
    for (int i = 0; i < l->count; i++) {
        int seq = b->ops[l->ops[i]].seq;

        if (seen[seq]++ > 0 && seq < first)
            first = seq;
    }
    return first;
}

/* Highest number or claimed time that the spoiled rules let through. */
static int spoiled_limit(const struct am_book *b, const struct am_rule *rule, const struct log *l,
                         const int *cuts, int count)
{
    int limit = FOREVER;

    for (int i = 0; i < count; i++) {
        const struct am_op *c = &b->ops[cuts[i]];
        int own = -1;

        for (int h = 0; h < c->head_count; h++) {
            if (c->heads[h].scope == l->scope && c->heads[h].inc == l->inc && c->heads[h].seq > own)
                own = c->heads[h].seq;
        }
        if (rule->by_time)
            own = c->ts - 1;
        limit = own < limit ? own : limit;
    }
    return limit;
}

static void drop_retired(const struct am_book *b, const struct log *l, uint64_t *ok, uint64_t *may)
{
    for (int i = 0; i < l->count; i++) {
        const struct am_op *r = &b->ops[l->ops[i]];

        if (r->kind != AM_CUT || r->mode != AM_RETIRE || r->subject != r->author || r->scope != 0)
            continue;
        for (int k = 0; k < l->count; k++) {
            if (l->ops[k] != l->ops[i] && am_has(b->path[l->ops[k]], l->ops[i])) {
                am_drop(ok, l->ops[k]);
                am_drop(may, l->ops[k]);
            }
        }
    }
}

/* What counts in a log (ok), and what nothing but a fork or an absent head keeps from it (may). */
static void judge(const struct am_book *b, const uint64_t *has, const struct am_rule *rule,
                  const struct am_seats *s, int who, const struct log *l, int scope, uint64_t *ok,
                  uint64_t *may)
{
    int cuts[AM_RECORDS], count = binding(b, s, rule, l, who, scope, cuts);
    bool spoiled = rule->seq_first_seen || rule->refuse_known || rule->by_time;
    uint64_t path[AM_WORDS], maybe[AM_WORDS];
    int limit;

    memset(ok, 0, AM_WORDS * sizeof *ok);
    memset(may, 0, AM_WORDS * sizeof *may);
    for (int i = 0; i < count && !spoiled; i++) {
        reach(b, has, rule, l, &b->ops[cuts[i]], path, maybe);
        merge(ok, path, i == 0, rule->union_of_cuts);
        merge(may, maybe, i == 0, rule->union_of_cuts);
    }
    if (count == 0 || spoiled) {
        limit = spoiled ? spoiled_limit(b, rule, l, cuts, count) : forked_at(b, l) - 1;
        if (rule->refuse_known)
            limit = FOREVER;
        for (int i = 0; i < l->count; i++) {
            const struct am_op *o = &b->ops[l->ops[i]];

            if ((rule->by_time ? o->ts : o->seq) <= limit)
                am_put(ok, l->ops[i]);
            if (!rule->no_soft)
                am_put(may, l->ops[i]);
        }
    }
    drop_retired(b, l, ok, may);
    for (int w = 0; w < AM_WORDS; w++)
        may[w] |= ok[w];
}

/* ---- roots and seats ---- */

static bool deps_here(const struct am_op *o, const uint64_t *has, const struct am_rule *rule)
{
    for (int i = 0; i < o->dep_count; i++) {
        if (!am_has(has, o->deps[i]) && !rule->no_deps)
            return false;
    }
    return true;
}

static bool may_certify(const struct am_book *b, const struct am_seats *s, int issuer,
                        const struct am_op *cert)
{
    if (s->level[issuer] <= 1)
        return cert->rank >= 1;
    for (int i = 0; i < s->cert_count; i++) {
        const struct am_op *c = &b->ops[s->certs[i]];

        if (c->subject == issuer && c->rank == 1 && cert->rank == 2 && (cert->mask & ~c->mask) == 0)
            return true;
    }
    return false;
}

static void take_record(const struct am_book *b, const uint64_t *has, const struct am_rule *rule,
                        int now, struct am_seats *s, int n, bool counts)
{
    const struct am_op *o = &b->ops[n];

    if (o->kind == AM_CERT && counts && may_certify(b, s, o->author, o))
        s->certs[s->cert_count++] = n;
    if (o->kind == AM_ADOPT && counts)
        s->adopts[s->adopt_count++] = n;
    if (o->kind == AM_CUT && o->mode != AM_RETIRE && deps_here(o, has, rule) &&
        (!rule->clock || o->ts <= now))
        s->cuts[s->cut_count++] = n;
    CR_ASSERT(s->cert_count < AM_RECORDS && s->cut_count < AM_RECORDS &&
              s->adopt_count < AM_RECORDS);
}

static void take_seat(const struct am_book *b, const uint64_t *has, const struct am_rule *rule,
                      int now, struct am_seats *s, int who)
{
    uint64_t ok[AM_WORDS], may[AM_WORDS];
    struct log l;

    for (int inc = 0; inc < AM_INCS; inc++) {
        read_log(b, has, who, 0, inc, &l);
        if (l.count == 0)
            continue;
        judge(b, has, rule, s, who, &l, 0, ok, may);
        for (int i = 0; i < l.count; i++) {
            int n = l.ops[i];

            if (am_has(ok, n))
                am_put(s->counts, n);
            if (am_has(may, n))
                take_record(b, has, rule, now, s, n, am_has(ok, n));
        }
    }
}

void am_seats(const struct am_book *b, const uint64_t *has, const struct am_rule *rule, int now,
              struct am_seats *s)
{
    memset(s, 0, sizeof *s);
    for (int p = 0; p < AM_PRINCIPALS; p++)
        s->level[p] = p == AM_NEXT ? 0 : p == AM_ROOT ? 1 : 3;
    take_seat(b, has, rule, now, s, AM_NEXT);
    take_seat(b, has, rule, now, s, AM_ROOT);
    for (int i = 0; i < s->cert_count; i++) {
        const struct am_op *c = &b->ops[s->certs[i]];

        if (c->rank == 1 && s->level[c->subject] == 3)
            s->level[c->subject] = 2;
    }
    for (int p = 0; p < AM_PRINCIPALS; p++) {
        if (s->level[p] == 2)
            take_seat(b, has, rule, now, s, p);
    }
}

/* ---- everybody ---- */

bool am_certified(const struct am_book *b, const struct am_seats *s, int who, int scope,
                  bool inspector)
{
    for (int i = 0; i < s->cert_count; i++) {
        const struct am_op *c = &b->ops[s->certs[i]];

        if (c->subject == who && (scope < 0 || (c->mask >> scope & 1) != 0) &&
            (!inspector || c->inspector))
            return true;
    }
    return false;
}

static void adopt(const struct am_book *b, const uint64_t *has, const struct am_op *o,
                  struct am_view *v)
{
    const struct am_op *x = &b->ops[o->heads[0].op];
    const struct am_head *h = &o->heads[0];

    if (am_has(has, h->op) && (x->kind >= AM_RAISE || x->scope != 0) && x->author == o->subject &&
        x->scope == h->scope && x->inc == h->inc && x->seq == h->seq)
        am_put(v->counts, h->op);
}

/* An author's word about its own entries of another incarnation, as far as the cuts for the scope
 * of those entries let it speak. */
static void adopt_own(const struct am_book *b, const uint64_t *has, const struct am_rule *rule,
                      const struct am_seats *s, int who, struct am_view *v)
{
    uint64_t ok[AM_WORDS], may[AM_WORDS];
    struct log l;

    for (int inc = 0; inc < AM_INCS; inc++) {
        read_log(b, has, who, 0, inc, &l);
        for (int scope = 0; scope < AM_SCOPES && l.count > 0; scope++) {
            judge(b, has, rule, s, who, &l, scope, ok, may);
            for (int i = 0; i < l.count; i++) {
                const struct am_op *o = &b->ops[l.ops[i]];

                if (o->kind == AM_ADOPT && o->subject == who && o->heads[0].scope == scope &&
                    o->heads[0].inc != inc && am_has(ok, l.ops[i]))
                    adopt(b, has, o, v);
            }
        }
    }
}

static void fold(const struct am_book *b, const uint64_t *has, const struct am_rule *rule,
                 const struct am_seats *s, struct am_view *v)
{
    for (int n = 0; n < b->count; n++) {
        const struct am_op *o = &b->ops[n];

        if (o->kind == AM_CLOSE && am_has(v->counts, n) &&
            am_certified(b, s, o->author, o->scope, true)) {
            for (int i = 0; i < o->observed_count; i++)
                am_put(v->closed, o->observed[i]);
        }
    }
    for (int n = 0; n < b->count; n++) {
        if (b->ops[n].kind == AM_RAISE && am_has(v->counts, n) && !am_has(v->closed, n))
            am_put(v->open, b->ops[n].hazard);
    }
    for (int n = 0; n < b->count && !rule->hide_held && !rule->truncate; n++) {
        if (b->ops[n].kind == AM_RAISE && am_has(has, n) && !am_has(v->counts, n) &&
            !am_has(v->open, b->ops[n].hazard))
            am_put(v->unverified, b->ops[n].hazard);
    }
}

/* What counts in a log. In street/public an ordinary author speaks for the scopes of its
 * certificates, as long as one of them is left to it. */
static void judge_for_all(const struct am_book *b, const uint64_t *has, const struct am_rule *rule,
                          const struct am_seats *s, int who, const struct log *l, uint64_t *ok)
{
    uint64_t one[AM_WORDS], may[AM_WORDS];
    bool any = false;

    memset(ok, 0, AM_WORDS * sizeof *ok);
    for (int i = 0; i < s->cert_count && l->scope == 0; i++) {
        const struct am_op *c = &b->ops[s->certs[i]];

        for (int scope = 0; scope < AM_SCOPES && c->subject == who; scope++) {
            if (c->mask == AM_ALL_SCOPES ? scope != 0 : (c->mask >> scope & 1) == 0)
                continue;
            judge(b, has, rule, s, who, l, scope, one, may);
            merge(ok, one, false, true);
            any = true;
        }
    }
    if (!any)
        judge(b, has, rule, s, who, l, l->scope, ok, may);
}

void am_view(const struct am_book *b, const uint64_t *has, const struct am_rule *rule,
             const struct am_seats *s, struct am_view *v)
{
    uint64_t ok[AM_WORDS];
    struct log l;

    memset(v, 0, sizeof *v);
    memcpy(v->counts, s->counts, sizeof v->counts);
    for (int p = 0; p < AM_PRINCIPALS; p++) {
        bool certified = s->level[p] <= 1 || am_certified(b, s, p, -1, false);

        for (int k = 0; k < AM_SCOPES * AM_INCS && certified; k++) {
            int scope = k / AM_INCS;

            read_log(b, has, p, scope, k % AM_INCS, &l);
            if (l.count == 0 || (scope == 0 && s->level[p] <= 2))
                continue;
            judge_for_all(b, has, rule, s, p, &l, ok);
            merge(v->counts, ok, false, true);
        }
        if (certified)
            adopt_own(b, has, rule, s, p, v);
    }
    for (int i = 0; i < s->adopt_count; i++) {
        const struct am_op *o = &b->ops[s->adopts[i]];

        if (governs(b, s, o->author, o->subject, o->heads[0].scope))
            adopt(b, has, o, v);
    }
    for (int w = 0; w < AM_WORDS; w++)
        v->held[w] = has[w] & ~v->counts[w];
    fold(b, has, rule, s, v);
}
