#include "tests/lib/mem_view.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

static void *need(void *p)
{
    CR_ASSERT(p != NULL);
    return p;
}

static struct ts_mem_log *at_handle(struct ts_mem *m, uint64_t handle)
{
    CR_ASSERT(handle < m->log_count);
    m->reads++;
    return m->log[handle];
}

static int each_log(void *arg, int (*cb)(void *cb_arg, const struct sy_log *log), void *cb_arg)
{
    struct ts_mem *m = arg;
    int rc = m->fail_reads;

    for (size_t i = 0; rc == 0 && i < m->log_count; i++) {
        const struct ts_mem_log *log = m->log[i];
        struct sy_log l = log->l;

        if (log->relay_next < l.link.seq_next && log->relay_next > 0)
            l.link = (struct sc_link){log->relay_next, log->e[log->relay_next - 1].lamport,
                                      log->e[log->relay_next - 1].chain};
        if (log->relay_next > l.first_seq)
            rc = cb(cb_arg, &l);
    }
    return rc;
}

/* Seq of the last checkpoint of a run that starts at `from`. */
static uint64_t run_end(const struct ts_mem_log *log, uint64_t from)
{
    uint64_t end = from;
    size_t bytes = 0;
    bool any = false;

    for (uint64_t seq = from; seq < log->l.link.seq_next && seq - from < SC_RUN_ENTRIES_MAX;
         seq++) {
        bytes += log->e[seq].pruned ? 0 : log->e[seq].payload_bytes;
        if (bytes > SC_RUN_BYTES_MAX)
            break;
        if (log->e[seq].has_sig) {
            end = seq;
            any = true;
        }
    }
    CR_ASSERT(any);
    return end;
}

/* Everything but where the payload is. */
static void fill(const struct ts_mem_entry *from, struct sc_wire_entry *to)
{
    *to = (struct sc_wire_entry){
        .lamport = from->lamport, .wall_ms = from->wall_ms, .other_suite = from->other_suite};
    if (from->pruned) {
        to->pruned = true;
        to->payload_hash = from->payload_hash;
        to->payload_bytes = from->payload_bytes;
    } else {
        to->payload = cr_span_of(NULL, from->payload_bytes);
    }
}

static int read_run(void *arg, uint64_t handle, uint64_t from, struct sc_run *run,
                    struct cr_buf *bytes)
{
    struct ts_mem *m = arg;
    struct ts_mem_log *log = at_handle(m, handle);
    uint64_t end;
    size_t at[SC_RUN_ENTRIES_MAX];

    if (m->fail_reads != 0)
        return m->fail_reads;
    if (from >= log->l.link.seq_next)
        return ST_NOTFOUND;
    end = run_end(log, from);
    run->first_seq = from;
    run->count = (size_t)(end - from + 1);
    run->sig = log->e[end].sig;
    cr_buf_clear(bytes);
    for (size_t i = 0; i < run->count; i++) {
        const struct ts_mem_entry *e = &log->e[from + i];

        at[i] = bytes->n;
        fill(e, &run->e[i]);
        if (!e->pruned && cr_buf_append(bytes, e->payload, e->payload_bytes) != ST_OK)
            return ST_NOMEM;
    }
    for (size_t i = 0; i < run->count; i++) {
        if (!run->e[i].pruned)
            run->e[i].payload.p = bytes->p + at[i];
    }
    return ST_OK;
}

static int read_urgent(void *arg, uint64_t handle, uint64_t from, struct sc_urgent *out,
                       struct cr_buf *bytes)
{
    struct ts_mem *m = arg;
    struct ts_mem_log *log = at_handle(m, handle);

    if (m->fail_reads != 0)
        return m->fail_reads;
    for (uint64_t seq = from; seq < log->l.link.seq_next; seq++) {
        const struct ts_mem_entry *e = &log->e[seq];

        if (!e->urgent || e->pruned)
            continue;
        memset(out, 0, sizeof *out);
        out->key = log->l.key;
        out->seq = seq;
        out->chain_before = seq > 0 ? log->e[seq - 1].chain : log->l.id;
        out->sig = e->sig;
        fill(e, &out->e);
        cr_buf_clear(bytes);
        if (cr_buf_append(bytes, e->payload, e->payload_bytes) != ST_OK)
            return ST_NOMEM;
        out->e.payload.p = bytes->p;
        return ST_OK;
    }
    return ST_NOTFOUND;
}

static int chain_at(void *arg, uint64_t handle, uint64_t seq, struct cr_hash *out)
{
    struct ts_mem *m = arg;
    struct ts_mem_log *log = at_handle(m, handle);

    if (m->fail_reads != 0)
        return m->fail_reads;
    CR_ASSERT(seq < log->l.link.seq_next);
    *out = log->e[seq].chain;
    return ST_OK;
}

