/* Which clearances are effective (hazard.h, "Severity", "Authority", "Clearances"). */
#include "schema/hazard_fold.h"

#include "crypto/base/assert.h"

/* What one fact supersedes: its past, as far as it lies in a set. NULL: nothing. */
static const uint64_t *superseded_severity(const struct sc_hz *h, const struct sc_hz_item *it)
{
    bool lowers = it->type == SC_R_HAZARD_DOWNGRADE && it->severity != 0;
    return lowers ? sc_hz_set(h, (size_t)SC_HZ_SEV_UPTO + it->power) : NULL;
}

static const uint64_t *superseded_escalation(const struct sc_hz *h, const struct sc_hz_item *it)
{
    if (it->type == SC_R_HAZARD_HANDBACK)
        return sc_hz_set(h, (size_t)SC_HZ_ESC_UPTO + it->power);
    bool word = it->type == SC_R_HAZARD_EXTERNAL && it->document && it->power > 0;
    return word ? sc_hz_set(h, SC_HZ_ESC + SC_LV_DISTRICT) : NULL;
}

static const uint64_t *superseded_emergency(const struct sc_hz *h, const struct sc_hz_item *it)
{
    return it->notices ? sc_hz_set(h, SC_HZ_EMERGENCY) : NULL;
}

/* Refuted claims, and FIX facts that a later FIX replaces. */
static const uint64_t *superseded_claim(const struct sc_hz *h, const struct sc_hz_item *it)
{
    size_t rank = (size_t)(it - h->item);
    if (sc_bit(sc_hz_set(h, SC_HZ_REFUTING), rank))
        return sc_hz_set(h, SC_HZ_CLAIM);
    return it->type == SC_R_HAZARD_FIX ? sc_hz_set(h, SC_HZ_FIX) : NULL;
}

typedef const uint64_t *(*superseder)(const struct sc_hz *, const struct sc_hz_item *);

static const uint64_t *ask(const struct sc_hz *h, superseder kind, size_t rank)
{
    const struct sc_hz_item *it = &h->item[rank];
    return it->counts && !it->pending ? kind(h, it) : NULL;
}

/* Everything superseded, whoever has seen it. */
static void superseded_all(const struct sc_hz *h, superseder kind, uint64_t *out)
{
    sc_bits_zero(out, h->words);
    for (size_t r = 0; r < h->n; r++) {
        const uint64_t *mask = ask(h, kind, r);
        if (mask != NULL)
            sc_bits_or_and(out, sc_dag_past(h->d, r), mask, h->words);
    }
}

/* Fills the table: row(r) = what is superseded by facts in r's past. */
static void fill_rows(struct sc_hz *h, superseder kind)
{
    h->rows_used = false;
    for (size_t r = 0; r < h->n && !h->rows_used; r++) {
        const uint64_t *mask = ask(h, kind, r);
        h->rows_used = mask != NULL && sc_bits_meet(sc_dag_past(h->d, r), mask, h->words);
    }
    if (!h->rows_used)
        return;
    const struct sc_dag *d = h->d;
    for (size_t r = 0; r < h->n; r++) {
        uint64_t *row = h->rows + r * h->words;
        sc_bits_zero(row, h->words);
        for (size_t e = d->edge_first[r]; e < d->edge_first[r + 1]; e++) {
            size_t p = d->edge[e];
            const uint64_t *mask = ask(h, kind, p);
            sc_bits_or(row, h->rows + p * h->words, p / 64 + 1);
            if (mask != NULL)
                sc_bits_or_and(row, sc_dag_past(d, p), mask, p / 64 + 1);
        }
    }
}

static const uint64_t *row(const struct sc_hz *h, size_t rank)
{
    return h->rows_used ? h->rows + rank * h->words : sc_hz_set(h, SC_HZ_NONE);
}

/* set and within have a member that is not in without; within NULL: everything. */
static bool remains(const struct sc_hz *h, size_t set, const uint64_t *within,
                    const uint64_t *without)
{
    const uint64_t *s = sc_hz_set(h, set);
    for (size_t w = 0; w < h->words; w++)
        if ((s[w] & (within != NULL ? within[w] : UINT64_MAX) & ~without[w]) != 0)
            return true;
    return false;
}

