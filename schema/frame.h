/* Frames between peers, after decryption. First byte: type; then a canonical MessagePack array, or
 * for SC_FT_BATCH one flushed block of the sender's zstd stream that expands to one.
 * PROTOCOL.md (sync/) says when each may be sent; FORMAT.md gives the bytes. */
#ifndef SCHEMA_FRAME_H
#define SCHEMA_FRAME_H

#include "schema/entry.h"

#define SC_PROTOCOL_VERSION 1

enum sc_frame_type {
    SC_FT_HELLO = 1,  /* payload of handshake message 1 and 2 */
    SC_FT_RANGES = 2, /* range-based set reconciliation over heads */
    SC_FT_BATCH = 3,  /* runs of entries (compressed) */
    SC_FT_URGENT = 4, /* one entry that overtakes its log */
    SC_FT_ACK = 5,    /* persisted up to, credit */
    SC_FT_SYNCED = 6, /* all sent that the peer lacked; my fingerprint */
    SC_FT_FORK = 7,   /* evidence: two checkpoints of one log that disagree */
    SC_FT_BYE = 8,    /* closing, with a reason */
    SC_FT_JOIN = 9,   /* join request / answer (only under IKpsk2) */
    SC_FT_SPINE = 10, /* places of a log that its sender holds, to find where branches part */
};

/* A head as told to a peer. head = [first 8 bytes of the log id, seq_next, chain8]. A peer that
 * lacks the log learns its key from the run that brings it, so a head never carries one. */
struct sc_head {
    uint8_t id8[8];
    uint64_t seq_next; /* entries held; 0: none, chain8 is then zero */
    uint8_t chain8[8]; /* first 8 bytes of the chain value of entry seq_next - 1 */
};

/* By id8, then seq_next, then chain8: the order of lists. */
int sc_head_cmp(const struct sc_head *a, const struct sc_head *b);

/* Entry on the wire. seq, version, author, scope and hashes are implied by the run. */
struct sc_wire_entry {
    uint64_t lamport, wall_ms;
    uint8_t other_suite;         /* suite of the header when it is not 1, as it is nearly always */
    bool pruned;                 /* payload erased: hash and size stand for it */
    struct cr_span payload;      /* when not pruned */
    struct cr_hash payload_hash; /* when pruned */
    uint64_t payload_bytes;      /* when pruned */
};

static inline uint64_t sc_wire_suite(const struct sc_wire_entry *e)
{
    return e->other_suite != 0 ? e->other_suite : SC_SUITE_ED25519_BLAKE2B;
}
/* Moves link over an entry as others wrote it: sc_link_extend_as, with its errors. */
int sc_link_wire(struct sc_link *link, const struct sc_wire_entry *e) ST_MUST;

/* A run: consecutive entries of one log, one signature at its end.
 *   run = [log ref, first seq, [lamport deltas], [wall deltas], [payload …], signature]
 *       | [log ref, first seq, [lamport deltas], [wall deltas], [payload …], signature, before]
 *       | [log ref, first seq, [lamport deltas], [wall deltas], [payload …], signature,
 *          before | nil, suites]
 * log ref: an index given by the sender in this direction (u64), or at first mention
 * [author, scope, incarnation] which takes the next index; each branch of a log has its own.
 * before: first 8 bytes of the chain value before the first entry (first seq > 0), where the log
 * has more than one branch and the run does not go on where the one before it of this ref ended.
 * suites: bin of one byte an entry, when a header among them names another suite than 1.
 * lamport deltas: to the value before (the first one absolute), >= 1; wall deltas: signed, first
 * absolute. payload: bin, or [hash, size] when pruned. Columns rather than rows: they compress
 * better. */
struct sc_run {
    bool has_key; /* first mention of the log in this direction */
    struct sc_log_key key;
    uint64_t log_ref;
    uint64_t first_seq;
    size_t count; /* 1..SC_RUN_ENTRIES_MAX */
    struct sc_wire_entry e[SC_RUN_ENTRIES_MAX];
    struct cr_sig sig; /* checkpoint at first_seq + count - 1 */
    bool has_before;   /* first_seq > 0 */
    uint8_t before8[8];
};

/* urgent = [key, seq, chain before, lamport, wall, payload, sig over its own checkpoint], and the
 * suite behind it when it is not 1. Never pruned. */
struct sc_urgent {
    struct sc_log_key key;
    uint64_t seq;
    struct cr_hash chain_before;
    struct sc_wire_entry e;
    struct cr_sig sig;
};

/* hello = [version, features, scopes, fingerprint, log count, common | nil, heads | nil, urgents]
 * scopes: ascending, first absolute then deltas. fingerprint and log count: over the heads of these
 * scopes (the responder's: of those that both hellos name). common: fingerprint of the frontier
 * last known equal with this peer; `true` when it is the same as fingerprint (nothing changed).
 * heads: those that differ from common (seq_next 0: held then, not now), or all when common is nil.
 */
struct sc_hello {
    uint64_t version, features;
    size_t scope_count;
    uint64_t scopes[SC_SCOPES_MAX];
    struct sc_id fingerprint;
    uint64_t log_count;
    bool has_common;
    struct sc_id common;
    bool has_heads; /* false: they were too many to list */
    size_t head_count;
    struct sc_head heads[SC_HELLO_HEADS_MAX];
    size_t urgent_count;
    struct sc_urgent urgents[SC_HELLO_URGENT_MAX];
};

/* ranges = [range …] (at least one); range = [upper bound, mode, …]: bounds ascend over log ids
 * (bin of 0..32 bytes, the shortest that separates, so without a zero at its end; the last and only
 * the last is empty = infinity; a range holds the ids from the bound before up to but without its
 * own). [upper, 0]: skip; [upper, 1, fingerprint (16 bytes), count]; [upper, 2, answer (bool),
 * [head …]]. */
