/* People, genesis and certificates: what a real street writes on its first morning. The root
 * certifies the seats, the street's seat the nodes and its clerk, each village's seat its people.
 */
#include "tests/sim/sim.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <string.h>

/* Statistics codes of the ten communities and villages below the street. */
static const uint64_t codes[SIM_VILLAGES] = {
    UINT64_C(500118003001), UINT64_C(500118003002), UINT64_C(500118003003), UINT64_C(500118003004),
    UINT64_C(500118003005), UINT64_C(500118003006), UINT64_C(500118003200), UINT64_C(500118003201),
    UINT64_C(500118003202), UINT64_C(500118003203), UINT64_C(500118003204), UINT64_C(500118003205),
    UINT64_C(500118003206)};

uint64_t sim_village_code(size_t village)
{
    return village < SIM_VILLAGES ? codes[village] : SIM_STREET;
}

size_t sim_person_of(size_t village, size_t which)
{
    return village < SIM_VILLAGES ? SIM_PERSONS_FIRST + village * SIM_PERSONS_VILLAGE + which
                                  : 1 + which % 2;
}

const char *sim_name(const struct sim *s, const struct cr_sign_pk *key)
{
    for (size_t i = 0; i < SIM_PERSONS; i++)
        if (cr_sign_pk_equal(&s->person[i].id.sign_pk, key))
            return s->person[i].name;
    for (size_t i = 0; i < s->node_count; i++)
        if (cr_sign_pk_equal(&s->node[i].id.sign_pk, key))
            return "a node";
    return "somebody";
}

bool sim_is_known(const struct sim *s, const struct cr_sign_pk *key)
{
    return strcmp(sim_name(s, key), "somebody") != 0;
}

bool sim_honest(const struct sim *s, const struct cr_sign_pk *key)
{
    for (size_t i = 0; i < SIM_PERSONS; i++)
        if (cr_sign_pk_equal(&s->person[i].id.sign_pk, key))
            return !s->person[i].stolen;
    for (size_t i = 0; i < s->node_count; i++)
        if (cr_sign_pk_equal(&s->node[i].id.sign_pk, key))
            return !s->node[i].stay_down;
    return false;
}

bool sim_certified(struct sim *s, const struct cr_sign_pk *key)
{
    return cr_sign_pk_equal(key, &s->genesis.root) ||
           (s->node[0].state == SIM_UP &&
            sc_certs_find(nd_store_certs(s->node[0].store), key) != NULL);
}

static void make_identity(struct sim *s, struct cr_identity *id)
{
    uint8_t seed[32];

    ts_prng_bytes(&s->rng, seed, sizeof seed);
    cr_identity_from_seed(seed, id);
}

static void make_person(struct sim *s, size_t at, uint32_t roles, uint64_t prefix, const char *what)
{
    struct sim_person *p = &s->person[at];

    make_identity(s, &p->id);
    p->roles = roles;
    p->prefix = prefix;
    p->certified = roles != 0;
    (void)snprintf(p->name, sizeof p->name, "%s-%llu", what, (unsigned long long)(prefix % 1000));
}

void sim_space_make(struct sim *s)
{
    struct cr_buf bytes;
    struct cr_hash next;

    make_person(s, 0, SC_ROLE_ROOT, SIM_STREET, "root");
    make_person(s, 1, SC_ROLE_STREET, SIM_STREET, "street-seat");
    make_person(s, 2, SC_ROLE_STREET, SIM_STREET, "street-clerk");
    for (size_t v = 0; v < SIM_VILLAGES; v++) {
        make_person(s, sim_person_of(v, 0), SC_ROLE_VILLAGE, codes[v], "seat");
        make_person(s, sim_person_of(v, 1), SC_ROLE_CHIEF, codes[v], "chief");
        make_person(s, sim_person_of(v, 2), SC_ROLE_OFFICER, codes[v], "officer");
        make_person(s, sim_person_of(v, 3), SC_ROLE_OFFICER, codes[v], "officer2");
        make_person(s, sim_person_of(v, 4), SC_ROLE_OFFICER, codes[v], "newcomer");
        s->person[sim_person_of(v, 4)].certified = false;
    }
    make_person(s, SIM_PERSON_ANON, 0, 0, "stranger");
    for (size_t i = 0; i < s->node_count; i++)
        make_identity(s, &s->node[i].id);
    ts_prng_bytes(&s->rng, s->gate.b, sizeof s->gate.b);
    ts_prng_bytes(&s->rng, next.b, sizeof next.b);
    s->genesis = (struct sc_genesis){
        .root = s->person[0].id.sign_pk, .next_root = next, .street = SIM_STREET};
    (void)snprintf(s->genesis.name, sizeof s->genesis.name, "simulated street");
    cr_buf_init(&bytes, SC_GENESIS_BYTES_MAX);
    if (sc_genesis_encode(&s->genesis, &bytes) != ST_OK)
        sim_fail(s, "genesis cannot be encoded");
    sc_genesis_net(cr_buf_span(&bytes), &s->net);
    cr_buf_release(&bytes);
}

