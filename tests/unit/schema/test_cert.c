#include "tests/unit/schema/support.h"

#include "tests/lib/oom.h"

#define STREET  UINT64_C(500118003)
#define A       UINT64_C(500118003206)
#define B       UINT64_C(500118003205)
#define A_GROUP UINT64_C(500118003206012)

/* Keys are names here: the set never looks inside them. */
static struct cr_sign_pk key(uint8_t name)
{
    struct cr_sign_pk pk;

    memset(pk.b, name, sizeof pk.b);
    return pk;
}

static struct cr_kx_pk kx(uint8_t name)
{
    struct cr_kx_pk pk;

    memset(pk.b, name, sizeof pk.b);
    return pk;
}

#define ROOT 'R'

static struct sc_certs *new_set(void)
{
    struct sc_genesis g = {.root = key(ROOT), .street = STREET, .name = "x"};

    return sc_certs_new(&g);
}

struct grant {
    uint8_t author, subject;
    uint64_t rank, roles, prefix;
};

static struct sc_cert cert_of(const struct grant *g)
{
    struct sc_cert c = {.subject = key(g->subject),
                        .kx_pk = kx(g->subject),
                        .kind = SC_CERT_PERSON,
                        .rank = g->rank,
                        .roles = g->roles,
                        .prefix_count = 1,
                        .prefixes = {g->prefix},
                        .name = "x"};

    memset(c.person.b, g->subject, sizeof c.person.b);
    return c;
}

/* The entry id is a hash of the grant, so that the order of ids is not that of the rows. */
static int add(struct sc_certs *s, const struct grant *g)
{
    struct sc_cert c = cert_of(g);
    struct cr_sign_pk author = key(g->author);
    struct cr_hash id;
    uint8_t bytes[26];

    bytes[0] = g->author;
    bytes[1] = g->subject;
    cr_store_be64(bytes + 2, g->rank);
    cr_store_be64(bytes + 10, g->roles);
    cr_store_be64(bytes + 18, g->prefix);
    cr_hash1(CR_TAG_TEST, cr_span_of(bytes, sizeof bytes), &id);
    return sc_certs_add(s, &author, &id, &c);
}

static uint32_t roles(struct sc_certs *s, uint8_t name, uint64_t scope, uint64_t grid)
{
    struct cr_sign_pk pk = key(name);

    return sc_certs_roles(s, &pk, scope, grid, 0);
}

static void golden_cert_value(struct sc_cert *c)
{
    struct cr_identity author;

    golden_identity(SEED_AUTHOR, &author);
    *c = (struct sc_cert){.subject = author.sign_pk,
                          .kind = SC_CERT_PERSON,
                          .rank = 2,
                          .roles = SC_ROLE_OFFICER,
                          .prefix_count = 1,
                          .prefixes = {A_GROUP},
                          .from_ms = 1735689600000,
                          .name = "王网格员"};
    unhex_to(golden_kx_pk, c->kx_pk.b, sizeof c->kx_pk.b);
    cr_person_id(&c->subject, c->person.b);
    cr_identity_wipe(&author);
}

static int roundtrip(struct cr_span in, struct cr_buf *again)
{
    struct st_err err = {0};
    struct sc_cert c;
    int status = sc_cert_decode(in, &c, &err);

    assert_int_equal(status, err.code);
    if (status == ST_OK)
        ts_assert_ok(sc_cert_encode(&c, again));
    return status;
}

/* Body and consent have the pinned bytes and one spelling. */
static void test_cert__pinned(void **state)
{
    struct cr_identity author;
    struct cr_hash net;
    struct sc_cert c, back;
    struct cr_buf out, again;

    (void)state;
    golden_identity(SEED_AUTHOR, &author);
    unhex_to(golden_net, net.b, sizeof net.b);
    golden_cert_value(&c);
    ts_assert_ok(sc_cert_consent(&c, &net, &author.sign_sk));
    ts_assert_hex(c.pop.b, sizeof c.pop.b, golden_cert_pop);
    cr_buf_init(&out, 2000);
    ts_assert_ok(sc_cert_encode(&c, &out));
    ts_assert_hex(out.p, out.n, golden_cert);
    ts_assert_ok(sc_cert_decode(cr_buf_span(&out), &back, NULL));
    cr_buf_init(&again, 2000);
    ts_assert_ok(sc_cert_encode(&back, &again));
    assert_true(cr_span_equal(cr_buf_span(&out), cr_buf_span(&again)));
    assert_string_equal(back.name, c.name);
    check_strict("cert", cr_buf_span(&out), roundtrip);
    cr_buf_release(&again);
    cr_buf_release(&out);
    cr_identity_wipe(&author);
}

