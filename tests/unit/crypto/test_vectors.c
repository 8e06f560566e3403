/* The large published sets, which are not part of the tree (tests/vectors/README.md says where they
 * come from). Each test skips when FENGSUI_VECTORS does not name a directory with its file. */
#include "tests/unit/crypto/noise_transcript.h"

#include "crypto/sign.h"

#include <jansson.h>
#include <stdio.h>

/* The parsed file; skips the test when there is none. Released by json_decref. */
static json_t *load(const char *name)
{
    const char *dir = getenv("FENGSUI_VECTORS");
    char path[1024];
    json_error_t error;
    json_t *root;

    if (dir == NULL || dir[0] == '\0') {
        print_message("SKIP %s: FENGSUI_VECTORS is not set\n", name);
        skip();
    }
    assert_true(snprintf(path, sizeof path, "%s/%s", dir, name) < (int)sizeof path);
    root = json_load_file(path, 0, &error);
    if (root == NULL && json_error_code(&error) == json_error_cannot_open_file) {
        print_message("SKIP %s: not in FENGSUI_VECTORS\n", name);
        skip();
    }
    if (root == NULL)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return root;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    if (s == NULL)
        fail_msg("no text \"%s\" in a vector", key);
    return s;
}

static int id_of(const json_t *test)
{
    return (int)json_integer_value(json_object_get(test, "tcId"));
}

static bool is_valid(const json_t *test)
{
    return strcmp(text_of(test, "result"), "valid") == 0;
}

/* Calls act for each test of each group of a Wycheproof file; returns how many there were. */
static size_t each_test(json_t *root, void (*act)(const json_t *group, const json_t *test))
{
    json_t *group, *test;
    size_t i, j, n = 0;

    json_array_foreach(json_object_get(root, "testGroups"), i, group)
    {
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            act(group, test);
            n++;
        }
    }
    return n;
}

static void ed25519_case(const json_t *group, const json_t *test)
{
    uint8_t msg_bytes[4096], sig_bytes[256];
    struct cr_span msg = unhex(text_of(test, "msg"), msg_bytes, sizeof msg_bytes);
    struct cr_span sig_span = unhex(text_of(test, "sig"), sig_bytes, sizeof sig_bytes);
    struct cr_sign_pk pk;
    struct cr_sig sig;
    bool valid = false;

    unhex_exact(text_of(json_object_get(group, "publicKey"), "pk"), pk.b, sizeof pk.b);
    if (sig_span.n == sizeof sig.b) { /* other lengths cannot even be said with our types */
        memcpy(sig.b, sig_span.p, sizeof sig.b);
        valid = cr_verify(&pk, "", msg, &sig) == ST_OK;
    }
    if (valid != is_valid(test))
        fail_msg("tcId %d: %s", id_of(test), valid ? "accepted" : "refused");
}

/* Wycheproof Ed25519: every verdict is the published one. */
static void test_vectors__wycheproof_ed25519(void **state)
{
    json_t *root = load("wycheproof_ed25519_test.json");

    (void)state;
    assert_true(each_test(root, ed25519_case) >= 150);
    json_decref(root);
}

static void x25519_case(const json_t *group, const json_t *test)
{
    uint8_t scalar[32], point[32], wanted[32], shared[32];
    int rc;

    (void)group;
    unhex_exact(text_of(test, "private"), scalar, sizeof scalar);
    unhex_exact(text_of(test, "public"), point, sizeof point);
    unhex_exact(text_of(test, "shared"), wanted, sizeof wanted);
    rc = crypto_scalarmult(shared, scalar, point);
    if (is_wiped(wanted, sizeof wanted)) {
        if (rc == 0)
            fail_msg("tcId %d: a point of low order is accepted", id_of(test));
    } else if (rc != 0 || memcmp(shared, wanted, sizeof shared) != 0) {
        fail_msg("tcId %d: another shared secret", id_of(test));
    }
}

/* Wycheproof X25519: every shared secret is the published one, and a zero secret is refused. */
static void test_vectors__wycheproof_x25519(void **state)
{
    json_t *root = load("wycheproof_x25519_test.json");

    (void)state;
    assert_true(each_test(root, x25519_case) >= 500);
    json_decref(root);
}

