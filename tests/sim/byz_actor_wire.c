/* Liars by what they put on the wire. */
#include "tests/sim/byz_actors.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* 13: keys of small order and signatures that are not the one spelling of themselves. */
static const uint8_t bad_keys[][CR_SIGN_PK_BYTES] = {
    {0},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
};

/* s + L: another number with the same product. */
static void add_order(uint8_t s[static 32])
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    unsigned carry = 0;

    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)s[i] + order[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

void byz_open_bad_keys(struct byz *z, struct byz_peer *p, const struct sc_hello *answer)
{
    const struct byz_key *k = &z->key[1];
    int e = byz_report(z, k, sim_village_code(0), 7, -1);
    struct sc_log_key key;
    struct cr_sig sig = {{0}};

    (void)answer;
    if (e < 0 || !byz_may_read(z, p->to, p->as, sim_village_code(0)))
        return;
    key = z->s->book.e[e].key;
    switch (byz_below(z, 4)) {
    case 0: /* R the neutral element, S 0: what sloppy code accepts for a key of small order */
        memcpy(key.author.b, bad_keys[byz_below(z, sizeof bad_keys / sizeof bad_keys[0])],
               CR_SIGN_PK_BYTES);
        sig.b[0] = 1;
        break;
    case 1:
        sc_checkpoint_sign(&k->id->sign_sk, &z->s->net, &z->s->book.e[e].log_id, 0,
                           &z->s->book.e[e].id, &sig);
        add_order(sig.b + 32);
        break;
    case 2: /* signed by somebody else */
        sc_checkpoint_sign(&z->own[0].sign_sk, &z->s->net, &z->s->book.e[e].log_id, 0,
                           &z->s->book.e[e].id, &sig);
        break;
    default: /* of another street */
        sc_checkpoint_sign(&k->id->sign_sk, &z->foreign_net, &z->s->book.e[e].log_id, 0,
                           &z->s->book.e[e].id, &sig);
        break;
    }
    z->never = sim_grow(z->never, &z->never_cap, z->never_n, sizeof *z->never);
    z->never[z->never_n++] = e;
    byz_send_run(p, &key, 0, &e, 1, &sig);
}

/* 14: frames and payloads that are no canonical MessagePack, or claim more than they have. */
void byz_open_bad_pack(struct byz *z, struct byz_peer *p, const struct sc_hello *answer)
{
    static const uint8_t counts[] = {0xdf, 0xff, 0xff, 0xff, 0xff},
                         deep[] = {0x91, 0x91, 0x91, 0x91, 0x91, 0x91,
                                   0x91, 0x91, 0x91, 0x91, 0x91, 0xc0};
    static const uint8_t twice[] = {0x96, 32, 1,    0xc0, 0xc4, 0,    0xc0,
                                    0x82, 3,  0xa1, 'x',  3,    0xa1, 'y'};
    static const uint8_t wide[] = {0x96, 0xcc, 32, 1, 0xc0, 0xc4, 0, 0xc0, 0x81, 3, 0xa1, 'x'};
    const struct cr_span bad[] = {
        {counts, sizeof counts}, {deep, sizeof deep}, {twice, sizeof twice}, {wide, sizeof wide}};
    struct cr_span one = bad[byz_below(z, 4)];
    uint8_t frame[200];
    size_t n;

    (void)answer;
    /* a payload without form, signed: it is kept aside, the log goes on */
    byz_show(z, byz_raw(z, &z->key[1], sim_village_code(0), 0, BYZ_HEAD, one), BYZ_ALL);
    if (byz_chance(z, 1, 3))
        return;
    if (byz_chance(z, 1, 3)) {
        byz_send_batch(p, one);
        return;
    }
    frame[0] = (uint8_t)(1 + byz_below(z, 12));
    n = 1 + byz_below(z, sizeof frame - 1);
    ts_prng_bytes(&z->rng, frame + 1, n);
    if (one.n < n && byz_chance(z, 1, 2))
        memcpy(frame + 1, one.p, one.n);
    byz_send(p, (struct cr_span){frame, 1 + n});
}

/* 15: a block of a few hundred bytes that expands to megabytes. */
void byz_open_bomb(struct byz *z, struct byz_peer *p, const struct sc_hello *answer)
{
    size_t n = (size_t)1 << (18 + byz_below(z, 6));
    uint8_t *zeros = calloc(1, n);

    (void)answer;
    CR_ASSERT(zeros != NULL);
    zeros[0] = 0x91;
    byz_send_batch(p, (struct cr_span){zeros, n});
    free(zeros);
}

/* 18: what was said in another street, and the first bytes of an old connection. */
void byz_open_replay(struct byz *z, struct byz_peer *p, const struct sc_hello *answer)
{
    const struct byz_key *k = &z->key[1];
    int e = byz_report(z, k, sim_village_code(0), 9, -1);
    struct cr_hash log_id;
    struct cr_sig sig;

    (void)answer;
    if (e < 0 || !byz_may_read(z, p->to, p->as, sim_village_code(0)))
        return;
    /* the same key writes in two streets: what it signed there must not count here */
    sc_log_id(&z->foreign_net, &z->s->book.e[e].key, &log_id);
    sc_checkpoint_sign(&k->id->sign_sk, &z->foreign_net, &log_id, 0, &z->s->book.e[e].id, &sig);
    z->never = sim_grow(z->never, &z->never_cap, z->never_n, sizeof *z->never);
    z->never[z->never_n++] = e;
    byz_send_run(p, &z->s->book.e[e].key, 0, &e, 1, &sig);
}

void byz_act_replay(struct byz *z)
{
    struct byz_peer *p;

    z->s->faults |= SIM_F_REPLAY;
    if (byz_chance(z, 1, 3))
        sim_net_replay(z->s);
    if (z->step % 4 != 0)
        return;
    /* the handshake of another street, of a member there */
    p = byz_dial(z, byz_below(z, z->s->node_count), &z->foreign, z->actor[0], 18);
    if (p != NULL)
        p->net = z->foreign_net;
}

/* 19: connections that say nothing, or one byte at a time. */
void byz_act_slow(struct byz *z)
{
    uint8_t one = 0;

    for (size_t i = 0; i < BYZ_PEERS; i++)
        if (z->peer[i].phase == BYZ_HELLO && z->peer[i].slow)
            byz_send_raw(&z->peer[i], (struct cr_span){&one, 1});
    for (size_t i = 0; i < 4; i++) {
        struct byz_peer *p = byz_dial(z, byz_below(z, z->s->node_count), &z->foreign, z->actor[0],
                                      20 + (unsigned)byz_below(z, 6));

        if (p == NULL)
            break;
        p->slow = true;
    }
}

/* 20: claims heads that nobody has, denies what it has, answers ranges with nonsense. */
static void some_heads(struct byz *z, struct sc_head *h, size_t n)
{
    const struct sim_book *b = &z->s->book;

    for (size_t i = 0; i < n; i++) {
        const struct sim_entry *e = &b->e[byz_below(z, b->n)];

        memcpy(h[i].id8, e->log_id.b, 8);
        h[i].seq_next = e->seq + 1 + byz_below(z, 300);
        ts_prng_bytes(&z->rng, h[i].chain8, 8);
    }
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, 8);
}

