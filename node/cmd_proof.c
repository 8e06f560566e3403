/* proof export and check (schema/proof.h, crypto/PROOF.md). Export gathers the record's entries
 * that count, the certificates of their authors up to the root and the cuts that name one of them,
 * each with the leaves up to the next signature. Check opens no data directory. */
#include "node/cmd.h"

#include "schema/cut.h"
#include "schema/enrol.h"
#include "schema/proof.h"

#include <stdlib.h>
#include <string.h>

#define NEEDED_MAX 16384
#define KEYS_MAX   1024

/* ---- export ---- */

struct needed {
    struct sy_log log;
    uint64_t seq;
};

struct exporting {
    struct nd_cmd *c;
    const struct sy_view *view;
    size_t count, key_count, log_count, log_cap;
    struct needed *need;     /* NEEDED_MAX */
    struct cr_sign_pk *keys; /* KEYS_MAX: whose certificates and cuts are wanted */
    struct sy_log *log;
    const char *entry; /* --entry */
    struct sc_run *run;
    struct cr_buf bytes;
};

static int add_key(struct exporting *x, const struct cr_sign_pk *key, bool *added)
{
    for (size_t i = 0; i < x->key_count; i++)
        if (cr_sign_pk_equal(&x->keys[i], key))
            return ST_OK;
    if (x->key_count == KEYS_MAX)
        return ST_OVERSIZE;
    x->keys[x->key_count++] = *key;
    *added = true;
    return ST_OK;
}

static int need(struct exporting *x, const struct sy_log *log, uint64_t seq)
{
    for (size_t i = 0; i < x->count; i++)
        if (x->need[i].seq == seq && cr_hash_equal(&x->need[i].log.id, &log->id))
            return ST_OK;
    if (x->count == NEEDED_MAX)
        return ST_OVERSIZE;
    x->need[x->count++] = (struct needed){.log = *log, .seq = seq};
    return ST_OK;
}

static int keep_log(void *arg, const struct sy_log *log)
{
    struct exporting *x = arg;

    if (x->log_count == x->log_cap) {
        size_t cap = x->log_cap == 0 ? 64 : 2 * x->log_cap;
        struct sy_log *grown = realloc(x->log, cap * sizeof *grown);

        if (grown == NULL)
            return ST_NOMEM;
        x->log = grown;
        x->log_cap = cap;
    }
    x->log[x->log_count++] = *log;
    return ST_OK;
}

/* The branch on which this entry stands. */
static const struct sy_log *find_log(const struct exporting *x, const struct sc_log_key *key,
                                     uint64_t seq, const struct cr_hash *id)
{
    struct cr_hash log_id, chain;

    sc_log_id(nd_store_net(x->c->app->store), key, &log_id);
    for (size_t i = 0; i < x->log_count; i++)
        if (cr_hash_equal(&x->log[i].id, &log_id) && seq < x->log[i].link.seq_next &&
            x->view->chain_at(x->view->arg, x->log[i].handle, seq, &chain) == ST_OK &&
            cr_hash_equal(&chain, id))
            return &x->log[i];
    return NULL;
}

static int take_fact(void *arg, const struct nd_history_row *row)
{
    struct exporting *x = arg;
    char hex[2 * CR_HASH_BYTES + 1];
    const struct sy_log *log;
    bool added;
    int rc;

    cr_hex(row->fact.entry_id.b, CR_HASH_BYTES, hex);
    if (row->held || row->provisional ||
        (x->entry != NULL && strncmp(hex, x->entry, strlen(x->entry)) != 0))
        return ST_OK;
    log = find_log(x, &row->log, row->seq, &row->fact.entry_id);
    if (log == NULL)
        return ST_CORRUPT;
    rc = need(x, log, row->seq);
    return rc == ST_OK ? add_key(x, &row->fact.author, &added) : rc;
}

struct climbing {
    struct exporting *x;
    bool added;
};

/* Who certified one of the keys is wanted, too. */
static int climb(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                 const struct cr_hash *entry_id)
{
    struct climbing *k = arg;

    (void)entry_id;
    for (size_t i = 0; i < k->x->key_count; i++)
        if (cr_sign_pk_equal(&k->x->keys[i], &cert->subject))
            return add_key(k->x, issuer, &k->added);
    return ST_OK;
}

static bool wanted_key(const struct exporting *x, const struct cr_sign_pk *key)
{
    for (size_t i = 0; i < x->key_count; i++)
        if (cr_sign_pk_equal(&x->keys[i], key))
            return true;
    return false;
}

