#include "schema/bundle.h"

#include "crypto/base/assert.h"
#include "schema/frame_parts.h"

#include <string.h>

static const char magic[4] = {'F', 'S', 'B', '1'};
static const char mark_context[] = "fengsui/bundle/1";

void sc_bundle_head_encode(const struct sc_bundle_head *h, uint8_t out[static SC_BUNDLE_HEAD_BYTES])
{
    CR_ASSERT(h->part >= 1 && h->part <= SC_BUNDLE_PARTS_MAX);
    CR_ASSERT(h->recipients >= 1 && h->recipients <= CR_BOX_RECIPIENTS_MAX);
    memcpy(out, magic, sizeof magic);
    out[4] = SC_BUNDLE_VERSION;
    out[5] = (uint8_t)h->kind;
    cr_store_be16(out + 6, (uint16_t)h->part);
    cr_store_be64(out + 8, h->created_ms);
    memcpy(out + 16, h->set.b, SC_ID_BYTES);
    memcpy(out + 32, h->net8, sizeof h->net8);
    cr_store_be16(out + 40, (uint16_t)h->recipients);
}

int sc_bundle_head_decode(struct cr_span bytes, struct sc_bundle_head *out, struct st_err *err)
{
    memset(out, 0, sizeof *out);
    if (bytes.n < sizeof magic || memcmp(bytes.p, magic, sizeof magic) != 0)
        return st_fail(err, ST_MALFORMED, "not a bundle");
    if (bytes.n < SC_BUNDLE_HEAD_BYTES)
        return st_fail(err, ST_TRUNCATED, "bundle: head ends at byte %zu", bytes.n);
    if (bytes.p[4] != SC_BUNDLE_VERSION)
        return bytes.p[4] > SC_BUNDLE_VERSION
                   ? st_fail(err, ST_VERSION, "bundle: version %u", (unsigned)bytes.p[4])
                   : st_fail(err, ST_MALFORMED, "bundle: version 0");
    if (bytes.p[5] != SC_BUNDLE_ENTRIES && bytes.p[5] != SC_BUNDLE_RECEIPT)
        return st_fail(err, ST_MALFORMED, "bundle: kind %u", (unsigned)bytes.p[5]);
    out->kind = bytes.p[5] == SC_BUNDLE_RECEIPT ? SC_BUNDLE_RECEIPT : SC_BUNDLE_ENTRIES;
    out->part = cr_load_be16(bytes.p + 6);
    out->created_ms = cr_load_be64(bytes.p + 8);
    memcpy(out->set.b, bytes.p + 16, SC_ID_BYTES);
    memcpy(out->net8, bytes.p + 32, sizeof out->net8);
    out->recipients = cr_load_be16(bytes.p + 40);
    if (out->part == 0 || out->part > SC_BUNDLE_PARTS_MAX)
        return st_fail(err, ST_RANGE, "bundle: part %llu", (unsigned long long)out->part);
    if (out->created_ms > SC_WALL_MS_MAX)
        return st_fail(err, ST_RANGE, "bundle: time %llu", (unsigned long long)out->created_ms);
    if (out->recipients == 0 || out->recipients > CR_BOX_RECIPIENTS_MAX)
        return st_fail(err, ST_RANGE, "bundle: %zu recipients", out->recipients);
    return ST_OK;
}

/* frame_begin for the types of files. */
static void begin(struct sc_writer *w, struct cr_buf *out, enum sc_bundle_frame type,
                  size_t *before)
{
    uint8_t byte = (uint8_t)type;

    *before = out->n;
    sc_writer_init(w, out);
    sc_write_raw(w, cr_span_of(&byte, 1));
}

