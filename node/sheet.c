#include "node/sheet.h"

#include "node/qr.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PER_LINE 5

struct page {
    struct cr_buf *out;
    int rc;
};

static void put(struct page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct page *p, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (p->rc == ST_OK && n > 0)
        p->rc = cr_buf_append(p->out, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
    cr_wipe(line, sizeof line);
}

static void put_head(struct page *p, const struct nd_sheet_info *info, const struct cr_identity *id)
{
    char hex[2 * CR_SIGN_PK_BYTES + 1];

    cr_hex(id->sign_pk.b, sizeof id->sign_pk.b, hex);
    put(p, "================================================================================\n"
           "  烽燧 钥匙恢复单                                  fengsui key recovery sheet\n"
           "================================================================================\n\n");
    put(p, "  钥匙 key      %.100s\n", info->key);
    if (info->name[0] != '\0')
        put(p, "  姓名 name     %.128s\n", info->name);
    if (info->space[0] != '\0')
        put(p, "  空间 space    %.128s\n", info->space);
    put(p, "  公钥 public   %.32s\n                %s\n", hex, hex + 32);
    put(p, "  打印 printed  %.64s\n\n", info->date);
}

static void put_groups(struct page *p, const struct cr_sheet *s)
{
    for (size_t g = 0; g < s->n; g++)
        put(p, "%s%02zu=%s%s", g % PER_LINE == 0 ? "    " : "   ", g + 1, s->group[g],
            g % PER_LINE == PER_LINE - 1 || g + 1 == s->n ? "\n\n" : "");
}

static int put_code(struct page *p, const struct cr_sheet *s, struct st_err *err)
{
    char text[8 + CR_SHEET_GROUPS_MAX * CR_SHEET_GROUP] = "FSR:";
    size_t n = 4;
    int rc;

    for (size_t g = 0; g < s->n; g++) {
        memcpy(text + n, s->group[g], CR_SHEET_GROUP);
        n += CR_SHEET_GROUP;
    }
    text[n] = '\0';
    rc = nd_qr_draw(cr_span_text(text), ND_QR_PAPER, p->out, err);
    cr_wipe(text, sizeof text);
    return rc;
}

int nd_sheet_render(const struct nd_sheet_info *info, const struct cr_identity *id,
                    enum cr_sheet_kind kind, struct cr_buf *out, struct st_err *err)
{
    struct page p = {.out = out};
    size_t before = out->n;
    struct cr_sheet s;
    int rc;

    cr_sheet_encode(id, kind, &s);
    put_head(&p, info, id);
    put_groups(&p, &s);
    put(&p,
        "  谁持有这张纸，谁就能以这把钥匙签名。请装入信封密封，锁入保险柜；不要拍照、不要复印。\n"
        "  恢复：fengsui key recover %.100s，逐组输入（大小写均可，无字母 I L O "
        "U），输错会指出是哪一组。\n\n"
        "  Whoever holds this sheet can sign with this key. Seal it in an envelope, lock it\n"
        "  away, take no photo and no copy. To recover: fengsui key recover %.100s, and type\n"
        "  the groups (capitals or not; no I, L, O, U); a mistyped group is named.\n\n",
        info->key, info->key);
    rc = p.rc == ST_OK
             ? put_code(&p, &s, err)
             : st_fail(err, (enum st_code)p.rc, "recovery sheet: %s", st_text((enum st_code)p.rc));
    cr_wipe(&s, sizeof s);
    if (rc != ST_OK) {
        cr_wipe(out->p + before, out->n - before);
        out->n = before;
    }
    return rc;
}
