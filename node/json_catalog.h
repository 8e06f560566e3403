/* The catalogue for others: as JSON for the page and programs, as Markdown for people, as an empty
 * record to be filled in. */
#ifndef NODE_JSON_CATALOG_H
#define NODE_JSON_CATALOG_H

#include "schema/policy.h"

#include <jansson.h>

/* One record type with its fields, choices and labels; writers as the rules say, NULL the defaults.
 * NULL: out of memory. */
json_t *nd_json_record_type(const struct sc_record *rec, const struct sc_rules *rules);
/* "u64", "text" … */
const char *nd_kind_name(enum sc_field_kind kind);
const char *nd_where_name(enum sc_where where); /* "any", "area", "village", "public", "internal" */
/* An object with every field, null or an example of its form, and beside each field "//field": what
 * it means in both languages. nd_body_from_json reads it back when members whose name begins with
 * "//" are taken out (nd_json_drop_notes). */
json_t *nd_json_template(const struct sc_record *rec);
void nd_json_drop_notes(json_t *object);
/* Every record as tables in Chinese and English, piece by piece. */
void nd_catalog_markdown(void (*put)(void *arg, const char *text), void *arg);

#endif
