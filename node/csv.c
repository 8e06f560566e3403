#include "node/csv.h"

#include "crypto/base/assert.h"
#include "crypto/base/buf.h"
#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_LINES_MAX 64 /* a quoted field over more lines is a quote that was not closed */

/* libcsv calls back per field and per row but knows no lines; the file is fed line by line, so that
 * the line on which a row begins is known and reading can start afresh behind a broken row. */
struct reader {
    const struct nd_csv_sink *sink;
    struct csv_parser parser;
    struct cr_buf text;             /* fields of the row, one behind the other */
    size_t end[ND_CSV_COLUMNS_MAX]; /* end of each field in text */
    size_t count;
    uint64_t line, row_line; /* current line; where the row began (0: none yet) */
    const char *fault;       /* why this row is bad */
    int status;              /* what sink->row returned, or ST_NOMEM */
};

static void on_field(void *text, size_t n, void *arg)
{
    struct reader *r = (struct reader *)arg;
    if (r->fault != NULL || r->status != ST_OK)
        return;
    if (r->count == ND_CSV_COLUMNS_MAX) {
        r->fault = "too many columns";
        return;
    }
    if (n > 0 && (!cr_utf8_valid(text, n) || memchr(text, 0, n) != NULL)) {
        r->fault = "not valid UTF-8 text";
        return;
    }
    int rc = cr_buf_append(&r->text, text, n);
    if (rc == ST_OVERSIZE)
        r->fault = "row too long";
    else if (rc != ST_OK)
        r->status = rc;
    r->end[r->count++] = r->text.n;
}

/* Line on which the row at hand began. Several may stand on one: a lone carriage return ends a row.
 */
static uint64_t row_line(const struct reader *r)
{
    return r->row_line != 0 ? r->row_line : r->line;
}

static void row_reset(struct reader *r)
{
    cr_buf_clear(&r->text);
    r->count = 0;
    r->row_line = 0;
    r->fault = NULL;
}

static void on_row(int terminator, void *arg)
{
    (void)terminator;
    struct reader *r = (struct reader *)arg;
    if (r->status != ST_OK)
        return;
    if (r->fault != NULL) {
        r->sink->bad(r->sink->arg, row_line(r), r->fault);
    } else {
        struct cr_span field[ND_CSV_COLUMNS_MAX];
        size_t from = 0;
        for (size_t i = 0; i < r->count; i++) {
            field[i] = cr_span_of(r->text.p == NULL ? NULL : r->text.p + from, r->end[i] - from);
            from = r->end[i];
        }
        struct nd_csv_row row = {.line = row_line(r), .count = r->count, .field = field};
        r->status = r->sink->row(r->sink->arg, &row);
    }
    row_reset(r);
}

/* Drops the broken row and whatever quote was open, and starts afresh with the next line. */
static void restart(struct reader *r, const char *reason)
{
    csv_free(&r->parser);
    if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        r->status = ST_NOMEM;
    r->sink->bad(r->sink->arg, row_line(r), reason);
    row_reset(r);
}

static void feed(struct reader *r, const char *line, size_t n)
{
    r->line++;
    if (r->row_line == 0)
        r->row_line = r->line;
    if (csv_parse(&r->parser, line, n, on_field, on_row, r) != n) {
        if (csv_error(&r->parser) == CSV_ENOMEM)
            r->status = ST_NOMEM;
        else
            restart(r, "quotes do not match");
    } else if (r->row_line != 0 && r->line - r->row_line >= ROW_LINES_MAX) {
        restart(r, "quote not closed");
    }
}

/* One line with its line feed, or as much of it as fits; 0 at the end of the file. */
static size_t take_line(FILE *f, char *line, size_t max)
{
    size_t n = 0;
    int c = 0;
    while (n < max && c != '\n' && (c = getc_unlocked(f)) != EOF)
        line[n++] = (char)c;
    return n;
}

static int read_lines(struct reader *r, FILE *f, uint64_t *bytes_done)
{
    char *line = (char *)malloc(ND_CSV_ROW_BYTES_MAX);
    if (line == NULL)
        return ST_NOMEM;
    bool first = true, cut = false;
    size_t n;
    while (r->status == ST_OK && (n = take_line(f, line, ND_CSV_ROW_BYTES_MAX)) > 0) {
        if (bytes_done != NULL)
            *bytes_done += n;
        bool whole = line[n - 1] == '\n';
        if (cut || (!whole && n == ND_CSV_ROW_BYTES_MAX)) {
            if (!cut)
                r->sink->bad(r->sink->arg, r->line + 1, "line too long");
            cut = !whole;
            r->line += whole;
            continue;
        }
        size_t skip = first && n >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
        first = false;
        feed(r, line + skip, n - skip);
    }
    free(line);
    return ferror(f) ? ST_IO : ST_OK;
}

int nd_csv_read(const char *path, const struct nd_csv_sink *sink, uint64_t *bytes_done,
                struct st_err *err)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        return st_fail(err, errno == ENOENT ? ST_NOTFOUND : ST_IO, "%s: %s", path, strerror(errno));
    struct reader r = {.sink = sink, .status = ST_OK};
    cr_buf_init(&r.text, ND_CSV_ROW_BYTES_MAX);
    if (csv_init(&r.parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        fclose(f);
        return st_fail(err, ST_NOMEM, "%s: out of memory", path);
    }
    int rc = read_lines(&r, f, bytes_done);
    if (rc == ST_OK && r.status == ST_OK && csv_fini(&r.parser, on_field, on_row, &r) != 0)
        sink->bad(sink->arg, row_line(&r), "file ends inside quotes");
    csv_free(&r.parser);
    cr_buf_release(&r.text);
    fclose(f);
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "%s: cannot read", path);
    if (r.status != ST_OK)
        return r.status;
    return ST_OK;
}
