/* Plays a published Noise transcript through our machine: both handshake messages and every
 * transport message must have the published bytes. */
#ifndef TESTS_UNIT_CRYPTO_NOISE_TRANSCRIPT_H
#define TESTS_UNIT_CRYPTO_NOISE_TRANSCRIPT_H

#include "tests/unit/crypto/support.h"

#include "crypto/kat_vectors.h"

#include <sodium.h>

#define TRANSCRIPT_MAX 2048

static inline void public_of(const struct cr_kx_sk *sk, struct cr_kx_pk *pk)
{
    assert_int_equal(crypto_scalarmult_base(pk->b, sk->b), 0);
}

static inline void same_bytes(const char *what, size_t i, struct cr_span got, const char *hex)
{
    uint8_t wanted[TRANSCRIPT_MAX];

    if (!cr_span_equal(got, unhex(hex, wanted, sizeof wanted)))
        fail_msg("message %u: another %s", (unsigned)i, what);
}

static inline void play_transcript(const struct kat_noise *v)
{
    static const struct cr_gate gate = {{9}};
    uint8_t prologue_bytes[64], payload_bytes[TRANSCRIPT_MAX], hash[64];
    struct cr_span prologue = unhex(v->prologue, prologue_bytes, sizeof prologue_bytes), payload;
    struct cr_hs init, resp;
    struct cr_channel end[2];
    struct cr_kx_sk sk, e_sk;
    struct cr_kx_pk pk, resp_pk;
    struct cr_psk psk;
    struct cr_buf wire, plain;

    cr_buf_init(&wire, TRANSCRIPT_MAX);
    cr_buf_init(&plain, TRANSCRIPT_MAX);
    if (v->psk != NULL)
        unhex_exact(v->psk, psk.b, sizeof psk.b);
    unhex_exact(v->resp_static_pk, resp_pk.b, sizeof resp_pk.b);
    unhex_exact(v->init_static, sk.b, sizeof sk.b);
    unhex_exact(v->init_ephemeral, e_sk.b, sizeof e_sk.b);
    public_of(&sk, &pk);
    cr_hs_init_initiator(&init, v->psk != NULL ? CR_HS_IKPSK2 : CR_HS_IK, prologue, &gate, &sk, &pk,
                         &resp_pk, v->psk != NULL ? &psk : NULL);
    cr_hs_set_ephemeral(&init, &e_sk);
    unhex_exact(v->resp_static, sk.b, sizeof sk.b);
    unhex_exact(v->resp_ephemeral, e_sk.b, sizeof e_sk.b);
    public_of(&sk, &pk);
    assert_true(cr_kx_pk_equal(&pk, &resp_pk));
    cr_hs_init_responder(&resp, prologue, &gate, &sk, &pk);
    cr_hs_set_ephemeral(&resp, &e_sk);

    for (size_t i = 0; i < KAT_NOISE_MESSAGES; i++) {
        size_t skip = i == 0 ? CR_HS_GATE_MAC_BYTES + 1 : i == 1 ? 0 : 2;

        cr_buf_clear(&wire);
        cr_buf_clear(&plain);
        payload = unhex(v->messages[i].payload, payload_bytes, sizeof payload_bytes);
        if (i == 0) {
            assert_int_equal(cr_hs_write1(&init, payload, &wire), ST_OK);
            assert_int_equal(cr_hs_read1(&resp, cr_buf_span(&wire), &plain), ST_OK);
            if (v->psk != NULL)
                cr_hs_set_psk(&resp, &psk);
        } else if (i == 1) {
            assert_int_equal(cr_hs_write2(&resp, payload, &wire), ST_OK);
            assert_int_equal(cr_hs_read2(&init, cr_buf_span(&wire), &plain), ST_OK);
            cr_hs_split(&init, &end[0]);
            cr_hs_split(&resp, &end[1]);
        } else {
            assert_int_equal(cr_channel_seal(&end[i % 2], payload, &wire), ST_OK);
            assert_int_equal(
                cr_channel_open(&end[1 - i % 2], cr_span_of(wire.p + 2, wire.n - 2), &plain),
                ST_OK);
        }
        same_bytes("ciphertext", i, cr_span_of(wire.p + skip, wire.n - skip), v->messages[i].noise);
        same_bytes("payload", i, cr_buf_span(&plain), v->messages[i].payload);
    }
    unhex_exact(v->hash, hash, sizeof hash);
    assert_memory_equal(end[0].hash, hash, sizeof hash);
    assert_memory_equal(end[1].hash, hash, sizeof hash);
    cr_channel_release(&end[0]);
    cr_channel_release(&end[1]);
    cr_buf_release(&wire);
    cr_buf_release(&plain);
}

#endif
