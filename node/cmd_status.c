/* status and verify. */
#include "node/backup_dir.h"
#include "node/cmd.h"
#include "node/person.h"

#include <stdio.h>
#include <string.h>

struct status {
    struct nd_cmd *c;
    json_t *peers;
};

static int status_peer(void *arg, const struct nd_peer_status *p)
{
    struct status *s = arg;

    if (s->peers != NULL)
        (void)json_array_append_new(s->peers, nd_json_peer(s->c, p));
    else
        nd_peer_line(s->c, p);
    return 0;
}

static json_t *scope_json(struct nd_cmd *c, uint64_t scope)
{
    char text[SC_SCOPE_TEXT_MAX], views[2 * CR_HASH_BYTES + 1], heads[2 * SC_ID_BYTES + 1];
    struct nd_fresh f = {0};
    struct cr_hash fold;
    uint64_t logs;
    struct sc_id fingerprint =
        sy_engine_fingerprint(nd_driver_engine(c->app->driver), &scope, 1, &logs);

    sc_scope_text(scope, text);
    if (nd_store_fresh(c->app->store, scope, &f) != ST_OK ||
        nd_store_fold_hash(c->app->store, &scope, 1, &fold) != ST_OK)
        return json_pack("{s:s}", "scope", text);
    cr_hex(fold.b, sizeof fold.b, views);
    cr_hex(fingerprint.b, sizeof fingerprint.b, heads);
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "scope", text, "newest_wall_ms",
                     (json_int_t)f.newest_wall_ms, "newest_received_ms",
                     (json_int_t)f.newest_received_ms, "synced_ms", (json_int_t)f.synced_ms,
                     "entries", (json_int_t)f.entries, "logs", (json_int_t)f.logs, "fingerprint",
                     heads, "fold", views);
}

static void scope_line(struct nd_cmd *c, uint64_t scope)
{
    char text[SC_SCOPE_TEXT_MAX], age[ND_TIME_TEXT_MAX];
    struct nd_fresh f = {0};

    sc_scope_text(scope, text);
    if (nd_store_fresh(c->app->store, scope, &f) != ST_OK)
        return;
    nd_age_text(c, f.newest_wall_ms, nd_app_wall_ms(c->app), age);
    nd_out(c, nd_tr(c, "  %-12s 条目 %llu  最新 %s\n", "  %-12s entries %llu  newest %s\n"), text,
           (unsigned long long)f.entries, age);
}

/* ---- what the operator has to do ---- */

struct notice {
    const char *code;
    char text[400 + SC_NAME_MAX];
};
#define NOTICES_MAX 2

static int settles(void *arg, const struct sc_auth_cut *cut)
{
    const struct sc_fork *f = arg;

    return cut->in_force &&
                   (cut->cut->mode == SC_CUT_REVOKE ||
                    (cut->cut->mode == SC_CUT_FORK && cut->cut->incarnation == f->key.incarnation))
               ? 1
               : 0;
}

/* A fork of this node's own log that nobody has settled. */
static int own_fork(void *arg, const struct sc_fork *f)
{
    struct nd_app *app = arg;
    struct sc_fork copy = *f;

    return cr_sign_pk_equal(&f->key.author, &app->node.sign_pk) &&
                   sc_authority_each_cut(nd_store_authority(app->store), &f->key.author, settles,
                                         &copy) == 0
               ? 1
               : 0;
}

static int newest_contact(void *arg, const struct nd_peer *p)
{
    uint64_t *newest = arg;

    if (p->last_ok_ms > *newest)
        *newest = p->last_ok_ms;
    return 0;
}

/* Restored from a backup, and no peer has been met since. */
static bool restored(struct nd_cmd *c, struct notice *out)
{
    uint64_t newest = 0, made, at;
    char when[ND_TIME_TEXT_MAX];
    struct cr_buf b;
    bool known;

    cr_buf_init(&b, 64);
    known = nd_store_meta_get(c->app->store, ND_BACKUP_RESTORED, &b) == ST_OK && b.n == 16;
    made = known ? cr_load_be64(b.p) : 0;
    at = known ? cr_load_be64(b.p + 8) : 0;
    cr_buf_release(&b);
    if (!known || nd_store_peers(c->app->store, newest_contact, &newest) != ST_OK || newest >= at)
        return false;
    nd_time_text(made, when);
    out->code = "restored";
    (void)snprintf(
        out->text, sizeof out->text,
        nd_tr(c,
              "本机由 %s 的备份恢复，此后尚未与其他节点同步：写入之前请先同步一次（fengsui "
              "sync）或导入数据包；旧机器若还在运行，请停用。",
              "restored from a backup of %s and not in touch with any node since: "
              "before writing, sync once (fengsui sync) or import a bundle; if the old "
              "machine still runs, stop it."),
        when);
    return true;
}

