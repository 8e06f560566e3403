/* From a backup file back to a data directory.
 *
 * Happy path: DIR.part is made, the files are written below it and synced, the store is opened and
 * compared with the manifest, marked as restored and closed; then the directory gets its name.
 *
 * Failure: DIR is never touched before the rename. DIR.part stays when the process dies; the next
 * restore removes it, if there is nothing else in it. */
#include "node/backup_dir.h"
#include "node/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IO_BYTES 65536

/* ---- reading the file ---- */

static int input_read(void *arg, uint8_t *p, size_t n, size_t *got, struct st_err *err)
{
    struct nd_backup_input *in = arg;
    ssize_t now;

    do
        now = read(in->fd, p, n);
    while (now < 0 && errno == EINTR);
    if (now < 0)
        return st_fail(err, ST_IO, "read %s, byte %llu: %s", in->path, (unsigned long long)in->done,
                       strerror(errno));
    *got = (size_t)now;
    in->done += (uint64_t)now;
    if (in->progress != NULL)
        in->progress(in->arg, in->done, in->bytes);
    return ST_OK;
}

int nd_backup_input_open(struct nd_backup_input *in, const char *path,
                         struct nd_backup_reader **out, struct st_err *err)
{
    const struct nd_backup_source source = {.arg = in, .read = input_read};
    struct stat st;

    *in = (struct nd_backup_input){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    (void)snprintf(in->path, sizeof in->path, "%s", path);
    if (in->fd < 0)
        return nd_fs_fail(err, "open", path);
    if (fstat(in->fd, &st) != 0)
        return nd_fs_fail(err, "look at", path);
    if (!S_ISREG(st.st_mode))
        return st_fail(err, ST_MALFORMED, "%s is not a regular file", path);
    in->bytes = (uint64_t)st.st_size;
    return nd_backup_reader_new(&source, out, err);
}

void nd_backup_input_close(struct nd_backup_input *in)
{
    if (in->fd >= 0)
        (void)close(in->fd);
    in->fd = -1;
}

/* ---- unpacking ---- */

static bool is_key(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".key") == 0;
}

