/* /api/v1: what the page and programs ask of a running node. Reading is the command line's verbs
 * with --json, so that both show the same; writing takes JSON bodies by the catalogue and signs
 * with the key of the officer who is logged in. API.md lists the addresses.
 *
 * A session is a token (256 bits, kept here as a hash) given for a PIN; it stands for a key that
 * the keyring holds open, and ends with it. Not thread-safe: the node's loop. */
#ifndef NODE_HTTP_API_H
#define NODE_HTTP_API_H

#include "node/app.h"
#include "node/http.h"

#define ND_API_SESSIONS_MAX 32
#define ND_API_IDLE_MS      (12 * 3600000ull)     /* a session without a request ends */
#define ND_API_LIFE_MS      (7 * 24 * 3600000ull) /* and so does any after this */
#define ND_API_LOGINS_MAX   5                     /* wrong PINs of one address in a minute */
#define ND_API_STREAMS_MAX  32
#define ND_API_BODY_MAX     65536

struct nd_api;

/* Serves the page and the API of the app, which must outlive it. hosts: as nd_http_options.
 * Errors as nd_http_start. */
int nd_api_start(struct nd_app *app, const char *listen, const char *const *hosts,
                 size_t host_count, struct nd_api **out, char bound[static ND_UV_ADDR_MAX],
                 struct st_err *err) ST_MUST;
/* Once a loop iteration: tells live streams when the store changed. */
void nd_api_tick(struct nd_api *api);
void nd_api_stop(struct nd_api *api); /* NULL is allowed */

#endif
