/* A peer that speaks the format but not the protocol: every single fault ends its session with
 * blame and a text that names it, and nothing unverified is ever handed to the store. */
#include "tests/unit/sync/support.h"

#include "schema/pack.h"
#include "tests/lib/mutate.h"

#include <string.h>

#define ME 0 /* the node under attack; the attacker is node 1, whose engine is not asked */

struct attack {
    struct kit k;
    size_t link, in; /* direction towards the victim */
    struct sc_pack *pack;
    struct cr_buf frame, raw;
    struct sc_hello hello;
};

/* States an attacker can be in. */
enum at { AT_RESPONDER, AT_INITIATOR, AT_RECONCILE, AT_STREAM, AT_LIVE, AT_COUNT };

static void attack_init(struct attack *a)
{
    kit_init(&a->k, 2);
    a->k.pump.check = false;
    a->pack = NULL;
    cr_buf_init(&a->frame, 1u << 20);
    cr_buf_init(&a->raw, 1u << 20);
    for (size_t i = 0; i < 3; i++)
        kit_write(&a->k, ME, i, VILLAGE, 20, false);
}

static void attack_release(struct attack *a)
{
    sc_pack_free(a->pack);
    cr_buf_release(&a->frame);
    cr_buf_release(&a->raw);
    kit_release(&a->k);
}

static void throw_bytes(struct attack *a, const void *p, size_t n)
{
    ts_pump_inject(&a->k.pump, a->link, a->in, cr_span_of(p, n));
    (void)ts_pump_deliver(&a->k.pump, a->link, a->in);
}

static void throw_frame(struct attack *a)
{
    throw_bytes(a, a->frame.p, a->frame.n);
}

static void make_hello(struct attack *a)
{
    memset(&a->hello, 0, sizeof a->hello);
    a->hello.version = SC_PROTOCOL_VERSION;
    a->hello.scope_count = 3;
    memcpy(a->hello.scopes, a->k.cfg.scopes, 3 * sizeof a->hello.scopes[0]);
    a->hello.log_count = 5;
}

static void encode_hello(struct attack *a)
{
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_hello_encode(&a->hello, &a->frame));
}

/* Opens a session and brings it into a state. */
static void enter(struct attack *a, enum at at)
{
    bool dial = at == AT_INITIATOR;

    if (a->k.pump.link_count > 0 && a->k.pump.link[0].open)
        ts_pump_cut(&a->k.pump, 0);
    sc_pack_free(a->pack);
    a->pack = sc_pack_new(3);
    a->k.pump.node[ME].blames = a->k.pump.node[ME].closes = 0;
    a->link = ts_pump_link(&a->k.pump, dial ? ME : 1, dial ? 1 : ME, NULL, 0);
    a->in = dial ? 1 : 0;
    ts_pump_drop(&a->k.pump, a->link, 0); /* what the attacker's own engine says */
    make_hello(a);
    if (at == AT_RESPONDER || at == AT_INITIATOR)
        return;
    a->hello.has_heads = at == AT_STREAM;
    if (at == AT_LIVE)
        a->hello.fingerprint =
            sy_engine_fingerprint(a->k.pump.node[ME].engine, NULL, 0, &a->hello.log_count);
    encode_hello(a);
    throw_frame(a);
}

static void assert_alive(struct attack *a)
{
    if (a->k.pump.node[ME].closes != 0)
        ts_fail("closed: %s", a->k.pump.node[ME].close_text);
}

static void assert_blamed(struct attack *a, int status, const char *words)
{
    const struct ts_node *n = &a->k.pump.node[ME];

    if (n->blames != 1 || n->close_status != status || strstr(n->close_text, words) == NULL)
        ts_fail("wanted %s \"%s\", got %s \"%s\" (%llu blamed)", st_name((enum st_code)status),
                words, st_name((enum st_code)n->close_status), n->close_text,
                (unsigned long long)n->blames);
}

/* A run of n fresh entries of author 5, signed. */
static struct sc_run *make_run(struct attack *a, size_t n)
{
    static struct sc_run run;
    static uint8_t payload[8] = {7};
    struct sc_link link;
    struct cr_hash id, hash;
    struct sc_header header;

