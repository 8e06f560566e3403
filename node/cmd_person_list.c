/* person list, person show: who has which keys, in which state, and what they signed. */
#include "node/cmd_cut.h"
#include "node/store_signed.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_DEF 20
#define SHOWN_MAX 1000 /* entries of one answer */

/* ---- person list ---- */

struct seen {
    struct nd_cmd *c;
    struct cr_buf ids; /* persons shown already, 16 bytes each */
    int status;
};

static bool shown(const struct seen *s, const struct sc_id *id)
{
    for (size_t at = 0; at < s->ids.n; at += sizeof id->b)
        if (memcmp(s->ids.p + at, id->b, sizeof id->b) == 0)
            return true;
    return false;
}

struct cut_state {
    bool revoked, forked;
};

static int cut_state(void *arg, const struct sc_auth_cut *cut)
{
    struct cut_state *st = arg;

    st->revoked = st->revoked || (cut->in_force && cut->cut->mode == SC_CUT_REVOKE);
    st->forked = st->forked || (cut->in_force && cut->cut->mode == SC_CUT_FORK);
    return 0;
}

static void person_line(struct nd_cmd *c, const struct nd_person *p)
{
    json_t *keys = json_array(), *grids = json_array();
    char roles[256], codes[ND_PERSON_GRIDS_MAX * 17] = "", hex[2 * CR_SIGN_PK_BYTES + 1];
    size_t open = 0, n = 0;

    for (size_t i = 0; i < p->key_count; i++) {
        struct cut_state st = {false, false};

        (void)sc_authority_each_cut(nd_store_authority(c->app->store), &p->key[i], cut_state, &st);
        open += st.revoked ? 0 : 1;
        cr_hex(p->key[i].b, sizeof p->key[i].b, hex);
        (void)json_array_append_new(
            keys, json_pack("{s:s, s:b}", "key", hex, "revoked", (int)st.revoked));
    }
    for (size_t i = 0; i < p->grid_count; i++) {
        n += (size_t)snprintf(codes + n, sizeof codes - n, "%s%llu", i > 0 ? "," : "",
                              (unsigned long long)p->grid[i]);
        (void)json_array_append_new(grids, nd_json_grid(p->grid[i]));
    }
    if (c->json)
        nd_out_json(c,
                    json_pack("{s:o, s:s, s:s, s:I, s:o, s:o}", "person", nd_json_id(&p->id),
                              "name", p->name, "kind", p->kind == SC_CERT_NODE ? "node" : "person",
                              "roles", (json_int_t)p->roles, "grids", grids, "keys", keys));
    else {
        json_decref(keys);
        json_decref(grids);
        nd_out(c, "%s  %s  %s  %s%s\n", p->name,
               p->kind == SC_CERT_NODE ? nd_tr(c, "节点", "node") : nd_tr(c, "人员", "person"),
               nd_roles_text(c, p->roles, roles, sizeof roles), codes,
               open == 0 ? nd_tr(c, "  【钥匙已吊销】", "  [revoked]") : "");
    }
}

static int list_person(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                       const struct cr_hash *entry_id)
{
    struct seen *s = arg;

    (void)issuer;
    (void)entry_id;
    if (!shown(s, &cert->person))
        s->status = cr_buf_append(&s->ids, cert->person.b, sizeof cert->person.b);
    return s->status;
}

int nd_cmd_person_list(struct nd_cmd *c)
{
    struct seen s = {.c = c, .status = ST_OK};
    struct nd_person p;

    cr_buf_init(&s.ids, 1u << 22);
    (void)sc_certs_each(nd_store_certs(c->app->store), list_person, &s);
    for (size_t at = 0; at < s.ids.n; at += SC_ID_BYTES) {
        struct sc_id id;

        memcpy(id.b, s.ids.p + at, sizeof id.b);
        if (nd_person_by_id(c->app->store, &id, &p, NULL) == ST_OK)
            person_line(c, &p);
    }
    cr_buf_release(&s.ids);
    return s.status == ST_OK ? ND_EX_OK : nd_fail(c, s.status, "person list");
}

/* ---- person show ---- */

struct showing {
    struct nd_cmd *c;
    json_t *entries; /* NULL: text */
};

/* A word for programs; the label for people. */
static const char *key_state(struct nd_cmd *c, const struct cr_sign_pk *key, const char **label)
{
    struct cut_state st = {false, false};

    (void)sc_authority_each_cut(nd_store_authority(c->app->store), key, cut_state, &st);
    if (st.revoked) {
        *label = nd_tr(c, "已吊销", "revoked");
        return "revoked";
    }
    if (st.forked) {
        *label = nd_tr(c, "日志曾分叉", "its log was forked");
        return "forked";
    }
    *label = nd_tr(c, "有效", "counts");
    return "counts";
}

