/* Enrolment by files (schema/enrol.h), the side that certifies: invite answer for a node, cert
 * answer for a person's key. Both show who asks and what would be given, and write only when told
 * to. */
#include "node/cmd_cut.h"

#include "schema/enrol.h"

#include <stdlib.h>
#include <string.h>

struct answering {
    struct sc_request q;
    struct cr_hash hash;
    struct sc_cert cert;
    struct nd_invite_row invite; /* secret */
    bool by_invite;
    struct sc_id id;
};

/* The invitation that the request is by: known, good, and the one who asks holds it. One that was
 * used by this same key may be answered again. */
static int take_invite(struct nd_cmd *c, struct answering *a, struct st_err *err)
{
    struct sc_certs *certs = nd_store_certs(c->app->store);
    uint8_t proof[SC_ENROL_PROOF_BYTES];
    int rc;

    if (!a->q.invited)
        return ST_OK;
    if (!cr_hash_equal(&a->q.net, nd_store_net(c->app->store)))
        return st_fail(err, ST_SPACE, "the request is by an invitation of another street");
    rc = nd_store_invite(c->app->store, &a->q.invite_id, &a->invite);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "the invitation of the request: %s",
                       st_text((enum st_code)rc));
    sc_request_proof(a->invite.secret, &a->q.sign_pk, proof);
    if (!cr_secret_equal(proof, a->q.proof, sizeof proof))
        return st_fail(err, ST_FORGED, "who made the request does not hold its invitation");
    if (a->invite.used && sc_certs_find(certs, &a->q.sign_pk) == NULL)
        return st_fail(err, ST_DENIED, "the invitation of the request was used or revoked before");
    if (!a->invite.used && a->invite.expires_s != 0 &&
        a->invite.expires_s < nd_app_wall_ms(c->app) / 1000)
        return st_fail(err, ST_DENIED, "the invitation of the request has expired");
    a->by_invite = true;
    return ST_OK;
}

/* What is given: by option, else by invitation, else as wished. */
static int decide(struct nd_cmd *c, struct answering *a, struct st_err *err)
{
    struct sc_cert *cert = &a->cert;
    int rc;

    cert->subject = a->q.sign_pk;
    cert->kind = a->q.kind;
    if (cert->kind == SC_CERT_NODE)
        cert->kx_pk = a->q.kx_pk;
    memcpy(cert->name, a->q.name, sizeof cert->name);
    cert->roles = a->by_invite ? a->invite.roles : a->q.roles;
    cert->prefix_count = a->by_invite ? 1 : a->q.prefix_count;
    if (a->by_invite)
        cert->prefixes[0] = a->invite.grid;
    else
        memcpy(cert->prefixes, a->q.prefixes, sizeof cert->prefixes);
    rc = nd_opt_grants(c, &cert->roles, &cert->prefix_count, cert->prefixes, err);
    if (rc == ST_OK)
        rc = nd_opt_date(c, "from", &cert->from_ms, err);
    if (rc == ST_OK)
        rc = nd_opt_date(c, "to", &cert->to_ms, err);
    if (rc != ST_OK)
        return rc;
    if (cert->kind == SC_CERT_NODE)
        cert->roles |= (cert->roles == 0 ? SC_ROLE_VILLAGE : 0u) | SC_ROLE_NODE;
    if (cert->roles == 0)
        return st_fail(err, ST_USAGE, "%s", "--role: the request names none");
    if (cert->prefix_count == 0)
        return st_fail(err, ST_USAGE, "%s", "--grid: the request names none");
    return ST_OK;
}

static int read_request(struct nd_cmd *c, struct answering *a, uint64_t kind, struct st_err *err)
{
    struct cr_buf file;
    int rc = nd_read_file(c, c->arg[0], SC_REQUEST_BYTES_MAX, &file, err);

    if (rc != ST_OK)
        return rc;
    rc = sc_request_decode(cr_buf_span(&file), &a->q, err);
    sc_request_hash(cr_buf_span(&file), &a->hash);
    cr_buf_release(&file);
    if (rc == ST_OK && a->q.kind != kind)
        rc = st_fail(err, ST_USAGE, "%s",
                     kind == SC_CERT_NODE ? "the request is a person's: fengsui cert answer"
                                          : "the request is a node's: fengsui invite answer");
    if (rc == ST_OK)
        rc = take_invite(c, a, err);
    if (rc == ST_OK)
        rc = decide(c, a, err);
    return rc == ST_OK ? nd_check_revoked(c, &a->cert, err) : rc;
}

