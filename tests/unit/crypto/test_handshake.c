#include "tests/unit/crypto/noise_transcript.h"

#include "tests/vectors/noise_ikpsk2.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* A handshake about to begin: two identities, a gate, an invitation's secret. */
struct meeting {
    struct cr_identity init_id, resp_id;
    struct cr_gate gate;
    struct cr_psk psk;
    struct cr_hs init, resp;
    struct cr_buf wire, plain;
};

static const struct cr_span prologue = {(const uint8_t *)"net and version", 15};

static void meeting_init(struct meeting *m, enum cr_hs_pattern pattern)
{
    memset(m, 0, sizeof *m);
    cr_identity_generate(&m->init_id);
    cr_identity_generate(&m->resp_id);
    cr_random(&m->gate, sizeof m->gate);
    cr_random(&m->psk, sizeof m->psk);
    cr_hs_init_initiator(&m->init, pattern, prologue, &m->gate, &m->init_id.kx_sk,
                         &m->init_id.kx_pk, &m->resp_id.kx_pk,
                         pattern == CR_HS_IKPSK2 ? &m->psk : NULL);
    cr_hs_init_responder(&m->resp, prologue, &m->gate, &m->resp_id.kx_sk, &m->resp_id.kx_pk);
    cr_buf_init(&m->wire, 70000);
    cr_buf_init(&m->plain, 70000);
}

static void meeting_release(struct meeting *m)
{
    cr_identity_wipe(&m->init_id);
    cr_identity_wipe(&m->resp_id);
    cr_hs_release(&m->init);
    cr_hs_release(&m->resp);
    cr_buf_release(&m->wire);
    cr_buf_release(&m->plain);
}

/* Message 1 as a responder gets it, with its machine anew. */
static void write1(struct meeting *m, struct cr_span payload)
{
    assert_int_equal(cr_hs_write1(&m->init, payload, &m->wire), ST_OK);
}

static void renew_responder(struct meeting *m)
{
    cr_hs_init_responder(&m->resp, prologue, &m->gate, &m->resp_id.kx_sk, &m->resp_id.kx_pk);
}

/* A member of the space can make any bytes pass the gate. */
static void reseal_gate(const struct meeting *m, uint8_t *msg, size_t n)
{
    assert_int_equal(crypto_generichash_blake2b(msg, 16, msg + 16, n - 16, m->gate.b, 16), 0);
}

/* The reader must fail with rc, append nothing and wipe its machine. */
static void refuse_read(const char *name, int got, int rc, const struct cr_hs *hs,
                        const struct cr_buf *payload)
{
    if (got != rc)
        fail_msg("%s: %s instead of %s", name, st_name((enum st_code)got),
                 st_name((enum st_code)rc));
    if (!is_wiped(hs, sizeof *hs))
        fail_msg("%s: the machine is not wiped", name);
    if (payload->n != 0)
        fail_msg("%s: a payload came out", name);
}

/* The published transcripts of both patterns are reproduced to the byte. */
static void test_handshake__published_transcripts(void **state)
{
    (void)state;
    play_transcript(&kat_noise_ik);
    play_transcript(&noise_ikpsk2);
}

/* Both patterns work with every size of payload, tell the responder who called, give both ends the
 * same session, and wipe the machines. */
