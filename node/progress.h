/* How far a long command is, on a terminal: one line that is written over, with rate and time left,
 * at most ten times a second. Without a terminal (and with --json) it says nothing. */
#ifndef NODE_PROGRESS_H
#define NODE_PROGRESS_H

#include "node/cmd.h"

struct nd_progress {
    struct nd_cmd *c;
    const char *zh, *en; /* what is being done */
    uint64_t started_ms, shown_ms;
    bool shown;
};

/* Starts a line. zh and en stay the caller's. */
void nd_progress_start(struct nd_progress *p, struct nd_cmd *c, const char *zh, const char *en);
/* done of total bytes; total 0: not known. */
void nd_progress_at(struct nd_progress *p, uint64_t done, uint64_t total);
/* Ends the line, if there is one. */
void nd_progress_end(struct nd_progress *p);

#endif