static int checkpoint_at(void *arg, uint64_t handle, uint64_t from, uint64_t *seq,
                         struct cr_hash *chain, struct cr_sig *sig)
{
    struct ts_mem *m = arg;
    struct ts_mem_log *log = at_handle(m, handle);

    if (m->fail_reads != 0)
        return m->fail_reads;
    for (uint64_t i = from; i < log->l.link.seq_next; i++) {
        if (!log->e[i].has_sig)
            continue;
        *seq = i;
        *chain = log->e[i].chain;
        *sig = log->e[i].sig;
        return ST_OK;
    }
    return ST_NOTFOUND;
}

static struct ts_mem_peer *peer_of(struct ts_mem *m, const struct cr_sign_pk *peer)
{
    for (size_t i = 0; i < m->peer_count; i++) {
        if (cr_sign_pk_equal(&m->peer[i].peer, peer))
            return &m->peer[i];
    }
    return NULL;
}

static int each_common(void *arg, const struct cr_sign_pk *peer,
                       int (*cb)(void *cb_arg, const struct sy_common *c), void *cb_arg)
{
    struct ts_mem_peer *p = peer_of(arg, peer);
    int rc = ST_OK;

    for (size_t i = 0; p != NULL && rc == ST_OK && i < p->count; i++)
        rc = cb(cb_arg, &p->common[i]);
    return rc;
}

static bool certified(void *arg, const struct cr_sign_pk *author)
{
    struct ts_mem *m = arg;

    for (size_t i = 0; i < m->stranger_count; i++) {
        if (cr_sign_pk_equal(&m->stranger[i], author))
            return false;
    }
    return true;
}

/* A branch with this entry, one that ends in it before others; NULL. */
static struct ts_mem_log *find_entry(const struct ts_mem *m, const struct cr_hash *log_id,
                                     uint64_t seq, const struct cr_hash *chain)
{
    struct ts_mem_log *found = NULL;

    for (size_t i = 0; i < m->log_count; i++) {
        struct ts_mem_log *log = m->log[i];

        if (!cr_hash_equal(&log->l.id, log_id) || log->l.link.seq_next <= seq ||
            !cr_hash_equal(&log->e[seq].chain, chain))
            continue;
        if (found == NULL || log->l.link.seq_next == seq + 1)
            found = log;
    }
    return found;
}

static int each_provisional(void *arg, int (*cb)(void *cb_arg, const struct sc_urgent *u),
                            void *cb_arg)
{
    const struct ts_mem *m = arg;
    int rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < m->urgent_count; i++) {
        if (find_entry(m, &m->urgent[i].log_id, m->urgent[i].seq, &m->urgent[i].id) == NULL)
            rc = cb(cb_arg, &m->urgent[i].u);
    }
    return rc;
}

static unsigned priority(void *arg, const struct sy_log *log)
{
    (void)arg;
    return log->key.scope == SC_SCOPE_PUBLIC ? 0 : 2;
}

void ts_mem_init(struct ts_mem *m, const char *net_name)
{
    memset(m, 0, sizeof *m);
    cr_hash1(CR_TAG_NET, cr_span_text(net_name), &m->net);
    m->view = (struct sy_view){
        .arg = m,
        .each_log = each_log,
        .read_run = read_run,
        .read_urgent = read_urgent,
        .each_provisional = each_provisional,
        .chain_at = chain_at,
        .checkpoint_at = checkpoint_at,
        .each_common = each_common,
        .certified = certified,
        .priority = priority,
    };
}

void ts_mem_release(struct ts_mem *m)
{
    for (size_t i = 0; i < m->log_count; i++) {
        for (uint64_t seq = 0; seq < m->log[i]->l.link.seq_next; seq++)
            free(m->log[i]->e[seq].payload);
        free(m->log[i]->e);
        free(m->log[i]);
    }
    free(m->log);
    for (size_t i = 0; i < m->urgent_count; i++)
        free((void *)(uintptr_t)m->urgent[i].u.e.payload.p);
    for (size_t i = 0; i < m->peer_count; i++)
        free(m->peer[i].common);
    memset(m, 0, sizeof *m);
}

static void own_payload(struct ts_mem_urgent *p)
{
    uint8_t *copy = need(malloc(p->u.e.payload.n));

    memcpy(copy, p->u.e.payload.p, p->u.e.payload.n);
    p->u.e.payload.p = copy;
}

