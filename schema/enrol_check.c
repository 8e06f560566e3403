/* What stands in an answer: its runs, whether its certificates count, its sealed part. */
#include "schema/enrol.h"
#include "schema/record.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_MAX 512

static_assert(CR_BOX_BYTES(1) + CR_STREAM_HEADER_BYTES + SECRET_MAX + CR_STREAM_OVERHEAD_BYTES <=
                  SC_ANSWER_SEALED_MAX,
              "what is sealed fits");

/* ---- the runs ---- */

struct run_log {
    struct sc_log_key key;
    struct cr_hash id;
    struct sc_link link;
};

struct run_reader {
    struct cr_hash net;
    size_t log_count;
    struct run_log log[SC_ANSWER_LOGS_MAX];
    struct sc_run run;
    struct cr_hash chains[SC_RUN_ENTRIES_MAX];
};

/* The log of the run; each is named once, by its key. */
static int find_log(struct run_reader *rr, struct run_log **out, struct st_err *err)
{
    struct sc_run *run = &rr->run;
    struct run_log *l;
    struct cr_hash id;

    if (!run->has_key) {
        if (run->log_ref >= rr->log_count)
            return st_fail(err, ST_MALFORMED, "run of a log that was not named");
        *out = &rr->log[run->log_ref];
        return ST_OK;
    }
    sc_log_id(&rr->net, &run->key, &id);
    for (size_t i = 0; i < rr->log_count; i++)
        if (cr_hash_equal(&rr->log[i].id, &id))
            return st_fail(err, ST_MALFORMED, "log named twice");
    if (run->key.scope != SC_SCOPE_PUBLIC)
        return st_fail(err, ST_DENIED, "log of scope %llu, not a public one",
                       (unsigned long long)run->key.scope);
    if (rr->log_count == SC_ANSWER_LOGS_MAX)
        return st_fail(err, ST_OVERSIZE, "more than %d logs", SC_ANSWER_LOGS_MAX);
    l = &rr->log[rr->log_count++];
    l->key = run->key;
    l->id = id;
    sc_link_start(&id, &l->link);
    *out = l;
    return ST_OK;
}

static int check_run(struct run_reader *rr, struct run_log *l, struct st_err *err)
{
    struct sc_run *run = &rr->run;

    if (run->first_seq != l->link.seq_next)
        return st_fail(err, ST_MALFORMED, "run begins at entry %llu, wanted %llu",
                       (unsigned long long)run->first_seq, (unsigned long long)l->link.seq_next);
    for (size_t i = 0; i < run->count; i++) {
        int rc = sc_link_wire(&l->link, &run->e[i]);

        if (rc != ST_OK)
            return st_fail(err, (enum st_code)rc, "entry %llu of a log",
                           (unsigned long long)l->link.seq_next);
        rr->chains[i] = l->link.chain;
    }
    if (sc_checkpoint_verify(&l->key.author, &rr->net, &l->id, l->link.seq_next - 1, &l->link.chain,
                             &run->sig) != ST_OK)
        return st_fail(err, ST_FORGED, "signature under entry %llu of a log does not verify",
                       (unsigned long long)(l->link.seq_next - 1));
    return ST_OK;
}

int sc_answer_each_run(const struct sc_answer *a, sc_answer_run_cb *cb, void *arg,
                       struct st_err *err)
{
    struct run_reader *rr = calloc(1, sizeof *rr);
    struct sc_reader r;
    int rc = ST_OK;

    if (rr == NULL)
        return st_fail(err, ST_NOMEM, "answer: out of memory");
    sc_genesis_net(a->genesis, &rr->net);
    sc_reader_init(&r, a->runs);
    for (size_t i = 0; i < a->run_count && rc == ST_OK; i++) {
        struct run_log *l = &rr->log[0];
        struct cr_hash before = {{0}};

        rc = sc_run_decode(&r, &rr->run, err);
        if (rc == ST_OK)
            rc = find_log(rr, &l, err);
        if (rc == ST_OK) {
            before = l->link.chain;
            rc = check_run(rr, l, err);
        }
        if (rc != ST_OK) {
            (void)st_wrap(err, rc, "answer: run %zu", i);
            break;
        }
        rr->run.key = l->key;
        rc = cb(arg, &rr->run, &l->id, &before, rr->chains);
    }
    if (rc == ST_OK)
        rc = sc_reader_finish(&r);
    free(rr);
    return rc;
}

/* ---- the whole ---- */