static void test_handshake__meets_with_all_payload_sizes(void **state)
{
    static const enum cr_hs_pattern patterns[] = {CR_HS_IK, CR_HS_IKPSK2};
    static const size_t sizes[] = {0, 1, 500, CR_HS_MSG_MAX - CR_HS_MSG1_OVERHEAD};
    uint8_t *bytes = malloc(CR_HS_MSG_MAX);

    (void)state;
    assert_non_null(bytes);
    cr_random(bytes, CR_HS_MSG_MAX);
    for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
        struct cr_span payload = cr_span_of(bytes, sizes[i / 2]);
        struct meeting m;
        struct cr_channel a, b;

        meeting_init(&m, patterns[i % 2]);
        write1(&m, payload);
        assert_int_equal(m.wire.n, payload.n + CR_HS_MSG1_OVERHEAD);
        assert_int_equal(cr_hs_check_gate(&m.gate, cr_buf_span(&m.wire)), ST_OK);
        assert_int_equal(cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &m.plain), ST_OK);
        assert_true(cr_span_equal(cr_buf_span(&m.plain), payload));
        assert_int_equal(m.resp.pattern, patterns[i % 2]);
        assert_true(cr_kx_pk_equal(&m.resp.rs, &m.init_id.kx_pk));
        if (patterns[i % 2] == CR_HS_IKPSK2)
            cr_hs_set_psk(&m.resp, &m.psk);
        cr_buf_clear(&m.wire);
        cr_buf_clear(&m.plain);
        assert_int_equal(cr_hs_write2(&m.resp, payload, &m.wire), ST_OK);
        assert_int_equal(m.wire.n, payload.n + CR_HS_MSG2_OVERHEAD);
        assert_int_equal(cr_hs_read2(&m.init, cr_buf_span(&m.wire), &m.plain), ST_OK);
        assert_true(cr_span_equal(cr_buf_span(&m.plain), payload));
        cr_hs_split(&m.init, &a);
        cr_hs_split(&m.resp, &b);
        assert_true(is_wiped(&m.init, sizeof m.init) && is_wiped(&m.resp, sizeof m.resp));
        assert_memory_equal(a.tx_key, b.rx_key, 32);
        assert_memory_equal(a.rx_key, b.tx_key, 32);
        assert_memory_not_equal(a.tx_key, a.rx_key, 32);
        assert_memory_equal(a.hash, b.hash, sizeof a.hash);
        assert_true(a.live && b.live && a.tx_n == 0 && a.rx_n == 0);
        cr_channel_release(&a);
        cr_channel_release(&b);
        meeting_release(&m);
    }
    free(bytes);
}

/* Two meetings of the same two nodes share no byte after the pattern: ephemeral keys are fresh. */
static void test_handshake__ephemerals_are_fresh(void **state)
{
    struct meeting m;
    uint8_t first[CR_KX_BYTES];

    (void)state;
    meeting_init(&m, CR_HS_IK);
    write1(&m, cr_span_text("x"));
    memcpy(first, m.wire.p + 17, sizeof first);
    cr_buf_clear(&m.wire);
    cr_hs_init_initiator(&m.init, CR_HS_IK, prologue, &m.gate, &m.init_id.kx_sk, &m.init_id.kx_pk,
                         &m.resp_id.kx_pk, NULL);
    write1(&m, cr_span_text("x"));
    assert_memory_not_equal(first, m.wire.p + 17, sizeof first);
    meeting_release(&m);
}

/* Neither the caller's key nor its payload can be seen on the wire. */
static void test_handshake__message1_hides_key_and_payload(void **state)
{
    struct meeting m;

    (void)state;
    meeting_init(&m, CR_HS_IK);
    write1(&m, cr_span_of(m.gate.b, sizeof m.gate.b)); /* any 16 known bytes */
    for (size_t i = 0; i + 16 <= m.wire.n; i++) {
        assert_memory_not_equal(m.wire.p + i, m.init_id.kx_pk.b, 16);
        assert_memory_not_equal(m.wire.p + i, m.resp_id.kx_pk.b, 16);
        assert_memory_not_equal(m.wire.p + i, m.gate.b, 16);
    }
    meeting_release(&m);
}

/* A payload too long for a message, or a buffer too small for it, fails cleanly on either side. */
static void test_handshake__oversize_payloads(void **state)
{
    uint8_t *bytes = calloc(1, CR_HS_MSG_MAX);
    struct cr_buf small;
    struct meeting m;

    (void)state;
    assert_non_null(bytes);
    cr_buf_init(&small, 10);
    for (int i = 0; i < 2; i++) { /* 0: the message, 1: the buffer is too small */
        struct cr_span too_long = cr_span_of(bytes, CR_HS_MSG_MAX - CR_HS_MSG2_OVERHEAD + 1);
        struct cr_span payload = i == 0 ? too_long : cr_span_text("hello, neighbour");

        meeting_init(&m, CR_HS_IK);
        refuse_read("write1", cr_hs_write1(&m.init, payload, i == 0 ? &m.wire : &small),
                    ST_OVERSIZE, &m.init, i == 0 ? &m.wire : &small);
        meeting_release(&m);

        meeting_init(&m, CR_HS_IK);
        write1(&m, cr_span_text("hello, neighbour"));
        if (i == 1) {
            refuse_read("read1", cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &small), ST_OVERSIZE,
                        &m.resp, &small);
            renew_responder(&m);
        }
        assert_int_equal(cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &m.plain), ST_OK);
        cr_buf_clear(&m.wire);
        refuse_read("write2", cr_hs_write2(&m.resp, payload, i == 0 ? &m.wire : &small),
                    ST_OVERSIZE, &m.resp, i == 0 ? &m.wire : &small);
        meeting_release(&m);
    }
    cr_buf_release(&small);
    free(bytes);
}

