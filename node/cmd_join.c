/* join: keys, the handshake with the inviter, the store, and a first synchronisation. */
#include "node/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SYNC_MS 20000
#define RESCOPE_MS    4000 /* how long the second session, with all scopes, may take to come */

struct joining {
    struct nd_join *join;
    bool done;
    int status;
    char text[ST_MSG_MAX];
    struct sc_genesis genesis;
    struct cr_sign_pk inviter;
};

static void on_done(void *arg, int status, const char *text, const struct sc_genesis *genesis,
                    struct cr_span genesis_bytes, const struct cr_sign_pk *inviter)
{
    struct joining *j = arg;

    (void)genesis_bytes;
    j->done = true;
    j->status = status;
    (void)snprintf(j->text, sizeof j->text, "%s", text);
    if (status != ST_OK)
        return;
    j->genesis = *genesis;
    j->inviter = *inviter;
}

static void on_connected(void *arg, uint32_t conn)
{
    struct joining *j = arg;

    nd_join_connected(j->join, conn);
}

static void on_bytes(void *arg, uint32_t conn, struct cr_span bytes)
{
    struct joining *j = arg;

    nd_join_bytes(j->join, conn, bytes);
}

static void on_disconnected(void *arg, uint32_t conn, int status)
{
    struct joining *j = arg;

    nd_join_disconnected(j->join, conn, status);
}

/* The invitation itself, or the file that holds it as text or as bytes. */
static int read_invite(struct nd_cmd *c, const char *arg, struct sc_invite *out, struct st_err *err)
{
    struct cr_buf file;
    int rc;

    if (strncmp(arg, "fs1-", 4) == 0)
        return sc_invite_from_text(arg, out, err);
    rc = nd_read_file(c, arg, SC_INVITE_TEXT_MAX * 2, &file, err);
    if (rc != ST_OK)
        return st_wrap(err, rc, "'%s' is no invitation (fs1-…)", arg);
    if (file.n > 0 && file.p[0] == SC_INVITE_VERSION) {
        rc = sc_invite_decode(cr_buf_span(&file), out, err);
    } else {
        rc = cr_buf_append(&file, "", 1);
        rc = rc == ST_OK ? sc_invite_from_text((const char *)file.p, out, err)
                         : st_fail(err, ST_OVERSIZE, "'%s' is too long for an invitation", arg);
    }
    if (file.n > 0)
        cr_wipe(file.p, file.n);
    cr_buf_release(&file);
    return rc;
}

static int talk(const struct sc_invite *inv, const struct cr_identity *node, const char *name,
                uint64_t timeout_ms, struct joining *j, char addr[static 64], struct st_err *err)
{
    struct nd_uv_sink sink = {
        .arg = j, .connected = on_connected, .bytes = on_bytes, .disconnected = on_disconnected};
    struct nd_ports ports;
    struct nd_uv *uv;
    uint64_t end;
    int rc = nd_uv_new(&uv, err);

    if (rc != ST_OK)
        return rc;
    nd_uv_ports(uv, 0, &ports);
    end = ports.now_ms(ports.arg) + timeout_ms;
    nd_uv_set_sink(uv, &sink);
    rc = nd_join_start(inv, node, name, &ports, on_done, j, &j->join, err);
    while (rc == ST_OK && !j->done && ports.now_ms(ports.arg) < end)
        nd_uv_step(uv, 100);
    if (rc == ST_OK && !j->done)
        rc = st_fail(err, ST_TIMEOUT, "join: no answer from %s", nd_join_addr(j->join));
    else if (rc == ST_OK && j->status != ST_OK)
        rc = st_fail(err, (enum st_code)j->status, "join: %s", j->text);
    if (rc == ST_OK)
        (void)snprintf(addr, 64, "%s", nd_join_addr(j->join));
    nd_join_free(j->join);
    j->join = NULL;
    nd_uv_free(uv);
    return rc;
}

static int make_store(struct nd_cmd *c, const struct sc_invite *inv, const struct joining *j,
                      const char *name, const char *addr, struct st_err *err)
{
    struct nd_peer peer = {.sign_pk = j->inviter, .kx_pk = inv->kx_pk, .enabled = true};
    uint64_t scopes[3] = {SC_SCOPE_PUBLIC};
    size_t n = 1;

    if ((inv->roles & SC_ROLE_STREET) != 0)
        scopes[n++] = SC_SCOPE_INTERNAL;
    if (sc_grid_scope(inv->grid) != SC_SCOPE_PUBLIC)
        scopes[n++] = sc_grid_scope(inv->grid);
    (void)snprintf(peer.addr, sizeof peer.addr, "%s", addr);
    return nd_app_create(c->dir, &j->genesis, &inv->gate, name, scopes, n, &peer, err);
}

