#include "tests/unit/schema/support.h"

#include "tests/lib/oom.h"

#include "schema/enrol.h"

#define VILLAGE UINT64_C(500118003206)

/* A street of two logs: the root certifies the seat, the seat's key or the root the one who asks.
 */
struct world {
    struct cr_identity root, seat, asker;
    struct sc_genesis genesis;
    struct cr_hash net;
    struct cr_buf genesis_bytes, request, runs, sealed, file;
    struct sc_request q;
    struct sc_answer a;
    size_t logs;
    uint8_t other_suite; /* of the entries of logs put from now on */
};

static void person(uint8_t n, struct cr_identity *out)
{
    uint8_t seed[32] = {n};

    cr_identity_from_seed(seed, out);
}

static void ask(struct world *w)
{
    cr_buf_clear(&w->request);
    ts_assert_ok(sc_request_encode(&w->q, &w->asker.sign_sk, &w->request));
    sc_request_hash(cr_buf_span(&w->request), &w->a.request);
}

/* A log of one run with these certificates; *last: id of its last entry. */
static void put_log(struct world *w, const struct cr_identity *author, uint64_t scope,
                    const struct sc_cert *certs, size_t n, struct sc_id *last)
{
    static struct sc_run run;
    struct sc_link link;
    struct cr_hash log_id;
    struct cr_buf body, payload[2];

    memset(&run, 0, sizeof run);
    run.has_key = true;
    run.key = (struct sc_log_key){.author = author->sign_pk, .scope = scope, .incarnation = 7};
    sc_log_id(&w->net, &run.key, &log_id);
    sc_link_start(&log_id, &link);
    for (size_t i = 0; i < n; i++) {
        struct sc_payload p = {.type = SC_R_CERT, .schema_version = 1};

        cr_buf_init(&body, SC_PAYLOAD_MAX);
        cr_buf_init(&payload[i], SC_PAYLOAD_MAX);
        ts_assert_ok(sc_cert_encode(&certs[i], &body));
        p.body = cr_buf_span(&body);
        ts_assert_ok(sc_payload_encode(&p, &payload[i]));
        cr_buf_release(&body);
        run.e[i] =
            (struct sc_wire_entry){.lamport = i + 1, .wall_ms = 5, .other_suite = w->other_suite};
        run.e[i].payload = cr_buf_span(&payload[i]);
        ts_assert_ok(sc_link_wire(&link, &run.e[i]));
    }
    run.count = n;
    sc_checkpoint_sign(&author->sign_sk, &w->net, &log_id, n - 1, &link.chain, &run.sig);
    ts_assert_ok(sc_run_encode(&run, &w->runs));
    for (size_t i = 0; i < n; i++)
        cr_buf_release(&payload[i]);
    *last = sc_id_of(&link.chain);
    w->logs++;
    w->a.runs = cr_buf_span(&w->runs);
    w->a.run_count = w->logs;
}

static struct sc_cert cert_of(const struct cr_identity *id, uint64_t rank, uint64_t roles,
                              uint64_t grid, const char *name)
{
    struct sc_cert c = {.subject = id->sign_pk,
                        .kx_pk = id->kx_pk,
                        .kind = SC_CERT_NODE,
                        .rank = rank,
                        .roles = roles,
                        .prefix_count = 1,
                        .prefixes = {grid}};

    memcpy(c.name, name, strlen(name) + 1);
    cr_person_id(&id->sign_pk, c.person.b);
    return c;
}

static void sign(struct world *w)
{
    cr_buf_clear(&w->file);
    ts_assert_ok(sc_answer_encode(&w->a, &w->seat.sign_sk, &w->file));
}

static void seal(struct world *w)
{
    struct sc_answer_secret s = {.gate = {{3}}, .addr_count = 1, .addrs = {"10.0.0.1:7119"}};

    cr_buf_clear(&w->sealed);
    ts_assert_ok(sc_answer_seal(&s, &w->a.request, &w->asker.kx_pk, &w->sealed));
    w->a.sealed = cr_buf_span(&w->sealed);
}

