#include "crypto/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Integers have the byte order their name says, and come back. */
static void test_bytes__fixed_endian_integers(void **state)
{
    static const uint8_t be[] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t out[8];

    (void)state;
    cr_store_be16(out, 0x0102);
    assert_memory_equal(out, be, 2);
    assert_int_equal(cr_load_be16(be), 0x0102);
    cr_store_be32(out, 0x01020304);
    assert_memory_equal(out, be, 4);
    assert_true(cr_load_be32(be) == 0x01020304);
    cr_store_be64(out, UINT64_C(0x0102030405060708));
    assert_memory_equal(out, be, 8);
    assert_true(cr_load_be64(be) == UINT64_C(0x0102030405060708));
    cr_store_le64(out, UINT64_C(0x0807060504030201));
    assert_memory_equal(out, be, 8);
    assert_true(cr_load_le64(be) == UINT64_C(0x0807060504030201));

    memset(out, 0xff, sizeof out);
    assert_true(cr_load_be64(out) == UINT64_MAX && cr_load_le64(out) == UINT64_MAX);
    assert_true(cr_load_be32(out) == UINT32_MAX && cr_load_be16(out) == UINT16_MAX);
}

/* Spans are equal by length and content; empty spans are equal wherever they point. */
static void test_bytes__span_equality(void **state)
{
    (void)state;
    assert_true(cr_span_equal(cr_span_text("abc"), cr_span_of("abcd", 3)));
    assert_false(cr_span_equal(cr_span_text("abc"), cr_span_text("abd")));
    assert_false(cr_span_equal(cr_span_text("abc"), cr_span_text("abcd")));
    assert_true(cr_span_equal(cr_span_of(NULL, 0), cr_span_text("")));
}

/* Arithmetic that does not fit says so and leaves the result alone. */
static void test_bytes__checked_arithmetic(void **state)
{
    size_t s = 7;
    uint64_t u = 7;

    (void)state;
    assert_true(cr_add_size(SIZE_MAX - 1, 1, &s) && s == SIZE_MAX);
    s = 7;
    assert_false(cr_add_size(SIZE_MAX, 1, &s));
    assert_true(s == 7);
    assert_true(cr_mul_size(SIZE_MAX / 2, 2, &s) && s == SIZE_MAX - 1);
    s = 7;
    assert_false(cr_mul_size(SIZE_MAX / 2 + 1, 2, &s));
    assert_true(s == 7);
    assert_true(cr_mul_size(SIZE_MAX, 0, &s) && s == 0);
    assert_true(cr_add_u64(UINT64_MAX, 0, &u) && u == UINT64_MAX);
    u = 7;
    assert_false(cr_add_u64(UINT64_MAX, UINT64_MAX, &u));
    assert_true(u == 7);
}

/* Only the one decimal form of a number within its limit is read; all else is refused and the
 * result left alone. */
