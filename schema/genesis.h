/* What names a space: genesis = [1, root key, hash of the next root key, street code, name];
 * net = H(net, genesis). And the invitation that lets a node find and join it. */
#ifndef SCHEMA_GENESIS_H
#define SCHEMA_GENESIS_H

#include "schema/entry.h"

#define SC_GENESIS_BYTES_MAX 256

struct sc_genesis {
    struct cr_sign_pk root;
    struct cr_hash next_root; /* H(next_root, key): a stolen root key cannot rotate itself */
    uint64_t street;          /* 9-digit code */
    char name[SC_NAME_MAX + 1];
};

int sc_genesis_encode(const struct sc_genesis *g, struct cr_buf *out) ST_MUST;
int sc_genesis_decode(struct cr_span bytes, struct sc_genesis *out, struct st_err *err) ST_MUST;
void sc_genesis_net(struct cr_span bytes, struct cr_hash *net);

/* Invitation = [1, net, inviter's exchange key, gate secret, secret, roles, grid, expires_s,
 * [address …]]; as text "fs1-" + URL-safe base64 without padding + 4 check characters (first 3
 * bytes of H(invite, bytes)). At most 120 bytes of text is for QR codes of the common case (one
 * IPv4 address): addresses are packed as 4 or 16 bytes + port, or host text. */
#define SC_INVITE_ADDRS_MAX 4
#define SC_INVITE_SECRET_BYTES 16
#define SC_INVITE_TEXT_MAX 512

struct sc_invite {
    struct cr_hash net;
    struct cr_kx_pk kx_pk;
    struct cr_gate gate;
    uint8_t secret[SC_INVITE_SECRET_BYTES]; /* secret; the IKpsk2 psk is derived from it */
    uint64_t roles;                         /* SC_ROLE_… bits the joiner will get */
    uint64_t grid;
    uint64_t expires_s; /* Unix time; checked by the inviter's clock only */
    size_t addr_count;
    char addrs[SC_INVITE_ADDRS_MAX][64]; /* "host:port", "[v6]:port" */
};

int sc_invite_encode(const struct sc_invite *i, struct cr_buf *out) ST_MUST; /* binary */
int sc_invite_decode(struct cr_span bytes, struct sc_invite *out, struct st_err *err) ST_MUST;
/* Text form; out needs SC_INVITE_TEXT_MAX. Blanks and line breaks in the input are ignored;
 * ST_FORGED when the check characters differ (a typing error). */
int sc_invite_to_text(const struct sc_invite *i, char *out, size_t out_bytes) ST_MUST;
int sc_invite_from_text(const char *text, struct sc_invite *out, struct st_err *err) ST_MUST;
/* Public id (16 bytes of H(invite, secret)) under which the inviter files it, and the psk. */
struct sc_id sc_invite_id(const uint8_t secret[static SC_INVITE_SECRET_BYTES]);
void sc_invite_psk(const uint8_t secret[static SC_INVITE_SECRET_BYTES], struct cr_psk *out);

/* Join, the payloads of handshake messages 1 and 2 under IKpsk2.
 *   request = [1, invite id, signing key, exchange key, name, pop]   pop: see cert.h
 *   answer  = [1, genesis, inviter's signing key] ; after it the joiner dials again under IK. */
struct sc_join_request {
    struct sc_id invite_id;
    struct cr_sign_pk sign_pk;
    struct cr_kx_pk kx_pk;
    char name[SC_NAME_MAX + 1];
    struct cr_sig pop; /* signature of sign_pk: context "fengsui/join/1", net ‖ invite id ‖ kx_pk */
};
int sc_join_request_encode(const struct sc_join_request *j, struct cr_buf *out) ST_MUST;
int sc_join_request_decode(struct cr_span b, struct sc_join_request *out, struct st_err *err) ST_MUST;
int sc_join_request_verify(const struct sc_join_request *j, const struct cr_hash *net) ST_MUST;
void sc_join_request_sign(struct sc_join_request *j, const struct cr_hash *net,
                          const struct cr_sign_sk *sk);

#endif