void ts_mem_copy(struct ts_mem *to, const struct ts_mem *from)
{
    *to = *from;
    to->view.arg = to;
    to->log = need(malloc((from->log_cap + 1) * sizeof *to->log));
    for (size_t i = 0; i < from->log_count; i++) {
        const struct ts_mem_log *log = from->log[i];

        to->log[i] = need(malloc(sizeof *log));
        *to->log[i] = *log;
        to->log[i]->e = need(malloc((log->cap + 1) * sizeof *log->e));
        for (uint64_t seq = 0; seq < log->l.link.seq_next; seq++) {
            struct ts_mem_entry *e = &to->log[i]->e[seq];

            *e = log->e[seq];
            if (e->payload != NULL) {
                e->payload = need(malloc(e->payload_bytes));
                memcpy(e->payload, log->e[seq].payload, e->payload_bytes);
            }
        }
    }
    for (size_t i = 0; i < from->urgent_count; i++)
        own_payload(&to->urgent[i]);
    for (size_t i = 0; i < from->peer_count; i++) {
        size_t bytes = (from->peer[i].count + 1) * sizeof *from->peer[i].common;

        to->peer[i].common = need(malloc(bytes));
        memcpy(to->peer[i].common, from->peer[i].common, bytes);
    }
}

struct ts_mem_log *ts_mem_log(const struct ts_mem *m, const struct sc_log_key *key)
{
    struct cr_hash id;

    sc_log_id(&m->net, key, &id);
    for (size_t i = 0; i < m->log_count; i++) {
        if (cr_hash_equal(&m->log[i]->l.id, &id))
            return m->log[i];
    }
    return NULL;
}

size_t ts_mem_branches(const struct ts_mem *m, const struct sc_log_key *key)
{
    struct cr_hash id;
    size_t n = 0;

    sc_log_id(&m->net, key, &id);
    for (size_t i = 0; i < m->log_count; i++)
        n += cr_hash_equal(&m->log[i]->l.id, &id) ? 1 : 0;
    return n;
}

static struct ts_mem_log *make_log(struct ts_mem *m, const struct sc_log_key *key)
{
    struct ts_mem_log *log;

    if (m->log_count == m->log_cap) {
        m->log_cap = m->log_cap == 0 ? 16 : m->log_cap * 2;
        m->log = need(realloc(m->log, m->log_cap * sizeof(struct ts_mem_log *)));
    }
    log = need(calloc(1, sizeof *log));
    log->l.key = *key;
    log->l.handle = m->log_count;
    log->relay_next = UINT64_MAX;
    sc_log_id(&m->net, key, &log->l.id);
    sc_link_start(&log->l.id, &log->l.link);
    m->log[m->log_count++] = log;
    return log;
}

/* Appends an entry without a checkpoint. */
static struct ts_mem_entry *append(struct ts_mem *m, struct ts_mem_log *log,
                                   const struct sc_wire_entry *w)
{
    struct ts_mem_entry *e;
    int rc;

    if (log->l.link.seq_next == log->cap) {
        log->cap = log->cap == 0 ? 8 : log->cap * 2;
        log->e = need(realloc(log->e, log->cap * sizeof *log->e));
    }
    e = &log->e[log->l.link.seq_next];
    memset(e, 0, sizeof *e);
    e->lamport = w->lamport;
    e->wall_ms = w->wall_ms;
    e->pruned = w->pruned;
    e->payload_hash = w->payload_hash;
    e->payload_bytes = w->payload_bytes;
    if (!w->pruned) {
        e->payload_bytes = w->payload.n;
        e->payload = need(malloc(w->payload.n));
        memcpy(e->payload, w->payload.p, w->payload.n);
        sc_payload_hash(w->payload, &e->payload_hash);
    }
    e->other_suite = w->other_suite;
    rc = sc_link_wire(&log->l.link, w);
    CR_ASSERT(rc == ST_OK);
    e->chain = log->l.link.chain;
    m->entries++;
    return e;
}

/* A branch that shares the first seq_next entries with this one, and ends there for now. */
static struct ts_mem_log *begin_branch(struct ts_mem *m, const struct ts_mem_log *log,
                                       uint64_t seq_next)
{
    struct ts_mem_log *b = make_log(m, &log->l.key);

    b->cap = (size_t)seq_next + 8;
    b->e = need(malloc(b->cap * sizeof *b->e));
    for (uint64_t seq = 0; seq < seq_next; seq++) {
        b->e[seq] = log->e[seq];
        if (log->e[seq].payload != NULL) {
            b->e[seq].payload = need(malloc(log->e[seq].payload_bytes));
            memcpy(b->e[seq].payload, log->e[seq].payload, log->e[seq].payload_bytes);
        }
    }
    if (seq_next > 0)
        b->l.link =
            (struct sc_link){seq_next, log->e[seq_next - 1].lamport, log->e[seq_next - 1].chain};
    b->l.first_seq = seq_next;
    return b;
}

