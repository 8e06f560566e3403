/* The HTTP server over real sockets on loopback, the loop run by hand between the client's steps.
 */
#include "tests/lib/test.h"

#include "crypto/base/bytes.h"
#include "node/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX 200000

struct world {
    struct nd_uv *uv;
    struct nd_http *http;
    char addr[ND_UV_ADDR_MAX];
    struct nd_http_stream *stream;
    unsigned gone, handled;
    char seen[512]; /* what the last handler read */
    char *reply;
};

/* ---- handlers ---- */

static void echo(void *arg, struct nd_http_req *r)
{
    struct world *w = arg;
    const char *q = nd_http_query(r, "q"), *token = nd_http_header(r, "X-Token");

    w->handled++;
    (void)snprintf(w->seen, sizeof w->seen, "%s|%s|%s|%s|%zu|%d", nd_http_path(r),
                   nd_http_segment(r, 0), q == NULL ? "-" : q, token == NULL ? "-" : token,
                   nd_http_body(r).n, (int)nd_http_local(r));
    nd_http_add_header(r, "X-Extra", "yes");
    nd_http_reply(r, 200, "text/plain", cr_span_text("hello"));
}

struct count {
    unsigned left;
    struct world *w;
};

static long count_next(void *arg, uint8_t *out, size_t max)
{
    struct count *c = arg;

    if (c->left == 0)
        return 0;
    c->left--;
    memset(out, 'x', max < 1000 ? max : 1000);
    return max < 1000 ? (long)max : 1000;
}

static void count_done(void *arg)
{
    struct count *c = arg;

    c->w->gone++;
    free(c);
}

static void source(void *arg, struct nd_http_req *r)
{
    struct world *w = arg;
    struct nd_http_source s = {.next = count_next, .done = count_done};
    struct count *c = malloc(sizeof *c);

    assert_non_null(c);
    *c = (struct count){.left = 100, .w = w};
    s.arg = c;
    nd_http_reply_source(r, 200, "text/csv", &s);
}

static void on_gone(void *arg)
{
    struct world *w = arg;

    w->gone++;
    w->stream = NULL;
}

static void events(void *arg, struct nd_http_req *r)
{
    struct world *w = arg;

    w->stream = nd_http_reply_events(r, on_gone, w);
}

static const struct nd_http_route routes[] = {
    {ND_HTTP_GET, "/echo", 0, echo},      {ND_HTTP_POST, "/echo", 1000, echo},
    {ND_HTTP_GET, "/of/{id}/x", 0, echo}, {ND_HTTP_GET, "/events", 0, events},
    {ND_HTTP_GET, "/source", 0, source},
};

/* ---- the client ---- */

static int setup_with(void **state, uint32_t header_ms)
{
    struct world *w = calloc(1, sizeof *w);
    struct nd_http_options o = {.listen = "127.0.0.1:0",
                                .host_count = 1,
                                .hosts = {"grid.example"},
                                .routes = routes,
                                .route_count = sizeof routes / sizeof routes[0],
                                .arg = w,
                                .header_ms = header_ms};
    struct st_err err = {0};

    assert_non_null(w);
    w->reply = malloc(REPLY_MAX);
    assert_non_null(w->reply);
    ts_assert_ok(nd_uv_new(&w->uv, &err));
    ts_assert_ok(nd_http_start(w->uv, &o, &w->http, w->addr, &err));
    *state = w;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, 0);
}

static int setup_impatient(void **state)
{
    return setup_with(state, 40);
}

static int teardown(void **state)
{
    struct world *w = *state;

    nd_http_stop(w->http);
    nd_uv_free(w->uv);
    free(w->reply);
    free(w);
    return 0;
}

