/* A whole session whose peer is the input: it chooses states, frames that decode but lie, damaged
 * frames, answers of the store and the passing of time. Whatever it does, the engine must not crash
 * and must not hand over anything that does not verify (the store in memory checks and aborts). */
#include "crypto/base/assert.h"
#include "schema/pack.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/mem_view.h"

#include <string.h>

#define VILLAGE    UINT64_C(500118003206)
#define EVENTS_MAX 200

struct input {
    const uint8_t *p, *end;
};

struct target {
    struct ts_mem mem;
    struct sy_engine *engine;
    struct sy_config cfg;
    struct cr_identity author[3];
    uint64_t now_ms;
    uint64_t token[EVENTS_MAX * 80], handle[EVENTS_MAX * 80];
    size_t token_first, token_count;
    struct sc_pack *pack;
    bool open;
};

static void must(int rc)
{
    CR_ASSERT(rc == ST_OK);
}

static uint8_t take(struct input *in)
{
    return in->p < in->end ? *in->p++ : 0;
}

/* A small number, mostly near what makes sense. */
static uint64_t number(struct input *in)
{
    uint8_t b = take(in);

    return b < 0xf0 ? b : UINT64_C(1) << (take(in) & 63);
}

static void step(struct target *t, struct sy_event *ev)
{
    struct sy_updates up;
    int rc;

    ev->now_ms = t->now_ms;
    ev->session = 1;
    rc = sy_engine_step(t->engine, ev, &up);
    CR_ASSERT(rc == ST_OK);
    for (size_t i = 0; i < up.count; i++) {
        uint64_t handle;

        if (up.u[i].type == SY_UP_CLOSE)
            t->open = false;
        (void)ts_mem_apply(&t->mem, &up.u[i], &handle);
        if (up.u[i].type == SY_UP_PERSIST || up.u[i].type == SY_UP_PERSIST_URGENT) {
            CR_ASSERT(t->token_count < sizeof t->token / sizeof t->token[0]);
            t->handle[t->token_count] = handle;
            t->token[t->token_count++] = up.u[i].token;
        }
    }
}

static void answer_store(struct target *t, int status)
{
    struct sy_event ev = {.type = SY_EV_PERSISTED, .status = status};

    if (t->token_first == t->token_count)
        return;
    ev.handle = t->handle[t->token_first];
    ev.token = t->token[t->token_first++];
    step(t, &ev);
}

/* What every session starts from; made once, because signing is slow under a fuzzer. */
static struct ts_mem start;
static struct cr_identity people[3];

static void make_start(void)
{
    uint8_t payload[20] = {3};

    ts_mem_init(&start, "fuzz");
    for (size_t i = 0; i < 3; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};

        cr_identity_from_seed(seed, &people[i]);
        for (uint8_t n = 0; n < 4 && i < 2; n++) {
            payload[1] = n;
            (void)ts_mem_write(&start, &people[i], VILLAGE, 1, 0, 5, cr_span_of(payload, 20),
                               n == 2);
        }
    }
    start.stranger[start.stranger_count++] = people[2].sign_pk;
}

static void setup(struct target *t)
{
    int rc;

    memset(t, 0, sizeof *t);
    ts_mem_copy(&t->mem, &start);
    memcpy(t->author, people, sizeof t->author);
    t->now_ms = 1000;
    t->cfg = (struct sy_config){.scope_count = 2, .scopes = {SC_SCOPE_PUBLIC, VILLAGE}};
    t->cfg.net = t->mem.net;
    rc = sy_engine_new(&t->cfg, &t->mem.view, &t->engine, NULL);
    CR_ASSERT(rc == ST_OK);
}

static void open_session(struct target *t, bool dial)
{
    struct sy_event ev = {.type = dial ? SY_EV_DIAL : SY_EV_ACCEPT,
                          .scope_count = t->cfg.scope_count,
                          .scopes = t->cfg.scopes,
                          .offer_urgent = true};

    memset(ev.peer.b, 7, sizeof ev.peer.b);
    sc_pack_free(t->pack);
    t->pack = sc_pack_new(1);
    CR_ASSERT(t->pack != NULL);
    t->open = true;
    step(t, &ev);
}

