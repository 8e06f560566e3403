/* One node: a store on a shared memory data base, the production driver on it, clocks, and the ways
 * to stop. The anchor connection keeps the data alive while the node is down, as a disk would. */
#include "tests/sim/sim.h"

#include "crypto/base/assert.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLION UINT64_C(1000000)

uint64_t sim_node_mono(const struct sim_node *n)
{
    return n->mono0 + (n->sim->now_ms - n->boot_at) * n->rate_ppm / MILLION;
}

bool sim_node_holds(const struct sim_node *n, uint64_t scope)
{
    for (size_t i = 0; i < n->scope_count; i++)
        if (n->scopes[i] == scope)
            return true;
    return false;
}

bool sim_may_read(struct sim_node *n, const struct cr_sign_pk *key, uint64_t scope)
{
    return sc_authority_may_read(nd_store_authority(n->store), key, scope);
}

void sim_node_init(struct sim *s, size_t index)
{
    struct sim_node *n = &s->node[index];

    n->sim = s;
    n->index = index;
    n->village = index == 0 ? SIM_VILLAGES : (index - 1) % s->villages;
    n->rate_ppm = MILLION;
    (void)snprintf(n->uri, sizeof n->uri, "file:/sim%zu-%llu?vfs=memdb", index,
                   (unsigned long long)s->o.seed);
    if (sqlite3_open_v2(n->uri, &n->anchor,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI,
                        NULL) != SQLITE_OK)
        sim_fail(s, "anchor of node %zu: %s", index, sqlite3_errmsg(n->anchor));
    n->scopes[n->scope_count++] = SC_SCOPE_PUBLIC;
    if (index != 0) {
        n->scopes[n->scope_count++] = sim_village_code(n->village);
        return;
    }
    n->scopes[n->scope_count++] = SC_SCOPE_INTERNAL;
    for (size_t v = 0; v < s->villages; v++)
        n->scopes[n->scope_count++] = sim_village_code(v);
}

/* A peer with an address is dialled; one without may dial us. */
static void add_peer(struct sim_node *n, size_t other, bool dialled)
{
    const struct cr_identity *id = &n->sim->node[other].id;
    struct nd_peer p = {.sign_pk = id->sign_pk, .kx_pk = id->kx_pk, .enabled = true};
    struct st_err err = {0};

    if (dialled)
        (void)snprintf(p.addr, sizeof p.addr, "10.0.0.%zu:7411", other);
    if (nd_store_put_peer(n->store, &p, &err) != ST_OK)
        sim_fail(n->sim, "node %zu: peer: %s", n->index, err.msg);
}

/* Every village dials the street; nodes of one village dial each other; a few neighbours too. */
static void configure(struct sim_node *n)
{
    struct sim *s = n->sim;
    struct st_err err = {0};

    if (nd_store_set_scopes(n->store, n->scopes, n->scope_count, &err) != ST_OK)
        sim_fail(s, "node %zu: scopes: %s", n->index, err.msg);
    if (n->index == 0)
        return;
    add_peer(n, 0, true);
    for (size_t i = 1; i < s->node_count; i++)
        if (i != n->index && (s->node[i].village == n->village || i == n->index + 1))
            add_peer(n, i, true);
}

struct peer_list {
    struct nd_peer p[2 * SIM_NODES_MAX];
    size_t n;
};

static int collect_peer(void *arg, const struct nd_peer *p)
{
    struct peer_list *l = arg;

    if (p->addr[0] != '\0' && l->n < 2 * SIM_NODES_MAX)
        l->p[l->n++] = *p;
    return 0;
}

void sim_node_toggle_peer(struct sim_node *n, bool all)
{
    struct peer_list l = {.n = 0};
    struct st_err err = {0};
    size_t one;

    if (nd_store_peers(n->store, collect_peer, &l) != ST_OK || l.n == 0)
        return;
    one = (size_t)ts_prng_below(&n->sim->rng, l.n);
    for (size_t i = 0; i < l.n; i++) {
        if (all ? l.p[i].enabled : i != one)
            continue;
        l.p[i].enabled = !l.p[i].enabled;
        if (nd_store_put_peer(n->store, &l.p[i], &err) == ST_OK)
            sim_trace(n->sim, "n%zu %s %s", n->index, l.p[i].enabled ? "resumes" : "pauses",
                      l.p[i].addr);
        else if (n->state == SIM_UP && !n->disk_full)
            sim_fail(n->sim, "node %zu: peer: %s", n->index, err.msg);
    }
    if (n->driver != NULL) {
        nd_driver_peers_changed(n->driver);
        sim_node_after(n, true);
    }
}

static bool start_driver(struct sim_node *n)
{
    struct nd_driver_options o = {.store = n->store,
                                  .identity = &n->id,
                                  .gate = n->sim->gate,
                                  .dial = true,
                                  .plain = n->sim->plain};
    struct st_err err = {0};

    sim_net_ports(n, &o.ports);
    if (nd_driver_new(&o, &n->driver, &err) != ST_OK) {
        sim_fail(n->sim, "node %zu: driver: %s", n->index, err.msg);
        return false;
    }
    return true;
}

