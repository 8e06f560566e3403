/* What the parts of the store share: numbers, rows as structs, and the store itself. */
#ifndef NODE_STORE_TYPES_H
#define NODE_STORE_TYPES_H

#include "node/store.h"
#include "node/store_sql.h"

#include <sqlite3.h>

enum nd_sql {
#define ND_SQL_ENUM_(name, text) ND_SQL_##name,
    ND_SQL_MAP(ND_SQL_ENUM_)
#undef ND_SQL_ENUM_
        ND_SQL_COUNT
};

#define ND_SCHEMA_VERSION 2
#define ND_SEQ_BITS       40 /* seq in an entry's number; SC_SEQ_MAX */
#define ND_DIRTY_MAX      16384
#define ND_LOG_CACHE      256
#define ND_GRIDS_MAX      4                   /* grids by which one subject's authors are judged */
#define ND_RANK_CLOSED    (INT64_C(1) << 62)  /* added to the rank of a closed hazard */
#define ND_FACT_BYTES_MAX (UINT64_C(1) << 26) /* of one subject, folded */
#define ND_HELD_BYTES_MAX (UINT64_C(1) << 22) /* of one subject, held: more is only counted */
#define ND_REASON_MAX     200
#define ND_PATH_MAX       65536 /* branches on one path */
#define ND_PROV_PER_LOG   256   /* provisional entries of one log; more wait for their log */

static_assert((UINT64_C(1) << ND_SEQ_BITS) == SC_SEQ_MAX, "a seq fits its bits");

enum nd_entry_flag {
    ND_EF_URGENT = 1u << 0,
    ND_EF_PRUNED = 1u << 1,     /* payload column: hash, size be64 */
    ND_EF_QUARANTINE = 1u << 2, /* breaks the catalogue: no fact */
    ND_EF_FORKED = 1u << 3,     /* provisional: its log went on differently */
    ND_EF_UNREAD = 1u << 4, /* of a suite that this program does not know: no fact (16 in SQL) */
};
/* What admission finds, and a rebuild finds again. */
#define ND_EF_FOUND (ND_EF_QUARANTINE | ND_EF_UNREAD)
/* Nobody reads what it says. */
#define ND_EF_MUTE (ND_EF_PRUNED | ND_EF_FOUND)
/* Eight bits of the flags hold sc_wire_entry.other_suite. */
#define ND_EF_SUITE_SHIFT 8
#define ND_EF_SUITE_MASK  (0xffu << ND_EF_SUITE_SHIFT)

static inline uint32_t nd_suite_flags(uint8_t other_suite)
{
    return (uint32_t)other_suite << ND_EF_SUITE_SHIFT;
}
static inline uint8_t nd_other_suite(uint64_t flags)
{
    return (uint8_t)(flags >> ND_EF_SUITE_SHIFT);
}
static inline uint64_t nd_suite_of(uint64_t flags)
{
    return nd_other_suite(flags) != 0 ? nd_other_suite(flags) : SC_SUITE_ED25519_BLAKE2B;
}

enum nd_extra {
    ND_EX_EXT = 1u << 0,
    ND_EX_LINKS = 1u << 1,
};

static inline int64_t nd_entry_no(uint64_t log, uint64_t seq)
{
    return (int64_t)(log << ND_SEQ_BITS | seq);
}
static inline uint64_t nd_entry_log(int64_t no)
{
    return (uint64_t)no >> ND_SEQ_BITS;
}
static inline uint64_t nd_entry_seq(int64_t no)
{
    return (uint64_t)no & (SC_SEQ_MAX - 1);
}

/* Grids are numbered so that one lies directly before all that lie within it: code widened to 15
 * digits, then its level. All grids in the store are such keys. */
