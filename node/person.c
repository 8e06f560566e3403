/* Persons by their certificates. A certificate that no longer gives anything (its window is over,
 * its subject is cut) still tells who a key belongs to. */
#include "node/person.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX_MIN 8 /* hex digits that may stand for a key or person */

struct search {
    struct nd_store *s;
    const char *text;
    const struct cr_sign_pk *key; /* instead of text */
    const struct sc_id *id;       /* instead of both */
    struct nd_person *out;
    bool found, full, ambiguous;
    char other[SC_NAME_MAX + 1];
};

static bool hex_begins(const char *text, const uint8_t *b, size_t n)
{
    char hex[2 * CR_SIGN_PK_BYTES + 1];
    size_t len = strlen(text);

    cr_hex(b, n, hex);
    return len >= PREFIX_MIN && len <= 2 * n && strncmp(text, hex, len) == 0;
}

static bool names(const struct search *q, const struct sc_cert *c)
{
    if (q->id != NULL)
        return sc_id_equal(q->id, &c->person);
    if (q->key != NULL)
        return cr_sign_pk_equal(q->key, &c->subject);
    return strcmp(q->text, c->name) == 0 ||
           hex_begins(q->text, c->subject.b, sizeof c->subject.b) ||
           hex_begins(q->text, c->person.b, sizeof c->person.b);
}

static int find_person(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                       const struct cr_hash *entry_id)
{
    struct search *q = arg;

    (void)issuer;
    (void)entry_id;
    if (!names(q, c))
        return 0;
    if (q->found && !sc_id_equal(&q->out->id, &c->person)) {
        q->ambiguous = true;
        memcpy(q->other, c->name, sizeof q->other);
    }
    if (!q->found) {
        q->found = true;
        q->out->id = c->person;
    }
    return 0;
}

static void add_key(struct search *q, const struct cr_sign_pk *key)
{
    struct nd_person *p = q->out;
    size_t at = 0;

    while (at < p->key_count && memcmp(p->key[at].b, key->b, sizeof key->b) < 0)
        at++;
    if (at < p->key_count && cr_sign_pk_equal(&p->key[at], key))
        return;
    if (p->key_count == ND_PERSON_KEYS_MAX) {
        q->full = true;
        return;
    }
    memmove(&p->key[at + 1], &p->key[at], (p->key_count - at) * sizeof p->key[0]);
    p->key[at] = *key;
    p->key_count++;
}

static void add_grid(struct search *q, uint64_t grid)
{
    struct nd_person *p = q->out;
    size_t at = 0;

    while (at < p->grid_count && p->grid[at] < grid)
        at++;
    if (at < p->grid_count && p->grid[at] == grid)
        return;
    if (p->grid_count == ND_PERSON_GRIDS_MAX) {
        q->full = true;
        return;
    }
    memmove(&p->grid[at + 1], &p->grid[at], (p->grid_count - at) * sizeof p->grid[0]);
    p->grid[at] = grid;
    p->grid_count++;
}

static int gather(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                  const struct cr_hash *entry_id)
{
    struct search *q = arg;
    struct nd_person *p = q->out;

    (void)issuer;
    (void)entry_id;
    if (!sc_id_equal(&p->id, &c->person))
        return 0;
    if (p->key_count == 0 || c->rank < p->rank) {
        memcpy(p->name, c->name, sizeof p->name);
        p->kind = c->kind;
        p->rank = c->rank;
    }
    p->roles |= (uint32_t)c->roles;
    add_key(q, &c->subject);
    for (size_t i = 0; i < c->prefix_count; i++)
        add_grid(q, c->prefixes[i]);
    return 0;
}

static int find(struct search *q, const char *what, struct st_err *err)
{
    struct sc_certs *certs = nd_store_certs(q->s);

    memset(q->out, 0, sizeof *q->out);
    (void)sc_certs_each(certs, find_person, q);
    if (!q->found)
        return st_fail(err, ST_NOTFOUND, "%s: no certificate names it", what);
    (void)sc_certs_each(certs, gather, q);
    if (q->ambiguous)
        return st_fail(err, ST_CONFLICT,
                       "%s: several persons (%s, %s); say which by the first digits of the key",
                       what, q->out->name, q->other);
    if (q->full)
        return st_fail(err, ST_OVERSIZE, "%s: more than %d keys or %d grids", what,
                       ND_PERSON_KEYS_MAX, ND_PERSON_GRIDS_MAX);
    return ST_OK;
}

