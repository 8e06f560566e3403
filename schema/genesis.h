/* What names a space: genesis = [1, root key, hash of the next root key, street code, name];
 * net = H(net, genesis). */
#ifndef SCHEMA_GENESIS_H
#define SCHEMA_GENESIS_H

#include "schema/entry.h"

#define SC_GENESIS_BYTES_MAX 256

struct sc_genesis {
    struct cr_sign_pk root;
    struct cr_hash next_root; /* H(next_root, key): a stolen root key cannot rotate itself */
    uint64_t street;          /* 9-digit code */
    char name[SC_NAME_MAX + 1];
};

/* Appends. ST_RANGE (not the code of a street), ST_MALFORMED (name empty or not UTF-8), ST_NOMEM,
 * ST_OVERSIZE; out is then unchanged. */
int sc_genesis_encode(const struct sc_genesis *g, struct cr_buf *out) ST_MUST;
/* ST_MALFORMED, ST_TRUNCATED, ST_OVERSIZE, ST_RANGE, ST_VERSION; *out is written on success only.
 */
int sc_genesis_decode(struct cr_span bytes, struct sc_genesis *out, struct st_err *err) ST_MUST;
/* bytes: an encoded genesis, as received. */
void sc_genesis_net(struct cr_span bytes, struct cr_hash *net);

#endif
