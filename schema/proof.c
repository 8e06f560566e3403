#include "schema/proof.h"

#include "crypto/base/assert.h"

#include <string.h>

#define MAGIC       "FSPF"
#define MAGIC_BYTES 4
#define VERSION     1

/* ---- writing ---- */

static int put_number(struct cr_buf *out, uint64_t v, size_t bytes)
{
    uint8_t be[8];

    cr_store_be64(be, v);
    return cr_buf_append(out, be + 8 - bytes, bytes);
}

int sc_proof_put_head(const struct sc_id *subject, struct cr_span genesis, size_t logs,
                      struct cr_buf *out)
{
    int rc = cr_buf_append(out, MAGIC, MAGIC_BYTES);

    CR_ASSERT(genesis.n <= SC_GENESIS_BYTES_MAX);
    CR_ASSERT(logs <= SC_PROOF_LOGS_MAX);
    if (rc == ST_OK)
        rc = put_number(out, VERSION, 1);
    if (rc == ST_OK)
        rc = cr_buf_append(out, subject->b, SC_ID_BYTES);
    if (rc == ST_OK)
        rc = put_number(out, genesis.n, 2);
    if (rc == ST_OK)
        rc = cr_buf_append(out, genesis.p, genesis.n);
    return rc == ST_OK ? put_number(out, logs, 2) : rc;
}

int sc_proof_put_log(const struct sc_log_key *key, size_t segments, struct cr_buf *out)
{
    int rc = cr_buf_append(out, key->author.b, CR_SIGN_PK_BYTES);

    CR_ASSERT(segments <= SC_PROOF_SEGMENTS_MAX);
    if (rc == ST_OK)
        rc = put_number(out, key->scope, 8);
    if (rc == ST_OK)
        rc = put_number(out, key->incarnation, 8);
    return rc == ST_OK ? put_number(out, segments, 4) : rc;
}

static int put_item(const struct sc_proof_item *item, struct cr_buf *out)
{
    uint8_t header[SC_HEADER_BYTES_MAX];
    size_t n = sc_header_encode(&item->header, header);
    struct cr_hash leaf;
    int rc = put_number(out, (uint64_t)item->kind, 1);

    if (rc != ST_OK)
        return rc;
    if (item->kind == SC_PROOF_LEAF) {
        cr_hash1(CR_TAG_LEAF, cr_span_of(header, n), &leaf);
        return cr_buf_append(out, leaf.b, CR_HASH_BYTES);
    }
    rc = put_number(out, n, 1);
    if (rc == ST_OK)
        rc = cr_buf_append(out, header, n);
    if (rc == ST_OK && item->kind == SC_PROOF_SHOWN)
        rc = cr_buf_append(out, item->payload.p, item->payload.n);
    return rc;
}

int sc_proof_put_segment(uint64_t first_seq, const struct cr_hash *before,
                         const struct sc_proof_item *items, size_t count, const struct cr_sig *sig,
                         struct cr_buf *out)
{
    int rc = put_number(out, first_seq, 8);

    CR_ASSERT(count >= 1 && count <= SC_PROOF_ITEMS_MAX);
    if (rc == ST_OK)
        rc = cr_buf_append(out, before->b, CR_HASH_BYTES);
    if (rc == ST_OK)
        rc = put_number(out, count, 4);
    for (size_t i = 0; rc == ST_OK && i < count; i++)
        rc = put_item(&items[i], out);
    return rc == ST_OK ? cr_buf_append(out, sig->b, CR_SIG_BYTES) : rc;
}

/* ---- reading ---- */

struct cursor {
    const uint8_t *start, *p, *end;
    struct st_err *err;
};

static int refuse(const struct cursor *c, enum st_code code, const char *what)
{
    return st_fail(c->err, code, "proof: %s at byte %zu: %s", what, (size_t)(c->p - c->start),
                   st_text(code));
}