    memset(&run, 0, sizeof run);
    run.has_key = true;
    run.key = (struct sc_log_key){a->k.author[5].sign_pk, VILLAGE, 77};
    run.count = n;
    sc_log_id(&a->k.mem[ME].net, &run.key, &id);
    sc_link_start(&id, &link);
    sc_payload_hash(cr_span_of(payload, 8), &hash);
    for (size_t i = 0; i < n; i++) {
        run.e[i].lamport = i + 1;
        run.e[i].wall_ms = 1700000000000u + i;
        run.e[i].payload = cr_span_of(payload, 8);
        ts_assert_ok(sc_link_extend(&link, i + 1, run.e[i].wall_ms, &hash, 8, &header));
    }
    sc_checkpoint_sign(&a->k.author[5].sign_sk, &a->k.mem[ME].net, &id, n - 1, &link.chain,
                       &run.sig);
    return &run;
}

static void pack_raw(struct attack *a, const void *p, size_t n)
{
    const uint8_t type = SC_FT_BATCH;

    cr_buf_clear(&a->frame);
    ts_assert_ok(cr_buf_append(&a->frame, &type, 1));
    ts_assert_ok(sc_pack_flush(a->pack, cr_span_of(p, n), &a->frame));
}

static void encode_batch(struct attack *a, const struct sc_run *run)
{
    cr_buf_clear(&a->raw);
    ts_assert_ok(sc_batch_head(1, &a->raw));
    ts_assert_ok(sc_run_encode(run, &a->raw));
    pack_raw(a, a->raw.p, a->raw.n);
}

static void make_urgent(struct attack *a, struct sc_urgent *u)
{
    const struct sc_run *run = make_run(a, 1);

    memset(u, 0, sizeof *u);
    u->key = run->key;
    sc_log_id(&a->k.mem[ME].net, &u->key, &u->chain_before);
    u->e = run->e[0];
    u->sig = run->sig;
}

static void encode_ranges(struct attack *a, enum sc_range_mode mode)
{
    struct sc_ranges r;

    ts_assert_ok(sc_ranges_init(&r));
    r.range_count = 2;
    r.range[0].upper_bytes = 1;
    r.range[0].upper[0] = 0x80;
    r.range[0].mode = r.range[1].mode = mode;
    r.range[0].log_count = r.range[1].log_count = 40;
    if (mode == SC_RANGE_HEADS) {
        r.range[1].head_count = r.head_count = 2;
        r.head[0].id8[0] = 0x90;
        r.head[0].seq_next = 4;
        r.head[1].id8[0] = 0xa0;
    }
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_ranges_encode(&r, &a->frame));
    sc_ranges_release(&r);
}

static void encode_fork(struct attack *a)
{
    const struct sc_run *run = make_run(a, 1);
    struct sc_fork f;
    struct cr_hash id;

    memset(&f, 0, sizeof f);
    f.key = run->key;
    sc_log_id(&a->k.mem[ME].net, &f.key, &id);
    for (size_t i = 0; i < 2; i++) {
        f.side[i].chain.b[0] = (uint8_t)i;
        sc_checkpoint_sign(&a->k.author[5].sign_sk, &a->k.mem[ME].net, &id, 0, &f.side[i].chain,
                           &f.side[i].sig);
    }
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_fork_encode(&f, &a->frame));
}

/* A few places of a log: one that is held, and lies. */
static void encode_spine(struct attack *a, const struct cr_hash *log_id)
{
    static struct sc_spine spine;

    spine.log_id = *log_id;
    spine.count = 3;
    for (size_t i = 0; i < 3; i++) {
        spine.at[i].seq_next = 4 + i;
        memset(spine.at[i].chain8, (int)i, 8);
    }
    memcpy(spine.at[0].chain8, a->k.mem[ME].log[0]->e[3].chain.b, 8);
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_spine_encode(&spine, &a->frame));
}

