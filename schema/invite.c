#include "schema/invite.h"

#include "crypto/base/assert.h"

#include <string.h>

#define PREFIX       "fs1-"
#define PREFIX_CHARS 4
#define CHECK_BYTES  3
#define CHECK_CHARS  4
#define FIXED_BYTES  111

static_assert(PREFIX_CHARS + (SC_INVITE_BYTES_MAX * 8 + 5) / 6 + CHECK_CHARS < SC_INVITE_TEXT_MAX,
              "every invitation fits its text");

static int put_addresses(const struct sc_invite *i, struct cr_buf *out)
{
    for (size_t k = 0; k < i->addr_count; k++) {
        uint8_t packed[SC_ADDR_PACKED_MAX];
        size_t n;
        int rc = sc_addr_pack(i->addrs[k], packed, &n);

        if (rc == ST_OK)
            rc = cr_buf_append(out, packed, n);
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

int sc_invite_encode(const struct sc_invite *i, struct cr_buf *out)
{
    size_t before = out->n;
    uint8_t *at;
    int rc;

    if (i->roles > UINT16_MAX || i->expires_s > UINT32_MAX || sc_grid_level(i->grid) == 0 ||
        i->addr_count > SC_INVITE_ADDRS_MAX)
        return ST_RANGE;
    rc = cr_buf_extend(out, FIXED_BYTES, &at);
    if (rc != ST_OK)
        return rc;
    *at++ = SC_INVITE_VERSION;
    memcpy(at, i->net.b, CR_HASH_BYTES);
    memcpy(at + 32, i->kx_pk.b, CR_KX_BYTES);
    memcpy(at + 64, i->gate.b, CR_GATE_BYTES);
    memcpy(at + 80, i->secret, SC_INVITE_SECRET_BYTES);
    cr_store_be16(at + 96, (uint16_t)i->roles);
    cr_store_be64(at + 98, i->grid);
    cr_store_be32(at + 106, (uint32_t)i->expires_s);
    rc = put_addresses(i, out);
    if (rc != ST_OK)
        out->n = before;
    return rc;
}

static int take_addresses(struct cr_span rest, struct sc_invite *i)
{
    while (rest.n > 0) {
        size_t used;
        int rc;

        if (i->addr_count == SC_INVITE_ADDRS_MAX)
            return ST_OVERSIZE;
        rc = sc_addr_unpack(rest, i->addrs[i->addr_count], &used);
        if (rc != ST_OK)
            return rc;
        i->addr_count++;
        rest = cr_span_of(rest.p + used, rest.n - used);
    }
    return ST_OK;
}

int sc_invite_decode(struct cr_span bytes, struct sc_invite *out, struct st_err *err)
{
    const uint8_t *at = bytes.p + 1;
    int rc;

    memset(out, 0, sizeof *out);
    if (bytes.n == 0)
        return st_fail(err, ST_TRUNCATED, "invitation: empty");
    if (bytes.p[0] > SC_INVITE_VERSION)
        return st_fail(err, ST_VERSION, "invitation: version %u", (unsigned)bytes.p[0]);
    if (bytes.p[0] == 0)
        return st_fail(err, ST_MALFORMED, "invitation: version 0");
    if (bytes.n < FIXED_BYTES)
        return st_fail(err, ST_TRUNCATED, "invitation: %zu bytes", bytes.n);
    memcpy(out->net.b, at, CR_HASH_BYTES);
    memcpy(out->kx_pk.b, at + 32, CR_KX_BYTES);
    memcpy(out->gate.b, at + 64, CR_GATE_BYTES);
    memcpy(out->secret, at + 80, SC_INVITE_SECRET_BYTES);
    out->roles = cr_load_be16(at + 96);
    out->grid = cr_load_be64(at + 98);
    out->expires_s = cr_load_be32(at + 106);
    rc = sc_grid_level(out->grid) == 0 ? ST_RANGE : ST_OK;
    if (rc == ST_OK)
        rc = take_addresses(cr_span_of(bytes.p + FIXED_BYTES, bytes.n - FIXED_BYTES), out);
    if (rc != ST_OK) {
        sc_invite_wipe(out);
        return st_fail(err, (enum st_code)rc, "invitation: grid or address");
    }
    return ST_OK;
}

void sc_invite_wipe(struct sc_invite *i)
{
    cr_wipe(i, sizeof *i);
}

/* Base64 of RFC 4648 with '-' and '_', computed rather than looked up: the text holds secrets, and
 * a table would tell them to the cache. */
static char to_char(unsigned x)
{
    unsigned c = 'A' + x;

    c += ((25u - x) >> 8) & 6u;  /* a to z */
    c -= ((51u - x) >> 8) & 75u; /* 0 to 9 */
    c -= ((61u - x) >> 8) & 13u; /* - */
    c += ((62u - x) >> 8) & 49u; /* _ */
    return (char)c;
}

/* All ones when lo <= c <= hi, else 0. */
static unsigned in_range(unsigned c, unsigned lo, unsigned hi)
{
    return (((c - lo) | (hi - c)) >> 8 & 0xffu) ^ 0xffu;
}

/* 0 to 63; 64 or more when c is not of the alphabet. */
static unsigned from_char(char ch)
{
    unsigned c = (unsigned char)ch;
    unsigned upper = in_range(c, 'A', 'Z'), lower = in_range(c, 'a', 'z');
    unsigned digit = in_range(c, '0', '9'), dash = in_range(c, '-', '-');
    unsigned line = in_range(c, '_', '_');
    unsigned known = upper | lower | digit | dash | line;

    return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) |
           (dash & 62u) | (line & 63u) | (~known & 64u);
}

/* Writes ceil(8 n / 6) characters, no NUL; returns their number. */
static size_t to_text(const uint8_t *p, size_t n, char *out)
{
    size_t chars = 0;
    unsigned bits = 0, held = 0;

    for (size_t k = 0; k < n; k++) {
        bits = (bits << 8 | p[k]) & 0xffff;
        held += 8;
        while (held >= 6) {
            held -= 6;
            out[chars++] = to_char(bits >> held & 63u);
        }
    }
    if (held > 0)
        out[chars++] = to_char(bits << (6 - held) & 63u);
    return chars;
}

/* Reads exactly n characters into floor(6 n / 8) bytes; the bits left over must be zero. */
static int from_text(const char *p, size_t n, uint8_t *out, size_t *out_bytes)
{
    size_t bytes = 0;
    unsigned bits = 0, held = 0, bad = 0;

    if (n % 4 == 1)
        return ST_MALFORMED;
    for (size_t k = 0; k < n; k++) {
        unsigned v = from_char(p[k]);

        bad |= v >> 6;
        bits = (bits << 6 | (v & 63u)) & 0xffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[bytes++] = (uint8_t)(bits >> held);
        }
    }
    if (bad != 0 || (bits & ((1u << held) - 1)) != 0)
        return ST_MALFORMED;
    *out_bytes = bytes;
    return ST_OK;
}

