#include "tests/unit/schema/hazard_model.h"

#include <math.h>
#include <string.h>

#define MAX KIT_ACTS_MAX

struct model {
    const struct kit_act *acts;
    size_t n;
    const bool *present;
    const struct model_policy *policy;
    enum model_mutant mutant;
    bool past[MAX][MAX]; /* past[of][x] */
    bool pending[MAX];
    bool counting[MAX];
    bool covered[MAX];
    bool effective[MAX];
    int deadline_valid[MAX]; /* -1: not yet known */
};

static const struct kit_actor *who(const struct model *m, size_t i)
{
    return &kit_actors[m->acts[i].who];
}

static uint64_t type(const struct model *m, size_t i)
{
    return m->acts[i].pruned ? 0 : m->acts[i].type;
}

static bool is(const struct model *m, size_t i, uint64_t t)
{
    return m->present[i] && type(m, i) == t;
}

/* visited: acts that were walked through already, so that no path is walked twice. */
static bool walk(const struct kit_act *acts, const bool *present, size_t from, size_t x,
                 bool *visited)
{
    for (size_t p = 0; p < acts[from].parent_count; p++) {
        size_t parent = acts[from].parents[p];
        if (parent == KIT_NOWHERE || !present[parent] ||
            acts[parent].lamport >= acts[from].lamport || visited[parent])
            continue;
        visited[parent] = true;
        if (parent == x || walk(acts, present, parent, x, visited))
            return true;
    }
    return false;
}

bool model_reaches(const struct kit_act *acts, const bool *present, size_t from, size_t x)
{
    bool visited[MAX] = {false};
    return walk(acts, present, from, x, visited);
}

static bool misses_parent(const struct model *m, size_t i)
{
    for (size_t p = 0; p < m->acts[i].parent_count; p++)
        if (m->acts[i].parents[p] == KIT_NOWHERE || !m->present[m->acts[i].parents[p]])
            return true;
    return false;
}

static bool misses_ancestor(const struct model *m, size_t i)
{
    bool missing = misses_parent(m, i);
    for (size_t x = 0; x < m->n; x++)
        missing = missing || (m->past[i][x] && misses_parent(m, x));
    return missing;
}

/* The change that applies to act i for one value: that with the greatest moment not after it. */
static const struct kit_change *changed(const struct model *m, size_t i, enum kit_changed what,
                                        uint64_t at)
{
    const struct kit_change *best = NULL;
    for (size_t c = 0; c < m->policy->n && m->mutant != MODEL_NO_POLICY; c++) {
        const struct kit_change *p = &m->policy->changes[c];
        bool later = best == NULL || p->from > best->from ||
                     (p->from == best->from && p->order > best->order);
        bool begun = p->from <= m->acts[i].wall_ms || m->mutant == MODEL_POLICY_OF_NOW;
        if (p->what == what && (what == KIT_SECOND_FROM || p->at == at) && begun && later)
            best = p;
    }
    return best;
}

/* Roles that count for what is no danger. */
static uint32_t given(const struct model *m, size_t i)
{
    uint32_t roles = who(m, i)->roles;
    for (unsigned bit = 0; bit < SC_ROLE_COUNT; bit++) {
        const struct kit_change *c = changed(m, i, KIT_GIVER, bit);
        if (c != NULL && who(m, i)->giver > c->number)
            roles &= ~(1u << bit);
    }
    return roles;
}

static unsigned level_of_roles(uint32_t roles)
{
    unsigned level = 0;
    if (roles & SC_ROLE_OFFICER)
        level = 1;
    if (roles & SC_ROLE_CHIEF)
        level = 2;
    if (roles & SC_ROLE_VILLAGE)
        level = 3;
    if (roles & SC_ROLE_STREET)
        level = 4;
    if (roles & SC_ROLE_DISTRICT)
        level = 5;
    return level;
}

static unsigned level_of(const struct model *m, size_t i)
{
    return level_of_roles(given(m, i));
}

