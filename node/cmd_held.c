/* held: what is stored and does not count, why, and how it is given its standing back. */
#include "node/cmd_cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNER_MAX (SC_NAME_MAX + 20)

static void signer_text(struct nd_cmd *c, const struct cr_sign_pk *key, char out[static SIGNER_MAX])
{
    struct nd_person p;
    char hex[2 * CR_SIGN_PK_BYTES + 1];

    if (nd_person_of(c->app->store, key, &p, NULL) == ST_OK) {
        (void)snprintf(out, SIGNER_MAX, "%s", p.name);
        return;
    }
    cr_hex(key->b, sizeof key->b, hex);
    (void)snprintf(out, SIGNER_MAX, "%.16s…", hex);
}

const char *nd_held_reason(const struct nd_cmd *c, const struct nd_history_row *row)
{
    struct sc_label why = sc_why_label(row->why);

    return row->why == SC_WHY_QUARANTINE && row->detail != NULL ? row->detail
                                                                : nd_tr(c, why.zh, why.en);
}

/* The grid that the entry names, else the one of its scope; 0: none. */
static uint64_t grid_of(const struct nd_held_row *row)
{
    const struct sc_record *rec = sc_record_find(row->entry.fact.type);
    struct sc_body body;
    size_t i = rec == NULL ? SIZE_MAX : sc_field_index(rec, SC_K_GRID);

    if (i != SIZE_MAX && !row->entry.fact.pruned && row->entry.why != SC_WHY_QUARANTINE &&
        sc_body_decode(rec, row->entry.fact.schema_version, false, row->entry.fact.body, &body,
                       NULL) == ST_OK &&
        body.v[i].present)
        return body.v[i].u;
    return sc_grid_level(row->entry.log.scope) == 2 ? row->entry.log.scope : 0;
}

json_t *nd_json_held(struct nd_cmd *c, const struct nd_held_row *row)
{
    const struct sc_record *rec = sc_record_find(row->entry.fact.type);
    struct sc_id id = sc_id_of(&row->entry.fact.entry_id), cut = sc_id_of(&row->cut);
    char hex[2 * CR_SIGN_PK_BYTES + 1], scope[SC_SCOPE_TEXT_MAX], who[SIGNER_MAX];
    uint64_t grid = grid_of(row);

    cr_hex(row->entry.fact.author.b, sizeof row->entry.fact.author.b, hex);
    sc_scope_text(row->entry.log.scope, scope);
    signer_text(c, &row->entry.fact.author, who);
    return json_pack(
        "{s:o, s:o, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:o, s:o}", "id", nd_json_id(&id),
        "subject", nd_json_id(&row->subject), "record", rec == NULL ? "unknown" : rec->name,
        "signer", who, "author", hex, "scope", scope, "seq", (json_int_t)row->entry.seq, "wall_ms",
        (json_int_t)row->entry.fact.wall_ms, "received_ms", (json_int_t)row->entry.received_ms,
        "why", sc_why_label(row->entry.why).name, "reason", nd_held_reason(c, &row->entry), "cut",
        row->has_cut ? nd_json_id(&cut) : json_null(), "grid",
        grid == 0 ? json_null() : nd_json_grid(grid));
}

static int held_line(void *arg, const struct nd_held_row *row)
{
    struct nd_cmd *c = arg;
    const struct sc_record *rec = sc_record_find(row->entry.fact.type);
    struct sc_id id = sc_id_of(&row->entry.fact.entry_id);
    char hex[2 * SC_ID_BYTES + 1], when[ND_TIME_TEXT_MAX], who[SIGNER_MAX];

    if (c->json) {
        nd_out_json(c, nd_json_held(c, row));
        return 0;
    }
    cr_hex(id.b, sizeof id.b, hex);
    nd_time_text(row->entry.fact.wall_ms, when);
    signer_text(c, &row->entry.fact.author, who);
    nd_out(c, "%.12s  %s  %s  %s  %s\n", hex, when, rec == NULL ? "?" : nd_tr(c, rec->zh, rec->en),
           who, nd_held_reason(c, &row->entry));
    return 0;
}

