/* key: the keys of persons, of this node and of the root, and what seals them. */
#include "node/cmd.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t now_ms(struct nd_cmd *c)
{
    return c->app->ports.now_ms(c->app->ports.arg);
}

static bool own_key(const char *name)
{
    return strcmp(name, "node") == 0 || strcmp(name, "root") == 0 || strcmp(name, "next-root") == 0;
}

/* The one argument, the name of a key; usage is written when it is missing. */
static bool name_arg(struct nd_cmd *c, bool person, char path[static ND_PATH_MAX],
                     struct st_err *err)
{
    if (c->arg_count != 1) {
        (void)st_fail(err, ST_USAGE, "key %s NAME", c->verb->sub);
        return false;
    }
    if (person && own_key(c->arg[0])) {
        (void)st_fail(err, ST_USAGE, "'%s' cannot be the name of a person's key", c->arg[0]);
        return false;
    }
    return nd_key_path(c, c->arg[0], path, err) == ST_OK;
}

static void show_key(struct nd_cmd *c, const char *name, const struct cr_sign_pk *pk, bool sealed)
{
    char hex[2 * CR_SIGN_PK_BYTES + 1];

    cr_hex(pk->b, sizeof pk->b, hex);
    if (c->json)
        nd_out_json(
            c, json_pack("{s:s, s:s, s:b}", "key", name, "sign_pk", hex, "sealed", (int)sealed));
    else
        nd_out(c, "%s %s %s\n", name, hex,
               sealed ? nd_tr(c, "已加锁", "sealed") : nd_tr(c, "未加锁", "not sealed"));
}

/* A new PIN, unless none is wanted or nobody can be asked. ST_OK with pin->p NULL: not sealed. */
static int first_pin(struct nd_cmd *c, struct cr_span *pin, struct st_err *err)
{
    *pin = (struct cr_span){NULL, 0};
    if (nd_opt(c, "no-pin") != NULL || (c->answers == NULL && !c->can_ask))
        return ST_OK;
    return nd_new_pin(c, c->arg[0], false, pin, err);
}

int nd_cmd_key_new(struct nd_cmd *c)
{
    char path[ND_PATH_MAX], dir[ND_PATH_MAX];
    struct cr_pass_params params;
    struct cr_identity_public there;
    struct cr_identity id;
    struct st_err err = {0};
    struct cr_span pin;
    int rc;

    if (!name_arg(c, true, path, &err))
        return nd_fail_err(c, &err);
    if (cr_identity_look(path, &there, NULL) != ST_NOTFOUND)
        return nd_fail(c, ST_EXISTS, "%s", path);
    nd_app_path(c->app->dir, "keys", dir);
    rc = nd_app_make_dir(dir, &err);
    if (rc == ST_OK)
        rc = first_pin(c, &pin, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    cr_identity_generate(&id);
    cr_pass_new(CR_PASS_SMALL, &params);
    rc = pin.p == NULL ? cr_identity_save(path, &id, &err)
                       : cr_identity_save_sealed(path, &id, pin, &params, &err);
    there.sign_pk = id.sign_pk;
    cr_identity_wipe(&id);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    show_key(c, c->arg[0], &there.sign_pk, pin.p != NULL);
    if (pin.p == NULL)
        nd_say(c,
               nd_tr(c, "这把钥匙没有加锁；请用 fengsui key pin %s 设置 PIN。\n",
                     "This key is not sealed; set a PIN by fengsui key pin %s.\n"),
               c->arg[0]);
    return ND_EX_OK;
}

/* ---- list ---- */

struct listed {
    struct cr_identity_public pub;
    const struct sc_cert *cert; /* NULL: none */
    struct nd_tries tries;
    uint64_t open_ms;
};

static json_t *grids_json(const struct sc_cert *cert)
{
    json_t *list = json_array();

    for (size_t i = 0; cert != NULL && i < cert->prefix_count; i++)
        (void)json_array_append_new(list, nd_json_grid(cert->prefixes[i]));
    return list;
}

static void grids_text(const struct sc_cert *cert, char *out, size_t max)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; cert != NULL && i < cert->prefix_count && n < max; i++)
        n += (size_t)snprintf(out + n, max - n, "%s%llu", i > 0 ? "," : " ",
                              (unsigned long long)cert->prefixes[i]);
}

