/* The rules of authority one by one, on small histories written out. Principals are those of the
 * model: 0 the root, 1 its committed successor, 2 and 3 the villages, from 8 on officers. */
#include "tests/lib/oom.h"
#include "tests/unit/schema/authority_kit.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define V1       2
#define V2       3
#define DEV      8
#define DEV_B    9

struct bench {
    struct am_book book;
    struct ak k;
    struct ak_store s;
};

/* An entry after `after` (-2: after the last one stored of its log), not stored yet. */
static int write_after(struct bench *t, struct am_op op, int after)
{
    op.prev = after;
    for (int i = 0; i < t->book.count && after == -2; i++) {
        const struct am_op *x = &t->book.ops[i];

        if (x->author == op.author && x->scope == op.scope && x->inc == op.inc &&
            t->s.branch_of[i] >= 0)
            op.prev = i;
    }
    if (op.prev == -2)
        op.prev = -1;
    op.seq = op.prev >= 0 ? t->book.ops[op.prev].seq + 1 : 0;
    return am_write(&t->book, &op);
}

static void store(struct bench *t, int op)
{
    ak_put(&t->s, op);
    (void)sc_authority_settle(t->s.a);
}

static int add_after(struct bench *t, struct am_op op, int after)
{
    int n = write_after(t, op, after);

    store(t, n);
    return n;
}

static int add(struct bench *t, struct am_op op)
{
    return add_after(t, op, -2);
}

static int certify(struct bench *t, int issuer, int subject, int rank, int mask)
{
    return add(t, (struct am_op){.author = issuer,
                                 .kind = AM_CERT,
                                 .subject = subject,
                                 .rank = rank,
                                 .mask = mask,
                                 .inspector = true});
}

static int report(struct bench *t, int who, int scope, int inc)
{
    return add(t, (struct am_op){.author = who, .scope = scope, .inc = inc, .kind = AM_RAISE});
}

static int report_after(struct bench *t, int who, int scope, int after)
{
    return add_after(t, (struct am_op){.author = who, .scope = scope, .kind = AM_RAISE}, after);
}

static struct am_op cut_of(const struct bench *t, int issuer, int subject, enum am_mode mode,
                           int head)
{
    struct am_op o = {.author = issuer, .kind = AM_CUT, .subject = subject, .mode = mode};

    if (head >= 0) {
        const struct am_op *x = &t->book.ops[head];

        o.heads[o.head_count++] =
            (struct am_head){.op = head, .scope = x->scope, .inc = x->inc, .seq = x->seq};
    }
    return o;
}

static int revoke(struct bench *t, int issuer, int subject, int head)
{
    return add(t, cut_of(t, issuer, subject, AM_REVOKE, head));
}

static int adopt(struct bench *t, int who, int inc, int entry)
{
    struct am_op o = cut_of(t, who, t->book.ops[entry].author, AM_REVOKE, entry);

    o.kind = AM_ADOPT;
    o.inc = inc;
    return add(t, o);
}

static enum sc_standing standing(const struct bench *t, int op)
{
    struct sc_auth_at at;

    ak_at(&t->s, op, &at);
    return sc_authority_standing(t->s.a, &at);
}

static uint32_t roles(const struct bench *t, int who)
{
    return sc_certs_roles(sc_authority_certs(t->s.a), &t->k.keys[who], ak_scope(1), 0, 0);
}

/* Root, two villages, an officer of village 1. */
static struct bench *set_up(void)
{
    struct bench *t = calloc(1, sizeof *t);

    CR_ASSERT(t != NULL);
    ak_begin(&t->k, &t->book, 1);
    ak_open(&t->s, &t->k);
    (void)certify(t, AM_ROOT, V1, 1, 2);
    (void)certify(t, AM_ROOT, V2, 1, 4);
    (void)certify(t, V1, DEV, 2, 2);
    return t;
}

static void tear_down(struct bench *t)
{
    ak_close(&t->s);
    ak_end(&t->k);
    free(t);
}

