/* A record's body from JSON, by the catalogue: the other way round is nd_json_body. */
#ifndef NODE_JSON_BODY_H
#define NODE_JSON_BODY_H

#include "schema/record.h"

#include <jansson.h>

/* An object of the record's field names. Numbers, booleans and times (Unix ms, or a date
 * as it is typed) as themselves; enums
 * by name; ids, keys and bytes in hex; grids as digits in a string; lists as arrays, answers as
 * arrays [item, result, note]. A null is a field that is absent. Values are judged by the reader of
 * the wire, so nothing enters here that a peer would refuse. Texts live in arena (used whole, as
 * for sc_value_parse). ST_MALFORMED (err names the field and what is wanted; also for a field that
 * the record has not), ST_RANGE, ST_OVERSIZE, ST_NOMEM. */
int nd_body_from_json(json_t *object, const struct sc_record *rec, struct cr_buf *arena,
                      struct sc_body *out, struct st_err *err) ST_MUST;

#endif
