#include "tests/unit/crypto/support.h"

#include <sodium.h>

/* Two ends of one session, as split makes them. */
struct pair {
    struct cr_channel a, b;
    struct cr_buf wire, plain;
};

static void pair_init(struct pair *p)
{
    memset(p, 0, sizeof *p);
    memset(p->a.tx_key, 0x11, sizeof p->a.tx_key);
    memset(p->a.rx_key, 0x22, sizeof p->a.rx_key);
    memcpy(p->b.tx_key, p->a.rx_key, sizeof p->b.tx_key);
    memcpy(p->b.rx_key, p->a.tx_key, sizeof p->b.rx_key);
    p->a.live = p->b.live = true;
    cr_buf_init(&p->wire, 200000);
    cr_buf_init(&p->plain, 200000);
}

static void pair_release(struct pair *p)
{
    cr_channel_release(&p->a);
    cr_channel_release(&p->b);
    cr_buf_release(&p->wire);
    cr_buf_release(&p->plain);
}

/* The one frame in wire, without its length. */
static struct cr_span only_frame(const struct pair *p)
{
    assert_true(p->wire.n > 2);
    assert_int_equal(cr_load_be16(p->wire.p), p->wire.n - 2);
    return cr_span_of(p->wire.p + 2, p->wire.n - 2);
}

/* One frame from one end to the other must arrive. */
static void pass(struct pair *p, struct cr_channel *from, struct cr_channel *to,
                 struct cr_span frame)
{
    cr_buf_clear(&p->wire);
    cr_buf_clear(&p->plain);
    assert_int_equal(cr_channel_seal(from, frame, &p->wire), ST_OK);
    assert_int_equal(cr_channel_open(to, only_frame(p), &p->plain), ST_OK);
    assert_true(cr_span_equal(cr_buf_span(&p->plain), frame));
}

/* Frames of every kind of size pass both ways, on the wire as length, ciphertext and tag. */
static void test_channel__frames_pass_both_ways(void **state)
{
    static const size_t sizes[] = {1, 15, 16, 17, 255, 256, 4096, CR_CHANNEL_FRAME_MAX};
    uint8_t *bytes = malloc(CR_CHANNEL_FRAME_MAX);
    struct pair p;

    (void)state;
    assert_non_null(bytes);
    cr_random(bytes, CR_CHANNEL_FRAME_MAX);
    pair_init(&p);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        pass(&p, &p.a, &p.b, cr_span_of(bytes, sizes[i]));
        assert_int_equal(p.wire.n, 2 + sizes[i] + CR_CHANNEL_TAG_BYTES);
        pass(&p, &p.b, &p.a, cr_span_of(bytes, sizes[i]));
    }
    pair_release(&p);
    free(bytes);
}

/* The ciphertext is ChaCha20-Poly1305 of RFC 8439 with nonce 0000 ‖ counter (LE) and no associated
 * data: computed here by libsodium alone. */
static void test_channel__wire_format_is_noise(void **state)
{
    struct pair p;
    uint8_t key[32], nonce[12] = {0}, wanted[5 + 16];

    (void)state;
    pair_init(&p);
    memcpy(key, p.a.tx_key, sizeof key);
    for (uint8_t n = 0; n < 3; n++) {
        pass(&p, &p.a, &p.b, cr_span_text("fire!"));
        nonce[4] = n;
        (void)crypto_aead_chacha20poly1305_ietf_encrypt(
            wanted, NULL, (const unsigned char *)"fire!", 5, NULL, 0, NULL, nonce, key);
        assert_true(cr_span_equal(only_frame(&p), cr_span_of(wanted, sizeof wanted)));
    }
    pair_release(&p);
}

/* After CR_CHANNEL_REKEY_FRAMES frames of a direction, and not one earlier, its key is the one
 * Noise's Rekey() gives; counters go on, and the other direction keeps its key. */
