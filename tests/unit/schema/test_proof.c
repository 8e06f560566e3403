#include "tests/unit/schema/support.h"

#include "schema/proof.h"

#define ENTRIES 5

/* A log of five entries of one subject by one author, as a segment from `from` to the last. */
struct world {
    struct cr_identity author;
    struct cr_hash net, log_id, before[ENTRIES], id[ENTRIES];
    struct cr_buf genesis, payload[ENTRIES];
    struct sc_log_key key;
    struct sc_proof_item item[ENTRIES];
    struct cr_sig sig;
    struct sc_id subject;
};

static void world_init(struct world *w)
{
    static const uint8_t body[] = {0x80};
    struct sc_genesis g = {.street = 500118003, .name = "街"};
    const uint8_t seed[32] = {5};
    struct sc_link link;

    memset(w, 0, sizeof *w);
    cr_identity_from_seed(seed, &w->author);
    g.root = w->author.sign_pk;
    cr_buf_init(&w->genesis, SC_GENESIS_BYTES_MAX);
    ts_assert_ok(sc_genesis_encode(&g, &w->genesis));
    sc_genesis_net(cr_buf_span(&w->genesis), &w->net);
    w->key = (struct sc_log_key){
        .author = w->author.sign_pk, .scope = GOLDEN_SCOPE, .incarnation = GOLDEN_INC};
    sc_log_id(&w->net, &w->key, &w->log_id);
    sc_link_start(&w->log_id, &link);
    for (size_t i = 0; i < ENTRIES; i++) {
        struct sc_payload p = {.type = SC_R_HAZARD_REPORT + i, .schema_version = 1};
        struct cr_hash hash;

        p.body = cr_span_of(body, sizeof body);
        p.has_subject = i > 0;
        p.subject = w->subject;
        cr_buf_init(&w->payload[i], SC_PAYLOAD_MAX);
        ts_assert_ok(sc_payload_encode(&p, &w->payload[i]));
        w->before[i] = link.chain;
        w->item[i].kind = i == 1 ? SC_PROOF_LEAF : i == 3 ? SC_PROOF_ERASED : SC_PROOF_SHOWN;
        w->item[i].payload = cr_buf_span(&w->payload[i]);
        sc_payload_hash(w->item[i].payload, &hash);
        ts_assert_ok(
            sc_link_extend(&link, i + 1, 1000 + i, &hash, w->payload[i].n, &w->item[i].header));
        w->id[i] = link.chain;
        if (i == 0)
            w->subject = sc_id_of(&link.chain);
    }
    sc_checkpoint_sign(&w->author.sign_sk, &w->net, &w->log_id, ENTRIES - 1, &link.chain, &w->sig);
}

static void world_free(struct world *w)
{
    cr_buf_release(&w->genesis);
    for (size_t i = 0; i < ENTRIES; i++)
        cr_buf_release(&w->payload[i]);
}

static void build(struct world *w, size_t from, size_t logs, struct cr_buf *out)
{
    cr_buf_init(out, SC_PROOF_BYTES_MAX + 1);
    ts_assert_ok(sc_proof_put_head(&w->subject, cr_buf_span(&w->genesis), logs, out));
    for (size_t i = 0; i < logs; i++) {
        ts_assert_ok(sc_proof_put_log(&w->key, 1, out));
        ts_assert_ok(sc_proof_put_segment(from, &w->before[from], &w->item[from], ENTRIES - from,
                                          &w->sig, out));
    }
}

static int see(void *arg, const struct sc_proof_entry *e)
{
    struct world *w = arg;

    assert_true(cr_hash_equal(&e->id, &w->id[e->header.seq]));
    assert_int_equal(e->erased, e->header.seq == 3);
    assert_int_equal(e->sealed_by, ENTRIES - 1);
    if (!e->erased)
        assert_true(cr_span_equal(e->payload, cr_buf_span(&w->payload[e->header.seq])));
    return ST_OK;
}

static void refused(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct sc_proof proof;
    struct st_err err = {0};
    int rc = sc_proof_read(cr_span_of(p, n), &proof, NULL, NULL, &err);

    (void)ctx;
    if (rc == ST_OK || err.code != (enum st_code)rc || err.msg[0] == '\0')
        ts_fail("proof, damage %zu: %s '%s'", index, st_name((enum st_code)rc), err.msg);
}

/* From the first entry or from a later one: every shown entry comes out verified, and no prefix, no
 * flipped bit and nothing behind the end is taken. */
static void test_proof__all_of_it_is_covered(void **state)
{
    struct sc_proof proof;
    struct world w;
    struct cr_buf out;

    (void)state;
    world_init(&w);
    for (size_t from = 0; from <= 2; from += 2) {
        build(&w, from, 1, &out);
        ts_assert_ok(sc_proof_read(cr_buf_span(&out), &proof, see, &w, NULL));
        assert_int_equal(proof.shown, from == 0 ? 4 : 3);
        assert_int_equal(proof.records, from == 0 ? 3 : 2); /* an erased one names no subject */
        ts_each_prefix(out.p, out.n, refused, NULL);
        ts_each_bit_flip(out.p, out.n, refused, NULL);
        ts_assert_ok(cr_buf_append(&out, "x", 1));
        ts_assert_status(sc_proof_read(cr_buf_span(&out), &proof, NULL, NULL, NULL), ST_MALFORMED);
        cr_buf_release(&out);
    }
    world_free(&w);
}

