/* Bytes (most often a text) as a QR code (ISO/IEC 18004, by libqrencode), drawn with half-block
 * characters: two modules a character, one above the other, the quiet zone of four modules
 * included. */
#ifndef NODE_QR_H
#define NODE_QR_H

#include "crypto/base/buf.h"

#define ND_QR_BYTES_MAX 1000

enum nd_qr_ink {
    ND_QR_PAPER,  /* dark modules are ink: for files that are printed; error correction M */
    ND_QR_SCREEN, /* with colour codes, so that it is dark on light on any terminal; correction L */
};

/* Appends the drawing to out, a line each two rows of modules. 1..ND_QR_BYTES_MAX bytes, in
 * one 8-bit segment. ST_RANGE (length), ST_OVERSIZE (out's cap), ST_NOMEM; out is then as before.
 */
int nd_qr_draw(struct cr_span bytes, enum nd_qr_ink ink, struct cr_buf *out,
               struct st_err *err) ST_MUST;
/* Columns of that drawing on a screen: 29 for the smallest code, 0 when they cannot be drawn. */
size_t nd_qr_columns(struct cr_span bytes, enum nd_qr_ink ink);

#endif
