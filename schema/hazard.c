/* The hazard fold: coverage and state. Everything is worked out from sets of ranks; the parts are
 * described in hazard_fold.h, the rule in hazard.h. Failure: no memory, and only above SC_DAG_SMALL
 * facts. */
#include "schema/hazard.h"

#include "crypto/base/assert.h"
#include "schema/hazard_fold.h"

#include <stdlib.h>
#include <string.h>

/* Scratch of a small fold: no allocation. */
struct small {
    struct sc_hz_item item[SC_DAG_SMALL];
    struct sc_hz_clear clear[SC_DAG_SMALL];
    uint64_t rows[SC_DAG_SMALL];
    uint64_t sets[SC_HZ_SETS];
};

/* What the effective clearances have seen, and the dangers that none has. */
static void cover(struct sc_hz *h)
{
    uint64_t *covered = sc_hz_set(h, SC_HZ_COVERED);
    for (size_t i = 0; i < h->clear_count; i++)
        if (h->clear[i].judged && h->clear[i].blocks == 0)
            sc_bits_or(covered, sc_dag_past(h->d, h->clear[i].rank), h->words);
    const uint64_t *danger = sc_hz_set(h, SC_HZ_DANGER);
    uint64_t *uncovered = sc_hz_set(h, SC_HZ_UNCOVERED);
    for (size_t w = 0; w < h->words; w++)
        uncovered[w] = danger[w] & ~covered[w];
}

/* Claim r has seen every danger that still says "there". */
static bool claim_stands(const struct sc_hz *h, size_t r)
{
    const uint64_t *uncovered = sc_hz_set(h, SC_HZ_UNCOVERED);
    const uint64_t *refuting = sc_hz_set(h, SC_HZ_REFUTING);
    const uint64_t *past = sc_dag_past(h->d, r);
    for (size_t w = 0; w < h->words; w++)
        if ((uncovered[w] & refuting[w] & ~past[w]) != 0)
            return false;
    return true;
}

static enum sc_hazard_state progress_of(const struct sc_hz_item *it)
{
    switch (it->type) {
    case SC_R_HAZARD_ACCEPT: return SC_HS_ACCEPTED;
    case SC_R_HAZARD_ASSIGN: return SC_HS_ASSIGNED;
    case SC_R_HAZARD_PROGRESS: return it->danger ? SC_HS_REPORTED : SC_HS_RECTIFYING;
    default: return SC_HS_REPORTED;
    }
}

static enum sc_hazard_state open_state(const struct sc_hz *h)
{
    enum sc_hazard_state state = SC_HS_REPORTED;
    for (size_t r = 0; r < h->n; r++) {
        const struct sc_hz_item *it = &h->item[r];
        if (!it->counts)
            continue;
        if (sc_bit(sc_hz_set(h, SC_HZ_CLAIM), r)) {
            if (claim_stands(h, r))
                return SC_HS_FIX_CLAIMED;
        } else if (progress_of(it) > state && !sc_bit(sc_hz_set(h, SC_HZ_COVERED), r)) {
            state = progress_of(it);
        }
    }
    return state;
}

/* CLOSED or VOID, by the causally maximal effective clearances; the last of them in order dates it.
 */
static void close_hazard(struct sc_hz *h, struct sc_hazard *out)
{
    uint64_t *seen = sc_hz_set(h, SC_HZ_TMP_A);
    bool all_void = true;
    const struct sc_hz_item *last = NULL;
    sc_bits_zero(seen, h->words);
    for (size_t i = h->clear_count; i-- > 0;) {
        const struct sc_hz_clear *c = &h->clear[i];
        if (!c->judged || c->blocks != 0 || sc_bit(seen, c->rank))
            continue;
        all_void = all_void && c->is_void;
        last = last != NULL ? last : &h->item[c->rank];
        sc_bits_or(seen, sc_dag_past(h->d, c->rank), h->words);
    }
    CR_ASSERT(last != NULL);
    out->state = all_void ? SC_HS_VOID : SC_HS_CLOSED;
    out->closed_ms = last->when_ms;
}

/* Pasts of the uncovered refuting dangers: what lies there no longer speaks. */
static void outdated(struct sc_hz *h, uint64_t *out)
{
    const uint64_t *uncovered = sc_hz_set(h, SC_HZ_UNCOVERED);
    const uint64_t *refuting = sc_hz_set(h, SC_HZ_REFUTING);
    sc_bits_zero(out, h->words);
    for (size_t r = 0; r < h->n; r++)
        if (sc_bit(uncovered, r) && sc_bit(refuting, r))
            sc_bits_or(out, sc_dag_past(h->d, r), h->words);
}

