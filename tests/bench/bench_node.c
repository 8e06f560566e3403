/* The whole node measured: real drivers, real stores on disk (synchronous=FULL), real encrypted
 * links, joined by a pipe in memory (duplex.h). README.md says what each row means.
 * usage: bench_node [--big N] [--mid N] [--seed N] [part...]
 *   parts: resync delta first write memory urgent (all when none is named) */
#include "crypto/base/assert.h"
#include "schema/pack.h"
#include "tests/bench/duplex.h"
#include "tests/bench/meter.h"
#include "tests/bench/serve.h"
#include "tests/bench/space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIPS_MAX 100000
#define DELTA     1000
#define WRITES    200

struct bench {
    uint64_t seed, big, mid;
    struct ts_tmpdir dir;
    const char *self;
    size_t numbers;              /* directories made */
    char big_dir[TS_PATH_BYTES]; /* a street's store of `big` entries, once made; "" */
};

/* Two nodes of the street office: directories, stores, drivers; g goes on from what they hold. */
struct two {
    struct bg_gen *g;
    char dir[2][TS_PATH_BYTES];
    struct nd_store *store[2];
    struct bd_pair pair;
};

static void must(int status)
{
    CR_ASSERT(status == ST_OK);
}

static struct bg_gen *make_gen(const struct bench *b, size_t villages, uint64_t entries)
{
    return bg_new(b->seed, villages, entries / (villages * 3) / 3 + 500);
}

static void make_dir(struct bench *b, char out[TS_PATH_BYTES])
{
    char name[32];

    (void)snprintf(name, sizeof name, "%zu", b->numbers++);
    (void)ts_tmpdir_path(&b->dir, name, out);
}

static void link_up(struct two *t)
{
    const struct cr_identity *const id[2] = {bg_node(t->g, 0), bg_node(t->g, 1)};

    bd_init(&t->pair, t->store, id, bg_gate(t->g));
}

static void close_two(struct two *t)
{
    bd_release(&t->pair);
    nd_store_close(t->store[0]);
    nd_store_close(t->store[1]);
}

/* Both hold the same n entries. */
static void make_equal(struct bench *b, uint64_t n, struct two *t)
{
    t->g = make_gen(b, BG_VILLAGES_MAX, n);
    make_dir(b, t->dir[0]);
    make_dir(b, t->dir[1]);
    bs_make(t->g, t->dir[0], n);
    bs_copy(t->dir[0], t->dir[1]);
    t->store[0] = bs_open(t->dir[0]);
    t->store[1] = bs_open(t->dir[1]);
}

/* They meet; afterwards both remember what they have in common. Bytes of it. */
static uint64_t meet(struct two *t)
{
    uint64_t equal, bytes;

    bd_dial(&t->pair);
    CR_ASSERT(bd_run(&t->pair, TRIPS_MAX, &equal));
    bytes = bd_bytes(&t->pair);
    bd_settle(&t->pair, 40000);
    bd_cut(&t->pair);
    return bytes;
}

/* ---- re-sync ---- */

static void resync(struct bench *b, uint64_t n)
{
    struct two t;
    struct nd_store_stats stats;
    uint64_t first, equal;
    double wall = bm_wall_s(), cpu = bm_cpu_s();
    char what[64];

    make_equal(b, n, &t);
    wall = bm_wall_s() - wall;
    cpu = bm_cpu_s() - cpu;
    must(nd_store_stats(t.store[0], &stats));
    link_up(&t);
    first = meet(&t);
    bd_dial(&t.pair);
    CR_ASSERT(bd_run(&t.pair, TRIPS_MAX, &equal));
    (void)snprintf(what, sizeof what, "re-sync, %llu entries: bytes", (unsigned long long)n);
    bm_row(what, (double)bd_bytes(&t.pair), "bytes", "their first meeting, bytes", (double)first,
           BM_AT_MOST, 300);
    (void)snprintf(what, sizeof what, "re-sync, %llu entries: round trips", (unsigned long long)n);
    bm_row(what, (double)t.pair.trips / 2, "trips", "", 0, BM_AT_MOST, 1);
    bd_settle(&t.pair, 2000);
    (void)snprintf(what, sizeof what, "re-sync, %llu entries: proven, bytes",
                   (unsigned long long)n);
    bm_row(what, (double)bd_bytes(&t.pair), "bytes", "", 0, BM_AT_MOST, 300);
    close_two(&t);
    bm_note("%llu logs; filled at %.0f entries/s of processor time, %.0f by the clock; "
            "%.0f bytes an entry on disk",
            (unsigned long long)stats.logs, (double)stats.entries / cpu,
            (double)stats.entries / wall, (double)bs_bytes(t.dir[0]) / (double)stats.entries);
    bg_free(t.g);
}

