/* One bug for each invariant of authority, planted at the seam between the store and the rules,
 * never in the product: it proves that the invariant's check can fail. sim_options.plant chooses.
 */
#include "tests/sim/sim_invariant.h"

#include <stdlib.h>

static struct sim *world;
static uint64_t records; /* of authority that were told, in all */

int __real_sc_authority_record(struct sc_authority *a, const struct sc_auth_at *at, uint64_t type,
                               struct cr_span body, struct st_err *err);
int __wrap_sc_authority_record(struct sc_authority *a, const struct sc_auth_at *at, uint64_t type,
                               struct cr_span body, struct st_err *err);
uint64_t __real_sc_authority_limit(const struct sc_authority *a, const struct sc_log_key *key,
                                   uint32_t branch);
uint64_t __wrap_sc_authority_limit(const struct sc_authority *a, const struct sc_log_key *key,
                                   uint32_t branch);
enum sc_standing __real_sc_authority_standing(const struct sc_authority *a,
                                              const struct sc_auth_at *at);
enum sc_standing __wrap_sc_authority_standing(const struct sc_authority *a,
                                              const struct sc_auth_at *at);
enum sc_admission __real_sc_authority_admit(struct sc_authority *a,
                                            const struct sc_auth_offer *offer,
                                            const struct sc_auth_use *use);
enum sc_admission __wrap_sc_authority_admit(struct sc_authority *a,
                                            const struct sc_auth_offer *offer,
                                            const struct sc_auth_use *use);
int __real_sc_certs_add(struct sc_certs *s, const struct cr_sign_pk *author,
                        const struct cr_hash *entry_id, const struct sc_cert *c);
int __wrap_sc_certs_add(struct sc_certs *s, const struct cr_sign_pk *author,
                        const struct cr_hash *entry_id, const struct sc_cert *c);
int __real_nd_store_hazard(struct nd_store *s, const struct sc_id *subject, nd_hazard_cb *cb,
                           void *arg, struct st_err *err);
int __wrap_nd_store_hazard(struct nd_store *s, const struct sc_id *subject, nd_hazard_cb *cb,
                           void *arg, struct st_err *err);

void sim_plant_world(struct sim *s)
{
    world = s;
    records = 0;
}

static bool planted(unsigned invariant)
{
    return world != NULL && world->o.plant == invariant;
}

/* I1: of the cuts every second one that arrives is overlooked. */
int __wrap_sc_authority_record(struct sc_authority *a, const struct sc_auth_at *at, uint64_t type,
                               struct cr_span body, struct st_err *err)
{
    if (planted(1) && type == SC_R_CUT && ++records % 2 == 0)
        return ST_OK;
    return __real_sc_authority_record(a, at, type, body, err);
}

struct cuts {
    const struct cr_sign_pk *subject;
    size_t in_force, own;
};

static int count_cut(void *arg, const struct sc_auth_cut *c)
{
    struct cuts *k = arg;

    k->in_force += c->in_force && c->cut->mode == SC_CUT_REVOKE;
    k->own += c->cut->mode != SC_CUT_RETIRE && cr_sign_pk_equal(&c->at.key.author, k->subject);
    return 0;
}

/* -1: as it is; 0: nothing counts; 1: everything does. */
static int lie_about(const struct sc_authority *a, const struct cr_sign_pk *author)
{
    struct cuts k = {.subject = author};

    if (planted(3) || planted(11))
        (void)sc_authority_each_cut(a, author, count_cut, &k);
    if (planted(3) && k.in_force > 1) /* the second cut undoes the first */
        return 1;
    if (planted(4) && cr_sign_pk_equal(author, &world->person[sim_person_of(1, 2)].id.sign_pk))
        return 0; /* an honest officer is not believed */
    if (planted(5) && cr_sign_pk_equal(author, &world->person[sim_person_of(0, 2)].id.sign_pk))
        return 1;                 /* the thief is */
    if (planted(11) && k.own > 0) /* who cuts itself is cut */
        return 0;
    return -1;
}

uint64_t __wrap_sc_authority_limit(const struct sc_authority *a, const struct sc_log_key *key,
                                   uint32_t branch)
{
    int lie = lie_about(a, &key->author);

    return lie < 0 ? __real_sc_authority_limit(a, key, branch) : lie == 0 ? 0 : UINT64_MAX;
}

enum sc_standing __wrap_sc_authority_standing(const struct sc_authority *a,
                                              const struct sc_auth_at *at)
{
    int lie = lie_about(a, &at->key.author);
    enum sc_standing said = __real_sc_authority_standing(a, at);

    if (planted(2) && world->folding == &world->node[0] && said == SC_ADOPTED)
        return SC_HELD_CUT; /* the street alone does not know of adoptions */
    return lie < 0 ? said : lie == 0 ? SC_HELD_CUT : SC_COUNTS;
}

/* I10: everybody takes everything. */
enum sc_admission __wrap_sc_authority_admit(struct sc_authority *a,
                                            const struct sc_auth_offer *offer,
                                            const struct sc_auth_use *use)
{
    enum sc_admission said = __real_sc_authority_admit(a, offer, use);

    return planted(10) ? SC_ADMIT : said;
}

/* I7: whoever certifies is taken for the root. */
int __wrap_sc_certs_add(struct sc_certs *s, const struct cr_sign_pk *author,
                        const struct cr_hash *entry_id, const struct sc_cert *c)
{
    return __real_sc_certs_add(s, planted(7) ? &world->genesis.root : author, entry_id, c);
}

struct filter {
    nd_hazard_cb *cb;
    void *arg;
};

static int hide(void *arg, const struct nd_hazard_row *row)
{
    struct filter *f = arg;

    return row->unverified_only ? 0 : f->cb(f->arg, row);
}

/* I6: a hazard that only held entries report is not shown. */
int __wrap_nd_store_hazard(struct nd_store *s, const struct sc_id *subject, nd_hazard_cb *cb,
                           void *arg, struct st_err *err)
{
    struct filter f = {cb, arg};

    return planted(6) ? __real_nd_store_hazard(s, subject, hide, &f, err)
                      : __real_nd_store_hazard(s, subject, cb, arg, err);
}

/* I8: what clock this fold is done by. True: by one that is decades off. */
bool sim_plant_clock(void)
{
    return planted(8) && world->folding != NULL &&
           llabs((long long)world->folding->skew_ms) > 1000000000000LL;
}

/* I9: what is stored already is taken for the beginning of another log. */
bool sim_plant_again(const struct nd_run *r, int rc, struct nd_run *other)
{
    static struct cr_hash chain;
    struct sc_link link;
    struct cr_hash hash;
    struct sc_header h;

    if (!planted(9) || rc != ST_CONFLICT || r->run->first_seq != 0 || r->run->count != 1)
        return false;
    *other = *r;
    other->key.incarnation ^= 1;
    sc_log_id(&world->net, &other->key, &other->log_id);
    sc_link_start(&other->log_id, &link);
    sc_payload_hash(r->run->e[0].payload, &hash);
    if (sc_link_extend(&link, r->run->e[0].lamport, r->run->e[0].wall_ms, &hash,
                       r->run->e[0].payload.n, &h) != ST_OK)
        return false;
    chain = link.chain;
    other->chains = &chain;
    other->before = other->log_id;
    return true;
}

/* I12: from the time of the liars on, the second village's node meets nobody any more, healed or
 * not: what is written then never reaches it. */
bool sim_plant_alone(size_t a, size_t b)
{
    return planted(12) && world->liars != NULL && world->now_ms > 30000 && (a == 2 || b == 2);
}
