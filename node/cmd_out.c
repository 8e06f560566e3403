/* What commands print: text for people, JSON for programs, failures for both. */
#include "node/cmd.h"
#include "node/control.h"
#include "schema/record_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_BYTES 16384

static void emit(struct nd_cmd *c, int channel, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
static void emit(struct nd_cmd *c, int channel, const char *fmt, va_list ap)
{
    char line[LINE_MAX_BYTES];
    int n = vsnprintf(line, sizeof line, fmt, ap);

    if (n < 0)
        return;
    c->write(c->write_arg, channel,
             cr_span_of(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1));
}

void nd_out(struct nd_cmd *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(c, ND_CH_OUT, fmt, ap);
    va_end(ap);
}

void nd_say(struct nd_cmd *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    emit(c, ND_CH_ERR, fmt, ap);
    va_end(ap);
}

static void out_json(struct nd_cmd *c, int channel, json_t *v)
{
    char *text = v == NULL ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

    json_decref(v);
    if (text == NULL) {
        nd_say(c, "fengsui: out of memory\n");
        return;
    }
    c->write(c->write_arg, channel, cr_span_text(text));
    c->write(c->write_arg, channel, cr_span_text("\n"));
    free(text);
}

void nd_out_json(struct nd_cmd *c, json_t *v)
{
    out_json(c, ND_CH_OUT, v);
}

/* ---- failures ---- */

int nd_exit_of(int status)
{
    switch ((enum st_code)status) {
    case ST_OK: return ND_EX_OK;
    case ST_USAGE: return ND_EX_USAGE;
    case ST_NOTFOUND:
    case ST_UNINIT: return ND_EX_NOTFOUND;
    case ST_UNREACHABLE:
    case ST_TIMEOUT: return ND_EX_UNREACHABLE;
    case ST_LOCKED:
    case ST_BUSY: return ND_EX_LOCKED;
    case ST_CORRUPT:
    case ST_FORGED:
    case ST_DRIFT: return ND_EX_CORRUPT;
    case ST_DENIED: return ND_EX_DENIED;
    case ST_SEALED:
    case ST_PIN:
    case ST_WAIT: return ND_EX_PIN;
    case ST_VERSION: return ND_EX_VERSION;
    case ST_FULL:
    case ST_READONLY: return ND_EX_FULL;
    case ST_EXISTS:
    case ST_CONFLICT:
    case ST_SPACE: return ND_EX_CONFLICT;
    case ST_NOMEM:
    case ST_MALFORMED:
    case ST_OVERSIZE:
    case ST_TRUNCATED:
    case ST_RANGE:
    case ST_IO:
    case ST_STATE: break;
    }
    return ND_EX_FAILED;
}

static const char *status_zh(int status)
{
    switch ((enum st_code)status) {
    case ST_OK: return "正常";
    case ST_USAGE: return "用法不对";
    case ST_NOTFOUND: return "未找到";
    case ST_UNINIT: return "尚未初始化";
    case ST_UNREACHABLE: return "连接不上";
    case ST_TIMEOUT: return "超时";
    case ST_LOCKED: return "被另一个进程占用";
    case ST_BUSY: return "忙，请稍后再试";
    case ST_CORRUPT: return "存储的数据已损坏";
    case ST_FORGED: return "签名或校验不符";
    case ST_DRIFT: return "密码库与本程序要求不符";
    case ST_DENIED: return "没有权限";
    case ST_SEALED: return "钥匙已加锁，需要 PIN 或口令";
    case ST_PIN: return "PIN 或口令不对";
    case ST_WAIT: return "输错次数过多，请稍后再试";
    case ST_VERSION: return "由更新版本写成";
    case ST_FULL: return "磁盘或配额已满";
    case ST_READONLY: return "只读";
    case ST_EXISTS: return "已经存在";
    case ST_CONFLICT: return "与现有内容冲突";
    case ST_SPACE: return "属于另一个空间";
    case ST_NOMEM: return "内存不足";
    case ST_MALFORMED: return "内容格式不对";
    case ST_OVERSIZE: return "超过长度上限";
    case ST_TRUNCATED: return "内容不完整";
    case ST_RANGE: return "数值超出范围";
    case ST_IO: return "读写出错";
    case ST_STATE: return "当前状态不允许";
    }
    return "失败";
}

int nd_fail(struct nd_cmd *c, int status, const char *fmt, ...)
{
    char text[ST_MSG_MAX * 2];
    int code = nd_exit_of(status);
    va_list ap;

    if (c->asked)
        return ND_EX_PIN; /* the client will come again */

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (c->json)
        out_json(c, ND_CH_ERR,
                 json_pack("{s:{s:s, s:i, s:s}}", "error", "code", st_name((enum st_code)status),
                           "exit", code, "message", text));
    else if (c->zh)
        nd_say(c, "fengsui: %s：%s\n", status_zh(status), text);
    else
        nd_say(c, "fengsui: %s\n", text);
    return code;
}

int nd_fail_err(struct nd_cmd *c, const struct st_err *err)
{
    return nd_fail(c, err->code, "%s", err->msg[0] != '\0' ? err->msg : st_text(err->code));
}

/* ---- text ---- */

void nd_pad(const char *text, size_t columns, char *out, size_t out_bytes)
{
    size_t width = 0, n = 0;

    for (const unsigned char *p = (const unsigned char *)text; *p != '\0' && n + 1 < out_bytes;
         p++) {
        if ((*p & 0xc0) != 0x80) /* first byte of a character; from U+3000 on: two columns */
            width += *p >= 0xe3 ? 2 : 1;
        out[n++] = (char)*p;
    }
    while (width < columns && n + 1 < out_bytes) {
        out[n++] = ' ';
        width++;
    }
    out[n] = '\0';
}

/* Its beginning: whole characters, no control characters. */
void nd_line_text(struct cr_span text, char *out, size_t out_bytes)
{
    size_t n = text.n < out_bytes - 1 ? text.n : out_bytes - 1;

    while (n > 0 && n < text.n && (text.p[n] & 0xc0) == 0x80)
        n--; /* not within a character */
    if (n > 0)
        memcpy(out, text.p, n);
    out[n] = '\0';
    for (char *p = out; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20)
            *p = ' ';
}

void nd_time_text(uint64_t wall_ms, char out[static ND_TIME_TEXT_MAX])
{
    time_t t = (time_t)(wall_ms / 1000 + (uint64_t)8 * 3600); /* China has one time zone */
    struct tm tm;

    if (wall_ms == 0 || gmtime_r(&t, &tm) == NULL)
        (void)snprintf(out, ND_TIME_TEXT_MAX, "-");
    else
        (void)snprintf(out, ND_TIME_TEXT_MAX, "%04d-%02d-%02d %02d:%02d", tm.tm_year + 1900,
                       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

void nd_age_text(const struct nd_cmd *c, uint64_t wall_ms, uint64_t now_ms,
                 char out[static ND_TIME_TEXT_MAX])
{
    static const struct {
        uint64_t s;
        const char *zh, *en;
    } units[] = {{86400, "天前", "days ago"},
                 {3600, "小时前", "hours ago"},
                 {60, "分钟前", "minutes ago"},
                 {1, "秒前", "seconds ago"}};
    uint64_t s = now_ms > wall_ms ? (now_ms - wall_ms) / 1000 : 0;

    if (wall_ms == 0) {
        (void)snprintf(out, ND_TIME_TEXT_MAX, "%s", nd_tr(c, "从未", "never"));
        return;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (s >= units[i].s) {
            (void)snprintf(out, ND_TIME_TEXT_MAX, "%llu %s", (unsigned long long)(s / units[i].s),
                           nd_tr(c, units[i].zh, units[i].en));
            return;
        }
    (void)snprintf(out, ND_TIME_TEXT_MAX, "%s", nd_tr(c, "刚刚", "just now"));
}

/* ---- records ---- */

json_t *nd_json_span(struct cr_span s)
{
    return s.n == 0 ? json_null() : json_stringn((const char *)s.p, s.n);
}

json_t *nd_json_id(const struct sc_id *id)
{
    char hex[2 * SC_ID_BYTES + 1];

    cr_hex(id->b, sizeof id->b, hex);
    return json_string(hex);
}

json_t *nd_json_grid(uint64_t code)
{
    char text[24];

    if (code == 0)
        return json_null();
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)code);
    return json_string(text);
}

static json_t *hex_json(struct cr_span s)
{
    char hex[2 * CR_SIG_BYTES + 1];

    if (s.n > CR_SIG_BYTES)
        return json_null();
    cr_hex(s.p, s.n, hex);
    return json_string(hex);
}

/* A canonical array of texts, ids or numbers; answers are arrays in the array. */
static json_t *list_json(struct sc_reader *r, const struct sc_field *f)
{
    json_t *list = json_array();
    uint64_t n = 0;

    (void)sc_read_array(r, SC_LIST_MAX, &n);
    for (uint64_t i = 0; i < n && r->status == ST_OK; i++) {
        struct cr_span s = {NULL, 0};
        uint64_t u = 0;

        switch (sc_peek(r)) {
        case SC_PEEK_TEXT:
            (void)sc_read_text(r, SC_TEXT_MAX, &s);
            (void)json_array_append_new(list, json_stringn((const char *)s.p, s.n));
            break;
        case SC_PEEK_BIN:
            (void)sc_read_bin(r, CR_SIG_BYTES, &s);
            (void)json_array_append_new(list, hex_json(s));
            break;
        case SC_PEEK_UINT: {
            const struct sc_choice *ch;

            (void)sc_read_u64(r, UINT64_MAX, &u);
            ch = f->choices == NULL ? NULL : sc_choice_by_value(f->choices, u);
            if (ch != NULL)
                (void)json_array_append_new(list, json_string(ch->name));
            else if ((f->flags & SC_FF_GRIDS) != 0)
                (void)json_array_append_new(list, nd_json_grid(u));
            else
                (void)json_array_append_new(list, json_integer((json_int_t)u));
            break;
        }
        case SC_PEEK_ARRAY: (void)json_array_append_new(list, list_json(r, f)); break;
        case SC_PEEK_END:
        case SC_PEEK_INT:
        case SC_PEEK_NIL:
        case SC_PEEK_BOOL:
        case SC_PEEK_MAP:
        case SC_PEEK_BAD: (void)sc_read_any(r, NULL); break;
        }
    }
    return list;
}

static json_t *value_json(const struct sc_field *f, const struct sc_value *v)
{
    const struct sc_choice *ch;
    struct sc_reader r;

    switch (f->kind) {
    case SC_F_U64:
    case SC_F_TIME: return json_integer((json_int_t)v->u);
    case SC_F_I64: return json_integer((json_int_t)v->i);
    case SC_F_BOOL: return json_boolean(v->u != 0);
    case SC_F_TEXT:
    case SC_F_CODE: return json_stringn((const char *)v->s.p, v->s.n);
    case SC_F_BYTES:
    case SC_F_ID:
    case SC_F_KEY: return hex_json(v->s);
    case SC_F_ENUM:
        ch = sc_choice_by_value(f->choices, v->u);
        return ch != NULL ? json_string(ch->name) : json_integer((json_int_t)v->u);
    case SC_F_GRID: return nd_json_grid(v->u);
    case SC_F_IDS:
    case SC_F_TEXTS:
    case SC_F_U64S:
    case SC_F_ANSWERS: break;
    }
    sc_reader_init(&r, v->s);
    return list_json(&r, f);
}

json_t *nd_json_body(const struct sc_body *b)
{
    json_t *o = json_object();

    for (size_t i = 0; b->rec != NULL && i < b->rec->field_count; i++)
        if (b->v[i].present)
            (void)json_object_set_new(o, b->rec->fields[i].name,
                                      value_json(&b->rec->fields[i], &b->v[i]));
    return o;
}

/* A list of choices by their labels. */
static void choices_text(const struct nd_cmd *c, const struct sc_field *f, const struct sc_value *v,
                         char *out, size_t out_bytes)
{
    struct sc_reader r;
    uint64_t n = 0, u;
    size_t at = 0;

    out[0] = '\0';
    sc_reader_init(&r, v->s);
    (void)sc_read_array(&r, SC_LIST_MAX, &n);
    for (uint64_t i = 0; i < n && sc_read_u64(&r, UINT64_MAX, &u) == ST_OK && at < out_bytes; i++) {
        const struct sc_choice *ch = sc_choice_by_value(f->choices, u);
        const char *comma = i > 0 ? nd_tr(c, "、", ", ") : "";
        int add = ch != NULL
                      ? snprintf(out + at, out_bytes - at, "%s%s", comma, nd_tr(c, ch->zh, ch->en))
                      : snprintf(out + at, out_bytes - at, "%s%llu", comma, (unsigned long long)u);

        at += add > 0 ? (size_t)add : 0;
    }
}

/* "01 合格、02 不合格（压力不足）". */
static void answers_text(const struct nd_cmd *c, const struct sc_field *f, const struct sc_value *v,
                         char *out, size_t out_bytes)
{
    struct cr_span key, note;
    struct sc_reader r;
    uint64_t n = 0, three, result;
    size_t at = 0;

    out[0] = '\0';
    sc_reader_init(&r, v->s);
    (void)sc_read_array(&r, SC_LIST_MAX, &n);
    for (uint64_t i = 0; i < n && at < out_bytes; i++) {
        const struct sc_choice *ch;
        int add;

        (void)sc_read_array(&r, 3, &three);
        (void)sc_read_text(&r, SC_LIST_TEXT_MAX, &key);
        (void)sc_read_u64(&r, UINT64_MAX, &result);
        if (sc_read_text(&r, SC_LIST_TEXT_MAX, &note) != ST_OK)
            return;
        ch = sc_choice_by_value(f->choices, result);
        add = snprintf(out + at, out_bytes - at, "%s%.*s %s%s%.*s%s",
                       i > 0 ? nd_tr(c, "、", ", ") : "", (int)key.n, (const char *)key.p,
                       ch != NULL ? nd_tr(c, ch->zh, ch->en) : "?",
                       note.n > 0 ? nd_tr(c, "（", " (") : "", (int)note.n, (const char *)note.p,
                       note.n > 0 ? nd_tr(c, "）", ")") : "");
        at += add > 0 ? (size_t)add : 0;
    }
}

void nd_value_text(const struct nd_cmd *c, const struct sc_field *f, const struct sc_value *v,
                   char *out, size_t out_bytes)
{
    const struct sc_choice *ch = f->kind == SC_F_ENUM ? sc_choice_by_value(f->choices, v->u) : NULL;
    json_t *j;
    char *text;

    if (ch != NULL) {
        (void)snprintf(out, out_bytes, "%s", nd_tr(c, ch->zh, ch->en));
        return;
    }
    if (f->kind == SC_F_ENUM && c->app != NULL && (f->flags & SC_FF_OPEN) != 0) {
        struct sc_place_kind kind;

        if (sc_tables_kind(nd_store_tables(c->app->store), v->u, UINT64_MAX, &kind)) {
            struct cr_span said = c->zh ? kind.row.zh : kind.row.en;

            (void)snprintf(out, out_bytes, "%.*s", (int)said.n, (const char *)said.p);
            return;
        }
    }
    if (f->kind == SC_F_BOOL) {
        (void)snprintf(out, out_bytes, "%s",
                       v->u != 0 ? nd_tr(c, "是", "yes") : nd_tr(c, "否", "no"));
        return;
    }
    if (f->kind == SC_F_ANSWERS) {
        answers_text(c, f, v, out, out_bytes);
        return;
    }
    if (f->kind == SC_F_U64S && f->choices != NULL) {
        choices_text(c, f, v, out, out_bytes);
        return;
    }
    if (f->kind == SC_F_TIME) {
        char when[ND_TIME_TEXT_MAX];

        nd_time_text(v->u, when);
        (void)snprintf(out, out_bytes, "%s", when);
        return;
    }
    j = value_json(f, v);
    if (json_is_string(j)) {
        (void)snprintf(out, out_bytes, "%s", json_string_value(j));
    } else {
        text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
        (void)snprintf(out, out_bytes, "%s", text == NULL ? "" : text);
        free(text);
    }
    json_decref(j);
}

/* ---- arguments with a meaning ---- */

int nd_grid_parse(const char *text, uint64_t *out)
{
    uint64_t v;

    if (cr_parse_u64(text, strlen(text), UINT64_MAX, &v) != ST_OK || sc_grid_level(v) == 0)
        return ST_MALFORMED;
    *out = v;
    return ST_OK;
}

/* What the street calls the role now, else the catalogue's name. */
static const char *role_text(const struct nd_cmd *c, const struct sc_choice *role,
                             struct sc_policy_value *v)
{
    char name[SC_POLICY_NAME_MAX + 1];

    if (c->app == NULL)
        return nd_tr(c, role->zh, role->en);
    (void)snprintf(name, sizeof name, "role.%s", role->name);
    sc_policy_value_at(nd_store_policy(c->app->store), sc_policy_item_find(cr_span_text(name)),
                       nd_app_wall_ms(c->app), v);
    return nd_tr(c, v->zh, v->en);
}

const char *nd_roles_text(const struct nd_cmd *c, uint64_t roles, char *out, size_t out_bytes)
{
    struct sc_policy_value v;
    size_t n = 0;

    out[0] = '\0';
    for (const struct sc_choice *role = sc_choices_role; role->name != NULL; role++) {
        int add;

        if ((roles & role->value) == 0)
            continue;
        add = snprintf(out + n, out_bytes - n, "%s%s", n > 0 ? nd_tr(c, "、", ", ") : "",
                       role_text(c, role, &v));
        if (add < 0 || (size_t)add >= out_bytes - n)
            break;
        n += (size_t)add;
    }
    return out;
}

json_t *nd_json_roles(uint64_t roles)
{
    json_t *list = json_array();

    for (const struct sc_choice *role = sc_choices_role; role->name != NULL; role++)
        if ((roles & role->value) != 0)
            (void)json_array_append_new(list, json_string(role->name));
    return list;
}

const char *nd_signer_text(struct nd_cmd *c, const struct cr_sign_pk *key)
{
    struct sc_certs *certs = nd_store_certs(c->app->store);
    const struct sc_cert *cert = sc_certs_find(certs, key);

    if (cert != NULL)
        return cert->name;
    return sc_certs_root(certs, key) != SC_ROOT_NONE ? nd_tr(c, "街道根钥匙", "root key")
                                                     : nd_tr(c, "未认证", "not certified");
}

int nd_roles_parse(const char *text, uint64_t *out)
{
    uint64_t roles = 0;

    while (*text != '\0') {
        const struct sc_choice *ch = sc_choices_role;
        size_t n = 0;

        while (text[n] != '\0' && text[n] != ',')
            n++;
        while (ch->name != NULL && (strlen(ch->name) != n || memcmp(ch->name, text, n) != 0))
            ch++;
        if (ch->name == NULL)
            return ST_USAGE;
        roles |= ch->value;
        text += text[n] == ',' ? n + 1 : n;
    }
    if (roles == 0)
        return ST_USAGE;
    *out = roles;
    return ST_OK;
}

void nd_arg_path(const struct nd_cmd *c, const char *arg, char *out, size_t out_bytes)
{
    if (arg[0] == '/' || c->cwd == NULL)
        (void)snprintf(out, out_bytes, "%s", arg);
    else
        (void)snprintf(out, out_bytes, "%s/%s", c->cwd, arg);
}
