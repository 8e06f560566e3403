/* proof check (schema/proof_judge.h, crypto/PROOF.md): who signed what, and whether it counts as
 * far as the evidence in the file goes. Opens no data directory. */
#include "node/cmd.h"

#include "schema/enrol.h"
#include "schema/proof_judge.h"
#include "schema/why.h"

#include <string.h>

struct checking {
    struct nd_cmd *c;
    struct sc_proof proof;
    struct sc_proof_judge *judge;
    struct sc_certs *certs;   /* the judge's */
    size_t uncertified, held; /* entries of the record */
};

/* Why an entry does not count, with the cut that says so; "" when it does. */
static const char *reason(const struct checking *k, const struct sc_proof_entry *e,
                          enum sc_standing standing, char *out, size_t bytes)
{
    const struct nd_cmd *c = k->c;
    char hex[2 * CR_HASH_BYTES + 1] = "";
    struct sc_label why;
    struct sc_auth_cut cut;

    out[0] = '\0';
    if (sc_standing_counts(standing) || standing == SC_HELD_UNKNOWN)
        return out;
    why = sc_why_label(sc_why_standing(standing));
    if (sc_proof_holder(k->judge, e, &cut))
        cr_hex(cut.at.entry_id.b, sizeof cut.at.entry_id.b, hex);
    (void)snprintf(out, bytes, nd_tr(c, "（不计入：%s%s%.16s）", " (does not count: %s%s%.16s)"),
                   nd_tr(c, why.zh, why.en),
                   hex[0] == '\0' ? "" : nd_tr(c, "，见 cut ", ", see cut "), hex);
    return out;
}

static void show_entry(struct checking *k, const struct sc_proof_entry *e, const char *what,
                       bool record)
{
    struct nd_cmd *c = k->c;
    const struct sc_cert *cert = sc_certs_find(k->certs, &e->key.author);
    bool root = sc_certs_root(k->certs, &e->key.author) != SC_ROOT_NONE;
    char hex[2 * CR_HASH_BYTES + 1], when[ND_TIME_TEXT_MAX], roles[256] = "";
    enum sc_standing standing = sc_proof_standing(k->judge, e);
    char held[320];
    const char *name = root           ? nd_tr(c, "街道根钥匙", "the street's root key")
                       : cert != NULL ? cert->name
                                      : nd_tr(c, "未认证的钥匙", "a key without certificate");

    if (cert != NULL)
        (void)nd_roles_text(c, cert->roles, roles, sizeof roles);
    (void)reason(k, e, standing, held, sizeof held);
    if (record && !sc_standing_counts(standing)) {
        if (cert == NULL && !root)
            k->uncertified++;
        else
            k->held++;
    }
    cr_hex(e->id.b, sizeof e->id.b, hex);
    nd_time_text(e->header.wall_ms, when);
    if (c->json)
        nd_out_json(c, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:b, s:b, s:s}",
                                 "entry", hex, "kind", what, "part", record ? "record" : "evidence",
                                 "signer", name, "roles", roles, "seq", (json_int_t)e->header.seq,
                                 "claimed_ms", (json_int_t)e->header.wall_ms, "certified",
                                 (int)(cert != NULL || root), "erased", (int)e->erased, "unread",
                                 (int)e->unread, "counts", (int)sc_standing_counts(standing),
                                 "held_why", sc_why_label(sc_why_standing(standing)).name));
    else
        nd_out(c, "%s %.16s %s %s%s%s%s %s%s%s\n",
               record ? nd_tr(c, "记录", "record  ") : nd_tr(c, "依据", "evidence"), hex, what,
               name, roles[0] == '\0' ? "" : nd_tr(c, "（", " ("), roles,
               roles[0] == '\0' ? "" : nd_tr(c, "）", ")"), when,
               e->erased   ? nd_tr(c, "（内容已删除）", " (content erased)")
               : e->unread ? nd_tr(c, "（由更新版本写成，升级后显示）",
                                   " (written with a newer suite; shown after an upgrade)")
                           : "",
               held);
}

