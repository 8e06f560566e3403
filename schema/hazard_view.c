/* What a hazard shows besides its state: deadline, assignees, links, display fields. */
#include "schema/hazard_fold.h"

#include <stdlib.h>
#include <string.h>

/* Earliest of the causally maximal members of valid that lie in past; 0: none. */
static uint64_t deadline_in(struct sc_hz *h, const uint64_t *valid, const uint64_t *past)
{
    uint64_t *rest = sc_hz_set(h, SC_HZ_TMP_B);
    uint64_t earliest = 0;
    for (size_t w = 0; w < h->words; w++)
        rest[w] = valid[w] & (past != NULL ? past[w] : UINT64_MAX);
    for (size_t r = sc_bits_below(rest, h->n); r != SC_BITS_NONE; r = sc_bits_below(rest, r)) {
        uint64_t ms = h->item[r].deadline_ms;
        if (earliest == 0 || ms < earliest)
            earliest = ms;
        const uint64_t *older = sc_dag_past(h->d, r);
        for (size_t w = 0; w <= r / 64; w++)
            rest[w] &= ~older[w];
    }
    return earliest;
}

static bool may_extend(const struct sc_hz_item *it)
{
    return it->extends && it->reason && !it->pending;
}

static uint64_t deadline_of(struct sc_hz *h)
{
    uint64_t *valid = sc_hz_set(h, SC_HZ_TMP_A);
    uint64_t earliest = 0;
    size_t count = 0;
    for (size_t r = 0; r < h->n; r++) {
        uint64_t ms = h->item[r].counts ? h->item[r].deadline_ms : 0;
        if (ms == 0)
            continue;
        count++;
        if (earliest == 0 || ms < earliest)
            earliest = ms;
    }
    if (count <= 1 || count > SC_HZ_DEADLINES_MAX)
        return earliest;
    sc_bits_zero(valid, h->words);
    for (size_t r = 0; r < h->n; r++) {
        const struct sc_hz_item *it = &h->item[r];
        if (!it->counts || it->deadline_ms == 0)
            continue;
        uint64_t now = deadline_in(h, valid, sc_dag_past(h->d, r));
        if (now == 0 || it->deadline_ms <= now || may_extend(it))
            sc_bit_set(valid, r);
    }
    return deadline_in(h, valid, NULL);
}

