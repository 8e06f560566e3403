/* See serve.h. Both processes have the same small loop: read, driver, flush, write. */
#include "tests/bench/serve.h"

#include "crypto/base/assert.h"
#include "node/driver.h"
#include "tests/bench/meter.h"
#include "tests/bench/space.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct peer {
    struct nd_driver *driver;
    int fd;
    bool dialled, ended;
    uint32_t conn;
    struct cr_buf out;
};

static void must(int status)
{
    CR_ASSERT(status == ST_OK);
}

static uint64_t now_ms(void *arg)
{
    (void)arg;
    return (uint64_t)(bm_wall_s() * 1e3);
}

static uint64_t wall_ms(void *arg)
{
    return UINT64_C(1767225600000) + now_ms(arg);
}

static int conn_write(void *arg, uint32_t conn, struct cr_span bytes, size_t *queued)
{
    struct peer *p = arg;

    if (p->ended || conn != p->conn)
        return ST_UNREACHABLE;
    must(cr_buf_append(&p->out, bytes.p, bytes.n));
    if (queued != NULL)
        *queued = p->out.n;
    return ST_OK;
}

static void conn_close(void *arg, uint32_t conn, bool flush, uint32_t delay_ms)
{
    struct peer *p = arg;

    (void)flush, (void)delay_ms;
    p->ended |= conn == p->conn;
}

static int dial(void *arg, const char *addr, uint32_t *conn)
{
    struct peer *p = arg;

    (void)addr;
    *conn = ++p->conn;
    p->dialled = true;
    return ST_OK;
}

static uint32_t jitter(void *arg, uint32_t n)
{
    (void)arg;
    return n / 2;
}

static void log_line(void *arg, int level, const char *line)
{
    (void)arg;
    if (level == 0)
        fprintf(stderr, "%s\n", line);
}

static void start(struct peer *p, struct nd_store *s, const struct bg_gen *g, size_t node, int fd,
                  bool dials)
{
    struct st_err err = {.msg = ""};
    struct nd_driver_options o = {.store = s, .gate = *bg_gate(g), .dial = dials};

    *p = (struct peer){.fd = fd};
    o.identity = bg_node(g, node);
    o.ports = (struct nd_ports){p, now_ms, wall_ms, conn_write, conn_close, dial, jitter, log_line};
    cr_buf_init(&p->out, (size_t)1 << 26);
    must(nd_driver_new(&o, &p->driver, &err));
}

