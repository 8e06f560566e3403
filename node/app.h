/* An open data directory: store, keys, loop and driver together.
 *
 *   DIR/fengsui.db     the store            DIR/node.key       this node's keys
 *   DIR/anchor         see store.h          DIR/root.key       the space's root (street node only)
 *   DIR/keys/NAME.key  keys of persons      DIR/next-root.key  its successor: keep it elsewhere
 *   DIR/KEY.tries      wrong PINs           DIR/control.sock   while a node runs */
#ifndef NODE_APP_H
#define NODE_APP_H

#include "node/driver.h"
#include "node/keyring.h"
#include "node/uv_loop.h"

#define ND_PORT_DEFAULT 7119
#define ND_PATH_MAX     4096

struct nd_app {
    char dir[ND_PATH_MAX];
    struct nd_uv *uv;
    struct nd_ports ports;
    struct nd_store *store;
    struct nd_driver *driver;
    struct cr_identity node; /* secret */
    struct cr_identity root; /* secret; only with has_root */
    bool has_root;           /* kept here, not sealed, not replaced */
    struct nd_keyring *keyring;
    bool serving; /* a running node (run), not a single command */
    uint64_t started_ms;
};

struct nd_app_options {
    const char *dir;
    bool dial;           /* keep connections to peers */
    int log_level;       /* see nd_uv_ports */
    struct cr_span pass; /* for a sealed node.key; p NULL: none was given */
};

/* DIR/name. */
void nd_app_path(const char *dir, const char *name, char out[static ND_PATH_MAX]);
/* Makes the directory (0700) and those above it. ST_IO, ST_DENIED. */
int nd_app_make_dir(const char *dir, struct st_err *err) ST_MUST;
/* The directory holds no working node: nothing, or an init or join that did not finish. ST_EXISTS
 * when it does (its keys and secrets must not be replaced); errors as nd_store_open. */
int nd_app_vacant(const char *dir, struct st_err *err) ST_MUST;
/* Makes the store of a new node, with what it must know from the start; peer may be NULL. Errors as
 * nd_store_open. */
int nd_app_create(const char *dir, const struct sc_genesis *g, const struct cr_gate *gate,
                  const char *name, const uint64_t *scopes, size_t scope_count,
                  const struct nd_peer *peer, struct st_err *err) ST_MUST;
/* ST_UNINIT: no store there (say "init or join first"); ST_SEALED: node.key needs a pass phrase,
 * which was not given; ST_PIN, ST_WAIT: as nd_open_sealed. Others: as nd_store_open and key
 * loading. The app lies in memory for secrets. A sealed root.key is as good as none here:
 * nd_key_named opens it. */
int nd_app_open(const struct nd_app_options *o, struct nd_app **out, struct st_err *err) ST_MUST;
/* Closes the store clean. NULL is allowed. */
void nd_app_close(struct nd_app *app);

uint64_t nd_app_wall_ms(const struct nd_app *app);
/* Roles of this node's own certificate; 0 none (yet). */
uint32_t nd_app_roles(struct nd_app *app);
/* The successor has taken the place of this root key (root rotate): what it signs from now on does
 * not count anywhere. */
bool nd_app_root_replaced(const struct nd_app *app, const struct cr_sign_pk *root);
/* A street node holds every level-2 scope that is declared; does nothing elsewhere, or when nothing
 * is new. */
int nd_app_refresh_scopes(struct nd_app *app, struct st_err *err) ST_MUST;

#endif
