/* The client's side of a question: a verb, here or in the running node, may need a PIN or a
 * recovery sheet. It ends with a question instead of an answer (control.h), the client puts it to
 * the person or to the file of --pin-file, and the verb is run again with what was said. Nothing
 * secret stands in arguments or the environment.
 *
 *   question = {"id": …, "kind": "pin" | "new" | "sheet", "text": …}
 *   answers  = {id: text, …}
 *
 * pin: one line, not shown while it is typed. new: the same twice. sheet: lines until a recovery
 * sheet is complete, not shown either, each group checked as it is typed. From a file: each
 * question takes the next line, a sheet as many as it has. */
#ifndef NODE_PROMPT_H
#define NODE_PROMPT_H

#include "crypto/base/buf.h"

#include <jansson.h>

#define ND_QUESTIONS_MAX 8

struct nd_prompt {
    const char *file; /* of --pin-file; NULL: the terminal */
    bool zh;
    json_t *answers;   /* owned */
    size_t asked;      /* questions so far */
    struct cr_buf pin; /* the file, read at the first question; secret */
    size_t at;         /* where the next line of it begins */
};

/* Whether somebody can be asked: there is a file, or a terminal. */
bool nd_prompt_able(const char *file);
void nd_prompt_init(struct nd_prompt *p, const char *file, bool zh);
/* Wipes. */
void nd_prompt_release(struct nd_prompt *p);
/* Asks one question (JSON, as above) and adds the answer. ST_NOTFOUND: no terminal, no file, no
 * line left; ST_SEALED: called off (Ctrl-C, Ctrl-D); ST_DENIED: the file is open to others;
 * ST_RANGE: too many questions; ST_MALFORMED, ST_NOMEM, ST_IO. */
int nd_prompt_ask(struct nd_prompt *p, struct cr_span question, struct st_err *err) ST_MUST;
/* The first line of a private file (or pipe), for pass phrases of an unattended start. Appended to
 * out, without its end. ST_DENIED, ST_NOTFOUND, ST_RANGE (empty, or over 1,024 bytes), ST_IO. */
int nd_secret_line(const char *path, struct cr_buf *out, struct st_err *err) ST_MUST;

/* For json_set_alloc_funcs: what JSON held is wiped when it is freed, as it may have been an
 * answer. */
void nd_wiping_free(void *p);

#endif
