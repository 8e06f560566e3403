/* proof export (schema/proof.h, crypto/PROOF.md): the record's entries that count, the certificates
 * of their authors up to the root, the cuts and adoptions about one of them with what these depend
 * on, each with the leaves up to the next signature; and where a cut closed the log, on to the
 * entry that it names, so that who checks can see on which side an entry lies. */
#include "node/cmd.h"

#include "schema/proof_judge.h"

#include <stdlib.h>
#include <string.h>

#define NEEDED_MAX 16384
#define KEYS_MAX   1024

/* ---- export ---- */

struct needed {
    struct sy_log log; /* a row on which the entry stands */
    uint64_t seq;
    uint64_t to; /* the way up to here is needed, too; seq: none */
};

struct exporting {
    struct nd_cmd *c;
    const struct sy_view *view;
    size_t count, key_count, log_count, log_cap;
    struct needed *need;     /* NEEDED_MAX */
    struct cr_sign_pk *keys; /* KEYS_MAX: whose certificates and cuts are wanted */
    struct sy_log *log;
    const char *entry; /* --entry */
    bool held;         /* --held: also what a cut holds */
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
    x->need[x->count++] = (struct needed){.log = *log, .seq = seq, .to = seq};
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

static bool stands_on(const struct exporting *x, const struct sy_log *log, uint64_t seq,
                      const struct cr_hash *id)
{
    struct cr_hash chain;

    return seq < log->link.seq_next &&
           x->view->chain_at(x->view->arg, log->handle, seq, &chain) == ST_OK &&
           cr_hash_equal(&chain, id);
}

/* A branch on which this entry stands: of those that are passed on, else, for what a cut closed,
 * the longest there is. ST_NOTFOUND. */
static int find_log(const struct exporting *x, const struct sc_log_key *key, uint64_t seq,
                    const struct cr_hash *id, struct sy_log *out)
{
    struct cr_hash log_id;
    int rc;

    sc_log_id(nd_store_net(x->c->app->store), key, &log_id);
    for (size_t i = 0; i < x->log_count; i++)
        if (cr_hash_equal(&x->log[i].id, &log_id) && stands_on(x, &x->log[i], seq, id)) {
            *out = x->log[i];
            return ST_OK;
        }
    rc = nd_store_log(x->c->app->store, key, out);
    if (rc == ST_OK || rc == ST_CONFLICT)
        return stands_on(x, out, seq, id) ? ST_OK : ST_NOTFOUND;
    return rc;
}

/* Held by what a proof can show. */
static bool closed(enum sc_why why)
{
    return why == SC_WHY_CUT || why == SC_WHY_AWAITED || why == SC_WHY_RETIRED;
}

static int take_fact(void *arg, const struct nd_history_row *row)
{
    struct exporting *x = arg;
    char hex[2 * CR_HASH_BYTES + 1];
    struct sy_log log;
    bool added;
    int rc;

    cr_hex(row->fact.entry_id.b, CR_HASH_BYTES, hex);
    if ((row->held && !(x->held && closed(row->why))) || row->provisional ||
        (x->entry != NULL && strncmp(hex, x->entry, strlen(x->entry)) != 0))
        return ST_OK;
    rc = find_log(x, &row->log, row->seq, &row->fact.entry_id, &log);
    if (rc == ST_OK)
        rc = need(x, &log, row->seq);
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

/* ---- evidence ---- */

struct depending {
    struct exporting *x;
    bool added;
    int rc;
};

/* A cut about one of the keys: who wrote it is wanted, and what it depends on. */
static int take_cut(void *arg, const struct sc_auth_cut *cut)
{
    struct depending *d = arg;
    struct exporting *x = d->x;
    struct sy_log log;
    int rc = find_log(x, &cut->at.key, cut->at.seq, &cut->at.entry_id, &log);

    if (rc == ST_NOTFOUND) /* of an author who was revoked, and on no path that counts */
        return ST_OK;
    if (rc == ST_OK)
        rc = need(x, &log, cut->at.seq);
    if (rc == ST_OK)
        rc = add_key(x, &cut->at.key.author, &d->added);
    for (size_t i = 0; rc == ST_OK && i < sc_cut_dep_count(cut->cut->deps); i++) {
        struct sc_cut_dep dep;

        sc_cut_dep_at(cut->cut->deps, i, &dep);
        for (size_t k = 0; rc == ST_OK && k < x->log_count; k++)
            if (cr_hash_equal(&x->log[k].id, &dep.log_id) &&
                stands_on(x, &x->log[k], dep.seq, &dep.entry_id))
                rc = need(x, &x->log[k], dep.seq);
    }
    d->rc = rc;
    return rc;
}

static int take_cuts(struct exporting *x, bool *added)
{
    struct depending d = {.x = x};

    for (size_t i = 0; d.rc == ST_OK && i < x->key_count; i++) {
        struct cr_sign_pk key = x->keys[i];

        (void)sc_authority_each_cut(nd_store_authority(x->c->app->store), &key, take_cut, &d);
    }
    *added = *added || d.added;
    return d.rc;
}

/* Accepted certificates of the keys, and adoptions of what they wrote. */
static int take_evidence(struct exporting *x, const struct sy_log *log, uint64_t seq,
                         struct cr_span payload, bool *added)
{
    struct sc_adopt adopt;
    struct sc_payload p;
    struct sc_cert cert;
    struct cr_hash id;
    int rc;

    if (sc_payload_decode(payload, &p, NULL) != ST_OK || p.has_subject)
        return ST_OK;
    if (p.type == SC_R_CERT && sc_cert_decode(p.body, &cert, NULL) == ST_OK &&
        wanted_key(x, &cert.subject)) {
        rc = x->view->chain_at(x->view->arg, log->handle, seq, &id);
        return rc == ST_OK && sc_certs_accepted(nd_store_certs(x->c->app->store), &id)
                   ? need(x, log, seq)
                   : rc;
    }
    if (p.type != SC_R_ADOPT || sc_adopt_decode(p.body, &adopt, NULL) != ST_OK ||
        !wanted_key(x, &adopt.subject))
        return ST_OK;
    rc = need(x, log, seq);
    return rc == ST_OK ? add_key(x, &log->key.author, added) : rc;
}

static int scan_log(struct exporting *x, const struct sy_log *log, bool *added)
{
    uint64_t seq = 0;
    int rc = ST_OK;

    while (rc == ST_OK && seq < log->link.seq_next) {
        rc = x->view->read_run(x->view->arg, log->handle, seq, x->run, &x->bytes);
        for (size_t i = 0; rc == ST_OK && i < x->run->count; i++)
            if (!x->run->e[i].pruned && sc_suite_known(sc_wire_suite(&x->run->e[i])))
                rc = take_evidence(x, log, seq + i, x->run->e[i].payload, added);
        seq += rc == ST_OK ? x->run->count : 0;
    }
    return rc;
}

/* ---- the way to what cuts name ---- */

struct way {
    struct exporting *x;
    struct needed *n;
    struct cr_hash id; /* of the entry */
};

/* The nearest head of the cut that lies behind the entry, and a row that leads from one to the
 * other. */
static int reach_head(void *arg, const struct sc_auth_cut *cut)
{
    struct way *w = arg;
    struct exporting *x = w->x;

    for (size_t i = 0; i < sc_cut_head_count(cut->cut->heads); i++) {
        struct sc_cut_head h;

        sc_cut_head_at(cut->cut->heads, i, &h); /* of one log they ascend by seq */
        if (h.scope != w->n->log.key.scope || h.incarnation != w->n->log.key.incarnation ||
            h.seq < w->n->seq)
            continue;
        for (size_t k = 0; k < x->log_count; k++)
            if (cr_hash_equal(&x->log[k].id, &w->n->log.id) &&
                stands_on(x, &x->log[k], w->n->seq, &w->id) &&
                stands_on(x, &x->log[k], h.seq, &h.entry_id)) {
                if (h.seq > w->n->to) {
                    w->n->to = h.seq;
                    w->n->log = x->log[k];
                }
                return ST_OK;
            }
    }
    return ST_OK;
}

static int add_ways(struct exporting *x)
{
    int rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < x->count; i++) {
        struct way w = {.x = x, .n = &x->need[i]};

        rc = x->view->chain_at(x->view->arg, w.n->log.handle, w.n->seq, &w.id);
        if (rc == ST_OK)
            (void)sc_authority_each_cut(nd_store_authority(x->c->app->store), &w.n->log.key.author,
                                        reach_head, &w);
    }
    return rc;
}

/* ---- the bytes ---- */

static int by_place(const void *a, const void *b)
{
    const struct needed *x = a, *y = b;
    int d = cr_hash_cmp(&x->log.id, &y->log.id);

    return d != 0 ? d : x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* One log under way: entries are needed from *at on; the next segment begins at `next`, and the way
 * goes on at least to `to`. */
struct putting {
    struct exporting *x;
    struct sy_log log;
    size_t *at;
    uint64_t next, to;
    struct sc_proof_item items[SC_PROOF_ITEMS_MAX];
};

static bool is_next(const struct putting *p, uint64_t seq)
{
    const struct exporting *x = p->x;

    return *p->at < x->count && x->need[*p->at].seq == seq &&
           cr_hash_equal(&x->need[*p->at].log.id, &p->log.id);
}

static void set_item(struct putting *p, const struct sc_wire_entry *e, uint64_t seq,
                     struct sc_proof_item *item)
{
    *item = (struct sc_proof_item){.payload = e->payload};
    item->header = (struct sc_header){.version = SC_ENTRY_VERSION,
                                      .suite = sc_wire_suite(e),
                                      .seq = seq,
                                      .lamport = e->lamport,
                                      .wall_ms = e->wall_ms,
                                      .payload_hash = e->payload_hash,
                                      .payload_bytes = e->pruned ? e->payload_bytes : e->payload.n};
    if (!e->pruned)
        sc_payload_hash(e->payload, &item->header.payload_hash);
    if (!is_next(p, seq))
        return;
    item->kind = e->pruned ? SC_PROOF_ERASED : SC_PROOF_SHOWN;
    if (p->x->need[*p->at].to > p->to)
        p->to = p->x->need[*p->at].to;
    (*p->at)++;
}

/* From p->next to the next signature. */
static int put_segment(struct putting *p, struct cr_buf *out)
{
    const struct sy_view *v = p->x->view;
    struct sc_run *run = p->x->run;
    struct cr_hash before = p->log.id, chain;
    uint64_t last = 0;
    struct cr_sig sig;
    size_t n;
    int rc = v->checkpoint_at(v->arg, p->log.handle, p->next, &last, &chain, &sig);

    if (rc == ST_OK && p->next > 0)
        rc = v->chain_at(v->arg, p->log.handle, p->next - 1, &before);
    if (rc == ST_OK)
        rc = v->read_run(v->arg, p->log.handle, p->next, run, &p->x->bytes);
    n = rc == ST_OK ? (size_t)(last - p->next) + 1 : 0;
    if (rc == ST_OK && (n > run->count || n > SC_PROOF_ITEMS_MAX))
        rc = ST_CORRUPT;
    for (size_t i = 0; rc == ST_OK && i < n; i++)
        set_item(p, &run->e[i], p->next + i, &p->items[i]);
    if (rc == ST_OK)
        rc = sc_proof_put_segment(p->next, &before, p->items, n, &sig, out);
    p->next += n;
    return rc;
}

/* One log: its segments first, as they have to be counted. */
static int put_log(struct exporting *x, size_t *at, struct cr_buf *out)
{
    struct putting *p = calloc(1, sizeof *p);
    struct cr_buf segments;
    size_t count = 0;
    int rc = p == NULL ? ST_NOMEM : ST_OK;

    if (rc != ST_OK)
        return rc;
    p->x = x;
    p->at = at;
    p->log = x->need[*at].log;
    cr_buf_init(&segments, SC_PROOF_BYTES_MAX);
    while (rc == ST_OK) {
        if (count == 0 || p->next > p->to) { /* no way to go on with */
            if (*at == x->count || !cr_hash_equal(&x->need[*at].log.id, &p->log.id))
                break;
            p->log = x->need[*at].log;
            p->next = x->need[*at].seq;
        }
        rc = count++ < SC_PROOF_SEGMENTS_MAX ? put_segment(p, &segments) : ST_OVERSIZE;
    }
    if (rc == ST_OK)
        rc = sc_proof_put_log(&p->log.key, count, out);
    if (rc == ST_OK)
        rc = cr_buf_append(out, segments.p, segments.n);
    cr_buf_release(&segments);
    free(p);
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
        if (rc == ST_OK)
            rc = take_cuts(x, &k.added);
        for (size_t i = 0; rc == ST_OK && i < x->log_count; i++)
            if (x->log[i].key.scope == SC_SCOPE_PUBLIC)
                rc = scan_log(x, &x->log[i], &k.added);
    }
    return rc == ST_OK ? add_ways(x) : rc;
}

/* What is given away is what would be taken: read again, and judged as who checks it will. */
struct verdict {
    const struct sc_proof_judge *judge;
    const struct sc_id *subject;
    size_t held;
};

static int see(void *arg, const struct sc_proof_entry *e)
{
    struct verdict *v = arg;
    struct sc_id subject = sc_proof_subject(e);

    v->held += sc_id_equal(&subject, v->subject) &&
               !sc_standing_counts(sc_proof_standing(v->judge, e)) &&
               sc_proof_standing(v->judge, e) != SC_HELD_UNKNOWN;
    return ST_OK;
}

static int check_again(const struct exporting *x, const struct sc_id *subject, struct cr_span file,
                       struct st_err *err)
{
    struct sc_proof_judge *judge = NULL;
    struct verdict v = {.subject = subject};
    struct sc_proof proof;
    int rc = sc_proof_judge_new(file, &proof, &judge, err);

