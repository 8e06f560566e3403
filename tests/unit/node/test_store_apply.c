/* Entries in: what is stored, what counts, what can be read back. */
#include "node/store_held.h"
#include "node/store_preview.h"
#include "tests/unit/node/store_kit.h"

#include <stdio.h>
#include <string.h>

static const struct kit_body report = {.grid = KIT_GROUP, .code = "A03", .text = "t", .ext = "e-1"};
static const struct kit_body none;
static const struct kit_body none_but_grid = {.grid = KIT_GROUP, .code = "A03", .text = "u"};

static int take_hazard(void *arg, const struct nd_hazard_row *row)
{
    *(struct nd_hazard_row *)arg = *row;
    return 0;
}

static struct sc_hazard hazard(struct nd_store *s, const struct sc_id *id)
{
    struct nd_hazard_row row;
    ts_assert_ok(nd_store_hazard(s, id, take_hazard, &row, NULL));
    return row.h;
}

static int count_held(void *arg, const struct nd_held_row *row)
{
    assert_true(row->entry.held);
    assert_int_not_equal(row->entry.why, SC_WHY_COUNTS);
    ++*(size_t *)arg;
    return 0;
}

/* What a transaction brought is there after it, in another opening too; an officer whose
 * certificate names one group may fix what lies there although the entry names no grid. */
static void test_store__apply_and_read_back(void **state)
{
    (void)state;
    struct ts_tmpdir dir;
    ts_tmpdir_init(&dir);
    struct kit *k = kit_new();
    kit_certify_all(k);
    struct sc_id id = kit_hazard(k, &report);
    struct nd_store *s = kit_open_dir(k, dir.path);
    kit_deliver_all(k, s);
    struct cr_hash before = kit_fold_hash(s);
    nd_store_close(s);
    s = kit_open_dir(k, dir.path);
    assert_true(cr_hash_equal(&before, &(struct cr_hash[]){kit_fold_hash(s)}[0]));
    assert_int_equal(hazard(s, &id).state, SC_HS_CLOSED);
    struct sc_id found;
    ts_assert_ok(nd_store_by_ext(s, KIT_VILLAGE, cr_span_text("e-1"), &found));
    assert_memory_equal(found.b, id.b, SC_ID_BYTES);
    ts_assert_status(nd_store_by_ext(s, KIT_VILLAGE, cr_span_text("e-2"), &found), ST_NOTFOUND);
    ts_assert_status(nd_store_by_ext(s, SC_SCOPE_PUBLIC, cr_span_text("e-1"), &found), ST_NOTFOUND);
    char hex[33];
    cr_hex(id.b, SC_ID_BYTES, hex);
    for (size_t digits = 8; digits <= 32; digits += 4) {
        char part[33];
        memcpy(part, hex, digits);
        part[digits] = '\0';
        ts_assert_ok(nd_store_find_subject(s, part, &found, NULL));
        assert_memory_equal(found.b, id.b, SC_ID_BYTES);
    }
    uint64_t scope, grid;
    ts_assert_ok(nd_store_subject(s, &id, &scope, &grid));
    assert_int_equal(scope, KIT_VILLAGE);
    assert_int_equal(grid, KIT_GROUP);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
    ts_tmpdir_release(&dir);
}

