/* Two readings of one proof: random histories of certificates, cuts, adoptions, forks and reports,
 * written down as proofs that cover this or that of them, have to get the same verdict from the
 * program and from the checker that was written from the text alone (CHECKER). */
#include "crypto/base/assert.h"
#include "schema/proof_judge.h"
#include "tests/lib/prng.h"
#include "tests/lib/tmpdir.h"
#include "tests/unit/schema/support.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEYS     7 /* successor, root, seats to be, officers */
#define OPS      100
#define LOGS     12
#define BRANCHES 4
#define STREET   UINT64_C(500118003)
#define G1       UINT64_C(500118003205)
#define G2       UINT64_C(500118003206)
#define FILES    8 /* of one history */

struct op {
    int log;
    uint64_t seq, type;
    struct cr_hash id, before;
    struct sc_header header;
    uint8_t payload[4096];
    size_t n;
};

struct branch {
    int op[OPS];
    uint64_t count;
};

struct log {
    struct sc_log_key key;
    struct cr_hash id;
    int who;
    struct branch branch[BRANCHES];
    int branches;
};

struct wild {
    struct ts_prng *r;
    struct cr_identity key[KEYS];
    struct cr_hash net;
    struct cr_buf genesis;
    struct op op[OPS];
    struct log log[LOGS];
    int ops, logs;
    uint64_t lamport;
    size_t verdicts[3];
};

static int below(struct wild *w, uint64_t n)
{
    return (int)ts_prng_below(w->r, n);
}

static void found(struct wild *w)
{
    struct sc_genesis g = {.street = STREET, .name = "街"};

    w->ops = w->logs = 0;
    w->lamport = 0;
    for (int i = 0; i < KEYS; i++) {
        uint8_t seed[32];

        ts_prng_bytes(w->r, seed, sizeof seed);
        cr_identity_from_seed(seed, &w->key[i]);
    }
    g.root = w->key[1].sign_pk;
    cr_hash1(CR_TAG_NEXT_ROOT, cr_span_of(w->key[0].sign_pk.b, CR_SIGN_PK_BYTES), &g.next_root);
    cr_buf_init(&w->genesis, SC_GENESIS_BYTES_MAX);
    ts_assert_ok(sc_genesis_encode(&g, &w->genesis));
    sc_genesis_net(cr_buf_span(&w->genesis), &w->net);
}

static int log_of(struct wild *w, int who, uint64_t scope, uint64_t inc)
{
    struct log *l = &w->log[w->logs];

    for (int i = 0; i < w->logs; i++)
        if (w->log[i].who == who && w->log[i].key.scope == scope &&
            w->log[i].key.incarnation == inc)
            return i;
    if (w->logs == LOGS)
        return -1;
    memset(l, 0, sizeof *l);
    l->who = who;
    l->key = (struct sc_log_key){w->key[who].sign_pk, scope, inc};
    sc_log_id(&w->net, &l->key, &l->id);
    l->branches = 1;
    return w->logs++;
}

/* A branch of the log to go on with: now and then a new one that leaves another in its middle. */
static struct branch *branch_of(struct wild *w, struct log *l)
{
    struct branch *b = &l->branch[below(w, (uint64_t)l->branches)];

    if (b->count > 0 && l->branches < BRANCHES && below(w, 12) == 0) {
        struct branch *fork = &l->branch[l->branches++];

        *fork = *b;
        fork->count = ts_prng_below(w->r, b->count);
        return fork;
    }
    return b;
}

static void write_op(struct wild *w, int log, uint64_t type, struct cr_span body)
{
    struct log *l = &w->log[log];
    struct branch *b = branch_of(w, l);
    struct op *o = &w->op[w->ops];
    struct sc_payload p = {.type = type, .schema_version = 1, .body = body};
    struct cr_buf bytes;
    struct cr_hash hash;
    struct sc_link link;

    sc_link_start(&l->id, &link);
    if (b->count > 0) {
        link.seq_next = b->count;
        link.chain = w->op[b->op[b->count - 1]].id;
        link.lamport = w->op[b->op[b->count - 1]].header.lamport;
    }
    cr_buf_init(&bytes, sizeof o->payload);
    ts_assert_ok(sc_payload_encode(&p, &bytes));
    o->log = log;
    o->seq = b->count;
    o->type = type;
    o->n = bytes.n;
    o->before = link.chain;
    memcpy(o->payload, bytes.p, bytes.n);
    sc_payload_hash(cr_buf_span(&bytes), &hash);
    ts_assert_ok(sc_link_extend(&link, ++w->lamport, 1000, &hash, bytes.n, &o->header));
    o->id = link.chain;
    b->op[b->count++] = w->ops++;
    cr_buf_release(&bytes);
}

