/* What goes wrong, by the seed: each world switches on about half of the faults (swarm testing: a
 * fault that always acts hides those it masks). */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

static const struct {
    uint32_t bit;
    const char *name;
} names[] = {
    {SIM_F_LOSS, "loss"},       {SIM_F_SPLIT, "split"},         {SIM_F_LATE, "late"},
    {SIM_F_ONEWAY, "one-way"},  {SIM_F_PARTITION, "partition"}, {SIM_F_RATE, "rate"},
    {SIM_F_CLOG, "clog"},       {SIM_F_SILENT, "silent"},       {SIM_F_REFUSE, "refuse"},
    {SIM_F_CRASH, "crash"},     {SIM_F_STOP, "stop"},           {SIM_F_RESTORE, "restore"},
    {SIM_F_FULL, "full"},       {SIM_F_SKEW, "skew"},           {SIM_F_STEP, "step"},
    {SIM_F_DRIFT, "drift"},     {SIM_F_PAUSE, "pause"},         {SIM_F_REPLAY, "replay"},
    {SIM_F_DISTANT, "distant"}, {SIM_F_CORRUPT, "corrupt"},     {SIM_F_PEERS, "peers"},
};
#define NAME_COUNT (sizeof names / sizeof names[0])

static const int64_t skews_ms[] = {
    0, 30000, -30000, 86400000, -86400000, INT64_C(315360000000), INT64_C(-315360000000)};

static int64_t some_skew(struct sim *s)
{
    int64_t of = skews_ms[ts_prng_below(&s->rng, sizeof skews_ms / sizeof skews_ms[0])];

    return of + (int64_t)ts_prng_below(&s->rng, 10000);
}

void sim_fault_swarm(struct sim *s)
{
    struct ts_prng *r = &s->rng;

    for (size_t i = 0; i < NAME_COUNT; i++)
        if (ts_prng_chance(r, 1, 2))
            s->faults |= names[i].bit;
    if (s->o.mask != 0)
        s->faults &= s->o.mask;
    if (s->o.nodes == 0)
        s->node_count = 1 + s->villages + (size_t)ts_prng_below(r, 6);
    s->plain = !ts_prng_chance(r, 1, 5);
    s->act_mean_ms = ts_prng_range(r, 300, 2000);
    s->fault_mean_ms = ts_prng_range(r, 400, 6000);
    s->backlogs = ts_prng_chance(r, 1, 4);
    if (s->o.minutes == 0)
        s->o.minutes = ts_prng_range(r, 2, 6);
    s->latency_min = 1;
    s->latency_max = ts_prng_range(r, 2, 60);
    if ((s->faults & SIM_F_DISTANT) != 0) {
        s->latency_min = ts_prng_range(r, 20, 200);
        s->latency_max = s->latency_min + ts_prng_range(r, 10, 800);
    }
    if ((s->faults & SIM_F_LOSS) != 0) {
        s->loss_ppm = ts_prng_range(r, 1000, 200000);
        s->reset_ppm = ts_prng_range(r, 0, 20000);
    }
    if ((s->faults & SIM_F_CORRUPT) != 0)
        s->corrupt_ppm = ts_prng_range(r, 100, 10000);
    s->refuse_ppm = ts_prng_range(r, 50000, 500000);
    for (size_t i = 0; i < s->node_count; i++) {
        struct sim_node *n = &s->node[i];

        if ((s->faults & SIM_F_SKEW) != 0)
            n->skew_ms = some_skew(s);
        if ((s->faults & SIM_F_RATE) != 0 && ts_prng_chance(r, 1, 2))
            n->uplink_bytes_s = ts_prng_range(r, 2000, 200000);
    }
}

void sim_fault_describe(const struct sim *s, char *out, size_t n)
{
    size_t at = (size_t)snprintf(
        out, n, "%zu nodes, %s links, latency %llu..%llu ms, faults:", s->node_count,
        s->plain ? "plain" : "encrypted", (unsigned long long)s->latency_min,
        (unsigned long long)s->latency_max);

    for (size_t i = 0; i < NAME_COUNT && at < n; i++)
        if ((s->faults & names[i].bit) != 0)
            at += (size_t)snprintf(out + at, n - at, " %s", names[i].name);
}

void sim_cut(struct sim *s, size_t from, size_t to, bool cut)
{
    if (cut)
        s->cut[from][to]++;
    else if (s->cut[from][to] > 0)
        s->cut[from][to]--;
}

/* arg: bit i set means node i is in the first group. */
static void partition(struct sim *s, uint64_t group, bool cut)
{
    for (size_t a = 0; a < s->node_count; a++)
        for (size_t b = 0; b < s->node_count; b++)
            if (((group >> a) & 1) != ((group >> b) & 1))
                sim_cut(s, a, b, cut);
}

void sim_fault_event(struct sim *s, const struct sim_event *e)
{
    if (e->type == SIM_EV_DISK_OK) {
        s->node[e->a].disk_full = false;
        sim_trace(s, "n%u disk has room again", e->a);
    } else if (s->calm) {
        return; /* the heal has removed all cuts */
    } else if (e->arg != 0) {
        partition(s, e->arg, false);
    } else {
        sim_cut(s, e->a, e->b, false);
    }
}

static struct sim_node *some(struct sim *s)
{
    return &s->node[ts_prng_below(&s->rng, s->node_count)];
}