static void part_resync(struct bench *b)
{
    bm_head("1. two nodes that hold the same meet again");
    resync(b, 1000);
    resync(b, b->mid);
    if (b->big > 0)
        resync(b, b->big);
}

/* ---- delta ---- */

/* Side `from` has written DELTA entries more; side 0 dials. */
static void delta(struct bench *b, const char *name, size_t village, size_t from)
{
    struct two t;
    struct cr_buf payloads, packed;
    struct bs_fill fill = {.payloads = &payloads};
    struct bg_sink sink = bs_sink(&fill);
    uint64_t equal;
    double limit;
    char what[80];

    cr_buf_init(&payloads, (size_t)1 << 26);
    cr_buf_init(&packed, (size_t)1 << 26);
    make_equal(b, b->mid, &t);
    link_up(&t);
    (void)meet(&t);
    bd_release(&t.pair);
    fill.store = t.store[from];
    must(bg_hazards(t.g, DELTA, village, &sink));
    must(bg_finish(t.g, &sink));
    bs_fill_end(&fill);
    must(sc_pack_once(19, cr_buf_span(&payloads), &packed));
    limit = (double)packed.n + (double)CR_SIG_BYTES * (double)((fill.entries + 255) / 256);
    link_up(&t);
    bd_dial(&t.pair);
    CR_ASSERT(bd_run(&t.pair, TRIPS_MAX, &equal));
    (void)snprintf(what, sizeof what, "delta of %d, %s: bytes", DELTA, name);
    bm_row(what, (double)bd_bytes(&t.pair) / (double)fill.entries, "B/entry",
           "zstd -19 in one piece + signatures", limit / (double)fill.entries, BM_AT_MOST, 80);
    (void)snprintf(what, sizeof what, "delta of %d, %s: round trips", DELTA, name);
    bm_row(what, (double)equal / 2, "trips", "", 0, BM_AT_MOST, 2);
    bm_note("%llu entries in %llu runs, %.1f bytes a payload; bytes: all frames, both ways, until "
            "nothing is under way",
            (unsigned long long)fill.entries, (unsigned long long)fill.runs,
            (double)payloads.n / (double)fill.entries);
    close_two(&t);
    bg_free(t.g);
    cr_buf_release(&payloads);
    cr_buf_release(&packed);
}

static void part_delta(struct bench *b)
{
    bm_head("2. one of the two has written 1,000 entries more");
    delta(b, "one village", 0, 0);
    delta(b, "village of the other", 0, 1);
    delta(b, "13 villages", BG_ALL, 0);
}

/* ---- first sync, ingest ---- */

static void bare_sqlite(struct bench *b, uint64_t n, size_t payload_bytes, double *cpu,
                        double *wall)
{
    char path[TS_PATH_BYTES];
    struct bm_sqlite *q;

    make_dir(b, path);
    q = bm_sqlite_open(path);
    *cpu = bm_cpu_s();
    *wall = bm_wall_s();
    for (uint64_t done = 0; done < n; done += 4096)
        bm_sqlite_insert(q, 4096, payload_bytes);
    *cpu = (double)n / (bm_cpu_s() - *cpu);
    *wall = (double)n / (bm_wall_s() - *wall);
    bm_sqlite_close(q);
}