static void certify(struct wild *w, int log, int subject, int rank)
{
    static const uint64_t roles[] = {SC_ROLE_STREET, SC_ROLE_VILLAGE, SC_ROLE_OFFICER,
                                     SC_ROLE_VILLAGE | SC_ROLE_OFFICER, SC_ROLE_NODE};
    static const uint64_t grids[][2] = {
        {STREET, 0}, {G1, 0}, {G2, 0}, {G1, G2}, {G1 * 1000 + 1, 0}};
    struct sc_cert c = {.subject = w->key[subject].sign_pk,
                        .kind = SC_CERT_PERSON,
                        .rank = (uint64_t)rank,
                        .roles = roles[below(w, 5)],
                        .name = "甲"};
    const uint64_t *g = grids[below(w, 5)];
    struct cr_buf body;

    c.prefixes[c.prefix_count++] = g[0];
    if (g[1] != 0)
        c.prefixes[c.prefix_count++] = g[1];
    cr_person_id(&c.subject, c.person.b);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_cert_encode(&c, &body));
    write_op(w, log, SC_R_CERT, cr_buf_span(&body));
    cr_buf_release(&body);
}

static int by_head(const void *a, const void *b)
{
    return memcmp(a, b, SC_CUT_HEAD_BYTES);
}

static void cut(struct wild *w, int log, int subject)
{
    struct sc_cut c = {.subject = w->key[subject].sign_pk, .mode = SC_CUT_REVOKE};
    struct cr_buf heads, deps, body;

    if (below(w, 5) == 0)
        c.mode = SC_CUT_FORK;
    if (subject == w->log[log].who && below(w, 2) == 0)
        c.mode = SC_CUT_RETIRE;
    cr_buf_init(&heads, SC_CUT_HEADS_MAX * SC_CUT_HEAD_BYTES);
    cr_buf_init(&deps, SC_CUT_DEPS_MAX * SC_CUT_DEP_BYTES);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    for (int i = 0; i < w->ops && c.mode != SC_CUT_RETIRE; i++) {
        const struct op *o = &w->op[i];
        const struct sc_log_key *k = &w->log[o->log].key;
        struct sc_cut_head h = {k->scope, k->incarnation, o->seq, o->id};
        struct sc_cut_dep d = {w->log[o->log].id, o->seq, o->id};

        if (w->log[o->log].who == subject && below(w, 3) == 0 &&
            (c.mode == SC_CUT_REVOKE || k->incarnation == 0))
            ts_assert_ok(sc_cut_put_head(&heads, &h));
        if (deps.n == 0 && below(w, 100) == 0)
            ts_assert_ok(sc_cut_put_dep(&deps, &d));
    }
    if (heads.n > 0)
        qsort(heads.p, heads.n / SC_CUT_HEAD_BYTES, SC_CUT_HEAD_BYTES, by_head);
    c.heads = cr_buf_span(&heads);
    c.deps = cr_buf_span(&deps);
    ts_assert_ok(sc_cut_encode(&c, &body, NULL));
    write_op(w, log, SC_R_CUT, cr_buf_span(&body));
    cr_buf_release(&heads);
    cr_buf_release(&deps);
    cr_buf_release(&body);
}

static void adopt(struct wild *w, int log)
{
    const struct op *o = &w->op[below(w, (uint64_t)w->ops)];
    const struct sc_log_key *k = &w->log[o->log].key;
    struct sc_adopt a = {.subject = k->author, .scope = k->scope, .incarnation = k->incarnation};
    struct sc_adopt_entry e = {.seq = o->seq, .entry_id = o->id};
    struct cr_buf entries, body;

    cr_buf_init(&entries, SC_ADOPT_ENTRY_BYTES);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    ts_assert_ok(sc_adopt_put(&entries, &e));
    a.entries = cr_buf_span(&entries);
    ts_assert_ok(sc_adopt_encode(&a, &body, NULL));
    write_op(w, log, SC_R_ADOPT, cr_buf_span(&body));
    cr_buf_release(&entries);
    cr_buf_release(&body);
}

