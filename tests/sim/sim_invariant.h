/* The invariants of authority; README.md says what each is. */
#ifndef TESTS_SIM_SIM_INVARIANT_H
#define TESTS_SIM_SIM_INVARIANT_H

#include "tests/sim/sim.h"

#define SIM_INVARIANTS 12

/* One commit of one node. */
struct sim_commit {
    size_t count;
    const int *entry;    /* numbers in the book */
    const bool *revoked; /* by entry: off the paths of a revocation that stood before */
    bool authority;      /* what authority says has changed */
    bool before_known;   /* was_held of the book is from just before */
};

const char *sim_invariant_name(unsigned i); /* 1 to SIM_INVARIANTS */
/* The node lists what it holds back: into the held bits of the book. */
void sim_snapshot(struct sim_node *n);
/* The entry is stored there and has its effect; by the last snapshot. */
bool sim_counts(const struct sim_node *n, const struct sim_entry *e);
/* By entry of the open transaction: the street's revocation stands here and does not name it. */
void sim_revoked(struct sim_node *n, bool *revoked);

void sim_invariants_committed(struct sim_node *n, const struct sim_commit *c);
void sim_invariants_settled(struct sim_node *n);
void sim_invariants_end(struct sim *s);
/* ---- sim_plant.c: a bug for each, by sim_options.plant ---- */
void sim_plant_world(struct sim *s); /* NULL: none */
bool sim_plant_clock(void);
bool sim_plant_again(const struct nd_run *r, int rc, struct nd_run *other);
bool sim_plant_alone(size_t a, size_t b);

void invariant_I12_quiescent(struct sim *s, bool agreed);

#endif
