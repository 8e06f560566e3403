/* bundle export, plan, receipt: what goes onto a stick, and for whom. Reading is cmd_bundle_in.c.
 */
#include "node/cmd_bundle.h"
#include "node/bundle_known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recipient {
    char name[SC_NAME_MAX + 1];
    struct cr_sign_pk sign;
    struct cr_kx_pk kx;
    struct nd_known known;
};

/* One command's view of who gets what. */
struct job {
    struct nd_cmd *c;
    uint64_t own[SC_SCOPES_MAX], scopes[SC_SCOPES_MAX];
    size_t own_count, scope_count;
    struct recipient *r; /* CR_BOX_RECIPIENTS_MAX */
    size_t r_count;
    bool too_many;
};

/* ---- recipients ---- */

static bool in_charge(const struct sc_cert *cert, uint64_t grid)
{
    for (size_t i = 0; i < cert->prefix_count; i++)
        if (sc_grid_within(cert->prefixes[i], grid))
            return true;
    return false;
}

/* --for names a node, the front of one of its keys, or a grid. */
static bool is_meant(const struct sc_cert *cert, const char *want)
{
    char sign[2 * CR_SIGN_PK_BYTES + 1], kx[2 * CR_KX_BYTES + 1];
    size_t n = strlen(want);
    uint64_t grid;

    if (strcmp(cert->name, want) == 0)
        return true;
    if (nd_grid_parse(want, &grid) == ST_OK)
        return in_charge(cert, grid);
    cr_hex(cert->subject.b, sizeof cert->subject.b, sign);
    cr_hex(cert->kx_pk.b, sizeof cert->kx_pk.b, kx);
    return n >= 8 && (strncmp(sign, want, n) == 0 || strncmp(kx, want, n) == 0);
}

struct gather {
    struct job *j;
    const char *want; /* NULL: every node */
    size_t found;
};

static int gather_one(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                      const struct cr_hash *entry_id)
{
    static const struct cr_kx_pk none;
    struct gather *g = arg;
    struct job *j = g->j;
    struct recipient *r;

    (void)issuer;
    (void)entry_id;
    if (cert->kind != SC_CERT_NODE || cr_kx_pk_equal(&cert->kx_pk, &none) ||
        cr_sign_pk_equal(&cert->subject, &j->c->app->node.sign_pk) ||
        (g->want != NULL && !is_meant(cert, g->want)))
        return 0;
    g->found++;
    for (size_t i = 0; i < j->r_count; i++)
        if (cr_kx_pk_equal(&j->r[i].kx, &cert->kx_pk))
            return 0;
    if (j->r_count == CR_BOX_RECIPIENTS_MAX) {
        j->too_many = true;
        return 0;
    }
    r = &j->r[j->r_count++];
    (void)snprintf(r->name, sizeof r->name, "%s", cert->name);
    r->sign = cert->subject;
    r->kx = cert->kx_pk;
    return 0;
}

static int gather_all(struct job *j, const char *want, struct st_err *err)
{
    struct gather g = {.j = j, .want = want};

    (void)sc_certs_each(nd_store_certs(j->c->app->store), gather_one, &g);
    if (j->too_many)
        return st_fail(err, ST_OVERSIZE, "more than %d recipients: name them with --for",
                       CR_BOX_RECIPIENTS_MAX);
    if (want != NULL && g.found == 0)
        return st_fail(err, ST_NOTFOUND, "%s '%s'",
                       nd_tr(j->c, "没有这样的已认证节点", "no certified node is like"), want);
    return ST_OK;
}

static bool reads_all(struct job *j, const struct recipient *r)
{
    for (size_t i = 0; i < j->scope_count; i++)
        if (!nd_driver_may_read(j->c->app->driver, &r->sign, j->scopes[i]))
            return false;
    return true;
}

static void drop_recipient(struct job *j, size_t at)
{
    nd_known_release(&j->r[at].known);
    j->r_count--;
    memmove(&j->r[at], &j->r[at + 1], (j->r_count - at) * sizeof j->r[0]);
}

/* ---- scopes ---- */

