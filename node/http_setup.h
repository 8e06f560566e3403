/* The first run: a page on which a new node is made before there is one (run --setup). It begins a
 * street, joins by invitation or by request and answer files, or restores a backup, each by the
 * command line's own verbs, then makes the key of the first officer.
 *
 * Whoever could reach it could make this machine a node of theirs. So it listens on the loopback
 * only, answers only requests from this machine, and changes nothing without the code that is shown
 * on the terminal of this run. */
#ifndef NODE_HTTP_SETUP_H
#define NODE_HTTP_SETUP_H

#include "node/cmd.h"

/* Nothing is there that a node could run on. */
bool nd_setup_wanted(const char *dir);
/* Serves the page until there is a node, or a signal came (*stopped). listen: "127.0.0.1:8686";
 * bound: where it did, for the node to go on there. ST_DENIED: not an address of the loopback;
 * errors as nd_http_start. */
int nd_setup(struct nd_cmd *c, const char *listen, char bound[static ND_UV_ADDR_MAX], bool *stopped,
             struct st_err *err) ST_MUST;

#endif