static void first_rows(struct bench *b, const struct two *t, const struct nd_store_stats *stats,
                       double payload_bytes)
{
    const struct bd_side *in = &t->pair.side[0], *out = &t->pair.side[1];
    double n = (double)stats->entries, cpu, wall;

    bm_row("first sync: bytes an entry", (double)bd_bytes(&t->pair) / n, "B/entry",
           "bytes of a payload, as stored", payload_bytes, BM_AT_MOST, 80);
    bm_row("first sync: entries/s, both ends on one core", n / (in->cpu_s + out->cpu_s), "/s cpu",
           "by the clock", n / (in->wall_s + out->wall_s), BM_REPORT, 0);
    bm_row("sending side alone", n / out->cpu_s, "/s cpu", "by the clock", n / out->wall_s,
           BM_REPORT, 0);
    bare_sqlite(b, stats->entries, (size_t)payload_bytes, &cpu, &wall);
    bm_row("ingest: verify, admit, store, project", n / in->cpu_s, "/s cpu",
           "one Ed25519 verify an entry", bm_verify_rate(), BM_AT_LEAST, 30000);
    bm_row("ingest, the same", n / in->cpu_s, "/s cpu", "bare SQLite insert, same columns", cpu,
           BM_REPORT, 0);
    bm_row("ingest, by the clock", n / in->wall_s, "/s", "bare SQLite insert, by the clock", wall,
           BM_REPORT, 0);
}

static void part_first(struct bench *b)
{
    struct two t;
    struct cr_buf payloads;
    struct bs_fill fill = {.payloads = &payloads};
    struct bg_sink sink = bs_sink(&fill);
    struct nd_store_stats stats;
    uint64_t equal;

    bm_head("3, 4. first sync into an empty store: what arrives is verified, stored, projected");
    cr_buf_init(&payloads, (size_t)1 << 30);
    t.g = make_gen(b, BG_VILLAGES_MAX, b->mid);
    make_dir(b, t.dir[0]);
    make_dir(b, t.dir[1]);
    t.store[0] = bs_create(t.g, t.dir[0]);
    t.store[1] = fill.store = bs_create(t.g, t.dir[1]);
    must(bg_public(t.g, &sink));
    must(bg_hazards(t.g, b->mid, BG_ALL, &sink));
    must(bg_finish(t.g, &sink));
    bs_fill_end(&fill);
    link_up(&t);
    bd_dial(&t.pair);
    CR_ASSERT(bd_run(&t.pair, TRIPS_MAX, &equal));
    must(nd_store_stats(t.store[0], &stats));
    CR_ASSERT(stats.entries == fill.entries);
    first_rows(b, &t, &stats, (double)payloads.n / (double)fill.entries);
    close_two(&t);
    bm_row("store: bytes an entry, all in", (double)bs_bytes(t.dir[0]) / (double)stats.entries,
           "B/entry", "", 0, BM_AT_MOST, 350);
    bg_free(t.g);
    cr_buf_release(&payloads);
}

/* ---- local write ---- */

static double one_write(struct two *t, struct cr_buf *body, double *cpu)
{
    struct nd_draft draft = {.type = SC_R_HAZARD_REPORT};
    struct st_err err = {.msg = ""};
    struct sc_id id;
    double wall;

    bg_report_body(t->g, 0, body);
    draft.body = cr_buf_span(body);
    wall = bm_wall_s();
    *cpu = bm_cpu_s();
    must(nd_driver_write(t->pair.side[0].driver, bg_person(t->g, 0, 0), bg_village(0), &draft, 1,
                         &id, &err));
    *cpu = bm_cpu_s() - *cpu;
    return bm_wall_s() - wall;
}

static double one_bare(struct bm_sqlite *q, double *cpu)
{
    double wall = bm_wall_s();

    *cpu = bm_cpu_s();
    bm_sqlite_insert(q, 1, 220);
    *cpu = bm_cpu_s() - *cpu;
    return bm_wall_s() - wall;
}