static void aead_case(const json_t *group, const json_t *test)
{
    uint8_t key[32], nonce[32], ad_bytes[1024], plain_bytes[1024], sealed_bytes[1040], out[1040];
    struct cr_span iv = unhex(text_of(test, "iv"), nonce, sizeof nonce);
    struct cr_span ad = unhex(text_of(test, "aad"), ad_bytes, sizeof ad_bytes);
    struct cr_span plain = unhex(text_of(test, "msg"), plain_bytes, sizeof plain_bytes);
    struct cr_span ct = unhex(text_of(test, "ct"), sealed_bytes, sizeof sealed_bytes - 16);
    struct cr_span tag = unhex(text_of(test, "tag"), sealed_bytes + ct.n, 16);
    struct cr_span sealed = cr_span_of(sealed_bytes, ct.n + tag.n);
    bool opens;

    (void)group;
    if (iv.n != 12) { /* the set says such nonces are invalid; our interface cannot take them */
        assert_false(is_valid(test));
        return;
    }
    unhex_exact(text_of(test, "key"), key, sizeof key);
    opens = crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.p, sealed.n, ad.p,
                                                      ad.n, nonce, key) == 0;
    if (opens != is_valid(test))
        fail_msg("tcId %d: %s", id_of(test), opens ? "opens" : "is refused");
    if (!opens)
        return;
    if (plain.n > 0 && memcmp(out, plain.p, plain.n) != 0)
        fail_msg("tcId %d: another plaintext", id_of(test));
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.p, plain.n, ad.p, ad.n, NULL,
                                                    nonce, key);
    if (memcmp(out, sealed.p, sealed.n) != 0)
        fail_msg("tcId %d: another ciphertext", id_of(test));
}

/* Wycheproof ChaCha20-Poly1305: opens what is valid, refuses the rest, seals to the same bytes. */
static void test_vectors__wycheproof_chacha20_poly1305(void **state)
{
    json_t *root = load("wycheproof_chacha20_poly1305_test.json");

    (void)state;
    assert_true(each_test(root, aead_case) >= 300);
    json_decref(root);
}

/* The cacophony set: every transcript of a pattern we speak is reproduced to the byte. */
static void test_vectors__cacophony(void **state)
{
    json_t *root = load("noise_25519_chachapoly_blake2b_cacophony.json"), *v;
    size_t i, played = 0;

    (void)state;
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        const char *name = text_of(v, "protocol_name");
        json_t *messages = json_object_get(v, "messages");
        struct kat_noise noise = {
            .prologue = text_of(v, "init_prologue"),
            .hash = text_of(v, "handshake_hash"),
        };

        if (strcmp(name, "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b") == 0)
            noise.psk = json_string_value(json_array_get(json_object_get(v, "init_psks"), 0));
        else if (strcmp(name, "Noise_IK_25519_ChaChaPoly_BLAKE2b") != 0)
            continue;
        noise.init_static = text_of(v, "init_static");
        noise.init_ephemeral = text_of(v, "init_ephemeral");
        noise.resp_static = text_of(v, "resp_static");
        noise.resp_static_pk = text_of(v, "init_remote_static");
        noise.resp_ephemeral = text_of(v, "resp_ephemeral");
        assert_string_equal(noise.prologue, text_of(v, "resp_prologue"));
        assert_int_equal(json_array_size(messages), KAT_NOISE_MESSAGES);
        for (size_t k = 0; k < KAT_NOISE_MESSAGES; k++) {
            noise.messages[k].payload = text_of(json_array_get(messages, k), "payload");
            noise.messages[k].noise = text_of(json_array_get(messages, k), "ciphertext");
        }
        play_transcript(&noise);
        played++;
    }
    assert_true(played >= 2);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors__wycheproof_ed25519),
        cmocka_unit_test(test_vectors__wycheproof_x25519),
        cmocka_unit_test(test_vectors__wycheproof_chacha20_poly1305),
        cmocka_unit_test(test_vectors__cacophony),
    };

    return cmocka_run_group_tests_name("vectors", tests, support_init, NULL);
}
