/* Range-based set reconciliation over heads.
 *
 * Happy path: the initiator cuts the space of log ids into ranges with a fingerprint each (or lists
 * the heads of a range that has few); the other side answers range by range: equal: skip; unequal
 * and few logs: its heads; unequal and many: cut further; a list: its own heads of the listed logs
 * where they differ. A frame in which nothing asks for an answer is the last one.
 * It ends because a side cuts only its own logs, each cut leaves at most a sixteenth of them in a
 * range, and a range with few is listed; what does not fit a frame is put off as one range at the
 * end, behind at least one that went on. A peer that keeps asking meets rounds_max. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <string.h>

#define SY_CUT_MAX                                                                 \
    (2 * SY_SPLIT + 2) /* ranges that one is cut into: two neighbours hold a chunk \
                        */

static int make_buffers(struct sy_engine *e)
{
    if (e->rx.range == NULL && sc_ranges_init(&e->rx) != ST_OK)
        return ST_NOMEM;
    if (e->tx.range == NULL && sc_ranges_init(&e->tx) != ST_OK)
        return ST_NOMEM;
    return ST_OK;
}

/* Appends a range that ends at the bound. */
static struct sc_range *add_range(struct sc_ranges *tx, enum sc_range_mode mode,
                                  const uint8_t *upper, size_t upper_bytes)
{
    struct sc_range *r;

    CR_ASSERT(tx->range_count < SC_RANGES_MAX);
    r = &tx->range[tx->range_count++];
    *r = (struct sc_range){.mode = mode, .upper_bytes = upper_bytes, .head_first = tx->head_count};
    if (upper_bytes > 0)
        memcpy(r->upper, upper, upper_bytes);
    return r;
}

/* Neighbouring skips become one. */
static void add_skip(struct sc_ranges *tx, const uint8_t *upper, size_t upper_bytes)
{
    struct sc_range *last = tx->range_count > 0 ? &tx->range[tx->range_count - 1] : NULL;

    if (last == NULL || last->mode != SC_RANGE_SKIP) {
        (void)add_range(tx, SC_RANGE_SKIP, upper, upper_bytes);
        return;
    }
    last->upper_bytes = upper_bytes;
    if (upper_bytes > 0)
        memcpy(last->upper, upper, upper_bytes);
}

static void add_head(struct sc_ranges *tx, struct sc_range *r, const struct sc_head *h)
{
    CR_ASSERT(tx->head_count < SC_RANGE_HEADS_MAX);
    tx->head[tx->head_count++] = *h;
    r->head_count++;
}

/* Lists the heads of the held logs at positions lo <= p < hi. Of two logs whose ids start alike
 * only the first. */
static void add_list(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi,
                     const uint8_t *upper, size_t upper_bytes)
{
    struct sc_range *r = add_range(&e->tx, SC_RANGE_HEADS, upper, upper_bytes);

    for (uint32_t at = lo; at < hi; at++) {
        uint32_t lead = e->f.order[at];
        struct sc_head ours[SY_HEADS_LOG_MAX];
        size_t n;

        if (e->f.log[lead].lead != lead || !sy_frontier_shared(&e->f, lead, s->mask))
            continue;
        n = sy_heads_of(e, lead, ours);
        if (r->head_count > 0 &&
            memcmp(e->tx.head[e->tx.head_count - 1].id8, ours[0].id8, sizeof ours[0].id8) == 0)
            continue;
        for (size_t i = 0; i < n; i++)
            add_head(&e->tx, r, &ours[i]);
    }
}

static void add_fingerprint(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi,
                            const uint8_t *upper, size_t upper_bytes)
{
    struct sc_range *r = add_range(&e->tx, SC_RANGE_FINGERPRINT, upper, upper_bytes);

    r->fingerprint = sy_frontier_range(&e->f, s->mask, lo, hi, &r->log_count);
}

