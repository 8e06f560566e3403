/* Places of one log, to find where branches part. */
#include "schema/frame_parts.h"

#include "crypto/base/assert.h"

#include <string.h>

int sc_point_cmp(const struct sc_point *a, const struct sc_point *b)
{
    if (a->seq_next != b->seq_next)
        return a->seq_next < b->seq_next ? -1 : 1;
    return memcmp(a->chain8, b->chain8, sizeof a->chain8);
}

int sc_spine_encode(const struct sc_spine *s, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    CR_ASSERT(s->count <= SC_SPINE_POINTS_MAX);
    sc_frame_begin(&w, out, SC_FT_SPINE, &before);
    sc_write_array(&w, 2);
    sc_write_bin(&w, cr_hash_span(&s->log_id));
    sc_write_array(&w, s->count);
    for (size_t i = 0; i < s->count; i++) {
        CR_ASSERT(s->at[i].seq_next >= 1 && s->at[i].seq_next <= SC_SEQ_MAX + 1);
        CR_ASSERT(i == 0 || sc_point_cmp(&s->at[i - 1], &s->at[i]) < 0);
        sc_write_array(&w, 2);
        sc_write_u64(&w, s->at[i].seq_next);
        sc_write_bin(&w, cr_span_of(s->at[i].chain8, sizeof s->at[i].chain8));
    }
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

int sc_spine_decode(struct cr_span body, struct sc_spine *out, struct st_err *err)
{
    struct sc_reader r;
    uint64_t count;

    sc_reader_init(&r, body);
    sc_read_tuple(&r, 2);
    sc_read_fixed(&r, CR_HASH_BYTES, out->log_id.b);
    sc_read_array(&r, SC_SPINE_POINTS_MAX, &count);
    for (uint64_t i = 0; i < count && r.status == ST_OK; i++) {
        struct sc_point *p = &out->at[i];

        sc_read_tuple(&r, 2);
        if (sc_read_u64(&r, SC_SEQ_MAX + 1, &p->seq_next) == ST_OK && p->seq_next == 0)
            (void)sc_reader_fail(&r, ST_RANGE);
        if (sc_read_fixed(&r, sizeof p->chain8, p->chain8) == ST_OK && i > 0 &&
            sc_point_cmp(&out->at[i - 1], p) >= 0)
            (void)sc_reader_fail(&r, ST_MALFORMED);
    }
    out->count = (size_t)count;
    if (sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "spine", "point");
    return ST_OK;
}
