/* Headers and payloads with their bodies: what is accepted comes out again the same. */
#include "crypto/base/assert.h"
#include "schema/record.h"
#include "tests/fuzz/fuzz.h"

static void try_header(struct cr_span in)
{
    uint8_t bytes[SC_HEADER_BYTES_MAX];
    struct sc_header h;

    if (sc_header_decode(in, &h) != ST_OK)
        return;
    CR_ASSERT(cr_span_equal(in, cr_span_of(bytes, sc_header_encode(&h, bytes))));
}

static void try_body(const struct sc_payload *p, const struct sc_body *body)
{
    struct cr_buf out;

    if (body->rec == NULL || p->schema_version != body->rec->version)
        return;
    cr_buf_init(&out, SC_PAYLOAD_MAX);
    CR_ASSERT(sc_body_encode(body, !p->has_subject, &out, NULL) == ST_OK);
    CR_ASSERT(cr_span_equal(p->body, cr_buf_span(&out)));
    cr_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cr_span in = cr_span_of(p, n);
    struct sc_payload payload, alone;
    struct st_err err = {0};
    struct sc_body body;
    struct cr_buf out;

    try_header(in);
    if (sc_record_check(in, &payload, &body, &err) != ST_OK) {
        CR_ASSERT(err.code != ST_OK);
        return 0;
    }
    CR_ASSERT(sc_payload_decode(in, &alone, NULL) == ST_OK);
    CR_ASSERT(cr_span_equal(alone.body, payload.body));
    try_body(&payload, &body);
    cr_buf_init(&out, SC_PAYLOAD_MAX);
    CR_ASSERT(sc_payload_encode(&payload, &out) == ST_OK);
    CR_ASSERT(cr_span_equal(in, cr_buf_span(&out)));
    cr_buf_release(&out);
    return 0;
}
