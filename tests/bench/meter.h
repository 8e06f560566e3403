/* Clocks, the rows of the table, and the limits that figures are held against in the same run. */
#ifndef TESTS_BENCH_METER_H
#define TESTS_BENCH_METER_H

#include <stddef.h>
#include <stdint.h>

double bm_wall_s(void);
double bm_cpu_s(void); /* of this process, user and system */
/* Peak resident memory of this process so far, in KiB. */
uint64_t bm_peak_kib(void);
double bm_median(double *v, size_t n); /* sorts v */

enum bm_sense {
    BM_REPORT,     /* no target */
    BM_AT_MOST,    /* the figure */
    BM_AT_LEAST,   /* the figure */
    BM_RATIO_MOST, /* figure / limit */
};

void bm_head(const char *title);
/* limit 0: there is none. */
void bm_row(const char *what, double figure, const char *unit, const char *limit_name, double limit,
            enum bm_sense sense, double target);
/* A line below a row, as printf. */
void bm_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- limits ---- */

/* Checkpoint verifications a second of processor time. */
double bm_verify_rate(void);

/* A bare SQLite table with the columns of the store's entries, WAL, synchronous=FULL, and the
 * store's cache. Aborts on any error. */
struct bm_sqlite;
struct bm_sqlite *bm_sqlite_open(const char *path);
void bm_sqlite_close(struct bm_sqlite *q);
/* n rows of payload_bytes in one transaction. */
void bm_sqlite_insert(struct bm_sqlite *q, size_t n, size_t payload_bytes);

#endif