static inline uint64_t nd_grid_key(uint64_t code)
{
    int level = sc_grid_level(code);

    return level == 0 ? 0
                      : (code * (level == 1   ? 1000000
                                 : level == 2 ? 1000
                                              : 1))
                                << 2 |
                            (uint64_t)level;
}
static inline uint64_t nd_grid_code(uint64_t key)
{
    return (key >> 2) / ((key & 3) == 1 ? 1000000 : (key & 3) == 2 ? 1000 : 1);
}
/* Keys of the grid and all within it; 0: all there are. */
static inline void nd_grid_range(uint64_t prefix, uint64_t *lo, uint64_t *hi)
{
    int level = sc_grid_level(prefix);

    *lo = nd_grid_key(prefix);
    *hi = level == 0   ? (prefix == 0 ? INT64_MAX : 0)
          : level == 3 ? *lo
                       : ((*lo >> 2) + (level == 1 ? 999999 : 999)) << 2 | 3;
    if (level == 0 && prefix != 0)
        *lo = 1; /* no grid: nothing */
}

enum nd_log_flag {
    ND_LF_ALIEN =
        1u << 0, /* a peer brought entries of it while it was of this node's incarnation */
};

/* A row of log: a branch. */
struct nd_log {
    uint64_t handle; /* 0: not stored */
    struct sc_log_key key;
    struct cr_hash id;
    struct sc_link link;
    struct cr_sig sig;
    uint64_t kept_next, kept_bytes;
    uint32_t branch, flags;
    uint64_t parent, first_seq; /* parent: a handle, 0 none */
    uint64_t bytes, held, held_bytes;
};
/* All branches of one log, by number. */
struct nd_logs {
    struct nd_log *e;
    size_t count, cap;
};
/* The way from the log id to a head: entries first..end - 1 of each row, ascending. */
struct nd_seg {
    uint64_t handle, first, end;
};
struct nd_path {
    struct nd_log head;
    size_t count;
    struct nd_seg *seg; /* one, or allocated */
    struct nd_seg one[2];
};
/* A row of log as the reading of facts needs it; limit: of generation s->auth_gen. */
struct nd_log_slot {
    uint64_t handle, gen, limit;
    struct sc_log_key key;
    uint32_t branch;
    bool known; /* its author is a root or holds an accepted certificate */
};

/* An urgent entry ahead of its log. */
struct nd_prov {
    int64_t id;
    struct cr_hash log_id, before, chain;
    struct sc_log_key key;
    uint64_t seq, lamport, wall_ms;
    int64_t age_ms, subject;
    uint32_t flags;
    struct cr_sig sig;
    struct cr_span payload; /* until the statement moves */
};

/* In a row's tags, beside flags (bits 0 to 19) and severity (from 32 on): the step it is at. */
#define ND_TAG_STEP(state) (UINT64_C(1) << (20 + (unsigned)(state)))

/* A row of subject. */
struct nd_subject {
    int64_t id;
    struct sc_id sid;
    uint64_t scope, type, grid; /* grid: a key */
    int64_t rank, tags;
    char code[4]; /* "" none */
    uint64_t deadline_ms, held, extra;
    bool has_item;
    struct cr_hash item;
};

struct nd_dirty {
    struct nd_subject row; /* as stored, or zero but for id, sid, scope */
    bool stored, dirty;
    uint32_t next; /* in its slot's chain */
};

struct nd_dirty_set {
    struct nd_dirty *e;
    uint32_t count, cap, pending; /* pending: dirty ones */
    uint32_t *slot;               /* power of two; UINT32_MAX empty */
    uint32_t slots;
};

enum nd_counter {
    ND_GC_OPEN,
    ND_GC_CLOSED,
    ND_GC_EMERGENCY,
    ND_GC_SEVERE,
    ND_GC_VISITS,
    ND_GC_PLACES,
    ND_GC_CONFLICT,
    ND_GC_COUNT
};

struct nd_grid_delta {
    uint64_t key;
    int64_t n[ND_GC_COUNT];
    bool declaration; /* look up name and declaration again */
};

