/* A session: its states, what it knows about logs, and its end.
 *
 *            DIAL / ACCEPT
 *                 |
 *              [HELLO] ------ heads known or equal ------.
 *                 |                                      |
 *           heads unknown                                |
 *                 v                                      v
 *            [RECONCILE] -- last ranges, or equal --> [STREAM] -- nothing left to do --> [LIVE]
 *
 * LIVE stays LIVE: what is written later is pushed. Every state ends in CLOSE. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const phase_name[] = {"HELLO", "RECONCILE", "STREAM", "LIVE"};

/* Allowed moves: a bit for each state that may follow. */
static const unsigned moves[] = {
    [SY_S_HELLO] = 1u << SY_S_RECONCILE | 1u << SY_S_STREAM,
    [SY_S_RECONCILE] = 1u << SY_S_STREAM,
    [SY_S_STREAM] = 1u << SY_S_LIVE,
    [SY_S_LIVE] = 0,
};

static void check(const struct sy_session *s)
{
    switch (s->phase) {
    case SY_S_HELLO:
        CR_ASSERT(s->out_count == 0);
        CR_ASSERT(s->in_count == 0);
        CR_ASSERT(!s->ranges_due);
        break;
    case SY_S_RECONCILE:
        CR_ASSERT(s->hello_sent);
        CR_ASSERT(s->hello_seen);
        break;
    case SY_S_STREAM:
    case SY_S_LIVE:
        CR_ASSERT(s->hello_sent);
        CR_ASSERT(s->hello_seen);
        CR_ASSERT(!s->ranges_due);
        break;
    }
    CR_ASSERT((s->mask & ~s->offer) == 0);
}

void sy_session_move(struct sy_engine *e, struct sy_session *s, enum sy_phase phase)
{
    CR_ASSERT((moves[s->phase] >> phase) & 1);
    sy_trace(e, s, "%s > %s", phase_name[s->phase], phase_name[phase]);
    s->phase = phase;
    s->held_due = s->held_due || phase == SY_S_STREAM;
    check(s);
}

int sy_session_open(struct sy_engine *e, const struct sy_event *ev, struct sy_session **out)
{
    struct sy_session *s;

    CR_ASSERT(sy_session_find(e, ev->session) == NULL);
    CR_ASSERT(e->session_count < SY_SESSIONS_MAX);
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return ST_NOMEM;
    s->id = ++e->next_session;
    s->number = ev->session;
    s->peer = ev->peer;
    s->initiator = ev->type == SY_EV_DIAL;
    s->phase = SY_S_HELLO;
    s->offer = sy_frontier_mask(&e->f, ev->scopes, ev->scope_count);
    s->mask = s->initiator ? s->offer : 0;
    s->born_ms = s->rx_ms = s->tx_ms = s->quiet_since_ms = s->idle_window_ms = e->now_ms;
    e->session[e->session_count++] = s;
    check(s);
    *out = s;
    return ST_OK;
}

void sy_session_free(struct sy_session *s)
{
    sc_pack_free(s->pack);
    sc_unpack_free(s->unpack);
    free(s->common);
    free(s->slot);
    free(s->slot_of);
    free(s->out_slot);
    free(s->in);
    free(s);
}

struct sy_session *sy_session_find(struct sy_engine *e, uint32_t number)
{
    for (size_t i = 0; i < e->session_count; i++) {
        if (e->session[i]->number == number && !e->session[i]->dead)
            return e->session[i];
    }
    return NULL;
}

struct sy_session *sy_session_by_id(struct sy_engine *e, uint64_t id)
{
    for (size_t i = 0; i < e->session_count; i++) {
        if (e->session[i]->id == id && !e->session[i]->dead)
            return e->session[i];
    }
    return NULL;
}

/* Tells the peer why, when it can hear it: an initiator speaks freely after message 2, a responder
 * after message 1. */
