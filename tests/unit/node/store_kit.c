#include "tests/unit/node/store_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start(struct kit *k, enum kit_who who, uint64_t scope)
{
    struct kit_log *l = &k->log[who];
    uint8_t seed[32] = {(uint8_t)(who + 1), 99};
    cr_identity_from_seed(seed, &l->id);
    l->key = (struct sc_log_key){.author = l->id.sign_pk, .scope = scope, .incarnation = 7};
    sc_log_id(&k->net, &l->key, &l->log_id);
    sc_link_start(&l->log_id, &l->link);
}

struct kit *kit_new(void)
{
    struct kit *k = calloc(1, sizeof *k);
    struct cr_buf b;
    assert_non_null(k);
    start(k, KIT_ROOT, SC_SCOPE_PUBLIC);
    k->genesis.root = k->log[KIT_ROOT].id.sign_pk;
    k->genesis.street = KIT_STREET;
    memcpy(k->genesis.name, "kit", 4);
    cr_buf_init(&b, SC_GENESIS_BYTES_MAX);
    ts_assert_ok(sc_genesis_encode(&k->genesis, &b));
    sc_genesis_net(cr_buf_span(&b), &k->net);
    cr_buf_release(&b);
    for (int who = 0; who < KIT_LOGS; who++)
        start(k, (enum kit_who)who, who <= KIT_CLERK ? SC_SCOPE_PUBLIC : KIT_VILLAGE);
    return k;
}

void kit_free(struct kit *k)
{
    for (size_t i = 0; i < KIT_LOGS; i++)
        for (size_t j = 0; j < k->log[i].count; j++) {
            void *p;
            memcpy(&p, &k->log[i].e[j].payload.p, sizeof p);
            free(p);
        }
    free(k);
}

static struct sc_wire_entry kit_wire(const struct kit_entry *e)
{
    return (struct sc_wire_entry){.lamport = e->lamport,
                                  .wall_ms = e->wall_ms,
                                  .other_suite = e->other_suite,
                                  .payload = e->payload};
}

/* The log owns the payload. */
static struct sc_id append(struct kit *k, enum kit_who who, struct cr_span payload)
{
    struct kit_log *l = &k->log[who];
    struct kit_entry *e = &l->e[l->count];
    struct sc_wire_entry wire;
    assert_true(l->count < KIT_ENTRIES);
    e->payload = payload;
    e->lamport = ++k->lamport;
    e->wall_ms = KIT_WALL + k->lamport * 60000;
    e->other_suite = k->other_suite;
    wire = kit_wire(e);
    ts_assert_ok(sc_link_wire(&l->link, &wire));
    e->chain = l->link.chain;
    l->count++;
    return sc_id_of(&e->chain);
}

struct sc_id kit_bytes(struct kit *k, enum kit_who who, struct cr_span payload)
{
    struct cr_buf b;
    cr_buf_init(&b, SC_PAYLOAD_MAX);
    ts_assert_ok(cr_buf_append(&b, payload.p, payload.n));
    return append(k, who, cr_buf_span(&b));
}

struct sc_id kit_put(struct kit *k, enum kit_who who, uint64_t type, const struct sc_id *subject,
                     const struct sc_id *parents, size_t parent_count, struct cr_span body)
{
    struct sc_payload p = {.type = type,
                           .schema_version = 1,
                           .parents = parents,
                           .parent_count = parent_count,
                           .has_salt = true,
                           .body = body};
    struct cr_buf b;
    if (subject != NULL) {
        p.has_subject = true;
        p.subject = *subject;
    }
    cr_buf_init(&b, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_payload_encode(&p, &b));
    return append(k, who, cr_buf_span(&b));
}

static void set(struct sc_body *body, uint8_t key, struct sc_value v)
{
    size_t i = sc_field_index(body->rec, key);
    assert_true(i != SIZE_MAX);
    v.present = true;
    body->v[i] = v;
}

struct sc_id kit_record(struct kit *k, enum kit_who who, uint64_t type, const struct sc_id *subject,
                        const struct sc_id *parent, const struct kit_body *b)
{
    static const struct {
        uint8_t key;
        size_t at;
    } numbers[] = {{SC_K_GRID, offsetof(struct kit_body, grid)},
                   {SC_K_SEVERITY, offsetof(struct kit_body, severity)},
                   {SC_K_DEADLINE, offsetof(struct kit_body, deadline_ms)},
                   {SC_K_KIND, offsetof(struct kit_body, kind)},
                   {SC_K_WHEN, offsetof(struct kit_body, when_ms)}},
      texts[] = {{SC_K_TEXT, offsetof(struct kit_body, text)},
                 {SC_K_NAME, offsetof(struct kit_body, name)},
                 {SC_K_CODE, offsetof(struct kit_body, code)},
                 {SC_K_EXT, offsetof(struct kit_body, ext)},
                 {SC_K_ASSIGNEE, offsetof(struct kit_body, assignee)}};
    struct sc_body body = {.rec = sc_record_find(type)};
    static const uint8_t seen[] = {0x91, 0xa1, 'x'}; /* ["x"] */
    struct st_err err = {.msg = ""};
    struct cr_buf bytes;
    struct sc_id id;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint64_t n;
        memcpy(&n, (const char *)b + numbers[i].at, sizeof n);
        if (n != 0)
            set(&body, numbers[i].key, (struct sc_value){.u = n});
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text;
        memcpy(&text, (const char *)b + texts[i].at, sizeof text);
        if (text != NULL)
            set(&body, texts[i].key, (struct sc_value){.s = cr_span_text(text)});
    }
    if (b->evidence)
        set(&body, SC_K_EVIDENCE, (struct sc_value){.s = cr_span_of(seen, sizeof seen)});
    if (b->member != NULL)
        set(&body, SC_K_MEMBER, (struct sc_value){.s = cr_span_of(b->member->b, SC_ID_BYTES)});
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    if (sc_body_encode(&body, subject == NULL, &bytes, &err) != ST_OK)
        ts_fail("%s", err.msg);
    id = kit_put(k, who, type, subject, parent, parent != NULL, cr_buf_span(&bytes));
    cr_buf_release(&bytes);
    return id;
}

