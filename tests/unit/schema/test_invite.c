#include "tests/unit/schema/support.h"

#include <stdio.h>

static void fill_invite(struct sc_invite *i)
{
    *i = (struct sc_invite){.roles = SC_ROLE_NODE | SC_ROLE_OFFICER,
                            .grid = GOLDEN_SCOPE,
                            .expires_s = 1735776000,
                            .addr_count = 1,
                            .addrs = {"192.168.1.20:7117"}};
    unhex_to(golden_net, i->net.b, sizeof i->net.b);
    unhex_to(golden_kx_pk, i->kx_pk.b, sizeof i->kx_pk.b);
    for (size_t k = 0; k < 16; k++) {
        i->gate.b[k] = (uint8_t)(0x60 + k);
        i->secret[k] = (uint8_t)(0x70 + k);
    }
}

static int roundtrip(struct cr_span in, struct cr_buf *again)
{
    struct st_err err = {0};
    struct sc_invite i;
    int status = sc_invite_decode(in, &i, &err);

    assert_int_equal(status, err.code);
    if (status == ST_OK)
        ts_assert_ok(sc_invite_encode(&i, again));
    return status;
}

/* Bytes, text, public id and psk are the pinned ones; the common case is 118 bytes. */
static void test_invite__pinned(void **state)
{
    char text[SC_INVITE_TEXT_MAX];
    struct sc_invite i, back;
    struct cr_buf out;
    struct sc_id id;
    struct cr_psk psk;

    (void)state;
    fill_invite(&i);
    cr_buf_init(&out, SC_INVITE_BYTES_MAX);
    ts_assert_ok(sc_invite_encode(&i, &out));
    ts_assert_hex(out.p, out.n, golden_invite);
    assert_int_equal(out.n, 118);
    ts_assert_ok(sc_invite_to_text(&i, text, sizeof text));
    assert_string_equal(text, golden_invite_text);
    ts_assert_ok(sc_invite_from_text(text, &back, NULL));
    cr_buf_clear(&out);
    ts_assert_ok(sc_invite_encode(&back, &out));
    ts_assert_hex(out.p, out.n, golden_invite);
    assert_string_equal(back.addrs[0], i.addrs[0]);
    id = sc_invite_id(i.secret);
    ts_assert_hex(id.b, sizeof id.b, golden_invite_id);
    sc_invite_psk(i.secret, &psk);
    ts_assert_hex(psk.b, sizeof psk.b, golden_invite_psk);
    cr_buf_release(&out);
}

/* Every address there is room for survives, in its usual form; damage is refused or comes out same.
 */
static void test_invite__strict(void **state)
{
    static const char *const addrs[] = {"[2001:db8::1]:7117", "node.example.net:1",
                                        "[::ffff:0:1]:65535", "10.0.0.1:80"};
    struct sc_invite i;
    struct cr_buf out;

    (void)state;
    fill_invite(&i);
    for (size_t k = 0; k < COUNT(addrs); k++)
        memcpy(i.addrs[k], addrs[k], strlen(addrs[k]) + 1);
    i.addr_count = COUNT(addrs);
    cr_buf_init(&out, SC_INVITE_BYTES_MAX);
    ts_assert_ok(sc_invite_encode(&i, &out));
    assert_int_equal(out.n, 111 + 19 + 19 + 19 + 7);
    /* A cut behind a whole address is an invitation with fewer of them. */
    for (size_t n = 0; n < 111; n++) {
        struct sc_invite cut;

        ts_assert_status(sc_invite_decode(cr_span_of(out.p, n), &cut, NULL), ST_TRUNCATED);
    }
    ts_assert_ok(sc_invite_decode(cr_buf_span(&out), &i, NULL));
    assert_int_equal(i.addr_count, COUNT(addrs));
    for (size_t k = 0; k < COUNT(addrs); k++)
        assert_string_equal(i.addrs[k], addrs[k]);
    cr_buf_release(&out);
}

