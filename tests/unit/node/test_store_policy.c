/* Policy in the store: whenever a value arrives, the rows are what they would be had it come first;
 * what is not authorised or not well formed has no effect. */
#include "node/store_held.h"
#include "node/store_preview.h"
#include "tests/unit/node/store_kit.h"

#include "tests/lib/oom.h"

#include <stdio.h>
#include <string.h>

#define HAZARDS 5
#define EVENTS  60
#define SEEDS   14

struct change {
    const char *name;
    uint32_t roles;
    uint8_t level;
    uint64_t number, from_ms;
};

static void put_policy(struct kit *k, enum kit_who who, const struct change *c)
{
    struct sc_policy_value v;
    struct sc_policy_item item;
    struct sc_body body;
    struct cr_buf bytes;

    assert_true(sc_policy_item_find(cr_span_text(c->name)) != SIZE_MAX);
    sc_policy_default(sc_policy_item_find(cr_span_text(c->name)), &v);
    v.roles = c->roles;
    v.level = c->level;
    v.number = c->number;
    v.from_ms = c->from_ms;
    sc_policy_body(&v, &item, &body);
    cr_buf_init(&bytes, 4096);
    ts_assert_ok(sc_body_encode(&body, true, &bytes, NULL));
    kit_put(k, who, SC_R_POLICY, NULL, NULL, 0, cr_buf_span(&bytes));
    cr_buf_release(&bytes);
}

static const struct change village_closes = {"clear.pass.2", SC_ROLE_STREET | SC_ROLE_VILLAGE, 3, 0,
                                             0};

static void random_policy(struct kit *k, struct ts_prng *r)
{
    static const struct change changes[] = {
        {"clear.pass.2", SC_ROLE_STREET | SC_ROLE_VILLAGE, 3, 0, 0},
        {"clear.pass.2", SC_ROLE_STREET | SC_ROLE_CHIEF | SC_ROLE_OFFICER, 1, 0, 0},
        {"clear.void.2", SC_ROLE_STREET, 4, 0, 0},
        {"clear.alone", SC_ROLE_STREET, 4, 0, 0},
        {"clear.downgrade.2", SC_ROLE_STREET | SC_ROLE_CHIEF, 2, 0, 0},
        {"second-from", 0, 0, 1, 0},
        {"write.hazard-downgrade", SC_ROLE_STREET | SC_ROLE_CHIEF, 0, 0, 0},
        {"write.hazard-assign", SC_ROLE_STREET, 0, 0, 0},
        {"write.hazard-edit", SC_ROLE_STREET | SC_ROLE_CHIEF, 0, 0, 0},
        {"write.place", SC_ROLE_STREET | SC_ROLE_VILLAGE, 0, 0, 0},
        {"role.chief", 0, 0, SC_GV_ROOT, 0},
    };
    struct change c = changes[ts_prng_below(r, sizeof changes / sizeof changes[0])];

    c.from_ms = KIT_WALL + (k->lamport + ts_prng_below(r, 8)) * 60000;
    put_policy(k, ts_prng_chance(r, 1, 4) ? KIT_ROOT : KIT_CLERK, &c);
}

static void event(struct kit *k, struct ts_prng *r, struct sc_id *subject, struct sc_id *last)
{
    static const uint64_t kinds[] = {
        SC_R_HAZARD_ASSIGN, SC_R_HAZARD_FIX,  SC_R_HAZARD_FIX,       SC_R_HAZARD_PASS,
        SC_R_HAZARD_PASS,   SC_R_HAZARD_PASS, SC_R_HAZARD_DOWNGRADE, SC_R_HAZARD_VOID,
        SC_R_HAZARD_ASSESS, SC_R_HAZARD_EDIT,
    };
    enum kit_who who = KIT_OFFICER + (enum kit_who)ts_prng_below(r, KIT_LOGS - KIT_OFFICER);
    uint64_t type = kinds[ts_prng_below(r, sizeof kinds / sizeof kinds[0])];
    size_t at = (size_t)ts_prng_below(r, HAZARDS);
    struct kit_body b = {.text = "why"};

    if (type == SC_R_HAZARD_ASSESS || type == SC_R_HAZARD_DOWNGRADE)
        b.severity = 1 + ts_prng_below(r, 3);
    if (type == SC_R_HAZARD_ASSIGN)
        b.assignee = ts_prng_chance(r, 1, 2) ? "w" : "l";
    b.evidence = type == SC_R_HAZARD_FIX || type == SC_R_HAZARD_PASS;
    if (type == SC_R_HAZARD_EDIT)
        b.grid = ts_prng_chance(r, 1, 2) ? KIT_OTHER : KIT_GROUP;
    last[at] = kit_record(k, who, type, &subject[at], &last[at], &b);
}

