/* From facts to items: one pass over each body picks the fields that the rule looks at. Bodies were
 * checked on admission; one that does not read is taken as far as it reads. */
#include "schema/hazard_fold.h"

#include <string.h>

/* Opens the map of a body; 0 pairs when it is none. */
static uint64_t open_body(struct sc_reader *r, const struct sc_fact *f)
{
    uint64_t pairs = 0;
    sc_reader_init_checked(r, f->body);
    return f->body.n > 0 && sc_read_map(r, SC_BODY_FIELDS_MAX, &pairs) == ST_OK ? pairs : 0;
}

static uint64_t take_u64(struct sc_reader *r, uint64_t max)
{
    uint64_t v = 0;
    if (sc_peek(r) != SC_PEEK_UINT)
        (void)sc_read_any(r, NULL);
    else
        (void)sc_read_u64(r, UINT64_MAX, &v);
    return v < max ? v : max;
}

static int64_t take_i64(struct sc_reader *r)
{
    int64_t v = 0;
    if (sc_peek(r) != SC_PEEK_UINT && sc_peek(r) != SC_PEEK_INT)
        (void)sc_read_any(r, NULL);
    else
        (void)sc_read_i64(r, INT64_MIN, INT64_MAX, &v);
    return v;
}

static struct cr_span take_text(struct sc_reader *r)
{
    struct cr_span s = {NULL, 0};
    if (sc_peek(r) != SC_PEEK_TEXT)
        (void)sc_read_any(r, NULL);
    else
        (void)sc_read_text(r, SC_PAYLOAD_MAX, &s);
    return s;
}

static bool take_id(struct sc_reader *r, struct sc_id *id)
{
    struct cr_span s = {NULL, 0};
    if (sc_peek(r) != SC_PEEK_BIN)
        (void)sc_read_any(r, NULL);
    else
        (void)sc_read_bin(r, SC_PAYLOAD_MAX, &s);
    if (s.n != SC_ID_BYTES)
        return false;
    memcpy(id->b, s.p, SC_ID_BYTES);
    return true;
}

static bool take_bool(struct sc_reader *r)
{
    bool v = false;
    if (sc_peek(r) != SC_PEEK_BOOL)
        (void)sc_read_any(r, NULL);
    else
        (void)sc_read_bool(r, &v);
    return v;
}

/* A text or a list that is not empty. */
static bool take_given(struct sc_reader *r)
{
    struct cr_span any = {NULL, 0};
    enum sc_kind_peek kind = sc_peek(r);
    if (kind == SC_PEEK_TEXT)
        return take_text(r).n > 0;
    return sc_read_any(r, &any) == ST_OK && kind == SC_PEEK_ARRAY && any.n > 1;
}

static void read_field(struct sc_hz_item *it, int key, struct sc_reader *r, struct cr_span *code)
{
    switch (key) {
    case SC_K_TEXT: it->reason = take_text(r).n > 0; break;
    case SC_K_CODE: *code = take_text(r); break;
    case SC_K_SEVERITY: it->severity = (uint8_t)take_u64(r, SC_HZ_SEVERITY_MAX); break;
    case SC_K_WHEN: it->when_ms = take_u64(r, SC_WALL_MS_MAX); break;
    case SC_K_DEADLINE: it->deadline_ms = take_u64(r, SC_WALL_MS_MAX); break;
    case SC_K_ASSIGNEE: it->assignee = take_text(r); break;
    case SC_K_LEVEL: it->to_level = (uint8_t)take_u64(r, SC_LV_DISTRICT); break;
    case SC_K_EVIDENCE: it->evidence = take_given(r); break;
    case SC_K_DOC: it->document = take_text(r).n > 0; break;
    case SC_K_DANGER: it->danger = take_bool(r); break;
    case SC_K_MEMBER: it->has_member = take_id(r, &it->member); break;
    default: (void)sc_read_any(r, NULL); break;
    }
}

/* May the fact be believed to be what it says, by its author's roles. */
static bool counts(const struct sc_fact *f)
{
    const struct sc_record *rec = sc_record_find(f->type);
    return rec != NULL && sc_fact_may_write(f, rec);
}

