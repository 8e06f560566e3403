/* The evaluated set of certificates.
 *
 * Items are kept in the order they came; what is accepted is decided again, from the whole set, at
 * the first query after a change: first what the root signed, then what accepted seats signed.
 * So the answer is a function of the set. The accepted ones are sorted by (rank, entry id) and hung
 * into two hash tables, by signing key and by exchange key, in such a way that each chain is in
 * that order too. All memory is taken by sc_certs_add, so that queries cannot fail. */
#include "schema/cert.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY    16u
#define NONE              UINT32_MAX
#define SEAT_ROLES        (SC_ROLE_STREET | SC_ROLE_VILLAGE)
#define STREET_ONLY_ROLES (SC_ROLE_STREET | SC_ROLE_DISTRICT | SC_ROLE_POLICE)

struct item {
    struct cr_sign_pk author;
    struct cr_hash entry_id;
    struct sc_cert cert;
    bool stands; /* counts in its log */
    bool accepted;
    uint8_t giver;               /* of an accepted one: enum sc_giver */
    uint32_t next_sign, next_kx; /* in its chain, NONE at the end */
};

struct sc_certs {
    struct cr_sign_pk root, next_root;
    struct cr_hash next_commitment;
    bool has_next; /* next_root was seen */
    struct item *items;
    uint32_t count, capacity;
    uint32_t slots;     /* power of two, at least 2 * capacity */
    uint32_t *by_entry; /* open addressing over entry ids: index or NONE */
    uint32_t *by_sign;  /* open addressing over subjects: first of the chain or NONE */
    uint32_t *by_kx;    /* the same over exchange keys */
    uint32_t *order;    /* accepted items by (rank, entry id) */
    uint32_t order_count;
    bool stale; /* an item came since the last evaluation */
};

struct sc_certs *sc_certs_new(const struct sc_genesis *genesis)
{
    struct sc_certs *s = calloc(1, sizeof *s);

    if (s != NULL) {
        s->root = genesis->root;
        s->next_commitment = genesis->next_root;
    }
    return s;
}

void sc_certs_free(struct sc_certs *s)
{
    if (s == NULL)
        return;
    free(s->items);
    free(s->by_entry);
    free(s->by_sign);
    free(s->by_kx);
    free(s->order);
    free(s);
}

/* Keys and ids are as good as random, so eight of their bytes are a hash. Only accepted keys are
 * hung into the tables that are asked often, so nobody else can crowd a slot. */
static uint32_t slot_of(const struct sc_certs *s, const uint8_t *key)
{
    return (uint32_t)cr_load_le64(key) & (s->slots - 1);
}

/* Slot that holds the entry id, or the free one where it belongs. */
static uint32_t entry_slot(const struct sc_certs *s, const struct cr_hash *entry_id)
{
    uint32_t at = slot_of(s, entry_id->b);

    while (s->by_entry[at] != NONE && !cr_hash_equal(&s->items[s->by_entry[at]].entry_id, entry_id))
        at = (at + 1) & (s->slots - 1);
    return at;
}

static uint32_t sign_slot(const struct sc_certs *s, const struct cr_sign_pk *key)
{
    uint32_t at = slot_of(s, key->b);

    while (s->by_sign[at] != NONE && !cr_sign_pk_equal(&s->items[s->by_sign[at]].cert.subject, key))
        at = (at + 1) & (s->slots - 1);
    return at;
}

static uint32_t kx_slot(const struct sc_certs *s, const struct cr_kx_pk *key)
{
    uint32_t at = slot_of(s, key->b);

    while (s->by_kx[at] != NONE && !cr_kx_pk_equal(&s->items[s->by_kx[at]].cert.kx_pk, key))
        at = (at + 1) & (s->slots - 1);
    return at;
}

/* A root as far as seen: the commitment is not opened. */
static bool is_root(const struct sc_certs *s, const struct cr_sign_pk *key)
{
    return cr_sign_pk_equal(key, &s->root) || (s->has_next && cr_sign_pk_equal(key, &s->next_root));
}

enum sc_root sc_certs_root(struct sc_certs *s, const struct cr_sign_pk *key)
{
    struct cr_hash h;

    if (cr_sign_pk_equal(key, &s->root))
        return SC_ROOT_GENESIS;
    if (s->has_next)
        return cr_sign_pk_equal(key, &s->next_root) ? SC_ROOT_NEXT : SC_ROOT_NONE;
    cr_hash1(CR_TAG_NEXT_ROOT, cr_span_of(key->b, CR_SIGN_PK_BYTES), &h);
    if (!cr_hash_equal(&h, &s->next_commitment))
        return SC_ROOT_NONE;
    s->next_root = *key;
    s->has_next = true;
    s->stale = true;
    return SC_ROOT_NEXT;
}

