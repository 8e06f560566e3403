#include "crypto/base/buf.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY_BYTES 64

void cr_buf_init(struct cr_buf *b, size_t max)
{
    CR_ASSERT(max > 0);
    *b = (struct cr_buf){.max = max};
}

void cr_buf_release(struct cr_buf *b)
{
    free(b->p);
    b->p = NULL;
    b->n = 0;
    b->cap = 0;
}

void cr_buf_clear(struct cr_buf *b)
{
    b->n = 0;
}

/* Makes room for need bytes in all (need <= max): doubles, so that appends cost amortised O(1). */
static int grow(struct cr_buf *b, size_t need)
{
    size_t cap = b->cap > 0 ? b->cap : FIRST_CAPACITY_BYTES;
    uint8_t *p;

    if (need <= b->cap)
        return ST_OK;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    p = realloc(b->p, cap);
    if (p == NULL)
        return ST_NOMEM;
    b->p = p;
    b->cap = cap;
    return ST_OK;
}

int cr_buf_extend(struct cr_buf *b, size_t n, uint8_t **at)
{
    int rc;

    CR_ASSERT(b->max > 0);
    CR_ASSERT(b->n <= b->max);
    if (n > b->max - b->n)
        return ST_OVERSIZE;
    rc = grow(b, b->n + n);
    if (rc != ST_OK)
        return rc;
    *at = b->n > 0 ? b->p + b->n : b->p;
    b->n += n;
    return ST_OK;
}

int cr_buf_append(struct cr_buf *b, const void *p, size_t n)
{
    uint8_t *at;
    int rc = cr_buf_extend(b, n, &at);

    if (rc == ST_OK && n > 0)
        memcpy(at, p, n);
    return rc;
}

void cr_buf_consume(struct cr_buf *b, size_t n)
{
    CR_ASSERT(n <= b->n);
    if (n == 0)
        return;
    b->n -= n;
    if (b->n > 0)
        memmove(b->p, b->p + n, b->n);
}
