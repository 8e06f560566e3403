/* cert renew and root rotate: a person, or the root, gets another key and stays who it is. */
#include "node/cmd_cut.h"

#include "schema/cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTS_MAX 512 /* certificates and cuts of the old root */

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

/* A certificate or cut of the old root. */
struct act {
    uint64_t type, arrived_ms; /* arrived_ms 0: that cannot be told */
    char name[SC_NAME_MAX + 1];
    bool late;          /* arrived too late to stand */
    bool said;          /* the new root said the same in an earlier run */
    struct cr_buf body; /* of a certificate */
};

struct rotation {
    struct nd_cmd *c;
    struct cr_identity next; /* secret */
    struct cr_sign_pk old;
    uint64_t since_ms; /* 0: all that the old root wrote so far stands */
    struct nd_cuts cuts;
    struct act act[ACTS_MAX];
    size_t count, restated;
    struct st_err err;
};

static int take_act(struct rotation *r, uint64_t type, const char *name,
                    const struct cr_hash *entry_id)
{
    struct act *one = &r->act[r->count];

    if (r->count == ACTS_MAX)
        return st_fail(&r->err, ST_OVERSIZE, "more than %d certificates and cuts of the old root",
                       ACTS_MAX);
    r->count++;
    one->type = type;
    (void)snprintf(one->name, sizeof one->name, "%s", name);
    if (r->since_ms != 0) {
        one->arrived_ms = nd_arrived_ms(r->c, entry_id);
        one->late = one->arrived_ms == 0 || one->arrived_ms >= r->since_ms;
    }
    return ST_OK;
}

static int take_cert(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                     const struct cr_hash *entry_id)
{
    struct rotation *r = arg;
    int rc;

    if (!cr_sign_pk_equal(issuer, &r->old))
        return ST_OK;
    rc = take_act(r, SC_R_CERT, cert->name, entry_id);
    if (rc == ST_OK && sc_cert_encode(cert, &r->act[r->count - 1].body) != ST_OK)
        rc = st_fail(&r->err, ST_NOMEM, "certificates of the old root");
    return rc;
}

static int take_cut(void *arg, const struct sc_auth_cut *cut)
{
    struct rotation *r = arg;
    struct nd_person subject;

    if (!cr_sign_pk_equal(&cut->at.key.author, &r->old) || !cut->in_force)
        return ST_OK;
    if (nd_person_of(r->c->app->store, &cut->cut->subject, &subject, NULL) != ST_OK)
        (void)snprintf(subject.name, sizeof subject.name, "?");
    return take_act(r, SC_R_CUT, subject.name, &cut->at.entry_id);
}

static int said_before(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                       const struct cr_hash *entry_id)
{
    struct rotation *r = arg;
    struct cr_buf body;
    int rc;

    (void)entry_id;
    if (!cr_sign_pk_equal(issuer, &r->next.sign_pk))
        return ST_OK;
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_cert_encode(cert, &body);
    for (size_t i = 0; rc == ST_OK && i < r->count; i++)
        if (r->act[i].type == SC_R_CERT &&
            cr_span_equal(cr_buf_span(&body), cr_buf_span(&r->act[i].body)))
            r->act[i].said = true;
    cr_buf_release(&body);
    return rc;
}

/* Shows the key to the set of certificates, too: from here on it is a root there, until a
 * transaction is rolled back. */
static bool is_successor(struct rotation *r)
{
    return sc_certs_root(nd_store_certs(r->c->app->store), &r->next.sign_pk) == SC_ROOT_NEXT;
}

/* The cut that closes the old root, and what of the old root is stated again. */
static int plan_rotation(struct rotation *r)
{
    struct nd_store *s = r->c->app->store;
    struct nd_cut_which which = {.before_ms = r->since_ms};
    int rc;

    if (!is_successor(r))
        return st_fail(&r->err, ST_DENIED, "%s",
                       nd_tr(r->c, "这不是本空间预先约定的下一把根钥匙",
                             "this is not the successor that the space was founded with"));
    r->old = nd_store_genesis(s)->root;
    rc = nd_cuts_add(&r->cuts, r->c, &r->old, SC_CUT_REVOKE, &which, &r->err);
    if (rc == ST_OK)
        rc = sc_certs_each(nd_store_certs(s), take_cert, r);
    if (rc == ST_OK)
        rc = sc_authority_each_cut(nd_store_authority(s), NULL, take_cut, r);
    if (rc == ST_OK && sc_certs_each(nd_store_certs(s), said_before, r) != ST_OK)
        rc = st_fail(&r->err, ST_NOMEM, "certificates of the new root");
    if (rc == ST_OK)
        rc = nd_cuts_effect(&r->cuts, r->c, &r->next, &r->err);
    for (size_t i = 0; i < r->count; i++)
        r->restated += r->act[i].type == SC_R_CERT && !r->act[i].late && !r->act[i].said;
    return rc;
}

