#include "schema/enrol.h"

#include "crypto/base/assert.h"

#include <string.h>

#define VERSION         1
#define MAGIC_BYTES     4
#define REQUEST_MAGIC   "FSRQ"
#define ANSWER_MAGIC    "FSRA"
#define REQUEST_CONTEXT "fengsui/request/1"
#define ANSWER_CONTEXT  "fengsui/answer/1"
#define SIG_BIN_BYTES   (2 + CR_SIG_BYTES) /* c4 40 and the signature */
#define REQUEST_ITEMS   11
#define ANSWER_ITEMS    8

static_assert(SC_REQUEST_BYTES_MAX + 64 < CR_SIGN_MSG_MAX, "a request is signed as it is");
/* ---- request ---- */

static bool wishes_valid(const struct sc_request *r)
{
    if ((r->kind != SC_CERT_PERSON && r->kind != SC_CERT_NODE) || r->roles > SC_ROLES_ALL ||
        r->prefix_count > SC_CERT_PREFIXES_MAX)
        return false;
    for (size_t i = 0; i < r->prefix_count; i++)
        if (sc_grid_level(r->prefixes[i]) == 0 || (i > 0 && r->prefixes[i] <= r->prefixes[i - 1]))
            return false;
    return true;
}

static void write_optional(struct sc_writer *w, bool present, const uint8_t *p, size_t n)
{
    if (present)
        sc_write_bin(w, cr_span_of(p, n));
    else
        sc_write_nil(w);
}

int sc_request_encode(const struct sc_request *r, const struct cr_sign_sk *sk, struct cr_buf *out)
{
    size_t before = out->n;
    struct sc_writer w;
    struct cr_sig sig;

    if (!sc_name_valid(r->name))
        return ST_MALFORMED;
    if (!wishes_valid(r))
        return ST_RANGE;
    sc_writer_init(&w, out);
    sc_write_raw(&w, cr_span_of(REQUEST_MAGIC, MAGIC_BYTES));
    sc_write_array(&w, REQUEST_ITEMS);
    sc_write_u64(&w, VERSION);
    sc_write_u64(&w, r->kind);
    write_optional(&w, r->invited, r->net.b, sizeof r->net.b);
    write_optional(&w, r->invited, r->invite_id.b, sizeof r->invite_id.b);
    write_optional(&w, r->invited, r->proof, sizeof r->proof);
    sc_write_bin(&w, cr_span_of(r->sign_pk.b, CR_SIGN_PK_BYTES));
    sc_write_bin(&w, cr_span_of(r->kx_pk.b, CR_KX_BYTES));
    sc_write_text(&w, cr_span_text(r->name));
    sc_write_u64(&w, r->roles);
    sc_write_array(&w, r->prefix_count);
    for (size_t i = 0; i < r->prefix_count; i++)
        sc_write_u64(&w, r->prefixes[i]);
    if (w.status == ST_OK) {
        cr_sign(sk, REQUEST_CONTEXT, cr_span_of(out->p + before, out->n - before), &sig);
        sc_write_bin(&w, cr_span_of(sig.b, CR_SIG_BYTES));
    }
    if (w.status == ST_OK && out->n - before > SC_REQUEST_BYTES_MAX)
        w.status = ST_OVERSIZE;
    if (w.status != ST_OK)
        out->n = before;
    return w.status;
}

/* Magic and [version, …] of `items` values: r stands behind the version. */
static int open_file(struct cr_span file, const char *magic, const char *what, size_t max,
                     uint64_t items, struct sc_reader *r, struct st_err *err)
{
    uint64_t count, version;

    if (file.n > max)
        return st_fail(err, ST_OVERSIZE, "%s: %zu bytes, at most %zu are possible", what, file.n,
                       max);
    if (file.n < MAGIC_BYTES && memcmp(file.p, magic, file.n) == 0)
        return st_fail(err, ST_TRUNCATED, "%s: ends at byte %zu", what, file.n);
    if (file.n < MAGIC_BYTES || memcmp(file.p, magic, MAGIC_BYTES) != 0)
        return st_fail(err, ST_MALFORMED, "this is no %s (it does not begin with %s)", what, magic);
    sc_reader_init(r, cr_span_of(file.p + MAGIC_BYTES, file.n - MAGIC_BYTES));
    sc_read_array(r, 64, &count);
    if (sc_read_u64(r, UINT64_MAX, &version) != ST_OK)
        return st_fail(err, (enum st_code)r->status, "%s: head", what);
    if (version > VERSION)
        return st_fail(err, ST_VERSION, "%s: of version %llu, made by a newer program", what,
                       (unsigned long long)version);
    if (version == 0 || count != items)
        return st_fail(err, ST_MALFORMED, "%s: head", what);
    return ST_OK;
}

