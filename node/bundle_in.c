/* Happy path: head, box, stream header; then chunks are opened as they are read, and records taken
 * off the front of the plaintext. Memory is bounded by the pieces read here (32 KiB), one chunk and
 * one record, whatever the file says; the heads alone are kept, and grow only as they arrive.
 *
 * Failure: what was opened before the fault is still given out, record by record; then the fault.
 * Nothing of a chunk that does not verify is ever looked at. */
#include "node/bundle.h"

#include "crypto/base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 32768
#define PLAIN_MAX   (2 * CR_STREAM_SEALED_BYTES + SC_FRAME_MAX + PIECE_BYTES)

enum stage { SEALED, FRONT, ENTRIES, ENDED };

struct nd_bundle_in {
    struct nd_bundle_source source;
    struct sc_bundle_head head;
    uint8_t head_bytes[SC_BUNDLE_HEAD_BYTES];
    struct cr_buf box;
    enum stage stage;
    struct cr_stream stream;
    struct cr_buf plain;
    size_t taken; /* of plain, by the record given last */
    int fault;    /* of the stream: told when plain has no record left */
    uint64_t bytes;
    struct cr_hash sum;
    struct sc_bundle_manifest m;
    struct sc_head *heads;
    size_t head_count, head_cap;
    struct sc_bundle_end counted, end;
    struct sc_bundle_heads *some; /* scratch */
};

/* ---- bytes ---- */

/* Up to n bytes: fewer only at the end of the file. */
static int read_full(struct nd_bundle_in *in, uint8_t *p, size_t n, size_t *got)
{
    *got = 0;
    while (*got < n) {
        size_t some = 0;
        int rc = in->source.read(in->source.arg, p + *got, n - *got, &some);

        if (rc != ST_OK)
            return rc;
        CR_ASSERT(some <= n - *got);
        if (some == 0)
            break;
        *got += some;
        in->bytes += some;
    }
    return ST_OK;
}

static int read_exact(struct nd_bundle_in *in, uint8_t *p, size_t n, struct st_err *err)
{
    size_t got;
    int rc = read_full(in, p, n, &got);

    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "bundle: cannot be read at byte %llu",
                       (unsigned long long)in->bytes);
    return got == n ? ST_OK
                    : st_fail(err, ST_TRUNCATED, "bundle: ends at byte %llu, before any entry",
                              (unsigned long long)in->bytes);
}

static int fail(const struct nd_bundle_in *in, int rc, struct st_err *err)
{
    const char *what = rc == ST_TRUNCATED   ? "ends too early"
                       : rc == ST_FORGED    ? "is damaged"
                       : rc == ST_MALFORMED ? "has bytes behind its end"
                                            : st_text((enum st_code)rc);

    return st_fail(err, (enum st_code)rc, "bundle: %s near byte %llu", what,
                   (unsigned long long)in->bytes);
}

/* One more piece of the file into plain, or the fault. */
static int refill(struct nd_bundle_in *in)
{
    uint8_t piece[PIECE_BYTES];
    size_t got;
    int rc;

    if (in->fault != ST_OK)
        return in->fault;
    rc = read_full(in, piece, sizeof piece, &got);
    if (rc == ST_OK && got > 0)
        rc = cr_stream_open(&in->stream, cr_span_of(piece, got), &in->plain);
    if (rc == ST_OK && got < sizeof piece) {
        rc = cr_stream_open_end(&in->stream, &in->plain);
        in->fault = rc == ST_OK ? ST_NOTFOUND : rc;
        return ST_OK;
    }
    in->fault = rc;
    return ST_OK;
}

/* The next record. ST_NOTFOUND: the stream ended as it should. */
static int next_record(struct nd_bundle_in *in, struct cr_span *frame, struct st_err *err)
{
    size_t used;
    int rc;

    cr_buf_consume(&in->plain, in->taken);
    in->taken = 0;
    for (;;) {
        rc = sc_bundle_record(cr_buf_span(&in->plain), frame, &used);
        if (rc != ST_OK)
            return st_fail(err, (enum st_code)rc, "bundle: a record without length near byte %llu",
                           (unsigned long long)in->bytes);
        if (used > 0)
            break;
        rc = refill(in);
        if (rc == ST_NOTFOUND && in->plain.n > 0)
            return st_fail(err, ST_MALFORMED, "bundle: half a record at its end");
        if (rc == ST_NOTFOUND)
            return rc;
        if (rc != ST_OK)
            return fail(in, rc, err);
    }
    in->taken = used;
    if (frame->p[0] != SC_BF_MARK)
        sc_bundle_sum(&in->sum, *frame);
    return ST_OK;
}

/* ---- front ---- */

int nd_bundle_in_new(const struct nd_bundle_source *source, struct nd_bundle_in **out,
                     struct st_err *err)
{
    struct nd_bundle_in *in = calloc(1, sizeof *in);
    uint8_t *at;
    size_t got;
    int rc;

