#include "tests/unit/schema/support.h"

static struct cr_hash net, log_id;

static int set_up(void **state)
{
    (void)state;
    if (cr_init(NULL) != ST_OK)
        return -1;
    unhex_to(golden_net, net.b, sizeof net.b);
    unhex_to(golden_log_id, log_id.b, sizeof log_id.b);
    return 0;
}

/* Log id, headers, chain values, checkpoint and fingerprint have the pinned bytes. */
static void test_entry__pinned(void **state)
{
    static const char *const headers[] = {golden_header0, golden_header1, golden_header2};
    static const char *const chains[] = {golden_chain0, golden_chain1, golden_chain2};
    uint8_t payloads[3][GOLDEN_BYTES], header[SC_HEADER_BYTES_MAX];
    struct cr_identity author;
    struct sc_log_key key;
    struct cr_hash hash, item, sum = {{0}};
    struct sc_link link;
    struct sc_header h;
    struct sc_run run;
    struct cr_sig sig;
    struct sc_id print;

    (void)state;
    golden_key(&key);
    golden_identity(SEED_AUTHOR, &author);
    golden_run(&run, payloads);
    sc_log_id(&net, &key, &hash);
    assert_memory_equal(hash.b, log_id.b, sizeof hash.b);
    sc_link_start(&log_id, &link);
    for (size_t i = 0; i < 3; i++) {
        sc_payload_hash(run.e[i].payload, &hash);
        ts_assert_ok(sc_link_extend(&link, run.e[i].lamport, run.e[i].wall_ms, &hash,
                                    run.e[i].payload.n, &h));
        ts_assert_hex(header, sc_header_encode(&h, header), headers[i]);
        ts_assert_hex(link.chain.b, sizeof link.chain.b, chains[i]);
        assert_int_equal(link.seq_next, i + 1);
    }
    sc_checkpoint_sign(&author.sign_sk, &net, &log_id, 2, &link.chain, &sig);
    ts_assert_hex(sig.b, sizeof sig.b, golden_checkpoint2);
    ts_assert_ok(sc_checkpoint_verify(&key.author, &net, &log_id, 2, &link.chain, &sig));
    sc_head_item(&log_id, 2, &link.chain, &item);
    ts_assert_hex(item.b, sizeof item.b, golden_head_item);
    cr_hash_add(&sum, &item);
    print = sc_fingerprint(&sum, 1);
    ts_assert_hex(print.b, sizeof print.b, golden_fingerprint);
    cr_identity_wipe(&author);
}

/* A checkpoint vouches for one place of one log of one space, and for nothing else. */
static void test_entry__checkpoint_is_bound(void **state)
{
    struct cr_hash chain, other = {{1}};
    struct sc_log_key key;
    struct cr_sig sig;

    (void)state;
    golden_key(&key);
    unhex_to(golden_chain2, chain.b, sizeof chain.b);
    unhex_to(golden_checkpoint2, sig.b, sizeof sig.b);
    ts_assert_ok(sc_checkpoint_verify(&key.author, &net, &log_id, 2, &chain, &sig));
    ts_assert_status(sc_checkpoint_verify(&key.author, &other, &log_id, 2, &chain, &sig),
                     ST_FORGED);
    ts_assert_status(sc_checkpoint_verify(&key.author, &net, &other, 2, &chain, &sig), ST_FORGED);
    ts_assert_status(sc_checkpoint_verify(&key.author, &net, &log_id, 3, &chain, &sig), ST_FORGED);
    ts_assert_status(sc_checkpoint_verify(&key.author, &net, &log_id, 2, &other, &sig), ST_FORGED);
    sig.b[3] ^= 1;
    ts_assert_status(sc_checkpoint_verify(&key.author, &net, &log_id, 2, &chain, &sig), ST_FORGED);
}

static int roundtrip_header(struct cr_span in, struct cr_buf *again)
{
    uint8_t bytes[SC_HEADER_BYTES_MAX];
    struct sc_header h;
    int status = sc_header_decode(in, &h);

    if (status == ST_OK)
        ts_assert_ok(cr_buf_append(again, bytes, sc_header_encode(&h, bytes)));
    return status;
}

static int roundtrip_payload(struct cr_span in, struct cr_buf *again)
{
    struct st_err err = {0};
    struct sc_payload p;
    int status = sc_payload_decode(in, &p, &err);

    assert_int_equal(status, err.code);
    if (status == ST_OK)
        ts_assert_ok(sc_payload_encode(&p, again));
    return status;
}

