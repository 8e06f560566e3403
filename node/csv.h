/* Rows of a CSV file (RFC 4180, UTF-8 with or without BOM) as they come, over libcsv. One row in
 * memory at a time; a bad row is reported with its line and reason and reading goes on. */
#ifndef NODE_CSV_H
#define NODE_CSV_H

#include "crypto/base/bytes.h"

#define ND_CSV_COLUMNS_MAX   128
#define ND_CSV_ROW_BYTES_MAX 65536

struct nd_csv_row {
    uint64_t line;               /* physical line on which the row begins, from 1 */
    size_t count;                /* fields */
    const struct cr_span *field; /* valid during the callback; well-formed UTF-8 without NUL */
};

/* row: called for each good row; its non-zero return stops the reading and is returned.
 * bad: a row that could not be read (quotes, size, encoding), with the reason. Either gets arg. */
struct nd_csv_sink {
    void *arg;
    int (*row)(void *arg, const struct nd_csv_row *row);
    void (*bad)(void *arg, uint64_t line, const char *reason);
};

/* Reads the whole file. ST_NOTFOUND, ST_IO, ST_NOMEM, or what row returned. bytes_done (may be
 * NULL) is updated as it goes, for progress. */
int nd_csv_read(const char *path, const struct nd_csv_sink *sink, uint64_t *bytes_done,
                struct st_err *err) ST_MUST;

#endif
