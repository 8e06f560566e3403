/* The ordered effects of one step and the memory they point into. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TEMP_KEEP 256 /* entries of the two tables that are kept between steps */

struct sy_update *sy_push(struct sy_engine *e, enum sy_update_type type, struct sy_session *s)
{
    struct sy_update *u = &e->spare;

    if (e->up_count == e->up_cap) {
        size_t cap = e->up_cap == 0 ? 16 : e->up_cap * 2;
        struct sy_update *up = realloc(e->up, cap * sizeof *up);

        if (up == NULL) {
            e->failed = ST_NOMEM;
            if (s != NULL)
                s->doomed = true;
        } else {
            e->up = up;
            e->up_cap = cap;
        }
    }
    if (e->up_count < e->up_cap)
        u = &e->up[e->up_count++];
    *u = (struct sy_update){.type = type};
    if (s != NULL) {
        u->session = s->number;
        u->peer = s->peer;
    }
    return u;
}

bool sy_temp_take(struct sy_engine *e, void *p)
{
    if (e->temp_count == e->temp_cap) {
        size_t cap = e->temp_cap == 0 ? 16 : e->temp_cap * 2;
        void **temp = realloc(e->temp, cap * sizeof *temp);

        if (temp == NULL) {
            free(p);
            return false;
        }
        e->temp = temp;
        e->temp_cap = cap;
    }
    e->temp[e->temp_count++] = p;
    return true;
}

void *sy_temp(struct sy_engine *e, size_t n)
{
    void *p = malloc(n);

    return p != NULL && sy_temp_take(e, p) ? p : NULL;
}

void sy_updates_reset(struct sy_engine *e)
{
    for (size_t i = 0; i < e->temp_count; i++)
        free(e->temp[i]);
    e->temp_count = 0;
    e->up_count = 0;
    if (e->temp_cap > TEMP_KEEP) {
        free(e->temp);
        e->temp = NULL;
        e->temp_cap = 0;
    }
    if (e->up_cap > TEMP_KEEP) {
        free(e->up);
        e->up = NULL;
        e->up_cap = 0;
    }
}

static void push_frame(struct sy_engine *e, struct sy_session *s, struct cr_span frame)
{
    CR_ASSERT(frame.n > 0);
    CR_ASSERT(frame.n <= SC_FRAME_MAX);
    if (s->file)
        return; /* nobody is there to hear it */
    sy_push(e, SY_UP_SEND, s)->frame = frame;
    s->sent_frames++;
    s->tx_ms = e->now_ms;
}

int sy_send(struct sy_engine *e, struct sy_session *s, struct cr_span frame)
{
    uint8_t *copy = sy_temp(e, frame.n);

    if (copy == NULL)
        return ST_NOMEM;
    memcpy(copy, frame.p, frame.n);
    push_frame(e, s, cr_span_of(copy, frame.n));
    return ST_OK;
}

int sy_send_buf(struct sy_engine *e, struct sy_session *s, struct cr_buf *frame)
{
    uint8_t *p = frame->p;
    size_t n = frame->n;
    uint8_t *shrunk;

    frame->p = NULL;
    frame->n = frame->cap = 0;
    shrunk = realloc(p, n);
    p = shrunk != NULL ? shrunk : p;
    if (!sy_temp_take(e, p))
        return ST_NOMEM;
    push_frame(e, s, cr_span_of(p, n));
    return ST_OK;
}

void sy_trace(struct sy_engine *e, const struct sy_session *s, const char *fmt, ...)
{
    struct st_err line = {ST_STATE, ""};
    struct st_err text = {ST_STATE, ""};
    va_list args;

    if (e->cfg.trace == NULL)
        return;
    va_start(args, fmt);
    (void)st_vfail(&text, ST_STATE, fmt, args);
    va_end(args);
    if (s == NULL)
        (void)st_fail(&line, ST_STATE, "%s", text.msg);
    else
        (void)st_fail(&line, ST_STATE, "s%u %s", (unsigned)s->number, text.msg);
    e->cfg.trace(e->cfg.trace_arg, line.msg);
}
