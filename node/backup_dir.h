/* Between a data directory and a backup file (backup.h): what goes in, and how it comes out. */
#ifndef NODE_BACKUP_DIR_H
#define NODE_BACKUP_DIR_H

#include "node/backup.h"
#include "node/store.h"

/* done of total bytes of one step; may be NULL. */
typedef void nd_backup_progress(void *arg, uint64_t done, uint64_t total);

struct nd_backup_job {
    const char *dir;  /* data directory; a node may be running on it */
    const char *file; /* to be made */
    bool with_root;   /* root.key and next-root.key too */
    struct cr_span pass;
    enum cr_pass_preset preset;
    uint64_t now_ms; /* wall clock */
    nd_backup_progress *copied, *written;
    void *arg;
};

/* The store is copied to DIR/backup.tmp (which needs twice its size for a while), then everything
 * goes to FILE.part, which becomes FILE once it is on the disk. *m is the caller's to release;
 * *bytes: size of FILE. ST_EXISTS (FILE is there), ST_UNINIT (no store in DIR), ST_LOCKED (another
 * backup of DIR is being made), ST_FULL, ST_READONLY, ST_IO, ST_NOMEM, ST_RANGE (pass phrase).
 * After an error neither FILE nor what was begun is there. */
int nd_backup_make(const struct nd_backup_job *job, struct nd_backup_manifest *m, uint64_t *bytes,
                   struct st_err *err) ST_MUST;

/* A backup file that is being read; the source of its reader. */
struct nd_backup_input {
    int fd;
    char path[4096];
    uint64_t bytes, done; /* size of the file, read so far */
    nd_backup_progress *progress;
    void *arg;
};
/* ST_NOTFOUND, ST_IO, and those of nd_backup_reader_new. close is allowed after a failed open. */
int nd_backup_input_open(struct nd_backup_input *in, const char *path,
                         struct nd_backup_reader **out, struct st_err *err) ST_MUST;
void nd_backup_input_close(struct nd_backup_input *in);

/* Writes the files of the backup below dir, which exists and is empty, and syncs them. keys false:
 * key files are only looked at (their size and first bytes), not written. Errors of the reader and
 * of the disk, ST_CORRUPT (a key file that is none); what was written stays. */
int nd_backup_unpack(struct nd_backup_reader *r, const char *dir, bool keys,
                     struct st_err *err) ST_MUST;
/* The store of an unpacked backup is the one its manifest tells of. ST_CORRUPT when not. */
int nd_backup_compare(struct nd_store *s, const struct nd_backup_manifest *m,
                      struct st_err *err) ST_MUST;

/* The whole restore: DIR must not exist or be empty (ST_EXISTS). Everything is made in DIR.part,
 * which a restore that was broken off may have left; it becomes DIR at the very end. The store is
 * marked: ND_BACKUP_RESTORED holds when the backup and the restore were made (be64 each). */
#define ND_BACKUP_RESTORED "restored"
int nd_backup_restore(struct nd_backup_reader *r, const char *dir, uint64_t now_ms,
                      struct st_err *err) ST_MUST;
/* Removes a directory with nothing in it but what a data directory has; ST_EXISTS when there is
 * more (that stays). ST_OK when it is not there. */
int nd_backup_discard(const char *dir, struct st_err *err) ST_MUST;

#endif
