/* Time, timers, signals and the ports of the driver on one libuv loop. */
#include "node/uv_int.h"

#include "crypto/base/assert.h"
#include "crypto/keys.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int nd_uv_status(int uv_rc)
{
    switch (uv_rc) {
    case 0: return ST_OK;
    case UV_ENOMEM: return ST_NOMEM;
    case UV_EADDRINUSE: return ST_EXISTS;
    case UV_EACCES:
    case UV_EPERM: return ST_DENIED;
    case UV_EINVAL: return ST_MALFORMED;
    case UV_ETIMEDOUT: return ST_TIMEOUT;
    case UV_EOF:
    case UV_ECONNREFUSED:
    case UV_ECONNRESET:
    case UV_ENETUNREACH:
    case UV_EHOSTUNREACH:
    case UV_ENETDOWN:
    case UV_EPIPE:
    case UV_EAI_NONAME:
    case UV_EAI_AGAIN:
    case UV_EAI_FAIL:
    case UV_ECANCELED: return ST_UNREACHABLE;
    default: return ST_IO;
    }
}

/* ---- addresses ---- */

int nd_uv_addr_split(const char *addr, char *host, size_t host_bytes, uint16_t *port)
{
    const char *colon = strrchr(addr, ':');
    const char *from = addr;
    size_t n;
    uint64_t v;

    if (colon == NULL || cr_parse_u64(colon + 1, strlen(colon + 1), 65535, &v) != ST_OK)
        return ST_MALFORMED;
    n = (size_t)(colon - addr);
    if (n >= 2 && addr[0] == '[' && colon[-1] == ']') {
        from++;
        n -= 2;
    } else if (memchr(addr, ':', n) != NULL) {
        return ST_MALFORMED; /* IPv6 without brackets */
    }
    if (n == 0 || n >= host_bytes)
        return ST_MALFORMED;
    memcpy(host, from, n);
    host[n] = '\0';
    *port = (uint16_t)v;
    return ST_OK;
}

bool nd_uv_addr_numeric(const char *host, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    memset(out, 0, sizeof *out);
    if (uv_ip4_addr(host, port, &v4) == 0) {
        memcpy(out, &v4, sizeof v4);
        return true;
    }
    if (uv_ip6_addr(host, port, &v6) == 0) {
        memcpy(out, &v6, sizeof v6);
        return true;
    }
    return false;
}

void nd_uv_addr_text(const struct sockaddr *sa, char out[static ND_UV_ADDR_MAX])
{
    char host[48] = "?";
    unsigned port = 0;

    if (sa->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, sa, sizeof v4);
        (void)uv_ip4_name(&v4, host, sizeof host);
        port = ntohs(v4.sin_port);
        (void)snprintf(out, ND_UV_ADDR_MAX, "%s:%u", host, port);
    } else {
        struct sockaddr_in6 v6;

        memcpy(&v6, sa, sizeof v6);
        (void)uv_ip6_name(&v6, host, sizeof host);
        port = ntohs(v6.sin6_port);
        (void)snprintf(out, ND_UV_ADDR_MAX, "[%s]:%u", host, port);
    }
}

int nd_uv_addr_parse(const char *addr, struct sockaddr_storage *out)
{
    char host[ND_UV_ADDR_MAX];
    uint16_t port;

    if (nd_uv_addr_split(addr, host, sizeof host, &port) != ST_OK ||
        !nd_uv_addr_numeric(host, port, out))
        return ST_MALFORMED;
    return ST_OK;
}

void nd_uv_addr_format(const struct sockaddr_storage *addr, char out[static ND_UV_ADDR_MAX])
{
    nd_uv_addr_text((const struct sockaddr *)addr, out);
}

size_t nd_uv_local_addrs(char (*out)[ND_UV_ADDR_MAX], size_t max)
{
    uv_interface_address_t *list;
    int count;
    size_t n = 0;

    if (uv_interface_addresses(&list, &count) != 0)
        return 0;
    for (int i = 0; i < count && n < max; i++)
        if (!list[i].is_internal && list[i].address.address4.sin_family == AF_INET &&
            uv_ip4_name(&list[i].address.address4, out[n], ND_UV_ADDR_MAX) == 0)
            n++;
    uv_free_interface_addresses(list, count);
    return n;
}

/* ---- ports ---- */

static uint64_t port_now(void *arg)
{
    (void)arg;
    return uv_hrtime() / 1000000;
}

static uint64_t port_wall(void *arg)
{
    struct timespec ts;

    (void)arg;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0 || ts.tv_sec < 0)
        return 0;
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int port_write(void *arg, uint32_t conn, struct cr_span bytes, size_t *queued)
{
    return nd_uv_send(arg, conn, bytes, queued);
}

static void port_close(void *arg, uint32_t conn, bool flush, uint32_t delay_ms)
{
    nd_uv_end(arg, conn, flush, delay_ms);
}

