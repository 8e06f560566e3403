/* Takes events apart, gives each to its part, and settles every session at the end of a step. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

static int make_buffers(struct sy_engine *e)
{
    e->run = malloc(sizeof *e->run);
    cr_buf_init(&e->raw, SC_BATCH_RAW_MAX);
    cr_buf_init(&e->read, SC_BATCH_RAW_MAX);
    cr_buf_init(&e->batch, SC_BATCH_RAW_MAX);
    cr_buf_init(&e->runs, SC_BATCH_RAW_MAX);
    return e->run == NULL ? ST_NOMEM : ST_OK;
}

int sy_engine_new(const struct sy_config *cfg, const struct sy_view *view, struct sy_engine **out,
                  struct st_err *err)
{
    struct sy_engine *e;
    int rc;

    CR_ASSERT(cfg->scope_count <= SC_SCOPES_MAX);
    CR_ASSERT(view->each_log != NULL && view->priority != NULL);
    e = calloc(1, sizeof *e);
    if (e == NULL)
        return st_fail(err, ST_NOMEM, "make the engine: no memory");
    e->cfg = *cfg;
    if (e->cfg.zstd_level == 0)
        e->cfg.zstd_level = 3;
    e->view = view;
    rc = sy_frontier_init(&e->f, view, cfg->scopes, cfg->scope_count, err);
    if (rc == ST_OK && make_buffers(e) != ST_OK)
        rc = st_fail(err, ST_NOMEM, "make the engine: no memory");
    if (rc != ST_OK) {
        sy_engine_free(e);
        return rc;
    }
    *out = e;
    return ST_OK;
}

void sy_engine_free(struct sy_engine *e)
{
    if (e == NULL)
        return;
    sy_updates_reset(e);
    for (size_t i = 0; i < e->session_count; i++)
        sy_session_free(e->session[i]);
    for (size_t i = e->op_head; i < e->op_count; i++)
        free(e->op[i].frame);
    free(e->op);
    free(e->up);
    free(e->temp);
    free(e->run);
    cr_buf_release(&e->raw);
    cr_buf_release(&e->read);
    cr_buf_release(&e->batch);
    cr_buf_release(&e->runs);
    sc_ranges_release(&e->rx);
    sc_ranges_release(&e->tx);
    sy_frontier_release(&e->f);
    free(e);
}

static void remove_session(struct sy_engine *e, size_t at)
{
    sy_session_free(e->session[at]);
    e->session_count--;
    memmove(&e->session[at], &e->session[at + 1], (e->session_count - at) * sizeof e->session[0]);
}

static void on_open(struct sy_engine *e, const struct sy_event *ev)
{
    struct sy_session *s;
    int rc = ST_OK;

    CR_ASSERT(ev->scope_count <= SC_SCOPES_MAX);
    if (e->session_count == SY_SESSIONS_MAX || (rc = sy_session_open(e, ev, &s)) != ST_OK) {
        struct sy_update *u = sy_push(e, SY_UP_CLOSE, NULL);

        u->session = ev->session;
        u->peer = ev->peer;
        u->status = rc == ST_OK ? ST_BUSY : rc;
        u->text = rc == ST_OK ? "too many sessions" : "no memory for a session";
        return;
    }
    sy_trace(e, s, "%s, %zu scopes",
             s->initiator             ? "dial"
             : ev->type == SY_EV_FILE ? "file"
                                      : "accept",
             ev->scope_count);
    if (ev->type == SY_EV_FILE)
        sy_file_begin(e, s);
    else if (s->initiator)
        (void)sy_hello_dial(e, s, ev->offer_urgent);
}

static const char *frame_name(uint8_t type)
{
    static const char *const name[] = {"nothing", "hello", "ranges", "batch", "urgent", "ack",
                                       "synced",  "fork",  "bye",    "join",  "spine"};

    return type < sizeof name / sizeof name[0] ? name[type] : "unknown frame";
}

/* The peer's goodbye ends the session without one in return; its words are for the log only. */
static int on_bye(struct sy_engine *e, struct sy_session *s, struct cr_span body)
{
    struct sc_bye bye;
    struct st_err text = {ST_OK, ""};
    struct sy_update *u;
    char *copy;
    int rc = sc_bye_decode(body, &bye, &text);

    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "%s", text.msg);
    (void)st_fail(&text, ST_STATE, "peer: %.*s", (int)bye.text.n, (const char *)bye.text.p);
    sy_trace(e, s, "bye in: %s", text.msg);
    s->dead = true;
    copy = sy_temp(e, sizeof text.msg);
    if (copy != NULL)
        memcpy(copy, text.msg, sizeof text.msg);
    u = sy_push(e, SY_UP_CLOSE, s);
    u->status = bye.code == ST_OK ? ST_UNREACHABLE : (int)bye.code;
    u->text = copy != NULL ? copy : "peer: bye";
    return ST_OK;
}

