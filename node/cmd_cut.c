/* Cuts: planned, shown, written. A cut is seldom and final, so what it does is shown first, found
 * by doing it in a transaction that is rolled back. */
#include "node/cmd_cut.h"

#include "node/store_preview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nd_cuts_init(struct nd_cuts *x, const char *reason)
{
    memset(x, 0, sizeof *x);
    cr_buf_init(&x->deps, SC_CUT_DEPS_MAX * SC_CUT_DEP_BYTES);
    (void)snprintf(x->reason, sizeof x->reason, "%s", reason == NULL ? "" : reason);
}

void nd_cuts_release(struct nd_cuts *x)
{
    for (size_t i = 0; i < x->count; i++)
        cr_buf_release(&x->cut[i].heads.heads);
    cr_buf_release(&x->deps);
}

struct twin {
    const struct nd_cut_plan *p;
    bool found;
};

static int same_cut(void *arg, const struct sc_auth_cut *cut)
{
    struct twin *t = arg;

    t->found = cut->in_force && cut->cut->mode == t->p->mode &&
               cut->cut->incarnation == t->p->incarnation &&
               cr_span_equal(cut->cut->heads, cr_buf_span(&t->p->heads.heads));
    return t->found ? 1 : 0;
}

int nd_cuts_add(struct nd_cuts *x, struct nd_cmd *c, const struct cr_sign_pk *key,
                enum sc_cut_mode mode, const struct nd_cut_which *which, struct st_err *err)
{
    struct nd_cut_plan *p = &x->cut[x->count];
    struct twin twin = {.p = p};
    int rc;

    if (x->count == ND_CUTS_MAX)
        return st_fail(err, ST_FULL, "more than %d keys at once", ND_CUTS_MAX);
    memset(p, 0, sizeof *p);
    p->key = *key;
    p->mode = mode;
    p->before_ms = which->before_ms;
    p->incarnation = which->one_incarnation ? which->incarnation : 0;
    rc = nd_cut_heads(c->app->store, key, which, &p->heads, err);
    if (rc != ST_OK)
        return rc;
    x->count++;
    (void)sc_authority_each_cut(nd_store_authority(c->app->store), key, same_cut, &twin);
    p->done = twin.found;
    return ST_OK;
}

/* ---- writing ---- */

struct drafts {
    struct cr_buf bytes[ND_CUTS_MAX];
    struct nd_draft draft[ND_CUTS_MAX];
    size_t n;
};

static void drafts_release(struct drafts *d)
{
    for (size_t i = 0; i < d->n; i++)
        cr_buf_release(&d->bytes[i]);
}

int nd_cut_encode(const struct nd_cuts *x, size_t i, struct cr_buf *body, struct st_err *err)
{
    const struct nd_cut_plan *p = &x->cut[i];
    struct sc_cut cut = {.subject = p->key,
                         .mode = p->mode,
                         .incarnation = p->incarnation,
                         .heads = cr_buf_span(&p->heads.heads),
                         .deps = cr_buf_span(&x->deps),
                         .text = cr_span_text(x->reason)};

    return sc_cut_encode(&cut, body, err);
}

/* A record for each cut that is not in force yet. */
static int make_drafts(const struct nd_cuts *x, struct drafts *out, struct st_err *err)
{
    int rc = ST_OK;

    out->n = 0;
    for (size_t i = 0; rc == ST_OK && i < x->count; i++) {
        struct cr_buf *b = &out->bytes[out->n];

        if (x->cut[i].done)
            continue;
        cr_buf_init(b, SC_PAYLOAD_MAX);
        rc = nd_cut_encode(x, i, b, err);
        out->draft[out->n] = (struct nd_draft){.type = SC_R_CUT, .body = cr_buf_span(b)};
        out->n++;
    }
    if (rc != ST_OK)
        drafts_release(out);
    return rc;
}

int nd_cuts_write(struct nd_cuts *x, struct nd_cmd *c, const struct cr_identity *author,
                  struct st_err *err)
{
    struct sc_id ids[ND_CUTS_MAX];
    struct drafts d;
    int rc = ST_OK;

