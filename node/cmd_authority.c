/* cut, cert restate: who may write, as it stands and as it is changed. */
#include "node/cmd_cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int nd_key_public(struct nd_cmd *c, const char *name, struct cr_sign_pk *out, struct st_err *err)
{
    char path[ND_PATH_MAX + 256];
    struct cr_identity_public pub;
    int rc;

    if (strlen(name) == 2 * CR_SIGN_PK_BYTES &&
        cr_unhex(name, strlen(name), out->b, sizeof out->b) == ST_OK)
        return ST_OK;
    if (strchr(name, '/') != NULL || strlen(name) > 100)
        return st_fail(err, ST_USAGE, "key '%s': %s", name,
                       nd_tr(c, "应为 key list 中的名称，或 64 位公钥",
                             "a name of 'key list' or 64 hex digits of a key"));
    (void)snprintf(path, sizeof path, "%s/keys/%s.key", c->app->dir, name);
    rc = cr_identity_look(path, &pub, err);
    *out = pub.sign_pk;
    return rc;
}

int nd_check_revoked(struct nd_cmd *c, const struct sc_cert *cert, struct st_err *err)
{
    struct nd_store *s = c->app->store;
    char hex[2 * CR_HASH_BYTES + 1];
    struct nd_person issuer;
    struct sc_auth_cut cut;

    if (!sc_authority_revoked(nd_store_authority(s), &cert->subject, cert->prefix_count,
                              cert->prefixes, &cut))
        return ST_OK;
    cr_hex(cut.at.entry_id.b, sizeof cut.at.entry_id.b, hex);
    if (nd_person_of(s, &cut.at.key.author, &issuer, NULL) != ST_OK)
        (void)snprintf(issuer.name, sizeof issuer.name, "%s",
                       sc_certs_root(nd_store_certs(s), &cut.at.key.author) != SC_ROOT_NONE
                           ? nd_tr(c, "街道根钥匙", "the root")
                           : "?");
    return st_fail(err, ST_DENIED,
                   cert->kind == SC_CERT_NODE
                       ? nd_tr(c,
                               "%s的这把钥匙已被吊销（吊销记录 %.12s，%s 签发），再发证书也不会"
                               "生效。请换新的数据目录做新钥匙、重新申请（join --request）",
                               "this key of %s was revoked (cut %.12s by %s): a certificate for "
                               "it would never count. Make a new key in a new data directory and "
                               "ask again (join --request)")
                       : nd_tr(c,
                               "%s的这把钥匙已被吊销（吊销记录 %.12s，%s 签发），再发证书也不会"
                               "生效。请用 key new 做新钥匙",
                               "this key of %s was revoked (cut %.12s by %s): a certificate for "
                               "it would never count. Make a new key: key new"),
                   cert->name, hex, issuer.name);
}

/* ---- cut ---- */

static int cut_line(void *arg, const struct sc_auth_cut *cut)
{
    static const char *const modes[] = {
        [SC_CUT_REVOKE] = "revoke", [SC_CUT_FORK] = "fork", [SC_CUT_RETIRE] = "retire"};
    struct nd_cmd *c = arg;
    struct nd_person subject = {.name = ""}, issuer = {.name = ""};
    struct sc_id id = sc_id_of(&cut->at.entry_id);
    char hex[2 * CR_SIGN_PK_BYTES + 1], short_id[2 * SC_ID_BYTES + 1];

    if (nd_person_of(c->app->store, &cut->cut->subject, &subject, NULL) != ST_OK)
        subject.name[0] = '\0';
    if (nd_person_of(c->app->store, &cut->at.key.author, &issuer, NULL) != ST_OK)
        issuer.name[0] = '\0';
    cr_hex(cut->cut->subject.b, sizeof cut->cut->subject.b, hex);
    cr_hex(id.b, sizeof id.b, short_id);
    if (c->json) {
        nd_out_json(
            c, json_pack("{s:o, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "id",
                         nd_json_id(&id), "mode", modes[cut->cut->mode], "subject", hex, "name",
                         subject.name, "issuer", issuer.name, "in_force", (int)cut->in_force,
                         "heads", (json_int_t)sc_cut_head_count(cut->cut->heads), "deps_left",
                         (json_int_t)cut->deps_left, "heads_left", (json_int_t)cut->heads_left,
                         "reason", nd_json_span(cut->cut->text)));
        return 0;
    }
    nd_out(c, "%.12s  %s  %s %.16s…  %s%s  %.*s\n", short_id,
           cut->cut->mode == SC_CUT_REVOKE ? nd_tr(c, "吊销", "revoke")
           : cut->cut->mode == SC_CUT_FORK ? nd_tr(c, "分叉处置", "fork")
                                           : nd_tr(c, "注销", "retire"),
           subject.name, hex,
           cut->in_force ? nd_tr(c, "已生效", "in force") : nd_tr(c, "未生效", "not in force"),
           cut->deps_left > 0 ? nd_tr(c, "（等待接任者的记录）", " (waits for the successor)")
           : cut->heads_left > 0 ? nd_tr(c, "（等待所指的末条）", " (waits for a named entry)")
                                 : "",
           (int)cut->cut->text.n, cut->cut->text.n > 0 ? (const char *)cut->cut->text.p : "");
    return 0;
}

