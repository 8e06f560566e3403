/* What people do: officers report, chiefs assign, seats check, strangers try. Each write is judged
 * against the roles as this file knows them, independent of the certificates in the stores. */
#include "tests/sim/sim.h"

#include "crypto/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(struct sc_body *b, uint8_t key, struct sc_value v)
{
    size_t i = sc_field_index(b->rec, key);

    if (i == SIZE_MAX)
        return;
    v.present = true;
    b->v[i] = v;
}

/* The field that draft->number means. */
static uint8_t number_key(uint64_t type)
{
    switch (type) {
    case SC_R_HAZARD_ESCALATE:
    case SC_R_HAZARD_HANDBACK: return SC_K_LEVEL;
    case SC_R_HAZARD_DEADLINE: return SC_K_DEADLINE;
    case SC_R_PLACE:
    case SC_R_NOTICE: return SC_K_KIND;
    case SC_R_VISIT: return SC_K_WHEN;
    default: return SC_K_SEVERITY;
    }
}

int sim_body(struct sim *s, const struct sim_draft *d, struct cr_buf *out, struct st_err *err)
{
    struct sc_body b = {.rec = sc_record_find(d->type)};
    const char *text = d->text != NULL ? d->text : "text";
    const char *code = sc_hazard_code_at(ts_prng_below(&s->rng, 40))->code;

    CR_ASSERT(b.rec != NULL);
    if (d->grid != 0)
        set(&b, SC_K_GRID, (struct sc_value){.u = d->grid});
    if (d->type < SC_R_HAZARD_REPORT)
        set(&b, SC_K_NAME, (struct sc_value){.s = cr_span_text(text)});
    set(&b, SC_K_TEXT, (struct sc_value){.s = cr_span_text(text)});
    if (d->type == SC_R_HAZARD_REPORT)
        set(&b, SC_K_CODE, (struct sc_value){.s = cr_span_text(code)});
    if (d->type == SC_R_HAZARD_ASSIGN)
        set(&b, SC_K_ASSIGNEE, (struct sc_value){.s = cr_span_text(text)});
    if (d->number != 0)
        set(&b, number_key(d->type), (struct sc_value){.u = d->number});
    if (d->danger)
        set(&b, SC_K_DANGER, (struct sc_value){.u = 1});
    if (d->type == SC_R_HAZARD_LINK || d->type == SC_R_HAZARD_UNLINK)
        set(&b, SC_K_MEMBER, (struct sc_value){.s = {d->member.b, SC_ID_BYTES}});
    return sc_body_encode(&b, d->subject == NULL, out, err);
}

/* ---- the independent view of who may do what ---- */

static bool allowed(const struct sim *s, size_t person, uint64_t scope, const struct sim_draft *d)
{
    const struct sim_person *p = &s->person[person];
    const struct sc_record *rec = sc_record_find(d->type);
    uint64_t grid = d->grid != 0 ? d->grid : scope;

    if ((p->roles & rec->writers) == 0)
        return false;
    if ((p->roles & SC_ROLE_ROOT) != 0)
        return scope == SC_SCOPE_PUBLIC;
    if (scope == SC_SCOPE_PUBLIC)
        return rec->where == SC_IN_PUBLIC;
    return sc_grid_within(grid, p->prefix);
}