/* Consent is to all of the certificate, in this space. */
static void test_cert__consent_is_bound(void **state)
{
    struct cr_identity author;
    struct cr_hash net, other = {{1}};
    struct sc_cert c, changed;

    (void)state;
    golden_identity(SEED_AUTHOR, &author);
    unhex_to(golden_net, net.b, sizeof net.b);
    golden_cert_value(&c);
    ts_assert_status(sc_cert_consent_verify(&c, &net), ST_FORGED);
    ts_assert_ok(sc_cert_consent(&c, &net, &author.sign_sk));
    ts_assert_ok(sc_cert_consent_verify(&c, &net));
    ts_assert_status(sc_cert_consent_verify(&c, &other), ST_FORGED);
    changed = c;
    changed.roles = SC_ROLE_STREET;
    ts_assert_status(sc_cert_consent_verify(&changed, &net), ST_FORGED);
    changed = c;
    changed.prefixes[0] = STREET;
    ts_assert_status(sc_cert_consent_verify(&changed, &net), ST_FORGED);
    cr_identity_wipe(&author);
}

/* What the format cannot hold is refused when encoding. */
static void test_cert__encode_refuses(void **state)
{
    struct sc_cert good, c;
    struct cr_buf out;

    (void)state;
    cr_buf_init(&out, 2000);
    golden_cert_value(&good);
    c = good;
    c.name[0] = '\0';
    ts_assert_status(sc_cert_encode(&c, &out), ST_MALFORMED);
    c = good;
    c.prefix_count = 0;
    ts_assert_status(sc_cert_encode(&c, &out), ST_MALFORMED);
    c = good;
    c.prefix_count = 2; /* the second is 0 */
    ts_assert_status(sc_cert_encode(&c, &out), ST_RANGE);
    c = good;
    c.prefix_count = SC_CERT_PREFIXES_MAX + 1;
    ts_assert_status(sc_cert_encode(&c, &out), ST_RANGE);
    c = good;
    c.roles = SC_ROLE_ROOT;
    ts_assert_status(sc_cert_encode(&c, &out), ST_RANGE);
    c = good;
    c.roles = 0;
    ts_assert_status(sc_cert_encode(&c, &out), ST_MALFORMED);
    c = good;
    c.rank = 0;
    ts_assert_status(sc_cert_encode(&c, &out), ST_MALFORMED);
    c = good;
    c.to_ms = c.from_ms - 1;
    ts_assert_status(sc_cert_encode(&c, &out), ST_MALFORMED);
    assert_int_equal(out.n, 0);
    cr_buf_release(&out);
}

