/* HTTP/1.1 for the page and for programs, on the node's loop: routes in, replies out. libmicrohttpd
 * stays inside http_mhd.c.
 *
 * What every request meets before its handler: the address limits and timeouts below, the Host
 * allow-list (a name that somebody rebinds to 127.0.0.1 is refused), for requests that change
 * something the page's own origin and the JSON content type (no form of another site can send
 * either), and the size its route allows. Replies carry the security headers; CORS is never
 * answered.
 *
 * A handler answers by exactly one of the reply functions before it returns. Not thread-safe. */
#ifndef NODE_HTTP_H
#define NODE_HTTP_H

#include "node/uv_loop.h"

#define ND_HTTP_CONNS_MAX    64 /* at once; then who asks for nothing makes room (http_conns.h) */
#define ND_HTTP_PER_IP_MAX   24 /* of these from one address */
#define ND_HTTP_HEADER_BYTES 16384  /* of a connection's memory: request line and headers */
#define ND_HTTP_IDLE_S       30     /* a silent connection is closed (streams: never by this) */
#define ND_HTTP_HEADER_MS    10000  /* a request's line and headers must have come within */
#define ND_HTTP_BYTES_PER_S  64     /* a body that comes more slowly is cut off */
#define ND_HTTP_STREAM_MAX   262144 /* bytes a live stream may leave unread before it is cut */
#define ND_HTTP_HOSTS_MAX    16
#define ND_HTTP_SEGMENTS_MAX 4
#define ND_HTTP_SEGMENT_MAX  128

struct nd_http;
struct nd_http_req;
struct nd_http_stream;

enum nd_http_method { ND_HTTP_GET = 1, ND_HTTP_POST = 2 }; /* HEAD is answered as GET, bodiless */

struct nd_http_route {
    enum nd_http_method method;
    const char *path; /* "/api/v1/hazards/{id}": what is in braces stands for one segment */
    size_t body_max;  /* POST: bytes of the body */
    void (*handle)(void *arg, struct nd_http_req *r);
};

struct nd_http_options {
    const char *listen; /* "127.0.0.1:8686"; port 0: any */
    size_t host_count;  /* names and addresses under which others may call it, without port, beside
                           127.0.0.1, [::1] and localhost */
    const char *hosts[ND_HTTP_HOSTS_MAX];
    const struct nd_http_route *routes; /* first match; borrowed */
    size_t route_count;
    void *arg;          /* of the handlers */
    uint32_t header_ms; /* 0: ND_HTTP_HEADER_MS */
};

/* bound: the address with the real port. ST_EXISTS (address in use), ST_DENIED, ST_MALFORMED,
 * ST_NOMEM, ST_IO. */
int nd_http_start(struct nd_uv *u, const struct nd_http_options *o, struct nd_http **out,
                  char bound[static ND_UV_ADDR_MAX], struct st_err *err) ST_MUST;
/* Ends every connection. NULL is allowed. */
void nd_http_stop(struct nd_http *h);

/* ---- The request (valid until the handler returns) ---- */
const char *nd_http_path(const struct nd_http_req *r);
/* What the i-th {segment} of the route stood for, percent-decoded; "" when there is none. */
const char *nd_http_segment(const struct nd_http_req *r, size_t i);
/* NULL when absent. */
const char *nd_http_query(const struct nd_http_req *r, const char *name);
const char *nd_http_header(const struct nd_http_req *r, const char *name);
struct cr_span nd_http_body(const struct nd_http_req *r);
/* "10.0.0.7": without port. */
const char *nd_http_remote(const struct nd_http_req *r);
bool nd_http_local(const struct nd_http_req *r); /* from this machine */

/* ---- The reply ---- */
/* Adds a header to the reply that follows. Name and value without line breaks (asserted). */
void nd_http_add_header(struct nd_http_req *r, const char *name, const char *value);
/* body is copied. type: "application/json". */
void nd_http_reply(struct nd_http_req *r, unsigned status, const char *type, struct cr_span body);
/* The same for bytes that live as long as the program (the embedded page). */
void nd_http_reply_static(struct nd_http_req *r, unsigned status, const char *type,
                          struct cr_span body);
/* Length unknown: next fills at most max bytes and returns how many; 0: the end; -1: cut the
 * connection, so that the client sees that it is not whole. done is called once, at the end. */
struct nd_http_source {
    void *arg;
    long (*next)(void *arg, uint8_t *out, size_t max);
    void (*done)(void *arg);
};
void nd_http_reply_source(struct nd_http_req *r, unsigned status, const char *type,
                          const struct nd_http_source *source);
/* Server-sent events: stays open; gone is called once, when the client has left or was cut off
 * (never from inside nd_http_push). NULL when there is no memory (the request is then answered). */
struct nd_http_stream *nd_http_reply_events(struct nd_http_req *r, void (*gone)(void *arg),
                                            void *arg);
/* Queues bytes ("id: 7\ndata: …\n\n"). A client that does not keep up is cut off: it comes again
 * and asks for what it lacks. */
void nd_http_push(struct nd_http_stream *s, struct cr_span bytes);

#endif