/* with: how many policies are strewn in. */
static struct kit *history(struct ts_prng *r, uint64_t with)
{
    struct kit *k = kit_new();
    struct sc_id subject[HAZARDS], last[HAZARDS];
    struct kit_body place = {.grid = KIT_GROUP, .name = "shop", .kind = 1};

    kit_certify_all(k);
    for (size_t i = 0; i < HAZARDS; i++) {
        struct kit_body b = {.grid = KIT_GROUP, .code = "A03"};
        subject[i] = last[i] = kit_record(k, KIT_OFFICER, SC_R_HAZARD_REPORT, NULL, NULL, &b);
    }
    for (size_t i = 0; i < EVENTS; i++) {
        event(k, r, subject, last);
        if (with > 0 && ts_prng_chance(r, with, EVENTS))
            random_policy(k, r);
        if (ts_prng_chance(r, 1, 10))
            kit_record(k, ts_prng_chance(r, 1, 2) ? KIT_CHIEF : KIT_HEAD, SC_R_PLACE, NULL, NULL,
                       &place);
    }
    return k;
}

static void overtake(struct kit *k, struct nd_store *s, struct ts_prng *r,
                     const size_t at[static KIT_LOGS])
{
    if (ts_prng_chance(r, 1, 8) && at[KIT_CHIEF] + 2 < k->log[KIT_CHIEF].count)
        kit_urgent(k, s, KIT_CHIEF, at[KIT_CHIEF] + 1);
}

/* Whether the same history without its policies folds to something else: then they mattered. */
static bool mattered(uint64_t seed, const struct cr_hash *with)
{
    struct ts_prng r;
    struct kit *k;
    struct nd_store *s;
    struct cr_hash hash;

    ts_prng_init(&r, seed);
    k = history(&r, 12);
    s = kit_open_mem(k, "no-policy");
    for (int who = KIT_OFFICER; who < KIT_LOGS; who++)
        kit_deliver(k, s, (enum kit_who)who, 0, k->log[who].count);
    kit_deliver(k, s, KIT_ROOT, 0, 6); /* the certificates */
    hash = kit_fold_hash(s);
    nd_store_close(s);
    kit_free(k);
    return !cr_hash_equal(&hash, with);
}

/* In any order, cut and with failures in between: one sum, and a rebuild changes nothing. */
static void test_store_policy__any_order(void **state)
{
    size_t different = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct cr_hash first = {{0}}, hash;
        struct ts_prng r;
        struct kit *k;

        ts_prng_init(&r, seed);
        k = history(&r, 12);
        for (int i = 0; i < 4; i++) {
            struct nd_verify v;
            struct nd_store *s;
            char name[40];

            (void)snprintf(name, sizeof name, "policy-%d-%d", (int)seed, i);
            s = kit_open_mem(k, name);
            if (i == 0)
                kit_deliver_all(k, s);
            else
                kit_deliver_mixed(k, s, &r, overtake);
            kit_verify(s);
            hash = kit_fold_hash(s);
            if (i == 0)
                first = hash;
            if (!cr_hash_equal(&hash, &first))
                ts_fail("seed %d: delivery %d gives other rows", (int)seed, i);
            ts_assert_ok(nd_store_verify(s, true, &v, NULL, NULL, NULL));
            hash = kit_fold_hash(s);
            assert_memory_equal(hash.b, first.b, CR_HASH_BYTES);
            nd_store_close(s);
        }
        kit_free(k);
        different += mattered(seed, &first);
    }
    assert_true(different * 2 > SEEDS);
}