/* The head has a new checkpoint: the one before it goes when nothing needs it. */
static void keep(struct ts_mem_log *log, uint64_t old_head, const struct cr_sig *sig)
{
    uint64_t head = log->l.link.seq_next - 1;
    size_t bytes = 0;
    uint64_t from = old_head;

    log->e[head].sig = *sig;
    log->e[head].has_sig = true;
    if (head == 0 || old_head == UINT64_MAX || log->e[old_head].urgent ||
        old_head % SC_CKPT_ALIGN == SC_CKPT_ALIGN - 1)
        return;
    while (from > 0 && !log->e[from - 1].has_sig)
        from--;
    for (uint64_t seq = from; seq <= head; seq++)
        bytes += log->e[seq].payload_bytes;
    if (head - from < SC_RUN_ENTRIES_MAX && bytes <= SC_RUN_BYTES_MAX)
        log->e[old_head].has_sig = false;
}

static void sign_head(struct ts_mem *m, const struct cr_identity *author, struct ts_mem_log *log,
                      uint64_t old_head)
{
    struct cr_sig sig;

    sc_checkpoint_sign(&author->sign_sk, &m->net, &log->l.id, log->l.link.seq_next - 1,
                       &log->l.link.chain, &sig);
    keep(log, old_head, &sig);
}

void ts_mem_extend(struct ts_mem *m, const struct cr_identity *author, struct ts_mem_log *log,
                   uint64_t lamport, uint64_t wall_ms, struct cr_span payload, bool urgent)
{
    uint64_t old_head = log->l.link.seq_next - 1;
    struct sc_wire_entry w = {
        .wall_ms = wall_ms, .other_suite = m->other_suite, .payload = payload};

    w.lamport = lamport != 0 ? lamport : log->l.link.lamport + 1;
    append(m, log, &w)->urgent = urgent;
    sign_head(m, author, log, old_head);
}

struct ts_mem_log *ts_mem_write(struct ts_mem *m, const struct cr_identity *author, uint64_t scope,
                                uint64_t incarnation, uint64_t lamport, uint64_t wall_ms,
                                struct cr_span payload, bool urgent)
{
    struct sc_log_key key = {author->sign_pk, scope, incarnation};
    struct ts_mem_log *log = ts_mem_log(m, &key);

    if (log == NULL)
        log = make_log(m, &key);
    ts_mem_extend(m, author, log, lamport, wall_ms, payload, urgent);
    return log;
}

struct ts_mem_log *ts_mem_fork(struct ts_mem *m, const struct cr_identity *author,
                               const struct ts_mem_log *log, uint64_t seq_next, uint64_t wall_ms,
                               struct cr_span payload)
{
    struct sc_wire_entry w = {.wall_ms = wall_ms, .payload = payload};
    struct ts_mem_log *b;

    CR_ASSERT(seq_next < log->l.link.seq_next);
    b = begin_branch(m, log, seq_next);
    w.lamport = b->l.link.lamport + 1;
    append(m, b, &w);
    sign_head(m, author, b, UINT64_MAX);
    return b;
}

void ts_mem_prune(struct ts_mem_log *log, uint64_t seq)
{
    CR_ASSERT(seq < log->l.link.seq_next);
    free(log->e[seq].payload);
    log->e[seq].payload = NULL;
    log->e[seq].pruned = true;
}

void ts_mem_cut(struct ts_mem *m, struct ts_mem_log *log, uint64_t seq_next)
{
    CR_ASSERT(seq_next > 0 && seq_next <= log->l.link.seq_next);
    while (log->l.link.seq_next > seq_next) {
        log->l.link.seq_next--;
        free(log->e[log->l.link.seq_next].payload);
        m->entries--;
    }
    log->l.link.chain = log->e[seq_next - 1].chain;
    log->l.link.lamport = log->e[seq_next - 1].lamport;
    CR_ASSERT(log->e[seq_next - 1].has_sig);
}

/* The branch that the run grows, or a new one; NULL: what is before it is not stored. */
static struct ts_mem_log *branch_for(struct ts_mem *m, const struct sy_update *u)
{
    uint64_t first = u->run->first_seq;
    struct ts_mem_log *log;