/* A rollback, and a run that does not extend the head, leave nothing; what follows works. */
static void test_store__rollback_leaves_nothing(void **state)
{
    (void)state;
    struct kit *k = kit_new();
    struct st_err err = {.msg = ""};
    kit_certify_all(k);
    kit_hazard(k, &report);
    struct nd_store *s = kit_open_mem(k, "rollback");
    kit_deliver(k, s, KIT_ROOT, 0, 2);
    struct cr_hash before = kit_fold_hash(s);
    ts_assert_ok(nd_store_begin(s, NULL));
    ts_assert_ok(kit_apply(k, s, KIT_ROOT, 2, 4, false, &err));
    ts_assert_ok(kit_apply(k, s, KIT_OFFICER, 0, 2, false, &err));
    ts_assert_status(kit_apply(k, s, KIT_CHIEF, 1, 1, false, &err), ST_CONFLICT);
    nd_store_rollback(s);
    struct cr_hash after = kit_fold_hash(s);
    assert_memory_equal(before.b, after.b, CR_HASH_BYTES);
    assert_int_equal(kit_stats(s).entries, 2);
    assert_int_equal(kit_stats(s).logs, 1);
    assert_int_equal(kit_stats(s).subjects, 2);
    assert_null(sc_certs_find(nd_store_certs(s), &k->log[KIT_OFFICER].id.sign_pk));
    kit_verify(s);
    ts_assert_status(nd_store_commit(s, NULL), ST_STATE);
    for (size_t at = 2; at < k->log[KIT_ROOT].count; at++)
        kit_deliver(k, s, KIT_ROOT, at, 1);
    kit_deliver(k, s, KIT_OFFICER, 0, 2);
    kit_deliver(k, s, KIT_CHIEF, 0, 2);
    assert_int_equal(kit_stats(s).hazards, 1);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
}

/* A closure without a certificate is held and listed; it counts once the certificate is there. */
static void test_store__held_until_certified(void **state)
{
    (void)state;
    struct kit *k = kit_new();
    size_t held = 0;
    kit_certify_all(k);
    struct sc_id id = kit_hazard(k, &report);
    struct nd_store *s = kit_open_mem(k, "held");
    kit_deliver(k, s, KIT_OFFICER, 0, 2);
    kit_deliver(k, s, KIT_CHIEF, 0, 2);
    struct sc_hazard h = hazard(s, &id);
    assert_int_equal(h.state, SC_HS_REPORTED);
    assert_true((h.flags & SC_HF_UNCONFIRMED) != 0);
    ts_assert_ok(
        nd_store_held(s, &(struct nd_held_query){.author = NULL}, count_held, &held, NULL, NULL));
    assert_int_equal(held, 3);
    assert_int_equal(kit_stats(s).held, 3);
    kit_deliver(k, s, KIT_ROOT, 0, k->log[KIT_ROOT].count);
    assert_int_equal(hazard(s, &id).state, SC_HS_CLOSED);
    assert_int_equal(kit_stats(s).held, 0);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
}

/* An entry that breaks the catalogue is kept, named and never folded; one of an unknown type is
 * kept in silence. Both travel on. */
static void test_store__quarantine(void **state)
{
    (void)state;
    static const uint8_t bad[] = {0x81, 0x01, 0x05}; /* {grid: 5} */
    struct kit *k = kit_new();
    size_t held = 0;
    struct cr_buf bytes;
    struct sy_log log;
    kit_certify_all(k);
    kit_put(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, 0, cr_span_of(bad, sizeof bad));
    kit_put(k, KIT_OFFICER, 9999, NULL, NULL, 0, cr_span_of(bad, sizeof bad));
    struct nd_store *s = kit_open_mem(k, "quarantine");
    kit_deliver_all(k, s);
    assert_int_equal(kit_stats(s).quarantined, 1);
    assert_int_equal(kit_stats(s).hazards, 0);
    ts_assert_ok(
        nd_store_held(s, &(struct nd_held_query){.author = NULL}, count_held, &held, NULL, NULL));
    assert_int_equal(held, 1);
    ts_assert_ok(nd_store_log(s, &k->log[KIT_OFFICER].key, &log));
    struct sc_run *run = calloc(1, sizeof *run);
    cr_buf_init(&bytes, 1 << 20);
    const struct sy_view *v = nd_store_view(s);
    ts_assert_ok(v->read_run(v->arg, log.handle, 0, run, &bytes));
    assert_int_equal(run->count, 2);
    assert_true(cr_span_equal(run->e[0].payload, k->log[KIT_OFFICER].e[0].payload));
    ts_assert_status(v->read_run(v->arg, log.handle, 2, run, &bytes), ST_NOTFOUND);
    kit_verify(s);
    struct nd_verify counts;
    ts_assert_ok(nd_store_verify(s, true, &counts, NULL, NULL, NULL));
    assert_int_equal(kit_stats(s).quarantined, 1);
    kit_verify(s);
    cr_buf_release(&bytes);
    free(run);
    nd_store_close(s);
    kit_free(k);
}