static void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    person(1, &w->root);
    person(2, &w->seat);
    person(3, &w->asker);
    w->genesis =
        (struct sc_genesis){.root = w->root.sign_pk, .street = 500118003, .name = "南大街街道"};
    cr_buf_init(&w->genesis_bytes, SC_GENESIS_BYTES_MAX);
    cr_buf_init(&w->request, SC_REQUEST_BYTES_MAX);
    cr_buf_init(&w->runs, ENCODED_BYTES);
    cr_buf_init(&w->sealed, SC_ANSWER_SEALED_MAX);
    cr_buf_init(&w->file, SC_ANSWER_BYTES_MAX);
    ts_assert_ok(sc_genesis_encode(&w->genesis, &w->genesis_bytes));
    w->a.genesis = cr_buf_span(&w->genesis_bytes);
    sc_genesis_net(w->a.genesis, &w->net);
    w->a.signer = w->seat.sign_pk;
    w->q = (struct sc_request){.kind = SC_CERT_NODE,
                               .sign_pk = w->asker.sign_pk,
                               .kx_pk = w->asker.kx_pk,
                               .name = "黄瓜山村",
                               .roles = SC_ROLE_VILLAGE,
                               .prefix_count = 1,
                               .prefixes = {VILLAGE}};
    ask(w);
}

static void put_good_log(struct world *w)
{
    struct sc_cert certs[2] = {
        cert_of(&w->seat, 1, SC_ROLE_STREET | SC_ROLE_NODE, 500118003, "街道"),
        cert_of(&w->asker, 1, SC_ROLE_VILLAGE | SC_ROLE_NODE, VILLAGE, "黄瓜山村")};

    put_log(w, &w->root, SC_SCOPE_PUBLIC, certs, 2, &w->a.cert);
}

static void world_full(struct world *w)
{
    world_init(w);
    put_good_log(w);
    seal(w);
    sign(w);
}

static void world_free(struct world *w)
{
    cr_buf_release(&w->genesis_bytes);
    cr_buf_release(&w->request);
    cr_buf_release(&w->runs);
    cr_buf_release(&w->sealed);
    cr_buf_release(&w->file);
}

static int check(struct world *w, struct sc_enrolment *got, struct st_err *err)
{
    struct sc_answer a;
    int rc = sc_answer_decode(cr_buf_span(&w->file), &a, err);

    return rc == ST_OK ? sc_answer_check(&a, cr_buf_span(&w->request), got, err) : rc;
}

static void not_a_request(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct sc_request q;
    struct st_err err = {0};
    int rc = sc_request_decode(cr_span_of(p, n), &q, &err);

    (void)ctx;
    if (rc == ST_OK || err.code != (enum st_code)rc || err.msg[0] == '\0')
        ts_fail("request, damage %zu: %s '%s'", index, st_name((enum st_code)rc), err.msg);
}

static void not_an_answer(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct sc_answer a;
    struct st_err err = {0};
    int rc = sc_answer_decode(cr_span_of(p, n), &a, &err);

    (void)ctx;
    if (rc == ST_OK || err.code != (enum st_code)rc || err.msg[0] == '\0')
        ts_fail("answer, damage %zu: %s '%s'", index, st_name((enum st_code)rc), err.msg);
}

/* A request comes back as it was made, has one spelling for one wish, and no damage of it is taken:
 * its signature covers every byte. */
static void test_enrol__request(void **state)
{
    struct world w;
    struct sc_request back;
    struct cr_buf again;

    (void)state;
    world_init(&w);
    w.q.invited = true;
    w.q.net = w.net;
    w.q.invite_id.b[0] = 9;
    for (int invited = 1; invited >= 0; invited--) {
        w.q.invited = invited != 0;
        ask(&w);
        ts_assert_ok(sc_request_decode(cr_buf_span(&w.request), &back, NULL));
        assert_int_equal(back.invited, invited);
        assert_string_equal(back.name, "黄瓜山村");
        assert_true(cr_sign_pk_equal(&back.sign_pk, &w.asker.sign_pk));
        assert_true(cr_kx_pk_equal(&back.kx_pk, &w.asker.kx_pk));
        assert_int_equal(back.prefixes[0], VILLAGE);
        cr_buf_init(&again, SC_REQUEST_BYTES_MAX);
        ts_assert_ok(sc_request_encode(&back, &w.asker.sign_sk, &again));
        assert_true(cr_span_equal(cr_buf_span(&again), cr_buf_span(&w.request)));
        cr_buf_release(&again);
        ts_each_prefix(w.request.p, w.request.n, not_a_request, NULL);
        ts_each_bit_flip(w.request.p, w.request.n, not_a_request, NULL);
    }
    ts_assert_ok(cr_buf_append(&w.request, "x", 1));
    ts_assert_status(sc_request_decode(cr_buf_span(&w.request), &back, NULL), ST_MALFORMED);
    world_free(&w);
}

