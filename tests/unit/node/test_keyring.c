#include "node/keyring.h"

#include "tests/lib/tmpdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int init(void **state)
{
    (void)state;
    return cr_init(NULL) == ST_OK ? 0 : -1;
}

/* A key is there while it is used, gone after its time without use, and gone at once when closed.
 */
static void test_keyring__closes_by_itself(void **state)
{
    struct nd_keyring *r = nd_keyring_new(NULL);
    struct cr_identity zhang, li, got;

    (void)state;
    assert_non_null(r);
    cr_identity_generate(&zhang);
    cr_identity_generate(&li);
    assert_int_equal(nd_keyring_get(r, "zhang", 0, &got), ST_NOTFOUND);
    assert_int_equal(nd_keyring_put(r, "zhang", &zhang, 1000, 5000), ST_OK);
    assert_int_equal(nd_keyring_put(r, "li", &li, 3000, 5000), ST_OK);
    assert_int_equal(nd_keyring_get(r, "zhang", 5999, &got), ST_OK);
    assert_memory_equal(&got, &zhang, sizeof got);
    assert_int_equal(nd_keyring_left_ms(r, "zhang", 6000), 999);
    assert_int_equal(nd_keyring_tick(r, 6000), 999);
    assert_int_equal(nd_keyring_opening(r, "zhang", 6000), 1);
    assert_int_equal(nd_keyring_opening(r, "li", 6000), 2);
    assert_int_equal(nd_keyring_get(r, "zhang", 6999, &got), ST_NOTFOUND);
    assert_int_equal(nd_keyring_left_ms(r, "zhang", 6999), 0);
    assert_int_equal(nd_keyring_opening(r, "zhang", 6999), 0);
    assert_int_equal(nd_keyring_get(r, "li", 7000, &got), ST_OK);
    assert_memory_equal(&got, &li, sizeof got);
    assert_int_equal(nd_keyring_close(r, "zhang"), 0);
    assert_int_equal(nd_keyring_put(r, "li", &li, 3000, 7000),
                     ST_OK); /* still the same opening … */
    assert_int_equal(nd_keyring_opening(r, "li", 7000), 2);
    assert_int_equal(nd_keyring_close(r, "li"), 1);
    assert_int_equal(nd_keyring_put(r, "li", &li, 3000, 7000), ST_OK); /* … and another one */
    assert_int_equal(nd_keyring_opening(r, "li", 7000), 3);
    assert_int_equal(nd_keyring_put(r, "li", &zhang, 3000, 7000), ST_OK); /* nor is it another's */
    assert_int_equal(nd_keyring_opening(r, "li", 7000), 4);
    assert_int_equal(nd_keyring_close(r, "li"), 1);
    assert_int_equal(nd_keyring_get(r, "li", 7000, &got), ST_NOTFOUND);
    assert_int_equal(nd_keyring_get(r, "", 7000, &got), ST_NOTFOUND);
    assert_true(nd_keyring_tick(r, 7000) == UINT64_MAX);
    nd_keyring_free(r);
    nd_keyring_free(NULL);
}

/* It has room for so many, one of a name, and makes room when one has run out. */
static void test_keyring__bounds(void **state)
{
    struct nd_keyring *r = nd_keyring_new(NULL);
    struct cr_identity id, got;
    char name[ND_KEY_NAME_MAX + 2];

    (void)state;
    cr_identity_generate(&id);
    for (int i = 0; i < ND_KEYRING_MAX; i++) {
        (void)snprintf(name, sizeof name, "k%d", i);
        assert_int_equal(nd_keyring_put(r, name, &id, 1000, 0), ST_OK);
    }
    assert_int_equal(nd_keyring_put(r, "one more", &id, 1000, 0), ST_FULL);
    assert_int_equal(nd_keyring_put(r, "k3", &id, 5000, 0), ST_OK);
    assert_int_equal(nd_keyring_put(r, "one more", &id, 1000, 1000), ST_OK);
    assert_int_equal(nd_keyring_get(r, "k3", 1000, &got), ST_OK);
    assert_int_equal(nd_keyring_get(r, "k4", 1000, &got), ST_NOTFOUND);
    assert_int_equal(nd_keyring_close(r, NULL), 2);
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(nd_keyring_put(r, name, &id, 1000, 0), ST_RANGE);
    assert_int_equal(nd_keyring_put(r, "", &id, 1000, 0), ST_RANGE);
    nd_keyring_free(r);
}