struct collecting {
    struct sc_certs *certs;
    const struct sc_answer *answer;
    struct sc_cert cert; /* of the answer */
    struct cr_hash cert_entry;
    bool found;
};

/* Certificates of the runs into the set. Other records, and what the receiver's catalogue refuses,
 * are the store's business. */
static int collect(void *arg, const struct sc_run *run, const struct cr_hash *log_id,
                   const struct cr_hash *before, const struct cr_hash *chains)
{
    struct collecting *c = arg;

    (void)log_id;
    (void)before;
    for (size_t i = 0; i < run->count; i++) {
        struct sc_id id = sc_id_of(&chains[i]);
        struct sc_payload p;
        struct sc_cert cert;
        int rc;

        if (run->e[i].pruned || !sc_suite_known(sc_wire_suite(&run->e[i])) ||
            sc_payload_decode(run->e[i].payload, &p, NULL) != ST_OK || p.type != SC_R_CERT ||
            p.has_subject || sc_cert_decode(p.body, &cert, NULL) != ST_OK)
            continue;
        rc = sc_certs_add(c->certs, &run->key.author, &chains[i], &cert);
        if (rc != ST_OK)
            return rc;
        if (!sc_id_equal(&id, &c->answer->cert))
            continue;
        c->cert = cert;
        c->cert_entry = chains[i];
        c->found = true;
    }
    return ST_OK;
}

static int judge(struct collecting *c, const struct sc_request *q, struct sc_enrolment *out,
                 struct st_err *err)
{
    const struct sc_cert *signer = sc_certs_find(c->certs, &c->answer->signer);

    if (!c->found)
        return st_fail(err, ST_MALFORMED, "answer: its certificate is not among its entries");
    if (!cr_sign_pk_equal(&c->cert.subject, &q->sign_pk) || c->cert.kind != q->kind ||
        (q->kind == SC_CERT_NODE && !cr_kx_pk_equal(&c->cert.kx_pk, &q->kx_pk)))
        return st_fail(err, ST_DENIED, "answer: its certificate is for other keys than asked for");
    if (!sc_certs_accepted(c->certs, &c->cert_entry))
        return st_fail(err, ST_DENIED, "answer: who issued the certificate may not give it");
    if (signer == NULL || signer->kind != SC_CERT_NODE ||
        (signer->roles & (SC_ROLE_STREET | SC_ROLE_VILLAGE)) == 0)
        return st_fail(err, ST_DENIED, "answer: not signed by a node that may admit others");
    out->signer = signer->kx_pk;
    out->cert = c->cert;
    return ST_OK;
}

int sc_answer_check(const struct sc_answer *a, struct cr_span request_file,
                    struct sc_enrolment *out, struct st_err *err)
{
    struct collecting c = {.answer = a};
    struct sc_enrolment good = {0};
    struct sc_request q;
    struct cr_hash own;
    int rc = sc_request_decode(request_file, &q, err);

    if (rc != ST_OK)
        return rc;
    sc_request_hash(request_file, &own);
    if (!cr_hash_equal(&own, &a->request)) {
        char theirs[SC_FINGERPRINT_TEXT_BYTES], ours[SC_FINGERPRINT_TEXT_BYTES];

        sc_fingerprint_text(&a->request, theirs);
        sc_fingerprint_text(&own, ours);
        return st_fail(err, ST_CONFLICT,
                       "this answer is for another request (%s) than the one made here (%s)",
                       theirs, ours);
    }
    rc = sc_genesis_decode(a->genesis, &good.genesis, err);
    if (rc != ST_OK)
        return st_wrap(err, rc, "answer");
    sc_genesis_net(a->genesis, &good.net);
    if (q.invited && !cr_hash_equal(&good.net, &q.net))
        return st_fail(err, ST_SPACE, "the answer is of another space than the invitation");
    c.certs = sc_certs_new(&good.genesis);
    if (c.certs == NULL)
        return st_fail(err, ST_NOMEM, "answer: out of memory");
    rc = sc_answer_each_run(a, collect, &c, err);
    if (rc == ST_OK)
        rc = judge(&c, &q, &good, err);
    sc_certs_free(c.certs);
    if (rc == ST_OK)
        *out = good;
    return rc;
}

/* ---- the sealed part ---- */

