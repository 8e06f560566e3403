/* The known-answer test runs the same functions the program runs: cr_sign and cr_verify with an
 * empty context, cr_hash2, the handshake and the channel; libsodium directly only where ours cannot
 * express a published vector. It needs no random bytes and no memory beyond two small buffers. */
#include "crypto/kat.h"

#include "crypto/base/assert.h"
#include "crypto/channel.h"
#include "crypto/handshake.h"
#include "crypto/kat_vectors.h"
#include "crypto/sign.h"

#include <sodium.h>
#include <string.h>

#define COUNT(a)       (sizeof(a) / sizeof((a)[0]))
#define VECTOR_MAX     1100 /* bytes of the longest value: RFC 8032 TEST 1024 */
#define TRANSCRIPT_MAX 512

/* Decodes a vector, which is a constant of this program: a slip in it is a bug. */
static struct cr_span bytes_of(const char *hex, uint8_t *out, size_t out_bytes)
{
    size_t n = strlen(hex) / 2;
    int rc;

    CR_ASSERT(n <= out_bytes);
    rc = cr_unhex(hex, strlen(hex), out, n);
    CR_ASSERT(rc == ST_OK);
    return cr_span_of(out, n);
}

/* The same for a value of exactly out_bytes. */
static void fixed_of(const char *hex, uint8_t *out, size_t out_bytes)
{
    struct cr_span s = bytes_of(hex, out, out_bytes);

    CR_ASSERT(s.n == out_bytes);
}

static int drift(struct st_err *err, const char *family, const char *name, const char *what)
{
    return st_fail(err, ST_DRIFT, "known-answer test: %s, %s: %s", family, name, what);
}

static int check_rfc8032(struct st_err *err)
{
    static const char family[] = "Ed25519 (RFC 8032)";

    for (size_t i = 0; i < COUNT(kat_rfc8032); i++) {
        uint8_t seed[CR_SIGN_SEED_BYTES], msg_bytes[VECTOR_MAX];
        struct cr_sign_pk pk, wanted_pk;
        struct cr_sign_sk sk;
        struct cr_sig sig, wanted_sig;
        struct cr_span msg = bytes_of(kat_rfc8032[i].msg, msg_bytes, sizeof msg_bytes);

        fixed_of(kat_rfc8032[i].seed, seed, sizeof seed);
        fixed_of(kat_rfc8032[i].pk, wanted_pk.b, sizeof wanted_pk.b);
        fixed_of(kat_rfc8032[i].sig, wanted_sig.b, sizeof wanted_sig.b);
        if (crypto_sign_seed_keypair(pk.b, sk.b, seed) != 0 || !cr_sign_pk_equal(&pk, &wanted_pk))
            return drift(err, family, kat_rfc8032[i].name, "another public key");
        cr_sign(&sk, "", msg, &sig);
        if (memcmp(sig.b, wanted_sig.b, sizeof sig.b) != 0)
            return drift(err, family, kat_rfc8032[i].name, "another signature");
        if (cr_verify(&wanted_pk, "", msg, &wanted_sig) != ST_OK)
            return drift(err, family, kat_rfc8032[i].name, "a valid signature is refused");
    }
    return ST_OK;
}

static int check_speccheck(struct st_err *err)
{
    for (size_t i = 0; i < COUNT(kat_speccheck); i++) {
        uint8_t msg_bytes[VECTOR_MAX];
        struct cr_sign_pk pk;
        struct cr_sig sig;
        struct cr_span msg = bytes_of(kat_speccheck[i].msg, msg_bytes, sizeof msg_bytes);
        bool valid;

        fixed_of(kat_speccheck[i].pk, pk.b, sizeof pk.b);
        fixed_of(kat_speccheck[i].sig, sig.b, sizeof sig.b);
        valid = cr_verify(&pk, "", msg, &sig) == ST_OK;
        if (valid != kat_speccheck[i].valid)
            return drift(err, "Ed25519 speccheck", kat_speccheck[i].name,
                         valid ? "accepted, but the rule refuses it"
                               : "refused, but the rule accepts it");
    }
    return ST_OK;
}

