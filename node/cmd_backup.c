/* backup create, backup check, restore. They never go through a running node: the pass phrase stays
 * in this process, and the store is read on a connection of its own. */
#include "node/backup_dir.h"
#include "node/cmd.h"
#include "node/fs.h"
#include "node/progress.h"
#include "node/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t wall_ms(void)
{
    struct timespec t = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The pass phrase: the first line of --passphrase-file, else asked for (twice when it is a new
 * one). kept: what *out may lie in, initialised here; the caller wipes and releases it in any case.
 */
static int ask(struct nd_cmd *c, bool fresh, struct cr_buf *kept, struct cr_span *out,
               struct st_err *err)
{
    const char *file = nd_opt(c, "passphrase-file");
    char path[ND_PATH_MAX];
    int rc;

    cr_buf_init(kept, CR_PASS_BYTES_MAX);
    if (file == NULL) {
        rc = nd_secret(c, fresh ? ND_ASK_NEW : ND_ASK_PIN, "backup",
                       nd_tr(c, "备份的口令", "pass phrase of the backup"), out, err);
        if (rc == ST_OK && (out->n == 0 || out->n > CR_PASS_BYTES_MAX))
            rc = st_fail(err, ST_USAGE, "%s",
                         nd_tr(c, "口令不能为空，也不能太长",
                               "a pass phrase must not be empty, nor too long"));
        return rc;
    }
    nd_arg_path(c, file, path, sizeof path);
    rc = nd_secret_line(path, kept, err);
    *out = cr_buf_span(kept);
    return rc;
}

static void forget(struct cr_buf *kept)
{
    if (kept->p != NULL)
        cr_wipe(kept->p, kept->cap);
    cr_buf_release(kept);
}

/* ---- what a backup holds ---- */

static size_t count_keys(const struct nd_backup_manifest *m, bool *root)
{
    size_t n = 0;

    *root = false;
    for (size_t i = 0; i < m->file_count; i++) {
        n += strncmp(m->file[i].name, "keys/", 5) == 0;
        *root = *root || strcmp(m->file[i].name, "root.key") == 0;
    }
    return n;
}

static json_t *manifest_json(const struct nd_backup_manifest *m)
{
    char net[2 * CR_HASH_BYTES + 1], heads[2 * CR_HASH_BYTES + 1];
    bool root;
    size_t keys = count_keys(m, &root);

    cr_hex(m->net.b, sizeof m->net.b, net);
    cr_hex(m->heads.b, sizeof m->heads.b, heads);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:b, s:I}", "space", m->space,
                     "node", m->node, "net", net, "made_ms", (json_int_t)m->made_ms, "schema",
                     (json_int_t)m->schema, "entries", (json_int_t)m->entries, "logs",
                     (json_int_t)m->logs, "heads", heads, "keys", (json_int_t)keys, "root",
                     (int)root, "store_bytes", (json_int_t)m->file[0].bytes);
}

static void manifest_text(struct nd_cmd *c, const struct nd_backup_manifest *m)
{
    char when[ND_TIME_TEXT_MAX], age[ND_TIME_TEXT_MAX];
    bool root;
    size_t keys = count_keys(m, &root);

    nd_time_text(m->made_ms, when);
    nd_age_text(c, m->made_ms, wall_ms(), age);
    nd_out(c, nd_tr(c, "%s · %s，备份于 %s（%s）\n", "%s · %s, made %s (%s)\n"), m->space, m->node,
           when, age);
    nd_out(c,
           nd_tr(c, "内有 %llu 条记录（%llu 个日志）、本节点钥匙、人员钥匙 %zu 把%s\n",
                 "holds %llu entries (%llu logs), the node's keys, %zu keys of persons%s\n"),
           (unsigned long long)m->entries, (unsigned long long)m->logs, keys,
           root ? nd_tr(c, "、街道根钥匙", ", the street's root key")
                : nd_tr(c, "；不含街道根钥匙", "; not the street's root key"));
}

/* ---- create ---- */

struct making {
    struct nd_progress copy, write;
};

static void on_copied(void *arg, uint64_t done, uint64_t total)
{
    struct making *m = arg;

    nd_progress_at(&m->copy, done, total);
}

