/* Invitations as bytes and as text, and the addresses in them: what is accepted comes out again the
 * same (text: but for the blanks in it). */
#include <stdlib.h>
#include <string.h>

#include "crypto/base/assert.h"
#include "schema/invite.h"
#include "tests/fuzz/fuzz.h"

static void try_bytes(struct cr_span in)
{
    struct sc_invite i;
    struct cr_buf out;

    if (sc_invite_decode(in, &i, NULL) != ST_OK)
        return;
    cr_buf_init(&out, SC_INVITE_BYTES_MAX);
    CR_ASSERT(sc_invite_encode(&i, &out) == ST_OK);
    CR_ASSERT(cr_span_equal(in, cr_buf_span(&out)));
    cr_buf_release(&out);
}

static void try_text(const char *text)
{
    char again[SC_INVITE_TEXT_MAX];
    struct sc_invite i, j;

    if (sc_invite_from_text(text, &i, NULL) != ST_OK)
        return;
    CR_ASSERT(sc_invite_to_text(&i, again, sizeof again) == ST_OK);
    CR_ASSERT(strpbrk(text, " \t\r\n") != NULL || strcmp(text, again) == 0);
    CR_ASSERT(sc_invite_from_text(again, &j, NULL) == ST_OK);
}

static void try_address(const char *text)
{
    uint8_t packed[SC_ADDR_PACKED_MAX], again[SC_ADDR_PACKED_MAX];
    char usual[SC_ADDR_TEXT_MAX];
    size_t n, used, m;

    if (sc_addr_pack(text, packed, &n) != ST_OK)
        return;
    CR_ASSERT(sc_addr_unpack(cr_span_of(packed, n), usual, &used) == ST_OK);
    CR_ASSERT(used == n);
    CR_ASSERT(sc_addr_pack(usual, again, &m) == ST_OK);
    CR_ASSERT(cr_span_equal(cr_span_of(packed, n), cr_span_of(again, m)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char *text = malloc(n + 1);

    CR_ASSERT(text != NULL);
    if (n > 0)
        memcpy(text, p, n);
    text[n] = '\0';
    try_bytes(cr_span_of(p, n));
    try_text(text);
    try_address(text);
    free(text);
    return 0;
}
