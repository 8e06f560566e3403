/* Last writer wins, field by field, where a later value replaces an earlier one by cause and ties
 * break by the order of facts. Facts are visited from the latest down: the first that names a field
 * gives it, and one that names another value and lies in no visited setter's past is concurrent
 * with a maximal one. Failure: no memory, and only above SC_DAG_SMALL facts. */
#include "schema/fact.h"

#include "crypto/base/assert.h"
#include "schema/bits.h"

#include <stdlib.h>

static bool value_equal(const struct sc_value *a, const struct sc_value *b)
{
    return a->u == b->u && a->i == b->i && cr_span_equal(a->s, b->s);
}

static bool counts(const struct sc_record *rec, const struct sc_fact *f)
{
    return !f->pruned && !f->misplaced && f->type == rec->type && sc_fact_may_write(f, rec);
}

/* seen: one set of ranks per field, the pasts of those that name it. */
static void take_fact(const struct sc_dag *d, size_t rank, const struct sc_body *body,
                      uint64_t *seen, struct sc_lww *out)
{
    out->any = true;
    for (size_t i = 0; i < body->rec->field_count; i++) {
        uint64_t *field_seen = seen + i * d->words;
        if (!body->v[i].present)
            continue;
        if (out->winner[i] == SIZE_MAX) {
            out->body.v[i] = body->v[i];
            out->winner[i] = d->order[rank];
        } else if (!sc_bit(field_seen, rank) && !value_equal(&out->body.v[i], &body->v[i])) {
            out->contested = true;
        }
        sc_bits_or(field_seen, sc_dag_past(d, rank), d->words);
    }
}

int sc_lww_fold(const struct sc_record *rec, const struct sc_fact *facts, size_t n,
                struct sc_lww *out)
{
    uint64_t small_seen[SC_BODY_FIELDS_MAX];
    uint64_t *seen = small_seen;
    struct sc_dag d;
    CR_ASSERT(rec->field_count <= SC_BODY_FIELDS_MAX);
    int rc = sc_dag_init(&d, facts, n);
    if (rc != ST_OK)
        return rc;
    if (d.words > 1) {
        rc = ST_NOMEM;
        seen = malloc(SC_BODY_FIELDS_MAX * d.words * sizeof(*seen));
        if (seen == NULL)
            goto err_after_dag;
    }
    sc_bits_zero(seen, SC_BODY_FIELDS_MAX * d.words);
    *out = (struct sc_lww){.body = {.rec = rec}};
    for (size_t i = 0; i < SC_BODY_FIELDS_MAX; i++)
        out->winner[i] = SIZE_MAX;
    for (size_t r = d.n; r-- > 0;) {
        const struct sc_fact *f = &facts[d.order[r]];
        struct sc_body body;
        if (counts(rec, f) &&
            sc_body_decode(rec, f->schema_version, f->creates, f->body, &body, NULL) == ST_OK)
            take_fact(&d, r, &body, seen, out);
    }
    rc = ST_OK;
    if (seen != small_seen)
        free(seen);
err_after_dag:
    sc_dag_release(&d);
    return rc;
}
