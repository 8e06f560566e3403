#include "tests/unit/schema/support.h"

static struct cr_hash net;

static void fill_request(struct sc_join_request *j, const struct cr_identity *id)
{
    *j = (struct sc_join_request){.name = "黄瓜山村节点", .sign_pk = id->sign_pk};
    unhex_to(golden_invite_id, j->invite_id.b, sizeof j->invite_id.b);
    unhex_to(golden_kx_pk, j->kx_pk.b, sizeof j->kx_pk.b);
    sc_join_request_sign(j, &net, &id->sign_sk);
}

static int roundtrip_request(struct cr_span in, struct cr_buf *again)
{
    struct sc_join_request j;
    int status = sc_join_request_decode(in, &j, NULL);

    if (status == ST_OK)
        ts_assert_ok(sc_join_request_encode(&j, again));
    return status;
}

static int roundtrip_answer(struct cr_span in, struct cr_buf *again)
{
    struct sc_join_answer a;
    int status = sc_join_answer_decode(in, &a, NULL);

    if (status == ST_OK)
        ts_assert_ok(sc_join_answer_encode(&a, again));
    return status;
}

/* Request and answer have the pinned bytes and one spelling. */
static void test_join__pinned(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct cr_identity id;
    struct sc_join_request j;
    struct sc_join_answer a;
    struct cr_buf out;

    (void)state;
    golden_identity(SEED_AUTHOR, &id);
    fill_request(&j, &id);
    cr_buf_init(&out, ENCODED_BYTES);
    ts_assert_ok(sc_join_request_encode(&j, &out));
    ts_assert_hex(out.p, out.n, golden_join_request);
    check_strict("join request", cr_buf_span(&out), roundtrip_request);
    cr_buf_clear(&out);
    a.genesis = unhex(golden_genesis, buf);
    unhex_to(golden_root_pk, a.inviter.b, sizeof a.inviter.b);
    ts_assert_ok(sc_join_answer_encode(&a, &out));
    ts_assert_hex(out.p, out.n, golden_join_answer);
    check_strict("join answer", cr_buf_span(&out), roundtrip_answer);
    cr_buf_release(&out);
    cr_identity_wipe(&id);
}

/* The proof covers space, invitation, exchange key and name, by the key that asks. */
static void test_join__proof_is_bound(void **state)
{
    struct cr_identity id;
    struct sc_join_request j, k;
    struct cr_hash other = {{1}};

    (void)state;
    golden_identity(SEED_AUTHOR, &id);
    fill_request(&j, &id);
    ts_assert_ok(sc_join_request_verify(&j, &net));
    ts_assert_status(sc_join_request_verify(&j, &other), ST_FORGED);
    k = j;
    k.invite_id.b[0] ^= 1;
    ts_assert_status(sc_join_request_verify(&k, &net), ST_FORGED);
    k = j;
    k.kx_pk.b[0] ^= 1;
    ts_assert_status(sc_join_request_verify(&k, &net), ST_FORGED);
    k = j;
    k.name[0] ^= 1;
    ts_assert_status(sc_join_request_verify(&k, &net), ST_FORGED);
    k = j;
    k.sign_pk.b[0] ^= 1;
    ts_assert_status(sc_join_request_verify(&k, &net), ST_FORGED);
    cr_identity_wipe(&id);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join__pinned),
        cmocka_unit_test(test_join__proof_is_bound),
    };

    if (cr_init(NULL) != ST_OK)
        return 1;
    unhex_to(golden_net, net.b, sizeof net.b);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
