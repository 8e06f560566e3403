#include "tests/lib/pump.h"

#include "crypto/base/assert.h"
#include "schema/pack.h"

#include <stdlib.h>
#include <string.h>

static void *need(void *p)
{
    CR_ASSERT(p != NULL);
    return p;
}

void ts_pump_init(struct ts_pump *p)
{
    memset(p, 0, sizeof *p);
    p->now_ms = 1000;
    p->next_number = 1;
    p->check = true;
}

static void drop_frames(struct ts_dir *d)
{
    while (d->head != NULL) {
        struct ts_frame *next = d->head->next;

        free(d->head);
        d->head = next;
    }
    d->tail = NULL;
    d->waiting = 0;
}

static void clear_dir(struct ts_dir *d)
{
    drop_frames(d);
    sc_unpack_free(d->unpack);
    free(d->ref);
    d->unpack = NULL;
    d->ref = NULL;
}

void ts_pump_drop(struct ts_pump *p, size_t link, size_t dir)
{
    drop_frames(&p->link[link].dir[dir]);
}

void ts_pump_release(struct ts_pump *p)
{
    for (size_t i = 0; i < p->link_count; i++) {
        clear_dir(&p->link[i].dir[0]);
        clear_dir(&p->link[i].dir[1]);
    }
    for (size_t i = 0; i < p->node_count; i++) {
        sy_engine_free(p->node[i].engine);
        free(p->node[i].answer);
    }
    memset(p, 0, sizeof *p);
}

size_t ts_pump_add(struct ts_pump *p, struct ts_mem *mem, const struct sy_config *cfg)
{
    struct ts_node *n = &p->node[p->node_count];
    int rc;

    CR_ASSERT(p->node_count < TS_NODES_MAX);
    memset(n, 0, sizeof *n);
    n->mem = mem;
    n->cfg = *cfg;
    n->cfg.net = mem->net;
    if (n->cfg.self.b[0] == 0)
        memset(n->cfg.self.b, (int)('A' + p->node_count), sizeof n->cfg.self.b);
    rc = sy_engine_new(&n->cfg, &mem->view, &n->engine, NULL);
    CR_ASSERT(rc == ST_OK);
    return p->node_count++;
}

/* The link end of a session number of a node; false: it is gone. */
static bool find_end(struct ts_pump *p, size_t node, uint32_t number, size_t *link, size_t *side)
{
    for (size_t i = 0; i < p->link_count; i++) {
        for (size_t s = 0; s < 2; s++) {
            if (p->link[i].node[s] == node && p->link[i].number[s] == number) {
                *link = i;
                *side = s;
                return p->link[i].open;
            }
        }
    }
    return false;
}

/* Some branch of the log is so long. */
static bool holds(const struct ts_mem *m, const struct cr_hash *id, uint64_t entries)
{
    for (size_t i = 0; i < m->log_count; i++) {
        if (cr_hash_equal(&m->log[i]->l.id, id) && m->log[i]->l.link.seq_next >= entries)
            return true;
    }
    return false;
}

/* Every run in the batch is durable at the sender. */
static void check_runs(struct ts_node *from, struct ts_dir *d, struct cr_span raw)
{
    struct sc_run *run = need(malloc(sizeof *run));
    struct sc_reader r;
    uint64_t count;
    int rc = sc_batch_open(raw, &r, &count);

    CR_ASSERT(rc == ST_OK);
    for (uint64_t i = 0; i < count; i++) {
        struct ts_mem_log *log;

        rc = sc_run_decode(&r, run, NULL);
        CR_ASSERT(rc == ST_OK);
        if (run->has_key) {
            d->ref = need(realloc(d->ref, (d->ref_count + 1) * sizeof *d->ref));
            d->ref[d->ref_count++] = run->key;
        }
        CR_ASSERT(run->has_key || run->log_ref < d->ref_count);
        log = ts_mem_log(from->mem, run->has_key ? &run->key : &d->ref[run->log_ref]);
        CR_ASSERT(log != NULL);
        CR_ASSERT(holds(from->mem, &log->l.id, run->first_seq + run->count));
    }
    rc = sc_reader_finish(&r);
    CR_ASSERT(rc == ST_OK);
    free(run);
}