static int by_number(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int named_scopes(struct job *j, struct st_err *err)
{
    const char *text;

    for (size_t n = 0; (text = nd_opt_nth(j->c, "scope", n)) != NULL; n++) {
        uint64_t scope;
        bool own = false, twice = false;

        if (sc_scope_parse(text, &scope) != ST_OK)
            return st_fail(
                err, ST_USAGE, "--scope '%s': %s", text,
                nd_tr(j->c, "应为 public、internal 或 12 位代码", "public, internal or 12 digits"));
        for (size_t i = 0; i < j->own_count; i++)
            own = own || j->own[i] == scope;
        for (size_t i = 0; i < j->scope_count; i++)
            twice = twice || j->scopes[i] == scope;
        if (!own)
            return st_fail(err, ST_NOTFOUND, "--scope %s: %s", text,
                           nd_tr(j->c, "本节点没有此范围", "this node does not hold it"));
        if (!twice)
            j->scopes[j->scope_count++] = scope;
    }
    qsort(j->scopes, j->scope_count, sizeof j->scopes[0], by_number);
    return ST_OK;
}

/* What every named recipient may read. */
static void shared_scopes(struct job *j)
{
    for (size_t i = 0; i < j->own_count; i++) {
        bool all = true;

        for (size_t k = 0; k < j->r_count; k++)
            all = all && nd_driver_may_read(j->c->app->driver, &j->r[k].sign, j->own[i]);
        if (all)
            j->scopes[j->scope_count++] = j->own[i];
    }
}

/* Who may read the scopes; with --for all of the named must. */
static int fit_recipients(struct job *j, bool named, struct st_err *err)
{
    for (size_t i = 0; i < j->r_count;) {
        if (reads_all(j, &j->r[i])) {
            i++;
            continue;
        }
        if (named)
            return st_fail(err, ST_DENIED, "%s: %s", j->r[i].name,
                           nd_tr(j->c, "无权阅读所选范围", "may not read the chosen scopes"));
        drop_recipient(j, i);
    }
    if (j->r_count == 0)
        return st_fail(err, ST_NOTFOUND, "%s",
                       nd_tr(j->c, "没有其他节点可阅读全部所选范围：请用 --for 指明收件节点",
                             "no other node may read all of these scopes: name one with --for"));
    return ST_OK;
}

static int job_open(struct job *j, struct nd_cmd *c, const char *sender, struct st_err *err)
{
    const char *want;
    bool named = sender != NULL;
    int rc = ST_OK;

    memset(j, 0, sizeof *j);
    j->c = c;
    j->r = calloc(CR_BOX_RECIPIENTS_MAX, sizeof *j->r);
    if (j->r == NULL)
        return st_fail(err, ST_NOMEM, "no memory");
    j->own_count = nd_store_scopes(c->app->store, j->own);
    for (size_t n = 0; rc == ST_OK && (want = nd_opt_nth(c, "for", n)) != NULL; n++) {
        named = true;
        sender = NULL;
        rc = gather_all(j, want, err);
    }
    if (rc == ST_OK && (!named || sender != NULL))
        rc = gather_all(j, sender, err);
    if (rc == ST_OK)
        rc = named_scopes(j, err);
    if (rc == ST_OK && j->scope_count == 0 && named)
        shared_scopes(j);
    else if (rc == ST_OK && j->scope_count == 0)
        memcpy(j->scopes, j->own, sizeof j->own);
    if (rc == ST_OK && j->scope_count == 0 && !named)
        j->scope_count = j->own_count;
    if (rc == ST_OK && j->scope_count == 0)
        rc = st_fail(err, ST_DENIED, "%s",
                     nd_tr(c, "没有双方都可阅读的范围", "there is no scope that both may read"));
    return rc == ST_OK ? fit_recipients(j, named, err) : rc;
}

static void job_close(struct job *j)
{
    for (size_t i = 0; i < j->r_count; i++)
        nd_known_release(&j->r[i].known);
    free(j->r);
}

/* ---- what they hold ---- */

static int learn_known(struct job *j, struct st_err *err)
{
    for (size_t i = 0; i < j->r_count; i++) {
        int rc = nd_known_get(j->c->app->store, &j->r[i].sign, true, &j->r[i].known, err);

        if (rc != ST_OK)
            return rc;
    }
    return ST_OK;
}

/* The receipt's heads instead of what is remembered of its sender. */
static int apply_receipt(struct job *j, const struct nd_bundle_in *in, struct st_err *err)
{
    const struct sc_bundle_manifest *m = nd_bundle_in_manifest(in);
    size_t count;
    const struct sc_head *heads = nd_bundle_in_heads(in, &count);

    for (size_t i = 0; i < j->r_count; i++) {
        struct nd_known *k = &j->r[i].known;

        if (!cr_sign_pk_equal(&j->r[i].sign, &m->sender))
            continue;
        nd_known_release(k);
        k->head = calloc(count + 1, sizeof *k->head);
        if (k->head == NULL)
            return st_fail(err, ST_NOMEM, "no memory");
        if (count > 0)
            memcpy(k->head, heads, count * sizeof *heads);
        k->head_count = count;
        k->created_ms = m->created_ms;
        return ST_OK;
    }
    return st_fail(err, ST_USAGE, "--since-receipt: %s",
                   nd_tr(j->c, "回执不是收件节点的", "the receipt is of none of the recipients"));
}

static int open_export(struct job *j, bool all, struct sy_export **out, struct st_err *err)
{
    struct sy_export_options o = {.view = nd_store_view(j->c->app->store),
                                  .net = *nd_store_net(j->c->app->store),
                                  .scope_count = j->scope_count,
                                  .holder_count = all ? 0 : j->r_count};
    struct sy_holder *holder = calloc(j->r_count, sizeof *holder);
    int rc;

    if (holder == NULL)
        return st_fail(err, ST_NOMEM, "no memory");
    memcpy(o.scopes, j->scopes, sizeof o.scopes);
    for (size_t i = 0; i < j->r_count; i++)
        holder[i] = (struct sy_holder){j->r[i].known.head_count, j->r[i].known.head};
    o.holder = holder;
    rc = sy_export_new(&o, out, err);
    free(holder);
    return rc;
}

/* ---- writing ---- */

static void progress(void *arg, uint64_t entries, uint64_t bytes)
{
    struct nd_cmd *c = arg;

    if (c->tty)
        nd_say(c, nd_tr(c, "\r%llu 条，%llu KiB", "\r%llu entries, %llu KiB"),
               (unsigned long long)entries, (unsigned long long)(bytes / 1024));
}

static int write_for(struct job *j, const char *path, enum sc_bundle_kind kind, bool all,
                     uint64_t part_bytes, struct nd_bundle_made *made, struct st_err *err)
{
    struct nd_cmd *c = j->c;
    struct nd_bundle_spec spec = {.identity = &c->app->node,
                                  .net = *nd_store_net(c->app->store),
                                  .kind = kind,
                                  .created_ms = nd_app_wall_ms(c->app),
                                  .scope_count = j->scope_count,
                                  .scopes = j->scopes,
                                  .recipient_count = j->r_count,
                                  .part_bytes_max = part_bytes,
                                  .arg = c,
                                  .progress = path != NULL ? progress : NULL};
    struct cr_kx_pk *kx = calloc(j->r_count, sizeof *kx);
    struct sy_export *x = NULL;
    int rc;

    if (kx == NULL)
        return st_fail(err, ST_NOMEM, "no memory");
    for (size_t i = 0; i < j->r_count; i++)
        kx[i] = j->r[i].kx;
    spec.recipients = kx;
    rc = open_export(j, all, &x, err);
    if (rc == ST_OK)
        rc = nd_bundle_write(path, &spec, x, made, err);
    sy_export_free(x);
    free(kx);
    if (c->tty && path != NULL)
        nd_say(c, "\n");
    return rc;
}

static json_t *names_json(const struct job *j)
{
    json_t *names = json_array();

    for (size_t i = 0; i < j->r_count; i++)
        (void)json_array_append_new(names, json_string(j->r[i].name));
    return names;
}

static json_t *scopes_json(const struct job *j)
{
    json_t *scopes = json_array();
    char text[SC_SCOPE_TEXT_MAX];

    for (size_t i = 0; i < j->scope_count; i++) {
        sc_scope_text(j->scopes[i], text);
        (void)json_array_append_new(scopes, json_string(text));
    }
    return scopes;
}

static void print_made(struct job *j, const char *path, const struct nd_bundle_made *made)
{
    struct nd_cmd *c = j->c;
    char text[SC_SCOPE_TEXT_MAX];

    if (c->json) {
        nd_out_json(c,
                    json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "file", path, "parts",
                              (json_int_t)made->parts, "entries", (json_int_t)made->entries,
                              "urgent", (json_int_t)made->urgents, "bytes", (json_int_t)made->bytes,
                              "for", names_json(j), "scopes", scopes_json(j)));
        return;
    }
    nd_out(c,
           nd_tr(c, "已写入 %s：%llu 条，%llu 字节，%llu 个文件\n",
                 "%s written: %llu entries, %llu bytes, files: %llu\n"),
           path, (unsigned long long)made->entries, (unsigned long long)made->bytes,
           (unsigned long long)made->parts);
    nd_out(c, "%s", nd_tr(c, "只有这些节点能打开：", "only these nodes can open it: "));
    for (size_t i = 0; i < j->r_count; i++)
        nd_out(c, "%s%s", i > 0 ? nd_tr(c, "、", ", ") : "", j->r[i].name);
    nd_out(c, "\n%s", nd_tr(c, "范围：", "scopes: "));
    for (size_t i = 0; i < j->scope_count; i++) {
        sc_scope_text(j->scopes[i], text);
        nd_out(c, "%s%s", i > 0 ? nd_tr(c, "、", ", ") : "", text);
    }
    nd_out(c, "\n");
}

