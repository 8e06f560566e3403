#include "tests/unit/schema/support.h"

#include "tests/lib/oom.h"

static struct sc_hello hello; /* too large for a small stack */
static struct sc_run run;
static struct sc_ranges ranges;

static int skip_type(struct cr_span in, enum sc_frame_type type, struct cr_span *body)
{
    if (in.n == 0 || in.p[0] != type)
        return ST_MALFORMED;
    *body = cr_span_of(in.p + 1, in.n - 1);
    return ST_OK;
}

/* Each roundtrip_… decodes one frame and encodes it again. */
#define ROUNDTRIP(name, frame_type, object)                              \
    static int roundtrip_##name(struct cr_span in, struct cr_buf *again) \
    {                                                                    \
        struct st_err err = {0};                                         \
        struct cr_span body;                                             \
        int status = skip_type(in, (frame_type), &body);                 \
                                                                         \
        if (status != ST_OK)                                             \
            return status;                                               \
        status = sc_##name##_decode(body, (object), &err);               \
        assert_int_equal(status, err.code);                              \
        if (status == ST_OK)                                             \
            ts_assert_ok(sc_##name##_encode((object), again));           \
        return status;                                                   \
    }

static struct sc_urgent urgent;
static struct sc_ack ack;
static struct sc_synced synced;
static struct sc_fork evidence;
static struct sc_bye bye;

ROUNDTRIP(hello, SC_FT_HELLO, &hello)
ROUNDTRIP(ranges, SC_FT_RANGES, &ranges)
ROUNDTRIP(urgent, SC_FT_URGENT, &urgent)
ROUNDTRIP(ack, SC_FT_ACK, &ack)
ROUNDTRIP(synced, SC_FT_SYNCED, &synced)
ROUNDTRIP(fork, SC_FT_FORK, &evidence)
ROUNDTRIP(bye, SC_FT_BYE, &bye)

static int roundtrip_batch(struct cr_span in, struct cr_buf *again)
{
    struct st_err err = {0};
    struct sc_reader r;
    uint64_t count;
    int status = sc_batch_open(in, &r, &count);

    if (status != ST_OK)
        return status;
    ts_assert_ok(sc_batch_head(count, again));
    for (uint64_t i = 0; i < count; i++) {
        status = sc_run_decode(&r, &run, &err);
        assert_int_equal(status, err.code);
        if (status != ST_OK)
            return status;
        ts_assert_ok(sc_run_encode(&run, again));
    }
    return sc_reader_finish(&r);
}

/* Every frame's pinned bytes are read, written again the same, and damage is refused. */
static void test_frame__pinned_and_strict(void **state)
{
    static const struct {
        const char *name, *hex;
        roundtrip_fn fn;
    } rows[] = {
        {"hello", golden_hello, roundtrip_hello},
        {"hello, nothing new", golden_hello_same, roundtrip_hello},
        {"ranges", golden_ranges, roundtrip_ranges},
        {"batch", golden_batch, roundtrip_batch},
        {"batch of another suite", golden_suite_batch, roundtrip_batch},
        {"urgent", golden_urgent, roundtrip_urgent},
        {"urgent of another suite", golden_suite_urgent, roundtrip_urgent},
        {"ack", golden_ack, roundtrip_ack},
        {"synced", golden_synced, roundtrip_synced},
        {"fork", golden_fork, roundtrip_fork},
        {"bye", golden_bye, roundtrip_bye},
    };
    uint8_t buf[GOLDEN_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_strict(rows[i].name, unhex(rows[i].hex, buf), rows[i].fn);
}

/* What the pinned hello says. */
static void test_frame__hello_fields(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct cr_span in = unhex(golden_hello, buf);

    (void)state;
    ts_assert_ok(sc_hello_decode(cr_span_of(in.p + 1, in.n - 1), &hello, NULL));
    assert_int_equal(hello.version, 1);
    assert_int_equal(hello.scope_count, 3);
    assert_int_equal(hello.scopes[0], SC_SCOPE_PUBLIC);
    assert_int_equal(hello.scopes[1], SC_SCOPE_INTERNAL);
    assert_int_equal(hello.scopes[2], GOLDEN_SCOPE);
    ts_assert_hex(hello.fingerprint.b, SC_ID_BYTES, golden_fingerprint);
    assert_true(hello.has_common && hello.has_heads);
    assert_int_equal(hello.common.b[0], 0x40);
    assert_int_equal(hello.head_count, 1);
    assert_int_equal(hello.heads[0].seq_next, 3);
    assert_int_equal(hello.urgent_count, 1);
    assert_int_equal(hello.urgents[0].e.lamport, 7);
    assert_int_equal(hello.urgents[0].key.incarnation, GOLDEN_INC);
}

/* The run that the pinned batch begins with is the one of the pinned entries. */
static void test_frame__run_fields(void **state)
{
    uint8_t buf[GOLDEN_BYTES], payloads[3][GOLDEN_BYTES];
    static struct sc_run expected;
    struct sc_reader r;
    struct cr_buf out;
    uint64_t count;

    (void)state;
    golden_run(&expected, payloads);
    ts_assert_ok(sc_batch_open(unhex(golden_batch, buf), &r, &count));
    assert_int_equal(count, 2);
    ts_assert_ok(sc_run_decode(&r, &run, NULL));
    assert_int_equal(run.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(run.e[i].lamport, expected.e[i].lamport);
        assert_int_equal(run.e[i].wall_ms, expected.e[i].wall_ms);
        assert_true(cr_span_equal(run.e[i].payload, expected.e[i].payload));
    }
    cr_buf_init(&out, ENCODED_BYTES);
    ts_assert_ok(sc_batch_head(1, &out));
    ts_assert_ok(sc_run_encode(&expected, &out));
    assert_memory_equal(out.p + 1, buf + 1, out.n - 1);
    ts_assert_ok(sc_run_decode(&r, &run, NULL));
    assert_true(!run.has_key && run.e[0].pruned && run.log_ref == 0);
    ts_assert_ok(sc_reader_finish(&r));
    cr_buf_release(&out);
}

/* The suites of a run stand in a column only where one is not 1, and count for the chain. */
static void test_frame__run_suites(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct sc_link link = {.seq_next = 2, .lamport = 8}, before;
    struct sc_reader r;
    uint64_t count;

    (void)state;
    ts_assert_ok(sc_batch_open(unhex(golden_suite_batch, buf), &r, &count));
    unhex_to(golden_chain1, link.chain.b, sizeof link.chain.b);
    before = link;
    for (uint64_t i = 0; i < count; i++) {
        ts_assert_ok(sc_run_decode(&r, &run, NULL));
        assert_int_equal(run.count, 2);
        assert_int_equal(run.has_before, i == 1);
        assert_int_equal(run.e[0].other_suite, 0);
        assert_int_equal(run.e[1].other_suite, 9);
        link = before;
        ts_assert_ok(sc_link_wire(&link, &run.e[0]));
        ts_assert_hex(link.chain.b, sizeof link.chain.b, golden_chain2);
        ts_assert_ok(sc_link_wire(&link, &run.e[1]));
        ts_assert_hex(link.chain.b, sizeof link.chain.b, golden_suite_chain);
    }
    ts_assert_ok(sc_reader_finish(&r));
    /* An ordinary run after one with suites keeps nothing of them. */
    ts_assert_ok(sc_batch_open(unhex(golden_batch, buf), &r, &count));
    ts_assert_ok(sc_run_decode(&r, &run, NULL));
    assert_int_equal(run.e[1].other_suite, 0);
}

/* What may stand behind the signature of the smallest run, and of the smallest urgent entry. */
static void test_frame__suites_refuse(void **state)
{
    static const struct {
        const char *name, *items, *tail;
        int status;
    } rows[] = {
        {"none", "96", "", ST_OK},
        {"another", "98", "c0 c40109", ST_OK},
        {"the highest", "98", "c0 c401ff", ST_OK},
        {"says nothing", "98", "c0 c40101", ST_MALFORMED},
        {"zero", "98", "c0 c40100", ST_RANGE},
        {"for no entry", "98", "c0 c400", ST_MALFORMED},
        {"for one too many", "98", "c0 c4020109", ST_MALFORMED},
        {"for more than may be", "98", "c0 c5ffff", ST_OVERSIZE},
        {"an array", "98", "c0 9109", ST_MALFORMED},
        {"nil", "98", "c0 c0", ST_MALFORMED},
        {"before is nil alone", "97", "c0", ST_RANGE},
        {"before the first entry", "98", "c4080102030405060708 c40109", ST_RANGE},
        {"nine items", "99", "c0 c40109 00", ST_OVERSIZE},
    };
    uint8_t buf[GOLDEN_BYTES], sig[2 + CR_SIG_BYTES] = {0xc4, CR_SIG_BYTES};
    struct sc_urgent u;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[GOLDEN_BYTES];
        size_t n = unhex(rows[i].items, buf).n, k;
        struct sc_reader r;
        int status;

        memcpy(bytes, buf, n);
        k = unhex("00 00 91 01 91 00 91 c40180", buf).n;
        memcpy(bytes + n, buf, k);
        memcpy(bytes + n + k, sig, sizeof sig);
        n += k + sizeof sig;
        k = unhex(rows[i].tail, buf).n;
        memcpy(bytes + n, buf, k);
        sc_reader_init(&r, cr_span_of(bytes, n + k));
        status = sc_run_decode(&r, &run, NULL);
        if (status == ST_OK)
            status = sc_reader_finish(&r);
        if (status != rows[i].status)
            ts_fail("%s: %s", rows[i].name, st_name((enum st_code)status));
    }
    for (unsigned suite = 0; suite <= 9; suite++) {
        struct cr_span in = unhex(golden_suite_urgent, buf);

        buf[in.n - 1] = (uint8_t)suite;
        ts_assert_status(sc_urgent_decode(cr_span_of(in.p + 1, in.n - 1), &u, NULL),
                         suite > 1 ? ST_OK : ST_RANGE);
    }
}

/* A full run fits a batch, and its frame even when nothing compresses. */
static void test_frame__full_run_fits(void **state)
{
    static uint8_t payload[SC_RUN_BYTES_MAX / SC_RUN_ENTRIES_MAX];
    struct ts_prng r;
    struct cr_buf out, packed;
    struct sc_pack *pack = sc_pack_new(3);

    (void)state;
    assert_non_null(pack);
    ts_prng_init(&r, 1);
    memset(&run, 0, sizeof run);
    run.has_key = true;
    golden_key(&run.key);
    run.first_seq = SC_SEQ_MAX - 255;
    run.count = SC_RUN_ENTRIES_MAX;
    cr_buf_init(&out, ENCODED_BYTES);
    cr_buf_init(&packed, SC_FRAME_MAX - 1);
    ts_prng_bytes(&r, payload, sizeof payload);
    for (size_t i = 0; i < run.count; i++) {
        run.e[i].lamport = (i > 0 ? run.e[i - 1].lamport : 0) + SC_LAMPORT_STEP_MAX;
        run.e[i].wall_ms = i % 2 == 0 ? 0 : SC_WALL_MS_MAX;
        run.e[i].payload = cr_span_of(payload, sizeof payload);
        run.e[i].other_suite = 255;
    }
    ts_assert_ok(sc_batch_head(1, &out));
    ts_assert_ok(sc_run_encode(&run, &out));
    assert_true(out.n <= SC_BATCH_RAW_MAX);
    for (size_t i = 0; i < run.count; i++) /* different bytes, so that nothing repeats */
        ts_prng_bytes(&r, out.p + out.n - 66 - 260 - (i + 1) * (sizeof payload + 2),
                      sizeof payload);
    ts_assert_ok(sc_pack_flush(pack, cr_buf_span(&out), &packed));
    cr_buf_release(&out);
    cr_buf_release(&packed);
    sc_pack_free(pack);
}

/* Runs that are well-formed MessagePack and still wrong. Each row changes the smallest run. */
static void test_frame__run_refuses(void **state)
{
    static const uint8_t sig[2 + CR_SIG_BYTES] = {0xc4, CR_SIG_BYTES};
    static const struct {
        const char *name, *hex;
        int status;
    } rows[] = {
        {"smallest", "91 96 00 00 91 01 91 00 91 c40180", ST_OK},
        {"no entry", "91 96 00 00 90 90 90", ST_RANGE},
        {"lamport 0", "91 96 00 00 91 00 91 00 91 c40180", ST_RANGE},
        {"lamport stands still", "91 96 00 00 92 01 00 92 00 00 92 c40180 c40180", ST_RANGE},
        {"lamport leaps", "91 96 00 00 92 01 ce00100001 92 00 00 92 c40180 c40180", ST_RANGE},
        {"lamport overflows", "91 96 00 00 92 cfffffffffffffffff 01 92 00 00 92 c40180 c40180",
         ST_RANGE},
        {"fewer walls", "91 96 00 00 92 01 01 91 00 92 c40180 c40180", ST_MALFORMED},
        {"wall negative", "91 96 00 00 91 01 91 ff 91 c40180", ST_RANGE},
        {"wall too late", "91 96 00 00 91 01 91 cf0001000000000001 91 c40180", ST_RANGE},
        {"payload empty", "91 96 00 00 91 01 91 00 91 c400", ST_RANGE},
        {"payload text", "91 96 00 00 91 01 91 00 91 a180", ST_MALFORMED},
        {"pruned to nothing",
         "91 96 00 00 91 01 91 00 91 92 c420 0000000000000000 0000000000000000 0000000000000000 "
         "0000000000000000 00",
         ST_RANGE},
        {"seq over the end", "91 96 00 cf0000010000000000 92 01 01 92 00 00 92 c40180 c40180",
         ST_RANGE},
        {"seq too high", "91 96 00 cf0000010000000001 91 01 91 00 91 c40180", ST_RANGE},
        {"ref too high", "91 96 cf0000000100000000 00 91 01 91 00 91 c40180", ST_RANGE},
        {"entries bomb", "91 96 00 00 ddffffffff", ST_OVERSIZE},
        {"no run", "90", ST_MALFORMED},
        {"runs bomb", "ddffffffff", ST_OVERSIZE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t buf[GOLDEN_BYTES];
        struct cr_span in = unhex(rows[i].hex, buf);
        struct sc_reader r;
        uint64_t count;
        int status;

        memcpy(buf + in.n, sig, sizeof sig);
        in.n += sizeof sig;
        status = sc_batch_open(in, &r, &count);
        if (status == ST_OK)
            status = sc_run_decode(&r, &run, NULL);
        if (status == ST_OK)
            status = sc_reader_finish(&r);
        if (status != rows[i].status)
            ts_fail("%s: %s", rows[i].name, st_name((enum st_code)status));
    }
}

/* Payloads of a run are bounded in sum, not only each. */
static void test_frame__run_bytes_bounded(void **state)
{
    static uint8_t payload[SC_PAYLOAD_MAX];
    struct cr_buf out;
    struct sc_reader r;
    struct sc_writer w;
    uint64_t count;

    (void)state;
    cr_buf_init(&out, ENCODED_BYTES);
    sc_writer_init(&w, &out);
    sc_write_array(&w, 1);
    sc_write_array(&w, 6);
    sc_write_u64(&w, 0);
    sc_write_u64(&w, 0);
    for (int column = 0; column < 2; column++) {
        sc_write_array(&w, 2);
        sc_write_u64(&w, 1);
        sc_write_u64(&w, 1);
    }
    sc_write_array(&w, 2);
    sc_write_bin(&w, cr_span_of(payload, sizeof payload));
    sc_write_bin(&w, cr_span_of(payload, sizeof payload));
    ts_assert_ok(sc_batch_open(cr_buf_span(&out), &r, &count));
    ts_assert_status(sc_run_decode(&r, &run, NULL), ST_OVERSIZE);
    cr_buf_release(&out);
}

/* A later version's hello is told from a broken one, and says what the peer can. */
static void test_frame__hello_version(void **state)
{
    uint8_t buf[GOLDEN_BYTES];

    (void)state;
    ts_assert_status(sc_hello_decode(unhex("9202070000", buf), &hello, NULL), ST_VERSION);
    assert_int_equal(hello.version, 2);
    assert_int_equal(hello.features, 7);
    ts_assert_status(sc_hello_decode(unhex("980007909090909090", buf), &hello, NULL), ST_MALFORMED);
}

static void random_bytes(struct ts_prng *p, void *out, size_t n)
{
    ts_prng_bytes(p, out, n);
}

static void random_hello(struct ts_prng *p)
{
    uint64_t scope = UINT64_C(500118003000);

    memset(&hello, 0, sizeof hello);
    hello.version = SC_PROTOCOL_VERSION;
    hello.features = ts_prng_u64(p) >> ts_prng_below(p, 64);
    hello.scope_count = (size_t)ts_prng_below(p, SC_SCOPES_MAX + 1);
    for (size_t i = 0; i < hello.scope_count; i++)
        hello.scopes[i] = i < 2 ? i + 1 : (scope += ts_prng_range(p, 1, 300));
    random_bytes(p, hello.fingerprint.b, SC_ID_BYTES);
    hello.log_count = ts_prng_below(p, 1000000);
    hello.has_common = ts_prng_chance(p, 2, 3);
    if (hello.has_common && ts_prng_chance(p, 1, 2))
        hello.common = hello.fingerprint;
    else if (hello.has_common)
        random_bytes(p, hello.common.b, SC_ID_BYTES);
    hello.has_heads = ts_prng_chance(p, 2, 3);
    if (hello.has_heads)
        hello.head_count = (size_t)ts_prng_below(p, SC_HELLO_HEADS_MAX + 1);
    for (size_t i = 0; i < hello.head_count; i++) {
        random_bytes(p, hello.heads[i].id8, 8);
        hello.heads[i].seq_next = ts_prng_below(p, 1000);
        if (hello.heads[i].seq_next > 0)
            random_bytes(p, hello.heads[i].chain8, 8);
    }
}

static void one_hello(struct ts_prng *p, uint64_t seed, void *ctx)
{
    static struct sc_hello before;
    struct cr_buf out, again;

    (void)seed;
    (void)ctx;
    random_hello(p);
    before = hello;
    cr_buf_init(&out, SC_HELLO_MAX);
    ts_assert_ok(sc_hello_encode(&hello, &out));
    memset(&hello, 0, sizeof hello);
    ts_assert_ok(sc_hello_decode(cr_span_of(out.p + 1, out.n - 1), &hello, NULL));
    assert_int_equal(hello.scope_count, before.scope_count);
    assert_memory_equal(hello.scopes, before.scopes, hello.scope_count * sizeof hello.scopes[0]);
    assert_true(hello.features == before.features && hello.has_heads == before.has_heads);
    cr_buf_init(&again, SC_HELLO_MAX);
    ts_assert_ok(sc_hello_encode(&hello, &again));
    assert_true(cr_span_equal(cr_buf_span(&out), cr_buf_span(&again)));
    cr_buf_release(&again);
    cr_buf_release(&out);
}

/* decode(encode(x)) == x. */
static void test_frame__hello_random(void **state)
{
    (void)state;
    ts_each_seed(1, 300, one_hello, NULL);
}

static void random_ranges(struct ts_prng *p, struct sc_ranges *r)
{
    r->range_count = (size_t)ts_prng_range(p, 1, SC_RANGES_MAX);
    r->head_count = 0;
    for (size_t i = 0; i < r->range_count; i++) {
        struct sc_range *range = &r->range[i];

        *range = (struct sc_range){.mode = (enum sc_range_mode)ts_prng_below(p, 3)};
        if (i + 1 < r->range_count) {
            range->upper_bytes = 3;
            range->upper[0] = (uint8_t)(i >> 8);
            range->upper[1] = (uint8_t)i;
            range->upper[2] = 1;
        }
        if (range->mode == SC_RANGE_FINGERPRINT) {
            random_bytes(p, range->fingerprint.b, SC_ID_BYTES);
            range->log_count = ts_prng_u64(p);
        } else if (range->mode == SC_RANGE_HEADS) {
            range->answer = ts_prng_chance(p, 1, 2);
            range->head_first = r->head_count;
            range->head_count = (size_t)ts_prng_below(p, 5);
            for (size_t k = 0; k < range->head_count; k++) {
                struct sc_head *head = &r->head[r->head_count++];

                *head = (struct sc_head){.seq_next = ts_prng_range(p, 1, SC_SEQ_MAX + 1)};
                random_bytes(p, head->id8, 8);
                random_bytes(p, head->chain8, 8);
            }
        }
    }
}

static void one_ranges(struct ts_prng *p, uint64_t seed, void *ctx)
{
    struct sc_ranges sent;
    struct cr_buf out, again;

    (void)seed;
    (void)ctx;
    ts_assert_ok(sc_ranges_init(&sent));
    random_ranges(p, &sent);
    cr_buf_init(&out, SC_FRAME_MAX);
    ts_assert_ok(sc_ranges_encode(&sent, &out));
    ts_assert_ok(sc_ranges_decode(cr_span_of(out.p + 1, out.n - 1), &ranges, NULL));
    assert_int_equal(ranges.range_count, sent.range_count);
    assert_int_equal(ranges.head_count, sent.head_count);
    cr_buf_init(&again, SC_FRAME_MAX);
    ts_assert_ok(sc_ranges_encode(&ranges, &again));
    assert_true(cr_span_equal(cr_buf_span(&out), cr_buf_span(&again)));
    cr_buf_release(&again);
    cr_buf_release(&out);
    sc_ranges_release(&sent);
}

static void test_frame__ranges_random(void **state)
{
    (void)state;
    ts_each_seed(1, 200, one_ranges, NULL);
}

/* Bounds have one spelling and ascend; only the last range has none. */
static void test_frame__ranges_refuse(void **state)
{
    static const struct {
        const char *name, *hex;
        int status;
    } rows[] = {
        {"one to the end", "9192c40000", ST_OK},
        {"two", "9292c4012000 92c40000", ST_OK},
        {"bound is a prefix of the next", "9392c401200092c40220010092c40000", ST_OK},
        {"none", "90", ST_MALFORMED},
        {"last has a bound", "9192c4012000", ST_MALFORMED},
        {"first has none", "9292c4000092c40000", ST_MALFORMED},
        {"equal", "9392c401200092c401200092c40000", ST_MALFORMED},
        {"descending", "9392c401210092c401200092c40000", ST_MALFORMED},
        {"zero at the end", "9292c40220000092c40000", ST_MALFORMED},
        {"unknown mode", "9192c40003", ST_RANGE},
        {"skip with more", "9194c4000000 00", ST_MALFORMED},
        {"fingerprint without", "9192c40001", ST_MALFORMED},
        {"bound too long",
         "9292c421010101010101010101010101010101010101010101010101010101010101010101010092c40000",
         ST_OVERSIZE},
        {"head of none with a chain",
         "9194c4000 2c291 93c408000000000000000000c4080000000000000001", ST_MALFORMED},
        {"heads bomb", "9194c40002c2ddffffffff", ST_OVERSIZE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t buf[GOLDEN_BYTES];
        int status = sc_ranges_decode(unhex(rows[i].hex, buf), &ranges, NULL);

        if (status != rows[i].status)
            ts_fail("%s: %s", rows[i].name, st_name((enum st_code)status));
    }
}

/* A frame that does not fit its buffer leaves it as it was. */
static void test_frame__encode_all_or_nothing(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct cr_span in = unhex(golden_fork, buf);

    (void)state;
    ts_assert_ok(sc_fork_decode(cr_span_of(in.p + 1, in.n - 1), &evidence, NULL));
    for (size_t max = 1; max < in.n; max++) {
        struct cr_buf out;

        cr_buf_init(&out, max);
        ts_assert_status(sc_fork_encode(&evidence, &out), ST_OVERSIZE);
        assert_int_equal(out.n, 0);
        cr_buf_release(&out);
    }
}

/* The common frontier that is one's own has one spelling. */
static void test_frame__hello_common(void **state)
{
#define PRINT "c410000102030405060708090a0b0c0d0e0f"
    uint8_t buf[GOLDEN_BYTES];

    (void)state;
    ts_assert_ok(sc_hello_decode(unhex("98 01 00 90" PRINT "00 c3 90 90", buf), &hello, NULL));
    assert_true(sc_id_equal(&hello.common, &hello.fingerprint));
    ts_assert_ok(sc_hello_decode(unhex("98 01 00 90" PRINT "00 c0 c0 90", buf), &hello, NULL));
    assert_false(hello.has_common || hello.has_heads);
    ts_assert_status(sc_hello_decode(unhex("98 01 00 90" PRINT "00 c2 90 90", buf), &hello, NULL),
                     ST_MALFORMED);
    ts_assert_status(
        sc_hello_decode(unhex("98 01 00 90" PRINT "00" PRINT "90 90", buf), &hello, NULL),
        ST_MALFORMED);
}

/* Frames longer than any are refused before they are looked at. */
static void test_frame__too_long(void **state)
{
    static const uint8_t zeros[SC_BATCH_RAW_MAX + 1];
    struct sc_reader r;
    uint64_t count;

    (void)state;
    ts_assert_status(sc_hello_decode(cr_span_of(zeros, SC_HELLO_MAX), &hello, NULL), ST_OVERSIZE);
    ts_assert_status(sc_urgent_decode(cr_span_of(zeros, SC_FRAME_MAX), &urgent, NULL), ST_OVERSIZE);
    ts_assert_status(sc_ranges_decode(cr_span_of(zeros, SC_FRAME_MAX), &ranges, NULL), ST_OVERSIZE);
    ts_assert_status(sc_batch_open(cr_span_of(zeros, sizeof zeros), &r, &count), ST_OVERSIZE);
}

/* Urgent entries too large for a hello leave it unsent rather than cut. */
static void test_frame__hello_too_long(void **state)
{
    static const uint8_t payload[SC_HELLO_MAX] = {0x80};
    struct cr_buf out;

    (void)state;
    memset(&hello, 0, sizeof hello);
    hello.version = SC_PROTOCOL_VERSION;
    hello.urgent_count = 1;
    golden_key(&hello.urgents[0].key);
    hello.urgents[0].e.lamport = 1;
    hello.urgents[0].e.payload = cr_span_of(payload, sizeof payload);
    cr_buf_init(&out, ENCODED_BYTES);
    ts_assert_status(sc_hello_encode(&hello, &out), ST_OVERSIZE);
    assert_int_equal(out.n, 0);
    cr_buf_release(&out);
}

/* What two nodes that are equal say to each other: the street with all its scopes in 53 bytes. */
static void test_frame__hello_of_equals(void **state)
{
    struct cr_buf out;

    (void)state;
    memset(&hello, 0, sizeof hello);
    hello.version = SC_PROTOCOL_VERSION;
    hello.scopes[hello.scope_count++] = SC_SCOPE_PUBLIC;
    hello.scopes[hello.scope_count++] = SC_SCOPE_INTERNAL;
    for (uint64_t code = 1; code <= 6; code++)
        hello.scopes[hello.scope_count++] = UINT64_C(500118003000) + code;
    for (uint64_t code = 200; code <= 206; code++)
        hello.scopes[hello.scope_count++] = UINT64_C(500118003000) + code;
    hello.log_count = 400;
    hello.has_common = hello.has_heads = true;
    cr_buf_init(&out, SC_HELLO_MAX);
    ts_assert_ok(sc_hello_encode(&hello, &out));
    assert_int_equal(out.n, 53);
    cr_buf_release(&out);
}

/* A reason from a newer peer is kept as a number. */
static void test_frame__bye_unknown_code(void **state)
{
    uint8_t buf[GOLDEN_BYTES];

    (void)state;
    ts_assert_ok(sc_bye_decode(unhex("92ccff a0", buf), &bye, NULL));
    assert_int_equal(bye.code, -255);
    assert_string_equal(st_name(bye.code), "ST_UNKNOWN");
}

static int init_ranges(void *ctx)
{
    struct sc_ranges r;
    int rc = sc_ranges_init(&r);

    (void)ctx;
    sc_ranges_release(&r);
    return rc;
}

static void test_frame__no_memory(void **state)
{
    (void)state;
    assert_int_equal(ts_oom_sweep(init_ranges, NULL), 2);
}

/* A spine: its bytes, and what is refused. */
static void test_frame__spine(void **state)
{
    static const struct {
        const char *name, *hex;
        int status;
    } rows[] = {
        {"none", "90", ST_OK},
        {"two", "92 9201c4080000000000000001 9201c4080000000000000002", ST_OK},
        {"ascending", "92 9201c4080000000000000002 9202c4080000000000000001", ST_OK},
        {"equal", "92 9201c4080000000000000001 9201c4080000000000000001", ST_MALFORMED},
        {"chain descends", "92 9201c4080000000000000002 9201c4080000000000000001", ST_MALFORMED},
        {"descending", "92 9202c4080000000000000001 9201c4080000000000000002", ST_MALFORMED},
        {"place 0", "91 9200c4080000000000000001", ST_RANGE},
        {"short chain", "91 9201c40700000000000001", ST_MALFORMED},
        {"too many", "dc0281", ST_OVERSIZE},
        {"one more byte", "90 00", ST_MALFORMED},
        {"cut", "91", ST_TRUNCATED},
    };
    static const char head[] =
        "92c420000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    static struct sc_spine spine;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t buf[GOLDEN_BYTES];
        char hex[GOLDEN_BYTES];
        struct st_err err = {ST_OK, ""};
        struct cr_span in;
        struct cr_buf again;
        size_t n = sizeof head - 1;
        int rc;

        memcpy(hex, head, n);
        for (const char *c = rows[i].hex; *c != '\0'; c++) {
            if (*c != ' ')
                hex[n++] = *c;
        }
        hex[n] = '\0';
        in = unhex(hex, buf);
        rc = sc_spine_decode(in, &spine, &err);
        if (rc != rows[i].status)
            ts_fail("%s: %s (%s)", rows[i].name, st_name((enum st_code)rc), err.msg);
        if (rc != ST_OK)
            continue;
        cr_buf_init(&again, SC_FRAME_MAX);
        ts_assert_ok(sc_spine_encode(&spine, &again));
        assert_int_equal(again.p[0], SC_FT_SPINE);
        assert_true(cr_span_equal(in, cr_span_of(again.p + 1, again.n - 1)));
        cr_buf_release(&again);
    }
}

/* What comes before a run: eight bytes, and never before the first entry. */
static void test_frame__run_before(void **state)
{
    static struct sc_run expected;
    uint8_t payloads[3][GOLDEN_BYTES];
    struct sc_reader r;
    struct cr_buf out;

    (void)state;
    golden_run(&expected, payloads);
    expected.first_seq = 7;
    expected.has_before = true;
    memcpy(expected.before8, "12345678", 8);
    cr_buf_init(&out, SC_BATCH_RAW_MAX);
    ts_assert_ok(sc_run_encode(&expected, &out));
    sc_reader_init(&r, cr_buf_span(&out));
    ts_assert_ok(sc_run_decode(&r, &run, NULL));
    ts_assert_ok(sc_reader_finish(&r));
    assert_true(run.has_before);
    assert_memory_equal(run.before8, "12345678", 8);
    out.p[0] = 0x96; /* six items: what follows is left over */
    sc_reader_init(&r, cr_buf_span(&out));
    ts_assert_ok(sc_run_decode(&r, &run, NULL));
    assert_false(run.has_before);
    ts_assert_status(sc_reader_finish(&r), ST_MALFORMED);
    cr_buf_release(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame__pinned_and_strict),
        cmocka_unit_test(test_frame__hello_fields),
        cmocka_unit_test(test_frame__run_fields),
        cmocka_unit_test(test_frame__run_suites),
        cmocka_unit_test(test_frame__suites_refuse),
        cmocka_unit_test(test_frame__full_run_fits),
        cmocka_unit_test(test_frame__run_refuses),
        cmocka_unit_test(test_frame__run_bytes_bounded),
        cmocka_unit_test(test_frame__hello_version),
        cmocka_unit_test(test_frame__hello_random),
        cmocka_unit_test(test_frame__ranges_random),
        cmocka_unit_test(test_frame__spine),
        cmocka_unit_test(test_frame__run_before),
        cmocka_unit_test(test_frame__ranges_refuse),
        cmocka_unit_test(test_frame__encode_all_or_nothing),
        cmocka_unit_test(test_frame__hello_common),
        cmocka_unit_test(test_frame__hello_too_long),
        cmocka_unit_test(test_frame__hello_of_equals),
        cmocka_unit_test(test_frame__too_long),
        cmocka_unit_test(test_frame__bye_unknown_code),
        cmocka_unit_test(test_frame__no_memory),
    };
    int failed;

    if (sc_ranges_init(&ranges) != ST_OK)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    sc_ranges_release(&ranges);
    return failed;
}
