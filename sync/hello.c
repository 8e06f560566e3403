/* The first frame each way, and what it settles.
 *
 * Happy path: the initiator names its scopes, its fingerprint over them, the common frontier both
 * remember and the heads that changed since; the responder answers in kind over the scopes both
 * hold. Equal fingerprints end it. If both have said their heads in full, both can stream at once;
 * otherwise the initiator starts rounds of ranges. Both sides decide by need_ranges() from the same
 * two frames, so they agree.
 * Failure: a second hello, a scope or common frontier that was not offered: the session ends. */
#include "sync/parts.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* What a hello says about its sender's frontier. */
struct says {
    size_t scope_count;
    struct sc_id fingerprint;
    uint64_t log_count;
    bool has_common, has_heads;
};

/* The sender's frontier follows from its hello. match: both hellos rest on the same common one. */
static bool says_all(const struct says *h, bool match)
{
    return h->log_count == 0 || (h->has_heads && (match || !h->has_common));
}

static bool need_ranges(const struct says *first, const struct says *reply)
{
    bool match = first->has_common && reply->has_common;

    return !((says_all(first, match) || reply->log_count == 0) &&
             (says_all(reply, match) || first->log_count == 0));
}

static struct says says_of(const struct sc_hello *h)
{
    return (struct says){h->scope_count, h->fingerprint, h->log_count, h->has_common, h->has_heads};
}

struct common_load {
    struct sy_session *s;
    size_t cap;
};

static int load_one(void *arg, const struct sy_common *c)
{
    struct common_load *load = arg;
    struct sy_session *s = load->s;

    if (s->common_count == load->cap) {
        size_t cap = load->cap == 0 ? 64 : load->cap * 2;
        struct sy_common *common = realloc(s->common, cap * sizeof *common);

        if (common == NULL)
            return ST_NOMEM;
        s->common = common;
        load->cap = cap;
    }
    if (s->common_count > 0 && cr_hash_cmp(&s->common[s->common_count - 1].log_id, &c->log_id) >= 0)
        return ST_CORRUPT;
    s->common[s->common_count++] = *c;
    return ST_OK;
}

static void drop_common(struct sy_session *s)
{
    free(s->common);
    s->common = NULL;
    s->common_count = 0;
}

/* The remembered common frontier; damaged, it counts as none. */
static int load_common(struct sy_engine *e, struct sy_session *s)
{
    struct common_load load = {s, 0};
    int rc = e->view->each_common(e->view->arg, &s->peer, load_one, &load);

    if (rc == ST_OK)
        return ST_OK;
    drop_common(s);
    return rc == ST_NOMEM ? rc : ST_OK;
}

static struct sc_head head_of(const struct sy_log *log)
{
    struct sc_head h = {.seq_next = log->link.seq_next};

    memcpy(h.id8, log->id.b, sizeof h.id8);
    memcpy(h.chain8, log->link.chain.b, sizeof h.chain8);
    return h;
}

/* Two logs whose ids start alike cannot be told apart by a head: the second is left out, and then
 * sent once more than needed. */
static void add_head(struct sc_hello *h, const struct sy_log *log)
{
    if (h->head_count > 0 && memcmp(h->heads[h->head_count - 1].id8, log->id.b, 8) == 0)
        return;
    if (h->head_count == SC_HELLO_HEADS_MAX)
        h->has_heads = false;
    else
        h->heads[h->head_count++] = head_of(log);
}

static bool same_head(const struct sy_log *log, uint64_t next, const uint8_t *chain8)
{
    return next == log->link.seq_next && memcmp(log->link.chain.b, chain8, 8) == 0;
}

/* Takes a changed log out of the sum of the present frontier and puts in what was common. False
 * when this cannot be done: the common frontier is then of no use. */
static bool rewrite_item(struct sy_engine *e, const struct sy_log *log, const struct sy_common *c,
                         struct cr_hash *sum, uint64_t *count)
{
    struct cr_hash item, chain;

