/* Inner parts of the evaluation of authority; authority.h states the contract. Everything lies in
 * arrays and is named by its index, NIL is none.
 *
 * Flow of a settling (authority_eval.c): authors on the work list, by stratum. For each its logs
 * (which prefix of each branch counts), then its records (which certificates stand, which cuts and
 * adoptions are in force); a change of a record puts the author it is about on the list, always of
 * a later stratum. All memory is taken by the additions, so that settling cannot fail. */
#ifndef SCHEMA_AUTHORITY_INT_H
#define SCHEMA_AUTHORITY_INT_H

#include "schema/authority.h"

#define SC_AU_NIL  UINT32_MAX
#define SC_AU_ROWS 5u

enum sc_au_stratum { SC_AU_NEXT_ROOT, SC_AU_ROOT, SC_AU_SEAT, SC_AU_OTHER };

/* 32-byte key -> index. Open addressing; nothing is ever removed. */
struct sc_au_slot {
    struct cr_hash key;
    uint32_t value;
};
struct sc_au_map {
    struct sc_au_slot *slots;
    size_t slot_count, count; /* power of two, at least twice the count */
};
/* Room for so many more. ST_NOMEM, ST_OVERSIZE. */
int sc_au_map_reserve(struct sc_au_map *m, size_t more) ST_MUST;
uint32_t sc_au_map_get(const struct sc_au_map *m, const uint8_t key[static 32]);
/* Sets the value of a key that may be there already; room was reserved. */
void sc_au_map_put(struct sc_au_map *m, const uint8_t key[static 32], uint32_t value);
void sc_au_map_release(struct sc_au_map *m);

struct sc_au_author {
    struct cr_sign_pk pk;
    enum sc_au_stratum stratum;
    uint32_t first_log, log_count, first_record;
    uint32_t first_cut, first_adopt; /* records about this author */
    bool dirty;                      /* on the work list */
    bool spread;   /* its records act differently even where they stand as before */
    bool was_seat; /* its records were evaluated as a seat's */
};

struct sc_au_branch {
    uint32_t parent;
    uint64_t first_seq;
    uint64_t limit; /* smaller seqs count */
    uint64_t soft;  /* smaller seqs may count: nothing but a fork, or a head not here, holds them */
    uint64_t retire; /* smaller seqs are not after a RETIRE */
};

struct sc_au_log {
    struct sc_log_key key;
    struct cr_hash id;
    uint32_t author, next_of_author;
    struct sc_au_branch *branches;
    uint32_t count, capacity;
    uint64_t fork_seq;
    bool bound;   /* a cut binds it */
    bool revoked; /* a REVOKE does */
    bool retired; /* has a RETIRE */
};

enum sc_au_name_kind { SC_AU_HEAD, SC_AU_DEP, SC_AU_ADOPTED };
/* An entry named by a record. Those of a record lie one after the other, in the order of its list.
 */
struct sc_au_name {
    enum sc_au_name_kind kind;
    struct cr_hash entry_id;
    struct cr_hash log_id;
    uint64_t scope, incarnation, seq; /* scope and incarnation: HEAD, ADOPTED */
    uint32_t record, next_same;       /* of the same entry id */
    bool located;
    uint32_t branch;
};

struct sc_au_record {
    uint64_t type;
    struct cr_hash entry_id;
    uint32_t author, log, branch;
    uint64_t seq;
    uint32_t next_of_author;
    uint32_t subject;                           /* author index */
    uint32_t next_on_subject;                   /* CUT */
    uint32_t first_name, head_count, dep_count; /* heads or adopted, then deps */
    uint32_t deps_left;
    bool stands;   /* CERT: by its log; CUT, ADOPT: in force */
    bool soft;     /* CUT: in force although its log holds it */
    bool accepted; /* CERT, as of the last settling */
    struct sc_cut cut;
    struct sc_adopt adopt;
    uint8_t *bytes; /* owned: what the spans of cut or adopt point into */
};

struct sc_authority {
    struct cr_hash net;
    struct sc_auth_source source;
    struct sc_certs *certs;
    struct sc_au_author *authors;
    struct sc_au_log *logs;
    struct sc_au_record *records;
    struct sc_au_name *names;
    uint32_t author_count, log_count, record_count, name_count;
    uint32_t author_cap, log_cap, record_cap, name_cap;
    struct sc_au_map by_author, by_log, by_record, by_name;
    uint32_t roots[2]; /* authors: successor, genesis */
    uint32_t *work;    /* dirty authors; room for all */
    uint32_t work_count, work_cap;
    struct sc_auth_change *changes;
    size_t change_count, change_cap, change_need;
    uint64_t *scratch; /* SC_AU_ROWS rows of as many numbers as the widest log has branches */
    uint32_t scratch_cap;
    bool certs_dirty; /* a certificate came, or one stands differently */
    bool settled;
};

void sc_au_mark(struct sc_authority *a, uint32_t author);
uint32_t sc_au_author_find(const struct sc_authority *a, const struct cr_sign_pk *pk);
uint32_t sc_au_log_find(const struct sc_authority *a, const struct sc_log_key *key);
/* The cut binds the logs of its subject in this scope: it is in force, and its issuer stands above
 * the subject and governs the scope. */
bool sc_au_binds(const struct sc_authority *a, const struct sc_au_record *cut, uint64_t scope);
/* The author of an ADOPT may give its subject's entries their standing back. */
bool sc_au_may_adopt(const struct sc_authority *a, const struct sc_au_record *adopt);
/* Heads of the record in this log: names [*first, *end). */
void sc_au_heads_of(const struct sc_authority *a, const struct sc_au_record *cut, uint64_t scope,
                    uint64_t incarnation, uint32_t *first, uint32_t *end);

#endif
