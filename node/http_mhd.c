/* http.h on libmicrohttpd, which runs inside our loop: its epoll descriptor is watched, its timeout
 * armed again after every run (it tells both only on demand).
 *
 * A request is one object from its headers to the end of its reply. What is wrong with it is found
 * when the headers are there; the body, if one is on its way, is then swallowed up to the cap of
 * its route and the refusal sent after it. Live streams are suspended while they have nothing to
 * send, so they cost no descriptor events; a beat every 15 s finds the clients that are gone.
 *
 * libmicrohttpd has an idle timeout only: who sends a byte now and then is never idle. sweep()
 * keeps the other limits by shutting the socket down; the library then cleans up as if the client
 * had. */
#include "node/http.h"
#include "node/http_conns.h"

#include "node/uv_watch.h"

#include "crypto/base/assert.h"
#include "crypto/base/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BEAT_MS  15000
#define SWEEP_MS 1000
#define BLOCK    16384
#define HOST_MAX 256
#define REFUSAL  160
#define SPARE    16 /* connections that are being cut while others take their place */

struct nd_http_stream {
    struct nd_http_stream *next;
    struct nd_http *h;
    struct MHD_Connection *mhd;
    struct nd_http_conn *conn;
    struct cr_buf out;
    uint64_t beat_ms;
    bool suspended, cut;
    void (*gone)(void *arg);
    void *arg;
};

struct nd_http_req {
    struct nd_http *h;
    struct MHD_Connection *mhd;
    struct nd_http_conn *conn;
    const struct nd_http_route *route; /* NULL: refused */
    const char *path;
    unsigned refuse_status;
    char refuse_text[REFUSAL];
    char segment[ND_HTTP_SEGMENTS_MAX][ND_HTTP_SEGMENT_MAX];
    struct cr_buf body;
    size_t header_count;
    struct {
        char name[48], value[256];
    } header[8];
    bool queued;
    enum MHD_Result result;
};

struct nd_http {
    struct MHD_Daemon *daemon;
    struct nd_uv_watch *watch;
    struct nd_http_options o;
    char host[ND_HTTP_HOSTS_MAX][HOST_MAX];
    struct nd_http_conn *conns;
    struct nd_http_stream *streams;
    uint64_t sweep_ms;
    bool stopping;
};

static uint64_t now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- what may be refused before a handler sees it ---- */

static void refuse(struct nd_http_req *r, unsigned status, const char *text)
{
    if (r->refuse_status != 0)
        return;
    r->route = NULL;
    r->refuse_status = status;
    (void)snprintf(r->refuse_text, sizeof r->refuse_text, "%s", text);
}

/* Length of the host in "host:port" or "[v6]:port". */
static size_t host_length(const char *value)
{
    const char *end = value[0] == '[' ? strchr(value, ']') : strchr(value, ':');

    if (value[0] == '[')
        return end == NULL ? 0 : (size_t)(end - value) + 1;
    return end == NULL ? strlen(value) : (size_t)(end - value);
}

static bool host_allowed(const struct nd_http *h, const char *value)
{
    static const char *const always[] = {"127.0.0.1", "[::1]", "localhost"};
    size_t n = host_length(value);

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        if (strlen(always[i]) == n && strncasecmp(always[i], value, n) == 0)
            return true;
    for (size_t i = 0; i < h->o.host_count; i++)
        if (strlen(h->host[i]) == n && strncasecmp(h->host[i], value, n) == 0)
            return true;
    return false;
}

/* A page of another site may make a browser send a POST, but not with our origin, and not (without
 * asking first, which is never answered) with a type other than a form's. */
static void check_origin(struct nd_http_req *r, const char *host)
{
    const char *origin = nd_http_header(r, "Origin");
    const char *site = nd_http_header(r, "Sec-Fetch-Site");
    const char *type = nd_http_header(r, "Content-Type");

    if (origin != NULL) {
        const char *rest = strncmp(origin, "http://", 7) == 0    ? origin + 7
                           : strncmp(origin, "https://", 8) == 0 ? origin + 8
                                                                 : "";

        if (strcasecmp(rest, host) != 0)
            refuse(r, MHD_HTTP_FORBIDDEN, "a request of another site");
    }
    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        refuse(r, MHD_HTTP_FORBIDDEN, "a request of another site");
    if (type == NULL || (strncasecmp(type, "application/json", 16) != 0 &&
                         strncasecmp(type, "application/octet-stream", 24) != 0))
        refuse(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "application/json is wanted");
}

