/* Noise revision 34, the two patterns this program speaks, token by token as the specification
 * writes them:
 *
 *   IK                                IKpsk2
 *     <- s                              <- s
 *     ...                               ...
 *     -> e, es, s, ss                   -> e, es, s, ss
 *     <- e, ee, se                      <- e, ee, se, psk        (and MixKey(e) after each e)
 *
 *   IDLE ─init_initiator─> WRITE1 ─write1─> READ2 ──read2──┐
 *     └───init_responder─> READ1 ──read1──> WRITE2 ─write2─┴─> SPLIT ─split─> IDLE
 *
 * A failing step wipes the machine and leaves IDLE; what it had appended is taken back. A call in
 * another state than its own is a bug of the caller, never reachable by bytes of a peer. */
#include "crypto/handshake.h"

#include "crypto/aead.h"
#include "crypto/base/assert.h"
#include "crypto/channel.h"

#include <sodium.h>
#include <string.h>

#define HASH_BYTES   64
#define BLOCK_BYTES  128
#define PROLOGUE_MAX 128
#define NAME_IK      "Noise_IK_25519_ChaChaPoly_BLAKE2b"
#define NAME_IKPSK2  "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b"

enum state { IDLE = 0, WRITE1, READ2, READ1, WRITE2, SPLIT };

_Static_assert(sizeof((struct cr_hs *)0)->h == HASH_BYTES, "BLAKE2b-512");
_Static_assert(sizeof NAME_IKPSK2 - 1 <= HASH_BYTES, "names are padded, not hashed");
_Static_assert(CR_HS_MSG1_OVERHEAD == 113, "message 1 without payload");

static const struct cr_span nothing = {NULL, 0};

/* ---- hash, HMAC, HKDF over BLAKE2b-512 (Noise §4.3) ---- */

struct hash_state {
    crypto_generichash_blake2b_state b;
};

static void hash_start(struct hash_state *s)
{
    int rc = crypto_generichash_blake2b_init(&s->b, NULL, 0, HASH_BYTES);

    CR_ASSERT(rc == 0);
}

static void hash_add(struct hash_state *s, struct cr_span a)
{
    if (a.n > 0)
        (void)crypto_generichash_blake2b_update(&s->b, a.p, a.n);
}

static void hash_end(struct hash_state *s, uint8_t out[static HASH_BYTES])
{
    int rc = crypto_generichash_blake2b_final(&s->b, out, HASH_BYTES);

    CR_ASSERT(rc == 0);
    sodium_memzero(s, sizeof *s);
}

/* HMAC(key, a ‖ b) with a key of one hash length (RFC 2104; a block is twice that). */
static void hmac(const uint8_t key[static HASH_BYTES], struct cr_span a, struct cr_span b,
                 uint8_t out[static HASH_BYTES])
{
    uint8_t pad[BLOCK_BYTES], inner[HASH_BYTES];
    struct hash_state s;

    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < HASH_BYTES; i++)
        pad[i] ^= key[i];
    hash_start(&s);
    hash_add(&s, cr_span_of(pad, sizeof pad));
    hash_add(&s, a);
    hash_add(&s, b);
    hash_end(&s, inner);

    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hash_start(&s);
    hash_add(&s, cr_span_of(pad, sizeof pad));
    hash_add(&s, cr_span_of(inner, sizeof inner));
    hash_end(&s, out);
    sodium_memzero(pad, sizeof pad);
    sodium_memzero(inner, sizeof inner);
}

/* Noise HKDF: up to three outputs; c may be NULL. a may be ck itself. */
static void hkdf(const uint8_t ck[static HASH_BYTES], struct cr_span ikm,
                 uint8_t a[static HASH_BYTES], uint8_t b[static HASH_BYTES], uint8_t *c)
{
    static const uint8_t one = 1, two = 2, three = 3;
    uint8_t temp[HASH_BYTES];

    hmac(ck, ikm, nothing, temp);
    hmac(temp, cr_span_of(&one, 1), nothing, a);
    hmac(temp, cr_span_of(a, HASH_BYTES), cr_span_of(&two, 1), b);
    if (c != NULL)
        hmac(temp, cr_span_of(b, HASH_BYTES), cr_span_of(&three, 1), c);
    sodium_memzero(temp, sizeof temp);
}

