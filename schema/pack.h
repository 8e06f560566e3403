/* One zstd stream a session and direction, flushed once a frame; the decoder is bounded in window
 * and output. zstd.h is included by pack.c only. */
#ifndef SCHEMA_PACK_H
#define SCHEMA_PACK_H

#include "crypto/base/buf.h"

struct sc_pack;   /* compressor */
struct sc_unpack; /* decompressor */

#define SC_PACK_WINDOW_LOG 18 /* 256 KiB: memory of a session on a small machine */

struct sc_pack *sc_pack_new(int level); /* NULL: out of memory */
void sc_pack_free(struct sc_pack *p);
/* Compresses raw and flushes; appends to out. ST_NOMEM, ST_OVERSIZE (out's cap); out is then
 * unchanged and the stream is dead (ST_STATE from then on), because the peer's decoder would not
 * follow. */
int sc_pack_flush(struct sc_pack *p, struct cr_span raw, struct cr_buf *out) ST_MUST;

struct sc_unpack *sc_unpack_new(void);
void sc_unpack_free(struct sc_unpack *u);
/* Expands one flushed block, appending at most raw_max bytes to out (out unchanged on failure).
 * What a cut block yields is short; its content says so. ST_MALFORMED, ST_OVERSIZE, ST_NOMEM; after
 * an error the stream is dead (ST_STATE). */
int sc_unpack_block(struct sc_unpack *u, struct cr_span block, size_t raw_max,
                    struct cr_buf *out) ST_MUST;

/* One-shot, for files and measurements: a whole zstd frame, level 1 to 19. ST_TRUNCATED when it is
 * not complete, ST_MALFORMED for trailing bytes, ST_OVERSIZE. */
int sc_pack_once(int level, struct cr_span raw, struct cr_buf *out) ST_MUST;
int sc_unpack_once(struct cr_span packed, size_t raw_max, struct cr_buf *out) ST_MUST;

#endif
