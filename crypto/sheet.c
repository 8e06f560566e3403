/* Recovery sheets: bytes to groups of five characters and back. Arithmetic of the check character
 * is in GF(32), x^5 + x^2 + 1: with different weights a changed character, two changed places and a
 * group in another's place all change the sum. */
#include "crypto/sheet.h"

#include "crypto/base/assert.h"

#include <sodium.h>
#include <string.h>

#define DATA         (CR_SHEET_GROUP - 1)
#define SUM_BYTES    4
#define BODY_MAX     (1 + CR_SIGN_SEED_BYTES + CR_KX_BYTES + SUM_BYTES)
#define PLACE_WEIGHT 6 /* as powers of x: characters 1..4, place 6 */

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static size_t body_bytes(enum cr_sheet_kind kind)
{
    return (size_t)1 + CR_SIGN_SEED_BYTES + (kind == CR_SHEET_BOTH ? CR_KX_BYTES : 0) + SUM_BYTES;
}

size_t cr_sheet_groups(enum cr_sheet_kind kind)
{
    return (body_bytes(kind) * 8 + DATA * 5 - 1) / (DATA * 5);
}

static void checksum(const uint8_t *body, size_t n, uint8_t out[static SUM_BYTES])
{
    static const unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = "fengsui/sheet";
    uint8_t h[16];
    int rc =
        crypto_generichash_blake2b_salt_personal(h, sizeof h, body, n, NULL, 0, NULL, personal);

    CR_ASSERT(rc == 0);
    memcpy(out, h, SUM_BYTES);
    cr_wipe(h, sizeof h);
}

/* v times x to the power */
static unsigned times(unsigned v, unsigned power)
{
    while (power-- > 0)
        v = (v << 1) ^ ((v & 16u) != 0 ? 0x25u : 0);
    return v & 31u;
}

static unsigned check_of(const unsigned *value, size_t place)
{
    unsigned sum = times((unsigned)place & 31u, PLACE_WEIGHT);

    for (unsigned i = 0; i < DATA; i++)
        sum ^= times(value[i], i + 1);
    return sum;
}

void cr_sheet_encode(const struct cr_identity *id, enum cr_sheet_kind kind, struct cr_sheet *out)
{
    uint8_t body[BODY_MAX + 3] = {(uint8_t)kind}; /* and zeros for the last group */
    size_t n = body_bytes(kind);

    memcpy(body + 1, id->sign_sk.b, CR_SIGN_SEED_BYTES);
    if (kind == CR_SHEET_BOTH)
        memcpy(body + 1 + CR_SIGN_SEED_BYTES, id->kx_sk.b, CR_KX_BYTES);
    checksum(body, n - SUM_BYTES, body + n - SUM_BYTES);
    memset(out, 0, sizeof *out);
    out->n = cr_sheet_groups(kind);
    for (size_t g = 0; g < out->n; g++) {
        unsigned value[DATA];

        for (size_t i = 0; i < DATA; i++) {
            size_t bit = (g * DATA + i) * 5;
            unsigned two = (unsigned)body[bit / 8] << 8 | body[bit / 8 + 1];

            value[i] = two >> (11 - bit % 8) & 31u;
            out->group[g][i] = alphabet[value[i]];
        }
        out->group[g][DATA] = alphabet[check_of(value, g)];
    }
    cr_wipe(body, sizeof body);
}

/* ---- reading ---- */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* 32 for what is no character of a sheet. */
static unsigned value_of(char c)
{
    const char *at;

    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'I' || c == 'L')
        c = '1';
    if (c == 'O')
        c = '0';
    at = c == '\0' ? NULL : strchr(alphabet, c);
    return at == NULL ? 32 : (unsigned)(at - alphabet);
}

/* A group's five characters; false when one of them is wrong. */
static bool read_group(const char *p, size_t place, unsigned value[static CR_SHEET_GROUP])
{
    for (size_t i = 0; i < CR_SHEET_GROUP; i++) {
        value[i] = value_of(p[i]);
        if (value[i] > 31)
            return false;
    }
    return check_of(value, place) == value[DATA];
}

