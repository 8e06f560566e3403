/* Happy path: NAME.part is made, head and box go in as they are, every frame through the stream;
 * end, fsync, rename, fsync of the directory. A part that would become too large is ended and the
 * next begun; each part is a bundle of its own.
 *
 * Failure, whatever it is (a full stick, a stick pulled out): NAME.part is removed, if it still can
 * be, and the final name never exists. */
#include "node/bundle.h"

#include "crypto/base/assert.h"
#include "node/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_SLACK 4096 /* end, mark and what the stream adds */

struct out {
    const struct nd_bundle_spec *spec;
    const char *path;
    char final[ND_BUNDLE_PATH_MAX], temp[ND_BUNDLE_PATH_MAX];
    int fd; /* -1: nothing is written, only counted */
    bool begun;
    struct sc_id set;
    uint64_t part, part_bytes;
    struct cr_stream stream;
    struct cr_hash sum;
    struct cr_buf sealed; /* on its way to the disk */
    struct cr_buf frame;  /* small frames made here */
    struct nd_bundle_made *made;
};

/* A place where nothing may be written is a protected stick. */
static int os_fail(struct st_err *err, const char *what, const char *path)
{
    int rc = nd_fs_fail(err, what, path);

    if (rc != ST_DENIED)
        return rc;
    if (err != NULL)
        err->code = ST_READONLY;
    return ST_READONLY;
}

int nd_bundle_name_check(const char *path, struct st_err *err)
{
    static const char *const device[] = {"con", "prn", "aux", "nul"};
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t n = strlen(name);

    if (n == 0 || n > 200)
        return st_fail(err, ST_USAGE, "the file name must have 1 to 200 bytes");
    if (!cr_utf8_valid((const uint8_t *)name, n))
        return st_fail(err, ST_USAGE, "the file name is not UTF-8");
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < 0x20 || strchr("\\:*?\"<>|", name[i]) != NULL)
            return st_fail(err, ST_USAGE, "a stick (FAT32) takes no '%c' in a name",
                           (unsigned char)name[i] < 0x20 ? '?' : name[i]);
    }
    if (name[n - 1] == '.' || name[n - 1] == ' ')
        return st_fail(err, ST_USAGE, "a stick (FAT32) takes no name that ends with '%c'",
                       name[n - 1]);
    for (size_t i = 0; i < sizeof device / sizeof device[0]; i++) {
        size_t k = strlen(device[i]);
        bool same = n >= k && (name[k] == '\0' || name[k] == '.');

        for (size_t c = 0; same && c < k; c++)
            same = (name[c] | 0x20) == device[i][c];
        if (same)
            return st_fail(err, ST_USAGE, "'%s' is a device name elsewhere: take another", name);
    }
    return ST_OK;
}

int nd_bundle_part_path(const char *path, uint64_t part, char out[static ND_BUNDLE_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');
    int stem = (int)strlen(path), n;

    if (dot != NULL && dot != path && (slash == NULL || dot > slash + 1))
        stem = (int)(dot - path);
    if (part == 1)
        n = snprintf(out, ND_BUNDLE_PATH_MAX, "%s", path);
    else
        n = snprintf(out, ND_BUNDLE_PATH_MAX, "%.*s.%llu%s", stem, path, (unsigned long long)part,
                     path + stem);
    return n < 0 || n + 6 >= ND_BUNDLE_PATH_MAX ? ST_RANGE : ST_OK;
}

static int write_out(struct out *o, struct cr_span bytes, struct st_err *err)
{
    o->part_bytes += bytes.n;
    o->made->bytes += bytes.n;
    return o->fd < 0 ? ST_OK : nd_fs_write(o->fd, bytes, o->temp, err);
}

static int put(struct out *o, struct cr_span frame, struct st_err *err)
{
    uint8_t length[2];
    int rc;

    CR_ASSERT(frame.n > 0 && frame.n <= SC_FRAME_MAX);
    cr_store_be16(length, (uint16_t)frame.n);
    cr_buf_clear(&o->sealed);
    rc = cr_stream_seal(&o->stream, cr_span_of(length, sizeof length), &o->sealed);
    if (rc == ST_OK)
        rc = cr_stream_seal(&o->stream, frame, &o->sealed);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "seal: %s", st_text((enum st_code)rc));
    if (frame.p[0] != SC_BF_MARK)
        sc_bundle_sum(&o->sum, frame);
    return write_out(o, cr_buf_span(&o->sealed), err);
}

/* The frame in o->frame, when making it worked. */
static int put_made(struct out *o, int rc, struct st_err *err)
{
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "make a frame: %s", st_text((enum st_code)rc));
    return put(o, cr_buf_span(&o->frame), err);
}

static int put_mark(struct out *o, struct st_err *err)
{
    cr_buf_clear(&o->frame);
    return put_made(o, sc_bundle_mark_encode(&o->spec->identity->sign_sk, &o->sum, &o->frame), err);
}

