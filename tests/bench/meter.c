/* See meter.h. */
#include "tests/bench/meter.h"

#include "crypto/base/assert.h"
#include "schema/entry.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t;

    CR_ASSERT(clock_gettime(clock, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double bm_wall_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double bm_cpu_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t bm_peak_kib(void)
{
    char line[256];
    uint64_t kib = 0;
    FILE *f = fopen("/proc/self/status", "re"); /* getrusage remembers what was before exec */

    CR_ASSERT(f != NULL);
    while (fgets(line, sizeof line, f) != NULL) {
        const char *at = line + strspn(line, "VmHWM: \t");

        if (strncmp(line, "VmHWM:", 6) == 0)
            CR_ASSERT(cr_parse_u64(at, strcspn(at, " "), UINT64_MAX, &kib) == ST_OK);
    }
    (void)fclose(f);
    return kib;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

double bm_median(double *v, size_t n)
{
    CR_ASSERT(n > 0);
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

/* ---- the table ---- */

void bm_head(const char *title)
{
    printf("\n%s\n%-46s %11s %-9s %-36s %11s %7s  %s\n", title, "what", "figure", "", "limit", "",
           "ratio", "target");
    (void)fflush(stdout);
}

static bool is_met(double figure, double ratio, enum bm_sense sense, double target)
{
    if (sense == BM_AT_LEAST)
        return figure >= target;
    return sense == BM_RATIO_MOST ? ratio <= target : figure <= target;
}

void bm_row(const char *what, double figure, const char *unit, const char *limit_name, double limit,
            enum bm_sense sense, double target)
{
    double ratio = limit > 0 ? figure / limit : 0;
    int digits = figure < 100 ? 2 : 0;

    printf("%-46s %11.*f %-9s %-36s ", what, digits, figure, unit, limit_name);
    if (limit > 0)
        printf("%11.*f %7.3f  ", limit < 100 ? 2 : 0, limit, ratio);
    else
        printf("%11s %7s  ", "", "");
    if (sense == BM_REPORT)
        printf("-\n");
    else
        printf("%s%s%g %s\n", sense == BM_RATIO_MOST ? "ratio " : "",
               sense == BM_AT_LEAST ? ">= " : "<= ", target,
               is_met(figure, ratio, sense, target) ? "met" : "MISSED");
    (void)fflush(stdout);
}

void bm_note(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    printf("  ");
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
    (void)fflush(stdout);
}

/* ---- limits ---- */

double bm_verify_rate(void)
{
    static const uint8_t seed[32] = {9};
    struct cr_identity id;
    struct cr_hash net = {{1}}, log_id = {{2}}, chain = {{3}};
    struct cr_sig sig;
    size_t n = 10000;
    double from;

    cr_identity_from_seed(seed, &id);
    sc_checkpoint_sign(&id.sign_sk, &net, &log_id, 255, &chain, &sig);
    from = bm_cpu_s();
    for (size_t i = 0; i < n; i++)
        CR_ASSERT(sc_checkpoint_verify(&id.sign_pk, &net, &log_id, 255, &chain, &sig) == ST_OK);
    return (double)n / (bm_cpu_s() - from);
}

struct bm_sqlite {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *insert;
    int64_t next;
};

static void must(int rc)
{
    CR_ASSERT(rc == SQLITE_OK || rc == SQLITE_DONE);
}

struct bm_sqlite *bm_sqlite_open(const char *path)
{
    struct bm_sqlite *q = calloc(1, sizeof *q);

    CR_ASSERT(q != NULL);
    must(sqlite3_open_v2(path, &q->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));
    must(sqlite3_exec(q->db,
                      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                      "PRAGMA cache_size = -6144; PRAGMA wal_autocheckpoint = 2000;"
                      "CREATE TABLE entry(log INTEGER NOT NULL, seq INTEGER NOT NULL,"
                      " lamport INTEGER NOT NULL, wall INTEGER NOT NULL, recv INTEGER NOT NULL,"
                      " flags INTEGER NOT NULL, subject INTEGER, chain BLOB NOT NULL, payload BLOB,"
                      " phash BLOB, psize INTEGER, PRIMARY KEY(log, seq)) WITHOUT ROWID;",
                      NULL, NULL, NULL));
    must(sqlite3_prepare_v2(q->db, "BEGIN IMMEDIATE", -1, &q->begin, NULL));
    must(sqlite3_prepare_v2(q->db, "COMMIT", -1, &q->commit, NULL));
    must(sqlite3_prepare_v2(q->db, "INSERT INTO entry VALUES(?,?,?,?,?,?,?,?,?,NULL,NULL)", -1,
                            &q->insert, NULL));
    return q;
}

void bm_sqlite_close(struct bm_sqlite *q)
{
    must(sqlite3_finalize(q->begin));
    must(sqlite3_finalize(q->commit));
    must(sqlite3_finalize(q->insert));
    must(sqlite3_close(q->db));
    free(q);
}

static void step(sqlite3_stmt *st)
{
    must(sqlite3_step(st));
    must(sqlite3_reset(st));
}

void bm_sqlite_insert(struct bm_sqlite *q, size_t n, size_t payload_bytes)
{
    uint8_t payload[1024], chain[32];

    CR_ASSERT(payload_bytes <= sizeof payload);
    memset(payload, 0x5a, sizeof payload);
    memset(chain, 0x33, sizeof chain);
    step(q->begin);
    for (size_t i = 0; i < n; i++) {
        int64_t seq = q->next++;

        memcpy(chain, &seq, sizeof seq);
        must(sqlite3_bind_int64(q->insert, 1, 1 + seq / 256 % 54)); /* as many logs as a street */
        must(sqlite3_bind_int64(q->insert, 2, seq / 256 / 54 * 256 + seq % 256));
        for (int c = 3; c <= 5; c++)
            must(sqlite3_bind_int64(q->insert, c, INT64_C(1704067200000) + seq));
        must(sqlite3_bind_int64(q->insert, 6, 0));
        must(sqlite3_bind_int64(q->insert, 7, seq / 5));
        must(sqlite3_bind_blob(q->insert, 8, chain, sizeof chain, SQLITE_STATIC));
        must(sqlite3_bind_blob(q->insert, 9, payload, (int)payload_bytes, SQLITE_STATIC));
        step(q->insert);
    }
    step(q->commit);
}