/* The author of act i may do this one thing, which takes a level by default. */
static bool may_one(const struct model *m, size_t i, uint64_t clear, unsigned level)
{
    const struct kit_change *c = changed(m, i, KIT_CLEAR, clear);
    if (c != NULL)
        return (given(m, i) & c->roles) != 0 && level_of(m, i) >= c->level;
    return level_of(m, i) >= level;
}

/* n and everything less. */
static bool may_clear(const struct model *m, size_t i, uint64_t first, unsigned n)
{
    for (unsigned k = 1; k <= n; k++)
        if (!may_one(m, i, first + k, k))
            return false;
    return true;
}

static bool notices(const struct model *m, size_t i)
{
    return may_one(m, i, SC_CL_EMERGENCY, 4);
}

static bool same_person(const struct model *m, size_t i, size_t j)
{
    if (m->mutant == MODEL_KEYS_NOT_PERSONS)
        return who(m, i)->key == who(m, j)->key;
    return who(m, i)->person == who(m, j)->person;
}

/* In the set, and its author may write it (or anybody may). */
static bool may_count(const struct model *m, size_t i)
{
    if (!m->present[i])
        return false;
    if (m->acts[i].pruned)
        return true;
    const struct sc_record *rec = sc_record_find(m->acts[i].type);
    const struct kit_change *c = changed(m, i, KIT_WRITERS, rec->type);
    bool danger = rec->klass == SC_DANGER || rec->type == SC_R_HAZARD_PROGRESS ||
                  rec->type == SC_R_HAZARD_ASSESS;
    uint32_t roles = danger ? who(m, i)->roles : given(m, i);
    return rec->open_report || (roles & (c != NULL ? c->roles : rec->writers)) != 0;
}

static bool counts(const struct model *m, size_t i)
{
    return m->counting[i];
}

/* Says that the thing is (still) there. */
static bool refuting(const struct model *m, size_t i)
{
    if (!counts(m, i))
        return false;
    return m->acts[i].pruned || is(m, i, SC_R_HAZARD_REPORT) || is(m, i, SC_R_HAZARD_FAIL) ||
           is(m, i, SC_R_HAZARD_REOPEN) || is(m, i, SC_R_HAZARD_EMERGENCY) ||
           is(m, i, SC_R_HAZARD_RECUR) || (is(m, i, SC_R_HAZARD_PROGRESS) && m->acts[i].danger);
}

/* Severity that act i asserts; 0: none. */
static unsigned assessment(const struct model *m, size_t i)
{
    const struct kit_act *a = &m->acts[i];
    if (!counts(m, i))
        return 0;
    if (is(m, i, SC_R_HAZARD_ASSESS) || is(m, i, SC_R_HAZARD_DOWNGRADE))
        return a->severity;
    if (!is(m, i, SC_R_HAZARD_REPORT))
        return 0;
    if (a->severity != 0)
        return a->severity;
    return sc_hazard_code_find(cr_span_text(a->code != NULL ? a->code : "A03"))->severity;
}

static bool lowers(const struct model *m, size_t g, uint64_t t)
{
    return is(m, g, t) && counts(m, g) && !m->pending[g];
}

static bool lowers_assessment(const struct model *m, size_t g, size_t a)
{
    return lowers(m, g, SC_R_HAZARD_DOWNGRADE) && m->past[g][a] &&
           may_clear(m, g, SC_CL_DOWNGRADE, assessment(m, a));
}

static bool answers_district(const struct model *m, size_t g)
{
    return lowers(m, g, SC_R_HAZARD_EXTERNAL) && m->acts[g].document &&
           may_one(m, g, SC_CL_EXTERNAL, 4);
}

/* Level to which act i escalates; 0: it does not. */
static unsigned escalation(const struct model *m, size_t i)
{
    if (!counts(m, i))
        return 0;
    if (m->acts[i].pruned)
        return 4;
    if (is(m, i, SC_R_HAZARD_ESCALATE))
        return m->acts[i].level;
    if (answers_district(m, i))
        for (size_t e = 0; e < m->n; e++)
            if (m->past[i][e] && is(m, e, SC_R_HAZARD_ESCALATE) && counts(m, e) &&
                m->acts[e].level == 5)
                return 4;
    return 0;
}

