/* key sheet, export, recover, remove: keys on paper and on sticks, and back. */
#include "node/cmd.h"
#include "node/control.h"
#include "node/sheet.h"

#include "crypto/file.h"

#include <stdio.h>
#include <string.h>

/* A node makes use of both secrets, persons and the root of the signing seed alone. */
static enum cr_sheet_kind kind_of(const char *name)
{
    return strcmp(name, "node") == 0 ? CR_SHEET_BOTH : CR_SHEET_SIGN;
}

static bool is_root(const char *name)
{
    return strcmp(name, "root") == 0 || strcmp(name, "next-root") == 0;
}

static void wipe_buf(struct cr_buf *b)
{
    if (b->p != NULL)
        cr_wipe(b->p, b->cap);
    cr_buf_release(b);
}

/* The named key of this data directory, opened. */
static int open_named(struct nd_cmd *c, struct cr_identity *out, struct st_err *err)
{
    char path[ND_PATH_MAX];
    int rc;

    if (c->arg_count != 1)
        return st_fail(err, ST_USAGE, "key %s NAME", c->verb->sub);
    rc = nd_key_path(c, c->arg[0], path, err);
    return rc == ST_OK ? nd_open_key(c, c->arg[0], path, out, err) : rc;
}

static int print_sheet(struct nd_cmd *c, const char *to, struct st_err *err)
{
    const struct sc_genesis *g = nd_store_genesis(c->app->store);
    const struct sc_cert *cert;
    char date[ND_TIME_TEXT_MAX], path[ND_PATH_MAX];
    struct nd_sheet_info info = {.key = c->arg[0], .name = "", .space = g->name, .date = date};
    struct cr_identity id = {0};
    struct cr_buf page;
    int rc = open_named(c, &id, err);

    cr_buf_init(&page, ND_SHEET_BYTES_MAX);
    nd_time_text(nd_app_wall_ms(c->app), date);
    if (rc == ST_OK) {
        cert = sc_certs_find(nd_store_certs(c->app->store), &id.sign_pk);
        info.name = cert == NULL ? "" : cert->name;
        rc = nd_sheet_render(&info, &id, kind_of(c->arg[0]), &page, err);
    }
    cr_identity_wipe(&id);
    if (rc == ST_OK && to != NULL) {
        nd_arg_path(c, to, path, sizeof path);
        rc = cr_file_create(path, cr_buf_span(&page), err);
    } else if (rc == ST_OK) {
        c->write(c->write_arg, ND_CH_OUT, cr_buf_span(&page));
    }
    wipe_buf(&page);
    return rc;
}

