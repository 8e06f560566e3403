/* init: how a space begins. */
#include "node/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key of this name, made when it is not there yet: a command that failed half way goes on. */
static int have_key(const char *dir, const char *name, struct cr_identity *id, struct st_err *err)
{
    char path[ND_PATH_MAX];
    int rc;

    nd_app_path(dir, name, path);
    rc = cr_identity_load(path, id, err);
    if (rc != ST_NOTFOUND)
        return rc;
    if (err != NULL)
        *err = (struct st_err){0};
    cr_identity_generate(id);
    return cr_identity_save(path, id, err);
}

static int write_grid(struct nd_cmd *c, uint64_t code, const char *name, struct st_err *err)
{
    struct sc_body body = {.rec = sc_record_find(SC_R_GRID)};
    struct sc_id id;

    body.v[sc_field_index(body.rec, SC_K_GRID)] = (struct sc_value){.present = true, .u = code};
    body.v[sc_field_index(body.rec, SC_K_NAME)] =
        (struct sc_value){.present = true, .s = cr_span_text(name)};
    return nd_write_body(c, &c->app->node, SC_SCOPE_PUBLIC, NULL, &body, false, &id, err);
}

static int write_seat(struct nd_cmd *c, const struct sc_genesis *g, struct st_err *err)
{
    struct sc_cert seat = {.subject = c->app->node.sign_pk,
                           .kx_pk = c->app->node.kx_pk,
                           .kind = SC_CERT_NODE,
                           .rank = 1,
                           .roles = SC_ROLE_STREET | SC_ROLE_NODE,
                           .prefix_count = 1,
                           .prefixes = {g->street}};
    struct nd_draft draft = {.type = SC_R_CERT};
    struct cr_buf body;
    struct sc_id id;
    int rc;

    cr_person_id(&seat.subject, seat.person.b);
    memcpy(seat.name, g->name, sizeof seat.name);
    cr_buf_init(&body, SC_PAYLOAD_MAX);
    rc = sc_cert_encode(&seat, &body);
    draft.body = cr_buf_span(&body);
    if (rc == ST_OK)
        rc = nd_driver_write(c->app->driver, &c->app->root, SC_SCOPE_PUBLIC, &draft, 1, &id, err);
    else
        (void)st_fail(err, (enum st_code)rc, "street's certificate: %s", st_text((enum st_code)rc));
    cr_buf_release(&body);
    return rc;
}

/* Lines "CODE,NAME"; '#' begins a comment; a first line without a code is a heading. */
static int write_grids_file(struct nd_cmd *c, const char *arg, uint64_t street, struct st_err *err)
{
    char path[ND_PATH_MAX], line[512];
    unsigned number = 0;
    int rc = ST_OK;
    FILE *f;

    nd_arg_path(c, arg, path, sizeof path);
    f = fopen(path, "re");
    if (f == NULL)
        return st_fail(err, errno == ENOENT ? ST_NOTFOUND : ST_IO, "grids file '%s': %s", path,
                       strerror(errno));
    while (rc == ST_OK && fgets(line, sizeof line, f) != NULL) {
        char *start = strncmp(line, "\xef\xbb\xbf", 3) == 0 ? line + 3 : line;
        char *comma;
        uint64_t code;

        number++;
        start[strcspn(start, "\r\n")] = '\0';
        if (start[0] == '\0' || start[0] == '#')
            continue;
        comma = strchr(start, ',');
        if (comma != NULL)
            *comma = '\0';
        if (comma == NULL || nd_grid_parse(start, &code) != ST_OK ||
            !sc_grid_within(code, street)) {
            if (number > 1 || (start[0] >= '0' && start[0] <= '9'))
                rc = st_fail(err, ST_MALFORMED,
                             "'%s' line %u: wanted a code of street %llu, a comma and a name", path,
                             number, (unsigned long long)street);
            continue;
        }
        comma[1 + strcspn(comma + 1, ",")] = '\0';
        rc = write_grid(c, code, comma + 1, err);
        if (rc != ST_OK)
            (void)st_wrap(err, rc, "'%s' line %u", path, number);
    }
    (void)fclose(f);
    return rc;
}

static int fill_space(struct nd_cmd *c, const struct sc_genesis *g, struct st_err *err)
{
    struct nd_app_options o = {.dir = c->dir, .log_level = 0};
    int rc = nd_open_app(c, &o, &c->app, err);

    if (rc != ST_OK)
        return rc;
    rc = write_seat(c, g, err);
    if (rc == ST_OK)
        rc = write_grid(c, g->street, g->name, err);
    if (rc == ST_OK && nd_opt(c, "grids") != NULL)
        rc = write_grids_file(c, nd_opt(c, "grids"), g->street, err);
    if (rc == ST_OK)
        rc = nd_app_refresh_scopes(c->app, err);
    nd_app_close(c->app);
    c->app = NULL;
    return rc;
}

int nd_cmd_init(struct nd_cmd *c)
{
    static const uint64_t scopes[] = {SC_SCOPE_PUBLIC, SC_SCOPE_INTERNAL};
    const char *name = nd_opt(c, "name"), *street = nd_opt(c, "street");
    struct cr_identity root = {0}, next = {0}, node = {0};
    struct sc_genesis g = {0};
    struct st_err err = {0};
    struct cr_gate gate;
    int rc;

    if (name == NULL || street == NULL)
        return nd_fail(c, ST_USAGE, "init: --name, --street");
    if (nd_grid_parse(street, &g.street) != ST_OK || sc_grid_level(g.street) != 1)
        return nd_fail(c, ST_USAGE, "--street '%s': %s", street,
                       nd_tr(c, "应为 9 位街道代码", "a street has a 9-digit code"));
    if (strlen(name) == 0 || strlen(name) > SC_NAME_MAX)
        return nd_fail(c, ST_USAGE, "--name: 1..%d bytes", SC_NAME_MAX);
    memcpy(g.name, name, strlen(name) + 1);
    rc = nd_app_vacant(c->dir, &err);
    if (rc == ST_OK)
        rc = nd_app_make_dir(c->dir, &err);
    if (rc == ST_OK)
        rc = have_key(c->dir, "root.key", &root, &err);
    if (rc == ST_OK)
        rc = have_key(c->dir, "next-root.key", &next, &err);
    if (rc == ST_OK)
        rc = have_key(c->dir, "node.key", &node, &err);
    if (rc == ST_OK) {
        g.root = root.sign_pk;
        cr_hash1(CR_TAG_NEXT_ROOT, cr_span_of(next.sign_pk.b, sizeof next.sign_pk.b), &g.next_root);
        cr_random(&gate, sizeof gate);
        rc = nd_app_create(c->dir, &g, &gate, name, scopes, 2, NULL, &err);
        cr_wipe(&gate, sizeof gate);
    }
    cr_identity_wipe(&root);
    cr_identity_wipe(&next);
    cr_identity_wipe(&node);
    if (rc == ST_OK)
        rc = fill_space(c, &g, &err);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json)
        nd_out_json(c, json_pack("{s:s, s:o, s:s}", "space", g.name, "street",
                                 nd_json_grid(g.street), "dir", c->dir));
    else
        nd_out(c, nd_tr(c, "已建立空间“%s”，数据目录 %s\n", "made the space \"%s\" in %s\n"),
               g.name, c->dir);
    nd_say(
        c, "%s",
        nd_tr(c, "请把 root.key 和 next-root.key 备份到别处；next-root.key 备份后应从本机移走。\n",
              "Back up root.key and next-root.key elsewhere, and then move next-root.key off this "
              "machine.\n"));
    return ND_EX_OK;
}