/* Who asks, what would be given, and what is to be compared. True when it is agreed to. */
static bool preview(struct nd_cmd *c, const struct answering *a)
{
    char print[SC_FINGERPRINT_TEXT_BYTES], space[SC_FINGERPRINT_TEXT_BYTES], roles[256];
    char grids[SC_CERT_PREFIXES_MAX * 17], from[ND_TIME_TEXT_MAX], to[ND_TIME_TEXT_MAX];
    const struct sc_cert *cert = &a->cert;
    const struct sc_cert *known = sc_certs_find(nd_store_certs(c->app->store), &a->q.sign_pk);

    sc_fingerprint_text(&a->hash, print);
    sc_fingerprint_text(nd_store_net(c->app->store), space);
    nd_grids_text(cert->prefixes, cert->prefix_count, grids, sizeof grids);
    nd_time_text(cert->from_ms, from);
    nd_time_text(cert->to_ms, to);
    nd_say(c, nd_tr(c, "申请人     %s（%s）%s\n", "who asks      %s (%s)%s\n"), cert->name,
           cert->kind == SC_CERT_NODE ? nd_tr(c, "节点", "node") : nd_tr(c, "人员", "person"),
           known != NULL ? nd_tr(c, "，这把钥匙已有证书", ", the key is certified already")
           : a->by_invite ? nd_tr(c, "，持有邀请", ", holds an invitation")
                          : "");
    nd_say(c, nd_tr(c, "申请指纹   %s\n", "fingerprint   %s\n"), print);
    nd_say(c, nd_tr(c, "将给予     %s\n网格       %s\n", "would be given %s\nin grids      %s\n"),
           nd_roles_text(c, cert->roles, roles, sizeof roles), grids);
    if (cert->from_ms != 0 || cert->to_ms != 0)
        nd_say(c, nd_tr(c, "有效期     %s 至 %s\n", "valid         %s to %s\n"), from, to);
    nd_say(c, nd_tr(c, "街道指纹   %s\n", "this street    %s\n"), space);
    return nd_agreed(c, nd_tr(c, "请与申请人在电话里核对两个指纹。",
                              "Compare both fingerprints with who asks, by telephone."));
}

static int certify(struct nd_cmd *c, struct answering *a, const struct cr_identity *issuer,
                   struct st_err *err)
{
    return nd_driver_certify(c->app->driver, issuer, &a->cert, a->by_invite ? &a->invite : NULL,
                             &a->id, err);
}

/* ---- the logs an answer carries ---- */

struct chain_logs {
    const struct cr_sign_pk *author[2]; /* besides the roots */
    struct sc_certs *certs;
    size_t count;
    struct sy_log log[SC_ANSWER_LOGS_MAX];
};

static int pick_log(void *arg, const struct sy_log *l)
{
    struct chain_logs *k = arg;

    if (l->key.scope != SC_SCOPE_PUBLIC ||
        (sc_certs_root(k->certs, &l->key.author) == SC_ROOT_NONE &&
         !cr_sign_pk_equal(&l->key.author, k->author[0]) &&
         !cr_sign_pk_equal(&l->key.author, k->author[1])))
        return ST_OK;
    for (size_t i = 0; i < k->count; i++) {
        if (!cr_hash_equal(&k->log[i].id, &l->id))
            continue;
        if (k->log[i].link.seq_next < l->link.seq_next)
            k->log[i] = *l; /* of a forked log the longest branch */
        return ST_OK;
    }
    if (k->count == SC_ANSWER_LOGS_MAX)
        return ST_OVERSIZE;
    k->log[k->count++] = *l;
    return ST_OK;
}

static int put_log(const struct sy_view *v, const struct sy_log *l, struct sc_run *run,
                   struct cr_buf *bytes, struct cr_buf *runs, size_t *run_count)
{
    uint64_t seq = 0;

    while (seq < l->link.seq_next) {
        int rc = v->read_run(v->arg, l->handle, seq, run, bytes);

        if (rc == ST_OK && *run_count == SC_ANSWER_RUNS_MAX)
            rc = ST_OVERSIZE;
        if (rc != ST_OK)
            return rc;
        run->has_key = seq == 0;
        run->key = l->key;
        rc = sc_run_encode(run, runs);
        if (rc != ST_OK)
            return rc;
        (*run_count)++;
        seq += run->count;
    }
    return ST_OK;
}

/* The public logs of the roots, of this node and of the issuer. */
static int collect_runs(struct nd_cmd *c, const struct cr_identity *issuer, struct cr_buf *runs,
                        size_t *run_count)
{
    const struct sy_view *v = nd_store_view(c->app->store);
    struct chain_logs *k = calloc(1, sizeof *k);
    struct sc_run *run = calloc(1, sizeof *run);
    struct cr_buf bytes;
    int rc = k == NULL || run == NULL ? ST_NOMEM : ST_OK;

    cr_buf_init(&bytes, SC_RUN_BYTES_MAX + SC_PAYLOAD_MAX);
    if (rc == ST_OK) {
        k->certs = nd_store_certs(c->app->store);
        k->author[0] = &c->app->node.sign_pk;
        k->author[1] = &issuer->sign_pk;
        rc = v->each_log(v->arg, pick_log, k);
    }
    for (size_t i = 0; rc == ST_OK && i < k->count; i++) {
        run->log_ref = i;
        rc = put_log(v, &k->log[i], run, &bytes, runs, run_count);
    }
    cr_buf_release(&bytes);
    free(run);
    free(k);
    return rc;
}

