/* Join: the payloads of handshake messages 1 and 2 under IKpsk2.
 *   request = [1, invite id, signing key, exchange key, name, pop]
 *   answer  = [1, genesis (bin), inviter's signing key]; after it the joiner dials again under IK.
 * Both without the type byte of a frame: the sender puts SC_FT_JOIN before it, the receiver takes
 * it off, as for every frame. */
#ifndef SCHEMA_JOIN_H
#define SCHEMA_JOIN_H

#include "schema/invite.h"

#define SC_JOIN_VERSION 1

struct sc_join_request {
    struct sc_id invite_id;
    struct cr_sign_pk sign_pk;
    struct cr_kx_pk kx_pk;
    char name[SC_NAME_MAX + 1]; /* 1 to SC_NAME_MAX bytes of UTF-8 */
    struct cr_sig pop; /* signature of sign_pk: context "fengsui/join/1", net ‖ invite id ‖ kx_pk ‖
                          name */
};

struct sc_join_answer {
    struct cr_span genesis; /* borrowed; encoded, see genesis.h */
    struct cr_sign_pk inviter;
};

/* Encoders append. ST_MALFORMED (name empty or not UTF-8; genesis empty), ST_NOMEM, ST_OVERSIZE;
 * out is then unchanged. Decoders: ST_MALFORMED, ST_TRUNCATED, ST_OVERSIZE, ST_VERSION. */
int sc_join_request_encode(const struct sc_join_request *j, struct cr_buf *out) ST_MUST;
int sc_join_request_decode(struct cr_span b, struct sc_join_request *out,
                           struct st_err *err) ST_MUST;
/* ST_OK or ST_FORGED. */
int sc_join_request_verify(const struct sc_join_request *j, const struct cr_hash *net) ST_MUST;
/* Fills pop; the other fields are set, with a name of 1 to SC_NAME_MAX bytes (asserted). */
void sc_join_request_sign(struct sc_join_request *j, const struct cr_hash *net,
                          const struct cr_sign_sk *sk);
int sc_join_answer_encode(const struct sc_join_answer *a, struct cr_buf *out) ST_MUST;
/* Checks the form of the answer, not of the genesis in it. */
int sc_join_answer_decode(struct cr_span b, struct sc_join_answer *out, struct st_err *err) ST_MUST;

#endif
