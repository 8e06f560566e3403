/* peer and sync. */
#include "node/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEERS_MAX 256

/* ---- choosing peers by name ---- */

struct chosen {
    const char *want; /* NULL or "all": every peer */
    size_t n;
    struct nd_peer_status p[PEERS_MAX];
};

static bool is_named(const struct nd_peer_status *p, const char *want)
{
    char hex[2 * CR_KX_BYTES + 1];
    size_t n = strlen(want);

    cr_hex(p->peer.kx_pk.b, sizeof p->peer.kx_pk.b, hex);
    return strcmp(p->name, want) == 0 || strcmp(p->peer.addr, want) == 0 ||
           (n >= 8 && strncmp(hex, want, n) == 0);
}

static int choose_one(void *arg, const struct nd_peer_status *p)
{
    struct chosen *ch = arg;
    bool all = ch->want == NULL || strcmp(ch->want, "all") == 0;

    if ((all || is_named(p, ch->want)) && ch->n < PEERS_MAX)
        ch->p[ch->n++] = *p;
    return 0;
}

/* The peers of this name, into heap memory. ST_NOTFOUND, ST_NOMEM; err filled. */
static int choose(struct nd_cmd *c, const char *want, struct chosen **out, struct st_err *err)
{
    struct chosen *ch = calloc(1, sizeof *ch);
    int rc;

    if (ch == NULL)
        return st_fail(err, ST_NOMEM, "peers: out of memory");
    ch->want = want;
    rc = nd_driver_peers(c->app->driver, choose_one, ch);
    if (rc == ST_OK && ch->n == 0)
        rc = want == NULL || strcmp(want, "all") == 0
                 ? st_fail(err, ST_NOTFOUND, "this node knows no peer yet")
                 : st_fail(err, ST_NOTFOUND, "no peer '%s'; see fengsui peer list", want);
    if (rc != ST_OK) {
        free(ch);
        return rc;
    }
    *out = ch;
    return ST_OK;
}

/* ---- peer ---- */

struct find_cert {
    const char *name;
    const char *kx_hex;
    const struct cr_sign_pk *self;
    struct sc_cert found;
    size_t n;
};

static int match_cert(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                      const struct cr_hash *entry_id)
{
    static const struct cr_kx_pk none = {{0}};
    struct find_cert *f = arg;
    char hex[2 * CR_KX_BYTES + 1];

    (void)issuer;
    (void)entry_id;
    if (cert->kind != SC_CERT_NODE || cr_kx_pk_equal(&cert->kx_pk, &none) ||
        cr_sign_pk_equal(&cert->subject, f->self))
        return 0;
    cr_hex(cert->kx_pk.b, sizeof cert->kx_pk.b, hex);
    if ((f->name != NULL && strcmp(f->name, cert->name) != 0) ||
        (f->kx_hex != NULL && strcmp(f->kx_hex, hex) != 0))
        return 0;
    if (f->n == 0 || !cr_kx_pk_equal(&f->found.kx_pk, &cert->kx_pk))
        f->n++;
    f->found = *cert;
    return 0;
}

int nd_cmd_peer_add(struct nd_cmd *c)
{
    struct find_cert f = {
        .name = nd_opt(c, "name"), .kx_hex = nd_opt(c, "kx"), .self = &c->app->node.sign_pk};
    struct nd_peer peer = {.enabled = true};
    struct st_err err = {0};

    if (c->arg_count != 1 || strchr(c->arg[0], ':') == NULL ||
        strlen(c->arg[0]) >= sizeof peer.addr)
        return nd_fail(c, ST_USAGE, "peer add HOST:PORT --name NAME");
    (void)sc_certs_each(nd_store_certs(c->app->store), match_cert, &f);
    if (f.n != 1)
        return nd_fail(c, f.n == 0 ? ST_NOTFOUND : ST_CONFLICT, "%s",
                       f.n == 0 ? nd_tr(c, "没有这样的已认证节点", "no certified node is like that")
                                : nd_tr(c, "不止一个节点符合，请用 --name 或 --kx",
                                        "more than one node fits: give --name or --kx"));
    (void)snprintf(peer.addr, sizeof peer.addr, "%s", c->arg[0]);
    peer.sign_pk = f.found.subject;
    peer.kx_pk = f.found.kx_pk;
    if (nd_store_put_peer(c->app->store, &peer, &err) != ST_OK)
        return nd_fail_err(c, &err);
    nd_driver_peers_changed(c->app->driver);
    if (c->json)
        nd_out_json(c, json_pack("{s:s, s:s}", "name", f.found.name, "addr", peer.addr));
    else
        nd_out(c, "%s %s\n", f.found.name, peer.addr);
    return ND_EX_OK;
}

