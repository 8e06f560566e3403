/* The frontier against a slow model: order, sums, lookups, verified heads. */
#include "sync/frontier.h"
#include "tests/lib/mem_view.h"
#include "tests/lib/prng.h"
#include "tests/lib/test.h"

#include <string.h>

#define SCOPES 3
static const uint64_t scopes[SCOPES] = {SC_SCOPE_PUBLIC, UINT64_C(500118003001),
                                        UINT64_C(500118003206)};

struct model {
    struct sc_log_key key;
    struct cr_hash id;
    struct sc_link link;
};

static void random_link(struct ts_prng *r, struct sc_link *link)
{
    link->seq_next = ts_prng_range(r, 1, 1000);
    link->lamport = link->seq_next;
    ts_prng_bytes(r, link->chain.b, sizeof link->chain.b);
}

static void assert_fingerprints(const struct sy_frontier *f, const struct model *m, size_t n)
{
    for (uint64_t mask = 0; mask < 8; mask++) {
        struct cr_hash sum = {0}, item;
        uint64_t count = 0, got_count, range_count;
        struct sc_id got = sy_frontier_fingerprint(f, mask, &got_count);
        struct sc_id range = sy_frontier_range(f, mask, 0, f->count, &range_count);
        struct sc_id want;

        for (size_t i = 0; i < n; i++) {
            for (size_t s = 0; s < SCOPES; s++) {
                if (m[i].key.scope != scopes[s] || ((mask >> s) & 1) == 0 ||
                    m[i].link.seq_next == 0)
                    continue;
                sc_head_item(&m[i].id, m[i].link.seq_next - 1, &m[i].link.chain, &item);
                cr_hash_add(&sum, &item);
                count++;
            }
        }
        want = sc_fingerprint(&sum, count);
        assert_int_equal(got_count, count);
        assert_int_equal(range_count, count);
        assert_memory_equal(&got, &want, sizeof want);
        assert_memory_equal(&range, &want, sizeof want);
    }
}

static void one_world(struct ts_prng *r, uint64_t seed, void *ctx)
{
    struct ts_mem mem;
    struct sy_frontier f;
    struct model m[200];
    size_t n = ts_prng_range(r, 1, 200);

    (void)seed;
    (void)ctx;
    ts_mem_init(&mem, "frontier");
    ts_assert_ok(sy_frontier_init(&f, &mem.view, scopes, SCOPES, NULL));
    memset(m, 0, sizeof m);
    for (size_t i = 0; i < n; i++) {
        uint32_t log;

        m[i].key.scope = i % 5 == 4 ? UINT64_C(500118003999) : scopes[ts_prng_below(r, SCOPES)];
        m[i].key.incarnation = i;
        sc_log_id(&mem.net, &m[i].key, &m[i].id);
        ts_assert_ok(sy_frontier_add(&f, &m[i].key, &m[i].id, &log));
        assert_int_equal(log, i);
        if (ts_prng_chance(r, 1, 8))
            continue; /* nothing of it is stored yet */
        for (uint64_t times = ts_prng_range(r, 1, 3); times > 0; times--) {
            random_link(r, &m[i].link);
            sy_frontier_set(&f, log, &m[i].link, i);
        }
    }
    for (uint32_t at = 1; at < f.count; at++)
        assert_true(cr_hash_cmp(&f.log[f.order[at - 1]].l.id, &f.log[f.order[at]].l.id) < 0);
    for (size_t i = 0; i < n; i++) {
        bool held = sy_frontier_in(&f, (uint32_t)i, 7);

        assert_int_equal(sy_frontier_find(&f, &m[i].id), i);
        assert_int_equal(sy_frontier_find8(&f, m[i].id.b, 7), held ? i : SY_NONE);
    }
    assert_fingerprints(&f, m, n);
    sy_frontier_release(&f);
    ts_mem_release(&mem);
}

/* Whatever is added in whatever order: sorted, found, and summed as a slow sum says. */
static void test_frontier__equals_the_model(void **state)
{
    (void)state;
    ts_assert_ok(cr_init(NULL));
    ts_each_seed(1, 40, one_world, NULL);
}

