/* A second checker of proofs, written from crypto/PROOF.md with libsodium and nothing of the
 * project: it shows that the text is enough.
 *
 *   proof_checker FILE           0 when the proof holds, else 1 and why
 *   proof_checker --damage FILE  0 when FILE holds and every prefix of it and every copy with one
 * bit changed is refused */
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX  (4u << 20)
#define CERTS_MAX 512
#define SIGNERS   4096

struct span {
    const uint8_t *p, *end;
    bool bad;
};

struct cert {
    uint8_t author[32], subject[32];
    uint64_t rank, roles, grid[16];
    size_t grids;
    bool accepted;
};

struct proof {
    uint8_t subject[16], net[32], root[32], next[32];
    struct cert cert[CERTS_MAX];
    size_t certs, signers;
    uint8_t signer[SIGNERS][32]; /* of entries of the record */
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

static void read_cert(struct span *body, uint64_t pairs, struct proof *f, const uint8_t *author)
{
    struct cert c = {.grids = 0};

    memcpy(c.author, author, 32);
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

static const char *judge(struct proof *f)
{
    for (size_t i = 0; i < f->certs; i++)
        f->cert[i].accepted = is_root(f, f->cert[i].author);
    for (size_t i = 0; i < f->certs; i++)
        for (size_t j = 0; j < f->certs && !f->cert[i].accepted; j++)
            f->cert[i].accepted = gives(&f->cert[j], &f->cert[i]);
    for (size_t i = 0; i < f->signers; i++) {
        bool good = is_root(f, f->signer[i]);

        for (size_t j = 0; j < f->certs; j++)
            good =
                good || (f->cert[j].accepted && memcmp(f->cert[j].subject, f->signer[i], 32) == 0);
        if (!good)
            return "an entry is signed by a key without certificate";
    }
    return f->signers == 0 ? "no entry of the record" : NULL;
}

/* ---- entries ---- */

struct log {
    uint8_t author[32], id[32];
    uint64_t scope;
};

/* A shown entry's payload: certificates are kept; whether it names the record. */
static bool read_payload(const uint8_t *p, size_t n, struct proof *f, const struct log *l,
                         const uint8_t *id, bool *bad)
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
    mine = memcmp(has_subject ? subject : id, f->subject, 16) == 0;
    if (type == 1 && l->scope == 1 && !has_subject)
        read_cert(&s, v.u, f, l->author);
    return mine;
}

static const char *read_item(struct span *s, struct proof *f, const struct log *l, uint64_t seq,
                             bool first, uint8_t chain[32])
{
    uint64_t kind = number(s, 1), n = 0, version, suite, at, size = 0;
    uint8_t leaf[32], want[32], got[32], id[32];
    const uint8_t *header, *payload = NULL;
    struct span h;
    bool bad = false, mine;

    if (s->bad || kind > 2 || (first && kind == 0))
        return "item";
    if (kind == 0) {
        memcpy(leaf, take(s, 32), 32);
        hash("chain", chain, 32, leaf, 32, id);
        memcpy(chain, id, 32);
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
    hash("chain", chain, 32, leaf, 32, id);
    memcpy(chain, id, 32);
    if (kind == 1) {
        payload = take(s, size);
        if (s->bad)
            return "payload";
        hash("payload", payload, size, NULL, 0, got);
        if (memcmp(got, want, 32) != 0)
            return "payload hash";
    }
    if (kind == 1 && suite == 1) {
        mine = read_payload(payload, size, f, l, id, &bad);
    } else {
        mine = memcmp(id, f->subject, 16) == 0;
    }
    if (bad)
        return "payload";
    if (mine && f->signers < SIGNERS)
        memcpy(f->signer[f->signers++], l->author, 32);
    return NULL;
}

static const char *read_segment(struct span *s, struct proof *f, const struct log *l,
                                uint64_t *next_seq)
{
    static const char context[] = "fengsui/checkpoint/1";
    uint64_t seq = number(s, 8), items;
    uint8_t chain[32], message[sizeof context - 1 + 32 + 32 + 8 + 32], *m = message;
    const uint8_t *sig;

    memcpy(chain, take(s, 32), 32);
    items = number(s, 4);
    if (s->bad || seq < *next_seq || seq > (UINT64_C(1) << 40) - 256 || items < 1 || items > 256 ||
        (seq == 0 && memcmp(chain, l->id, 32) != 0))
        return "segment";
    for (uint64_t i = 0; i < items; i++) {
        const char *why = read_item(s, f, l, seq + i, i == 0, chain);

        if (why != NULL)
            return why;
    }
    *next_seq = seq + items;
    sig = take(s, 64);
    if (s->bad)
        return "signature";
    memcpy(m, context, sizeof context - 1);
    m += sizeof context - 1;
    memcpy(m, f->net, 32);
    memcpy(m + 32, l->id, 32);
    m += 64;
    for (int i = 7; i >= 0; i--)
        *m++ = (uint8_t)((*next_seq - 1) >> (8 * i));
    memcpy(m, chain, 32);
    return crypto_sign_verify_detached(sig, message, sizeof message, l->author) == 0 ? NULL
                                                                                     : "signature";
}

static const char *read_log(struct span *s, struct proof *f, uint8_t last_id[32], bool first)
{
    const uint8_t *key = take(s, 48);
    uint64_t segments = number(s, 4), next_seq = 0;
    uint8_t bound[80];
    struct span scope = {key + 32, key + 40, false};
    struct log l;

    if (s->bad || segments < 1 || segments > 4096)
        return "log";
    memcpy(l.author, key, 32);
    l.scope = number(&scope, 8);
    memcpy(bound, f->net, 32);
    memcpy(bound + 32, key, 48);
    hash("log", bound, sizeof bound, NULL, 0, l.id);
    if (!first && memcmp(last_id, l.id, 32) >= 0)
        return "order of logs";
    memcpy(last_id, l.id, 32);
    for (uint64_t i = 0; i < segments; i++) {
        const char *why = read_segment(s, f, &l, &next_seq);

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

    f->certs = 0;
    f->signers = 0;
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
    bool all = argc == 3 && strcmp(argv[1], "--damage") == 0;
    FILE *in = argc == (all ? 3 : 2) ? fopen(argv[argc - 1], "rb") : NULL;
    const char *why = "usage: proof_checker [--damage] FILE";
    size_t n;
    int code = 1;

    if (bytes != NULL && f != NULL && in != NULL && sodium_init() >= 0) {
        n = fread(bytes, 1, FILE_MAX + 1, in);
        why = check(bytes, n, f);
        if (why == NULL && all && damage(bytes, n, f) > 0)
            why = "damaged copies are taken";
        code = why == NULL ? 0 : 1;
    }
    if (why != NULL)
        (void)fprintf(stderr, "proof_checker: %s\n", why);
    if (in != NULL)
        (void)fclose(in);
    free(bytes);
    free(f);
    return code;
}