/* "NN=": its number, else 0. */
static unsigned label_at(const char *p)
{
    bool label = p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' && p[2] == '=';

    return label ? (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0') : 0;
}

static unsigned kind_of(const unsigned value[static 2])
{
    return value[0] << 3 | value[1] >> 2;
}

static size_t groups_of(unsigned kind)
{
    return kind == CR_SHEET_SIGN || kind == CR_SHEET_BOTH
               ? cr_sheet_groups((enum cr_sheet_kind)kind)
               : 0;
}

void cr_sheet_check(const char *text, size_t first, struct cr_sheet_state *out)
{
    unsigned value[CR_SHEET_GROUP];
    const char *p = text;

    *out = (struct cr_sheet_state){.good = 0};
    for (;;) {
        while (*p != '\0' && !is_word(*p))
            p++;
        if (*p == '\0')
            break;
        if (label_at(p) > 0)
            p += 3;
        if (!read_group(p, first + out->good, value)) { /* stops at the NUL by itself */
            out->bad = true;
            break;
        }
        if (first + out->good == 0)
            out->total = groups_of(kind_of(value));
        p += CR_SHEET_GROUP;
        out->good++;
        out->good_bytes = (size_t)(p - text);
    }
    cr_wipe(value, sizeof value);
}

struct reading {
    char chars[CR_SHEET_GROUPS_MAX * CR_SHEET_GROUP + 1]; /* secret */
    size_t n;
};

static int add_char(struct reading *r, char c, struct st_err *err)
{
    if (r->n == sizeof r->chars - 1)
        return st_fail(err, ST_OVERSIZE, "more than a recovery sheet has");
    r->chars[r->n++] = c;
    return ST_OK;
}

/* The numbered groups, which must come in order. *found: there is one. */
static int read_numbered(const char *text, struct reading *r, bool *found, struct st_err *err)
{
    int rc = ST_OK;

    for (const char *p = text; *p != '\0' && rc == ST_OK; p++) {
        unsigned label = p == text || !is_word(p[-1]) ? label_at(p) : 0;
        size_t wanted = r->n / CR_SHEET_GROUP + 1;

        if (label == 0)
            continue;
        *found = true;
        if (label != wanted)
            return st_fail(err, ST_TRUNCATED, "group %zu is missing", wanted);
        p += 3;
        for (size_t i = 0; i < CR_SHEET_GROUP && rc == ST_OK; i++, p++) {
            if (!is_word(*p))
                return st_fail(err, ST_MALFORMED, "group %zu is too short", wanted);
            rc = add_char(r, *p, err);
        }
        p--;
    }
    return rc;
}

static int read_plain(const char *text, struct reading *r, struct st_err *err)
{
    const char *code = strstr(text, "FSR:");
    int rc = ST_OK;

    for (const char *p = code == NULL ? text : code + 4; *p != '\0' && rc == ST_OK; p++) {
        if (is_word(*p))
            rc = add_char(r, *p, err);
        else if (code != NULL)
            break;
    }
    return rc;
}

static int unpack(const struct reading *r, uint8_t body[static BODY_MAX + 3], size_t *groups,
                  struct st_err *err)
{
    unsigned value[CR_SHEET_GROUP] = {0}, bits = 0, held = 0;
    size_t n = 0, total = 0, g;
    int rc = ST_OK;

    for (g = 0; rc == ST_OK && (g == 0 || g < total); g++) {
        if (r->n < (g + 1) * CR_SHEET_GROUP) {
            rc = total == 0 ? st_fail(err, ST_TRUNCATED, "group 1 is missing or too short")
                            : st_fail(err, ST_TRUNCATED, "group %zu of %zu is missing or too short",
                                      g + 1, total);
        } else if (!read_group(r->chars + g * CR_SHEET_GROUP, g, value)) {
            rc = st_fail(err, ST_MALFORMED, "group %zu is mistyped", g + 1);
        } else if (g == 0) {
            total = groups_of(kind_of(value));
            if (total == 0)
                rc =
                    st_fail(err, ST_VERSION, "a recovery sheet of unknown kind %u", kind_of(value));
        }
        for (size_t i = 0; i < DATA && rc == ST_OK; i++) {
            held = held << 5 | value[i];
            bits += 5;
            if (bits >= 8) {
                bits -= 8;
                body[n++] = (uint8_t)(held >> bits);
                held &= (1u << bits) - 1;
            }
        }
    }
    cr_wipe(value, sizeof value);
    if (rc == ST_OK && held != 0)
        rc = st_fail(err, ST_FORGED, "the last group ends in what is no part of a key");
    if (rc == ST_OK && r->n != total * CR_SHEET_GROUP)
        rc = st_fail(err, ST_OVERSIZE, "more than the %zu groups of this sheet", total);
    *groups = total;
    return rc;
}

int cr_sheet_decode(const char *text, struct cr_identity *id, enum cr_sheet_kind *kind,
                    struct st_err *err)
{
    uint8_t body[BODY_MAX + 3] = {0}, sum[SUM_BYTES], zero[3] = {0};
    struct reading r = {.n = 0};
    size_t n = 0, groups = 0;
    bool numbered = false;
    int rc = read_numbered(text, &r, &numbered, err);

    cr_identity_wipe(id);
    if (rc == ST_OK && !numbered)
        rc = read_plain(text, &r, err);
    if (rc == ST_OK)
        rc = unpack(&r, body, &groups, err);
    if (rc == ST_OK) {
        *kind = (enum cr_sheet_kind)body[0];
        n = body_bytes(*kind);
        checksum(body, n - SUM_BYTES, sum);
        if (!cr_secret_equal(sum, body + n - SUM_BYTES, SUM_BYTES) ||
            memcmp(body + n, zero, groups * DATA * 5 / 8 - n) != 0)
            rc = st_fail(err, ST_FORGED, "the groups do not belong to one sheet");
    }
    if (rc == ST_OK && *kind == CR_SHEET_BOTH)
        cr_identity_from_secrets(body + 1, body + 1 + CR_SIGN_SEED_BYTES, id);
    else if (rc == ST_OK)
        cr_identity_from_sign_seed(body + 1, id);
    cr_wipe(body, sizeof body);
    cr_wipe(&r, sizeof r);
    return rc;
}
