/* What the street does about a stolen machine: revoke its keys with the heads it had received
 * before the theft, replace the people, with a stolen seat hand over first. Each step is one record
 * written through a driver; a step that fails (the node is down, the disk full) is tried again. */
#include "tests/sim/byz.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* ---- receipts ---- */

static bool stolen_key(const struct byz *z, const struct cr_sign_pk *pk)
{
    for (size_t i = 0; i < z->key_n; i++)
        if (cr_sign_pk_equal(&z->key[i].id->sign_pk, pk))
            return true;
    return false;
}

void byz_note_receipts(struct byz *z)
{
    const struct sim_book *b = &z->s->book;

    for (size_t i = 0; i < b->n; i++) {
        const struct sim_entry *e = &b->e[i];
        struct sim_head h = {.key = e->key, .log_id = e->log_id, .seq = e->seq, .chain = e->id};
        struct sim_head *old;

        if ((e->now & 1) == 0 || !stolen_key(z, &e->key.author))
            continue;
        old = sim_heads_find(&z->receipts, &e->log_id);
        if (old == NULL || old->seq < h.seq)
            sim_heads_put(&z->receipts, &h);
    }
}

/* ---- records ---- */

static int write_record(struct byz *z, size_t node, size_t person, uint64_t type,
                        struct cr_span body)
{
    struct sim_node *n = &z->s->node[node];
    struct nd_draft d = {.type = type, .body = body};
    struct st_err err = {0};
    struct sc_id id;
    int rc;

    if (n->state != SIM_UP || n->paused_until > z->s->now_ms)
        return ST_BUSY;
    n->wrote = -1;
    z->s->writing = true;
    rc = nd_driver_write(n->driver, &z->s->person[person].id, SC_SCOPE_PUBLIC, &d, 1, &id, &err);
    z->s->writing = false;
    sim_trace(z->s, "n%zu %s writes %llu: %s %s", node, z->s->person[person].name,
              (unsigned long long)type, st_name((enum st_code)rc), rc != ST_OK ? err.msg : "");
    if (rc != ST_OK && rc != ST_DENIED && n->state == SIM_UP && !n->disk_full)
        sim_fail(z->s, "node %zu: record %llu by %s: %s", node, (unsigned long long)type,
                 z->s->person[person].name, err.msg);
    sim_node_after(n, true);
    return rc;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, SC_CUT_HEAD_BYTES);
}

/* The listed heads of one author's logs (incarnation 0: of all), packed. */
static void pack_heads(const struct sim_heads *l, const struct cr_sign_pk *author,
                       uint64_t incarnation, struct cr_buf *out)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct sim_head *h = &l->h[i];
        struct sc_cut_head one = {.scope = h->key.scope,
                                  .incarnation = h->key.incarnation,
                                  .seq = h->seq,
                                  .entry_id = h->chain};

        if (cr_sign_pk_equal(&h->key.author, author) &&
            (incarnation == 0 || h->key.incarnation == incarnation))
            CR_ASSERT(sc_cut_put_head(out, &one) == ST_OK);
    }
    if (out->n > 0)
        qsort(out->p, out->n / SC_CUT_HEAD_BYTES, SC_CUT_HEAD_BYTES, by_bytes);
}

static int write_cut(struct byz *z, size_t node, size_t person, const struct sc_cut *c)
{
    struct cr_buf body;
    struct st_err err = {0};
    int rc;

    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_cut_encode(c, &body, &err);
    if (rc != ST_OK)
        sim_fail(z->s, "cut: %s", err.msg);
    else
        rc = write_record(z, node, person, SC_R_CUT, cr_buf_span(&body));
    if (rc == ST_OK && c->mode == SC_CUT_REVOKE && z->s->node[node].wrote >= 0) {
        z->s->street_cut = sim_grow(z->s->street_cut, &z->s->street_cut_cap, z->s->street_cut_n,
                                    sizeof *z->s->street_cut);
        z->s->street_cut[z->s->street_cut_n++] = z->s->node[node].wrote;
    }
    cr_buf_release(&body);
    return rc;
}

