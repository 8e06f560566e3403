/* Happy path: the logs of the scopes are listed once, each with the first entry that some recipient
 * lacks; then stage after stage fills frames from them.
 *
 *   AUTHORITY -> HELD (ahead of their logs) -> AHEAD (first emergencies of long logs) -> REST ->
 * DONE
 *
 * Failure of a read ends the export: the caller gives up the file. */
#include "sync/export.h"

#include "crypto/base/assert.h"
#include "sync/parts.h"

#include <stdlib.h>
#include <string.h>

#define ZSTD_LEVEL 9          /* made once, carried for hours */
#define QUEUE_MAX  (1u << 24) /* bytes of emergencies ahead of their logs; the rest waits */

enum stage { AUTHORITY, HELD, AHEAD, REST, DONE };

struct xlog {
    struct sy_log l;
    uint64_t next; /* the first entry not yet given */
    unsigned rank;
    bool named; /* in this part */
    uint64_t ref;
};

struct sy_export {
    struct sy_export_options o;
    struct xlog *log; /* by rank, then log id */
    size_t log_count, log_cap;
    struct sc_head *head; /* by log id */
    enum stage stage;
    size_t at; /* log the stage has come to */
    uint64_t urgent_next;
    unsigned urgent_given; /* of that log */
    uint64_t ref_next;
    struct sc_pack *pack;
    struct sc_run *run;
    struct cr_buf read, one, batch;
    struct cr_buf queue; /* length be16 ‖ frame …: what is held ahead of its log */
    size_t queue_at;
    struct sy_export_count n;
};

static bool in_scopes(const struct sy_export *x, uint64_t scope)
{
    for (size_t i = 0; i < x->o.scope_count; i++)
        if (x->o.scopes[i] == scope)
            return true;
    return false;
}

static int add_log(void *arg, const struct sy_log *log)
{
    struct sy_export *x = arg;

    if (!in_scopes(x, log->key.scope) || log->link.seq_next == 0)
        return ST_OK;
    if (x->log_count == x->log_cap) {
        size_t cap = x->log_cap == 0 ? 64 : x->log_cap * 2;
        struct xlog *grown = realloc(x->log, cap * sizeof *grown);

        if (grown == NULL)
            return ST_NOMEM;
        x->log = grown;
        x->log_cap = cap;
    }
    x->log[x->log_count++] =
        (struct xlog){.l = *log, .rank = x->o.view->priority(x->o.view->arg, log)};
    return ST_OK;
}

/* ---- what the recipients hold ---- */

