/* The facts of one subject, from its entries. What an entry's log holds (authority.h) has no part
 * in the fold; it stands behind the others, to be shown.
 *
 * Roles. An author's certificate may hold for one group only, but most entries of a subject name no
 * grid. They are judged by the grids of the subject: that of the creating entry, and every grid
 * that an entry by somebody with authority over one of these names later (a subject moves when
 * grids are drawn anew). This closure is a function of the set of facts. */
#include "node/store_int.h"

#include "crypto/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64u

void nd_facts_init(struct nd_store *s)
{
    cr_buf_init(&s->facts.bytes, ND_FACT_BYTES_MAX + ND_HELD_BYTES_MAX);
}

void nd_facts_release(struct nd_store *s)
{
    free(s->facts.fact);
    free(s->facts.src);
    cr_buf_release(&s->facts.bytes);
    memset(&s->facts, 0, sizeof s->facts);
}

static int room(struct nd_facts *f)
{
    size_t cap = f->cap > 0 ? f->cap * 2 : FIRST_CAPACITY;
    struct sc_fact *fact;
    struct nd_fact_src *src;

    if (f->count < f->cap)
        return ST_OK;
    fact = realloc(f->fact, cap * sizeof *fact);
    if (fact == NULL)
        return ST_NOMEM;
    f->fact = fact;
    src = realloc(f->src, cap * sizeof *src);
    if (src == NULL)
        return ST_NOMEM;
    f->src = src;
    f->cap = cap;
    return ST_OK;
}

static bool folds(enum sc_standing standing)
{
    return sc_standing_counts(standing) || standing == SC_HELD_UNKNOWN;
}

/* One more fact; its payload is copied, and decoded when all are there. What others let be held
 * here must not be able to make the subject too large to be read. */
static int take(struct nd_facts *f, struct sc_fact *fact, struct nd_fact_src *src,
                struct cr_span payload)
{
    size_t *sum = folds(src->standing) ? &f->folded_bytes : &f->held_bytes;
    int rc;

    if (!folds(src->standing) && *sum + payload.n > ND_HELD_BYTES_MAX) {
        f->skipped++;
        return ST_OK;
    }
    *sum += payload.n;
    if (*sum > ND_FACT_BYTES_MAX)
        return ST_OVERSIZE;
    rc = room(f);
    src->payload_at = f->bytes.n;
    src->payload_n = payload.n;
    if (rc == ST_OK)
        rc = cr_buf_append(&f->bytes, payload.p, payload.n);
    if (rc != ST_OK)
        return rc;
    fact->author = src->log.author;
    f->fact[f->count] = *fact;
    f->src[f->count] = *src;
    f->count++;
    return ST_OK;
}

static int take_entry(struct nd_store *s, sqlite3_stmt *q, struct st_err *err)
{
    struct nd_fact_src src = {.entry = sqlite3_column_int64(q, 0),
                              .flags = (uint32_t)nd_col_u64(q, 1)};
    struct sc_fact fact = {.lamport = nd_col_u64(q, 2), .wall_ms = nd_col_u64(q, 3)};
    const struct nd_log_slot *slot;
    struct sc_auth_at at;
    int rc;

    if (!nd_col_fixed(q, 5, fact.entry_id.b, sizeof fact.entry_id.b))
        return st_fail(err, ST_CORRUPT, "entry %lld is damaged", (long long)src.entry);
    rc = nd_log_slot(s, nd_entry_log(src.entry), &slot, err);
    if (rc != ST_OK)
        return rc;
    src.log = slot->key;
    src.branch = slot->branch;
    src.seq = nd_entry_seq(src.entry);
    at = (struct sc_auth_at){src.log, src.branch, src.seq, fact.entry_id};
    src.standing = nd_auth_standing(s, slot->handle, &at);
    src.received_ms = fact.wall_ms + nd_col_u64(q, 4);
    fact.pruned = (src.flags & ND_EF_PRUNED) != 0;
    rc = take(&s->facts, &fact, &src, fact.pruned ? (struct cr_span){0} : nd_col_span(q, 6));
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "facts of a subject");
}

