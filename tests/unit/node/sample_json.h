/* Values of fields as JSON, out of the catalogue: one that is taken, and two that are not. */
#ifndef TESTS_UNIT_NODE_SAMPLE_JSON_H
#define TESTS_UNIT_NODE_SAMPLE_JSON_H

#include "schema/record.h"

#include <jansson.h>

/* A value that the field takes, in a record whose other fields are made the same way. */
json_t *sample_good(const struct sc_record *rec, const struct sc_field *f);
/* One that it refuses: turn even, of another type; odd, by its kind beyond a limit, an unknown
 * choice, a day that does not exist. */
json_t *sample_bad(const struct sc_record *rec, const struct sc_field *f, size_t turn);
/* An object with a good value for every field. */
json_t *sample_body(const struct sc_record *rec);

#endif
