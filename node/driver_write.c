/* Writing: drafts become signed entries of one log, durable in one transaction, then live sessions
 * are told. Runs end where a signature belongs: at every aligned seq, at the limits of a run on the
 * wire, around each urgent entry, and at the end. Any failure rolls the whole call back. */
#include "node/driver_int.h"
#include "node/store_preview.h"

#include "schema/record_table.h"

#include <stdio.h>

#define REASON_UNCLEAN 1 /* incarnation.reason: the store was not closed, or was replaced */
#define LAMPORT_GAP \
    (SC_LAMPORT_STEP_MAX / 2) /* a log that fell behind so far is not gone on with */

struct writer {
    struct nd_driver *d;
    const struct cr_identity *author;
    struct sy_log log;     /* link: after the entries made so far */
    struct cr_hash before; /* chain value before the run under construction */
    uint64_t seen;         /* greatest lamport known */
    uint64_t now_wall_ms;
    bool urgent;          /* of the run under construction */
    uint64_t *grid;       /* by draft: the grid its author's roles are judged by */
    struct sc_id *entry;  /* ids of the entries, by draft */
    uint64_t *urgent_seq; /* of the urgent drafts */
    size_t urgent_count;
    struct st_err *err;
};

/* Signs and applies the run under construction. */
static int finish_run(struct writer *w)
{
    struct nd_driver *d = w->d;
    struct sc_run *run = d->run;
    struct nd_run r = {.run = run,
                       .key = w->log.key,
                       .log_id = w->log.id,
                       .before = w->before,
                       .own = true,
                       .chains = d->chains,
                       .received_ms = w->now_wall_ms,
                       .urgent = w->urgent};
    int rc;

    if (run->count == 0)
        return ST_OK;
    sc_checkpoint_sign(&w->author->sign_sk, &d->net, &w->log.id, w->log.link.seq_next - 1,
                       &w->log.link.chain, &run->sig);
    rc = nd_store_apply(d->o.store, &r, &w->log.handle, w->err);
    run->count = 0;
    cr_buf_clear(&d->bytes);
    return rc;
}

/* After everything seen, as far as the format lets this log jump. Counters far ahead of that are
 * nobody's honest work; then each entry comes as much closer as it can, and writing goes on. */
static uint64_t next_lamport(const struct writer *w)
{
    const struct sc_link *l = &w->log.link;
    uint64_t most = l->seq_next == 0 ? SC_LAMPORT_FIRST_MAX : l->lamport + SC_LAMPORT_STEP_MAX;
    uint64_t least = (w->seen > l->lamport ? w->seen : l->lamport) + 1;

    return least < most ? least : most;
}

/* Appends one payload, whose bytes are the last of d->bytes, to the run. */
static int append(struct writer *w, size_t payload_bytes, uint64_t wall_ms)
{
    struct nd_driver *d = w->d;
    struct sc_run *run = d->run;
    struct cr_span payload = {d->bytes.p + d->bytes.n - payload_bytes, payload_bytes};
    uint64_t lamport = next_lamport(w);
    struct cr_hash hash;
    struct sc_header h;
    int rc;

    if (run->count == 0) {
        run->first_seq = w->log.link.seq_next;
        w->before = w->log.link.chain;
    }
    sc_payload_hash(payload, &hash);
    rc = sc_link_extend(&w->log.link, lamport, wall_ms, &hash, payload_bytes, &h);
    if (rc != ST_OK)
        return st_fail(w->err, (enum st_code)rc, "entry %llu of the log does not fit its limits",
                       (unsigned long long)w->log.link.seq_next);
    run->e[run->count] =
        (struct sc_wire_entry){.lamport = lamport, .wall_ms = wall_ms, .payload = payload};
    d->chains[run->count] = w->log.link.chain;
    run->count++;
    if (run->count == SC_RUN_ENTRIES_MAX || h.seq % SC_CKPT_ALIGN == SC_CKPT_ALIGN - 1 || w->urgent)
        return finish_run(w);
    return ST_OK;
}