static int take_prov(struct nd_store *s, int64_t id, struct st_err *err)
{
    struct nd_fact_src src = {.entry = -id};
    struct sc_fact fact = {0};
    struct nd_prov p = {.id = 0};
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_PROV_GET, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":id", id);
    rc = nd_sql_step(s, q, err);
    if (rc != ND_ROW)
        return rc == ST_OK ? st_fail(err, ST_CORRUPT, "a provisional entry is missing") : rc;
    rc = nd_prov_row(q, &p);
    src.flags = p.flags;
    src.log = p.key;
    src.seq = p.seq;
    src.received_ms = p.wall_ms + (uint64_t)p.age_ms;
    fact.lamport = p.lamport;
    fact.wall_ms = p.wall_ms;
    fact.entry_id = p.chain;
    if (rc == ST_OK)
        rc = nd_auth_standing_ahead(s, &p, &src.standing, err);
    if (rc == ST_OK)
        rc = take(&s->facts, &fact, &src, p.payload);
    nd_sql_done(q);
    return rc == ST_OK ? ST_OK : st_fail(err, (enum st_code)rc, "a provisional entry");
}

static int take_provs(struct nd_store *s, int64_t subject, struct st_err *err)
{
    int64_t ids[ND_PROV_PER_LOG];
    size_t n = 0;
    sqlite3_stmt *q;
    int rc = nd_sql(s, ND_SQL_FACT_PROV, &q, err);

    if (rc != ST_OK)
        return rc;
    nd_bind_i64(q, ":subject", subject);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        if (n == ND_PROV_PER_LOG) { /* no more are looked at; their logs will bring them */
            nd_sql_done(q);
            rc = ST_OK;
            break;
        }
        ids[n++] = -sqlite3_column_int64(q, 0);
    }
    for (size_t i = 0; rc == ST_OK && i < n; i++)
        rc = take_prov(s, ids[i], err);
    return rc;
}

/* The grid that a body names, 0 none. It has the smallest key, so it comes first. */
static uint64_t body_grid(struct cr_span body)
{
    struct sc_reader r;
    uint64_t count = 0, grid = 0;
    int key = -1;

    sc_reader_init(&r, body);
    if (sc_read_map(&r, UINT8_MAX, &count) != ST_OK || count == 0 ||
        sc_read_key(&r, &key) != ST_OK || key != SC_K_GRID ||
        sc_read_u64(&r, UINT64_MAX, &grid) != ST_OK)
        return 0;
    return sc_grid_level(grid) != 0 ? grid : 0;
}

static int decode(struct nd_facts *f, const struct nd_subject *subject, struct st_err *err)
{
    for (size_t i = 0; i < f->count; i++) {
        struct sc_fact *fact = &f->fact[i];
        struct sc_id id = sc_id_of(&fact->entry_id);
        const struct sc_record *rec;
        struct sc_payload p;
        int rc;

        fact->creates = sc_id_equal(&id, &subject->sid);
        if (fact->pruned)
            continue;
        rc = sc_payload_decode(cr_span_of(f->bytes.p + f->src[i].payload_at, f->src[i].payload_n),
                               &p, err);
        if (rc != ST_OK) /* it was checked when it came */
            return st_fail(err, ST_CORRUPT, "payload of entry %llu of a log",
                           (unsigned long long)f->src[i].seq);
        fact->type = p.type;
        fact->schema_version = p.schema_version;
        fact->parent_count = p.parent_count;
        fact->parents = p.parents;
        fact->body = p.body;
        rec = sc_record_find(p.type);
        fact->misplaced = rec != NULL && !sc_record_lives(rec, subject->scope, body_grid(p.body));
    }
    return ST_OK;
}

/* SC_R_HAZARD_REPORT stands for all hazards. */
static uint64_t kind_of(const struct sc_fact *fact)
{
    const struct sc_record *rec = fact->pruned ? NULL : sc_record_find(fact->type);

    if (rec == NULL || fact->misplaced)
        return 0;
    if (rec->fold == SC_FOLD_HAZARD)
        return SC_R_HAZARD_REPORT;
    return rec->fold == SC_FOLD_LWW ? rec->type : 0;
}

/* The kind of the creating entry among the first n; before it has arrived, hazard if anything says
 * so, else the smallest. */
