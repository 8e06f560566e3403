/* The path of an arriving entry through schema/: decode its run, hash it into the chain, check it
 * against the catalogue, ask for its author's roles, and the share of one signature a run. Prints
 * nanoseconds an entry, the median of RUNS rounds, by processor time. Not part of the suite. */
#include "schema/cert.h"
#include "schema/frame.h"
#include "schema/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/base/assert.h"

#define RUNS    15
#define ROUNDS  100
#define ENTRIES SC_RUN_ENTRIES_MAX
#define VILLAGE UINT64_C(500118003206)

struct bench {
    struct cr_identity id;
    struct cr_hash net, log_id;
    struct sc_certs *certs;
    struct sc_run run, decoded;
    struct cr_buf payloads[ENTRIES];
    struct cr_buf batch;
};

static double now_ns(void)
{
    struct timespec t;

    CR_ASSERT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void must(int status)
{
    CR_ASSERT(status == ST_OK);
}

static void make_payload(size_t i, struct cr_buf *out)
{
    char text[160];
    struct cr_buf body;
    struct sc_body b = {.rec = sc_record_find(SC_R_HAZARD_REPORT)};
    struct sc_payload p = {.type = SC_R_HAZARD_REPORT, .schema_version = 1};
    size_t n = (size_t)snprintf(
        text, sizeof text, "%zu号楼%zu单元楼道堆放纸箱和电动自行车，已劝导当事人清理", i, i % 7);

    b.v[sc_field_index(b.rec, SC_K_GRID)] =
        (struct sc_value){.present = true, .u = VILLAGE * 1000 + i % 30 + 1};
    b.v[sc_field_index(b.rec, SC_K_TEXT)] =
        (struct sc_value){.present = true, .s = cr_span_of(text, n)};
    b.v[sc_field_index(b.rec, SC_K_CODE)] =
        (struct sc_value){.present = true, .s = cr_span_of(sc_hazard_code_at(i % 60)->code, 3)};
    b.v[sc_field_index(b.rec, SC_K_SOURCE)] = (struct sc_value){.present = true, .u = 1};
    b.v[sc_field_index(b.rec, SC_K_LAT)] = (struct sc_value){.present = true, .i = 293500000};
    b.v[sc_field_index(b.rec, SC_K_LON)] = (struct sc_value){.present = true, .i = 1059000000};
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    cr_buf_init(out, SC_PAYLOAD_MAX);
    must(sc_body_encode(&b, true, &body, NULL));
    p.body = cr_buf_span(&body);
    must(sc_payload_encode(&p, out));
    cr_buf_release(&body);
}

static void set_up(struct bench *b)
{
    static const uint8_t seed[32] = {7};
    struct sc_genesis g = {.street = 500118003, .name = "x"};
    struct sc_log_key key = {.scope = VILLAGE, .incarnation = 1};
    struct sc_cert c = {.kind = SC_CERT_PERSON,
                        .rank = 2,
                        .roles = SC_ROLE_OFFICER,
                        .prefix_count = 1,
                        .prefixes = {VILLAGE},
                        .name = "x"};
    struct sc_link link;
    struct sc_header h;
    struct cr_hash hash;

    cr_identity_from_seed(seed, &b->id);
    b->certs = sc_certs_new(&g);
    CR_ASSERT(b->certs != NULL);
    for (uint64_t i = 0; i < 500; i++) {
        struct cr_hash id;
        uint8_t be[8];

        cr_store_be64(be, i);
        cr_hash1(CR_TAG_TEST, cr_span_of(be, sizeof be), &id);
        memcpy(c.subject.b, i == 0 ? b->id.sign_pk.b : id.b, sizeof c.subject.b);
        must(sc_certs_add(b->certs, &g.root, &id, &c));
    }
    key.author = b->id.sign_pk;
    sc_log_id(&b->net, &key, &b->log_id);
    sc_link_start(&b->log_id, &link);
    b->run = (struct sc_run){.has_key = true, .key = key, .count = ENTRIES};
    for (size_t i = 0; i < ENTRIES; i++) {
        make_payload(i, &b->payloads[i]);
        b->run.e[i].lamport = i + 1;
        b->run.e[i].wall_ms = 1735689600000 + i * 61000;
        b->run.e[i].payload = cr_buf_span(&b->payloads[i]);
        sc_payload_hash(b->run.e[i].payload, &hash);
        must(sc_link_extend(&link, i + 1, b->run.e[i].wall_ms, &hash, b->run.e[i].payload.n, &h));
    }
    sc_checkpoint_sign(&b->id.sign_sk, &b->net, &b->log_id, ENTRIES - 1, &link.chain, &b->run.sig);
    cr_buf_init(&b->batch, SC_BATCH_RAW_MAX);
    must(sc_batch_head(1, &b->batch));
    must(sc_run_encode(&b->run, &b->batch));
}

static void decode(struct bench *b)
{
    struct sc_reader r;
    uint64_t count;

    must(sc_batch_open(cr_buf_span(&b->batch), &r, &count));
    must(sc_run_decode(&r, &b->decoded, NULL));
    must(sc_reader_finish(&r));
}

static void link_all(struct bench *b)
{
    struct sc_link link;
    struct sc_header h;
    struct cr_hash hash;

    sc_link_start(&b->log_id, &link);
    for (size_t i = 0; i < b->decoded.count; i++) {
        const struct sc_wire_entry *e = &b->decoded.e[i];

        sc_payload_hash(e->payload, &hash);
        must(sc_link_extend(&link, e->lamport, e->wall_ms, &hash, e->payload.n, &h));
    }
}

static void check_all(struct bench *b)
{
    for (size_t i = 0; i < b->decoded.count; i++) {
        struct sc_payload p;
        struct sc_body body;

        must(sc_record_check(b->decoded.e[i].payload, &p, &body, NULL));
    }
}

static void payloads_all(struct bench *b)
{
    for (size_t i = 0; i < b->decoded.count; i++) {
        struct sc_payload p;

        must(sc_payload_decode(b->decoded.e[i].payload, &p, NULL));
    }
}

static void roles_all(struct bench *b)
{
    for (size_t i = 0; i < b->decoded.count; i++)
        CR_ASSERT(sc_certs_roles(b->certs, &b->decoded.key.author, VILLAGE, VILLAGE * 1000 + 5,
                                 b->decoded.e[i].wall_ms) == SC_ROLE_OFFICER);
}

/* Of another chain value: what a refusal costs, which is what an acceptance costs. */
static void verify(struct bench *b)
{
    struct sc_link link = {.chain = {{0}}};

    CR_ASSERT(sc_checkpoint_verify(&b->id.sign_pk, &b->net, &b->log_id, ENTRIES - 1, &link.chain,
                                   &b->run.sig) == ST_FORGED);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static double measure(struct bench *b, const char *name, void (*fn)(struct bench *))
{
    double ns[RUNS];

    for (size_t run = 0; run < RUNS; run++) {
        double from = now_ns();

        for (size_t i = 0; i < ROUNDS; i++)
            fn(b);
        ns[run] = (now_ns() - from) / (ROUNDS * (double)ENTRIES);
    }
    qsort(ns, RUNS, sizeof ns[0], by_value);
    printf("%-28s %8.1f ns/entry  (%.1f to %.1f)\n", name, ns[RUNS / 2], ns[0], ns[RUNS - 1]);
    return ns[RUNS / 2];
}

int main(void)
{
    struct bench *b = calloc(1, sizeof *b);
    double total = 0;

    CR_ASSERT(b != NULL);
    must(cr_init(NULL));
    set_up(b);
    printf("run of %d reports, %zu bytes, %.1f bytes a payload\n", ENTRIES, b->batch.n,
           (double)b->batch.n / ENTRIES);
    total += measure(b, "run decode", decode);
    total += measure(b, "payload hash, link extend", link_all);
    total += measure(b, "record check", check_all);
    total += measure(b, "roles", roles_all);
    total += measure(b, "signature of the run", verify);
    printf("%-28s %8.1f ns/entry\n", "sum", total);
    (void)measure(b, "(payload decode alone)", payloads_all);
    for (size_t i = 0; i < ENTRIES; i++)
        cr_buf_release(&b->payloads[i]);
    cr_buf_release(&b->batch);
    sc_certs_free(b->certs);
    free(b);
    return 0;
}