    for (size_t i = 0; rc == ST_OK && i < x->count; i++)
        if (x->cut[i].heads.left_out > 0 && !x->cut[i].done)
            rc = nd_adopt_left_out(c, author, &x->cut[i], err); /* before they are closed */
    if (rc == ST_OK)
        rc = make_drafts(x, &d, err);
    if (rc != ST_OK)
        return rc;
    if (d.n > 0)
        rc = nd_driver_write(c->app->driver, author, SC_SCOPE_PUBLIC, d.draft, d.n, ids, err);
    drafts_release(&d);
    return rc;
}

/* ---- showing ---- */

static const char *mode_text(const struct nd_cmd *c, enum sc_cut_mode mode)
{
    switch (mode) {
    case SC_CUT_REVOKE: return nd_tr(c, "吊销", "revocation");
    case SC_CUT_FORK: return nd_tr(c, "分叉处置", "settling of a fork");
    case SC_CUT_RETIRE: break;
    }
    return nd_tr(c, "注销", "retirement");
}

static void show_line(const struct nd_cut_line *l, struct nd_cmd *c, bool hazard)
{
    char hex[2 * SC_ID_BYTES + 1], when[ND_TIME_TEXT_MAX];
    const struct sc_record *rec = sc_record_find(l->type);

    cr_hex(l->id.b, sizeof l->id.b, hex);
    if (hazard) {
        struct sc_label before = sc_hazard_state_label(l->before);
        struct sc_label after = sc_hazard_state_label(l->after);

        nd_out(c, "    %.12s  %s → %s\n", hex,
               l->before == 0 ? nd_tr(c, "未列出", "not listed") : nd_tr(c, before.zh, before.en),
               l->after == 0 ? nd_tr(c, "待核实", "unverified") : nd_tr(c, after.zh, after.en));
        return;
    }
    nd_time_text(l->wall_ms, when);
    nd_out(c, "    %.12s  %s  %s%s\n", hex, when, rec == NULL ? "?" : nd_tr(c, rec->zh, rec->en),
           l->begins ? nd_tr(c, "（重新计入）", " (counts again)") : "");
}

void nd_cuts_show(const struct nd_cuts *x, struct nd_cmd *c)
{
    size_t n =
        x->stops + x->begins < ND_CUT_SHOWN_MAX ? (size_t)(x->stops + x->begins) : ND_CUT_SHOWN_MAX;

    for (size_t i = 0; i < x->count; i++) {
        const struct nd_cut_plan *p = &x->cut[i];
        char hex[2 * CR_SIGN_PK_BYTES + 1];

        cr_hex(p->key.b, sizeof p->key.b, hex);
        nd_out(c,
               nd_tr(c, "  %s钥匙 %.16s…：仍有效的日志 %zu 段，整段失效 %zu 段%s\n",
                     "  %s of key %.16s…: %zu branches still count, %zu not at all%s\n"),
               mode_text(c, p->mode), hex, p->heads.named + p->heads.left_out, p->heads.closed,
               p->done ? nd_tr(c, "（此前已写入）", " (written before)") : "");
    }
    if (x->count == 0)
        return;
    nd_out(c,
           nd_tr(c, "  将不再计入的记录 %llu 条，其中报告危险的 %llu 条转为“待核实”，仍会显示\n",
                 "  %llu entries would stop counting; %llu of them report a danger and stay shown, "
                 "as unverified\n"),
           (unsigned long long)x->stops, (unsigned long long)x->unverified);
    if (x->begins > 0)
        nd_out(c, nd_tr(c, "  将重新计入的记录 %llu 条\n", "  %llu entries would count again\n"),
               (unsigned long long)x->begins);
    for (size_t i = 0; i < n; i++)
        show_line(&x->entry[i], c, false);
    if (x->stops + x->begins > n)
        nd_out(c, "    … %llu\n", (unsigned long long)(x->stops + x->begins - n));
    if (x->hazards > 0)
        nd_out(c, nd_tr(c, "  状态会变的隐患 %llu 条：\n", "  %llu hazards would change:\n"),
               (unsigned long long)x->hazards);
    for (size_t i = 0; i < x->hazards && i < ND_CUT_SHOWN_MAX; i++)
        show_line(&x->hazard[i], c, true);
}

