/* The seam: the linker leads every call of the driver into store and engine through here.
 *
 * Each call that changes something is an effect: a crash point may lie before it, and for a commit
 * behind it too. A dead node's calls have no effect any more; that is as good as having stopped in
 * the middle of the driver, because memory is all it can still change. What was committed is
 * recorded (sim_node.durable) for the checks. The planted bugs live here, none in the product. */
#include "tests/sim/sim_invariant.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* The linker's wrappers carry no context: the one world of this process. */
static struct sim *world;

/* Names by the linker, for both sides of the seam. */
int __real_nd_store_begin(struct nd_store *st, struct st_err *err);
int __wrap_nd_store_begin(struct nd_store *st, struct st_err *err);
int __real_nd_store_apply(struct nd_store *st, const struct nd_run *r, uint64_t *handle,
                          struct st_err *err);
int __wrap_nd_store_apply(struct nd_store *st, const struct nd_run *r, uint64_t *handle,
                          struct st_err *err);
int __real_nd_store_apply_urgent(struct nd_store *st, const struct sc_urgent *u,
                                 const struct cr_hash *log_id, const struct cr_hash *entry_id,
                                 uint64_t received_ms, struct st_err *err);
int __wrap_nd_store_apply_urgent(struct nd_store *st, const struct sc_urgent *u,
                                 const struct cr_hash *log_id, const struct cr_hash *entry_id,
                                 uint64_t received_ms, struct st_err *err);
int __real_nd_store_commit(struct nd_store *st, struct st_err *err);
int __wrap_nd_store_commit(struct nd_store *st, struct st_err *err);
void __real_nd_store_rollback(struct nd_store *st);
void __wrap_nd_store_rollback(struct nd_store *st);
int __real_nd_store_put_common(struct nd_store *st, const struct cr_sign_pk *peer,
                               const struct sy_common *c, size_t n, struct st_err *err);
int __wrap_nd_store_put_common(struct nd_store *st, const struct cr_sign_pk *peer,
                               const struct sy_common *c, size_t n, struct st_err *err);
int __real_nd_store_put_fork(struct nd_store *st, const struct sc_fork *f, struct st_err *err);
int __wrap_nd_store_put_fork(struct nd_store *st, const struct sc_fork *f, struct st_err *err);
int __real_nd_store_put_peer(struct nd_store *st, const struct nd_peer *p, struct st_err *err);
int __wrap_nd_store_put_peer(struct nd_store *st, const struct nd_peer *p, struct st_err *err);
int __real_nd_store_put_synced(struct nd_store *st, const struct cr_sign_pk *peer,
                               uint64_t wall_ms);
int __wrap_nd_store_put_synced(struct nd_store *st, const struct cr_sign_pk *peer,
                               uint64_t wall_ms);
int __real_sy_engine_step(struct sy_engine *e, const struct sy_event *ev, struct sy_updates *up);
int __wrap_sy_engine_step(struct sy_engine *e, const struct sy_event *ev, struct sy_updates *up);
int __real_sc_hazard_fold(const struct sc_fact *facts, size_t n, struct sc_hazard *out);
int __wrap_sc_hazard_fold(const struct sc_fact *facts, size_t n, struct sc_hazard *out);
int __real_sc_checkpoint_verify(const struct cr_sign_pk *author, const struct cr_hash *net,
                                const struct cr_hash *log_id, uint64_t seq,
                                const struct cr_hash *chain, const struct cr_sig *sig);
int __wrap_sc_checkpoint_verify(const struct cr_sign_pk *author, const struct cr_hash *net,
                                const struct cr_hash *log_id, uint64_t seq,
                                const struct cr_hash *chain, const struct cr_sig *sig);
void __real_sc_checkpoint_sign(const struct cr_sign_sk *sk, const struct cr_hash *net,
                               const struct cr_hash *log_id, uint64_t seq,
                               const struct cr_hash *chain, struct cr_sig *out);
void __wrap_sc_checkpoint_sign(const struct cr_sign_sk *sk, const struct cr_hash *net,
                               const struct cr_hash *log_id, uint64_t seq,
                               const struct cr_hash *chain, struct cr_sig *out);