static int is_synced(void *arg, const struct nd_peer_status *p)
{
    bool *synced = arg;

    *synced = *synced || (p->connected && p->session.synced);
    return 0;
}

/* Fetches the certificates, without which nothing this node writes would count for it. They change
 * what the inviter may be given, so that a second session follows the first. */
static bool first_sync(struct nd_cmd *c)
{
    struct nd_app_options o = {.dir = c->dir, .dial = true};
    struct st_err err = {0};
    struct nd_driver_counters n = {0};
    uint64_t end, second_end = UINT64_MAX, now;
    bool good = false;

    if (nd_open_app(c, &o, &c->app, &err) != ST_OK) {
        (void)nd_fail_err(c, &err);
        return false;
    }
    now = c->app->ports.now_ms(c->app->ports.arg);
    end = now + FIRST_SYNC_MS;
    while (now < end && now < second_end && !(good && n.sessions >= 2)) {
        bool synced = false;

        nd_uv_step(c->app->uv, 50);
        if (nd_driver_peers(c->app->driver, is_synced, &synced) != ST_OK)
            break;
        nd_driver_counters(c->app->driver, &n);
        good = synced && nd_app_roles(c->app) != 0;
        now = c->app->ports.now_ms(c->app->ports.arg);
        if (good && second_end == UINT64_MAX)
            second_end = now + RESCOPE_MS;
    }
    good = nd_app_roles(c->app) != 0;
    nd_app_close(c->app);
    c->app = NULL;
    return good;
}

static int enter(struct nd_cmd *c, const struct sc_invite *inv, const char *name, struct joining *j,
                 struct st_err *err)
{
    struct cr_identity node = {0};
    char path[ND_PATH_MAX], addr[64] = "";
    uint64_t timeout_ms;
    int rc;

    if (nd_opt_span(c, "timeout", 30000, &timeout_ms) != ST_OK)
        return ST_USAGE;
    rc = nd_app_make_dir(c->dir, err);
    if (rc != ST_OK)
        return rc;
    nd_app_path(c->dir, "fengsui.db", path);
    if (access(path, F_OK) == 0)
        return st_fail(err, ST_EXISTS, "'%s' holds a node already", c->dir);
    nd_app_path(c->dir, "node.key", path);
    rc = nd_open_key(c, "node", path, &node, err);
    if (rc == ST_NOTFOUND) {
        cr_identity_generate(&node);
        rc = cr_identity_save(path, &node, err);
    }
    if (rc == ST_OK)
        rc = talk(inv, &node, name, timeout_ms, j, addr, err);
    if (rc == ST_OK)
        rc = make_store(c, inv, j, name, addr, err);
    cr_identity_wipe(&node);
    return rc;
}

int nd_cmd_join(struct nd_cmd *c)
{
    const char *name = nd_opt(c, "name");
    char fallback[32];
    struct joining j = {0};
    struct sc_invite inv;
    struct st_err err = {0};
    int rc;

    if (nd_opt(c, "answer") != NULL)
        return nd_join_answered(c);
    if (nd_opt(c, "request") != NULL && c->arg_count == 0)
        return nd_join_request(c, NULL);
    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "join TEXT|FILE");
    rc = nd_app_vacant(c->dir, &err);
    if (rc == ST_OK)
        rc = read_invite(c, c->arg[0], &inv, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (nd_opt(c, "request") != NULL) {
        int code = nd_join_request(c, &inv);

        cr_wipe(&inv, sizeof inv);
        return code;
    }
    (void)snprintf(fallback, sizeof fallback, "%llu", (unsigned long long)inv.grid);
    if (name == NULL)
        name = fallback;
    if (name[0] == '\0' || strlen(name) > SC_NAME_MAX)
        return nd_fail(c, ST_USAGE, "--name: 1..%d bytes", SC_NAME_MAX);
    rc = enter(c, &inv, name, &j, &err);
    cr_wipe(&inv, sizeof inv);
    if (rc != ST_OK)
        return err.code == ST_OK ? nd_exit_of(rc) : nd_fail_err(c, &err);
    if (!first_sync(c))
        nd_say(
            c, "%s",
            nd_tr(c, "已加入，但首次同步未完成；运行节点后会继续。\n",
                  "Joined, but the first synchronisation did not finish; the running node goes on "
                  "with it.\n"));
    if (c->json)
        nd_out_json(
            c, json_pack("{s:s, s:s, s:s}", "space", j.genesis.name, "name", name, "dir", c->dir));
    else
        nd_out(c,
               nd_tr(c, "已加入“%s”，本节点名称 %s，数据目录 %s\n", "joined \"%s\" as %s in %s\n"),
               j.genesis.name, name, c->dir);
    return ND_EX_OK;
}