/* Greatest i <= max such that the set first + i has a member that remains; 0: none. */
static uint8_t greatest(const struct sc_hz *h, size_t first, uint8_t max, const uint64_t *within,
                        const uint64_t *without)
{
    uint8_t i = max;
    while (i > 0 && !remains(h, first + i, within, without))
        i--;
    return i;
}

static uint8_t severity_or_default(uint8_t severity)
{
    return severity != 0 ? severity : SC_HZ_SEVERITY_DEFAULT;
}

/* The sets that a level may lower, once the single ones are complete. */
static void fill_upto(struct sc_hz *h, size_t upto, size_t single, size_t max)
{
    for (size_t level = 1; level <= SC_LV_DISTRICT; level++) {
        sc_bits_or(sc_hz_set(h, upto + level), sc_hz_set(h, upto + level - 1), h->words);
        if (level <= max)
            sc_bits_or(sc_hz_set(h, upto + level), sc_hz_set(h, single + level), h->words);
    }
}

static bool refuting(const struct sc_hz_item *it)
{
    switch (it->type) {
    case SC_R_HAZARD_REPORT:
    case SC_R_HAZARD_FAIL:
    case SC_R_HAZARD_REOPEN:
    case SC_R_HAZARD_EMERGENCY:
    case SC_R_HAZARD_RECUR: return true;
    case SC_R_HAZARD_PROGRESS: return it->danger;
    default: return it->f->pruned;
    }
}

static bool assesses(const struct sc_hz_item *it)
{
    return it->severity != 0 &&
           (refuting(it) || it->type == SC_R_HAZARD_ASSESS || it->type == SC_R_HAZARD_DOWNGRADE);
}

static void classify_item(struct sc_hz *h, size_t r)
{
    const struct sc_hz_item *it = &h->item[r];
    if (refuting(it)) {
        sc_bit_set(sc_hz_set(h, SC_HZ_DANGER), r);
        sc_bit_set(sc_hz_set(h, SC_HZ_REFUTING), r);
    }
    if (assesses(it))
        sc_bit_set(sc_hz_set(h, (size_t)SC_HZ_SEV + it->severity), r);
    if (it->f->pruned)
        sc_bit_set(sc_hz_set(h, SC_HZ_ESC + SC_LV_STREET), r);
    switch (it->type) {
    case SC_R_HAZARD_ESCALATE:
        sc_bit_set(sc_hz_set(h, SC_HZ_DANGER), r);
        sc_bit_set(sc_hz_set(h, (size_t)SC_HZ_ESC + it->to_level), r);
        break;
    case SC_R_HAZARD_EMERGENCY: sc_bit_set(sc_hz_set(h, SC_HZ_EMERGENCY), r); break;
    case SC_R_HAZARD_FIX:
        sc_bit_set(sc_hz_set(h, SC_HZ_FIX), r);
        sc_bit_set(sc_hz_set(h, SC_HZ_CLAIM), r);
        break;
    case SC_R_HAZARD_PASS:
    case SC_R_HAZARD_VOID: sc_bit_set(sc_hz_set(h, SC_HZ_CLAIM), r); break;
    case SC_R_HAZARD_LINK: sc_bit_set(sc_hz_set(h, SC_HZ_LINK), r); break;
    default: break;
    }
}

/* The district's word, once given, leaves the hazard with the street. Done when all escalations are
 * known. */
static void classify_external(struct sc_hz *h)
{
    for (size_t r = 0; r < h->n; r++) {
        const struct sc_hz_item *it = &h->item[r];
        if (it->type != SC_R_HAZARD_EXTERNAL || !it->counts || it->pending)
            continue;
        const uint64_t *word = superseded_escalation(h, it);
        if (word != NULL && sc_bits_meet(word, sc_dag_past(h->d, r), h->words))
            sc_bit_set(sc_hz_set(h, SC_HZ_ESC + SC_LV_STREET), r);
    }
}

