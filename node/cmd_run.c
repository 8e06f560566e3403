/* run: the node itself. It listens for peers and for the command line; a command that arrives over
 * the control socket is parsed and run here exactly as it would be in the client, with its output
 * going back over the socket. Commands that wait (sync) are polled once a loop iteration. */
#include "node/cmd.h"
#include "node/config.h"
#include "node/control.h"
#include "node/http_api.h"
#include "node/http_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS_MAX 32

struct client {
    struct nd_ctl_conn *conn; /* NULL: free */
    struct nd_cmd cmd;
    json_t *request; /* owns the words of the command */
    char **argv;
};

struct server {
    struct nd_app *app;
    struct nd_api *api; /* NULL: no page is served */
    struct client client[CLIENTS_MAX];
};

static void client_write(void *arg, int channel, struct cr_span bytes)
{
    const struct client *cl = arg;

    if (cl->conn != NULL)
        nd_ctl_write(cl->conn, (enum nd_control_channel)channel, bytes);
}

static void client_forget(struct client *cl)
{
    nd_cmd_release(&cl->cmd);
    json_decref(cl->request);
    for (size_t i = 0; cl->argv != NULL && cl->argv[i] != NULL; i++)
        free(cl->argv[i]);
    free(cl->argv);
    *cl = (struct client){.conn = NULL};
}

static void client_finish(struct client *cl, int code)
{
    struct nd_ctl_conn *conn = cl->conn;

    client_forget(cl);
    nd_ctl_done(conn, code);
}

/* The words of the request, in memory of their own: parsing writes into them. */
static int read_request(struct client *cl, struct cr_span line)
{
    json_t *argv;
    size_t n;

    cl->request = json_loadb((const char *)line.p, line.n, 0, NULL);
    argv = json_object_get(cl->request, "argv");
    n = json_array_size(argv);
    cl->argv = calloc(n + 1, sizeof *cl->argv);
    if (cl->argv == NULL)
        return ST_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *word = json_string_value(json_array_get(argv, i));

        cl->argv[i] = word == NULL ? NULL : strdup(word);
        if (cl->argv[i] == NULL)
            return word == NULL ? ST_MALFORMED : ST_NOMEM;
    }
    cl->cmd.cwd = json_string_value(json_object_get(cl->request, "cwd"));
    cl->cmd.zh = !json_is_false(json_object_get(cl->request, "zh"));
    cl->cmd.tty = json_is_true(json_object_get(cl->request, "tty"));
    cl->cmd.can_ask = json_is_true(json_object_get(cl->request, "ask"));
    cl->cmd.answers = json_object_get(cl->request, "answers");
    return ST_OK;
}

static void run_client(struct server *s, struct client *cl)
{
    struct nd_cmd *c = &cl->cmd;
    int argc = 0, code;

    while (cl->argv[argc] != NULL)
        argc++;
    c->app = s->app;
    c->write = client_write;
    c->write_arg = cl;
    if (nd_cmd_parse(c, argc, cl->argv) != ST_OK) {
        client_finish(cl, ND_EX_USAGE);
        return;
    }
    c->dir = s->app->dir;
    if (c->verb != NULL && (c->verb->flags & ND_V_LOCAL) != 0) {
        client_finish(
            cl, nd_fail(c, ST_USAGE, "'%s' does not go through a running node", c->verb->name));
        return;
    }
    code = nd_cmd_run(c);
    if (code != ND_EX_WAIT)
        client_finish(cl, code);
}

static void on_request(void *arg, struct nd_ctl_conn *conn, struct cr_span line)
{
    struct server *s = arg;
    struct client *cl = NULL;

    for (size_t i = 0; i < CLIENTS_MAX && cl == NULL; i++)
        if (s->client[i].conn == NULL)
            cl = &s->client[i];
    if (cl == NULL) {
        nd_ctl_done(conn, ND_EX_LOCKED);
        return;
    }
    cl->conn = conn;
    if (read_request(cl, line) != ST_OK)
        client_finish(cl, ND_EX_USAGE);
    else
        run_client(s, cl);
}

static void on_gone(void *arg, struct nd_ctl_conn *conn)
{
    struct server *s = arg;

    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (s->client[i].conn == conn)
            client_forget(&s->client[i]);
}

static bool poll_clients(struct server *s)
{
    bool waiting = false;

    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *cl = &s->client[i];
        int code;

        if (cl->conn == NULL)
            continue;
        code = cl->cmd.verb->poll(&cl->cmd);
        if (code != ND_EX_WAIT)
            client_finish(cl, code);
        else
            waiting = true;
    }
    return waiting;
}

/* The page is a convenience: a node whose page cannot be served (the port is taken by another node
 * of this machine) works all the same. */
static const char *page_addr(const struct nd_cmd *c)
{
    const char *listen = nd_opt(c, "http");

    return listen != NULL                  ? listen
           : nd_opt(c, "http-lan") != NULL ? "0.0.0.0:8686"
                                           : "127.0.0.1:8686";
}

