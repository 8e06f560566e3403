/* invite: an invitation is made, listed, revoked. Answering a request by file: cmd_enrol.c. */
#include "node/cmd.h"
#include "node/control.h"
#include "node/qr.h"

#include <stdio.h>
#include <string.h>

#define QR_BYTES_MAX 65536

int nd_own_addrs(struct nd_cmd *c, char addrs[static SC_INVITE_ADDRS_MAX][SC_ADDR_TEXT_MAX],
                 size_t *count, struct st_err *err)
{
    char local[SC_INVITE_ADDRS_MAX][ND_UV_ADDR_MAX];
    const char *colon, *port = "7119";
    struct cr_buf listen;
    size_t n;

    *count = 0;
    for (size_t i = 0; nd_opt_nth(c, "addr", i) != NULL; i++) {
        const char *addr = nd_opt_nth(c, "addr", i);

        if (i == SC_INVITE_ADDRS_MAX || strlen(addr) >= SC_ADDR_TEXT_MAX)
            return st_fail(err, ST_USAGE, "--addr '%s': at most %d addresses of 63 bytes", addr,
                           SC_INVITE_ADDRS_MAX);
        memcpy(addrs[(*count)++], addr, strlen(addr) + 1);
    }
    if (*count > 0)
        return ST_OK;
    cr_buf_init(&listen, ND_UV_ADDR_MAX);
    if (nd_store_meta_get(c->app->store, "listen", &listen) == ST_OK &&
        cr_buf_append(&listen, "", 1) == ST_OK) {
        colon = strrchr((const char *)listen.p, ':');
        port = colon == NULL ? port : colon + 1;
    }
    n = nd_uv_local_addrs(local, 2);
    for (size_t i = 0; i < n; i++)
        (void)snprintf(addrs[(*count)++], SC_ADDR_TEXT_MAX, "%.48s:%.5s", local[i], port);
    if (n == 0)
        (void)snprintf(addrs[(*count)++], SC_ADDR_TEXT_MAX, "127.0.0.1:%.5s", port);
    cr_buf_release(&listen);
    return ST_OK;
}

int nd_own_gate(struct nd_cmd *c, struct cr_gate *out, struct st_err *err)
{
    struct cr_buf gate;
    int rc;

    cr_buf_init(&gate, 64);
    rc = nd_store_meta_get(c->app->store, "discovery_gate", &gate);
    if (rc == ST_OK && gate.n == sizeof out->b)
        memcpy(out->b, gate.p, sizeof out->b);
    else
        rc = st_fail(err, ST_CORRUPT, "the space's discovery secret is missing");
    cr_buf_release(&gate);
    return rc;
}

static int make_invite(struct nd_cmd *c, struct sc_invite *inv, struct st_err *err)
{
    struct nd_invite_row row = {0};
    size_t at = 0;
    int rc;

    inv->net = *nd_store_net(c->app->store);
    inv->kx_pk = c->app->node.kx_pk;
    cr_random(inv->secret, sizeof inv->secret);
    rc = nd_own_addrs(c, inv->addrs, &inv->addr_count, err);
    if (rc == ST_OK)
        rc = nd_own_gate(c, &inv->gate, err);
    if (rc != ST_OK)
        return rc;
    row.id = sc_invite_id(inv->secret);
    memcpy(row.secret, inv->secret, sizeof row.secret);
    row.roles = inv->roles;
    row.grid = inv->grid;
    row.expires_s = inv->expires_s;
    for (size_t i = 0; i < inv->addr_count; i++)
        at += (size_t)snprintf(row.addrs + at, sizeof row.addrs - at, "%s%s", i > 0 ? " " : "",
                               inv->addrs[i]);
    rc = nd_store_put_invite(c->app->store, &row, err);
    cr_wipe(&row, sizeof row);
    return rc;
}

