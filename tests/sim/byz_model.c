/* Every honest node against the slow model of authority (tests/unit/schema/authority_model.h) on
 * the whole book: what counts there is what the model says of the union of all that was ever stored
 * or made, restricted to what arrived somewhere. */
#include "tests/sim/byz.h"

#include "node/store_held.h"
#include "tests/unit/schema/authority_model.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY (AM_PRINCIPALS - 1)

struct map {
    struct byz *z;
    struct am_book *book;
    struct am_seats *seats;
    struct am_view *view;
    const struct cr_sign_pk *who[AM_PRINCIPALS];
    size_t who_n;
    uint64_t inc[AM_PRINCIPALS][AM_INCS];
    size_t inc_n[AM_PRINCIPALS];
    int *op_of; /* by entry; -1: not mapped */
    int absent; /* an op that nobody has */
    uint64_t has[AM_WORDS];
    bool too_many;
};

/* ---- names ---- */

static int who(const struct map *m, const struct cr_sign_pk *pk)
{
    for (size_t i = 0; i < m->who_n; i++)
        if (m->who[i] != NULL && cr_sign_pk_equal(m->who[i], pk))
            return (int)i;
    return -1;
}

static void add_who(struct map *m, const struct cr_sign_pk *pk)
{
    if (who(m, pk) >= 0)
        return;
    CR_ASSERT(m->who_n < NOBODY);
    m->who[m->who_n++] = pk;
}

static void name_all(struct map *m)
{
    const struct sim *s = m->z->s;

    m->who[AM_ROOT] = &s->person[0].id.sign_pk;
    m->who[AM_NEXT] = NULL; /* the successor does not act */
    m->who_n = 2;
    for (size_t i = 1; i < SIM_PERSONS_FIRST + BYZ_VILLAGES * SIM_PERSONS_VILLAGE; i++)
        add_who(m, &s->person[i].id.sign_pk);
    for (size_t i = 0; i < s->node_count; i++)
        add_who(m, &s->node[i].id.sign_pk);
    for (size_t i = 0; i < 2; i++)
        add_who(m, &m->z->own[i].sign_pk);
    add_who(m, &s->person[SIM_PERSON_ANON].id.sign_pk);
}

static int inc_of(struct map *m, int p, uint64_t inc)
{
    for (size_t i = 0; i < m->inc_n[p]; i++)
        if (m->inc[p][i] == inc)
            return (int)i;
    if (m->inc_n[p] == AM_INCS) {
        m->too_many = true;
        return 0;
    }
    m->inc[p][m->inc_n[p]] = inc;
    return (int)m->inc_n[p]++;
}

static int scope_of(uint64_t scope)
{
    return scope == SC_SCOPE_PUBLIC ? 0 : scope == sim_village_code(0) ? 1 : 2;
}

static int op_by_id(const struct map *m, const struct cr_hash *id)
{
    int e = sim_book_find(&m->z->s->book, id);

    return e >= 0 && m->op_of[e] >= 0 ? m->op_of[e] : m->absent;
}

/* ---- records ---- */

static void map_cert(struct map *m, struct cr_span body, struct am_op *o)
{
    struct sc_cert c;
    bool high;

    if (sc_cert_decode(body, &c, NULL) != ST_OK || who(m, &c.subject) < 0)
        return;
    /* what no seat may give is for the model no certificate at all (it knows of ranks only) */
    high = (c.roles & (SC_ROLE_STREET | SC_ROLE_DISTRICT | SC_ROLE_POLICE)) != 0;
    if (high && o->author != AM_ROOT && o->author != who(m, &m->z->s->person[1].id.sign_pk))
        return;
    o->kind = AM_CERT;
    o->subject = who(m, &c.subject);
    o->rank = (int)c.rank;
    o->inspector = true;
    for (size_t i = 0; i < c.prefix_count; i++)
        o->mask |= c.prefixes[i] == SIM_STREET ? AM_ALL_SCOPES
                                               : 1 << scope_of(sc_grid_scope(c.prefixes[i]));
}

static void map_cut(struct map *m, struct cr_span body, struct am_op *o)
{
    struct sc_cut c;

    if (sc_cut_decode(body, &c, NULL) != ST_OK || who(m, &c.subject) < 0)
        return;
    o->kind = AM_CUT;
    o->subject = who(m, &c.subject);
    o->mode = (enum am_mode)c.mode;
    o->cut_inc = c.mode == SC_CUT_FORK ? inc_of(m, o->subject, c.incarnation) : 0;
    for (size_t i = 0; i < sc_cut_head_count(c.heads); i++) {
        struct sc_cut_head h;

        CR_ASSERT(o->head_count < AM_HEADS);
        sc_cut_head_at(c.heads, i, &h);
        o->heads[o->head_count++] = (struct am_head){.op = op_by_id(m, &h.entry_id),
                                                     .scope = scope_of(h.scope),
                                                     .inc = inc_of(m, o->subject, h.incarnation),
                                                     .seq = (int)h.seq};
    }
    for (size_t i = 0; i < sc_cut_dep_count(c.deps) && i < AM_DEPS; i++) {
        struct sc_cut_dep d;

        sc_cut_dep_at(c.deps, i, &d);
        o->deps[o->dep_count++] = op_by_id(m, &d.entry_id);
    }
}

