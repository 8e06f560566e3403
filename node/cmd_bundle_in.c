/* bundle import and info: files that came by stick.
 *
 * The clear head is read and judged first; what is sealed for this node is opened and its records
 * go, one after the other, into a session of the engine. They are decoded in this process and not
 * in a forked child: nothing of a file is looked at before its chunk's MAC has verified under a key
 * sealed for this node, what is decoded then is decoded by the readers that face every peer, and
 * a fork of a process with a loop, an open store and keys in memory would be the greater risk. */
#include "node/bundle_known.h"
#include "node/cmd_bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
    char path[ND_PATH_MAX];
    struct nd_bundle_source source;
    struct nd_bundle_in *in;
    uint64_t bytes;
    struct sc_bundle_head head;
    int status; /* how its import ended */
    struct st_err err;
    bool sealed; /* and not for this node */
    bool done;   /* nothing is to be gained by reading it again */
};

struct import {
    struct nd_cmd *c;
    struct nd_tally *tally;
    struct file *file;
    size_t file_count;
    bool dry_run;
};

/* ---- opening ---- */

static void file_close(struct file *f)
{
    nd_bundle_in_free(f->in);
    f->in = NULL;
    nd_bundle_file_close(&f->source);
}

static int file_open(struct file *f, struct st_err *err)
{
    int rc = nd_bundle_file_open(f->path, &f->source, &f->bytes, err);

    if (rc == ST_OK)
        rc = nd_bundle_in_new(&f->source, &f->in, err);
    if (rc == ST_OK)
        f->head = *nd_bundle_in_head(f->in);
    else
        file_close(f);
    return rc;
}

static int file_reopen(struct file *f)
{
    struct st_err none = {0};

    file_close(f);
    f->err = none;
    return file_open(f, &f->err);
}

/* Older files first, the parts of one in their order: later ones rest on earlier ones. */
static int by_age(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    if (x->head.created_ms != y->head.created_ms)
        return x->head.created_ms < y->head.created_ms ? -1 : 1;
    if (x->head.part != y->head.part)
        return x->head.part < y->head.part ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* ---- import ---- */

static void stored(void *arg, const struct sc_log_key *key, const struct sc_run *run,
                   const struct cr_hash *entry_ids, const struct sc_urgent *urgent)
{
    struct import *im = arg;

    if (run != NULL)
        nd_tally_run(im->tally, key, run, entry_ids, 0);
    else if (urgent != NULL)
        nd_tally_urgent(im->tally, urgent);
}

static void show_progress(struct import *im, const struct file *f)
{
    if (im->c->tty && f->bytes > 0)
        nd_say(im->c, nd_tr(im->c, "\r%llu%%  %llu 条", "\r%llu%%  %llu entries"),
               (unsigned long long)(nd_bundle_in_bytes(f->in) * 100 / f->bytes),
               (unsigned long long)im->tally->entries);
}

static int feed_file(struct import *im, struct file *f, struct sc_bundle_end *end)
{
    struct nd_driver *d = im->c->app->driver;
    const struct nd_file_sink sink = {.arg = im, .stored = stored};
    struct st_err later = {0};
    struct cr_span frame;
    int rc, committed;

    rc = nd_driver_file_open(d, &nd_bundle_in_manifest(f->in)->sender, &sink, &f->err);
    if (rc != ST_OK)
        return rc;
    while ((rc = nd_bundle_in_next(f->in, &frame, end, &f->err)) == ST_OK) {
        rc = nd_driver_file_frame(d, frame, &f->err);
        if (rc != ST_OK)
            break;
        show_progress(im, f);
    }
    committed = nd_driver_file_commit(d, &later);
    if (committed != ST_OK && (rc == ST_OK || rc == ST_NOTFOUND || rc == ST_TRUNCATED)) {
        rc = committed;
        f->err = later;
    }
    if (im->c->tty)
        nd_say(im->c, "\n");
    return rc;
}

/* The sender's word about itself, when it is one of the street's nodes; its mark has verified, also
 * when the file is cut off behind it. */
static int remember_heads(struct import *im, struct file *f, struct st_err *err)
{
    const struct sc_bundle_manifest *m = nd_bundle_in_manifest(f->in);
    struct nd_cmd *c = im->c;
    const struct sc_head *heads;
    size_t count;

    if (im->dry_run || cr_sign_pk_equal(&m->sender, &c->app->node.sign_pk) ||
        sc_certs_find(nd_store_certs(c->app->store), &m->sender) == NULL)
        return ST_OK;
    heads = nd_bundle_in_heads(f->in, &count);
    return nd_known_put(c->app->store, &m->sender, m->created_ms, m->scopes, m->scope_count, heads,
                        count, err);
}

/* ---- the report ---- */

static void show_gap(struct nd_cmd *c, const struct sy_file_info *info, size_t i, json_t *list)
{
    const struct sc_log_key *key = &info->gap[i].key;
    char name[SC_NAME_MAX + 1], scope[SC_SCOPE_TEXT_MAX];

    nd_key_name(c, &key->author, name, sizeof name);
    sc_scope_text(key->scope, scope);
    if (list != NULL) {
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:s, s:I, s:I}", "author", name, "scope",
                                              scope, "begins", (json_int_t)info->gap[i].first_seq,
                                              "held", (json_int_t)info->gap[i].held));
        return;
    }
    nd_out(
        c,
        nd_tr(
            c,
            "  缺：%s 在 %s 的条目。此文件从第 %llu 条起，本节点有 %llu 条：请把之前的文件也带来，"
            "或请对方用 --all 重新导出\n",
            "  missing: entries of %s in %s. This file begins at entry %llu, here are %llu: "
            "bring the files before it too, or have it exported anew with --all\n"),
        name, scope, (unsigned long long)info->gap[i].first_seq + 1,
        (unsigned long long)info->gap[i].held);
}

