#include "tests/unit/crypto/support.h"

#include "crypto/stream.h"

#include <sodium.h>

#define CHUNK CR_STREAM_CHUNK_BYTES
#define MAX   (4 * CHUNK)

/* A sealed stream of n bytes (byte i is a function of i) with its key. */
struct sealed {
    struct cr_stream_key key;
    struct cr_hash bind;
    uint8_t header[CR_STREAM_HEADER_BYTES];
    struct cr_buf bytes;
    uint8_t *plain;
    size_t n;
};

static void seal(struct sealed *z, size_t n, size_t piece)
{
    struct cr_stream s = {0};

    memset(z, 0, sizeof *z);
    memset(z->key.b, 0x4b, sizeof z->key.b);
    memset(z->bind.b, 0x42, sizeof z->bind.b);
    cr_buf_init(&z->bytes, 2 * MAX);
    z->n = n;
    z->plain = malloc(n + 1);
    assert_non_null(z->plain);
    for (size_t i = 0; i < n; i++)
        z->plain[i] = (uint8_t)(i * 7 + i / 251);
    cr_stream_seal_init(&s, &z->key, &z->bind, z->header);
    for (size_t at = 0; at < n; at += piece) {
        size_t left = n - at < piece ? n - at : piece;

        assert_int_equal(cr_stream_seal(&s, cr_span_of(z->plain + at, left), &z->bytes), ST_OK);
    }
    assert_int_equal(cr_stream_seal_end(&s, &z->bytes), ST_OK);
    assert_true(is_wiped(&s, sizeof s));
}

static void sealed_release(struct sealed *z)
{
    cr_buf_release(&z->bytes);
    free(z->plain);
}

/* Opens n bytes in pieces. Returns the first failure, or what the end says; *got is the number of
 * plaintext bytes, each of which must be the right one. */
static int open_all(const struct sealed *z, const uint8_t *p, size_t n, size_t piece, size_t *got)
{
    struct cr_stream s = {0};
    struct cr_buf out;
    int rc = ST_OK;

    cr_buf_init(&out, 2 * MAX);
    cr_stream_open_init(&s, &z->key, &z->bind, z->header);
    for (size_t at = 0; at < n && rc == ST_OK; at += piece)
        rc = cr_stream_open(&s, cr_span_of(p + at, n - at < piece ? n - at : piece), &out);
    if (rc == ST_OK)
        rc = cr_stream_open_end(&s, &out);
    assert_true(out.n <= z->n);
    if (out.n > 0)
        assert_memory_equal(out.p, z->plain, out.n);
    *got = out.n;
    assert_int_equal(cr_stream_open(&s, cr_span_text("x"), &out), ST_STATE);
    assert_int_equal(cr_stream_open_end(&s, &out), ST_STATE);
    assert_true(is_wiped(&s, sizeof s));
    cr_buf_release(&out);
    return rc;
}

/* Whatever is sealed in whatever pieces comes back, in whatever pieces it is read; 17 bytes are
 * added a chunk, and an empty stream has one. */
static void test_stream__round_trip(void **state)
{
    static const size_t sizes[] = {0, 1, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 5};
    static const size_t pieces[] = {1000, CHUNK, CR_STREAM_SEALED_BYTES, MAX};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes) * COUNT(pieces); i++) {
        size_t n = sizes[i / COUNT(pieces)], piece = pieces[i % COUNT(pieces)], got;
        size_t chunks = n == 0 ? 1 : (n + CHUNK - 1) / CHUNK;
        struct sealed z;

        seal(&z, n, piece);
        assert_int_equal(z.bytes.n, n + chunks * CR_STREAM_OVERHEAD_BYTES);
        for (size_t k = 0; k < COUNT(pieces); k++) {
            assert_int_equal(open_all(&z, z.bytes.p, z.bytes.n, pieces[k], &got), ST_OK);
            assert_int_equal(got, n);
        }
        sealed_release(&z);
    }
}

/* Cut anywhere: the whole chunks before the cut are handed out, the end says truncated. */
static void test_stream__cut_keeps_whole_chunks(void **state)
{
    struct sealed z;
    size_t got;

    (void)state;
    seal(&z, 2 * CHUNK + 100, MAX);
    for (size_t cut = 0; cut < z.bytes.n;) {
        size_t sealed_chunk = CR_STREAM_SEALED_BYTES;

        assert_int_equal(open_all(&z, z.bytes.p, cut, MAX, &got), ST_TRUNCATED);
        assert_int_equal(got, cut / sealed_chunk * CHUNK);
        cut += cut % sealed_chunk < 40 || cut % sealed_chunk > sealed_chunk - 40 ? 1 : 997;
    }
    sealed_release(&z);
}

/* One changed bit, wherever it lies, is noticed, and no byte of its chunk is handed out. */
static void test_stream__flip_is_forged(void **state)
{
    struct sealed z;
    size_t got;

    (void)state;
    seal(&z, CHUNK + 100, MAX);
    for (size_t at = 0; at < z.bytes.n;
         at += at < 40 || at > CR_STREAM_SEALED_BYTES - 40 ? 1 : 1009) {
        bool first = at < CR_STREAM_SEALED_BYTES;

        z.bytes.p[at] ^= 0x10;
        assert_int_equal(open_all(&z, z.bytes.p, z.bytes.n, 5000, &got),
                         first ? ST_FORGED : ST_TRUNCATED);
        assert_int_equal(got, first ? 0 : CHUNK);
        z.bytes.p[at] ^= 0x10;
    }
    sealed_release(&z);
}

