/* One status for the whole program, and the context that travels with it.
 *
 * Three kinds of failure never share a path (README, "Errors"):
 *   - a bug: CR_ASSERT aborts;
 *   - the environment (memory, disk, network): a status the caller handles;
 *   - a peer, file, or argument: ST_MALFORMED and its neighbours; the input is refused, counted
 *     and shown, nothing stored changes.
 */
#ifndef CRYPTO_BASE_STATUS_H
#define CRYPTO_BASE_STATUS_H

#include <stdarg.h>

#define ST_MAP(X)                                                                     \
    X(ST_OK, 0, "ok")                                                                 \
    X(ST_NOMEM, -1, "out of memory")                                                  \
    X(ST_MALFORMED, -2, "malformed input")                                            \
    X(ST_OVERSIZE, -3, "input larger than its limit")                                 \
    X(ST_TRUNCATED, -4, "input ends too early")                                       \
    X(ST_FORGED, -5, "signature, hash or authentication tag does not verify")         \
    X(ST_VERSION, -6, "made by a newer version")                                      \
    X(ST_RANGE, -7, "value out of range")                                             \
    X(ST_EXISTS, -8, "already exists")                                                \
    X(ST_NOTFOUND, -9, "not found")                                                   \
    X(ST_DENIED, -10, "not permitted")                                                \
    X(ST_IO, -11, "input/output error")                                               \
    X(ST_FULL, -12, "disk or quota full")                                             \
    X(ST_READONLY, -13, "read-only")                                                  \
    X(ST_CORRUPT, -14, "stored data is damaged")                                      \
    X(ST_BUSY, -15, "busy, try again")                                                \
    X(ST_LOCKED, -16, "in use by another process")                                    \
    X(ST_UNREACHABLE, -17, "cannot be reached")                                       \
    X(ST_USAGE, -18, "wrong usage")                                                   \
    X(ST_STATE, -19, "not possible in this state")                                    \
    X(ST_CONFLICT, -20, "conflicts with what is held")                                \
    X(ST_TIMEOUT, -21, "timed out")                                                   \
    X(ST_DRIFT, -22, "a library behaves differently from the rule this program pins") \
    X(ST_SPACE, -23, "belongs to another space")                                      \
    X(ST_UNINIT, -24, "not initialised")                                              \
    X(ST_SEALED, -25, "sealed: a PIN or pass phrase is needed")                       \
    X(ST_PIN, -26, "wrong PIN or pass phrase")                                        \
    X(ST_WAIT, -27, "too many wrong attempts: wait")

enum st_code {
#define ST_ENUM_(name, value, text) name = (value),
    ST_MAP(ST_ENUM_)
#undef ST_ENUM_
};

#define ST_MSG_MAX 320

/* Context of a failure. A caller that wants the text passes one; NULL is always allowed. */
struct st_err {
    enum st_code code;
    char msg[ST_MSG_MAX]; /* UTF-8, NUL-terminated, cut at a character boundary when too long */
};

#define ST_MUST __attribute__((warn_unused_result))

/* The symbolic name ("ST_FORGED") and the English sentence of a code. Never NULL; an unknown code
 * gives "ST_UNKNOWN". Static storage. */
const char *st_name(enum st_code code);
const char *st_text(enum st_code code);

/* Records a failure: err->code = code, err->msg = formatted text. err may be NULL.
 * Returns code, so that `return st_fail(err, ST_FORGED, "...")` reads as one thought.
 * code must not be ST_OK. */
int st_fail(struct st_err *err, enum st_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int st_vfail(struct st_err *err, enum st_code code, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Puts "text: " before the message already in err (from inside out: "open store: migrate 3: disk
 * full"). Returns err->code, or code when err is NULL. An err that nobody filled (ST_OK) takes code
 * and its sentence first. */
int st_wrap(struct st_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
