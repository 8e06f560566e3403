/* cert renew and root rotate: a person, or the root, gets another key and stays who it is. */
#include "node/cmd_cut.h"

#include "schema/cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTATED_MAX 256 /* rank-1 certificates that a rotation states again */

/* ---- cert renew ---- */

struct wanted {
    const char *text; /* name, or the first digits of the person id */
    const struct cr_sign_pk *key;
    struct sc_cert cert;
    bool found, several, has_key; /* has_key: it is one of the person's */
};

static int match_person(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                        const struct cr_hash *entry_id)
{
    struct wanted *w = arg;
    char hex[2 * SC_ID_BYTES + 1];
    size_t n = strlen(w->text);

    (void)issuer;
    (void)entry_id;
    cr_hex(cert->person.b, sizeof cert->person.b, hex);
    if (strcmp(cert->name, w->text) != 0 && !(n >= 8 && strncmp(hex, w->text, n) == 0))
        return 0;
    if (w->found && !sc_id_equal(&w->cert.person, &cert->person))
        w->several = true;
    if (!w->found)
        w->cert = *cert; /* the lowest rank comes first */
    w->has_key = w->has_key || cr_sign_pk_equal(&cert->subject, w->key);
    w->found = true;
    return 0;
}

/* The person's certificate, for the new key: same person, name, roles, grids and window. */
static int renewed(struct nd_cmd *c, const struct cr_identity *subject,
                   const struct cr_identity *author, struct sc_cert *out, struct st_err *err)
{
    struct wanted w = {.text = c->arg[0], .key = &subject->sign_pk};
    bool root = sc_certs_root(nd_store_certs(c->app->store), &author->sign_pk) != SC_ROOT_NONE;
    int rc;

    (void)sc_certs_each(nd_store_certs(c->app->store), match_person, &w);
    if (!w.found)
        return st_fail(err, ST_NOTFOUND,
                       nd_tr(c, "没有“%.100s”的有效证书", "no certificate of '%.100s' counts"),
                       c->arg[0]);
    if (w.several)
        return st_fail(err, ST_CONFLICT,
                       nd_tr(c, "“%.100s”不止一人，请用 cert list --json 里的人员编号",
                             "'%.100s' is more than one person: give the id of the person"),
                       c->arg[0]);
    if (w.has_key)
        return st_fail(err, ST_EXISTS, "%s",
                       nd_tr(c, "这把钥匙已是此人的", "this key is that person's already"));
    *out = w.cert;
    out->subject = subject->sign_pk;
    if (out->kind == SC_CERT_NODE)
        out->kx_pk = subject->kx_pk;
    else
        memset(&out->kx_pk, 0, sizeof out->kx_pk);
    if (!root)
        out->rank = 2;
    rc = nd_check_revoked(c, out, err);
    if (rc != ST_OK)
        return rc;
    rc = sc_cert_consent(out, nd_store_net(c->app->store), &subject->sign_sk);
    return rc == ST_OK
               ? ST_OK
               : st_fail(err, (enum st_code)rc, "certificate: %s", st_text((enum st_code)rc));
}

int nd_cmd_cert_renew(struct nd_cmd *c)
{
    struct nd_draft draft = {.type = SC_R_CERT};
    struct cr_identity subject = {0}, author = {0};
    struct st_err err = {0};
    struct sc_cert cert;
    struct cr_buf body;
    struct sc_id id;
    int rc;

    if (c->arg_count != 1 || nd_opt(c, "key") == NULL)
        return nd_fail(c, ST_USAGE, "cert renew PERSON --key NAME");
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = nd_key_named(c, nd_opt(c, "key"), &subject, &err);
    if (rc == ST_OK)
        rc = nd_author(c, &author, &err);
    if (rc == ST_OK)
        rc = renewed(c, &subject, &author, &cert, &err);
    if (rc == ST_OK && sc_cert_encode(&cert, &body) != ST_OK)
        rc = st_fail(&err, ST_NOMEM, "certificate");
    draft.body = cr_buf_span(&body);
    if (rc == ST_OK)
        rc = nd_driver_write(c->app->driver, &author, SC_SCOPE_PUBLIC, &draft, 1, &id, &err);
    cr_identity_wipe(&subject);
    cr_identity_wipe(&author);
    cr_buf_release(&body);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (sc_certs_find(nd_store_certs(c->app->store), &cert.subject) == NULL)
        return nd_fail(
            c, ST_DENIED, "%s",
            nd_tr(c, "证书已写入，但签发人的权限不包含它，因此不生效",
                  "the certificate was written but does not count: its issuer may not give it"));
    if (c->json)
        nd_out_json(c, json_pack("{s:o, s:o, s:s}", "id", nd_json_id(&id), "person",
                                 nd_json_id(&cert.person), "name", cert.name));
    else
        nd_out(c, "%s\n", cert.name);
    return ND_EX_OK;
}

/* ---- root rotate ---- */

struct rotation {
    struct nd_cmd *c;
    struct cr_sign_pk old;
    struct cr_buf heads;                  /* packed, unsorted */
    struct cr_buf body[1 + RESTATED_MAX]; /* the cut, then certificates */
    struct nd_draft draft[1 + RESTATED_MAX];
    struct sc_id id[1 + RESTATED_MAX];
    size_t n;
    int rc;
};

