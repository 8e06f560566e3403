/* Histories for the evaluation of authority: a root, two villages, five devices, eight replicas
 * that gossip prefixes; a device is stolen, another restored from a backup, in 40 % of the seeds a
 * village's key is stolen and replaced with hand-over, in 25 % the root cuts as well. The thief
 * writes backdated entries, forks below its head, opens incarnations, forges certificates, cuts
 * honest devices, and tries what its rank does not allow. One seed chooses everything. */
#ifndef TESTS_UNIT_SCHEMA_AUTHORITY_WORLD_H
#define TESTS_UNIT_SCHEMA_AUTHORITY_WORLD_H

#include "tests/lib/prng.h"
#include "tests/unit/schema/authority_model.h"

#define AW_REPS \
    14 /* by principal: root 0, seats 2..5, devices 8..12; 13 is the thief's own store */
#define AW_THIEF 13

struct aw_rep {
    bool alive;
    uint64_t has[AM_WORDS], refused[AM_WORDS];
    bool seats_known, view_known;
    struct am_seats seats;
    struct am_view view;
    uint64_t seen[AM_WORDS];     /* hazards that were visible here */
    uint64_t excluded[AM_WORDS]; /* entries of the thief that a known revocation excluded */
};

/* What went wrong, if anything. */
struct aw_result {
    bool diverged, state_diverged, thief_counts, thief_closes, entry_lost, hazard_lost, vanished,
        reaccepted, flooded;
};

struct aw_hooks { /* each may be NULL */
    void *ctx;
    void (*stored)(void *ctx, int rep, int op);
    void (*reset)(void *ctx, int rep);
    void (*offered)(void *ctx, int rep, int op, bool named, int siblings, bool admitted);
    void (*stepped)(void *ctx, int step);
};

struct aw {
    struct am_book *book;
    struct ts_prng r;
    const struct am_rule *rule;
    const struct aw_hooks *hooks;
    struct aw_rep reps[AW_REPS];
    int now;
    int home[AM_PRINCIPALS], inc_now[AM_PRINCIPALS];
    int head[AM_PRINCIPALS][AM_SCOPES][AM_INCS];
    int hazards;
    /* the stolen device */
    int stolen, t_theft, t_cut, stolen_head, receipt, root_receipt, thief_ext, thief_fork,
        thief_inc[4], thief_own[2];
    bool root_cuts, cut_done, village_erred;
    /* the restored device */
    int restored, t_snap, t_restore, snap_head, snap_inc;
    uint64_t snap[AM_WORDS];
    bool settled[AM_PRINCIPALS]; /* the fork of its incarnation 0 was cut */
    /* the stolen village */
    int village, t_village, t_village_cut, village_head, village_receipt, village_thief[3],
        fake_head[4];
    bool village_done;
    struct aw_result result;
};

/* NULL: out of memory. */
struct aw *aw_new(void);
void aw_free(struct aw *w);
/* Plays one history to the end and judges it. */
void aw_run(struct aw *w, uint64_t seed, const struct am_rule *rule, const struct aw_hooks *hooks);

const struct am_seats *aw_seats(struct aw *w, int rep);
const struct am_view *aw_view(struct aw *w, int rep);
/* Scope of a seat by habit, and of a device. */
int aw_scope(const struct aw *w, int who);

#endif
