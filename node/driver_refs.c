/* What a record that is about to be written names: other records, by their ids, and codes. Only the
 * author is told of a slip. Nothing of this is asked on admission: what a record names may arrive
 * after it, and what others wrote by a newer table is kept. */
#include "node/driver_int.h"

#include "schema/value.h"

#include <inttypes.h>
#include <string.h>

static int check_target(struct nd_store *s, const struct sc_record *rec, const struct sc_field *f,
                        const struct sc_id *id, struct st_err *err)
{
    const struct sc_record *is, *wanted = sc_record_find(f->targets[0]);
    char hex[2 * SC_ID_BYTES + 1];
    uint64_t type = 0;
    int rc = nd_store_kind(s, id, &type);

    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "%s.%s", rec->name, f->name);
    for (const uint16_t *t = f->targets; type != 0 && *t != 0; t++)
        if (*t == type)
            return ST_OK;
    if (type == 0)
        return ST_OK; /* not held, or not yet of a kind */
    is = sc_record_find(type);
    cr_hex(id->b, sizeof id->b, hex);
    return st_fail(err, ST_MALFORMED, "%s.%s: %.12s is a record of %s (%s), %s (%s) is wanted",
                   rec->name, f->name, hex, is == NULL ? "?" : is->name, is == NULL ? "?" : is->zh,
                   wanted->name, wanted->zh);
}

static int check_ids(struct nd_store *s, const struct sc_record *rec, const struct sc_field *f,
                     const struct sc_value *v, struct st_err *err)
{
    struct sc_reader r;
    struct sc_id id;
    uint64_t n = 0;
    int rc = ST_OK;

    if (f->kind == SC_F_ID) {
        memcpy(id.b, v->s.p, sizeof id.b);
        return check_target(s, rec, f, &id, err);
    }
    sc_reader_init(&r, v->s);
    (void)sc_read_array(&r, SC_LIST_MAX, &n);
    while (rc == ST_OK && n-- > 0 && sc_read_fixed(&r, sizeof id.b, id.b) == ST_OK)
        rc = check_target(s, rec, f, &id, err);
    return rc;
}

/* ---- tables of the street ---- */

static int check_code(const struct sc_tables *t, const struct sc_record *rec,
                      const struct sc_field *f, struct cr_span code, uint64_t wall_ms,
                      struct st_err *err)
{
    struct sc_code row;

    if (!sc_tables_code(t, code, wall_ms, &row))
        return st_fail(err, ST_MALFORMED, "%s.%s: '%.*s' is in no table of hazard codes", rec->name,
                       f->name, (int)code.n, (const char *)code.p);
    if (row.row.withdrawn && rec->klass != SC_DANGER) /* a danger is taken in by whatever name */
        return st_fail(err, ST_MALFORMED, "%s.%s: %s (%.*s) is withdrawn", rec->name, f->name,
                       row.code, (int)row.row.zh.n, (const char *)row.row.zh.p);
    return ST_OK;
}

static int check_codes(const struct sc_tables *t, const struct sc_record *rec,
                       const struct sc_field *f, const struct sc_value *v, uint64_t wall_ms,
                       struct st_err *err)
{
    struct sc_reader r;
    struct cr_span code;
    uint64_t n = 0;
    int rc = ST_OK;

    sc_reader_init(&r, v->s);
    (void)sc_read_array(&r, SC_LIST_MAX, &n);
    while (rc == ST_OK && n-- > 0 && sc_read_text(&r, SC_LIST_TEXT_MAX, &code) == ST_OK)
        rc = check_code(t, rec, f, code, wall_ms, err);
    return rc;
}

/* An open choice is one of the kinds of places. */
static int check_kind(const struct sc_tables *t, const struct sc_record *rec,
                      const struct sc_field *f, uint64_t number, uint64_t wall_ms,
                      struct st_err *err)
{
    struct sc_place_kind row;