int nd_cmd_key_sheet(struct nd_cmd *c)
{
    struct st_err err = {0};

    return print_sheet(c, nd_opt(c, "to"), &err) == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

/* A copy of the key, sealed by a pass phrase of its own. */
static int export_file(struct nd_cmd *c, const char *to, struct st_err *err)
{
    char path[ND_PATH_MAX];
    struct cr_pass_params params;
    struct cr_identity id = {0};
    struct cr_span pass;
    int rc = open_named(c, &id, err);

    nd_arg_path(c, to, path, sizeof path);
    if (rc == ST_OK)
        rc = nd_new_pin(c, c->arg[0], true, &pass, err);
    cr_pass_new(CR_PASS_STRONG, &params);
    if (rc == ST_OK)
        rc = cr_identity_save_sealed(path, &id, pass, &params, err);
    cr_identity_wipe(&id);
    return rc;
}

int nd_cmd_key_export(struct nd_cmd *c)
{
    const char *to = nd_opt(c, "to");
    struct st_err err = {0};
    int rc;

    if ((nd_opt(c, "paper") != NULL) == (to != NULL))
        return nd_fail(c, ST_USAGE, "key export NAME --paper | --to FILE");
    rc = to == NULL ? print_sheet(c, NULL, &err) : export_file(c, to, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (is_root(c->arg[0]))
        nd_say(c,
               nd_tr(c, "核对后才能移出本机：fengsui key remove %s%s%s\n",
                     "Check it, and only then take the key off this machine: fengsui key remove "
                     "%s%s%s\n"),
               c->arg[0], to == NULL ? "" : " --from ", to == NULL ? "" : to);
    return ND_EX_OK;
}

/* ---- back again ---- */

static int read_text(const char *path, struct cr_buf *out, struct st_err *err)
{
    FILE *f = fopen(path, "re");
    uint8_t part[4096];
    int rc = ST_OK;
    size_t n;

    if (f == NULL)
        return st_fail(err, ST_NOTFOUND, "'%.200s' cannot be opened", path);
    while (rc == ST_OK && (n = fread(part, 1, sizeof part, f)) > 0)
        rc = cr_buf_append(out, part, n);
    if (rc == ST_OK && ferror(f) != 0)
        rc = ST_IO;
    (void)fclose(f);
    cr_wipe(part, sizeof part);
    if (rc == ST_OK)
        rc = cr_buf_append(out, "", 1);
    return rc == ST_OK
               ? ST_OK
               : st_fail(err, (enum st_code)rc, "'%.200s': %s", path, st_text((enum st_code)rc));
}

static int from_sheet(struct nd_cmd *c, const char *text, struct cr_identity *out,
                      struct st_err *err)
{
    enum cr_sheet_kind kind;
    int rc = cr_sheet_decode(text, out, &kind, err);

    if (rc != ST_OK)
        return st_wrap(err, rc, "%s", nd_tr(c, "恢复单", "recovery sheet"));
    if (kind == kind_of(c->arg[0]))
        return ST_OK;
    cr_identity_wipe(out);
    return st_fail(err, ST_USAGE, "%s",
                   kind == CR_SHEET_BOTH
                       ? nd_tr(c, "这是节点的恢复单，用 key recover node",
                               "this is a node's sheet: key recover node")
                       : nd_tr(c, "这不是节点的恢复单", "this is not a node's sheet"));
}

/* The key that --from holds, or that is typed. */
static int read_back(struct nd_cmd *c, struct cr_identity *out, struct st_err *err)
{
    const char *from = nd_opt(c, "from");
    char path[ND_PATH_MAX], id[128], text[256];
    struct cr_span typed = {NULL, 0};
    struct cr_buf page;
    int rc;

    cr_buf_init(&page, ND_SHEET_BYTES_MAX + 1);
    if (from != NULL) {
        nd_arg_path(c, from, path, sizeof path);
        rc = read_text(path, &page, err);
        if (rc == ST_OK && page.n > 4 && memcmp(page.p, "FSK1", 4) == 0) {
            wipe_buf(&page);
            return nd_open_key(c, c->arg[0], path, out, err);
        }
    } else {
        (void)snprintf(id, sizeof id, "sheet:%.100s", c->arg[0]);
        (void)snprintf(text, sizeof text,
                       nd_tr(c, "请逐组输入钥匙“%.100s”恢复单上的字符，可一行多组",
                             "type the groups of the recovery sheet of key '%.100s', some a line"),
                       c->arg[0]);
        rc = nd_secret(c, ND_ASK_SHEET, id, text, &typed, err);
        if (rc == ST_OK)
            rc = cr_buf_append(&page, typed.p, typed.n);
        if (rc == ST_OK)
            rc = cr_buf_append(&page, "", 1);
    }
    if (rc == ST_OK)
        rc = from_sheet(c, (const char *)page.p, out, err);
    wipe_buf(&page);
    return rc;
}

int nd_cmd_key_recover(struct nd_cmd *c)
{
    char path[ND_PATH_MAX], dir[ND_PATH_MAX], hex[2 * CR_SIGN_PK_BYTES + 1];
    struct cr_identity_public there;
    struct cr_pass_params params;
    struct cr_span pin = {NULL, 0};
    struct cr_identity id = {0};
    struct st_err err = {0};
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "key %s NAME", c->verb->sub);
    rc = nd_key_path(c, c->arg[0], path, &err);
    if (rc == ST_OK && cr_identity_look(path, &there, NULL) != ST_NOTFOUND)
        rc = st_fail(&err, ST_EXISTS, "%.200s", path);
    if (rc == ST_OK)
        rc = read_back(c, &id, &err);
    if (rc == ST_OK && nd_opt(c, "no-pin") == NULL)
        rc = nd_new_pin(c, c->arg[0], is_root(c->arg[0]), &pin, &err);
    nd_app_path(c->dir, is_root(c->arg[0]) || kind_of(c->arg[0]) == CR_SHEET_BOTH ? "." : "keys",
                dir);
    if (rc == ST_OK)
        rc = nd_app_make_dir(dir, &err);
    cr_pass_new(is_root(c->arg[0]) ? CR_PASS_STRONG : CR_PASS_SMALL, &params);
    if (rc == ST_OK)
        rc = pin.p == NULL ? cr_identity_save(path, &id, &err)
                           : cr_identity_save_sealed(path, &id, pin, &params, &err);
    cr_hex(id.sign_pk.b, sizeof id.sign_pk.b, hex);
    cr_identity_wipe(&id);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json)
        nd_out_json(c, json_pack("{s:s, s:s, s:b}", "key", c->arg[0], "sign_pk", hex, "sealed",
                                 pin.p != NULL));
    else
        nd_out(c, "%s %s\n", c->arg[0], hex);
    return ND_EX_OK;
}

/* Off this machine, when what was exported has been read back and is this key. */
static int remove_root(struct nd_cmd *c, struct st_err *err)
{
    char path[ND_PATH_MAX];
    struct cr_identity_public here;
    struct cr_identity back = {0};
    int rc;

    if (c->arg_count != 1 || !is_root(c->arg[0]))
        return st_fail(err, ST_USAGE, "key remove root|next-root [--from FILE]");
    rc = nd_key_path(c, c->arg[0], path, err);
    if (rc == ST_OK)
        rc = cr_identity_look(path, &here, err);
    if (rc == ST_OK)
        rc = read_back(c, &back, err);
    if (rc == ST_OK && !cr_sign_pk_equal(&back.sign_pk, &here.sign_pk))
        rc = st_fail(err, ST_CONFLICT, "%s",
                     nd_tr(c, "这份导出不是本机的这把钥匙，没有移除",
                           "this export is not the key kept here; nothing was removed"));
    cr_identity_wipe(&back);
    if (rc == ST_OK)
        rc = cr_file_remove(path, err);
    return rc == ST_OK ? nd_tries_forgive(path, err) : rc;
}

int nd_cmd_key_remove(struct nd_cmd *c)
{
    struct st_err err = {0};

    if (remove_root(c, &err) != ST_OK)
        return nd_fail_err(c, &err);
    if (strcmp(c->arg[0], "root") == 0) {
        nd_driver_set_issuer(c->app->driver, &c->app->node);
        cr_identity_wipe(&c->app->root);
        c->app->has_root = false;
    }
    if (c->json)
        nd_out_json(c, json_pack("{s:s}", "removed", c->arg[0]));
    else
        nd_out(
            c,
            nd_tr(c,
                  "%s 已移出本机；日常由本街道的节点钥匙签发。要用根钥匙时加 --root-key 文件。\n",
                  "%s is off this machine; day to day this node's own key certifies. Where the "
                  "root is needed, add --root-key FILE.\n"),
            c->arg[0]);
    return ND_EX_OK;
}
