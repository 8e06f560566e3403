/* Entries of a suite that this program does not know: verified, kept, passed on, shown, and not
 * folded; and read once the program knows it. What would be an upgrade is a switch here. */
#include "node/store_held.h"
#include "tests/unit/node/store_kit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define OTHER        9
#define UNKNOWN_TYPE 9999 /* of suite 1: a link of causality, and passed on */

static const struct kit_body report = {.grid = KIT_GROUP, .code = "A03", .text = "t"};
static const struct kit_body none, fixed = {.evidence = true};
static const uint8_t cipher[] = {0xc1, 0x00, 0xff, 0x13, 0x37};

/* ---- the upgrade, by --wrap ---- */
static bool upgraded;

bool __real_sc_suite_known(uint64_t suite);
bool __wrap_sc_suite_known(uint64_t suite);

bool __wrap_sc_suite_known(uint64_t suite)
{
    return __real_sc_suite_known(suite) || (upgraded && suite == OTHER);
}

/* ---- a history in which the second chief writes in another suite ---- */

struct story {
    struct kit *k;
    struct sc_id closed;   /* closed, then reopened in the other suite */
    struct sc_id open;     /* cleared in the other suite only */
    struct sc_id builds;   /* cleared by one who answers an entry of the other suite */
    struct sc_id ciphered; /* an entry that says nothing to anybody */
};

static struct sc_id second(struct kit *k, uint64_t type, const struct sc_id *subject,
                           const struct sc_id *parent)
{
    struct sc_id id;

    k->other_suite = OTHER;
    id = kit_record(k, KIT_SECOND, type, subject, parent, &none);
    k->other_suite = 0;
    return id;
}

static struct story tell(void)
{
    struct story t = {.k = kit_new()};
    struct sc_id last;

    kit_certify_all(t.k);
    t.closed = kit_hazard(t.k, &report);
    last = sc_id_of(&t.k->log[KIT_CHIEF].e[t.k->log[KIT_CHIEF].count - 1].chain);
    (void)second(t.k, SC_R_HAZARD_REOPEN, &t.closed, &last);
    (void)kit_put(t.k, KIT_CHIEF, UNKNOWN_TYPE, &t.closed, &last, 1, cr_span_of("\x80", 1));

    t.open = kit_record(t.k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report);
    last = kit_record(t.k, KIT_OFFICER, SC_R_HAZARD_FIX, &t.open, &t.open, &fixed);
    (void)second(t.k, SC_R_HAZARD_PASS, &t.open, &last);

    t.builds = kit_record(t.k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report);
    last = second(t.k, SC_R_HAZARD_REOPEN, &t.builds, &t.builds);
    last = kit_record(t.k, KIT_OFFICER, SC_R_HAZARD_FIX, &t.builds, &last, &fixed);
    (void)kit_record(t.k, KIT_CHIEF, SC_R_HAZARD_PASS, &t.builds, &last, &none);

    t.k->other_suite = OTHER;
    t.ciphered = kit_bytes(t.k, KIT_SECOND, cr_span_of(cipher, sizeof cipher));
    t.k->other_suite = 0;
    return t;
}

static int take_row(void *arg, const struct nd_hazard_row *row)
{
    *(struct sc_hazard *)arg = row->h;
    return 0;
}

static struct sc_hazard hazard(struct nd_store *s, const struct sc_id *id)
{
    struct sc_hazard h;

    ts_assert_ok(nd_store_hazard(s, id, take_row, &h, NULL));
    return h;
}

struct shown {
    size_t unread, urgent, quarantined;
    struct sc_id last;
};

static int take_held(void *arg, const struct nd_held_row *row)
{
    struct shown *w = arg;

    if (row->entry.why == SC_WHY_QUARANTINE)
        w->quarantined++;
    if (row->entry.why != SC_WHY_SUITE)
        return 0;
    assert_int_equal(row->entry.fact.type, 0); /* nothing of it was read */
    assert_string_equal(row->entry.detail, "suite 9 is not known to this version");
    w->unread++;
    w->urgent += row->entry.urgent;
    w->last = row->subject;
    return 0;
}

static struct shown held(struct nd_store *s)
{
    struct nd_held_query q = {.limit = 0};
    struct shown w = {0};

    ts_assert_ok(nd_store_held(s, &q, take_held, &w, NULL, NULL));
    return w;
}

/* What an old program shows: nothing closed, nothing hidden, nothing reopened by what it cannot
 * read; a clearance that builds on it has no effect. */
static void assert_old(struct nd_store *s, const struct story *t)
{
    struct sc_hazard h = hazard(s, &t->builds);

    assert_int_equal(hazard(s, &t->closed).state, SC_HS_CLOSED);
    assert_int_equal(hazard(s, &t->open).state, SC_HS_FIX_CLAIMED);
    assert_int_not_equal(h.state, SC_HS_CLOSED);
    assert_true((h.blocks & SC_HB_PENDING) != 0);
    assert_int_equal(held(s).unread, 4);
    assert_int_equal(kit_stats(s).unread, 4);
    assert_int_equal(kit_stats(s).quarantined, 0);
    kit_verify(s);
}