    if (!sc_tables_kind(t, number, wall_ms, &row))
        return st_fail(err, ST_MALFORMED, "%s.%s: %" PRIu64 " is in no table of kinds of places",
                       rec->name, f->name, number);
    if (row.row.withdrawn)
        return st_fail(err, ST_MALFORMED, "%s.%s: %" PRIu64 " (%.*s) is withdrawn", rec->name,
                       f->name, number, (int)row.row.zh.n, (const char *)row.row.zh.p);
    return ST_OK;
}

/* Answers name items of the version that the record names. */
static int check_answers(const struct sc_checklist *l, const struct sc_record *rec,
                         const struct sc_field *f, const struct sc_value *v, struct st_err *err)
{
    struct cr_span key, note;
    struct sc_reader r;
    uint64_t n = 0, three, result;

    sc_reader_init(&r, v->s);
    (void)sc_read_array(&r, SC_LIST_MAX, &n);
    for (uint64_t i = 0; i < n; i++) {
        (void)sc_read_array(&r, 3, &three);
        (void)sc_read_text(&r, SC_LIST_TEXT_MAX, &key);
        (void)sc_read_u64(&r, UINT64_MAX, &result);
        if (sc_read_text(&r, SC_LIST_TEXT_MAX, &note) != ST_OK)
            return st_fail(err, ST_MALFORMED, "%s.%s", rec->name, f->name);
        if (sc_checklist_item(l, key) == NULL)
            return st_fail(err, ST_MALFORMED,
                           "%s.%s: answer %" PRIu64 ": checklist %d version %d has no item '%.*s'",
                           rec->name, f->name, i + 1, (int)l->number, (int)l->version, (int)key.n,
                           (const char *)key.p);
    }
    return ST_OK;
}

/* A list that is known, if any; a version of it that is not known here may have been made
 * elsewhere. */
static int check_list(const struct sc_tables *t, const struct sc_body *body, uint64_t wall_ms,
                      struct st_err *err)
{
    const struct sc_record *rec = body->rec;
    const struct sc_field *list = sc_field_by_name(rec, "list"),
                          *version = sc_field_by_name(rec, "checklist"),
                          *answers = sc_field_by_name(rec, "answers");
    const struct sc_value *v;
    struct sc_checklist l;

    if (list == NULL || !sc_body_get(body, list->key)->present)
        return ST_OK;
    v = sc_body_get(body, list->key);
    if (!sc_tables_list(t, v->u, wall_ms, &l) && !sc_tables_list(t, v->u, UINT64_MAX, &l))
        return st_fail(err, ST_MALFORMED, "%s.list: there is no checklist %" PRIu64, rec->name,
                       v->u);
    if (version == NULL || answers == NULL || !sc_body_get(body, answers->key)->present)
        return ST_OK;
    if (!sc_body_get(body, version->key)->present)
        return st_fail(err, ST_MALFORMED, "%s.checklist: answers are of a version of the list",
                       rec->name);
    if (!sc_tables_list_version(t, v->u, sc_body_get(body, version->key)->u, &l))
        return ST_OK;
    return check_answers(&l, rec, answers, sc_body_get(body, answers->key), err);
}

int nd_check_refs(struct nd_store *s, const struct sc_body *body, uint64_t wall_ms,
                  struct st_err *err)
{
    const struct sc_tables *t = nd_store_tables(s);
    const struct sc_record *rec = body->rec;
    int rc = ST_OK;

    if (sc_type_is_setting(rec->type))
        return ST_OK; /* makes the tables */
    for (size_t i = 0; rc == ST_OK && i < rec->field_count; i++) {
        const struct sc_field *f = &rec->fields[i];
        const struct sc_value *v = &body->v[i];

        if (!v->present)
            continue;
        if (f->kind == SC_F_CODE)
            rc = check_code(t, rec, f, v->s, wall_ms, err);
        else if ((f->flags & SC_FF_CODES) != 0)
            rc = check_codes(t, rec, f, v, wall_ms, err);
        else if ((f->flags & SC_FF_OPEN) != 0)
            rc = check_kind(t, rec, f, v->u, wall_ms, err);
        else if (f->targets != NULL)
            rc = check_ids(s, rec, f, v, err);
    }
    return rc == ST_OK ? check_list(t, body, wall_ms, err) : rc;
}
