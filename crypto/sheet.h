/* A key as groups of characters for paper, typed back by hand (CRYPTO.md, section 13).
 *
 * 32 characters, digits and capitals without I, L, O, U; small letters are taken, I and L as 1, O
 * as 0. A group is four characters and a fifth that checks them and their place: each wrong
 * character, each two changed places, and each two neighbouring groups changed are found, and the
 * group is named. All together is checked by a hash. A key of a person or of the root is its
 * signing seed (15 groups); the X25519 secret, of which they make no use, then comes from the seed.
 * A node's has both secrets (28). */
#ifndef CRYPTO_SHEET_H
#define CRYPTO_SHEET_H

#include "crypto/keys.h"

#define CR_SHEET_GROUP      5 /* characters */
#define CR_SHEET_GROUPS_MAX 28
enum cr_sheet_kind { CR_SHEET_SIGN = 1, CR_SHEET_BOTH = 2 };

struct cr_sheet {
    size_t n;                                            /* groups */
    char group[CR_SHEET_GROUPS_MAX][CR_SHEET_GROUP + 1]; /* secret */
};

size_t cr_sheet_groups(enum cr_sheet_kind kind);
void cr_sheet_encode(const struct cr_identity *id, enum cr_sheet_kind kind, struct cr_sheet *out);

/* Reads a whole sheet. Where text holds numbered groups as they are printed ("07=K3M9P"), only
 * these are read and all else is passed over; else, after "FSR:" (the QR code), the joined groups
 * up to the first other character; else every letter and digit belongs to a group, whatever parts
 * them. ST_MALFORMED naming the group that is wrong, ST_TRUNCATED naming how many are missing,
 * ST_OVERSIZE, ST_FORGED when all groups are right by themselves but not together, ST_VERSION for
 * another kind. *id is wiped on error. */
int cr_sheet_decode(const char *text, struct cr_identity *id, enum cr_sheet_kind *kind,
                    struct st_err *err) ST_MUST;

/* Groups as they are typed: how many at the start of text, the first of which is group number
 * `first`, are right. */
struct cr_sheet_state {
    size_t good, good_bytes; /* right groups, and the bytes of text up to the last of them */
    bool bad;                /* what follows is no right group */
    size_t total;            /* groups of the whole sheet, known from group 0; 0: not known here */
};
void cr_sheet_check(const char *text, size_t first, struct cr_sheet_state *out);

#endif
