/* The course of one seed with liars:
 *   certificates → all meet → the theft → adversity, while actors act and the street answers → heal
 *   → all honest nodes agree → final checks */
#include "tests/sim/byz.h"
#include "tests/sim/sim_invariant.h"

#include "crypto/base/assert.h"
#include "crypto/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACT_MS    700
#define SETTLE_MS (UINT64_C(15) * 60000)

/* Weather that goes with liars: what loses no disk. */
#define WEATHER                                                                            \
    (SIM_F_LOSS | SIM_F_SPLIT | SIM_F_LATE | SIM_F_ONEWAY | SIM_F_PARTITION | SIM_F_CLOG | \
     SIM_F_SILENT | SIM_F_REFUSE | SIM_F_CRASH | SIM_F_STOP | SIM_F_FULL | SIM_F_SKEW |    \
     SIM_F_STEP | SIM_F_DRIFT | SIM_F_PAUSE | SIM_F_DISTANT)

/* ---- the liar ---- */

static void take_key(struct byz *z, const struct cr_identity *id, size_t person)
{
    struct byz_key *k = &z->key[z->key_n++];

    *k = (struct byz_key){.id = id, .person = person};
    for (size_t i = 0; i < z->s->book.n; i++)
        if (cr_sign_pk_equal(&z->s->book.e[i].key.author, &id->sign_pk))
            k->incarnation = z->s->book.e[i].key.incarnation;
    if (k->incarnation == 0)
        k->incarnation = 1 + ts_prng_below(&z->rng, UINT64_C(1) << 60);
    if (person < SIM_PERSONS)
        z->s->person[person].stolen = true;
}

static void own_identity(struct byz *z, struct cr_identity *id)
{
    uint8_t seed[32];

    ts_prng_bytes(&z->rng, seed, sizeof seed);
    cr_identity_from_seed(seed, id);
}

static void steal(struct byz *z)
{
    struct sim_node *n = &z->s->node[BYZ_STOLEN];

    sim_trace(z->s, "theft of n%d", BYZ_STOLEN);
    sim_node_kill(n, false);
    n->stay_down = true;
    take_key(z, &n->id, SIM_PERSONS);
    take_key(z, &z->s->person[sim_person_of(0, 2)].id, sim_person_of(0, 2));
    if (z->seat_stolen)
        take_key(z, &z->s->person[sim_person_of(0, 0)].id, sim_person_of(0, 0));
    byz_note_receipts(z);
    z->theft_ms = z->s->now_ms;
}

/* A connection to each node in turn, as the stolen machine. */
static void meet(struct byz *z)
{
    const struct byz_actor *a = z->actor[byz_below(z, z->actor_n)];
    size_t to = byz_below(z, z->s->node_count);

    if (to == BYZ_STOLEN || z->s->node[to].state != SIM_UP)
        return;
    for (size_t i = 0; i < BYZ_PEERS; i++) {
        struct byz_peer *p = &z->peer[i];

        if (p->phase == BYZ_GONE || p->to != to || p->as != z->key[0].id)
            continue;
        if (p->phase == BYZ_OPEN && byz_chance(z, 3, 4))
            return;
        byz_close(p);
    }
    (void)byz_dial(z, to, z->key[0].id, a, 3);
}

static void act(struct byz *z)
{
    if (z->s->calm && z->heal_ms != 0 && z->s->now_ms > z->heal_ms + 30000)
        return; /* the liar gives up at last: bounded time to agree is counted from here */
    z->step++;
    for (size_t i = 0; i < z->actor_n; i++)
        if (z->actor[i]->act != NULL)
            z->actor[i]->act(z);
    meet(z);
    if (!z->cut_done && z->s->now_ms >= z->cut_ms)
        byz_respond(z);
    sim_push(z->s, 1 + ts_prng_below(&z->rng, 2 * ACT_MS), SIM_EV_LIAR, 0, 0, 0);
}

/* ---- agreement ---- */

static uint32_t holders(const struct sim *s, uint64_t scope)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < s->node_count; i++)
        if (!s->node[i].stay_down && sim_node_holds(&s->node[i], scope))
            mask |= 1u << i;
    return mask;
}

