/* PINs, pass phrases and sealed keys as the verbs meet them. A verb that needs an answer ends with
 * a question before it has changed anything; the client asks and runs it again (prompt.h). */
#include "node/cmd.h"
#include "node/control.h"
#include "node/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_question(struct nd_cmd *c, enum nd_ask kind, const char *id, const char *text)
{
    static const char *const kinds[] = {"pin", "new", "sheet"};
    json_t *q = json_pack("{s:s, s:s, s:s}", "id", id, "kind", kinds[kind], "text", text);
    char *line = q == NULL ? NULL : json_dumps(q, JSON_COMPACT);

    json_decref(q);
    if (line == NULL)
        return;
    c->asked = true;
    c->write(c->write_arg, ND_CH_ASK, cr_span_text(line));
    nd_wiping_free(line);
}

int nd_secret(struct nd_cmd *c, enum nd_ask kind, const char *id, const char *text,
              struct cr_span *out, struct st_err *err)
{
    const json_t *answer = json_object_get(c->answers, id);

    if (json_is_string(answer)) {
        *out = cr_span_of(json_string_value(answer), json_string_length(answer));
        return ST_OK;
    }
    if (c->can_ask)
        put_question(c, kind, id, text);
    return st_fail(err, ST_SEALED, "%s: %s", text,
                   nd_tr(c, "请在终端输入，或用 --pin-file 文件",
                         "type it at a terminal, or give --pin-file FILE"));
}

int nd_new_pin(struct nd_cmd *c, const char *name, bool phrase, struct cr_span *out,
               struct st_err *err)
{
    const char *zh, *en;
    char id[128], text[192];
    int rc;

    (void)snprintf(id, sizeof id, "new:%.100s", name);
    (void)snprintf(text, sizeof text,
                   phrase ? nd_tr(c, "钥匙“%.100s”的新口令", "new pass phrase for key '%.100s'")
                          : nd_tr(c, "钥匙“%.100s”的新 PIN", "new PIN for key '%.100s'"),
                   name);
    rc = nd_secret(c, ND_ASK_NEW, id, text, out, err);
    if (rc == ST_OK && nd_pin_weak(*out, &zh, &en))
        rc = st_fail(err, ST_USAGE, "%s", nd_tr(c, zh, en));
    return rc;
}

static int say_wait(struct nd_cmd *c, const char *name, const struct nd_tries *t,
                    struct st_err *err)
{
    unsigned long long seconds = (t->left_ms + 999) / 1000, minutes = (seconds + 59) / 60;

    return st_fail(err, ST_WAIT,
                   seconds < 60 ? nd_tr(c, "钥匙“%s”已输错 %u 次，请等 %llu 秒",
                                        "key '%s': %u wrong attempts; wait %llu seconds")
                                : nd_tr(c, "钥匙“%s”已输错 %u 次，请等 %llu 分钟",
                                        "key '%s': %u wrong attempts; wait %llu minutes"),
                   name, t->attempts, seconds < 60 ? seconds : minutes);
}

static int say_wrong(struct nd_cmd *c, const char *name, const struct nd_tries *t,
                     struct st_err *err)
{
    uint64_t wait = nd_tries_wait_ms(t->attempts);

    if (wait > 0)
        return st_fail(err, ST_PIN,
                       nd_tr(c, "钥匙“%s”没有打开，已错 %u 次，%llu 分钟后才能再试；钥匙没有损坏",
                             "key '%s' stays locked, %u wrong attempts; the next one in %llu "
                             "minutes; the key is unharmed"),
                       name, t->attempts, (unsigned long long)wait / 60000);
    return st_fail(err, ST_PIN,
                   nd_tr(c, "钥匙“%s”没有打开，还可以试 %u 次；钥匙没有损坏",
                         "key '%s' stays locked; %u attempts are left before a wait; the key is "
                         "unharmed"),
                   name, ND_TRIES_FREE - t->attempts);
}

