/* import: tables from elsewhere become records, rerunnable, with every refused row named. */
#include "node/cmd.h"
#include "node/import.h"

#include <stdlib.h>
#include <string.h>

static void bad_row(void *arg, uint64_t line, const char *reason)
{
    struct nd_cmd *c = arg;

    nd_say(c, nd_tr(c, "第 %llu 行不予导入：%s\n", "line %llu refused: %s\n"),
           (unsigned long long)line, reason);
}

static void progress(void *arg, uint64_t rows, uint64_t bytes)
{
    struct nd_cmd *c = arg;

    (void)bytes;
    if (c->tty)
        nd_say(c, nd_tr(c, "\r已读 %llu 行", "\r%llu rows read"), (unsigned long long)rows);
}

/* The key named by an option, the node's own without it. Not nd_author: two keys sign an import. */
static int named_key(struct nd_cmd *c, const char *option, struct cr_identity *out,
                     struct st_err *err)
{
    const char *name = nd_opt(c, option);

    return nd_key_named(c, name == NULL ? "node" : name, out, err);
}

static void show_result(struct nd_cmd *c, const struct nd_import_result *r)
{
    if (c->json) {
        nd_out_json(c, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rows", (json_int_t)r->rows,
                                 "imported", (json_int_t)r->imported, "completed",
                                 (json_int_t)r->completed, "known", (json_int_t)r->known,
                                 "other_grid", (json_int_t)r->other_grid, "bad", (json_int_t)r->bad,
                                 "visits", (json_int_t)r->visits));
        return;
    }
    nd_out(
        c,
        nd_tr(c,
              "读 %llu 行：新隐患 %llu，补办结 %llu，已有 %llu，其他网格 %llu，不予导入 %llu；"
              "走访 %llu\n",
              "%llu rows: %llu hazards imported, %llu completed, %llu known, %llu of other grids, "
              "%llu refused; %llu visits\n"),
        (unsigned long long)r->rows, (unsigned long long)r->imported,
        (unsigned long long)r->completed, (unsigned long long)r->known,
        (unsigned long long)r->other_grid, (unsigned long long)r->bad,
        (unsigned long long)r->visits);
}

static int run_hazards(struct nd_cmd *c, struct nd_import_options *o, struct nd_map *map,
                       struct cr_identity key[2], struct st_err *err)
{
    char csv[ND_PATH_MAX], path[ND_PATH_MAX];
    struct nd_import_result r = {0};
    int rc;

    nd_arg_path(c, nd_opt(c, "map"), path, sizeof path);
    nd_arg_path(c, c->arg[0], csv, sizeof csv);
    rc = nd_map_load(path, map, err);
    if (rc == ST_OK)
        rc = named_key(c, "as", &key[0], err);
    if (rc == ST_OK)
        rc = named_key(c, "check-as", &key[1], err);
    if (rc == ST_OK && cr_sign_pk_equal(&key[0].sign_pk, &key[1].sign_pk))
        rc = st_fail(
            err, ST_USAGE, "%s",
            nd_tr(c, "--as 与 --check-as 应为两个人：整改与复查不能是同一人",
                  "--as and --check-as must be two persons: who fixed it does not check it"));
    if (rc != ST_OK)
        return rc;
    rc = nd_import_hazards(csv, o, &r, err);
    if (r.rows > 0)
        show_result(c, &r);
    return rc;
}

int nd_cmd_import_hazards(struct nd_cmd *c)
{
    struct cr_identity key[2] = {0};
    struct st_err err = {0};
    struct nd_map *map = NULL;
    struct nd_import_options o = {.driver = c->app->driver,
                                  .store = c->app->store,
                                  .officer = &key[0],
                                  .verifier = &key[1],
                                  .dry_run = nd_opt(c, "dry-run") != NULL,
                                  .arg = c,
                                  .bad = bad_row,
                                  .progress = progress};
    int rc;

    if (c->arg_count != 1 || nd_opt(c, "map") == NULL)
        return nd_fail(c, ST_USAGE, "import hazards FILE.csv --map MAP");
    if (nd_opt(c, "grid") != NULL && nd_grid_parse(nd_opt(c, "grid"), &o.grid) != ST_OK)
        return nd_fail(c, ST_USAGE, "--grid '%s': %s", nd_opt(c, "grid"),
                       nd_tr(c, "应为 12 位村（社区）代码", "a village has a 12-digit code"));
    map = malloc(sizeof *map);
    if (map == NULL)
        return nd_fail(c, ST_NOMEM, "%s", st_text(ST_NOMEM));
    o.map = map;
    rc = run_hazards(c, &o, map, key, &err);
    cr_identity_wipe(&key[0]);
    cr_identity_wipe(&key[1]);
    free(map);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

int nd_cmd_import_grids(struct nd_cmd *c)
{
    char csv[ND_PATH_MAX];
    struct cr_identity key = {0};
    struct st_err err = {0};
    struct nd_import_grids_result r = {0};
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "import grids FILE.csv");
    nd_arg_path(c, c->arg[0], csv, sizeof csv);
    rc = named_key(c, "as", &key, &err);
    if (rc == ST_OK)
        rc = nd_import_grids(csv, c->app->driver, c->app->store, &key, c, bad_row, &r, &err);
    cr_identity_wipe(&key);
    if (rc == ST_OK)
        rc = nd_app_refresh_scopes(c->app, &err);
    if (r.rows > 0 && c->json)
        nd_out_json(c, json_pack("{s:I, s:I, s:I, s:I}", "rows", (json_int_t)r.rows, "imported",
                                 (json_int_t)r.imported, "known", (json_int_t)r.known, "bad",
                                 (json_int_t)r.bad));
    else if (r.rows > 0)
        nd_out(c,
               nd_tr(c, "读 %llu 行：新网格 %llu，已有 %llu，不予导入 %llu\n",
                     "%llu rows: %llu grids imported, %llu known, %llu refused\n"),
               (unsigned long long)r.rows, (unsigned long long)r.imported,
               (unsigned long long)r.known, (unsigned long long)r.bad);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}
