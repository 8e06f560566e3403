#include "tests/unit/schema/support.h"

#include "schema/bundle.h"

static struct sc_bundle_manifest manifest;
static struct sc_bundle_heads heads;
static struct sc_bundle_end end;

#define ROUNDTRIP(name, type, decode, encode)                            \
    static int roundtrip_##name(struct cr_span in, struct cr_buf *again) \
    {                                                                    \
        int status;                                                      \
                                                                         \
        if (in.n == 0 || in.p[0] != (type))                              \
            return ST_MALFORMED;                                         \
        status = (decode);                                               \
        if (status == ST_OK)                                             \
            ts_assert_ok(encode);                                        \
        return status;                                                   \
    }

ROUNDTRIP(manifest, SC_BF_MANIFEST,
          sc_bundle_manifest_decode(cr_span_of(in.p + 1, in.n - 1), &manifest, NULL),
          sc_bundle_manifest_encode(&manifest, again))
ROUNDTRIP(heads, SC_BF_HEADS, sc_bundle_heads_decode(cr_span_of(in.p + 1, in.n - 1), &heads, NULL),
          sc_bundle_heads_encode(heads.h, heads.count, again))
ROUNDTRIP(end, SC_BF_END, sc_bundle_end_decode(cr_span_of(in.p + 1, in.n - 1), &end, NULL),
          sc_bundle_end_encode(&end, again))

/* The frames of files are read from their pinned bytes, written the same, and damage is refused. */
static void test_bundle__pinned_and_strict(void **state)
{
    uint8_t buf[GOLDEN_BYTES];

    (void)state;
    check_strict("manifest", unhex(golden_bundle_manifest, buf), roundtrip_manifest);
    check_strict("heads", unhex(golden_bundle_heads, buf), roundtrip_heads);
    check_strict("end", unhex(golden_bundle_end, buf), roundtrip_end);
}

/* The head's pinned bytes say what they should, and bytes say the same head. */
static void test_bundle__head(void **state)
{
    uint8_t buf[GOLDEN_BYTES], again[SC_BUNDLE_HEAD_BYTES];
    struct cr_span bytes = unhex(golden_bundle_head, buf);
    struct sc_bundle_head h;

    (void)state;
    assert_int_equal(bytes.n, SC_BUNDLE_HEAD_BYTES);
    ts_assert_ok(sc_bundle_head_decode(bytes, &h, NULL));
    assert_int_equal(h.kind, SC_BUNDLE_ENTRIES);
    assert_int_equal(h.part, 2);
    assert_int_equal(h.recipients, 1);
    assert_true(h.created_ms == UINT64_C(1735689655000));
    sc_bundle_head_encode(&h, again);
    assert_memory_equal(again, bytes.p, sizeof again);
}

/* What the head refuses, with which status; its prefixes are no bundle or cut off. */
static void test_bundle__head_damage(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t byte;
        int status;
    } rows[] = {
        {"magic", 0, 'X', ST_MALFORMED}, {"version 0", 4, 0, ST_MALFORMED},
        {"version 2", 4, 2, ST_VERSION}, {"kind 0", 5, 0, ST_MALFORMED},
        {"kind 3", 5, 3, ST_MALFORMED},  {"part 0", 7, 0, ST_RANGE},
        {"part 1024+2", 6, 4, ST_RANGE}, {"time", 8, 1, ST_RANGE},
        {"nobody", 41, 0, ST_RANGE},     {"too many", 40, 5, ST_RANGE},
    };
    uint8_t buf[GOLDEN_BYTES];
    struct sc_bundle_head h;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cr_span bytes = unhex(golden_bundle_head, buf);

        buf[rows[i].at] = rows[i].byte;
        if (sc_bundle_head_decode(bytes, &h, NULL) != rows[i].status)
            ts_fail("%s: another status", rows[i].name);
    }
    for (size_t n = 0; n < SC_BUNDLE_HEAD_BYTES; n++) {
        struct cr_span bytes = unhex(golden_bundle_head, buf);

        ts_assert_status(sc_bundle_head_decode(cr_span_of(bytes.p, n), &h, NULL),
                         n < 4 ? ST_MALFORMED : ST_TRUNCATED);
    }
}

/* The running sum and both marks are those of the second implementation; a mark holds for its sum
 * and its sender only. */