/* Every prefix of message 1 is refused: too short as truncated, else by the gate; by the tags when
 * the gate is made to pass. Longer than a message may be is refused before hashing. */
static void test_handshake__message1_prefixes_and_oversize(void **state)
{
    struct meeting m;
    uint8_t *big = calloc(1, CR_HS_MSG_MAX + 1);

    (void)state;
    assert_non_null(big);
    meeting_init(&m, CR_HS_IK);
    write1(&m, cr_span_text("sixteen bytes...and more"));
    for (size_t n = 0; n < m.wire.n; n++) {
        uint8_t *exact = exact_copy(cr_span_of(m.wire.p, n));
        int rc = n < CR_HS_MSG1_OVERHEAD ? ST_TRUNCATED : ST_FORGED;

        assert_int_equal(cr_hs_check_gate(&m.gate, cr_span_of(exact, n)), rc);
        refuse_read("prefix", cr_hs_read1(&m.resp, cr_span_of(exact, n), &m.plain), rc, &m.resp,
                    &m.plain);
        renew_responder(&m);
        if (rc == ST_FORGED) {
            reseal_gate(&m, exact, n);
            refuse_read("prefix behind the gate",
                        cr_hs_read1(&m.resp, cr_span_of(exact, n), &m.plain), rc, &m.resp,
                        &m.plain);
            renew_responder(&m);
        }
        free(exact);
    }
    assert_int_equal(cr_hs_check_gate(&m.gate, cr_span_of(big, CR_HS_MSG_MAX + 1)), ST_OVERSIZE);
    refuse_read("oversize", cr_hs_read1(&m.resp, cr_span_of(big, CR_HS_MSG_MAX + 1), &m.plain),
                ST_OVERSIZE, &m.resp, &m.plain);
    meeting_release(&m);
    free(big);
}

/* Every flipped bit of message 1 is refused by the gate, and by what lies behind when the gate is
 * made to pass: an unknown pattern by its number, all else as forged. */
static void test_handshake__message1_every_bit_counts(void **state)
{
    static const enum cr_hs_pattern patterns[] = {CR_HS_IK, CR_HS_IKPSK2};
    struct meeting m;

    (void)state;
    for (size_t k = 0; k < COUNT(patterns); k++) {
        meeting_init(&m, patterns[k]);
        write1(&m, cr_span_text("payload"));
        for (size_t bit = 0; bit < 8 * m.wire.n; bit++) {
            uint8_t *exact = exact_copy(cr_buf_span(&m.wire));
            struct cr_span msg = cr_span_of(exact, m.wire.n);
            int rc;

            exact[bit / 8] ^= (uint8_t)(1u << bit % 8);
            refuse_read("flip", cr_hs_read1(&m.resp, msg, &m.plain), ST_FORGED, &m.resp, &m.plain);
            renew_responder(&m);
            /* X25519 ignores the top bit of a point, but the transcript hash does not. */
            if (bit >= 128) {
                reseal_gate(&m, exact, m.wire.n);
                rc = bit / 8 != 16 || exact[16] == CR_HS_IK || exact[16] == CR_HS_IKPSK2
                         ? ST_FORGED
                         : ST_VERSION;
                refuse_read("flip behind the gate", cr_hs_read1(&m.resp, msg, &m.plain), rc,
                            &m.resp, &m.plain);
                renew_responder(&m);
            }
            free(exact);
        }
        meeting_release(&m);
    }
}

/* Each number of a pattern but the two is answered with VERSION, even with a perfect gate; the
 * other pattern's number is forged, because the name is part of the transcript. */
