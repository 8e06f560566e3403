/* The store's evaluation of authority on whole histories (authority_world.h) as real, signed
 * entries: the same as the slow model's, whatever the order and the runs they came in; folds, and
 * what is passed on, equal on all stores that were offered the same. */
#include "tests/unit/node/store_kit.h"
#include "tests/unit/schema/authority_kit.h"
#include "tests/unit/schema/authority_world.h"

#include "crypto/base/assert.h"
#include "node/store_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct am_rule proposed = {.name = "proposed"};

struct real { /* an op as an entry */
    struct sc_log_key key;
    struct cr_hash log_id;
    struct sc_link before, after;
    struct cr_span payload; /* owned */
};

struct world {
    struct aw *w;
    struct ak k;
    struct cr_identity id[AM_PRINCIPALS];
    struct real e[AM_OPS];
    int made;
    struct am_seats seats;
    struct am_view view;
    uint64_t compared, entries, refused, held;
};

static void start(struct world *h, uint64_t seed)
{
    ak_begin(&h->k, h->w->book, seed);
    for (int i = 0; i < AM_PRINCIPALS; i++) {
        uint8_t bytes[32] = {(uint8_t)i, 0x5a};
        cr_store_be64(bytes + 8, seed);
        cr_identity_from_seed(bytes, &h->id[i]);
        h->k.keys[i] = h->id[i].sign_pk;
    }
    ak_found(&h->k);
    h->made = 0;
}

static void forget(struct world *h)
{
    for (int i = 0; i < h->made; i++) {
        void *p;
        memcpy(&p, &h->e[i].payload.p, sizeof p);
        free(p);
    }
    h->made = 0;
}

/* A report, or a closure of the first hazard it has seen. */
static void plain_body(const struct world *h, const struct am_op *o, struct sc_payload *p,
                       struct cr_buf *body, struct sc_id *parent)
{
    struct sc_body b = {.rec = sc_record_find(SC_R_HAZARD_REPORT)};
    bool closes = o->kind == AM_CLOSE && o->observed_count > 0;
    if (closes)
        b.rec = sc_record_find(SC_R_HAZARD_PASS);
    else {
        b.v[sc_field_index(b.rec, SC_K_GRID)] = (struct sc_value){
            .present = true, .u = o->scope == 0 ? KIT_STREET : ak_scope(o->scope)};
        b.v[sc_field_index(b.rec, SC_K_CODE)] =
            (struct sc_value){.present = true, .s = cr_span_text("A03")};
    }
    ts_assert_ok(sc_body_encode(&b, !closes, body, NULL));
    p->type = b.rec->type;
    if (!closes)
        return;
    *parent = sc_id_of(&h->e[o->observed[0]].after.chain);
    p->has_subject = true;
    p->subject = *parent;
    p->parents = parent;
    p->parent_count = 1;
}

static void make(struct world *h, int op)
{
    static const uint64_t types[] = {
        [AM_CERT] = SC_R_CERT, [AM_CUT] = SC_R_CUT, [AM_ADOPT] = SC_R_ADOPT};
    const struct am_op *o = &h->w->book->ops[op];
    struct sc_payload p = {.schema_version = 1, .has_salt = true};
    struct real *e = &h->e[op];
    struct cr_buf body, bytes;
    struct sc_id parent;
    struct cr_hash hash;
    struct sc_header header;
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    cr_store_be32(p.salt, (uint32_t)op); /* no two alike */
    if (o->kind >= AM_RAISE) {
        plain_body(h, o, &p, &body, &parent);
        p.body = cr_buf_span(&body);
    } else {
        p.type = types[o->kind];
        p.body = ak_body(&h->k, op);
    }
    ts_assert_ok(sc_payload_encode(&p, &bytes));
    e->payload = cr_buf_span(&bytes);
    e->key = (struct sc_log_key){.author = h->k.keys[o->author],
                                 .scope = ak_scope(o->scope),
                                 .incarnation = (uint64_t)o->inc};
    sc_log_id(&h->k.net, &e->key, &e->log_id);
    if (o->prev < 0)
        sc_link_start(&e->log_id, &e->before);
    else
        e->before = h->e[o->prev].after;
    e->after = e->before;
    sc_payload_hash(e->payload, &hash);
    ts_assert_ok(sc_link_extend(&e->after, (uint64_t)op + 1, KIT_WALL + (uint64_t)op, &hash,
                                bytes.n, &header));
    h->k.ids[op] = e->after.chain;
    h->k.known = op + 1;
    cr_buf_release(&body);
}

