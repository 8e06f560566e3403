#include "schema/entry.h"

#include "crypto/base/assert.h"

#include <string.h>

#define CHECKPOINT_CONTEXT "fengsui/checkpoint/1"

void sc_log_id(const struct cr_hash *net, const struct sc_log_key *key, struct cr_hash *out)
{
    uint8_t rest[CR_SIGN_PK_BYTES + 16];

    memcpy(rest, key->author.b, CR_SIGN_PK_BYTES);
    cr_store_be64(rest + CR_SIGN_PK_BYTES, key->scope);
    cr_store_be64(rest + CR_SIGN_PK_BYTES + 8, key->incarnation);
    cr_hash2(CR_TAG_LOG, cr_hash_span(net), cr_span_of(rest, sizeof rest), out);
}

void sc_link_start(const struct cr_hash *log_id, struct sc_link *out)
{
    *out = (struct sc_link){.chain = *log_id};
}

/* Unsigned integer in its smallest form: the header is encoded for every entry that arrives, and
 * this is a fifth of the time the general writer takes. The unit test holds both to be equal. */
static uint8_t *put_u64(uint8_t *at, uint64_t v)
{
    unsigned width = v < 0x80 ? 0 : v < 0x100 ? 1 : v < 0x10000 ? 2 : v < 0x100000000 ? 4 : 8;

    if (width == 0) {
        *at++ = (uint8_t)v;
        return at;
    }
    *at++ = width == 1 ? 0xcc : width == 2 ? 0xcd : width == 4 ? 0xce : 0xcf;
    for (unsigned k = width; k > 0; k--)
        *at++ = (uint8_t)(v >> (8 * (k - 1)));
    return at;
}

size_t sc_header_encode(const struct sc_header *h, uint8_t out[static SC_HEADER_BYTES_MAX])
{
    uint8_t *at = out;

    *at++ = 0x97; /* array of 7 */
    at = put_u64(at, h->version);
    at = put_u64(at, h->suite);
    at = put_u64(at, h->seq);
    at = put_u64(at, h->lamport);
    at = put_u64(at, h->wall_ms);
    *at++ = 0xc4; /* bin of up to 255 bytes */
    *at++ = CR_HASH_BYTES;
    memcpy(at, h->payload_hash.b, CR_HASH_BYTES);
    at = put_u64(at + CR_HASH_BYTES, h->payload_bytes);
    return (size_t)(at - out);
}

int sc_header_decode(struct cr_span bytes, struct sc_header *out)
{
    struct sc_header h;
    struct sc_reader r;
    uint64_t count;

    sc_reader_init(&r, bytes);
    if (sc_read_array(&r, SC_SEQ_MAX, &count) != ST_OK ||
        sc_read_u64(&r, UINT64_MAX, &h.version) != ST_OK)
        return r.status;
    if (h.version > SC_ENTRY_VERSION)
        return ST_VERSION;
    if (h.version == 0 || count != 7)
        return ST_MALFORMED;
    if (sc_read_u64(&r, UINT64_MAX, &h.suite) != ST_OK)
        return r.status;
    if (h.suite == 0 || h.suite > SC_SUITE_MAX)
        return ST_RANGE;
    sc_read_u64(&r, SC_SEQ_MAX, &h.seq);
    sc_read_u64(&r, UINT64_MAX, &h.lamport);
    sc_read_u64(&r, SC_WALL_MS_MAX, &h.wall_ms);
    sc_read_fixed(&r, CR_HASH_BYTES, h.payload_hash.b);
    sc_read_u64(&r, SC_PAYLOAD_MAX, &h.payload_bytes);
    if (sc_reader_finish(&r) != ST_OK)
        return r.status;
    if (h.payload_bytes == 0 || h.lamport == 0)
        return ST_RANGE;
    *out = h;
    return ST_OK;
}

static bool parents_ascend(const struct sc_id *parents, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (sc_id_cmp(&parents[i - 1], &parents[i]) >= 0)
            return false;
    }
    return true;
}

static bool body_is_canonical(struct cr_span body)
{
    struct sc_reader r;

    sc_reader_init(&r, body);
    if (sc_peek(&r) != SC_PEEK_MAP)
        return false;
    (void)sc_read_any(&r, NULL);
    return sc_reader_finish(&r) == ST_OK;
}