/* What everybody tries first is refused, with a text in both languages. */
static void test_keyring__weak_pins(void **state)
{
    static const struct {
        const char *pin;
        bool weak;
    } cases[] = {
        {"", true},
        {"12345", true},
        {"烽火连三月", true},
        {"123456", true},
        {"654321", true},
        {"111111", true},
        {"121212", true},
        {"123123", true},
        {"12341234", true},
        {"abcdef", true},
        {"aaaaaaaa", true},
        {"1212121", true},
        {"qwerty", true},
        {"a123456", true},
        {"1234\n56", true},
        {"\xff\xfe\xfd\xfc\xfb\xfa", true},
        {"135790", false},
        {"749203", false},
        {"k3-9fz", false},
        {"烽火连三月家", false},
        {"123457", false},
        {"119-2026", false},
        {"烽火烽火烽火", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *zh, *en;

        if (nd_pin_weak(cr_span_text(cases[i].pin), &zh, &en) != cases[i].weak)
            fail_msg("'%s'", cases[i].pin);
        if ((zh[0] != '\0') != cases[i].weak || (en[0] != '\0') != cases[i].weak)
            fail_msg("'%s': no text", cases[i].pin);
    }
}

/* Wrong PINs are charged and lock for a while, the right one forgives; damage is no attempt. */
static void test_keyring__open_sealed_counts(void **state)
{
    static const struct cr_pass_params smallest = {.ops = 1, .mib = 8};
    struct nd_tries_now now = {.wall_ms = 1, .up_ms = 1};
    struct cr_identity id, got;
    struct ts_tmpdir dir;
    struct nd_tries t;
    char key[TS_PATH_BYTES];

    (void)state;
    ts_tmpdir_init(&dir);
    (void)ts_tmpdir_path(&dir, "li.key", key);
    assert_int_equal(nd_open_sealed(key, cr_span_text("749203"), &now, &got, &t, NULL),
                     ST_NOTFOUND);
    cr_identity_generate(&id);
    assert_int_equal(cr_identity_save_sealed(key, &id, cr_span_text("749203"), &smallest, NULL),
                     ST_OK);
    for (uint32_t i = 0; i < ND_TRIES_FREE; i++) {
        assert_int_equal(nd_open_sealed(key, cr_span_text("749204"), &now, &got, &t, NULL), ST_PIN);
        assert_int_equal(t.attempts, i + 1);
    }
    assert_int_equal(nd_open_sealed(key, cr_span_text("749203"), &now, &got, &t, NULL), ST_WAIT);
    assert_int_equal(t.left_ms, 60000);
    now.up_ms += 60000;
    assert_int_equal(nd_open_sealed(key, cr_span_text("749203"), &now, &got, &t, NULL), ST_OK);
    assert_memory_equal(&got, &id, sizeof id);
    assert_int_equal(nd_tries_look(key, &now, &t, NULL), ST_OK);
    assert_int_equal(t.attempts, 0);
    ts_file_write(key, "FSK1\2", 5);
    assert_int_equal(nd_open_sealed(key, cr_span_text("749203"), &now, &got, &t, NULL),
                     ST_MALFORMED);
    assert_int_equal(nd_tries_look(key, &now, &t, NULL), ST_OK);
    assert_int_equal(t.attempts, 0);
    ts_tmpdir_release(&dir);
}

/* Argon2id wants 64 MiB, which a small machine may not have. */
static bool no_memory;

int __real_crypto_pwhash_argon2id(unsigned char *out, unsigned long long n, const char *pass,
                                  unsigned long long pass_n, const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg);
int __wrap_crypto_pwhash_argon2id(unsigned char *out, unsigned long long n, const char *pass,
                                  unsigned long long pass_n, const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg);
int __wrap_crypto_pwhash_argon2id(unsigned char *out, unsigned long long n, const char *pass,
                                  unsigned long long pass_n, const unsigned char *salt,
                                  unsigned long long ops, size_t mem, int alg)
{
    return no_memory ? -1
                     : __real_crypto_pwhash_argon2id(out, n, pass, pass_n, salt, ops, mem, alg);
}

/* Without memory nothing is tried, so nothing is counted; the wait of what was wrong goes on, and
 * the key, old or new, is unharmed. */
static void test_keyring__no_memory_is_no_attempt(void **state)
{
    static const struct cr_pass_params smallest = {.ops = 1, .mib = 8};
    struct nd_tries_now now = {.wall_ms = 1, .up_ms = 1};
    struct cr_identity id, got, wiped;
    struct ts_tmpdir dir;
    struct nd_tries t;
    char key[TS_PATH_BYTES], other[TS_PATH_BYTES];

    (void)state;
    memset(&wiped, 0, sizeof wiped);
    ts_tmpdir_init(&dir);
    (void)ts_tmpdir_path(&dir, "li.key", key);
    (void)ts_tmpdir_path(&dir, "wu.key", other);
    cr_identity_generate(&id);
    assert_int_equal(cr_identity_save_sealed(key, &id, cr_span_text("749203"), &smallest, NULL),
                     ST_OK);
    no_memory = true;
    for (uint32_t i = 0; i < 2 * ND_TRIES_FREE; i++) {
        memset(&got, 0x77, sizeof got);
        assert_int_equal(nd_open_sealed(key, cr_span_text("749203"), &now, &got, &t, NULL),
                         ST_NOMEM);
        assert_memory_equal(&got, &wiped, sizeof got);
        assert_int_equal(t.attempts, 0);
    }
    assert_int_equal(cr_identity_save_sealed(other, &id, cr_span_text("749203"), &smallest, NULL),
                     ST_NOMEM);
    assert_int_equal(access(other, F_OK), -1);
    assert_int_equal(cr_identity_reseal(key, &id, cr_span_text("860314"), &smallest, NULL),
                     ST_NOMEM);
    no_memory = false;
    for (uint32_t i = 0; i < ND_TRIES_FREE; i++)
        assert_int_equal(nd_open_sealed(key, cr_span_text("749204"), &now, &got, &t, NULL), ST_PIN);
    now.up_ms += 60000;
    no_memory = true;
    assert_int_equal(nd_open_sealed(key, cr_span_text("749203"), &now, &got, &t, NULL), ST_NOMEM);
    no_memory = false;
    assert_int_equal(nd_tries_look(key, &now, &t, NULL), ST_OK);
    assert_int_equal(t.attempts, ND_TRIES_FREE);
    assert_int_equal(t.left_ms, 0); /* it has been waited for already */
    assert_int_equal(nd_open_sealed(key, cr_span_text("749203"), &now, &got, &t, NULL), ST_OK);
    assert_memory_equal(&got, &id, sizeof id);
    ts_tmpdir_release(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keyring__closes_by_itself),
        cmocka_unit_test(test_keyring__bounds),
        cmocka_unit_test(test_keyring__weak_pins),
        cmocka_unit_test(test_keyring__open_sealed_counts),
        cmocka_unit_test(test_keyring__no_memory_is_no_attempt),
    };

    return cmocka_run_group_tests_name("keyring", tests, init, NULL);
}
