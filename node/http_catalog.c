/* The catalogue, the codes and the labels as one JSON value: forms, columns and words of the page
 * come from it, so that a new field of a record needs nothing there. Writers and names of roles are
 * those of the policy as it applies now. */
#include "node/http_api_int.h"
#include "node/json_catalog.h"

#include "schema/record_table.h"

#include <string.h>

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
        (void)json_array_append_new(records, nd_json_record_type(sc_record_at(i), rules));
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