int sc_payload_encode(const struct sc_payload *p, struct cr_buf *out)
{
    size_t before = out->n;
    struct sc_writer w;

    CR_ASSERT(p->type >= 1 && p->type <= SC_TYPE_MAX);
    CR_ASSERT(p->schema_version >= 1 && p->schema_version <= SC_TYPE_MAX);
    CR_ASSERT(p->parent_count <= SC_PARENTS_MAX);
    CR_ASSERT(parents_ascend(p->parents, p->parent_count));
    CR_ASSERT(body_is_canonical(p->body));
    sc_writer_init(&w, out);
    sc_write_array(&w, 6);
    sc_write_u64(&w, p->type);
    sc_write_u64(&w, p->schema_version);
    if (p->has_subject)
        sc_write_bin(&w, cr_span_of(p->subject.b, SC_ID_BYTES));
    else
        sc_write_nil(&w);
    sc_write_bin(&w, cr_span_of(p->parents, p->parent_count * SC_ID_BYTES));
    if (p->has_salt)
        sc_write_bin(&w, cr_span_of(p->salt, SC_SALT_BYTES));
    else
        sc_write_nil(&w);
    sc_write_raw(&w, p->body);
    if (w.status == ST_OK && out->n - before > SC_PAYLOAD_MAX)
        w.status = ST_OVERSIZE;
    if (w.status != ST_OK)
        out->n = before;
    return w.status;
}

/* nil, or exactly n bytes. */
static int read_optional(struct sc_reader *r, size_t n, void *out, bool *present)
{
    *present = sc_peek(r) != SC_PEEK_NIL;
    if (*present)
        return sc_read_fixed(r, n, out);
    memset(out, 0, n);
    return sc_read_nil(r);
}

static int read_parents(struct sc_reader *r, struct sc_payload *p)
{
    struct cr_span ids;

    if (sc_read_bin(r, SC_PARENTS_MAX * (size_t)SC_ID_BYTES, &ids) != ST_OK)
        return r->status;
    p->parent_count = ids.n / SC_ID_BYTES;
    p->parents = p->parent_count > 0 ? (const struct sc_id *)ids.p : NULL;
    if (ids.n % SC_ID_BYTES != 0 || !parents_ascend(p->parents, p->parent_count))
        return ST_MALFORMED;
    return ST_OK;
}

static int head_fail(const struct sc_reader *r, struct st_err *err, int status, const char *field)
{
    return st_fail(err, (enum st_code)status, "payload: %s at byte %zu", field,
                   sc_reader_offset(r));
}

int sc_payload_read_head(struct sc_reader *r, struct sc_payload *p, struct st_err *err)
{
    uint64_t count;
    int rc;

    *p = (struct sc_payload){0};
    if (sc_read_array(r, SC_PAYLOAD_MAX, &count) != ST_OK)
        return head_fail(r, err, r->status, "array");
    if (count != 6)
        return head_fail(r, err, ST_MALFORMED, "array not of 6");
    if (sc_read_u64(r, SC_TYPE_MAX, &p->type) != ST_OK || p->type == 0)
        return head_fail(r, err, r->status != ST_OK ? r->status : ST_RANGE, "type");
    if (sc_read_u64(r, SC_TYPE_MAX, &p->schema_version) != ST_OK || p->schema_version == 0)
        return head_fail(r, err, r->status != ST_OK ? r->status : ST_RANGE, "schema version");
    if (read_optional(r, SC_ID_BYTES, p->subject.b, &p->has_subject) != ST_OK)
        return head_fail(r, err, r->status, "subject");
    rc = read_parents(r, p);
    if (rc != ST_OK)
        return head_fail(r, err, rc, "parents");
    if (read_optional(r, SC_SALT_BYTES, p->salt, &p->has_salt) != ST_OK)
        return head_fail(r, err, r->status, "salt");
    return ST_OK;
}

int sc_payload_decode(struct cr_span bytes, struct sc_payload *out, struct st_err *err)
{
    struct sc_payload p;
    struct sc_reader r;
    int status;

    if (bytes.n > SC_PAYLOAD_MAX)
        return st_fail(err, ST_OVERSIZE, "payload: %zu bytes, at most %d", bytes.n, SC_PAYLOAD_MAX);
    sc_reader_init(&r, bytes);
    status = sc_payload_read_head(&r, &p, err);
    if (status != ST_OK)
        return status;
    if (r.p != r.end && sc_peek(&r) != SC_PEEK_MAP)
        return st_fail(err, ST_MALFORMED, "payload: body is not a map");
    (void)sc_read_any(&r, &p.body);
    if (sc_reader_finish(&r) != ST_OK)
        return st_fail(err, (enum st_code)r.status, "payload: body at byte %zu",
                       sc_reader_offset(&r));
    *out = p;
    return ST_OK;
}

