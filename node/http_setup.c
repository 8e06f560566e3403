#include "node/http_setup.h"

#include "node/http_api_int.h"

#include "crypto/file.h"
#include "schema/enrol.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CODE_BYTES   10
#define LINGER_STEPS 20 /* of the loop, for the last answer to leave */
#define REQUEST_FILE "join.request"
#define ANSWER_FILE  "join.answer"
#define GRIDS_FILE   "setup-grids.csv"
#define GRIDS_MAX    60000

enum stage { STAGE_SPACE, STAGE_OFFICER, STAGE_DONE };

struct setup {
    const char *dir;
    struct nd_http *http;
    struct cr_hash code;
    enum stage stage;
};

bool nd_setup_wanted(const char *dir)
{
    char path[ND_PATH_MAX];

    nd_app_path(dir, "fengsui.db", path);
    return access(path, F_OK) != 0;
}

/* ---- who asks ---- */

static bool allowed(const struct setup *s, struct nd_http_req *r, enum stage stage)
{
    static const char prefix[] = "Bearer ";
    const char *value = nd_http_header(r, "Authorization");
    uint8_t code[CODE_BYTES];
    struct cr_hash h;

    if (!nd_http_local(r) || nd_http_header(r, "X-Fengsui") == NULL) {
        nd_api_fail(r, ST_DENIED, "%s",
                    nd_api_tr(r, "只能在本机上设置", "set it up at the machine itself"));
        return false;
    }
    if (value != NULL && strncmp(value, prefix, sizeof prefix - 1) == 0 &&
        cr_unhex(value + sizeof prefix - 1, strlen(value + sizeof prefix - 1), code, sizeof code) ==
            ST_OK) {
        cr_hash1(CR_TAG_TOKEN, cr_span_of(code, sizeof code), &h);
        if (cr_secret_equal(&h, &s->code, sizeof h)) {
            if (s->stage == stage)
                return true;
            nd_api_fail(r, ST_CONFLICT, "%s",
                        nd_api_tr(r, "这一步已经完成", "that step is done already"));
            return false;
        }
    }
    nd_api_fail(r, ST_SEALED, "%s",
                nd_api_tr(r, "设置码不对，见运行本程序的终端窗口",
                          "that is not the code shown on this program's terminal"));
    return false;
}

/* ---- what it reads ---- */

static json_t *read_json(struct nd_http_req *r)
{
    struct cr_span body = nd_http_body(r);
    json_t *j = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(j)) {
        json_decref(j);
        nd_api_fail(r, ST_MALFORMED, "%s", nd_api_tr(r, "不是 JSON", "the body is no JSON"));
        return NULL;
    }
    return j;
}

/* A text that must be there; NULL after having answered. */
static const char *wanted(struct nd_http_req *r, const json_t *j, const char *name)
{
    const char *v = json_string_value(json_object_get(j, name));

    if (v == NULL || v[0] == '\0') {
        nd_api_fail(r, ST_MALFORMED, "%s: %s", name, nd_api_tr(r, "必填", "required"));
        return NULL;
    }
    return v;
}

/* ---- what it does ---- */

/* A file of ours that was only passed on; left behind it does no harm. */
static void drop(const char *path)
{
    int rc = cr_file_remove(path, NULL);

    (void)rc;
}

static void go_on(struct setup *s, struct nd_http_req *r, enum stage next, json_t *answers,
                  const char *const *words)
{
    struct nd_api_printed p;
    int code = nd_api_verb(NULL, s->dir, !nd_api_english(r), answers, words, &p);

    if (code == ND_EX_OK)
        s->stage = next;
    nd_api_answer(r, code, &p);
    nd_api_printed_release(&p);
}

static void post_street(void *arg, struct nd_http_req *r)
{
    struct setup *s = arg;
    char path[ND_PATH_MAX];
    const char *name, *street, *grids;
    struct st_err err = {0};
    int rc = ST_OK;
    json_t *j;

    if (!allowed(s, r, STAGE_SPACE) || (j = read_json(r)) == NULL)
        return;
    name = wanted(r, j, "name");
    street = name == NULL ? NULL : wanted(r, j, "street");
    grids = json_string_value(json_object_get(j, "grids"));
    if (street != NULL) {
        const char *words[] = {"init", "--json", "--name", name, "--street",
                               street, NULL,     NULL,     NULL};

        nd_app_path(s->dir, GRIDS_FILE, path);
        if (grids != NULL && grids[0] != '\0') {
            rc = strlen(grids) > GRIDS_MAX ? st_fail(&err, ST_OVERSIZE, "grids")
                                           : nd_app_make_dir(s->dir, &err);
            if (rc == ST_OK)
                rc = cr_file_replace(path, cr_span_text(grids), &err);
            words[6] = "--grids";
            words[7] = path;
        }
        if (rc == ST_OK)
            go_on(s, r, STAGE_OFFICER, NULL, words);
        else
            nd_api_fail_err(r, &err);
        drop(path);
    }
    json_decref(j);
}