/* What cannot be wished for is not written, and the longest wish fits. */
static void test_enrol__request_bounds(void **state)
{
    struct world w;
    struct sc_request q;
    struct cr_buf out;

    (void)state;
    world_init(&w);
    cr_buf_init(&out, SC_REQUEST_BYTES_MAX);
    q = w.q;
    q.name[0] = '\0';
    ts_assert_status(sc_request_encode(&q, &w.asker.sign_sk, &out), ST_MALFORMED);
    q = w.q;
    q.kind = 3;
    ts_assert_status(sc_request_encode(&q, &w.asker.sign_sk, &out), ST_RANGE);
    q = w.q;
    q.roles = SC_ROLE_ROOT;
    ts_assert_status(sc_request_encode(&q, &w.asker.sign_sk, &out), ST_RANGE);
    q = w.q;
    q.prefix_count = 2;
    q.prefixes[1] = q.prefixes[0];
    ts_assert_status(sc_request_encode(&q, &w.asker.sign_sk, &out), ST_RANGE);
    assert_int_equal(out.n, 0);
    q = w.q;
    memset(q.name, 'n', SC_NAME_MAX);
    q.name[SC_NAME_MAX] = '\0';
    q.invited = true;
    q.roles = SC_ROLES_ALL;
    for (q.prefix_count = 0; q.prefix_count < SC_CERT_PREFIXES_MAX; q.prefix_count++)
        q.prefixes[q.prefix_count] = UINT64_C(500118003206001) + q.prefix_count;
    ts_assert_ok(sc_request_encode(&q, &w.asker.sign_sk, &out));
    ts_assert_ok(sc_request_decode(cr_buf_span(&out), &q, NULL));
    cr_buf_release(&out);
    world_free(&w);
}

/* Thirty digits, the same on both sides: each group is five bytes modulo 100,000. */
static void test_enrol__fingerprint(void **state)
{
    struct cr_hash h = {{0, 0, 0,    0,    7,    0,    0,    1,    0x86, 0x9f, 0,
                         0, 1, 0x86, 0xa0, 0,    0,    0,    0x30, 0x39, 1,    0,
                         0, 0, 0,    0xff, 0xff, 0xff, 0xff, 0xff, 1,    1}};
    char text[SC_FINGERPRINT_TEXT_BYTES];

    (void)state;
    sc_fingerprint_text(&h, text);
    assert_string_equal(text, "00007 99999 00000 12345 67296 27775");
}

