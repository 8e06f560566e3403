/* See gen.h. */
#include "tests/bench/gen.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIGHT    24
#define NODES     (2 + BG_VILLAGES_MAX)
#define AUTHORS   (1 + NODES + BG_VILLAGES_MAX * BG_PERSONS) /* root, nodes, persons */
#define TEXT_MAX  400
#define RUN_BYTES (SC_RUN_BYTES_MAX + SC_PAYLOAD_MAX)

struct author {
    struct cr_identity id;
    uint64_t scope, incarnation;
    bool started;
    struct sc_log_key key;
    struct cr_hash log_id;
    struct sc_link link;
    struct cr_hash before; /* the run */
    struct sc_run *run;
    struct cr_hash *chains;
    struct cr_buf bytes; /* payloads of the run: allocated whole, so that it never moves */
};

struct hazard {
    struct sc_id id, tip;
    size_t officer;
    uint64_t step, severity;
    char address[96];
};

struct village {
    uint64_t lamport, wall_ms;
    size_t count;
    struct hazard flight[FLIGHT];
};

struct bg_gen {
    struct ts_prng prng;
    size_t villages;
    uint64_t rotate;
    struct sc_genesis genesis;
    struct cr_hash net;
    struct cr_gate gate;
    struct author author[AUTHORS];
    struct village village[BG_VILLAGES_MAX];
    uint64_t public_lamport;
    struct cr_buf body;
    const struct bg_sink *sink;
};

static void must(int status)
{
    CR_ASSERT(status == ST_OK);
}

static struct author *node_of(struct bg_gen *g, size_t i)
{
    CR_ASSERT(i < NODES);
    return &g->author[1 + i];
}

static struct author *person_of(struct bg_gen *g, size_t village, size_t k)
{
    return &g->author[1 + NODES + village * BG_PERSONS + k];
}

uint64_t bg_village(size_t v)
{
    return BG_STREET * 1000 + 201 + v;
}

static void make_author(struct bg_gen *g, struct author *a, uint64_t scope)
{
    uint8_t seed[32];

    ts_prng_bytes(&g->prng, seed, sizeof seed);
    cr_identity_from_seed(seed, &a->id);
    a->scope = scope;
    a->run = calloc(1, sizeof *a->run);
    a->chains = calloc(SC_RUN_ENTRIES_MAX, sizeof *a->chains);
    CR_ASSERT(a->run != NULL);
    CR_ASSERT(a->chains != NULL);
    cr_buf_init(&a->bytes, RUN_BYTES);
}

struct bg_gen *bg_new(uint64_t seed, size_t villages, uint64_t rotate)
{
    struct bg_gen *g = calloc(1, sizeof *g);
    struct cr_buf bytes;

    CR_ASSERT(g != NULL);
    CR_ASSERT(villages <= BG_VILLAGES_MAX);
    CR_ASSERT(rotate > 0);
    ts_prng_init(&g->prng, seed);
    g->villages = villages;
    g->rotate = rotate;
    make_author(g, &g->author[0], SC_SCOPE_PUBLIC);
    for (size_t i = 0; i < NODES; i++)
        make_author(g, node_of(g, i), i < 2 ? SC_SCOPE_PUBLIC : bg_village(i - 2));
    for (size_t v = 0; v < BG_VILLAGES_MAX; v++)
        for (size_t k = 0; k < BG_PERSONS; k++)
            make_author(g, person_of(g, v, k), bg_village(v));
    for (size_t v = 0; v < BG_VILLAGES_MAX; v++)
        g->village[v] = (struct village){.lamport = 1000, .wall_ms = BG_START_MS};
    g->genesis.root = g->author[0].id.sign_pk;
    g->genesis.street = BG_STREET;
    (void)snprintf(g->genesis.name, sizeof g->genesis.name, "南大街街道");
    ts_prng_bytes(&g->prng, g->genesis.next_root.b, CR_HASH_BYTES);
    ts_prng_bytes(&g->prng, g->gate.b, sizeof g->gate.b);
    cr_buf_init(&bytes, SC_GENESIS_BYTES_MAX);
    must(sc_genesis_encode(&g->genesis, &bytes));
    sc_genesis_net(cr_buf_span(&bytes), &g->net);
    cr_buf_release(&bytes);
    cr_buf_init(&g->body, SC_PAYLOAD_MAX);
    return g;
}

