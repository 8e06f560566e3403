/* Enrolment by files (schema/enrol.h), the side that asks: join --request and --answer on the new
 * machine, key request for a person's key. cmd_answer.c is the other side.
 *
 * The new machine keeps what it asked as DIR/join.request. An answer is verified whole before a
 * store is made; the last thing written to the store, in one transaction, are the entries that
 * certify this node: until then the directory counts as empty and the same command goes on
 * (nd_app_vacant). */
#include "node/cmd.h"

#include "crypto/file.h"
#include "schema/enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_FILE "join.request"

static int take_name(const char *name, char out[static SC_NAME_MAX + 1], struct st_err *err)
{
    size_t n = name == NULL ? 0 : strlen(name);

    if (n == 0 || n > SC_NAME_MAX)
        return st_fail(err, ST_USAGE, "--name: 1..%d bytes", SC_NAME_MAX);
    memcpy(out, name, n + 1);
    return ST_OK;
}

/* ---- the request ---- */

static int write_request(struct nd_cmd *c, const struct sc_request *q, const struct cr_sign_sk *sk,
                         const char *keep, const char *file, struct cr_hash *hash,
                         struct st_err *err)
{
    struct cr_buf bytes;
    int rc;

    cr_buf_init(&bytes, SC_REQUEST_BYTES_MAX);
    rc = sc_request_encode(q, sk, &bytes);
    if (rc != ST_OK)
        (void)st_fail(err, (enum st_code)rc, "request: %s", st_text((enum st_code)rc));
    if (rc == ST_OK && keep != NULL)
        rc = cr_file_replace(keep, cr_buf_span(&bytes), err);
    if (rc == ST_OK)
        rc = nd_write_file(c, file, cr_buf_span(&bytes), err);
    if (rc == ST_OK)
        sc_request_hash(cr_buf_span(&bytes), hash);
    cr_buf_release(&bytes);
    return rc;
}

static void show_request(struct nd_cmd *c, const char *file, const struct cr_hash *hash)
{
    char print[SC_FINGERPRINT_TEXT_BYTES];

    sc_fingerprint_text(hash, print);
    if (c->json)
        nd_out_json(c, json_pack("{s:s, s:s}", "request", file, "fingerprint", print));
    else
        nd_out(c, nd_tr(c, "申请已写入 %s\n指纹 %s\n", "request written to %s\nfingerprint %s\n"),
               file, print);
    nd_say(c, "%s",
           nd_tr(c, "把文件交给上级，并在电话里核对指纹。\n",
                 "Take the file to the office above, and compare the fingerprint by telephone.\n"));
}

static int node_key(const char *dir, struct cr_identity *out, struct st_err *err)
{
    char path[ND_PATH_MAX];
    int rc;

    nd_app_path(dir, "node.key", path);
    rc = cr_identity_load(path, out, err);
    if (rc != ST_NOTFOUND)
        return rc;
    if (err != NULL)
        *err = (struct st_err){0};
    cr_identity_generate(out);
    return cr_identity_save(path, out, err);
}

int nd_join_request(struct nd_cmd *c, const struct sc_invite *invite)
{
    struct sc_request q = {.kind = SC_CERT_NODE, .invited = invite != NULL};
    struct cr_identity node = {0};
    char keep[ND_PATH_MAX];
    struct st_err err = {0};
    struct cr_hash hash;
    int rc = take_name(nd_opt(c, "name"), q.name, &err);

    if (rc == ST_OK)
        rc = nd_opt_grants(c, &q.roles, &q.prefix_count, q.prefixes, &err);
    if (rc == ST_OK)
        rc = nd_app_vacant(c->dir, &err);
    if (rc == ST_OK)
        rc = nd_app_make_dir(c->dir, &err);
    if (rc == ST_OK)
        rc = node_key(c->dir, &node, &err);
    if (rc == ST_OK) {
        q.sign_pk = node.sign_pk;
        q.kx_pk = node.kx_pk;
        if (invite != NULL) {
            q.net = invite->net;
            q.invite_id = sc_invite_id(invite->secret);
            sc_request_proof(invite->secret, &q.sign_pk, q.proof);
        }
        nd_app_path(c->dir, REQUEST_FILE, keep);
        rc = write_request(c, &q, &node.sign_sk, keep, nd_opt(c, "request"), &hash, &err);
    }
    cr_identity_wipe(&node);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    show_request(c, nd_opt(c, "request"), &hash);
    return ND_EX_OK;
}

