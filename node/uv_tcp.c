/* TCP connections.
 *
 *   RESOLVING → CONNECTING → OPEN → (silence | flushing) → CLOSING → freed
 *
 * A connection is one heap object with a socket, a timer and the requests that may be under way.
 * After nd_uv_end nothing is reported any more; the object is freed by maybe_free when the last of
 * its handles and requests has come back. */
#include "node/uv_int.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nd_uv_conn {
    struct nd_uv *u;
    uint32_t id;
    uv_tcp_t tcp;
    uv_timer_t timer;
    bool tcp_open, timer_open; /* not yet closed by libuv */
    bool resolving;            /* a name is being looked up */
    bool ended;                /* nothing is reported any more */
    bool connected, reading;
    int report; /* a failure to report from the timer */
    char host[ND_UV_ADDR_MAX];
    uint16_t port;
    uv_getaddrinfo_t lookup;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
};

struct nd_uv_out {
    uv_write_t req;
    size_t n;
    char bytes[];
};

static struct nd_uv_conn *conn_find(struct nd_uv *u, uint32_t id)
{
    for (size_t i = 0; i < u->conn_count; i++)
        if (u->conn[i]->id == id)
            return u->conn[i];
    return NULL;
}

static void maybe_free(struct nd_uv_conn *c)
{
    struct nd_uv *u = c->u;
    size_t i = 0;

    if (c->tcp_open || c->timer_open || c->resolving)
        return;
    while (i < u->conn_count && u->conn[i] != c)
        i++;
    CR_ASSERT(i < u->conn_count);
    u->conn[i] = u->conn[--u->conn_count];
    free(c);
}

static void on_closed(uv_handle_t *h)
{
    struct nd_uv_conn *c = h->data;

    if (h == (uv_handle_t *)&c->tcp)
        c->tcp_open = false;
    else
        c->timer_open = false;
    h->data = NULL;
    maybe_free(c);
}

static void close_handles(struct nd_uv_conn *c)
{
    if (c->resolving)
        (void)uv_cancel((uv_req_t *)&c->lookup); /* too late: its callback comes all the same */
    if (!uv_is_closing((uv_handle_t *)&c->tcp))
        uv_close((uv_handle_t *)&c->tcp, on_closed);
    if (!uv_is_closing((uv_handle_t *)&c->timer))
        uv_close((uv_handle_t *)&c->timer, on_closed);
}

static struct nd_uv_conn *conn_new(struct nd_uv *u)
{
    struct nd_uv_conn *c;
    int rc;

    if (u->conn_count == UV_CONNS_MAX)
        return NULL;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->u = u;
    do
        c->id = ++u->next_conn;
    while (c->id == 0 || conn_find(u, c->id) != NULL);
    rc = uv_tcp_init(&u->loop, &c->tcp);
    CR_ASSERT(rc == 0); /* no socket is made yet */
    rc = uv_timer_init(&u->loop, &c->timer);
    CR_ASSERT(rc == 0);
    c->tcp.data = c;
    c->timer.data = c;
    c->tcp_open = true;
    c->timer_open = true;
    u->conn[u->conn_count++] = c;
    return c;
}

/* The connection failed or was closed by the other side. */
static void gone(struct nd_uv_conn *c, int status)
{
    struct nd_uv *u = c->u;

    if (c->ended)
        return;
    c->ended = true;
    close_handles(c);
    if (u->sink.disconnected != NULL)
        u->sink.disconnected(u->sink.arg, c->id, status);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct nd_uv_conn *c = h->data;

    (void)suggested;
    *buf = uv_buf_init(c->u->read_buf, UV_READ_BYTES);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct nd_uv_conn *c = s->data;

    if (c->ended || n == 0)
        return;
    if (n < 0)
        gone(c, nd_uv_status((int)n));
    else if (c->u->sink.bytes != NULL)
        c->u->sink.bytes(c->u->sink.arg, c->id, cr_span_of(buf->base, (size_t)n));
}

static void start_reading(struct nd_uv_conn *c)
{
    if (!c->reading && uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) == 0)
        c->reading = true;
}