static void *grown(void *p, uint32_t count, size_t size)
{
    size_t bytes;

    return cr_mul_size(count, size, &bytes) ? realloc(p, bytes) : NULL;
}

/* Doubles everything. On failure some arrays may be longer than needed, nothing is lost. */
static int grow(struct sc_certs *s)
{
    uint32_t capacity = s->capacity > 0 ? s->capacity * 2 : FIRST_CAPACITY;
    uint32_t slots = capacity * 2;
    struct item *items;
    uint32_t **tables[] = {&s->by_entry, &s->by_sign, &s->by_kx};
    uint32_t *order;

    if (s->capacity > UINT32_MAX / 8)
        return ST_OVERSIZE;
    items = grown(s->items, capacity, sizeof *items);
    if (items == NULL)
        return ST_NOMEM;
    s->items = items;
    order = grown(s->order, capacity, sizeof *order);
    if (order == NULL)
        return ST_NOMEM;
    s->order = order;
    for (size_t k = 0; k < 3; k++) {
        uint32_t *table = grown(*tables[k], slots, sizeof *table);

        if (table == NULL)
            return ST_NOMEM;
        *tables[k] = table;
    }
    s->capacity = capacity;
    s->slots = slots;
    memset(s->by_entry, 0xff, slots * sizeof *s->by_entry);
    for (uint32_t i = 0; i < s->count; i++)
        s->by_entry[entry_slot(s, &s->items[i].entry_id)] = i;
    s->stale = true;
    return ST_OK;
}

int sc_certs_add(struct sc_certs *s, const struct cr_sign_pk *author,
                 const struct cr_hash *entry_id, const struct sc_cert *c)
{
    uint32_t slot;
    int rc;

    CR_ASSERT(c->prefix_count <= SC_CERT_PREFIXES_MAX);
    if (s->count > 0 && s->by_entry[entry_slot(s, entry_id)] != NONE)
        return ST_OK;
    if (s->count == s->capacity) {
        rc = grow(s);
        if (rc != ST_OK)
            return rc;
    }
    (void)sc_certs_root(s, author);
    slot = entry_slot(s, entry_id);
    s->items[s->count] =
        (struct item){.author = *author, .entry_id = *entry_id, .cert = *c, .stands = true};
    s->by_entry[slot] = s->count++;
    s->stale = true;
    return ST_OK;
}

void sc_certs_stand(struct sc_certs *s, const struct cr_hash *entry_id, bool stands)
{
    uint32_t at = s->count > 0 ? s->by_entry[entry_slot(s, entry_id)] : NONE;

    if (at == NONE || s->items[at].stands == stands)
        return;
    s->items[at].stands = stands;
    s->stale = true;
}

static bool encloses(const struct sc_cert *c, uint64_t grid)
{
    for (size_t i = 0; i < c->prefix_count; i++) {
        if (sc_grid_within(grid, c->prefixes[i]))
            return true;
    }
    return false;
}

/* The seat's certificate gives the power to sign this one. */
static bool may_certify(const struct sc_cert *seat, const struct sc_cert *c)
{
    if (seat->rank != 1 || (seat->roles & SEAT_ROLES) == 0 || c->rank != 2)
        return false;
    if ((c->roles & STREET_ONLY_ROLES) != 0 && (seat->roles & SC_ROLE_STREET) == 0)
        return false;
    for (size_t i = 0; i < c->prefix_count; i++) {
        if (!encloses(seat, c->prefixes[i]))
            return false;
    }
    return true;
}

/* What the seat that signed it is, 0 none that may. */
static enum sc_giver signed_by_seat(const struct sc_certs *s, const struct item *item)
{
    enum sc_giver giver = SC_GV_NONE;

    for (uint32_t i = s->by_sign[sign_slot(s, &item->author)]; i != NONE;
         i = s->items[i].next_sign) {
        if (!may_certify(&s->items[i].cert, &item->cert))
            continue;
        if ((s->items[i].cert.roles & SC_ROLE_STREET) != 0)
            return SC_GV_STREET;
        giver = SC_GV_VILLAGE;
    }
    return giver;
}

static int order_of(const struct item *a, const struct item *b)
{
    if (a->cert.rank != b->cert.rank)
        return a->cert.rank < b->cert.rank ? -1 : 1;
    return cr_hash_cmp(&a->entry_id, &b->entry_id);
}

/* Heap sort of s->order: qsort has no room for a context. */
static void sift(struct sc_certs *s, uint32_t root, uint32_t end)
{
    for (;;) {
        uint32_t child = 2 * root + 1;
        uint32_t kept = s->order[root];

        if (child >= end)
            return;
        if (child + 1 < end &&
            order_of(&s->items[s->order[child]], &s->items[s->order[child + 1]]) < 0)
            child++;
        if (order_of(&s->items[kept], &s->items[s->order[child]]) >= 0)
            return;
        s->order[root] = s->order[child];
        s->order[child] = kept;
        root = child;
    }
}