/* Assessments above what their own past gives are dangers. Leaves the rows of severity filled. */
static void classify_raises(struct sc_hz *h)
{
    fill_rows(h, superseded_severity);
    for (size_t r = 0; r < h->n; r++) {
        const struct sc_hz_item *it = &h->item[r];
        if (!it->counts || !assesses(it) || refuting(it))
            continue;
        if (it->severity >
            greatest(h, SC_HZ_SEV, SC_HZ_SEVERITY_MAX, sc_dag_past(h->d, r), row(h, r)))
            sc_bit_set(sc_hz_set(h, SC_HZ_DANGER), r);
    }
}

void sc_hz_classify(struct sc_hz *h)
{
    for (size_t r = 0; r < h->n; r++) {
        const struct sc_hz_item *it = &h->item[r];
        if (it->type == SC_R_HAZARD_PASS || it->type == SC_R_HAZARD_VOID)
            h->clear[h->clear_count++] = (struct sc_hz_clear){
                .rank = (uint16_t)r,
                .is_void = it->type == SC_R_HAZARD_VOID,
                .judged = it->counts && !it->pending,
            };
        if (it->counts)
            classify_item(h, r);
        h->created =
            h->created || (it->counts && (it->type == SC_R_HAZARD_REPORT || it->f->creates));
    }
    classify_external(h);
    fill_upto(h, SC_HZ_SEV_UPTO, SC_HZ_SEV, SC_HZ_SEVERITY_MAX);
    fill_upto(h, SC_HZ_ESC_UPTO, SC_HZ_ESC, SC_LV_DISTRICT);
    classify_raises(h);
}

/* Those of the greatest claimed time: what a person who acts next will most likely be judged by. */
static const struct sc_rules *latest_rules(const struct sc_hz *h)
{
    const struct sc_fact *latest = NULL;
    for (size_t r = 0; r < h->n; r++)
        if (latest == NULL || h->item[r].f->wall_ms > latest->wall_ms)
            latest = h->item[r].f;
    return latest != NULL ? latest->rules : NULL;
}

void sc_hz_required(struct sc_hz *h, struct sc_hazard *out)
{
    uint64_t *gone = sc_hz_set(h, SC_HZ_TMP_A);
    superseded_all(h, superseded_severity, gone);
    out->severity = severity_or_default(greatest(h, SC_HZ_SEV, SC_HZ_SEVERITY_MAX, NULL, gone));
    superseded_all(h, superseded_escalation, gone);
    out->escalated = (enum sc_level)greatest(h, SC_HZ_ESC, SC_LV_DISTRICT, NULL, gone);
    superseded_all(h, superseded_emergency, gone);
    const struct sc_rules *rules = latest_rules(h);
    out->required = sc_rules_level(rules, SC_CL_PASS, (uint8_t)out->severity);
    if (out->required < out->escalated)
        out->required = out->escalated;
    enum sc_level notice = sc_rules_level_of(rules, SC_CL_EMERGENCY);
    if (out->required < notice && remains(h, SC_HZ_EMERGENCY, NULL, gone))
        out->required = notice;
}

/* All assessments above 1 were lowered, in c's past, by persons other than c's. */
static bool lowered_by_others(const struct sc_hz *h, const struct sc_hz_clear *c)
{
    uint64_t *gone = sc_hz_set(h, SC_HZ_TMP_A);
    const uint64_t *past = sc_dag_past(h->d, c->rank);
    size_t looked_at = 0;
    sc_bits_zero(gone, h->words);
    for (size_t r = sc_bits_below(past, h->n); r != SC_BITS_NONE; r = sc_bits_below(past, r)) {
        const uint64_t *mask = ask(h, superseded_severity, r);
        if (mask == NULL || sc_hz_person_equal(&h->item[r], &h->item[c->rank]))
            continue;
        if (looked_at++ == SC_HZ_OWN_LOWERED_MAX)
            break;
        sc_bits_or_and(gone, sc_dag_past(h->d, r), mask, h->words);
    }
    return greatest(h, SC_HZ_SEV, SC_HZ_SEVERITY_MAX, NULL, gone) <= 1;
}

