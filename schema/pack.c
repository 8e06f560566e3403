#include "schema/pack.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <zstd.h>

#define FILE_WINDOW_LOG_MAX 23    /* 8 MiB, what every decoder of the format supports */
#define STEP_BYTES          16384 /* room asked for at a time */

struct sc_pack {
    ZSTD_CCtx *ctx;
    bool dead;
};

struct sc_unpack {
    ZSTD_DCtx *ctx;
    bool dead;
};

struct sc_pack *sc_pack_new(int level)
{
    struct sc_pack *p = malloc(sizeof *p);
    size_t rc;

    CR_ASSERT(level >= 1 && level <= ZSTD_maxCLevel());
    if (p == NULL)
        return NULL;
    p->dead = false;
    p->ctx = ZSTD_createCCtx();
    if (p->ctx == NULL) {
        free(p);
        return NULL;
    }
    rc = ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_compressionLevel, level);
    CR_ASSERT(!ZSTD_isError(rc));
    rc = ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_windowLog, SC_PACK_WINDOW_LOG);
    CR_ASSERT(!ZSTD_isError(rc));
    return p;
}

void sc_pack_free(struct sc_pack *p)
{
    if (p == NULL)
        return;
    (void)ZSTD_freeCCtx(p->ctx);
    free(p);
}

/* Room for one more step of output at the end of out, at most `limit` bytes in all beyond `before`.
 * Sets *room_bytes; 0 when the limit is reached. */
static int make_room(struct cr_buf *out, size_t before, size_t limit, uint8_t **at,
                     size_t *room_bytes)
{
    size_t left = limit - (out->n - before);
    size_t cap_left = out->max - out->n;
    size_t step = left < STEP_BYTES ? left : STEP_BYTES;

    if (step > cap_left)
        step = cap_left;
    *room_bytes = step;
    return step == 0 ? ST_OK : cr_buf_extend(out, step, at);
}

/* Compresses everything under the directive until zstd owes nothing more. */
static int compress(ZSTD_CCtx *ctx, struct cr_span raw, ZSTD_EndDirective end, struct cr_buf *out)
{
    ZSTD_inBuffer in = {raw.p, raw.n, 0};
    size_t before = out->n;
    size_t owed = 1;

    while (owed > 0) {
        uint8_t *at = NULL;
        size_t room;
        int rc = make_room(out, before, SIZE_MAX, &at, &room);
        ZSTD_outBuffer o = {at, room, 0};

        if (rc == ST_OK && room == 0)
            rc = ST_OVERSIZE;
        if (rc == ST_OK) {
            owed = ZSTD_compressStream2(ctx, &o, &in, end);
            out->n -= room - o.pos;
            if (ZSTD_isError(owed))
                rc = ST_NOMEM; /* the parameters are right and the input is ours */
        }
        if (rc != ST_OK) {
            out->n = before;
            return rc;
        }
    }
    return ST_OK;
}

int sc_pack_flush(struct sc_pack *p, struct cr_span raw, struct cr_buf *out)
{
    int rc;

    if (p->dead)
        return ST_STATE;
    rc = compress(p->ctx, raw, ZSTD_e_flush, out);
    p->dead = rc != ST_OK;
    return rc;
}

struct sc_unpack *sc_unpack_new(void)
{
    struct sc_unpack *u = malloc(sizeof *u);
    size_t rc;

    if (u == NULL)
        return NULL;
    u->dead = false;
    u->ctx = ZSTD_createDCtx();
    if (u->ctx == NULL) {
        free(u);
        return NULL;
    }
    rc = ZSTD_DCtx_setParameter(u->ctx, ZSTD_d_windowLogMax, SC_PACK_WINDOW_LOG);
    CR_ASSERT(!ZSTD_isError(rc));
    return u;
}

void sc_unpack_free(struct sc_unpack *u)
{
    if (u == NULL)
        return;
    (void)ZSTD_freeDCtx(u->ctx);
    free(u);
}

/* Expands all of packed, at most raw_max bytes. *hint: what zstd says last; 0 = end of a frame. */
static int expand(ZSTD_DCtx *ctx, struct cr_span packed, size_t raw_max, struct cr_buf *out,
                  size_t *hint)
{
    ZSTD_inBuffer in = {packed.p, packed.n, 0};
    size_t before = out->n;

    *hint = 1;
    for (;;) {
        uint8_t spare;
        uint8_t *at = &spare; /* with no room left: does zstd still want to write? */
        size_t room;
        int rc = make_room(out, before, raw_max, &at, &room);
        ZSTD_outBuffer o = {at, room > 0 ? room : 1, 0};

        if (rc != ST_OK)
            return rc;
        *hint = ZSTD_decompressStream(ctx, &o, &in);
        if (ZSTD_isError(*hint)) {
            out->n -= room;
            return ST_MALFORMED;
        }
        if (room == 0 && o.pos > 0)
            return ST_OVERSIZE;
        if (room > 0)
            out->n -= room - o.pos;
        if (*hint == 0)
            return in.pos == in.size ? ST_OK : ST_MALFORMED;
        if (in.pos == in.size && o.pos < o.size)
            return ST_OK;
    }
}

int sc_unpack_block(struct sc_unpack *u, struct cr_span block, size_t raw_max, struct cr_buf *out)
{
    size_t before = out->n;
    size_t hint;
    int rc;

    if (u->dead)
        return ST_STATE;
    rc = block.n == 0 ? ST_MALFORMED : expand(u->ctx, block, raw_max, out, &hint);
    if (rc == ST_OK && hint == 0)
        rc = ST_MALFORMED; /* a session's stream has no end */
    if (rc != ST_OK) {
        u->dead = true;
        out->n = before;
    }
    return rc;
}

int sc_pack_once(int level, struct cr_span raw, struct cr_buf *out)
{
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    size_t rc;
    int status;

    CR_ASSERT(level >= 1 && level <= 19);
    if (ctx == NULL)
        return ST_NOMEM;
    rc = ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
    CR_ASSERT(!ZSTD_isError(rc));
    rc = ZSTD_CCtx_setPledgedSrcSize(ctx, raw.n);
    CR_ASSERT(!ZSTD_isError(rc));
    status = compress(ctx, raw, ZSTD_e_end, out);
    (void)ZSTD_freeCCtx(ctx);
    return status;
}

int sc_unpack_once(struct cr_span packed, size_t raw_max, struct cr_buf *out)
{
    ZSTD_DCtx *ctx = ZSTD_createDCtx();
    size_t before = out->n;
    size_t rc, hint;
    int status;

    if (ctx == NULL)
        return ST_NOMEM;
    rc = ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, FILE_WINDOW_LOG_MAX);
    CR_ASSERT(!ZSTD_isError(rc));
    status = expand(ctx, packed, raw_max, out, &hint);
    if (status == ST_OK && hint != 0)
        status = ST_TRUNCATED;
    if (status != ST_OK)
        out->n = before;
    (void)ZSTD_freeDCtx(ctx);
    return status;
}
