/* What a file for somebody has to carry, as frames: the way out of replication by bundles. Sans-I/O
 * like the engine; reads the stored set through the same view, and what is written between two
 * calls may or may not be in it. The way back in is a session of the engine (SY_EV_FILE).
 *
 * Order of the frames: certificates and cuts; emergencies (those held ahead of their log, and the
 * first of every log with much to send); the rest by class. So a file that is cut off somewhere has
 * given what matters most. */
#ifndef SYNC_EXPORT_H
#define SYNC_EXPORT_H

#include "sync/view.h"

/* What one recipient is known to hold: heads ascending by log id, from a receipt, a bundle of its
 * own or the remembered common frontier; several of one log may stand here, the best counts. A head
 * counts only if its chain value is ours at its place. */
struct sy_holder {
    size_t head_count;
    const struct sc_head *head; /* borrowed until sy_export_new returns */
};

struct sy_export_options {
    const struct sy_view *view; /* borrowed */
    struct cr_hash net;
    size_t scope_count;
    uint64_t scopes[SC_SCOPES_MAX]; /* ascending; every recipient may read all of them */
    size_t holder_count;            /* 0: everything is sent */
    const struct sy_holder *holder;
    int zstd_level; /* 0: default */
};

struct sy_export;

/* Entries since sy_export_part, or since sy_export_new. */
struct sy_export_count {
    uint64_t frames, entries, urgents;
    uint64_t oldest_wall_ms, newest_wall_ms; /* claims; 0: no entries */
};

/* Looks at every log. ST_NOMEM, or the view's status. */
int sy_export_new(const struct sy_export_options *o, struct sy_export **out,
                  struct st_err *err) ST_MUST;
void sy_export_free(struct sy_export *x); /* NULL is allowed */
/* All heads this node holds in the scopes, ascending by log id. */
const struct sc_head *sy_export_heads(const struct sy_export *x, size_t *count);
/* Entries not yet given, of how many logs. */
uint64_t sy_export_left(const struct sy_export *x, uint64_t *logs);
/* Starts another file: logs are named anew, the compressor is new, the count begins at 0. What was
 * given is not given again. */
void sy_export_part(struct sy_export *x);
/* Clears frame and puts the next one in. ST_NOTFOUND: that was all. ST_NOMEM, or the view's status;
 * the export is then of no more use. */
int sy_export_next(struct sy_export *x, struct cr_buf *frame, struct st_err *err) ST_MUST;
void sy_export_counted(const struct sy_export *x, struct sy_export_count *out);

#endif
