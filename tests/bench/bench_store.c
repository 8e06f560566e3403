/* Ingest into the store: entries of hazards (5 a hazard, written by an officer and a chief of a
 * village), signed and linked before the clock starts, at several entries a transaction, beside a
 * bare SQLite table that takes the same bytes in the same transactions. Then the size of the file
 * an entry, and lists. Usage: bench_store [entries, 100000 by default] [directory] */
#include "node/store.h"
#include "tests/lib/tmpdir.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define VILLAGES 13
#define BODY_MAX 400

struct author {
    struct cr_identity id;
    struct sc_log_key key;
    struct cr_hash log_id;
    struct sc_link link;
};

struct world {
    struct sc_genesis genesis;
    struct cr_hash net;
    struct author root, officer[VILLAGES], chief[VILLAGES];
    uint64_t lamport, serial;
};

/* Runs of one transaction. */
struct batch {
    size_t count, cap;
    struct nd_run *run;
    struct sc_run *sc;
    struct cr_hash (*chains)[SC_RUN_ENTRIES_MAX];
    struct cr_buf *bytes; /* one a run */
    struct author **author;
};

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int rc, const struct st_err *err)
{
    if (rc == ST_OK)
        return;
    fprintf(stderr, "%s: %s\n", st_name((enum st_code)rc), err->msg);
    exit(1);
}

static uint64_t village(size_t i)
{
    return UINT64_C(500118003201) + i;
}

static void author_start(const struct world *w, struct author *a, uint8_t seed, uint64_t scope)
{
    uint8_t bytes[32] = {seed, 77};
    cr_identity_from_seed(bytes, &a->id);
    a->key = (struct sc_log_key){.author = a->id.sign_pk, .scope = scope, .incarnation = 7};
    sc_log_id(&w->net, &a->key, &a->log_id);
    sc_link_start(&a->log_id, &a->link);
}

/* Takes the author's open run of the batch, or begins one. */
static size_t run_of(struct batch *b, struct author *a, size_t room)
{
    for (size_t i = b->count; i-- > 0;)
        if (b->author[i] == a)
            if (b->sc[i].count < SC_RUN_ENTRIES_MAX && b->bytes[i].n + room <= SC_RUN_BYTES_MAX &&
                (b->sc[i].first_seq + b->sc[i].count) % SC_CKPT_ALIGN != 0)
                return i;
            else
                break;
        else
            continue;
    if (b->count == b->cap) {
        b->cap = b->cap * 2 + 4;
        b->run = realloc(b->run, b->cap * sizeof *b->run);
        b->sc = realloc(b->sc, b->cap * sizeof *b->sc);
        b->chains = realloc(b->chains, b->cap * sizeof *b->chains);
        b->bytes = realloc(b->bytes, b->cap * sizeof *b->bytes);
        b->author = realloc(b->author, b->cap * sizeof *b->author);
    }
    b->author[b->count] = a;
    b->sc[b->count].first_seq = a->link.seq_next;
    b->sc[b->count].count = 0;
    cr_buf_init(&b->bytes[b->count], SC_RUN_BYTES_MAX * 2);
    b->run[b->count] = (struct nd_run){.key = a->key, .log_id = a->log_id, .before = a->link.chain};
    return b->count++;
}

static struct sc_id put(struct world *w, struct batch *b, struct author *a, uint64_t type,
                        const struct sc_id *subject, const struct sc_id *parent,
                        struct cr_span body)
{
    struct sc_payload p = {.type = type, .schema_version = 1, .body = body};
    struct cr_buf payload;
    struct sc_header h;
    struct cr_hash hash;
    size_t i;
    struct sc_run *run;
    if (subject != NULL) {
        p.has_subject = true;
        p.subject = *subject;
        p.parents = parent;
        p.parent_count = 1;
    }
    cr_buf_init(&payload, SC_PAYLOAD_MAX);
    check(sc_payload_encode(&p, &payload), &(struct st_err){.msg = "payload"});
    i = run_of(b, a, payload.n);
    run = &b->sc[i];
    sc_payload_hash(cr_buf_span(&payload), &hash);
    w->lamport++;
    check(sc_link_extend(&a->link, w->lamport, UINT64_C(1700000000000) + w->lamport * 1000, &hash,
                         payload.n, &h),
          &(struct st_err){.msg = "link"});
    run->e[run->count] = (struct sc_wire_entry){.lamport = w->lamport,
                                                .wall_ms = h.wall_ms,
                                                .payload = {.n = payload.n}}; /* where: see seal */
    b->chains[i][run->count++] = a->link.chain;
    check(cr_buf_append(&b->bytes[i], payload.p, payload.n), &(struct st_err){.msg = "bytes"});
    cr_buf_release(&payload);
    return sc_id_of(&a->link.chain);
}

