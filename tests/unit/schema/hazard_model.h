/* The hazard rule once more, slowly: loops over all acts, plain arrays of booleans, a recursive
 * walk for every question about the past. Written from the words of the rule (schema/hazard.h),
 * knowing nothing of the fold but the catalogue's writers; the policy is a list of changes that is
 * read through for each question. */
#ifndef TESTS_UNIT_SCHEMA_HAZARD_MODEL_H
#define TESTS_UNIT_SCHEMA_HAZARD_MODEL_H

#include "tests/unit/schema/hazard_kit.h"

/* Wrong rules, to prove that the comparison sees a difference. */
enum model_mutant {
    MODEL_RIGHT,
    MODEL_LAST_WRITER_WINS,  /* the act of the latest wall clock decides */
    MODEL_NO_SECOND_PERSON,  /* one person may claim and verify */
    MODEL_NO_CONCURRENT,     /* raises that the clearer had not seen demand nothing */
    MODEL_LOWER_RETROACTIVE, /* a downgrade or hand-back arms clearances that had not seen it */
    MODEL_PENDING_CLEARS,    /* clearances with missing ancestors count */
    MODEL_KEYS_NOT_PERSONS,  /* two keys are two persons */
    MODEL_NO_POLICY,         /* changes of policy are ignored */
    MODEL_POLICY_OF_NOW,     /* the latest policy judges the past, too */
    MODEL_MUTANTS
};

struct model_result {
    bool exists;
    uint64_t state, severity, required, escalated, deadline;
    uint32_t flags, blocks;
    size_t danger_count, uncovered_count;
    bool assigned[10]; /* by number */
    bool linked[10];
};

/* present[i]: act i is in the set. Other acts may still be named as parents. */
struct model_policy {
    const struct kit_change *changes;
    size_t n;
};
void model_fold(const struct kit_act *acts, size_t n, const bool *present,
                const struct model_policy *policy, enum model_mutant mutant,
                struct model_result *out);

/* Act x is reachable from act from over present acts whose lamports ascend. */
bool model_reaches(const struct kit_act *acts, const bool *present, size_t from, size_t x);

#endif