static int close_file(struct sc_reader *r, const char *what, struct st_err *err)
{
    int rc = sc_reader_finish(r);

    return rc == ST_OK ? ST_OK
                       : st_fail(err, (enum st_code)rc, "%s: %s at byte %zu", what,
                                 st_text((enum st_code)rc), MAGIC_BYTES + sc_reader_offset(r));
}

/* bin of n bytes, or nil; whether it is there. */
static bool read_optional(struct sc_reader *r, void *out, size_t n)
{
    if (sc_peek(r) == SC_PEEK_NIL) {
        (void)sc_read_nil(r);
        return false;
    }
    sc_read_fixed(r, n, out);
    return true;
}

static void read_invited(struct sc_reader *r, struct sc_request *q)
{
    bool proof, id;

    q->invited = read_optional(r, q->net.b, sizeof q->net.b);
    id = read_optional(r, q->invite_id.b, sizeof q->invite_id.b);
    proof = read_optional(r, q->proof, sizeof q->proof);
    if (id != q->invited || proof != q->invited)
        (void)sc_reader_fail(r, ST_MALFORMED);
}

int sc_request_decode(struct cr_span file, struct sc_request *out, struct st_err *err)
{
    struct sc_request q = {0};
    struct sc_reader r;
    struct cr_span name;
    uint64_t count;
    int rc =
        open_file(file, REQUEST_MAGIC, "request", SC_REQUEST_BYTES_MAX, REQUEST_ITEMS, &r, err);

    if (rc != ST_OK)
        return rc;
    sc_read_u64(&r, UINT64_MAX, &q.kind);
    read_invited(&r, &q);
    sc_read_fixed(&r, CR_SIGN_PK_BYTES, q.sign_pk.b);
    sc_read_fixed(&r, CR_KX_BYTES, q.kx_pk.b);
    sc_read_text(&r, SC_NAME_MAX, &name);
    sc_read_u64(&r, SC_ROLES_ALL, &q.roles);
    sc_read_array(&r, SC_CERT_PREFIXES_MAX, &count);
    for (uint64_t i = 0; i < count; i++)
        sc_read_u64(&r, UINT64_MAX, &q.prefixes[i]);
    q.prefix_count = (size_t)count;
    sc_read_fixed(&r, CR_SIG_BYTES, q.pop.b);
    rc = close_file(&r, "request", err);
    if (rc != ST_OK)
        return rc;
    if (name.n == 0)
        return st_fail(err, ST_MALFORMED, "request: no name");
    memcpy(q.name, name.p, name.n);
    if (!wishes_valid(&q))
        return st_fail(err, ST_RANGE, "request: kind, roles or grids");
    if (cr_verify(&q.sign_pk, REQUEST_CONTEXT, cr_span_of(file.p, file.n - SIG_BIN_BYTES),
                  &q.pop) != ST_OK)
        return st_fail(err, ST_FORGED, "request: not signed by its own key, or changed on the way");
    *out = q;
    return ST_OK;
}

void sc_request_hash(struct cr_span file, struct cr_hash *out)
{
    cr_hash1(CR_TAG_ENROL, file, out);
}

void sc_request_proof(const uint8_t secret[static SC_INVITE_SECRET_BYTES],
                      const struct cr_sign_pk *key, uint8_t out[static SC_ENROL_PROOF_BYTES])
{
    static const char label[] = "request";
    uint8_t bound[sizeof label - 1 + CR_SIGN_PK_BYTES];
    struct cr_hash h;

    memcpy(bound, label, sizeof label - 1);
    memcpy(bound + sizeof label - 1, key->b, CR_SIGN_PK_BYTES);
    cr_hash2(CR_TAG_INVITE, cr_span_of(secret, SC_INVITE_SECRET_BYTES),
             cr_span_of(bound, sizeof bound), &h);
    memcpy(out, h.b, SC_ENROL_PROOF_BYTES);
    cr_wipe(&h, sizeof h);
}

