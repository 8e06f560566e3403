/* Settling: what counts, rank by rank. A pass over the authors on the work list for each stratum;
 * whatever a pass changes concerns later strata only, so one pass each is enough. */
#include "schema/authority_int.h"

#include "crypto/base/assert.h"

#include <string.h>

/* ---- cuts and the logs they bind ---- */

static bool governs(const struct sc_authority *a, const struct sc_au_author *issuer,
                    const struct sc_au_author *subject, uint64_t scope)
{
    if (issuer->stratum >= subject->stratum)
        return false;
    return issuer->stratum <= SC_AU_ROOT || sc_certs_governs(a->certs, &issuer->pk, scope);
}

bool sc_au_binds(const struct sc_authority *a, const struct sc_au_record *cut, uint64_t scope)
{
    return cut->stands && governs(a, &a->authors[cut->author], &a->authors[cut->subject], scope);
}

bool sc_au_may_adopt(const struct sc_authority *a, const struct sc_au_record *adopt)
{
    if (adopt->author == adopt->subject)
        return a->logs[adopt->log].key.incarnation != adopt->adopt.incarnation &&
               (a->authors[adopt->author].stratum <= SC_AU_ROOT ||
                sc_certs_find(a->certs, &adopt->adopt.subject) != NULL);
    return governs(a, &a->authors[adopt->author], &a->authors[adopt->subject], adopt->adopt.scope);
}

/* -1, 0, 1: the name's log against (scope, incarnation); lists are in that order. */
static int order_of(const struct sc_au_name *n, uint64_t scope, uint64_t incarnation)
{
    if (n->scope != scope)
        return n->scope < scope ? -1 : 1;
    if (n->incarnation != incarnation)
        return n->incarnation < incarnation ? -1 : 1;
    return 0;
}