struct nd_grid_deltas {
    struct nd_grid_delta *e; /* ascending key */
    size_t count, cap;
};

struct nd_scope {
    uint64_t scope, entries, logs, subjects, hazards, held, quarantined, wall_ms, received_ms;
    struct cr_hash acc;
    bool dirty;
};

/* Facts of one subject with what stands behind each. */
struct nd_fact_src {
    int64_t entry;
    uint32_t flags;
    uint64_t received_ms;
    size_t payload_at, payload_n;
    struct sc_log_key log;
    uint64_t seq;
    uint32_t branch;
    enum sc_standing standing;
    enum sc_why held; /* SC_WHY_COUNTS: it has its effect */
    bool danger;      /* reports that something is (still) dangerous */
};
struct nd_facts {
    struct sc_fact *fact;
    struct nd_fact_src *src;
    size_t count, cap;
    size_t folded; /* the first so many; the log of the others holds them */
    size_t folded_bytes, held_bytes;
    size_t unverified; /* reports of danger that are held */
    size_t skipped;    /* held entries beyond ND_HELD_BYTES_MAX, taken for such reports */
    struct cr_buf bytes;
    uint64_t grid[ND_GRIDS_MAX];
    size_t grid_count;
    uint64_t type; /* of the subject by what is folded, see nd_facts_load; 0 none */
    bool overflow; /* more than ND_FACT_BYTES_MAX: not all are here */
};

/* What the loaded facts make of the subject. */
struct nd_projection {
    struct nd_subject row;
    struct sc_hazard hazard; /* type SC_R_HAZARD_REPORT */
    struct sc_lww lww;       /* the others */
    struct cr_span ext;
    bool unverified_only; /* a hazard by held reports alone */
};

struct nd_store {
    sqlite3 *db;
    sqlite3_stmt *st[ND_SQL_COUNT];
    const char *txn_file; /* where the open transaction began */
    int txn_line;
    bool in_txn, read_only, unclean;
    unsigned readers;
    int lock_fd;
    char *dir;
    struct sc_genesis genesis;
    struct cr_hash net;
    uint64_t incarnation, lamport;
    uint64_t scopes[SC_SCOPES_MAX];
    size_t scope_count;
    struct sc_authority *auth;
    struct sc_policy *policy;
    struct cr_buf policy_no; /* numbers of its entries, int64_t, by index */
    struct sc_tables *tables;
    struct cr_buf tables_no; /* the same of these */
    bool policy_touched;     /* the open transaction brought policies, or changed which count */
    bool auth_touched;       /* the open transaction told it of something */
    bool auth_stale;         /* could not be loaded after a rollback */
    bool auth_open;          /* has additions that are not settled */
    bool changed_lost;       /* no memory to remember a change */
    bool auth_news;          /* the open transaction changed what it says */
    uint64_t auth_gen;       /* of answers; grows with each settling */
    uint64_t auth_serial;
    uint64_t unknown_bytes; /* of authors without certificate */
    bool unknown_stale;     /* … to be counted again */
    struct cr_buf changed;  /* struct sc_auth_change: to be folded again at commit */
    int64_t subject_next;
    uint64_t prov_count;
    uint32_t data_version; /* read-only: of the data the memory below was loaded from */
    struct nd_scope *scope;
    size_t scope_n, scope_cap;
    struct nd_dirty_set dirty;
    struct nd_grid_deltas grids;
    struct nd_facts facts;
    struct nd_projection projection; /* of the loaded facts */
    struct cr_buf state;             /* scratch: canonical state */
    struct nd_log_slot log_cache[ND_LOG_CACHE];
    struct nd_logs logs;              /* scratch: the branches of the log at work */
    struct nd_passed *passed;         /* store_passed.c; NULL: nothing passed by yet */
    struct nd_preview_state *preview; /* store_preview.c; NULL: none */
    struct sy_view view;
};

#endif
