/* One poll and one timer handle; the memory goes when both have closed. */
#include "node/uv_watch.h"

#include "node/uv_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>

struct nd_uv_watch {
    uv_poll_t poll;
    uv_timer_t timer;
    int open; /* handles that are not closed yet */
    void (*due)(void *arg);
    void *arg;
};

static void on_closed(uv_handle_t *h)
{
    struct nd_uv_watch *w = h->data;

    if (--w->open == 0)
        free(w);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
    struct nd_uv_watch *w = p->data;

    (void)status;
    (void)events;
    w->due(w->arg);
}

static void on_timer(uv_timer_t *t)
{
    struct nd_uv_watch *w = t->data;

    w->due(w->arg);
}

int nd_uv_watch_open(struct nd_uv *u, int fd, void (*due)(void *arg), void *arg,
                     struct nd_uv_watch **out, struct st_err *err)
{
    struct nd_uv_watch *w = calloc(1, sizeof *w);
    int rc;

    if (w == NULL)
        return st_fail(err, ST_NOMEM, "watch a descriptor: out of memory");
    w->due = due;
    w->arg = arg;
    w->poll.data = w->timer.data = w;
    rc = uv_poll_init(&u->loop, &w->poll, fd);
    if (rc != 0) {
        free(w);
        return st_fail(err, (enum st_code)nd_uv_status(rc), "watch a descriptor: %s",
                       uv_strerror(rc));
    }
    w->open = 2;
    rc = uv_timer_init(&u->loop, &w->timer);
    CR_ASSERT(rc == 0); /* cannot fail */
    rc = uv_poll_start(&w->poll, UV_READABLE, on_poll);
    if (rc != 0) {
        nd_uv_watch_close(w);
        return st_fail(err, (enum st_code)nd_uv_status(rc), "watch a descriptor: %s",
                       uv_strerror(rc));
    }
    *out = w;
    return ST_OK;
}

void nd_uv_watch_within(struct nd_uv_watch *w, uint64_t ms)
{
    int rc =
        ms == UINT64_MAX ? uv_timer_stop(&w->timer) : uv_timer_start(&w->timer, on_timer, ms, 0);

    CR_ASSERT(rc == 0);
}

void nd_uv_watch_close(struct nd_uv_watch *w)
{
    if (w == NULL)
        return;
    uv_close((uv_handle_t *)&w->poll, on_closed);
    uv_close((uv_handle_t *)&w->timer, on_closed);
}
