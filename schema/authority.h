/* Who counts: the evaluation of certificates, cuts, adoptions and forks over everything stored.
 * AUTHORITY.md gives the rules with their reasons, and how a store wires this.
 *
 * A pure function of the set of entries: rank by rank (successor root, root, seats, everybody
 * else), no clock, no order of arrival. An entry that does not count is held: kept and shown,
 * without effect. Nothing here says what an entry may do; that is the author's roles
 * (sc_certs_roles).
 *
 * A log is a tree of branches, because a fork is kept, not dropped. Branch 0 begins at the log id;
 * a further branch hangs off the entry at first_seq - 1 of its parent (or off the log id). What
 * counts is, in each branch, a prefix: one number a branch, whatever the length of the log. The
 * entries themselves stay in the store, which is asked only where a named entry lies.
 *
 * Happy path: sc_authority_new; at start each branch, then each authority record; from then on each
 * entry stored; after a batch sc_authority_settle, which says what changed. Failure: ST_NOMEM or a
 * status of the source from an addition, which is then to be repeated (all are idempotent). When a
 * transaction is rolled back, the additions made in it are not: free and load again. */
#ifndef SCHEMA_AUTHORITY_H
#define SCHEMA_AUTHORITY_H

#include "schema/cut.h"
#include "schema/record.h"

#define SC_AUTH_NONE  UINT32_MAX       /* no parent: hangs off the log id */
#define SC_AUTH_APART (UINT32_MAX - 1) /* parent not known: a part of the log, for proofs */

/* Quotas of what is held (sc_authority_admit). */
#define SC_QUOTA_SIBLINGS      2    /* entries at one position of a log: enough to prove a fork */
#define SC_QUOTA_HELD_ENTRIES  4096 /* of one author */
#define SC_QUOTA_HELD_BYTES    (UINT64_C(4) << 20)
#define SC_QUOTA_FORKED_SEAT   256                  /* held in one forked log of a root or seat */
#define SC_QUOTA_UNKNOWN_BYTES (UINT64_C(64) << 20) /* of all authors without certificate */

struct sc_authority;

/* The position of a stored entry. */
struct sc_auth_at {
    struct sc_log_key key;
    uint32_t branch;
    uint64_t seq;
    struct cr_hash entry_id;
};

struct sc_auth_source {
    void *arg;
    /* Branch of this log in which the entry is stored; ST_NOTFOUND when it is not. */
    int (*locate)(void *arg, const struct cr_hash *log_id, uint64_t seq,
                  const struct cr_hash *entry_id, uint32_t *branch);
};

/* source is copied, its arg borrowed. NULL: out of memory. */
struct sc_authority *sc_authority_new(const struct sc_genesis *genesis, const struct cr_hash *net,
                                      const struct sc_auth_source *source);
void sc_authority_free(struct sc_authority *a);

/* ---- What is stored ---- */
/* A branch with at least one entry in the store. Numbers are dense in a log, parents come first;
 * they may differ between nodes (whichever branch came first is 0) without effect on any answer.
 * branch 0 has parent SC_AUTH_NONE and first_seq 0. A branch that is SC_AUTH_APART (first_seq 0,
 * too) may be a part of any other: it is no sign of a fork, and no path leads from it to what lies
 * on another. Idempotent. ST_RANGE: not dense, a parent that is not there, or that begins after
 * first_seq; ST_NOMEM, ST_OVERSIZE. */
int sc_authority_branch(struct sc_authority *a, const struct sc_log_key *key, uint32_t branch,
                        uint32_t parent, uint64_t first_seq) ST_MUST;
/* An entry of a known branch was stored: settles what waits for it. Cheap when nobody does. */
void sc_authority_stored(struct sc_authority *a, const struct sc_auth_at *at);
/* The same for a CERT, CUT or ADOPT (others: as sc_authority_stored), with its body. Outside of
 * street/public such a record has no effect. Idempotent by entry id. ST_MALFORMED and its
 * neighbours: the body does not decode (quarantine it; it has no effect); ST_NOMEM, ST_OVERSIZE, or
 * a status of the source other than ST_NOTFOUND. */
int sc_authority_record(struct sc_authority *a, const struct sc_auth_at *at, uint64_t type,
                        struct cr_span body, struct st_err *err) ST_MUST;

/* ---- Settling ---- */
enum sc_auth_change_kind {
    SC_AUTH_LOG,     /* entries of the branch with from_seq <= seq < to_seq: counts or not */
    SC_AUTH_ENTRIES, /* the named entries of the log (packed as in ADOPT): adoption */
    SC_AUTH_AUTHOR,  /* roles, person or rank of key.author: all its entries */
};
struct sc_auth_change {
    enum sc_auth_change_kind kind;
    struct sc_log_key key;
    uint32_t branch;
    uint64_t from_seq, to_seq; /* to_seq UINT64_MAX: to the head */
    struct cr_span entries;
};
struct sc_auth_changes {
    size_t count;
    const struct sc_auth_change *c;
};
/* Brings the answers up to date. Only authors are looked at again that an addition concerns, and
 * those below them. Cannot fail. The changes (a superset: each may turn out to be none) are valid
 * until the next addition or settling; what must be folded again are the subjects of the entries
 * they name. Every query below asserts that nothing was added since. */
struct sc_auth_changes sc_authority_settle(struct sc_authority *a);