static void show_skipped(struct nd_cmd *c, const struct sy_file_info *info)
{
    if (info->skipped[SY_FS_SCOPE] > 0)
        nd_out(c, nd_tr(c, "  不属于本节点范围：%llu 条\n", "  of scopes not held here: %llu\n"),
               (unsigned long long)info->skipped[SY_FS_SCOPE]);
    if (info->skipped[SY_FS_REFUSED] > 0)
        nd_out(c,
               nd_tr(c, "  不予接收（日志分叉、已吊销或未认证过多）：%llu 条\n",
                     "  refused (a forked log, a revoked or unknown author): %llu\n"),
               (unsigned long long)info->skipped[SY_FS_REFUSED]);
    for (size_t i = 0; i < info->gap_count && i < SY_FILE_GAPS_MAX; i++)
        show_gap(c, info, i, NULL);
    if (info->gap_count > SY_FILE_GAPS_MAX)
        nd_out(c, nd_tr(c, "  另有 %llu 个日志缺条目\n", "  and %llu logs more\n"),
               (unsigned long long)(info->gap_count - SY_FILE_GAPS_MAX));
}

static json_t *file_json(struct nd_cmd *c, const struct file *f, const char *sender,
                         const struct sy_file_info *info)
{
    json_t *o = json_pack(
        "{s:s, s:s, s:I, s:I, s:b, s:I, s:I, s:I}", "file", f->path, "from", sender, "part",
        (json_int_t)f->head.part, "created_ms", (json_int_t)f->head.created_ms, "complete",
        (int)(f->status == ST_OK || f->status == ST_NOTFOUND), "known",
        (json_int_t)info->known_entries, "other_scope", (json_int_t)info->skipped[SY_FS_SCOPE],
        "refused", (json_int_t)info->skipped[SY_FS_REFUSED]);
    json_t *gaps = json_array();

    for (size_t i = 0; i < info->gap_count && i < SY_FILE_GAPS_MAX; i++)
        show_gap(c, info, i, gaps);
    (void)json_object_set_new(o, "missing", gaps);
    if (f->err.msg[0] != '\0' && f->status != ST_OK)
        (void)json_object_set_new(o, "fault", json_string(f->err.msg));
    return o;
}