/* What the policy lets the author clear or lower by this. */
static void read_power(struct sc_hz_item *it)
{
    const struct sc_rules *rules = it->f->rules;
    uint32_t roles = sc_fact_roles(it->f);

    switch (it->type) {
    case SC_R_HAZARD_PASS:
    case SC_R_HAZARD_VOID:
        it->power = sc_rules_power(rules, it->type == SC_R_HAZARD_PASS ? SC_CL_PASS : SC_CL_VOID,
                                   SC_HZ_SEVERITY_MAX, roles);
        it->alone = sc_rules_may_clear(rules, SC_CL_ALONE, roles);
        it->notices = sc_rules_may_clear(rules, SC_CL_EMERGENCY, roles);
        break;
    case SC_R_HAZARD_ACCEPT: it->notices = sc_rules_may_clear(rules, SC_CL_EMERGENCY, roles); break;
    case SC_R_HAZARD_DOWNGRADE:
        it->power = sc_rules_power(rules, SC_CL_DOWNGRADE, SC_HZ_SEVERITY_MAX, roles);
        break;
    case SC_R_HAZARD_HANDBACK:
        it->power = sc_rules_power(rules, SC_CL_HANDBACK, SC_LV_DISTRICT, roles);
        break;
    case SC_R_HAZARD_EXTERNAL: it->power = sc_rules_may_clear(rules, SC_CL_EXTERNAL, roles); break;
    default: break;
    }
    if (it->deadline_ms != 0)
        it->extends = sc_rules_may_clear(rules, SC_CL_EXTEND, roles);
}

static void read_item(struct sc_hz_item *it, const struct sc_fact *f, bool pending)
{
    *it = (struct sc_hz_item){.f = f, .pending = pending, .when_ms = f->wall_ms};
    it->level = (uint8_t)sc_level_of_roles(sc_fact_roles(f));
    if (f->pruned) {
        it->counts = true;
        return;
    }
    if (!sc_type_is_hazard(f->type))
        return;
    it->type = (uint8_t)f->type;
    it->counts = counts(f);
    if (!it->counts)
        return;
    struct sc_reader r;
    struct cr_span code = {NULL, 0};
    int key = -1;
    for (uint64_t pairs = open_body(&r, f); pairs > 0; pairs--) {
        if (sc_read_key(&r, &key) != ST_OK)
            break;
        read_field(it, key, &r, &code);
    }
    if (it->type == SC_R_HAZARD_REPORT && it->severity == 0) {
        const struct sc_hazard_code *known = sc_hazard_code_find(code);
        it->severity = f->code_severity != 0 ? f->code_severity
                       : known != NULL       ? known->severity
                                       : (uint8_t)sc_rules_number(f->rules, SC_PN_SEVERITY_NEW);
    }
    read_power(it);
    if (it->type == SC_R_HAZARD_ESCALATE && it->to_level == 0)
        it->to_level = it->level < SC_LV_DISTRICT ? (uint8_t)(it->level + 1) : SC_LV_DISTRICT;
}

void sc_hz_read_items(struct sc_hz *h)
{
    for (size_t r = 0; r < h->n; r++)
        read_item(&h->item[r], &h->facts[h->d->order[r]], h->d->pending[r]);
}

void sc_hz_read_display(const struct sc_fact *f, struct sc_hazard *out)
{
    struct sc_reader r;
    int key = -1;
    for (uint64_t pairs = open_body(&r, f); pairs > 0; pairs--) {
        if (sc_read_key(&r, &key) != ST_OK)
            break;
        switch (key) {
        case SC_K_GRID: out->grid = take_u64(&r, UINT64_MAX); break;
        case SC_K_TEXT: out->text = take_text(&r); break;
        case SC_K_CODE: out->code = take_text(&r); break;
        case SC_K_PLACE: out->has_place = take_id(&r, &out->place) || out->has_place; break;
        case SC_K_SOURCE: out->source = take_u64(&r, UINT64_MAX); break;
        case SC_K_ADDRESS: out->address = take_text(&r); break;
        case SC_K_EXT: out->ext = take_text(&r); break;
        default: (void)sc_read_any(&r, NULL); break;
        }
    }
    out->has_position = sc_hz_read_position(f, &out->lat_e7, &out->lon_e7) || out->has_position;
}

bool sc_hz_read_position(const struct sc_fact *f, int64_t *lat_e7, int64_t *lon_e7)
{
    struct sc_reader r;
    int key = -1;
    bool has_lat = false;
    bool has_lon = false;
    int64_t lat = 0;
    int64_t lon = 0;
    for (uint64_t pairs = open_body(&r, f); pairs > 0; pairs--) {
        if (sc_read_key(&r, &key) != ST_OK)
            break;
        if (key == SC_K_LAT) {
            lat = take_i64(&r);
            has_lat = true;
        } else if (key == SC_K_LON) {
            lon = take_i64(&r);
            has_lon = true;
        } else {
            (void)sc_read_any(&r, NULL);
        }
    }
    if (!has_lat || !has_lon || r.status != ST_OK)
        return false;
    if (lat < -900000000 || lat > 900000000 || lon < -1800000000 || lon > 1800000000)
        return false;
    *lat_e7 = lat;
    *lon_e7 = lon;
    return true;
}