static bool route_matches(struct nd_http_req *r, const struct nd_http_route *route)
{
    const char *p = r->path, *q = route->path;
    size_t star = 0;

    while (*q != '\0') {
        size_t n;

        if (*q != '{') {
            if (*p++ != *q++)
                return false;
            continue;
        }
        n = strcspn(p, "/");
        if (n == 0 || n >= ND_HTTP_SEGMENT_MAX || star == ND_HTTP_SEGMENTS_MAX)
            return false;
        memcpy(r->segment[star], p, n);
        r->segment[star++][n] = '\0';
        p += n;
        q = strchr(q, '}');
        CR_ASSERT(q != NULL);
        q++;
    }
    return *p == '\0';
}

static void find_route(struct nd_http_req *r, enum nd_http_method method)
{
    bool other_method = false;

    for (size_t i = 0; i < r->h->o.route_count; i++) {
        const struct nd_http_route *route = &r->h->o.routes[i];

        memset(r->segment, 0, sizeof r->segment);
        if (!route_matches(r, route))
            continue;
        if (route->method == method) {
            r->route = route;
            return;
        }
        other_method = true;
    }
    refuse(r, other_method ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND,
           other_method ? "this method is not offered here" : "there is nothing here");
}

static void check_length(struct nd_http_req *r)
{
    const char *length = nd_http_header(r, "Content-Length");
    uint64_t n = 0;

    if (length != NULL && cr_parse_u64(length, strlen(length), UINT64_MAX, &n) != ST_OK)
        refuse(r, MHD_HTTP_BAD_REQUEST, "Content-Length is no number");
    if (r->route != NULL && n > r->route->body_max)
        refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than this address takes");
}

static void open_request(struct nd_http_req *r, const char *method)
{
    const char *host = nd_http_header(r, "Host");
    bool post = strcmp(method, "POST") == 0;

    if (!post && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED, "GET, HEAD and POST only");
        return;
    }
    if (host == NULL || strlen(host) >= HOST_MAX)
        refuse(r, MHD_HTTP_BAD_REQUEST, "no Host header");
    else if (!host_allowed(r->h, host))
        refuse(r, MHD_HTTP_MISDIRECTED_REQUEST, "this node is not called by that name");
    if (post && r->refuse_status == 0)
        check_origin(r, host);
    if (r->refuse_status == 0)
        find_route(r, post ? ND_HTTP_POST : ND_HTTP_GET);
    check_length(r);
    cr_buf_init(&r->body, r->route != NULL && r->route->body_max > 0 ? r->route->body_max : 1);
}

/* ---- reading the request ---- */

const char *nd_http_path(const struct nd_http_req *r)
{
    return r->path;
}

const char *nd_http_segment(const struct nd_http_req *r, size_t i)
{
    return i < ND_HTTP_SEGMENTS_MAX ? r->segment[i] : "";
}

const char *nd_http_query(const struct nd_http_req *r, const char *name)
{
    return MHD_lookup_connection_value(r->mhd, MHD_GET_ARGUMENT_KIND, name);
}

const char *nd_http_header(const struct nd_http_req *r, const char *name)
{
    return MHD_lookup_connection_value(r->mhd, MHD_HEADER_KIND, name);
}

struct cr_span nd_http_body(const struct nd_http_req *r)
{
    return cr_buf_span(&r->body);
}

const char *nd_http_remote(const struct nd_http_req *r)
{
    return r->conn->remote;
}

bool nd_http_local(const struct nd_http_req *r)
{
    const char *remote = r->conn->remote;

    return strncmp(remote, "127.", 4) == 0 || strcmp(remote, "::1") == 0 ||
           strncmp(remote, "::ffff:127.", 11) == 0;
}

/* ---- replying ---- */

void nd_http_add_header(struct nd_http_req *r, const char *name, const char *value)
{
    size_t i = r->header_count;

    CR_ASSERT(strpbrk(name, "\r\n") == NULL && strpbrk(value, "\r\n") == NULL);
    CR_ASSERT(i < sizeof r->header / sizeof r->header[0]);
    CR_ASSERT(strlen(name) < sizeof r->header[i].name && strlen(value) < sizeof r->header[i].value);
    (void)snprintf(r->header[i].name, sizeof r->header[i].name, "%s", name);
    (void)snprintf(r->header[i].value, sizeof r->header[i].value, "%s", value);
    r->header_count++;
}

static bool has_header(const struct nd_http_req *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcasecmp(r->header[i].name, name) == 0)
            return true;
    return false;
}

