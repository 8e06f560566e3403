/* Node side of the control socket. A client is one heap object with one pipe, freed in the pipe's
 * close callback; the server object goes when its own pipe and all clients have. */
#include "node/control.h"
#include "node/uv_int.h"

#include "crypto/base/assert.h"
#include "crypto/base/buf.h"
#include "crypto/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENTS_MAX 32

struct nd_ctl_conn {
    struct nd_ctl *ctl;
    uv_pipe_t pipe;
    struct cr_buf in;
    bool asked; /* a request was handed out */
    bool done;  /* nothing is reported or written any more */
    uv_shutdown_t shutdown;
};

struct nd_ctl {
    struct nd_ctl_sink sink;
    struct nd_uv *u;
    uv_pipe_t pipe;
    bool open;
    bool closing;
    int dir_fd; /* the socket's path leads through it */
    size_t client_count;
    struct nd_ctl_conn *client[CLIENTS_MAX];
    char read_buf[4096];
};

struct ctl_out {
    uv_write_t req;
    char bytes[];
};

static void maybe_free(struct nd_ctl *ctl)
{
    if (!ctl->closing || ctl->open || ctl->client_count > 0)
        return;
    (void)close(ctl->dir_fd);
    free(ctl);
}

static void on_client_closed(uv_handle_t *h)
{
    struct nd_ctl_conn *c = h->data;
    struct nd_ctl *ctl = c->ctl;
    size_t i = 0;

    while (i < ctl->client_count && ctl->client[i] != c)
        i++;
    CR_ASSERT(i < ctl->client_count);
    ctl->client[i] = ctl->client[--ctl->client_count];
    if (c->in.p != NULL)
        cr_wipe(c->in.p, c->in.cap); /* a request may hold a PIN */
    cr_buf_release(&c->in);
    free(c);
    maybe_free(ctl);
}

static void client_close(struct nd_ctl_conn *c)
{
    c->done = true;
    if (!uv_is_closing((uv_handle_t *)&c->pipe))
        uv_close((uv_handle_t *)&c->pipe, on_client_closed);
}

static void client_gone(struct nd_ctl_conn *c)
{
    struct nd_ctl *ctl = c->ctl;

    if (c->asked && !c->done && ctl->sink.gone != NULL)
        ctl->sink.gone(ctl->sink.arg, c);
    client_close(c);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
    struct nd_ctl_conn *c = h->data;

    (void)suggested;
    *buf = uv_buf_init(c->ctl->read_buf, sizeof c->ctl->read_buf);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
    struct nd_ctl_conn *c = s->data;
    const uint8_t *end;

    if (n == 0 || c->done)
        return;
    if (n < 0 || c->asked || cr_buf_append(&c->in, buf->base, (size_t)n) != ST_OK) {
        client_gone(c);
        return;
    }
    cr_wipe(buf->base, (size_t)n);
    end = memchr(c->in.p, '\n', c->in.n);
    if (end == NULL)
        return;
    c->asked = true; /* reading goes on only to hear that the client went away */
    c->ctl->sink.request(c->ctl->sink.arg, c, (struct cr_span){c->in.p, (size_t)(end - c->in.p)});
}

static void on_connection(uv_stream_t *server, int status)
{
    struct nd_ctl *ctl = server->data;
    struct nd_ctl_conn *c;
    int rc;

    if (status < 0 || ctl->closing || ctl->client_count == CLIENTS_MAX)
        return;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return;
    c->ctl = ctl;
    cr_buf_init(&c->in, ND_CONTROL_REQUEST_MAX);
    rc = uv_pipe_init(&ctl->u->loop, &c->pipe, 0);
    CR_ASSERT(rc == 0);
    c->pipe.data = c;
    ctl->client[ctl->client_count++] = c;
    rc = uv_accept(server, (uv_stream_t *)&c->pipe);
    if (rc == 0)
        rc = uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
    if (rc != 0)
        client_close(c);
}

static int bind_in(struct nd_ctl *ctl, const char *dir)
{
    char path[64];
    mode_t before;
    int rc;

    ctl->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ctl->dir_fd < 0)
        return UV_ENOENT;
    (void)unlinkat(ctl->dir_fd, ND_CONTROL_NAME, 0);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/%s", ctl->dir_fd, ND_CONTROL_NAME);
    before = umask(0177);
    rc = uv_pipe_bind(&ctl->pipe, path);
    (void)umask(before);
    return rc != 0 ? rc : uv_listen((uv_stream_t *)&ctl->pipe, 16, on_connection);
}

static void on_server_closed(uv_handle_t *h)
{
    struct nd_ctl *ctl = h->data;

    ctl->open = false;
    maybe_free(ctl);
}

int nd_ctl_open(struct nd_uv *u, const char *dir, const struct nd_ctl_sink *sink,
                struct nd_ctl **out, struct st_err *err)
{
    struct nd_ctl *ctl = calloc(1, sizeof *ctl);
    int rc;

    if (ctl == NULL)
        return st_fail(err, ST_NOMEM, "control socket: out of memory");
    ctl->u = u;
    ctl->sink = *sink;
    ctl->dir_fd = -1;
    rc = uv_pipe_init(&u->loop, &ctl->pipe, 0);
    CR_ASSERT(rc == 0);
    ctl->pipe.data = ctl;
    ctl->open = true;
    rc = bind_in(ctl, dir);
    if (rc != 0) {
        nd_ctl_close(ctl);
        return st_fail(err, (enum st_code)nd_uv_status(rc), "control socket in '%s': %s", dir,
                       uv_strerror(rc));
    }
    *out = ctl;
    return ST_OK;
}

void nd_ctl_close(struct nd_ctl *ctl)
{
    if (ctl == NULL || ctl->closing)
        return;
    ctl->closing = true;
    if (ctl->dir_fd >= 0)
        (void)unlinkat(ctl->dir_fd, ND_CONTROL_NAME, 0);
    for (size_t i = 0; i < ctl->client_count; i++)
        client_close(ctl->client[i]);
    uv_close((uv_handle_t *)&ctl->pipe, on_server_closed);
}

/* ---- answering ---- */

static void on_written(uv_write_t *req, int status)
{
    (void)status; /* a client that is gone is noticed by reading */
    free(req->data);
}

void nd_ctl_write(struct nd_ctl_conn *c, enum nd_control_channel channel, struct cr_span bytes)
{
    uv_stream_t *s = (uv_stream_t *)&c->pipe;
    struct ctl_out *out;
    uv_buf_t buf;

    if (c->done || bytes.n > UINT32_MAX - 5 ||
        uv_stream_get_write_queue_size(s) > ND_CONTROL_QUEUE_MAX)
        return;
    out = malloc(sizeof *out + 5 + bytes.n);
    if (out == NULL)
        return;
    out->bytes[0] = (char)channel;
    cr_store_be32((uint8_t *)out->bytes + 1, (uint32_t)bytes.n);
    if (bytes.n > 0)
        memcpy(out->bytes + 5, bytes.p, bytes.n);
    out->req.data = out;
    buf = uv_buf_init(out->bytes, (unsigned)(5 + bytes.n));
    if (uv_write(&out->req, s, &buf, 1, on_written) != 0)
        free(out);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    (void)status;
    client_close(req->handle->data);
}

void nd_ctl_done(struct nd_ctl_conn *c, int exit_code)
{
    const uint8_t code = (uint8_t)exit_code;

    if (c->done)
        return;
    nd_ctl_write(c, ND_CH_EXIT, cr_span_of(&code, 1));
    c->done = true;
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->pipe, on_shutdown) != 0)
        client_close(c);
}
