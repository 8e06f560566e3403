#include "node/http_conns.h"

#include <string.h>

bool nd_http_conn_overdue(const struct nd_http_conn *c, const struct nd_http_limits *l,
                          uint64_t now)
{
    uint64_t ms = now - c->since_ms;

    if (c->streaming)
        return false;
    if (!c->in_request)
        return ms > (c->first ? l->header_ms : l->idle_ms);
    return ms > l->header_ms && c->bytes < (ms / 1000) * l->bytes_per_s;
}

/* Of this address (NULL: of all). */
static size_t count(const struct nd_http_conn *list, const char *remote)
{
    size_t n = 0;

    for (; list != NULL; list = list->next)
        n += !list->cut && (remote == NULL || strcmp(list->remote, remote) == 0);
    return n;
}

/* a rather than b; each with the number of connections of its address. */
static bool sooner(const struct nd_http_conn *a, size_t a_n, const struct nd_http_conn *b,
                   size_t b_n)
{
    if (a_n != b_n)
        return a_n > b_n;
    if (a->first != b->first)
        return a->first;
    return a->since_ms <= b->since_ms; /* equal: the later in the list is the older */
}

static struct nd_http_conn *worst_of(struct nd_http_conn *newest, const char *remote)
{
    struct nd_http_conn *worst = newest;
    size_t worst_n = 0;

    for (struct nd_http_conn *c = newest->next; c != NULL; c = c->next) {
        size_t n;

        if (c->cut || c->in_request || c->streaming ||
            (remote != NULL && strcmp(c->remote, remote) != 0))
            continue;
        n = count(newest, c->remote);
        if (worst == newest || sooner(c, n, worst, worst_n)) {
            worst = c;
            worst_n = n;
        }
    }
    return worst;
}

struct nd_http_conn *nd_http_conns_victim(struct nd_http_conn *newest,
                                          const struct nd_http_limits *l)
{
    if (count(newest, newest->remote) > l->per_addr)
        return worst_of(newest, newest->remote);
    return count(newest, NULL) > l->conns ? worst_of(newest, NULL) : NULL;
}