/* Takes the reference. */
static void queue(struct nd_http_req *r, unsigned status, const char *type,
                  struct MHD_Response *response)
{
    static const char *const fixed[][2] = {
        {"Content-Security-Policy",
         "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
         "form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
    };

    CR_ASSERT(!r->queued);
    r->queued = true;
    if (response == NULL) {
        r->result = MHD_NO; /* no memory: the connection is closed */
        return;
    }
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        (void)MHD_add_response_header(response, fixed[i][0], fixed[i][1]);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (!has_header(r, MHD_HTTP_HEADER_CACHE_CONTROL))
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    for (size_t i = 0; i < r->header_count; i++)
        (void)MHD_add_response_header(response, r->header[i].name, r->header[i].value);
    r->result = MHD_queue_response(r->mhd, status, response);
    MHD_destroy_response(response);
}

static struct MHD_Response *buffer_response(struct cr_span body, enum MHD_ResponseMemoryMode mode)
{
    union {
        const uint8_t *in;
        void *out;
    } p = {.in = body.p};

    return MHD_create_response_from_buffer(body.n, p.out, mode);
}

void nd_http_reply(struct nd_http_req *r, unsigned status, const char *type, struct cr_span body)
{
    queue(r, status, type, buffer_response(body, MHD_RESPMEM_MUST_COPY));
}

void nd_http_reply_static(struct nd_http_req *r, unsigned status, const char *type,
                          struct cr_span body)
{
    queue(r, status, type, buffer_response(body, MHD_RESPMEM_PERSISTENT));
}

static ssize_t source_next(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct nd_http_source *s = cls;
    long n = s->next(s->arg, (uint8_t *)buf, max);

    (void)pos;
    return n == 0  ? MHD_CONTENT_READER_END_OF_STREAM
           : n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR
                   : (ssize_t)n;
}

static void source_done(void *cls)
{
    struct nd_http_source *s = cls;

    s->done(s->arg);
    free(s);
}

void nd_http_reply_source(struct nd_http_req *r, unsigned status, const char *type,
                          const struct nd_http_source *source)
{
    struct nd_http_source *own = malloc(sizeof *own);
    struct MHD_Response *response = NULL;

    if (own != NULL) {
        *own = *source;
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, source_next, own,
                                                     source_done);
    }
    if (response == NULL) {
        free(own);
        source->done(source->arg);
    }
    r->conn->streaming = true;
    queue(r, status, type, response);
}

/* ---- live streams ---- */

static void stream_suspend(struct nd_http_stream *s)
{
    s->suspended = true;
    MHD_suspend_connection(s->mhd);
}

static void stream_resume(struct nd_http_stream *s)
{
    if (!s->suspended)
        return;
    s->suspended = false;
    MHD_resume_connection(s->mhd);
    nd_uv_watch_within(s->h->watch, 0);
}

static ssize_t stream_next(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct nd_http_stream *s = cls;
    size_t n = s->out.n < max ? s->out.n : max;

    (void)pos;
    if (s->cut || s->h->stopping)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n == 0) {
        stream_suspend(s);
        return 0;
    }
    memcpy(buf, s->out.p, n);
    cr_buf_consume(&s->out, n);
    return (ssize_t)n;
}

static void stream_done(void *cls)
{
    struct nd_http_stream *s = cls;
    struct nd_http_stream **at = &s->h->streams;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    s->gone(s->arg);
    cr_buf_release(&s->out);
    free(s);
}

struct nd_http_stream *nd_http_reply_events(struct nd_http_req *r, void (*gone)(void *arg),
                                            void *arg)
{
    struct nd_http_stream *s = calloc(1, sizeof *s);
    struct MHD_Response *response = NULL;

    if (s != NULL)
        response =
            MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, stream_next, s, stream_done);
    if (response == NULL) {
        free(s);
        queue(r, MHD_HTTP_SERVICE_UNAVAILABLE, "text/plain", NULL);
        return NULL;
    }
    s->h = r->h;
    s->mhd = r->mhd;
    s->conn = r->conn;
    s->gone = gone;
    s->arg = arg;
    s->beat_ms = now_ms();
    cr_buf_init(&s->out, ND_HTTP_STREAM_MAX);
    s->next = r->h->streams;
    r->h->streams = s;
    r->conn->streaming = true;
    nd_http_add_header(r, "X-Accel-Buffering", "no");
    queue(r, MHD_HTTP_OK, "text/event-stream", response);
    return s;
}

void nd_http_push(struct nd_http_stream *s, struct cr_span bytes)
{
    if (s->cut)
        return;
    s->beat_ms = now_ms();
    if (cr_buf_append(&s->out, bytes.p, bytes.n) != ST_OK) {
        s->cut = true;
        (void)shutdown(s->conn->fd, SHUT_RDWR); /* it may be waiting for room in the socket */
    }
    stream_resume(s);
}