static struct sc_id put_record(struct world *w, struct batch *b, struct author *a, uint64_t type,
                               const struct sc_id *subject, const struct sc_id *parent,
                               uint64_t grid)
{
    char text[96];
    struct sc_body body = {.rec = sc_record_find(type)};
    struct cr_buf bytes;
    struct st_err err = {.msg = ""};
    struct sc_id id;
    snprintf(text, sizeof text, "楼道堆放杂物 %llu，占用疏散通道", (unsigned long long)w->serial++);
    for (size_t f = 0; f < body.rec->field_count; f++) {
        struct sc_value *v = &body.v[f];
        v->present = true;
        switch (body.rec->fields[f].key) {
        case SC_K_GRID: v->u = grid; break;
        case SC_K_TEXT: v->s = cr_span_text(text); break;
        case SC_K_CODE: v->s = cr_span_text("A03"); break;
        case SC_K_SOURCE: v->u = 1; break;
        case SC_K_ADDRESS: v->s = cr_span_text("南大街168号3单元"); break;
        case SC_K_LAT: v->i = 293500000; break;
        case SC_K_LON: v->i = 1059000000; break;
        case SC_K_ASSIGNEE: v->s = cr_span_text("王某"); break;
        default: v->present = false; break;
        }
    }
    cr_buf_init(&bytes, BODY_MAX);
    check(sc_body_encode(&body, subject == NULL, &bytes, &err), &err);
    id = put(w, b, a, type, subject, parent, cr_buf_span(&bytes));
    cr_buf_release(&bytes);
    return id;
}

static void put_hazard(struct world *w, struct batch *b, size_t v)
{
    uint64_t grid = village(v) * 1000 + 1 + w->serial % 26;
    struct author *o = &w->officer[v], *c = &w->chief[v];
    struct sc_id subject = put_record(w, b, o, SC_R_HAZARD_REPORT, NULL, NULL, grid);
    struct sc_id last = put_record(w, b, c, SC_R_HAZARD_ASSIGN, &subject, &subject, grid);
    last = put_record(w, b, o, SC_R_HAZARD_PROGRESS, &subject, &last, grid);
    last = put_record(w, b, o, SC_R_HAZARD_FIX, &subject, &last, grid);
    put_record(w, b, c, SC_R_HAZARD_PASS, &subject, &last, grid);
}

static void certify(struct world *w, struct batch *b, const struct author *who, uint64_t roles,
                    uint64_t prefix)
{
    struct sc_cert c = {.subject = who->id.sign_pk,
                        .kx_pk = who->id.kx_pk,
                        .kind = SC_CERT_PERSON,
                        .rank = 1,
                        .roles = roles,
                        .prefix_count = 1,
                        .prefixes = {prefix},
                        .name = "x"};
    struct cr_buf body;
    cr_person_id(&who->id.sign_pk, c.person.b);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    check(sc_cert_encode(&c, &body), &(struct st_err){.msg = "cert"});
    put(w, b, &w->root, SC_R_CERT, NULL, NULL, cr_buf_span(&body));
    cr_buf_release(&body);
}

static void world_start(struct world *w)
{
    struct cr_buf b;
    uint8_t seed[32] = {1};
    struct cr_identity root;
    memset(w, 0, sizeof *w);
    cr_identity_from_seed(seed, &root);
    w->genesis.street = UINT64_C(500118003);
    memcpy(w->genesis.name, "bench", 6);
    author_start(w, &w->root, 1, SC_SCOPE_PUBLIC);
    w->genesis.root = w->root.id.sign_pk;
    cr_buf_init(&b, SC_GENESIS_BYTES_MAX);
    check(sc_genesis_encode(&w->genesis, &b), &(struct st_err){.msg = "genesis"});
    sc_genesis_net(cr_buf_span(&b), &w->net);
    cr_buf_release(&b);
    author_start(w, &w->root, 1, SC_SCOPE_PUBLIC);
    for (size_t i = 0; i < VILLAGES; i++) {
        author_start(w, &w->officer[i], (uint8_t)(10 + i), village(i));
        author_start(w, &w->chief[i], (uint8_t)(60 + i), village(i));
    }
}

