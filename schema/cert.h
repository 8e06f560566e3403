/* Certificates and their evaluation: who may write what, where. A pure function of the set of
 * certificate entries held (AUTHORITY.md): rank by rank, never by arrival or clock.
 *
 * A CERT (record type SC_R_CERT, scope street/public) is accepted iff its author is the root of the
 * genesis or its committed successor, or has an accepted CERT of rank 1 with the role STREET or
 * VILLAGE whose prefixes enclose all of its prefixes, and it is of rank 2; and its entry counts in
 * its author's log. Authority only goes down: a seat without STREET gives neither STREET nor
 * DISTRICT nor POLICE. Whether an entry counts (forks, cuts) is decided by authority.h, which owns
 * the set where there is one and tells it by sc_certs_stand. */
#ifndef SCHEMA_CERT_H
#define SCHEMA_CERT_H

#include "schema/genesis.h"

/* Role bits; part of the format. */
enum sc_role {
    SC_ROLE_STREET = 1u << 0,   /* S 街道办/应急办 */
    SC_ROLE_VILLAGE = 1u << 1,  /* V 村(社区)负责人 */
    SC_ROLE_CHIEF = 1u << 2,    /* C 网格长 */
    SC_ROLE_OFFICER = 1u << 3,  /* O 网格员 */
    SC_ROLE_OWNER = 1u << 4,    /* B 场所负责人 */
    SC_ROLE_PUBLIC = 1u << 5,   /* P 群众 */
    SC_ROLE_DISTRICT = 1u << 6, /* D 区级部门 */
    SC_ROLE_POLICE = 1u << 7,   /* Po 派出所 */
    SC_ROLE_NODE = 1u << 8,     /* replicates; receipts */
    SC_ROLE_ROOT = 1u << 9,     /* never in a CERT: the genesis key */
};
#define SC_ROLES_ALL  0x1ffu
#define SC_ROLE_COUNT 9 /* bits of it */

/* Who signed an accepted certificate: a root, a seat with STREET, another seat. */
enum sc_giver {
    SC_GV_NONE = 0,
    SC_GV_ROOT = 1,
    SC_GV_STREET = 2,
    SC_GV_VILLAGE = 3,
    SC_GIVERS = 4
};

enum sc_cert_kind { SC_CERT_PERSON = 1, SC_CERT_NODE = 2 };

struct sc_cert {
    struct cr_sign_pk subject;
    struct cr_kx_pk kx_pk; /* zero for a person without a node */
    uint64_t kind, rank,
        roles; /* enum sc_cert_kind; 1 seats, 2 persons and nodes; SC_ROLE_… bits */
    size_t prefix_count;
    uint64_t prefixes[SC_CERT_PREFIXES_MAX]; /* 1 or more grid codes, strictly ascending */
    uint64_t from_ms, to_ms;                 /* window of claimed wall time, inclusive; 0 = open */
    struct sc_id person;                     /* the human (or box) behind the key */
    char name[SC_NAME_MAX + 1];
    bool has_pop;
    struct cr_sig pop; /* subject's consent, context "fengsui/cert-pop/1" over net ‖ body without
                          pop; or the issuer saw a join request / request file instead */
};

/* To and from the body of an SC_R_CERT payload (the catalogue's row of "cert" gives the keys). What
 * is zero or absent in the struct is absent in the bytes. Encode appends; ST_MALFORMED or ST_RANGE
 * for a certificate that decode would refuse, ST_NOMEM, ST_OVERSIZE, out then unchanged. Decode is
 * strict also about fields of a newer schema: a restriction that is not understood must not be
 * ignored. It checks form, not authority. ST_MALFORMED, ST_TRUNCATED, ST_RANGE, ST_OVERSIZE. */
int sc_cert_encode(const struct sc_cert *c, struct cr_buf *body) ST_MUST;
int sc_cert_decode(struct cr_span body, struct sc_cert *out, struct st_err *err) ST_MUST;

/* The subject's consent: fills *c's pop, or checks it (ST_FORGED; also when there is none). Both
 * encode the body without the pop. ST_NOMEM, and what sc_cert_encode answers. */
int sc_cert_consent(struct sc_cert *c, const struct cr_hash *net,
                    const struct cr_sign_sk *subject_sk) ST_MUST;
int sc_cert_consent_verify(const struct sc_cert *c, const struct cr_hash *net) ST_MUST;

/* The set. Grows with the certificates added (bounded by the caller's quota). */
struct sc_certs;
struct sc_certs *sc_certs_new(const struct sc_genesis *genesis); /* NULL: out of memory */
void sc_certs_free(struct sc_certs *s);
/* Adds one entry (idempotent by entry id); malformed bodies are the caller's to refuse. The next
 * query re-evaluates. ST_NOMEM. */