/* The n-th valid frame; false when there are no more. */
static bool sample(struct attack *a, size_t n)
{
    struct sc_ack ack = {.credit_bytes = 10, .count = 1};
    struct sc_synced synced = {.log_count = 3};
    struct sc_bye bye = {.code = ST_BUSY, .text = cr_span_text("later")};
    struct sc_urgent u;

    cr_buf_clear(&a->frame);
    switch (n) {
    case 0:
        make_hello(a);
        encode_hello(a);
        return true;
    case 1: encode_ranges(a, SC_RANGE_FINGERPRINT); return true;
    case 2: encode_ranges(a, SC_RANGE_HEADS); return true;
    case 3: encode_batch(a, make_run(a, 3)); return true;
    case 4:
        make_urgent(a, &u);
        ts_assert_ok(sc_urgent_encode(&u, &a->frame));
        return true;
    case 5: ts_assert_ok(sc_ack_encode(&ack, &a->frame)); return true;
    case 6: ts_assert_ok(sc_synced_encode(&synced, &a->frame)); return true;
    case 7: encode_fork(a); return true;
    case 8: ts_assert_ok(sc_bye_encode(&bye, &a->frame)); return true;
    case 9: encode_spine(a, &a->k.mem[ME].log[0]->l.id); return true;
    default: return false;
    }
}

struct matrix {
    struct attack *a;
    enum at at;
};

static void try_mutant(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct matrix *m = ctx;

    (void)index;
    enter(m->a, m->at);
    throw_bytes(m->a, p, n);
}

/* Every prefix and every bit flip of every frame, in every state: no crash, and the store in memory
 * verifies whatever it is given. */
static void test_hostile__damaged_frames_in_every_state(void **state)
{
    struct attack a;

    (void)state;
    attack_init(&a);
    for (int at = 0; at < AT_COUNT; at++) {
        for (size_t n = 0;; n++) {
            struct matrix m = {&a, (enum at)at};
            uint8_t copy[1024];
            size_t bytes;

            enter(&a, (enum at)at);
            if (!sample(&a, n))
                break;
            if (at <= AT_INITIATOR && a.frame.p[0] != SC_FT_HELLO && a.frame.p[0] != SC_FT_BYE)
                continue; /* refused by its type alone, see fault_before_hello */
            bytes = a.frame.n;
            assert_true(bytes <= sizeof copy);
            memcpy(copy, a.frame.p, bytes);
            ts_each_prefix(copy, bytes, try_mutant, &m);
            ts_each_bit_flip(copy, bytes, try_mutant, &m);
        }
    }
    attack_release(&a);
}

static void try_forged(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct matrix *m = ctx;
    uint64_t persists = m->a->k.pump.node[ME].persists;

    if (n < 2 || (n == m->a->raw.n && index < 8))
        return;
    enter(m->a, m->at);
    pack_raw(m->a, p, n);
    throw_frame(m->a);
    if (m->a->k.pump.node[ME].persists != persists)
        ts_fail("bit %zu of a batch does not matter", index);
    if (m->a->k.pump.node[ME].blames != 1)
        ts_fail("bit %zu of a batch: nobody is to blame", index);
}

/* No bit of a batch can be changed without its run being refused. (Left out is the first byte,
 * which counts the runs: the one that is there is taken before the next one is missed.) */
static void test_hostile__no_bit_of_a_batch_is_free(void **state)
{
    struct attack a;
    struct matrix m = {&a, AT_STREAM};
    uint8_t copy[2048];
    size_t n;

    (void)state;
    attack_init(&a);
    enter(&a, AT_STREAM);
    encode_batch(&a, make_run(&a, 3));
    n = a.raw.n;
    assert_true(n <= sizeof copy);
    memcpy(copy, a.raw.p, n);
    ts_each_bit_flip(copy, n, try_forged, &m);
    ts_each_prefix(copy, n, try_forged, &m);
    attack_release(&a);
}

/* ---- Single faults ---- */

static void fault_before_hello(struct attack *a)
{
    enter(a, AT_RESPONDER);
    encode_batch(a, make_run(a, 1));
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "batch before hello");
    enter(a, AT_INITIATOR);
    encode_ranges(a, SC_RANGE_FINGERPRINT);
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "ranges before hello");
}

static void fault_second_hello(struct attack *a)
{
    enter(a, AT_LIVE);
    make_hello(a);
    encode_hello(a);
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "hello: a second one");
}

static void fault_hello_answer(struct attack *a)
{
    enter(a, AT_INITIATOR);
    a->hello.scopes[2] = UINT64_C(500118003009);
    encode_hello(a);
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "not offered");
    enter(a, AT_INITIATOR);
    a->hello.has_common = true;
    a->hello.common.b[0] = 9;
    encode_hello(a);
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "common frontier that was not named");
}