static int encode_secret(const struct sc_answer_secret *s, struct cr_buf *out)
{
    struct sc_writer w;

    sc_writer_init(&w, out);
    sc_write_array(&w, 2);
    sc_write_bin(&w, cr_span_of(s->gate.b, sizeof s->gate.b));
    sc_write_array(&w, s->addr_count);
    for (size_t i = 0; i < s->addr_count; i++)
        sc_write_text(&w, cr_span_text(s->addrs[i]));
    return w.status;
}

static int decode_secret(struct cr_span plain, struct sc_answer_secret *out)
{
    uint8_t packed[SC_ADDR_PACKED_MAX];
    struct sc_reader r;
    uint64_t items, count;
    size_t n;

    sc_reader_init(&r, plain);
    if (sc_read_array(&r, 2, &items) == ST_OK && items != 2)
        (void)sc_reader_fail(&r, ST_MALFORMED);
    sc_read_fixed(&r, sizeof out->gate.b, out->gate.b);
    sc_read_array(&r, SC_INVITE_ADDRS_MAX, &count);
    for (uint64_t i = 0; i < count; i++) {
        struct cr_span text;

        if (sc_read_text(&r, SC_ADDR_TEXT_MAX - 1, &text) != ST_OK)
            break;
        memcpy(out->addrs[i], text.p, text.n);
        if (sc_addr_pack(out->addrs[i], packed, &n) != ST_OK)
            (void)sc_reader_fail(&r, ST_MALFORMED);
    }
    out->addr_count = (size_t)count;
    return sc_reader_finish(&r);
}

int sc_answer_seal(const struct sc_answer_secret *s, const struct cr_hash *request,
                   const struct cr_kx_pk *to, struct cr_buf *out)
{
    size_t before = out->n;
    struct cr_stream_key key;
    struct cr_stream stream = {0};
    struct cr_buf plain;
    uint8_t *header;
    int rc;

    if (s->addr_count > SC_INVITE_ADDRS_MAX)
        return ST_RANGE;
    cr_buf_init(&plain, SECRET_MAX);
    cr_random(&key, sizeof key);
    rc = encode_secret(s, &plain);
    if (rc == ST_OK)
        rc = cr_box_seal(&key, to, 1, NULL, out);
    if (rc == ST_OK)
        rc = cr_buf_extend(out, CR_STREAM_HEADER_BYTES, &header);
    if (rc == ST_OK) {
        cr_stream_seal_init(&stream, &key, request, header);
        rc = cr_stream_seal(&stream, cr_buf_span(&plain), out);
        if (rc == ST_OK)
            rc = cr_stream_seal_end(&stream, out);
    }
    cr_stream_release(&stream);
    cr_wipe(&key, sizeof key);
    if (plain.n > 0)
        cr_wipe(plain.p, plain.n);
    cr_buf_release(&plain);
    if (rc != ST_OK)
        out->n = before;
    return rc;
}

int sc_answer_open(struct cr_span sealed, const struct cr_hash *request,
                   const struct cr_identity *self, struct sc_answer_secret *out, struct st_err *err)
{
    const size_t head = CR_BOX_BYTES(1) + CR_STREAM_HEADER_BYTES;
    struct sc_answer_secret s = {0};
    struct cr_stream_key key;
    struct cr_stream stream = {0};
    struct cr_buf plain;
    int rc;

    if (sealed.n < head)
        return st_fail(err, ST_MALFORMED, "answer: the sealed part is too short");
    cr_buf_init(&plain, SECRET_MAX);
    rc = cr_box_open(cr_span_of(sealed.p, CR_BOX_BYTES(1)), &self->kx_pk, &self->kx_sk, &key);
    if (rc == ST_OK) {
        cr_stream_open_init(&stream, &key, request, sealed.p + CR_BOX_BYTES(1));
        rc = cr_stream_open(&stream, cr_span_of(sealed.p + head, sealed.n - head), &plain);
        if (rc == ST_OK)
            rc = cr_stream_open_end(&stream, &plain);
        if (rc == ST_TRUNCATED) /* the file's signature covers the length: it is not ours */
            rc = ST_FORGED;
        cr_stream_release(&stream);
    }
    cr_wipe(&key, sizeof key);
    if (rc == ST_OK)
        rc = decode_secret(cr_buf_span(&plain), &s);
    if (plain.n > 0)
        cr_wipe(plain.p, plain.n);
    cr_buf_release(&plain);
    if (rc == ST_OK)
        *out = s;
    cr_wipe(&s, sizeof s);
    return rc == ST_OK ? ST_OK
                       : st_fail(err, (enum st_code)rc, "answer: the sealed part: %s",
                                 st_text((enum st_code)rc));
}
