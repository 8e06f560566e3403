/* The set of rows that the street has written, and the row that applies. Entries that count are
 * kept sorted by table, key and the order in which they apply, so a row is found by bisection;
 * where there is none, what is shipped stands. */
#include "schema/codes.h"

#include "crypto/base/assert.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    struct sc_table_entry e;
    uint16_t type;
    uint32_t key; /* code: its three characters as a number; else the number */
    uint64_t from_ms, schema_version;
    uint8_t *body;
    size_t body_bytes;
};

struct sc_tables {
    struct slot *slot;
    uint32_t *hash; /* 2 * cap places, index + 1 by entry id */
    size_t count, cap;
    const struct slot **sorted; /* those that count */
    size_t sorted_count;
    uint64_t changed_ms; /* least moment of a code that has changed since the settling before */
    bool codes;          /* some code counts */
    bool stale;
};

/* ---- time classes ---- */

static const uint16_t limit_days[] = {[SC_T0] = 0,
                                      [SC_T1] = 1,
                                      [SC_T3] = 3,
                                      [SC_T7] = 7,
                                      [SC_T15] = 15,
                                      [SC_T30] = 30,
                                      [SC_TM] = SC_DAYS_PLAN,
                                      [SC_TX] = SC_DAYS_TRANSFER};

uint16_t sc_limit_days(enum sc_limit limit)
{
    CR_ASSERT(limit >= SC_T0 && limit <= SC_TX);
    return limit_days[limit];
}

enum sc_limit sc_limit_of_days(uint16_t days)
{
    for (int l = SC_T0; l <= SC_TX; l++)
        if (limit_days[l] == days)
            return (enum sc_limit)l;
    return SC_TM;
}

/* ---- keys ---- */

static uint32_t code_key(const uint8_t code[static 3])
{
    return (uint32_t)code[0] << 16 | (uint32_t)code[1] << 8 | code[2];
}

static uint32_t key_of(const struct sc_body *b)
{
    const struct sc_value *code = sc_body_get(b, SC_K_CODE);

    return b->rec->type == SC_R_CODE ? code_key(code->s.p)
                                     : (uint32_t)sc_body_get(b, SC_K_TABLE_NUMBER)->u;
}

/* By table, key, and the order in which rows are laid over each other. */
static int slot_cmp(const struct slot *a, const struct slot *b)
{
    int c;

    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->from_ms != b->from_ms)
        return a->from_ms < b->from_ms ? -1 : 1;
    if (a->e.lamport != b->e.lamport)
        return a->e.lamport < b->e.lamport ? -1 : 1;
    c = memcmp(a->e.author.b, b->e.author.b, sizeof a->e.author.b);
    return c != 0 ? c : cr_hash_cmp(&a->e.entry_id, &b->e.entry_id);
}

static int by_slot(const void *a, const void *b)
{
    return slot_cmp(*(const struct slot *const *)a, *(const struct slot *const *)b);
}

/* ---- the set ---- */

struct sc_tables *sc_tables_new(void)
{
    struct sc_tables *t = calloc(1, sizeof *t);

    if (t != NULL)
        t->changed_ms = UINT64_MAX;
    return t;
}

void sc_tables_free(struct sc_tables *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->count; i++)
        free(t->slot[i].body);
    free(t->slot);
    free(t->hash);
    free(t->sorted);
    free(t);
}

static uint32_t *place_of(const struct sc_tables *t, const struct cr_hash *id)
{
    size_t at = (size_t)cr_load_le64(id->b) & (2 * t->cap - 1);

    while (t->hash[at] != 0 && !cr_hash_equal(&t->slot[t->hash[at] - 1].e.entry_id, id))
        at = (at + 1) & (2 * t->cap - 1);
    return &t->hash[at];
}