static void fault_hello_heads(struct attack *a)
{
    enter(a, AT_RESPONDER);
    a->hello.has_heads = true;
    a->hello.head_count = 2;
    a->hello.heads[0].id8[0] = a->hello.heads[1].id8[0] = 5;
    encode_hello(a);
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "heads do not ascend");
}

static void fault_ranges(struct attack *a)
{
    enter(a, AT_LIVE);
    encode_ranges(a, SC_RANGE_FINGERPRINT);
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "ranges: not expected");
    enter(a, AT_RECONCILE);
    for (int i = 0; i < 1000 && a->k.pump.node[ME].closes == 0; i++) {
        encode_ranges(a, SC_RANGE_FINGERPRINT);
        throw_frame(a);
    }
    assert_blamed(a, ST_MALFORMED, "rounds");
}

static void throw_ack(struct attack *a, uint64_t credit, size_t count, uint64_t ref, uint64_t seq)
{
    struct sc_ack ack = {.credit_bytes = credit, .count = count};

    ack.at[0].log_ref = ref;
    ack.at[0].seq = seq;
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_ack_encode(&ack, &a->frame));
    throw_frame(a);
}

static void fault_ack(struct attack *a)
{
    enter(a, AT_STREAM);
    throw_ack(a, 1u << 30, 0, 0, 0);
    assert_blamed(a, ST_MALFORMED, "ack: credit");
    enter(a, AT_STREAM);
    throw_ack(a, 0, 1, 99, 0);
    assert_blamed(a, ST_MALFORMED, "was not named");
    enter(a, AT_STREAM);
    throw_ack(a, 0, 1, 0, 20);
    assert_blamed(a, ST_MALFORMED, "was not sent");
    enter(a, AT_STREAM);
    throw_ack(a, 1, 1, 0, 19);
    assert_alive(a);
}

static void throw_run(struct attack *a, const struct sc_run *run)
{
    enter(a, AT_STREAM);
    encode_batch(a, run);
    throw_frame(a);
}

static void fault_run(struct attack *a)
{
    struct sc_run *run = make_run(a, 2);

    run->has_key = false;
    run->log_ref = 3;
    throw_run(a, run);
    assert_blamed(a, ST_MALFORMED, "was not named");
    run = make_run(a, 2);
    run->key.scope = UINT64_C(500118003009);
    throw_run(a, run);
    assert_blamed(a, ST_DENIED, "is not shared");
    run = make_run(a, 2);
    run->first_seq = 1;
    throw_run(a, run);
    assert_blamed(a, ST_MALFORMED, "a new log starts at 1");
    run = make_run(a, 2);
    run->key.author = a->k.author[0].sign_pk;
    run->key.incarnation = 1;
    run->first_seq = 21;
    throw_run(a, run);
    assert_blamed(a, ST_MALFORMED, "starts at 21, held up to 20");
    run = make_run(a, 2);
    run->e[1].wall_ms++;
    throw_run(a, run);
    assert_blamed(a, ST_FORGED, "signature");
    run = make_run(a, 2);
    run->e[0].lamport = SC_LAMPORT_FIRST_MAX;
    run->e[1].lamport = SC_LAMPORT_FIRST_MAX + SC_LAMPORT_STEP_MAX;
    throw_run(a, run);
    assert_blamed(a, ST_FORGED, "signature");
}

/* Runs of other people's logs that start inside what is held but are not ours: nothing is proven,
 * only that log rests. */
static void fault_overlap(struct attack *a)
{
    struct sc_run *run = make_run(a, 4);

    run->key.author = a->k.author[0].sign_pk;
    run->key.incarnation = 1;
    run->first_seq = 10;
    throw_run(a, run);
    assert_alive(a);
    run->first_seq = 18;
    throw_run(a, run);
    assert_alive(a);
    assert_int_equal(a->k.mem[ME].fork_count, 0);
}