void sc_fingerprint_text(const struct cr_hash *h, char out[static SC_FINGERPRINT_TEXT_BYTES])
{
    char *at = out;

    for (size_t group = 0; group < 6; group++) {
        uint64_t v = 0;

        for (size_t i = 0; i < 5; i++)
            v = v << 8 | h->b[5 * group + i];
        for (uint64_t unit = 10000; unit > 0; unit /= 10)
            *at++ = (char)('0' + v / unit % 10);
        *at++ = group < 5 ? ' ' : '\0';
    }
    CR_ASSERT(at == out + SC_FINGERPRINT_TEXT_BYTES);
}

/* ---- answer ---- */

int sc_answer_encode(const struct sc_answer *a, const struct cr_sign_sk *sk, struct cr_buf *out)
{
    size_t before = out->n;
    struct cr_hash h;
    struct sc_writer w;
    struct cr_sig sig;

    if (a->run_count == 0 || a->run_count > SC_ANSWER_RUNS_MAX)
        return ST_RANGE;
    sc_writer_init(&w, out);
    sc_write_raw(&w, cr_span_of(ANSWER_MAGIC, MAGIC_BYTES));
    sc_write_array(&w, ANSWER_ITEMS);
    sc_write_u64(&w, VERSION);
    sc_write_bin(&w, cr_hash_span(&a->request));
    sc_write_bin(&w, a->genesis);
    sc_write_bin(&w, cr_span_of(a->signer.b, CR_SIGN_PK_BYTES));
    sc_write_bin(&w, cr_span_of(a->cert.b, SC_ID_BYTES));
    sc_write_array(&w, a->run_count);
    sc_write_raw(&w, a->runs);
    sc_write_bin(&w, a->sealed);
    if (w.status == ST_OK) {
        cr_hash1(CR_TAG_ENROL, cr_span_of(out->p + before, out->n - before), &h);
        cr_sign(sk, ANSWER_CONTEXT, cr_hash_span(&h), &sig);
        sc_write_bin(&w, cr_span_of(sig.b, CR_SIG_BYTES));
    }
    if (w.status == ST_OK && out->n - before > SC_ANSWER_BYTES_MAX)
        w.status = ST_OVERSIZE;
    if (w.status != ST_OK)
        out->n = before;
    return w.status;
}

static void read_runs(struct sc_reader *r, struct sc_answer *a)
{
    uint64_t count;

    sc_read_array(r, SC_ANSWER_RUNS_MAX, &count);
    a->runs = cr_span_of(r->p, 0);
    for (uint64_t i = 0; i < count; i++) {
        struct cr_span run;

        if (sc_read_any(r, &run) != ST_OK)
            return;
        a->runs.n += run.n;
    }
    a->run_count = (size_t)count;
    if (r->status == ST_OK && count == 0)
        (void)sc_reader_fail(r, ST_MALFORMED);
}

int sc_answer_decode(struct cr_span file, struct sc_answer *out, struct st_err *err)
{
    struct sc_answer a = {0};
    struct cr_sig sig = {{0}};
    struct sc_reader r;
    struct cr_hash h;
    int rc = open_file(file, ANSWER_MAGIC, "answer", SC_ANSWER_BYTES_MAX, ANSWER_ITEMS, &r, err);

    if (rc != ST_OK)
        return rc;
    sc_read_fixed(&r, CR_HASH_BYTES, a.request.b);
    sc_read_bin(&r, SC_GENESIS_BYTES_MAX, &a.genesis);
    sc_read_fixed(&r, CR_SIGN_PK_BYTES, a.signer.b);
    sc_read_fixed(&r, SC_ID_BYTES, a.cert.b);
    read_runs(&r, &a);
    sc_read_bin(&r, SC_ANSWER_SEALED_MAX, &a.sealed);
    sc_read_fixed(&r, CR_SIG_BYTES, sig.b);
    rc = close_file(&r, "answer", err);
    if (rc != ST_OK)
        return rc;
    cr_hash1(CR_TAG_ENROL, cr_span_of(file.p, file.n - SIG_BIN_BYTES), &h);
    if (cr_verify(&a.signer, ANSWER_CONTEXT, cr_hash_span(&h), &sig) != ST_OK)
        return st_fail(err, ST_FORGED, "answer: the signature does not verify, changed on the way");
    *out = a;
    return ST_OK;
}
