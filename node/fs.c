#include "node/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int nd_fs_fail(struct st_err *err, const char *what, const char *path)
{
    enum st_code code = ST_IO;

    switch (errno) {
    case ENOENT:
    case ENOTDIR: code = ST_NOTFOUND; break;
    case EEXIST:
    case ENOTEMPTY: code = ST_EXISTS; break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: code = ST_FULL; break;
    case EROFS: code = ST_READONLY; break;
    case EACCES:
    case EPERM: code = ST_DENIED; break;
    case ENOMEM: code = ST_NOMEM; break;
    case ENAMETOOLONG: code = ST_OVERSIZE; break;
    default: break;
    }
    return st_fail(err, code, "%s %s: %s", what, path, strerror(errno));
}

int nd_fs_join(const char *dir, const char *name, char out[static ND_FS_PATH], struct st_err *err)
{
    int n = snprintf(out, ND_FS_PATH, "%s/%s", dir, name);

    return n < 0 || n >= ND_FS_PATH ? st_fail(err, ST_OVERSIZE, "the path of %s is too long", name)
                                    : ST_OK;
}

int nd_fs_parent(const char *path, char out[static ND_FS_PATH], struct st_err *err)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

    if (n >= ND_FS_PATH)
        return st_fail(err, ST_OVERSIZE, "path too long");
    memcpy(out, n == 0 ? "." : path, n == 0 ? 1 : n);
    out[n == 0 ? 1 : n] = '\0';
    return ST_OK;
}

int nd_fs_sync_dir(const char *dir, struct st_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = ST_OK;

    if (fd < 0)
        return nd_fs_fail(err, "open", dir);
    if (fsync(fd) != 0 && errno != EINVAL)
        rc = nd_fs_fail(err, "sync", dir);
    (void)close(fd);
    return rc;
}

int nd_fs_write(int fd, struct cr_span bytes, const char *path, struct st_err *err)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0) /* not to be tried for ever */
            errno = EIO;
        if (n <= 0)
            return nd_fs_fail(err, "write", path);
        bytes = cr_span_of(bytes.p + n, bytes.n - (size_t)n);
    }
    return ST_OK;
}
