/* Entries of the liar's making: well formed as far as the actor wants, in any log whose key it has,
 * behind any entry it knows. It knows the whole book: whoever steals a machine has its disk. */
#include "tests/sim/byz.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t byz_below(struct byz *z, size_t n)
{
    return (size_t)ts_prng_below(&z->rng, n);
}

bool byz_chance(struct byz *z, unsigned times, unsigned of)
{
    return ts_prng_chance(&z->rng, times, of);
}

const struct cr_sign_sk *byz_secret(const struct byz *z, const struct cr_sign_pk *author)
{
    for (size_t i = 0; i < z->key_n; i++)
        if (cr_sign_pk_equal(&z->key[i].id->sign_pk, author))
            return &z->key[i].id->sign_sk;
    for (size_t i = 0; i < 2; i++)
        if (cr_sign_pk_equal(&z->own[i].sign_pk, author))
            return &z->own[i].sign_sk;
    return NULL;
}

int byz_head(const struct byz *z, const struct sc_log_key *key)
{
    const struct sim_book *b = &z->s->book;
    struct cr_hash log_id;
    int best = -1;

    sc_log_id(&z->s->net, key, &log_id);
    for (size_t i = 0; i < b->n; i++)
        if (cr_hash_equal(&b->e[i].log_id, &log_id) && (best < 0 || b->e[i].seq > b->e[best].seq))
            best = (int)i;
    return best;
}

int byz_stolen_head(const struct byz *z, const struct byz_key *k, uint64_t scope)
{
    struct sc_log_key key = {
        .author = k->id->sign_pk, .scope = scope, .incarnation = k->incarnation};

    return byz_head(z, &key);
}

int byz_at(const struct byz *z, int e, uint64_t seq)
{
    while (e >= 0 && z->s->book.e[e].seq > seq)
        e = z->s->book.e[e].prev;
    return e;
}

int byz_any(struct byz *z, const struct cr_sign_pk *author, bool crafted)
{
    const struct sim_book *b = &z->s->book;
    size_t from = byz_below(z, b->n);

    for (size_t k = 0; k < b->n; k++) {
        size_t i = (from + k) % b->n;

        if (b->e[i].crafted == crafted &&
            (author == NULL || cr_sign_pk_equal(&b->e[i].key.author, author)))
            return (int)i;
    }
    return -1;
}

static uint64_t lamport_of(const struct byz *z, int prev)
{
    const struct sim_book *b = &z->s->book;
    uint64_t lamport = 0;

    if (prev >= 0)
        return b->e[prev].lamport + 1;
    for (size_t i = 0; i < b->n; i++)
        if (b->e[i].lamport > lamport && b->e[i].lamport < SC_LAMPORT_STEP_MAX)
            lamport = b->e[i].lamport;
    return lamport + 1;
}

static int add(struct byz *z, const struct byz_key *by, uint64_t scope, uint64_t incarnation,
               int prev, uint64_t lamport, uint64_t wall_ms, struct cr_span payload)
{
    struct sc_log_key key = {.author = by->id->sign_pk,
                             .scope = scope,
                             .incarnation = incarnation != 0 ? incarnation : by->incarnation};

    if (prev == BYZ_HEAD)
        prev = byz_head(z, &key);
    return sim_book_add(z->s, &key, prev, lamport != 0 ? lamport : lamport_of(z, prev),
                        wall_ms != 0 ? wall_ms : SIM_WALL_MS + z->s->now_ms, payload);
}

int byz_say(struct byz *z, const struct byz_say *w)
{
    const struct sc_record *rec = sc_record_find(w->type);
    struct sc_payload p = {.type = w->type,
                           .schema_version = rec != NULL ? rec->version : 1,
                           .has_subject = w->subject != NULL,
                           .parent_count = w->parent_count,
                           .parents = w->parents,
                           .body = w->body};
    struct cr_buf bytes;
    int e = -1;

    if (w->subject != NULL)
        p.subject = *w->subject;
    cr_buf_init(&bytes, 1u << 17);
    if (sc_payload_encode(&p, &bytes) == ST_OK)
        e = add(z, w->by, w->scope, w->incarnation, w->prev, w->lamport, w->wall_ms,
                cr_buf_span(&bytes));
    cr_buf_release(&bytes);
    return e;
}