static void check_chars(struct cr_span bytes, char out[static CHECK_CHARS])
{
    struct cr_hash h;

    cr_hash1(CR_TAG_INVITE, bytes, &h);
    (void)to_text(h.b, CHECK_BYTES, out);
}

int sc_invite_to_text(const struct sc_invite *i, char *out, size_t out_bytes)
{
    struct cr_buf bytes;
    size_t n = PREFIX_CHARS;
    int rc;

    cr_buf_init(&bytes, SC_INVITE_BYTES_MAX);
    rc = sc_invite_encode(i, &bytes);
    if (rc == ST_OK && out_bytes < PREFIX_CHARS + (bytes.n * 8 + 5) / 6 + CHECK_CHARS + 1)
        rc = ST_OVERSIZE;
    if (rc == ST_OK) {
        memcpy(out, PREFIX, PREFIX_CHARS);
        n += to_text(bytes.p, bytes.n, out + n);
        check_chars(cr_buf_span(&bytes), out + n);
        out[n + CHECK_CHARS] = '\0';
    }
    if (bytes.n > 0)
        cr_wipe(bytes.p, bytes.n);
    cr_buf_release(&bytes);
    return rc;
}

/* Copies text without blanks; returns the length, or SIZE_MAX when it is longer than any. */
static size_t squeeze(const char *text, char out[static SC_INVITE_TEXT_MAX])
{
    size_t n = 0;

    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n')
            continue;
        if (n == SC_INVITE_TEXT_MAX)
            return SIZE_MAX;
        out[n++] = *text;
    }
    return n;
}

int sc_invite_from_text(const char *text, struct sc_invite *out, struct st_err *err)
{
    char chars[SC_INVITE_TEXT_MAX], check[CHECK_CHARS];
    uint8_t bytes[SC_INVITE_TEXT_MAX];
    size_t n = squeeze(text, chars);
    size_t byte_count = 0;
    int rc;

    memset(out, 0, sizeof *out);
    if (n == SIZE_MAX || n < PREFIX_CHARS + CHECK_CHARS ||
        memcmp(chars, PREFIX, PREFIX_CHARS) != 0) {
        cr_wipe(chars, sizeof chars);
        return st_fail(err, ST_MALFORMED,
                       "invitation: does not start with " PREFIX " or is too long");
    }
    n -= PREFIX_CHARS + CHECK_CHARS;
    rc = from_text(chars + PREFIX_CHARS, n, bytes, &byte_count);
    if (rc != ST_OK) {
        (void)st_fail(err, (enum st_code)rc, "invitation: a character that cannot be in one");
    } else {
        check_chars(cr_span_of(bytes, byte_count), check);
        if (memcmp(check, chars + PREFIX_CHARS + n, CHECK_CHARS) != 0)
            rc = st_fail(err, ST_FORGED, "invitation: check characters differ, mistyped or cut");
        else
            rc = sc_invite_decode(cr_span_of(bytes, byte_count), out, err);
    }
    cr_wipe(chars, sizeof chars);
    cr_wipe(bytes, sizeof bytes);
    return rc;
}

struct sc_id sc_invite_id(const uint8_t secret[static SC_INVITE_SECRET_BYTES])
{
    struct cr_hash h;

    cr_hash1(CR_TAG_INVITE, cr_span_of(secret, SC_INVITE_SECRET_BYTES), &h);
    return sc_id_of(&h);
}

void sc_invite_psk(const uint8_t secret[static SC_INVITE_SECRET_BYTES], struct cr_psk *out)
{
    struct cr_hash h;

    static_assert(sizeof h.b == sizeof out->b, "the hash is the key");
    cr_hash2(CR_TAG_INVITE, cr_span_of(secret, SC_INVITE_SECRET_BYTES), cr_span_text("psk"), &h);
    memcpy(out->b, h.b, sizeof out->b);
    cr_wipe(&h, sizeof h);
}