struct found_cut {
    const struct cr_hash *id;
    bool in_force, soft;
    size_t deps_left, heads_left;
};

static int find_cut(void *arg, const struct sc_auth_cut *c)
{
    struct found_cut *f = arg;

    if (!cr_hash_equal(&c->at.entry_id, f->id))
        return 0;
    f->in_force = c->in_force;
    f->soft = c->soft;
    f->deps_left = c->deps_left;
    f->heads_left = c->heads_left;
    return 1;
}

static struct found_cut cut_at(const struct bench *t, int op)
{
    struct found_cut f = {.id = &t->k.ids[op]};

    assert_int_equal(sc_authority_each_cut(t->s.a, NULL, find_cut, &f), 1);
    return f;
}

/* Before the fork everything counts, from it on nothing does, until a superior names a head. */
static void test_authority__fork(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0), b = report(t, DEV, 1, 0), c = report_after(t, DEV, 1, a), d;

    (void)state;
    assert_int_equal(standing(t, a), SC_COUNTS);
    assert_int_equal(standing(t, b), SC_HELD_FORK);
    assert_int_equal(standing(t, c), SC_HELD_FORK);
    d = add(t, cut_of(t, V1, DEV, AM_FORK, c));
    assert_true(cut_at(t, d).in_force);
    assert_int_equal(standing(t, a), SC_COUNTS);
    assert_int_equal(standing(t, b), SC_HELD_CUT);
    assert_int_equal(standing(t, c), SC_COUNTS);
    assert_int_equal(standing(t, report(t, DEV, 1, 1)), SC_COUNTS);
    tear_down(t);
}

/* I3: the first cut of a forked log may release what was held; further ones only take away. */
static void test_authority__cuts_intersect(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0), b = report(t, DEV, 1, 0), c = report_after(t, DEV, 1, a);
    struct am_op both = cut_of(t, V1, DEV, AM_FORK, b);

    (void)state;
    both.heads[1] = (struct am_head){.op = c, .scope = 1, .inc = 0, .seq = 1};
    both.head_count = 2;
    (void)add(t, both);
    assert_int_equal(standing(t, b), SC_COUNTS);
    assert_int_equal(standing(t, c), SC_COUNTS);
    (void)revoke(t, AM_ROOT, DEV, b);
    assert_int_equal(standing(t, b), SC_COUNTS);
    assert_int_equal(standing(t, c), SC_HELD_CUT);
    (void)revoke(t, AM_ROOT, DEV, a);
    assert_int_equal(standing(t, a), SC_COUNTS);
    assert_int_equal(standing(t, b), SC_HELD_CUT);
    (void)revoke(t, AM_ROOT, DEV, b); /* names more: changes nothing */
    assert_int_equal(standing(t, b), SC_HELD_CUT);
    tear_down(t);
}

/* A revocation closes incarnations it does not list, and names entries, not numbers. */
static void test_authority__revoke(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0), b = report(t, DEV, 1, 0), other = report(t, DEV, 1, 1), below;

    (void)state;
    (void)revoke(t, V1, DEV, b);
    assert_int_equal(standing(t, b), SC_COUNTS);
    assert_int_equal(standing(t, report(t, DEV, 1, 0)), SC_HELD_CUT);
    assert_int_equal(standing(t, other), SC_HELD_CUT);
    assert_int_equal(standing(t, report(t, DEV, 1, 2)), SC_HELD_CUT);
    below = report_after(t, DEV, 1, a); /* the thief rewrites below the cut */
    assert_int_equal(standing(t, below), SC_HELD_CUT);
    assert_int_equal(standing(t, b), SC_COUNTS);
    tear_down(t);
}