static bool lowers_escalation(const struct model *m, size_t g, size_t e)
{
    if (!m->past[g][e])
        return false;
    if (lowers(m, g, SC_R_HAZARD_HANDBACK) && may_clear(m, g, SC_CL_HANDBACK, escalation(m, e)))
        return true;
    return answers_district(m, g) && escalation(m, e) == 5;
}

static bool acknowledges(const struct model *m, size_t g, size_t e)
{
    return m->past[g][e] && notices(m, g) &&
           (lowers(m, g, SC_R_HAZARD_ACCEPT) || lowers(m, g, SC_R_HAZARD_PASS) ||
            lowers(m, g, SC_R_HAZARD_VOID));
}

/* Questions about raises: which lowering acts may be looked at, and which raises. */
struct view {
    const bool *lowering; /* NULL: all */
    const bool *raising;
};

static bool is_lowered(const struct model *m, const struct view *v, size_t raise,
                       bool (*by)(const struct model *, size_t, size_t))
{
    for (size_t g = 0; g < m->n; g++)
        if ((v->lowering == NULL || v->lowering[g]) && by(m, g, raise))
            return true;
    return false;
}

static unsigned severity_seen(const struct model *m, const struct view *v)
{
    unsigned greatest = 0;
    for (size_t a = 0; a < m->n; a++)
        if ((v->raising == NULL || v->raising[a]) && assessment(m, a) > greatest &&
            !is_lowered(m, v, a, lowers_assessment))
            greatest = assessment(m, a);
    return greatest;
}

static unsigned severity(const struct model *m, const struct view *v)
{
    unsigned s = severity_seen(m, v);
    return s != 0 ? s : 2;
}

static unsigned escalated(const struct model *m, const struct view *v)
{
    unsigned greatest = 0;
    for (size_t e = 0; e < m->n; e++)
        if ((v->raising == NULL || v->raising[e]) && escalation(m, e) > greatest &&
            !is_lowered(m, v, e, lowers_escalation))
            greatest = escalation(m, e);
    return greatest;
}

static bool unacknowledged(const struct model *m, const struct view *v)
{
    for (size_t e = 0; e < m->n; e++)
        if ((v->raising == NULL || v->raising[e]) && is(m, e, SC_R_HAZARD_EMERGENCY) &&
            !is_lowered(m, v, e, acknowledges))
            return true;
    return false;
}

static bool danger(const struct model *m, size_t i)
{
    if (refuting(m, i) || (is(m, i, SC_R_HAZARD_ESCALATE) && counts(m, i)))
        return true;
    struct view own = {m->past[i], m->past[i]};
    return assessment(m, i) > severity_seen(m, &own);
}

static bool clearance(const struct model *m, size_t i)
{
    return is(m, i, SC_R_HAZARD_PASS) || is(m, i, SC_R_HAZARD_VOID);
}

static bool claim(const struct model *m, size_t i)
{
    return counts(m, i) && (clearance(m, i) || is(m, i, SC_R_HAZARD_FIX));
}

/* A claim in k's past that no danger in k's past refutes. */
static bool claim_before(const struct model *m, size_t k, size_t c)
{
    if (!claim(m, c) || !m->past[k][c])
        return false;
    for (size_t r = 0; r < m->n; r++)
        if (refuting(m, r) && m->past[k][r] && m->past[r][c])
            return false;
    return true;
}

static bool latest_fix_before(const struct model *m, size_t k, size_t c)
{
    if (!claim_before(m, k, c) || !is(m, c, SC_R_HAZARD_FIX))
        return false;
    for (size_t later = 0; later < m->n; later++)
        if (is(m, later, SC_R_HAZARD_FIX) && claim_before(m, k, later) && m->past[later][c])
            return false;
    return true;
}

