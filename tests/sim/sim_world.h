/* The data of a simulated world: options, people, nodes, the world itself. */
#ifndef TESTS_SIM_SIM_WORLD_H
#define TESTS_SIM_SIM_WORLD_H

#include "node/driver.h"
#include "tests/lib/prng.h"

#define SIM_VILLAGES        13
#define SIM_NODES_MAX       24
#define SIM_STREET          UINT64_C(500118003)
#define SIM_PERSONS_VILLAGE 5 /* seat, chief, two officers, one who is certified later */
#define SIM_PERSONS_FIRST   3 /* root, street seat, street clerk */
#define SIM_PERSON_ANON     (SIM_PERSONS_FIRST + SIM_VILLAGES * SIM_PERSONS_VILLAGE)
#define SIM_PERSONS         (SIM_PERSON_ANON + 1)
#define SIM_WALL_MS         UINT64_C(1700000000000) /* Unix time of the world's beginning */
#define SIM_CONN_BYTES_MAX  (UINT64_C(3) << 20)     /* under way in one direction of a connection */
#define SIM_STALL_MS        30000 /* a sender gives up after so long without progress */

struct sqlite3;

enum sim_fault {
    SIM_F_LOSS = 1u << 0,      /* delays by retransmission, now and then a reset */
    SIM_F_SPLIT = 1u << 1,     /* writes arrive in random pieces */
    SIM_F_LATE = 1u << 2,      /* bytes of a dead connection arrive afterwards */
    SIM_F_ONEWAY = 1u << 3,    /* one direction of a link is cut */
    SIM_F_PARTITION = 1u << 4, /* groups of nodes are cut off from each other */
    SIM_F_RATE = 1u << 5,      /* narrow uplinks */
    SIM_F_CLOG = 1u << 6,      /* a link holds everything back for a while */
    SIM_F_SILENT = 1u << 7,    /* a node that dies says nothing: half-open connections */
    SIM_F_REFUSE = 1u << 8,    /* dials are refused or never answered */
    SIM_F_CRASH = 1u << 9,     /* a node dies between any two effects */
    SIM_F_STOP = 1u << 10,     /* clean stop and start */
    SIM_F_RESTORE = 1u << 11,  /* a crashed node comes back from an older backup */
    SIM_F_FULL = 1u << 12,     /* the disk is full for a while */
    SIM_F_SKEW = 1u << 13,     /* wall clocks are off */
    SIM_F_STEP = 1u << 14,     /* wall clocks jump, by years too */
    SIM_F_DRIFT = 1u << 15,    /* monotonic clocks run at different rates */
    SIM_F_PAUSE = 1u << 16,    /* a node stands still for seconds */
    SIM_F_REPLAY = 1u << 17, /* the first bytes of an old connection are sent again by a stranger */
    SIM_F_DISTANT = 1u << 18, /* latencies up to a second */
    SIM_F_CORRUPT = 1u << 19, /* somebody on the way changes a byte now and then */
    SIM_F_PEERS = 1u << 20,   /* somebody pauses a peer in the settings, or asks for a sync now */
    SIM_F_ALL = (1u << 21) - 1,
};

/* Bugs planted at the seam, to prove that the checks can fail. */
enum sim_bug {
    SIM_BUG_NONE,
    SIM_BUG_FORGET_WRITE,  /* a local write is reported as stored and is not */
    SIM_BUG_EARLY_ACK,     /* commit answers before anything is durable */
    SIM_BUG_LOSE_ENTRY,    /* the last entry of a received run is not stored */
    SIM_BUG_DROP_ROW,      /* a committed entry disappears from the disk */
    SIM_BUG_SKIP_FOLD,     /* one node folds a hazard without its latest fact */
    SIM_BUG_BAD_SIGNATURE, /* a wrong checkpoint signature is accepted */
    SIM_BUG_ANY_ROLE,      /* one person without a role is let through */
    SIM_BUG_LAST_CLOSES,   /* a passed check closes whatever its author had not seen */
    SIM_BUG_COUNT,
};

struct sim_options {
    uint64_t seed;
    size_t villages;  /* 0: all thirteen */
    size_t nodes;     /* 0: by the seed; at least one a village and the street's */
    uint64_t minutes; /* of adversity; 0: by the seed */
    bool trace;       /* print every line to stderr */
    bool swarm;       /* faults, rates and sizes by the seed; false: a calm world (scenarios) */
    bool crypto;      /* real handshakes and channels even if the seed says plain */
    uint32_t mask;    /* faults that may be switched on; 0: all */
    enum sim_bug bug;
    unsigned plant; /* the bug of this invariant (sim_plant.c); 0: none */
    unsigned only;  /* only this invariant is checked; 0: everything is */
};

struct sim_person {
    struct cr_identity id;
    uint32_t roles;
    uint64_t prefix;
    bool certified;
    bool stolen; /* the key is in wrong hands: its owner has stopped using it */
    char name[32];
};

/* What must be found in a log: position and entry id. */
struct sim_head {
    struct sc_log_key key;
    struct cr_hash log_id;
    uint64_t seq;
    struct cr_hash chain;
};
struct sim_heads {
    struct sim_head *h;
    size_t n, cap;
    struct cr_hash sum; /* of the items of a fingerprint */
};

/* A session as the seam sees it: which log a number of the peer's direction means, which runs wait
 * for their answer. */
struct sim_session;

enum sim_state { SIM_DOWN, SIM_UP, SIM_DYING };