static void on_written(void *arg, uint64_t done, uint64_t total)
{
    struct making *m = arg;

    nd_progress_end(&m->copy);
    if (m->write.c == NULL)
        nd_progress_start(&m->write, m->copy.c, "写入", "writing");
    nd_progress_at(&m->write, done, total);
}

int nd_cmd_backup_create(struct nd_cmd *c)
{
    char path[ND_PATH_MAX];
    struct making making = {.write = {.c = NULL}};
    struct nd_backup_job job = {.dir = c->dir,
                                .file = path,
                                .with_root = nd_opt(c, "with-root") != NULL,
                                .preset = CR_PASS_STRONG,
                                .copied = on_copied,
                                .written = on_written,
                                .arg = &making};
    struct nd_backup_manifest m;
    struct cr_buf kept;
    struct st_err err = {0};
    uint64_t bytes = 0;
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "backup create FILE");
    nd_arg_path(c, c->arg[0], path, sizeof path);
    rc = ask(c, true, &kept, &job.pass, &err);
    if (rc != ST_OK) {
        forget(&kept);
        return nd_fail_err(c, &err);
    }
    job.now_ms = wall_ms();
    nd_progress_start(&making.copy, c, "复制数据", "copying the store");
    rc = nd_backup_make(&job, &m, &bytes, &err);
    forget(&kept);
    nd_progress_end(&making.copy);
    nd_progress_end(&making.write);
    if (rc != ST_OK)
        return nd_fail_err(c, &err);
    if (c->json) {
        json_t *o = manifest_json(&m);

        (void)json_object_set_new(o, "file", json_string(path));
        (void)json_object_set_new(o, "bytes", json_integer((json_int_t)bytes));
        nd_out_json(c, o);
    } else {
        manifest_text(c, &m);
        nd_out(c,
               nd_tr(c, "已写入 %s（%llu 字节）。请取出另存，记住口令：口令丢失，备份无法打开。\n",
                     "written to %s (%llu bytes). Keep it elsewhere, and the pass phrase in mind: "
                     "without it nobody can open this backup.\n"),
               path, (unsigned long long)bytes);
    }
    nd_backup_manifest_release(&m);
    return ND_EX_OK;
}

/* ---- reading one ---- */

static void on_read(void *arg, uint64_t done, uint64_t total)
{
    nd_progress_at(arg, done, total);
}

/* Asks, opens, unlocks. Reader and input are the caller's to free in any case. */
static int open_backup(struct nd_cmd *c, struct nd_progress *progress, struct nd_backup_input *in,
                       struct nd_backup_reader **r, struct st_err *err)
{
    char path[ND_PATH_MAX];
    struct cr_span pass;
    struct cr_buf kept;
    int rc;

    nd_arg_path(c, c->arg[0], path, sizeof path);
    rc = nd_backup_input_open(in, path, r, err);
    if (rc != ST_OK)
        return rc;
    rc = ask(c, false, &kept, &pass, err);
    if (rc == ST_OK)
        rc = nd_backup_unlock(*r, pass, err);
    forget(&kept);
    if (rc == ST_DENIED)
        rc = st_fail(err, ST_DENIED, "%s", nd_tr(c, "口令不对", "the pass phrase is wrong"));
    if (rc == ST_OK && nd_backup_manifest(*r)->schema > (uint64_t)nd_store_schema())
        rc = st_fail(err, ST_VERSION,
                     "the store in the backup has schema %llu, this program "
                     "knows %d",
                     (unsigned long long)nd_backup_manifest(*r)->schema, nd_store_schema());
    in->progress = on_read;
    in->arg = progress;
    return rc;
}

static void finding(void *arg, const char *line)
{
    nd_say(arg, "%s\n", line);
}

/* Unpacks into dir and looks at everything. */
static int check_in(struct nd_cmd *c, struct nd_backup_reader *r, struct nd_progress *progress,
                    const char *dir, struct nd_verify *v, struct st_err *err)
{
    struct nd_store_options o = {.dir = dir};
    struct nd_store *s;
    int rc;

    nd_progress_start(progress, c, "读取", "reading");
    rc = nd_backup_unpack(r, dir, false, err);
    nd_progress_end(progress);
    if (rc == ST_OK)
        rc = nd_store_open(&o, &s, err);
    if (rc != ST_OK)
        return rc;
    rc = nd_backup_compare(s, nd_backup_manifest(r), err);
    if (rc == ST_OK)
        rc = nd_store_verify(s, false, v, finding, c, err);
    nd_store_close(s);
    return rc;
}

