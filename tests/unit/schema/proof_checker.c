/* A second checker of proofs, written from crypto/PROOF.md with libsodium and nothing of the
 * project: it shows that the text is enough.
 *
 *   proof_checker FILE           0 when the proof holds and its entries count, 2 when it holds and
 *                                shows that one does not count, else 1 and why
 *   proof_checker --damage FILE  the same, and 1 too when a prefix of it, or a copy with one bit
 *                                changed, is not refused */
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX  (4u << 20)
#define CERTS_MAX 512
#define CUTS_MAX  256
#define SIGNERS   4096
#define NEVER     UINT64_MAX

struct span {
    const uint8_t *p, *end;
    bool bad;
};

/* A covered entry. */
struct place {
    uint8_t author[32], log[32], id[32];
    uint64_t scope, inc, seq, strand;
};

/* A cut or an adoption. */
struct cut {
    struct place at;
    uint8_t subject[32];
    uint64_t type, mode, scope, inc;
    const uint8_t *heads, *deps; /* of an adoption heads are its entries */
    size_t head_count, dep_count;
    bool in_force;
};

struct cert {
    struct place at;
    uint8_t author[32], subject[32];
    uint64_t rank, roles, grid[16];
    size_t grids;
    bool accepted;
};

struct proof {
    uint8_t subject[16], net[32], root[32], next[32];
    struct cert cert[CERTS_MAX];
    struct cut cut[CUTS_MAX];
    size_t certs, cuts, signers, shown_certs, shown_cuts, places, held;
    struct place entry[SIGNERS]; /* of the record */
    struct place *place;         /* all that are covered, by log, then seq */
};

static void hash(const char *tag, const uint8_t *a, size_t an, const uint8_t *b, size_t bn,
                 uint8_t out[32])
{
    static const uint8_t salt[16];
    uint8_t personal[16] = "fengsui/";
    crypto_generichash_blake2b_state s;

    memcpy(personal + 8, tag, strlen(tag));
    crypto_generichash_blake2b_init_salt_personal(&s, NULL, 0, 32, salt, personal);
    crypto_generichash_blake2b_update(&s, a, an);
    if (bn > 0)
        crypto_generichash_blake2b_update(&s, b, bn);
    crypto_generichash_blake2b_final(&s, out, 32);
}

static const uint8_t *take(struct span *s, size_t n)
{
    static const uint8_t none[256];
    const uint8_t *p = s->p;

    if (s->bad || n > (size_t)(s->end - s->p)) {
        s->bad = true;
        return n <= sizeof none ? none : NULL;
    }
    s->p += n;
    return p;
}

