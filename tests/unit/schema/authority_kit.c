#include "tests/unit/schema/authority_kit.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREET UINT64_C(500118003)

uint64_t ak_scope(int scope)
{
    static const uint64_t scopes[AM_SCOPES] = {SC_SCOPE_PUBLIC, UINT64_C(500118003205),
                                               UINT64_C(500118003206)};

    return scopes[scope];
}

void ak_end(struct ak *k)
{
    for (int i = 0; i < AM_OPS; i++)
        cr_buf_release(&k->bodies[i]);
    k->known = 0;
}

void ak_begin(struct ak *k, const struct am_book *book, uint64_t seed)
{
    ak_end(k);
    k->book = book;
    ts_prng_init(&k->r, seed ^ UINT64_C(0x5eed));
    ts_prng_bytes(&k->r, k->keys, sizeof k->keys);
    ak_found(k);
}

void ak_found(struct ak *k)
{
    struct cr_buf bytes;

    k->genesis = (struct sc_genesis){.root = k->keys[AM_ROOT], .street = STREET, .name = "x"};
    cr_hash1(CR_TAG_NEXT_ROOT, cr_span_of(k->keys[AM_NEXT].b, CR_SIGN_PK_BYTES),
             &k->genesis.next_root);
    cr_buf_init(&bytes, SC_GENESIS_BYTES_MAX);
    ts_assert_ok(sc_genesis_encode(&k->genesis, &bytes));
    sc_genesis_net(cr_buf_span(&bytes), &k->net);
    cr_buf_release(&bytes);
}

/* Random, with the number of the entry at the end. */
static const struct cr_hash *id_of(struct ak *k, int op)
{
    for (; k->known <= op; k->known++) {
        ts_prng_bytes(&k->r, k->ids[k->known].b, CR_HASH_BYTES);
        cr_store_be32(k->ids[k->known].b + 28, (uint32_t)k->known);
    }
    return &k->ids[op];
}

static void key_of(const struct ak *k, int author, int scope, int inc, struct sc_log_key *out)
{
    *out = (struct sc_log_key){
        .author = k->keys[author], .scope = ak_scope(scope), .incarnation = (uint64_t)inc};
}

/* ---- bodies ---- */

static void cert_body(struct ak *k, const struct am_op *o, struct cr_buf *body)
{
    struct sc_cert c = {.subject = k->keys[o->subject],
                        .kind = SC_CERT_PERSON,
                        .rank = (uint64_t)o->rank,
                        .name = "x"};

    if (o->mask == AM_ALL_SCOPES)
        c.prefixes[c.prefix_count++] = STREET;
    for (int scope = 1; scope < AM_SCOPES && o->mask != AM_ALL_SCOPES; scope++) {
        if ((o->mask >> scope & 1) != 0)
            c.prefixes[c.prefix_count++] = ak_scope(scope);
    }
    if (o->rank == 1)
        c.roles = o->mask == AM_ALL_SCOPES ? SC_ROLE_STREET : SC_ROLE_VILLAGE;
    else
        c.roles = o->inspector ? SC_ROLE_OFFICER : SC_ROLE_OWNER;
    ts_assert_ok(sc_cert_encode(&c, body));
}

static int by_bytes_56(const void *a, const void *b)
{
    return memcmp(a, b, SC_CUT_HEAD_BYTES);
}

static int by_bytes_72(const void *a, const void *b)
{
    return memcmp(a, b, SC_CUT_DEP_BYTES);
}

/* Sorts packed items and drops doubles. */
static void sort_items(struct cr_buf *list, size_t item, int (*cmp)(const void *, const void *))
{
    size_t kept = 0;

    if (list->n == 0)
        return;
    qsort(list->p, list->n / item, item, cmp);
    for (size_t at = item; at < list->n; at += item) {
        if (memcmp(list->p + kept, list->p + at, item) != 0) {
            kept += item;
            memmove(list->p + kept, list->p + at, item);
        }
    }
    list->n = kept + item;
}