static void frame(struct target *t, const struct cr_buf *b)
{
    struct sy_event ev = {.type = SY_EV_FRAME, .frame = cr_buf_span(b)};

    step(t, &ev);
}

static void make_hello(struct target *t, struct input *in, struct cr_buf *out)
{
    static struct sc_hello h;
    uint8_t flags = take(in);

    memset(&h, 0, sizeof h);
    h.version = SC_PROTOCOL_VERSION;
    h.scope_count = 2;
    h.scopes[0] = SC_SCOPE_PUBLIC;
    h.scopes[1] = VILLAGE + (flags >> 7);
    h.log_count = number(in);
    if (flags & 1)
        h.fingerprint = sy_engine_fingerprint(t->engine, NULL, 0, &h.log_count);
    h.has_common = (flags & 2) != 0;
    h.has_heads = (flags & 4) != 0;
    for (size_t i = 0; h.has_heads && i < (flags >> 3 & 3u); i++) {
        struct sc_head *head = &h.heads[h.head_count++];

        memcpy(head->id8, t->mem.log[i % t->mem.log_count]->l.id.b, 8);
        head->seq_next = number(in) % SC_SEQ_MAX;
        if (head->seq_next > 0)
            head->chain8[0] = take(in);
    }
    must(sc_hello_encode(&h, out));
}

static void make_ranges(struct target *t, struct input *in, struct cr_buf *out)
{
    struct sc_ranges r;
    size_t n = 1 + take(in) % 8;

    if (sc_ranges_init(&r) != ST_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        struct sc_range *range = &r.range[r.range_count++];
        uint8_t what = take(in);

        range->upper_bytes = i + 1 < n ? 1 : 0;
        range->upper[0] = (uint8_t)((i + 1) * 31);
        range->mode = (enum sc_range_mode)(what % 3);
        range->log_count = what >> 4;
        range->answer = (what & 8) != 0;
        range->head_first = r.head_count;
        if (range->mode != SC_RANGE_HEADS)
            continue;
        memcpy(r.head[r.head_count].id8, t->mem.log[what % t->mem.log_count]->l.id.b, 8);
        r.head[r.head_count++].seq_next = number(in) % SC_SEQ_MAX;
        range->head_count = 1;
    }
    must(sc_ranges_encode(&r, out));
    sc_ranges_release(&r);
}

/* A run that continues, overlaps, jumps, or forks a log of one of the authors; signed or not. */
static void make_run(struct target *t, struct input *in, struct sc_run *run)
{
    static uint8_t payload[256];
    uint8_t flags = take(in);
    size_t who = take(in) % 3;
    struct ts_mem_log *log;
    struct sc_link link;
    struct cr_hash id;

    memset(run, 0, sizeof *run);
    memset(payload, take(in), sizeof payload);
    run->has_key = (flags & 1) != 0;
    run->log_ref = take(in) % 4;
    run->key = (struct sc_log_key){t->author[who].sign_pk, VILLAGE, 1 + (flags >> 1 & 1u)};
    run->first_seq = number(in) % 4096;
    run->count = 1 + take(in) % 6;
    log = ts_mem_log(&t->mem, &run->key);
    sc_log_id(&t->mem.net, &run->key, &id);
    sc_link_start(&id, &link);
    if (log != NULL && run->first_seq > 0 && run->first_seq <= log->l.link.seq_next) {
        link.seq_next = run->first_seq;
        link.chain = log->e[run->first_seq - 1].chain;
        link.lamport = log->e[run->first_seq - 1].lamport;
        run->has_before = (flags & 8) != 0;
        memcpy(run->before8, link.chain.b, sizeof run->before8);
    }
    for (size_t i = 0; i < run->count; i++) {
        run->e[i].lamport = link.lamport + 1;
        run->e[i].wall_ms = 5;
        run->e[i].payload = cr_span_of(payload, 20);
        run->e[i].other_suite = (flags & 16) != 0 ? 9 : 0;
        if (sc_link_wire(&link, &run->e[i]) != ST_OK)
            return;
    }
    if (flags & 4)
        sc_checkpoint_sign(&t->author[who].sign_sk, &t->mem.net, &id, link.seq_next - 1,
                           &link.chain, &run->sig);
}