void kit_certify(struct kit *k, enum kit_who who, uint64_t rank, uint64_t roles, uint64_t prefix)
{
    kit_certify_within(k, who, rank, roles, prefix, 0, 0);
}

void kit_certify_within(struct kit *k, enum kit_who who, uint64_t rank, uint64_t roles,
                        uint64_t prefix, uint64_t from_ms, uint64_t to_ms)
{
    const struct cr_identity *id = &k->log[who].id;
    struct sc_cert c = {.subject = id->sign_pk,
                        .kx_pk = id->kx_pk,
                        .kind = SC_CERT_PERSON,
                        .rank = rank,
                        .roles = roles,
                        .prefix_count = 1,
                        .prefixes = {prefix},
                        .from_ms = from_ms,
                        .to_ms = to_ms,
                        .name = "x"};
    struct cr_buf b;
    cr_person_id(&id->sign_pk, c.person.b);
    cr_buf_init(&b, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_cert_encode(&c, &b));
    kit_put(k, KIT_ROOT, SC_R_CERT, NULL, NULL, 0, cr_buf_span(&b));
    cr_buf_release(&b);
}

void kit_certify_all(struct kit *k)
{
    kit_certify(k, KIT_CLERK, 1, SC_ROLE_STREET, KIT_STREET);
    kit_certify(k, KIT_STREET_HERE, 1, SC_ROLE_STREET, KIT_STREET);
    kit_certify(k, KIT_HEAD, 1, SC_ROLE_VILLAGE, KIT_VILLAGE);
    kit_certify(k, KIT_CHIEF, 1, SC_ROLE_CHIEF, KIT_VILLAGE);
    kit_certify(k, KIT_SECOND, 1, SC_ROLE_CHIEF, KIT_VILLAGE);
    kit_certify(k, KIT_OFFICER, 1, SC_ROLE_OFFICER, KIT_GROUP);
}

void kit_cut(struct kit *k, const struct kit_log *l, size_t at, enum sc_cut_mode mode)
{
    struct sc_cut_head head = {.scope = l->key.scope,
                               .incarnation = l->key.incarnation,
                               .seq = at,
                               .entry_id = l->e[at].chain};
    struct sc_cut cut = {.subject = l->key.author,
                         .mode = mode,
                         .incarnation = mode == SC_CUT_FORK ? l->key.incarnation : 0};
    struct cr_buf heads, body;
    cr_buf_init(&heads, SC_CUT_HEAD_BYTES);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_cut_put_head(&heads, &head));
    cut.heads = cr_buf_span(&heads);
    ts_assert_ok(sc_cut_encode(&cut, &body, NULL));
    kit_put(k, KIT_ROOT, SC_R_CUT, NULL, NULL, 0, cr_buf_span(&body));
    cr_buf_release(&heads);
    cr_buf_release(&body);
}

struct sc_id kit_hazard(struct kit *k, const struct kit_body *report)
{
    static const struct kit_body none, assign = {.assignee = "w"}, fix = {.evidence = true};
    struct sc_id subject = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, report);
    struct sc_id last = kit_record(k, KIT_CHIEF, SC_R_HAZARD_ASSIGN, &subject, &subject, &assign);
    last = kit_record(k, KIT_OFFICER, SC_R_HAZARD_FIX, &subject, &last, &fix);
    kit_record(k, KIT_CHIEF, SC_R_HAZARD_PASS, &subject, &last, &none);
    return subject;
}

/* ---- delivery ---- */

int kit_apply(struct kit *k, struct nd_store *s, enum kit_who who, size_t from, size_t count,
              bool urgent, struct st_err *err)
{
    struct sc_run *run = calloc(1, sizeof *run);
    struct kit_log *l = &k->log[who];
    struct cr_hash chains[SC_RUN_ENTRIES_MAX];
    int rc;
    assert_non_null(run);
    assert_true(count > 0 && count <= SC_RUN_ENTRIES_MAX && from + count <= l->count);
    run->first_seq = from;
    run->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct kit_entry *e = &l->e[from + i];
        run->e[i] = kit_wire(e);
        chains[i] = e->chain;
    }
    sc_checkpoint_sign(&l->id.sign_sk, &k->net, &l->log_id, from + count - 1, &chains[count - 1],
                       &run->sig);
    struct nd_run r = {.run = run,
                       .key = l->key,
                       .log_id = l->log_id,
                       .before = from == 0 ? l->log_id : l->e[from - 1].chain,
                       .chains = chains,
                       .received_ms = KIT_WALL + 1,
                       .urgent = urgent};
    rc = nd_store_apply(s, &r, NULL, err);
    free(run);
    return rc;
}