static int write_file(struct nd_cmd *c, const char *arg, const char *text, struct st_err *err)
{
    char line[SC_INVITE_TEXT_MAX + 1];
    int n = snprintf(line, sizeof line, "%s\n", text);
    int rc = nd_write_file(c, arg, cr_span_of(line, (size_t)n), err);

    cr_wipe(line, sizeof line);
    return rc;
}

/* The bytes, not their text: a camera needs no letters, and the code stays small. */
static int draw(struct nd_cmd *c, const struct sc_invite *inv, struct st_err *err)
{
    struct cr_buf out, bytes;
    int rc;

    cr_buf_init(&out, QR_BYTES_MAX);
    cr_buf_init(&bytes, SC_INVITE_BYTES_MAX);
    rc = sc_invite_encode(inv, &bytes);
    if (rc != ST_OK)
        rc = st_fail(err, (enum st_code)rc, "invitation: %s", st_text((enum st_code)rc));
    if (rc == ST_OK)
        rc = nd_qr_draw(cr_buf_span(&bytes), c->tty ? ND_QR_SCREEN : ND_QR_PAPER, &out, err);
    if (bytes.n > 0)
        cr_wipe(bytes.p, bytes.n);
    cr_buf_release(&bytes);
    if (rc == ST_OK)
        c->write(c->write_arg, ND_CH_OUT, cr_buf_span(&out));
    if (out.n > 0)
        cr_wipe(out.p, out.n);
    cr_buf_release(&out);
    return rc;
}

static int read_wish(struct nd_cmd *c, struct sc_invite *inv)
{
    const char *role = nd_opt(c, "role"), *grid = nd_opt(c, "grid");
    uint64_t span_ms;

    if (c->arg_count > 0)
        return nd_fail(c, ST_USAGE, "'%s': invite --grid CODE, invite list|revoke|answer",
                       c->arg[0]);
    if (grid == NULL || nd_grid_parse(grid, &inv->grid) != ST_OK)
        return nd_fail(
            c, ST_USAGE, "--grid '%s': %s", grid == NULL ? "" : grid,
            nd_tr(c, "应为 9、12 或 15 位代码", "a code of 9, 12 or 15 digits is wanted"));
    if (nd_roles_parse(role == NULL ? "village" : role, &inv->roles) != ST_OK)
        return nd_fail(c, ST_USAGE, "--role '%s': village, street, officer, chief, …", role);
    if (nd_opt_span(c, "expires", (uint64_t)7 * 86400000, &span_ms) != ST_OK)
        return ND_EX_USAGE;
    inv->roles |= SC_ROLE_NODE;
    inv->expires_s = (nd_app_wall_ms(c->app) + span_ms) / 1000;
    return ND_EX_OK;
}

static void show_invite(struct nd_cmd *c, const struct sc_invite *inv, const char *text)
{
    struct sc_id id = sc_invite_id(inv->secret);

    if (c->json)
        nd_out_json(c, json_pack("{s:s, s:o, s:o, s:I}", "invite", text, "id", nd_json_id(&id),
                                 "grid", nd_json_grid(inv->grid), "expires_ms",
                                 (json_int_t)(inv->expires_s * 1000)));
    else if (nd_opt(c, "file") == NULL)
        nd_out(c, "%s\n", text);
}