/* What is signed but not of this form or not of this record is refused. */
static void test_proof__forms(void **state)
{
    struct sc_proof proof;
    struct world w;
    struct cr_buf out;

    (void)state;
    world_init(&w);
    build(&w, 0, 2, &out); /* one log twice */
    ts_assert_status(sc_proof_read(cr_buf_span(&out), &proof, NULL, NULL, NULL), ST_MALFORMED);
    cr_buf_release(&out);
    build(&w, 1, 1, &out); /* begins with what is not shown */
    ts_assert_status(sc_proof_read(cr_buf_span(&out), &proof, NULL, NULL, NULL), ST_MALFORMED);
    cr_buf_release(&out);
    w.subject.b[0] ^= 1; /* of another record */
    build(&w, 0, 1, &out);
    ts_assert_status(sc_proof_read(cr_buf_span(&out), &proof, NULL, NULL, NULL), ST_MALFORMED);
    cr_buf_release(&out);
    w.subject.b[0] ^= 1;
    w.key.incarnation++; /* of another log */
    build(&w, 2, 1, &out);
    ts_assert_status(sc_proof_read(cr_buf_span(&out), &proof, NULL, NULL, NULL), ST_FORGED);
    cr_buf_release(&out);
    world_free(&w);
}

static int strand_of(void *arg, const struct sc_proof_entry *e)
{
    uint32_t *strand = arg;

    strand[e->header.seq] = e->strand;
    return ST_OK;
}

/* Two segments: the second goes on with the first from `from`, or leaves a gap of one entry. */
static void build_two(struct world *w, size_t from, struct cr_buf *out)
{
    struct cr_sig sig;

    cr_buf_init(out, SC_PROOF_BYTES_MAX);
    ts_assert_ok(sc_proof_put_head(&w->subject, cr_buf_span(&w->genesis), 1, out));
    ts_assert_ok(sc_proof_put_log(&w->key, 2, out));
    sc_checkpoint_sign(&w->author.sign_sk, &w->net, &w->log_id, 0, &w->id[0], &sig);
    ts_assert_ok(sc_proof_put_segment(0, &w->before[0], w->item, 1, &sig, out));
    ts_assert_ok(
        sc_proof_put_segment(from, &w->before[from], &w->item[from], ENTRIES - from, &w->sig, out));
}

/* A segment that goes on where the one before ended may begin with a leaf, and is of its strand;
 * one behind a gap is of another. Every place is told, shown or not. */
static void test_proof__strands(void **state)
{
    uint32_t strand[ENTRIES] = {9, 9, 9, 9, 9};
    struct sc_proof proof;
    struct world w;
    struct cr_buf out;

    (void)state;
    world_init(&w);
    build_two(&w, 1, &out);
    ts_assert_ok(sc_proof_read(cr_buf_span(&out), &proof, strand_of, strand, NULL));
    assert_true(strand[0] == 0 && strand[1] == 9 && strand[2] == 0 && strand[4] == 0);
    ts_each_bit_flip(out.p, out.n, refused, NULL);
    cr_buf_release(&out);
    build_two(&w, 2, &out);
    ts_assert_ok(sc_proof_read(cr_buf_span(&out), &proof, strand_of, strand, NULL));
    assert_true(strand[0] == 0 && strand[2] == 1 && strand[4] == 1);
    cr_buf_release(&out);
    w.item[2].kind = SC_PROOF_LEAF;
    build_two(&w, 2, &out);
    ts_assert_status(sc_proof_read(cr_buf_span(&out), &proof, NULL, NULL, NULL), ST_MALFORMED);
    cr_buf_release(&out);
    world_free(&w);
}

/* An entry of a suite that is not known is verified like the others, and what it says is left. */
static int see_unread(void *arg, const struct sc_proof_entry *e)
{
    struct world *w = arg;
    struct sc_id subject = sc_proof_subject(e), own = sc_id_of(&w->id[e->header.seq]);

    assert_int_equal(e->unread, e->header.seq == 4);
    assert_int_equal(e->p.type,
                     e->header.seq == 4 || e->erased ? 0 : SC_R_HAZARD_REPORT + e->header.seq);
    if (e->unread)
        assert_true(e->header.suite == 9 && sc_id_equal(&subject, &own));
    return ST_OK;
}

static void test_proof__other_suite(void **state)
{
    static const uint8_t opaque[] = {0xc1, 0x13, 0x37};
    struct sc_link link = {.seq_next = ENTRIES - 1, .lamport = ENTRIES - 1};
    struct sc_proof proof;
    struct world w;
    struct cr_buf out;
    struct cr_hash hash;

    (void)state;
    world_init(&w);
    link.chain = w.before[ENTRIES - 1];
    w.item[ENTRIES - 1].payload = cr_span_of(opaque, sizeof opaque);
    sc_payload_hash(w.item[ENTRIES - 1].payload, &hash);
    ts_assert_ok(
        sc_link_extend_as(&link, 9, ENTRIES, 5, &hash, sizeof opaque, &w.item[ENTRIES - 1].header));
    w.id[ENTRIES - 1] = link.chain;
    sc_checkpoint_sign(&w.author.sign_sk, &w.net, &w.log_id, ENTRIES - 1, &link.chain, &w.sig);
    build(&w, 0, 1, &out);
    ts_assert_ok(sc_proof_read(cr_buf_span(&out), &proof, see_unread, &w, NULL));
    assert_int_equal(proof.shown, 4);
    assert_int_equal(proof.records, 2);
    ts_each_bit_flip(out.p, out.n, refused, NULL);
    cr_buf_release(&out);
    world_free(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proof__all_of_it_is_covered),
        cmocka_unit_test(test_proof__forms),
        cmocka_unit_test(test_proof__strands),
        cmocka_unit_test(test_proof__other_suite),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