static void part_write(struct bench *b)
{
    struct two t;
    struct cr_buf body;
    struct bm_sqlite *q;
    char path[TS_PATH_BYTES];
    double ours[WRITES], bare[WRITES], ours_cpu[WRITES], bare_cpu[WRITES];

    bm_head("5. one entry, durable, one transaction each; taken in turns with the bare commits");
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    make_equal(b, b->mid, &t);
    link_up(&t);
    make_dir(b, path);
    q = bm_sqlite_open(path);
    for (size_t i = 0; i < 16; i++)
        bm_sqlite_insert(q, 4096, 220);
    for (size_t i = 0; i < WRITES; i++) {
        ours[i] = one_write(&t, &body, &ours_cpu[i]) * 1e6;
        bare[i] = one_bare(q, &bare_cpu[i]) * 1e6;
    }
    bm_row("durable write, by the clock", bm_median(ours, WRITES), "us",
           "bare SQLite FULL commit of one row", bm_median(bare, WRITES), BM_RATIO_MOST, 1.2);
    bm_row("durable write, processor time", bm_median(ours_cpu, WRITES) * 1e6, "us",
           "the bare commit's", bm_median(bare_cpu, WRITES) * 1e6, BM_REPORT, 0);
    bm_sqlite_close(q);
    close_two(&t);
    bg_free(t.g);
    cr_buf_release(&body);
}

/* ---- memory ---- */

static void memory(struct bench *b, const char *name, size_t villages, uint64_t n, double limit_mib)
{
    struct bg_gen *g = make_gen(b, villages, n);
    struct bv_report r;
    char dir[TS_PATH_BYTES], client[TS_PATH_BYTES], what[80];

    make_dir(b, dir);
    make_dir(b, client);
    if (n == b->big && b->big_dir[0] != '\0')
        memcpy(dir, b->big_dir, sizeof dir);
    else
        bs_make(g, dir, n);
    bv_serve(b->self, b->seed, villages, dir, client, &r);
    (void)snprintf(what, sizeof what, "%s, %llu: peak resident", name, (unsigned long long)n);
    bm_row(what, (double)r.peak_kib / 1024, "MiB", "when just opened", (double)r.open_kib / 1024,
           limit_mib > 0 ? BM_AT_MOST : BM_REPORT, limit_mib);
    (void)snprintf(what, sizeof what, "%s: open to serving", name);
    bm_row(what, r.open_ms, "ms", "of it processor time", r.open_cpu_ms, BM_AT_MOST, 100);
    (void)snprintf(what, sizeof what, "%s: page of 50 open hazards", name);
    bm_row(what, r.page_ms, "ms cpu", "from the 1,000th on", r.page_deep_ms, BM_AT_MOST, 5);
    (void)snprintf(what, sizeof what, "%s: the same, whole street", name);
    bm_row(what, r.page_street_ms, "ms cpu", "", 0, BM_AT_MOST, 5);
    (void)snprintf(what, sizeof what, "%s: three-level picture", name);
    bm_row(what, r.picture_ms, "ms cpu", "", 0, BM_AT_MOST, 5);
    bm_note("%llu hazards on the page, %llu grids in the picture; %.1f MiB after the pages, before "
            "serving",
            (unsigned long long)r.hazards, (unsigned long long)r.grids, (double)r.idle_kib / 1024);
    bg_free(g);
}

static void part_memory(struct bench *b)
{
    bm_head("6. a process that serves a store to a peer that has nothing");
    memory(b, "village", 1, b->mid, 16);
    if (b->big > 0)
        memory(b, "street", BG_VILLAGES_MAX, b->big, 64);
}

/* ---- urgent ---- */

static int show_any(void *arg, const struct nd_hazard_row *row)
{
    *(bool *)arg = row->h.exists && (row->h.flags & SC_HF_EMERGENCY) != 0;
    return ST_OK;
}

static uint64_t first_packet(struct two *t)
{
    bd_dial(&t->pair);
    CR_ASSERT(bd_trip(&t->pair, 1000));
    return t->pair.side[0].first;
}

