/* Bundle files as they come from a stick. Input: one byte of mode, then
 *
 *   mode even   the file itself, read by the identity it may be sealed for
 *   mode odd    what a sender who may seal for us puts into it: records (length be16 ‖ frame), of
 *               which a frame of the one byte MARK stands for the mark as this sender would sign it
 *               there; mode & 6: reads of the file come whole, in pieces, or end in an error
 *
 * Whatever it is, reading ends, what is given lies within its bounds, and an end is told only
 * behind a signed one. */
#include "crypto/base/assert.h"
#include "node/bundle.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define FILE_MAX 262144

struct file {
    struct cr_span left;
    size_t piece;
    bool breaks; /* at its end, instead of ending */
};

static struct cr_identity sender, reader;
static const struct cr_hash net = {{0x5e}};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const uint8_t a[32] = {1}, b[32] = {2};

    (void)argc;
    (void)argv;
    CR_ASSERT(cr_init(NULL) == ST_OK);
    cr_identity_from_seed(a, &sender);
    cr_identity_from_seed(b, &reader);
    return 0;
}

static int read_piece(void *arg, uint8_t *p, size_t n, size_t *got)
{
    struct file *f = arg;

    n = n < f->piece ? n : f->piece;
    n = n < f->left.n ? n : f->left.n;
    if (n == 0 && f->breaks)
        return ST_IO;
    if (n > 0)
        memcpy(p, f->left.p, n);
    f->left = cr_span_of(f->left.p + n, f->left.n - n);
    *got = n;
    return ST_OK;
}

/* ---- a file around the records ---- */

struct sealing {
    struct cr_stream stream;
    struct cr_hash sum;
    struct cr_buf *out;
};

static void seal(struct sealing *s, struct cr_span frame)
{
    uint8_t length[2];

    cr_store_be16(length, (uint16_t)frame.n);
    CR_ASSERT(cr_stream_seal(&s->stream, cr_span_of(length, 2), s->out) == ST_OK);
    CR_ASSERT(cr_stream_seal(&s->stream, frame, s->out) == ST_OK);
    if (frame.n > 0 && frame.p[0] != SC_BF_MARK)
        sc_bundle_sum(&s->sum, frame);
}

static void seal_records(struct sealing *s, struct cr_span in)
{
    while (in.n >= 2) {
        size_t n = cr_load_be16(in.p);
        struct cr_span frame = cr_span_of(in.p + 2, n < in.n - 2 ? n : in.n - 2);
        struct cr_buf mark;

        cr_buf_init(&mark, SC_FRAME_MAX);
        if (frame.n == 1 && frame.p[0] == SC_BF_MARK) {
            CR_ASSERT(sc_bundle_mark_encode(&sender.sign_sk, &s->sum, &mark) == ST_OK);
            seal(s, cr_buf_span(&mark));
        } else {
            seal(s, frame);
        }
        cr_buf_release(&mark);
        in = cr_span_of(frame.p + frame.n, in.n - 2 - frame.n);
    }
}

/* The head says what the manifest does, if the first record is one. */
static void make_file(struct cr_span in, struct cr_buf *out)
{
    struct sc_bundle_head head = {.kind = SC_BUNDLE_ENTRIES, .part = 1, .recipients = 1};
    uint8_t bytes[SC_BUNDLE_HEAD_BYTES], stream_head[CR_STREAM_HEADER_BYTES];
    struct cr_stream_key key = {{7}};
    struct sc_bundle_manifest m;
    struct sealing s = {.out = out};
    struct cr_buf box;
    size_t bad;

    if (in.n > 3 && in.p[2] == SC_BF_MANIFEST && (size_t)cr_load_be16(in.p) <= in.n - 2 &&
        cr_load_be16(in.p) > 1 &&
        sc_bundle_manifest_decode(cr_span_of(in.p + 3, (size_t)cr_load_be16(in.p) - 1), &m, NULL) ==
            ST_OK) {
        head.kind = m.kind;
        head.part = m.part;
        head.created_ms = m.created_ms;
        head.set = m.set;
    }
    memcpy(head.net8, net.b, sizeof head.net8);
    sc_bundle_head_encode(&head, bytes);
    cr_buf_init(&box, CR_BOX_BYTES(1));
    CR_ASSERT(cr_box_seal(&key, &reader.kx_pk, 1, &bad, &box) == ST_OK);
    sc_bundle_bind(cr_span_of(bytes, sizeof bytes), cr_buf_span(&box), &s.sum);
    cr_stream_seal_init(&s.stream, &key, &s.sum, stream_head);
    CR_ASSERT(cr_buf_append(out, bytes, sizeof bytes) == ST_OK);
    CR_ASSERT(cr_buf_append(out, box.p, box.n) == ST_OK);
    CR_ASSERT(cr_buf_append(out, stream_head, sizeof stream_head) == ST_OK);
    seal_records(&s, in);
    CR_ASSERT(cr_stream_seal_end(&s.stream, out) == ST_OK);
    cr_stream_release(&s.stream);
    cr_buf_release(&box);
}

/* ---- reading ---- */

static void read_all(struct nd_bundle_in *in)
{
    struct sc_bundle_end end = {0};
    struct st_err err = {0};
    struct cr_span frame;
    uint64_t frames = 0;
    size_t heads;
    int rc;

    (void)nd_bundle_in_heads(in, &heads);
    CR_ASSERT(heads == nd_bundle_in_manifest(in)->log_count);
    CR_ASSERT(cr_hash_equal(&nd_bundle_in_manifest(in)->net, &net));
    while ((rc = nd_bundle_in_next(in, &frame, &end, &err)) == ST_OK) {
        CR_ASSERT(frame.n > 0 && frame.n <= SC_FRAME_MAX);
        CR_ASSERT(frame.p[0] == SC_FT_BATCH || frame.p[0] == SC_FT_URGENT);
        frames++;
    }
    if (rc == ST_NOTFOUND)
        CR_ASSERT(end.frames == frames);
    else
        CR_ASSERT(err.code == (enum st_code)rc && err.msg[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct file f = {.piece = FILE_MAX};
    struct nd_bundle_source source = {.arg = &f, .read = read_piece};
    struct nd_bundle_in *in = NULL;
    struct cr_buf file;

    if (n == 0 || n > FILE_MAX / 2)
        return 0;
    cr_buf_init(&file, 4 * FILE_MAX);
    f.left = cr_span_of(p + 1, n - 1);
    f.piece = (p[0] & 6) == 2 ? 1 + p[0] / 8u : FILE_MAX;
    f.breaks = (p[0] & 6) == 4;
    if ((p[0] & 1) != 0) {
        make_file(f.left, &file);
        f.left = cr_buf_span(&file);
    }
    if (nd_bundle_in_new(&source, &in, NULL) == ST_OK) {
        if (nd_bundle_in_unseal(in, &reader, &net, NULL) == ST_OK)
            read_all(in);
        nd_bundle_in_free(in);
    }
    cr_buf_release(&file);
    return 0;
}