/* Frames without progress are counted, so that a peer cannot keep us busy with nothing. */
static bool too_idle(struct sy_engine *e, struct sy_session *s)
{
    if (e->now_ms - s->idle_window_ms >= SY_IDLE_WINDOW_MS) {
        s->idle_window_ms = e->now_ms;
        s->idle_frames = 0;
    }
    return ++s->idle_frames > SY_IDLE_FRAMES_MAX;
}

/* A failure has closed the session. */
static void dispatch(struct sy_engine *e, struct sy_session *s, uint8_t type, struct cr_span body)
{
    if (s->file && type != SC_FT_BATCH && type != SC_FT_URGENT) {
        (void)SY_BLAME(e, s, ST_MALFORMED, "%s (%u) in a file", frame_name(type), (unsigned)type);
        return;
    }
    if (s->phase == SY_S_HELLO && type != SC_FT_HELLO && type != SC_FT_BYE) {
        (void)SY_BLAME(e, s, ST_MALFORMED, "%s before hello", frame_name(type));
        return;
    }
    switch (type) {
    case SC_FT_HELLO: (void)sy_hello_frame(e, s, body); break;
    case SC_FT_RANGES:
        s->idle_frames = 0;
        (void)sy_ranges_frame(e, s, body);
        break;
    case SC_FT_BATCH: (void)sy_batch_frame(e, s, body); break;
    case SC_FT_URGENT: (void)sy_urgent_frame(e, s, body); break;
    case SC_FT_ACK: (void)sy_ack_frame(e, s, body); break;
    case SC_FT_SYNCED: (void)sy_synced_frame(e, s, body); break;
    case SC_FT_FORK: (void)sy_fork_frame(e, s, body); break;
    case SC_FT_SPINE: (void)sy_spine_frame(e, s, body); break;
    case SC_FT_BYE: (void)on_bye(e, s, body); break;
    default: (void)SY_BLAME(e, s, ST_MALFORMED, "%s (%u)", frame_name(type), (unsigned)type);
    }
}

static void on_frame(struct sy_engine *e, const struct sy_event *ev)
{
    struct sy_session *s = sy_session_find(e, ev->session);
    struct cr_span body;

    if (s == NULL)
        return; /* closed while the frame was on its way */
    s->rx_ms = e->now_ms;
    s->touched = true;
    s->received_frames++;
    if (ev->frame.n == 0 || ev->frame.n > SC_FRAME_MAX) {
        (void)SY_BLAME(e, s, ST_MALFORMED, "frame of %zu bytes", ev->frame.n);
        return;
    }
    if (!s->file && too_idle(e, s)) {
        (void)SY_BLAME(e, s, ST_MALFORMED, "%d frames without progress", SY_IDLE_FRAMES_MAX);
        return;
    }
    body = cr_span_of(ev->frame.p + 1, ev->frame.n - 1);
    dispatch(e, s, ev->frame.p[0], body);
}

static void on_closed(struct sy_engine *e, const struct sy_event *ev)
{
    for (size_t i = 0; i < e->session_count; i++) {
        if (e->session[i]->number == ev->session) {
            sy_trace(e, e->session[i], "closed");
            remove_session(e, i);
            return;
        }
    }
}

/* The branch an entry was written to, made when there is none. ST_NOMEM. */
static int local_branch(struct sy_engine *e, const struct sy_log *log, uint32_t *out)
{
    uint32_t lead = sy_frontier_find(&e->f, &log->id);

    *out = SY_NONE;
    if (lead == SY_NONE)
        return sy_frontier_add(&e->f, &log->key, &log->id, out);
    *out = sy_frontier_handle(&e->f, lead, log->handle);
    return *out != SY_NONE ? ST_OK : sy_branch_add(e, lead, log->first_seq, out);
}

static void on_local(struct sy_engine *e, const struct sy_event *ev)
{
    uint64_t before;
    uint32_t log;

    CR_ASSERT(ev->log.link.seq_next > 0);
    if (local_branch(e, &ev->log, &log) != ST_OK) {
        e->failed = ST_NOMEM;
        return;
    }
    before = e->f.log[log].l.link.seq_next;
    if (ev->log.link.seq_next <= before)
        return;
    sy_frontier_set(&e->f, log, &ev->log.link, ev->log.handle);
    sy_urgent_filled(e, log);
    sy_log_moved(e, log, before, NULL, ev->urgent ? ev->urgent_seq : UINT64_MAX);
}

/* How long a session may send nothing. */
static uint64_t silence_ms(const struct sy_session *s)
{
    return s->initiator && s->sent_frames == 1 ? SY_PROOF_MS : SY_KEEPALIVE_MS;
}

static void timers(struct sy_engine *e, struct sy_session *s)
{
    if (s->file)
        return; /* who feeds it takes the time it takes */
    if (s->phase == SY_S_HELLO) {
        if (e->now_ms - s->born_ms >= SY_HANDSHAKE_MS)
            (void)SY_GIVE_UP(e, s, ST_TIMEOUT, "no hello within %d ms", SY_HANDSHAKE_MS);
    } else if (e->now_ms - s->rx_ms >= SY_IDLE_MS) {
        (void)SY_GIVE_UP(e, s, ST_TIMEOUT, "nothing heard for %d ms", SY_IDLE_MS);
    } else if (e->now_ms - s->tx_ms >= silence_ms(s)) {
        (void)sy_keepalive(e, s);
    }
}