static int revoke(struct byz *z, size_t node, size_t person, const struct cr_sign_pk *subject,
                  struct cr_span deps)
{
    struct sc_cut c = {.subject = *subject, .mode = SC_CUT_REVOKE, .deps = deps};
    struct cr_buf heads;
    int rc;

    cr_buf_init(&heads, SC_PAYLOAD_MAX);
    pack_heads(&z->receipts, subject, 0, &heads);
    c.heads = cr_buf_span(&heads);
    rc = write_cut(z, node, person, &c);
    cr_buf_release(&heads);
    return rc;
}

/* Two branches of the officer's log that a village takes for those of an honest machine put back
 * from a backup: the FORK cut names both, the revocation later takes the wrong one back. */
static int fork_cut(struct byz *z, size_t node, size_t person)
{
    const struct byz_key *k = &z->key[1];
    struct sc_cut c = {
        .subject = k->id->sign_pk, .mode = SC_CUT_FORK, .incarnation = k->incarnation};
    struct sim_book *b = &z->s->book;
    struct sim_heads tips = {0};
    struct cr_buf heads;
    int rc;

    for (size_t i = 0; i < b->n && tips.n < 4; i++) {
        const struct sim_entry *e = &b->e[i];
        struct sim_head h = {.key = e->key, .log_id = e->log_id, .seq = e->seq, .chain = e->id};

        if (e->key.incarnation != k->incarnation || (e->now >> node & 1) == 0 ||
            !cr_sign_pk_equal(&e->key.author, &k->id->sign_pk))
            continue;
        for (size_t j = 0; j < tips.n; j++) /* what stands before it is named with it */
            if (sim_book_on_path(b, sim_book_find(b, &tips.h[j].chain), (int)i))
                tips.h[j--] = tips.h[--tips.n];
        tips.h = sim_grow(tips.h, &tips.cap, tips.n, sizeof *tips.h);
        tips.h[tips.n++] = h;
    }
    cr_buf_init(&heads, SC_PAYLOAD_MAX);
    pack_heads(&tips, &k->id->sign_pk, k->incarnation, &heads);
    c.heads = cr_buf_span(&heads);
    rc = write_cut(z, node, person, &c);
    cr_buf_release(&heads);
    sim_heads_release(&tips);
    return rc;
}

static int certify(struct byz *z, size_t node, size_t person, size_t subject, uint64_t rank,
                   uint32_t roles)
{
    const struct sim_person *p = &z->s->person[subject];
    struct sc_cert c = {.subject = p->id.sign_pk,
                        .kind = SC_CERT_PERSON,
                        .rank = rank,
                        .roles = roles,
                        .prefix_count = 1,
                        .prefixes = {p->prefix}};
    struct cr_buf body;
    int rc;

    cr_person_id(&p->id.sign_pk, c.person.b);
    memcpy(c.name, p->name, sizeof p->name);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_cert_encode(&c, &body);
    if (rc == ST_OK)
        rc = write_record(z, node, person, SC_R_CERT, cr_buf_span(&body));
    cr_buf_release(&body);
    return rc;
}

/* One held entry of the thief turns out to be true: the superior adopts it. */
static int adopt_one(struct byz *z, size_t node, size_t person)
{
    const struct sim_book *b = &z->s->book;
    struct sc_adopt_entry one;
    struct sc_adopt a;
    struct cr_buf list, body;
    int rc = ST_OK;

    for (size_t i = 0; i < b->n; i++) {
        const struct sim_entry *e = &b->e[i];

        if (!e->crafted || (e->now >> node & 1) == 0 || e->type != SC_R_HAZARD_REPORT ||
            !cr_sign_pk_equal(&e->key.author, &z->key[1].id->sign_pk))
            continue;
        one = (struct sc_adopt_entry){.seq = e->seq, .entry_id = e->id};
        a = (struct sc_adopt){
            .subject = e->key.author, .scope = e->key.scope, .incarnation = e->key.incarnation};
        cr_buf_init(&list, SC_PAYLOAD_MAX);
        cr_buf_init(&body, SC_PAYLOAD_MAX);
        CR_ASSERT(sc_adopt_put(&list, &one) == ST_OK);
        a.entries = cr_buf_span(&list);
        rc = sc_adopt_encode(&a, &body, NULL);
        if (rc == ST_OK)
            rc = write_record(z, node, person, SC_R_ADOPT, cr_buf_span(&body));
        cr_buf_release(&list);
        cr_buf_release(&body);
        break;
    }
    return rc;
}