    sc_head_item(&log->id, log->link.seq_next - 1, &log->link.chain, &item);
    cr_hash_sub(sum, &item);
    --*count;
    if (c == NULL)
        return true;
    if (c->seq >= log->link.seq_next ||
        e->view->chain_at(e->view->arg, log->handle, c->seq, &chain) != ST_OK ||
        memcmp(chain.b, c->chain8, 8) != 0)
        return false;
    sc_head_item(&log->id, c->seq, &chain, &item);
    cr_hash_add(sum, &item);
    ++*count;
    return true;
}

/* Fills common and heads of a hello over the shared scopes by comparing the frontier with the
 * remembered common one; both are in the order of log ids. */
static void compare_common(struct sy_engine *e, struct sy_session *s, struct sc_hello *h)
{
    struct cr_hash sum;
    uint64_t count;
    size_t c = 0;
    bool ok = s->common_count > 0;

    sy_frontier_sum(&e->f, s->mask, &sum, &count);
    h->has_heads = true;
    h->head_count = 0;
    for (uint32_t at = 0; ok && at < e->f.count; at++) {
        uint32_t index = e->f.order[at];
        const struct sy_log *log = &e->f.log[index].l;
        const struct sy_common *known = NULL;

        if (c < s->common_count) {
            int order = cr_hash_cmp(&s->common[c].log_id, &log->id);

            ok = order >= 0; /* a common log that is not there any more */
            if (order == 0)
                known = &s->common[c++];
        }
        if (!sy_frontier_in(&e->f, index, s->mask) ||
            (known != NULL && same_head(log, known->seq + 1, known->chain8)))
            continue;
        add_head(h, log);
        ok = ok && rewrite_item(e, log, known, &sum, &count);
    }
    s->common_ok = ok && c == s->common_count;
    if (s->common_ok)
        s->common_fp = sc_fingerprint(&sum, count);
    s->stored_fp_ok = s->common_ok;
    s->stored_fp = s->common_fp;
    h->has_common = s->common_ok;
    h->common = s->common_fp;
}

/* All heads, when they fit. */
static void list_all(struct sy_engine *e, struct sy_session *s, struct sc_hello *h)
{
    h->has_common = false;
    h->head_count = 0;
    h->has_heads = h->log_count <= SC_HELLO_HEADS_MAX;
    for (uint32_t at = 0; h->has_heads && at < e->f.count; at++) {
        if (sy_frontier_in(&e->f, e->f.order[at], s->mask))
            add_head(h, &e->f.log[e->f.order[at]].l);
    }
}

static int start_hello(struct sy_engine *e, struct sy_session *s, struct sc_hello **out)
{
    struct sc_hello *h = sy_temp(e, sizeof *h);

    if (h == NULL || load_common(e, s) != ST_OK)
        return ST_NOMEM;
    memset(h, 0, sizeof *h);
    h->version = SC_PROTOCOL_VERSION;
    for (size_t i = 0; i < e->f.scope_count; i++) {
        if ((s->mask >> i) & 1)
            h->scopes[h->scope_count++] = e->f.scopes[i];
    }
    h->fingerprint = sy_frontier_fingerprint(&e->f, s->mask, &h->log_count);
    compare_common(e, s, h);
    *out = h;
    return ST_OK;
}

static int send_hello(struct sy_engine *e, struct sy_session *s, const struct sc_hello *h)
{
    struct cr_buf out;
    int rc;

    cr_buf_init(&out, SC_HELLO_MAX);
    rc = sc_hello_encode(h, &out);
    if (rc == ST_OK)
        rc = sy_send_buf(e, s, &out);
    cr_buf_release(&out);
    s->hello_sent = true;
    s->hello_fp = h->fingerprint;
    s->hello_count = h->log_count;
    s->hello_common = h->has_common;
    s->hello_heads = h->has_heads;
    sy_trace(e, s, "hello out: %zu scopes, %llu logs, common %s, %zu heads%s, %zu urgent",
             h->scope_count, (unsigned long long)h->log_count, h->has_common ? "yes" : "no",
             h->head_count, h->has_heads ? "" : " (not told)", h->urgent_count);
    return rc;
}

