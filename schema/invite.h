/* The invitation that lets a node find a space and join it: handed over as a file, as text or as a
 * QR code. It carries two secrets; whoever reads it may join until it is used or expires.
 *
 *   invitation = 1 ‖ net (32) ‖ inviter's exchange key (32) ‖ gate secret (16) ‖ secret (16)
 *              ‖ roles be16 ‖ grid be64 ‖ expires be32 ‖ address …
 *   address    = see addr.h
 *   text       = "fs1-" ‖ URL-safe base64 without padding ‖ 4 check characters (the first 3 bytes
 *                of H(invite, bytes))
 *
 * Packed by hand rather than as MessagePack, so that the common case (one IPv4 address) is 118
 * bytes: 96 of these are keys and secrets, which no packing shortens. */
#ifndef SCHEMA_INVITE_H
#define SCHEMA_INVITE_H

#include "schema/addr.h"
#include "schema/genesis.h"

#define SC_INVITE_VERSION      1
#define SC_INVITE_ADDRS_MAX    4
#define SC_INVITE_SECRET_BYTES 16
#define SC_INVITE_BYTES_MAX    (111 + SC_INVITE_ADDRS_MAX * SC_ADDR_PACKED_MAX)
#define SC_INVITE_TEXT_MAX     512

struct sc_invite {
    struct cr_hash net;
    struct cr_kx_pk kx_pk;
    struct cr_gate gate;
    uint8_t secret[SC_INVITE_SECRET_BYTES]; /* secret; the IKpsk2 psk is derived from it */
    uint64_t roles;                         /* SC_ROLE_… bits the joiner will get, 16 bits */
    uint64_t grid;
    uint64_t expires_s; /* Unix time, 32 bits; checked by the inviter's clock only */
    size_t addr_count;
    char addrs[SC_INVITE_ADDRS_MAX][SC_ADDR_TEXT_MAX]; /* "host:port", "[v6]:port" */
};

/* Appends the binary form. ST_RANGE (roles, expires_s, grid, addr_count), ST_MALFORMED (an address
 * that is none), ST_NOMEM, ST_OVERSIZE; out is then unchanged. */
int sc_invite_encode(const struct sc_invite *i, struct cr_buf *out) ST_MUST;
/* Addresses come back in their usual form ("10.0.0.1:7000", "[fe80::1]:7000", "host:7000").
 * ST_MALFORMED, ST_TRUNCATED, ST_RANGE, ST_VERSION; *out is wiped then. */
int sc_invite_decode(struct cr_span bytes, struct sc_invite *out, struct st_err *err) ST_MUST;
/* Text form with its NUL. ST_OVERSIZE when out_bytes is too small (SC_INVITE_TEXT_MAX never is),
 * else as sc_invite_encode. */
int sc_invite_to_text(const struct sc_invite *i, char *out, size_t out_bytes) ST_MUST;
/* Blanks and line breaks anywhere are ignored. ST_FORGED when the check characters differ (a typing
 * error), ST_MALFORMED when it is no invitation at all, else as sc_invite_decode. */
int sc_invite_from_text(const char *text, struct sc_invite *out, struct st_err *err) ST_MUST;
void sc_invite_wipe(struct sc_invite *i);

/* Public id (16 bytes of H(invite, secret)) under which the inviter files it, and the psk
 * (H(invite, secret ‖ "psk")). */
struct sc_id sc_invite_id(const uint8_t secret[static SC_INVITE_SECRET_BYTES]);
void sc_invite_psk(const uint8_t secret[static SC_INVITE_SECRET_BYTES], struct cr_psk *out);

#endif