static void assert_new(struct nd_store *s, const struct story *t)
{
    assert_int_not_equal(hazard(s, &t->closed).state, SC_HS_CLOSED);
    assert_int_equal(hazard(s, &t->open).state, SC_HS_CLOSED);
    assert_int_equal(hazard(s, &t->builds).state, SC_HS_CLOSED);
    assert_int_equal(held(s).unread, 0);
    assert_int_equal(kit_stats(s).unread, 0);
    assert_int_equal(kit_stats(s).quarantined, 1);
    assert_int_equal(held(s).quarantined, 1); /* what nobody could read breaks the catalogue now */
    kit_verify(s);
}

/* Everything read back from a store, as it would go to a peer, into another one. */
static int pass_on(void *arg, const struct sy_log *log)
{
    static struct sc_run run;
    static struct cr_hash chains[SC_RUN_ENTRIES_MAX];
    struct nd_store **pair = arg;
    const struct sy_view *view = nd_store_view(pair[0]);
    struct sc_link link;
    struct cr_buf bytes, wire;
    struct sc_reader r;

    sc_link_start(&log->id, &link);
    cr_buf_init(&bytes, 1u << 20);
    cr_buf_init(&wire, SC_BATCH_RAW_MAX);
    while (link.seq_next < log->link.seq_next) {
        struct nd_run in = {.run = &run, .key = log->key, .log_id = log->id, .before = link.chain};

        ts_assert_ok(view->read_run(view->arg, log->handle, link.seq_next, &run, &bytes));
        run.has_key = true;
        run.key = log->key;
        cr_buf_clear(&wire);
        ts_assert_ok(sc_run_encode(&run, &wire));
        sc_reader_init(&r, cr_buf_span(&wire));
        ts_assert_ok(sc_run_decode(&r, &run, NULL));
        for (size_t i = 0; i < run.count; i++) {
            ts_assert_ok(sc_link_wire(&link, &run.e[i]));
            chains[i] = link.chain;
        }
        ts_assert_ok(sc_checkpoint_verify(&log->key.author, nd_store_net(pair[0]), &log->id,
                                          link.seq_next - 1, &link.chain, &run.sig));
        in.chains = chains;
        ts_assert_ok(nd_store_apply(pair[1], &in, NULL, NULL));
    }
    assert_true(cr_hash_equal(&link.chain, &log->link.chain));
    cr_buf_release(&bytes);
    cr_buf_release(&wire);
    return 0;
}

static void copy(struct nd_store *from, struct nd_store *to)
{
    struct nd_store *pair[2] = {from, to};
    const struct sy_view *view = nd_store_view(from);

    ts_assert_ok(nd_store_begin(to, NULL));
    ts_assert_ok(view->each_log(view->arg, pass_on, pair));
    ts_assert_ok(nd_store_commit(to, NULL));
}

static void assert_same(struct nd_store *a, struct nd_store *b)
{
    struct cr_hash x = kit_fold_hash(a), y = kit_fold_hash(b);

    assert_memory_equal(x.b, y.b, sizeof x.b);
}

/* From store to store through the bytes of the wire: none folds them, all are equal. */
static void test_store_suite__passed_on_not_folded(void **state)
{
    static const char *const names[] = {"suite-a", "suite-b", "suite-c"};
    struct story t = tell();
    struct nd_store *s[3];

    (void)state;
    upgraded = false;
    for (size_t i = 0; i < 3; i++) {
        s[i] = kit_open_mem(t.k, names[i]);
        if (i == 0)
            kit_deliver_all(t.k, s[0]);
        else
            copy(s[i - 1], s[i]);
        assert_old(s[i], &t);
        assert_same(s[0], s[i]);
    }
    for (size_t i = 0; i < 3; i++)
        nd_store_close(s[i]);
    kit_free(t.k);
}

/* A newer program folds them when it opens the store, exactly as if it had always known; an older
 * one that opens it afterwards takes that back. */
static void test_store_suite__read_after_an_upgrade(void **state)
{
    struct story t = tell();
    struct nd_store *s, *always;
    struct ts_tmpdir dir;
    struct cr_hash old, back;

    (void)state;
    ts_tmpdir_init(&dir);
    upgraded = false;
    s = kit_open_dir(t.k, dir.path);
    kit_deliver_all(t.k, s);
    assert_old(s, &t);
    old = kit_fold_hash(s);
    nd_store_close(s);

    upgraded = true;
    s = kit_open_dir(t.k, dir.path);
    always = kit_open_mem(t.k, "suite-always");
    kit_deliver_all(t.k, always);
    assert_new(always, &t);
    assert_new(s, &t);
    assert_same(always, s);
    nd_store_close(s);
    nd_store_close(always);

    upgraded = false;
    s = kit_open_dir(t.k, dir.path);
    assert_old(s, &t);
    back = kit_fold_hash(s);
    assert_memory_equal(old.b, back.b, sizeof old.b);
    nd_store_close(s);
    ts_tmpdir_release(&dir);
    kit_free(t.k);
}

