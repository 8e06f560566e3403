/* The two records that take away and give back: CUT closes logs of a key and names the heads that
 * still count; ADOPT makes entries count that a fork or a cut holds back. Both stand in
 * street/public, so that every node holds them. What they do is authority.h; here is their form.
 *
 * Lists are one bin of items of fixed length, strictly ascending by their bytes, so that a list of
 * positions has one spelling and is read without allocating:
 *   head  = scope be64 ‖ incarnation be64 ‖ seq be64 ‖ entry id (32)
 *   dep   = log id (32) ‖ seq be64 ‖ entry id (32)
 *   entry = seq be64 ‖ entry id (32)
 * A head names scope and incarnation rather than a log id: who holds nothing of a log can still
 * tell that it is closed. */
#ifndef SCHEMA_CUT_H
#define SCHEMA_CUT_H

#include "schema/entry.h"

#define SC_CUT_HEAD_BYTES    56
#define SC_CUT_DEP_BYTES     72
#define SC_ADOPT_ENTRY_BYTES 40
#define SC_CUT_HEADS_MAX     512
#define SC_CUT_DEPS_MAX      16
#define SC_ADOPT_ENTRIES_MAX 512

enum sc_cut_mode {
    SC_CUT_REVOKE = 1, /* all logs of the subject; what is not listed is closed at nothing */
    SC_CUT_FORK = 2,   /* the logs of one incarnation; may list several honest branches */
    SC_CUT_RETIRE = 3, /* of the author itself: nothing follows this entry in this log */
};

struct sc_cut {
    struct cr_sign_pk subject;
    enum sc_cut_mode mode;
    uint64_t incarnation; /* FORK only, else 0 */
    struct cr_span heads; /* packed, borrowed; of one log there may be several */
    struct cr_span deps;  /* packed, borrowed: takes effect once these are stored */
    struct cr_span text;  /* reason, borrowed; may be empty. No personal data: it stays for ever */
};

struct sc_adopt {
    struct cr_sign_pk subject; /* author of the adopted entries */
    uint64_t scope, incarnation;
    struct cr_span entries; /* packed, borrowed; one or more of that log */
};

struct sc_cut_head {
    uint64_t scope, incarnation, seq;
    struct cr_hash entry_id;
};
struct sc_cut_dep {
    struct cr_hash log_id;
    uint64_t seq;
    struct cr_hash entry_id;
};
struct sc_adopt_entry {
    uint64_t seq;
    struct cr_hash entry_id;
};

/* Append one item; callers append in ascending order. ST_NOMEM, ST_OVERSIZE. */
int sc_cut_put_head(struct cr_buf *heads, const struct sc_cut_head *h) ST_MUST;
int sc_cut_put_dep(struct cr_buf *deps, const struct sc_cut_dep *d) ST_MUST;
int sc_adopt_put(struct cr_buf *entries, const struct sc_adopt_entry *e) ST_MUST;

static inline size_t sc_cut_head_count(struct cr_span heads)
{
    return heads.n / SC_CUT_HEAD_BYTES;
}
static inline size_t sc_cut_dep_count(struct cr_span deps)
{
    return deps.n / SC_CUT_DEP_BYTES;
}
static inline size_t sc_adopt_count(struct cr_span entries)
{
    return entries.n / SC_ADOPT_ENTRY_BYTES;
}
/* Item i of a packed list; i below its count (asserted). */
void sc_cut_head_at(struct cr_span heads, size_t i, struct sc_cut_head *out);
void sc_cut_dep_at(struct cr_span deps, size_t i, struct sc_cut_dep *out);
void sc_adopt_at(struct cr_span entries, size_t i, struct sc_adopt_entry *out);

/* To and from the body of a payload (the catalogue's rows of "cut" and "adopt" give the keys). What
 * is empty is absent in the bytes. Encode appends; it refuses what decode would refuse, ST_NOMEM,
 * ST_OVERSIZE, body then unchanged. Decode is strict also about fields of a newer schema: a
 * restriction that is not understood must not be half applied. Spans of *out borrow from body.
 * Checked: items in order, scopes and numbers in range; FORK has its incarnation and only heads of
 * it; RETIRE has neither heads nor deps; ADOPT names at least one entry. ST_MALFORMED,
 * ST_TRUNCATED, ST_RANGE, ST_OVERSIZE; *out is then untouched. */
int sc_cut_encode(const struct sc_cut *c, struct cr_buf *body, struct st_err *err) ST_MUST;
int sc_cut_decode(struct cr_span body, struct sc_cut *out, struct st_err *err) ST_MUST;
int sc_adopt_encode(const struct sc_adopt *a, struct cr_buf *body, struct st_err *err) ST_MUST;
int sc_adopt_decode(struct cr_span body, struct sc_adopt *out, struct st_err *err) ST_MUST;

#endif