void sc_au_heads_of(const struct sc_authority *a, const struct sc_au_record *cut, uint64_t scope,
                    uint64_t incarnation, uint32_t *first, uint32_t *end)
{
    uint32_t low = cut->first_name, high = cut->first_name + cut->head_count;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (order_of(&a->names[mid], scope, incarnation) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *first = low;
    for (*end = low; *end < cut->first_name + cut->head_count; (*end)++) {
        if (order_of(&a->names[*end], scope, incarnation) != 0)
            break;
    }
}

/* What the cuts make of one log; by branch: what counts, and what may still count. */
struct verdict {
    uint64_t *limit, *soft; /* in the scratch */
    bool bound, revoked;
};

/* The path to a stored head: its branch up to it, the parents up to where the child begins. */
static void add_path(const struct sc_au_log *log, uint32_t branch, uint64_t end, uint64_t *reach)
{
    while (reach[branch] < end) { /* else all before it is in the union already */
        reach[branch] = end;
        end = log->branches[branch].first_seq;
        branch = log->branches[branch].parent;
        if (branch == SC_AU_NIL)
            return;
    }
}

/* Intersects v with the union of the paths that one cut names; reach is a row for its use. */
static void apply_cut(const struct sc_authority *a, const struct sc_au_log *log,
                      const struct sc_au_record *cut, uint64_t *reach, struct verdict *v)
{
    uint64_t awaited = 0;
    uint32_t first, end;

    memset(reach, 0, log->count * sizeof *reach);
    sc_au_heads_of(a, cut, log->key.scope, log->key.incarnation, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        const struct sc_au_name *n = &a->names[i];

        if (n->located)
            add_path(log, n->branch, n->seq + 1, reach);
        else if (n->seq + 1 > awaited)
            awaited = n->seq + 1;
    }
    for (uint32_t b = 0; b < log->count; b++) {
        uint64_t may = reach[b] > awaited ? reach[b] : awaited;

        if (reach[b] < v->limit[b])
            v->limit[b] = reach[b];
        if (may < v->soft[b])
            v->soft[b] = may;
    }
    v->bound = true;
    v->revoked = v->revoked || cut->cut.mode == SC_CUT_REVOKE;
}

/* What counts in the log as far as a scope is concerned: its own, or that of the entries which an
 * ADOPT in it is about. */
static void judge_log(struct sc_authority *a, const struct sc_au_log *log, uint64_t scope,
                      struct verdict *v)
{
    uint64_t *reach = a->scratch;

    CR_ASSERT(log->count <= a->scratch_cap / SC_AU_ROWS);
    *v = (struct verdict){.limit = reach + log->count, .soft = reach + 2 * (size_t)log->count};
    for (uint32_t b = 0; b < log->count; b++)
        v->limit[b] = v->soft[b] = UINT64_MAX;
    for (uint32_t i = a->authors[log->author].first_cut; i != SC_AU_NIL;
         i = a->records[i].next_on_subject) {
        const struct sc_au_record *cut = &a->records[i];

        if (cut->cut.mode == SC_CUT_RETIRE ||
            (cut->cut.mode == SC_CUT_FORK && cut->cut.incarnation != log->key.incarnation))
            continue;
        if (sc_au_binds(a, cut, scope))
            apply_cut(a, log, cut, reach, v);
    }
    for (uint32_t b = 0; b < log->count; b++) {
        if (!v->bound)
            v->limit[b] = log->fork_seq;
        if (log->branches[b].retire < v->limit[b])
            v->limit[b] = log->branches[b].retire;
        if (log->branches[b].retire < v->soft[b])
            v->soft[b] = log->branches[b].retire;
    }
}

/* Takes v into the widest verdict so far. */
struct widest {
    struct sc_authority *a;
    const struct sc_au_log *log;
    struct verdict *all;
    size_t areas;
};

static int widen(void *arg, uint64_t scope)
{
    struct widest *w = arg;
    struct verdict v;

    judge_log(w->a, w->log, scope, &v);
    for (uint32_t b = 0; b < w->log->count; b++) {
        if (w->areas == 0 || v.limit[b] > w->all->limit[b])
            w->all->limit[b] = v.limit[b];
        if (w->areas == 0 || v.soft[b] > w->all->soft[b])
            w->all->soft[b] = v.soft[b];
    }
    w->all->bound = (w->areas == 0 || w->all->bound) && v.bound;
    w->all->revoked = (w->areas == 0 || w->all->revoked) && v.revoked;
    w->areas++;
    return 0;
}

/* What counts in a log. In street/public an ordinary author speaks for the grids of its
 * certificates: an entry counts there as long as it does as far as one of them is concerned. So a
 * village closes the public log of its own officers, and of nobody else's. */
static void judge(struct sc_authority *a, const struct sc_au_log *log, struct verdict *v)
{
    const struct sc_au_author *author = &a->authors[log->author];
    uint64_t *rows = a->scratch + 3 * (size_t)log->count;
    struct widest w = {.a = a, .log = log, .all = v};

    *v = (struct verdict){.limit = rows, .soft = rows + log->count};
    if (log->key.scope == SC_SCOPE_PUBLIC && author->stratum == SC_AU_OTHER &&
        author->first_cut != SC_AU_NIL)
        (void)sc_certs_each_area(a->certs, &author->pk, widen, &w);
    if (w.areas == 0)
        (void)widen(&w, log->key.scope);
}

/* ---- authors ---- */

static struct sc_auth_change *change(struct sc_authority *a, enum sc_auth_change_kind kind)
{
    struct sc_auth_change *c = &a->changes[a->change_count];

    CR_ASSERT(a->change_count < a->change_cap);
    a->change_count++;
    *c = (struct sc_auth_change){.kind = kind};
    return c;
}

static void settle_log(struct sc_authority *a, struct sc_au_log *log)
{
    struct verdict v;

    judge(a, log, &v);
    for (uint32_t b = 0; b < log->count; b++) {
        struct sc_au_branch *branch = &log->branches[b];
        uint64_t before = branch->limit;

        branch->limit = v.limit[b];
        branch->soft = v.soft[b];
        if (before != branch->limit) {
            struct sc_auth_change *c = change(a, SC_AUTH_LOG);

            c->key = log->key;
            c->branch = b;
            c->from_seq = before < branch->limit ? before : branch->limit;
            c->to_seq = before < branch->limit ? branch->limit : before;
        }
    }
    log->bound = v.bound;
    log->revoked = v.revoked;
}

/* The record counts in its log. */
static bool counts(const struct sc_authority *a, const struct sc_au_record *r)
{
    return r->seq < a->logs[r->log].branches[r->branch].limit;
}

/* A cut is in force when it counts, or when only a fork (or a named head that has not arrived)
 * holds it: restrictions err towards standing. */
static void settle_cut(struct sc_authority *a, struct sc_au_record *r)
{
    const struct sc_au_author *author = &a->authors[r->author];
    enum sc_au_stratum acts_as = author->stratum;
    bool may = acts_as <= SC_AU_SEAT && r->cut.mode != SC_CUT_RETIRE && r->deps_left == 0;
    bool stands = may && r->seq < a->logs[r->log].branches[r->branch].soft;

    r->soft = stands && !counts(a, r);
    if (stands == r->stands && !author->spread)
        return;
    r->stands = stands;
    if (author->was_seat && acts_as > SC_AU_SEAT) /* what it did until now is taken back */
        acts_as = SC_AU_SEAT;
    if (a->authors[r->subject].stratum > acts_as)
        sc_au_mark(a, r->subject);
}

/* An author adopts its own entries of a scope as far as the cuts for that scope let it speak. */
static void settle_adopt(struct sc_authority *a, struct sc_au_record *r)
{
    const struct sc_au_author *author = &a->authors[r->author];
    const struct sc_au_log *log = &a->logs[r->log];
    bool stands = counts(a, r);

    if (author->stratum == SC_AU_OTHER && r->author != r->subject)
        stands = false;
    if (author->stratum == SC_AU_OTHER && r->author == r->subject) {
        struct verdict v;

        judge_log(a, log, r->adopt.scope, &v);
        stands = r->seq < v.limit[r->branch];
    }
    if (stands != r->stands || author->spread) {
        struct sc_auth_change *c = change(a, SC_AUTH_ENTRIES);

        c->key = (struct sc_log_key){.author = r->adopt.subject,
                                     .scope = r->adopt.scope,
                                     .incarnation = r->adopt.incarnation};
        c->entries = r->adopt.entries;
    }
    r->stands = stands;
}

static void settle_records(struct sc_authority *a, uint32_t author)
{
    for (uint32_t i = a->authors[author].first_record; i != SC_AU_NIL;
         i = a->records[i].next_of_author) {
        struct sc_au_record *r = &a->records[i];

        if (r->type == SC_R_CUT)
            settle_cut(a, r);
        else if (r->type == SC_R_ADOPT)
            settle_adopt(a, r);
        else if (r->stands != counts(a, r)) {
            r->stands = !r->stands;
            sc_certs_stand(a->certs, &r->entry_id, r->stands);
            a->certs_dirty = true;
        }
    }
}

static void settle_author(struct sc_authority *a, uint32_t author)
{
    struct sc_au_author *p = &a->authors[author];

    if (!p->dirty)
        return;
    for (uint32_t i = p->first_log; i != SC_AU_NIL; i = a->logs[i].next_of_author)
        settle_log(a, &a->logs[i]);
    settle_records(a, author);
    p->dirty = false;
    p->spread = false;
    p->was_seat = p->stratum == SC_AU_SEAT;
}

/* ---- certificates ---- */

/* Takes over what the set of certificates says now. A key that became a seat, ceased to be one, or
 * has other grids is looked at again, and all that its records are about. */
static void settle_certs(struct sc_authority *a)
{
    if (!a->certs_dirty)
        return;
    for (uint32_t i = 0; i < a->record_count; i++) {
        struct sc_au_record *r = &a->records[i];
        struct sc_au_author *p;
        bool accepted;

        if (r->type != SC_R_CERT)
            continue;
        accepted = sc_certs_accepted(a->certs, &r->entry_id);
        if (accepted == r->accepted)
            continue;
        r->accepted = accepted;
        p = &a->authors[r->subject];
        change(a, SC_AUTH_AUTHOR)->key.author = p->pk;
        if (p->stratum <= SC_AU_ROOT)
            continue;
        if (a->authors[r->author].stratum > SC_AU_ROOT) { /* only a root makes seats */
            if (p->stratum == SC_AU_OTHER && p->first_cut != SC_AU_NIL)
                sc_au_mark(a, r->subject); /* its areas */
            continue;
        }
        p->stratum = sc_certs_is_seat(a->certs, &p->pk) ? SC_AU_SEAT : SC_AU_OTHER;
        p->spread = p->stratum == SC_AU_SEAT || p->was_seat;
        if (p->spread || p->first_cut != SC_AU_NIL)
            sc_au_mark(a, r->subject);
    }
    a->certs_dirty = false;
}

/* Seats, and those that were. What these say must be known before others are judged. */
static void settle_seats(struct sc_authority *a)
{
    for (uint32_t i = 0; i < a->work_count; i++) {
        uint32_t author = a->work[i];
        struct sc_au_author *p = &a->authors[author];

        if (p->stratum == SC_AU_SEAT)
            settle_author(a, author);
        else if (p->stratum == SC_AU_OTHER && p->was_seat) {
            settle_records(a, author); /* takes back its cuts; its logs come with the others' */
            p->was_seat = false;
        }
    }
}

struct sc_auth_changes sc_authority_settle(struct sc_authority *a)
{
    a->change_count = 0;
    if (!a->settled) {
        for (size_t g = 0; g < 2; g++) {
            if (a->roots[g] != SC_AU_NIL)
                settle_author(a, a->roots[g]);
        }
        settle_certs(a);
        settle_seats(a);
        settle_certs(a);
        for (uint32_t i = 0; i < a->work_count; i++)
            settle_author(a, a->work[i]);
        settle_certs(a); /* of those who may not certify: none becomes accepted */
        a->work_count = 0;
        a->settled = true;
    }
    return (struct sc_auth_changes){.count = a->change_count, .c = a->changes};
}