/* Encodes a payload behind those of the run, which it closes first when this one belongs to the
 * next. *n: its bytes. */
static int encode(struct writer *w, const struct sc_payload *p, bool urgent, size_t *n)
{
    struct nd_driver *d = w->d;
    size_t before = d->bytes.n;
    int rc = ST_OK;

    if (d->run->count > 0 && w->urgent != urgent)
        rc = finish_run(w);
    if (rc == ST_OK) {
        before = d->bytes.n;
        rc = sc_payload_encode(p, &d->bytes);
        if (rc != ST_OK)
            return st_fail(w->err, (enum st_code)rc, "payload: %s", st_text((enum st_code)rc));
        *n = d->bytes.n - before;
        if (*n > SC_PAYLOAD_MAX)
            return st_fail(w->err, ST_OVERSIZE, "record of %zu bytes; at most %d", *n,
                           SC_PAYLOAD_MAX);
    }
    if (rc == ST_OK && d->run->count > 0 && d->bytes.n > SC_RUN_BYTES_MAX) {
        d->bytes.n = before;
        rc = finish_run(w);
        if (rc == ST_OK)
            rc = sc_payload_encode(p, &d->bytes);
    }
    w->urgent = urgent;
    return rc;
}

/* ---- a log that continues an earlier incarnation says so first ---- */

static void set(struct sc_body *b, const char *name, struct sc_value v)
{
    const struct sc_field *f = sc_field_by_name(b->rec, name);

    if (f == NULL)
        return;
    v.present = true;
    b->v[sc_field_index(b->rec, f->key)] = v;
}

static int write_incarnation(struct writer *w, const struct sy_log *before)
{
    struct sc_body body = {.rec = sc_record_find(SC_R_INCARNATION)};
    struct sc_payload p = {.type = SC_R_INCARNATION};
    struct cr_buf bytes;
    size_t n = 0;
    int rc;

    if (body.rec == NULL)
        return ST_OK;
    p.schema_version = body.rec->version;
    set(&body, "previous", (struct sc_value){.u = before->key.incarnation});
    set(&body, "seq", (struct sc_value){.u = before->link.seq_next - 1});
    set(&body, "chain", (struct sc_value){.s = cr_hash_span(&before->link.chain)});
    set(&body, "reason", (struct sc_value){.u = REASON_UNCLEAN});
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    rc = sc_body_encode(&body, true, &bytes, w->err);
    p.body = cr_buf_span(&bytes);
    if (rc == ST_OK)
        rc = encode(w, &p, false, &n);
    if (rc == ST_OK)
        rc = append(w, n, w->now_wall_ms);
    cr_buf_release(&bytes);
    return rc;
}

/* The log to go on with. A log that is forked, or that another copy of this node writes, is left
 * for a fresh incarnation: going on in it would be held, or fork it further. An author who was
 * silent while the space moved on by more than one step of lamport cannot follow it in the same
 * log, and an entry that did not come after what it answers would cover nothing: such a log is left
 * for the next incarnation, unless a new log could not jump further either. */
static int find_log(struct writer *w, uint64_t scope)
{
    struct nd_store *s = w->d->o.store;
    int rc;

    w->log.key = (struct sc_log_key){
        .author = w->author->sign_pk, .scope = scope, .incarnation = nd_store_incarnation(s)};
    for (;;) {
        struct sc_log_key key = w->log.key;

        rc = nd_store_log(s, &key, &w->log);
        if (rc == ST_CONFLICT) {
            nd_log(w->d, ND_LOG_WARN,
                   "another copy of this node's keys is writing, or was: its log"
                   " is left, a new one begins");
            rc = nd_store_renew_incarnation(s, w->err);
            w->log.key = key;
            w->log.key.incarnation = nd_store_incarnation(s);
            if (rc == ST_OK)
                continue;
        }
        if (rc != ST_OK || w->seen < w->log.link.lamport ||
            w->seen - w->log.link.lamport <= LAMPORT_GAP ||
            w->log.link.lamport >= SC_LAMPORT_FIRST_MAX - LAMPORT_GAP)
            return rc;
        w->log.key = key;
        w->log.key.incarnation = key.incarnation + 1;
    }
}

