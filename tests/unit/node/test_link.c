/* The link: handshake and frames over a byte stream that cuts anywhere, and its failures. */
#include "tests/lib/test.h"

#include "node/link.h"

#include "schema/limits.h"

#include <string.h>

struct pair {
    struct cr_identity a, b;
    struct cr_gate gate;
    struct cr_psk psk;
    struct nd_link *ini, *res;
};

static const uint8_t prologue[33] = {7};

static void pair_start(struct pair *p, enum cr_hs_pattern pattern, bool plain)
{
    uint8_t seed[32] = {1};

    cr_identity_from_seed(seed, &p->a);
    seed[0] = 2;
    cr_identity_from_seed(seed, &p->b);
    memset(&p->gate, 3, sizeof p->gate);
    memset(&p->psk, 4, sizeof p->psk);
    p->ini = nd_link_initiator(pattern, cr_span_of(prologue, sizeof prologue), &p->gate, &p->a,
                               &p->b.kx_pk, pattern == CR_HS_IKPSK2 ? &p->psk : NULL, plain);
    p->res = nd_link_responder(cr_span_of(prologue, sizeof prologue), &p->gate, &p->b, plain);
    assert_non_null(p->ini);
    assert_non_null(p->res);
}

static void pair_stop(struct pair *p)
{
    nd_link_free(p->ini);
    nd_link_free(p->res);
}

/* Feeds wire in pieces of step bytes and expects exactly one event, with this frame, at its end. */
static void deliver(struct nd_link *to, const struct cr_buf *wire, size_t step,
                    enum nd_link_event want, const char *text)
{
    enum nd_link_event ev = ND_LINK_NONE;
    struct cr_span frame = {NULL, 0};
    size_t at = 0;

    while (at < wire->n) {
        size_t n = wire->n - at < step ? wire->n - at : step, used;

        assert_int_equal(ev, ND_LINK_NONE);
        ts_assert_ok(nd_link_feed(to, cr_span_of(wire->p + at, n), &used, &ev, &frame));
        assert_int_equal(used, n);
        at += used;
    }
    assert_int_equal(ev, want);
    assert_true(cr_span_equal(frame, cr_span_text(text)));
}

static void send_text(struct nd_link *from, const char *text, struct cr_buf *wire)
{
    cr_buf_clear(wire);
    ts_assert_ok(nd_link_send(from, cr_span_text(text), wire));
}

static void whole_session(enum cr_hs_pattern pattern, bool plain, size_t step)
{
    struct pair p;
    struct cr_buf wire;

    cr_buf_init(&wire, 1u << 18);
    pair_start(&p, pattern, plain);
    send_text(p.ini, "hello", &wire);
    assert_int_equal(wire.n, 2 + CR_HS_MSG1_OVERHEAD + 5);
    deliver(p.res, &wire, step, ND_LINK_MSG1, "hello");
    assert_int_equal(nd_link_pattern(p.res), pattern);
    assert_true(cr_kx_pk_equal(nd_link_remote(p.res), &p.a.kx_pk));
    if (pattern == CR_HS_IKPSK2)
        nd_link_set_psk(p.res, &p.psk);
    send_text(p.res, "hello back", &wire);
    assert_int_equal(wire.n, 2 + CR_HS_MSG2_OVERHEAD + 10);
    deliver(p.ini, &wire, step, ND_LINK_READY, "hello back");
    assert_memory_equal(nd_link_hash(p.ini), nd_link_hash(p.res), 64);
    for (int i = 0; i < 3; i++) {
        send_text(p.ini, "frame", &wire);
        deliver(p.res, &wire, step, ND_LINK_FRAME, "frame");
        send_text(p.res, "answer", &wire);
        deliver(p.ini, &wire, step, ND_LINK_FRAME, "answer");
    }
    pair_stop(&p);
    cr_buf_release(&wire);
}

/* Both patterns carry payloads and frames, in the clear too, however the stream is cut. */
static void test_link__session_over_any_cut(void **state)
{
    static const size_t steps[] = {1, 2, 3, 64, 100000};

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        whole_session(CR_HS_IK, false, steps[i]);
        whole_session(CR_HS_IKPSK2, false, steps[i]);
        whole_session(CR_HS_IK, true, steps[i]);
        whole_session(CR_HS_IKPSK2, true, steps[i]);
    }
}

static int feed_all(struct nd_link *l, struct cr_span bytes)
{
    enum nd_link_event ev;
    struct cr_span frame;
    size_t used;
    int rc = ST_OK;

    while (rc == ST_OK && bytes.n > 0) {
        rc = nd_link_feed(l, bytes, &used, &ev, &frame);
        bytes = (struct cr_span){bytes.p + used, bytes.n - used};
    }
    return rc;
}

