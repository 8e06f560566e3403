/* Asking a person for a secret. */
#ifndef NODE_ASK_H
#define NODE_ASK_H

#include "node/cmd.h"

#include "crypto/pass.h"

struct nd_secret {
    uint8_t b[CR_PASS_BYTES_MAX];
    size_t n;
}; /* cr_wipe it */

/* A pass phrase: the first line of file, when it is not NULL; else from the terminal, without echo,
 * twice when twice is set. ST_USAGE: no terminal (say which option gives a file), an empty or
 * too long phrase, two that differ, or called off; errors of the file. *out is then wiped. */
int nd_ask_pass(struct nd_cmd *c, const char *file, bool twice, struct nd_secret *out,
                struct st_err *err) ST_MUST;

#endif
