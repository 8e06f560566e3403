/* Hello and urgent entries. Happy path of decode: version, features, scopes, fingerprint, log
 * count, common, heads, urgents, end. A higher version stops after the features. */
#include "schema/frame_parts.h"

#include "crypto/base/assert.h"

#include <string.h>

static void write_scopes(struct sc_writer *w, const struct sc_hello *h)
{
    uint64_t before = 0;

    CR_ASSERT(h->scope_count <= SC_SCOPES_MAX);
    sc_write_array(w, h->scope_count);
    for (size_t i = 0; i < h->scope_count; i++) {
        CR_ASSERT(sc_scope_valid(h->scopes[i]));
        CR_ASSERT(h->scopes[i] > before);
        sc_write_u64(w, h->scopes[i] - before);
        before = h->scopes[i];
    }
}

int sc_hello_encode(const struct sc_hello *h, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    CR_ASSERT(h->version == SC_PROTOCOL_VERSION);
    CR_ASSERT(h->head_count <= SC_HELLO_HEADS_MAX);
    CR_ASSERT(h->urgent_count <= SC_HELLO_URGENT_MAX);
    sc_frame_begin(&w, out, SC_FT_HELLO, &before);
    sc_write_array(&w, 8);
    sc_write_u64(&w, h->version);
    sc_write_u64(&w, h->features);
    write_scopes(&w, h);
    sc_write_bin(&w, cr_span_of(h->fingerprint.b, SC_ID_BYTES));
    sc_write_u64(&w, h->log_count);
    if (!h->has_common)
        sc_write_nil(&w);
    else if (sc_id_equal(&h->common, &h->fingerprint))
        sc_write_bool(&w, true);
    else
        sc_write_bin(&w, cr_span_of(h->common.b, SC_ID_BYTES));
    if (h->has_heads) {
        sc_write_array(&w, h->head_count);
        for (size_t i = 0; i < h->head_count; i++)
            sc_head_write(&w, &h->heads[i]);
    } else {
        sc_write_nil(&w);
    }
    sc_write_array(&w, h->urgent_count);
    for (size_t i = 0; i < h->urgent_count; i++)
        sc_urgent_write(&w, &h->urgents[i]);
    return sc_frame_end(&w, before, SC_HELLO_MAX);
}

static void read_scopes(struct sc_reader *r, struct sc_hello *out)
{
    uint64_t count, scope = 0;

    sc_read_array(r, SC_SCOPES_MAX, &count);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t delta;

        if (sc_read_u64(r, UINT64_MAX, &delta) != ST_OK)
            return;
        if (delta == 0 || !cr_add_u64(scope, delta, &scope) || !sc_scope_valid(scope)) {
            (void)sc_reader_fail(r, ST_RANGE);
            return;
        }
        out->scopes[i] = scope;
    }
    out->scope_count = (size_t)count;
}

static void read_common(struct sc_reader *r, struct sc_hello *out)
{
    enum sc_kind_peek kind = sc_peek(r);
    bool same;

    out->has_common = kind != SC_PEEK_NIL;
    memset(&out->common, 0, sizeof out->common);
    if (kind == SC_PEEK_NIL) {
        sc_read_nil(r);
    } else if (kind == SC_PEEK_BOOL) {
        sc_read_bool(r, &same);
        if (!same)
            (void)sc_reader_fail(r, ST_MALFORMED);
        out->common = out->fingerprint;
    } else if (sc_read_fixed(r, SC_ID_BYTES, out->common.b) == ST_OK &&
               sc_id_equal(&out->common, &out->fingerprint)) {
        (void)sc_reader_fail(r, ST_MALFORMED); /* `true` says this shorter */
    }
}

static void read_heads(struct sc_reader *r, struct sc_hello *out)
{
    uint64_t count;

    out->has_heads = sc_peek(r) != SC_PEEK_NIL;
    out->head_count = 0;
    if (!out->has_heads) {
        sc_read_nil(r);
        return;
    }
    sc_read_array(r, SC_HELLO_HEADS_MAX, &count);
    for (uint64_t i = 0; i < count && r->status == ST_OK; i++)
        sc_head_read(r, &out->heads[i]);
    out->head_count = (size_t)count;
}

static void read_urgents(struct sc_reader *r, struct sc_hello *out)
{
    uint64_t count;

    sc_read_array(r, SC_HELLO_URGENT_MAX, &count);
    for (uint64_t i = 0; i < count && r->status == ST_OK; i++)
        sc_urgent_read(r, &out->urgents[i]);
    out->urgent_count = (size_t)count;
}

int sc_hello_decode(struct cr_span body, struct sc_hello *out, struct st_err *err)
{
    struct sc_reader r;
    uint64_t count;

    out->version = out->features = 0;
    if (body.n >= SC_HELLO_MAX)
        return st_fail(err, ST_OVERSIZE, "hello: %zu bytes", body.n);
    sc_reader_init(&r, body);
    sc_read_array(&r, SC_HELLO_MAX, &count);
    sc_read_u64(&r, UINT64_MAX, &out->version);
    if (sc_read_u64(&r, UINT64_MAX, &out->features) != ST_OK)
        return sc_frame_fail(&r, err, "hello", "version or features");
    if (out->version > SC_PROTOCOL_VERSION)
        return st_fail(err, ST_VERSION, "hello: version %" PRIu64, out->version);
    if (out->version == 0 || count != 8)
        return st_fail(err, ST_MALFORMED, "hello: not an array of 8 of version 1");
    read_scopes(&r, out);
    sc_read_fixed(&r, SC_ID_BYTES, out->fingerprint.b);
    sc_read_u64(&r, UINT64_MAX, &out->log_count);
    if (r.status != ST_OK)
        return sc_frame_fail(&r, err, "hello", "scopes, fingerprint or log count");
    read_common(&r, out);
    read_heads(&r, out);
    if (r.status != ST_OK)
        return sc_frame_fail(&r, err, "hello", "common or heads");
    read_urgents(&r, out);
    if (sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "hello", "urgents");
    return ST_OK;
}

int sc_urgent_encode(const struct sc_urgent *u, struct cr_buf *out)
{
    struct sc_writer w;
    size_t before;

    sc_frame_begin(&w, out, SC_FT_URGENT, &before);
    sc_urgent_write(&w, u);
    return sc_frame_end(&w, before, SC_FRAME_MAX);
}

int sc_urgent_decode(struct cr_span body, struct sc_urgent *out, struct st_err *err)
{
    struct sc_reader r;

    if (body.n >= SC_FRAME_MAX)
        return st_fail(err, ST_OVERSIZE, "urgent: %zu bytes", body.n);
    sc_reader_init(&r, body);
    sc_urgent_read(&r, out);
    if (sc_reader_finish(&r) != ST_OK)
        return sc_frame_fail(&r, err, "urgent", "field");
    return ST_OK;
}
