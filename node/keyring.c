#include "node/keyring.h"

#include <string.h>

struct slot {
    char name[ND_KEY_NAME_MAX + 1]; /* "": free */
    struct cr_identity id;          /* secret */
    uint64_t idle_ms, used_ms;
    uint64_t opening; /* number of this opening */
};

struct nd_keyring {
    struct slot slot[ND_KEYRING_MAX];
    uint64_t openings; /* so far */
};

struct nd_keyring *nd_keyring_new(bool *locked)
{
    return cr_secret_new(sizeof(struct nd_keyring), locked);
}

void nd_keyring_free(struct nd_keyring *r)
{
    cr_secret_free(r);
}

static uint64_t left_of(const struct slot *s, uint64_t now_ms)
{
    uint64_t idle = now_ms > s->used_ms ? now_ms - s->used_ms : 0;

    return s->name[0] == '\0' || idle >= s->idle_ms ? 0 : s->idle_ms - idle;
}

static struct slot *find(const struct nd_keyring *r, const char *name)
{
    const struct slot *s = r->slot;

    for (size_t i = 0; i < ND_KEYRING_MAX; i++)
        if (strcmp(s[i].name, name) == 0)
            return (struct slot *)(uintptr_t)&s[i];
    return NULL;
}

int nd_keyring_put(struct nd_keyring *r, const char *name, const struct cr_identity *id,
                   uint64_t idle_ms, uint64_t now_ms)
{
    size_t n = strlen(name);
    struct slot *s;

    if (n == 0 || n > ND_KEY_NAME_MAX)
        return ST_RANGE;
    (void)nd_keyring_tick(r, now_ms);
    s = find(r, name);
    if (s == NULL)
        s = find(r, "");
    if (s == NULL)
        return ST_FULL;
    if (s->name[0] == '\0' || !cr_sign_pk_equal(&s->id.sign_pk, &id->sign_pk))
        s->opening = ++r->openings;
    memcpy(s->name, name, n + 1);
    s->id = *id;
    s->idle_ms = idle_ms;
    s->used_ms = now_ms;
    return ST_OK;
}

int nd_keyring_get(struct nd_keyring *r, const char *name, uint64_t now_ms, struct cr_identity *out)
{
    struct slot *s;

    (void)nd_keyring_tick(r, now_ms);
    s = name[0] == '\0' ? NULL : find(r, name);
    if (s == NULL)
        return ST_NOTFOUND;
    s->used_ms = now_ms;
    *out = s->id;
    return ST_OK;
}

uint64_t nd_keyring_left_ms(const struct nd_keyring *r, const char *name, uint64_t now_ms)
{
    const struct slot *s = name[0] == '\0' ? NULL : find(r, name);

    return s == NULL ? 0 : left_of(s, now_ms);
}

uint64_t nd_keyring_opening(const struct nd_keyring *r, const char *name, uint64_t now_ms)
{
    const struct slot *s = name[0] == '\0' ? NULL : find(r, name);

    return s == NULL || left_of(s, now_ms) == 0 ? 0 : s->opening;
}

size_t nd_keyring_close(struct nd_keyring *r, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < ND_KEYRING_MAX; i++) {
        struct slot *s = &r->slot[i];

        if (s->name[0] == '\0' || (name != NULL && strcmp(s->name, name) != 0))
            continue;
        cr_wipe(s, sizeof *s);
        n++;
    }
    return n;
}

uint64_t nd_keyring_tick(struct nd_keyring *r, uint64_t now_ms)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < ND_KEYRING_MAX; i++) {
        uint64_t left = left_of(&r->slot[i], now_ms);

        if (left == 0 && r->slot[i].name[0] != '\0')
            cr_wipe(&r->slot[i], sizeof r->slot[i]);
        else if (left > 0 && left < next)
            next = left;
    }
    return next;
}

/* ---- the rule for PINs ---- */

static size_t characters(struct cr_span s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += (s.p[i] & 0xc0) != 0x80;
    return n;
}

/* The same step from each byte to the next: 111111, 123456, 864202, fedcba. */
static bool is_run(struct cr_span s)
{
    int step = s.p[1] - s.p[0];

    for (size_t i = 2; i < s.n; i++)
        if (s.p[i] - s.p[i - 1] != step)
            return false;
    return step >= -2 && step <= 2;
}

static bool repeats(struct cr_span s, size_t piece)
{
    for (size_t i = piece; i < s.n; i++)
        if (s.p[i] != s.p[i - piece])
            return false;
    return true;
}

static bool is_known(struct cr_span s)
{
    static const char *const known[] = {"520131",    "5201314",  "1314520",   "112233",   "147258",
                                        "159357",    "159753",   "123321",    "123654",   "1q2w3e",
                                        "147258369", "qwerty",   "password",  "aa123456", "a123456",
                                        "abc123",    "1qaz2wsx", "119119119", "iloveyou"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (cr_span_equal(s, cr_span_text(known[i])))
            return true;
    return false;
}

bool nd_pin_weak(struct cr_span pin, const char **zh, const char **en)
{
    size_t count = characters(pin), piece = count == 0 ? 0 : pin.n / 2;
    bool weak = false;

    *zh = *en = "";
    for (size_t i = 0; i < pin.n; i++)
        weak = weak || pin.p[i] < 0x20 || pin.p[i] == 0x7f;
    if (weak || !cr_utf8_valid(pin.p, pin.n)) {
        *zh = "PIN 含有不能使用的字符";
        *en = "the PIN holds characters that cannot be used";
        return true;
    }
    if (count < ND_PIN_CHARS_MIN) {
        *zh = "PIN 至少 6 位，数字、字母、汉字都可以";
        *en = "a PIN has at least 6 characters: digits, letters or others";
        return true;
    }
    if (pin.n > CR_PASS_BYTES_MAX) {
        *zh = "PIN 太长";
        *en = "the PIN is too long";
        return true;
    }
    weak = is_run(pin) || is_known(pin);
    for (; piece > 0 && !weak; piece--)
        weak = repeats(pin, piece);
    if (weak) {
        *zh = "PIN 太容易猜：不要用 123456、111111、121212 这类连号或重复";
        *en = "the PIN is too easy to guess: no runs or repeats such as 123456, 111111, 121212";
    }
    return weak;
}

/* ---- sealed files ---- */

int nd_open_sealed(const char *path, struct cr_span pin, const struct nd_tries_now *now,
                   struct cr_identity *out, struct nd_tries *t, struct st_err *err)
{
    struct cr_identity_public seen;
    int rc = cr_identity_look(path, &seen, err); /* damage is no attempt */

    cr_wipe(out, sizeof *out);
    if (rc == ST_OK)
        rc = nd_tries_charge(path, now, t, err);
    if (rc != ST_OK)
        return rc;
    rc = cr_identity_load_sealed(path, pin, out, err);
    if (rc == ST_OK && nd_tries_forgive(path, NULL) == ST_OK)
        t->attempts = 0;
    if (rc != ST_OK && rc != ST_PIN && nd_tries_refund(path, t, NULL) == ST_OK)
        t->attempts = t->attempts_before; /* no memory, no file: nothing was tried */
    return rc;
}
