/* How long the fold of one hazard takes, by the number of its entries: a plain life (report,
 * assign, notes, fix, pass), the same with a downgrade, hand-back and acknowledgement on the way,
 * and the costliest floods that fit. Prints one line each: name, entries, microseconds a fold.
 * Usage: bench_fold [milliseconds a line, 300 by default] */
#include "schema/hazard.h"

#include <string.h>

#define ENTRIES_MAX SC_FOLD_EVENTS_MAX
#define BODY_MAX    512

struct set {
    size_t n;
    struct sc_fact *facts; /* ENTRIES_MAX */
    struct sc_id (*parents)[SC_PARENTS_MAX];
    uint8_t (*bodies)[BODY_MAX];
};

static void put_body(struct set *s, size_t i, uint64_t type)
{
    static char text[120];
    struct cr_buf out;
    struct sc_body b = {.rec = sc_record_find(type)};
    memset(text, 'a', sizeof(text));
    cr_buf_init(&out, BODY_MAX);
    for (size_t f = 0; f < b.rec->field_count; f++) {
        struct sc_value *v = &b.v[f];
        v->present = true;
        switch (b.rec->fields[f].key) {
        case SC_K_GRID: v->u = UINT64_C(500118003202001); break;
        case SC_K_TEXT: v->s = cr_span_of(text, sizeof(text)); break;
        case SC_K_CODE: v->s = cr_span_text("A03"); break;
        case SC_K_SEVERITY: v->u = type == SC_R_HAZARD_DOWNGRADE ? 1 : 2; break;
        case SC_K_ADDRESS: v->s = cr_span_text("南大街1号"); break;
        case SC_K_LAT: v->i = 293500000; break;
        case SC_K_LON: v->i = 1059000000; break;
        case SC_K_ASSIGNEE: v->s = cr_span_text("王某"); break;
        case SC_K_LEVEL: v->u = SC_LV_STREET; break;
        case SC_K_SOURCE:
        case SC_K_RESULT: v->u = 1; break;
        case SC_K_DEADLINE: v->u = UINT64_C(1700000000000) + i; break;
        case SC_K_DOC: v->s = cr_span_text("2026-17"); break;
        default: v->present = false; break;
        }
    }
    if (sc_body_encode(&b, type == SC_R_HAZARD_REPORT, &out, NULL) != ST_OK)
        abort();
    memcpy(s->bodies[i], out.p, out.n);
    s->facts[i].body = cr_span_of(s->bodies[i], out.n);
    cr_buf_release(&out);
}

/* One more entry, its parents the last `seen` ones. */
static void add(struct set *s, uint64_t type, uint32_t roles, size_t seen)
{
    size_t i = s->n++;
    struct sc_fact *f = &s->facts[i];
    uint8_t number[8];
    cr_store_be64(number, i);
    *f = (struct sc_fact){.type = type, .schema_version = 1, .roles = roles, .lamport = i + 1};
    f->wall_ms = UINT64_C(1700000000000) + i;
    f->creates = type == SC_R_HAZARD_REPORT;
    f->parents = s->parents[i];
    cr_hash1(CR_TAG_TEST, cr_span_of(number, 8), &f->entry_id);
    memset(f->author.b, (int)roles, sizeof(f->author.b));
    memset(f->person.b, (int)(roles + i % 2), sizeof(f->person.b));
    for (size_t p = 0; p < seen && p < i; p++)
        s->parents[i][f->parent_count++] = sc_id_of(&s->facts[i - 1 - p].entry_id);
    put_body(s, i, type);
}

static void plain_life(struct set *s, size_t n)
{
    add(s, SC_R_HAZARD_REPORT, SC_ROLE_OFFICER, 0);
    add(s, SC_R_HAZARD_ASSIGN, SC_ROLE_CHIEF, 1);
    while (s->n + 2 < n)
        add(s, s->n % 7 == 3 ? SC_R_HAZARD_DEADLINE : SC_R_HAZARD_PROGRESS, SC_ROLE_CHIEF,
            s->n % 3 == 0 ? 2 : 1);
    add(s, SC_R_HAZARD_FIX, SC_ROLE_OFFICER, 1);
    add(s, SC_R_HAZARD_PASS, SC_ROLE_CHIEF, 1);
}

static void lively_life(struct set *s, size_t n)
{
    static const uint64_t middle[] = {
        SC_R_HAZARD_EMERGENCY, SC_R_HAZARD_ESCALATE, SC_R_HAZARD_ACCEPT, SC_R_HAZARD_HANDBACK,
        SC_R_HAZARD_DOWNGRADE, SC_R_HAZARD_FIX,      SC_R_HAZARD_FAIL,   SC_R_HAZARD_PASS};
    add(s, SC_R_HAZARD_REPORT, SC_ROLE_OFFICER, 0);
    while (s->n + 2 < n)
        add(s, middle[s->n % 8], SC_ROLE_STREET, s->n % 3 == 0 ? 2 : 1);
    add(s, SC_R_HAZARD_FIX, SC_ROLE_OFFICER, 1);
    add(s, SC_R_HAZARD_PASS, SC_ROLE_STREET, 1);
}

