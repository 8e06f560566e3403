/* Liars by what they write into logs. */
#include "tests/sim/byz_actors.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The scope of the first village, where the stolen keys may write. */
static uint64_t home(void)
{
    return sim_village_code(0);
}

static const struct byz_key *officer(const struct byz *z)
{
    return &z->key[1];
}

/* The head that the street knew of the officer's log when the machine was stolen. */
static int receipt(const struct byz *z, const struct byz_key *k, uint64_t scope)
{
    struct sc_log_key key = {
        .author = k->id->sign_pk, .scope = scope, .incarnation = k->incarnation};
    struct cr_hash log_id;
    const struct sim_head *h;

    sc_log_id(&z->s->net, &key, &log_id);
    h = sim_heads_find(&z->receipts, &log_id);
    return h == NULL ? -1 : sim_book_find(&z->s->book, &h->chain);
}

int byz_clear(struct byz *z, const struct byz_key *by, uint64_t scope, int prev, uint64_t wall_ms,
              bool see_all)
{
    struct sim_draft d = {.type = SC_R_HAZARD_PASS, .text = "all is well"};
    struct byz_say w = {.by = by, .scope = scope, .prev = prev, .type = d.type, .wall_ms = wall_ms};
    struct sc_id parents[1];
    struct cr_buf body;
    int e = -1;

    if (z->s->hazard_n == 0)
        return -1;
    w.subject = &z->s->hazard[byz_below(z, z->s->hazard_n)].id;
    d.subject = w.subject;
    parents[0] = *w.subject;
    w.parents = parents;
    w.parent_count = see_all ? 1 : 0;
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    if (sim_body(z->s, &d, &body, NULL) == ST_OK) {
        w.body = cr_buf_span(&body);
        e = byz_say(z, &w);
    }
    cr_buf_release(&body);
    return e;
}

/* 1: an entry below the head that the revocation names, and a branch on top of it. */
void byz_act_rewrite(struct byz *z)
{
    int head = receipt(z, officer(z), home()), e;
    size_t depth;

    if (head < 0 || z->step % 4 != 1)
        return;
    depth = byz_below(z, (size_t)z->s->book.e[head].seq + 1);
    e = byz_at(z, head, depth);
    e = e < 0 ? -1 : z->s->book.e[e].prev;
    for (size_t i = 0; i < 2; i++) {
        int next = byz_report(z, officer(z), home(), 0, e);

        e = next >= 0 ? next : e;
    }
    byz_show(z, byz_clear(z, officer(z), home(), e, 0, true), BYZ_ALL);
}

/* 2: entries that claim to be older than the theft. */
void byz_act_backdate(struct byz *z)
{
    uint64_t past = SIM_WALL_MS + z->theft_ms - 1000 - byz_below(z, 1000);
    int e;

    if (z->step % 3 != 0)
        return;
    e = byz_clear(z, officer(z), home(), BYZ_HEAD, past, true);
    byz_show(z, e, BYZ_ALL);
    byz_show(z, byz_clear(z, officer(z), home(), receipt(z, officer(z), home()), past, true),
             BYZ_ALL);
}

/* 3: further logs of the same key. */
void byz_act_incarnations(struct byz *z)
{
    uint64_t inc = officer(z)->incarnation + 1 + byz_below(z, 4);
    struct sc_log_key key = {
        .author = officer(z)->id->sign_pk, .scope = home(), .incarnation = inc};

    if (z->step % 3 == 0)
        byz_show(z, byz_report(z, officer(z), home(), inc, byz_head(z, &key)), BYZ_ALL);
}

/* 4: one more entry at each position of the log. */
void byz_act_fork_all(struct byz *z)
{
    int head = receipt(z, officer(z), home());
    uint64_t seq = (uint64_t)z->step;

    if (head < 0 || seq > z->s->book.e[head].seq + 2)
        return;
    byz_show(z, byz_report(z, officer(z), home(), 0, seq == 0 ? -1 : byz_at(z, head, seq - 1)),
             BYZ_ALL);
}

/* 5: every node gets a branch of its own. */
void byz_act_split(struct byz *z)
{
    int head = receipt(z, officer(z), home());

    if (z->step % 6 != 0)
        return;
    for (size_t i = 0; i < z->s->node_count; i++)
        if (i != BYZ_STOLEN)
            byz_show(z, byz_report(z, officer(z), home(), 0, head), 1u << i);
}

/* 6: writes on, and shows to each node another part of it. */
void byz_act_suffix(struct byz *z)
{
    int e = byz_report(z, officer(z), home(), 0, BYZ_HEAD);

    if (e >= 0)
        byz_show(z, byz_at(z, e, z->s->book.e[e].seq - byz_below(z, 3)),
                 1u << byz_below(z, z->s->node_count));
}

/* 7: passes on what others wrote, but nothing of the authority's. */
void byz_act_no_authority(struct byz *z)
{
    int e = byz_any(z, NULL, false);

    if (e >= 0 && z->s->book.e[e].key.scope != SC_SCOPE_PUBLIC && z->s->book.e[e].has_sig)
        byz_show(z, e, BYZ_ALL);
    byz_act_suffix(z);
}