    if (in == NULL)
        return st_fail(err, ST_NOMEM, "bundle: no memory");
    in->source = *source;
    cr_buf_init(&in->box, CR_BOX_BYTES(CR_BOX_RECIPIENTS_MAX));
    cr_buf_init(&in->plain, PLAIN_MAX);
    rc = read_full(in, in->head_bytes, sizeof in->head_bytes, &got);
    if (rc != ST_OK)
        (void)st_fail(err, (enum st_code)rc, "bundle: cannot be read");
    else
        rc = sc_bundle_head_decode(cr_span_of(in->head_bytes, got), &in->head, err);
    if (rc == ST_OK) {
        rc = cr_buf_extend(&in->box, CR_BOX_BYTES(in->head.recipients), &at);
        if (rc != ST_OK)
            (void)st_fail(err, (enum st_code)rc, "bundle: no memory");
        else
            rc = read_exact(in, at, in->box.n, err);
    }
    if (rc != ST_OK) {
        nd_bundle_in_free(in);
        return rc;
    }
    *out = in;
    return ST_OK;
}

void nd_bundle_in_free(struct nd_bundle_in *in)
{
    if (in == NULL)
        return;
    cr_stream_release(&in->stream);
    if (in->plain.p != NULL)
        cr_wipe(in->plain.p, in->plain.cap);
    cr_buf_release(&in->plain);
    cr_buf_release(&in->box);
    free(in->heads);
    free(in->some);
    free(in);
}

const struct sc_bundle_head *nd_bundle_in_head(const struct nd_bundle_in *in)
{
    return &in->head;
}

static int open_box(struct nd_bundle_in *in, const struct cr_identity *id,
                    const struct cr_hash *net, struct st_err *err)
{
    uint8_t stream_head[CR_STREAM_HEADER_BYTES];
    struct cr_stream_key key;
    int rc;

    if (memcmp(in->head.net8, net->b, sizeof in->head.net8) != 0)
        return st_fail(err, ST_SPACE, "bundle: belongs to another street");
    rc = cr_box_open(cr_buf_span(&in->box), &id->kx_pk, &id->kx_sk, &key);
    if (rc == ST_DENIED)
        return st_fail(err, rc, "bundle: sealed for %zu other node%s, not for this one",
                       in->head.recipients, in->head.recipients == 1 ? "" : "s");
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "bundle: the list of recipients is damaged");
    rc = read_exact(in, stream_head, sizeof stream_head, err);
    if (rc == ST_OK) {
        sc_bundle_bind(cr_span_of(in->head_bytes, sizeof in->head_bytes), cr_buf_span(&in->box),
                       &in->sum);
        cr_stream_open_init(&in->stream, &key, &in->sum, stream_head);
    }
    cr_wipe(&key, sizeof key);
    return rc;
}

/* A record of the front: ST_NOTFOUND cannot be. */
static int front_record(struct nd_bundle_in *in, uint8_t type, struct cr_span *body,
                        struct st_err *err)
{
    struct cr_span frame;
    int rc = next_record(in, &frame, err);

    if (rc == ST_NOTFOUND)
        return st_fail(err, ST_MALFORMED, "bundle: ends before its manifest does");
    if (rc != ST_OK)
        return rc;
    if (frame.p[0] != type)
        return st_fail(err, ST_MALFORMED, "bundle: frame %u where %u belongs", (unsigned)frame.p[0],
                       (unsigned)type);
    *body = cr_span_of(frame.p + 1, frame.n - 1);
    return ST_OK;
}

static int keep_heads(struct nd_bundle_in *in, const struct sc_bundle_heads *some,
                      struct st_err *err)
{
    if (some->count > in->m.log_count - in->head_count)
        return st_fail(err, ST_MALFORMED, "bundle: more heads than it says");
    if (in->head_count > 0 &&
        memcmp(in->heads[in->head_count - 1].id8, some->h[0].id8, sizeof some->h[0].id8) > 0)
        return st_fail(err, ST_MALFORMED, "bundle: heads do not ascend");
    if (in->head_count + some->count > in->head_cap) {
        size_t cap = in->head_cap * 2 + SC_BUNDLE_HEADS_MAX;
        struct sc_head *grown = realloc(in->heads, cap * sizeof *grown);

        if (grown == NULL)
            return st_fail(err, ST_NOMEM, "bundle: no memory");
        in->heads = grown;
        in->head_cap = cap;
    }
    memcpy(in->heads + in->head_count, some->h, some->count * sizeof some->h[0]);
    in->head_count += some->count;
    return ST_OK;
}

static int read_front(struct nd_bundle_in *in, const struct cr_hash *net, struct st_err *err)
{
    struct cr_hash before;
    struct cr_span body;
    int rc = front_record(in, SC_BF_MANIFEST, &body, err);

    if (rc == ST_OK)
        rc = sc_bundle_manifest_decode(body, &in->m, err);
    if (rc == ST_OK)
        rc = sc_bundle_agree(&in->head, &in->m, err);
    if (rc == ST_OK && !cr_hash_equal(&in->m.net, net))
        rc = st_fail(err, ST_SPACE, "bundle: belongs to another street");
    while (rc == ST_OK && in->head_count < in->m.log_count) {
        rc = front_record(in, SC_BF_HEADS, &body, err);
        if (rc == ST_OK)
            rc = sc_bundle_heads_decode(body, in->some, err);
        if (rc == ST_OK)
            rc = keep_heads(in, in->some, err);
    }
    before = in->sum;
    if (rc == ST_OK)
        rc = front_record(in, SC_BF_MARK, &body, err);
    return rc == ST_OK ? sc_bundle_mark_check(body, &in->m.sender, &before, err) : rc;
}