static void test_handshake__pattern_numbers(void **state)
{
    struct meeting m;

    (void)state;
    meeting_init(&m, CR_HS_IK);
    write1(&m, cr_span_text("payload"));
    for (unsigned pattern = 0; pattern < 256; pattern++) {
        int rc = pattern == CR_HS_IKPSK2 ? ST_FORGED : ST_VERSION;

        if (pattern == CR_HS_IK)
            continue;
        m.wire.p[16] = (uint8_t)pattern;
        reseal_gate(&m, m.wire.p, m.wire.n);
        refuse_read("pattern", cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &m.plain), rc, &m.resp,
                    &m.plain);
        renew_responder(&m);
    }
    meeting_release(&m);
}

/* Prefixes, flipped bits and oversize of message 2 are refused by the initiator. */
static void test_handshake__message2_mutations(void **state)
{
    static const enum cr_hs_pattern patterns[] = {CR_HS_IK, CR_HS_IKPSK2};
    uint8_t *big = calloc(1, CR_HS_MSG_MAX + 1);

    (void)state;
    assert_non_null(big);
    for (size_t k = 0; k < COUNT(patterns); k++) {
        struct meeting m;
        struct cr_hs waiting;

        meeting_init(&m, patterns[k]);
        write1(&m, cr_span_text("payload"));
        assert_int_equal(cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &m.plain), ST_OK);
        if (patterns[k] == CR_HS_IKPSK2)
            cr_hs_set_psk(&m.resp, &m.psk);
        cr_buf_clear(&m.wire);
        cr_buf_clear(&m.plain);
        assert_int_equal(cr_hs_write2(&m.resp, cr_span_text("answer"), &m.wire), ST_OK);
        waiting = m.init;
        for (size_t n = 0; n < m.wire.n; n++) {
            uint8_t *exact = exact_copy(cr_span_of(m.wire.p, n));

            refuse_read("prefix", cr_hs_read2(&m.init, cr_span_of(exact, n), &m.plain),
                        n < CR_HS_MSG2_OVERHEAD ? ST_TRUNCATED : ST_FORGED, &m.init, &m.plain);
            m.init = waiting;
            free(exact);
        }
        for (size_t bit = 0; bit < 8 * m.wire.n; bit++) {
            m.wire.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            refuse_read("flip", cr_hs_read2(&m.init, cr_buf_span(&m.wire), &m.plain), ST_FORGED,
                        &m.init, &m.plain);
            m.init = waiting;
            m.wire.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        refuse_read("oversize", cr_hs_read2(&m.init, cr_span_of(big, CR_HS_MSG_MAX + 1), &m.plain),
                    ST_OVERSIZE, &m.init, &m.plain);
        m.init = waiting;
        assert_int_equal(cr_hs_read2(&m.init, cr_buf_span(&m.wire), &m.plain), ST_OK);
        cr_wipe(&waiting, sizeof waiting);
        meeting_release(&m);
    }
    free(big);
}

/* Whoever differs in gate, prologue or responder key is not understood. */
static void test_handshake__strangers_are_refused(void **state)
{
    static const char *const names[] = {"gate", "prologue", "responder key"};
    struct meeting m;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct cr_gate gate;
        struct cr_identity other;

        meeting_init(&m, CR_HS_IK);
        cr_identity_generate(&other);
        cr_random(&gate, sizeof gate);
        cr_hs_init_responder(&m.resp, i == 1 ? cr_span_text("another net") : prologue,
                             i == 0 ? &gate : &m.gate, i == 2 ? &other.kx_sk : &m.resp_id.kx_sk,
                             i == 2 ? &other.kx_pk : &m.resp_id.kx_pk);
        write1(&m, cr_span_text("payload"));
        refuse_read(names[i], cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &m.plain), ST_FORGED,
                    &m.resp, &m.plain);
        cr_identity_wipe(&other);
        meeting_release(&m);
    }
}