/* 12: lamport counters as far ahead as the format allows, and beyond. */
void byz_act_lamport(struct byz *z)
{
    struct sim_draft d = {.type = SC_R_HAZARD_REPORT, .grid = home(), .number = 2, .text = "late"};
    struct byz_say w = {.by = officer(z), .scope = home(), .prev = BYZ_HEAD, .type = d.type};
    uint64_t inc = officer(z)->incarnation + 20;
    struct sc_log_key key = {
        .author = officer(z)->id->sign_pk, .scope = home(), .incarnation = inc};
    struct cr_buf body;
    int head;

    if (z->step % 3 != 0)
        return;
    head = byz_chance(z, 1, 2) ? byz_head(z, &key) : byz_stolen_head(z, officer(z), home());
    if (head >= 0 && z->s->book.e[head].key.incarnation != inc)
        w.prev = head;
    else
        w.incarnation = inc;
    w.lamport = w.incarnation == 0 || head >= 0 ? z->s->book.e[head].lamport + SC_LAMPORT_STEP_MAX
                                                : SC_LAMPORT_FIRST_MAX;
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    if (sim_body(z->s, &d, &body, NULL) == ST_OK) {
        w.body = cr_buf_span(&body);
        byz_show(z, byz_say(z, &w), BYZ_ALL);
    }
    cr_buf_release(&body);
}

/* 16: as much as the quota of held entries lets through, and then more. */
void byz_act_held_flood(struct byz *z)
{
    uint8_t text[10000];
    struct cr_span payload = {text, sizeof text};
    const struct byz_key *k = officer(z);
    int e = z->flood_head;

    if (z->step > 24)
        return;
    if (z->step == 1) /* a fork at the very beginning: all that follows is held */
        e = byz_report(z, k, home(), 0, -1);
    memset(text, 0xc0, sizeof text);
    for (size_t i = 0; i < 40 && e >= 0; i++) {
        ts_prng_bytes(&z->rng, text, 16);
        e = byz_raw(z, k, home(), 0, e, payload);
    }
    z->flood_head = e;
    byz_show(z, e, BYZ_ALL);
}

/* 17: logs of keys that nobody certified. */
void byz_act_unknown_flood(struct byz *z)
{
    struct byz_key stranger = {.id = &z->own[byz_below(z, 2)], .incarnation = 1};

    for (size_t i = 0; i < 6; i++) {
        int e = byz_report(z, &stranger, home(), 1 + ts_prng_u64(&z->rng) % 1000000, -1);

        e = e < 0 ? e : byz_report(z, &stranger, home(), z->s->book.e[e].key.incarnation, e);
        byz_show(z, e, BYZ_ALL);
    }
}

/* 22: clearances by somebody who has not seen the danger, or has no right to clear. */
void byz_act_blind_clear(struct byz *z)
{
    if (z->step % 2 == 0)
        byz_show(z, byz_clear(z, officer(z), home(), BYZ_HEAD, 0, byz_chance(z, 1, 3)), BYZ_ALL);
}

/* 24: texts that want to be something else. */
void byz_act_texts(struct byz *z)
{
    static const char *const texts[] = {
        "\xe2\x80\xaetxt.exe", /* the next letter is no hex digit */
        "=HYPERLINK(\"http://x\",\"y\")",
        "<script>alert(1)</script>",
        "';DROP TABLE entry;--",
        "\x1b[2J\x1b]0;root\x07",
        "%s%n%s%n",
        "a\r\nb\tc",
        "\xff\xfe\xc0\x80",
    };
    struct cr_buf payload;
    char *long_text = NULL;
    const char *text;

    if (z->step % 2 != 0)
        return;
    text = texts[byz_below(z, sizeof texts / sizeof texts[0])];
    if (byz_chance(z, 1, 6)) { /* longer than a text may be; a megabyte would not fit a frame */
        long_text = malloc(20001);
        CR_ASSERT(long_text != NULL);
        memset(long_text, 'x', 20000);
        long_text[20000] = '\0';
        text = long_text;
    }
    cr_buf_init(&payload, SC_PAYLOAD_MAX);
    byz_report_payload(text, &payload);
    byz_show(z, byz_raw(z, officer(z), home(), 0, BYZ_HEAD, cr_buf_span(&payload)), BYZ_ALL);
    cr_buf_release(&payload);
    free(long_text);
}

/* A report whose text nobody checks. */
void byz_report_payload(const char *text, struct cr_buf *out)
{
    struct sc_writer w;

    sc_writer_init(&w, out);
    sc_write_array(&w, 6);
    sc_write_u64(&w, SC_R_HAZARD_REPORT);
    sc_write_u64(&w, 1);
    sc_write_nil(&w);
    sc_write_bin(&w, (struct cr_span){NULL, 0});
    sc_write_nil(&w);
    sc_write_map(&w, 4);
    sc_write_u64(&w, SC_K_GRID);
    sc_write_u64(&w, home());
    sc_write_u64(&w, SC_K_TEXT);
    sc_write_text(&w, cr_span_text(text));
    sc_write_u64(&w, SC_K_CODE);
    sc_write_text(&w, cr_span_text(sc_hazard_code_at(0)->code));
    sc_write_u64(&w, SC_K_SEVERITY);
    sc_write_u64(&w, 2);
    CR_ASSERT(w.status == ST_OK);
}