static void cut_body(struct ak *k, const struct am_op *o, struct cr_buf *body)
{
    struct sc_cut c = {.subject = k->keys[o->subject], .mode = (enum sc_cut_mode)o->mode};
    struct cr_buf heads, deps;

    cr_buf_init(&heads, SC_PAYLOAD_MAX);
    cr_buf_init(&deps, SC_PAYLOAD_MAX);
    for (int i = 0; i < o->head_count; i++) {
        const struct am_head *h = &o->heads[i];
        struct sc_cut_head head = {.scope = ak_scope(h->scope),
                                   .incarnation = (uint64_t)h->inc,
                                   .seq = (uint64_t)h->seq,
                                   .entry_id = *id_of(k, h->op)};

        ts_assert_ok(sc_cut_put_head(&heads, &head));
    }
    for (int i = 0; i < o->dep_count; i++) {
        const struct am_op *d = &k->book->ops[o->deps[i]];
        struct sc_cut_dep dep = {.seq = (uint64_t)d->seq, .entry_id = *id_of(k, o->deps[i])};
        struct sc_log_key key;

        key_of(k, d->author, d->scope, d->inc, &key);
        sc_log_id(&k->net, &key, &dep.log_id);
        ts_assert_ok(sc_cut_put_dep(&deps, &dep));
    }
    sort_items(&heads, SC_CUT_HEAD_BYTES, by_bytes_56);
    sort_items(&deps, SC_CUT_DEP_BYTES, by_bytes_72);
    c.incarnation = o->mode == AM_FORK ? (uint64_t)o->cut_inc : 0;
    c.heads = cr_buf_span(&heads);
    c.deps = cr_buf_span(&deps);
    ts_assert_ok(sc_cut_encode(&c, body, NULL));
    cr_buf_release(&heads);
    cr_buf_release(&deps);
}

static void adopt_body(struct ak *k, const struct am_op *o, struct cr_buf *body)
{
    const struct am_head *h = &o->heads[0];
    struct sc_adopt_entry e = {.seq = (uint64_t)h->seq, .entry_id = *id_of(k, h->op)};
    struct sc_adopt a = {.subject = k->keys[o->subject],
                         .scope = ak_scope(h->scope),
                         .incarnation = (uint64_t)h->inc};
    struct cr_buf entries;

    cr_buf_init(&entries, SC_ADOPT_ENTRY_BYTES);
    ts_assert_ok(sc_adopt_put(&entries, &e));
    a.entries = cr_buf_span(&entries);
    ts_assert_ok(sc_adopt_encode(&a, body, NULL));
    cr_buf_release(&entries);
}

struct cr_span ak_body(struct ak *k, int op)
{
    const struct am_op *o = &k->book->ops[op];
    struct cr_buf *body = &k->bodies[op];

    if (body->n == 0) {
        cr_buf_init(body, SC_PAYLOAD_MAX);
        if (o->kind == AM_CERT)
            cert_body(k, o, body);
        else if (o->kind == AM_CUT)
            cut_body(k, o, body);
        else
            adopt_body(k, o, body);
    }
    return cr_buf_span(body);
}

/* ---- a store ---- */

static int log_index(const struct am_op *o)
{
    return (o->author * AM_SCOPES + o->scope) * AM_INCS + o->inc;
}

static int locate(void *arg, const struct cr_hash *log_id, uint64_t seq,
                  const struct cr_hash *entry_id, uint32_t *branch)
{
    struct ak_store *s = arg;
    uint32_t op = cr_load_be32(entry_id->b + 28);
    const struct am_op *o = &s->k->book->ops[op];
    struct sc_log_key key;
    struct cr_hash id;

    if (op >= AM_OPS || s->branch_of[op] < 0 || !cr_hash_equal(id_of(s->k, (int)op), entry_id) ||
        (uint64_t)o->seq != seq)
        return ST_NOTFOUND;
    key_of(s->k, o->author, o->scope, o->inc, &key);
    sc_log_id(&s->k->net, &key, &id);
    if (!cr_hash_equal(&id, log_id))
        return ST_NOTFOUND;
    *branch = (uint32_t)s->branch_of[op];
    return ST_OK;
}

void ak_open(struct ak_store *s, struct ak *k)
{
    struct sc_auth_source source = {.arg = s, .locate = locate};

    s->k = k;
    memset(s->branch_of, 0xff, sizeof s->branch_of);
    memset(s->branch_count, 0, sizeof s->branch_count);
    s->a = sc_authority_new(&k->genesis, &k->net, &source);
    CR_ASSERT(s->a != NULL);
}

void ak_close(struct ak_store *s)
{
    sc_authority_free(s->a);
    s->a = NULL;
}