int sy_hello_dial(struct sy_engine *e, struct sy_session *s, bool offer_urgent)
{
    struct sc_hello *h;
    int rc = start_hello(e, s, &h);

    if (rc == ST_OK && !h->has_common)
        list_all(e, s, h);
    if (rc == ST_OK && !h->has_heads)
        h->head_count = 0;
    if (rc == ST_OK && offer_urgent)
        rc = sy_urgent_hello(e, s, h);
    if (rc == ST_OK)
        rc = send_hello(e, s, h);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "make a hello: %s", st_text((enum st_code)rc));
    return ST_OK;
}

static const struct sc_head *find_head(const struct sc_hello *h, const struct sy_log *log)
{
    size_t lo = 0, hi = h->head_count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = memcmp(h->heads[mid].id8, log->id.b, 8);

        if (order == 0)
            return &h->heads[mid];
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static bool heads_ascend(const struct sc_hello *h)
{
    for (size_t i = 1; i < h->head_count; i++) {
        if (memcmp(h->heads[i - 1].id8, h->heads[i].id8, 8) >= 0)
            return false;
    }
    return true;
}

/* The peer's frontier is known: what the common one says, and over it the heads of its hello. Every
 * log in which it differs from ours gets a slot. */
static int apply_hello(struct sy_engine *e, struct sy_session *s, const struct sc_hello *h,
                       bool use_common)
{
    static const uint8_t none8[8];
    size_t c = 0;

    for (uint32_t at = 0; at < e->f.count; at++) {
        uint32_t index = e->f.order[at];
        const struct sy_log *log = &e->f.log[index].l;
        uint64_t next = 0;
        const uint8_t *chain8 = none8;
        const struct sc_head *head;

        while (c < s->common_count && cr_hash_cmp(&s->common[c].log_id, &log->id) < 0)
            c++;
        if (!sy_frontier_in(&e->f, index, s->mask))
            continue;
        if (use_common && c < s->common_count && cr_hash_equal(&s->common[c].log_id, &log->id)) {
            next = s->common[c].seq + 1;
            chain8 = s->common[c].chain8;
        }
        head = find_head(h, log);
        if (head != NULL) {
            bool sure = sy_frontier_find8(&e->f, log->id.b, s->mask) == index;

            next = sure ? head->seq_next : 0;
            chain8 = sure ? head->chain8 : none8;
        }
        if (sy_slot_get(s, index) == NULL && same_head(log, next, chain8))
            continue;
        if (sy_peer_holds(e, s, index, next, chain8) != ST_OK)
            return ST_STATE; /* closed */
    }
    return ST_OK;
}

static size_t set_size(uint64_t mask)
{
    size_t n = 0;

    for (; mask != 0; mask &= mask - 1)
        n++;
    return n;
}

static int take_urgents(struct sy_engine *e, struct sy_session *s, const struct sc_hello *h)
{
    for (size_t i = 0; i < h->urgent_count && !s->dead; i++) {
        if ((sy_frontier_mask(&e->f, &h->urgents[i].key.scope, 1) & s->mask) == 0)
            continue; /* a scope that only the peer thought to share */
        if (sy_urgent_take(e, s, &h->urgents[i], 0) != ST_OK)
            return ST_STATE;
    }
    return ST_OK;
}

static bool fp_equal(const struct says *a, const struct says *b)
{
    return a->log_count == b->log_count && sc_id_equal(&a->fingerprint, &b->fingerprint);
}

/* Leaves HELLO: to the rounds of ranges when they are needed, else to the stream. */
static int leave_hello(struct sy_engine *e, struct sy_session *s, bool ranges)
{
    drop_common(s);
    s->rounds_max = SY_ROUNDS_MIN + s->hello_count / SY_LIST_MAX;
    if (!ranges) {
        sy_session_move(e, s, SY_S_STREAM);
        sy_slots_activate(e, s);
        return ST_OK;
    }
    sy_session_move(e, s, SY_S_RECONCILE);
    s->ranges_due = true;
    return s->initiator ? sy_ranges_start(e, s) : ST_OK;
}

/* The responder's turn. */
static int answer(struct sy_engine *e, struct sy_session *s, const struct sc_hello *in)
{
    struct says first = says_of(in), reply;
    struct sc_hello *h;
    bool match, equal;
    int rc;

    s->mask = s->offer = s->offer & sy_frontier_mask(&e->f, in->scopes, in->scope_count);
    if (take_urgents(e, s, in) != ST_OK)
        return ST_STATE;
    rc = start_hello(e, s, &h);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "make a hello: %s", st_text((enum st_code)rc));
    match = in->has_common && h->has_common && sc_id_equal(&in->common, &h->common);
    if (!match)
        list_all(e, s, h);
    reply = says_of(h);
    s->recv_fp = in->fingerprint;
    s->recv_fp_ok = first.scope_count == h->scope_count;
    s->sent_fp = h->fingerprint;
    s->sent_fp_ok = true;
    equal = s->recv_fp_ok && fp_equal(&first, &reply);
    if (equal)
        h->has_common = h->has_heads = false; /* nobody needs them */
    if (!h->has_heads)
        h->head_count = 0;
    s->hello_seen = true;
    s->peer_known = !equal && says_all(&first, match);
    if (s->peer_known && apply_hello(e, s, in, match) != ST_OK)
        return ST_STATE;
    if (!equal)
        rc = sy_urgent_hello(e, s, h);
    if (rc == ST_OK)
        rc = send_hello(e, s, h);
    if (rc != ST_OK)
        return SY_GIVE_UP(e, s, rc, "make a hello: %s", st_text((enum st_code)rc));
    return leave_hello(e, s, !equal && need_ranges(&first, &reply));
}

