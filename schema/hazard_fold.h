/* Inner parts of the hazard fold; hazard.h states the rule. Facts are known by rank (fact.h), sets
 * of them are bits.
 *
 * Flow: sc_hz_read_items -> sc_hz_classify -> sc_hz_judge (which clearances are effective) ->
 * coverage and state (hazard.c) -> sc_hz_view (deadline, assignees, links, display).
 *
 * The one costly question is "which raises does something in k's own past supersede", for every k.
 * A table of rows answers it: row(r) = union over edges p of row(p) and of what p itself
 * supersedes. The kinds of raise are worked off one after the other in the same table, and a kind
 * of which nothing is superseded (the usual case) needs no table at all. */
#ifndef SCHEMA_HAZARD_FOLD_H
#define SCHEMA_HAZARD_FOLD_H

#include "schema/bits.h"
#include "schema/hazard.h"

#define SC_HZ_SEVERITY_MAX     4
#define SC_HZ_SEVERITY_DEFAULT 2
#define SC_HZ_DEADLINES_MAX    256 /* above: no extensions */
#define SC_HZ_POSITIONS_MAX    64  /* concurrent ones above: a conflict in any case */
#define SC_HZ_OWN_LOWERED_MAX  64  /* downgrades looked at for "lowered by the same person" */

/* What the fold needs of one fact. */
struct sc_hz_item {
    const struct sc_fact *f;
    struct cr_span assignee;
    uint64_t deadline_ms, when_ms;
    struct sc_id member;
    uint8_t type;     /* 0: unknown to the fold, or erased */
    uint8_t level;    /* of the author */
    uint8_t severity; /* 0 none, else 1..4 */
    uint8_t to_level; /* ESCALATE */
    uint8_t power;    /* PASS, VOID: severity it may clear; DOWNGRADE: may lower; HANDBACK: level it
                         may hand back; EXTERNAL: 1 if it may bring the district's word */
    bool alone, notices, extends; /* may clear alone, acknowledge an emergency, extend a deadline */
    bool counts, pending, evidence, document, reason, danger, has_member;
};

/* Sets of ranks. Every member counts; what is pending is left out only where it would clear or
 * lower something, which sc_hz_judge sees to. */
enum sc_hz_set {
    SC_HZ_NONE, /* stays empty */
    SC_HZ_DANGER,
    SC_HZ_REFUTING,
    SC_HZ_FIX,
    SC_HZ_CLAIM, /* FIX, PASS, VOID */
    SC_HZ_LINK,
    SC_HZ_EMERGENCY,
    SC_HZ_SEV,                                       /* assessments: SC_HZ_SEV + 1 .. + 4 */
    SC_HZ_ESC = SC_HZ_SEV + SC_HZ_SEVERITY_MAX + 1,  /* escalations: SC_HZ_ESC + 1 .. + 5 */
    SC_HZ_SEV_UPTO = SC_HZ_ESC + SC_LV_DISTRICT + 1, /* assessments that a level may lower */
    SC_HZ_ESC_UPTO = SC_HZ_SEV_UPTO + SC_LV_DISTRICT + 1,
    SC_HZ_COVERED = SC_HZ_ESC_UPTO + SC_LV_DISTRICT + 1, /* past of the effective clearances */
    SC_HZ_UNCOVERED,
    SC_HZ_TMP_A,
    SC_HZ_TMP_B,
    SC_HZ_SETS
};

/* A PASS or VOID. */
struct sc_hz_clear {
    uint16_t rank;
    bool is_void, judged;        /* judged: counts and is not pending */
    bool unacked;                /* an EMERGENCY without acknowledgement in its past */
    bool has_evidence;           /* its own, or that of a claim it rests on */
    uint8_t severity, escalated; /* by all raises but those superseded in its past */
    uint32_t blocks;             /* 0: effective, if judged */
};

struct sc_hz {
    const struct sc_dag *d;
    const struct sc_fact *facts;
    size_t n, words;
    struct sc_hz_item *item; /* by rank */
    uint64_t *sets;
    uint64_t *rows; /* n rows of the kind at work */
    bool rows_used; /* false: all rows are empty */
    struct sc_hz_clear *clear;
    size_t clear_count;
    bool created; /* the creating entry is in the set */
};

static inline uint64_t *sc_hz_set(const struct sc_hz *h, size_t set)
{
    return h->sets + set * h->words;
}

static inline bool sc_hz_person_equal(const struct sc_hz_item *a, const struct sc_hz_item *b)
{
    return sc_id_equal(&a->f->person, &b->f->person);
}

void sc_hz_read_items(struct sc_hz *h);
/* grid, code, text … of one body, over what is there. */
void sc_hz_read_display(const struct sc_fact *f, struct sc_hazard *out);
bool sc_hz_read_position(const struct sc_fact *f, int64_t *lat_e7, int64_t *lon_e7);

void sc_hz_classify(struct sc_hz *h);
void sc_hz_judge(struct sc_hz *h);
/* severity, escalated, required of the hazard as it stands. */
void sc_hz_required(struct sc_hz *h, struct sc_hazard *out);

void sc_hz_view(struct sc_hz *h, struct sc_hazard *out);
/* Concurrent assignments or positions that a person should look at. */
bool sc_hz_contested(struct sc_hz *h, const struct sc_hazard *out);

#endif
