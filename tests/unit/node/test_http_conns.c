/* Which connection goes when there are too many, or when one is too slow. */
#include "tests/lib/test.h"

#include "node/http_conns.h"

#include <stdio.h>
#include <string.h>

static const struct nd_http_limits limits = {
    .conns = 6, .per_addr = 3, .header_ms = 10000, .idle_ms = 30000, .bytes_per_s = 64};

/* A list, newest first, out of words: address, then what it does: n(ever asked), i(dle), r(equest),
 * s(tream), c(ut). The first is the oldest, as they came. */
static struct nd_http_conn *list_of(struct nd_http_conn *c, const char *const *words)
{
    struct nd_http_conn *list = NULL;

    for (size_t i = 0; words[i] != NULL; i++) {
        char kind = words[i][1];

        memset(&c[i], 0, sizeof c[i]);
        c[i].next = list;
        c[i].fd = (int)i;
        (void)snprintf(c[i].remote, sizeof c[i].remote, "%c", words[i][0]);
        c[i].since_ms = 100 + i;
        c[i].first = kind == 'n';
        c[i].in_request = kind == 'r';
        c[i].streaming = kind == 's';
        c[i].cut = kind == 'c';
        list = &c[i];
    }
    return list;
}

/* Index of the one that goes, in the order in which they came; -1: none. */
static int victim(const char *const *words)
{
    struct nd_http_conn c[16];
    const struct nd_http_conn *v = nd_http_conns_victim(list_of(c, words), &limits);

    return v == NULL ? -1 : v->fd;
}

#define VICTIM(...) victim((const char *const[]){__VA_ARGS__, NULL})

/* As many as the limits say stay. */
static void test_http_conns__room(void **state)
{
    (void)state;
    assert_int_equal(VICTIM("an"), -1);
    assert_int_equal(VICTIM("an", "an", "an"), -1);
    assert_int_equal(VICTIM("an", "an", "an", "bn", "bn", "cn"), -1);
    assert_int_equal(VICTIM("ac", "an", "an", "an"),
                     -1); /* the one on its way out counts no more */
}

/* One address too often: of its own, the one that never asked, then the one silent longest. */
static void test_http_conns__of_one_address(void **state)
{
    (void)state;
    assert_int_equal(VICTIM("an", "an", "an", "an"), 0);
    assert_int_equal(VICTIM("bn", "an", "an", "an", "an"), 1);
    assert_int_equal(VICTIM("ai", "an", "ai", "an"), 1);
    assert_int_equal(VICTIM("ai", "ai", "ai", "an"), 0);
    assert_int_equal(VICTIM("ar", "as", "ai", "an"), 2);
    assert_int_equal(VICTIM("ac", "ar", "as", "ai", "an"), 3);
    assert_int_equal(VICTIM("ar", "as", "ar", "an"), 3); /* all others are busy */
}

/* All too often: of the address that holds the most. */
static void test_http_conns__of_all(void **state)
{
    (void)state;
    assert_int_equal(VICTIM("ai", "bn", "bi", "bi", "cn", "dn", "en"), 1);
    assert_int_equal(VICTIM("ai", "br", "bs", "bi", "cn", "dn", "en"), 3);
    assert_int_equal(VICTIM("ai", "br", "bs", "br", "cn", "dn", "en"), 4);
    assert_int_equal(VICTIM("ai", "bi", "ci", "di", "ei", "fi", "gn"), 0);
    assert_int_equal(VICTIM("as", "br", "cr", "dr", "er", "fr", "gn"), 6);
}

/* The newcomer is never the victim while another asks for nothing. */
static void test_http_conns__newest_is_served(void **state)
{
    static const char kinds[] = "nirs";
    struct nd_http_conn c[16];

    (void)state;
    for (unsigned shape = 0; shape < 4096; shape++) {
        const char *words[8] = {NULL};
        char word[7][3] = {"an", "an", "bn", "bn", "cn", "dn", "en"};
        bool idle = false;

        for (unsigned i = 0; i < 6; i++) {
            word[i][1] = kinds[shape >> (2 * i) & 3];
            idle = idle || word[i][1] == 'n' || word[i][1] == 'i';
            words[i] = word[i];
        }
        words[6] = word[6];
        assert_int_equal(nd_http_conns_victim(list_of(c, words), &limits)->fd == 6, !idle);
    }
}

/* Headers have their time, bodies their pace, silence its end; streams none of them. */
static void test_http_conns__overdue(void **state)
{
    struct nd_http_conn c = {.first = true, .since_ms = 1000};

    (void)state;
    assert_false(nd_http_conn_overdue(&c, &limits, 11000));
    assert_true(nd_http_conn_overdue(&c, &limits, 11001));
    c.first = false;
    assert_false(nd_http_conn_overdue(&c, &limits, 31000));
    assert_true(nd_http_conn_overdue(&c, &limits, 31001));
    c.in_request = true;
    c.bytes = 20 * 64;
    assert_false(nd_http_conn_overdue(&c, &limits, 21000));
    assert_true(nd_http_conn_overdue(&c, &limits, 22000));
    c.streaming = true;
    assert_false(nd_http_conn_overdue(&c, &limits, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_conns__room),
        cmocka_unit_test(test_http_conns__of_one_address),
        cmocka_unit_test(test_http_conns__of_all),
        cmocka_unit_test(test_http_conns__newest_is_served),
        cmocka_unit_test(test_http_conns__overdue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