int sc_certs_add(struct sc_certs *s, const struct cr_sign_pk *author,
                 const struct cr_hash *entry_id, const struct sc_cert *c) ST_MUST;

/* Whether the entry counts in its author's log; it does until this says otherwise. No effect for an
 * entry that was not added. */
void sc_certs_stand(struct sc_certs *s, const struct cr_hash *entry_id, bool stands);
/* The entry was added and its certificate is accepted. */
bool sc_certs_accepted(struct sc_certs *s, const struct cr_hash *entry_id);
/* Who gave an accepted certificate; SC_GV_NONE: it is not accepted. */
enum sc_giver sc_certs_giver(struct sc_certs *s, const struct cr_hash *entry_id);
/* What the genesis says of a key. The successor counts as a root from when it was first shown here
 * (sc_certs_add shows the author); a seen successor shows in every query of the set. */
enum sc_root { SC_ROOT_NONE, SC_ROOT_GENESIS, SC_ROOT_NEXT };
enum sc_root sc_certs_root(struct sc_certs *s, const struct cr_sign_pk *key);
/* The key holds an accepted certificate of rank 1. */
bool sc_certs_is_seat(struct sc_certs *s, const struct cr_sign_pk *key);
/* The same with the role STREET, in a certificate that was valid at this claimed time. */
bool sc_certs_is_street_seat(struct sc_certs *s, const struct cr_sign_pk *key, uint64_t wall_ms);
/* A seat with the role STREET or VILLAGE decides about what others write in this scope: a grid that
 * one of its prefixes encloses; public and internal only with STREET. */
bool sc_certs_governs(struct sc_certs *s, const struct cr_sign_pk *seat, uint64_t scope);

/* Roles the author may exercise in this scope about this grid at the claimed time: the union over
 * its accepted certificates with a prefix that encloses the grid. 0 = none. grid 0 = unknown: the
 * scope's own grid; in street/public and street/internal any prefix will do. A grid outside the
 * scope gives none. In street/internal only certificates with STREET count. The window is only
 * looked at when wall_ms != 0. A root key gives SC_ROLE_ROOT in street/public. */
uint32_t sc_certs_roles(struct sc_certs *s, const struct cr_sign_pk *author, uint64_t scope,
                        uint64_t grid, uint64_t wall_ms);
/* The same, and besides added to by[g]: the roles of certificates whose giver is g. */
uint32_t sc_certs_roles_by(struct sc_certs *s, const struct cr_sign_pk *author, uint64_t scope,
                           uint64_t grid, uint64_t wall_ms, uint32_t by[static SC_GIVERS]);
/* Why a key has no roles there and then. */
enum sc_no_roles {
    SC_NR_NONE,    /* it has some */
    SC_NR_UNKNOWN, /* no accepted certificate at all */
    SC_NR_GRID,    /* none whose grids enclose this one */
    SC_NR_WINDOW,  /* such as do were not valid at that time */
};
enum sc_no_roles sc_certs_no_roles(struct sc_certs *s, const struct cr_sign_pk *author,
                                   uint64_t scope, uint64_t grid, uint64_t wall_ms);
/* Person behind a key (default: cr_person_id). */
struct sc_id sc_certs_person(struct sc_certs *s, const struct cr_sign_pk *author);
/* Any accepted certificate of this key (smallest entry id among the lowest rank), or NULL.
 * Valid until the next add. */
const struct sc_cert *sc_certs_find(struct sc_certs *s, const struct cr_sign_pk *author);
const struct sc_cert *sc_certs_find_kx(struct sc_certs *s, const struct cr_kx_pk *kx);
/* A node (or person) of these certificates may read the scope: public for every certified key and
 * the root; a grid when a prefix encloses it or lies in it (a scope is the unit of reading, and an
 * officer of a group writes in the scope of its village); internal only with SC_ROLE_STREET. */
bool sc_certs_may_read(struct sc_certs *s, const struct cr_sign_pk *subject, uint64_t scope);
/* The scopes a key's accepted certificates are about, each as often as it is named: that of each
 * grid prefix (street/public for the whole street). cb's non-zero return stops and is returned. */
int sc_certs_each_area(struct sc_certs *s, const struct cr_sign_pk *key,
                       int (*cb)(void *arg, uint64_t scope), void *arg);
/* All accepted certificates, by rank then entry id; cb's non-zero return stops and is returned. */
int sc_certs_each(struct sc_certs *s,
                  int (*cb)(void *arg, const struct sc_cert *c, const struct cr_sign_pk *issuer,
                            const struct cr_hash *entry_id),
                  void *arg);

#endif
