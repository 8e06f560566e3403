#include "crypto/pass.h"

#include "tests/unit/crypto/support.h"

#include <sys/resource.h>

static const struct cr_pass_params smallest = {
    .ops = 1, .mib = 8, .salt = {0, 1, 2, 3, 4, 5, 6, 7}};

static int key_of(const char *pass, const struct cr_pass_params *p, struct cr_pass_key *key)
{
    return cr_pass_key(cr_span_text(pass), p, key, NULL);
}

/* The key is Argon2id's: the value comes from the one in OpenSSL. */
static void test_pass__key_is_pinned(void **state)
{
    struct cr_pass_params p = {.ops = 2, .mib = 8};
    struct cr_pass_key key;
    uint8_t wanted[32];

    (void)state;
    for (size_t i = 0; i < sizeof p.salt; i++)
        p.salt[i] = (uint8_t)i;
    unhex_exact("20f7b6d18d4ed9a56f349a57643c749eb6ac7e17aa351124e3c908cd67dc71ff", wanted, 32);
    assert_int_equal(key_of("烽火连三月", &p, &key), ST_OK);
    assert_memory_equal(key.b, wanted, sizeof wanted);
}

/* Each input changes the key: pass phrase, salt, passes, memory. */
static void test_pass__every_input_counts(void **state)
{
    struct cr_pass_params p = smallest;
    struct cr_pass_key first, other;

    (void)state;
    assert_int_equal(key_of("123abc", &p, &first), ST_OK);
    assert_int_equal(key_of("123abc", &p, &other), ST_OK);
    assert_memory_equal(first.b, other.b, 32);
    assert_int_equal(key_of("123abc ", &p, &other), ST_OK);
    assert_memory_not_equal(first.b, other.b, 32);
    p.salt[15] ^= 1;
    assert_int_equal(key_of("123abc", &p, &other), ST_OK);
    assert_memory_not_equal(first.b, other.b, 32);
    p = smallest;
    p.ops = 2;
    assert_int_equal(key_of("123abc", &p, &other), ST_OK);
    assert_memory_not_equal(first.b, other.b, 32);
    p = smallest;
    p.mib = 9;
    assert_int_equal(key_of("123abc", &p, &other), ST_OK);
    assert_memory_not_equal(first.b, other.b, 32);
}

/* The header holds what it was given, and its bytes are pinned. */
static void test_pass__header_round_trip(void **state)
{
    struct cr_pass_params p, q;
    uint8_t header[CR_PASS_HEADER_BYTES];

    (void)state;
    cr_pass_new(CR_PASS_STRONG, &p);
    assert_int_equal(p.ops, 3);
    assert_int_equal(p.mib, 256);
    cr_pass_encode(&p, header);
    assert_int_equal(header[0], 1);
    assert_int_equal(header[1], 3);
    assert_int_equal(header[2], 1);
    assert_int_equal(header[3], 0);
    assert_memory_equal(header + 4, p.salt, 16);
    assert_int_equal(cr_pass_decode(header, &q, NULL), ST_OK);
    assert_memory_equal(&p, &q, sizeof p);
    cr_pass_new(CR_PASS_SMALL, &q);
    assert_int_equal(q.mib, 64);
    assert_memory_not_equal(p.salt, q.salt, 16);
}

/* What lies beyond the bounds is refused by its name before any memory is taken. */
static void test_pass__header_is_bounded(void **state)
{
    static const struct {
        const char *name, *hex;
        int rc;
        const char *text;
    } cases[] = {
        {"version 0", "00030040", ST_VERSION, "version 0"},
        {"version 2", "02030040", ST_VERSION, "version 2"},
        {"no pass", "01000040", ST_RANGE, "0 passes"},
        {"17 passes", "01110040", ST_RANGE, "17 passes"},
        {"7 MiB", "01030007", ST_RANGE, "7 MiB"},
        {"1025 MiB", "01030401", ST_RANGE, "1025 MiB"},
        {"65535 MiB", "0103ffff", ST_RANGE, "65535 MiB"},
        {"smallest", "01010008", ST_OK, ""},
        {"largest", "01100400", ST_OK, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t header[CR_PASS_HEADER_BYTES] = {0};
        struct cr_pass_params p;
        struct st_err err = {0};

        unhex_exact(cases[i].hex, header, 4);
        memset(&p, 0x55, sizeof p);
        if (cr_pass_decode(header, &p, &err) != cases[i].rc ||
            strstr(err.msg, cases[i].text) == NULL)
            fail_msg("%s: %s", cases[i].name, err.msg);
        if (cases[i].rc != ST_OK && p.ops != 0x55555555)
            fail_msg("%s: the output is written", cases[i].name);
    }
}

/* An empty or endless pass phrase, parameters out of bounds, and missing memory each have their
 * answer, and no key comes out. */
static void test_pass__key_refuses(void **state)
{
    struct cr_pass_params p = smallest;
    struct rlimit before, tiny;
    struct cr_pass_key key;
    struct st_err err = {0};
    char endless[CR_PASS_BYTES_MAX + 2];

    (void)state;
    memset(endless, 'x', sizeof endless);
    endless[CR_PASS_BYTES_MAX + 1] = '\0';
    memset(&key, 1, sizeof key);
    assert_int_equal(key_of("", &p, &key), ST_RANGE);
    assert_true(is_wiped(&key, sizeof key));
    assert_int_equal(key_of(endless, &p, &key), ST_RANGE);
    endless[CR_PASS_BYTES_MAX] = '\0';
    assert_int_equal(key_of(endless, &p, &key), ST_OK);
    p.mib = 7;
    assert_int_equal(key_of("x", &p, &key), ST_RANGE);
    p.mib = 8;
    p.ops = 0;
    assert_int_equal(key_of("x", &p, &key), ST_RANGE);
#if !defined(__SANITIZE_ADDRESS__)
    p = smallest;
    p.mib = CR_PASS_MIB_MAX;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    tiny = before;
    tiny.rlim_cur = 512u << 20;
    assert_int_equal(setrlimit(RLIMIT_AS, &tiny), 0);
    memset(&key, 1, sizeof key);
    assert_int_equal(cr_pass_key(cr_span_text("x"), &p, &key, &err), ST_NOMEM);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_true(is_wiped(&key, sizeof key));
    assert_non_null(strstr(err.msg, "1024 MiB"));
#else
    (void)before;
    (void)tiny;
    (void)err;
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pass__key_is_pinned),
        cmocka_unit_test(test_pass__every_input_counts),
        cmocka_unit_test(test_pass__header_round_trip),
        cmocka_unit_test(test_pass__header_is_bounded),
        cmocka_unit_test(test_pass__key_refuses),
    };

    return cmocka_run_group_tests_name("pass", tests, support_init, NULL);
}
