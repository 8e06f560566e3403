/* The small frames: ack, synced, fork, bye. */
#include "schema/frame_parts.h"

#include "crypto/base/assert.h"

#define BYE_CODE_MAX 255

int sc_ack_encode(const struct sc_ack *a, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    CR_ASSERT(a->count <= SC_ACK_MAX);
    sc_frame_begin(&w, out, SC_FT_ACK, &before);
    sc_write_array(&w, 2);
    sc_write_u64(&w, a->credit_bytes);
    sc_write_array(&w, a->count);
    for (size_t i = 0; i < a->count; i++) {
        CR_ASSERT(a->at[i].log_ref <= SC_LOG_REF_MAX);
        CR_ASSERT(a->at[i].seq <= SC_SEQ_MAX);
        sc_write_array(&w, 2);
        sc_write_u64(&w, a->at[i].log_ref);
        sc_write_u64(&w, a->at[i].seq);
    }
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

int sc_ack_decode(struct cr_span body, struct sc_ack *out, struct st_err *err)
{
    struct sc_reader r;
    uint64_t count;

    sc_reader_init(&r, body);
    sc_read_tuple(&r, 2);
    sc_read_u64(&r, UINT64_MAX, &out->credit_bytes);
    sc_read_array(&r, SC_ACK_MAX, &count);
    for (uint64_t i = 0; i < count && r.status == ST_OK; i++) {
        sc_read_tuple(&r, 2);
        sc_read_u64(&r, SC_LOG_REF_MAX, &out->at[i].log_ref);
        sc_read_u64(&r, SC_SEQ_MAX, &out->at[i].seq);
    }
    out->count = (size_t)count;
    if (sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "ack", "field");
    return ST_OK;
}

int sc_synced_encode(const struct sc_synced *s, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    sc_frame_begin(&w, out, SC_FT_SYNCED, &before);
    sc_write_array(&w, 2);
    sc_write_bin(&w, cr_span_of(s->fingerprint.b, SC_ID_BYTES));
    sc_write_u64(&w, s->log_count);
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

int sc_synced_decode(struct cr_span body, struct sc_synced *out, struct st_err *err)
{
    struct sc_reader r;

    sc_reader_init(&r, body);
    sc_read_tuple(&r, 2);
    sc_read_fixed(&r, SC_ID_BYTES, out->fingerprint.b);
    sc_read_u64(&r, UINT64_MAX, &out->log_count);
    if (sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "synced", "field");
    return ST_OK;
}

int sc_fork_encode(const struct sc_fork *f, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    sc_frame_begin(&w, out, SC_FT_FORK, &before);
    sc_write_array(&w, 3);
    sc_key_write(&w, &f->key);
    for (size_t i = 0; i < 2; i++) {
        CR_ASSERT(f->side[i].seq <= SC_SEQ_MAX);
        sc_write_array(&w, 3);
        sc_write_u64(&w, f->side[i].seq);
        sc_write_bin(&w, cr_hash_span(&f->side[i].chain));
        sc_write_bin(&w, cr_span_of(f->side[i].sig.b, CR_SIG_BYTES));
    }
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

int sc_fork_decode(struct cr_span body, struct sc_fork *out, struct st_err *err)
{
    struct sc_reader r;

    sc_reader_init(&r, body);
    sc_read_tuple(&r, 3);
    sc_key_read(&r, &out->key);
    for (size_t i = 0; i < 2; i++) {
        sc_read_tuple(&r, 3);
        sc_read_u64(&r, SC_SEQ_MAX, &out->side[i].seq);
        sc_read_fixed(&r, CR_HASH_BYTES, out->side[i].chain.b);
        sc_read_fixed(&r, CR_SIG_BYTES, out->side[i].sig.b);
    }
    if (sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "fork", "field");
    return ST_OK;
}

int sc_bye_encode(const struct sc_bye *b, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    CR_ASSERT(b->code <= 0 && -(int)b->code <= BYE_CODE_MAX);
    CR_ASSERT(b->text.n <= SC_BYE_TEXT_MAX);
    sc_frame_begin(&w, out, SC_FT_BYE, &before);
    sc_write_array(&w, 2);
    sc_write_u64(&w, (uint64_t)(-(int)b->code));
    sc_write_text(&w, b->text);
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

int sc_bye_decode(struct cr_span body, struct sc_bye *out, struct st_err *err)
{
    struct sc_reader r;
    uint64_t code;

    sc_reader_init(&r, body);
    sc_read_tuple(&r, 2);
    sc_read_u64(&r, BYE_CODE_MAX, &code);
    sc_read_text(&r, SC_BYE_TEXT_MAX, &out->text);
    if (sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "bye", "field");
    out->code = (enum st_code)(-(int)code);
    return ST_OK;
}
