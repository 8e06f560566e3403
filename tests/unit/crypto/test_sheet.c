#include "crypto/sheet.h"

#include "tests/unit/crypto/support.h"

#include <stdio.h>

static const enum cr_sheet_kind kinds[] = {CR_SHEET_SIGN, CR_SHEET_BOTH};

static void joined(const struct cr_sheet *s, const char *between, bool numbered, char *out,
                   size_t max)
{
    size_t n = 0;

    for (size_t g = 0; g < s->n; g++)
        n += (size_t)(numbered
                          ? snprintf(out + n, max - n, "%02zu=%s%s", g + 1, s->group[g], between)
                          : snprintf(out + n, max - n, "%s%s", s->group[g], between));
}

static int read_back(const char *text, struct cr_identity *id, struct st_err *err)
{
    enum cr_sheet_kind kind;

    memset(id, 0x55, sizeof *id);
    return cr_sheet_decode(text, id, &kind, err);
}

/* A sheet gives its key again, however the groups are parted, printed or scanned, in capitals or
 * not. */
static void test_sheet__round_trip(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(kinds); k++) {
        char text[1000], more[1200];
        struct cr_identity id, got;
        struct cr_sheet s;
        enum cr_sheet_kind kind;

        cr_identity_generate(&id);
        cr_sheet_encode(&id, kinds[k], &s);
        assert_int_equal(s.n, kinds[k] == CR_SHEET_BOTH ? 28 : 15);
        for (int form = 0; form < 5; form++) {
            joined(&s, form == 1 ? "" : form == 2 ? " - " : "\n", form >= 3, text, sizeof text);
            (void)snprintf(more, sizeof more, "%s%s%s", form == 4 ? "Zhang 3 2026-11-24\n" : "",
                           text, form == 4 ? "FSR:XYZ 8" : "");
            for (char *c = more; form == 0 && *c != '\0'; c++)
                *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c == '1' ? 'l' : *c;
            assert_int_equal(cr_sheet_decode(more, &got, &kind, NULL), ST_OK);
            assert_int_equal(kind, kinds[k]);
            assert_memory_equal(&got.sign_sk, &id.sign_sk, sizeof id.sign_sk);
            if (kind == CR_SHEET_BOTH)
                assert_memory_equal(&got, &id, sizeof id);
        }
        joined(&s, "", false, text, sizeof text);
        (void)snprintf(more, sizeof more, "see FSR:%s (2026)", text);
        assert_int_equal(cr_sheet_decode(more, &got, &kind, NULL), ST_OK);
    }
}

/* The characters are pinned: they come from another implementation. */
static void test_sheet__format_is_pinned(void **state)
{
    uint8_t seed[32];
    struct cr_identity id;
    struct cr_sheet s;
    char text[1000];

    (void)state;
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)i;
    cr_identity_from_seed(seed, &id);
    cr_sheet_encode(&id, CR_SHEET_SIGN, &s);
    joined(&s, "", false, text, sizeof text);
    assert_string_equal(
        text, "053G1NQWRHEJ4451B4HD4CSWN2E4K3PZPB3YW4K8RGEZWYS2A3R2E293TSTFWXQH5JCDQW3FH00");
    cr_sheet_encode(&id, CR_SHEET_BOTH, &s);
    joined(&s, "", false, text, sizeof text);
    assert_string_equal(text,
                        "093GMNQWRHEJ4451B4HD4CSWN2E4K3PZPB3YW4K8RGEZWYS2A3R2E293TSTFWXQH5K2JRB"
                        "XMZ91W3HG9JVV15R4WX6BFPG6VFM6VWCF1KBA0CKNDQE4WT9VP2KTD9E4C96BRE53ZEG07");
}

/* Each wrong character and each two changed places are found, and the group is named. */
static void test_sheet__names_the_wrong_group(void **state)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    struct cr_identity id, got;
    struct cr_sheet s;
    char text[1000], wanted[32];

    (void)state;
    cr_identity_generate(&id);
    cr_sheet_encode(&id, CR_SHEET_SIGN, &s);
    joined(&s, "", false, text, sizeof text);
    for (size_t i = 0; i < s.n * CR_SHEET_GROUP; i++) {
        char good = text[i];

        (void)snprintf(wanted, sizeof wanted, "group %zu ", i / CR_SHEET_GROUP + 1);
        for (size_t k = 0; alphabet[k] != '\0'; k++) {
            struct st_err err = {0};

            if (alphabet[k] == good)
                continue;
            text[i] = alphabet[k];
            assert_int_equal(read_back(text, &got, &err), ST_MALFORMED);
            assert_non_null(strstr(err.msg, wanted));
            assert_true(is_wiped(&got, sizeof got));
        }
        text[i] = good;
        for (size_t j = i + 1; j % CR_SHEET_GROUP != 0; j++) {
            struct st_err err = {0};

            if (text[j] == good)
                continue;
            text[i] = text[j];
            text[j] = good;
            assert_int_equal(read_back(text, &got, &err), ST_MALFORMED);
            assert_non_null(strstr(err.msg, wanted));
            text[j] = text[i];
            text[i] = good;
        }
    }
}

