/* One value of a body by the kind of its field; what record.c and value_parse.c stand on. */
#ifndef SCHEMA_VALUE_H
#define SCHEMA_VALUE_H

#include "schema/record.h"

/* Reads one value. ST_OK with v->present false: a choice or code unknown to this program in a
 * payload of a newer schema. ST_MALFORMED, ST_TRUNCATED, ST_OVERSIZE, ST_RANGE (v->u is then the
 * number). */
int sc_value_read(struct sc_reader *r, const struct sc_field *f, bool newer,
                  struct sc_value *v) ST_MUST;
/* Writes a present value as it stands; sc_value_read judges it. */
void sc_value_write(struct sc_writer *w, const struct sc_field *f, const struct sc_value *v);
/* A capital letter and two digits: what a hazard code looks like. */
bool sc_code_shape(struct cr_span s);
/* Limits: the field's, or those of its kind. */
uint64_t sc_field_max(const struct sc_field *f);

#endif