static void check_batch(struct ts_node *from, struct ts_dir *d, struct cr_span body)
{
    struct cr_buf raw;
    int rc;

    if (d->unpack == NULL)
        d->unpack = need(sc_unpack_new());
    cr_buf_init(&raw, SC_BATCH_RAW_MAX);
    rc = sc_unpack_block(d->unpack, body, SC_BATCH_RAW_MAX, &raw);
    CR_ASSERT(rc == ST_OK);
    d->credit += raw.n;
    d->raw_bytes += raw.n;
    CR_ASSERT(d->credit <= SY_CREDIT_BYTES);
    check_runs(from, d, cr_buf_span(&raw));
    cr_buf_release(&raw);
}

/* Reads a frame as it is sent: mine goes with d, acks are about the other direction. */
static void check_frame(struct ts_node *from, struct ts_dir *d, struct ts_dir *other,
                        struct cr_span frame)
{
    struct cr_span body = cr_span_of(frame.p + 1, frame.n - 1);
    struct sc_ack *ack;
    int rc;

    CR_ASSERT(frame.n >= 1 && frame.n <= SC_FRAME_MAX);
    if (frame.p[0] == SC_FT_BATCH) {
        check_batch(from, d, body);
    } else if (frame.p[0] == SC_FT_URGENT) {
        d->credit += frame.n;
        CR_ASSERT(d->credit <= SY_CREDIT_BYTES + (UINT64_C(1) << 18));
    } else if (frame.p[0] == SC_FT_ACK) {
        ack = need(malloc(sizeof *ack));
        rc = sc_ack_decode(body, ack, NULL);
        CR_ASSERT(rc == ST_OK);
        CR_ASSERT(ack->credit_bytes <= other->credit);
        other->credit -= ack->credit_bytes;
        if (ack->credit_bytes == 0 && ack->count == 0) {
            sc_unpack_free(d->unpack);
            d->unpack = NULL;
        }
        free(ack);
    }
}

static void queue_frame(struct ts_dir *d, struct cr_span frame)
{
    struct ts_frame *f = need(malloc(sizeof *f + frame.n));

    f->next = NULL;
    f->n = frame.n;
    if (frame.n > 0)
        memcpy(f->p, frame.p, frame.n);
    if (d->tail != NULL)
        d->tail->next = f;
    else
        d->head = f;
    d->tail = f;
    d->waiting++;
    d->frames++;
    d->bytes += f->n;
}

void ts_pump_inject(struct ts_pump *p, size_t link, size_t dir, struct cr_span frame)
{
    CR_ASSERT(!p->check);
    queue_frame(&p->link[link].dir[dir], frame);
}

static void send_frame(struct ts_pump *p, size_t node, const struct sy_update *u)
{
    struct ts_dir *d;
    size_t link, side;

    if (!find_end(p, node, u->session, &link, &side))
        return;
    d = &p->link[link].dir[side];
    if (p->check)
        check_frame(&p->node[node], d, &p->link[link].dir[1 - side], u->frame);
    queue_frame(d, u->frame);
}

static void add_answer(struct ts_node *n, uint64_t token, int status, uint64_t handle)
{
    if (n->answer_count == n->answer_cap) {
        n->answer_cap = n->answer_cap == 0 ? 16 : n->answer_cap * 2;
        n->answer = need(realloc(n->answer, n->answer_cap * sizeof *n->answer));
    }
    n->answer[n->answer_count++] = (struct ts_answer){token, handle, status};
}

static void close_end(struct ts_pump *p, size_t node, const struct sy_update *u)
{
    struct ts_node *n = &p->node[node];
    size_t link, side;

    n->closes++;
    n->blames += u->blame ? 1 : 0;
    n->close_status = u->status;
    memset(n->close_text, 0, sizeof n->close_text);
    memcpy(n->close_text, u->text, strnlen(u->text, sizeof n->close_text - 1));
    if (find_end(p, node, u->session, &link, &side))
        p->link[link].alive[side] = false;
}