static void test_channel__rekeys_on_time(void **state)
{
    static const uint8_t zeros[32];
    struct pair p;
    uint8_t old_key[32], other_key[32], nonce[12] = {0}, sealed[48];

    (void)state;
    pair_init(&p);
    memcpy(old_key, p.a.tx_key, sizeof old_key);
    memcpy(other_key, p.a.rx_key, sizeof other_key);
    for (uint64_t i = 0; i < CR_CHANNEL_REKEY_FRAMES - 1; i++)
        pass(&p, &p.a, &p.b, cr_span_of(&i, sizeof i));
    assert_memory_equal(p.a.tx_key, old_key, 32);
    pass(&p, &p.a, &p.b, cr_span_text("last"));
    memset(nonce + 4, 0xff, 8);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, zeros, sizeof zeros, NULL, 0,
                                                    NULL, nonce, old_key);
    assert_memory_equal(p.a.tx_key, sealed, 32);
    assert_memory_equal(p.b.rx_key, sealed, 32);
    assert_memory_equal(p.a.rx_key, other_key, 32);
    assert_true(p.a.tx_n == CR_CHANNEL_REKEY_FRAMES);
    for (uint64_t i = 0; i < CR_CHANNEL_REKEY_FRAMES + 5; i++)
        pass(&p, &p.a, &p.b, cr_span_of(&i, sizeof i));
    pass(&p, &p.b, &p.a, cr_span_text("answer"));
    pair_release(&p);
}

/* The receiver must end the session, hand out nothing and forget its keys. */
static void refuse(struct pair *p, const char *name, struct cr_span sealed)
{
    uint8_t *exact = exact_copy(sealed);
    int rc;

    cr_buf_clear(&p->plain);
    assert_int_equal(cr_buf_append(&p->plain, "kept", 4), ST_OK);
    rc = cr_channel_open(&p->b, cr_span_of(exact, sealed.n), &p->plain);
    free(exact);
    if (rc != ST_FORGED)
        fail_msg("%s: %s", name, st_name((enum st_code)rc));
    assert_true(cr_span_equal(cr_buf_span(&p->plain), cr_span_text("kept")));
    assert_true(is_wiped(&p->b, sizeof p->b));
    assert_int_equal(cr_channel_open(&p->b, sealed, &p->plain), ST_STATE);
    assert_int_equal(cr_channel_seal(&p->b, cr_span_text("x"), &p->plain), ST_STATE);
}

/* A frame that lost its end, at whatever place, or gained a byte, ends the session. */
static void test_channel__every_prefix_is_forged(void **state)
{
    struct pair p;
    struct cr_span frame;

    (void)state;
    for (size_t n = 0; n <= 20 + CR_CHANNEL_TAG_BYTES + 1; n++) {
        pair_init(&p);
        assert_int_equal(cr_channel_seal(&p.a, cr_span_text("twenty bytes of text"), &p.wire),
                         ST_OK);
        frame = only_frame(&p);
        if (n == frame.n) {
            pair_release(&p);
            continue;
        }
        assert_int_equal(cr_buf_append(&p.wire, "x", 1), ST_OK);
        refuse(&p, "prefix", cr_span_of(p.wire.p + 2, n));
        pair_release(&p);
    }
}

/* Every flipped bit ends the session. */
static void test_channel__every_bit_counts(void **state)
{
    struct pair p;

    (void)state;
    for (size_t bit = 0; bit < 8 * (20 + CR_CHANNEL_TAG_BYTES); bit++) {
        pair_init(&p);
        assert_int_equal(cr_channel_seal(&p.a, cr_span_text("twenty bytes of text"), &p.wire),
                         ST_OK);
        p.wire.p[2 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        refuse(&p, "flipped bit", only_frame(&p));
        pair_release(&p);
    }
}

/* A length no frame can have ends the session before any memory is asked for. */
static void test_channel__oversize_is_forged(void **state)
{
    struct pair p;
    uint8_t *bytes = calloc(1, 65536);

    (void)state;
    assert_non_null(bytes);
    pair_init(&p);
    refuse(&p, "65536 bytes", cr_span_of(bytes, 65536));
    pair_release(&p);
    free(bytes);
}

/* Replay, loss, reorder and reflection each end the session. */
static void test_channel__order_is_enforced(void **state)
{
    static const struct {
        const char *name;
        size_t deliver[2];
    } cases[] = {{"replay", {0, 0}}, {"reorder", {1, 0}}, {"loss", {0, 2}}};
    struct pair p;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t step = 2 + 1 + CR_CHANNEL_TAG_BYTES, k = cases[i].deliver[0];

        pair_init(&p);
        for (size_t n = 0; n < 3; n++)
            assert_int_equal(cr_channel_seal(&p.a, cr_span_of(&"abc"[n], 1), &p.wire), ST_OK);
        if (k == 0) {
            assert_int_equal(cr_channel_open(&p.b, cr_span_of(p.wire.p + 2, step - 2), &p.plain),
                             ST_OK);
            k = cases[i].deliver[1];
        }
        refuse(&p, cases[i].name, cr_span_of(p.wire.p + k * step + 2, step - 2));
        pair_release(&p);
    }
    pair_init(&p);
    assert_int_equal(cr_channel_seal(&p.b, cr_span_text("mine"), &p.wire), ST_OK);
    refuse(&p, "reflection", only_frame(&p));
    pair_release(&p);
}

