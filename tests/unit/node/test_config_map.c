#include "node/config_map.h"
#include "tests/lib/test.h"
#include "tests/lib/tmpdir.h"
#include <string.h>

static struct ts_tmpdir tmp;

static int load(const char *text, struct nd_map *m, struct st_err *err)
{
    char path[TS_PATH_BYTES];
    ts_file_write(ts_tmpdir_path(&tmp, "m.ini", path), text, strlen(text));
    return nd_map_load(path, m, err);
}

#define GOOD                                                                    \
    "[source]\nname = t\nutc_offset = -05:00\nassignee = 业主\ngroups = 26\n" \
    "[columns]\nrow = id\nopened = from\ncode = c\ngrid = w\n"                  \
    "[code]\n2.2.* = H03\n2.2.3.* = A06\n2.2.3.9 = A01\n"                       \
    "[grid]\n1 = 500118003001\nNA = 500118003206007\n"

/* A whole map is read; the exact rule wins over a prefix and the longer prefix over the shorter. */
static void test_config_map__rules(void **state)
{
    (void)state;
    static struct nd_map m;
    struct st_err err;
    ts_assert_ok(load(GOOD, &m, &err));
    assert_int_equal(m.utc_offset_min, -300);
    assert_int_equal(m.groups, 26);
    assert_string_equal(nd_map_code(&m, cr_span_text("2.2.1"))->code, "H03");
    assert_string_equal(nd_map_code(&m, cr_span_text("2.2.3.1"))->code, "A06");
    assert_string_equal(nd_map_code(&m, cr_span_text("2.2.3.9"))->code, "A01");
    assert_null(nd_map_code(&m, cr_span_text("9.1")));
    assert_int_equal(nd_map_grid(&m, cr_span_text("NA"))->grid, UINT64_C(500118003206007));
    assert_null(nd_map_grid(&m, cr_span_text("2")));
}

static const struct {
    const char *name, *text, *want;
} bad[] = {
    {"unknown section", GOOD "[what]\na = b\n", ":19: unknown section"},
    {"unknown key", GOOD "[source]\ncolour = red\n", ":19: unknown key in [source]"},
    {"unknown column", GOOD "[columns]\nx = y\n", ":19: unknown key in [columns]"},
    {"unknown hazard code", GOOD "[code]\nx = Z99\n", ":19: right side is not a hazard code"},
    {"grid of a street", GOOD "[grid]\nx = 500118003\n", ":19: right side is not a village"},
    {"offset", GOOD "[source]\nutc_offset = 5\n", ":19: utc_offset is not"},
    {"no equals sign", GOOD "nonsense\n", ":18: not key = value"},
    {"no name", "[columns]\nrow = id\n", "[source] name is missing"},
    {"no column", "[source]\nname = t\n[columns]\nrow = id\n", "[columns] opened is missing"},
};

/* What is wrong in a map is named with file, line and reason. */
static void test_config_map__refusals(void **state)
{
    (void)state;
    static struct nd_map m;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct st_err err = {.msg = ""};
        if (load(bad[i].text, &m, &err) != ST_MALFORMED || strstr(err.msg, bad[i].want) == NULL)
            ts_fail("%s: got \"%s\", want \"%s\"", bad[i].name, err.msg, bad[i].want);
    }
}

static const struct {
    const char *text;
    int offset_min;
    uint64_t want; /* 0: refused */
} dates[] = {
    {"2020-06-18 14:42:55", -300, UINT64_C(1592509375000)},
    {"2020-05-06", 0, UINT64_C(1588723200000)},
    {"2020-05-06", 480, UINT64_C(1588694400000)},
    {"2024-02-29 00:00", 0, UINT64_C(1709164800000)},
    {"2023-02-29", 0, 0},
    {"2020-13-01", 0, 0},
    {"2020-00-01", 0, 0},
    {"2020-04-31", 0, 0},
    {"2020-05-06 24:00:00", 0, 0},
    {"2020-05-06 12:60", 0, 0},
    {"2020-5-6", 0, 0},
    {"2020/05/06", 0, 0},
    {"2020-05-06x", 0, 0},
    {"1969-12-31", 0, 0},
    {"", 0, 0},
};

/* Dates with and without a time, at an offset; what the calendar does not have is refused. */
static void test_config_map__dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        uint64_t got = 0;
        int rc = nd_map_date(cr_span_text(dates[i].text), dates[i].offset_min, &got);
        if (got != dates[i].want || (rc == ST_OK) != (dates[i].want != 0))
            ts_fail("\"%s\": %llu", dates[i].text, (unsigned long long)got);
    }
}

static int setup(void **state)
{
    (void)state;
    ts_tmpdir_init(&tmp);
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
        cmocka_unit_test(test_config_map__rules),
        cmocka_unit_test(test_config_map__refusals),
        cmocka_unit_test(test_config_map__dates),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