/* Tips are what the next entry has to name: concurrent ends, nothing that they supersede. */
static void test_store__tips(void **state)
{
    (void)state;
    struct kit *k = kit_new();
    struct sc_id tips[SC_PARENTS_MAX];
    size_t n = 0;
    uint64_t scope;
    kit_certify_all(k);
    struct sc_id id = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report);
    struct sc_id a = kit_record(k, KIT_CHIEF, SC_R_HAZARD_ACCEPT, &id, &id, &none);
    struct sc_id b = kit_record(k, KIT_HEAD, SC_R_HAZARD_ACCEPT, &id, &id, &none);
    struct nd_store *s = kit_open_mem(k, "tips");
    ts_assert_status(nd_store_tips(s, &id, tips, &n, &scope), ST_NOTFOUND);
    kit_deliver(k, s, KIT_OFFICER, 0, 1);
    ts_assert_ok(nd_store_tips(s, &id, tips, &n, &scope));
    assert_int_equal(n, 1);
    assert_int_equal(scope, KIT_VILLAGE);
    assert_true(sc_id_equal(&tips[0], &id));
    ts_assert_ok(nd_store_begin(s, NULL));
    ts_assert_ok(kit_apply(k, s, KIT_CHIEF, 0, 1, false, NULL));
    ts_assert_ok(kit_apply(k, s, KIT_HEAD, 0, 1, false, NULL));
    ts_assert_ok(nd_store_tips(s, &id, tips, &n, &scope)); /* inside the transaction, too */
    assert_int_equal(n, 2);
    assert_true(sc_id_cmp(&tips[0], &tips[1]) < 0);
    assert_true(sc_id_equal(&tips[0], sc_id_cmp(&a, &b) < 0 ? &a : &b));
    ts_assert_ok(nd_store_commit(s, NULL));
    nd_store_close(s);
    kit_free(k);
}

/* From every entry on there is a run within the limits, whose checkpoint verifies, whatever runs
 * the entries came in. */
static void retention(struct ts_prng *r, uint64_t seed, void *ctx)
{
    (void)ctx;
    char name[40], text[4097];
    struct kit *k = kit_new();
    struct kit_log *l = &k->log[KIT_CHIEF];
    struct cr_buf bytes;
    struct sy_log log;
    struct sc_run *run = calloc(1, sizeof *run);
    (void)snprintf(name, sizeof name, "keep%llu", (unsigned long long)seed);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t i = 0; i < 700; i++) {
        struct kit_body b = {.text = text + ts_prng_below(r, ts_prng_chance(r, 1, 3) ? 4000 : 100) +
                                     (ts_prng_chance(r, 1, 2) ? 0 : 90),
                             .grid = KIT_GROUP,
                             .code = "A03"};
        kit_record(k, KIT_CHIEF, SC_R_HAZARD_REPORT, NULL, NULL, &b);
    }
    struct nd_store *s = kit_open_mem(k, name);
    ts_assert_ok(nd_store_begin(s, NULL));
    for (size_t at = 0; at < l->count;) {
        size_t n = 1 + (size_t)ts_prng_below(r, ts_prng_chance(r, 1, 4) ? 200 : 5), most = 0,
               sum = 0;
        while (most < n && at + most < l->count &&
               (sum += l->e[at + most].payload.n) <= SC_RUN_BYTES_MAX) {
            most++;
            if ((at + most) % SC_CKPT_ALIGN == 0)
                break;
        }
        ts_assert_ok(kit_apply(k, s, KIT_CHIEF, at, most, ts_prng_chance(r, 1, 20), NULL));
        at += most;
    }
    ts_assert_ok(nd_store_commit(s, NULL));
    ts_assert_ok(nd_store_log(s, &l->key, &log));
    cr_buf_init(&bytes, 1 << 20);
    const struct sy_view *v = nd_store_view(s);
    for (size_t from = 0; from < l->count; from++) {
        ts_assert_ok(v->read_run(v->arg, log.handle, from, run, &bytes));
        size_t end = from + run->count - 1;
        assert_true(run->count >= 1 && run->count <= SC_RUN_ENTRIES_MAX);
        assert_true(bytes.n <= SC_RUN_BYTES_MAX || run->count == 1);
        assert_int_equal(run->first_seq, from);
        ts_assert_ok(sc_checkpoint_verify(&l->key.author, &k->net, &l->log_id, end,
                                          &l->e[end].chain, &run->sig));
        for (size_t i = 0; i < run->count; i++)
            assert_true(cr_span_equal(run->e[i].payload, l->e[from + i].payload));
    }
    kit_verify(s);
    cr_buf_release(&bytes);
    free(run);
    nd_store_close(s);
    kit_free(k);
}