/* Heads at lo <= p < hi, and whether they are of more than one log. */
static uint64_t count_heads(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi,
                            bool *many)
{
    uint32_t first = SY_NONE;
    uint64_t n = 0;

    *many = false;
    for (uint32_t at = lo; at < hi; at++) {
        uint32_t lead = e->f.log[e->f.order[at]].lead;

        if (!sy_frontier_in(&e->f, e->f.order[at], s->mask))
            continue;
        *many = *many || (first != SY_NONE && first != lead);
        first = lead;
        n++;
    }
    return n;
}

/* Shortest bound between two ids, a < b: the prefix of b one byte longer than what they share. */
static size_t bound_between(const struct cr_hash *a, const struct cr_hash *b)
{
    size_t n = 0;

    while (n < CR_HASH_BYTES && a->b[n] == b->b[n])
        n++;
    CR_ASSERT(n < CR_HASH_BYTES);
    return n + 1;
}

/* Describes what lies at lo <= p < hi, up to the bound: a list, or a cut into fingerprints, never
 * between two heads of one log. Needs room for SY_CUT_MAX ranges and SY_HEADS_LOG_MAX heads. */
static void describe(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi,
                     const uint8_t *upper, size_t upper_bytes)
{
    bool many;
    uint64_t count = count_heads(e, s, lo, hi, &many);
    uint64_t chunk = (count + SY_SPLIT - 1) / SY_SPLIT;
    uint64_t in_chunk = 0;
    uint32_t start = lo;
    const struct cr_hash *before = NULL;

    if (count <= SY_LIST_MAX || !many) {
        add_list(e, s, lo, hi, upper, upper_bytes);
        return;
    }
    for (uint32_t at = lo; at < hi; at++) {
        uint32_t lead = e->f.order[at];
        const struct cr_hash *id = &e->f.log[lead].l.id;
        uint32_t heads;

        if (e->f.log[lead].lead != lead || !sy_frontier_shared(&e->f, lead, s->mask))
            continue;
        heads = sy_frontier_branches(&e->f, lead);
        if (in_chunk > 0 && in_chunk + heads > chunk) {
            add_fingerprint(e, s, start, at, id->b, bound_between(before, id));
            start = at;
            in_chunk = 0;
        }
        in_chunk += heads;
        before = id;
    }
    add_fingerprint(e, s, start, hi, upper, upper_bytes);
}

static bool asks(const struct sc_ranges *r)
{
    for (size_t i = 0; i < r->range_count; i++) {
        if (r->range[i].mode == SC_RANGE_FINGERPRINT ||
            (r->range[i].mode == SC_RANGE_HEADS && !r->range[i].answer))
            return true;
    }
    return false;
}

static int send_ranges(struct sy_engine *e, struct sy_session *s)
{
    struct cr_buf out;
    int rc;

    cr_buf_init(&out, SC_FRAME_MAX);
    rc = sc_ranges_encode(&e->tx, &out);
    if (rc == ST_OK)
        rc = sy_send_buf(e, s, &out);
    cr_buf_release(&out);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "make ranges: %s", st_text((enum st_code)rc));
    s->rounds++;
    sy_trace(e, s, "ranges out: %zu ranges, %zu heads", e->tx.range_count, e->tx.head_count);
    return ST_OK;
}

int sy_ranges_start(struct sy_engine *e, struct sy_session *s)
{
    if (make_buffers(e) != ST_OK)
        return SY_GIVE_UP(e, s, ST_NOMEM, "make ranges: no memory");
    e->tx.range_count = e->tx.head_count = 0;
    describe(e, s, 0, e->f.count, NULL, 0);
    return send_ranges(e, s);
}

/* Heads of one log in a list, from index i on. */
static size_t same_log(const struct sc_head *h, size_t i, size_t count)
{
    size_t n = 0;

    while (i + n < count && memcmp(h[i + n].id8, h[i].id8, 8) == 0)
        n++;
    return n;
}

