#include "schema/genesis.h"

#include <string.h>

#define GENESIS_VERSION 1

int sc_genesis_encode(const struct sc_genesis *g, struct cr_buf *out)
{
    size_t before = out->n;
    size_t name_bytes = strnlen(g->name, sizeof g->name);
    struct sc_writer w;

    if (sc_grid_level(g->street) != 1)
        return ST_RANGE;
    if (!sc_name_valid(g->name))
        return ST_MALFORMED;
    sc_writer_init(&w, out);
    sc_write_array(&w, 5);
    sc_write_u64(&w, GENESIS_VERSION);
    sc_write_bin(&w, cr_span_of(g->root.b, CR_SIGN_PK_BYTES));
    sc_write_bin(&w, cr_hash_span(&g->next_root));
    sc_write_u64(&w, g->street);
    sc_write_text(&w, cr_span_of(g->name, name_bytes));
    if (w.status != ST_OK)
        out->n = before;
    return w.status;
}

int sc_genesis_decode(struct cr_span bytes, struct sc_genesis *out, struct st_err *err)
{
    struct sc_genesis g = {0};
    struct sc_reader r;
    struct cr_span name;
    uint64_t count, version;

    if (bytes.n > SC_GENESIS_BYTES_MAX)
        return st_fail(err, ST_OVERSIZE, "genesis: %zu bytes, at most %d", bytes.n,
                       SC_GENESIS_BYTES_MAX);
    sc_reader_init(&r, bytes);
    sc_read_array(&r, SC_GENESIS_BYTES_MAX, &count);
    sc_read_u64(&r, UINT64_MAX, &version);
    if (r.status == ST_OK && version > GENESIS_VERSION)
        return st_fail(err, ST_VERSION, "genesis: version %" PRIu64, version);
    if (r.status == ST_OK && (version == 0 || count != 5))
        return st_fail(err, ST_MALFORMED, "genesis: not an array of 5 of version 1");
    sc_read_fixed(&r, CR_SIGN_PK_BYTES, g.root.b);
    sc_read_fixed(&r, CR_HASH_BYTES, g.next_root.b);
    sc_read_u64(&r, UINT64_MAX, &g.street);
    sc_read_text(&r, SC_NAME_MAX, &name);
    if (sc_reader_finish(&r) != ST_OK)
        return st_fail(err, (enum st_code)r.status, "genesis: at byte %zu", sc_reader_offset(&r));
    if (sc_grid_level(g.street) != 1)
        return st_fail(err, ST_RANGE, "genesis: %" PRIu64 " is not the code of a street", g.street);
    if (name.n == 0)
        return st_fail(err, ST_MALFORMED, "genesis: no name");
    memcpy(g.name, name.p, name.n);
    *out = g;
    return ST_OK;
}

void sc_genesis_net(struct cr_span bytes, struct cr_hash *net)
{
    cr_hash1(CR_TAG_NET, bytes, net);
}
