/* A slow, obviously right model of who counts: a port of the executable model that the rules were
 * chosen by, widened to logs per scope, grids of seats, the root's successor and retirement. It
 * walks paths entry by entry over sets of bits and shares no code with schema/authority. Its rules
 * can be spoiled one by one (struct am_rule): each spoiled rule is a mutant that the tests must
 * see.
 *
 * Principals are small numbers. Scopes: 0 street/public, 1 and 2 the two villages. */
#ifndef TESTS_UNIT_SCHEMA_AUTHORITY_MODEL_H
#define TESTS_UNIT_SCHEMA_AUTHORITY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AM_OPS        2048
#define AM_WORDS      (AM_OPS / 64)
#define AM_PRINCIPALS 32
#define AM_SCOPES     3
#define AM_INCS       10
#define AM_HEADS      24
#define AM_DEPS       2
#define AM_OBSERVED   48
#define AM_RECORDS    600
#define AM_ALL_SCOPES 7 /* mask of a seat of the street */

enum { AM_ROOT = 0, AM_NEXT = 1, AM_DEVICE = 8 }; /* 2..7 seats by habit, from 8 on devices */
enum am_kind { AM_CERT, AM_CUT, AM_ADOPT, AM_RAISE, AM_CLOSE };
enum am_mode { AM_REVOKE = 1, AM_FORK, AM_RETIRE };

struct am_head {
    int op, scope, inc, seq; /* as claimed; op: the entry that has the named id */
};

struct am_op {
    int author, scope, inc, seq, prev; /* prev: op, -1 at the start of a log */
    enum am_kind kind;
    int ts; /* claimed time; only spoiled rules look */
    bool thief;
    int subject;                    /* CERT, CUT, ADOPT */
    int rank, mask;                 /* CERT: grids as a mask of scopes */
    bool inspector;                 /* CERT: may close */
    enum am_mode mode;              /* CUT */
    int cut_inc;                    /* FORK */
    int head_count, dep_count;      /* CUT */
    struct am_head heads[AM_HEADS]; /* ADOPT: its one entry */
    int deps[AM_DEPS];
    int hazard;                    /* RAISE */
    int observed_count;            /* CLOSE */
    int16_t observed[AM_OBSERVED]; /* the RAISEs it closes */
};

/* All entries ever written, and for each the set of those on the path to it. */
struct am_book {
    struct am_op ops[AM_OPS];
    int count;
    uint64_t path[AM_OPS][AM_WORDS];
    int16_t by_author[AM_PRINCIPALS][AM_OPS];
    int author_count[AM_PRINCIPALS];
    uint64_t logs[AM_PRINCIPALS]; /* bit scope * AM_INCS + inc: such a log was ever written */
};

/* What is spoiled. */
struct am_rule {
    const char *name;
    bool seq_only;       /* a cut names numbers, not entries */
    bool seq_first_seen; /* … and only the first branch seen is kept */
    bool refuse_known;   /* known revoked: refused on receipt; nothing is evaluated */
    bool by_time;        /* the cut-off is a claimed time */
    bool truncate;       /* a fork drops what follows, which nobody is shown */
    bool others_open;    /* a revocation leaves unlisted incarnations open */
    bool one_branch;     /* one entry is kept per position */
    bool union_of_cuts;
    bool no_soft;  /* cuts held by a fork are suspended */
    bool no_await; /* cuts held for a head that is not here are suspended */
    bool no_deps;
    bool hide_held; /* held reports are not shown */
    bool clock;     /* a cut takes effect when the local clock passes its claimed time */
    bool no_quota;
};

struct am_seats {
    int level[AM_PRINCIPALS];          /* 0 successor, 1 root, 2 seat, 3 anybody else */
    int certs[AM_RECORDS], cert_count; /* accepted */
    int cuts[AM_RECORDS], cut_count;   /* in force */
    int adopts[AM_RECORDS], adopt_count;
    uint64_t counts[AM_WORDS]; /* of roots and seats */
};

struct am_view {
    uint64_t counts[AM_WORDS]; /* accepted, certified */
    uint64_t held[AM_WORDS];
    uint64_t open[AM_WORDS], unverified[AM_WORDS]; /* hazards by number */
    uint64_t closed[AM_WORDS];                     /* RAISEs by op */
};

static inline bool am_has(const uint64_t *set, int i)
{
    return (set[i / 64] >> (i % 64)) & 1;
}
static inline void am_put(uint64_t *set, int i)
{
    set[i / 64] |= UINT64_C(1) << (i % 64);
}
static inline void am_drop(uint64_t *set, int i)
{
    set[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* Appends the op (its path comes with it) and returns its number. */
int am_write(struct am_book *b, const struct am_op *op);

/* Certificates, cuts and adoptions by roots and seats that hold this set. now: the local clock,
 * which only a spoiled rule reads. */
void am_seats(const struct am_book *b, const uint64_t *has, const struct am_rule *rule, int now,
              struct am_seats *out);
/* Everything else. */
void am_view(const struct am_book *b, const uint64_t *has, const struct am_rule *rule,
             const struct am_seats *seats, struct am_view *out);
/* The cut binds the logs of its subject in this scope. */
bool am_binds(const struct am_book *b, const struct am_seats *seats, int cut, int scope);
/* An accepted certificate of the principal covers the scope. */
bool am_certified(const struct am_book *b, const struct am_seats *seats, int who, int scope,
                  bool inspector);

#endif
