/* Bodies against the catalogue. Happy path of decode: keys ascend in the bytes and in the table, so
 * one walk over both finds every field; each value is read by its kind, then required fields are
 * looked for. Unknown keys and choices are refused, unless the payload says that it was made by a
 * newer schema: then they are stepped over. */
#include "schema/record.h"

#include "crypto/base/assert.h"
#include "schema/value.h"

#include <string.h>

const struct sc_record *sc_record_by_name(const char *name)
{
    const struct sc_record *rec;

    for (size_t i = 0; (rec = sc_record_at(i)) != NULL; i++) {
        if (strcmp(rec->name, name) == 0)
            return rec;
    }
    return NULL;
}

const struct sc_field *sc_field_by_name(const struct sc_record *r, const char *name)
{
    for (size_t i = 0; i < r->field_count; i++) {
        if (strcmp(r->fields[i].name, name) == 0)
            return &r->fields[i];
    }
    return NULL;
}

size_t sc_field_index(const struct sc_record *r, uint8_t key)
{
    for (size_t i = 0; i < r->field_count; i++) {
        if (r->fields[i].key == key)
            return i;
    }
    return SIZE_MAX;
}

const struct sc_choice *sc_choice_by_value(const struct sc_choice *c, uint64_t value)
{
    for (; c->name != NULL; c++) {
        if (c->value == value)
            return c;
    }
    return NULL;
}

const struct sc_choice *sc_choice_by_name(const struct sc_choice *c, const char *name)
{
    for (; c->name != NULL; c++) {
        if (strcmp(c->name, name) == 0 || strcmp(c->zh, name) == 0)
            return c;
    }
    return NULL;
}

const struct sc_value *sc_body_get(const struct sc_body *b, uint8_t key)
{
    static const struct sc_value absent = {0};
    size_t index = b->rec != NULL ? sc_field_index(b->rec, key) : SIZE_MAX;

    return index < SC_BODY_FIELDS_MAX ? &b->v[index] : &absent;
}

bool sc_body_personal(const struct sc_body *b)
{
    for (size_t i = 0; b->rec != NULL && i < b->rec->field_count; i++) {
        if (b->v[i].present && (b->rec->fields[i].flags & SC_FF_PERSONAL) != 0)
            return true;
    }
    return false;
}

static int field_fail(struct st_err *err, int status, const struct sc_record *rec,
                      const struct sc_field *f, const struct sc_value *v)
{
    if (status == ST_RANGE && f->kind != SC_F_I64)
        return st_fail(err, ST_RANGE, "%s.%s: %" PRIu64 " is %s", rec->name, f->name, v->u,
                       f->choices != NULL ? "not a choice" : "out of range");
    return st_fail(err, (enum st_code)status, "%s.%s: %s", rec->name, f->name,
                   st_text((enum st_code)status));
}

/* The pairs of the map. seen: bit i for field i, also when its value is unknown and ignored. */
static int read_pairs(struct sc_reader *r, uint64_t pairs, bool newer, struct sc_body *out,
                      uint32_t *seen, struct st_err *err)
{
    const struct sc_record *rec = out->rec;
    int key = -1;
    size_t i = 0;

    for (uint64_t n = 0; n < pairs; n++) {
        const struct sc_field *f;
        int status;

        if (sc_read_key(r, &key) != ST_OK)
            return st_fail(err, (enum st_code)r->status, "%s: keys do not ascend", rec->name);
        while (i < rec->field_count && rec->fields[i].key < key)
            i++;
        if (i == rec->field_count || rec->fields[i].key != key) {
            if (!newer)
                return st_fail(err, ST_MALFORMED, "%s: no field has the key %d", rec->name, key);
            if (sc_read_any(r, NULL) != ST_OK)
                return st_fail(err, (enum st_code)r->status, "%s: value of key %d", rec->name, key);
            continue;
        }
        f = &rec->fields[i];
        status = sc_value_read(r, f, newer, &out->v[i]);
        if (status != ST_OK)
            return field_fail(err, status, rec, f, &out->v[i]);
        *seen |= UINT32_C(1) << i;
    }
    return ST_OK;
}

