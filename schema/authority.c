/* What is stored, as the evaluation sees it: authors, logs and their branches, authority records
 * and the entries they name. Every addition first takes all the memory that it and the next
 * settling need, then changes something; so a failure leaves everything as it was. */
#include "schema/authority_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 8u
#define INDEX_MAX      (UINT32_MAX / 4)
#define WALK_MAX       16 /* logs of an author that are looked through rather than hashed for */

struct sc_authority *sc_authority_new(const struct sc_genesis *genesis, const struct cr_hash *net,
                                      const struct sc_auth_source *source)
{
    struct sc_authority *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    a->certs = sc_certs_new(genesis);
    if (a->certs == NULL) {
        free(a);
        return NULL;
    }
    a->net = *net;
    a->source = *source;
    a->roots[SC_AU_NEXT_ROOT] = SC_AU_NIL;
    a->roots[SC_AU_ROOT] = SC_AU_NIL;
    a->settled = true;
    return a;
}

void sc_authority_free(struct sc_authority *a)
{
    if (a == NULL)
        return;
    for (uint32_t i = 0; i < a->log_count; i++)
        free(a->logs[i].branches);
    for (uint32_t i = 0; i < a->record_count; i++)
        free(a->records[i].bytes);
    sc_certs_free(a->certs);
    free(a->authors);
    free(a->logs);
    free(a->records);
    free(a->names);
    sc_au_map_release(&a->by_author);
    sc_au_map_release(&a->by_log);
    sc_au_map_release(&a->by_record);
    sc_au_map_release(&a->by_name);
    free(a->work);
    free(a->changes);
    free(a->scratch);
    free(a);
}

struct sc_certs *sc_authority_certs(struct sc_authority *a)
{
    return a->certs;
}

/* ---- room ---- */

/* Makes *array hold at least need elements. */
static int reserve(void **array, uint32_t *cap, size_t need, size_t size)
{
    size_t wider = *cap > 0 ? *cap : FIRST_CAPACITY;
    size_t bytes;
    void *p;

    if (need <= *cap)
        return ST_OK;
    if (need > INDEX_MAX)
        return ST_OVERSIZE;
    while (wider < need)
        wider *= 2;
    if (!cr_mul_size(wider, size, &bytes))
        return ST_OVERSIZE;
    p = realloc(*array, bytes);
    if (p == NULL)
        return ST_NOMEM;
    *array = p;
    *cap = (uint32_t)wider;
    return ST_OK;
}

#define RESERVE(array, cap, need) reserve((void **)&(array), &(cap), (need), sizeof *(array))

/* For the changes of one settling: at most one a branch, and per record one for its own sake and
 * one for the certificates it carries; each at most twice (an author that ceases to be a seat). */
static int reserve_changes(struct sc_authority *a, size_t more)
{
    size_t need = a->change_need + more;
    struct sc_auth_change *p;
    size_t bytes, wider;

    if (need > a->change_cap) {
        wider = need * 2;
        if (!cr_mul_size(wider, sizeof *p, &bytes))
            return ST_OVERSIZE;
        p = realloc(a->changes, bytes);
        if (p == NULL)
            return ST_NOMEM;
        a->changes = p;
        a->change_cap = wider;
    }
    a->change_need = need;
    a->change_count = 0; /* the last settling's are spent by any addition */
    return ST_OK;
}

static int reserve_author(struct sc_authority *a, uint32_t more)
{
    int rc = RESERVE(a->authors, a->author_cap, (size_t)a->author_count + more);

    if (rc == ST_OK)
        rc = RESERVE(a->work, a->work_cap, (size_t)a->author_count + more);
    if (rc == ST_OK)
        rc = sc_au_map_reserve(&a->by_author, more);
    return rc;
}

/* ---- authors and logs ---- */

void sc_au_mark(struct sc_authority *a, uint32_t author)
{
    if (a->authors[author].dirty)
        return;
    a->authors[author].dirty = true;
    CR_ASSERT(a->work_count < a->work_cap);
    a->work[a->work_count++] = author;
}

static void touch(struct sc_authority *a, uint32_t author)
{
    sc_au_mark(a, author);
    a->settled = false;
}

uint32_t sc_au_author_find(const struct sc_authority *a, const struct cr_sign_pk *pk)
{
    return sc_au_map_get(&a->by_author, pk->b);
}

