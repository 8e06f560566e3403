/* Keys of persons that a running node holds open for a while, so that an officer types the PIN once
 * a session: in memory that is locked and kept out of dumps, closed (wiped) after a time without
 * use. Also the rule for a PIN, and what opening a sealed file with its counter means. */
#ifndef NODE_KEYRING_H
#define NODE_KEYRING_H

#include "crypto/keys.h"
#include "node/tries.h"

#define ND_KEYRING_MAX    16
#define ND_KEY_NAME_MAX   100
#define ND_PIN_CHARS_MIN  6
#define ND_UNLOCK_MS_DEF  (15 * 60000u)
#define ND_UNLOCK_MIN_MAX 720

struct nd_keyring;

/* *locked: as cr_secret_new. NULL: out of memory. */
struct nd_keyring *nd_keyring_new(bool *locked);
void nd_keyring_free(struct nd_keyring *r); /* wipes; NULL is allowed */
/* Holds a copy of the identity under this name until it was not used for idle_ms; replaces one of
 * that name. now_ms: monotonic. ST_FULL (ND_KEYRING_MAX are open), ST_RANGE (name too long). */
int nd_keyring_put(struct nd_keyring *r, const char *name, const struct cr_identity *id,
                   uint64_t idle_ms, uint64_t now_ms) ST_MUST;
/* The key, if it is open; using it prolongs it. ST_NOTFOUND. */
int nd_keyring_get(struct nd_keyring *r, const char *name, uint64_t now_ms,
                   struct cr_identity *out) ST_MUST;
/* ms until it closes by itself, 0: it is not open. Does not prolong. */
uint64_t nd_keyring_left_ms(const struct nd_keyring *r, const char *name, uint64_t now_ms);
/* Which opening of it this is, 0: it is not open. A key that was closed and is open again has
 * another number; so what was allowed while it was open does not come back with it. */
uint64_t nd_keyring_opening(const struct nd_keyring *r, const char *name, uint64_t now_ms);
/* Closes one, or all (NULL). Returns how many were open. */
size_t nd_keyring_close(struct nd_keyring *r, const char *name);
/* Wipes what has run out. Returns the time until the next will, UINT64_MAX: none is open. */
uint64_t nd_keyring_tick(struct nd_keyring *r, uint64_t now_ms);

/* What is wrong with a PIN, as a pair of texts; false when nothing is. At least six characters of
 * well- formed UTF-8, no control characters; not one character over and over, not a run such as
 * 123456, 987654 or abcdef, not a short piece repeated (121212, 123123), none of the few everybody
 * tries. */
bool nd_pin_weak(struct cr_span pin, const char **zh, const char **en);

/* cr_identity_load_sealed with the attempt counted. ST_WAIT: it was not tried; t->left_ms says how
 * long to wait. What was not tried for want of memory or of the file is not counted. A right PIN
 * forgives; a counter that cannot be removed then is not an error. */
int nd_open_sealed(const char *path, struct cr_span pin, const struct nd_tries_now *now,
                   struct cr_identity *out, struct nd_tries *t, struct st_err *err) ST_MUST;

#endif