/* Body at the reader, which is the last item of what it reads. */
static int read_body(struct sc_reader *r, const struct sc_record *rec, uint64_t schema_version,
                     bool creates, struct sc_body *out, struct st_err *err)
{
    bool newer = schema_version > rec->version;
    bool complete = creates || sc_type_is_hazard(rec->type);
    uint64_t pairs;
    uint32_t seen = 0;
    int status;

    memset(out, 0, sizeof *out);
    out->rec = rec;
    if (sc_read_map(r, newer ? 256 : SC_BODY_FIELDS_MAX, &pairs) != ST_OK)
        return st_fail(err, (enum st_code)r->status, "%s: not a map of fields", rec->name);
    status = read_pairs(r, pairs, newer, out, &seen, err);
    if (status != ST_OK)
        return status;
    if (sc_reader_finish(r) != ST_OK)
        return st_fail(err, (enum st_code)r->status, "%s: bytes behind the fields", rec->name);
    for (size_t i = 0; complete && i < rec->field_count; i++) {
        if ((rec->fields[i].flags & SC_FF_REQUIRED) != 0 && (seen >> i & 1) == 0)
            return st_fail(err, ST_MALFORMED, "%s.%s: missing", rec->name, rec->fields[i].name);
    }
    return ST_OK;
}

int sc_body_decode(const struct sc_record *rec, uint64_t schema_version, bool creates,
                   struct cr_span bytes, struct sc_body *out, struct st_err *err)
{
    struct sc_reader r;

    sc_reader_init(&r, bytes);
    return read_body(&r, rec, schema_version, creates, out, err);
}

int sc_body_encode(const struct sc_body *body, bool creates, struct cr_buf *out, struct st_err *err)
{
    const struct sc_record *rec = body->rec;
    size_t before = out->n;
    struct sc_body check;
    struct sc_writer w;
    uint64_t pairs = 0;
    int status;

    CR_ASSERT(rec != NULL && rec->field_count <= SC_BODY_FIELDS_MAX);
    for (size_t i = 0; i < rec->field_count; i++)
        pairs += body->v[i].present ? 1 : 0;
    sc_writer_init(&w, out);
    sc_write_map(&w, pairs);
    for (size_t i = 0; i < rec->field_count; i++) {
        if (!body->v[i].present)
            continue;
        sc_write_u64(&w, rec->fields[i].key);
        sc_value_write(&w, &rec->fields[i], &body->v[i]);
    }
    status = w.status;
    if (status != ST_OK)
        (void)st_fail(err, (enum st_code)status, "%s: %s", rec->name,
                      st_text((enum st_code)status));
    else /* what we write must be what we would accept */
        status = sc_body_decode(rec, rec->version, creates,
                                cr_span_of(out->p + before, out->n - before), &check, err);
    if (status != ST_OK)
        out->n = before;
    return status;
}

static bool subject_fits(const struct sc_record *rec, bool has_subject)
{
    switch (rec->subject) {
    case SC_SUBJ_CREATES: return !has_subject;
    case SC_SUBJ_NEEDS: return has_subject;
    case SC_SUBJ_EITHER: return true;
    }
    return false;
}

int sc_record_check(struct cr_span payload, struct sc_payload *p, struct sc_body *body,
                    struct st_err *err)
{
    const struct sc_record *rec;
    struct sc_reader r;
    const uint8_t *from;
    int status;

    if (payload.n > SC_PAYLOAD_MAX)
        return st_fail(err, ST_OVERSIZE, "payload: %zu bytes, at most %d", payload.n,
                       SC_PAYLOAD_MAX);
    sc_reader_init(&r, payload);
    status = sc_payload_read_head(&r, p, err);
    if (status != ST_OK)
        return status;
    rec = sc_record_find(p->type);
    if (rec == NULL) {
        memset(body, 0, sizeof *body);
        return sc_payload_decode(payload, p, err);
    }
    if (!subject_fits(rec, p->has_subject))
        return st_fail(err, ST_MALFORMED, "%s: %s a subject", rec->name,
                       p->has_subject ? "creates its own, yet names" : "needs");
    from = r.p;
    status = read_body(&r, rec, p->schema_version, !p->has_subject, body, err);
    if (status == ST_OK && rec->check != NULL)
        status = rec->check(body, p->schema_version, err);
    if (status == ST_OK)
        p->body = cr_span_of(from, (size_t)(r.p - from));
    return status;
}