static void say_bye(struct sy_engine *e, struct sy_session *s, int code, const char *text)
{
    struct sc_bye bye = {.code = (enum st_code)code, .text = cr_span_text(text)};
    struct cr_buf out;

    if (s->initiator ? s->phase == SY_S_HELLO : s->received_frames == 0)
        return;
    if (bye.text.n > SC_BYE_TEXT_MAX)
        bye.text.n = SC_BYE_TEXT_MAX;
    while (!cr_utf8_valid(bye.text.p, bye.text.n))
        bye.text.n--;
    cr_buf_init(&out, SC_FRAME_MAX);
    if (sc_bye_encode(&bye, &out) != ST_OK || sy_send(e, s, cr_buf_span(&out)) != ST_OK)
        sy_trace(e, s, "bye lost");
    cr_buf_release(&out);
}

int sy_close(struct sy_engine *e, struct sy_session *s, int code, bool blame, const char *fmt, ...)
{
    struct st_err text = {ST_STATE, ""};
    struct sy_update *u;
    va_list args;
    char *copy;

    CR_ASSERT(code != ST_OK);
    if (s->dead)
        return code;
    va_start(args, fmt);
    (void)st_vfail(&text, (enum st_code)code, fmt, args);
    va_end(args);
    sy_trace(e, s, "close %s%s: %s", st_name((enum st_code)code), blame ? " (blame)" : "",
             text.msg);
    say_bye(e, s, code, text.msg);
    s->dead = true;
    copy = sy_temp(e, sizeof text.msg);
    if (copy != NULL)
        memcpy(copy, text.msg, sizeof text.msg);
    u = sy_push(e, SY_UP_CLOSE, s);
    u->status = code;
    u->blame = blame;
    u->text = copy != NULL ? copy : st_text((enum st_code)code);
    return code;
}

struct sy_slot *sy_slot_get(const struct sy_session *s, uint32_t log)
{
    if (log >= s->slot_of_count || s->slot_of[log] == 0)
        return NULL;
    return &s->slot[s->slot_of[log] - 1];
}

static int grow_slots(struct sy_session *s, uint32_t log)
{
    if (log >= s->slot_of_count) {
        uint32_t n = s->slot_of_count == 0 ? 64 : s->slot_of_count;
        uint32_t *slot_of;

        while (n <= log)
            n *= 2; /* log < UINT32_MAX / 2, see the frontier */
        slot_of = realloc(s->slot_of, n * sizeof *slot_of);
        if (slot_of == NULL)
            return ST_NOMEM;
        memset(slot_of + s->slot_of_count, 0, (n - s->slot_of_count) * sizeof *slot_of);
        s->slot_of = slot_of;
        s->slot_of_count = n;
    }
    if (s->slot_count == s->slot_cap) {
        uint32_t cap = s->slot_cap == 0 ? 16 : s->slot_cap * 2;
        struct sy_slot *slot = realloc(s->slot, cap * sizeof *slot);

        if (slot == NULL)
            return ST_NOMEM;
        s->slot = slot;
        s->slot_cap = cap;
    }
    return ST_OK;
}

int sy_slot_make(struct sy_session *s, uint32_t log, uint64_t sent_next, uint32_t flags,
                 struct sy_slot **out)
{
    struct sy_slot *slot = sy_slot_get(s, log);

    if (slot == NULL) {
        int rc = grow_slots(s, log);

        if (rc != ST_OK)
            return rc;
        slot = &s->slot[s->slot_count++];
        *slot = (struct sy_slot){
            .log = log, .flags = flags, .sent_next = sent_next, .acked_next = sent_next};
        s->slot_of[log] = s->slot_count;
    }
    *out = slot;
    return ST_OK;
}

int sy_slot_lead(struct sy_engine *e, struct sy_session *s, uint32_t log, struct sy_slot **out)
{
    uint32_t lead = e->f.log[log].lead;
    bool live = s->phase >= SY_S_STREAM;

    /* Without a slot the peer is taken to hold what we hold, once heads have been compared. */
    return sy_slot_make(s, lead, live ? e->f.log[lead].l.link.seq_next : 0, live ? SY_SF_KNOWN : 0,
                        out);
}

void sy_slots_clear(struct sy_session *s)
{
    CR_ASSERT(s->out_count == 0);
    CR_ASSERT(s->in_count == 0);
    sy_queue_clear(s);
    s->slot_count = 0;
    s->spines_open = 0;
    s->spine_due = false;
    if (s->slot_of_count > 0)
        memset(s->slot_of, 0, s->slot_of_count * sizeof *s->slot_of);
}