static int read_author(struct nd_cmd *c, struct nd_person *p, struct nd_held_query *q,
                       struct st_err *err)
{
    int rc = ST_OK;

    if (nd_opt(c, "of") == NULL)
        return ST_OK;
    rc = nd_person_find(c->app->store, nd_opt(c, "of"), p, err);
    if (rc == ST_OK)
        q->author = &p->key[0];
    return rc;
}

int nd_cmd_held_list(struct nd_cmd *c)
{
    struct nd_held_query q = {.author = NULL};
    uint64_t offset, limit, total = 0;
    struct nd_person p;
    struct st_err err = {0};

    if (nd_opt_page(c, &offset, &limit) != ST_OK)
        return ND_EX_USAGE;
    q.offset = (size_t)offset;
    q.limit = (size_t)limit;
    if (read_author(c, &p, &q, &err) != ST_OK ||
        nd_store_held(c->app->store, &q, held_line, c, &total, &err) != ST_OK)
        return nd_fail_err(c, &err);
    if (!c->json)
        nd_say(c, nd_tr(c, "共 %llu 条\n", "%llu in all\n"), (unsigned long long)total);
    return ND_EX_OK;
}

/* ---- one of them ---- */

struct one {
    struct nd_cmd *c;
    const char *hex; /* what its id begins with */
    size_t found;
    struct sc_log_key log;
    struct sc_adopt_entry entry;
    enum sc_why why;
    bool show;
};

/* No office can give it an effect. */
static bool out_of_reach(enum sc_why why)
{
    return why == SC_WHY_QUARANTINE || why == SC_WHY_SUITE;
}

static void show_one(struct one *o, const struct nd_held_row *row)
{
    struct nd_cmd *c = o->c;
    const struct sc_record *rec = sc_record_find(row->entry.fact.type);
    struct sc_id cut = sc_id_of(&row->cut);
    struct sc_body body;
    char hex[2 * SC_ID_BYTES + 1], value[SC_TEXT_MAX + 64], who[SIGNER_MAX];

    if (c->json) {
        nd_out_json(c, nd_json_held(c, row));
        return;
    }
    (void)held_line(c, row);
    if (row->has_cut) {
        cr_hex(cut.b, sizeof cut.b, hex);
        signer_text(c, &row->cut_author, who);
        nd_out(c, nd_tr(c, "  封存记录 %.12s，签发人 %s\n", "  cut %.12s, issued by %s\n"), hex,
               who);
    }
    if (row->fork_seq != UINT64_MAX)
        nd_out(c, nd_tr(c, "  日志在第 %llu 条分叉\n", "  its log is forked at entry %llu\n"),
               (unsigned long long)row->fork_seq);
    if (rec != NULL && !row->entry.fact.pruned && !out_of_reach(row->entry.why) &&
        sc_body_decode(rec, row->entry.fact.schema_version, false, row->entry.fact.body, &body,
                       NULL) == ST_OK)
        for (size_t i = 0; i < rec->field_count; i++)
            if (body.v[i].present) {
                nd_value_text(c, &rec->fields[i], &body.v[i], value, sizeof value);
                nd_out(c, "  %s：%s\n", nd_tr(c, rec->fields[i].zh, rec->fields[i].en), value);
            }
    if (row->entry.why == SC_WHY_SUITE) {
        nd_out(c, "  %s\n",
               nd_tr(c, "其中可能有隐患上报。请升级本程序，升级后自动读入。",
                     "It may report a danger. Upgrade this program: it is read then by itself."));
        return;
    }
    nd_out(
        c, "  %s\n",
        row->entry.why == SC_WHY_QUARANTINE
            ? nd_tr(c, "格式不符的记录不能采认。", "What breaks the catalogue cannot be adopted.")
            : nd_tr(c, "核实无误后，由上级用 held adopt 采认，或由本人重新填报。",
                    "When it was checked, the office above adopts it by held adopt, or its author "
                    "writes it again."));
}

