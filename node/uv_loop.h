/* The event loop with its transport, on libuv (uv_*.c; no uv type leaves them): ports for a driver
 * or a join, TCP connections, signals, and the control socket of the command line (uv_control.h).
 */
#ifndef NODE_UV_LOOP_H
#define NODE_UV_LOOP_H

#include "node/ports.h"

#define ND_UV_QUEUE_HIGH (1u << 20) /* bytes queued on a connection at which reading it stops … */
#define ND_UV_QUEUE_LOW  (1u << 18) /* … and goes on */
#define ND_UV_QUEUE_MAX  (1u << 25) /* a peer that lets so much pile up is cut off */
#define ND_UV_CLOSE_MS   5000       /* how long a closing connection may take to flush */
#define ND_UV_ADDR_MAX   64

/* Who is told what happens: the driver's or the join's functions. Any may be NULL. */
struct nd_uv_sink {
    void *arg;
    int (*accepted)(void *arg, uint32_t conn, const char *addr); /* not ST_OK: closed at once */
    void (*connected)(void *arg, uint32_t conn);
    void (*bytes)(void *arg, uint32_t conn, struct cr_span bytes);
    void (*disconnected)(void *arg, uint32_t conn, int status);
    void (*flush)(void *arg); /* once a loop iteration */
    void (*tick)(void *arg);  /* when deadline has come */
    uint64_t (*deadline)(void *arg);
};

struct nd_uv;

int nd_uv_new(struct nd_uv **out, struct st_err *err) ST_MUST;
/* Closes everything that is open, without events, and waits for it. NULL is allowed. */
void nd_uv_free(struct nd_uv *u);
/* Ports on this loop. level_max: log lines above it are dropped; the others go to stderr. */
void nd_uv_ports(struct nd_uv *u, int log_level_max, struct nd_ports *out);
/* Replaces the sink (NULL: nobody); connections of the old one must be closed by it before. */
void nd_uv_set_sink(struct nd_uv *u, const struct nd_uv_sink *sink);
/* Listens on "host:port" ("[v6]:port"; port 0: any free one). bound: the address with the real
 * port. ST_MALFORMED, ST_EXISTS (in use), ST_DENIED, ST_IO. */
int nd_uv_listen(struct nd_uv *u, const char *addr, char bound[static ND_UV_ADDR_MAX],
                 struct st_err *err) ST_MUST;
/* One iteration: waits for events, the sink's deadline or max_wait_ms, then flush. */
void nd_uv_step(struct nd_uv *u, uint32_t max_wait_ms);
/* SIGINT and SIGTERM are caught from here on; nd_uv_stopped tells whether one came. */
int nd_uv_catch_signals(struct nd_uv *u, struct st_err *err) ST_MUST;
bool nd_uv_stopped(const struct nd_uv *u);
/* Addresses of this machine's interfaces that others can reach, IPv4 first, without port; at most
 * max. Returns how many. */
size_t nd_uv_local_addrs(char (*out)[ND_UV_ADDR_MAX], size_t max);
/* A numeric "host:port" ("[v6]:port") as an address, and back. ST_MALFORMED. */
struct sockaddr_storage;
int nd_uv_addr_parse(const char *addr, struct sockaddr_storage *out) ST_MUST;
void nd_uv_addr_format(const struct sockaddr_storage *addr, char out[static ND_UV_ADDR_MAX]);

#endif
