/* Network addresses as text and packed. Pure text work: nothing is resolved or opened here.
 *   packed = 4 ‖ IPv4 (4) ‖ port be16  |  6 ‖ IPv6 (16) ‖ port be16
 *          |  0x40 + n ‖ host name (n bytes, 1 to 57) ‖ port be16 */
#ifndef SCHEMA_ADDR_H
#define SCHEMA_ADDR_H

#include "crypto/base/bytes.h"

#define SC_ADDR_TEXT_MAX   64 /* text with its NUL */
#define SC_ADDR_PACKED_MAX 60 /* bytes packed */

/* text: "IPv4:port", "[IPv6]:port" or "name:port"; a name is letters, digits, '-', '.', '_', not
 * only digits and dots; port 1 to 65535. Writes the packed form and its length on success.
 * ST_MALFORMED. */
int sc_addr_pack(const char *text, uint8_t out[static SC_ADDR_PACKED_MAX],
                 size_t *packed_bytes) ST_MUST;
/* Takes one address from the front of bytes: its usual text (IPv6 as RFC 5952) and how many bytes
 * it took. ST_MALFORMED, ST_TRUNCATED; nothing is written then. */
int sc_addr_unpack(struct cr_span bytes, char text[static SC_ADDR_TEXT_MAX],
                   size_t *used_bytes) ST_MUST;

#endif