static json_t *line_json(const struct nd_cut_line *l, bool hazard)
{
    const struct sc_record *rec = sc_record_find(l->type);

    if (hazard)
        return json_pack("{s:o, s:s?, s:s?}", "id", nd_json_id(&l->id), "before",
                         l->before == 0 ? NULL : sc_hazard_state_label(l->before).name, "after",
                         l->after == 0 ? NULL : sc_hazard_state_label(l->after).name);
    return json_pack("{s:o, s:s, s:I, s:b}", "id", nd_json_id(&l->id), "record",
                     rec == NULL ? "unknown" : rec->name, "wall_ms", (json_int_t)l->wall_ms,
                     "begins", (int)l->begins);
}

json_t *nd_cuts_json(const struct nd_cuts *x)
{
    json_t *keys = json_array(), *entries = json_array(), *hazards = json_array();

    for (size_t i = 0; i < x->count; i++) {
        char hex[2 * CR_SIGN_PK_BYTES + 1];

        cr_hex(x->cut[i].key.b, sizeof x->cut[i].key.b, hex);
        (void)json_array_append_new(
            keys,
            json_pack("{s:s, s:I, s:I, s:b}", "key", hex, "named",
                      (json_int_t)(x->cut[i].heads.named + x->cut[i].heads.left_out), "closed",
                      (json_int_t)x->cut[i].heads.closed, "done", (int)x->cut[i].done));
    }
    for (size_t i = 0; i < x->stops + x->begins && i < ND_CUT_SHOWN_MAX; i++)
        (void)json_array_append_new(entries, line_json(&x->entry[i], false));
    for (size_t i = 0; i < x->hazards && i < ND_CUT_SHOWN_MAX; i++)
        (void)json_array_append_new(hazards, line_json(&x->hazard[i], true));
    return json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "keys", keys, "stops",
                     (json_int_t)x->stops, "begins", (json_int_t)x->begins, "unverified",
                     (json_int_t)x->unverified, "hazards", (json_int_t)x->hazards, "entries",
                     entries, "changed", hazards);
}

/* ---- what they would change ---- */

static int effect_entry(void *arg, const struct nd_preview_entry *e)
{
    struct nd_cuts *x = arg;
    const struct sc_record *rec = sc_record_find(e->entry->fact.type);
    uint64_t at = x->stops + x->begins;

    if (at < ND_CUT_SHOWN_MAX)
        x->entry[at] = (struct nd_cut_line){.id = sc_id_of(&e->entry->fact.entry_id),
                                            .type = e->entry->fact.type,
                                            .wall_ms = e->entry->fact.wall_ms,
                                            .begins = !e->entry->held};
    if (e->entry->held && e->before == SC_WHY_COUNTS) {
        x->stops++;
        x->unverified += rec != NULL && rec->klass == SC_DANGER;
    } else if (!e->entry->held)
        x->begins++;
    return 0;
}

static int effect_hazard(void *arg, const struct nd_preview_hazard *h)
{
    struct nd_cuts *x = arg;

    if (x->hazards < ND_CUT_SHOWN_MAX) {
        struct nd_cut_line *l = &x->hazard[x->hazards];

        *l = (struct nd_cut_line){.id = h->subject};
        if (h->before.listed && !h->before.unverified_only)
            l->before = h->before.state;
        if (h->after.listed && !h->after.unverified_only)
            l->after = h->after.state;
    }
    x->hazards++;
    return 0;
}

int nd_cuts_effect(struct nd_cuts *x, struct nd_cmd *c, const struct cr_identity *author,
                   struct st_err *err)
{
    struct nd_preview p = {.entry = effect_entry, .hazard = effect_hazard, .arg = x};
    struct drafts d;
    int rc = make_drafts(x, &d, err);

    x->stops = x->begins = x->hazards = x->unverified = 0;
    if (rc != ST_OK || d.n == 0)
        return rc;
    rc = nd_driver_preview(c->app->driver, author, SC_SCOPE_PUBLIC, d.draft, d.n, &p, err);
    drafts_release(&d);
    return rc;
}