/* Accepted certificates and all cuts about the keys. */
static bool is_evidence(const struct exporting *x, struct cr_span payload, const struct cr_hash *id)
{
    struct sc_payload p;
    struct sc_cert cert;
    struct sc_cut cut;

    if (sc_payload_decode(payload, &p, NULL) != ST_OK)
        return false;
    if (p.type == SC_R_CERT && sc_cert_decode(p.body, &cert, NULL) == ST_OK)
        return wanted_key(x, &cert.subject) &&
               sc_certs_accepted(nd_store_certs(x->c->app->store), id);
    return p.type == SC_R_CUT && sc_cut_decode(p.body, &cut, NULL) == ST_OK &&
           wanted_key(x, &cut.subject);
}

static int scan_log(struct exporting *x, const struct sy_log *log)
{
    uint64_t seq = 0;
    int rc = ST_OK;

    while (rc == ST_OK && seq < log->link.seq_next) {
        rc = x->view->read_run(x->view->arg, log->handle, seq, x->run, &x->bytes);
        for (size_t i = 0; rc == ST_OK && i < x->run->count; i++) {
            struct cr_hash id;

            if (x->run->e[i].pruned || !sc_suite_known(sc_wire_suite(&x->run->e[i])))
                continue;
            rc = x->view->chain_at(x->view->arg, log->handle, seq + i, &id);
            if (rc == ST_OK && is_evidence(x, x->run->e[i].payload, &id))
                rc = need(x, log, seq + i);
        }
        seq += rc == ST_OK ? x->run->count : 0;
    }
    return rc;
}

static int by_place(const void *a, const void *b)
{
    const struct needed *x = a, *y = b;
    int d = cr_hash_cmp(&x->log.id, &y->log.id);

    return d != 0 ? d : x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* The segment from the entry at `at` to the next signature; *at: the first entry behind it. */
static int put_segment(struct exporting *x, size_t *at, struct cr_buf *out)
{
    static const struct sc_proof_item zero;
    const struct sy_log *log = &x->need[*at].log;
    uint64_t first = x->need[*at].seq, last = 0;
    struct sc_proof_item *items = calloc(SC_PROOF_ITEMS_MAX, sizeof *items);
    struct cr_hash before = log->id, chain;
    struct cr_sig sig;
    size_t n;
    int rc = items == NULL ? ST_NOMEM : ST_OK;

    if (rc == ST_OK)
        rc = x->view->checkpoint_at(x->view->arg, log->handle, first, &last, &chain, &sig);
    if (rc == ST_OK && first > 0)
        rc = x->view->chain_at(x->view->arg, log->handle, first - 1, &before);
    if (rc == ST_OK)
        rc = x->view->read_run(x->view->arg, log->handle, first, x->run, &x->bytes);
    n = rc == ST_OK ? (size_t)(last - first) + 1 : 0;
    if (rc == ST_OK && (n > x->run->count || n > SC_PROOF_ITEMS_MAX))
        rc = ST_CORRUPT;
    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        const struct sc_wire_entry *e = &x->run->e[i];

        items[i] = zero;
        items[i].payload = e->payload;
        items[i].header =
            (struct sc_header){.version = SC_ENTRY_VERSION,
                               .suite = sc_wire_suite(e),
                               .seq = first + i,
                               .lamport = e->lamport,
                               .wall_ms = e->wall_ms,
                               .payload_hash = e->payload_hash,
                               .payload_bytes = e->pruned ? e->payload_bytes : e->payload.n};
        if (!e->pruned)
            sc_payload_hash(e->payload, &items[i].header.payload_hash);
        if (*at < x->count && x->need[*at].seq == first + i &&
            cr_hash_equal(&x->need[*at].log.id, &log->id)) {
            items[i].kind = e->pruned ? SC_PROOF_ERASED : SC_PROOF_SHOWN;
            (*at)++;
        }
    }
    if (rc == ST_OK)
        rc = sc_proof_put_segment(first, &before, items, n, &sig, out);
    free(items);
    return rc;
}

/* One log: its segments first, as they have to be counted. */
static int put_log(struct exporting *x, size_t *at, struct cr_buf *out)
{
    const struct sy_log log = x->need[*at].log;
    struct cr_buf segments;
    size_t count = 0;
    int rc = ST_OK;

    cr_buf_init(&segments, SC_PROOF_BYTES_MAX);
    while (rc == ST_OK && *at < x->count && cr_hash_equal(&x->need[*at].log.id, &log.id)) {
        rc = count++ < SC_PROOF_SEGMENTS_MAX ? put_segment(x, at, &segments) : ST_OVERSIZE;
    }
    if (rc == ST_OK)
        rc = sc_proof_put_log(&log.key, count, out);
    if (rc == ST_OK)
        rc = cr_buf_append(out, segments.p, segments.n);
    cr_buf_release(&segments);
    return rc;
}

