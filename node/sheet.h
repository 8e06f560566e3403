/* A recovery sheet for printing: UTF-8 text of at most 80 columns (A4 upright), Chinese and
 * English, with the numbered groups of crypto/sheet.h and the same as a QR code. */
#ifndef NODE_SHEET_H
#define NODE_SHEET_H

#include "crypto/base/buf.h"
#include "crypto/sheet.h"

#define ND_SHEET_BYTES_MAX 65536

struct nd_sheet_info {
    const char *key;   /* name of the key: root, node, zhang */
    const char *name;  /* by its certificate; "" none */
    const char *space; /* name of the space; "" unknown */
    const char *date;  /* when it is printed */
};

/* Appends the sheet. out holds a secret afterwards. ST_NOMEM, ST_OVERSIZE; out is then as before.
 */
int nd_sheet_render(const struct nd_sheet_info *info, const struct cr_identity *id,
                    enum cr_sheet_kind kind, struct cr_buf *out, struct st_err *err) ST_MUST;

#endif
