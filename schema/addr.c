#include "schema/addr.h"

#include <stdio.h>
#include <string.h>

#define TAG_IPV4       4
#define TAG_IPV6       6
#define TAG_NAME       0x40
#define NAME_MAX_BYTES 57 /* name ‖ ':' ‖ five digits ‖ NUL in SC_ADDR_TEXT_MAX */

static int parse_ipv4(const char *p, size_t n, uint8_t out[4])
{
    size_t at = 0;

    for (unsigned k = 0; k < 4; k++) {
        size_t from = at;
        uint64_t v;

        while (at < n && p[at] != '.')
            at++;
        if (cr_parse_u64(p + from, at - from, 255, &v) != ST_OK)
            return ST_MALFORMED;
        out[k] = (uint8_t)v;
        if (k < 3 && at++ >= n)
            return ST_MALFORMED;
    }
    return at == n ? ST_OK : ST_MALFORMED;
}

/* One group of 1 to 4 hex digits; returns its length, 0 when there is none. */
static size_t parse_group(const char *p, size_t n, uint16_t *out)
{
    size_t digits = 0;
    uint16_t v = 0;

    while (digits < n && digits < 5) {
        char c = p[digits];

        if (c >= '0' && c <= '9')
            v = (uint16_t)(v << 4 | (c - '0'));
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = (uint16_t)(v << 4 | ((c | 0x20) - 'a' + 10));
        else
            break;
        digits++;
    }
    *out = v;
    return digits <= 4 ? digits : 0;
}

/* Hex groups with at most one "::"; no dotted tail, no zone. */
static int parse_ipv6(const char *p, size_t n, uint8_t out[16])
{
    uint16_t groups[8] = {0};
    size_t count = 0, gap = SIZE_MAX, at = 0;

    if (n >= 2 && p[0] == ':' && p[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < n) {
        size_t digits = count < 8 ? parse_group(p + at, n - at, &groups[count]) : 0;

        if (digits == 0)
            return ST_MALFORMED;
        count++;
        at += digits;
        if (at == n)
            break;
        if (p[at] != ':' || ++at == n)
            return ST_MALFORMED;
        if (p[at] == ':') {
            if (gap != SIZE_MAX)
                return ST_MALFORMED;
            gap = count;
            at++;
        }
    }
    if (gap == SIZE_MAX ? count != 8 : count > 7)
        return ST_MALFORMED;
    memset(out, 0, 16);
    for (size_t k = 0; k < count; k++) {
        size_t place = k < gap ? k : 8 - count + k;

        cr_store_be16(out + 2 * place, groups[k]);
    }
    return ST_OK;
}

/* Longest run of at least two zero groups, the first of equals (RFC 5952). */
static size_t longest_zero_run(const uint8_t ip[16], size_t *run_groups)
{
    size_t best = 8, best_n = 1;

    for (size_t k = 0; k < 8; k++) {
        size_t n = 0;

        while (k + n < 8 && cr_load_be16(ip + 2 * (k + n)) == 0)
            n++;
        if (n > best_n) {
            best = k;
            best_n = n;
        }
    }
    *run_groups = best_n;
    return best;
}

static void format_ipv6(const uint8_t ip[16], uint16_t port, char text[static SC_ADDR_TEXT_MAX])
{
    size_t run, n = 0, from = longest_zero_run(ip, &run);

    text[n++] = '[';
    for (size_t k = 0; k < 8; k++) {
        if (k == from) {
            memcpy(text + n, "::", 2);
            n += 2;
            k += run - 1;
            continue;
        }
        if (k > 0 && text[n - 1] != ':')
            text[n++] = ':';
        n += (size_t)snprintf(text + n, SC_ADDR_TEXT_MAX - n, "%x",
                              (unsigned)cr_load_be16(ip + 2 * k));
    }
    (void)snprintf(text + n, SC_ADDR_TEXT_MAX - n, "]:%u", (unsigned)port);
}

/* A host name is not all digits and dots: that is a mistyped IPv4 address. */
static bool name_valid(const uint8_t *p, size_t n)
{
    bool letter = false;

    if (n < 1 || n > NAME_MAX_BYTES)
        return false;
    for (size_t k = 0; k < n; k++) {
        bool alpha = (p[k] | 0x20) >= 'a' && (p[k] | 0x20) <= 'z';
        bool numeric = (p[k] >= '0' && p[k] <= '9') || p[k] == '.';

        if (!alpha && !numeric && p[k] != '-' && p[k] != '_')
            return false;
        letter = letter || !numeric;
    }
    return letter;
}

int sc_addr_pack(const char *text, uint8_t out[static SC_ADDR_PACKED_MAX], size_t *packed_bytes)
{
    size_t n = strnlen(text, SC_ADDR_TEXT_MAX);
    size_t host_bytes = n, body;
    uint64_t port;

    while (host_bytes > 0 && text[host_bytes - 1] != ':')
        host_bytes--;
    if (n == SC_ADDR_TEXT_MAX || host_bytes == 0)
        return ST_MALFORMED;
    if (cr_parse_u64(text + host_bytes, n - host_bytes, 65535, &port) != ST_OK || port == 0)
        return ST_MALFORMED;
    host_bytes--; /* the colon */
    if (host_bytes >= 2 && text[0] == '[' && text[host_bytes - 1] == ']') {
        if (parse_ipv6(text + 1, host_bytes - 2, out + 1) != ST_OK)
            return ST_MALFORMED;
        out[0] = TAG_IPV6;
        body = 16;
    } else if (parse_ipv4(text, host_bytes, out + 1) == ST_OK) {
        out[0] = TAG_IPV4;
        body = 4;
    } else if (name_valid((const uint8_t *)text, host_bytes)) {
        out[0] = (uint8_t)(TAG_NAME + host_bytes);
        memcpy(out + 1, text, host_bytes);
        body = host_bytes;
    } else {
        return ST_MALFORMED;
    }
    cr_store_be16(out + 1 + body, (uint16_t)port);
    *packed_bytes = 1 + body + 2;
    return ST_OK;
}

int sc_addr_unpack(struct cr_span bytes, char text[static SC_ADDR_TEXT_MAX], size_t *used_bytes)
{
    const uint8_t *ip = bytes.p + 1;
    size_t body;
    uint16_t port;

    if (bytes.n == 0)
        return ST_TRUNCATED;
    if (bytes.p[0] == TAG_IPV4)
        body = 4;
    else if (bytes.p[0] == TAG_IPV6)
        body = 16;
    else if (bytes.p[0] > TAG_NAME && bytes.p[0] <= TAG_NAME + NAME_MAX_BYTES)
        body = (size_t)bytes.p[0] - TAG_NAME;
    else
        return ST_MALFORMED;
    if (bytes.n < 1 + body + 2)
        return ST_TRUNCATED;
    port = cr_load_be16(ip + body);
    if (port == 0 || (bytes.p[0] > TAG_NAME && !name_valid(ip, body)))
        return ST_MALFORMED;
    if (bytes.p[0] == TAG_IPV4)
        (void)snprintf(text, SC_ADDR_TEXT_MAX, "%u.%u.%u.%u:%u", (unsigned)ip[0], (unsigned)ip[1],
                       (unsigned)ip[2], (unsigned)ip[3], (unsigned)port);
    else if (bytes.p[0] == TAG_IPV6)
        format_ipv6(ip, port, text);
    else
        (void)snprintf(text, SC_ADDR_TEXT_MAX, "%.*s:%u", (int)body, (const char *)ip,
                       (unsigned)port);
    *used_bytes = 1 + body + 2;
    return ST_OK;
}