static int port_dial(void *arg, const char *addr, uint32_t *conn)
{
    return nd_uv_dial(arg, addr, conn);
}

static uint32_t port_jitter(void *arg, uint32_t n)
{
    uint32_t v;

    (void)arg;
    cr_random(&v, sizeof v);
    return n == 0 ? 0 : v % n;
}

static void port_log(void *arg, int level, const char *line)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    const struct nd_uv *u = arg;

    if (level <= u->log_level_max)
        (void)fprintf(stderr, "%s: %s\n", names[level >= 0 && level < 4 ? level : 3], line);
}

void nd_uv_ports(struct nd_uv *u, int log_level_max, struct nd_ports *out)
{
    u->log_level_max = log_level_max;
    *out = (struct nd_ports){.arg = u,
                             .now_ms = port_now,
                             .wall_ms = port_wall,
                             .conn_write = port_write,
                             .conn_close = port_close,
                             .dial = port_dial,
                             .jitter = port_jitter,
                             .log = port_log};
}

/* ---- the loop ---- */

int nd_uv_new(struct nd_uv **out, struct st_err *err)
{
    struct nd_uv *u = calloc(1, sizeof *u);
    int rc;

    if (u == NULL)
        return st_fail(err, ST_NOMEM, "event loop: out of memory");
    u->read_buf = malloc(UV_READ_BYTES);
    rc = u->read_buf == NULL ? UV_ENOMEM : uv_loop_init(&u->loop);
    if (rc != 0) {
        free(u->read_buf);
        free(u);
        return st_fail(err, (enum st_code)nd_uv_status(rc), "event loop: %s", uv_strerror(rc));
    }
    u->loop_open = true;
    rc = uv_timer_init(&u->loop, &u->timer);
    CR_ASSERT(rc == 0); /* cannot fail */
    *out = u;
    return ST_OK;
}

static void close_any(uv_handle_t *h, void *arg)
{
    (void)arg;
    if (!uv_is_closing(h))
        uv_close(h, NULL);
}

void nd_uv_free(struct nd_uv *u)
{
    int rc;

    if (u == NULL)
        return;
    nd_uv_set_sink(u, NULL);
    nd_uv_end_all(u);
    uv_walk(&u->loop, close_any, NULL); /* timer, signals, listener: embedded, nothing to free */
    do
        rc = uv_run(&u->loop, UV_RUN_DEFAULT);
    while (rc != 0);
    rc = uv_loop_close(&u->loop);
    CR_ASSERT(rc == 0);
    CR_ASSERT(u->conn_count == 0);
    free(u->read_buf);
    free(u);
}

void nd_uv_set_sink(struct nd_uv *u, const struct nd_uv_sink *sink)
{
    u->sink = sink != NULL ? *sink : (struct nd_uv_sink){0};
}

static void on_timer(uv_timer_t *t)
{
    (void)t; /* only wakes the loop */
}

void nd_uv_step(struct nd_uv *u, uint32_t max_wait_ms)
{
    uint64_t now = port_now(u), at = UINT64_MAX, wait = max_wait_ms;
    int rc;

    if (u->sink.deadline != NULL)
        at = u->sink.deadline(u->sink.arg);
    if (at <= now)
        wait = 0;
    else if (at - now < wait)
        wait = at - now;
    uv_update_time(&u->loop);
    /* Repeating: libuv runs due timers before it waits, and would then wait for ever. */
    rc = uv_timer_start(&u->timer, on_timer, wait, wait > 0 ? wait : 1);
    CR_ASSERT(rc == 0);
    (void)uv_run(&u->loop, wait > 0 ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    if (u->sink.tick != NULL && u->sink.deadline != NULL &&
        u->sink.deadline(u->sink.arg) <= port_now(u))
        u->sink.tick(u->sink.arg);
    if (u->sink.flush != NULL)
        u->sink.flush(u->sink.arg);
}

static void on_signal(uv_signal_t *h, int signum)
{
    struct nd_uv *u = h->data;

    (void)signum;
    u->stopped = true;
}

int nd_uv_catch_signals(struct nd_uv *u, struct st_err *err)
{
    static const int signals[2] = {SIGINT, SIGTERM};

    for (size_t i = 0; i < 2; i++) {
        int rc = 0;

        if (!u->sig_open[i])
            rc = uv_signal_init(&u->loop, &u->sig[i]);
        if (rc == 0) {
            u->sig_open[i] = true;
            u->sig[i].data = u;
            rc = uv_signal_start(&u->sig[i], on_signal, signals[i]);
        }
        if (rc != 0)
            return st_fail(err, (enum st_code)nd_uv_status(rc), "signals: %s", uv_strerror(rc));
    }
    return ST_OK;
}

bool nd_uv_stopped(const struct nd_uv *u)
{
    return u->stopped;
}