static bool forked(struct nd_cmd *c, struct notice *out)
{
    struct nd_person p;

    if (nd_store_forks(c->app->store, own_fork, c->app, NULL) != 1)
        return false;
    if (nd_person_of(c->app->store, &c->app->node.sign_pk, &p, NULL) != ST_OK)
        (void)snprintf(p.name, sizeof p.name, "NAME");
    out->code = "own-fork";
    (void)snprintf(
        out->text, sizeof out->text,
        nd_tr(c,
              "本机的另一份副本也写入过；已另开新日志，两份记录都保留并采认。请停用旧副本，并请"
              "街道执行 fengsui cut fork '%s' --yes 了结分叉。",
              "another copy of this node has written too; a new log was begun, and both records "
              "are kept and adopted. Stop the other copy, and let the street settle the fork: "
              "fengsui cut fork '%s' --yes"),
        p.name);
    return true;
}

static size_t notices(struct nd_cmd *c, struct notice out[static NOTICES_MAX])
{
    size_t n = 0;

    n += restored(c, &out[n]);
    n += forked(c, &out[n]);
    return n;
}

static json_t *notices_json(struct nd_cmd *c)
{
    struct notice list[NOTICES_MAX];
    size_t n = notices(c, list);
    json_t *out = json_array();

    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(
            out, json_pack("{s:s, s:s}", "code", list[i].code, "text", list[i].text));
    return out;
}

static void notices_text(struct nd_cmd *c)
{
    struct notice list[NOTICES_MAX];
    size_t n = notices(c, list);

    for (size_t i = 0; i < n; i++)
        nd_out(c, "! %s\n", list[i].text);
}

static void status_json(struct nd_cmd *c, const struct nd_store_stats *st, const char *name)
{
    const struct sc_genesis *g = nd_store_genesis(c->app->store);
    struct status s = {.c = c, .peers = json_array()};
    struct nd_driver_counters n;
    uint64_t scopes[SC_SCOPES_MAX];
    size_t count = nd_store_scopes(c->app->store, scopes);
    json_t *list = json_array();
    json_t *o;

    nd_driver_counters(c->app->driver, &n);
    if (nd_driver_peers(c->app->driver, status_peer, &s) != ST_OK)
        nd_say(c, "peers?\n");
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, scope_json(c, scopes[i]));
    o = json_pack("{s:I, s:s, s:s, s:o, s:b, s:I, s:o, s:o}", "now_ms",
                  (json_int_t)nd_app_wall_ms(c->app), "name", name, "space", g->name, "street",
                  nd_json_grid(g->street), "running", (int)c->app->serving, "roles",
                  (json_int_t)nd_app_roles(c->app), "scopes", list, "peers", s.peers);
    (void)json_object_update_new(
        o, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "entries",
                     (json_int_t)st->entries, "logs", (json_int_t)st->logs, "subjects",
                     (json_int_t)st->subjects, "hazards", (json_int_t)st->hazards, "held",
                     (json_int_t)st->held, "quarantined", (json_int_t)st->quarantined, "unread",
                     (json_int_t)st->unread, "provisional", (json_int_t)st->provisional, "forks",
                     (json_int_t)st->forks, "file_bytes", (json_int_t)st->file_bytes));
    (void)json_object_update_new(
        o, json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}}", "counters", "bytes_in",
                     (json_int_t)n.bytes_in, "bytes_out", (json_int_t)n.bytes_out, "entries_in",
                     (json_int_t)n.entries_in, "entries_out", (json_int_t)n.entries_out, "sessions",
                     (json_int_t)n.sessions, "refused_gate", (json_int_t)n.refused_gate,
                     "refused_auth", (json_int_t)n.refused_auth, "refused_protocol",
                     (json_int_t)n.refused_protocol, "joins", (json_int_t)n.joins));
    (void)json_object_set_new(o, "notices", notices_json(c));
    nd_out_json(c, o);
}