static size_t ascending(struct sc_head *h, size_t n)
{
    size_t kept = 0;

    qsort(h, n, sizeof *h, by_id);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || memcmp(h[kept - 1].id8, h[i].id8, 8) != 0)
            h[kept++] = h[i];
    return kept;
}

void byz_hello_lies(struct byz *z, struct byz_peer *p, struct sc_hello *h)
{
    (void)p;
    h->log_count = 1 + byz_below(z, 500);
    ts_prng_bytes(&z->rng, h->fingerprint.b, sizeof h->fingerprint.b);
    h->has_common = byz_chance(z, 1, 2);
    if (h->has_common)
        ts_prng_bytes(&z->rng, h->common.b, sizeof h->common.b);
    h->has_heads = byz_chance(z, 3, 4);
    h->head_count = 0;
    if (h->has_heads) {
        some_heads(z, h->heads, 8);
        h->head_count = ascending(h->heads, 8);
    }
}

static void send_ranges(struct byz *z, struct byz_peer *p)
{
    struct sc_ranges r = {0};
    struct cr_buf out;

    CR_ASSERT(sc_ranges_init(&r) == ST_OK);
    r.range_count = 1;
    if (byz_chance(z, 1, 2)) {
        r.range[0].mode = SC_RANGE_FINGERPRINT;
        r.range[0].log_count = byz_below(z, 100);
        ts_prng_bytes(&z->rng, r.range[0].fingerprint.b, sizeof r.range[0].fingerprint.b);
    } else {
        r.range[0].mode = SC_RANGE_HEADS;
        r.range[0].answer = byz_chance(z, 1, 3);
        some_heads(z, r.head, 12);
        r.head_count = ascending(r.head, 12);
        r.range[0].head_count = r.head_count;
    }
    cr_buf_init(&out, SC_FRAME_MAX);
    if (sc_ranges_encode(&r, &out) == ST_OK)
        byz_send(p, cr_buf_span(&out));
    cr_buf_release(&out);
    sc_ranges_release(&r);
}

static void send_synced(struct byz *z, struct byz_peer *p)
{
    struct sc_synced y = {.log_count = byz_below(z, 300)};
    struct cr_buf out;

    ts_prng_bytes(&z->rng, y.fingerprint.b, sizeof y.fingerprint.b);
    cr_buf_init(&out, SC_FRAME_MAX);
    if (sc_synced_encode(&y, &out) == ST_OK)
        byz_send(p, cr_buf_span(&out));
    cr_buf_release(&out);
}

void byz_open_lies(struct byz *z, struct byz_peer *p, const struct sc_hello *answer)
{
    (void)answer;
    send_ranges(z, p);
}

void byz_frame_lies(struct byz *z, struct byz_peer *p, struct cr_span frame)
{
    if (frame.n > 1 && frame.p[0] == SC_FT_RANGES)
        send_ranges(z, p);
    else if (frame.n > 1 && frame.p[0] == SC_FT_BATCH)
        byz_credit(p, (struct cr_span){frame.p + 1, frame.n - 1});
    if (p->frames < 20)
        send_synced(z, p);
}

/* 21: keeps sessions open and gives nothing back. */
void byz_frame_endless(struct byz *z, struct byz_peer *p, struct cr_span frame)
{
    (void)z;
    (void)p;
    (void)frame;
}

void byz_act_endless(struct byz *z)
{
    struct sc_ack ack = {0};
    struct cr_buf out;

    cr_buf_init(&out, SC_FRAME_MAX);
    CR_ASSERT(sc_ack_encode(&ack, &out) == ST_OK);
    for (size_t i = 0; i < BYZ_PEERS; i++) {
        struct byz_peer *p = &z->peer[i];

        if (p->phase != BYZ_OPEN || p->actor->frame != byz_frame_endless)
            continue;
        if (byz_chance(z, 1, 2))
            byz_send(p, cr_buf_span(&out));
        else
            send_synced(z, p);
    }
    cr_buf_release(&out);
}
