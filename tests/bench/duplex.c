/* See duplex.h. */
#include "tests/bench/duplex.h"

#include "crypto/base/assert.h"
#include "tests/bench/meter.h"

#include <stdio.h>
#include <string.h>

#define PIPE_MAX (UINT64_C(1) << 28)
#define READ_MAX 65536 /* one read of the event loop */

static void must(int status)
{
    CR_ASSERT(status == ST_OK);
}

static struct bd_side *other(struct bd_side *s)
{
    return s == &s->pair->side[0] ? &s->pair->side[1] : &s->pair->side[0];
}

/* ---- ports ---- */

static uint64_t now_ms(void *arg)
{
    return ((struct bd_side *)arg)->pair->now_ms;
}

static uint64_t wall_ms(void *arg)
{
    struct bd_pair *p = ((struct bd_side *)arg)->pair;

    return p->wall_ms + p->now_ms;
}

static int conn_write(void *arg, uint32_t conn, struct cr_span bytes, size_t *queued)
{
    struct bd_side *s = arg;

    if (!s->open || s->closing || conn != s->conn)
        return ST_UNREACHABLE;
    s->bytes += bytes.n;
    must(cr_buf_append(&s->out, bytes.p, bytes.n));
    if (queued != NULL)
        *queued = s->out.n;
    return ST_OK;
}

static void conn_close(void *arg, uint32_t conn, bool flush, uint32_t delay_ms)
{
    struct bd_side *s = arg;

    (void)delay_ms;
    if (conn != s->conn)
        return;
    s->closing = true;
    if (!flush)
        cr_buf_clear(&s->out);
}

static int dial(void *arg, const char *addr, uint32_t *conn)
{
    struct bd_side *s = arg;

    (void)addr;
    s->conn = *conn = ++s->conns;
    s->dialled = true;
    return ST_OK;
}

static uint32_t jitter(void *arg, uint32_t n)
{
    (void)arg;
    return n / 2;
}

static void log_line(void *arg, int level, const char *line)
{
    struct bd_side *s = arg;

    if (level <= s->pair->log_level)
        fprintf(stderr, "side %d: %s\n", s == &s->pair->side[1], line);
}

/* ---- time inside a driver ---- */

static void enter(struct bd_pair *p)
{
    p->delivered_cpu_s = bm_cpu_s();
    p->delivered_wall_s = bm_wall_s();
}

static void leave(struct bd_side *s)
{
    s->cpu_s += bm_cpu_s() - s->pair->delivered_cpu_s;
    s->wall_s += bm_wall_s() - s->pair->delivered_wall_s;
}

/* ---- the pair ---- */

static void add_peer(struct nd_store *store, const struct cr_identity *id, const char *addr)
{
    struct nd_peer p = {.sign_pk = id->sign_pk, .kx_pk = id->kx_pk, .enabled = true};

    (void)snprintf(p.addr, sizeof p.addr, "%s", addr);
    must(nd_store_put_peer(store, &p, NULL));
}

void bd_init(struct bd_pair *p, struct nd_store *const store[2],
             const struct cr_identity *const id[2], const struct cr_gate *gate)
{
    memset(p, 0, sizeof *p);
    p->wall_ms = UINT64_C(1767225600000);
    p->now_ms = 1000000;
    p->log_level = 0;
    for (size_t i = 0; i < 2; i++) {
        struct bd_side *s = &p->side[i];
        struct st_err err = {.msg = ""};
        struct nd_driver_options o = {.store = store[i], .identity = id[i], .gate = *gate};

        o.ports =
            (struct nd_ports){s, now_ms, wall_ms, conn_write, conn_close, dial, jitter, log_line};
        o.dial = i == 0;
        s->pair = p;
        s->store = store[i];
        s->id = id[i];
        cr_buf_init(&s->out, PIPE_MAX);
        add_peer(store[i], id[1 - i], "pipe:1");
        if (nd_driver_new(&o, &s->driver, &err) != ST_OK)
            fprintf(stderr, "driver: %s\n", err.msg);
        CR_ASSERT(s->driver != NULL);
    }
}

void bd_release(struct bd_pair *p)
{
    bd_cut(p);
    for (size_t i = 0; i < 2; i++) {
        nd_driver_free(p->side[i].driver);
        cr_buf_release(&p->side[i].out);
    }
}

void bd_dial(struct bd_pair *p)
{
    p->trips = 0;
    for (size_t i = 0; i < 2; i++) {
        p->side[i].bytes = p->side[i].first = 0;
        p->side[i].cpu_s = p->side[i].wall_s = 0;
    }
    nd_driver_dial_now(p->side[0].driver, NULL);
    enter(p);
    nd_driver_tick(p->side[0].driver);
    leave(&p->side[0]);
}

