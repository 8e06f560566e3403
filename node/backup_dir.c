/* Making a backup file of a data directory, and reading its bytes back.
 *
 * Happy path: one backup at a time (a lock on the directory), copy of the store, its numbers for
 * the manifest, the small files read whole, all of it through the writer to FILE.part, sync,
 * rename, sync of the directory.
 *
 * Failure: FILE.part and the copy are removed; a process that was killed leaves them, and the next
 * backup begins by removing its own leftovers. */
#include "node/backup_dir.h"
#include "node/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define IO_BYTES    65536
#define ROOM_SPARED (8u << 20) /* of the disk, for the node itself */
#define COPY_DIR    "backup.tmp"

/* ---- what goes in ---- */

/* A small file whole, appended to bytes; its size in the list. A missing one is left out. */
static int add_small(struct nd_backup_manifest *m, const char *dir, const char *name,
                     struct cr_buf *bytes, struct st_err *err)
{
    struct nd_backup_file *f = &m->file[m->file_count];
    char path[ND_FS_PATH];
    size_t before = bytes->n;
    uint8_t *at;
    int fd, rc = nd_fs_join(dir, name, path, err);

    if (rc != ST_OK)
        return rc;
    if (!nd_backup_name_ok(name))
        return st_fail(err, ST_MALFORMED, "%s: a key of this name cannot be backed up", path);
    if (m->file_count == ND_BACKUP_FILES_MAX)
        return st_fail(err, ST_OVERSIZE, "more than %d key files", ND_BACKUP_FILES_MAX - 1);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? ST_OK : nd_fs_fail(err, "open", path);
    for (;;) {
        ssize_t n;

        rc = cr_buf_extend(bytes, 4096, &at);
        if (rc != ST_OK || bytes->n - before > ND_BACKUP_SMALL_MAX + 4096) {
            rc = st_fail(err, rc == ST_NOMEM ? ST_NOMEM : ST_OVERSIZE, "%s: too large", path);
            break;
        }
        n = read(fd, at, 4096);
        bytes->n -= n > 0 ? 4096 - (size_t)n : 4096;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = nd_fs_fail(err, "read", path);
        if (n <= 0)
            break;
    }
    (void)close(fd);
    if (rc == ST_OK && bytes->n - before > ND_BACKUP_SMALL_MAX)
        rc = st_fail(err, ST_OVERSIZE, "%s: too large", path);
    if (rc != ST_OK)
        return rc;
    (void)snprintf(f->name, sizeof f->name, "%s", name);
    f->bytes = bytes->n - before;
    m->file_count++;
    return ST_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of DIR/keys that end in .key, as keys/NAME; owned by the caller. */
static int key_names(const char *dir, char ***out, size_t *count, struct st_err *err)
{
    char path[ND_FS_PATH];
    char **list = NULL;
    struct dirent *e;
    DIR *d;
    int rc = nd_fs_join(dir, "keys", path, err);

    *out = NULL;
    *count = 0;
    if (rc != ST_OK)
        return rc;
    d = opendir(path);
    if (d == NULL)
        return errno == ENOENT ? ST_OK : nd_fs_fail(err, "open", path);
    while (rc == ST_OK && (e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);
        char **more;

        if (n <= 4 || strcmp(e->d_name + n - 4, ".key") != 0)
            continue;
        more = realloc(list, (*count + 1) * sizeof *list);
        list = more == NULL ? list : more;
        if (more == NULL || (list[*count] = malloc(n + 6)) == NULL) {
            rc = st_fail(err, ST_NOMEM, "backup");
            break;
        }
        (void)snprintf(list[*count], n + 6, "keys/%s", e->d_name);
        ++*count;
    }
    (void)closedir(d);
    if (*count > 0)
        qsort(list, *count, sizeof *list, by_name);
    *out = list;
    return rc;
}

/* All but the store, in order of name. */
static int add_all_small(const struct nd_backup_job *job, struct nd_backup_manifest *m,
                         struct cr_buf *bytes, struct st_err *err)
{
    char **keys = NULL;
    size_t n = 0;
    int rc = add_small(m, job->dir, "fengsui.ini", bytes, err);