int nd_person_find(struct nd_store *s, const char *text, struct nd_person *out, struct st_err *err)
{
    struct search q = {.s = s, .text = text, .out = out};
    char what[SC_NAME_MAX + 8];

    if (strlen(text) == 0 || strlen(text) > SC_NAME_MAX ||
        !cr_utf8_valid((const uint8_t *)text, strlen(text)))
        return st_fail(err, ST_USAGE, "a name of 1 to %d bytes, or digits of a key", SC_NAME_MAX);
    what[0] = '\'';
    memcpy(what + 1, text, strlen(text));
    memcpy(what + 1 + strlen(text), "'", 2);
    return find(&q, what, err);
}

int nd_person_of(struct nd_store *s, const struct cr_sign_pk *key, struct nd_person *out,
                 struct st_err *err)
{
    struct search q = {.s = s, .key = key, .out = out};

    return find(&q, "key", err);
}

int nd_person_by_id(struct nd_store *s, const struct sc_id *id, struct nd_person *out,
                    struct st_err *err)
{
    struct search q = {.s = s, .id = id, .out = out};

    return find(&q, "person", err);
}

/* ---- heads ---- */

struct head {
    uint8_t item[SC_CUT_HEAD_BYTES]; /* as in the record: ordered by its bytes */
    uint64_t length;
};

struct heads {
    struct nd_store *s;
    const struct cr_sign_pk *key;
    const struct nd_cut_which *which;
    struct cr_buf list; /* of struct head */
    struct nd_cut_heads *out;
    struct st_err *err;
};

static int put_head(struct heads *x, const struct sc_cut_head *h, uint64_t length)
{
    struct cr_buf item;
    struct head head = {.length = length};
    int rc;

    cr_buf_init(&item, SC_CUT_HEAD_BYTES);
    rc = sc_cut_put_head(&item, h);
    if (rc == ST_OK) {
        memcpy(head.item, item.p, sizeof head.item);
        rc = cr_buf_append(&x->list, &head, sizeof head);
    }
    cr_buf_release(&item);
    return rc == ST_OK ? ST_OK : st_fail(x->err, (enum st_code)rc, "list the heads of a key");
}

static int add_head(void *arg, const struct sy_log *log)
{
    struct heads *x = arg;
    const struct sy_view *view = nd_store_view(x->s);
    struct sc_cut_head h = {
        .scope = log->key.scope, .incarnation = log->key.incarnation, .entry_id = log->link.chain};
    uint64_t end = log->link.seq_next;
    int rc = ST_OK;

    if (!cr_sign_pk_equal(&log->key.author, x->key) ||
        (x->which->one_incarnation && log->key.incarnation != x->which->incarnation))
        return ST_OK;
    if (x->which->before_ms != 0)
        rc = nd_store_arrived(x->s, log->handle, x->which->before_ms, &end, x->err);
    if (rc != ST_OK)
        return rc;
    if (end == 0) {
        x->out->closed++;
        return ST_OK;
    }
    h.seq = end - 1;
    if (end != log->link.seq_next)
        rc = view->chain_at(view->arg, log->handle, h.seq, &h.entry_id);
    if (rc != ST_OK)
        return st_fail(x->err, (enum st_code)rc, "read a log");
    return put_head(x, &h, end);
}

static int longest_first(const void *a, const void *b)
{
    const struct head *x = a, *y = b;

    if (x->length != y->length)
        return x->length > y->length ? -1 : 1;
    return memcmp(x->item, y->item, sizeof x->item);
}

static int by_bytes(const void *a, const void *b)
{
    const struct head *x = a, *y = b;

    return memcmp(x->item, y->item, sizeof x->item);
}

/* Two branches that parted after before_ms have the same last entry: once is enough. */
static size_t drop_doubles(struct head *h, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (kept == 0 || memcmp(h[kept - 1].item, h[i].item, sizeof h[i].item) != 0)
            h[kept++] = h[i];
    return kept;
}