static int state_of(void *arg, const struct nd_hazard_row *row)
{
    *(struct sc_hazard *)arg = row->h;
    return 0;
}

static enum sc_hazard_state hazard_state(struct nd_store *s, const struct sc_id *id)
{
    struct sc_hazard h;

    ts_assert_ok(nd_store_hazard(s, id, state_of, &h, NULL));
    return h.state;
}

/* A closure from before the change stays closed, one from after it is judged by it, whichever
 * arrives first; and a change that is rolled back was never there. */
static void test_store_policy__past_and_future(void **state)
{
    struct kit *k = kit_new();
    struct kit_body b = {.grid = KIT_GROUP, .code = "A03"};
    struct sc_id old, fresh;
    struct nd_store *s;

    (void)state;
    kit_certify_all(k);
    old = kit_hazard(k, &b);
    put_policy(k, KIT_CLERK, &village_closes);
    fresh = kit_hazard(k, &b);
    s = kit_open_mem(k, "past");
    for (int who = 0; who < KIT_LOGS; who++)
        if (who != KIT_CLERK && k->log[who].count > 0)
            kit_deliver(k, s, (enum kit_who)who, 0, k->log[who].count);
    assert_int_equal(hazard_state(s, &old), SC_HS_CLOSED);
    assert_int_equal(hazard_state(s, &fresh), SC_HS_CLOSED);
    ts_assert_ok(nd_store_begin(s, NULL));
    ts_assert_ok(kit_apply(k, s, KIT_CLERK, 0, 1, false, NULL));
    nd_store_rollback(s);
    kit_verify(s);
    assert_int_equal(hazard_state(s, &fresh), SC_HS_CLOSED);
    assert_null(sc_policy_at(nd_store_policy(s), UINT64_MAX));
    kit_deliver(k, s, KIT_CLERK, 0, 1);
    assert_int_equal(hazard_state(s, &old), SC_HS_CLOSED);
    assert_int_equal(hazard_state(s, &fresh), SC_HS_FIX_CLAIMED);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
}

/* Somebody of the street who is no seat sets nothing; a certificate that makes him one, arriving
 * later, gives his word its effect. */
static void test_store_policy__only_seats(void **state)
{
    struct kit *k = kit_new();
    struct kit_body b = {.grid = KIT_GROUP, .code = "A03"};
    struct nd_store *s = NULL;
    struct sc_id id;
    size_t before;

    (void)state;
    kit_certify(k, KIT_CHIEF, 1, SC_ROLE_CHIEF, KIT_VILLAGE);
    kit_certify(k, KIT_OFFICER, 1, SC_ROLE_OFFICER, KIT_GROUP);
    kit_certify(k, KIT_CLERK, 2, SC_ROLE_STREET, KIT_STREET);
    before = k->log[KIT_ROOT].count;
    put_policy(k, KIT_CLERK, &village_closes);
    id = kit_hazard(k, &b);
    kit_certify(k, KIT_CLERK, 1, SC_ROLE_STREET, KIT_STREET);
    s = kit_open_mem(k, "seats");
    kit_deliver(k, s, KIT_ROOT, 0, before);
    kit_deliver(k, s, KIT_CLERK, 0, 1);
    kit_deliver(k, s, KIT_OFFICER, 0, k->log[KIT_OFFICER].count);
    kit_deliver(k, s, KIT_CHIEF, 0, k->log[KIT_CHIEF].count);
    assert_int_equal(hazard_state(s, &id), SC_HS_CLOSED);
    assert_int_equal(sc_policy_count(nd_store_policy(s)), 1);
    kit_deliver(k, s, KIT_ROOT, before, 1);
    assert_int_equal(hazard_state(s, &id), SC_HS_FIX_CLAIMED);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
}