/* Who granted what to whom, and the roles that `who` then has in A. */
static const struct {
    const char *name;
    struct grant grants[3];
    uint8_t who;
    uint32_t roles;
} who_rows[] = {
    {"root", {{ROOT, 'v', 1, SC_ROLE_VILLAGE, A}}, 'v', SC_ROLE_VILLAGE},
    {"root, rank 2 directly", {{ROOT, 'o', 2, SC_ROLE_OFFICER, A}}, 'o', SC_ROLE_OFFICER},
    {"nobody", {{'x', 'o', 2, SC_ROLE_OFFICER, A}}, 'o', 0},
    {"itself", {{'o', 'o', 2, SC_ROLE_OFFICER, A}}, 'o', 0},
    {"itself, rank 1", {{'o', 'o', 1, SC_ROLE_STREET, STREET}}, 'o', 0},
    {"village seat",
     {{ROOT, 'v', 1, SC_ROLE_VILLAGE, A}, {'v', 'o', 2, SC_ROLE_OFFICER, A_GROUP}},
     'o',
     0}, /* asked about the whole village */
    {"village seat, all of it",
     {{ROOT, 'v', 1, SC_ROLE_VILLAGE, A}, {'v', 'o', 2, SC_ROLE_OFFICER, A}},
     'o',
     SC_ROLE_OFFICER},
    {"village seat beyond its grid",
     {{ROOT, 'v', 1, SC_ROLE_VILLAGE, B}, {'v', 'o', 2, SC_ROLE_OFFICER, A}},
     'o',
     0},
    {"village seat upwards",
     {{ROOT, 'v', 1, SC_ROLE_VILLAGE, A}, {'v', 'o', 2, SC_ROLE_OFFICER, STREET}},
     'o',
     0},
    {"village seat makes a street",
     {{ROOT, 'v', 1, SC_ROLE_VILLAGE, A}, {'v', 'o', 2, SC_ROLE_STREET, A}},
     'o',
     0},
    {"village seat makes a seat",
     {{ROOT, 'v', 1, SC_ROLE_VILLAGE, A}, {'v', 'o', 1, SC_ROLE_VILLAGE, A}},
     'o',
     0},
    {"village seat of rank 2",
     {{ROOT, 'v', 2, SC_ROLE_VILLAGE, A}, {'v', 'o', 2, SC_ROLE_OFFICER, A}},
     'o',
     0},
    {"third generation",
     {{ROOT, 'v', 1, SC_ROLE_VILLAGE, A},
      {'v', 'w', 2, SC_ROLE_VILLAGE, A},
      {'w', 'o', 2, SC_ROLE_OFFICER, A}},
     'o',
     0},
    {"seat without the role",
     {{ROOT, 'c', 1, SC_ROLE_CHIEF, A}, {'c', 'o', 2, SC_ROLE_OFFICER, A}},
     'o',
     0},
    {"street seat makes a street",
     {{ROOT, 's', 1, SC_ROLE_STREET, STREET}, {'s', 'o', 2, SC_ROLE_STREET, STREET}},
     'o',
     SC_ROLE_STREET},
    {"two certificates add up",
     {{ROOT, 'o', 2, SC_ROLE_OFFICER, A}, {ROOT, 'o', 2, SC_ROLE_CHIEF, STREET}},
     'o',
     SC_ROLE_OFFICER | SC_ROLE_CHIEF},
    {"in another grid",
     {{ROOT, 'o', 2, SC_ROLE_OFFICER, B}, {ROOT, 'o', 2, SC_ROLE_CHIEF, A}},
     'o',
     SC_ROLE_CHIEF},
};

/* Absence has one spelling: a zero that may be left out must be, and a consent is a signature. */
#define HEAD "02a178 1501 20c420" B16 B16 /* name, kind, subject */
#define KX0  "21c420" Z16 Z16
#define MID  "2202 2308 2491ce1dcf31f3" /* rank, roles, grids */
#define TAIL "27c410" B16               /* person */
#define B16  "01010101010101010101010101010101"
#define Z16  "00000000000000000000000000000000"
static void test_cert__absence_is_not_zero(void **state)
{
    static const struct {
        const char *name, *hex;
        int status;
    } rows[] = {
        {"smallest", "87" HEAD MID TAIL, ST_OK},
        {"exchange key zero", "88" HEAD KX0 MID TAIL, ST_MALFORMED},
        {"from 0", "88" HEAD MID "2500" TAIL, ST_MALFORMED},
        {"to 0", "88" HEAD MID "2600" TAIL, ST_MALFORMED},
        {"from 1", "88" HEAD MID "2501" TAIL, ST_OK},
        {"consent short", "88" HEAD MID TAIL "28c40101", ST_MALFORMED},
        {"field of a newer schema", "88" HEAD MID TAIL "2900", ST_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t buf[GOLDEN_BYTES];
        struct sc_cert c;
        int status = sc_cert_decode(unhex(rows[i].hex, buf), &c, NULL);

        if (status != rows[i].status)
            ts_fail("%s: %s", rows[i].name, st_name((enum st_code)status));
    }
}

/* Authority goes down from the root over a seat, inside the seat's grid, and never further. */
static void test_cert__who_may_certify(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(who_rows); i++) {
        for (size_t backwards = 0; backwards < 2; backwards++) {
            struct sc_certs *s = new_set();

            assert_non_null(s);
            for (size_t k = 0; k < 3; k++) {
                const struct grant *g = &who_rows[i].grants[backwards ? 2 - k : k];

                if (g->author != 0)
                    ts_assert_ok(add(s, g));
                (void)roles(s, 'q', A, 0); /* evaluation in between changes nothing */
            }
            if (roles(s, who_rows[i].who, A, 0) != who_rows[i].roles)
                ts_fail("%s", who_rows[i].name);
            sc_certs_free(s);
        }
    }
}