static void act(struct wild *w)
{
    static const uint8_t empty[] = {0x80};
    static const uint64_t scopes[] = {SC_SCOPE_PUBLIC, SC_SCOPE_INTERNAL, G1, G2};
    bool early = w->ops < 8; /* first come the certificates that give the others something to do */
    int what = early ? 0 : below(w, 12);
    int who = what > 5                    ? 1 + below(w, KEYS - 1)
              : early || below(w, 3) == 0 ? 1 + below(w, 4)
                                          : below(w, KEYS);
    int log = log_of(w, early && below(w, 2) == 0 ? 1 : who,
                     what < 6 ? SC_SCOPE_PUBLIC : scopes[below(w, 4)], below(w, 4) == 0);

    if (log < 0)
        return;
    if (what < 2)
        certify(w, log, 2 + below(w, KEYS - 2), 1 + below(w, 2));
    else if (what < 5)
        cut(w, log, below(w, 6) == 0 ? w->log[log].who : below(w, KEYS));
    else if (what < 6)
        adopt(w, log);
    else
        write_op(w, log, SC_R_HAZARD_REPORT, cr_span_of(empty, sizeof empty));
}

/* ---- proofs of it ---- */

static int by_log_id(const void *a, const void *b)
{
    const struct log *x = *(const struct log *const *)a, *y = *(const struct log *const *)b;

    return cr_hash_cmp(&x->id, &y->id);
}

/* One segment from `at` on; what is in show is shown. */
static void put_segment(struct wild *w, const struct log *l, const struct branch *b, uint64_t at,
                        uint64_t n, const bool *show, struct cr_buf *out)
{
    struct sc_proof_item items[OPS];
    const struct op *last = &w->op[b->op[at + n - 1]];
    struct cr_sig sig;

    for (uint64_t i = 0; i < n; i++) {
        const struct op *o = &w->op[b->op[at + i]];

        items[i] =
            (struct sc_proof_item){.kind = show[b->op[at + i]] ? SC_PROOF_SHOWN : SC_PROOF_LEAF,
                                   .header = o->header,
                                   .payload = cr_span_of(o->payload, o->n)};
    }
    sc_checkpoint_sign(&w->key[l->who].sign_sk, &w->net, &l->id, last->seq, &last->id, &sig);
    ts_assert_ok(sc_proof_put_segment(at, &w->op[b->op[at]].before, items, n, &sig, out));
}

/* The log with parts of one of its branches; false: nothing of it is shown. */
static bool put_log(struct wild *w, const struct log *l, const struct branch *b, const bool *show,
                    struct cr_buf *out)
{
    struct cr_buf segments;
    size_t count = 0;
    uint64_t at = 0;
    bool goes_on = false;

    cr_buf_init(&segments, SC_PROOF_BYTES_MAX);
    while (at < b->count) {
        uint64_t n;

        if (!goes_on && !show[b->op[at]]) {
            at++;
            continue;
        }
        n = 1 + ts_prng_below(w->r, b->count - at < 4 ? b->count - at : 4);
        put_segment(w, l, b, at, n, show, &segments);
        at += n;
        count++;
        goes_on = below(w, 3) != 0;
    }
    if (count > 0) {
        ts_assert_ok(sc_proof_put_log(&l->key, count, out));
        ts_assert_ok(cr_buf_append(out, segments.p, segments.n));
    }
    cr_buf_release(&segments);
    return count > 0;
}

