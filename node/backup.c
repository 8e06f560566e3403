/* The sealed stream.
 *
 * Happy path of writing: the clear head (parameters of the pass phrase, a check of the key, a sum
 * of itself), then one sealed stream of [length, manifest], [length, packed block] …, [0]. Reading
 * takes one sealed chunk of the file at a time, so that a chunk that does not open is named by its
 * place in the file.
 *
 * Failure: the first one ends writer or reader; what was handed out before stays true. */
#include "node/backup.h"

#include "crypto/base/assert.h"
#include "crypto/stream.h"
#include "schema/pack.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC       "FSBK"
#define MAGIC_BYTES 4
#define VERSION     1
#define PACK_LEVEL  6
#define CHECK_BYTES 16

#define AT_PASS    (MAGIC_BYTES + 1)
#define AT_STREAM  (AT_PASS + CR_PASS_HEADER_BYTES)
#define AT_CHECK   (AT_STREAM + CR_STREAM_HEADER_BYTES)
#define AT_SUM     (AT_CHECK + CHECK_BYTES)
#define HEAD_BYTES (AT_SUM + CHECK_BYTES)

/* A block that does not shrink grows by a little. */
#define PACKED_MAX (ND_BACKUP_BLOCK_BYTES + 1024)
#define OUT_MAX    (4 * CR_STREAM_SEALED_BYTES)

enum use { USE_SUM, USE_BIND, USE_CHECK, USE_KEY }; /* first byte of what is hashed */

static void derive(enum use use, struct cr_span of, struct cr_hash *out)
{
    const uint8_t first = (uint8_t)use;

    cr_hash2(CR_TAG_BACKUP, cr_span_of(&first, 1), of, out);
}

static void derive_key(const struct cr_pass_key *pass, uint8_t check[static CHECK_BYTES],
                       struct cr_stream_key *key)
{
    struct cr_hash h;

    derive(USE_CHECK, cr_span_of(pass->b, sizeof pass->b), &h);
    memcpy(check, h.b, CHECK_BYTES);
    derive(USE_KEY, cr_span_of(pass->b, sizeof pass->b), &h);
    memcpy(key->b, h.b, sizeof key->b);
    cr_wipe(&h, sizeof h);
}

static uint64_t total_bytes(const struct nd_backup_manifest *m)
{
    uint64_t n = 0;

    for (size_t i = 0; i < m->file_count; i++)
        n += m->file[i].bytes; /* at most 2^46 and 1,023 times 64 KiB */
    return n;
}

int nd_backup_lock_new(struct cr_span pass, enum cr_pass_preset preset, struct nd_backup_lock *out,
                       struct st_err *err)
{
    cr_pass_new(preset, &out->params);
    return cr_pass_key(pass, &out->params, &out->key, err);
}

/* ---- writing ---- */

struct nd_backup_writer {
    struct nd_backup_sink sink;
    struct cr_stream stream;
    struct sc_pack *pack;
    struct cr_buf block, packed, out;
    uint64_t left; /* bytes of files still announced */
};

void nd_backup_writer_free(struct nd_backup_writer *w)
{
    if (w == NULL)
        return;
    cr_stream_release(&w->stream);
    sc_pack_free(w->pack);
    if (w->block.p != NULL)
        cr_wipe(w->block.p, w->block.cap);
    cr_buf_release(&w->block);
    cr_buf_release(&w->packed);
    cr_buf_release(&w->out);
    free(w);
}

static int flush(struct nd_backup_writer *w, struct st_err *err)
{
    int rc = w->out.n == 0 ? ST_OK : w->sink.write(w->sink.arg, cr_buf_span(&w->out), err);

    cr_buf_clear(&w->out);
    return rc;
}

/* [length be32, bytes] into the sealed stream. */
static int seal(struct nd_backup_writer *w, struct cr_span bytes, struct st_err *err)
{
    uint8_t length[4];
    int rc;

    cr_store_be32(length, (uint32_t)bytes.n);
    rc = cr_stream_seal(&w->stream, cr_span_of(length, sizeof length), &w->out);
    while (rc == ST_OK && bytes.n > 0) {
        size_t n = bytes.n < CR_STREAM_CHUNK_BYTES ? bytes.n : CR_STREAM_CHUNK_BYTES;

        rc = cr_stream_seal(&w->stream, cr_span_of(bytes.p, n), &w->out);
        if (rc == ST_OK)
            rc = flush(w, err);
        else
            (void)st_fail(err, (enum st_code)rc, "seal");
        bytes = cr_span_of(bytes.p + n, bytes.n - n);
    }
    return rc;
}

static int put_block(struct nd_backup_writer *w, struct st_err *err)
{
    int rc;

    cr_buf_clear(&w->packed);
    rc = sc_pack_flush(w->pack, cr_buf_span(&w->block), &w->packed);
    cr_buf_clear(&w->block);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "pack");
    return seal(w, cr_buf_span(&w->packed), err);
}

