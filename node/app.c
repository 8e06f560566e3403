#include "node/app.h"

#include "crypto/base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void nd_app_path(const char *dir, const char *name, char out[static ND_PATH_MAX])
{
    (void)snprintf(out, ND_PATH_MAX, "%s/%s", dir, name);
}

int nd_app_make_dir(const char *dir, struct st_err *err)
{
    char path[ND_PATH_MAX];
    size_t n = strlen(dir);

    if (n == 0 || n + 64 > sizeof path)
        return st_fail(err, ST_MALFORMED, "data directory '%s': path too long or empty", dir);
    memcpy(path, dir, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        path[i] = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return st_fail(err, errno == EACCES ? ST_DENIED : ST_IO, "make directory '%s': %s",
                           path, strerror(errno));
        path[i] = i < n ? '/' : '\0';
    }
    return ST_OK;
}

int nd_app_vacant(const char *dir, struct st_err *err)
{
    struct nd_store_options o = {.dir = dir, .read_only = true};
    char path[ND_PATH_MAX];
    struct cr_identity_public id;
    struct nd_store *s;
    bool working = false;
    int rc = nd_store_open(&o, &s, err);

    if (rc == ST_NOTFOUND) {
        if (err != NULL)
            *err = (struct st_err){0};
        return ST_OK;
    }
    if (rc != ST_OK)
        return rc;
    nd_app_path(dir, "node.key", path);
    if (cr_identity_look(path, &id, NULL) == ST_OK)
        working = sc_certs_find(nd_store_certs(s), &id.sign_pk) != NULL;
    nd_store_close(s);
    return working ? st_fail(err, ST_EXISTS, "'%s' holds a node already", dir) : ST_OK;
}

/* What an unfinished init or join left is kept: the secret may be out already. */
static int put_gate(struct nd_store *s, const struct cr_gate *gate, struct st_err *err)
{
    struct cr_buf b;
    int rc;

    cr_buf_init(&b, 64);
    rc = nd_store_meta_get(s, "discovery_gate", &b);
    cr_buf_release(&b);
    if (rc != ST_NOTFOUND)
        return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "discovery secret");
    return nd_store_meta_put(s, "discovery_gate", cr_span_of(gate->b, sizeof gate->b), err);
}

int nd_app_create(const char *dir, const struct sc_genesis *g, const struct cr_gate *gate,
                  const char *name, const uint64_t *scopes, size_t scope_count,
                  const struct nd_peer *peer, struct st_err *err)
{
    struct nd_store_options o = {.dir = dir, .create = true, .genesis = g};
    struct nd_store *s;
    int rc = nd_store_open(&o, &s, err);

    if (rc != ST_OK)
        return rc;
    rc = put_gate(s, gate, err);
    if (rc == ST_OK)
        rc = nd_store_meta_put(s, "node_name", cr_span_text(name), err);
    if (rc == ST_OK)
        rc = nd_store_set_scopes(s, scopes, scope_count, err);
    if (rc == ST_OK && peer != NULL)
        rc = nd_store_put_peer(s, peer, err);
    nd_store_close(s);
    return rc;
}

static int replaced_by(void *arg, const struct sc_auth_cut *cut)
{
    struct sc_certs *certs = arg;

    return cut->in_force && cut->cut->mode == SC_CUT_REVOKE &&
           sc_certs_root(certs, &cut->at.key.author) == SC_ROOT_NEXT;
}

bool nd_app_root_replaced(const struct nd_app *app, const struct cr_sign_pk *root)
{
    return sc_authority_each_cut(nd_store_authority(app->store), root, replaced_by,
                                 nd_store_certs(app->store)) != 0;
}

static int load_node_key(struct nd_app *app, const char *path, struct cr_span pass,
                         struct st_err *err)
{
    struct nd_tries_now now;
    struct nd_tries t = {0};
    int rc = cr_identity_load(path, &app->node, err);

    if (rc != ST_SEALED || pass.p == NULL)
        return rc;
    if (err != NULL)
        *err = (struct st_err){0};
    nd_tries_now(&now);
    return nd_open_sealed(path, pass, &now, &app->node, &t, err);
}

static int load_keys(struct nd_app *app, struct cr_span pass, struct st_err *err)
{
    char path[ND_PATH_MAX + 32];
    int rc;

    (void)snprintf(path, sizeof path, "%s/node.key", app->dir);
    rc = load_node_key(app, path, pass, err);
    if (rc != ST_OK)
        return st_wrap(err, rc, "this node's keys");
    (void)snprintf(path, sizeof path, "%s/root.key", app->dir);
    rc = cr_identity_load(path, &app->root, err);
    if (rc == ST_NOTFOUND || rc == ST_SEALED) {
        if (err != NULL)
            *err = (struct st_err){0};
        return ST_OK;
    }
    if (rc != ST_OK)
        return st_wrap(err, rc, "root key");
    app->has_root = !nd_app_root_replaced(app, &app->root.sign_pk);
    if (!app->has_root)
        cr_identity_wipe(&app->root);
    return ST_OK;
}

static int sink_accepted(void *arg, uint32_t conn, const char *addr)
{
    return nd_driver_accepted(arg, conn, addr);
}

static void sink_connected(void *arg, uint32_t conn)
{
    nd_driver_connected(arg, conn);
}

static void sink_bytes(void *arg, uint32_t conn, struct cr_span bytes)
{
    nd_driver_bytes(arg, conn, bytes);
}

static void sink_disconnected(void *arg, uint32_t conn, int status)
{
    nd_driver_disconnected(arg, conn, status);
}

static void sink_flush(void *arg)
{
    nd_driver_flush(arg);
}