/* ---- verbs ---- */

static int open_receipt(struct nd_cmd *c, struct nd_bundle_source *source,
                        struct nd_bundle_in **out, char sender[static 2 * CR_SIGN_PK_BYTES + 1],
                        struct st_err *err)
{
    const char *text = nd_opt(c, "since-receipt");
    char path[ND_PATH_MAX];
    uint64_t bytes;
    int rc;

    nd_arg_path(c, text, path, sizeof path);
    rc = nd_bundle_file_open(path, source, &bytes, err);
    if (rc == ST_OK)
        rc = nd_bundle_in_new(source, out, err);
    if (rc == ST_OK)
        rc = nd_bundle_in_unseal(*out, &c->app->node, nd_store_net(c->app->store), err);
    if (rc == ST_OK)
        cr_hex(nd_bundle_in_manifest(*out)->sender.b, CR_SIGN_PK_BYTES, sender);
    return rc;
}

static int export_to(struct nd_cmd *c, const char *path, enum sc_bundle_kind kind,
                     struct st_err *err)
{
    char sender[2 * CR_SIGN_PK_BYTES + 1];
    struct nd_bundle_source source = {0};
    struct nd_bundle_in *receipt = NULL;
    struct nd_bundle_made made = {0};
    bool by_receipt = nd_opt(c, "since-receipt") != NULL;
    uint64_t split_mib = ND_BUNDLE_PART_MAX >> 20;
    struct job j = {0};
    int rc = nd_opt_u64(c, "split", ND_BUNDLE_PART_MAX >> 20, 0, &split_mib);

