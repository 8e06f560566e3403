/* Happy path: bytes are gathered to a chunk, the chunk goes through libsodium, the rest waits for
 * the next call. Every failure ends the stream and forgets its keys, so that nothing behind a fault
 * is ever taken for good. */
#include "crypto/stream.h"

#include "crypto/base/assert.h"
#include "crypto/keys.h"

#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(crypto_secretstream_xchacha20poly1305_state) ==
                   sizeof((struct cr_stream *)0)->state,
               "libsodium's state fits");
_Static_assert(crypto_secretstream_xchacha20poly1305_HEADERBYTES == CR_STREAM_HEADER_BYTES,
               "header");
_Static_assert(crypto_secretstream_xchacha20poly1305_KEYBYTES == sizeof(struct cr_stream_key),
               "key");
_Static_assert(crypto_secretstream_xchacha20poly1305_ABYTES == CR_STREAM_OVERHEAD_BYTES, "chunk");

#define TAG_MESSAGE \
    0              /* crypto_secretstream_xchacha20poly1305_TAG_MESSAGE, as bytes of the format */
#define TAG_LAST 3 /* ..._TAG_FINAL */

/* The state is bytes throughout (key, nonce, padding), so it may lie anywhere. */
static crypto_secretstream_xchacha20poly1305_state *state_of(struct cr_stream *s)
{
    return (void *)s->state;
}

void cr_stream_release(struct cr_stream *s)
{
    if (s->gather.p != NULL)
        sodium_memzero(s->gather.p, s->gather.cap);
    cr_buf_release(&s->gather);
    sodium_memzero(s, sizeof *s);
}

static int fail(struct cr_stream *s, int rc)
{
    cr_stream_release(s);
    return rc;
}

static void start(struct cr_stream *s, const struct cr_hash *bind, size_t gather_max)
{
    s->bind = *bind;
    cr_buf_init(&s->gather, gather_max);
    s->live = true;
    s->ended = false;
}

void cr_stream_seal_init(struct cr_stream *s, const struct cr_stream_key *key,
                         const struct cr_hash *bind, uint8_t header[static CR_STREAM_HEADER_BYTES])
{
    int rc = crypto_secretstream_xchacha20poly1305_init_push(state_of(s), header, key->b);

    CR_ASSERT(rc == 0);
    start(s, bind, CR_STREAM_CHUNK_BYTES);
}

void cr_stream_open_init(struct cr_stream *s, const struct cr_stream_key *key,
                         const struct cr_hash *bind,
                         const uint8_t header[static CR_STREAM_HEADER_BYTES])
{
    int rc = crypto_secretstream_xchacha20poly1305_init_pull(state_of(s), header, key->b);

    CR_ASSERT(rc == 0);
    start(s, bind, CR_STREAM_SEALED_BYTES);
}

static int seal_chunk(struct cr_stream *s, struct cr_span plain, unsigned char tag,
                      struct cr_buf *out)
{
    uint8_t *at;
    int rc = cr_buf_extend(out, plain.n + CR_STREAM_OVERHEAD_BYTES, &at);

    if (rc != ST_OK)
        return rc;
    rc = crypto_secretstream_xchacha20poly1305_push(state_of(s), at, NULL, plain.p, plain.n,
                                                    s->bind.b, sizeof s->bind.b, tag);
    CR_ASSERT(rc == 0);
    return ST_OK;
}

