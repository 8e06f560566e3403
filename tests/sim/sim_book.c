/* The book of all entries: what nodes committed, and what liars made. The checks compare nodes with
 * it; it never forgets, not even what was refused or lost later. */
#include "tests/sim/sim.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

static size_t place_of(const struct sim_book *b, const struct cr_hash *id)
{
    size_t at = (size_t)cr_load_be64(id->b) & (b->slots - 1);

    while (b->slot[at] >= 0 && !cr_hash_equal(&b->e[b->slot[at]].id, id))
        at = (at + 1) & (b->slots - 1);
    return at;
}

int sim_book_find(const struct sim_book *b, const struct cr_hash *id)
{
    return b->slots == 0 ? -1 : b->slot[place_of(b, id)];
}

static void widen(struct sim_book *b)
{
    size_t slots = b->slots == 0 ? 1024 : b->slots * 2;

    if (b->n * 2 < b->slots)
        return;
    free(b->slot);
    b->slot = malloc(slots * sizeof *b->slot);
    CR_ASSERT(b->slot != NULL);
    memset(b->slot, 0xff, slots * sizeof *b->slot);
    b->slots = slots;
    for (size_t i = 0; i < b->n; i++)
        b->slot[place_of(b, &b->e[i].id)] = (int32_t)i;
}

static int put(struct sim_book *b, const struct sim_entry *e, struct cr_span payload)
{
    struct sc_payload p;
    struct sim_entry *to;
    int at = sim_book_find(b, &e->id);

    if (at >= 0)
        return at;
    widen(b);
    b->e = sim_grow(b->e, &b->cap, b->n, sizeof *b->e);
    to = &b->e[b->n];
    *to = *e;
    to->payload_bytes = payload.n;
    to->payload = malloc(payload.n + 1);
    CR_ASSERT(to->payload != NULL);
    memcpy(to->payload, payload.p, payload.n);
    to->type =
        sc_payload_decode((struct cr_span){to->payload, payload.n}, &p, NULL) == ST_OK ? p.type : 0;
    b->slot[place_of(b, &e->id)] = (int32_t)b->n;
    return (int)b->n++;
}

int sim_book_add(struct sim *s, const struct sc_log_key *key, int prev, uint64_t lamport,
                 uint64_t wall_ms, struct cr_span payload)
{
    struct sim_entry e = {
        .key = *key, .prev = prev, .lamport = lamport, .wall_ms = wall_ms, .crafted = true};
    struct sc_link link;
    struct cr_hash hash;
    struct sc_header h;

    sc_log_id(&s->net, key, &e.log_id);
    sc_link_start(&e.log_id, &link);
    if (prev >= 0)
        link = (struct sc_link){.seq_next = s->book.e[prev].seq + 1,
                                .lamport = s->book.e[prev].lamport,
                                .chain = s->book.e[prev].id};
    e.seq = link.seq_next;
    sc_payload_hash(payload, &hash);
    if (sc_link_extend(&link, lamport, wall_ms, &hash, payload.n, &h) != ST_OK)
        return -1;
    e.id = link.chain;
    return put(&s->book, &e, payload);
}

/* ---- what nodes store ---- */

void sim_book_run(struct sim_node *n, const struct nd_run *r)
{
    struct sim *s = n->sim;
    int prev = r->run->first_seq == 0 ? -1 : sim_book_find(&s->book, &r->before);

    if (prev < 0 && r->run->first_seq > 0) {
        sim_fail(s, "node %zu applies a run that hangs off nothing", n->index);
        return;
    }
    for (size_t i = 0; i < r->run->count; i++) {
        const struct sc_wire_entry *w = &r->run->e[i];
        struct sim_entry e = {.key = r->key,
                              .log_id = r->log_id,
                              .id = r->chains[i],
                              .seq = r->run->first_seq + i,
                              .lamport = w->lamport,
                              .wall_ms = w->wall_ms,
                              .prev = prev};

        prev = put(&s->book, &e, w->payload);
        n->applied = sim_grow(n->applied, &n->applied_cap, n->applied_n, sizeof *n->applied);
        n->applied[n->applied_n++] = prev;
    }
    if (s->writing)
        n->wrote = prev;
    s->book.e[prev].sig = r->run->sig;
    s->book.e[prev].has_sig = true;
}

void sim_book_committed(struct sim_node *n)
{
    for (size_t i = 0; i < n->applied_n; i++) {
        n->sim->book.e[n->applied[i]].nodes |= 1u << n->index;
        n->sim->book.e[n->applied[i]].now |= 1u << n->index;
    }
    n->applied_n = 0;
}

bool sim_book_has(const struct sim_node *n, const struct cr_hash *log_id, uint64_t seq,
                  const uint8_t *chain8)
{
    const struct sim_book *b = &n->sim->book;

    for (size_t i = b->n; i > 0; i--) {
        const struct sim_entry *e = &b->e[i - 1];

        if (e->seq == seq && (e->now >> n->index & 1) != 0 && cr_hash_equal(&e->log_id, log_id) &&
            (chain8 == NULL || memcmp(e->id.b, chain8, 8) == 0))
            return true;
    }
    return false;
}

void sim_book_restored(struct sim_node *n)
{
    struct sim_book *b = &n->sim->book;

    for (size_t i = 0; i < b->n; i++) {
        struct sim_entry *e = &b->e[i];
        const struct sim_head *h = sim_heads_find(&n->durable, &e->log_id);

        if (h != NULL && h->seq >= e->seq)
            continue;
        e->now &= ~(1u << n->index);
        e->visible &= ~(1u << n->index);
        e->lost = e->lost || e->now == 0;
    }
}

bool sim_book_on_path(const struct sim_book *b, int x, int e)
{
    while (e >= 0 && b->e[e].seq > b->e[x].seq)
        e = b->e[e].prev;
    return e == x;
}

void sim_book_release(struct sim_book *b)
{
    for (size_t i = 0; i < b->n; i++)
        free(b->e[i].payload);
    free(b->e);
    free(b->slot);
    *b = (struct sim_book){0};
}
