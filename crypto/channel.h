/* The transport after the handshake: ChaCha20-Poly1305 frames, one key and counter a direction,
 * Noise Rekey() every CR_CHANNEL_REKEY_FRAMES frames. On the wire a frame is a 2-byte big-endian
 * length and that many bytes of ciphertext (plaintext + 16). Replay, loss or reorder of a frame
 * fails the tag and ends the session. */
#ifndef CRYPTO_CHANNEL_H
#define CRYPTO_CHANNEL_H

#include "crypto/base/buf.h"
#include "crypto/keys.h"

#define CR_CHANNEL_TAG_BYTES    16
#define CR_CHANNEL_FRAME_MAX    (65535 - CR_CHANNEL_TAG_BYTES) /* plaintext bytes */
#define CR_CHANNEL_REKEY_FRAMES 16384
#define CR_CHANNEL_FRAMES_MAX   (UINT64_C(1) << 48) /* a direction; then only ST_STATE */

struct cr_channel {
    uint8_t tx_key[32], rx_key[32]; /* secret */
    uint64_t tx_n, rx_n;
    uint8_t hash[64]; /* handshake hash: the session's public name, for short codes and binding */
    bool live;
};

void cr_channel_release(struct cr_channel *ch); /* wipes */
/* Appends length ‖ ciphertext of one frame (1..CR_CHANNEL_FRAME_MAX bytes; an empty frame is a bug
 * and aborts) to out, which is not the buffer the frame lies in. ST_NOMEM, ST_OVERSIZE; ST_STATE
 * when released or failed before, or at the last frame number. Nothing is appended on error. */
int cr_channel_seal(struct cr_channel *ch, struct cr_span frame, struct cr_buf *out) ST_MUST;
/* sealed: one ciphertext without its length. Appends the plaintext to out. ST_FORGED (also for a
 * length no frame can have) ends the channel: every later call answers ST_STATE. After ST_NOMEM or
 * ST_OVERSIZE (out is full) nothing was consumed and the same frame may be given again. */
int cr_channel_open(struct cr_channel *ch, struct cr_span sealed, struct cr_buf *out) ST_MUST;

#endif
