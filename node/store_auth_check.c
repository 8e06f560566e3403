/* Whether the evaluation that grew with the entries is the one that they give from nothing: part of
 * the full check. */
#include "node/store_int.h"

#include <stdio.h>
#include <string.h>

struct compare {
    struct nd_store *s;
    struct sc_authority *fresh;
    void (*say)(void *arg, const char *line);
    void *arg;
};

static void differ(struct compare *c, const struct sc_log_key *key, uint64_t n, const char *what)
{
    char line[200], author[9];

    cr_hex(key->author.b, 4, author);
    (void)snprintf(line, sizeof line, "authority: %s/%llu/%016llx, %llu: %s", author,
                   (unsigned long long)key->scope, (unsigned long long)key->incarnation,
                   (unsigned long long)n, what);
    c->say(c->arg, line);
}

/* One row: what of it counts and may be passed on, and the counts of what is held. */
static int compare_row(void *arg, const struct nd_log *l, struct st_err *err)
{
    struct compare *c = arg;
    uint64_t limit = sc_authority_limit(c->fresh, &l->key, l->branch), held, held_bytes, n, bytes;
    int rc;

    if (limit != sc_authority_limit(c->s->auth, &l->key, l->branch))
        differ(c, &l->key, l->branch, "another part of the branch counts");
    if (sc_authority_relay(c->fresh, &l->key, l->branch) !=
        sc_authority_relay(c->s->auth, &l->key, l->branch))
        differ(c, &l->key, l->branch, "another part of the branch is passed on");
    if (sc_authority_fork(c->fresh, &l->key) != sc_authority_fork(c->s->auth, &l->key))
        differ(c, &l->key, l->branch, "the fork is elsewhere");
    limit = limit < l->first_seq ? l->first_seq : limit;
    rc = nd_entry_sum(c->s, l->handle, limit, l->link.seq_next, &held, &held_bytes, err);
    if (rc == ST_OK)
        rc = nd_entry_sum(c->s, l->handle, l->first_seq, l->link.seq_next, &n, &bytes, err);
    if (rc == ST_OK && (held != l->held || held_bytes != l->held_bytes || bytes != l->bytes))
        differ(c, &l->key, l->branch, "what is held was counted wrong");
    return rc;
}

/* Sums over sets; the order of what is summed does not matter. */
struct sums {
    size_t count;
    struct cr_hash sum;
};

static void add(struct sums *t, const struct cr_hash *id, uint8_t a, uint8_t b, uint64_t c)
{
    uint8_t bytes[CR_HASH_BYTES + 10];
    struct cr_hash item;

    memcpy(bytes, id->b, CR_HASH_BYTES);
    bytes[CR_HASH_BYTES] = a;
    bytes[CR_HASH_BYTES + 1] = b;
    cr_store_be64(bytes + CR_HASH_BYTES + 2, c);
    cr_hash1(CR_TAG_FOLD, cr_span_of(bytes, sizeof bytes), &item);
    cr_hash_add(&t->sum, &item);
    t->count++;
}

static int add_cut(void *arg, const struct sc_auth_cut *cut)
{
    add(arg, &cut->at.entry_id, cut->in_force, cut->soft, cut->deps_left << 32 | cut->heads_left);
    return 0;
}

static int add_cert(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                    const struct cr_hash *id)
{
    (void)cert;
    (void)issuer;
    add(arg, id, 0, 0, 0);
    return 0;
}

static int add_wanted(void *arg, const struct sc_auth_at *at)
{
    add(arg, &at->entry_id, 1, 0, at->seq);
    return 0;
}

static void compare_sets(struct compare *c)
{
    static const struct sc_log_key none;
    struct sums cuts[2] = {{0}}, certs[2] = {{0}}, wanted[2] = {{0}};

    for (int i = 0; i < 2; i++) {
        struct sc_authority *a = i == 0 ? c->s->auth : c->fresh;

        (void)sc_authority_each_cut(a, NULL, add_cut, &cuts[i]);
        (void)sc_certs_each(sc_authority_certs(a), add_cert, &certs[i]);
        (void)sc_authority_each_wanted(a, add_wanted, &wanted[i]);
    }
    if (memcmp(&cuts[0], &cuts[1], sizeof cuts[0]) != 0)
        differ(c, &none, cuts[1].count, "other cuts are in force");
    if (memcmp(&certs[0], &certs[1], sizeof certs[0]) != 0)
        differ(c, &none, certs[1].count, "other certificates are accepted");
    if (memcmp(&wanted[0], &wanted[1], sizeof wanted[0]) != 0)
        differ(c, &none, wanted[1].count, "other entries are awaited");
}

int nd_check_authority(struct nd_store *s, void (*say)(void *arg, const char *line), void *arg,
                       struct st_err *err)
{
    struct compare c = {.s = s, .say = say, .arg = arg};
    struct st_err why = {0};
    int rc = nd_auth_build(s, true, &c.fresh, &why);

    if (rc == ST_CORRUPT) {
        say(arg, why.msg);
        return ST_OK;
    }
    if (rc != ST_OK)
        return st_fail(err, (enum st_code)rc, "%s", why.msg);
    rc = nd_log_each(s, compare_row, &c, err);
    compare_sets(&c);
    sc_authority_free(c.fresh);
    return rc;
}