/* The clear head, and the stream that is bound to its beginning. */
static int put_head(struct nd_backup_writer *w, const struct nd_backup_lock *lock,
                    struct st_err *err)
{
    uint8_t head[HEAD_BYTES];
    struct cr_stream_key key;
    struct cr_hash bind, sum;

    memcpy(head, MAGIC, MAGIC_BYTES);
    head[MAGIC_BYTES] = VERSION;
    cr_pass_encode(&lock->params, head + AT_PASS);
    derive(USE_BIND, cr_span_of(head, AT_STREAM), &bind);
    derive_key(&lock->key, head + AT_CHECK, &key);
    cr_stream_seal_init(&w->stream, &key, &bind, head + AT_STREAM);
    cr_wipe(&key, sizeof key);
    derive(USE_SUM, cr_span_of(head, AT_SUM), &sum);
    memcpy(head + AT_SUM, sum.b, CHECK_BYTES);
    return w->sink.write(w->sink.arg, cr_span_of(head, sizeof head), err);
}

int nd_backup_writer_new(const struct nd_backup_lock *lock, const struct nd_backup_manifest *m,
                         const struct nd_backup_sink *sink, struct nd_backup_writer **out,
                         struct st_err *err)
{
    struct nd_backup_writer *w = calloc(1, sizeof *w);
    struct cr_buf manifest;
    int rc;

    if (w == NULL)
        return st_fail(err, ST_NOMEM, "backup");
    w->sink = *sink;
    w->left = total_bytes(m);
    cr_buf_init(&w->block, ND_BACKUP_BLOCK_BYTES);
    cr_buf_init(&w->packed, PACKED_MAX);
    cr_buf_init(&w->out, OUT_MAX);
    cr_buf_init(&manifest, ND_BACKUP_MANIFEST_MAX);
    w->pack = sc_pack_new(PACK_LEVEL);
    rc = w->pack == NULL ? ST_NOMEM : nd_backup_manifest_encode(m, &manifest);
    if (rc != ST_OK)
        rc = st_fail(err, (enum st_code)rc, "manifest");
    if (rc == ST_OK)
        rc = put_head(w, lock, err);
    if (rc == ST_OK)
        rc = seal(w, cr_buf_span(&manifest), err);
    cr_buf_release(&manifest);
    if (rc != ST_OK) {
        nd_backup_writer_free(w);
        return rc;
    }
    *out = w;
    return ST_OK;
}

int nd_backup_put(struct nd_backup_writer *w, struct cr_span bytes, struct st_err *err)
{
    int rc = ST_OK;

    if (bytes.n > w->left)
        return st_fail(err, ST_RANGE, "more bytes than were announced");
    w->left -= bytes.n;
    while (rc == ST_OK && bytes.n > 0) {
        size_t room = ND_BACKUP_BLOCK_BYTES - w->block.n;
        size_t n = bytes.n < room ? bytes.n : room;

        rc = cr_buf_append(&w->block, bytes.p, n);
        if (rc != ST_OK)
            return st_fail(err, (enum st_code)rc, "backup");
        bytes = cr_span_of(bytes.p + n, bytes.n - n);
        if (w->block.n == ND_BACKUP_BLOCK_BYTES)
            rc = put_block(w, err);
    }
    return rc;
}

int nd_backup_writer_end(struct nd_backup_writer *w, struct st_err *err)
{
    int rc = ST_OK;

    if (w->left > 0)
        return st_fail(err, ST_STATE, "%llu bytes fewer than were announced",
                       (unsigned long long)w->left);
    if (w->block.n > 0)
        rc = put_block(w, err);
    if (rc == ST_OK)
        rc = seal(w, cr_span_of(NULL, 0), err);
    if (rc == ST_OK) {
        rc = cr_stream_seal_end(&w->stream, &w->out);
        if (rc != ST_OK)
            return st_fail(err, (enum st_code)rc, "seal");
        rc = flush(w, err);
    }
    return rc;
}

/* ---- reading ---- */

struct nd_backup_reader {
    struct nd_backup_source source;
    uint8_t head[HEAD_BYTES];
    struct cr_pass_params params;
    struct cr_stream stream;
    struct sc_unpack *unpack;
    struct nd_backup_manifest m;
    struct cr_buf plain, block; /* opened and not yet used; unpacked and not yet handed out */
    size_t block_at;
    uint64_t offset; /* of the file: what was read */
    uint64_t left;   /* bytes of files still to come */
    bool at_end;     /* of the file, and the stream was whole */
    bool closed;     /* the empty block was seen */
};

