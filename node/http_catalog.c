/* The catalogue, the codes and the labels as one JSON value: forms, columns and words of the page
 * come from it, so that a new field of a record needs nothing there. Writers and names of roles are
 * those of the policy as it applies now. */
#include "node/http_api_int.h"
#include "node/json_catalog.h"
#include "node/tables.h"

#include "schema/record_table.h"

#include <stdio.h>
#include <string.h>

static json_t *label_json(struct sc_label l)
{
    return json_pack("{s:s, s:s, s:s}", "name", l.name, "zh", l.zh, "en", l.en);
}

/* Codes, kinds and lists as they apply now. */
static json_t *codes_json(const struct sc_tables *t, uint64_t now_ms)
{
    struct sc_code row = {.code = ""};
    json_t *list = json_array();

    while (sc_tables_next_code(t, now_ms, &row)) {
        json_t *o = nd_json_code(&row);

        nd_json_table_row(o, &row.row);
        (void)json_array_append_new(list, o);
    }
    return list;
}

static json_t *kinds_json(const struct sc_tables *t, uint64_t now_ms)
{
    struct sc_place_kind row = {.number = 0};
    json_t *list = json_array();

    while (sc_tables_next_kind(t, now_ms, &row)) {
        json_t *o = nd_json_place_kind(&row);

        nd_json_table_row(o, &row.row);
        (void)json_array_append_new(list, o);
    }
    return list;
}

static json_t *checklists_json(const struct sc_tables *t, uint64_t now_ms)
{
    struct sc_checklist row = {.number = 0};
    json_t *list = json_array();

    while (sc_tables_next_list(t, now_ms, &row)) {
        json_t *o = nd_json_checklist(&row);

        nd_json_table_row(o, &row.row);
        (void)json_array_append_new(list, o);
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

/* Open choices, with those that the street has added: by their number, which is how they are said.
 */
static void add_street_kinds(json_t *record, const struct sc_tables *t, uint64_t now_ms)
{
    json_t *fields = json_object_get(record, "fields"), *f;
    size_t i;

    json_array_foreach(fields, i, f)
    {
        struct sc_place_kind row = {.number = 0};

        if (!json_is_true(json_object_get(f, "open")))
            continue;
        while (sc_tables_next_kind(t, now_ms, &row)) {
            char number[8];

            if (row.row.withdrawn || sc_choice_by_value(sc_choices_place_kind, row.number) != NULL)
                continue;
            (void)snprintf(number, sizeof number, "%d", (int)row.number);
            (void)json_array_append_new(json_object_get(f, "choices"),
                                        json_pack("{s:s, s:s%, s:s%, s:i}", "name", number, "zh",
                                                  (const char *)row.row.zh.p, row.row.zh.n, "en",
                                                  (const char *)row.row.en.p, row.row.en.n, "value",
                                                  (int)row.number));
        }
    }
}

static json_t *make_catalog(const struct nd_api *api)
{
    json_t *records = json_array(), *states = json_array(), *flags = json_array();
    json_t *blocks = json_array(), *levels = json_array();
    const struct sc_tables *tables = nd_store_tables(api->app->store);
    uint64_t now_ms = nd_app_wall_ms(api->app);
    const struct sc_rules *rules =
        sc_policy_at(nd_store_policy(api->app->store), nd_app_wall_ms(api->app));

    for (size_t i = 0; sc_record_at(i) != NULL; i++) {
        json_t *record = nd_json_record_type(sc_record_at(i), rules);

        add_street_kinds(record, tables, now_ms);
        (void)json_array_append_new(records, record);
    }
    for (int s = SC_HS_REPORTED; s <= SC_HS_VOID; s++)
        (void)json_array_append_new(states,
                                    label_json(sc_hazard_state_label((enum sc_hazard_state)s)));
    for (uint32_t bit = 1; bit <= SC_HF_LINKED; bit <<= 1)
        (void)json_array_append_new(flags, label_json(sc_hazard_flag_label(bit)));
    for (uint32_t bit = 1; bit <= SC_HB_OVERFLOW; bit <<= 1)
        (void)json_array_append_new(blocks, label_json(sc_hazard_block_label(bit)));
    for (int l = SC_LV_OFFICER; l <= SC_LV_DISTRICT; l++)
        (void)json_array_append_new(levels, label_json(sc_level_label((enum sc_level)l)));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "records", records, "codes",
                     codes_json(tables, now_ms), "kinds", kinds_json(tables, now_ms), "checklists",
                     checklists_json(tables, now_ms), "states", states, "flags", flags, "blocks",
                     blocks, "levels", levels, "roles", roles_json(api));
}

void nd_api_catalog(void *arg, struct nd_http_req *r)
{
    struct nd_api *api = arg;

    nd_api_json(r, 200, make_catalog(api));
}