static bool two_persons(const struct model *m, size_t k)
{
    bool is_void = is(m, k, SC_R_HAZARD_VOID);
    bool other = false;
    if (m->mutant == MODEL_NO_SECOND_PERSON)
        return true;
    for (size_t c = 0; c < m->n; c++) {
        if (!claim_before(m, k, c))
            continue;
        if (!is_void && latest_fix_before(m, k, c) && same_person(m, k, c))
            return false;
        if (is(m, c, SC_R_HAZARD_VOID) == is_void && !same_person(m, k, c))
            other = true;
    }
    return other;
}

static bool evidence(const struct model *m, size_t k)
{
    if (m->acts[k].evidence)
        return true;
    for (size_t c = 0; c < m->n; c++)
        if (m->acts[c].evidence && latest_fix_before(m, k, c))
            return true;
    return false;
}

/* Severity 1 would also stand without what k's own person lowered. */
static bool minor_by_others(const struct model *m, size_t k)
{
    bool others[MAX];
    for (size_t g = 0; g < m->n; g++)
        others[g] = m->past[k][g] && !same_person(m, k, g);
    return severity(m, &(struct view){others, NULL}) <= 1;
}

static struct view view_of(const struct model *m, size_t k)
{
    struct view v = {m->past[k], NULL};
    if (m->mutant == MODEL_NO_CONCURRENT)
        v.raising = m->past[k];
    if (m->mutant == MODEL_LOWER_RETROACTIVE)
        v.lowering = NULL;
    return v;
}

/* Reasons why clearance k is not effective. */
static uint32_t reasons(const struct model *m, size_t k)
{
    uint32_t why = 0;
    if (!counts(m, k))
        return who(m, k)->roles == 0 ? SC_HB_UNCERTIFIED : SC_HB_AUTHORITY;
    if (m->pending[k] && m->mutant != MODEL_PENDING_CLEARS)
        return SC_HB_PENDING;
    struct view v = view_of(m, k);
    unsigned sev = severity(m, &v);
    uint64_t kind = is(m, k, SC_R_HAZARD_PASS) ? SC_CL_PASS : SC_CL_VOID;
    const struct kit_change *second = changed(m, k, KIT_SECOND_FROM, 0);
    if (!may_clear(m, k, kind, sev) || level_of(m, k) < escalated(m, &v))
        why |= SC_HB_AUTHORITY;
    if (unacknowledged(m, &v) && !notices(m, k))
        why |= SC_HB_EMERGENCY_ACK;
    if (!two_persons(m, k)) {
        if (sev >= (second != NULL ? second->number : 2) || !may_one(m, k, SC_CL_ALONE, 1))
            why |= SC_HB_SECOND_PERSON;
        else if (!evidence(m, k))
            why |= SC_HB_EVIDENCE;
        else if (!minor_by_others(m, k))
            why |= SC_HB_SECOND_PERSON;
    }
    if (sev == 4 && !m->acts[k].document)
        why |= SC_HB_DOCUMENT;
    for (size_t l = 0; l < m->n; l++)
        if (is(m, k, SC_R_HAZARD_VOID) && is(m, l, SC_R_HAZARD_LINK) && counts(m, l) &&
            !m->past[k][l])
            why |= SC_HB_UNSEEN_DANGER;
    return why;
}

static bool uncovered(const struct model *m, size_t d)
{
    return danger(m, d) && !m->covered[d];
}

static bool everything_covered(const struct model *m)
{
    bool created = false;
    for (size_t i = 0; i < m->n; i++) {
        created = created || (m->present[i] && m->acts[i].type == SC_R_HAZARD_REPORT);
        if (uncovered(m, i))
            return false;
    }
    return created;
}

static uint64_t closed_state(const struct model *m)
{
    for (size_t k = 0; k < m->n; k++) {
        bool latest = m->effective[k];
        for (size_t j = 0; j < m->n; j++)
            latest = latest && !(m->effective[j] && m->past[j][k]);
        if (latest && is(m, k, SC_R_HAZARD_PASS))
            return SC_HS_CLOSED;
    }
    return SC_HS_VOID;
}

