/* Acts on one hazard, in plain terms, and the facts they make. Tests write acts; the fold sees
 * facts; the slow model (hazard_model.h) sees the acts, so that it shares nothing with the fold. */
#ifndef TESTS_UNIT_SCHEMA_HAZARD_KIT_H
#define TESTS_UNIT_SCHEMA_HAZARD_KIT_H

#include "schema/hazard.h"
#include "tests/lib/test.h"

#define KIT_ACTS_MAX    48
#define KIT_PARENTS_MAX 12

/* Who acts: a key, the person behind it, and roles. */
struct kit_actor {
    const char *name;
    uint8_t key, person;
    uint32_t roles;
    uint8_t giver; /* of all its roles: enum sc_giver */
};

enum kit_who {
    KIT_O1, /* officers */
    KIT_O2,
    KIT_C1, /* chief */
    KIT_C2,
    KIT_V1, /* village */
    KIT_V2,
    KIT_S1, /* street */
    KIT_S2,
    KIT_B1,     /* owner of the place */
    KIT_P1,     /* citizen with a certificate */
    KIT_D1,     /* district */
    KIT_V1B,    /* V1's second key */
    KIT_X1,     /* nobody's key: a citizen without certificate */
    KIT_V3_OFF, /* a village head whose certificate was revoked */
    KIT_OC,     /* one person with two roles: officer and chief */
    KIT_WHO_COUNT
};
extern const struct kit_actor kit_actors[KIT_WHO_COUNT];

struct kit_act {
    uint64_t type;
    enum kit_who who;
    uint64_t lamport, wall_ms;
    size_t parent_count;
    uint8_t parents[KIT_PARENTS_MAX]; /* acts by index, or KIT_NOWHERE */
    uint8_t severity;                 /* 0: none */
    uint8_t level;
    uint64_t deadline; /* 0: none */
    uint8_t assignee;  /* "1" .. "9"; 0: none */
    uint8_t member;    /* other hazard 1 .. 9 */
    const char *code;  /* of a report; NULL: "A03", severity 2 by default */
    bool reason, evidence, document, danger, pruned, has_position;
    int64_t lat_e7, lon_e7;
    uint64_t grid; /* of a report or edit; 0: a fixed one, or none */
};
#define KIT_NOWHERE 0xff

/* A change of policy, in plain terms; from is in the time of acts (wall_ms), order breaks ties. */
struct kit_change {
    enum kit_changed {
        KIT_WRITERS,     /* at: record type */
        KIT_CLEAR,       /* at: enum sc_clear */
        KIT_SECOND_FROM, /* number */
        KIT_GIVER,       /* at: role bit; number: enum sc_giver */
    } what;
    uint64_t at, number, from, order;
    uint32_t roles;
    uint8_t level;
};
#define KIT_CHANGES_MAX 12

/* Encoded through the catalogue and decoded again, so that only what a node would accept passes. */
void kit_policy_add(struct sc_policy *p, const struct kit_change *c);

/* The facts of some acts, with the memory behind them. */
struct kit {
    size_t n;
    struct sc_fact facts[2 * KIT_ACTS_MAX]; /* room for copies */
    struct sc_id parents[KIT_ACTS_MAX][KIT_PARENTS_MAX];
    struct cr_buf bodies;
    size_t body_at[KIT_ACTS_MAX], body_bytes[KIT_ACTS_MAX];
};

/* Facts of all n acts, in their order: facts[i] is acts[i]. salt makes other ids. The bodies are
 * encoded through the catalogue, so what a real node would refuse fails the test. */
void kit_init(struct kit *k, const struct kit_act *acts, size_t n, uint64_t salt);
/* Each fact under the policy of its time; p outlives the facts. */
void kit_govern(struct kit *k, const struct kit_act *acts, struct sc_policy *p);
void kit_release(struct kit *k);
struct sc_id kit_member(uint8_t member);
/* Folds, and fails the test unless the fold succeeds. */
void kit_fold(const struct sc_fact *facts, size_t n, struct sc_hazard *out);
/* Equal in every byte that the projection hash sees. */
bool kit_same(const struct sc_hazard *a, const struct sc_hazard *b);

#endif