void sc_payload_hash(struct cr_span payload, struct cr_hash *out)
{
    cr_hash1(CR_TAG_PAYLOAD, payload, out);
}

bool sc_suite_known(uint64_t suite)
{
    return suite == SC_SUITE_ED25519_BLAKE2B;
}

int sc_link_extend_as(struct sc_link *link, uint64_t suite, uint64_t lamport, uint64_t wall_ms,
                      const struct cr_hash *payload_hash, uint64_t payload_bytes,
                      struct sc_header *out)
{
    uint8_t bytes[SC_HEADER_BYTES_MAX];
    struct cr_hash leaf, chain;
    uint64_t step_max = link->seq_next == 0 ? SC_LAMPORT_FIRST_MAX : SC_LAMPORT_STEP_MAX;
    struct sc_header h = {
        .version = SC_ENTRY_VERSION,
        .suite = suite,
        .seq = link->seq_next,
        .lamport = lamport,
        .wall_ms = wall_ms,
        .payload_hash = *payload_hash,
        .payload_bytes = payload_bytes,
    };

    if (suite == 0 || suite > SC_SUITE_MAX || lamport <= link->lamport ||
        lamport - link->lamport > step_max || link->seq_next > SC_SEQ_MAX ||
        wall_ms > SC_WALL_MS_MAX || payload_bytes == 0 || payload_bytes > SC_PAYLOAD_MAX)
        return ST_RANGE;
    cr_hash1(CR_TAG_LEAF, cr_span_of(bytes, sc_header_encode(&h, bytes)), &leaf);
    cr_hash2(CR_TAG_CHAIN, cr_hash_span(&link->chain), cr_hash_span(&leaf), &chain);
    link->seq_next++;
    link->lamport = lamport;
    link->chain = chain;
    *out = h;
    return ST_OK;
}

int sc_link_extend(struct sc_link *link, uint64_t lamport, uint64_t wall_ms,
                   const struct cr_hash *payload_hash, uint64_t payload_bytes,
                   struct sc_header *out)
{
    return sc_link_extend_as(link, SC_SUITE_ED25519_BLAKE2B, lamport, wall_ms, payload_hash,
                             payload_bytes, out);
}

#define CHECKPOINT_BYTES (CR_HASH_BYTES + CR_HASH_BYTES + 8 + CR_HASH_BYTES)

static void checkpoint_message(const struct cr_hash *net, const struct cr_hash *log_id,
                               uint64_t seq, const struct cr_hash *chain,
                               uint8_t out[static CHECKPOINT_BYTES])
{
    memcpy(out, net->b, CR_HASH_BYTES);
    memcpy(out + CR_HASH_BYTES, log_id->b, CR_HASH_BYTES);
    cr_store_be64(out + (size_t)2 * CR_HASH_BYTES, seq);
    memcpy(out + (size_t)2 * CR_HASH_BYTES + 8, chain->b, CR_HASH_BYTES);
}

void sc_checkpoint_sign(const struct cr_sign_sk *sk, const struct cr_hash *net,
                        const struct cr_hash *log_id, uint64_t seq, const struct cr_hash *chain,
                        struct cr_sig *out)
{
    uint8_t message[CHECKPOINT_BYTES];

    checkpoint_message(net, log_id, seq, chain, message);
    cr_sign(sk, CHECKPOINT_CONTEXT, cr_span_of(message, sizeof message), out);
}

int sc_checkpoint_verify(const struct cr_sign_pk *author, const struct cr_hash *net,
                         const struct cr_hash *log_id, uint64_t seq, const struct cr_hash *chain,
                         const struct cr_sig *sig)
{
    uint8_t message[CHECKPOINT_BYTES];

    checkpoint_message(net, log_id, seq, chain, message);
    return cr_verify(author, CHECKPOINT_CONTEXT, cr_span_of(message, sizeof message), sig);
}

void sc_head_item(const struct cr_hash *log_id, uint64_t seq, const struct cr_hash *chain,
                  struct cr_hash *out)
{
    uint8_t rest[8 + CR_HASH_BYTES];

    cr_store_be64(rest, seq);
    memcpy(rest + 8, chain->b, CR_HASH_BYTES);
    cr_hash2(CR_TAG_HEAD, cr_hash_span(log_id), cr_span_of(rest, sizeof rest), out);
}

struct sc_id sc_fingerprint(const struct cr_hash *sum, uint64_t count)
{
    uint8_t be[8];
    struct cr_hash h;

    cr_store_be64(be, count);
    cr_hash2(CR_TAG_FRONTIER, cr_hash_span(sum), cr_span_of(be, sizeof be), &h);
    return sc_id_of(&h);
}