static int put_all(struct exporting *x, const struct sc_id *subject, struct cr_buf *out)
{
    struct cr_buf genesis;
    size_t logs = 0;
    int rc;

    qsort(x->need, x->count, sizeof *x->need, by_place);
    for (size_t i = 0; i < x->count; i++)
        logs += i == 0 || !cr_hash_equal(&x->need[i].log.id, &x->need[i - 1].log.id);
    cr_buf_init(&genesis, SC_GENESIS_BYTES_MAX);
    rc = logs > SC_PROOF_LOGS_MAX ? ST_OVERSIZE : ST_OK;
    if (rc == ST_OK)
        rc = sc_genesis_encode(nd_store_genesis(x->c->app->store), &genesis);
    if (rc == ST_OK)
        rc = sc_proof_put_head(subject, cr_buf_span(&genesis), logs, out);
    for (size_t at = 0; rc == ST_OK && at < x->count;)
        rc = put_log(x, &at, out);
    cr_buf_release(&genesis);
    return rc;
}

static int gather(struct exporting *x, const struct sc_id *subject, struct st_err *err)
{
    struct nd_store *s = x->c->app->store;
    struct climbing k = {.x = x, .added = true};
    int rc = x->view->each_log(x->view->arg, keep_log, x);

    if (rc == ST_OK)
        rc = nd_store_history(s, subject, take_fact, x, err);
    if (rc == ST_OK && x->count == 0)
        return st_fail(err, ST_NOTFOUND, "no entry of this record counts");
    while (rc == ST_OK && k.added) {
        k.added = false;
        rc = sc_certs_each(nd_store_certs(s), climb, &k);
    }
    for (size_t i = 0; rc == ST_OK && i < x->log_count; i++)
        if (x->log[i].key.scope == SC_SCOPE_PUBLIC)
            rc = scan_log(x, &x->log[i]);
    return rc;
}

static int export(struct nd_cmd *c, const struct sc_id *subject, struct cr_buf *out,
                  struct st_err *err)
{
    struct exporting x = {
        .c = c, .view = nd_store_view(c->app->store), .entry = nd_opt(c, "entry")};
    int rc;

    x.need = calloc(NEEDED_MAX, sizeof *x.need);
    x.keys = calloc(KEYS_MAX, sizeof *x.keys);
    x.run = calloc(1, sizeof *x.run);
    cr_buf_init(&x.bytes, SC_RUN_BYTES_MAX + SC_PAYLOAD_MAX);
    rc = x.need == NULL || x.keys == NULL || x.run == NULL ? ST_NOMEM : gather(&x, subject, err);
    if (rc == ST_OK)
        rc = put_all(&x, subject, out);
    if (rc == ST_OK) /* what is given away is what would be taken */
        rc = sc_proof_read(cr_buf_span(out), &(struct sc_proof){.shown = 0}, NULL, NULL, err);
    if (rc != ST_OK && err->code == ST_OK)
        (void)st_fail(err, (enum st_code)rc, "proof: %s", st_text((enum st_code)rc));
    cr_buf_release(&x.bytes);
    free(x.need);
    free(x.keys);
    free(x.run);
    free(x.log);
    return rc;
}

