/* Bundles: replication by a file (a stick, a courier). A file is
 *
 *   head (42, in the clear) ‖ box (crypto/box.h) ‖ stream (crypto/stream.h)
 *   plaintext of the stream = record*        record = length be16 ‖ frame (1..SC_FRAME_MAX)
 *
 * and its frames, in this order: MANIFEST, HEADS*, MARK, then BATCH and URGENT as on the wire
 * (frame.h), then END, MARK. A receipt is a bundle without the middle. Who carries the file reads
 * the head and nothing else.
 *
 *   bind   = H("bundle", head ‖ box): associated data of the stream
 *   sum_0  = bind;  sum_i = H("bundle", sum_(i-1) ‖ frame i), MARK frames left out
 *   mark   = Ed25519(sender, "fengsui/bundle/1" ‖ sum)
 *
 * The first mark makes the sender's heads its word, the second the end. The entries between need no
 * mark of the sender: each run has its author's. */
#ifndef SCHEMA_BUNDLE_H
#define SCHEMA_BUNDLE_H

#include "crypto/box.h"
#include "schema/frame.h"

#define SC_BUNDLE_VERSION    1
#define SC_BUNDLE_HEAD_BYTES 42
#define SC_BUNDLE_PARTS_MAX  999
#define SC_BUNDLE_HEADS_MAX  1024    /* heads in one frame */
#define SC_BUNDLE_LOGS_MAX   1000000 /* heads in one bundle */

enum sc_bundle_kind { SC_BUNDLE_ENTRIES = 1, SC_BUNDLE_RECEIPT = 2 };

/* Frames that stand only in files; those of the wire keep their numbers. */
enum sc_bundle_frame {
    SC_BF_MANIFEST = 64,
    SC_BF_HEADS = 65,
    SC_BF_MARK = 66,
    SC_BF_END = 67,
};

/* "FSB1" ‖ version ‖ kind ‖ part be16 ‖ created be64 ‖ set (16) ‖ net (first 8) ‖ recipients be16
 */
struct sc_bundle_head {
    enum sc_bundle_kind kind;
    uint64_t part;       /* 1..SC_BUNDLE_PARTS_MAX */
    uint64_t created_ms; /* as the sender's clock claims */
    struct sc_id set;    /* random, the same in all parts */
    uint8_t net8[8];
    size_t recipients; /* 1..CR_BOX_RECIPIENTS_MAX: gives the size of the box */
};

/* manifest = [net, sender, created, set, part, kind, [scope …], logs]
 * The head's claims once more, where no courier can change them, and the whole net. scopes: what is
 * shared, ascending, first absolute then differences. logs: how many heads follow. */
struct sc_bundle_manifest {
    struct cr_hash net;
    struct cr_sign_pk sender;
    uint64_t created_ms;
    struct sc_id set;
    uint64_t part;
    enum sc_bundle_kind kind;
    size_t scope_count;
    uint64_t scopes[SC_SCOPES_MAX];
    uint64_t log_count;
};

/* heads = [head …] (1..SC_BUNDLE_HEADS_MAX), ascending by log id; two of the same log when it is
 * forked. */
struct sc_bundle_heads {
    size_t count;
    struct sc_head h[SC_BUNDLE_HEADS_MAX];
};

/* end = [frames, entries, urgents, more]: what stood between the marks. more: another part follows.
 */
struct sc_bundle_end {
    uint64_t frames, entries, urgents;
    bool more;
};

/* head_encode asserts the bounds. head_decode: ST_TRUNCATED, ST_MALFORMED (no bundle), ST_VERSION,
 * ST_RANGE. */
void sc_bundle_head_encode(const struct sc_bundle_head *h,
                           uint8_t out[static SC_BUNDLE_HEAD_BYTES]);
int sc_bundle_head_decode(struct cr_span bytes, struct sc_bundle_head *out,
                          struct st_err *err) ST_MUST;

/* As the encoders and decoders of frame.h: append type byte and body; take the body. */
int sc_bundle_manifest_encode(const struct sc_bundle_manifest *m, struct cr_buf *out) ST_MUST;
int sc_bundle_manifest_decode(struct cr_span body, struct sc_bundle_manifest *out,
                              struct st_err *err) ST_MUST;
int sc_bundle_heads_encode(const struct sc_head *h, size_t count, struct cr_buf *out) ST_MUST;
int sc_bundle_heads_decode(struct cr_span body, struct sc_bundle_heads *out,
                           struct st_err *err) ST_MUST;
int sc_bundle_end_encode(const struct sc_bundle_end *e, struct cr_buf *out) ST_MUST;
int sc_bundle_end_decode(struct cr_span body, struct sc_bundle_end *out,
                         struct st_err *err) ST_MUST;

/* The manifest says what the head does. ST_FORGED naming the difference. */
int sc_bundle_agree(const struct sc_bundle_head *h, const struct sc_bundle_manifest *m,
                    struct st_err *err) ST_MUST;

/* The running sum and its signature (mark = bin 64). */
void sc_bundle_bind(struct cr_span head, struct cr_span box, struct cr_hash *out);
void sc_bundle_sum(struct cr_hash *sum, struct cr_span frame);
int sc_bundle_mark_encode(const struct cr_sign_sk *sk, const struct cr_hash *sum,
                          struct cr_buf *out) ST_MUST;
/* ST_FORGED, or the errors of a decoder. */
int sc_bundle_mark_check(struct cr_span body, const struct cr_sign_pk *sender,
                         const struct cr_hash *sum, struct st_err *err) ST_MUST;

/* The next record at the front of bytes: its frame and how many bytes it took; used 0 when there is
 * not all of it yet. ST_MALFORMED: length 0 or over SC_FRAME_MAX. */
int sc_bundle_record(struct cr_span bytes, struct cr_span *frame, size_t *used) ST_MUST;

#endif