void bg_free(struct bg_gen *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < AUTHORS; i++) {
        free(g->author[i].run);
        free(g->author[i].chains);
        cr_buf_release(&g->author[i].bytes);
    }
    cr_buf_release(&g->body);
    free(g);
}

const struct sc_genesis *bg_genesis(const struct bg_gen *g)
{
    return &g->genesis;
}

const struct cr_gate *bg_gate(const struct bg_gen *g)
{
    return &g->gate;
}

const struct cr_identity *bg_node(const struct bg_gen *g, size_t i)
{
    CR_ASSERT(i < NODES);
    return &g->author[1 + i].id;
}

const struct cr_identity *bg_person(const struct bg_gen *g, size_t village, size_t k)
{
    return &g->author[1 + NODES + village * BG_PERSONS + k].id;
}

size_t bg_scopes(const struct bg_gen *g, uint64_t out[static SC_SCOPES_MAX])
{
    out[0] = SC_SCOPE_PUBLIC;
    for (size_t v = 0; v < g->villages; v++)
        out[1 + v] = bg_village(v);
    return 1 + g->villages;
}

/* ---- entries ---- */

static int finish_run(struct bg_gen *g, struct author *a)
{
    struct nd_run r = {.run = a->run,
                       .key = a->key,
                       .log_id = a->log_id,
                       .before = a->before,
                       .chains = a->chains,
                       .received_ms = BG_START_MS};
    int rc;

    if (a->run->count == 0)
        return ST_OK;
    sc_checkpoint_sign(&a->id.sign_sk, &g->net, &a->log_id, a->link.seq_next - 1, &a->link.chain,
                       &a->run->sig);
    rc = g->sink->run(g->sink->arg, &r);
    a->run->count = 0;
    cr_buf_clear(&a->bytes);
    return rc;
}

/* Appends a payload to the author's log; *id: the entry's. */
static int append(struct bg_gen *g, struct author *a, const struct sc_payload *p, uint64_t *lamport,
                  uint64_t wall_ms, struct sc_id *id)
{
    struct sc_run *run = a->run;
    struct sc_header h;
    struct cr_hash hash;
    size_t before;

    if (a->bytes.n > SC_RUN_BYTES_MAX - 1024)
        must(finish_run(g, a));
    if (a->bytes.cap < RUN_BYTES) {
        uint8_t *at;

        must(cr_buf_extend(&a->bytes, RUN_BYTES, &at));
        cr_buf_clear(&a->bytes);
    }
    before = a->bytes.n;
    must(sc_payload_encode(p, &a->bytes));
    CR_ASSERT(a->bytes.n - before <= 1024);
    if (run->count == 0) {
        run->first_seq = a->link.seq_next;
        a->before = a->link.chain;
    }
    run->e[run->count] = (struct sc_wire_entry){
        .lamport = ++*lamport,
        .wall_ms = wall_ms,
        .payload = cr_span_of(a->bytes.p + before, a->bytes.n - before),
    };
    sc_payload_hash(run->e[run->count].payload, &hash);
    must(sc_link_extend(&a->link, *lamport, wall_ms, &hash, a->bytes.n - before, &h));
    a->chains[run->count++] = a->link.chain;
    *id = sc_id_of(&a->link.chain);
    if (run->count == SC_RUN_ENTRIES_MAX || h.seq % SC_CKPT_ALIGN == SC_CKPT_ALIGN - 1)
        return finish_run(g, a);
    return ST_OK;
}

static void put_u(struct sc_body *b, uint8_t key, uint64_t u)
{
    b->v[sc_field_index(b->rec, key)] = (struct sc_value){.present = true, .u = u};
}

