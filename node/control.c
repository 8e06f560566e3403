/* Client side of the control socket. */
#include "node/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The socket's path can be longer than a socket address holds, so it is reached through the open
 * directory. */
static int connect_in(const char *dir, struct st_err *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd, rc, saved;

    if (dir_fd < 0)
        return st_fail(err, ST_NOTFOUND, "no data directory '%s'", dir);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        (void)close(dir_fd);
        return st_fail(err, ST_IO, "socket: %s", strerror(errno));
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)snprintf(sa.sun_path, sizeof sa.sun_path, "/proc/self/fd/%d/%s", dir_fd, ND_CONTROL_NAME);
    do
        rc = connect(fd, (const struct sockaddr *)&sa, sizeof sa);
    while (rc != 0 && errno == EINTR);
    saved = errno;
    (void)close(dir_fd);
    if (rc == 0)
        return fd;
    (void)close(fd);
    if (saved == ENOENT || saved == ECONNREFUSED || saved == ENOTDIR)
        return st_fail(err, ST_NOTFOUND, "no node runs on '%s'", dir);
    return st_fail(err, ST_IO, "control socket of '%s': %s", dir, strerror(saved));
}

static int write_all(int fd, struct cr_span bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ST_UNREACHABLE;
        bytes = (struct cr_span){bytes.p + n, bytes.n - (size_t)n};
    }
    return ST_OK;
}

static int read_all(int fd, uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, p, n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ST_UNREACHABLE;
        p += got;
        n -= (size_t)got;
    }
    return ST_OK;
}

static int copy_packets(int fd, FILE *out, FILE *err_out, struct cr_buf *ask, int *exit_code)
{
    uint8_t head[5], part[4096];
    int rc;

    for (;;) {
        uint32_t left;
        FILE *to;

        rc = read_all(fd, head, sizeof head);
        if (rc != ST_OK)
            return rc;
        left = cr_load_be32(head + 1);
        to = head[0] == ND_CH_OUT ? out : err_out;
        while (left > 0) {
            size_t n = left < sizeof part ? left : sizeof part;

            rc = read_all(fd, part, n);
            if (rc != ST_OK)
                return rc;
            if (head[0] == ND_CH_EXIT) {
                *exit_code = part[0];
                return ST_OK;
            }
            if (head[0] == ND_CH_ASK)
                rc = cr_buf_append(ask, part, n);
            else if (fwrite(part, 1, n, to) != n)
                rc = ST_IO;
            if (rc != ST_OK)
                return rc;
            left -= (uint32_t)n;
        }
        (void)fflush(to);
    }
}

int nd_control_call(const char *dir, struct cr_span request, FILE *out, FILE *err_out,
                    struct cr_buf *ask, int *exit_code, struct st_err *err)
{
    static const uint8_t end[] = {'\n'};
    int fd = connect_in(dir, err);
    int rc;

    cr_buf_clear(ask);
    if (fd < 0)
        return fd;
    rc = write_all(fd, request);
    if (rc == ST_OK)
        rc = write_all(fd, cr_span_of(end, sizeof end));
    if (rc == ST_OK)
        rc = copy_packets(fd, out, err_out, ask, exit_code);
    (void)close(fd);
    if (rc == ST_UNREACHABLE)
        return st_fail(err, rc, "the running node closed the connection");
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "cannot write the output");
}