static void sort_order(struct sc_certs *s)
{
    for (uint32_t i = s->order_count / 2; i > 0; i--)
        sift(s, i - 1, s->order_count);
    for (uint32_t end = s->order_count; end > 1; end--) {
        uint32_t top = s->order[0];

        s->order[0] = s->order[end - 1];
        s->order[end - 1] = top;
        sift(s, 0, end - 1);
    }
}

/* Hangs all accepted items into the tables: last first, each before what is there. */
static void index_accepted(struct sc_certs *s)
{
    static const struct cr_kx_pk none = {{0}};

    s->order_count = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->items[i].accepted)
            s->order[s->order_count++] = i;
    }
    sort_order(s);
    memset(s->by_sign, 0xff, s->slots * sizeof *s->by_sign);
    memset(s->by_kx, 0xff, s->slots * sizeof *s->by_kx);
    for (uint32_t n = s->order_count; n > 0; n--) {
        struct item *item = &s->items[s->order[n - 1]];
        uint32_t slot = sign_slot(s, &item->cert.subject);

        item->next_sign = s->by_sign[slot];
        s->by_sign[slot] = s->order[n - 1];
        item->next_kx = NONE;
        if (cr_kx_pk_equal(&item->cert.kx_pk, &none))
            continue;
        slot = kx_slot(s, &item->cert.kx_pk);
        item->next_kx = s->by_kx[slot];
        s->by_kx[slot] = s->order[n - 1];
    }
}

static void evaluate(struct sc_certs *s)
{
    if (!s->stale)
        return;
    for (uint32_t i = 0; i < s->count; i++) {
        s->items[i].accepted =
            s->items[i].stands && s->items[i].cert.rank >= 1 && is_root(s, &s->items[i].author);
        s->items[i].giver = SC_GV_ROOT;
    }
    index_accepted(s);
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->items[i].accepted || !s->items[i].stands)
            continue;
        s->items[i].giver = (uint8_t)signed_by_seat(s, &s->items[i]);
        s->items[i].accepted = s->items[i].giver != 0;
    }
    index_accepted(s);
    s->stale = false;
}

/* First accepted item of the key, NONE when there is none. */
static uint32_t first_of(struct sc_certs *s, const struct cr_sign_pk *key)
{
    if (s->count == 0)
        return NONE;
    evaluate(s);
    return s->by_sign[sign_slot(s, key)];
}

enum sc_giver sc_certs_giver(struct sc_certs *s, const struct cr_hash *entry_id)
{
    uint32_t at;

    if (s->count == 0)
        return SC_GV_NONE;
    evaluate(s);
    at = s->by_entry[entry_slot(s, entry_id)];
    return at != NONE && s->items[at].accepted ? (enum sc_giver)s->items[at].giver : SC_GV_NONE;
}

bool sc_certs_accepted(struct sc_certs *s, const struct cr_hash *entry_id)
{
    return sc_certs_giver(s, entry_id) != SC_GV_NONE;
}

bool sc_certs_is_seat(struct sc_certs *s, const struct cr_sign_pk *key)
{
    uint32_t first = first_of(s, key);

    return first != NONE && s->items[first].cert.rank == 1;
}

bool sc_certs_governs(struct sc_certs *s, const struct cr_sign_pk *seat, uint64_t scope)
{
    for (uint32_t i = first_of(s, seat); i != NONE; i = s->items[i].next_sign) {
        const struct sc_cert *c = &s->items[i].cert;

        if (c->rank != 1 || (c->roles & SEAT_ROLES) == 0)
            continue;
        if (sc_grid_level(scope) != 0 ? encloses(c, scope) : (c->roles & SC_ROLE_STREET) != 0)
            return true;
    }
    return false;
}

static uint32_t roles_of(const struct sc_cert *c, uint64_t scope, uint64_t grid, uint64_t wall_ms)
{
    if (wall_ms != 0 && (wall_ms < c->from_ms || (c->to_ms != 0 && wall_ms > c->to_ms)))
        return 0;
    if (scope == SC_SCOPE_INTERNAL && (c->roles & SC_ROLE_STREET) == 0)
        return 0;
    if (grid != 0 && !encloses(c, grid))
        return 0;
    return (uint32_t)c->roles & SC_ROLES_ALL;
}

