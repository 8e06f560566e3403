/* The network: struct nd_ports on virtual connections.
 *
 * A connection is two byte streams. What is written is cut into pieces, each with its time of
 * arrival (latency, rate, retransmissions, clogs), never before the piece in front of it. Pieces
 * that meet a cut link wait and are tried again; after SIM_STALL_MS the sender's side dies, the
 * receiver's stays half-open. A side is named to its driver by 2 × index + side + 1. */
#include "tests/sim/sim_invariant.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLAY_BYTES 8192

struct piece {
    struct piece *next;
    size_t n;
    uint8_t bytes[];
};

/* From side i to the other. */
struct stream {
    struct piece *first, **last;
    uint64_t arrival, rate_free_at, stalled_since;
    uint64_t bytes;
    bool fin; /* closed by the sender once the pieces are through */
};

struct sim_conn {
    size_t node[2];                /* initiator, acceptor; SIM_NODES_MAX: a stranger */
    uint32_t boots[2];             /* of the node when its side was opened */
    bool open[2];                  /* the driver knows this side */
    bool told[2];                  /* a SIM_EV_GONE for this side is on its way */
    bool silent[2];                /* died without a word */
    struct stream to[2];           /* [i]: from side i */
    size_t first_bytes;            /* copied for a replay */
    const struct sim_guest *guest; /* of side 0, where node[0] is a stranger; may be NULL */
    unsigned host;
};

static uint32_t side_id(size_t index, unsigned side)
{
    return (uint32_t)(index * 2 + side + 1);
}

static struct sim_conn *conn_at(struct sim *s, size_t index)
{
    return index < s->conn_n ? s->conn[index] : NULL;
}

/* The side a driver means by this number, or NULL. */
static struct sim_conn *conn_of(struct sim_node *n, uint32_t id, unsigned *side)
{
    struct sim_conn *c = id == 0 ? NULL : conn_at(n->sim, (id - 1) / 2);

    *side = (id - 1) % 2;
    if (c == NULL || !c->open[*side] || c->node[*side] != n->index || c->boots[*side] != n->boots)
        return NULL;
    return c;
}

static uint64_t latency(struct sim *s)
{
    return ts_prng_range(&s->rng, s->latency_min, s->latency_max);
}

static bool is_cut(const struct sim *s, size_t from, size_t to)
{
    return from < SIM_NODES_MAX && to < SIM_NODES_MAX && s->cut[from][to] != 0;
}

static bool alive(const struct sim *s, const struct sim_conn *c, unsigned side)
{
    const struct sim_node *n;

    if (c->node[side] == SIM_NODES_MAX)
        return true;
    n = &s->node[c->node[side]];
    return c->open[side] && n->state == SIM_UP && n->boots == c->boots[side];
}

static void drop_pieces(struct stream *st)
{
    while (st->first != NULL) {
        struct piece *p = st->first;

        st->first = p->next;
        free(p);
    }
    st->last = &st->first;
    st->bytes = 0;
}

static void conn_forget(struct sim *s, size_t index)
{
    struct sim_conn *c = s->conn[index];

    drop_pieces(&c->to[0]);
    drop_pieces(&c->to[1]);
    free(c);
    s->conn[index] = NULL;
}

/* The side's driver will hear that its connection has ended. */
static void tell_gone(struct sim *s, size_t index, unsigned side, uint64_t delay_ms, int status)
{
    struct sim_conn *c = s->conn[index];

    if (c->told[side] || !c->open[side])
        return;
    c->told[side] = true;
    sim_push(s, delay_ms, SIM_EV_GONE, (uint32_t)index, side, (uint64_t)(-status));
}

/* ---- ports ---- */

static uint64_t port_now(void *arg)
{
    return sim_node_mono(arg);
}

static uint64_t port_wall(void *arg)
{
    const struct sim_node *n = arg;

    return (uint64_t)((int64_t)(SIM_WALL_MS + n->sim->now_ms) + n->skew_ms);
}

static uint32_t port_jitter(void *arg, uint32_t n)
{
    struct sim_node *node = arg;

    return (uint32_t)ts_prng_below(&node->sim->rng, n);
}

static void port_log(void *arg, int level, const char *line)
{
    struct sim_node *n = arg;

    sim_trace(n->sim, "n%zu log%d %s", n->index, level, line);
}