int nd_cmd_key_request(struct nd_cmd *c)
{
    struct sc_request q = {.kind = SC_CERT_PERSON};
    struct cr_identity key = {0};
    struct st_err err = {0};
    const char *name = nd_opt(c, "name");
    struct cr_hash hash;
    int rc;

    if (c->arg_count != 1 || nd_opt(c, "out") == NULL)
        return nd_fail(c, ST_USAGE, "key request NAME --out FILE");
    rc = take_name(name == NULL ? c->arg[0] : name, q.name, &err);
    if (rc == ST_OK)
        rc = nd_opt_grants(c, &q.roles, &q.prefix_count, q.prefixes, &err);
    if (rc == ST_OK)
        rc = nd_key_named(c, c->arg[0], &key, &err);
    if (rc == ST_OK) {
        q.sign_pk = key.sign_pk;
        q.kx_pk = key.kx_pk;
        rc = write_request(c, &q, &key.sign_sk, NULL, nd_opt(c, "out"), &hash, &err);
    }
    cr_identity_wipe(&key);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    show_request(c, nd_opt(c, "out"), &hash);
    return ND_EX_OK;
}

/* ---- taking the answer ---- */

struct storing {
    struct nd_app *app;
    struct st_err *err;
};

static int store_run(void *arg, const struct sc_run *run, const struct cr_hash *log_id,
                     const struct cr_hash *before, const struct cr_hash *chains)
{
    struct storing *s = arg;
    struct nd_run r = {.run = run,
                       .key = run->key,
                       .log_id = *log_id,
                       .before = *before,
                       .chains = chains,
                       .received_ms = nd_app_wall_ms(s->app)};

    return nd_store_apply(s->app->store, &r, NULL, s->err);
}

/* The verified entries in one transaction, the last step: with them this is a node. */
static int store_answer(const char *dir, const struct sc_answer *answer, struct st_err *err)
{
    struct nd_app_options o = {.dir = dir};
    struct storing s = {.err = err};
    int rc = nd_app_open(&o, &s.app, err);

    if (rc != ST_OK)
        return rc;
    rc = nd_store_begin(s.app->store, err);
    if (rc == ST_OK) {
        rc = sc_answer_each_run(answer, store_run, &s, err);
        if (rc == ST_OK)
            rc = nd_store_commit(s.app->store, err);
        if (rc != ST_OK)
            nd_store_rollback(s.app->store);
    }
    nd_app_close(s.app);
    return rc;
}

struct taking {
    struct cr_buf request, file;
    struct sc_answer answer;
    struct sc_enrolment got;
    struct sc_answer_secret secret;
    bool invited; /* then the invitation vouches for the space */
};

static int read_answer(struct nd_cmd *c, struct taking *t, struct st_err *err)
{
    struct cr_identity node = {0};
    struct sc_request q;
    char path[ND_PATH_MAX];
    int rc = nd_app_vacant(c->dir, err);

    if (rc != ST_OK)
        return rc;
    nd_app_path(c->dir, REQUEST_FILE, path);
    rc = nd_read_file(c, path, SC_REQUEST_BYTES_MAX, &t->request, err);
    if (rc == ST_NOTFOUND)
        return st_fail(err, ST_NOTFOUND, "%s",
                       nd_tr(c, "本机没有发出过申请：先用 fengsui join --request FILE",
                             "no request was made on this machine: fengsui join --request FILE "
                             "comes first"));
    if (rc == ST_OK)
        rc = sc_request_decode(cr_buf_span(&t->request), &q, err);
    if (rc == ST_OK) {
        t->invited = q.invited;
        nd_app_path(c->dir, "node.key", path);
        rc = cr_identity_load(path, &node, err);
    }
    if (rc == ST_OK)
        rc = nd_read_file(c, nd_opt(c, "answer"), SC_ANSWER_BYTES_MAX, &t->file, err);
    if (rc == ST_OK)
        rc = sc_answer_decode(cr_buf_span(&t->file), &t->answer, err);
    if (rc == ST_OK)
        rc = sc_answer_check(&t->answer, cr_buf_span(&t->request), &t->got, err);
    if (rc == ST_OK)
        rc = sc_answer_open(t->answer.sealed, &t->answer.request, &node, &t->secret, err);
    cr_identity_wipe(&node);
    return rc;
}

