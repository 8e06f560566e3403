/* The street's tables (schema/codes.h) for others: as JSON, and what they add to a record. */
#ifndef NODE_TABLES_H
#define NODE_TABLES_H

#include "node/store.h"

#include <jansson.h>

/* A row without what all rows have. NULL: out of memory. */
json_t *nd_json_code(const struct sc_code *row);
json_t *nd_json_place_kind(const struct sc_place_kind *row);
/* Items as the fields of a record checklist, so that it can be edited and set again. */
json_t *nd_json_checklist(const struct sc_checklist *l);
/* Adds zh, en, shipped, withdrawn, from_ms. */
void nd_json_table_row(json_t *o, const struct sc_table_row *row);
/* A record that names a checklist without its version names the one that applies now. */
void nd_default_version(const struct sc_tables *t, uint64_t now_ms, struct sc_body *body);

#endif