    if (rc != ST_OK)
        return st_fail(err, ST_USAGE, "--split");
    if (by_receipt)
        rc = open_receipt(c, &source, &receipt, sender, err);
    if (rc == ST_OK)
        rc = job_open(&j, c, by_receipt ? sender : NULL, err);
    if (rc == ST_OK)
        rc = learn_known(&j, err);
    if (rc == ST_OK && by_receipt)
        rc = apply_receipt(&j, receipt, err);
    if (rc == ST_OK)
        rc = write_for(&j, path, kind, nd_opt(c, "all") != NULL,
                       split_mib == 0 ? ND_BUNDLE_PART_MAX : split_mib << 20, &made, err);
    if (rc == ST_OK)
        print_made(&j, path, &made);
    else if (made.parts > 0)
        nd_say(
            c,
            nd_tr(c, "已完成的文件 %llu 个，可以使用\n", "%llu files were finished and are good\n"),
            (unsigned long long)made.parts);
    job_close(&j);
    nd_bundle_in_free(receipt);
    nd_bundle_file_close(&source);
    return rc;
}

static int export_verb(struct nd_cmd *c, enum sc_bundle_kind kind)
{
    char path[ND_PATH_MAX];
    struct st_err err = {0};

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE,
                       kind == SC_BUNDLE_RECEIPT ? "bundle receipt FILE" : "bundle export FILE");
    nd_arg_path(c, c->arg[0], path, sizeof path);
    if (nd_bundle_name_check(path, &err) != ST_OK || export_to(c, path, kind, &err) != ST_OK)
        return nd_fail_err(c, &err);
    return ND_EX_OK;
}