static int quarantined(void *arg, const struct nd_held_row *row)
{
    const char *why = row->entry.detail;

    (void)snprintf(arg, 200, "%s", why != NULL ? why : "");
    return 0;
}

/* What no policy may say is quarantined with its reason, and has no effect. */
static void test_store_policy__malformed(void **state)
{
    struct kit *k = kit_new();
    struct nd_store *s;
    struct sc_body body = {.rec = sc_record_find(SC_R_POLICY)};
    struct sc_policy_value v;
    struct sc_policy_item item;
    struct cr_buf bytes;
    char why[200] = "";

    (void)state;
    kit_certify_all(k);
    sc_policy_default(sc_policy_item_find(cr_span_text("clear.pass.1")), &v);
    v.roles |= SC_ROLE_PUBLIC;
    sc_policy_body(&v, &item, &body);
    cr_buf_init(&bytes, 4096);
    ts_assert_ok(sc_body_encode(&body, true, &bytes, NULL));
    kit_put(k, KIT_CLERK, SC_R_POLICY, NULL, NULL, 0, cr_buf_span(&bytes));
    cr_buf_release(&bytes);
    s = kit_open_mem(k, "malformed");
    kit_deliver_all(k, s);
    assert_int_equal(kit_stats(s).quarantined, 1);
    assert_int_equal(sc_policy_count(nd_store_policy(s)), 0);
    ts_assert_ok(nd_store_held(s, &(struct nd_held_query){0}, quarantined, why, NULL, NULL));
    assert_non_null(strstr(why, "policy clear.pass.1: clearance-strictly"));
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
}

/* What a seat set beyond its revocation has no effect, whichever comes first; what stands, stays.
 */
static void test_store_policy__revoked(void **state)
{
    static const struct change other = {"clear.pass.3", SC_ROLE_STREET, 4, 0, 0};
    struct kit_body b = {.grid = KIT_GROUP, .code = "A03"};

    (void)state;
    for (int late = 0; late < 2; late++) {
        struct kit *k = kit_new();
        struct nd_store *s;
        struct sc_id id;
        size_t certs;

        kit_certify_all(k);
        put_policy(k, KIT_CLERK, &other);
        put_policy(k, KIT_CLERK, &village_closes); /* not in what the cut lets stand */
        id = kit_hazard(k, &b);
        certs = k->log[KIT_ROOT].count;
        kit_cut(k, &k->log[KIT_CLERK], 0, SC_CUT_REVOKE);
        s = kit_open_mem(k, late ? "revoked-late" : "revoked-early");
        kit_deliver(k, s, KIT_ROOT, 0, late ? certs : certs + 1);
        kit_deliver(k, s, KIT_CLERK, 0, late ? 2 : 1);
        kit_deliver(k, s, KIT_OFFICER, 0, k->log[KIT_OFFICER].count);
        kit_deliver(k, s, KIT_CHIEF, 0, k->log[KIT_CHIEF].count);
        if (late) {
            assert_int_equal(hazard_state(s, &id), SC_HS_FIX_CLAIMED);
            kit_deliver(k, s, KIT_ROOT, certs, 1);
        }
        assert_int_equal(hazard_state(s, &id), SC_HS_CLOSED);
        assert_int_equal(
            sc_rules_level(sc_policy_at(nd_store_policy(s), UINT64_MAX), SC_CL_PASS, 3),
            SC_LV_STREET);
        kit_verify(s);
        nd_store_close(s);
        kit_free(k);
    }
}

