/* What is drawn is read back by a small reader of its own: finder patterns, mask, bytes. */
#include "node/qr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SIDE_MAX 120

struct modules {
    int width, height; /* with the quiet zone */
    bool dark[SIDE_MAX][SIDE_MAX];
};

/* One line of half blocks into two rows. Colour codes are passed over. */
static const char *read_line(struct modules *m, const char *p, bool screen)
{
    int x = 0;

    while (*p != '\n') {
        unsigned upper, lower;

        assert_int_not_equal(*p, '\0');
        if (*p == '\x1b') {
            assert_true(screen);
            p = strchr(p, 'm') + 1;
            continue;
        }
        upper = strncmp(p, "▀", 3) == 0 || strncmp(p, "█", 3) == 0;
        lower = strncmp(p, "▄", 3) == 0 || strncmp(p, "█", 3) == 0;
        assert_true(*p == ' ' || upper || lower);
        p += *p == ' ' ? 1 : 3;
        assert_true(x < SIDE_MAX && m->height + 1 < SIDE_MAX);
        m->dark[m->height][x] = (upper != 0) != screen;
        m->dark[m->height + 1][x] = (lower != 0) != screen;
        x++;
    }
    assert_true(m->width == 0 || m->width == x);
    m->width = x;
    m->height += 2;
    return p + 1;
}

static void draw(const char *text, enum nd_qr_ink ink, struct modules *m)
{
    struct cr_buf out;
    const char *p;

    memset(m, 0, sizeof *m);
    cr_buf_init(&out, 1 << 20);
    assert_int_equal(nd_qr_draw(cr_span_text(text), ink, &out, NULL), ST_OK);
    assert_int_equal(cr_buf_append(&out, "", 1), ST_OK);
    for (p = (const char *)out.p; *p != '\0';)
        p = read_line(m, p, ink == ND_QR_SCREEN);
    cr_buf_release(&out);
    assert_int_equal(nd_qr_columns(cr_span_text(text), ink), m->width);
}

static bool in_finder(int x, int y)
{
    return (x < 9 && y < 9) || (x > 12 && y < 9) || (x < 9 && y > 12) || x == 6 || y == 6;
}

static bool masked(unsigned mask, int x, int y)
{
    switch (mask) {
    case 0: return (x + y) % 2 == 0;
    case 1: return y % 2 == 0;
    case 2: return x % 3 == 0;
    case 3: return (x + y) % 3 == 0;
    case 4: return (y / 2 + x / 3) % 2 == 0;
    case 5: return x * y % 2 + x * y % 3 == 0;
    case 6: return (x * y % 2 + x * y % 3) % 2 == 0;
    default: return ((x + y) % 2 + x * y % 3) % 2 == 0;
    }
}

/* The data bits of a code of version 1 (21 modules a side), in reading order. */
static size_t read_bits(const struct modules *m, bool *bits)
{
    unsigned mask = 0;
    size_t n = 0;

    for (int i = 0; i < 3; i++) /* format: row 8, columns 2..4, behind its own mask 101 */
        mask = mask << 1 | ((m->dark[4 + 8][4 + 2 + i] ? 1u : 0u) ^ (i == 1 ? 0u : 1u));
    for (int right = 20, up = 1; right > 0; right -= 2, up = !up) {
        if (right == 6)
            right = 5;
        for (int k = 0; k < 21; k++)
            for (int x = right; x > right - 2; x--) {
                int y = up ? 20 - k : k;

                if (!in_finder(x, y))
                    bits[n++] = m->dark[4 + y][4 + x] != masked(mask, x, y);
            }
    }
    return n;
}

static unsigned take(const bool **bits, int n)
{
    unsigned v = 0;

    while (n-- > 0)
        v = v << 1 | (*(*bits)++ ? 1u : 0u);
    return v;
}

/* The text comes out again, from paper and from the screen, and nothing lies in the quiet zone. */
static void test_qr__reads_back(void **state)
{
    static const char text[] = "fs1-Ab9烽";
    static const enum nd_qr_ink inks[] = {ND_QR_PAPER, ND_QR_SCREEN};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        bool bits[21 * 21];
        const bool *at = bits;
        struct modules m;

        draw(text, inks[i], &m);
        assert_int_equal(m.width, 29);
        assert_int_equal(m.height, 30); /* 29 rows, two a line */
        for (int y = 0; y < 29; y++)
            for (int x = 0; x < 29; x++)
                if (x < 4 || y < 4 || x > 24 || y > 24)
                    assert_false(m.dark[y][x]);
        for (int k = 0; k < 7; k++) { /* frames of the three finders */
            assert_true(m.dark[4][4 + k] && m.dark[4 + k][4]);
            assert_true(m.dark[4][24 - k] && m.dark[24][4 + k]);
        }
        assert_int_equal(read_bits(&m, bits), 208);
        assert_int_equal(take(&at, 4), 4); /* bytes */
        assert_int_equal(take(&at, 8), strlen(text));
        for (size_t k = 0; k < strlen(text); k++)
            assert_int_equal(take(&at, 8), (uint8_t)text[k]);
    }
}

/* An invitation of 120 bytes fits a terminal of 80 columns. */
static void test_qr__an_invitation_fits_a_terminal(void **state)
{
    char text[121];

    (void)state;
    memset(text, 'a', 120);
    text[120] = '\0';
    assert_true(nd_qr_columns(cr_span_text(text), ND_QR_SCREEN) <= 53);
    assert_true(nd_qr_columns(cr_span_text(text), ND_QR_PAPER) <= 53);
}

/* No text, too much text, too little room: said, and nothing is appended. */
static void test_qr__bounds(void **state)
{
    char text[ND_QR_BYTES_MAX + 2];
    struct st_err err = {0};
    struct cr_buf out;

    (void)state;
    cr_buf_init(&out, 100);
    assert_int_equal(cr_buf_append(&out, "x", 1), ST_OK);
    assert_int_equal(nd_qr_draw(cr_span_text(""), ND_QR_PAPER, &out, &err), ST_RANGE);
    memset(text, 'a', sizeof text);
    text[ND_QR_BYTES_MAX + 1] = '\0';
    assert_int_equal(nd_qr_draw(cr_span_text(text), ND_QR_PAPER, &out, &err), ST_RANGE);
    assert_int_equal(nd_qr_columns(cr_span_text(text), ND_QR_PAPER), 0);
    assert_int_equal(nd_qr_draw(cr_span_text("abc"), ND_QR_PAPER, &out, &err), ST_OVERSIZE);
    assert_int_equal(out.n, 1);
    cr_buf_release(&out);
    text[ND_QR_BYTES_MAX] = '\0';
    assert_true(nd_qr_columns(cr_span_text(text), ND_QR_PAPER) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_qr__reads_back),
        cmocka_unit_test(test_qr__an_invitation_fits_a_terminal),
        cmocka_unit_test(test_qr__bounds),
    };

    return cmocka_run_group_tests_name("qr", tests, NULL, NULL);
}
