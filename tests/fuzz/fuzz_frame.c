/* Frames of a peer. The first byte is the frame's type; a batch comes raw, as it is behind the
 * decompressor, or packed when the type's high bit is set. What is accepted comes out again the
 * same. */
#include "crypto/base/assert.h"
#include "schema/frame.h"
#include "schema/join.h"
#include "schema/pack.h"
#include "tests/fuzz/fuzz.h"

#define PACKED 0x80

static struct state { /* too large for the stack; every decoder fills what is read of it */
    struct sc_hello hello;
    struct sc_ranges ranges;
    struct sc_urgent urgent;
    struct sc_ack ack;
    struct sc_synced synced;
    struct sc_fork fork;
    struct sc_spine spine;
    struct sc_bye bye;
    struct sc_run run;
} s;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    CR_ASSERT(sc_ranges_init(&s.ranges) == ST_OK);
    return 0;
}

static int batch(struct cr_span raw, struct cr_buf *out)
{
    struct sc_reader r;
    uint64_t count;
    int rc = sc_batch_open(raw, &r, &count);

    if (rc != ST_OK)
        return rc;
    CR_ASSERT(sc_batch_head(count, out) == ST_OK);
    for (uint64_t i = 0; i < count; i++) {
        rc = sc_run_decode(&r, &s.run, NULL);
        if (rc != ST_OK)
            return rc;
        CR_ASSERT(sc_run_encode(&s.run, out) == ST_OK);
    }
    return sc_reader_finish(&r);
}

static void packed_batch(struct cr_span block)
{
    struct sc_unpack *u = sc_unpack_new();
    struct cr_buf raw, out;

    CR_ASSERT(u != NULL);
    cr_buf_init(&raw, SC_BATCH_RAW_MAX);
    cr_buf_init(&out, SC_BATCH_RAW_MAX + 64);
    if (sc_unpack_block(u, block, SC_BATCH_RAW_MAX, &raw) == ST_OK &&
        batch(cr_buf_span(&raw), &out) == ST_OK)
        CR_ASSERT(cr_span_equal(cr_buf_span(&raw), cr_buf_span(&out)));
    cr_buf_release(&raw);
    cr_buf_release(&out);
    sc_unpack_free(u);
}

static int join(struct cr_span body, struct cr_buf *out)
{
    struct sc_join_request request;
    struct sc_join_answer answer;

    CR_ASSERT(cr_buf_append(out, "\x09", 1) == ST_OK);
    if (sc_join_request_decode(body, &request, NULL) == ST_OK)
        return sc_join_request_encode(&request, out);
    if (sc_join_answer_decode(body, &answer, NULL) == ST_OK)
        return sc_join_answer_encode(&answer, out);
    return ST_MALFORMED;
}

/* Decodes one frame and, when it is accepted, appends it to out again. */
static int roundtrip(uint8_t type, struct cr_span body, struct cr_buf *out)
{
    int rc = ST_MALFORMED;

#define TRY(name, object)                          \
    rc = sc_##name##_decode(body, (object), NULL); \
    if (rc == ST_OK)                               \
    CR_ASSERT(sc_##name##_encode((object), out) == ST_OK)

    switch (type) {
    case SC_FT_HELLO: TRY(hello, &s.hello); break;
    case SC_FT_RANGES: TRY(ranges, &s.ranges); break;
    case SC_FT_URGENT: TRY(urgent, &s.urgent); break;
    case SC_FT_ACK: TRY(ack, &s.ack); break;
    case SC_FT_SYNCED: TRY(synced, &s.synced); break;
    case SC_FT_FORK: TRY(fork, &s.fork); break;
    case SC_FT_SPINE: TRY(spine, &s.spine); break;
    case SC_FT_BYE: TRY(bye, &s.bye); break;
    case SC_FT_JOIN: rc = join(body, out); break;
    case SC_FT_BATCH:
        CR_ASSERT(cr_buf_append(out, "\x03", 1) == ST_OK);
        rc = batch(body, out);
        break;
    default: break;
    }
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cr_buf out;

    if (n == 0)
        return 0;
    if (p[0] == (PACKED | SC_FT_BATCH)) {
        packed_batch(cr_span_of(p + 1, n - 1));
        return 0;
    }
    cr_buf_init(&out, SC_BATCH_RAW_MAX + 64);
    if (roundtrip(p[0], cr_span_of(p + 1, n - 1), &out) == ST_OK)
        CR_ASSERT(cr_span_equal(cr_span_of(p, n), cr_buf_span(&out)));
    cr_buf_release(&out);
    return 0;
}