/* What every session does at the end of a step, whatever happened. */
static void settle_all(struct sy_engine *e)
{
    for (size_t i = 0; i < e->session_count; i++) {
        struct sy_session *s = e->session[i];

        if (!s->dead && sy_ack_flush(e, s) == ST_OK && !s->file && sy_spine_flush(e, s) == ST_OK &&
            sy_pump(e, s) == ST_OK)
            (void)sy_synced_settle(e, s);
        if (!s->dead)
            timers(e, s);
    }
    for (size_t i = e->session_count; i > 0; i--) {
        if (e->session[i - 1]->dead && e->failed == ST_OK)
            remove_session(e, i - 1);
    }
}

/* Updates were lost: nothing of this step may take effect outside, and no session can go on. */
static int give_up_step(struct sy_engine *e)
{
    sy_ops_drop(e);
    for (size_t i = 0; i < e->session_count; i++) {
        e->session[i]->doomed = true;
        e->session[i]->dead = false;
    }
    sy_updates_reset(e);
    return e->failed;
}

static void take(struct sy_engine *e, const struct sy_event *ev)
{
    switch (ev->type) {
    case SY_EV_DIAL:
    case SY_EV_ACCEPT:
    case SY_EV_FILE: on_open(e, ev); break;
    case SY_EV_FRAME: on_frame(e, ev); break;
    case SY_EV_CLOSED: on_closed(e, ev); break;
    case SY_EV_PERSISTED: sy_persisted(e, ev); break;
    case SY_EV_LOCAL: on_local(e, ev); break;
    case SY_EV_AUTHORITY: sy_authority(e); break;
    case SY_EV_TICK: break;
    }
}

int sy_engine_step(struct sy_engine *e, const struct sy_event *ev, struct sy_updates *up)
{
    CR_ASSERT(ev->now_ms >= e->now_ms);
    sy_updates_reset(e);
    e->now_ms = ev->now_ms;
    e->failed = ST_OK;
    e->step_token = e->next_token + 1;
    *up = (struct sy_updates){0};
    for (size_t i = 0; i < e->session_count; i++) {
        if (e->session[i]->doomed)
            (void)SY_GIVE_UP(e, e->session[i], ST_NOMEM, "no memory");
    }
    if (e->stale && e->op_head == e->op_count)
        sy_reload(e);
    take(e, ev);
    sy_finish_waits(e);
    settle_all(e);
    if (e->failed != ST_OK)
        return give_up_step(e);
    up->count = e->up_count;
    up->u = e->up;
    return ST_OK;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t sy_engine_deadline(const struct sy_engine *e)
{
    uint64_t due = UINT64_MAX;

    for (size_t i = 0; i < e->session_count; i++) {
        const struct sy_session *s = e->session[i];

        if (s->doomed) {
            due = earlier(due, e->now_ms);
        } else if (s->file) {
            continue;
        } else if (s->phase == SY_S_HELLO) {
            due = earlier(due, s->born_ms + SY_HANDSHAKE_MS);
        } else {
            due = earlier(due, s->rx_ms + SY_IDLE_MS);
            due = earlier(due, s->tx_ms + silence_ms(s));
            if (s->phase >= SY_S_STREAM)
                due = earlier(due, s->settle_due_ms);
            if (s->check_urgent && s->out_bytes == 0)
                due = earlier(due, e->now_ms); /* more reads than one step allows */
        }
    }
    return due;
}

static uint64_t backlog(const struct sy_engine *e, const struct sy_session *s)
{
    uint64_t n = 0;

    for (uint32_t i = 0; i < s->slot_count; i++) {
        const struct sy_slot *slot = &s->slot[i];
        uint64_t next = e->f.log[slot->log].l.link.seq_next;

        if ((slot->flags & SY_SF_KNOWN) != 0 && next > slot->acked_next)
            n += next - slot->acked_next;
    }
    return n;
}

bool sy_engine_session(const struct sy_engine *e, uint32_t session, struct sy_session_info *out)
{
    for (size_t i = 0; i < e->session_count; i++) {
        const struct sy_session *s = e->session[i];

        if (s->number != session)
            continue;
        memset(out, 0, sizeof *out);
        out->peer = s->peer;
        out->phase = s->phase;
        out->sent_entries = s->sent_entries;
        out->received_entries = s->received_entries;
        out->sent_frames = s->sent_frames;
        out->received_frames = s->received_frames;
        out->rounds = s->rounds;
        out->backlog_entries = backlog(e, s);
        out->synced = s->synced;
        return true;
    }
    return false;
}

struct sc_id sy_engine_fingerprint(const struct sy_engine *e, const uint64_t *scopes,
                                   size_t scope_count, uint64_t *log_count)
{
    const uint64_t *of = scope_count > 0 ? scopes : e->f.scopes;
    size_t n = scope_count > 0 ? scope_count : e->f.scope_count;

    return sy_frontier_fingerprint(&e->f, sy_frontier_mask(&e->f, of, n), log_count);
}