static int match(void *arg, const struct nd_held_row *row)
{
    struct one *o = arg;
    char hex[2 * CR_HASH_BYTES + 1];

    cr_hex(row->entry.fact.entry_id.b, CR_HASH_BYTES, hex);
    if (strncmp(hex, o->hex, strlen(o->hex)) != 0)
        return 0;
    if (o->found++ > 0)
        return 0;
    o->log = row->entry.log;
    o->entry = (struct sc_adopt_entry){.seq = row->entry.seq, .entry_id = row->entry.fact.entry_id};
    o->why = row->entry.why;
    if (o->show)
        show_one(o, row);
    return 0;
}

static int find_one(struct one *o, struct st_err *err)
{
    struct nd_held_query q = {.author = NULL};
    size_t n = strlen(o->hex);
    int rc;

    if (n < 4 || n > 2 * CR_HASH_BYTES || strspn(o->hex, "0123456789abcdef") != n)
        return st_fail(
            err, ST_USAGE, "'%s': %s", o->hex,
            nd_tr(o->c, "应为编号的前 4 位以上", "the first four or more digits of an id"));
    rc = nd_store_held(o->c->app->store, &q, match, o, NULL, err);
    if (rc == ST_OK && o->found == 0)
        rc = st_fail(err, ST_NOTFOUND, "'%s': %s", o->hex,
                     nd_tr(o->c, "没有这条不计入的记录", "no held entry begins so"));
    if (rc == ST_OK && o->found > 1)
        rc = st_fail(err, ST_CONFLICT, "'%s': %s", o->hex,
                     nd_tr(o->c, "不止一条，请多写几位", "more than one; give more digits"));
    return rc;
}

int nd_cmd_held_show(struct nd_cmd *c)
{
    struct one o = {.c = c, .show = true};
    struct st_err err = {0};

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "held show ID");
    o.hex = c->arg[0];
    return find_one(&o, &err) == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

/* ---- adopting ---- */

int nd_adopt_write(struct nd_cmd *c, const struct cr_identity *author, const struct sc_log_key *log,
                   struct cr_span entries, struct st_err *err)
{
    struct sc_adopt adopt = {.subject = log->author,
                             .scope = log->scope,
                             .incarnation = log->incarnation,
                             .entries = entries};
    struct nd_draft draft = {.type = SC_R_ADOPT};
    struct cr_buf body;
    struct sc_id id;
    int rc;

    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_adopt_encode(&adopt, &body, err);
    draft.body = cr_buf_span(&body);
    if (rc == ST_OK)
        rc = nd_driver_write(c->app->driver, author, SC_SCOPE_PUBLIC, &draft, 1, &id, err);
    cr_buf_release(&body);
    return rc;
}

int nd_cmd_held_adopt(struct nd_cmd *c)
{
    struct cr_identity author = {0};
    struct st_err err = {0};
    int rc;

    if (c->arg_count == 0)
        return nd_fail(c, ST_USAGE, "held adopt ID…");
    rc = nd_author(c, &author, &err);
    for (size_t i = 0; rc == ST_OK && i < c->arg_count; i++) {
        struct one o = {.c = c, .hex = c->arg[i]};
        struct cr_buf entries;

        cr_buf_init(&entries, SC_ADOPT_ENTRY_BYTES);
        rc = find_one(&o, &err);
        if (rc == ST_OK && out_of_reach(o.why))
            rc = st_fail(
                &err, ST_DENIED, "'%s': %s", o.hex,
                o.why == SC_WHY_SUITE
                    ? nd_tr(c, "由更新版本写成，升级后显示，不能采认",
                            "written with a newer suite; it cannot be adopted before an upgrade")
                    : nd_tr(c, "格式不符，不能采认", "breaks the catalogue; it cannot be adopted"));
        if (rc == ST_OK)
            rc = sc_adopt_put(&entries, &o.entry);
        if (rc == ST_OK)
            rc = nd_adopt_write(c, &author, &o.log, cr_buf_span(&entries), &err);
        cr_buf_release(&entries);
        if (rc == ST_OK) { /* a wrong issuer is no error of the record: it just has no effect */
            struct one again = {.c = c, .hex = c->arg[i]};
            struct st_err none = {0};

            if (find_one(&again, &none) == ST_OK)
                nd_say(c, "%s\n",
                       nd_tr(c, "已写入，但签发人无权采认它，因此仍不计入。",
                             "Written, but its author may not adopt this entry: it still does not "
                             "count."));
            else if (!c->json)
                nd_out(c, "%s %s\n", c->arg[i], nd_tr(c, "已采认", "adopted"));
        }
    }
    cr_identity_wipe(&author);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json)
        nd_out_json(c, json_pack("{s:I}", "adopted", (json_int_t)c->arg_count));
    return ND_EX_OK;
}

