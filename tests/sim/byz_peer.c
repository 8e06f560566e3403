/* The liar's connections: a real handshake with real keys, and behind it whatever the actor wants.
 * Without wishes of its own an actor claims to hold nothing, gives credit back for what comes, and
 * shows the paths of z->shown. */
#include "tests/sim/byz.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define RAW_MAX  SC_BATCH_RAW_MAX
#define DEBT_MAX (UINT64_C(768) << 10) /* under way before it waits for credit */

static struct sim *sim_of(const struct byz_peer *p)
{
    return p->z->s;
}

bool byz_may_read(struct byz *z, size_t node, const struct cr_identity *as, uint64_t scope)
{
    struct sim_node *n = &z->s->node[node];

    if (n->state != SIM_UP || !sim_node_holds(n, scope) || scope == SC_SCOPE_INTERNAL)
        return false;
    return scope == SC_SCOPE_PUBLIC || sim_may_read(n, &as->sign_pk, scope);
}

/* ---- sending ---- */

void byz_send_raw(struct byz_peer *p, struct cr_span bytes)
{
    if (p->phase == BYZ_GONE)
        return;
    p->z->sent_bytes += bytes.n;
    sim_net_guest_write(sim_of(p), p->conn, bytes);
}

void byz_send(struct byz_peer *p, struct cr_span frame)
{
    struct cr_buf wire;

    if (p->phase == BYZ_GONE || p->link == NULL)
        return;
    cr_buf_init(&wire, 1u << 18);
    if (nd_link_send(p->link, frame, &wire) == ST_OK)
        byz_send_raw(p, cr_buf_span(&wire));
    cr_buf_release(&wire);
    p->frames++;
}

void byz_send_batch(struct byz_peer *p, struct cr_span raw)
{
    struct cr_buf out;
    uint8_t type = SC_FT_BATCH;

    if (p->phase != BYZ_OPEN)
        return;
    p->debt += raw.n;
    cr_buf_init(&out, SC_FRAME_MAX);
    if (p->pack == NULL)
        p->pack = sc_pack_new(3);
    if (cr_buf_append(&out, &type, 1) == ST_OK && sc_pack_flush(p->pack, raw, &out) == ST_OK)
        byz_send(p, cr_buf_span(&out));
    cr_buf_release(&out);
}

/* The number of a log in this direction; *named: it had one. */
static uint64_t refer(struct byz_peer *p, const struct cr_hash *log_id, bool *named)
{
    for (size_t i = 0; i < p->ref_n; i++) {
        if (cr_hash_equal(&p->ref[i].log_id, log_id)) {
            *named = p->ref[i].named;
            return i;
        }
    }
    *named = false;
    p->ref = sim_grow(p->ref, &p->ref_cap, p->ref_n, sizeof *p->ref);
    p->ref[p->ref_n] = (struct byz_ref){.log_id = *log_id, .sent = -1};
    return p->ref_n++;
}

void byz_send_run(struct byz_peer *p, const struct sc_log_key *key, uint64_t first_seq,
                  const int *entries, size_t n, const struct cr_sig *sig)
{
    const struct sim_book *b = &sim_of(p)->book;
    struct sc_run *run = calloc(1, sizeof *run);
    struct cr_hash log_id;
    struct cr_buf raw;
    bool named;

    CR_ASSERT(run != NULL && n > 0 && n <= SC_RUN_ENTRIES_MAX);
    cr_buf_init(&raw, RAW_MAX);
    sc_log_id(&sim_of(p)->net, key, &log_id);
    run->key = *key;
    run->log_ref = refer(p, &log_id, &named);
    run->has_key = !named;
    p->ref[run->log_ref].named = true;
    run->first_seq = first_seq;
    run->count = n;
    for (size_t i = 0; i < n; i++) {
        const struct sim_entry *e = &b->e[entries[i]];

        run->e[i] = (struct sc_wire_entry){.lamport = e->lamport,
                                           .wall_ms = e->wall_ms,
                                           .payload = {e->payload, e->payload_bytes}};
    }
    run->sig = *sig;
    if (sc_batch_head(1, &raw) == ST_OK && sc_run_encode(run, &raw) == ST_OK)
        byz_send_batch(p, cr_buf_span(&raw));
    cr_buf_release(&raw);
    free(run);
}

/* A signature at this entry: kept, or made with a stolen key. */
static bool sign_at(struct byz_peer *p, int entry, struct cr_sig *out)
{
    const struct sim_entry *e = &sim_of(p)->book.e[entry];
    const struct cr_sign_sk *sk = byz_secret(p->z, &e->key.author);

    if (e->has_sig)
        *out = e->sig;
    else if (sk != NULL)
        sc_checkpoint_sign(sk, &sim_of(p)->net, &e->log_id, e->seq, &e->id, out);
    return e->has_sig || sk != NULL;
}