/* One piece: when it arrives, by everything that can hold it back. */
static void send_piece(struct sim *s, size_t index, unsigned side, struct cr_span bytes)
{
    struct sim_conn *c = s->conn[index];
    struct stream *st = &c->to[side];
    size_t from = c->node[side], to = c->node[1 - side];
    struct piece *p = malloc(sizeof *p + bytes.n);
    uint64_t at = s->now_ms;

    CR_ASSERT(p != NULL);
    p->next = NULL;
    p->n = bytes.n;
    memcpy(p->bytes, bytes.p, bytes.n);
    if (!s->calm && ts_prng_chance(&s->rng, s->corrupt_ppm, 1000000)) {
        s->count.corrupted++;
        p->bytes[ts_prng_below(&s->rng, p->n)] ^= (uint8_t)ts_prng_range(&s->rng, 1, 255);
        sim_trace(s, "c%zu corrupted", index);
    }
    *st->last = p;
    st->last = &p->next;
    st->bytes += bytes.n;
    if (from < SIM_NODES_MAX && s->node[from].uplink_bytes_s != 0) {
        if (st->rate_free_at > at)
            at = st->rate_free_at;
        at += bytes.n * 1000 / s->node[from].uplink_bytes_s;
        st->rate_free_at = at;
    }
    at += latency(s);
    for (uint64_t rto = 200;
         !s->calm && rto < 7000 && ts_prng_chance(&s->rng, s->loss_ppm, 1000000); rto *= 2)
        at += rto;
    if (from < SIM_NODES_MAX && to < SIM_NODES_MAX && s->clogged_until[from][to] > at)
        at = s->clogged_until[from][to];
    if (at < st->arrival)
        at = st->arrival;
    st->arrival = at;
    sim_push(s, at - s->now_ms, SIM_EV_DELIVER, (uint32_t)index, side, 0);
}

static void keep_for_replay(struct sim *s, struct sim_conn *c, struct cr_span bytes)
{
    if ((s->faults & SIM_F_REPLAY) == 0 || c->node[0] == SIM_NODES_MAX)
        return;
    if (c->first_bytes == 0) {
        if (!ts_prng_chance(&s->rng, 1, 8))
            return;
        s->replay_bytes = 0;
        s->replay_to = c->node[1];
    }
    if (c->first_bytes != s->replay_bytes || c->first_bytes + bytes.n > REPLAY_BYTES)
        return;
    if (s->replay == NULL)
        s->replay = malloc(REPLAY_BYTES);
    CR_ASSERT(s->replay != NULL);
    memcpy(s->replay + s->replay_bytes, bytes.p, bytes.n);
    s->replay_bytes += bytes.n;
    c->first_bytes += bytes.n;
}

static void write_stream(struct sim *s, size_t index, unsigned side, struct cr_span bytes)
{
    bool split = !s->calm && (s->faults & SIM_F_SPLIT) != 0;

    while (bytes.n > 0) {
        size_t n = bytes.n;

        if (split && ts_prng_chance(&s->rng, 1, 2))
            n = (size_t)ts_prng_range(&s->rng, 1, n);
        send_piece(s, index, side, (struct cr_span){bytes.p, n});
        bytes = (struct cr_span){bytes.p + n, bytes.n - n};
    }
}

static int port_write(void *arg, uint32_t id, struct cr_span bytes, size_t *queued)
{
    struct sim_node *n = arg;
    struct sim *s = n->sim;
    unsigned side;
    struct sim_conn *c;

    if (sim_effect(n))
        return ST_UNREACHABLE;
    c = conn_of(n, id, &side);
    if (c == NULL || c->told[side])
        return ST_UNREACHABLE;
    if (side == 0)
        keep_for_replay(s, c, bytes);
    s->count.bytes += bytes.n;
    write_stream(s, (id - 1) / 2, side, bytes);
    if (queued != NULL)
        *queued = (size_t)c->to[side].bytes;
    if (!s->calm && ts_prng_chance(&s->rng, s->reset_ppm, 1000000)) {
        s->count.resets++;
        sim_trace(s, "c%u reset", (id - 1) / 2);
        tell_gone(s, (id - 1) / 2, 0, latency(s), ST_UNREACHABLE);
        tell_gone(s, (id - 1) / 2, 1, latency(s), ST_UNREACHABLE);
    }
    return ST_OK;
}