/* The peer has listed these heads of a log: where we differ, ours are told in return. */
static void answer_log(struct sy_engine *e, struct sc_range *out, uint32_t lead,
                       const struct sc_head *theirs, size_t n)
{
    struct sc_head ours[SY_HEADS_LOG_MAX];
    struct sc_head none = {.seq_next = 0};
    size_t n_ours = lead != SY_NONE ? sy_heads_of(e, lead, ours) : 0;

    memcpy(none.id8, theirs[0].id8, sizeof none.id8);
    if (n_ours == 0 && theirs[0].seq_next > 0)
        add_head(&e->tx, out, &none);
    if (sy_heads_equal(ours, n_ours, theirs, n))
        return;
    for (size_t i = 0; i < n_ours; i++)
        add_head(&e->tx, out, &ours[i]);
}

/* The peer has listed all its heads of this range: now it is known what it holds of our logs there.
 * With `reply` the listed logs in which we differ are told in return. */
static int take_list(struct sy_engine *e, struct sy_session *s, const struct sc_range *in,
                     uint32_t lo, uint32_t hi, bool reply)
{
    const struct sc_head *heads = &e->rx.head[in->head_first];
    struct sc_range *out =
        reply ? add_range(&e->tx, SC_RANGE_HEADS, in->upper, in->upper_bytes) : NULL;
    size_t i = 0;

    for (uint32_t at = lo; at < hi; at++) {
        uint32_t lead = e->f.order[at];
        const struct cr_hash *id = &e->f.log[lead].l.id;
        size_t n = 0;

        if (e->f.log[lead].lead != lead || !sy_frontier_shared(&e->f, lead, s->mask))
            continue;
        while (i < in->head_count && memcmp(heads[i].id8, id->b, 8) < 0)
            i += same_log(heads, i, in->head_count);
        /* Of two of ours that start alike none can be meant for sure. */
        if (i < in->head_count && sy_frontier_find8(&e->f, id->b, s->mask) == lead &&
            memcmp(heads[i].id8, id->b, 8) == 0)
            n = same_log(heads, i, in->head_count);
        if (sy_peer_heads(e, s, lead, &heads[n > 0 ? i : 0], n) != ST_OK)
            return ST_STATE;
    }
    for (size_t k = 0; out != NULL && k < in->head_count;) {
        size_t n = same_log(heads, k, in->head_count);

        answer_log(e, out, sy_frontier_find8(&e->f, heads[k].id8, s->mask), &heads[k], n);
        k += n;
    }
    if (out != NULL && out->head_count == 0) {
        e->tx.range_count--;
        add_skip(&e->tx, in->upper, in->upper_bytes);
    } else if (out != NULL) {
        out->answer = true;
    }
    return ST_OK;
}

/* Answer to our list: only logs in which the peer differs from it. */
static int take_answer(struct sy_engine *e, struct sy_session *s, const struct sc_range *in)
{
    const struct sc_head *heads = &e->rx.head[in->head_first];

    for (size_t i = 0; i < in->head_count;) {
        size_t n = same_log(heads, i, in->head_count);
        uint32_t log = sy_frontier_find8(&e->f, heads[i].id8, s->mask);

        if (log != SY_NONE && sy_peer_heads(e, s, log, &heads[i], n) != ST_OK)
            return ST_STATE;
        i += n;
    }
    return ST_OK;
}

/* The peer holds nothing in this range. */
static int take_nothing(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi)
{
    for (uint32_t at = lo; at < hi; at++) {
        uint32_t lead = e->f.order[at];

        if (e->f.log[lead].lead == lead && sy_frontier_shared(&e->f, lead, s->mask) &&
            sy_peer_heads(e, s, lead, NULL, 0) != ST_OK)
            return ST_STATE;
    }
    return ST_OK;
}