static void lock_text(const struct nd_cmd *c, const struct listed *l, char *out, size_t max)
{
    if (l->tries.left_ms > 0)
        (void)snprintf(out, max,
                       nd_tr(c, "已加锁，输错过多，%llu 分钟后可再试",
                             "sealed, locked for %llu more minutes after wrong attempts"),
                       (unsigned long long)(l->tries.left_ms + 59999) / 60000);
    else if (l->open_ms > 0)
        (void)snprintf(
            out, max,
            nd_tr(c, "已打开，闲置 %llu 分钟后锁上", "open, closes after %llu idle minutes"),
            (unsigned long long)(l->open_ms + 59999) / 60000);
    else
        (void)snprintf(out, max, "%s",
                       l->pub.sealed ? nd_tr(c, "已加锁", "sealed")
                                     : nd_tr(c, "未加锁", "not sealed"));
}

static void key_line(struct nd_cmd *c, const char *name)
{
    char path[ND_PATH_MAX], hex[2 * CR_SIGN_PK_BYTES + 1], roles[256], grids[400], lock[160];
    struct listed l = {.cert = NULL};
    struct nd_tries_now now;
    struct st_err err = {0};
    int rc = nd_key_path(c, name, path, &err);

    if (rc == ST_OK)
        rc = cr_identity_look(path, &l.pub, &err);
    if (rc == ST_NOTFOUND && own_key(name))
        return;
    if (rc != ST_OK) {
        nd_say(c, "%s\n", err.msg); /* a key that cannot be read is not passed over in silence */
        return;
    }
    nd_tries_now(&now);
    if (nd_tries_look(path, &now, &l.tries, &err) != ST_OK)
        nd_say(c, "%s\n", err.msg);
    l.open_ms = nd_keyring_left_ms(c->app->keyring, name, now_ms(c));
    l.cert = sc_certs_find(nd_store_certs(c->app->store), &l.pub.sign_pk);
    cr_hex(l.pub.sign_pk.b, sizeof l.pub.sign_pk.b, hex);
    if (c->json) {
        nd_out_json(c,
                    json_pack("{s:s, s:s, s:s?, s:I, s:o, s:b, s:I, s:I, s:i}", "key", name,
                              "sign_pk", hex, "name", l.cert == NULL ? NULL : l.cert->name, "roles",
                              l.cert == NULL ? (json_int_t)0 : (json_int_t)l.cert->roles, "grids",
                              grids_json(l.cert), "sealed", (int)l.pub.sealed, "open_ms",
                              (json_int_t)l.open_ms, "locked_until_ms",
                              l.tries.left_ms == 0
                                  ? (json_int_t)0
                                  : (json_int_t)(nd_app_wall_ms(c->app) + l.tries.left_ms),
                              "wrong", (int)l.tries.attempts));
        return;
    }
    grids_text(l.cert, grids, sizeof grids);
    lock_text(c, &l, lock, sizeof lock);
    nd_out(c, "%s %.16s… %s %s%s %s\n", name, hex, l.cert == NULL ? "-" : l.cert->name,
           l.cert == NULL ? nd_tr(c, "无证书", "no certificate")
                          : nd_roles_text(c, l.cert->roles, roles, sizeof roles),
           grids, lock);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int nd_cmd_key_list(struct nd_cmd *c)
{
    static const char *const own[] = {"node", "root", "next-root"};
    char dir[ND_PATH_MAX];
    char *names[256];
    size_t n = 0;
    struct dirent *e;
    DIR *d;

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        key_line(c, own[i]);
    nd_app_path(c->app->dir, "keys", dir);
    d = opendir(dir);
    if (d == NULL)
        return errno == ENOENT ? ND_EX_OK : nd_fail(c, ST_IO, "'%s': %s", dir, strerror(errno));
    while (n < sizeof names / sizeof names[0] && (e = readdir(d)) != NULL) {
        size_t len = strlen(e->d_name);

        if (len <= 4 || strcmp(e->d_name + len - 4, ".key") != 0)
            continue;
        names[n] = strndup(e->d_name, len - 4);
        if (names[n] != NULL)
            n++;
    }
    (void)closedir(d);
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++) {
        key_line(c, names[i]);
        free(names[i]);
    }
    return ND_EX_OK;
}