/* Each branch of a log is named, but not without end. */
static void fault_named_often(struct attack *a)
{
    struct sc_run *run = make_run(a, 2);

    throw_run(a, run);
    for (size_t n = 0; n < 400 && a->k.pump.node[ME].closes == 0; n++) {
        cr_buf_clear(&a->raw);
        ts_assert_ok(sc_batch_head(SC_BATCH_RUNS_MAX, &a->raw));
        for (size_t i = 0; i < SC_BATCH_RUNS_MAX; i++)
            ts_assert_ok(sc_run_encode(run, &a->raw));
        pack_raw(a, a->raw.p, a->raw.n);
        a->k.pump.now_ms += 100;
        throw_frame(a);
    }
    assert_blamed(a, ST_MALFORMED, "branches named");
}

/* More than the credit without waiting for acks. */
static void fault_credit(struct attack *a)
{
    static uint8_t payload[1200];

    enter(a, AT_STREAM);
    a->k.pump.node[ME].hold = true; /* the store is slow: no credit comes back */
    for (int i = 0; i < 64 && a->k.pump.node[ME].closes == 0; i++) {
        cr_buf_clear(&a->raw);
        ts_assert_ok(sc_batch_head(40, &a->raw));
        for (int n = 0; n < 40; n++) {
            /* the same run again and again is tolerated, but its bytes count */
            struct sc_run *run = make_run(a, 2);

            run->has_key = i == 0 && n == 0;
            if (!run->has_key)
                run->e[0].payload = cr_span_of(payload, sizeof payload);
            ts_assert_ok(sc_run_encode(run, &a->raw));
        }
        pack_raw(a, a->raw.p, a->raw.n);
        throw_frame(a);
    }
    assert_blamed(a, ST_OVERSIZE, "beyond the credit");
    a->k.pump.node[ME].hold = false;
    ts_pump_commit(&a->k.pump, ME);
}

/* A block that would expand without end. */
static void fault_bomb(struct attack *a)
{
    static uint8_t zeros[SC_BATCH_RAW_MAX * 4];

    enter(a, AT_STREAM);
    pack_raw(a, zeros, sizeof zeros);
    throw_frame(a);
    assert_blamed(a, ST_OVERSIZE, "compressed block");
}

static void fault_trailing(struct attack *a)
{
    enter(a, AT_STREAM);
    encode_batch(a, make_run(a, 1));
    ts_assert_ok(cr_buf_append(&a->raw, "x", 1));
    sc_pack_free(a->pack);
    a->pack = sc_pack_new(3);
    pack_raw(a, a->raw.p, a->raw.n);
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "after the last run");
}

static void fault_frames(struct attack *a)
{
    static const uint8_t join = SC_FT_JOIN, unknown = 200;

    enter(a, AT_LIVE);
    throw_bytes(a, "", 0);
    assert_blamed(a, ST_MALFORMED, "frame of 0 bytes");
    enter(a, AT_LIVE);
    throw_bytes(a, &join, 1);
    assert_blamed(a, ST_MALFORMED, "join");
    enter(a, AT_LIVE);
    throw_bytes(a, &unknown, 1);
    assert_blamed(a, ST_MALFORMED, "unknown frame (200)");
}

static void fault_idle_flood(struct attack *a)
{
    enter(a, AT_LIVE);
    for (int i = 0; i < 1000 && a->k.pump.node[ME].closes == 0; i++)
        throw_ack(a, 0, 0, 0, 0);
    assert_blamed(a, ST_MALFORMED, "without progress");
}

static void fault_urgent(struct attack *a)
{
    struct sc_urgent u;

    enter(a, AT_LIVE);
    make_urgent(a, &u);
    u.e.wall_ms++;
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_urgent_encode(&u, &a->frame));
    throw_frame(a);
    assert_blamed(a, ST_FORGED, "urgent: the signature");
    enter(a, AT_LIVE);
    make_urgent(a, &u);
    u.chain_before.b[0] ^= 1;
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_urgent_encode(&u, &a->frame));
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "before the first entry");
    enter(a, AT_LIVE);
    u.key.scope = UINT64_C(500118003009);
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_urgent_encode(&u, &a->frame));
    throw_frame(a);
    assert_blamed(a, ST_DENIED, "is not shared");
}

static void fault_fork(struct attack *a)
{
    enter(a, AT_LIVE);
    encode_fork(a);
    a->frame.p[a->frame.n - 1] ^= 1;
    throw_frame(a);
    assert_blamed(a, ST_FORGED, "fork: signature 1");
}