/* The seat's last word of this node: what the root's revocation waits for. */
static int revoke_seat(struct byz *z, size_t chief)
{
    const struct sim_book *b = &z->s->book;
    struct sc_cut_dep dep;
    struct cr_buf deps;
    int last = -1, rc;

    for (size_t i = 0; i < b->n; i++)
        if (b->e[i].key.scope == SC_SCOPE_PUBLIC && (b->e[i].now & 1) != 0 &&
            cr_sign_pk_equal(&b->e[i].key.author, &z->s->person[chief].id.sign_pk))
            last = (int)i;
    cr_buf_init(&deps, SC_PAYLOAD_MAX);
    if (last >= 0) {
        dep = (struct sc_cut_dep){
            .log_id = b->e[last].log_id, .seq = b->e[last].seq, .entry_id = b->e[last].id};
        CR_ASSERT(sc_cut_put_dep(&deps, &dep) == ST_OK);
    }
    rc = revoke(z, 0, 0, &z->key[2].id->sign_pk, cr_buf_span(&deps));
    cr_buf_release(&deps);
    return rc;
}

/* ---- the course ---- */

static const struct cr_span nothing = {NULL, 0};

static int respond_device(struct byz *z, unsigned stage)
{
    size_t seat = sim_person_of(0, 0);

    switch (stage) {
    case 0: return z->fork_first ? fork_cut(z, 1, seat) : ST_OK;
    case 1: return revoke(z, 1, seat, &z->key[1].id->sign_pk, nothing);
    case 2: return revoke(z, 0, 1, &z->key[0].id->sign_pk, nothing);
    case 3:
        if (z->s->node[1].state != SIM_UP)
            return ST_BUSY;
        sim_space_newcomer(z->s, &z->s->node[1]);
        return ST_OK;
    case 4: return z->adopt_later ? adopt_one(z, 0, 1) : ST_OK;
    case 5: return z->cut_twice ? revoke(z, 0, 1, &z->key[1].id->sign_pk, nothing) : ST_OK;
    default: z->cut_done = true; return ST_OK;
    }
}

static int respond_seat(struct byz *z, unsigned stage)
{
    size_t chief = sim_person_of(0, 1), officer = sim_person_of(0, 3);
    int rc;

    switch (stage) {
    case 0:
        rc = certify(z, 0, 0, chief, 1, SC_ROLE_VILLAGE);
        if (rc == ST_OK)
            z->s->person[chief].roles |= SC_ROLE_VILLAGE;
        return rc;
    case 1: return certify(z, 0, chief, officer, 2, z->s->person[officer].roles);
    case 2: return revoke(z, 0, chief, &z->key[1].id->sign_pk, nothing);
    case 3: return revoke(z, 0, 1, &z->key[0].id->sign_pk, nothing);
    case 4: return revoke_seat(z, chief);
    case 5: return z->adopt_later ? adopt_one(z, 0, 1) : ST_OK;
    default: z->cut_done = true; return ST_OK;
    }
}

void byz_respond(struct byz *z)
{
    int rc = z->seat_stolen ? respond_seat(z, z->stage) : respond_device(z, z->stage);

    if (rc == ST_OK && !z->cut_done)
        z->stage++;
    if (rc == ST_DENIED && z->s->calm)
        sim_fail(z->s, "the street is denied step %u of its answer to the theft", z->stage);
}
