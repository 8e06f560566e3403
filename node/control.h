/* The command line's way to a running node: a Unix socket in the data directory.
 *
 *   client → node: one line, a JSON object {"argv": […], "cwd": …, "lang": …, "tty": …}
 *   node → client: packets [channel (1) ‖ length be32 ‖ bytes]; channel 1 stdout, 2 stderr, 3 the
 * exit code (one byte), which is the last, 4 a question (prompt.h): the verb then ends with
 * ND_EX_PIN, and a client that said "ask": true may send the request again with "answers"
 *
 * Only the owner of the data directory can connect (mode 0600, and the directory is 0700). */
#ifndef NODE_CONTROL_H
#define NODE_CONTROL_H

#include "crypto/base/buf.h"

#include <stdio.h>

#define ND_CONTROL_NAME        "control.sock"
#define ND_CONTROL_REQUEST_MAX 262144
#define ND_CONTROL_QUEUE_MAX   (64u << 20) /* output a client may leave unread */
enum nd_control_channel { ND_CH_OUT = 1, ND_CH_ERR = 2, ND_CH_EXIT = 3, ND_CH_ASK = 4 };

/* ---- client (control.c) ---- */
/* Sends the request and copies what comes back to out and err until the exit code; a question goes
 * to ask (emptied first). ST_NOTFOUND: nobody listens there (no socket, or a stale one);
 * ST_UNREACHABLE: the node went away in the middle; ST_IO. */
int nd_control_call(const char *dir, struct cr_span request, FILE *out, FILE *err_out,
                    struct cr_buf *ask, int *exit_code, struct st_err *err) ST_MUST;

/* ---- node (uv_control.c) ---- */
struct nd_uv;
struct nd_ctl;
struct nd_ctl_conn;

struct nd_ctl_sink {
    void *arg;
    /* A whole request line, without its end. Answer it now or later, with nd_ctl_done. */
    void (*request)(void *arg, struct nd_ctl_conn *c, struct cr_span line);
    /* The client went away before nd_ctl_done: c must not be used after this call. */
    void (*gone)(void *arg, struct nd_ctl_conn *c);
};

/* Listens in dir, replacing a stale socket: the caller holds the store's lock. ST_IO, ST_NOMEM. */
int nd_ctl_open(struct nd_uv *u, const char *dir, const struct nd_ctl_sink *sink,
                struct nd_ctl **out, struct st_err *err) ST_MUST;
/* Removes the socket and closes all clients without events; the memory goes with the last handle,
 * before nd_uv_free returns. */
void nd_ctl_close(struct nd_ctl *ctl);
/* Queues output. Silently nothing when the client is gone or too much is queued already. */
void nd_ctl_write(struct nd_ctl_conn *c, enum nd_control_channel channel, struct cr_span bytes);
/* The last word; c is closed when it has been sent and must not be used any more. */
void nd_ctl_done(struct nd_ctl_conn *c, int exit_code);

#endif
