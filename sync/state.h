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
#define SY_STRANGER_LOGS_MAX   256   /* logs of authors without certificate, in all */
#define SY_STRANGER_URGENT_MAX 16    /* urgent entries of such authors taken in one session */
#define SY_STOPPED_REFS_MAX    4096  /* logs a peer may name that this session does not take */
#define SY_REFS_EXTRA          16384 /* branches a peer may name beyond one for each log */
#define SY_HEADS_LOG_MAX       64    /* heads of one log in a list; so many: there may be more */
#define SY_SPINE_BRANCHES      64    /* branches whose points one SPINE tells */
#define SY_SPINE_ASKS_MAX      8     /* times this side asks about one log between two equalities */
#define SY_SPINES_MAX          32 /* frames about one log a peer may send between two equalities */
#define SY_FORK_FRAMES_MAX     64
#define SY_ACK_BYTES           (SY_CREDIT_BYTES / 4) /* credit is returned at the latest then */
#define SY_FILE_REFS_MAX       1000000               /* logs named by one file */
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
    SY_SF_ASSUMED = 1u << 4, /* the peer named a longer path, taken to be this one */
    SY_SF_ALIGN = 1u << 9,   /* sent_next lies inside a path: start at an aligned entry */
    /* Of the lead, about the log: */
    SY_SF_FORKED = 1u << 5, /* evidence has been given */
    SY_SF_DUE = 1u << 6,    /* a SPINE is to be sent */
    SY_SF_ASKED = 1u << 7,  /* one was sent, the peer's is awaited */
    SY_SF_SPINED = 1u << 8, /* both have told their points: runs say what comes before them */
};

/* A session's knowledge about one branch, made when there is something to know. */
struct sy_slot {
    uint32_t log; /* index in the frontier */
    uint32_t flags;
    uint32_t queue_next; /* 1 + slot; 0: last */
    uint32_t out_ref;
    uint64_t sent_next;    /* the peer holds everything below, or it is on its way */
    uint64_t acked_next;   /* the peer has said that it holds everything below */
    uint64_t urgent_next;  /* urgent entries below have gone ahead */
    uint64_t out_next;     /* behind the last run that went out */
    uint64_t sent_max;     /* nothing at or beyond it ever went out */
    uint32_t asks, spines; /* lead: SPINE frames of this side that asked; of the peer */
};

/* A branch as the peer named it: index = its reference. */
struct sy_in {
    uint32_t lead; /* log; SY_NONE: not taken */
    bool stopped;  /* nothing of it is taken any more (quota, refused) */
    bool refused;  /* by the store: what follows is shown to it */
    bool lost;     /* runs are dropped until one says where it belongs */
    bool at_ok;
    bool dirty;            /* ack_seq is to be told */
    enum sy_file_skip why; /* of a file: why the rest of the log is not taken */
    uint64_t ack_seq;
    struct sc_link at; /* behind the last run */
};

struct sy_session {
    uint64_t id;     /* unique for ever */
    uint32_t number; /* the driver's */
    struct cr_sign_pk peer;
    bool initiator, dead, doomed;
    bool file; /* fed from a file: nothing is sent (file.c) */
    bool hello_sent, hello_seen;
    bool refused;   /* the store refused something: worth another session once authority changes */
    bool spine_due; /* a lead has SY_SF_DUE */
    uint32_t lost_spines; /* of logs that are not here */
    uint32_t spines_open; /* leads with SY_SF_DUE or SY_SF_ASKED */
    bool peer_known;      /* logs without a slot are the same at the peer */
    bool touched;         /* something happened since the session was settled */
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
    uint64_t stranger_urgents, fork_frames, forks_told;

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
    bool lost;    /* an earlier run of its branch failed */
    bool denied;  /* for authority did not admit it */
    bool settled; /* heads were read again after it was stored */
    uint64_t token;
    uint64_t session; /* id */
    uint32_t log;     /* RUN: branch; WAIT: lead */
    uint32_t in_ref;
    uint64_t last_seq;
    size_t count;          /* RUN: entries */
    uint64_t raw_bytes;    /* credit to return when done */
    struct sc_link link;   /* RUN, WAIT: behind its last entry */
    struct cr_hash log_id; /* URGENT */
    uint64_t scope;
    uint8_t *frame; /* URGENT: owned, to pass on */
    size_t frame_bytes;
};

/* A run being taken in; lives until the next step. */
struct sy_verified {
    struct sc_run run;
    struct cr_hash chains[SC_RUN_ENTRIES_MAX];
};

/* Where a run of the peer belongs. */
enum sy_place_kind {
    SY_PLACE_NONE,   /* nowhere that is known */
    SY_PLACE_GAP,    /* beyond the only head; link: that */
    SY_PLACE_HEAD,   /* at a verified head */
    SY_PLACE_INSIDE, /* before an entry that is durable; link.lamport is not known */
    SY_PLACE_LATER,  /* perhaps inside what is with the store */
};
struct sy_place {
    enum sy_place_kind kind;
    uint32_t branch;
    struct sc_link link; /* before the run */
};

/* What of a run that does not start at a head is held. */
struct sy_overlap {
    size_t known;   /* its first entries are held, or with the store */
    bool unsure;    /* the rest may be with the store */
    bool in_step;   /* lamport goes on from what is held */
    uint32_t grows; /* the rest continues the verified head of this branch; SY_NONE: begins one */
    struct sc_link base; /* before the rest */
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

    struct sy_file_info file; /* of the file session, the last one when none is open */

    struct sy_update *up;
    size_t up_count, up_cap;
    struct sy_update spare; /* written when there is no memory for one more */
    void **temp;            /* lives until the next step */
    size_t temp_count, temp_cap;
    uint64_t part_wait_ms, part_changes; /* see maybe_part in synced.c */
    int failed;                          /* ST_NOMEM: an update of this step was lost */
    bool stale; /* the frontier is to be read again once no answer is outstanding */

    struct cr_buf raw;  /* the batch being read: payloads of this step point into it */
    struct cr_buf read; /* payloads of the run being sent */
    struct cr_buf batch, runs;
    struct sc_run *run;      /* the run being sent */
    struct sc_ranges rx, tx; /* made when first needed */
};

#endif