/* A proof of one report, with most of what there is as evidence. */
static void write_proof(struct wild *w, int of, struct cr_buf *out)
{
    struct sc_id subject = sc_id_of(&w->op[of].id);
    const struct log *order[LOGS];
    bool show[OPS];
    struct cr_buf logs;
    size_t count = 0;

    for (int i = 0; i < w->ops; i++)
        show[i] = i == of || (w->op[i].type <= SC_R_ADOPT ? below(w, 8) != 0 : below(w, 2) == 0);
    for (int i = 0; i < w->logs; i++)
        order[i] = &w->log[i];
    qsort(order, (size_t)w->logs, sizeof order[0], by_log_id);
    cr_buf_init(&logs, SC_PROOF_BYTES_MAX);
    for (int i = 0; i < w->logs; i++) {
        const struct log *l = order[i];
        const struct branch *b = &l->branch[below(w, (uint64_t)l->branches)];

        for (int k = 0; k < l->branches && l == &w->log[w->op[of].log]; k++)
            if (w->op[of].seq < l->branch[k].count && l->branch[k].op[w->op[of].seq] == of)
                b = &l->branch[k];
        count += put_log(w, l, b, show, &logs);
    }
    cr_buf_init(out, SC_PROOF_BYTES_MAX);
    ts_assert_ok(sc_proof_put_head(&subject, cr_buf_span(&w->genesis), count, out));
    ts_assert_ok(cr_buf_append(out, logs.p, logs.n));
    cr_buf_release(&logs);
}

/* ---- the two verdicts: 0 counts, 1 not certified, 2 does not count ---- */

struct verdict {
    struct sc_proof_judge *judge;
    struct sc_proof proof;
    bool uncertified, held;
};

static int see(void *arg, const struct sc_proof_entry *e)
{
    struct verdict *v = arg;
    struct sc_id subject = sc_proof_subject(e);
    struct sc_certs *certs = sc_proof_certs(v->judge);

    if (!sc_id_equal(&subject, &v->proof.subject) ||
        sc_standing_counts(sc_proof_standing(v->judge, e)))
        return ST_OK;
    if (sc_certs_find(certs, &e->key.author) == NULL &&
        sc_certs_root(certs, &e->key.author) == SC_ROOT_NONE)
        v->uncertified = true;
    else
        v->held = true;
    return ST_OK;
}

static int ours(struct cr_span file)
{
    struct verdict v = {.uncertified = false};
    struct sc_proof proof;

    ts_assert_ok(sc_proof_judge_new(file, &v.proof, &v.judge, NULL));
    ts_assert_ok(sc_proof_read(file, &proof, see, &v, NULL));
    sc_proof_judge_free(v.judge);
    return v.uncertified ? 1 : v.held ? 2 : 0;
}

static int theirs(const char *path)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        (void)close(STDERR_FILENO);
        (void)execl(CHECKER, CHECKER, path, (char *)NULL);
        _exit(99);
    }
    CR_ASSERT(pid > 0);
    CR_ASSERT(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static void history(struct ts_prng *r, uint64_t seed, void *ctx)
{
    struct wild *w = ctx;
    char path[TS_PATH_BYTES];
    struct ts_tmpdir dir;
    struct cr_buf file;

    w->r = r;
    found(w);
    while (w->ops < OPS - 1)
        act(w);
    ts_tmpdir_init(&dir);
    (void)ts_tmpdir_path(&dir, "proof", path);
    for (int i = 0, n = 0; i < w->ops && n < FILES; i++) {
        int want, got;

        if (w->op[i].type != SC_R_HAZARD_REPORT)
            continue;
        write_proof(w, i, &file);
        ts_file_write(path, file.p, file.n);
        want = ours(cr_buf_span(&file));
        got = theirs(path);
        if (want != got)
            ts_fail("seed %llu, report %d: the program says %d, the checker %d",
                    (unsigned long long)seed, i, want, got);
        w->verdicts[want]++;
        cr_buf_release(&file);
        n++;
    }
    ts_tmpdir_release(&dir);
    cr_buf_release(&w->genesis);
}

/* The program and the second checker come to the same verdict, and each verdict is come to. */
static void test_proof_wild__one_verdict(void **state)
{
    struct wild *w = calloc(1, sizeof *w);

    (void)state;
    assert_non_null(w);
    ts_each_seed(1, 60, history, w);
    print_message("count %zu, not certified %zu, do not count %zu\n", w->verdicts[0],
                  w->verdicts[1], w->verdicts[2]);
    if (getenv("FS_SEED") == NULL)
        for (size_t i = 0; i < 3; i++)
            assert_true(w->verdicts[i] > 20);
    free(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proof_wild__one_verdict),
    };

    return cr_init(NULL) == ST_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
