/* Records as JSON, as a page or a file says them: the first byte chooses the record. Whatever is
 * taken has one spelling on the wire, is printed as JSON that is taken again, and means the same
 * then. */
#include "crypto/base/assert.h"
#include "node/cmd.h"
#include "node/json_body.h"
#include "node/json_catalog.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define ARENA 131072

/* ST_OK, or the status of what it did not take; *out: the wire form. */
static int read_json(json_t *j, const struct sc_record *rec, struct cr_buf *arena,
                     struct sc_body *body, struct cr_buf *out)
{
    struct st_err err = {0};
    int rc = nd_body_from_json(j, rec, arena, body, &err);

    if (rc == ST_OK)
        rc = sc_body_encode(body, false, out, &err);
    CR_ASSERT(rc == ST_OK || err.msg[0] != '\0');
    return rc;
}

static void check(json_t *j, const struct sc_record *rec)
{
    struct cr_buf arena, again_arena, bytes, again_bytes;
    struct sc_body body, again;

    cr_buf_init(&arena, ARENA);
    cr_buf_init(&again_arena, ARENA);
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    cr_buf_init(&again_bytes, SC_PAYLOAD_MAX);
    if (read_json(j, rec, &arena, &body, &bytes) == ST_OK) {
        json_t *printed = nd_json_body(&body);

        CR_ASSERT(read_json(printed, rec, &again_arena, &again, &again_bytes) == ST_OK);
        CR_ASSERT(cr_span_equal(cr_buf_span(&bytes), cr_buf_span(&again_bytes)));
        json_decref(printed);
    }
    cr_buf_release(&again_bytes);
    cr_buf_release(&bytes);
    cr_buf_release(&again_arena);
    cr_buf_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct sc_record *rec = n > 0 ? sc_record_at(p[0]) : NULL;
    json_t *j;

    if (rec == NULL || rec->fold == SC_FOLD_CERT || rec->fold == SC_FOLD_NONE)
        return 0; /* written by code, not out of forms */
    j = json_loadb((const char *)p + 1, n - 1, JSON_REJECT_DUPLICATES, NULL);
    if (j == NULL)
        return 0;
    nd_json_drop_notes(j);
    check(j, rec);
    json_decref(j);
    return 0;
}