static int dial(struct world *w)
{
    struct sockaddr_storage ss;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    ts_assert_ok(nd_uv_addr_parse(w->addr, &ss));
    assert_int_equal(connect(fd, (const struct sockaddr *)&ss, sizeof(struct sockaddr_in)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void step(struct world *w)
{
    nd_uv_step(w->uv, 5);
}

static void say(struct world *w, int fd, const char *text)
{
    size_t n = strlen(text), at = 0;

    while (at < n) {
        ssize_t k = send(fd, text + at, n - at, MSG_NOSIGNAL);

        if (k > 0)
            at += (size_t)k;
        else if (errno != EAGAIN)
            return; /* the server has had enough */
        step(w);
    }
}

/* Reads until the text is there or the server closes; the number of bytes in w->reply. */
static size_t hear(struct world *w, int fd, const char *until, bool *closed)
{
    size_t at = 0;

    *closed = false;
    for (int i = 0; i < 4000; i++) {
        ssize_t n = recv(fd, w->reply + at, REPLY_MAX - 1 - at, 0);

        if (n > 0)
            at += (size_t)n;
        w->reply[at] = '\0';
        if (until != NULL && strstr(w->reply, until) != NULL)
            return at;
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            *closed = true;
            return at;
        }
        step(w);
    }
    ts_fail("the server said nothing of the kind: %s", w->reply);
}

/* One request, one reply, then the connection is closed by the server. Status. */
static int ask(struct world *w, const char *head, const char *body)
{
    int fd = dial(w);
    uint64_t status = 0;
    char request[4096];
    bool closed;

    (void)snprintf(request, sizeof request, "%s\r\nConnection: close\r\n\r\n%s", head, body);
    say(w, fd, request);
    (void)hear(w, fd, NULL, &closed);
    assert_int_equal(close(fd), 0);
    if (strncmp(w->reply, "HTTP/1.1 ", 9) == 0)
        ts_assert_ok(cr_parse_u64(w->reply + 9, 3, 999, &status));
    return (int)status;
}

#define GET(path, host)  "GET " path " HTTP/1.1\r\nHost: " host
#define JSON(n)          "\r\nContent-Type: application/json\r\nContent-Length: " n
#define POST(path, rest) "POST " path " HTTP/1.1\r\nHost: 127.0.0.1:1" rest

/* A handler sees path, segment, query, header, body and where the caller is. */
static void test_http__handler_reads_the_request(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, GET("/echo?q=%E9%9A%90", "localhost") "\r\nX-Token: t", ""), 200);
    assert_string_equal(w->seen, "/echo||隐|t|0|1");
    assert_non_null(strstr(w->reply, "X-Extra: yes"));
    assert_non_null(strstr(w->reply, "hello"));
    assert_int_equal(ask(w, GET("/of/ab%20c/x", "[::1]:99"), ""), 200);
    assert_string_equal(w->seen, "/of/ab c/x|ab c|-|-|0|1");
    assert_int_equal(ask(w, POST("/echo", JSON("2")), "{}"), 200);
    assert_string_equal(w->seen, "/echo||-|-|2|1");
}

/* Every reply, refusals too, tells the browser to load nothing from elsewhere. */
static void test_http__security_headers_are_always_there(void **state)
{
    struct world *w = *state;
    static const char *const wanted[] = {"Content-Security-Policy: default-src 'self'",
                                         "X-Content-Type-Options: nosniff",
                                         "Referrer-Policy: no-referrer", "Cache-Control: no-store"};

    for (int round = 0; round < 2; round++) {
        (void)ask(w, round == 0 ? GET("/echo", "localhost") : GET("/nowhere", "localhost"), "");
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            if (strstr(w->reply, wanted[i]) == NULL)
                ts_fail("round %d: no '%s' in: %s", round, wanted[i], w->reply);
        assert_null(strstr(w->reply, "Access-Control-Allow"));
    }
}

/* A name that was rebound to this machine, or none at all, reaches no handler. */
static void test_http__foreign_host_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {"evil.example",
                                      "evil.example:8686",
                                      "localhost.evil.org",
                                      "127.0.0.1.evil.org",
                                      "xlocalhost",
                                      "127.0.0.11",
                                      "[::1",
                                      "grid.example.",
                                      "@localhost",
                                      "10.0.0.1"};
    char head[512];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(head, sizeof head, "GET /echo HTTP/1.1\r\nHost: %s", bad[i]);
        if (ask(w, head, "") == 200)
            ts_fail("'%s' was let in", bad[i]);
    }
    assert_int_equal(w->handled, 0);
    assert_int_equal(ask(w, "GET /echo HTTP/1.1", ""), 400);
    assert_int_equal(ask(w, GET("/echo", "Grid.Example:8686"), ""), 200);
    assert_int_equal(w->handled, 1);
}

/* What a page of another site can make a browser send changes nothing. */
static void test_http__foreign_origin_is_refused(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, POST("/echo", JSON("0") "\r\nOrigin: http://evil.example"), ""), 403);
    assert_int_equal(ask(w, POST("/echo", JSON("0") "\r\nOrigin: null"), ""), 403);
    assert_int_equal(ask(w, POST("/echo", JSON("0") "\r\nOrigin: http://127.0.0.1:2"), ""), 403);
    assert_int_equal(ask(w, POST("/echo", JSON("0") "\r\nSec-Fetch-Site: cross-site"), ""), 403);
    assert_int_equal(ask(w, POST("/echo", JSON("0") "\r\nSec-Fetch-Site: same-site"), ""), 403);
    assert_int_equal(ask(w, POST("/echo", "\r\nContent-Type: text/plain\r\nContent-Length: 0"), ""),
                     415);
    assert_int_equal(ask(w,
                         POST("/echo", "\r\nContent-Type: application/x-www-form-urlencoded"
                                       "\r\nContent-Length: 0"),
                         ""),
                     415);
    assert_int_equal(ask(w, POST("/echo", "\r\nContent-Length: 0"), ""), 415);
    assert_int_equal(w->handled, 0);
    assert_int_equal(ask(w, POST("/echo", JSON("0") "\r\nOrigin: http://127.0.0.1:1"), ""), 200);
    assert_int_equal(ask(w, POST("/echo", JSON("0") "\r\nSec-Fetch-Site: same-origin"), ""), 200);
}

