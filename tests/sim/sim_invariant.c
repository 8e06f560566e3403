/* The invariants of authority, each a function of its name; the README lists them. After a commit
 * those that one node can be asked about (sim_invariants_committed, sim_invariants_settled), at the
 * end the others (sim_invariants_end). What a node says is its list of what is held, its
 * certificates and its projections; what is compared with it comes from the book and from the
 * street as the simulator knows it. */
#include "tests/sim/sim_invariant.h"

#include "node/store_held.h"

#include "crypto/base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS_MAX 2000 /* that a node may need from the heal to agreement */
#define YEARS_100_MS INT64_C(3155760000000)

static const char *const names[SIM_INVARIANTS + 1] = {
    "",
    "order-independent",
    "converges-when-pruned",
    "further-cut-only-shrinks",
    "honest-entry-counts",
    "cut-off-stays-off",
    "raise-stays-visible",
    "no-privilege-from-below",
    "no-clock",
    "idempotent",
    "bounded",
    "nothing-taken-back",
    "quiescent",
};

const char *sim_invariant_name(unsigned i)
{
    return i <= SIM_INVARIANTS ? names[i] : "";
}

static void broken(struct sim *s, unsigned i, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void broken(struct sim *s, unsigned i, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sim_fail(s, "I%u %s: %s", i, names[i], text);
}

static uint32_t bit_of(const struct sim_node *n)
{
    return 1u << n->index;
}

static bool here(const struct sim_node *n, const struct sim_entry *e)
{
    return (e->now & bit_of(n)) != 0;
}

bool sim_counts(const struct sim_node *n, const struct sim_entry *e)
{
    return here(n, e) && (e->held & bit_of(n)) == 0;
}

/* ---- what a node holds back ---- */

static int take_held(void *arg, const struct nd_held_row *row)
{
    struct sim_node *n = arg;
    int e = sim_book_find(&n->sim->book, &row->entry.fact.entry_id);

    if (e >= 0)
        n->sim->book.e[e].held |= bit_of(n);
    return 0;
}

void sim_snapshot(struct sim_node *n)
{
    struct nd_held_query q = {.limit = 0};
    struct st_err err = {0};

    for (size_t i = 0; i < n->sim->book.n; i++) {
        struct sim_entry *e = &n->sim->book.e[i];

        e->was_held = (e->was_held & ~bit_of(n)) | (e->held & bit_of(n));
        e->held &= ~bit_of(n);
    }
    n->sim->folding = n;
    if (nd_store_held(n->store, &q, take_held, n, NULL, &err) != ST_OK)
        sim_fail(n->sim, "node %zu: held: %s", n->index, err.msg);
    n->sim->folding = NULL;
    n->snapshot = n->commits;
}

/* ---- records ---- */

/* The cut of this entry; false: it is none. Spans point into the book. */
static bool cut_of(const struct sim_entry *e, struct sc_cut *out)
{
    struct sc_payload p;

    return e->type == SC_R_CUT && e->key.scope == SC_SCOPE_PUBLIC &&
           sc_payload_decode((struct cr_span){e->payload, e->payload_bytes}, &p, NULL) == ST_OK &&
           sc_cut_decode(p.body, out, NULL) == ST_OK;
}

struct ask_force {
    const struct cr_hash *id;
    bool in_force;
};

static int take_cut(void *arg, const struct sc_auth_cut *c)
{
    struct ask_force *a = arg;

    if (cr_hash_equal(&c->at.entry_id, a->id))
        a->in_force = c->in_force;
    return 0;
}

/* A superior's cut, as the simulator knows who is one, stands at this node. */
static bool stands(struct sim_node *n, const struct sim_entry *e, const struct sc_cut *c)
{
    struct ask_force a = {.id = &e->id};

    (void)sc_authority_each_cut(nd_store_authority(n->store), &c->subject, take_cut, &a);
    return a.in_force;
}

static bool cut_names(const struct sim *s, const struct sc_cut *c, int e)
{
    for (size_t i = 0; i < sc_cut_head_count(c->heads); i++) {
        struct sc_cut_head h;
        int head;

        sc_cut_head_at(c->heads, i, &h);
        head = sim_book_find(&s->book, &h.entry_id);
        if (head >= 0 && sim_book_on_path(&s->book, e, head))
            return true;
    }
    return false;
}

void sim_revoked(struct sim_node *n, bool *revoked)
{
    struct sim *s = n->sim;

    for (size_t k = 0; k < s->street_cut_n; k++) {
        const struct sim_entry *c = &s->book.e[s->street_cut[k]];
        struct sc_cut cut;

        if ((c->force & bit_of(n)) == 0 || !cut_of(c, &cut))
            continue;
        for (size_t i = 0; i < n->applied_n; i++)
            if (!here(n, &s->book.e[n->applied[i]]) &&
                cr_sign_pk_equal(&s->book.e[n->applied[i]].key.author, &cut.subject) &&
                !cut_names(s, &cut, n->applied[i]))
                revoked[i] = true;
    }
}

/* Any ADOPT in the book names the entry, or one after it. */
static bool adopted(const struct sim *s, int e)
{
    for (size_t i = 0; i < s->book.n; i++) {
        const struct sim_entry *x = &s->book.e[i];
        struct sc_payload p;
        struct sc_adopt a;

        if (x->type != SC_R_ADOPT ||
            sc_payload_decode((struct cr_span){x->payload, x->payload_bytes}, &p, NULL) != ST_OK ||
            sc_adopt_decode(p.body, &a, NULL) != ST_OK)
            continue;
        for (size_t k = 0; k < sc_adopt_count(a.entries); k++) {
            struct sc_adopt_entry one;
            int at;

            sc_adopt_at(a.entries, k, &one);
            at = sim_book_find(&s->book, &one.entry_id);
            if (at >= 0 && sim_book_on_path(&s->book, e, at))
                return true;
        }
    }
    return false;
}

/* ---- I3, I5, I10, I11: after each commit ---- */

/* A CUT alone in a commit, on a key that another cut closed already, gives nothing back. */
static void invariant_I3_further_cut_only_shrinks(struct sim_node *n, const struct sim_commit *c)
{
    struct sim *s = n->sim;
    struct sc_cut cut, other;
    bool bound = false;

    if (c->count != 1 || !c->before_known || !cut_of(&s->book.e[c->entry[0]], &cut))
        return;
    for (size_t i = 0; i < s->street_cut_n && !bound; i++) {
        const struct sim_entry *e = &s->book.e[s->street_cut[i]];

        bound = s->street_cut[i] != c->entry[0] && here(n, e) && cut_of(e, &other) &&
                other.mode == SC_CUT_REVOKE && cr_sign_pk_equal(&other.subject, &cut.subject) &&
                stands(n, e, &other);
    }
    for (size_t i = 0; i < s->book.n && bound && !s->failed; i++) {
        const struct sim_entry *e = &s->book.e[i];

        if (here(n, e) && cr_sign_pk_equal(&e->key.author, &cut.subject) &&
            (e->was_held & bit_of(n)) != 0 && (e->held & bit_of(n)) == 0)
            broken(s, 3, "node %zu: a further cut of %s gives entry %llu back", n->index,
                   sim_name(s, &cut.subject), (unsigned long long)e->seq);
    }
}

/* While the street's revocation stands, nothing off its paths counts, nor ever again. */
static void invariant_I5_cut_off_stays_off(struct sim_node *n)
{
    struct sim *s = n->sim;

    for (size_t k = 0; k < s->street_cut_n; k++) {
        struct sim_entry *c = &s->book.e[s->street_cut[k]];
        struct sc_cut cut;

        c->force &= ~bit_of(n);
        if (!here(n, c) || !cut_of(c, &cut) || cut.mode != SC_CUT_REVOKE || !stands(n, c, &cut))
            continue;
        c->force |= bit_of(n);
        for (size_t i = 0; i < s->book.n && !s->failed; i++) {
            struct sim_entry *e = &s->book.e[i];

            if (!here(n, e) || !cr_sign_pk_equal(&e->key.author, &cut.subject) ||
                cut_names(s, &cut, (int)i))
                continue;
            if (sim_counts(n, e) && sim_folds(e) && !adopted(s, (int)i))
                broken(s, 5, "node %zu counts entry %llu of %s, %s", n->index,
                       (unsigned long long)e->seq, sim_name(s, &cut.subject),
                       (e->excluded & bit_of(n)) != 0 ? "which it had excluded"
                                                      : "which was revoked");
            e->excluded |= bit_of(n);
        }
    }
}

/* The ADOPT x names an entry of e's log at or above it. */
static bool adopts_above(const struct sim_entry *x, const struct sim_entry *e)
{
    struct sc_payload p;
    struct sc_adopt a;
    struct sc_adopt_entry last;

    if (x->type != SC_R_ADOPT ||
        sc_payload_decode((struct cr_span){x->payload, x->payload_bytes}, &p, NULL) != ST_OK ||
        sc_adopt_decode(p.body, &a, NULL) != ST_OK || a.scope != e->key.scope ||
        a.incarnation != e->key.incarnation || !cr_sign_pk_equal(&a.subject, &e->key.author))
        return false;
    sc_adopt_at(a.entries, sc_adopt_count(a.entries) - 1, &last);
    return last.seq >= e->seq;
}

static bool names_above(const struct sc_cut *c, const struct sim_entry *e)
{
    for (size_t i = 0; i < sc_cut_head_count(c->heads); i++) {
        struct sc_cut_head h;

        sc_cut_head_at(c->heads, i, &h);
        if (h.scope == e->key.scope && h.incarnation == e->key.incarnation && h.seq >= e->seq)
            return true;
    }
    return false;
}

/* A CUT or ADOPT names an entry of the log at or above it: it may be on the way there. */
static bool may_lead(const struct sim *s, const struct sim_entry *e)
{
    struct sc_cut c;

    for (size_t i = 0; i < s->book.n; i++)
        if (adopts_above(&s->book.e[i], e) ||
            (cut_of(&s->book.e[i], &c) && cr_sign_pk_equal(&c.subject, &e->key.author) &&
             names_above(&c, e)))
            return true;
    return false;
}

/* What a node takes of a key in wrong hands: no more than the quotas, and once it has evaluated the
 * revocation, nothing that this does not name. */
static void invariant_I10_bounded(struct sim_node *n, const struct sim_commit *c)
{
    struct sim *s = n->sim;

    for (size_t i = 0; i < c->count && !s->failed; i++) {
        const struct sim_entry *e = &s->book.e[c->entry[i]];

        if (c->revoked[i] && !adopted(s, c->entry[i]) && !may_lead(s, e))
            broken(s, 10, "node %zu takes entry %llu of %s, which was revoked", n->index,
                   (unsigned long long)e->seq, sim_name(s, &e->key.author));
    }
}

/* Superiors' cuts of this author that the node has. */
static bool superior_cut(const struct sim_node *n, const struct cr_sign_pk *author)
{
    const struct sim *s = n->sim;
    struct sc_cut c;

    for (size_t i = 0; i < s->book.n; i++)
        if (here(n, &s->book.e[i]) && cut_of(&s->book.e[i], &c) &&
            cr_sign_pk_equal(&c.subject, author) &&
            !cr_sign_pk_equal(&s->book.e[i].key.author, author))
            return true;
    return false;
}

static bool forked(const struct sim_node *n, const struct cr_hash *log_id)
{
    const struct sim_book *b = &n->sim->book;
    uint64_t entries = 0, last = 0;

    for (size_t i = 0; i < b->n; i++)
        if (here(n, &b->e[i]) && cr_hash_equal(&b->e[i].log_id, log_id)) {
            entries++;
            last = b->e[i].seq > last ? b->e[i].seq : last;
        }
    return entries > last + 1;
}

/* Nobody takes back what it said: a cut of oneself has no effect on what came before it. */
static void invariant_I11_nothing_taken_back(struct sim_node *n)
{
    struct sim *s = n->sim;

    for (size_t k = 0; k < s->book.n && !s->failed; k++) {
        const struct sim_entry *c = &s->book.e[k];
        struct sc_cut cut;

        if (!here(n, c) || !cut_of(c, &cut) || !cr_sign_pk_equal(&cut.subject, &c->key.author) ||
            superior_cut(n, &cut.subject) || !sim_is_known(s, &cut.subject))
            continue;
        for (size_t i = 0; i < s->book.n && !s->failed; i++) {
            const struct sim_entry *e = &s->book.e[i];

            if (here(n, e) && !sim_counts(n, e) && cr_sign_pk_equal(&e->key.author, &cut.subject) &&
                !forked(n, &e->log_id) && !sim_role_reason(n, e))
                broken(s, 11, "node %zu holds back entry %llu of %s, who cut itself", n->index,
                       (unsigned long long)e->seq, sim_name(s, &cut.subject));
        }
    }
}

/* ---- I6 ---- */

static int look(void *arg, const struct nd_hazard_row *row)
{
    *(bool *)arg = row->h.exists || row->unverified > 0 || row->unverified_only;
    return 0;
}

/* A hazard that was once shown at a node is shown there for ever: open, closed or unverified. */
static void invariant_I6_raise_stays_visible(struct sim_node *n, struct sim_entry *e)
{
    struct sc_id id = sc_id_of(&e->id);
    struct st_err err = {0};
    bool visible = false;

    if (e->type != SC_R_HAZARD_REPORT || !here(n, e))
        return;
    if (nd_store_hazard(n->store, &id, look, &visible, &err) != ST_OK)
        visible = false;
    if (!visible && (e->visible & bit_of(n)) != 0)
        broken(n->sim, 6, "node %zu no longer shows a hazard that %s reported", n->index,
               sim_name(n->sim, &e->key.author));
    if (visible)
        e->visible |= bit_of(n);
}

static void look_at_all(struct sim_node *n)
{
    for (size_t i = 0; i < n->sim->book.n && !n->sim->failed; i++)
        invariant_I6_raise_stays_visible(n, &n->sim->book.e[i]);
}

/* ---- I7 ---- */

struct tree {
    struct sim_node *n;
    size_t certs;
};

static int check_cert(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                      const struct cr_hash *entry_id)
{
    struct tree *t = arg;
    struct sim *s = t->n->sim;
    int at = sim_book_find(&s->book, entry_id);
    const struct cr_sign_pk *author = at >= 0 ? &s->book.e[at].key.author : issuer;
    bool root = cr_sign_pk_equal(author, &s->genesis.root);
    struct sc_certs *certs = nd_store_certs(t->n->store);
    const struct sc_cert *above = root ? NULL : sc_certs_find(certs, author);

    t->certs++;
    if (root)
        return 0;
    if (above == NULL || above->rank != 1 || c->rank <= above->rank)
        broken(s, 7, "node %zu accepts a certificate of rank %llu by %s", t->n->index,
               (unsigned long long)c->rank, sim_name(s, author));
    for (size_t i = 0; above != NULL && i < c->prefix_count && !s->failed; i++) {
        bool within = false;

        for (size_t k = 0; k < above->prefix_count; k++)
            within = within || sc_grid_within(c->prefixes[i], above->prefixes[k]);
        if (!within)
            broken(s, 7, "node %zu accepts a certificate for %llu by %s, who is not there",
                   t->n->index, (unsigned long long)c->prefixes[i], sim_name(s, author));
    }
    return s->failed;
}

/* Accepted certificates are a tree below the genesis; ranks grow, grids nest. */
static void invariant_I7_no_privilege_from_below(struct sim_node *n)
{
    struct tree t = {.n = n};

    (void)sc_certs_each(nd_store_certs(n->store), check_cert, &t);
    if (t.certs == 0 && n->sim->calm && n->sim->now_ms > 600000 && !n->sim->failed)
        broken(n->sim, 7, "node %zu accepts no certificate at all", n->index);
}

/* ---- I2, I4: at quiescence ---- */

static bool takes_part(const struct sim_node *n, uint64_t scope)
{
    return n->state == SIM_UP && sim_node_holds(n, scope);
}

/* Whatever was refused or held where: what counts is the same everywhere. */
static void invariant_I2_converges_when_pruned(struct sim *s)
{
    for (size_t i = 0; i < s->book.n && !s->failed; i++) {
        const struct sim_entry *e = &s->book.e[i];
        const struct sim_node *with = NULL;

        for (size_t k = 0; k < s->node_count; k++) {
            const struct sim_node *n = &s->node[k];

            if (!takes_part(n, e->key.scope) || !sim_folds(e))
                continue;
            if (with != NULL && sim_counts(n, e) != sim_counts(with, e) &&
                sim_certified(s, &e->key.author))
                broken(s, 2, "entry %llu of %s counts at node %zu and not at node %zu",
                       (unsigned long long)e->seq, sim_name(s, &e->key.author),
                       sim_counts(n, e) ? n->index : with->index,
                       sim_counts(n, e) ? with->index : n->index);
            with = n;
        }
    }
}

/* What an honest person was promised counts wherever its scope is held. */
static void invariant_I4_honest_entry_counts(struct sim *s)
{
    for (size_t i = 0; i < s->book.n && !s->failed; i++) {
        const struct sim_entry *e = &s->book.e[i];

        if (e->crafted || !e->acked || e->lost || !sim_honest(s, &e->key.author) ||
            !sim_certified(s, &e->key.author))
            continue;
        for (size_t k = 0; k < s->node_count && !s->failed; k++) {
            struct sim_node *n = &s->node[k];

            if (takes_part(n, e->key.scope) && !sim_counts(n, e) && !sim_role_reason(n, e))
                broken(s, 4, "node %zu %s entry %llu of %s (type %llu)", n->index,
                       here(n, e) ? "holds back" : "lacks", (unsigned long long)e->seq,
                       sim_name(s, &e->key.author), (unsigned long long)e->type);
        }
    }
}

/* ---- I1, I9: the same entries once more, in another order ---- */

static int put_again(struct sim *s, struct nd_store *st, int at, const struct cr_hash *forge)
{
    const struct sim_entry *e = &s->book.e[at];
    struct sc_run *run = calloc(1, sizeof *run);
    struct nd_run r = {.run = run,
                       .key = e->key,
                       .log_id = e->log_id,
                       .chains = &e->id,
                       .before = e->prev < 0 ? e->log_id : s->book.e[e->prev].id};
    struct st_err err = {0};
    int rc;

    CR_ASSERT(run != NULL);
    run->first_seq = e->seq;
    run->count = 1;
    run->e[0] = (struct sc_wire_entry){
        .lamport = e->lamport, .wall_ms = e->wall_ms, .payload = {e->payload, e->payload_bytes}};
    run->sig = e->sig;
    if (forge != NULL) /* ids do not depend on signatures */
        memcpy(run->sig.b, forge->b, sizeof forge->b);
    rc = nd_store_begin(st, &err);
    if (rc == ST_OK)
        rc = nd_store_apply(st, &r, NULL, &err);
    if (rc == ST_OK || rc == ST_DENIED || rc == ST_CONFLICT) {
        int committed = nd_store_commit(st, &err);

        rc = committed != ST_OK ? committed : rc;
    } else {
        nd_store_rollback(st);
    }
    free(run);
    return rc;
}

/* A random order in which paths come first. */
static size_t shuffle(struct sim_node *n, int *order)
{
    struct sim *s = n->sim;
    size_t count = 0;

    for (size_t i = 0; i < s->book.n; i++) {
        s->book.e[i].mark = false;
        if (here(n, &s->book.e[i]))
            order[count++] = (int)i;
    }
    ts_prng_shuffle(&s->watch, order, count, sizeof *order);
    return count;
}

/* Paths first: what stands before an entry, from the start. */
static bool put_path(struct sim *s, struct nd_store *st, int at, struct st_err *err)
{
    int path[SC_CKPT_ALIGN * 16];
    size_t n = 0;

    for (int e = at; e >= 0 && !s->book.e[e].mark; e = s->book.e[e].prev) {
        CR_ASSERT(n < sizeof path / sizeof path[0]);
        path[n++] = e;
    }
    while (n > 0) {
        int rc = put_again(s, st, path[--n], NULL);

        s->book.e[path[n]].mark = true;
        if (rc != ST_OK && rc != ST_DENIED && rc != ST_CONFLICT)
            return st_fail(err, (enum st_code)rc, "an entry cannot be stored again") == ST_OK;
    }
    return true;
}

struct other {
    struct sim *s;
    uint32_t *held; /* by entry */
};

static int take_other(void *arg, const struct nd_held_row *row)
{
    struct other *o = arg;
    int e = sim_book_find(&o->s->book, &row->entry.fact.entry_id);

    if (e >= 0)
        o->held[e] = 1;
    return 0;
}

/* For the trace: what counts in one and not in the other. */
static void tell_difference(struct sim_node *n, struct nd_store *again)
{
    struct sim *s = n->sim;
    struct other o = {.s = s, .held = calloc(s->book.n + 1, sizeof *o.held)};
    struct nd_held_query q = {.limit = 0};
    struct st_err err = {0};

    CR_ASSERT(o.held != NULL);
    if (nd_store_held(again, &q, take_other, &o, NULL, &err) != ST_OK)
        sim_trace(s, "held: %s", err.msg);
    for (size_t i = 0; i < s->book.n; i++) {
        const struct sim_entry *e = &s->book.e[i];

        if (here(n, e) && (o.held[i] != 0) != !sim_counts(n, e))
            sim_trace(s,
                      "entry %zu type %llu seq %llu of %s in %llu: %s there, %s in the other order",
                      i, (unsigned long long)e->type, (unsigned long long)e->seq,
                      sim_name(s, &e->key.author), (unsigned long long)e->key.scope,
                      sim_counts(n, e) ? "counts" : "held", o.held[i] != 0 ? "held" : "not held");
    }
    free(o.held);
}

static bool same_folds(struct sim_node *n, struct nd_store *other)
{
    struct cr_hash a, b;

    return nd_store_fold_hash(n->store, NULL, 0, &a) == ST_OK &&
           nd_store_fold_hash(other, NULL, 0, &b) == ST_OK && cr_hash_equal(&a, &b);
}

/* Storing again what is stored, under other signatures, changes nothing. */
static void invariant_I9_idempotent(struct sim_node *n, struct nd_store *again, const int *order,
                                    size_t count)
{
    struct nd_store_stats before = {0}, after = {0};
    struct cr_hash forge;

    ts_prng_bytes(&n->sim->watch, forge.b, sizeof forge.b);
    if (nd_store_stats(again, &before) != ST_OK)
        return;
    for (size_t i = 0; i < count && i < 60; i++)
        (void)put_again(n->sim, again, order[i], i % 2 == 0 ? &forge : NULL);
    if (nd_store_stats(again, &after) != ST_OK || after.entries != before.entries ||
        !same_folds(n, again))
        broken(n->sim, 9, "storing %zu entries again makes %llu of %llu", count,
               (unsigned long long)after.entries, (unsigned long long)before.entries);
}

/* The same set in any order gives the same projections. */
static void invariant_I1_order_independent(struct sim_node *n)
{
    struct sim *s = n->sim;
    struct nd_store_options o = {.uri = "file:/again?vfs=memdb", .create = true};
    int *order = malloc((s->book.n + 1) * sizeof *order);
    struct st_err err = {0};
    struct nd_store *again = NULL;
    size_t count;

    CR_ASSERT(order != NULL);
    o.genesis = &s->genesis;
    if (nd_store_open(&o, &again, &err) != ST_OK ||
        nd_store_set_scopes(again, n->scopes, n->scope_count, &err) != ST_OK) {
        sim_fail(s, "a second store: %s", err.msg);
        free(order);
        return;
    }
    err = (struct st_err){0}; /* a success may leave a note in it */
    count = shuffle(n, order);
    s->replaying = true;
    for (size_t i = 0; i < count && err.code == ST_OK; i++)
        (void)put_path(s, again, order[i], &err);
    for (bool more = true; more;) { /* what later records let in is offered again */
        struct nd_store_stats before = {0}, after = {0};
        uint64_t serial = nd_store_authority_serial(again);

        (void)!nd_store_stats(again, &before);
        for (size_t i = 0; i < count; i++)
            (void)put_again(s, again, order[i], NULL);
        (void)!nd_store_stats(again, &after);
        more = after.entries > before.entries || nd_store_authority_serial(again) != serial;
    }
    if (err.code != ST_OK)
        sim_fail(s, "a second store: %s", err.msg);
    else if (!same_folds(n, again)) {
        tell_difference(n, again);
        broken(s, 1, "node %zu: its %zu entries in another order give other projections", n->index,
               count);
    }
    if (!s->failed)
        invariant_I9_idempotent(n, again, order, count);
    s->replaying = false;
    nd_store_close(again);
    free(order);
}

/* ---- I8 ---- */

static void say(void *arg, const char *line)
{
    struct sim_node *n = arg;

    broken(n->sim, 8, "node %zu, a hundred years off: %s", n->index, line);
}

/* A clock that is a hundred years off changes nothing of what counts. */
static void invariant_I8_no_clock(struct sim_node *n)
{
    int64_t skew = n->skew_ms;
    struct nd_verify v = {0};
    struct st_err err = {0};
    struct cr_hash before, after;

    if (nd_store_fold_hash(n->store, NULL, 0, &before) != ST_OK)
        return;
    n->skew_ms = ts_prng_chance(&n->sim->watch, 1, 2) ? YEARS_100_MS : -YEARS_100_MS / 2;
    n->sim->folding = n;
    if (nd_store_verify(n->store, false, &v, say, n, &err) != ST_OK && !n->sim->failed)
        broken(n->sim, 8, "node %zu: %s", n->index, err.msg);
    n->sim->folding = NULL;
    n->skew_ms = skew;
    if (nd_store_fold_hash(n->store, NULL, 0, &after) != ST_OK || !cr_hash_equal(&before, &after))
        broken(n->sim, 8, "node %zu: the clock has changed its projections", n->index);
}

/* ---- I12 ---- */

void invariant_I12_quiescent(struct sim *s, bool agreed)
{
    char text[300];

    sim_check_differences(s, text, sizeof text);
    if (!agreed)
        broken(s, 12, "no agreement within the budget after the heal: %s", text);
    for (size_t i = 0; i < s->node_count && !s->failed; i++) {
        struct nd_driver_counters c = {0};

        if (s->node[i].state == SIM_UP)
            nd_driver_counters(s->node[i].driver, &c);
        if (c.sessions > s->node[i].sessions_at_heal + SESSIONS_MAX)
            broken(s, 12, "node %zu needed %llu sessions to agree", i,
                   (unsigned long long)(c.sessions - s->node[i].sessions_at_heal));
    }
}

/* ---- when ---- */

void sim_invariants_committed(struct sim_node *n, const struct sim_commit *c)
{
    struct sim *s = n->sim;

    if (s->failed || s->replaying || s->liars == NULL)
        return;
    invariant_I10_bounded(n, c);
    sim_snapshot(n);
    invariant_I3_further_cut_only_shrinks(n, c);
    if (c->authority || ts_prng_chance(&s->watch, 1, 8)) {
        invariant_I5_cut_off_stays_off(n);
        invariant_I11_nothing_taken_back(n);
        invariant_I7_no_privilege_from_below(n);
        look_at_all(n);
    }
}

void sim_invariants_settled(struct sim_node *n)
{
    struct sim *s = n->sim;

    if (s->failed || s->book.n == 0)
        return;
    invariant_I6_raise_stays_visible(n, &s->book.e[ts_prng_below(&s->watch, s->book.n)]);
    if (ts_prng_chance(&s->watch, 1, 16))
        invariant_I7_no_privilege_from_below(n);
}

void sim_invariants_end(struct sim *s)
{
    for (size_t i = 0; i < s->node_count && !s->failed; i++)
        if (s->node[i].state == SIM_UP) {
            sim_snapshot(&s->node[i]);
            invariant_I5_cut_off_stays_off(&s->node[i]);
            invariant_I7_no_privilege_from_below(&s->node[i]);
            look_at_all(&s->node[i]);
        }
    invariant_I2_converges_when_pruned(s);
    invariant_I4_honest_entry_counts(s);
    for (size_t i = 0; i < s->node_count && !s->failed; i++) {
        struct sim_node *n = &s->node[i];

        if (n->state != SIM_UP ||
            !(i == 0 || ts_prng_chance(&s->watch, 1, s->liars != NULL ? 2 : 8)))
            continue;
        invariant_I8_no_clock(n);
        if (s->liars != NULL || s->book.n < 1500)
            invariant_I1_order_independent(n);
    }
}