/* On failure nothing is lost. The sorted pointers are made anew at the next settling. */
static int grow(struct sc_tables *t)
{
    size_t cap = t->cap > 0 ? t->cap * 2 : 8;
    struct slot *slot;
    uint32_t *hash;

    if (cap > UINT32_MAX / (2 * sizeof *slot))
        return ST_OVERSIZE;
    hash = calloc(2 * cap, sizeof *hash);
    slot = hash != NULL ? malloc(cap * sizeof *slot) : NULL;
    if (slot == NULL) {
        free(hash);
        return ST_NOMEM;
    }
    for (size_t i = 0; i < t->sorted_count; i++) /* point to the new place */
        t->sorted[i] = slot + (t->sorted[i] - t->slot);
    if (t->count > 0)
        memcpy(slot, t->slot, t->count * sizeof *slot);
    free(t->slot);
    free(t->hash);
    t->slot = slot;
    t->hash = hash;
    t->cap = cap;
    for (size_t i = 0; i < t->count; i++)
        *place_of(t, &t->slot[i].e.entry_id) = (uint32_t)i + 1;
    return ST_OK;
}

static void touch(struct sc_tables *t, const struct slot *s)
{
    t->stale = true;
    if (s->type == SC_R_CODE && s->from_ms < t->changed_ms)
        t->changed_ms = s->from_ms;
}

int sc_tables_add(struct sc_tables *t, const struct sc_table_entry *e, const struct sc_payload *p)
{
    const struct sc_record *rec = sc_record_find(p->type);
    struct slot s = {.e = *e, .type = (uint16_t)p->type, .schema_version = p->schema_version};
    struct sc_body body;
    uint32_t *place;
    uint64_t from;
    int rc = ST_OK;

    CR_ASSERT(rec != NULL && rec->check == sc_table_check && p->body.n > 0);
    rc = sc_body_decode(rec, p->schema_version, true, p->body, &body, NULL);
    if (rc != ST_OK)
        return rc;
    if (t->count == t->cap && (rc = grow(t)) != ST_OK)
        return rc;
    place = place_of(t, &e->entry_id);
    if (*place != 0)
        return ST_OK;
    from = sc_body_get(&body, SC_K_TABLE_FROM)->u;
    s.key = key_of(&body);
    s.from_ms = from > e->wall_ms ? from : e->wall_ms;
    s.body = malloc(p->body.n);
    if (s.body == NULL)
        return ST_NOMEM;
    memcpy(s.body, p->body.p, p->body.n);
    s.body_bytes = p->body.n;
    t->slot[t->count++] = s;
    *place = (uint32_t)t->count;
    if (e->counts)
        touch(t, &s);
    return ST_OK;
}

size_t sc_tables_count(const struct sc_tables *t)
{
    return t->count;
}

const struct sc_table_entry *sc_tables_entry(const struct sc_tables *t, size_t i)
{
    CR_ASSERT(i < t->count);
    return &t->slot[i].e;
}

void sc_tables_stand(struct sc_tables *t, size_t i, bool counts)
{
    CR_ASSERT(i < t->count);
    if (t->slot[i].e.counts == counts)
        return;
    t->slot[i].e.counts = counts;
    touch(t, &t->slot[i]);
}

int sc_tables_settle(struct sc_tables *t, uint64_t *from_ms)
{
    const struct slot **sorted;
    size_t n = 0;

    *from_ms = t->changed_ms;
    if (!t->stale)
        return ST_OK;
    sorted = calloc(t->count > 0 ? t->count : 1, sizeof(*sorted));
    if (sorted == NULL)
        return ST_NOMEM;
    t->codes = false;
    for (size_t i = 0; i < t->count; i++) {
        if (!t->slot[i].e.counts)
            continue;
        sorted[n++] = &t->slot[i];
        t->codes = t->codes || t->slot[i].type == SC_R_CODE;
    }
    qsort(sorted, n, sizeof *sorted, by_slot);
    free(t->sorted);
    t->sorted = sorted;
    t->sorted_count = n;
    t->changed_ms = UINT64_MAX;
    t->stale = false;
    return ST_OK;
}