/* Unknown paths, methods and shapes have their status; nothing of the file system is reachable. */
static void test_http__what_is_not_there(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, GET("/", "localhost"), ""), 404);
    assert_int_equal(ask(w, GET("/echo/", "localhost"), ""), 404);
    assert_int_equal(ask(w, GET("/of//x", "localhost"), ""), 404);
    assert_int_equal(ask(w, GET("/../../etc/passwd", "localhost"), ""), 404);
    assert_int_equal(ask(w, GET("/%2e%2e/%2e%2e/etc/passwd", "localhost"), ""), 404);
    assert_int_equal(ask(w, POST("/of/a/x", JSON("0")), ""), 405);
    assert_int_equal(ask(w, "DELETE /echo HTTP/1.1\r\nHost: localhost", ""), 405);
    assert_int_equal(ask(w, "OPTIONS /echo HTTP/1.1\r\nHost: localhost", ""), 405);
    assert_int_equal(w->handled, 0);
    assert_int_equal(ask(w, "HEAD /echo HTTP/1.1\r\nHost: localhost", ""), 200);
    assert_null(strstr(w->reply, "hello"));
}

/* A body beyond its route's size is refused when it is announced, and when it only comes. */
static void test_http__body_is_bounded(void **state)
{
    struct world *w = *state;
    char body[4000];

    assert_int_equal(ask(w, POST("/echo", JSON("1001")), ""), 413);
    assert_int_equal(ask(w, POST("/echo", JSON("18446744073709551616")), ""), 413);
    (void)snprintf(body, sizeof body, "400\r\n%01024d\r\n0\r\n\r\n", 0);
    assert_int_equal(ask(w,
                         POST("/echo", "\r\nContent-Type: application/json"
                                       "\r\nTransfer-Encoding: chunked"),
                         body),
                     413);
    assert_int_equal(w->handled, 0);
    (void)snprintf(body, sizeof body, "3e8\r\n%01000d\r\n0\r\n\r\n", 0);
    assert_int_equal(ask(w,
                         POST("/echo", "\r\nContent-Type: application/json"
                                       "\r\nTransfer-Encoding: chunked"),
                         body),
                     200);
}

/* Headers that go on for ever end the connection, not the memory. */
static void test_http__headers_are_bounded(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    bool closed = false;
    char line[1100];

    say(w, fd, "GET /echo HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < 40; i++) {
        (void)snprintf(line, sizeof line, "X-%d: %01000d\r\n", i, 0);
        say(w, fd, line);
    }
    (void)hear(w, fd, NULL, &closed);
    assert_true(closed);
    assert_int_equal(w->handled, 0);
    assert_int_equal(close(fd), 0);
}

/* Who never finishes his headers is cut off, however often he sends a byte. */
static void test_http__slow_headers_are_cut_off(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    bool cut = false;
    char c;

    say(w, fd, "GET /echo HTTP/1.1\r\nHost: loc");
    for (int i = 0; i < 4000 && !cut; i++) {
        (void)send(fd, "a", 1, MSG_NOSIGNAL);
        step(w);
        cut = recv(fd, &c, 1, 0) == 0 || (errno != EAGAIN && errno != EINTR);
    }
    assert_true(cut);
    assert_int_equal(close(fd), 0);
}

/* So is a body that trickles. */
static void test_http__slow_body_is_cut_off(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    bool cut = false;
    char c;

    say(w, fd, POST("/echo", JSON("900")) "\r\n\r\n");
    for (int i = 0; i < 4000 && !cut; i++) {
        step(w);
        cut = recv(fd, &c, 1, 0) == 0 || (errno != EAGAIN && errno != EINTR);
        if (i % 200 == 0)
            (void)send(fd, "a", 1, MSG_NOSIGNAL);
    }
    assert_true(cut);
    assert_int_equal(w->handled, 0);
    assert_int_equal(close(fd), 0);
}

/* One address cannot take every connection. */
static void test_http__connections_of_one_address_are_bounded(void **state)
{
    struct world *w = *state;
    int fd[ND_HTTP_PER_IP_MAX + 8];
    size_t cut = 0, n = sizeof fd / sizeof fd[0];
    char c;

    for (size_t i = 0; i < n; i++) {
        fd[i] = dial(w);
        step(w);
    }
    for (int i = 0; i < 20; i++)
        step(w);
    for (size_t i = 0; i < n; i++) {
        cut += recv(fd[i], &c, 1, 0) >= 0 || errno != EAGAIN;
        assert_int_equal(close(fd[i]), 0);
    }
    assert_int_equal(cut, 8);
    for (int i = 0; i < 20; i++)
        step(w);
    assert_int_equal(ask(w, GET("/echo", "localhost"), ""), 200);
}