/* ---- entries of logs that did not fit a cut ---- */

struct left {
    struct nd_cmd *c;
    const struct cr_identity *author;
    const struct nd_cut_plan *p;
    struct cr_buf logs; /* struct sy_log */
};

static bool is_named(const struct nd_cut_plan *p, const struct sc_log_key *key)
{
    struct sc_cut_head h;

    for (size_t i = 0; i < p->heads.named; i++) {
        sc_cut_head_at(cr_buf_span(&p->heads.heads), i, &h);
        if (h.scope == key->scope && h.incarnation == key->incarnation)
            return true;
    }
    return false;
}

static int take_left(void *arg, const struct sy_log *log)
{
    struct left *l = arg;

    if (!cr_sign_pk_equal(&log->key.author, &l->p->key) || is_named(l->p, &log->key))
        return ST_OK;
    return cr_buf_append(&l->logs, log, sizeof *log);
}

/* All entries that had arrived in time, up to SC_ADOPT_ENTRIES_MAX a record. */
static int adopt_log(struct left *l, const struct sy_log *log, struct st_err *err)
{
    const struct sy_view *view = nd_store_view(l->c->app->store);
    struct cr_buf entries;
    uint64_t end = log->link.seq_next;
    int rc = ST_OK;

    if (l->p->before_ms != 0)
        rc = nd_store_arrived(l->c->app->store, log->handle, l->p->before_ms, &end, err);
    cr_buf_init(&entries, SC_ADOPT_ENTRIES_MAX * SC_ADOPT_ENTRY_BYTES);
    for (uint64_t seq = 0; rc == ST_OK && seq < end; seq++) {
        struct sc_adopt_entry e = {.seq = seq};

        rc = view->chain_at(view->arg, log->handle, seq, &e.entry_id);
        if (rc == ST_OK)
            rc = sc_adopt_put(&entries, &e);
        if (rc == ST_OK &&
            (seq + 1 == end || sc_adopt_count(cr_buf_span(&entries)) == SC_ADOPT_ENTRIES_MAX)) {
            rc = nd_adopt_write(l->c, l->author, &log->key, cr_buf_span(&entries), err);
            cr_buf_clear(&entries);
        }
    }
    cr_buf_release(&entries);
    return rc;
}

int nd_adopt_left_out(struct nd_cmd *c, const struct cr_identity *author,
                      const struct nd_cut_plan *p, struct st_err *err)
{
    const struct sy_view *view = nd_store_view(c->app->store);
    struct left l = {.c = c, .author = author, .p = p};
    int rc;

    cr_buf_init(&l.logs, ND_CUT_LOGS_MAX * sizeof(struct sy_log));
    rc = view->each_log(view->arg, take_left, &l);
    for (size_t at = 0; rc == ST_OK && at < l.logs.n; at += sizeof(struct sy_log)) {
        struct sy_log log;

        memcpy(&log, l.logs.p + at, sizeof log);
        rc = adopt_log(&l, &log, err);
    }
    cr_buf_release(&l.logs);
    if (rc != ST_OK && err->code == ST_OK)
        return st_fail(err, (enum st_code)rc, "adopt what did not fit the cut");
    return rc;
}