/* A private directory that is gone afterwards. */
static int check_aside(struct nd_cmd *c, struct nd_backup_reader *r, struct nd_progress *progress,
                       struct nd_verify *v, struct st_err *err)
{
    const char *base = getenv("TMPDIR");
    char dir[ND_PATH_MAX];
    int n, rc;

    n = snprintf(dir, sizeof dir, "%s/fengsui-check.XXXXXX",
                 base == NULL || base[0] == '\0' ? "/var/tmp" : base);
    if (n < 0 || (size_t)n >= sizeof dir)
        return st_fail(err, ST_OVERSIZE, "TMPDIR: path too long");
    if (mkdtemp(dir) == NULL)
        return nd_fs_fail(err, "make", dir);
    rc = check_in(c, r, progress, dir, v, err);
    if (nd_backup_discard(dir, rc == ST_OK ? err : NULL) != ST_OK && rc == ST_OK)
        rc = ST_IO;
    return rc;
}

int nd_cmd_backup_check(struct nd_cmd *c)
{
    struct nd_backup_input in = {.fd = -1};
    struct nd_backup_reader *r = NULL;
    struct nd_progress progress = {.c = c};
    struct nd_verify v = {0};
    struct st_err err = {0};
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "backup check FILE");
    rc = open_backup(c, &progress, &in, &r, &err);
    if (rc == ST_OK && !c->json)
        manifest_text(c, nd_backup_manifest(r));
    if (rc == ST_OK)
        rc = check_aside(c, r, &progress, &v, &err);
    if (rc == ST_OK && c->json) {
        json_t *o = manifest_json(nd_backup_manifest(r));

        (void)json_object_update_new(
            o, json_pack("{s:b, s:I}", "ok", 1, "signatures", (json_int_t)v.signatures));
        nd_out_json(c, o);
    } else if (rc == ST_OK) {
        nd_out(
            c,
            nd_tr(c, "已逐条核对：%llu 条、%llu 个签名，无一不符；可以恢复。\n",
                  "checked: %llu entries, %llu signatures, nothing amiss; it can be restored.\n"),
            (unsigned long long)v.entries, (unsigned long long)v.signatures);
    }
    nd_backup_reader_free(r);
    nd_backup_input_close(&in);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}

/* ---- restore ---- */

static void say_next(struct nd_cmd *c)
{
    nd_out(c,
           nd_tr(c,
                 "已恢复到 %s。写入之前，请先与街道（或任一节点）同步一次（fengsui sync），"
                 "或导入一份数据包；旧机器若还在运行，请立即停用。\n",
                 "restored to %s. Before writing, connect once to the street or any other node "
                 "(fengsui sync), or import a bundle; if the old machine still runs, stop it "
                 "now.\n"),
           c->dir);
}

int nd_cmd_restore(struct nd_cmd *c)
{
    struct nd_backup_input in = {.fd = -1};
    struct nd_backup_reader *r = NULL;
    struct nd_progress progress = {.c = c};
    char parent[ND_FS_PATH];
    struct st_err err = {0};
    int rc;

    if (c->arg_count != 1)
        return nd_fail(c, ST_USAGE, "restore FILE --data DIR");
    rc = nd_fs_parent(c->dir, parent, &err);
    if (rc == ST_OK)
        rc = nd_app_make_dir(parent, &err);
    if (rc == ST_OK)
        rc = open_backup(c, &progress, &in, &r, &err);
    if (rc == ST_OK) {
        nd_progress_start(&progress, c, "恢复", "restoring");
        rc = nd_backup_restore(r, c->dir, wall_ms(), &err);
        nd_progress_end(&progress);
    }
    if (rc == ST_OK && c->json) {
        json_t *o = manifest_json(nd_backup_manifest(r));

        (void)json_object_set_new(o, "dir", json_string(c->dir));
        nd_out_json(c, o);
    } else if (rc == ST_OK) {
        manifest_text(c, nd_backup_manifest(r));
        say_next(c);
    }
    nd_backup_reader_free(r);
    nd_backup_input_close(&in);
    return rc == ST_OK ? ND_EX_OK : nd_fail_err(c, &err);
}