static void test_store__runs_from_everywhere(void **state)
{
    (void)state;
    ts_each_seed(1, 6, retention, NULL);
}

/* An emergency ahead of its log shows at once; when the log arrives it is the same entry, once. */
static void test_store__urgent_joins(void **state)
{
    (void)state;
    struct kit *k = kit_new();
    struct sc_urgent u;
    struct cr_buf bytes;
    struct sy_log log;
    kit_certify_all(k);
    struct sc_id id = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report);
    kit_record(k, KIT_CHIEF, SC_R_HAZARD_ACCEPT, &id, &id, &none);
    kit_record(k, KIT_CHIEF, SC_R_HAZARD_EMERGENCY, &id, &id, &(struct kit_body){.text = "fire"});
    kit_record(k, KIT_CHIEF, SC_R_HAZARD_REMIND, &id, &id, &none);
    struct nd_store *s = kit_open_mem(k, "urgent"), *plain = kit_open_mem(k, "plain");
    kit_deliver_all(k, plain);
    kit_deliver(k, s, KIT_ROOT, 0, k->log[KIT_ROOT].count);
    kit_deliver(k, s, KIT_CHIEF, 0, 1);
    kit_urgent(k, s, KIT_CHIEF, 1);
    kit_urgent(k, s, KIT_CHIEF, 1);
    struct sc_hazard h = hazard(s, &id);
    assert_true((h.flags & SC_HF_EMERGENCY) != 0);
    assert_int_equal(kit_stats(s).provisional, 1);
    kit_verify(s);
    ts_assert_ok(nd_store_log(s, &k->log[KIT_CHIEF].key, &log));
    cr_buf_init(&bytes, 1 << 16);
    const struct sy_view *v = nd_store_view(s);
    ts_assert_ok(v->read_urgent(v->arg, log.handle, 0, &u, &bytes));
    assert_int_equal(u.seq, 1);
    kit_deliver(k, s, KIT_CHIEF, 1, 2);
    assert_int_equal(kit_stats(s).provisional, 0);
    kit_urgent(k, s, KIT_CHIEF, 1);
    assert_int_equal(kit_stats(s).provisional, 0);
    kit_deliver(k, s, KIT_OFFICER, 0, 1);
    ts_assert_ok(v->read_urgent(v->arg, log.handle, 1, &u, &bytes)); /* with its own checkpoint */
    ts_assert_ok(sc_checkpoint_verify(&log.key.author, &k->net, &log.id, 1,
                                      &k->log[KIT_CHIEF].e[1].chain, &u.sig));
    assert_true(cr_hash_equal(&u.chain_before, &k->log[KIT_CHIEF].e[0].chain));
    ts_assert_status(v->read_urgent(v->arg, log.handle, 2, &u, &bytes), ST_NOTFOUND);
    assert_memory_equal(kit_fold_hash(s).b, kit_fold_hash(plain).b, CR_HASH_BYTES);
    kit_verify(s);
    cr_buf_release(&bytes);
    nd_store_close(s);
    nd_store_close(plain);
    kit_free(k);
}

static int count_fork(void *arg, const struct sc_fork *f)
{
    struct kit *k = arg;
    for (int i = 0; i < 2; i++) {
        struct cr_hash id;
        sc_log_id(&k->net, &f->key, &id);
        ts_assert_ok(sc_checkpoint_verify(&f->key.author, &k->net, &id, f->side[i].seq,
                                          &f->side[i].chain, &f->side[i].sig));
    }
    k->lamport++; /* counts the calls */
    return 0;
}