/* ---- rows ---- */

/* First of the sorted that does not stand before (type, key, from). */
static size_t lower(const struct sc_tables *t, uint16_t type, uint32_t key, uint64_t from_ms)
{
    size_t low = 0, high = t->sorted_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct slot *s = t->sorted[mid];
        bool before = s->type != type ? s->type < type
                      : s->key != key ? s->key < key
                                      : s->from_ms < from_ms;

        if (before)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The last row for the key from at or before the time. */
static const struct slot *row_at(const struct sc_tables *t, uint16_t type, uint32_t key,
                                 uint64_t wall_ms)
{
    size_t at;

    if (t == NULL || t->sorted_count == 0)
        return NULL;
    at = wall_ms < UINT64_MAX ? lower(t, type, key, wall_ms + 1) : lower(t, type, key + 1, 0);
    if (at == 0 || t->sorted[at - 1]->type != type || t->sorted[at - 1]->key != key)
        return NULL;
    return t->sorted[at - 1];
}

/* The slot's body, and what all rows have. */
static void open_row(const struct slot *s, struct sc_body *b, struct sc_table_row *row)
{
    int rc = sc_body_decode(sc_record_find(s->type), s->schema_version, true,
                            cr_span_of(s->body, s->body_bytes), b, NULL);

    CR_ASSERT(rc == ST_OK);
    *row = (struct sc_table_row){.withdrawn = sc_body_get(b, SC_K_TABLE_WITHDRAWN)->u != 0,
                                 .from_ms = s->from_ms,
                                 .entry_id = s->e.entry_id,
                                 .author = s->e.author,
                                 .zh = sc_body_get(b, SC_K_TABLE_ZH)->s,
                                 .en = sc_body_get(b, SC_K_TABLE_EN)->s};
}

/* A choice of a later schema is absent: the careful one stands for it. */
static void open_code(const struct slot *s, struct sc_code *out)
{
    struct sc_body b;

    memset(out, 0, sizeof *out);
    open_row(s, &b, &out->row);
    memcpy(out->code, sc_body_get(&b, SC_K_CODE)->s.p, 3);
    out->severity =
        sc_body_get(&b, SC_K_SEVERITY)->present ? (uint8_t)sc_body_get(&b, SC_K_SEVERITY)->u : 4;
    out->limit = sc_body_get(&b, SC_K_TABLE_LIMIT)->present
                     ? (enum sc_limit)sc_body_get(&b, SC_K_TABLE_LIMIT)->u
                     : SC_T0;
}

static void shipped_code(const struct sc_hazard_code *c, struct sc_code *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->code, c->code, sizeof out->code);
    out->row.shipped = true;
    out->row.zh = cr_span_text(c->zh);
    out->row.en = cr_span_text(c->en);
    out->severity = c->severity;
    out->limit = sc_limit_of_days(c->days);
}

bool sc_tables_code(const struct sc_tables *t, struct cr_span code, uint64_t wall_ms,
                    struct sc_code *out)
{
    const struct sc_hazard_code *shipped = sc_hazard_code_find(code);
    const struct slot *s =
        sc_code_shape(code) ? row_at(t, SC_R_CODE, code_key(code.p), wall_ms) : NULL;

    if (s != NULL)
        open_code(s, out);
    else if (shipped != NULL)
        shipped_code(shipped, out);
    return s != NULL || shipped != NULL;
}

uint8_t sc_tables_severity(const struct sc_tables *t, struct cr_span code, uint64_t wall_ms)
{
    const struct slot *s;
    struct sc_code c;

    if (t == NULL || !t->codes || !sc_code_shape(code))
        return 0;
    s = row_at(t, SC_R_CODE, code_key(code.p), wall_ms);
    if (s == NULL)
        return 0;
    open_code(s, &c);
    return c.severity;
}

