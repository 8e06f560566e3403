/* Liars that misuse, or do not have, authority. */
#include "tests/sim/byz_actors.h"

static const struct byz_key *seat_of(const struct byz *z)
{
    return z->key_n > 2 ? &z->key[2] : &z->key[1];
}

/* 8: the seat of one village certifies for another, for the street, for more than it is. */
void byz_act_cert_scope(struct byz *z)
{
    static const uint32_t roles[] = {SC_ROLE_STREET, SC_ROLE_DISTRICT, SC_ROLE_POLICE,
                                     SC_ROLE_OFFICER, SC_ROLE_VILLAGE};
    const uint64_t where[] = {sim_village_code(0), sim_village_code(1), SIM_STREET};
    size_t r = byz_below(z, 5), w = byz_below(z, 3);
    int e;

    if (z->step % 4 != 0)
        return;
    if (w == 0 && r > 2)
        w = 1; /* that would be within its rights */
    e = byz_cert(z, seat_of(z), &z->own[0], byz_chance(z, 1, 4) ? 1 : 2, roles[r], where[w]);
    byz_show(z, e, BYZ_ALL);
    if (e >= 0 && byz_chance(z, 1, 2)) {
        struct byz_key mine = {.id = &z->own[0], .incarnation = 5};

        byz_show(z, byz_report(z, &mine, sim_village_code(1), 0, BYZ_HEAD), BYZ_ALL);
        byz_show(z, byz_clear(z, &mine, sim_village_code(0), BYZ_HEAD, 0, true), BYZ_ALL);
    }
}

/* 9: a device certifies and cuts; a village cuts a village, the street and the root. */
void byz_act_rank(struct byz *z)
{
    const size_t above[] = {0, 1, sim_person_of(0, 0), sim_person_of(1, 0), sim_person_of(1, 2)};
    const struct byz_key *k = byz_chance(z, 1, 2) ? &z->key[1] : seat_of(z);
    const struct cr_sign_pk *victim = &z->s->person[above[byz_below(z, 5)]].id.sign_pk;

    if (z->step % 4 != 0 || cr_sign_pk_equal(victim, &k->id->sign_pk))
        return;
    if (byz_chance(z, 1, 2))
        byz_show(z, byz_cut(z, k, victim, SC_CUT_REVOKE, 0, (struct cr_span){NULL, 0}, BYZ_HEAD),
                 BYZ_ALL);
    else
        byz_show(z,
                 byz_cert(z, &z->key[1], &z->own[1], 1 + byz_below(z, 2), SC_ROLE_OFFICER,
                          sim_village_code(0)),
                 BYZ_ALL);
}

/* 10: the stolen seat closes its own honest people at nothing. */
void byz_act_cut_honest(struct byz *z)
{
    size_t who = sim_person_of(0, byz_chance(z, 1, 2) ? 1 : 3);

    if (z->step == 1) /* and its officer itself, as if what it wrote had never been */
        byz_show(z,
                 byz_cut(z, &z->key[1], &z->key[1].id->sign_pk, SC_CUT_REVOKE, 0,
                         (struct cr_span){NULL, 0}, BYZ_HEAD),
                 BYZ_ALL);

    if (z->step == 2 || z->step == 9)
        byz_show(z,
                 byz_cut(z, seat_of(z), &z->s->person[who].id.sign_pk, SC_CUT_REVOKE, 0,
                         (struct cr_span){NULL, 0}, BYZ_HEAD),
                 BYZ_ALL);
}

/* 11: forks the log that revokes its own officer, to have the revocation suspended. */
void byz_act_fork_authority(struct byz *z)
{
    const struct byz_key *k = seat_of(z);
    int head = byz_stolen_head(z, k, SC_SCOPE_PUBLIC), at;

    if (z->step == 1)
        byz_show(z,
                 byz_cut(z, k, &z->key[1].id->sign_pk, SC_CUT_REVOKE, 0, (struct cr_span){NULL, 0},
                         BYZ_HEAD),
                 BYZ_ALL);
    if (head < 0 || z->step % 4 != 2)
        return;
    at = byz_at(z, head, byz_below(z, (size_t)z->s->book.e[head].seq + 1));
    byz_show(z,
             byz_adopt(z, k, at) < 0 ? -1
                                     : byz_cut(z, k, &z->own[0].sign_pk, SC_CUT_REVOKE, 0,
                                               (struct cr_span){NULL, 0}, z->s->book.e[at].prev),
             BYZ_ALL);
    byz_show(z, byz_report(z, &z->key[1], sim_village_code(0), 0, BYZ_HEAD), BYZ_ALL);
}

/* 23: adopts what others wrote, and its own held entries. */
void byz_act_adopt(struct byz *z)
{
    int e = byz_any(z, NULL, byz_chance(z, 1, 2));

    if (z->step % 3 != 0 || e < 0)
        return;
    byz_show(z, byz_report(z, &z->key[1], sim_village_code(0), 0, -1), BYZ_ALL);
    byz_show(z, byz_adopt(z, byz_chance(z, 1, 2) ? &z->key[1] : seat_of(z), e), BYZ_ALL);
}

static bool has_privilege(struct sim_node *n, const struct cr_identity *id)
{
    for (size_t i = 0; i < n->scope_count; i++)
        if (n->scopes[i] != SC_SCOPE_INTERNAL &&
            sc_certs_roles(nd_store_certs(n->store), &id->sign_pk, n->scopes[i], 0, 0) != 0)
            return true;
    return false;
}

/* Keys of the liar's own making have no role anywhere once the stolen seat is revoked. */
void byz_check_no_privilege(struct byz *z)
{
    for (size_t i = 0; i < z->s->node_count; i++)
        for (size_t k = 0; k < 2 && z->s->node[i].state == SIM_UP; k++)
            if (has_privilege(&z->s->node[i], &z->own[k]))
                sim_fail(z->s, "node %zu gives a role to a key that the liar certified", i);
}