static void make_batch(struct target *t, struct input *in, struct cr_buf *out)
{
    static struct sc_run run;
    const uint8_t type = SC_FT_BATCH;
    size_t n = 1 + take(in) % 4;
    struct cr_buf raw;
    int rc;

    cr_buf_init(&raw, SC_BATCH_RAW_MAX);
    rc = sc_batch_head(n, &raw);
    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        make_run(t, in, &run);
        for (size_t k = 0; k < run.count; k++) {
            if (run.e[k].lamport == 0) /* the run could not be finished */
                run.count = k;
        }
        if (run.count == 0) {
            run.count = 1;
            run.e[0].lamport = 1;
            run.e[0].payload = cr_span_of("x", 1);
        }
        rc = sc_run_encode(&run, &raw);
    }
    if (rc == ST_OK)
        rc = cr_buf_append(out, &type, 1);
    if (rc == ST_OK)
        rc = sc_pack_flush(t->pack, cr_buf_span(&raw), out);
    cr_buf_release(&raw);
    CR_ASSERT(rc == ST_OK);
}

static void make_urgent(struct target *t, struct input *in, struct cr_buf *out)
{
    struct sc_urgent u = {0};
    static struct sc_run run;
    struct cr_hash id;
    struct sc_link link;

    make_run(t, in, &run);
    u.key = run.key;
    u.seq = run.first_seq;
    u.e.lamport = 1 + take(in);
    u.e.payload = cr_span_of("urgent", 6);
    u.e.other_suite = run.e[0].other_suite;
    sc_log_id(&t->mem.net, &u.key, &id);
    u.chain_before = id;
    sc_link_start(&id, &link);
    link.seq_next = u.seq;
    if (sc_link_wire(&link, &u.e) == ST_OK && (take(in) & 1))
        sc_checkpoint_sign(&t->author[run.key.author.b[0] % 3].sign_sk, &t->mem.net, &id, u.seq,
                           &link.chain, &u.sig);
    must(sc_urgent_encode(&u, out));
}

static void make_small(struct target *t, struct input *in, uint8_t type, struct cr_buf *out)
{
    struct sc_ack ack = {.credit_bytes = number(in), .count = take(in) % 3};
    struct sc_synced synced = {.log_count = take(in)};

    if (type == SC_FT_SYNCED) {
        if (take(in) & 1)
            synced.fingerprint = sy_engine_fingerprint(t->engine, NULL, 0, &synced.log_count);
        must(sc_synced_encode(&synced, out));
        return;
    }
    for (size_t i = 0; i < ack.count; i++) {
        ack.at[i].log_ref = take(in) % 4;
        ack.at[i].seq = take(in);
    }
    must(sc_ack_encode(&ack, out));
}

static void make_fork(struct target *t, struct input *in, struct cr_buf *out)
{
    struct sc_fork f = {0};
    struct cr_hash id;

    f.key = (struct sc_log_key){t->author[take(in) % 2].sign_pk, VILLAGE, 1};
    sc_log_id(&t->mem.net, &f.key, &id);
    for (size_t i = 0; i < 2; i++) {
        f.side[i].seq = take(in) % 8;
        f.side[i].chain.b[0] = take(in);
        sc_checkpoint_sign(&t->author[take(in) % 2].sign_sk, &t->mem.net, &id, f.side[i].seq,
                           &f.side[i].chain, &f.side[i].sig);
    }
    must(sc_fork_encode(&f, out));
}

