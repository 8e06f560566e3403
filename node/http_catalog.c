/* The catalogue, the codes and the labels as one JSON value: forms, columns and words of the page
 * come from it, so that a new field of a record needs nothing there. Writers and names of roles are
 * those of the policy as it applies now. */
#include "node/http_api_int.h"

#include "schema/record_table.h"

#include <string.h>

static const char *kind_name(enum sc_field_kind k)
{
    static const char *const names[] = {
        [SC_F_U64] = "u64",     [SC_F_I64] = "i64",     [SC_F_BOOL] = "bool",
        [SC_F_TEXT] = "text",   [SC_F_BYTES] = "bytes", [SC_F_ENUM] = "enum",
        [SC_F_ID] = "id",       [SC_F_GRID] = "grid",   [SC_F_CODE] = "code",
        [SC_F_TIME] = "time",   [SC_F_KEY] = "key",     [SC_F_IDS] = "ids",
        [SC_F_TEXTS] = "texts", [SC_F_U64S] = "u64s",   [SC_F_ANSWERS] = "answers"};

    return (size_t)k < sizeof names / sizeof names[0] && names[k] != NULL ? names[k] : "";
}

static json_t *choices_json(const struct sc_choice *ch)
{
    json_t *list;

    if (ch == NULL)
        return json_null();
    list = json_array();
    for (; ch->name != NULL; ch++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I}", "name", ch->name, "zh",
                                                    ch->zh, "en", ch->en, "value",
                                                    (json_int_t)ch->value));
    return list;
}

static json_t *field_json(const struct sc_field *f)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:I, s:s?, s:o}", "name", f->name, "zh", f->zh,
                     "en", f->en, "kind", kind_name(f->kind), "required",
                     (int)((f->flags & SC_FF_REQUIRED) != 0), "personal",
                     (int)((f->flags & SC_FF_PERSONAL) != 0), "max", (json_int_t)f->max, "unit",
                     f->unit, "choices", choices_json(f->choices));
}

static json_t *record_json(const struct sc_record *rec, const struct sc_rules *rules)
{
    static const char *const folds[] = {"none", "cert", "lww", "hazard"};
    static const char *const classes[] = {"neutral", "danger", "clearance"};
    json_t *fields = json_array();

    for (size_t i = 0; i < rec->field_count; i++)
        (void)json_array_append_new(fields, field_json(&rec->fields[i]));
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:b, s:o, s:b, s:b, s:o}", "name", rec->name,
                     "zh", rec->zh, "en", rec->en, "type", (json_int_t)rec->type, "fold",
                     (size_t)rec->fold < 4 ? folds[rec->fold] : "none", "klass",
                     (size_t)rec->klass < 3 ? classes[rec->klass] : "neutral", "creates",
                     (int)(rec->subject != SC_SUBJ_NEEDS), "writers",
                     nd_json_roles(sc_rules_writers(rules, rec)), "open_report",
                     (int)rec->open_report, "public", (int)(rec->where == SC_IN_PUBLIC), "fields",
                     fields);
}

static json_t *label_json(struct sc_label l)
{
    return json_pack("{s:s, s:s, s:s}", "name", l.name, "zh", l.zh, "en", l.en);
}

static json_t *codes_json(void)
{
    json_t *list = json_array();

    for (size_t i = 0; sc_hazard_code_at(i) != NULL; i++) {
        const struct sc_hazard_code *c = sc_hazard_code_at(i);

        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:i, s:o}", "code", c->code, "zh", c->zh, "en", c->en,
                            "severity", (int)c->severity, "days",
                            c->days < SC_DAYS_TRANSFER ? json_integer(c->days) : json_null()));
    }
    return list;
}

/* By the names that the street has given them. */
static json_t *roles_json(const struct nd_api *api)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sc_policy_items(); i++) {
        struct sc_policy_value v;
        struct sc_policy_item item;

        sc_policy_item(i, &item);
        if (item.kind != SC_PK_ROLE)
            continue;
        sc_policy_value_at(nd_store_policy(api->app->store), i, nd_app_wall_ms(api->app), &v);
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:I}", "name",
                                                    sc_choices_role[item.at].name, "zh", v.zh, "en",
                                                    v.en, "abbr", v.abbr, "value",
                                                    (json_int_t)sc_choices_role[item.at].value));
    }
    return list;
}

static json_t *make_catalog(const struct nd_api *api)
{
    json_t *records = json_array(), *states = json_array(), *flags = json_array();
    json_t *blocks = json_array(), *levels = json_array();
    const struct sc_rules *rules =
        sc_policy_at(nd_store_policy(api->app->store), nd_app_wall_ms(api->app));

    for (size_t i = 0; sc_record_at(i) != NULL; i++)
        (void)json_array_append_new(records, record_json(sc_record_at(i), rules));
    for (int s = SC_HS_REPORTED; s <= SC_HS_VOID; s++)
        (void)json_array_append_new(states,
                                    label_json(sc_hazard_state_label((enum sc_hazard_state)s)));
    for (uint32_t bit = 1; bit <= SC_HF_LINKED; bit <<= 1)
        (void)json_array_append_new(flags, label_json(sc_hazard_flag_label(bit)));
    for (uint32_t bit = 1; bit <= SC_HB_OVERFLOW; bit <<= 1)
        (void)json_array_append_new(blocks, label_json(sc_hazard_block_label(bit)));
    for (int l = SC_LV_OFFICER; l <= SC_LV_DISTRICT; l++)
        (void)json_array_append_new(levels, label_json(sc_level_label((enum sc_level)l)));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "records", records, "codes",
                     codes_json(), "states", states, "flags", flags, "blocks", blocks, "levels",
                     levels, "roles", roles_json(api));
}

void nd_api_catalog(void *arg, struct nd_http_req *r)
{
    struct nd_api *api = arg;

    nd_api_json(r, 200, make_catalog(api));
}