/* ---- symmetric state (Noise §5.2) ---- */

/* out = HASH(h ‖ data); out may be h. */
static void mix_hash_into(const uint8_t h[static HASH_BYTES], struct cr_span data,
                          uint8_t out[static HASH_BYTES])
{
    struct hash_state s;

    hash_start(&s);
    hash_add(&s, cr_span_of(h, HASH_BYTES));
    hash_add(&s, data);
    hash_end(&s, out);
}

static void mix_hash(struct cr_hs *hs, struct cr_span data)
{
    mix_hash_into(hs->h, data, hs->h);
}

static void set_key(struct cr_hs *hs, const uint8_t key[static HASH_BYTES])
{
    memcpy(hs->k, key, sizeof hs->k);
    hs->nonce = 0;
}

static void mix_key(struct cr_hs *hs, struct cr_span ikm)
{
    uint8_t key[HASH_BYTES];

    hkdf(hs->ck, ikm, hs->ck, key, NULL);
    set_key(hs, key);
    sodium_memzero(key, sizeof key);
}

static void mix_key_and_hash(struct cr_hs *hs, struct cr_span ikm)
{
    uint8_t middle[HASH_BYTES], key[HASH_BYTES];

    hkdf(hs->ck, ikm, hs->ck, middle, key);
    mix_hash(hs, cr_span_of(middle, sizeof middle));
    set_key(hs, key);
    sodium_memzero(middle, sizeof middle);
    sodium_memzero(key, sizeof key);
}

/* out holds plain.n + 16 bytes. */
static void encrypt_and_hash(struct cr_hs *hs, struct cr_span plain, uint8_t *out)
{
    cr_aead_seal(hs->k, hs->nonce, cr_span_of(hs->h, sizeof hs->h), plain, out);
    hs->nonce++;
    mix_hash(hs, cr_span_of(out, plain.n + CR_AEAD_TAG_BYTES));
}

static int decrypt_and_hash(struct cr_hs *hs, struct cr_span sealed, uint8_t *out)
{
    int rc = cr_aead_open(hs->k, hs->nonce, cr_span_of(hs->h, sizeof hs->h), sealed, out);

    if (rc != ST_OK)
        return rc;
    hs->nonce++;
    mix_hash(hs, sealed);
    return ST_OK;
}

/* The tokens es, ss, ee, se: MixKey(DH(sk, pk)). ST_FORGED when pk is of low order. */
static int mix_dh(struct cr_hs *hs, const struct cr_kx_sk *sk, const struct cr_kx_pk *pk)
{
    uint8_t shared[CR_KX_BYTES];

    if (crypto_scalarmult(shared, sk->b, pk->b) != 0) {
        sodium_memzero(shared, sizeof shared);
        return ST_FORGED;
    }
    mix_key(hs, cr_span_of(shared, sizeof shared));
    sodium_memzero(shared, sizeof shared);
    return ST_OK;
}

/* The token e, either way. */
static void mix_ephemeral(struct cr_hs *hs, const struct cr_kx_pk *e)
{
    mix_hash(hs, cr_span_of(e->b, sizeof e->b));
    if (hs->pattern == CR_HS_IKPSK2)
        mix_key(hs, cr_span_of(e->b, sizeof e->b));
}

static void write_ephemeral(struct cr_hs *hs, uint8_t out[static CR_KX_BYTES])
{
    int rc;

    if (!hs->has_ephemeral)
        cr_random(hs->e_sk.b, sizeof hs->e_sk.b);
    hs->has_ephemeral = true;
    rc = crypto_scalarmult_base(hs->e_pk.b, hs->e_sk.b);
    CR_ASSERT(rc == 0);
    memcpy(out, hs->e_pk.b, sizeof hs->e_pk.b);
    mix_ephemeral(hs, &hs->e_pk);
}

static void read_ephemeral(struct cr_hs *hs, const uint8_t in[static CR_KX_BYTES])
{
    memcpy(hs->re.b, in, sizeof hs->re.b);
    mix_ephemeral(hs, &hs->re);
}

