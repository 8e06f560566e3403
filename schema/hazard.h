/* The hazard rule: danger freely, clearance strictly, coverage by cause.
 *
 * A hazard is closed only if every danger entry lies in the causal past of an effective clearance.
 * No clock and no arrival order is read; the state is a function of the set of facts. Whatever is
 * in doubt (a missing ancestor, an erased payload, too many entries) leaves the hazard open. */
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

enum sc_hazard_flag {
    SC_HF_EMERGENCY = 1u << 0,
    SC_HF_ESCALATED = 1u << 1,
    SC_HF_TRANSFERRED = 1u << 2,
    SC_HF_MAJOR = 1u << 3,       /* severity 4 */
    SC_HF_CONFLICT = 1u << 4,    /* concurrent acts that a person should look at */
    SC_HF_UNCONFIRMED = 1u << 5, /* no danger entry by a certified author */
    SC_HF_RECURRENT = 1u << 6,
    SC_HF_PENDING = 1u << 7,  /* facts with missing ancestors */
    SC_HF_OVERFLOW = 1u << 8, /* too many entries: cannot be closed here */
    SC_HF_LINKED = 1u << 9,
    SC_HF_UNVERIFIED = 1u << 10, /* set by stores, never by the fold: beside what counts, reports of
                                    danger are held (authority.h) */
};

/* Why a hazard is not closed, for the page and the command line. */
enum sc_hazard_block {
    SC_HB_NO_CLEARANCE = 1u << 0,  /* nobody has verified */
    SC_HB_UNSEEN_DANGER = 1u << 1, /* a clearance exists, its author had not seen some danger */
    SC_HB_AUTHORITY = 1u << 2,     /* clearance below the required level */
    SC_HB_SECOND_PERSON = 1u << 3, /* verifier is the claimant, or nobody else said it is fixed */
    SC_HB_EVIDENCE = 1u << 4,      /* severity 1 cleared by one person without evidence */
    SC_HB_DOCUMENT = 1u << 5,      /* severity 4 without an external document number */
    SC_HB_EMERGENCY_ACK = 1u << 6, /* emergency not acknowledged by the street */
    SC_HB_UNCERTIFIED = 1u << 7,   /* clearance by a key without a valid certificate */
    SC_HB_PENDING = 1u << 8,       /* ancestors of a clearance, or the report, have not arrived */
    SC_HB_OVERFLOW = 1u << 9,      /* too many entries: cannot be closed here */
};

#define SC_HAZARD_ASSIGNEES_MAX 16
#define SC_HAZARD_LINKS_MAX     32

struct sc_hazard {
    bool exists; /* a danger that counts (a report, or an orphan) is in the set */
    enum sc_hazard_state state;
    uint32_t flags, blocks;
    uint64_t severity;       /* 1..4, max of what no authorised downgrade supersedes */
    enum sc_level required;  /* level a clearance by one who has seen everything needs */
    enum sc_level escalated; /* highest level it was escalated to, not handed back */
    uint64_t deadline_ms;    /* earliest of the causally maximal; 0 none */
    size_t danger_count, uncovered_count;
    size_t fact_count;
    /* Display fields: the creating entry's, then per field the latest EDIT that counts, ties by
     * sc_fact_cmp. Spans borrow from the facts. */
    uint64_t grid;
    struct cr_span code, text, address, ext;
    struct sc_id place; /* zero when none */
    bool has_place, has_position;
    int64_t lat_e7, lon_e7;
    uint64_t source;
    uint64_t reported_ms, closed_ms,
        last_ms; /* claimed times (SC_K_WHEN, else the wall time): the
                    report (else the first danger), the closing clearance
                    (0 when open), the latest fact that counts */
    size_t assignee_count;
    struct cr_span assignees[SC_HAZARD_ASSIGNEES_MAX]; /* union of the causally maximal, sorted */
    size_t link_count;
    struct sc_id links[SC_HAZARD_LINKS_MAX]; /* linked hazards, ascending */
    struct sc_id reporter;                   /* person of the report, else of the first danger */
};

