/* BLAKE2b-256 with a domain tag (RFC 7693; the tag is the 16-byte personalisation parameter, so
 * that separation costs no extra block). Hashes made for one purpose never verify for another. */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "crypto/base/bytes.h"

#define CR_HASH_BYTES 32

struct cr_hash {
    uint8_t b[CR_HASH_BYTES];
};

/* Every use of the hash has a tag; personalisation = "fengsui/" followed by the text, zero padded.
 * The texts are part of the format and never change. */
#define CR_TAG_MAP(X)                                                                            \
    X(CR_TAG_NET, "net")            /* genesis -> net */                                         \
    X(CR_TAG_LOG, "log")            /* net, author, scope, incarnation -> log id */              \
    X(CR_TAG_PAYLOAD, "payload")    /* payload bytes */                                          \
    X(CR_TAG_LEAF, "leaf")          /* entry header */                                           \
    X(CR_TAG_CHAIN, "chain")        /* previous chain value, leaf */                             \
    X(CR_TAG_HEAD, "head")          /* log id, seq, chain -> item of a frontier fingerprint */   \
    X(CR_TAG_FRONTIER, "front")     /* sum of items, count -> fingerprint of a range */          \
    X(CR_TAG_FOLD, "fold")          /* subject, folded state -> item of the projection hash */   \
    X(CR_TAG_NEXT_ROOT, "nextroot") /* the next root key, committed to in the genesis */         \
    X(CR_TAG_PERSON, "person")      /* default person id of a signing key */                     \
    X(CR_TAG_INVITE, "invite")      /* invitation secret -> its public id */                     \
    X(CR_TAG_ANCHOR, "anchor")      /* anchor token, place of the directory -> what is kept */   \
    X(CR_TAG_BOX, "box")            /* X25519 result, both keys -> key of a box's slot */        \
    X(CR_TAG_TOKEN, "token")        /* token of a logged-in page -> what the node keeps of it */ \
    X(CR_TAG_BUNDLE, "bundle")      /* parts of a bundle -> what binds and signs them */         \
    X(CR_TAG_ENROL, "enrol")        /* enrolment request; answer before its signature */         \
    X(CR_TAG_BACKUP, "backup")      /* parts of a backup -> what checks, binds and seals it */   \
    X(CR_TAG_DUE, "due")            /* hazard, rule, base -> id of what the clock says */        \
    X(CR_TAG_TEST, "test")

enum cr_tag {
#define CR_TAG_ENUM_(name, text) name,
    CR_TAG_MAP(CR_TAG_ENUM_)
#undef CR_TAG_ENUM_
};

/* Hash of a, or of a followed by b (callers keep the first part of fixed length, so that the
 * boundary is never ambiguous). Cannot fail. out may overlap neither input. */
void cr_hash1(enum cr_tag tag, struct cr_span a, struct cr_hash *out);
void cr_hash2(enum cr_tag tag, struct cr_span a, struct cr_span b, struct cr_hash *out);

static inline struct cr_span cr_hash_span(const struct cr_hash *h)
{
    return (struct cr_span){h->b, CR_HASH_BYTES};
}
/* Byte equality and memcmp order; hashes are public. */
bool cr_hash_equal(const struct cr_hash *a, const struct cr_hash *b);
int cr_hash_cmp(const struct cr_hash *a, const struct cr_hash *b);

/* 256-bit addition and subtraction modulo 2^256 (little-endian), the group in which fingerprints
 * of sets are accumulated: order-independent and incremental. */
void cr_hash_add(struct cr_hash *sum, const struct cr_hash *item);
void cr_hash_sub(struct cr_hash *sum, const struct cr_hash *item);

#endif