/* ---- a part ---- */

static int make_file(struct out *o, struct st_err *err)
{
    struct stat st;
    int n;

    o->fd = -1;
    if (o->path == NULL)
        return ST_OK;
    if (nd_bundle_part_path(o->path, o->part, o->final) != ST_OK)
        return st_fail(err, ST_RANGE, "the path is too long");
    n = snprintf(o->temp, sizeof o->temp, "%s.part", o->final);
    if (n < 0 || (size_t)n >= sizeof o->temp)
        return st_fail(err, ST_RANGE, "the path is too long");
    if (lstat(o->final, &st) == 0)
        return st_fail(err, ST_EXISTS, "%s is there already; nothing is overwritten", o->final);
    o->fd = open(o->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return o->fd < 0 ? os_fail(err, "make", o->temp) : ST_OK;
}

static int put_front(struct out *o, struct st_err *err)
{
    const struct nd_bundle_spec *s = o->spec;
    struct sc_bundle_head head = {.kind = s->kind,
                                  .part = o->part,
                                  .created_ms = s->created_ms,
                                  .set = o->set,
                                  .recipients = s->recipient_count};
    uint8_t bytes[SC_BUNDLE_HEAD_BYTES], stream_head[CR_STREAM_HEADER_BYTES];
    struct cr_stream_key key;
    struct cr_buf box;
    size_t bad = 0;
    int rc;

    memcpy(head.net8, s->net.b, sizeof head.net8);
    sc_bundle_head_encode(&head, bytes);
    cr_buf_init(&box, CR_BOX_BYTES(CR_BOX_RECIPIENTS_MAX));
    cr_random(key.b, sizeof key.b);
    rc = cr_box_seal(&key, s->recipients, s->recipient_count, &bad, &box);
    if (rc == ST_OK) {
        sc_bundle_bind(cr_span_of(bytes, sizeof bytes), cr_buf_span(&box), &o->sum);
        cr_stream_seal_init(&o->stream, &key, &o->sum, stream_head);
        rc = write_out(o, cr_span_of(bytes, sizeof bytes), err);
        if (rc == ST_OK)
            rc = write_out(o, cr_buf_span(&box), err);
        if (rc == ST_OK)
            rc = write_out(o, cr_span_of(stream_head, sizeof stream_head), err);
    } else {
        (void)st_fail(err, (enum st_code)rc, "seal for recipient %zu: %s", bad + 1,
                      st_text((enum st_code)rc));
    }
    cr_wipe(&key, sizeof key);
    cr_buf_release(&box);
    return rc;
}

static int put_heads(struct out *o, const struct sc_head *heads, size_t count, struct st_err *err)
{
    int rc = ST_OK;

    for (size_t at = 0; rc == ST_OK && at < count; at += SC_BUNDLE_HEADS_MAX) {
        size_t n = count - at < SC_BUNDLE_HEADS_MAX ? count - at : SC_BUNDLE_HEADS_MAX;

        cr_buf_clear(&o->frame);
        rc = put_made(o, sc_bundle_heads_encode(heads + at, n, &o->frame), err);
    }
    return rc;
}

static int begin_part(struct out *o, const struct sy_export *x, struct st_err *err)
{
    const struct nd_bundle_spec *s = o->spec;
    struct sc_bundle_manifest m = {.net = s->net,
                                   .sender = s->identity->sign_pk,
                                   .created_ms = s->created_ms,
                                   .set = o->set,
                                   .part = ++o->part,
                                   .kind = s->kind,
                                   .scope_count = s->scope_count};
    const struct sc_head *heads;
    size_t head_count;
    int rc;

    if (o->part > SC_BUNDLE_PARTS_MAX)
        return st_fail(err, ST_OVERSIZE, "more than %d parts: make them larger",
                       SC_BUNDLE_PARTS_MAX);
    heads = sy_export_heads(x, &head_count);
    if (head_count > SC_BUNDLE_LOGS_MAX)
        return st_fail(err, ST_OVERSIZE, "%zu logs, %d fit a bundle", head_count,
                       SC_BUNDLE_LOGS_MAX);
    m.log_count = head_count;
    memcpy(m.scopes, s->scopes, s->scope_count * sizeof m.scopes[0]);
    o->part_bytes = 0;
    rc = make_file(o, err);
    if (rc != ST_OK)
        return rc;
    o->begun = true;
    rc = put_front(o, err);
    if (rc != ST_OK)
        return rc;
    cr_buf_clear(&o->frame);
    rc = put_made(o, sc_bundle_manifest_encode(&m, &o->frame), err);
    if (rc == ST_OK)
        rc = put_heads(o, heads, head_count, err);
    return rc == ST_OK ? put_mark(o, err) : rc;
}

/* The directory, too, has to know the new name; some file systems of sticks cannot do that. */
static void sync_dir(const char *path)
{
    char dir[ND_FS_PATH];
    int rc = nd_fs_parent(path, dir, NULL);

    if (rc == ST_OK)
        rc = nd_fs_sync_dir(dir, NULL);
    (void)rc;
}

static int put_in_place(struct out *o, struct st_err *err)
{
    int rc = ST_OK, fd = o->fd;

    if (fd < 0)
        return ST_OK;
    if (fsync(fd) != 0)
        rc = os_fail(err, "sync", o->temp);
    o->fd = -1;
    if (close(fd) != 0 && rc == ST_OK)
        rc = os_fail(err, "close", o->temp);
    if (rc == ST_OK && rename(o->temp, o->final) != 0)
        rc = os_fail(err, "rename to", o->final);
    if (rc == ST_OK)
        sync_dir(o->final);
    else
        (void)unlink(o->temp);
    return rc;
}

static int end_part(struct out *o, const struct sy_export_count *n, bool more, struct st_err *err)
{
    struct sc_bundle_end end = {
        .frames = n->frames, .entries = n->entries, .urgents = n->urgents, .more = more};
    int rc;

    cr_buf_clear(&o->frame);
    rc = put_made(o, sc_bundle_end_encode(&end, &o->frame), err);
    if (rc == ST_OK)
        rc = put_mark(o, err);
    if (rc != ST_OK)
        return rc;
    cr_buf_clear(&o->sealed);
    rc = cr_stream_seal_end(&o->stream, &o->sealed);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "seal: %s", st_text((enum st_code)rc));
    rc = write_out(o, cr_buf_span(&o->sealed), err);
    if (rc == ST_OK)
        rc = put_in_place(o, err);
    if (rc != ST_OK)
        return rc;
    o->begun = false;
    o->made->parts++;
    o->made->entries += n->entries;
    o->made->urgents += n->urgents;
    if (n->oldest_wall_ms != 0 &&
        (o->made->oldest_wall_ms == 0 || n->oldest_wall_ms < o->made->oldest_wall_ms))
        o->made->oldest_wall_ms = n->oldest_wall_ms;
    if (n->newest_wall_ms > o->made->newest_wall_ms)
        o->made->newest_wall_ms = n->newest_wall_ms;
    return ST_OK;
}