static void put_s(struct sc_body *b, uint8_t key, struct cr_span s)
{
    b->v[sc_field_index(b->rec, key)] = (struct sc_value){.present = true, .s = s};
}

/* Starts the author's log, the next incarnation of it when there was one (which then begins with
 * the record that says so). */
static int start_log(struct bg_gen *g, struct author *a, uint64_t *lamport, uint64_t wall_ms)
{
    struct sc_body b = {.rec = sc_record_find(SC_R_INCARNATION)};
    struct sc_payload p = {.type = SC_R_INCARNATION, .schema_version = 1};
    struct sc_link before = a->link;
    struct sc_id id;
    bool again = a->started;
    int rc = finish_run(g, a);

    if (rc != ST_OK)
        return rc;
    if (again) {
        put_u(&b, 32, a->incarnation);
        put_u(&b, 33, before.seq_next - 1);
        put_s(&b, 34, cr_hash_span(&before.chain));
        put_u(&b, 35, 1);
    }
    a->started = true;
    a->incarnation = ts_prng_u64(&g->prng);
    a->key = (struct sc_log_key){a->id.sign_pk, a->scope, a->incarnation};
    sc_log_id(&g->net, &a->key, &a->log_id);
    sc_link_start(&a->log_id, &a->link);
    if (!again)
        return ST_OK;
    cr_buf_clear(&g->body);
    must(sc_body_encode(&b, true, &g->body, NULL));
    p.body = cr_buf_span(&g->body);
    return append(g, a, &p, lamport, wall_ms, &id);
}

/* Writes one record. subject NULL: it creates its subject. *id: the entry's. */
static int write_body(struct bg_gen *g, struct author *a, uint64_t type,
                      const struct sc_id *subject, const struct sc_id *parent, bool personal,
                      uint64_t *lamport, uint64_t wall_ms, struct sc_id *id)
{
    struct sc_payload p = {.type = type,
                           .schema_version = 1,
                           .has_subject = subject != NULL,
                           .parents = parent,
                           .parent_count = parent != NULL,
                           .has_salt = personal,
                           .body = cr_buf_span(&g->body)};

    if (subject != NULL)
        p.subject = *subject;
    if (personal)
        ts_prng_bytes(&g->prng, p.salt, sizeof p.salt);
    return append(g, a, &p, lamport, wall_ms, id);
}

/* ---- certificates and grids ---- */

static int write_cert(struct bg_gen *g, struct author *issuer, const struct author *subject,
                      uint64_t kind, uint64_t rank, uint64_t roles, uint64_t prefix,
                      const char *name)
{
    struct sc_cert c = {.subject = subject->id.sign_pk,
                        .kind = kind,
                        .rank = rank,
                        .roles = roles,
                        .prefix_count = 1,
                        .prefixes = {prefix}};
    struct sc_id id;

    if (kind == SC_CERT_NODE)
        c.kx_pk = subject->id.kx_pk;
    (void)snprintf(c.name, sizeof c.name, "%s", name);
    cr_person_id(&c.subject, c.person.b);
    cr_buf_clear(&g->body);
    must(sc_cert_encode(&c, &g->body));
    return write_body(g, issuer, SC_R_CERT, NULL, NULL, true, &g->public_lamport, BG_START_MS, &id);
}

static int write_grid(struct bg_gen *g, uint64_t code, const char *name)
{
    struct sc_body b = {.rec = sc_record_find(SC_R_GRID)};
    struct sc_id id;

    put_u(&b, SC_K_GRID, code);
    put_s(&b, SC_K_NAME, cr_span_text(name));
    cr_buf_clear(&g->body);
    must(sc_body_encode(&b, true, &g->body, NULL));
    return write_body(g, node_of(g, 0), SC_R_GRID, NULL, NULL, false, &g->public_lamport,
                      BG_START_MS, &id);
}