int nd_cmd_cut_list(struct nd_cmd *c)
{
    (void)sc_authority_each_cut(nd_store_authority(c->app->store), NULL, cut_line, c);
    return ND_EX_OK;
}

/* ---- cut fork ---- */

struct forked {
    const struct nd_person *p;
    size_t count;
    struct {
        struct cr_sign_pk key;
        uint64_t incarnation;
    } log[ND_CUTS_MAX];
};

static int find_forked(void *arg, const struct sy_log *log)
{
    struct forked *f = arg;
    bool theirs = false;

    for (size_t i = 0; i < f->p->key_count; i++)
        theirs = theirs || cr_sign_pk_equal(&f->p->key[i], &log->key.author);
    if (!theirs || log->first_seq == 0 || f->count == ND_CUTS_MAX)
        return ST_OK;
    for (size_t i = 0; i < f->count; i++)
        if (f->log[i].incarnation == log->key.incarnation &&
            cr_sign_pk_equal(&f->log[i].key, &log->key.author))
            return ST_OK;
    f->log[f->count].key = log->key.author;
    f->log[f->count++].incarnation = log->key.incarnation;
    return ST_OK;
}

static void show_cuts(struct nd_cmd *c, const struct nd_cuts *x, bool written)
{
    if (c->json) {
        json_t *o = nd_cuts_json(x);

        (void)json_object_set_new(o, "written", json_boolean(written));
        nd_out_json(c, o);
        return;
    }
    nd_cuts_show(x, c);
    nd_out(c, "%s\n",
           written ? nd_tr(c, "已写入。", "Written.")
                   : nd_tr(c, "尚未写入任何内容。确认无误后加 --yes 再执行一次。",
                           "Nothing has been written. Run it again with --yes to do it."));
}

int nd_cmd_cut_fork(struct nd_cmd *c)
{
    const struct sy_view *view = nd_store_view(c->app->store);
    struct cr_identity author = {0};
    struct nd_person p;
    struct forked f = {.p = &p};
    struct st_err err = {0};
    struct nd_cuts x;
    int rc;

    nd_cuts_init(&x, nd_opt(c, "reason"));
    rc = c->arg_count == 1 ? nd_person_find(c->app->store, c->arg[0], &p, &err)
                           : st_fail(&err, ST_USAGE, "cut fork NAME");
    if (rc == ST_OK)
        rc = view->each_log(view->arg, find_forked, &f);
    if (rc == ST_OK && f.count == 0)
        rc = st_fail(&err, ST_NOTFOUND, "%s: %s", p.name,
                     nd_tr(c, "没有分叉的日志", "no log of theirs is forked"));
    for (size_t i = 0; rc == ST_OK && i < f.count; i++) {
        struct nd_cut_which which = {.one_incarnation = true, .incarnation = f.log[i].incarnation};

        rc = nd_cuts_add(&x, c, &f.log[i].key, SC_CUT_FORK, &which, &err);
    }
    if (rc == ST_OK)
        rc = nd_author(c, &author, &err);
    if (rc == ST_OK)
        rc = nd_cuts_effect(&x, c, &author, &err);
    if (rc == ST_OK && nd_opt(c, "yes") != NULL)
        rc = nd_cuts_write(&x, c, &author, &err);
    if (rc == ST_OK)
        show_cuts(c, &x, nd_opt(c, "yes") != NULL);
    cr_identity_wipe(&author);
    nd_cuts_release(&x);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}
