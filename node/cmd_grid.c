/* grid, cert: who is in charge of what. */
#include "node/cmd_cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- grid ---- */

int nd_cmd_grid_add(struct nd_cmd *c)
{
    struct sc_body body = {.rec = sc_record_find(SC_R_GRID)};
    const struct sc_field *synthetic = sc_field_by_name(body.rec, "synthetic");
    struct cr_identity author = {0};
    struct st_err err = {0};
    struct sc_id id;
    uint64_t code;
    int rc;

    if (c->arg_count != 2)
        return nd_fail(c, ST_USAGE, "grid add CODE NAME");
    if (nd_grid_parse(c->arg[0], &code) != ST_OK)
        return nd_fail(
            c, ST_USAGE, "'%s': %s", c->arg[0],
            nd_tr(c, "应为 9、12 或 15 位代码", "a code of 9, 12 or 15 digits is wanted"));
    body.v[sc_field_index(body.rec, SC_K_GRID)] = (struct sc_value){.present = true, .u = code};
    body.v[sc_field_index(body.rec, SC_K_NAME)] =
        (struct sc_value){.present = true, .s = cr_span_text(c->arg[1])};
    if (nd_opt(c, "synthetic") != NULL && synthetic != NULL)
        body.v[sc_field_index(body.rec, synthetic->key)] =
            (struct sc_value){.present = true, .u = 1};
    rc = nd_author(c, &author, &err);
    if (rc == ST_OK)
        rc = nd_write_body(c, &author, SC_SCOPE_PUBLIC, NULL, &body, false, &id, &err);
    cr_identity_wipe(&author);
    if (rc == ST_OK)
        rc = nd_app_refresh_scopes(c->app, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json)
        nd_out_json(c, json_pack("{s:o, s:o}", "grid", nd_json_grid(code), "id", nd_json_id(&id)));
    else
        nd_out(c, "%llu %s\n", (unsigned long long)code, c->arg[1]);
    return ND_EX_OK;
}

static int grid_line(void *arg, const struct nd_grid_row *row)
{
    struct nd_cmd *c = arg;

    if (c->json)
        nd_out_json(c,
                    json_pack("{s:o, s:s, s:i, s:b, s:b}", "grid", nd_json_grid(row->code), "name",
                              row->name == NULL ? "" : row->name, "level", sc_grid_level(row->code),
                              "declared", (int)row->declared, "synthetic", (int)row->synthetic));
    else
        nd_out(c, "%-15llu %s%s%s\n", (unsigned long long)row->code,
               row->name == NULL ? "" : row->name,
               row->declared ? "" : nd_tr(c, "（未登记）", " (not declared)"),
               row->synthetic ? nd_tr(c, "（示例数据）", " (made-up)") : "");
    return 0;
}

int nd_cmd_grid_list(struct nd_cmd *c)
{
    struct st_err err = {0};
    uint64_t prefix = 0, level;

    if (nd_opt_grid(c, &prefix) != ST_OK)
        return ND_EX_USAGE;
    if (nd_opt_u64(c, "level", 3, 3, &level) != ST_OK)
        return ND_EX_USAGE;
    if (nd_store_grids(c->app->store, prefix, (int)level, grid_line, c, &err) != ST_OK)
        return nd_fail_err(c, &err);
    return ND_EX_OK;
}

/* ---- cert ---- */