/* The longest run from `from` on that somebody can sign for; its end. */
static size_t run_end(struct byz_peer *p, const int *path, size_t from, size_t n)
{
    const struct sim_book *b = &sim_of(p)->book;
    bool own = byz_secret(p->z, &b->e[path[from]].key.author) != NULL;
    size_t bytes = 0, to = from;

    for (size_t end = from; end < n && end / SC_CKPT_ALIGN == from / SC_CKPT_ALIGN; end++) {
        bytes += b->e[path[end]].payload_bytes;
        if (end > from && bytes > SC_RUN_BYTES_MAX)
            break;
        if (own || b->e[path[end]].has_sig)
            to = end + 1;
    }
    return to;
}

bool byz_send_path(struct byz_peer *p, int entry)
{
    const struct sim_book *b = &sim_of(p)->book;
    size_t n = (size_t)b->e[entry].seq + 1, from = 0, to;
    struct cr_sig sig;
    bool named;
    uint64_t ref = refer(p, &b->e[entry].log_id, &named);
    int *path = malloc(n * sizeof *path);

    CR_ASSERT(path != NULL);
    for (int e = entry; e >= 0; e = b->e[e].prev)
        path[b->e[e].seq] = e;
    if (p->ref[ref].sent >= 0 && sim_book_on_path(b, p->ref[ref].sent, entry))
        from = (size_t)b->e[p->ref[ref].sent].seq + 1;
    while (from < n && p->debt < DEBT_MAX) {
        to = run_end(p, path, from, n);
        if (to == from || !sign_at(p, path[to - 1], &sig)) {
            n = from; /* nobody can sign for more of it */
            break;
        }
        byz_send_run(p, &b->e[entry].key, from, path + from, to - from, &sig);
        p->ref[ref].sent = path[to - 1];
        from = to;
    }
    free(path);
    return from >= n;
}

/* ---- receiving ---- */

void byz_credit(struct byz_peer *p, struct cr_span batch)
{
    struct sc_ack ack = {0};
    struct cr_buf raw, out;

    if (p->unpack == NULL)
        p->unpack = sc_unpack_new();
    cr_buf_init(&raw, RAW_MAX);
    cr_buf_init(&out, SC_FRAME_MAX);
    if (sc_unpack_block(p->unpack, batch, RAW_MAX, &raw) == ST_OK && raw.n > 0) {
        ack.credit_bytes = raw.n;
        if (sc_ack_encode(&ack, &out) == ST_OK)
            byz_send(p, cr_buf_span(&out));
    }
    cr_buf_release(&raw);
    cr_buf_release(&out);
}

static void show_more(struct byz_peer *p)
{
    struct byz *z = p->z;

    for (; p->phase == BYZ_OPEN && p->shown < z->shown_n; p->shown++) {
        const struct byz_shown *w = &z->shown[p->shown];

        if ((w->to >> p->to & 1) != 0 &&
            byz_may_read(z, p->to, p->as, z->s->book.e[w->entry].key.scope) &&
            !byz_send_path(p, w->entry))
            return; /* no credit: goes on with the next acknowledgement */
    }
}

static void on_frame(struct byz_peer *p, struct cr_span frame)
{
    struct sc_ack ack;

    if (frame.n > 1 && frame.p[0] == SC_FT_ACK &&
        sc_ack_decode((struct cr_span){frame.p + 1, frame.n - 1}, &ack, NULL) == ST_OK) {
        if (ack.credit_bytes == 0 && ack.count == 0) { /* alive; its stream ends here */
            sc_unpack_free(p->unpack);
            p->unpack = NULL;
        }
        p->debt -= ack.credit_bytes < p->debt ? ack.credit_bytes : p->debt;
        show_more(p);
    }
    if (p->actor->frame != NULL)
        p->actor->frame(p->z, p, frame);
    else if (frame.n > 1 && frame.p[0] == SC_FT_BATCH)
        byz_credit(p, (struct cr_span){frame.p + 1, frame.n - 1});
}

static void on_ready(struct byz_peer *p, struct cr_span frame)
{
    struct sc_hello *h = calloc(1, sizeof *h);

    CR_ASSERT(h != NULL);
    p->phase = BYZ_OPEN;
    if (frame.n > 1 && frame.p[0] == SC_FT_HELLO &&
        sc_hello_decode((struct cr_span){frame.p + 1, frame.n - 1}, h, NULL) == ST_OK) {
        if (p->actor->open != NULL)
            p->actor->open(p->z, p, h);
        show_more(p);
    }
    free(h);
}