static void map_adopt(struct map *m, struct cr_span body, struct am_op *o)
{
    struct sc_adopt a;
    struct sc_adopt_entry one;

    if (sc_adopt_decode(body, &a, NULL) != ST_OK || who(m, &a.subject) < 0 ||
        sc_adopt_count(a.entries) != 1)
        return;
    sc_adopt_at(a.entries, 0, &one);
    o->kind = AM_ADOPT;
    o->subject = who(m, &a.subject);
    o->head_count = 1;
    o->heads[0] = (struct am_head){.op = op_by_id(m, &one.entry_id),
                                   .scope = scope_of(a.scope),
                                   .inc = inc_of(m, o->subject, a.incarnation),
                                   .seq = (int)one.seq};
}

static void map_entry(struct map *m, size_t i, bool records)
{
    const struct sim_entry *e = &m->z->s->book.e[i];
    struct am_op o = {.kind = AM_RAISE, .author = who(m, &e->key.author)};
    struct sc_payload p;

    if (o.author < 0 || e->nodes == 0 || e->key.scope == SC_SCOPE_INTERNAL)
        return;
    o.scope = scope_of(e->key.scope);
    o.inc = inc_of(m, o.author, e->key.incarnation);
    o.seq = (int)e->seq;
    o.prev = e->prev < 0 ? -1 : m->op_of[e->prev];
    if (records && o.scope == 0 && e->type != 0 &&
        sc_payload_decode((struct cr_span){e->payload, e->payload_bytes}, &p, NULL) == ST_OK) {
        if (p.type == SC_R_CERT)
            map_cert(m, p.body, &o);
        else if (p.type == SC_R_CUT)
            map_cut(m, p.body, &o);
        else if (p.type == SC_R_ADOPT)
            map_adopt(m, p.body, &o);
    }
    if (records) {
        m->book->ops[m->op_of[i]] = o;
        return;
    }
    if (m->book->count == AM_OPS) {
        m->too_many = true;
        return;
    }
    m->op_of[i] = am_write(m->book, &o);
    am_put(m->has, m->op_of[i]);
}

/* ---- nodes ---- */

/* Of somebody without certificate: a report counts, unconfirmed; what folds into nothing is not
 * held back from anything. */
static bool open_report(const struct map *m, const struct sim_entry *e)
{
    const struct sc_record *rec = sc_record_find(e->type);

    return rec != NULL && (rec->open_report || rec->type == SC_R_INCARNATION) &&
           !am_certified(m->book, m->seats, who(m, &e->key.author), -1, false);
}

static void compare(struct map *m, struct sim_node *n)
{
    const struct sim_book *b = &m->z->s->book;

    for (size_t i = 0; i < b->n && !n->sim->failed; i++) {
        const struct sim_entry *e = &b->e[i];
        bool here = (e->now >> n->index & 1) != 0, counts, held;

        if (m->op_of[i] < 0 || !sim_node_holds(n, e->key.scope))
            continue;
        held = (e->held >> n->index & 1) != 0;
        counts = am_has(m->view->counts, m->op_of[i]);
        if (counts && !here)
            sim_fail(n->sim, "node %zu lacks entry %zu (seq %llu of %s), which counts", n->index, i,
                     (unsigned long long)e->seq, sim_name(n->sim, &e->key.author));
        else if (!counts && here && !held && !open_report(m, e))
            sim_fail(n->sim,
                     "node %zu counts entry %zu (seq %llu of %s, type %llu), the model "
                     "does not",
                     n->index, i, (unsigned long long)e->seq, sim_name(n->sim, &e->key.author),
                     (unsigned long long)e->type);
        else if (counts && held && !sim_role_reason(n, e))
            sim_fail(n->sim,
                     "node %zu holds back entry %zu (seq %llu of %s, type %llu), which "
                     "counts",
                     n->index, i, (unsigned long long)e->seq, sim_name(n->sim, &e->key.author),
                     (unsigned long long)e->type);
    }
}

void byz_model_check(struct byz *z)
{
    static const struct am_rule proposed = {.name = "proposed"};
    struct map m = {.z = z,
                    .book = calloc(1, sizeof(struct am_book)),
                    .seats = calloc(1, sizeof(struct am_seats)),
                    .view = calloc(1, sizeof(struct am_view)),
                    .op_of = malloc(z->s->book.n * sizeof(int))};
    struct am_op absent = {.kind = AM_RAISE, .author = NOBODY, .prev = -1, .inc = AM_INCS - 1};

    CR_ASSERT(m.book != NULL && m.seats != NULL && m.view != NULL && m.op_of != NULL);
    memset(m.op_of, 0xff, z->s->book.n * sizeof(int));
    name_all(&m);
    m.absent = am_write(m.book, &absent);
    for (size_t i = 0; i < z->s->book.n; i++)
        map_entry(&m, i, false);
    for (size_t i = 0; i < z->s->book.n; i++)
        if (m.op_of[i] >= 0)
            map_entry(&m, i, true);
    if (!m.too_many) { /* a flood is larger than the model */
        am_seats(m.book, m.has, &proposed, 0, m.seats);
        am_view(m.book, m.has, &proposed, m.seats, m.view);
        for (size_t i = 0; i < z->s->node_count && !z->s->failed; i++)
            if (z->s->node[i].state == SIM_UP)
                compare(&m, &z->s->node[i]);
        z->s->count.modelled++;
    }
    free(m.book);
    free(m.seats);
    free(m.view);
    free(m.op_of);
}