static void post_join(void *arg, struct nd_http_req *r)
{
    struct setup *s = arg;
    const char *invite, *name;
    struct sc_invite inv = {0};
    struct st_err err = {0};
    json_t *j;

    if (!allowed(s, r, STAGE_SPACE) || (j = read_json(r)) == NULL)
        return;
    invite = wanted(r, j, "invite");
    name = invite == NULL ? NULL : wanted(r, j, "name");
    if (name != NULL && sc_invite_from_text(invite, &inv, &err) != ST_OK) {
        nd_api_fail(r, ST_MALFORMED, "%s: %s",
                    nd_api_tr(r, "邀请码不完整或有误", "not a whole invitation"), err.msg);
    } else if (name != NULL) {
        const char *words[] = {"join", "--json", "--name", name, "--", invite, NULL};

        go_on(s, r, STAGE_OFFICER, NULL, words);
    }
    cr_wipe(&inv, sizeof inv);
    json_decref(j);
}

/* The request as a file to be carried: {request: hex, fingerprint}. */
static void answer_request(struct nd_http_req *r, const char *path, const struct nd_api_printed *p)
{
    json_t *o = json_loadb((const char *)p->out.p, p->out.n, 0, NULL);
    char hex[2 * SC_REQUEST_BYTES_MAX + 1];
    uint8_t bytes[SC_REQUEST_BYTES_MAX];
    struct st_err err = {0};
    size_t n = 0;

    if (cr_file_read(path, bytes, sizeof bytes, &n, NULL, &err) == ST_OK) {
        cr_hex(bytes, n, hex);
        (void)json_object_set_new(o, "request", json_string(hex));
        nd_api_json(r, 200, json_incref(o));
    } else {
        nd_api_fail_err(r, &err);
    }
    json_decref(o);
}

static void post_request(void *arg, struct nd_http_req *r)
{
    struct setup *s = arg;
    char path[ND_PATH_MAX];
    const char *name, *grid, *invite;
    json_t *j;

    if (!allowed(s, r, STAGE_SPACE) || (j = read_json(r)) == NULL)
        return;
    name = wanted(r, j, "name");
    grid = name == NULL ? NULL : wanted(r, j, "grid");
    invite = json_string_value(json_object_get(j, "invite"));
    nd_app_path(s->dir, REQUEST_FILE, path);
    if (grid != NULL) {
        bool invited = invite != NULL && strncmp(invite, "fs1-", 4) == 0;
        const char *words[] = {"join",   "--json", "--request",           path,   "--name", name,
                               "--grid", grid,     invited ? "--" : NULL, invite, NULL};
        struct nd_api_printed p;
        int code = nd_api_verb(NULL, s->dir, !nd_api_english(r), NULL, words, &p);

        if (code == ND_EX_OK)
            answer_request(r, path, &p);
        else
            nd_api_answer(r, code, &p);
        nd_api_printed_release(&p);
    }
    json_decref(j);
}

/* The answer itself is the body. Without ?yes=1 it is only looked at: 200 with {look: text}. */
static void post_answer(void *arg, struct nd_http_req *r)
{
    struct setup *s = arg;
    bool yes = nd_http_query(r, "yes") != NULL;
    char path[ND_PATH_MAX];
    const char *words[] = {"join", "--json", "--answer", path, yes ? "--yes" : NULL, NULL};
    struct nd_api_printed p;
    struct st_err err = {0};
    int code;

    if (!allowed(s, r, STAGE_SPACE))
        return;
    nd_app_path(s->dir, ANSWER_FILE, path);
    if (nd_app_make_dir(s->dir, &err) != ST_OK ||
        cr_file_replace(path, nd_http_body(r), &err) != ST_OK) {
        nd_api_fail_err(r, &err);
        return;
    }
    code = nd_api_verb(NULL, s->dir, !nd_api_english(r), NULL, words, &p);
    drop(path);
    if (code == ND_EX_OK)
        s->stage = STAGE_OFFICER;
    if (code == ND_EX_CONFIRM)
        nd_api_json(r, 200, json_pack("{s:o}", "look", nd_json_span(cr_buf_span(&p.err))));
    else
        nd_api_answer(r, code, &p);
    nd_api_printed_release(&p);
}

