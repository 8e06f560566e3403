/* The engine's state: sessions, slots, operations, and the limits that bound them. Not for others.
 */
#ifndef SYNC_STATE_H
#define SYNC_STATE_H

#include "schema/pack.h"
#include "sync/engine.h"
#include "sync/frontier.h"

#define SY_BATCH_RAW           64512 /* a batch holds at most so much: fits a frame uncompressed */
#define SY_URGENT_CREDIT       (UINT64_C(1) << 18) /* urgent entries may go so far beyond the credit */
#define SY_URGENT_WORTH        256 /* a backlog below this many entries is not worth overtaking */
#define SY_URGENT_LOG_MAX      8   /* urgent entries of one log sent ahead at a time */
#define SY_URGENT_SEEN_MAX     256 /* urgent entries remembered while they are ahead of their log */
#define SY_HELLO_URGENT_BYTES  8192 /* payload bytes of urgent entries in a hello */
#define SY_HELLO_SCAN_MAX      1024 /* reads of urgent entries for one hello: logs, mostly */
#define SY_LIST_MAX            16   /* a range with at most so many logs is listed */
#define SY_SPLIT               16   /* a larger one is split into so many */
#define SY_ROUNDS_MIN          64 /* frames of ranges in a session: this and a share of the logs */
#define SY_QUIET_MS            1000  /* after so long without entries SYNCED is exchanged again */
#define SY_QUIET_LARGE_MS      30000 /* when the common frontier is large */
#define SY_QUIET_LARGE_LOGS    512
#define SY_IDLE_FRAMES_MAX     256 /* frames without progress a peer may send in SY_IDLE_WINDOW_MS */
#define SY_IDLE_WINDOW_MS      20000
#define SY_STRANGER_LOGS_MAX   256  /* logs of authors without certificate, in all */
#define SY_STRANGER_URGENT_MAX 16   /* urgent entries of such authors taken in one session */
#define SY_STOPPED_REFS_MAX    4096 /* logs a peer may name that this session does not take */
#define SY_FORK_FRAMES_MAX     64
#define SY_ACK_BYTES           (SY_CREDIT_BYTES / 4) /* credit is returned at the latest then */
#define SY_CLASSES             3

static_assert(SC_RUN_BYTES_MAX + 256 * 24 + 512 <= SY_BATCH_RAW, "a full run fits a batch");
static_assert(SY_BATCH_RAW + SY_BATCH_RAW / 128 + 64 <= SC_FRAME_MAX, "a batch fits a frame");
static_assert(SY_BATCH_RAW * 2 <= SY_CREDIT_BYTES, "one batch can be on its way while one is read");
static_assert(SC_SCOPES_MAX <= 64, "scopes are a bit set");

enum sy_slot_flag {
    SY_SF_KNOWN =
        1u << 0, /* sent_next rests on the peer's word; else only a change here is noted */
    SY_SF_QUEUED = 1u << 1,  /* waits in a queue of the session */
    SY_SF_CHECK = 1u << 2,   /* may have urgent entries to send ahead */
    SY_SF_OUT_REF = 1u << 3, /* named to the peer: out_ref */
    SY_SF_IN_REF = 1u << 4,  /* named by the peer */
    SY_SF_STOPPED = 1u << 5, /* nothing of this log goes either way any more (fork, quota) */
    SY_SF_OVERLAP = 1u << 6, /* the peer's head is on another branch: show ours up to overlap_end */
    SY_SF_FORKED = 1u << 7,  /* evidence has been given */
};

/* A session's knowledge about one log, made when there is something to know. */
struct sy_slot {
    uint32_t log; /* index in the frontier */
    uint32_t flags;
    uint32_t queue_next; /* 1 + slot; 0: last */
    uint32_t out_ref;
    uint64_t sent_next;   /* the peer holds everything below, or it is on its way */
    uint64_t acked_next;  /* the peer has said that it holds everything below */
    uint64_t urgent_next; /* urgent entries below have gone ahead */
    uint64_t overlap_end;
};

/* A log as the peer named it: index = its reference. */
struct sy_in {
    uint32_t slot; /* SY_NONE: not taken */
    bool dirty;    /* ack_seq is to be told */
    uint64_t ack_seq;
};

struct sy_session {
    uint64_t id;     /* unique for ever */
    uint32_t number; /* the driver's */
    struct cr_sign_pk peer;
    bool initiator, dead, doomed;
    bool hello_sent, hello_seen;
    bool peer_known; /* logs without a slot are the same at the peer */
    bool touched;    /* something happened since the session was settled */
    enum sy_phase phase;
    uint64_t offer; /* scopes I would share, as a set; equals mask once the peer's hello is known */
    uint64_t mask;  /* shared scopes */

