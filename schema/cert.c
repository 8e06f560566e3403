#include "schema/cert.h"

#include "schema/record_table.h"

#include <string.h>

#define POP_CONTEXT    "fengsui/cert-pop/1"
#define CERT_BYTES_MAX 1024
#define RANK_MAX       255

static bool all_zero(const uint8_t *p, size_t n)
{
    uint8_t any = 0;

    for (size_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

static void write_bytes(struct sc_writer *w, uint64_t key, const uint8_t *p, size_t n)
{
    sc_write_u64(w, key);
    sc_write_bin(w, cr_span_of(p, n));
}

static void write_number(struct sc_writer *w, uint64_t key, uint64_t v)
{
    sc_write_u64(w, key);
    sc_write_u64(w, v);
}

static void write_body(struct sc_writer *w, const struct sc_cert *c, bool with_pop)
{
    bool has_kx = !all_zero(c->kx_pk.b, CR_KX_BYTES);

    sc_write_map(w, 7u + (has_kx ? 1u : 0u) + (c->from_ms > 0 ? 1u : 0u) +
                        (c->to_ms > 0 ? 1u : 0u) + (with_pop ? 1u : 0u));
    sc_write_u64(w, SC_K_NAME);
    sc_write_text(w, cr_span_of(c->name, strnlen(c->name, sizeof c->name)));
    write_number(w, SC_K_KIND, c->kind);
    write_bytes(w, SC_K_CERT_SUBJECT, c->subject.b, CR_SIGN_PK_BYTES);
    if (has_kx)
        write_bytes(w, SC_K_CERT_KX, c->kx_pk.b, CR_KX_BYTES);
    write_number(w, SC_K_CERT_RANK, c->rank);
    write_number(w, SC_K_CERT_ROLES, c->roles);
    sc_write_u64(w, SC_K_CERT_PREFIXES);
    sc_write_array(w, c->prefix_count);
    for (size_t i = 0; i < c->prefix_count; i++)
        sc_write_u64(w, c->prefixes[i]);
    if (c->from_ms > 0)
        write_number(w, SC_K_CERT_FROM, c->from_ms);
    if (c->to_ms > 0)
        write_number(w, SC_K_CERT_TO, c->to_ms);
    write_bytes(w, SC_K_CERT_PERSON, c->person.b, SC_ID_BYTES);
    if (with_pop)
        write_bytes(w, SC_K_CERT_POP, c->pop.b, CR_SIG_BYTES);
}

static int encode(const struct sc_cert *c, bool with_pop, struct cr_buf *body)
{
    size_t before = body->n;
    struct sc_cert check;
    struct sc_writer w;

    if (c->prefix_count > SC_CERT_PREFIXES_MAX)
        return ST_RANGE;
    sc_writer_init(&w, body);
    write_body(&w, c, with_pop);
    if (w.status == ST_OK) /* what we write must be what we would accept */
        w.status = sc_cert_decode(cr_span_of(body->p + before, body->n - before), &check, NULL);
    if (w.status != ST_OK)
        body->n = before;
    return w.status;
}

int sc_cert_encode(const struct sc_cert *c, struct cr_buf *body)
{
    return encode(c, c->has_pop, body);
}

static int read_prefixes(struct cr_span list, struct sc_cert *c)
{
    struct sc_reader r;
    uint64_t count;

    sc_reader_init(&r, list);
    sc_read_array(&r, SC_CERT_PREFIXES_MAX, &count);
    for (uint64_t i = 0; i < count; i++)
        sc_read_u64(&r, UINT64_MAX, &c->prefixes[i]);
    c->prefix_count = (size_t)count;
    return sc_reader_finish(&r);
}

/* Copies a value of exactly n bytes; leaves out as it is when the value is absent. */
static bool take_bytes(const struct sc_body *b, uint8_t key, void *out, size_t n)
{
    const struct sc_value *v = sc_body_get(b, key);

    if (v->present && v->s.n == n)
        memcpy(out, v->s.p, n);
    return v->present;
}

/* What the catalogue cannot say. Absence has one spelling: a zero that may be left out must be. */
static const char *objection(const struct sc_body *b, const struct sc_cert *c)
{
    if (c->name[0] == '\0')
        return "name is empty";
    if (c->prefix_count == 0)
        return "no grid";
    if (c->rank == 0 || c->rank > RANK_MAX)
        return "rank";
    if (c->roles == 0)
        return "no role";
    if (sc_body_get(b, SC_K_CERT_KX)->present && all_zero(c->kx_pk.b, CR_KX_BYTES))
        return "exchange key is zero";
    if ((sc_body_get(b, SC_K_CERT_FROM)->present && c->from_ms == 0) ||
        (sc_body_get(b, SC_K_CERT_TO)->present && c->to_ms == 0))
        return "open end of the window written out";
    if (c->to_ms != 0 && c->from_ms > c->to_ms)
        return "window ends before it begins";
    if (c->has_pop && sc_body_get(b, SC_K_CERT_POP)->s.n != CR_SIG_BYTES)
        return "consent is not a signature";
    return NULL;
}

int sc_cert_decode(struct cr_span body, struct sc_cert *out, struct st_err *err)
{
    const struct sc_record *rec = sc_record_find(SC_R_CERT);
    const struct sc_value *name;
    struct sc_cert c = {0};
    struct sc_body b;
    const char *why;
    int rc = sc_body_decode(rec, rec->version, true, body, &b, err);

    if (rc != ST_OK)
        return rc;
    name = sc_body_get(&b, SC_K_NAME);
    memcpy(c.name, name->s.p, name->s.n);
    c.kind = sc_body_get(&b, SC_K_KIND)->u;
    c.rank = sc_body_get(&b, SC_K_CERT_RANK)->u;
    c.roles = sc_body_get(&b, SC_K_CERT_ROLES)->u;
    c.from_ms = sc_body_get(&b, SC_K_CERT_FROM)->u;
    c.to_ms = sc_body_get(&b, SC_K_CERT_TO)->u;
    (void)take_bytes(&b, SC_K_CERT_SUBJECT, c.subject.b, CR_SIGN_PK_BYTES);
    (void)take_bytes(&b, SC_K_CERT_KX, c.kx_pk.b, CR_KX_BYTES);
    (void)take_bytes(&b, SC_K_CERT_PERSON, c.person.b, SC_ID_BYTES);
    c.has_pop = take_bytes(&b, SC_K_CERT_POP, c.pop.b, CR_SIG_BYTES);
    rc = read_prefixes(sc_body_get(&b, SC_K_CERT_PREFIXES)->s, &c);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "cert.prefixes");
    why = objection(&b, &c);
    if (why != NULL)
        return st_fail(err, ST_MALFORMED, "cert: %s", why);
    *out = c;
    return ST_OK;
}

/* net ‖ body without pop. */
static int consent_message(const struct sc_cert *c, const struct cr_hash *net, struct cr_buf *out)
{
    int rc;

    cr_buf_init(out, CERT_BYTES_MAX);
    rc = cr_buf_append(out, net->b, CR_HASH_BYTES);
    if (rc == ST_OK)
        rc = encode(c, false, out);
    if (rc != ST_OK)
        cr_buf_release(out);
    return rc;
}

int sc_cert_consent(struct sc_cert *c, const struct cr_hash *net,
                    const struct cr_sign_sk *subject_sk)
{
    struct cr_buf message;
    int rc = consent_message(c, net, &message);

    if (rc != ST_OK)
        return rc;
    cr_sign(subject_sk, POP_CONTEXT, cr_buf_span(&message), &c->pop);
    c->has_pop = true;
    cr_buf_release(&message);
    return ST_OK;
}

int sc_cert_consent_verify(const struct sc_cert *c, const struct cr_hash *net)
{
    struct cr_buf message;
    int rc;

    if (!c->has_pop)
        return ST_FORGED;
    rc = consent_message(c, net, &message);
    if (rc != ST_OK)
        return rc;
    rc = cr_verify(&c->subject, POP_CONTEXT, cr_buf_span(&message), &c->pop);
    cr_buf_release(&message);
    return rc;
}