/* ---- start and end ---- */

static bool pattern_known(int pattern)
{
    return pattern == CR_HS_IK || pattern == CR_HS_IKPSK2;
}

/* The pattern's name, zero padded: first value of ck and of h. */
static void pattern_name(enum cr_hs_pattern pattern, uint8_t out[static HASH_BYTES])
{
    memset(out, 0, HASH_BYTES);
    if (pattern == CR_HS_IK)
        memcpy(out, NAME_IK, sizeof NAME_IK - 1);
    else
        memcpy(out, NAME_IKPSK2, sizeof NAME_IKPSK2 - 1);
}

/* h after the name, the prologue and the responder's key, which both sides know beforehand. */
static void opening_hash(enum cr_hs_pattern pattern, struct cr_span prologue,
                         const struct cr_kx_pk *responder, uint8_t out[static HASH_BYTES])
{
    pattern_name(pattern, out);
    mix_hash_into(out, prologue, out);
    mix_hash_into(out, cr_span_of(responder->b, sizeof responder->b), out);
}

void cr_hs_init_initiator(struct cr_hs *hs, enum cr_hs_pattern pattern, struct cr_span prologue,
                          const struct cr_gate *gate, const struct cr_kx_sk *s_sk,
                          const struct cr_kx_pk *s_pk, const struct cr_kx_pk *remote,
                          const struct cr_psk *psk)
{
    CR_ASSERT(pattern_known((int)pattern));
    CR_ASSERT((psk == NULL) == (pattern == CR_HS_IK));
    CR_ASSERT(prologue.n <= PROLOGUE_MAX);
    *hs = (struct cr_hs){.state = WRITE1,
                         .pattern = pattern,
                         .initiator = true,
                         .s_sk = *s_sk,
                         .s_pk = *s_pk,
                         .rs = *remote,
                         .gate = *gate};
    if (psk != NULL) {
        hs->psk = *psk;
        hs->has_psk = true;
    }
    pattern_name(pattern, hs->ck);
    opening_hash(pattern, prologue, remote, hs->h);
}

void cr_hs_init_responder(struct cr_hs *hs, struct cr_span prologue, const struct cr_gate *gate,
                          const struct cr_kx_sk *s_sk, const struct cr_kx_pk *s_pk)
{
    CR_ASSERT(prologue.n <= PROLOGUE_MAX);
    *hs = (struct cr_hs){
        .state = READ1, .pattern = CR_HS_IK, .s_sk = *s_sk, .s_pk = *s_pk, .gate = *gate};
    opening_hash(CR_HS_IK, prologue, s_pk, hs->h);
    opening_hash(CR_HS_IKPSK2, prologue, s_pk, hs->h_psk2);
}

void cr_hs_release(struct cr_hs *hs)
{
    cr_wipe(hs, sizeof *hs);
}

void cr_hs_set_ephemeral(struct cr_hs *hs, const struct cr_kx_sk *e_sk)
{
    CR_ASSERT(hs->state == WRITE1 || hs->state == READ1 || hs->state == WRITE2);
    hs->e_sk = *e_sk;
    hs->has_ephemeral = true;
}

void cr_hs_set_psk(struct cr_hs *hs, const struct cr_psk *psk)
{
    CR_ASSERT(hs->state == WRITE2);
    CR_ASSERT(hs->pattern == CR_HS_IKPSK2);
    hs->psk = *psk;
    hs->has_psk = true;
}

/* Ends a step: on failure takes back what was appended and wipes. */
static int finish(struct cr_hs *hs, int rc, enum state next, struct cr_buf *grown, size_t before)
{
    if (rc == ST_OK) {
        hs->state = (int)next;
        return ST_OK;
    }
    grown->n = before;
    cr_hs_release(hs);
    return rc;
}

/* ---- message 1: gate MAC ‖ pattern ‖ e ‖ sealed s ‖ sealed payload ---- */