/* No room is not an attack: nothing is consumed or appended, and the same call succeeds later. */
static void test_channel__full_buffers_are_survived(void **state)
{
    struct pair p;
    struct cr_buf small;
    struct cr_span text = cr_span_text("some text");

    (void)state;
    pair_init(&p);
    cr_buf_init(&small, 8);
    assert_int_equal(cr_channel_seal(&p.a, text, &small), ST_OVERSIZE);
    assert_int_equal(small.n, 0);
    assert_int_equal(cr_channel_seal(&p.a, text, &p.wire), ST_OK);
    assert_int_equal(cr_channel_open(&p.b, only_frame(&p), &small), ST_OVERSIZE);
    assert_int_equal(small.n, 0);
    assert_int_equal(cr_channel_open(&p.b, only_frame(&p), &p.plain), ST_OK);
    assert_true(cr_span_equal(cr_buf_span(&p.plain), text));
    cr_buf_release(&small);
    pair_release(&p);
}

/* A frame above the limit is refused and the session goes on. */
static void test_channel__oversize_frame_is_not_sent(void **state)
{
    struct pair p;
    uint8_t *bytes = calloc(1, CR_CHANNEL_FRAME_MAX + 1);

    (void)state;
    assert_non_null(bytes);
    pair_init(&p);
    assert_int_equal(cr_channel_seal(&p.a, cr_span_of(bytes, CR_CHANNEL_FRAME_MAX + 1), &p.wire),
                     ST_OVERSIZE);
    assert_int_equal(p.wire.n, 0);
    pass(&p, &p.a, &p.b, cr_span_text("goes on"));
    pair_release(&p);
    free(bytes);
}

/* Far below the end of the counter a direction stops by itself. */
static void test_channel__counter_has_a_hard_stop(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    p.a.tx_n = p.b.rx_n = CR_CHANNEL_FRAMES_MAX - 1;
    pass(&p, &p.a, &p.b, cr_span_text("the last"));
    assert_int_equal(cr_channel_seal(&p.a, cr_span_text("x"), &p.wire), ST_STATE);
    assert_int_equal(cr_channel_open(&p.b, only_frame(&p), &p.plain), ST_STATE);
    pair_release(&p);
}

/* A released channel is zero and refuses to work; releasing again does no harm. */
static void test_channel__release_wipes(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p);
    pass(&p, &p.a, &p.b, cr_span_text("x"));
    cr_channel_release(&p.a);
    cr_channel_release(&p.a);
    assert_true(is_wiped(&p.a, sizeof p.a));
    assert_int_equal(cr_channel_seal(&p.a, cr_span_text("x"), &p.wire), ST_STATE);
    pair_release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channel__frames_pass_both_ways),
        cmocka_unit_test(test_channel__wire_format_is_noise),
        cmocka_unit_test(test_channel__rekeys_on_time),
        cmocka_unit_test(test_channel__every_prefix_is_forged),
        cmocka_unit_test(test_channel__every_bit_counts),
        cmocka_unit_test(test_channel__oversize_is_forged),
        cmocka_unit_test(test_channel__order_is_enforced),
        cmocka_unit_test(test_channel__full_buffers_are_survived),
        cmocka_unit_test(test_channel__oversize_frame_is_not_sent),
        cmocka_unit_test(test_channel__counter_has_a_hard_stop),
        cmocka_unit_test(test_channel__release_wipes),
    };

    return cmocka_run_group_tests_name("channel", tests, support_init, NULL);
}
