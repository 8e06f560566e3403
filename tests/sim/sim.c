/* The world: queue, time, trace, and the course of one seed:
 *   certificates → villages boot → adversity (acts and faults) → heal → convergence → final checks
 */
#include "tests/sim/sim_invariant.h"

#include "crypto/base/assert.h"
#include "crypto/rng.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE_MS    (UINT64_C(15) * 60000) /* after the heal: idle sessions must time out and the */
#define SETTLE_STEPS 4000000                /* longest back-off must pass */
#define FNV_OFFSET   UINT64_C(14695981039346656037)
#define FNV_PRIME    UINT64_C(1099511628211)

void *sim_grow(void *list, size_t *cap, size_t n, size_t size)
{
    void *more;

    if (n < *cap)
        return list;
    *cap = *cap == 0 ? 16 : *cap * 2;
    more = realloc(list, *cap * size);
    CR_ASSERT(more != NULL);
    return more;
}

/* ---- trace ---- */

void sim_hash(struct sim *s, struct cr_span bytes)
{
    uint64_t h = s->trace_hash;

    for (size_t i = 0; i < bytes.n; i++)
        h = (h ^ bytes.p[i]) * FNV_PRIME;
    s->trace_hash = h;
}

void sim_trace(struct sim *s, const char *fmt, ...)
{
    char line[400];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    sim_hash(s, cr_span_text(line));
    if (s->o.trace)
        (void)fprintf(stderr, "[%8llu.%03llu] %s\n", (unsigned long long)(s->now_ms / 1000),
                      (unsigned long long)(s->now_ms % 1000), line);
}

void sim_fail(struct sim *s, const char *fmt, ...)
{
    va_list ap;

    char prefix[8];

    if (s->failed)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(s->reason, sizeof s->reason, fmt, ap);
    va_end(ap);
    (void)snprintf(prefix, sizeof prefix, "I%u ", s->o.only);
    if (s->o.only != 0 && strncmp(s->reason, prefix, strlen(prefix)) != 0)
        return;
    s->failed = true;
    sim_trace(s, "FAILED: %s", s->reason);
}

/* ---- queue: a binary heap ---- */

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

void sim_push(struct sim *s, uint64_t delay_ms, enum sim_event_type type, uint32_t a, uint32_t b,
              uint64_t arg)
{
    struct sim_event e = {
        .at = s->now_ms + delay_ms, .seq = s->seq++, .type = type, .a = a, .b = b, .arg = arg};
    size_t i = s->queue_n;

    s->queue = sim_grow(s->queue, &s->queue_cap, s->queue_n, sizeof *s->queue);
    s->queue_n++;
    while (i > 0 && earlier(&e, &s->queue[(i - 1) / 2])) {
        s->queue[i] = s->queue[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    s->queue[i] = e;
}

static struct sim_event pop(struct sim *s)
{
    struct sim_event top = s->queue[0], last = s->queue[--s->queue_n];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= s->queue_n)
            break;
        if (child + 1 < s->queue_n && earlier(&s->queue[child + 1], &s->queue[child]))
            child++;
        if (!earlier(&s->queue[child], &last))
            break;
        s->queue[i] = s->queue[child];
        i = child;
    }
    s->queue[i] = last;
    return top;
}

/* ---- steps ---- */

/* Events of a node that stands still wait until it moves again. */
static bool postponed(struct sim *s, const struct sim_event *e)
{
    uint64_t until;

    if (e->type != SIM_EV_TICK && e->type != SIM_EV_FLUSH)
        return false;
    until = s->node[e->a].paused_until;
    if (until <= s->now_ms)
        return false;
    sim_push(s, until - s->now_ms, e->type, e->a, e->b, e->arg);
    return true;
}