/* Where and when a role counts. */
static void test_cert__where_and_when(void **state)
{
    struct sc_certs *s = new_set();
    const struct grant officer = {ROOT, 'o', 2, SC_ROLE_OFFICER, A_GROUP};
    const struct grant street = {ROOT, 's', 1, SC_ROLE_STREET, STREET};
    struct sc_cert c = cert_of(&(struct grant){ROOT, 'w', 2, SC_ROLE_CHIEF, A});
    struct cr_sign_pk root = key(ROOT), w = key('w');
    const struct cr_hash id = {{9}};

    (void)state;
    ts_assert_ok(add(s, &officer));
    ts_assert_ok(add(s, &street));
    c.from_ms = 1000;
    c.to_ms = 2000;
    ts_assert_ok(sc_certs_add(s, &root, &id, &c));
    assert_int_equal(roles(s, 'o', A, A_GROUP), SC_ROLE_OFFICER);
    assert_int_equal(roles(s, 'o', A, A_GROUP + 1), 0);
    assert_int_equal(roles(s, 'o', A, 0), 0);
    assert_int_equal(roles(s, 'o', B, A_GROUP), 0); /* grid outside the scope */
    assert_int_equal(roles(s, 'o', SC_SCOPE_PUBLIC, 0), SC_ROLE_OFFICER);
    assert_int_equal(roles(s, 'o', SC_SCOPE_INTERNAL, 0), 0);
    assert_int_equal(roles(s, 's', SC_SCOPE_INTERNAL, 0), SC_ROLE_STREET);
    assert_int_equal(roles(s, 's', A, A_GROUP), SC_ROLE_STREET);
    assert_int_equal(roles(s, 's', SC_SCOPE_PUBLIC, A), SC_ROLE_STREET);
    assert_int_equal(roles(s, ROOT, SC_SCOPE_PUBLIC, 0), SC_ROLE_ROOT);
    assert_int_equal(roles(s, ROOT, A, 0), 0);
    assert_int_equal(sc_certs_roles(s, &w, A, 0, 999), 0);
    assert_int_equal(sc_certs_roles(s, &w, A, 0, 1000), SC_ROLE_CHIEF);
    assert_int_equal(sc_certs_roles(s, &w, A, 0, 2000), SC_ROLE_CHIEF);
    assert_int_equal(sc_certs_roles(s, &w, A, 0, 2001), 0);
    assert_int_equal(sc_certs_roles(s, &w, A, 0, 0), SC_ROLE_CHIEF);
    sc_certs_free(s);
}