/* As one run of one entry. */
static int offer(struct world *h, struct nd_store *s, int op)
{
    static struct sc_run run;
    const struct real *e = &h->e[op];
    memset(&run, 0, sizeof run);
    run.first_seq = e->before.seq_next;
    run.count = 1;
    run.e[0] = (struct sc_wire_entry){
        .lamport = e->after.lamport, .wall_ms = KIT_WALL + (uint64_t)op, .payload = e->payload};
    sc_checkpoint_sign(&h->id[h->w->book->ops[op].author].sign_sk, &h->k.net, &e->log_id,
                       run.first_seq, &e->after.chain, &run.sig);
    return nd_store_apply(s,
                          &(struct nd_run){.run = &run,
                                           .key = e->key,
                                           .log_id = e->log_id,
                                           .before = e->before.chain,
                                           .chains = &e->after.chain,
                                           .received_ms = KIT_WALL},
                          NULL, NULL);
}

static void put_path(struct world *h, struct nd_store *s, uint64_t *stored, int op)
{
    int prev = h->w->book->ops[op].prev, rc;
    if (am_has(stored, op))
        return;
    if (prev >= 0)
        put_path(h, s, stored, prev);
    rc = offer(h, s, op);
    if (rc == ST_OK)
        am_put(stored, op);
    h->refused += rc == ST_DENIED;
    if (rc != ST_OK && rc != ST_DENIED && rc != ST_CONFLICT)
        ts_fail("entry %d: %s", op, st_name((enum st_code)rc));
}

static void compare(struct world *h, struct nd_store *s, const uint64_t *stored)
{
    const struct am_book *b = h->w->book;
    struct sc_authority *a = nd_store_authority(s);
    am_seats(b, stored, &proposed, 0, &h->seats);
    am_view(b, stored, &proposed, &h->seats, &h->view);
    for (int op = 0; op < b->count; op++) {
        struct sc_auth_at at = {
            .key = h->e[op].key, .seq = h->e[op].before.seq_next, .entry_id = h->e[op].after.chain};
        uint64_t handle;
        int rc =
            nd_entry_locate(s, &h->e[op].log_id, at.seq, &at.entry_id, &at.branch, &handle, NULL);
        if ((rc == ST_OK) != am_has(stored, op))
            ts_fail("entry %d is not where it was put", op);
        if (rc == ST_OK &&
            sc_standing_counts(sc_authority_standing(a, &at)) != am_has(h->view.counts, op))
            ts_fail("entry %d of %d (kind %d, seq %d): not as in the model", op, b->ops[op].author,
                    (int)b->ops[op].kind, b->ops[op].seq);
    }
    h->compared++;
}

struct front {
    struct cr_hash sum;
    uint64_t count;
    struct nd_store *store;
};

/* Whether a REVOKE takes anything of the log away. What is offered of it then ends at a checkpoint
 * that happens to be kept, until a peer shows the one of the named entry; so only its bound is the
 * same everywhere. */
static bool taken_from(struct nd_store *s, const struct sy_log *log)
{
    struct sc_authority *a = nd_store_authority(s);
    uint64_t widest = 0;
    bool taken = false;
    for (uint32_t branch = 0; branch < AM_OPS; branch++) {
        uint64_t relay = sc_authority_relay(a, &log->key, branch);
        if (relay == UINT64_MAX) /* all, or no such branch */
            continue;
        taken = true;
        widest = relay > widest ? relay : widest;
    }
    assert_true(!taken || log->link.seq_next <= widest);
    return taken;
}

static int add_front(void *arg, const struct sy_log *log)
{
    struct front *f = arg;
    struct cr_hash item;
    if (taken_from(f->store, log))
        return 0;
    sc_head_item(&log->id, log->link.seq_next - 1, &log->link.chain, &item);
    cr_hash_add(&f->sum, &item);
    f->count++;
    return 0;
}