/* A caller cannot pass off another's static key as its own. */
static void test_handshake__caller_must_hold_its_key(void **state)
{
    struct meeting m;
    struct cr_identity thief;

    (void)state;
    meeting_init(&m, CR_HS_IK);
    cr_identity_generate(&thief);
    cr_hs_init_initiator(&m.init, CR_HS_IK, prologue, &m.gate, &thief.kx_sk, &m.init_id.kx_pk,
                         &m.resp_id.kx_pk, NULL);
    write1(&m, cr_span_text("payload"));
    refuse_read("thief", cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &m.plain), ST_FORGED, &m.resp,
                &m.plain);
    cr_identity_wipe(&thief);
    meeting_release(&m);
}

/* Another invitation's secret is noticed by the one who joins. */
static void test_handshake__wrong_psk_is_forged(void **state)
{
    struct meeting m;
    struct cr_psk other;

    (void)state;
    meeting_init(&m, CR_HS_IKPSK2);
    cr_random(&other, sizeof other);
    write1(&m, cr_span_text("payload"));
    assert_int_equal(cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &m.plain), ST_OK);
    cr_hs_set_psk(&m.resp, &other);
    cr_buf_clear(&m.wire);
    cr_buf_clear(&m.plain);
    assert_int_equal(cr_hs_write2(&m.resp, cr_span_text("welcome"), &m.wire), ST_OK);
    refuse_read("psk", cr_hs_read2(&m.init, cr_buf_span(&m.wire), &m.plain), ST_FORGED, &m.init,
                &m.plain);
    meeting_release(&m);
}

/* Points of low order give no shared secret and are refused wherever a peer can put one: as the
 * responder's key, as either ephemeral, as the caller's static key. */
static void test_handshake__low_order_points_are_refused(void **state)
{
    struct meeting m;
    struct cr_kx_pk low;

    (void)state;
    for (size_t i = 0; i < COUNT(kat_x25519); i++) {
        if (kat_x25519[i].shared != NULL)
            continue;
        unhex_exact(kat_x25519[i].point, low.b, sizeof low.b);

        meeting_init(&m, CR_HS_IK); /* as the responder's key */
        cr_hs_init_initiator(&m.init, CR_HS_IK, prologue, &m.gate, &m.init_id.kx_sk,
                             &m.init_id.kx_pk, &low, NULL);
        refuse_read(kat_x25519[i].name, cr_hs_write1(&m.init, cr_span_text("p"), &m.wire),
                    ST_FORGED, &m.init, &m.wire);
        meeting_release(&m);

        meeting_init(&m, CR_HS_IK); /* as the initiator's ephemeral */
        write1(&m, cr_span_text("p"));
        memcpy(m.wire.p + 17, low.b, sizeof low.b);
        reseal_gate(&m, m.wire.p, m.wire.n);
        refuse_read(kat_x25519[i].name, cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &m.plain),
                    ST_FORGED, &m.resp, &m.plain);
        meeting_release(&m);

        meeting_init(&m, CR_HS_IK); /* as its static key */
        cr_hs_init_initiator(&m.init, CR_HS_IK, prologue, &m.gate, &m.init_id.kx_sk, &low,
                             &m.resp_id.kx_pk, NULL);
        write1(&m, cr_span_text("p"));
        refuse_read(kat_x25519[i].name, cr_hs_read1(&m.resp, cr_buf_span(&m.wire), &m.plain),
                    ST_FORGED, &m.resp, &m.plain);
        renew_responder(&m);
        meeting_release(&m);

        meeting_init(&m, CR_HS_IK); /* as the responder's ephemeral */
        write1(&m, cr_span_text("p"));
        cr_buf_clear(&m.wire);
        assert_int_equal(cr_buf_append(&m.wire, low.b, sizeof low.b), ST_OK);
        assert_int_equal(cr_buf_append(&m.wire, "0123456789abcdef", 16), ST_OK);
        refuse_read(kat_x25519[i].name, cr_hs_read2(&m.init, cr_buf_span(&m.wire), &m.plain),
                    ST_FORGED, &m.init, &m.plain);
        meeting_release(&m);
    }
}