/* Each role is known with who gave it, and an absent one with the reason. */
static void test_cert__givers_and_reasons(void **state)
{
    static const struct grant grants[] = {
        {ROOT, 'S', 1, SC_ROLE_STREET, STREET}, {ROOT, 'V', 1, SC_ROLE_VILLAGE, A},
        {'S', 'o', 2, SC_ROLE_CHIEF, A},        {'V', 'o', 2, SC_ROLE_OFFICER, A},
        {ROOT, 'o', 2, SC_ROLE_OWNER, A_GROUP},
    };
    struct sc_certs *s = new_set();
    struct cr_sign_pk o = key('o'), nobody = key('n');
    uint32_t by[SC_GIVERS] = {0};
    struct sc_cert late = cert_of(&(struct grant){ROOT, 'l', 2, SC_ROLE_OFFICER, A});
    struct cr_sign_pk root = key(ROOT), l = key('l');

    (void)state;
    for (size_t i = 0; i < COUNT(grants); i++)
        ts_assert_ok(add(s, &grants[i]));
    late.from_ms = 1000;
    ts_assert_ok(sc_certs_add(s, &root, &(struct cr_hash){{9}}, &late));
    assert_int_equal(sc_certs_roles_by(s, &o, A, A_GROUP, 5, by),
                     SC_ROLE_CHIEF | SC_ROLE_OFFICER | SC_ROLE_OWNER);
    assert_int_equal(by[SC_GV_ROOT], SC_ROLE_OWNER);
    assert_int_equal(by[SC_GV_STREET], SC_ROLE_CHIEF);
    assert_int_equal(by[SC_GV_VILLAGE], SC_ROLE_OFFICER);
    assert_int_equal(sc_certs_no_roles(s, &o, A, A_GROUP, 5), SC_NR_NONE);
    assert_int_equal(sc_certs_no_roles(s, &nobody, A, A_GROUP, 5), SC_NR_UNKNOWN);
    assert_int_equal(sc_certs_no_roles(s, &o, B, 0, 5), SC_NR_GRID);
    assert_int_equal(sc_certs_no_roles(s, &l, A, A_GROUP, 999), SC_NR_WINDOW);
    assert_int_equal(sc_certs_no_roles(s, &l, B, 0, 999), SC_NR_GRID);
    assert_int_equal(sc_certs_no_roles(s, &l, A, A_GROUP, 1000), SC_NR_NONE);
    sc_certs_free(s);
}

/* Who may read which scope. */
static void test_cert__may_read(void **state)
{
    static const struct {
        uint8_t who;
        uint64_t scope;
        bool yes;
    } rows[] = {
        {'o', SC_SCOPE_PUBLIC, true},
        {'o', A, true},
        {'o', B, false},
        {'o', SC_SCOPE_INTERNAL, false},
        {'s', A, true},
        {'s', B, true},
        {'s', SC_SCOPE_INTERNAL, true},
        {'s', 7, false},
        {'v', A, true},
        {'v', B, false},
        {'x', SC_SCOPE_PUBLIC, false},
        {ROOT, SC_SCOPE_PUBLIC, true},
        {ROOT, A, false},
        {'s', STREET, false},
    };
    struct sc_certs *s = new_set();

    (void)state;
    ts_assert_ok(add(s, &(struct grant){ROOT, 'o', 2, SC_ROLE_OFFICER, A_GROUP}));
    ts_assert_ok(add(s, &(struct grant){ROOT, 'v', 2, SC_ROLE_NODE, A}));
    ts_assert_ok(add(s, &(struct grant){ROOT, 's', 1, SC_ROLE_STREET, STREET}));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cr_sign_pk pk = key(rows[i].who);

        if (sc_certs_may_read(s, &pk, rows[i].scope) != rows[i].yes)
            ts_fail("%c, %llu", rows[i].who, (unsigned long long)rows[i].scope);
    }
    sc_certs_free(s);
}

/* Before any certificate: nobody but the root. */
static void test_cert__empty_set(void **state)
{
    struct sc_certs *s = new_set();
    struct cr_sign_pk o = key('o');
    struct cr_kx_pk x = kx('o');
    struct sc_id person = sc_certs_person(s, &o), expected;

    (void)state;
    cr_person_id(&o, expected.b);
    assert_true(sc_id_equal(&person, &expected));
    assert_null(sc_certs_find(s, &o));
    assert_null(sc_certs_find_kx(s, &x));
    assert_int_equal(roles(s, 'o', A, 0), 0);
    assert_int_equal(roles(s, ROOT, SC_SCOPE_PUBLIC, 0), SC_ROLE_ROOT);
    assert_int_equal(sc_certs_each(s, NULL, NULL), 0);
    sc_certs_free(s);
    sc_certs_free(NULL);
}

/* What the set says, as bytes: all accepted in order, and the answers about every key. */
struct listing {
    uint8_t bytes[8192];
    size_t n;
};