void sim_node_boot(struct sim_node *n)
{
    struct sim *s = n->sim;
    struct nd_store_options o = {.uri = n->uri, .create = !n->made};
    struct st_err err = {0};
    bool first = !n->made;

    if (n->state != SIM_DOWN || n->stay_down)
        return;
    if (first)
        o.genesis = &s->genesis;
    if (nd_store_open(&o, &n->store, &err) != ST_OK) {
        sim_fail(s, "node %zu: store does not open: %s", n->index, err.msg);
        return;
    }
    n->made = true;
    n->boots++;
    n->boot_at = s->now_ms;
    n->mono0 = 1000 + ts_prng_below(&s->rng, 1000000);
    if ((s->faults & SIM_F_DRIFT) != 0)
        n->rate_ppm = ts_prng_range(&s->rng, 900000, 1100000);
    n->effects_left = 0;
    n->txn = false;
    n->applied_n = 0;
    sim_heads_clear(&n->pending);
    n->tick_at = UINT64_MAX;
    n->flush_queued = false;
    sim_trace(s, "n%zu boot %u%s", n->index, n->boots,
              nd_store_was_unclean(n->store) ? " unclean" : "");
    if (first)
        configure(n);
    else
        sim_check_reopened(n);
    if (s->calm)
        sim_node_toggle_peer(n, true);
    n->state = SIM_UP;
    if (s->failed || !start_driver(n))
        return;
    sim_node_after(n, true);
}

static void forget_run(struct sim_node *n)
{
    n->driver = NULL;
    n->store = NULL;
    n->state = SIM_DOWN;
    n->txn = false;
    sim_heads_clear(&n->pending);
    n->tick_gen++;
    n->effects_left = 0;
    sim_sessions_release(n);
}

void sim_node_stop(struct sim_node *n)
{
    if (n->state != SIM_UP)
        return;
    nd_driver_flush(n->driver);
    if (n->state == SIM_DYING) {
        sim_node_kill(n, false);
        return;
    }
    n->effects_left = 0;
    nd_driver_free(n->driver);
    nd_store_close(n->store);
    sim_trace(n->sim, "n%zu stopped", n->index);
    sim_net_node_gone(n, false);
    forget_run(n);
}

/* Whatever the driver still does while it is freed is swallowed by the seam: a dead node has no
 * effects. */
void sim_node_kill(struct sim_node *n, bool silent)
{
    if (n->state == SIM_DOWN)
        return;
    n->state = SIM_DYING;
    n->sim->count.crashes++;
    sim_trace(n->sim, "n%zu dies%s", n->index, silent ? " silently" : "");
    nd_driver_free(n->driver);
    nd_store_kill(n->store);
    sim_net_node_gone(n, silent);
    forget_run(n);
}

void sim_node_release(struct sim_node *n)
{
    if (n->state != SIM_DOWN) {
        n->state = SIM_DYING;
        nd_driver_free(n->driver);
        nd_store_kill(n->store);
        forget_run(n);
    }
    (void)sqlite3_close(n->anchor);
    sqlite3_free(n->backup);
    sim_heads_release(&n->backup_heads);
    sim_heads_release(&n->durable);
    sim_heads_release(&n->pending);
    sim_heads_release(&n->acks);
    sim_heads_release(&n->owed);
    free(n->applied);
    n->applied = NULL;
}

/* ---- backups ---- */

void sim_node_backup(struct sim_node *n)
{
    sqlite3_int64 bytes = 0;

    if (!n->made || n->txn)
        return;
    sqlite3_free(n->backup);
    n->backup = sqlite3_serialize(n->anchor, "main", &bytes, 0);
    n->backup_bytes = (size_t)bytes;
    sim_heads_copy(&n->backup_heads, &n->durable);
}

static bool load_image(struct sim_node *n)
{
    sqlite3 *image = NULL;
    sqlite3_backup *copy = NULL;
    uint8_t *bytes = sqlite3_malloc64(n->backup_bytes);
    bool ok = bytes != NULL && sqlite3_open(":memory:", &image) == SQLITE_OK;

    if (ok) {
        memcpy(bytes, n->backup, n->backup_bytes);
        ok = sqlite3_deserialize(image, "main", bytes, (sqlite3_int64)n->backup_bytes,
                                 (sqlite3_int64)n->backup_bytes,
                                 SQLITE_DESERIALIZE_FREEONCLOSE) == SQLITE_OK;
    } else {
        sqlite3_free(bytes);
    }
    if (ok)
        copy = sqlite3_backup_init(n->anchor, "main", image, "main");
    ok = copy != NULL && sqlite3_backup_step(copy, -1) == SQLITE_DONE;
    if (copy != NULL && sqlite3_backup_finish(copy) != SQLITE_OK)
        ok = false;
    (void)sqlite3_close(image);
    /* The anchor beside a real store would not match an older image; here it has to say so itself.
     */
    if (ok && sqlite3_exec(n->anchor, "UPDATE meta SET value = x'01' WHERE key = '@open'", NULL,
                           NULL, NULL) != SQLITE_OK)
        ok = false;
    return ok;
}