static void carry_out(struct ts_pump *p, size_t node, const struct sy_update *u)
{
    struct ts_node *n = &p->node[node];
    uint64_t handle = 0;
    int rc = ST_OK;

    switch (u->type) {
    case SY_UP_SEND: send_frame(p, node, u); return;
    case SY_UP_CLOSE: close_end(p, node, u); return;
    case SY_UP_SYNCED: n->synced++; return;
    case SY_UP_COMMON: n->commons++; break;
    case SY_UP_FORK: n->forks++; break;
    case SY_UP_PASSED:
        n->passed += u->run->count;
        n->passed_last = u->chains[u->run->count - 1];
        return;
    case SY_UP_PERSIST: n->persists++; break;
    case SY_UP_PERSIST_URGENT: n->urgents++; break;
    }
    if (u->type == SY_UP_PERSIST || u->type == SY_UP_PERSIST_URGENT) {
        rc = n->refuse != 0 ? n->refuse : ts_mem_apply(n->mem, u, &handle);
        add_answer(n, u->token, rc, handle);
    } else {
        rc = ts_mem_apply(n->mem, u, &handle);
        CR_ASSERT(rc == ST_OK);
    }
}

int ts_pump_step(struct ts_pump *p, size_t node, struct sy_event *ev)
{
    struct sy_updates up;
    int rc;

    ev->now_ms = p->now_ms;
    if (p->around != NULL)
        p->around(p->around_arg, true);
    rc = sy_engine_step(p->node[node].engine, ev, &up);
    if (p->around != NULL)
        p->around(p->around_arg, false);
    for (size_t i = 0; i < up.count; i++)
        carry_out(p, node, &up.u[i]);
    if (!p->node[node].hold)
        ts_pump_commit(p, node);
    return rc;
}

void ts_pump_commit(struct ts_pump *p, size_t node)
{
    struct ts_node *n = &p->node[node];
    bool hold = n->hold;

    n->hold = true; /* what follows from the answers waits its turn in this loop */
    while (n->answer_count > 0) {
        struct ts_answer a = n->answer[0];
        struct sy_event ev = {
            .type = SY_EV_PERSISTED, .token = a.token, .status = a.status, .handle = a.handle};

        n->answer_count--;
        memmove(n->answer, n->answer + 1, n->answer_count * sizeof *n->answer);
        (void)ts_pump_step(p, node, &ev);
    }
    n->hold = hold;
}

void ts_pump_restart(struct ts_pump *p, size_t node)
{
    struct ts_node *n = &p->node[node];
    int rc;

    sy_engine_free(n->engine);
    n->answer_count = 0;
    rc = sy_engine_new(&n->cfg, &n->mem->view, &n->engine, NULL);
    CR_ASSERT(rc == ST_OK);
    for (size_t i = 0; i < p->link_count; i++) {
        for (size_t s = 0; s < 2; s++) {
            if (p->link[i].open && p->link[i].node[s] == node) {
                p->link[i].alive[s] = false;
                ts_pump_cut(p, i);
            }
        }
    }
}

size_t ts_pump_link(struct ts_pump *p, size_t initiator, size_t responder, const uint64_t *scopes,
                    size_t scope_count)
{
    size_t at = 0;
    struct ts_link *l;

    while (at < p->link_count && p->link[at].open)
        at++;
    CR_ASSERT(at < TS_LINKS_MAX);
    if (at == p->link_count)
        p->link_count++;
    l = &p->link[at];
    clear_dir(&l->dir[0]);
    clear_dir(&l->dir[1]);
    memset(l, 0, sizeof *l);
    l->open = true;
    l->node[0] = initiator;
    l->node[1] = responder;
    for (size_t side = 2; side-- > 0;) {
        const struct sy_config *other = &p->node[l->node[1 - side]].cfg;
        struct sy_event ev = {.type = side == 0 ? SY_EV_DIAL : SY_EV_ACCEPT,
                              .session = p->next_number,
                              .peer = other->self,
                              .scope_count = scopes != NULL ? scope_count : other->scope_count,
                              .scopes = scopes != NULL ? scopes : other->scopes,
                              .offer_urgent = true};

        l->number[side] = p->next_number++;
        l->alive[side] = true;
        (void)ts_pump_step(p, l->node[side], &ev);
    }
    return at;
}