int cr_stream_seal(struct cr_stream *s, struct cr_span plain, struct cr_buf *out)
{
    if (!s->live)
        return ST_STATE;
    while (plain.n > 0) {
        size_t take = CR_STREAM_CHUNK_BYTES - s->gather.n;
        int rc;

        /* a full chunk waits until more follows: the end may come and has to be marked in it */
        if (s->gather.n == CR_STREAM_CHUNK_BYTES) {
            rc = seal_chunk(s, cr_buf_span(&s->gather), TAG_MESSAGE, out);
            cr_buf_clear(&s->gather);
        } else if (s->gather.n == 0 && plain.n > take) {
            rc = seal_chunk(s, (struct cr_span){plain.p, take}, TAG_MESSAGE, out);
            plain = (struct cr_span){plain.p + take, plain.n - take};
        } else {
            take = take < plain.n ? take : plain.n;
            rc = cr_buf_append(&s->gather, plain.p, take);
            plain = (struct cr_span){plain.p + take, plain.n - take};
        }
        if (rc != ST_OK)
            return fail(s, rc);
    }
    return ST_OK;
}

int cr_stream_seal_end(struct cr_stream *s, struct cr_buf *out)
{
    int rc;

    if (!s->live)
        return ST_STATE;
    rc = seal_chunk(s, cr_buf_span(&s->gather), TAG_LAST, out);
    cr_stream_release(s);
    return rc;
}

/* The next sealed chunk, whether it lies whole in *in or is completed from it; p is NULL when there
 * is not enough yet, all of *in being gathered then. */
static int next_chunk(struct cr_stream *s, struct cr_span *in, struct cr_span *chunk)
{
    size_t take = CR_STREAM_SEALED_BYTES - s->gather.n;
    int rc;

    if (s->gather.n == 0 && in->n >= take) {
        *chunk = (struct cr_span){in->p, take};
        *in = (struct cr_span){in->p + take, in->n - take};
        return ST_OK;
    }
    if (take > in->n)
        take = in->n;
    rc = cr_buf_append(&s->gather, in->p, take);
    if (rc != ST_OK)
        return rc;
    *in = (struct cr_span){in->p + take, in->n - take};
    *chunk =
        s->gather.n == CR_STREAM_SEALED_BYTES ? cr_buf_span(&s->gather) : (struct cr_span){NULL, 0};
    return ST_OK;
}

static int open_chunk(struct cr_stream *s, struct cr_span sealed, struct cr_buf *out)
{
    size_t before = out->n;
    unsigned char tag = 0xff;
    uint8_t *at;
    int rc = ST_OK;

    rc = cr_buf_extend(out, sealed.n - CR_STREAM_OVERHEAD_BYTES, &at);
    if (rc != ST_OK)
        return rc;
    if (crypto_secretstream_xchacha20poly1305_pull(state_of(s), at, NULL, &tag, sealed.p, sealed.n,
                                                   s->bind.b, sizeof s->bind.b) != 0)
        rc = ST_FORGED;
    else if (tag == TAG_LAST)
        s->ended = true;
    else if (tag != TAG_MESSAGE || sealed.n != CR_STREAM_SEALED_BYTES)
        rc = ST_FORGED;
    if (rc != ST_OK)
        out->n = before;
    return rc;
}

int cr_stream_open(struct cr_stream *s, struct cr_span sealed, struct cr_buf *out)
{
    if (!s->live)
        return ST_STATE;
    while (sealed.n > 0) {
        struct cr_span chunk;
        int rc;

        if (s->ended)
            return fail(s, ST_MALFORMED);
        rc = next_chunk(s, &sealed, &chunk);
        if (rc == ST_OK && chunk.p != NULL) {
            rc = open_chunk(s, chunk, out);
            cr_buf_clear(&s->gather);
        }
        if (rc != ST_OK)
            return fail(s, rc);
    }
    return ST_OK;
}

int cr_stream_open_end(struct cr_stream *s, struct cr_buf *out)
{
    int rc = ST_OK;

    if (!s->live)
        return ST_STATE;
    if (!s->ended) {
        rc = ST_TRUNCATED;
        if (s->gather.n >= CR_STREAM_OVERHEAD_BYTES) {
            rc = open_chunk(s, cr_buf_span(&s->gather), out);
            if (rc == ST_FORGED)
                rc = ST_TRUNCATED;
        }
    }
    cr_stream_release(s);
    return rc;
}