int nd_cmd_proof_export(struct nd_cmd *c)
{
    const char *file = nd_opt(c, "out");
    struct st_err err = {0};
    struct sc_id subject;
    struct cr_buf out;
    int rc;

    if (c->arg_count != 1 || file == NULL)
        return nd_fail(c, ST_USAGE, "proof export RECORD --out FILE");
    cr_buf_init(&out, SC_PROOF_BYTES_MAX);
    rc = nd_subject(c, c->arg[0], &subject, &err);
    if (rc == ST_OK)
        rc = export(c, &subject, &out, &err);
    if (rc == ST_OK)
        rc = nd_write_file(c, file, cr_buf_span(&out), &err);
    if (rc == ST_OK && c->json)
        nd_out_json(c, json_pack("{s:s, s:I}", "proof", file, "bytes", (json_int_t)out.n));
    else if (rc == ST_OK)
        nd_out(c, nd_tr(c, "证明已写入 %s（%zu 字节）\n", "proof written to %s (%zu bytes)\n"),
               file, out.n);
    cr_buf_release(&out);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

/* ---- check ---- */

struct checking {
    struct nd_cmd *c;
    const struct sc_proof *proof;
    struct sc_certs *certs;
    size_t uncertified;
};

static int add_cert(void *arg, const struct sc_proof_entry *e)
{
    struct checking *k = arg;
    struct sc_cert cert;

    if (e->erased || e->unread || e->p.type != SC_R_CERT || e->key.scope != SC_SCOPE_PUBLIC ||
        sc_cert_decode(e->p.body, &cert, NULL) != ST_OK)
        return ST_OK;
    return sc_certs_add(k->certs, &e->key.author, &e->id, &cert);
}

static void show_entry(struct checking *k, const struct sc_proof_entry *e, const char *what,
                       bool record)
{
    struct nd_cmd *c = k->c;
    const struct sc_cert *cert = sc_certs_find(k->certs, &e->key.author);
    bool root = sc_certs_root(k->certs, &e->key.author) != SC_ROOT_NONE;
    char hex[2 * CR_HASH_BYTES + 1], when[ND_TIME_TEXT_MAX], roles[256] = "";
    const char *name = root           ? nd_tr(c, "街道根钥匙", "the street's root key")
                       : cert != NULL ? cert->name
                                      : nd_tr(c, "未认证的钥匙", "a key without certificate");

    if (cert != NULL)
        (void)nd_roles_text(c, cert->roles, roles, sizeof roles);
    if (record && cert == NULL && !root)
        k->uncertified++;
    cr_hex(e->id.b, sizeof e->id.b, hex);
    nd_time_text(e->header.wall_ms, when);
    if (c->json)
        nd_out_json(c, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:b}", "entry", hex,
                                 "kind", what, "part", record ? "record" : "evidence", "signer",
                                 name, "roles", roles, "seq", (json_int_t)e->header.seq,
                                 "claimed_ms", (json_int_t)e->header.wall_ms, "certified",
                                 (int)(cert != NULL || root), "erased", (int)e->erased, "unread",
                                 (int)e->unread));
    else
        nd_out(c, "%s %.16s %s %s%s%s%s %s%s\n",
               record ? nd_tr(c, "记录", "record  ") : nd_tr(c, "依据", "evidence"), hex, what,
               name, roles[0] == '\0' ? "" : nd_tr(c, "（", " ("), roles,
               roles[0] == '\0' ? "" : nd_tr(c, "）", ")"), when,
               e->erased   ? nd_tr(c, "（内容已删除）", " (content erased)")
               : e->unread ? nd_tr(c, "（由更新版本写成，升级后显示）",
                                   " (written with a newer suite; shown after an upgrade)")
                           : "");
}

static int show(void *arg, const struct sc_proof_entry *e)
{
    struct checking *k = arg;
    struct sc_id subject = sc_proof_subject(e);
    const struct sc_record *rec = e->erased || e->unread ? NULL : sc_record_find(e->p.type);
    const char *what = rec == NULL ? "?" : rec->name;
    bool record = sc_id_equal(&subject, &k->proof->subject);

    if (!e->erased && !e->unread && e->p.type == SC_R_CUT)
        nd_say(k->c, "%s",
               nd_tr(k->c, "注意：导出时已知有一条收回签名权的记录涉及其中一个签名人，见“cut”。\n",
                     "Mind: at the export a cut was known that concerns one of the signers, see "
                     "\"cut\".\n"));
    show_entry(k, e, what, record);
    return ST_OK;
}

static int check(struct nd_cmd *c, struct cr_span file, struct st_err *err)
{
    const char *root = nd_opt(c, "root");
    char space[SC_FINGERPRINT_TEXT_BYTES];
    struct checking k = {.c = c};
    struct sc_proof proof;
    int rc = sc_proof_read(file, &proof, NULL, NULL, err);

    if (rc != ST_OK)
        return rc;
    k.proof = &proof;
    sc_fingerprint_text(&proof.net, space);
    if (root != NULL && strcmp(root, space) != 0)
        return st_fail(err, ST_SPACE, "--root '%s': the proof is of a street with %s", root, space);
    k.certs = sc_certs_new(&proof.genesis);
    if (k.certs == NULL)
        return st_fail(err, ST_NOMEM, "proof: out of memory");
    rc = sc_proof_read(file, &proof, add_cert, &k, err);
    if (rc == ST_OK)
        nd_say(c, nd_tr(c, "街道 %s，指纹 %s%s\n", "street %s, fingerprint %s%s\n"),
               proof.genesis.name, space,
               root != NULL ? "" : nd_tr(c, "（请核对）", " (compare it)"));
    if (rc == ST_OK)
        rc = sc_proof_read(file, &proof, show, &k, err);
    sc_certs_free(k.certs);
    if (rc == ST_OK && k.uncertified > 0)
        rc = st_fail(err, ST_DENIED,
                     nd_tr(c, "%zu 条记录的签名人没有可追溯到根的证书",
                           "%zu entries are signed by keys that no chain of certificates leads to"),
                     k.uncertified);
    return rc;
}

int nd_cmd_proof_check(struct nd_cmd *c)
{
    struct st_err err = {0};
    struct cr_buf file;
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "proof check FILE");
    rc = nd_read_file(c, c->arg[0], SC_PROOF_BYTES_MAX, &file, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    rc = check(c, cr_buf_span(&file), &err);
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
    return ND_EX_OK;
}
