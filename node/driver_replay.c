#include "node/driver_replay.h"

#include <string.h>

bool nd_replay_first(struct nd_replay *r, const uint8_t ephemeral[static 32], uint64_t now_ms)
{
    for (size_t back = 1; back <= r->count; back++) { /* newest first */
        size_t i = (r->next + ND_REPLAY_MAX - back) % ND_REPLAY_MAX;

        if (now_ms - r->at_ms[i] > ND_REPLAY_MS)
            break;
        if (memcmp(r->key[i], ephemeral, sizeof r->key[i]) == 0)
            return false;
    }
    memcpy(r->key[r->next], ephemeral, sizeof r->key[r->next]);
    r->at_ms[r->next] = now_ms;
    r->next = (r->next + 1) % ND_REPLAY_MAX;
    if (r->count < ND_REPLAY_MAX)
        r->count++;
    return true;
}
