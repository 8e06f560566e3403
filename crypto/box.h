/* The key of a file, sealed for several holders of exchange keys, who are not named: each reader
 * tries its own key. One Diffie-Hellman with an ephemeral key a recipient.
 *
 *   box  = ephemeral public key (32) ‖ slot (48) × count, in ascending order of their bytes
 *   slot = ChaCha20-Poly1305(H("box", X25519(ephemeral, recipient) ‖ ephemeral ‖ recipient),
 *          nonce 0, no associated data, the file's key)
 *
 * Who takes the box learns how many may open it and nothing about who. Who opens it has the file's
 * key and could seal another file under it: a box says nothing about its sender. */
#ifndef CRYPTO_BOX_H
#define CRYPTO_BOX_H

#include "crypto/keys.h"
#include "crypto/stream.h"

#define CR_BOX_RECIPIENTS_MAX 1024
#define CR_BOX_SLOT_BYTES     48
#define CR_BOX_BYTES(count)   (CR_KX_BYTES + (size_t)(count)*CR_BOX_SLOT_BYTES)

/* count: 1..CR_BOX_RECIPIENTS_MAX. Appends CR_BOX_BYTES(count) bytes to out. ST_RANGE: recipient
 * *bad (may be NULL) has a key that no honest one can have (of low order); ST_NOMEM, ST_OVERSIZE.
 * out is unchanged on error. */
int cr_box_seal(const struct cr_stream_key *key, const struct cr_kx_pk *to, size_t count,
                size_t *bad, struct cr_buf *out) ST_MUST;
/* The key, if the box was made for this pair. ST_MALFORMED: not the size of a box; ST_DENIED: made
 * for others; *key is written on success only. */
int cr_box_open(struct cr_span box, const struct cr_kx_pk *pk, const struct cr_kx_sk *sk,
                struct cr_stream_key *key) ST_MUST;

#endif
