/* Bodies of CUT and ADOPT. The catalogue checks kinds and lengths; what it cannot say (order of the
 * packed items, which fields go with which mode) is checked here. */
#include "schema/cut.h"

#include "crypto/base/assert.h"
#include "schema/record_table.h"

#include <string.h>

int sc_cut_put_head(struct cr_buf *heads, const struct sc_cut_head *h)
{
    uint8_t item[SC_CUT_HEAD_BYTES];

    cr_store_be64(item, h->scope);
    cr_store_be64(item + 8, h->incarnation);
    cr_store_be64(item + 16, h->seq);
    memcpy(item + 24, h->entry_id.b, CR_HASH_BYTES);
    return cr_buf_append(heads, item, sizeof item);
}

int sc_cut_put_dep(struct cr_buf *deps, const struct sc_cut_dep *d)
{
    uint8_t item[SC_CUT_DEP_BYTES];

    memcpy(item, d->log_id.b, CR_HASH_BYTES);
    cr_store_be64(item + 32, d->seq);
    memcpy(item + 40, d->entry_id.b, CR_HASH_BYTES);
    return cr_buf_append(deps, item, sizeof item);
}

int sc_adopt_put(struct cr_buf *entries, const struct sc_adopt_entry *e)
{
    uint8_t item[SC_ADOPT_ENTRY_BYTES];

    cr_store_be64(item, e->seq);
    memcpy(item + 8, e->entry_id.b, CR_HASH_BYTES);
    return cr_buf_append(entries, item, sizeof item);
}

void sc_cut_head_at(struct cr_span heads, size_t i, struct sc_cut_head *out)
{
    const uint8_t *p = heads.p + i * SC_CUT_HEAD_BYTES;

    CR_ASSERT(i < sc_cut_head_count(heads));
    out->scope = cr_load_be64(p);
    out->incarnation = cr_load_be64(p + 8);
    out->seq = cr_load_be64(p + 16);
    memcpy(out->entry_id.b, p + 24, CR_HASH_BYTES);
}

void sc_cut_dep_at(struct cr_span deps, size_t i, struct sc_cut_dep *out)
{
    const uint8_t *p = deps.p + i * SC_CUT_DEP_BYTES;

    CR_ASSERT(i < sc_cut_dep_count(deps));
    memcpy(out->log_id.b, p, CR_HASH_BYTES);
    out->seq = cr_load_be64(p + 32);
    memcpy(out->entry_id.b, p + 40, CR_HASH_BYTES);
}

void sc_adopt_at(struct cr_span entries, size_t i, struct sc_adopt_entry *out)
{
    const uint8_t *p = entries.p + i * SC_ADOPT_ENTRY_BYTES;

    CR_ASSERT(i < sc_adopt_count(entries));
    out->seq = cr_load_be64(p);
    memcpy(out->entry_id.b, p + 8, CR_HASH_BYTES);
}

/* One or more whole items, strictly ascending. */
static bool ascending(struct cr_span list, size_t item_bytes)
{
    if (list.n == 0 || list.n % item_bytes != 0)
        return false;
    for (size_t at = item_bytes; at < list.n; at += item_bytes) {
        if (memcmp(list.p + at - item_bytes, list.p + at, item_bytes) >= 0)
            return false;
    }
    return true;
}

static const char *heads_objection(const struct sc_cut *c)
{
    if (!ascending(c->heads, SC_CUT_HEAD_BYTES))
        return "heads are not ascending whole items";
    for (size_t i = 0; i < sc_cut_head_count(c->heads); i++) {
        struct sc_cut_head h;

        sc_cut_head_at(c->heads, i, &h);
        if (!sc_scope_valid(h.scope) || h.seq > SC_SEQ_MAX)
            return "a head's scope or number is out of range";
        if (c->mode == SC_CUT_FORK && h.incarnation != c->incarnation)
            return "a head of another incarnation";
    }
    return NULL;
}

static const char *deps_objection(const struct sc_cut *c)
{
    if (!ascending(c->deps, SC_CUT_DEP_BYTES))
        return "deps are not ascending whole items";
    for (size_t i = 0; i < sc_cut_dep_count(c->deps); i++) {
        struct sc_cut_dep d;

        sc_cut_dep_at(c->deps, i, &d);
        if (d.seq > SC_SEQ_MAX)
            return "a dep's number is out of range";
    }
    return NULL;
}

static const char *cut_objection(const struct sc_body *b, const struct sc_cut *c)
{
    bool has_heads = sc_body_get(b, SC_K_CUT_HEADS)->present;
    bool has_deps = sc_body_get(b, SC_K_CUT_DEPS)->present;
    const char *why = NULL;

    if (sc_body_get(b, SC_K_CUT_INCARNATION)->present != (c->mode == SC_CUT_FORK))
        return "an incarnation goes with mode fork, and only with it";
    if (c->mode == SC_CUT_RETIRE && (has_heads || has_deps))
        return "mode retire has neither heads nor deps";
    if (sc_body_get(b, SC_K_TEXT)->present && c->text.n == 0)
        return "empty text";
    if (has_heads)
        why = heads_objection(c);
    if (why == NULL && has_deps)
        why = deps_objection(c);
    return why;
}