static int status_text(struct nd_cmd *c, const struct nd_store_stats *st, const char *name)
{
    const struct sc_genesis *g = nd_store_genesis(c->app->store);
    struct status s = {.c = c};
    struct nd_driver_counters n;
    uint64_t scopes[SC_SCOPES_MAX];
    size_t count = nd_store_scopes(c->app->store, scopes);
    char roles[256];

    nd_out(c, nd_tr(c, "%s（%s %llu）%s  角色：%s\n", "%s (%s %llu) %s  roles: %s\n"), name,
           g->name, (unsigned long long)g->street,
           c->app->serving ? nd_tr(c, "运行中", "running") : nd_tr(c, "未运行", "not running"),
           nd_roles_text(c, nd_app_roles(c->app), roles, sizeof roles));
    nd_out(c,
           nd_tr(c, "条目 %llu  隐患 %llu  待定 %llu  隔离 %llu  分叉 %llu\n",
                 "entries %llu  hazards %llu  held %llu  quarantined %llu  forks %llu\n"),
           (unsigned long long)st->entries, (unsigned long long)st->hazards,
           (unsigned long long)st->held, (unsigned long long)st->quarantined,
           (unsigned long long)st->forks);
    if (st->unread > 0)
        nd_out(c,
               nd_tr(c, "本版本尚不能读的记录 %llu 条，可能含危险报告：请升级（held list 可见）\n",
                     "entries this version cannot read yet: %llu; they may report a danger: "
                     "upgrade (see held list)\n"),
               (unsigned long long)st->unread);
    notices_text(c);
    nd_out(c, "%s\n", nd_tr(c, "范围：", "scopes:"));
    for (size_t i = 0; i < count; i++)
        scope_line(c, scopes[i]);
    nd_out(c, "%s\n", nd_tr(c, "对等节点：", "peers:"));
    if (nd_driver_peers(c->app->driver, status_peer, &s) != ST_OK)
        return nd_fail(c, ST_IO, "peers");
    nd_driver_counters(c->app->driver, &n);
    if (n.refused_gate + n.refused_auth + n.refused_protocol > 0)
        nd_out(c,
               nd_tr(c, "拒绝的连接：非本空间 %llu，无证书 %llu，违反协议 %llu\n",
                     "refused connections: not of this space %llu, no certificate %llu, broke the "
                     "protocol %llu\n"),
               (unsigned long long)n.refused_gate, (unsigned long long)n.refused_auth,
               (unsigned long long)n.refused_protocol);
    return ND_EX_OK;
}

int nd_cmd_status(struct nd_cmd *c)
{
    struct nd_store_stats st = {0};
    struct cr_buf name;
    int code = ND_EX_OK, rc;

    cr_buf_init(&name, SC_NAME_MAX + 1);
    rc = nd_store_stats(c->app->store, &st);
    if (rc == ST_OK)
        rc = nd_store_meta_get(c->app->store, "node_name", &name);
    if (rc == ST_OK)
        rc = cr_buf_append(&name, "", 1);
    if (rc != ST_OK)
        code = nd_fail(c, rc, "status: %s", st_text((enum st_code)rc));
    else if (c->json)
        status_json(c, &st, (const char *)name.p);
    else
        code = status_text(c, &st, (const char *)name.p);
    cr_buf_release(&name);
    return code;
}

/* ---- verify ---- */

static void finding(void *arg, const char *line)
{
    nd_say(arg, "%s\n", line);
}

int nd_cmd_verify(struct nd_cmd *c)
{
    struct nd_verify v = {0};
    struct st_err err = {0};
    int rc = nd_store_verify(c->app->store, nd_opt(c, "rebuild") != NULL, &v, finding, c, &err);

    if (rc != ST_OK && rc != ST_CORRUPT)
        return nd_fail_err(c, &err);
    if (c->json)
        nd_out_json(c, json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}", "ok", (int)(rc == ST_OK), "logs",
                                 (json_int_t)v.logs, "entries", (json_int_t)v.entries, "signatures",
                                 (json_int_t)v.signatures, "subjects", (json_int_t)v.subjects,
                                 "findings", (json_int_t)v.findings));
    else
        nd_out(c,
               nd_tr(c, "核对 %llu 个日志、%llu 条、%llu 个签名、%llu 个对象：%llu 处不符\n",
                     "checked %llu logs, %llu entries, %llu signatures, %llu subjects: %llu "
                     "findings\n"),
               (unsigned long long)v.logs, (unsigned long long)v.entries,
               (unsigned long long)v.signatures, (unsigned long long)v.subjects,
               (unsigned long long)v.findings);
    return nd_exit_of(rc);
}