enum {
    AT_PATTERN = CR_HS_GATE_MAC_BYTES,
    AT_E1 = AT_PATTERN + 1,
    AT_S1 = AT_E1 + CR_KX_BYTES,
    AT_PAYLOAD1 = AT_S1 + CR_KX_BYTES + CR_AEAD_TAG_BYTES,
    AT_PAYLOAD2 = CR_KX_BYTES
};
_Static_assert(AT_PAYLOAD1 + CR_AEAD_TAG_BYTES == CR_HS_MSG1_OVERHEAD, "message 1");
_Static_assert(AT_PAYLOAD2 + CR_AEAD_TAG_BYTES == CR_HS_MSG2_OVERHEAD, "message 2");

static void gate_mac(const struct cr_gate *gate, struct cr_span rest,
                     uint8_t out[static CR_HS_GATE_MAC_BYTES])
{
    int rc = crypto_generichash_blake2b(out, CR_HS_GATE_MAC_BYTES, rest.p, rest.n, gate->b,
                                        sizeof gate->b);

    CR_ASSERT(rc == 0);
}

static int write1_body(struct cr_hs *hs, struct cr_span payload, uint8_t *at)
{
    int rc;

    at[AT_PATTERN] = (uint8_t)hs->pattern;
    write_ephemeral(hs, at + AT_E1);
    rc = mix_dh(hs, &hs->e_sk, &hs->rs); /* es */
    if (rc != ST_OK)
        return rc;
    encrypt_and_hash(hs, cr_span_of(hs->s_pk.b, sizeof hs->s_pk.b), at + AT_S1);
    rc = mix_dh(hs, &hs->s_sk, &hs->rs); /* ss */
    if (rc != ST_OK)
        return rc;
    encrypt_and_hash(hs, payload, at + AT_PAYLOAD1);
    gate_mac(&hs->gate, cr_span_of(at + AT_PATTERN, payload.n + CR_HS_MSG1_OVERHEAD - AT_PATTERN),
             at);
    return ST_OK;
}

int cr_hs_write1(struct cr_hs *hs, struct cr_span payload, struct cr_buf *out)
{
    size_t before = out->n;
    uint8_t *at;
    int rc;

    CR_ASSERT(hs->state == WRITE1);
    if (payload.n > CR_HS_MSG_MAX - CR_HS_MSG1_OVERHEAD)
        rc = ST_OVERSIZE;
    else
        rc = cr_buf_extend(out, payload.n + CR_HS_MSG1_OVERHEAD, &at);
    if (rc == ST_OK)
        rc = write1_body(hs, payload, at);
    return finish(hs, rc, READ2, out, before);
}

int cr_hs_check_gate(const struct cr_gate *gate, struct cr_span msg1)
{
    uint8_t mac[CR_HS_GATE_MAC_BYTES];

    if (msg1.n < CR_HS_MSG1_OVERHEAD)
        return ST_TRUNCATED;
    if (msg1.n > CR_HS_MSG_MAX)
        return ST_OVERSIZE;
    gate_mac(gate, cr_span_of(msg1.p + AT_PATTERN, msg1.n - AT_PATTERN), mac);
    if (!cr_secret_equal(mac, msg1.p, sizeof mac))
        return ST_FORGED;
    return pattern_known(msg1.p[AT_PATTERN]) ? ST_OK : ST_VERSION;
}

static int read1_body(struct cr_hs *hs, struct cr_span msg, struct cr_buf *payload)
{
    size_t payload_bytes;
    uint8_t *at;
    int rc = cr_hs_check_gate(&hs->gate, msg);

    if (rc != ST_OK)
        return rc;
    hs->pattern = msg.p[AT_PATTERN] == CR_HS_IK ? CR_HS_IK : CR_HS_IKPSK2;
    if (hs->pattern == CR_HS_IKPSK2)
        memcpy(hs->h, hs->h_psk2, sizeof hs->h);
    pattern_name(hs->pattern, hs->ck);
    read_ephemeral(hs, msg.p + AT_E1);
    rc = mix_dh(hs, &hs->s_sk, &hs->re); /* es */
    if (rc != ST_OK)
        return rc;
    rc = decrypt_and_hash(hs, cr_span_of(msg.p + AT_S1, AT_PAYLOAD1 - AT_S1), hs->rs.b);
    if (rc != ST_OK)
        return rc;
    rc = mix_dh(hs, &hs->s_sk, &hs->rs); /* ss */
    if (rc != ST_OK)
        return rc;
    payload_bytes = msg.n - CR_HS_MSG1_OVERHEAD;
    rc = cr_buf_extend(payload, payload_bytes, &at);
    if (rc != ST_OK)
        return rc;
    return decrypt_and_hash(hs, cr_span_of(msg.p + AT_PAYLOAD1, payload_bytes + CR_AEAD_TAG_BYTES),
                            at);
}