int byz_raw(struct byz *z, const struct byz_key *by, uint64_t scope, uint64_t incarnation, int prev,
            struct cr_span payload)
{
    return add(z, by, scope, incarnation, prev, 0, 0, payload);
}

int byz_report(struct byz *z, const struct byz_key *by, uint64_t scope, uint64_t incarnation,
               int prev)
{
    char text[40];
    struct sim_draft d = {.type = SC_R_HAZARD_REPORT, .grid = scope, .number = 3, .text = text};
    struct byz_say w = {.by = by,
                        .scope = scope,
                        .incarnation = incarnation,
                        .prev = prev,
                        .type = SC_R_HAZARD_REPORT};
    struct cr_buf body;
    int e = -1;

    (void)snprintf(text, sizeof text, "lie %llu", (unsigned long long)ts_prng_u64(&z->rng));
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    if (sim_body(z->s, &d, &body, NULL) == ST_OK) {
        w.body = cr_buf_span(&body);
        e = byz_say(z, &w);
    }
    cr_buf_release(&body);
    return e;
}

/* ---- records of authority ---- */

static int say_public(struct byz *z, const struct byz_key *by, uint64_t type, int prev,
                      struct cr_buf *body, int rc)
{
    struct byz_say w = {
        .by = by, .scope = SC_SCOPE_PUBLIC, .prev = prev, .type = type, .body = cr_buf_span(body)};
    int e = rc == ST_OK ? byz_say(z, &w) : -1;

    cr_buf_release(body);
    return e;
}

int byz_cert(struct byz *z, const struct byz_key *by, const struct cr_identity *subject,
             uint64_t rank, uint32_t roles, uint64_t prefix)
{
    struct sc_cert c = {.subject = subject->sign_pk,
                        .kx_pk = subject->kx_pk,
                        .kind = SC_CERT_NODE,
                        .rank = rank,
                        .roles = roles,
                        .prefix_count = 1,
                        .prefixes = {prefix},
                        .name = "liar"};
    struct cr_buf body;

    cr_person_id(&subject->sign_pk, c.person.b);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    return say_public(z, by, SC_R_CERT, BYZ_HEAD, &body, sc_cert_encode(&c, &body));
}

int byz_cut(struct byz *z, const struct byz_key *by, const struct cr_sign_pk *subject,
            enum sc_cut_mode mode, uint64_t incarnation, struct cr_span heads, int prev)
{
    struct sc_cut c = {
        .subject = *subject, .mode = mode, .incarnation = incarnation, .heads = heads};
    struct cr_buf body;

    cr_buf_init(&body, SC_PAYLOAD_MAX);
    return say_public(z, by, SC_R_CUT, prev, &body, sc_cut_encode(&c, &body, NULL));
}

int byz_adopt(struct byz *z, const struct byz_key *by, int entry)
{
    const struct sim_entry *e = &z->s->book.e[entry];
    struct sc_adopt a = {
        .subject = e->key.author, .scope = e->key.scope, .incarnation = e->key.incarnation};
    struct sc_adopt_entry one = {.seq = e->seq, .entry_id = e->id};
    struct cr_buf body, list;
    int rc;

    cr_buf_init(&body, SC_PAYLOAD_MAX);
    cr_buf_init(&list, SC_PAYLOAD_MAX);
    rc = sc_adopt_put(&list, &one);
    a.entries = cr_buf_span(&list);
    if (rc == ST_OK)
        rc = sc_adopt_encode(&a, &body, NULL);
    cr_buf_release(&list);
    return say_public(z, by, SC_R_ADOPT, BYZ_HEAD, &body, rc);
}