/* A log that goes on differently from what was signed ahead of it is a proven fork, in whichever
 * order the two came; the danger that was reported stays. */
static void test_store__urgent_proves_fork(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct kit *k = kit_new(), *twin = kit_new();
        kit_certify_all(k);
        twin->lamport = k->lamport;
        struct sc_id id = kit_record(k, KIT_CHIEF, SC_R_HAZARD_REPORT, NULL, NULL, &report);
        kit_record(twin, KIT_CHIEF, SC_R_HAZARD_REPORT, NULL, NULL, &report);
        kit_record(twin, KIT_CHIEF, SC_R_HAZARD_EMERGENCY, &id, &id, &none);
        kit_record(k, KIT_CHIEF, SC_R_HAZARD_ACCEPT, &id, &id, &none);
        struct nd_store *s = kit_open_mem(k, late ? "fork-late" : "fork-early");
        kit_deliver(k, s, KIT_ROOT, 0, k->log[KIT_ROOT].count);
        if (!late)
            kit_urgent(twin, s, KIT_CHIEF, 1);
        kit_deliver(k, s, KIT_CHIEF, 0, 2);
        if (late)
            kit_urgent(twin, s, KIT_CHIEF, 1);
        assert_int_equal(kit_stats(s).forks, 1);
        assert_int_equal(kit_stats(s).provisional, 1);
        assert_true((hazard(s, &id).flags & SC_HF_EMERGENCY) != 0);
        k->lamport = 0;
        ts_assert_ok(nd_store_forks(s, count_fork, k, NULL));
        assert_int_equal(k->lamport, 1);
        kit_verify(s);
        nd_store_close(s);
        kit_free(k);
        kit_free(twin);
    }
}

static int count_preview(void *arg, const struct nd_preview_hazard *h)
{
    assert_true(h->before.listed && h->after.listed);
    assert_true(!h->before.unverified_only && h->after.unverified_only);
    ++*(size_t *)arg;
    return 0;
}

static int take_held(void *arg, const struct nd_held_row *row)
{
    *(struct nd_held_row *)arg = *row;
    return 0;
}

static int take_row(void *arg, const struct nd_hazard_row *row)
{
    *(struct nd_hazard_row *)arg = *row;
    return 0;
}

/* What a revocation leaves out has no effect and is shown: first told, without a trace, then done.
 * What lies beyond it is refused and no longer offered. */