/* A gate of another space is told apart from a forged message, and both kill the link. */
static void test_link__wrong_gate(void **state)
{
    for (int plain = 0; plain < 2; plain++) {
        struct pair p;
        struct cr_gate other = {{9}};
        struct nd_link *stranger;
        struct cr_buf wire;

        (void)state;
        cr_buf_init(&wire, 1u << 16);
        pair_start(&p, CR_HS_IK, plain != 0);
        stranger = nd_link_initiator(CR_HS_IK, cr_span_of(prologue, sizeof prologue), &other, &p.a,
                                     &p.b.kx_pk, NULL, plain != 0);
        send_text(stranger, "x", &wire);
        ts_assert_status(feed_all(p.res, cr_buf_span(&wire)), ST_SPACE);
        ts_assert_status(feed_all(p.res, cr_buf_span(&wire)), ST_STATE);
        nd_link_free(stranger);
        pair_stop(&p);
        cr_buf_release(&wire);
    }
}

/* The joiner notices an inviter that does not know the invitation's secret. */
static void test_link__wrong_psk(void **state)
{
    for (int plain = 0; plain < 2; plain++) {
        struct pair p;
        struct cr_psk other = {{9}};
        struct cr_buf wire;

        (void)state;
        cr_buf_init(&wire, 1u << 16);
        pair_start(&p, CR_HS_IKPSK2, plain != 0);
        send_text(p.ini, "x", &wire);
        deliver(p.res, &wire, 1000, ND_LINK_MSG1, "x");
        nd_link_set_psk(p.res, &other);
        send_text(p.res, "y", &wire);
        ts_assert_status(feed_all(p.ini, cr_buf_span(&wire)), ST_FORGED);
        pair_stop(&p);
        cr_buf_release(&wire);
    }
}

/* A length beyond the limit of message 1 is refused before anything is stored for it. */
static void test_link__oversize_before_authentication(void **state)
{
    static const uint8_t junk[] = {0xff, 0xff, 1, 2, 3};
    struct pair p;

    (void)state;
    pair_start(&p, CR_HS_IK, false);
    ts_assert_status(feed_all(p.res, cr_span_of(junk, sizeof junk)), ST_OVERSIZE);
    pair_stop(&p);
}

/* An initiator has nothing to say before it was answered. */
static void test_link__early_bytes(void **state)
{
    struct pair p;
    struct cr_buf wire;

    (void)state;
    cr_buf_init(&wire, 1u << 16);
    pair_start(&p, CR_HS_IK, false);
    send_text(p.ini, "x", &wire);
    ts_assert_status(nd_link_send(p.ini, cr_span_text("early"), &wire), ST_STATE);
    ts_assert_ok(cr_buf_append(&wire, "junk", 4));
    ts_assert_status(feed_all(p.res, cr_buf_span(&wire)), ST_MALFORMED);
    pair_stop(&p);
    cr_buf_release(&wire);
}

/* Any flipped bit of a frame, its tag included, ends the session. */
static void test_link__flipped_frame(void **state)
{
    for (size_t bit = 16; bit < (size_t)8 * (2 + 5 + 16); bit += 7) {
        struct pair p;
        struct cr_buf wire;

        (void)state;
        cr_buf_init(&wire, 1u << 16);
        pair_start(&p, CR_HS_IK, false);
        send_text(p.ini, "x", &wire);
        deliver(p.res, &wire, 1000, ND_LINK_MSG1, "x");
        send_text(p.res, "y", &wire);
        deliver(p.ini, &wire, 1000, ND_LINK_READY, "y");
        send_text(p.ini, "frame", &wire);
        wire.p[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        ts_assert_status(feed_all(p.res, cr_buf_span(&wire)), ST_FORGED);
        pair_stop(&p);
        cr_buf_release(&wire);
    }
}

/* The largest hello and the largest frame pass; one byte more does not. */
static void test_link__largest(void **state)
{
    static uint8_t big[CR_CHANNEL_FRAME_MAX + 1];
    struct pair p;
    struct cr_buf wire;

    (void)state;
    cr_buf_init(&wire, 1u << 18);
    pair_start(&p, CR_HS_IK, false);
    ts_assert_status(nd_link_send(p.ini, cr_span_of(big, SC_HELLO_MAX + 1), &wire), ST_OVERSIZE);
    ts_assert_ok(nd_link_send(p.ini, cr_span_of(big, SC_HELLO_MAX), &wire));
    ts_assert_ok(feed_all(p.res, cr_buf_span(&wire)));
    send_text(p.res, "y", &wire);
    deliver(p.ini, &wire, 1000, ND_LINK_READY, "y");
    cr_buf_clear(&wire);
    ts_assert_status(nd_link_send(p.ini, cr_span_of(big, sizeof big), &wire), ST_OVERSIZE);
    ts_assert_ok(nd_link_send(p.ini, cr_span_of(big, CR_CHANNEL_FRAME_MAX), &wire));
    ts_assert_ok(feed_all(p.res, cr_buf_span(&wire)));
    pair_stop(&p);
    cr_buf_release(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link__session_over_any_cut),
        cmocka_unit_test(test_link__wrong_gate),
        cmocka_unit_test(test_link__wrong_psk),
        cmocka_unit_test(test_link__oversize_before_authentication),
        cmocka_unit_test(test_link__early_bytes),
        cmocka_unit_test(test_link__flipped_frame),
        cmocka_unit_test(test_link__largest),
    };

    ts_assert_ok(cr_init(NULL));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