static void post_restore(void *arg, struct nd_http_req *r)
{
    struct setup *s = arg;
    const char *file, *phrase;
    json_t *j, *answers;

    if (!allowed(s, r, STAGE_SPACE) || (j = read_json(r)) == NULL)
        return;
    file = wanted(r, j, "file");
    phrase = file == NULL ? NULL : wanted(r, j, "phrase");
    if (phrase != NULL) {
        const char *words[] = {"restore", "--json", "--", file, NULL};

        answers = json_pack("{s:s}", "backup", phrase);
        go_on(s, r, STAGE_DONE, answers, words); /* with the keys of its officers */
        json_decref(answers);
    }
    json_decref(j);
}

/* ---- the first officer ---- */

/* What the officer of this node is: of the grid that its own certificate names. */
static int own_grid(const struct setup *s, char grid[static 24], bool *street, struct st_err *err)
{
    struct nd_app_options o = {.dir = s->dir};
    const struct sc_cert *own;
    struct nd_app *app;
    int rc = nd_app_open(&o, &app, err);

    if (rc != ST_OK)
        return rc;
    own = sc_certs_find(nd_store_certs(app->store), &app->node.sign_pk);
    if (own == NULL || own->prefix_count == 0) {
        rc = ST_NOTFOUND;
    } else {
        *street = (own->roles & SC_ROLE_STREET) != 0;
        (void)snprintf(grid, 24, "%llu", (unsigned long long)own->prefixes[0]);
    }
    nd_app_close(app);
    return rc;
}

static int make_officer(struct setup *s, struct nd_http_req *r, const char *name, const char *pin,
                        struct nd_api_printed *p)
{
    char grid[24], id[ND_KEY_NAME_MAX + 8], asked[ND_KEY_NAME_MAX + 8], path[ND_PATH_MAX];
    const char *make[] = {"key", "new", "--json", "--", name, NULL};
    const char *certify[] = {"cert", "issue",  "--json",          "--key",  name, "--name",
                             name,   "--role", "village,officer", "--grid", grid, NULL};
    struct cr_identity_public seen;
    struct st_err err = {0};
    bool street = false, zh = !nd_api_english(r);
    json_t *answers;
    int rc = own_grid(s, grid, &street, &err), code = ND_EX_OK;

    if (rc != ST_OK) {
        *p = (struct nd_api_printed){.status = rc};
        return ND_EX_FAILED;
    }
    if (street)
        certify[8] = "street";
    (void)snprintf(id, sizeof id, "new:%s", name);
    (void)snprintf(asked, sizeof asked, "pin:%s", name);
    answers = json_pack("{s:s, s:s}", id, pin, asked, pin);
    (void)snprintf(path, sizeof path, "%s/keys/%s.key", s->dir, name);
    *p = (struct nd_api_printed){.status = ST_OK};
    if (cr_identity_look(path, &seen, NULL) != ST_OK) { /* else the step before failed */
        code = nd_api_verb(NULL, s->dir, zh, answers, make, p);
        if (code == ND_EX_OK)
            nd_api_printed_release(p);
    }
    if (code == ND_EX_OK)
        code = nd_api_verb(NULL, s->dir, zh, answers, certify, p);
    json_decref(answers);
    return code;
}

static void post_officer(void *arg, struct nd_http_req *r)
{
    struct setup *s = arg;
    const char *name, *pin;
    struct nd_api_printed p;
    int code;
    json_t *j;

    if (!allowed(s, r, STAGE_OFFICER) || (j = read_json(r)) == NULL)
        return;
    name = wanted(r, j, "name");
    pin = name == NULL ? NULL : wanted(r, j, "pin");
    if (pin != NULL &&
        (strlen(name) > ND_KEY_NAME_MAX || strchr(name, '/') != NULL || name[0] == '.')) {
        nd_api_fail(r, ST_MALFORMED, "name");
    } else if (pin != NULL) {
        code = make_officer(s, r, name, pin, &p);
        if (code == ND_EX_OK)
            s->stage = STAGE_DONE;
        if (code == ND_EX_FAILED && p.status == ST_NOTFOUND)
            nd_api_fail(r, ST_CONFLICT, "%s",
                        nd_api_tr(r, "还没有收到街道给本节点的证书；可先跳过，同步之后再建",
                                  "the street's certificate for this node has not arrived; leave "
                                  "this out and do it after a synchronisation"));
        else
            nd_api_answer(r, code, &p);
        nd_api_printed_release(&p);
    }
    json_decref(j);
}