/* What may be on a named path waits for the named entry. */
static void test_authority__awaited_head(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0), cut, late;
    struct am_op o = {.author = DEV, .scope = 1, .kind = AM_RAISE};
    int b = write_after(t, o, a), beyond;

    (void)state;
    cut = revoke(t, V1, DEV, b);
    late = report_after(t, DEV, 1, a);
    beyond = report_after(t, DEV, 1, late);
    assert_int_equal(cut_at(t, cut).heads_left, 1);
    assert_int_equal(standing(t, a), SC_HELD_AWAITED);
    assert_int_equal(standing(t, late), SC_HELD_AWAITED);
    assert_int_equal(standing(t, beyond), SC_HELD_CUT);
    store(t, b);
    assert_int_equal(cut_at(t, cut).heads_left, 0);
    assert_int_equal(standing(t, a), SC_COUNTS);
    assert_int_equal(standing(t, b), SC_COUNTS);
    assert_int_equal(standing(t, late), SC_HELD_CUT);
    tear_down(t);
}

/* Cuts go down and stay within their issuer's grids: no seat cuts a seat, nobody cuts a root, an
 * officer cuts nobody, and a village closes what its officer says in its own scope. */
static void test_authority__cuts_go_down(void **state)
{
    struct bench *t = set_up();
    int one = report(t, DEV, 1, 0), two, seat = report(t, V2, 2, 0);

    (void)state;
    (void)certify(t, V2, DEV, 2, 4);
    two = report(t, DEV, 2, 0);
    (void)revoke(t, V1, V2, -1);
    (void)revoke(t, V1, AM_ROOT, -1);
    (void)revoke(t, DEV_B, DEV, -1);
    (void)revoke(t, DEV, V1, -1);
    assert_int_equal(standing(t, seat), SC_COUNTS);
    assert_int_equal(standing(t, one), SC_COUNTS);
    assert_true(roles(t, DEV) != 0);
    (void)revoke(t, V1, DEV, -1);
    assert_int_equal(standing(t, one), SC_HELD_CUT);
    assert_int_equal(standing(t, two), SC_COUNTS);
    (void)revoke(t, AM_ROOT, DEV, -1);
    assert_int_equal(standing(t, two), SC_HELD_CUT);
    tear_down(t);
}

/* An officer's word in street/public is closed when all its villages have closed it, not before: a
 * village cannot silence the officers of another by certifying and cutting them. */
static void test_authority__public_log(void **state)
{
    struct bench *t = set_up();
    int entry, two;

    (void)state;
    (void)certify(t, V2, DEV, 2, 4);
    entry = report(t, DEV, 0, 1);
    two = report(t, DEV, 2, 0);
    (void)report_after(t, DEV, 2, -1); /* forks */
    assert_int_equal(standing(t, two), SC_HELD_FORK);
    (void)adopt(t, DEV, 1, two);
    assert_int_equal(standing(t, two), SC_ADOPTED);
    (void)revoke(t, V1, DEV, -1);
    assert_int_equal(standing(t, entry), SC_COUNTS);
    assert_int_equal(standing(t, two), SC_ADOPTED);
    (void)revoke(t, V2, DEV, -1);
    assert_int_equal(standing(t, entry), SC_HELD_CUT);
    assert_int_equal(standing(t, two), SC_HELD_CUT);
    tear_down(t);
}

/* I11: nobody takes back what it said. RETIRE ends the log it stands in, for what follows; any
 * other cut of oneself has no effect. */
static void test_authority__no_self_cut(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0), before = report(t, DEV, 0, 0), after, retire;

    (void)state;
    (void)revoke(t, DEV, DEV, -1);
    (void)add(t, cut_of(t, DEV, DEV, AM_FORK, -1));
    assert_int_equal(standing(t, a), SC_COUNTS);
    retire = add(t, cut_of(t, DEV, DEV, AM_RETIRE, -1));
    after = report(t, DEV, 0, 0);
    assert_int_equal(standing(t, before), SC_COUNTS);
    assert_int_equal(standing(t, retire), SC_COUNTS);
    assert_int_equal(standing(t, after), SC_HELD_RETIRED);
    assert_int_equal(standing(t, report_after(t, DEV, 0, retire)), SC_HELD_RETIRED);
    assert_int_equal(standing(t, a), SC_COUNTS);
    (void)add(t, cut_of(t, V1, DEV, AM_RETIRE, -1)); /* of somebody else: nothing */
    assert_int_equal(standing(t, report(t, V1, 0, 0)), SC_COUNTS);
    tear_down(t);
}