static int open_log(struct writer *w, uint64_t scope)
{
    struct nd_store *s = w->d->o.store;
    struct sy_log before;
    int rc;

    w->seen = nd_store_lamport(s);
    rc = find_log(w, scope);
    if (rc == ST_OK)
        return ST_OK;
    if (rc != ST_NOTFOUND)
        return st_fail(w->err, (enum st_code)rc, "read log: %s", st_text((enum st_code)rc));
    sc_log_id(&w->d->net, &w->log.key, &w->log.id);
    sc_link_start(&w->log.id, &w->log.link);
    rc = nd_store_last_log(s, &w->author->sign_pk, scope, &before);
    if (rc == ST_NOTFOUND)
        return ST_OK;
    if (rc != ST_OK)
        return st_fail(w->err, (enum st_code)rc, "read log: %s", st_text((enum st_code)rc));
    return write_incarnation(w, &before);
}

/* ---- drafts ---- */

static void name_roles(uint32_t roles, char *out, size_t bytes)
{
    size_t n = 0;

    (void)snprintf(out, bytes, "none");
    for (const struct sc_choice *c = sc_choices_role; c->name != NULL; c++)
        if ((roles & c->value) != 0 && n < bytes)
            n += (size_t)snprintf(out + n, bytes - n, "%s%s", n > 0 ? "," : "", c->name);
}

int nd_write_rights(struct nd_store *s, const struct cr_sign_pk *author, uint64_t scope,
                    const struct sc_body *body, uint64_t grid, uint64_t wall_ms,
                    struct nd_rights *out)
{
    const struct sc_record *rec = body->rec;
    struct sc_certs *certs = nd_store_certs(s);
    struct sc_fact f = {.type = rec->type, .wall_ms = wall_ms};
    uint32_t by[SC_GIVERS] = {0};
    bool may;

    f.roles = sc_certs_roles_by(certs, author, scope, grid, wall_ms, by);
    f.rules = sc_policy_at(nd_store_policy(s), wall_ms);
    f.barred = sc_rules_barred(f.rules, by);
    out->roles = f.roles;
    out->wanted = sc_rules_writers_of(f.rules, body, author);
    if (sc_type_is_setting(rec->type))
        may = sc_policy_author(certs, author, wall_ms);
    else if (rec->writers_of != NULL)
        may = (f.roles & out->wanted) != 0;
    else
        may = sc_fact_may_write(&f, rec);
    out->why = SC_WHY_COUNTS;
    if (may)
        return ST_OK;
    out->why = f.roles == 0 || rec->writers_of == NULL
                   ? sc_why_roles(&f, rec, sc_certs_no_roles(certs, author, scope, grid, wall_ms))
                   : SC_WHY_ROLE;
    if (out->why == SC_WHY_COUNTS)
        out->why = SC_WHY_ROLE; /* of the street, but no seat */
    return ST_DENIED;
}

/* grid: what the subject is judged by. Danger is taken in wherever it stands; here we know better.
 */
static bool misplaced(const struct sc_body *body, uint64_t scope, uint64_t grid)
{
    if (body->rec->where == SC_IN_ANY)
        return grid != 0 && sc_grid_scope(grid) != scope;
    return !sc_record_lives(body->rec, scope, sc_body_get(body, SC_K_GRID)->u);
}