/* Spans and pointers once everything is in place; signatures are not looked at by the store. */
static void seal(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        size_t at = 0;
        for (size_t k = 0; k < b->sc[i].count; k++) {
            b->sc[i].e[k].payload.p = b->bytes[i].p + at;
            at += b->sc[i].e[k].payload.n;
        }
        memset(&b->sc[i].sig, (int)i, sizeof b->sc[i].sig);
        b->run[i].run = &b->sc[i];
        b->run[i].chains = b->chains[i];
        b->run[i].received_ms = UINT64_C(1700000000000);
    }
}

static void batch_clear(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        cr_buf_release(&b->bytes[i]);
    b->count = 0;
}

static void apply(struct nd_store *s, const struct batch *b)
{
    struct st_err err = {.msg = ""};
    check(nd_store_begin(s, &err), &err);
    for (size_t i = 0; i < b->count; i++)
        check(nd_store_apply(s, &b->run[i], NULL, &err), &err);
    check(nd_store_commit(s, &err), &err);
}

/* The same bytes into one bare table. */
struct bare {
    sqlite3 *db;
    sqlite3_stmt *add;
    int64_t next;
};

static void bare_open(struct bare *t, const char *path)
{
    if (sqlite3_open(path, &t->db) != SQLITE_OK ||
        sqlite3_exec(t->db,
                     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "CREATE TABLE t(a INTEGER, b INTEGER, c BLOB, d BLOB, PRIMARY KEY(a, b))"
                     " WITHOUT ROWID",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(t->db, "INSERT INTO t VALUES(?, ?, ?, ?)", -1, &t->add, NULL) !=
            SQLITE_OK)
        exit(1);
    t->next = 0;
}

static void bare_apply(struct bare *t, const struct batch *b)
{
    sqlite3_exec(t->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (size_t i = 0; i < b->count; i++) {
        for (size_t k = 0; k < b->sc[i].count; k++) {
            const struct sc_wire_entry *e = &b->sc[i].e[k];
            sqlite3_bind_int64(t->add, 1, (int64_t)b->author[i]->key.scope);
            sqlite3_bind_int64(t->add, 2, t->next++);
            sqlite3_bind_blob(t->add, 3, b->chains[i][k].b, 32, SQLITE_STATIC);
            sqlite3_bind_blob(t->add, 4, e->payload.p, (int)e->payload.n, SQLITE_STATIC);
            sqlite3_step(t->add);
            sqlite3_reset(t->add);
        }
    }
    sqlite3_exec(t->db, "COMMIT", NULL, NULL, NULL);
}

static void bare_close(struct bare *t)
{
    sqlite3_finalize(t->add);
    sqlite3_close(t->db);
}

static double file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static int nothing(void *arg, const struct nd_hazard_row *row)
{
    (void)row;
    ++*(size_t *)arg;
    return 0;
}

static int no_grid(void *arg, const struct nd_grid_row *row)
{
    (void)row;
    ++*(size_t *)arg;
    return 0;
}

static void lists(struct nd_store *s)
{
    static const struct {
        const char *name;
        struct nd_hazard_query q;
    } asked[] = {
        {"all, first 50", {.limit = 50}},
        {"all, 50 at 10000", {.limit = 50, .offset = 10000}},
        {"a village, closed", {.limit = 50, .grid_prefix = 500118003202, .state = ND_HZ_CLOSED}},
        {"a group, open", {.limit = 50, .grid_prefix = 500118003202003, .state = ND_HZ_OPEN}},
        {"code A03, severity 2", {.limit = 50, .code = "A03", .severity_min = 2}},
        {"overdue", {.limit = 50, .overdue_at_ms = UINT64_C(1800000000000)}},
    };
    size_t n = 0;
    uint64_t total;
    struct st_err err = {.msg = ""};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        double t = now(CLOCK_MONOTONIC);
        n = 0;
        check(nd_store_hazards(s, &asked[i].q, nothing, &n, &total, &err), &err);
        printf("list %-24s %7.2f ms, %zu of %llu rows\n", asked[i].name,
               (now(CLOCK_MONOTONIC) - t) * 1000, n, (unsigned long long)total);
    }
    double t = now(CLOCK_MONOTONIC);
    n = 0;
    check(nd_store_grids(s, 0, 3, no_grid, &n, &err), &err);
    printf("list %-24s %7.2f ms, %zu rows\n", "three-level picture",
           (now(CLOCK_MONOTONIC) - t) * 1000, n);
}

/* Seconds spent so far. */
struct spent {
    double wall, cpu, bare;
};

static void apply_both(struct nd_store *s, struct bare *t, const struct batch *b, struct spent *sum)
{
    double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    apply(s, b);
    sum->cpu += now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    sum->wall += now(CLOCK_MONOTONIC) - wall;
    wall = now(CLOCK_MONOTONIC);
    bare_apply(t, b);
    sum->bare += now(CLOCK_MONOTONIC) - wall;
}

/* The runs of the batch cut up: one entry a transaction. */
static void apply_singly(struct nd_store *s, struct bare *t, struct batch *b, struct spent *sum)
{
    static struct sc_run whole;
    struct cr_hash chains[1][SC_RUN_ENTRIES_MAX];
    for (size_t i = 0; i < b->count; i++) {
        whole = b->sc[i];
        for (size_t k = 0; k < whole.count; k++) {
            struct batch one = {.count = 1,
                                .run = &b->run[i],
                                .sc = &b->sc[i],
                                .chains = chains,
                                .author = &b->author[i]};
            b->sc[i].first_seq = whole.first_seq + k;
            b->sc[i].count = 1;
            b->sc[i].e[0] = whole.e[k];
            if (k > 0)
                b->run[i].before = chains[0][0];
            chains[0][0] = b->chains[i][k];
            one.run->chains = chains[0];
            apply_both(s, t, &one, sum);
        }
    }
}

static void certify_all(struct world *w, struct nd_store *s, struct batch *b)
{
    for (size_t i = 0; i < VILLAGES; i++) {
        certify(w, b, &w->officer[i], SC_ROLE_OFFICER, village(i));
        certify(w, b, &w->chief[i], SC_ROLE_CHIEF, village(i));
    }
    seal(b);
    apply(s, b);
    batch_clear(b);
}

static void measure(const char *dir, size_t entries, size_t each)
{
    static struct world w;
    char store_dir[TS_PATH_BYTES], path[TS_PATH_BYTES + 32], bare_path[TS_PATH_BYTES];
    struct spent sum = {0, 0, 0};
    struct batch b = {0};
    struct bare t;
    struct nd_store *s = NULL;
    struct st_err err = {.msg = ""};
    size_t done = 0, payload = 0, want = each >= 5 ? each / 5 : 1;
    world_start(&w);
    snprintf(store_dir, sizeof store_dir, "%s/s%zu", dir, each);
    snprintf(bare_path, sizeof bare_path, "%s/b%zu", dir, each);
    struct nd_store_options o = {.dir = store_dir, .create = true, .genesis = &w.genesis};
    check(nd_store_open(&o, &s, &err), &err);
    bare_open(&t, bare_path);
    certify_all(&w, s, &b);
    for (size_t v = 0; done < entries; v++) {
        for (size_t k = 0; k < want; k++)
            put_hazard(&w, &b, (v + k * VILLAGES / want) % VILLAGES);
        seal(&b);
        for (size_t i = 0; i < b.count; i++)
            payload += b.bytes[i].n;
        if (each >= 5)
            apply_both(s, &t, &b, &sum);
        else
            apply_singly(s, &t, &b, &sum);
        done += want * 5;
        batch_clear(&b);
    }
    if (each >= 10000)
        lists(s);
    nd_store_close(s);
    bare_close(&t);
    snprintf(path, sizeof path, "%s/fengsui.db", store_dir);
    printf("%6zu a transaction: %8.0f entries/s (%.0f a CPU second), bare table %8.0f/s, ratio "
           "%.2f; %.0f bytes an entry, %.0f of them payload, bare %.0f\n",
           each, (double)done / sum.wall, (double)done / sum.cpu, (double)done / sum.bare,
           sum.bare / sum.wall, file_bytes(path) / (double)done, (double)payload / (double)done,
           file_bytes(bare_path) / (double)done);
    free(b.run);
    free(b.sc);
    free(b.chains);
    free(b.bytes);
    free(b.author);
}

int main(int argc, char **argv)
{
    uint64_t entries = 100000;
    struct ts_tmpdir dir;
    struct rusage use;
    struct st_err err;
    if (argc > 1 && cr_parse_u64(argv[1], strlen(argv[1]), UINT64_C(100000000), &entries) != ST_OK)
        return 2;
    if (cr_init(&err) != ST_OK)
        return 1;
    ts_tmpdir_init(&dir);
    measure(dir.path, entries / 20, 1);
    measure(dir.path, entries, 100);
    measure(dir.path, entries, 10000);
    getrusage(RUSAGE_SELF, &use);
    printf("peak resident %ld KiB (with the entries made beforehand)\n", use.ru_maxrss);
    ts_tmpdir_release(&dir);
    return 0;
}