/* One range of the peer; reply: there is room to answer it. */
static int take_range(struct sy_engine *e, struct sy_session *s, const struct sc_range *in,
                      uint32_t lo, uint32_t hi, bool reply)
{
    struct sc_id fp;
    uint64_t count;

    if (in->mode == SC_RANGE_HEADS && !in->answer)
        return take_list(e, s, in, lo, hi, reply);
    if (in->mode == SC_RANGE_HEADS && take_answer(e, s, in) != ST_OK)
        return ST_STATE;
    if (!reply)
        return ST_OK;
    if (in->mode == SC_RANGE_FINGERPRINT && in->log_count > 0) {
        fp = sy_frontier_range(&e->f, s->mask, lo, hi, &count);
        if (count != in->log_count || !sc_id_equal(&fp, &in->fingerprint)) {
            describe(e, s, lo, hi, in->upper, in->upper_bytes);
            return ST_OK;
        }
    } else if (in->mode == SC_RANGE_FINGERPRINT && take_nothing(e, s, lo, hi) != ST_OK) {
        return ST_STATE;
    }
    add_skip(&e->tx, in->upper, in->upper_bytes);
    return ST_OK;
}

/* Heads that an answer to this range may need: ours of the listed logs, or a list of our own. */
static size_t answer_room(struct sy_engine *e, struct sy_session *s, const struct sc_range *in)
{
    const struct sc_head *heads = &e->rx.head[in->head_first];
    size_t room = 0;

    for (size_t i = 0; i < in->head_count; i += same_log(heads, i, in->head_count)) {
        uint32_t lead = sy_frontier_find8(&e->f, heads[i].id8, s->mask);
        size_t n = lead != SY_NONE ? sy_frontier_branches(&e->f, lead) : 1;

        room += n < SY_HEADS_LOG_MAX ? n : SY_HEADS_LOG_MAX;
    }
    return room > SY_HEADS_LOG_MAX ? room : SY_HEADS_LOG_MAX;
}

static int take_all(struct sy_engine *e, struct sy_session *s)
{
    uint32_t lo = 0;
    bool reply = true;

    e->tx.range_count = e->tx.head_count = 0;
    for (size_t i = 0; i < e->rx.range_count; i++) {
        const struct sc_range *in = &e->rx.range[i];
        uint32_t hi = sy_frontier_bound(&e->f, in->upper, in->upper_bytes);

        if (!sy_heads_ascend(&e->rx.head[in->head_first], in->head_count))
            return SY_BLAME(e, s, ST_MALFORMED, "ranges: heads of range %zu do not ascend", i);
        if (reply && (e->tx.range_count + SY_CUT_MAX + 1 > SC_RANGES_MAX ||
                      e->tx.head_count + answer_room(e, s, in) > SC_RANGE_HEADS_MAX)) {
            add_fingerprint(e, s, lo, e->f.count, NULL, 0); /* the rest is put off */
            reply = false;
        }
        if (take_range(e, s, in, lo, hi, reply) != ST_OK)
            return ST_STATE;
        lo = hi;
    }
    return ST_OK;
}

int sy_ranges_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body)
{
    struct st_err err = {ST_OK, ""};
    int rc;

    if (!s->ranges_due)
        return SY_BLAME(e, s, ST_MALFORMED, "ranges: not expected");
    if (++s->rounds > s->rounds_max)
        return SY_BLAME(e, s, ST_MALFORMED, "ranges: more than %llu rounds",
                        (unsigned long long)s->rounds_max);
    if (make_buffers(e) != ST_OK)
        return SY_GIVE_UP(e, s, ST_NOMEM, "read ranges: no memory");
    rc = sc_ranges_decode(body, &e->rx, &err);
    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "%s", err.msg);
    sy_trace(e, s, "ranges in: %zu ranges, %zu heads", e->rx.range_count, e->rx.head_count);
    if (take_all(e, s) != ST_OK)
        return ST_STATE;
    if (asks(&e->rx)) {
        if (send_ranges(e, s) != ST_OK)
            return ST_STATE;
        s->ranges_due = asks(&e->tx);
    } else {
        s->ranges_due = false;
    }
    if (!s->ranges_due) {
        sy_session_move(e, s, SY_S_STREAM);
        sy_slots_activate(e, s);
    }
    return ST_OK;
}