    if (rc == ST_OK)
        rc = key_names(job->dir, &keys, &n, err);
    for (size_t i = 0; i < n; i++) {
        if (rc == ST_OK)
            rc = add_small(m, job->dir, keys[i], bytes, err);
        free(keys[i]);
    }
    free(keys);
    if (rc == ST_OK && job->with_root)
        rc = add_small(m, job->dir, "next-root.key", bytes, err);
    if (rc == ST_OK)
        rc = add_small(m, job->dir, "node.key", bytes, err);
    if (rc == ST_OK && job->with_root)
        rc = add_small(m, job->dir, "root.key", bytes, err);
    return rc;
}

/* What the copied store says of itself. */
static int describe(const char *copy_dir, struct nd_backup_manifest *m, struct st_err *err)
{
    struct nd_store_options o = {.dir = copy_dir, .read_only = true};
    struct nd_store_stats st;
    struct nd_store *s;
    struct cr_buf name;
    int rc = nd_store_open(&o, &s, err);

    if (rc != ST_OK)
        return rc;
    cr_buf_init(&name, SC_NAME_MAX);
    (void)snprintf(m->space, sizeof m->space, "%s", nd_store_genesis(s)->name);
    m->net = *nd_store_net(s);
    m->schema = (uint64_t)nd_store_schema();
    rc = nd_store_stats(s, &st);
    if (rc == ST_OK)
        m->entries = st.entries;
    if (rc == ST_OK && nd_store_meta_get(s, "node_name", &name) == ST_OK)
        (void)snprintf(m->node, sizeof m->node, "%.*s", (int)name.n, (const char *)name.p);
    if (rc == ST_OK)
        rc = nd_store_heads(s, &m->heads, &m->logs, err);
    cr_buf_release(&name);
    nd_store_close(s);
    return rc;
}

/* ---- the file ---- */

struct output {
    int fd;
    const char *path;
    uint64_t bytes;
};

static int output_write(void *arg, struct cr_span bytes, struct st_err *err)
{
    struct output *o = arg;

    o->bytes += bytes.n;
    return nd_fs_write(o->fd, bytes, o->path, err);
}

static int put_store(const struct nd_backup_job *job, struct nd_backup_writer *w,
                     const char *copy_path, uint64_t total, struct st_err *err)
{
    uint8_t *bytes = malloc(IO_BYTES);
    uint64_t done = 0;
    int fd = open(copy_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int rc = bytes == NULL ? st_fail(err, ST_NOMEM, "backup")
             : fd < 0      ? nd_fs_fail(err, "open", copy_path)
                           : ST_OK;

    while (rc == ST_OK && done < total) {
        ssize_t n = read(fd, bytes, IO_BYTES);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = nd_fs_fail(err, "read", copy_path);
        else if (n == 0)
            rc = st_fail(err, ST_CORRUPT, "%s became shorter", copy_path);
        else
            rc = nd_backup_put(w, cr_span_of(bytes, (size_t)n), err);
        done += n > 0 ? (uint64_t)n : 0;
        if (job->written != NULL)
            job->written(job->arg, done, total);
    }
    if (fd >= 0)
        (void)close(fd);
    free(bytes);
    return rc;
}

static int part_name(const char *file, char out[static ND_FS_PATH], struct st_err *err)
{
    int n = snprintf(out, ND_FS_PATH, "%s.part", file);

    return n < 0 || n >= ND_FS_PATH ? st_fail(err, ST_OVERSIZE, "path too long") : ST_OK;
}

static int sync_parent(const char *path, struct st_err *err)
{
    char dir[ND_FS_PATH];
    int rc = nd_fs_parent(path, dir, err);

    return rc == ST_OK ? nd_fs_sync_dir(dir, err) : rc;
}

static int write_file(const struct nd_backup_job *job, const struct nd_backup_lock *lock,
                      const struct nd_backup_manifest *m, const char *copy_path,
                      struct cr_span small, struct output *o, struct st_err *err)
{
    struct nd_backup_sink sink = {.arg = o, .write = output_write};
    struct nd_backup_writer *w = NULL;
    int rc;

    o->fd = open(o->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (o->fd < 0)
        return nd_fs_fail(err, "make", o->path);
    rc = nd_backup_writer_new(lock, m, &sink, &w, err);
    if (rc == ST_OK)
        rc = put_store(job, w, copy_path, m->file[0].bytes, err);
    if (rc == ST_OK)
        rc = nd_backup_put(w, small, err);
    if (rc == ST_OK)
        rc = nd_backup_writer_end(w, err);
    nd_backup_writer_free(w);
    if (rc == ST_OK && fsync(o->fd) != 0)
        rc = nd_fs_fail(err, "sync", o->path);
    if (close(o->fd) != 0 && rc == ST_OK)
        rc = nd_fs_fail(err, "close", o->path);
    if (rc == ST_OK && link(o->path, job->file) != 0) {
        /* link never replaces a file; where there are no links, rename, having looked before */
        if (errno == EEXIST)
            rc = st_fail(err, ST_EXISTS, "%s is there already", job->file);
        else if (rename(o->path, job->file) != 0)
            rc = nd_fs_fail(err, "rename to", job->file);
    }
    (void)unlink(o->path);
    return rc == ST_OK ? sync_parent(job->file, err) : rc;
}

/* ---- making ---- */

/* Two copies of the store fit beside it. */
static int check_room(const struct nd_backup_job *job, uint64_t store_bytes, struct st_err *err)
{
    struct statvfs fs;
    uint64_t room;

    if (statvfs(job->dir, &fs) != 0)
        return ST_OK; /* then the disk itself will say */
    room = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (room / 2 >= store_bytes + ROOM_SPARED / 2)
        return ST_OK;
    return st_fail(err, ST_FULL,
                   "%s: %llu MiB free, a copy of the store needs %llu MiB for a while", job->dir,
                   (unsigned long long)(room >> 20),
                   (unsigned long long)((2 * store_bytes + ROOM_SPARED) >> 20));
}

static int copy_step(void *arg, uint64_t done, uint64_t total)
{
    const struct nd_backup_job *job = arg;

    if (job->copied != NULL)
        job->copied(job->arg, done * 4096, total * 4096);
    return ST_OK;
}

static int copy_store(const struct nd_backup_job *job, const char *copy_path, struct st_err *err)
{
    struct nd_store_options o = {.dir = job->dir, .read_only = true};
    struct nd_backup_job arg = *job;
    struct nd_store_stats st;
    struct nd_store *s;
    int rc = nd_store_open(&o, &s, err);

    if (rc == ST_NOTFOUND)
        return st_fail(err, ST_UNINIT, "no store in '%s'", job->dir);
    if (rc != ST_OK)
        return rc;
    rc = nd_store_stats(s, &st);
    if (rc == ST_OK)
        rc = check_room(job, st.file_bytes, err);
    if (rc == ST_OK)
        rc = nd_store_copy(s, copy_path, copy_step, &arg, err);
    nd_store_close(s);
    return rc;
}

/* The store's copy and the small files, and what the manifest says of them. */
static int gather(const struct nd_backup_job *job, const char *copy_dir, const char *copy_path,
                  struct nd_backup_manifest *m, struct cr_buf *small, struct st_err *err)
{
    char key_path[ND_FS_PATH];
    struct cr_identity_public id;
    struct stat st;
    int rc = copy_store(job, copy_path, err);

    if (rc == ST_OK)
        rc = describe(copy_dir, m, err);
    if (rc == ST_OK && stat(copy_path, &st) != 0)
        rc = nd_fs_fail(err, "look at", copy_path);
    if (rc == ST_OK)
        rc = nd_fs_join(job->dir, "node.key", key_path, err);
    if (rc != ST_OK)
        return rc;
    (void)snprintf(m->file[0].name, sizeof m->file[0].name, ND_BACKUP_STORE);
    m->file[0].bytes = (uint64_t)st.st_size;
    m->file_count = 1;
    m->made_ms = job->now_ms;
    if (cr_identity_look(key_path, &id, NULL) == ST_OK) /* zeros when there is no key (yet) */
        m->node_pk = id.sign_pk;
    return add_all_small(job, m, small, err);
}

static int make_locked(const struct nd_backup_job *job, const char *copy_dir,
                       struct nd_backup_manifest *m, uint64_t *bytes, struct st_err *err)
{
    char copy_path[ND_FS_PATH], part[ND_FS_PATH];
    struct output o = {.fd = -1, .path = part};
    struct nd_backup_lock lock = {.params = {.ops = 0}};
    struct cr_buf small;
    int rc = nd_backup_discard(copy_dir, err);

    cr_buf_init(&small, (size_t)ND_BACKUP_FILES_MAX * ND_BACKUP_SMALL_MAX);
    if (rc == ST_OK)
        rc = nd_fs_join(copy_dir, ND_BACKUP_STORE, copy_path, err);
    if (rc == ST_OK)
        rc = part_name(job->file, part, err);
    if (rc == ST_OK && mkdir(copy_dir, 0700) != 0)
        rc = nd_fs_fail(err, "make", copy_dir);
    if (rc == ST_OK)
        rc = gather(job, copy_dir, copy_path, m, &small, err);
    if (rc == ST_OK)
        rc = nd_backup_lock_new(job->pass, job->preset, &lock, err);
    if (rc == ST_OK)
        rc = write_file(job, &lock, m, copy_path, cr_buf_span(&small), &o, err);
    *bytes = o.bytes;
    cr_wipe(&lock, sizeof lock);
    if (small.p != NULL)
        cr_wipe(small.p, small.cap);
    cr_buf_release(&small);
    (void)!nd_backup_discard(copy_dir, NULL);
    return rc;
}

int nd_backup_make(const struct nd_backup_job *job, struct nd_backup_manifest *m, uint64_t *bytes,
                   struct st_err *err)
{
    char copy_dir[ND_FS_PATH];
    struct stat st;
    int fd, rc = nd_fs_join(job->dir, COPY_DIR, copy_dir, err);

    *m = (struct nd_backup_manifest){.file = NULL};
    if (rc != ST_OK)
        return rc;
    if (lstat(job->file, &st) == 0)
        return st_fail(err, ST_EXISTS, "%s is there already", job->file);
    fd = open(job->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? st_fail(err, ST_UNINIT, "no store in '%s'", job->dir)
                               : nd_fs_fail(err, "open", job->dir);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        rc = st_fail(err, ST_LOCKED, "a backup of '%s' is being made", job->dir);
    } else {
        m->file = calloc(ND_BACKUP_FILES_MAX, sizeof *m->file);
        rc = m->file == NULL ? st_fail(err, ST_NOMEM, "backup")
                             : make_locked(job, copy_dir, m, bytes, err);
    }
    (void)close(fd);
    if (rc != ST_OK)
        nd_backup_manifest_release(m);
    return rc;
}
