/* Certificates and genesis: what is accepted comes out again the same, and a set of what was
 * accepted answers the same in both orders of arrival. */
#include "crypto/base/assert.h"
#include "schema/cert.h"
#include "tests/fuzz/fuzz.h"

static void try_genesis(struct cr_span in)
{
    struct sc_genesis g;
    struct cr_buf out;

    if (sc_genesis_decode(in, &g, NULL) != ST_OK)
        return;
    cr_buf_init(&out, SC_GENESIS_BYTES_MAX);
    CR_ASSERT(sc_genesis_encode(&g, &out) == ST_OK);
    CR_ASSERT(cr_span_equal(in, cr_buf_span(&out)));
    cr_buf_release(&out);
}

static struct sc_certs *set_of(const struct sc_genesis *g, const struct sc_cert *c, size_t first)
{
    struct sc_certs *set = sc_certs_new(g);
    struct cr_hash ids[2] = {{{1}}, {{2}}};

    CR_ASSERT(set != NULL);
    for (size_t k = 0; k < 2; k++) {
        size_t which = (first + k) % 2;

        CR_ASSERT(sc_certs_add(set, which == 0 ? &g->root : &c->subject, &ids[which], c) == ST_OK);
    }
    return set;
}

static void try_set(const struct sc_cert *c)
{
    struct sc_genesis g = {.root = {{9}}, .street = 500118003, .name = "x"};
    struct sc_certs *one = set_of(&g, c, 0), *two = set_of(&g, c, 1);
    uint64_t grid = c->prefixes[0], scope = sc_grid_scope(grid);

    CR_ASSERT(sc_certs_roles(one, &c->subject, scope, grid, 0) ==
              sc_certs_roles(two, &c->subject, scope, grid, 0));
    CR_ASSERT(sc_certs_roles(one, &c->subject, scope, grid, 0) != 0);
    CR_ASSERT(sc_certs_may_read(one, &c->subject, scope));
    CR_ASSERT(sc_certs_find(one, &c->subject) != NULL);
    sc_certs_free(one);
    sc_certs_free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct cr_span in = cr_span_of(p, n);
    struct st_err err = {0};
    struct sc_cert c;
    struct cr_buf out;

    try_genesis(in);
    if (sc_cert_decode(in, &c, &err) != ST_OK) {
        CR_ASSERT(err.code != ST_OK);
        return 0;
    }
    cr_buf_init(&out, 2048);
    CR_ASSERT(sc_cert_encode(&c, &out) == ST_OK);
    CR_ASSERT(cr_span_equal(in, cr_buf_span(&out)));
    cr_buf_release(&out);
    try_set(&c);
    return 0;
}