static void on_mutant(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct cr_buf again;

    (void)ctx;
    (void)index;
    cr_buf_init(&again, SC_INVITE_BYTES_MAX);
    if (roundtrip(cr_span_of(p, n), &again) == ST_OK)
        assert_true(cr_span_equal(cr_buf_span(&again), cr_span_of(p, n)));
    cr_buf_release(&again);
}

/* One invitation, one spelling, in binary. */
static void test_invite__binary_mutants(void **state)
{
    uint8_t buf[GOLDEN_BYTES];
    struct cr_span valid = unhex(golden_invite, buf);

    (void)state;
    ts_each_prefix(valid.p, valid.n, on_mutant, NULL);
    ts_each_bit_flip(valid.p, valid.n, on_mutant, NULL);
}

static void on_typo(void *ctx, uint8_t *p, size_t n, size_t index)
{
    char text[SC_INVITE_TEXT_MAX];
    struct sc_invite i;

    (void)ctx;
    memcpy(text, p, n);
    text[n] = '\0';
    if (memchr(text, '\0', n) == NULL && strpbrk(text, " \t\r\n") == NULL &&
        sc_invite_from_text(text, &i, NULL) == ST_OK)
        ts_fail("a typing error at %zu is not noticed: %s", index, text);
}

/* Each mistyped, left out or swapped character is noticed; blanks and line breaks are not errors.
 */