static uint64_t subject_kind(const struct nd_facts *f, size_t n)
{
    uint64_t kind = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t k = kind_of(&f->fact[i]);

        if (f->fact[i].creates && !f->fact[i].pruned)
            return k;
        if (k == SC_R_HAZARD_REPORT ||
            (k != 0 && kind != SC_R_HAZARD_REPORT && (kind == 0 || k < kind)))
            kind = k;
    }
    return kind;
}

/* Its author's roles about the grids known so far, under the policy of its time. */
static void judge(struct nd_store *s, struct sc_fact *fact, uint64_t scope)
{
    struct sc_certs *certs = sc_authority_certs(s->auth);
    const struct nd_facts *f = &s->facts;
    uint32_t by[SC_GIVERS] = {0};

    fact->roles = 0;
    if (f->grid_count == 0)
        fact->roles = sc_certs_roles_by(certs, &fact->author, scope, 0, fact->wall_ms, by);
    for (size_t i = 0; i < f->grid_count; i++)
        fact->roles |=
            sc_certs_roles_by(certs, &fact->author, scope, f->grid[i], fact->wall_ms, by);
    fact->rules = sc_policy_at(s->policy, fact->wall_ms);
    fact->barred = sc_rules_barred(fact->rules, by);
}

static bool has_grid(const struct nd_facts *f, uint64_t grid)
{
    for (size_t i = 0; i < f->grid_count; i++)
        if (f->grid[i] == grid)
            return true;
    return false;
}

/* The grid of the creating entry, else of the first fact that names one. */
static void first_grid(struct nd_facts *f, size_t n)
{
    const struct sc_fact *first = NULL;

    f->grid_count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct sc_fact *fact = &f->fact[i];

        if (fact->pruned || body_grid(fact->body) == 0)
            continue;
        if (first == NULL || fact->creates || (!first->creates && sc_fact_cmp(fact, first) < 0))
            first = fact;
    }
    if (first != NULL)
        f->grid[f->grid_count++] = body_grid(first->body);
}

/* One more grid: of those that facts with authority name, the smallest. */
static bool next_grid(struct nd_store *s, uint64_t scope)
{
    struct nd_facts *f = &s->facts;
    uint64_t found = 0;

    for (size_t i = 0; i < f->folded; i++) {
        struct sc_fact *fact = &f->fact[i];
        const struct sc_record *rec = fact->pruned ? NULL : sc_record_find(fact->type);
        uint64_t grid = rec != NULL ? body_grid(fact->body) : 0;

        if (grid == 0 || has_grid(f, grid) || (found != 0 && grid >= found))
            continue;
        judge(s, fact, scope);
        if ((fact->roles & sc_rules_writers(fact->rules, rec)) != 0 && sc_fact_may_write(fact, rec))
            found = grid;
    }
    if (found != 0)
        f->grid[f->grid_count++] = found;
    return found != 0;
}

/* What the log of an entry holds goes behind what is folded. */
static void part(struct nd_facts *f)
{
    f->folded = 0;
    for (size_t i = 0; i < f->count; i++) {
        struct nd_fact_src src = f->src[i];
        struct sc_fact fact = f->fact[i];

        if (!folds(src.standing))
            continue;
        f->src[i] = f->src[f->folded];
        f->fact[i] = f->fact[f->folded];
        f->src[f->folded] = src;
        f->fact[f->folded++] = fact;
    }
}

/* Says that something is (still) dangerous. */
static bool is_danger(const struct sc_fact *fact)
{
    const struct sc_record *rec = fact->pruned ? NULL : sc_record_find(fact->type);
    struct sc_body body;

    if (fact->pruned)
        return true;
    if (rec == NULL || rec->fold != SC_FOLD_HAZARD)
        return false;
    if (rec->type != SC_R_HAZARD_PROGRESS)
        return rec->klass == SC_DANGER;
    return sc_body_decode(rec, fact->schema_version, false, fact->body, &body, NULL) == ST_OK &&
           sc_body_get(&body, SC_K_DANGER)->u != 0;
}

