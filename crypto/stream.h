/* A byte stream sealed under one key, for files: XChaCha20-Poly1305 in chunks of 64 KiB (libsodium
 * secretstream), constant memory, any length. A changed, moved, repeated or missing chunk, a cut
 * end and bytes behind the end are all noticed, and everything before the fault has been handed out
 * by then: a reader may keep what it can verify by other means.
 *
 *   header (24, random) ‖ chunk* ‖ last chunk
 *   chunk = 65,536 bytes sealed (65,553);  last chunk = 0..65,536 bytes sealed, marked as the last
 *
 * The format does not say where the stream ends: the end of the file does. */
#ifndef CRYPTO_STREAM_H
#define CRYPTO_STREAM_H

#include "crypto/base/buf.h"
#include "crypto/hash.h"

#define CR_STREAM_HEADER_BYTES   24
#define CR_STREAM_CHUNK_BYTES    65536 /* plaintext */
#define CR_STREAM_OVERHEAD_BYTES 17    /* a chunk */
#define CR_STREAM_SEALED_BYTES   (CR_STREAM_CHUNK_BYTES + CR_STREAM_OVERHEAD_BYTES)

struct cr_stream_key {
    uint8_t b[32];
}; /* secret; made for one stream */

/* One direction of one stream; all fields private. */
struct cr_stream {
    uint8_t state[52];    /* secret: libsodium's */
    struct cr_hash bind;  /* associated data of every chunk */
    struct cr_buf gather; /* less than a chunk: plaintext when sealing (secret), sealed otherwise */
    bool live;            /* false before init, after the end and after a failure */
    bool ended;           /* the last chunk was opened */
};

/* Wipes and frees. Accepts a zeroed stream. */
void cr_stream_release(struct cr_stream *s);

/* bind: what the stream belongs to (the hash of the file's clear header); a stream opened with
 * another one is forged from the first chunk on. seal_init draws the header. Neither allocates. */
void cr_stream_seal_init(struct cr_stream *s, const struct cr_stream_key *key,
                         const struct cr_hash *bind, uint8_t header[static CR_STREAM_HEADER_BYTES]);
void cr_stream_open_init(struct cr_stream *s, const struct cr_stream_key *key,
                         const struct cr_hash *bind,
                         const uint8_t header[static CR_STREAM_HEADER_BYTES]);

/* Appends the chunks that are full to out (at most plain.n + 65,535 bytes and 17 a chunk); end
 * appends the last one. ST_NOMEM and ST_OVERSIZE (out is full) end the stream, what was appended is
 * whole chunks; ST_STATE after the end or a failure. */
int cr_stream_seal(struct cr_stream *s, struct cr_span plain, struct cr_buf *out) ST_MUST;
int cr_stream_seal_end(struct cr_stream *s, struct cr_buf *out) ST_MUST;

/* Takes the next bytes of the file, in pieces of any size, and appends the plaintext of each chunk
 * that is complete and verifies (at most sealed.n + 65,552 bytes). ST_FORGED: a chunk is not the
 * one that was sealed here; ST_MALFORMED: bytes behind the last chunk; ST_NOMEM, ST_OVERSIZE,
 * ST_STATE. Each ends the stream; plaintext appended before stays good.
 * open_end: the file ends here. ST_OK when the last chunk has been seen (its plaintext is appended
 * now when it was shorter than 64 KiB); ST_TRUNCATED when the stream is cut off, also when what is
 * left over is no chunk, which a cut and a damaged last chunk leave alike. */
int cr_stream_open(struct cr_stream *s, struct cr_span sealed, struct cr_buf *out) ST_MUST;
int cr_stream_open_end(struct cr_stream *s, struct cr_buf *out) ST_MUST;

#endif