int nd_cmd_bundle_export(struct nd_cmd *c)
{
    return export_verb(c, SC_BUNDLE_ENTRIES);
}

int nd_cmd_bundle_receipt(struct nd_cmd *c)
{
    return export_verb(c, SC_BUNDLE_RECEIPT);
}

/* What a stick for one node would carry. */
static int plan_one(struct job *all, size_t at, struct st_err *err)
{
    struct nd_cmd *c = all->c;
    struct job j = *all;
    struct nd_bundle_made made;
    char oldest[ND_TIME_TEXT_MAX], word[ND_TIME_TEXT_MAX];
    int rc;

    j.r = &all->r[at];
    j.r_count = 1;
    j.scope_count = 0;
    shared_scopes(&j);
    if (j.scope_count == 0)
        return ST_OK;
    rc = write_for(&j, NULL, SC_BUNDLE_ENTRIES, false, ND_BUNDLE_PART_MAX, &made, err);
    if (rc != ST_OK)
        return rc;
    if (c->json) {
        nd_out_json(c, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "for", j.r->name, "entries",
                                 (json_int_t)made.entries, "urgent", (json_int_t)made.urgents,
                                 "bytes", (json_int_t)made.bytes, "oldest_ms",
                                 (json_int_t)made.oldest_wall_ms, "word_ms",
                                 (json_int_t)j.r->known.created_ms, "scopes", scopes_json(&j)));
        return ST_OK;
    }
    nd_age_text(c, made.oldest_wall_ms, nd_app_wall_ms(c->app), oldest);
    nd_age_text(c, j.r->known.created_ms, nd_app_wall_ms(c->app), word);
    if (made.entries == 0)
        nd_out(c, nd_tr(c, "%s：无需携带", "%s: nothing to carry"), j.r->name);
    else
        nd_out(c,
               nd_tr(c, "%s：%llu 条，约 %llu KiB，最早 %s",
                     "%s: %llu entries, about %llu KiB, the oldest %s"),
               j.r->name, (unsigned long long)made.entries,
               (unsigned long long)((made.bytes + 1023) / 1024), oldest);
    nd_out(c, nd_tr(c, "（对方上次来件：%s）\n", " (last word of it: %s)\n"), word);
    return ST_OK;
}

int nd_cmd_bundle_plan(struct nd_cmd *c)
{
    struct st_err err = {0};
    struct job j = {.c = c};
    const char *want;
    int rc = ST_OK;

    if (c->arg_count != 0)
        return nd_fail(c, ST_USAGE, "bundle plan [--for NODE|GRID]");
    j.r = calloc(CR_BOX_RECIPIENTS_MAX, sizeof *j.r);
    if (j.r == NULL)
        return nd_fail(c, ST_NOMEM, "%s", st_text(ST_NOMEM));
    j.own_count = nd_store_scopes(c->app->store, j.own);
    for (size_t n = 0; rc == ST_OK && (want = nd_opt_nth(c, "for", n)) != NULL; n++)
        rc = gather_all(&j, want, &err);
    if (rc == ST_OK && nd_opt(c, "for") == NULL)
        rc = gather_all(&j, NULL, &err);
    if (rc == ST_OK)
        rc = learn_known(&j, &err);
    for (size_t i = 0; rc == ST_OK && i < j.r_count; i++)
        rc = plan_one(&j, i, &err);
    job_close(&j);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}