void ts_pump_cut(struct ts_pump *p, size_t link)
{
    struct ts_link *l = &p->link[link];

    l->open = false;
    clear_dir(&l->dir[0]);
    clear_dir(&l->dir[1]);
    for (size_t side = 0; side < 2; side++) {
        struct sy_event ev = {.type = SY_EV_CLOSED, .session = l->number[side]};

        if (l->alive[side])
            (void)ts_pump_step(p, l->node[side], &ev);
        l->alive[side] = false;
    }
}

bool ts_pump_deliver(struct ts_pump *p, size_t link, size_t dir)
{
    struct ts_link *l = &p->link[link];
    struct ts_dir *d = &l->dir[dir];
    struct ts_frame *f = d->head;
    struct sy_event ev = {.type = SY_EV_FRAME, .session = l->number[1 - dir]};

    if (!l->open || f == NULL)
        return false;
    d->head = f->next;
    d->tail = d->head == NULL ? NULL : d->tail;
    d->waiting--;
    p->frames++;
    ev.frame = cr_span_of(f->p, f->n);
    (void)ts_pump_step(p, l->node[1 - dir], &ev);
    free(f);
    if (d->head == NULL && (!l->alive[0] || !l->alive[1]) && l->dir[1 - dir].head == NULL)
        ts_pump_cut(p, link);
    return true;
}

bool ts_pump_run(struct ts_pump *p, uint64_t limit)
{
    bool any = true;

    while (any) {
        any = false;
        for (size_t i = 0; i < p->node_count; i++)
            ts_pump_commit(p, i);
        for (size_t i = 0; i < p->link_count; i++) {
            for (size_t dir = 0; dir < 2; dir++) {
                if (!ts_pump_deliver(p, i, dir))
                    continue;
                any = true;
                if (limit-- == 0)
                    return false;
            }
        }
    }
    return true;
}

void ts_pump_tick(struct ts_pump *p, size_t node)
{
    struct sy_event ev = {.type = SY_EV_TICK};

    (void)ts_pump_step(p, node, &ev);
}

bool ts_pump_settle(struct ts_pump *p, uint64_t ms, uint64_t limit)
{
    uint64_t end = p->now_ms + ms;

    for (;;) {
        uint64_t due = UINT64_MAX;
        uint64_t before = p->frames;

        if (!ts_pump_run(p, limit))
            return false;
        limit -= p->frames - before;
        for (size_t i = 0; i < p->node_count; i++) {
            uint64_t at = sy_engine_deadline(p->node[i].engine);

            due = at < due ? at : due;
        }
        if (due > end)
            return true;
        p->now_ms = due > p->now_ms ? due : p->now_ms;
        for (size_t i = 0; i < p->node_count; i++)
            ts_pump_tick(p, i);
        if (limit-- == 0)
            return false;
    }
}

void ts_pump_local(struct ts_pump *p, size_t node, const struct ts_mem_log *log, bool urgent)
{
    struct sy_event ev = {.type = SY_EV_LOCAL,
                          .log = log->l,
                          .urgent = urgent,
                          .urgent_seq = log->l.link.seq_next - 1};

    (void)ts_pump_step(p, node, &ev);
}

uint64_t ts_pump_wire_bytes(const struct ts_pump *p, size_t link)
{
    const struct ts_link *l = &p->link[link];
    uint64_t n = TS_HELLO1_OVERHEAD + TS_HELLO2_OVERHEAD;

    for (size_t dir = 0; dir < 2; dir++)
        n += l->dir[dir].bytes + (l->dir[dir].frames - 1) * TS_FRAME_OVERHEAD;
    return n;
}

bool ts_pump_equal(const struct ts_pump *p, size_t a, size_t b)
{
    uint64_t na, nb;
    struct sc_id fa = sy_engine_fingerprint(p->node[a].engine, NULL, 0, &na);
    struct sc_id fb = sy_engine_fingerprint(p->node[b].engine, NULL, 0, &nb);

    return na == nb && sc_id_equal(&fa, &fb);
}