static int show_entry(void *arg, const struct nd_signed_row *row)
{
    struct showing *s = arg;
    struct nd_cmd *c = s->c;
    const struct sc_record *rec = sc_record_find(row->type);
    struct sc_label why = sc_why_label(row->why);
    char key[2 * CR_SIGN_PK_BYTES + 1], id[2 * SC_ID_BYTES + 1], scope[SC_SCOPE_TEXT_MAX],
        when[ND_TIME_TEXT_MAX];

    cr_hex(row->key.b, sizeof row->key.b, key);
    sc_scope_text(row->scope, scope);
    if (s->entries != NULL) {
        (void)json_array_append_new(
            s->entries,
            json_pack("{s:o, s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "id", nd_json_id(&row->id),
                      "subject", row->type == 0 ? json_null() : nd_json_id(&row->subject), "record",
                      rec == NULL ? "unknown" : rec->name, "key", key, "scope", scope, "seq",
                      (json_int_t)row->seq, "wall_ms", (json_int_t)row->wall_ms, "received_ms",
                      (json_int_t)row->received_ms, "why", why.name));
        return 0;
    }
    cr_hex(row->subject.b, sizeof row->subject.b, id);
    nd_time_text(row->wall_ms, when);
    nd_out(c, "  %s  %s  %.12s  %s  %.8s…%s%s%s\n", when,
           rec == NULL ? "?" : nd_tr(c, rec->zh, rec->en), id, scope, key,
           row->why == SC_WHY_COUNTS ? "" : nd_tr(c, "【不计入：", " [does not count: "),
           row->why == SC_WHY_COUNTS ? "" : nd_tr(c, why.zh, why.en),
           row->why == SC_WHY_COUNTS ? "" : nd_tr(c, "】", "]"));
    return 0;
}

static json_t *keys_json(struct nd_cmd *c, const struct nd_person *p)
{
    json_t *keys = json_array();

    for (size_t i = 0; i < p->key_count; i++) {
        char hex[2 * CR_SIGN_PK_BYTES + 1];
        const char *label, *state = key_state(c, &p->key[i], &label);

        cr_hex(p->key[i].b, sizeof p->key[i].b, hex);
        (void)json_array_append_new(keys, json_pack("{s:s, s:s}", "key", hex, "state", state));
    }
    return keys;
}

static void show_person(struct nd_cmd *c, const struct nd_person *p)
{
    char roles[256], hex[2 * CR_SIGN_PK_BYTES + 1], id[2 * SC_ID_BYTES + 1];

    cr_hex(p->id.b, sizeof p->id.b, id);
    nd_out(c, "%s  %s  %s", p->name, id, nd_roles_text(c, p->roles, roles, sizeof roles));
    for (size_t i = 0; i < p->grid_count; i++)
        nd_out(c, "%s%llu", i > 0 ? "," : "  ", (unsigned long long)p->grid[i]);
    nd_out(c, "\n%s\n", nd_tr(c, "钥匙：", "keys:"));
    for (size_t i = 0; i < p->key_count; i++) {
        const char *label;

        (void)key_state(c, &p->key[i], &label);
        cr_hex(p->key[i].b, sizeof p->key[i].b, hex);
        nd_out(c, "  %s  %s\n", hex, label);
    }
    nd_out(c, "%s\n", nd_tr(c, "所写的记录，新的在前：", "what they signed, newest first:"));
}

int nd_cmd_person_show(struct nd_cmd *c)
{
    struct nd_person p;
    struct showing s = {.c = c};
    struct st_err err = {0};
    uint64_t offset, limit, total = 0;

    _Static_assert(ND_PERSON_KEYS_MAX <= ND_SIGNED_KEYS_MAX, "every key of a person is asked for");
    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "person show NAME");
    if (nd_opt_u64(c, "offset", UINT32_MAX, 0, &offset) != ST_OK ||
        nd_opt_u64(c, "limit", SHOWN_MAX, SHOWN_DEF, &limit) != ST_OK)
        return ND_EX_USAGE;
    if (nd_person_find(c->app->store, c->arg[0], &p, &err) != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json)
        s.entries = json_array();
    else
        show_person(c, &p);
    if (nd_store_signed(c->app->store, p.key, p.key_count, (size_t)offset, (size_t)limit,
                        show_entry, &s, &total, &err) != ST_OK) {
        json_decref(s.entries);
        return nd_fail_err(c, &err);
    }
    if (c->json)
        nd_out_json(c,
                    json_pack("{s:o, s:s, s:I, s:o, s:I, s:o}", "person", nd_json_id(&p.id), "name",
                              p.name, "roles", (json_int_t)p.roles, "keys", keys_json(c, &p),
                              "total", (json_int_t)total, "entries", s.entries));
    else
        nd_say(c, nd_tr(c, "共 %llu 条\n", "%llu in all\n"), (unsigned long long)total);
    return ND_EX_OK;
}