/* Every entry that is nobody's lie lies wherever it should. */
static bool honest_everywhere(const struct byz *z)
{
    const struct sim_book *b = &z->s->book;

    for (size_t i = 0; i < b->n; i++) {
        uint32_t mask = holders(z->s, b->e[i].key.scope);

        if (!b->e[i].crafted && (b->e[i].now & ~(1u << BYZ_STOLEN)) != 0 &&
            byz_secret(z, &b->e[i].key.author) == NULL && (b->e[i].now & mask) != mask &&
            (!z->s->unknown_flood || sim_certified(z->s, &b->e[i].key.author)))
            return false;
    }
    return true;
}

static bool folds_agree(struct sim *s, uint64_t scope)
{
    struct cr_hash first = {{0}}, h;
    bool any = false;

    for (size_t i = 0; i < s->node_count; i++) {
        if ((holders(s, scope) >> i & 1) == 0)
            continue;
        if (s->node[i].state != SIM_UP ||
            nd_store_fold_hash(s->node[i].store, &scope, 1, &h) != ST_OK ||
            (any && !cr_hash_equal(&h, &first)))
            return false;
        first = h;
        any = true;
    }
    return true;
}

static bool agreed(struct sim *s)
{
    struct byz *z = s->liars;

    return z->cut_done && honest_everywhere(z) && folds_agree(s, SC_SCOPE_PUBLIC) &&
           (s->unknown_flood ||
            (folds_agree(s, sim_village_code(0)) && folds_agree(s, sim_village_code(1))));
}

/* ---- the course ---- */

static void begin(struct byz *z)
{
    struct sim *s = z->s;

    z->seat_stolen = false;
    for (size_t i = 0; i < z->actor_n; i++)
        z->seat_stolen = z->seat_stolen || z->actor[i]->seat;
    for (size_t i = 0; i < z->actor_n; i++)
        s->unknown_flood = s->unknown_flood || z->actor[i]->unknown;
    z->fork_first = byz_chance(z, 1, 3);
    z->adopt_later = byz_chance(z, 1, 3);
    z->cut_twice = byz_chance(z, 1, 2);
    for (size_t i = 0; i < 2; i++)
        own_identity(z, &z->own[i]);
    own_identity(z, &z->foreign);
    ts_prng_bytes(&z->rng, z->foreign_net.b, sizeof z->foreign_net.b);
    for (size_t i = 0; i < BYZ_PEERS; i++)
        z->peer[i].phase = BYZ_GONE;
    s->faults = (uint32_t)ts_prng_u64(&z->rng) & WEATHER & (s->o.mask != 0 ? s->o.mask : SIM_F_ALL);
    if (byz_chance(z, 1, 3))
        s->faults = 0;
    s->act_mean_ms = 300 + byz_below(z, 900);
    s->fault_mean_ms = 3000 + byz_below(z, 10000);
    if ((s->faults & SIM_F_LOSS) != 0)
        s->loss_ppm = 1000 + byz_below(z, 50000);
}

/* The officer has done something at the machine before it is stolen. */
static void work_at_stolen(struct sim *s)
{
    struct sim_draft d = {
        .type = SC_R_HAZARD_REPORT, .grid = sim_village_code(0), .number = 2, .text = "honest"};
    struct sc_id id;

    for (size_t i = 0; i < 5 && !s->failed; i++)
        (void)sim_write(s, &s->node[BYZ_STOLEN], sim_person_of(0, 2), d.grid, &d, &id);
}

static void course(struct byz *z)
{
    struct sim *s = z->s;
    uint64_t seconds = s->o.minutes != 0 ? s->o.minutes * 60 : 30 + byz_below(z, 40);

    if (!sim_run_while(s, sim_converged, 60000))
        sim_fail(s, "the honest do not even meet");
    s->acting = true;
    sim_push(s, 100, SIM_EV_ACT, 0, 0, 0);
    (void)sim_run_until(s, s->now_ms + 15000);
    work_at_stolen(s);
    s->acting = false;
    if (!sim_run_while(s, sim_converged, s->now_ms + 120000))
        sim_fail(s, "no agreement before the theft");
    if (s->failed)
        return;
    steal(z);
    z->cut_ms = s->now_ms + seconds * 1000 * (1 + byz_below(z, 3)) / 4;
    s->calm = false;
    s->acting = true;
    sim_push(s, 100, SIM_EV_FAULT, 0, 0, 0);
    sim_push(s, 50, SIM_EV_LIAR, 0, 0, 0);
    if (!sim_run_until(s, s->now_ms + seconds * 1000))
        return;
    s->acting = false;
    sim_fault_heal(s);
    z->heal_ms = s->now_ms;
    for (size_t i = 0; i < s->node_count; i++) {
        struct nd_driver_counters c = {0};

        if (s->node[i].state == SIM_UP)
            nd_driver_counters(s->node[i].driver, &c);
        s->node[i].sessions_at_heal = c.sessions;
    }
    (void)sim_run_until(s, s->now_ms + 30000);
    invariant_I12_quiescent(s, sim_run_while(s, agreed, s->now_ms + SETTLE_MS));
}

