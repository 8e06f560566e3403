#include "node/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <string.h>

#define QUIET 4 /* modules around the code, as the standard wants */

static QRcode *encode(struct cr_span bytes, enum nd_qr_ink ink)
{
    if (bytes.n == 0 || bytes.n > ND_QR_BYTES_MAX) {
        errno = ERANGE;
        return NULL;
    }
    return QRcode_encodeData((int)bytes.n, bytes.p, 0,
                             ink == ND_QR_PAPER ? QR_ECLEVEL_M : QR_ECLEVEL_L);
}

/* Whether the module is dark; x and y count from the corner of the quiet zone. */
static bool dark(const QRcode *q, int x, int y)
{
    x -= QUIET;
    y -= QUIET;
    return x >= 0 && y >= 0 && x < q->width && y < q->width &&
           (q->data[y * q->width + x] & 1u) != 0;
}

static int draw_line(const QRcode *q, int y, enum nd_qr_ink ink, struct cr_buf *out)
{
    static const char *const block[] = {" ", "▄", "▀", "█"};
    bool screen = ink == ND_QR_SCREEN;
    int rc = screen ? cr_buf_append(out, "\x1b[40;97m", 8) : ST_OK;

    for (int x = 0; x < q->width + 2 * QUIET && rc == ST_OK; x++) {
        /* on a screen what is drawn is light */
        unsigned upper = dark(q, x, y) != screen, lower = dark(q, x, y + 1) != screen;
        const char *b = block[2 * upper + lower];

        rc = cr_buf_append(out, b, strlen(b));
    }
    if (rc == ST_OK && screen)
        rc = cr_buf_append(out, "\x1b[0m", 4);
    return rc == ST_OK ? cr_buf_append(out, "\n", 1) : rc;
}

int nd_qr_draw(struct cr_span bytes, enum nd_qr_ink ink, struct cr_buf *out, struct st_err *err)
{
    QRcode *q = encode(bytes, ink);
    size_t before = out->n;
    int rc = ST_OK;

    if (q == NULL)
        return errno == ERANGE ? st_fail(err, ST_RANGE, "QR code: %s",
                                         bytes.n == 0 ? "no text" : "the text is too long")
                               : st_fail(err, ST_NOMEM, "QR code: out of memory");
    for (int y = 0; y < q->width + 2 * QUIET && rc == ST_OK; y += 2)
        rc = draw_line(q, y, ink, out);
    QRcode_free(q);
    if (rc != ST_OK) {
        out->n = before;
        return st_fail(err, (enum st_code)rc, "QR code: %s", st_text((enum st_code)rc));
    }
    return ST_OK;
}

size_t nd_qr_columns(struct cr_span bytes, enum nd_qr_ink ink)
{
    QRcode *q = encode(bytes, ink);
    size_t n = q == NULL ? 0 : (size_t)q->width + (size_t)2 * QUIET;

    QRcode_free(q);
    return n;
}