/* Room was reserved. */
static uint32_t author_of(struct sc_authority *a, const struct cr_sign_pk *pk)
{
    uint32_t at = sc_au_author_find(a, pk);
    enum sc_root root;

    if (at != SC_AU_NIL)
        return at;
    at = a->author_count++;
    a->authors[at] = (struct sc_au_author){.pk = *pk,
                                           .stratum = SC_AU_OTHER,
                                           .first_log = SC_AU_NIL,
                                           .first_record = SC_AU_NIL,
                                           .first_cut = SC_AU_NIL,
                                           .first_adopt = SC_AU_NIL};
    sc_au_map_put(&a->by_author, pk->b, at);
    root = sc_certs_root(a->certs, pk);
    if (root != SC_ROOT_NONE) {
        a->authors[at].stratum = root == SC_ROOT_NEXT ? SC_AU_NEXT_ROOT : SC_AU_ROOT;
        a->roots[a->authors[at].stratum] = at;
    }
    return at;
}

uint32_t sc_au_log_find(const struct sc_authority *a, const struct sc_log_key *key)
{
    uint32_t author = sc_au_author_find(a, &key->author);
    struct cr_hash id;

    if (author == SC_AU_NIL)
        return SC_AU_NIL;
    if (a->authors[author].log_count > WALK_MAX) {
        sc_log_id(&a->net, key, &id);
        return sc_au_map_get(&a->by_log, id.b);
    }
    for (uint32_t i = a->authors[author].first_log; i != SC_AU_NIL; i = a->logs[i].next_of_author) {
        if (a->logs[i].key.scope == key->scope && a->logs[i].key.incarnation == key->incarnation)
            return i;
    }
    return SC_AU_NIL;
}

static int new_log(struct sc_authority *a, const struct sc_log_key *key)
{
    struct sc_au_branch *first;
    struct sc_au_log *log;
    uint32_t author;
    int rc = reserve_author(a, 1);

    if (rc == ST_OK)
        rc = RESERVE(a->logs, a->log_cap, (size_t)a->log_count + 1);
    if (rc == ST_OK)
        rc = sc_au_map_reserve(&a->by_log, 1);
    if (rc == ST_OK)
        rc = RESERVE(a->scratch, a->scratch_cap, SC_AU_ROWS);
    if (rc == ST_OK)
        rc = reserve_changes(a, 2);
    if (rc != ST_OK)
        return rc;
    first = malloc(sizeof *first);
    if (first == NULL)
        return ST_NOMEM;
    *first = (struct sc_au_branch){
        .parent = SC_AU_NIL, .limit = UINT64_MAX, .soft = UINT64_MAX, .retire = UINT64_MAX};
    author = author_of(a, &key->author);
    log = &a->logs[a->log_count];
    *log = (struct sc_au_log){.key = *key,
                              .author = author,
                              .next_of_author = a->authors[author].first_log,
                              .branches = first,
                              .count = 1,
                              .capacity = 1,
                              .fork_seq = UINT64_MAX};
    sc_log_id(&a->net, key, &log->id);
    sc_au_map_put(&a->by_log, log->id.b, a->log_count);
    a->authors[author].first_log = a->log_count++;
    a->authors[author].log_count++;
    if (a->authors[author].first_cut != SC_AU_NIL)
        touch(a, author);
    return ST_OK;
}

/* Nothing after a RETIRE counts, on its branch or on those that hang off behind it. */
static void retire_after(struct sc_au_log *log, uint32_t branch, uint64_t seq)
{
    log->retired = true;
    if (log->branches[branch].retire > seq + 1)
        log->branches[branch].retire = seq + 1;
}

static void inherit_retire(struct sc_au_log *log, uint32_t from)
{
    for (uint32_t b = from; b < log->count; b++) {
        struct sc_au_branch *branch = &log->branches[b];

        if (branch->parent != SC_AU_NIL &&
            log->branches[branch->parent].retire <= branch->first_seq)
            branch->retire = 0;
    }
}

int sc_authority_branch(struct sc_authority *a, const struct sc_log_key *key, uint32_t branch,
                        uint32_t parent, uint64_t first_seq)
{
    uint32_t at = sc_au_log_find(a, key);
    bool hangs = parent != SC_AUTH_NONE && parent != SC_AUTH_APART;
    struct sc_au_log *log;
    int rc;

    if (at == SC_AU_NIL)
        return branch == 0 && parent == SC_AUTH_NONE && first_seq == 0 ? new_log(a, key) : ST_RANGE;
    log = &a->logs[at];
    if (branch < log->count)
        return ST_OK;
    if (branch > log->count || (hangs ? parent >= log->count : first_seq != 0) ||
        (hangs && log->branches[parent].first_seq >= first_seq))
        return ST_RANGE;
    rc = RESERVE(log->branches, log->capacity, (size_t)log->count + 1);
    if (rc == ST_OK)
        rc = RESERVE(a->scratch, a->scratch_cap, ((size_t)log->count + 1) * SC_AU_ROWS);
    if (rc == ST_OK)
        rc = reserve_changes(a, 2);
    if (rc != ST_OK)
        return rc;
    log->branches[log->count++] = (struct sc_au_branch){.parent = hangs ? parent : SC_AU_NIL,
                                                        .first_seq = first_seq,
                                                        .limit = UINT64_MAX,
                                                        .soft = UINT64_MAX,
                                                        .retire = UINT64_MAX};
    inherit_retire(log, branch);
    if (parent != SC_AUTH_APART && first_seq < log->fork_seq)
        log->fork_seq = first_seq;
    touch(a, log->author);
    return ST_OK;
}