/* The proof is of the invitation's secret and the key together. */
static void test_enrol__proof(void **state)
{
    uint8_t secret[SC_INVITE_SECRET_BYTES] = {1}, a[SC_ENROL_PROOF_BYTES], b[SC_ENROL_PROOF_BYTES];
    struct cr_identity one, two;

    (void)state;
    person(1, &one);
    person(2, &two);
    sc_request_proof(secret, &one.sign_pk, a);
    sc_request_proof(secret, &two.sign_pk, b);
    assert_memory_not_equal(a, b, sizeof a);
    secret[15] = 1;
    sc_request_proof(secret, &one.sign_pk, b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* A good answer gives space, certificate, who signed it and the secrets; no damage of it is taken.
 */
static void test_enrol__answer(void **state)
{
    struct sc_answer_secret secret;
    struct sc_enrolment got;
    struct world w;

    (void)state;
    world_full(&w);
    ts_assert_ok(check(&w, &got, NULL));
    assert_true(cr_hash_equal(&got.net, &w.net));
    assert_string_equal(got.genesis.name, "南大街街道");
    assert_true(cr_kx_pk_equal(&got.signer, &w.seat.kx_pk));
    assert_int_equal(got.cert.roles, SC_ROLE_VILLAGE | SC_ROLE_NODE);
    ts_assert_ok(sc_answer_open(w.a.sealed, &w.a.request, &w.asker, &secret, NULL));
    assert_int_equal(secret.gate.b[0], 3);
    assert_string_equal(secret.addrs[0], "10.0.0.1:7119");
    ts_each_prefix(w.file.p, w.file.n, not_an_answer, NULL);
    ts_each_bit_flip(w.file.p, w.file.n, not_an_answer, NULL);
    ts_assert_ok(cr_buf_append(&w.file, "x", 1));
    ts_assert_status(check(&w, &got, NULL), ST_MALFORMED);
    world_free(&w);
}

/* What a liar with a seat's key could sign all the same is refused by what it says. */
static void test_enrol__answer_lies(void **state)
{
    struct sc_enrolment got;
    struct st_err err = {0};
    struct world w;

    (void)state;
    world_full(&w); /* for another request: both fingerprints are named */
    w.q.name[0] = 'x';
    w.q.name[1] = '\0';
    cr_buf_clear(&w.request);
    ts_assert_ok(sc_request_encode(&w.q, &w.asker.sign_sk, &w.request));
    ts_assert_status(check(&w, &got, &err), ST_CONFLICT);
    assert_non_null(strstr(err.msg, "another request"));
    world_free(&w);

    world_full(&w); /* of another street than the invitation */
    w.q.invited = true;
    ask(&w);
    seal(&w);
    sign(&w);
    ts_assert_status(check(&w, &got, NULL), ST_SPACE);
    w.q.net = w.net;
    ask(&w);
    sign(&w);
    ts_assert_ok(check(&w, &got, NULL));
    world_free(&w);

    world_full(&w); /* the certificate is another entry, or none */
    w.a.cert.b[0] ^= 1;
    sign(&w);
    ts_assert_status(check(&w, &got, NULL), ST_MALFORMED);
    world_free(&w);

    world_init(&w); /* it verifies, but this program cannot read what it says */
    w.other_suite = 9;
    put_good_log(&w);
    seal(&w);
    sign(&w);
    ts_assert_status(check(&w, &got, &err), ST_MALFORMED);
    assert_non_null(strstr(err.msg, "not among its entries"));
    world_free(&w);
}

/* A certificate that does not count, or a signer who may not admit, is refused. */
static void test_enrol__answer_without_right(void **state)
{
    struct sc_enrolment got;
    struct cr_identity thief;
    struct sc_id other;
    struct world w;
    struct sc_cert c;

    (void)state;
    person(9, &thief);
    world_init(&w); /* for other keys */
    c = cert_of(&thief, 1, SC_ROLE_VILLAGE, VILLAGE, "x");
    put_log(&w, &w.root, SC_SCOPE_PUBLIC, &c, 1, &w.a.cert);
    sign(&w);
    ts_assert_status(check(&w, &got, NULL), ST_DENIED);
    world_free(&w);

    world_init(&w); /* by who may not give it: nobody certified the seat */
    c = cert_of(&w.asker, 2, SC_ROLE_VILLAGE, VILLAGE, "x");
    put_log(&w, &w.seat, SC_SCOPE_PUBLIC, &c, 1, &w.a.cert);
    sign(&w);
    ts_assert_status(check(&w, &got, NULL), ST_DENIED);
    world_free(&w);

    world_init(&w); /* signed by a key that may not admit */
    c = cert_of(&w.asker, 1, SC_ROLE_VILLAGE, VILLAGE, "x");
    put_log(&w, &w.root, SC_SCOPE_PUBLIC, &c, 1, &w.a.cert);
    sign(&w);
    ts_assert_status(check(&w, &got, NULL), ST_DENIED);
    world_free(&w);

    world_full(&w); /* a log of another scope, one log twice */
    c = cert_of(&thief, 1, SC_ROLE_VILLAGE, VILLAGE, "x");
    put_log(&w, &w.seat, VILLAGE, &c, 1, &other);
    sign(&w);
    ts_assert_status(check(&w, &got, NULL), ST_DENIED);
    world_free(&w);
    world_full(&w);
    put_good_log(&w);
    sign(&w);
    ts_assert_status(check(&w, &got, NULL), ST_MALFORMED);
    world_free(&w);
}

/* Damage inside the runs that a new signature under the answer would hide is found by the chain and
 * by the author's signature: of every bit flipped, only ones that the reader refuses or that do not
 * verify. */
static void flipped_runs(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct world *w = ctx;
    struct sc_enrolment got;
    int rc;

    w->a.runs = cr_span_of(p, n);
    if (index % 3 != 0) /* a third of them is plenty */
        return;
    sign(w);
    rc = check(w, &got, NULL);
    if (rc == ST_OK)
        ts_fail("a flip of bit %zu of the runs was taken", index);
}

static void test_enrol__runs_verify(void **state)
{
    struct world w;

    (void)state;
    world_full(&w);
    ts_each_bit_flip(w.runs.p, w.runs.n, flipped_runs, &w);
    world_free(&w);
}

/* The sealed part opens for one key and one request, and not when it was changed or cut. */
static void sealed_damage(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct world *w = ctx;
    struct sc_answer_secret s;

    if (sc_answer_open(cr_span_of(p, n), &w->a.request, &w->asker, &s, NULL) == ST_OK)
        ts_fail("sealed part, damage %zu was taken", index);
}

static void test_enrol__sealed(void **state)
{
    struct sc_answer_secret s;
    struct cr_hash other;
    struct world w;

    (void)state;
    world_full(&w);
    ts_assert_status(sc_answer_open(w.a.sealed, &w.a.request, &w.seat, &s, NULL), ST_DENIED);
    other = w.a.request;
    other.b[0] ^= 1;
    ts_assert_status(sc_answer_open(w.a.sealed, &other, &w.asker, &s, NULL), ST_FORGED);
    ts_each_prefix(w.sealed.p, w.sealed.n, sealed_damage, &w);
    ts_each_bit_flip(w.sealed.p, w.sealed.n, sealed_damage, &w);
    world_free(&w);
}

static int check_once(void *ctx)
{
    struct sc_enrolment got;

    return check(ctx, &got, NULL);
}

static int make_once(void *ctx)
{
    struct world *w = ctx;
    struct sc_answer_secret s = {.addr_count = 0};
    struct cr_buf out, sealed;
    int rc;

    cr_buf_init(&out, SC_ANSWER_BYTES_MAX);
    cr_buf_init(&sealed, SC_ANSWER_SEALED_MAX);
    rc = sc_answer_seal(&s, &w->a.request, &w->asker.kx_pk, &sealed);
    if (rc == ST_OK)
        rc = sc_answer_open(cr_buf_span(&sealed), &w->a.request, &w->asker, &s, NULL);
    if (rc == ST_OK)
        rc = sc_answer_encode(&w->a, &w->seat.sign_sk, &out);
    cr_buf_release(&out);
    cr_buf_release(&sealed);
    return rc;
}

/* Every allocation may fail. */
static void test_enrol__oom(void **state)
{
    struct world w;

    (void)state;
    world_full(&w);
    assert_true(ts_oom_sweep(check_once, &w) > 0);
    assert_true(ts_oom_sweep(make_once, &w) > 0);
    world_free(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enrol__request),
        cmocka_unit_test(test_enrol__request_bounds),
        cmocka_unit_test(test_enrol__fingerprint),
        cmocka_unit_test(test_enrol__proof),
        cmocka_unit_test(test_enrol__answer),
        cmocka_unit_test(test_enrol__answer_lies),
        cmocka_unit_test(test_enrol__answer_without_right),
        cmocka_unit_test(test_enrol__runs_verify),
        cmocka_unit_test(test_enrol__sealed),
        cmocka_unit_test(test_enrol__oom),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