static uint64_t open_state(const struct model *m)
{
    uint64_t state = SC_HS_REPORTED;
    for (size_t i = 0; i < m->n; i++) {
        uint64_t s = 0;
        if (!counts(m, i))
            continue;
        if (is(m, i, SC_R_HAZARD_ACCEPT) && !m->covered[i])
            s = SC_HS_ACCEPTED;
        if (is(m, i, SC_R_HAZARD_ASSIGN) && !m->covered[i])
            s = SC_HS_ASSIGNED;
        if (is(m, i, SC_R_HAZARD_PROGRESS) && !m->acts[i].danger && !m->covered[i])
            s = SC_HS_RECTIFYING;
        if (claim(m, i)) {
            s = SC_HS_FIX_CLAIMED;
            for (size_t d = 0; d < m->n; d++)
                if (refuting(m, d) && uncovered(m, d) && !m->past[i][d])
                    s = 0;
        }
        state = s > state ? s : state;
    }
    return state;
}

/* Clearance k still speaks. */
static bool speaks(const struct model *m, size_t k)
{
    for (size_t i = 0; i < m->n; i++) {
        if (!m->past[i][k])
            continue;
        if (refuting(m, i) && uncovered(m, i))
            return false;
        if (clearance(m, i) && counts(m, i) && !m->pending[i] && speaks(m, i))
            return false;
    }
    return true;
}

static uint32_t blocks(const struct model *m)
{
    uint32_t all = 0;
    bool created = false;
    for (size_t k = 0; k < m->n; k++) {
        created = created || (m->present[k] && m->acts[k].type == SC_R_HAZARD_REPORT);
        if (!clearance(m, k) || !speaks(m, k))
            continue;
        all |= reasons(m, k);
        for (size_t d = 0; d < m->n; d++)
            if (counts(m, k) && !m->pending[k] && uncovered(m, d) && !m->past[k][d])
                all |= SC_HB_UNSEEN_DANGER;
    }
    if (all == 0)
        all = SC_HB_NO_CLEARANCE;
    return created ? all : all | SC_HB_PENDING;
}

static bool is_deadline(const struct model *m, size_t i)
{
    return is(m, i, SC_R_HAZARD_DEADLINE) && counts(m, i);
}

static bool deadline_valid(struct model *m, size_t i);

/* Earliest of the causally maximal deadlines in a set. */
static uint64_t deadline_in(struct model *m, const bool *set)
{
    uint64_t earliest = 0;
    for (size_t i = 0; i < m->n; i++) {
        bool maximal = set[i] && is_deadline(m, i) && deadline_valid(m, i);
        for (size_t j = 0; maximal && j < m->n; j++)
            maximal = !(set[j] && is_deadline(m, j) && m->past[j][i] && deadline_valid(m, j));
        if (maximal && (earliest == 0 || m->acts[i].deadline < earliest))
            earliest = m->acts[i].deadline;
    }
    return earliest;
}

static bool deadline_valid(struct model *m, size_t i)
{
    if (m->deadline_valid[i] < 0) {
        uint64_t before = deadline_in(m, m->past[i]);
        bool extends = before != 0 && m->acts[i].deadline > before;
        m->deadline_valid[i] =
            !extends || (may_one(m, i, SC_CL_EXTEND, 2) && m->acts[i].reason && !m->pending[i]);
    }
    return m->deadline_valid[i] == 1;
}

static void assignments(const struct model *m, struct model_result *out)
{
    for (size_t i = 0; i < m->n; i++) {
        bool maximal = is(m, i, SC_R_HAZARD_ASSIGN) && counts(m, i);
        for (size_t j = 0; maximal && j < m->n; j++)
            maximal = !(is(m, j, SC_R_HAZARD_ASSIGN) && counts(m, j) && m->past[j][i]);
        if (maximal)
            out->assigned[m->acts[i].assignee] = true;
    }
}