/* Whether this is the right street: by the invitation, by --space, or by asking. */
static int agree(struct nd_cmd *c, const struct taking *t, bool *agreed, struct st_err *err)
{
    const char *wanted = nd_opt(c, "space");
    char space[SC_FINGERPRINT_TEXT_BYTES], roles[256], grids[SC_CERT_PREFIXES_MAX * 17];
    const struct sc_cert *cert = &t->got.cert;

    sc_fingerprint_text(&t->got.net, space);
    nd_grids_text(cert->prefixes, cert->prefix_count, grids, sizeof grids);
    nd_say(c,
           nd_tr(c, "街道       %s（%llu）\n街道指纹   %s\n本节点     %s，%s，网格 %s\n",
                 "street        %s (%llu)\nfingerprint   %s\nthis node     %s, %s, grids %s\n"),
           t->got.genesis.name, (unsigned long long)t->got.genesis.street, space, cert->name,
           nd_roles_text(c, cert->roles, roles, sizeof roles), grids);
    *agreed = true;
    if (wanted != NULL && strcmp(wanted, space) != 0)
        return st_fail(err, ST_SPACE, "--space '%s': the answer's street has %s", wanted, space);
    if (wanted == NULL && !t->invited)
        *agreed = nd_agreed(c, nd_tr(c, "请与街道在电话里核对街道指纹。",
                                     "Compare the street's fingerprint by telephone."));
    return ST_OK;
}

static int by_code(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static int create(struct nd_cmd *c, const struct taking *t, struct st_err *err)
{
    struct nd_peer peer = {.sign_pk = t->answer.signer, .kx_pk = t->got.signer, .enabled = true};
    uint64_t scopes[2 + SC_CERT_PREFIXES_MAX] = {SC_SCOPE_PUBLIC};
    const struct sc_cert *cert = &t->got.cert;
    size_t n = 1;
    int rc;

    if ((cert->roles & SC_ROLE_STREET) != 0)
        scopes[n++] = SC_SCOPE_INTERNAL;
    for (size_t i = 0; i < cert->prefix_count; i++) {
        uint64_t scope = sc_grid_scope(cert->prefixes[i]);

        if (scope != scopes[n - 1] && scope != SC_SCOPE_PUBLIC)
            scopes[n++] = scope;
    }
    qsort(scopes, n, sizeof scopes[0], by_code);
    if (t->secret.addr_count > 0)
        (void)snprintf(peer.addr, sizeof peer.addr, "%s", t->secret.addrs[0]);
    rc = nd_app_create(c->dir, &t->got.genesis, &t->secret.gate, cert->name, scopes, n, &peer, err);
    return rc == ST_OK ? store_answer(c->dir, &t->answer, err) : rc;
}

int nd_join_answered(struct nd_cmd *c)
{
    struct taking t = {.invited = false};
    char path[ND_PATH_MAX];
    struct st_err err = {0};
    bool agreed = false;
    int rc;

    if (c->arg_count != 0)
        return nd_fail(c, ST_USAGE, "join --answer FILE");
    rc = read_answer(c, &t, &err);
    if (rc == ST_OK)
        rc = agree(c, &t, &agreed, &err);
    if (rc == ST_OK && agreed)
        rc = create(c, &t, &err);
    if (rc == ST_OK && agreed) {
        nd_app_path(c->dir, REQUEST_FILE, path);
        if (cr_file_remove(path, &err) != ST_OK)
            nd_say(c, "fengsui: %s\n", err.msg); /* left behind it does no harm */
        if (c->json)
            nd_out_json(c, json_pack("{s:s, s:s, s:s}", "space", t.got.genesis.name, "name",
                                     t.got.cert.name, "dir", c->dir));
        else
            nd_out(
                c,
                nd_tr(c, "已加入“%s”，本节点名称 %s，数据目录 %s\n", "joined \"%s\" as %s in %s\n"),
                t.got.genesis.name, t.got.cert.name, c->dir);
    }
    cr_buf_release(&t.request);
    cr_buf_release(&t.file);
    cr_wipe(&t.secret, sizeof t.secret);
    return rc != ST_OK ? nd_fail_err(c, &err) : agreed ? ND_EX_OK : ND_EX_CONFIRM;
}
