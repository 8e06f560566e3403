/* One connection's bytes ↔ frames: length prefixes, gate, Noise handshake, channel. Sans-I/O. */
#ifndef NODE_LINK_H
#define NODE_LINK_H

#include "crypto/channel.h"
#include "crypto/handshake.h"

enum nd_link_event {
    ND_LINK_NONE,  /* need more bytes */
    ND_LINK_MSG1,  /* responder: payload of message 1 in frame; remote key and pattern known */
    ND_LINK_READY, /* initiator: payload of message 2 in frame; remote authenticated */
    ND_LINK_FRAME, /* one frame of the channel */
};

struct nd_link; /* heap */

/* prologue: net ‖ protocol version, as both sides build it. plain: no cryptography at all, the same
 * lengths and steps (simulator, for speed); keys are still exchanged, in the clear. */
struct nd_link *nd_link_initiator(enum cr_hs_pattern pattern, struct cr_span prologue,
                                  const struct cr_gate *gate, const struct cr_identity *self,
                                  const struct cr_kx_pk *remote, const struct cr_psk *psk,
                                  bool plain);
struct nd_link *nd_link_responder(struct cr_span prologue, const struct cr_gate *gate,
                                  const struct cr_identity *self, bool plain);
void nd_link_free(struct nd_link *l);

/* Feeds received bytes; takes at most what it needs for one event, sets *used; the frame is valid
 * until the next call. ST_SPACE (the gate's MAC of message 1 is not of this space), ST_FORGED,
 * ST_TRUNCATED, ST_OVERSIZE, ST_VERSION, ST_NOMEM, ST_MALFORMED (bytes of the initiator before it
 * was answered): the link is dead, later calls answer ST_STATE. Before authentication it buffers at
 * most one message whose payload is SC_HELLO_MAX. */
int nd_link_feed(struct nd_link *l, struct cr_span bytes, size_t *used, enum nd_link_event *ev,
                 struct cr_span *frame) ST_MUST;
/* Appends wire bytes; ST_NOMEM, ST_OVERSIZE (frame or out too large; nothing was appended),
 * ST_STATE (a second frame before the peer answered, or a dead link). The first frame an initiator
 * sends is the payload of message 1; the first a responder sends after MSG1 is the payload of
 * message 2; later ones are channel frames. */
int nd_link_send(struct nd_link *l, struct cr_span frame, struct cr_buf *wire) ST_MUST;
/* The remote static key: known from the start to an initiator, after MSG1 to a responder. */
const struct cr_kx_pk *nd_link_remote(const struct nd_link *l);
/* The initiator's ephemeral key (32 bytes), after MSG1 to a responder; NULL in plain mode. */
const uint8_t *nd_link_ephemeral(const struct nd_link *l);
enum cr_hs_pattern nd_link_pattern(const struct nd_link *l);
void nd_link_set_psk(struct nd_link *l, const struct cr_psk *psk); /* responder, after MSG1 */
/* 64-byte handshake hash once ready. */
const uint8_t *nd_link_hash(const struct nd_link *l);

#endif