/* The initiator has the answer. */
static int settle(struct sy_engine *e, struct sy_session *s, const struct sc_hello *in)
{
    struct says first = {set_size(s->offer), s->hello_fp, s->hello_count, s->hello_common,
                         s->hello_heads};
    struct says reply = says_of(in), now = {0};
    uint64_t mask = sy_frontier_mask(&e->f, in->scopes, in->scope_count);

    if ((mask & ~s->offer) != 0 || set_size(mask) != in->scope_count)
        return SY_BLAME(e, s, ST_MALFORMED, "hello: a scope that was not offered");
    if (in->has_common && (!s->hello_common || !sc_id_equal(&in->common, &s->common_fp)))
        return SY_BLAME(e, s, ST_MALFORMED, "hello: a common frontier that was not named");
    s->sent_fp = s->hello_fp;
    s->sent_fp_ok = mask == s->offer;
    s->recv_fp = in->fingerprint;
    s->recv_fp_ok = true;
    s->mask = s->offer = mask;
    s->hello_seen = true;
    if (take_urgents(e, s, in) != ST_OK)
        return ST_STATE;
    if (s->sent_fp_ok && fp_equal(&first, &reply))
        return leave_hello(e, s, false);
    now.fingerprint = sy_frontier_fingerprint(&e->f, mask, &now.log_count);
    if (fp_equal(&now, &reply)) {
        sy_slots_clear(s);
        return leave_hello(e, s, false);
    }
    if (says_all(&reply, in->has_common) && apply_hello(e, s, in, in->has_common) != ST_OK)
        return ST_STATE;
    return leave_hello(e, s, need_ranges(&first, &reply));
}

int sy_hello_frame(struct sy_engine *e, struct sy_session *s, struct cr_span body)
{
    struct sc_hello *in = sy_temp(e, sizeof *in);
    struct st_err err = {ST_OK, ""};
    int rc;

    if (s->hello_seen)
        return SY_BLAME(e, s, ST_MALFORMED, "hello: a second one");
    if (in == NULL)
        return SY_GIVE_UP(e, s, ST_NOMEM, "read a hello: no memory");
    rc = sc_hello_decode(body, in, &err);
    if (rc == ST_VERSION)
        return SY_GIVE_UP(e, s, rc, "%s", err.msg);
    if (rc != ST_OK)
        return SY_BLAME(e, s, rc, "%s", err.msg);
    if (!heads_ascend(in))
        return SY_BLAME(e, s, ST_MALFORMED, "hello: heads do not ascend");
    sy_trace(e, s, "hello in: %zu scopes, %llu logs, common %s, %zu heads%s, %zu urgent",
             in->scope_count, (unsigned long long)in->log_count, in->has_common ? "yes" : "no",
             in->head_count, in->has_heads ? "" : " (not told)", in->urgent_count);
    return s->initiator ? settle(e, s, in) : answer(e, s, in);
}