static void sink_tick(void *arg)
{
    nd_driver_tick(arg);
}

static uint64_t sink_deadline(void *arg)
{
    return nd_driver_deadline(arg);
}

static int start_driver(struct nd_app *app, bool dial, struct st_err *err)
{
    struct nd_driver_options o = {.store = app->store,
                                  .ports = app->ports,
                                  .identity = &app->node,
                                  .issuer = app->has_root ? &app->root : &app->node,
                                  .dial = dial,
                                  .clock = dial};
    struct nd_uv_sink sink = {.accepted = sink_accepted,
                              .connected = sink_connected,
                              .bytes = sink_bytes,
                              .disconnected = sink_disconnected,
                              .flush = sink_flush,
                              .tick = sink_tick,
                              .deadline = sink_deadline};
    struct cr_buf gate;
    int rc;

    cr_buf_init(&gate, 64);
    rc = nd_store_meta_get(app->store, "discovery_gate", &gate);
    if (rc == ST_OK && gate.n != sizeof o.gate.b)
        rc = ST_CORRUPT;
    if (rc == ST_OK)
        memcpy(o.gate.b, gate.p, sizeof o.gate.b);
    cr_buf_release(&gate);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "discovery secret: %s", st_text((enum st_code)rc));
    rc = nd_driver_new(&o, &app->driver, err);
    cr_wipe(&o.gate, sizeof o.gate);
    if (rc != ST_OK)
        return rc;
    sink.arg = app->driver;
    nd_uv_set_sink(app->uv, &sink);
    return ST_OK;
}

int nd_app_open(const struct nd_app_options *o, struct nd_app **out, struct st_err *err)
{
    struct nd_store_options so = {.dir = o->dir};
    bool locked = true, ring_locked = true;
    struct nd_app *app = cr_secret_new(sizeof *app, &locked);
    int rc;

    if (app == NULL)
        return st_fail(err, ST_NOMEM, "open '%s': out of memory", o->dir);
    (void)snprintf(app->dir, sizeof app->dir, "%s", o->dir);
    app->keyring = nd_keyring_new(&ring_locked);
    rc = app->keyring == NULL ? st_fail(err, ST_NOMEM, "open '%s': out of memory", o->dir)
                              : nd_store_open(&so, &app->store, err);
    if (rc == ST_NOTFOUND)
        rc = st_fail(err, ST_UNINIT, "no store in '%s': run 'fengsui init' or 'fengsui join' first",
                     o->dir);
    if (rc == ST_OK)
        rc = load_keys(app, o->pass, err);
    if (rc == ST_OK)
        rc = nd_uv_new(&app->uv, err);
    if (rc == ST_OK) {
        nd_uv_ports(app->uv, o->log_level, &app->ports);
        if (!locked || !ring_locked)
            app->ports.log(
                app->ports.arg, 1,
                "keys: this memory cannot be locked (RLIMIT_MEMLOCK); it may be swapped");
        app->started_ms = nd_app_wall_ms(app);
        rc = start_driver(app, o->dial, err);
    }
    if (rc != ST_OK) {
        nd_app_close(app);
        return rc;
    }
    *out = app;
    return ST_OK;
}

void nd_app_close(struct nd_app *app)
{
    if (app == NULL)
        return;
    if (app->driver != NULL)
        nd_driver_flush(app->driver);
    nd_driver_free(app->driver);
    nd_uv_free(app->uv);
    if (app->store != NULL)
        nd_store_close(app->store);
    nd_keyring_free(app->keyring);
    cr_secret_free(app); /* wipes */
}

uint64_t nd_app_wall_ms(const struct nd_app *app)
{
    return app->ports.wall_ms(app->ports.arg);
}

uint32_t nd_app_roles(struct nd_app *app)
{
    const struct sc_cert *c = sc_certs_find(nd_store_certs(app->store), &app->node.sign_pk);

    return c == NULL ? 0 : (uint32_t)c->roles;
}

struct scope_list {
    uint64_t scope[SC_SCOPES_MAX];
    size_t n;
};

static int add_scope(struct scope_list *l, uint64_t scope)
{
    size_t i = 0;

    while (i < l->n && l->scope[i] < scope)
        i++;
    if ((i < l->n && l->scope[i] == scope) || l->n == SC_SCOPES_MAX)
        return ST_OK;
    memmove(&l->scope[i + 1], &l->scope[i], (l->n - i) * sizeof l->scope[0]);
    l->scope[i] = scope;
    l->n++;
    return ST_OK;
}

static int add_grid(void *arg, const struct nd_grid_row *row)
{
    return row->declared && sc_grid_level(row->code) == 2 ? add_scope(arg, row->code) : ST_OK;
}

int nd_app_refresh_scopes(struct nd_app *app, struct st_err *err)
{
    struct scope_list l = {.n = 0};
    uint64_t before[SC_SCOPES_MAX];
    size_t n = nd_store_scopes(app->store, before);
    int rc;

    if ((nd_app_roles(app) & SC_ROLE_STREET) == 0)
        return ST_OK;
    for (size_t i = 0; i < n; i++)
        (void)add_scope(&l, before[i]);
    (void)add_scope(&l, SC_SCOPE_PUBLIC);
    (void)add_scope(&l, SC_SCOPE_INTERNAL);
    rc = nd_store_grids(app->store, 0, 2, add_grid, &l, err);
    if (rc != ST_OK)
        return rc;
    if (l.n == n)
        return ST_OK;
    rc = nd_store_set_scopes(app->store, l.scope, l.n, err);
    return rc != ST_OK ? rc : nd_driver_scopes_changed(app->driver, err);
}
