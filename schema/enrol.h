/* Enrolment by files, for where no network is: a machine (or a person) without certificate writes a
 * request; the seat that may certify it writes an answer; both travel by any hand.
 *
 *   request   = "FSRQ" ‖ [1, kind, net | nil, invite id | nil, proof | nil, signing key,
 *               exchange key, name, roles, [prefix …], pop]
 *   proof     = first 16 bytes of H(invite, invite secret ‖ "request" ‖ signing key)
 *   pop       = Ed25519(signing key, "fengsui/request/1" ‖ the request up to pop)
 *   answer    = "FSRA" ‖ [1, H(enrol, request), genesis (bin), signer, certificate (bin 16),
 *               [run …], sealed (bin), signature]
 *   sealed    = box (80) ‖ stream header (24) ‖ chunk over [gate secret (bin 16), [address …]],
 *               bound to H(enrol, request)
 *   signature = Ed25519(signer, "fengsui/answer/1" ‖ H(enrol, the answer up to signature))
 *
 * "Up to": the bytes of the file before the bin of the signature. A request needs no secret to be
 * believed, only to be the one that was meant: both sides compare its fingerprint by telephone.
 * net, invite id and proof stand together: a request by invitation, of which only its holder can
 * make the proof. roles 0 and no prefix: no wish.
 *
 * The runs of an answer are whole public logs from their first entry, verified as on the wire: the
 * root's and those of the seats between it and the certificate. So the receiver believes nothing
 * but the genesis, which it compares (by invitation, or net's fingerprint by telephone). */
#ifndef SCHEMA_ENROL_H
#define SCHEMA_ENROL_H

#include "crypto/box.h"
#include "schema/cert.h"
#include "schema/frame.h"
#include "schema/invite.h"

#define SC_REQUEST_BYTES_MAX 1024
#define SC_ANSWER_BYTES_MAX  (16u << 20)
#define SC_ANSWER_RUNS_MAX   65536
#define SC_ANSWER_LOGS_MAX   256
#define SC_ANSWER_SEALED_MAX 1024
#define SC_ENROL_PROOF_BYTES 16
/* Six groups of five digits with blanks between, and a NUL. */
#define SC_FINGERPRINT_TEXT_BYTES 36

struct sc_request {
    uint64_t kind; /* enum sc_cert_kind */
    bool invited;  /* the next three hold */
    struct cr_hash net;
    struct sc_id invite_id;
    uint8_t proof[SC_ENROL_PROOF_BYTES];
    struct cr_sign_pk sign_pk;
    struct cr_kx_pk kx_pk;
    char name[SC_NAME_MAX + 1];
    uint64_t roles; /* wished; 0: none. Bits of SC_ROLES_ALL */
    size_t prefix_count;
    uint64_t prefixes[SC_CERT_PREFIXES_MAX]; /* wished; strictly ascending */
    struct cr_sig pop;
};

/* Appends the request, signed by sk; pop in r is not looked at. The same fields and key give the
 * same bytes. ST_MALFORMED (name), ST_RANGE (kind, roles, prefixes), ST_NOMEM, ST_OVERSIZE; out is
 * then unchanged. */
int sc_request_encode(const struct sc_request *r, const struct cr_sign_sk *sk,
                      struct cr_buf *out) ST_MUST;
/* Reads a whole request and checks its signature: ST_FORGED. Else ST_MALFORMED, ST_TRUNCATED,
 * ST_OVERSIZE, ST_RANGE, ST_VERSION; *out is written on success only. */
int sc_request_decode(struct cr_span file, struct sc_request *out, struct st_err *err) ST_MUST;
/* What an answer names the request by, and what its fingerprint is of. */
void sc_request_hash(struct cr_span file, struct cr_hash *out);
/* The proof that the holder of an invitation gives with this key; compare with cr_secret_equal. */
void sc_request_proof(const uint8_t secret[static SC_INVITE_SECRET_BYTES],
                      const struct cr_sign_pk *key, uint8_t out[static SC_ENROL_PROOF_BYTES]);
/* "01234 56789 …": 30 digits of a hash, for two people on the telephone. 2^99 tries to hit one. */
void sc_fingerprint_text(const struct cr_hash *h, char out[static SC_FINGERPRINT_TEXT_BYTES]);

struct sc_answer {
    struct cr_hash request;
    struct cr_span genesis; /* borrowed, encoded */
    struct cr_sign_pk signer;
    struct sc_id cert; /* entry that certifies the key of the request */
    size_t run_count;
    struct cr_span runs;   /* borrowed: run_count encoded runs, one behind the other */
    struct cr_span sealed; /* borrowed */
};

/* Appends the answer, signed by sk, the key of a->signer. ST_RANGE (no run, or too many),
 * ST_OVERSIZE (longer than SC_ANSWER_BYTES_MAX or than out may be), ST_NOMEM; out is then
 * unchanged. */
int sc_answer_encode(const struct sc_answer *a, const struct cr_sign_sk *sk,
                     struct cr_buf *out) ST_MUST;
/* Form and signature (ST_FORGED); the runs only as canonical bytes. Else ST_MALFORMED,
 * ST_TRUNCATED, ST_OVERSIZE, ST_VERSION; err says where. Spans point into file. */
int sc_answer_decode(struct cr_span file, struct sc_answer *out, struct st_err *err) ST_MUST;

/* Each run of an answer, verified: logs of street/public of the space, each from its first entry on
 * without a gap, chains recomputed, signatures checked. cb gets the run (key filled), its log id
 * and the chain values after each entry; its non-zero return stops and is returned. ST_FORGED,
 * ST_MALFORMED, ST_DENIED (another scope), ST_NOMEM, and what the reader says. */
typedef int sc_answer_run_cb(void *arg, const struct sc_run *run, const struct cr_hash *log_id,
                             const struct cr_hash *before, const struct cr_hash *chains);
int sc_answer_each_run(const struct sc_answer *a, sc_answer_run_cb *cb, void *arg,
                       struct st_err *err) ST_MUST;

/* What a verified answer gives. */
struct sc_enrolment {
    struct sc_genesis genesis;
    struct cr_hash net;
    struct sc_cert cert;    /* of the request's key */
    struct cr_kx_pk signer; /* exchange key of who signed the answer */
};
/* Verifies everything: that it answers this request (ST_CONFLICT, with both fingerprints), the
 * space when the request names one (ST_SPACE), every run, that the certificate of the runs is for
 * the request's keys and that it and the signer's count (ST_DENIED). Errors as above. */
int sc_answer_check(const struct sc_answer *a, struct cr_span request_file,
                    struct sc_enrolment *out, struct st_err *err) ST_MUST;

/* The sealed part, for the exchange key of a request. Appends to out. ST_RANGE (addresses, or a key
 * of low order), ST_NOMEM, ST_OVERSIZE. open: ST_FORGED, ST_DENIED (sealed for another key),
 * ST_MALFORMED, …; nothing is written on error. */
struct sc_answer_secret {
    struct cr_gate gate; /* secret */
    size_t addr_count;
    char addrs[SC_INVITE_ADDRS_MAX][SC_ADDR_TEXT_MAX];
};
int sc_answer_seal(const struct sc_answer_secret *s, const struct cr_hash *request,
                   const struct cr_kx_pk *to, struct cr_buf *out) ST_MUST;
int sc_answer_open(struct cr_span sealed, const struct cr_hash *request,
                   const struct cr_identity *self, struct sc_answer_secret *out,
                   struct st_err *err) ST_MUST;

#endif
