#include "tests/unit/schema/hazard_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIT_GRID UINT64_C(500118003202001)

const struct kit_actor kit_actors[KIT_WHO_COUNT] = {
    [KIT_O1] = {"O1", 1, 1, SC_ROLE_OFFICER, SC_GV_ROOT},
    [KIT_O2] = {"O2", 2, 2, SC_ROLE_OFFICER, SC_GV_VILLAGE},
    [KIT_C1] = {"C1", 3, 3, SC_ROLE_CHIEF, SC_GV_ROOT},
    [KIT_C2] = {"C2", 4, 4, SC_ROLE_CHIEF, SC_GV_VILLAGE},
    [KIT_V1] = {"V1", 5, 5, SC_ROLE_VILLAGE, SC_GV_ROOT},
    [KIT_V2] = {"V2", 6, 6, SC_ROLE_VILLAGE, SC_GV_STREET},
    [KIT_S1] = {"S1", 7, 7, SC_ROLE_STREET, SC_GV_ROOT},
    [KIT_S2] = {"S2", 8, 8, SC_ROLE_STREET, SC_GV_ROOT},
    [KIT_B1] = {"B1", 9, 9, SC_ROLE_OWNER, SC_GV_ROOT},
    [KIT_P1] = {"P1", 10, 10, SC_ROLE_PUBLIC, SC_GV_ROOT},
    [KIT_D1] = {"D1", 11, 11, SC_ROLE_DISTRICT, SC_GV_ROOT},
    [KIT_V1B] = {"V1B", 12, 5, SC_ROLE_VILLAGE, SC_GV_ROOT},
    [KIT_X1] = {"X1", 13, 13, 0, SC_GV_ROOT},
    [KIT_V3_OFF] = {"V3", 14, 14, 0, SC_GV_ROOT},
    [KIT_OC] = {"OC", 15, 15, SC_ROLE_OFFICER | SC_ROLE_CHIEF, SC_GV_ROOT},
};

struct sc_id kit_member(uint8_t member)
{
    struct sc_id id;
    memset(id.b, member, sizeof(id.b));
    return id;
}

static struct sc_value *value(struct sc_body *b, uint8_t key)
{
    size_t i = sc_field_index(b->rec, key);
    if (i == SIZE_MAX)
        ts_fail("%s has no field with key %u", b->rec->name, key);
    b->v[i].present = true;
    return &b->v[i];
}

static bool has_field(const struct sc_record *rec, uint8_t key)
{
    return sc_field_index(rec, key) != SIZE_MAX;
}

/* Fields that only a report or an edit has. */
static void fill_display(const struct kit_act *a, struct sc_body *b)
{
    bool report = a->type == SC_R_HAZARD_REPORT;
    if (report || a->code != NULL)
        value(b, SC_K_CODE)->s = cr_span_text(a->code != NULL ? a->code : "A03");
    if (report || a->grid != 0)
        value(b, SC_K_GRID)->u = a->grid != 0 ? a->grid : KIT_GRID;
    if (a->has_position) {
        value(b, SC_K_LAT)->i = a->lat_e7;
        value(b, SC_K_LON)->i = a->lon_e7;
    }
}

static void encode_body(const struct kit_act *a, struct cr_buf *out)
{
    static const uint8_t evidence[] = {0x91, 0xa1, 'e'};
    static const char digits[] = "0123456789";
    struct sc_body b = {.rec = sc_record_find(a->type)};
    struct sc_id member = kit_member(a->member);
    struct st_err err;
    assert_non_null(b.rec);
    if (a->type == SC_R_HAZARD_REPORT || a->type == SC_R_HAZARD_EDIT)
        fill_display(a, &b);
    if (a->severity != 0)
        value(&b, SC_K_SEVERITY)->u = a->severity;
    if (a->level != 0)
        value(&b, SC_K_LEVEL)->u = a->level;
    if (a->deadline != 0)
        value(&b, SC_K_DEADLINE)->u = a->deadline;
    if (a->assignee != 0)
        value(&b, SC_K_ASSIGNEE)->s = cr_span_of(&digits[a->assignee], 1);
    if (a->member != 0)
        value(&b, SC_K_MEMBER)->s = cr_span_of(member.b, SC_ID_BYTES);
    if (a->reason || (b.rec->fields[0].key == SC_K_TEXT && b.rec->fields[0].flags & SC_FF_REQUIRED))
        value(&b, SC_K_TEXT)->s = cr_span_text("because");
    if (a->evidence)
        value(&b, SC_K_EVIDENCE)->s = cr_span_of(evidence, sizeof(evidence));
    if (a->document)
        value(&b, SC_K_DOC)->s = cr_span_text("2026-17");
    if (a->danger)
        value(&b, SC_K_DANGER)->u = 1;
    if (a->type == SC_R_HAZARD_TRANSFER)
        value(&b, 32)->s = cr_span_text("police");
    if (has_field(b.rec, SC_K_RESULT))
        value(&b, SC_K_RESULT)->u = 1;
    int rc = sc_body_encode(&b, a->type == SC_R_HAZARD_REPORT, out, &err);
    if (rc != ST_OK)
        ts_fail("%s: %s", b.rec->name, err.msg);
}