/* ---- named entries ---- */

static bool names_it(const struct sc_au_name *n, const struct cr_hash *log_id,
                     const struct sc_auth_at *at)
{
    return n->seq == at->seq && cr_hash_equal(&n->log_id, log_id);
}

/* The named entry lies there: whoever waits for it is looked at again. */
static void found(struct sc_authority *a, struct sc_au_name *n, uint32_t branch)
{
    struct sc_au_record *r = &a->records[n->record];

    n->located = true;
    n->branch = branch;
    if (n->kind == SC_AU_DEP && --r->deps_left == 0)
        touch(a, r->author);
    if (n->kind == SC_AU_HEAD)
        touch(a, r->subject);
}

void sc_authority_stored(struct sc_authority *a, const struct sc_auth_at *at)
{
    uint32_t i = sc_au_map_get(&a->by_name, at->entry_id.b);
    uint32_t log;

    if (i == SC_AU_NIL)
        return;
    log = sc_au_log_find(a, &at->key);
    if (log == SC_AU_NIL)
        return;
    for (; i != SC_AU_NIL; i = a->names[i].next_same) {
        if (!a->names[i].located && names_it(&a->names[i], &a->logs[log].id, at))
            found(a, &a->names[i], at->branch);
    }
}

/* Asks the source for one entry; it may be absent. */
static int locate(const struct sc_authority *a, struct sc_au_name *n)
{
    int rc;

    if (sc_au_map_get(&a->by_log, n->log_id.b) == SC_AU_NIL)
        return ST_OK;
    rc = a->source.locate(a->source.arg, &n->log_id, n->seq, &n->entry_id, &n->branch);
    n->located = rc == ST_OK;
    return rc == ST_NOTFOUND ? ST_OK : rc;
}

/* ---- records ---- */

/* What a record says, before it becomes part of the set. */
struct draft {
    struct sc_cert cert;
    struct sc_au_record r;
    struct cr_sign_pk subject;
    size_t name_count;
};

static int decode(struct draft *d, uint64_t type, struct cr_span body, struct st_err *err)
{
    int rc = ST_OK;

    if (type == SC_R_CERT) {
        rc = sc_cert_decode(body, &d->cert, err);
        d->subject = d->cert.subject;
    } else if (type == SC_R_CUT) {
        rc = sc_cut_decode(body, &d->r.cut, err);
        d->subject = d->r.cut.subject;
        d->r.head_count = (uint32_t)sc_cut_head_count(d->r.cut.heads);
        d->r.dep_count = (uint32_t)sc_cut_dep_count(d->r.cut.deps);
    } else {
        rc = sc_adopt_decode(body, &d->r.adopt, err);
        d->subject = d->r.adopt.subject;
        d->r.head_count = (uint32_t)sc_adopt_count(d->r.adopt.entries);
    }
    d->name_count = (size_t)d->r.head_count + d->r.dep_count;
    return rc;
}

/* Entry i that the record names. */
static void name_at(const struct sc_authority *a, const struct draft *d, uint32_t i,
                    struct sc_au_name *n)
{
    struct sc_log_key key = {.author = d->subject};
    struct sc_cut_head h;
    struct sc_cut_dep dep;
    struct sc_adopt_entry e;

    *n = (struct sc_au_name){.record = a->record_count, .next_same = SC_AU_NIL};
    if (i >= d->r.head_count) {
        sc_cut_dep_at(d->r.cut.deps, i - d->r.head_count, &dep);
        n->kind = SC_AU_DEP;
        n->log_id = dep.log_id;
        n->seq = dep.seq;
        n->entry_id = dep.entry_id;
        return;
    }
    if (d->r.type == SC_R_CUT) {
        sc_cut_head_at(d->r.cut.heads, i, &h);
        n->kind = SC_AU_HEAD;
        n->scope = h.scope;
        n->incarnation = h.incarnation;
        n->seq = h.seq;
        n->entry_id = h.entry_id;
    } else {
        sc_adopt_at(d->r.adopt.entries, i, &e);
        n->kind = SC_AU_ADOPTED;
        n->scope = d->r.adopt.scope;
        n->incarnation = d->r.adopt.incarnation;
        n->seq = e.seq;
        n->entry_id = e.entry_id;
    }
    key.scope = n->scope;
    key.incarnation = n->incarnation;
    sc_log_id(&a->net, &key, &n->log_id);
}

