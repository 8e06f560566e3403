/* Changes of personnel: transfer (调岗), stand-in (代班), dismissal (辞退), a lost device. Each
 * writes what has to be written: who takes over, who may write from now on, what of the old key
 * still counts. Without --yes nothing is written: the command shows what would be, above all which
 * entries would stop counting.
 *
 * Order of writing: the new certificate, then the hazards that go over, then the cut. Each step
 * finds what an earlier run of the same command has done, so that one that was interrupted is
 * completed by running it again. */
#include "node/cmd_cut.h"
#include "node/person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAFTS_MAX 64 /* hazards handed over in one transaction */

enum move { TRANSFER, STAND_IN, DISMISS, LOST };

struct plan {
    struct nd_cmd *c;
    enum move move;
    struct cr_identity author; /* secret */
    struct nd_person from, to;
    bool has_to, has_cert;
    struct sc_cert cert;
    struct nd_cuts cuts;
    struct nd_handover handover;
    struct st_err err;
};

static const char *move_name(const struct plan *p)
{
    switch (p->move) {
    case TRANSFER: return nd_tr(p->c, "调岗", "transfer");
    case STAND_IN: return nd_tr(p->c, "代班", "stand-in");
    case DISMISS: return nd_tr(p->c, "辞退", "dismissal");
    case LOST: break;
    }
    return nd_tr(p->c, "设备遗失", "lost device");
}

/* ---- planning ---- */

static int read_persons(struct plan *p)
{
    const char *to = nd_opt(p->c, p->move == STAND_IN ? "by" : "to");
    struct nd_store *s = p->c->app->store;
    int rc;

    if (p->c->arg_count != 1)
        return st_fail(&p->err, ST_USAGE, "person %s %s", p->c->verb->sub, p->c->verb->usage);
    rc = nd_person_find(s, p->c->arg[0], &p->from, &p->err);
    if (rc != ST_OK || to == NULL)
        return rc;
    p->has_to = true;
    rc = nd_person_find(s, to, &p->to, &p->err);
    if (rc == ST_OK && sc_id_equal(&p->from.id, &p->to.id) && p->move != TRANSFER)
        return st_fail(&p->err, ST_USAGE, "'%s': %s", to,
                       nd_tr(p->c, "不能由本人接手", "is the same person"));
    return rc;
}