uint32_t __real_sc_certs_roles_by(struct sc_certs *s, const struct cr_sign_pk *author,
                                  uint64_t scope, uint64_t grid, uint64_t wall_ms,
                                  uint32_t by[static SC_GIVERS]);
uint32_t __wrap_sc_certs_roles_by(struct sc_certs *s, const struct cr_sign_pk *author,
                                  uint64_t scope, uint64_t grid, uint64_t wall_ms,
                                  uint32_t by[static SC_GIVERS]);

void sim_wrap_world(struct sim *s)
{
    CR_ASSERT(s == NULL || world == NULL);
    world = s;
    sim_plant_world(s);
}

static struct sim_node *node_of(const struct nd_store *st)
{
    if (world != NULL && world->replaying)
        return NULL;
    for (size_t i = 0; world != NULL && i < world->node_count; i++)
        if (world->node[i].store == st)
            return &world->node[i];
    return NULL;
}

/* True once in a while when this bug is planted. */
static bool bug(enum sim_bug which, uint64_t of)
{
    if (world == NULL || world->o.bug != which || !ts_prng_chance(&world->rng, 1, of))
        return false;
    world->count.bugs++;
    return true;
}

static bool due(struct sim_node *n)
{
    if (n->state == SIM_DYING)
        return true;
    n->effects++;
    if (n->effects_left == 0 || --n->effects_left > 0)
        return false;
    sim_trace(n->sim, "n%zu crash point after %llu effects", n->index,
              (unsigned long long)n->effects);
    return true;
}

bool sim_effect(struct sim_node *n)
{
    if (!due(n))
        return false;
    n->state = SIM_DYING;
    return true;
}

/* Why a change of this node's disk does not happen; ST_OK when it does. */
static int disk(struct sim_node *n, struct st_err *err)
{
    if (n == NULL)
        return ST_OK;
    if (sim_effect(n))
        return st_fail(err, ST_IO, "the node is dead");
    if (n->disk_full && n->state == SIM_UP && ts_prng_chance(&n->sim->rng, 1, 2)) {
        n->sim->count.full++;
        return st_fail(err, ST_FULL, "disk full");
    }
    return ST_OK;
}

/* ---- transactions ---- */

static void settle_durable(struct sim_node *n)
{
    size_t count = n->applied_n;
    bool *revoked = calloc(count + 1, sizeof *revoked);
    struct sim_commit c = {.count = count, .entry = n->applied, .revoked = revoked};

    CR_ASSERT(revoked != NULL);
    sim_revoked(n, revoked);
    for (size_t i = 0; i < n->pending.n; i++)
        sim_heads_put(&n->durable, &n->pending.h[i]);
    sim_heads_clear(&n->pending);
    sim_book_committed(n);
    n->txn = false;
    n->commits++;
    c.authority = nd_store_authority_serial(n->store) != n->auth_serial;
    c.before_known = n->snapshot + 1 == n->commits;
    n->auth_serial = nd_store_authority_serial(n->store);
    if (n->state == SIM_UP)
        sim_invariants_committed(n, &c);
    free(revoked);
}

int __wrap_nd_store_begin(struct nd_store *st, struct st_err *err)
{
    struct sim_node *n = node_of(st);
    int rc;

    if (n != NULL && n->lazy) {
        n->lazy = false;
        rc = __real_nd_store_commit(st, err);
        if (rc != ST_OK)
            return rc;
        settle_durable(n);
    }
    rc = disk(n, err);
    if (rc == ST_OK)
        rc = __real_nd_store_begin(st, err);
    if (rc == ST_OK && n != NULL)
        n->txn = true;
    return rc;
}

/* Recorded is what was asked for; a bug below does not hide itself from the checks. */
static void record(struct sim_node *n, const struct nd_run *r)
{
    struct sim_head h = {.key = r->key,
                         .log_id = r->log_id,
                         .seq = r->run->first_seq + r->run->count - 1,
                         .chain = r->chains[r->run->count - 1]};

    sim_heads_put(&n->pending, &h);
}

static int apply_but_last(struct nd_store *st, const struct nd_run *r, uint64_t *handle,
                          struct st_err *err)
{
    struct sc_run *shorter = malloc(sizeof *shorter);
    struct nd_run part = *r;
    int rc;