/* Fills the names behind those in use, which do not count them yet. */
static int prepare_names(struct sc_authority *a, struct draft *d)
{
    int rc = RESERVE(a->names, a->name_cap, a->name_count + d->name_count);

    d->r.deps_left = d->r.dep_count;
    for (uint32_t i = 0; rc == ST_OK && i < d->name_count; i++) {
        struct sc_au_name *n = &a->names[a->name_count + i];

        name_at(a, d, i, n);
        rc = locate(a, n);
        if (n->located && n->kind == SC_AU_DEP)
            d->r.deps_left--;
    }
    return rc;
}

/* Copies the body, and makes the spans point into the copy. */
static int keep_bytes(struct draft *d, struct cr_span body)
{
    if (d->r.type == SC_R_CERT)
        return ST_OK;
    d->r.bytes = malloc(body.n);
    if (d->r.bytes == NULL)
        return ST_NOMEM;
    memcpy(d->r.bytes, body.p, body.n);
    return decode(d, d->r.type, cr_span_of(d->r.bytes, body.n), NULL);
}

static void commit(struct sc_authority *a, struct draft *d)
{
    uint32_t at = a->record_count++;
    struct sc_au_record *r = &a->records[at];
    struct sc_au_author *author = &a->authors[d->r.author];

    *r = d->r;
    r->subject = author_of(a, &d->subject);
    author = &a->authors[r->author];
    r->first_name = a->name_count;
    r->next_of_author = author->first_record;
    author->first_record = at;
    r->next_on_subject = SC_AU_NIL;
    if (r->type != SC_R_CERT) {
        struct sc_au_author *subject = &a->authors[r->subject];
        uint32_t *list = r->type == SC_R_CUT ? &subject->first_cut : &subject->first_adopt;

        r->next_on_subject = *list;
        *list = at;
    }
    for (size_t i = 0; i < d->name_count; i++) {
        struct sc_au_name *n = &a->names[a->name_count];

        n->next_same = sc_au_map_get(&a->by_name, n->entry_id.b);
        sc_au_map_put(&a->by_name, n->entry_id.b, a->name_count++);
    }
    sc_au_map_put(&a->by_record, r->entry_id.b, at);
    if (r->type == SC_R_CERT) {
        sc_certs_stand(a->certs, &r->entry_id, false); /* until settled */
        a->certs_dirty = true;
    }
    if (r->type == SC_R_CUT && r->cut.mode == SC_CUT_RETIRE && r->subject == r->author) {
        retire_after(&a->logs[r->log], r->branch, r->seq);
        inherit_retire(&a->logs[r->log], r->branch + 1);
    }
    touch(a, r->author);
}

/* Room for everything, and the certificate's place in its set; nothing else is changed. */
static int prepare(struct sc_authority *a, struct draft *d, const struct sc_auth_at *at,
                   struct cr_span body)
{
    int rc = reserve_author(a, 1);

    if (rc == ST_OK)
        rc = RESERVE(a->records, a->record_cap, (size_t)a->record_count + 1);
    if (rc == ST_OK)
        rc = sc_au_map_reserve(&a->by_record, 1);
    if (rc == ST_OK)
        rc = reserve_changes(a, 4);
    if (rc == ST_OK)
        rc = sc_au_map_reserve(&a->by_name, d->name_count);
    if (rc == ST_OK)
        rc = keep_bytes(d, body);
    if (rc == ST_OK)
        rc = prepare_names(a, d);
    if (rc == ST_OK && d->r.type == SC_R_CERT)
        rc = sc_certs_add(a->certs, &at->key.author, &at->entry_id, &d->cert);
    return rc;
}

int sc_authority_record(struct sc_authority *a, const struct sc_auth_at *at, uint64_t type,
                        struct cr_span body, struct st_err *err)
{
    struct draft d = {.r = {.type = type, .entry_id = at->entry_id, .seq = at->seq}};
    uint32_t log = sc_au_log_find(a, &at->key);
    int rc;

    sc_authority_stored(a, at);
    if ((type != SC_R_CERT && type != SC_R_CUT && type != SC_R_ADOPT) ||
        at->key.scope != SC_SCOPE_PUBLIC ||
        sc_au_map_get(&a->by_record, at->entry_id.b) != SC_AU_NIL)
        return ST_OK;
    if (log == SC_AU_NIL || at->branch >= a->logs[log].count)
        return st_fail(err, ST_RANGE, "authority record in a branch that was not told of");
    d.r.log = log;
    d.r.author = a->logs[log].author;
    d.r.branch = at->branch;
    rc = decode(&d, type, body, err);
    if (rc != ST_OK)
        return rc;
    rc = prepare(a, &d, at, body);
    if (rc != ST_OK) {
        free(d.r.bytes);
        return st_fail(err, (enum st_code)rc, "authority record: %s", st_text((enum st_code)rc));
    }
    commit(a, &d);
    return ST_OK;
}
