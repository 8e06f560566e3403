/* Are both sides equal, and what both will remember of it.
 *
 * A fingerprint that a side has told (in its hello, over the shared scopes, or as SYNCED) counts as
 * told until its frontier changes. When what I told, what the peer told and what I hold are one and
 * the same, both sides know it: each puts down its frontier as the common one. A side tells its
 * fingerprint again when that settles the matter (the peer's is already mine), once when it has
 * sent all the peer lacked, and later only after a while of quiet. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <string.h>

static bool is_fp(bool ok, const struct sc_id *told, const struct sc_id *now)
{
    return ok && sc_id_equal(told, now);
}

/* Puts the head in its place among those of its log: they come by index. */
static void put_common(struct sy_common *common, size_t n, const struct sy_log *log)
{
    struct sy_common c = {.log_id = log->id, .seq = log->link.seq_next - 1};

    memcpy(c.chain8, log->link.chain.b, sizeof c.chain8);
    for (; n > 0 && cr_hash_equal(&common[n - 1].log_id, &c.log_id); n--) {
        if (common[n - 1].seq < c.seq ||
            (common[n - 1].seq == c.seq && memcmp(common[n - 1].chain8, c.chain8, 8) < 0))
            break;
        common[n] = common[n - 1];
    }
    common[n] = c;
}

static int emit_common(struct sy_engine *e, struct sy_session *s, const struct sc_id *now,
                       uint64_t count)
{
    struct sy_common *common;
    struct sy_update *u;
    size_t n = 0;

    if (is_fp(s->stored_fp_ok, &s->stored_fp, now))
        return ST_OK;
    common = sy_temp(e, ((size_t)count + 1) * sizeof *common);
    if (common == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "no memory for the common frontier");
    for (uint32_t at = 0; at < e->f.count; at++) {
        if (sy_frontier_in(&e->f, e->f.order[at], s->mask)) {
            CR_ASSERT(n < count);
            put_common(common, n++, &e->f.log[e->f.order[at]].l);
        }
    }
    u = sy_push(e, SY_UP_COMMON, s);
    u->common = common;
    u->common_count = n;
    s->stored_fp = *now;
    s->stored_fp_ok = true;
    return ST_OK;
}

static int tell(struct sy_engine *e, struct sy_session *s, const struct sc_id *now, uint64_t count)
{
    struct sc_synced m = {.fingerprint = *now, .log_count = count};
    struct cr_buf out;
    int rc;

    cr_buf_init(&out, SC_FRAME_MAX);
    rc = sc_synced_encode(&m, &out);
    if (rc == ST_OK)
        rc = sy_send_buf(e, s, &out);
    cr_buf_release(&out);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "tell a fingerprint: no memory");
    s->sent_fp = *now;
    s->sent_fp_ok = true;
    s->prompt_done = true;
    sy_trace(e, s, "synced out: %llu logs", (unsigned long long)count);
    return ST_OK;
}

static bool idle(const struct sy_session *s)
{
    return s->ops == 0 && s->out_bytes == 0 && s->in_bytes == 0 && sy_queue_empty(s) &&
           s->spines_open == 0;
}

/* Tells the fingerprint when it is time to, else notes when it will be. */
static int maybe_tell(struct sy_engine *e, struct sy_session *s, const struct sc_id *now,
                      uint64_t count)
{
    uint64_t due =
        s->quiet_since_ms + (count > SY_QUIET_LARGE_LOGS ? SY_QUIET_LARGE_MS : SY_QUIET_MS);

    if (is_fp(s->sent_fp_ok, &s->sent_fp, now))
        return ST_OK;
    if (is_fp(s->recv_fp_ok, &s->recv_fp, now) || (s->sent_any && !s->prompt_done) ||
        e->now_ms >= due)
        return tell(e, s, now, count);
    s->settle_due_ms = due;
    return ST_OK;
}

/* Both have told what they hold, nothing is under way, and it is not the same: something was
 * refused here or there that may be welcome by now (a cut that was itself cut). The next session
 * offers it again, so this one ends; after ever longer pauses as long as nothing changes, because a
 * quota or an older program may keep the two unequal for good. */
static int maybe_part(struct sy_engine *e, struct sy_session *s)
{
    uint64_t due;

    if (e->part_changes != e->f.changes || e->part_wait_ms == 0) {
        e->part_changes = e->f.changes;
        e->part_wait_ms = SY_PART_MS;
    }
    due = s->quiet_since_ms + e->part_wait_ms;
    if (e->now_ms < due) {
        s->settle_due_ms = due;
        return ST_OK;
    }
    if (e->part_wait_ms < SY_PART_MAX_MS)
        e->part_wait_ms *= 2;
    return SY_GIVE_UP(e, s, ST_BUSY, "not equal though nothing is under way: compare anew");
}

int sy_synced_settle(struct sy_engine *e, struct sy_session *s)
{
    struct sc_id now;
    uint64_t count;

    if (s->phase < SY_S_STREAM ||
        (!s->touched && s->settle_changes == e->f.changes && e->now_ms < s->settle_due_ms))
        return ST_OK;
    s->settle_due_ms = UINT64_MAX;
    s->touched = false;
    s->settle_changes = e->f.changes;
    now = sy_frontier_fingerprint(&e->f, s->mask, &count);
    if (!is_fp(s->sent_fp_ok, &s->sent_fp, &now) || !is_fp(s->recv_fp_ok, &s->recv_fp, &now))
        s->synced = false;
    if (!idle(s))
        return ST_OK;
    if (maybe_tell(e, s, &now, count) != ST_OK)
        return ST_STATE;
    if (!is_fp(s->sent_fp_ok, &s->sent_fp, &now))
        return ST_OK;
    if (s->phase == SY_S_STREAM)
        sy_session_move(e, s, SY_S_LIVE);
    if (!s->synced && s->recv_fp_ok && !is_fp(true, &s->recv_fp, &now))
        return maybe_part(e, s);
    if (s->synced || !s->recv_fp_ok)
        return ST_OK;
    s->synced = true;
    for (uint32_t i = 0; i < s->slot_count; i++)
        s->slot[i].asks = s->slot[i].spines = 0;
    if (emit_common(e, s, &now, count) != ST_OK)
        return ST_STATE;
    sy_push(e, SY_UP_SYNCED, s);
    sy_trace(e, s, "equal: %llu logs", (unsigned long long)count);
    return ST_OK;
}

int sy_synced_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body)
{
    struct sc_synced m;
    struct st_err err = {ST_OK, ""};
    struct sc_id now;
    uint64_t count;
    int rc = sc_synced_decode(body, &m, &err);

    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "%s", err.msg);
    s->recv_fp = m.fingerprint;
    s->recv_fp_ok = true;
    sy_trace(e, s, "synced in: %llu logs", (unsigned long long)m.log_count);
    if (s->phase != SY_S_RECONCILE)
        return ST_OK;
    /* The peer found us equal before the rounds of ranges began or ended. */
    now = sy_frontier_fingerprint(&e->f, s->mask, &count);
    if (!sc_id_equal(&m.fingerprint, &now) && !is_fp(s->sent_fp_ok, &s->sent_fp, &m.fingerprint))
        return ST_OK;
    s->ranges_due = false;
    sy_session_move(e, s, SY_S_STREAM);
    sy_slots_activate(e, s);
    return ST_OK;
}
