#include "schema/join.h"

#include "crypto/base/assert.h"

#include <string.h>

#define POP_CONTEXT    "fengsui/join/1"
#define JOIN_BYTES_MAX 512

static size_t name_length(const struct sc_join_request *j)
{
    size_t n = strnlen(j->name, sizeof j->name);

    CR_ASSERT(n >= 1 && n <= SC_NAME_MAX);
    return n;
}

int sc_join_request_encode(const struct sc_join_request *j, struct cr_buf *out)
{
    size_t before = out->n;
    struct sc_writer w;

    if (!sc_name_valid(j->name))
        return ST_MALFORMED;
    sc_writer_init(&w, out);
    sc_write_array(&w, 6);
    sc_write_u64(&w, SC_JOIN_VERSION);
    sc_write_bin(&w, cr_span_of(j->invite_id.b, SC_ID_BYTES));
    sc_write_bin(&w, cr_span_of(j->sign_pk.b, CR_SIGN_PK_BYTES));
    sc_write_bin(&w, cr_span_of(j->kx_pk.b, CR_KX_BYTES));
    sc_write_text(&w, cr_span_text(j->name));
    sc_write_bin(&w, cr_span_of(j->pop.b, CR_SIG_BYTES));
    if (w.status != ST_OK)
        out->n = before;
    return w.status;
}

/* Opens [version, …] of `items` values. Returns ST_OK, ST_VERSION or what the reader says. */
static int open_versioned(struct sc_reader *r, uint64_t items)
{
    uint64_t count, version;

    sc_read_array(r, JOIN_BYTES_MAX, &count);
    if (sc_read_u64(r, UINT64_MAX, &version) != ST_OK)
        return r->status;
    if (version > SC_JOIN_VERSION)
        return ST_VERSION;
    return version == 0 || count != items ? ST_MALFORMED : ST_OK;
}

int sc_join_request_decode(struct cr_span b, struct sc_join_request *out, struct st_err *err)
{
    struct sc_join_request j = {0};
    struct sc_reader r;
    struct cr_span name;
    int rc;

    if (b.n > JOIN_BYTES_MAX)
        return st_fail(err, ST_OVERSIZE, "join request: %zu bytes", b.n);
    sc_reader_init(&r, b);
    rc = open_versioned(&r, 6);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "join request: head");
    sc_read_fixed(&r, SC_ID_BYTES, j.invite_id.b);
    sc_read_fixed(&r, CR_SIGN_PK_BYTES, j.sign_pk.b);
    sc_read_fixed(&r, CR_KX_BYTES, j.kx_pk.b);
    sc_read_text(&r, SC_NAME_MAX, &name);
    sc_read_fixed(&r, CR_SIG_BYTES, j.pop.b);
    if (sc_reader_finish(&r) != ST_OK)
        return st_fail(err, (enum st_code)r.status, "join request: at byte %zu",
                       sc_reader_offset(&r));
    if (name.n == 0)
        return st_fail(err, ST_MALFORMED, "join request: no name");
    memcpy(j.name, name.p, name.n);
    *out = j;
    return ST_OK;
}

#define POP_BYTES_MAX (CR_HASH_BYTES + SC_ID_BYTES + CR_KX_BYTES + SC_NAME_MAX)

static size_t pop_message(const struct sc_join_request *j, const struct cr_hash *net,
                          uint8_t out[static POP_BYTES_MAX])
{
    size_t name_bytes = name_length(j);
    uint8_t *at = out;

    memcpy(at, net->b, CR_HASH_BYTES);
    at += CR_HASH_BYTES;
    memcpy(at, j->invite_id.b, SC_ID_BYTES);
    at += SC_ID_BYTES;
    memcpy(at, j->kx_pk.b, CR_KX_BYTES);
    at += CR_KX_BYTES;
    memcpy(at, j->name, name_bytes);
    return (size_t)(at - out) + name_bytes;
}

int sc_join_request_verify(const struct sc_join_request *j, const struct cr_hash *net)
{
    uint8_t message[POP_BYTES_MAX];
    size_t n = pop_message(j, net, message);

    return cr_verify(&j->sign_pk, POP_CONTEXT, cr_span_of(message, n), &j->pop);
}

void sc_join_request_sign(struct sc_join_request *j, const struct cr_hash *net,
                          const struct cr_sign_sk *sk)
{
    uint8_t message[POP_BYTES_MAX];
    size_t n = pop_message(j, net, message);

    cr_sign(sk, POP_CONTEXT, cr_span_of(message, n), &j->pop);
}

int sc_join_answer_encode(const struct sc_join_answer *a, struct cr_buf *out)
{
    size_t before = out->n;
    struct sc_writer w;

    if (a->genesis.n == 0 || a->genesis.n > SC_GENESIS_BYTES_MAX)
        return ST_MALFORMED;
    sc_writer_init(&w, out);
    sc_write_array(&w, 3);
    sc_write_u64(&w, SC_JOIN_VERSION);
    sc_write_bin(&w, a->genesis);
    sc_write_bin(&w, cr_span_of(a->inviter.b, CR_SIGN_PK_BYTES));
    if (w.status != ST_OK)
        out->n = before;
    return w.status;
}

int sc_join_answer_decode(struct cr_span b, struct sc_join_answer *out, struct st_err *err)
{
    struct sc_join_answer a;
    struct sc_reader r;
    int rc;

    if (b.n > JOIN_BYTES_MAX)
        return st_fail(err, ST_OVERSIZE, "join answer: %zu bytes", b.n);
    sc_reader_init(&r, b);
    rc = open_versioned(&r, 3);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "join answer: head");
    sc_read_bin(&r, SC_GENESIS_BYTES_MAX, &a.genesis);
    sc_read_fixed(&r, CR_SIGN_PK_BYTES, a.inviter.b);
    if (sc_reader_finish(&r) != ST_OK)
        return st_fail(err, (enum st_code)r.status, "join answer: at byte %zu",
                       sc_reader_offset(&r));
    if (a.genesis.n == 0)
        return st_fail(err, ST_MALFORMED, "join answer: no genesis");
    *out = a;
    return ST_OK;
}
