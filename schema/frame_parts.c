#include "schema/frame_parts.h"

#include "crypto/base/assert.h"

#include <string.h>

void sc_frame_begin(struct sc_writer *w, struct cr_buf *out, enum sc_frame_type type,
                    size_t *before)
{
    uint8_t byte = (uint8_t)type;

    *before = out->n;
    sc_writer_init(w, out);
    sc_write_raw(w, cr_span_of(&byte, 1));
}

int sc_frame_end(struct sc_writer *w, size_t before, size_t max)
{
    if (w->status == ST_OK && w->out->n - before > max)
        w->status = ST_OVERSIZE;
    if (w->status != ST_OK)
        w->out->n = before;
    return w->status;
}

int sc_frame_fail(const struct sc_reader *r, struct st_err *err, const char *frame,
                  const char *field)
{
    CR_ASSERT(r->status != ST_OK);
    return st_fail(err, (enum st_code)r->status, "%s: %s at byte %zu", frame, field,
                   sc_reader_offset(r));
}

void sc_read_tuple(struct sc_reader *r, uint64_t items)
{
    uint64_t count;

    if (sc_read_array(r, UINT64_MAX, &count) == ST_OK && count != items)
        (void)sc_reader_fail(r, ST_MALFORMED);
}

void sc_key_write(struct sc_writer *w, const struct sc_log_key *key)
{
    CR_ASSERT(sc_scope_valid(key->scope));
    sc_write_array(w, 3);
    sc_write_bin(w, cr_span_of(key->author.b, CR_SIGN_PK_BYTES));
    sc_write_u64(w, key->scope);
    sc_write_u64(w, key->incarnation);
}

void sc_key_read(struct sc_reader *r, struct sc_log_key *out)
{
    sc_read_tuple(r, 3);
    sc_read_fixed(r, CR_SIGN_PK_BYTES, out->author.b);
    if (sc_read_u64(r, UINT64_MAX, &out->scope) == ST_OK && !sc_scope_valid(out->scope))
        (void)sc_reader_fail(r, ST_RANGE);
    sc_read_u64(r, UINT64_MAX, &out->incarnation);
}

static const uint8_t no_chain8[8];

void sc_head_write(struct sc_writer *w, const struct sc_head *head)
{
    CR_ASSERT(head->seq_next <= SC_SEQ_MAX + 1);
    CR_ASSERT(head->seq_next > 0 || memcmp(head->chain8, no_chain8, sizeof no_chain8) == 0);
    sc_write_array(w, 3);
    sc_write_bin(w, cr_span_of(head->id8, sizeof head->id8));
    sc_write_u64(w, head->seq_next);
    sc_write_bin(w, cr_span_of(head->chain8, sizeof head->chain8));
}

void sc_head_read(struct sc_reader *r, struct sc_head *out)
{
    *out = (struct sc_head){0};
    sc_read_tuple(r, 3);
    sc_read_fixed(r, sizeof out->id8, out->id8);
    sc_read_u64(r, SC_SEQ_MAX + 1, &out->seq_next);
    if (sc_read_fixed(r, sizeof out->chain8, out->chain8) == ST_OK && out->seq_next == 0 &&
        memcmp(out->chain8, no_chain8, sizeof no_chain8) != 0)
        (void)sc_reader_fail(r, ST_MALFORMED);
}

int sc_head_cmp(const struct sc_head *a, const struct sc_head *b)
{
    int order = memcmp(a->id8, b->id8, sizeof a->id8);

    if (order == 0 && a->seq_next != b->seq_next)
        order = a->seq_next < b->seq_next ? -1 : 1;
    if (order == 0)
        order = memcmp(a->chain8, b->chain8, sizeof a->chain8);
    return order;
}

void sc_wire_payload_read(struct sc_reader *r, struct cr_span *out)
{
    if (sc_read_bin(r, SC_PAYLOAD_MAX, out) == ST_OK && out->n == 0)
        (void)sc_reader_fail(r, ST_RANGE);
}

int sc_link_wire(struct sc_link *link, const struct sc_wire_entry *e)
{
    struct cr_hash hash = e->payload_hash;
    struct sc_header header;

    if (!e->pruned)
        sc_payload_hash(e->payload, &hash);
    return sc_link_extend_as(link, sc_wire_suite(e), e->lamport, e->wall_ms, &hash,
                             e->pruned ? e->payload_bytes : e->payload.n, &header);
}

void sc_urgent_write(struct sc_writer *w, const struct sc_urgent *u)
{
    CR_ASSERT(u->seq <= SC_SEQ_MAX);
    CR_ASSERT(!u->e.pruned);
    CR_ASSERT(u->e.payload.n >= 1 && u->e.payload.n <= SC_PAYLOAD_MAX);
    CR_ASSERT(u->e.wall_ms <= SC_WALL_MS_MAX);
    sc_write_array(w, u->e.other_suite != 0 ? 8 : 7);
    sc_key_write(w, &u->key);
    sc_write_u64(w, u->seq);
    sc_write_bin(w, cr_hash_span(&u->chain_before));
    sc_write_u64(w, u->e.lamport);
    sc_write_u64(w, u->e.wall_ms);
    sc_write_bin(w, u->e.payload);
    sc_write_bin(w, cr_span_of(u->sig.b, CR_SIG_BYTES));
    if (u->e.other_suite != 0)
        sc_write_u64(w, u->e.other_suite);
}

void sc_urgent_read(struct sc_reader *r, struct sc_urgent *out)
{
    uint64_t items = 0, suite = 0;

    *out = (struct sc_urgent){0};
    if (sc_read_array(r, 8, &items) == ST_OK && items < 7)
        (void)sc_reader_fail(r, ST_MALFORMED);
    sc_key_read(r, &out->key);
    sc_read_u64(r, SC_SEQ_MAX, &out->seq);
    sc_read_fixed(r, CR_HASH_BYTES, out->chain_before.b);
    if (sc_read_u64(r, UINT64_MAX, &out->e.lamport) == ST_OK && out->e.lamport == 0)
        (void)sc_reader_fail(r, ST_RANGE);
    sc_read_u64(r, SC_WALL_MS_MAX, &out->e.wall_ms);
    sc_wire_payload_read(r, &out->e.payload);
    sc_read_fixed(r, CR_SIG_BYTES, out->sig.b);
    if (items == 8 && sc_read_u64(r, SC_SUITE_MAX, &suite) == ST_OK &&
        suite <= SC_SUITE_ED25519_BLAKE2B) /* 1 is not said */
        (void)sc_reader_fail(r, ST_RANGE);
    out->e.other_suite = (uint8_t)suite;
}