/* ---- sealing ---- */

/* Opens the named key and gives it another dress; phrase: asked as a pass phrase. */
static int reseal(struct nd_cmd *c, bool sealed, bool phrase, enum cr_pass_preset preset)
{
    char path[ND_PATH_MAX];
    struct cr_pass_params params;
    struct cr_span pin = {NULL, 0};
    struct cr_identity id;
    struct st_err err = {0};
    int rc;

    if (!name_arg(c, false, path, &err))
        return nd_fail_err(c, &err);
    rc = nd_open_key(c, c->arg[0], path, &id, &err);
    if (rc == ST_OK && sealed)
        rc = nd_new_pin(c, c->arg[0], phrase, &pin, &err);
    cr_pass_new(preset, &params);
    if (rc == ST_OK)
        rc = cr_identity_reseal(path, &id, pin, sealed ? &params : NULL, &err);
    if (rc == ST_OK)
        show_key(c, c->arg[0], &id.sign_pk, sealed);
    cr_identity_wipe(&id);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (sealed)
        (void)nd_keyring_close(c->app->keyring, c->arg[0]);
    return ND_EX_OK;
}

int nd_cmd_key_pin(struct nd_cmd *c)
{
    return reseal(c, true, false, CR_PASS_SMALL);
}

int nd_cmd_key_seal(struct nd_cmd *c)
{
    int code = reseal(c, true, true, CR_PASS_STRONG);

    if (code == ND_EX_OK && c->arg_count == 1 && strcmp(c->arg[0], "root") == 0) {
        cr_identity_wipe(&c->app->root); /* a running node forgets it as well */
        c->app->has_root = false;
        nd_driver_set_issuer(c->app->driver, &c->app->node);
    }
    return code;
}

int nd_cmd_key_unseal(struct nd_cmd *c)
{
    return reseal(c, false, false, CR_PASS_SMALL);
}

/* ---- held open ---- */

int nd_cmd_key_unlock(struct nd_cmd *c)
{
    char path[ND_PATH_MAX];
    struct cr_identity id = {0};
    struct st_err err = {0};
    uint64_t minutes;
    int rc;

    if (nd_opt_u64(c, "minutes", ND_UNLOCK_MIN_MAX, ND_UNLOCK_MS_DEF / 60000, &minutes) != ST_OK)
        return ND_EX_USAGE;
    if (!name_arg(c, true, path, &err))
        return nd_fail_err(c, &err);
    if (!c->app->serving)
        return nd_fail(c, ST_STATE, "%s",
                       nd_tr(c, "节点没有运行，每次写入时输入 PIN 即可",
                             "no node runs that could hold it; the PIN is asked for at each act"));
    if (minutes == 0)
        return nd_fail(c, ST_USAGE, "--minutes: 1..%d", ND_UNLOCK_MIN_MAX);
    rc = nd_open_key(c, c->arg[0], path, &id, &err);
    if (rc == ST_OK) {
        rc = nd_keyring_put(c->app->keyring, c->arg[0], &id, minutes * 60000, now_ms(c));
        if (rc != ST_OK)
            (void)st_fail(&err, (enum st_code)rc, "%s",
                          nd_tr(c, "打开的钥匙太多", "too many keys are open"));
    }
    cr_identity_wipe(&id);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json)
        nd_out_json(
            c, json_pack("{s:s, s:I}", "key", c->arg[0], "open_ms", (json_int_t)(minutes * 60000)));
    else
        nd_out(c,
               nd_tr(c, "%s 已打开，闲置 %llu 分钟后锁上\n",
                     "%s is open; it closes after %llu idle minutes\n"),
               c->arg[0], (unsigned long long)minutes);
    return ND_EX_OK;
}

int nd_cmd_key_lock(struct nd_cmd *c)
{
    size_t n;

    if (c->arg_count > 1)
        return nd_fail(c, ST_USAGE, "key lock [NAME]");
    n = nd_keyring_close(c->app->keyring, c->arg_count == 1 ? c->arg[0] : NULL);
    if (c->json)
        nd_out_json(c, json_pack("{s:I}", "closed", (json_int_t)n));
    else
        nd_out(c, nd_tr(c, "锁上 %zu 把钥匙\n", "%zu keys closed\n"), n);
    return ND_EX_OK;
}