int nd_bundle_in_unseal(struct nd_bundle_in *in, const struct cr_identity *id,
                        const struct cr_hash *net, struct st_err *err)
{
    int rc;

    CR_ASSERT(in->stage == SEALED);
    in->stage = FRONT;
    in->some = malloc(sizeof *in->some);
    if (in->some == NULL)
        return st_fail(err, ST_NOMEM, "bundle: no memory");
    rc = open_box(in, id, net, err);
    if (rc == ST_OK)
        rc = read_front(in, net, err);
    if (rc == ST_OK)
        in->stage = ENTRIES;
    return rc;
}

const struct sc_bundle_manifest *nd_bundle_in_manifest(const struct nd_bundle_in *in)
{
    CR_ASSERT(in->stage >= ENTRIES);
    return &in->m;
}

const struct sc_head *nd_bundle_in_heads(const struct nd_bundle_in *in, size_t *count)
{
    CR_ASSERT(in->stage >= ENTRIES);
    *count = in->head_count;
    return in->heads;
}

uint64_t nd_bundle_in_bytes(const struct nd_bundle_in *in)
{
    return in->bytes;
}

/* ---- entries and end ---- */

static int read_end(struct nd_bundle_in *in, struct cr_span body, struct st_err *err)
{
    struct cr_hash sum;
    struct cr_span rest;
    int rc = sc_bundle_end_decode(body, &in->end, err);

    if (rc == ST_OK && in->end.frames != in->counted.frames)
        rc = st_fail(err, ST_FORGED, "bundle: %llu frames, its end says %llu",
                     (unsigned long long)in->counted.frames, (unsigned long long)in->end.frames);
    if (rc != ST_OK)
        return rc;
    sum = in->sum;
    rc = front_record(in, SC_BF_MARK, &body, err);
    if (rc == ST_OK)
        rc = sc_bundle_mark_check(body, &in->m.sender, &sum, err);
    if (rc != ST_OK)
        return rc;
    rc = next_record(in, &rest, err);
    if (rc == ST_OK)
        return st_fail(err, ST_MALFORMED, "bundle: a frame behind its end");
    if (rc == ST_NOTFOUND)
        in->stage = ENDED;
    return rc;
}

int nd_bundle_in_next(struct nd_bundle_in *in, struct cr_span *frame, struct sc_bundle_end *end,
                      struct st_err *err)
{
    int rc;

    CR_ASSERT(in->stage == ENTRIES);
    rc = next_record(in, frame, err);
    if (rc == ST_NOTFOUND)
        return st_fail(err, ST_TRUNCATED, "bundle: has no end");
    if (rc != ST_OK)
        return rc;
    if (frame->p[0] == SC_BF_END) {
        rc = read_end(in, cr_span_of(frame->p + 1, frame->n - 1), err);
        if (rc == ST_NOTFOUND)
            *end = in->end;
        return rc;
    }
    if ((frame->p[0] != SC_FT_BATCH && frame->p[0] != SC_FT_URGENT) ||
        in->m.kind == SC_BUNDLE_RECEIPT)
        return st_fail(err, ST_MALFORMED, "bundle: frame %u does not belong here",
                       (unsigned)frame->p[0]);
    in->counted.frames++;
    return ST_OK;
}

/* ---- files ---- */

static int read_fd(void *arg, uint8_t *p, size_t n, size_t *got)
{
    const int *fd = arg;
    ssize_t some;

    do
        some = read(*fd, p, n);
    while (some < 0 && errno == EINTR);
    *got = some > 0 ? (size_t)some : 0;
    return some < 0 ? ST_IO : ST_OK;
}

int nd_bundle_file_open(const char *path, struct nd_bundle_source *out, uint64_t *bytes,
                        struct st_err *err)
{
    struct stat st;
    int *fd = malloc(sizeof *fd);

    if (fd == NULL)
        return st_fail(err, ST_NOMEM, "bundle: no memory");
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) {
        free(fd);
        return st_fail(err,
                       errno == ENOENT || errno == ENOTDIR ? ST_NOTFOUND
                       : errno == EACCES                   ? ST_DENIED
                                                           : ST_IO,
                       "%s: %s", path, strerror(errno));
    }
    if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(*fd);
        free(fd);
        return st_fail(err, ST_MALFORMED, "%s: not a file", path);
    }
    *bytes = (uint64_t)st.st_size;
    *out = (struct nd_bundle_source){.arg = fd, .read = read_fd};
    return ST_OK;
}

void nd_bundle_file_close(struct nd_bundle_source *source)
{
    int *fd = source->arg;

    if (fd == NULL)
        return;
    (void)close(*fd);
    free(fd);
    *source = (struct nd_bundle_source){0};
}