json_t *nd_json_peer(struct nd_cmd *c, const struct nd_peer_status *p)
{
    char kx[2 * CR_KX_BYTES + 1];

    (void)c;
    cr_hex(p->peer.kx_pk.b, sizeof p->peer.kx_pk.b, kx);
    return json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:s}", "name",
                     p->name, "addr", p->peer.addr, "kx", kx, "enabled", (int)p->peer.enabled,
                     "connected", (int)p->connected, "synced",
                     (int)(p->connected && p->session.synced), "last_ok_ms",
                     (json_int_t)p->peer.last_ok_ms, "last_try_ms", (json_int_t)p->peer.last_try_ms,
                     "backlog", (json_int_t)(p->connected ? p->session.backlog_entries : 0),
                     "failures", (json_int_t)p->peer.failures, "refused",
                     (json_int_t)p->peer.refused, "last_error", p->peer.last_error);
}

void nd_peer_line(struct nd_cmd *c, const struct nd_peer_status *p)
{
    char name[256], age[ND_TIME_TEXT_MAX];
    const char *state = !p->peer.enabled    ? nd_tr(c, "已暂停", "paused")
                        : !p->connected     ? nd_tr(c, "未连接", "not connected")
                        : p->session.synced ? nd_tr(c, "已同步", "in sync")
                                            : nd_tr(c, "同步中", "syncing");

    nd_age_text(c, p->peer.last_ok_ms, nd_app_wall_ms(c->app), age);
    nd_pad(p->name[0] != '\0' ? p->name : "?", 20, name, sizeof name);
    nd_out(c, "%s %s  %s  %s %s", name, p->peer.addr[0] != '\0' ? p->peer.addr : "-", state,
           nd_tr(c, "上次成功", "last ok"), age);
    if (p->connected && p->session.backlog_entries > 0)
        nd_out(c, nd_tr(c, "  待发 %llu", "  to send %llu"),
               (unsigned long long)p->session.backlog_entries);
    if (p->peer.refused > 0)
        nd_out(c, nd_tr(c, "  违规 %llu 次", "  broke the protocol %llu times"),
               (unsigned long long)p->peer.refused);
    if (p->peer.last_error[0] != '\0')
        nd_out(c, "  (%s)", p->peer.last_error);
    nd_out(c, "\n");
}

int nd_cmd_peer_list(struct nd_cmd *c)
{
    struct st_err err = {0};
    struct chosen *ch;
    int rc = choose(c, NULL, &ch, &err);

    if (rc == ST_NOTFOUND)
        return ND_EX_OK;
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    for (size_t i = 0; i < ch->n; i++) {
        if (c->json)
            nd_out_json(c, nd_json_peer(c, &ch->p[i]));
        else
            nd_peer_line(c, &ch->p[i]);
    }
    free(ch);
    return ND_EX_OK;
}

enum change { PAUSE, RESUME, REMOVE };