/* ---- limits that the library does not keep ---- */

static struct nd_http_limits limits_of(const struct nd_http *h)
{
    return (struct nd_http_limits){.conns = ND_HTTP_CONNS_MAX,
                                   .per_addr = ND_HTTP_PER_IP_MAX,
                                   .header_ms = h->o.header_ms,
                                   .idle_ms = (uint64_t)ND_HTTP_IDLE_S * 1000,
                                   .bytes_per_s = ND_HTTP_BYTES_PER_S};
}

static void cut(struct nd_http_conn *c)
{
    c->cut = true;
    (void)shutdown(c->fd, SHUT_RDWR);
}

static uint64_t sweep_ms(const struct nd_http *h)
{
    return h->o.header_ms / 4 < SWEEP_MS ? h->o.header_ms / 4 + 1 : SWEEP_MS;
}

static void sweep(struct nd_http *h, uint64_t now)
{
    static const char beat[] = ": \n\n";
    const struct nd_http_limits limits = limits_of(h);

    if (now - h->sweep_ms < sweep_ms(h))
        return;
    h->sweep_ms = now;
    for (struct nd_http_conn *c = h->conns; c != NULL; c = c->next)
        if (nd_http_conn_overdue(c, &limits, now))
            cut(c);
    for (struct nd_http_stream *s = h->streams; s != NULL; s = s->next)
        if (now - s->beat_ms >= BEAT_MS)
            nd_http_push(s, cr_span_text(beat));
}

static void run(void *arg)
{
    struct nd_http *h = arg;
    unsigned long long timeout;
    uint64_t within = UINT64_MAX;

    (void)MHD_run(h->daemon);
    sweep(h, now_ms());
    if (MHD_get_timeout(h->daemon, &timeout) == MHD_YES)
        within = timeout;
    if ((h->conns != NULL || h->streams != NULL) && within > sweep_ms(h))
        within = sweep_ms(h);
    nd_uv_watch_within(h->watch, within);
}

/* ---- the library's calls ---- */

static void name_remote(struct MHD_Connection *mhd, char out[static INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = info == NULL ? NULL : info->client_addr;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    (void)snprintf(out, INET6_ADDRSTRLEN, "?");
    if (sa != NULL && sa->sa_family == AF_INET) {
        memcpy(&v4, sa, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, out, INET6_ADDRSTRLEN);
    } else if (sa != NULL && sa->sa_family == AF_INET6) {
        memcpy(&v6, sa, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, out, INET6_ADDRSTRLEN);
    }
}

/* A new connection; one that asks for nothing makes room for it. NULL: no memory, its requests are
 * refused. */
static struct nd_http_conn *admit(struct nd_http *h, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    const struct nd_http_limits limits = limits_of(h);
    struct nd_http_conn *c = calloc(1, sizeof *c), *victim;

    if (c == NULL)
        return NULL;
    c->fd = info == NULL ? -1 : info->connect_fd;
    name_remote(mhd, c->remote);
    c->since_ms = now_ms();
    c->first = true;
    c->next = h->conns;
    h->conns = c;
    victim = nd_http_conns_victim(c, &limits);
    if (victim != NULL)
        cut(victim);
    return c;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct nd_http *h = cls;
    struct nd_http_conn *c = *context;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = admit(h, mhd);
    } else if (c != NULL) {
        struct nd_http_conn **at = &h->conns;

        while (*at != c)
            at = &(*at)->next;
        *at = c->next;
        free(c);
    }
}

static struct nd_http_req *new_request(struct nd_http *h, struct MHD_Connection *mhd,
                                       const char *url, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct nd_http_req *r;

    if (info == NULL || info->socket_context == NULL)
        return NULL;
    r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->h = h;
    r->mhd = mhd;
    r->conn = info->socket_context;
    r->conn->in_request = true;
    r->conn->first = false;
    r->conn->bytes = 0;
    r->conn->since_ms = now_ms();
    r->path = url;
    open_request(r, method);
    return r;
}

static void take_body(struct nd_http_req *r, const char *data, size_t n)
{
    r->conn->bytes += n;
    if (r->route == NULL)
        return;
    if (cr_buf_append(&r->body, data, n) != ST_OK)
        refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than this address takes");
}

static enum MHD_Result answer(struct nd_http_req *r)
{
    char text[REFUSAL + 32];
    int n;