/* Logs from the view in any order give the same frontier. */
static void test_frontier__loads_in_any_order(void **state)
{
    struct ts_prng r;
    struct ts_mem mem;
    struct sc_id first;
    struct cr_identity author;
    uint8_t seed[32] = {1}, payload[4] = {1};

    (void)state;
    ts_assert_ok(cr_init(NULL));
    ts_prng_init(&r, 5);
    cr_identity_from_seed(seed, &author);
    ts_mem_init(&mem, "frontier");
    for (uint64_t i = 0; i < 100; i++)
        (void)ts_mem_write(&mem, &author, scopes[i % SCOPES], i, 0, 1, cr_span_of(payload, 4),
                           false);
    for (int i = 0; i < 10; i++) {
        struct sy_frontier f;
        uint64_t count;
        struct sc_id fp;

        ts_assert_ok(sy_frontier_init(&f, &mem.view, scopes, SCOPES, NULL));
        fp = sy_frontier_fingerprint(&f, 7, &count);
        assert_int_equal(count, 100);
        if (i == 0)
            first = fp;
        assert_memory_equal(&fp, &first, sizeof fp);
        for (uint32_t at = 1; at < f.count; at++)
            assert_true(cr_hash_cmp(&f.log[f.order[at - 1]].l.id, &f.log[f.order[at]].l.id) < 0);
        sy_frontier_release(&f);
        ts_prng_shuffle(&r, mem.log, mem.log_count, sizeof(struct ts_mem_log *));
    }
    ts_mem_release(&mem);
}

/* The same log twice is a damaged store. */
static void test_frontier__refuses_a_log_twice(void **state)
{
    struct ts_mem mem;
    struct sy_frontier f;
    struct st_err err = {ST_OK, ""};
    struct cr_identity author;
    uint8_t seed[32] = {1}, payload[4] = {1};
    struct ts_mem_log *log[2];

    (void)state;
    ts_assert_ok(cr_init(NULL));
    cr_identity_from_seed(seed, &author);
    ts_mem_init(&mem, "frontier");
    for (uint64_t i = 0; i < 2; i++)
        log[i] = ts_mem_write(&mem, &author, scopes[0], i, 0, 1, cr_span_of(payload, 4), false);
    log[1]->l = log[0]->l;
    ts_assert_status(sy_frontier_init(&f, &mem.view, scopes, SCOPES, &err), ST_CORRUPT);
    ts_mem_release(&mem);
}

/* The verified head runs ahead of the durable one, and falls back to it. */
static void test_frontier__verified_heads(void **state)
{
    struct ts_mem mem;
    struct sy_frontier f;
    struct sc_log_key key = {.scope = SC_SCOPE_PUBLIC};
    struct sc_link link = {0};
    struct cr_hash id;
    uint32_t log[3];

    (void)state;
    ts_assert_ok(cr_init(NULL));
    ts_mem_init(&mem, "frontier");
    ts_assert_ok(sy_frontier_init(&f, &mem.view, scopes, SCOPES, NULL));
    for (uint64_t i = 0; i < 3; i++) {
        key.incarnation = i;
        sc_log_id(&mem.net, &key, &id);
        ts_assert_ok(sy_frontier_add(&f, &key, &id, &log[i]));
    }
    for (size_t i = 0; i < 3; i++) {
        link.seq_next = 5 + i;
        ts_assert_ok(sy_frontier_push(&f, log[i], &f.log[log[i]].l.link, &link));
        link.seq_next += 10;
        ts_assert_ok(sy_frontier_push(&f, log[i], &f.log[log[i]].l.link, &link));
    }
    sy_frontier_pop(&f, log[0]);
    assert_int_equal(sy_frontier_verified(&f, log[0])->seq_next, 15);
    sy_frontier_pop(&f, log[0]);
    assert_int_equal(sy_frontier_verified(&f, log[0])->seq_next, 0);
    assert_int_equal(sy_frontier_verified(&f, log[2])->seq_next, 17);
    sy_frontier_rewind(&f, log[1]);
    assert_int_equal(sy_frontier_verified(&f, log[1])->seq_next, 0);
    assert_int_equal(sy_frontier_verified(&f, log[2])->seq_next, 17);
    sy_frontier_undo(&f, log[2]); /* not while something is under way */
    assert_int_equal(f.count, 3);
    sy_frontier_rewind(&f, log[2]);
    sy_frontier_undo(&f, log[2]);
    assert_int_equal(f.count, 2);
    assert_int_equal(sy_frontier_find(&f, &id), SY_NONE);
    sy_frontier_release(&f);
    ts_mem_release(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frontier__equals_the_model),
        cmocka_unit_test(test_frontier__loads_in_any_order),
        cmocka_unit_test(test_frontier__refuses_a_log_twice),
        cmocka_unit_test(test_frontier__verified_heads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