static int change(struct nd_cmd *c, enum change what)
{
    struct st_err err = {0};
    struct chosen *ch;
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "peer %s NAME", c->verb->sub);
    rc = choose(c, c->arg[0], &ch, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    for (size_t i = 0; rc == ST_OK && i < ch->n; i++) {
        ch->p[i].peer.enabled = what == RESUME;
        rc = what == REMOVE ? nd_store_drop_peer(c->app->store, &ch->p[i].peer.kx_pk, &err)
                            : nd_store_put_peer(c->app->store, &ch->p[i].peer, &err);
        if (rc == ST_OK && !c->json)
            nd_out(c, "%s\n", ch->p[i].name);
    }
    if (c->json && rc == ST_OK)
        nd_out_json(c, json_pack("{s:i}", "peers", (int)ch->n));
    free(ch);
    nd_driver_peers_changed(c->app->driver);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

int nd_cmd_peer_pause(struct nd_cmd *c)
{
    return change(c, PAUSE);
}

int nd_cmd_peer_resume(struct nd_cmd *c)
{
    return change(c, RESUME);
}

int nd_cmd_peer_remove(struct nd_cmd *c)
{
    return change(c, REMOVE);
}

/* ---- sync ---- */

/* The peers as they were at the start: one whose failures have grown since will not answer now. */
int nd_cmd_sync(struct nd_cmd *c)
{
    struct st_err err = {0};
    struct chosen *ch;
    uint64_t timeout_ms;
    size_t kept = 0;
    int rc;

    if (nd_opt_span(c, "timeout", 60000, &timeout_ms) != ST_OK)
        return ND_EX_USAGE;
    rc = choose(c, nd_opt(c, "peer"), &ch, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    for (size_t i = 0; i < ch->n; i++)
        if (ch->p[i].peer.enabled && (ch->p[i].peer.addr[0] != '\0' || ch->p[i].connected))
            ch->p[kept++] = ch->p[i];
    ch->n = kept;
    if (kept == 0) {
        free(ch);
        return nd_fail(c, ST_NOTFOUND, "%s",
                       nd_tr(c, "没有可以连接的对等节点（无地址或已暂停）",
                             "no peer that could be dialled: without address, or paused"));
    }
    for (size_t i = 0; i < kept; i++)
        nd_driver_dial_now(c->app->driver, &ch->p[i].peer.kx_pk);
    c->state = ch;
    c->since_ms = c->app->ports.now_ms(c->app->ports.arg);
    c->until_ms = c->since_ms + timeout_ms;
    return ND_EX_WAIT;
}

struct progress {
    struct chosen *ch;
    size_t synced, failed, answered;
    uint64_t backlog;
};

static int look(void *arg, const struct nd_peer_status *p)
{
    struct progress *g = arg;

    for (size_t i = 0; i < g->ch->n; i++) {
        struct nd_peer_status *then = &g->ch->p[i];

        if (!cr_kx_pk_equal(&then->peer.kx_pk, &p->peer.kx_pk))
            continue;
        (void)memcpy(then->peer.last_error, p->peer.last_error, sizeof then->peer.last_error);
        then->session = p->session;
        then->connected = p->connected;
        if (p->connected)
            g->backlog += p->session.backlog_entries;
        if (p->connected && p->session.synced)
            g->synced++;
        else if (!p->connected && p->peer.failures > then->peer.failures)
            g->failed++;
    }
    return 0;
}

static int sync_report(struct nd_cmd *c, const struct progress *g, bool good)
{
    uint64_t ms = c->app->ports.now_ms(c->app->ports.arg) - c->since_ms, sent = 0, received = 0;

    for (size_t i = 0; i < g->ch->n; i++) {
        const struct nd_peer_status *p = &g->ch->p[i];

        sent += p->session.sent_entries;
        received += p->session.received_entries;
        if (!(p->connected && p->session.synced))
            nd_say(c, "%s: %s\n", p->name[0] != '\0' ? p->name : p->peer.addr,
                   p->peer.last_error[0] != '\0' ? p->peer.last_error
                                                 : nd_tr(c, "尚未同步", "not in sync yet"));
    }
    if (c->json)
        nd_out_json(c, json_pack("{s:b, s:i, s:i, s:I, s:I, s:I}", "synced", (int)good, "peers",
                                 (int)g->ch->n, "peers_synced", (int)g->synced, "sent",
                                 (json_int_t)sent, "received", (json_int_t)received, "ms",
                                 (json_int_t)ms));
    else
        nd_out(c,
               nd_tr(c, "已同步 %zu/%zu 个节点，发出 %llu 条，收到 %llu 条，用时 %llu.%llu 秒\n",
                     "%zu of %zu peers in sync, sent %llu, received %llu entries, %llu.%llu s\n"),
               g->synced, g->ch->n, (unsigned long long)sent, (unsigned long long)received,
               (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000 / 100));
    return good ? ND_EX_OK : ND_EX_UNREACHABLE;
}

int nd_cmd_sync_poll(struct nd_cmd *c)
{
    struct progress g = {.ch = c->state};
    bool late = c->app->ports.now_ms(c->app->ports.arg) >= c->until_ms;

    if (nd_driver_peers(c->app->driver, look, &g) != ST_OK)
        return nd_fail(c, ST_STATE, "sync");
    if (g.synced == g.ch->n)
        return sync_report(c, &g, true);
    if (late || g.synced + g.failed == g.ch->n || nd_uv_stopped(c->app->uv))
        return sync_report(c, &g, false);
    return ND_EX_WAIT;
}