static void port_close(void *arg, uint32_t id, bool flush, uint32_t delay_ms)
{
    struct sim_node *n = arg;
    struct sim *s = n->sim;
    unsigned side;
    struct sim_conn *c;
    uint64_t at = s->now_ms + delay_ms + latency(s);

    if (sim_effect(n))
        return;
    c = conn_of(n, id, &side);
    if (c == NULL)
        return;
    c->open[side] = false;
    if (!flush)
        drop_pieces(&c->to[side]);
    else if (c->to[side].arrival > at)
        at = c->to[side].arrival;
    sim_push(s, at - s->now_ms, SIM_EV_FIN, (id - 1) / 2, side, 0);
}

static size_t node_of_addr(const char *addr)
{
    const char *dot = strrchr(addr, '.'), *colon = strrchr(addr, ':');
    uint64_t v = SIM_NODES_MAX;

    if (dot == NULL || colon == NULL || colon < dot ||
        cr_parse_u64(dot + 1, (size_t)(colon - dot - 1), SIM_NODES_MAX - 1, &v) != ST_OK)
        return SIM_NODES_MAX;
    return (size_t)v;
}

static size_t conn_new(struct sim *s, size_t from, size_t to)
{
    struct sim_conn *c = calloc(1, sizeof *c);

    CR_ASSERT(c != NULL);
    c->node[0] = from;
    c->node[1] = to;
    c->to[0].last = &c->to[0].first;
    c->to[1].last = &c->to[1].first;
    c->open[0] = true;
    c->boots[0] = from < SIM_NODES_MAX ? s->node[from].boots : 0;
    s->conn = sim_grow(s->conn, &s->conn_cap, s->conn_n, sizeof(struct sim_conn *));
    s->conn[s->conn_n] = c;
    return s->conn_n++;
}

static int port_dial(void *arg, const char *addr, uint32_t *id)
{
    struct sim_node *n = arg;
    size_t to = node_of_addr(addr), index;

    if (sim_effect(n) || to >= n->sim->node_count)
        return ST_UNREACHABLE;
    index = conn_new(n->sim, n->index, to);
    *id = side_id(index, 0);
    sim_push(n->sim, latency(n->sim), SIM_EV_SYN, (uint32_t)index, 0, 0);
    return ST_OK;
}

void sim_net_ports(struct sim_node *n, struct nd_ports *out)
{
    *out = (struct nd_ports){.arg = n,
                             .now_ms = port_now,
                             .wall_ms = port_wall,
                             .conn_write = port_write,
                             .conn_close = port_close,
                             .dial = port_dial,
                             .jitter = port_jitter,
                             .log = port_log};
}

/* ---- events ---- */

static void on_syn(struct sim *s, size_t index)
{
    struct sim_conn *c = s->conn[index];
    struct sim_node *to = &s->node[c->node[1]];
    bool refused = !s->calm && (s->faults & SIM_F_REFUSE) != 0 &&
                   ts_prng_chance(&s->rng, s->refuse_ppm, 1000000);
    char addr[32];

    if (is_cut(s, c->node[0], c->node[1]) || sim_plant_alone(c->node[0], c->node[1]) ||
        (refused && ts_prng_chance(&s->rng, 1, 2)) ||
        (to->state != SIM_UP && (s->faults & SIM_F_SILENT) != 0))
        return; /* never answered: the driver's own limit ends it */
    if (refused || to->state != SIM_UP) {
        tell_gone(s, index, 0, latency(s), ST_UNREACHABLE);
        return;
    }
    c->open[1] = true;
    c->boots[1] = to->boots;
    (void)snprintf(addr, sizeof addr, "10.0.%u.%zu:%zu", c->guest != NULL ? 9u : 0u,
                   c->guest != NULL ? (size_t)c->host : c->node[0], 20000 + index % 40000);
    if (nd_driver_accepted(to->driver, side_id(index, 1), addr) != ST_OK) {
        c->open[1] = false;
        tell_gone(s, index, 0, latency(s), ST_UNREACHABLE);
    } else if (!is_cut(s, c->node[1], c->node[0])) {
        sim_push(s, latency(s), SIM_EV_CONNECTED, (uint32_t)index, 0, 0);
    }
    sim_node_after(to, true);
}

static void on_connected(struct sim *s, size_t index)
{
    struct sim_conn *c = s->conn[index];

    if (c->guest != NULL && c->open[0] && !c->told[0])
        c->guest->connected(c->guest->arg, index);
    if (c->node[0] == SIM_NODES_MAX || !alive(s, c, 0) || c->told[0])
        return;
    nd_driver_connected(s->node[c->node[0]].driver, side_id(index, 0));
    sim_node_after(&s->node[c->node[0]], true);
}