void sim_node_drop_row(struct sim_node *n)
{
    static const char sql[] = "DELETE FROM entry WHERE id = (SELECT id FROM entry ORDER BY wall + "
                              "age DESC, id DESC LIMIT "
                              "1)";

    if (sqlite3_exec(n->anchor, sql, NULL, NULL, NULL) != SQLITE_OK)
        sim_trace(n->sim, "n%zu no row dropped: %s", n->index, sqlite3_errmsg(n->anchor));
}

static bool held_by(const struct sim_node *n, const struct sim_head *h)
{
    const struct sim_head *at = sim_heads_find(&n->durable, &h->log_id);

    return at != NULL && at->seq >= h->seq;
}

static bool held_anywhere(const struct sim *s, const struct sim_head *h)
{
    for (size_t i = 0; i < s->node_count; i++)
        if (held_by(&s->node[i], h))
            return true;
    return false;
}

/* What only this disk held is gone with it; everything else has to come back from the peers. */
static void account(struct sim_node *n)
{
    struct sim *s = n->sim;
    size_t kept = 0;

    for (size_t i = 0; i < n->acks.n; i++) {
        if (held_by(n, &n->acks.h[i]))
            n->acks.h[kept++] = n->acks.h[i];
        else
            sim_heads_append(&n->owed, &n->acks.h[i]);
    }
    n->acks.n = kept;
    for (size_t i = 0; i < s->hazard_n; i++)
        if (!held_anywhere(s, &s->hazard[i].entry))
            s->hazard[i].forgotten = true;
    for (size_t i = 0; i < s->node_count; i++) {
        struct sim_heads *owed = &s->node[i].owed;

        for (size_t k = 0; k < owed->n;) {
            if (held_anywhere(s, &owed->h[k]))
                k++;
            else
                owed->h[k] = owed->h[--owed->n];
        }
    }
}

void sim_node_restore(struct sim_node *n)
{
    CR_ASSERT(n->state == SIM_DOWN);
    if (n->backup == NULL)
        return;
    if (!load_image(n)) {
        sim_fail(n->sim, "node %zu: backup cannot be put back: %s", n->index,
                 sqlite3_errmsg(n->anchor));
        return;
    }
    sim_heads_copy(&n->durable, &n->backup_heads);
    sim_book_restored(n);
    account(n);
    n->sim->count.restores++;
    sim_trace(n->sim, "n%zu put back to an older backup", n->index);
}

/* ---- time ---- */

static void rearm(struct sim_node *n)
{
    struct sim *s = n->sim;
    uint64_t deadline = nd_driver_deadline(n->driver), now = sim_node_mono(n), at;

    if (deadline == UINT64_MAX) {
        at = UINT64_MAX;
    } else {
        uint64_t wait = deadline > now ? deadline - now : 0;

        /* rounded up, so that the node's own clock has passed the deadline; never at once */
        at = s->now_ms + wait * MILLION / n->rate_ppm + 1;
    }
    if (at == n->tick_at)
        return;
    n->tick_at = at;
    n->tick_gen++;
    if (at != UINT64_MAX)
        sim_push(s, at - s->now_ms, SIM_EV_TICK, (uint32_t)n->index, n->tick_gen, 0);
}

void sim_node_after(struct sim_node *n, bool flush)
{
    struct sim *s = n->sim;

    if (n->state == SIM_DYING) {
        bool silent = (s->faults & SIM_F_SILENT) != 0 && ts_prng_chance(&s->rng, 1, 2);

        sim_node_kill(n, silent);
        return;
    }
    if (n->state != SIM_UP || s->failed)
        return;
    rearm(n);
    if (flush && !n->flush_queued) {
        n->flush_queued = true;
        sim_push(s, ts_prng_below(&s->rng, 3), SIM_EV_FLUSH, (uint32_t)n->index, n->boots, 0);
    }
}

void sim_node_tick(struct sim_node *n, uint32_t gen)
{
    if (n->state != SIM_UP || gen != n->tick_gen)
        return;
    n->tick_at = UINT64_MAX;
    nd_driver_tick(n->driver);
    sim_node_after(n, false);
    sim_check_step(n->sim, n, true);
}

void sim_node_flush(struct sim_node *n)
{
    n->flush_queued = false;
    if (n->state != SIM_UP)
        return;
    nd_driver_flush(n->driver);
    sim_node_after(n, false);
    sim_check_step(n->sim, n, true);
}
