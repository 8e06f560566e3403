/* Range-based set reconciliation over heads. Bounds are compared as 32-byte ids padded with zeros,
 * so a bound with a zero at its end would be a second spelling of a shorter one. */
#include "schema/frame_parts.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

int sc_ranges_init(struct sc_ranges *r)
{
    *r = (struct sc_ranges){0};
    r->range = calloc(SC_RANGES_MAX, sizeof *r->range);
    if (r->range == NULL)
        return ST_NOMEM;
    r->head = calloc(SC_RANGE_HEADS_MAX, sizeof *r->head);
    if (r->head == NULL) {
        sc_ranges_release(r);
        return ST_NOMEM;
    }
    return ST_OK;
}

void sc_ranges_release(struct sc_ranges *r)
{
    free(r->range);
    free(r->head);
    *r = (struct sc_ranges){0};
}

/* The bound is in its shortest form, above the one before, and empty exactly for the last. */
static bool bound_valid(const struct sc_range *before, const struct sc_range *range, bool last)
{
    size_t common;
    int order;

    if (last)
        return range->upper_bytes == 0;
    if (range->upper_bytes == 0 || range->upper[range->upper_bytes - 1] == 0)
        return false;
    if (before == NULL)
        return true;
    common = before->upper_bytes < range->upper_bytes ? before->upper_bytes : range->upper_bytes;
    order = memcmp(before->upper, range->upper, common);
    return order < 0 || (order == 0 && before->upper_bytes < range->upper_bytes);
}

static void write_range(struct sc_writer *w, const struct sc_ranges *r,
                        const struct sc_range *range)
{
    sc_write_array(w, range->mode == SC_RANGE_SKIP ? 2 : 4);
    sc_write_bin(w, cr_span_of(range->upper, range->upper_bytes));
    sc_write_u64(w, range->mode);
    if (range->mode == SC_RANGE_FINGERPRINT) {
        sc_write_bin(w, cr_span_of(range->fingerprint.b, SC_ID_BYTES));
        sc_write_u64(w, range->log_count);
    } else if (range->mode == SC_RANGE_HEADS) {
        CR_ASSERT(range->head_first <= r->head_count);
        CR_ASSERT(range->head_count <= r->head_count - range->head_first);
        sc_write_bool(w, range->answer);
        sc_write_array(w, range->head_count);
        for (size_t i = 0; i < range->head_count; i++)
            sc_head_write(w, &r->head[range->head_first + i]);
    }
}

int sc_ranges_encode(const struct sc_ranges *r, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    CR_ASSERT(r->range_count >= 1 && r->range_count <= SC_RANGES_MAX);
    CR_ASSERT(r->head_count <= SC_RANGE_HEADS_MAX);
    sc_frame_begin(&w, out, SC_FT_RANGES, &before);
    sc_write_array(&w, r->range_count);
    for (size_t i = 0; i < r->range_count; i++) {
        CR_ASSERT(
            bound_valid(i > 0 ? &r->range[i - 1] : NULL, &r->range[i], i + 1 == r->range_count));
        write_range(&w, r, &r->range[i]);
    }
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

static void read_bound(struct sc_reader *r, struct sc_range *range)
{
    struct cr_span bound;

    if (sc_read_bin(r, sizeof range->upper, &bound) != ST_OK)
        return;
    range->upper_bytes = bound.n;
    if (bound.n > 0)
        memcpy(range->upper, bound.p, bound.n);
}

static void read_range_heads(struct sc_reader *r, struct sc_ranges *out, struct sc_range *range)
{
    uint64_t count;

    sc_read_bool(r, &range->answer);
    sc_read_array(r, SC_RANGE_HEADS_MAX - out->head_count, &count);
    range->head_first = out->head_count;
    range->head_count = (size_t)count;
    for (uint64_t i = 0; i < count && r->status == ST_OK; i++)
        sc_head_read(r, &out->head[out->head_count++]);
}

static void read_range(struct sc_reader *r, struct sc_ranges *out, struct sc_range *range)
{
    uint64_t items, mode;

    *range = (struct sc_range){0};
    sc_read_array(r, 4, &items);
    read_bound(r, range);
    if (sc_read_u64(r, SC_RANGE_HEADS, &mode) != ST_OK)
        return;
    range->mode = (enum sc_range_mode)mode;
    if (items != (mode == SC_RANGE_SKIP ? 2 : 4)) {
        (void)sc_reader_fail(r, ST_MALFORMED);
    } else if (mode == SC_RANGE_FINGERPRINT) {
        sc_read_fixed(r, SC_ID_BYTES, range->fingerprint.b);
        sc_read_u64(r, UINT64_MAX, &range->log_count);
    } else if (mode == SC_RANGE_HEADS) {
        read_range_heads(r, out, range);
    }
}

int sc_ranges_decode(struct cr_span body, struct sc_ranges *out, struct st_err *err)
{
    struct sc_reader r;
    uint64_t count;

    CR_ASSERT(out->range != NULL && out->head != NULL);
    out->range_count = out->head_count = 0;
    if (body.n >= SC_FRAME_MAX)
        return st_fail(err, ST_OVERSIZE, "ranges: %zu bytes", body.n);
    sc_reader_init(&r, body);
    if (sc_read_array(&r, SC_RANGES_MAX, &count) == ST_OK && count == 0)
        (void)sc_reader_fail(&r, ST_MALFORMED);
    for (uint64_t i = 0; i < count && r.status == ST_OK; i++) {
        read_range(&r, out, &out->range[i]);
        if (r.status == ST_OK &&
            !bound_valid(i > 0 ? &out->range[i - 1] : NULL, &out->range[i], i + 1 == count))
            (void)sc_reader_fail(&r, ST_MALFORMED);
    }
    if (sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "ranges", "range");
    out->range_count = (size_t)count;
    return ST_OK;
}