static int write_village(struct bg_gen *g, size_t v)
{
    static const uint64_t roles[BG_PERSONS] = {SC_ROLE_OFFICER, SC_ROLE_OFFICER, SC_ROLE_CHIEF};
    char name[64];
    int rc;

    (void)snprintf(name, sizeof name, "第%zu社区", v + 1);
    rc = write_grid(g, bg_village(v), name);
    for (size_t k = 0; rc == ST_OK && k < BG_PERSONS; k++)
        rc = write_cert(g, node_of(g, 0), person_of(g, v, k), SC_CERT_PERSON, 2, roles[k],
                        bg_village(v), bg_name(&g->prng));
    for (uint64_t i = 1; rc == ST_OK && i <= BG_GROUPS; i++) {
        (void)snprintf(name, sizeof name, "第%u居民小组", (unsigned)i);
        rc = write_grid(g, bg_village(v) * 1000 + i, name);
    }
    return rc;
}

int bg_public(struct bg_gen *g, const struct bg_sink *sink)
{
    struct author *root = &g->author[0];
    int rc;

    g->sink = sink;
    rc = start_log(g, root, &g->public_lamport, BG_START_MS);
    for (size_t i = 0; rc == ST_OK && i < 2; i++)
        rc = write_cert(g, root, node_of(g, i), SC_CERT_NODE, 1, SC_ROLE_STREET | SC_ROLE_NODE,
                        BG_STREET, "街道办");
    for (size_t v = 0; rc == ST_OK && v < g->villages; v++)
        rc = write_cert(g, root, node_of(g, 2 + v), SC_CERT_NODE, 1, SC_ROLE_VILLAGE | SC_ROLE_NODE,
                        bg_village(v), "村（社区）");
    if (rc == ST_OK)
        rc = finish_run(g, root);
    if (rc == ST_OK)
        rc = start_log(g, node_of(g, 0), &g->public_lamport, BG_START_MS);
    if (rc == ST_OK)
        rc = write_grid(g, BG_STREET, g->genesis.name);
    for (size_t v = 0; rc == ST_OK && v < g->villages; v++)
        rc = write_village(g, v);
    return rc == ST_OK ? finish_run(g, node_of(g, 0)) : rc;
}

/* ---- hazards ---- */

static void put_place(struct bg_gen *g, struct sc_body *b)
{
    b->v[sc_field_index(b->rec, SC_K_LAT)] = (struct sc_value){
        .present = true, .i = 293500000 + (int64_t)ts_prng_below(&g->prng, 90000)};
    b->v[sc_field_index(b->rec, SC_K_LON)] = (struct sc_value){
        .present = true, .i = 1059000000 + (int64_t)ts_prng_below(&g->prng, 90000)};
}

static uint64_t put_report(struct bg_gen *g, size_t v, struct sc_body *b, const char *text,
                           const char *address)
{
    const struct sc_hazard_code *code = sc_hazard_code_at(ts_prng_below(&g->prng, 40));
    uint64_t severity = code->severity > 3 ? 3 : code->severity;

    put_u(b, SC_K_GRID, bg_village(v) * 1000 + ts_prng_range(&g->prng, 1, BG_GROUPS));
    put_s(b, SC_K_TEXT, cr_span_text(text));
    put_s(b, SC_K_CODE, cr_span_of(code->code, 3));
    put_s(b, SC_K_ADDRESS, cr_span_text(address));
    if (b->rec->type == SC_R_HAZARD_REPORT) {
        put_u(b, SC_K_SEVERITY, severity);
        put_u(b, SC_K_SOURCE, 1);
    }
    if (ts_prng_chance(&g->prng, 1, 2))
        put_place(g, b);
    return severity;
}

static void encode_report(struct bg_gen *g, uint64_t type, size_t v, struct hazard *h,
                          struct cr_buf *out)
{
    struct sc_body b = {.rec = sc_record_find(type)};
    char text[TEXT_MAX];

    bg_address(&g->prng, h->address, sizeof h->address);
    bg_text(&g->prng, type, h->address, text, sizeof text);
    h->severity = put_report(g, v, &b, text, h->address);
    cr_buf_clear(out);
    must(sc_body_encode(&b, true, out, NULL));
}

