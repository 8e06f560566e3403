/* Two engines in memory: bytes on the wire, round trips and speed of a converged re-sync, of a
 * delta and of a first sync, with hazard records as officers write them.
 *
 * usage: bench_sync [ENTRIES]      (default 100000; the converged row also runs at 1000)
 * Records come from the seed below: five authors in one village; each hazard is reported, assigned,
 * fixed and passed, in Chinese, with a position and a place now and then. */
#include "schema/bundle.h"
#include "schema/pack.h"
#include "schema/record.h"
#include "sync/export.h"
#include "tests/lib/prng.h"
#include "tests/lib/pump.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEED    20240601u
#define VILLAGE UINT64_C(500118003206)
#define AUTHORS 5
#define PER_HAZ 4
#define DELTA   1000

struct bench {
    struct ts_prng r;
    struct ts_mem mem[2];
    struct ts_pump pump;
    struct cr_identity author[AUTHORS];
    struct cr_buf payloads; /* of what was written since it was cleared */
    uint64_t wall_ms, lamport;
    size_t written;
};

static const char *const place[] = {"杨家桥市场", "兴隆巷", "老粮站", "镇东小学",   "三组院坝",
                                    "汽修厂",     "农贸街", "河堤路", "桂花园小区", "木材加工点"};
static const char *const fault[] = {
    "楼梯间堆放杂物", "电动车在过道充电", "灭火器压力不足",
    "疏散指示灯不亮", "私拉电线",         "液化气瓶放在卧室",
    "安全出口上锁",   "消火栓无水",       "配电箱无盖，电线绝缘老化",
    "院内堆放柴草"};
static const char *const remedy[] = {"已清理", "已更换", "已整改，照片已存", "已拆除", "已移出"};
static const char *const code[] = {"A01", "A02", "A03", "A05", "B01", "B02", "B03", "G03"};

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void set_u(struct sc_body *b, uint8_t key, uint64_t v)
{
    size_t i = sc_field_index(b->rec, key);

    if (i == SIZE_MAX)
        return;
    b->v[i].present = true;
    b->v[i].u = v;
    b->v[i].i = (int64_t)v;
}

static void set_text(struct sc_body *b, uint8_t key, const char *text)
{
    size_t i = sc_field_index(b->rec, key);

    if (i == SIZE_MAX)
        return;
    b->v[i].present = true;
    b->v[i].s = cr_span_text(text);
}

static void write_one(struct bench *b, uint64_t type, const struct sc_id *subject,
                      const struct sc_id *parent, struct sc_body *body, struct sc_id *id)
{
    struct cr_buf map, payload;
    struct sc_payload p = {.type = type, .schema_version = 1};
    struct st_err err = {ST_OK, ""};
    size_t author = ts_prng_below(&b->r, AUTHORS);
    const struct ts_mem_log *log;
    int rc;

    cr_buf_init(&map, SC_PAYLOAD_MAX);
    cr_buf_init(&payload, SC_PAYLOAD_MAX);
    rc = sc_body_encode(body, subject == NULL, &map, &err);
    if (rc != ST_OK) {
        fprintf(stderr, "body of type %u: %s\n", (unsigned)type, err.msg);
        exit(1);
    }
    if (subject != NULL) {
        p.has_subject = true;
        p.subject = *subject;
        p.parent_count = 1;
        p.parents = parent;
    }
    p.body = cr_buf_span(&map);
    rc = sc_payload_encode(&p, &payload);
    CR_ASSERT(rc == ST_OK);
    b->wall_ms += 20000 + ts_prng_below(&b->r, 400000);
    b->lamport++;
    log = ts_mem_write(&b->mem[0], &b->author[author], VILLAGE, 1, b->lamport, b->wall_ms,
                       cr_buf_span(&payload), false);
    *id = sc_id_of(&log->l.link.chain);
    rc = cr_buf_append(&b->payloads, payload.p, payload.n);
    CR_ASSERT(rc == ST_OK);
    b->written++;
    cr_buf_release(&map);
    cr_buf_release(&payload);
}