/* ---- Questions ---- */
enum sc_standing {
    SC_COUNTS,
    SC_ADOPTED,      /* would be held, but an ADOPT in force names it: counts */
    SC_HELD_UNKNOWN, /* its log is in order, its author has no accepted certificate: an open report
                        counts, unconfirmed, and nothing else does */
    SC_HELD_FORK,    /* at or after a fork nobody has settled */
    SC_HELD_CUT,     /* on no path that the cuts in force name */
    SC_HELD_AWAITED, /* may be on such a path: the named entry has not arrived */
    SC_HELD_RETIRED, /* after the end its author set to the log */
};
static inline bool sc_standing_counts(enum sc_standing s)
{
    return s == SC_COUNTS || s == SC_ADOPTED;
}
/* O(1): one number, and for a held entry one look-up. A log that was not told of counts whole. */
enum sc_standing sc_authority_standing(const struct sc_authority *a, const struct sc_auth_at *at);
/* Entries of the branch with a smaller seq count by their log; UINT64_MAX: all. */
uint64_t sc_authority_limit(const struct sc_authority *a, const struct sc_log_key *key,
                            uint32_t branch);
/* Entries of the branch with a smaller seq may be passed on; UINT64_MAX: all. Only a REVOKE that
 * closes the log to what is new (sc_authority_admit) takes anything away: what lies on no path to
 * an entry that a CUT or ADOPT in force names, nor may turn out to. So nodes that hold more and
 * nodes that refused it offer the same. */
uint64_t sc_authority_relay(const struct sc_authority *a, const struct sc_log_key *key,
                            uint32_t branch);
/* First position of the log at which two entries are stored; UINT64_MAX: none. */
uint64_t sc_authority_fork(const struct sc_authority *a, const struct sc_log_key *key);

/* The certificates, evaluated with what counts (cert.h); they belong to a. Adding goes through
 * sc_authority_record. sc_certs_may_read does not know of cuts: ask the next function. */
struct sc_certs *sc_authority_certs(struct sc_authority *a);
/* sc_certs_may_read, and no REVOKE in force covers the scope. street/public stays readable for a
 * revoked key: it has to learn of its state. */
bool sc_authority_may_read(struct sc_authority *a, const struct cr_sign_pk *subject,
                           uint64_t scope);

/* A cut as it stands. */
struct sc_auth_cut {
    struct sc_auth_at at;
    const struct sc_cut *cut; /* its spans are valid until sc_authority_free */
    bool in_force;
    bool soft;         /* in force although held: the issuer's log is forked */
    size_t deps_left;  /* named records that have not arrived */
    size_t heads_left; /* named heads that have not arrived */
};
/* Every known CUT of the subject (NULL: of all), by entry id; cb's non-zero return stops and is
 * returned. in_force does not yet mean that it binds: the issuer must be above the subject, and
 * govern the scope of the log. */
int sc_authority_each_cut(const struct sc_authority *a, const struct cr_sign_pk *subject,
                          int (*cb)(void *arg, const struct sc_auth_cut *cut), void *arg);
/* The REVOKE with the smallest id that is in force and closes what the key writes about one of
 * these grids (of a whole street: about any grid). A certificate for them would never count, so
 * none is to be given: the person gets a new key. false: there is none. */
bool sc_authority_revoked(const struct sc_authority *a, const struct cr_sign_pk *subject,
                          size_t grid_count, const uint64_t *grids, struct sc_auth_cut *out);
/* The cut with the smallest id that binds the entry's log (or one of the scopes its author speaks
 * for in street/public) and has the entry on no path to a stored head. false: there is none. */
bool sc_authority_holder(const struct sc_authority *a, const struct sc_auth_at *at,
                         struct sc_auth_cut *out);
/* Heads and entries named by a CUT or ADOPT in force that are not stored, for fetching (at->branch
 * is 0). cb as above, any order. */
int sc_authority_each_wanted(const struct sc_authority *a,
                             int (*cb)(void *arg, const struct sc_auth_at *at), void *arg);

/* ---- Admission of what is not stored yet ---- */
struct sc_auth_offer {
    struct sc_log_key key;
    uint32_t branch; /* it would extend; SC_AUTH_NONE: open a new one, or a new log */
    uint64_t seq, bytes;
    struct cr_hash entry_id;
    bool on_named_path; /* the caller saw a named entry after it in the same verified chain */
};
struct sc_auth_use {                   /* counted by the store */
    uint64_t siblings;                 /* entries stored at this position of the log */
    uint64_t held_entries, held_bytes; /* of the author */
    uint64_t held_in_log;
    uint64_t unknown_bytes; /* of all authors without certificate */
};
enum sc_admission {
    SC_ADMIT,
    SC_ADMIT_NAMED,     /* would be refused, but a CUT or ADOPT in force names it or one after it */
    SC_REFUSE_REVOKED,  /* beyond a REVOKE and on no named path: not fetched, stored or relayed */
    SC_REFUSE_SIBLINGS, /* two branches are enough to prove a fork */
    SC_REFUSE_HELD,     /* quota of the author, or of the forked log of a seat */
    SC_REFUSE_UNKNOWN,  /* quota of all without certificate */
};
enum sc_admission sc_authority_admit(struct sc_authority *a, const struct sc_auth_offer *offer,
                                     const struct sc_auth_use *use);

/* What the CUTs and ADOPTs in force have to do with an entry that is not stored. */
enum sc_mention {
    SC_NOT_NAMED,
    SC_MAY_LEAD_TO_NAMED, /* one at or after its position in the same log is named and not stored */
    SC_NAMED,
};
enum sc_mention sc_authority_mention(const struct sc_authority *a, const struct sc_log_key *key,
                                     uint64_t seq, const struct cr_hash *entry_id);

#endif