/* No officer yet. */
static void post_skip(void *arg, struct nd_http_req *r)
{
    struct setup *s = arg;

    if (!allowed(s, r, STAGE_OFFICER))
        return;
    s->stage = STAGE_DONE;
    nd_api_json(r, 200, json_object());
}

static void get_me(void *arg, struct nd_http_req *r)
{
    static const char *const stages[] = {"space", "officer", "done"};
    const struct setup *s = arg;

    nd_api_json(r, 200, json_pack("{s:s, s:s}", "setup", stages[s->stage], "dir", s->dir));
}

static const struct nd_http_route routes[] = {
    {ND_HTTP_GET, "/api/v1/me", 0, get_me},
    {ND_HTTP_POST, "/api/v1/setup/street", ND_API_BODY_MAX, post_street},
    {ND_HTTP_POST, "/api/v1/setup/join", 8192, post_join},
    {ND_HTTP_POST, "/api/v1/setup/request", 8192, post_request},
    {ND_HTTP_POST, "/api/v1/setup/answer", SC_ANSWER_BYTES_MAX, post_answer},
    {ND_HTTP_POST, "/api/v1/setup/restore", 8192, post_restore},
    {ND_HTTP_POST, "/api/v1/setup/officer", 8192, post_officer},
    {ND_HTTP_POST, "/api/v1/setup/skip", 4096, post_skip},
    {ND_HTTP_GET, "/", 0, nd_api_page},
    {ND_HTTP_GET, "/{file}", 0, nd_api_page},
};

static bool loopback(const char *listen)
{
    return strncmp(listen, "127.0.0.1:", 10) == 0 || strncmp(listen, "[::1]:", 6) == 0;
}

static void tell(struct nd_cmd *c, const char *bound, const uint8_t code[static CODE_BYTES])
{
    char hex[2 * CODE_BYTES + 1];

    cr_hex(code, CODE_BYTES, hex);
    nd_say(c, nd_tr(c, "这里还没有节点。请在本机浏览器打开：\n",
                    "There is no node here yet. Open in a browser of this machine:\n"));
    nd_say(c, "http://%s/#/setup/%s\n", bound, hex);
    nd_say(c,
           nd_tr(c, "设置码 %s（只在本次运行有效，不要告诉别人）\n",
                 "setup code %s (for this run only; tell nobody)\n"),
           hex);
    cr_wipe(hex, sizeof hex);
}

int nd_setup(struct nd_cmd *c, const char *listen, char bound[static ND_UV_ADDR_MAX], bool *stopped,
             struct st_err *err)
{
    struct setup s = {.dir = c->dir};
    struct nd_http_options o = {.listen = listen,
                                .routes = routes,
                                .route_count = sizeof routes / sizeof routes[0],
                                .arg = &s};
    uint8_t code[CODE_BYTES];
    struct nd_uv *uv;
    int rc, linger = LINGER_STEPS;

    if (!loopback(listen))
        return st_fail(err, ST_DENIED, "--setup: 127.0.0.1 only, not '%s'", listen);
    rc = nd_uv_new(&uv, err);
    if (rc != ST_OK)
        return rc;
    cr_random(code, sizeof code);
    cr_hash1(CR_TAG_TOKEN, cr_span_of(code, sizeof code), &s.code);
    rc = nd_uv_catch_signals(uv, err);
    if (rc == ST_OK)
        rc = nd_http_start(uv, &o, &s.http, bound, err);
    if (rc == ST_OK)
        tell(c, bound, code);
    cr_wipe(code, sizeof code);
    while (rc == ST_OK && !nd_uv_stopped(uv) && linger > 0) {
        nd_uv_step(uv, s.stage == STAGE_DONE ? 20 : 60000);
        linger -= s.stage == STAGE_DONE;
    }
    *stopped = nd_uv_stopped(uv);
    nd_http_stop(s.http);
    nd_uv_free(uv);
    return rc;
}
