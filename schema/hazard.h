/* The hazard rule (DOMAIN 2.3): danger freely, clearance strictly, coverage by cause.
 *
 * A hazard is closed only if every danger entry lies in the causal past of an effective clearance.
 * No clock and no arrival order is read; facts with missing parents (pending) count when they are
 * dangers and do not when they are clearances. */
#ifndef SCHEMA_HAZARD_H
#define SCHEMA_HAZARD_H

#include "schema/fact.h"

enum sc_hazard_state { /* ascending progress; 上报 受理 交办 整改 复查 销案, 误报 */
    SC_HS_REPORTED = 1,
    SC_HS_ACCEPTED = 2,
    SC_HS_ASSIGNED = 3,
    SC_HS_RECTIFYING = 4,
    SC_HS_FIX_CLAIMED = 5,
    SC_HS_CLOSED = 6,
    SC_HS_VOID = 7,
};

/* Level of authority; a clearance needs at least the level the dangers demand. */
enum sc_level { SC_LV_NONE = 0, SC_LV_OFFICER = 1, SC_LV_CHIEF = 2, SC_LV_VILLAGE = 3,
                SC_LV_STREET = 4, SC_LV_DISTRICT = 5 };
enum sc_level sc_level_of_roles(uint32_t roles);

enum sc_hazard_flag {
    SC_HF_EMERGENCY = 1u << 0,
    SC_HF_ESCALATED = 1u << 1,
    SC_HF_TRANSFERRED = 1u << 2,
    SC_HF_MAJOR = 1u << 3,       /* severity 4 */
    SC_HF_CONFLICT = 1u << 4,    /* concurrent acts that a person should look at */
    SC_HF_UNCONFIRMED = 1u << 5, /* no danger entry by a certified author */
    SC_HF_RECURRENT = 1u << 6,
    SC_HF_PENDING = 1u << 7,     /* facts with missing ancestors */
    SC_HF_OVERFLOW = 1u << 8,    /* too many entries: cannot be closed here */
    SC_HF_LINKED = 1u << 9,
};

/* Why a hazard is not closed, for the page and the command line. */
enum sc_hazard_block {
    SC_HB_NO_CLEARANCE = 1u << 0,    /* nobody has verified */
    SC_HB_UNSEEN_DANGER = 1u << 1,   /* a clearance exists, its author had not seen some danger */
    SC_HB_AUTHORITY = 1u << 2,       /* clearance below the required level */
    SC_HB_SECOND_PERSON = 1u << 3,   /* verifier is the claimant, or there is no fix claim */
    SC_HB_EVIDENCE = 1u << 4,        /* severity 1 closed alone without evidence */
    SC_HB_DOCUMENT = 1u << 5,        /* severity 4 without an external document number */
    SC_HB_EMERGENCY_ACK = 1u << 6,   /* emergency not acknowledged by the street */
    SC_HB_UNCERTIFIED = 1u << 7,     /* clearance by a key without a valid certificate */
    SC_HB_PENDING = 1u << 8,         /* clearance whose ancestors have not arrived */
};

#define SC_HAZARD_ASSIGNEES_MAX 16
#define SC_HAZARD_LINKS_MAX 32

struct sc_hazard {
    bool exists;              /* a report (or an orphan danger) is in the set */
    enum sc_hazard_state state;
    uint32_t flags, blocks;
    uint64_t severity;        /* 1..4, max of what no authorised downgrade supersedes */
    enum sc_level required;   /* level a clearance now needs */
    enum sc_level escalated;  /* highest level it was escalated to, not handed back */
    uint64_t deadline_ms;     /* earliest of the causally maximal; 0 none */
    size_t danger_count, uncovered_count;
    size_t fact_count;
    /* Display fields: causally latest, ties by sc_fact_cmp. Spans borrow from the facts. */
    uint64_t grid;
    struct cr_span code, text, address, ext;
    struct sc_id place;       /* zero when none */
    bool has_place, has_position;
    int64_t lat_e7, lon_e7;
    uint64_t source;
    uint64_t reported_ms, closed_ms, last_ms; /* claimed times: first danger, closing clearance,
                                                 latest fact (by sc_fact_cmp) */
    size_t assignee_count;
    struct cr_span assignees[SC_HAZARD_ASSIGNEES_MAX]; /* union of the causally maximal, sorted */
    size_t link_count;
    struct sc_id links[SC_HAZARD_LINKS_MAX]; /* linked hazards, ascending */
    struct sc_id reporter;    /* person of the first danger */
};

/* The rule in full:
 *  - dangers: REPORT, FAIL, REOPEN, EMERGENCY, RECUR, PROGRESS tagged danger, and every raise of
 *    severity (ASSESS above the maximum in its own past, TRANSFER does not count) and ESCALATE.
 *  - clearances: PASS, VOID. Effective iff not pending, certified in scope, level >= required(k),
 *    second person (severity >= 2: at least one causally maximal FIX in k's past and none of those
 *    by k's person; VOID at severity >= 2: a VOID by another person in k's past), evidence
 *    (severity 1 closed by the fixer alone), document (severity 4), emergency acknowledged (every
 *    EMERGENCY in k's past has an ACCEPT by the street in k's past, or k is by the street).
 *  - required(k), severity(k): over ALL known raising facts, minus those superseded by an
 *    authorised DOWNGRADE / HANDBACK that lies in k's own past and has the raise in its past.
 *    Severity 1 → officer, 2 → chief, 3 → village, 4 → street; escalation to level L → L.
 *  - covered(d): some effective k has d in its past. CLOSED iff all dangers are covered; VOID iff
 *    closed and every covering clearance that is causally maximal is a VOID.
 *  - not closed: the most advanced state implied by the facts not themselves covered by a
 *    concurrent danger: after FAIL/REOPEN earlier claims no longer count (they lie in its past).
 *  - conflict: a clearance that is not effective because of a concurrent danger or escalation,
 *    concurrent different assignments, or positions over 50 m apart. */
int sc_hazard_fold(const struct sc_fact *facts, size_t n, struct sc_hazard *out) ST_MUST;

/* Canonical bytes of the state (for the projection hash): appended to out. */
int sc_hazard_encode(const struct sc_hazard *h, struct cr_buf *out) ST_MUST;

/* Labels: code name, zh and en, for states, levels, flags and blocks (single bit). Never NULL. */
struct sc_label { const char *name, *zh, *en; };
struct sc_label sc_hazard_state_label(enum sc_hazard_state s);
struct sc_label sc_hazard_flag_label(uint32_t bit);
struct sc_label sc_hazard_block_label(uint32_t bit);
struct sc_label sc_level_label(enum sc_level l);

#endif