static void links(const struct model *m, struct model_result *out)
{
    for (size_t i = 0; i < m->n; i++) {
        bool stands = is(m, i, SC_R_HAZARD_LINK) && counts(m, i);
        for (size_t j = 0; stands && j < m->n; j++)
            stands = !(lowers(m, j, SC_R_HAZARD_UNLINK) && m->past[j][i] &&
                       m->acts[j].member == m->acts[i].member);
        if (stands)
            out->linked[m->acts[i].member] = true;
    }
}

static bool tells_position(const struct model *m, size_t i)
{
    return counts(m, i) && m->acts[i].has_position &&
           (is(m, i, SC_R_HAZARD_REPORT) || is(m, i, SC_R_HAZARD_EDIT));
}

static bool latest_position(const struct model *m, size_t i)
{
    for (size_t j = 0; j < m->n; j++)
        if (tells_position(m, j) && m->past[j][i])
            return false;
    return tells_position(m, i);
}

static double metres(const struct kit_act *a, const struct kit_act *b)
{
    const double radian = 3.14159265358979323846 / 180;
    double north = (double)(a->lat_e7 - b->lat_e7) * 1e-7 * 111319;
    double east =
        (double)(a->lon_e7 - b->lon_e7) * 1e-7 * 111319 * cos((double)a->lat_e7 * 1e-7 * radian);
    return sqrt(north * north + east * east);
}

static bool crossed(const struct model *m, size_t a, size_t b)
{
    return a != b && !m->past[a][b] && !m->past[b][a];
}

static bool conflict(const struct model *m, const struct model_result *out)
{
    size_t assigned = 0;
    for (size_t i = 0; i < 10; i++)
        assigned += out->assigned[i];
    if (assigned > 1)
        return true;
    for (size_t i = 0; i < m->n; i++)
        for (size_t j = 0; j < m->n; j++)
            if (latest_position(m, i) && latest_position(m, j) && crossed(m, i, j) &&
                metres(&m->acts[i], &m->acts[j]) > 50)
                return true;
    for (size_t k = 0; k < m->n; k++) {
        if (!clearance(m, k) || !counts(m, k) || m->pending[k])
            continue;
        for (size_t d = 0; d < m->n; d++) {
            if (!crossed(m, k, d))
                continue;
            if (uncovered(m, d))
                return true;
            uint64_t kind = is(m, k, SC_R_HAZARD_PASS) ? SC_CL_PASS : SC_CL_VOID;
            bool above = !may_clear(m, k, kind, assessment(m, d)) ||
                         escalation(m, d) > level_of(m, k) ||
                         (is(m, d, SC_R_HAZARD_EMERGENCY) && !notices(m, k));
            if (above && speaks(m, k))
                return true;
        }
    }
    return false;
}

static void flags(const struct model *m, struct model_result *out)
{
    bool confirmed = false;
    for (size_t i = 0; i < m->n; i++) {
        if (!m->present[i])
            continue;
        if (is(m, i, SC_R_HAZARD_EMERGENCY) && uncovered(m, i))
            out->flags |= SC_HF_EMERGENCY;
        if (is(m, i, SC_R_HAZARD_TRANSFER) && counts(m, i))
            out->flags |= SC_HF_TRANSFERRED;
        if (is(m, i, SC_R_HAZARD_RECUR) && counts(m, i))
            out->flags |= SC_HF_RECURRENT;
        if (m->pending[i])
            out->flags |= SC_HF_PENDING;
        confirmed = confirmed || (danger(m, i) && who(m, i)->roles != 0);
    }
    for (size_t i = 0; i < 10; i++)
        if (out->linked[i])
            out->flags |= SC_HF_LINKED;
    if (!confirmed)
        out->flags |= SC_HF_UNCONFIRMED;
    if (out->escalated > 0)
        out->flags |= SC_HF_ESCALATED;
    if (out->severity == 4)
        out->flags |= SC_HF_MAJOR;
    if (out->state < SC_HS_CLOSED && conflict(m, out))
        out->flags |= SC_HF_CONFLICT;
}