void nd_backup_reader_free(struct nd_backup_reader *r)
{
    if (r == NULL)
        return;
    cr_stream_release(&r->stream);
    sc_unpack_free(r->unpack);
    nd_backup_manifest_release(&r->m);
    if (r->plain.p != NULL)
        cr_wipe(r->plain.p, r->plain.cap);
    if (r->block.p != NULL)
        cr_wipe(r->block.p, r->block.cap);
    cr_buf_release(&r->plain);
    cr_buf_release(&r->block);
    free(r);
}

/* As many as there are, up to n. */
static int read_some(struct nd_backup_reader *r, uint8_t *p, size_t n, size_t *got,
                     struct st_err *err)
{
    *got = 0;
    while (*got < n) {
        size_t now = 0;
        int rc = r->source.read(r->source.arg, p + *got, n - *got, &now, err);

        if (rc != ST_OK)
            return rc;
        if (now == 0)
            break;
        *got += now;
    }
    r->offset += *got;
    return ST_OK;
}

static int check_head(struct nd_backup_reader *r, size_t got, struct st_err *err)
{
    struct cr_hash sum;

    if (got < MAGIC_BYTES || memcmp(r->head, MAGIC, MAGIC_BYTES) != 0)
        return st_fail(err, ST_MALFORMED, "this is not a backup of fengsui");
    if (got > MAGIC_BYTES && r->head[MAGIC_BYTES] > VERSION)
        return st_fail(err, ST_VERSION, "the backup has format %u, this program knows %d",
                       (unsigned)r->head[MAGIC_BYTES], VERSION);
    if (got < HEAD_BYTES)
        return st_fail(err, ST_TRUNCATED, "the backup is cut off after byte %zu, in its head", got);
    derive(USE_SUM, cr_span_of(r->head, AT_SUM), &sum);
    if (memcmp(sum.b, r->head + AT_SUM, CHECK_BYTES) != 0 || r->head[MAGIC_BYTES] != VERSION)
        return st_fail(err, ST_CORRUPT, "the head of the backup (its first %d bytes) is damaged",
                       HEAD_BYTES);
    return cr_pass_decode(r->head + AT_PASS, &r->params, err);
}

int nd_backup_reader_new(const struct nd_backup_source *source, struct nd_backup_reader **out,
                         struct st_err *err)
{
    struct nd_backup_reader *r = calloc(1, sizeof *r);
    size_t got = 0;
    int rc;

    if (r == NULL)
        return st_fail(err, ST_NOMEM, "backup");
    r->source = *source;
    cr_buf_init(&r->plain, OUT_MAX + ND_BACKUP_MANIFEST_MAX);
    cr_buf_init(&r->block, ND_BACKUP_BLOCK_BYTES);
    rc = read_some(r, r->head, sizeof r->head, &got, err);
    if (rc == ST_OK)
        rc = check_head(r, got, err);
    if (rc == ST_OK && (r->unpack = sc_unpack_new()) == NULL)
        rc = st_fail(err, ST_NOMEM, "backup");
    if (rc != ST_OK) {
        nd_backup_reader_free(r);
        return rc;
    }
    *out = r;
    return ST_OK;
}

/* Opens the next sealed chunk of the file. */
static int more(struct nd_backup_reader *r, struct st_err *err)
{
    uint8_t sealed[CR_STREAM_SEALED_BYTES];
    uint64_t from = r->offset;
    size_t got = 0;
    int rc;

    if (r->at_end)
        return st_fail(err, ST_CORRUPT, "the backup ends before what its manifest announces");
    rc = read_some(r, sealed, sizeof sealed, &got, err);
    if (rc != ST_OK)
        return rc;
    rc = cr_stream_open(&r->stream, cr_span_of(sealed, got), &r->plain);
    if (rc == ST_OK && got < sizeof sealed) {
        rc = cr_stream_open_end(&r->stream, &r->plain);
        r->at_end = rc == ST_OK;
    }
    if (rc == ST_OK)
        return ST_OK;
    if (rc == ST_NOMEM)
        return st_fail(err, ST_NOMEM, "backup");
    if (rc == ST_TRUNCATED)
        return st_fail(err, ST_TRUNCATED,
                       "the backup is cut off, or damaged, from byte %llu on (it has %llu)",
                       (unsigned long long)from, (unsigned long long)r->offset);
    return st_fail(err, ST_CORRUPT, "the backup is damaged between byte %llu and byte %llu",
                   (unsigned long long)from, (unsigned long long)r->offset);
}

/* Exactly n opened bytes, consumed by the caller. */
static int want(struct nd_backup_reader *r, size_t n, struct st_err *err)
{
    int rc = ST_OK;

    while (rc == ST_OK && r->plain.n < n)
        rc = more(r, err);
    return rc;
}