static void flush_out(struct peer *p)
{
    ssize_t n;

    if (p->out.n == 0)
        return;
    n = send(p->fd, p->out.p, p->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        cr_buf_consume(&p->out, (size_t)n);
    else if (errno != EAGAIN && errno != EINTR)
        p->ended = true;
}

/* One round; false at the end of the connection. */
static bool turn(struct peer *p, uint8_t *bytes, size_t max)
{
    struct pollfd fd = {.fd = p->fd, .events = (short)(POLLIN | (p->out.n > 0 ? POLLOUT : 0))};
    ssize_t n;

    (void)poll(&fd, 1, 50);
    if ((fd.revents & (POLLIN | POLLHUP)) != 0) {
        n = recv(p->fd, bytes, max, MSG_DONTWAIT);
        if (n > 0)
            nd_driver_bytes(p->driver, p->conn, cr_span_of(bytes, (size_t)n));
        else if (n == 0)
            p->ended = true;
        nd_driver_flush(p->driver);
    }
    nd_driver_tick(p->driver);
    flush_out(p);
    return !p->ended;
}

/* ---- the server ---- */

static int count_row(void *arg, const struct nd_hazard_row *row)
{
    (void)row;
    (*(uint64_t *)arg)++;
    return ST_OK;
}

static int count_grid(void *arg, const struct nd_grid_row *row)
{
    (void)row;
    (*(uint64_t *)arg)++;
    return ST_OK;
}

#define TIMES 15

static double page_ms(struct nd_store *s, uint64_t prefix, size_t offset, uint64_t *shown)
{
    struct nd_hazard_query q = {
        .grid_prefix = prefix, .state = ND_HZ_OPEN, .offset = offset, .limit = 50};
    double ms[TIMES];
    uint64_t total;

    for (size_t i = 0; i < TIMES; i++) {
        double from = bm_cpu_s();

        *shown = 0;
        must(nd_store_hazards(s, &q, count_row, shown, &total, NULL));
        ms[i] = (bm_cpu_s() - from) * 1e3;
    }
    return bm_median(ms, TIMES);
}

static double picture_ms(struct nd_store *s, uint64_t *shown)
{
    double ms[TIMES];

    for (size_t i = 0; i < TIMES; i++) {
        double from = bm_cpu_s();

        *shown = 0;
        must(nd_store_grids_at(s, BG_STREET, 3, wall_ms(NULL), count_grid, shown, NULL));
        ms[i] = (bm_cpu_s() - from) * 1e3;
    }
    return bm_median(ms, TIMES);
}

static void show_pages(struct nd_store *s, struct bv_report *r)
{
    uint64_t unused;

    r->page_ms = page_ms(s, bg_village(0), 0, &r->hazards);
    r->page_deep_ms = page_ms(s, bg_village(0), 1000, &unused);
    r->page_street_ms = page_ms(s, BG_STREET, 0, &unused);
    r->picture_ms = picture_ms(s, &r->grids);
}

/* serve SEED VILLAGES DIR: the socket is descriptor 3, the report goes to descriptor 4. */
int bv_main(int argc, char **argv)
{
    struct bv_report r = {.open_ms = 0};
    uint64_t seed = 0, villages = 0;
    struct bg_gen *g;
    struct nd_store *s;
    struct peer p;
    uint8_t *bytes = malloc(65536);
    double from, from_cpu;

    CR_ASSERT(argc == 3);
    CR_ASSERT(bytes != NULL);
    must(cr_init(NULL));
    must(cr_parse_u64(argv[0], strlen(argv[0]), UINT64_MAX, &seed));
    must(cr_parse_u64(argv[1], strlen(argv[1]), BG_VILLAGES_MAX, &villages));
    g = bg_new(seed, (size_t)villages, 1);
    from = bm_wall_s();
    from_cpu = bm_cpu_s();
    s = bs_open(argv[2]);
    start(&p, s, g, 0, 3, false);
    r.open_ms = (bm_wall_s() - from) * 1e3;
    r.open_cpu_ms = (bm_cpu_s() - from_cpu) * 1e3;
    r.open_kib = bm_peak_kib();
    show_pages(s, &r);
    r.idle_kib = bm_peak_kib();
    p.conn = 1;
    must(nd_driver_accepted(p.driver, 1, "socket:1"));
    while (turn(&p, bytes, 65536))
        ;
    r.peak_kib = bm_peak_kib();
    CR_ASSERT(write(4, &r, sizeof r) == (ssize_t)sizeof r);
    nd_driver_free(p.driver);
    nd_store_close(s);
    bg_free(g);
    cr_buf_release(&p.out);
    free(bytes);
    return 0;
}

/* ---- the client ---- */

static void exec_server(const char *self, uint64_t seed, size_t villages, const char *dir,
                        const int fd[2])
{
    char a[24], b[24];

    (void)snprintf(a, sizeof a, "%llu", (unsigned long long)seed);
    (void)snprintf(b, sizeof b, "%zu", villages);
    if (dup2(fd[0], 3) == 3 && dup2(fd[1], 4) == 4)
        (void)execl(self, self, "serve", a, b, dir, (char *)NULL);
    _exit(127);
}

static void fetch_all(struct bg_gen *g, const char *client_dir, int fd)
{
    struct bs_fill fill = {.store = bs_create(g, client_dir)};
    struct bg_sink sink = bs_sink(&fill);
    struct nd_store *s = fill.store;
    struct nd_peer peer = {.addr = "socket:1", .enabled = true};
    struct sy_session_info info = {.synced = false};
    uint8_t *bytes = malloc(65536);
    struct peer p;

    CR_ASSERT(bytes != NULL);
    must(bg_public(g, &sink)); /* so that the first session has all scopes */
    bs_fill_end(&fill);
    peer.sign_pk = bg_node(g, 0)->sign_pk;
    peer.kx_pk = bg_node(g, 0)->kx_pk;
    must(nd_store_put_peer(s, &peer, NULL));
    start(&p, s, g, 1, fd, true);
    nd_driver_tick(p.driver);
    CR_ASSERT(p.dialled);
    nd_driver_connected(p.driver, p.conn);
    while (turn(&p, bytes, 65536))
        if (sy_engine_session(nd_driver_engine(p.driver), p.conn, &info) && info.synced)
            break;
    CR_ASSERT(info.synced);
    nd_driver_free(p.driver);
    nd_store_close(s);
    cr_buf_release(&p.out);
    free(bytes);
}

void bv_serve(const char *self, uint64_t seed, size_t villages, const char *dir,
              const char *client_dir, struct bv_report *out)
{
    struct bg_gen *g = bg_new(seed, villages, 1);
    int pair[2], report[2], status = 0;
    pid_t pid;

    CR_ASSERT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CR_ASSERT(pipe(report) == 0);
    (void)fflush(stdout);
    pid = fork();
    CR_ASSERT(pid >= 0);
    if (pid == 0) {
        const int fd[2] = {dup(pair[1]), dup(report[1])};

        (void)close(pair[0]);
        (void)close(report[0]);
        exec_server(self, seed, villages, dir, fd);
    }
    (void)close(pair[1]);
    (void)close(report[1]);
    fetch_all(g, client_dir, pair[0]);
    (void)close(pair[0]);
    CR_ASSERT(read(report[0], out, sizeof *out) == (ssize_t)sizeof *out);
    (void)close(report[0]);
    CR_ASSERT(waitpid(pid, &status, 0) == pid);
    CR_ASSERT(status == 0);
    bg_free(g);
}