void kit_deliver(struct kit *k, struct nd_store *s, enum kit_who who, size_t from, size_t count)
{
    struct st_err err = {.msg = ""};
    if (nd_store_begin(s, &err) != ST_OK ||
        kit_apply(k, s, who, from, count, false, &err) != ST_OK ||
        nd_store_commit(s, &err) != ST_OK)
        ts_fail("%s", err.msg);
}

void kit_deliver_all(struct kit *k, struct nd_store *s)
{
    for (int who = 0; who < KIT_LOGS; who++)
        for (size_t at = 0; at < k->log[who].count;) {
            size_t n = k->log[who].count - at;
            n = n > 200 ? 200 : n;
            kit_deliver(k, s, (enum kit_who)who, at, n);
            at += n;
        }
}

void kit_deliver_mixed(struct kit *k, struct nd_store *s, struct ts_prng *r,
                       void (*then)(struct kit *k, struct nd_store *s, struct ts_prng *r,
                                    const size_t at[static KIT_LOGS]))
{
    size_t at[KIT_LOGS] = {0}, left = 0;
    for (size_t i = 0; i < KIT_LOGS; i++)
        left += k->log[i].count;
    while (left > 0) {
        ts_assert_ok(nd_store_begin(s, NULL));
        size_t before[KIT_LOGS], moved = 0;
        memcpy(before, at, sizeof at);
        for (uint64_t runs = 1 + ts_prng_below(r, 4); runs > 0; runs--) {
            size_t who = (size_t)ts_prng_below(r, KIT_LOGS), n = k->log[who].count - at[who];
            if (n == 0)
                continue;
            n = 1 + (size_t)ts_prng_below(r, n < 9 ? n : 9);
            ts_assert_ok(kit_apply(k, s, (enum kit_who)who, at[who], n, false, NULL));
            at[who] += n;
            moved += n;
        }
        if (ts_prng_chance(r, 1, 5)) {
            nd_store_rollback(s);
            memcpy(at, before, sizeof at);
            continue;
        }
        ts_assert_ok(nd_store_commit(s, NULL));
        left -= moved;
        if (then != NULL)
            then(k, s, r, at);
    }
}

void kit_urgent(struct kit *k, struct nd_store *s, enum kit_who who, size_t at)
{
    const struct kit_log *l = &k->log[who];
    const struct kit_entry *e = &l->e[at];
    struct sc_urgent u = {.key = l->key,
                          .seq = at,
                          .chain_before = at == 0 ? l->log_id : l->e[at - 1].chain,
                          .e = kit_wire(e)};
    struct st_err err = {.msg = ""};
    sc_checkpoint_sign(&l->id.sign_sk, &k->net, &l->log_id, at, &e->chain, &u.sig);
    if (nd_store_begin(s, &err) != ST_OK ||
        nd_store_apply_urgent(s, &u, &l->log_id, &e->chain, KIT_WALL, &err) != ST_OK ||
        nd_store_commit(s, &err) != ST_OK)
        ts_fail("%s", err.msg);
}

static struct nd_store *open_store(const struct nd_store_options *o)
{
    struct nd_store *s = NULL;
    struct st_err err = {.msg = ""};
    if (nd_store_open(o, &s, &err) != ST_OK)
        ts_fail("%s", err.msg);
    return s;
}

struct nd_store *kit_open_dir(const struct kit *k, const char *dir)
{
    return open_store(
        &(struct nd_store_options){.dir = dir, .create = true, .genesis = &k->genesis});
}

struct nd_store *kit_open_mem(const struct kit *k, const char *name)
{
    char uri[100];
    (void)snprintf(uri, sizeof uri, "file:/%s?vfs=memdb", name);
    return open_store(
        &(struct nd_store_options){.uri = uri, .create = true, .genesis = &k->genesis});
}

static void print_finding(void *arg, const char *line)
{
    (void)arg;
    print_message("%s\n", line);
}

void kit_verify(struct nd_store *s)
{
    struct nd_verify v;
    struct st_err err = {.msg = ""};
    if (nd_store_verify(s, false, &v, print_finding, NULL, &err) != ST_OK)
        ts_fail("%s", err.msg);
}

struct cr_hash kit_fold_hash(struct nd_store *s)
{
    struct cr_hash h;
    ts_assert_ok(nd_store_fold_hash(s, NULL, 0, &h));
    return h;
}

struct nd_store_stats kit_stats(struct nd_store *s)
{
    struct nd_store_stats t;
    ts_assert_ok(nd_store_stats(s, &t));
    return t;
}
