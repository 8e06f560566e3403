#include "tests/unit/sync/support.h"

#include "crypto/base/assert.h"

#include <string.h>

void kit_init(struct kit *k, size_t count)
{
    static const uint64_t scopes[] = {SC_SCOPE_PUBLIC, VILLAGE2, VILLAGE};

    memset(k, 0, sizeof *k);
    ts_assert_ok(cr_init(NULL));
    ts_pump_init(&k->pump);
    k->cfg.scope_count = 3;
    memcpy(k->cfg.scopes, scopes, sizeof scopes);
    for (size_t i = 0; i < AUTHORS; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};

        cr_identity_from_seed(seed, &k->author[i]);
    }
    for (size_t i = 0; i < count; i++) {
        ts_mem_init(&k->mem[i], "test");
        (void)ts_pump_add(&k->pump, &k->mem[i], &k->cfg);
    }
}

void kit_release(struct kit *k)
{
    size_t count = k->pump.node_count;

    ts_pump_release(&k->pump);
    for (size_t i = 0; i < count; i++)
        ts_mem_release(&k->mem[i]);
}

static struct ts_mem_log *write_one(struct kit *k, size_t node, size_t author, uint64_t scope,
                                    bool urgent, bool tell)
{
    struct ts_mem *m = &k->mem[node];
    uint8_t payload[48];
    struct ts_mem_log *log;

    memset(payload, (int)(author + 1), sizeof payload);
    cr_store_be64(payload, m->entries);
    cr_store_be64(payload + 8, scope);
    log = ts_mem_write(m, &k->author[author], scope, 1, 0, 1700000000000u + m->entries * 1000,
                       cr_span_of(payload, sizeof payload), urgent);
    if (tell)
        ts_pump_local(&k->pump, node, log, urgent);
    return log;
}

struct ts_mem_log *kit_write(struct kit *k, size_t node, size_t author, uint64_t scope, size_t n,
                             bool tell)
{
    struct ts_mem_log *log = NULL;

    for (size_t i = 0; i < n; i++)
        log = write_one(k, node, author, scope, false, tell);
    if (!tell)
        ts_pump_restart(&k->pump, node);
    return log;
}

struct ts_mem_log *kit_urgent(struct kit *k, size_t node, size_t author, uint64_t scope, bool tell)
{
    struct ts_mem_log *log = write_one(k, node, author, scope, true, tell);

    if (!tell)
        ts_pump_restart(&k->pump, node);
    return log;
}

void kit_run(struct kit *k)
{
    assert_true(ts_pump_settle(&k->pump, 5000, 100000));
}

void kit_assert_equal(struct kit *k, size_t a, size_t b)
{
    if (!ts_pump_equal(&k->pump, a, b))
        ts_fail("nodes %zu and %zu differ; last close: %s / %s", a, b, k->pump.node[a].close_text,
                k->pump.node[b].close_text);
    assert_int_equal(k->mem[a].entries, k->mem[b].entries);
}

void kit_clone(struct kit *k, size_t from, size_t to)
{
    ts_mem_release(&k->mem[to]);
    ts_mem_copy(&k->mem[to], &k->mem[from]);
    for (size_t i = 0; i < k->mem[to].peer_count; i++)
        k->mem[to].peer[i].count = 0;
    ts_pump_restart(&k->pump, to);
}