static void test_bundle__sum_and_marks(void **state)
{
    static const char *const order[] = {golden_bundle_manifest, golden_bundle_heads,
                                        golden_bundle_mark, golden_bundle_end,
                                        golden_bundle_end_mark};
    uint8_t buf[GOLDEN_BYTES], wanted[GOLDEN_BYTES], box[80];
    struct cr_identity author, other;
    struct cr_hash sum, bind;
    struct cr_buf again;

    (void)state;
    golden_identity(SEED_AUTHOR, &author);
    golden_identity(SEED_ROOT, &other);
    cr_buf_init(&again, ENCODED_BYTES);
    for (size_t i = 0; i < sizeof box; i++)
        box[i] = (uint8_t)i;
    sc_bundle_bind(unhex(golden_bundle_head, buf), cr_span_of(box, sizeof box), &sum);
    unhex_to(golden_bundle_bind, bind.b, sizeof bind.b);
    assert_true(cr_hash_equal(&sum, &bind));
    for (size_t i = 0; i < COUNT(order); i++) {
        struct cr_span frame = unhex(order[i], wanted);

        if (frame.p[0] != SC_BF_MARK) {
            sc_bundle_sum(&sum, frame);
            continue;
        }
        cr_buf_clear(&again);
        ts_assert_ok(sc_bundle_mark_encode(&author.sign_sk, &sum, &again));
        assert_true(cr_span_equal(cr_buf_span(&again), frame));
        frame = cr_span_of(frame.p + 1, frame.n - 1);
        ts_assert_ok(sc_bundle_mark_check(frame, &author.sign_pk, &sum, NULL));
        ts_assert_status(sc_bundle_mark_check(frame, &other.sign_pk, &sum, NULL), ST_FORGED);
        ts_assert_status(sc_bundle_mark_check(frame, &author.sign_pk, &bind, NULL), ST_FORGED);
    }
    cr_buf_release(&again);
}

/* Manifest and head have to say the same; each difference is named. */
static void test_bundle__agree(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct sc_bundle_head h, other;
    struct st_err err;

    (void)state;
    ts_assert_ok(sc_bundle_head_decode(unhex(golden_bundle_head, buf), &h, NULL));
    ts_assert_ok(sc_bundle_manifest_decode(cr_span_of(unhex(golden_bundle_manifest, buf).p + 1,
                                                      unhex(golden_bundle_manifest, buf).n - 1),
                                           &manifest, NULL));
    ts_assert_ok(sc_bundle_agree(&h, &manifest, NULL));
    for (int i = 0; i < 5; i++) {
        static const char *const word[] = {"kind", "part", "time", "set", "space"};

        other = h;
        if (i == 0)
            other.kind = SC_BUNDLE_RECEIPT;
        other.part += i == 1;
        other.created_ms += i == 2;
        other.set.b[15] ^= i == 3;
        other.net8[7] ^= i == 4;
        ts_assert_status(sc_bundle_agree(&other, &manifest, &err), ST_FORGED);
        assert_non_null(strstr(err.msg, word[i]));
    }
}

/* A record is taken when all of it is there, and never with a length no frame can have. */
static void test_bundle__records(void **state)
{
    static uint8_t bytes[2 + SC_FRAME_MAX + 1];
    struct cr_span frame;
    size_t used;

    (void)state;
    cr_store_be16(bytes, SC_FRAME_MAX);
    for (size_t n = 0; n < 2 + SC_FRAME_MAX; n = n < 10 ? n + 1 : n * 2) {
        ts_assert_ok(sc_bundle_record(cr_span_of(bytes, n), &frame, &used));
        assert_int_equal(used, 0);
    }
    ts_assert_ok(sc_bundle_record(cr_span_of(bytes, sizeof bytes), &frame, &used));
    assert_int_equal(used, 2 + SC_FRAME_MAX);
    assert_int_equal(frame.n, SC_FRAME_MAX);
    cr_store_be16(bytes, SC_FRAME_MAX + 1);
    ts_assert_status(sc_bundle_record(cr_span_of(bytes, sizeof bytes), &frame, &used),
                     ST_MALFORMED);
    cr_store_be16(bytes, 0);
    ts_assert_status(sc_bundle_record(cr_span_of(bytes, sizeof bytes), &frame, &used),
                     ST_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundle__pinned_and_strict),
        cmocka_unit_test(test_bundle__head),
        cmocka_unit_test(test_bundle__head_damage),
        cmocka_unit_test(test_bundle__sum_and_marks),
        cmocka_unit_test(test_bundle__agree),
        cmocka_unit_test(test_bundle__records),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