static int text_cmp(struct cr_span a, struct cr_span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* Keeps the smallest ones, ascending, each once. */
static void add_assignee(struct sc_hazard *out, struct cr_span who)
{
    size_t at = 0;
    while (at < out->assignee_count && text_cmp(out->assignees[at], who) < 0)
        at++;
    if (at == SC_HAZARD_ASSIGNEES_MAX ||
        (at < out->assignee_count && text_cmp(out->assignees[at], who) == 0))
        return;
    if (out->assignee_count < SC_HAZARD_ASSIGNEES_MAX)
        out->assignee_count++;
    for (size_t i = out->assignee_count - 1; i > at; i--)
        out->assignees[i] = out->assignees[i - 1];
    out->assignees[at] = who;
}

static void view_assignees(struct sc_hz *h, struct sc_hazard *out)
{
    uint64_t *older = sc_hz_set(h, SC_HZ_TMP_A);
    sc_bits_zero(older, h->words);
    for (size_t r = h->n; r-- > 0;) {
        const struct sc_hz_item *it = &h->item[r];
        if (it->type != SC_R_HAZARD_ASSIGN || !it->counts || it->assignee.n == 0 ||
            sc_bit(older, r))
            continue;
        add_assignee(out, it->assignee);
        sc_bits_or(older, sc_dag_past(h->d, r), h->words);
    }
}

static void add_link(struct sc_hazard *out, const struct sc_id *id)
{
    size_t at = 0;
    while (at < out->link_count && sc_id_cmp(&out->links[at], id) < 0)
        at++;
    if (at == SC_HAZARD_LINKS_MAX || (at < out->link_count && sc_id_equal(&out->links[at], id)))
        return;
    if (out->link_count < SC_HAZARD_LINKS_MAX)
        out->link_count++;
    for (size_t i = out->link_count - 1; i > at; i--)
        out->links[i] = out->links[i - 1];
    out->links[at] = *id;
}

static bool unlinked(const struct sc_hz *h, size_t link)
{
    for (size_t r = link + 1; r < h->n; r++) {
        const struct sc_hz_item *it = &h->item[r];
        if (it->type == SC_R_HAZARD_UNLINK && it->counts && !it->pending && it->has_member &&
            sc_dag_in_past(h->d, r, link) && sc_id_equal(&it->member, &h->item[link].member))
            return true;
    }
    return false;
}

static void view_links(const struct sc_hz *h, struct sc_hazard *out)
{
    const uint64_t *links = sc_hz_set(h, SC_HZ_LINK);
    for (size_t r = sc_bits_from(links, 0, h->words); r != SC_BITS_NONE;
         r = sc_bits_from(links, r + 1, h->words))
        if (h->item[r].has_member && !unlinked(h, r))
            add_link(out, &h->item[r].member);
}

/* The creating entry speaks first, and no report by somebody else over it. */
static bool is_creating(const struct sc_hz_item *it)
{
    return it->counts && (it->type == SC_R_HAZARD_REPORT || it->f->creates);
}

static bool is_edit(const struct sc_hz_item *it)
{
    return it->counts && it->type == SC_R_HAZARD_EDIT;
}

static void view_display(const struct sc_hz *h, struct sc_hazard *out)
{
    const struct sc_hz_item *first = NULL;
    const struct sc_hz_item *danger = NULL;
    for (size_t r = 0; r < h->n; r++) {
        const struct sc_hz_item *it = &h->item[r];
        if (is_creating(it)) {
            first = first != NULL ? first : it;
            sc_hz_read_display(it->f, out);
        }
        if (danger == NULL && sc_bit(sc_hz_set(h, SC_HZ_DANGER), r))
            danger = it;
        if (it->counts)
            out->last_ms = it->when_ms;
    }
    for (size_t r = 0; r < h->n; r++)
        if (is_edit(&h->item[r]))
            sc_hz_read_display(h->item[r].f, out);
    if (first == NULL)
        first = danger;
    if (first != NULL) {
        out->reported_ms = first->when_ms;
        out->reporter = first->f->person;
    }
}

void sc_hz_view(struct sc_hz *h, struct sc_hazard *out)
{
    out->deadline_ms = deadline_of(h);
    view_assignees(h, out);
    view_links(h, out);
    view_display(h, out);
}

/* 50 m in 1e-7 degrees of latitude: 50 / 0.0111319. */
#define APART_E7 4492

/* Whole numbers only, so that every machine agrees: the cosine by Bhaskara's formula, good to 0.2
 * %. */
static bool apart(const int64_t a[2], const int64_t b[2])
{
    int64_t north = a[0] > b[0] ? a[0] - b[0] : b[0] - a[0];
    int64_t east = a[1] > b[1] ? a[1] - b[1] : b[1] - a[1];
    if (east > 1800000000)
        east = 3600000000 - east;
    int64_t degrees_e2 = (a[0] < 0 ? -a[0] : a[0]) / 100000;
    int64_t square = degrees_e2 * degrees_e2;
    east = east * (324000000 - 4 * square) / (324000000 + square);
    return north * north + east * east > (int64_t)APART_E7 * APART_E7;
}

static bool positions_apart(struct sc_hz *h)
{
    int64_t at[SC_HZ_POSITIONS_MAX][2];
    uint64_t *older = sc_hz_set(h, SC_HZ_TMP_A);
    size_t count = 0;
    sc_bits_zero(older, h->words);
    for (size_t r = h->n; r-- > 0;) {
        int64_t p[2];
        if ((!is_creating(&h->item[r]) && !is_edit(&h->item[r])) || sc_bit(older, r) ||
            !sc_hz_read_position(h->item[r].f, &p[0], &p[1]))
            continue;
        if (count == SC_HZ_POSITIONS_MAX)
            return true;
        for (size_t i = 0; i < count; i++)
            if (apart(at[i], p))
                return true;
        at[count][0] = p[0];
        at[count++][1] = p[1];
        sc_bits_or(older, sc_dag_past(h->d, r), h->words);
    }
    return false;
}

bool sc_hz_contested(struct sc_hz *h, const struct sc_hazard *out)
{
    return out->assignee_count > 1 || positions_apart(h);
}