/* Runs act(m) in a child; true when it died of SIGABRT. */
static bool aborts(struct meeting *m, void (*act)(struct meeting *m))
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)close(2); /* the assertion's text is expected */
        act(m);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void act_read1_at_initiator(struct meeting *m)
{
    int rc = cr_hs_read1(&m->init, cr_buf_span(&m->wire), &m->plain);

    (void)rc;
}
static void act_write1_twice(struct meeting *m)
{
    int rc = cr_hs_write1(&m->init, prologue, &m->wire);

    rc = rc == ST_OK ? cr_hs_write1(&m->init, prologue, &m->wire) : rc;
    (void)rc;
}
static void act_split_early(struct meeting *m)
{
    struct cr_channel ch;

    cr_hs_split(&m->init, &ch);
}
static void act_write2_without_psk(struct meeting *m)
{
    int rc = cr_hs_write1(&m->init, prologue, &m->wire);

    rc = rc == ST_OK ? cr_hs_read1(&m->resp, cr_buf_span(&m->wire), &m->plain) : rc;
    rc = rc == ST_OK ? cr_hs_write2(&m->resp, prologue, &m->wire) : rc;
    (void)rc;
}
static void act_use_after_failure(struct meeting *m)
{
    int rc = cr_hs_read1(&m->resp, prologue, &m->plain);

    rc = rc == ST_TRUNCATED ? cr_hs_read1(&m->resp, prologue, &m->plain) : rc;
    (void)rc;
}

/* Calls out of order are bugs and stop the program at once; so does answering a joiner without the
 * invitation's secret. */
static void test_handshake__calls_out_of_order_abort(void **state)
{
    static const struct {
        const char *name;
        void (*act)(struct meeting *m);
    } acts[] = {
        {"read1 at the initiator", act_read1_at_initiator},
        {"write1 twice", act_write1_twice},
        {"split before message 2", act_split_early},
        {"write2 without the psk", act_write2_without_psk},
        {"use after failure", act_use_after_failure},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(acts); i++) {
        struct meeting m;

        meeting_init(&m, CR_HS_IKPSK2);
        if (!aborts(&m, acts[i].act))
            fail_msg("%s: goes through", acts[i].name);
        meeting_release(&m);
    }
}

/* The gate MAC is pinned: value from another implementation. */
static void test_handshake__gate_mac_is_pinned(void **state)
{
    struct cr_gate gate;
    uint8_t msg[16 + 1 + 100] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof gate.b; i++)
        gate.b[i] = (uint8_t)i;
    unhex_exact("cc501f8d0f75d7ee99273a6839cc3921", msg, 16);
    msg[16] = CR_HS_IK;
    assert_int_equal(cr_hs_check_gate(&gate, cr_span_of(msg, sizeof msg)), ST_OK);
    gate.b[15] ^= 1;
    assert_int_equal(cr_hs_check_gate(&gate, cr_span_of(msg, sizeof msg)), ST_FORGED);
}

/* Releasing what was never used, or twice, does no harm. */
static void test_handshake__release_is_idempotent(void **state)
{
    struct cr_hs hs;

    (void)state;
    memset(&hs, 0, sizeof hs);
    cr_hs_release(&hs);
    cr_hs_release(&hs);
    assert_true(is_wiped(&hs, sizeof hs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake__published_transcripts),
        cmocka_unit_test(test_handshake__meets_with_all_payload_sizes),
        cmocka_unit_test(test_handshake__ephemerals_are_fresh),
        cmocka_unit_test(test_handshake__message1_hides_key_and_payload),
        cmocka_unit_test(test_handshake__oversize_payloads),
        cmocka_unit_test(test_handshake__message1_prefixes_and_oversize),
        cmocka_unit_test(test_handshake__message1_every_bit_counts),
        cmocka_unit_test(test_handshake__pattern_numbers),
        cmocka_unit_test(test_handshake__message2_mutations),
        cmocka_unit_test(test_handshake__strangers_are_refused),
        cmocka_unit_test(test_handshake__caller_must_hold_its_key),
        cmocka_unit_test(test_handshake__wrong_psk_is_forged),
        cmocka_unit_test(test_handshake__low_order_points_are_refused),
        cmocka_unit_test(test_handshake__calls_out_of_order_abort),
        cmocka_unit_test(test_handshake__gate_mac_is_pinned),
        cmocka_unit_test(test_handshake__release_is_idempotent),
    };

    return cmocka_run_group_tests_name("handshake", tests, support_init, NULL);
}