static int make_answer(struct nd_cmd *c, const struct answering *a,
                       const struct cr_identity *issuer, struct cr_buf *out, struct st_err *err)
{
    struct sc_answer answer = {.request = a->hash, .signer = c->app->node.sign_pk, .cert = a->id};
    struct sc_answer_secret secret = {0};
    struct cr_buf genesis, runs, sealed;
    int rc;

    cr_buf_init(&genesis, SC_GENESIS_BYTES_MAX);
    cr_buf_init(&runs, SC_ANSWER_BYTES_MAX);
    cr_buf_init(&sealed, SC_ANSWER_SEALED_MAX);
    rc = nd_own_gate(c, &secret.gate, err);
    if (rc == ST_OK)
        rc = nd_own_addrs(c, secret.addrs, &secret.addr_count, err);
    if (rc == ST_OK) {
        rc = sc_genesis_encode(nd_store_genesis(c->app->store), &genesis);
        if (rc == ST_OK)
            rc = collect_runs(c, issuer, &runs, &answer.run_count);
        if (rc == ST_OK)
            rc = sc_answer_seal(&secret, &a->hash, &a->q.kx_pk, &sealed);
        answer.genesis = cr_buf_span(&genesis);
        answer.runs = cr_buf_span(&runs);
        answer.sealed = cr_buf_span(&sealed);
        if (rc == ST_OK)
            rc = sc_answer_encode(&answer, &c->app->node.sign_sk, out);
        if (rc != ST_OK)
            (void)st_fail(err, (enum st_code)rc, "answer: %s", st_text((enum st_code)rc));
    }
    cr_wipe(&secret, sizeof secret);
    cr_buf_release(&genesis);
    cr_buf_release(&runs);
    cr_buf_release(&sealed);
    return rc;
}

int nd_cmd_invite_answer(struct nd_cmd *c)
{
    const char *file = nd_opt(c, "out");
    const char *name = c->root_key != NULL || c->app->has_root ? "root" : "node";
    struct cr_identity issuer = {0};
    struct answering a = {0};
    struct st_err err = {0};
    struct cr_buf out;
    int rc;

    if (c->arg_count != 1 || file == NULL)
        return nd_fail(c, ST_USAGE, "invite answer REQUEST --out ANSWER");
    rc = read_request(c, &a, SC_CERT_NODE, &err);
    if (rc == ST_OK && !preview(c, &a)) {
        cr_wipe(&a, sizeof a);
        return ND_EX_CONFIRM;
    }
    cr_buf_init(&out, SC_ANSWER_BYTES_MAX);
    if (rc == ST_OK)
        rc = nd_key_named(c, name, &issuer, &err);
    if (rc == ST_OK)
        rc = certify(c, &a, &issuer, &err);
    if (rc == ST_OK)
        rc = make_answer(c, &a, &issuer, &out, &err);
    cr_identity_wipe(&issuer);
    if (rc == ST_OK)
        rc = nd_write_file(c, file, cr_buf_span(&out), &err);
    if (rc == ST_OK && c->json)
        nd_out_json(c, json_pack("{s:s, s:o, s:s, s:I}", "answer", file, "id", nd_json_id(&a.id),
                                 "name", a.cert.name, "bytes", (json_int_t)out.n));
    else if (rc == ST_OK)
        nd_out(c, nd_tr(c, "答复已写入 %s（%zu 字节）\n", "answer written to %s (%zu bytes)\n"),
               file, out.n);
    cr_buf_release(&out);
    cr_wipe(&a, sizeof a);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

int nd_cmd_cert_answer(struct nd_cmd *c)
{
    struct cr_identity issuer = {0};
    struct answering a = {0};
    struct st_err err = {0};
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "cert answer REQUEST");
    rc = read_request(c, &a, SC_CERT_PERSON, &err);
    if (rc == ST_OK && !preview(c, &a))
        return ND_EX_CONFIRM;
    if (rc == ST_OK)
        rc = nd_author(c, &issuer, &err);
    if (rc == ST_OK)
        rc = certify(c, &a, &issuer, &err);
    cr_identity_wipe(&issuer);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json)
        nd_out_json(c, json_pack("{s:o, s:s}", "id", nd_json_id(&a.id), "name", a.cert.name));
    else
        nd_out(c, nd_tr(c, "已发证书：%s\n", "certified %s\n"), a.cert.name);
    return ND_EX_OK;
}