/* First head of the holder whose id starts as the log's does. */
static size_t first_head(const struct sy_holder *h, const struct cr_hash *id)
{
    size_t lo = 0, hi = h->head_count;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (memcmp(h->head[mid].id8, id->b, sizeof h->head->id8) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The first entry of the log that the holder lacks. A head beyond ours leaves nothing to send: it
 * may be on another branch, which only a session can tell. */
static int lacks_from(const struct sy_export *x, const struct sy_holder *h, const struct xlog *log,
                      uint64_t *from)
{
    *from = 0;
    for (size_t i = first_head(h, &log->l.id);
         i < h->head_count && memcmp(h->head[i].id8, log->l.id.b, sizeof h->head->id8) == 0; i++) {
        const struct sc_head *head = &h->head[i];
        struct cr_hash chain = log->l.link.chain;
        int rc;

        if (head->seq_next > log->l.link.seq_next) {
            *from = log->l.link.seq_next;
            return ST_OK;
        }
        if (head->seq_next <= *from)
            continue;
        if (head->seq_next < log->l.link.seq_next) {
            rc = x->o.view->chain_at(x->o.view->arg, log->l.handle, head->seq_next - 1, &chain);
            if (rc != ST_OK)
                return rc;
        }
        if (memcmp(chain.b, head->chain8, sizeof head->chain8) == 0)
            *from = head->seq_next;
    }
    return ST_OK;
}

static int place_starts(struct sy_export *x)
{
    for (size_t i = 0; i < x->log_count; i++) {
        struct xlog *log = &x->log[i];

        log->next = x->o.holder_count > 0 ? log->l.link.seq_next : 0;
        for (size_t k = 0; k < x->o.holder_count && log->next > 0; k++) {
            uint64_t from;
            int rc = lacks_from(x, &x->o.holder[k], log, &from);

            if (rc != ST_OK)
                return rc;
            log->next = from < log->next ? from : log->next;
        }
    }
    return ST_OK;
}

/* ---- making ---- */

static int by_id(const void *a, const void *b)
{
    const struct xlog *x = a, *y = b;
    int order = cr_hash_cmp(&x->l.id, &y->l.id);

    if (order != 0)
        return order;
    return memcmp(x->l.link.chain.b, y->l.link.chain.b, CR_HASH_BYTES); /* branches of one log */
}

static int by_rank(const void *a, const void *b)
{
    const struct xlog *x = a, *y = b;

    return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : by_id(a, b);
}

static int list_heads(struct sy_export *x)
{
    if (x->log_count == 0)
        return ST_OK;
    qsort(x->log, x->log_count, sizeof *x->log, by_id);
    x->head = calloc(x->log_count, sizeof *x->head);
    if (x->head == NULL)
        return ST_NOMEM;
    for (size_t i = 0; i < x->log_count; i++) {
        memcpy(x->head[i].id8, x->log[i].l.id.b, sizeof x->head->id8);
        x->head[i].seq_next = x->log[i].l.link.seq_next;
        memcpy(x->head[i].chain8, x->log[i].l.link.chain.b, sizeof x->head->chain8);
    }
    qsort(x->log, x->log_count, sizeof *x->log, by_rank);
    return ST_OK;
}

int sy_export_new(const struct sy_export_options *o, struct sy_export **out, struct st_err *err)
{
    struct sy_export *x = calloc(1, sizeof *x);
    int rc = ST_OK;

    CR_ASSERT(o->scope_count > 0 && o->scope_count <= SC_SCOPES_MAX);
    if (x == NULL)
        return st_fail(err, ST_NOMEM, "export: no memory");
    x->o = *o;
    cr_buf_init(&x->read, SC_BATCH_RAW_MAX);
    cr_buf_init(&x->one, SC_BATCH_RAW_MAX);
    cr_buf_init(&x->batch, SC_BATCH_RAW_MAX);
    cr_buf_init(&x->queue, QUEUE_MAX);
    x->run = malloc(sizeof *x->run);
    if (x->run == NULL)
        rc = ST_NOMEM;
    if (rc == ST_OK)
        rc = o->view->each_log(o->view->arg, add_log, x);
    if (rc == ST_OK)
        rc = list_heads(x);
    if (rc == ST_OK)
        rc = place_starts(x);
    x->o.holder = NULL;
    x->o.holder_count = 0;
    if (rc != ST_OK) {
        sy_export_free(x);
        return st_fail(err, (enum st_code)rc, "export: %s", st_text((enum st_code)rc));
    }
    *out = x;
    return ST_OK;
}

void sy_export_free(struct sy_export *x)
{
    if (x == NULL)
        return;
    sc_pack_free(x->pack);
    cr_buf_release(&x->read);
    cr_buf_release(&x->one);
    cr_buf_release(&x->batch);
    cr_buf_release(&x->queue);
    free(x->run);
    free(x->log);
    free(x->head);
    free(x);
}

const struct sc_head *sy_export_heads(const struct sy_export *x, size_t *count)
{
    *count = x->log_count;
    return x->head;
}

uint64_t sy_export_left(const struct sy_export *x, uint64_t *logs)
{
    uint64_t n = 0;

    *logs = 0;
    for (size_t i = 0; i < x->log_count; i++) {
        n += x->log[i].l.link.seq_next - x->log[i].next;
        *logs += x->log[i].l.link.seq_next > x->log[i].next;
    }
    return n;
}

void sy_export_part(struct sy_export *x)
{
    sc_pack_free(x->pack);
    x->pack = NULL;
    x->ref_next = 0;
    for (size_t i = 0; i < x->log_count; i++)
        x->log[i].named = false;
    x->n = (struct sy_export_count){0};
}

void sy_export_counted(const struct sy_export *x, struct sy_export_count *out)
{
    *out = x->n;
}

static void note_wall(struct sy_export *x, uint64_t wall_ms)
{
    if (x->n.oldest_wall_ms == 0 || wall_ms < x->n.oldest_wall_ms)
        x->n.oldest_wall_ms = wall_ms;
    if (wall_ms > x->n.newest_wall_ms)
        x->n.newest_wall_ms = wall_ms;
}

/* ---- batches ---- */

/* The next log with something to give, of the authority or of the rest. */
static struct xlog *next_log(struct sy_export *x, bool authority)
{
    for (; x->at < x->log_count && (x->log[x->at].rank == 0) == authority; x->at++) {
        if (x->log[x->at].next < x->log[x->at].l.link.seq_next)
            return &x->log[x->at];
    }
    return NULL;
}

static int encode_run(struct sy_export *x, struct xlog *log)
{
    int rc = x->o.view->read_run(x->o.view->arg, log->l.handle, log->next, x->run, &x->read);

    if (rc == ST_OK && !sy_run_plausible(x->run, log->next, log->l.link.seq_next))
        rc = ST_CORRUPT;
    if (rc != ST_OK)
        return rc;
    x->run->has_before = !log->named && log->next > 0;
    if (x->run
            ->has_before) { /* so that a reader knows the branch, or that it lacks what is before */
        struct cr_hash chain;

        rc = x->o.view->chain_at(x->o.view->arg, log->l.handle, log->next - 1, &chain);
        if (rc != ST_OK)
            return rc;
        memcpy(x->run->before8, chain.b, sizeof x->run->before8);
    }
    x->run->key = log->l.key;
    x->run->has_key = !log->named;
    x->run->log_ref = log->named ? log->ref : 0;
    cr_buf_clear(&x->one);
    return sc_run_encode(x->run, &x->one);
}

static void run_taken(struct sy_export *x, struct xlog *log)
{
    if (!log->named) {
        log->named = true;
        log->ref = x->ref_next++;
    }
    log->next += x->run->count;
    x->n.entries += x->run->count;
    for (size_t i = 0; i < x->run->count; i++)
        note_wall(x, x->run->e[i].wall_ms);
}

/* head ‖ runs, compressed, behind the type byte. */
static int finish_batch(struct sy_export *x, uint64_t runs, struct cr_buf *frame)
{
    const uint8_t type = SC_FT_BATCH;
    int rc = ST_OK;

    if (x->pack == NULL)
        x->pack = sc_pack_new(x->o.zstd_level == 0 ? ZSTD_LEVEL : x->o.zstd_level);
    cr_buf_clear(&x->one);
    if (x->pack == NULL)
        return ST_NOMEM;
    rc = sc_batch_head(runs, &x->one);
    if (rc == ST_OK)
        rc = cr_buf_append(&x->one, x->batch.p, x->batch.n);
    if (rc == ST_OK)
        rc = cr_buf_append(frame, &type, 1);
    if (rc == ST_OK)
        rc = sc_pack_flush(x->pack, cr_buf_span(&x->one), frame);
    return rc;
}

/* ST_NOTFOUND: the stage has nothing left. */
static int make_batch(struct sy_export *x, bool authority, struct cr_buf *frame)
{
    struct xlog *log;
    uint64_t runs = 0;
    int rc;

    cr_buf_clear(&x->batch);
    while (runs < SC_BATCH_RUNS_MAX && (log = next_log(x, authority)) != NULL) {
        rc = encode_run(x, log);
        if (rc != ST_OK)
            return rc;
        if (x->batch.n + x->one.n + 8 > SY_BATCH_RAW)
            break; /* it is read again for the next batch */
        rc = cr_buf_append(&x->batch, x->one.p, x->one.n);
        if (rc != ST_OK)
            return rc;
        run_taken(x, log);
        runs++;
    }
    return runs == 0 ? ST_NOTFOUND : finish_batch(x, runs, frame);
}

/* ---- emergencies ---- */

static int hold_one(void *arg, const struct sc_urgent *u)
{
    struct sy_export *x = arg;
    uint8_t length[2];
    int rc;

    if (!in_scopes(x, u->key.scope))
        return ST_OK;
    cr_buf_clear(&x->one);
    rc = sc_urgent_encode(u, &x->one);
    if (rc != ST_OK)
        return rc;
    if (x->queue.n + x->one.n + sizeof length > x->queue.max)
        return ST_OK;
    cr_store_be16(length, (uint16_t)x->one.n);
    rc = cr_buf_append(&x->queue, length, sizeof length);
    return rc == ST_OK ? cr_buf_append(&x->queue, x->one.p, x->one.n) : rc;
}

static int next_held(struct sy_export *x, struct cr_buf *frame)
{
    size_t n;

    if (x->queue_at == x->queue.n)
        return ST_NOTFOUND;
    n = cr_load_be16(x->queue.p + x->queue_at);
    x->queue_at += 2;
    x->n.urgents++;
    x->queue_at += n;
    return cr_buf_append(frame, x->queue.p + x->queue_at - n, n);
}

static int next_ahead(struct sy_export *x, struct cr_buf *frame)
{
    for (; x->at < x->log_count; x->at++, x->urgent_next = x->urgent_given = 0) {
        struct xlog *log = &x->log[x->at];
        struct sc_urgent u;
        int rc;

        if (log->l.link.seq_next - log->next < SY_URGENT_WORTH ||
            x->urgent_given == SY_URGENT_LOG_MAX)
            continue;
        if (x->urgent_next < log->next)
            x->urgent_next = log->next;
        rc = x->o.view->read_urgent(x->o.view->arg, log->l.handle, x->urgent_next, &u, &x->read);
        if (rc == ST_NOTFOUND)
            continue;
        if (rc != ST_OK)
            return rc;
        u.key = log->l.key;
        x->urgent_next = u.seq + 1;
        x->urgent_given++;
        x->n.urgents++;
        note_wall(x, u.e.wall_ms);
        return sc_urgent_encode(&u, frame);
    }
    return ST_NOTFOUND;
}

/* ---- stages ---- */

static int enter(struct sy_export *x, enum stage stage)
{
    x->stage = stage;
    if (stage == HELD && x->o.view->each_provisional != NULL)
        return x->o.view->each_provisional(x->o.view->arg, hold_one, x);
    if (stage == AHEAD || stage == REST) {
        x->at = 0;
        while (x->at < x->log_count && x->log[x->at].rank == 0)
            x->at++;
    }
    return ST_OK;
}

static int stage_next(struct sy_export *x, struct cr_buf *frame)
{
    switch (x->stage) {
    case AUTHORITY: return make_batch(x, true, frame);
    case HELD: return next_held(x, frame);
    case AHEAD: return next_ahead(x, frame);
    case REST: return make_batch(x, false, frame);
    case DONE: break;
    }
    return ST_NOTFOUND;
}

int sy_export_next(struct sy_export *x, struct cr_buf *frame, struct st_err *err)
{
    int rc = ST_NOTFOUND;

    cr_buf_clear(frame);
    while (rc == ST_NOTFOUND && x->stage != DONE) {
        rc = stage_next(x, frame);
        if (rc == ST_NOTFOUND) {
            int entered = enter(x, x->stage + 1);

            if (entered != ST_OK)
                rc = entered;
        }
    }
    if (rc == ST_OK)
        x->n.frames++;
    else if (rc != ST_NOTFOUND)
        (void)st_fail(err, (enum st_code)rc, "read what is to be carried: %s",
                      st_text((enum st_code)rc));
    return rc;
}