int cr_hs_read1(struct cr_hs *hs, struct cr_span msg, struct cr_buf *payload)
{
    size_t before = payload->n;

    CR_ASSERT(hs->state == READ1);
    return finish(hs, read1_body(hs, msg, payload), WRITE2, payload, before);
}

/* ---- message 2: e ‖ sealed payload ---- */

/* ee, se and, for IKpsk2, psk: the same keys from either side. */
static int mix_answer(struct cr_hs *hs)
{
    int rc = mix_dh(hs, &hs->e_sk, &hs->re); /* ee */

    if (rc == ST_OK) /* se: the initiator's static with the responder's ephemeral key */
        rc = hs->initiator ? mix_dh(hs, &hs->s_sk, &hs->re) : mix_dh(hs, &hs->e_sk, &hs->rs);
    if (rc == ST_OK && hs->pattern == CR_HS_IKPSK2)
        mix_key_and_hash(hs, cr_span_of(hs->psk.b, sizeof hs->psk.b));
    return rc;
}

int cr_hs_write2(struct cr_hs *hs, struct cr_span payload, struct cr_buf *out)
{
    size_t before = out->n;
    uint8_t *at;
    int rc;

    CR_ASSERT(hs->state == WRITE2);
    CR_ASSERT(hs->has_psk == (hs->pattern == CR_HS_IKPSK2));
    if (payload.n > CR_HS_MSG_MAX - CR_HS_MSG2_OVERHEAD)
        rc = ST_OVERSIZE;
    else
        rc = cr_buf_extend(out, payload.n + CR_HS_MSG2_OVERHEAD, &at);
    if (rc == ST_OK) {
        write_ephemeral(hs, at);
        rc = mix_answer(hs);
        if (rc == ST_OK)
            encrypt_and_hash(hs, payload, at + AT_PAYLOAD2);
    }
    return finish(hs, rc, SPLIT, out, before);
}

static int read2_body(struct cr_hs *hs, struct cr_span msg, struct cr_buf *payload)
{
    uint8_t *at;
    int rc;

    if (msg.n < CR_HS_MSG2_OVERHEAD)
        return ST_TRUNCATED;
    if (msg.n > CR_HS_MSG_MAX)
        return ST_OVERSIZE;
    read_ephemeral(hs, msg.p);
    rc = mix_answer(hs);
    if (rc == ST_OK)
        rc = cr_buf_extend(payload, msg.n - CR_HS_MSG2_OVERHEAD, &at);
    if (rc != ST_OK)
        return rc;
    return decrypt_and_hash(hs, cr_span_of(msg.p + AT_PAYLOAD2, msg.n - AT_PAYLOAD2), at);
}

int cr_hs_read2(struct cr_hs *hs, struct cr_span msg, struct cr_buf *payload)
{
    size_t before = payload->n;

    CR_ASSERT(hs->state == READ2);
    return finish(hs, read2_body(hs, msg, payload), SPLIT, payload, before);
}

void cr_hs_split(struct cr_hs *hs, struct cr_channel *out)
{
    uint8_t to_responder[HASH_BYTES], to_initiator[HASH_BYTES];

    CR_ASSERT(hs->state == SPLIT);
    hkdf(hs->ck, nothing, to_responder, to_initiator, NULL);
    *out = (struct cr_channel){.live = true};
    memcpy(out->tx_key, hs->initiator ? to_responder : to_initiator, sizeof out->tx_key);
    memcpy(out->rx_key, hs->initiator ? to_initiator : to_responder, sizeof out->rx_key);
    memcpy(out->hash, hs->h, sizeof out->hash);
    sodium_memzero(to_responder, sizeof to_responder);
    sodium_memzero(to_initiator, sizeof to_initiator);
    cr_hs_release(hs);
}