static void judge(struct sim *s, struct sim_node *n, size_t person, uint64_t scope,
                  const struct sim_draft *d, int rc, const struct st_err *err)
{
    const struct sc_record *rec = sc_record_find(d->type);
    bool may = allowed(s, person, scope, d) && (s->person[person].certified || person == 0);
    const struct cr_sign_pk *pk = &s->person[person].id.sign_pk;

    if (rc == ST_OK) {
        s->count.acked++;
        if (!may && !rec->open_report)
            sim_fail(s, "node %zu let %s write %s in %llu", n->index, s->person[person].name,
                     rec->name, (unsigned long long)scope);
        return;
    }
    if (rc == ST_DENIED) {
        s->count.denied++;
        /* liars may have cut those who are honest */
        if (may && s->liars == NULL && sc_certs_find(nd_store_certs(n->store), pk) != NULL)
            sim_fail(s, "node %zu denied %s a %s in %llu: %s", n->index, s->person[person].name,
                     rec->name, (unsigned long long)scope, err->msg);
        return;
    }
    if (rc == ST_NOTFOUND && d->subject != NULL) {
        s->count.unknown++;
        return;
    }
    if ((rc == ST_FULL && n->disk_full) || n->state == SIM_DYING)
        return;
    sim_fail(s, "node %zu: %s by %s in %llu: %s %s", n->index, rec->name, s->person[person].name,
             (unsigned long long)scope, st_name((enum st_code)rc), err->msg);
}

/* Writes and checks that what was promised is there. The log may be of another incarnation than the
 * store's: the driver leaves one that cannot go on. */
static int write_drafts(struct sim *s, struct sim_node *n, size_t person, uint64_t scope,
                        const struct nd_draft *d, size_t count, struct sc_id *ids,
                        struct sim_head *after, struct st_err *err)
{
    const struct sim_entry *e;
    int rc;

    CR_ASSERT(n->state == SIM_UP);
    n->wrote = -1;
    s->writing = true;
    rc = nd_driver_write(n->driver, &s->person[person].id, scope, d, count, ids, err);
    s->writing = false;
    if (rc != ST_OK || n->state == SIM_DYING)
        return rc;
    e = n->wrote < 0 ? NULL : &s->book.e[n->wrote];
    if (e != NULL)
        *after =
            (struct sim_head){.key = e->key, .log_id = e->log_id, .seq = e->seq, .chain = e->id};
    if (e == NULL || !cr_sign_pk_equal(&e->key.author, &s->person[person].id.sign_pk) ||
        e->seq + 1 < count || !sim_holds(n, after)) {
        sim_fail(s, "node %zu promised %zu entries of %s and holds none", n->index, count,
                 s->person[person].name);
        return rc;
    }
    sim_heads_append(&n->acks, after);
    for (int at = n->wrote; at >= 0 && !s->book.e[at].acked; at = s->book.e[at].prev)
        s->book.e[at].acked = true;
    return rc;
}

int sim_write(struct sim *s, struct sim_node *n, size_t person, uint64_t scope,
              const struct sim_draft *d, struct sc_id *id)
{
    struct nd_draft draft = {.type = d->type, .subject = d->subject, .urgent = d->urgent};
    struct st_err err = {0};
    struct sim_head after = {0};
    struct cr_buf body;
    int rc;

    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sim_body(s, d, &body, &err);
    if (rc != ST_OK)
        sim_fail(s, "body of %llu: %s", (unsigned long long)d->type, err.msg);
    draft.body = cr_buf_span(&body);
    if (rc == ST_OK)
        rc = write_drafts(s, n, person, scope, &draft, 1, id, &after, &err);
    cr_buf_release(&body);
    sim_trace(s, "n%zu %s writes %llu in %llu: %s", n->index, s->person[person].name,
              (unsigned long long)d->type, (unsigned long long)scope, st_name((enum st_code)rc));
    if (!s->failed)
        judge(s, n, person, scope, d, rc, &err);
    if (rc == ST_OK && n->state == SIM_UP && d->type == SC_R_HAZARD_REPORT) {
        s->hazard = sim_grow(s->hazard, &s->hazard_cap, s->hazard_n, sizeof *s->hazard);
        s->hazard[s->hazard_n++] = (struct sim_hazard){
            .id = *id, .scope = scope, .grid = d->grid, .entry = after, .node = n->index};
    }
    sim_node_after(n, true);
    return rc;
}