static void write_hazard(struct bench *b)
{
    char text[200], where[100];
    struct sc_id subject, last;
    struct sc_body body = {.rec = sc_record_find(SC_R_HAZARD_REPORT)};
    uint64_t group = VILLAGE * 1000 + 1 + ts_prng_below(&b->r, 9);

    (void)snprintf(where, sizeof where, "%s%u号", place[ts_prng_below(&b->r, 10)],
                   (unsigned)ts_prng_range(&b->r, 1, 180));
    (void)snprintf(text, sizeof text, "%s：%s", where, fault[ts_prng_below(&b->r, 10)]);
    set_u(&body, SC_K_GRID, group);
    set_text(&body, SC_K_TEXT, text);
    set_text(&body, SC_K_CODE, code[ts_prng_below(&b->r, 8)]);
    set_u(&body, SC_K_SEVERITY, ts_prng_range(&b->r, 1, 3));
    set_u(&body, SC_K_SOURCE, 1);
    if (ts_prng_chance(&b->r, 1, 2)) {
        set_text(&body, SC_K_ADDRESS, where);
        set_u(&body, SC_K_LAT, 293560000 + ts_prng_below(&b->r, 200000));
        set_u(&body, SC_K_LON, 1059270000 + ts_prng_below(&b->r, 200000));
        set_u(&body, SC_K_CRS, 1);
    }
    write_one(b, SC_R_HAZARD_REPORT, NULL, NULL, &body, &subject);
    last = subject;
    body = (struct sc_body){.rec = sc_record_find(SC_R_HAZARD_ASSIGN)};
    set_u(&body, SC_K_GRID, group);
    set_text(&body, SC_K_ASSIGNEE, place[ts_prng_below(&b->r, 10)]);
    set_u(&body, SC_K_DEADLINE, b->wall_ms + 7u * 86400000u);
    write_one(b, SC_R_HAZARD_ASSIGN, &subject, &last, &body, &last);
    body = (struct sc_body){.rec = sc_record_find(SC_R_HAZARD_FIX)};
    set_u(&body, SC_K_GRID, group);
    set_text(&body, SC_K_TEXT, remedy[ts_prng_below(&b->r, 5)]);
    write_one(b, SC_R_HAZARD_FIX, &subject, &last, &body, &last);
    body = (struct sc_body){.rec = sc_record_find(SC_R_HAZARD_PASS)};
    set_u(&body, SC_K_GRID, group);
    set_text(&body, SC_K_TEXT, "复查合格");
    write_one(b, SC_R_HAZARD_PASS, &subject, &last, &body, &last);
}

static void write_entries(struct bench *b, size_t n)
{
    cr_buf_clear(&b->payloads);
    b->written = 0;
    while (b->written < n)
        write_hazard(b);
}