static uint32_t blocks_of(struct sc_hz *h)
{
    uint64_t *past_it = sc_hz_set(h, SC_HZ_TMP_A);
    const uint64_t *uncovered = sc_hz_set(h, SC_HZ_UNCOVERED);
    uint32_t blocks = 0;
    outdated(h, past_it);
    for (size_t i = h->clear_count; i-- > 0;) {
        const struct sc_hz_clear *c = &h->clear[i];
        if (sc_bit(past_it, c->rank))
            continue;
        const uint64_t *past = sc_dag_past(h->d, c->rank);
        blocks |= c->blocks;
        if (!c->judged)
            continue;
        if (!sc_bits_within(uncovered, past, h->words))
            blocks |= SC_HB_UNSEEN_DANGER;
        sc_bits_or(past_it, past, h->words);
    }
    if (blocks == 0)
        blocks = SC_HB_NO_CLEARANCE;
    if (!h->created)
        blocks |= SC_HB_PENDING;
    return h->d->overflow ? blocks | SC_HB_OVERFLOW : blocks;
}

/* Of 64 facts, those of word w in set: one that neither saw c nor was seen by it. */
static bool crosses(const struct sc_hz *h, const struct sc_hz_clear *c, size_t w, uint64_t set)
{
    set &= ~sc_dag_past(h->d, c->rank)[w];
    for (; set != 0; set &= set - 1)
        if (!sc_dag_in_past(h->d, w * 64 + (size_t)__builtin_ctzll(set), c->rank))
            return true;
    return false;
}

/* Some uncovered danger and clearance c did not see each other. */
static bool crossed(const struct sc_hz *h, const struct sc_hz_clear *c)
{
    const uint64_t *uncovered = sc_hz_set(h, SC_HZ_UNCOVERED);
    for (size_t w = 0; w < h->words; w++)
        if (crosses(h, c, w, uncovered[w]))
            return true;
    return false;
}

/* Facts of word w that by themselves demand more than this clearance's author has. */
static uint64_t raises_above(const struct sc_hz *h, const struct sc_hz_item *k, size_t w)
{
    uint64_t set = !k->notices ? sc_hz_set(h, SC_HZ_EMERGENCY)[w] : 0;
    for (size_t i = k->power + 1u; i <= SC_HZ_SEVERITY_MAX; i++)
        set |= sc_hz_set(h, SC_HZ_SEV + i)[w];
    for (size_t i = k->level + 1u; i <= SC_LV_DISTRICT; i++)
        set |= sc_hz_set(h, SC_HZ_ESC + i)[w];
    return set;
}

/* Some raise that demands more than c's author has, and c, did not see each other. */
static bool disarmed(const struct sc_hz *h, const struct sc_hz_clear *c)
{
    for (size_t w = 0; w < h->words; w++)
        if (crosses(h, c, w, raises_above(h, &h->item[c->rank], w)))
            return true;
    return false;
}

static bool clearances_conflict(struct sc_hz *h)
{
    uint64_t *past_it = sc_hz_set(h, SC_HZ_TMP_A);
    outdated(h, past_it);
    for (size_t i = h->clear_count; i-- > 0;) {
        const struct sc_hz_clear *c = &h->clear[i];
        if (!c->judged)
            continue;
        if (crossed(h, c) || (!sc_bit(past_it, c->rank) && disarmed(h, c)))
            return true;
        sc_bits_or(past_it, sc_dag_past(h->d, c->rank), h->words);
    }
    return false;
}

static bool known(const struct sc_hz *h, bool (*is)(const struct sc_hz_item *))
{
    for (size_t r = 0; r < h->n; r++)
        if (h->item[r].counts && is(&h->item[r]))
            return true;
    return false;
}

static bool is_transfer(const struct sc_hz_item *it)
{
    return it->type == SC_R_HAZARD_TRANSFER;
}

static bool is_recurrence(const struct sc_hz_item *it)
{
    return it->type == SC_R_HAZARD_RECUR;
}

static bool is_certified_danger(const struct sc_hz *h)
{
    const uint64_t *danger = sc_hz_set(h, SC_HZ_DANGER);
    for (size_t r = 0; r < h->n; r++)
        if (sc_bit(danger, r) && h->item[r].f->roles != 0)
            return true;
    return false;
}