/* Side 1 has certificates and grids only; side 0 has n hazard entries as well. */
static void make_backlog(struct bench *b, uint64_t n, struct two *t)
{
    struct bs_fill fill = {.store = NULL};
    struct bg_sink sink = bs_sink(&fill);

    t->g = make_gen(b, BG_VILLAGES_MAX, n);
    make_dir(b, t->dir[0]);
    make_dir(b, t->dir[1]);
    fill.store = bs_create(t->g, t->dir[1]);
    must(bg_public(t->g, &sink));
    bs_fill_end(&fill);
    nd_store_close(fill.store);
    bs_copy(t->dir[1], t->dir[0]);
    t->store[0] = fill.store = bs_open(t->dir[0]);
    t->store[1] = bs_open(t->dir[1]);
    must(bg_hazards(t->g, n, BG_ALL, &sink));
    must(bg_finish(t->g, &sink));
    bs_fill_end(&fill);
}

static void write_one(struct two *t, uint64_t type, const struct sc_id *subject,
                      struct cr_span body, struct sc_id *id)
{
    struct nd_draft draft = {
        .type = type, .subject = subject, .body = body, .urgent = type == SC_R_HAZARD_EMERGENCY};

    must(nd_driver_write(t->pair.side[0].driver, bg_person(t->g, 0, 0), bg_village(0), &draft, 1,
                         id, NULL));
}

static void part_urgent(struct bench *b)
{
    struct two t;
    struct cr_buf body;
    struct sc_id subject, id;
    uint64_t without, with;
    bool there = false;

    bm_head("7. an emergency, with a backlog that the peer lacks");
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    make_backlog(b, b->mid, &t);
    link_up(&t);
    bg_report_body(t.g, 0, &body);
    write_one(&t, SC_R_HAZARD_REPORT, NULL, cr_buf_span(&body), &subject);
    without = first_packet(&t);
    bd_cut(&t.pair);
    bg_emergency_body(t.g, 0, &body);
    write_one(&t, SC_R_HAZARD_EMERGENCY, &subject, cr_buf_span(&body), &id);
    with = first_packet(&t);
    if (nd_store_hazard(t.store[1], &subject, show_any, &there, NULL) != ST_OK)
        there = false; /* it is not in the first packet: the row shows it */
    bm_row("emergency durable at the peer after", there ? (double)t.pair.trips / 2 : 999, "trips",
           "", 0, BM_AT_MOST, 0.5);
    bm_row("its bytes in the first packet", (double)with - (double)without, "bytes",
           "the packet without it", (double)without, BM_AT_MOST, 512);
    bm_note("the body of the emergency is %zu bytes", body.n);
    close_two(&t);
    bg_free(t.g);
    cr_buf_release(&body);
}

/* ---- main ---- */

static const struct {
    const char *name;
    void (*run)(struct bench *b);
} parts[] = {
    {"resync", part_resync}, {"delta", part_delta},   {"first", part_first},
    {"write", part_write},   {"memory", part_memory}, {"urgent", part_urgent},
};

static bool is_wanted(int argc, char **argv, int from, const char *name)
{
    bool found = from >= argc;

    for (int i = from; i < argc; i++)
        found |= strcmp(argv[i], name) == 0;
    return found;
}

int main(int argc, char **argv)
{
    struct bench b = {.seed = BG_SEED, .big = 1000000, .mid = 100000, .self = "/proc/self/exe"};
    int at = 1;

    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return bv_main(argc - 2, argv + 2);
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        uint64_t *to = strcmp(argv[at], "--big") == 0    ? &b.big
                       : strcmp(argv[at], "--mid") == 0  ? &b.mid
                       : strcmp(argv[at], "--seed") == 0 ? &b.seed
                                                         : NULL;

        if (to == NULL ||
            cr_parse_u64(argv[at + 1], strlen(argv[at + 1]), UINT64_MAX, to) != ST_OK) {
            fprintf(stderr, "usage: bench_node [--big N] [--mid N] [--seed N] [part...]\n");
            return 2;
        }
    }
    must(cr_init(NULL));
    ts_tmpdir_init(&b.dir);
    printf("seed %llu; libsodium strict Ed25519 %.0f verifications/s of processor time\n",
           (unsigned long long)b.seed, bm_verify_rate());
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (is_wanted(argc, argv, at, parts[i].name))
            parts[i].run(&b);
    ts_tmpdir_release(&b.dir);
    printf("\npeak of this process %.1f MiB (two nodes and the generator)\n",
           (double)bm_peak_kib() / 1024);
    return 0;
}