static int take_head(void *arg, const struct sy_log *log)
{
    struct rotation *r = arg;
    struct sc_cut_head h = {.scope = log->key.scope,
                            .incarnation = log->key.incarnation,
                            .seq = log->link.seq_next - 1,
                            .entry_id = log->link.chain};

    if (log->link.seq_next == 0 || !cr_sign_pk_equal(&log->key.author, &r->old))
        return 0;
    r->rc = sc_cut_put_head(&r->heads, &h);
    return r->rc != ST_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, SC_CUT_HEAD_BYTES);
}

/* The old key's acts so far count, its later ones do not. */
static int make_cut(struct rotation *r, struct st_err *err)
{
    struct sc_cut cut = {.subject = r->old, .mode = SC_CUT_REVOKE};
    const struct sy_view *view = nd_store_view(r->c->app->store);

    (void)view->each_log(view->arg, take_head, r);
    if (r->rc != ST_OK)
        return st_fail(err, (enum st_code)r->rc, "heads of the old root");
    if (r->heads.n > 0)
        qsort(r->heads.p, r->heads.n / SC_CUT_HEAD_BYTES, SC_CUT_HEAD_BYTES, by_bytes);
    cut.heads = cr_buf_span(&r->heads);
    r->draft[0].type = SC_R_CUT;
    r->n = 1;
    return sc_cut_encode(&cut, &r->body[0], err);
}

static int restate(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                   const struct cr_hash *entry_id)
{
    struct rotation *r = arg;

    (void)entry_id;
    if (!cr_sign_pk_equal(issuer, &r->old))
        return 0;
    if (r->n == 1 + RESTATED_MAX)
        r->rc = ST_OVERSIZE;
    else
        r->rc = sc_cert_encode(cert, &r->body[r->n]);
    if (r->rc == ST_OK)
        r->draft[r->n++].type = SC_R_CERT;
    return r->rc != ST_OK;
}

static int rotate(struct rotation *r, const struct cr_identity *next, struct st_err *err)
{
    const struct sc_genesis *g = nd_store_genesis(r->c->app->store);
    int rc;

    /* shows it to the set of certificates, too: from here on it is a root */
    if (sc_certs_root(nd_store_certs(r->c->app->store), &next->sign_pk) != SC_ROOT_NEXT)
        return st_fail(err, ST_DENIED, "%s",
                       nd_tr(r->c, "这不是本空间预先约定的下一把根钥匙",
                             "this is not the successor that the space was founded with"));
    r->old = g->root;
    rc = make_cut(r, err);
    if (rc != ST_OK)
        return rc;
    (void)sc_certs_each(nd_store_certs(r->c->app->store), restate, r);
    if (r->rc != ST_OK)
        return st_fail(err, (enum st_code)r->rc, "certificates of the old root");
    for (size_t i = 0; i < r->n; i++)
        r->draft[i].body = cr_buf_span(&r->body[i]);
    return nd_driver_write(r->c->app->driver, next, SC_SCOPE_PUBLIC, r->draft, r->n, r->id, err);
}

int nd_cmd_root_rotate(struct nd_cmd *c)
{
    const char *file = nd_opt(c, "next-key");
    struct rotation *r = calloc(1, sizeof *r);
    struct cr_identity next = {0};
    char path[ND_PATH_MAX];
    struct st_err err = {0};
    size_t n = 0;
    int rc;

    if (r == NULL)
        return nd_fail(c, ST_NOMEM, "root rotate");
    r->c = c;
    cr_buf_init(&r->heads, SC_CUT_HEADS_MAX * SC_CUT_HEAD_BYTES);
    for (size_t i = 0; i < 1 + RESTATED_MAX; i++)
        cr_buf_init(&r->body[i], SC_PAYLOAD_MAX);
    if (file != NULL)
        nd_arg_path(c, file, path, sizeof path);
    else
        nd_app_path(c->app->dir, "next-root.key", path);
    rc = nd_open_key(c, "next-root", path, &next, &err);
    if (rc == ST_OK)
        rc = rotate(r, &next, &err);
    cr_identity_wipe(&next);
    n = r->n;
    for (size_t i = 0; i < 1 + RESTATED_MAX; i++)
        cr_buf_release(&r->body[i]);
    cr_buf_release(&r->heads);
    free(r);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json)
        nd_out_json(c, json_pack("{s:I}", "certificates", (json_int_t)(n - 1)));
    else
        nd_out(c,
               nd_tr(c, "已换根：旧根钥匙此后所写不再生效，重新签发证书 %zu 张\n",
                     "rotated: what the old root writes from now on does not count; %zu "
                     "certificates were stated again\n"),
               n - 1);
    nd_say(c, "%s",
           nd_tr(c, "没有再下一把约定的根钥匙：请把这一把离线保管好，遗失后只能重建空间。\n",
                 "There is no further successor: keep this key offline; when it is lost the "
                 "space is to be founded anew.\n"));
    return ND_EX_OK;
}