static uint32_t flags_of(struct sc_hz *h, const struct sc_hazard *out)
{
    uint32_t flags = 0;
    if (sc_bits_meet(sc_hz_set(h, SC_HZ_EMERGENCY), sc_hz_set(h, SC_HZ_UNCOVERED), h->words))
        flags |= SC_HF_EMERGENCY;
    if (out->escalated > SC_LV_NONE)
        flags |= SC_HF_ESCALATED;
    if (known(h, is_transfer))
        flags |= SC_HF_TRANSFERRED;
    if (out->severity == SC_HZ_SEVERITY_MAX)
        flags |= SC_HF_MAJOR;
    if (!is_certified_danger(h))
        flags |= SC_HF_UNCONFIRMED;
    if (known(h, is_recurrence))
        flags |= SC_HF_RECURRENT;
    if (h->d->any_pending)
        flags |= SC_HF_PENDING;
    if (h->d->overflow)
        flags |= SC_HF_OVERFLOW;
    if (out->link_count > 0)
        flags |= SC_HF_LINKED;
    if (out->blocks != 0 && (clearances_conflict(h) || sc_hz_contested(h, out)))
        flags |= SC_HF_CONFLICT;
    return flags;
}

/* A danger among the facts that an overflowing fold left out. */
static bool left_out_danger(const struct sc_fact *facts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct sc_record *rec = sc_record_find(facts[i].type);
        if (facts[i].pruned || facts[i].type == SC_R_HAZARD_REPORT)
            return true;
        if (rec != NULL && rec->open_report && sc_type_is_hazard(facts[i].type))
            return true;
    }
    return false;
}

static void fold(struct sc_hz *h, size_t fact_count, struct sc_hazard *out)
{
    memset(out, 0, sizeof(*out));
    sc_bits_zero(h->sets, SC_HZ_SETS * h->words);
    sc_hz_read_items(h);
    sc_hz_classify(h);
    sc_hz_judge(h);
    cover(h);
    sc_hz_required(h, out);
    out->fact_count = h->n;
    out->danger_count = sc_bits_count(sc_hz_set(h, SC_HZ_DANGER), h->words);
    out->uncovered_count = sc_bits_count(sc_hz_set(h, SC_HZ_UNCOVERED), h->words);
    out->exists =
        out->danger_count > 0 || (h->d->overflow && left_out_danger(h->facts, fact_count));
    bool complete = h->created && !h->d->overflow;
    if (complete && out->danger_count > 0 && out->uncovered_count == 0) {
        close_hazard(h, out);
    } else {
        out->state = open_state(h);
        out->blocks = out->exists ? blocks_of(h) : 0;
    }
    sc_hz_view(h, out);
    out->flags = out->exists ? flags_of(h, out) : 0;
}

static int fold_large(struct sc_hz *h, size_t fact_count, struct sc_hazard *out)
{
    size_t rows = h->n * h->words * sizeof(uint64_t);
    size_t sets = SC_HZ_SETS * h->words * sizeof(uint64_t);
    int rc = ST_NOMEM;
    h->item = malloc(h->n * sizeof(*h->item));
    h->clear = malloc(h->n * sizeof(*h->clear));
    h->sets = malloc(sets);
    h->rows = malloc(rows);
    if (h->item != NULL && h->clear != NULL && h->sets != NULL && h->rows != NULL) {
        fold(h, fact_count, out);
        rc = ST_OK;
    }
    free(h->rows);
    free(h->sets);
    free(h->clear);
    free(h->item);
    return rc;
}

int sc_hazard_fold(const struct sc_fact *facts, size_t n, struct sc_hazard *out)
{
    struct sc_dag d;
    int rc = sc_dag_init(&d, facts, n);
    if (rc != ST_OK)
        return rc;
    struct sc_hz h = {.d = &d, .facts = facts, .n = d.n, .words = d.words};
    if (d.words == 1) {
        struct small s;
        h.item = s.item;
        h.clear = s.clear;
        h.rows = s.rows;
        h.sets = s.sets;
        fold(&h, n, out);
    } else {
        rc = fold_large(&h, n, out);
    }
    sc_dag_release(&d);
    return rc;
}

enum sc_hazard_state sc_hazard_group_state(const enum sc_hazard_state *members, size_t n)
{
    CR_ASSERT(n > 0);
    bool all_void = true;
    enum sc_hazard_state open = SC_HS_CLOSED;
    for (size_t i = 0; i < n; i++) {
        all_void = all_void && members[i] == SC_HS_VOID;
        if (members[i] < open)
            open = members[i];
    }
    return all_void ? SC_HS_VOID : open;
}