/* A forked seat: what it permitted after the fork is held, what it forbade stands; a root's cut
 * settles both. */
static void test_authority__soft_cuts(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0),
        first = t->book.ops[t->book.count - 2].author == V1 ? t->book.count - 2 : -1;
    int cut, cert, root_cut;

    (void)state;
    assert_true(first >= 0);
    cut = revoke(t, V1, DEV, -1);
    cert = certify(t, V1, DEV_B, 2, 2);
    assert_int_equal(standing(t, a), SC_HELD_CUT);
    assert_true(sc_certs_accepted(sc_authority_certs(t->s.a), &t->k.ids[cert]));
    (void)report_after(t, V1, 0, first); /* the thief forks the log to suspend the cut */
    assert_int_equal(standing(t, cut), SC_HELD_FORK);
    assert_true(cut_at(t, cut).in_force && cut_at(t, cut).soft);
    assert_int_equal(standing(t, a), SC_HELD_CUT);
    assert_false(sc_certs_accepted(sc_authority_certs(t->s.a), &t->k.ids[cert]));
    root_cut = revoke(t, AM_ROOT, V1, first);
    assert_true(cut_at(t, root_cut).in_force);
    assert_false(cut_at(t, cut).in_force);
    assert_int_equal(standing(t, a), SC_COUNTS);
    tear_down(t);
}

/* While a head that settles a seat's fork has not arrived, what the seat forbade stands. */
static void test_authority__soft_while_awaited(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0), cut = revoke(t, V1, DEV, -1), tip, fork;
    struct am_op o = {.author = V1, .kind = AM_RAISE};

    (void)state;
    (void)report_after(t, V1, 0, cut - 2);
    tip = write_after(t, o, cut);
    fork = add(t, cut_of(t, AM_ROOT, V1, AM_FORK, tip));
    assert_true(cut_at(t, fork).in_force);
    assert_int_equal(cut_at(t, fork).heads_left, 1);
    assert_true(cut_at(t, cut).in_force && cut_at(t, cut).soft);
    assert_int_equal(standing(t, a), SC_HELD_CUT);
    store(t, tip);
    assert_true(cut_at(t, cut).in_force && !cut_at(t, cut).soft);
    assert_int_equal(standing(t, a), SC_HELD_CUT);
    tear_down(t);
}

/* Hand-over: the cut of the old seat waits for what the new seat states again. */
static void test_authority__deps(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0), old = revoke(t, V1, DEV, -1), again, cut;
    struct am_op o = cut_of(t, 4, DEV, AM_REVOKE, -1);

    (void)state;
    (void)certify(t, AM_ROOT, 4, 1, 2);
    again = write_after(t, o, -1);
    o = cut_of(t, AM_ROOT, V1, AM_REVOKE, -1);
    o.deps[o.dep_count++] = again;
    cut = add(t, o);
    assert_false(cut_at(t, cut).in_force);
    assert_int_equal(cut_at(t, cut).deps_left, 1);
    assert_true(cut_at(t, old).in_force);
    store(t, again);
    assert_true(cut_at(t, cut).in_force && cut_at(t, again).in_force);
    assert_false(cut_at(t, old).in_force);
    assert_int_equal(standing(t, a), SC_HELD_CUT);
    tear_down(t);
}

/* The successor the genesis commits to is a root above the root: it cuts a stolen root key, which
 * cannot cut it. Any other key is nobody. */