/* In one transaction: a node that stopped in between would have a root too many, or none. */
static int write_rotation(struct rotation *r)
{
    struct nd_draft draft[1 + ACTS_MAX];
    struct sc_id id[1 + ACTS_MAX];
    struct cr_buf cut;
    size_t n = 0;
    int rc = ST_OK;

    cr_buf_init(&cut, SC_PAYLOAD_MAX);
    if (!r->cuts.cut[0].done) {
        rc = nd_cut_encode(&r->cuts, 0, &cut, &r->err);
        draft[n++] = (struct nd_draft){.type = SC_R_CUT, .body = cr_buf_span(&cut)};
    }
    for (size_t i = 0; i < r->count; i++)
        if (r->act[i].type == SC_R_CERT && !r->act[i].late && !r->act[i].said)
            draft[n++] = (struct nd_draft){.type = SC_R_CERT, .body = cr_buf_span(&r->act[i].body)};
    if (rc == ST_OK && n > 0 && is_successor(r)) /* again: the preview was rolled back */
        rc = nd_driver_write(r->c->app->driver, &r->next, SC_SCOPE_PUBLIC, draft, n, id, &r->err);
    cr_buf_release(&cut);
    return rc;
}

static json_t *late_json(const struct rotation *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->count; i++)
        if (r->act[i].late)
            (void)json_array_append_new(
                list,
                json_pack("{s:s, s:s, s:I}", "record", r->act[i].type == SC_R_CERT ? "cert" : "cut",
                          "name", r->act[i].name, "arrived_ms", (json_int_t)r->act[i].arrived_ms));
    return list;
}

static void show_rotation(const struct rotation *r, bool written)
{
    struct nd_cmd *c = r->c;
    char when[ND_TIME_TEXT_MAX];

    if (c->json) {
        nd_out_json(c, json_pack("{s:I, s:o, s:o, s:b}", "certificates", (json_int_t)r->restated,
                                 "late", late_json(r), "cuts", nd_cuts_json(&r->cuts), "written",
                                 (int)written));
        return;
    }
    nd_out(c, nd_tr(c, "换根：重新签发证书 %zu 张\n", "new root: %zu certificates stated again\n"),
           r->restated);
    for (size_t i = 0; i < r->count; i++) {
        if (!r->act[i].late)
            continue;
        nd_time_text(r->act[i].arrived_ms, when);
        if (r->act[i].said) {
            nd_out(c,
                   nd_tr(c, "  到得太晚，但新根此前已重新签发：%s；不属实请用新根吊销\n",
                         "  too late, but the new root gave it again before: %s; if it was not "
                         "honest, revoke it by the new root\n"),
                   r->act[i].name);
            continue;
        }
        nd_out(c,
               nd_tr(c, "  不再有效：%s %s，%s 到达本机；若属实请用新根重新签发\n",
                     "  void: %s %s, arrived here %s; if it was honest, give it anew by the new "
                     "root\n"),
               r->act[i].type == SC_R_CERT ? nd_tr(c, "证书", "certificate")
                                           : nd_tr(c, "封存", "cut"),
               r->act[i].name, when);
    }
    nd_cuts_show(&r->cuts, c);
    if (written)
        nd_out(c, "%s\n",
               nd_tr(c, "已换根：旧根钥匙此后所写不再生效。",
                     "Rotated: what the old root writes from now on does not count."));
}

static int rotate(struct rotation *r)
{
    struct nd_cmd *c = r->c;
    const char *file = nd_opt(c, "next-key");
    char path[ND_PATH_MAX];
    int rc = nd_opt_date(c, "since", &r->since_ms, &r->err);

    if (file != NULL)
        nd_arg_path(c, file, path, sizeof path);
    else
        nd_app_path(c->app->dir, "next-root.key", path);
    if (rc == ST_OK)
        rc = nd_open_key(c, "next-root", path, &r->next, &r->err);
    if (rc == ST_OK)
        rc = plan_rotation(r);
    if (rc == ST_OK && nd_opt(c, "yes") != NULL)
        rc = write_rotation(r);
    if (rc == ST_OK)
        show_rotation(r, nd_opt(c, "yes") != NULL);
    return rc;
}

int nd_cmd_root_rotate(struct nd_cmd *c)
{
    struct rotation *r = calloc(1, sizeof *r);
    struct st_err err;
    int rc;

    if (r == NULL)
        return nd_fail(c, ST_NOMEM, "root rotate");
    r->c = c;
    nd_cuts_init(&r->cuts, nd_opt(c, "reason"));
    for (size_t i = 0; i < ACTS_MAX; i++)
        cr_buf_init(&r->act[i].body, SC_PAYLOAD_MAX);
    rc = rotate(r);
    err = r->err;
    cr_identity_wipe(&r->next);
    for (size_t i = 0; i < ACTS_MAX; i++)
        cr_buf_release(&r->act[i].body);
    nd_cuts_release(&r->cuts);
    free(r);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (!nd_agreed(c, nd_tr(c, "尚未写入任何内容。换根不可撤回，确认无误后加 --yes 再执行一次。",
                            "Nothing has been written. A rotation cannot be taken back; run it "
                            "again with --yes to do it.")))
        return ND_EX_CONFIRM;
    nd_say(c, "%s",
           nd_tr(c, "没有再下一把约定的根钥匙：请把这一把离线保管好，遗失后只能重建空间。\n",
                 "There is no further successor: keep this key offline; when it is lost the "
                 "space is to be founded anew.\n"));
    return ND_EX_OK;
}
