/* The connections of an HTTP server, and which of them has to go: one that is silent for too long,
 * and, when there are too many, one that asks for nothing, so that whoever comes anew is served.
 * What is being answered, and live streams, stay. No I/O; the server cuts what is named here. */
#ifndef NODE_HTTP_CONNS_H
#define NODE_HTTP_CONNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nd_http_conn {
    struct nd_http_conn *next; /* the newest first */
    int fd;
    char remote[INET6_ADDRSTRLEN];
    uint64_t since_ms; /* opened, or the last request done, or the present one begun */
    uint64_t bytes;    /* of the body so far */
    bool in_request, streaming;
    bool first; /* has asked for nothing yet */
    bool cut;   /* on its way out: counts no more */
};

struct nd_http_limits {
    size_t conns, per_addr;
    uint64_t header_ms, idle_ms; /* for a first request's headers; between requests */
    uint64_t bytes_per_s;        /* of a body */
};

/* Too slow or silent for too long. */
bool nd_http_conn_overdue(const struct nd_http_conn *c, const struct nd_http_limits *l,
                          uint64_t now);

/* For the newest connection, the first of the list, which may be one too many of its address or of
 * all: the one that must go. Of its address, then of all: of the address that holds the most, first
 * those that never asked, then the one silent longest. The newest itself when all others are busy;
 * NULL: there is room. */
struct nd_http_conn *nd_http_conns_victim(struct nd_http_conn *newest,
                                          const struct nd_http_limits *l);

#endif
