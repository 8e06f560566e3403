/* A client that means no good, for http.sh. One line of what came of it on standard output.
 * usage: hostile idle PORT COUNT          opens connections that ask for nothing, from 20 addresses
 * of the loopback, says "open", holds them until standard input ends hostile slow PORT REQUEST-FILE
 * sends the bytes of the file two a second; the seconds until the server closes hostile mutate PORT
 * PATH TOKEN BODY-FILE POSTs every prefix and every one-bit change of the body; how many had each
 * status */
#include "crypto/base/bytes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ADDRESSES 20
#define SLOW_MS   500
#define SLOW_MAX  90 /* seconds */
#define BODY_MAX  1024

static uint16_t port;

/* The number at the start of the text. */
static uint64_t number(const char *text)
{
    uint64_t n = 0;

    return cr_parse_u64(text, strspn(text, "0123456789"), UINT64_MAX, &n) == ST_OK ? n : 0;
}

static long now_s(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (long)ts.tv_sec;
}

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(2);
}

/* from: which address of the loopback. */
static int dial(unsigned from)
{
    struct sockaddr_in a = {.sin_family = AF_INET}, b = {.sin_family = AF_INET};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK + from);
    b.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    b.sin_port = htons(port);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof a) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (const struct sockaddr *)&b, sizeof b) != 0)
        die("connect");
    return fd;
}

static size_t read_file(const char *path, char *out, size_t max)
{
    FILE *f = fopen(path, "rb");
    size_t n = f == NULL ? 0 : fread(out, 1, max, f);

    if (f == NULL || ferror(f) || fclose(f) != 0)
        die(path);
    return n;
}

static int idle(unsigned count)
{
    struct rlimit files;
    char c;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    for (unsigned i = 0; i < count; i++)
        (void)dial(1 + i % ADDRESSES);
    (void)puts("open");
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
    return 0;
}

static int slow(const char *path)
{
    char request[BODY_MAX], answer[256];
    size_t n = read_file(path, request, sizeof request), at = 0;
    int fd = dial(1);
    long start = now_s();

    while (now_s() - start < SLOW_MAX) {
        struct pollfd p = {.fd = fd, .events = POLLIN};

        if (at < n && send(fd, request + at++, 1, MSG_NOSIGNAL) < 0)
            break;
        if (poll(&p, 1, SLOW_MS) > 0 && recv(fd, answer, sizeof answer, 0) <= 0)
            break;
    }
    (void)printf("%ld\n", now_s() - start);
    return now_s() - start < SLOW_MAX ? 0 : 1;
}

/* Status of the answer, read to its end by its Content-Length; 0: the connection ended. */
static int hear(int fd)
{
    static const char length_of[] = "Content-Length: ";
    char text[65536];
    size_t n = 0;

    while (n < sizeof text - 1) {
        ssize_t got = recv(fd, text + n, sizeof text - 1 - n, 0);
        const char *end, *length;

        if (got <= 0)
            return 0;
        n += (size_t)got;
        text[n] = '\0';
        end = strstr(text, "\r\n\r\n");
        length = strstr(text, length_of);
        if (end == NULL || length == NULL)
            continue;
        if ((size_t)(end + 4 - text) + number(length + sizeof length_of - 1) <= n)
            return (int)number(text + sizeof "HTTP/1.1 " - 1);
    }
    return 0;
}

static void post(int *fd, const char *path, const char *token, const char *body, size_t n,
                 unsigned counts[1000])
{
    char request[BODY_MAX + 1024];
    int head = snprintf(request, sizeof request,
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-Fengsui: en\r\n"
                        "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        path, port, token, n);
    int status;

    memcpy(request + head, body, n);
    if (send(*fd, request, (size_t)head + n, MSG_NOSIGNAL) != head + (ssize_t)n)
        die("send");
    status = hear(*fd);
    counts[status >= 0 && status < 1000 ? status : 0]++;
    if (status == 0) {
        (void)close(*fd);
        *fd = dial(0);
    }
}

static int mutate(const char *path, const char *token, const char *file)
{
    static unsigned counts[1000];
    char body[BODY_MAX];
    size_t n = read_file(file, body, sizeof body);
    int fd = dial(0);

    for (size_t i = 0; i < n; i++)
        post(&fd, path, token, body, i, counts);
    for (size_t i = 0; i < 8 * n; i++) {
        body[i / 8] = (char)(body[i / 8] ^ 1 << i % 8);
        post(&fd, path, token, body, n, counts);
        body[i / 8] = (char)(body[i / 8] ^ 1 << i % 8);
    }
    for (unsigned s = 0; s < 1000; s++)
        if (counts[s] > 0)
            (void)printf("%u:%u ", s, counts[s]);
    (void)puts("");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    port = (uint16_t)number(argv[2]);
    if (strcmp(argv[1], "idle") == 0)
        return idle((unsigned)number(argv[3]));
    if (strcmp(argv[1], "slow") == 0)
        return slow(argv[3]);
    if (strcmp(argv[1], "mutate") == 0 && argc == 6)
        return mutate(argv[3], argv[4], argv[5]);
    return 2;
}
