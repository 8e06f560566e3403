/* The driver's only way to the world. uv_*.c implements it on libuv, the simulator in virtual time.
 */
#ifndef NODE_PORTS_H
#define NODE_PORTS_H

#include "crypto/base/bytes.h"

struct nd_ports {
    void *arg;
    uint64_t (*now_ms)(void *arg);  /* monotonic */
    uint64_t (*wall_ms)(void *arg); /* Unix time as this machine believes */
    /* Queue bytes on a connection. ST_OK, or ST_UNREACHABLE when it is gone (a closed event follows
     * or has come). Bytes are copied. *queued (may be NULL): bytes not yet handed to the network.
     */
    int (*conn_write)(void *arg, uint32_t conn, struct cr_span bytes, size_t *queued);
    /* After what is queued has been sent, or at once. No event follows. delay_ms: silence first (a
     * scanner must not tell a refusal from a dead port). */
    void (*conn_close)(void *arg, uint32_t conn, bool flush, uint32_t delay_ms);
    /* Starts connecting to "host:port"; *conn is its number. nd_driver_connected or
     * nd_driver_disconnected follows, never from inside this call. */
    int (*dial)(void *arg, const char *addr, uint32_t *conn);
    /* 0..n-1, for jitter only. */
    uint32_t (*jitter)(void *arg, uint32_t n);
    void (*log)(void *arg, int level, const char *line); /* 0 error, 1 warning, 2 info, 3 debug */
};

#endif