static void on_accept(uv_stream_t *server, int status)
{
    struct nd_uv *u = server->data;
    struct sockaddr_storage ss;
    char addr[ND_UV_ADDR_MAX];
    int n = sizeof ss;
    struct nd_uv_conn *c;
    int rc;

    if (status < 0)
        return;
    c = conn_new(u);
    if (c == NULL)
        return; /* stays in the backlog until there is room */
    rc = uv_accept(server, (uv_stream_t *)&c->tcp);
    if (rc == 0)
        rc = uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&ss, &n);
    if (rc == 0) {
        (void)uv_tcp_nodelay(&c->tcp, 1);
        nd_uv_addr_text((const struct sockaddr *)&ss, addr);
        rc = u->sink.accepted == NULL ? ST_STATE : u->sink.accepted(u->sink.arg, c->id, addr);
    }
    if (rc != 0) {
        c->ended = true;
        close_handles(c);
        return;
    }
    c->connected = true;
    start_reading(c);
}

int nd_uv_listen(struct nd_uv *u, const char *addr, char bound[static ND_UV_ADDR_MAX],
                 struct st_err *err)
{
    struct sockaddr_storage ss;
    char host[ND_UV_ADDR_MAX];
    uint16_t port;
    int n = sizeof ss;
    int rc;

    CR_ASSERT(!u->listening);
    if (nd_uv_addr_split(addr, host, sizeof host, &port) != ST_OK ||
        !nd_uv_addr_numeric(host, port, &ss))
        return st_fail(err, ST_MALFORMED, "listen on '%s': wanted ADDRESS:PORT, as 0.0.0.0:7119",
                       addr);
    rc = uv_tcp_init(&u->loop, &u->listener);
    CR_ASSERT(rc == 0);
    u->listener.data = u;
    u->listening = true;
    rc = uv_tcp_bind(&u->listener, (const struct sockaddr *)&ss, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&u->listener, 64, on_accept);
    if (rc == 0)
        rc = uv_tcp_getsockname(&u->listener, (struct sockaddr *)&ss, &n);
    if (rc != 0)
        return st_fail(err, (enum st_code)nd_uv_status(rc), "listen on '%s': %s", addr,
                       uv_strerror(rc));
    nd_uv_addr_text((const struct sockaddr *)&ss, bound);
    return ST_OK;
}

/* ---- dialling ---- */

static void on_connected(uv_connect_t *req, int status)
{
    struct nd_uv_conn *c = req->handle->data;

    if (c == NULL || c->ended)
        return;
    if (status < 0) {
        gone(c, nd_uv_status(status));
        return;
    }
    c->connected = true;
    (void)uv_tcp_nodelay(&c->tcp, 1);
    (void)uv_tcp_keepalive(&c->tcp, 1, 60);
    start_reading(c);
    if (c->u->sink.connected != NULL)
        c->u->sink.connected(c->u->sink.arg, c->id);
}

static int connect_to(struct nd_uv_conn *c, const struct sockaddr *sa)
{
    return uv_tcp_connect(&c->connect, &c->tcp, sa, on_connected);
}

static void on_report(uv_timer_t *t)
{
    struct nd_uv_conn *c = t->data;

    gone(c, c->report);
}

/* Never from inside nd_uv_dial: the caller does not know the number yet. */
static void report_later(struct nd_uv_conn *c, int status)
{
    int rc;

    c->report = status;
    rc = uv_timer_start(&c->timer, on_report, 0, 0);
    CR_ASSERT(rc == 0);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct nd_uv_conn *c = req->data;

    c->resolving = false;
    if (c->ended) {
        uv_freeaddrinfo(res);
        maybe_free(c);
        return;
    }
    if (status == 0)
        status = connect_to(c, res->ai_addr);
    uv_freeaddrinfo(res);
    if (status != 0)
        gone(c, nd_uv_status(status));
}

