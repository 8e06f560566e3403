/* Noise_IK_25519_ChaChaPoly_BLAKE2b and Noise_IKpsk2_… (Noise revision 34) as a step machine: bytes
 * in, bytes out, no I/O and no clock. In front of message 1 stands the gate: a 16-byte MAC keyed by
 * the space's discovery secret, so that junk costs one hash and no Diffie-Hellman.
 *
 *   message 1 = gate MAC (16) ‖ pattern (1) ‖ Noise message (e, es, s, ss, payload)
 *   message 2 = Noise message (e, ee, se [, psk], payload)
 *   gate MAC  = BLAKE2b-128(key: gate secret, pattern ‖ Noise message 1)
 *
 *   initiator:  init_initiator → write1 → read2 → split
 *   responder:  init_responder → read1 → (choose psk) → write2 → split
 *
 * Any failure wipes the machine; it can then only be released. Payload of message 1 has no forward
 * secrecy against later theft of the responder's static key and may be replayed: callers put only
 * idempotent content there. */
#ifndef CRYPTO_HANDSHAKE_H
#define CRYPTO_HANDSHAKE_H

#include "crypto/base/buf.h"
#include "crypto/keys.h"

enum cr_hs_pattern {
    CR_HS_IK = 1,     /* between certified nodes */
    CR_HS_IKPSK2 = 2, /* first join: the psk is the invitation's secret */
};

#define CR_HS_GATE_MAC_BYTES 16
#define CR_HS_MSG1_OVERHEAD  (CR_HS_GATE_MAC_BYTES + 1 + 32 + 48 + 16)
#define CR_HS_MSG2_OVERHEAD  (32 + 16)
#define CR_HS_MSG_MAX        65535

struct cr_channel;

struct cr_hs {
    int state; /* private, see handshake.c */
    enum cr_hs_pattern pattern;
    bool initiator;
    uint8_t ck[64], h[64]; /* chaining key (secret), handshake hash */
    uint8_t h_psk2[64];    /* responder before message 1: h should the pattern be IKpsk2 */
    uint8_t k[32];         /* current cipher key (secret) */
    uint64_t nonce;
    struct cr_kx_sk s_sk, e_sk;
    struct cr_kx_pk s_pk, e_pk, rs, re;
    struct cr_gate gate;
    struct cr_psk psk;
    bool has_psk, has_ephemeral;
};

/* prologue: bound into the transcript, at most 128 bytes (net ‖ protocol version). remote: the
 * responder's static key. psk: NULL exactly when pattern is CR_HS_IK. Copies everything. */
void cr_hs_init_initiator(struct cr_hs *hs, enum cr_hs_pattern pattern, struct cr_span prologue,
                          const struct cr_gate *gate, const struct cr_kx_sk *s_sk,
                          const struct cr_kx_pk *s_pk, const struct cr_kx_pk *remote,
                          const struct cr_psk *psk);
void cr_hs_init_responder(struct cr_hs *hs, struct cr_span prologue, const struct cr_gate *gate,
                          const struct cr_kx_sk *s_sk, const struct cr_kx_pk *s_pk);
/* Wipes. Accepts a zeroed or released machine. */
void cr_hs_release(struct cr_hs *hs);

/* For published vectors: the ephemeral secret to use instead of a random one. Before write1 or
 * write2. */
void cr_hs_set_ephemeral(struct cr_hs *hs, const struct cr_kx_sk *e_sk);

/* Appends the message to out; out is unchanged on failure, here and below. The payload may not lie
 * in the buffer that grows. ST_NOMEM, ST_OVERSIZE (payload too long for one message or for out),
 * ST_FORGED (the remote key is a point of low order). */
int cr_hs_write1(struct cr_hs *hs, struct cr_span payload, struct cr_buf *out) ST_MUST;
/* Checks only the gate: one hash. ST_FORGED, ST_TRUNCATED, ST_VERSION (unknown pattern). */
int cr_hs_check_gate(const struct cr_gate *gate, struct cr_span msg1) ST_MUST;
/* Reads message 1 (gate included), appends its payload; afterwards hs->pattern and hs->rs (the
 * initiator's static key) are known and authenticated by the payload's tag. ST_FORGED,
 * ST_TRUNCATED, ST_VERSION, ST_NOMEM, ST_OVERSIZE. Calls out of order are bugs and abort. */
int cr_hs_read1(struct cr_hs *hs, struct cr_span msg, struct cr_buf *payload) ST_MUST;
/* Responder of IKpsk2, between read1 and write2. */
void cr_hs_set_psk(struct cr_hs *hs, const struct cr_psk *psk);
int cr_hs_write2(struct cr_hs *hs, struct cr_span payload, struct cr_buf *out) ST_MUST;
int cr_hs_read2(struct cr_hs *hs, struct cr_span msg, struct cr_buf *payload) ST_MUST;
/* After message 2: moves the keys into a channel and wipes the machine. */
void cr_hs_split(struct cr_hs *hs, struct cr_channel *out);

#endif