/* The rule in full. "In k's past" means reachable from k over parents (fact.h); "later" is never a
 * matter of clocks.
 *
 * Policy. Who may write a record, who may clear what, and from which severity two persons must, are
 * values of the policy that applies to the fact (policy.h), at its claimed time; the words below
 * say the defaults. "May clear severity s" is: may clear s and all below it.
 *
 * Who counts. A fact counts when its author's roles meet the record's writers; an open report
 * (open_report in the catalogue) counts from anybody. Nothing else has any effect, except that
 * clearances that do not count are named among the blocks. Facts of unknown type are carried along
 * as links of causality. An entry of an unknown suite is no fact at all, as not even its subject
 * can be read: it closes and hides nothing, what descends from it is pending, and whatever danger
 * it reports is covered by no clearance but one that names it. A pending fact counts unless it
 * clears or lowers something (PASS, VOID, DOWNGRADE, HANDBACK, EXTERNAL, an acknowledgement, an
 * extension of the deadline, UNLINK).
 *
 * Erased facts (pruned) are dangers of unknown kind that only the street, or one who clears after
 * the street's HANDBACK, can clear: erasing a payload never closes a hazard, never makes it vanish,
 * and a closure stands only if it was the street's. Who erases for retention erases the whole
 * subject and keeps its row.
 *
 * Dangers. REPORT, FAIL, REOPEN, EMERGENCY, RECUR, PROGRESS tagged danger, erased facts: these say
 * that the thing is (still) there, and refute every claim in their past. Also dangers, though they
 * refute no claim: ESCALATE, and every raise of severity: an ASSESS or DOWNGRADE above the severity
 * that the facts in its own past give (TRANSFER and EDIT never are).
 *
 * Severity. Assessments are the severities named by dangers, ASSESS and DOWNGRADE (a REPORT without
 * one takes its code's default, 2 when the code is unknown). DOWNGRADE g supersedes assessment a
 * iff a is in g's past, g is not pending, and g's author may lower a: severity 1 takes an officer,
 * 2 a chief, 3 the village, 4 the street. The severity is the maximum of what is not superseded.
 *
 * Authority. Raises are assessments, ESCALATE (to level L needs L; without a level, one above its
 * author), erased facts (street), EMERGENCY (street). HANDBACK supersedes escalations in its past
 * up to its author's level. The district's word arrives by EXTERNAL with a document number, written
 * by the street or the district: it supersedes an escalation to the district in its past and leaves
 * one to the street. An EMERGENCY is acknowledged by an ACCEPT, PASS or VOID of the street that has
 * it in its past.
 * required(k), severity(k): maxima over ALL known raises, minus those superseded by a fact in k's
 * own past. So a concurrent raise disarms a closure, and a later lowering never arms an old one.
 * (What `required` shows for the hazard is by the policy of the greatest claimed time.)
 *
 * Clearances. PASS and VOID k that count are effective iff
 *   not pending; its author may clear severity(k), by default with that level, and has the level
 *   of every escalation; an EMERGENCY demands one who may acknowledge it, by default the street;
 *   second person: severity(k) >= 2 (or 1, if the policy says so), or no evidence is given:
 *     PASS: no causally maximal FIX in k's past is by k's own person, and some FIX or PASS in k's
 *     past is by another person; VOID: some VOID in k's past is by another person;
 *     where claims that a danger in k's past refutes do not count. Persons, not keys, are compared;
 *   evidence: severity(k) = 1 may be cleared by one person with evidence (in k, or in a causally
 *     maximal FIX of k's past), unless the severity is 1 only because that same person lowered it;
 *   document: severity(k) = 4 needs an external document number in k;
 *   witnesses: for VOID, every LINK lies in k's past (two witnesses beat one denial).
 *
 * Coverage. A danger is covered iff some effective k has it in its past. CLOSED iff the creating
 * entry is in the set, nothing overflowed and every danger is covered; VOID iff, besides, every
 * causally maximal effective clearance is a VOID.
 *
 * Open states: the most advanced of REPORTED; ACCEPT, ASSIGN, PROGRESS that no effective clearance
 * has in its past; FIX_CLAIMED for a FIX, PASS or VOID that has every uncovered refuting danger in
 * its past (so after FAIL or REOPEN earlier claims no longer count, and a claim that never saw a
 * concurrent danger does not speak for it).
 *
 * Deadline. Any fact that counts and names one sets it. It is the earliest of the causally maximal;
 * one later than what its own past gives is an extension and counts only from chief, village,
 * street or district, with a reason (text). With more than 256 of them: the earliest of all.
 *
 * Assignees: union of the causally maximal ASSIGN, never empty after the first. Links: members of
 * LINK without an UNLINK of the same member that has the LINK in its past.
 *
 * Conflict (open hazards only): a clearance and an uncovered danger neither of which saw the other;
 * a clearance that still speaks (see blocks) and a raise above its author's level neither of which
 * saw the other; different concurrent assignments; concurrent positions more than 50 m apart.
 *
 * Blocks (open hazards only): reasons of the clearances that still speak: not in the past of an
 * uncovered refuting danger, nor of a later clearance that counts. None of them: NO_CLEARANCE. An
 * open hazard that exists has at least one block.
 *
 * n == 0 gives exists = false. Up to SC_DAG_SMALL facts nothing is allocated. ST_NOMEM: *out is
 * untouched. */
int sc_hazard_fold(const struct sc_fact *facts, size_t n, struct sc_hazard *out) ST_MUST;

/* State of a group of linked hazards (its id is the smallest of its members'): CLOSED or VOID only
 * when every member is, VOID when all are VOID; else the least advanced state of an open member.
 * n >= 1. Linking therefore never closes anything. */
enum sc_hazard_state sc_hazard_group_state(const enum sc_hazard_state *members, size_t n);

/* Canonical bytes of the state (for the projection hash): appended to out. */
int sc_hazard_encode(const struct sc_hazard *h, struct cr_buf *out) ST_MUST;

/* Labels: code name, zh and en, for states, levels, flags and blocks (single bit). Never NULL. */
struct sc_label {
    const char *name, *zh, *en;
};
struct sc_label sc_hazard_state_label(enum sc_hazard_state s);
struct sc_label sc_hazard_flag_label(uint32_t bit);
struct sc_label sc_hazard_block_label(uint32_t bit);
struct sc_label sc_level_label(enum sc_level l);

#endif
