/* First every place that the file covers, with the strands of its logs; then the records of
 * authority among what is shown; then one settling. A strand is a branch that hangs nowhere: what
 * is not shown to be one path is not taken for one. */
#include "schema/proof_judge.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MAX (SC_PROOF_BYTES_MAX / CR_HASH_BYTES) /* a leaf is the least of an item */

struct place {
    struct cr_hash log_id, id;
    uint64_t seq;
    uint32_t strand;
};

struct sc_proof_judge {
    struct sc_authority *a;
    size_t certs, cuts;   /* shown; without a limit few bytes could take long to evaluate */
    struct cr_buf places; /* struct place, ascending by log id, then seq */
};

static int by_place(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int d = cr_hash_cmp(&x->log_id, &y->log_id);

    return d != 0 ? d : x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int locate(void *arg, const struct cr_hash *log_id, uint64_t seq,
                  const struct cr_hash *entry_id, uint32_t *branch)
{
    const struct sc_proof_judge *j = arg;
    const struct place key = {.log_id = *log_id, .seq = seq};
    const struct place *p =
        bsearch(&key, j->places.p, j->places.n / sizeof key, sizeof key, by_place);

    if (p == NULL || !cr_hash_equal(&p->id, entry_id))
        return ST_NOTFOUND;
    *branch = p->strand;
    return ST_OK;
}

static int add_place(void *arg, const struct sc_proof_place *p)
{
    struct sc_proof_judge *j = arg;
    struct place one;

    memset(&one, 0, sizeof one);
    one.log_id = p->log_id;
    one.id = p->id;
    one.seq = p->seq;
    one.strand = p->strand;
    return cr_buf_append(&j->places, &one, sizeof one);
}

static int add_strand(void *arg, const struct sc_proof_entry *e)
{
    struct sc_proof_judge *j = arg;

    return sc_authority_branch(j->a, &e->key, e->strand,
                               e->strand == 0 ? SC_AUTH_NONE : SC_AUTH_APART, 0);
}

/* A record that does not decode has no effect, as in a store, which quarantines it. */
static int add_record(void *arg, const struct sc_proof_entry *e)
{
    struct sc_proof_judge *j = arg;
    struct sc_auth_at at = {
        .key = e->key, .branch = e->strand, .seq = e->header.seq, .entry_id = e->id};
    int rc;

    if (e->erased || e->unread || e->key.scope != SC_SCOPE_PUBLIC || e->p.has_subject ||
        (e->p.type != SC_R_CERT && e->p.type != SC_R_CUT && e->p.type != SC_R_ADOPT))
        return ST_OK;
    if (e->p.type == SC_R_CERT ? ++j->certs > SC_PROOF_CERTS_MAX : ++j->cuts > SC_PROOF_CUTS_MAX)
        return ST_OVERSIZE;
    rc = sc_authority_record(j->a, &at, e->p.type, e->p.body, NULL);
    return rc == ST_NOMEM ? ST_NOMEM : ST_OK;
}

int sc_proof_judge_new(struct cr_span file, struct sc_proof *proof, struct sc_proof_judge **out,
                       struct st_err *err)
{
    struct sc_proof_judge *j = calloc(1, sizeof *j);
    struct sc_auth_source source = {.arg = j, .locate = locate};
    struct sc_proof p;
    int rc;

    if (j == NULL)
        return st_fail(err, ST_NOMEM, "proof: out of memory");
    cr_buf_init(&j->places, PLACES_MAX * sizeof(struct place));
    rc = sc_proof_places(file, &p, add_place, j, err);
    if (rc == ST_OK) {
        j->a = sc_authority_new(&p.genesis, &p.net, &source);
        rc = j->a == NULL ? ST_NOMEM : ST_OK;
    }
    if (rc == ST_OK)
        rc = sc_proof_read(file, &p, add_strand, j, err);
    if (rc == ST_OK)
        rc = sc_proof_read(file, &p, add_record, j, err);
    if (rc != ST_OK) {
        sc_proof_judge_free(j);
        return err == NULL || err->code == ST_OK
                   ? st_fail(err, (enum st_code)rc, "proof: %s", st_text((enum st_code)rc))
                   : rc;
    }
    (void)sc_authority_settle(j->a);
    *proof = p;
    *out = j;
    return ST_OK;
}

void sc_proof_judge_free(struct sc_proof_judge *j)
{
    if (j == NULL)
        return;
    sc_authority_free(j->a);
    cr_buf_release(&j->places);
    free(j);
}

static struct sc_auth_at at_of(const struct sc_proof_entry *e)
{
    return (struct sc_auth_at){
        .key = e->key, .branch = e->strand, .seq = e->header.seq, .entry_id = e->id};
}

enum sc_standing sc_proof_standing(const struct sc_proof_judge *j, const struct sc_proof_entry *e)
{
    struct sc_auth_at at = at_of(e);

    return sc_authority_standing(j->a, &at);
}

bool sc_proof_holder(const struct sc_proof_judge *j, const struct sc_proof_entry *e,
                     struct sc_auth_cut *out)
{
    struct sc_auth_at at = at_of(e);

    return sc_authority_holder(j->a, &at, out);
}

struct sc_certs *sc_proof_certs(struct sc_proof_judge *j)
{
    return sc_authority_certs(j->a);
}

int sc_proof_each_cut(const struct sc_proof_judge *j,
                      int (*cb)(void *arg, const struct sc_auth_cut *cut), void *arg)
{
    return sc_authority_each_cut(j->a, NULL, cb, arg);
}