/* Why its author has no roles about the grids known: the nearest miss. */
static enum sc_no_roles no_roles(struct nd_store *s, const struct sc_fact *fact, uint64_t scope)
{
    struct sc_certs *certs = sc_authority_certs(s->auth);
    const struct nd_facts *f = &s->facts;
    enum sc_no_roles why = sc_certs_no_roles(certs, &fact->author, scope,
                                             f->grid_count > 0 ? f->grid[0] : 0, fact->wall_ms);

    for (size_t i = 1; i < f->grid_count && why == SC_NR_GRID; i++)
        why = sc_certs_no_roles(certs, &fact->author, scope, f->grid[i], fact->wall_ms);
    return why;
}

/* What the street's table says of the code of a report; asked only where it says anything. */
static uint8_t code_severity(struct nd_store *s, const struct sc_fact *fact)
{
    const struct sc_record *rec = sc_record_find(SC_R_HAZARD_REPORT);
    struct sc_body body;

    if (fact->pruned || fact->type != SC_R_HAZARD_REPORT || sc_tables_count(s->tables) == 0 ||
        sc_body_decode(rec, fact->schema_version, false, fact->body, &body, NULL) != ST_OK)
        return 0;
    return sc_tables_severity(s->tables, sc_body_get(&body, SC_K_CODE)->s, fact->wall_ms);
}

/* Roles, and why a fact has no effect. */
static void weigh(struct nd_store *s, size_t i, uint64_t scope)
{
    struct nd_facts *f = &s->facts;
    struct sc_fact *fact = &f->fact[i];
    struct nd_fact_src *src = &f->src[i];
    const struct sc_record *rec = NULL;

    judge(s, fact, scope);
    fact->code_severity = code_severity(s, fact);
    fact->person = sc_certs_person(sc_authority_certs(s->auth), &fact->author);
    src->held = i < f->folded ? SC_WHY_COUNTS : sc_why_standing(src->standing);
    if (i < f->folded && f->type != 0 && kind_of(fact) == f->type)
        rec = sc_record_find(fact->type);
    if (rec != NULL && !sc_fact_may_write(fact, rec))
        src->held = sc_why_roles(fact, rec, no_roles(s, fact, scope));
    if (src->standing == SC_HELD_UNKNOWN && !fact->pruned &&
        (fact->type == SC_R_CERT || fact->type == SC_R_CUT || fact->type == SC_R_ADOPT))
        src->held = SC_WHY_UNCERTIFIED;
    if (src->held == SC_WHY_COUNTS && fact->misplaced && i < f->folded)
        src->held = SC_WHY_SCOPE;
    src->danger = src->held != SC_WHY_COUNTS && is_danger(fact);
    f->unverified += src->danger;
}

int nd_facts_load(struct nd_store *s, const struct nd_subject *subject, struct st_err *err)
{
    struct nd_facts *f = &s->facts;
    sqlite3_stmt *q;
    int rc;

    nd_auth_settle(s);
    rc = nd_sql(s, ND_SQL_FACT_LOAD, &q, err);
    if (rc != ST_OK)
        return rc;
    f->count = f->folded = f->folded_bytes = f->held_bytes = f->skipped = 0;
    f->overflow = false;
    cr_buf_clear(&f->bytes);
    nd_bind_i64(q, ":subject", subject->id);
    while ((rc = nd_sql_step(s, q, err)) == ND_ROW) {
        rc = take_entry(s, q, err);
        f->overflow = rc == ST_OVERSIZE;
        if (rc != ST_OK) {
            nd_sql_done(q);
            break;
        }
    }
    if (f->overflow)
        rc = ST_OK;
    if (rc == ST_OK && s->prov_count > 0 && !f->overflow)
        rc = take_provs(s, subject->id, err);
    if (rc == ST_OK)
        rc = decode(f, subject, err);
    if (rc != ST_OK)
        return rc;
    part(f);
    f->type = subject_kind(f, f->folded);
    first_grid(f, f->folded > 0 ? f->folded : f->count);
    while (f->grid_count > 0 && f->grid_count < ND_GRIDS_MAX && next_grid(s, subject->scope))
        continue;
    f->unverified = f->skipped;
    for (size_t i = 0; i < f->count; i++)
        weigh(s, i, subject->scope);
    return ST_OK;
}
