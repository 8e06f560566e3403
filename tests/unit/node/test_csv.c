#include "node/csv.h"
#include "tests/lib/test.h"
#include "tests/lib/tmpdir.h"
#include <stdio.h>
#include <string.h>

/* What a file gave, as one line of text a row: "1:a|b;" good, "2!reason;" bad. */
struct seen {
    char text[4096];
    size_t n;
};

static int on_row(void *arg, const struct nd_csv_row *row)
{
    struct seen *s = (struct seen *)arg;
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n,
                             "%llu:", (unsigned long long)row->line);
    for (size_t i = 0; i < row->count; i++)
        s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%s%.*s", i == 0 ? "" : "|",
                                 (int)row->field[i].n,
                                 row->field[i].n == 0 ? "" : (const char *)row->field[i].p);
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, ";");
    return 0;
}

static void on_bad(void *arg, uint64_t line, const char *reason)
{
    struct seen *s = (struct seen *)arg;
    s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%llu!%s;",
                             (unsigned long long)line, reason);
}

static int read_bytes(struct ts_tmpdir *dir, const char *bytes, size_t n, struct seen *seen)
{
    char path[TS_PATH_BYTES];
    ts_file_write(ts_tmpdir_path(dir, "t.csv", path), bytes, n);
    memset(seen, 0, sizeof *seen);
    struct nd_csv_sink sink = {.arg = seen, .row = on_row, .bad = on_bad};
    struct st_err err;
    return nd_csv_read(path, &sink, NULL, &err);
}

static const struct {
    const char *name, *bytes, *want;
} cases[] = {
    {"plain", "a,b\n1,2\n", "1:a|b;2:1|2;"},
    {"lone carriage returns", "a,b\rc\rd\"\n1,2\n", "1:a|b;1:c;1!quotes do not match;2:1|2;"},
    {"no last line feed", "a,b\n1,2", "1:a|b;2:1|2;"},
    {"carriage returns", "a,b\r\n1,2\r\n", "1:a|b;2:1|2;"},
    {"byte order mark",
     "\xef\xbb\xbf"
     "a,b\n",
     "1:a|b;"},
    {"quotes", "\"a,\"\"b\",c\n", "1:a,\"b|c;"},
    {"line feed in quotes", "\"a\nb\",c\nd,e\n", "1:a\nb|c;3:d|e;"},
    {"empty fields", ",\n", "1:|;"},
    {"quote in the middle", "a\"b,c\nd,e\n", "1!quotes do not match;2:d|e;"},
    {"text behind a quote", "\"a\"b,c\nd,e\n", "1!quotes do not match;2:d|e;"},
    {"quote never closed", "a,b\n\"c,d\ne,f\n", "1:a|b;2!file ends inside quotes;"},
    {"not UTF-8", "a,\xff\nb,c\n", "1!not valid UTF-8 text;2:b|c;"},
    {"Chinese", "隐患,整改\n", "1:隐患|整改;"},
};

/* Each form of a file gives its rows and its bad rows with line and reason, and never loses the row
 * behind a bad one. */
static void test_csv__forms(void **state)
{
    struct ts_tmpdir *dir = (struct ts_tmpdir *)*state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct seen seen;
        int rc = read_bytes(dir, cases[i].bytes, strlen(cases[i].bytes), &seen);
        if (rc != ST_OK || strcmp(seen.text, cases[i].want) != 0)
            ts_fail("%s: status %d, got \"%s\", want \"%s\"", cases[i].name, rc, seen.text,
                    cases[i].want);
    }
}

/* A NUL byte makes its row bad, not shorter, and the next row is read. */
static void test_csv__nul(void **state)
{
    struct seen seen;
    assert_int_equal(read_bytes((struct ts_tmpdir *)*state, "a,b\0c\nd,e\n", 10, &seen), ST_OK);
    assert_string_equal(seen.text, "1!not valid UTF-8 text;2:d|e;");
}

/* A line over the limit is one bad row; an open quote is given up after a bounded number of lines.
 */
static void test_csv__bounds(void **state)
{
    static char big[3 * ND_CSV_ROW_BYTES_MAX];
    memset(big, 'x', sizeof big);
    memcpy(big, "a\n", 2);
    memcpy(big + sizeof big - 5, "\nb,c\n", 5);
    struct seen seen;
    assert_int_equal(read_bytes((struct ts_tmpdir *)*state, big, sizeof big, &seen), ST_OK);
    assert_string_equal(seen.text, "1:a;2!line too long;3:b|c;");
    memset(big, '\n', sizeof big);
    memcpy(big, "\"", 1);
    memcpy(big + 200, "b,c\n", 4);
    assert_int_equal(read_bytes((struct ts_tmpdir *)*state, big, 204, &seen), ST_OK);
    assert_non_null(strstr(seen.text, "1!quote not closed;"));
    assert_non_null(strstr(seen.text, ":b|c;"));
}

/* A file that is not there is named in the error. */
static void test_csv__missing(void **state)
{
    (void)state;
    struct seen seen = {.n = 0};
    struct nd_csv_sink sink = {.arg = &seen, .row = on_row, .bad = on_bad};
    struct st_err err;
    assert_int_equal(nd_csv_read("/nonexistent/t.csv", &sink, NULL, &err), ST_NOTFOUND);
    assert_non_null(strstr(err.msg, "/nonexistent/t.csv"));
}

static struct ts_tmpdir tmp;

static int setup(void **state)
{
    ts_tmpdir_init(&tmp);
    *state = &tmp;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_tmpdir_release(&tmp);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv__forms),
        cmocka_unit_test(test_csv__nul),
        cmocka_unit_test(test_csv__bounds),
        cmocka_unit_test(test_csv__missing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
