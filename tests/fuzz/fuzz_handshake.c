/* What a stranger can send before it is known: message 1 to a responder, message 2 to an initiator,
 * a frame to a channel. The keys are fixed, so that the corpus holds messages that are accepted. */
#include "crypto/base/assert.h"
#include "crypto/channel.h"
#include "crypto/handshake.h"
#include "tests/fuzz/fuzz.h"

#define PAYLOAD_BYTES_MAX 65536

static void derive(uint8_t first, struct cr_identity *id)
{
    uint8_t seed[32] = {first};

    cr_identity_from_seed(seed, id);
}

static void read_message1(struct cr_span msg, const struct cr_gate *gate)
{
    struct cr_identity responder;
    struct cr_hs hs;
    struct cr_buf payload, answer;
    struct cr_psk psk = {{9}};

    derive(2, &responder);
    cr_buf_init(&payload, PAYLOAD_BYTES_MAX);
    cr_buf_init(&answer, PAYLOAD_BYTES_MAX);
    cr_hs_init_responder(&hs, cr_span_text("fuzz"), gate, &responder.kx_sk, &responder.kx_pk);
    if (cr_hs_read1(&hs, msg, &payload) == ST_OK) {
        struct cr_channel channel;
        if (hs.pattern == CR_HS_IKPSK2)
            cr_hs_set_psk(&hs, &psk);
        CR_ASSERT(cr_hs_write2(&hs, cr_span_text("answer"), &answer) == ST_OK);
        cr_hs_split(&hs, &channel);
        cr_channel_release(&channel);
    } else {
        CR_ASSERT(payload.n == 0);
    }
    cr_hs_release(&hs);
    cr_buf_release(&payload);
    cr_buf_release(&answer);
}

static void read_message2(struct cr_span msg, const struct cr_gate *gate)
{
    struct cr_identity initiator, responder;
    struct cr_kx_sk ephemeral = {{7}};
    struct cr_hs hs;
    struct cr_buf payload, first;

    derive(1, &initiator);
    derive(2, &responder);
    cr_buf_init(&payload, PAYLOAD_BYTES_MAX);
    cr_buf_init(&first, PAYLOAD_BYTES_MAX);
    cr_hs_init_initiator(&hs, CR_HS_IK, cr_span_text("fuzz"), gate, &initiator.kx_sk,
                         &initiator.kx_pk, &responder.kx_pk, NULL);
    cr_hs_set_ephemeral(&hs, &ephemeral);
    CR_ASSERT(cr_hs_write1(&hs, cr_span_text("hello"), &first) == ST_OK);
    if (cr_hs_read2(&hs, msg, &payload) != ST_OK)
        CR_ASSERT(payload.n == 0);
    cr_hs_release(&hs);
    cr_buf_release(&payload);
    cr_buf_release(&first);
}

static void open_frame(struct cr_span sealed)
{
    struct cr_channel channel = {.live = true};
    struct cr_buf out;

    cr_buf_init(&out, PAYLOAD_BYTES_MAX);
    if (cr_channel_open(&channel, sealed, &out) != ST_OK)
        CR_ASSERT(out.n == 0);
    cr_channel_release(&channel);
    cr_buf_release(&out);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    CR_ASSERT(cr_init(NULL) == ST_OK);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct cr_gate gate = {{3}};
    struct cr_span input = cr_span_of(p, n);

    read_message1(input, &gate);
    read_message2(input, &gate);
    open_frame(input);
    return 0;
}