static void bench_init(struct bench *b)
{
    struct sy_config cfg = {.scope_count = 2, .scopes = {SC_SCOPE_PUBLIC, VILLAGE}};

    memset(b, 0, sizeof *b);
    ts_prng_init(&b->r, SEED);
    ts_pump_init(&b->pump);
    b->pump.check = false;
    b->wall_ms = 1717200000000u;
    cr_buf_init(&b->payloads, SIZE_MAX / 2);
    for (size_t i = 0; i < AUTHORS; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};

        cr_identity_from_seed(seed, &b->author[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        ts_mem_init(&b->mem[i], "bench");
        (void)ts_pump_add(&b->pump, &b->mem[i], &cfg);
    }
}

static void bench_release(struct bench *b)
{
    ts_pump_release(&b->pump);
    ts_mem_release(&b->mem[0]);
    ts_mem_release(&b->mem[1]);
    cr_buf_release(&b->payloads);
}

/* One whole session; returns its link. Round trips: frames that had to wait for one another. */
static size_t sync_once(struct bench *b)
{
    size_t link = ts_pump_link(&b->pump, 0, 1, NULL, 0);
    bool ended = ts_pump_settle(&b->pump, 5000, UINT64_MAX);

    CR_ASSERT(ended);
    CR_ASSERT(ts_pump_equal(&b->pump, 0, 1));
    return link;
}

/* Turns of the wire until both sides know that they are equal. */
static unsigned half_trips(struct bench *b, size_t link)
{
    uint64_t s0 = b->pump.node[0].synced, s1 = b->pump.node[1].synced;
    unsigned n = 0;

    while (b->pump.node[0].synced == s0 || b->pump.node[1].synced == s1) {
        size_t waiting[2] = {b->pump.link[link].dir[0].waiting, b->pump.link[link].dir[1].waiting};

        if (waiting[0] + waiting[1] == 0)
            break;
        for (size_t dir = 0; dir < 2; dir++) {
            while (waiting[dir]-- > 0)
                (void)ts_pump_deliver(&b->pump, link, dir);
        }
        n++;
    }
    return n;
}

static void row_converged(struct bench *b, size_t entries)
{
    size_t link = ts_pump_link(&b->pump, 0, 1, NULL, 0);
    unsigned trips = half_trips(b, link);

    printf("converged re-sync at %zu entries: %llu bytes with handshake, %.1f round trips\n",
           entries, (unsigned long long)ts_pump_wire_bytes(&b->pump, link), trips / 2.0);
    ts_pump_cut(&b->pump, link);
}

/* The same entries as a bundle for one node, whose last receipt is known: all of the file. */
static void row_file(struct bench *b)
{
    struct sy_export_options o = {
        .scope_count = 2, .scopes = {SC_SCOPE_PUBLIC, VILLAGE}, .net = b->mem[0].net};
    struct sy_export *there, *x;
    struct sy_holder holder;
    struct sy_export_count n;
    const struct sc_head *list;
    struct cr_buf frame;
    uint64_t bytes = SC_BUNDLE_HEAD_BYTES + CR_BOX_BYTES(1) + CR_STREAM_HEADER_BYTES;
    size_t heads;
    int rc;

    o.view = &b->mem[1].view;
    rc = sy_export_new(&o, &there, NULL);
    CR_ASSERT(rc == ST_OK);
    holder.head = sy_export_heads(there, &holder.head_count);
    o.view = &b->mem[0].view;
    o.holder = &holder;
    o.holder_count = 1;
    rc = sy_export_new(&o, &x, NULL);
    CR_ASSERT(rc == ST_OK);
    cr_buf_init(&frame, SC_FRAME_MAX);
    list = sy_export_heads(x, &heads);
    rc = sc_bundle_heads_encode(list, heads, &frame);
    CR_ASSERT(rc == ST_OK);
    bytes += frame.n + 120 + 2 * 67 + 10 + 5 * 2; /* manifest, marks, end, five lengths */
    while ((rc = sy_export_next(x, &frame, NULL)) == ST_OK)
        bytes += frame.n + 2;
    CR_ASSERT(rc == ST_NOTFOUND);
    bytes += (bytes / CR_STREAM_CHUNK_BYTES + 1) * CR_STREAM_OVERHEAD_BYTES;
    sy_export_counted(x, &n);
    printf("the same as a bundle: %llu entries, %llu bytes in all = %.1f an entry\n",
           (unsigned long long)n.entries, (unsigned long long)bytes,
           (double)bytes / (double)n.entries);
    cr_buf_release(&frame);
    sy_export_free(there);
    sy_export_free(x);
}

static void row_delta(struct bench *b)
{
    struct cr_buf one;
    uint64_t wire, floor, batches;
    unsigned trips;
    size_t link;
    int rc;

    write_entries(b, DELTA);
    row_file(b);
    ts_pump_restart(&b->pump, 0);
    link = ts_pump_link(&b->pump, 0, 1, NULL, 0);
    trips = half_trips(b, link);
    CR_ASSERT(ts_pump_equal(&b->pump, 0, 1));
    cr_buf_init(&one, SIZE_MAX / 2);
    rc = sc_pack_once(19, cr_buf_span(&b->payloads), &one);
    CR_ASSERT(rc == ST_OK);
    wire = ts_pump_wire_bytes(&b->pump, link);
    batches = AUTHORS; /* every author's new entries fit one run */
    floor = one.n + batches * CR_SIG_BYTES;
    printf("delta of %zu entries: %llu bytes in all = %.1f an entry, payloads %.1f raw; zstd-19 in "
           "one piece + %llu signatures = %llu; ratio %.3f; %.1f round trips\n",
           b->written, (unsigned long long)wire, (double)wire / (double)b->written,
           (double)b->payloads.n / (double)b->written, (unsigned long long)batches,
           (unsigned long long)floor, (double)wire / (double)floor, trips / 2.0);
    cr_buf_release(&one);
    ts_pump_cut(&b->pump, link);
}

static void row_first(struct bench *b, size_t entries)
{
    double before = seconds(), spent;
    size_t link = sync_once(b);

    spent = seconds() - before;
    printf("first sync of %zu entries: %.1f bytes an entry on the wire, %.0f entries/s (both "
           "engines and stores in memory, one thread)\n",
           entries, (double)ts_pump_wire_bytes(&b->pump, link) / (double)entries,
           (double)entries / spent);
    ts_pump_cut(&b->pump, link);
}

static void run(size_t entries, bool all)
{
    struct bench *b = malloc(sizeof *b);

    CR_ASSERT(b != NULL);
    bench_init(b);
    write_entries(b, entries);
    ts_pump_restart(&b->pump, 0);
    row_first(b, b->written);
    row_converged(b, b->written);
    if (all)
        row_delta(b);
    bench_release(b);
    free(b);
}

int main(int argc, char **argv)
{
    uint64_t entries = 100000;

    if (cr_init(NULL) != ST_OK ||
        (argc > 1 && cr_parse_u64(argv[1], strlen(argv[1]), 10000000, &entries) != ST_OK)) {
        fprintf(stderr, "usage: bench_sync [ENTRIES]\n");
        return 1;
    }
    run(1000, false);
    run((size_t)entries, true);
    return 0;
}
