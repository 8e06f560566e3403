/* One record with its evidence in a file, for whoever has neither store nor network: PROOF.md (in
 * crypto/) gives the bytes and how to check them, for another program.
 *
 *   proof   = "FSPF" ‖ 1 ‖ subject (16) ‖ genesis bytes be16 ‖ genesis ‖ log count be16 ‖ log …
 *   log     = author (32) ‖ scope be64 ‖ incarnation be64 ‖ segment count be32 ‖ segment …
 *   segment = first seq be64 ‖ chain value before it (32) ‖ item count be32 ‖ item …
 *           ‖ checkpoint after the last item (64)
 *   item    = 0 ‖ leaf (32)                                    an entry that is not shown
 *           | 1 ‖ n (1) ‖ header (n) ‖ payload                 its size stands in the header
 *           | 2 ‖ n (1) ‖ header (n)                           shown, its payload was erased
 *
 * Logs ascend by their ids, segments by seq. One that begins where the one before ended, at its
 * chain value, continues it: the two are of one strand. Only such a segment may begin with a leaf.
 */
#ifndef SCHEMA_PROOF_H
#define SCHEMA_PROOF_H

#include "schema/genesis.h"

#define SC_PROOF_BYTES_MAX    (4u << 20)
#define SC_PROOF_LOGS_MAX     1024
#define SC_PROOF_SEGMENTS_MAX 4096 /* of one log */
#define SC_PROOF_ITEMS_MAX    256  /* of one segment */
#define SC_PROOF_CERTS_MAX    512  /* shown */
#define SC_PROOF_CUTS_MAX     256  /* cuts and adoptions shown */

enum sc_proof_item_kind { SC_PROOF_LEAF = 0, SC_PROOF_SHOWN = 1, SC_PROOF_ERASED = 2 };

struct sc_proof_item {
    enum sc_proof_item_kind kind;
    struct sc_header header;
    struct cr_span payload; /* SC_PROOF_SHOWN */
};

/* Writers append. ST_NOMEM, ST_OVERSIZE. Counts and order are the caller's to keep (asserted where
 * they would pass a maximum). */
int sc_proof_put_head(const struct sc_id *subject, struct cr_span genesis, size_t logs,
                      struct cr_buf *out) ST_MUST;
int sc_proof_put_log(const struct sc_log_key *key, size_t segments, struct cr_buf *out) ST_MUST;
int sc_proof_put_segment(uint64_t first_seq, const struct cr_hash *before,
                         const struct sc_proof_item *items, size_t count, const struct cr_sig *sig,
                         struct cr_buf *out) ST_MUST;

/* A shown entry, verified: it stands in its author's log at that place. */
struct sc_proof_entry {
    struct sc_log_key key;
    struct sc_header header;
    struct cr_hash id;
    bool erased;
    bool unread;            /* of a suite that is not known: the payload is opaque bytes */
    struct cr_span payload; /* unless erased */
    struct sc_payload p;    /* its head, unless erased or unread */
    uint64_t sealed_by;     /* seq of the checkpoint that vouches for it */
    uint32_t strand;        /* of its log, from 0 on: on one strand what is earlier lies before */
};
/* Any entry that a segment covers, shown or not. */
struct sc_proof_place {
    struct sc_log_key key;
    uint64_t seq;
    struct cr_hash log_id, id;
    uint32_t strand;
};
struct sc_proof {
    struct sc_id subject;
    struct sc_genesis genesis;
    struct cr_hash net;
    size_t shown;   /* entries that are shown */
    size_t records; /* those of the subject */
};

/* What the entry is about, as far as that can be told: without a payload to read, itself. */
struct sc_id sc_proof_subject(const struct sc_proof_entry *e);

/* Verifies every byte: form, hashes, chains, signatures; cb (may be NULL) gets each shown entry in
 * order; its non-zero return stops and is returned. ST_OK means that each shown entry was written
 * by its log's author in the space of the genesis; at least one of them is of the subject. What
 * certificates among them allow is for sc_certs to say. ST_FORGED, ST_MALFORMED, ST_TRUNCATED,
 * ST_OVERSIZE, ST_RANGE, ST_VERSION; err names where; *out is written on success only. */
typedef int sc_proof_cb(void *arg, const struct sc_proof_entry *e);
int sc_proof_read(struct cr_span file, struct sc_proof *out, sc_proof_cb *cb, void *arg,
                  struct st_err *err) ST_MUST;
/* The same for every entry that is covered: by log id, then seq. */
typedef int sc_proof_place_cb(void *arg, const struct sc_proof_place *p);
int sc_proof_places(struct cr_span file, struct sc_proof *out, sc_proof_place_cb *cb, void *arg,
                    struct st_err *err) ST_MUST;

#endif