static void start_page(struct nd_cmd *c, struct server *s, const char *listen)
{
    const char *hosts[ND_HTTP_HOSTS_MAX];
    bool lan = nd_opt(c, "http-lan") != NULL;
    char bound[ND_UV_ADDR_MAX], own[ND_HTTP_HOSTS_MAX][ND_UV_ADDR_MAX];
    size_t n = lan ? nd_uv_local_addrs(own, ND_HTTP_HOSTS_MAX) : 0;
    struct st_err err = {0};

    if (strcmp(listen, "off") == 0)
        return;
    for (size_t i = 0; i < n; i++)
        hosts[i] = own[i];
    if (nd_api_start(s->app, listen, hosts, n, &s->api, bound, &err) != ST_OK) {
        nd_say(c, nd_tr(c, "页面未提供：%s\n", "no page is served: %s\n"), err.msg);
        return;
    }
    nd_say(c, nd_tr(c, "页面 http://%s/\n", "page http://%s/\n"), bound);
    for (size_t i = 0; i < n; i++)
        nd_say(c, nd_tr(c, "局域网页面 http://%s%s/\n", "page on the LAN http://%s%s/\n"), own[i],
               strrchr(bound, ':'));
}

/* How long the loop may rest: not beyond the time at which a key is to be closed. */
static uint32_t step_ms(struct server *s)
{
    uint64_t next = nd_keyring_tick(s->app->keyring, s->app->ports.now_ms(s->app->ports.arg));

    if (poll_clients(s))
        return 20;
    return next < 60000 ? (uint32_t)next : 60000;
}

/* From the open data directory to listening; *ctl is closed by the caller. */
static int start(struct nd_cmd *c, struct server *s, const char *listen, struct nd_ctl **ctl,
                 struct st_err *err)
{
    struct nd_ctl_sink sink = {.arg = s, .request = on_request, .gone = on_gone};
    char bound[ND_UV_ADDR_MAX];
    int rc = nd_uv_catch_signals(s->app->uv, err);

    if (rc == ST_OK)
        rc = nd_ctl_open(s->app->uv, c->dir, &sink, ctl, err);
    if (rc == ST_OK)
        rc = nd_app_refresh_scopes(s->app, err);
    if (rc == ST_OK)
        rc = nd_uv_listen(s->app->uv, listen, bound, err);
    if (rc == ST_OK)
        rc = nd_store_meta_put(s->app->store, "listen", cr_span_text(bound), err);
    if (rc == ST_OK)
        nd_say(c, nd_tr(c, "监听 %s\n", "listening on %s\n"), bound);
    return rc;
}

/* With --setup and without a node: the page on which one is made. The node then goes on where the
 * page was (page: its address). */
static int first_run(struct nd_cmd *c, char page[static ND_UV_ADDR_MAX], bool *stopped,
                     struct st_err *err)
{
    *stopped = false;
    if (strlen(page_addr(c)) >= ND_UV_ADDR_MAX)
        return st_fail(err, ST_USAGE, "--http '%s'", page_addr(c));
    memcpy(page, page_addr(c), strlen(page_addr(c)) + 1);
    if (nd_opt(c, "setup") == NULL || !nd_setup_wanted(c->dir))
        return ST_OK;
    return nd_setup(c, page_addr(c), page, stopped, err);
}

int nd_cmd_serve(struct nd_cmd *c)
{
    char page[ND_UV_ADDR_MAX];
    bool stopped;
    struct nd_app_options o = {.dir = c->dir, .dial = true};
    struct server *s;
    struct nd_ctl *ctl = NULL;
    struct nd_config config;
    struct st_err err = {0};
    int rc;

    if (first_run(c, page, &stopped, &err) != ST_OK)
        return nd_fail_err(c, &err);
    if (stopped)
        return ND_EX_OK;
    if (nd_config_load(c->dir, &config, &err) != ST_OK)
        return nd_fail_err(c, &err);
    o.log_level = config.log_level;
    if (nd_opt(c, "log") != NULL && nd_log_level_parse(nd_opt(c, "log"), &o.log_level) != ST_OK)
        return nd_fail(c, ST_USAGE, "--log '%s': error, warning, info, debug", nd_opt(c, "log"));
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return nd_fail(c, ST_NOMEM, "run");
    rc = nd_open_app(c, &o, &s->app, &err);
    if (rc == ST_OK) {
        s->app->serving = true;
        rc = start(c, s, nd_opt(c, "listen") != NULL ? nd_opt(c, "listen") : config.listen, &ctl,
                   &err);
    }
    if (rc == ST_OK)
        start_page(c, s, page);
    while (rc == ST_OK && !nd_uv_stopped(s->app->uv)) {
        nd_uv_step(s->app->uv, step_ms(s));
        if (s->api != NULL)
            nd_api_tick(s->api);
    }
    nd_api_stop(s->api);
    nd_ctl_close(ctl);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (s->client[i].conn != NULL)
            client_forget(&s->client[i]);
    nd_app_close(s->app);
    free(s);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}
