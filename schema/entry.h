/* The entry: header ‖ payload, and the log it is linked into. FORMAT.md gives the bytes.
 *
 *   header     = [version, suite, seq, lamport, wall_ms, payload_hash, payload_bytes]
 *   payload    = [type, schema_version, subject | nil, parents, salt | nil, body]
 *                parents: one bin of n × 16 bytes, strictly ascending
 *   leaf       = H(leaf, header)
 *   chain_i    = H(chain, chain_(i-1) ‖ leaf_i), chain_(-1) = log id       entry id = chain_i
 *   log id     = H(log, net ‖ author ‖ scope be64 ‖ incarnation be64)
 *   checkpoint = Ed25519(author, "fengsui/checkpoint/1" ‖ net ‖ log id ‖ seq be64 ‖ chain)
 */
#ifndef SCHEMA_ENTRY_H
#define SCHEMA_ENTRY_H

#include "crypto/sign.h"
#include "schema/id.h"
#include "schema/wire.h"

#define SC_ENTRY_VERSION         1
#define SC_SUITE_ED25519_BLAKE2B 1
#define SC_SUITE_MAX             255
#define SC_HEADER_BYTES_MAX      80
#define SC_SALT_BYTES            16

struct sc_log_key {
    struct cr_sign_pk author;
    uint64_t scope;
    uint64_t incarnation;
};

struct sc_header {
    uint64_t version, suite;
    uint64_t seq;     /* 0, 1, 2 … in its log */
    uint64_t lamport; /* > that of the entry before, by at most SC_LAMPORT_STEP_MAX; the first entry
                         of a log, which has to pass what its author has seen elsewhere: 1 to
                         SC_LAMPORT_FIRST_MAX */
    uint64_t wall_ms; /* what the author's clock said, Unix time; a claim, for display */
    struct cr_hash payload_hash;
    uint64_t payload_bytes;
};

struct sc_payload {
    uint64_t type, schema_version;
    bool has_subject; /* false: this entry creates its subject */
    struct sc_id subject;
    size_t parent_count;
    const struct sc_id
        *parents; /* borrowed from the decoded bytes, or the caller's when encoding */
    bool has_salt;
    uint8_t salt[SC_SALT_BYTES];
    struct cr_span body; /* canonical map, borrowed */
};

/* Whether this program can read payloads of the suite. Chain and checkpoint of a log are those of
 * its form (SC_ENTRY_VERSION) and hold whatever the suites of its entries: an entry of an unknown
 * one is verified, kept and passed on like any other, and its payload is opaque bytes. */
bool sc_suite_known(uint64_t suite);

/* Position in a log: what the next entry must link to. seq_next == 0: chain is the log id and
 * lamport is 0. */
struct sc_link {
    uint64_t seq_next;
    uint64_t lamport;
    struct cr_hash chain;
};

void sc_log_id(const struct cr_hash *net, const struct sc_log_key *key, struct cr_hash *out);
void sc_link_start(const struct cr_hash *log_id, struct sc_link *out);

/* Writes the canonical header; returns its length. */
size_t sc_header_encode(const struct sc_header *h, uint8_t out[static SC_HEADER_BYTES_MAX]);
/* Strict. ST_VERSION for a higher version, ST_RANGE for a suite that is 0 or over SC_SUITE_MAX; one
 * that is only not known is no error. */
int sc_header_decode(struct cr_span bytes, struct sc_header *out) ST_MUST;

/* Appends the canonical payload to out. ST_NOMEM, ST_OVERSIZE. p must be valid (asserted: parents
 * sorted and unique, body canonical). */
int sc_payload_encode(const struct sc_payload *p, struct cr_buf *out) ST_MUST;
/* Strict form check (types, sizes, order of parents, canonical body); the body's fields are the
 * catalogue's business (record.h). Spans point into bytes. ST_MALFORMED, ST_TRUNCATED,
 * ST_OVERSIZE, ST_RANGE; err says where. */
int sc_payload_decode(struct cr_span bytes, struct sc_payload *out, struct st_err *err) ST_MUST;

/* The fields before the body only: r stands at the body afterwards. For readers that go on to check
 * the body by the catalogue (record.h). Errors as sc_payload_decode. */
int sc_payload_read_head(struct sc_reader *r, struct sc_payload *out, struct st_err *err) ST_MUST;

/* Computes the header of the entry that follows *link with this payload, and moves *link past it;
 * afterwards link->chain is the entry id. Receivers know seq, version and hashes by implication.
 * ST_RANGE, with *link unchanged: suite not 1 to SC_SUITE_MAX, lamport not in the allowed step,
 * wall_ms, payload_bytes or seq over its limit. */
int sc_link_extend_as(struct sc_link *link, uint64_t suite, uint64_t lamport, uint64_t wall_ms,
                      const struct cr_hash *payload_hash, uint64_t payload_bytes,
                      struct sc_header *out) ST_MUST;
/* The same in the suite that this program writes. What others wrote is linked by sc_link_wire
 * (frame.h). */
int sc_link_extend(struct sc_link *link, uint64_t lamport, uint64_t wall_ms,
                   const struct cr_hash *payload_hash, uint64_t payload_bytes,
                   struct sc_header *out) ST_MUST;
void sc_payload_hash(struct cr_span payload, struct cr_hash *out);

void sc_checkpoint_sign(const struct cr_sign_sk *sk, const struct cr_hash *net,
                        const struct cr_hash *log_id, uint64_t seq, const struct cr_hash *chain,
                        struct cr_sig *out);
int sc_checkpoint_verify(const struct cr_sign_pk *author, const struct cr_hash *net,
                         const struct cr_hash *log_id, uint64_t seq, const struct cr_hash *chain,
                         const struct cr_sig *sig) ST_MUST;

/* Item of a frontier fingerprint: H(head, log id ‖ seq be64 ‖ chain). Items of a set are summed
 * (cr_hash_add); fingerprint = first 16 bytes of H(front, sum ‖ count be64). */
void sc_head_item(const struct cr_hash *log_id, uint64_t seq, const struct cr_hash *chain,
                  struct cr_hash *out);
struct sc_id sc_fingerprint(const struct cr_hash *sum, uint64_t count);

#endif