static int take(struct cursor *c, size_t n, const uint8_t **out, const char *what)
{
    *out = c->p; /* set whatever comes: compilers that do not see into refuse ask for it */
    if (n > (size_t)(c->end - c->p))
        return refuse(c, ST_TRUNCATED, what);
    c->p += n;
    return ST_OK;
}

static int take_fixed(struct cursor *c, void *out, size_t n, const char *what)
{
    const uint8_t *p;
    int rc = take(c, n, &p, what);

    if (rc == ST_OK)
        memcpy(out, p, n);
    return rc;
}

static int take_number(struct cursor *c, size_t bytes, uint64_t min, uint64_t max, uint64_t *out,
                       const char *what)
{
    const uint8_t *p;
    uint64_t v = 0;
    int rc = take(c, bytes, &p, what);

    if (rc != ST_OK)
        return rc;
    for (size_t i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    if (v < min || v > max)
        return refuse(c, ST_RANGE, what);
    *out = v;
    return ST_OK;
}

static int read_head(struct cursor *c, struct sc_proof *out, uint64_t *logs)
{
    const uint8_t *p;
    uint64_t version, n = 0;
    int rc = take(c, MAGIC_BYTES, &p, "head");

    if (rc != ST_OK)
        return rc;
    if (memcmp(p, MAGIC, MAGIC_BYTES) != 0)
        return st_fail(c->err, ST_MALFORMED, "this is no proof (it does not begin with " MAGIC ")");
    rc = take_number(c, 1, 1, UINT8_MAX, &version, "version");
    if (rc == ST_OK && version > VERSION)
        return refuse(c, ST_VERSION, "version");
    if (rc == ST_OK)
        rc = take_fixed(c, out->subject.b, SC_ID_BYTES, "subject");
    if (rc == ST_OK)
        rc = take_number(c, 2, 1, SC_GENESIS_BYTES_MAX, &n, "genesis");
    if (rc == ST_OK)
        rc = take(c, (size_t)n, &p, "genesis");
    if (rc != ST_OK)
        return rc;
    rc = sc_genesis_decode(cr_span_of(p, (size_t)n), &out->genesis, c->err);
    if (rc != ST_OK)
        return st_wrap(c->err, rc, "proof");
    sc_genesis_net(cr_span_of(p, (size_t)n), &out->net);
    return take_number(c, 2, 1, SC_PROOF_LOGS_MAX, logs, "number of logs");
}

struct reading {
    struct cursor c;
    struct sc_proof *out;
    sc_proof_cb *cb;
    sc_proof_place_cb *place_cb;
    void *arg;
    /* of the log */
    struct sc_log_key key;
    struct cr_hash log_id, end; /* end: chain value where the segment before ended */
    uint64_t next;              /* seq after it */
    uint32_t strand;
    /* of the segment */
    size_t shown;
    struct sc_proof_entry entry[SC_PROOF_ITEMS_MAX];
    struct cr_hash id[SC_PROOF_ITEMS_MAX];
};

static int read_shown(struct reading *r, bool erased, uint64_t seq, struct cr_hash *leaf)
{
    struct sc_proof_entry *e = &r->entry[r->shown];
    struct cr_hash hash;
    const uint8_t *p;
    uint64_t n = 0;
    int rc = take_number(&r->c, 1, 1, SC_HEADER_BYTES_MAX, &n, "header");

    if (rc == ST_OK)
        rc = take(&r->c, (size_t)n, &p, "header");
    if (rc != ST_OK)
        return rc;
    *e = (struct sc_proof_entry){.key = r->key, .erased = erased};
    rc = sc_header_decode(cr_span_of(p, (size_t)n), &e->header);
    if (rc != ST_OK)
        return refuse(&r->c, (enum st_code)rc, "header");
    cr_hash1(CR_TAG_LEAF, cr_span_of(p, (size_t)n), leaf);
    if (e->header.seq != seq)
        return refuse(&r->c, ST_FORGED, "place of an entry");
    if (!erased) {
        rc = take(&r->c, (size_t)e->header.payload_bytes, &e->payload.p, "payload");
        if (rc != ST_OK)
            return rc;
        e->payload.n = (size_t)e->header.payload_bytes;
        sc_payload_hash(e->payload, &hash);
        if (!cr_hash_equal(&hash, &e->header.payload_hash))
            return refuse(&r->c, ST_FORGED, "payload");
        e->unread = !sc_suite_known(e->header.suite);
        rc = e->unread ? ST_OK : sc_payload_decode(e->payload, &e->p, r->c.err);
        if (rc != ST_OK)
            return st_wrap(r->c.err, rc, "proof: entry %llu", (unsigned long long)seq);
    }
    r->shown++;
    return ST_OK;
}

/* One item: the chain moves past it. */
static int read_item(struct reading *r, uint64_t seq, bool shown, struct cr_hash *chain)
{
    struct cr_hash leaf, before = *chain;
    uint64_t kind = 0;
    int rc = take_number(&r->c, 1, 0, SC_PROOF_ERASED, &kind, "kind of an item");

    if (rc == ST_OK && shown && kind == SC_PROOF_LEAF)
        rc = refuse(&r->c, ST_MALFORMED, "first item of a segment");
    if (rc == ST_OK)
        rc = kind == SC_PROOF_LEAF ? take_fixed(&r->c, leaf.b, CR_HASH_BYTES, "leaf")
                                   : read_shown(r, kind == SC_PROOF_ERASED, seq, &leaf);
    if (rc != ST_OK)
        return rc;
    cr_hash2(CR_TAG_CHAIN, cr_hash_span(&before), cr_hash_span(&leaf), chain);
    if (kind != SC_PROOF_LEAF)
        r->entry[r->shown - 1].id = *chain;
    return ST_OK;
}

struct sc_id sc_proof_subject(const struct sc_proof_entry *e)
{
    return e->erased || e->unread || !e->p.has_subject ? sc_id_of(&e->id) : e->p.subject;
}

static int give_places(struct reading *r, uint64_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sc_proof_place p = {.key = r->key,
                                   .seq = first + i,
                                   .log_id = r->log_id,
                                   .id = r->id[i],
                                   .strand = r->strand};
        int rc = r->place_cb(r->arg, &p);

        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

static int give(struct reading *r, uint64_t last)
{
    for (size_t i = 0; i < r->shown; i++) {
        struct sc_proof_entry *e = &r->entry[i];
        struct sc_id subject = sc_proof_subject(e);

        e->sealed_by = last;
        e->strand = r->strand;
        r->out->shown++;
        if (sc_id_equal(&subject, &r->out->subject))
            r->out->records++;
        if (r->cb != NULL) {
            int rc = r->cb(r->arg, e);

            if (rc != ST_OK)
                return rc;
        }
    }
    return ST_OK;
}

/* Where a segment begins: the first of its log, one that continues the one before, or one apart. */
static int begin_segment(struct reading *r, bool first, uint64_t *seq, struct cr_hash *chain,
                         bool *continues)
{
    int rc = take_number(&r->c, 8, r->next, SC_SEQ_MAX - SC_PROOF_ITEMS_MAX, seq, "first seq");

    if (rc == ST_OK)
        rc = take_fixed(&r->c, chain->b, CR_HASH_BYTES, "chain value");
    if (rc == ST_OK && *seq == 0 && !cr_hash_equal(chain, &r->log_id))
        rc = refuse(&r->c, ST_FORGED, "chain value before the first entry");
    *continues = !first && *seq == r->next && cr_hash_equal(chain, &r->end);
    if (!first && !*continues)
        r->strand++;
    return rc;
}

static int read_segment(struct reading *r, bool first)
{
    struct cr_hash chain;
    struct cr_sig sig;
    uint64_t items = 0, seq = 0;
    bool continues = false;
    int rc = begin_segment(r, first, &seq, &chain, &continues);

    r->shown = 0;
    if (rc == ST_OK)
        rc = take_number(&r->c, 4, 1, SC_PROOF_ITEMS_MAX, &items, "number of items");
    for (uint64_t i = 0; rc == ST_OK && i < items; i++) {
        rc = read_item(r, seq + i, i == 0 && !continues, &chain);
        r->id[i] = chain;
    }
    if (rc == ST_OK)
        rc = take_fixed(&r->c, sig.b, CR_SIG_BYTES, "signature");
    if (rc != ST_OK)
        return rc;
    r->next = seq + items;
    r->end = chain;
    if (sc_checkpoint_verify(&r->key.author, &r->out->net, &r->log_id, r->next - 1, &chain, &sig) !=
        ST_OK)
        return refuse(&r->c, ST_FORGED, "signature");
    if (r->place_cb != NULL)
        rc = give_places(r, seq, (size_t)items);
    return rc == ST_OK ? give(r, r->next - 1) : rc;
}

static int read_log(struct reading *r, bool first)
{
    struct cr_hash before = r->log_id;
    uint64_t segments = 0;
    int rc = take_fixed(&r->c, r->key.author.b, CR_SIGN_PK_BYTES, "author");

    r->next = 0;
    r->strand = 0;
    if (rc == ST_OK)
        rc = take_number(&r->c, 8, 0, UINT64_MAX, &r->key.scope, "scope");
    if (rc == ST_OK && !sc_scope_valid(r->key.scope))
        rc = refuse(&r->c, ST_RANGE, "scope");
    if (rc == ST_OK)
        rc = take_number(&r->c, 8, 0, UINT64_MAX, &r->key.incarnation, "incarnation");
    if (rc == ST_OK)
        rc = take_number(&r->c, 4, 1, SC_PROOF_SEGMENTS_MAX, &segments, "number of segments");
    if (rc != ST_OK)
        return rc;
    sc_log_id(&r->out->net, &r->key, &r->log_id);
    if (!first && cr_hash_cmp(&before, &r->log_id) >= 0)
        return refuse(&r->c, ST_MALFORMED, "order of logs");
    for (uint64_t i = 0; rc == ST_OK && i < segments; i++)
        rc = read_segment(r, i == 0);
    return rc;
}

static int read_all(struct cr_span file, struct sc_proof *out, sc_proof_cb *cb,
                    sc_proof_place_cb *place_cb, void *arg, struct st_err *err)
{
    struct sc_proof proof = {.shown = 0};
    struct reading r;
    uint64_t logs = 0;
    int rc;

    if (file.n > SC_PROOF_BYTES_MAX)
        return st_fail(err, ST_OVERSIZE, "proof: %zu bytes", file.n);
    memset(&r, 0, sizeof r);
    r.c = (struct cursor){file.p, file.p, file.p + file.n, err};
    r.out = &proof;
    r.cb = cb;
    r.place_cb = place_cb;
    r.arg = arg;
    rc = read_head(&r.c, &proof, &logs);
    for (uint64_t i = 0; rc == ST_OK && i < logs; i++)
        rc = read_log(&r, i == 0);
    if (rc == ST_OK && r.c.p != r.c.end)
        rc = refuse(&r.c, ST_MALFORMED, "bytes behind the end");
    if (rc == ST_OK && proof.records == 0)
        rc = st_fail(err, ST_MALFORMED, "proof: no entry of its subject");
    if (rc == ST_OK)
        *out = proof;
    return rc;
}

int sc_proof_read(struct cr_span file, struct sc_proof *out, sc_proof_cb *cb, void *arg,
                  struct st_err *err)
{
    return read_all(file, out, cb, NULL, arg, err);
}

int sc_proof_places(struct cr_span file, struct sc_proof *out, sc_proof_place_cb *cb, void *arg,
                    struct st_err *err)
{
    return read_all(file, out, NULL, cb, arg, err);
}