static int open_sealed(struct nd_cmd *c, const char *name, const char *path,
                       struct cr_identity *out, struct st_err *err)
{
    char id[128], text[192];
    struct nd_tries_now now;
    struct nd_tries t = {0};
    struct cr_span pin;
    int rc;

    nd_tries_now(&now);
    rc = nd_tries_look(path, &now, &t, err);
    if (rc == ST_OK && t.left_ms > 0)
        return say_wait(c, name, &t, err);
    (void)snprintf(id, sizeof id, "pin:%.100s", name);
    (void)snprintf(text, sizeof text,
                   nd_tr(c, "钥匙“%.100s”的 PIN 或口令", "PIN or pass phrase of key '%.100s'"),
                   name);
    if (rc == ST_OK)
        rc = nd_secret(c, ND_ASK_PIN, id, text, &pin, err);
    if (rc == ST_OK)
        rc = nd_open_sealed(path, pin, &now, out, &t, err);
    if (rc == ST_PIN)
        return say_wrong(c, name, &t, err);
    return rc == ST_WAIT ? say_wait(c, name, &t, err) : rc;
}

int nd_open_key(struct nd_cmd *c, const char *name, const char *path, struct cr_identity *out,
                struct st_err *err)
{
    int rc = cr_identity_load(path, out, err);

    if (rc != ST_SEALED)
        return rc;
    if (err != NULL)
        *err = (struct st_err){0};
    return open_sealed(c, name, path, out, err);
}

/* ---- the node's own key ---- */

/* The file with the pass phrase for an unattended start; false: there is none. */
static bool pass_file(const struct nd_cmd *c, char out[static ND_PATH_MAX])
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");

    if (c->pass_file != NULL) {
        nd_arg_path(c, c->pass_file, out, ND_PATH_MAX);
        return true;
    }
    return dir != NULL && snprintf(out, ND_PATH_MAX, "%s/fengsui-key", dir) < ND_PATH_MAX &&
           access(out, F_OK) == 0;
}

int nd_open_app(struct nd_cmd *c, struct nd_app_options *o, struct nd_app **out, struct st_err *err)
{
    char path[ND_PATH_MAX];
    struct cr_identity_public seen;
    struct cr_buf pass;
    struct cr_span typed;
    int rc = ST_OK;

    cr_buf_init(&pass, CR_PASS_BYTES_MAX);
    nd_app_path(o->dir, "node.key", path);
    if (cr_identity_look(path, &seen, NULL) == ST_OK && seen.sealed) {
        if (pass_file(c, path)) {
            rc = nd_secret_line(path, &pass, err);
            o->pass = cr_buf_span(&pass);
        } else {
            rc = nd_secret(c, ND_ASK_PIN, "pin:node",
                           nd_tr(c, "本节点钥匙的口令", "pass phrase of this node's key"), &typed,
                           err);
            o->pass = typed;
        }
    }
    if (rc == ST_OK)
        rc = nd_app_open(o, out, err);
    o->pass = (struct cr_span){0};
    if (pass.p != NULL)
        cr_wipe(pass.p, pass.cap);
    cr_buf_release(&pass);
    return rc;
}

int nd_key_path(const struct nd_cmd *c, const char *name, char out[static ND_PATH_MAX],
                struct st_err *err)
{
    const char *dir = c->app != NULL ? c->app->dir : c->dir;
    bool own =
        strcmp(name, "node") == 0 || strcmp(name, "root") == 0 || strcmp(name, "next-root") == 0;
    size_t n = strlen(name);
    int written;

    if (n == 0 || n > ND_KEY_NAME_MAX || strchr(name, '/') != NULL || name[0] == '.' ||
        !cr_utf8_valid((const uint8_t *)name, n))
        return st_fail(err, ST_USAGE, "'%.100s' cannot be the name of a key", name);
    written = snprintf(out, ND_PATH_MAX, own ? "%s/%s.key" : "%s/keys/%s.key", dir, name);
    return written < ND_PATH_MAX
               ? ST_OK
               : st_fail(err, ST_OVERSIZE, "data directory '%.200s': path too long", dir);
}