static void test_authority__root_rotation(void **state)
{
    struct bench *t = set_up();
    int good = t->book.count - 1, forged, seat;

    (void)state;
    forged = certify(t, AM_ROOT, 4, 1, AM_ALL_SCOPES); /* the thief of the root key */
    assert_true(roles(t, 4) != 0);
    (void)revoke(t, AM_ROOT, AM_NEXT, -1);
    (void)revoke(t, AM_NEXT, AM_ROOT, forged - 2);
    assert_int_equal(standing(t, forged), SC_HELD_CUT);
    assert_true(roles(t, 4) == 0 && roles(t, V1) != 0);
    assert_int_equal(standing(t, good), SC_COUNTS);
    seat = certify(t, AM_NEXT, 5, 1, 2);
    assert_int_equal(standing(t, seat), SC_COUNTS);
    assert_true(roles(t, 5) != 0);
    (void)certify(t, 6, 7, 1, 2);
    assert_true(roles(t, 7) == 0);
    assert_int_equal(sc_certs_root(sc_authority_certs(t->s.a), &t->k.keys[6]), SC_ROOT_NONE);
    tear_down(t);
}

/* Adoption gives an entry back: by a superior, or by its author in another incarnation; never a
 * certificate, never by an equal, never from within the same incarnation. */
static void test_authority__adoption(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0), stranger, cert;

    (void)state;
    (void)report_after(t, DEV, 1, -1);
    (void)certify(t, V1, DEV_B, 2, 2);
    (void)adopt(t, DEV_B, 0, a);
    (void)adopt(t, V2, 0, a);
    (void)adopt(t, DEV, 0, a);
    assert_int_equal(standing(t, a), SC_HELD_FORK);
    (void)adopt(t, DEV, 1, a);
    assert_int_equal(standing(t, a), SC_ADOPTED);
    stranger = report(t, 12, 1, 0);
    assert_int_equal(standing(t, stranger), SC_HELD_UNKNOWN);
    (void)adopt(t, 12, 1, stranger);
    assert_int_equal(standing(t, stranger), SC_HELD_UNKNOWN);
    (void)adopt(t, V1, 0, stranger);
    assert_int_equal(standing(t, stranger), SC_ADOPTED);
    cert = certify(t, V2, 13, 2, 4);
    (void)report_after(t, V2, 0, -1); /* village 2 forks: its certificate is held */
    (void)adopt(t, AM_ROOT, 0, cert);
    assert_int_equal(standing(t, cert), SC_HELD_FORK);
    tear_down(t);
}

/* A revoked key reads nothing but street/public, in the scopes its cut covers. */
static void test_authority__reading(void **state)
{
    struct bench *t = set_up();
    const struct cr_sign_pk *dev = &t->k.keys[DEV];

    (void)state;
    assert_true(sc_authority_may_read(t->s.a, dev, ak_scope(1)));
    assert_false(sc_authority_may_read(t->s.a, dev, ak_scope(2)));
    (void)revoke(t, V2, DEV, -1);
    (void)add(t, cut_of(t, V1, DEV, AM_FORK, -1));
    assert_true(sc_authority_may_read(t->s.a, dev, ak_scope(1)));
    (void)revoke(t, V1, DEV, -1);
    assert_false(sc_authority_may_read(t->s.a, dev, ak_scope(1)));
    assert_true(sc_authority_may_read(t->s.a, dev, SC_SCOPE_PUBLIC));
    assert_false(sc_authority_may_read(t->s.a, &t->k.keys[20], SC_SCOPE_PUBLIC));
    tear_down(t);
}

/* A key is closed to further certificates by the REVOKE that binds it, and about the grids that its
 * issuer governs: not by a fork, by one who stands no higher, or for another village. */