bool sc_certs_is_street_seat(struct sc_certs *s, const struct cr_sign_pk *key, uint64_t wall_ms)
{
    for (uint32_t i = first_of(s, key); i != NONE; i = s->items[i].next_sign) {
        const struct sc_cert *c = &s->items[i].cert;

        if (c->rank == 1 && (roles_of(c, SC_SCOPE_PUBLIC, 0, wall_ms) & SC_ROLE_STREET) != 0)
            return true;
    }
    return false;
}

uint32_t sc_certs_roles_by(struct sc_certs *s, const struct cr_sign_pk *author, uint64_t scope,
                           uint64_t grid, uint64_t wall_ms, uint32_t by[static SC_GIVERS])
{
    bool local = sc_grid_level(scope) != 0;
    uint32_t roles = 0;

    if (local && grid != 0 && !sc_grid_within(grid, scope))
        return 0;
    if (local && grid == 0)
        grid = scope;
    if (scope == SC_SCOPE_PUBLIC && is_root(s, author))
        roles = SC_ROLE_ROOT;
    for (uint32_t i = first_of(s, author); i != NONE; i = s->items[i].next_sign) {
        uint32_t more = roles_of(&s->items[i].cert, scope, grid, wall_ms);

        by[s->items[i].giver] |= more;
        roles |= more;
    }
    return roles;
}

uint32_t sc_certs_roles(struct sc_certs *s, const struct cr_sign_pk *author, uint64_t scope,
                        uint64_t grid, uint64_t wall_ms)
{
    uint32_t by[SC_GIVERS] = {0};

    return sc_certs_roles_by(s, author, scope, grid, wall_ms, by);
}

enum sc_no_roles sc_certs_no_roles(struct sc_certs *s, const struct cr_sign_pk *author,
                                   uint64_t scope, uint64_t grid, uint64_t wall_ms)
{
    if (sc_certs_roles(s, author, scope, grid, wall_ms) != 0)
        return SC_NR_NONE;
    if (first_of(s, author) == NONE)
        return SC_NR_UNKNOWN;
    return sc_certs_roles(s, author, scope, grid, 0) != 0 ? SC_NR_WINDOW : SC_NR_GRID;
}

struct sc_id sc_certs_person(struct sc_certs *s, const struct cr_sign_pk *author)
{
    uint32_t first = first_of(s, author);
    struct sc_id id;

    if (first != NONE)
        return s->items[first].cert.person;
    cr_person_id(author, id.b);
    return id;
}

const struct sc_cert *sc_certs_find(struct sc_certs *s, const struct cr_sign_pk *author)
{
    uint32_t first = first_of(s, author);

    return first != NONE ? &s->items[first].cert : NULL;
}

const struct sc_cert *sc_certs_find_kx(struct sc_certs *s, const struct cr_kx_pk *kx)
{
    uint32_t first;

    if (s->count == 0)
        return NULL;
    evaluate(s);
    first = s->by_kx[kx_slot(s, kx)];
    return first != NONE ? &s->items[first].cert : NULL;
}

static bool reads(const struct sc_cert *c, uint64_t scope)
{
    if (scope == SC_SCOPE_PUBLIC)
        return true;
    if (scope == SC_SCOPE_INTERNAL)
        return (c->roles & SC_ROLE_STREET) != 0;
    for (size_t i = 0; i < c->prefix_count; i++) {
        if (sc_grid_within(scope, c->prefixes[i]) || sc_grid_within(c->prefixes[i], scope))
            return true;
    }
    return false;
}

bool sc_certs_may_read(struct sc_certs *s, const struct cr_sign_pk *subject, uint64_t scope)
{
    if (!sc_scope_valid(scope))
        return false;
    if (scope == SC_SCOPE_PUBLIC && is_root(s, subject))
        return true;
    for (uint32_t i = first_of(s, subject); i != NONE; i = s->items[i].next_sign) {
        if (reads(&s->items[i].cert, scope))
            return true;
    }
    return false;
}

int sc_certs_each_area(struct sc_certs *s, const struct cr_sign_pk *key,
                       int (*cb)(void *arg, uint64_t scope), void *arg)
{
    for (uint32_t i = first_of(s, key); i != NONE; i = s->items[i].next_sign) {
        for (size_t k = 0; k < s->items[i].cert.prefix_count; k++) {
            int rc = cb(arg, sc_grid_scope(s->items[i].cert.prefixes[k]));

            if (rc != 0)
                return rc;
        }
    }
    return 0;
}

int sc_certs_each(struct sc_certs *s,
                  int (*cb)(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                            const struct cr_hash *entry_id),
                  void *arg)
{
    if (s->count == 0)
        return 0;
    evaluate(s);
    for (uint32_t n = 0; n < s->order_count; n++) {
        const struct item *item = &s->items[s->order[n]];
        int rc = cb(arg, &item->cert, &item->author, &item->entry_id);

        if (rc != 0)
            return rc;
    }
    return 0;
}