static void test_invite__text_is_checked(void **state)
{
    char text[SC_INVITE_TEXT_MAX], wide[2 * SC_INVITE_TEXT_MAX];
    struct sc_invite i;
    size_t n = 0;

    (void)state;
    ts_each_prefix(golden_invite_text, strlen(golden_invite_text), on_typo, NULL);
    ts_each_bit_flip(golden_invite_text, strlen(golden_invite_text), on_typo, NULL);
    for (size_t k = 0; golden_invite_text[k] != '\0'; k++) {
        wide[n++] = golden_invite_text[k];
        if (k % 8 == 7)
            wide[n++] = " \r\n\t"[k / 8 % 4];
    }
    wide[n] = '\0';
    ts_assert_ok(sc_invite_from_text(wide, &i, NULL));
    ts_assert_status(sc_invite_from_text("", &i, NULL), ST_MALFORMED);
    ts_assert_status(sc_invite_from_text("fs1-", &i, NULL), ST_MALFORMED);
    ts_assert_status(sc_invite_from_text("fs1-????", &i, NULL), ST_FORGED);
    memset(wide, 'A', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    memcpy(wide, "fs1-", 4);
    ts_assert_status(sc_invite_from_text(wide, &i, NULL), ST_MALFORMED);
    fill_invite(&i);
    ts_assert_status(sc_invite_to_text(&i, text, 166), ST_OVERSIZE);
    ts_assert_ok(sc_invite_to_text(&i, text, 167));
}

/* What cannot be said in the format is refused when encoding. */
static void test_invite__bounds(void **state)
{
    struct sc_invite i;
    struct cr_buf out;

    (void)state;
    cr_buf_init(&out, SC_INVITE_BYTES_MAX);
    fill_invite(&i);
    i.roles = 65536;
    ts_assert_status(sc_invite_encode(&i, &out), ST_RANGE);
    fill_invite(&i);
    i.expires_s = UINT64_C(1) << 32;
    ts_assert_status(sc_invite_encode(&i, &out), ST_RANGE);
    fill_invite(&i);
    i.grid = 7;
    ts_assert_status(sc_invite_encode(&i, &out), ST_RANGE);
    fill_invite(&i);
    i.addr_count = 5;
    ts_assert_status(sc_invite_encode(&i, &out), ST_RANGE);
    fill_invite(&i);
    i.addrs[0][0] = '\0';
    ts_assert_status(sc_invite_encode(&i, &out), ST_MALFORMED);
    assert_int_equal(out.n, 0);
    cr_buf_release(&out);
}

/* Addresses: the usual form of what is one, and a refusal of what is none. */
static void test_invite__addresses(void **state)
{
    static const struct {
        const char *text, *usual; /* NULL: refused */
    } rows[] = {
        {"1.2.3.4:5", "1.2.3.4:5"},
        {"255.255.255.255:65535", "255.255.255.255:65535"},
        {"[2001:0DB8:0:0:0:0:0:1]:7", "[2001:db8::1]:7"},
        {"[::]:7", "[::]:7"},
        {"[::1]:7", "[::1]:7"},
        {"[1::]:7", "[1::]:7"},
        {"[1:2:3:4:5:6:7:8]:7", "[1:2:3:4:5:6:7:8]:7"},
        {"[1:0:0:2:0:0:0:3]:7", "[1:0:0:2::3]:7"},
        {"[1:0:2:3:4:5:6:7]:7", "[1:0:2:3:4:5:6:7]:7"},
        {"[0:0:1:0:0:1:1:1]:7", "[::1:0:0:1:1:1]:7"},
        {"street-office.local:7117", "street-office.local:7117"},
        {"a:1", "a:1"},
        {"", NULL},
        {"1.2.3.4", NULL},
        {"1.2.3.4:", NULL},
        {"1.2.3.4:0", NULL},
        {"1.2.3.4:65536", NULL},
        {"1.2.3.4:07", NULL},
        {"1.2.3:7", NULL},
        {"1.2.3.4.5:7", NULL},
        {"1.2.3.256:7", NULL},
        {":7", NULL},
        {"[]:7", NULL},
        {"[:]:7", NULL},
        {"[:1]:7", NULL},
        {"[1:]:7", NULL},
        {"[1:2:3:4:5:6:7]:7", NULL},
        {"[1:2:3:4:5:6:7:8:9]:7", NULL},
        {"[1::2::3]:7", NULL},
        {"[1:2:3:4:5:6:7::8]:7", NULL},
        {"[12345::]:7", NULL},
        {"[g::]:7", NULL},
        {"[::1:7", NULL},
        {"a b:7", NULL},
        {"a/b:7", NULL},
        {"\xe8\xa1\x97:7", NULL},
        {"a-name-of-fifty-eight-characters-which-is-one-more-than-fit:7", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t packed[SC_ADDR_PACKED_MAX], again[SC_ADDR_PACKED_MAX];
        char text[SC_ADDR_TEXT_MAX];
        size_t n, used, m;
        int status = sc_addr_pack(rows[i].text, packed, &n);

        if ((status == ST_OK) != (rows[i].usual != NULL))
            ts_fail("%s: %s", rows[i].text, st_name((enum st_code)status));
        if (status != ST_OK)
            continue;
        ts_assert_ok(sc_addr_unpack(cr_span_of(packed, n), text, &used));
        assert_string_equal(text, rows[i].usual);
        assert_int_equal(used, n);
        ts_assert_ok(sc_addr_pack(text, again, &m));
        assert_int_equal(n, m);
        assert_memory_equal(packed, again, n);
        for (size_t cut = 0; cut < n; cut++)
            ts_assert_status(sc_addr_unpack(cr_span_of(packed, cut), text, &used), ST_TRUNCATED);
    }
}

/* Any eight groups have one usual form that packs to the same bytes. */
static void test_invite__ipv6_forms(void **state)
{
    (void)state;
    for (unsigned zeros = 0; zeros < 256; zeros++) {
        uint8_t packed[19] = {6}, again[SC_ADDR_PACKED_MAX];
        char text[SC_ADDR_TEXT_MAX];
        size_t used, n;

        for (size_t g = 0; g < 8; g++)
            cr_store_be16(packed + 1 + 2 * g, (zeros >> g & 1) != 0 ? 0 : 0xabcd);
        cr_store_be16(packed + 17, 65535);
        ts_assert_ok(sc_addr_unpack(cr_span_of(packed, sizeof packed), text, &used));
        ts_assert_ok(sc_addr_pack(text, again, &n));
        assert_int_equal(n, sizeof packed);
        assert_memory_equal(packed, again, n);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invite__pinned),
        cmocka_unit_test(test_invite__strict),
        cmocka_unit_test(test_invite__binary_mutants),
        cmocka_unit_test(test_invite__text_is_checked),
        cmocka_unit_test(test_invite__bounds),
        cmocka_unit_test(test_invite__addresses),
        cmocka_unit_test(test_invite__ipv6_forms),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