static int check_x25519(struct st_err *err)
{
    static const char family[] = "X25519";

    for (size_t i = 0; i < COUNT(kat_x25519); i++) {
        uint8_t scalar[CR_KX_BYTES], point[CR_KX_BYTES], wanted[CR_KX_BYTES], shared[CR_KX_BYTES];
        int rc;

        fixed_of(kat_x25519[i].scalar, scalar, sizeof scalar);
        fixed_of(kat_x25519[i].point, point, sizeof point);
        rc = crypto_scalarmult(shared, scalar, point);
        if (kat_x25519[i].shared == NULL) {
            if (rc == 0)
                return drift(err, family, kat_x25519[i].name, "a low-order point is accepted");
            continue;
        }
        fixed_of(kat_x25519[i].shared, wanted, sizeof wanted);
        if (rc != 0 || memcmp(shared, wanted, sizeof shared) != 0)
            return drift(err, family, kat_x25519[i].name, "another shared secret");
    }
    return ST_OK;
}

static int check_aead(struct st_err *err)
{
    static const char family[] = "ChaCha20-Poly1305 (RFC 8439)", name[] = "section 2.8.2";
    uint8_t key[32], nonce[12], ad_bytes[32], plain_bytes[128], sealed_bytes[144];
    uint8_t sealed[144], opened[128];
    struct cr_span ad = bytes_of(kat_aead.ad, ad_bytes, sizeof ad_bytes);
    struct cr_span plain = bytes_of(kat_aead.plain, plain_bytes, sizeof plain_bytes);
    struct cr_span wanted = bytes_of(kat_aead.sealed, sealed_bytes, sizeof sealed_bytes);
    unsigned long long n = 0;

    fixed_of(kat_aead.key, key, sizeof key);
    fixed_of(kat_aead.nonce, nonce, sizeof nonce);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(sealed, &n, plain.p, plain.n, ad.p, ad.n, NULL,
                                                    nonce, key);
    if (n != wanted.n || memcmp(sealed, wanted.p, wanted.n) != 0)
        return drift(err, family, name, "another ciphertext");
    if (crypto_aead_chacha20poly1305_ietf_decrypt(opened, &n, NULL, wanted.p, wanted.n, ad.p, ad.n,
                                                  nonce, key) != 0 ||
        n != plain.n || memcmp(opened, plain.p, plain.n) != 0)
        return drift(err, family, name, "a valid ciphertext is refused");
    sealed_bytes[wanted.n - 1] ^= 1;
    if (crypto_aead_chacha20poly1305_ietf_decrypt(opened, &n, NULL, wanted.p, wanted.n, ad.p, ad.n,
                                                  nonce, key) == 0)
        return drift(err, family, name, "a false tag is accepted");
    return ST_OK;
}

static int check_hash(struct st_err *err)
{
    for (size_t i = 0; i < COUNT(kat_hash); i++) {
        uint8_t a_bytes[VECTOR_MAX], b_bytes[VECTOR_MAX];
        struct cr_span a = bytes_of(kat_hash[i].a, a_bytes, sizeof a_bytes);
        struct cr_span b = bytes_of(kat_hash[i].b, b_bytes, sizeof b_bytes);
        struct cr_hash h, wanted;

        fixed_of(kat_hash[i].hash, wanted.b, sizeof wanted.b);
        cr_hash2(kat_hash[i].tag, a, b, &h);
        if (!cr_hash_equal(&h, &wanted))
            return drift(err, "tagged BLAKE2b-256", kat_hash[i].name, "another hash");
    }
    return ST_OK;
}

/* Both sides of the transcript, with its keys. */
static void start_noise(const struct kat_noise *v, struct cr_hs *init, struct cr_hs *resp)
{
    static const struct cr_gate gate = {{0}}; /* not part of Noise: any value does */
    uint8_t prologue_bytes[32];
    struct cr_span prologue = bytes_of(v->prologue, prologue_bytes, sizeof prologue_bytes);
    struct cr_kx_sk sk, e_sk;
    struct cr_kx_pk pk, resp_pk;

    fixed_of(v->resp_static_pk, resp_pk.b, sizeof resp_pk.b);
    fixed_of(v->init_static, sk.b, sizeof sk.b);
    fixed_of(v->init_ephemeral, e_sk.b, sizeof e_sk.b);
    (void)crypto_scalarmult_base(pk.b, sk.b);
    cr_hs_init_initiator(init, CR_HS_IK, prologue, &gate, &sk, &pk, &resp_pk, NULL);
    cr_hs_set_ephemeral(init, &e_sk);
    fixed_of(v->resp_static, sk.b, sizeof sk.b);
    fixed_of(v->resp_ephemeral, e_sk.b, sizeof e_sk.b);
    (void)crypto_scalarmult_base(pk.b, sk.b);
    cr_hs_init_responder(resp, prologue, &gate, &sk, &pk);
    cr_hs_set_ephemeral(resp, &e_sk);
}

