/* Inside of http_*.c but for the server itself (http_mhd.c).
 *
 *   http_api.c      start and stop, routes, lists, live streams
 *   http_verb.c     what the command line's verbs answer
 *   http_session.c  who is logged in
 *   http_catalog.c  the catalogue as JSON
 *   http_write.c    records from JSON, signed by the officer of the session
 *   http_page.c     the embedded page
 *   http_setup.c    the first run: before there is a node */
#ifndef NODE_HTTP_API_INT_H
#define NODE_HTTP_API_INT_H

#include "node/cmd.h"
#include "node/http_api.h"
#include "node/keyring.h"

#define ND_API_TOKEN_BYTES 32
#define ND_API_OUT_MAX     (8u << 20) /* of one answer that is made whole */

struct nd_api_session {
    bool used;
    struct cr_hash token;          /* hash of what the client holds */
    char key[ND_KEY_NAME_MAX + 1]; /* name in the keyring … */
    uint64_t opening;              /* … and which opening of it */
    uint64_t born_ms, seen_ms;
};

/* Wrong PINs by address: a small table, the oldest goes. */
struct nd_api_fault {
    char remote[64];
    uint64_t first_ms;
    unsigned count;
};

struct nd_api {
    struct nd_app *app;
    struct nd_http *http;
    struct nd_api_session session[ND_API_SESSIONS_MAX];
    struct nd_api_fault fault[64];
    struct nd_http_stream *stream[ND_API_STREAMS_MAX];
    uint64_t changes; /* as told last */
};

uint64_t nd_api_now(const struct nd_api *api);

/* ---- answering ---- */
/* Takes the reference. */
void nd_api_json(struct nd_http_req *r, unsigned status, json_t *v);
void nd_api_fail(struct nd_http_req *r, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void nd_api_fail_err(struct nd_http_req *r, const struct st_err *err);
bool nd_api_english(const struct nd_http_req *r);
static inline const char *nd_api_tr(const struct nd_http_req *r, const char *zh, const char *en)
{
    return nd_api_english(r) ? en : zh;
}
/* A number of the query, fallback when absent; false after having answered 400. */
bool nd_api_number(struct nd_http_req *r, const char *name, uint64_t max, uint64_t fallback,
                   uint64_t *out);

/* ---- verbs ---- */
#define ND_API_JSON_TYPE "application/json; charset=utf-8"
struct nd_api_printed {
    struct cr_buf out, err;
    int status; /* of keeping it */
};
/* Runs a verb to its end: its exit code. words: without the program's name, NULL at the end.
 * answers: to what it may ask (prompt.h), may be NULL. app NULL: on the store in dir, which nobody
 * else has open. The caller releases *p. */
int nd_api_verb(struct nd_app *app, const char *dir, bool zh, json_t *answers,
                const char *const *words, struct nd_api_printed *p);
void nd_api_printed_release(struct nd_api_printed *p);
/* Answers with the JSON that it printed, or its error. */
void nd_api_answer(struct nd_http_req *r, int code, const struct nd_api_printed *p);
unsigned nd_api_verb_status(int code); /* HTTP's word for an exit code */

/* ---- sessions ---- */
/* The session of the request, prolonged; NULL after having answered 401. */
struct nd_api_session *nd_api_session(struct nd_api *api, struct nd_http_req *r);
/* The open key of a session; ST_NOTFOUND: it has been closed meanwhile, and so is the session. The
 * caller wipes. */
int nd_api_key(struct nd_api *api, struct nd_api_session *s, struct cr_identity *out) ST_MUST;

/* What only the street office reads is for its officers, not for everybody who has a key on this
 * node: false after having answered 403. */
bool nd_api_sees(struct nd_api *api, struct nd_api_session *s, struct nd_http_req *r,
                 uint64_t scope);

/* ---- handlers ---- */
void nd_api_me(void *arg, struct nd_http_req *r);
void nd_api_login(void *arg, struct nd_http_req *r);
void nd_api_logout(void *arg, struct nd_http_req *r);
void nd_api_catalog(void *arg, struct nd_http_req *r);
void nd_api_report(void *arg, struct nd_http_req *r);
void nd_api_emergency(void *arg, struct nd_http_req *r);
void nd_api_act(void *arg, struct nd_http_req *r);
void nd_api_record(void *arg, struct nd_http_req *r);
void nd_api_page(void *arg, struct nd_http_req *r);

#endif