static int read_manifest(struct nd_backup_reader *r, struct st_err *err)
{
    uint32_t n;
    int rc = want(r, 4, err);

    if (rc != ST_OK)
        return rc;
    n = cr_load_be32(r->plain.p);
    if (n > ND_BACKUP_MANIFEST_MAX)
        return st_fail(err, ST_OVERSIZE, "a manifest of %lu bytes; at most %u", (unsigned long)n,
                       ND_BACKUP_MANIFEST_MAX);
    cr_buf_consume(&r->plain, 4);
    rc = want(r, n, err);
    if (rc == ST_OK)
        rc = nd_backup_manifest_decode(cr_span_of(r->plain.p, n), &r->m, err);
    if (rc == ST_OK) {
        cr_buf_consume(&r->plain, n);
        r->left = total_bytes(&r->m);
    }
    return rc;
}

int nd_backup_unlock_key(struct nd_backup_reader *r, const struct cr_pass_key *pass,
                         struct st_err *err)
{
    uint8_t check[CHECK_BYTES];
    struct cr_stream_key key;
    struct cr_hash bind;
    bool same;

    CR_ASSERT(r->m.file == NULL);
    derive_key(pass, check, &key);
    same = cr_secret_equal(check, r->head + AT_CHECK, sizeof check);
    if (same) {
        derive(USE_BIND, cr_span_of(r->head, AT_STREAM), &bind);
        cr_stream_open_init(&r->stream, &key, &bind, r->head + AT_STREAM);
    }
    cr_wipe(&key, sizeof key);
    cr_wipe(check, sizeof check);
    return same ? read_manifest(r, err) : st_fail(err, ST_DENIED, "the pass phrase is wrong");
}

int nd_backup_unlock(struct nd_backup_reader *r, struct cr_span pass, struct st_err *err)
{
    struct cr_pass_key key;
    int rc = cr_pass_key(pass, &r->params, &key, err);

    if (rc == ST_OK)
        rc = nd_backup_unlock_key(r, &key, err);
    cr_wipe(&key, sizeof key);
    return rc;
}

const struct nd_backup_manifest *nd_backup_manifest(const struct nd_backup_reader *r)
{
    return &r->m;
}

/* The next block, unpacked; none when the mark of the end was read. */
static int next_block(struct nd_backup_reader *r, struct st_err *err)
{
    uint32_t n;
    int rc;

    cr_buf_clear(&r->block);
    r->block_at = 0;
    rc = want(r, 4, err);
    if (rc != ST_OK)
        return rc;
    n = cr_load_be32(r->plain.p);
    if (n > PACKED_MAX)
        return st_fail(err, ST_OVERSIZE, "a packed block of %lu bytes", (unsigned long)n);
    cr_buf_consume(&r->plain, 4);
    if (n == 0) {
        r->closed = true;
        return ST_OK;
    }
    rc = want(r, n, err);
    if (rc != ST_OK)
        return rc;
    rc = sc_unpack_block(r->unpack, cr_span_of(r->plain.p, n), ND_BACKUP_BLOCK_BYTES, &r->block);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "a packed block before byte %llu: %s",
                       (unsigned long long)r->offset, st_text((enum st_code)rc));
    cr_buf_consume(&r->plain, n);
    return ST_OK;
}

int nd_backup_get(struct nd_backup_reader *r, uint8_t *p, size_t n, size_t *got, struct st_err *err)
{
    int rc = ST_OK;

    *got = 0;
    while (rc == ST_OK && r->left > 0 && r->block_at == r->block.n) {
        rc = r->closed ? st_fail(err, ST_CORRUPT, "the files are shorter than the manifest says")
                       : next_block(r, err);
        if (rc == ST_OK && r->block.n > r->left)
            rc = st_fail(err, ST_CORRUPT, "the files are longer than the manifest says");
    }
    if (rc != ST_OK || r->left == 0)
        return rc;
    *got = r->block.n - r->block_at < n ? r->block.n - r->block_at : n;
    memcpy(p, r->block.p + r->block_at, *got);
    r->block_at += *got;
    r->left -= *got;
    return ST_OK;
}

int nd_backup_reader_end(struct nd_backup_reader *r, struct st_err *err)
{
    int rc = ST_OK;

    if (r->left > 0)
        return st_fail(err, ST_STATE, "%llu bytes were not read", (unsigned long long)r->left);
    if (!r->closed)
        rc = next_block(r, err);
    if (rc == ST_OK && !r->closed)
        return st_fail(err, ST_CORRUPT, "the files are longer than the manifest says");
    while (rc == ST_OK && !r->at_end && r->plain.n == 0)
        rc = more(r, err);
    if (rc == ST_OK && r->plain.n > 0)
        rc = st_fail(err, ST_CORRUPT, "bytes follow the end of the backup");
    return rc;
}