/* One file's bytes, to fd (-1: nowhere); the first ones are looked at. */
static int copy_out(struct nd_backup_reader *r, const struct nd_backup_file *f, int fd,
                    uint8_t buffer[static IO_BYTES], struct st_err *err)
{
    uint64_t left = f->bytes;
    bool first = true;

    while (left > 0) {
        size_t got, n = left < IO_BYTES ? (size_t)left : IO_BYTES;
        int rc = nd_backup_get(r, buffer, n, &got, err);

        if (rc != ST_OK)
            return rc;
        if (first && is_key(f->name) && (got < 4 || memcmp(buffer, "FSK", 3) != 0))
            return st_fail(err, ST_CORRUPT, "%s in the backup is not a key file", f->name);
        first = false;
        left -= got;
        rc = fd < 0 ? ST_OK : nd_fs_write(fd, cr_span_of(buffer, got), f->name, err);
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

static int unpack_one(struct nd_backup_reader *r, const struct nd_backup_file *f, const char *dir,
                      bool keys, uint8_t buffer[static IO_BYTES], struct st_err *err)
{
    char path[ND_FS_PATH];
    int fd, rc = nd_fs_join(dir, f->name, path, err);

    if (rc != ST_OK)
        return rc;
    if (!keys && is_key(f->name))
        return copy_out(r, f, -1, buffer, err);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return nd_fs_fail(err, "make", path);
    rc = copy_out(r, f, fd, buffer, err);
    if (rc == ST_OK && fsync(fd) != 0)
        rc = nd_fs_fail(err, "sync", path);
    if (close(fd) != 0 && rc == ST_OK)
        rc = nd_fs_fail(err, "close", path);
    return rc;
}

int nd_backup_unpack(struct nd_backup_reader *r, const char *dir, bool keys, struct st_err *err)
{
    const struct nd_backup_manifest *m = nd_backup_manifest(r);
    uint8_t *buffer = malloc(IO_BYTES);
    char sub[ND_FS_PATH];
    int rc = nd_fs_join(dir, "keys", sub, err);

    if (buffer == NULL)
        rc = st_fail(err, ST_NOMEM, "restore");
    if (rc == ST_OK && keys && mkdir(sub, 0700) != 0)
        rc = nd_fs_fail(err, "make", sub);
    for (size_t i = 0; rc == ST_OK && i < m->file_count; i++)
        rc = unpack_one(r, &m->file[i], dir, keys, buffer, err);
    if (rc == ST_OK)
        rc = nd_backup_reader_end(r, err);
    if (rc == ST_OK && keys)
        rc = nd_fs_sync_dir(sub, err);
    if (rc == ST_OK)
        rc = nd_fs_sync_dir(dir, err);
    if (buffer != NULL)
        cr_wipe(buffer, IO_BYTES);
    free(buffer);
    return rc;
}

int nd_backup_compare(struct nd_store *s, const struct nd_backup_manifest *m, struct st_err *err)
{
    struct nd_store_stats st;
    struct cr_hash heads;
    uint64_t logs;
    int rc = nd_store_stats(s, &st);

    if (rc == ST_OK)
        rc = nd_store_heads(s, &heads, &logs, err);
    if (rc != ST_OK)
        return rc;
    if (!cr_hash_equal(nd_store_net(s), &m->net) || !cr_hash_equal(&heads, &m->heads) ||
        logs != m->logs || st.entries != m->entries)
        return st_fail(err, ST_CORRUPT,
                       "the store in the backup is not the one that its manifest tells of");
    return ST_OK;
}

/* ---- restoring ---- */

int nd_backup_discard(const char *dir, struct st_err *err)
{
    static const char *const more[] = {
        "fengsui.db-wal",         "fengsui.db-shm", "fengsui.db-journal", "fengsui.db.raw",
        "fengsui.db.raw-journal", "anchor",         "anchor.new",         "lock"};
    char path[ND_FS_PATH];
    struct dirent *e;
    DIR *d = opendir(dir);

    if (d == NULL)
        return errno == ENOENT ? ST_OK : nd_fs_fail(err, "open", dir);
    while ((e = readdir(d)) != NULL) {
        bool ours = nd_backup_name_ok(e->d_name);

        for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
            ours = ours || strcmp(more[i], e->d_name) == 0;
        if (ours && nd_fs_join(dir, e->d_name, path, NULL) == ST_OK)
            (void)unlink(path);
    }
    (void)closedir(d);
    if (nd_fs_join(dir, "keys", path, NULL) == ST_OK && (d = opendir(path)) != NULL) {
        while ((e = readdir(d)) != NULL) {
            char key[ND_FS_PATH];

            if (is_key(e->d_name) && nd_fs_join(path, e->d_name, key, NULL) == ST_OK)
                (void)unlink(key);
        }
        (void)closedir(d);
        (void)rmdir(path);
    }
    if (rmdir(dir) != 0)
        return errno == ENOTEMPTY || errno == EEXIST
                   ? st_fail(err, ST_EXISTS, "%s holds other files: move them away first", dir)
                   : nd_fs_fail(err, "remove", dir);
    return ST_OK;
}

/* No such directory, or nothing in it. */
static int check_empty(const char *dir, struct st_err *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int rc = ST_OK;

    if (d == NULL)
        return errno == ENOENT ? ST_OK : nd_fs_fail(err, "open", dir);
    while (rc == ST_OK && (e = readdir(d)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = st_fail(err, ST_EXISTS, "%s is not empty: restore into a new directory", dir);
    (void)closedir(d);
    return rc;
}

/* The unpacked store: opens, is what was promised, and says where it comes from. */
static int settle(const char *part, const struct nd_backup_manifest *m, uint64_t now_ms,
                  struct st_err *err)
{
    struct nd_store_options o = {.dir = part};
    char path[ND_FS_PATH];
    uint8_t when[16];
    struct nd_store *s;
    int rc = nd_store_open(&o, &s, err);

    if (rc != ST_OK)
        return rc;
    cr_store_be64(when, m->made_ms);
    cr_store_be64(when + 8, now_ms);
    rc = nd_backup_compare(s, m, err);
    if (rc == ST_OK)
        rc = nd_store_meta_put(s, ND_BACKUP_RESTORED, cr_span_of(when, sizeof when), err);
    nd_store_close(s);
    /* Not this directory's any more once it has its name: the first start draws an incarnation. */
    if (rc == ST_OK && nd_fs_join(part, "anchor", path, NULL) == ST_OK)
        (void)unlink(path);
    return rc == ST_OK ? nd_fs_sync_dir(part, err) : rc;
}

int nd_backup_restore(struct nd_backup_reader *r, const char *dir, uint64_t now_ms,
                      struct st_err *err)
{
    char target[ND_FS_PATH - 8], part[ND_FS_PATH], parent[ND_FS_PATH];
    size_t n = strlen(dir);
    int rc;

    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (n == 0 || n + 1 > sizeof target)
        return st_fail(err, ST_OVERSIZE, "path too long or empty");
    memcpy(target, dir, n);
    target[n] = '\0';
    (void)snprintf(part, sizeof part, "%s.part", target);
    rc = nd_fs_parent(target, parent, err);
    if (rc == ST_OK)
        rc = check_empty(target, err);
    if (rc == ST_OK)
        rc = nd_backup_discard(part, err);
    if (rc == ST_OK && mkdir(part, 0700) != 0)
        rc = nd_fs_fail(err, "make", part);
    if (rc != ST_OK)
        return rc;
    rc = nd_backup_unpack(r, part, true, err);
    if (rc == ST_OK)
        rc = settle(part, nd_backup_manifest(r), now_ms, err);
    if (rc == ST_OK && rename(part, target) != 0)
        rc = nd_fs_fail(err, "rename to", target);
    if (rc != ST_OK) {
        (void)!nd_backup_discard(part, NULL);
        return rc;
    }
    return nd_fs_sync_dir(parent, err);
}
