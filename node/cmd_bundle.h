/* What the verbs of bundle share. */
#ifndef NODE_CMD_BUNDLE_H
#define NODE_CMD_BUNDLE_H

#include "node/bundle.h"
#include "node/cmd.h"

#define ND_TALLY_AUTHORS  256
#define ND_TALLY_SUBJECTS (1u << 20) /* hazards told apart in one report */

/* What came in, for people: of whom, and which hazards it touches. */
struct nd_tally {
    uint64_t entries, urgents;
    size_t author_count;
    struct {
        struct cr_sign_pk key;
        uint64_t entries;
    } author[ND_TALLY_AUTHORS];
    uint64_t other_authors;     /* entries of more authors than that */
    struct nd_touched *touched; /* owned */
    size_t touched_count, touched_cap;
    bool touched_lost; /* no memory, or too many: the counts of hazards are too low */
    uint64_t hazards_new, hazards_changed; /* after nd_tally_finish */
};

struct nd_tally *nd_tally_new(void); /* NULL: no memory */
void nd_tally_free(struct nd_tally *t);
/* The entries of a run from index `from` on. entry_ids: of these, or NULL when they are not known:
 * a hazard that is new and changed in one is then counted as both. */
void nd_tally_run(struct nd_tally *t, const struct sc_log_key *key, const struct sc_run *run,
                  const struct cr_hash *entry_ids, size_t from);
void nd_tally_urgent(struct nd_tally *t, const struct sc_urgent *u);
void nd_tally_finish(struct nd_tally *t);
/* Prints it, or puts it into o when that is not NULL. */
void nd_tally_show(struct nd_cmd *c, const struct nd_tally *t, json_t *o);
/* Counts what the frames of an unsealed file would bring (cmd_bundle_preview.c). *known: entries
 * that are held already. Answers as nd_bundle_in_next does at its end. */
int nd_bundle_preview(struct nd_cmd *c, struct nd_bundle_in *in, struct nd_tally *t,
                      struct sc_bundle_end *end, uint64_t *known, struct st_err *err) ST_MUST;
/* Name of a key: its certificate's, or the front of its hex. */
void nd_key_name(struct nd_cmd *c, const struct cr_sign_pk *key, char *out, size_t out_bytes);

#endif