static void test_authority__revoked(void **state)
{
    struct bench *t = set_up();
    const struct cr_sign_pk *dev = &t->k.keys[DEV];
    const uint64_t own = ak_scope(1), other = ak_scope(2), both[] = {other, own};
    const uint64_t street = own / 1000;
    struct sc_auth_cut cut;
    struct sc_auth_at at;
    int second;

    (void)state;
    (void)revoke(t, V2, DEV, -1);
    (void)revoke(t, V2, V1, -1); /* a seat, as it is */
    (void)add(t, cut_of(t, V1, DEV, AM_FORK, -1));
    assert_false(sc_authority_revoked(t->s.a, dev, 1, &own, &cut));
    assert_false(sc_authority_revoked(t->s.a, &t->k.keys[V1], 1, &own, &cut));
    assert_false(sc_authority_revoked(t->s.a, &t->k.keys[V1], 1, &street, &cut));
    assert_false(sc_authority_revoked(t->s.a, &t->k.keys[20], 1, &own, &cut));
    assert_true(sc_authority_revoked(t->s.a, dev, 1, &other, &cut)); /* if it ever came there */
    second = revoke(t, V1, DEV, -1);
    assert_true(sc_authority_revoked(t->s.a, dev, 1, &own, &cut));
    ak_at(&t->s, second, &at);
    assert_true(cr_hash_equal(&cut.at.entry_id, &at.entry_id));
    assert_true(sc_authority_revoked(t->s.a, dev, 2, both, &cut));
    assert_true(sc_authority_revoked(t->s.a, dev, 1, &street, &cut));
    (void)revoke(t, AM_ROOT, V1, -1); /* takes back what village 1 cut, too */
    assert_false(sc_authority_revoked(t->s.a, dev, 1, &own, &cut));
    assert_true(sc_authority_revoked(t->s.a, &t->k.keys[V1], 1, &other, &cut));
    tear_down(t);
}

static enum sc_admission offer(struct bench *t, int op, uint32_t branch, bool on_path,
                               struct sc_auth_use use)
{
    struct sc_auth_offer o = {.branch = branch, .bytes = 100, .on_named_path = on_path};
    struct sc_auth_at at;

    ak_at(&t->s, op, &at);
    o.key = at.key;
    o.seq = at.seq;
    o.entry_id = at.entry_id;
    return sc_authority_admit(t->s.a, &o, &use);
}

/* I10: what is held is bounded, and beyond a revocation nothing is taken but what is named, or may
 * lead to it. */
static void test_authority__admission(void **state)
{
    static const struct sc_auth_use none = {0}, twins = {.siblings = 2},
                                    many = {.held_entries = SC_QUOTA_HELD_ENTRIES},
                                    large = {.held_bytes = SC_QUOTA_HELD_BYTES - 99},
                                    crowd = {.unknown_bytes = SC_QUOTA_UNKNOWN_BYTES},
                                    forked = {.held_in_log = SC_QUOTA_FORKED_SEAT};
    struct bench *t = set_up();
    struct am_op o = {.author = DEV, .scope = 1, .kind = AM_RAISE};
    int a = report(t, DEV, 1, 0), b = write_after(t, o, a), c = write_after(t, o, b), d, s, u;

    (void)state;
    assert_int_equal(offer(t, b, 0, false, none), SC_ADMIT);
    assert_int_equal(offer(t, b, 0, false, twins), SC_REFUSE_SIBLINGS);
    assert_int_equal(offer(t, b, 0, false, many), SC_ADMIT);
    assert_int_equal(offer(t, b, SC_AUTH_NONE, false, many), SC_REFUSE_HELD);
    assert_int_equal(offer(t, b, SC_AUTH_NONE, false, large), SC_REFUSE_HELD);
    o.author = V1;
    o.scope = 0;
    s = write_after(t, o, -1);
    assert_int_equal(offer(t, s, SC_AUTH_NONE, false, twins), SC_ADMIT);
    assert_int_equal(offer(t, s, SC_AUTH_NONE, false, forked), SC_REFUSE_HELD);
    o.author = 14;
    u = write_after(t, o, -1);
    assert_int_equal(offer(t, u, SC_AUTH_NONE, false, none), SC_ADMIT);
    assert_int_equal(offer(t, u, SC_AUTH_NONE, false, crowd), SC_REFUSE_UNKNOWN);
    assert_int_equal(offer(t, u, SC_AUTH_NONE, false, many), SC_REFUSE_HELD);

    (void)revoke(t, V1, DEV, b);
    o.author = DEV;
    o.scope = 1;
    d = write_after(t, o, a);
    assert_int_equal(offer(t, b, 0, false, twins), SC_ADMIT_NAMED);
    assert_int_equal(offer(t, c, 0, false, none), SC_REFUSE_REVOKED);
    assert_int_equal(offer(t, d, SC_AUTH_NONE, false, none), SC_ADMIT); /* may lead to b */
    assert_int_equal(offer(t, d, SC_AUTH_NONE, false, twins), SC_REFUSE_SIBLINGS);
    assert_int_equal(offer(t, d, SC_AUTH_NONE, true, twins), SC_ADMIT_NAMED);
    store(t, b);
    assert_int_equal(offer(t, d, SC_AUTH_NONE, false, none), SC_REFUSE_REVOKED);
    (void)adopt(t, V1, 0, d);
    assert_int_equal(offer(t, d, SC_AUTH_NONE, false, none), SC_ADMIT_NAMED);
    o.scope = 0;
    o.inc = 5; /* its public log is closed too */
    assert_int_equal(offer(t, write_after(t, o, -1), SC_AUTH_NONE, false, none), SC_REFUSE_REVOKED);
    tear_down(t);
}