/* Second person of c, and whether c or a claim it rests on shows evidence. Rows: claims. */
static bool second_person(const struct sc_hz *h, struct sc_hz_clear *c)
{
    const struct sc_hz_item *k = &h->item[c->rank];
    const uint64_t *past = sc_dag_past(h->d, c->rank);
    const uint64_t *claims = sc_hz_set(h, SC_HZ_CLAIM);
    const uint64_t *gone = row(h, c->rank);
    bool other = false;
    bool own_fix = false;
    c->has_evidence = k->evidence;
    for (size_t w = 0; w < h->words; w++) {
        uint64_t rest = past[w] & claims[w] & ~gone[w];
        for (; rest != 0; rest &= rest - 1) {
            const struct sc_hz_item *it = &h->item[w * 64 + (size_t)__builtin_ctzll(rest)];
            bool same = sc_hz_person_equal(it, k);
            if (it->type == SC_R_HAZARD_FIX) {
                own_fix = own_fix || same;
                c->has_evidence = c->has_evidence || it->evidence;
            }
            other = other || (!same && (it->type == SC_R_HAZARD_VOID) == c->is_void);
        }
    }
    return other && (c->is_void || !own_fix);
}

static uint32_t persons_block(const struct sc_hz *h, struct sc_hz_clear *c)
{
    if (second_person(h, c))
        return 0;
    const struct sc_hz_item *k = &h->item[c->rank];
    if (!k->alone || c->severity >= sc_rules_number(k->f->rules, SC_PN_SECOND_FROM))
        return SC_HB_SECOND_PERSON;
    if (!c->has_evidence)
        return SC_HB_EVIDENCE;
    return lowered_by_others(h, c) ? 0 : SC_HB_SECOND_PERSON;
}

static uint32_t authority_blocks(const struct sc_hz_item *k, const struct sc_hz_clear *c)
{
    uint32_t blocks = k->power < c->severity || k->level < c->escalated ? SC_HB_AUTHORITY : 0;
    return c->unacked && !k->notices ? blocks | SC_HB_EMERGENCY_ACK : blocks;
}

/* The last kind: everything about c is known but its persons. */
static void finish(const struct sc_hz *h, struct sc_hz_clear *c)
{
    const struct sc_hz_item *k = &h->item[c->rank];
    if (!c->judged) {
        if (k->pending && k->counts)
            c->blocks = SC_HB_PENDING;
        else
            c->blocks = k->f->roles == 0 ? SC_HB_UNCERTIFIED : SC_HB_AUTHORITY;
        return;
    }
    c->blocks = authority_blocks(k, c) | persons_block(h, c);
    if (c->severity == SC_HZ_SEVERITY_MAX && !k->document)
        c->blocks |= SC_HB_DOCUMENT;
    if (c->is_void &&
        !sc_bits_within(sc_hz_set(h, SC_HZ_LINK), sc_dag_past(h->d, c->rank), h->words))
        c->blocks |= SC_HB_UNSEEN_DANGER;
}

void sc_hz_judge(struct sc_hz *h)
{
    CR_ASSERT(h->clear_count <= h->n);
    if (h->clear_count == 0)
        return;
    for (size_t i = 0; i < h->clear_count; i++) { /* rows: severity, from sc_hz_classify */
        struct sc_hz_clear *c = &h->clear[i];
        const uint64_t *gone = row(h, c->rank);
        c->severity = severity_or_default(greatest(h, SC_HZ_SEV, SC_HZ_SEVERITY_MAX, NULL, gone));
    }
    fill_rows(h, superseded_escalation);
    for (size_t i = 0; i < h->clear_count; i++) {
        struct sc_hz_clear *c = &h->clear[i];
        const uint64_t *gone = row(h, c->rank);
        c->escalated = greatest(h, SC_HZ_ESC, SC_LV_DISTRICT, NULL, gone);
    }
    fill_rows(h, superseded_emergency);
    for (size_t i = 0; i < h->clear_count; i++) {
        struct sc_hz_clear *c = &h->clear[i];
        c->unacked = remains(h, SC_HZ_EMERGENCY, NULL, row(h, c->rank));
    }
    fill_rows(h, superseded_claim);
    for (size_t i = 0; i < h->clear_count; i++)
        finish(h, &h->clear[i]);
}