static void dispatch(struct sim *s, const struct sim_event *e)
{
    switch (e->type) {
    case SIM_EV_BOOT: sim_node_boot(&s->node[e->a]); break;
    case SIM_EV_TICK: sim_node_tick(&s->node[e->a], e->b); break;
    case SIM_EV_FLUSH: sim_node_flush(&s->node[e->a]); break;
    case SIM_EV_SYN:
    case SIM_EV_CONNECTED:
    case SIM_EV_DELIVER:
    case SIM_EV_FIN:
    case SIM_EV_GONE: sim_net_event(s, e); break;
    case SIM_EV_ACT:
        if (s->acting) {
            sim_act_random(s);
            sim_push(s, 1 + ts_prng_below(&s->rng, 2 * s->act_mean_ms), SIM_EV_ACT, 0, 0, 0);
        }
        break;
    case SIM_EV_FAULT:
        if (!s->calm) {
            sim_fault_random(s);
            sim_push(s, 1 + ts_prng_below(&s->rng, 2 * s->fault_mean_ms), SIM_EV_FAULT, 0, 0, 0);
        }
        break;
    case SIM_EV_UNCUT:
    case SIM_EV_DISK_OK: sim_fault_event(s, e); break;
    case SIM_EV_LIAR: s->liar_act(s->liars); break;
    }
}

bool sim_step(struct sim *s)
{
    struct sim_event e;

    if (s->failed || s->queue_n == 0)
        return false;
    e = pop(s);
    CR_ASSERT(e.at >= s->now_ms);
    s->now_ms = e.at;
    s->steps++;
    if (!postponed(s, &e))
        dispatch(s, &e);
    return !s->failed;
}

bool sim_run_until(struct sim *s, uint64_t at_ms)
{
    while (!s->failed && s->queue_n > 0 && s->queue[0].at <= at_ms)
        (void)sim_step(s);
    if (!s->failed && s->now_ms < at_ms)
        s->now_ms = at_ms;
    return !s->failed;
}

bool sim_run_while(struct sim *s, bool (*done)(struct sim *s), uint64_t at_ms)
{
    uint64_t limit = s->steps + SETTLE_STEPS;

    while (!s->failed) {
        if (done(s))
            return true;
        if (s->now_ms >= at_ms || s->steps > limit)
            return false;
        (void)sim_run_until(s, s->now_ms + 1000);
    }
    return false;
}

/* ---- a world ---- */

struct sim *sim_new(const struct sim_options *o)
{
    struct sim *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->o = *o;
    s->trace_hash = FNV_OFFSET;
    ts_prng_init(&s->rng, o->seed);
    ts_prng_init(&s->watch, o->seed ^ UINT64_C(0x3a7c));
    cr_rng_reseed(o->seed);
    s->villages = o->villages != 0 ? o->villages : SIM_VILLAGES;
    s->node_count = o->nodes != 0 ? o->nodes : 1 + s->villages;
    s->latency_min = 2;
    s->latency_max = 20;
    s->act_mean_ms = 1000;
    s->fault_mean_ms = 4000;
    s->plain = true;
    s->calm = true;
    if (o->swarm)
        sim_fault_swarm(s);
    if (o->crypto)
        s->plain = false;
    CR_ASSERT(s->villages <= SIM_VILLAGES);
    CR_ASSERT(s->node_count >= 1 + s->villages && s->node_count <= SIM_NODES_MAX);
    sim_wrap_world(s);
    sim_space_make(s);
    for (size_t i = 0; i < s->node_count; i++)
        sim_node_init(s, i);
    sim_node_boot(&s->node[0]);
    if (!s->failed)
        sim_space_certify(s);
    for (size_t i = 1; i < s->node_count; i++)
        sim_push(s, ts_prng_below(&s->rng, 5000), SIM_EV_BOOT, (uint32_t)i, 0, 0);
    return s;
}

void sim_free(struct sim *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->node_count; i++)
        sim_node_release(&s->node[i]);
    sim_net_release(s);
    sim_book_release(&s->book);
    free(s->street_cut);
    sim_wrap_world(NULL);
    free(s->hazard);
    free(s->queue);
    free(s->replay);
    free(s);
}

bool sim_run_all(struct sim *s)
{
    uint64_t end = (s->o.minutes != 0 ? s->o.minutes : 4) * 60000;
    char text[400];

    s->calm = false;
    s->acting = true;
    sim_push(s, 1000, SIM_EV_ACT, 0, 0, 0);
    sim_push(s, 1000, SIM_EV_FAULT, 0, 0, 0);
    if (!sim_run_until(s, end))
        return false;
    s->acting = false;
    sim_fault_heal(s);
    if (!sim_run_while(s, sim_converged, s->now_ms + SETTLE_MS)) {
        sim_check_differences(s, text, sizeof text);
        sim_fail(s, "no convergence within the budget after the heal: %s", text);
    }
    if (!s->failed)
        sim_check_end(s);
    if (!s->failed)
        sim_invariants_end(s);
    return !s->failed;
}