static void show_file(struct import *im, const struct file *f, const struct sy_file_info *info,
                      const struct sc_bundle_end *end)
{
    struct nd_cmd *c = im->c;
    const struct cr_sign_pk *sender = &nd_bundle_in_manifest(f->in)->sender;
    char name[SC_NAME_MAX + 1], when[ND_TIME_TEXT_MAX];

    nd_key_name(c, sender, name, sizeof name);
    if (c->json) {
        nd_out_json(c, file_json(c, f, name, info));
        return;
    }
    nd_time_text(f->head.created_ms, when);
    nd_out(c, nd_tr(c, "%s：来自 %s，%s，%s\n", "%s: from %s, %s, %s\n"), f->path, name, when,
           f->status != ST_OK ? nd_tr(c, "不完整", "not complete") : nd_tr(c, "完整", "complete"));
    if (sc_certs_find(nd_store_certs(c->app->store), sender) == NULL)
        nd_out(c, "%s",
               nd_tr(c, "  发件节点没有有效证书：条目仍按各自的签名核验\n",
                     "  the sending node has no valid certificate: entries stand by their own "
                     "signatures\n"));
    if (f->status != ST_OK)
        nd_out(c, nd_tr(c, "  到此为止：%s\n", "  read up to there: %s\n"), f->err.msg);
    nd_out(c, nd_tr(c, "  已有 %llu 条\n", "  held already: %llu\n"),
           (unsigned long long)info->known_entries);
    show_skipped(c, info);
    if (end->more)
        nd_out(c, nd_tr(c, "  还有第 %llu 个文件\n", "  part %llu follows in another file\n"),
               (unsigned long long)f->head.part + 1);
}

/* ---- files ---- */

/* From its head to where it ends. */
static int read_file(struct import *im, struct file *f, struct sy_file_info *info,
                     struct sc_bundle_end *end)
{
    struct nd_cmd *c = im->c;
    int rc = nd_bundle_in_unseal(f->in, &c->app->node, nd_store_net(c->app->store), &f->err);

    f->sealed = rc != ST_OK;
    if (rc != ST_OK)
        return rc;
    if (im->dry_run)
        return nd_bundle_preview(c, f->in, im->tally, end, &info->known_entries, &f->err);
    rc = feed_file(im, f, end);
    *info = *nd_driver_file_info(c->app->driver);
    nd_driver_file_close(c->app->driver);
    return rc;
}

/* What a file itself brings may let in what stood before it there: a second reading is enough, as
 * all of it has been seen then. */
static int read_again(struct import *im, struct file *f, struct sy_file_info *info,
                      struct sc_bundle_end *end)
{
    uint64_t known = info->known_entries; /* before this file came */
    int rc = file_reopen(f);

    if (rc == ST_OK)
        rc = read_file(im, f, info, end);
    info->known_entries = known;
    return rc;
}

/* One file, whole. Its status: ST_OK; ST_NOTFOUND when something is missing before it. */
static void take_file(struct import *im, struct file *f, bool report)
{
    struct nd_cmd *c = im->c;
    uint64_t serial = nd_store_authority_serial(c->app->store);
    struct sy_file_info info = {0};
    struct sc_bundle_end end = {0};
    struct st_err later = {0};
    int rc = read_file(im, f, &info, &end);

    if (info.skipped[SY_FS_REFUSED] > 0 && nd_store_authority_serial(c->app->store) != serial)
        rc = read_again(im, f, &info, &end);
    if (f->sealed || f->in == NULL) {
        f->status = rc;
        f->done = true;
        return;
    }
    if (!im->dry_run && remember_heads(im, f, &later) != ST_OK && rc == ST_NOTFOUND) {
        rc = later.code;
        f->err = later;
    }
    f->status = rc == ST_NOTFOUND ? ST_OK : rc;
    f->done = info.gap_count == 0;
    if (report || f->done)
        show_file(im, f, &info, &end);
    if (f->status == ST_OK && info.gap_count > 0) {
        f->status = ST_NOTFOUND;
        (void)st_fail(&f->err, ST_NOTFOUND, "%s: %s", f->path,
                      nd_tr(c, "缺少之前的条目", "entries before it are missing"));
    }
}

static void take_again(struct import *im, struct file *f, bool report)
{
    f->status = file_reopen(f);
    if (f->status != ST_OK)
        f->done = true;
    else
        take_file(im, f, report);
}

/* Files with a gap are read again as long as others bring something: their order does not matter.
 */
static void take_all(struct import *im)
{
    uint64_t before;
    bool waiting = true;

    for (size_t i = 0; i < im->file_count; i++)
        take_file(im, &im->file[i], im->file_count == 1);
    while (waiting && im->file_count > 1) {
        bool gained;

        before = im->tally->entries;
        waiting = false;
        for (size_t i = 0; i < im->file_count; i++) {
            if (im->file[i].done)
                continue;
            take_again(im, &im->file[i], false);
            waiting = waiting || !im->file[i].done;
        }
        gained = im->tally->entries > before;
        for (size_t i = 0; waiting && !gained && i < im->file_count; i++)
            if (!im->file[i].done)
                take_again(im, &im->file[i], true);
        waiting = waiting && gained;
    }
}