static int by_code(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static int read_cert(struct nd_cmd *c, struct sc_cert *cert, struct cr_identity *subject,
                     struct st_err *err)
{
    const char *key = nd_opt(c, "key"), *name = nd_opt(c, "name"), *role = nd_opt(c, "role");
    int rc;

    if (key == NULL || name == NULL || role == NULL || nd_opt(c, "grid") == NULL)
        return st_fail(err, ST_USAGE, "cert issue: --key, --name, --role, --grid");
    if (strlen(name) == 0 || strlen(name) > SC_NAME_MAX)
        return st_fail(err, ST_USAGE, "--name: 1..%d bytes", SC_NAME_MAX);
    memcpy(cert->name, name, strlen(name) + 1);
    if (nd_roles_parse(role, &cert->roles) != ST_OK)
        return st_fail(err, ST_USAGE, "--role '%s': officer, chief, village, street, …", role);
    for (size_t i = 0; nd_opt_nth(c, "grid", i) != NULL; i++)
        if (i == SC_CERT_PREFIXES_MAX ||
            nd_grid_parse(nd_opt_nth(c, "grid", i), &cert->prefixes[cert->prefix_count++]) != ST_OK)
            return st_fail(err, ST_USAGE, "--grid '%s': up to %d codes of 9, 12 or 15 digits",
                           nd_opt_nth(c, "grid", i), SC_CERT_PREFIXES_MAX);
    qsort(cert->prefixes, cert->prefix_count, sizeof cert->prefixes[0], by_code);
    rc = nd_opt_date(c, "from", &cert->from_ms, err);
    if (rc == ST_OK)
        rc = nd_opt_date(c, "to", &cert->to_ms, err);
    if (rc == ST_OK)
        rc = nd_key_named(c, key, subject, err);
    cert->subject = subject->sign_pk;
    cr_person_id(&subject->sign_pk, cert->person.b);
    return rc;
}

int nd_cmd_cert_issue(struct nd_cmd *c)
{
    struct sc_cert cert = {.kind = SC_CERT_PERSON, .rank = 2};
    struct nd_draft draft = {.type = SC_R_CERT};
    struct cr_identity subject = {0}, author = {0};
    struct st_err err = {0};
    struct cr_buf body;
    struct sc_id id;
    int rc;

    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = read_cert(c, &cert, &subject, &err);
    if (rc == ST_OK)
        rc = nd_check_revoked(c, &cert, &err);
    if (rc == ST_OK)
        rc = nd_author(c, &author, &err);
    if (rc == ST_OK && (cert.roles & (SC_ROLE_STREET | SC_ROLE_VILLAGE)) != 0 &&
        sc_certs_root(nd_store_certs(c->app->store), &author.sign_pk) != SC_ROOT_NONE)
        cert.rank = 1; /* a seat; a grid officer certified by the root is none */
    if (rc == ST_OK)
        rc = nd_driver_may_issue(c->app->driver, &author, &cert, &err);
    if (rc == ST_OK) {
        rc = sc_cert_consent(&cert, nd_store_net(c->app->store), &subject.sign_sk);
        if (rc == ST_OK)
            rc = sc_cert_encode(&cert, &body);
        if (rc != ST_OK)
            (void)st_fail(&err, (enum st_code)rc, "certificate: %s", st_text((enum st_code)rc));
    }
    draft.body = cr_buf_span(&body);
    if (rc == ST_OK)
        rc = nd_driver_write(c->app->driver, &author, SC_SCOPE_PUBLIC, &draft, 1, &id, &err);
    cr_identity_wipe(&subject);
    cr_identity_wipe(&author);
    cr_buf_release(&body);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json)
        nd_out_json(c, json_pack("{s:o}", "id", nd_json_id(&id)));
    else
        nd_out(c, "%s\n", cert.name);
    return ND_EX_OK;
}

static int cert_line(void *arg, const struct sc_cert *cert, const struct cr_sign_pk *issuer,
                     const struct cr_hash *entry_id)
{
    struct nd_cmd *c = arg;
    char roles[256], grids[SC_CERT_PREFIXES_MAX * 17] = "", hex[2 * CR_SIGN_PK_BYTES + 1];
    struct sc_id id = sc_id_of(entry_id);
    size_t n = 0;

    (void)issuer;
    cr_hex(cert->subject.b, sizeof cert->subject.b, hex);
    for (size_t i = 0; i < cert->prefix_count; i++)
        n += (size_t)snprintf(grids + n, sizeof grids - n, "%s%llu", i > 0 ? "," : "",
                              (unsigned long long)cert->prefixes[i]);
    if (c->json)
        nd_out_json(c,
                    json_pack("{s:o, s:s, s:s, s:s, s:i, s:I, s:s}", "id", nd_json_id(&id), "name",
                              cert->name, "subject", hex, "kind",
                              cert->kind == SC_CERT_NODE ? "node" : "person", "rank",
                              (int)cert->rank, "roles", (json_int_t)cert->roles, "grids", grids));
    else
        nd_out(c, "%s %.16s… %s %s %s\n", cert->name, hex,
               cert->kind == SC_CERT_NODE ? nd_tr(c, "节点", "node") : nd_tr(c, "人员", "person"),
               nd_roles_text(c, cert->roles, roles, sizeof roles), grids);
    return 0;
}

int nd_cmd_cert_list(struct nd_cmd *c)
{
    return sc_certs_each(nd_store_certs(c->app->store), cert_line, c) == 0 ? ND_EX_OK
                                                                           : ND_EX_FAILED;
}
