/* What the frame_….c files share; not for others. */
#ifndef SCHEMA_FRAME_PARTS_H
#define SCHEMA_FRAME_PARTS_H

#include "schema/frame.h"

/* Appends the type byte and starts a writer behind it; *before is for frame_end. */
void sc_frame_begin(struct sc_writer *w, struct cr_buf *out, enum sc_frame_type type,
                    size_t *before);
/* Closes a frame of at most max bytes (type byte included): returns the writer's status, and on
 * failure puts the buffer back to `before`. */
int sc_frame_end(struct sc_writer *w, size_t before, size_t max) ST_MUST;
/* Message "frame: field at byte n" from the reader's sticky status, which must not be ST_OK. */
int sc_frame_fail(const struct sc_reader *r, struct st_err *err, const char *frame,
                  const char *field);
/* Opens an array that must have exactly `items`. */
void sc_read_tuple(struct sc_reader *r, uint64_t items);

void sc_key_write(struct sc_writer *w, const struct sc_log_key *key);
/* [author, scope, incarnation]; ST_RANGE when the scope is none. */
void sc_key_read(struct sc_reader *r, struct sc_log_key *out);
void sc_head_write(struct sc_writer *w, const struct sc_head *head);
/* ST_MALFORMED for a chain value of an empty log. */
void sc_head_read(struct sc_reader *r, struct sc_head *out);
/* Body of an urgent entry, alone or inside a hello. */
void sc_urgent_write(struct sc_writer *w, const struct sc_urgent *u);
void sc_urgent_read(struct sc_reader *r, struct sc_urgent *out);
/* Payload as bin of 1..SC_PAYLOAD_MAX bytes. */
void sc_wire_payload_read(struct sc_reader *r, struct cr_span *out);

#endif
