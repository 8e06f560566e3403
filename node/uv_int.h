/* Inside of uv_*.c. */
#ifndef NODE_UV_INT_H
#define NODE_UV_INT_H

#include "node/uv_loop.h"

#include <uv.h>

#define UV_READ_BYTES 65536
#define UV_CONNS_MAX  192

struct nd_uv_conn;
struct nd_ctl;

struct nd_uv {
    uv_loop_t loop;
    bool loop_open;
    uv_timer_t timer; /* wakes the loop for the sink's deadline */
    uv_signal_t sig[2];
    bool sig_open[2];
    bool stopped;
    uv_tcp_t listener;
    bool listening;
    struct nd_uv_sink sink;
    uint32_t next_conn;
    size_t conn_count;
    struct nd_uv_conn *conn[UV_CONNS_MAX];
    int log_level_max;
    char *read_buf; /* UV_READ_BYTES: bytes are taken before the next read */
};

/* uv's error as a status. */
int nd_uv_status(int uv_rc);
/* "host:port" apart; ST_MALFORMED. port 0 is allowed. */
int nd_uv_addr_split(const char *addr, char *host, size_t host_bytes, uint16_t *port) ST_MUST;
/* Numeric host to a socket address; false when it is a name. */
bool nd_uv_addr_numeric(const char *host, uint16_t port, struct sockaddr_storage *out);
void nd_uv_addr_text(const struct sockaddr *sa, char out[static ND_UV_ADDR_MAX]);

/* ---- uv_tcp.c ---- */
int nd_uv_dial(struct nd_uv *u, const char *addr, uint32_t *conn) ST_MUST;
int nd_uv_send(struct nd_uv *u, uint32_t conn, struct cr_span bytes, size_t *queued) ST_MUST;
void nd_uv_end(struct nd_uv *u, uint32_t conn, bool flush, uint32_t delay_ms);
/* Starts closing every connection, without events. */
void nd_uv_end_all(struct nd_uv *u);

#endif