int sim_write_places(struct sim *s, struct sim_node *n, size_t person, uint64_t scope, size_t count)
{
    struct nd_draft *d = calloc(count, sizeof *d);
    struct sc_id *ids = calloc(count, sizeof *ids);
    struct sim_draft place = {.type = SC_R_PLACE, .number = 1};
    struct sim_head after;
    struct st_err err = {0};
    struct cr_buf body;
    char name[32];
    int rc = ST_OK;

    CR_ASSERT(d != NULL && ids != NULL);
    cr_buf_init(&body, count * 128);
    place.grid = scope;
    place.text = name;
    for (size_t i = 0; i < count && rc == ST_OK; i++) {
        size_t from = body.n;

        (void)snprintf(name, sizeof name, "place %zu", i);
        rc = sim_body(s, &place, &body, &err);
        d[i] = (struct nd_draft){.type = SC_R_PLACE, .body = {NULL, body.n - from}};
    }
    for (size_t i = 0, at = 0; i < count; at += d[i++].body.n)
        d[i].body.p = body.p + at; /* the buffer no longer moves */
    if (rc == ST_OK)
        rc = write_drafts(s, n, person, scope, d, count, ids, &after, &err);
    sim_trace(s, "n%zu writes %zu places: %s", n->index, count, st_name((enum st_code)rc));
    if (rc != ST_OK && rc != ST_DENIED && n->state == SIM_UP && !n->disk_full)
        sim_fail(s, "node %zu: backlog: %s", n->index, err.msg);
    cr_buf_release(&body);
    free(d);
    free(ids);
    sim_node_after(n, true);
    return rc;
}

/* ---- chance ---- */

static struct sim_node *some_node(struct sim *s)
{
    for (unsigned tries = 0; tries < 20; tries++) {
        struct sim_node *n = &s->node[ts_prng_below(&s->rng, s->node_count)];

        if (n->state == SIM_UP && n->paused_until <= s->now_ms)
            return n;
    }
    return NULL;
}

/* Mostly someone who belongs to the scope, sometimes someone who does not. */
static size_t some_person(struct sim *s, size_t village)
{
    uint64_t x = ts_prng_below(&s->rng, 20);

    if (x == 0)
        return SIM_PERSON_ANON;
    if (x == 1)
        return (size_t)ts_prng_below(&s->rng, SIM_PERSONS);
    if (x == 2)
        return 2;
    return sim_person_of(village, (size_t)ts_prng_below(&s->rng, SIM_PERSONS_VILLAGE));
}

/* The same among those whose key is their own. */
static size_t some_owner(struct sim *s, size_t village)
{
    size_t p;

    do
        p = some_person(s, village);
    while (s->person[p].stolen);
    return p;
}

static const uint64_t events[] = {
    SC_R_HAZARD_ASSESS,    SC_R_HAZARD_ACCEPT, SC_R_HAZARD_ASSIGN,   SC_R_HAZARD_DEADLINE,
    SC_R_HAZARD_PROGRESS,  SC_R_HAZARD_REMIND, SC_R_HAZARD_ESCALATE, SC_R_HAZARD_HANDBACK,
    SC_R_HAZARD_DOWNGRADE, SC_R_HAZARD_FIX,    SC_R_HAZARD_FIX,      SC_R_HAZARD_FIX,
    SC_R_HAZARD_PASS,      SC_R_HAZARD_PASS,   SC_R_HAZARD_PASS,     SC_R_HAZARD_FAIL,
    SC_R_HAZARD_REOPEN,    SC_R_HAZARD_VOID,   SC_R_HAZARD_LINK,     SC_R_HAZARD_UNLINK,
    SC_R_HAZARD_EMERGENCY, SC_R_HAZARD_EDIT,   SC_R_HAZARD_RECUR};

