/* Canonical MessagePack: one value, one encoding. The reader never allocates and accepts only the
 * smallest form of integers and lengths, strictly ascending small-integer map keys, valid UTF-8, no
 * floats, no extensions, depth <= SC_DEPTH_MAX; a declared count is compared with the bytes that
 * are left before it is believed. The writer packs through msgpack-c. */
#ifndef SCHEMA_WIRE_H
#define SCHEMA_WIRE_H

#include "crypto/base/buf.h"
#include "schema/limits.h"

/* Sticky: after the first failure every read returns the same status and yields zero values. */
struct sc_reader {
    const uint8_t *start, *p, *end;
    int status;
    bool checked;                /* texts were found valid before */
    unsigned depth;              /* open containers */
    uint64_t left[SC_DEPTH_MAX]; /* items still owed by each open container */
};

enum sc_kind_peek {
    SC_PEEK_END,
    SC_PEEK_UINT,
    SC_PEEK_INT,
    SC_PEEK_NIL,
    SC_PEEK_BOOL,
    SC_PEEK_TEXT,
    SC_PEEK_BIN,
    SC_PEEK_ARRAY,
    SC_PEEK_MAP,
    SC_PEEK_BAD
};

void sc_reader_init(struct sc_reader *r, struct cr_span bytes);
/* For bytes of our own store, which were read in full when they were admitted: texts are not
 * searched for invalid UTF-8 and NUL again. All bounds are still checked. */
void sc_reader_init_checked(struct sc_reader *r, struct cr_span bytes);
/* Kind of the next value without consuming it. */
enum sc_kind_peek sc_peek(const struct sc_reader *r);
/* ST_OK when everything was read and every container is complete; ST_MALFORMED for trailing bytes
 * or missing items, or the sticky status. */
int sc_reader_finish(struct sc_reader *r) ST_MUST;
/* Refuses what was read for a reason of the caller's: sticky like a failure of a read, unless one
 * came before. Returns the sticky status. */
int sc_reader_fail(struct sc_reader *r, int status);
/* Offset of the next byte (or of the failure), for error messages. */
size_t sc_reader_offset(const struct sc_reader *r);

/* Each consumes one value. min/max are inclusive. ST_TRUNCATED, ST_MALFORMED (wrong type, not
 * canonical), ST_RANGE, ST_OVERSIZE (length or count over max). Outputs are zero on failure. */
int sc_read_u64(struct sc_reader *r, uint64_t max, uint64_t *out);
int sc_read_i64(struct sc_reader *r, int64_t min, int64_t max, int64_t *out);
int sc_read_bool(struct sc_reader *r, bool *out);
int sc_read_nil(struct sc_reader *r);
int sc_read_text(struct sc_reader *r, size_t max, struct cr_span *out); /* checked UTF-8, no NUL */
int sc_read_bin(struct sc_reader *r, size_t max, struct cr_span *out);
/* Exactly n bytes, copied to out. */
int sc_read_fixed(struct sc_reader *r, size_t n, void *out);
/* Opens an array of count items or a map of count pairs; the container closes by itself when its
 * last item has been read. */
int sc_read_array(struct sc_reader *r, uint64_t max, uint64_t *count);
int sc_read_map(struct sc_reader *r, uint64_t max, uint64_t *count);
/* Key of a map: 0..255 and greater than *previous, which it updates; start *previous at -1. */
int sc_read_key(struct sc_reader *r, int *previous);
/* Any one canonical value, whole; *out spans its bytes (out may be NULL). */
int sc_read_any(struct sc_reader *r, struct cr_span *out);

/* Writer on a buffer; sticky status, checked once at the end. */
struct sc_writer {
    struct cr_buf *out; /* borrowed */
    int status;         /* ST_OK, ST_NOMEM or ST_OVERSIZE */
};

void sc_writer_init(struct sc_writer *w, struct cr_buf *out);
void sc_write_u64(struct sc_writer *w, uint64_t v);
void sc_write_i64(struct sc_writer *w, int64_t v);
void sc_write_bool(struct sc_writer *w, bool v);
void sc_write_nil(struct sc_writer *w);
void sc_write_text(struct sc_writer *w, struct cr_span utf8);
void sc_write_bin(struct sc_writer *w, struct cr_span bytes);
void sc_write_array(struct sc_writer *w, uint64_t count);
void sc_write_map(struct sc_writer *w, uint64_t count);
/* Bytes that are already canonical. */
void sc_write_raw(struct sc_writer *w, struct cr_span canonical);

#endif