static uint64_t number(struct span *s, size_t n)
{
    const uint8_t *p = take(s, n);
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

/* ---- MessagePack, as much of it as is needed ---- */

struct value {
    char kind;  /* u number, b bin, t text, a array, m map, n nil, o other */
    uint64_t u; /* number, length or count */
    const uint8_t *p;
};

static struct value next(struct span *s)
{
    struct value v = {'o', 0, NULL};
    unsigned c = (unsigned)number(s, 1);

    if (c < 0x80) {
        v = (struct value){'u', c, NULL};
    } else if (c < 0x90) {
        v = (struct value){'m', c & 15, NULL};
    } else if (c < 0xa0) {
        v = (struct value){'a', c & 15, NULL};
    } else if (c < 0xc0) {
        v = (struct value){'t', c & 31, NULL};
    } else if (c == 0xc0) {
        v.kind = 'n';
    } else if (c >= 0xc4 && c <= 0xc6) {
        v = (struct value){'b', number(s, (size_t)1 << (c - 0xc4)), NULL};
    } else if (c >= 0xcc && c <= 0xcf) {
        v = (struct value){'u', number(s, (size_t)1 << (c - 0xcc)), NULL};
    } else if (c >= 0xd0 && c <= 0xd3) {
        (void)number(s, (size_t)1 << (c - 0xd0));
    } else if (c >= 0xd9 && c <= 0xdb) {
        v = (struct value){'t', number(s, (size_t)1 << (c - 0xd9)), NULL};
    } else if (c == 0xdc || c == 0xdd) {
        v = (struct value){'a', number(s, c == 0xdc ? 2 : 4), NULL};
    } else if (c == 0xde || c == 0xdf) {
        v = (struct value){'m', number(s, c == 0xde ? 2 : 4), NULL};
    } else if (c < 0xe0 && c != 0xc2 && c != 0xc3) {
        s->bad = true;
    }
    if (v.kind == 'b' || v.kind == 't')
        v.p = take(s, v.u);
    return s->bad ? (struct value){'o', 0, NULL} : v;
}

/* Steps over one value. */
static void skip(struct span *s)
{
    uint64_t left = 1;

    while (left > 0 && !s->bad) {
        struct value v = next(s);

        left += v.kind == 'a' ? v.u : v.kind == 'm' ? 2 * v.u : 0;
        left--;
    }
}

static bool bin(struct span *s, uint8_t *out, size_t n)
{
    struct value v = next(s);

    if (v.kind != 'b' || v.u != n) {
        s->bad = true;
        return false;
    }
    memcpy(out, v.p, n);
    return true;
}

static uint64_t uint(struct span *s)
{
    struct value v = next(s);

    if (v.kind != 'u')
        s->bad = true;
    return v.u;
}

/* ---- certificates ---- */

static void read_cert(struct span *body, uint64_t pairs, struct proof *f, const struct place *at)
{
    struct cert c = {.at = *at};

    memcpy(c.author, at->author, 32);
    for (uint64_t i = 0; i < pairs && !body->bad; i++) {
        uint64_t key = uint(body);

        if (key == 32) {
            (void)bin(body, c.subject, 32);
        } else if (key == 34) {
            c.rank = uint(body);
        } else if (key == 35) {
            c.roles = uint(body);
        } else if (key == 36) {
            struct value v = next(body);

            body->bad = body->bad || v.kind != 'a' || v.u > 16;
            while (!body->bad && c.grids < v.u)
                c.grid[c.grids++] = uint(body);
        } else {
            skip(body);
        }
    }
    if (!body->bad && body->p == body->end && f->certs < CERTS_MAX && c.grids > 0)
        f->cert[f->certs++] = c;
}

static bool is_root(const struct proof *f, const uint8_t *key)
{
    uint8_t h[32];

    hash("nextroot", key, 32, NULL, 0, h);
    return memcmp(key, f->root, 32) == 0 || memcmp(h, f->next, 32) == 0;
}

static bool gives(const struct cert *seat, const struct cert *c)
{
    if (!seat->accepted || seat->rank != 1 || c->rank != 2 || (seat->roles & 3) == 0 ||
        memcmp(seat->subject, c->author, 32) != 0 ||
        ((seat->roles & 1) == 0 && (c->roles & (1 | 64 | 128)) != 0))
        return false;
    for (size_t i = 0; i < c->grids; i++) {
        bool inside = false;

        for (size_t j = 0; j < seat->grids; j++)
            inside = inside || c->grid[i] == seat->grid[j] || c->grid[i] / 1000 == seat->grid[j] ||
                     c->grid[i] / 1000000 == seat->grid[j];
        if (!inside)
            return false;
    }
    return true;
}

/* ---- cuts and adoptions ---- */

static uint64_t be64(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

/* Items of a list: whole and ascending. */
static const uint8_t *list(struct span *body, size_t item, size_t *count)
{
    struct value v = next(body);

    if (v.kind != 'b' || v.u == 0 || v.u % item != 0) {
        body->bad = true;
        return NULL;
    }
    *count = v.u / item;
    for (size_t i = 1; i < *count; i++)
        body->bad = body->bad || memcmp(v.p + (i - 1) * item, v.p + i * item, item) >= 0;
    return v.p;
}

static void read_cut(struct span *body, uint64_t pairs, struct proof *f, uint64_t type,
                     const struct place *at)
{
    struct cut c = {.at = *at, .type = type};

    for (uint64_t i = 0; i < pairs && !body->bad; i++) {
        uint64_t key = uint(body);

        if (key == 32)
            (void)bin(body, c.subject, 32);
        else if (key == 33 && type == 2)
            c.mode = uint(body);
        else if (key == 33)
            c.scope = uint(body);
        else if (key == 34)
            c.inc = uint(body);
        else if (key == 35)
            c.heads = list(body, type == 2 ? 56 : 40, &c.head_count);
        else if (key == 36 && type == 2)
            c.deps = list(body, 72, &c.dep_count);
        else if (key == 3 && type == 2)
            skip(body);
        else
            body->bad = true;
    }
    if (!body->bad && body->p == body->end && f->cuts < CUTS_MAX)
        f->cut[f->cuts++] = c;
}

/* The covered entry at this place of a log. */
static const struct place *covered(const struct proof *f, const uint8_t *log, uint64_t seq)
{
    size_t low = 0, high = f->places;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int d = memcmp(f->place[mid].log, log, 32);

        if (d == 0)
            d = f->place[mid].seq < seq ? -1 : f->place[mid].seq > seq;
        if (d == 0)
            return &f->place[mid];
        if (d < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static bool certified(const struct proof *f, const uint8_t *key)
{
    for (size_t i = 0; i < f->certs; i++)
        if (f->cert[i].accepted && memcmp(f->cert[i].subject, key, 32) == 0)
            return true;
    return is_root(f, key);
}

static int stratum(const struct proof *f, const uint8_t *key)
{
    if (memcmp(key, f->root, 32) == 0)
        return 1;
    if (is_root(f, key))
        return 0;
    for (size_t i = 0; i < f->certs; i++)
        if (f->cert[i].accepted && f->cert[i].rank == 1 && memcmp(f->cert[i].subject, key, 32) == 0)
            return 2;
    return 3;
}

static bool governs(const struct proof *f, const uint8_t *key, uint64_t scope)
{
    if (stratum(f, key) <= 1)
        return true;
    for (size_t i = 0; i < f->certs; i++) {
        const struct cert *c = &f->cert[i];

        if (!c->accepted || c->rank != 1 || (c->roles & 3) == 0 || memcmp(c->subject, key, 32) != 0)
            continue;
        if (scope <= 2 && (c->roles & 1) != 0)
            return true;
        for (size_t k = 0; k < c->grids && scope > 2; k++)
            if (c->grid[k] == scope || c->grid[k] == scope / 1000 || c->grid[k] == scope / 1000000)
                return true;
    }
    return false;
}

struct bounds {
    uint64_t limit, soft;
};

/* One cut that binds the entry. */
static void narrow(const struct proof *f, const struct cut *c, const struct place *e,
                   struct bounds *b)
{
    uint64_t reach = 0, hope = 0;

    for (size_t i = 0; i < c->head_count; i++) {
        const uint8_t *h = c->heads + i * 56;
        uint64_t end = be64(h + 16) + 1;
        const struct place *p;

        if (be64(h) != e->scope || be64(h + 8) != e->inc)
            continue;
        p = covered(f, e->log, end - 1);
        if (p == NULL || memcmp(p->id, h + 24, 32) != 0)
            hope = end > hope ? end : hope;
        else if (p->strand == e->strand)
            reach = end > reach ? end : reach;
    }
    hope = hope > reach ? hope : reach;
    b->limit = reach < b->limit ? reach : b->limit;
    b->soft = hope < b->soft ? hope : b->soft;
}

static struct bounds bounds_in(const struct proof *f, const struct place *e, uint64_t scope)
{
    struct bounds b = {NEVER, NEVER};

    for (size_t i = 0; i < f->cuts; i++) {
        const struct cut *c = &f->cut[i];

        if (c->type != 2 || memcmp(c->subject, e->author, 32) != 0)
            continue;
        if (c->mode == 3 && memcmp(c->at.log, e->log, 32) == 0 && c->at.strand == e->strand) {
            b.limit = c->at.seq + 1 < b.limit ? c->at.seq + 1 : b.limit;
            b.soft = c->at.seq + 1 < b.soft ? c->at.seq + 1 : b.soft;
        }
        if (c->in_force && (c->mode == 1 || (c->mode == 2 && c->inc == e->inc)) &&
            stratum(f, c->at.author) < stratum(f, e->author) && governs(f, c->at.author, scope))
            narrow(f, c, e, &b);
    }
    return b;
}

/* The scope in which records about a grid are written. */
static uint64_t scope_of(uint64_t grid)
{
    return grid < 1000000000 ? 1 : grid >= UINT64_C(100000000000000) ? grid / 1000 : grid;
}

static struct bounds bounds_of(const struct proof *f, const struct place *e)
{
    struct bounds all = {0, 0};
    bool any = false;

    for (size_t i = 0; i < f->certs && e->scope == 1 && stratum(f, e->author) == 3; i++) {
        const struct cert *c = &f->cert[i];

        for (size_t k = 0; k < c->grids && c->accepted; k++) {
            struct bounds b = bounds_in(f, e, scope_of(c->grid[k]));

            if (memcmp(c->subject, e->author, 32) != 0)
                break;
            all.limit = b.limit > all.limit ? b.limit : all.limit;
            all.soft = b.soft > all.soft ? b.soft : all.soft;
            any = true;
        }
    }
    return any ? all : bounds_in(f, e, e->scope);
}

static bool adoption_stands(const struct proof *f, const struct cut *c)
{
    struct bounds b = bounds_of(f, &c->at);
    bool own = memcmp(c->subject, c->at.author, 32) == 0;

    if (stratum(f, c->at.author) == 3) {
        if (!own)
            return false;
        b = bounds_in(f, &c->at, c->scope);
    }
    return c->at.seq < b.limit;
}

static bool adopted(const struct proof *f, const struct place *e)
{
    for (size_t i = 0; i < f->cuts; i++) {
        const struct cut *c = &f->cut[i];
        bool own = memcmp(c->subject, c->at.author, 32) == 0;

        if (c->type != 3 || !c->in_force || memcmp(c->subject, e->author, 32) != 0 ||
            c->scope != e->scope || c->inc != e->inc)
            continue;
        if (own ? c->at.inc == e->inc || !certified(f, e->author)
                : stratum(f, c->at.author) >= stratum(f, e->author) ||
                      !governs(f, c->at.author, e->scope))
            continue;
        for (size_t k = 0; k < c->head_count; k++)
            if (be64(c->heads + k * 40) == e->seq && memcmp(c->heads + k * 40 + 8, e->id, 32) == 0)
                return true;
    }
    return false;
}

/* ---- who counts, stratum by stratum ---- */

static void judge_cut(const struct proof *f, struct cut *c)
{
    if (c->type == 3) {
        c->in_force = adoption_stands(f, c);
        return;
    }
    c->in_force =
        c->mode != 3 && stratum(f, c->at.author) <= 2 && c->at.seq < bounds_of(f, &c->at).soft;
    for (size_t i = 0; i < c->dep_count; i++) {
        const uint8_t *d = c->deps + i * 72;
        const struct place *p = covered(f, d, be64(d + 32));

        c->in_force = c->in_force && p != NULL && memcmp(p->id, d + 40, 32) == 0;
    }
}

static void judge_stratum(struct proof *f, int s)
{
    for (size_t i = 0; i < f->cuts; i++)
        if (stratum(f, f->cut[i].at.author) == s)
            judge_cut(f, &f->cut[i]);
    for (size_t i = 0; i < f->certs; i++) {
        struct cert *c = &f->cert[i];
        bool may = is_root(f, c->author);

        if (c->accepted || stratum(f, c->author) != s)
            continue;
        for (size_t j = 0; j < f->certs && !may; j++)
            may = gives(&f->cert[j], c);
        c->accepted = may && c->at.seq < bounds_of(f, &c->at).limit;
    }
}

static const char *judge(struct proof *f)
{
    for (int s = 0; s <= 3; s++)
        judge_stratum(f, s);
    for (size_t i = 0; i < f->signers; i++) {
        const struct place *e = &f->entry[i];

        if (adopted(f, e))
            continue;
        if (!certified(f, e->author))
            return "an entry is signed by a key without certificate";
        f->held += e->seq >= bounds_of(f, e).limit;
    }
    return f->signers == 0 ? "no entry of the record" : NULL;
}

/* ---- entries ---- */

/* The log under way: at is the place that was read last. */
struct log {
    struct place at;
    uint64_t next_seq;
    bool begun;
};

/* A shown entry's payload: certificates, cuts and adoptions are kept; whether it names the record.
 */
static bool read_payload(const uint8_t *p, size_t n, struct proof *f, const struct place *at,
                         bool *bad)
{
    struct span s = {p, p + n, false};
    uint8_t subject[16];
    bool has_subject, mine;
    uint64_t type;
    struct value v = next(&s);

    s.bad = s.bad || v.kind != 'a' || v.u != 6;
    type = uint(&s);
    (void)uint(&s);
    v = next(&s);
    has_subject = v.kind == 'b' && v.u == 16;
    if (has_subject)
        memcpy(subject, v.p, 16);
    skip(&s);
    skip(&s);
    v = next(&s);
    *bad = s.bad || v.kind != 'm';
    if (*bad)
        return false;
    mine = memcmp(has_subject ? subject : at->id, f->subject, 16) == 0;
    if (at->scope != 1 || has_subject || type < 1 || type > 3)
        return mine;
    if (type == 1 ? ++f->shown_certs > CERTS_MAX : ++f->shown_cuts > CUTS_MAX)
        *bad = true;
    else if (type == 1)
        read_cert(&s, v.u, f, at);
    else
        read_cut(&s, v.u, f, type, at);
    return mine;
}

static void move_on(struct proof *f, struct log *l, uint64_t seq, const uint8_t leaf[32])
{
    uint8_t id[32];

    hash("chain", l->at.id, 32, leaf, 32, id);
    memcpy(l->at.id, id, 32);
    l->at.seq = seq;
    f->place[f->places++] = l->at;
}

static const char *read_item(struct span *s, struct proof *f, struct log *l, uint64_t seq,
                             bool shown)
{
    uint64_t kind = number(s, 1), n = 0, version, suite, at, size = 0;
    uint8_t leaf[32], want[32], got[32];
    const uint8_t *header, *payload = NULL;
    struct span h;
    bool bad = false, mine;

    if (s->bad || kind > 2 || (shown && kind == 0))
        return "item";
    if (kind == 0) {
        memcpy(leaf, take(s, 32), 32);
        move_on(f, l, seq, leaf);
        return NULL;
    }
    n = number(s, 1);
    header = take(s, n);
    if (s->bad)
        return "header";
    h = (struct span){header, header + n, false};
    bad = next(&h).u != 7;
    version = uint(&h);
    suite = uint(&h);
    at = uint(&h);
    (void)uint(&h);
    (void)uint(&h);
    bad = !bin(&h, want, 32) || bad;
    size = uint(&h);
    if (bad || h.bad || h.p != h.end || version != 1 || suite < 1 || suite > 255 || at != seq ||
        size < 1 || size > 32768)
        return "header";
    hash("leaf", header, n, NULL, 0, leaf);
    move_on(f, l, seq, leaf);
    if (kind == 1) {
        payload = take(s, size);
        if (s->bad)
            return "payload";
        hash("payload", payload, size, NULL, 0, got);
        if (memcmp(got, want, 32) != 0)
            return "payload hash";
    }
    if (kind == 1 && suite == 1) {
        mine = read_payload(payload, size, f, &l->at, &bad);
    } else {
        mine = memcmp(l->at.id, f->subject, 16) == 0;
    }
    if (bad || (mine && f->signers == SIGNERS))
        return "payload";
    if (mine)
        f->entry[f->signers++] = l->at;
    return NULL;
}

static const char *read_segment(struct span *s, struct proof *f, struct log *l)
{
    static const char context[] = "fengsui/checkpoint/1";
    uint64_t seq = number(s, 8), items;
    uint8_t message[sizeof context - 1 + 32 + 32 + 8 + 32], *m = message;
    const uint8_t *sig, *before = take(s, 32);
    bool continues;

    items = number(s, 4);
    if (s->bad || seq < l->next_seq || seq > (UINT64_C(1) << 40) - 256 || items < 1 ||
        items > 256 || (seq == 0 && memcmp(before, l->at.log, 32) != 0))
        return "segment";
    continues = l->begun && seq == l->next_seq && memcmp(before, l->at.id, 32) == 0;
    if (l->begun && !continues)
        l->at.strand++;
    memcpy(l->at.id, before, 32);
    for (uint64_t i = 0; i < items; i++) {
        const char *why = read_item(s, f, l, seq + i, i == 0 && !continues);

        if (why != NULL)
            return why;
    }
    l->next_seq = seq + items;
    l->begun = true;
    sig = take(s, 64);
    if (s->bad)
        return "signature";
    memcpy(m, context, sizeof context - 1);
    m += sizeof context - 1;
    memcpy(m, f->net, 32);
    memcpy(m + 32, l->at.log, 32);
    m += 64;
    for (int i = 7; i >= 0; i--)
        *m++ = (uint8_t)(l->at.seq >> (8 * i));
    memcpy(m, l->at.id, 32);
    return crypto_sign_verify_detached(sig, message, sizeof message, l->at.author) == 0
               ? NULL
               : "signature";
}

static const char *read_log(struct span *s, struct proof *f, uint8_t last_id[32], bool first)
{
    const uint8_t *key = take(s, 48);
    uint64_t segments = number(s, 4);
    struct log l = {.next_seq = 0};
    uint8_t bound[80];

    if (s->bad || segments < 1 || segments > 4096)
        return "log";
    memcpy(l.at.author, key, 32);
    l.at.scope = be64(key + 32);
    l.at.inc = be64(key + 40);
    memcpy(bound, f->net, 32);
    memcpy(bound + 32, key, 48);
    hash("log", bound, sizeof bound, NULL, 0, l.at.log);
    if (!first && memcmp(last_id, l.at.log, 32) >= 0)
        return "order of logs";
    memcpy(last_id, l.at.log, 32);
    for (uint64_t i = 0; i < segments; i++) {
        const char *why = read_segment(s, f, &l);

        if (why != NULL)
            return why;
    }
    return NULL;
}

/* NULL when it holds, else what does not. */
static const char *check(const uint8_t *p, size_t n, struct proof *f)
{
    struct span s = {p, p + n, false}, g;
    uint8_t last_id[32] = {0};
    const uint8_t *genesis;
    uint64_t size, logs;

    f->certs = f->cuts = f->signers = f->shown_certs = f->shown_cuts = f->places = f->held = 0;
    if (n < 5 || n > FILE_MAX || memcmp(take(&s, 5), "FSPF\001", 5) != 0)
        return "not a proof of version 1";
    memcpy(f->subject, take(&s, 16), 16);
    size = number(&s, 2);
    if (s.bad || size < 1 || size > 256)
        return "genesis";
    genesis = take(&s, size);
    logs = number(&s, 2);
    if (s.bad || logs < 1 || logs > 1024)
        return "head";
    g = (struct span){genesis, genesis + size, false};
    if (next(&g).u != 5 || uint(&g) != 1 || !bin(&g, f->root, 32) || !bin(&g, f->next, 32) || g.bad)
        return "genesis";
    hash("net", genesis, size, NULL, 0, f->net);
    for (uint64_t i = 0; i < logs; i++) {
        const char *why = read_log(&s, f, last_id, i == 0);

        if (why != NULL)
            return why;
    }
    return s.p != s.end ? "bytes behind the end" : judge(f);
}

/* How many damaged copies were taken for proofs. */
static int damage(uint8_t *p, size_t n, struct proof *f)
{
    int taken = 0;

    for (size_t i = 0; i < n; i++)
        taken += check(p, i, f) == NULL;
    for (size_t i = 0; i < 8 * n; i++) {
        p[i / 8] ^= (uint8_t)(1u << i % 8);
        if (check(p, n, f) == NULL) {
            (void)fprintf(stderr, "proof_checker: flip of bit %zu is taken\n", i);
            taken++;
        }
        p[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    return taken;
}

int main(int argc, char **argv)
{
    uint8_t *bytes = malloc(FILE_MAX + 1);
    struct proof *f = calloc(1, sizeof *f);
    struct place *places =
        malloc(FILE_MAX / 33 * sizeof *places); /* an item has 33 bytes or more */
    bool all = argc == 3 && strcmp(argv[1], "--damage") == 0;
    FILE *in = argc == (all ? 3 : 2) ? fopen(argv[argc - 1], "rb") : NULL;
    const char *why = "usage: proof_checker [--damage] FILE";
    bool held = false;
    size_t n;
    int code = 1;

    if (bytes != NULL && f != NULL && places != NULL && in != NULL && sodium_init() >= 0) {
        n = fread(bytes, 1, FILE_MAX + 1, in);
        f->place = places;
        why = check(bytes, n, f);
        held = f->held > 0;
        if (why == NULL && all && damage(bytes, n, f) > 0)
            why = "damaged copies are taken";
        code = why != NULL ? 1 : held ? 2 : 0;
    }
    if (why != NULL)
        (void)fprintf(stderr, "proof_checker: %s\n", why);
    if (in != NULL)
        (void)fclose(in);
    free(bytes);
    free(places);
    free(f);
    return code;
}