static int list_one(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                    const struct cr_hash *entry_id)
{
    struct listing *l = arg;

    l->bytes[l->n++] = c->subject.b[0];
    l->bytes[l->n++] = issuer->b[0];
    memcpy(l->bytes + l->n, entry_id->b, 8);
    l->n += 8;
    return 0;
}

static void list(struct sc_certs *s, struct listing *l)
{
    memset(l, 0, sizeof *l);
    assert_int_equal(sc_certs_each(s, list_one, l), 0);
    for (uint8_t name = 'a'; name <= 'j'; name++) {
        struct cr_sign_pk pk = key(name);
        struct cr_kx_pk x = kx(name);
        const struct sc_cert *c = sc_certs_find(s, &pk);
        const struct sc_cert *by_kx = sc_certs_find_kx(s, &x);

        assert_ptr_equal(c, by_kx);
        l->bytes[l->n++] = c != NULL ? (uint8_t)c->rank : 0;
        l->bytes[l->n++] = c != NULL ? (uint8_t)c->roles : 0;
        l->bytes[l->n++] = (uint8_t)roles(s, name, A, 0);
        l->bytes[l->n++] = (uint8_t)roles(s, name, A, A_GROUP);
    }
    assert_true(l->n < sizeof l->bytes);
}

static void random_grants(struct ts_prng *r, struct grant *g, size_t n)
{
    static const uint64_t prefixes[] = {STREET, A, B, A_GROUP};

    for (size_t i = 0; i < n; i++)
        g[i] = (struct grant){
            .author = ts_prng_chance(r, 1, 3) ? ROOT : (uint8_t)ts_prng_range(r, 'a', 'j'),
            .subject = (uint8_t)ts_prng_range(r, 'a', 'j'),
            .rank = ts_prng_range(r, 1, 2),
            .roles = ts_prng_range(r, 1, SC_ROLES_ALL),
            .prefix = prefixes[ts_prng_below(r, 4)]};
}

/* The slow model: a grant counts when the root made it, or some grant of the root for its author
 * has rank 1, a seat's role, a grid around it, and the street's role where that is needed. */
static bool model_accepts(const struct grant *g, const struct grant *all, size_t n)
{
    if (g->author == ROOT)
        return true;
    for (size_t i = 0; i < n; i++) {
        bool street = (all[i].roles & SC_ROLE_STREET) != 0;
        bool street_only = (g->roles & (SC_ROLE_STREET | SC_ROLE_DISTRICT | SC_ROLE_POLICE)) != 0;

        if (all[i].author == ROOT && all[i].subject == g->author && all[i].rank == 1 &&
            g->rank == 2 && (street || (all[i].roles & SC_ROLE_VILLAGE) != 0) &&
            (street || !street_only) && sc_grid_within(g->prefix, all[i].prefix))
            return true;
    }
    return false;
}

static void one_set(struct ts_prng *r, uint64_t seed, void *ctx)
{
    static struct listing first, again;
    struct grant g[40];
    size_t n = (size_t)ts_prng_range(r, 1, COUNT(g));

    (void)seed;
    (void)ctx;
    random_grants(r, g, n);
    for (size_t round = 0; round < 4; round++) {
        struct sc_certs *s = new_set();

        assert_non_null(s);
        for (size_t i = 0; i < n; i++) {
            ts_assert_ok(add(s, &g[i]));
            if (ts_prng_chance(r, 1, 4))
                ts_assert_ok(add(s, &g[ts_prng_below(r, i + 1)]));
            if (ts_prng_chance(r, 1, 4))
                (void)roles(s, 'a', A, 0);
        }
        list(s, round == 0 ? &first : &again);
        if (round > 0)
            assert_memory_equal(&first, &again, sizeof first);
        for (uint8_t name = 'a'; name <= 'j'; name++) {
            uint32_t expected = 0;

            for (size_t i = 0; i < n; i++)
                if (g[i].subject == name && sc_grid_within(A, g[i].prefix) &&
                    model_accepts(&g[i], g, n))
                    expected |= (uint32_t)g[i].roles;
            assert_int_equal(roles(s, name, A, 0), expected);
        }
        sc_certs_free(s);
        ts_prng_shuffle(r, g, n, sizeof g[0]);
    }
}

