#include "node/tables.h"

#include "node/cmd.h"

#include <stdio.h>

static json_t *span(struct cr_span s)
{
    return json_stringn(s.n > 0 ? (const char *)s.p : "", s.n);
}

void nd_json_table_row(json_t *o, const struct sc_table_row *row)
{
    (void)json_object_update_new(o, json_pack("{s:o, s:o, s:b, s:b, s:I}", "zh", span(row->zh),
                                              "en", span(row->en), "shipped", (int)row->shipped,
                                              "withdrawn", (int)row->withdrawn, "from_ms",
                                              (json_int_t)row->from_ms));
}

json_t *nd_json_code(const struct sc_code *row)
{
    uint16_t days = sc_limit_days(row->limit);

    return json_pack("{s:s, s:i, s:s, s:o}", "code", row->code, "severity", (int)row->severity,
                     "limit", sc_choice_by_value(sc_choices_limit, row->limit)->name, "days",
                     days < SC_DAYS_TRANSFER ? json_integer(days) : json_null());
}

json_t *nd_json_place_kind(const struct sc_place_kind *row)
{
    return json_pack("{s:i, s:o, s:i, s:i}", "number", (int)row->number, "name", span(row->name),
                     "list", (int)row->list, "period", (int)row->period_days);
}

json_t *nd_json_checklist(const struct sc_checklist *l)
{
    json_t *keys = json_array(), *zh = json_array(), *en = json_array(), *codes = json_array();

    for (size_t i = 0; i < l->count; i++) {
        (void)json_array_append_new(keys, span(l->item[i].key));
        (void)json_array_append_new(zh, span(l->item[i].zh));
        (void)json_array_append_new(en, span(l->item[i].en));
        (void)json_array_append_new(codes, span(l->item[i].codes));
    }
    return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "number", (int)l->number, "version",
                     (int)l->version, "keys", keys, "items-zh", zh, "items-en", en, "codes", codes);
}

void nd_default_version(const struct sc_tables *t, uint64_t now_ms, struct sc_body *body)
{
    const struct sc_field *list = sc_field_by_name(body->rec, "list"),
                          *version = sc_field_by_name(body->rec, "checklist");
    struct sc_value *v;
    struct sc_checklist l;

    if (list == NULL || version == NULL || !sc_body_get(body, list->key)->present)
        return;
    v = &body->v[sc_field_index(body->rec, version->key)];
    if (!v->present && sc_tables_list(t, sc_body_get(body, list->key)->u, now_ms, &l))
        *v = (struct sc_value){.present = true, .u = l.version};
}