static void open_kind(const struct slot *s, struct sc_place_kind *out)
{
    struct sc_body b;

    memset(out, 0, sizeof *out);
    open_row(s, &b, &out->row);
    out->number = (uint16_t)sc_body_get(&b, SC_K_TABLE_NUMBER)->u;
    out->list = (uint16_t)sc_body_get(&b, SC_K_TABLE_LIST)->u;
    out->period_days = (uint16_t)sc_body_get(&b, SC_K_TABLE_PERIOD)->u;
    out->name = sc_body_get(&b, SC_K_TABLE_NAME)->s;
}

bool sc_tables_kind(const struct sc_tables *t, uint64_t number, uint64_t wall_ms,
                    struct sc_place_kind *out)
{
    const struct slot *s;

    if (number == 0 || number > SC_TABLE_NUMBER_MAX)
        return false;
    s = row_at(t, SC_R_PLACE_KIND, (uint32_t)number, wall_ms);
    if (s == NULL)
        return sc_shipped_kind(number, out);
    open_kind(s, out);
    return true;
}

static void open_list(const struct slot *s, struct sc_checklist *out)
{
    struct sc_reader keys, zh, en, codes;
    uint64_t n = 0, same;
    struct sc_body b;

    memset(out, 0, sizeof *out);
    open_row(s, &b, &out->row);
    out->number = (uint16_t)sc_body_get(&b, SC_K_TABLE_NUMBER)->u;
    out->version = (uint16_t)sc_body_get(&b, SC_K_TABLE_VERSION)->u;
    sc_reader_init(&keys, sc_body_get(&b, SC_K_TABLE_KEYS)->s);
    sc_reader_init(&zh, sc_body_get(&b, SC_K_TABLE_ITEMS_ZH)->s);
    sc_reader_init(&en, sc_body_get(&b, SC_K_TABLE_ITEMS_EN)->s);
    sc_reader_init(&codes, sc_body_get(&b, SC_K_TABLE_CODES)->s);
    (void)sc_read_array(&keys, SC_LIST_ITEMS_MAX, &n);
    (void)sc_read_array(&zh, SC_LIST_ITEMS_MAX, &same);
    (void)sc_read_array(&en, SC_LIST_ITEMS_MAX, &same);
    (void)sc_read_array(&codes, SC_LIST_ITEMS_MAX, &same);
    for (uint64_t i = 0; i < n; i++) {
        (void)sc_read_text(&keys, SC_LIST_TEXT_MAX, &out->item[i].key);
        (void)sc_read_text(&zh, SC_LIST_TEXT_MAX, &out->item[i].zh);
        (void)sc_read_text(&en, SC_LIST_TEXT_MAX, &out->item[i].en);
        (void)sc_read_text(&codes, SC_LIST_TEXT_MAX, &out->item[i].codes);
    }
    CR_ASSERT(keys.status == ST_OK && zh.status == ST_OK && en.status == ST_OK &&
              codes.status == ST_OK);
    out->count = (size_t)n;
}

bool sc_tables_list(const struct sc_tables *t, uint64_t number, uint64_t wall_ms,
                    struct sc_checklist *out)
{
    const struct slot *s;

    if (number == 0 || number > SC_TABLE_NUMBER_MAX)
        return false;
    s = row_at(t, SC_R_CHECKLIST, (uint32_t)number, wall_ms);
    if (s == NULL)
        return sc_shipped_list(number, out);
    open_list(s, out);
    return true;
}

bool sc_tables_list_version(const struct sc_tables *t, uint64_t number, uint64_t version,
                            struct sc_checklist *out)
{
    size_t at;

    if (number == 0 || number > SC_TABLE_NUMBER_MAX)
        return false;
    at = t != NULL ? lower(t, SC_R_CHECKLIST, (uint32_t)number + 1, 0) : 0;
    while (at > 0 && t->sorted[at - 1]->type == SC_R_CHECKLIST &&
           t->sorted[at - 1]->key == number) {
        open_list(t->sorted[--at], out);
        if (out->version == version)
            return true;
    }
    return version == 1 && sc_shipped_list(number, out);
}