/* Chunks exchanged, left out or repeated, bytes behind the end, another key, header or bind. */
static void test_stream__order_end_and_binding(void **state)
{
    struct sealed z, other;
    struct cr_buf b;
    size_t got, c = CR_STREAM_SEALED_BYTES;

    (void)state;
    seal(&z, 3 * CHUNK, MAX);
    seal(&other, 3 * CHUNK, MAX);
    assert_int_equal(z.bytes.n, 3 * c);
    cr_buf_init(&b, 2 * MAX);
    assert_int_equal(cr_buf_append(&b, z.bytes.p + c, c), ST_OK);
    assert_int_equal(cr_buf_append(&b, z.bytes.p, c), ST_OK);
    assert_int_equal(open_all(&z, b.p, b.n, MAX, &got), ST_FORGED);
    assert_int_equal(open_all(&z, z.bytes.p + c, 2 * c, MAX, &got), ST_FORGED);
    assert_int_equal(got, 0);
    cr_buf_clear(&b);
    for (int i = 0; i < 2; i++)
        assert_int_equal(cr_buf_append(&b, z.bytes.p, c), ST_OK);
    assert_int_equal(open_all(&z, b.p, b.n, MAX, &got), ST_FORGED);
    assert_int_equal(got, CHUNK);
    cr_buf_clear(&b);
    assert_int_equal(cr_buf_append(&b, z.bytes.p, z.bytes.n), ST_OK);
    assert_int_equal(cr_buf_append(&b, "x", 1), ST_OK);
    for (size_t piece = 1; piece < MAX; piece = piece * 7 + 1)
        assert_int_equal(open_all(&z, b.p, b.n, piece, &got), ST_MALFORMED);
    assert_int_equal(got, 3 * CHUNK);
    assert_int_equal(open_all(&other, z.bytes.p, z.bytes.n, MAX, &got), ST_FORGED);
    z.key.b[0] ^= 1;
    assert_int_equal(open_all(&z, z.bytes.p, z.bytes.n, MAX, &got), ST_FORGED);
    z.key.b[0] ^= 1;
    z.bind.b[0] ^= 1;
    assert_int_equal(open_all(&z, z.bytes.p, z.bytes.n, MAX, &got), ST_FORGED);
    cr_buf_release(&b);
    sealed_release(&other);
    sealed_release(&z);
}

/* The chunk is libsodium's secretstream with the bind as associated data, the last one tagged 3;
 * computed here by libsodium alone. */
static void test_stream__format_is_secretstream(void **state)
{
    crypto_secretstream_xchacha20poly1305_state s;
    uint8_t plain[200];
    unsigned char tag;
    struct sealed z;

    (void)state;
    seal(&z, 150, 40);
    assert_int_equal(crypto_secretstream_xchacha20poly1305_init_pull(&s, z.header, z.key.b), 0);
    assert_int_equal(crypto_secretstream_xchacha20poly1305_pull(
                         &s, plain, NULL, &tag, z.bytes.p, z.bytes.n, z.bind.b, sizeof z.bind.b),
                     0);
    assert_int_equal(tag, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
    assert_memory_equal(plain, z.plain, z.n);
    sealed_release(&z);
}

/* No room for the output ends the stream; only whole chunks were appended. */
static void test_stream__full_output_ends_it(void **state)
{
    struct cr_stream s = {0};
    struct cr_stream_key key = {{1}};
    struct cr_hash bind = {{2}};
    uint8_t header[CR_STREAM_HEADER_BYTES], *plain = calloc(1, 2 * CHUNK);
    struct cr_buf out;

    (void)state;
    assert_non_null(plain);
    cr_buf_init(&out, CR_STREAM_SEALED_BYTES + 5);
    cr_stream_seal_init(&s, &key, &bind, header);
    assert_int_equal(cr_stream_seal(&s, cr_span_of(plain, 2 * CHUNK), &out), ST_OK);
    assert_int_equal(cr_stream_seal(&s, cr_span_of(plain, 1), &out), ST_OVERSIZE);
    assert_int_equal(out.n, CR_STREAM_SEALED_BYTES);
    assert_int_equal(cr_stream_seal(&s, cr_span_of(plain, 1), &out), ST_STATE);
    assert_int_equal(cr_stream_seal_end(&s, &out), ST_STATE);
    assert_true(is_wiped(&s, sizeof s));
    cr_buf_release(&out);
    free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream__round_trip),
        cmocka_unit_test(test_stream__cut_keeps_whole_chunks),
        cmocka_unit_test(test_stream__flip_is_forged),
        cmocka_unit_test(test_stream__order_end_and_binding),
        cmocka_unit_test(test_stream__format_is_secretstream),
        cmocka_unit_test(test_stream__full_output_ends_it),
    };

    return cmocka_run_group_tests(tests, support_init, NULL);
}
