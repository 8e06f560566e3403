/* What a record that is about to be written names: other records, by their ids, and codes. Only the
 * author is told of a slip. Nothing of this is asked on admission: what a record names may arrive
 * after it, and what others wrote by a newer table is kept. */
#include "node/driver_int.h"

#include "schema/value.h"

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

int nd_check_refs(struct nd_store *s, const struct sc_body *body, struct st_err *err)
{
    const struct sc_record *rec = body->rec;
    int rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < rec->field_count; i++) {
        const struct sc_field *f = &rec->fields[i];
        const struct sc_value *v = &body->v[i];

        if (!v->present)
            continue;
        if (f->kind == SC_F_CODE && sc_hazard_code_find(v->s) == NULL)
            rc = st_fail(err, ST_MALFORMED, "%s.%s: '%.*s' is in no table of hazard codes",
                         rec->name, f->name, (int)v->s.n, (const char *)v->s.p);
        else if (f->targets != NULL)
            rc = check_ids(s, rec, f, v, err);
    }
    return rc;
}
