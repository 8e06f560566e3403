/* Records by the command line: what the verbs of cmd_record.c and cmd_write.c share. */
#ifndef NODE_CMD_RECORD_H
#define NODE_CMD_RECORD_H

#include "node/cmd.h"

/* ---- cmd_write.c ---- */
/* Writes the record that the parsed command describes: options or --file, --body; an argument is
 * the subject. Prints its id. Exit code. */
int nd_write_record(struct nd_cmd *c);
/* sc_value_parse, in which ids may be shorter as long as one record here has such an id, or stand
 * behind "TYPE/". */
int nd_parse_field(struct nd_cmd *c, const struct sc_field *f, const char *text,
                   struct cr_buf *arena, struct sc_value *out, struct st_err *err) ST_MUST;

/* ---- cmd_list.c ---- */
json_t *nd_json_hazard(const struct nd_hazard_row *row);
/* One record as a line, or as a JSON object. 0. */
int nd_record_line(struct nd_cmd *c, const struct nd_record_row *row);

/* ---- handlers ---- */
int nd_cmd_record_types(struct nd_cmd *c);
int nd_cmd_record_template(struct nd_cmd *c);
int nd_cmd_record_add(struct nd_cmd *c);
int nd_cmd_record_edit(struct nd_cmd *c);
int nd_cmd_record_list(struct nd_cmd *c);
int nd_cmd_record_show(struct nd_cmd *c);
int nd_cmd_record_missing(struct nd_cmd *c);
int nd_cmd_code_list(struct nd_cmd *c);
int nd_cmd_code_show(struct nd_cmd *c);
int nd_cmd_code_set(struct nd_cmd *c);
int nd_cmd_kind_list(struct nd_cmd *c);
int nd_cmd_kind_show(struct nd_cmd *c);
int nd_cmd_kind_set(struct nd_cmd *c);
int nd_cmd_checklist_list(struct nd_cmd *c);
int nd_cmd_checklist_show(struct nd_cmd *c);
int nd_cmd_checklist_set(struct nd_cmd *c);

#endif