static int check_rights(struct writer *w, const struct sc_body *body, uint64_t grid,
                        uint64_t wall_ms)
{
    const struct sc_record *rec = body->rec;
    uint64_t scope = w->log.key.scope;
    char text[SC_SCOPE_TEXT_MAX], has[64], wanted[96];
    struct nd_rights rights;

    sc_scope_text(scope, text);
    if (misplaced(body, scope, grid))
        return st_fail(w->err, ST_DENIED, "%s is not written in %s", rec->name, text);
    if (nd_write_rights(w->d->o.store, &w->author->sign_pk, scope, body, grid, wall_ms, &rights) ==
        ST_OK)
        return ST_OK;
    name_roles(rights.roles, has, sizeof has);
    name_roles(rights.wanted, wanted, sizeof wanted);
    return st_fail(w->err, ST_DENIED,
                   "no right to write %s in %s: %s; roles of this key: %s; "
                   "those that may: %s",
                   rec->name, text, sc_why_label(rights.why).en, has, wanted);
}

/* Parents: the subject's tips, or its latest entry of this call. *grid: what the subject is judged
 * by, that of the entry that created it. */
static int find_parents(struct writer *w, const struct nd_draft *draft, const struct sc_id *ids,
                        size_t at, struct sc_id *out, size_t *n, uint64_t *grid)
{
    uint64_t scope;
    int rc;

    for (size_t i = at; i > 0; i--) {
        if (!sc_id_equal(&ids[i - 1], draft->subject))
            continue;
        out[0] = w->entry[i - 1];
        *n = 1;
        *grid = w->grid[i - 1];
        return ST_OK;
    }
    rc = nd_store_tips(w->d->o.store, draft->subject, out, n, &scope);
    if (rc == ST_OK)
        rc = nd_store_subject(w->d->o.store, draft->subject, &scope, grid);
    if (rc == ST_OK && scope != w->log.key.scope)
        return st_fail(w->err, ST_CONFLICT, "the subject lives in another scope");
    if (rc != ST_OK)
        return st_fail(w->err, (enum st_code)rc, "subject: %s", st_text((enum st_code)rc));
    return ST_OK;
}

static int write_draft(struct writer *w, const struct nd_draft *draft, size_t at, struct sc_id *ids)
{
    const struct sc_record *rec = sc_record_find(draft->type);
    uint64_t wall_ms = draft->wall_ms != 0 ? draft->wall_ms : w->now_wall_ms;
    struct sc_payload p = {.type = draft->type, .body = draft->body}, again;
    struct sc_id parents[SC_PARENTS_MAX];
    struct sc_body body;
    size_t n = 0;
    int rc;

    if (rec == NULL)
        return st_fail(w->err, ST_VERSION, "record type %llu is not known to this program",
                       (unsigned long long)draft->type);
    p.schema_version = rec->version;
    p.has_subject = draft->subject != NULL;
    rc = sc_body_decode(rec, rec->version, !p.has_subject, draft->body, &body, w->err);
    if (rc == ST_OK)
        w->grid[at] = sc_body_get(&body, SC_K_GRID)->u;
    if (rc == ST_OK && p.has_subject) {
        p.subject = *draft->subject;
        p.parents = parents;
        rc = find_parents(w, draft, ids, at, parents, &p.parent_count, &w->grid[at]);
    }
    if (rc == ST_OK && sc_grid_level(w->grid[at]) == 0)
        w->grid[at] = 0;
    if (rc == ST_OK)
        rc = check_rights(w, &body, w->grid[at], wall_ms);
    if (rc == ST_OK)
        rc = nd_check_refs(w->d->o.store, &body, wall_ms, w->err);
    if (rc != ST_OK)
        return rc;
    if (sc_body_personal(&body)) {
        p.has_salt = true;
        cr_random(p.salt, sizeof p.salt);
    }
    rc = encode(w, &p, draft->urgent, &n);
    if (rc == ST_OK)
        rc = sc_record_check((struct cr_span){w->d->bytes.p + w->d->bytes.n - n, n}, &again, &body,
                             w->err);
    if (rc == ST_OK) {
        if (draft->urgent)
            w->urgent_seq[w->urgent_count++] = w->log.link.seq_next;
        rc = append(w, n, wall_ms);
    }
    if (rc != ST_OK)
        return rc;
    w->entry[at] = sc_id_of(&w->log.link.chain);
    ids[at] = p.has_subject ? p.subject : w->entry[at];
    return ST_OK;
}

