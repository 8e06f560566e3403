#include "tests/unit/schema/support.h"

struct cr_span unhex(const char *hex, uint8_t buf[static GOLDEN_BYTES])
{
    return cr_span_of(buf, ts_unhex(hex, buf, GOLDEN_BYTES));
}

void unhex_to(const char *hex, void *out, size_t n)
{
    assert_int_equal(ts_unhex(hex, out, n), n);
}

void golden_identity(const char *seed, struct cr_identity *out)
{
    static const uint8_t kx[32] = {1};
    uint8_t bytes[32];

    unhex_to(seed, bytes, sizeof bytes);
    cr_identity_from_secrets(bytes, kx, out);
}

void golden_key(struct sc_log_key *out)
{
    *out = (struct sc_log_key){.scope = GOLDEN_SCOPE, .incarnation = GOLDEN_INC};
    unhex_to(golden_author_pk, out->author.b, sizeof out->author.b);
}

void golden_run(struct sc_run *run, uint8_t buf[static 3][GOLDEN_BYTES])
{
    static const char *const payloads[] = {golden_payload0, golden_payload1, golden_payload2};
    static const uint64_t lamports[] = {7, 8, 300};
    static const uint64_t walls[] = {1735689600000, 1735689660000, 1735689655000};

    memset(run, 0, sizeof *run);
    run->has_key = true;
    golden_key(&run->key);
    run->count = 3;
    for (size_t i = 0; i < 3; i++) {
        run->e[i].lamport = lamports[i];
        run->e[i].wall_ms = walls[i];
        run->e[i].payload = unhex(payloads[i], buf[i]);
    }
    unhex_to(golden_checkpoint2, run->sig.b, sizeof run->sig.b);
}

struct strict {
    const char *name;
    roundtrip_fn fn;
    size_t accepted;
};

static void same_or_refused(struct strict *s, struct cr_span in, const char *what, size_t index)
{
    struct cr_buf again;

    cr_buf_init(&again, ENCODED_BYTES);
    if (s->fn(in, &again) == ST_OK) {
        s->accepted++;
        if (!cr_span_equal(cr_buf_span(&again), in))
            ts_fail("%s: %s %zu is accepted and comes out differently", s->name, what, index);
    }
    cr_buf_release(&again);
}

static void on_prefix(void *ctx, uint8_t *p, size_t n, size_t index)
{
    struct strict *s = ctx;
    size_t before = s->accepted;

    same_or_refused(s, cr_span_of(p, n), "prefix", index);
    if (s->accepted != before)
        ts_fail("%s: prefix of %zu bytes is accepted", s->name, n);
}

static void on_flip(void *ctx, uint8_t *p, size_t n, size_t index)
{
    same_or_refused(ctx, cr_span_of(p, n), "flipped bit", index);
}

/* Bytes overwritten, doubled or left out at seeded places. */
static void damage(struct strict *s, struct cr_span valid)
{
    static const uint8_t dear[] = {0x00, 0x7f, 0x80, 0x90, 0xa0, 0xc0, 0xc1, 0xc4, 0xca, 0xcc,
                                   0xcf, 0xd0, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff};
    struct ts_prng r;
    uint8_t *copy = malloc(valid.n + 8);

    assert_non_null(copy);
    ts_prng_init(&r, valid.n);
    for (size_t round = 0; round < 2000; round++) {
        size_t n = valid.n, at = (size_t)ts_prng_below(&r, n);

        memcpy(copy, valid.p, n);
        switch (ts_prng_below(&r, 3)) {
        case 0: copy[at] = dear[ts_prng_below(&r, sizeof dear)]; break;
        case 1:
            memmove(copy + at + 1, copy + at, n - at);
            n++;
            break;
        default:
            memmove(copy + at, copy + at + 1, n - at - 1);
            n--;
            break;
        }
        same_or_refused(s, cr_span_of(copy, n), "damage", round);
    }
    free(copy);
}

void check_strict(const char *name, struct cr_span valid, roundtrip_fn fn)
{
    struct strict s = {.name = name, .fn = fn};
    uint8_t *longer = malloc(valid.n + 1);

    assert_non_null(longer);
    same_or_refused(&s, valid, "valid", 0);
    if (s.accepted != 1)
        ts_fail("%s: valid input is refused", name);
    memcpy(longer, valid.p, valid.n);
    for (unsigned last = 0; last < 256; last++) {
        longer[valid.n] = (uint8_t)last;
        same_or_refused(&s, cr_span_of(longer, valid.n + 1), "longer", last);
        if (s.accepted != 1)
            ts_fail("%s: accepted with %02x behind", name, last);
    }
    free(longer);
    ts_each_prefix(valid.p, valid.n, on_prefix, &s);
    ts_each_bit_flip(valid.p, valid.n, on_flip, &s);
    damage(&s, valid);
}