static int show(void *arg, const struct sc_proof_entry *e)
{
    struct checking *k = arg;
    struct sc_id subject = sc_proof_subject(e);
    const struct sc_record *rec = e->erased || e->unread ? NULL : sc_record_find(e->p.type);

    show_entry(k, e, rec == NULL ? "?" : rec->name, sc_id_equal(&subject, &k->proof.subject));
    return ST_OK;
}

/* A cut that has no effect here, and what it has not got. */
static int show_cut(void *arg, const struct sc_auth_cut *cut)
{
    struct nd_cmd *c = arg;
    char hex[2 * CR_HASH_BYTES + 1];

    if (cut->in_force || cut->cut->mode == SC_CUT_RETIRE)
        return 0;
    cr_hex(cut->at.entry_id.b, sizeof cut->at.entry_id.b, hex);
    nd_say(c,
           nd_tr(c, "注意：收回签名权的记录 %.16s 未生效%s。\n",
                 "Mind: cut %.16s is not in force%s.\n"),
           hex,
           cut->deps_left > 0 ? nd_tr(c, "（证明里缺它所依据的记录）",
                                      " (records that it depends on are not in the proof)")
                              : "");
    return 0;
}

static int check(struct checking *k, struct cr_span file, struct st_err *err)
{
    struct nd_cmd *c = k->c;
    const char *root = nd_opt(c, "root");
    char space[SC_FINGERPRINT_TEXT_BYTES];
    int rc = sc_proof_judge_new(file, &k->proof, &k->judge, err);

    if (rc != ST_OK)
        return rc;
    k->certs = sc_proof_certs(k->judge);
    sc_fingerprint_text(&k->proof.net, space);
    if (root != NULL && strcmp(root, space) != 0)
        return st_fail(err, ST_SPACE, "--root '%s': the proof is of a street with %s", root, space);
    nd_say(c, nd_tr(c, "街道 %s，指纹 %s%s\n", "street %s, fingerprint %s%s\n"),
           k->proof.genesis.name, space,
           root != NULL ? "" : nd_tr(c, "（请核对）", " (compare it)"));
    rc = sc_proof_read(file, &k->proof, show, k, err);
    if (rc == ST_OK)
        (void)sc_proof_each_cut(k->judge, show_cut, c);
    if (rc == ST_OK && k->uncertified > 0)
        rc = st_fail(err, ST_DENIED,
                     nd_tr(c, "%zu 条记录的签名人没有可追溯到根的证书",
                           "%zu entries are signed by keys that no chain of certificates leads to"),
                     k->uncertified);
    return rc;
}

int nd_cmd_proof_check(struct nd_cmd *c)
{
    struct checking k = {.c = c};
    struct st_err err = {0};
    struct cr_buf file;
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "proof check FILE");
    rc = nd_read_file(c, c->arg[0], SC_PROOF_BYTES_MAX, &file, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    rc = check(&k, cr_buf_span(&file), &err);
    sc_proof_judge_free(k.judge);
    cr_buf_release(&file);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    nd_say(
        c, "%s",
        nd_tr(c,
              "每个环节都成立：内容、次序、签名、证书。\n"
              "本证明不能说明：之后没有别的记录；导出之后签名权没有被收回；声称的时间属实。\n",
              "Every link holds: content, order, signatures, certificates.\n"
              "What a proof cannot show: that nothing was recorded later; that no key was revoked "
              "after the export; that the claimed times are true.\n"));
    if (k.held == 0)
        return ND_EX_OK;
    nd_say(c,
           nd_tr(c, "但其中 %zu 条记录不计入：签名人的签名权已被收回。\n",
                 "But %zu entries of the record do not count: their signer's right was taken "
                 "back.\n"),
           k.held);
    return ND_EX_HELD;
}