static uint64_t a_while(struct sim *s)
{
    static const uint64_t longest[] = {3000, 20000, 90000};

    return ts_prng_range(&s->rng, 500, longest[ts_prng_below(&s->rng, 3)]);
}

static void fault_link(struct sim *s, uint32_t bit)
{
    size_t a = some(s)->index, b = ts_prng_chance(&s->rng, 1, 2) ? 0 : some(s)->index;
    uint64_t group = 0;

    if (bit == SIM_F_PARTITION) {
        for (size_t i = 0; i < s->node_count; i++)
            if (ts_prng_chance(&s->rng, 1, 3))
                group |= UINT64_C(1) << i;
        if (group == 0)
            return;
        partition(s, group, true);
        sim_trace(s, "partition %llx", (unsigned long long)group);
        sim_push(s, a_while(s), SIM_EV_UNCUT, 0, 0, group);
        return;
    }
    if (a == b)
        return;
    if (bit == SIM_F_CLOG) {
        s->clogged_until[a][b] = s->now_ms + a_while(s);
        sim_trace(s, "clog n%zu -> n%zu", a, b);
        return;
    }
    if (ts_prng_chance(&s->rng, 1, 2)) {
        size_t swap = a;

        a = b;
        b = swap;
    }
    sim_cut(s, a, b, true);
    sim_trace(s, "cut n%zu -> n%zu", a, b);
    sim_push(s, a_while(s), SIM_EV_UNCUT, (uint32_t)a, (uint32_t)b, 0);
}

static void come_back(struct sim_node *n)
{
    sim_push(n->sim, a_while(n->sim), SIM_EV_BOOT, (uint32_t)n->index, 0, 0);
}

static void fault_node(struct sim *s, struct sim_node *n, uint32_t bit)
{
    if (bit == SIM_F_CRASH && n->state == SIM_UP) {
        /* somewhere in what it does next; a node that rests is killed where it stands */
        if (ts_prng_chance(&s->rng, 3, 4))
            n->effects_left = 1 + ts_prng_below(&s->rng, 60);
        else
            sim_node_kill(n, ts_prng_chance(&s->rng, 1, 2));
    } else if (bit == SIM_F_STOP && n->state == SIM_UP) {
        sim_node_stop(n);
        s->count.stops++;
    } else if (bit == SIM_F_RESTORE) {
        if (n->state == SIM_UP && (n->backup == NULL || ts_prng_chance(&s->rng, 1, 2))) {
            sim_node_backup(n);
        } else if (n->backup != NULL) {
            sim_node_kill(n, true);
            sim_node_restore(n);
        }
    } else if (bit == SIM_F_FULL && n->state == SIM_UP) {
        n->disk_full = true;
        sim_trace(s, "n%zu disk full", n->index);
        sim_push(s, a_while(s), SIM_EV_DISK_OK, (uint32_t)n->index, 0, 0);
    } else if (bit == SIM_F_STEP) {
        n->skew_ms = some_skew(s);
        sim_trace(s, "n%zu clock steps to %lld", n->index, (long long)n->skew_ms);
    } else if (bit == SIM_F_PEERS && n->state == SIM_UP) {
        if (ts_prng_chance(&s->rng, 1, 3)) {
            nd_driver_dial_now(n->driver, NULL);
            sim_node_after(n, true);
        } else {
            sim_node_toggle_peer(n, false);
        }
    } else if (bit == SIM_F_PAUSE && n->state == SIM_UP) {
        n->paused_until = s->now_ms + a_while(s) / 3;
        sim_trace(s, "n%zu stands still", n->index);
    }
}

void sim_fault_random(struct sim *s)
{
    static const uint32_t events = SIM_F_ONEWAY | SIM_F_PARTITION | SIM_F_CLOG | SIM_F_CRASH |
                                   SIM_F_STOP | SIM_F_RESTORE | SIM_F_FULL | SIM_F_STEP |
                                   SIM_F_PAUSE | SIM_F_REPLAY | SIM_F_PEERS;
    uint32_t bit = 0;

    for (unsigned tries = 0; tries < 16 && (s->faults & events & bit) == 0; tries++)
        bit = names[ts_prng_below(&s->rng, NAME_COUNT)].bit;
    if ((s->faults & events & bit) != 0) {
        if (bit == SIM_F_ONEWAY || bit == SIM_F_PARTITION || bit == SIM_F_CLOG)
            fault_link(s, bit);
        else if (bit == SIM_F_REPLAY)
            sim_net_replay(s);
        else
            fault_node(s, some(s), bit);
    }
    for (size_t i = 0; i < s->node_count; i++)
        if (s->node[i].state == SIM_DOWN && ts_prng_chance(&s->rng, 1, 3))
            come_back(&s->node[i]);
}

void sim_fault_heal(struct sim *s)
{
    s->calm = true;
    sim_trace(s, "heal");
    sim_net_heal(s);
    for (size_t i = 0; i < s->node_count; i++) {
        struct sim_node *n = &s->node[i];

        n->effects_left = 0;
        n->disk_full = false;
        n->paused_until = 0;
        n->uplink_bytes_s = 0;
        if (n->state == SIM_UP)
            sim_node_toggle_peer(n, true);
        if (n->state == SIM_DOWN)
            sim_push(s, ts_prng_below(&s->rng, 5000), SIM_EV_BOOT, (uint32_t)i, 0, 0);
    }
}