/* Who comes anew is served, though others hold all connections that there may be: of his address,
 * or of all. */
static void test_http__silent_connections_make_room(void **state)
{
    struct world *w = *state;
    struct sockaddr_in from = {.sin_family = AF_INET};
    int fd[ND_HTTP_CONNS_MAX + ND_HTTP_PER_IP_MAX];
    size_t n = sizeof fd / sizeof fd[0];

    for (size_t i = 0; i < n; i++) {
        struct sockaddr_storage ss;

        if (i == 0 || i == ND_HTTP_PER_IP_MAX)
            assert_int_equal(ask(w, GET("/echo", "localhost"), ""), 200);
        fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd[i] >= 0);
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(i / ND_HTTP_PER_IP_MAX));
        assert_int_equal(bind(fd[i], (const struct sockaddr *)&from, sizeof from), 0);
        ts_assert_ok(nd_uv_addr_parse(w->addr, &ss));
        assert_int_equal(connect(fd[i], (const struct sockaddr *)&ss, sizeof(struct sockaddr_in)),
                         0);
        assert_int_equal(fcntl(fd[i], F_SETFL, O_NONBLOCK), 0);
        step(w);
    }
    assert_int_equal(ask(w, GET("/echo", "localhost"), ""), 200);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(close(fd[i]), 0);
}

/* A reply of unknown length comes whole, and what made it is told when it is over. */
static void test_http__source_is_sent_whole(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask(w, GET("/source", "localhost"), ""), 200);
    assert_true(strlen(w->reply) > 100000);
    assert_int_equal(w->gone, 1);
}

/* Events reach a live stream as they are pushed; a client that leaves is noticed. */
static void test_http__events_are_pushed(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    bool closed;

    say(w, fd, GET("/events", "localhost") "\r\n\r\n");
    (void)hear(w, fd, "text/event-stream", &closed);
    assert_non_null(w->stream);
    nd_http_push(w->stream, cr_span_text("id: 1\ndata: a\n\n"));
    (void)hear(w, fd, "data: a\n\n", &closed);
    nd_http_push(w->stream, cr_span_text("id: 2\ndata: b\n\n"));
    (void)hear(w, fd, "data: b\n\n", &closed);
    assert_false(closed);
    assert_int_equal(close(fd), 0);
    for (int i = 0; i < 50 && w->stream != NULL; i++) {
        nd_http_push(w->stream, cr_span_text("data: c\n\n"));
        step(w);
    }
    assert_null(w->stream);
    assert_int_equal(w->gone, 1);
}

/* A client that does not read is cut off instead of filling the memory. */
static void test_http__unread_events_are_bounded(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    bool closed;
    char block[4097];

    memset(block, 'x', sizeof block - 1);
    block[sizeof block - 1] = '\0';
    say(w, fd, GET("/events", "localhost") "\r\n\r\n");
    (void)hear(w, fd, "text/event-stream", &closed);
    for (int i = 0; i < 20000 && w->stream != NULL; i++) {
        nd_http_push(w->stream, cr_span_text(block));
        if (i % 16 == 0)
            step(w);
    }
    assert_null(w->stream);
    assert_int_equal(close(fd), 0);
}

/* A stream that is open when the server stops is told, and nothing is left. */
static void test_http__stop_ends_streams(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    bool closed;

    say(w, fd, GET("/events", "localhost") "\r\n\r\n");
    (void)hear(w, fd, "text/event-stream", &closed);
    step(w);
    nd_http_stop(w->http);
    w->http = NULL;
    assert_int_equal(w->gone, 1);
    assert_int_equal(close(fd), 0);
}

int main(void)
{
#define SLOW(f) cmocka_unit_test_setup_teardown(f, setup_impatient, teardown)
#define HTTP(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        HTTP(test_http__handler_reads_the_request),
        HTTP(test_http__security_headers_are_always_there),
        HTTP(test_http__foreign_host_is_refused),
        HTTP(test_http__foreign_origin_is_refused),
        HTTP(test_http__what_is_not_there),
        HTTP(test_http__body_is_bounded),
        HTTP(test_http__headers_are_bounded),
        SLOW(test_http__slow_headers_are_cut_off),
        SLOW(test_http__slow_body_is_cut_off),
        HTTP(test_http__silent_connections_make_room),
        HTTP(test_http__connections_of_one_address_are_bounded),
        HTTP(test_http__source_is_sent_whole),
        HTTP(test_http__events_are_pushed),
        HTTP(test_http__unread_events_are_bounded),
        HTTP(test_http__stop_ends_streams),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