int sc_cut_decode(struct cr_span body, struct sc_cut *out, struct st_err *err)
{
    const struct sc_record *rec = sc_record_find(SC_R_CUT);
    struct sc_cut c = {0};
    struct sc_body b;
    const char *why;
    int rc = sc_body_decode(rec, rec->version, true, body, &b, err);

    if (rc != ST_OK)
        return rc;
    memcpy(c.subject.b, sc_body_get(&b, SC_K_CUT_SUBJECT)->s.p, CR_SIGN_PK_BYTES);
    c.mode = (enum sc_cut_mode)sc_body_get(&b, SC_K_CUT_MODE)->u;
    c.incarnation = sc_body_get(&b, SC_K_CUT_INCARNATION)->u;
    c.heads = sc_body_get(&b, SC_K_CUT_HEADS)->s;
    c.deps = sc_body_get(&b, SC_K_CUT_DEPS)->s;
    c.text = sc_body_get(&b, SC_K_TEXT)->s;
    why = cut_objection(&b, &c);
    if (why != NULL)
        return st_fail(err, ST_MALFORMED, "cut: %s", why);
    *out = c;
    return ST_OK;
}

int sc_adopt_decode(struct cr_span body, struct sc_adopt *out, struct st_err *err)
{
    const struct sc_record *rec = sc_record_find(SC_R_ADOPT);
    struct sc_adopt a = {0};
    struct sc_body b;
    int rc = sc_body_decode(rec, rec->version, true, body, &b, err);

    if (rc != ST_OK)
        return rc;
    memcpy(a.subject.b, sc_body_get(&b, SC_K_ADOPT_SUBJECT)->s.p, CR_SIGN_PK_BYTES);
    a.scope = sc_body_get(&b, SC_K_ADOPT_SCOPE)->u;
    a.incarnation = sc_body_get(&b, SC_K_ADOPT_INCARNATION)->u;
    a.entries = sc_body_get(&b, SC_K_ADOPT_ENTRIES)->s;
    if (!sc_scope_valid(a.scope))
        return st_fail(err, ST_RANGE, "adopt: scope");
    if (!ascending(a.entries, SC_ADOPT_ENTRY_BYTES))
        return st_fail(err, ST_MALFORMED, "adopt: entries are not ascending whole items");
    for (size_t i = 0; i < sc_adopt_count(a.entries); i++) {
        struct sc_adopt_entry e;

        sc_adopt_at(a.entries, i, &e);
        if (e.seq > SC_SEQ_MAX)
            return st_fail(err, ST_RANGE, "adopt: an entry's number is out of range");
    }
    *out = a;
    return ST_OK;
}

static void set_bytes(struct sc_body *b, uint8_t key, struct cr_span s)
{
    b->v[sc_field_index(b->rec, key)] = (struct sc_value){.present = s.n > 0, .s = s};
}

static void set_number(struct sc_body *b, uint8_t key, uint64_t u)
{
    b->v[sc_field_index(b->rec, key)] = (struct sc_value){.present = true, .u = u};
}

int sc_cut_encode(const struct sc_cut *c, struct cr_buf *body, struct st_err *err)
{
    struct sc_body b = {.rec = sc_record_find(SC_R_CUT)};
    size_t before = body->n;
    struct sc_cut check;
    int rc;

    set_bytes(&b, SC_K_TEXT, c->text);
    set_bytes(&b, SC_K_CUT_SUBJECT, cr_span_of(c->subject.b, CR_SIGN_PK_BYTES));
    set_number(&b, SC_K_CUT_MODE, c->mode);
    if (c->mode == SC_CUT_FORK)
        set_number(&b, SC_K_CUT_INCARNATION, c->incarnation);
    set_bytes(&b, SC_K_CUT_HEADS, c->heads);
    set_bytes(&b, SC_K_CUT_DEPS, c->deps);
    rc = sc_body_encode(&b, true, body, err);
    if (rc == ST_OK)
        rc = sc_cut_decode(cr_span_of(body->p + before, body->n - before), &check, err);
    if (rc != ST_OK)
        body->n = before;
    return rc;
}

int sc_adopt_encode(const struct sc_adopt *a, struct cr_buf *body, struct st_err *err)
{
    struct sc_body b = {.rec = sc_record_find(SC_R_ADOPT)};
    size_t before = body->n;
    struct sc_adopt check;
    int rc;

    set_bytes(&b, SC_K_ADOPT_SUBJECT, cr_span_of(a->subject.b, CR_SIGN_PK_BYTES));
    set_number(&b, SC_K_ADOPT_SCOPE, a->scope);
    set_number(&b, SC_K_ADOPT_INCARNATION, a->incarnation);
    set_bytes(&b, SC_K_ADOPT_ENTRIES, a->entries);
    rc = sc_body_encode(&b, true, body, err);
    if (rc == ST_OK)
        rc = sc_adopt_decode(cr_span_of(body->p + before, body->n - before), &check, err);
    if (rc != ST_OK)
        body->n = before;
    return rc;
}
