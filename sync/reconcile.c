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

static int make_buffers(struct sy_engine *e)
{
    if (e->rx.range == NULL && sc_ranges_init(&e->rx) != ST_OK)
        return ST_NOMEM;
    if (e->tx.range == NULL && sc_ranges_init(&e->tx) != ST_OK)
        return ST_NOMEM;
    return ST_OK;
}

static struct sc_head head_of(const struct sy_log *log)
{
    struct sc_head h = {.seq_next = log->link.seq_next};

    memcpy(h.id8, log->id.b, sizeof h.id8);
    memcpy(h.chain8, log->link.chain.b, sizeof h.chain8);
    return h;
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

/* Lists the held logs at positions lo <= p < hi. Of two whose ids start alike only the first. */
static void add_list(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi,
                     const uint8_t *upper, size_t upper_bytes)
{
    struct sc_range *r = add_range(&e->tx, SC_RANGE_HEADS, upper, upper_bytes);

    for (uint32_t at = lo; at < hi; at++) {
        uint32_t log = e->f.order[at];
        struct sc_head h;

        if (!sy_frontier_in(&e->f, log, s->mask))
            continue;
        h = head_of(&e->f.log[log].l);
        if (r->head_count > 0 &&
            memcmp(e->tx.head[e->tx.head_count - 1].id8, h.id8, sizeof h.id8) == 0)
            continue;
        add_head(&e->tx, r, &h);
    }
}

static void add_fingerprint(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi,
                            const uint8_t *upper, size_t upper_bytes)
{
    struct sc_range *r = add_range(&e->tx, SC_RANGE_FINGERPRINT, upper, upper_bytes);

    r->fingerprint = sy_frontier_range(&e->f, s->mask, lo, hi, &r->log_count);
}

static uint64_t count_logs(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi)
{
    uint64_t n = 0;

    for (uint32_t at = lo; at < hi; at++)
        n += sy_frontier_in(&e->f, e->f.order[at], s->mask) ? 1 : 0;
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

/* Describes what lies at lo <= p < hi, up to the bound: a list, or a cut into fingerprints. Needs
 * room for SY_SPLIT ranges and SY_LIST_MAX heads. */
static void describe(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi,
                     const uint8_t *upper, size_t upper_bytes)
{
    uint64_t count = count_logs(e, s, lo, hi);
    uint64_t chunk = (count + SY_SPLIT - 1) / SY_SPLIT;
    uint64_t in_chunk = 0;
    uint32_t start = lo;
    const struct cr_hash *before = NULL;

    if (count <= SY_LIST_MAX) {
        add_list(e, s, lo, hi, upper, upper_bytes);
        return;
    }
    for (uint32_t at = lo; at < hi; at++) {
        uint32_t log = e->f.order[at];
        const struct cr_hash *id = &e->f.log[log].l.id;

        if (!sy_frontier_in(&e->f, log, s->mask))
            continue;
        if (in_chunk == chunk) {
            add_fingerprint(e, s, start, at, id->b, bound_between(before, id));
            start = at;
            in_chunk = 0;
        }
        in_chunk++;
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

/* The peer has listed all its heads of this range: now it is known what it holds of our logs there.
 * With `reply` the listed logs in which we differ are told in return. */
static int take_list(struct sy_engine *e, struct sy_session *s, const struct sc_range *in,
                     uint32_t lo, uint32_t hi, bool reply)
{
    const struct sc_head *heads = &e->rx.head[in->head_first];
    struct sc_range *out =
        reply ? add_range(&e->tx, SC_RANGE_HEADS, in->upper, in->upper_bytes) : NULL;
    static const uint8_t none8[8];
    uint32_t at = lo;

    for (size_t i = 0; i <= in->head_count; i++) {
        const struct sc_head *theirs = i < in->head_count ? &heads[i] : NULL;
        struct sc_head ours = {0};
        bool found = false;

        for (; at < hi; at++) {
            uint32_t log = e->f.order[at];
            int order = theirs == NULL ? -1 : memcmp(e->f.log[log].l.id.b, theirs->id8, 8);

            if (order > 0)
                break;
            if (!sy_frontier_in(&e->f, log, s->mask))
                continue;
            /* Of two of ours that start alike none can be meant for sure. */
            found = order == 0 && sy_frontier_find8(&e->f, e->f.log[log].l.id.b, s->mask) == log;
            if (sy_peer_holds(e, s, log, found ? theirs->seq_next : 0,
                              found ? theirs->chain8 : none8) != ST_OK)
                return ST_STATE;
            if (found)
                ours = head_of(&e->f.log[log].l);
        }
        if (theirs == NULL || out == NULL)
            continue;
        memcpy(ours.id8, theirs->id8, sizeof ours.id8);
        if (ours.seq_next != theirs->seq_next || memcmp(ours.chain8, theirs->chain8, 8) != 0)
            add_head(&e->tx, out, &ours);
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
    for (size_t i = 0; i < in->head_count; i++) {
        const struct sc_head *h = &e->rx.head[in->head_first + i];
        uint32_t log = sy_frontier_find8(&e->f, h->id8, s->mask);

        if (log != SY_NONE && sy_peer_holds(e, s, log, h->seq_next, h->chain8) != ST_OK)
            return ST_STATE;
    }
    return ST_OK;
}

/* The peer holds nothing in this range. */
static int take_nothing(struct sy_engine *e, struct sy_session *s, uint32_t lo, uint32_t hi)
{
    static const uint8_t none8[8];

    for (uint32_t at = lo; at < hi; at++) {
        if (sy_frontier_in(&e->f, e->f.order[at], s->mask) &&
            sy_peer_holds(e, s, e->f.order[at], 0, none8) != ST_OK)
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

static bool heads_ascend(const struct sc_ranges *r, const struct sc_range *in)
{
    for (size_t i = 1; i < in->head_count; i++) {
        if (memcmp(r->head[in->head_first + i - 1].id8, r->head[in->head_first + i].id8, 8) >= 0)
            return false;
    }
    return true;
}

static int take_all(struct sy_engine *e, struct sy_session *s)
{
    uint32_t lo = 0;
    bool reply = true;

    e->tx.range_count = e->tx.head_count = 0;
    for (size_t i = 0; i < e->rx.range_count; i++) {
        const struct sc_range *in = &e->rx.range[i];
        uint32_t hi = sy_frontier_bound(&e->f, in->upper, in->upper_bytes);
        size_t heads = in->head_count > SY_LIST_MAX ? in->head_count : SY_LIST_MAX;

        if (!heads_ascend(&e->rx, in))
            return SY_BLAME(e, s, ST_MALFORMED, "ranges: heads of range %zu do not ascend", i);
        if (reply && (e->tx.range_count + SY_SPLIT + 1 > SC_RANGES_MAX ||
                      e->tx.head_count + heads > SC_RANGE_HEADS_MAX)) {
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