static void on_bytes(void *arg, size_t conn, struct cr_span bytes)
{
    struct byz_peer *p = arg;

    (void)conn;
    while (bytes.n > 0 && p->phase != BYZ_GONE && p->link != NULL) {
        enum nd_link_event ev;
        struct cr_span frame;
        size_t used;

        if (nd_link_feed(p->link, bytes, &used, &ev, &frame) != ST_OK) {
            byz_close(p);
            return;
        }
        bytes = (struct cr_span){bytes.p + used, bytes.n - used};
        if (ev == ND_LINK_READY)
            on_ready(p, frame);
        else if (ev == ND_LINK_FRAME)
            on_frame(p, frame);
    }
}

/* ---- the first message ---- */

static void claim_nothing(struct byz_peer *p, struct sc_hello *h)
{
    struct cr_hash zero = {{0}};
    const struct sim_node *n = &sim_of(p)->node[p->to];

    h->version = SC_PROTOCOL_VERSION;
    h->has_heads = true;
    h->fingerprint = sc_fingerprint(&zero, 0);
    for (size_t i = 0; i < n->scope_count; i++)
        if (byz_may_read(p->z, p->to, p->as, n->scopes[i]))
            h->scopes[h->scope_count++] = n->scopes[i];
}

static void on_connected(void *arg, size_t conn)
{
    struct byz_peer *p = arg;
    uint8_t prologue[CR_HASH_BYTES + 1];
    struct sc_hello *h = calloc(1, sizeof *h);
    struct cr_buf out;

    (void)conn;
    CR_ASSERT(h != NULL);
    memcpy(prologue, p->net.b, CR_HASH_BYTES);
    prologue[CR_HASH_BYTES] = SC_PROTOCOL_VERSION;
    p->link = nd_link_initiator(CR_HS_IK, cr_span_of(prologue, sizeof prologue), &sim_of(p)->gate,
                                p->as, &sim_of(p)->node[p->to].id.kx_pk, NULL, sim_of(p)->plain);
    CR_ASSERT(p->link != NULL);
    p->phase = BYZ_HELLO;
    if (p->slow) {
        free(h);
        return;
    }
    claim_nothing(p, h);
    if (p->actor->hello != NULL)
        p->actor->hello(p->z, p, h);
    cr_buf_init(&out, SC_HELLO_MAX);
    if (h->scope_count > 0 && sc_hello_encode(h, &out) == ST_OK)
        byz_send(p, cr_buf_span(&out));
    cr_buf_release(&out);
    free(h);
}

static void on_gone(void *arg, size_t conn)
{
    struct byz_peer *p = arg;

    (void)conn;
    p->phase = BYZ_GONE;
}

/* ---- places ---- */

static void clear(struct byz_peer *p)
{
    nd_link_free(p->link);
    sc_pack_free(p->pack);
    sc_unpack_free(p->unpack);
    free(p->ref);
    *p = (struct byz_peer){.phase = BYZ_GONE};
}

struct byz_peer *byz_dial(struct byz *z, size_t to, const struct cr_identity *as,
                          const struct byz_actor *actor, unsigned host)
{
    for (size_t i = 0; i < BYZ_PEERS; i++) {
        struct byz_peer *p = &z->peer[i];

        if (p->phase != BYZ_GONE)
            continue;
        clear(p);
        *p = (struct byz_peer){
            .z = z, .phase = BYZ_DIALLING, .to = to, .actor = actor, .as = as, .net = z->s->net};
        p->guest = (struct sim_guest){
            .arg = p, .connected = on_connected, .bytes = on_bytes, .gone = on_gone};
        p->conn = sim_net_guest_dial(z->s, to, host, &p->guest);
        return p;
    }
    return NULL;
}

void byz_close(struct byz_peer *p)
{
    if (p->phase == BYZ_GONE)
        return;
    sim_net_guest_close(sim_of(p), p->conn);
    p->phase = BYZ_GONE;
}

void byz_peers_release(struct byz *z)
{
    for (size_t i = 0; i < BYZ_PEERS; i++)
        clear(&z->peer[i]);
}

void byz_show(struct byz *z, int entry, uint32_t to)
{
    if (entry < 0 || z->shown_n == BYZ_SHOWN)
        return;
    z->shown[z->shown_n++] = (struct byz_shown){.entry = entry, .to = to};
    for (size_t i = 0; i < BYZ_PEERS; i++)
        if (z->peer[i].phase == BYZ_OPEN)
            show_more(&z->peer[i]);
}
