/* Cuts as the command line plans, shows and writes them. */
#ifndef NODE_CMD_CUT_H
#define NODE_CMD_CUT_H

#include "node/cmd.h"
#include "node/person.h"
#include "node/store_held.h"

#define ND_CUTS_MAX       ND_PERSON_KEYS_MAX
#define ND_CUT_SHOWN_MAX  20 /* entries and hazards that are listed one by one */
#define ND_CUT_REASON_MAX 512

/* An entry that would stop or begin to count, or a hazard whose state would change. */
struct nd_cut_line {
    struct sc_id id;
    uint64_t type, wall_ms;             /* entry */
    enum sc_hazard_state before, after; /* hazard */
    bool begins;
};

struct nd_cut_plan {
    struct cr_sign_pk key;
    enum sc_cut_mode mode;
    uint64_t incarnation, before_ms;
    struct nd_cut_heads heads;
    bool done; /* a cut that says the same is in force */
};

struct nd_cuts {
    char reason[ND_CUT_REASON_MAX + 1];
    struct nd_cut_plan cut[ND_CUTS_MAX];
    size_t count;
    struct cr_buf deps;                          /* packed, of every cut; see cut.h */
    uint64_t stops, begins, hazards, unverified; /* entries; hazards that change; dangers among the
                                                    entries that would only show as unverified */
    struct nd_cut_line entry[ND_CUT_SHOWN_MAX], hazard[ND_CUT_SHOWN_MAX];
};

void nd_cuts_init(struct nd_cuts *x, const char *reason); /* reason NULL: none */
void nd_cuts_release(struct nd_cuts *x);
/* Plans one more. ST_FULL beyond ND_CUTS_MAX; errors as nd_cut_heads. */
int nd_cuts_add(struct nd_cuts *x, struct nd_cmd *c, const struct cr_sign_pk *key,
                enum sc_cut_mode mode, const struct nd_cut_which *which,
                struct st_err *err) ST_MUST;
/* Appends the body of cut i of the plan. Errors as sc_cut_encode. */
int nd_cut_encode(const struct nd_cuts *x, size_t i, struct cr_buf *body,
                  struct st_err *err) ST_MUST;
/* What they would change, found by writing them into a transaction that is rolled back. */
int nd_cuts_effect(struct nd_cuts *x, struct nd_cmd *c, const struct cr_identity *author,
                   struct st_err *err) ST_MUST;
void nd_cuts_show(const struct nd_cuts *x, struct nd_cmd *c);
json_t *nd_cuts_json(const struct nd_cuts *x);
/* Writes them, and adopts the entries of logs that did not fit a cut. */
int nd_cuts_write(struct nd_cuts *x, struct nd_cmd *c, const struct cr_identity *author,
                  struct st_err *err) ST_MUST;

/* ---- cmd_authority.c ---- */
/* Signing key by the name of a local key (sealed or not) or in hex. */
int nd_key_public(struct nd_cmd *c, const char *name, struct cr_sign_pk *out,
                  struct st_err *err) ST_MUST;

/* ST_DENIED when the key of the certificate was revoked about its grids (sc_authority_revoked):
 * says which cut, whose, why, and what to do. Asked before anything is shown or signed. */
int nd_check_revoked(struct nd_cmd *c, const struct sc_cert *cert, struct st_err *err) ST_MUST;

/* ---- cmd_restate.c ---- */
/* When this certificate or cut arrived here; 0: that cannot be told. */
uint64_t nd_arrived_ms(struct nd_cmd *c, const struct cr_hash *entry_id);

/* ---- cmd_held.c ---- */
/* Why it does not count, in the language of the command. */
const char *nd_held_reason(const struct nd_cmd *c, const struct nd_history_row *row);
json_t *nd_json_held(struct nd_cmd *c, const struct nd_held_row *row);
/* Writes one ADOPT of entries (packed, cut.h) of a log. Errors as nd_driver_write. */
int nd_adopt_write(struct nd_cmd *c, const struct cr_identity *author, const struct sc_log_key *log,
                   struct cr_span entries, struct st_err *err) ST_MUST;
/* Adopts the entries of the logs that the plan's cut could not name. */
int nd_adopt_left_out(struct nd_cmd *c, const struct cr_identity *author,
                      const struct nd_cut_plan *p, struct st_err *err) ST_MUST;

#endif