int nd_uv_dial(struct nd_uv *u, const char *addr, uint32_t *conn)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct sockaddr_storage ss;
    char service[8];
    struct nd_uv_conn *c;
    int rc;

    c = conn_new(u);
    if (c == NULL)
        return ST_FULL;
    *conn = c->id;
    if (nd_uv_addr_split(addr, c->host, sizeof c->host, &c->port) != ST_OK || c->port == 0) {
        report_later(c, ST_MALFORMED);
        return ST_OK;
    }
    if (nd_uv_addr_numeric(c->host, c->port, &ss)) {
        rc = connect_to(c, (const struct sockaddr *)&ss);
    } else {
        (void)snprintf(service, sizeof service, "%u", (unsigned)c->port);
        c->lookup.data = c;
        rc = uv_getaddrinfo(&u->loop, &c->lookup, on_resolved, c->host, service, &hints);
        c->resolving = rc == 0;
    }
    if (rc != 0)
        report_later(c, nd_uv_status(rc));
    return ST_OK;
}

/* ---- writing ---- */

static void on_written(uv_write_t *req, int status)
{
    struct nd_uv_conn *c = req->handle->data;
    struct nd_uv_out *out = req->data;

    free(out);
    if (c == NULL || c->ended)
        return;
    if (status < 0)
        gone(c, nd_uv_status(status));
    else if (!c->reading &&
             uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp) < ND_UV_QUEUE_LOW)
        start_reading(c);
}

int nd_uv_send(struct nd_uv *u, uint32_t conn, struct cr_span bytes, size_t *queued)
{
    struct nd_uv_conn *c = conn_find(u, conn);
    uv_stream_t *s;
    struct nd_uv_out *out;
    size_t waiting, done = 0;
    uv_buf_t buf;

    if (c == NULL || c->ended || !c->connected)
        return ST_UNREACHABLE;
    s = (uv_stream_t *)&c->tcp;
    waiting = uv_stream_get_write_queue_size(s);
    if (waiting + bytes.n > ND_UV_QUEUE_MAX)
        return ST_FULL;
    out = malloc(sizeof *out + bytes.n);
    if (out == NULL)
        return ST_NOMEM;
    memcpy(out->bytes, bytes.p, bytes.n);
    if (waiting == 0) {
        int n;

        buf = uv_buf_init(out->bytes, (unsigned)bytes.n);
        n = uv_try_write(s, &buf, 1);
        if (n > 0)
            done = (size_t)n;
    }
    if (done == bytes.n) {
        free(out);
    } else {
        buf = uv_buf_init(out->bytes + done, (unsigned)(bytes.n - done));
        out->req.data = out;
        if (uv_write(&out->req, s, &buf, 1, on_written) != 0) {
            free(out);
            return ST_UNREACHABLE;
        }
    }
    waiting = uv_stream_get_write_queue_size(s);
    if (waiting > ND_UV_QUEUE_HIGH && c->reading) {
        (void)uv_read_stop(s);
        c->reading = false;
    }
    if (queued != NULL)
        *queued = waiting;
    return ST_OK;
}

/* ---- closing ---- */

static void on_silence_over(uv_timer_t *t)
{
    close_handles(t->data);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct nd_uv_conn *c = req->handle->data;

    (void)status;
    if (c != NULL)
        close_handles(c);
}

void nd_uv_end(struct nd_uv *u, uint32_t conn, bool flush, uint32_t delay_ms)
{
    struct nd_uv_conn *c = conn_find(u, conn);
    int rc = 0;

    if (c == NULL || c->ended)
        return;
    c->ended = true;
    if (c->reading)
        (void)uv_read_stop((uv_stream_t *)&c->tcp);
    c->reading = false;
    if (delay_ms == 0 && !(flush && c->connected)) {
        close_handles(c);
        return;
    }
    if (flush && c->connected)
        rc = uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown);
    if (rc != 0) {
        close_handles(c);
        return;
    }
    rc = uv_timer_start(&c->timer, on_silence_over, flush ? ND_UV_CLOSE_MS : delay_ms, 0);
    CR_ASSERT(rc == 0);
}

void nd_uv_end_all(struct nd_uv *u)
{
    for (size_t i = 0; i < u->conn_count; i++) {
        u->conn[i]->ended = true;
        close_handles(u->conn[i]);
    }
}