    if (r->route != NULL) {
        r->route->handle(r->h->o.arg, r);
        CR_ASSERT(r->queued);
        return r->result;
    }
    n = snprintf(text, sizeof text, "{\"error\":{\"message\":\"%s\"}}\n", r->refuse_text);
    nd_http_add_header(r, "Connection", "close");
    nd_http_reply(r, r->refuse_status, "application/json", cr_span_of(text, (size_t)n));
    return r->result;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *mhd, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_n, void **context)
{
    struct nd_http_req *r = *context;

    (void)version;
    if (r == NULL) {
        r = new_request(cls, mhd, url, method);
        *context = r;
        if (r == NULL)
            return MHD_NO;
        /* A body that will be refused is not waited for. */
        return r->refuse_status == MHD_HTTP_CONTENT_TOO_LARGE ? answer(r) : MHD_YES;
    }
    if (*data_n > 0) {
        take_body(r, data, *data_n);
        *data_n = 0;
        return r->conn->bytes > ND_HTTP_STREAM_MAX && r->route == NULL ? MHD_NO : MHD_YES;
    }
    if (r->queued)
        return MHD_YES;
    return answer(r);
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct nd_http_req *r = *context;

    (void)cls;
    (void)mhd;
    (void)code;
    if (r == NULL)
        return;
    r->conn->in_request = false;
    r->conn->streaming = false;
    r->conn->since_ms = now_ms();
    cr_buf_release(&r->body);
    free(r);
    *context = NULL;
}

/* ---- starting and stopping ---- */

static int listen_on(const char *addr, int *out, char bound[static ND_UV_ADDR_MAX],
                     struct st_err *err)
{
    struct sockaddr_storage ss, real;
    socklen_t real_n = sizeof real;
    int on = 1, fd;

    if (nd_uv_addr_parse(addr, &ss) != ST_OK)
        return st_fail(err, ST_MALFORMED, "'%s' is not an address such as 127.0.0.1:8686", addr);
    fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)&ss,
             ss.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) ==
            0 &&
        listen(fd, 64) == 0 && getsockname(fd, (struct sockaddr *)&real, &real_n) == 0) {
        nd_uv_addr_format(&real, bound);
        *out = fd;
        return ST_OK;
    }
    (void)st_fail(err,
                  errno == EADDRINUSE                 ? ST_EXISTS
                  : errno == EACCES || errno == EPERM ? ST_DENIED
                                                      : ST_IO,
                  "listen on %s: %s", addr, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    return err == NULL ? ST_IO : (int)err->code;
}

static int start_daemon(struct nd_uv *u, struct nd_http *h, int fd, struct st_err *err)
{
    const union MHD_DaemonInfo *info;

    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, h,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(ND_HTTP_CONNS_MAX + SPARE), MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)ND_HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)ND_HTTP_HEADER_BYTES,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
        h, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (h->daemon == NULL)
        return st_fail(err, ST_NOMEM, "start the HTTP server");
    info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL)
        return st_fail(err, ST_IO, "the HTTP server has no descriptor to wait for");
    return nd_uv_watch_open(u, info->epoll_fd, run, h, &h->watch, err);
}

int nd_http_start(struct nd_uv *u, const struct nd_http_options *o, struct nd_http **out,
                  char bound[static ND_UV_ADDR_MAX], struct st_err *err)
{
    struct nd_http *h = calloc(1, sizeof *h);
    int fd = -1, rc;

    if (h == NULL)
        return st_fail(err, ST_NOMEM, "start the HTTP server");
    h->o = *o;
    if (h->o.header_ms == 0)
        h->o.header_ms = ND_HTTP_HEADER_MS;
    h->sweep_ms = now_ms();
    for (size_t i = 0; i < o->host_count; i++)
        (void)snprintf(h->host[i], sizeof h->host[i], "%s", o->hosts[i]);
    rc = listen_on(o->listen, &fd, bound, err);
    if (rc == ST_OK)
        rc = start_daemon(u, h, fd, err);
    if (rc != ST_OK) {
        if (fd >= 0 && h->daemon == NULL)
            (void)close(fd);
        nd_http_stop(h);
        return rc;
    }
    run(h);
    *out = h;
    return ST_OK;
}

void nd_http_stop(struct nd_http *h)
{
    if (h == NULL)
        return;
    h->stopping = true;
    nd_uv_watch_close(h->watch); /* before its descriptor goes */
    for (struct nd_http_stream *s = h->streams; s != NULL; s = s->next)
        if (s->suspended) {
            s->suspended = false;
            MHD_resume_connection(s->mhd);
        }
    if (h->daemon != NULL)
        MHD_stop_daemon(h->daemon); /* ends every request and closes the listening socket */
    CR_ASSERT(h->conns == NULL && h->streams == NULL);
    free(h);
}