static void test_store__revocation(void **state)
{
    (void)state;
    struct kit *k = kit_new();
    size_t told = 0;
    struct nd_preview p = {.hazard = count_preview, .arg = &told};
    struct nd_held_row held;
    struct nd_hazard_row row;
    uint64_t total = 0, serial;
    struct sy_log log;
    kit_certify_all(k);
    kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report);
    struct sc_id late = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &none_but_grid);
    struct nd_store *s = kit_open_mem(k, "revoke");
    kit_deliver_all(k, s);
    struct cr_hash before = kit_fold_hash(s);
    size_t certs = k->log[KIT_ROOT].count;
    kit_cut(k, &k->log[KIT_OFFICER], 0, SC_CUT_REVOKE);
    ts_assert_ok(nd_store_begin_preview(s, &p, NULL));
    ts_assert_ok(kit_apply(k, s, KIT_ROOT, certs, 1, false, NULL));
    ts_assert_ok(nd_store_preview(s, NULL));
    assert_int_equal(p.entries_stop, 1);
    assert_int_equal(p.entries_begin, 0);
    assert_int_equal(told, 1);
    ts_assert_status(nd_store_commit(s, NULL), ST_STATE);
    nd_store_rollback(s);
    assert_memory_equal(before.b, kit_fold_hash(s).b, CR_HASH_BYTES);
    kit_verify(s);
    serial = nd_store_authority_serial(s);
    kit_deliver(k, s, KIT_ROOT, certs, 1);
    assert_true(nd_store_authority_serial(s) > serial);
    ts_assert_ok(nd_store_hazards(s, &(struct nd_hazard_query){.flags = SC_HF_UNVERIFIED}, take_row,
                                  &row, &total, NULL));
    assert_int_equal(total, 1);
    assert_true(row.unverified_only && row.unverified == 1);
    assert_memory_equal(row.subject.b, late.b, SC_ID_BYTES);
    assert_int_equal(kit_stats(s).held, 1);
    ts_assert_ok(
        nd_store_held(s, &(struct nd_held_query){.limit = 5}, take_held, &held, &total, NULL));
    assert_int_equal(total, 1);
    assert_int_equal(held.entry.why, SC_WHY_CUT);
    assert_int_equal(held.entry.seq, 1);
    assert_true(held.has_cut);
    assert_memory_equal(held.cut.b, k->log[KIT_ROOT].e[certs].chain.b, CR_HASH_BYTES);
    total = 9;
    memset(&held, 0, sizeof held);
    ts_assert_ok(
        nd_store_held(s, &(struct nd_held_query){.offset = 1}, take_held, &held, &total, NULL));
    assert_int_equal(total, 1);
    assert_false(held.entry.held); /* past the end */
    kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &report);
    ts_assert_ok(nd_store_begin(s, NULL));
    ts_assert_status(kit_apply(k, s, KIT_OFFICER, 2, 1, false, NULL), ST_DENIED);
    /* What is stored of what is refused is not taken up again: it would be offered, and cannot be
     * read as such. */
    ts_assert_status(kit_apply(k, s, KIT_OFFICER, 1, 1, false, NULL), ST_CONFLICT);
    ts_assert_status(kit_apply(k, s, KIT_OFFICER, 0, 2, false, NULL), ST_CONFLICT);
    ts_assert_ok(kit_apply(k, s, KIT_OFFICER, 0, 1, false, NULL));
    ts_assert_ok(nd_store_commit(s, NULL));
    ts_assert_ok(nd_store_log(s, &k->log[KIT_OFFICER].key, &log));
    assert_int_equal(log.link.seq_next, 2);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
}

/* A certificate's window is compared with the time that an entry claims, whatever the clock of this
 * machine says: what was written in time counts for ever, what claims another time never does. */
static void test_store__window_is_of_the_claimed_time(void **state)
{
    (void)state;
    const uint64_t hour = 3600000;
    const struct {
        uint64_t from_ms, to_ms;
        bool counts;
    } windows[] = {{KIT_WALL, KIT_WALL + hour, true},
                   {KIT_WALL + hour, 0, false},
                   {0, KIT_WALL, false},
                   {0, KIT_WALL + hour, true}};
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        struct kit *k = kit_new();
        kit_certify_within(k, KIT_OFFICER, 1, SC_ROLE_OFFICER, KIT_GROUP, windows[i].from_ms,
                           windows[i].to_ms);
        struct sc_id id =
            kit_record(k, KIT_STRANGER, SC_R_HAZARD_REPORT, NULL, NULL, &none_but_grid);
        kit_record(k, KIT_OFFICER, SC_R_HAZARD_FIX, &id, &id, &none);
        struct nd_store *s = kit_open_mem(k, "window");
        kit_deliver_all(k, s);
        assert_int_equal(hazard(s, &id).state,
                         windows[i].counts ? SC_HS_FIX_CLAIMED : SC_HS_REPORTED);
        kit_verify(s);
        nd_store_close(s);
        kit_free(k);
    }
}

int main(void)
{
    struct st_err err;
    if (cr_init(&err) != ST_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store__apply_and_read_back),
        cmocka_unit_test(test_store__rollback_leaves_nothing),
        cmocka_unit_test(test_store__held_until_certified),
        cmocka_unit_test(test_store__quarantine),
        cmocka_unit_test(test_store__tips),
        cmocka_unit_test(test_store__runs_from_everywhere),
        cmocka_unit_test(test_store__urgent_joins),
        cmocka_unit_test(test_store__urgent_proves_fork),
        cmocka_unit_test(test_store__revocation),
        cmocka_unit_test(test_store__window_is_of_the_claimed_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