static int by_code(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Grids of the new certificate: --grid, else those of the person who is replaced. */
static int read_grids(struct plan *p)
{
    struct sc_cert *cert = &p->cert;
    size_t i = 0;

    for (; nd_opt_nth(p->c, "grid", i) != NULL; i++)
        if (i == SC_CERT_PREFIXES_MAX ||
            nd_grid_parse(nd_opt_nth(p->c, "grid", i), &cert->prefixes[cert->prefix_count++]) !=
                ST_OK)
            return st_fail(&p->err, ST_USAGE, "--grid '%s': %s", nd_opt_nth(p->c, "grid", i),
                           nd_tr(p->c, "9、12 或 15 位代码，最多 16 个",
                                 "codes of 9, 12 or 15 digits, up to 16"));
    if (i == 0 && p->from.grid_count > SC_CERT_PREFIXES_MAX)
        return st_fail(&p->err, ST_USAGE, "%s: --grid", p->from.name);
    if (i == 0) {
        cert->prefix_count = p->from.grid_count;
        memcpy(cert->prefixes, p->from.grid, p->from.grid_count * sizeof p->from.grid[0]);
    }
    qsort(cert->prefixes, cert->prefix_count, sizeof cert->prefixes[0], by_code);
    return ST_OK;
}

static int read_roles(struct plan *p)
{
    const char *role = nd_opt(p->c, "role");

    p->cert.roles = p->from.roles & ~(uint32_t)SC_ROLE_NODE;
    if (role != NULL && nd_roles_parse(role, &p->cert.roles) != ST_OK)
        return st_fail(&p->err, ST_USAGE, "--role '%s': officer, chief, village, …", role);
    return ST_OK;
}

/* The key that gets the certificate: a stand-in's own, or the new one of --key. */
static int read_key(struct plan *p)
{
    const char *key = nd_opt(p->c, "key");

    if (p->move == STAND_IN) {
        p->cert.subject = p->to.key[p->to.key_count - 1];
        for (size_t i = 0; i < p->to.key_count && nd_check_revoked(p->c, &p->cert, NULL) != ST_OK;
             i++)
            p->cert.subject = p->to.key[i]; /* rather one that still writes */
        p->cert.person = p->to.id;
        memcpy(p->cert.name, p->to.name, sizeof p->cert.name);
        return ST_OK;
    }
    if (nd_key_public(p->c, key, &p->cert.subject, &p->err) != ST_OK)
        return (int)p->err.code;
    for (size_t i = 0; i < p->from.key_count; i++)
        if (cr_sign_pk_equal(&p->from.key[i], &p->cert.subject))
            return st_fail(&p->err, ST_USAGE, "--key '%s': %s", key,
                           nd_tr(p->c, "是旧钥匙，请先用 key new 建新钥匙",
                                 "is the old key; make a new one by key new"));
    p->cert.person = p->from.id; /* the history of the person stays one */
    memcpy(p->cert.name, p->from.name, sizeof p->cert.name);
    return ST_OK;
}

static int plan_cert(struct plan *p)
{
    int rc;

    if (p->move != STAND_IN && nd_opt(p->c, "key") == NULL)
        return p->move == TRANSFER ? st_fail(&p->err, ST_USAGE, "%s",
                                             nd_tr(p->c, "调岗须用新钥匙：--key",
                                                   "a transfer needs a new key: --key"))
                                   : ST_OK;
    if (p->move == STAND_IN && (nd_opt(p->c, "from") == NULL || nd_opt(p->c, "until") == NULL))
        return st_fail(&p->err, ST_USAGE, "%s",
                       nd_tr(p->c, "代班须写明起止日期：--from --until",
                             "a stand-in has dates: --from --until"));
    p->has_cert = true;
    p->cert.kind = SC_CERT_PERSON;
    p->cert.rank = 2;
    rc = read_grids(p);
    if (rc == ST_OK)
        rc = read_key(p);
    if (rc == ST_OK)
        rc = nd_check_revoked(p->c, &p->cert, &p->err);
    if (rc == ST_OK)
        rc = read_roles(p);
    if (rc == ST_OK)
        rc = nd_opt_date(p->c, "from", &p->cert.from_ms, &p->err);
    if (rc == ST_OK)
        rc = nd_opt_date(p->c, "until", &p->cert.to_ms, &p->err);
    return rc;
}

static int plan_cuts(struct plan *p)
{
    struct nd_cut_which which = {.before_ms = 0};
    int rc = ST_OK;

    if (p->move == STAND_IN)
        return ST_OK;
    if (p->move == LOST) {
        if (nd_opt(p->c, "since") == NULL)
            return st_fail(&p->err, ST_USAGE, "%s",
                           nd_tr(p->c, "设备何时遗失？--since 日期时间",
                                 "since when is it lost? --since DATE"));
        rc = nd_opt_date(p->c, "since", &which.before_ms, &p->err);
    }
    for (size_t i = 0; rc == ST_OK && i < p->from.key_count; i++)
        if (!p->has_cert || !cr_sign_pk_equal(&p->from.key[i], &p->cert.subject))
            rc = nd_cuts_add(&p->cuts, p->c, &p->from.key[i], SC_CUT_REVOKE, &which, &p->err);
    return rc;
}

struct dep_search {
    struct plan *p;
    struct cr_buf items; /* packed deps, not yet in order */
};

static int add_dep(void *arg, const struct sy_log *log)
{
    struct dep_search *d = arg;
    struct sc_cut_dep dep = {
        .log_id = log->id, .seq = log->link.seq_next - 1, .entry_id = log->link.chain};
    bool theirs = false;

    for (size_t i = 0; i < d->p->to.key_count; i++)
        theirs = theirs || cr_sign_pk_equal(&d->p->to.key[i], &log->key.author);
    if (!theirs || log->key.scope != SC_SCOPE_PUBLIC ||
        d->items.n == SC_CUT_DEPS_MAX * SC_CUT_DEP_BYTES)
        return ST_OK;
    return sc_cut_put_dep(&d->items, &dep);
}

static int by_dep(const void *a, const void *b)
{
    return memcmp(a, b, SC_CUT_DEP_BYTES);
}

/* A seat is closed only where what its successor has restated is present: its cut names the last
 * public entries of the successor. */
static int plan_deps(struct plan *p)
{
    const struct sy_view *view = nd_store_view(p->c->app->store);
    struct dep_search d = {.p = p};
    int rc;

    if (p->from.rank > 1 || p->cuts.count == 0)
        return ST_OK;
    if (sc_certs_root(nd_store_certs(p->c->app->store), &p->author.sign_pk) == SC_ROOT_NONE)
        return st_fail(&p->err, ST_DENIED, "%s: %s", p->from.name,
                       nd_tr(p->c, "席位的钥匙只能由街道根钥匙吊销：--as root",
                             "the key of a seat is revoked by the root: --as root"));
    if (!p->has_to)
        return st_fail(&p->err, ST_USAGE, "%s",
                       nd_tr(p->c,
                             "这是一个村（社区）或街道席位：先给接任席位发证并由其执行 cert "
                             "restate，再用 --to 指明",
                             "this is a seat: certify its successor, let it run cert restate, then "
                             "name it by --to"));
    cr_buf_init(&d.items, SC_CUT_DEPS_MAX * SC_CUT_DEP_BYTES);
    rc = view->each_log(view->arg, add_dep, &d);
    if (rc == ST_OK && d.items.n > 0)
        qsort(d.items.p, d.items.n / SC_CUT_DEP_BYTES, SC_CUT_DEP_BYTES, by_dep);
    if (rc == ST_OK)
        rc = cr_buf_append(&p->cuts.deps, d.items.p, d.items.n);
    cr_buf_release(&d.items);
    return rc == ST_OK ? ST_OK : st_fail(&p->err, (enum st_code)rc, "records of the successor");
}

static int plan(struct plan *p)
{
    int rc = read_persons(p);

    if (rc == ST_OK && p->move == STAND_IN && !p->has_to)
        rc = st_fail(&p->err, ST_USAGE, "%s", nd_tr(p->c, "由谁代班？--by", "who stands in? --by"));
    if (rc == ST_OK)
        rc = nd_author(p->c, &p->author, &p->err);
    if (rc == ST_OK)
        rc = plan_cert(p);
    if (rc == ST_OK)
        rc = plan_cuts(p);
    if (rc == ST_OK)
        rc = plan_deps(p);
    if (rc == ST_OK)
        rc = nd_cuts_effect(&p->cuts, p->c, &p->author, &p->err);
    if (rc == ST_OK && p->has_to && p->from.rank > 1) /* a seat has no hazards of its own */
        rc = nd_handover_find(p->c->app->store, &p->from, p->to.name, &p->handover, &p->err);
    return rc;
}

/* ---- showing ---- */

static void show(struct plan *p, bool written)
{
    struct nd_cmd *c = p->c;
    char roles[256], from[ND_TIME_TEXT_MAX], to[ND_TIME_TEXT_MAX];

    if (c->json) {
        nd_out_json(c, json_pack("{s:s, s:s, s:s?, s:b, s:b, s:I, s:o}", "move", c->verb->sub,
                                 "person", p->from.name, "to", p->has_to ? p->to.name : NULL,
                                 "certificate", (int)p->has_cert, "written", (int)written,
                                 "handed_over", (json_int_t)p->handover.count, "cuts",
                                 nd_cuts_json(&p->cuts)));
        return;
    }
    nd_out(c, "%s：%s\n", move_name(p), p->from.name);
    if (p->has_cert) {
        nd_time_text(p->cert.from_ms, from);
        nd_time_text(p->cert.to_ms, to);
        nd_out(c, nd_tr(c, "  新证书：%s  %s  %s — %s\n", "  new certificate: %s  %s  %s to %s\n"),
               p->cert.name, nd_roles_text(c, p->cert.roles, roles, sizeof roles), from, to);
    }
    if (p->has_to && p->from.rank > 1)
        nd_out(c, nd_tr(c, "  移交未销案隐患 %zu 条给 %s\n", "  %zu open hazards go over to %s\n"),
               p->handover.count, p->to.name);
    nd_cuts_show(&p->cuts, c);
    nd_out(c, "%s\n",
           written ? nd_tr(c, "已写入。", "Written.")
                   : nd_tr(c, "尚未写入任何内容。确认无误后加 --yes 再执行一次。",
                           "Nothing has been written. Run it again with --yes to do it."));
}

/* ---- writing ---- */

/* A certificate that says the same stands already: of an earlier run. */
static int same_cert(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                     const struct cr_hash *entry_id)
{
    const struct sc_cert *want = arg;

    (void)issuer;
    (void)entry_id;
    return cr_sign_pk_equal(&cert->subject, &want->subject) && cert->roles == want->roles &&
           cert->from_ms == want->from_ms && cert->to_ms == want->to_ms &&
           cert->prefix_count == want->prefix_count &&
           memcmp(cert->prefixes, want->prefixes, want->prefix_count * sizeof want->prefixes[0]) ==
               0;
}

static int write_cert(struct plan *p)
{
    struct nd_draft draft = {.type = SC_R_CERT};
    struct cr_buf body;
    struct sc_id id;
    int rc;

    if (!p->has_cert || sc_certs_each(nd_store_certs(p->c->app->store), same_cert, &p->cert) != 0)
        return ST_OK;
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_cert_encode(&p->cert, &body);
    if (rc != ST_OK)
        rc = st_fail(&p->err, (enum st_code)rc, "certificate: %s", st_text((enum st_code)rc));
    draft.body = cr_buf_span(&body);
    if (rc == ST_OK)
        rc = nd_driver_write(p->c->app->driver, &p->author, SC_SCOPE_PUBLIC, &draft, 1, &id,
                             &p->err);
    cr_buf_release(&body);
    return rc;
}

/* Items [from, from + n) lie in one scope: one transaction. */
static int hand_over(struct plan *p, size_t from, size_t n)
{
    const struct sc_record *rec = sc_record_find(SC_R_HAZARD_ASSIGN);
    struct sc_body body = {.rec = rec};
    struct nd_draft draft[DRAFTS_MAX];
    struct sc_id ids[DRAFTS_MAX];
    struct cr_buf bytes;
    char text[SC_NAME_MAX * 2 + 64];
    int rc;

    (void)snprintf(text, sizeof text, "%s：%s → %s", move_name(p), p->from.name, p->to.name);
    body.v[sc_field_index(rec, SC_K_TEXT)] =
        (struct sc_value){.present = true, .s = cr_span_text(text)};
    body.v[sc_field_index(rec, SC_K_ASSIGNEE)] =
        (struct sc_value){.present = true, .s = cr_span_text(p->to.name)};
    cr_buf_init(&bytes, SC_PAYLOAD_MAX);
    rc = sc_body_encode(&body, false, &bytes, &p->err);
    for (size_t i = 0; i < n; i++)
        draft[i] = (struct nd_draft){.type = SC_R_HAZARD_ASSIGN,
                                     .subject = &p->handover.item[from + i].subject,
                                     .body = cr_buf_span(&bytes)};
    if (rc == ST_OK)
        rc = nd_driver_write(p->c->app->driver, &p->author, p->handover.item[from].scope, draft, n,
                             ids, &p->err);
    cr_buf_release(&bytes);
    return rc;
}

static int hand_over_all(struct plan *p)
{
    int rc = ST_OK;

    for (size_t from = 0; rc == ST_OK && from < p->handover.count;) {
        size_t n = 1;

        while (n < DRAFTS_MAX && from + n < p->handover.count &&
               p->handover.item[from + n].scope == p->handover.item[from].scope)
            n++;
        rc = hand_over(p, from, n);
        from += n;
    }
    return rc;
}

static int move(struct nd_cmd *c, enum move what)
{
    struct plan p = {.c = c, .move = what};
    bool write = nd_opt(c, "yes") != NULL;
    int rc;

    nd_cuts_init(&p.cuts, nd_opt(c, "reason"));
    rc = plan(&p);
    if (rc == ST_OK && write)
        rc = write_cert(&p);
    if (rc == ST_OK && write)
        rc = hand_over_all(&p);
    if (rc == ST_OK && write)
        rc = nd_cuts_write(&p.cuts, c, &p.author, &p.err);
    if (rc == ST_OK)
        show(&p, write);
    nd_cuts_release(&p.cuts);
    nd_handover_release(&p.handover);
    cr_identity_wipe(&p.author);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &p.err);
}

int nd_cmd_person_transfer(struct nd_cmd *c)
{
    return move(c, TRANSFER);
}

int nd_cmd_person_standin(struct nd_cmd *c)
{
    return move(c, STAND_IN);
}

int nd_cmd_person_dismiss(struct nd_cmd *c)
{
    return move(c, DISMISS);
}

int nd_cmd_person_lost(struct nd_cmd *c)
{
    return move(c, LOST);
}