static void tell_engine(struct writer *w)
{
    struct sy_event ev = {.type = SY_EV_LOCAL, .log = w->log};

    if (w->urgent_count == 0)
        nd_engine_step(w->d, &ev);
    for (size_t i = 0; i < w->urgent_count; i++) {
        ev.urgent = true;
        ev.urgent_seq = w->urgent_seq[i];
        nd_engine_step(w->d, &ev);
    }
}

/* Inside the open store transaction. */
static int write_all(struct writer *w, uint64_t scope, const struct nd_draft *drafts, size_t n,
                     struct sc_id *ids)
{
    int rc = open_log(w, scope);

    for (size_t i = 0; rc == ST_OK && i < n; i++) {
        rc = write_draft(w, &drafts[i], i, ids);
        if (rc != ST_OK && n > 1)
            (void)st_wrap(w->err, rc, "record %zu of %zu", i + 1, n);
    }
    return rc == ST_OK ? finish_run(w) : rc;
}

/* Room for n drafts; what peers sent has its own transaction. */
static int writer_open(struct writer *w, uint64_t scope, size_t n)
{
    struct nd_driver *d = w->d;

    CR_ASSERT(n > 0);
    if (!sc_scope_valid(scope))
        return st_fail(w->err, ST_RANGE, "not a scope: %llu", (unsigned long long)scope);
    nd_engine_settle(d);
    d->run->count = 0;
    cr_buf_clear(&d->bytes);
    w->grid = calloc(n, sizeof *w->grid);
    w->entry = calloc(n, sizeof *w->entry);
    w->urgent_seq = calloc(n, sizeof *w->urgent_seq);
    if (w->grid == NULL || w->entry == NULL || w->urgent_seq == NULL)
        return st_fail(w->err, ST_NOMEM, "write: out of memory");
    return ST_OK;
}

static void writer_close(struct writer *w)
{
    free(w->grid);
    free(w->entry);
    free(w->urgent_seq);
}

int nd_write(struct nd_driver *d, const struct cr_identity *author, uint64_t scope,
             const struct nd_draft *drafts, size_t n, struct sc_id *ids, nd_write_also *also,
             void *also_arg, struct st_err *err)
{
    struct writer w = {.d = d, .author = author, .now_wall_ms = nd_wall(d), .err = err};
    int rc = writer_open(&w, scope, n);

    if (rc == ST_OK)
        rc = nd_store_begin(d->o.store, err);
    if (rc == ST_OK) {
        rc = write_all(&w, scope, drafts, n, ids);
        if (rc == ST_OK && also != NULL)
            rc = also(also_arg, err);
        if (rc == ST_OK)
            rc = nd_store_commit(d->o.store, err);
        if (rc != ST_OK)
            nd_store_rollback(d->o.store);
    }
    if (rc == ST_OK) {
        (void)nd_engine_authority(d);
        tell_engine(&w);
    }
    writer_close(&w);
    return rc;
}

int nd_driver_preview(struct nd_driver *d, const struct cr_identity *author, uint64_t scope,
                      const struct nd_draft *drafts, size_t n, struct nd_preview *p,
                      struct st_err *err)
{
    struct writer w = {.d = d, .author = author, .now_wall_ms = nd_wall(d), .err = err};
    struct sc_id *ids = calloc(n, sizeof *ids);
    int rc = writer_open(&w, scope, n);

    if (rc == ST_OK && ids == NULL)
        rc = st_fail(err, ST_NOMEM, "preview: out of memory");
    if (rc == ST_OK)
        rc = nd_store_begin_preview(d->o.store, p, err);
    if (rc == ST_OK) {
        rc = write_all(&w, scope, drafts, n, ids);
        if (rc == ST_OK)
            rc = nd_store_preview(d->o.store, err);
        nd_store_rollback(d->o.store);
    }
    writer_close(&w);
    free(ids);
    return rc;
}