static void test_entry__strict(void **state)
{
    uint8_t buf[GOLDEN_BYTES];

    (void)state;
    check_strict("header 0", unhex(golden_header0, buf), roundtrip_header);
    check_strict("header 2", unhex(golden_header2, buf), roundtrip_header);
    check_strict("payload 0", unhex(golden_payload0, buf), roundtrip_payload);
    check_strict("payload 1", unhex(golden_payload1, buf), roundtrip_payload);
    check_strict("payload 2", unhex(golden_payload2, buf), roundtrip_payload);
}

/* The header's own writer and the general one give the same bytes at every width. */
static void test_entry__header_writers_agree(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 64; shift++) {
        struct sc_header h = {1, 1, UINT64_MAX >> shift, UINT64_C(1) << shift, 3, {{5}}, 4};
        uint8_t bytes[SC_HEADER_BYTES_MAX];
        size_t n = sc_header_encode(&h, bytes);
        struct cr_buf buf;
        struct sc_writer w;

        cr_buf_init(&buf, 200);
        sc_writer_init(&w, &buf);
        sc_write_array(&w, 7);
        sc_write_u64(&w, h.version);
        sc_write_u64(&w, h.suite);
        sc_write_u64(&w, h.seq);
        sc_write_u64(&w, h.lamport);
        sc_write_u64(&w, h.wall_ms);
        sc_write_bin(&w, cr_hash_span(&h.payload_hash));
        sc_write_u64(&w, h.payload_bytes);
        assert_true(cr_span_equal(cr_buf_span(&buf), cr_span_of(bytes, n)));
        cr_buf_release(&buf);
    }
}

/* A header of a later version is told from a broken one; a suite need not be known. */
static void test_entry__header_version(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct cr_span bytes = unhex(golden_header0, buf);
    struct sc_header h;

    (void)state;
    buf[1] = 2;
    ts_assert_status(sc_header_decode(bytes, &h), ST_VERSION);
    buf[1] = 0;
    ts_assert_status(sc_header_decode(bytes, &h), ST_MALFORMED);
    buf[1] = 1;
    buf[2] = 0;
    ts_assert_status(sc_header_decode(bytes, &h), ST_RANGE);
    buf[2] = 2;
    ts_assert_ok(sc_header_decode(bytes, &h));
    assert_int_equal(h.suite, 2);
    assert_true(sc_suite_known(1) && !sc_suite_known(0) && !sc_suite_known(2));
}

/* An entry whose payload nobody can read links, and verifies, by what its header says. */
static void test_entry__other_suite(void **state)
{
    uint8_t opaque[16], header[SC_HEADER_BYTES_MAX], buf[GOLDEN_BYTES];
    struct cr_span pinned = unhex(golden_suite_header, buf);
    struct sc_link link = {.seq_next = 3, .lamport = 300}, before;
    struct cr_hash hash;
    struct sc_header h;

    (void)state;
    for (size_t i = 0; i < sizeof opaque; i++)
        opaque[i] = (uint8_t)(0xf0 + i);
    sc_payload_hash(cr_span_of(opaque, sizeof opaque), &hash);
    unhex_to(golden_chain2, link.chain.b, sizeof link.chain.b);
    before = link;
    ts_assert_status(sc_link_extend_as(&link, 0, 301, 0, &hash, 16, &h), ST_RANGE);
    ts_assert_status(sc_link_extend_as(&link, SC_SUITE_MAX + 1, 301, 0, &hash, 16, &h), ST_RANGE);
    assert_memory_equal(&link, &before, sizeof link);
    ts_assert_ok(sc_link_extend_as(&link, 9, 301, 1735689655001, &hash, 16, &h));
    ts_assert_hex(header, sc_header_encode(&h, header), golden_suite_header);
    ts_assert_hex(link.chain.b, sizeof link.chain.b, golden_suite_chain);
    check_strict("header of another suite", pinned, roundtrip_header);
    link = before;
    ts_assert_ok(sc_link_extend(&link, 301, 1735689655001, &hash, 16, &h));
    unhex_to(golden_suite_chain, before.chain.b, sizeof before.chain.b);
    assert_false(cr_hash_equal(&link.chain, &before.chain));
}