void sy_slot_forget(struct sy_session *s, uint32_t log)
{
    struct sy_slot *slot = sy_slot_get(s, log);

    if (slot == NULL)
        return;
    CR_ASSERT((slot->flags & SY_SF_OUT_REF) == 0);
    slot->flags &= SY_SF_QUEUED; /* it leaves its queue at its turn */
    s->slot_of[log] = 0;
}

void sy_enqueue(struct sy_engine *e, struct sy_session *s, struct sy_slot *slot)
{
    const struct sy_log *log = &e->f.log[slot->log].l;
    uint32_t number = (uint32_t)(slot - s->slot) + 1;
    unsigned rank;

    if ((slot->flags & SY_SF_KNOWN) == 0 || slot->sent_next >= log->link.seq_next)
        return;
    slot->flags |= SY_SF_CHECK;
    s->check_urgent = true;
    if ((slot->flags & SY_SF_QUEUED) != 0)
        return;
    rank = e->view->priority(e->view->arg, log);
    if (rank >= SY_CLASSES)
        rank = SY_CLASSES - 1;
    slot->flags |= SY_SF_QUEUED;
    slot->queue_next = 0;
    if (s->queue_tail[rank] != 0)
        s->slot[s->queue_tail[rank] - 1].queue_next = number;
    else
        s->queue_head[rank] = number;
    s->queue_tail[rank] = number;
}

bool sy_queue_empty(const struct sy_session *s)
{
    for (size_t i = 0; i < SY_CLASSES; i++) {
        if (s->queue_head[i] != 0)
            return false;
    }
    return true;
}

void sy_queue_clear(struct sy_session *s)
{
    for (uint32_t i = 0; i < s->slot_count; i++)
        s->slot[i].flags &= ~((uint32_t)SY_SF_QUEUED | (uint32_t)SY_SF_CHECK);
    memset(s->queue_head, 0, sizeof s->queue_head);
    memset(s->queue_tail, 0, sizeof s->queue_tail);
    s->check_urgent = false;
}

static int session_log_moved(struct sy_engine *e, struct sy_session *s, uint32_t log,
                             uint64_t before, bool knows, uint64_t urgent_from)
{
    uint32_t flags = s->phase >= SY_S_STREAM ? (uint32_t)SY_SF_KNOWN : 0;
    struct sy_slot *slot = sy_slot_get(s, log);
    bool begins = slot == NULL && before == 0;
    int rc = ST_OK;

    if (begins)
        rc = sy_peer_base(e, s, log, &before);
    if (rc == ST_OK)
        rc = sy_slot_make(s, log, before, flags, &slot);
    if (rc == ST_OK && begins)
        slot->flags |= SY_SF_ALIGN;
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "note a changed log: %s", st_text((enum st_code)rc));
    if (urgent_from != UINT64_MAX && slot->urgent_next < urgent_from)
        slot->urgent_next = urgent_from;
    s->quiet_since_ms = e->now_ms;
    sy_enqueue(e, s, slot);
    if (knows)
        return sy_peer_has(e, s, log, e->f.log[log].l.link.seq_next);
    return ST_OK;
}

void sy_log_moved(struct sy_engine *e, uint32_t log, uint64_t before, const struct sy_session *from,
                  uint64_t urgent_from)
{
    for (size_t i = 0; i < e->session_count; i++) {
        struct sy_session *s = e->session[i];
        bool knows = from != NULL && (s == from || cr_sign_pk_equal(&s->peer, &from->peer));

        if (!s->dead && !s->file && sy_frontier_in(&e->f, log, s->mask))
            (void)session_log_moved(e, s, log, before, knows, urgent_from);
    }
}

void sy_slots_activate(struct sy_engine *e, struct sy_session *s)
{
    for (uint32_t i = 0; i < s->slot_count; i++) {
        struct sy_slot *slot = &s->slot[i];

        if ((slot->flags & SY_SF_KNOWN) == 0 && sy_frontier_in(&e->f, slot->log, s->mask)) {
            slot->flags |= SY_SF_KNOWN;
            sy_enqueue(e, s, slot);
        }
    }
}