    CR_ASSERT(find_entry(m, &u->log_id, first, &u->chains[0]) == NULL);
    if (first > 0)
        log = find_entry(m, &u->log_id, first - 1, &u->before);
    else
        log = ts_mem_log(m, &u->key);
    if (log == NULL && first > 0)
        return NULL;
    if (log == NULL)
        log = make_log(m, &u->key);
    CR_ASSERT(cr_hash_equal(&log->l.id, &u->log_id));
    CR_ASSERT(first > 0 || cr_hash_equal(&u->before, &u->log_id));
    return log->l.link.seq_next == first ? log : begin_branch(m, log, first);
}

static int apply_run(struct ts_mem *m, const struct sy_update *u, uint64_t *handle)
{
    struct ts_mem_log *log;
    uint64_t old_head;
    int rc;

    CR_ASSERT(u->run->count >= 1 && u->run->count <= SC_RUN_ENTRIES_MAX);
    if (m->deny_from > 0 && cr_hash_equal(&u->log_id, &m->deny_log) &&
        u->run->first_seq + u->run->count > m->deny_from)
        return ST_DENIED;
    log = branch_for(m, u);
    if (log == NULL)
        return ST_CONFLICT;
    old_head = log->l.first_seq == u->run->first_seq ? UINT64_MAX : log->l.link.seq_next - 1;
    *handle = log->l.handle;
    for (size_t i = 0; i < u->run->count; i++) {
        const struct ts_mem_entry *e = append(m, log, &u->run->e[i]);

        CR_ASSERT(cr_hash_equal(&e->chain, &u->chains[i]));
    }
    rc = sc_checkpoint_verify(&u->key.author, &m->net, &log->l.id, log->l.link.seq_next - 1,
                              &log->l.link.chain, &u->run->sig);
    CR_ASSERT(rc == ST_OK);
    keep(log, old_head, &u->run->sig);
    return ST_OK;
}

static int apply_urgent(struct ts_mem *m, const struct sy_update *u)
{
    struct ts_mem_urgent *p;
    int rc = sc_checkpoint_verify(&u->key.author, &m->net, &u->log_id, u->urgent->seq,
                                  &u->urgent_id, &u->urgent->sig);

    CR_ASSERT(rc == ST_OK);
    if (ts_mem_has_urgent(m, &u->urgent_id))
        return ST_OK;
    CR_ASSERT(m->urgent_count < sizeof m->urgent / sizeof m->urgent[0]);
    p = &m->urgent[m->urgent_count++];
    *p = (struct ts_mem_urgent){u->log_id, u->urgent->seq, u->urgent_id, *u->urgent};
    own_payload(p);
    return ST_OK;
}

static void apply_common(struct ts_mem *m, const struct sy_update *u)
{
    struct ts_mem_peer *p = peer_of(m, &u->peer);

    if (p == NULL) {
        CR_ASSERT(m->peer_count < sizeof m->peer / sizeof m->peer[0]);
        p = &m->peer[m->peer_count++];
        *p = (struct ts_mem_peer){.peer = u->peer};
    }
    p->common = need(realloc(p->common, (u->common_count + 1) * sizeof *p->common));
    memcpy(p->common, u->common, u->common_count * sizeof *p->common);
    p->count = u->common_count;
}

static void apply_fork(struct ts_mem *m, const struct sy_update *u)
{
    struct cr_hash id;

    sc_log_id(&m->net, &u->fork->key, &id);
    for (size_t i = 0; i < 2; i++) {
        int rc = sc_checkpoint_verify(&u->fork->key.author, &m->net, &id, u->fork->side[i].seq,
                                      &u->fork->side[i].chain, &u->fork->side[i].sig);

        CR_ASSERT(rc == ST_OK);
    }
    if (m->fork_count < sizeof m->fork / sizeof m->fork[0])
        m->fork[m->fork_count++] = *u->fork;
}

int ts_mem_apply(struct ts_mem *m, const struct sy_update *u, uint64_t *handle)
{
    *handle = 0;
    switch (u->type) {
    case SY_UP_PERSIST: return apply_run(m, u, handle);
    case SY_UP_PERSIST_URGENT: return apply_urgent(m, u);
    case SY_UP_COMMON: apply_common(m, u); return ST_OK;
    case SY_UP_FORK: apply_fork(m, u); return ST_OK;
    case SY_UP_PASSED:
    case SY_UP_SEND:
    case SY_UP_CLOSE:
    case SY_UP_SYNCED: break;
    }
    return ST_OK;
}

bool ts_mem_has_urgent(const struct ts_mem *m, const struct cr_hash *id)
{
    for (size_t i = 0; i < m->urgent_count; i++) {
        if (cr_hash_equal(&m->urgent[i].id, id))
            return true;
    }
    return false;
}