static void fill(struct sim *s, struct sim_draft *d)
{
    if (d->type == SC_R_HAZARD_ASSESS || d->type == SC_R_HAZARD_DOWNGRADE)
        d->number = ts_prng_range(&s->rng, 1, 4);
    else if (d->type == SC_R_HAZARD_ESCALATE || d->type == SC_R_HAZARD_HANDBACK)
        d->number = ts_prng_range(&s->rng, 2, 4);
    else if (d->type == SC_R_HAZARD_DEADLINE)
        d->number = SIM_WALL_MS + s->now_ms + ts_prng_below(&s->rng, 864000000);
    else if (d->type == SC_R_HAZARD_PROGRESS)
        d->danger = ts_prng_chance(&s->rng, 1, 4);
    d->urgent = d->type == SC_R_HAZARD_EMERGENCY;
}

static void new_record(struct sim *s, struct sim_node *n, size_t village)
{
    uint64_t scope = sim_village_code(village);
    struct sim_draft d = {.grid = scope};
    struct sc_id id;

    if (ts_prng_chance(&s->rng, 2, 3))
        d.grid = scope * 1000 + ts_prng_range(&s->rng, 1, 9);
    switch (ts_prng_below(&s->rng, 8)) {
    case 0:
        d.type = SC_R_PLACE;
        d.number = 1 + ts_prng_below(&s->rng, 16);
        break;
    case 1:
        d.type = SC_R_VISIT;
        d.number = SIM_WALL_MS + s->now_ms;
        break;
    case 2:
        d = (struct sim_draft){.type = SC_R_NOTICE, .number = 1 + ts_prng_below(&s->rng, 5)};
        (void)sim_write(s, n, some_owner(s, n->village), SC_SCOPE_PUBLIC, &d, &id);
        return;
    default:
        d.type = SC_R_HAZARD_REPORT;
        d.number = ts_prng_below(&s->rng, 4);
        break;
    }
    (void)sim_write(s, n, some_owner(s, village), scope, &d, &id);
}

static void on_hazard(struct sim *s, struct sim_node *n)
{
    const struct sim_hazard *h;
    struct sim_draft d = {.type = events[ts_prng_below(&s->rng, sizeof events / sizeof events[0])]};
    struct sc_id subject, id;
    size_t village = 0;
    uint64_t scope;

    /* the latest ones draw most of the attention, from several nodes at once */
    size_t back = (size_t)ts_prng_below(&s->rng, ts_prng_chance(&s->rng, 2, 3) ? 12 : s->hazard_n);

    h = &s->hazard[back < s->hazard_n ? s->hazard_n - 1 - back : 0];
    if (!sim_node_holds(n, h->scope))
        n = &s->node[0];
    if (n->state != SIM_UP)
        return;
    subject = h->id;
    scope = h->scope;
    d.subject = &subject;
    d.member = s->hazard[ts_prng_below(&s->rng, s->hazard_n)].id;
    while (village < SIM_VILLAGES && sim_village_code(village) != scope)
        village++;
    fill(s, &d);
    (void)sim_write(
        s, n,
        some_owner(s, n->index == 0 && ts_prng_chance(&s->rng, 1, 2) ? SIM_VILLAGES : village),
        scope, &d, &id);
}

void sim_act_random(struct sim *s)
{
    struct sim_node *n = some_node(s);
    size_t village;

    if (n == NULL)
        return;
    s->count.acts++;
    if (ts_prng_chance(&s->rng, 1, 40)) {
        sim_space_newcomer(s, n);
        return;
    }
    village = n->village < SIM_VILLAGES ? n->village : (size_t)ts_prng_below(&s->rng, s->villages);
    if (s->backlogs && n->village < SIM_VILLAGES && ts_prng_chance(&s->rng, 1, 60))
        (void)sim_write_places(s, n, sim_person_of(village, 2), sim_village_code(village),
                               (size_t)ts_prng_range(&s->rng, 2, 1500));
    else if (s->hazard_n == 0 || ts_prng_chance(&s->rng, 1, 3))
        new_record(s, n, village);
    else
        on_hazard(s, n);
    if (n->state == SIM_UP)
        sim_check_step(s, n, false);
}
