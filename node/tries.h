/* Wrong PINs are counted beside the key file, in KEY.tries, so that neither a restart nor a kill
 * forgets them: after five, each further attempt waits 1, 2, 4 … up to 60 minutes. The key itself
 * is never touched.
 *
 *   "FST1" ‖ attempts be32 ‖ wall ms be64 ‖ ms since boot be64 ‖ boot id (16)      40 bytes
 *
 * An attempt is charged before it is made and forgiven when it was right, so that killing the
 * program gains nothing. Time passed since the last attempt: within one boot the clock that only
 * runs forward, wherever the wall clock is set; after another boot the greater of the time since
 * that boot and the advance of the wall clock. So setting the clock back gains nothing, and no
 * clock locks longer than the wait itself. Setting it forward and starting the machine anew does
 * gain: once a boot.
 *
 * No counter: nothing was wrong yet. A damaged one counts as five attempts, the last one now. */
#ifndef NODE_TRIES_H
#define NODE_TRIES_H

#include "crypto/base/bytes.h"

#define ND_TRIES_FREE        5
#define ND_TRIES_WAIT_MS_MAX 3600000u
#define ND_TRIES_BOOT_BYTES  16

struct nd_tries_now {
    uint64_t wall_ms, up_ms; /* up: since boot, sleep included; never goes back within a boot */
    uint8_t boot[ND_TRIES_BOOT_BYTES];
};
/* The clocks of this machine. */
void nd_tries_now(struct nd_tries_now *out);

/* The wait after so many wrong attempts in a row. */
uint64_t nd_tries_wait_ms(uint32_t attempts);

struct nd_tries {
    uint32_t attempts;
    uint64_t left_ms; /* until the next one is allowed; 0 now */
    /* by nd_tries_charge: what stood there before, for nd_tries_refund */
    uint32_t attempts_before;
    struct nd_tries_now at_before;
};
/* Where it stands. Errors as cr_file_read, except that a missing file is none. */
int nd_tries_look(const char *key_path, const struct nd_tries_now *now, struct nd_tries *out,
                  struct st_err *err) ST_MUST;
/* Charges one attempt, durably. ST_WAIT when it may not be made yet (*out says how long); errors of
 * the file: the attempt must then not be made. On a medium that cannot be written (ST_READONLY of
 * the system: a protected stick) it is allowed uncounted. */
int nd_tries_charge(const char *key_path, const struct nd_tries_now *now, struct nd_tries *out,
                    struct st_err *err) ST_MUST;
/* The charged attempt was not made after all (no memory, a file that cannot be read): the counter
 * is as it was, wait included. Errors as cr_file_replace; a read-only medium is none. */
int nd_tries_refund(const char *key_path, const struct nd_tries *charged,
                    struct st_err *err) ST_MUST;
/* It was right. Errors as cr_file_remove; a read-only medium is none. */
int nd_tries_forgive(const char *key_path, struct st_err *err) ST_MUST;

#endif