static void test_bytes__parse_u64(void **state)
{
    static const struct {
        const char *name, *text;
        uint64_t max, wanted;
        int rc;
    } cases[] = {
        {"zero", "0", UINT64_MAX, 0, ST_OK},
        {"one digit", "7", UINT64_MAX, 7, ST_OK},
        {"grid code", "500118003206", UINT64_MAX, UINT64_C(500118003206), ST_OK},
        {"largest", "18446744073709551615", UINT64_MAX, UINT64_MAX, ST_OK},
        {"at its limit", "255", 255, 255, ST_OK},
        {"limit of zero", "0", 0, 0, ST_OK},
        {"past its limit", "256", 255, 0, ST_RANGE},
        {"one past the largest", "18446744073709551616", UINT64_MAX, 0, ST_RANGE},
        {"twenty nines", "99999999999999999999", UINT64_MAX, 0, ST_RANGE},
        {"21 digits", "100000000000000000000", UINT64_MAX, 0, ST_MALFORMED},
        {"empty", "", UINT64_MAX, 0, ST_MALFORMED},
        {"leading zero", "01", UINT64_MAX, 0, ST_MALFORMED},
        {"two zeros", "00", UINT64_MAX, 0, ST_MALFORMED},
        {"plus", "+1", UINT64_MAX, 0, ST_MALFORMED},
        {"minus", "-1", UINT64_MAX, 0, ST_MALFORMED},
        {"leading blank", " 1", UINT64_MAX, 0, ST_MALFORMED},
        {"trailing blank", "1 ", UINT64_MAX, 0, ST_MALFORMED},
        {"trailing newline", "1\n", UINT64_MAX, 0, ST_MALFORMED},
        {"hex", "0x10", UINT64_MAX, 0, ST_MALFORMED},
        {"letter inside", "1a2", UINT64_MAX, 0, ST_MALFORMED},
        {"below '0'", "1/2", UINT64_MAX, 0, ST_MALFORMED},
        {"above '9'", "1:2", UINT64_MAX, 0, ST_MALFORMED},
        {"too large, then a letter", "9999999999999999999x", UINT64_MAX, 0, ST_MALFORMED},
        {"Arabic-Indic digit", "\xd9\xa1", UINT64_MAX, 0, ST_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t n = strlen(cases[i].text);
        char *exact = malloc(n + 1); /* no NUL at the end: only n bytes may be read */
        uint64_t v = 4711;
        int rc;

        assert_non_null(exact);
        memcpy(exact, cases[i].text, n);
        exact[n] = '5';
        rc = cr_parse_u64(exact, n, cases[i].max, &v);
        free(exact);
        if (rc != cases[i].rc)
            fail_msg("%s: %s instead of %s", cases[i].name, st_name((enum st_code)rc),
                     st_name((enum st_code)cases[i].rc));
        if (v != (rc == ST_OK ? cases[i].wanted : 4711))
            fail_msg("%s: wrong value", cases[i].name);
    }
}

/* A NUL among the digits is refused like any other byte. */
static void test_bytes__parse_u64_refuses_nul(void **state)
{
    uint64_t v = 4711;

    (void)state;
    assert_int_equal(cr_parse_u64("1\0", 2, UINT64_MAX, &v), ST_MALFORMED);
    assert_true(v == 4711);
}

/* Hex is written in lower case, read in either, and only when its length is exact. */
static void test_bytes__hex(void **state)
{
    uint8_t all[256], back[256];
    char text[2 * sizeof all + 1];

    (void)state;
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)i;
    cr_hex(all, sizeof all, text);
    assert_int_equal(strlen(text), 2 * sizeof all);
    assert_memory_equal(text, "000102", 6);
    assert_memory_equal(text + 2 * sizeof all - 4, "feff", 4);
    assert_int_equal(cr_unhex(text, 2 * sizeof all, back, sizeof back), ST_OK);
    assert_memory_equal(all, back, sizeof all);
    assert_int_equal(cr_unhex("aBCd", 4, back, 2), ST_OK);
    assert_true(back[0] == 0xab && back[1] == 0xcd);
    cr_hex(all, 0, text);
    assert_string_equal(text, "");
    assert_int_equal(cr_unhex("", 0, back, 0), ST_OK);

    assert_int_equal(cr_unhex("abc", 3, back, 1), ST_MALFORMED);
    assert_int_equal(cr_unhex("ab", 2, back, 2), ST_MALFORMED);
    assert_int_equal(cr_unhex("abcd", 4, back, 1), ST_MALFORMED);
}

/* Each of the 256 bytes is a hex digit or is refused, in either place. */
static void test_bytes__unhex_refuses_every_other_byte(void **state)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    uint8_t out[1];

    (void)state;
    for (int c = 0; c < 256; c++) {
        char high[2] = {(char)c, '0'}, low[2] = {'0', (char)c};
        int wanted = c != 0 && strchr(digits, c) != NULL ? ST_OK : ST_MALFORMED;

        assert_int_equal(cr_unhex(high, 2, out, 1), wanted);
        assert_int_equal(cr_unhex(low, 2, out, 1), wanted);
    }
}