/* All of a set in a random order; what is refused is offered again until nothing more is taken. */
static void deliver(struct world *h, struct nd_store *s, const uint64_t *has, struct ts_prng *r,
                    uint64_t *stored)
{
    int order[AM_OPS], n = 0;
    uint64_t before[AM_WORDS];
    for (int i = 0; i < h->w->book->count; i++)
        if (am_has(has, i))
            order[n++] = i;
    do {
        memcpy(before, stored, sizeof before);
        ts_prng_shuffle(r, order, (size_t)n, sizeof order[0]);
        ts_assert_ok(nd_store_begin(s, NULL));
        for (int i = 0; i < n; i++) {
            put_path(h, s, stored, order[i]);
            if (ts_prng_chance(r, 1, 60)) {
                ts_assert_ok(nd_store_commit(s, NULL));
                if (ts_prng_chance(r, 1, 8))
                    compare(h, s, stored);
                ts_assert_ok(nd_store_begin(s, NULL));
            }
        }
        ts_assert_ok(nd_store_commit(s, NULL));
    } while (memcmp(before, stored, sizeof before) != 0);
    compare(h, s, stored);
}

/* As sessions do in the end: what is held already comes again, each entry with a signature of its
 * own, so that what a revocation lets pass on ends at the same checkpoint everywhere. */
static void show_again(struct world *h, struct nd_store *s, const uint64_t *stored)
{
    ts_assert_ok(nd_store_begin(s, NULL));
    for (int op = 0; op < h->w->book->count; op++) {
        int rc = am_has(stored, op) ? offer(h, s, op) : ST_OK;

        if (rc != ST_OK && rc != ST_CONFLICT)
            ts_fail("entry %d, shown again: %s", op, st_name((enum st_code)rc));
    }
    ts_assert_ok(nd_store_commit(s, NULL));
    compare(h, s, stored);
}

static void play(struct ts_prng *r, uint64_t seed, void *ctx)
{
    static const struct aw_hooks none;
    struct world *h = ctx;
    struct front front[2];
    struct cr_hash fold[2];
    int rep;
    aw_run(h->w, seed, &proposed, &none);
    start(h, seed);
    for (; h->made < h->w->book->count; h->made++)
        make(h, h->made);
    do
        rep = (int)ts_prng_below(r, AW_THIEF);
    while (!h->w->reps[rep].alive);
    for (int i = 0; i < 2; i++) {
        char uri[64];
        uint64_t stored[AM_WORDS] = {0};
        struct nd_store *s = NULL;
        (void)snprintf(uri, sizeof uri, "file:/auth-%llu-%d?vfs=memdb", (unsigned long long)seed,
                       i);
        ts_assert_ok(nd_store_open(
            &(struct nd_store_options){.uri = uri, .create = true, .genesis = &h->k.genesis}, &s,
            NULL));
        deliver(h, s, h->w->reps[rep].has, r, stored);
        show_again(h, s, stored);
        kit_verify(s);
        h->entries += kit_stats(s).entries;
        h->held += kit_stats(s).held;
        fold[i] = kit_fold_hash(s);
        front[i] = (struct front){.store = s};
        const struct sy_view *v = nd_store_view(s);
        ts_assert_ok(v->each_log(v->arg, add_front, &front[i]));
        struct nd_verify counts;
        ts_assert_ok(nd_store_verify(s, true, &counts, NULL, NULL, NULL));
        struct cr_hash again = kit_fold_hash(s);
        assert_memory_equal(again.b, fold[i].b, CR_HASH_BYTES);
        nd_store_close(s);
    }
    assert_memory_equal(fold[0].b, fold[1].b, CR_HASH_BYTES);
    assert_int_equal(front[0].count, front[1].count);
    assert_memory_equal(front[0].sum.b, front[1].sum.b, CR_HASH_BYTES);
    forget(h);
}

static void test_store_authority__histories(void **state)
{
    struct world *h = calloc(1, sizeof *h);
    const char *text = getenv("FENGSUI_SEEDS");
    uint64_t n = 0;
    (void)state;
    CR_ASSERT(h != NULL);
    if (text == NULL || cr_parse_u64(text, strlen(text), 1000000, &n) != ST_OK)
        n = 2000;
    h->w = aw_new();
    CR_ASSERT(h->w != NULL);
    ts_each_seed(0, n / 20, play, h);
    print_message("%llu evaluations compared, %llu entries, %llu of them held, %llu refusals\n",
                  (unsigned long long)h->compared, (unsigned long long)h->entries,
                  (unsigned long long)h->held, (unsigned long long)h->refused);
    assert_true(h->held > 0 && h->refused > 0);
    ak_end(&h->k);
    aw_free(h->w);
    free(h);
}

int main(void)
{
    struct st_err err;
    if (cr_init(&err) != ST_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_authority__histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