static int report_all(struct import *im)
{
    struct nd_cmd *c = im->c;
    int code = ND_EX_OK;

    nd_tally_finish(im->tally);
    if (c->json) {
        json_t *o = json_object();

        (void)json_object_set_new(o, "dry_run", json_boolean(im->dry_run));
        nd_tally_show(c, im->tally, o);
        nd_out_json(c, o);
    } else {
        if (im->dry_run)
            nd_out(c, "%s", nd_tr(c, "预览，未写入：", "preview, nothing was written: "));
        nd_tally_show(c, im->tally, NULL);
    }
    for (size_t i = 0; i < im->file_count; i++) {
        if (im->file[i].status == ST_OK)
            continue;
        if (code == ND_EX_OK)
            code = nd_fail_err(c, &im->file[i].err);
        else
            (void)nd_fail_err(c, &im->file[i].err);
    }
    return code;
}

static int import_files(struct import *im)
{
    struct nd_cmd *c = im->c;
    struct st_err err = {0};

    for (size_t i = 0; i < c->arg_count; i++) {
        struct file *f = &im->file[i];

        nd_arg_path(c, c->arg[i], f->path, sizeof f->path);
        im->file_count++;
        if (file_open(f, &err) != ST_OK)
            return nd_fail_err(c, &err);
    }
    qsort(im->file, im->file_count, sizeof *im->file, by_age);
    take_all(im);
    if (!im->dry_run && nd_app_refresh_scopes(c->app, &err) != ST_OK)
        return nd_fail_err(c, &err);
    return report_all(im);
}

int nd_cmd_bundle_import(struct nd_cmd *c)
{
    struct import im = {.c = c, .dry_run = nd_opt(c, "dry-run") != NULL};
    int code;

    if (c->arg_count == 0)
        return nd_fail(c, ST_USAGE, "bundle import FILE...");
    im.tally = nd_tally_new();
    im.file = calloc(c->arg_count, sizeof *im.file);
    if (im.tally == NULL || im.file == NULL)
        code = nd_fail(c, ST_NOMEM, "%s", st_text(ST_NOMEM));
    else
        code = import_files(&im);
    for (size_t i = 0; i < im.file_count; i++)
        file_close(&im.file[i]);
    free(im.file);
    nd_tally_free(im.tally);
    return code;
}

/* What anyone can read: no key, no store. */
int nd_cmd_bundle_info(struct nd_cmd *c)
{
    struct file *f = calloc(1, sizeof *f);
    char set[2 * SC_ID_BYTES + 1], net[17], when[ND_TIME_TEXT_MAX];
    bool receipt;

    if (f == NULL)
        return nd_fail(c, ST_NOMEM, "%s", st_text(ST_NOMEM));
    if (c->arg_count != 1) {
        free(f);
        return nd_fail(c, ST_USAGE, "bundle info FILE");
    }
    nd_arg_path(c, c->arg[0], f->path, sizeof f->path);
    if (file_open(f, &f->err) != ST_OK) {
        int code = nd_fail_err(c, &f->err);

        free(f);
        return code;
    }
    cr_hex(f->head.set.b, sizeof f->head.set.b, set);
    cr_hex(f->head.net8, sizeof f->head.net8, net);
    nd_time_text(f->head.created_ms, when);
    receipt = f->head.kind == SC_BUNDLE_RECEIPT;
    if (c->json)
        nd_out_json(c, json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:I}", "file", f->path,
                                 "kind", receipt ? "receipt" : "bundle", "created_ms",
                                 (json_int_t)f->head.created_ms, "part", (json_int_t)f->head.part,
                                 "set", set, "space", net, "recipients",
                                 (json_int_t)f->head.recipients, "bytes", (json_int_t)f->bytes));
    else
        nd_out(c,
               nd_tr(c,
                     "%s：%s，%s 制作，第 %llu 个文件，%llu 字节\n街道 %s，编号 %s\n"
                     "内容已加密，%zu 个节点能打开；递送的人看不到内容，也不必看到\n",
                     "%s: %s, made %s, part %llu, %llu bytes\nspace %s, set %s\n"
                     "sealed, %zu nodes can open it; who carries it cannot, and need not\n"),
               f->path, receipt ? nd_tr(c, "回执", "receipt") : nd_tr(c, "数据包", "bundle"), when,
               (unsigned long long)f->head.part, (unsigned long long)f->bytes, net, set,
               f->head.recipients);
    file_close(f);
    free(f);
    return ND_EX_OK;
}