void bg_report_body(struct bg_gen *g, size_t village, struct cr_buf *out)
{
    struct hazard h;

    encode_report(g, SC_R_HAZARD_REPORT, village, &h, out);
}

void bg_emergency_body(struct bg_gen *g, size_t village, struct cr_buf *out)
{
    struct hazard h;

    encode_report(g, SC_R_HAZARD_EMERGENCY, village, &h, out);
}

static void encode_step(struct bg_gen *g, uint64_t type, const struct hazard *h)
{
    struct sc_body b = {.rec = sc_record_find(type)};
    char text[TEXT_MAX];

    bg_text(&g->prng, type, h->address, text, sizeof text);
    put_s(&b, SC_K_TEXT, cr_span_text(text));
    if (type == SC_R_HAZARD_ASSIGN)
        put_s(&b, SC_K_ASSIGNEE, cr_span_text(bg_name(&g->prng)));
    cr_buf_clear(&g->body);
    must(sc_body_encode(&b, false, &g->body, NULL));
}

static struct author *author_of(struct bg_gen *g, size_t v, const struct hazard *h, uint64_t type)
{
    if (type == SC_R_HAZARD_ASSIGN || (type == SC_R_HAZARD_PASS && h->severity < 3))
        return person_of(g, v, BG_PERSONS - 1);
    return type == SC_R_HAZARD_PASS ? node_of(g, 2 + v) : person_of(g, v, h->officer);
}

static int one(struct bg_gen *g, size_t v)
{
    static const uint64_t life[] = {SC_R_HAZARD_REPORT, SC_R_HAZARD_ASSIGN, SC_R_HAZARD_PROGRESS,
                                    SC_R_HAZARD_FIX, SC_R_HAZARD_PASS};
    struct village *vil = &g->village[v];
    bool fresh = vil->count == 0 || (vil->count < FLIGHT && ts_prng_chance(&g->prng, 1, 4));
    size_t at = fresh ? vil->count++ : (size_t)ts_prng_below(&g->prng, vil->count);
    struct hazard *h = &vil->flight[at];
    uint64_t type;
    struct author *a;
    int rc = ST_OK;

    vil->wall_ms += ts_prng_range(&g->prng, 60000, 3600000);
    if (fresh)
        *h = (struct hazard){.officer = (size_t)ts_prng_below(&g->prng, BG_PERSONS - 1)};
    type = life[h->step];
    a = author_of(g, v, h, type);
    if (!a->started || a->link.seq_next >= g->rotate)
        rc = start_log(g, a, &vil->lamport, vil->wall_ms);
    if (fresh)
        encode_report(g, type, v, h, &g->body);
    else
        encode_step(g, type, h);
    if (rc == ST_OK)
        rc = write_body(g, a, type, fresh ? NULL : &h->id, fresh ? NULL : &h->tip,
                        type == SC_R_HAZARD_ASSIGN, &vil->lamport, vil->wall_ms, &h->tip);
    if (fresh)
        h->id = h->tip;
    h->step++;
    if (h->step == sizeof life / sizeof life[0] ||
        (h->step == 3 && ts_prng_chance(&g->prng, 1, 12)))
        *h = vil->flight[--vil->count];
    return rc;
}

int bg_hazards(struct bg_gen *g, uint64_t n, size_t village, const struct bg_sink *sink)
{
    int rc = ST_OK;

    g->sink = sink;
    for (uint64_t i = 0; rc == ST_OK && i < n; i++)
        rc = one(g, village == BG_ALL ? (size_t)ts_prng_below(&g->prng, g->villages) : village);
    return rc;
}

int bg_finish(struct bg_gen *g, const struct bg_sink *sink)
{
    int rc = ST_OK;

    g->sink = sink;
    for (size_t i = 0; rc == ST_OK && i < AUTHORS; i++)
        rc = finish_run(g, &g->author[i]);
    return rc;
}