/* Layers of 256 entries, each of which names the whole layer before. */
static void flood(struct set *s, size_t n)
{
    static const uint64_t types[] = {
        SC_R_HAZARD_PASS, SC_R_HAZARD_DOWNGRADE, SC_R_HAZARD_EMERGENCY, SC_R_HAZARD_HANDBACK,
        SC_R_HAZARD_FIX,  SC_R_HAZARD_VOID,      SC_R_HAZARD_DEADLINE,  SC_R_HAZARD_LINK};
    add(s, SC_R_HAZARD_REPORT, SC_ROLE_OFFICER, 0);
    while (s->n < n) {
        size_t layer = s->n / SC_PARENTS_MAX;
        size_t in_layer = s->n % SC_PARENTS_MAX;
        uint64_t type = types[layer % 2 == 0 ? s->n % 8 : (s->n / 8) % 8];
        add(s, type == SC_R_HAZARD_LINK ? SC_R_HAZARD_ACCEPT : type, SC_ROLE_STREET, 0);
        struct sc_fact *f = &s->facts[s->n - 1];
        f->lamport = layer + 1;
        if (layer == 0)
            continue;
        for (size_t p = 0; p < SC_PARENTS_MAX; p++)
            s->parents[s->n - 1][f->parent_count++] =
                sc_id_of(&s->facts[s->n - 1 - in_layer - SC_PARENTS_MAX + p].entry_id);
    }
}

/* Half of the entries lower something, the other half are clearances that have seen all of it. */
static void wide(struct set *s, size_t n)
{
    add(s, SC_R_HAZARD_REPORT, SC_ROLE_OFFICER, 0);
    size_t half = n / 2;
    while (s->n < half) {
        add(s, s->n % 2 == 0 ? SC_R_HAZARD_DOWNGRADE : SC_R_HAZARD_FIX, SC_ROLE_STREET, 0);
        s->facts[s->n - 1].lamport = 1;
    }
    for (size_t first = 0; first < half; first += SC_PARENTS_MAX) { /* gather them */
        add(s, SC_R_HAZARD_REMIND, SC_ROLE_CHIEF, 0);
        struct sc_fact *f = &s->facts[s->n - 1];
        f->lamport = 2 + first;
        for (size_t p = 0; p < SC_PARENTS_MAX && first + p < half; p++)
            s->parents[s->n - 1][f->parent_count++] = sc_id_of(&s->facts[first + p].entry_id);
    }
    size_t gathered = s->n;
    while (s->n < n) {
        add(s, SC_R_HAZARD_PASS, SC_ROLE_STREET, 0);
        struct sc_fact *f = &s->facts[s->n - 1];
        for (size_t i = half; i < gathered; i++)
            s->parents[s->n - 1][f->parent_count++] = sc_id_of(&s->facts[i].entry_id);
    }
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void measure(const char *name, void (*make)(struct set *, size_t), size_t n,
                    double budget_us)
{
    struct set s = {0};
    struct sc_hazard h = {.fact_count = 0};
    s.facts = calloc(n, sizeof(*s.facts));
    s.parents = calloc(n, sizeof(*s.parents));
    s.bodies = calloc(n, sizeof(*s.bodies));
    if (s.facts == NULL || s.parents == NULL || s.bodies == NULL)
        abort();
    make(&s, n);
    uint64_t folds = 0;
    double start = now_us();
    double end = start;
    for (; end - start < budget_us; end = now_us())
        for (int i = 0; i < (n > 100 ? 1 : 100); i++, folds++)
            if (sc_hazard_fold(s.facts, s.n, &h) != ST_OK)
                abort();
    printf("%-12s %5zu %10.2f us  %s\n", name, s.n, (end - start) / (double)folds,
           sc_hazard_state_label(h.state).name);
    free(s.bodies);
    free(s.parents);
    free(s.facts);
}

int main(int argc, char **argv)
{
    uint64_t ms = 300;
    static const size_t sizes[] = {5, 10, 20, 64, 100, 1000};
    if (argc > 1 && cr_parse_u64(argv[1], strlen(argv[1]), 100000, &ms) != ST_OK)
        return 2;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        measure("plain", plain_life, sizes[i], (double)ms * 1e3);
    for (size_t i = 1; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        measure("lively", lively_life, sizes[i], (double)ms * 1e3);
    measure("plain", plain_life, ENTRIES_MAX, (double)ms * 1e3);
    measure("lively", lively_life, ENTRIES_MAX, (double)ms * 1e3);
    measure("flood", flood, ENTRIES_MAX, (double)ms * 1e3);
    measure("wide", wide, ENTRIES_MAX, (double)ms * 1e3);
    return 0;
}