static int count_ahead(void *arg, const struct sc_urgent *u)
{
    assert_int_equal(u->e.other_suite, OTHER);
    ++*(size_t *)arg;
    return 0;
}

/* It may be an emergency: what came ahead of its log goes on ahead of it, and joins it. */
static void test_store_suite__ahead_of_its_log(void **state)
{
    struct story t = tell();
    struct nd_store *s = kit_open_mem(t.k, "suite-ahead");
    const struct sy_view *view = nd_store_view(s);
    size_t n = t.k->log[KIT_SECOND].count, ahead = 0;
    struct sc_urgent u;
    struct sy_log log;
    struct cr_buf bytes;

    (void)state;
    upgraded = false;
    kit_urgent(t.k, s, KIT_SECOND, n - 1);
    assert_int_equal(held(s).unread, 1);
    assert_int_equal(held(s).urgent, 1);
    kit_verify(s);
    ts_assert_ok(view->each_provisional(view->arg, count_ahead, &ahead));
    assert_int_equal(ahead, 1);
    kit_deliver(t.k, s, KIT_SECOND, 0, 1);
    ts_assert_ok(nd_store_log(s, &t.k->log[KIT_SECOND].key, &log));
    cr_buf_init(&bytes, 1u << 20);
    ts_assert_ok(view->read_urgent(view->arg, log.handle, 1, &u, &bytes));
    assert_int_equal(u.seq, n - 1);
    assert_int_equal(u.e.other_suite, OTHER);
    kit_deliver(t.k, s, KIT_SECOND, 1, n - 1);
    assert_int_equal(held(s).unread, n);
    assert_int_equal(kit_stats(s).provisional, 0);
    ts_assert_ok(view->read_urgent(view->arg, log.handle, 1, &u, &bytes));
    assert_int_equal(u.seq, n - 1);
    assert_int_equal(u.e.other_suite, OTHER);
    for (int who = 0; who < KIT_LOGS; who++)
        if (who != KIT_SECOND && t.k->log[who].count > 0)
            kit_deliver(t.k, s, (enum kit_who)who, 0, t.k->log[who].count);
    assert_old(s, &t);
    cr_buf_release(&bytes);
    nd_store_close(s);
    kit_free(t.k);
}

struct findings {
    const char *want;
    size_t found;
};

static void take_finding(void *arg, const char *line)
{
    struct findings *f = arg;

    f->found += strstr(line, f->want) != NULL;
}

/* The check finds a suite that was changed on disk, and one that was marked as read. */
static void test_store_suite__verify_finds(void **state)
{
    static const struct {
        const char *sql, *want;
    } rows[] = {
        {"UPDATE entry SET flags = flags & 255 WHERE flags > 255", "the chain is broken"},
        {"UPDATE entry SET flags = flags + 256 WHERE flags > 255", "the chain is broken"},
        {"UPDATE entry SET flags = flags & ~16 WHERE flags > 255", "taken for one that is known"},
        {"UPDATE entry SET flags = flags | 16 WHERE id IN (SELECT id FROM entry LIMIT 1)",
         "known, the entry is not read"},
    };
    struct story t = tell();

    (void)state;
    upgraded = false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct findings f = {.want = rows[i].want};
        char db[TS_PATH_BYTES];
        struct ts_tmpdir dir;
        struct nd_store *s;
        struct nd_verify v;
        sqlite3 *raw;

        ts_tmpdir_init(&dir);
        ts_tmpdir_path(&dir, "fengsui.db", db);
        s = kit_open_dir(t.k, dir.path);
        kit_deliver_all(t.k, s);
        nd_store_close(s);
        assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
        assert_int_equal(sqlite3_exec(raw, rows[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(raw);
        s = kit_open_dir(t.k, dir.path);
        ts_assert_status(nd_store_verify(s, false, &v, take_finding, &f, NULL), ST_CORRUPT);
        if (f.found == 0)
            ts_fail("row %zu: not found: %s", i, f.want);
        nd_store_close(s);
        ts_tmpdir_release(&dir);
    }
    kit_free(t.k);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_suite__passed_on_not_folded),
        cmocka_unit_test(test_store_suite__read_after_an_upgrade),
        cmocka_unit_test(test_store_suite__ahead_of_its_log),
        cmocka_unit_test(test_store_suite__verify_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
