/* A session fed from a file: the same frames, checks, quotas and hand-over to the store as from a
 * peer, with nobody at the other end. What a peer would be blamed for because it had been told
 * better, a file may well hold: runs that begin behind what is here, scopes this node does not
 * keep, entries it has. They are counted and passed over, and the rest of the file still counts. */
#include "sync/parts.h"

#include <string.h>

void sy_file_begin(struct sy_engine *e, struct sy_session *s)
{
    memset(&e->file, 0, sizeof e->file);
    s->file = true;
    s->mask = s->offer;
    s->hello_sent = s->hello_seen = true;
    sy_session_move(e, s, SY_S_STREAM);
    s->held_due = false;
}

void sy_file_gap(struct sy_engine *e, const struct sc_log_key *key, uint64_t first_seq,
                 uint64_t held)
{
    if (e->file.gap_count < SY_FILE_GAPS_MAX) {
        e->file.gap[e->file.gap_count].key = *key;
        e->file.gap[e->file.gap_count].first_seq = first_seq;
        e->file.gap[e->file.gap_count].held = held;
    }
    e->file.gap_count++;
}

int sy_file_stray(struct sy_engine *e, struct sy_session *s, struct sy_in *in,
                  const struct sc_run *run)
{
    uint64_t held = 0;

    for (uint32_t b = in->lead; b != SY_NONE; b = e->f.log[b].next) {
        uint64_t next = sy_frontier_verified(&e->f, b)->seq_next;

        held = next > held ? next : held;
    }
    in->stopped = true;
    in->why = run->first_seq > held ? SY_FS_GAP : SY_FS_REFUSED;
    e->file.skipped[in->why] += run->count;
    if (in->why == SY_FS_GAP)
        sy_file_gap(e, &e->f.log[in->lead].l.key, run->first_seq, held);
    sy_trace(e, s, "a run that has no place here");
    return ST_OK;
}

const struct sy_file_info *sy_engine_file(const struct sy_engine *e)
{
    return &e->file;
}