static int pack(struct heads *x)
{
    struct head *h = (struct head *)(void *)x->list.p;
    size_t n = x->list.n / sizeof *h;
    int rc = ST_OK;

    if (n == 0)
        return ST_OK;
    qsort(h, n, sizeof *h, by_bytes);
    n = drop_doubles(h, n);
    if (n > SC_CUT_HEADS_MAX) {
        qsort(h, n, sizeof *h, longest_first);
        x->out->left_out = n - SC_CUT_HEADS_MAX;
        n = SC_CUT_HEADS_MAX;
        qsort(h, n, sizeof *h, by_bytes);
    }
    x->out->named = n;
    for (size_t i = 0; rc == ST_OK && i < n; i++)
        rc = cr_buf_append(&x->out->heads, h[i].item, sizeof h[i].item);
    return rc == ST_OK ? ST_OK : st_fail(x->err, (enum st_code)rc, "list the heads of a key");
}

int nd_cut_heads(struct nd_store *s, const struct cr_sign_pk *key, const struct nd_cut_which *which,
                 struct nd_cut_heads *out, struct st_err *err)
{
    struct heads x = {.s = s, .key = key, .which = which, .out = out, .err = err};
    const struct sy_view *view = nd_store_view(s);
    int rc;

    memset(out, 0, sizeof *out);
    cr_buf_init(&out->heads, SC_CUT_HEADS_MAX * SC_CUT_HEAD_BYTES);
    cr_buf_init(&x.list, ND_CUT_LOGS_MAX * sizeof(struct head));
    rc = view->each_log(view->arg, add_head, &x);
    if (rc == ST_OK)
        rc = pack(&x);
    else if (err == NULL || err->code == ST_OK)
        rc = st_fail(err, (enum st_code)rc, "read the logs of a key");
    cr_buf_release(&x.list);
    if (rc != ST_OK)
        cr_buf_release(&out->heads);
    return rc;
}

/* ---- hand-over ---- */

struct handover {
    const struct nd_person *from;
    const char *to_name;
    struct cr_buf list; /* struct nd_handover_item */
    int rc;
};

static bool assigned_to(const struct sc_hazard *h, const char *name)
{
    for (size_t i = 0; i < h->assignee_count; i++)
        if (cr_span_equal(h->assignees[i], cr_span_text(name)))
            return true;
    return false;
}

static int consider(void *arg, const struct nd_hazard_row *row)
{
    struct handover *x = arg;
    const struct sc_hazard *h = &row->h;
    struct nd_handover_item item = {.scope = row->scope, .subject = row->subject};
    bool in_grid = false;

    for (size_t i = 0; i < x->from->grid_count; i++)
        in_grid = in_grid || sc_grid_within(h->grid, x->from->grid[i]);
    if (assigned_to(h, x->to_name) && !assigned_to(h, x->from->name))
        return 0; /* done before */
    if (!assigned_to(h, x->from->name) && !(in_grid && h->assignee_count == 0))
        return 0;
    x->rc = cr_buf_append(&x->list, &item, sizeof item);
    return x->rc;
}

static int by_scope(const void *a, const void *b)
{
    const struct nd_handover_item *x = a, *y = b;

    if (x->scope != y->scope)
        return x->scope < y->scope ? -1 : 1;
    return memcmp(x->subject.b, y->subject.b, sizeof x->subject.b);
}

int nd_handover_find(struct nd_store *s, const struct nd_person *from, const char *to_name,
                     struct nd_handover *out, struct st_err *err)
{
    struct handover x = {.from = from, .to_name = to_name};
    struct nd_hazard_query q = {.state = ND_HZ_OPEN};
    int rc;

    memset(out, 0, sizeof *out);
    cr_buf_init(&x.list, ND_HANDOVER_MAX * sizeof(struct nd_handover_item));
    rc = nd_store_hazards(s, &q, consider, &x, NULL, err);
    if (x.rc != ST_OK)
        rc = st_fail(err, (enum st_code)x.rc, "more than %d hazards to hand over", ND_HANDOVER_MAX);
    if (rc != ST_OK) {
        cr_buf_release(&x.list);
        return rc;
    }
    out->item = (struct nd_handover_item *)(void *)x.list.p; /* the buffer's memory goes over */
    out->count = x.list.n / sizeof *out->item;
    if (out->count > 0)
        qsort(out->item, out->count, sizeof *out->item, by_scope);
    return ST_OK;
}

void nd_handover_release(struct nd_handover *h)
{
    free(h->item);
    memset(h, 0, sizeof *h);
}