/* Groups that are missing, too many, in each other's place or of another sheet. */
static void test_sheet__refuses(void **state)
{
    struct cr_identity id, got;
    struct cr_sheet s, other;
    struct st_err err = {0};
    char text[1000], copy[1100];
    size_t n;

    (void)state;
    cr_identity_generate(&id);
    cr_sheet_encode(&id, CR_SHEET_BOTH, &s);
    joined(&s, "", false, text, sizeof text);
    n = strlen(text);
    for (size_t i = 0; i < n; i++) { /* every prefix */
        memcpy(copy, text, i);
        copy[i] = '\0';
        assert_int_equal(read_back(copy, &got, &err), ST_TRUNCATED);
        assert_true(is_wiped(&got, sizeof got));
    }
    (void)snprintf(copy, sizeof copy, "%sA", text);
    assert_int_equal(read_back(copy, &got, &err), ST_OVERSIZE);
    memset(copy, 'A', sizeof copy);
    copy[sizeof copy - 1] = '\0';
    assert_int_equal(read_back(copy, &got, &err), ST_OVERSIZE);
    for (size_t g = 0; g + 1 < s.n; g++) {
        memcpy(copy, text, n + 1);
        memcpy(copy + g * 5, text + (g + 1) * 5, 5);
        memcpy(copy + (g + 1) * 5, text + g * 5, 5);
        assert_int_equal(read_back(copy, &got, &err), ST_MALFORMED);
    }
    joined(&s, " ", true, copy, sizeof copy);
    memmove(copy + 9, copy + 18, strlen(copy + 18) + 1); /* without number 2 */
    assert_int_equal(read_back(copy, &got, &err), ST_TRUNCATED);
    assert_non_null(strstr(err.msg, "group 2 "));
    cr_identity_generate(&id);
    cr_sheet_encode(&id, CR_SHEET_BOTH, &other);
    memcpy(text + 50, other.group[10], 5); /* a right group of another sheet */
    assert_int_equal(read_back(text, &got, &err), ST_FORGED);
    assert_int_equal(read_back("", &got, &err), ST_TRUNCATED);
    assert_int_equal(read_back("00000", &got, &err), ST_VERSION);
    assert_int_equal(read_back("烽火 \xff\x80", &got, &err), ST_TRUNCATED);
}

/* While it is typed: how far it is right, and how many groups there will be. */
static void test_sheet__check_while_typing(void **state)
{
    struct cr_sheet_state st;
    struct cr_identity id;
    struct cr_sheet s;
    char text[1000];

    (void)state;
    cr_identity_generate(&id);
    cr_sheet_encode(&id, CR_SHEET_SIGN, &s);
    (void)snprintf(text, sizeof text, " %s 02=%s", s.group[0], s.group[1]);
    cr_sheet_check(text, 0, &st);
    assert_int_equal(st.good, 2);
    assert_int_equal(st.good_bytes, strlen(text));
    assert_int_equal(st.total, 15);
    assert_false(st.bad);
    (void)snprintf(text, sizeof text, "%s %s", s.group[2], s.group[2]);
    cr_sheet_check(text, 2, &st);
    assert_int_equal(st.good, 1);
    assert_int_equal(st.good_bytes, 5);
    assert_int_equal(st.total, 0);
    assert_true(st.bad);
    cr_sheet_check(" ", 3, &st);
    assert_true(st.good == 0 && !st.bad);
    cr_sheet_check("AB", 3, &st);
    assert_true(st.good == 0 && st.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sheet__round_trip),
        cmocka_unit_test(test_sheet__format_is_pinned),
        cmocka_unit_test(test_sheet__names_the_wrong_group),
        cmocka_unit_test(test_sheet__refuses),
        cmocka_unit_test(test_sheet__check_while_typing),
    };

    return cmocka_run_group_tests_name("sheet", tests, support_init, NULL);
}
