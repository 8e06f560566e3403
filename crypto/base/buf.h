/* A growing byte buffer with a mandatory cap. */
#ifndef CRYPTO_BASE_BUF_H
#define CRYPTO_BASE_BUF_H

#include "crypto/base/bytes.h"

struct cr_buf {
    uint8_t *p; /* owned; NULL until the first append */
    size_t n;   /* bytes in use */
    size_t cap; /* bytes allocated */
    size_t max; /* never more than this */
};

/* An empty buffer that may grow to max bytes (max > 0). Allocates nothing. */
void cr_buf_init(struct cr_buf *b, size_t max);
/* Frees the bytes and empties the buffer; it may be used again. Accepts a zeroed buffer. */
void cr_buf_release(struct cr_buf *b);
/* Keeps the allocation, forgets the bytes. */
void cr_buf_clear(struct cr_buf *b);
/* Appends n bytes. ST_OVERSIZE when max would be passed, ST_NOMEM; the buffer is then unchanged. */
int cr_buf_append(struct cr_buf *b, const void *p, size_t n) ST_MUST;
/* Makes room for n more bytes and returns where they go in *at; the caller fills them and the
 * buffer counts them at once. Errors as cr_buf_append. The pointer lives until the next growth. */
int cr_buf_extend(struct cr_buf *b, size_t n, uint8_t **at) ST_MUST;
/* Drops the first n bytes (n <= b->n), moving the rest to the front. */
void cr_buf_consume(struct cr_buf *b, size_t n);
static inline struct cr_span cr_buf_span(const struct cr_buf *b)
{
    return (struct cr_span){b->p, b->n};
}

#endif