/* Nothing that was badly signed is stored anywhere, and nothing of a key that nobody has. */
static void check_signed_only(struct byz *z)
{
    const struct sim_book *b = &z->s->book;

    for (size_t i = 0; i < z->never_n; i++)
        if (b->e[z->never[i]].nodes != 0)
            sim_fail(z->s, "a node stored an entry that was not signed by its author");
    for (size_t i = 0; i < b->n; i++)
        if (b->e[i].nodes != 0 && byz_secret(z, &b->e[i].key.author) == NULL &&
            strcmp(sim_name(z->s, &b->e[i].key.author), "somebody") == 0)
            sim_fail(z->s, "a node stored an entry of a key that nobody has");
}

static void finish(struct byz *z)
{
    struct sim *s = z->s;

    if (!s->failed)
        sim_check_end(s);
    if (!s->failed)
        check_signed_only(z);
    if (!s->failed)
        sim_invariants_end(s);
    if (!s->failed)
        byz_model_check(z);
    for (size_t i = 0; i < z->actor_n && !s->failed; i++)
        if (z->actor[i]->check != NULL)
            z->actor[i]->check(z);
}

/* What the liars achieved, in numbers. */
static void describe(const struct byz *z, char *out, size_t n)
{
    const struct sim_book *b = &z->s->book;
    size_t made = 0, stored = 0, held = 0, forks = 0, refused = 0;

    for (size_t i = 0; i < b->n; i++) {
        const struct sim_entry *e = &b->e[i];

        made += e->crafted;
        stored += e->crafted && e->nodes != 0;
        held += e->crafted && (e->held & 1) != 0;
    }
    for (size_t i = 0; i < z->s->node_count; i++) {
        struct nd_store_stats st = {0};
        struct nd_driver_counters c = {0};

        if (z->s->node[i].state != SIM_UP)
            continue;
        if (nd_store_stats(z->s->node[i].store, &st) == ST_OK)
            forks = st.forks > forks ? st.forks : forks;
        nd_driver_counters(z->s->node[i].driver, &c);
        refused += c.refused_protocol;
    }
    (void)snprintf(out, n,
                   " %zu entries, %zu by liars, %zu of them stored, %zu held at the street, %zu "
                   "forks, %zu sessions ended for a fault, %s",
                   b->n, made, stored, held, forks, refused,
                   z->s->count.modelled > 0 ? "modelled" : "larger than the model");
}

bool byz_run(const struct sim_options *o, const struct byz_actor *const *actors, size_t n,
             char *reason, size_t reason_bytes)
{
    struct byz *z = calloc(1, sizeof *z);
    struct sim *s;
    bool ok;

    CR_ASSERT(z != NULL && n <= BYZ_PICKED);
    s = sim_new(o);
    CR_ASSERT(s != NULL);
    z->s = s;
    z->actor_n = n;
    for (size_t i = 0; i < n; i++)
        z->actor[i] = actors[i];
    s->liars = z;
    s->liar_act = act;
    ts_prng_init(&z->rng, o->seed ^ UINT64_C(0x11a5));
    begin(z);
    if (!s->failed)
        course(z);
    finish(z);
    ok = !s->failed;
    if (ok)
        describe(z, reason, reason_bytes);
    else
        (void)snprintf(reason, reason_bytes, "%s", s->reason);
    byz_peers_release(z);
    sim_heads_release(&z->receipts);
    free(z->never);
    sim_free(s);
    free(z);
    return ok;
}