/* Places of a log: not without end, not of what is not shared; lies cost the liar only. */
static void fault_spine(struct attack *a)
{
    const struct cr_hash *id = &a->k.mem[ME].log[0]->l.id;
    struct cr_hash other = *id;

    enter(a, AT_RESPONDER);
    encode_spine(a, id);
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "spine before hello");
    enter(a, AT_LIVE);
    for (int i = 0; i < 32; i++) {
        encode_spine(a, id);
        throw_frame(a);
        assert_alive(a);
    }
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "spine: more than 32 of one log");
    other.b[0] ^= 1;
    enter(a, AT_LIVE);
    for (int i = 0; i < 33 && a->k.pump.node[ME].closes == 0; i++) {
        encode_spine(a, &other);
        throw_frame(a);
    }
    assert_blamed(a, ST_MALFORMED, "of unknown logs");
}

/* More heads of one log than may be listed. */
static void fault_many_heads(struct attack *a)
{
    struct sc_ranges r;

    enter(a, AT_RECONCILE);
    ts_assert_ok(sc_ranges_init(&r));
    r.range_count = 1;
    r.range[0].mode = SC_RANGE_HEADS;
    r.range[0].head_count = r.head_count = 65;
    for (size_t i = 0; i < 65; i++)
        r.head[i] = (struct sc_head){.seq_next = i + 1, .chain8 = {7}};
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_ranges_encode(&r, &a->frame));
    sc_ranges_release(&r);
    throw_frame(a);
    assert_blamed(a, ST_MALFORMED, "do not ascend");
}

/* Claims of heads that do not exist cost the liar only. */
static void fault_lies(struct attack *a)
{
    struct sc_synced synced = {.log_count = 9};

    enter(a, AT_RESPONDER);
    a->hello.has_heads = true;
    a->hello.head_count = 1;
    memcpy(a->hello.heads[0].id8, a->k.mem[ME].log[0]->l.id.b, 8);
    a->hello.heads[0].seq_next = 1000;
    encode_hello(a);
    throw_frame(a);
    cr_buf_clear(&a->frame);
    ts_assert_ok(sc_synced_encode(&synced, &a->frame));
    throw_frame(a);
    assert_alive(a);
    assert_int_equal(a->k.pump.node[ME].synced, 0);
    assert_int_equal(a->k.pump.node[ME].commons, 0);
}

static void test_hostile__single_faults(void **state)
{
    static const struct {
        const char *name;
        void (*run)(struct attack *a);
    } faults[] = {
        {"before hello", fault_before_hello},
        {"second hello", fault_second_hello},
        {"hello answer", fault_hello_answer},
        {"hello heads", fault_hello_heads},
        {"ranges", fault_ranges},
        {"ack", fault_ack},
        {"run", fault_run},
        {"overlap", fault_overlap},
        {"named often", fault_named_often},
        {"credit", fault_credit},
        {"bomb", fault_bomb},
        {"trailing", fault_trailing},
        {"frames", fault_frames},
        {"idle flood", fault_idle_flood},
        {"urgent", fault_urgent},
        {"fork", fault_fork},
        {"spine", fault_spine},
        {"many heads", fault_many_heads},
        {"lies", fault_lies},
    };

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct attack a;

        print_message("  %s\n", faults[i].name);
        attack_init(&a);
        faults[i].run(&a);
        attack_release(&a);
    }
}

/* One session more than there are places is refused, without blame. */
static void test_hostile__too_many_sessions(void **state)
{
    struct kit k;

    (void)state;
    kit_init(&k, 1);
    for (uint32_t i = 0; i <= SY_SESSIONS_MAX; i++) {
        struct sy_event ev = {.type = SY_EV_ACCEPT, .session = 100 + i, .scopes = k.cfg.scopes};

        assert_int_equal(k.pump.node[0].closes, 0);
        ts_assert_ok(ts_pump_step(&k.pump, 0, &ev));
    }
    assert_int_equal(k.pump.node[0].closes, 1);
    assert_int_equal(k.pump.node[0].close_status, ST_BUSY);
    assert_int_equal(k.pump.node[0].blames, 0);
    kit_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile__single_faults),
        cmocka_unit_test(test_hostile__too_many_sessions),
        cmocka_unit_test(test_hostile__no_bit_of_a_batch_is_free),
        cmocka_unit_test(test_hostile__damaged_frames_in_every_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