const struct sc_list_item *sc_checklist_item(const struct sc_checklist *l, struct cr_span key)
{
    for (size_t i = 0; i < l->count; i++)
        if (cr_span_equal(l->item[i].key, key))
            return &l->item[i];
    return NULL;
}

/* ---- all of them ---- */

/* Least key of the street's above the given, applying at the time; UINT32_MAX: none. */
static uint32_t next_key(const struct sc_tables *t, uint16_t type, uint32_t above, uint64_t wall_ms)
{
    size_t at = t != NULL ? lower(t, type, above + 1, 0) : 0;

    while (t != NULL && at < t->sorted_count && t->sorted[at]->type == type) {
        if (t->sorted[at]->from_ms <= wall_ms)
            return t->sorted[at]->key;
        at++;
    }
    return UINT32_MAX;
}

bool sc_tables_next_code(const struct sc_tables *t, uint64_t wall_ms, struct sc_code *io)
{
    uint32_t above = io->code[0] != '\0' ? code_key((const uint8_t *)io->code) : 0;
    uint32_t next = next_key(t, SC_R_CODE, above, wall_ms);
    uint8_t code[3];

    for (size_t i = 0; sc_hazard_code_at(i) != NULL; i++) {
        uint32_t key = code_key((const uint8_t *)sc_hazard_code_at(i)->code);

        if (key > above && key < next)
            next = key;
    }
    if (next == UINT32_MAX)
        return false;
    code[0] = (uint8_t)(next >> 16);
    code[1] = (uint8_t)(next >> 8);
    code[2] = (uint8_t)next;
    return sc_tables_code(t, cr_span_of(code, 3), wall_ms, io);
}

bool sc_tables_next_kind(const struct sc_tables *t, uint64_t wall_ms, struct sc_place_kind *io)
{
    uint32_t next = next_key(t, SC_R_PLACE_KIND, io->number, wall_ms);
    struct sc_place_kind shipped;

    for (uint32_t n = io->number + 1u; n < next && n <= SC_TABLE_NUMBER_MAX; n++)
        if (sc_shipped_kind(n, &shipped))
            next = n;
    return next <= SC_TABLE_NUMBER_MAX && sc_tables_kind(t, next, wall_ms, io);
}

bool sc_tables_next_list(const struct sc_tables *t, uint64_t wall_ms, struct sc_checklist *io)
{
    uint32_t next = next_key(t, SC_R_CHECKLIST, io->number, wall_ms);
    struct sc_checklist shipped;

    for (uint32_t n = io->number + 1u; n < next && n <= SC_TABLE_NUMBER_MAX; n++)
        if (sc_shipped_list(n, &shipped))
            next = n;
    return next <= SC_TABLE_NUMBER_MAX && sc_tables_list(t, next, wall_ms, io);
}

/* ---- what a row may say ---- */

static int check_code(const struct sc_body *b, struct st_err *err)
{
    const struct sc_hazard_code *shipped = sc_hazard_code_find(sc_body_get(b, SC_K_CODE)->s);
    uint64_t severity = sc_body_get(b, SC_K_SEVERITY)->u;

    if (shipped == NULL || !sc_body_get(b, SC_K_SEVERITY)->present)
        return ST_OK;
    if (severity + 1 >= shipped->severity && (shipped->severity < 4 || severity == 4))
        return ST_OK;
    return st_fail(err, ST_MALFORMED, "code.severity: clearance-strictly: %s is of severity %d",
                   shipped->code, (int)shipped->severity);
}