void ak_at(const struct ak_store *s, int op, struct sc_auth_at *at)
{
    const struct am_op *o = &s->k->book->ops[op];

    key_of(s->k, o->author, o->scope, o->inc, &at->key);
    at->branch = (uint32_t)s->branch_of[op];
    at->seq = (uint64_t)o->seq;
    at->entry_id = *id_of(s->k, op);
}

void ak_put(struct ak_store *s, int op)
{
    static const uint64_t types[] = {[AM_CERT] = SC_R_CERT,
                                     [AM_CUT] = SC_R_CUT,
                                     [AM_ADOPT] = SC_R_ADOPT,
                                     [AM_RAISE] = SC_R_HAZARD_REPORT,
                                     [AM_CLOSE] = SC_R_HAZARD_PASS};
    const struct am_op *o = &s->k->book->ops[op];
    int log = log_index(o), b = s->branch_count[log];
    uint32_t parent = SC_AUTH_NONE;
    struct sc_auth_at at;

    if (s->branch_of[op] >= 0)
        return;
    if (o->prev >= 0) {
        int16_t on = s->branch_of[o->prev];

        CR_ASSERT(on >= 0);
        if (s->heads[log][on] == o->prev)
            b = on;
        else
            parent = (uint32_t)on;
    }
    CR_ASSERT(b < AK_BRANCHES);
    s->branch_of[op] = (int16_t)b;
    s->heads[log][b] = (int16_t)op;
    ak_at(s, op, &at);
    if (b == s->branch_count[log]) {
        s->branch_count[log]++;
        ts_assert_ok(sc_authority_branch(s->a, &at.key, at.branch, parent, at.seq));
    }
    if (o->kind >= AM_RAISE)
        sc_authority_stored(s->a, &at);
    else
        ts_assert_ok(sc_authority_record(s->a, &at, types[o->kind], ak_body(s->k, op), NULL));
}

static void put_path(struct ak_store *s, int op)
{
    if (op < 0 || s->branch_of[op] >= 0)
        return;
    put_path(s, s->k->book->ops[op].prev);
    ak_put(s, op);
}

void ak_put_all(struct ak_store *s, const uint64_t *has, struct ts_prng *r)
{
    int order[AM_OPS], n = 0;

    for (int i = 0; i < s->k->book->count; i++) {
        if (am_has(has, i))
            order[n++] = i;
    }
    ts_prng_shuffle(r, order, (size_t)n, sizeof order[0]);
    for (int i = 0; i < n; i++) {
        put_path(s, order[i]);
        if (ts_prng_chance(r, 1, 20))
            (void)sc_authority_settle(s->a);
    }
    (void)sc_authority_settle(s->a);
}

/* ---- comparison ---- */

bool ak_counts(const struct ak_store *s, int op)
{
    struct sc_auth_at at;

    ak_at(s, op, &at);
    return sc_standing_counts(sc_authority_standing(s->a, &at));
}

static int mark_cut(void *arg, const struct sc_auth_cut *cut)
{
    if (cut->in_force)
        am_put(arg, (int)cr_load_be32(cut->at.entry_id.b + 28));
    return 0;
}

const char *ak_differs(const struct ak_store *s, const uint64_t *has, const struct am_seats *seats,
                       const struct am_view *view, char text[static 120])
{
    const struct am_book *b = s->k->book;
    uint64_t real[AM_WORDS] = {0}, model[AM_WORDS] = {0};

    for (int n = 0; n < b->count; n++) {
        bool counts = am_has(has, n) && ak_counts(s, n);

        if (counts != am_has(view->counts, n)) {
            (void)snprintf(text, 120, "entry %d of %d (kind %d, log %d/%d, seq %d): %s", n,
                           b->ops[n].author, (int)b->ops[n].kind, b->ops[n].scope, b->ops[n].inc,
                           b->ops[n].seq, counts ? "counts, not in the model" : "held");
            return text;
        }
    }
    (void)sc_authority_each_cut(s->a, NULL, mark_cut, real);
    for (int i = 0; i < seats->cut_count; i++)
        am_put(model, seats->cuts[i]);
    if (memcmp(real, model, sizeof real) != 0)
        return "other cuts in force";
    for (int p = 0; p < AM_PRINCIPALS; p++) {
        for (int scope = 1; scope < AM_SCOPES; scope++) {
            uint32_t roles =
                sc_certs_roles(sc_authority_certs(s->a), &s->k->keys[p], ak_scope(scope), 0, 0);

            if ((roles != 0) != am_certified(b, seats, p, scope, false))
                return "other certificates";
        }
    }
    return NULL;
}