    CR_ASSERT(shorter != NULL);
    *shorter = *r->run;
    shorter->count--;
    part.run = shorter;
    rc = __real_nd_store_apply(st, &part, handle, err);
    free(shorter);
    return rc;
}

int __wrap_nd_store_apply(struct nd_store *st, const struct nd_run *r, uint64_t *handle,
                          struct st_err *err)
{
    struct sim_node *n = node_of(st);
    int rc = disk(n, err);
    struct nd_run other;

    if (rc != ST_OK)
        return rc;
    if (n != NULL)
        n->sim->folding = n;
    if (n != NULL && n->sim->writing && n->sim->acting && bug(SIM_BUG_FORGET_WRITE, 20))
        *handle = 0;
    else if (n != NULL && !n->sim->writing && r->run->count > 1 && bug(SIM_BUG_LOSE_ENTRY, 10))
        rc = apply_but_last(st, r, handle, err);
    else
        rc = __real_nd_store_apply(st, r, handle, err);
    if (sim_plant_again(r, rc, &other))
        rc = __real_nd_store_apply(st, &other, handle, err);
    if (n != NULL) {
        n->sim->folding = NULL;
        if (rc == ST_OK) {
            record(n, r);
            sim_book_run(n, r);
        }
    }
    return rc;
}

int __wrap_nd_store_apply_urgent(struct nd_store *st, const struct sc_urgent *u,
                                 const struct cr_hash *log_id, const struct cr_hash *entry_id,
                                 uint64_t received_ms, struct st_err *err)
{
    struct sim_node *n = node_of(st);
    int rc = disk(n, err);

    if (rc != ST_OK)
        return rc;
    if (n != NULL)
        n->sim->folding = n;
    rc = __real_nd_store_apply_urgent(st, u, log_id, entry_id, received_ms, err);
    if (n != NULL)
        n->sim->folding = NULL;
    return rc;
}

int __wrap_nd_store_commit(struct nd_store *st, struct st_err *err)
{
    struct sim_node *n = node_of(st);
    bool behind = false;
    int rc;

    if (n == NULL)
        return __real_nd_store_commit(st, err);
    if (n->state != SIM_DYING && n->effects_left == 1)
        behind = ts_prng_chance(&n->sim->rng, 1, 2);
    if (!behind) {
        rc = disk(n, err);
        if (rc != ST_OK)
            return rc;
    }
    if (bug(SIM_BUG_EARLY_ACK, 20)) {
        n->lazy = true;
        return ST_OK;
    }
    n->sim->folding = n;
    rc = __real_nd_store_commit(st, err);
    n->sim->folding = NULL;
    if (rc == ST_OK)
        settle_durable(n);
    if (rc == ST_OK && n->sim->acting && bug(SIM_BUG_DROP_ROW, 20))
        sim_node_drop_row(n);
    if (behind && sim_effect(n))
        sim_trace(n->sim, "n%zu died behind a commit", n->index);
    return rc;
}

void __wrap_nd_store_rollback(struct nd_store *st)
{
    struct sim_node *n = node_of(st);

    if (n != NULL) {
        n->txn = false;
        n->applied_n = 0;
        sim_heads_clear(&n->pending);
    }
    __real_nd_store_rollback(st);
}

/* ---- what is remembered beside the entries ---- */

int __wrap_nd_store_put_common(struct nd_store *st, const struct cr_sign_pk *peer,
                               const struct sy_common *c, size_t n, struct st_err *err)
{
    int rc = disk(node_of(st), err);

    return rc != ST_OK ? rc : __real_nd_store_put_common(st, peer, c, n, err);
}

int __wrap_nd_store_put_fork(struct nd_store *st, const struct sc_fork *f, struct st_err *err)
{
    struct sim_node *n = node_of(st);
    int rc = disk(n, err);

    /* There is no dishonest author in this world, and incarnations keep restored nodes apart. */
    if (n != NULL && n->sim->liars == NULL)
        sim_fail(n->sim, "node %zu was shown a fork of an honest author's log", n->index);
    return rc != ST_OK ? rc : __real_nd_store_put_fork(st, f, err);
}