static struct cr_hash entry_id(uint64_t salt, uint64_t i)
{
    uint8_t seed[16];
    struct cr_hash h;
    cr_store_be64(seed, salt);
    cr_store_be64(seed + 8, i);
    cr_hash1(CR_TAG_TEST, cr_span_of(seed, sizeof(seed)), &h);
    return h;
}

static void fill_fact(struct kit *k, const struct kit_act *a, size_t i, uint64_t salt)
{
    const struct kit_actor *who = &kit_actors[a->who];
    struct sc_fact *f = &k->facts[i];
    *f = (struct sc_fact){
        .entry_id = entry_id(salt, i),
        .roles = who->roles,
        .lamport = a->lamport,
        .wall_ms = a->wall_ms,
        .type = a->pruned ? 0 : a->type,
        .schema_version = 1,
        .parent_count = a->parent_count,
        .parents = k->parents[i],
        .pruned = a->pruned,
        .creates = a->type == SC_R_HAZARD_REPORT,
    };
    memset(f->author.b, who->key, sizeof(f->author.b));
    memset(f->person.b, who->person, sizeof(f->person.b));
    for (size_t p = 0; p < a->parent_count; p++) {
        struct cr_hash id = entry_id(salt, a->parents[p]); /* nobody has number 255 */
        k->parents[i][p] = sc_id_of(&id);
    }
    k->body_at[i] = k->bodies.n;
    if (!a->pruned)
        encode_body(a, &k->bodies);
    k->body_bytes[i] = k->bodies.n - k->body_at[i];
}

void kit_init(struct kit *k, const struct kit_act *acts, size_t n, uint64_t salt)
{
    assert_true(n <= KIT_ACTS_MAX);
    k->n = n;
    cr_buf_init(&k->bodies, 65536);
    for (size_t i = 0; i < n; i++)
        fill_fact(k, &acts[i], i, salt);
    for (size_t i = 0; i < n; i++)
        k->facts[i].body = cr_span_of(k->bodies.p + k->body_at[i], k->body_bytes[i]);
}

void kit_govern(struct kit *k, const struct kit_act *acts, struct sc_policy *p)
{
    for (size_t i = 0; i < k->n; i++) {
        const struct kit_actor *who = &kit_actors[acts[i].who];
        uint32_t by[SC_GIVERS] = {0};
        by[who->giver] = who->roles;
        k->facts[i].rules = sc_policy_at(p, acts[i].wall_ms);
        k->facts[i].barred = sc_rules_barred(k->facts[i].rules, by);
    }
}

static void name_change(const struct kit_change *c, char *name, size_t bytes)
{
    struct sc_policy_item item;
    for (size_t i = 0; i < sc_policy_items(); i++) {
        sc_policy_item(i, &item);
        bool is = false;
        switch (c->what) {
        case KIT_WRITERS:
            is = item.kind == SC_PK_WRITE && sc_record_at(item.at)->type == c->at;
            break;
        case KIT_CLEAR: is = item.kind == SC_PK_CLEAR && item.at == c->at; break;
        case KIT_SECOND_FROM: is = item.kind == SC_PK_NUMBER && item.at == SC_PN_SECOND_FROM; break;
        case KIT_GIVER: is = item.kind == SC_PK_ROLE && item.at == c->at; break;
        }
        if (is) {
            (void)snprintf(name, bytes, "%s", item.name);
            return;
        }
    }
    ts_fail("no value for change %d of %d", (int)c->what, (int)c->at);
}

void kit_policy_add(struct sc_policy *p, const struct kit_change *c)
{
    char name[SC_POLICY_NAME_MAX + 1];
    struct sc_policy_entry e = {.lamport = c->order, .counts = true};
    struct sc_policy_item item;
    struct sc_policy_value v;
    struct sc_body body;
    struct st_err err = {0};
    name_change(c, name, sizeof(name));
    sc_policy_default(sc_policy_item_find(cr_span_text(name)), &v);
    v.from_ms = c->from;
    v.roles = c->roles;
    v.level = c->level;
    v.number = c->number;
    sc_policy_body(&v, &item, &body);
    if (sc_policy_decode(&body, &e.value, &err) != ST_OK)
        ts_fail("%s", err.msg);
    e.entry_id = entry_id(UINT64_MAX, c->order);
    ts_assert_ok(sc_policy_add(p, &e));
}

void kit_release(struct kit *k)
{
    cr_buf_release(&k->bodies);
}

void kit_fold(const struct sc_fact *facts, size_t n, struct sc_hazard *out)
{
    ts_assert_ok(sc_hazard_fold(facts, n, out));
}

bool kit_same(const struct sc_hazard *a, const struct sc_hazard *b)
{
    struct cr_buf x;
    struct cr_buf y;
    cr_buf_init(&x, 65536);
    cr_buf_init(&y, 65536);
    ts_assert_ok(sc_hazard_encode(a, &x));
    ts_assert_ok(sc_hazard_encode(b, &y));
    bool same = cr_span_equal(cr_buf_span(&x), cr_buf_span(&y));
    cr_buf_release(&x);
    cr_buf_release(&y);
    return same;
}
