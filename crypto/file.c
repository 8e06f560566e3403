#include "crypto/file.h"

#include "crypto/base/assert.h"
#include "crypto/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum st_code code_of_errno(int e)
{
    switch (e) {
    case ENOENT:
    case ENOTDIR: return ST_NOTFOUND;
    case EACCES:
    case EPERM:
    case ELOOP: return ST_DENIED;
    case ENOSPC:
    case EDQUOT: return ST_FULL;
    case EROFS: return ST_READONLY;
    case EEXIST: return ST_EXISTS;
    case ENOMEM: return ST_NOMEM;
    default: return ST_IO;
    }
}

static int fail_errno(struct st_err *err, const char *what, const char *path, int e)
{
    return st_fail(err, code_of_errno(e), "%s %s: %s", what, path,
                   e == ELOOP ? "is a symbolic link" : strerror(e));
}

/* ST_OK when all n bytes are on the disk. Closes fd in each case. */
static int write_and_close(int fd, const char *path, const uint8_t *p, size_t n, struct st_err *err)
{
    int e = 0;

    while (n > 0 && e == 0) {
        ssize_t done = write(fd, p, n);

        if (done == 0) { /* not to be tried for ever */
            e = EIO;
        } else if (done < 0 && errno != EINTR) {
            e = errno;
        } else if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    if (e == 0 && fsync(fd) != 0)
        e = errno;
    if (close(fd) != 0 && e == 0)
        e = errno;
    return e == 0 ? ST_OK : fail_errno(err, "write", path, e);
}

static int sync_directory(const char *path, struct st_err *err)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    int fd, rc = ST_OK;

    CR_ASSERT(n < sizeof dir);
    if (slash == NULL)
        memcpy(dir, ".", 2);
    else if (n == 0)
        memcpy(dir, "/", 2);
    else {
        memcpy(dir, path, n);
        dir[n] = '\0';
    }
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(err, "open directory", dir, errno);
    if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: the file system cannot sync directories */
        rc = fail_errno(err, "sync directory", dir, errno);
    (void)close(fd);
    return rc;
}

/* Gives the temporary its name, never on top of another file. link() decides that atomically; file
 * systems without hard links (a USB stick) get a check followed by rename(). */
static int publish(const char *temporary, const char *path, struct st_err *err)
{
    struct stat there;

    if (link(temporary, path) == 0) {
        (void)unlink(temporary);
        return ST_OK;
    }
    if (errno == EEXIST || lstat(path, &there) == 0)
        return st_fail(err, ST_EXISTS, "%s exists; a key is never overwritten", path);
    if (rename(temporary, path) != 0)
        return fail_errno(err, "rename to", path, errno);
    return ST_OK;
}

/* The bytes, durable, under a temporary name beside path. */
static int write_temporary(const char *path, struct cr_span bytes, char temporary[static PATH_MAX],
                           struct st_err *err)
{
    uint8_t noise[8];
    char noise_hex[2 * sizeof noise + 1];
    int fd, n, rc;

    cr_random(noise, sizeof noise);
    cr_hex(noise, sizeof noise, noise_hex);
    n = snprintf(temporary, PATH_MAX, "%s.%s.new", path, noise_hex);
    if (n < 0 || n >= PATH_MAX)
        return st_fail(err, ST_RANGE, "path of a private file is too long");
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_errno(err, "create", temporary, errno);
    rc = write_and_close(fd, temporary, bytes.p, bytes.n, err);
    if (rc != ST_OK)
        (void)unlink(temporary);
    return rc;
}

int cr_file_create(const char *path, struct cr_span bytes, struct st_err *err)
{
    char temporary[PATH_MAX];
    struct stat there;
    int rc;

    if (lstat(path, &there) == 0)
        return st_fail(err, ST_EXISTS, "%s exists; a key is never overwritten", path);
    rc = write_temporary(path, bytes, temporary, err);
    if (rc != ST_OK)
        return rc;
    rc = publish(temporary, path, err);
    if (rc != ST_OK) {
        (void)unlink(temporary);
        return rc;
    }
    rc = sync_directory(path, err);
    if (rc != ST_OK) /* a key that may vanish with the power must not be used */
        (void)unlink(path);
    return rc;
}

int cr_file_replace(const char *path, struct cr_span bytes, struct st_err *err)
{
    char temporary[PATH_MAX];
    int rc = write_temporary(path, bytes, temporary, err);

    if (rc != ST_OK)
        return rc;
    if (rename(temporary, path) != 0) {
        rc = fail_errno(err, "rename to", path, errno);
        (void)unlink(temporary);
        return rc;
    }
    return sync_directory(path, err);
}

/* Reads at most n bytes; *got < n at the end of the file. */
static int read_up_to(int fd, const char *path, uint8_t *p, size_t n, size_t *got,
                      struct st_err *err)
{
    size_t have = 0;

    while (have < n) {
        ssize_t done = read(fd, p + have, n - have);

        if (done == 0)
            break;
        if (done < 0 && errno != EINTR)
            return fail_errno(err, "read", path, errno);
        if (done > 0)
            have += (size_t)done;
    }
    *got = have;
    return ST_OK;
}

int cr_file_refuse_open(const char *path, struct st_err *err)
{
    struct stat st = {0};

    (void)stat(path, &st);
    return st_fail(err, ST_DENIED, "%s is open to others (mode %03o, wanted 600)", path,
                   (unsigned)(st.st_mode & 0777));
}

static int check_file(int fd, const char *path, bool *others, struct st_err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail_errno(err, "stat", path, errno);
    if (!S_ISREG(st.st_mode))
        return st_fail(err, ST_DENIED, "%s is not a regular file", path);
    *others = (st.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    return ST_OK;
}

int cr_file_read(const char *path, uint8_t *p, size_t max, size_t *n, bool *others,
                 struct st_err *err)
{
    bool open_to_others = false;
    /* O_NONBLOCK: a pipe put in the file's place must not hang the start. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int rc;

    if (fd < 0)
        return fail_errno(err, "open", path, errno);
    rc = check_file(fd, path, &open_to_others, err);
    if (rc == ST_OK && open_to_others && others == NULL)
        rc = cr_file_refuse_open(path, err);
    if (rc == ST_OK)
        rc = read_up_to(fd, path, p, max, n, err);
    (void)close(fd);
    if (others != NULL)
        *others = open_to_others;
    return rc;
}

int cr_file_remove(const char *path, struct st_err *err)
{
    if (unlink(path) != 0)
        return errno == ENOENT ? ST_OK : fail_errno(err, "remove", path, errno);
    return sync_directory(path, err);
}