/* Places of a log, some of them held. */
static void make_spine(struct target *t, struct input *in, struct cr_buf *out)
{
    static struct sc_spine m;
    const struct ts_mem_log *log = t->mem.log[take(in) % t->mem.log_count];
    uint64_t at = 0;

    m.log_id = log->l.id;
    m.count = take(in) % 5;
    for (size_t i = 0; i < m.count; i++) {
        struct sc_point *p = &m.at[i];
        bool held = (take(in) & 1) != 0;

        at += 1 + take(in) % 3;
        *p = (struct sc_point){.seq_next = at};
        if (held && at <= log->l.link.seq_next)
            memcpy(p->chain8, log->e[at - 1].chain.b, sizeof p->chain8);
    }
    must(sc_spine_encode(&m, out));
}

static void raw_frame(struct input *in, struct cr_buf *out)
{
    size_t n = take(in);

    if (n > (size_t)(in->end - in->p))
        n = (size_t)(in->end - in->p);
    CR_ASSERT(cr_buf_append(out, in->p, n) == ST_OK);
    in->p += n;
}

static void one_frame(struct target *t, struct input *in, uint8_t what)
{
    struct cr_buf out;

    cr_buf_init(&out, SC_FRAME_MAX);
    switch (what) {
    case SC_FT_HELLO: make_hello(t, in, &out); break;
    case SC_FT_RANGES: make_ranges(t, in, &out); break;
    case SC_FT_BATCH: make_batch(t, in, &out); break;
    case SC_FT_URGENT: make_urgent(t, in, &out); break;
    case SC_FT_ACK:
    case SC_FT_SYNCED: make_small(t, in, what, &out); break;
    case SC_FT_FORK: make_fork(t, in, &out); break;
    case SC_FT_SPINE: make_spine(t, in, &out); break;
    default: raw_frame(in, &out); break;
    }
    if (out.n > 0 && (what == SC_FT_BYE || what == SC_FT_JOIN) && (take(in) & 1))
        out.p[0] = take(in) % 11;
    frame(t, &out);
    cr_buf_release(&out);
}

static void local_write(struct target *t, uint8_t who)
{
    struct ts_mem_log *log;
    struct sy_event ev = {.type = SY_EV_LOCAL, .urgent = (who & 2) != 0};

    log = ts_mem_write(&t->mem, &t->author[who & 1], VILLAGE, 9, 0, 5, cr_span_of("local", 5),
                       ev.urgent);
    ev.log = log->l;
    ev.urgent_seq = log->l.link.seq_next - 1;
    step(t, &ev);
}

static void one_event(struct target *t, struct input *in)
{
    uint8_t what = take(in) % 16;
    struct sy_event tick = {.type = SY_EV_TICK}, closed = {.type = SY_EV_CLOSED};

    if (!t->open) {
        open_session(t, (what & 1) != 0);
        one_frame(t, in, SC_FT_HELLO);
    } else if (what >= 1 && what <= 9) {
        one_frame(t, in, what);
    } else if (what == 10 || what == 11) {
        answer_store(t, ST_OK);
    } else if (what == 12) {
        local_write(t, take(in));
    } else if (what == 13) {
        t->now_ms += number(in) % 100000;
        step(t, &tick);
    } else if (what == 14) {
        step(t, &closed);
        t->open = false;
    } else {
        one_frame(t, in, SC_FT_SPINE);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int rc = cr_init(NULL);

    (void)argc;
    (void)argv;
    CR_ASSERT(rc == ST_OK);
    make_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct target t;
    struct input in = {p, p + n};

    setup(&t);
    for (int i = 0; i < EVENTS_MAX && in.p < in.end; i++)
        one_event(&t, &in);
    sy_engine_free(t.engine);
    sc_pack_free(t.pack);
    ts_mem_release(&t.mem);
    return 0;
}