struct sim_node {
    struct sim *sim;
    size_t index;
    size_t village; /* SIM_VILLAGES: the street */
    char uri[64];
    struct sqlite3 *anchor; /* keeps the memory data base alive across crashes */
    uint8_t *backup;        /* an image of it, or NULL */
    size_t backup_bytes;
    struct sim_heads backup_heads;
    struct cr_identity id;
    size_t scope_count;
    uint64_t scopes[SC_SCOPES_MAX];
    enum sim_state state;
    bool made; /* the store exists */
    struct nd_store *store;
    struct nd_driver *driver;
    uint32_t boots;
    /* clocks */
    uint64_t boot_at, mono0, rate_ppm;
    int64_t skew_ms;
    uint64_t paused_until;
    /* timers */
    uint64_t tick_at;
    uint32_t tick_gen;
    bool flush_queued;
    /* faults */
    uint64_t effects_left; /* dies at the effect that makes this 0; 0: does not */
    bool disk_full;
    bool stay_down;          /* dark until the end */
    uint64_t uplink_bytes_s; /* 0: unlimited */
    /* what the seam recorded */
    bool txn, lazy; /* lazy: a planted bug owes the disk a commit */
    struct sim_heads durable, pending;
    struct sim_heads acks; /* acknowledged local writes */
    struct sim_heads owed; /* of these, lost with a disk but held by others: they come back */
    int *applied;          /* entries of the open transaction, by number in the book */
    size_t applied_n, applied_cap;
    int wrote; /* last entry that was written here, not received */
    uint64_t snapshot, auth_serial, sessions_at_heal;
    struct sim_session *session;
    size_t session_count;
    uint64_t effects, commits;
};

struct sim_hazard {
    struct sc_id id;
    uint64_t scope, grid;
    struct sim_head entry;
    size_t node;
    bool forgotten; /* its only copy was on a disk that was put back to an older state */
};

struct sim_conn;

/* Somebody on the network who is no node of the street: gets what nodes send to it. */
struct sim_guest {
    void *arg;
    void (*connected)(void *arg, size_t conn);
    void (*bytes)(void *arg, size_t conn, struct cr_span bytes);
    void (*gone)(void *arg, size_t conn); /* the last call for this connection */
};

/* Every entry that a node ever committed or a liar ever made. */
struct sim_entry {
    struct sc_log_key key;
    struct cr_hash log_id, id; /* id: the chain value */
    uint64_t seq, lamport, wall_ms;
    int prev; /* entry before it; -1 at the start of a log */
    uint8_t *payload;
    size_t payload_bytes;
    uint64_t type; /* 0: the payload has no form */
    bool crafted;  /* by a liar */
    bool has_sig;
    struct cr_sig sig; /* a checkpoint at it */
    /* bit i: node i ever committed it, has it, held it back at its last look and at the one before,
     * once showed it, once excluded it, and (a cut) has it in force */
    uint32_t nodes, now, held, was_held, visible, excluded, force;
    bool acked, lost, mark;
};
struct sim_book {
    struct sim_entry *e;
    size_t n, cap;
    int32_t *slot; /* by id; a power of two; -1: empty */
    size_t slots;
};

enum sim_event_type {
    SIM_EV_BOOT,
    SIM_EV_TICK,
    SIM_EV_FLUSH,
    SIM_EV_SYN,
    SIM_EV_CONNECTED,
    SIM_EV_DELIVER,
    SIM_EV_FIN,
    SIM_EV_GONE,
    SIM_EV_ACT,
    SIM_EV_FAULT,
    SIM_EV_UNCUT,
    SIM_EV_DISK_OK,
    SIM_EV_LIAR,
};
struct sim_event {
    uint64_t at, seq;
    enum sim_event_type type;
    uint32_t a, b;
    uint64_t arg;
};
struct sim {
    struct sim_options o;
    struct ts_prng rng;
    uint64_t now_ms;
    uint64_t seq;
    struct sim_event *queue;
    size_t queue_n, queue_cap;
    uint64_t steps;
    uint64_t trace_hash;
    bool failed;
    char reason[640];
    /* the space */
    struct sc_genesis genesis;
    struct cr_hash net;
    struct cr_gate gate;
    struct sim_person person[SIM_PERSONS];
    size_t villages; /* the first of them take part */
    size_t node_count;
    struct sim_node node[SIM_NODES_MAX];
    struct sim_book book;
    int *street_cut; /* revocations by the street: entries of the book */
    size_t street_cut_n, street_cut_cap;
    struct ts_prng watch; /* chances of checks */
    bool replaying;       /* a check fills a store of its own */
    bool unknown_flood;   /* what nobody certified need not arrive: its quotas are full */
    struct byz *liars;    /* NULL: everybody is honest */
    void (*liar_act)(struct byz *z);
    /* network */
    struct sim_conn **conn;
    size_t conn_n, conn_cap;
    uint8_t cut[SIM_NODES_MAX][SIM_NODES_MAX]; /* [from][to], counts reasons */
    uint64_t clogged_until[SIM_NODES_MAX][SIM_NODES_MAX];
    uint64_t latency_min, latency_max;
    uint64_t loss_ppm, reset_ppm, refuse_ppm, corrupt_ppm;
    uint8_t *replay; /* first bytes some initiator sent */
    size_t replay_bytes, replay_to;
    /* weather */
    uint32_t faults;
    bool plain;
    bool calm; /* healed: no more faults */
    uint64_t act_mean_ms, fault_mean_ms;
    bool acting;
    bool backlogs;            /* now and then hundreds of records at once */
    bool writing;             /* inside nd_driver_write */
    struct sim_node *folding; /* whose store is applying */
    struct sim_hazard *hazard;
    size_t hazard_n, hazard_cap;
    struct sc_id watched; /* a hazard that a scenario waits for */
    /* numbers for the report */
    struct {
        uint64_t acts, acked, denied, unknown, full, crashes, restores, stops, resets, replays,
            corrupted, late, bytes, checks, bugs, modelled;
    } count;
};

#endif