    v.judge = judge;
    if (rc == ST_OK)
        rc = sc_proof_read(file, &proof, see, &v, err);
    sc_proof_judge_free(judge);
    if (rc == ST_OK && v.held > 0 && !x->held)
        return st_fail(err, ST_STATE, "%s",
                       nd_tr(x->c, "有记录计入，但一个证明文件里放不下它到被吊销日志末条的全部链路",
                             "an entry counts, but one proof cannot show the whole way to what "
                             "the cuts name"));
    return rc;
}

static int export(struct nd_cmd *c, const struct sc_id *subject, struct cr_buf *out,
                  struct st_err *err)
{
    struct exporting x = {.c = c,
                          .view = nd_store_view(c->app->store),
                          .entry = nd_opt(c, "entry"),
                          .held = nd_opt(c, "held") != NULL};
    int rc;

    x.need = calloc(NEEDED_MAX, sizeof *x.need);
    x.keys = calloc(KEYS_MAX, sizeof *x.keys);
    x.run = calloc(1, sizeof *x.run);
    cr_buf_init(&x.bytes, SC_RUN_BYTES_MAX + SC_PAYLOAD_MAX);
    rc = x.need == NULL || x.keys == NULL || x.run == NULL ? ST_NOMEM : gather(&x, subject, err);
    if (rc == ST_OK)
        rc = put_all(&x, subject, out);
    if (rc == ST_OK)
        rc = check_again(&x, subject, cr_buf_span(out), err);
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