/* Frame after frame; *n is the count of the part that is open at the end. */
static int put_entries(struct out *o, struct sy_export *x, struct cr_buf *frame,
                       struct sy_export_count *n, struct st_err *err)
{
    int rc;

    for (;;) {
        /* a frame made for this part cannot go into the next: its logs are named here */
        bool full = o->part_bytes + SC_FRAME_MAX + CR_STREAM_SEALED_BYTES + PART_SLACK >
                    o->spec->part_bytes_max;

        sy_export_counted(x, n);
        if (full)
            sy_export_part(x);
        rc = sy_export_next(x, frame, err);
        if (rc != ST_OK)
            break;
        if (full) {
            rc = end_part(o, n, true, err);
            if (rc == ST_OK)
                rc = begin_part(o, x, err);
        }
        if (rc == ST_OK)
            rc = put(o, cr_buf_span(frame), err);
        if (rc != ST_OK)
            return rc;
        sy_export_counted(x, n);
        if (o->spec->progress != NULL)
            o->spec->progress(o->spec->arg, o->made->entries + n->entries, o->made->bytes);
    }
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

int nd_bundle_write(const char *path, const struct nd_bundle_spec *spec, struct sy_export *x,
                    struct nd_bundle_made *made, struct st_err *err)
{
    struct out o = {.spec = spec, .path = path, .fd = -1, .made = made};
    struct sy_export_count n = {0};
    struct cr_buf frame;
    int rc;

    CR_ASSERT(spec->part_bytes_max >= ND_BUNDLE_PART_MIN);
    memset(made, 0, sizeof *made);
    cr_random(o.set.b, sizeof o.set.b);
    cr_buf_init(&o.sealed, 3 * CR_STREAM_SEALED_BYTES);
    cr_buf_init(&o.frame, SC_FRAME_MAX);
    cr_buf_init(&frame, SC_FRAME_MAX);
    rc = begin_part(&o, x, err);
    if (rc == ST_OK && spec->kind == SC_BUNDLE_ENTRIES)
        rc = put_entries(&o, x, &frame, &n, err);
    if (rc == ST_OK)
        rc = end_part(&o, &n, false, err);
    if (rc != ST_OK && o.begun && path != NULL) {
        if (o.fd >= 0)
            (void)close(o.fd);
        (void)unlink(o.temp);
    }
    cr_stream_release(&o.stream);
    cr_buf_release(&o.sealed);
    cr_buf_release(&o.frame);
    cr_buf_release(&frame);
    return rc;
}