    /* What I said in my hello, and the common frontier remembered then (until the hellos are done).
     */
    struct sc_id hello_fp, common_fp;
    uint64_t hello_count;
    bool hello_common, hello_heads, common_ok;
    struct sy_common *common;
    size_t common_count;
    size_t hello_urgent_count;
    struct {
        uint32_t log;
        uint64_t seq;
    } hello_urgent[SC_HELLO_URGENT_MAX];

    /* Ranges. */
    bool ranges_due; /* a frame of ranges is expected from the peer */
    uint64_t rounds, rounds_max;

    /* Slots; slot_of[log] = 1 + slot, 0 none, for log < slot_of_count. */
    struct sy_slot *slot;
    uint32_t slot_count, slot_cap;
    uint32_t *slot_of;
    uint32_t slot_of_count;

    /* Out. */
    struct sc_pack *pack;
    uint32_t *out_slot; /* by out_ref */
    uint32_t out_count, out_cap;
    uint32_t queue_head[SY_CLASSES], queue_tail[SY_CLASSES]; /* 1 + slot; 0: empty */
    bool check_urgent;
    bool held_due;      /* provisional entries are to be offered, once the peer's heads are known */
    uint64_t out_bytes; /* raw bytes the peer has not acknowledged */
    bool sent_any;      /* entries since the hello */

    /* In. */
    struct sc_unpack *unpack;
    struct sy_in *in;
    uint32_t in_count, in_cap, in_stopped;
    uint64_t in_bytes;   /* raw bytes received and not yet credited back */
    uint64_t ops;        /* answers of the store that are outstanding */
    uint64_t credit_due; /* of in_bytes: may be returned */
    uint32_t dirty_count;
    uint32_t dirty[SC_ACK_MAX];
    uint64_t stranger_urgents, fork_frames;

    /* Equality. */
    bool sent_fp_ok, recv_fp_ok, synced, prompt_done;
    struct sc_id sent_fp, recv_fp;
    struct sc_id stored_fp; /* of the remembered common frontier */
    bool stored_fp_ok;
    uint64_t quiet_since_ms, settle_due_ms, settle_changes;

    /* Time. */
    uint64_t born_ms, rx_ms, tx_ms;
    uint64_t idle_frames, idle_window_ms;
    uint64_t sent_entries, received_entries, sent_frames, received_frames;
};

enum sy_op_kind { SY_OP_RUN, SY_OP_WAIT, SY_OP_URGENT };

/* Something the store has to answer (RUN, URGENT), or that is done when all before it are (WAIT).
 */
struct sy_op {
    enum sy_op_kind kind;
    bool lost; /* an earlier run of its log failed */
    uint64_t token;
    uint64_t session; /* id */
    uint32_t log;     /* RUN, WAIT */
    uint32_t in_ref;
    uint64_t last_seq;
    uint64_t raw_bytes;    /* credit to return when done */
    struct sc_link link;   /* RUN: behind its last entry */
    struct cr_hash log_id; /* URGENT */
    uint64_t scope;
    uint8_t *frame; /* URGENT: owned, to pass on */
    size_t frame_bytes;
};

struct sy_seen {
    struct cr_hash log_id;
    uint64_t seq;
    uint8_t chain8[8];
};

struct sy_engine {
    struct sy_config cfg;
    const struct sy_view *view;
    struct sy_frontier f;
    uint64_t now_ms;
    uint64_t next_session, next_token;
    struct sy_session *session[SY_SESSIONS_MAX];
    size_t session_count;

    struct sy_op *op; /* op[op_head .. op_count) wait */
    size_t op_head, op_count, op_cap;
    uint64_t step_token; /* first token of this step */

    struct sy_seen seen[SY_URGENT_SEEN_MAX];
    size_t seen_count;
    bool strangers_counted;
    uint64_t stranger_logs;

    struct sy_update *up;
    size_t up_count, up_cap;
    struct sy_update spare; /* written when there is no memory for one more */
    void **temp;            /* lives until the next step */
    size_t temp_count, temp_cap;
    int failed; /* ST_NOMEM: an update of this step was lost */

    struct cr_buf raw;  /* the batch being read: payloads of this step point into it */
    struct cr_buf read; /* payloads of the run being sent */
    struct cr_buf batch, runs;
    struct sc_run *run;      /* the run being sent */
    struct sc_ranges rx, tx; /* made when first needed */
};

#endif