/* A name that can be typed. */
static int check_kind(const struct sc_body *b, struct st_err *err)
{
    struct cr_span name = sc_body_get(b, SC_K_TABLE_NAME)->s;

    for (size_t i = 0; i < name.n; i++)
        if ((name.p[i] < 'a' || name.p[i] > 'z') && (i == 0 || name.p[i] != '-') &&
            (i == 0 || name.p[i] < '0' || name.p[i] > '9'))
            return st_fail(err, ST_MALFORMED, "place-kind.name: small letters, digits and -");
    return ST_OK;
}

/* Codes with one blank between. */
static bool codes_fit(struct cr_span s)
{
    for (size_t at = 0; at < s.n; at += 4)
        if (!sc_code_shape(cr_span_of(s.p + at, s.n - at >= 3 ? 3 : s.n - at)) ||
            (at + 3 < s.n && (s.p[at + 3] != ' ' || at + 4 == s.n)))
            return false;
    return true;
}

static int check_items(const struct sc_body *b, struct st_err *err)
{
    struct sc_reader keys, codes, again;
    uint64_t n = 0, k;
    struct cr_span key, other, code;

    sc_reader_init(&keys, sc_body_get(b, SC_K_TABLE_KEYS)->s);
    sc_reader_init(&codes, sc_body_get(b, SC_K_TABLE_CODES)->s);
    (void)sc_read_array(&keys, SC_LIST_ITEMS_MAX, &n);
    (void)sc_read_array(&codes, SC_LIST_ITEMS_MAX, &k);
    for (uint64_t i = 0; i < n; i++) {
        (void)sc_read_text(&keys, SC_LIST_TEXT_MAX, &key);
        (void)sc_read_text(&codes, SC_LIST_TEXT_MAX, &code);
        if (key.n == 0 || key.n > SC_ITEM_KEY_MAX)
            return st_fail(err, ST_MALFORMED, "checklist.keys: item %llu: 1 to %d bytes",
                           (unsigned long long)i + 1, SC_ITEM_KEY_MAX);
        if (!codes_fit(code))
            return st_fail(err, ST_MALFORMED, "checklist.codes: item %llu: codes such as A01 A02",
                           (unsigned long long)i + 1);
        sc_reader_init(&again, sc_body_get(b, SC_K_TABLE_KEYS)->s);
        (void)sc_read_array(&again, SC_LIST_ITEMS_MAX, &k);
        for (k = 0; k < i && sc_read_text(&again, SC_LIST_TEXT_MAX, &other) == ST_OK; k++)
            if (cr_span_equal(key, other))
                return st_fail(err, ST_MALFORMED, "checklist.keys: '%.*s' twice", (int)key.n,
                               (const char *)key.p);
    }
    return ST_OK;
}

static int check_list(const struct sc_body *b, struct st_err *err)
{
    static const struct {
        uint8_t key;
        const char *name;
    } lists[] = {{SC_K_TABLE_ITEMS_ZH, "items-zh"},
                 {SC_K_TABLE_ITEMS_EN, "items-en"},
                 {SC_K_TABLE_CODES, "codes"}};
    uint64_t n = sc_body_get(b, SC_K_TABLE_KEYS)->u;

    if (sc_body_get(b, SC_K_TABLE_VERSION)->u == 0)
        return st_fail(err, ST_MALFORMED, "checklist.version: from 1");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (sc_body_get(b, lists[i].key)->u != n)
            return st_fail(err, ST_MALFORMED, "checklist.%s: %llu for %llu keys", lists[i].name,
                           (unsigned long long)sc_body_get(b, lists[i].key)->u,
                           (unsigned long long)n);
    return check_items(b, err);
}

int sc_table_check(const struct sc_body *body, uint64_t schema_version, struct st_err *err)
{
    (void)schema_version;
    if (body->rec->type == SC_R_CODE)
        return check_code(body, err);
    if (sc_body_get(body, SC_K_TABLE_NUMBER)->u == 0)
        return st_fail(err, ST_MALFORMED, "%s.number: from 1", body->rec->name);
    return body->rec->type == SC_R_PLACE_KIND ? check_kind(body, err) : check_list(body, err);
}