static int count_wanted(void *arg, const struct sc_auth_at *at)
{
    size_t *n = arg;

    (void)at;
    (*n)++;
    return 0;
}

/* Only what an entry concerns is looked at again, and adding it twice is adding it once (I9). */
static void test_authority__changes(void **state)
{
    struct bench *t = set_up();
    struct sc_auth_changes ch;
    struct sc_auth_at at;
    size_t wanted = 0;
    int cut;

    (void)state;
    (void)certify(t, V1, DEV_B, 2, 2);
    (void)report(t, DEV, 1, 0);
    (void)report(t, DEV_B, 1, 0);
    ak_put(&t->s, write_after(t, (struct am_op){.author = DEV, .scope = 1, .kind = AM_RAISE}, -2));
    assert_int_equal(sc_authority_settle(t->s.a).count, 0);
    cut = write_after(t, cut_of(t, V1, DEV, AM_REVOKE, -1), -2);
    ak_put(&t->s, cut);
    ch = sc_authority_settle(t->s.a);
    assert_int_equal(ch.count, 1);
    assert_int_equal(ch.c[0].kind, SC_AUTH_LOG);
    assert_true(cr_sign_pk_equal(&ch.c[0].key.author, &t->k.keys[DEV]));
    assert_int_equal(ch.c[0].from_seq, 0);
    ak_at(&t->s, cut, &at);
    ts_assert_ok(sc_authority_record(t->s.a, &at, SC_R_CUT, cr_buf_span(&t->k.bodies[cut]), NULL));
    ts_assert_ok(sc_authority_branch(t->s.a, &at.key, 0, SC_AUTH_NONE, 0));
    assert_int_equal(sc_authority_settle(t->s.a).count, 0);
    assert_int_equal(sc_authority_each_wanted(t->s.a, count_wanted, &wanted), 0);
    assert_int_equal(wanted, 0);
    assert_int_equal(sc_authority_limit(t->s.a, &ch.c[0].key, 0), 0);
    assert_int_equal(sc_authority_fork(t->s.a, &ch.c[0].key), UINT64_MAX);
    tear_down(t);
}