/* The piece in front meets a cut link or a dead receiver. */
static void stalled(struct sim *s, size_t index, unsigned side)
{
    struct sim_conn *c = s->conn[index];
    struct stream *st = &c->to[side];

    if (st->stalled_since == 0)
        st->stalled_since = s->now_ms;
    if (s->now_ms - st->stalled_since >= SIM_STALL_MS) {
        drop_pieces(st);
        tell_gone(s, index, side, 0, ST_TIMEOUT);
        return;
    }
    st->arrival = s->now_ms + ts_prng_range(&s->rng, 300, 2000);
    sim_push(s, st->arrival - s->now_ms, SIM_EV_DELIVER, (uint32_t)index, side, 0);
}

static struct piece *take(struct stream *st)
{
    struct piece *p = st->first;

    st->first = p->next;
    if (st->first == NULL)
        st->last = &st->first;
    st->bytes -= p->n;
    return p;
}

/* A stranger does not listen; a guest does. */
static void deliver_guest(struct sim_conn *c, size_t index, struct stream *st)
{
    struct piece *p;

    if (c->guest == NULL || !c->open[0] || c->told[0]) {
        drop_pieces(st);
    } else if (st->first != NULL) {
        p = take(st);
        c->guest->bytes(c->guest->arg, index, (struct cr_span){p->bytes, p->n});
        free(p);
    }
}

static void deliver(struct sim *s, size_t index, unsigned side)
{
    struct sim_conn *c = s->conn[index];
    struct stream *st = &c->to[side];
    struct sim_node *to;
    struct piece *p;

    if (c->node[1 - side] == SIM_NODES_MAX) {
        deliver_guest(c, index, st);
        return;
    }
    if (st->first == NULL)
        return;
    to = &s->node[c->node[1 - side]];
    if (is_cut(s, c->node[side], to->index) || (to->state != SIM_UP && c->silent[1 - side]) ||
        to->paused_until > s->now_ms) {
        stalled(s, index, side);
        return;
    }
    st->stalled_since = 0;
    p = take(st);
    if (!alive(s, c, 1 - side) || c->told[1 - side]) {
        tell_gone(s, index, side, latency(s), ST_UNREACHABLE); /* reset by the peer's system */
        if ((s->faults & SIM_F_LATE) != 0 && to->state == SIM_UP) {
            s->count.late++;
            nd_driver_bytes(to->driver, side_id(index, 1 - side), (struct cr_span){p->bytes, p->n});
            sim_node_after(to, true);
        }
        free(p);
        return;
    }
    sim_hash(s, (struct cr_span){p->bytes, p->n});
    sim_trace(s, "c%zu n%zu -> n%zu %zu bytes", index, c->node[side], to->index, p->n);
    nd_driver_bytes(to->driver, side_id(index, 1 - side), (struct cr_span){p->bytes, p->n});
    free(p);
    sim_node_after(to, true);
    sim_check_step(s, to, false);
}

/* The other side closed, or its system answered with a reset. */
static void on_gone(struct sim *s, size_t index, unsigned side, int status)
{
    struct sim_conn *c = s->conn[index];
    bool lives = c->node[side] < SIM_NODES_MAX && alive(s, c, side);
    struct sim_node *n = lives ? &s->node[c->node[side]] : NULL;
    bool tell = c->guest != NULL && side == 0 && c->open[0];

    c->open[side] = false;
    if (tell)
        c->guest->gone(c->guest->arg, index);
    if (n != NULL) {
        sim_trace(s, "c%zu gone at n%zu: %s", index, n->index, st_text((enum st_code)status));
        nd_driver_disconnected(n->driver, side_id(index, side), status);
        sim_node_after(n, true);
    }
}

static void on_fin(struct sim *s, size_t index, unsigned side)
{
    struct sim_conn *c = s->conn[index];

    if (c->to[side].first != NULL) {
        sim_push(s, 200, SIM_EV_FIN, (uint32_t)index, side, 0); /* behind what is still queued */
        return;
    }
    /* A cut link loses the farewell: the other side is half-open. */
    if (c->open[1 - side] && !is_cut(s, c->node[side], c->node[1 - side]))
        tell_gone(s, index, 1 - side, 0, ST_UNREACHABLE);
}

static void maybe_forget(struct sim *s, size_t index)
{
    struct sim_conn *c = s->conn[index];

    if (c->open[0] || c->open[1] || c->to[0].first != NULL || c->to[1].first != NULL)
        return;
    conn_forget(s, index);
}