/* The clerk's log forks where it sets a policy: neither branch has an effect. */
static void test_store_policy__forked(void **state)
{
    static const struct change other = {"clear.pass.2", SC_ROLE_STREET, 4, 0, 0};
    struct kit *k = kit_new(), *twin = kit_new();
    struct kit_body b = {.grid = KIT_GROUP, .code = "A03"};
    struct nd_store *s;
    struct sc_id id;

    (void)state;
    kit_certify_all(k);
    twin->lamport = k->lamport;
    put_policy(k, KIT_CLERK, &village_closes);
    put_policy(twin, KIT_CLERK, &other);
    id = kit_hazard(k, &b);
    s = kit_open_mem(k, "forked");
    for (int who = 0; who < KIT_LOGS; who++)
        if (k->log[who].count > 0)
            kit_deliver(k, s, (enum kit_who)who, 0, k->log[who].count);
    assert_int_equal(hazard_state(s, &id), SC_HS_FIX_CLAIMED);
    kit_deliver(twin, s, KIT_CLERK, 0, 1);
    assert_int_equal(hazard_state(s, &id), SC_HS_CLOSED);
    assert_int_equal(sc_policy_count(nd_store_policy(s)), 2);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
    kit_free(twin);
}

/* What was set is there when the store is opened again. */
static void test_store_policy__reopened(void **state)
{
    struct kit *k = kit_new();
    struct ts_tmpdir dir;
    struct nd_store *s;
    struct kit_body b = {.grid = KIT_GROUP, .code = "A03"};
    struct sc_id id;

    (void)state;
    ts_tmpdir_init(&dir);
    kit_certify_all(k);
    put_policy(k, KIT_ROOT, &village_closes);
    s = kit_open_dir(k, dir.path);
    kit_deliver(k, s, KIT_ROOT, 0, k->log[KIT_ROOT].count);
    nd_store_close(s);
    id = kit_hazard(k, &b);
    s = kit_open_dir(k, dir.path);
    kit_deliver(k, s, KIT_OFFICER, 0, k->log[KIT_OFFICER].count);
    kit_deliver(k, s, KIT_CHIEF, 0, k->log[KIT_CHIEF].count);
    assert_int_equal(hazard_state(s, &id), SC_HS_FIX_CLAIMED);
    kit_verify(s);
    nd_store_close(s);
    ts_tmpdir_release(&dir);
    kit_free(k);
}

/* Memory may fail at each allocation of a transaction that brings a policy: all of it or nothing.
 */
static void test_store_policy__no_memory(void **state)
{
    struct kit *k = kit_new();
    struct kit_body b = {.grid = KIT_GROUP, .code = "A03"};
    struct nd_store *s;
    struct sc_id id;
    size_t failures = 0;

    (void)state;
    kit_certify_all(k);
    put_policy(k, KIT_CLERK, &village_closes);
    id = kit_hazard(k, &b);
    s = kit_open_mem(k, "oom");
    for (int who = 0; who < KIT_LOGS; who++)
        if (who != KIT_CLERK && k->log[who].count > 0)
            kit_deliver(k, s, (enum kit_who)who, 0, k->log[who].count);
    for (size_t nth = 0;; nth++) {
        int rc;

        ts_assert_ok(nd_store_begin(s, NULL));
        rc = kit_apply(k, s, KIT_CLERK, 0, 1, false, NULL);
        ts_oom_start(nth, 0);
        if (rc == ST_OK)
            rc = nd_store_commit(s, NULL);
        if (ts_oom_stop() <= nth) {
            ts_assert_ok(rc);
            break;
        }
        if (rc == ST_OK)
            break;
        failures++;
        nd_store_rollback(s);
        assert_int_equal(hazard_state(s, &id), SC_HS_CLOSED);
    }
    assert_true(failures > 0);
    assert_int_equal(hazard_state(s, &id), SC_HS_FIX_CLAIMED);
    kit_verify(s);
    nd_store_close(s);
    kit_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_policy__any_order),
        cmocka_unit_test(test_store_policy__past_and_future),
        cmocka_unit_test(test_store_policy__only_seats),
        cmocka_unit_test(test_store_policy__malformed),
        cmocka_unit_test(test_store_policy__revoked),
        cmocka_unit_test(test_store_policy__forked),
        cmocka_unit_test(test_store_policy__reopened),
        cmocka_unit_test(test_store_policy__no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