/* One message of the transcript: out (after skip bytes of our own framing) and payload as wanted.
 */
static bool same_message(const struct kat_noise *v, size_t i, struct cr_span out, size_t skip,
                         struct cr_span payload)
{
    uint8_t noise[TRANSCRIPT_MAX], plain[TRANSCRIPT_MAX];

    return out.n >= skip &&
           cr_span_equal(cr_span_of(out.p + skip, out.n - skip),
                         bytes_of(v->messages[i].noise, noise, sizeof noise)) &&
           cr_span_equal(payload, bytes_of(v->messages[i].payload, plain, sizeof plain));
}

static int run_noise(const struct kat_noise *v, struct cr_hs hs[static 2],
                     struct cr_channel ch[static 2], struct cr_buf *wire, struct cr_buf *plain)
{
    uint8_t payload_bytes[TRANSCRIPT_MAX];
    uint8_t hash[sizeof ch[0].hash];
    struct cr_span payload;
    int rc;

    for (size_t i = 0; i < KAT_NOISE_MESSAGES; i++) {
        struct cr_channel *from = &ch[i % 2], *to = &ch[1 - i % 2];
        size_t skip = i == 0 ? CR_HS_GATE_MAC_BYTES + 1 : i == 1 ? 0 : 2;

        cr_buf_clear(wire);
        cr_buf_clear(plain);
        payload = bytes_of(v->messages[i].payload, payload_bytes, sizeof payload_bytes);
        if (i == 0)
            rc = cr_hs_write1(&hs[0], payload, wire);
        else if (i == 1)
            rc = cr_hs_write2(&hs[1], payload, wire);
        else
            rc = cr_channel_seal(from, payload, wire);
        if (rc != ST_OK)
            return rc;
        if (i == 0)
            rc = cr_hs_read1(&hs[1], cr_buf_span(wire), plain);
        else if (i == 1)
            rc = cr_hs_read2(&hs[0], cr_buf_span(wire), plain);
        else
            rc = cr_channel_open(to, cr_span_of(wire->p + 2, wire->n - 2), plain);
        if (rc != ST_OK)
            return rc;
        if (!same_message(v, i, cr_buf_span(wire), skip, cr_buf_span(plain)))
            return ST_DRIFT;
        if (i == 1) {
            cr_hs_split(&hs[0], &ch[0]);
            cr_hs_split(&hs[1], &ch[1]);
        }
    }
    fixed_of(v->hash, hash, sizeof hash);
    return memcmp(ch[0].hash, hash, sizeof hash) == 0 && memcmp(ch[1].hash, hash, sizeof hash) == 0
               ? ST_OK
               : ST_DRIFT;
}

static int check_noise(struct st_err *err)
{
    struct cr_hs hs[2];
    struct cr_channel ch[2];
    struct cr_buf wire, plain;
    int rc;

    memset(ch, 0, sizeof ch);
    cr_buf_init(&wire, TRANSCRIPT_MAX);
    cr_buf_init(&plain, TRANSCRIPT_MAX);
    start_noise(&kat_noise_ik, &hs[0], &hs[1]);
    rc = run_noise(&kat_noise_ik, hs, ch, &wire, &plain);
    for (size_t i = 0; i < 2; i++) {
        cr_hs_release(&hs[i]);
        cr_channel_release(&ch[i]);
    }
    cr_buf_release(&wire);
    cr_buf_release(&plain);
    if (rc == ST_NOMEM)
        return st_fail(err, ST_NOMEM, "known-answer test: %s", st_text(ST_NOMEM));
    if (rc != ST_OK)
        return drift(err, "Noise", "IK transcript", "another message or handshake hash");
    return ST_OK;
}

int cr_kat_run(struct st_err *err)
{
    int rc = check_rfc8032(err);

    if (rc == ST_OK)
        rc = check_speccheck(err);
    if (rc == ST_OK)
        rc = check_x25519(err);
    if (rc == ST_OK)
        rc = check_aead(err);
    if (rc == ST_OK)
        rc = check_hash(err);
    if (rc == ST_OK)
        rc = check_noise(err);
    return rc;
}
