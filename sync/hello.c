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

static int common_cmp(const struct sy_common *a, const struct sy_common *b)
{
    int order = cr_hash_cmp(&a->log_id, &b->log_id);

    if (order == 0 && a->seq != b->seq)
        order = a->seq < b->seq ? -1 : 1;
    return order != 0 ? order : memcmp(a->chain8, b->chain8, sizeof a->chain8);
}

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
    if (s->common_count > 0 && common_cmp(&s->common[s->common_count - 1], c) >= 0)
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

/* All heads of a changed log; they have to fit, or none is told. Of two logs whose ids start alike
 * (a head cannot tell them apart) the second is left out, and then sent once more than needed. */
static void add_heads(struct sy_engine *e, struct sc_hello *h, uint32_t lead)
{
    struct sc_head heads[SY_HEADS_LOG_MAX];
    size_t n = sy_heads_of(e, lead, heads);

    if (h->head_count > 0 && memcmp(h->heads[h->head_count - 1].id8, heads[0].id8, 8) == 0)
        return;
    if (n > SC_HELLO_HEADS_MAX - h->head_count)
        h->has_heads = false;
    else
        memcpy(&h->heads[h->head_count], heads, n * sizeof heads[0]);
    h->head_count += h->has_heads ? n : 0;
}

/* The n remembered heads of a log as a list names them. */
static size_t common_heads(const struct sy_common *c, size_t n, struct sc_head *out)
{
    n = n < SY_HEADS_LOG_MAX ? n : SY_HEADS_LOG_MAX;
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct sc_head){.seq_next = c[i].seq + 1};
        memcpy(out[i].id8, c[i].log_id.b, sizeof out[i].id8);
        memcpy(out[i].chain8, c[i].chain8, sizeof out[i].chain8);
    }
    return n;
}

/* The remembered heads of the log, from *at on; logs before it are passed over. */
static size_t common_of(const struct sy_session *s, size_t *at, const struct cr_hash *id)
{
    size_t n = 0;

    while (*at < s->common_count && cr_hash_cmp(&s->common[*at].log_id, id) < 0)
        ++*at;
    while (*at + n < s->common_count && cr_hash_equal(&s->common[*at + n].log_id, id))
        n++;
    return n;
}

/* Takes a changed log out of the sum of the present frontier and puts in what was common. False
 * when this cannot be done: the common frontier is then of no use. */
static bool rewrite_items(struct sy_engine *e, uint32_t lead, const struct sy_common *c, size_t n,
                          struct cr_hash *sum, uint64_t *count)
{
    struct cr_hash item, chain;

    for (uint32_t b = lead; b != SY_NONE; b = e->f.log[b].next) {
        const struct sy_log *log = &e->f.log[b].l;

        if (log->link.seq_next == 0)
            continue;
        sc_head_item(&log->id, log->link.seq_next - 1, &log->link.chain, &item);
        cr_hash_sub(sum, &item);
        --*count;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t b;

        if (sy_branch_find(e, lead, c[i].seq, c[i].chain8, 8, &b) != ST_OK || b == SY_NONE ||
            e->view->chain_at(e->view->arg, e->f.log[b].l.handle, c[i].seq, &chain) != ST_OK)
            return false;
        sc_head_item(&e->f.log[lead].l.id, c[i].seq, &chain, &item);
        cr_hash_add(sum, &item);
        ++*count;
    }
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
        uint32_t lead = e->f.order[at];
        struct sc_head known[SY_HEADS_LOG_MAX], ours[SY_HEADS_LOG_MAX];
        size_t before = c, n, n_known, n_ours;

        if (e->f.log[lead].lead != lead)
            continue;
        n = common_of(s, &c, &e->f.log[lead].l.id);
        ok = c == before; /* else a common log that is not there any more */
        n_known = common_heads(&s->common[c], n, known);
        n_ours = sy_frontier_shared(&e->f, lead, s->mask) ? sy_heads_of(e, lead, ours) : 0;
        c += n;
        if (n_ours == 0 || sy_heads_equal(ours, n_ours, known, n_known)) {
            ok = ok && (n_ours > 0 || n == 0 || !sy_frontier_scope_in(&e->f, lead, s->mask));
            continue;
        }
        add_heads(e, h, lead);
        ok = ok && rewrite_items(e, lead, &s->common[c - n], n, &sum, &count);
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
        if (e->f.log[e->f.order[at]].lead == e->f.order[at] &&
            sy_frontier_shared(&e->f, e->f.order[at], s->mask))
            add_heads(e, h, e->f.order[at]);
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

/* The heads of one log in the list: *first and their number. */
static size_t find_heads(const struct sc_hello *h, const struct cr_hash *id, size_t *first)
{
    size_t lo = 0, hi = h->head_count, n = 0;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (memcmp(h->heads[mid].id8, id->b, 8) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (lo + n < h->head_count && memcmp(h->heads[lo + n].id8, id->b, 8) == 0)
        n++;
    *first = lo;
    return n;
}

/* The peer's frontier is known: what the common one says, and over it the heads of its hello. Every
 * log in which it differs from ours gets a slot. */
static int apply_hello(struct sy_engine *e, struct sy_session *s, const struct sc_hello *h,
                       bool use_common)
{
    size_t c = 0;

    for (uint32_t at = 0; at < e->f.count; at++) {
        uint32_t lead = e->f.order[at];
        struct sc_head theirs[SY_HEADS_LOG_MAX], ours[SY_HEADS_LOG_MAX];
        const struct cr_hash *id = &e->f.log[lead].l.id;
        size_t first, n, listed;

        if (e->f.log[lead].lead != lead || !sy_frontier_shared(&e->f, lead, s->mask))
            continue;
        n = use_common ? common_of(s, &c, id) : 0;
        n = common_heads(&s->common[c], n, theirs);
        listed = find_heads(h, id, &first);
        if (listed > 0) {
            /* Of two logs here that start alike none can be meant for sure. */
            n = sy_frontier_find8(&e->f, id->b, s->mask) == lead ? listed : 0;
            memcpy(theirs, &h->heads[first], n * sizeof theirs[0]);
        }
        if (sy_slot_get(s, lead) == NULL &&
            sy_heads_equal(ours, sy_heads_of(e, lead, ours), theirs, n))
            continue;
        if (sy_peer_heads(e, s, lead, theirs, n) != ST_OK)
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
    if (!sy_heads_ascend(in->heads, in->head_count))
        return SY_BLAME(e, s, ST_MALFORMED, "hello: heads do not ascend");
    sy_trace(e, s, "hello in: %zu scopes, %llu logs, common %s, %zu heads%s, %zu urgent",
             in->scope_count, (unsigned long long)in->log_count, in->has_common ? "yes" : "no",
             in->head_count, in->has_heads ? "" : " (not told)", in->urgent_count);
    return s->initiator ? settle(e, s, in) : answer(e, s, in);
}
