/* What a transaction would change, told instead of committed. The evaluation as it was is built
 * before anything is applied; every subject that folds again is read under it and under the new
 * one.
 *
 * Failure: as in any transaction, the caller rolls back. */

#include "node/store_preview.h"
#include "node/store_int.h"

#include <stdlib.h>
#include <string.h>

struct weight { /* of one fact */
    int64_t entry;
    enum sc_why held;
};

struct nd_preview_state {
    struct nd_preview *p;
    struct sc_authority *before;
    struct cr_buf fresh;   /* int64_t: entries that the transaction brought */
    struct cr_buf weights; /* struct weight: of the subject at work, as they were; by entry */
};

int nd_store_begin_preview(struct nd_store *s, struct nd_preview *p, struct st_err *err)
{
    struct nd_preview_state *v;
    int rc = nd_txn_begin(s, err);

    if (rc != ST_OK)
        return rc;
    v = calloc(1, sizeof *v);
    rc = v != NULL ? nd_auth_build(s, false, &v->before, err) : st_fail(err, ST_NOMEM, "preview");
    if (rc != ST_OK) {
        free(v);
        nd_store_rollback(s);
        return rc;
    }
    cr_buf_init(&v->fresh, UINT32_MAX);
    cr_buf_init(&v->weights, UINT32_MAX);
    p->entries_stop = p->entries_begin = p->hazards = 0;
    v->p = p;
    s->preview = v;
    return ST_OK;
}

void nd_preview_end(struct nd_store *s)
{
    struct nd_preview_state *v = s->preview;

    if (v == NULL)
        return;
    s->preview = NULL;
    sc_authority_free(v->before);
    cr_buf_release(&v->fresh);
    cr_buf_release(&v->weights);
    free(v);
}

int nd_preview_fresh(struct nd_store *s, int64_t no)
{
    return s->preview != NULL ? cr_buf_append(&s->preview->fresh, &no, sizeof no) : ST_OK;
}

static bool is_fresh(const struct nd_preview_state *v, int64_t no)
{
    for (size_t at = 0; at < v->fresh.n; at += sizeof no) {
        if (memcmp(v->fresh.p + at, &no, sizeof no) == 0)
            return true;
    }
    return false;
}

static int by_entry(const void *a, const void *b)
{
    const struct weight *x = a, *y = b;

    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

static void swap_authority(struct nd_store *s)
{
    struct sc_authority *other = s->preview->before;

    s->preview->before = s->auth;
    s->auth = other;
    s->auth_gen++; /* what was remembered of rows is of the other */
}

#define FILL(side, proj)                                        \
    do {                                                        \
        (side).listed = (proj)->row.type == SC_R_HAZARD_REPORT; \
        (side).unverified_only = (proj)->unverified_only;       \
        if ((side).listed) {                                    \
            (side).state = (proj)->hazard.state;                \
            (side).flags = (proj)->hazard.flags;                \
            (side).severity = (proj)->hazard.severity;          \
        }                                                       \
    } while (0)

static int take_weights(struct nd_store *s)
{
    struct cr_buf *w = &s->preview->weights;
    int rc = ST_OK;

    cr_buf_clear(w);
    for (size_t i = 0; rc == ST_OK && i < s->facts.count; i++) {
        struct weight one;

        memset(&one, 0, sizeof one);
        one.entry = s->facts.src[i].entry;
        one.held = s->facts.src[i].held;
        rc = cr_buf_append(w, &one, sizeof one);
    }
    if (w->n > 0)
        qsort(w->p, w->n / sizeof(struct weight), sizeof(struct weight), by_entry);
    return rc;
}

static int tell_entries(struct nd_store *s, const struct sc_id *sid)
{
    struct nd_preview_state *v = s->preview;
    size_t n = v->weights.n / sizeof(struct weight);

    for (size_t i = 0; i < s->facts.count; i++) {
        struct weight key = {.entry = s->facts.src[i].entry};
        const struct weight *was =
            n > 0 ? bsearch(&key, v->weights.p, n, sizeof key, by_entry) : NULL;
        enum sc_why now = s->facts.src[i].held;
        struct nd_history_row row;
        struct nd_preview_entry e = {.entry = &row, .subject = *sid};
        int rc;

        if (was == NULL || was->held == now || is_fresh(v, key.entry))
            continue;
        v->p->entries_stop += was->held == SC_WHY_COUNTS;
        v->p->entries_begin += now == SC_WHY_COUNTS;
        e.before = was->held;
        nd_history_row(&s->facts, i, &row);
        rc = v->p->entry != NULL ? v->p->entry(v->p->arg, &e) : ST_OK;
        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

int nd_preview_subject(struct nd_store *s, const struct nd_subject *subject,
                       struct nd_projection *out, struct st_err *err)
{
    struct nd_preview_hazard h;
    int rc;

    memset(&h, 0, sizeof h);
    h.subject = subject->sid;
    h.scope = subject->scope;
    swap_authority(s);
    rc = nd_project(s, subject, out, err);
    FILL(h.before, out);
    if (rc == ST_OK && take_weights(s) != ST_OK)
        rc = st_fail(err, ST_NOMEM, "preview");
    swap_authority(s);
    if (rc == ST_OK)
        rc = nd_project(s, subject, out, err);
    if (rc == ST_OK)
        rc = tell_entries(s, &subject->sid);
    if (rc != ST_OK)
        return rc;
    FILL(h.after, out);
    if (memcmp(&h.before, &h.after, sizeof h.before) == 0)
        return ST_OK;
    s->preview->p->hazards++;
    return s->preview->p->hazard != NULL ? s->preview->p->hazard(s->preview->p->arg, &h) : ST_OK;
}

int nd_store_preview(struct nd_store *s, struct st_err *err)
{
    int rc;

    if (s->preview == NULL)
        return st_fail(err, ST_STATE, "no preview is open");
    rc = nd_auth_spread(s, err);
    return rc == ST_OK ? nd_dirty_fold(s, err) : rc;
}