int sc_bundle_manifest_encode(const struct sc_bundle_manifest *m, struct cr_buf *out)
{
    struct sc_writer w;
    uint64_t last = 0;
    size_t before;

    CR_ASSERT(m->scope_count >= 1 && m->scope_count <= SC_SCOPES_MAX);
    CR_ASSERT(m->log_count <= SC_BUNDLE_LOGS_MAX);
    begin(&w, out, SC_BF_MANIFEST, &before);
    sc_write_array(&w, 8);
    sc_write_bin(&w, cr_hash_span(&m->net));
    sc_write_bin(&w, cr_span_of(m->sender.b, CR_SIGN_PK_BYTES));
    sc_write_u64(&w, m->created_ms);
    sc_write_bin(&w, cr_span_of(m->set.b, SC_ID_BYTES));
    sc_write_u64(&w, m->part);
    sc_write_u64(&w, (uint64_t)m->kind);
    sc_write_array(&w, m->scope_count);
    for (size_t i = 0; i < m->scope_count; i++) {
        CR_ASSERT(m->scopes[i] > last);
        sc_write_u64(&w, m->scopes[i] - last);
        last = m->scopes[i];
    }
    sc_write_u64(&w, m->log_count);
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

static void read_scopes(struct sc_reader *r, struct sc_bundle_manifest *out)
{
    uint64_t count, last = 0;

    if (sc_read_array(r, SC_SCOPES_MAX, &count) == ST_OK && count == 0)
        (void)sc_reader_fail(r, ST_RANGE);
    for (uint64_t i = 0; i < count && r->status == ST_OK; i++) {
        uint64_t delta;

        if (sc_read_u64(r, UINT64_MAX, &delta) == ST_OK &&
            (delta == 0 || !cr_add_u64(last, delta, &last) || !sc_scope_valid(last)))
            (void)sc_reader_fail(r, ST_RANGE);
        out->scopes[i] = last;
    }
    out->scope_count = r->status == ST_OK ? (size_t)count : 0;
}

int sc_bundle_manifest_decode(struct cr_span body, struct sc_bundle_manifest *out,
                              struct st_err *err)
{
    struct sc_reader r;
    uint64_t kind = 0;

    memset(out, 0, sizeof *out);
    sc_reader_init(&r, body);
    sc_read_tuple(&r, 8);
    sc_read_fixed(&r, CR_HASH_BYTES, out->net.b);
    sc_read_fixed(&r, CR_SIGN_PK_BYTES, out->sender.b);
    sc_read_u64(&r, SC_WALL_MS_MAX, &out->created_ms);
    sc_read_fixed(&r, SC_ID_BYTES, out->set.b);
    sc_read_u64(&r, SC_BUNDLE_PARTS_MAX, &out->part);
    if (sc_read_u64(&r, SC_BUNDLE_RECEIPT, &kind) == ST_OK && (kind == 0 || out->part == 0))
        (void)sc_reader_fail(&r, ST_RANGE);
    out->kind = kind == SC_BUNDLE_RECEIPT ? SC_BUNDLE_RECEIPT : SC_BUNDLE_ENTRIES;
    read_scopes(&r, out);
    sc_read_u64(&r, SC_BUNDLE_LOGS_MAX, &out->log_count);
    if (r.status != ST_OK || sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "bundle", "manifest");
    return ST_OK;
}

int sc_bundle_heads_encode(const struct sc_head *h, size_t count, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    CR_ASSERT(count >= 1 && count <= SC_BUNDLE_HEADS_MAX);
    begin(&w, out, SC_BF_HEADS, &before);
    sc_write_array(&w, count);
    for (size_t i = 0; i < count; i++) {
        CR_ASSERT(i == 0 || memcmp(h[i - 1].id8, h[i].id8, sizeof h->id8) <= 0);
        sc_head_write(&w, &h[i]);
    }
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

int sc_bundle_heads_decode(struct cr_span body, struct sc_bundle_heads *out, struct st_err *err)
{
    struct sc_reader r;
    uint64_t count;

    out->count = 0;
    sc_reader_init(&r, body);
    if (sc_read_array(&r, SC_BUNDLE_HEADS_MAX, &count) == ST_OK && count == 0)
        (void)sc_reader_fail(&r, ST_RANGE);
    for (uint64_t i = 0; i < count && r.status == ST_OK; i++) {
        sc_head_read(&r, &out->h[i]);
        if (r.status == ST_OK &&
            (out->h[i].seq_next == 0 ||
             (i > 0 && memcmp(out->h[i - 1].id8, out->h[i].id8, sizeof out->h->id8) > 0)))
            (void)sc_reader_fail(&r, ST_MALFORMED);
    }
    if (r.status != ST_OK || sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "bundle", "heads");
    out->count = (size_t)count;
    return ST_OK;
}

int sc_bundle_end_encode(const struct sc_bundle_end *e, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    begin(&w, out, SC_BF_END, &before);
    sc_write_array(&w, 4);
    sc_write_u64(&w, e->frames);
    sc_write_u64(&w, e->entries);
    sc_write_u64(&w, e->urgents);
    sc_write_bool(&w, e->more);
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

int sc_bundle_end_decode(struct cr_span body, struct sc_bundle_end *out, struct st_err *err)
{
    struct sc_reader r;

    memset(out, 0, sizeof *out);
    sc_reader_init(&r, body);
    sc_read_tuple(&r, 4);
    sc_read_u64(&r, UINT64_MAX, &out->frames);
    sc_read_u64(&r, UINT64_MAX, &out->entries);
    sc_read_u64(&r, UINT64_MAX, &out->urgents);
    sc_read_bool(&r, &out->more);
    if (r.status != ST_OK || sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "bundle", "end");
    return ST_OK;
}

int sc_bundle_agree(const struct sc_bundle_head *h, const struct sc_bundle_manifest *m,
                    struct st_err *err)
{
    const char *what = h->kind != m->kind                          ? "kind"
                       : h->part != m->part                        ? "part"
                       : h->created_ms != m->created_ms            ? "time"
                       : !sc_id_equal(&h->set, &m->set)            ? "set"
                       : memcmp(h->net8, m->net.b, sizeof h->net8) ? "space"
                                                                   : NULL;

    return what == NULL ? ST_OK
                        : st_fail(err, ST_FORGED, "bundle: the head gives another %s", what);
}

void sc_bundle_bind(struct cr_span head, struct cr_span box, struct cr_hash *out)
{
    CR_ASSERT(head.n == SC_BUNDLE_HEAD_BYTES);
    cr_hash2(CR_TAG_BUNDLE, head, box, out);
}

void sc_bundle_sum(struct cr_hash *sum, struct cr_span frame)
{
    struct cr_hash before = *sum;

    cr_hash2(CR_TAG_BUNDLE, cr_hash_span(&before), frame, sum);
}

int sc_bundle_mark_encode(const struct cr_sign_sk *sk, const struct cr_hash *sum,
                          struct cr_buf *out)
{
    struct sc_writer w;
    struct cr_sig sig;
    size_t before;

    cr_sign(sk, mark_context, cr_hash_span(sum), &sig);
    begin(&w, out, SC_BF_MARK, &before);
    sc_write_bin(&w, cr_span_of(sig.b, CR_SIG_BYTES));
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

int sc_bundle_mark_check(struct cr_span body, const struct cr_sign_pk *sender,
                         const struct cr_hash *sum, struct st_err *err)
{
    struct sc_reader r;
    struct cr_sig sig;

    sc_reader_init(&r, body);
    if (sc_read_fixed(&r, CR_SIG_BYTES, sig.b) != ST_OK || sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "bundle", "mark");
    if (cr_verify(sender, mark_context, cr_hash_span(sum), &sig) != ST_OK)
        return st_fail(err, ST_FORGED, "bundle: the sender's signature does not verify");
    return ST_OK;
}

int sc_bundle_record(struct cr_span bytes, struct cr_span *frame, size_t *used)
{
    size_t n;

    *used = 0;
    if (bytes.n < 2)
        return ST_OK;
    n = cr_load_be16(bytes.p);
    if (n == 0 || n > SC_FRAME_MAX)
        return ST_MALFORMED;
    if (n > bytes.n - 2)
        return ST_OK;
    *frame = cr_span_of(bytes.p + 2, n);
    *used = 2 + n;
    return ST_OK;
}