int __wrap_nd_store_put_peer(struct nd_store *st, const struct nd_peer *p, struct st_err *err)
{
    int rc = disk(node_of(st), err);

    return rc != ST_OK ? rc : __real_nd_store_put_peer(st, p, err);
}

int __wrap_nd_store_put_synced(struct nd_store *st, const struct cr_sign_pk *peer, uint64_t wall_ms)
{
    int rc = disk(node_of(st), NULL);

    return rc != ST_OK ? rc : __real_nd_store_put_synced(st, peer, wall_ms);
}

/* ---- engine ---- */

int __wrap_sy_engine_step(struct sy_engine *e, const struct sy_event *ev, struct sy_updates *up)
{
    struct sim_node *n = NULL;
    int rc;

    for (size_t i = 0; world != NULL && i < world->node_count; i++)
        if (world->node[i].driver != NULL && nd_driver_engine(world->node[i].driver) == e)
            n = &world->node[i];
    if (n != NULL)
        sim_session_before(n, ev);
    rc = __real_sy_engine_step(e, ev, up);
    if (n != NULL && rc == ST_OK)
        sim_session_after(n, ev, up);
    return rc;
}

/* ---- planted bugs in what is pure ---- */

int __wrap_sc_hazard_fold(const struct sc_fact *facts, size_t n, struct sc_hazard *out)
{
    int rc;

    if (world != NULL && world->folding == &world->node[0] && n > 1 && bug(SIM_BUG_SKIP_FOLD, 4))
        n--;
    rc = __real_sc_hazard_fold(facts, n, out);
    if (rc != ST_OK || world == NULL || world->o.bug != SIM_BUG_LAST_CLOSES)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (facts[i].type == SC_R_HAZARD_PASS && facts[i].roles != 0) {
            world->count.bugs++;
            out->state = SC_HS_CLOSED;
            out->uncovered_count = 0;
        }
    return rc;
}

int sim_real_verify(const struct cr_sign_pk *author, const struct cr_hash *net,
                    const struct cr_hash *log_id, uint64_t seq, const struct cr_hash *chain,
                    const struct cr_sig *sig)
{
    return __real_sc_checkpoint_verify(author, net, log_id, seq, chain, sig);
}

int __wrap_sc_checkpoint_verify(const struct cr_sign_pk *author, const struct cr_hash *net,
                                const struct cr_hash *log_id, uint64_t seq,
                                const struct cr_hash *chain, const struct cr_sig *sig)
{
    int rc = __real_sc_checkpoint_verify(author, net, log_id, seq, chain, sig);

    return world != NULL && world->o.bug == SIM_BUG_BAD_SIGNATURE ? ST_OK : rc;
}

void __wrap_sc_checkpoint_sign(const struct cr_sign_sk *sk, const struct cr_hash *net,
                               const struct cr_hash *log_id, uint64_t seq,
                               const struct cr_hash *chain, struct cr_sig *out)
{
    __real_sc_checkpoint_sign(sk, net, log_id, seq, chain, out);
    if (world != NULL && world->writing && bug(SIM_BUG_BAD_SIGNATURE, 10))
        out->b[7] ^= 1;
}

uint32_t __wrap_sc_certs_roles_by(struct sc_certs *s, const struct cr_sign_pk *author,
                                  uint64_t scope, uint64_t grid, uint64_t wall_ms,
                                  uint32_t by[static SC_GIVERS])
{
    uint32_t roles = __real_sc_certs_roles_by(s, author, scope, grid, wall_ms, by);

    if (world != NULL && world->o.bug == SIM_BUG_ANY_ROLE && world->writing &&
        cr_sign_pk_equal(author, &world->person[SIM_PERSON_ANON].id.sign_pk) &&
        bug(SIM_BUG_ANY_ROLE, 1)) {
        for (size_t i = 0; i < SC_GIVERS; i++)
            by[i] = SC_ROLES_ALL;
        return SC_ROLES_ALL;
    }
    if (!sim_plant_clock())
        return roles;
    memset(by, 0, SC_GIVERS * sizeof *by);
    return 0;
}