static int write_cert(struct sim *s, struct sim_node *at, size_t issuer,
                      const struct cr_identity *subject, uint64_t kind, uint64_t rank,
                      uint32_t roles, uint64_t prefix, const char *name)
{
    struct sc_cert c = {.subject = subject->sign_pk,
                        .kind = kind,
                        .rank = rank,
                        .roles = roles,
                        .prefix_count = 1,
                        .prefixes = {prefix}};
    struct nd_draft d = {.type = SC_R_CERT};
    struct st_err err = {0};
    struct cr_buf body;
    struct sc_id id;
    int rc;

    if (kind == SC_CERT_NODE)
        c.kx_pk = subject->kx_pk;
    cr_person_id(&subject->sign_pk, c.person.b);
    (void)snprintf(c.name, sizeof c.name, "%s", name);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_cert_encode(&c, &body);
    d.body = cr_buf_span(&body);
    if (rc == ST_OK)
        rc = nd_driver_write(at->driver, &s->person[issuer].id, SC_SCOPE_PUBLIC, &d, 1, &id, &err);
    cr_buf_release(&body);
    if (rc != ST_OK && at->state == SIM_UP && !at->disk_full && rc != ST_DENIED)
        sim_fail(s, "certificate of %s: %s", name, err.msg);
    return rc;
}

static void certify(struct sim *s, size_t issuer, const struct cr_identity *subject, uint64_t kind,
                    uint64_t rank, uint32_t roles, uint64_t prefix, const char *name)
{
    if (write_cert(s, &s->node[0], issuer, subject, kind, rank, roles, prefix, name) != ST_OK)
        sim_fail(s, "certificate of %s is refused", name);
}

void sim_space_newcomer(struct sim *s, struct sim_node *n)
{
    size_t seat = sim_person_of(n->village, 0);
    struct sim_person *p = &s->person[sim_person_of(n->village, 4)];
    int rc;

    if (p->certified || n->village == SIM_VILLAGES)
        return;
    rc = write_cert(s, n, seat, &p->id, SC_CERT_PERSON, 2, p->roles, p->prefix, p->name);
    sim_trace(s, "n%zu certifies %s: %s", n->index, p->name, st_name((enum st_code)rc));
    p->certified = rc == ST_OK;
    sim_node_after(n, true);
}

static void declare_grid(struct sim *s, uint64_t code, const char *name)
{
    struct sim_draft d = {.type = SC_R_GRID, .grid = code, .text = name};
    struct sc_id id;

    if (sim_write(s, &s->node[0], 1, SC_SCOPE_PUBLIC, &d, &id) != ST_OK)
        sim_fail(s, "grid %llu cannot be declared", (unsigned long long)code);
}

void sim_space_certify(struct sim *s)
{
    char name[32];

    certify(s, 0, &s->person[1].id, SC_CERT_PERSON, 1, SC_ROLE_STREET, SIM_STREET,
            s->person[1].name);
    for (size_t v = 0; v < s->villages; v++) {
        size_t seat = sim_person_of(v, 0);

        certify(s, 0, &s->person[seat].id, SC_CERT_PERSON, 1, SC_ROLE_VILLAGE, codes[v],
                s->person[seat].name);
    }
    certify(s, 1, &s->person[2].id, SC_CERT_PERSON, 2, SC_ROLE_STREET, SIM_STREET,
            s->person[2].name);
    for (size_t i = 0; i < s->node_count && !s->failed; i++) {
        uint32_t roles = SC_ROLE_NODE;

        if (s->node[i].village == SIM_VILLAGES)
            roles |= SC_ROLE_STREET;
        (void)snprintf(name, sizeof name, "node-%zu", i);
        certify(s, 1, &s->node[i].id, SC_CERT_NODE, 2, roles, sim_village_code(s->node[i].village),
                name);
    }
    for (size_t v = 0; v < s->villages; v++)
        for (size_t k = 1; k < SIM_PERSONS_VILLAGE - 1 && !s->failed; k++) {
            struct sim_person *p = &s->person[sim_person_of(v, k)];

            certify(s, sim_person_of(v, 0), &p->id, SC_CERT_PERSON, 2, p->roles, p->prefix,
                    p->name);
        }
    declare_grid(s, SIM_STREET, "street");
    for (size_t v = 0; v < s->villages && !s->failed; v++)
        declare_grid(s, codes[v], s->person[sim_person_of(v, 0)].name);
    sim_node_after(&s->node[0], true);
}
