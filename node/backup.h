/* The backup file: a manifest and the files of a data directory, packed and sealed under a pass
 * phrase. Streaming in both directions with constant memory; BACKUP.md gives the bytes.
 *
 *   writing: nd_backup_lock_new, nd_backup_writer_new, nd_backup_put (the bytes of all files, one
 *            after another, in the order of the manifest), nd_backup_writer_end
 *   reading: nd_backup_reader_new (the clear head), nd_backup_unlock (the pass phrase, then the
 *            manifest), nd_backup_get …, nd_backup_reader_end
 *
 * Every byte is authenticated before it is handed out, so a reader sees exactly a prefix of what
 * was written or a failure that says where in the file it lies. What may follow when the end is cut
 * off is known only at the end: a reader keeps nothing before nd_backup_reader_end said ST_OK. */
#ifndef NODE_BACKUP_H
#define NODE_BACKUP_H

#include "crypto/keys.h"
#include "crypto/pass.h"
#include "schema/limits.h"

#define ND_BACKUP_FILES_MAX    1024
#define ND_BACKUP_NAME_MAX     220 /* "keys/NAME.key" */
#define ND_BACKUP_MANIFEST_MAX (256u << 10)
#define ND_BACKUP_BLOCK_BYTES  65536 /* before packing */
#define ND_BACKUP_SMALL_MAX    65536 /* every file but the store */
#define ND_BACKUP_STORE_MAX    (UINT64_C(1) << 46)
#define ND_BACKUP_STORE        "fengsui.db" /* the first file, always */

struct nd_backup_file {
    char name[ND_BACKUP_NAME_MAX + 1];
    uint64_t bytes;
};

struct nd_backup_manifest {
    char space[SC_NAME_MAX + 1], node[SC_NAME_MAX + 1];
    struct cr_hash net;
    struct cr_sign_pk node_pk;
    uint64_t made_ms;       /* wall clock of the machine that made it */
    uint64_t schema;        /* of the store */
    uint64_t entries, logs; /* in the store */
    struct cr_hash heads;   /* nd_store_heads */
    size_t file_count;
    struct nd_backup_file *file; /* owned: nd_backup_manifest_release */
};

void nd_backup_manifest_release(struct nd_backup_manifest *m);
/* Appends the canonical bytes. ST_NOMEM, ST_OVERSIZE. */
int nd_backup_manifest_encode(const struct nd_backup_manifest *m, struct cr_buf *out) ST_MUST;
/* Strict: what names no file of a data directory, or names one twice or out of order, is refused.
 * ST_MALFORMED, ST_OVERSIZE, ST_RANGE, ST_TRUNCATED, ST_VERSION, ST_NOMEM; *out is then empty. */
int nd_backup_manifest_decode(struct cr_span bytes, struct nd_backup_manifest *out,
                              struct st_err *err) ST_MUST;
/* Whether a backup may hold a file of this name (relative to the data directory). */
bool nd_backup_name_ok(const char *name);

/* Where the file's bytes go to and come from; both as a caller's own file or, in tests, memory.
 * read fills up to n bytes, 0 is the end. */
struct nd_backup_sink {
    void *arg;
    int (*write)(void *arg, struct cr_span bytes, struct st_err *err);
};
struct nd_backup_source {
    void *arg;
    int (*read)(void *arg, uint8_t *p, size_t n, size_t *got, struct st_err *err);
};

struct nd_backup_lock {
    struct cr_pass_params params;
    struct cr_pass_key key; /* secret: cr_wipe the whole struct */
};
/* ST_RANGE (length of the pass phrase), ST_NOMEM. Takes the time of the preset. */
int nd_backup_lock_new(struct cr_span pass, enum cr_pass_preset preset, struct nd_backup_lock *out,
                       struct st_err *err) ST_MUST;

struct nd_backup_writer;
/* Writes head and manifest. Errors of the sink, ST_NOMEM, ST_OVERSIZE. */
int nd_backup_writer_new(const struct nd_backup_lock *lock, const struct nd_backup_manifest *m,
                         const struct nd_backup_sink *sink, struct nd_backup_writer **out,
                         struct st_err *err) ST_MUST;
/* ST_RANGE: more bytes than the manifest announced. */
int nd_backup_put(struct nd_backup_writer *w, struct cr_span bytes, struct st_err *err) ST_MUST;
/* ST_STATE: fewer bytes than announced. */
int nd_backup_writer_end(struct nd_backup_writer *w, struct st_err *err) ST_MUST;
void nd_backup_writer_free(struct nd_backup_writer *w); /* NULL is allowed */

struct nd_backup_reader;
/* Reads the clear head. ST_MALFORMED (not a backup), ST_CORRUPT (its head is damaged),
 * ST_TRUNCATED, ST_VERSION, ST_RANGE (parameters of the pass phrase), errors of the source. */
int nd_backup_reader_new(const struct nd_backup_source *source, struct nd_backup_reader **out,
                         struct st_err *err) ST_MUST;
/* ST_DENIED: the pass phrase is wrong (another may be tried). Then the manifest is read: as
 * nd_backup_get and nd_backup_manifest_decode. unlock_key: the same with the key at hand. */
int nd_backup_unlock(struct nd_backup_reader *r, struct cr_span pass, struct st_err *err) ST_MUST;
int nd_backup_unlock_key(struct nd_backup_reader *r, const struct cr_pass_key *key,
                         struct st_err *err) ST_MUST;
const struct nd_backup_manifest *nd_backup_manifest(const struct nd_backup_reader *r);
/* The next bytes of the files, at most n; *got is 0 only when all were read. ST_CORRUPT, with the
 * place in the file, when something was changed; ST_TRUNCATED; errors of the source. */
int nd_backup_get(struct nd_backup_reader *r, uint8_t *p, size_t n, size_t *got,
                  struct st_err *err) ST_MUST;
/* After the last byte: nothing is missing and nothing follows. */
int nd_backup_reader_end(struct nd_backup_reader *r, struct st_err *err) ST_MUST;
void nd_backup_reader_free(struct nd_backup_reader *r); /* NULL is allowed */

#endif