enum sc_range_mode { SC_RANGE_SKIP = 0, SC_RANGE_FINGERPRINT = 1, SC_RANGE_HEADS = 2 };
struct sc_range {
    size_t upper_bytes; /* 0: no upper bound */
    uint8_t upper[32];
    enum sc_range_mode mode;
    struct sc_id fingerprint;
    uint64_t log_count;
    size_t head_first, head_count; /* into sc_ranges.heads */
    bool answer; /* mode 2. false: all heads of the sender in this range. true: answer to such a
                    list: only those of the listed logs whose head at the sender differs */
};
struct sc_ranges {
    size_t range_count;
    struct sc_range *range; /* array of SC_RANGES_MAX, owned by the holder, see init */
    size_t head_count;
    struct sc_head *head; /* array of SC_RANGE_HEADS_MAX */
};
int sc_ranges_init(struct sc_ranges *r) ST_MUST; /* allocates both arrays; ST_NOMEM */
void sc_ranges_release(struct sc_ranges *r);

/* ack = [credit bytes returned, [[log ref of the peer's direction, seq] …]]: persisted up to seq.
 */
#define SC_ACK_MAX 256
struct sc_ack {
    uint64_t credit_bytes;
    size_t count;
    struct {
        uint64_t log_ref, seq;
    } at[SC_ACK_MAX];
};
/* synced = [fingerprint, log count] */
struct sc_synced {
    struct sc_id fingerprint;
    uint64_t log_count;
};
/* fork = [key, [seq, chain, sig], [seq, chain, sig]]: both signatures verify, chains cannot both
 * be. */
struct sc_fork {
    struct sc_log_key key;
    struct {
        uint64_t seq;
        struct cr_hash chain;
        struct cr_sig sig;
    } side[2];
};
/* spine = [log id, [[seq_next, chain8] …]]: the sender holds the log up to each of these places
 * (seq_next >= 1), each on some branch. Ascending (seq_next, chain8); none: it holds nothing. */
struct sc_point {
    uint64_t seq_next;
    uint8_t chain8[8];
};
struct sc_spine {
    struct cr_hash log_id;
    size_t count;
    struct sc_point at[SC_SPINE_POINTS_MAX];
};
int sc_point_cmp(const struct sc_point *a, const struct sc_point *b);
/* bye = [-code, text]; a code this program does not know is kept as it is. */
struct sc_bye {
    enum st_code code;
    struct cr_span text; /* at most SC_BYE_TEXT_MAX bytes, for the log; never shown as trusted */
};

/* Encoders append type byte and body to out (ST_NOMEM; ST_OVERSIZE: longer than the frame may be;
 * out is then unchanged; what they are given must be valid, which is asserted). Decoders take the
 * body after the type byte, are strict (canonical, bounds, no trailing bytes), never allocate
 * (except into *ranges), and borrow spans. ST_MALFORMED, ST_TRUNCATED, ST_OVERSIZE, ST_RANGE,
 * ST_VERSION (hello of a higher version: version and features are filled); err names frame, field
 * and offset. On failure *out holds nothing to use. */
int sc_hello_encode(const struct sc_hello *h, struct cr_buf *out) ST_MUST;
int sc_hello_decode(struct cr_span body, struct sc_hello *out, struct st_err *err) ST_MUST;
int sc_ranges_encode(const struct sc_ranges *r, struct cr_buf *out) ST_MUST;
int sc_ranges_decode(struct cr_span body, struct sc_ranges *out, struct st_err *err) ST_MUST;
int sc_urgent_encode(const struct sc_urgent *u, struct cr_buf *out) ST_MUST;
int sc_urgent_decode(struct cr_span body, struct sc_urgent *out, struct st_err *err) ST_MUST;
int sc_ack_encode(const struct sc_ack *a, struct cr_buf *out) ST_MUST;
int sc_ack_decode(struct cr_span body, struct sc_ack *out, struct st_err *err) ST_MUST;
int sc_synced_encode(const struct sc_synced *s, struct cr_buf *out) ST_MUST;
int sc_synced_decode(struct cr_span body, struct sc_synced *out, struct st_err *err) ST_MUST;
int sc_fork_encode(const struct sc_fork *f, struct cr_buf *out) ST_MUST;
int sc_fork_decode(struct cr_span body, struct sc_fork *out, struct st_err *err) ST_MUST;
int sc_spine_encode(const struct sc_spine *s, struct cr_buf *out) ST_MUST;
int sc_spine_decode(struct cr_span body, struct sc_spine *out, struct st_err *err) ST_MUST;
int sc_bye_encode(const struct sc_bye *b, struct cr_buf *out) ST_MUST;
int sc_bye_decode(struct cr_span body, struct sc_bye *out, struct st_err *err) ST_MUST;

/* Raw (uncompressed) batch = [run …], without a type byte: its frame is SC_FT_BATCH followed by the
 * flushed block. Runs are encoded one after the other and counted by the caller, who puts
 * sc_batch_head before them. */
int sc_run_encode(const struct sc_run *run, struct cr_buf *out) ST_MUST;
/* Positions *r at the first run and gives their number (1..SC_BATCH_RUNS_MAX); then run_count times
 * sc_run_decode, then sc_reader_finish. */
int sc_batch_open(struct cr_span raw, struct sc_reader *r, uint64_t *run_count) ST_MUST;
int sc_run_decode(struct sc_reader *r, struct sc_run *out, struct st_err *err) ST_MUST;
/* Raw batch header for run_count runs, to be placed before them. */
int sc_batch_head(uint64_t run_count, struct cr_buf *out) ST_MUST;

#endif