int nd_cmd_invite(struct nd_cmd *c)
{
    const char *file = nd_opt(c, "file");
    char text[SC_INVITE_TEXT_MAX];
    struct sc_invite inv = {0};
    struct st_err err = {0};
    int rc, code = read_wish(c, &inv);

    if (code != ND_EX_OK)
        return code;
    rc = make_invite(c, &inv, &err);
    if (rc == ST_OK) {
        rc = sc_invite_to_text(&inv, text, sizeof text);
        if (rc != ST_OK)
            (void)st_fail(&err, (enum st_code)rc, "invitation: %s", st_text((enum st_code)rc));
    }
    if (rc == ST_OK && file != NULL)
        rc = write_file(c, file, text, &err);
    if (rc == ST_OK && nd_opt(c, "qr") != NULL && !c->json)
        rc = draw(c, &inv, &err);
    if (rc == ST_OK)
        show_invite(c, &inv, text);
    cr_wipe(&inv, sizeof inv);
    cr_wipe(text, sizeof text);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

/* ---- list, revoke ---- */

static const char *state_of(struct nd_cmd *c, const struct nd_invite_row *row, const char **word)
{
    static const struct {
        const char *word, *zh, *en;
    } names[] = {{"open", "有效", "open"},
                 {"used", "已使用", "used"},
                 {"revoked", "已撤销", "revoked"},
                 {"expired", "已过期", "expired"}};
    size_t i = 0;

    if (row->used)
        i = row->expires_s == 0 ? 2 : 1;
    else if (row->expires_s != 0 && row->expires_s < nd_app_wall_ms(c->app) / 1000)
        i = 3;
    *word = names[i].word;
    return nd_tr(c, names[i].zh, names[i].en);
}

static int invite_line(void *arg, const struct nd_invite_row *row)
{
    struct nd_cmd *c = arg;
    char id[2 * SC_ID_BYTES + 1], roles[256], until[ND_TIME_TEXT_MAX];
    const char *word, *state = state_of(c, row, &word);

    cr_hex(row->id.b, sizeof row->id.b, id);
    (void)nd_roles_text(c, row->roles, roles, sizeof roles);
    nd_time_text(row->expires_s * 1000, until);
    if (c->json)
        nd_out_json(c, json_pack("{s:s, s:s, s:o, s:I, s:I, s:s}", "id", id, "state", word, "grid",
                                 nd_json_grid(row->grid), "roles", (json_int_t)row->roles,
                                 "expires_ms", (json_int_t)(row->expires_s * 1000), "addrs",
                                 row->addrs));
    else
        nd_out(c, "%.12s %s %llu %s %s%s %s\n", id, state, (unsigned long long)row->grid, roles,
               nd_tr(c, "有效至 ", "until "), until, row->addrs);
    return 0;
}

int nd_cmd_invite_list(struct nd_cmd *c)
{
    int rc = nd_store_invites(c->app->store, invite_line, c);

    return rc == ST_OK ? ND_EX_OK : nd_fail(c, rc, "%s", st_text((enum st_code)rc));
}

struct finding {
    const char *prefix;
    struct nd_invite_row row; /* secret */
    size_t count;
};

static int find_one(void *arg, const struct nd_invite_row *row)
{
    struct finding *f = arg;
    char id[2 * SC_ID_BYTES + 1];

    cr_hex(row->id.b, sizeof row->id.b, id);
    if (strncmp(id, f->prefix, strlen(f->prefix)) != 0)
        return 0;
    f->row = *row;
    f->count++;
    return 0;
}

int nd_cmd_invite_revoke(struct nd_cmd *c)
{
    struct finding f = {.prefix = c->arg_count == 1 ? c->arg[0] : ""};
    struct st_err err = {0};
    int rc;

    if (c->arg_count != 1 || strlen(f.prefix) < 4)
        return nd_fail(c, ST_USAGE, "invite revoke ID");
    rc = nd_store_invites(c->app->store, find_one, &f);
    if (rc == ST_OK && f.count != 1)
        rc = f.count == 0 ? ST_NOTFOUND : ST_CONFLICT;
    if (rc != ST_OK) {
        rc = st_fail(&err, (enum st_code)rc, "invitation '%s': %s", f.prefix,
                     st_text((enum st_code)rc));
    } else if (f.row.used) {
        rc = st_fail(&err, ST_STATE, "%s",
                     nd_tr(c, "这个邀请已经使用或撤销；要收回证书请撤销对方的钥匙",
                           "the invitation was used or revoked before; to take a certificate back, "
                           "revoke its key"));
    } else {
        f.row.used = true;
        f.row.expires_s = 0;
        rc = nd_store_put_invite(c->app->store, &f.row, &err);
    }
    cr_wipe(&f, sizeof f);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (!c->json)
        nd_out(c, "%s\n", nd_tr(c, "已撤销", "revoked"));
    return ND_EX_OK;
}
