/* Happy path: a token is written to anchor.new, synced, renamed to anchor; then, because a rename
 * changes the file's times, the place is read and hashed with the token.
 *
 * Failure: writing fails the caller's open. Reading never fails: no file, a wrong size, a place
 * that cannot be told are all "not this directory", which costs an incarnation and loses nothing.
 */
#include "node/anchor.h"

#include "crypto/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int os_fail(struct st_err *err, const char *what, const char *path)
{
    enum st_code code = ST_IO;

    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        code = ST_FULL;
    else if (errno == EROFS || errno == EACCES || errno == EPERM)
        code = ST_READONLY;
    return st_fail(err, code, "%s %s: %s", what, path, strerror(errno));
}

/* ---- the machine ---- */

/* First line of a small file; "" when it cannot be read. */
static void read_line(const char *path, char out[static ND_ANCHOR_SYSTEM_TEXT + 1])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, out, ND_ANCHOR_SYSTEM_TEXT);

    if (fd >= 0)
        (void)close(fd);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

int nd_anchor_machine(void *arg, const char *dir, int fd, struct nd_anchor_place *out,
                      struct st_err *err)
{
    struct stat st;
    char *path;
    int n;

    (void)arg;
    *out = (struct nd_anchor_place){.device = 0};
    if (fstat(fd, &st) != 0)
        return os_fail(err, "read the state of the anchor in", dir);
    out->device = (uint64_t)st.st_dev;
    out->inode = (uint64_t)st.st_ino;
    out->changed_s = (int64_t)st.st_ctim.tv_sec;
    out->changed_ns = (int64_t)st.st_ctim.tv_nsec;
    path = realpath(dir, NULL);
    if (path == NULL)
        return os_fail(err, "resolve", dir);
    n = snprintf(out->dir, sizeof out->dir, "%s", path);
    free(path);
    if (n < 0 || (size_t)n >= sizeof out->dir)
        return st_fail(err, ST_OVERSIZE, "the path of the data directory is too long");
    read_line("/etc/machine-id", out->machine);
    if (out->machine[0] == '\0')
        read_line("/var/lib/dbus/machine-id", out->machine);
    read_line("/proc/sys/kernel/random/boot_id", out->boot);
    return ST_OK;
}

static const struct nd_anchor_port machine = {.place = nd_anchor_machine};

/* ---- the anchor ---- */

/* Each text ends with its NUL, so that no two places give the same bytes. */
static void hash_place(const uint8_t token[static ND_ANCHOR_BYTES], const struct nd_anchor_place *p,
                       struct nd_anchor *out)
{
    uint8_t bytes[4 * 8 + sizeof p->dir + sizeof p->machine + sizeof p->boot];
    const char *const text[] = {p->dir, p->machine, p->boot};
    struct cr_hash h;
    size_t n = 4 * sizeof(uint64_t);

    cr_store_be64(bytes, p->device);
    cr_store_be64(bytes + 8, p->inode);
    cr_store_be64(bytes + 16, (uint64_t)p->changed_s);
    cr_store_be64(bytes + 24, (uint64_t)p->changed_ns);
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        size_t bytes_of_text = strlen(text[i]) + 1;

        memcpy(bytes + n, text[i], bytes_of_text);
        n += bytes_of_text;
    }
    cr_hash2(CR_TAG_ANCHOR, cr_span_of(token, ND_ANCHOR_BYTES), cr_span_of(bytes, n), &h);
    memcpy(out->b, h.b, sizeof out->b);
}

static int path_in(const char *dir, const char *name, char out[static 4096], struct st_err *err)
{
    int n = snprintf(out, 4096, "%s/%s", dir, name);

    if (n < 0 || n >= 4096)
        return st_fail(err, ST_OVERSIZE, "the path of the data directory is too long");
    return ST_OK;
}

static int sync_dir(const char *dir, struct st_err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = ST_OK;

    if (fd < 0)
        return os_fail(err, "open", dir);
    if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: this file system cannot */
        rc = os_fail(err, "sync", dir);
    (void)close(fd);
    return rc;
}

int nd_anchor_renew(const struct nd_anchor_port *port, const char *dir, struct nd_anchor *out,
                    struct st_err *err)
{
    struct nd_anchor_place place;
    uint8_t token[ND_ANCHOR_BYTES];
    char path[4096], temp[4096];
    int fd, rc = path_in(dir, ND_ANCHOR_NAME, path, err);

    if (port == NULL)
        port = &machine;
    if (rc == ST_OK)
        rc = path_in(dir, ND_ANCHOR_NAME ".new", temp, err);
    if (rc != ST_OK)
        return rc;
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return os_fail(err, "open", temp);
    cr_random(token, sizeof token);
    if (write(fd, token, sizeof token) != (ssize_t)sizeof token || fsync(fd) != 0)
        rc = os_fail(err, "write", temp);
    if (rc == ST_OK && rename(temp, path) != 0)
        rc = os_fail(err, "rename", temp);
    if (rc == ST_OK)
        rc = sync_dir(dir, err);
    if (rc == ST_OK)
        rc = port->place(port->arg, dir, fd, &place, err);
    if (close(fd) != 0 && rc == ST_OK)
        rc = os_fail(err, "close", path);
    if (rc == ST_OK)
        hash_place(token, &place, out);
    return rc;
}

bool nd_anchor_holds(const struct nd_anchor_port *port, const char *dir,
                     const struct nd_anchor *kept)
{
    uint8_t held[ND_ANCHOR_BYTES + 1];
    struct nd_anchor_place place;
    struct nd_anchor now;
    char path[4096];
    bool ok;
    int fd;

    if (port == NULL)
        port = &machine;
    if (path_in(dir, ND_ANCHOR_NAME, path, NULL) != ST_OK)
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    ok = read(fd, held, sizeof held) == ND_ANCHOR_BYTES &&
         port->place(port->arg, dir, fd, &place, NULL) == ST_OK;
    (void)close(fd);
    if (!ok)
        return false;
    hash_place(held, &place, &now);
    return memcmp(now.b, kept->b, sizeof now.b) == 0;
}