/* The link refuses what may not follow and then is as before; the first entry may start high. */
static void test_entry__link_bounds(void **state)
{
    const struct cr_hash hash = {{3}};
    struct sc_link link, before;
    struct sc_header h;

    (void)state;
    sc_link_start(&log_id, &link);
    before = link;
    ts_assert_status(sc_link_extend(&link, 0, 0, &hash, 1, &h), ST_RANGE);
    ts_assert_status(sc_link_extend(&link, SC_LAMPORT_FIRST_MAX + 1, 0, &hash, 1, &h), ST_RANGE);
    ts_assert_status(sc_link_extend(&link, 1, SC_WALL_MS_MAX + 1, &hash, 1, &h), ST_RANGE);
    ts_assert_status(sc_link_extend(&link, 1, 0, &hash, 0, &h), ST_RANGE);
    ts_assert_status(sc_link_extend(&link, 1, 0, &hash, SC_PAYLOAD_MAX + 1, &h), ST_RANGE);
    assert_memory_equal(&link, &before, sizeof link);
    ts_assert_ok(
        sc_link_extend(&link, SC_LAMPORT_FIRST_MAX, SC_WALL_MS_MAX, &hash, SC_PAYLOAD_MAX, &h));
    before = link;
    ts_assert_status(sc_link_extend(&link, link.lamport, 0, &hash, 1, &h), ST_RANGE);
    ts_assert_status(sc_link_extend(&link, link.lamport + SC_LAMPORT_STEP_MAX + 1, 0, &hash, 1, &h),
                     ST_RANGE);
    assert_memory_equal(&link, &before, sizeof link);
    ts_assert_ok(sc_link_extend(&link, link.lamport + SC_LAMPORT_STEP_MAX, 0, &hash, 1, &h));
    assert_int_equal(h.seq, 1);
}

/* Payloads that are well-formed MessagePack and still none. */
static void test_entry__payload_refuses(void **state)
{
    static const struct {
        const char *name, *hex;
        int status;
    } rows[] = {
        {"smallest", "962001c0c400c080", ST_OK},
        {"type 0", "960001c0c400c080", ST_RANGE},
        {"version 0", "962000c0c400c080", ST_RANGE},
        {"type too large", "96ce0001000001c0c400c080", ST_RANGE},
        {"five items", "952001c0c400c0", ST_MALFORMED},
        {"body an array", "962001c0c400c090", ST_MALFORMED},
        {"body nil", "962001c0c400c0c0", ST_MALFORMED},
        {"subject short", "962001c40100c400c080", ST_MALFORMED},
        {"parents cut", "962001c0c40f000102030405060708090a0b0c0d0ec080", ST_MALFORMED},
        {"parents twice",
         "962001c0c420000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0fc080",
         ST_MALFORMED},
        {"parents descend",
         "962001c0c420100102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0fc080",
         ST_MALFORMED},
        {"parents text", "962001c0a0c080", ST_MALFORMED},
        {"body bomb", "962001c0c400c0dfffffffff", ST_TRUNCATED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t buf[GOLDEN_BYTES];
        struct sc_payload p;
        int status = sc_payload_decode(unhex(rows[i].hex, buf), &p, NULL);

        if (status != rows[i].status)
            ts_fail("%s: %s", rows[i].name, st_name((enum st_code)status));
    }
}

/* A payload over the limit is refused by both sides. */
static void test_entry__payload_oversize(void **state)
{
    static uint8_t large[SC_PAYLOAD_MAX + 64];
    struct sc_payload p = {.type = 32, .schema_version = 1};
    struct cr_buf body, out;
    struct sc_writer w;

    (void)state;
    cr_buf_init(&body, sizeof large * 2);
    cr_buf_init(&out, sizeof large * 2);
    sc_writer_init(&w, &body);
    sc_write_map(&w, 1);
    sc_write_u64(&w, 1);
    sc_write_bin(&w, cr_span_of(large, SC_PAYLOAD_MAX));
    p.body = cr_buf_span(&body);
    ts_assert_status(sc_payload_encode(&p, &out), ST_OVERSIZE);
    assert_int_equal(out.n, 0);
    ts_assert_status(sc_payload_decode(cr_span_of(large, sizeof large), &p, NULL), ST_OVERSIZE);
    cr_buf_release(&body);
    cr_buf_release(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry__pinned),
        cmocka_unit_test(test_entry__checkpoint_is_bound),
        cmocka_unit_test(test_entry__strict),
        cmocka_unit_test(test_entry__header_writers_agree),
        cmocka_unit_test(test_entry__header_version),
        cmocka_unit_test(test_entry__other_suite),
        cmocka_unit_test(test_entry__link_bounds),
        cmocka_unit_test(test_entry__payload_refuses),
        cmocka_unit_test(test_entry__payload_oversize),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