/* The answers are those of the slow model, in any order of arrival, with duplicates. */
static void test_cert__order_independent(void **state)
{
    (void)state;
    ts_each_seed(1, 400, one_set, NULL);
}

/* The best certificate of a key: smallest rank, then smallest entry id. */
static void test_cert__find_best(void **state)
{
    struct cr_hash high = {{9}}, low = {{1}};
    struct cr_sign_pk root = key(ROOT), o = key('o');
    struct sc_cert c = cert_of(&(struct grant){ROOT, 'o', 2, SC_ROLE_OFFICER, A});
    struct sc_certs *s = new_set();

    (void)state;
    ts_assert_ok(sc_certs_add(s, &root, &high, &c));
    c.name[0] = 'y';
    ts_assert_ok(sc_certs_add(s, &root, &low, &c));
    assert_int_equal(sc_certs_find(s, &o)->name[0], 'y');
    c.rank = 1;
    c.name[0] = 'z';
    high.b[1] = 1;
    ts_assert_ok(sc_certs_add(s, &root, &high, &c));
    assert_int_equal(sc_certs_find(s, &o)->name[0], 'z');
    sc_certs_free(s);
}

static int stop_at_once(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                        const struct cr_hash *entry_id)
{
    (void)c;
    (void)issuer;
    (void)entry_id;
    ++*(int *)arg;
    return 7;
}

/* The person is the certificate's; a key without an exchange key is found by none; a listing stops.
 */
static void test_cert__questions(void **state)
{
    struct sc_cert c = cert_of(&(struct grant){ROOT, 'o', 2, SC_ROLE_OFFICER, A});
    struct cr_sign_pk root = key(ROOT), o = key('o');
    const struct cr_kx_pk none = {{0}};
    const struct cr_hash id = {{1}};
    struct sc_certs *s = new_set();
    struct sc_id person;
    int calls = 0;

    (void)state;
    c.kx_pk = none;
    ts_assert_ok(sc_certs_add(s, &root, &id, &c));
    person = sc_certs_person(s, &o);
    assert_true(sc_id_equal(&person, &c.person));
    assert_null(sc_certs_find_kx(s, &none));
    ts_assert_ok(add(s, &(struct grant){ROOT, 'p', 2, SC_ROLE_OFFICER, A}));
    assert_int_equal(sc_certs_each(s, stop_at_once, &calls), 7);
    assert_int_equal(calls, 1);
    sc_certs_free(s);
}

/* Every allocation may fail; what was there before an addition is there after it. */
static int fill_set(void *ctx)
{
    struct sc_certs *s = new_set();
    int rc = s != NULL ? ST_OK : ST_NOMEM;

    (void)ctx;
    for (uint8_t i = 0; i < 40 && rc == ST_OK; i++) {
        rc = add(s, &(struct grant){ROOT, (uint8_t)(i + 1), 2, SC_ROLE_OFFICER, A});
        assert_int_equal(roles(s, (uint8_t)(i + 1), A, 0), rc == ST_OK ? SC_ROLE_OFFICER : 0);
        if (i > 0)
            assert_int_equal(roles(s, i, A, 0), SC_ROLE_OFFICER);
    }
    sc_certs_free(s);
    return rc;
}

static void test_cert__no_memory(void **state)
{
    (void)state;
    assert_int_equal(ts_oom_sweep(fill_set, NULL), 1 + 3 * 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cert__pinned),
        cmocka_unit_test(test_cert__consent_is_bound),
        cmocka_unit_test(test_cert__encode_refuses),
        cmocka_unit_test(test_cert__who_may_certify),
        cmocka_unit_test(test_cert__where_and_when),
        cmocka_unit_test(test_cert__givers_and_reasons),
        cmocka_unit_test(test_cert__may_read),
        cmocka_unit_test(test_cert__empty_set),
        cmocka_unit_test(test_cert__order_independent),
        cmocka_unit_test(test_cert__find_best),
        cmocka_unit_test(test_cert__no_memory),
        cmocka_unit_test(test_cert__absence_is_not_zero),
        cmocka_unit_test(test_cert__questions),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
