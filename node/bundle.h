/* Bundle files (schema/bundle.h): written safely onto sticks, read with a bound on everything. The
 * frames come from sy_export and go to nd_driver_file_frame; here they are sealed, signed and put
 * into files, and taken out again. */
#ifndef NODE_BUNDLE_H
#define NODE_BUNDLE_H

#include "schema/bundle.h"
#include "sync/export.h"

#define ND_BUNDLE_PART_MAX UINT64_C(0xffffffff) /* what FAT32 holds in one file */
#define ND_BUNDLE_PART_MIN (UINT64_C(1) << 20)
#define ND_BUNDLE_PATH_MAX 4096

/* ---- writing (bundle_out.c) ---- */
struct nd_bundle_spec {
    const struct cr_identity *identity; /* the sender's */
    struct cr_hash net;
    enum sc_bundle_kind kind;
    uint64_t created_ms;
    size_t scope_count;
    const uint64_t *scopes; /* ascending */
    size_t recipient_count; /* 1..CR_BOX_RECIPIENTS_MAX */
    const struct cr_kx_pk *recipients;
    uint64_t part_bytes_max; /* ND_BUNDLE_PART_MIN..; a part may be smaller */
    void *arg;
    void (*progress)(void *arg, uint64_t entries, uint64_t bytes); /* may be NULL */
};
struct nd_bundle_made {
    uint64_t parts, bytes, entries, urgents, oldest_wall_ms, newest_wall_ms;
};

/* The last part of the path is a name that a stick formatted as FAT32 takes. ST_USAGE, saying what
 * is wrong with it. */
int nd_bundle_name_check(const char *path, struct st_err *err) ST_MUST;
/* Writes x as one file or several (FILE.fsb, FILE.2.fsb …); of a receipt only the
 * heads of x are written, one part. Each part is written as NAME.part, synced and only then
 * renamed: under the final name there is a whole file or nothing. ST_EXISTS: a name is taken,
 * nothing is overwritten; ST_FULL, ST_IO (also: the stick was pulled out), ST_READONLY,
 * ST_NOTFOUND; a status of the export. On error parts that were finished stay (made->parts counts
 * them), the unfinished one is gone. With path NULL nothing is written and everything is counted.
 */
int nd_bundle_write(const char *path, const struct nd_bundle_spec *spec, struct sy_export *x,
                    struct nd_bundle_made *made, struct st_err *err) ST_MUST;
/* Name of a part; part 1 is the path itself. ST_RANGE: too long. */
int nd_bundle_part_path(const char *path, uint64_t part,
                        char out[static ND_BUNDLE_PATH_MAX]) ST_MUST;

/* ---- reading (bundle_in.c) ---- */
struct nd_bundle_in;

/* Where the bytes come from: fills at most n, *got 0 at the end. ST_OK or ST_IO. */
struct nd_bundle_source {
    void *arg;
    int (*read)(void *arg, uint8_t *p, size_t n, size_t *got);
};

/* Reads the head and the box. ST_MALFORMED (no bundle), ST_TRUNCATED, ST_VERSION, ST_RANGE, ST_IO,
 * ST_NOMEM. */
int nd_bundle_in_new(const struct nd_bundle_source *source, struct nd_bundle_in **out,
                     struct st_err *err) ST_MUST;
void nd_bundle_in_free(struct nd_bundle_in *in); /* wipes; NULL is allowed */
const struct sc_bundle_head *nd_bundle_in_head(const struct nd_bundle_in *in);

/* Opens the box and reads manifest, heads and first mark. ST_SPACE: of another street; ST_DENIED:
 * sealed for others; ST_FORGED, ST_MALFORMED, ST_TRUNCATED, ST_OVERSIZE, ST_NOMEM. */
int nd_bundle_in_unseal(struct nd_bundle_in *in, const struct cr_identity *id,
                        const struct cr_hash *net, struct st_err *err) ST_MUST;
/* After unseal; the sender's word. */
const struct sc_bundle_manifest *nd_bundle_in_manifest(const struct nd_bundle_in *in);
const struct sc_head *nd_bundle_in_heads(const struct nd_bundle_in *in, size_t *count);

/* The next BATCH or URGENT frame, valid until the next call. ST_NOTFOUND: the end, signed by the
 * sender, *end filled; ST_TRUNCATED: the file ends too early; ST_FORGED, ST_MALFORMED: damaged;
 * ST_IO. err says at which byte of the file. Every frame before a fault has been given. */
int nd_bundle_in_next(struct nd_bundle_in *in, struct cr_span *frame, struct sc_bundle_end *end,
                      struct st_err *err) ST_MUST;
/* Bytes of the file read so far. */
uint64_t nd_bundle_in_bytes(const struct nd_bundle_in *in);

/* A file as a source; not through a device or pipe. ST_NOTFOUND, ST_IO, ST_DENIED, ST_MALFORMED (no
 * regular file). *bytes: its size. Close with nd_bundle_file_close. */
int nd_bundle_file_open(const char *path, struct nd_bundle_source *out, uint64_t *bytes,
                        struct st_err *err) ST_MUST;
void nd_bundle_file_close(struct nd_bundle_source *source);

#endif