/* The wrong rule of most record systems. */
static uint64_t last_by_clock(const struct model *m)
{
    size_t last = m->n;
    for (size_t i = 0; i < m->n; i++)
        if (counts(m, i) && (danger(m, i) || (clearance(m, i) && !m->pending[i])) &&
            (last == m->n || m->acts[i].wall_ms > m->acts[last].wall_ms))
            last = i;
    if (last == m->n || !clearance(m, last))
        return open_state(m);
    return is(m, last, SC_R_HAZARD_VOID) ? SC_HS_VOID : SC_HS_CLOSED;
}

static void judge(struct model *m, struct model_result *out)
{
    for (size_t k = 0; k < m->n; k++)
        m->effective[k] = clearance(m, k) && reasons(m, k) == 0;
    for (size_t d = 0; d < m->n; d++)
        for (size_t k = 0; k < m->n; k++)
            m->covered[d] = m->covered[d] || (m->effective[k] && m->past[k][d]);
    for (size_t d = 0; d < m->n; d++) {
        out->danger_count += danger(m, d);
        out->uncovered_count += uncovered(m, d);
    }
    out->exists = out->danger_count > 0;
    out->state = out->exists && everything_covered(m) ? closed_state(m) : open_state(m);
    if (m->mutant == MODEL_LAST_WRITER_WINS)
        out->state = last_by_clock(m);
    if (out->exists && out->state < SC_HS_CLOSED)
        out->blocks = blocks(m);
}

/* The act of the greatest claimed time, whose policy says what is required. */
static size_t last_act(const struct model *m)
{
    size_t last = m->n;
    for (size_t i = 0; i < m->n; i++)
        if (m->present[i] && (last == m->n || m->acts[i].wall_ms > m->acts[last].wall_ms))
            last = i;
    return last;
}

/* Least level that some role gives with which this is allowed, for act i's time. */
static unsigned level_needed(const struct model *m, size_t i, uint64_t clear, unsigned level)
{
    const struct kit_change *c = i < m->n ? changed(m, i, KIT_CLEAR, clear) : NULL;
    if (c == NULL)
        return level;
    for (unsigned l = c->level; l < 5; l++)
        for (unsigned bit = 0; bit < SC_ROLE_COUNT; bit++)
            if ((c->roles >> bit & 1) != 0 && level_of_roles(1u << bit) == l)
                return l;
    return 5;
}

static unsigned required(const struct model *m, const struct model_result *out)
{
    struct view everything = {NULL, NULL};
    size_t last = last_act(m);
    unsigned need = (unsigned)out->escalated;
    for (unsigned s = 1; s <= out->severity; s++)
        if (level_needed(m, last, SC_CL_PASS + s, s) > need)
            need = level_needed(m, last, SC_CL_PASS + s, s);
    unsigned notice = level_needed(m, last, SC_CL_EMERGENCY, 4);
    return need < notice && unacknowledged(m, &everything) ? notice : need;
}

void model_fold(const struct kit_act *acts, size_t n, const bool *present,
                const struct model_policy *policy, enum model_mutant mutant,
                struct model_result *out)
{
    static const struct model_policy none = {NULL, 0};
    struct model m = {.acts = acts,
                      .n = n,
                      .present = present,
                      .policy = policy != NULL ? policy : &none,
                      .mutant = mutant};
    struct view everything = {NULL, NULL};
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < n; i++) {
        m.deadline_valid[i] = -1;
        m.counting[i] = may_count(&m, i);
        if (present[i]) /* looking for nothing, it visits the whole past */
            (void)walk(acts, present, i, SIZE_MAX, m.past[i]);
    }
    for (size_t i = 0; i < n; i++)
        m.pending[i] = present[i] && misses_ancestor(&m, i);
    judge(&m, out);
    out->severity = severity(&m, &everything);
    out->escalated = escalated(&m, &everything);
    out->required = required(&m, out);
    bool all[MAX];
    memcpy(all, present, n * sizeof(*all));
    out->deadline = deadline_in(&m, all);
    assignments(&m, out);
    links(&m, out);
    if (out->exists)
        flags(&m, out);
}