/* Exactly the well-formed sequences of RFC 3629 pass: the borders on both sides. */
static void test_bytes__utf8_borders(void **state)
{
    static const struct {
        const char *name, *text;
        size_t n;
        bool valid;
    } cases[] = {
        {"empty", "", 0, true},
        {"ASCII", "fire", 4, true},
        {"NUL is a character", "\0", 1, true},
        {"U+007F", "\x7f", 1, true},
        {"lone continuation", "\x80", 1, false},
        {"overlong C0", "\xc0\x80", 2, false},
        {"overlong C1", "\xc1\xbf", 2, false},
        {"U+0080", "\xc2\x80", 2, true},
        {"U+07FF", "\xdf\xbf", 2, true},
        {"C2 alone", "\xc2", 1, false},
        {"C2 and ASCII", "\xc2\x41", 2, false},
        {"C2 and a first byte", "\xc2\xc0", 2, false},
        {"overlong E0 9F", "\xe0\x9f\xbf", 3, false},
        {"U+0800", "\xe0\xa0\x80", 3, true},
        {"U+D7FF", "\xed\x9f\xbf", 3, true},
        {"surrogate U+D800", "\xed\xa0\x80", 3, false},
        {"surrogate U+DFFF", "\xed\xbf\xbf", 3, false},
        {"U+E000", "\xee\x80\x80", 3, true},
        {"U+FFFF", "\xef\xbf\xbf", 3, true},
        {"third byte ASCII", "\xe7\x83\x41", 3, false},
        {"Chinese", "\xe7\x83\x9f\xe9\x9b\xbe", 6, true},
        {"Chinese, cut", "\xe7\x83\x9f\xe9\x9b", 5, false},
        {"overlong F0 8F", "\xf0\x8f\xbf\xbf", 4, false},
        {"U+10000", "\xf0\x90\x80\x80", 4, true},
        {"U+10FFFF", "\xf4\x8f\xbf\xbf", 4, true},
        {"U+110000", "\xf4\x90\x80\x80", 4, false},
        {"F5", "\xf5\x80\x80\x80", 4, false},
        {"FF", "\xff", 1, false},
        {"fourth byte missing", "\xf0\x9f\x94", 3, false},
        {"fourth byte ASCII", "\xf0\x9f\x94\x20", 4, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t *exact = malloc(cases[i].n + 1);

        assert_non_null(exact);
        memcpy(exact + 1, cases[i].text, cases[i].n); /* ends where the allocation ends */
        if (cr_utf8_valid(exact + 1, cases[i].n) != cases[i].valid)
            fail_msg("%s: wrong verdict", cases[i].name);
        free(exact);
    }
}

/* Encoder of RFC 3629 for a code point, obviously right. */
static size_t encode(uint32_t c, uint8_t out[4])
{
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (uint8_t)(0xc0 | c >> 6);
        out[1] = (uint8_t)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (uint8_t)(0xe0 | c >> 12);
        out[1] = (uint8_t)(0x80 | (c >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | c >> 18);
    out[1] = (uint8_t)(0x80 | (c >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (c >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (c & 63));
    return 4;
}

/* Every code point passes in full and fails in each of its prefixes; surrogates never pass. */
static void test_bytes__utf8_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint8_t b[4];
        size_t n = encode(c, b);
        bool wanted = c < 0xd800 || c > 0xdfff;

        if (cr_utf8_valid(b, n) != wanted)
            fail_msg("U+%04X: wrong verdict", (unsigned)c);
        for (size_t cut = 1; cut < n; cut++) {
            if (cr_utf8_valid(b, cut))
                fail_msg("U+%04X: %u of its bytes pass", (unsigned)c, (unsigned)cut);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes__fixed_endian_integers),
        cmocka_unit_test(test_bytes__span_equality),
        cmocka_unit_test(test_bytes__checked_arithmetic),
        cmocka_unit_test(test_bytes__parse_u64),
        cmocka_unit_test(test_bytes__parse_u64_refuses_nul),
        cmocka_unit_test(test_bytes__hex),
        cmocka_unit_test(test_bytes__unhex_refuses_every_other_byte),
        cmocka_unit_test(test_bytes__utf8_borders),
        cmocka_unit_test(test_bytes__utf8_every_code_point),
    };

    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
