/* First messages that were answered lately. A recorded message 1 may be sent again by anybody; each
 * answer costs a handshake and tells that the node is up. Its ephemeral key is fresh each time, so
 * one that was seen is a replay. Bounded: the ND_REPLAY_MAX latest of the last ND_REPLAY_MS; what
 * falls out is harmless, as message 1 holds nothing that may not be repeated. */
#ifndef NODE_DRIVER_REPLAY_H
#define NODE_DRIVER_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ND_REPLAY_MAX 4096
#define ND_REPLAY_MS  600000

struct nd_replay {
    size_t next, count;
    uint64_t at_ms[ND_REPLAY_MAX];
    uint8_t key[ND_REPLAY_MAX][32];
}; /* zeroed: empty */

/* Remembers the ephemeral key; false when it is remembered already. now_ms never goes back. */
bool nd_replay_first(struct nd_replay *r, const uint8_t ephemeral[static 32], uint64_t now_ms);

#endif