void sim_net_event(struct sim *s, const struct sim_event *e)
{
    if (conn_at(s, e->a) == NULL)
        return;
    switch (e->type) {
    case SIM_EV_SYN: on_syn(s, e->a); break;
    case SIM_EV_CONNECTED: on_connected(s, e->a); break;
    case SIM_EV_DELIVER: deliver(s, e->a, e->b); break;
    case SIM_EV_FIN: on_fin(s, e->a, e->b); break;
    case SIM_EV_GONE: on_gone(s, e->a, e->b, -(int)e->arg); break;
    case SIM_EV_BOOT:
    case SIM_EV_TICK:
    case SIM_EV_FLUSH:
    case SIM_EV_ACT:
    case SIM_EV_FAULT:
    case SIM_EV_UNCUT:
    case SIM_EV_LIAR:
    case SIM_EV_DISK_OK: CR_ASSERT(false); break;
    }
    if (conn_at(s, e->a) != NULL)
        maybe_forget(s, e->a);
}

/* A process that ends is reset by its system; a machine that loses power says nothing. */
void sim_net_node_gone(struct sim_node *n, bool silent)
{
    struct sim *s = n->sim;

    for (size_t i = 0; i < s->conn_n; i++) {
        struct sim_conn *c = s->conn[i];

        for (unsigned side = 0; c != NULL && side < 2; side++) {
            if (c->node[side] != n->index || !c->open[side] || c->boots[side] != n->boots)
                continue;
            c->open[side] = false;
            c->silent[side] = silent;
            if (silent)
                drop_pieces(&c->to[side]);
            else if (!is_cut(s, c->node[side], c->node[1 - side]))
                tell_gone(s, i, 1 - side, latency(s), ST_UNREACHABLE);
        }
    }
}

/* Someone who recorded the beginning of an old connection plays it to the same node again. */
void sim_net_replay(struct sim *s)
{
    struct sim_node *to = &s->node[s->replay_to];
    size_t index;

    if (s->replay_bytes == 0 || to->state != SIM_UP)
        return;
    s->count.replays++;
    sim_trace(s, "replay of %zu bytes to n%zu", s->replay_bytes, to->index);
    index = conn_new(s, SIM_NODES_MAX, to->index);
    s->conn[index]->open[1] = true;
    s->conn[index]->boots[1] = to->boots;
    if (nd_driver_accepted(to->driver, side_id(index, 1), "10.0.1.1:1") != ST_OK) {
        conn_forget(s, index);
        return;
    }
    write_stream(s, index, 0, (struct cr_span){s->replay, s->replay_bytes});
    sim_node_after(to, true);
}

/* ---- guests ---- */

size_t sim_net_guest_dial(struct sim *s, size_t to, unsigned host, const struct sim_guest *g)
{
    size_t index = conn_new(s, SIM_NODES_MAX, to);

    s->conn[index]->guest = g;
    s->conn[index]->host = host;
    sim_push(s, latency(s), SIM_EV_SYN, (uint32_t)index, 0, 0);
    return index;
}

void sim_net_guest_write(struct sim *s, size_t conn, struct cr_span bytes)
{
    struct sim_conn *c = conn_at(s, conn);

    if (c != NULL && c->open[0] && !c->told[0])
        write_stream(s, conn, 0, bytes);
}

void sim_net_guest_close(struct sim *s, size_t conn)
{
    struct sim_conn *c = conn_at(s, conn);

    if (c == NULL)
        return;
    c->open[0] = false;
    c->guest = NULL;
    sim_push(s, latency(s), SIM_EV_FIN, (uint32_t)conn, 0, 0);
}

bool sim_net_from_guest(struct sim_node *n, uint32_t id)
{
    struct sim_conn *c = id == 0 ? NULL : conn_at(n->sim, (id - 1) / 2);

    return c != NULL && c->node[0] == SIM_NODES_MAX;
}

void sim_net_heal(struct sim *s)
{
    memset(s->cut, 0, sizeof s->cut);
    memset(s->clogged_until, 0, sizeof s->clogged_until);
}

bool sim_net_caps(struct sim *s)
{
    for (size_t i = 0; i < s->conn_n; i++)
        for (unsigned side = 0; s->conn[i] != NULL && side < 2; side++)
            if (s->conn[i]->to[side].bytes > SIM_CONN_BYTES_MAX)
                return false;
    return true;
}

void sim_net_release(struct sim *s)
{
    for (size_t i = 0; i < s->conn_n; i++)
        if (s->conn[i] != NULL)
            conn_forget(s, i);
    free(s->conn);
}
