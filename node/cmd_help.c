/* help: everything from the table of verbs and the catalogue of records. */
#include "node/cmd.h"

#include <stdio.h>
#include <string.h>

static void option_line(struct nd_cmd *c, const char *name, const char *arg, const char *text,
                        const char *more)
{
    char left[128], padded[160];

    (void)snprintf(left, sizeof left, "  --%s%s%s", name, arg == NULL ? "" : " ",
                   arg == NULL ? "" : arg);
    nd_pad(left, 28, padded, sizeof padded);
    nd_out(c, "%s %s%s\n", padded, text, more);
}

static const char *kind_word(const struct sc_field *f)
{
    switch (f->kind) {
    case SC_F_U64:
    case SC_F_I64: return "N";
    case SC_F_BOOL: return "yes|no";
    case SC_F_TEXT: return "TEXT";
    case SC_F_BYTES:
    case SC_F_KEY: return "HEX";
    case SC_F_ENUM: return "CHOICE";
    case SC_F_ID: return "ID";
    case SC_F_GRID: return "GRID";
    case SC_F_CODE: return "A01…";
    case SC_F_TIME: return "DATE";
    case SC_F_IDS: return "ID,…";
    case SC_F_TEXTS: return "TEXT,…";
    case SC_F_U64S: return "N,…";
    case SC_F_ANSWERS: return "ITEM=RESULT,…";
    }
    return "";
}

static void field_line(struct nd_cmd *c, const struct sc_field *f)
{
    char more[768] = "";
    size_t n = 0;
    int add;

    if ((f->flags & SC_FF_REQUIRED) != 0)
        n = (size_t)snprintf(more, sizeof more, " *");
    if (f->choices != NULL) {
        for (const struct sc_choice *ch = f->choices; ch->name != NULL && n < sizeof more; ch++) {
            add = snprintf(more + n, sizeof more - n, "%s%s=%s", ch == f->choices ? " [" : " ",
                           ch->name, nd_tr(c, ch->zh, ch->en));
            n += add < 0 ? 0 : (size_t)add;
        }
        if (n < sizeof more - 1)
            (void)snprintf(more + n, sizeof more - n, "]");
    }
    option_line(c, f->name, kind_word(f), nd_tr(c, f->zh, f->en), more);
}

static void record_fields(struct nd_cmd *c, const struct sc_record *rec)
{
    nd_out(c, "%s (%s):\n", nd_tr(c, rec->zh, rec->en), rec->name);
    for (size_t i = 0; i < rec->field_count; i++)
        field_line(c, &rec->fields[i]);
}

static void records_of(struct nd_cmd *c, const char *prefix)
{
    size_t n = strlen(prefix);

    for (size_t i = 0; sc_record_at(i) != NULL; i++) {
        const struct sc_record *r = sc_record_at(i);
        char padded[64];

        if (n > 0 ? strncmp(r->name, prefix, n) != 0 : r->fold != SC_FOLD_LWW)
            continue;
        nd_pad(r->name + n, 20, padded, sizeof padded);
        nd_out(c, "  %s %s%s\n", padded, nd_tr(c, r->zh, r->en),
               r->subject == SC_SUBJ_NEEDS ? "  (ID)" : "");
    }
}

static void verb_help(struct nd_cmd *c, const struct nd_verb *v)
{
    nd_out(c, "fengsui %s%s%s%s%s\n  %s\n", v->name, v->sub != NULL ? " " : "",
           v->sub != NULL ? v->sub : "", v->usage[0] != '\0' ? " " : "", v->usage,
           nd_tr(c, v->zh, v->en));
    for (const struct nd_opt *o = v->opts; o != NULL && o->name != NULL; o++)
        option_line(c, o->name, o->arg, nd_tr(c, o->zh, o->en), "");
    if (v->record_prefix == NULL)
        return;
    if (c->rec != NULL) {
        record_fields(c, c->rec);
        nd_out(c, "%s\n", nd_tr(c, "  * 必填", "  * required"));
    } else {
        records_of(c, v->record_prefix);
        nd_out(
            c,
            nd_tr(c, "字段：fengsui %s%s%s 名称 --help\n", "fields: fengsui %s%s%s NAME --help\n"),
            v->name, v->sub != NULL ? " " : "", v->sub != NULL ? v->sub : "");
    }
}

int nd_cmd_help(struct nd_cmd *c)
{
    const char *want = c->verb != NULL && c->verb->run != nd_cmd_help ? c->verb->name
                       : c->arg_count > 0                             ? c->arg[0]
                                                                      : NULL;
    bool found = false;

    for (size_t i = 0; want != NULL && nd_verb_at(i) != NULL; i++) {
        const struct nd_verb *v = nd_verb_at(i);
        bool exact = c->verb == NULL || c->verb->run == nd_cmd_help || c->verb == v;

        if (strcmp(v->name, want) == 0 && exact) {
            verb_help(c, v);
            found = true;
        }
    }
    if (found)
        return ND_EX_OK;
    if (want != NULL)
        return nd_fail(c, ST_USAGE, "%s '%s'", nd_tr(c, "没有这个命令", "no such command"), want);
    nd_out(c, "fengsui [--data DIR] [--json] [--lang zh|en] [--pin-file FILE] [--root-key FILE] "
              "VERB …\n\n");
    for (size_t i = 0; nd_verb_at(i) != NULL; i++) {
        const struct nd_verb *v = nd_verb_at(i);
        char name[64], padded[80];

        (void)snprintf(name, sizeof name, "%s%s%s", v->name, v->sub != NULL ? " " : "",
                       v->sub != NULL ? v->sub : "");
        nd_pad(name, 14, padded, sizeof padded);
        nd_out(c, "  %s %s\n", padded, nd_tr(c, v->zh, v->en));
    }
    nd_out(
        c, "\n%s\n",
        nd_tr(c,
              "退出码：0 成功 1 失败 2 用法 3 未找到 4 连不上或超时 5 被占用 6 损坏 7 无权限\n"
              "        8 版本更新 9 磁盘满或只读 10 冲突 11 PIN",
              "exit codes: 0 ok 1 failure 2 usage 3 not found 4 unreachable or timeout 5 locked\n"
              "            6 corrupt 7 not permitted 8 newer version 9 disk full or read-only\n"
              "            10 conflict 11 PIN needed, wrong, or wait"));
    return ND_EX_OK;
}

int nd_cmd_version(struct nd_cmd *c)
{
    if (c->json)
        nd_out_json(
            c, json_pack("{s:s, s:i}", "version", FS_VERSION, "protocol", SC_PROTOCOL_VERSION));
    else
        nd_out(c, "fengsui %s\n", FS_VERSION);
    return ND_EX_OK;
}
