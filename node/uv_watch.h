/* A descriptor of somebody else's (a library that keeps an epoll of its own) in the node's loop,
 * and a deadline beside it. */
#ifndef NODE_UV_WATCH_H
#define NODE_UV_WATCH_H

#include "node/uv_loop.h"

struct nd_uv_watch;

/* due is called from the loop, once an iteration at most, when fd is readable or the deadline has
 * come. fd stays the caller's and must be open until nd_uv_watch_close. ST_NOMEM, ST_IO. */
int nd_uv_watch_open(struct nd_uv *u, int fd, void (*due)(void *arg), void *arg,
                     struct nd_uv_watch **out, struct st_err *err) ST_MUST;
/* due is to be called within this time; UINT64_MAX: when fd says so. */
void nd_uv_watch_within(struct nd_uv_watch *w, uint64_t ms);
/* due is not called any more; the memory goes with the handles. NULL is allowed. */
void nd_uv_watch_close(struct nd_uv_watch *w);

#endif