/* What a store must not say is refused, and changes nothing. */
static void test_authority__refused(void **state)
{
    struct bench *t = set_up();
    struct sc_log_key key = {.author = t->k.keys[DEV], .scope = ak_scope(1), .incarnation = 7};
    struct sc_auth_at at = {.key = key};

    (void)state;
    ts_assert_status(sc_authority_branch(t->s.a, &key, 1, 0, 3), ST_RANGE);
    ts_assert_status(sc_authority_branch(t->s.a, &key, 0, SC_AUTH_NONE, 3), ST_RANGE);
    ts_assert_ok(sc_authority_branch(t->s.a, &key, 0, SC_AUTH_NONE, 0));
    ts_assert_status(sc_authority_branch(t->s.a, &key, 2, 0, 3), ST_RANGE);
    ts_assert_status(sc_authority_branch(t->s.a, &key, 1, 1, 3), ST_RANGE);
    ts_assert_status(sc_authority_branch(t->s.a, &key, 1, 0, 0), ST_RANGE);
    ts_assert_status(sc_authority_branch(t->s.a, &key, 1, SC_AUTH_NONE, 2), ST_RANGE);
    at.key.scope = SC_SCOPE_PUBLIC;
    ts_assert_status(sc_authority_record(t->s.a, &at, SC_R_CUT, cr_span_text("x"), NULL), ST_RANGE);
    ts_assert_ok(sc_authority_branch(t->s.a, &at.key, 0, SC_AUTH_NONE, 0));
    ts_assert_status(sc_authority_record(t->s.a, &at, SC_R_CUT, cr_span_text("x"), NULL),
                     ST_MALFORMED);
    ts_assert_ok(sc_authority_record(t->s.a, &at, SC_R_VISIT, cr_span_text("x"), NULL));
    assert_int_equal(sc_authority_settle(t->s.a).count, 0);
    tear_down(t);
}

/* ---- memory ---- */

static int nowhere(void *arg, const struct cr_hash *log_id, uint64_t seq,
                   const struct cr_hash *entry_id, uint32_t *branch)
{
    (void)arg;
    (void)log_id;
    (void)seq;
    (void)entry_id;
    (void)branch;
    return ST_NOTFOUND;
}

/* All records of a bench into a new evaluation, as far as memory goes. */
static int load(void *ctx)
{
    struct bench *t = ctx;
    struct sc_auth_source source = {.locate = nowhere};
    struct sc_authority *a = sc_authority_new(&t->k.genesis, &t->k.net, &source);
    int rc = a != NULL ? ST_OK : ST_NOMEM;

    for (int i = 0; i < t->book.count && rc == ST_OK; i++) {
        static const uint64_t types[] = {SC_R_CERT, SC_R_CUT, SC_R_ADOPT, 0, 0};
        struct sc_auth_at at;

        ak_at(&t->s, i, &at);
        rc = sc_authority_branch(a, &at.key, 0, SC_AUTH_NONE, 0);
        if (rc == ST_OK && at.branch > 0)
            rc = sc_authority_branch(a, &at.key, at.branch, 0, at.seq);
        if (rc == ST_OK)
            rc = sc_authority_record(a, &at, types[t->book.ops[i].kind],
                                     cr_buf_span(&t->k.bodies[i]), NULL);
        if (a != NULL)
            (void)sc_authority_settle(a);
    }
    sc_authority_free(a);
    return rc;
}

/* An addition that finds no memory changes nothing, and settling needs none. */
static void test_authority__out_of_memory(void **state)
{
    struct bench *t = set_up();
    int a = report(t, DEV, 1, 0);

    (void)state;
    (void)report(t, DEV, 1, 0);
    (void)report_after(t, DEV, 1, a);
    (void)add(t, cut_of(t, V1, DEV, AM_FORK, a));
    (void)adopt(t, V1, 0, a + 1);
    assert_true(ts_oom_sweep(load, t) > 20);
    tear_down(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authority__fork),
        cmocka_unit_test(test_authority__cuts_intersect),
        cmocka_unit_test(test_authority__revoke),
        cmocka_unit_test(test_authority__awaited_head),
        cmocka_unit_test(test_authority__cuts_go_down),
        cmocka_unit_test(test_authority__public_log),
        cmocka_unit_test(test_authority__no_self_cut),
        cmocka_unit_test(test_authority__soft_cuts),
        cmocka_unit_test(test_authority__soft_while_awaited),
        cmocka_unit_test(test_authority__deps),
        cmocka_unit_test(test_authority__root_rotation),
        cmocka_unit_test(test_authority__adoption),
        cmocka_unit_test(test_authority__reading),
        cmocka_unit_test(test_authority__revoked),
        cmocka_unit_test(test_authority__admission),
        cmocka_unit_test(test_authority__changes),
        cmocka_unit_test(test_authority__refused),
        cmocka_unit_test(test_authority__out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
