/* Where a data directory stands: what tells a directory from its copy.
 *
 * The anchor is a random token in a file beside the store. The store keeps, instead of the token,
 * its hash together with what a copy does not keep: the identity of that file (device, inode, time
 * of its last change), the path of the directory, the machine and its present start. So a
 * directory that was copied or moved, a disk image that runs elsewhere or was started again, and a
 * store put back from a backup each find that the hash is another one. The store then begins a new
 * incarnation (about 150 bytes when it writes next): at most once a start of the machine for a node
 * that stays where it is.
 *
 * What the machine does not tell (no /proc, no machine-id) counts as told empty. Only two running
 * images of one start of a machine cannot be told apart; what they write is a fork, which the peers
 * notice. */
#ifndef NODE_ANCHOR_H
#define NODE_ANCHOR_H

#include "crypto/hash.h"

#define ND_ANCHOR_NAME        "anchor"
#define ND_ANCHOR_BYTES       16
#define ND_ANCHOR_SYSTEM_TEXT 64 /* of machine-id and boot_id, without the NUL; more is cut */

/* What this machine says of itself and of a file. Texts are "" when it says nothing. */
struct nd_anchor_place {
    uint64_t device, inode;
    int64_t changed_s, changed_ns;
    char dir[4096]; /* resolved */
    char machine[ND_ANCHOR_SYSTEM_TEXT + 1];
    char boot[ND_ANCHOR_SYSTEM_TEXT + 1];
};

/* The way to the machine; tests put another in its place. Fills *out for the file DIR/anchor, which
 * is open as fd. ST_IO, ST_OVERSIZE (path too long). */
struct nd_anchor_port {
    void *arg;
    int (*place)(void *arg, const char *dir, int fd, struct nd_anchor_place *out,
                 struct st_err *err);
};

/* The real one: fstat, realpath, /etc/machine-id, /proc/sys/kernel/random/boot_id. */
int nd_anchor_machine(void *arg, const char *dir, int fd, struct nd_anchor_place *out,
                      struct st_err *err) ST_MUST;

struct nd_anchor {
    uint8_t b[ND_ANCHOR_BYTES];
};

/* Puts a new token into the directory, in place of the old one, and on the disk. *out: what the
 * store is to keep. port NULL: the real machine. ST_IO, ST_FULL, ST_READONLY, ST_OVERSIZE. */
int nd_anchor_renew(const struct nd_anchor_port *port, const char *dir, struct nd_anchor *out,
                    struct st_err *err) ST_MUST;
/* Whether the directory is the one that kept this. Anything that cannot be read is a no. */
bool nd_anchor_holds(const struct nd_anchor_port *port, const char *dir,
                     const struct nd_anchor *kept);

#endif