/* A dial reaches the listener: no trip of ours. */
static void connect_pipe(struct bd_pair *p)
{
    struct bd_side *a = &p->side[0], *b = &p->side[1];

    if (!a->dialled)
        return;
    a->dialled = false;
    a->open = b->open = true;
    a->closing = b->closing = false;
    b->conn = ++b->conns;
    must(nd_driver_accepted(b->driver, b->conn, "pipe:2"));
    enter(p);
    nd_driver_connected(a->driver, a->conn);
    nd_driver_flush(a->driver);
    leave(a);
}

static void deliver(struct bd_side *to, const struct cr_buf *bytes, bool closed)
{
    enter(to->pair);
    for (size_t at = 0; at < bytes->n && to->open; at += READ_MAX) {
        size_t n = bytes->n - at < READ_MAX ? bytes->n - at : READ_MAX;

        nd_driver_bytes(to->driver, to->conn, cr_span_of(bytes->p + at, n));
    }
    nd_driver_flush(to->driver);
    if (closed && to->open) {
        to->open = false;
        nd_driver_disconnected(to->driver, to->conn, ST_UNREACHABLE);
    }
    leave(to);
}

/* What both had written before goes over, whatever is written meanwhile waits. */
static bool exchange(struct bd_pair *p)
{
    struct cr_buf bytes[2];
    bool closed[2], any = false;

    for (size_t i = 0; i < 2; i++) {
        struct bd_side *s = &p->side[i];

        bytes[i] = s->out;
        closed[i] = s->open && s->closing;
        any |= bytes[i].n > 0 || closed[i];
        if (s->first == 0)
            s->first = bytes[i].n;
        cr_buf_init(&s->out, PIPE_MAX);
    }
    for (size_t i = 0; i < 2; i++) {
        if (closed[i])
            p->side[i].open = false;
        if (bytes[i].n > 0 || closed[i])
            deliver(other(&p->side[i]), &bytes[i], closed[i]);
        cr_buf_release(&bytes[i]);
    }
    return any;
}

static bool pass_time(struct bd_pair *p, uint64_t idle_ms)
{
    uint64_t at = UINT64_MAX;

    for (size_t i = 0; i < 2; i++) {
        uint64_t due = nd_driver_deadline(p->side[i].driver);

        at = due < at ? due : at;
    }
    if (at == UINT64_MAX || (at > p->now_ms && at - p->now_ms > idle_ms))
        return false;
    p->now_ms = at > p->now_ms ? at : p->now_ms + 1;
    for (size_t i = 0; i < 2; i++) {
        enter(p);
        nd_driver_tick(p->side[i].driver);
        leave(&p->side[i]);
    }
    return true;
}

bool bd_trip(struct bd_pair *p, uint64_t idle_ms)
{
    uint64_t until = p->now_ms + idle_ms;

    connect_pipe(p);
    while (!exchange(p)) {
        if (p->now_ms >= until || !pass_time(p, until - p->now_ms))
            return false;
        connect_pipe(p);
    }
    p->trips++;
    p->now_ms++;
    return true;
}

bool bd_equal(const struct bd_pair *p)
{
    struct sc_id fp[2];
    uint64_t count[2];

    for (size_t i = 0; i < 2; i++)
        fp[i] = sy_engine_fingerprint(nd_driver_engine(p->side[i].driver), NULL, 0, &count[i]);
    return count[0] == count[1] && sc_id_equal(&fp[0], &fp[1]);
}

bool bd_run(struct bd_pair *p, uint64_t limit, uint64_t *equal_at)
{
    bool equal = false;

    *equal_at = 0;
    while (p->trips < limit && bd_trip(p, equal ? 0 : 60000)) {
        if (!equal && bd_equal(p)) {
            equal = true;
            *equal_at = p->trips;
        }
    }
    return equal;
}

void bd_settle(struct bd_pair *p, uint64_t idle_ms)
{
    while (bd_trip(p, idle_ms))
        ;
}

void bd_cut(struct bd_pair *p)
{
    for (size_t i = 0; i < 2; i++) {
        struct bd_side *s = &p->side[i];

        cr_buf_clear(&s->out);
        if (s->open)
            nd_driver_disconnected(s->driver, s->conn, ST_UNREACHABLE);
        s->open = s->closing = false;
    }
}

uint64_t bd_bytes(const struct bd_pair *p)
{
    return p->side[0].bytes + p->side[1].bytes;
}
